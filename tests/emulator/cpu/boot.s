# Boot sector of the processor tests: enters flat 32-bit protected mode and jumps to 100000, where the program has been
# put.
    .intel_syntax noprefix
    .code16
    .globl _start
_start:
    cli
    xor ax, ax
    mov ds, ax
    # No interrupt of the board comes between: when it comes would depend on the host's clock.
    mov al, 0xff
    out 0x21, al
    out 0xa1, al
    in al, 0x92
    or al, 2
    and al, 0xfe
    out 0x92, al
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    .byte 0x66, 0xea            # ljmp 8:enter
    .long enter
    .word 8

    .code32
enter:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    mov esp, 0x90000
    # What comes before this marker is the firmware's.
    mov esi, offset marker
    mov ecx, 7
    mov edx, 0xe9
    cld
    rep outsb
    mov eax, 0x100000
    jmp eax
marker:
    .ascii "\001BEGIN\002"

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    # 08: code, ring 0
    .quad 0x00cf93000000ffff    # 10: data, ring 0
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt
    .org 510
    .word 0xaa55
