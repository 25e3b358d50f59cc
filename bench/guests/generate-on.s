# A code generator that moves on through 1 MiB: each routine of about a dozen instructions has a place of its own, and
# runs once.
.include "frame.inc"
.include "generate.inc"
ROUTINE = BUF0
ROUTINES_END = BUF0 + 0x100000
setup:  ret
place:  .long   ROUTINE
        .fill   64, 1, 0xCC
bench:  xor     eax, eax
1:      mov     edx, 100
2:      mov     edi, [place]
        WRITE_ROUTINE
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
