# A flat file of more than a sector: its last byte is there, the stack works, and interrupts are on.

.intel_syntax noprefix
.code16

.text
start:
    call    1f
1:  pop     bx
    sub     bx, offset 1b - start
    mov     si, bx
    mov     ax, cs
    add     ax, si
    cmp     ax, 0x7C00
    jne     9f
    cmp     byte ptr [si + offset last - start], 0x5A
    jne     9f
    sti
    hlt                                 # the timer wakes it
    lea     si, [si + offset text - start]
2:  lodsb
    test    al, al
    jz      9f
    mov     ah, 1
    xor     dx, dx
    int     0x14
    jmp     2b
9:  cli
    hlt
text:       .asciz "flat and whole\n"
    .org    30000
last:       .byte 0x5A
