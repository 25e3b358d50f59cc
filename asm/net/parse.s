# Addresses as people write them.

.include "macros.inc"

.text

# Reads an IPv4 address such as 10.0.2.15.
# In: EAX string.
# Out: EAX address, EDX first character after it; CF when it is none.
.global parse_address
parse_address:
    push    ebx
    push    esi
    mov     ebx, 4                      # parts to come
    xor     esi, esi
1:  movzx   edx, byte ptr [eax]         # parse_number would take 0x10, too
    sub     edx, '0'
    cmp     edx, 9
    ja      8f
    cmp     byte ptr [eax + 1], 'x'
    je      8f
    call    parse_number
    jc      8f
    cmp     eax, 255
    ja      8f
    or      esi, eax
    ror     esi, 8                      # after four turns the first part lies lowest
    dec     ebx
    jz      7f
    cmp     byte ptr [edx], '.'
    jne     8f
    lea     eax, [edx + 1]
    jmp     1b
7:  mov     eax, esi
    clc
    jmp     9f
8:  stc
9:  pop     esi
    pop     ebx
    ret

# Says whether a subnet mask is one: ones, then zeros, at least eight ones.
# In: EAX mask.
# Out: ECX number of ones; CF when it is none.
.global mask_check
mask_check:
    mov     edx, eax
    bswap   edx
    mov     ecx, edx
    not     edx                         # must be 2^n - 1
    lea     eax, [edx + 1]
    test    eax, edx
    jnz     8f
    bsr     eax, edx
    jz      7f
    mov     ecx, 31
    sub     ecx, eax
    cmp     ecx, 8                      # sets CF when there are fewer
    ret
7:  mov     ecx, 32
    clc
    ret
8:  stc
    ret

# Reads a MAC address such as 02:00:00:00:00:01.
# In: EAX string, EDX six bytes to fill.
# Out: CF when it is none; then some of the bytes may be written.
.global parse_mac
parse_mac:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     ebx, 6
1:  call    parse_hex_byte
    jc      9f
    stosb
    inc     esi
    dec     ebx
    jz      2f
    cmp     byte ptr [esi - 1], ':'
    je      1b
8:  stc
    jmp     9f
2:  cmp     byte ptr [esi - 1], 0
    jne     8b
    test    byte ptr [edi - 6], 1       # that of a group is nobody's
    jnz     8b
9:  pop     edi
    pop     esi
    pop     ebx
    ret
