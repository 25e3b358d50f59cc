# OOFS, trees that become shorter or longer. In all routines EBX = OOFS record, EDI = tree; both are kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

.text

# Changes the length of the content. Blocks after the new end are freed, at most about OOFS_BUDGET of them.
# In: EAX blocks.
# Out: EAX the length reached; CF and EAX error.
.global oofs_tree_resize
oofs_tree_resize:
    push    esi
    push    ebp
    mov     ebp, eax
    cmp     eax, [edi + TREE_BLOCKS]
    jae     .Loofs_tree_resize_depth
    cmp     dword ptr [edi + TREE_ROOT + POINTER_BLOCK], 0
    je      .Loofs_tree_resize_depth
    push    ebp                         # end
    push    [edi + TREE_ROOT + POINTER_CHECKSUM]
    push    [edi + TREE_ROOT + POINTER_BLOCK]
    push    0                           # index
    push    [edi + TREE_DEPTH]
    call    oofs_trim
    lea     esp, [esp + 20]
    jc      .Loofs_tree_resize_done
    test    eax, eax
    jnz     .Loofs_tree_resize_reached
    mov     [edi + TREE_ROOT + POINTER_BLOCK], eax
    mov     [edi + TREE_ROOT + POINTER_CHECKSUM], eax
.Loofs_tree_resize_reached:
    cmp     eax, ebp
    jbe     .Loofs_tree_resize_depth
    mov     ebp, eax
.Loofs_tree_resize_depth:
    mov     [edi + TREE_BLOCKS], ebp
    mov     eax, ebp
    call    oofs_tree_depth
    mov     esi, eax
.Loofs_tree_resize_level:
    cmp     [edi + TREE_DEPTH], esi
    je      .Loofs_tree_resize_good
    ja      .Loofs_tree_resize_flatten
    call    oofs_deepen
    jmp     .Loofs_tree_resize_next
.Loofs_tree_resize_flatten:
    call    oofs_flatten
.Loofs_tree_resize_next:
    jnc     .Loofs_tree_resize_level
    jmp     .Loofs_tree_resize_done
.Loofs_tree_resize_good:
    mov     eax, ebp
    clc
.Loofs_tree_resize_done:
    pop     ebp
    pop     esi
    ret

TRIM_LEVEL      = 8                     # arguments of oofs_trim, from EBP
TRIM_INDEX      = 12
TRIM_BLOCK      = 16
TRIM_SUM        = 20
TRIM_END        = 24
TRIM_START      = -4                    # and its locals
TRIM_BELOW      = -8
TRIM_FIRST      = -12                   # slot from which all is freed
TRIM_SLOT       = -16
TRIM_FROM       = -20

# Frees the content from a block on below one pointer, from its end; the node itself too when all of it goes. The
# pointer to it is left to the caller.
# In: on the stack: level, index in the level, pointer to it, first block of content to free. The caller removes them.
# Out: EAX the first block of content from which all is freed; CF and EAX error.
oofs_trim:
    FRAME   20
    push    esi
    mov     ecx, [ebp + TRIM_LEVEL]
    mov     eax, [ebp + TRIM_INDEX]
    call    oofs_span
    mul     ecx                         # cannot overflow: the content has so many blocks
    mov     [ebp + TRIM_START], eax
    cmp     dword ptr [ebp + TRIM_LEVEL], 0
    je      .Loofs_trim_whole
    call    oofs_trim_begin
.Loofs_trim_slot:
    mov     eax, [ebp + TRIM_SLOT]
    mul     dword ptr [ebp + TRIM_BELOW]
    add     eax, [ebp + TRIM_START]
    mov     [ebp + TRIM_FROM], eax
    cmp     dword ptr [ebx + OOFS_BUDGET], 0
    jle     .Loofs_trim_end
    mov     edx, [ebp + TRIM_END]
    sub     edx, eax
    jb      .Loofs_trim_child
    cmp     edx, [ebp + TRIM_BELOW]
    jae     .Loofs_trim_end
.Loofs_trim_child:
    push    ebp
    mov     edx, [ebp + TRIM_LEVEL]
    mov     ecx, [ebp + TRIM_INDEX]
    mov     esi, [ebp + TRIM_BLOCK]
    mov     ebp, [ebp + TRIM_SUM]
    call    oofs_node_get
    pop     ebp
    jc      .Loofs_trim_done
    mov     ecx, [ebp + TRIM_SLOT]
    mov     esi, [eax + TREE_POINTERS + ecx*8 + POINTER_BLOCK]
    test    esi, esi
    jz      .Loofs_trim_hole
    push    [ebp + TRIM_END]
    push    [eax + TREE_POINTERS + ecx*8 + POINTER_CHECKSUM]
    push    esi
    imul    eax, [ebp + TRIM_INDEX], TREE_FANOUT
    add     eax, ecx
    push    eax
    mov     eax, [ebp + TRIM_LEVEL]
    dec     eax
    push    eax
    call    oofs_trim
    lea     esp, [esp + 20]
    jc      .Loofs_trim_done
    cmp     eax, [ebp + TRIM_FROM]
    ja      .Loofs_trim_clear
.Loofs_trim_hole:
    mov     eax, [ebp + TRIM_SLOT]
    mov     [ebp + TRIM_FIRST], eax
    dec     dword ptr [ebp + TRIM_SLOT]
    jns     .Loofs_trim_slot
    jmp     .Loofs_trim_whole
.Loofs_trim_end:
    mov     eax, [ebp + TRIM_FIRST]
    mul     dword ptr [ebp + TRIM_BELOW]
    add     eax, [ebp + TRIM_START]
    cmp     dword ptr [ebp + TRIM_FIRST], TREE_FANOUT
    jb      .Loofs_trim_clear
    mov     eax, [edi + TREE_BLOCKS]    # nothing was freed
.Loofs_trim_clear:
    push    eax
    call    oofs_trim_slots
    pop     edx
    jc      .Loofs_trim_done
    mov     eax, edx
    cmp     eax, [ebp + TRIM_END]
    jae     .Loofs_trim_good
    mov     eax, [ebp + TRIM_END]
    jmp     .Loofs_trim_good
.Loofs_trim_whole:
    dec     dword ptr [ebx + OOFS_BUDGET]
    mov     eax, [ebp + TRIM_BLOCK]
    mov     edx, [ebp + TRIM_LEVEL]
    mov     ecx, [ebp + TRIM_INDEX]
    call    oofs_give
    jc      .Loofs_trim_done
    mov     eax, [ebp + TRIM_START]
.Loofs_trim_good:
    clc
.Loofs_trim_done:
    pop     esi
    ENDFRAME
    ret

# Begins with the last block below a node.
# In: EDI tree, EBP frame of oofs_trim.
# Clobbers: EAX, ECX, EDX.
oofs_trim_begin:
    mov     ecx, [ebp + TRIM_LEVEL]
    dec     ecx
    call    oofs_span
    mov     [ebp + TRIM_BELOW], ecx
    mov     eax, [edi + TREE_BLOCKS]
    dec     eax
    sub     eax, [ebp + TRIM_START]
    xor     edx, edx
    div     ecx
    cmp     eax, TREE_FANOUT - 1
    jbe     .Loofs_trim_begin_last
    mov     eax, TREE_FANOUT - 1
.Loofs_trim_begin_last:
    mov     [ebp + TRIM_SLOT], eax
    mov     dword ptr [ebp + TRIM_FIRST], TREE_FANOUT
    ret

# Makes the pointers of a node from TRIM_FIRST on holes; what they led to is freed. When that is none, the node was
# changed already, for it leads to one that was.
# In: EBP frame of oofs_trim.
# Out: CF and EAX error.
oofs_trim_slots:
    mov     edx, [ebp + TRIM_LEVEL]
    mov     ecx, [ebp + TRIM_START]
    push    ebp
    xor     ebp, ebp
    call    oofs_touch
    pop     ebp
    jc      1f
    push    edi
    mov     ecx, TREE_FANOUT
    sub     ecx, [ebp + TRIM_FIRST]
    mov     edx, [ebp + TRIM_FIRST]
    lea     edi, [eax + TREE_POINTERS + edx*8]
    shl     ecx, 1
    xor     eax, eax
    rep stosd
    pop     edi
1:  ret

# Blocks of content below one pointer to something of a level.
# In: ECX level.
# Out: ECX blocks; of level 4, -1.
# Clobbers: ECX only.
oofs_span:
    mov     ecx, [oofs_spans + ecx*4]
    ret

# Frees a block of a tree.
# In: EAX block, EDX level, ECX index in the level.
# Out: CF and EAX error.
oofs_give:
    push    esi
    mov     esi, eax
    mov     eax, [edi + TREE_KEY]
    call    cache_drop
    mov     eax, esi
    call    oofs_fresh
    setc    dl
    movzx   edx, dl
    mov     eax, esi
    call    oofs_release
    pop     esi
    ret

# Makes a block of content a hole.
# In: ECX index.
# Out: CF and EAX error.
.global oofs_tree_punch
oofs_tree_punch:
    push    esi
    push    ebp
    mov     esi, ecx
    call    oofs_tree_pointer
    jc      9f
    test    eax, eax
    jz      9f
    mov     ebp, eax
    cmp     dword ptr [edi + TREE_DEPTH], 0
    lea     eax, [edi + TREE_ROOT]
    je      1f
    push    ebp
    mov     ecx, esi
    mov     edx, 1
    xor     ebp, ebp
    call    oofs_touch
    pop     ebp
    jc      9f
    mov     ecx, eax
    mov     eax, esi
    call    oofs_slot_of
    lea     eax, [ecx + TREE_POINTERS + eax*8]
1:  mov     dword ptr [eax + POINTER_BLOCK], 0
    mov     dword ptr [eax + POINTER_CHECKSUM], 0
    mov     eax, ebp
    xor     edx, edx
    mov     ecx, esi
    call    oofs_give
9:  pop     ebp
    pop     esi
    ret

# Puts a node above the root.
# Out: CF and EAX error.
oofs_deepen:
    push    esi
    cmp     dword ptr [edi + TREE_ROOT + POINTER_BLOCK], 0
    je      .Loofs_deepen_done
    call    oofs_allocate
    jc      .Loofs_deepen_failed
    mov     esi, eax                    # ESI: block of the node
    mov     eax, [edi + TREE_KEY]
    mov     edx, [edi + TREE_DEPTH]
    xor     ecx, ecx
    call    cache_find
    jz      .Loofs_deepen_node
    and     dword ptr [eax + BLOCK_FLAGS], ~BLOCK_IS_ROOT
    call    oofs_cache_pin
.Loofs_deepen_node:
    mov     eax, [edi + TREE_KEY]
    inc     edx
    call    cache_take
    jc      .Loofs_deepen_failed
    push    edx
    push    eax
    mov     eax, [eax + BLOCK_DATA]
    call    oofs_block_zero
    mov     ecx, eax
    pop     eax
    pop     edx
    mov     dword ptr [ecx + TREE_MAGIC], TREE_MAGIC_VALUE
    mov     word ptr [ecx + TREE_VERSION], 1
    mov     [ecx + TREE_LEVEL], dx
    mov     edx, [edi + TREE_NODE_ID]
    mov     [ecx + TREE_OBJECT], edx
    mov     edx, [edi + TREE_ROOT + POINTER_BLOCK]
    mov     [ecx + TREE_POINTERS + POINTER_BLOCK], edx
    mov     edx, [edi + TREE_ROOT + POINTER_CHECKSUM]
    mov     [ecx + TREE_POINTERS + POINTER_CHECKSUM], edx
    mov     [eax + BLOCK_PLACE], esi
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_IS_ROOT
    call    oofs_cache_dirty
    mov     [edi + TREE_ROOT + POINTER_BLOCK], esi
    mov     dword ptr [edi + TREE_ROOT + POINTER_CHECKSUM], 0
.Loofs_deepen_done:
    inc     dword ptr [edi + TREE_DEPTH]
    clc
.Loofs_deepen_failed:
    pop     esi
    ret

# Takes the root away; what its first pointer leads to becomes the root.
# Out: CF and EAX error.
oofs_flatten:
    push    esi
    push    ebp
    mov     esi, [edi + TREE_ROOT + POINTER_BLOCK]
    test    esi, esi
    jz      .Loofs_flatten_done
    mov     ebp, [edi + TREE_ROOT + POINTER_CHECKSUM]
    mov     edx, [edi + TREE_DEPTH]
    xor     ecx, ecx
    call    oofs_node_get
    jc      .Loofs_flatten_failed
    mov     edx, [eax + TREE_POINTERS + POINTER_BLOCK]
    mov     [edi + TREE_ROOT + POINTER_BLOCK], edx
    mov     edx, [eax + TREE_POINTERS + POINTER_CHECKSUM]
    mov     [edi + TREE_ROOT + POINTER_CHECKSUM], edx
    mov     eax, [edi + TREE_KEY]
    mov     edx, [edi + TREE_DEPTH]
    dec     edx
    xor     ecx, ecx
    call    cache_find
    jz      .Loofs_flatten_give
    or      dword ptr [eax + BLOCK_FLAGS], BLOCK_IS_ROOT
    call    oofs_cache_pin
.Loofs_flatten_give:
    mov     edx, [edi + TREE_DEPTH]
    dec     dword ptr [edi + TREE_DEPTH] # before it is given: of the map's own tree that changes the map
    mov     eax, esi
    xor     ecx, ecx
    call    oofs_give
    jmp     .Loofs_flatten_failed
.Loofs_flatten_done:
    dec     dword ptr [edi + TREE_DEPTH]
    clc
.Loofs_flatten_failed:
    pop     ebp
    pop     esi
    ret
