# Greets: a program of one's own, which the shell has as a command.

.include "program.inc"

DESCRIPTION "", "greet", GROUP_SYSTEM

.text

# Prints a line.
.global _start
_start:
    mov     eax, offset text
    call    put
    SYSTEM  exit, 0

.section .rodata
text:
    .asciz  "Hello from NAME!\n"
