# A mix of calls: through registers, with arguments on the stack and a frame, mutual recursion that saves what the
# callee has to keep.
.include "frame.inc"
setup:  ret
# is_even / is_odd: in: EAX; out: EAX
is_even:
        push    ebx
        mov     ebx, eax
        mov     eax, 1
        test    ebx, ebx
        jz      1f
        lea     eax, [ebx - 1]
        call    is_odd
1:      pop     ebx
        ret
is_odd: push    ebx
        mov     ebx, eax
        xor     eax, eax
        test    ebx, ebx
        jz      1f
        lea     eax, [ebx - 1]
        call    is_even
1:      pop     ebx
        ret
# sum6: six dwords on the stack, removed by the callee
sum6:   push    ebp
        mov     ebp, esp
        sub     esp, 8
        mov     eax, [ebp + 8]
        add     eax, [ebp + 12]
        mov     [ebp - 4], eax
        mov     eax, [ebp + 16]
        xor     eax, [ebp + 20]
        mov     [ebp - 8], eax
        mov     eax, [ebp + 24]
        sub     eax, [ebp + 28]
        add     eax, [ebp - 4]
        xor     eax, [ebp - 8]
        leave
        ret     24
double: lea     eax, [eax + eax]
        ret
halve:  shr     eax, 1
        ret
apply:  push    esi                     # in: ECX = function, EAX = value
        mov     esi, ecx
        call    esi
        call    esi
        pop     esi
        ret
bench:  push    0
1:      mov     edi, 200
2:      mov     eax, edi
        and     eax, 31
        call    is_even
        add     [esp], eax
        push    edi
        push    eax
        push    3
        push    ebp
        push    [esp + 16]
        push    edi
        mov     ecx, offset sum6
        call    ecx
        add     [esp], eax
        mov     ecx, offset double
        call    apply
        mov     ecx, offset halve
        call    apply
        xor     [esp], eax
        dec     edi
        jnz     2b
        dec     ebp
        jnz     1b
        pop     eax
        ret
