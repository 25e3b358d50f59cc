# A boot sector that gives INT 10h a font of its own by the function that the test has put into its last word: 256
# characters of FONT_LINES lines, each a chequer. Then it waits.

.include "boot-sector.inc"

SHAPES                  = 0x8000
FONT_LINES              = 16

.text
    BOOT_SECTOR
    mov     di, SHAPES
    mov     cx, 256 * FONT_LINES
    mov     al, 0x55
1:  stosb
    not     al
    loop    1b
    mov     ax, [function]
    mov     bx, FONT_LINES << 8
    mov     cx, 256
    xor     dx, dx
    mov     bp, SHAPES
    int     0x10
2:  hlt
    jmp     2b

    .org    508
function:
    .word   0
    BOOT_SECTOR_END
