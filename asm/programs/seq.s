# Prints the numbers from 1 to the one that is given.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Takes the last number.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      2f
    call    number_of
    jc      2f
    mov     edi, eax
    xor     esi, esi
1:  cmp     esi, edi
    jae     3f
    inc     esi
    mov     eax, esi
    call    put_number
    mov     eax, offset text_end
    call    put
    jmp     1b
2:  mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2
3:  SYSTEM  exit, 0

.section .rodata
text_usage:     .asciz "usage: seq LAST\n"
text_end:       .asciz "\n"
