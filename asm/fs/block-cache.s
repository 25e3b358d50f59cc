# The write-back cache of all file systems, one for each mounted volume and of bounded size. A block is known by what it
# is of (three numbers that its file system chooses); what has changed goes to its place on the volume when the room is
# needed for another block, and when its file system writes it. Nothing else is written, and what is pinned stays: so a
# file system decides what may be on the disk before its barrier, which is all its writes followed by volume_flush. In
# all routines EBX = cache (block-cache.inc); it is kept. Whoever uses a cache sees to it that one task does at a time.

.include "macros.inc"
.include "errors.inc"
.include "block-cache.inc"
.include "pages.inc"

.text

# Takes memory for a cache.
# In: EAX blocks, EDX the routine that writes a changed block. That gets EAX entry and EBX cache, calls cache_clean when
#   the block is written, and gives CF and EAX when it cannot be; it may sleep, and clobbers EAX, ECX, EDX.
# Out: CF and EAX = ERROR_NO_MEMORY; cache_destroy gives back what there is then.
.global cache_create
cache_create:
    push    esi
    push    edi
    mov     edi, eax
    mov     [ebx + CACHE_WRITER], edx
    lea     eax, [ebx + CACHE_LRU]
    mov     [eax + BLOCK_NEXT], eax
    mov     [eax + BLOCK_PREVIOUS], eax
    imul    eax, edi, BLOCK_SIZE_OF
    call    malloc
    jc      9f
    mov     [ebx + CACHE_ENTRIES], eax
    mov     esi, eax
1:  mov     eax, 1
    mov     edx, PAGES_FILES
    call    page_alloc_for
    jc      9f
    mov     [esi + BLOCK_DATA], eax
    call    cache_link
    inc     dword ptr [ebx + CACHE_COUNT]
    add     esi, BLOCK_SIZE_OF
    dec     edi
    jnz     1b
9:  pop     edi
    pop     esi
    ret

# Puts an entry at the beginning of the list, so that entries are taken in the order in which their pages lie.
# In: ESI entry.
# Clobbers: EAX, EDX only.
cache_link:
    lea     eax, [ebx + CACHE_LRU]
    mov     edx, [eax + BLOCK_NEXT]
    mov     [esi + BLOCK_NEXT], edx
    mov     [esi + BLOCK_PREVIOUS], eax
    mov     [edx + BLOCK_PREVIOUS], esi
    mov     [eax + BLOCK_NEXT], esi
    ret

# Gives the memory of the cache back.
.global cache_destroy
cache_destroy:
    push    esi
    mov     esi, [ebx + CACHE_ENTRIES]
1:  cmp     dword ptr [ebx + CACHE_COUNT], 0
    je      2f
    mov     eax, [esi + BLOCK_DATA]
    mov     edx, 1
    call    page_free
    add     esi, BLOCK_SIZE_OF
    dec     dword ptr [ebx + CACHE_COUNT]
    jmp     1b
2:  mov     eax, [ebx + CACHE_ENTRIES]
    test    eax, eax
    jz      3f
    call    mfree
3:  pop     esi
    ret

# The list in which a block is looked for.
# In: EAX id, EDX level, ECX index.
# Out: EAX address of its head.
# Clobbers: EAX only.
cache_bucket:
    push    edx
    shl     edx, 6
    lea     eax, [eax + eax*8]
    add     eax, edx
    add     eax, ecx
    and     eax, CACHE_BUCKETS - 1
    lea     eax, [ebx + CACHE_BUCKET + eax*4]
    pop     edx
    ret

# Looks for a block.
# In: EAX id, EDX level, ECX index.
# Out: EAX entry, 0 and ZF when it is not there.
# Clobbers: EAX only.
.global cache_find
cache_find:
    push    esi
    mov     esi, eax
    call    cache_bucket
    mov     eax, [eax]
.Lcache_find_entry:
    test    eax, eax
    jz      .Lcache_find_done
    cmp     [eax + BLOCK_ID], esi
    jne     .Lcache_find_next
    cmp     [eax + BLOCK_INDEX], ecx
    jne     .Lcache_find_next
    cmp     [eax + BLOCK_LEVEL], edx
    je      .Lcache_find_found
.Lcache_find_next:
    mov     eax, [eax + BLOCK_HASH_NEXT]
    jmp     .Lcache_find_entry
.Lcache_find_found:
    push    ecx
    push    edx
    mov     ecx, [eax + BLOCK_NEXT]     # it becomes the youngest
    mov     edx, [eax + BLOCK_PREVIOUS]
    CHECK   [edx+BLOCK_NEXT], e, eax, "cache_find: the younger block does not lead to it"
    CHECK   [ecx+BLOCK_PREVIOUS], e, eax, "cache_find: the older block does not lead to it"
    mov     [edx + BLOCK_NEXT], ecx
    mov     [ecx + BLOCK_PREVIOUS], edx
    lea     edx, [ebx + CACHE_LRU]
    mov     ecx, [edx + BLOCK_NEXT]
    mov     [eax + BLOCK_NEXT], ecx
    mov     [eax + BLOCK_PREVIOUS], edx
    mov     [ecx + BLOCK_PREVIOUS], eax
    mov     [edx + BLOCK_NEXT], eax
    mov     ecx, [ebx + CACHE_FILLS]
    mov     [eax + BLOCK_USED], ecx
    pop     edx
    pop     ecx
    test    eax, eax
.Lcache_find_done:
    pop     esi
    ret

# Makes an entry for a block whose content the caller gives. The entry that is there is taken.
# In: EAX id, EDX level, ECX index.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
.global cache_take
cache_take:
    push    eax
    call    cache_find
    jnz     1f
    pop     eax
    jmp     cache_new
1:  add     esp, 4                      # CF is clear
    ret

# Makes room for a block, whatever its content. The content of the memory is not defined.
# In: EAX id, EDX level, ECX index; it is not there.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
.global cache_new
cache_new:
.ifdef CHECKS
    push    eax
    call    cache_find
    pop     eax
    CHECK   e, "cache_new: the block is there already"
.endif
    push    ecx
    push    edx
    push    esi
    push    eax
    mov     esi, [ebx + CACHE_LRU + BLOCK_PREVIOUS]
.Lcache_new_look:
    lea     eax, [ebx + CACHE_LRU]
    cmp     esi, eax
    je      .Lcache_new_none
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_PINNED
    jz      .Lcache_new_found
    mov     esi, [esi + BLOCK_PREVIOUS]
    jmp     .Lcache_new_look
.Lcache_new_none:
    mov     eax, ERROR_NO_MEMORY
    stc
    jmp     .Lcache_new_failed
.Lcache_new_found:
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_DIRTY
    jz      .Lcache_new_clean
    push    ecx
    push    edx
    mov     eax, esi
    call    [ebx + CACHE_WRITER]
    pop     edx
    pop     ecx
    jc      .Lcache_new_failed
.Lcache_new_clean:
    pop     eax
    call    cache_assign
    mov     eax, esi
    clc
    jmp     .Lcache_new_done
.Lcache_new_failed:
    lea     esp, [esp + 4]
.Lcache_new_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# Makes an entry that of another block, and the youngest.
# In: ESI entry; EAX id, EDX level, ECX index.
# Clobbers: EAX only.
cache_assign:
    CHECK   "dword ptr [esi+BLOCK_FLAGS]", z, BLOCK_DIRTY|BLOCK_PINNED, "cache_assign: what changed is not written"
    push    eax
    mov     eax, esi
    call    cache_unhash
    pop     eax
    inc     dword ptr [ebx + CACHE_FILLS]
    mov     [esi + BLOCK_ID], eax
    mov     [esi + BLOCK_LEVEL], edx
    mov     [esi + BLOCK_INDEX], ecx
    mov     dword ptr [esi + BLOCK_PLACE], 0
    mov     dword ptr [esi + BLOCK_SECTORS], 0
    mov     dword ptr [esi + BLOCK_FLAGS], BLOCK_VALID
    push    ecx
    push    eax
    call    cache_bucket
    mov     ecx, [eax]
    mov     [esi + BLOCK_HASH_NEXT], ecx
    mov     [eax], esi
    pop     eax
    pop     ecx
    jmp     cache_find

# Makes room for the block after another in the entry and the page after its own, so that one transfer fills both. Only
# if what is there need not be written, and was not used while half of the cache was filled anew.
# In: EAX entry; the block after it is not there.
# Out: EAX entry; CF when there is no such room.
# Clobbers: EAX only.
.global cache_beside
cache_beside:
    push    ecx
    push    edx
    push    esi
    lea     esi, [eax + BLOCK_SIZE_OF]
    imul    ecx, [ebx + CACHE_COUNT], BLOCK_SIZE_OF
    add     ecx, [ebx + CACHE_ENTRIES]
    cmp     esi, ecx
    jae     .Lcache_beside_none
    mov     edx, [esi + BLOCK_DATA]
    sub     edx, [eax + BLOCK_DATA]
    cmp     edx, CACHE_BLOCK_SECTORS * 512
    jne     .Lcache_beside_none
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_PINNED | BLOCK_DIRTY
    jnz     .Lcache_beside_none
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_VALID
    jz      .Lcache_beside_take
    mov     ecx, [ebx + CACHE_FILLS]
    sub     ecx, [esi + BLOCK_USED]
    add     ecx, ecx
    cmp     ecx, [ebx + CACHE_COUNT]
    jb      .Lcache_beside_done         # CF is set
.Lcache_beside_take:
    mov     edx, [eax + BLOCK_LEVEL]
    mov     ecx, [eax + BLOCK_INDEX]
    inc     ecx
    mov     eax, [eax + BLOCK_ID]
    call    cache_assign
    mov     eax, esi
    clc
    jmp     .Lcache_beside_done
.Lcache_beside_none:
    stc
.Lcache_beside_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# Takes an entry out of the list of its hash, if it is in one. It is not valid any more.
# In: EAX entry.
# Clobbers: EAX only.
.global cache_unhash
cache_unhash:
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_VALID
    jz      3f
    push    ecx
    push    edx
    push    esi
    mov     esi, eax
    mov     eax, [esi + BLOCK_ID]
    mov     edx, [esi + BLOCK_LEVEL]
    mov     ecx, [esi + BLOCK_INDEX]
    call    cache_bucket
1:  cmp     [eax], esi
    je      2f
    mov     eax, [eax]
    CHECK   eax, ne, 0, "cache_unhash: the block is in no list of its hash"
    add     eax, BLOCK_HASH_NEXT
    jmp     1b
2:  mov     ecx, [esi + BLOCK_HASH_NEXT]
    mov     [eax], ecx
    mov     eax, esi
    call    cache_unpin
    mov     dword ptr [esi + BLOCK_FLAGS], 0
    pop     esi
    pop     edx
    pop     ecx
3:  ret

# Has an entry stay in memory.
# In: EAX entry, not pinned.
# Clobbers: none.
.global cache_pin
cache_pin:
    CHECK   "dword ptr [eax+BLOCK_FLAGS]", z, BLOCK_PINNED, "cache_pin: the block is pinned"
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_PINNED
    inc     dword ptr [ebx + CACHE_PINNED_COUNT]
    ret

# Notes that an entry is on the disk as it is in memory.
# In: EAX entry.
# Clobbers: none.
.global cache_clean
cache_clean:
    and     dword ptr [eax + BLOCK_FLAGS], ~BLOCK_DIRTY
    mov     dword ptr [eax + BLOCK_SECTORS], 0

# Lets an entry go if need be.
# In: EAX entry.
# Clobbers: none.
.global cache_unpin
cache_unpin:
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_PINNED
    jz      1f
    and     dword ptr [eax + BLOCK_FLAGS], ~BLOCK_PINNED
    CHECK   "dword ptr [ebx+CACHE_PINNED_COUNT]", ne, 0, "cache_unpin: more blocks go than were pinned"
    dec     dword ptr [ebx + CACHE_PINNED_COUNT]
1:  ret

# Forgets a block, changed or not.
# In: EAX id, EDX level, ECX index.
# Clobbers: EAX only.
.global cache_drop
cache_drop:
    call    cache_find
    jz      1f
    call    cache_unhash
1:  ret

# Forgets all blocks that have an id.
# In: EAX id.
.global cache_forget
cache_forget:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     edx, [ebx + CACHE_COUNT]
1:  cmp     [esi + BLOCK_ID], edi
    jne     2f
    mov     eax, esi
    call    cache_unhash
2:  add     esi, BLOCK_SIZE_OF
    dec     edx
    jnz     1b
    pop     edi
    pop     esi
    ret

# Forgets all blocks.
.global cache_clear
cache_clear:
    push    esi
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     edx, [ebx + CACHE_COUNT]
1:  mov     eax, esi
    call    cache_unhash
    add     esi, BLOCK_SIZE_OF
    dec     edx
    jnz     1b
    pop     esi
    ret
