# INT 10h AH=00h for graphics modes: 0Dh, 0Eh, 10h, 11h and 12h with planes, 13h with 256 colours. Values are those of
# IBM's VGA; register names follow the IBM VGA technical reference.

.include "firmware.inc"

.intel_syntax noprefix
.code16

DAC_WRITE_PORT          = 0x3C8
GRAPHICS_SEGMENT        = 0xA000
OPTION_NOT_CLEARED      = 0x80
OPTIONS                 = 0x60          # 256 KiB of video memory
MODE_256                = 0x13
MODE_SET                = 0x20          # what a VGA leaves in AL
MODE_LAST_200           = 0x0E          # modes of 200 lines up to here take their brightness from bit 4
GREYS                   = 16
HUES                    = 24
GROUPS                  = 9             # of hues: three brightnesses with three saturations
LEVELS                  = 5             # a group's colours are made of so many
GREEN_SHIFT             = 16            # hues by which green and blue follow red
BLUE_SHIFT              = 8

# Entry of the table of modes.
MODE_COLUMNS            = 1             # u8
MODE_LAST_ROW           = 2             # u8
MODE_FONT               = 3             # u8: height
MODE_PAGE_BYTES         = 4             # u16
MODE_MISC               = 6             # u8
MODE_REGISTERS          = 7             # as registers_write has them
MODE_BYTES              = 7 + 5 + 25 + 9 + 21

.text

# INT 10h AH=00h for modes above 3.
# In: AL mode, bit 7: do not clear the screen; BL mode without that bit. Modes that are not there change nothing.
.global video_graphics
video_graphics:
    mov     si, offset modes
1:  cmp     bl, cs:[si]
    je      2f
    add     si, MODE_BYTES
    cmp     si, offset modes_end
    jb      1b
    ret
2:  mov     [BDA_VIDEO_MODE], bl
    and     al, OPTION_NOT_CLEARED
    or      al, OPTIONS
    mov     [BDA_VIDEO_OPTIONS], al
    movzx   ax, byte ptr cs:[si + MODE_COLUMNS]
    mov     [BDA_COLUMNS], ax
    mov     al, cs:[si + MODE_LAST_ROW]
    mov     [BDA_LAST_ROW], al
    mov     al, cs:[si + MODE_FONT]
    push    si
    call    font_choose_height
    pop     si
    mov     ax, cs:[si + MODE_PAGE_BYTES]
    mov     [BDA_PAGE_BYTES], ax
    mov     byte ptr [BDA_PAGE], 0
    mov     word ptr [BDA_PAGE_START], 0
    mov     word ptr [BDA_CURSOR_SHAPE], 0
    mov     byte ptr [bp + F_AL], MODE_SET
    push    ds
    pop     es
    mov     di, BDA_CURSORS
    xor     ax, ax
    mov     cx, 8
    rep stosw
    mov     al, cs:[si + MODE_MISC]
    add     si, MODE_REGISTERS
    call    registers_write
    call    palette_write
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    jne     3f
    call    palette_256
3:  cmp     byte ptr [BDA_VIDEO_MODE], MODE_LAST_200
    ja      4f
    call    palette_200
4:  test    byte ptr [BDA_VIDEO_OPTIONS], OPTION_NOT_CLEARED
    jnz     screen_on
    mov     ax, GRAPHICS_SEGMENT
    mov     es, ax
    xor     di, di
    xor     eax, eax
    mov     cx, 0x10000 / 4
    rep stosd
    jmp     screen_on

# The 64 colours of modes with 200 lines: bits 0-2 red, green and blue as in text, bit 4 the brightness.
# Clobbers: AX, BX, CX, DX.
palette_200:
    mov     dx, DAC_WRITE_PORT
    xor     al, al
    out     dx, al
    inc     dx
    xor     cx, cx
1:  mov     bx, cx
    and     bl, 7
    test    cl, 0x10
    jz      2f
    or      bl, 8
2:  imul    bx, bx, 3
    mov     al, cs:[bx + text_colors]
    out     dx, al
    mov     al, cs:[bx + text_colors + 1]
    out     dx, al
    mov     al, cs:[bx + text_colors + 2]
    out     dx, al
    inc     cl
    cmp     cl, 64
    jb      1b
    ret

# The 256 colours of mode 13h: the 16 of text, 16 greys, and 24 hues in three brightnesses and three saturations.
# Clobbers: AX, BX, CX, DX, SI, DI.
palette_256:
    mov     dx, DAC_WRITE_PORT
    xor     al, al
    out     dx, al
    inc     dx
    mov     si, offset text_colors
    mov     cx, 16 * 3
1:  lods    byte ptr cs:[si]
    out     dx, al
    loop    1b
    mov     si, offset greys
    mov     cl, GREYS
2:  lods    byte ptr cs:[si]
    out     dx, al
    out     dx, al
    out     dx, al
    loop    2b
    mov     si, offset levels
    mov     cl, GROUPS
3:  xor     di, di                      # hue
4:  mov     bx, di
    call    hue_out
    lea     bx, [di + GREEN_SHIFT]
    call    hue_out
    lea     bx, [di + BLUE_SHIFT]
    call    hue_out
    inc     di
    cmp     di, HUES
    jb      4b
    add     si, LEVELS
    loop    3b
    mov     cl, (256 - 32 - GROUPS * HUES) * 3
    xor     al, al
.Lpalette_256_rest:
    out     dx, al
    loop    .Lpalette_256_rest
    ret

# One component of a hue, to the DAC.
# In: BX hue, turned by the component; CS:SI levels of the group; DX port.
# Clobbers: AL, BX.
hue_out:
    cmp     bx, HUES
    jb      1f
    sub     bx, HUES
1:  movzx   bx, byte ptr cs:[bx + ramp]
    add     bx, si
    mov     al, cs:[bx]
    out     dx, al
    ret

.data
# How much red is in each hue, from blue over red and green.
ramp:
    .byte   0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0
levels:
    .byte   0x00, 0x10, 0x1F, 0x2F, 0x3F
    .byte   0x1F, 0x27, 0x2F, 0x37, 0x3F
    .byte   0x2D, 0x31, 0x36, 0x3A, 0x3F
    .byte   0x00, 0x07, 0x0E, 0x15, 0x1C
    .byte   0x0E, 0x11, 0x15, 0x18, 0x1C
    .byte   0x14, 0x16, 0x18, 0x1A, 0x1C
    .byte   0x00, 0x04, 0x08, 0x0C, 0x10
    .byte   0x08, 0x0A, 0x0C, 0x0E, 0x10
    .byte   0x0B, 0x0C, 0x0D, 0x0F, 0x10
greys:
    .byte   0x00, 0x05, 0x08, 0x0B, 0x0E, 0x11, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2D, 0x32, 0x38, 0x3F
text_colors:
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x2A, 0x00, 0x2A, 0x00, 0x00, 0x2A, 0x2A
    .byte   0x2A, 0x00, 0x00, 0x2A, 0x00, 0x2A, 0x2A, 0x15, 0x00, 0x2A, 0x2A, 0x2A
    .byte   0x15, 0x15, 0x15, 0x15, 0x15, 0x3F, 0x15, 0x3F, 0x15, 0x15, 0x3F, 0x3F
    .byte   0x3F, 0x15, 0x15, 0x3F, 0x15, 0x3F, 0x3F, 0x3F, 0x15, 0x3F, 0x3F, 0x3F

# Mode, columns, last row, font, bytes of a page, miscellaneous output.
.macro VIDEO_MODE number, columns, last_row, font, page_bytes, misc
    .byte   \number, \columns, \last_row, \font
    .word   \page_bytes
    .byte   \misc
.endm
# Registers of the graphics controller and palette of modes with planes.
.macro PLANES_GRAPHICS
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0F, 0xFF
.endm
.macro PALETTE_200
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17
    .byte   0x01, 0x00, 0x0F, 0x00, 0x00
.endm
.macro PALETTE_350
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte   0x01, 0x00, 0x0F, 0x00, 0x00
.endm
modes:
    VIDEO_MODE 0x0D, 40, 24, 8, 0x2000, 0x63 # 320 x 200, 16 colors
    .byte   0x03, 0x09, 0x0F, 0x00, 0x06
    .byte   0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x14, 0x00, 0x96, 0xB9, 0xE3, 0xFF
    PLANES_GRAPHICS
    PALETTE_200
    VIDEO_MODE 0x0E, 80, 24, 8, 0x4000, 0x63 # 640 x 200
    .byte   0x03, 0x01, 0x0F, 0x00, 0x06
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x00, 0x96, 0xB9, 0xE3, 0xFF
    PLANES_GRAPHICS
    PALETTE_200
    VIDEO_MODE 0x10, 80, 24, 14, 0x8000, 0xA3 # 640 x 350
    .byte   0x03, 0x01, 0x0F, 0x00, 0x06
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0x83, 0x85, 0x5D, 0x28, 0x0F, 0x63, 0xBA, 0xE3, 0xFF
    PLANES_GRAPHICS
    PALETTE_350
    VIDEO_MODE 0x11, 80, 29, 16, 0xA000, 0xE3 # 640 x 480, 2 colors
    .byte   0x03, 0x01, 0x0F, 0x00, 0x06
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0xEA, 0x8C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF
    PLANES_GRAPHICS
    .byte   0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F, 0x00, 0x3F
    .byte   0x01, 0x00, 0x0F, 0x00, 0x00
    VIDEO_MODE 0x12, 80, 29, 16, 0xA000, 0xE3 # 640 x 480, 16 colors
    .byte   0x03, 0x01, 0x0F, 0x00, 0x06
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0xEA, 0x8C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF
    PLANES_GRAPHICS
    PALETTE_350
    VIDEO_MODE 0x13, 40, 24, 8, 0xFA00, 0x63 # 320 x 200, 256 colors
    .byte   0x03, 0x01, 0x0F, 0x00, 0x0E
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0F, 0xFF
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F
    .byte   0x41, 0x00, 0x0F, 0x00, 0x00
modes_end:
