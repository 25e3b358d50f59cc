# A boot sector that uses all memory below 640 KiB, as old programs do: it fills what lies above 9FC00h and says on COM1
# whether the first sector of a diskette, a disk and a CD can still be read (status, and the sector's first byte), what
# INT 13h AH=08h says of the disk, and whether the mouse still answers to INT 15h.

.include "boot-sector.inc"

EBDA_SEGMENT            = 0x9FC0
BUFFER                  = 0x8000

# In: DL drive. Reads its first sector.
.macro READ drive
    mov     dl, \drive
    call    read
.endm

.text
    BOOT_SECTOR
    mov     al, '\n'
    call    put
    mov     ax, EBDA_SEGMENT
    mov     es, ax
    xor     di, di
    mov     ax, 0xCCCC
    mov     cx, 512
    rep stosw
    READ    0x00
    READ    0x80
    mov     ah, 0x08
    mov     dl, 0x80
    int     0x13
    mov     ax, cx
    call    show
    mov     ax, dx
    call    show
    push    0                           # a packet, from its end
    push    0
    push    0
    push    0
    push    0
    push    BUFFER
    push    1
    push    16
    mov     si, sp
    mov     ah, 0x42
    mov     dl, 0xE0
    int     0x13
    call    told
    mov     ax, 0xC205
    mov     bh, 3
    int     0x15
    mov     al, bl
    call    show
    mov     al, '!'
    call    put
1:  hlt
    jmp     1b

# Reads the first sector of a drive.
# In: DL drive.
# Clobbers: AX, BX, CX, DX, ES.
read:
    xor     ax, ax
    mov     es, ax
    mov     ax, 0x0201
    mov     bx, BUFFER
    mov     cx, 1
    mov     dh, 0
    int     0x13

# Says status and first byte.
# Clobbers: AX.
told:
    mov     al, [BUFFER]
    call    show
    ret

    SERIAL_SHOW
    SERIAL_PUT
    BOOT_SECTOR_END
