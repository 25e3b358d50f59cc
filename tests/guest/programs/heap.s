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
    push    ebp
    mov     ebp, offset heap_tests
1:  push    ebp
    cli                                 # nobody else's blocks come and go meanwhile
    call    [ebp + 4]
    pop     ebp
    pushfd
    call    test_give
    popfd
    sti
    jc      2f
    add     ebp, 8
    cmp     ebp, offset heap_tests_end
    jb      1b
    PRINT   "heaptest: passed\n"
    xor     eax, eax
    jmp     3f
2:  PRINTF  "heaptest: %s failed\n", [ebp]
3:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

STRING heap_name_sizes, "sizes"
STRING heap_name_reuse, "reuse"
STRING heap_name_block, "block"
STRING heap_name_fit, "fit"
STRING heap_name_flags, "flags"
STRING heap_name_growth, "growth"
STRING heap_name_walk, "walk"
STRING heap_name_scarce, "scarce"
STRING heap_name_back, "back"

.data
.balign 4
# Name, routine (CF when it fails; it may clobber EBX, ESI, EDI and EBP).
heap_tests:
    .long   heap_name_sizes, test_heap_sizes
    .long   heap_name_reuse, test_heap_reuse
    .long   heap_name_block, test_heap_block
    .long   heap_name_fit, test_heap_fit
    .long   heap_name_flags, test_heap_flags
    .long   heap_name_growth, test_heap_growth
    .long   heap_name_walk, test_heap_walk
    .long   heap_name_scarce, test_heap_scarce
    .long   heap_name_back, test_heap_back
heap_tests_end:
.text

# Keeps a block until the test that runs has ended.
# In: EAX block.
# Clobbers: EDX only.
test_keep:
    mov     edx, [kept_blocks]
    mov     [eax], edx
    mov     [kept_blocks], eax
    ret

# Frees what was kept, blocks and pages.
test_give:
    mov     eax, [kept_blocks]
    test    eax, eax
    jz      1f
    mov     edx, [eax]
    mov     [kept_blocks], edx
    call    mfree
    jmp     test_give
1:  mov     eax, [kept_pages]
    test    eax, eax
    jz      2f
    mov     edx, [eax]
    mov     [kept_pages], edx
    mov     edx, [eax + 4]
    call    page_free
    jmp     1b
2:  ret

SHELL_COMMAND "heaptest", command_heaptest, "", "test the heap", GROUP_DEBUG

# What a block of each size takes from the heap, its header included, and what is too much. A hole of 16 bytes more than
# a block wants goes with it, since what would be left is too small for a block: such holes are used up first.
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
    cmp     ecx, 1
    jne     9f
    sub     edx, [ebx + 4]
    cmp     edx, 16
    jne     3f
    call    test_keep
    jmp     1b
3:  push    edx
    call    mfree
    pop     edx
    test    edx, edx
    jnz     9f
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

# A block is aligned, empty to its end though it was used before, and names who asked for it; it counts as one.
test_heap_block:
    call    heap_check
    mov     ebp, eax
    mov     eax, 1000
    call    malloc
heap_block_owner:
    jc      9f
    test    al, 15
    jnz     9f
    cmp     dword ptr [eax - 4], offset heap_block_owner
    jne     9f
    mov     ebx, eax
    mov     edi, eax
    mov     ecx, 1008 / 4
    or      eax, -1
    rep stosd
    call    heap_check
    inc     ebp
    cmp     eax, ebp
    jne     9f
    mov     eax, ebx
    call    mfree
    mov     eax, 1000
    call    malloc
    cmp     eax, ebx                    # the list of its size gives the last one first
    jne     9f
    mov     edi, eax
    mov     ecx, 1008 / 4
    xor     eax, eax
    repe scasd
    jne     9f
    mov     eax, ebx
    call    mfree
    clc
    ret
9:  stc
    ret

# Of one list, from 2^18 to 2^19 - 1 bytes: the smaller lists hold free blocks already. Regions of their own would go
# back, so they lie in a larger one.
FIT_SMALL               = 270000
FIT_LARGE               = 500000
FIT_ALL                 = 2 * FIT_SMALL + FIT_LARGE + 32   # two small ones and the large one, no rest
FIT_REST                = 270

# The first block of a list that is large enough is taken, not the first of the list.
test_heap_fit:
    mov     eax, FIT_ALL                # a region of its own, and what is left of it is used up
    call    malloc
    jc      9f
    mov     ebx, eax
    mov     eax, FIT_REST               # the rest came last to its list
    call    malloc
    jc      9f
    mov     ecx, eax
    call    test_keep
    sub     ecx, ebx
    cmp     ecx, FIT_ALL + 32
    ja      9f
    mov     eax, ebx                    # so it stays
    call    mfree
    mov     eax, FIT_SMALL
    call    malloc
    jc      9f
    mov     ebx, eax
    mov     eax, FIT_SMALL              # between the two
    call    malloc
    jc      9f
    mov     ebp, eax
    mov     eax, FIT_LARGE
    call    malloc
    jc      9f
    mov     esi, eax
    call    mfree
    mov     eax, ebx
    call    mfree                       # now before the large one
    mov     eax, FIT_LARGE - 1000
    call    malloc
    cmp     eax, esi
    jne     9f
    call    mfree
    mov     eax, ebp
    call    mfree
    clc
    ret
9:  stc
    ret

IF                      = 0x200

# Interrupts stay as they were, whatever comes of it.
test_heap_flags:
    sti
    mov     esi, 2
1:  mov     eax, 100
    call    malloc
    jc      8f
    call    test_interrupts
    jc      8f
    call    mfree
    call    test_interrupts
    jc      8f
    mov     eax, 0x40000000             # more than there is
    call    malloc
    jnc     8f
    call    test_interrupts
    jc      8f
    call    heap_check
    call    test_interrupts
    jc      8f
    cli
    dec     esi
    jnz     1b
    clc
    ret
8:  stc
    ret

# In: ESI 2 when interrupts should be on, 1 when off.
# Out: CF when they are not so.
# Clobbers: ECX.
test_interrupts:
    pushfd
    pop     ecx
    shr     ecx, 9
    and     ecx, 1
    inc     ecx
    cmp     ecx, esi
    je      1f                          # CF is clear
    stc
1:  ret

PAGE                    = 4096
# A region of so many pages holds one block of so many bytes, besides its own header and the one that ends it.
HELD                    = -(16 + 16 + 16)

# The heap takes no more pages than a block needs, but 64 at least.
test_heap_growth:
    mov     ebx, offset heap_growths
1:  call    heap_stats
    mov     esi, eax
    mov     eax, [ebx]
    call    malloc
    jc      9f
    call    test_keep
    call    heap_stats
    sub     eax, esi
    jz      1b                          # there was room left
    cmp     eax, [ebx + 4]
    jne     9f
    add     ebx, 8
    cmp     ebx, offset heap_growths_end
    jb      1b
    clc
    ret
9:  stc
    ret

.data
.balign 4
# Bytes asked for, bytes that the heap grows; nothing is freed between them.
heap_growths:
    .long   100 * PAGE + HELD, 100 * PAGE, 100 * PAGE + HELD + 1, 101 * PAGE, 300 * PAGE + HELD - 4000, 300 * PAGE
    .long   65 * PAGE + HELD, 65 * PAGE, 64 * PAGE + HELD, 64 * PAGE, 63 * PAGE + HELD, 64 * PAGE
heap_growths_end:
.text

# Whoever walks sees each block once, with its address and whether it is in use, in whichever region it is.
test_heap_walk:
    mov     dword ptr [walk_used], 0
    mov     dword ptr [walk_large], 0
    mov     eax, 200 * PAGE + HELD      # a region of its own
    call    malloc
    jc      9f
    mov     ebx, eax
    call    test_keep
    sub     ebx, 16
    mov     eax, offset walk_block
    mov     edx, ebx
    call    heap_walk
    call    heap_stats
    cmp     [walk_used], ecx
    jne     9f
    cmp     dword ptr [walk_large], 1
    jne     9f
    clc
    ret
9:  stc
    ret

# In: EAX block, EDX 1 when it is in use, ECX the large one.
walk_block:
    add     [walk_used], edx
    cmp     eax, ecx
    jne     1f
    add     [walk_large], edx
1:  ret

.bss
.balign 4
walk_used:      .space 4
walk_large:     .space 4
.text

# When 64 pages in a row are not to be had, the heap takes what it needs; when that is not to be had, nothing.
test_heap_scarce:
    mov     eax, 40
    call    page_alloc
    jc      9f
    mov     ebx, eax
    mov     esi, 64
3:  mov     eax, esi
    call    page_alloc
    jc      4f
    mov     [eax + 4], esi
    mov     edx, [kept_pages]
    mov     [eax], edx
    mov     [kept_pages], eax
    jmp     3b
4:  shr     esi, 1                      # and what is left in smaller pieces
    jnz     3b
    mov     eax, ebx                    # now there are 40 pages
    mov     edx, 40
    call    page_free
4:  call    heap_stats                  # use up what the heap itself holds
    mov     esi, eax
    mov     eax, 30 * PAGE + HELD
    call    malloc
    jc      9f
    call    test_keep
    call    heap_stats
    sub     eax, esi
    jz      4b
    cmp     eax, 30 * PAGE
    jne     9f
    mov     eax, 30 * PAGE + HELD
    call    malloc
    jnc     9f
    cmp     eax, ERROR_NO_MEMORY
    jne     9f
    call    heap_stats
    sub     eax, esi
    cmp     eax, 30 * PAGE
    jne     9f
    clc
    ret
9:  stc
    ret

BACK_BLOCKS             = 1000          # of BACK_BYTES: four times what a region holds
BACK_BYTES              = 1000

# What is freed goes back to the pages, but for one region that is kept, and the same blocks need no more than before.
test_heap_back:
    mov     edi, 3
    call    heap_stats
    mov     ebp, eax
1:  mov     ebx, BACK_BLOCKS
2:  mov     eax, BACK_BYTES
    call    malloc
    jc      9f
    call    test_keep
    dec     ebx
    jnz     2b
    mov     eax, 300 * PAGE             # and one that has a region to itself
    call    malloc
    jc      9f
    call    test_keep
    call    heap_stats
    sub     eax, ebp
    cmp     eax, 300 * PAGE + 2 * 64 * PAGE
    jb      9f
    mov     esi, [pages_free]
    call    test_give
    mov     ecx, [pages_free]
    sub     ecx, esi
    cmp     ecx, 300 + 2 * 64
    jb      9f
    call    heap_stats
    sub     eax, ebp
    jb      3f
    cmp     eax, 64 * PAGE
    ja      9f
3:  call    heap_check
    dec     edi
    jnz     1b
    clc
    ret
9:  stc
    ret

# What the heap must notice, at the latest when a block is freed.
# In: EAX argc, EDX argv: HOW.
command_misuse:
    mov     eax, [edx + 4]
    mov     bl, [eax]
    push    64                          # blocks that fill holes: those below follow each other
9:  mov     eax, 100
    call    malloc
    dec     dword ptr [esp]
    jnz     9b
    pop     eax
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
    cmp     bl, 'n'                     # next
    je      5f
    cmp     bl, 'f'                     # free
    je      6f
    xor     dword ptr [edi - 16], 0x40  # its own size
    jmp     7f
1:  call    mfree
    mov     eax, edi
    jmp     7f
2:  add     eax, 8
    jmp     7f
3:  not     dword ptr [edi - 8]
    jmp     7f
4:  not     dword ptr [esi - 16]
    jmp     7f
5:  not     dword ptr [edi + 112 + 8]
    jmp     7f
6:  call    mfree
    not     dword ptr [edi - 8]
    mov     eax, 100
    call    malloc
    jmp     8f
7:  call    mfree
8:  xor     eax, eax
    ret

SHELL_COMMAND "misuse", command_misuse, "HOW", "misuse the heap", GROUP_DEBUG

.bss
.balign 4
slots:                  .space REUSE_BLOCKS * 8
kept_blocks:            .space 4            # each begins with the address of the next
kept_pages:             .space 4            # and how many pages these are
