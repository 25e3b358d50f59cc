# Runs single MMX and SSE instructions between given states. Input at 200000: the number of cases, then for each case
# 608 bytes: an FXSAVE image (512), EAX ECX EDX EBX, EFLAGS, room for the exception's vector, the number of the code,
# memory operands at ESI (+32) and EDI (+48), and at +80 16 bytes of code padded with NOPs. Code of one number is the
# same and is written once, so that it may be compiled. The cases as they are afterwards go to port E9. vector-host.c
# does the same on the host's processor.
    .intel_syntax noprefix
    .code32
    .globl _start
    .equ DATA, 0x200000
    .equ CASE_BYTES, 608
    .equ BUFFER, 0x180000        # the input's cases are not aligned to 16 bytes
    .equ IDT, 0x190000
    .equ CODE, 0x800000          # a page for each number: what is compiled looks at its neighbours
    .equ CODE_END, 16
_start:
    mov eax, cr4
    or eax, 0x600                # OSFXSR, OSXMMEXCPT
    mov cr4, eax
    .irp vector, 6, 13, 19
    mov eax, offset fault_\vector
    mov [IDT + 8 * \vector], ax
    mov word ptr [IDT + 8 * \vector + 2], 8
    mov word ptr [IDT + 8 * \vector + 4], 0x8e00
    shr eax, 16
    mov [IDT + 8 * \vector + 6], ax
    .endr
    lidt [idt_pointer]
    fninit
    mov ebp, [DATA]
    mov dword ptr [current], DATA + 4
next_case:
    mov esi, [current]
    mov edi, BUFFER
    mov ecx, CASE_BYTES / 4
    rep movsd
    mov eax, [BUFFER + 536]
    shl eax, 12
    add eax, CODE
    mov [code], eax
    cmp byte ptr [eax + CODE_END], 0xc3
    je 1f
    mov esi, BUFFER + 592
    mov edi, eax
    mov ecx, 4
    rep movsd
    mov byte ptr [eax + CODE_END], 0xc3
1:  fxrstor [BUFFER]
    push dword ptr [BUFFER + 528]
    popfd
    mov eax, [BUFFER + 512]
    mov ecx, [BUFFER + 516]
    mov edx, [BUFFER + 520]
    mov ebx, [BUFFER + 524]
    mov esi, BUFFER + 544
    mov edi, BUFFER + 560
    mov dword ptr [BUFFER + 532], 0
    call [code]
    pushfd
    pop dword ptr [BUFFER + 528]
    mov [BUFFER + 512], eax
    mov [BUFFER + 516], ecx
    mov [BUFFER + 520], edx
    mov [BUFFER + 524], ebx
    fxsave [BUFFER]
    cld
    mov esi, BUFFER
    mov edi, [current]
    mov ecx, CASE_BYTES / 4
    rep movsd
    mov [current], edi
    dec ebp
    jnz next_case
    mov esi, DATA + 4
    mov ecx, [current]
    sub ecx, esi
    mov edx, 0xe9
    rep outsb
    mov al, 0x10
    out 0xf4, al
2:  hlt
    jmp 2b

# Notes which exception it was and goes on after the instruction, at the RET. The error code is dropped.
    .irp vector, 6, 13, 19
fault_\vector:
    .if \vector == 13
    add esp, 4
    .endif
    mov dword ptr [BUFFER + 532], \vector
    push dword ptr [code]
    pop dword ptr [esp]
    add dword ptr [esp], CODE_END
    iretd
    .endr

    .balign 4
current:
    .long 0
code:
    .long 0
idt_pointer:
    .word 20 * 8 - 1
    .long IDT
