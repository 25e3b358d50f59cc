# The Internet checksum (RFC 1071): IPv4 headers, ICMP, IGMP, UDP and TCP.

.include "macros.inc"

.text

# Adds bytes to a sum. Pieces may follow each other as long as all but the last have an even length.
# In: EAX sum so far (0 at first), EDX data, ECX bytes.
# Out: EAX sum.
.global checksum_add
checksum_add:
    push    esi
    mov     esi, edx
    mov     edx, ecx
    shr     ecx, 2
    jz      2f
1:  add     eax, [esi]
    adc     eax, 0
    add     esi, 4
    dec     ecx
    jnz     1b
2:  test    dl, 2
    jz      3f
    movzx   ecx, word ptr [esi]
    add     eax, ecx
    adc     eax, 0
    add     esi, 2
3:  test    dl, 1
    jz      4f
    movzx   ecx, byte ptr [esi]         # an odd last byte counts as if a zero followed
    add     eax, ecx
    adc     eax, 0
4:  pop     esi
    ret

# Makes the 16-bit checksum of a sum.
# In: EAX sum.
# Out: EAX checksum, as it is stored in the header (0 when the sum covers a correct checksum).
.global checksum_fold
checksum_fold:
    mov     edx, eax
    shr     edx, 16
    movzx   eax, ax
    add     eax, edx
    mov     edx, eax
    shr     edx, 16
    add     eax, edx
    not     eax
    movzx   eax, ax
    ret

# Makes the sum of a pseudo header what a card expects in the field of the checksum: the sum, not its complement.
# In: EAX sum.
# Out: AX.
# Clobbers: EAX, EDX.
.global checksum_begin
checksum_begin:
    call    checksum_fold
    not     eax
    ret

# The checksum of one piece.
# In: EDX data, ECX bytes.
# Out: EAX checksum; ZF when it is 0.
.global checksum
checksum:
    xor     eax, eax
    call    checksum_add
    call    checksum_fold
    test    eax, eax
    ret

# The sum of the pseudo header that UDP covers (RFC 768).
# In: EAX source, EDX destination address, ECX bytes of header and data.
# Out: EAX sum.
.global checksum_pseudo
checksum_pseudo:
    xchg    cl, ch
    add     eax, edx
    adc     eax, ecx
    adc     eax, 17 << 8                # PROTOCOL_UDP after a zero byte
    adc     eax, 0
    ret

# The sum of the pseudo header that TCP covers (RFC 9293, 3.1).
# In: EAX source, EDX destination address, ECX bytes of header and data.
# Out: EAX sum.
.global checksum_pseudo_tcp
checksum_pseudo_tcp:
    xchg    cl, ch
    add     eax, edx
    adc     eax, ecx
    adc     eax, 6 << 8                 # PROTOCOL_TCP
    adc     eax, 0
    ret
