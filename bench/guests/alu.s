# Arithmetic in registers: nothing but short operations, each of which needs one of the last few results.
.include "frame.inc"
setup:  ret
bench:  mov     eax, 0x12345678
        mov     ebx, 0x9E3779B9
        mov     edx, 1
        xor     esi, esi
1:      mov     ecx, 100000
2:      add     eax, ebx
        rol     ebx, 5
        xor     edx, eax
        sub     ebx, edx
        lea     esi, [esi + eax * 4 + 3]
        shr     eax, 3
        or      edx, 0x11
        imul    ebx, ebx, 0x2D
        adc     eax, esi
        not     edx
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        xor     eax, ebx
        add     eax, edx
        ret
