# Copies files, or input, to output.

.intel_syntax noprefix
.include "system-calls.inc"

OPEN_READ       = 1
BUFFER_BYTES    = 4096

.text

# Copies each file that is named, one after the other.
.global _start
_start:
    lea     ebp, [esp + 8]
    cmp     dword ptr [ebp], 0
    jne     1f
    xor     eax, eax                    # input
    call    copy
    jmp     2f
1:  mov     ebx, [ebp]
    test    ebx, ebx
    jz      2f
    SYSTEM  open, ebx, OPEN_READ
    mov     edx, [ebp]
    test    eax, eax
    js      fail
    push    eax
    call    copy
    pop     ebx
    SYSTEM  close, ebx
    add     ebp, 4
    jmp     1b
2:  SYSTEM  exit, 0

# Copies a file to output.
# In: EAX handle.
copy:
    push    ebx
    mov     ebx, eax
1:  SYSTEM  read, ebx, "offset buffer", BUFFER_BYTES
    mov     edx, offset text_input
    test    eax, eax
    js      fail
    jz      2f
    mov     ecx, eax
    mov     edx, offset buffer
    mov     eax, 1
    call    write_all
    jnc     1b
2:  pop     ebx
    ret

.section .rodata
text_input:     .asciz "cat"

.bss
buffer:         .space BUFFER_BYTES
