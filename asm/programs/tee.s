# Copies input to output and into a file.

.include "program.inc"

BUFFER_BYTES    = 4096

DESCRIPTION "FILE", "copy input to output and into a file", GROUP_FILES

.text

# Takes the file's path.
.global _start
_start:
    cmp     dword ptr [esp], 2
    jne     misused
    mov     ebp, [esp + 8]
    SYSTEM  open, ebp, OPEN_NEW
    mov     edx, ebp
    test    eax, eax
    js      fail
    mov     edi, eax
1:  SYSTEM  read, 0, "offset buffer", BUFFER_BYTES
    mov     edx, ebp
    test    eax, eax
    js      fail
    jz      3f
    mov     esi, eax
    mov     ecx, eax
    mov     edx, offset buffer
    mov     eax, 1
    call    write_all
    mov     ecx, esi
    mov     edx, offset buffer
    mov     eax, edi
    call    write_all
    mov     edx, ebp
    jnc     1b
    jmp     fail
3:  SYSTEM  exit, 0

.section .rodata

.bss
buffer:         .space BUFFER_BYTES
