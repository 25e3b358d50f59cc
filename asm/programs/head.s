# Copies the first ten lines of input to output.

.intel_syntax noprefix
.include "system-calls.inc"

LINES           = 10
BUFFER_BYTES    = 4096

.text

# Takes no arguments.
.global _start
_start:
    mov     ebp, LINES
1:  SYSTEM  read, 0, "offset buffer", BUFFER_BYTES
    mov     edx, offset text_name
    test    eax, eax
    js      fail
    jz      4f
    mov     esi, offset buffer
    mov     ecx, eax
2:  lodsb
    cmp     al, 10
    jne     3f
    dec     ebp
    jz      .Llast
3:  dec     ecx
    jnz     2b
.Llast:
    mov     ecx, esi
    mov     edx, offset buffer
    sub     ecx, edx
    mov     eax, 1
    call    write_all
    test    ebp, ebp
    jnz     1b
4:  SYSTEM  exit, 0

.section .rodata
text_name:      .asciz "head"

.bss
buffer:         .space BUFFER_BYTES
