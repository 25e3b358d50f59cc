# Sleeps.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Takes the milliseconds.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      1f
    call    number_of
    jc      1f
    mov     ebx, eax
    SYSTEM  sleep, ebx
    SYSTEM  exit, 0
1:  mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

.section .rodata
text_usage:     .asciz "usage: sleep MILLISECONDS\n"
