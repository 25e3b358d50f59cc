# The rows of an HTTP request after its first: fields and what they say (RFC 9110, 5).

.include "macros.inc"

.text

# Finds a field. Its name may be written in any case.
# In: EAX rows, NUL terminated, EDX name in lower case with its colon.
# Out: EAX value, up to the end of its row; CF when there is none.
.global http_field
http_field:
    push    esi
    push    edi
    mov     esi, eax
1:  lodsb
    test    al, al
    jz      .Lhttp_field_none
    cmp     al, 10
    jne     1b
    mov     eax, esi
    call    http_word
    jne     1b
    mov     eax, edi
2:  cmp     byte ptr [eax], ' '
    je      3f
    cmp     byte ptr [eax], 9
    jne     .Lhttp_field_found
3:  inc     eax
    jmp     2b
.Lhttp_field_found:
    clc
    jmp     .Lhttp_field_done
.Lhttp_field_none:
    stc
.Lhttp_field_done:
    pop     edi
    pop     esi
    ret

# Compares the beginning of text with a word, whatever its case.
# In: EAX text, EDX word in lower case.
# Out: ZF when it begins so; EDI then after it.
# Clobbers: EAX, ECX.
.global http_word
http_word:
    push    edx
    mov     edi, eax
1:  mov     cl, [edx]
    test    cl, cl
    jz      3f
    mov     al, [edi]
    cmp     al, 'A'
    jb      2f
    cmp     al, 'Z'
    ja      2f
    or      al, 0x20
2:  cmp     al, cl
    jne     3f
    inc     edi
    inc     edx
    jmp     1b
3:  pop     edx
    ret

# Looks for a tag in the list of a field.
# In: EAX value of the field, EDX tag with its quotes, ECX 1 when only a strong one will do (RFC 9110, 8.8.3.2).
# Out: ZF when it is there.
# Clobbers: EAX, ECX.
.global http_list
http_list:
    push    esi
    push    ecx                         # [esp]: 1 for strong ones
    mov     esi, eax
1:  cmp     byte ptr [esi], ' '
    jb      2f                          # the end of the row: ZF is clear
    mov     eax, esi
    push    edx
    call    string_prefix
    pop     edx
    je      3f
4:  inc     esi
    jmp     1b
3:  cmp     dword ptr [esp], 0
    je      .Lhttp_list_done
    cmp     word ptr [esi - 2], 'W' + ('/' << 8)    # of a weak one; in front of the value is the field's name
    je      4b
    cmp     esp, esp
    jmp     .Lhttp_list_done
2:  test    esp, esp
.Lhttp_list_done:
    pop     ecx
    pop     esi
    ret
