# Runs single x87 instructions between given states. Input at 200000: the number of cases, then for each case 144 bytes: an FNSAVE image
# (108), EFLAGS, 16 bytes of memory operand at ESI, 16 bytes of code padded with NOPs. The cases as they are afterwards go to port E9.
# x87-host.c does the same on the host's processor.
    .intel_syntax noprefix
    .code32
    .globl _start
    .equ DATA, 0x200000
    .equ CASE_BYTES, 144
    .equ CODE, 0x9000
_start:
    fninit
    mov dword ptr [CODE], 0x27dd9d52        # push edx; popfd; frstor [edi]
    mov dword ptr [CODE + 20], 0x37dd5a9c   # pushfd; pop edx; fnsave [edi]
    mov byte ptr [CODE + 24], 0xc3
    mov ebp, [DATA]
    mov ebx, DATA + 4
1:  mov edi, CODE + 4
    lea esi, [ebx + 128]
    movsd
    movsd
    movsd
    movsd
    mov edi, ebx
    lea esi, [ebx + 112]
    mov edx, [ebx + 108]
    mov eax, CODE
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
2:  hlt
    jmp 2b
