# Prints its arguments.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Prints the arguments with blanks between them, in one piece, and ends the row unless the first is -n.
.global _start
_start:
    lea     esi, [esp + 8]              # past the number and the name
    mov     ebp, offset text_end        # EBP: what writes the end
    mov     edx, [esi]
    test    edx, edx
    jz      .Lend
    cmp     word ptr [edx], '-' + ('-' << 8)
    jne     .Loption
    inc     edx                         # --n is -n
.Loption:
    cmp     word ptr [edx], '-' + ('n' << 8)
    jne     .Lword
    cmp     byte ptr [edx + 2], 0
    jne     .Lword
    mov     ebp, offset text_write
.Lnext:
    add     esi, 4
.Lword:
    mov     edx, [esi]
    test    edx, edx
    jz      .Lend
    mov     eax, 1
    call    text_add
    cmp     dword ptr [esi + 4], 0
    je      .Lend
    mov     eax, 1
    mov     edx, offset text_blank
    call    text_add
    jmp     .Lnext
.Lend:
    mov     eax, 1
    call    ebp
    mov     ebx, 0                      # keeps CF
    adc     ebx, 0
    SYSTEM  exit, ebx

.section .rodata
text_blank:     .asciz " "
