# String instructions: 512 KiB filled by REP STOSD and copied by REP MOVSD.
.include "frame.inc"
HALF_MIB = 0x80000
setup:  ret
bench:  xor     ebx, ebx
1:      mov     eax, ebp
        mov     edi, BUF0
        mov     ecx, HALF_MIB / 4
        rep stosd
        mov     esi, BUF0
        mov     edi, BUF1
        mov     ecx, HALF_MIB / 4
        rep movsd
        add     ebx, [BUF1 + HALF_MIB - 4]
        dec     ebp
        jnz     1b
        mov     eax, ebx
        ret
