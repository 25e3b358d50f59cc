# A program for /bin: two threads that wait for the same connection, which is never made. Both are told so. Prints the
# number of each call that gives another result than it should, and `socket-waits: done`.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_TIMEOUT   = -5
ERROR_UNREACHABLE = -26
ERROR_IN_PROGRESS = -41
ERROR_NOT_CONNECTED = -39
NOBODY          = 0x6302000A            # 10.0.2.99
PORT            = 7020

.text

.global _start
_start:
    SYSTEM  socket, 1
    mov     [client], eax
    SYSTEM  connect, "dword ptr [client]", NOBODY, PORT, 0
    EXPECT  1, ERROR_IN_PROGRESS
    SYSTEM  thread_create, "offset other", "offset stack_end", 0
    SYSTEM  connect, "dword ptr [client]", NOBODY, PORT, -1
    mov     [mine], eax
1:  SYSTEM  value_wait, "offset others", 1, 1000
    cmp     dword ptr [others], 1
    je      1b
    mov     eax, [mine]                 # one is told why, the other that it is so
    mov     ecx, [others]
    cmp     eax, ERROR_NOT_CONNECTED
    jne     2f
    xchg    eax, ecx
2:  mov     [others], ecx
    cmp     eax, ERROR_UNREACHABLE
    je      3f
    EXPECT  2, ERROR_TIMEOUT
3:  mov     eax, [others]
    EXPECT  3, ERROR_NOT_CONNECTED
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

# The other thread.
other:
    SYSTEM  connect, "dword ptr [client]", NOBODY, PORT, -1
    mov     [others], eax
    SYSTEM  value_wake
    SYSTEM  thread_exit

.section .rodata
text_done:      .asciz "socket-waits: done\n"

.data
.balign 4
others:         .long 1                 # what the other was told; 1: nothing yet

.bss
.balign 4
client:         .space 4
mine:           .space 4
stack:          .space 4096
stack_end:
