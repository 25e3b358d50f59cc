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

# The checksum in EAX goes on over the four bytes at ESI + offset.
# Clobbers: EAX, EBX, EDX only.
.macro CRC_STEP offset:req
    xor     eax, [esi + \offset]
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
.endm

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
    shr     ecx, 4
    jz      .Lcrc32_dwords
.Lcrc32_four:
    CRC_STEP 0
    CRC_STEP 4
    CRC_STEP 8
    CRC_STEP 12
    add     esi, 16
    dec     ecx
    jnz     .Lcrc32_four
.Lcrc32_dwords:
    mov     ecx, edi
    and     ecx, 15
    shr     ecx, 2
    jz      .Lcrc32_bytes
.Lcrc32_dword:
    CRC_STEP 0
    add     esi, 4
    dec     ecx
    jnz     .Lcrc32_dword
.Lcrc32_bytes:
    and     edi, 3
    jz      .Lcrc32_done
.Lcrc32_byte:
    movzx   ebx, byte ptr [esi]
    inc     esi
    xor     bl, al
    shr     eax, 8
    xor     eax, [crc_table + ebx*4]
    dec     edi
    jnz     .Lcrc32_byte
.Lcrc32_done:
    not     eax
    pop     edi
    pop     esi
    pop     ebx
    ret
