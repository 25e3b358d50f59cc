# A program for /bin: the times that a connection's bytes leave and are acknowledged, a limit of those that are not
# sent, and what comes after the end of receiving. Everything is said to itself, over 127.0.0.1.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_NOT_FOUND = -2
ERROR_TIMEOUT   = -5
ERROR_ADDRESS   = -33
ERROR_NOT_CONNECTED = -39
LOOPBACK        = 0x0100007F            # 127.0.0.1
PORT            = 7002
NODELAY         = 1                     # options
UNSENT_LIMIT    = 13
STAMPS          = 14
WRITABLE        = 2                     # of poll
STAMPED         = 16
BAD             = 0xBFFFFFFC            # four bytes before the kernel, nobody's
PIECE           = 4096

.text

# Expects the next time of the client's.
.macro EXPECT_TIME number:req, kind:req, bytes:req
    SYSTEM  socket_time, "dword ptr [client]", "offset record"
    EXPECT  \number, 0
    mov     eax, [record]
    EXPECT  \number, \kind
    mov     eax, [record + 4]
    EXPECT  \number, \bytes
    mov     eax, [record + 12]              # now, and then
    sub     eax, [record + 8]
    cmp     eax, 3000
    sbb     eax, eax
    EXPECT  \number, -1
.endm

.macro SEND bytes:req, milliseconds=1000
    SYSTEM  send, "dword ptr [client]", "offset buffer", \bytes, 0, \milliseconds
.endm

.macro RECEIVE bytes:req, where="offset room", milliseconds=-1
    SYSTEM  receive, "dword ptr [served]", "\where", \bytes, 0, \milliseconds
.endm

.macro NO_TIME number:req
    SYSTEM  socket_time, "dword ptr [client]", "offset record"
    EXPECT  \number, ERROR_NOT_FOUND
.endm

.macro OPTION option:req, value:req
    SYSTEM  socket_option, "dword ptr [client]", \option, \value
.endm

.macro CAN number:req, wanted:req, got:req
    mov     eax, \wanted
    call    poll_client
    EXPECT  \number, \got
.endm

.global _start
_start:
    SYSTEM  socket, 1
    mov     ebp, eax
    SYSTEM  bind, ebp, 0, PORT
    SYSTEM  listen, ebp, 4
    SYSTEM  socket, 1
    mov     [client], eax
    OPTION  STAMPS, 1
    EXPECT  1, ERROR_NOT_CONNECTED
    SYSTEM  connect, "dword ptr [client]", LOOPBACK, PORT, 1000
    EXPECT  2, 0
    SYSTEM  accept, ebp, 0, 1000
    mov     [served], eax
    NO_TIME 3
    OPTION  NODELAY, 1
    CAN     4, STAMPED, 0
    # Times of what is sent after the option was set, of each piece by itself.
    SEND    100
    SYSTEM  sleep, 100
    OPTION  STAMPS, 1
    EXPECT  5, 0
    SEND    10
    EXPECT  6, 10
    SEND    20
    EXPECT  7, 20
    CAN     8, STAMPED, STAMPED
    CAN     8, WRITABLE, WRITABLE
    SYSTEM  sleep, 100
    SYSTEM  socket_time, "dword ptr [client]", BAD
    EXPECT  9, ERROR_ADDRESS
    EXPECT_TIME 10, 1, 10
    EXPECT_TIME 11, 1, 30
    EXPECT_TIME 12, 2, 10
    EXPECT_TIME 13, 2, 30
    NO_TIME 14
    CAN     15, STAMPED, 0
    mov     ebp, 20                         # more than there is room for: 32 times
1:  SEND    1
    SYSTEM  sleep, 50
    dec     ebp
    jnz     1b
    mov     ebp, 30                         # bytes so far
2:  inc     ebp
    EXPECT_TIME 16, 1, ebp
    EXPECT_TIME 17, 2, ebp
    cmp     ebp, 30 + 16
    jb      2b
    NO_TIME 18
    SEND    1
    SYSTEM  sleep, 100
    EXPECT_TIME 19, 1, 51
    OPTION  STAMPS, 0
    EXPECT  20, 0
    NO_TIME 21
    SEND    1
    NO_TIME 22
    # What cannot be put where it is wanted stays.
    SYSTEM  sleep, 100
    call    empty
    SEND    7
    RECEIVE 7, BAD
    EXPECT  23, ERROR_ADDRESS
    SYSTEM  read, "dword ptr [served]", BAD, 7
    EXPECT  24, ERROR_ADDRESS
    SYSTEM  read, "dword ptr [served]", "offset room", PIECE
    EXPECT  25, 7
    # A limit of what is not sent: half a window waits at most, and then nothing is taken until it has gone.
    OPTION  UNSENT_LIMIT, 1000
    EXPECT  26, 0
    CAN     27, WRITABLE, WRITABLE
    xor     ebp, ebp
3:  SEND    PIECE, 500                      # longer than the congestion window holds anything back
    cmp     eax, ERROR_TIMEOUT
    je      4f
    add     ebp, eax
    jmp     3b
4:  mov     eax, ebp                        # 64 KiB of window and 32 KiB
    shr     eax, 13
    EXPECT  28, 12
    CAN     29, WRITABLE, 0
    call    empty
    CAN     30, WRITABLE, WRITABLE
    # Who receives no more gets what comes all the same, and holds nobody up.
    OPTION  UNSENT_LIMIT, 0
    SEND    9
    SYSTEM  sleep, 50
    SYSTEM  shutdown, "dword ptr [served]", 1
    EXPECT  31, 0
    RECEIVE 100
    EXPECT  32, 0
    SEND    5
    SYSTEM  sleep, 50
    RECEIVE 100
    EXPECT  33, 5
    RECEIVE 100
    EXPECT  34, 0
    mov     ebp, 50
5:  SEND    PIECE
    EXPECT  35, PIECE
    dec     ebp
    jnz     5b
    SYSTEM  sleep, 100
    SYSTEM  socket_status, "dword ptr [served]", "offset status"
    mov     eax, [status + 24]              # so much is kept of 200 KiB
    shr     eax, 16
    EXPECT  36, 0
    SYSTEM  close, "dword ptr [served]"     # in good order, though there are bytes that nobody read
    SYSTEM  sleep, 50
    SYSTEM  receive, "dword ptr [client]", "offset room", 1, 0, 1000
    EXPECT  37, 0
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

# Says what the client can do.
# In: EAX what is wanted.
# Out: EAX what it has got.
poll_client:
    mov     [entry + 4], eax
    mov     eax, [client]
    mov     [entry], eax
    SYSTEM  poll, "offset entry", 1, 100
    mov     eax, [entry + 8]
    ret

# Reads all that comes.
empty:
    RECEIVE PIECE, "offset room", 100
    test    eax, eax
    jg      empty
    ret

.section .rodata
text_done:      .asciz "socket-times: done\n"

.bss
.balign 4
client:         .space 4
served:         .space 4
record:         .space 16
entry:          .space 12
status:         .space 48
buffer:         .space PIECE
room:           .space PIECE
