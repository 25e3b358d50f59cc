# Fonts: which shapes characters have in text modes, where they are in plane 2 of the VGA's memory, and in graphics
# modes, where a vector leads to them. INT 10h AH=11h. The shapes themselves are in font.s.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

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
GRAPHICS_MAP            = 0x06

.text

# Has a text mode that was just set show the font that it begins with.
# Clobbers: AX, BX, CX, DX, SI, DI, ES.
.global font_usual
font_usual:
    mov     si, offset fonts
    push    si
    call    font_choose
    pop     si
    mov     bl, 0

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

# INT 10h AH=11h. AL=00h puts the caller's shapes into the font memory of text modes, 01h, 02h, 04h a font of the ROM;
# 10h, 11h, 12h, 14h have as many rows as it leaves room for besides; 03h chooses the blocks that are shown; 20h and 21h
# name the caller's shapes for graphics modes, 22h to 24h a font of the ROM; 30h tells where one is.
# In: for 00h and 10h ES:BP shapes, BH lines of each, CX number, DX the first; 00h to 14h BL block; for 21h to 24h BL 0
# DL rows, 1 to 3: 14, 25, 43; for 21h CX lines of each.
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
    jne     .Lfont_graphics_ours
    mov     [BDA_FONT_HEIGHT], cx
    call    font_vector_low
    jmp     font_graphics_rows
.Lfont_graphics_ours:
    call    font_find
    jc      .Lfont_graphics_none
    call    font_choose

# How many rows graphics modes have from now on.
# In: BL, and DL of the frame, as video_font.
# Clobbers: AX, BX.
font_graphics_rows:
    mov     al, [bp + F_DL]
    movzx   bx, bl
    test    bl, bl
    jz      2f
    cmp     bl, 3
    jbe     1f
    mov     bl, 2
1:  mov     al, cs:[bx + font_rows]
2:  dec     al
    mov     [BDA_LAST_ROW], al
.Lfont_graphics_none:
    ret

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

.data
font_rows:              .byte 0, 14, 25, 43 # as BL of AH=11h counts them
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
