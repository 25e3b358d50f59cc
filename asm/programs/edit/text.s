# The editor's text: lines and columns, inserting and removing, finding.

.include "edit.inc"

.text

# Where the line of a byte begins.
# In: EAX byte.
# Out: EAX its first byte.
# Clobbers: EDX only.
.global edit_line_start
edit_line_start:
    mov     edx, [edit_text]
1:  test    eax, eax
    jz      2f
    cmp     byte ptr [edx + eax - 1], 10
    je      2f
    dec     eax
    jmp     1b
2:  ret

# Where the line of a byte ends.
# In: EAX byte.
# Out: EAX the byte of its line end, or of the end of the text; CF when it is the end of the text.
# Clobbers: EDX only.
.global edit_line_end
edit_line_end:
    mov     edx, [edit_text]
1:  cmp     eax, [edit_bytes]
    jae     2f
    cmp     byte ptr [edx + eax], 10
    je      3f
    inc     eax
    jmp     1b
2:  stc
    ret
3:  clc
    ret

# The column of a byte.
# In: EAX byte.
# Out: EAX column.
.global edit_column
edit_column:
    push    esi
    mov     esi, eax
    call    edit_line_start
    mov     edx, [edit_text]
    xor     ecx, ecx
1:  cmp     eax, esi
    jae     3f
    cmp     byte ptr [edx + eax], 9
    jne     2f
    or      ecx, TAB - 1
2:  inc     ecx
    inc     eax
    jmp     1b
3:  mov     eax, ecx
    pop     esi
    ret

# The byte of a line at a column, or its end if it is shorter.
# In: EAX first byte of the line, EDX column.
# Out: EAX byte.
.global edit_at_column
edit_at_column:
    push    esi
    push    edi
    mov     esi, [edit_text]
    mov     edi, edx
    xor     ecx, ecx
1:  cmp     eax, [edit_bytes]
    jae     3f
    mov     dl, [esi + eax]
    cmp     dl, 10
    je      3f
    cmp     dl, 9
    jne     2f
    or      ecx, TAB - 1
2:  inc     ecx
    cmp     ecx, edi
    ja      3f
    inc     eax
    jmp     1b
3:  pop     edi
    pop     esi
    ret

# Inserts bytes at the cursor, which goes after them. Says so when there is no room.
# In: ESI bytes, ECX how many.
.global edit_insert
edit_insert:
    push    esi
    push    edi
    mov     edx, ecx
    mov     eax, [edit_bytes]
    add     eax, edx
    cmp     eax, [edit_room]
    ja      1f
    push    esi
    mov     ecx, [edit_bytes]
    mov     esi, [edit_text]
    lea     esi, [esi + ecx - 1]        # what follows goes out of the way, its end first
    sub     ecx, [edit_cursor]
    lea     edi, [esi + edx]
    std
    rep movsb
    cld
    pop     esi
    mov     edi, [edit_text]
    add     edi, [edit_cursor]
    mov     ecx, edx
    rep movsb
    add     [edit_bytes], edx
    add     [edit_cursor], edx
    mov     dword ptr [edit_changed], 1
    jmp     2f
1:  mov     dword ptr [edit_message], offset text_no_room
2:  pop     edi
    pop     esi
    ret

# Removes bytes at the cursor.
# In: ECX how many; so many are there.
.global edit_remove
edit_remove:
    jecxz   1f
    push    esi
    push    edi
    mov     edi, [edit_text]
    add     edi, [edit_cursor]
    lea     esi, [edi + ecx]
    sub     [edit_bytes], ecx
    mov     ecx, [edit_bytes]
    sub     ecx, [edit_cursor]
    rep movsb
    mov     dword ptr [edit_changed], 1
    pop     edi
    pop     esi
1:  ret

# Looks for what is sought after the cursor, then from the beginning; the cursor goes there.
.global edit_find
edit_find:
    push    esi
    push    edi
    mov     edi, [edit_bytes]     # EDI: places left to look at
    mov     esi, [edit_cursor]
.Ledit_find_next:
    sub     edi, 1
    jb      .Ledit_find_none
    inc     esi
    cmp     esi, [edit_bytes]
    jb      .Ledit_find_look
    xor     esi, esi
.Ledit_find_look:
    mov     ecx, [edit_sought_bytes]
    mov     eax, [edit_bytes]
    sub     eax, esi
    cmp     eax, ecx
    jb      .Ledit_find_next
    push    esi
    push    edi
    add     esi, [edit_text]
    mov     edi, offset edit_sought
    cmp     eax, eax                    # ZF, for no bytes
    repe cmpsb
    pop     edi
    pop     esi
    jne     .Ledit_find_next
    mov     [edit_cursor], esi
    jmp     .Ledit_find_done
.Ledit_find_none:
    mov     dword ptr [edit_message], offset text_not_found
.Ledit_find_done:
    pop     edi
    pop     esi
    ret

.section .rodata
text_no_room:       .asciz "there is no room for more text"
text_not_found:     .asciz "it is not in the text"

.bss
.balign 4
.global edit_text
edit_text:          .space 4        # address
.global edit_bytes
edit_bytes:         .space 4
.global edit_room
edit_room:          .space 4        # bytes that it may have
.global edit_cursor
edit_cursor:        .space 4        # byte before which the cursor stands
.global edit_changed
edit_changed:       .space 4        # 1: it differs from the file
.global edit_sought_bytes
edit_sought_bytes:  .space 4        # of the text to find
.global edit_sought
edit_sought:        .space SOUGHT_BYTES
