# INT 15h: what the PC/AT's firmware knows about the system beside its devices.

.include "firmware.inc"

.intel_syntax noprefix
.code16


.text

# INT 15h AX=2400h closes A20, 2401h opens it, 2402h tells whether it is open, 2403h how it can be opened.
# Out: 2402h: AL 1 when it is open; 2403h: BX ways to open it.
system_a20:
    cmp     al, 3
    ja      service_unsupported
    mov     byte ptr [bp + F_AH], 0
    je      3f
    mov     ah, al
    in      al, SYSTEM_CONTROL_A
    and     al, 0xFE                    # bit 0 would reset the processor
    cmp     ah, 1
    ja      2f
    jb      1f
    or      al, 2
    jmp     4f
1:  and     al, 0xFD
4:  out     SYSTEM_CONTROL_A, al
    jmp     service_ok
2:  shr     al, 1
    and     al, 1
    mov     [bp + F_AL], al
    jmp     service_ok
3:  mov     word ptr [bp + F_BX], 3     # keyboard controller and port 92h
    jmp     service_ok

# INT 15h AH=4Fh: the keyboard's handler asks whether to go on with scan code AL: CF set, yes. A program hooks it.
system_key:
    jmp     service_carry

# INT 15h AH=90h, 91h: hooks of a multitasking program: device busy, device ready. Nobody is there.
system_device:
    mov     byte ptr [bp + F_AH], 0
    jmp     service_ok

# INT 15h AH=C0h.
# Out: ES:BX table of features.
system_features:
    mov     word ptr [bp + F_ES], ROM_SEGMENT
    mov     word ptr [bp + F_BX], offset system_configuration
    mov     byte ptr [bp + F_AH], 0
    jmp     service_ok

# INT 15h AH=C1h.
# Out: ES segment of the EBDA.
system_ebda:
    mov     ax, [BDA_EBDA]              # a program may have moved it
    mov     [bp + F_ES], ax
    jmp     service_ok

.data
.global system_functions
system_functions:
    .word   service_unsupported, 13
    FUNCTION 0x24, system_a20
    FUNCTION 0x4F, system_key
    FUNCTION 0x53, system_apm
    FUNCTION 0x83, system_event_wait
    FUNCTION 0x86, system_wait
    FUNCTION 0x87, system_block_move
    FUNCTION 0x88, system_extended_memory
    FUNCTION 0x90, system_device
    FUNCTION 0x91, system_device
    FUNCTION 0xC0, system_features
    FUNCTION 0xC1, system_ebda
    FUNCTION 0xC2, system_mouse
    FUNCTION 0xE8, system_e8
