# What the editor shows: a frame is made in memory, and what differs from the screen is printed, so that a serial line
# gets little.

.include "edit.inc"

.text

# Makes the frame as large as the terminal; what it shows is not known then.
# Out: CF and EAX negated error code without memory; the frame stays what it was.
.global edit_layout
edit_layout:
    push    ebx
    SYSTEM  terminal, "offset terminal_rows", 0
    mov     ebx, [terminal_rows]
    imul    ebx, [terminal_columns]
    push    ebx
    add     ebx, ebx
    SYSTEM  memory_map, ebx
    pop     edx                         # EDX: cells
    cmp     eax, -ERROR_COUNT
    cmc
    jc      2f
    xchg    eax, [edit_wanted]
    mov     ebx, eax
    mov     eax, [edit_wanted]
    add     eax, edx
    mov     [edit_shown], eax
    mov     [edit_cells], edx
    mov     eax, [terminal_columns]
    mov     [edit_columns], eax
    sub     edx, eax
    mov     [edit_status_at], edx
    mov     eax, [terminal_rows]
    dec     eax
    mov     [edit_rows], eax
    test    ebx, ebx
    jz      1f
    SYSTEM  memory_unmap, ebx
1:  clc
2:  pop     ebx
    ret

# Empties the screen; what it shows is blank from then on.
.global edit_blank
edit_blank:
    push    edi
    mov     edi, [edit_shown]
    mov     al, ' '
    mov     ecx, [edit_cells]
    rep stosb
    pop     edi
    mov     eax, offset text_blank
    jmp     out_text

# Brings the screen up to date.
.global edit_show
edit_show:
    push    esi
    push    edi
    call    edit_scroll
    call    edit_frame
    call    edit_status
    xor     esi, esi                    # ESI: row
1:  call    edit_show_row
    inc     esi
    cmp     esi, [edit_rows]
    jbe     1b
    mov     eax, [edit_cursor]
    call    edit_column
    sub     eax, [edit_left_column]
    push    eax
    call    edit_row
    pop     edx
    call    move_to
    call    out_flush
    pop     edi
    pop     esi
    ret

# Moves the terminal's cursor.
# In: EAX row, EDX column, from 0.
move_to:
    push    edx
    push    eax
    mov     eax, offset text_sequence
    call    out_text
    pop     eax
    inc     eax
    xor     edx, edx
    call    out_number
    mov     al, ';'
    call    out_byte
    pop     eax
    inc     eax
    xor     edx, edx
    call    out_number
    mov     al, 'H'
    jmp     out_byte

# The row of the cursor.
# Out: EAX row.
edit_row:
    push    esi
    mov     eax, [edit_top]
    xor     esi, esi
1:  call    edit_line_end
    cmp     eax, [edit_cursor]
    jae     2f
    inc     eax
    inc     esi
    jmp     1b
2:  mov     eax, esi
    pop     esi
    ret

# Moves the window so that the cursor is in it.
edit_scroll:
    mov     eax, [edit_cursor]
    call    edit_line_start
    cmp     eax, [edit_top]
    jae     1f
    mov     [edit_top], eax
1:  call    edit_row
    cmp     eax, [edit_rows]
    jb      2f
    mov     eax, [edit_top]
    call    edit_line_end
    inc     eax
    mov     [edit_top], eax
    jmp     1b
2:  mov     eax, [edit_cursor]
    call    edit_column
    mov     edx, eax
    sub     edx, [edit_left_column]
    jb      3f
    inc     edx
    cmp     edx, [edit_columns]
    jb      4f
3:  mov     edx, [edit_columns]
    shr     edx, 1
    sub     eax, edx                    # it stands in the middle then
    cmc
    sbb     edx, edx
    and     eax, edx
    mov     [edit_left_column], eax
4:  ret

# Makes the rows of text.
# Clobbers: ESI, EDI too.
edit_frame:
    push    ebp
    mov     edi, [edit_wanted]
    mov     al, ' '
    mov     ecx, [edit_cells]
    rep stosb
    mov     esi, [edit_top]
    xor     ebp, ebp                    # EBP: cell where the row begins
.Ledit_frame_row:
    mov     edx, [edit_left_column]
    neg     edx                         # EDX: column in the window
    cmp     esi, [edit_bytes]
    jb      .Ledit_frame_character
    ja      .Ledit_frame_beyond
    test    esi, esi
    jz      .Ledit_frame_character
    mov     eax, [edit_text]
    cmp     byte ptr [eax + esi - 1], 10
    je      .Ledit_frame_character      # an empty last line
.Ledit_frame_beyond:
    mov     edx, [edit_wanted]
    mov     byte ptr [edx + ebp], '~'
    jmp     .Ledit_frame_next
.Ledit_frame_character:
    cmp     esi, [edit_bytes]
    jae     .Ledit_frame_end
    mov     eax, [edit_text]
    mov     al, [eax + esi]
    inc     esi
    cmp     al, 10
    je      .Ledit_frame_next
    cmp     al, 9
    je      .Ledit_frame_tab
    cmp     al, ' '
    jb      .Ledit_frame_hidden
    cmp     al, 126
    jbe     .Ledit_frame_put
.Ledit_frame_hidden:
    mov     al, '.'
.Ledit_frame_put:
    cmp     edx, [edit_columns]
    jae     .Ledit_frame_put_done       # also what is left of the window
    mov     ecx, [edit_wanted]
    add     ecx, ebp
    mov     [ecx + edx], al
.Ledit_frame_put_done:
    inc     edx
    jmp     .Ledit_frame_character
.Ledit_frame_tab:
    mov     eax, edx
    add     eax, [edit_left_column]
    or      eax, TAB - 1
    inc     eax
    sub     eax, [edit_left_column]
    mov     edx, eax
    jmp     .Ledit_frame_character
.Ledit_frame_end:
    inc     esi                         # behind the end: no more lines
.Ledit_frame_next:
    add     ebp, [edit_columns]
    cmp     ebp, [edit_status_at]
    jb      .Ledit_frame_row
    pop     ebp
    ret

# Makes the last row: path, place, and what the keys do, or a message.
edit_status:
    push    esi
    push    edi
    mov     esi, [edit_message]
    test    esi, esi
    jnz     .Ledit_status_message
    mov     edi, 1                      # EDI: number of the line
    mov     ecx, [edit_cursor]
    mov     esi, [edit_text]
.Ledit_status_count:
    jecxz   .Ledit_status_counted
    cmp     byte ptr [esi + ecx - 1], 10
    jne     .Ledit_status_other
    inc     edi
.Ledit_status_other:
    dec     ecx
    jmp     .Ledit_status_count
.Ledit_status_counted:
    mov     eax, [edit_path]
    call    edit_status_begin
    mov     dword ptr [edit_message], 0 # only shown while nothing else is said
    mov     eax, offset text_gap
    cmp     dword ptr [edit_changed], 0
    je      .Ledit_status_same
    mov     eax, offset text_changed
.Ledit_status_same:
    call    edit_status_add
    mov     eax, edi
    call    edit_status_number
    mov     eax, offset text_colon
    call    edit_status_add
    mov     eax, [edit_cursor]
    call    edit_column
    inc     eax
    call    edit_status_number
    mov     eax, offset text_keys
    call    edit_status_add
    mov     esi, offset edit_status_text
.Ledit_status_message:
    mov     edi, [edit_wanted]
    add     edi, [edit_status_at]
    mov     ecx, [edit_columns]
    dec     ecx
.Ledit_status_copy:
    lodsb
    test    al, al
    jz      .Ledit_status_done
    stosb
    dec     ecx
    jnz     .Ledit_status_copy
.Ledit_status_done:
    pop     edi
    pop     esi
    ret

# Adds a number to what the last row says.
# In: EAX number.
edit_status_number:
    sub     esp, 16
    lea     edx, [esp + 15]
    mov     byte ptr [edx], 0
    mov     cl, 10
    call    text_digits
    call    edit_status_add
    add     esp, 16
    ret

# Begins what the last row says, as a message.
# In: EAX text.
.global edit_status_begin
edit_status_begin:
    mov     ecx, offset edit_status_text
    mov     [edit_message], ecx
    mov     [edit_status_end], ecx

# Adds text to what the last row says.
# In: EAX text.
.global edit_status_add
edit_status_add:
    mov     ecx, [edit_status_end]
1:  mov     dl, [eax]
    mov     [ecx], dl
    inc     eax
    cmp     ecx, offset edit_status_text + STATUS_BYTES - 1
    adc     ecx, 0                      # it does not go beyond the last byte
    test    dl, dl
    jnz     1b
    dec     ecx
    mov     [edit_status_end], ecx
    mov     [ecx], dl
    ret

# Prints what differs in a row.
# In: ESI row.
# Clobbers: EDI too.
edit_show_row:
    push    esi
    push    ebp
    mov     edi, [edit_columns]
    mov     ecx, edi                    # the last cell of a row is left alone: some terminals would scroll
    dec     ecx
    imul    edi, esi
    add     edi, [edit_wanted]          # EDI: row of the frame, EBP: of what is shown
    mov     ebp, edi
    sub     ebp, [edit_wanted]
    add     ebp, [edit_shown]
    xor     edx, edx                    # EDX: first column that differs
.Ledit_show_row_first:
    mov     al, [edi + edx]
    cmp     al, [ebp + edx]
    jne     .Ledit_show_row_last
    inc     edx
    cmp     edx, ecx
    jb      .Ledit_show_row_first
    jmp     .Ledit_show_row_done
.Ledit_show_row_last:
    mov     al, [edi + ecx - 1]
    cmp     al, [ebp + ecx - 1]
    jne     .Ledit_show_row_print
    dec     ecx
    jmp     .Ledit_show_row_last
.Ledit_show_row_print:
    mov     eax, esi
    mov     esi, edx
    push    ecx                         # [ESP]: behind the last one
    push    eax
    call    move_to
    pop     eax
    cmp     eax, [edit_rows]
    jne     .Ledit_show_row_put
    mov     eax, offset text_reversed
    call    out_text
.Ledit_show_row_put:
    mov     al, [edi + esi]
    mov     [ebp + esi], al
    call    out_byte
    inc     esi
    cmp     esi, [esp]
    jb      .Ledit_show_row_put
    pop     ecx
    mov     eax, offset text_plain
    call    out_text
.Ledit_show_row_done:
    pop     ebp
    pop     esi
    ret

.section .rodata
text_sequence:      .asciz "\033["
text_blank:         .asciz "\033[m\033[H\033[2J"
text_reversed:      .asciz "\033[7m"
text_plain:         .asciz "\033[m"
text_gap:           .asciz "  "
text_changed:       .asciz " (changed)  "
text_colon:         .asciz ":"
text_keys:          .asciz "  ^S save ^Q end ^F find ^K cut ^U paste"

.bss
.balign 4
terminal_rows:      .space 4        # what the system call says
terminal_columns:   .space 4
edit_left_column:   .space 4        # first column that is shown
edit_top:           .space 4        # first byte that is shown; a line begins there
edit_columns:       .space 4        # of the terminal
edit_status_at:     .space 4        # cell where the last row begins
edit_cells:         .space 4        # of the terminal
edit_wanted:        .space 4        # address of the characters that should be on the screen, or 0
edit_shown:         .space 4        # and of those that are; 0: not known
edit_status_end:    .space 4        # end of what the last row says
.global edit_rows
edit_rows:          .space 4        # of text; the last row is below them
.global edit_message
edit_message:       .space 4        # text for the last row, or 0
.global edit_status_text
edit_status_text:   .space STATUS_BYTES
