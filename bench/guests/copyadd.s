# Memory in order: every dword of 1 MiB is loaded, changed and stored somewhere else.
.include "frame.inc"
setup:  mov     edi, BUF0
        mov     ecx, 0x100000 / 4
        jmp     fill_noise
bench:  xor     eax, eax
1:      mov     esi, BUF0
        mov     edi, BUF1
        mov     ecx, 0x100000 / 4
2:      mov     edx, [esi]
        add     edx, ebp
        mov     [edi], edx
        add     eax, edx
        add     esi, 4
        add     edi, 4
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
