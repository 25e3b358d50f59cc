# Prints the numbers from 1 to the one that is given.

.include "program.inc"

DESCRIPTION "LAST", "print the numbers from 1 on", GROUP_SYSTEM

.text

# Takes the last number.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      misused
    call    number_of
    jc      misused
    mov     edi, eax
    xor     esi, esi
1:  cmp     esi, edi
    jae     finish
    inc     esi
    mov     eax, esi
    xor     edx, edx
    call    out_number
    mov     al, 10
    call    out_byte
    jmp     1b
