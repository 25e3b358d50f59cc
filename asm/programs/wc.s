# Counts the lines, words and bytes of input.

.intel_syntax noprefix
.include "system-calls.inc"

BUFFER_BYTES    = 4096

.text

# Prints the three numbers.
.global _start
_start:
    xor     edi, edi                    # EDI: 1 within a word
.Lwc_more:
    SYSTEM  read, 0, "offset buffer", BUFFER_BYTES
    mov     edx, offset text_name
    test    eax, eax
    js      fail
    jz      .Lwc_end
    add     [bytes], eax
    mov     esi, offset buffer
    mov     ecx, eax
.Lwc_byte:
    lodsb
    cmp     al, 10
    jne     .Lwc_word
    inc     dword ptr [lines]
.Lwc_word:
    cmp     al, ' '
    mov     edx, edi
    mov     edi, 0
    jbe     .Lwc_next
    inc     edi
    cmp     edx, edi                    # a word begins
    adc     dword ptr [words], 0
.Lwc_next:
    dec     ecx
    jnz     .Lwc_byte
    jmp     .Lwc_more
.Lwc_end:
    mov     esi, offset lines
    mov     edi, 3
.Lprint:
    lodsd
    call    put_number
    mov     eax, offset text_blank
    cmp     edi, 1
    jne     .Lput
    mov     eax, offset text_end
.Lput:
    call    put
    dec     edi
    jnz     .Lprint
    SYSTEM  exit, 0

.section .rodata
text_name:      .asciz "wc"
text_blank:     .asciz " "
text_end:       .asciz "\n"

.bss
.balign 4
lines:          .space 4
words:          .space 4
bytes:          .space 4
buffer:         .space BUFFER_BYTES
