# OOFS, what can be had otherwise when it is damaged: the map, which is computed from all else, one region at a time,
# and the object table, of which there are two. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"
.include "walk.inc"

STRING reason_walk, "a walk over the volume meets more blocks than it has; the last is"

.text

# Says once that the map is computed.
# In: EAX error that was met.
# Clobbers: none.
oofs_recover_told:
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_RECOUNT
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_MAPPED
    jnz     1f
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_MAPPED
    pushad
    call    oofs_complain
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: the map of free space is computed anew\n", eax
    popad
1:  ret

# Adds what the last commit leads to in a region. When that cannot be known, all of the region counts as used.
# In: ECX region, ESI page.
# Clobbers: EAX, ECX, EDX only.
.global oofs_recover_region
oofs_recover_region:
    push    ebp
    mov     eax, ERROR_CORRUPT
    call    oofs_recover_told
    push    ecx
    call    oofs_walk_create
    pop     ecx
    jc      .Loofs_recover_region_all
    mov     [ebp + WALK_FIRST], ecx
    lea     eax, [ecx + 1]
    mov     [ebp + WALK_END], eax
    mov     [ebp + WALK_BITS], esi
    mov     dword ptr [ebp + WALK_VISIT], offset oofs_recover_visit
    mov     dword ptr [ebp + WALK_BROKEN], offset oofs_recover_broken
    push    esi
    lea     esi, [ebx + OOFS_COMMITTED]
    call    oofs_fixed_bits
    call    oofs_walk_state
    pop     esi
    pushfd
    call    oofs_walk_destroy
    popfd
    jnc     .Loofs_recover_region_done
    mov     eax, ERROR_CORRUPT
    call    oofs_complain
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: what is used in a part of the volume is not known, so nothing there is\n", eax
.Loofs_recover_region_all:
    push    edi
    mov     edi, esi
    mov     eax, -1
    mov     ecx, OOFS_BLOCK_BYTES / 4
    rep stosd
    pop     edi
.Loofs_recover_region_done:
    pop     ebp
    ret

# Marks the blocks with fixed uses.
# In: EBP WALK record, ESI state.
.global oofs_fixed_bits
oofs_fixed_bits:
    push    edi
    mov     edi, 4
1:  mov     eax, edi
    cmp     edi, OOFS_FIRST_BLOCK
    jb      2f
    sub     eax, OOFS_FIRST_BLOCK + OOFS_LAST_BLOCKS
    add     eax, [esi + STATE_BLOCKS]
2:  call    oofs_walk_mark
    dec     edi
    jns     1b
    pop     edi
    ret

# Marks a block, when it is in the regions in question.
# In: EAX block, EBP WALK record.
# Out: CF when it was marked already.
# Clobbers: EAX, EDX only.
.global oofs_walk_mark
oofs_walk_mark:
    mov     edx, [ebp + WALK_FIRST]
    shl     edx, OOFS_REGION_SHIFT
    sub     eax, edx
    jb      1f
    mov     edx, [ebp + WALK_END]
    sub     edx, [ebp + WALK_FIRST]
    shl     edx, OOFS_REGION_SHIFT
    cmp     eax, edx
    jae     1f
    mov     edx, [ebp + WALK_BITS]
    bts     [edx], eax
    ret
1:  clc
    ret

# WALK_VISIT: marks a block.
# In: ESI block, EBP WALK record.
# Out: EAX 1; CF and EAX = ERROR_CORRUPT when a block was met twice.
oofs_recover_visit:
    mov     eax, [ebp + WALK_MET]
    cmp     eax, [ebx + OOFS_COMMITTED + STATE_BLOCKS]
    ja      1f
    mov     eax, esi
    call    oofs_walk_mark
    mov     eax, 1
    clc
    ret
1:  mov     eax, offset reason_walk
    mov     edx, esi
    jmp     oofs_damaged

# WALK_BROKEN: what there is twice, or can be computed, may be damaged.
# In: EAX error, EBP WALK record.
# Out: CF and EAX error when it is something else.
oofs_recover_broken:
    cmp     dword ptr [ebp + WALK_LENIENT], 1
    ret

# The map's block of a region that cannot be read.
# In: ECX region, EAX error.
# Out: EAX page, to be used at once; CF and EAX error.
# Clobbers: EAX, EDX only.
.global oofs_recover_read
oofs_recover_read:
    cmp     eax, ERROR_CORRUPT
    stc
    jne     1f
    push    ecx
    push    esi
    mov     eax, [ebx + OOFS_SCRATCH]
    push    ecx
    call    oofs_block_zero
    pop     ecx
    mov     esi, eax
    call    oofs_recover_region
    mov     eax, esi
    pop     esi
    pop     ecx
    clc
1:  ret

# Takes what can be had for a block that is to be changed and cannot be read.
# In: EAX error, EDI tree, EDX level, ECX index in the level.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
.global oofs_recover_source
oofs_recover_source:
    cmp     eax, ERROR_CORRUPT
    jne     .Loofs_recover_source_no
    push    ecx
    push    edx
    push    esi
    mov     eax, [edi + TREE_KEY]
    cmp     eax, TREE_ID_MAP
    je      .Loofs_recover_source_map
    cmp     dword ptr [edi + TREE_NODE_ID], TREE_ID_TABLE
    jne     .Loofs_recover_source_failed
    call    oofs_table_told
    test    edx, edx
    jnz     .Loofs_recover_source_table
    push    edi
    call    oofs_table_other
    call    oofs_tree_read
    pop     edi
    jc      .Loofs_recover_source_done
    mov     esi, eax
    mov     eax, [edi + TREE_KEY]
    xor     edx, edx
    call    cache_take
    jc      .Loofs_recover_source_done
    push    eax
    mov     eax, [eax + BLOCK_DATA]
    test    esi, esi
    jz      .Loofs_recover_source_zero
    mov     edx, esi
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_copy
    jmp     .Loofs_recover_source_copied
.Loofs_recover_source_zero:
    call    oofs_block_zero
.Loofs_recover_source_copied:
    pop     eax
    clc
    jmp     .Loofs_recover_source_done
.Loofs_recover_source_table:
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_HURT
    jmp     .Loofs_recover_source_node
.Loofs_recover_source_map:
    mov     eax, ERROR_CORRUPT
    call    oofs_recover_told
    test    edx, edx
    jz      .Loofs_recover_source_region
    call    oofs_lose
.Loofs_recover_source_node:
    mov     eax, [edi + TREE_KEY]
    call    cache_take
    jc      .Loofs_recover_source_done
    push    eax
    push    edx
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_block_zero
    pop     edx
    mov     dword ptr [eax + TREE_MAGIC], TREE_MAGIC_VALUE
    mov     word ptr [eax + TREE_VERSION], 1
    mov     [eax + TREE_LEVEL], dx
    mov     ecx, [edi + TREE_NODE_ID]
    mov     [eax + TREE_OBJECT], ecx
    pop     eax
    clc
    jmp     .Loofs_recover_source_done
.Loofs_recover_source_region:
    mov     eax, [edi + TREE_KEY]
    call    cache_take
    jc      .Loofs_recover_source_done
    call    oofs_recover_entry
    clc
    jmp     .Loofs_recover_source_done
.Loofs_recover_source_failed:
    mov     eax, ERROR_CORRUPT
    stc
.Loofs_recover_source_done:
    pop     esi
    pop     edx
    pop     ecx
    ret
.Loofs_recover_source_no:
    stc
    ret

# Fills a block of the map with what is computed.
# In: EAX entry, ECX region.
# Clobbers: ECX, EDX, ESI only.
oofs_recover_entry:
    push    eax
    push    ecx
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_block_zero
    mov     esi, eax
    pop     ecx
    btr     [ebx + OOFS_LOST], ecx
    call    oofs_recover_region
    pop     eax
    ret

# Notes that the regions below a node of the map are to be computed.
# In: EDX level, ECX index in the level, EDI map.
# Clobbers: EAX only.
oofs_lose:
    push    ecx
    push    edx
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_LOST
    mov     eax, [oofs_spans + edx*4]
    imul    ecx, eax
    add     eax, ecx                    # EAX: end
1:  cmp     ecx, [edi + TREE_BLOCKS]
    jae     2f
    cmp     ecx, eax
    jae     2f
    bts     [ebx + OOFS_LOST], ecx
    inc     ecx
    jmp     1b
2:  pop     edx
    pop     ecx
    ret

# Fills a block that was a hole when that is because the node above it is lost.
# In: EAX entry of zeros, EDI tree, ECX index.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
.global oofs_recover_hole
oofs_recover_hole:
    push    ecx
    push    edx
    push    esi
    mov     esi, eax
    cmp     dword ptr [edi + TREE_KEY], TREE_ID_MAP
    jne     .Loofs_recover_hole_table
    bt      [ebx + OOFS_LOST], ecx
    jnc     .Loofs_recover_hole_good
    push    esi
    call    oofs_recover_entry
    pop     esi
    jmp     .Loofs_recover_hole_good
.Loofs_recover_hole_table:
    cmp     dword ptr [edi + TREE_NODE_ID], TREE_ID_TABLE
    jne     .Loofs_recover_hole_good
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_HURT
    jz      .Loofs_recover_hole_good
    push    edi
    call    oofs_table_other
    call    oofs_tree_read
    pop     edi
    jc      .Loofs_recover_hole_done
    test    eax, eax
    jz      .Loofs_recover_hole_good
    mov     edx, eax
    mov     eax, [esi + BLOCK_DATA]
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_copy
.Loofs_recover_hole_good:
    mov     eax, esi
    clc
.Loofs_recover_hole_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# Before a commit: what is lost of the map gets its place in the one that is being changed.
# Out: CF and EAX error.
.global oofs_recover_settle
oofs_recover_settle:
    push    esi
    push    edi
    btr     dword ptr [ebx + OOFS_FLAGS], 7 # OOFS_IS_LOST
    jnc     9f
    lea     edi, [ebx + OOFS_MAP]
    xor     esi, esi
1:  bt      [ebx + OOFS_LOST], esi
    jnc     2f
    mov     ecx, esi
    call    oofs_tree_touch
    jc      9f
2:  inc     esi
    cmp     esi, [edi + TREE_BLOCKS]
    jb      1b
    clc
9:  pop     edi
    pop     esi
    ret

# The other object table.
# In: EDI one of them.
# Out: EDI the other.
# Clobbers: EDI only.
oofs_table_other:
    push    eax
    lea     eax, [ebx + OOFS_TABLE]
    cmp     edi, eax
    mov     edi, eax
    jne     1f
    lea     edi, [ebx + OOFS_TABLE2]
1:  pop     eax
    ret

# When a node of an object table had to be made anew, fills in from the other table what is missing.
# In: EDI table.
# Out: CF and EAX error.
.global oofs_table_settle
oofs_table_settle:
    btr     dword ptr [ebx + OOFS_FLAGS], 8 # OOFS_IS_HURT
    jnc     .Loofs_table_settle_good
    push    esi
    push    ebp
    xor     esi, esi
.Loofs_table_settle_block:
    mov     ecx, esi
    call    oofs_tree_pointer
    jc      .Loofs_table_settle_done
    test    eax, eax
    jnz     .Loofs_table_settle_next
    mov     ecx, esi
    push    edi
    call    oofs_table_other
    call    oofs_tree_read
    pop     edi
    jc      .Loofs_table_settle_done
    test    eax, eax
    jz      .Loofs_table_settle_next
    mov     edx, eax
    mov     eax, [ebx + OOFS_SCRATCH]
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_copy
    mov     ecx, esi
    call    oofs_tree_replace
    jc      .Loofs_table_settle_done
    mov     edx, [ebx + OOFS_SCRATCH]
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_copy
.Loofs_table_settle_next:
    inc     esi
    cmp     esi, [edi + TREE_BLOCKS]
    jb      .Loofs_table_settle_block   # CF is clear after it
.Loofs_table_settle_done:
    pop     ebp
    pop     esi
    ret
.Loofs_table_settle_good:
    clc
    ret
