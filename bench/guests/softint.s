# Software interrupts: INT to a handler that counts and returns by IRET, through a gate of the IDT.
.include "frame.inc"
VECTOR = 0x40
setup:  mov     eax, offset count
        mov     [IDT + VECTOR * 8], ax
        shr     eax, 16
        mov     [IDT + VECTOR * 8 + 6], ax
        ret
count:  inc     ebx
        iretd
bench:  xor     ebx, ebx
1:      mov     ecx, 1000
2:      int     VECTOR
        loop    2b
        dec     ebp
        jnz     1b
        mov     eax, ebx
        ret
