# What the editor shows: a frame is made in memory, and what differs from the screen is printed, so that a serial line
# gets little.

.include "macros.inc"
.include "edit.inc"

EDIT_ATTRIBUTE      = 0x07
STATUS_ATTRIBUTE    = 0x70

.text

# Makes the frame as large as the terminal; what it shows is not known then.
# In: EBX editor.
# Out: CF and EAX error without memory; the frame stays what it was.
.global edit_layout
edit_layout:
    push    esi
    push    edi
    call    terminal_size
    mov     esi, eax
    mov     edi, edx
    imul    eax, edx
    push    eax
    add     eax, eax
    call    malloc
    pop     edx
    jc      1f
    lea     ecx, [eax + edx]
    mov     [ebx + EDIT_SHOWN], ecx
    mov     [ebx + EDIT_CELLS], edx
    sub     edx, edi
    mov     [ebx + EDIT_STATUS_AT], edx
    mov     [ebx + EDIT_COLUMNS], edi
    dec     esi
    mov     [ebx + EDIT_ROWS], esi
    xchg    eax, [ebx + EDIT_FRAME]
    test    eax, eax
    jz      1f                          # TEST cleared CF
    call    mfree
    clc
1:  pop     edi
    pop     esi
    ret

# Brings the screen up to date.
# In: EBX editor.
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
    cmp     esi, [ebx + EDIT_ROWS]
    jbe     1b
    pushfd
    call    console_begin
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
    cmp     eax, [ebx + EDIT_ROWS]
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
    inc     edx
    cmp     edx, [ebx + EDIT_COLUMNS]
    jb      4f
3:  mov     edx, [ebx + EDIT_COLUMNS]
    shr     edx, 1
    sub     eax, edx                    # it stands in the middle then
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
    mov     edi, [ebx + EDIT_FRAME]
    mov     al, ' '
    mov     ecx, [ebx + EDIT_CELLS]
    rep stosb
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
    mov     edx, [ebx + EDIT_FRAME]
    mov     byte ptr [edx + ebp], '~'
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
    cmp     edx, [ebx + EDIT_COLUMNS]
    jae     .Ledit_frame_put_done       # also what is left of the window
    mov     ecx, [ebx + EDIT_FRAME]
    add     ecx, ebp
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
    add     ebp, [ebx + EDIT_COLUMNS]
    cmp     ebp, [ebx + EDIT_STATUS_AT]
    jb      .Ledit_frame_row
    pop     ebp
    ret

# Makes the last row: path, place, and what the keys do, or a message.
# In: EBX editor.
edit_status:
    FRAME   EDIT_STATUS_BYTES
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
    lea     esi, [ebp - EDIT_STATUS_BYTES]
    mov     edi, [ebx + EDIT_PATH]
    SNPRINTF esi, EDIT_STATUS_BYTES, "%s%s  %u:%u  ^S save ^Q end ^F find ^K cut ^U paste", edi, ecx, edx, eax
.Ledit_status_message:
    mov     edi, [ebx + EDIT_FRAME]
    add     edi, [ebx + EDIT_STATUS_AT]
    mov     ecx, [ebx + EDIT_COLUMNS]
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
    ENDFRAME
    ret

# Prints what differs in a row.
# In: EBX editor, ESI row.
# Clobbers: EDI too.
edit_show_row:
    push    esi
    push    ebp
    mov     edi, [ebx + EDIT_COLUMNS]
    mov     ecx, edi                    # the last cell of a row is left alone: some terminals would scroll
    dec     ecx
    imul    edi, esi
    add     edi, [ebx + EDIT_FRAME]     # EDI: row of the frame, EBP: of what is shown
    mov     ebp, edi
    sub     ebp, [ebx + EDIT_FRAME]
    add     ebp, [ebx + EDIT_SHOWN]
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
    pushfd
    push    ecx                         # [ESP]: behind the last one
    push    eax
    call    console_begin               # a piece for each row: keys are taken between them
    mov     eax, [esp]
    mov     edx, esi
    call    console_move
    pop     eax
    cmp     eax, [ebx + EDIT_ROWS]
    jne     .Ledit_show_row_put
    mov     al, STATUS_ATTRIBUTE
    call    console_color
    LOAD_STRING eax, "\033[7m"
    call    console_terminal
.Ledit_show_row_put:
    mov     al, [edi + esi]
    mov     [ebp + esi], al
    call    console_put
    inc     esi
    cmp     esi, [esp]
    jb      .Ledit_show_row_put
    pop     ecx
    mov     al, EDIT_ATTRIBUTE
    call    console_color
    cmp     al, STATUS_ATTRIBUTE
    jne     .Ledit_show_row_end
    LOAD_STRING eax, "\033[m"
    call    console_terminal
.Ledit_show_row_end:
    call    console_end
    popfd
.Ledit_show_row_done:
    pop     ebp
    pop     esi
    ret

.section .rodata
edit_nothing:
    .asciz  ""
