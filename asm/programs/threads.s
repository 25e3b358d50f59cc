# Four threads count together, under a lock of their own that is made from value_wait and value_wake.

.intel_syntax noprefix
.include "system-calls.inc"

THREADS         = 4
ROUNDS          = 1000
STACK_BYTES     = 4096

.text

# Starts the threads, waits for them, and prints what they have counted.
.global _start
_start:
    mov     ebp, THREADS
1:  SYSTEM  memory_map, STACK_BYTES
    mov     edx, offset text_name
    test    eax, eax
    js      fail
    lea     ecx, [eax + STACK_BYTES]
    SYSTEM  thread_create, "offset count", ecx, 0
    mov     edx, offset text_name
    test    eax, eax
    js      fail
    dec     ebp
    jnz     1b
2:  mov     ecx, [ended]
    cmp     ecx, THREADS
    je      3f
    SYSTEM  value_wait, "offset ended", ecx, -1
    jmp     2b
3:  mov     eax, [counted]
    call    put_number
    mov     eax, offset text_end
    call    put
    SYSTEM  exit, 0

# A thread: adds 1, many times.
count:
    mov     esi, ROUNDS
1:  mov     eax, 1
    xchg    eax, [lock]
    test    eax, eax
    jz      2f
    SYSTEM  value_wait, "offset lock", 1, -1
    jmp     1b
2:  mov     edi, [counted]
    inc     edi
    test    esi, 63
    jnz     3f
    SYSTEM  yield                       # let the others try
3:  mov     [counted], edi
    mov     dword ptr [lock], 0
    SYSTEM  value_wake
    dec     esi
    jnz     1b
    lock inc dword ptr [ended]
    SYSTEM  value_wake
    SYSTEM  thread_exit

.section .rodata
text_name:      .asciz "threads"
text_end:       .asciz "\n"

.bss
.balign 4
lock:           .space 4
counted:        .space 4
ended:          .space 4
