# Runs a program, and says how long it took and how it ended.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Takes the program's path and its arguments.
.global _start
_start:
    lea     ebp, [esp + 8]
    mov     ebx, [ebp]
    test    ebx, ebx
    jz      1f
    SYSTEM  clock
    mov     edi, eax
    mov     ebx, [ebp]
    mov     ecx, ebp
    SYSTEM  spawn, ebx, ecx, 0, 0
    mov     edx, [ebp]
    test    eax, eax
    js      fail
    mov     ebx, eax
    SYSTEM  wait, ebx, -1
    mov     esi, eax
    SYSTEM  clock
    sub     eax, edi
    call    put_number
    mov     eax, offset text_status
    call    put
    mov     eax, esi
    call    put_number
    mov     eax, offset text_end
    call    put
    mov     ebx, esi
    SYSTEM  exit, ebx
1:  mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

.section .rodata
text_usage:     .asciz "usage: time PROGRAM [ARGUMENT...]\n"
text_status:    .asciz " ms, status "
text_end:       .asciz "\n"
