# Hardware task switches: by JMP, CALL, a task gate, an interrupt; back by IRET; into 16-bit and virtual-8086 tasks; and
# their faults.
    .include "events.inc"
    .equ TASK, 0x68             # selector of the second TSS
    .equ GATE, 0x70
main:
    mov eax, offset tss2
    call set_tss
    # Everything that the new task finds.
    call fill_tss
    .byte 0x9a                  # lcall TASK
    .long 0
    .word TASK
    SHOW 0x100
    call show_links
    # By a jump, and a jump back.
    call fill_tss
    mov dword ptr [tss2 + 0x20], offset task_jump
    .byte 0xea
    .long 0
    .word TASK
    SHOW 0x101
    call show_links
    # Through a task gate, by an interrupt with an error code.
    call fill_tss
    mov word ptr [gdt + 0x72], TASK
    mov word ptr [gdt + 0x74], 0xe500
    mov dword ptr [tss2 + 0x20], offset task_call
    .byte 0x9a
    .long 0
    .word GATE
    SHOW 0x102
    call fill_tss
    mov dword ptr [IDT + 0x81 * 8], TASK << 16
    mov dword ptr [IDT + 0x81 * 8 + 4], 0xe500
    int 0x81
    SHOW 0x103
    call show_links
    mov dword ptr [tss2 + 0x20], offset task_fault
    mov dword ptr [IDT + 13 * 8], TASK << 16
    mov dword ptr [IDT + 13 * 8 + 4], 0xe500
    mov eax, 0x1234
    mov fs, ax                  # #GP(1234): handled in the other task, which steps over it
    SHOW 0x104
    mov edi, IDT + 13 * 8
    mov eax, offset stubs + 13 * 16
    call set_gate
    # Faults: busy, not present, too short, not a TSS; bad segments in the new task.
    .macro SWITCH
    TRY
    .byte 0x9a
    .long 0
    .word TASK
    SHOW 0x105
9:  call restore
    .endm
    call fill_tss
    mov byte ptr [gdt + TASK + 5], 0x8b
    SWITCH
    mov byte ptr [gdt + TASK + 5], 0x09
    SWITCH
    mov byte ptr [gdt + TASK + 5], 0x89
    mov word ptr [gdt + TASK], 0x66
    SWITCH
    mov word ptr [gdt + TASK], 0x67
    # Faults within the new task have no segments to rely on: a third task handles them, and goes back to the first.
    mov eax, offset tss3
    mov word ptr [gdt + 0x78], 0x67
    mov [gdt + 0x7a], ax
    shr eax, 16
    mov [gdt + 0x7c], al
    .irp fault, 10, 11, 12, 13
    mov dword ptr [IDT + \fault * 8], 0x78 << 16
    mov dword ptr [IDT + \fault * 8 + 4], 0xe500
    .endr
    .macro BAD offset_in_tss, value
    call fill_tss
    mov dword ptr [tss2 + \offset_in_tss], \value
    mov esi, offset tss2
    mov edi, offset tss3
    mov ecx, 0x68 / 4
    rep movsd
    mov dword ptr [tss3 + 0x20], offset task_bad
    mov dword ptr [tss3 + 0x4c], CODE0
    mov dword ptr [tss3 + 0x50], DATA0
    mov dword ptr [tss3 + 0x54], DATA0
    mov dword ptr [tss3 + 0x48], DATA0
    mov dword ptr [tss3 + 0x60], 0
    mov byte ptr [gdt + 0x7d], 0x89
    mov byte ptr [gdt + TASK + 5], 0x89
    .byte 0x9a
    .long 0
    .word TASK
    SHOW 0x105
    call restore
    .endm
    BAD 0x60, 0x10
    BAD 0x4c, 0x10
    BAD 0x4c, 0
    BAD 0x4c, 0x1b
    BAD 0x4c, 0x200
    BAD 0x54, 0x30000
    BAD 0x54, 0x48
    BAD 0x54, 0x58
    BAD 0x48, 0x13
    .irp fault, 10, 11, 12, 13
    mov edi, IDT + \fault * 8
    mov eax, offset stubs + \fault * 16
    call set_gate
    .endr
    # IRET with a back link that is no busy task.
    mov word ptr [tss], 0x10
    TRY
    pushfd
    or dword ptr [esp], 0x4000
    popfd
    iretd
9:  pushfd
    and dword ptr [esp], ~0x4000
    popfd
    # 16 bits.
    mov byte ptr [gdt + TASK + 5], 0x81
    mov word ptr [gdt + TASK], 0x2b
    mov edi, offset tss2
    mov ecx, 0x68 / 4
    xor eax, eax
    rep stosd
    mov word ptr [tss2 + 0x0e], 0x9000
    mov word ptr [tss2 + 0x10], 0x0802
    mov word ptr [tss2 + 0x12], 0x1111
    mov word ptr [tss2 + 0x14], 0x2222
    mov word ptr [tss2 + 0x1a], 0x7000
    mov word ptr [tss2 + 0x22], DATA0
    mov word ptr [tss2 + 0x24], CODE0
    mov word ptr [tss2 + 0x26], DATA0
    mov word ptr [tss2 + 0x28], DATA0
    mov esi, offset task_low
    mov edi, 0x9000
    mov ecx, task_low_end - task_low
    rep movsb
    .byte 0x9a
    .long 0
    .word TASK
    SHOW 0x106
    # The upper halves of the registers are undefined.
    .irp at, 0x9100, 0x9104, 0x9108
    movzx eax, word ptr [\at]
    SHOW eax
    .endr
    mov eax, cr0
    and eax, 0xff
    SHOW eax
    movzx eax, word ptr [tss2 + 0x0e]
    SHOW eax
    jmp breakpoints

# Makes both tasks available again after whatever happened: TR names the first.
restore:
    mov byte ptr [gdt + 0x2d], 0x89
    mov byte ptr [gdt + TASK + 5], 0x89
    mov ax, 0x28
    ltr ax
    xor eax, eax
    lldt ax
    pushfd
    and dword ptr [esp], ~0x4000
    popfd
    ret

set_tss:
    mov word ptr [gdt + TASK], 0x67
    mov [gdt + TASK + 2], ax
    shr eax, 16
    mov [gdt + TASK + 4], al
    mov byte ptr [gdt + TASK + 5], 0x89
    ret

fill_tss:
    mov edi, offset tss2
    mov ecx, 0x68 / 4
    xor eax, eax
    rep stosd
    mov dword ptr [tss2 + 0x20], offset task_call
    mov dword ptr [tss2 + 0x24], 0x0802
    mov eax, 0x11111111
    mov edi, offset tss2 + 0x28
    mov ecx, 8
1:  stosd
    add eax, 0x11111111
    loop 1b
    mov dword ptr [tss2 + 0x38], 0x80000
    mov dword ptr [tss2 + 0x48], DATA0
    mov dword ptr [tss2 + 0x4c], CODE0
    mov dword ptr [tss2 + 0x50], DATA0
    mov dword ptr [tss2 + 0x54], DATA0
    mov dword ptr [tss2 + 0x58], 0
    mov dword ptr [tss2 + 0x5c], 0x50
    ret

show_links:
    SHOW [tss2]
    SHOW [tss2 + 0x24]
    movzx eax, byte ptr [gdt + 0x2d]
    SHOW eax
    movzx eax, byte ptr [gdt + TASK + 5]
    SHOW eax
    SHOW [tss + 0x24]
    mov eax, cr0
    and eax, 0xff
    SHOW eax
    clts
    ret

    .macro SHOW_TASK
    pushfd
    pop ebx
    SHOW eax
    SHOW ecx
    SHOW ebx
    SHOW esp
    SHOW edi
    mov eax, gs
    SHOW eax
    str eax
    SHOW eax
    .endm
task_call:
    SHOW_TASK
    iretd
    SHOW 0x200
    jmp task_call
task_jump:
    SHOW_TASK
    .byte 0xea
    .long 0
    .word 0x28
task_fault:
    pop eax
    SHOW eax
    mov eax, [tss + 0x20]
    add dword ptr [tss + 0x20], 2
    iretd

task_bad:
    pop eax
    SHOW eax
    movzx eax, word ptr [tss3]
    SHOW eax
    .ifdef SHOW_FAULTING_EIP
    SHOW [tss2 + 0x20]
    .endif
    movzx eax, word ptr [tss2 + 0x4c]
    SHOW eax
    movzx eax, word ptr [tss2 + 0x50]
    SHOW eax
    movzx eax, byte ptr [gdt + TASK + 5]
    SHOW eax
    mov byte ptr [gdt + 0x2d], 0x89
    .byte 0xea
    .long 0
    .word 0x28

# Copied below 64 KiB, where a 16-bit EIP can point.
task_low:
    mov [0x9100], eax
    mov [0x9104], ecx
    mov [0x9108], esp
    iretd
task_low_end:
    .balign 16
tss2:   .fill 0x80, 1, 0
tss3:   .fill 0x80, 1, 0

    # Local breakpoints end with their task, global ones stay (SDM 3B 17.2.4), but for LE, which QEMU keeps. All are for
    # a linear address that nobody runs.
breakpoints:
    mov eax, 0xfffffff0
    .irp register, dr0, dr1, dr2, dr3
    mov \register, eax
    .endr
    mov eax, 0x7ff
    mov dr7, eax
    call restore
    mov eax, offset tss2
    call set_tss
    call fill_tss
    .byte 0x9a
    .long 0
    .word TASK
    mov eax, dr7
    and eax, ~0x100
    SHOW eax
    mov eax, 0x400
    mov dr7, eax
    jmp finish
