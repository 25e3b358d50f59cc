# OOFS, free space: the map of the state that is being changed, and what the last commit and the snapshots hold. A block
# is taken from one region at a time, the window. Changes of the map wait in a queue until the one at work is done,
# since they may move blocks of the map. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"

.text

# The number of regions of a volume.
# In: EAX blocks.
# Out: EAX.
# Clobbers: EAX only.
.global oofs_regions_of
oofs_regions_of:
    add     eax, OOFS_REGION_BLOCKS - 1
    shr     eax, OOFS_REGION_SHIFT
    ret

# Adds the bits of one block of the map to another.
# In: EAX data to add, or 0; ESI data.
# Clobbers: EAX, ECX, EDX only.
.global oofs_bits_add
oofs_bits_add:
    test    eax, eax
    jz      2f
    mov     ecx, OOFS_BLOCK_BYTES / 4
1:  mov     edx, [eax + ecx*4 - 4]
    or      [esi + ecx*4 - 4], edx
    dec     ecx
    jnz     1b
2:  ret

# The map's block of a region.
# In: ECX region.
# Out: EAX data, not to be changed, 0 when all of it is free; CF and EAX error.
# Clobbers: EAX, EDX only.
.global oofs_map_read
oofs_map_read:
    push    edi
    lea     edi, [ebx + OOFS_MAP]
    bt      [ebx + OOFS_LOST], ecx
    mov     eax, ERROR_CORRUPT
    jc      1f
    call    oofs_tree_read
    jnc     2f
1:  call    oofs_recover_read
2:  pop     edi
    ret

# What the last commit and the snapshots hold of a region.
# In: EAX region.
# Out: EAX data, not to be changed; CF and EAX error.
# Clobbers: EAX only.
.global oofs_held
oofs_held:
    push    ecx
    push    edx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax                    # EBP: region
    mov     ecx, eax
    mov     eax, TREE_ID_HELD
    xor     edx, edx
    call    cache_find
    jnz     .Loofs_held_data
    mov     eax, TREE_ID_HELD
    call    cache_take
    jc      .Loofs_held_done
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_block_zero
    mov     esi, eax                    # ESI: data
    call    oofs_held_commit
    xor     edi, edi
.Loofs_held_snapshot:
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    movzx   eax, word ptr [eax + LIST_COUNT]
    cmp     edi, eax
    jae     .Loofs_held_good
    call    oofs_held_snapshot
    inc     edi
    jmp     .Loofs_held_snapshot
.Loofs_held_good:
    mov     ecx, ebp
    mov     eax, TREE_ID_HELD
    xor     edx, edx
    call    cache_find
.Loofs_held_data:
    mov     eax, [eax + BLOCK_DATA]
    clc
.Loofs_held_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    ret

# Adds what the last commit holds of a region. What cannot be read is computed.
# In: EBP region, ESI data.
# Clobbers: EAX, ECX, EDX only.
oofs_held_commit:
    push    edi
    mov     eax, [ebx + OOFS_OLD_BITS]
    test    eax, eax
    jnz     .Loofs_held_commit_version1
    mov     ecx, ebp
    lea     edi, [ebx + OOFS_OLD_MAP]
    cmp     ecx, [edi + TREE_BLOCKS]
    jae     .Loofs_held_commit_done
    call    oofs_tree_pointer
    jc      .Loofs_held_commit_damaged
    push    eax
    push    edx
    lea     edi, [ebx + OOFS_MAP]       # the same block is in memory by the name of the map that is being changed,
    call    oofs_tree_pointer           # as long as it was not
    pop     ecx
    pop     edi
    jc      .Loofs_held_commit_old
    cmp     eax, edi
    jne     .Loofs_held_commit_old
    cmp     edx, ecx
    jne     .Loofs_held_commit_old
    lea     edi, [ebx + OOFS_MAP]
    jmp     .Loofs_held_commit_read
.Loofs_held_commit_old:
    lea     edi, [ebx + OOFS_OLD_MAP]
.Loofs_held_commit_read:
    mov     ecx, ebp
    call    oofs_tree_read
    jc      .Loofs_held_commit_damaged
    call    oofs_bits_add
    jmp     .Loofs_held_commit_done
.Loofs_held_commit_version1:
    mov     ecx, ebp
    shl     ecx, OOFS_BLOCK_SHIFT
    add     eax, ecx
    call    oofs_bits_add
    jmp     .Loofs_held_commit_done
.Loofs_held_commit_damaged:
    mov     ecx, ebp
    call    oofs_recover_region
.Loofs_held_commit_done:
    pop     edi
    ret

# Adds what a snapshot holds of a region. When that cannot be read, all of the region counts as held.
# In: EDI number of the snapshot, EBP region, ESI data.
# Clobbers: EAX, ECX, EDX only.
.global oofs_held_snapshot
oofs_held_snapshot:
    push    edi
    mov     eax, edi
    call    oofs_snapshot_map
    lea     edi, [ebx + OOFS_OTHER_MAP]
    mov     ecx, ebp
    cmp     ecx, [edi + TREE_BLOCKS]
    jae     2f
    call    oofs_tree_read
    jc      1f
    call    oofs_bits_add
    jmp     2f
1:  mov     edi, esi
    mov     eax, -1
    mov     ecx, OOFS_BLOCK_BYTES / 4
    rep stosd
2:  pop     edi
    ret

# Makes OOFS_OTHER_MAP the map of a snapshot.
# In: EAX number of the snapshot.
# Clobbers: EAX, ECX, EDX only.
.global oofs_snapshot_map
oofs_snapshot_map:
    CHECK   eax, b, SNAPSHOTS_MAX, "oofs_snapshot_map: there is no such snapshot"
    lea     ecx, [eax + TREE_ID_SNAPSHOT_MAP]
    shl     eax, 8
    add     eax, [ebx + OOFS_SNAPSHOTS]
    lea     edx, [eax + LIST_ENTRIES + SNAPSHOT_STATE]
    lea     eax, [ebx + OOFS_OTHER_MAP]

# Makes a tree the map of a state.
# In: EAX tree, EDX state, ECX key of the tree.
# Clobbers: EAX, ECX, EDX only.
.global oofs_map_tree
oofs_map_tree:
    push    edi
    mov     edi, eax
    mov     [edi + TREE_KEY], ecx
    mov     dword ptr [edi + TREE_NODE_ID], TREE_ID_MAP
    mov     eax, [edx + STATE_MAP + POINTER_BLOCK]
    mov     ecx, [edx + STATE_MAP + POINTER_CHECKSUM]
    mov     [edi + TREE_ROOT + POINTER_BLOCK], eax
    mov     [edi + TREE_ROOT + POINTER_CHECKSUM], ecx
    mov     eax, [edx + STATE_BLOCKS]
    call    oofs_regions_of
    mov     [edi + TREE_BLOCKS], eax
    call    oofs_tree_depth
    mov     [edi + TREE_DEPTH], eax
    pop     edi
    ret

# Whether a block was allocated since the last commit, so that it may be written again.
# In: EAX block.
# Out: CF when so.
# Clobbers: EAX only.
.global oofs_fresh
oofs_fresh:
    push    ecx
    mov     ecx, eax
    shr     eax, OOFS_REGION_SHIFT
    call    oofs_held
    jc      1f
    and     ecx, OOFS_REGION_BLOCKS - 1
    bt      [eax], ecx
1:  cmc                                 # what cannot be known is not
    pop     ecx
    ret

# Allocates a block.
# Out: EAX block; CF and EAX error.
# Clobbers: EAX only.
.global oofs_allocate
oofs_allocate:
    push    ecx
    push    edx
    call    oofs_pick
    jc      1f
    CHECK   eax, ae, OOFS_FIRST_BLOCK, "oofs_allocate: a block with a fixed use"
    CHECK   eax, b, [ebx+OOFS_STATE+STATE_BLOCKS], "oofs_allocate: a block beyond the volume"
    inc     dword ptr [ebx + OOFS_STATE + STATE_USED]
    dec     dword ptr [ebx + OOFS_STATE + STATE_FREE]
    push    eax
    or      eax, 1 << 31
    call    oofs_map_change
    pop     edx
    jc      1f
    mov     eax, edx
1:  pop     edx
    pop     ecx
    ret

# Frees a block; one with a fixed use stays as it is.
# In: EAX block, EDX 1 when it was allocated since the last commit.
# Out: CF and EAX error.
# Clobbers: EAX, ECX, EDX only.
.global oofs_release
oofs_release:
    CHECK   edx, be, 1, "oofs_release: it was allocated or was not"
    cmp     eax, OOFS_FIRST_BLOCK
    jb      1f
    mov     ecx, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     ecx, OOFS_LAST_BLOCKS
    cmp     eax, ecx
    jae     1f
    add     [ebx + OOFS_STATE + STATE_FREE], edx
    dec     dword ptr [ebx + OOFS_STATE + STATE_USED]
    jmp     oofs_map_change
1:  clc
    ret

# Gives back a block that was just allocated.
# In: EAX block.
# Out: CF and EAX error.
# Clobbers: EAX only.
.global oofs_cancel
oofs_cancel:
    push    ecx
    push    edx
    mov     edx, 1
    call    oofs_release
    pop     edx
    pop     ecx
    ret

# Sets the bit of a block that has a fixed use, or clears it.
# In: EAX block, EDX 1 or 0.
# Out: CF and EAX error.
.global oofs_mark
oofs_mark:
    CHECK   edx, be, 1, "oofs_mark: a bit is 0 or 1"
    lea     ecx, [edx*2 - 1]
    add     [ebx + OOFS_STATE + STATE_USED], ecx
    shl     edx, 31
    or      eax, edx

# Changes a bit of the map, after those that wait already.
# In: EAX block, bit 31 when it becomes used.
# Out: CF and EAX error.
oofs_map_change:
    push    esi
    push    edi
    mov     ecx, [ebx + OOFS_WAITING]
    cmp     ecx, OOFS_QUEUE_ENTRIES
    ASSERT  b, "oofs: too many changes of the map wait"
    add     ecx, [ebx + OOFS_WAITING_AT]
    and     ecx, OOFS_QUEUE_ENTRIES - 1
    mov     [ebx + OOFS_QUEUE + ecx*4], eax
    inc     dword ptr [ebx + OOFS_WAITING]
    cmp     dword ptr [ebx + OOFS_DRAINING], 0
    jne     .Loofs_map_change_done      # CF is clear
    inc     dword ptr [ebx + OOFS_DRAINING]
    lea     edi, [ebx + OOFS_MAP]
.Loofs_map_change_next:
    mov     ecx, [ebx + OOFS_WAITING_AT]
    mov     esi, [ebx + OOFS_QUEUE + ecx*4]
    mov     ecx, esi
    and     ecx, 0x7FFFFFFF
    shr     ecx, OOFS_REGION_SHIFT
    bts     [ebx + OOFS_REGIONS], ecx
    call    oofs_tree_touch
    jc      .Loofs_map_change_end
    mov     ecx, esi
    and     ecx, OOFS_REGION_BLOCKS - 1
    test    esi, esi
    js      .Loofs_map_change_set
    btr     [eax], ecx
    jmp     .Loofs_map_change_changed
.Loofs_map_change_set:
    bts     [eax], ecx
.Loofs_map_change_changed:
    mov     ecx, [ebx + OOFS_WAITING_AT]
    inc     ecx
    and     ecx, OOFS_QUEUE_ENTRIES - 1
    mov     [ebx + OOFS_WAITING_AT], ecx
    dec     dword ptr [ebx + OOFS_WAITING]
    jnz     .Loofs_map_change_next
    clc
.Loofs_map_change_end:
    mov     dword ptr [ebx + OOFS_DRAINING], 0
.Loofs_map_change_done:
    pop     edi
    pop     esi
    ret

# Looks for a free block.
# Out: EAX block; CF and EAX error.
# Clobbers: EAX, ECX, EDX only.
oofs_pick:
    push    esi
    push    edi
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_regions_of
    mov     esi, eax                    # ESI: regions, EDI: tries left
    lea     edi, [eax + 1]
.Loofs_pick_window:
    cmp     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    jne     .Loofs_pick_search
    mov     eax, [ebx + OOFS_NEXT_REGION]
    call    oofs_window_open
    jc      .Loofs_pick_done
.Loofs_pick_search:
    mov     ecx, [ebx + OOFS_WINDOW_AT]
    mov     edx, [ebx + OOFS_WINDOW]
.Loofs_pick_dword:
    cmp     ecx, OOFS_BLOCK_BYTES / 4
    jae     .Loofs_pick_next
    mov     eax, [edx + ecx*4]
    not     eax
    bsf     eax, eax
    jnz     .Loofs_pick_found
    inc     ecx
    jmp     .Loofs_pick_dword
.Loofs_pick_next:
    mov     eax, [ebx + OOFS_WINDOW_REGION]
    inc     eax
    cmp     eax, esi
    jb      .Loofs_pick_region
    xor     eax, eax
.Loofs_pick_region:
    mov     [ebx + OOFS_NEXT_REGION], eax
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    dec     edi
    jnz     .Loofs_pick_window
    mov     eax, ERROR_NO_SPACE
    stc
    jmp     .Loofs_pick_done
.Loofs_pick_found:
    CHECK   ecx, b, OOFS_BLOCK_BYTES/4, "oofs_pick: the search goes beyond the window"
    CHECK   [ebx+OOFS_WINDOW_REGION], b, esi, "oofs_pick: the window lies beyond the volume"
    mov     [ebx + OOFS_WINDOW_AT], ecx
    shl     ecx, 5
    add     eax, ecx
    bts     [edx], eax
    mov     ecx, [ebx + OOFS_WINDOW_REGION]
    shl     ecx, OOFS_REGION_SHIFT
    add     eax, ecx
    clc
.Loofs_pick_done:
    pop     edi
    pop     esi
    ret

# Opens the window: what no map has of a region can be allocated.
# In: EAX region.
# Out: CF and EAX error.
oofs_window_open:
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     eax, [ebx + OOFS_WINDOW]
    call    oofs_block_zero
    mov     esi, eax
    mov     ecx, ebp
    call    oofs_map_read
    jc      .Loofs_window_open_done
    call    oofs_bits_add
    mov     eax, ebp
    call    oofs_held
    jc      .Loofs_window_open_done
    call    oofs_bits_add
    mov     edi, ebp
    shl     edi, OOFS_REGION_SHIFT      # EDI: first block
    test    edi, edi
    jnz     .Loofs_window_open_last
    or      dword ptr [esi], (1 << OOFS_FIRST_BLOCK) - 1
.Loofs_window_open_last:
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, OOFS_LAST_BLOCKS
    sub     eax, edi
    jns     .Loofs_window_open_end
    xor     eax, eax
.Loofs_window_open_end:
    cmp     eax, OOFS_REGION_BLOCKS
    jae     .Loofs_window_open_queue
    bts     [esi], eax
    inc     eax
    jmp     .Loofs_window_open_end
.Loofs_window_open_queue:
    mov     ecx, [ebx + OOFS_WAITING]
.Loofs_window_open_waiting:
    dec     ecx
    js      .Loofs_window_open_good
    mov     eax, [ebx + OOFS_WAITING_AT]
    add     eax, ecx
    and     eax, OOFS_QUEUE_ENTRIES - 1
    mov     eax, [ebx + OOFS_QUEUE + eax*4]
    btr     eax, 31
    jnc     .Loofs_window_open_waiting
    sub     eax, edi
    cmp     eax, OOFS_REGION_BLOCKS
    jae     .Loofs_window_open_waiting
    bts     [esi], eax
    jmp     .Loofs_window_open_waiting
.Loofs_window_open_good:
    mov     [ebx + OOFS_WINDOW_REGION], ebp
    mov     dword ptr [ebx + OOFS_WINDOW_AT], 0
    clc
.Loofs_window_open_done:
    pop     ebp
    pop     edi
    pop     esi
    ret
