# A program for /bin: positions and sizes of 64 bits in a file of /a. Prints the number of each that is wrong, and
# `far: done`.

.intel_syntax noprefix
.include "system-calls.inc"
.include "expect.inc"

ERROR_INVALID       = -4
ERROR_NOT_SUPPORTED = -14
ERROR_RANGE         = -17
ERROR_ADDRESS       = -33
ERROR_HANDLE        = -34

.text

.global _start
_start:
    SYSTEM  open, "offset path", 7
    mov     ebp, eax
    mov     dword ptr [wide], 5
    mov     dword ptr [wide + 4], 1
    SYSTEM  truncate_far, ebp, "offset wide"
    EXPECT  1, 0
    SYSTEM  seek, ebp, 0, 2             # the position has no room in a register
    EXPECT  2, ERROR_RANGE
    mov     dword ptr [wide], -3        # from the end
    mov     dword ptr [wide + 4], -1
    SYSTEM  seek_far, ebp, "offset wide", 2
    EXPECT  3, 0
    mov     eax, [wide]
    EXPECT  4, 2
    mov     eax, [wide + 4]
    EXPECT  5, 1
    SYSTEM  write, ebp, "offset text_done", 5
    EXPECT  6, 5
    mov     dword ptr [wide], -1        # from the position, back over 4 GiB
    mov     dword ptr [wide + 4], -2
    SYSTEM  seek_far, ebp, "offset wide", 1
    mov     eax, [wide]
    EXPECT  7, 6
    mov     eax, [wide + 4]
    EXPECT  8, 0
    SYSTEM  seek_far, ebp, "offset wide", 3
    EXPECT  9, ERROR_INVALID
    SYSTEM  seek_far, ebp, "offset path", 0 # which is only to be read
    EXPECT  10, ERROR_ADDRESS
    SYSTEM  seek_far, ebp, 0xC0100000, 0
    EXPECT  11, ERROR_ADDRESS
    SYSTEM  truncate_far, ebp, 0xC0100000
    EXPECT  12, ERROR_ADDRESS
    SYSTEM  seek_far, 30, "offset wide", 0
    EXPECT  13, ERROR_HANDLE
    SYSTEM  truncate_far, 30, "offset wide"
    EXPECT  14, ERROR_HANDLE
    SYSTEM  seek_far, 1, "offset wide", 0
    EXPECT  15, ERROR_NOT_SUPPORTED
    SYSTEM  truncate_far, 1, "offset wide"
    EXPECT  16, ERROR_NOT_SUPPORTED
    SYSTEM  seek, ebp, 0, 1             # those that failed have not moved it
    EXPECT  17, 6
    mov     dword ptr [wide + 4], 1
    mov     dword ptr [wide], 4
    SYSTEM  seek_far, ebp, "offset wide", 0
    SYSTEM  read, ebp, "offset buffer", 8
    EXPECT  18, 3
    mov     eax, [buffer]
    EXPECT  19, ('r' + (':' << 8) + (' ' << 16))
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

.section .rodata
path:           .asciz "/a/far"
text_done:      .asciz "far: done\n"

.bss
.balign 8
wide:           .space 8
buffer:         .space 8
