# The start of a program in C: int main(int argc, char **argv, char **environment).

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Calls main, and ends with what it returns.
.global _start
_start:
    mov     eax, [esp]
    lea     edx, [esp + 4]
    lea     ecx, [edx + eax*4 + 4]
    push    ecx
    push    edx
    push    eax
    call    main
    mov     ebx, eax
    SYSTEM  exit, ebx
