# Power-on self test: the order in which the board is brought to life.

.include "firmware.inc"

.intel_syntax noprefix
.code16

EQUIPMENT_FLOPPY        = 0x0001        # and their number less one in bits 6-7
EQUIPMENT_FPU           = 0x0002
EQUIPMENT_MOUSE         = 0x0004
EQUIPMENT_COLOR_80      = 0x0020
EQUIPMENT_MOUSE         = 0x0004
EQUIPMENT_COM_SHIFT     = 9
EQUIPMENT_LPT_SHIFT     = 14

CR0_CD                  = 1 << 30
CR0_NW                  = 1 << 29

SHUTDOWN_EOI_JUMP       = 0x05          # CMOS shutdown codes with which a program resets the CPU and gets it back
SHUTDOWN_JUMP           = 0x0A
RESUME_VECTOR           = 0x467         # segment and offset where it goes on

.text

# Entry after reset, warm or cold; does not return.
.global post
post:
    cli
    cld
    mov     al, CMOS_SHUTDOWN + 0x80    # bit 7: no NMI
    out     CMOS_INDEX, al
    in      al, CMOS_DATA
    xor     dx, dx
    mov     ds, dx
    cmp     al, SHUTDOWN_EOI_JUMP
    je      1f
    cmp     al, SHUTDOWN_JUMP
    jne     post_cold
    jmp     2f
1:  mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    out     PIC1_COMMAND, al
2:  mov     al, CMOS_SHUTDOWN
    out     CMOS_INDEX, al
    xor     al, al
    out     CMOS_DATA, al
    ljmp    [RESUME_VECTOR]

post_cold:
    mov     ss, dx
    mov     sp, BOOT_ADDRESS
    mov     eax, cr0                    # after reset the caches are off
    and     eax, ~(CR0_CD | CR0_NW)
    mov     cr0, eax
    in      al, SYSTEM_CONTROL_A        # address line 20 is open after reset; now the port says so, and it stays
    and     al, 0xFE                    # bit 0 would reset the processor
    or      al, 2
    out     SYSTEM_CONTROL_A, al
    call    shadow_open
    call    data_areas_init
    call    vectors_init
    call    interrupt_controllers_init
    call    apic_init
    call    keyboard_init
    call    pci_init                    # before the video card is touched: it decodes nothing yet
    call    serial_init
    call    printer_init
    xor     bx, bx
    mov     ax, 0x0003
    int     0x10
    call    video_parameters_init
    call    clock_init
    call    drives_init
    call    floppies_init
    call    acpi_init
    call    mp_init
    call    smbios_init
    call    equipment_init
    sti
    call    banner
    call    roms_init
    call    shadow_close
    int     0x19

# Zeroes the BIOS data areas and fills in what is known; leaves DS = BDA.
# Clobbers: AX, CX, DI, ES.
data_areas_init:
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     es, ax
    xor     ax, ax
    xor     di, di
    mov     cx, BDA_BYTES / 2
    rep stosw
    mov     cx, EBDA_SEGMENT
    mov     es, cx
    xor     di, di
    mov     cx, EBDA_KIB * 512
    rep stosw
    mov     byte ptr es:[0], EBDA_KIB
    mov     word ptr [BDA_EBDA], EBDA_SEGMENT
    mov     word ptr [BDA_MEMORY_KIB], 640 - EBDA_KIB
    ret

# What INT 11h answers.
# In: DS = BDA.
# Clobbers: AX, BX.
equipment_init:
    mov     ax, EQUIPMENT_FPU | EQUIPMENT_COLOR_80
    xor     bx, bx
1:  cmp     word ptr [bx + BDA_COM], 0
    je      2f
    add     ax, 1 << EQUIPMENT_COM_SHIFT
2:  add     bx, 2
    cmp     bx, 8
    jb      1b
    cmp     word ptr [BDA_LPT], 0
    je      4f
    add     ax, 1 << EQUIPMENT_LPT_SHIFT
4:  IN_STATE movzx bx, byte ptr [STATE_FLOPPY_COUNT]
    cmp     bx, 1
    jb      3f
    dec     bx
    shl     bx, 6
    or      ax, bx
    or      al, EQUIPMENT_FLOPPY
3:  or      al, EQUIPMENT_MOUSE
    mov     [BDA_EQUIPMENT], ax
    ret

# One line on the screen and on COM1.
# In: DS = BDA.
# Clobbers: EAX, EBX, ECX, EDX, SI.
banner:
    mov     si, offset text_banner
    call    say
    call    memory_top
    shr     eax, 20
    call    say_decimal
    mov     si, offset text_memory
    call    say
    IN_STATE movzx ecx, byte ptr [STATE_DISK_COUNT]
    mov     dl, FIRST_DISK
    jecxz   2f
1:  call    drive_find
    mov     al, dl
    push    si
    mov     si, offset text_drive
    call    say
    call    say_hex8
    mov     si, offset text_disk
    call    say
    pop     si
    IN_STATE mov eax, [si + DRIVE_SECTORS]
    IN_STATE mov ebx, [si + DRIVE_SECTORS + 4]
    shrd    eax, ebx, 11                # MiB
    call    say_decimal
    mov     si, offset text_mib
    call    say
    inc     dl
    loop    1b
2:  IN_STATE movzx ecx, byte ptr [STATE_CD_COUNT]
    mov     dl, FIRST_CD
    jecxz   4f
3:  mov     si, offset text_drive
    call    say
    mov     al, dl
    call    say_hex8
    mov     si, offset text_cd
    call    say
    inc     dl
    loop    3b
4:  mov     si, offset text_newline
    jmp     say

.data
text_banner:    .asciz "QuRe firmware 0.2.0, "
text_memory:    .asciz " MiB RAM"
text_drive:     .asciz ", "
text_disk:      .asciz "h disk "
text_mib:       .asciz " MiB"
text_cd:        .asciz "h CD"
text_newline:   .asciz "\n"
