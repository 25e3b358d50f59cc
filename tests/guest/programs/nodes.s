# A program for /bin: `nodes PATH...` prints what the system says of each path: kind, bytes, seconds since 1970 of the
# last change, and its name; and -1 where it says nothing.

.intel_syntax noprefix
.include "system-calls.inc"

RECORD_KIND     = 0
RECORD_BYTES    = 4
RECORD_MODIFIED = 12
RECORD_NAME     = 16

.text

.global _start
_start:
    lea     ebp, [esp + 8]              # after the number of words, and the first
1:  mov     ebx, [ebp]
    test    ebx, ebx
    jz      4f
    SYSTEM  stat, ebx, "offset record"
    test    eax, eax
    js      2f
    mov     eax, [record + RECORD_KIND]
    call    put_number
    mov     eax, offset text_blank
    call    put
    mov     eax, [record + RECORD_BYTES]
    call    put_number
    mov     eax, offset text_blank
    call    put
    mov     eax, [record + RECORD_MODIFIED]
    call    put_number
    mov     eax, offset text_blank
    call    put
    mov     eax, offset record + RECORD_NAME
    call    put
    mov     eax, offset text_end
    jmp     3f
2:  mov     eax, offset text_none
3:  call    put
    add     ebp, 4
    jmp     1b
4:  SYSTEM  exit, 0

.section .rodata
text_blank:     .asciz " "
text_end:       .asciz "\n"
text_none:      .asciz "-1\n"

.bss
.balign 4
record:         .space 272
