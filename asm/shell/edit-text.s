# The editor's text: lines and columns, inserting and removing, finding.

.include "macros.inc"
.include "edit.inc"

.text

# Where the line of a byte begins.
# In: EBX editor, EAX byte.
# Out: EAX its first byte.
# Clobbers: EDX only.
.global edit_line_start
edit_line_start:
    mov     edx, [ebx + EDIT_TEXT]
1:  test    eax, eax
    jz      2f
    cmp     byte ptr [edx + eax - 1], 10
    je      2f
    dec     eax
    jmp     1b
2:  ret

# Where the line of a byte ends.
# In: EBX editor, EAX byte.
# Out: EAX the byte of its line end, or of the end of the text; CF when it is the end of the text.
# Clobbers: EDX only.
.global edit_line_end
edit_line_end:
    mov     edx, [ebx + EDIT_TEXT]
1:  cmp     eax, [ebx + EDIT_BYTES]
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
# In: EBX editor, EAX byte.
# Out: EAX column.
.global edit_column
edit_column:
    push    esi
    mov     esi, eax
    call    edit_line_start
    mov     edx, [ebx + EDIT_TEXT]
    xor     ecx, ecx
1:  cmp     eax, esi
    jae     3f
    cmp     byte ptr [edx + eax], 9
    jne     2f
    or      ecx, EDIT_TAB - 1
2:  inc     ecx
    inc     eax
    jmp     1b
3:  mov     eax, ecx
    pop     esi
    ret

# The byte of a line at a column, or its end if it is shorter.
# In: EBX editor, EAX first byte of the line, EDX column.
# Out: EAX byte.
.global edit_at_column
edit_at_column:
    push    esi
    push    edi
    mov     esi, [ebx + EDIT_TEXT]
    mov     edi, edx
    xor     ecx, ecx
1:  cmp     eax, [ebx + EDIT_BYTES]
    jae     3f
    mov     dl, [esi + eax]
    cmp     dl, 10
    je      3f
    cmp     dl, 9
    jne     2f
    or      ecx, EDIT_TAB - 1
2:  inc     ecx
    cmp     ecx, edi
    ja      3f
    inc     eax
    jmp     1b
3:  pop     edi
    pop     esi
    ret

# Inserts bytes at the cursor, which goes after them. Says so when there is no room.
# In: EBX editor, ESI bytes, ECX how many.
.global edit_insert
edit_insert:
    push    edi
    mov     edi, ecx
    mov     eax, [ebx + EDIT_BYTES]
    add     eax, edi
    cmp     eax, [ebx + EDIT_ROOM]
    ja      1f
    mov     edx, [ebx + EDIT_TEXT]
    add     edx, [ebx + EDIT_CURSOR]
    mov     ecx, [ebx + EDIT_BYTES]
    sub     ecx, [ebx + EDIT_CURSOR]
    lea     eax, [edx + edi]
    call    mem_move
    mov     eax, [ebx + EDIT_TEXT]
    add     eax, [ebx + EDIT_CURSOR]
    mov     edx, esi
    mov     ecx, edi
    call    mem_copy
    add     [ebx + EDIT_BYTES], edi
    add     [ebx + EDIT_CURSOR], edi
    mov     dword ptr [ebx + EDIT_CHANGED], 1
    pop     edi
    ret
1:  LOAD_STRING eax, "there is no room for more text"
    mov     [ebx + EDIT_MESSAGE], eax
    pop     edi
    ret

# Removes bytes at the cursor.
# In: EBX editor, ECX how many; so many are there.
.global edit_remove
edit_remove:
    jecxz   1f
    mov     eax, [ebx + EDIT_TEXT]
    add     eax, [ebx + EDIT_CURSOR]
    lea     edx, [eax + ecx]
    sub     [ebx + EDIT_BYTES], ecx
    mov     ecx, [ebx + EDIT_BYTES]
    sub     ecx, [ebx + EDIT_CURSOR]
    call    mem_copy
    mov     dword ptr [ebx + EDIT_CHANGED], 1
1:  ret

# Looks for the text EDIT_FIND after the cursor, then from the beginning; the cursor goes there.
# In: EBX editor.
.global edit_find
edit_find:
    push    esi
    push    edi
    mov     edi, [ebx + EDIT_BYTES]     # EDI: places left to look at
    mov     esi, [ebx + EDIT_CURSOR]
.Ledit_find_next:
    sub     edi, 1
    jb      .Ledit_find_none
    inc     esi
    cmp     esi, [ebx + EDIT_BYTES]
    jb      .Ledit_find_look
    xor     esi, esi
.Ledit_find_look:
    mov     ecx, [ebx + EDIT_FIND_LENGTH]
    mov     eax, [ebx + EDIT_BYTES]
    sub     eax, esi
    cmp     eax, ecx
    jb      .Ledit_find_next
    push    esi
    push    edi
    add     esi, [ebx + EDIT_TEXT]
    lea     edi, [ebx + EDIT_FIND]
    cmp     eax, eax                    # ZF, for no bytes
    repe cmpsb
    pop     edi
    pop     esi
    jne     .Ledit_find_next
    mov     [ebx + EDIT_CURSOR], esi
    jmp     .Ledit_find_done
.Ledit_find_none:
    LOAD_STRING eax, "it is not in the text"
    mov     [ebx + EDIT_MESSAGE], eax
.Ledit_find_done:
    pop     edi
    pop     esi
    ret
