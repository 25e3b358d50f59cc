# What `npm run bench -- system` measures, as a program that is the same for each system but for its system calls, which
# come from the file that the build names SYSTEM_INC: `work NAME` does the work of that name and ends with status 0, or
# with 1 when a call fails. Files are below /a.

.intel_syntax noprefix
.include "work-system.inc"

BLOCK_BYTES     = 4096
FILE_BLOCKS     = 4096                  # 16 MiB
RANDOM_BLOCKS   = 2048
SMALL_FILES     = 10000
CALLS           = 100000
ROUND_TRIPS     = 10000
STARTS          = 200

.text

.global _start
_start:
    mov     esi, [esp + 8]              # the first argument
    test    esi, esi
    jz      fail
    movzx   eax, byte ptr [esi]
    mov     edx, offset works
1:  cmp     dword ptr [edx], 0
    je      fail
    cmp     [edx], eax
    je      2f
    add     edx, 8
    jmp     1b
2:  call    [edx + 4]
end:
    DO_EXIT 0
fail:
    DO_EXIT 1

# Leaves when a call has failed.
# In: EAX its result.
check:
    test    eax, eax
    js      fail
    ret

# w: writes a file from beginning to end, and sees it to the disk.
write_on:
    mov     ebx, offset path_large
    DO_OPEN ebx, OPEN_NEW
    call    check
    mov     ebx, eax
    mov     ebp, FILE_BLOCKS
1:  DO_WRITE ebx, "offset buffer", BLOCK_BYTES
    call    check
    dec     ebp
    jnz     1b
    DO_SYNC ebx
    jmp     check

# r: reads it from beginning to end.
read_on:
    mov     ebx, offset path_large
    DO_OPEN ebx, OPEN_READ
    call    check
    mov     ebx, eax
1:  DO_READ ebx, "offset buffer", BLOCK_BYTES
    call    check
    jnz     1b
    ret

# x: reads blocks of it here and there.
read_random:
    mov     ebx, offset path_large
    DO_OPEN ebx, OPEN_READ
    call    check
    mov     ebx, eax
    mov     ebp, RANDOM_BLOCKS
1:  call    random_offset
    DO_SEEK ebx, ecx
    call    check
    DO_READ ebx, "offset buffer", BLOCK_BYTES
    call    check
    dec     ebp
    jnz     1b
    ret

# y: writes blocks of it here and there, and sees them to the disk.
write_random:
    mov     ebx, offset path_large
    DO_OPEN ebx, OPEN_UPDATE
    call    check
    mov     ebx, eax
    mov     ebp, RANDOM_BLOCKS
1:  call    random_offset
    DO_SEEK ebx, ecx
    call    check
    DO_WRITE ebx, "offset buffer", BLOCK_BYTES
    call    check
    dec     ebp
    jnz     1b
    DO_SYNC ebx
    jmp     check

# The beginning of some block of the file, by the generator of Numerical Recipes.
# Out: ECX offset.
random_offset:
    imul    ecx, [seed], 1664525
    add     ecx, 1013904223
    mov     [seed], ecx
    shr     ecx, 8
    and     ecx, FILE_BLOCKS - 1
    shl     ecx, 12
    ret

# c: makes many files, and sees them to the disk.
create_all:
    mov     ebp, SMALL_FILES
1:  call    name_small
    DO_OPEN ebx, OPEN_NEW
    call    check
    mov     ebx, eax
    dec     ebp
    jz      2f
    DO_CLOSE ebx
    jmp     1b
2:  DO_SYNC ebx
    jmp     check

# s: asks what they are.
stat_all:
    mov     ebp, SMALL_FILES
1:  call    name_small
    DO_STAT ebx, "offset buffer"
    call    check
    dec     ebp
    jnz     1b
    ret

# u: removes them.
unlink_all:
    mov     ebp, SMALL_FILES
1:  call    name_small
    DO_UNLINK ebx
    call    check
    dec     ebp
    jnz     1b
    ret

# Puts a number into the name of a small file.
# In: EBP number.
# Out: EBX path.
name_small:
    mov     eax, ebp
    mov     edi, offset path_small_end
    mov     ecx, 10
1:  xor     edx, edx
    div     ecx
    add     dl, '0'
    dec     edi
    mov     [edi], dl
    cmp     edi, offset path_small_digits
    ja      1b
    mov     ebx, offset path_small
    ret

# g: calls the system for the least that it can do.
call_often:
    mov     ebp, CALLS
1:  DO_NOTHING
    dec     ebp
    jnz     1b
    ret

# p: sends a byte to another process and waits until it comes back.
ping:
    DO_PIPE "offset there"
    call    check
    DO_PIPE "offset back"
    call    check
    mov     eax, [there]
    mov     [streams], eax
    mov     eax, [back + 4]
    mov     [streams + 4], eax
    mov     dword ptr [streams + 8], 2
    mov     ecx, offset arguments_echo
    mov     esi, offset streams
    DO_START ecx, esi
    call    check
    mov     ebp, ROUND_TRIPS
1:  mov     ebx, [there + 4]
    DO_WRITE ebx, "offset buffer", 1
    call    check
    mov     ebx, [back]
    DO_READ ebx, "offset buffer", 1
    call    check
    jz      fail
    dec     ebp
    jnz     1b
    ret

# q: sends back what comes, as long as `ping` asks.
echo:
    mov     ebp, ROUND_TRIPS
1:  DO_READ 0, "offset buffer", 1
    call    check
    DO_WRITE 1, "offset buffer", 1
    call    check
    dec     ebp
    jnz     1b
    ret

# e: starts a program that ends at once, and waits for it.
start_often:
    mov     ebp, STARTS
1:  mov     ecx, offset arguments_nothing
    xor     esi, esi
    DO_START ecx, esi
    call    check
    mov     ebx, eax
    DO_WAIT ebx
    call    check
    dec     ebp
    jnz     1b
    ret

# n: ends.
nothing:
    ret

.section .rodata
.balign 4
works:
    .long   'w', write_on, 'r', read_on, 'x', read_random, 'y', write_random
    .long   'c', create_all, 's', stat_all, 'u', unlink_all
    .long   'g', call_often, 'p', ping, 'q', echo, 'e', start_often, 'n', nothing, 0
arguments_echo:     .long path_self, text_echo, 0
arguments_nothing:  .long path_self, text_nothing, 0
path_self:      .asciz "/bin/work"
text_echo:      .asciz "q"
text_nothing:   .asciz "n"
path_large:     .asciz "/a/large"

.data
path_small:     .ascii "/a/f/file"
path_small_digits: .ascii "00000"
path_small_end: .byte 0
.balign 4
seed:           .long 1

.bss
.balign 4
there:          .space 8
back:           .space 8
streams:        .space 12
.balign 4096
buffer:         .space BLOCK_BYTES
