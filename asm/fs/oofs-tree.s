# OOFS, trees: an object's content is a tree of blocks. Its record points to the root with a checksum; a node points to
# 510 blocks below it with theirs, so that every block is proved on the way to it, and a change of one block changes all
# blocks on the way up to the commit record. Blocks that the last commit refers to are not written: a changed block goes
# to a new place. Changed nodes stay in the buffers of their levels until the way leads elsewhere or oofs_tree_flush is
# called, so that writing many blocks in a row writes each node once. When a node is changed all nodes above it are. One
# tree at a time is changed. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

STRING reason_node, "a tree node is not one, block"
STRING reason_node_tail, "a tree node has pointers behind the object's end, block"
STRING reason_hole, "a pointer to nothing has a checksum, object"

.section .rodata
.balign 4
# Data blocks below one pointer of level n: 510 to the n-th power.
oofs_spans:     .long 1, TREE_FANOUT, TREE_FANOUT * TREE_FANOUT, TREE_FANOUT * TREE_FANOUT * TREE_FANOUT

.text

# The number of blocks of an object's content.
# In: EDX object record.
# Out: EAX; CF when it is more than a volume can hold.
.global oofs_object_blocks
oofs_object_blocks:
    mov     eax, [edx + OBJECT_BYTES]
    mov     ecx, [edx + OBJECT_BYTES + 4]
    add     eax, OOFS_BLOCK_BYTES - 1
    adc     ecx, 0
    jc      9f
    shrd    eax, ecx, OOFS_BLOCK_SHIFT
    shr     ecx, OOFS_BLOCK_SHIFT
    neg     ecx                         # CF unless it is zero
9:  ret

# The depth of a tree.
# In: EAX blocks of content.
# Out: EAX levels of nodes.
.global oofs_tree_depth
oofs_tree_depth:
    xor     ecx, ecx
1:  cmp     eax, [oofs_spans + ecx*4]
    jbe     2f
    inc     ecx
    cmp     ecx, OBJECT_DEPTH_MAX
    jb      1b
2:  mov     eax, ecx
    ret

# Makes an empty node in the buffer of its level.
# In: EAX level.
# Out: CF and EAX when what was there cannot be written.
oofs_node_clear:
    push    esi
    push    edi
    mov     esi, eax
    call    oofs_nodes_write
    jc      9f
    mov     dword ptr [ebx + OOFS_NODE_TAG + esi*8], 0
    mov     edi, [ebx + OOFS_NODE + esi*4]
    mov     edx, edi
    mov     ecx, OOFS_BLOCK_BYTES / 4
    xor     eax, eax
    rep stosd
    mov     dword ptr [edx + TREE_MAGIC], TREE_MAGIC_VALUE
    mov     word ptr [edx + TREE_VERSION], OOFS_VERSION
    mov     [edx + TREE_LEVEL], si
    mov     eax, [ebx + OOFS_RECORD]
    mov     eax, [eax + OBJECT_ID]
    mov     [edx + TREE_OBJECT], eax
    clc
9:  pop     edi
    pop     esi
    ret

# Writes the changed nodes of the levels 1 to EAX, from below, and puts their checksums into the pointers above.
# In: EAX level.
# Out: CF and EAX on failure.
oofs_nodes_write:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    xor     edi, edi
1:  inc     edi
    cmp     edi, esi
    ja      8f
    xor     ebp, ebp
    xchg    ebp, [ebx + OOFS_CHANGED + edi*4] # EBP: pointer to the changed node
    test    ebp, ebp
    jz      1b
    mov     eax, [ebp + POINTER_BLOCK]
    mov     edx, [ebx + OOFS_NODE + edi*4]
    call    oofs_block_write
    jc      9f
    mov     [ebp + POINTER_CHECKSUM], eax
    mov     [ebx + OOFS_NODE_TAG + edi*8 + POINTER_CHECKSUM], eax
    jmp     1b
8:  clc
9:  pop     ebp
    pop     edi
    pop     esi
    ret

# Writes all changed nodes: the record then points to the whole tree.
# Out: CF and EAX on failure.
.global oofs_tree_flush
oofs_tree_flush:
    mov     eax, OBJECT_DEPTH_MAX
    jmp     oofs_nodes_write

# Brings a node into the buffer of its level, if it is not there.
# In: EAX address of the pointer to it (not 0), EDX level; OOFS_RECORD = the object.
# Out: CF and EAX on failure.
oofs_node_load:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    lea     edx, [ebx + OOFS_NODE_TAG + edi*8]
    mov     eax, [esi + POINTER_BLOCK]
    mov     ecx, [esi + POINTER_CHECKSUM]
    cmp     [edx + POINTER_BLOCK], eax
    jne     .Loofs_node_load_load
    cmp     dword ptr [ebx + OOFS_CHANGED + edi*4], 0
    jne     .Loofs_node_load_done       # its checksum is not known yet; CF is clear
    cmp     [edx + POINTER_CHECKSUM], ecx
    je      .Loofs_node_load_done       # CF is clear
.Loofs_node_load_load:
    mov     eax, edi
    call    oofs_nodes_write
    jc      .Loofs_node_load_done
    mov     dword ptr [ebx + OOFS_NODE_TAG + edi*8], 0
    mov     eax, [esi + POINTER_BLOCK]
    mov     ecx, [esi + POINTER_CHECKSUM]
    mov     edx, [ebx + OOFS_NODE + edi*4]
    call    oofs_block_read
    jc      .Loofs_node_load_done
    mov     edx, [ebx + OOFS_NODE + edi*4]
    cmp     dword ptr [edx + TREE_MAGIC], TREE_MAGIC_VALUE
    jne     .Loofs_node_load_bad
    cmp     word ptr [edx + TREE_VERSION], OOFS_VERSION
    jne     .Loofs_node_load_bad
    cmp     [edx + TREE_LEVEL], di
    jne     .Loofs_node_load_bad
    mov     eax, [ebx + OOFS_RECORD]
    mov     eax, [eax + OBJECT_ID]
    cmp     [edx + TREE_OBJECT], eax
    jne     .Loofs_node_load_bad
    cmp     dword ptr [edx + TREE_ZERO], 0
    jne     .Loofs_node_load_bad
    lea     edx, [ebx + OOFS_NODE_TAG + edi*8]
    mov     eax, [esi + POINTER_BLOCK]
    mov     [edx + POINTER_BLOCK], eax
    mov     eax, [esi + POINTER_CHECKSUM]
    mov     [edx + POINTER_CHECKSUM], eax
    clc
    jmp     .Loofs_node_load_done
.Loofs_node_load_bad:
    mov     eax, offset reason_node
    mov     edx, [esi + POINTER_BLOCK]
    call    oofs_damaged
.Loofs_node_load_done:
    pop     edi
    pop     esi
    ret

# Forgets what the node buffers hold, changes included.
.global oofs_nodes_forget
oofs_nodes_forget:
    xor     eax, eax
    mov     [ebx + OOFS_CHANGED + 4], eax
    mov     [ebx + OOFS_CHANGED + 8], eax
    mov     [ebx + OOFS_CHANGED + 12], eax
    mov     [ebx + OOFS_CHANGED + 16], eax
    mov     [ebx + OOFS_NODE_TAG + 8], eax
    mov     [ebx + OOFS_NODE_TAG + 16], eax
    mov     [ebx + OOFS_NODE_TAG + 24], eax
    mov     [ebx + OOFS_NODE_TAG + 32], eax
    ret

# Finds the pointers on the way to a block of content: OOFS_SLOT[level] becomes the address of each.
# In: EDX object record, ECX index of the block, below the tree's capacity; ESI = 0: stop where the way ends, 1: make
# empty nodes (in the buffers) where there are none.
# Out: EAX address of the pointer to the block, 0 where the way ends; CF and EAX.
oofs_tree_path:
    push    esi
    push    edi
    push    ebp
    mov     ebp, ecx                    # EBP: index below the pointer
    mov     [ebx + OOFS_RECORD], edx
    movzx   edi, byte ptr [edx + OBJECT_DEPTH]
    lea     eax, [edx + OBJECT_ROOT]
.Loofs_tree_path_level:
    mov     [ebx + OOFS_SLOT + edi*4], eax
    test    edi, edi
    jz      .Loofs_tree_path_good
    cmp     dword ptr [eax + POINTER_BLOCK], 0
    jne     .Loofs_tree_path_load
    test    esi, esi
    jz      .Loofs_tree_path_hole
    mov     eax, edi
    call    oofs_node_clear
    jc      .Loofs_tree_path_done
    jmp     .Loofs_tree_path_descend
.Loofs_tree_path_load:
    mov     edx, edi
    call    oofs_node_load
    jc      .Loofs_tree_path_done
.Loofs_tree_path_descend:
    mov     eax, ebp
    xor     edx, edx
    dec     edi
    div     dword ptr [oofs_spans + edi*4]
    mov     ebp, edx
    mov     edx, [ebx + OOFS_NODE + edi*4 + 4]
    lea     eax, [edx + eax*8 + TREE_POINTERS]
    jmp     .Loofs_tree_path_level
.Loofs_tree_path_hole:
    xor     eax, eax
.Loofs_tree_path_good:
    clc
.Loofs_tree_path_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Reads a block of an object's content.
# In: EDX object record, ECX index, ESI buffer.
# Out: CF and EAX on failure.
.global oofs_tree_read
oofs_tree_read:
    push    esi
    push    edi
    mov     edi, esi
    xor     esi, esi
    call    oofs_tree_path
    jc      9f
    test    eax, eax
    jz      1f
    mov     ecx, [eax + POINTER_CHECKSUM]
    mov     eax, [eax + POINTER_BLOCK]
    test    eax, eax
    jz      1f
    mov     edx, edi
    call    oofs_block_read
    jmp     9f
1:  mov     ecx, OOFS_BLOCK_BYTES / 4   # a hole reads as zeros
    xor     eax, eax
    rep stosd
    clc
9:  pop     edi
    pop     esi
    ret

# Writes a block of an object's content. The block and the nodes above it get new places unless they have got them since
# the last commit; the nodes are written later, by oofs_tree_flush. After a failure the record is not to be used: the
# commit is given up.
# In: EDX object record, ECX index, ESI buffer.
# Out: CF and EAX on failure.
.global oofs_tree_write
oofs_tree_write:
    push    esi
    push    edi
    push    esi
    mov     esi, 1
    call    oofs_tree_path
    pop     esi
    jc      .Loofs_tree_write_done
    mov     edi, eax                    # EDI: pointer to the block
    call    oofs_pointer_renew
    jc      .Loofs_tree_write_done
    mov     eax, [edi + POINTER_BLOCK]
    mov     edx, esi
    call    oofs_block_write
    jc      .Loofs_tree_write_done
    mov     [edi + POINTER_CHECKSUM], eax
    xor     esi, esi                    # ESI: level
.Loofs_tree_write_level:
    inc     esi
    mov     eax, [ebx + OOFS_RECORD]
    movzx   eax, byte ptr [eax + OBJECT_DEPTH]
    cmp     esi, eax
    ja      .Loofs_tree_write_good
    cmp     dword ptr [ebx + OOFS_CHANGED + esi*4], 0
    jne     .Loofs_tree_write_good      # and so are all above
    mov     edi, [ebx + OOFS_SLOT + esi*4]
    mov     eax, edi
    call    oofs_pointer_renew
    jc      .Loofs_tree_write_done
    mov     eax, [edi + POINTER_BLOCK]
    mov     [ebx + OOFS_NODE_TAG + esi*8], eax
    mov     [ebx + OOFS_CHANGED + esi*4], edi
    jmp     .Loofs_tree_write_level
.Loofs_tree_write_good:
    clc
.Loofs_tree_write_done:
    pop     edi
    pop     esi
    ret

# Gives a pointer a block that may be written: one that was allocated since the last commit.
# In: EAX address of the pointer.
# Out: CF and EAX on failure.
oofs_pointer_renew:
    push    esi
    mov     esi, eax
    mov     eax, [esi + POINTER_BLOCK]
    test    eax, eax
    jz      1f
    call    oofs_block_fresh
    jc      8f
    call    oofs_block_release
1:  call    oofs_block_allocate
    jc      9f
    mov     [esi + POINTER_BLOCK], eax
8:  clc
9:  pop     esi
    ret

# Makes a tree deep enough for a number of blocks.
# In: EDX object record, EAX blocks.
# Out: CF and EAX on failure.
.global oofs_tree_grow
oofs_tree_grow:
    push    esi
    push    edi
    push    ebp
    mov     esi, edx
    mov     [ebx + OOFS_RECORD], edx
    call    oofs_tree_depth
    mov     edi, eax                    # EDI: depth that it needs
    call    oofs_tree_flush
    jc      .Loofs_tree_grow_done
.Loofs_tree_grow_level:
    movzx   ebp, byte ptr [esi + OBJECT_DEPTH]
    cmp     ebp, edi
    jae     .Loofs_tree_grow_good
    inc     ebp
    cmp     dword ptr [esi + OBJECT_ROOT + POINTER_BLOCK], 0
    je      .Loofs_tree_grow_root
    mov     eax, ebp                    # the old root becomes the first child of a new one
    call    oofs_node_clear
    jc      .Loofs_tree_grow_done
    mov     edx, [ebx + OOFS_NODE + ebp*4]
    mov     eax, [esi + OBJECT_ROOT + POINTER_BLOCK]
    mov     [edx + TREE_POINTERS + POINTER_BLOCK], eax
    mov     eax, [esi + OBJECT_ROOT + POINTER_CHECKSUM]
    mov     [edx + TREE_POINTERS + POINTER_CHECKSUM], eax
    call    oofs_block_allocate
    jc      .Loofs_tree_grow_done
    mov     [esi + OBJECT_ROOT + POINTER_BLOCK], eax
    mov     edx, [ebx + OOFS_NODE + ebp*4]
    call    oofs_block_write
    jc      .Loofs_tree_grow_done
    mov     [esi + OBJECT_ROOT + POINTER_CHECKSUM], eax
.Loofs_tree_grow_root:
    mov     eax, ebp
    mov     [esi + OBJECT_DEPTH], al
    jmp     .Loofs_tree_grow_level
.Loofs_tree_grow_good:
    clc
.Loofs_tree_grow_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Visits every block of a tree, each before those below it, and proves the nodes. No tree has changes that are not
# flushed.
# In: EDX object record; ESI routine: EAX block, out CF and EAX to stop.
# Out: CF and EAX on failure.
.global oofs_tree_visit
oofs_tree_visit:
    mov     [ebx + OOFS_RECORD], edx
    call    oofs_object_blocks
    mov     ecx, eax
    lea     eax, [edx + OBJECT_ROOT]
    movzx   edx, byte ptr [edx + OBJECT_DEPTH]

# Visits the block that a pointer names, and all below it.
# In: EAX address of a pointer, EDX level, ECX blocks of content below it, at most 510 to the power of the level; ESI.
oofs_visit_pointer:
    push    edi
    push    ebp
    push    ecx
    push    edx
    mov     edi, eax
    mov     eax, [edi + POINTER_BLOCK]
    test    eax, eax
    jz      .Loofs_visit_pointer_hole
    call    esi
    jc      .Loofs_visit_pointer_done
    mov     edx, [esp]
    test    edx, edx
    jz      .Loofs_visit_pointer_done   # CF is clear
    mov     eax, edi
    call    oofs_node_load
    jc      .Loofs_visit_pointer_done
    mov     edx, [esp]
    mov     edi, [ebx + OOFS_NODE + edx*4]
    add     edi, TREE_POINTERS
    lea     ebp, [edi + TREE_FANOUT * POINTER_SIZE_OF]
.Loofs_visit_pointer_child:
    mov     ecx, [esp + 4]              # blocks left
    jecxz   .Loofs_visit_pointer_tail
    mov     edx, [esp]
    dec     edx
    mov     eax, [oofs_spans + edx*4]
    cmp     ecx, eax
    jbe     .Loofs_visit_pointer_whole
    mov     ecx, eax
.Loofs_visit_pointer_whole:
    sub     [esp + 4], ecx
    mov     eax, edi
    call    oofs_visit_pointer
    jc      .Loofs_visit_pointer_done
    jmp     .Loofs_visit_pointer_next
.Loofs_visit_pointer_tail:
    mov     eax, [edi + POINTER_BLOCK]
    or      eax, [edi + POINTER_CHECKSUM]
    jnz     .Loofs_visit_pointer_tail_bad
.Loofs_visit_pointer_next:
    add     edi, POINTER_SIZE_OF
    cmp     edi, ebp
    jb      .Loofs_visit_pointer_child
    clc
    jmp     .Loofs_visit_pointer_done
.Loofs_visit_pointer_tail_bad:
    mov     edx, [esp]
    mov     edx, [ebx + OOFS_NODE_TAG + edx*8]
    mov     eax, offset reason_node_tail
    call    oofs_damaged
    jmp     .Loofs_visit_pointer_done
.Loofs_visit_pointer_hole:
    cmp     dword ptr [edi + POINTER_CHECKSUM], 0
    je      .Loofs_visit_pointer_done   # CF is clear
    mov     eax, offset reason_hole
    mov     edx, [ebx + OOFS_RECORD]
    mov     edx, [edx + OBJECT_ID]
    call    oofs_damaged
.Loofs_visit_pointer_done:
    pop     edx
    pop     ecx
    pop     ebp
    pop     edi
    ret
