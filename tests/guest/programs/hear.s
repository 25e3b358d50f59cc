# A program for /bin: listens to the group 239.1.2.3 until it is ended. What is no group, and a second one, are refused.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_INVALID   = -4
ERROR_TABLE_FULL = -19
DATAGRAMS       = 2                     # kind of socket
HEAR            = 18                    # option
GROUP           = 0x030201EF            # 239.1.2.3
ANOTHER         = 0x040201EF
NO_GROUP        = 0x0402000A            # 10.0.2.4

.text

.global _start
_start:
    SYSTEM  socket, DATAGRAMS
    mov     edi, eax
    SYSTEM  socket_option, edi, HEAR, NO_GROUP
    EXPECT  1, ERROR_INVALID
    SYSTEM  socket_option, edi, HEAR, GROUP
    EXPECT  2, 0
    SYSTEM  socket_option, edi, HEAR, ANOTHER
    EXPECT  3, ERROR_TABLE_FULL
    mov     eax, offset text_listens
    call    put
    SYSTEM  sleep, 100000000
    SYSTEM  exit, 0

.section .rodata
text_listens:   .asciz "hear: listens\n"
