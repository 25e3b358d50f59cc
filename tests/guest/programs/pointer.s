# A boot sector that follows the PS/2 mouse by INT 15h AH=C2h, and shows on the screen where it is: words of counts to
# the right and upwards, then the buttons, as hexadecimal digits behind `mouse`.

.include "boot-sector.inc"

VIDEO_SEGMENT           = 0xB800
LINE                    = 160 * 20
WHITE                   = 0x07

.text
    BOOT_SECTOR
    mov     ax, 0xC205                  # packets of three bytes
    mov     bh, 3
    int     0x15
    mov     ax, 0xC207
    mov     bx, offset packet
    int     0x15
    mov     ax, 0xC200
    mov     bh, 1
    int     0x15
    call    show
2:  hlt
    jmp     2b

# Called far by the firmware with status, X, Y and a word of nothing on the stack.
packet:
    push    bp
    mov     bp, sp
    pusha
    push    ds
    xor     ax, ax
    mov     ds, ax
    mov     bl, [bp + 12]               # status: bit 4 X, bit 5 Y is negative
    mov     al, [bp + 10]
    mov     ah, 0
    test    bl, 0x10
    jz      3f
    dec     ah
3:  add     right, ax
    mov     al, [bp + 8]
    mov     ah, 0
    test    bl, 0x20
    jz      4f
    dec     ah
4:  add     up, ax
    and     bx, 7
    mov     buttons, bx
    call    show
    pop     ds
    popa
    pop     bp
    retf

# Clobbers: AX, BX, CX, SI, DI.
show:
    push    es
    mov     ax, VIDEO_SEGMENT
    mov     es, ax
    mov     di, LINE
    mov     ah, WHITE
    mov     si, offset text
    cld
5:  lodsb
    stosw
    cmp     si, offset text_end
    jb      5b
    mov     si, offset right
    mov     cx, 3
6:  lodsw
    mov     bx, ax
    push    cx
    mov     cx, 4
7:  rol     bx, 4
    mov     al, bl
    and     al, 0x0F
    add     al, '0'
    cmp     al, '9'
    jbe     8f
    add     al, 'a' - '9' - 1
8:  mov     ah, WHITE
    stosw
    loop    7b
    mov     al, ' '
    stosw
    pop     cx
    loop    6b
    pop     es
    ret

text:
    .ascii  "mouse "
text_end:
right:
    .word   0
up:
    .word   0
buttons:
    .word   0
    BOOT_SECTOR_END
