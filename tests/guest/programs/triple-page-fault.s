# Reads a page that is not there, with a table of interrupts that is not there either: a triple fault of page faults.
# Built by tests/cli/triple-fault.test.ts; assembled as a boot sector at 7C00h.
.intel_syntax noprefix
.code16

.global _start
_start:
    cli
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     di, 0x2000                  # a directory, and a table for the first 4 MiB of which 1 MiB is there
    mov     cx, 0x800
    cld
    rep stosd
    mov     dword ptr [0x2000], 0x3003
    mov     di, 0x3000
    mov     eax, 3
1:  stosd
    add     eax, 0x1000
    cmp     eax, 0x100003
    jne     1b
    lgdt    [gdt_pointer]
    lidt    [idt_pointer]
    mov     eax, 0x2000
    mov     cr3, eax
    mov     eax, cr0
    or      eax, 0x80000001
    mov     cr0, eax
    jmp     8, offset paged
.code32
paged:
    mov     eax, 16
    mov     ds, eax
    mov     eax, [0x200123]
.balign 8
gdt:
    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word   23
    .long   gdt
idt_pointer:
    .word   0x7ff
    .long   0x300000

    .org    510
    .word   0xAA55
