# Hash of dwords: rotations and multiplications as MurmurHash3 mixes them, then xxHash's four lanes over the same 64
# KiB.
.include "frame.inc"
setup:  mov     edi, BUF0
        mov     ecx, 65536 / 4
        jmp     fill_noise
bench:  mov     eax, 0x9747B28C
1:      mov     esi, BUF0
        mov     ecx, 65536 / 4
2:      mov     edx, [esi]
        imul    edx, edx, 0xCC9E2D51
        rol     edx, 15
        imul    edx, edx, 0x1B873593
        xor     eax, edx
        rol     eax, 13
        lea     eax, [eax + eax * 4 + 0xE6546B64]
        add     esi, 4
        dec     ecx
        jnz     2b
        push    ebp
        push    eax
        mov     ebx, eax
        lea     edi, [eax + 0x61C88647]
        mov     ebp, 0x24234428
        xor     edx, edx
        mov     esi, BUF0
        mov     ecx, 65536 / 16
.macro lane register, at
        mov     eax, [esi + \at]
        imul    eax, eax, 0x85EBCA77
        add     \register, eax
        rol     \register, 13
        imul    \register, \register, 0x9E3779B1
.endm
3:      lane    ebx, 0
        lane    edi, 4
        lane    ebp, 8
        lane    edx, 12
        add     esi, 16
        sub     ecx, 1
        jne     3b
        rol     ebx, 1
        rol     edi, 7
        rol     ebp, 12
        rol     edx, 18
        add     ebx, edi
        add     ebx, ebp
        add     ebx, edx
        pop     eax
        xor     eax, ebx
        pop     ebp
        dec     ebp
        jnz     1b
        ret
