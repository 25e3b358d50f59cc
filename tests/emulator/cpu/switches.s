# Random task switches: by CALL, JMP, a task gate and IRET to a TSS with random fields and a random descriptor
# (random-switches.ts). Each fault is handled in a task of its own. Input at 200000: the number of cases; from 200010 on
# 64 bytes for each: kind, type byte and limit of the descriptor, number of changes, then offset and value of each.
# Output: two sums for each case, the second without the EIP of a fault within the new task, which QEMU takes from the
# old one, and without RF.
    .include "events.inc"
    .equ INPUT, 0x200000
    .equ CASES, 0x200010
    .equ CASE_BYTES, 64
    .equ TASK, 0x68
    .equ LDT, 0x90
    .equ HANDLERS, 0x98         # selectors of the handlers' tasks
    .equ ABSENT_LDT, 0xc8
    .equ HANDLER_COUNT, 6
    .equ TSS_BYTES, 0x68
    .equ RESULT_DWORDS, 12
main:
    mov dword ptr [gdt + LDT], 0x80000fff
    mov dword ptr [gdt + LDT + 4], 0x8200
    mov dword ptr [gdt + ABSENT_LDT], 0x80000fff
    mov dword ptr [gdt + ABSENT_LDT + 4], 0x0200
    mov dword ptr [IDT + 0x81 * 8], TASK << 16
    mov dword ptr [IDT + 0x81 * 8 + 4], 0xe500
    mov esi, offset vectors
    mov edx, HANDLERS << 16
1:  movzx eax, byte ptr [esi]
    test eax, eax
    jz 1f
    inc esi
    mov [IDT + eax * 8], edx
    mov dword ptr [IDT + eax * 8 + 4], 0x8500
    add edx, 8 << 16
    jmp 1b
1:  mov eax, [INPUT]
    mov [remaining], eax
    mov dword ptr [current], CASES

next_case:
    dec dword ptr [remaining]
    js finish
    # All tasks as they are before the first switch.
    mov esp, STACK0 - 64
    pushfd
    and dword ptr [esp], ~0x4000
    popfd
    clts
    xor eax, eax
    lldt ax
    mov edi, offset tss
    mov ecx, TSS_BYTES / 4
    rep stosd
    mov edi, offset result
    mov ecx, RESULT_DWORDS
    rep stosd
    mov byte ptr [gdt + TSS_SELECTOR + 5], 0x89
    mov ax, TSS_SELECTOR
    ltr ax
    mov edi, offset handler_tss
    mov ebx, HANDLERS
    mov esi, offset vectors
2:  mov edx, edi
    mov ebp, offset handler
    call fill_tss
    movzx eax, byte ptr [esi]
    inc esi
    mov [edx + 0x34], eax       # EBX: the vector
    call describe
    add ebx, 8
    cmp ebx, HANDLERS + 8 * HANDLER_COUNT
    jb 2b
    mov edi, offset tss2
    mov edx, edi
    mov ebp, offset task
    call fill_tss
    mov ebx, TASK
    call describe
    mov esi, [current]
    mov al, [esi + 1]
    mov [gdt + TASK + 5], al
    mov ax, [esi + 2]
    mov [gdt + TASK], ax
    movzx ecx, byte ptr [esi + 4]
    lea edi, [esi + 8]
    jecxz 2f
1:  movzx eax, word ptr [edi]
    mov edx, [edi + 4]
    mov [tss2 + eax], edx
    add edi, 8
    loop 1b
2:  movzx eax, byte ptr [esi]
    jmp dword ptr [kinds + eax * 4]
kinds:
    .long by_call, by_jump, by_gate, by_return
by_call:
    .byte 0x9a
    .long 0
    .word TASK
    jmp after
by_jump:
    .byte 0xea
    .long 0
    .word TASK
    jmp after
by_gate:
    int 0x81
    jmp after
by_return:
    mov word ptr [tss], TASK
    pushfd
    or dword ptr [esp], 0x4000
    popfd
    iretd

    # The new task: notes what it finds, and goes back.
task:
    mov dword ptr [result], 0x600d
    mov [result + 4], esp
    pushfd
    pop dword ptr [result + 8]
    mov [result + 12], ebx
    mov [result + 16], gs
    mov [result + 18], fs
    str eax
    mov [result + 20], eax
    sldt eax
    mov [result + 24], eax
back:
    mov dword ptr [tss + 0x20], offset after
    mov byte ptr [gdt + TSS_SELECTOR + 5], 0x89
    .byte 0xea
    .long 0
    .word TSS_SELECTOR

    # A fault, of the first task or of the new one: EBX is its vector, the error code lies on the stack.
handler:
    pop eax
    mov [result + 28], eax
    mov [result + 32], ebx
    mov edx, [gdt + TASK + 4]
    mov [result + 36], edx
    str eax
    sub eax, HANDLERS
    shr eax, 3
    imul eax, eax, TSS_BYTES
    movzx eax, word ptr [handler_tss + eax]
    mov [result + 40], eax
    cmp eax, TASK
    jne back
    mov eax, [tss2 + 0x20]
    mov [result + 44], eax
    mov dword ptr [tss2 + 0x20], 0
    jmp back

after:
    cli
    mov eax, cr0
    and eax, 8
    mov [tss + 0x1c], eax
    call write_sum
    mov dword ptr [result + 44], 0
    and dword ptr [tss + 0x24], ~0x10000
    and dword ptr [tss2 + 0x24], ~0x10000
    call write_sum
    add dword ptr [current], CASE_BYTES
    jmp next_case

# Sums what was noted and the first two tasks, and writes the sum. Descriptors are part of what was noted.
write_sum:
    mov esi, offset result
    mov edx, 0x811c9dc5
    mov ecx, RESULT_DWORDS
    call add_dwords
    mov esi, offset tss
    mov ecx, TSS_BYTES / 4
    call add_dwords
    mov esi, offset tss2
    mov ecx, TSS_BYTES / 4
    call add_dwords
    mov [sum], edx
    mov esi, offset sum
    mov ecx, 4
    mov edx, 0xe9
    rep outsb
    ret
add_dwords:
    lodsd
    xor edx, eax
    imul edx, edx, 16777619
    rol edx, 7
    loop add_dwords
    ret

# A TSS at EDI that begins at EBP in ring 0. EDI moves after it; clobbers EAX, ECX.
fill_tss:
    push edi
    xor eax, eax
    mov ecx, TSS_BYTES / 4
    rep stosd
    pop edi
    mov [edi + 0x20], ebp
    mov dword ptr [edi + 0x24], 2
    mov dword ptr [edi + 0x34], 0x33333333
    mov dword ptr [edi + 0x38], 0x88000
    mov dword ptr [0x88000], 0
    .irp at, 0x48, 0x50, 0x54
    mov dword ptr [edi + \at], DATA0
    .endr
    mov dword ptr [edi + 0x4c], CODE0
    mov dword ptr [edi + 0x5c], 0x50
    add edi, TSS_BYTES
    ret

# An available 32-bit TSS at EDX for selector EBX. Clobbers EAX.
describe:
    mov word ptr [gdt + ebx], TSS_BYTES - 1
    mov eax, edx
    mov [gdt + ebx + 2], ax
    shr eax, 16
    mov [gdt + ebx + 4], al
    mov word ptr [gdt + ebx + 5], 0x0089
    mov [gdt + ebx + 7], ah
    ret

vectors: .byte 1, 10, 11, 12, 13, 14, 0
    .balign 4
remaining: .long 0
current: .long 0
sum: .long 0
result: .fill 4 * RESULT_DWORDS, 1, 0
tss2:   .fill TSS_BYTES, 1, 0
handler_tss: .fill TSS_BYTES * HANDLER_COUNT, 1, 0
