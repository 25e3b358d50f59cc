# Hash of bytes: FNV-1a over 64 KiB, a multiplication in each step's way.
.include "frame.inc"
setup:  mov     edi, BUF0
        mov     ecx, 65536 / 4
        jmp     fill_noise
bench:  mov     eax, 0x811C9DC5
1:      mov     esi, BUF0
        mov     ecx, 65536
2:      movzx   edx, byte ptr [esi]
        xor     eax, edx
        imul    eax, eax, 0x01000193
        inc     esi
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
