# The VGA's registers for text modes, its palette and its font memory. Values are those of IBM's VGA; register names
# follow the IBM VGA technical reference.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

MISC_TEXT               = 0x67          # 28 MHz clock, color addresses, RAM on, 400 lines
MISC_MONO               = MISC_TEXT & ~MISC_COLOUR
CRTC_PROTECT            = 0x11          # bit 7 of this register protects registers 0-7

FONT_SEGMENT            = 0xA000
FONT_CELL               = 32            # bytes between characters in font memory
FONT_CELL_SHIFT         = 5
FONT_BLOCK              = 0x2000        # bytes of 256 characters
SEQUENCER_FONTS         = 0x03          # register: which blocks are shown
TEXT_LINES              = 400
PAGE_GAP                = 0x100         # bytes between pages of text
CRTC_MAXIMUM_LINE       = 0x09
CRTC_CURSOR_START       = 0x0A
CRTC_VISIBLE_END        = 0x12

# Entry of the table of fonts.
FONT_FUNCTION           = 0             # u8: AL of AH=11h, without FONT_FIT
FONT_HEIGHT             = 1             # u8
FONT_SHAPES             = 2             # u16: in the ROM
FONT_BYTES              = 4
FONT_FIT                = 0x10          # bit of AL: rows follow
FONT_SHOWN              = 0x03          # which blocks are shown
FONT_GRAPHICS           = 0x20          # the caller's font of graphics modes: characters from 80h on,
FONT_GRAPHICS_OWN       = 0x21          # and the others
FONT_TELL               = 0x30
FONT_PLACES             = 8
VECTOR_GRAPHICS_HIGH    = 0x1F          # characters from 80h on of the font of 8 lines
VECTOR_GRAPHICS         = 0x43          # the font of graphics modes

BLANK                   = 0x0720
PAGE_BYTES_80           = 4096
PAGE_BYTES_40           = 2048
DAC_COLORS              = 64
GREY_SHIFT              = 3             # where a colour of monochrome modes has its brightness
GRAPHICS_MAP            = 0x06
MAP_MONO                = 0x0A          # B0000 of 32 KiB
OPTION_NOT_CLEARED      = 0x80
OPTIONS                 = 0x60          # 256 KiB of video memory
SWITCHES                = 0xF9          # EGA switches: color monitor
FLAGS                   = 0x51          # VGA, 400 lines, displays can be switched
DCC_VGA_COLOR           = 8             # display combination: VGA with color monitor

.text

# INT 10h AH=00h.
# In: AL mode, bit 7: do not clear the screen; 0-3 are text of 40 or 80 columns, 7 is monochrome text, those above
# are graphics.
.global video_set_mode
video_set_mode:
    call    vbe_off
    mov     bl, al
    and     bl, 0x7F
    cmp     bl, MODE_MONO_TEXT
    je      .Lvideo_set_mode_text
    cmp     bl, 3
    ja      video_graphics
.Lvideo_set_mode_text:
    mov     [BDA_VIDEO_MODE], bl
    and     al, OPTION_NOT_CLEARED
    or      al, OPTIONS
    mov     [BDA_VIDEO_OPTIONS], al
    mov     byte ptr [BDA_VIDEO_SWITCHES], SWITCHES
    mov     byte ptr [BDA_VIDEO_FLAGS], FLAGS
    mov     byte ptr [BDA_VIDEO_DCC], DCC_VGA_COLOR
    mov     byte ptr [BDA_LAST_ROW], 24
    mov     word ptr [BDA_COLUMNS], 40
    mov     word ptr [BDA_PAGE_BYTES], PAGE_BYTES_40
    mov     si, offset registers_40
    cmp     bl, 2
    jb      .Lvideo_set_mode_registers
    mov     word ptr [BDA_COLUMNS], 80
    mov     word ptr [BDA_PAGE_BYTES], PAGE_BYTES_80
    mov     si, offset registers_80
    cmp     bl, MODE_MONO_TEXT
    jne     .Lvideo_set_mode_registers
    mov     si, offset registers_mono
    mov     al, MISC_MONO
    jmp     .Lvideo_set_mode_write
.Lvideo_set_mode_registers:
    mov     al, MISC_TEXT
.Lvideo_set_mode_write:
    call    registers_write
    call    palette_write
    mov     si, offset fonts
    push    si
    call    font_choose
    pop     si
    mov     bl, 0
    call    font_load

    mov     byte ptr [BDA_PAGE], 0
    mov     word ptr [BDA_PAGE_START], 0
    mov     word ptr [BDA_CURSOR_SHAPE], 0x0607
    push    ds
    pop     es
    mov     di, BDA_CURSORS
    xor     ax, ax
    mov     cx, 8
    rep stosw
    test    byte ptr [BDA_VIDEO_OPTIONS], OPTION_NOT_CLEARED
    jnz     .Lvideo_set_mode_shown
    call    text_segment
    xor     di, di
    mov     eax, BLANK << 16 | BLANK
    mov     cx, 32768 / 4
    rep stosd
.Lvideo_set_mode_shown:
    call    screen_on
    mov     byte ptr [bp + F_AL], 0x30  # what a VGA leaves in AL after text modes
    ret

# Writes the registers of a mode.
# In: AL miscellaneous output, SI registers in the ROM: sequencer 0-4, CRTC 0-24, graphics 0-8, attribute 0-20.
# Out: BDA_CRTC.
# Clobbers: AX, CX, DX, SI.
.global registers_write
registers_write:
    mov     dx, MISC_PORT
    out     dx, al
    call    crtc_port
    mov     [BDA_CRTC], dx
    mov     dx, SEQUENCER_PORT
    mov     cx, 5
    call    indexed_write
    call    crtc_port
    mov     ax, CRTC_PROTECT | 0x0E << 8
    out     dx, ax
    mov     cx, 25
    call    indexed_write
    mov     dx, GRAPHICS_PORT
    mov     cx, 9
    call    indexed_write
    call    attribute_start
    xor     ah, ah
1:  mov     al, ah
    out     dx, al
    mov     al, cs:[si]
    inc     si
    out     dx, al
    inc     ah
    cmp     ah, 21
    jb      1b
    ret

# Ends the access to the attribute registers.
# Clobbers: AL, DX.
.global screen_on
screen_on:
    call    attribute_start
    mov     al, ATTRIBUTE_SCREEN_ON
    out     dx, al
    ret

# Has the attribute controller take an index next.
# Out: DX ATTRIBUTE_PORT.
# Clobbers: AL.
.global attribute_start
attribute_start:
    call    crtc_port
    add     dl, INPUT_STATUS
    in      al, dx
    mov     dx, ATTRIBUTE_PORT
    ret

# Where the CRT controller is: miscellaneous output says so.
# Out: DX CRTC_PORT or CRTC_MONO_PORT.
# Clobbers: nothing.
.global crtc_port
crtc_port:
    push    ax
    mov     dx, MISC_READ_PORT
    in      al, dx
    mov     dx, CRTC_PORT
    test    al, MISC_COLOUR
    jnz     1f
    mov     dl, CRTC_MONO_PORT & 0xFF
1:  pop     ax
    ret

# Where text is in memory.
# Out: ES.
# Clobbers: nothing.
.global text_segment
text_segment:
    push    ax
    mov     ax, TEXT_SEGMENT
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    jne     1f
    mov     ah, MONO_SEGMENT >> 8
    mov     al, MONO_SEGMENT & 0xFF
1:  mov     es, ax
    pop     ax
    ret

# Registers 0 to CX - 1 behind an index port.
# In: DX index port, SI values in the ROM.
# Out: SI after them.
# Clobbers: AX, CX.
indexed_write:
    xor     al, al
1:  mov     ah, cs:[si]
    inc     si
    out     dx, ax
    inc     al
    loop    1b
    ret

# The EGA's 64 colors: bits 0-2 are blue, green, red of two thirds, bits 3-5 of one third. In monochrome modes bits 3
# and 4 are the brightness.
# Clobbers: AX, BX, CX, DX, SI.
.global palette_write
palette_write:
    mov     dx, DAC_MASK_PORT
    mov     al, 0xFF
    out     dx, al
    mov     dx, DAC_WRITE_PORT
    xor     al, al
    out     dx, al
    inc     dx
    xor     bx, bx
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    je      palette_greys
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_GRAPHICS
    je      palette_greys
1:  mov     cl, 2                       # red, green, blue
2:  mov     ah, bl
    shr     ah, cl
    xor     al, al
    test    ah, 1
    jz      3f
    add     al, 0x2A
3:  test    ah, 8
    jz      4f
    add     al, 0x15
4:  out     dx, al
    dec     cl
    jns     2b
    inc     bl
    cmp     bl, DAC_COLORS
    jb      1b
    ret

# The colours of monochrome modes.
# In: DX DAC_DATA_PORT, BX 0.
# Clobbers: AL, BX, SI.
palette_greys:
    mov     si, bx
    shr     si, GREY_SHIFT
    and     si, 3
    mov     al, cs:[si + greys]
    out     dx, al
    out     dx, al
    out     dx, al
    inc     bx
    cmp     bx, DAC_COLORS
    jb      palette_greys
    ret

# Puts a font of the ROM into plane 2, where the VGA takes it from.
# In: SI entry in the table of fonts, BL block.
# Out: BH its height.
# Clobbers: AX, CX, DX, SI, DI, ES.
font_load:
    mov     bh, cs:[si + FONT_HEIGHT]
    mov     si, cs:[si + FONT_SHAPES]
    push    cs
    pop     es
    mov     cx, 256
    xor     dx, dx

# Puts characters into plane 2.
# In: ES:SI shapes, BH lines of each, BL block, CX number, DX the first.
# Clobbers: AX, CX, DX, SI, DI, ES.
font_put:
    movzx   di, bl                      # 16 KiB for blocks 0 to 3; 4 to 7 begin 8 KiB behind these
    shl     di, 14
    test    bl, 4
    jz      1f
    add     di, FONT_BLOCK
1:  shl     dx, FONT_CELL_SHIFT
    add     di, dx
    push    cx
    push    si
    mov     si, offset font_access
    call    font_registers
    pop     si
    pop     cx
    push    ds
    push    es
    pop     ds
    mov     ax, FONT_SEGMENT
    mov     es, ax
    movzx   dx, bh
    jcxz    3f
2:  push    cx
    mov     cx, dx
    rep movsb
    pop     cx
    add     di, FONT_CELL
    sub     di, dx
    loop    2b
3:  pop     ds
    mov     si, offset text_access
    call    font_registers
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    jne     4f
    mov     ax, GRAPHICS_MAP | MAP_MONO << 8
    out     dx, ax
4:  ret

# Switches plane 2 to the writing of fonts, or back.
# In: SI three sequencer, then three graphics registers in the ROM (index, value).
# Out: DX GRAPHICS_PORT.
# Clobbers: AX, CX, SI.
font_registers:
    mov     dx, SEQUENCER_PORT
    call    1f
    mov     dx, GRAPHICS_PORT
1:  mov     cx, 3
2:  mov     ax, cs:[si]
    add     si, 2
    out     dx, ax
    loop    2b
    ret

# INT 10h AH=11h: fonts. AL=00h puts the caller's shapes into the font memory of text modes, 01h, 02h, 04h a font of the
# ROM; 10h, 11h, 12h, 14h have as many rows as it leaves room for besides; 03h chooses the blocks that are shown; 20h and
# 21h name the caller's shapes for graphics modes, 22h to 24h a font of the ROM; 30h tells where one is.
# In: for 00h and 10h ES:BP shapes, BH lines of each, CX number, DX the first; 00h to 14h BL block; for 21h to 24h BL 0 DL
# rows, 1 to 3: 14, 25, 43; for 21h CX lines of each.
# Out: for 30h ES:BP font, CX height of the one in use, DL last row.
.global video_font
video_font:
    cmp     al, FONT_TELL
    je      .Lvideo_font_tell
    cmp     al, FONT_GRAPHICS
    jae     font_graphics
    cmp     al, FONT_SHOWN
    je      font_shown
    push    ax
    call    font_text
    pop     ax
    jc      .Lvideo_font_done
    test    al, FONT_FIT
    jnz     font_fit
.Lvideo_font_done:
    ret
.Lvideo_font_tell:
    movzx   bx, bh
    cmp     bl, FONT_PLACES
    jae     .Lvideo_font_done
    mov     ax, [BDA_FONT_HEIGHT]
    mov     [bp + F_CX], ax
    mov     al, [BDA_LAST_ROW]
    mov     [bp + F_DL], al
    mov     cx, ROM_SEGMENT
    cmp     bl, 2
    jae     .Lvideo_font_ours
    xor     ax, ax                      # two are where vectors say
    mov     es, ax
    mov     si, VECTOR_GRAPHICS_HIGH * 4
    test    bl, bl
    jz      .Lvideo_font_vector
    mov     si, VECTOR_GRAPHICS * 4
.Lvideo_font_vector:
    mov     ax, es:[si]
    mov     cx, es:[si + 2]
    jmp     .Lvideo_font_told
.Lvideo_font_ours:
    add     bx, bx
    mov     ax, cs:[bx + font_places - 4]
.Lvideo_font_told:
    mov     [bp + F_ES], cx
    mov     [bp + F_EBP], ax
    ret

# Puts a font into the font memory of text modes.
# In: AL function without FONT_FIT or with it; as video_font.
# Out: BH its height; CF when there is no such function, or no such height.
# Clobbers: AX, CX, DX, SI, DI, ES.
font_text:
    and     al, ~FONT_FIT
    jz      1f
    call    font_find
    jc      2f
    call    font_load
    clc
    ret
1:  lea     ax, [bx - 0x100]            # 1 to FONT_CELL lines
    cmp     ah, FONT_CELL
    cmc
    jc      2f
    mov     si, [bp + F_EBP]
    call    font_put
    clc
2:  ret

# Chooses the blocks of font memory that are shown.
# In: BL as the sequencer has it.
# Clobbers: AX, DX.
font_shown:
    mov     dx, SEQUENCER_PORT
    mov     al, SEQUENCER_FONTS
    mov     ah, bl
    out     dx, ax
    ret

# Looks up a font of the ROM.
# In: AL its function.
# Out: SI its entry in the table; CF when there is none.
# Clobbers: nothing.
font_find:
    mov     si, offset fonts
1:  cmp     al, cs:[si + FONT_FUNCTION]
    je      2f                          # CF is clear
    add     si, FONT_BYTES
    cmp     si, offset fonts_end
    jb      1b
    stc
2:  ret

# The shapes of graphics modes.
# In: AL 20h and up, as video_font.
# Clobbers: AX, BX, SI, DI, ES.
font_graphics:
    mov     si, [bp + F_EBP]            # ES:SI the caller's
    mov     di, VECTOR_GRAPHICS_HIGH * 4
    cmp     al, FONT_GRAPHICS
    je      font_vector
    cmp     al, FONT_GRAPHICS_OWN
    jne     1f
    mov     [BDA_FONT_HEIGHT], cx
    call    font_vector_low
    jmp     2f
1:  call    font_find
    jc      9f
    call    font_choose
2:  movzx   si, bl
    cmp     bl, 3
    jbe     3f
    mov     si, 2
3:  mov     al, cs:[si + font_rows]
    test    bl, bl
    jnz     4f
    mov     al, [bp + F_DL]
4:  dec     al
    mov     [BDA_LAST_ROW], al
9:  ret

# Has a vector lead to shapes.
# In: ES:SI shapes; for font_vector DI place of the vector.
# Clobbers: AX, DI.
font_vector_low:
    mov     di, VECTOR_GRAPHICS * 4
font_vector:
    mov     ax, es
    push    ds
    push    0
    pop     ds
    mov     [di], si
    mov     [di + 2], ax
    pop     ds
    ret

# Has characters of text modes be as high as those of a font, and the screen as many rows as there is room for.
# In: BH height.
# Clobbers: AX, BX, CX, DX.
font_fit:
    movzx   bx, bh
    mov     [BDA_FONT_HEIGHT], bx
    mov     dx, [BDA_CRTC]
    mov     al, CRTC_MAXIMUM_LINE
    out     dx, al
    inc     dx
    in      al, dx
    and     al, 0xE0
    lea     cx, [bx - 1]
    or      al, cl
    out     dx, al
    dec     dx
    cmp     bl, 9                       # the cursor has the last two lines, or in high characters those above
    cmc
    sbb     cl, 0
    mov     ch, cl
    dec     ch
    mov     [BDA_CURSOR_SHAPE], cl
    mov     [BDA_CURSOR_SHAPE + 1], ch
    mov     al, CRTC_CURSOR_START
    mov     ah, ch
    out     dx, ax
    inc     al
    mov     ah, cl
    out     dx, ax
    mov     ax, TEXT_LINES
    xor     dx, dx
    div     bx
    mov     cx, ax
    dec     ax
    mov     [BDA_LAST_ROW], al
    mov     ax, [BDA_COLUMNS]
    add     ax, ax
    mul     cx
    add     ax, PAGE_GAP
    mov     [BDA_PAGE_BYTES], ax
    mov     al, bl
    mul     cl
    dec     ax
    xchg    ah, al
    mov     dx, [BDA_CRTC]
    mov     al, CRTC_VISIBLE_END        # whole rows
    out     dx, ax
    ret

# Has graphics modes draw characters of the font with a height.
# In: AL 8, 14 or 16.
# Clobbers: AX, SI, DI, ES.
.global font_choose_height
font_choose_height:
    mov     si, offset fonts - FONT_BYTES
1:  add     si, FONT_BYTES
    cmp     al, cs:[si + FONT_HEIGHT]
    jne     1b

# Has graphics modes draw characters of a font.
# In: SI entry in the table of fonts.
# Clobbers: AX, SI, DI, ES.
font_choose:
    movzx   ax, byte ptr cs:[si + FONT_HEIGHT]
    mov     [BDA_FONT_HEIGHT], ax
    mov     si, cs:[si + FONT_SHAPES]
    push    cs
    pop     es
    jmp     font_vector_low

# INT 10h AH=12h: BL=10h.
# Out: BH 0 color, 1 monochrome, BL 3: 256 KiB, CX switches; BL=30h to 36h: nothing to be chosen, accepted.
.global video_options
video_options:
    cmp     bl, 0x10
    jne     1f
    mov     word ptr [bp + F_BX], 0x0003
    mov     word ptr [bp + F_CX], SWITCHES & 0x0F
    call    crtc_port
    cmp     dl, CRTC_MONO_PORT & 0xFF
    jne     2f
    mov     byte ptr [bp + F_BH], 1
    ret
1:  sub     bl, 0x30
    cmp     bl, 0x36 - 0x30
    ja      2f
    mov     byte ptr [bp + F_AL], 0x12
2:  ret

# INT 10h AH=1Ah: displays, AL=00h get, 01h set.
# In: BL display of AL=01h.
# Out: AL 1Ah; of AL=00h BL display, VGA with color monitor if nobody has set another, BH none.
.global video_combination
video_combination:
    cmp     al, 1
    ja      2f
    mov     byte ptr [bp + F_AL], 0x1A
    je      1f                          # MOV keeps the flags
    movzx   bx, byte ptr [BDA_VIDEO_DCC]
    mov     [bp + F_BX], bx
    ret
1:  mov     [BDA_VIDEO_DCC], bl
2:  ret

.data
font_rows:              .byte 0, 14, 25, 43 # as BL of AH=11h counts them
greys:
    .byte   0, 0x2A, 0x2A, 0x3F

.macro FONT function, height, shapes
    .byte   \function, \height
    .word   \shapes
.endm
# The first one is that of text modes.
fonts:
    FONT    0x04, 16, font_16
    FONT    0x01, 14, font_14
    FONT    0x02, 8, font_8
    FONT    0x24, 16, font_16
    FONT    0x22, 14, font_14
    FONT    0x23, 8, font_8
fonts_end:
# What BH of AX=1130h means from 2 on.
font_places:
    .word   font_14, font_8, font_8_high, font_14, font_16, font_16

# Font memory: sequencer map mask and memory mode, graphics read map, mode and map; then back to text.
font_access:
    .byte   0, 1, 2, 4, 4, 7            # synchronous reset, plane 2, sequential addresses
    .byte   4, 2, 5, 0, 6, 4            # read plane 2, no odd/even, A0000 of 64 KiB
text_access:
    .byte   2, 3, 4, 2, 0, 3            # planes 0 and 1, odd/even, run
    .byte   4, 0, 5, 0x10, 6, 0x0E      # B8000 of 32 KiB; MAP_MONO instead

# Text of 80 columns: 720 x 400.
registers_80:
    .byte   0x03, 0x00, 0x03, 0x00, 0x02
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07
    .byte   0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte   0x0C, 0x00, 0x0F, 0x08, 0x00
# Text of 40 columns: 360 x 400.
registers_40:
    .byte   0x03, 0x08, 0x03, 0x00, 0x02
    .byte   0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x14, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07
    .byte   0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte   0x0C, 0x00, 0x0F, 0x08, 0x00
# Monochrome text of 80 columns: 720 x 400, at B0000. Line 13 of characters with attribute 1 is underlined.
registers_mono:
    .byte   0x03, 0x00, 0x03, 0x00, 0x02
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x0D, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, MAP_MONO, 0x00, 0xFF
    .byte   0x00, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08
    .byte   0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18
    .byte   0x0E, 0x00, 0x0F, 0x08, 0x00
