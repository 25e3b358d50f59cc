# A program for /bin: calls about sockets at the edges of what they take. Prints the number of each that is wrong, and
# `sockets: done`.

.intel_syntax noprefix
.include "system-calls.inc"

.macro EXPECT number:req, value:req
    cmp     eax, \value
    je      .Lright\@
    push    eax
    mov     eax, \number
    call    put_number
    mov     eax, offset text_wrong
    call    put
    pop     eax
    neg     eax
    call    put_number
    mov     eax, offset text_end
    call    put
.Lright\@:
.endm

ERROR_NOT_FOUND = -2
ERROR_INVALID   = -4
ERROR_TIMEOUT   = -5
ERROR_NOT_SUPPORTED = -14
ERROR_TOO_LONG  = -18
ERROR_PORT_IN_USE = -28
ERROR_ADDRESS   = -33
ERROR_HANDLE    = -34
ERROR_REFUSED   = -37
ERROR_NOT_CONNECTED = -39
ERROR_CONNECTED = -40
LOOPBACK        = 0x0100007F            # 127.0.0.1
NOBODY          = 0x01020304
GROUP           = 0x050000EF            # 239.0.0.5
PORT            = 7000
OPTION_TTL      = 16
OPTION_INTERFACE = 17
OPTION_GROUP    = 18
STATUS_REMOTE   = 16
STATUS_REMOTE_PORT = 20

.text

.global _start
_start:
    SYSTEM  socket, 0
    EXPECT  1, ERROR_INVALID
    SYSTEM  socket, 3
    EXPECT  2, ERROR_INVALID
    SYSTEM  bind, 1, 0, PORT
    EXPECT  3, ERROR_NOT_SUPPORTED
    SYSTEM  bind, 15, 0, PORT
    EXPECT  4, ERROR_HANDLE

    SYSTEM  socket, 1
    mov     [listener], eax
    mov     ebx, eax
    SYSTEM  bind, ebx, NOBODY, PORT
    EXPECT  5, ERROR_INVALID
    SYSTEM  bind, ebx, 0, 65536
    EXPECT  6, ERROR_INVALID
    SYSTEM  bind, ebx, 0, PORT
    EXPECT  7, 0
    SYSTEM  accept, ebx, 0, 0
    EXPECT  8, ERROR_INVALID            # it does not listen
    SYSTEM  listen, ebx, 4
    EXPECT  9, 0
    SYSTEM  accept, ebx, 0, 0
    EXPECT  10, ERROR_TIMEOUT
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 0
    EXPECT  11, ERROR_NOT_CONNECTED
    SYSTEM  socket, 1
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, PORT
    EXPECT  12, ERROR_PORT_IN_USE
    SYSTEM  close, ebx
    SYSTEM  socket, 1
    mov     [client], eax
    mov     ebx, eax
    SYSTEM  send, ebx, "offset buffer", 1, 0, 0
    EXPECT  13, ERROR_NOT_CONNECTED
    SYSTEM  connect, ebx, LOOPBACK, 0, 1000
    EXPECT  14, ERROR_INVALID
    SYSTEM  connect, ebx, LOOPBACK, 0x20000, 1000
    EXPECT  15, ERROR_INVALID
    SYSTEM  connect, ebx, LOOPBACK, PORT, 1000
    EXPECT  16, 0
    SYSTEM  connect, ebx, LOOPBACK, PORT, 1000
    EXPECT  17, ERROR_CONNECTED
    mov     ebx, [listener]
    SYSTEM  accept, ebx, 0xC0100000, 1000
    EXPECT  18, ERROR_ADDRESS           # the connection is gone
    mov     ebx, [client]
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 1000
    EXPECT  19, 0
    SYSTEM  close, ebx

    SYSTEM  socket, 1
    mov     [client], eax
    mov     ebx, eax
    SYSTEM  connect, ebx, LOOPBACK, PORT, 1000
    EXPECT  20, 0
    mov     ebx, [listener]
    SYSTEM  accept, ebx, "offset peer", 1000
    mov     [served], eax
    mov     eax, [peer]
    EXPECT  21, LOOPBACK
    mov     ebx, [client]
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 0
    EXPECT  22, ERROR_TIMEOUT
    SYSTEM  receive, ebx, "offset buffer", 0, 0, -1
    EXPECT  23, 0
    SYSTEM  send, ebx, "offset buffer", 5000, 0, 1000
    EXPECT  24, 4096
    SYSTEM  send, ebx, 0xBFFFFFF0, 100, 0, 1000
    EXPECT  25, ERROR_ADDRESS
    SYSTEM  send, ebx, "offset buffer", 1, "offset peer", 1000
    EXPECT  26, ERROR_CONNECTED
    mov     ebx, [served]
    SYSTEM  read, ebx, "offset buffer", 100
    EXPECT  27, 100
    SYSTEM  receive, ebx, 0xC0000000, 10, 0, 1000
    EXPECT  28, ERROR_ADDRESS
    SYSTEM  write, ebx, "offset text_done", 7
    EXPECT  29, 7
    SYSTEM  socket_status, ebx, "offset status"
    mov     eax, [status]
    EXPECT  30, 4
    SYSTEM  socket_status, ebx, 0xBFFFFFFF
    EXPECT  31, ERROR_ADDRESS
    SYSTEM  socket_option, ebx, 99, 1
    EXPECT  32, ERROR_INVALID
    SYSTEM  shutdown, ebx, 2
    EXPECT  33, 0
    mov     ebx, [client]
    mov     [entries], ebx
    SYSTEM  poll, "offset entries", 1, 1000
    EXPECT  34, 1
    mov     ebx, [client]
    SYSTEM  receive, ebx, "offset buffer", 100, 0, 1000
    EXPECT  35, 7
    SYSTEM  receive, ebx, "offset buffer", 100, 0, 1000
    EXPECT  36, 0

    SYSTEM  poll, "offset entries", 65, 0
    EXPECT  37, ERROR_INVALID
    SYSTEM  poll, 0xBFFFFFFC, 1, 0
    EXPECT  38, ERROR_ADDRESS
    SYSTEM  poll, 0, 0, 20
    EXPECT  39, 0
    SYSTEM  pipe, "offset ends"
    mov     eax, [ends]
    mov     [entries], eax
    SYSTEM  poll, "offset entries", 1, 20
    EXPECT  40, 0
    mov     ebx, [ends + 4]
    SYSTEM  write, ebx, "offset buffer", 3
    SYSTEM  poll, "offset entries", 1, -1
    EXPECT  41, 1
    mov     ebx, [ends + 4]
    SYSTEM  close, ebx
    SYSTEM  poll, "offset entries", 1, -1
    mov     eax, [entries + 8]
    EXPECT  42, 9                       # readable, and it has ended
    mov     dword ptr [entries], 14
    SYSTEM  poll, "offset entries", 1, -1
    mov     eax, [entries + 8]
    EXPECT  43, 4

    SYSTEM  socket, 2
    mov     [datagrams], eax
    mov     ebx, eax
    SYSTEM  bind, ebx, LOOPBACK, PORT
    EXPECT  44, 0
    SYSTEM  listen, ebx, 1
    EXPECT  45, ERROR_NOT_SUPPORTED
    SYSTEM  send, ebx, "offset buffer", 1, 0, 0
    EXPECT  46, ERROR_NOT_CONNECTED
    SYSTEM  send, ebx, "offset buffer", 4097, "offset to_self", 0
    EXPECT  47, ERROR_TOO_LONG
    SYSTEM  send, ebx, "offset buffer", 40, "offset to_self", 0
    EXPECT  48, 40
    SYSTEM  receive, ebx, "offset buffer", 10, "offset peer", 1000
    EXPECT  49, 10                      # the rest is cut off
    mov     eax, [peer + 4]
    EXPECT  50, PORT
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 20
    EXPECT  51, ERROR_TIMEOUT
    SYSTEM  connect, ebx, LOOPBACK, PORT + 1, 0
    EXPECT  52, 0
    SYSTEM  send, ebx, "offset buffer", 4, "offset to_self", 0
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 50
    EXPECT  53, ERROR_REFUSED           # it is not from the peer, and so for nobody
    SYSTEM  socket, 2
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, PORT
    EXPECT  54, ERROR_PORT_IN_USE
    SYSTEM  send, ebx, "offset buffer", 1, "offset to_port_0", 0
    EXPECT  55, ERROR_INVALID
    SYSTEM  socket_option, ebx, OPTION_INTERFACE, 9
    EXPECT  56, ERROR_INVALID
    SYSTEM  socket_option, ebx, OPTION_GROUP, LOOPBACK
    EXPECT  57, ERROR_INVALID
    SYSTEM  connect, ebx, LOOPBACK, 7999, 0
    SYSTEM  write, ebx, "offset buffer", 1
    EXPECT  58, 1
    SYSTEM  receive, ebx, "offset buffer", 10, 0, 1000
    EXPECT  59, ERROR_REFUSED
    SYSTEM  socket_status, ebx, "offset status"
    EXPECT  64, 0
    mov     eax, [status + STATUS_REMOTE]
    EXPECT  65, LOOPBACK
    mov     eax, [status + STATUS_REMOTE_PORT]
    EXPECT  66, 7999
    SYSTEM  socket_option, ebx, OPTION_TTL, 255
    EXPECT  67, 0
    SYSTEM  socket_option, ebx, OPTION_TTL, 256
    EXPECT  68, ERROR_INVALID
    SYSTEM  socket_option, ebx, OPTION_INTERFACE, 1
    EXPECT  69, 0
    SYSTEM  socket_option, ebx, OPTION_INTERFACE, 0
    EXPECT  70, 0
    SYSTEM  socket_option, ebx, OPTION_GROUP, GROUP
    EXPECT  71, 0
    SYSTEM  socket_option, ebx, OPTION_GROUP + 1, GROUP
    EXPECT  72, ERROR_INVALID
    SYSTEM  interface, 99, "offset status"
    EXPECT  60, ERROR_NOT_FOUND
    SYSTEM  interface, 0, 0xC0100000
    EXPECT  61, ERROR_ADDRESS
    SYSTEM  resolve, "offset text_address", "offset peer"
    mov     eax, [peer]
    EXPECT  62, NOBODY
    SYSTEM  resolve, "offset text_name", "offset peer"
    EXPECT  63, ERROR_INVALID
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

.section .rodata
text_wrong:     .asciz " is wrong: -"
text_end:       .asciz "\n"
text_done:      .asciz "sockets: done\n"
text_address:   .asciz "4.3.2.1"
text_name:      .asciz "1.2.3"
.balign 4
to_self:        .long LOOPBACK, PORT
to_port_0:      .long LOOPBACK, 0

.data
.balign 4
entries:        .long 0, 1, 0

.bss
.balign 4
listener:       .space 4
client:         .space 4
served:         .space 4
datagrams:      .space 4
peer:           .space 8
ends:           .space 8
status:         .space 48
buffer:         .space 8192
