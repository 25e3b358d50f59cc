# A code generator whose routines run more than once: writes a routine of twelve instructions into the same buffer,
# calls it 64 times, and writes the next.
.include "frame.inc"
.include "generate.inc"
ROUTINE = BUF0
CALLS   = 64
setup:  ret
bench:  xor     eax, eax
1:      mov     edx, 100
2:      mov     edi, ROUTINE
        WRITE_ROUTINE
        mov     ecx, ROUTINE
        mov     ebx, CALLS
5:      call    ecx
        dec     ebx
        jnz     5b
        dec     edx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
