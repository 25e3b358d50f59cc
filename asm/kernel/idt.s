# Interrupt descriptor table and the entries of all vectors. Exceptions end in exception_entry (exception.s), the 16
# lines of the interrupt controller in interrupt_entry (interrupt.s), programs' calls in what hangs on program_call
# (asm/process/call.s). All gates but the double fault's are interrupt gates: handlers run with interrupts off. Programs
# may raise only breakpoint, overflow and the vector of their calls.

.include "macros.inc"
.include "cpu.inc"

VECTOR_DOUBLE_FAULT = 8
VECTORS             = 256
VECTOR_BREAKPOINT   = 3
VECTOR_OVERFLOW     = 4
VECTOR_CALL         = 0x80
GATE_INTERRUPT      = 0x8E00                # present, DPL 0, 32-bit interrupt gate
GATE_FOR_PROGRAMS   = 0xEE                  # upper byte: present, DPL 3
GATE_TASK           = 0x8500

HOOK program_call, unexpected_entry

.text

# Builds and loads the table.
# Clobbers: EBX, ESI, EDI too.
.global idt_init
idt_init:
    mov     edi, offset idt
    mov     esi, offset vector_entries
    xor     ebx, ebx
1:  mov     eax, offset unexpected_entry
    cmp     esi, offset vector_entries_end
    jae     2f
    lodsd
2:  mov     [edi], ax
    mov     word ptr [edi + 2], SELECTOR_CODE
    mov     word ptr [edi + 4], GATE_INTERRUPT
    shr     eax, 16
    mov     [edi + 6], ax
    add     edi, 8
    inc     ebx
    cmp     ebx, VECTORS
    jb      1b
    mov     edi, offset idt + VECTOR_DOUBLE_FAULT * 8
    mov     word ptr [edi + 2], SELECTOR_FAULT
    mov     word ptr [edi + 4], GATE_TASK
    mov     byte ptr [idt + VECTOR_BREAKPOINT * 8 + 5], GATE_FOR_PROGRAMS
    mov     byte ptr [idt + VECTOR_OVERFLOW * 8 + 5], GATE_FOR_PROGRAMS
    mov     edi, offset idt + VECTOR_CALL * 8
    mov     eax, [program_call]
    mov     [edi], ax
    mov     byte ptr [edi + 5], GATE_FOR_PROGRAMS
    shr     eax, 16
    mov     [edi + 6], ax
    lidt    [idt_register]
    ret

# One entry for each vector: brings the stack to the layout of cpu.inc (error code, vector) and goes on to the common
# part.
.macro VECTOR_ENTRY number, common, error=0
.Lentry\@:
    .if \error == 0
    push    0
    .endif
    push    \number
    jmp     \common
    .pushsection .rodata.vectors, "a", @progbits
    .long   .Lentry\@
    .popsection
.endm

.section .rodata.vectors, "a", @progbits
.balign 4
vector_entries:

.text
    VECTOR_ENTRY 0, exception_entry
    VECTOR_ENTRY 1, exception_entry
    VECTOR_ENTRY 2, exception_entry
    VECTOR_ENTRY 3, exception_entry
    VECTOR_ENTRY 4, exception_entry
    VECTOR_ENTRY 5, exception_entry
    VECTOR_ENTRY 6, exception_entry
    VECTOR_ENTRY 7, exception_entry
    VECTOR_ENTRY 8, exception_entry, 1  # a task gate takes its place
    VECTOR_ENTRY 9, exception_entry
    VECTOR_ENTRY 10, exception_entry, 1
    VECTOR_ENTRY 11, exception_entry, 1
    VECTOR_ENTRY 12, exception_entry, 1
    VECTOR_ENTRY 13, exception_entry, 1
    VECTOR_ENTRY 14, exception_entry, 1
    VECTOR_ENTRY 15, exception_entry
    VECTOR_ENTRY 16, exception_entry
    VECTOR_ENTRY 17, exception_entry, 1
.irp vector, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    VECTOR_ENTRY \vector, exception_entry
.endr
.irp vector, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47
    VECTOR_ENTRY \vector, interrupt_entry
.endr

# Vectors that nothing should raise.
unexpected_entry:
    push    0
    push    255
    jmp     exception_entry

.section .rodata.vectors, "a", @progbits
vector_entries_end:

.data
.balign 4
idt_register:
    .word   VECTORS * 8 - 1
    .long   idt

.bss
.balign 16
idt:    .space VECTORS * 8
