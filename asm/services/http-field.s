# The rows of an HTTP request after its first: fields and what they say (RFC 9110, 5). All rows are looked at before
# anything is done: where a request ends, and for whom it is, must mean the same to us and to whoever stands between
# (RFC 9112, 11.2), so what could be read in two ways is refused.

.include "macros.inc"
.include "http.inc"

.pushsection .data
.balign 4
# Fields that say where a request ends and for whom it is: name, SEEN_*, and the routine that looks at the value.
# In: EDX value, up to the end of its row. Out: CF and EBP status when it is wrong. Clobbers: EAX, ECX, EDX, EDI.
http_framing:
    .long   field_host, SEEN_HOST, http_host
    .long   field_length, SEEN_LENGTH, http_length
    .long   field_coding, SEEN_CODING, http_coding
    .long   0
.popsection
STRING field_host, "host:"
STRING field_length, "content-length:"
STRING field_coding, "transfer-encoding:"
STRING coding_chunked, "chunked"
STRING token_signs, "!#$%&'*+-.^_`|~"
STRING host_others, "/?#@,<>"

.text

# Looks at all rows: whether each is a field, and what must not be doubtful.
# In: EBX client.
# Out: CLIENT_SEEN; CF and EBP status when the request is to be refused.
# Clobbers: EAX, ECX, EDX.
.global http_fields
http_fields:
    push    esi
    push    edi
    mov     dword ptr [ebx + CLIENT_SEEN], 0
    mov     esi, [ebx + CLIENT_REST]
.Lhttp_fields_first:
    lodsb                               # the rest of the first row
    cmp     al, 10
    jne     .Lhttp_fields_first
.Lhttp_fields_row:
    mov     ebp, offset head_bad
    mov     edi, esi                    # EDI: the name
    lodsb
    cmp     al, 10
    je      .Lhttp_fields_end
    cmp     al, 13
    je      .Lhttp_fields_last
.Lhttp_fields_name:
    call    http_token                  # a row that goes on from the one before begins with a blank, which is none
    jc      .Lhttp_fields_colon
    lodsb
    jmp     .Lhttp_fields_name
.Lhttp_fields_colon:
    cmp     al, ':'
    jne     .Lhttp_fields_bad
    lea     eax, [esi - 1]
    cmp     eax, edi
    je      .Lhttp_fields_bad
    mov     edx, esi                    # EDX: the value
    call    http_value
    jc      .Lhttp_fields_bad
    call    http_framed
    jc      .Lhttp_fields_bad
    jmp     .Lhttp_fields_row
.Lhttp_fields_last:
    cmp     byte ptr [esi], 10
    jne     .Lhttp_fields_bad
.Lhttp_fields_end:
    mov     eax, [ebx + CLIENT_SEEN]
    test    eax, SEEN_CODING
    jz      3f
    test    eax, SEEN_LENGTH            # which of both counts (RFC 9112, 6.1)
    jnz     .Lhttp_fields_bad
    cmp     dword ptr [ebx + CLIENT_MINOR], 0
    je      .Lhttp_fields_bad
3:  cmp     dword ptr [ebx + CLIENT_MINOR], 0
    je      4f                          # CF is clear
    test    eax, SEEN_HOST              # RFC 9112, 3.2
    jnz     4f
.Lhttp_fields_bad:
    stc
4:  pop     edi
    pop     esi
    ret

# Passes over a value: text, blanks and tabs, up to the end of the row (RFC 9110, 5.5).
# In: ESI value.
# Out: ESI after the row; CF when there is something else in it.
# Clobbers: EAX.
http_value:
    lodsb
    cmp     al, 10
    je      9f                          # CF is clear
    cmp     al, 13
    je      1f
    cmp     al, 9
    je      http_value
    cmp     al, 127
    je      8f
    cmp     al, ' '
    jae     http_value
8:  stc
    ret
1:  cmp     byte ptr [esi], 10          # CR stands before LF only
    je      http_value
    stc
9:  ret

# Looks at a field of http_framing. Each may come once.
# In: EBX client, EDI name, EDX value.
# Out: CF and EBP status when it is wrong.
# Clobbers: EAX, ECX, EDX, EDI.
http_framed:
    push    esi
    push    edx
    mov     esi, offset http_framing
    push    edi
1:  mov     edx, [esi]
    test    edx, edx
    jz      .Lhttp_framed_other
    mov     eax, [esp]
    call    http_word
    je      2f
    add     esi, 12
    jmp     1b
2:  pop     edi
    pop     edx
    mov     eax, [esi + 4]
    test    [ebx + CLIENT_SEEN], eax
    jnz     3f
    or      [ebx + CLIENT_SEEN], eax
    call    http_blanks
    call    [esi + 8]
    pop     esi
    ret
3:  pop     esi
    stc
    ret
.Lhttp_framed_other:
    pop     edi
    pop     edx
    pop     esi
    clc
    ret

# Passes over blanks.
# In: EDX text.
# Out: EDX after them, AL the sign there.
http_blanks:
    mov     al, [edx]
    inc     edx
    cmp     al, ' '
    je      http_blanks
    cmp     al, 9
    je      http_blanks
    dec     edx
    ret

# Says whether the value ends, but for blanks.
# In: EDX text.
# Out: EDX and AL the sign after the blanks; CF when it is not the end of the row.
http_ended:
    call    http_blanks
    cmp     al, 13
    je      1f
    cmp     al, 10
    je      1f
    stc
    ret
1:  clc
    ret

# A length: digits and nothing else, in 32 bits; a list of equal ones is refused too, as RFC 9112, 6.3, allows.
http_length:
    xor     eax, eax
    movzx   ecx, byte ptr [edx]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      8f
1:  movzx   ecx, byte ptr [edx]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      http_ended
    mov     edi, edx
    mov     edx, 10
    mul     edx
    mov     edx, edi
    jc      9f
    add     eax, ecx
    jc      9f
    inc     edx
    jmp     1b
8:  stc
9:  ret

# Codings: only `chunked` is known, and may be said once (RFC 9112, 6.1 and 7).
http_coding:
    call    http_ended
    jnc     8f
    xor     ecx, ecx
1:  push    ecx
    mov     eax, edx
    mov     edx, offset coding_chunked
    call    http_word
    pop     ecx
    jne     7f
    inc     ecx
    mov     edx, edi
    call    http_ended
    jnc     2f
    cmp     al, ','
    jne     7f
    inc     edx
    call    http_blanks
    jmp     1b
2:  cmp     ecx, 1
    jne     8f
    clc
    ret
7:  mov     ebp, offset head_unknown
8:  stc
    ret

# A host, which may be empty: no blanks in it, and nothing that ends a host in a URI (RFC 3986, 3.2).
http_host:
    call    http_ended
    jnc     9f
    inc     edx
    cmp     byte ptr [edx - 1], ' '
    jbe     8f
    mov     edi, offset host_others
    call    http_among
    je      8f
    cmp     byte ptr [edx], ' '         # blanks may stand at the end only
    je      http_ended
    cmp     byte ptr [edx], 9
    je      http_ended
    jmp     http_host
8:  stc
9:  ret

# Says whether a sign may stand in a token (RFC 9110, 5.6.2): a method, a name of a field.
# In: AL sign.
# Out: CF when it may not.
.global http_token
http_token:
    push    edi
    push    eax
    cmp     al, '0'
    jb      1f
    cmp     al, '9'
    jbe     2f
    or      al, 0x20
    sub     al, 'a'
    cmp     al, 'z' - 'a'
    jbe     2f
1:  mov     al, [esp]
    mov     edi, offset token_signs
    call    http_among
    je      2f
    stc
    jmp     3f
2:  clc
3:  pop     eax
    pop     edi
    ret

# Looks for a sign among others.
# In: AL sign, EDI others, NUL terminated.
# Out: ZF when it is one of them.
# Clobbers: EDI.
http_among:
    cmp     byte ptr [edi], 0
    je      1f
    cmp     al, [edi]
    je      2f
    inc     edi
    jmp     http_among
1:  test    esp, esp
2:  ret

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
