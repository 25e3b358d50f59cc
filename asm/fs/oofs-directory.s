# OOFS, directories: names in leaves of a trie by the bits of their hashes. In all routines EBX = OOFS record
# (oofs.inc), EBP = WORK record of the directory; both are kept. The name in question is OOFS_NAME.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

.text

# Takes a name.
# In: EAX bytes, EDX number, 1 to 255.
# Out: OOFS_NAME, its length and hash.
.global oofs_name_take
oofs_name_take:
    push    esi
    mov     esi, edx
    mov     [ebx + OOFS_NAME_LENGTH], edx
    mov     edx, eax
    lea     eax, [ebx + OOFS_NAME]
    mov     ecx, esi
    call    mem_copy
    mov     byte ptr [ebx + OOFS_NAME + esi], 0
    lea     eax, [ebx + OOFS_NAME]
    mov     edx, esi
    call    crc32
    mov     [ebx + OOFS_NAME_HASH], eax
    pop     esi
    ret

# Looks for a name.
# Out: EAX id; ECX block of the leaf, EDX offset of the entry; CF and EAX error: ERROR_NOT_FOUND ...
.global oofs_name_find
oofs_name_find:
    push    esi
    push    edi
    lea     edi, [ebp + WORK_TREE]
    mov     eax, [ebx + OOFS_NAME_HASH]
    call    oofs_leaf_way
    jc      .Loofs_name_find_done
    cmp     ecx, -1
    je      .Loofs_name_find_none
    call    oofs_leaf_read
    jc      .Loofs_name_find_done
    mov     esi, eax
    push    ecx
    movzx   edi, word ptr [esi + LEAF_BYTES]
    mov     edx, [ebx + OOFS_NAME_HASH]
    mov     ecx, LEAF_ENTRIES
.Loofs_name_find_entry:
    cmp     ecx, edi
    jae     .Loofs_name_find_end
    cmp     [esi + ecx + ENTRY_HASH], edx   # they are in the order of their hashes
    jae     .Loofs_name_find_hash
.Loofs_name_find_next:
    movzx   eax, byte ptr [esi + ecx + ENTRY_LENGTH]
    lea     ecx, [ecx + eax + ENTRY_NAME + 3]
    and     ecx, ~3
    jmp     .Loofs_name_find_entry
.Loofs_name_find_hash:
    ja      .Loofs_name_find_end
    call    oofs_entry_is
    mov     edx, [ebx + OOFS_NAME_HASH]
    jne     .Loofs_name_find_next
    jmp     .Loofs_name_find_found
.Loofs_name_find_end:
    pop     ecx
.Loofs_name_find_none:
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     .Loofs_name_find_done
.Loofs_name_find_found:
    mov     eax, [esi + ecx + ENTRY_OBJECT]
    mov     edx, ecx
    pop     ecx
    clc
.Loofs_name_find_done:
    pop     edi
    pop     esi
    ret

# Whether an entry has the name.
# In: ESI leaf, ECX offset.
# Out: ZF when so.
# Clobbers: EAX, EDX only.
oofs_entry_is:
    mov     eax, [esi + ecx + ENTRY_HASH]
    cmp     eax, [ebx + OOFS_NAME_HASH]
    jne     1f
    movzx   eax, byte ptr [esi + ecx + ENTRY_LENGTH]
    cmp     eax, [ebx + OOFS_NAME_LENGTH]
    jne     1f
    push    ecx
    lea     edx, [ebx + OOFS_NAME]
    lea     ecx, [esi + ecx + ENTRY_NAME]
    xchg    eax, ecx
    call    mem_compare
    pop     ecx
1:  ret

# The length of an entry for the name.
# Out: EAX.
# Clobbers: EAX only.
oofs_name_bytes:
    mov     eax, [ebx + OOFS_NAME_LENGTH]
    add     eax, ENTRY_NAME + 3
    and     eax, ~3
    ret

# How many leaves must be divided to take the name.
# Out: EAX number; CF and EAX = ERROR_NO_SPACE when there is no place for it, or another error.
.global oofs_name_divisions
oofs_name_divisions:
    push    esi
    push    edi
    lea     edi, [ebp + WORK_TREE]
    mov     eax, [ebx + OOFS_NAME_HASH]
    call    oofs_leaf_way
    jc      .Loofs_name_divisions_done
    cmp     ecx, -1
    mov     eax, 0
    je      .Loofs_name_divisions_good
    mov     eax, [ebx + OOFS_NAME_HASH]
    call    oofs_leaf_read
    jc      .Loofs_name_divisions_done
    mov     esi, eax
    call    oofs_name_bytes             # most often it fits as it is
    movzx   ecx, word ptr [esi + LEAF_BYTES]
    add     ecx, eax
    xor     eax, eax
    cmp     ecx, OOFS_BLOCK_BYTES
    jbe     .Loofs_name_divisions_good
    mov     edi, edx                    # EDI: steps, [ESP] steps at first
    push    edx
.Loofs_name_divisions_more:
    call    oofs_bytes_beside
    cmp     eax, OOFS_BLOCK_BYTES
    jbe     .Loofs_name_divisions_fits
    inc     edi
    cmp     edi, LEAF_STEPS_MAX
    jbe     .Loofs_name_divisions_more
    pop     edx
    mov     eax, ERROR_NO_SPACE
    stc
    jmp     .Loofs_name_divisions_done
.Loofs_name_divisions_fits:
    mov     eax, edi
    pop     edx
    sub     eax, edx
.Loofs_name_divisions_good:
    clc
.Loofs_name_divisions_done:
    pop     edi
    pop     esi
    ret

# Bytes of a leaf that has the name, and those entries that go with it for so many steps.
# In: ESI leaf, EDI steps.
# Out: EAX.
# Clobbers: EAX, ECX, EDX only.
oofs_bytes_beside:
    call    oofs_name_bytes
    add     eax, LEAF_ENTRIES
    push    eax
    mov     ecx, LEAF_ENTRIES
1:  movzx   eax, word ptr [esi + LEAF_BYTES]
    cmp     ecx, eax
    jae     3f
    mov     edx, [esi + ecx + ENTRY_HASH]
    xor     edx, [ebx + OOFS_NAME_HASH]
    push    ecx
    mov     ecx, edi
    mov     eax, -1
    shr     eax, cl
    not     eax                         # the highest bits
    pop     ecx
    test    edx, eax
    call    oofs_entry_bytes_kept
    jnz     2f
    add     [esp], eax
2:  add     ecx, eax
    jmp     1b
3:  pop     eax
    ret

# As oofs_entry_bytes; keeps the flags.
# In: ESI leaf, ECX offset.
# Out: EAX.
oofs_entry_bytes_kept:
    pushfd
    call    oofs_entry_bytes
    popfd
    ret

# Adds the name, which is not there.
# In: EAX id.
# Out: the record is put; CF and EAX error.
.global oofs_name_insert
oofs_name_insert:
    push    esi
    push    edi
    push    eax
    lea     edi, [ebp + WORK_TREE]
    cmp     dword ptr [edi + TREE_BLOCKS], 0
    jne     .Loofs_name_insert_look
    mov     eax, 1
    call    oofs_tree_resize
    jc      .Loofs_name_insert_done
    xor     ecx, ecx
    call    oofs_leaf_new
    jc      .Loofs_name_insert_done
.Loofs_name_insert_look:
    mov     eax, [ebx + OOFS_NAME_HASH]
    call    oofs_leaf_way
    jc      .Loofs_name_insert_done
    call    oofs_leaf_read
    jc      .Loofs_name_insert_done
    mov     esi, eax
    call    oofs_name_bytes
    movzx   esi, word ptr [esi + LEAF_BYTES]
    add     eax, esi
    cmp     eax, OOFS_BLOCK_BYTES
    jbe     .Loofs_name_insert_here
    call    oofs_leaf_divide
    jc      .Loofs_name_insert_done
    jmp     .Loofs_name_insert_look
.Loofs_name_insert_here:
    call    oofs_tree_touch
    jc      .Loofs_name_insert_done
    mov     esi, eax
    mov     eax, [esp]
    call    oofs_entry_add
    inc     dword ptr [ebp + OBJECT_COUNT]
    call    oofs_directory_put
.Loofs_name_insert_done:
    pop     edx
    pop     edi
    pop     esi
    ret

# Makes an empty leaf.
# In: ECX block of the content, EDI tree.
# Out: EAX data, to be changed at once; CF and EAX error.
oofs_leaf_new:
    call    oofs_tree_replace
    jc      1f
    call    oofs_block_zero
    mov     dword ptr [eax + LEAF_MAGIC], LEAF_MAGIC_VALUE
    mov     word ptr [eax + LEAF_VERSION], 1
    mov     word ptr [eax + LEAF_BYTES], LEAF_ENTRIES
    mov     ecx, [edi + TREE_NODE_ID]
    mov     [eax + LEAF_DIRECTORY], ecx
1:  ret

# Puts an entry for the name into a leaf that has room, after all that have no greater hash.
# In: ESI leaf, EAX id.
# Clobbers: EAX, ECX, EDX only.
oofs_entry_add:
    push    edi
    push    eax
    movzx   edi, word ptr [esi + LEAF_BYTES]
    mov     edx, [ebx + OOFS_NAME_HASH]
    mov     ecx, LEAF_ENTRIES
1:  cmp     ecx, edi
    jae     2f
    cmp     [esi + ecx + ENTRY_HASH], edx
    ja      2f
    movzx   eax, byte ptr [esi + ecx + ENTRY_LENGTH]
    lea     ecx, [ecx + eax + ENTRY_NAME + 3]
    and     ecx, ~3
    jmp     1b
2:  mov     eax, edi
    sub     eax, ecx                    # EAX: bytes after it
    lea     edi, [esi + ecx]            # EDI: the entry
    mov     ecx, eax
    call    oofs_name_bytes
    add     [esi + LEAF_BYTES], ax
    push    eax
    add     eax, edi
    mov     edx, edi
    call    mem_move
    pop     ecx
    mov     eax, edi
    xor     edx, edx
    call    mem_set
    pop     eax
    mov     [edi + ENTRY_OBJECT], eax
    mov     eax, [ebx + OOFS_NAME_HASH]
    mov     [edi + ENTRY_HASH], eax
    mov     ecx, [ebx + OOFS_NAME_LENGTH]
    mov     [edi + ENTRY_LENGTH], cl
    lea     eax, [edi + ENTRY_NAME]
    lea     edx, [ebx + OOFS_NAME]
    call    mem_copy
    pop     edi
    ret

# Divides a leaf: its entries go to two new ones by their next bit.
# In: ECX block of the content, EDX steps to it, EDI tree.
# Out: CF and EAX error.
oofs_leaf_divide:
    FRAME   12
    push    esi
    # Locals: -4 block, -8 steps, -12 side
    mov     [ebp - 4], ecx
    mov     [ebp - 8], edx
    call    oofs_tree_read              # it is in memory
    jc      .Loofs_leaf_divide_done
    mov     edx, eax
    mov     eax, [ebx + OOFS_SCRATCH]
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_copy
    mov     eax, [ebp - 4]
    lea     eax, [eax*2 + 3]
    cmp     eax, [edi + TREE_BLOCKS]
    jbe     .Loofs_leaf_divide_sides
    call    oofs_tree_resize
    jc      .Loofs_leaf_divide_done
.Loofs_leaf_divide_sides:
    mov     dword ptr [ebp - 12], 0
.Loofs_leaf_divide_side:
    mov     ecx, [ebp - 4]
    lea     ecx, [ecx*2 + 1]
    add     ecx, [ebp - 12]
    call    oofs_leaf_new
    jc      .Loofs_leaf_divide_done
    push    edi
    mov     edi, eax
    call    oofs_half_copy
    pop     edi
    inc     dword ptr [ebp - 12]
    cmp     dword ptr [ebp - 12], 2
    jb      .Loofs_leaf_divide_side
    mov     ecx, [ebp - 4]
    call    oofs_tree_punch
.Loofs_leaf_divide_done:
    pop     esi
    ENDFRAME
    ret

# Copies the entries of one side from OOFS_SCRATCH to a new leaf.
# In: EDI leaf, EBP frame of oofs_leaf_divide.
# Clobbers: EAX, ECX, EDX, ESI only.
oofs_half_copy:
    mov     esi, [ebx + OOFS_SCRATCH]
    mov     ecx, LEAF_ENTRIES
1:  movzx   eax, word ptr [esi + LEAF_BYTES]
    cmp     ecx, eax
    jae     3f
    mov     edx, [esi + ecx + ENTRY_HASH]
    push    ecx
    mov     ecx, [ebp - 8]
    shl     edx, cl
    pop     ecx
    shr     edx, 31
    call    oofs_entry_bytes
    cmp     edx, [ebp - 12]
    jne     2f
    push    eax
    push    ecx
    lea     edx, [esi + ecx]
    mov     ecx, eax
    movzx   eax, word ptr [edi + LEAF_BYTES]
    add     [edi + LEAF_BYTES], cx
    add     eax, edi
    call    mem_copy
    pop     ecx
    pop     eax
2:  add     ecx, eax
    jmp     1b
3:  ret

# Makes the name lead to another object.
# In: EAX id.
# Out: the record is put; CF and EAX error.
.global oofs_name_replace
oofs_name_replace:
    push    esi
    push    edi
    push    eax
    call    oofs_name_find
    jc      9f
    mov     esi, edx
    lea     edi, [ebp + WORK_TREE]
    call    oofs_tree_touch
    jc      9f
    mov     edx, [esp]
    mov     [eax + esi + ENTRY_OBJECT], edx
    call    oofs_directory_put
9:  pop     edx
    pop     edi
    pop     esi
    ret

# Takes the name away, which is there. With the last one the directory becomes empty.
# Out: the record is put; CF and EAX error.
.global oofs_name_remove
oofs_name_remove:
    push    esi
    push    edi
    lea     edi, [ebp + WORK_TREE]
    cmp     dword ptr [ebp + OBJECT_COUNT], 1
    jne     .Loofs_name_remove_entry
    mov     dword ptr [ebx + OOFS_BUDGET], 0x7FFFFFFF
    xor     eax, eax
    call    oofs_tree_resize
    jc      .Loofs_name_remove_done
    jmp     .Loofs_name_remove_put
.Loofs_name_remove_entry:
    call    oofs_name_find
    jc      .Loofs_name_remove_done
    push    edx
    call    oofs_tree_touch
    pop     ecx
    jc      .Loofs_name_remove_done
    mov     esi, eax
    call    oofs_entry_bytes
    movzx   edx, word ptr [esi + LEAF_BYTES]
    sub     [esi + LEAF_BYTES], ax
    push    edi
    lea     edi, [esi + ecx]            # EDI: the entry
    sub     edx, ecx
    sub     edx, eax                    # EDX: bytes after it
    push    eax
    push    edx
    mov     ecx, edx
    lea     edx, [edi + eax]
    mov     eax, edi
    call    mem_move
    pop     edx
    pop     ecx
    lea     eax, [edi + edx]
    xor     edx, edx
    call    mem_set
    pop     edi
.Loofs_name_remove_put:
    dec     dword ptr [ebp + OBJECT_COUNT]
    call    oofs_directory_put
.Loofs_name_remove_done:
    pop     edi
    pop     esi
    ret

# Puts the record of the directory after a change.
# Out: CF and EAX error.
oofs_directory_put:
    mov     eax, [ebp + WORK_TREE + TREE_BLOCKS]
    mov     edx, eax
    shl     eax, OOFS_BLOCK_SHIFT
    shr     edx, 32 - OOFS_BLOCK_SHIFT
    mov     [ebp + OBJECT_BYTES], eax
    mov     [ebp + OBJECT_BYTES + 4], edx
    call    oofs_now
    mov     [ebp + OBJECT_MODIFIED], eax
    mov     dword ptr [ebp + OBJECT_MODIFIED + 4], 0
    mov     edx, ebp
    jmp     oofs_object_put

# The next entry of a directory, in the order of hashes.
# In: EDI address of the position: u32 hash, u32 how many entries of that hash were met.
# Out: EAX id, and its name in OOFS_NAME; the position is moved. CF and EAX = ERROR_NOT_FOUND after the last, or error.
.global oofs_name_next
oofs_name_next:
    push    esi
    push    edi
    push    edi
    lea     edi, [ebp + WORK_TREE]
.Loofs_name_next_leaf:
    mov     eax, [esp]
    mov     eax, [eax]
    call    oofs_leaf_way
    jc      .Loofs_name_next_done
    cmp     ecx, -1
    je      .Loofs_name_next_none
    push    edx
    call    oofs_leaf_read
    pop     edx
    jc      .Loofs_name_next_done
    mov     esi, eax
    push    edx                         # [ESP] steps, [ESP + 4] address of the position
    mov     edi, [esp + 4]
    mov     ecx, LEAF_ENTRIES
    xor     edx, edx                    # EDX: entries of the position's hash so far
.Loofs_name_next_entry:
    movzx   eax, word ptr [esi + LEAF_BYTES]
    cmp     ecx, eax
    jae     .Loofs_name_next_end
    mov     eax, [esi + ecx + ENTRY_HASH]
    cmp     eax, [edi]
    ja      .Loofs_name_next_later
    jb      .Loofs_name_next_past
    inc     edx
    cmp     edx, [edi + 4]
    ja      .Loofs_name_next_found
.Loofs_name_next_past:
    call    oofs_entry_bytes
    add     ecx, eax
    jmp     .Loofs_name_next_entry
.Loofs_name_next_later:
    mov     [edi], eax
    mov     edx, 1
.Loofs_name_next_found:
    mov     [edi + 4], edx
    pop     edx
    push    [esi + ecx + ENTRY_OBJECT]
    movzx   edx, byte ptr [esi + ecx + ENTRY_LENGTH]
    lea     eax, [esi + ecx + ENTRY_NAME]
    call    oofs_name_take
    pop     eax
    clc
    jmp     .Loofs_name_next_done
.Loofs_name_next_end:
    pop     ecx                         # steps: all hashes of the leaf have these bits of the way
    mov     eax, -1
    shr     eax, cl
    or      eax, [edi]
    inc     eax                         # the first hash after them
    jz      .Loofs_name_next_none
    mov     [edi], eax
    mov     dword ptr [edi + 4], 0
    lea     edi, [ebp + WORK_TREE]
    jmp     .Loofs_name_next_leaf
.Loofs_name_next_none:
    mov     eax, ERROR_NOT_FOUND
    stc
.Loofs_name_next_done:
    pop     edx
    pop     edi
    pop     esi
    ret
