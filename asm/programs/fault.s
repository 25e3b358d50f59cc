# Does what a program may not do, to show that only the program ends.

.intel_syntax noprefix
.include "system-calls.inc"

KERNEL          = 0xC0100000

.text

# Takes one word: kernel, port, divide, halt or stack; without one it writes to address 0.
.global _start
_start:
    mov     esi, [esp + 8]
    test    esi, esi
    jz      1f
    mov     eax, [esi]
    mov     ecx, offset words
    mov     edx, offset words_end
2:  cmp     ecx, edx
    jae     1f
    add     ecx, 8
    cmp     eax, [ecx - 8]
    jne     2b
    jmp     [ecx - 4]
1:  mov     dword ptr [0], 1

# Reads the kernel's memory.
fault_kernel:
    mov     eax, [KERNEL]

# Reads a port.
fault_port:
    in      al, 0x60

# Divides by zero.
fault_divide:
    xor     ecx, ecx
    div     ecx

# Stops the processor.
fault_halt:
    hlt

# Uses all of its stack, and more.
fault_stack:
    push    0
    jmp     fault_stack

.section .rodata
.balign 4
words:
    .ascii  "kern"
    .long   fault_kernel
    .ascii  "port"
    .long   fault_port
    .ascii  "divi"
    .long   fault_divide
    .ascii  "halt"
    .long   fault_halt
    .ascii  "stac"
    .long   fault_stack
words_end:
