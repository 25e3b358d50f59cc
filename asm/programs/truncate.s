# Makes a file shorter or longer.

.include "program.inc"

DESCRIPTION "PATH BYTES", "make a file shorter or longer"

.text

# Takes a path and a number of bytes.
.global _start
_start:
    cmp     dword ptr [esp], 3
    jne     misused
    mov     esi, [esp + 8]
    mov     eax, [esp + 12]
    call    number_of
    jc      misused
    mov     edi, eax
    SYSTEM  open, esi, FILE_WRITE
    mov     edx, esi
    test    eax, eax
    js      fail
    SYSTEM  truncate, eax, edi
    mov     edx, esi
    test    eax, eax
    js      fail
    mov     eax, esi
    call    out_text
    mov     eax, offset text_has
    call    out_text
    mov     eax, edi
    xor     edx, edx
    call    out_number
    mov     eax, offset text_bytes_now
    call    out_text
    jmp     finish

.section .rodata
text_has:       .asciz " has "
text_bytes_now: .asciz " bytes now.\n"
