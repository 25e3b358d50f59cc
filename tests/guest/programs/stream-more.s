# A program for /bin: a server on port 7002 that says when more follows. Each connection gets 100 bytes that are held
# back, 50 ms later 50 with which they go, 150 ms later 30 that nothing follows, and ends after 3 s without an answer.

.intel_syntax noprefix
.include "system-calls.inc"

PORT            = 7002
NODELAY         = 1                     # options
TIMEOUT         = 11
MORE            = 12

.text

.global _start
_start:
    SYSTEM  socket, 1
    mov     ebp, eax
    SYSTEM  socket_option, ebp, NODELAY, 1
    SYSTEM  socket_option, ebp, TIMEOUT, 3000
    SYSTEM  bind, ebp, 0, PORT
    SYSTEM  listen, ebp, 4
    mov     eax, offset text_ready
    call    put
1:  SYSTEM  accept, ebp, 0, -1
    mov     esi, eax
    SYSTEM  socket_option, esi, MORE, 1
    mov     ecx, 100
    call    send
    SYSTEM  sleep, 50
    SYSTEM  socket_option, esi, MORE, 0
    mov     ecx, 50
    call    send
    SYSTEM  sleep, 150
    SYSTEM  socket_option, esi, MORE, 1
    mov     ecx, 30
    call    send
    SYSTEM  sleep, 4000
    SYSTEM  close, esi
    jmp     1b

# In: ESI handle, ECX bytes.
send:
    mov     eax, esi
    mov     edx, offset content
    jmp     write_all

.section .rodata
text_ready:     .asciz "stream-more: ready\n"

.bss
content:        .space 100
