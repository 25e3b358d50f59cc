# Sleeps.

.include "program.inc"

DESCRIPTION "MILLISECONDS", "wait", GROUP_SYSTEM

.text

# Takes the milliseconds.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      misused
    call    number_of
    jc      misused
    mov     ebx, eax
    SYSTEM  sleep, ebx
    SYSTEM  exit, 0
