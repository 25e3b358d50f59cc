# CRC-32 as Ethernet, ZIP and our formats use it: polynomial EDB88320 (reflected), start and end complemented.
# Source: IEEE 802.3 clause 3.2.9; the value of "123456789" is CBF43926.

.include "macros.inc"

CRC_POLYNOMIAL = 0xEDB88320

CRC_TABLES      = 16                    # bytes that are looked up together

.bss
.balign 4
crc_table:      .skip CRC_TABLES * 256 * 4  # [n][byte]: the CRC of the byte with n zero bytes after it

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
    cmp     ecx, (CRC_TABLES - 1) * 256
    jb      4b
    clc
    ret

# Takes four bytes into the checksum.
# In: EAX checksum, ESI bytes, \at where the four are, \after how many bytes follow that are taken in with them.
# Out: EBX their share in the new checksum.
# Clobbers: EAX, EDX only.
.macro CRC_FOUR at:req, after:req
    xor     eax, [esi + \at]
    movzx   edx, al
    mov     ebx, [crc_table + (\after + 3) * 1024 + edx*4]
    movzx   edx, ah
    xor     ebx, [crc_table + (\after + 2) * 1024 + edx*4]
    shr     eax, 16
    movzx   edx, al
    xor     ebx, [crc_table + (\after + 1) * 1024 + edx*4]
    movzx   edx, ah
    xor     ebx, [crc_table + (\after) * 1024 + edx*4]
.endm

# Takes sixteen bytes in: a byte's share in the result does not depend on the others, so with a table for each place
# among the sixteen only the first four are mixed with what came before.
# In: EAX checksum, ESI bytes, \at where the sixteen are.
# Out: EAX checksum.
# Clobbers: EBX, EDX only.
.macro CRC_SIXTEEN at:req
    CRC_FOUR \at, CRC_TABLES-4
.irp after, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
    movzx   edx, byte ptr [esi + \at + CRC_TABLES - 1 - \after]
    xor     ebx, [crc_table + \after * 1024 + edx*4]
.endr
    movzx   edx, byte ptr [esi + \at + CRC_TABLES - 1]
    mov     eax, [crc_table + edx*4]
    xor     eax, ebx
.endm

# Computes the checksum of a piece of memory.
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
    shr     ecx, 6
    jz      .Lcrc32_sixteens
.Lcrc32_sixty_four:
.irp at, 0, 16, 32, 48
    CRC_SIXTEEN \at
.endr
    add     esi, 64
    dec     ecx
    jnz     .Lcrc32_sixty_four
.Lcrc32_sixteens:
    mov     ecx, edi
    and     ecx, 63
    shr     ecx, 4
    jz      .Lcrc32_dwords
.Lcrc32_sixteen:
    CRC_SIXTEEN 0
    add     esi, 16
    dec     ecx
    jnz     .Lcrc32_sixteen
.Lcrc32_dwords:
    mov     ecx, edi
    and     ecx, 15
    shr     ecx, 2
    jz      .Lcrc32_bytes
.Lcrc32_dword:
    CRC_FOUR 0, 0
    mov     eax, ebx
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
