# CRC-32 as Ethernet, ZIP and our formats use it: polynomial EDB88320 (reflected), start and end complemented.
# Source: IEEE 802.3 clause 3.2.9; the value of "123456789" is CBF43926.

.include "macros.inc"

CRC_POLYNOMIAL = 0xEDB88320

.bss
.balign 4
crc_table:      .skip 4 * 256 * 4       # [n][byte]: the CRC of the byte with n zero bytes after it

.text

INITCALL 4, crc_init

# Fills the tables.
crc_init:
    xor     ecx, ecx
1:  mov     eax, ecx
    mov     edx, 8
2:  shr     eax, 1
    jnc     3f
    xor     eax, CRC_POLYNOMIAL
3:  dec     edx
    jnz     2b
    mov     [crc_table + ecx*4], eax
    inc     ecx
    cmp     ecx, 256
    jb      1b
    xor     ecx, ecx
4:  mov     eax, [crc_table + ecx*4]
    movzx   edx, al
    shr     eax, 8
    xor     eax, [crc_table + edx*4]
    mov     [crc_table + 1024 + ecx*4], eax
    inc     ecx
    cmp     ecx, 3 * 256
    jb      4b
    clc
    ret

# Computes the checksum of a piece of memory. Four bytes at a time: a byte's share in the result does not depend on the
# others, so four tables are looked up instead of one four times.
# In: EAX address, EDX bytes.
# Out: EAX.
.global crc32
crc32:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     ecx, edx
    mov     eax, -1
    shr     ecx, 2
    jz      2f
1:  xor     eax, [esi]
    add     esi, 4
    movzx   edx, al
    mov     ebx, [crc_table + 3072 + edx*4]
    movzx   edx, ah
    xor     ebx, [crc_table + 2048 + edx*4]
    shr     eax, 16
    movzx   edx, al
    xor     ebx, [crc_table + 1024 + edx*4]
    movzx   edx, ah
    mov     eax, [crc_table + edx*4]
    xor     eax, ebx
    dec     ecx
    jnz     1b
2:  and     edi, 3
    jz      4f
3:  movzx   ebx, byte ptr [esi]
    inc     esi
    xor     bl, al
    shr     eax, 8
    xor     eax, [crc_table + ebx*4]
    dec     edi
    jnz     3b
4:  not     eax
    pop     edi
    pop     esi
    pop     ebx
    ret
