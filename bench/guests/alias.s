# Two linear addresses of one page: copies from the one to the other by a loop, forward and backward in it, and by REP
# MOVSD.
.include "frame.inc"
DIRECTORY = 0x40000
FIRST   = 0x1800000                     # both lead to BUF0; 4 pages
SECOND  = 0x1A00000
setup:  mov     edi, BUF0
        mov     ecx, 4096
        call    fill_noise
        mov     edi, DIRECTORY
        call    map_identity
        mov     edx, FIRST
        call    1f
        mov     edx, SECOND
        call    1f
        mov     eax, DIRECTORY
        jmp     enable_paging
1:      shr     edx, 12
        lea     edx, [DIRECTORY + 0x1000 + edx * 4]
        mov     eax, BUF0 + 7
        mov     ecx, 4
2:      mov     [edx], eax
        add     eax, 0x1000
        add     edx, 4
        loop    2b
        ret
bench:  xor     eax, eax
1:      mov     esi, FIRST
        mov     edi, SECOND + 0x1004
        mov     ecx, 1024
2:      mov     ebx, [esi]              # each dword is read again by the next turns
        add     ebx, eax
        mov     [edi], ebx
        add     eax, [esi + 0x1000]
        add     esi, 4
        add     edi, 4
        dec     ecx
        jnz     2b
        mov     esi, SECOND
        mov     edi, FIRST + 0x2000
        mov     ecx, 1024
        rep movsd
        mov     esi, FIRST + 0x2000
        mov     edi, SECOND + 0x0008
        mov     ecx, 64
3:      mov     edx, [esi]
        mov     [edi], edx
        xor     eax, [FIRST + 0x2000]
        add     esi, 4
        add     edi, 4
        dec     ecx
        jnz     3b
        dec     ebp
        jnz     1b
        ret
