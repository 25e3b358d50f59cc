# INT 10h in graphics modes: characters, windows that scroll, and pixels, in four planes or with a byte a pixel.
# Source: IBM VGA technical reference, graphics controller.

.include "firmware.inc"

.intel_syntax noprefix
.code16

GRAPHICS_SEGMENT        = 0xA000
GRAPHICS_PORT           = 0x3CE         # index; the value is at the next port
GRAPHICS_ROTATE         = 0x03
GRAPHICS_READ_PLANE     = 0x04
GRAPHICS_MODE           = 0x05
GRAPHICS_MASK           = 0x08
ROTATE_XOR              = 0x18
WRITE_LATCHES           = 1
WRITE_COLOUR            = 2
MODE_256                = 0x13
MODE_LAST_TEXT          = 3
COLOUR_XOR              = 0x80          # of modes with planes
VECTOR_GRAPHICS         = 0x43          # the font

.text

# Whether the mode is one in which characters and pixels are drawn.
# Out: "above" (neither CF nor ZF) where it is, and "below or equal" in text and in modes that have no text.
# Clobbers: nothing.
.global is_drawn
is_drawn:
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_OTHER
    je      1f
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_LAST_TEXT
1:  ret

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
# Out: DI offset in GRAPHICS_SEGMENT; ES GRAPHICS_SEGMENT.
# Clobbers: nothing.
graphics_cell:
    push    ax
    push    bx
    push    dx
    mov     di, dx
    mov     ax, GRAPHICS_SEGMENT
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

# Draws a character.
# In: AL character, BL colour, BH page, DH row, DL column.
# Clobbers: nothing.
.global draw_character
draw_character:
    pusha
    push    es
    push    fs
    push    gs
    call    graphics_cell
    xor     cx, cx
    mov     fs, cx
    lgs     si, fs:[VECTOR_GRAPHICS * 4]
    mov     cx, [BDA_FONT_HEIGHT]
    mul     cl
    add     si, ax
    mov     bp, [BDA_COLUMNS]
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      .Ldraw_character_bytes
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
    test    bl, COLOUR_XOR
    jz      .Ldraw_character_line
    mov     ax, GRAPHICS_ROTATE | ROTATE_XOR << 8
    call    graphics_write
.Ldraw_character_line:
    mov     al, GRAPHICS_MASK
    mov     ah, gs:[si]
    inc     si
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
    add     di, bp
    loop    .Ldraw_character_line
    call    graphics_done
.Ldraw_character_done:
    pop     gs
    pop     fs
    pop     es
    popa
    ret
.Ldraw_character_bytes:
    shl     bp, 3
    sub     bp, 8
.Ldraw_character_byte_line:
    mov     ah, gs:[si]
    inc     si
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
    add     di, bp
    loop    .Ldraw_character_byte_line
    jmp     .Ldraw_character_done

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
    mov     bp, [BDA_COLUMNS]           # BP: from line to line
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      .Ldraw_scroll_bytes
    push    ax
    push    dx
    mov     ax, GRAPHICS_MODE | WRITE_LATCHES << 8
    call    graphics_write
    pop     dx
    pop     ax
    movzx   cx, dl
    jmp     .Ldraw_scroll_lines
.Ldraw_scroll_bytes:
    shl     bp, 3
    movzx   cx, dl
    shl     cx, 3
.Ldraw_scroll_lines:
    push    ax                          # CX: bytes of a line
    mov     al, dh
    mul     byte ptr [BDA_FONT_HEIGHT]
    mov     dx, ax                      # DX: lines of the window
    pop     ax
    push    ax
    mul     byte ptr [BDA_FONT_HEIGHT]
    mov     si, ax                      # SI: lines of blanks
    pop     ax
    sub     dx, si                      # DX: lines that move
    test    ah, ah
    jz      .Ldraw_scroll_moving
    push    dx                          # down: from the lowest line on
    mov     ax, dx
    add     ax, si
    dec     ax
    mul     bp
    add     di, ax
    pop     dx
    neg     bp
.Ldraw_scroll_moving:
    push    si
    push    dx
    mov     ax, si
    imul    bp
    mov     si, di
    add     si, ax                      # SI: line that comes to DI
    pop     dx
    test    dx, dx
    jz      .Ldraw_scroll_blanks
.Ldraw_scroll_move:
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
    jnz     .Ldraw_scroll_move
.Ldraw_scroll_blanks:
    pop     si
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      .Ldraw_scroll_fill
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
.Ldraw_scroll_fill:
    mov     al, bl
.Ldraw_scroll_blank:
    push    cx
    push    di
    rep stosb
    pop     di
    pop     cx
    add     di, bp
    dec     si
    jnz     .Ldraw_scroll_blank
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      .Ldraw_scroll_done
    call    graphics_done
.Ldraw_scroll_done:
    pop     bp
    ret

# Finds a pixel.
# In: CX column, DX line, BH page.
# Out: DI offset in GRAPHICS_SEGMENT, AH its bit in modes with planes; ZF in the one with a byte a pixel; ES
# GRAPHICS_SEGMENT.
# Clobbers: AL, CX, DX.
pixel_place:
    mov     ax, GRAPHICS_SEGMENT
    mov     es, ax
    mov     ax, dx
    mul     word ptr [BDA_COLUMNS]
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_256
    je      1f
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
    ret
1:  mov     di, ax
    shl     di, 3
    add     di, cx
    cmp     al, al
    ret

# INT 10h AH=0Ch: sets a pixel.
# In: AL colour, BH page, CX column, DX line.
.global video_set_pixel
video_set_pixel:
    mov     dx, [bp + F_DX]
    call    is_drawn
    jbe     2f
    mov     bl, al
    call    pixel_place
    jz      1f
    mov     al, GRAPHICS_MASK
    call    graphics_write
    mov     ax, GRAPHICS_MODE | WRITE_COLOUR << 8
    call    graphics_write
    test    bl, COLOUR_XOR
    jz      3f
    mov     ax, GRAPHICS_ROTATE | ROTATE_XOR << 8
    call    graphics_write
3:  mov     al, es:[di]                 # into the latches
    mov     es:[di], bl
    jmp     graphics_done
1:  mov     es:[di], bl
2:  ret

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
