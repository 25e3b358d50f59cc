# Names of the DNS (RFC 1035, 3.1 and 4.1.4). Inside they are as on the wire, without compression and in lower case:
# labels, each after its length, and a zero.

.include "macros.inc"
.include "dns.inc"

.text

# Makes a name of text such as www.example.com, with or without a dot at its end.
# In: EAX text, EDX buffer of DNS_NAME_MAXIMUM bytes, ECX bytes of text.
# Out: EAX bytes of the name, ECX 0 when its end is no dot; CF when it is none: empty, a label of no or more than 63
# bytes, too long, or with a sign that is neither letter, digit, hyphen nor underscore, nor escaped (RFC 1035, 5.1).
.global dns_name_parse
dns_name_parse:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, edx                    # EBP: the buffer's first byte
    jecxz   .Ldns_name_parse_bad
    cmp     ecx, 1
    jne     .Ldns_name_parse_label
    cmp     byte ptr [esi], '.'         # the root
    je      .Ldns_name_parse_end
.Ldns_name_parse_label:
    mov     ebx, edi                    # EBX: the label's length
    inc     edi
.Ldns_name_parse_next:
    lodsb
    cmp     al, '.'
    je      .Ldns_name_parse_dot
    cmp     al, '\\'
    je      .Ldns_name_parse_escape
    call    dns_letter
    jc      .Ldns_name_parse_bad
.Ldns_name_parse_put:
    stosb
    mov     eax, edi
    sub     eax, ebp
    cmp     eax, DNS_NAME_MAXIMUM - 1   # room for the end
    ja      .Ldns_name_parse_bad
    dec     ecx
    jnz     .Ldns_name_parse_next
    call    dns_label_close
    jc      .Ldns_name_parse_done
    jmp     .Ldns_name_parse_end
.Ldns_name_parse_escape:
    add     ecx, esi
    call    dns_escape
    jc      .Ldns_name_parse_bad
    sub     ecx, esi
    jbe     .Ldns_name_parse_bad
    cmp     al, 'A'
    jb      .Ldns_name_parse_put
    cmp     al, 'Z'
    ja      .Ldns_name_parse_put
    or      al, 0x20
    jmp     .Ldns_name_parse_put
.Ldns_name_parse_dot:
    call    dns_label_close
    jc      .Ldns_name_parse_done
    dec     ecx
    jnz     .Ldns_name_parse_label
    inc     ecx
.Ldns_name_parse_end:
    mov     byte ptr [edi], 0
    lea     eax, [edi + 1]
    sub     eax, ebp
    CHECK   eax, be, DNS_NAME_MAXIMUM, "dns_name_parse: the name is longer than its buffer"
    clc
    jmp     .Ldns_name_parse_done
.Ldns_name_parse_bad:
    stc
.Ldns_name_parse_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes a label's length.
# In: EBX where, EDI after the label.
# Out: CF when the label is empty or too long.
# Clobbers: EAX.
dns_label_close:
    lea     eax, [edi - 1]
    sub     eax, ebx
    jz      8f
    cmp     eax, DNS_LABEL_MAXIMUM
    ja      8f
    mov     [ebx], al
    clc
    ret
8:  stc
    ret

# Reads what is behind a backslash: three decimal digits, or a sign that stands for itself.
# In: ESI text; what is shorter ends with a sign below the blank.
# Out: AL byte, ESI after it; CF when there is none, or too large a number.
# Clobbers: EAX, EDX.
.global dns_escape
dns_escape:
    push    ecx
    xor     edx, edx
    mov     ecx, 3
1:  movzx   eax, byte ptr [esi]
    cmp     al, ' '
    jb      2f
    inc     esi
    sub     al, '0'
    cmp     al, 10
    jae     3f
    lea     edx, [edx + edx*4]
    lea     edx, [eax + edx*2]
    dec     ecx
    jnz     1b
    mov     eax, 255
    cmp     eax, edx
    mov     al, dl
2:  pop     ecx
    ret
3:  add     al, '0'
    cmp     ecx, 3                      # CF behind a digit
    pop     ecx
    ret

# Says whether a character may stand in a name that people write.
# In: AL character.
# Out: AL in lower case; CF when it may not.
# Clobbers: the flags only.
.global dns_letter
dns_letter:
    cmp     al, '-'
    je      7f
    cmp     al, '_'
    je      7f
    cmp     al, '*'                     # of a zone's wildcards
    je      7f
    cmp     al, '0'
    jb      9f
    cmp     al, '9'
    jbe     7f
    or      al, 0x20
    cmp     al, 'a'
    jb      9f
    cmp     al, 'z'
    ja      8f
7:  clc
    ret
8:  stc
9:  ret

# Reads a name out of a message. A pointer may only lead to what lies before the name's part that it ends, so that no
# name is without end, and every byte of it is within the message.
# In: EAX message, EDX its bytes, ESI where the name begins, EDI buffer of DNS_NAME_MAXIMUM bytes.
# Out: ESI after the name, EAX bytes of it; CF when it is none.
.global dns_name_read
dns_name_read:
    push    ebx
    push    edi
    push    ebp
    push    edi                         # [esp + 8]: buffer
    push    0                           # [esp + 4]: after the name, once a pointer was followed
    add     edx, eax
    push    edx                         # [esp]: after the message
    mov     ebp, eax                    # EBP: message
    mov     ebx, esi                    # EBX: where the part began that is being read
.Ldns_name_read_label:
    cmp     esi, [esp]
    jae     .Ldns_name_read_bad
    movzx   ecx, byte ptr [esi]
    inc     esi
    test    ecx, ecx
    jz      .Ldns_name_read_end
    cmp     ecx, 0xC0
    jae     .Ldns_name_read_pointer
    cmp     ecx, DNS_LABEL_MAXIMUM
    ja      .Ldns_name_read_bad
    lea     eax, [edi + ecx + 2]        # with its length, and the end of the name
    sub     eax, [esp + 8]
    cmp     eax, DNS_NAME_MAXIMUM
    ja      .Ldns_name_read_bad
    lea     eax, [esi + ecx]
    cmp     eax, [esp]
    ja      .Ldns_name_read_bad
    mov     [edi], cl
    inc     edi
    call    dns_label_lower
    jmp     .Ldns_name_read_label
.Ldns_name_read_pointer:
    cmp     esi, [esp]
    jae     .Ldns_name_read_bad
    and     ecx, 0x3F
    shl     ecx, 8
    mov     cl, [esi]
    inc     esi
    cmp     dword ptr [esp + 4], 0
    jne     1f
    mov     [esp + 4], esi
1:  lea     eax, [ebp + ecx]
    cmp     eax, ebx
    jae     .Ldns_name_read_bad
    mov     esi, eax
    mov     ebx, eax
    jmp     .Ldns_name_read_label
.Ldns_name_read_end:
    mov     byte ptr [edi], 0
    lea     eax, [edi + 1]
    sub     eax, [esp + 8]
    CHECK   eax, be, DNS_NAME_MAXIMUM, "dns_name_read: the name is longer than its buffer"
    cmp     dword ptr [esp + 4], 0
    je      2f
    mov     esi, [esp + 4]
2:  clc
    jmp     .Ldns_name_read_done
.Ldns_name_read_bad:
    stc
.Ldns_name_read_done:
    lea     esp, [esp + 12]
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Copies a label in lower case, four characters at a time: 0x3F added to seven bits of a byte reaches its eighth from
# 'A' on, 0x25 does from behind 'Z' on, and what had eight bits is no letter.
# In: ESI label, EDI where to, ECX its bytes, at least 1.
# Out: ESI and EDI behind it.
# Clobbers: EAX, ECX, EDX.
dns_label_lower:
    CHECK   ecx, be, DNS_LABEL_MAXIMUM, "dns_label_lower: a label is too long"
    sub     ecx, 4
    jb      .Ldns_label_lower_rest
    push    ebx
.Ldns_label_lower_four:
    lodsd
    mov     edx, eax
    and     edx, 0x7F7F7F7F
    lea     ebx, [edx + 0x3F3F3F3F]
    add     edx, 0x25252525
    xor     ebx, edx                    # one of both reached it: a letter
    mov     edx, eax
    not     edx
    and     ebx, edx
    and     ebx, 0x80808080
    shr     ebx, 2                      # 0x20
    or      eax, ebx
    stosd
    sub     ecx, 4
    jae     .Ldns_label_lower_four
    pop     ebx
.Ldns_label_lower_rest:
    add     ecx, 4
    jz      3f
1:  lodsb
    lea     edx, [eax - 'A']
    cmp     dl, 'Z' - 'A'
    ja      2f
    or      al, 0x20
2:  stosb
    dec     ecx
    jnz     1b
3:  ret

# The bytes of a name.
# In: EAX name.
# Out: EAX bytes with its end.
# Clobbers: ECX, EDX.
.global dns_name_length
dns_name_length:
    mov     edx, eax
1:  movzx   ecx, byte ptr [eax]
    lea     eax, [eax + ecx + 1]
    test    ecx, ecx
    jnz     1b
    sub     eax, edx
    CHECK   eax, be, DNS_NAME_MAXIMUM, "dns_name_length: a name without an end"
    ret

# Compares two names.
# In: EAX, EDX names.
# Out: ZF when they are equal.
.global dns_name_equal
dns_name_equal:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
1:  movzx   eax, byte ptr [esi]
    lea     ecx, [eax + 1]              # a label with its length: most names differ there
    repe cmpsb
    jne     2f
    test    eax, eax                    # the end: ZF
    jnz     1b
2:  pop     edi
    pop     esi
    ret

# Says whether a name ends with another: is it or is below it.
# In: EAX name, EDX the other.
# Out: EAX labels of the name in front of the other; CF when it does not.
.global dns_name_below
dns_name_below:
    push    ebx
    push    esi
    push    edi
    xor     ebx, ebx
    mov     esi, eax
    mov     edi, edx
1:  mov     eax, esi
    mov     edx, edi
    call    dns_name_equal
    je      2f
    movzx   eax, byte ptr [esi]
    test    eax, eax
    jz      8f
    lea     esi, [esi + eax + 1]
    inc     ebx
    jmp     1b
2:  mov     eax, ebx
    clc
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Writes a name as text, with dots and without one at the end; signs that are none become `?`.
# In: EAX name, EDX buffer of DNS_NAME_MAXIMUM bytes.
# Out: EAX characters, without the NUL.
.global dns_name_text
dns_name_text:
    push    esi
    push    edi
    push    edx
    mov     esi, eax
    mov     edi, edx
1:  movzx   ecx, byte ptr [esi]
    inc     esi
    jecxz   4f
2:  lodsb
    cmp     al, 0x21
    jb      3f
    cmp     al, 0x7E
    jbe     .Ldns_name_text_put
3:  mov     al, '?'
.Ldns_name_text_put:
    stosb
    dec     ecx
    jnz     2b
    mov     al, '.'
    stosb
    jmp     1b
4:  pop     edx
    cmp     edi, edx
    jne     .Ldns_name_text_end
    mov     byte ptr [edi], '.'
    add     edi, 2
.Ldns_name_text_end:
    dec     edi
    mov     byte ptr [edi], 0
    mov     eax, edi
    sub     eax, edx
    pop     edi
    pop     esi
    ret
