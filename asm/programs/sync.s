# Puts all changes on stable storage.

.include "program.inc"

DESCRIPTION "", "put all changes on stable storage"

.text

# Takes no arguments.
.global _start
_start:
    cmp     dword ptr [esp], 1
    jne     misused
    SYSTEM  sync, -1
    mov     edx, offset text_sync
    test    eax, eax
    js      fail
    SYSTEM  exit, 0

.section .rodata
text_sync:      .asciz "sync"
