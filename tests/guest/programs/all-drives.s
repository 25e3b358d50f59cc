# A boot sector that writes to all drives in turn by INT 13h, for ever: drive 00h, then 80h to 83h. What the firmware
# said of each is at 600h to 604h, how often all were written at 608h.

.include "boot-sector.inc"

ANSWERS                 = 0x600
ROUNDS                  = 0x608
DRIVES                  = 5
BUFFER                  = 0x8000
FIRST_SECTOR            = 2
SECTORS                 = 8             # that are written in turn

.text
    BOOT_SECTOR
    mov     word ptr ds:[ROUNDS], ax
    sti
2:  mov     di, BUFFER
    mov     ax, ds:[ROUNDS]
    mov     cx, 256
    cld
    rep stosw
    xor     si, si
3:  mov     dl, drives[si]
    xor     dh, dh
    mov     ax, ds:[ROUNDS]
    and     ax, SECTORS - 1
    add     ax, FIRST_SECTOR
    mov     cx, ax
    mov     bx, BUFFER
    mov     ax, 0x0301
    push    si
    int     0x13
    pop     si
    mov     [si + ANSWERS], ah
    inc     si
    cmp     si, DRIVES
    jb      3b
    inc     word ptr ds:[ROUNDS]
    jmp     2b

drives:
    .byte   0x00, 0x80, 0x81, 0x82, 0x83
    BOOT_SECTOR_END
