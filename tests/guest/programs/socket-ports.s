# A program for /bin: which sockets may have a port at the same time. Prints the number of each call that gives another
# result than it should, and `socket-ports: done`.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_PORT_IN_USE = -28
ERROR_REFUSED   = -37
ERROR_CONNECTED = -40
LOOPBACK        = 0x0100007F            # 127.0.0.1
LISTENING       = 7010
NOBODYS         = 7011
SHARED          = 7012
REUSE           = 5                     # option
ADDRESS         = 20                    # in what is said of an interface

.text

# A new socket with or without the option.
.macro SOCKET where:req, reuse:req
    SYSTEM  socket, 1
    mov     [\where], eax
    mov     ebx, eax
    SYSTEM  socket_option, ebx, REUSE, \reuse
.endm

.macro BIND number:req, where:req, address:req, port:req, expected:req
    SYSTEM  bind, "dword ptr [\where]", "\address", \port
    EXPECT  \number, \expected
.endm

.macro CONNECT number:req, where:req, address:req, port:req, expected:req
    SYSTEM  connect, "dword ptr [\where]", "\address", \port, 1000
    EXPECT  \number, \expected
.endm

.global _start
_start:
    SYSTEM  interface, 0, "offset record"
    EXPECT  1, 0
    SOCKET  listener, 1
    BIND    2, listener, 0, LISTENING, 0
    SYSTEM  listen, "dword ptr [listener]", 4
    EXPECT  3, 0
    # Nobody shares a port with who listens, nor one that waits to be used, whatever the sockets want.
    SOCKET  first, 1
    BIND    4, first, 0, LISTENING, ERROR_PORT_IN_USE
    BIND    5, first, LOOPBACK, LISTENING, ERROR_PORT_IN_USE
    SYSTEM  close, "dword ptr [first]"
    SOCKET  first, 1
    BIND    6, first, 0, SHARED, 0
    SOCKET  second, 1
    BIND    7, second, 0, SHARED, ERROR_PORT_IN_USE
    SYSTEM  close, "dword ptr [second]"
    # With one that is connected who wants to does, but not to the same place.
    CONNECT 8, first, LOOPBACK, LISTENING, 0
    SOCKET  second, 0
    BIND    9, second, 0, SHARED, ERROR_PORT_IN_USE
    SYSTEM  close, "dword ptr [second]"
    SOCKET  second, 1
    BIND    10, second, 0, SHARED, 0
    CONNECT 11, second, LOOPBACK, LISTENING, ERROR_PORT_IN_USE
    CONNECT 12, second, LOOPBACK, NOBODYS, ERROR_REFUSED
    CONNECT 13, second, "dword ptr [record + ADDRESS]", LISTENING, ERROR_CONNECTED      # it has been
    SYSTEM  close, "dword ptr [second]"
    SOCKET  second, 1
    BIND    14, second, 0, SHARED, 0
    CONNECT 15, second, "dword ptr [record + ADDRESS]", LISTENING, 0
    CONNECT 16, second, "dword ptr [record + ADDRESS]", LISTENING, ERROR_CONNECTED
    SYSTEM  close, "dword ptr [second]"
    # Two addresses have a port each; any address is both.
    SOCKET  second, 0
    BIND    17, second, LOOPBACK, SHARED + 1, 0
    SOCKET  third, 0
    BIND    18, third, LOOPBACK, SHARED + 1, ERROR_PORT_IN_USE
    SYSTEM  close, "dword ptr [third]"
    SOCKET  third, 0
    BIND    19, third, 0, SHARED + 1, ERROR_PORT_IN_USE
    SYSTEM  close, "dword ptr [third]"
    SOCKET  third, 0
    BIND    20, third, "dword ptr [record + ADDRESS]", SHARED + 1, 0
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

.section .rodata
text_done:      .asciz "socket-ports: done\n"

.bss
.balign 4
listener:       .space 4
first:          .space 4
second:         .space 4
third:          .space 4
record:         .space 64
