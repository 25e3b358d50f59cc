# OOFS, a walk over all blocks that a state leads to, with memory of its own: what is in the cache is newer than the
# last commit. In all routines EBX = OOFS record (oofs.inc), EBP = WALK record (walk.inc); both are kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"
.include "walk.inc"

.text

# Makes a record for walks.
# Out: EBP record; CF and EAX = ERROR_NO_MEMORY, EBP as it was.
.global oofs_walk_create
oofs_walk_create:
    push    esi
    mov     eax, WALK_SIZE_OF
    call    malloc
    jc      1f
    mov     esi, eax
    mov     eax, WALK_PAGE_COUNT
    call    page_alloc
    jc      2f
    mov     [esi + WALK_PAGES], eax
    mov     ebp, esi
    clc
    jmp     1f
2:  push    eax
    mov     eax, esi
    call    mfree
    pop     eax
    stc
1:  pop     esi
    ret

# Gives it back.
# In: EBP record.
.global oofs_walk_destroy
oofs_walk_destroy:
    mov     eax, [ebp + WALK_PAGES]
    mov     edx, WALK_PAGE_COUNT
    call    page_free
    mov     eax, ebp
    jmp     mfree

# Begins a pass over regions, with a bit for each block of them: over as many from WALK_FIRST on as there is memory for.
# In: EAX how many regions there are.
# Out: EDI regions of this pass, 0 when there are no more; WALK_BITS zeroed, WALK_END; CF and EAX error.
# Clobbers: EAX, ECX, EDX.
.global oofs_pass_begin
oofs_pass_begin:
    xor     edi, edi
    sub     eax, [ebp + WALK_FIRST]
    jbe     3f
    mov     edi, [pages_free]
    shr     edi, 2
    inc     edi
    cmp     edi, eax
    jbe     1f
    mov     edi, eax
1:  mov     eax, edi
    call    page_alloc
    jc      2f
    mov     [ebp + WALK_BITS], eax
    mov     eax, [ebp + WALK_FIRST]
    add     eax, edi
    mov     [ebp + WALK_END], eax
    clc
2:  ret
3:  clc
    ret

# Ends it. After one that did not fail the next begins where it ended.
# In: EDI regions of the pass; CF and EAX error.
# Out: CF and EAX error, as they were.
# Clobbers: ECX, EDX.
.global oofs_pass_end
oofs_pass_end:
    push    eax
    pushfd
    mov     eax, [ebp + WALK_BITS]
    mov     edx, edi
    call    page_free
    popfd
    pop     eax
    jc      1f
    mov     edx, [ebp + WALK_END]
    mov     [ebp + WALK_FIRST], edx
1:  ret

# Walks over a state: snapshot list, map, both object tables, all objects.
# In: ESI state; WALK_VISIT, WALK_BROKEN set.
# Out: CF and EAX error: what WALK_BROKEN does not take, or of the disk.
.global oofs_walk_state
oofs_walk_state:
    push    edi
    mov     dword ptr [ebp + WALK_MET], 0
    mov     dword ptr [ebp + WALK_OBJECT], 0
    mov     dword ptr [ebp + WALK_BAD], 0
    lea     edi, [ebp + WALK_TREE]
    mov     dword ptr [edi + TREE_KEY], TREE_ID_SNAPSHOT_LIST
    mov     dword ptr [edi + TREE_NODE_ID], TREE_ID_SNAPSHOT_LIST
    mov     eax, [esi + STATE_SNAPSHOTS]
    mov     edx, [esi + STATE_SNAPSHOTS + 4]
    call    oofs_walk_list
    jc      .Loofs_walk_state_done
    mov     eax, [esi + STATE_SNAPSHOTS2]
    mov     edx, [esi + STATE_SNAPSHOTS2 + 4]
    call    oofs_walk_list
    jc      .Loofs_walk_state_done
    mov     eax, edi
    mov     edx, esi
    mov     ecx, TREE_ID_MAP
    call    oofs_map_tree
    mov     dword ptr [ebp + WALK_LENIENT], 1
    xor     eax, eax
    call    oofs_walk_tree
    jc      .Loofs_walk_state_done
    mov     dword ptr [ebp + WALK_BAD], 0
    lea     edx, [esi + STATE_TABLE]
    mov     eax, TREE_ID_TABLE
    call    oofs_table_tree
    xor     eax, eax
    call    oofs_walk_tree
    jc      .Loofs_walk_state_done
    push    [ebp + WALK_BAD]
    lea     edx, [esi + STATE_TABLE2]
    mov     eax, TREE_ID_TABLE2
    call    oofs_table_tree
    xor     eax, eax
    call    oofs_walk_tree
    pop     edx
    jc      .Loofs_walk_state_done
    mov     dword ptr [ebp + WALK_LENIENT], 0
    test    edx, edx                    # the objects by the table that is whole
    jnz     .Loofs_walk_state_objects
    lea     edx, [esi + STATE_TABLE]
    mov     eax, TREE_ID_TABLE
    call    oofs_table_tree
.Loofs_walk_state_objects:
    mov     dword ptr [ebp + WALK_OBJECTS], 1
    xor     eax, eax
    call    oofs_walk_tree
    mov     dword ptr [ebp + WALK_OBJECTS], 0
.Loofs_walk_state_done:
    pop     edi
    ret

# Visits a block of the snapshot list, if there is one.
# In: EAX block, EDX checksum, EDI tree that stands for the list.
# Out: CF and EAX error.
oofs_walk_list:
    test    eax, eax
    jz      1f
    push    esi
    push    0                           # level
    mov     esi, eax
    mov     ecx, 0
    mov     eax, edx
    xor     edx, edx
    call    [ebp + WALK_VISIT]
    lea     esp, [esp + 4]
    pop     esi
1:  ret

# Walks over a tree.
# In: EDI tree, EAX first of the pages for its nodes.
# Out: CF and EAX error.
.global oofs_walk_tree
oofs_walk_tree:
    mov     [ebp + WALK_BASE], eax
    push    [edi + TREE_ROOT + POINTER_CHECKSUM]
    push    [edi + TREE_ROOT + POINTER_BLOCK]
    push    0
    push    [edi + TREE_DEPTH]
    call    oofs_walk_node
    lea     esp, [esp + 16]
    ret

NODE_LEVEL      = 8                     # arguments of oofs_walk_node, from EDX = ESP after three pushes
NODE_INDEX      = 12
NODE_BLOCK      = 16
NODE_SUM        = 20

# Walks over what one pointer leads to.
# In: EDI tree; on the stack level, index in the level, pointer. The caller removes them.
# Out: CF and EAX error.
oofs_walk_node:
    push    esi
    mov     edx, [esp + NODE_LEVEL]
    mov     ecx, [esp + NODE_INDEX]
    mov     esi, [esp + NODE_BLOCK]
    mov     eax, [esp + NODE_SUM]
    test    esi, esi
    jz      .Loofs_walk_node_hole
    cmp     dword ptr [ebp + WALK_OBJECTS], 1
    je      .Loofs_walk_node_seen       # the table's own blocks were visited before
    inc     dword ptr [ebp + WALK_MET]
    call    [ebp + WALK_VISIT]
    jc      .Loofs_walk_node_done
    test    eax, eax
    jz      .Loofs_walk_node_done
    mov     edx, [esp + NODE_LEVEL]
    test    edx, edx
    jnz     .Loofs_walk_node_seen
    cmp     dword ptr [edi + TREE_NODE_ID], TREE_ID_TABLE # tables are proved, to know which one is whole
    jne     .Loofs_walk_node_done_clear
    mov     ecx, [esp + NODE_SUM]
    mov     edx, [ebp + WALK_PAGES]
    mov     eax, esi
    call    oofs_block_read
    jc      .Loofs_walk_node_broken
    jmp     .Loofs_walk_node_done
.Loofs_walk_node_done_clear:
    clc
    jmp     .Loofs_walk_node_done
.Loofs_walk_node_seen:
    mov     ecx, [esp + NODE_SUM]
    mov     edx, [esp + NODE_LEVEL]
    call    oofs_walk_page
    mov     edx, eax
    mov     eax, esi
    push    edx
    call    oofs_block_read
    pop     edx
    jc      .Loofs_walk_node_broken
    mov     eax, edx
    mov     edx, [esp + NODE_LEVEL]
    mov     ecx, [esp + NODE_INDEX]
    test    edx, edx
    jz      .Loofs_walk_node_records
    call    oofs_node_check
    jc      .Loofs_walk_node_broken
    xor     esi, esi
.Loofs_walk_node_slot:
    mov     edx, [esp + NODE_LEVEL]
    call    oofs_walk_page
    mov     ecx, [eax + TREE_POINTERS + esi*8 + POINTER_BLOCK]
    mov     edx, [eax + TREE_POINTERS + esi*8 + POINTER_CHECKSUM]
    mov     eax, ecx
    or      eax, edx
    jz      .Loofs_walk_node_next
    imul    eax, [esp + NODE_INDEX], TREE_FANOUT
    add     eax, esi
    push    edx
    push    ecx
    push    eax
    mov     eax, [esp + 12 + NODE_LEVEL]
    dec     eax
    push    eax
    call    oofs_walk_node
    lea     esp, [esp + 16]
    jc      .Loofs_walk_node_done
.Loofs_walk_node_next:
    inc     esi
    cmp     esi, TREE_FANOUT
    jb      .Loofs_walk_node_slot
    clc
    jmp     .Loofs_walk_node_done
.Loofs_walk_node_records:
    mov     eax, [esp + NODE_INDEX]
    call    oofs_walk_records
    jmp     .Loofs_walk_node_done
.Loofs_walk_node_hole:
    test    eax, eax
    jz      .Loofs_walk_node_done       # CF is clear
    call    oofs_walk_pointer
.Loofs_walk_node_broken:
    mov     edx, [esp + NODE_LEVEL]
    mov     ecx, [esp + NODE_INDEX]
    call    oofs_walk_broken
.Loofs_walk_node_done:
    pop     esi
    ret

# Finds out what is wrong with a pointer that leads nowhere and has a checksum.
# In: EBX volume, EAX checksum, ESI 0.
# Out: CF and EAX error.
oofs_walk_pointer:
    push    edi
    mov     edi, eax
    call    oofs_pointer_check
    pop     edi
    ret

# Notes where a tree is broken, and says so.
# In: EBX volume, EDI tree, EBP walk, EDX level, ECX index.
# Out: as WALK_BROKEN gives it.
oofs_walk_broken:
    mov     [ebx + OOFS_PLACE + 4], edx
    mov     [ebx + OOFS_PLACE + 8], ecx
    mov     edx, [edi + TREE_KEY]
    mov     [ebx + OOFS_PLACE], edx
    mov     edx, [ebx + OOFS_PLACE + 4]
    mov     dword ptr [ebp + WALK_BAD], 1
    jmp     [ebp + WALK_BROKEN]

# The page for a node of a level.
# In: EDX level.
# Out: EAX page.
# Clobbers: EAX only.
oofs_walk_page:
    mov     eax, [ebp + WALK_BASE]
    add     eax, edx
    shl     eax, OOFS_BLOCK_SHIFT
    add     eax, [ebp + WALK_PAGES]
    ret

# Walks over the objects of a block of the object table, which is in page 0.
# In: EAX index of the block.
# Out: CF and EAX error.
oofs_walk_records:
    push    esi
    push    edi
    shl     eax, 5                      # OBJECT_PER_BLOCK
    push    eax                         # [ESP] id of the record
    mov     esi, [ebp + WALK_PAGES]     # ESI: record
.Loofs_walk_records_next:
    cmp     dword ptr [esi + OBJECT_MAGIC], 0
    je      .Loofs_walk_records_skip
    mov     eax, esi
    mov     edx, [esp]
    mov     ecx, OOFS_VERSION
    call    oofs_object_check
    jc      .Loofs_walk_records_bad
    push    ebp
    mov     edi, ebp
    lea     edi, [edi + WALK_WORK]
    mov     eax, edi
    mov     edx, esi
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     ebp, edi
    call    oofs_work_tree
    pop     ebp
    mov     [ebp + WALK_OBJECT], edi
    mov     dword ptr [ebp + WALK_OBJECTS], 0
    mov     eax, [ebp + WALK_RECORD]
    test    eax, eax
    jz      .Loofs_walk_records_tree
    call    eax
.Loofs_walk_records_tree:
    add     edi, WORK_TREE
    mov     eax, WALK_OBJECT_PAGES
    call    oofs_walk_tree
    mov     dword ptr [ebp + WALK_OBJECTS], 1
    mov     dword ptr [ebp + WALK_BASE], 0
    mov     dword ptr [ebp + WALK_OBJECT], 0
    jc      .Loofs_walk_records_done
    jmp     .Loofs_walk_records_skip
.Loofs_walk_records_bad:
    mov     edx, [esp]
    mov     eax, edx
    call    oofs_place_begin
    LOAD_STRING eax, "the record is damaged of object"
    call    oofs_damaged
    call    [ebp + WALK_BROKEN]
    jc      .Loofs_walk_records_done
.Loofs_walk_records_skip:
    inc     dword ptr [esp]
    add     esi, OBJECT_SIZE_OF
    test    esi, OOFS_BLOCK_BYTES - 1
    jnz     .Loofs_walk_records_next
    clc
.Loofs_walk_records_done:
    pop     edx
    pop     edi
    pop     esi
    ret
