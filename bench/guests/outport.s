# Accesses to a port that nothing of interest answers: what one costs between the guest and its devices.
.include "frame.inc"
setup:  ret
bench:  xor     eax, eax
1:      mov     ecx, 1000
2:      out     0x80, al
        inc     eax
        loop    2b
        dec     ebp
        jnz     1b
        ret
