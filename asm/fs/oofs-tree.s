# OOFS, trees: a content of any length as blocks under nodes of 510 pointers. A block that changes gets a free place,
# and so do the nodes above it; their checksums come into the pointers when they are written. In all routines EBX = OOFS
# record, EDI = tree (TREE_*); both are kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

STRING reason_node, "this is not a node of the tree that leads to it: block"
STRING reason_tail, "a node has pointers after the end of the content: block"

.section .rodata
.balign 4
.global oofs_spans
oofs_spans:     .long 1, TREE_FANOUT, TREE_FANOUT * TREE_FANOUT, TREE_FANOUT * TREE_FANOUT * TREE_FANOUT, -1

.text

# The depth of a content.
# In: EAX blocks.
# Out: EAX the smallest d with 510^d >= blocks.
# Clobbers: EAX only.
.global oofs_tree_depth
oofs_tree_depth:
    push    edx
    xor     edx, edx
1:  cmp     eax, [oofs_spans + edx*4]
    jbe     2f
    inc     edx
    cmp     edx, OBJECT_DEPTH_MAX
    jb      1b
2:  mov     eax, edx
    pop     edx
    ret

# Where on the way to a block of content the blocks of a level are.
# In: EDX level, ECX index of the content.
# Out: EAX index of the block of this level above it.
# Clobbers: EAX only.
oofs_index_at:
    push    ecx
    push    edx
    mov     eax, ecx
    mov     ecx, [oofs_spans + edx*4]
    cmp     edx, OBJECT_DEPTH_MAX       # 510^4 has more than 32 bits, and all of the content is below it
    jb      1f
    xor     eax, eax
    jmp     2f
1:  xor     edx, edx
    div     ecx
2:  pop     edx
    pop     ecx
    ret

# The slot of a block in the node above it.
# In: EAX index of the block in its level.
# Out: EAX = 0 to 509.
# Clobbers: EAX only.
.global oofs_slot_of
oofs_slot_of:
    push    ecx
    push    edx
    xor     edx, edx
    mov     ecx, TREE_FANOUT
    div     ecx
    mov     eax, edx
    pop     edx
    pop     ecx
    ret

# Brings a node into memory, and proves that it is one of this tree.
# In: EDX level, ECX index in the level; ESI block, EBP checksum.
# Out: EAX data; CF and EAX error.
# Clobbers: EAX only.
.global oofs_node_get
oofs_node_get:
    mov     eax, [edi + TREE_KEY]
    call    cache_find
    jz      1f
    mov     eax, [eax + BLOCK_DATA]     # CF is clear
    ret
1:  push    edi
    mov     eax, [edi + TREE_KEY]
    mov     edi, ebp
    call    oofs_cache_load
    pop     edi
    jc      9f
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_node_check
    jnc     9f
    push    eax
    mov     eax, [edi + TREE_KEY]
    call    cache_drop
    pop     eax
    stc
9:  ret

# Checks a node: its header, and that nothing is after the end of the content.
# In: EAX data, EDX level, ECX index in the level; ESI block.
# Out: CF and EAX when it is damaged.
# Clobbers: EAX only, and that not when it is good.
.global oofs_node_check
oofs_node_check:
    push    ecx
    push    edx
    push    ebp
    mov     ebp, eax
    cmp     dword ptr [ebp + TREE_MAGIC], TREE_MAGIC_VALUE
    jne     .Loofs_node_check_bad
    mov     eax, edx
    shl     eax, 16
    inc     eax                         # version 1, and level
    cmp     [ebp + TREE_VERSION], eax
    jne     .Loofs_node_check_bad
    mov     eax, [edi + TREE_NODE_ID]
    cmp     [ebp + TREE_OBJECT], eax
    jne     .Loofs_node_check_bad
    cmp     dword ptr [ebp + TREE_ZERO], 0
    jne     .Loofs_node_check_bad
    # Pointers that are used: ceil((blocks - index * span) / span below), if these are fewer than 510.
    mov     eax, [oofs_spans + edx*4]
    cmp     edx, OBJECT_DEPTH_MAX
    je      .Loofs_node_check_rest      # the only one of its level
    push    edx
    mul     ecx
    test    edx, edx
    pop     edx
    jnz     .Loofs_node_check_bad
    jmp     .Loofs_node_check_blocks
.Loofs_node_check_rest:
    xor     eax, eax
.Loofs_node_check_blocks:
    mov     ecx, [edi + TREE_BLOCKS]
    sub     ecx, eax
    jbe     .Loofs_node_check_bad
    mov     eax, ecx
    mov     ecx, [oofs_spans + edx*4 - 4]
    xor     edx, edx
    dec     eax
    div     ecx
    inc     eax                         # EAX: pointers used
.Loofs_node_check_tail:
    cmp     eax, TREE_FANOUT
    jae     .Loofs_node_check_good
    mov     edx, [ebp + TREE_POINTERS + eax*8]
    or      edx, [ebp + TREE_POINTERS + eax*8 + 4]
    jnz     .Loofs_node_check_more
    inc     eax
    jmp     .Loofs_node_check_tail
.Loofs_node_check_good:
    mov     eax, ebp
    clc
    jmp     .Loofs_node_check_done
.Loofs_node_check_more:
    mov     eax, offset reason_tail
    jmp     .Loofs_node_check_said
.Loofs_node_check_bad:
    mov     eax, offset reason_node
.Loofs_node_check_said:
    mov     edx, esi
    call    oofs_damaged
.Loofs_node_check_done:
    pop     ebp
    pop     edx
    pop     ecx
    ret

# The pointer to a block of content.
# In: ECX index.
# Out: ESI block and EBP checksum, ZF when it is a hole; CF and EAX error.
# Clobbers: EAX, EDX, ESI, EBP only.
oofs_tree_way:
    mov     edx, [edi + TREE_DEPTH]
    mov     esi, [edi + TREE_ROOT + POINTER_BLOCK]
    mov     ebp, [edi + TREE_ROOT + POINTER_CHECKSUM]
.Loofs_tree_way_level:
    push    edi
    push    edx
    mov     edi, ebp
    call    oofs_pointer_check
    pop     edx
    pop     edi
    jc      .Loofs_tree_way_done
    jz      .Loofs_tree_way_done
    test    edx, edx
    jz      .Loofs_tree_way_found
    push    ecx
    call    oofs_index_at
    mov     ecx, eax
    call    oofs_node_get
    pop     ecx
    jc      .Loofs_tree_way_done
    mov     esi, eax
    dec     edx
    call    oofs_index_at
    call    oofs_slot_of
    mov     ebp, [esi + TREE_POINTERS + eax*8 + POINTER_CHECKSUM]
    mov     esi, [esi + TREE_POINTERS + eax*8 + POINTER_BLOCK]
    jmp     .Loofs_tree_way_level
.Loofs_tree_way_found:
    test    esi, esi                    # ZF and CF are clear
.Loofs_tree_way_done:
    ret

# The pointer to a block of content, for others.
# In: ECX index.
# Out: EAX block, 0 for a hole, EDX checksum; CF and EAX error.
.global oofs_tree_pointer
oofs_tree_pointer:
    push    esi
    push    ebp
    call    oofs_tree_way
    jc      1f
    mov     eax, esi
    mov     edx, ebp
1:  pop     ebp
    pop     esi
    ret

# Reads a block of content.
# In: ECX index.
# Out: EAX data, not to be changed, 0 for a hole; CF and EAX error.
# Clobbers: EAX, EDX only.
.global oofs_tree_read
oofs_tree_read:
    mov     eax, [edi + TREE_KEY]
    xor     edx, edx
    call    cache_find
    jz      1f
    mov     eax, [eax + BLOCK_DATA]     # CF is clear
    ret
1:  push    esi
    push    ebp
    call    oofs_tree_way
    jc      9f
    mov     eax, 0
    jz      9f
    mov     edx, ebp
    call    oofs_run_load
    jc      9f
    mov     eax, [eax + BLOCK_DATA]
9:  pop     ebp
    pop     esi
    ret

# Makes a block of content changeable: gives it and the nodes above it new places, if they have none yet.
# In: ECX index.
# Out: EAX data, to be changed at once; CF and EAX error.
.global oofs_tree_touch
oofs_tree_touch:
    xor     edx, edx
    push    ebp
    xor     ebp, ebp
    call    oofs_touch
    pop     ebp
    ret

# As oofs_tree_touch, for who writes the whole block: what was there is not read, and what is there now not defined.
# In: ECX index.
# Out: EAX data; CF and EAX error.
.global oofs_tree_replace
oofs_tree_replace:
    xor     edx, edx
    push    ebp
    mov     ebp, 1
    call    oofs_touch
    pop     ebp
    ret

# Gives the way to a block of any level new places, from above.
# In: EDX level, ECX index of content; EBP 1 when the content of the block itself is not needed.
# Out: EAX data; CF and EAX error.
.global oofs_touch
oofs_touch:
    push    esi
    push    ebp
    push    edx                         # [ESP] level to reach
    mov     edx, [edi + TREE_DEPTH]
    lea     esi, [edi + TREE_ROOT]      # ESI: address of the pointer
.Loofs_touch_level:
    push    ecx
    push    ebp
    call    oofs_index_at
    mov     ecx, eax
    cmp     edx, [esp + 8]
    je      .Loofs_touch_renew
    xor     ebp, ebp
.Loofs_touch_renew:
    call    oofs_renew
    pop     ebp
    pop     ecx
    jc      .Loofs_touch_done
    cmp     edx, [esp]
    je      .Loofs_touch_done           # CF is clear
    dec     edx
    mov     esi, eax
    call    oofs_index_at
    call    oofs_slot_of
    lea     esi, [esi + TREE_POINTERS + eax*8]
    jmp     .Loofs_touch_level
.Loofs_touch_done:
    pop     edx
    pop     ebp
    pop     esi
    ret

# Makes one block changeable whose pointer is.
# In: EDX level, ECX index in the level, ESI address of the pointer; EBP 1 when its content is not needed.
# Out: EAX data; CF and EAX error.
# Clobbers: EAX only.
oofs_renew:
    push    ecx
    push    edx
    push    esi
    push    ebp
    call    oofs_renewed
    jnz     .Loofs_renew_data
    mov     eax, [esi + POINTER_BLOCK]
    test    eax, eax
    jz      .Loofs_renew_place
    call    oofs_fresh                  # written to its new place meanwhile, to make room
    jc      .Loofs_renew_load
.Loofs_renew_place:
    call    oofs_allocate
    jc      .Loofs_renew_done
    push    eax                         # the map's own tree may have got this place while one was looked for
    call    oofs_renewed
    jz      .Loofs_renew_old
    xchg    eax, [esp]
    call    oofs_cancel
    pop     eax
    jmp     .Loofs_renew_data
.Loofs_renew_old:
    call    oofs_source
    jc      .Loofs_renew_failed
    pop     [eax + BLOCK_PLACE]
    and     dword ptr [eax + BLOCK_FLAGS], ~BLOCK_IS_ROOT
    cmp     edx, [edi + TREE_DEPTH]
    jne     .Loofs_renew_dirty
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_IS_ROOT
.Loofs_renew_dirty:
    call    oofs_cache_dirty
    mov     ecx, [eax + BLOCK_PLACE]
    mov     dword ptr [esi + POINTER_CHECKSUM], 0
    xchg    ecx, [esi + POINTER_BLOCK]
    mov     eax, [eax + BLOCK_DATA]
    jecxz   .Loofs_renew_good
    push    eax
    mov     eax, ecx
    xor     edx, edx
    call    oofs_release
    pop     ecx
    jc      .Loofs_renew_done
    mov     eax, ecx
.Loofs_renew_good:
    clc
    jmp     .Loofs_renew_done
.Loofs_renew_load:
    call    oofs_source
    jc      .Loofs_renew_done
    and     dword ptr [eax + BLOCK_FLAGS], ~BLOCK_IS_ROOT
    cmp     edx, [edi + TREE_DEPTH]
    jne     .Loofs_renew_again
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_IS_ROOT
.Loofs_renew_again:
    mov     ecx, [esi + POINTER_BLOCK]
    mov     [eax + BLOCK_PLACE], ecx
    call    oofs_cache_dirty
.Loofs_renew_data:
    mov     eax, [eax + BLOCK_DATA]
    clc
    jmp     .Loofs_renew_done
.Loofs_renew_failed:
    add     esp, 4
    stc
.Loofs_renew_done:
    pop     ebp
    pop     esi
    pop     edx
    pop     ecx
    ret

# Whether a block is in memory with changes.
# In: EDX level, ECX index in the level.
# Out: EAX entry and ZF clear when so.
# Clobbers: EAX only.
oofs_renewed:
    mov     eax, [edi + TREE_KEY]
    call    cache_find
    jz      1f
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_DIRTY
1:  ret

# An entry with what is at a place before it changes: the block, a new node, zeros, or anything when it is not needed.
# In: EDX level, ECX index in the level, ESI address of the pointer, EBP 1 when the content is not needed.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX only.
oofs_source:
    mov     eax, [edi + TREE_KEY]
    test    ebp, ebp
    jnz     cache_take
    push    ebp
    cmp     dword ptr [esi + POINTER_BLOCK], 0
    je      .Loofs_source_zeros
    mov     eax, [edi + TREE_KEY]
    call    cache_find
    jnz     .Loofs_source_good
    mov     ebp, [esi + POINTER_CHECKSUM]
    push    esi
    mov     esi, [esi + POINTER_BLOCK]
    test    edx, edx
    jnz     .Loofs_source_node
    push    edi
    mov     eax, [edi + TREE_KEY]
    mov     edi, ebp
    call    oofs_cache_load
    pop     edi
    pop     esi
    jnc     .Loofs_source_done
    jmp     .Loofs_source_damaged
.Loofs_source_node:
    call    oofs_node_get
    pop     esi
    jc      .Loofs_source_damaged
    mov     eax, [edi + TREE_KEY]
    call    cache_find
.Loofs_source_good:
    clc
.Loofs_source_done:
    pop     ebp
    ret
.Loofs_source_damaged:
    call    oofs_recover_source
    jmp     .Loofs_source_done
.Loofs_source_zeros:
    mov     eax, [edi + TREE_KEY]
    call    cache_take
    jc      .Loofs_source_done
    push    eax
    push    ecx
    push    edx
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_block_zero
    pop     edx
    test    edx, edx
    jz      .Loofs_source_content
    mov     dword ptr [eax + TREE_MAGIC], TREE_MAGIC_VALUE
    mov     word ptr [eax + TREE_VERSION], 1
    mov     [eax + TREE_LEVEL], dx
    mov     ecx, [edi + TREE_NODE_ID]
    mov     [eax + TREE_OBJECT], ecx
.Loofs_source_content:
    pop     ecx
    pop     eax
    test    edx, edx
    jnz     .Loofs_source_good
    call    oofs_recover_hole
    jmp     .Loofs_source_done

# Fills a block with zeros.
# In: EAX data.
# Out: EAX data.
# Clobbers: ECX, EDX only.
.global oofs_block_zero
oofs_block_zero:
    push    edi
    mov     edx, eax
    mov     edi, eax
    xor     eax, eax
    mov     ecx, OOFS_BLOCK_BYTES / 4
    rep stosd
    mov     eax, edx
    pop     edi
    ret
