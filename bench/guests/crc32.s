# Checksum by table: CRC-32 of 64 KiB, each step a load whose address needs the step before it.
.include "frame.inc"
CRC_TABLE = BUF1
setup:  mov     edi, CRC_TABLE
        xor     ebx, ebx
1:      mov     eax, ebx
        mov     ecx, 8
2:      shr     eax, 1
        jnc     3f
        xor     eax, 0xEDB88320
3:      loop    2b
        mov     [edi + ebx * 4], eax
        inc     ebx
        cmp     ebx, 256
        jb      1b
        mov     edi, BUF0
        mov     ecx, 65536 / 4
        jmp     fill_noise
bench:  mov     eax, -1
1:      mov     esi, BUF0
        mov     ecx, 65536
2:      movzx   edx, byte ptr [esi]
        xor     dl, al
        shr     eax, 8
        xor     eax, [CRC_TABLE + edx * 4]
        inc     esi
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        not     eax
        ret
