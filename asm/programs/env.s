# Prints its environment.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Prints each of its strings as a line.
.global _start
_start:
    mov     eax, [esp]
    lea     esi, [esp + eax*4 + 8]
1:  mov     eax, [esi]
    test    eax, eax
    jz      2f
    call    put
    mov     eax, offset text_end
    call    put
    add     esi, 4
    jmp     1b
2:  SYSTEM  exit, 0

.section .rodata
text_end:       .asciz "\n"
