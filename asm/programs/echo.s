# Prints its arguments.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Prints the arguments with blanks between them.
.global _start
_start:
    lea     esi, [esp + 8]              # past the number and the name
1:  mov     eax, [esi]
    test    eax, eax
    jz      2f
    call    put
    add     esi, 4
    cmp     dword ptr [esi], 0
    je      2f
    mov     eax, offset text_blank
    call    put
    jmp     1b
2:  mov     eax, offset text_end
    call    put
    SYSTEM  exit, 0

.section .rodata
text_blank:     .asciz " "
text_end:       .asciz "\n"
