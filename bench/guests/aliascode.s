# Code that runs at two linear addresses of one page, while its variable is written through a third.
.include "frame.inc"
DIRECTORY = 0x40000
FIRST   = 0x1800000
SECOND  = 0x1A00000
THIRD   = 0x1C00000
setup:  mov     edi, DIRECTORY
        call    map_identity
        mov     eax, offset routine
        and     eax, ~0xFFF
        or      eax, 7
        mov     [DIRECTORY + 0x1000 + (FIRST >> 10)], eax
        mov     [DIRECTORY + 0x1000 + (SECOND >> 10)], eax
        mov     [DIRECTORY + 0x1000 + (THIRD >> 10)], eax
        mov     eax, DIRECTORY
        jmp     enable_paging
        .org    0x1400                  # a page of its own: 9000
routine:                                # position independent; in: EAX, EDX = its variable; 10 + 6 * 8 instructions
        mov     ecx, 8
1:      add     eax, [edx]
        rol     eax, 5
        xor     eax, ecx
        add     [edx], ecx
        dec     ecx
        jnz     1b
        ret
        .p2align 6
variable:
        .long   0
bench:  xor     eax, eax
1:      mov     edi, 200
2:      mov     edx, offset variable
        and     edx, 0xFFF
        add     edx, THIRD
        mov     esi, offset routine
        and     esi, 0xFFF
        lea     ebx, [esi + FIRST]
        call    ebx
        lea     ebx, [esi + SECOND]
        call    ebx
        dec     edi
        jnz     2b
        dec     ebp
        jnz     1b
        ret
