# A program for /bin: a server on port 7003 whose socket has limits that its connections inherit. The first connection
# gets twenty records of ten bytes, of which the socket can keep sixteen ends, then 40 bytes that are one piece; the
# second gets 20,000 bytes, the third fifteen pieces of ten bytes. Prints the number of each call that gives another
# result than it should.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_TABLE_FULL = -19
PORT            = 7003
NODELAY         = 1                     # options
KEEP_ALIVE      = 2
SEND_LIMIT      = 3
RECEIVE_LIMIT   = 4
MARK            = 10
TIMEOUT         = 11
UNSENT_LIMIT    = 13
BYTES           = 20000

.text

.global _start
_start:
    SYSTEM  socket, 1
    mov     ebp, eax
    SYSTEM  socket_option, ebp, SEND_LIMIT, 3500
    SYSTEM  socket_option, ebp, RECEIVE_LIMIT, 9000
    SYSTEM  socket_option, ebp, NODELAY, 1
    SYSTEM  socket_option, ebp, KEEP_ALIVE, 1
    SYSTEM  socket_option, ebp, TIMEOUT, 5000
    SYSTEM  bind, ebp, 0, PORT
    SYSTEM  listen, ebp, 2
    mov     eax, offset text_ready
    call    put
    SYSTEM  accept, ebp, 0, -1
    mov     [served], eax
    SYSTEM  socket_option, "dword ptr [served]", MARK, 1
    EXPECT  1, 0                        # nothing waits: no end is kept
    mov     edi, 1
1:  SYSTEM  write, "dword ptr [served]", "offset content", 10
    EXPECT  2, 10
    push    edi
    SYSTEM  socket_option, "dword ptr [served]", MARK, 1
    pop     edi
    mov     ecx, edi
    cmp     ecx, 17                     # one end more than there is room for
    sbb     ecx, ecx
    not     ecx
    and     ecx, ERROR_TABLE_FULL
    EXPECT  edi, ecx
    push    edi
    SYSTEM  socket_option, "dword ptr [served]", MARK, 1
    pop     edi
    cmp     edi, 16                     # the end that is the last one is kept already
    ja      2f
    EXPECT  3, 0
2:  inc     edi
    cmp     edi, 20
    jbe     1b
    SYSTEM  write, "dword ptr [served]", "offset content", 40
    EXPECT  4, 40
    SYSTEM  read, "dword ptr [served]", "offset content", 100       # until the other side says something
    SYSTEM  socket_option, "dword ptr [served]", MARK, 1
    EXPECT  5, 0                        # there is room again
    SYSTEM  write, "dword ptr [served]", "offset content", 50
    SYSTEM  socket_option, "dword ptr [served]", MARK, 1
    EXPECT  6, 0
    SYSTEM  write, "dword ptr [served]", "offset content", 60
    mov     eax, offset text_marked
    call    put
    SYSTEM  accept, ebp, 0, -1
    mov     esi, eax
    mov     [served], eax
    mov     edx, offset content
    mov     ecx, BYTES
    call    write_all
    SYSTEM  close, "dword ptr [served]"
    SYSTEM  accept, ebp, 0, -1
    mov     [served], eax
    mov     edi, 15
3:  SYSTEM  write, "dword ptr [served]", "offset content", 10
    dec     edi
    jnz     3b
    SYSTEM  read, "dword ptr [served]", "offset content", 100
    SYSTEM  exit, 0

.section .rodata
text_ready:     .asciz "stream-limits: ready\n"
text_marked:    .asciz "stream-limits: marked\n"

.bss
.balign 4
served:         .space 4
content:        .space BYTES
