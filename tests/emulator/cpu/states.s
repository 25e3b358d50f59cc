# Runs short pieces of code from given states, in ring 0, ring 3 and virtual-8086 mode, through given segments and page
# tables. Input at 200000: number of cases, mode of output, 32 descriptors for the GDT, and from 200200 on 128 bytes for
# each case (random-states.ts writes them). Output at port E9 for each case: two sums over what is left of it, the
# second without what is undefined or known to differ; in mode 1 the state itself comes before them.
    .intel_syntax noprefix
    .code32
    .globl _start
    .equ INPUT, 0x200000
    .equ CASES, 0x200200
    .equ CASE_BYTES, 128
    .equ CODE0, 0x08
    .equ DATA0, 0x10
    .equ TSS_SELECTOR, 0x28
    .equ IDT, 0x5000
    .equ STACK0, 0x90000
    # Where code runs that has to lie below 64 KiB.
    .equ LOW_CODE, 0xa000
    # The memory that cases work on: a stack, and data across a page boundary.
    .equ STACK, 0x7c00
    .equ SCRATCH, 0x8e00
    .equ DWORDS, 256
    .equ PAGE_DIRECTORY, 0x10000
    .equ PAGE_TABLE, 0x11000
    # Below 64 KiB, so that a 16-bit stack segment reaches it.
    .equ SAVED, 0x6000
    .equ VECTOR, SAVED
    .equ ERROR, SAVED + 4
    .equ EIP_, SAVED + 8
    .equ EFLAGS_, SAVED + 12
    .equ REGISTERS, SAVED + 16
    .equ MEMORY, SAVED + 48
    .equ CR2_, SAVED + 52
    .equ PAGES, SAVED + 56
    .equ CS_SS, SAVED + 60
    .equ DS_ES, SAVED + 64
    .equ FS_GS, SAVED + 68
    .equ SAVED_DWORDS, 18
    # Fields of a case.
    .equ C_EFLAGS, 32
    .equ C_KIND, 36             # 0 ring 0, 1 ring 3, 2 virtual-8086; bit 7: the code runs at LOW_CODE
    .equ C_CS, 38
    .equ C_ES, 40
    .equ C_SS, 42
    .equ C_DS, 44
    .equ C_FS, 46
    .equ C_GS, 48
    .equ C_PAGE, 52
    .equ C_CR0, 60
    .equ C_DEFINED, 64
    .equ C_START, 68            # EIP
    .equ C_CODE, 72
    .equ CODE_DWORDS, 14

_start:
    mov eax, offset tss
    mov [INPUT + 8 + TSS_SELECTOR + 2], ax
    shr eax, 16
    mov [INPUT + 8 + TSS_SELECTOR + 4], al
    lgdt [gdt_pointer]
    mov edi, IDT
    mov eax, offset stubs
    mov ecx, 32
1:  mov [edi], ax
    mov word ptr [edi + 2], CODE0
    mov word ptr [edi + 4], 0x8e00
    mov edx, eax
    shr edx, 16
    mov [edi + 6], dx
    add edi, 8
    add eax, 16
    loop 1b
    mov byte ptr [IDT + 3 * 8 + 5], 0xee
    mov byte ptr [IDT + 4 * 8 + 5], 0xee
    lidt [idt_pointer]
    mov dword ptr [tss + 4], STACK0
    mov dword ptr [tss + 8], DATA0
    mov word ptr [tss + 0x66], 0x68
    mov ax, TSS_SELECTOR
    ltr ax
    xor eax, eax
    lldt ax
    # The first 4 MiB in small pages, the program itself for ring 0 only; the rest, with the cases, in large ones for
    # all.
    mov edi, PAGE_TABLE
    mov eax, 7
    mov ecx, 1024
1:  stosd
    add eax, 0x1000
    loop 1b
    mov edi, PAGE_TABLE + 0x100 * 4
    mov ecx, 0x40
1:  and byte ptr [edi], ~4
    add edi, 4
    loop 1b
    mov edi, PAGE_DIRECTORY
    mov eax, PAGE_TABLE + 7
    stosd
    mov eax, 0x400087
    mov ecx, 1023
1:  stosd
    add eax, 0x400000
    loop 1b
    mov eax, PAGE_DIRECTORY
    mov cr3, eax
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    # A pattern with many edge values in it.
    mov edi, offset template
    mov ecx, DWORDS
    mov eax, 0x80017fff
1:  stosd
    imul eax, eax, 1664525
    add eax, 1013904223
    loop 1b
    # Around the memory that cases work on, firmware has left something.
    mov edi, SAVED
    xor eax, eax
    mov ecx, (LOW_CODE - SAVED) / 4
    rep stosd
    # Where far jumps may lead.
    mov eax, 0xcccccccc
    mov ecx, 0x1000
    rep stosd
    mov eax, [INPUT]
    mov [remaining], eax
    mov dword ptr [current], CASES

next_case:
    dec dword ptr [remaining]
    js finished
    mov esi, offset template
    mov edi, SCRATCH
    mov ecx, DWORDS
    rep movsd
    mov esi, offset template
    mov edi, STACK
    mov ecx, DWORDS
    rep movsd
    mov ebx, [current]
    mov eax, [ebx + C_START]
    mov [target], eax
    mov ax, [ebx + C_CS]
    mov [target + 4], ax
    test byte ptr [ebx + C_KIND], 0x80
    jz 1f
    lea esi, [ebx + C_CODE]
    mov edi, LOW_CODE
    mov ecx, CODE_DWORDS
    rep movsd
1:  mov eax, [ebx + C_PAGE]
    mov [PAGE_TABLE + 8 * 4], eax
    mov eax, [ebx + C_PAGE + 4]
    mov [PAGE_TABLE + 9 * 4], eax
    mov ecx, [ebx + C_CR0]
    jecxz 1f
    mov eax, cr0
    or eax, ecx
    mov cr0, eax
1:  movzx eax, byte ptr [ebx + C_KIND]
    and eax, 3
    jz ring0
    dec eax
    jz ring3
    # Virtual-8086 mode.
    mov esp, STACK0
    .irp field, C_GS, C_FS, C_DS, C_ES, C_SS
    movzx eax, word ptr [ebx + \field]
    push eax
    .endr
    push dword ptr [ebx + 16]
    mov eax, [ebx + C_EFLAGS]
    or eax, 0x20000
    push eax
    movzx eax, word ptr [ebx + C_CS]
    push eax
    push dword ptr [ebx + C_START]
    call load_registers
    iretd

ring3:
    mov esp, STACK0
    movzx eax, word ptr [ebx + C_SS]
    push eax
    push dword ptr [ebx + 16]
    push dword ptr [ebx + C_EFLAGS]
    movzx eax, word ptr [ebx + C_CS]
    push eax
    push dword ptr [ebx + C_START]
    call load_segments
    call load_registers
    iretd

ring0:
    push dword ptr [ebx + C_EFLAGS]
    popfd
    call load_segments
    mov ss, cs:[ebx + C_SS]
    mov esp, cs:[ebx + 16]
    mov eax, cs:[ebx]
    mov ecx, cs:[ebx + 4]
    mov edx, cs:[ebx + 8]
    mov ebp, cs:[ebx + 20]
    mov esi, cs:[ebx + 24]
    mov edi, cs:[ebx + 28]
    mov ebx, cs:[ebx + 12]
    jmp fword ptr cs:[target]

load_segments:
    mov es, cs:[ebx + C_ES]
    mov fs, cs:[ebx + C_FS]
    mov gs, cs:[ebx + C_GS]
    mov ds, cs:[ebx + C_DS]
    ret

load_registers:
    mov eax, cs:[ebx]
    mov ecx, cs:[ebx + 4]
    mov edx, cs:[ebx + 8]
    mov ebp, cs:[ebx + 20]
    mov esi, cs:[ebx + 24]
    mov edi, cs:[ebx + 28]
    mov ebx, cs:[ebx + 12]
    ret

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

    # Stack: vector, error code, EIP, CS, EFLAGS; from an outer ring ESP, SS; from virtual-8086 mode ES, DS, FS, GS.
    # Only SS is known.
caught:
    mov ss:[REGISTERS], eax
    mov ss:[REGISTERS + 4], ecx
    mov ss:[REGISTERS + 8], edx
    mov ss:[REGISTERS + 12], ebx
    mov ss:[REGISTERS + 20], ebp
    mov ss:[REGISTERS + 24], esi
    mov ss:[REGISTERS + 28], edi
    mov ss:[DS_ES], ds
    mov ss:[DS_ES + 2], es
    mov ss:[FS_GS], fs
    mov ss:[FS_GS + 2], gs
    mov eax, DATA0
    mov ds, eax
    mov es, eax
    cld
    pop dword ptr [VECTOR]
    pop dword ptr [ERROR]
    pop dword ptr [EIP_]
    pop eax
    mov [CS_SS], ax
    pop dword ptr [EFLAGS_]
    test dword ptr [EFLAGS_], 0x20000
    jnz 1f
    test al, 3
    jz 2f
    pop dword ptr [REGISTERS + 16]
    pop eax
    mov [CS_SS + 2], ax
    jmp 3f
1:  pop dword ptr [REGISTERS + 16]
    pop eax
    mov [CS_SS + 2], ax
    pop eax
    mov [DS_ES + 2], ax
    pop eax
    mov [DS_ES], ax
    pop eax
    mov [FS_GS], ax
    pop eax
    mov [FS_GS + 2], ax
    jmp 3f
2:  mov [REGISTERS + 16], esp
    mov [CS_SS + 2], ss
3:  mov eax, DATA0
    mov ss, eax
    mov eax, cr2
    mov ecx, cr0
    and ecx, 0x7ffaffff
    mov cr0, ecx
    mov ebx, [current]
    mov edx, [ebx + C_START]
    sub [EIP_], edx
    mov edx, [PAGE_TABLE + 8 * 4]
    shl edx, 16
    mov dx, [PAGE_TABLE + 9 * 4]
    and edx, 0x00ff00ff
    # CR2 belongs to a page fault; accessed and dirty bits may be set by an instruction that faults in the end.
    cmp byte ptr [VECTOR], 14
    jne 1f
    xor edx, edx
    jmp 2f
1:  xor eax, eax
2:  mov [CR2_], eax
    mov [PAGES], edx
    # The frame in ring 0 holds undefined flags: it must not count as memory.
    test byte ptr [ebx + C_KIND], 3
    jnz 1f
    mov ecx, [REGISTERS + 16]
    xor eax, eax
    .irp below, 4, 8, 12, 16, 20
    mov [ecx - \below], eax
    .endr
1:  mov esp, STACK0
    xor edx, edx
    mov esi, SCRATCH
    call sum_memory
    mov esi, STACK
    call sum_memory
    mov [MEMORY], edx
    cmp dword ptr [INPUT + 4], 0
    je 1f
    mov esi, SAVED
    mov ecx, 4 * SAVED_DWORDS
    mov edx, 0xe9
    rep outsb
1:  call write_sum
    # What QEMU and the manual leave open: undefined flags; RF, which QEMU does not set (SDM 3B 17.3.1.1); whether the
    # access to a page that may not be read either was going to write.
    mov ebx, [current]
    mov eax, [ebx + C_DEFINED]
    and [EFLAGS_], eax
    cmp byte ptr [VECTOR], 14
    jne 1f
    test byte ptr [ERROR], 1
    jz 2f
    test byte ptr [ERROR], 4
    jz 1f
    mov eax, [CR2_]
    shr eax, 12
    test byte ptr [PAGE_TABLE + eax * 4], 4
    jnz 1f
2:  and byte ptr [ERROR], ~2
1:  call write_sum
    add dword ptr [current], CASE_BYTES
    jmp next_case

# Adds DWORDS dwords at ESI to EDX.
sum_memory:
    mov ecx, DWORDS
1:  lodsd
    imul edx, edx, 31
    add edx, eax
    loop 1b
    ret

# Writes the sum of the saved state.
write_sum:
    mov esi, SAVED
    mov ecx, SAVED_DWORDS
    mov edx, 0x811c9dc5
1:  lodsd
    xor edx, eax
    imul edx, edx, 16777619
    rol edx, 7
    loop 1b
    mov [sum], edx
    mov esi, offset sum
    mov ecx, 4
    mov edx, 0xe9
    rep outsb
    ret

    .balign 4
idt_pointer:
    .word 32 * 8 - 1
    .long IDT
    .balign 4
gdt_pointer:
    .word 32 * 8 - 1
    .long INPUT + 8
    .balign 4
remaining: .long 0
current: .long 0
target: .long 0, 0
sum: .long 0
    .balign 16
tss:    .fill 0x68, 1, 0
        .fill 0x2000, 1, 0xff
        .byte 0xff
    .balign 16
template: .fill 4 * DWORDS, 1, 0
