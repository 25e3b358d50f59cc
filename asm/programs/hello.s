# Says hello: the smallest program.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Prints a line.
.global _start
_start:
    mov     eax, offset text
    call    put
    SYSTEM  exit, 0

.section .rodata
text:
    .asciz  "Hello from ring 3.\n"
