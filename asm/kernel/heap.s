# The heap: blocks of any size out of regions of pages, with boundary tags. Each block has a header with its size, that
# of the block before it, who asked for it and a magic number that depends on its address; a region ends with a header
# that is always in use. Free blocks are in lists by size and never lie side by side. A damaged header is found when the
# block or a neighbour is freed, or by `mem check`, and stops the machine: going on would spread the damage.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "pages.inc"
.include "heap.inc"

# A block's header is in heap.inc.
BLOCK_NEXT          = 16                    # free: links in the list of its size
BLOCK_BACK          = 20
BLOCK_SMALLEST      = 32

HEAP_USED           = 0x5AFEB10C
HEAP_FREE           = 0xF4EEB10C

HEAP_BINS           = 32                    # list n holds blocks of 2^n to 2^(n+1)-1 bytes
REGION_PAGES        = 64                    # at least so much is added at a time
REGION_STEP         = 16                    # pages that go back at a time

# A region begins with links to its neighbours in the list. One that is all free goes back, but for one of the least
# size: else a block that comes and goes would take a region along each time.
REGION_NEXT         = 0
REGION_BACK         = 4
REGION_BYTES        = 8
REGION_HEADER       = 16

# Takes an entry out of a list of entries with links both ways.
# In: EAX entry, \next and \back where its links are, \first where it goes on when the entry is the first.
# Out: ECX what follows the entry, which \first makes the first.
# Clobbers: ECX, EDX.
.macro LIST_UNLINK next:req, back:req, first:req
    mov     ecx, [eax + \next]
    mov     edx, [eax + \back]
    test    ecx, ecx
    jz      1f
    CHECK   [ecx+\back], e, eax, "heap: what follows an entry does not lead to it"
    mov     [ecx + \back], edx
1:  test    edx, edx
    jz      \first
    CHECK   [edx+\next], e, eax, "heap: what is before an entry does not lead to it"
    mov     [edx + \next], ecx
.endm

.text

# Allocates memory. Callable with interrupts off.
# In: EAX bytes.
# Out: EAX address, 16-byte aligned, zeroed; CF and EAX error when there is none.
.global malloc
malloc:
    mov     edx, [esp]
    call    heap_take
    jc      1f
    push    edi
    push    eax
    mov     edi, eax
    shr     ecx, 2
    xor     eax, eax
    rep stosd
    pop     eax
    pop     edi
    clc
1:  ret

# Allocates memory that has anything in it: the caller fills it before others see it. Callable with interrupts off.
# In: EAX bytes.
# Out: EAX address, 16-byte aligned, ECX bytes there; CF and EAX error when there is none.
.global malloc_filled
malloc_filled:
    mov     edx, [esp]

# Takes a block.
# In: EAX bytes, EDX address of who asks.
# Out: as malloc_filled.
heap_take:
    push    ebx
    push    esi
    push    edi
    mov     edi, edx
    cmp     dword ptr [refuse_count], 0
    jne     .Lheap_take_counted
.Lheap_take_begin:
    cmp     eax, 0x7FFF0000
    ja      .Lheap_take_none
    lea     esi, [eax + BLOCK_HEADER + 15]
    and     esi, ~15
    cmp     esi, BLOCK_SMALLEST
    jae     .Lheap_take_sized
    mov     esi, BLOCK_SMALLEST
.Lheap_take_sized:
    INTERRUPTS_OFF
.Lheap_take_find:
    mov     eax, esi
    call    heap_find
    jnc     .Lheap_take_found
    mov     eax, esi
    call    heap_grow
    jnc     .Lheap_take_find
    INTERRUPTS_RESTORE
.Lheap_take_none:
    mov     eax, ERROR_NO_MEMORY
    stc
    jmp     .Lheap_take_done
.Lheap_take_found:
    mov     ebx, eax
    sub     eax, REGION_HEADER
    cmp     eax, [heap_spare]
    jne     .Lheap_take_unlink
    mov     dword ptr [heap_spare], 0
.Lheap_take_unlink:
    mov     eax, ebx
    call    heap_unlink
    mov     eax, ebx
    mov     edx, esi
    call    heap_split
    mov     eax, ebx
    xor     eax, HEAP_USED
    mov     [ebx + BLOCK_MAGIC], eax
    mov     [ebx + BLOCK_OWNER], edi
    mov     eax, [ebx + BLOCK_SIZE]
    add     [heap_used_bytes], eax
    inc     dword ptr [heap_used_blocks]
    INTERRUPTS_RESTORE
    lea     ecx, [eax - BLOCK_HEADER]
    lea     eax, [ebx + BLOCK_HEADER]
    clc
.Lheap_take_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lheap_take_counted:
    push    eax
    mov     eax, edi
    call    refuse_next
    pop     eax
    jnc     .Lheap_take_begin
    jmp     .Lheap_take_none

# Frees memory. Panics on a block that is not in use, or that is damaged. Callable with interrupts off.
# In: EAX address from malloc; 0 is allowed and does nothing.
.global mfree
mfree:
    test    eax, eax
    jz      .Lmfree_done
    push    ebx
    push    esi
    INTERRUPTS_OFF
    lea     ebx, [eax - BLOCK_HEADER]
    test    al, 15
    jnz     heap_bad_address
    mov     eax, [ebx + BLOCK_MAGIC]
    xor     eax, ebx
    cmp     eax, HEAP_USED
    jne     heap_bad_free
    mov     eax, ebx
    call    heap_check_neighbours
    mov     eax, [ebx + BLOCK_SIZE]
    CHECK   eax, be, [heap_used_bytes], "mfree: more bytes go back than are used"
    CHECK   "dword ptr [heap_used_blocks]", ne, 0, "mfree: more blocks go back than are used"
    sub     [heap_used_bytes], eax
    dec     dword ptr [heap_used_blocks]

    lea     esi, [ebx + eax]            # one with a free block after it
    mov     edx, [esi + BLOCK_MAGIC]
    xor     edx, esi
    cmp     edx, HEAP_FREE
    jne     .Lmfree_before
    mov     eax, esi
    call    heap_unlink
    mov     dword ptr [esi + BLOCK_MAGIC], 0
    mov     eax, [esi + BLOCK_SIZE]
    add     [ebx + BLOCK_SIZE], eax
.Lmfree_before:
    mov     eax, [ebx + BLOCK_PREVIOUS] # and with one before it
    test    eax, eax
    jz      .Lmfree_link
    mov     esi, ebx
    sub     esi, eax
    mov     edx, [esi + BLOCK_MAGIC]
    xor     edx, esi
    cmp     edx, HEAP_FREE
    jne     .Lmfree_link
    mov     eax, esi
    call    heap_unlink
    mov     dword ptr [ebx + BLOCK_MAGIC], 0
    mov     eax, [ebx + BLOCK_SIZE]
    add     [esi + BLOCK_SIZE], eax
    mov     ebx, esi
.Lmfree_link:
    mov     eax, [ebx + BLOCK_SIZE]     # is it all of its region?
    mov     edx, [eax + ebx + BLOCK_SIZE]
    or      edx, [ebx + BLOCK_PREVIOUS]
    jnz     .Lmfree_keep
    cmp     eax, REGION_PAGES * PAGE_SIZE - REGION_HEADER - BLOCK_HEADER
    jne     .Lmfree_region
    cmp     dword ptr [heap_spare], 0
    jne     .Lmfree_region
    lea     eax, [ebx - REGION_HEADER]
    mov     [heap_spare], eax
.Lmfree_keep:
    mov     eax, ebx
    call    heap_link
    INTERRUPTS_RESTORE
    pop     esi
    pop     ebx
.Lmfree_done:
    ret
.Lmfree_region:
    mov     eax, ebx
    xor     eax, HEAP_FREE              # whoever frees it again is told so
    mov     [ebx + BLOCK_MAGIC], eax
    lea     eax, [ebx - REGION_HEADER]
    call    heap_region_out
    INTERRUPTS_RESTORE
    call    heap_pages_free
    pop     esi
    pop     ebx
    ret

# Gives pages back, a few at a time: interrupts are off meanwhile.
# In: EAX address, EDX number.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
heap_pages_free:
    mov     ebx, eax
    mov     esi, edx
.Lheap_pages_free_pages:
    mov     eax, ebx                    # a few at a time: interrupts are off meanwhile
    mov     edx, esi
    cmp     edx, REGION_STEP
    jbe     .Lheap_pages_free_pages_some
    mov     edx, REGION_STEP
.Lheap_pages_free_pages_some:
    sub     esi, edx
    mov     ecx, edx
    shl     ecx, 12
    add     ebx, ecx
    call    page_free
    test    esi, esi
    jnz     .Lheap_pages_free_pages
    ret

# Takes a region out of the list. Interrupts are off.
# In: EAX region.
# Out: EAX as before, EDX its pages.
heap_region_out:
    LIST_UNLINK REGION_NEXT, REGION_BACK, 2f
    jmp     3f
2:  mov     [heap_regions], ecx
3:  mov     edx, [eax + REGION_BYTES]
    CHECK   edx, be, [heap_bytes], "heap_region_out: more bytes go than there were"
    CHECK   edx, z, PAGE_SIZE-1, "heap_region_out: a region of no whole pages"
    sub     [heap_bytes], edx
    shr     edx, 12
    ret

heap_bad_address:
    LOAD_STRING eax, "mfree: not an address that malloc returned"
    call    panic
heap_bad_free:
    cmp     eax, HEAP_FREE
    LOAD_STRING eax, "mfree: block is free already"
    je      1f
    LOAD_STRING eax, "mfree: block was freed before, or its header is overwritten"
1:  call    panic

# Verifies that the blocks around one agree with it. Panics when they do not.
# In: EAX block.
heap_check_neighbours:
    mov     ecx, [eax + BLOCK_SIZE]
    lea     edx, [eax + ecx]
    cmp     [edx + BLOCK_PREVIOUS], ecx
    jne     heap_overrun
    mov     ecx, [edx + BLOCK_MAGIC]
    xor     ecx, edx
    cmp     ecx, HEAP_USED
    je      1f
    cmp     ecx, HEAP_FREE
    jne     heap_overrun
1:  mov     ecx, [eax + BLOCK_PREVIOUS]
    test    ecx, ecx
    jz      2f
    mov     edx, eax
    sub     edx, ecx
    cmp     [edx + BLOCK_SIZE], ecx
    jne     heap_underrun
2:  ret
heap_overrun:
    LOAD_STRING eax, "heap: the header after a block is overwritten"
    call    panic
heap_underrun:
    LOAD_STRING eax, "heap: the header before a block is overwritten"
    call    panic

# The list for a size.
# In: EAX bytes.
# Out: EAX address of the list's head.
# Clobbers: EAX only.
heap_bin:
    CHECK   eax, ae, BLOCK_SMALLEST, "heap_bin: a block below the smallest"
    bsr     eax, eax
    lea     eax, [heap_bins + eax*4]
    ret

# Finds a free block.
# In: EAX bytes.
# Out: EAX block; CF when there is none.
heap_find:
    push    ebx
    mov     ebx, eax
    call    heap_bin
    mov     edx, eax
.Lheap_find_bin:
    mov     eax, [edx]
.Lheap_find_block:
    test    eax, eax
    jz      .Lheap_find_next_bin
    cmp     [eax + BLOCK_SIZE], ebx
    jae     .Lheap_find_found
    mov     eax, [eax + BLOCK_NEXT]
    jmp     .Lheap_find_block
.Lheap_find_next_bin:
    add     edx, 4
    cmp     edx, offset heap_bins + HEAP_BINS * 4
    jb      .Lheap_find_bin
    stc
    jmp     .Lheap_find_done
.Lheap_find_found:
    clc
.Lheap_find_done:
    pop     ebx
    ret

# Puts a block into the list of its size, marks it free and tells the one after it.
# In: EAX block.
heap_link:
    CHECK_MASKED "heap_link: interrupts are on"
    CHECK   "dword ptr [eax+BLOCK_SIZE]", z, 15, "heap_link: the size is no multiple of 16"
    mov     edx, eax
    xor     edx, HEAP_FREE
    mov     [eax + BLOCK_MAGIC], edx
    mov     edx, [eax + BLOCK_SIZE]
    mov     [eax + edx + BLOCK_PREVIOUS], edx
    mov     ecx, eax
    mov     eax, edx
    call    heap_bin
    mov     edx, [eax]
    mov     [ecx + BLOCK_NEXT], edx
    mov     dword ptr [ecx + BLOCK_BACK], 0
    mov     [eax], ecx
    test    edx, edx
    jz      1f
    mov     [edx + BLOCK_BACK], ecx
1:  ret

# Takes a free block out of its list.
# In: EAX block.
heap_unlink:
    mov     edx, eax
    xor     edx, [eax + BLOCK_MAGIC]
    cmp     edx, HEAP_FREE
    jne     heap_overrun
    LIST_UNLINK BLOCK_NEXT, BLOCK_BACK, 2f
    ret
2:  mov     eax, [eax + BLOCK_SIZE]
    call    heap_bin
    mov     [eax], ecx
    ret

# Cuts a block that is in no list to a size; the rest becomes a free block if it is worth it.
# In: EAX block, EDX bytes.
heap_split:
    mov     ecx, [eax + BLOCK_SIZE]
    CHECK   edx, be, ecx, "heap_split: the block is too small"
    sub     ecx, edx
    cmp     ecx, BLOCK_SMALLEST
    jb      1f
    mov     [eax + BLOCK_SIZE], edx
    add     eax, edx
    mov     [eax + BLOCK_SIZE], ecx
    mov     [eax + BLOCK_PREVIOUS], edx
    jmp     heap_link
1:  ret

# Adds a region.
# In: EAX bytes of the block that it must hold.
# Out: CF and EAX error without memory.
heap_grow:
    push    ebx
    push    esi
    add     eax, REGION_HEADER + BLOCK_HEADER + PAGE_SIZE - 1
    shr     eax, 12
    mov     ecx, eax
    cmp     eax, REGION_PAGES
    jae     1f
    mov     eax, REGION_PAGES
1:  mov     ebx, eax
    push    ecx
    mov     edx, PAGES_HEAP
    call    page_alloc_for
    pop     ecx
    jnc     2f
    mov     ebx, ecx                    # memory is nearly gone: no more than needed
    mov     eax, ecx
    mov     edx, PAGES_HEAP
    call    page_alloc_for
    jc      3f
2:  shl     ebx, 12
    mov     [eax + REGION_BYTES], ebx
    mov     edx, [heap_regions]
    mov     [eax + REGION_NEXT], edx
    mov     [heap_regions], eax
    test    edx, edx
    jz      4f
    mov     [edx + REGION_BACK], eax
4:  lea     esi, [eax + ebx - BLOCK_HEADER] # the header that ends it
    mov     edx, esi
    xor     edx, HEAP_USED
    mov     [esi + BLOCK_MAGIC], edx
    add     [heap_bytes], ebx
    sub     ebx, REGION_HEADER + BLOCK_HEADER
    add     eax, REGION_HEADER
    mov     [eax + BLOCK_SIZE], ebx
    call    heap_link
    clc
3:  pop     esi
    pop     ebx
    ret

# Calls a routine for each block, in use or free. Panics on a damaged header.
# In: EAX routine (EAX block, EDX 1 when in use, ECX context; may clobber EAX, ECX, EDX), EDX context. The routine runs
# with interrupts off.
.global heap_walk
heap_walk:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    INTERRUPTS_OFF
    mov     edi, [heap_regions]
1:  test    edi, edi
    jz      5f
    lea     ebx, [edi + REGION_HEADER]
2:  cmp     dword ptr [ebx + BLOCK_SIZE], 0
    je      4f
    mov     eax, ebx
    call    heap_check_neighbours
    mov     edx, [ebx + BLOCK_MAGIC]
    xor     edx, ebx
    cmp     edx, HEAP_USED
    mov     edx, 0
    sete    dl
    mov     ecx, ebp
    mov     eax, ebx
    call    esi
    add     ebx, [ebx + BLOCK_SIZE]
    jmp     2b
4:  mov     edi, [edi + REGION_NEXT]
    jmp     1b
5:  INTERRUPTS_RESTORE
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Verifies all headers. Panics on a damaged one.
# Out: EAX number of blocks.
.global heap_check
heap_check:
    push    0
    mov     eax, offset heap_count
    mov     edx, esp
    call    heap_walk
    pop     eax
    ret

# Routine for heap_walk: counts blocks.
# In: ECX address of the count.
# Clobbers: nothing.
heap_count:
    inc     dword ptr [ecx]
    ret

# How much memory the heap has and uses.
# Out: EAX bytes in regions, EDX bytes in blocks in use (with headers), ECX number of these blocks.
.global heap_stats
heap_stats:
    mov     eax, [heap_bytes]
    mov     edx, [heap_used_bytes]
    mov     ecx, [heap_used_blocks]
    ret

.bss
.balign 4
heap_bins:          .space HEAP_BINS * 4
heap_regions:       .space 4
heap_spare:         .space 4                # region of REGION_PAGES that is all free, 0 if there is none
heap_bytes:         .space 4
heap_used_bytes:    .space 4
heap_used_blocks:   .space 4
