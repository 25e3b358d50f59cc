# An interpreter of byte codes: an indirect jump after every few instructions. Its program counts down from 10,000 and
# mixes two registers on the way.
.include "frame.inc"
setup:  ret
handlers:
        .long   op_load, op_add, op_xor, op_rotate, op_count, op_end
program:
        .byte   0                       # B = 16-bit number that follows
        .word   0x7F4A
loop_at = . - program
        .byte   1                       # A += B
        .byte   3                       # rotate A
        .byte   2                       # B ^= A
        .byte   1
        .byte   4, loop_at              # go on there as long as the counter is not zero
        .byte   5
bench:  xor     eax, eax
1:      mov     ecx, 10000
        mov     esi, offset program
next:   movzx   edx, byte ptr [esi]
        inc     esi
        jmp     [handlers + edx * 4]
op_load:
        movzx   ebx, word ptr [esi]
        add     esi, 2
        jmp     next
op_add: add     eax, ebx
        jmp     next
op_xor: xor     ebx, eax
        jmp     next
op_rotate:
        rol     eax, 3
        jmp     next
op_count:
        movzx   edx, byte ptr [esi]
        inc     esi
        dec     ecx
        jz      next
        lea     esi, [program + edx]
        jmp     next
op_end: dec     ebp
        jnz     1b
        ret
