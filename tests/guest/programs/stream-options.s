# A program for /bin: a server on port 7001 whose socket has every option that connections inherit. Each connection gets
# 20,000 bytes, a record of 100 and one of 50, and is closed half a second later, without having been read.

.intel_syntax noprefix
.include "system-calls.inc"

PORT            = 7001
WIDEST          = 8                     # options
SEGMENT         = 6
QUICK           = 9
MARK            = 10
BYTES           = 20000

.text

.global _start
_start:
    SYSTEM  socket, 1
    mov     ebp, eax
    SYSTEM  socket_option, ebp, WIDEST, 15 << 20
    SYSTEM  socket_option, ebp, SEGMENT, 1100
    SYSTEM  socket_option, ebp, QUICK, 3
    SYSTEM  bind, ebp, 0, PORT
    SYSTEM  listen, ebp, 4
    mov     eax, offset text_ready
    call    put
1:  SYSTEM  accept, ebp, 0, -1
    mov     esi, eax
    mov     eax, esi
    mov     edx, offset content
    mov     ecx, BYTES
    call    write_all
    SYSTEM  socket_option, esi, MARK, 1
    mov     eax, esi
    mov     edx, offset content
    mov     ecx, 100
    call    write_all
    SYSTEM  socket_option, esi, MARK, 1
    mov     eax, esi
    mov     edx, offset content
    mov     ecx, 50
    call    write_all
    SYSTEM  sleep, 500
    SYSTEM  close, esi
    jmp     1b

.section .rodata
text_ready:     .asciz "stream-options: ready\n"

.bss
content:        .space BYTES
