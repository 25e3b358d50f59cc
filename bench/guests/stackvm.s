# A byte-code interpreter whose program, stack and variables lie in the page of its code. It adds up squares.
.include "frame.inc"
setup:  ret
.macro next
        movzx   eax, byte ptr [esi]
        inc     esi
        jmp     [handlers + eax * 4]
.endm
op_const:
        movsx   eax, byte ptr [esi]
        inc     esi
        sub     edi, 4
        mov     [edi], eax
        next
op_load:
        movzx   eax, byte ptr [esi]
        inc     esi
        mov     eax, [variables + eax * 4]
        sub     edi, 4
        mov     [edi], eax
        next
op_store:
        movzx   eax, byte ptr [esi]
        inc     esi
        mov     edx, [edi]
        add     edi, 4
        mov     [variables + eax * 4], edx
        next
op_add: mov     eax, [edi]
        add     edi, 4
        add     [edi], eax
        next
op_mul: mov     eax, [edi]
        add     edi, 4
        imul    eax, [edi]
        mov     [edi], eax
        next
op_jump_if:                             # the top is not zero
        mov     edx, [edi]
        add     edi, 4
        movsx   eax, byte ptr [esi]
        inc     esi
        test    edx, edx
        jz      1f
        add     esi, eax
1:      next
op_end: dec     ebp
        jz      1f
        mov     esi, offset program
        next
1:      mov     eax, [variables]
        ret
stack_bottom:
        .fill   64, 1, 0
stack_end:
variables:
        .long   0, 0, 0, 0
program:
        .byte   0, 100, 2, 1            # v1 = 100
1:      .byte   1, 1, 1, 1, 4           # v1 * v1
        .byte   1, 0, 3, 2, 0           # v0 += it
        .byte   1, 1, 0, 0xFF, 3, 2, 1  # v1 -= 1
        .byte   1, 1, 5, 1b - (. + 1)
        .byte   6
handlers:
        .long   op_const, op_load, op_store, op_add, op_mul, op_jump_if, op_end
bench:  mov     esi, offset program
        mov     edi, offset stack_end
        next
