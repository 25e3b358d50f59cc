# Code that rewrites its own immediates: in the loop that runs, 4 bytes and 1 byte, ahead of where it stands and behind.
.include "frame.inc"
setup:  ret
bench:  xor     eax, eax
1:      mov     ecx, 10000
2:      lea     edx, [eax + ecx]
        mov     [3f + 1], edx
        mov     [4f + 2], cl
3:      add     eax, 0x12345678
4:      xor     ebx, 0x12
        add     eax, ebx
        rol     eax, 3
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
