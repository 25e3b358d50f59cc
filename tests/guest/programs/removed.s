# A program for /bin: `removed PATH OTHER` has a file open while its name is taken away and another file is written, and
# prints what taking the name away gave, and whether the open file still holds what it held.

.intel_syntax noprefix
.include "system-calls.inc"

BYTES           = 4096
PIECES          = 20

.text

.global _start
_start:
    mov     ebp, [esp + 8]
    mov     esi, [esp + 12]
    SYSTEM  open, ebp, 7                # to read, to write, made
    mov     al, 'a'
    call    pieces_write
    SYSTEM  sync, 3
    SYSTEM  unlink, ebp
    call    put_signed
    SYSTEM  sync, 3
    SYSTEM  open, esi, 7
    mov     [handle], eax
    mov     al, 'b'
    call    pieces_write
    SYSTEM  sync, "[handle]"
    SYSTEM  close, "[handle]"
    SYSTEM  seek, 3, 0, 0
    xor     esi, esi                    # bytes that are as they were
1:  SYSTEM  read, 3, "offset piece", BYTES
    test    eax, eax
    jle     3f
    mov     ecx, eax
    mov     edi, offset piece
    mov     al, 'a'
2:  scasb
    jne     3f
    inc     esi
    loop    2b
    jmp     1b
3:  mov     eax, esi
    call    put_number
    mov     eax, offset text_end
    call    put
    SYSTEM  exit, 0

# Writes pieces that are one letter.
# In: AL letter, [handle].
pieces_write:
    mov     edi, offset piece
    mov     ecx, BYTES
    rep stosb
    mov     edi, PIECES
1:  SYSTEM  write, "[handle]", "offset piece", BYTES
    dec     edi
    jnz     1b
    ret

# Prints a result, which may be an error, and a blank.
# In: EAX.
put_signed:
    test    eax, eax
    jns     1f
    push    eax
    mov     eax, offset text_minus
    call    put
    pop     eax
    neg     eax
1:  call    put_number
    mov     eax, offset text_blank
    jmp     put

.section .rodata
text_minus:     .asciz "-"
text_blank:     .asciz " "
text_end:       .asciz " bytes are as they were\n"

.data
.balign 4
handle:         .long 3                 # the first that a program opens

.bss
.balign 4
piece:          .space BYTES
