# Prints numbers, one a line.

.include "program.inc"

DESCRIPTION "[FIRST] LAST", "print the numbers from 1, or another one, on", GROUP_SYSTEM

.text

# Takes the first and the last number.
.global _start
_start:
    cmp     dword ptr [esp], 3
    ja      misused
    mov     eax, [esp + 8]
    test    eax, eax
    jz      misused
    call    number_of
    jc      misused
    mov     edi, eax                    # EDI: the last
    mov     esi, 1                      # ESI: the next
    mov     eax, [esp + 12]
    test    eax, eax
    jz      1f
    mov     esi, edi
    call    number_of
    jc      misused
    mov     edi, eax
1:  cmp     esi, edi
    ja      finish
    mov     eax, esi
    xor     edx, edx
    call    out_number
    mov     al, 10
    call    out_byte
    inc     esi
    jnz     1b
    jmp     finish
