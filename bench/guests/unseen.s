# Code that has never been run before: 8192 routines of random instructions, about 1 MiB, each a short loop, called one
# after the other and then all again. The guest sends a '.' after 16 calls, and again whenever their number has grown by
# an eighth: from when the dots arrive one reads how fast an emulator gets going.
.include "frame.inc"
ROUTINES = 8192
TABLE    = BUF2                         # addresses of the routines
DATA     = BUF1                         # 64 KiB that they work on

# setup: writes the routines. EDI = where the next byte of code goes, EBP = random number, EBX = routines to go
setup:  mov     edi, DATA
        mov     ecx, 0x4000
        call    fill_noise
        mov     edi, BUF0
        mov     ebp, 20261120
        xor     ebx, ebx
1:      mov     [TABLE + ebx * 4], edi
        mov     al, 0xB9                # mov ecx, 1..16
        stosb
        call    random
        and     eax, 15
        inc     eax
        stosd
        push    edi                     # the loop's head
        call    random
        and     eax, 15
        lea     edx, [eax + 8]          # 8..23 instructions
2:      call    random
        and     eax, 15
        lea     esi, [eax + eax * 4]
        lea     esi, [templates + esi * 2]
        movzx   ecx, byte ptr [esi]     # bytes of the template
        movzx   eax, byte ptr [esi + 1] # mask of the random dword after it, in bits; 0: none
        add     esi, 2
        rep movsb
        test    eax, eax
        jz      3f
        mov     ecx, eax
        call    random
        and     eax, 0xFFFC
        cmp     cl, 16
        je      4f
        rol     eax, 16
        xor     eax, ebp
4:      stosd
3:      dec     edx
        jnz     2b
        mov     ax, 0x0F49              # dec ecx; jnz head
        stosw
        mov     al, 0x85
        stosb
        pop     eax
        sub     eax, edi
        sub     eax, 4
        stosd
        mov     al, 0xC3
        stosb
        inc     ebx
        cmp     ebx, ROUTINES
        jb      1b
        ret

# random: out: EAX, EBP = the next number; keeps all others
random: imul    ebp, ebp, 1103515245
        add     ebp, 12345
        mov     eax, ebp
        shr     eax, 12
        ret

# bytes, bits of the random dword that follows them, and up to eight bytes of code: EAX, EDX, EBX compute, ESI is the
# data
templates:
        .macro template bits, code:vararg
8:      .byte   9f - . - 2, \bits, \code
9:      .org    8b + 10
        .endm
        template 32, 0x05               # add eax, imm32
        template 32, 0x35               # xor eax, imm32
        template 32, 0x69, 0xC0         # imul eax, eax, imm32
        template 32, 0x81, 0xEA         # sub edx, imm32
        template 16, 0x8B, 0x9E         # mov ebx, [esi + disp32]
        template 16, 0x03, 0x86         # add eax, [esi + disp32]
        template 16, 0x01, 0x96         # add [esi + disp32], edx
        template 16, 0x89, 0x86         # mov [esi + disp32], eax
        template 16, 0x0F, 0xB6, 0x9E   # movzx ebx, byte ptr [esi + disp32]
        template 0, 0xC1, 0xC0, 7       # rol eax, 7
        template 0, 0x31, 0xC2          # xor edx, eax
        template 0, 0x8D, 0x14, 0x50    # lea edx, [eax + edx * 2]
        template 0, 0x01, 0xD8          # add eax, ebx
        template 0, 0x84, 0xC0, 0x78, 2, 0x31, 0xD0 # test al, al; js 1f; xor eax, edx; 1:
        template 0, 0x39, 0xD0, 0x73, 3, 0xC1, 0xE8, 3 # cmp eax, edx; jae 1f; shr eax, 3; 1:
        template 0, 0x50, 0x5B          # push eax; pop ebx

bench:  mov     esi, DATA
        xor     eax, eax
        mov     dword ptr [next_dot], 16
        mov     dword ptr [calls_made], 0
1:      xor     edi, edi
2:      call    [TABLE + edi * 4]
        inc     dword ptr [calls_made]
        mov     ecx, [next_dot]
        cmp     [calls_made], ecx
        jb      3f
        shr     ecx, 3
        add     [next_dot], ecx
        push    eax
        mov     al, '.'
        call    put_character
        pop     eax
3:      inc     edi
        cmp     edi, ROUTINES
        jb      2b
        dec     ebp
        jnz     1b
        ret
next_dot:
        .long   16
calls_made:
        .long   0
