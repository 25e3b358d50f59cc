# Runs single x87 instructions between given states. Input at 200000: the number of cases, then for each case 144 bytes:
# an FNSAVE image (108), EFLAGS, 14 bytes of memory operand at ESI, the number of the code, 16 bytes of code padded with
# NOPs. Code of one number is the same and is written once, so that it may be compiled. The cases as they are afterwards
# go to port E9. x87-host.c does the same on the host's processor.
    .intel_syntax noprefix
    .code32
    .globl _start
    .equ DATA, 0x200000
    .equ CASE_BYTES, 144
    .equ CODE, 0x400000          # a page for each number: what is compiled looks at its neighbours
_start:
    fninit
    mov ebp, [DATA]
    mov ebx, DATA + 4
1:  movzx eax, word ptr [ebx + 126]
    shl eax, 12
    add eax, CODE
    cmp byte ptr [eax + 24], 0xc3
    je 2f
    mov dword ptr [eax], 0x27dd9d52         # push edx; popfd; frstor [edi]
    mov dword ptr [eax + 20], 0x37dd5a9c    # pushfd; pop edx; fnsave [edi]
    mov byte ptr [eax + 24], 0xc3
    lea edi, [eax + 4]
    lea esi, [ebx + 128]
    movsd
    movsd
    movsd
    movsd
2:  mov edi, ebx
    lea esi, [ebx + 112]
    mov edx, [ebx + 108]
    call eax
    mov [ebx + 108], edx
    add ebx, CASE_BYTES
    dec ebp
    jnz 1b
    mov esi, DATA + 4
    mov ecx, ebx
    sub ecx, esi
    mov edx, 0xe9
    cld
    rep outsb
    mov al, 0x10
    out 0xf4, al
3:  hlt
    jmp 3b
