# A code generator: writes a routine of twelve instructions into the same buffer, runs it once, and writes the next.
.include "frame.inc"
.include "generate.inc"
ROUTINE = BUF0
setup:  ret
bench:  xor     eax, eax
1:      mov     edx, 100
2:      mov     edi, ROUTINE
        WRITE_ROUTINE
        mov     ecx, ROUTINE
        call    ecx
        dec     edx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
