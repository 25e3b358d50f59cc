# Prints its arguments.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Prints the arguments with blanks between them, in one piece.
.global _start
_start:
    lea     esi, [esp + 8]              # past the number and the name
1:  mov     edx, [esi]
    test    edx, edx
    jz      2f
    mov     eax, 1
    call    text_add
    add     esi, 4
    cmp     dword ptr [esi], 0
    je      2f
    mov     eax, 1
    mov     edx, offset text_blank
    call    text_add
    jmp     1b
2:  mov     eax, 1
    call    text_end
    mov     ebx, 0                      # keeps CF
    adc     ebx, 0
    SYSTEM  exit, ebx

.section .rodata
text_blank:     .asciz " "
