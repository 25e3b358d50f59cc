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
    mov     edx, offset text_input
    test    eax, eax
    js      fail
    jz      3f
    mov     esi, eax
    mov     ecx, eax
    mov     edx, offset buffer
    mov     eax, 1
    call    write_all
    jnc     2f
    cmp     eax, -ERROR_BROKEN_PIPE     # who has ended needs no word about it
    mov     edx, offset text_output
    jne     fail
    mov     dword ptr [status], 1
2:  mov     ecx, esi
    mov     edx, offset buffer
    mov     eax, edi
    call    write_all
    mov     edx, ebp
    jnc     1b
    jmp     fail
3:  SYSTEM  exit, [status]

.section .rodata
text_output:    .asciz "output"
text_input:     .asciz "input"

.bss
.balign 4
status:         .space 4                # 1: nobody reads the output
buffer:         .space BUFFER_BYTES
