# NUL-terminated strings and numbers in text.

.include "macros.inc"
.include "errors.inc"

.text

# Counts the characters of a string.
# In: EAX string.
# Out: EAX length without the NUL.
# Clobbers: EAX only.
.global string_length
string_length:
    push    edi
    mov     edi, eax
    dec     edi
1:  inc     edi
    cmp     byte ptr [edi], 0
    jne     1b
    sub     edi, eax
    mov     eax, edi
    pop     edi
    ret

# Compares two strings.
# In: EAX, EDX strings.
# Out: ZF set when they are equal, else CF tells unsigned order of the first difference.
.global string_compare
string_compare:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
1:  lodsb
    cmp     al, [edi]
    jne     2f
    inc     edi
    test    al, al
    jnz     1b
2:  pop     edi
    pop     esi
    ret

# Whether a string begins with another one.
# In: EAX string, EDX prefix.
# Out: ZF set when it does, EAX then after the prefix.
.global string_prefix
string_prefix:
    push    esi
1:  mov     cl, [edx]
    test    cl, cl
    jz      2f
    cmp     cl, [eax]
    jne     2f
    inc     eax
    inc     edx
    jmp     1b
2:  pop     esi
    ret

# Copies a string into a buffer, cut to fit, always terminated.
# In: EAX destination, EDX source, ECX size of the destination (at least 1).
# Out: EAX characters copied, without the NUL.
.global string_copy
string_copy:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    push    eax
1:  dec     ecx
    jz      2f
    lodsb
    stosb
    test    al, al
    jnz     1b
    dec     edi
2:  mov     byte ptr [edi], 0
    pop     eax
    sub     edi, eax
    mov     eax, edi
    pop     edi
    pop     esi
    ret

# Looks for a character in a string.
# In: EAX string, DL character.
# Out: EAX address of its first occurrence; CF when there is none.
.global string_find
string_find:
    cmp     [eax], dl
    je      1f
    cmp     byte ptr [eax], 0
    je      2f
    inc     eax
    jmp     string_find
1:  clc
    ret
2:  stc
    ret

# The value of a hexadecimal digit.
# In: AL character.
# Out: EAX 0-15; CF when it is none.
# Clobbers: EAX only.
.global parse_hex_digit
parse_hex_digit:
    movzx   eax, al
    cmp     al, '0'
    jb      2f
    cmp     al, '9'
    jbe     1f
    or      al, 0x20
    cmp     al, 'a'
    jb      2f
    cmp     al, 'f'
    ja      2f
    sub     al, 'a' - 10 - '0'
1:  sub     al, '0'
    clc
    ret
2:  stc
    ret

# Reads a byte as two hexadecimal digits.
# In: ESI digits.
# Out: EAX value, ESI after them; CF when they are none, ESI then after the first that is wrong.
# Clobbers: EAX only.
.global parse_hex_byte
parse_hex_byte:
    push    ecx
    lodsb
    call    parse_hex_digit
    jc      1f
    mov     ecx, eax
    shl     ecx, 4
    lodsb
    call    parse_hex_digit
    jc      1f
    or      eax, ecx
1:  pop     ecx
    ret

# Reads bytes as two hexadecimal digits each.
# In: ESI digits, EDI room, ECX bytes: at least one.
# Out: ESI after the digits, EDI after the bytes; CF when there are fewer, some of the bytes then written.
# Clobbers: EAX, ECX.
.global parse_hex_bytes
parse_hex_bytes:
    call    parse_hex_byte
    jc      1f
    stosb
    dec     ecx
    jnz     parse_hex_bytes
1:  ret

# Reads an unsigned number: decimal digits, or 0x and hexadecimal digits.
# In: EAX string.
# Out: EAX value, EDX first character after it; CF when there is no digit or it needs more than 32 bits.
.global parse_number
parse_number:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    xor     edi, edi                    # value
    mov     ebx, 10                     # base
    cmp     byte ptr [esi], '0'
    jne     .Lparse_number_digits
    mov     al, [esi + 1]
    or      al, 0x20
    cmp     al, 'x'
    jne     .Lparse_number_digits
    mov     al, [esi + 2]
    call    parse_hex_digit
    jc      .Lparse_number_digits       # "0x" alone: the number 0 with text after it
    add     esi, 2
    mov     ebx, 16
.Lparse_number_digits:
    mov     al, [esi]
    call    parse_hex_digit
    jc      .Lparse_number_bad
    cmp     eax, ebx
    jae     .Lparse_number_bad
.Lparse_number_digit:
    mov     ecx, eax                    # the first digit is good; go on to the last
    mov     eax, edi
    mul     ebx
    jc      .Lparse_number_bad
    add     eax, ecx
    jc      .Lparse_number_bad
    mov     edi, eax
    inc     esi
    mov     al, [esi]
    call    parse_hex_digit
    jc      .Lparse_number_end
    cmp     eax, ebx
    jb      .Lparse_number_digit
.Lparse_number_end:
    mov     eax, edi
    mov     edx, esi
    clc
    jmp     .Lparse_number_done
.Lparse_number_bad:
    mov     eax, ERROR_INVALID
    stc
.Lparse_number_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
