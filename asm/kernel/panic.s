# The end: says on the screen and on COM1 what happened and where, tells the host by the debug exit port, halts.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "bootinfo.inc"
.include "slots.inc"

DEBUG_EXIT_PORT     = 0xF4                  # QEMU's isa-debug-exit and our emulator end the machine with status value *
                                            # 2 + 1
DEBUG_EXIT_PANIC    = 0x31

DELAY_PORT          = 0x80                  # reading it takes about a microsecond on a PC
PANIC_PAUSE         = 5000000

VECTOR_PAGE_FAULT   = 14
VECTOR_DOUBLE_FAULT = 8

FAULT_PRESENT       = 1                     # error code of a page fault: 0 not present, 1 protection
FAULT_WRITE         = 2

HOOK on_panic, hook_quiet                   # the debugger, EBX registers

.text

# Stops the machine. Never returns.
# In: EAX message. All registers are shown as the caller had them (EAX is the message).
.global panic
panic:
    cli
    cld
    pushfd
    push    SELECTOR_CODE
    push    [esp + 8]                   # return address: where it was called
    push    0
    push    0
    pushad
    mov     ebx, esp
    add     dword ptr [ebx + REGS_ESP], REGS_SIZE - REGS_VECTOR + 4

# Shows the report and stops. Interrupts are off. Never returns.
# In: EBX registers (cpu.inc; REGS_ESP as it was before), EAX message, or 0 for an exception.
.global panic_report
panic_report:
    cmp     byte ptr [panicking], 0     # a fault while reporting: end at once
    jne     panic_stop
    mov     byte ptr [panicking], 1
    mov     esi, eax
    mov     eax, SLOT_RESULT_PANIC
    call    trial_reason
    call    trial_watch_end
    call    printer_panic
    test    esi, esi
    jz      1f
    PRINTF  "PANIC: %s\n", esi
    jmp     2f
1:  mov     eax, [ebx + REGS_VECTOR]
    call    exception_name
    PRINTF  "PANIC: %s (vector %u, error code %08x)\n", eax, [ebx+REGS_VECTOR], [ebx+REGS_ERROR]
    cmp     dword ptr [ebx + REGS_VECTOR], VECTOR_PAGE_FAULT
    je      3f
    cmp     dword ptr [ebx + REGS_VECTOR], VECTOR_DOUBLE_FAULT
    jne     2f
    call    panic_stack_overflow
    jmp     2f
3:  call    panic_page_fault
2:  PRINTF  "eip %08x  eflags %08x  cs %x  ", [ebx+REGS_EIP], [ebx+REGS_EFLAGS], [ebx+REGS_CS]
    call    panic_task
    PRINTF  "eax %08x  ebx %08x  ecx %08x  edx %08x\n", [ebx+REGS_EAX], [ebx+REGS_EBX], [ebx+REGS_ECX], [ebx+REGS_EDX]
    PRINTF  "esi %08x  edi %08x  ebp %08x  esp %08x\n", [ebx+REGS_ESI], [ebx+REGS_EDI], [ebx+REGS_EBP], [ebx+REGS_ESP]
    mov     eax, cr0
    mov     ecx, cr2
    mov     edx, cr3
    mov     esi, cr4
    PRINTF  "cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n", eax, ecx, edx, esi
    PRINT   "stack trace:\n"
    mov     eax, ebx
    call    trace_print
    call    [on_panic]
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     panic_stop
    PRINT   "system halted\n"
panic_stop:
    call    printer_flush
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     panic_restart
    mov     al, DEBUG_EXIT_PANIC
    out     DEBUG_EXIT_PORT, al
1:  cli
    hlt
    jmp     1b

# A kernel on trial has had its try: after some time to read the report, the machine restarts.
panic_restart:
    mov     esi, PANIC_PAUSE
1:  in      al, DELAY_PORT
    dec     esi
    jnz     1b
    jmp     power_reset

# Says what a page fault was about.
# In: EBX registers.
panic_page_fault:
    mov     edx, [ebx + REGS_ERROR]
    LOAD_STRING eax, "read"
    test    dl, FAULT_WRITE
    jz      1f
    LOAD_STRING eax, "write"
1:  LOAD_STRING ecx, "page is not present"
    test    dl, FAULT_PRESENT
    jz      2f
    LOAD_STRING ecx, "page is read-only"
2:  mov     edx, cr2
    PRINTF  "%s at %08x: %s", eax, edx, ecx
    cmp     edx, PAGE_SIZE
    jae     3f
    PRINT   " (null pointer)"
3:  PRINT   "\n"
    ret

# A double fault with the stack pointer at the guard page is an overflow.
# In: EBX registers.
panic_stack_overflow:
    mov     ecx, [task_current]
    mov     eax, [ebx + REGS_ESP]
    sub     eax, [ecx + TASK_STACK]
    cmp     eax, PAGE_SIZE + 256
    ja      1f
    PRINT   "the stack has overflowed into its guard page\n"
1:  ret

# Prints which task runs, and when.
panic_task:
    mov     ecx, [task_current]
    lea     edx, [ecx + TASK_LABEL]
    PRINTF  "task %u %s  tick %u\n", [ecx+TASK_ID], edx, [clock_ticks]
    ret

.bss
panicking: .space 1
