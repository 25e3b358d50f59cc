# Hash of blocks: the rounds of SHA-1 over 16 KiB, with a schedule of 80 dwords on the stack and byte swaps.
.include "frame.inc"
BLOCKS = 256
setup:  mov     edi, BUF0
        mov     ecx, BLOCKS * 16
        call    fill_noise
        ret
state:  .long   0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0
.macro rotate_state
        mov     [esp + 320], edx        # new e
        mov     edx, ecx
        mov     ecx, ebx
        ror     ecx, 2
        mov     ebx, eax
        mov     eax, esi
.endm
# Twenty rounds: `mix` leaves f(b, c, d) in ESI.
.macro rounds from, constant, mix:vararg
        mov     edi, \from
1:      \mix
        add     esi, [esp + 320]
        add     esi, \constant
        add     esi, [esp + edi * 4]
        push    eax
        rol     eax, 5
        add     esi, eax
        pop     eax
        rotate_state
        inc     edi
        cmp     edi, \from + 20
        jb      1b
.endm
.macro choose
        mov     esi, ecx
        xor     esi, edx
        and     esi, ebx
        xor     esi, edx
.endm
.macro parity
        mov     esi, ebx
        xor     esi, ecx
        xor     esi, edx
.endm
.macro majority
        mov     esi, ebx
        mov     ebp, ebx
        and     esi, ecx
        or      ebp, ecx
        and     ebp, edx
        or      esi, ebp
.endm
bench:  push    ebp
        mov     esi, BUF0
        mov     ecx, BLOCKS
each_block:
        push    ecx
        push    esi
        sub     esp, 324
        xor     edi, edi
2:      mov     eax, [esi + edi * 4]
        bswap   eax
        mov     [esp + edi * 4], eax
        inc     edi
        cmp     edi, 16
        jb      2b
3:      mov     eax, [esp + edi * 4 - 12]
        xor     eax, [esp + edi * 4 - 32]
        xor     eax, [esp + edi * 4 - 56]
        xor     eax, [esp + edi * 4 - 64]
        rol     eax, 1
        mov     [esp + edi * 4], eax
        inc     edi
        cmp     edi, 80
        jb      3b
        mov     eax, [state + 16]
        mov     [esp + 320], eax
        mov     eax, [state]
        mov     ebx, [state + 4]
        mov     ecx, [state + 8]
        mov     edx, [state + 12]
        rounds  0, 0x5A827999, choose
        rounds  20, 0x6ED9EBA1, parity
        rounds  40, 0x8F1BBCDC, majority
        rounds  60, 0xCA62C1D6, parity
        add     [state], eax
        add     [state + 4], ebx
        add     [state + 8], ecx
        add     [state + 12], edx
        mov     eax, [esp + 320]
        add     [state + 16], eax
        add     esp, 324
        pop     esi
        pop     ecx
        add     esi, 64
        dec     ecx
        jnz     each_block
        pop     ebp
        dec     ebp
        jnz     bench
        mov     eax, [state]
        ret
