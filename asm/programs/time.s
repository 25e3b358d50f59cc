# Runs a program, and says how long it took and how it ended.

.include "program.inc"

DESCRIPTION "PROGRAM [ARGUMENT...]", "run a program and say how long it took", GROUP_SYSTEM

.text

# Takes the program's name or path, and its arguments.
.global _start
_start:
    lea     ebp, [esp + 8]
    mov     ebx, [ebp]
    test    ebx, ebx
    jz      misused
    SYSTEM  clock
    mov     edi, eax
    mov     eax, [ebp]
    call    program_path
    mov     ebx, eax
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
    mov     edx, eax
    mov     eax, 2                      # the program's own output may go elsewhere
    call    text_add_number
    mov     eax, 2
    mov     edx, offset text_status
    call    text_add
    mov     eax, 2
    mov     edx, esi
    call    text_add_number
    mov     eax, 2
    call    text_end
    mov     ebx, esi
    SYSTEM  exit, ebx

.section .rodata
text_status:    .asciz " ms, status "
