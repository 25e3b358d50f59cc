# A window that moves: a page-table entry changes at each step and is announced, by INVLPG in one half of the steps and
# by CR3 in the other.
.include "frame.inc"
DIRECTORY = 0x40000
WINDOW  = 0x1800000
ENTRY   = DIRECTORY + 0x1000 + (WINDOW >> 10)
setup:  mov     edi, DIRECTORY
        call    map_identity
        mov     eax, DIRECTORY
        jmp     enable_paging
bench:  xor     eax, eax
1:      mov     ecx, 500
2:      mov     edx, ecx
        and     edx, 7
        shl     edx, 12
        add     edx, BUF0 + 7
        mov     [ENTRY], edx
        invlpg  [WINDOW]
        add     eax, [WINDOW + ecx * 4]
        mov     [WINDOW + ecx * 4], eax
        add     edx, 0x1000
        mov     [ENTRY], edx
        mov     edx, cr3
        mov     cr3, edx
        add     eax, [WINDOW + ecx * 4]
        inc     eax
        mov     [WINDOW + ecx * 4], eax
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
