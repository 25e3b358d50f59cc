# Runs single instructions between given states. Input at 200000: the number of cases, then for each case 64 bytes: EAX ECX EDX EBX
# ESP EBP ESI EDI, EFLAGS, and 28 bytes of code that ends with INT3s. For each case 52 bytes go to port E9: vector, error code,
# EIP relative to the code, EFLAGS, the eight registers, and a sum over the scratch memory at 8000-83FF.
    .intel_syntax noprefix
    .code32
    .globl _start
    .equ SCRATCH, 0x8000
    .equ SCRATCH_DWORDS, 256
    .equ CODE, 0x9000
    .equ CASE_BYTES, 64
    .equ IDT, 0x5000
_start:
    mov edi, IDT
    mov eax, offset stubs
    mov ecx, 32
1:  mov [edi], ax
    mov word ptr [edi + 2], 8
    mov word ptr [edi + 4], 0x8e00
    mov edx, eax
    shr edx, 16
    mov [edi + 6], dx
    add edi, 8
    add eax, 16
    loop 1b
    lidt [idt_pointer]
    mov esi, 0x200000
    lodsd
    mov [remaining], eax
    mov [current], esi

next_case:
    dec dword ptr [remaining]
    js finished
    # The scratch memory starts from a pattern that has many edge values in it.
    mov edi, SCRATCH
    mov ecx, SCRATCH_DWORDS
    mov eax, 0x80017fff
1:  mov [edi], eax
    imul eax, eax, 1664525
    add eax, 1013904223
    add edi, 4
    loop 1b
    mov esi, [current]
    add esi, 36
    mov edi, CODE
    mov ecx, 7
    rep movsd
    mov esi, [current]
    mov esp, 0x90000
    push dword ptr [esi + 32]
    popfd
    mov eax, [esi]
    mov ecx, [esi + 4]
    mov edx, [esi + 8]
    mov ebx, [esi + 12]
    mov esp, [esi + 16]
    mov ebp, [esi + 20]
    mov edi, [esi + 28]
    mov esi, [esi + 24]
    .byte 0xea
    .long CODE
    .word 8

finished:
    mov al, 0x10
    out 0xf4, al
1:  hlt
    jmp 1b

    # One stub of 16 bytes for each vector; those without an error code push a zero.
    .balign 16
stubs:
    .set vector, 0
    .rept 32
    .balign 16
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17
    push vector
    .else
    push 0
    push vector
    .endif
    jmp caught
    .set vector, vector + 1
    .endr
    .balign 16

    # Stack: vector, error code, EIP, CS, EFLAGS. Registers are still the case's; ESP is 20 lower.
caught:
    mov [saved + 16], eax
    mov [saved + 20], ecx
    mov [saved + 24], edx
    mov [saved + 28], ebx
    mov [saved + 36], ebp
    mov [saved + 40], esi
    mov [saved + 44], edi
    pop eax
    mov [saved], eax
    pop eax
    mov [saved + 4], eax
    pop eax
    sub eax, CODE
    mov [saved + 8], eax
    pop eax
    pop eax
    mov [saved + 12], eax
    mov [saved + 32], esp
    # The frame holds undefined flags: it must not count as memory.
    xor eax, eax
    mov [esp - 4], eax
    mov [esp - 8], eax
    mov [esp - 12], eax
    mov [esp - 16], eax
    mov [esp - 20], eax
    cld
    mov esp, 0x90000
    mov esi, SCRATCH
    mov ecx, SCRATCH_DWORDS
    xor edx, edx
1:  lodsd
    imul edx, edx, 31
    add edx, eax
    loop 1b
    mov [saved + 48], edx
    mov esi, offset saved
    mov ecx, 52
    mov edx, 0xe9
    rep outsb
    add dword ptr [current], CASE_BYTES
    jmp next_case

    .balign 4
idt_pointer:
    .word 32 * 8 - 1
    .long IDT
    .balign 4
remaining: .long 0
current: .long 0
saved: .fill 52
