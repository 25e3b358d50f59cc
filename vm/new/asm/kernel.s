# The kernel: says hello on the screen and at the first serial line.

.intel_syntax noprefix

.text
.global kernel
kernel:
    mov     esi, offset text
    mov     edi, 0xB8000                # of the screen: each character with its colour
    mov     edx, 0x3F8                  # the serial line
    mov     ah, 0x1F
1:  lodsb
    out     dx, al
    stosw
    cmp     byte ptr [esi], 0
    jne     1b
    ret

.section .rodata
text:
    .asciz  "Hello from NAME!"
