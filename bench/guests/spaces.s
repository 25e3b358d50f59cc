# Address spaces: CR3 changes between four page directories at each step; the same address leads to another page in
# each.
.include "frame.inc"
DIRECTORY = 0x200000                    # four of them, with tables for 32 MiB, 0x10000 apart
WINDOW  = 0x1800000
setup:  xor     edx, edx
1:      mov     edi, edx
        shl     edi, 16
        add     edi, DIRECTORY
        push    edi
        call    map_identity
        pop     edi
        mov     eax, edx
        shl     eax, 12
        add     eax, BUF0 + 7
        mov     [edi + 0x1000 + (WINDOW >> 10)], eax
        inc     edx
        cmp     edx, 4
        jb      1b
        mov     eax, DIRECTORY
        jmp     enable_paging
bench:  xor     eax, eax
        mov     ebx, DIRECTORY
1:      mov     ecx, 1000
2:      mov     cr3, ebx
        add     eax, [WINDOW]
        inc     eax
        mov     [WINDOW], eax
        push    eax
        xor     [esp], ecx
        pop     eax
        add     ebx, 0x10000
        and     ebx, ~0x40000
        dec     ecx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
