# A program for /bin: calls at the edges of what they take. Prints the number of each that is wrong, and `edges: done`.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_INVALID   = -4
ERROR_ADDRESS   = -33
ERROR_HANDLE    = -34

.text

.global _start
_start:
    SYSTEM  pipe, "offset ends"
    EXPECT  1, 0
    mov     ebx, [ends + 4]
    SYSTEM  write, ebx, "offset text_done", 5
    EXPECT  2, 5
    mov     ebx, [ends]
    SYSTEM  read, ebx, "offset buffer", 0
    EXPECT  3, 0
    SYSTEM  read, ebx, "offset buffer", 100000
    EXPECT  4, 5
    mov     ebx, [ends + 4]
    SYSTEM  write, ebx, "offset text_done", 0
    EXPECT  5, 0
    SYSTEM  write, ebx, 0xBFFFFFFF, 2
    EXPECT  6, ERROR_ADDRESS
    SYSTEM  write, ebx, 0xC0100000, 4
    EXPECT  7, ERROR_ADDRESS
    SYSTEM  write, ebx, -2, 4
    EXPECT  8, ERROR_ADDRESS
    mov     ebx, [ends]
    SYSTEM  read, 99, "offset buffer", 1
    EXPECT  9, ERROR_HANDLE
    SYSTEM  read, -1, "offset buffer", 1
    EXPECT  10, ERROR_HANDLE
    SYSTEM  memory_map, 0
    EXPECT  11, ERROR_INVALID
    SYSTEM  memory_map, -1
    EXPECT  12, ERROR_INVALID
    SYSTEM  memory_unmap, 0x08048000
    EXPECT  13, ERROR_INVALID
    SYSTEM  memory_map, 5000
    mov     esi, eax
    mov     dword ptr [esi + 8188], 1   # whole pages
    SYSTEM  memory_unmap, esi
    EXPECT  14, 0
    SYSTEM  write, 1, esi, 4
    EXPECT  15, ERROR_ADDRESS
    SYSTEM  wait, 12345, 0
    EXPECT  16, -29
    mov     ebx, [ends + 4]
    SYSTEM  close, ebx
    EXPECT  17, 0
    mov     ebx, [ends]
    SYSTEM  read, ebx, "offset buffer", 1
    EXPECT  18, 0
    SYSTEM  spawn, 0xC0000000, 0, 0, 0
    EXPECT  19, ERROR_ADDRESS
    mov     eax, 1000
    int     0x80
    EXPECT  20, -14
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

.section .rodata
text_done:
    .asciz  "edges: done\n"

.bss
.balign 4
ends:           .space 8
buffer:         .space 100000
