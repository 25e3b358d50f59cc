# Segmentation, privilege, gates and their exceptions in protected mode.
    .include "events.inc"
main:
    # With addresses of 16 bits 0 follows on FFFF, though the segment goes on.
.macro SHOW_WRAP repeated:vararg
    mov edi, 0xfff8
    mov esi, 0xfff9
    mov ecx, 16
    mov eax, edi
    \repeated
    SHOW esi
    SHOW edi
    SHOW ecx
    SHOW [0]
    SHOW [4]
    SHOW [0xfffc]
    SHOW [0x10000]
.endm
    xor eax, eax
    mov edi, 0xfff0
    mov ecx, 16
    rep stosd
    SHOW_WRAP addr16 rep stosb
    SHOW_WRAP addr16 rep stosw
    SHOW_WRAP addr16 rep movsb
    SHOW_WRAP addr16 rep movsd
    # QEMU checks no limits and few rights: those have expected answers of their own in limits.s.
    PROBE mov eax, cs:[0x8000]
    # Loading segment registers.
    .macro LOAD selector, register
    TRY
    mov eax, \selector
    mov \register, eax
    SHOW 2
9:
    .endm
    .irp selector, 0, 3, 8, 0x10, 0x13, 0x1b, 0x23, 0x28, 0x30, 0x38, 0x40, 0x43, 0x48, 0x50, 0x58, 0x60, 0x200
    LOAD \selector, fs
    .endr
    .irp selector, 0, 3, 8, 0x10, 0x13, 0x1b, 0x23, 0x28, 0x40, 0x48, 0x50, 0x58, 0x60, 0x200
    LOAD \selector, ss
    .endr
    mov ax, DATA0
    mov ss, ax
    # Descriptor inspection.
    .irp selector, 0, 8, 0x10, 0x13, 0x1b, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58, 0x200
    mov ecx, \selector
    mov eax, 0x12345678
    lar eax, ecx
    setz bl
    SHOW eax
    mov eax, 0x12345678
    lsl eax, ecx
    setz bh
    SHOW eax
    verr cx
    setz cl
    SHOW ecx
    mov ecx, \selector
    verw cx
    setz cl
    SHOW ecx
    movzx ebx, bx
    SHOW ebx
    .endr
    # Far jumps and calls.
    .macro FAR opcode, selector
    TRY
    .byte \opcode
    .long 8f
    .word \selector
8:  mov eax, cs
    SHOW eax
9:
    .endm
    .irp selector, 0, 8, 0x0b, 0x10, 0x1b, 0x28, 0x40, 0x43, 0x48, 0x58, 0x200
    FAR 0xea, \selector
    FAR 0x9a, \selector
    .endr
    TRY
    .byte 0xea
    .long 1f
    .word 8
1:
9:
    # Errors of gates: an interrupt whose gate is bad.
    mov byte ptr [IDT + 0x80 * 8 + 5], 0x0e
    PROBE int 0x80
    mov byte ptr [IDT + 0x80 * 8 + 5], 0x8c
    PROBE int 0x80
    mov byte ptr [IDT + 0x80 * 8 + 5], 0x8e
    mov word ptr [IDT + 0x80 * 8 + 2], 0
    PROBE int 0x80
    mov word ptr [IDT + 0x80 * 8 + 2], 0x10
    PROBE int 0x80
    mov word ptr [IDT + 0x80 * 8 + 2], 0x1b
    PROBE int 0x80
    mov word ptr [IDT + 0x80 * 8 + 2], 0x200
    PROBE int 0x80
    mov word ptr [IDT + 0x80 * 8 + 2], CODE0
    # Instructions.
    PROBE ud2
    PROBE int3
    PROBE lldt ax
    mov ax, 0x10
    PROBE lldt ax
    PROBE ltr ax
    mov ax, TSS_SELECTOR
    PROBE ltr ax
    mov eax, cr0
    PROBE mov cr0, eax
    mov eax, 5
    mov dword ptr [bounds], 1
    mov dword ptr [bounds + 4], 4
    PROBE bound eax, [bounds]
    mov eax, 4
    PROBE bound eax, [bounds]
    xor ecx, ecx
    PROBE div ecx
    mov edx, 1
    mov ecx, 1
    PROBE div ecx
    mov al, 0x7f
    inc al
    PROBE into
    PROBE .byte 0xf0, 0x90
    PROBE .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
    PROBE .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90

    # Ring 3.
    and byte ptr [IDT + 0x80 * 8 + 5], 0x9f
    .irp entry, user_hlt, user_cli, user_in, user_in_allowed, user_int80, user_mov_cr, user_load_kernel, user_popf, user_retf, user_far, user_lgdt, user_smsw, user_str, user_in_word, user_clts, user_invlpg, user_wrmsr
    USER \entry
    .endr
    or byte ptr [IDT + 0x80 * 8 + 5], 0x60
    USER user_int80
    # The call gate, with two parameters.
    mov eax, offset gate_target
    mov [gdt + 0x60], ax
    mov word ptr [gdt + 0x62], CODE0
    mov word ptr [gdt + 0x64], 0xec02
    shr eax, 16
    mov [gdt + 0x66], ax
    USER user_gate
    mov byte ptr [gdt + 0x65], 0x8c
    USER user_gate
    mov byte ptr [gdt + 0x65], 0x6c
    USER user_gate
    # Returns to outer rings with bad selectors.
    .macro RETURN code, stack
    TRY
    push \stack
    push STACK3
    push 2
    push \code
    push offset user_ud
    iretd
9:
    .endm
    RETURN 0x1b, 0x20
    RETURN 0x1b, 0x10
    RETURN 0x18, 0x23
    RETURN 0x1a, 0x23
    RETURN 0x23, 0x23
    RETURN 0, 0x23
    RETURN 0x1b, 0
    RETURN 0x43, 0x23
    # Segments of ring 0 do not survive the return.
    mov ax, DATA0
    mov fs, ax
    mov ax, DATA3
    mov gs, ax
    USER user_show_segments
    # Single step and breakpoints.
    TRY
    pushfd
    or dword ptr [esp], 0x100
    popfd
    nop
    SHOW 3
9:  mov eax, offset 7f
    mov dr0, eax
    mov eax, 0x401
    mov dr7, eax
    TRY
    nop
7:  nop
    SHOW 4
9:  mov dword ptr [resume], 0
    mov eax, offset bounds
    mov dr0, eax
    mov eax, 0xd0401
    mov dr7, eax
    mov dword ptr [bounds], 7
    mov eax, [bounds + 4]
    mov eax, [bounds]
    nop
    mov eax, 0xf0401
    mov dr7, eax
    mov eax, [bounds]
    mov al, [bounds + 3]
    mov al, [bounds + 4]
    mov eax, 0x400
    mov dr7, eax
    pushfd
    or dword ptr [esp], 0x100
    popfd
    nop
    mov ecx, 2
    mov esi, 0x8000
    rep lodsb
    int3
    push ss
    pop ss
    nop
    pushfd
    and dword ptr [esp], ~0x100
    popfd
    nop
    jmp finish

gate_target:
    mov eax, [esp + 8]
    add eax, [esp + 12]
    mov ebx, cs
    push ebx
    mov ebx, ss
    push ebx
    mov bx, DATA0
    mov ds, bx
    SHOW eax
    SHOW [esp]
    SHOW [esp + 4]
    SHOW esp
    add esp, 8
    mov bx, DATA3
    mov ds, bx
    retf 8

    USER_CODE user_hlt, hlt
    USER_CODE user_cli, cli
    USER_CODE user_in, in al, 0x80
    USER_CODE user_in_allowed, in al, 0x71
    USER_CODE user_in_word, in ax, 0x7f
    USER_CODE user_int80, int 0x80
    USER_CODE user_mov_cr, mov eax, cr0
user_load_kernel:
    mov ax, DATA3
    mov ds, ax
    mov es, ax
    mov ax, DATA0
    mov fs, ax
    ud2
user_popf:
    mov ax, DATA3
    mov ds, ax
    mov es, ax
    push 0x3202
    popfd
    pushfd
    pop eax
    mov [bounds], eax
    ud2
user_retf:
    mov ax, DATA3
    mov ds, ax
    mov es, ax
    push CODE0
    push offset user_ud
    retf
    ud2
user_far:
    mov ax, DATA3
    mov ds, ax
    mov es, ax
    .byte 0xea
    .long user_ud
    .word 8
    ud2
    USER_CODE user_lgdt, lgdt [gdt_pointer]
    USER_CODE user_smsw, smsw ax
    USER_CODE user_str, str ax
    USER_CODE user_clts, clts
    USER_CODE user_invlpg, invlpg [eax]
    USER_CODE user_wrmsr, wrmsr
user_gate:
    mov ax, DATA3
    mov ds, ax
    mov es, ax
    push 0x111
    push 0x222
    .byte 0x9a
    .long 0
    .word 0x63
    ud2
    USER_CODE user_ud, nop
user_show_segments:
    mov eax, fs
    shl eax, 16
    mov ax, gs
    ud2

    .balign 4
bounds: .long 0, 0, 0, 0
