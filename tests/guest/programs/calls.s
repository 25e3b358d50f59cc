# A program for /bin: a table of system calls with their arguments and what they should give. Prints the rows that gave
# something else, and `calls: done`. It wants a volume at /a, where it makes files.

.intel_syntax noprefix
.include "system-calls.inc"

# What is not a system call: EBX, ECX and EDX are its arguments, too.
ROW_COMPARE     = 1000          # bytes at EBX and at ECX, EDX of them
ROW_STORE       = 1001          # ECX at EBX
ROW_DWORD       = 1002          # what the dword at EBX is
ROW_UNTIL       = 1003          # the row after this, again and again while it succeeds; how often that is
ROW_SPAWN       = 1004          # the row after this, which gives a process: SAVED is that from now on
ROW_BYTES       = 28
SAVED           = 0x5A5A5A5A

ERROR_NO_MEMORY = -1
ERROR_NOT_FOUND = -2
ERROR_EXISTS    = -3
ERROR_INVALID   = -4
ERROR_TIMEOUT   = -5
ERROR_NOT_MOUNTED = -10
ERROR_NOT_SUPPORTED = -14
ERROR_RANGE     = -17
ERROR_TOO_LONG  = -18
ERROR_FULL      = -19
ERROR_NOT_DIRECTORY = -20
ERROR_IS_DIRECTORY = -21
ERROR_STALE     = -29
ERROR_NOT_EMPTY = -30
ERROR_ADDRESS   = -33
ERROR_HANDLE    = -34
ERROR_BROKEN    = -36

MAPPED          = 0x40000000    # where memory is given
KERNEL          = 0xC0100000
LARGE           = 5000
PIPE_BYTES      = 4096

.text

.global _start
_start:
    mov     edi, offset pattern             # every byte another than those around it
    xor     eax, eax
1:  imul    ecx, eax, 7
    mov     [edi + eax], cl
    inc     eax
    cmp     eax, LARGE
    jb      1b
    mov     ebp, offset rows
2:  call    row_run
    cmp     eax, [ebp]
    je      3f
    call    row_report
3:  add     ebp, ROW_BYTES
    cmp     ebp, offset rows_end
    jb      2b
    mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

# Does what a row says.
# In: EBP row.
# Out: EAX result; EBP the row, or the one that it repeated.
row_run:
    mov     eax, [ebp + 4]
    mov     ebx, [ebp + 8]
    mov     ecx, [ebp + 12]
    mov     edx, [ebp + 16]
    mov     esi, [ebp + 20]
    mov     edi, [ebp + 24]
    cmp     ebx, SAVED
    jne     1f
    mov     ebx, [process]
    mov     [ebp + 8], ebx
1:  cmp     eax, ROW_SPAWN
    je      row_spawn
    cmp     eax, ROW_COMPARE
    je      row_compare
    cmp     eax, ROW_STORE
    je      row_store
    cmp     eax, ROW_DWORD
    je      row_dword
    cmp     eax, ROW_UNTIL
    je      row_until
    int     0x80
    cmp     ebx, [ebp + 8]                  # a call leaves all other registers alone
    jne     8f
    cmp     ecx, [ebp + 12]
    jne     8f
    cmp     edx, [ebp + 16]
    jne     8f
    cmp     esi, [ebp + 20]
    jne     8f
    cmp     edi, [ebp + 24]
    jne     8f
    ret
8:  mov     eax, 0x77777777
    ret

row_compare:
    mov     esi, ebx
    mov     edi, ecx
    mov     ecx, edx
    xor     eax, eax
    cmp     eax, eax
    repe cmpsb
    setne   al
    ret

row_store:
    mov     [ebx], ecx
    xor     eax, eax
    ret

row_dword:
    mov     eax, [ebx]
    ret

row_until:
    push    [ebp]
    push    0
    add     ebp, ROW_BYTES
1:  call    row_run
    test    eax, eax
    js      2f
    inc     dword ptr [esp]
    jmp     1b
2:  cmp     eax, [ebp]
    pop     eax
    pop     ecx
    jne     3f
    cmp     eax, ecx
    mov     eax, [ebp]
    je      4f
3:  mov     eax, 0x66666666
4:  ret

row_spawn:
    add     ebp, ROW_BYTES
    call    row_run
    mov     [process], eax
    test    eax, eax
    js      1f
    mov     eax, [ebp]
1:  ret

# Says which row gave what.
# In: EAX result, EBP row.
row_report:
    push    eax
    mov     eax, ebp
    sub     eax, offset rows
    xor     edx, edx
    mov     ecx, ROW_BYTES
    div     ecx
    inc     eax
    call    put_number
    mov     eax, offset text_gave
    call    put
    pop     eax
    test    eax, eax
    jns     1f
    push    eax
    mov     eax, offset text_minus
    call    put
    pop     eax
    neg     eax
1:  call    put_number
    mov     eax, offset text_row_end
    jmp     put

.section .rodata
text_gave:      .asciz " gave "
text_minus:     .asciz "-"
text_row_end:   .asciz "\n"
text_done:      .asciz "calls: done\n"
path_bad:       .asciz "/a/none"
path_file:      .asciz "/a/file"
path_other:     .asciz "/a/other"
path_folder:    .asciz "/a/folder"
path_inner:     .asciz "/a/folder/inner"
path_below:     .asciz "/a/folder/inner/below"
path_second:    .asciz "/a/second"
path_moved:     .asciz "/a/second/inner"
path_large:     .asciz "/a/large"
path_echo:      .asciz "/bin/echo"
path_cat:       .asciz "/bin/cat"
path_sleep:     .asciz "/bin/sleep"
path_env:       .asciz "/bin/env"
path_fault:     .asciz "/bin/fault"
path_volume:    .asciz "/a"
name_file:      .asciz "file"
name_folder:    .asciz "folder"
name_inner:     .asciz "inner"
word_one:       .asciz "one"
word_two:       .asciz "two"
word_variable:  .asciz "colour=blue"
word_long_time: .asciz "100000"
word_divide:    .asciz "divide"
said_echo:      .ascii "one two\n"
said_env:       .ascii "colour=blue\n"
letters:        .ascii "abcdefghijklmnopqrstuvwxyz"
path_too_long:  .byte   'x'
path_long:      .fill   1023 - 255, 1, 'x'
word_wide:      .fill   255, 1, 'x'
    .byte   0
text_invalid:   .asciz "invalid argument"

# What a call gives, its name, its arguments.
.macro GIVES expected:req, name:req, first=0, second=0, third=0, fourth=0, fifth=0
    .long   \expected, CALL_\name, \first, \second, \third, \fourth, \fifth
.endm
.macro ROW number:req, expected:req, first=0, second=0, third=0
    .long   \expected, \number, \first, \second, \third, 0, 0
.endm

.balign 4
arguments_echo: .long path_echo, word_one, word_two, 0
arguments_sleep: .long path_sleep, word_long_time, 0
arguments_env:  .long path_env, 0
arguments_fault: .long path_fault, word_divide, 0
arguments_bad:  .long path_echo, KERNEL, 0
environment:    .long word_variable, 0
arguments_cat:  .long path_cat, 0
arguments_wide:                 # each is the end of the one before; the first two have more than 512 KiB,
.rept 60
    .long   word_wide
.endr
arguments_many:                 # this one only with their addresses
.rept 40
    .long   word_wide
.endr
arguments_many_less:
.rept 2000
    .long   word_wide
.endr
    .long   0
handles_pipe:   .long 0, 4, 2
handles_in:     .long 3, 1, 2
handles_none:   .long 0, 31, 2

.data
.balign 4
rows:
    # Files: what opens them, where they are read and written.
    GIVES   ERROR_INVALID, open, path_file, 64
    GIVES   ERROR_NOT_FOUND, open, path_bad, 1
    GIVES   ERROR_ADDRESS, open, KERNEL, 1
    GIVES   ERROR_NOT_MOUNTED, open, path_long, 1
    GIVES   ERROR_TOO_LONG, open, path_too_long, 1
    GIVES   3, open, path_file, 7
    GIVES   26, write, 3, letters, 26
    GIVES   0, seek, 3, 0, 0
    GIVES   5, read, 3, buffer, 5
    ROW     ROW_COMPARE, 0, buffer, letters, 5
    GIVES   7, seek, 3, 2, 1
    GIVES   1, read, 3, buffer, 1
    ROW     ROW_COMPARE, 0, buffer, "letters + 7", 1
    GIVES   24, seek, 3, -2, 2
    GIVES   2, read, 3, buffer, 10
    ROW     ROW_COMPARE, 0, buffer, "letters + 24", 2
    ROW     ROW_COMPARE, 0, "buffer + 2", "letters + 2", 3
    GIVES   0, read, 3, buffer, 10
    GIVES   0, read, 3, buffer, 0
    GIVES   ERROR_INVALID, seek, 3, 0, 3
    GIVES   0x7FFFFFFF, seek, 3, 0x7FFFFFFF, 0
    GIVES   ERROR_RANGE, seek, 3, 1, 1
    GIVES   0, truncate, 3, 10
    GIVES   0, stat, path_file, record
    ROW     ROW_DWORD, 0, record
    ROW     ROW_DWORD, 10, "record + 4"
    ROW     ROW_DWORD, 0, "record + 8"
    ROW     ROW_COMPARE, 0, "record + 16", name_file, 5
    ROW     ROW_COMPARE, 0, "record + 20", zeros, 252
    ROW     ROW_COMPARE, 0, "record + 272", name_file, 5    # its class
    GIVES   1, handle_kind, 3
    GIVES   0, write, 3, letters, 0
    GIVES   ERROR_HANDLE, write, 9, letters, 0
    GIVES   0, sync, 3
    GIVES   3, seek, 3, 3, 0
    GIVES   9, duplicate, 3, 9
    GIVES   1, read, 9, buffer, 1
    ROW     ROW_COMPARE, 0, buffer, "letters + 3", 1
    GIVES   4, seek, 3, 0, 1
    GIVES   9, duplicate, 9, 9
    GIVES   0, close, 3
    GIVES   1, read, 9, buffer, 1
    GIVES   ERROR_HANDLE, read, 3, buffer, 1
    GIVES   ERROR_HANDLE, duplicate, 9, 32
    GIVES   ERROR_HANDLE, duplicate, 10, 11
    GIVES   ERROR_HANDLE, duplicate, 32, 11
    GIVES   3, open, path_file, 35              # to write at the end
    GIVES   0, seek, 3, 0, 0
    GIVES   1, write, 3, letters, 1
    GIVES   11, seek, 3, 0, 1
    GIVES   9, duplicate, 3, 9                  # what it meant is closed
    GIVES   0, close, 3
    GIVES   0, close, 9
    GIVES   ERROR_HANDLE, close, 32
    GIVES   ERROR_HANDLE, close, -1
    GIVES   ERROR_HANDLE, handle_kind, 32
    GIVES   0, handle_kind, 1
    GIVES   ERROR_EXISTS, open, path_file, 14
    GIVES   3, open, path_file, 18
    GIVES   0, stat, path_file, record
    ROW     ROW_DWORD, 0, "record + 4"
    GIVES   0, close, 3
    GIVES   ERROR_NOT_SUPPORTED, seek, 1, 0, 0
    GIVES   ERROR_NOT_SUPPORTED, truncate, 0, 0
    GIVES   ERROR_NOT_SUPPORTED, sync, 1
    GIVES   ERROR_HANDLE, sync, 7
    # More than goes at once, to where it fits in no page, or is not there yet.
    GIVES   3, open, path_large, 7
    GIVES   4096, write, 3, pattern, LARGE
    GIVES   904, write, 3, "pattern + 4096", 904
    GIVES   0, seek, 3, 0, 0
    GIVES   4096, read, 3, "room + 100", 10000
    GIVES   904, read, 3, "room + 4196", 10000
    ROW     ROW_COMPARE, 0, "room + 100", pattern, LARGE
    ROW     ROW_DWORD, 0, "room + 96"
    ROW     ROW_DWORD, 0, "room + 5100"
    GIVES   0, seek, 3, 0, 0
    GIVES   4096, read, 3, "room + 12288", 4096
    ROW     ROW_COMPARE, 0, "room + 12288", pattern, 4096
    GIVES   7, seek, 3, 7, 0
    GIVES   100, read, 3, "room + 12289", 100
    ROW     ROW_COMPARE, 0, "room + 12289", "pattern + 7", 100
    ROW     ROW_COMPARE, 0, "room + 12389", "pattern + 101", 100
    GIVES   0, truncate, 3, 4096                # the end of a block, and the last byte of one
    GIVES   0, seek, 3, 0, 0
    GIVES   4096, read, 3, room, 5000
    ROW     ROW_COMPARE, 0, room, pattern, 4096
    GIVES   0, truncate, 3, 4095
    GIVES   0, truncate, 3, LARGE
    GIVES   4094, seek, 3, 4094, 0
    GIVES   906, read, 3, room, 5000
    ROW     ROW_COMPARE, 0, room, "pattern + 4094", 1
    ROW     ROW_COMPARE, 0, "room + 1", zeros, 255
    GIVES   0, seek, 3, 0, 0
    GIVES   ERROR_ADDRESS, read, 3, letters, 10
    GIVES   ERROR_ADDRESS, read, 3, KERNEL, 10
    GIVES   ERROR_ADDRESS, read, 3, 0xBFFFFFFC, 8
    GIVES   ERROR_ADDRESS, read, 3, 16, 8
    GIVES   ERROR_ADDRESS, write, 3, 16, 8
    GIVES   ERROR_ADDRESS, write, 3, KERNEL, 8
    GIVES   ERROR_ADDRESS, write, 3, KERNEL, 0
    GIVES   0, close, 3
    # Names and directories.
    GIVES   0, directory_make, path_folder
    GIVES   ERROR_EXISTS, directory_make, path_folder
    GIVES   ERROR_ADDRESS, directory_make, KERNEL
    GIVES   0, stat, path_folder, record
    ROW     ROW_DWORD, 1, record
    GIVES   0, rename, path_file, path_inner
    GIVES   ERROR_NOT_FOUND, rename, path_file, path_inner
    GIVES   ERROR_ADDRESS, rename, path_inner, KERNEL
    GIVES   ERROR_ADDRESS, rename, KERNEL, path_inner
    GIVES   ERROR_NOT_EMPTY, directory_remove, path_folder
    GIVES   ERROR_NOT_FOUND, stat, path_file, record
    GIVES   ERROR_ADDRESS, stat, path_folder, KERNEL
    GIVES   3, directory_open, path_folder
    GIVES   0, directory_read, 3, record
    ROW     ROW_DWORD, 0, record
    ROW     ROW_COMPARE, 0, "record + 16", name_inner, 6
    ROW     ROW_COMPARE, 0, "record + 24", zeros, 248
    GIVES   ERROR_NOT_FOUND, directory_read, 3, record
    GIVES   ERROR_NOT_SUPPORTED, read, 3, buffer, 1
    GIVES   ERROR_NOT_SUPPORTED, write, 3, buffer, 1
    GIVES   ERROR_NOT_DIRECTORY, directory_read, 1, record
    GIVES   ERROR_HANDLE, directory_read, 4, record
    GIVES   0, close, 3
    GIVES   3, directory_open, path_folder
    GIVES   ERROR_ADDRESS, directory_read, 3, KERNEL
    GIVES   0, close, 3
    GIVES   ERROR_NOT_FOUND, directory_open, path_bad
    GIVES   ERROR_NOT_DIRECTORY, directory_open, path_inner
    GIVES   0, unlink, path_inner
    GIVES   ERROR_NOT_FOUND, unlink, path_inner
    GIVES   0, directory_remove, path_folder
    GIVES   ERROR_NOT_FOUND, directory_remove, path_folder
    # Directories that move: not into themselves, and over nothing but an empty one.
    GIVES   0, directory_make, path_folder
    GIVES   0, directory_make, path_inner
    GIVES   0, directory_make, path_second
    GIVES   3, open, path_file, 6
    GIVES   0, close, 3
    GIVES   ERROR_INVALID, rename, path_folder, path_inner
    GIVES   ERROR_INVALID, rename, path_folder, path_below
    GIVES   ERROR_NOT_FOUND, rename, path_bad, path_inner
    GIVES   0, rename, path_folder, path_folder
    GIVES   ERROR_NOT_MOUNTED, rename, path_long, path_inner
    GIVES   ERROR_NOT_MOUNTED, rename, path_folder, path_long
    GIVES   ERROR_NOT_EMPTY, rename, path_second, path_folder
    GIVES   ERROR_NOT_DIRECTORY, rename, path_second, path_file
    GIVES   ERROR_IS_DIRECTORY, rename, path_file, path_second
    GIVES   ERROR_IS_DIRECTORY, unlink, path_second
    GIVES   ERROR_NOT_DIRECTORY, directory_remove, path_file
    GIVES   0, rename, path_folder, path_second
    GIVES   ERROR_NOT_FOUND, stat, path_folder, record
    GIVES   0, stat, path_moved, record
    GIVES   0, rename, path_moved, path_folder
    GIVES   0, directory_remove, path_second
    GIVES   0, directory_remove, path_folder
    GIVES   0, unlink, path_file
    # A table of handles that is full.
    ROW     ROW_UNTIL, 29
    GIVES   ERROR_FULL, open, path_large, 1
    GIVES   ERROR_FULL, directory_open, path_volume
    GIVES   ERROR_FULL, pipe, ends
    GIVES   0, close, 5
    GIVES   ERROR_FULL, pipe, ends
    GIVES   5, directory_open, path_volume
    GIVES   0, close, 4
    GIVES   0, close, 3
    GIVES   ERROR_ADDRESS, pipe, letters
    GIVES   3, open, path_large, 1
    GIVES   4, open, path_large, 1
.irp handle, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    GIVES   0, close, \handle
.endr
    GIVES   0, unlink, path_large
    # Pipes.
    GIVES   0, pipe, ends
    ROW     ROW_DWORD, 3, ends
    ROW     ROW_DWORD, 4, "ends + 4"
    GIVES   2, handle_kind, 3
    GIVES   3, handle_kind, 4
    GIVES   1, poll, polled, 2, 0
    ROW     ROW_DWORD, 0, "polled + 8"
    ROW     ROW_DWORD, 2, "polled + 20"
    GIVES   PIPE_BYTES, write, 4, pattern, LARGE
    GIVES   1, poll, polled, 2, 0
    ROW     ROW_DWORD, 1, "polled + 8"
    ROW     ROW_DWORD, 0, "polled + 20"
    GIVES   1001, read, 3, room, 1001
    ROW     ROW_COMPARE, 0, room, pattern, 1001
    GIVES   2, poll, polled, 2, -1
    GIVES   1001, write, 4, pattern, 1003       # what there is room for, around the end
    GIVES   4096, read, 3, room, 5000
    ROW     ROW_COMPARE, 0, room, "pattern + 1001", 3095
    ROW     ROW_COMPARE, 0, "room + 3095", pattern, 1001
    GIVES   3, write, 4, letters, 3
    GIVES   ERROR_NOT_SUPPORTED, read, 4, room, 1
    GIVES   ERROR_NOT_SUPPORTED, write, 3, room, 1
    GIVES   ERROR_NOT_SUPPORTED, seek, 3, 0, 0
    GIVES   0, close, 4
    GIVES   1, poll, polled, 1, 0
    ROW     ROW_DWORD, 9, "polled + 8"
    GIVES   3, read, 3, room, 100
    ROW     ROW_COMPARE, 0, room, letters, 3
    GIVES   0, read, 3, room, 100
    GIVES   0, close, 3
    GIVES   0, pipe, ends
    GIVES   0, close, 3
    GIVES   ERROR_BROKEN, write, 4, letters, 3
    ROW     ROW_STORE, 0, "polled + 8", 0
    GIVES   2, poll, polled, 2, 0               # the first is none
    ROW     ROW_DWORD, 4, "polled + 8"
    ROW     ROW_DWORD, 10, "polled + 20"
    GIVES   0, close, 4
    # What can be waited for.
    GIVES   ERROR_INVALID, poll, polled, 65, 0
    GIVES   ERROR_ADDRESS, poll, KERNEL, 1, 0
    GIVES   ERROR_ADDRESS, poll, letters, 1, 0
    GIVES   0, poll, polled_console, 1, 20
    GIVES   1, poll, polled_console, 2, 0
    ROW     ROW_DWORD, 0, "polled_console + 8"
    # Programs.
    GIVES   0, pipe, ends
    GIVES   ERROR_NOT_FOUND, spawn, path_bad, arguments_echo, 0, 0
    GIVES   ERROR_ADDRESS, spawn, KERNEL, arguments_echo, 0, 0
    GIVES   ERROR_ADDRESS, spawn, path_echo, KERNEL, 0, 0
    GIVES   ERROR_ADDRESS, spawn, path_echo, arguments_bad, 0, 0
    GIVES   ERROR_ADDRESS, spawn, path_echo, arguments_echo, KERNEL, 0
    GIVES   ERROR_ADDRESS, spawn, path_echo, arguments_echo, 0, KERNEL
    GIVES   ERROR_TOO_LONG, spawn, path_too_long, arguments_echo, 0, 0
    GIVES   ERROR_STALE, wait, 12345, 0
    GIVES   ERROR_STALE, kill, 12345
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_echo, arguments_echo, 0, handles_pipe
    GIVES   0, wait, SAVED, -1
    GIVES   ERROR_STALE, wait, SAVED, -1
    GIVES   8, read, 3, room, 100
    ROW     ROW_COMPARE, 0, room, said_echo, 8
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_env, arguments_env, environment, handles_pipe
    GIVES   0, wait, SAVED, 5000
    GIVES   12, read, 3, room, 100
    ROW     ROW_COMPARE, 0, room, said_env, 12
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_echo, arguments_echo, 0, handles_none
    GIVES   1, wait, SAVED, -1                  # it had nothing to write to
    GIVES   5, write, 4, letters, 5
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_cat, arguments_cat, 0, handles_in
    GIVES   ERROR_TIMEOUT, wait, SAVED, 50      # there may come more
    GIVES   0, close, 4
    GIVES   0, kill, SAVED
    GIVES   137, wait, SAVED, -1
    GIVES   0, close, 3
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_sleep, arguments_sleep, 0, 0
    GIVES   ERROR_TIMEOUT, wait, SAVED, 20
    GIVES   ERROR_TIMEOUT, wait, SAVED, 0
    GIVES   0, kill, SAVED
    GIVES   137, wait, SAVED, -1
    GIVES   ERROR_STALE, kill, SAVED
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_fault, arguments_fault, 0, 0
    GIVES   128, wait, SAVED, -1
    ROW     ROW_SPAWN, 0
    GIVES   0, spawn, path_env, arguments_many_less, 0, 0
    GIVES   0, wait, SAVED, -1
    GIVES   ERROR_TOO_LONG, spawn, path_env, arguments_many, 0, 0
    GIVES   ERROR_TOO_LONG, spawn, path_env, arguments_wide, 0, 0
    # Memory: whole pages, at the lowest place.
    GIVES   ERROR_INVALID, memory_map, 0
    GIVES   ERROR_INVALID, memory_map, 0x7FEFF001
    GIVES   MAPPED, memory_map, 0x7FEFF000
    GIVES   ERROR_NO_MEMORY, memory_map, 1
    GIVES   0, memory_unmap, MAPPED
    GIVES   MAPPED, memory_map, 1
    GIVES   MAPPED + 0x1000, memory_map, 0x1000
    GIVES   MAPPED + 0x2000, memory_map, 0x1001
    GIVES   MAPPED + 0x4000, memory_map, 0x800000
    GIVES   MAPPED + 0x804000, memory_map, 4
    ROW     ROW_STORE, 0, MAPPED, 1
    ROW     ROW_STORE, 0, MAPPED + 0x1FFC, 2
    ROW     ROW_STORE, 0, MAPPED + 0x2000, 3
    ROW     ROW_STORE, 0, MAPPED + 0x5000, 4    # in three tables
    ROW     ROW_STORE, 0, MAPPED + 0x803FFC, 5
    ROW     ROW_STORE, 0, MAPPED + 0x804000, 6
    GIVES   0, memory_unmap, MAPPED + 0x1000
    ROW     ROW_DWORD, 1, MAPPED
    ROW     ROW_DWORD, 3, MAPPED + 0x2000
    GIVES   ERROR_ADDRESS, random, MAPPED + 0x1FF0, 16
    GIVES   ERROR_INVALID, memory_unmap, MAPPED + 0x1000
    GIVES   ERROR_INVALID, memory_unmap, MAPPED + 0x3000
    GIVES   ERROR_INVALID, memory_unmap, 0x08048000
    GIVES   MAPPED + 0x1000, memory_map, 0x1000
    ROW     ROW_DWORD, 0, MAPPED + 0x1FFC       # empty again
    GIVES   0, memory_unmap, MAPPED + 0x4000
    ROW     ROW_DWORD, 6, MAPPED + 0x804000
    ROW     ROW_DWORD, 3, MAPPED + 0x2000
    GIVES   ERROR_ADDRESS, random, MAPPED + 0x5000, 16
    GIVES   ERROR_ADDRESS, random, MAPPED + 0x803FF0, 16
    GIVES   MAPPED + 0x4000, memory_map, 0x400000
    ROW     ROW_DWORD, 0, MAPPED + 0x5000
    GIVES   0, memory_unmap, MAPPED + 0x4000
    GIVES   0, memory_unmap, MAPPED + 0x804000
    GIVES   0, memory_unmap, MAPPED + 0x2000
    GIVES   0, memory_unmap, MAPPED
    GIVES   0, memory_unmap, MAPPED + 0x1000
    # Time, chance, and words.
    GIVES   ERROR_ADDRESS, time_read, letters
    GIVES   0, time_read, record
    GIVES   ERROR_INVALID, time_step, 0, 1000
    GIVES   ERROR_INVALID, time_step, 0, -1000
    GIVES   0, time_step, 0x7FFFFFFF, 0
    GIVES   ERROR_INVALID, time_step, 0x7FFFFFFF, 0
    GIVES   0, time_step, -0x7FFFFFFF, 0
    GIVES   ERROR_INVALID, time_step, -2000000000, 0
    GIVES   0, time_step, 1000, 999
    GIVES   0, time_step, -1001, 1
    GIVES   0, sleep, 1
    GIVES   0, yield
    GIVES   ERROR_INVALID, random, room, 65
    GIVES   0, random, room, 64
    GIVES   0, random, room, 0
    GIVES   ERROR_ADDRESS, random, KERNEL, 4
    GIVES   ERROR_TOO_LONG, error_text, 4, room, 16
    GIVES   16, error_text, 4, room, 17
    ROW     ROW_COMPARE, 0, room, text_invalid, 17
    GIVES   ERROR_ADDRESS, error_text, 4, letters, 64
    # Threads.
    GIVES   ERROR_INVALID, thread_create, 0x08048000, 0, 0
    GIVES   ERROR_INVALID, priority, 7
    GIVES   ERROR_INVALID, priority, -1
    GIVES   0, priority, 0
    GIVES   0, priority, 6
    GIVES   ERROR_TIMEOUT, value_wait, zeros, 0, 30
    GIVES   0, value_wait, zeros, 1, -1
    GIVES   ERROR_ADDRESS, value_wait, KERNEL, 0, 10
    GIVES   0, value_wake
    GIVES   ERROR_NOT_SUPPORTED, COUNT
rows_end:
polled:         .long 3, 3, 0, 4, 3, 0
polled_console: .long 0, 1, 0, 1, 3, 0

.bss
.balign 4096
room:           .space 32768
buffer:         .space 64
record:         .space 336
zeros:          .space 256
ends:           .space 8
process:        .space 4
pattern:        .space LARGE
