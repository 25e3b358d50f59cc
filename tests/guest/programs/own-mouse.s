# A boot sector with a mouse driver of its own: it hooks INT 74h and switches the mouse on, as the PS/2's manual says,
# but opens no interrupt of the controllers, for the BIOS has. It says on COM1 `R` when it listens, `m` for each byte of
# the mouse, and each key that INT 16h gives it.

.include "boot-sector.inc"

VECTOR_MOUSE            = 0x74
KBC_DATA                = 0x60
KBC_COMMAND             = 0x64
READ_COMMAND_BYTE       = 0x20
WRITE_COMMAND_BYTE      = 0x60
ENABLE_MOUSE            = 0xA8
TO_MOUSE                = 0xD4
MOUSE_REPORT            = 0xF4
MOUSE_INTERRUPT         = 0x02
MOUSE_OFF               = 0x20
EOI                     = 0x20

.text
    BOOT_SECTOR
    mov     word ptr [VECTOR_MOUSE * 4], offset irq_mouse
    mov     word ptr [VECTOR_MOUSE * 4 + 2], ax
    cli
    mov     al, ENABLE_MOUSE
    call    command
    mov     al, READ_COMMAND_BYTE
    call    command
1:  in      al, KBC_COMMAND
    test    al, 1
    jz      1b
    in      al, KBC_DATA
    or      al, MOUSE_INTERRUPT
    and     al, ~MOUSE_OFF
    mov     bl, al
    mov     al, WRITE_COMMAND_BYTE
    call    command
    mov     al, bl
    out     KBC_DATA, al
    call    ready
    mov     al, TO_MOUSE
    call    command
    mov     al, MOUSE_REPORT
    out     KBC_DATA, al
    mov     al, 'R'
    call    put
    sti
2:  xor     ax, ax
    int     0x16
    call    put
    jmp     2b

# Sends a command to the keyboard controller.
# In: AL.
command:
    out     KBC_COMMAND, al

# Waits until the controller takes more.
# Clobbers: nothing.
ready:
    push    ax
1:  in      al, KBC_COMMAND
    test    al, 2
    jnz     1b
    pop     ax
    ret

irq_mouse:
    push    ax
    in      al, KBC_DATA
    mov     al, 'm'
    call    put
    mov     al, EOI
    out     0xA0, al
    out     0x20, al
    pop     ax
    iret

    SERIAL_PUT
    BOOT_SECTOR_END
