# Calls and returns: Fibonacci numbers by recursion, with a register that each call saves.
.include "frame.inc"
setup:  ret
# fibonacci: in: EAX = n; out: EAX = F(n)
fibonacci:
        cmp     eax, 2
        jb      1f
        push    ebx
        mov     ebx, eax
        dec     eax
        call    fibonacci
        xchg    ebx, eax
        sub     eax, 2
        call    fibonacci
        add     eax, ebx
        pop     ebx
1:      ret
bench:  xor     edi, edi
1:      mov     eax, 23
        call    fibonacci
        add     edi, eax
        dec     ebp
        jnz     1b
        mov     eax, edi
        ret
