# Tests of the heap that run inside a machine: link this object with those of asm/. `heaptest` tries sizes and reuse and
# says `heaptest: passed` or what failed; `misuse HOW` does what the heap must notice.

.include "macros.inc"
.include "errors.inc"

.text

# Shell command.
# Out: EAX status.
command_heaptest:
    push    ebx
    push    esi
    push    edi
    call    test_heap_sizes
    jc      1f
    call    test_heap_reuse
    jc      2f
    PRINT   "heaptest: passed\n"
    xor     eax, eax
    jmp     3f
1:  PRINT   "heaptest: sizes failed\n"
    jmp     3f
2:  PRINT   "heaptest: reuse failed\n"
3:  pop     edi
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "heaptest", command_heaptest, "", "test the heap", GROUP_DEBUG

# What a block of each size takes from the heap, its header included, and what is too much.
test_heap_sizes:
    mov     ebx, offset heap_sizes
1:  call    heap_stats
    mov     esi, edx
    mov     edi, ecx
    mov     eax, [ebx]
    call    malloc
    jc      9f
    push    eax
    call    heap_stats
    sub     edx, esi
    sub     ecx, edi
    pop     eax
    push    edx
    push    ecx
    call    mfree
    pop     ecx
    pop     edx
    cmp     edx, [ebx + 4]
    jne     9f
    cmp     ecx, 1
    jne     9f
    call    heap_stats
    cmp     edx, esi
    jne     9f
    cmp     ecx, edi
    jne     9f
    add     ebx, 8
    cmp     ebx, offset heap_sizes_end
    jb      1b
    xor     eax, eax                    # nothing to free
    call    mfree
    mov     ebx, offset heap_too_much
2:  mov     eax, [ebx]
    call    malloc
    jnc     9f
    cmp     eax, ERROR_NO_MEMORY
    jne     9f
    add     ebx, 4
    cmp     ebx, offset heap_too_much_end
    jb      2b
    clc
    ret
9:  stc
    ret

.data
.balign 4
# Bytes asked for, bytes taken.
heap_sizes:
    .long   0, 32, 1, 32, 16, 32, 17, 48, 32, 48, 33, 64, 1000, 1024
heap_sizes_end:
heap_too_much:
    .long   0x7FFF0000, 0x7FFF0001, 0x80000000, -1
heap_too_much_end:
.text

REUSE_BLOCKS            = 60            # together most of a region of the heap
REUSE_BYTES             = 4080

# Blocks that are freed in any order are one block again: a large one fits in, and the heap does not grow.
test_heap_reuse:
    mov     edi, 2                      # 2: the even ones first, 1: the odd ones first
1:  xor     ebx, ebx
2:  mov     eax, REUSE_BYTES
    call    malloc
    jc      9f
    mov     [slots + ebx*8], eax
    inc     ebx
    cmp     ebx, REUSE_BLOCKS
    jb      2b
    call    heap_stats
    mov     esi, eax
    xor     ebx, ebx
    call    test_free_alternate
    mov     ebx, 1
    call    test_free_alternate
    call    heap_check
    mov     eax, REUSE_BLOCKS * REUSE_BYTES * 4 / 5
    call    malloc
    jc      9f
    push    eax
    call    heap_stats
    xchg    eax, [esp]
    call    mfree
    pop     eax
    cmp     eax, esi
    jne     9f
    dec     edi
    jnz     1b
    clc
    ret
9:  stc
    ret

# Frees every second block.
# In: EBX first slot, EDI 2 from below, 1 from above.
test_free_alternate:
    cmp     edi, 2
    je      1f
    neg     ebx
    add     ebx, REUSE_BLOCKS - 1
1:  mov     eax, [slots + ebx*8]
    call    mfree
    mov     dword ptr [slots + ebx*8], 0
    lea     eax, [edi*4 - 6]            # 2 or -2
    add     ebx, eax
    cmp     ebx, REUSE_BLOCKS
    jb      1b
    ret

# What the heap must notice, at the latest when a block is freed.
# In: EAX argc, EDX argv: HOW.
command_misuse:
    mov     eax, [edx + 4]
    mov     bl, [eax]
    mov     eax, 100
    call    malloc
    mov     esi, eax
    mov     eax, 100
    call    malloc
    mov     edi, eax
    mov     eax, 100
    call    malloc
    mov     eax, edi
    cmp     bl, 't'                     # twice
    je      1f
    cmp     bl, 'i'                     # inside
    je      2f
    cmp     bl, 'h'                     # header
    je      3f
    cmp     bl, 'b'                     # before
    je      4f
    xor     dword ptr [edi - 16], 0x40  # its own size
    call    mfree
1:  call    mfree
    mov     eax, edi
    call    mfree
2:  add     eax, 8
    call    mfree
3:  not     dword ptr [edi - 8]
    call    mfree
4:  not     dword ptr [esi - 16]
    call    mfree
    xor     eax, eax
    ret

SHELL_COMMAND "misuse", command_misuse, "HOW", "misuse the heap", GROUP_DEBUG

.bss
.balign 4
slots:                  .space REUSE_BLOCKS * 8
