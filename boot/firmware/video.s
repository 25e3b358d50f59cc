# INT 10h: the screen as rows of characters. The registers behind it are in video-mode.s, the shapes of characters in
# font.s, and what is drawn in graphics modes in video-draw.s.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

PAGES                   = 8
CRTC_CURSOR_START       = 0x0A
CRTC_START_HIGH         = 0x0C
CRTC_CURSOR_HIGH        = 0x0E
ATTRIBUTE_NORMAL        = 0x07

BELL                    = 0x07
BACKSPACE               = 0x08
LINE_FEED               = 0x0A
CARRIAGE_RETURN         = 0x0D

.text

# Writes a pair of CRTC registers.
# In: AL the one of the high byte (the next one gets the low byte), BX value.
# Clobbers: AX, DX.
crtc_word:
    mov     dx, [BDA_CRTC]
    mov     ah, bh
    out     dx, ax
    inc     al
    mov     ah, bl
    out     dx, ax
    ret

# Where a character stands.
# In: DL column, DH row, BH page.
# Out: DI offset in the segment of text.
# Clobbers: AX.
cell:
    push    dx
    movzx   ax, bh
    mul     word ptr [BDA_PAGE_BYTES]
    mov     di, ax
    pop     dx
    mov     al, [BDA_COLUMNS]
    mul     dh
    add     al, dl
    adc     ah, 0
    add     ax, ax
    add     di, ax
    ret

# Finds the cursor of a page.
# In: BH page.
# Out: DX its cursor, SI its address; ES the segment of text.
# Clobbers: nothing.
cursor_of:
    movzx   si, bh
    and     si, PAGES - 1
    add     si, si
    add     si, BDA_CURSORS
    call    text_segment
    mov     dx, [si]
    ret

# Moves the cursor of a page.
# In: DX row and column, BH page.
# Clobbers: AX, BX, DX, SI, DI.
cursor_move:
    movzx   si, bh
    and     si, PAGES - 1
    add     si, si
    mov     [si + BDA_CURSORS], dx
    cmp     bh, [BDA_PAGE]
    jne     1f
    call    cell
    mov     bx, di
    shr     bx, 1                       # the CRTC counts characters
    mov     al, CRTC_CURSOR_HIGH
    jmp     crtc_word
1:  ret

# INT 10h AH=01h.
# In: CH first, CL last line of the cursor, CH bit 5 hides it. Lines below 8 are those of a character that is 8 high,
# and get stretched to ours; a cursor in the last two keeps its two lines.
video_set_cursor_shape:
    mov     [BDA_CURSOR_SHAPE], cx
    cmp     byte ptr [BDA_FONT_HEIGHT], 8
    jbe     2f
    cmp     cl, 8
    jae     2f
    cmp     ch, 8
    jae     2f
    add     ch, ch
    add     cl, cl
    cmp     ch, 12
    jb      1f
    inc     ch
    jmp     2f
1:  inc     cl
2:  mov     bx, cx
    mov     al, CRTC_CURSOR_START
    jmp     crtc_word

# INT 10h AH=02h.
# In: DH row, DL column, BH page.
video_set_cursor:
    jmp     cursor_move

# INT 10h AH=03h.
# In: BH page.
# Out: DH row, DL column, CX shape.
video_get_cursor:
    call    cursor_of
    mov     [bp + F_DX], dx
    mov     ax, [BDA_CURSOR_SHAPE]
    mov     [bp + F_CX], ax
    ret

# INT 10h AH=05h.
# In: AL page to show.
video_select_page:
    cmp     al, PAGES
    jae     1f
    mov     [BDA_PAGE], al
    mov     bh, al
    xor     ah, ah
    mul     word ptr [BDA_PAGE_BYTES]
    mov     [BDA_PAGE_START], ax
    push    bx
    mov     bx, ax
    shr     bx, 1
    mov     al, CRTC_START_HIGH
    call    crtc_word
    pop     bx
    call    cursor_of
    jmp     cursor_move
1:  ret

# INT 10h AH=06h up, 07h down.
# In: AL lines (0: all), BH attribute of blanks, CH/CL upper row / left column, DH/DL lower / right.
video_scroll_down:
    mov     ah, 1
    jmp     1f

# INT 10h AH=06h: as AH=07h, but up.
video_scroll_up:
    xor     ah, ah
1:  mov     bl, bh
    mov     bh, [BDA_PAGE]

# Scrolls a window.
# In: AL lines, AH not 0 for down, BL attribute, BH page, CX, DX corners.
# Clobbers: AX, BX, CX, DX, SI, DI, ES.
scroll:
    push    bp
    call    text_segment
    call    window_clip
    cmp     dh, ch
    jb      .Lscroll_done
    cmp     dl, cl
    jb      .Lscroll_done
    sub     dh, ch
    inc     dh                          # DH: rows
    sub     dl, cl
    inc     dl                          # DL: columns
    test    al, al
    jz      .Lscroll_all
    cmp     al, dh
    jbe     .Lscroll_lines
.Lscroll_all:
    mov     al, dh
.Lscroll_lines:
    call    is_drawn
    jbe     .Lscroll_text
    call    draw_scroll
    jmp     .Lscroll_done
.Lscroll_text:
    push    ax
    push    dx
    mov     dx, cx
    call    cell                        # DI: upper left corner
    pop     dx
    pop     ax
    mov     bp, [BDA_COLUMNS]
    add     bp, bp                      # BP: from row to row
    test    ah, ah
    jz      .Lscroll_copy
    push    ax                          # down: the same, from the lowest row on
    push    dx
    movzx   ax, dh
    dec     ax
    mul     bp
    add     di, ax
    pop     dx
    pop     ax
    neg     bp
.Lscroll_copy:
    push    ax
    movzx   ax, al
    push    dx
    imul    bp
    pop     dx
    mov     si, di
    add     si, ax                      # SI: row that comes to DI
    pop     ax
    sub     dh, al                      # rows that move
    jz      .Lscroll_blank
.Lscroll_row:
    push    si
    push    di
    movzx   cx, dl
    push    ds
    push    es
    pop     ds
    rep movsw
    pop     ds
    pop     di
    pop     si
    add     si, bp
    add     di, bp
    dec     dh
    jnz     .Lscroll_row
.Lscroll_blank:
    mov     dh, al                      # rows that become blank
    mov     ah, bl
    mov     al, ' '
.Lscroll_blank_row:
    push    di
    movzx   cx, dl
    rep stosw
    pop     di
    add     di, bp
    dec     dh
    jnz     .Lscroll_blank_row
.Lscroll_done:
    pop     bp
    ret

# Keeps the lower right corner of a window on the screen.
# In: DH row, DL column.
# Out: DH, DL.
window_clip:
    cmp     dl, [BDA_COLUMNS]
    jb      .Lwindow_clip_rows
    mov     dl, [BDA_COLUMNS]
    dec     dl
.Lwindow_clip_rows:
    cmp     dh, [BDA_LAST_ROW]
    jbe     .Lwindow_clip_done
    mov     dh, [BDA_LAST_ROW]
.Lwindow_clip_done:
    ret

# INT 10h AH=08h.
# In: BH page.
# Out: AL character, AH attribute at the cursor.
video_read:
    xor     ax, ax
    call    is_drawn
    ja      1f                          # pictures are not read
    call    cursor_of
    call    cell
    mov     ax, es:[di]
1:  mov     [bp + F_AX], ax
    ret

# INT 10h AH=09h.
# In: AL character, BL attribute, BH page, CX times. AH=0Ah: the same, attributes stay. In graphics modes BL is a
# colour for both.
video_write:
    call    is_drawn
    ja      video_write_drawn
    call    video_write_place
    mov     ah, bl
    rep stosw
    ret

# INT 10h AH=0Ah: as AH=09h, with the attributes that are there.
video_write_character:
    call    is_drawn
    ja      video_write_drawn
    call    video_write_place
    jcxz    2f
1:  stosb
    inc     di
    loop    1b
2:  ret

# The same in graphics modes.
# In: AL character, BL colour, BH page, CX times.
# Clobbers: CX, DX, SI, ES.
video_write_drawn:
    jcxz    2f
    call    cursor_of
1:  call    draw_character
    inc     dl
    cmp     dl, [BDA_COLUMNS]
    jb      3f
    xor     dl, dl
    inc     dh
    cmp     dh, [BDA_LAST_ROW]
    ja      2f
3:  loop    1b
2:  ret

# Finds the cell at the cursor.
# In: BH page.
# Out: DI offset in ES, the segment of text.
# Clobbers: AH, DX, SI.
video_write_place:
    push    ax
    call    cursor_of
    call    cell
    pop     ax
    ret

# INT 10h AH=0Eh.
# In: AL character, BL colour in graphics modes; writes like a terminal.
video_teletype:
    mov     bh, [BDA_PAGE]              # the PC/AT's firmware ignores the page as well
    call    cursor_of
    call    teletype
    jmp     cursor_move

# One character and its effect on the cursor.
# In: AL, BL colour in graphics modes, BH page, DX cursor, ES the segment of text.
# Out: DX cursor.
# Clobbers: AX, CX, SI, DI.
teletype:
    cmp     al, CARRIAGE_RETURN
    je      teletype_return
    cmp     al, LINE_FEED
    je      teletype_line
    cmp     al, BACKSPACE
    je      teletype_back
    cmp     al, BELL
    je      .Lteletype_done
    call    is_drawn
    jbe     1f
    call    draw_character
    jmp     2f
1:  push    ax
    call    cell
    pop     ax
    mov     es:[di], al
2:  inc     dl
    cmp     dl, [BDA_COLUMNS]
    jb      .Lteletype_done
    xor     dl, dl
teletype_line:
    inc     dh
    cmp     dh, [BDA_LAST_ROW]
    jbe     .Lteletype_done
    dec     dh
    push    bx
    push    dx
    call    cell                        # blanks take the attribute of the line that was the last
    mov     bl, es:[di + 1]
    call    is_drawn
    jbe     3f
    mov     bl, 0
3:  mov     ax, 0x0001
    xor     cx, cx
    mov     dx, 0xFEFE                  # the whole page: scroll cuts it to size
    call    scroll
    pop     dx
    pop     bx
.Lteletype_done:
    ret
teletype_return:
    xor     dl, dl
    ret
teletype_back:
    sub     dl, 1
    adc     dl, 0                       # not beyond the left edge
    ret

# INT 10h AH=0Fh.
# Out: AL mode, AH columns, BH page.
video_get_mode:
    mov     al, [BDA_VIDEO_OPTIONS]
    and     al, 0x80                    # bit 7: the screen was not cleared
    or      al, [BDA_VIDEO_MODE]
    mov     ah, [BDA_COLUMNS]
    mov     [bp + F_AX], ax
    mov     al, [BDA_PAGE]
    mov     [bp + F_BH], al
    ret

# INT 10h AH=13h.
# In: AL bit 0 move the cursor, bit 1 the text holds attributes; BH page, BL attribute, CX characters, DX where, ES:BP
# text.
video_write_string:
    jcxz    .Lvideo_write_string_done
    mov     si, [bp + F_EBP]            # the caller's BP
    movzx   di, bh
    and     di, PAGES - 1
    add     di, di
    push    [di + BDA_CURSORS]
    call    text_segment
.Lvideo_write_string_character:
    push    cx
    mov     ah, bl
    push    ds
    mov     ds, [bp + F_ES]
    lodsb
    test    byte ptr [bp + F_AL], 2
    jz      .Lvideo_write_string_plain
    mov     ah, [si]
    inc     si
.Lvideo_write_string_plain:
    pop     ds
    push    si
    cmp     al, CARRIAGE_RETURN
    je      .Lvideo_write_string_write
    cmp     al, LINE_FEED
    je      .Lvideo_write_string_write
    cmp     al, BACKSPACE
    je      .Lvideo_write_string_write
    cmp     al, BELL
    je      .Lvideo_write_string_write
    call    is_drawn
    jbe     .Lvideo_write_string_cell
    mov     bl, ah
    jmp     .Lvideo_write_string_write
.Lvideo_write_string_cell:
    push    ax
    call    cell
    pop     ax
    mov     es:[di + 1], ah
.Lvideo_write_string_write:
    call    teletype
    pop     si
    pop     cx
    loop    .Lvideo_write_string_character
    pop     cx                          # the old cursor
    test    byte ptr [bp + F_AL], 1
    jnz     cursor_move
    mov     dx, cx
    jmp     cursor_move
.Lvideo_write_string_done:
    ret

.data
.global video_functions
video_functions:
    .word   service_nothing, 23
    FUNCTION 0x0E, video_teletype
    FUNCTION 0x00, video_set_mode
    FUNCTION 0x01, video_set_cursor_shape
    FUNCTION 0x02, video_set_cursor
    FUNCTION 0x03, video_get_cursor
    FUNCTION 0x05, video_select_page
    FUNCTION 0x06, video_scroll_up
    FUNCTION 0x07, video_scroll_down
    FUNCTION 0x08, video_read
    FUNCTION 0x09, video_write
    FUNCTION 0x0A, video_write_character
    FUNCTION 0x0B, video_cga_colors
    FUNCTION 0x0C, video_set_pixel
    FUNCTION 0x0D, video_get_pixel
    FUNCTION 0x0F, video_get_mode
    FUNCTION 0x10, video_palette
    FUNCTION 0x11, video_font
    FUNCTION 0x12, video_options
    FUNCTION 0x13, video_write_string
    FUNCTION 0x1A, video_combination
    FUNCTION 0x1B, video_functionality
    FUNCTION 0x1C, video_state
    FUNCTION 0x4F, video_vbe
