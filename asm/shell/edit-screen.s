# What the editor shows: a frame is made in memory, and what differs from the screen is printed, so that a serial line
# gets little.

.include "macros.inc"
.include "edit.inc"

EDIT_ATTRIBUTE      = 0x07
STATUS_ATTRIBUTE    = 0x70
STATUS_AT           = EDIT_ROWS * EDIT_COLUMNS
STATUS_COLUMNS      = EDIT_COLUMNS - 1      # the last cell is left alone: some terminals would scroll

.text

# Brings the screen up to date.
# In: EBX editor.
.global edit_show
edit_show:
    push    esi
    push    edi
    call    edit_scroll
    call    edit_frame
    call    edit_status
    pushfd
    call    console_begin
    xor     esi, esi                    # ESI: row
1:  call    edit_show_row
    inc     esi
    cmp     esi, EDIT_ROWS + 1
    jb      1b
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_column
    sub     eax, [ebx + EDIT_LEFT]
    push    eax
    call    edit_row
    pop     edx
    call    console_move
    call    console_end
    popfd
    pop     edi
    pop     esi
    ret

# The row of the cursor.
# In: EBX editor.
# Out: EAX row.
edit_row:
    push    esi
    mov     eax, [ebx + EDIT_TOP]
    xor     esi, esi
1:  call    edit_line_end
    cmp     eax, [ebx + EDIT_CURSOR]
    jae     2f
    inc     eax
    inc     esi
    jmp     1b
2:  mov     eax, esi
    pop     esi
    ret

# Moves the window so that the cursor is in it.
# In: EBX editor.
edit_scroll:
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_line_start
    cmp     eax, [ebx + EDIT_TOP]
    jae     1f
    mov     [ebx + EDIT_TOP], eax
1:  call    edit_row
    cmp     eax, EDIT_ROWS
    jb      2f
    mov     eax, [ebx + EDIT_TOP]
    call    edit_line_end
    inc     eax
    mov     [ebx + EDIT_TOP], eax
    jmp     1b
2:  mov     eax, [ebx + EDIT_CURSOR]
    call    edit_column
    mov     edx, eax
    sub     edx, [ebx + EDIT_LEFT]
    jb      3f
    cmp     edx, EDIT_COLUMNS - 1
    jb      4f
3:  sub     eax, EDIT_COLUMNS / 2       # it stands in the middle then
    cmc
    sbb     edx, edx
    and     eax, edx
    mov     [ebx + EDIT_LEFT], eax
4:  ret

# Makes the rows of text.
# In: EBX editor.
# Clobbers: ESI, EDI too.
edit_frame:
    push    ebp
    lea     edi, [ebx + EDIT_FRAME]
    mov     eax, 0x20202020
    mov     ecx, EDIT_CELLS / 4
    rep stosd
    mov     esi, [ebx + EDIT_TOP]
    xor     ebp, ebp                    # EBP: cell where the row begins
.Ledit_frame_row:
    mov     edx, [ebx + EDIT_LEFT]
    neg     edx                         # EDX: column in the window
    cmp     esi, [ebx + EDIT_BYTES]
    jb      .Ledit_frame_character
    ja      .Ledit_frame_beyond
    test    esi, esi
    jz      .Ledit_frame_character
    mov     eax, [ebx + EDIT_TEXT]
    cmp     byte ptr [eax + esi - 1], 10
    je      .Ledit_frame_character      # an empty last line
.Ledit_frame_beyond:
    mov     byte ptr [ebx + EDIT_FRAME + ebp], '~'
    jmp     .Ledit_frame_next
.Ledit_frame_character:
    cmp     esi, [ebx + EDIT_BYTES]
    jae     .Ledit_frame_end
    mov     eax, [ebx + EDIT_TEXT]
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
    cmp     edx, EDIT_COLUMNS
    jae     .Ledit_frame_put_done       # also what is left of the window
    lea     ecx, [ebx + EDIT_FRAME + ebp]
    mov     [ecx + edx], al
.Ledit_frame_put_done:
    inc     edx
    jmp     .Ledit_frame_character
.Ledit_frame_tab:
    mov     eax, edx
    add     eax, [ebx + EDIT_LEFT]
    or      eax, EDIT_TAB - 1
    inc     eax
    sub     eax, [ebx + EDIT_LEFT]
    mov     edx, eax
    jmp     .Ledit_frame_character
.Ledit_frame_end:
    inc     esi                         # behind the end: no more lines
.Ledit_frame_next:
    add     ebp, EDIT_COLUMNS
    cmp     ebp, STATUS_AT
    jb      .Ledit_frame_row
    pop     ebp
    ret

# Makes the last row: path, place, and what the keys do, or a message.
# In: EBX editor.
edit_status:
    FRAME   EDIT_COLUMNS + 4
    push    esi
    push    edi
    mov     esi, [ebx + EDIT_MESSAGE]
    test    esi, esi
    jnz     .Ledit_status_message
    mov     edx, 1                      # EDX: number of the line
    mov     ecx, [ebx + EDIT_CURSOR]
    mov     esi, [ebx + EDIT_TEXT]
.Ledit_status_count:
    jecxz   .Ledit_status_counted
    cmp     byte ptr [esi + ecx - 1], 10
    jne     .Ledit_status_other
    inc     edx
.Ledit_status_other:
    dec     ecx
    jmp     .Ledit_status_count
.Ledit_status_counted:
    push    edx
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_column
    inc     eax
    pop     edx
    mov     ecx, offset edit_nothing
    cmp     dword ptr [ebx + EDIT_CHANGED], 0
    je      .Ledit_status_same
    LOAD_STRING ecx, " (changed)"
.Ledit_status_same:
    lea     esi, [ebp - EDIT_COLUMNS]
    mov     edi, [ebx + EDIT_PATH]
    SNPRINTF esi, STATUS_COLUMNS, "%s%s  %u:%u  ^S save ^Q end ^F find ^K cut ^U paste", edi, ecx, edx, eax
.Ledit_status_message:
    lea     edi, [ebx + EDIT_FRAME + STATUS_AT]
    mov     ecx, STATUS_COLUMNS
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
    ENDFRAME
    ret

# Prints what differs in a row.
# In: EBX editor, ESI row; within console_begin and console_end.
# Clobbers: EDI too.
edit_show_row:
    push    esi
    push    ebp
    imul    edi, esi, EDIT_COLUMNS
    lea     edi, [ebx + edi]            # EDI: row, relative to EDIT_FRAME and EDIT_SHOWN
    mov     ecx, STATUS_COLUMNS
    xor     edx, edx                    # EDX: first column that differs
.Ledit_show_row_first:
    mov     al, [edi + EDIT_FRAME + edx]
    cmp     al, [edi + EDIT_SHOWN + edx]
    jne     .Ledit_show_row_last
    inc     edx
    cmp     edx, ecx
    jb      .Ledit_show_row_first
    jmp     .Ledit_show_row_done
.Ledit_show_row_last:
    mov     al, [edi + EDIT_FRAME + ecx - 1]
    cmp     al, [edi + EDIT_SHOWN + ecx - 1]
    jne     .Ledit_show_row_print
    dec     ecx
    jmp     .Ledit_show_row_last
.Ledit_show_row_print:
    mov     ebp, ecx                    # EBP: behind the last one
    mov     eax, esi
    mov     esi, edx
    push    eax
    call    console_move
    pop     eax
    cmp     eax, EDIT_ROWS
    jne     .Ledit_show_row_put
    mov     al, STATUS_ATTRIBUTE
    call    console_color
    LOAD_STRING eax, "\033[7m"
    call    console_terminal
.Ledit_show_row_put:
    mov     al, [edi + EDIT_FRAME + esi]
    mov     [edi + EDIT_SHOWN + esi], al
    call    console_put
    inc     esi
    cmp     esi, ebp
    jb      .Ledit_show_row_put
    mov     al, EDIT_ATTRIBUTE
    call    console_color
    cmp     al, STATUS_ATTRIBUTE
    jne     .Ledit_show_row_done
    LOAD_STRING eax, "\033[m"
    call    console_terminal
.Ledit_show_row_done:
    pop     ebp
    pop     esi
    ret

.section .rodata
edit_nothing:
    .asciz  ""
