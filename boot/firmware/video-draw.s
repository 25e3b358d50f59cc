# INT 10h in graphics modes: characters, windows that scroll, and pixels, in four planes, with a byte a pixel, or with
# one or two bits a pixel as the CGA has them: even lines in one half of its memory, odd ones in the other.
# Source: IBM VGA technical reference, graphics controller.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

GRAPHICS_SEGMENT        = 0xA000
CGA_SEGMENT             = 0xB800
CGA_ODD                 = 0x2000        # odd lines
CGA_PITCH               = 80
CGA_HEIGHT              = 8             # of characters
MODE_MONO_CGA           = 6             # a bit a pixel
GRAPHICS_ROTATE         = 0x03
GRAPHICS_READ_PLANE     = 0x04
GRAPHICS_MODE           = 0x05
GRAPHICS_MASK           = 0x08
ROTATE_XOR              = 0x18
WRITE_LATCHES           = 1
WRITE_COLOUR            = 2
MODE_LAST_TEXT          = 3
COLOUR_XOR              = 0x80          # of modes that have fewer than 256
VECTOR_GRAPHICS         = 0x43          # the font
VECTOR_GRAPHICS_HIGH    = 0x1F          # the CGA's characters from 80h on

# What draw_character has on the stack, below BP.
DRAW_STEP               = 2             # u16: from the end of a line of the character to its next line
DRAW_TWO_BITS           = 2             # u16: as the CGA has it: not 0 with two bits a pixel
DRAW_FONT               = 4             # u16: segment of the font
DRAW_BYTES              = 4

.text

# Whether the mode is one in which characters and pixels are drawn.
# Out: "above" (neither CF nor ZF) where it is, and "below or equal" in text and in modes that have no text.
# Clobbers: nothing.
.global is_drawn
is_drawn:
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_OTHER
    je      1f
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    je      1f
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_LAST_TEXT
1:  ret

# How the mode, one in which something is drawn, keeps its pixels.
# Out: CF in planes; ZF a byte each; neither as the CGA.
# Clobbers: nothing.
pixels_kind:
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      1f
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_FIRST_PLANES - 1
    cmc                                 # ZF is clear: there is no such mode
1:  ret

# A byte of pixels of one colour, as the CGA keeps them.
# In: BL colour.
# Out: BL byte; CF when a pixel has two bits.
# Clobbers: nothing.
cga_fill:
    push    ax
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_CGA
    pushf
    jb      1f
    and     bl, 1
    neg     bl
    jmp     2f
1:  mov     al, 0x55
    and     bl, 3
    mul     bl
    mov     bl, al
2:  popf
    pop     ax
    ret

# Writes a register of the graphics controller.
# In: AL register, AH value.
# Clobbers: DX.
graphics_write:
    mov     dx, GRAPHICS_PORT
    out     dx, ax
    ret

# Puts the graphics controller back to what programs expect.
# Clobbers: AX, DX.
graphics_done:
    mov     ax, GRAPHICS_ROTATE
    call    graphics_write
    mov     ax, GRAPHICS_MODE
    call    graphics_write
    mov     ax, GRAPHICS_MASK | 0xFF << 8
    jmp     graphics_write

# Where a row of characters begins.
# In: DH row, DL column, BH page.
# Out: ES:DI.
# Clobbers: nothing.
graphics_cell:
    push    ax
    push    bx
    push    dx
    mov     di, dx
    call    pixels_kind
    jbe     3f
    mov     al, CGA_PITCH * CGA_HEIGHT / 2 / 16
    mul     dh
    shl     ax, 4
    and     di, 0xFF
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_CGA
    je      4f
    add     di, di
4:  add     di, ax
    mov     ax, CGA_SEGMENT
    mov     es, ax
    jmp     2f
3:  mov     ax, GRAPHICS_SEGMENT
    mov     es, ax
    movzx   ax, dh
    mul     byte ptr [BDA_FONT_HEIGHT]
    mul     word ptr [BDA_COLUMNS]
    and     di, 0xFF
    add     di, ax
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      1f
    movzx   ax, bh
    mul     word ptr [BDA_PAGE_BYTES]
    add     di, ax
    jmp     2f
1:  shl     di, 3
2:  pop     dx
    pop     bx
    pop     ax
    ret

# Finds a font.
# In: SI address of its vector, BP frame of draw_character.
# Out: SI offset, [BP - DRAW_FONT] segment.
# Clobbers: nothing.
font_load:
    push    ds
    push    0
    pop     ds
    lds     si, [si]
    mov     [bp - DRAW_FONT], ds
    pop     ds
    ret

# Takes a line of a character from the font.
# In: SI offset, BP frame of draw_character.
# Out: SI the next line; flags as after INC.
.macro FONT_LINE register
    push    ds
    mov     ds, [bp - DRAW_FONT]
    mov     \register, [si]
    pop     ds
    inc     si
.endm

# Draws a character.
# In: AL character, BL colour, BH page, DH row, DL column.
# Clobbers: nothing.
.global draw_character
draw_character:
    pusha
    push    es
    mov     bp, sp
    sub     sp, DRAW_BYTES
    call    graphics_cell
    mov     si, VECTOR_GRAPHICS * 4
    call    font_load
    mov     cx, [BDA_FONT_HEIGHT]
    call    pixels_kind
    ja      .Ldraw_character_cga
    mul     cl
    add     si, ax
    mov     ax, [BDA_COLUMNS]
    mov     [bp - DRAW_STEP], ax
    call    pixels_kind
    je      .Ldraw_character_bytes
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
    test    bl, COLOUR_XOR
    jz      .Ldraw_character_line
    mov     ax, GRAPHICS_ROTATE | ROTATE_XOR << 8
    call    graphics_write
.Ldraw_character_line:
    mov     al, GRAPHICS_MASK
    FONT_LINE ah
    test    bl, COLOUR_XOR
    jnz     .Ldraw_character_colour
    not     ah
    call    graphics_write
    mov     dl, es:[di]                 # into the latches
    mov     byte ptr es:[di], 0
    not     ah
.Ldraw_character_colour:
    call    graphics_write
    mov     dl, es:[di]
    mov     es:[di], bl
    add     di, [bp - DRAW_STEP]
    loop    .Ldraw_character_line
    call    graphics_done
.Ldraw_character_done:
    mov     sp, bp
    pop     es
    popa
    ret
.Ldraw_character_bytes:
    shl     ax, 3
    sub     ax, 8
    mov     [bp - DRAW_STEP], ax
.Ldraw_character_byte_line:
    FONT_LINE ah
    mov     dx, 8
.Ldraw_character_pixel:
    mov     al, bl
    add     ah, ah
    jc      .Ldraw_character_pixel_put
    xor     al, al
.Ldraw_character_pixel_put:
    stosb
    dec     dx
    jnz     .Ldraw_character_pixel
    add     di, [bp - DRAW_STEP]
    loop    .Ldraw_character_byte_line
    jmp     .Ldraw_character_done
.Ldraw_character_cga:
    test    al, al
    jns     .Ldraw_character_cga_low
    mov     si, VECTOR_GRAPHICS_HIGH * 4
    call    font_load
    and     al, 0x7F
.Ldraw_character_cga_low:
    mov     ah, CGA_HEIGHT
    mov     cl, ah
    mul     ah
    add     si, ax
    mov     bh, bl                      # BH: COLOUR_XOR
    call    cga_fill
    sbb     ax, ax
    mov     [bp - DRAW_TWO_BITS], ax
.Ldraw_character_cga_line:
    FONT_LINE al
    cmp     word ptr [bp - DRAW_TWO_BITS], 0
    je      .Ldraw_character_cga_eight
    call    cga_put_twice
    jmp     .Ldraw_character_cga_below
.Ldraw_character_cga_eight:
    call    cga_put
.Ldraw_character_cga_below:
    call    cga_next_line
    loop    .Ldraw_character_cga_line
    jmp     .Ldraw_character_done

# Goes on to the line below: even and odd ones are apart.
# In: DI.
# Out: DI.
cga_next_line:
    xor     di, CGA_ODD
    test    di, CGA_ODD
    jnz     .Lcga_next_line_done
    add     di, CGA_PITCH
.Lcga_next_line_done:
    ret

# Puts a line of a character whose pixels have two bits each.
# In: AL the line, DI where it goes, BH COLOUR_XOR.
# Clobbers: AX, DX.
cga_put_twice:
    mov     dl, 8                       # each bit twice, in AX
    mov     dh, al
.Lcga_put_twice_cga_bit:
    shl     ax, 2
    and     al, ~3
    add     dh, dh
    jnc     .Lcga_put_twice_cga_next
    or      al, 3
.Lcga_put_twice_cga_next:
    dec     dl
    jnz     .Lcga_put_twice_cga_bit
    xchg    al, ah
    call    cga_put
    inc     di
    mov     al, ah
    call    cga_put
    dec     di
    ret

# A byte of a character, as the CGA keeps it.
# In: AL its bits, BL byte of its colour, BH COLOUR_XOR or not, ES:DI.
# Clobbers: AL.
cga_put:
    and     al, bl
    test    bh, COLOUR_XOR
    jz      1f
    xor     al, es:[di]
1:  mov     es:[di], al
    ret

# Scrolls a window.
# In: AL rows that come to be blank, AH not 0 for down, BL colour of blanks, BH page, CH row and CL column of the upper
# left corner, DH rows, DL columns.
# Clobbers: AX, BX, CX, DX, SI, DI, ES.
.global draw_scroll
draw_scroll:
    push    bp
    push    dx
    mov     dx, cx
    call    graphics_cell
    pop     dx
    movzx   cx, dl                      # CX: bytes of a line
    mov     bp, [BDA_COLUMNS]           # BP: from line to line
    mov     bh, [BDA_FONT_HEIGHT]
    call    pixels_kind
    jc      .Ldraw_scroll_planes
    jz      .Ldraw_scroll_bytes
    call    cga_fill                    # even lines and odd ones are pictures of their own
    jnc     .Ldraw_scroll_halves
    add     cx, cx
.Ldraw_scroll_halves:
    mov     bp, CGA_PITCH
    shr     bh, 1
    pusha
    call    lines_scroll
    popa
    add     di, CGA_ODD
    jmp     .Ldraw_scroll_lines
.Ldraw_scroll_planes:
    push    ax
    push    dx
    mov     ax, GRAPHICS_MODE | WRITE_LATCHES << 8
    call    graphics_write
    pop     dx
    pop     ax
    call    lines_scroll
    pop     bp
    jmp     graphics_done
.Ldraw_scroll_bytes:
    shl     bp, 3
    shl     cx, 3
.Ldraw_scroll_lines:
    call    lines_scroll
    pop     bp
    ret

# Scrolls lines of a window.
# In: AL rows that come to be blank, AH not 0 for down, BL byte of blanks, BH lines of a row, CX bytes of a line, DH
# rows, ES:DI, BP from line to line.
# Clobbers: AX, DX, SI, DI, BP.
lines_scroll:
    push    ax
    mov     al, dh
    mul     bh
    mov     dx, ax                      # DX: lines of the window
    pop     ax
    push    ax
    mul     bh
    mov     si, ax                      # SI: lines of blanks
    pop     ax
    sub     dx, si                      # DX: lines that move
    test    ah, ah
    jz      .Llines_scroll_moving
    push    dx                          # down: from the lowest line on
    mov     ax, dx
    add     ax, si
    dec     ax
    mul     bp
    add     di, ax
    pop     dx
    neg     bp
.Llines_scroll_moving:
    push    si
    push    dx
    mov     ax, si
    imul    bp
    mov     si, di
    add     si, ax                      # SI: line that comes to DI
    pop     dx
    test    dx, dx
    jz      .Llines_scroll_blanks
.Llines_scroll_move:
    push    cx
    push    si
    push    di
    rep movs byte ptr es:[di], es:[si]
    pop     di
    pop     si
    pop     cx
    add     si, bp
    add     di, bp
    dec     dx
    jnz     .Llines_scroll_move
.Llines_scroll_blanks:
    pop     si
    call    pixels_kind
    jnc     .Llines_scroll_fill
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
.Llines_scroll_fill:
    mov     al, bl
.Llines_scroll_blank:
    push    cx
    push    di
    rep stosb
    pop     di
    pop     cx
    add     di, bp
    dec     si
    jnz     .Llines_scroll_blank
    ret

# Finds a pixel.
# In: CX column, DX line, BH page.
# Out: ES:DI; AH its bit in modes with planes, its bits as the CGA has them, whose lowest is bit CL; flags of
# pixels_kind.
# Clobbers: AL, CX, DX.
pixel_place:
    call    pixels_kind
    ja      .Lpixel_place_cga
    mov     ax, GRAPHICS_SEGMENT
    mov     es, ax
    mov     ax, dx
    mul     word ptr [BDA_COLUMNS]
    call    pixels_kind
    je      .Lpixel_place_bytes
    mov     di, ax
    movzx   ax, bh
    mul     word ptr [BDA_PAGE_BYTES]
    add     di, ax
    mov     ax, cx
    shr     ax, 3
    add     di, ax
    and     cl, 7
    mov     ah, 0x80
    shr     ah, cl
    test    ah, ah
    stc                                 # and ZF clear
    ret
.Lpixel_place_bytes:
    mov     di, ax
    shl     di, 3
    add     di, cx
    cmp     al, al
    ret
.Lpixel_place_cga:
    mov     ax, CGA_SEGMENT
    mov     es, ax
    xor     di, di
    shr     dx, 1
    jnc     .Lpixel_place_even
    mov     di, CGA_ODD
.Lpixel_place_even:
    imul    dx, dx, CGA_PITCH
    add     di, dx
    mov     dx, cx
    not     cl                          # pixels count from the highest bit
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_CGA
    mov     ax, 0x0100                  # MOV keeps the flags
    je      .Lpixel_place_eight
    mov     ax, 0x0300
    and     cl, 3
    add     cl, cl
    shr     dx, 2
    jmp     .Lpixel_place_bits
.Lpixel_place_eight:
    and     cl, 7
    shr     dx, 3
.Lpixel_place_bits:
    add     di, dx
    shl     ah, cl
    test    ah, ah                      # CF and ZF clear
    ret

# INT 10h AH=0Ch: sets a pixel.
# In: AL colour, BH page, CX column, DX line.
.global video_set_pixel
video_set_pixel:
    mov     dx, [bp + F_DX]
    call    is_drawn
    jbe     .Lvideo_set_pixel_done
    mov     bl, al
    call    pixel_place
    ja      .Lvideo_set_pixel_cga
    jz      .Lvideo_set_pixel_byte
    mov     al, GRAPHICS_MASK
    call    graphics_write
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
    test    bl, COLOUR_XOR
    jz      .Lvideo_set_pixel_plain
    mov     ax, GRAPHICS_ROTATE | ROTATE_XOR << 8
    call    graphics_write
.Lvideo_set_pixel_plain:
    mov     al, es:[di]                 # into the latches
    mov     es:[di], bl
    jmp     graphics_done
.Lvideo_set_pixel_byte:
    mov     es:[di], bl
.Lvideo_set_pixel_done:
    ret
.Lvideo_set_pixel_cga:
    mov     al, bl
    shl     al, cl
    and     al, ah
    test    bl, COLOUR_XOR
    jnz     .Lvideo_set_pixel_exclusive
    not     ah
    and     es:[di], ah
.Lvideo_set_pixel_exclusive:
    xor     es:[di], al
    ret

# INT 10h AH=0Dh: reads a pixel.
# In: BH page, CX column, DX line.
# Out: AL colour.
.global video_get_pixel
video_get_pixel:
    mov     dx, [bp + F_DX]
    call    is_drawn
    jbe     3f
    call    pixel_place
    mov     bl, es:[di]
    ja      4f
    jz      2f
    mov     ch, ah
    xor     bl, bl
    mov     ax, GRAPHICS_READ_PLANE | 3 << 8
1:  call    graphics_write
    mov     cl, es:[di]
    and     cl, ch
    cmp     cl, 1
    cmc
    adc     bl, bl                      # its bit, after those of higher planes
    dec     ah
    jns     1b
    mov     ax, GRAPHICS_READ_PLANE
    call    graphics_write
2:  mov     [bp + F_AL], bl
3:  ret
4:  and     bl, ah
    shr     bl, cl
    jmp     2b
