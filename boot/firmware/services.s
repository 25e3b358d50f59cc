# How software reaches the firmware: the interrupt vector table and the common entry of all services.
#
# Each service interrupt has a table: the routine for unknown functions, the number of entries, and for each function
# number (AH) its routine. A routine is called with the caller's EAX, EBX, ECX, EDX, ESI, EDI and ES; DS = BDA, and
# BP = the frame with the caller's registers (firmware.inc, F_*). It may clobber all registers but BP, FS, GS, SS and
# SP; what it writes into the frame is what the caller gets back.

.include "firmware.inc"

.intel_syntax noprefix
.code16

.text

# Common entry.
# In: on the stack the table's address, then IP, CS, FLAGS; returns to the caller with IRET.
service:
    push    ds
    push    es
    pushad
    mov     bp, sp
    cld
    mov     bx, BDA_SEGMENT
    mov     ds, bx
    mov     si, [bp + F_TABLE]
    mov     al, ah
    call    function_find
    push    offset service_done
    push    bx                          # RET goes to the routine, and from there to service_done
    mov     eax, [bp + F_EAX]
    mov     ebx, [bp + F_EBX]
    mov     ecx, [bp + F_ECX]
    mov     esi, [bp + F_ESI]
    ret

# Leaves a service: takes the frame off.
# In: SP frame.
service_done:
    popad
    pop     es
    pop     ds
    add     sp, 2
    iret

# Looks up a function.
# In: SI table in the ROM, AL function number.
# Out: BX its routine, or the one for unknown functions.
# Clobbers: CX, SI.
.global function_find
function_find:
    mov     bx, cs:[si]
    mov     cx, cs:[si + 2]
    add     si, 4
1:  cmp     al, cs:[si]
    je      2f
    add     si, FUNCTION_BYTES
    loop    1b
    ret
2:  mov     bx, cs:[si + 1]
    ret

# CF clear for the caller. service_unsupported: AH = 86h and CF set.
# In: BP frame.
# Clobbers: nothing.
.global service_ok
service_ok:
    and     byte ptr [bp + F_FLAGS], ~FLAG_CARRY

# A function that has nothing to do succeeds.
.global service_nothing
service_nothing:
    ret

# A function that does not exist fails with AH 86h.
.global service_unsupported
service_unsupported:
    mov     byte ptr [bp + F_AH], 0x86

# A function that failed: CF for the caller.
# In: BP frame.
# Clobbers: nothing.
.global service_carry
service_carry:
    or      byte ptr [bp + F_FLAGS], FLAG_CARRY
    ret

# Switches interrupts on if the caller had them on.
# In: BP frame.
# Clobbers: nothing.
.global interrupts_as_caller
interrupts_as_caller:
    test    word ptr [bp + F_FLAGS], FLAG_INTERRUPT
    jz      1f
    sti
1:  ret

# Entries of the services with a table.
.global int_video
int_video:
    push    offset video_functions
    jmp     service

# INT 13h.
.global int_disk
int_disk:
    push    offset disk_functions
    jmp     service

# INT 14h.
.global int_serial
int_serial:
    push    offset serial_functions
    jmp     service

# INT 15h.
.global int_system
int_system:
    push    offset system_functions
    jmp     service

# INT 16h.
.global int_keyboard
int_keyboard:
    push    offset keyboard_functions
    jmp     service

# INT 17h.
.global int_printer
int_printer:
    push    offset printer_functions
    jmp     service

# INT 1Ah.
.global int_time
int_time:
    push    offset time_functions
    jmp     service

# INT 11h.
# Out: AX equipment.
# Clobbers: nothing.
.global int_equipment
int_equipment:
    push    ds
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     ax, [BDA_EQUIPMENT]
    pop     ds
    iret

# INT 12h.
# Out: AX KiB of memory below 640 KiB.
# Clobbers: nothing.
.global int_memory
int_memory:
    push    ds
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     ax, [BDA_MEMORY_KIB]
    pop     ds
    iret

# Processor exceptions that would only come again if the handler returned: tells where and stops.
int_divide:
    push    0
    jmp     exception

# INT 6.
int_invalid_opcode:
    push    6
exception:                              # on the stack: vector, IP, CS, FLAGS
    mov     bp, sp
    mov     si, offset text_exception
    call    say
    mov     al, [bp]
    call    say_hex8
    mov     si, offset text_exception_at
    call    say
    mov     ax, [bp + 4]
    call    say_hex16
    mov     al, ':'
    call    say_char
    mov     ax, [bp + 2]
    call    say_hex16
    mov     si, offset text_stopped
    call    say
1:  cli
    hlt
    jmp     1b

# Fills the interrupt vector table.
# Clobbers: EAX, CX, SI, DI, ES.
.global vectors_init
vectors_init:
    xor     di, di
    mov     es, di
    mov     eax, ROM_SEGMENT << 16
    mov     ax, offset int_ignore
    mov     cx, 256
    rep stosd
    mov     ax, offset irq_unexpected
    mov     di, 0x08 * 4
    mov     cx, 8
    rep stosd
    mov     ax, offset irq_unexpected2
    mov     di, 0x70 * 4
    mov     cx, 8
    rep stosd
    mov     di, 0x60 * 4                # vectors for programs start out empty,
    xor     eax, eax
    mov     cl, 7
    rep stosd
    mov     es:[0x79 * 4], eax          # and the one that guards of disks take for the end of the table
    mov     si, offset vectors
1:  movzx   di, byte ptr cs:[si]
    shl     di, 2
    mov     ax, cs:[si + 1]
    mov     es:[di], ax
    mov     word ptr es:[di + 2], ROM_SEGMENT
    add     si, FUNCTION_BYTES
    cmp     si, offset vectors_end
    jb      1b
    ret

.data
# Interrupt vectors: number, routine or table.
vectors:
    FUNCTION 0x00, int_divide
    FUNCTION 0x02, int_nmi
    FUNCTION 0x06, int_invalid_opcode
    FUNCTION 0x08, irq_timer
    FUNCTION 0x09, irq_keyboard
    FUNCTION 0x0E, irq_floppy
    FUNCTION 0x10, int_video
    FUNCTION 0x11, int_equipment
    FUNCTION 0x12, int_memory
    FUNCTION 0x13, int_disk
    FUNCTION 0x14, int_serial
    FUNCTION 0x15, int_system
    FUNCTION 0x16, int_keyboard
    FUNCTION 0x17, int_printer
    FUNCTION 0x18, boot_nothing
    FUNCTION 0x19, boot
    FUNCTION 0x1A, int_time
    FUNCTION 0x1E, diskette_parameters
    FUNCTION 0x1F, font_8_high
    FUNCTION 0x40, int_disk
    FUNCTION 0x43, font_16
    FUNCTION 0x70, irq_clock
    FUNCTION 0x71, irq_redirected
    FUNCTION 0x74, irq_mouse
    FUNCTION 0x75, irq_coprocessor
    FUNCTION 0x76, irq_disk
    FUNCTION 0x77, irq_disk
vectors_end:

text_exception:         .asciz "\nQuRe firmware: processor exception "
text_exception_at:      .asciz "h at "
text_stopped:           .asciz ", stopped\n"
