# A code generator that moves on through 1 MiB: each routine of about a dozen instructions has a place of its own, and runs once.
.include "frame.inc"
ROUTINE = BUF0
ROUTINES_END = BUF0 + 0x100000
setup:  ret
place:  .long   ROUTINE
        .fill   64, 1, 0xCC
bench:  xor     eax, eax
1:      mov     edx, 100
2:      mov     edi, [place]
        mov     ebx, edx
        imul    ebx, ebx, 0x9E3779B1
        xor     ebx, ebp
        mov     ecx, 3
3:      mov     byte ptr [edi], 0x05    # add eax, imm32
        mov     [edi + 1], ebx
        rol     ebx, 5
        mov     word ptr [edi + 5], 0xC0C1  # rol eax, imm8
        mov     [edi + 7], cl
        mov     byte ptr [edi + 8], 0x35    # xor eax, imm32
        mov     [edi + 9], ebx
        mov     word ptr [edi + 13], 0xD001 # add eax, edx
        test    bl, 1
        jz      4f
        mov     word ptr [edi + 13], 0xD031 # xor eax, edx
4:      add     edi, 15
        dec     ecx
        jnz     3b
        mov     byte ptr [edi], 0xC3
        mov     ecx, [place]
        lea     edi, [edi + 16]
        and     edi, -16
        cmp     edi, ROUTINES_END - 64
        jb      5f
        mov     edi, ROUTINE
5:      mov     [place], edi
        call    ecx
        dec     edx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
