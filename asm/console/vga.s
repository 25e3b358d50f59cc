# VGA text mode 3: 80 columns, 25 rows, character and attribute at B8000. Knows positions and cells; what belongs on the
# screen is the console's business. Each console has a screen; that of those which are not shown is in its store. The
# variables are those of the console that is in place (console.s).

.include "macros.inc"
.include "memory.inc"
.include "console.inc"

VGA_MEMORY          = KERNEL_SPACE + 0xB8000
VGA_ATTRIBUTE       = 0x07                  # light grey on black
VGA_TAB             = 8

# CRT controller: index and data port; the cursor's cell in registers 0Eh (high) and 0Fh (low).
CRTC_INDEX          = 0x3D4
CRTC_CURSOR_HIGH    = 0x0E
CRTC_CURSOR_LOW     = 0x0F

.text

# Goes on below what the loader left on the screen.
# In: EAX store (STORE_*) of the console in place.
.global vga_init
vga_init:
    mov     [vga_store], eax
    mov     dword ptr [vga_cells], VGA_MEMORY
    mov     byte ptr [vga_attribute], VGA_ATTRIBUTE
    mov     edx, CRTC_INDEX
    mov     al, CRTC_CURSOR_HIGH
    out     dx, al
    inc     edx
    in      al, dx
    mov     ah, al
    dec     edx
    mov     al, CRTC_CURSOR_LOW
    out     dx, al
    inc     edx
    in      al, dx
    movzx   eax, ax
    cmp     eax, VGA_CELLS
    jae     vga_clear
    mov     [vga_cell], eax
    xor     edx, edx
    mov     ecx, VGA_COLUMNS
    div     ecx
    test    edx, edx
    jz      1f
    mov     al, 10
    call    vga_put
1:  ret

# An empty screen for a console that is not shown.
# In: EAX store (STORE_*) of the console in place.
.global vga_fresh
vga_fresh:
    mov     [vga_store], eax
    add     eax, STORE_CELLS
    mov     [vga_cells], eax
    mov     byte ptr [vga_attribute], VGA_ATTRIBUTE
    jmp     vga_clear

# The screen of the console in place goes from the card's memory to its store.
.global vga_leave
vga_leave:
    push    esi
    push    edi
    mov     esi, VGA_MEMORY
    mov     edi, [vga_store]
    add     edi, STORE_CELLS
    mov     [vga_cells], edi
    mov     ecx, VGA_CELLS / 2
    rep movsd
    pop     edi
    pop     esi
    ret

# And comes back.
.global vga_enter
vga_enter:
    push    esi
    push    edi
    mov     esi, [vga_cells]
    mov     edi, VGA_MEMORY
    mov     [vga_cells], edi
    mov     ecx, VGA_CELLS / 2
    rep movsd
    pop     edi
    pop     esi
    jmp     vga_show_cursor

# Clears the screen; the cursor goes to its upper left corner.
.global vga_clear
vga_clear:
    mov     dword ptr [vga_back], 0
    push    edi
    mov     edi, [vga_cells]
    mov     ecx, VGA_CELLS
    mov     eax, VGA_ATTRIBUTE << 8 | ' '
    rep stosw
    mov     [vga_cell], ecx
    mov     byte ptr [vga_wrapped], 0
    pop     edi
    jmp     vga_show_cursor

# Shows a character at the cursor, or does what a control character says: 8 left, 9 to the next multiple of 8 columns,
# 10 new line, 13 start of the line; others are not shown. The hardware cursor follows at vga_show_cursor only.
# In: AL character.
.global vga_put
vga_put:
    cmp     dword ptr [vga_back], 0
    je      1f
    push    eax
    call    vga_page_end
    pop     eax
1:  mov     edx, [vga_cell]
    CHECK   edx, b, VGA_CELLS, "vga_put: the cursor is beyond the screen"
    cmp     al, ' '
    jb      vga_control
    cmp     byte ptr [vga_outside], 0
    jne     vga_done
    mov     ah, [vga_attribute]
    mov     ecx, [vga_cells]
    mov     [ecx + edx*2], ax
    inc     edx
    mov     [vga_cell], edx
    call    vga_column
    mov     byte ptr [vga_wrapped], 0
    test    eax, eax
    jnz     vga_done
    mov     al, [vga_clips]
    test    al, al
    jnz     vga_leaves
    mov     byte ptr [vga_wrapped], 1   # a line feed right after a full line is the wrap that has just happened
vga_check_scroll:
    cmp     dword ptr [vga_cell], VGA_CELLS
    jae     vga_scroll
vga_done:
    ret
vga_leaves:
    dec     dword ptr [vga_cell]        # the last column stays the cursor's
    mov     [vga_outside], al
    ret

vga_control:
    mov     byte ptr [vga_outside], 0
    cmp     al, 10
    je      vga_line_feed
    cmp     al, 13
    je      vga_carriage_return
    cmp     al, 9
    je      vga_tabulator
    cmp     al, 8
    jne     vga_done
    call    vga_column
    cmp     eax, 1                      # stays in its row
    adc     dword ptr [vga_cell], -1
    ret

vga_line_feed:
    xor     eax, eax
    xchg    [vga_wrapped], al
    test    al, al
    jnz     vga_done
    call    vga_column
    sub     [vga_cell], eax
    add     dword ptr [vga_cell], VGA_COLUMNS
    jmp     vga_check_scroll

vga_carriage_return:
    mov     byte ptr [vga_wrapped], 0
    call    vga_column
    sub     [vga_cell], eax
    ret

vga_tabulator:
    mov     al, ' '
    call    vga_put
    cmp     byte ptr [vga_outside], 0
    jne     vga_done
    call    vga_column
    test    al, VGA_TAB - 1
    jnz     vga_tabulator
    ret

# Moves everything one row up; the first row is kept for vga_page.
vga_scroll:
    push    esi
    push    edi
    mov     eax, [vga_rows_gone]
    call    vga_kept_row
    mov     edi, eax
    mov     esi, [vga_cells]
    mov     ecx, VGA_ROW_BYTES / 4
    rep movsd
    inc     dword ptr [vga_rows_gone]
    mov     edi, [vga_cells]
    lea     esi, [edi + VGA_ROW_BYTES]
    mov     ecx, VGA_COLUMNS * (VGA_ROWS - 1) / 2
    rep movsd
    mov     eax, VGA_ATTRIBUTE << 8 | ' '
    mov     ecx, VGA_COLUMNS
    rep stosw
    sub     dword ptr [vga_cell], VGA_COLUMNS
    pop     edi
    pop     esi
    ret

# Where a row that left the screen is kept.
# In: EAX its number, from the first one that ever left.
# Out: EAX address.
# Clobbers: EAX only.
vga_kept_row:
    and     eax, BACK_ROWS - 1
    imul    eax, eax, VGA_ROW_BYTES
    add     eax, [vga_store]
    add     eax, STORE_KEPT
    ret

# Shows what has left the screen, or goes back towards its present. What is printed ends it.
# In: EAX rows to go up, negative to go down.
# Out: CF clear.
.global vga_page
vga_page:
    push    ebx
    push    esi
    push    edi
    mov     ecx, [vga_rows_gone]
    cmp     ecx, BACK_ROWS
    jbe     .Lvga_page_there
    mov     ecx, BACK_ROWS
.Lvga_page_there:
    mov     ebx, [vga_back]             # EBX: rows above the present
    add     ebx, eax
    jns     .Lvga_page_up
    xor     ebx, ebx
.Lvga_page_up:
    cmp     ebx, ecx
    jbe     .Lvga_page_bounded
    mov     ebx, ecx
.Lvga_page_bounded:
    test    ebx, ebx
    jz      .Lvga_page_present
    cmp     dword ptr [vga_back], 0
    jne     .Lvga_page_saved
    mov     esi, [vga_cells]
    mov     edi, [vga_store]
    add     edi, STORE_PRESENT
    mov     ecx, VGA_CELLS / 2
    rep movsd
.Lvga_page_saved:
    mov     [vga_back], ebx
    mov     edi, [vga_cells]
    xor     edx, edx                    # EDX: row of the screen
.Lvga_page_row:
    mov     eax, [vga_rows_gone]
    sub     eax, ebx
    add     eax, edx
    cmp     edx, ebx
    jae     .Lvga_page_below
    call    vga_kept_row
    mov     esi, eax
    jmp     .Lvga_page_copy
.Lvga_page_below:
    mov     eax, edx
    sub     eax, ebx
    imul    esi, eax, VGA_ROW_BYTES
    add     esi, [vga_store]
    add     esi, STORE_PRESENT
.Lvga_page_copy:
    mov     ecx, VGA_ROW_BYTES / 4
    rep movsd
    inc     edx
    cmp     edx, VGA_ROWS
    jb      .Lvga_page_row
    jmp     .Lvga_page_done
.Lvga_page_present:
    call    vga_page_end
.Lvga_page_done:
    pop     edi
    pop     esi
    pop     ebx
    clc
    ret

# Shows the present again, if something else is shown.
.global vga_page_end
vga_page_end:
    xor     eax, eax
    xchg    eax, [vga_back]
    test    eax, eax
    jz      1f
    push    esi
    push    edi
    mov     esi, [vga_store]
    add     esi, STORE_PRESENT
    mov     edi, [vga_cells]
    mov     ecx, VGA_CELLS / 2
    rep movsd
    pop     edi
    pop     esi
1:  ret

# Column of the cursor.
# Out: EAX column of the cursor, 0-79.
# Clobbers: EAX only.
vga_column:
    push    ecx
    push    edx
    mov     eax, [vga_cell]
    xor     edx, edx
    mov     ecx, VGA_COLUMNS
    div     ecx
    mov     eax, edx
    pop     edx
    pop     ecx
    ret

# Whether a row begins at the cursor.
# Out: ZF set when the cursor stands at the beginning of a row, and not because the row before is just full.
# Clobbers: EAX only.
.global vga_at_start
vga_at_start:
    call    vga_column
    or      al, [vga_wrapped]
    ret

# Moves the cursor. What is printed where the screen does not reach is not seen, until the next move or new line.
# In: EAX row, EDX column.
.global vga_move
vga_move:
    mov     byte ptr [vga_outside], 1
    cmp     eax, VGA_ROWS
    jae     vga_done
    cmp     edx, VGA_COLUMNS
    jae     vga_done
    mov     byte ptr [vga_outside], 0
    imul    eax, eax, VGA_COLUMNS
    add     eax, edx
    mov     [vga_cell], eax
    mov     byte ptr [vga_wrapped], 0
    ret

# What goes on beyond a row is not seen from now on, or goes to the next one.
# In: AL 1 or 0.
.global vga_clip
vga_clip:
    mov     [vga_clips], al
    mov     byte ptr [vga_outside], 0
    ret

# Where the cursor is.
# Out: EAX row, EDX column.
# Clobbers: ECX.
.global vga_place
vga_place:
    mov     eax, [vga_cell]
    xor     edx, edx
    mov     ecx, VGA_COLUMNS
    div     ecx
    ret

# Blanks cells, unless the cursor is where the screen does not reach.
# In: EDX the first one, ECX behind the last.
.global vga_erase
vga_erase:
    cmp     byte ptr [vga_outside], 0
    jne     1f
    push    edi
    sub     ecx, edx
    add     edx, edx
    add     edx, [vga_cells]
    mov     edi, edx
    mov     ah, [vga_attribute]
    mov     al, ' '
    rep stosw
    pop     edi
1:  ret

# Blanks the cells from the cursor to the end of its row.
.global vga_clear_line_end
vga_clear_line_end:
    push    edi
    call    vga_column
    mov     ecx, VGA_COLUMNS
    sub     ecx, eax
    mov     edi, [vga_cell]
    add     edi, edi
    add     edi, [vga_cells]
    mov     eax, VGA_ATTRIBUTE << 8 | ' '
    rep stosw
    pop     edi
    ret

# Copies the characters left of the cursor in its row.
# In: EAX buffer of 80 bytes.
# Out: EAX their number.
.global vga_row_text
vga_row_text:
    push    esi
    push    edi
    mov     edi, eax
    call    vga_column
    mov     ecx, eax
    mov     esi, [vga_cell]
    sub     esi, eax
    add     esi, esi
    add     esi, [vga_cells]
    push    eax
    jecxz   2f
1:  lodsw
    stosb
    dec     ecx
    jnz     1b
2:  pop     eax
    pop     edi
    pop     esi
    ret

# Puts the hardware cursor where the next character goes, if the console in place is shown.
.global vga_show_cursor
vga_show_cursor:
    cmp     dword ptr [vga_cells], VGA_MEMORY
    jne     1f
    mov     ecx, [vga_cell]
    mov     edx, CRTC_INDEX
    mov     al, CRTC_CURSOR_HIGH
    mov     ah, ch
    out     dx, ax
    mov     al, CRTC_CURSOR_LOW
    mov     ah, cl
    out     dx, ax
1:  ret

.section .bss.console, "aw", @nobits
.balign 4
vga_store:      .space 4                    # STORE_*
vga_cells:      .space 4                    # address of the screen: the card's, or in the store
vga_back:       .space 4                    # rows above the present that are shown, 0: the present
vga_rows_gone:  .space 4                    # that have ever left the screen
vga_cell:       .space 4                    # cell of the cursor, 0 to 1999
.global vga_attribute
vga_attribute:  .space 1                    # colours of new characters: background << 4 | foreground
vga_wrapped:    .space 1                    # 1: the last character filled its row
vga_clips:      .space 1                    # 1: rows end at the edge
vga_outside:    .space 1                    # 1: the cursor is beyond it
