# OOFS, ground floor: blocks in memory. Each is known by the tree that it is in, its level and its index there, so the
# block above it is known too. What has changed has a new place on the disk from the first change on; content may go
# there at any time to make room, nodes and tables stay in memory until the commit. In all routines EBX = OOFS record
# (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"

STRING reason_block_range, "a pointer leads to block"
STRING reason_block_sum, "the checksum is wrong of block"
STRING reason_hole, "a hole has a checksum; the pointer leads to block"

.text

# Takes memory for the cache: one page in sixteen that are free.
# Out: CF and EAX = ERROR_NO_MEMORY.
.global oofs_cache_create
oofs_cache_create:
    push    esi
    push    edi
    lea     eax, [ebx + OOFS_LRU]
    mov     [eax + CACHE_NEXT], eax
    mov     [eax + CACHE_PREVIOUS], eax
    mov     edi, [pages_free]
    shr     edi, 4
    cmp     edi, CACHE_ENTRIES_MAX
    jbe     1f
    mov     edi, CACHE_ENTRIES_MAX
1:  cmp     edi, CACHE_ENTRIES_MIN
    jae     2f
    mov     edi, CACHE_ENTRIES_MIN
2:  imul    eax, edi, CACHE_SIZE_OF
    call    malloc
    jc      9f
    mov     [ebx + OOFS_ENTRIES], eax
    mov     esi, eax
3:  mov     eax, 1
    call    page_alloc
    jc      9f
    mov     [esi + CACHE_DATA], eax
    call    oofs_cache_link
    inc     dword ptr [ebx + OOFS_ENTRY_COUNT]
    add     esi, CACHE_SIZE_OF
    dec     edi
    jnz     3b
9:  pop     edi
    pop     esi
    ret

# Puts an entry at the end of the list, where it is taken first.
# In: ESI entry.
# Clobbers: EAX, EDX only.
oofs_cache_link:
    lea     eax, [ebx + OOFS_LRU]
    mov     edx, [eax + CACHE_PREVIOUS]
    mov     [esi + CACHE_NEXT], eax
    mov     [esi + CACHE_PREVIOUS], edx
    mov     [edx + CACHE_NEXT], esi
    mov     [eax + CACHE_PREVIOUS], esi
    ret

# Gives the memory of the cache back.
.global oofs_cache_destroy
oofs_cache_destroy:
    push    esi
    mov     esi, [ebx + OOFS_ENTRIES]
1:  cmp     dword ptr [ebx + OOFS_ENTRY_COUNT], 0
    je      2f
    mov     eax, [esi + CACHE_DATA]
    mov     edx, 1
    call    page_free
    add     esi, CACHE_SIZE_OF
    dec     dword ptr [ebx + OOFS_ENTRY_COUNT]
    jmp     1b
2:  mov     eax, [ebx + OOFS_ENTRIES]
    test    eax, eax
    jz      3f
    call    mfree
3:  pop     esi
    ret

# The list in which a block is looked for.
# In: EAX id, EDX level, ECX index.
# Out: EAX address of its head.
# Clobbers: EAX only.
oofs_cache_bucket:
    push    edx
    shl     edx, 6
    lea     eax, [eax + eax*8]
    add     eax, edx
    add     eax, ecx
    and     eax, CACHE_BUCKETS - 1
    lea     eax, [ebx + OOFS_BUCKET + eax*4]
    pop     edx
    ret

# Looks for a block.
# In: EAX id, EDX level, ECX index.
# Out: EAX entry, 0 and ZF when it is not there.
# Clobbers: EAX only.
.global oofs_cache_find
oofs_cache_find:
    push    esi
    mov     esi, eax
    call    oofs_cache_bucket
    mov     eax, [eax]
1:  test    eax, eax
    jz      3f
    cmp     [eax + CACHE_ID], esi
    jne     2f
    cmp     [eax + CACHE_INDEX], ecx
    jne     2f
    cmp     [eax + CACHE_LEVEL], edx
    je      4f
2:  mov     eax, [eax + CACHE_HASH_NEXT]
    jmp     1b
4:  push    ecx
    push    edx
    mov     ecx, [eax + CACHE_NEXT]     # it becomes the youngest
    mov     edx, [eax + CACHE_PREVIOUS]
    mov     [edx + CACHE_NEXT], ecx
    mov     [ecx + CACHE_PREVIOUS], edx
    lea     edx, [ebx + OOFS_LRU]
    mov     ecx, [edx + CACHE_NEXT]
    mov     [eax + CACHE_NEXT], ecx
    mov     [eax + CACHE_PREVIOUS], edx
    mov     [ecx + CACHE_PREVIOUS], eax
    mov     [edx + CACHE_NEXT], eax
    pop     edx
    pop     ecx
    test    eax, eax
3:  pop     esi
    ret

# Makes room for a block, whatever its content. The content of the memory is not defined.
# In: EAX id, EDX level, ECX index; it is not there.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
oofs_cache_new:
    push    ecx
    push    edx
    push    esi
    push    eax
    mov     esi, [ebx + OOFS_LRU + CACHE_PREVIOUS]
.Loofs_cache_new_look:
    lea     eax, [ebx + OOFS_LRU]
    cmp     esi, eax
    je      .Loofs_cache_new_none
    test    dword ptr [esi + CACHE_FLAGS], CACHE_PINNED
    jz      .Loofs_cache_new_found
    mov     esi, [esi + CACHE_PREVIOUS]
    jmp     .Loofs_cache_new_look
.Loofs_cache_new_none:
    mov     eax, ERROR_NO_MEMORY
    stc
    jmp     .Loofs_cache_new_failed
.Loofs_cache_new_found:
    test    dword ptr [esi + CACHE_FLAGS], CACHE_DIRTY
    jz      .Loofs_cache_new_clean
    push    ecx
    push    edx
    mov     eax, esi
    call    oofs_cache_write
    pop     edx
    pop     ecx
    jc      .Loofs_cache_new_failed
.Loofs_cache_new_clean:
    mov     eax, esi
    call    oofs_cache_unhash
    pop     eax
    mov     [esi + CACHE_ID], eax
    mov     [esi + CACHE_LEVEL], edx
    mov     [esi + CACHE_INDEX], ecx
    mov     dword ptr [esi + CACHE_BLOCK], 0
    mov     dword ptr [esi + CACHE_FLAGS], CACHE_VALID
    push    eax
    call    oofs_cache_bucket
    mov     ecx, [eax]
    mov     [esi + CACHE_HASH_NEXT], ecx
    mov     [eax], esi
    pop     eax
    mov     ecx, [esi + CACHE_INDEX]
    call    oofs_cache_find             # to the front
    clc
    jmp     .Loofs_cache_new_done
.Loofs_cache_new_failed:
    lea     esp, [esp + 4]
.Loofs_cache_new_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# Takes an entry out of the list of its hash, if it is in one. It is not valid any more.
# In: EAX entry.
# Clobbers: EAX only.
oofs_cache_unhash:
    test    dword ptr [eax + CACHE_FLAGS], CACHE_VALID
    jz      3f
    push    ecx
    push    edx
    push    esi
    mov     esi, eax
    mov     eax, [esi + CACHE_ID]
    mov     edx, [esi + CACHE_LEVEL]
    mov     ecx, [esi + CACHE_INDEX]
    call    oofs_cache_bucket
1:  cmp     [eax], esi
    je      2f
    mov     eax, [eax]
    add     eax, CACHE_HASH_NEXT
    jmp     1b
2:  mov     ecx, [esi + CACHE_HASH_NEXT]
    mov     [eax], ecx
    mov     eax, esi
    call    oofs_cache_unpin
    mov     dword ptr [esi + CACHE_FLAGS], 0
    pop     esi
    pop     edx
    pop     ecx
3:  ret

# Lets an entry go if need be.
# In: EAX entry.
# Clobbers: none.
oofs_cache_unpin:
    test    dword ptr [eax + CACHE_FLAGS], CACHE_PINNED
    jz      1f
    and     dword ptr [eax + CACHE_FLAGS], ~CACHE_PINNED
    dec     dword ptr [ebx + OOFS_PINNED_COUNT]
1:  ret

# Notes that an entry has changed. It stays in memory when it is a node, of a table, or has no node above it.
# In: EAX entry.
# Clobbers: none.
.global oofs_cache_dirty
oofs_cache_dirty:
    or      dword ptr [eax + CACHE_FLAGS], CACHE_DIRTY

# Decides anew whether a changed entry stays in memory.
# In: EAX entry.
# Clobbers: none.
.global oofs_cache_pin
oofs_cache_pin:
    call    oofs_cache_unpin
    test    dword ptr [eax + CACHE_FLAGS], CACHE_DIRTY
    jz      2f
    test    dword ptr [eax + CACHE_FLAGS], CACHE_IS_ROOT
    jnz     1f
    cmp     dword ptr [eax + CACHE_LEVEL], 0
    jne     1f
    cmp     dword ptr [eax + CACHE_ID], TREE_ID_TABLE
    je      1f
    cmp     dword ptr [eax + CACHE_ID], TREE_ID_TABLE2
    jne     2f
1:  or      dword ptr [eax + CACHE_FLAGS], CACHE_PINNED
    inc     dword ptr [ebx + OOFS_PINNED_COUNT]
2:  ret

# Forgets a block, changed or not.
# In: EAX id, EDX level, ECX index.
# Clobbers: EAX only.
.global oofs_cache_drop
oofs_cache_drop:
    call    oofs_cache_find
    jz      1f
    call    oofs_cache_unhash
1:  ret

# Forgets all blocks of a tree.
# In: EAX id.
.global oofs_cache_forget
oofs_cache_forget:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, [ebx + OOFS_ENTRIES]
    mov     edx, [ebx + OOFS_ENTRY_COUNT]
1:  cmp     [esi + CACHE_ID], edi
    jne     2f
    mov     eax, esi
    call    oofs_cache_unhash
2:  add     esi, CACHE_SIZE_OF
    dec     edx
    jnz     1b
    pop     edi
    pop     esi
    ret

# Forgets all blocks.
.global oofs_cache_clear
oofs_cache_clear:
    push    esi
    mov     esi, [ebx + OOFS_ENTRIES]
    mov     edx, [ebx + OOFS_ENTRY_COUNT]
1:  mov     eax, esi
    call    oofs_cache_unhash
    add     esi, CACHE_SIZE_OF
    dec     edx
    jnz     1b
    pop     esi
    ret

# Writes a changed block to its place and puts its checksum into the pointer to it, which is in memory.
# In: EAX entry.
# Out: CF and EAX error.
.global oofs_cache_write
oofs_cache_write:
    push    esi
    push    edi
    mov     esi, eax
    mov     eax, [esi + CACHE_BLOCK]
    mov     edx, [esi + CACHE_DATA]
    call    oofs_block_write
    jc      9f
    mov     edi, eax                    # EDI: checksum
    mov     eax, esi
    call    oofs_pointer_set
    mov     eax, esi
    call    oofs_cache_unpin
    and     dword ptr [esi + CACHE_FLAGS], ~CACHE_DIRTY
    clc
9:  pop     edi
    pop     esi
    ret

# Puts the checksum of a block into the pointer to it: in the node above, or for the root of an object in its records.
# In: EAX entry, EDI checksum.
oofs_pointer_set:
    push    esi
    mov     esi, eax
    test    dword ptr [esi + CACHE_FLAGS], CACHE_IS_ROOT
    jnz     1f
    mov     eax, [esi + CACHE_INDEX]
    xor     edx, edx
    mov     ecx, TREE_FANOUT
    div     ecx
    push    edx
    mov     ecx, eax
    mov     edx, [esi + CACHE_LEVEL]
    inc     edx
    mov     eax, [esi + CACHE_ID]
    call    oofs_cache_find
    pop     edx
    ASSERT  ne, "oofs: a changed block has no node above it"
    mov     eax, [eax + CACHE_DATA]
    mov     [eax + TREE_POINTERS + edx*8 + POINTER_CHECKSUM], edi
    pop     esi
    ret
1:  mov     eax, [esi + CACHE_ID]
    lea     edx, [ebx + OOFS_TABLE]
    cmp     eax, TREE_ID_TABLE
    je      2f
    lea     edx, [ebx + OOFS_TABLE2]
    cmp     eax, TREE_ID_TABLE2
    je      2f
    lea     edx, [ebx + OOFS_MAP]
    cmp     eax, TREE_ID_MAP
    je      2f
    mov     edx, edi
    call    oofs_record_sum
    pop     esi
    ret
2:  mov     [edx + TREE_ROOT + POINTER_CHECKSUM], edi
    pop     esi
    ret

# Brings a block from the disk into the cache, and proves it.
# In: EAX id, EDX level, ECX index; ESI block, EDI checksum.
# Out: EAX entry; CF and EAX error. The place is noted.
# Clobbers: EAX only.
.global oofs_cache_load
oofs_cache_load:
    push    ecx
    push    edx
    push    ebp
    mov     [ebx + OOFS_PLACE], eax
    mov     [ebx + OOFS_PLACE + 4], edx
    mov     [ebx + OOFS_PLACE + 8], ecx
    call    oofs_cache_new
    jc      9f
    mov     ebp, eax
    mov     [ebp + CACHE_BLOCK], esi
    mov     eax, esi
    mov     edx, [ebp + CACHE_DATA]
    mov     ecx, edi
    call    oofs_block_read
    jc      8f
    mov     eax, ebp
    jmp     9f
8:  push    eax
    mov     eax, ebp
    call    oofs_cache_unhash
    pop     eax
    stc
9:  pop     ebp
    pop     edx
    pop     ecx
    ret

# Makes an entry for a block whose content the caller gives. The entry that is there is taken.
# In: EAX id, EDX level, ECX index.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
.global oofs_cache_take
oofs_cache_take:
    push    eax
    call    oofs_cache_find
    jnz     1f
    pop     eax
    jmp     oofs_cache_new
1:  add     esp, 4                      # CF is clear
    ret

# Notes what is damaged.
# In: EAX text, EDX block that ends it.
# Out: EAX = ERROR_CORRUPT, CF set.
.global oofs_damaged
oofs_damaged:
    mov     [ebx + OOFS_REASON], eax
    mov     [ebx + OOFS_WHERE], edx
    mov     eax, ERROR_CORRUPT
    stc
    ret

# Reads a block and proves it.
# In: EAX block, EDX buffer, ECX its checksum.
# Out: CF and EAX on failure.
.global oofs_block_read
oofs_block_read:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    call    oofs_block_check
    jc      9f
    mov     ecx, edi
    lea     edx, [esi*8]                # OOFS_BLOCK_SECTORS
    push    esi
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_read
    pop     esi
    jc      9f
    mov     eax, edi
    mov     edx, OOFS_BLOCK_BYTES
    call    crc32
    cmp     eax, ebp
    je      9f                          # CF is clear
    mov     eax, offset reason_block_sum
    mov     edx, esi
    call    oofs_damaged
9:  pop     ebp
    pop     edi
    pop     esi
    ret

# Checks that a block can hold something that is pointed to.
# In: EAX block.
# Out: CF and EAX when it cannot.
oofs_block_check:
    cmp     eax, OOFS_FIRST_BLOCK
    jb      1f
    mov     edx, [ebx + OOFS_STATE + STATE_BLOCKS]
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CONVERTED # version 1 has content in the last two
    jnz     3f
    sub     edx, OOFS_LAST_BLOCKS
3:  cmp     eax, edx
    cmc
    jnc     2f
1:  mov     edx, eax
    mov     eax, offset reason_block_range
    call    oofs_damaged
2:  ret

# Checks a pointer that may be a hole.
# In: ESI block, EDI checksum.
# Out: ZF when it is a hole; CF and EAX when a hole has a checksum.
# Clobbers: EAX, EDX only.
.global oofs_pointer_check
oofs_pointer_check:
    test    esi, esi
    jnz     1f
    test    edi, edi
    jz      1f
    mov     eax, offset reason_hole
    xor     edx, edx
    call    oofs_damaged
    ret
1:  test    esi, esi                    # CF is clear
    ret

# Writes a block.
# In: EAX block, EDX buffer.
# Out: EAX its checksum; CF and EAX on failure.
.global oofs_block_write
oofs_block_write:
    push    esi
    push    edi
    mov     edi, edx
    mov     ecx, edx
    lea     edx, [eax*8]                # OOFS_BLOCK_SECTORS
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_write
    jc      9f
    mov     eax, edi
    mov     edx, OOFS_BLOCK_BYTES
    call    crc32
    clc
9:  pop     edi
    pop     esi
    ret
