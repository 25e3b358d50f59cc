# OOFS, ground floor: what it has in its cache (block-cache.s). Each block is known by the tree that it is in, its level
# and its index there, so the block above it is known too. What has changed has a new place on the disk from the first
# change on; content may go there at any time to make room, nodes and tables stay in memory until the commit. In all
# routines EBX = OOFS record (oofs.inc); it is kept.

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
    mov     eax, [pages_free]
    shr     eax, 4
    cmp     eax, OOFS_CACHE_MAX
    jbe     1f
    mov     eax, OOFS_CACHE_MAX
1:  cmp     eax, OOFS_CACHE_MIN
    jae     2f
    mov     eax, OOFS_CACHE_MIN
2:  mov     edx, offset oofs_cache_write
    jmp     cache_create

# Notes that an entry has changed. It stays in memory when it is a node, of a table, or has no node above it.
# In: EAX entry.
# Clobbers: none.
.global oofs_cache_dirty
oofs_cache_dirty:
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_DIRTY

# Decides anew whether a changed entry stays in memory.
# In: EAX entry.
# Clobbers: none.
.global oofs_cache_pin
oofs_cache_pin:
    call    cache_unpin
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_DIRTY
    jz      2f
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_IS_ROOT
    jnz     1f
    cmp     dword ptr [eax + BLOCK_LEVEL], 0
    jne     1f
    cmp     dword ptr [eax + BLOCK_ID], TREE_ID_TABLE
    je      1f
    cmp     dword ptr [eax + BLOCK_ID], TREE_ID_TABLE2
    jne     2f
1:  jmp     cache_pin
2:  ret

# Writes a changed block to its place and puts its checksum into the pointer to it, which is in memory.
# In: EAX entry.
# Out: CF and EAX error.
.global oofs_cache_write
oofs_cache_write:
    push    esi
    push    edi
    CHECK   "dword ptr [eax+BLOCK_FLAGS]", nz, BLOCK_DIRTY, "oofs_cache_write: the block has not changed"
    mov     esi, eax
    mov     eax, [esi + BLOCK_PLACE]
    CHECK   eax, ae, OOFS_FIRST_BLOCK, "oofs_cache_write: a block with a fixed use"
    mov     edx, [esi + BLOCK_DATA]
    call    oofs_block_write
    jc      9f
    mov     edi, eax                    # EDI: checksum
    mov     eax, esi
    call    oofs_pointer_set
    mov     eax, esi
    call    cache_clean
    clc
9:  pop     edi
    pop     esi
    ret

# Puts the checksum of a block into the pointer to it: in the node above, or for the root of an object in its records.
# In: EAX entry, EDI checksum.
oofs_pointer_set:
    push    esi
    mov     esi, eax
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_IS_ROOT
    jnz     1f
    mov     eax, [esi + BLOCK_INDEX]
    xor     edx, edx
    mov     ecx, TREE_FANOUT
    div     ecx
    push    edx
    mov     ecx, eax
    mov     edx, [esi + BLOCK_LEVEL]
    inc     edx
    mov     eax, [esi + BLOCK_ID]
    call    cache_find
    pop     edx
    ASSERT  ne, "oofs: a changed block has no node above it"
    mov     eax, [eax + BLOCK_DATA]
    mov     [eax + TREE_POINTERS + edx*8 + POINTER_CHECKSUM], edi
    pop     esi
    ret
1:  mov     eax, [esi + BLOCK_ID]
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
    call    cache_new
    jc      9f
    mov     ebp, eax
    mov     eax, esi
    mov     edx, [ebp + BLOCK_DATA]
    mov     ecx, edi
    call    oofs_block_read
    jc      8f
    mov     eax, ebp
    jmp     9f
8:  push    eax
    mov     eax, ebp
    call    cache_unhash
    pop     eax
    stc
9:  pop     ebp
    pop     edx
    pop     ecx
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
# Clobbers: EAX, EDX only.
.global oofs_block_check
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
