# Runs two programs, the output of the first being the input of the second: pipe seq 9 : wc

.include "program.inc"

DESCRIPTION "PROGRAM [ARGUMENT...] : PROGRAM [ARGUMENT...]", "run two programs, one reading from the other", GROUP_SYSTEM

.text

# Takes both programs with their arguments, a colon between them.
.global _start
_start:
    lea     ebp, [esp + 8]
    mov     esi, ebp
1:  mov     eax, [esi]
    test    eax, eax
    jz      misused
    add     esi, 4
    cmp     word ptr [eax], ':'
    jne     1b
    mov     dword ptr [esi - 4], 0      # ESI: arguments of the second
    mov     [second], esi
    cmp     dword ptr [esi], 0
    je      misused
    cmp     dword ptr [ebp], 0
    je      misused
    SYSTEM  pipe, "offset ends"
    mov     edx, [ebp]
    test    eax, eax
    js      fail
    mov     eax, [ends + 4]
    mov     [streams + 4], eax
    mov     dword ptr [streams], 0
    mov     dword ptr [streams + 8], 2
    mov     eax, [ebp]
    call    program_path
    mov     ebx, eax
    SYSTEM  spawn, ebx, ebp, 0, "offset streams"
    mov     edx, [ebp]
    test    eax, eax
    js      fail
    mov     edi, eax
    mov     eax, [ends]
    mov     [streams], eax
    mov     dword ptr [streams + 4], 1
    push    edi
    mov     ecx, [second]
    mov     eax, [ecx]
    call    program_path
    mov     ebx, eax
    mov     ecx, [second]
    SYSTEM  spawn, ebx, ecx, 0, "offset streams"
    pop     edi
    mov     edx, [second]
    mov     edx, [edx]
    test    eax, eax
    js      fail
    mov     ebp, eax
    mov     ebx, [ends]                 # its own ends, so that the readers see the end of the writers
    SYSTEM  close, ebx
    mov     ebx, [ends + 4]
    SYSTEM  close, ebx
    SYSTEM  wait, edi, -1
    SYSTEM  wait, ebp, -1
    mov     ebx, eax
    SYSTEM  exit, ebx

# Says how it is used, and ends.

.section .rodata

.bss
.balign 4
ends:           .space 8
streams:        .space 12
second:         .space 4
