# CRC-32 as Ethernet, ZIP and our formats use it: polynomial EDB88320 (reflected), start and end complemented.
# Source: IEEE 802.3 clause 3.2.9; the value of "123456789" is CBF43926.

.include "macros.inc"

CRC_POLYNOMIAL = 0xEDB88320

.bss
.balign 4
crc_table:      .skip 256 * 4

.text

INITCALL 4, crc_init

# Fills the table: the CRC of each byte.
crc_init:
        xor     ecx, ecx
1:      mov     eax, ecx
        mov     edx, 8
2:      shr     eax, 1
        jnc     3f
        xor     eax, CRC_POLYNOMIAL
3:      dec     edx
        jnz     2b
        mov     [crc_table + ecx*4], eax
        inc     ecx
        cmp     ecx, 256
        jb      1b
        clc
        ret

# Computes the checksum of a piece of memory. In: EAX = address, EDX = bytes. Out: EAX.
.global crc32
crc32:
        mov     ecx, edx
        mov     edx, eax
        xor     eax, eax

# Goes on with a checksum: the checksum of two pieces is crc32_update(crc32(first), second).
# In: EAX = checksum so far, 0 at the start, EDX = address, ECX = bytes. Out: EAX.
.global crc32_update
crc32_update:
        push    ebx
        not     eax
        jecxz   2f
1:      movzx   ebx, byte ptr [edx]
        inc     edx
        xor     bl, al
        shr     eax, 8
        xor     eax, [crc_table + ebx*4]
        dec     ecx
        jnz     1b
2:      not     eax
        pop     ebx
        ret
