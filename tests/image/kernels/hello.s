# A .com program: text by DOS, its command line, and a code at the end.

.intel_syntax noprefix
.code16

DOS                     = 0x21

.text
    .org    0
start:
    mov     ah, 9
    mov     dx, offset greeting - start + 0x100
    int     DOS
    movzx   cx, byte ptr [0x80]
    mov     si, 0x81
    jcxz    2f
1:  lodsb
    mov     dl, al
    mov     ah, 2
    int     DOS
    loop    1b
2:  mov     ax, 0x3520                  # the vector that ends programs
    int     DOS
    mov     ax, es
    or      ax, bx
    jz      3f
    mov     ax, 0x4C07
    int     DOS
3:  hlt
    jmp     3b
greeting:   .ascii "hello,$"
