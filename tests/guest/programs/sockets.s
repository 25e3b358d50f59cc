# A program for /bin: calls about sockets at the edges of what they take. Prints the number of each that is wrong, and
# `sockets: done`.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_NOT_FOUND = -2
ERROR_INVALID   = -4
ERROR_TIMEOUT   = -5
ERROR_NOT_SUPPORTED = -14
ERROR_TOO_LONG  = -18
ERROR_PORT_IN_USE = -28
ERROR_ADDRESS   = -33
ERROR_HANDLE    = -34
ERROR_TABLE_FULL = -19
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
BAD             = 0xBFFFFFFC            # four bytes before the kernel, nobody's
STREAMS         = 32
STATUS_LOCAL_PORT = 12
STATUS_REMOTE   = 16
STATUS_REMOTE_PORT = 20
STATUS_READABLE = 24

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
    # What one kind of socket can do and the other cannot; what is no socket can do nothing.
    SYSTEM  socket_status, 1, "offset status"
    EXPECT  73, ERROR_NOT_SUPPORTED
    SYSTEM  socket_status, 31, "offset status"
    EXPECT  74, ERROR_HANDLE
    SYSTEM  receive, 1, "offset buffer", 1, 0, 0
    EXPECT  75, ERROR_NOT_SUPPORTED
    SYSTEM  send, 1, "offset buffer", 1, 0, 0
    EXPECT  76, ERROR_NOT_SUPPORTED
    mov     ebx, [datagrams]
    SYSTEM  accept, ebx, 0, 0
    EXPECT  77, ERROR_NOT_SUPPORTED
    SYSTEM  shutdown, ebx, 3
    EXPECT  78, ERROR_NOT_SUPPORTED
    SYSTEM  handle_kind, ebx
    EXPECT  79, 6
    SYSTEM  socket_option, ebx, "OPTION_TTL - 1", 0
    EXPECT  80, ERROR_INVALID
    SYSTEM  socket_option, ebx, 1, 0
    EXPECT  81, ERROR_INVALID
    SYSTEM  socket_option, ebx, OPTION_TTL, 0
    EXPECT  82, 0
    SYSTEM  socket_option, ebx, OPTION_GROUP, 0x010000DF
    EXPECT  83, ERROR_INVALID
    SYSTEM  socket_option, ebx, OPTION_GROUP, 0x010000F0
    EXPECT  84, ERROR_INVALID
    mov     ebx, [listener]
    SYSTEM  handle_kind, ebx
    EXPECT  85, 5
    SYSTEM  socket_option, ebx, 13, 0
    EXPECT  86, 0
    SYSTEM  socket_option, ebx, 15, 0
    EXPECT  87, ERROR_INVALID
    # Datagrams at the edges: none, all that goes at once, and what is wrong leaves nothing behind.
    SYSTEM  socket, 2
    mov     [datagrams], eax
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, 65536
    EXPECT  88, ERROR_INVALID
    SYSTEM  bind, ebx, 0, 65535
    EXPECT  89, 0
    SYSTEM  bind, ebx, NOBODY, 0
    EXPECT  90, ERROR_INVALID
    SYSTEM  connect, ebx, LOOPBACK, 65536, 0
    EXPECT  91, ERROR_INVALID
    SYSTEM  connect, ebx, LOOPBACK, 65535, 0
    EXPECT  92, 0
    mov     edi, offset buffer
    xor     eax, eax
1:  imul    ecx, eax, 7
    mov     [edi + eax], cl
    inc     eax
    cmp     eax, 4096
    jb      1b
    SYSTEM  send, ebx, "offset buffer", 4096, 0, 0
    EXPECT  93, 4096
    SYSTEM  send, ebx, "offset buffer", 0, 0, 0
    EXPECT  94, 0
    SYSTEM  send, ebx, "offset buffer + 1", 5, "offset to_self_high", 0
    EXPECT  95, 5
    SYSTEM  send, ebx, "offset buffer", 1, BAD, 0
    EXPECT  96, ERROR_ADDRESS
    SYSTEM  send, ebx, BAD, 5, 0, 0
    EXPECT  97, ERROR_ADDRESS
    SYSTEM  send, ebx, "offset buffer", 1, "offset to_port_65536", 0
    EXPECT  98, ERROR_INVALID
    SYSTEM  send, ebx, "offset buffer", 4097, 0, 0
    EXPECT  99, ERROR_TOO_LONG
    mov     esi, ebx
    SYSTEM  sleep, 20                   # they are on their way
    mov     ebx, esi
    SYSTEM  socket_status, ebx, "offset status"
    mov     eax, [status + STATUS_READABLE]
    EXPECT  100, 3
    mov     eax, [status + STATUS_LOCAL_PORT]
    EXPECT  101, 65535
    SYSTEM  receive, ebx, "offset room", 100000, "offset peer", 1000
    EXPECT  102, 4096
    mov     eax, [peer]
    EXPECT  103, LOOPBACK
    mov     eax, [peer + 4]
    EXPECT  104, 65535
    mov     esi, offset buffer
    mov     edi, offset room
    mov     ecx, 4096
    repe cmpsb
    setne   al
    movzx   eax, al
    EXPECT  105, 0
    mov     dword ptr [peer], 0
    SYSTEM  receive, ebx, "offset room", 10, "offset peer", 1000
    EXPECT  106, 0
    mov     eax, [peer]
    EXPECT  107, LOOPBACK
    SYSTEM  receive, ebx, "offset room", 10, BAD, 1000
    EXPECT  108, ERROR_ADDRESS
    SYSTEM  receive, ebx, "offset room", 10, 0, 0
    EXPECT  109, ERROR_TIMEOUT
    SYSTEM  write, ebx, "offset buffer", 3
    EXPECT  110, 3
    SYSTEM  receive, ebx, BAD, 10, 0, 1000
    EXPECT  111, ERROR_ADDRESS
    SYSTEM  connect, ebx, 0, 0, 0
    EXPECT  112, 0
    SYSTEM  write, ebx, "offset buffer", 3
    EXPECT  113, ERROR_NOT_CONNECTED
    SYSTEM  send, ebx, "offset buffer", 1, 0, 0
    EXPECT  114, ERROR_NOT_CONNECTED
    # What can be waited for: as many entries as go at once, sockets among them.
    mov     edi, offset many
    mov     ecx, 64
1:  mov     [edi], ebx
    mov     dword ptr [edi + 4], 3
    add     edi, 12
    dec     ecx
    jnz     1b
    SYSTEM  poll, "offset many", 64, 0
    EXPECT  115, 64
    mov     eax, [many + 8]
    EXPECT  116, 2
    mov     eax, [many + 63 * 12 + 8]
    EXPECT  117, 2
    SYSTEM  poll, "offset many", 65, 0
    EXPECT  118, ERROR_INVALID
    mov     ebx, [datagrams]
    SYSTEM  send, ebx, "offset buffer", 1, "offset to_self_high", 0
    EXPECT  119, 1
    SYSTEM  sleep, 20
    mov     dword ptr [many + 4], 1
    mov     dword ptr [many + 16], 0
    SYSTEM  poll, "offset many", 64, 1000
    EXPECT  120, 63
    mov     eax, [many + 8]
    EXPECT  121, 1
    mov     eax, [many + 20]
    EXPECT  122, 0
    mov     eax, [many + 32]
    EXPECT  123, 3
    mov     eax, [listener]
    mov     [many], eax
    mov     dword ptr [many + 4], 3
    SYSTEM  poll, "offset many", 1, 20
    EXPECT  124, 0
    SYSTEM  socket, 1
    mov     [client], eax
    mov     ebx, eax
    mov     [many + 12], eax
    mov     dword ptr [many + 16], 3
    SYSTEM  connect, ebx, LOOPBACK, PORT, 1000
    EXPECT  125, 0
    SYSTEM  poll, "offset many", 2, 1000
    EXPECT  126, 2
    mov     eax, [many + 8]
    EXPECT  127, 1
    mov     eax, [many + 20]
    EXPECT  128, 2
    # A connection finds the table full, and is gone; then there is room for one.
    mov     esi, 3
1:  SYSTEM  handle_kind, esi
    cmp     eax, ERROR_HANDLE
    jne     2f
    SYSTEM  duplicate, 1, esi
2:  inc     esi
    cmp     esi, STREAMS
    jb      1b
    mov     ebx, [listener]
    SYSTEM  accept, ebx, "offset peer", 1000
    EXPECT  129, ERROR_TABLE_FULL
    SYSTEM  socket, 1
    EXPECT  130, ERROR_TABLE_FULL
    SYSTEM  socket, 2
    EXPECT  131, ERROR_TABLE_FULL
    mov     ebx, [client]
    SYSTEM  receive, ebx, "offset room", 10, 0, 1000
    EXPECT  132, 0
    SYSTEM  close, ebx
    EXPECT  133, 0
    SYSTEM  close, 31
    EXPECT  134, 0
    SYSTEM  socket, 1
    mov     [client], eax
    mov     ebx, eax
    SYSTEM  connect, ebx, LOOPBACK, PORT, 1000
    EXPECT  135, 0
    mov     ebx, [listener]
    SYSTEM  accept, ebx, "offset peer", 1000
    EXPECT  136, 31
    mov     ebx, [client]
    SYSTEM  socket_status, ebx, "offset status"
    mov     eax, [status]
    EXPECT  137, 4
    mov     eax, [status + 8]
    EXPECT  138, LOOPBACK
    mov     eax, [status + STATUS_REMOTE]
    EXPECT  139, LOOPBACK
    mov     eax, [status + STATUS_REMOTE_PORT]
    EXPECT  140, PORT
    mov     ecx, [status + STATUS_LOCAL_PORT]
    mov     eax, [peer + 4]
    EXPECT  141, ecx
    SYSTEM  send, ebx, "offset buffer", 4096, 0, 1000
    EXPECT  142, 4096
    SYSTEM  read, 31, "offset room", 1
    EXPECT  143, 1
    SYSTEM  socket_status, 31, "offset status"
    EXPECT  144, 0
    mov     eax, [status + STATUS_READABLE]
    EXPECT  145, 4095
    SYSTEM  receive, 31, "offset room", 100000, 0, 1000
    EXPECT  146, 4095
    mov     esi, offset buffer + 1
    mov     edi, offset room
    mov     ecx, 4095
    repe cmpsb
    setne   al
    movzx   eax, al
    EXPECT  147, 0
    SYSTEM  receive, 31, BAD, 0, 0, 0
    EXPECT  148, 0
    # Names: their room, and where the answer goes.
    SYSTEM  resolve, "offset text_localhost", "offset peer"
    EXPECT  149, 0
    mov     eax, [peer]
    EXPECT  150, LOOPBACK
    SYSTEM  resolve, "offset text_localhost", "BAD + 1"
    EXPECT  151, ERROR_ADDRESS
    SYSTEM  resolve, BAD, "offset peer"
    EXPECT  152, ERROR_ADDRESS
    SYSTEM  resolve, "offset text_long", "offset peer"
    EXPECT  153, ERROR_TOO_LONG
    SYSTEM  interface, 0, BAD
    EXPECT  154, ERROR_ADDRESS
    xor     esi, esi                        # all that is said of each interface
1:  SYSTEM  interface, esi, "offset room"
    test    eax, eax
    js      3f
    mov     eax, offset room
    call    put
    xor     edi, edi
2:  mov     eax, offset text_blank
    call    put
    mov     eax, [room + 8 + edi*4]
    call    put_number
    inc     edi
    cmp     edi, 8
    jb      2b
    mov     eax, offset text_end
    call    put
    inc     esi
    jmp     1b
3:
    EXPECT  155, ERROR_NOT_FOUND
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

.section .rodata
text_done:      .asciz "sockets: done\n"
text_address:   .asciz "4.3.2.1"
text_name:      .asciz "1.2.3"
text_localhost: .asciz "localhost"
text_blank:     .asciz " "
text_long:      .fill 256, 1, 'x'
    .byte   0
.balign 4
to_self:        .long LOOPBACK, PORT
to_port_0:      .long LOOPBACK, 0
to_self_high:   .long LOOPBACK, 65535
to_port_65536:  .long LOOPBACK, 65536

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
room:           .space 8192
many:           .space 64 * 12
