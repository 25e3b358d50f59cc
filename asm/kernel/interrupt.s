# The 16 interrupt lines of the two 8259A controllers: handlers (several may share a line), end of interrupt, spurious
# interrupts, and the switch to another task when a handler made one ready.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "clock.inc"

# 8259A: the words that are written to its ports (data sheet 231468). Those are in clock.inc.
PIC_INIT            = 0x11                  # ICW1: cascade, edge triggered, ICW4 follows
PIC_8086            = 0x01                  # ICW4
PIC_EOI             = 0x20                  # OCW2: non-specific end of interrupt
PIC_READ_ISR        = 0x0B                  # OCW3
PIC_CASCADE_IRQ     = 2
FIRST_VECTOR        = 32

IRQ_LINES           = 16
IRQ_HANDLERS        = 32                    # room for this many registrations

# A registration.
IRQ_HANDLER         = 0
IRQ_ARGUMENT        = 4
IRQ_NEXT            = 8
IRQ_SIZE            = 12

.text

# Moves the lines to vectors 32-47 and masks all but the cascade.
.global pic_init
pic_init:
    mov     al, PIC_INIT
    out     PIC_MASTER, al
    out     PIC_SLAVE, al
    mov     al, FIRST_VECTOR
    out     PIC_MASTER + 1, al
    mov     al, FIRST_VECTOR + 8
    out     PIC_SLAVE + 1, al
    mov     al, 1 << PIC_CASCADE_IRQ
    out     PIC_MASTER + 1, al
    mov     al, PIC_CASCADE_IRQ
    out     PIC_SLAVE + 1, al
    mov     al, PIC_8086
    out     PIC_MASTER + 1, al
    out     PIC_SLAVE + 1, al
    mov     al, 0xFF & ~(1 << PIC_CASCADE_IRQ)
    out     PIC_MASTER + 1, al
    mov     al, 0xFF
    out     PIC_SLAVE + 1, al
    ret

# Registers a handler for an interrupt line and unmasks the line.
# In: EAX IRQ 0-15, EDX handler (called with EAX argument, interrupts off; EAX, ECX, EDX are its own), ECX argument.
# Out: CF and EAX error when the line does not exist or the table is full.
.global irq_register
irq_register:
    push    ebx
    push    esi
    cmp     eax, IRQ_LINES
    jae     .Lirq_register_invalid
    INTERRUPTS_OFF
    mov     ebx, [irq_used]
    cmp     ebx, IRQ_HANDLERS
    jae     .Lirq_register_full
    inc     dword ptr [irq_used]
    imul    ebx, ebx, IRQ_SIZE
    add     ebx, offset irq_registrations
    mov     [ebx + IRQ_HANDLER], edx
    mov     [ebx + IRQ_ARGUMENT], ecx
    mov     esi, [irq_first + eax*4]
    mov     [ebx + IRQ_NEXT], esi
    mov     [irq_first + eax*4], ebx
    mov     ecx, eax
    mov     edx, PIC_MASTER + 1
    cmp     ecx, 8
    jb      .Lirq_register_unmask
    mov     edx, PIC_SLAVE + 1
    sub     ecx, 8
.Lirq_register_unmask:
    in      al, dx
    btr     eax, ecx
    out     dx, al
    INTERRUPTS_RESTORE
    clc
    jmp     .Lirq_register_done
.Lirq_register_full:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TABLE_FULL
    stc
    jmp     .Lirq_register_done
.Lirq_register_invalid:
    mov     eax, ERROR_INVALID
    stc
.Lirq_register_done:
    pop     esi
    pop     ebx
    ret

# Common part of vectors 32-47; the stack is as cpu.inc says from REGS_VECTOR on. The kernel's own segments are as they
# should be; those of a program are put aside.
.global interrupt_entry
interrupt_entry:
    pushad
    cld
    test    byte ptr [esp + REGS_CS], 3
    jnz     1f
    mov     ebx, [esp + REGS_VECTOR]
    call    interrupt_handle
    mov     eax, [task_current]
    cmp     dword ptr [eax + TASK_KILLED], 1
    jne     2f
    call    task_overdue
2:  popad
    add     esp, 8
    iretd
1:  SEGMENTS_SAVE
    mov     ebx, [esp + SEGMENTS_SIZE + REGS_VECTOR]
    call    interrupt_handle

# The way back into a program, after an interrupt, an exception or a call: ends the task that was killed meanwhile.
# Interrupts are off; on the stack are the program's segments, and above them its registers.
.global program_return
program_return:
    mov     eax, [task_current]
    cmp     dword ptr [eax + TASK_KILLED], 1
    je      task_exit
    SEGMENTS_RESTORE
    popad
    add     esp, 8
    iretd

# Handles a request of the interrupt controller. Interrupts are off.
# In: EBX vector.
# Clobbers: all registers.
interrupt_handle:
    sub     ebx, FIRST_VECTOR
    cmp     ebx, 7
    je      irq_check_master
    cmp     ebx, 15
    je      irq_check_slave
irq_real:
    inc     dword ptr [irq_counts + ebx*4]
    test    ebx, ebx
    jz      .Lirq_real_handlers
    cmp     dword ptr [clock_count_ticks], 1
    jle     .Lirq_real_handlers
    mov     eax, offset clock_wake
    cmp     ebx, RTC_IRQ                # the one that ends no sleep
    jne     .Lirq_real_count
    cmp     dword ptr [clock_count_ticks], SLEEPING
    jne     .Lirq_real_count
    mov     eax, offset clock_slept
.Lirq_real_count:
    call    eax
.Lirq_real_handlers:
    mov     esi, [irq_first + ebx*4]
1:  test    esi, esi
    jz      2f
    mov     eax, [esi + IRQ_ARGUMENT]
    call    [esi + IRQ_HANDLER]
    mov     esi, [esi + IRQ_NEXT]
    jmp     1b
2:  mov     al, PIC_EOI
    cmp     ebx, 8
    jb      3f
    out     PIC_SLAVE, al
3:  out     PIC_MASTER, al
    cmp     byte ptr [task_reschedule], 0
    jne     schedule
    ret

# IRQ 7 and 15 also stand for a request that went away before it was acknowledged: then the in-service bit is clear, and
# no end of interrupt may be sent to that controller (the master has taken the slave's line for real).
irq_check_master:
    mov     al, PIC_READ_ISR
    out     PIC_MASTER, al
    in      al, PIC_MASTER
    test    al, 0x80
    jnz     irq_real
    inc     dword ptr [irq_spurious]
    ret
irq_check_slave:
    mov     al, PIC_READ_ISR
    out     PIC_SLAVE, al
    in      al, PIC_SLAVE
    test    al, 0x80
    jnz     irq_real
    inc     dword ptr [irq_spurious]
    mov     al, PIC_EOI
    out     PIC_MASTER, al
    ret

# Irq: the lines that have handlers, how often they came, and who handles them.
command_irq:
    push    ebx
    push    esi
    xor     ebx, ebx
1:  mov     esi, [irq_first + ebx*4]
    test    esi, esi
    jz      4f
    PRINTF  "%2u %10u ", ebx, [irq_counts+ebx*4]
2:  mov     eax, [esi + IRQ_HANDLER]
    call    symbol_find
    jnc     3f
    LOAD_STRING eax, "(unknown)"
3:  PRINTF  " %s", eax
    mov     esi, [esi + IRQ_NEXT]
    test    esi, esi
    jnz     2b
    PRINT   "\n"
4:  inc     ebx
    cmp     ebx, IRQ_LINES
    jb      1b
    PRINTF  "spurious %u\n", [irq_spurious]
    xor     eax, eax
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "irq", command_irq, "", "list the interrupt lines in use and their handlers", GROUP_DEBUG

.bss
.balign 4
irq_first:          .space IRQ_LINES * 4    # registrations of each line
irq_counts:         .space IRQ_LINES * 4    # interrupts of each line since boot
irq_spurious:       .space 4
irq_used:           .space 4
irq_registrations:  .space IRQ_HANDLERS * IRQ_SIZE
