# The checksum of something that was changed, from its checksum before: without a look at the rest of it. CRC-32 is
# linear, so what a change adds to it is the checksum register of the differences alone, moved on by the bytes that
# follow them: multiplied by x^8 to the power of their number, modulo the polynomial.

.include "macros.inc"

CRC_POLYNOMIAL          = 0xEDB88320    # reflected: bit 31 is x^0
CRC_ONE                 = 0x80000000    # x^0, and the first coefficient that is looked at
CRC_BYTE                = 0x00800000    # x^8

.text

# Changes a checksum.
# In: EAX checksum of it all, ESI bytes before, EDI bytes after the change, ECX how many, EDX bytes that follow them.
# Out: EAX checksum.
.global crc32_change
crc32_change:
    push    ebx
    push    esi
    push    edi
    push    eax
    push    edx
    xor     eax, eax                    # EAX: register
.Lcrc32_change_byte:
    sub     ecx, 1
    jc      .Lcrc32_change_move
    mov     bl, [esi]
    xor     bl, [edi]
    inc     esi
    inc     edi
    xor     al, bl
    mov     ebx, 8
.Lcrc32_change_bit:
    shr     eax, 1
    jnc     1f
    xor     eax, CRC_POLYNOMIAL
1:  dec     ebx
    jnz     .Lcrc32_change_bit
    jmp     .Lcrc32_change_byte
.Lcrc32_change_move:
    pop     esi                         # ESI: bytes that follow
    mov     edi, CRC_BYTE               # EDI: x^8, x^16, x^32 ...
.Lcrc32_change_power:
    test    esi, esi
    jz      .Lcrc32_change_done
    shr     esi, 1
    jnc     2f
    mov     edx, edi
    call    crc_multiply
2:  push    eax
    mov     eax, edi
    mov     edx, edi
    call    crc_multiply
    mov     edi, eax
    pop     eax
    jmp     .Lcrc32_change_power
.Lcrc32_change_done:
    pop     edx
    xor     eax, edx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Multiplies two polynomials modulo the CRC's.
# In: EAX, EDX.
# Out: EAX.
# Clobbers: EBX, ECX, EDX.
crc_multiply:
    mov     ebx, eax
    xor     eax, eax
    mov     ecx, CRC_ONE
1:  test    ebx, ecx
    jz      2f
    xor     eax, edx
2:  shr     edx, 1
    jnc     3f
    xor     edx, CRC_POLYNOMIAL
3:  shr     ecx, 1
    jnz     1b
    ret
