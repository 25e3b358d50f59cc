# Code that is rewritten from outside: constants, a shift count, an address and a branch distance of a loop that then
# runs 50 times.
.include "frame.inc"
setup:  mov     edi, BUF0
        mov     ecx, 4096
        jmp     fill_noise
bench:  xor     eax, eax
1:      mov     edx, 200
2:      mov     [3f + 1], eax
        mov     ecx, edx
        and     ecx, 15
        mov     [4f + 2], cl
        lea     ebx, [BUF0 + edx * 4]
        mov     [5f + 2], ebx
        mov     byte ptr [6f + 1], 1            # over the INC
        test    dl, 1
        jz      8f
        mov     byte ptr [6f + 1], 0
8:      mov     ecx, 50
3:      add     eax, 0x11111111
4:      rol     eax, 7
5:      xor     eax, [0x100000]
        test    al, 8
6:      jz      7f
        inc     eax
7:      dec     ecx
        jnz     3b
        dec     edx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
