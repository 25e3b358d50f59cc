# OOFS, the object table: records of objects in slots of 128 bytes. It exists twice; where one is damaged, the other
# serves. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.global oofs_class_directory
STRING oofs_class_directory, "directory"
.global oofs_class_file
STRING oofs_class_file, "file"
.global oofs_class_table
STRING oofs_class_table, "object_table"

STRING reason_record, "the record is damaged of object"
STRING reason_missing, "there is no object"

.text

# Reads the record of an object, and proves it.
# In: EAX id, EDX WORK record to fill in.
# Out: the WORK record with its tree; CF and EAX error, ERROR_NOT_FOUND when the slot is free or there is none.
.global oofs_object_get
oofs_object_get:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    test    eax, eax
    jz      .Loofs_object_get_none
    cmp     eax, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_object_get_none
    call    oofs_slot_read
    jc      .Loofs_object_get_done
    test    eax, eax
    jz      .Loofs_object_get_none
    mov     edx, eax
    mov     eax, ebp
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    cmp     dword ptr [ebp + OBJECT_MAGIC], 0
    je      .Loofs_object_get_none
    mov     eax, ebp
    mov     edx, esi
    mov     ecx, OOFS_VERSION
    call    oofs_object_check
    jc      .Loofs_object_get_bad
    call    oofs_work_tree
    clc
    jmp     .Loofs_object_get_done
.Loofs_object_get_bad:
    mov     eax, esi
    call    oofs_place_begin
    mov     eax, offset reason_record
    mov     edx, esi
    call    oofs_damaged
    jmp     .Loofs_object_get_done
.Loofs_object_get_none:
    mov     eax, ERROR_NOT_FOUND
    stc
.Loofs_object_get_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# As oofs_object_get, for who knows that the object must be there.
.global oofs_object_need
oofs_object_need:
    push    eax
    call    oofs_object_get
    pop     edx
    jnc     1f
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     1f
    mov     eax, offset reason_missing
    call    oofs_damaged
1:  ret

# Fills in the tree of an object from its record.
# In: EBP WORK record.
# Clobbers: EAX, EDX only.
.global oofs_work_tree
oofs_work_tree:
    mov     eax, [ebp + OBJECT_ID]
    mov     [ebp + WORK_TREE + TREE_KEY], eax
    mov     [ebp + WORK_TREE + TREE_NODE_ID], eax
    mov     eax, [ebp + OBJECT_ROOT + POINTER_BLOCK]
    mov     [ebp + WORK_TREE + TREE_ROOT + POINTER_BLOCK], eax
    mov     eax, [ebp + OBJECT_ROOT + POINTER_CHECKSUM]
    mov     [ebp + WORK_TREE + TREE_ROOT + POINTER_CHECKSUM], eax
    movzx   eax, byte ptr [ebp + OBJECT_DEPTH]
    mov     [ebp + WORK_TREE + TREE_DEPTH], eax
    mov     eax, [ebp + OBJECT_BYTES]
    mov     edx, [ebp + OBJECT_BYTES + 4]
    call    oofs_blocks_of
    mov     [ebp + WORK_TREE + TREE_BLOCKS], eax
    ret

# Takes over what a commit has put into the roots: whoever read a record before it, has no checksum of a block that was
# changed then, and must not write that down.
# Clobbers: EAX, ECX, EDX.
.global oofs_roots_again
oofs_roots_again:
    push    esi
    push    edi
    push    ebp
    lea     ebp, [ebx + OOFS_WORK]
    lea     edi, [ebx + OOFS_NAME]      # EDI: after the last of them
.Loofs_roots_again_next:
    mov     esi, [ebp + OBJECT_ID]
    cmp     esi, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     1f
    call    oofs_slot_read
    jc      1f                          # whoever needs it hears of that
    test    eax, eax
    jz      1f
    mov     edx, [eax + OBJECT_ROOT + POINTER_BLOCK]
    cmp     edx, [ebp + WORK_TREE + TREE_ROOT + POINTER_BLOCK]
    jne     1f
    mov     edx, [eax + OBJECT_ROOT + POINTER_CHECKSUM]
    mov     [ebp + OBJECT_ROOT + POINTER_CHECKSUM], edx
    mov     [ebp + WORK_TREE + TREE_ROOT + POINTER_CHECKSUM], edx
1:  add     ebp, WORK_SIZE_OF
    cmp     ebp, edi
    jb      .Loofs_roots_again_next
    pop     ebp
    pop     edi
    pop     esi
    ret

# The number of blocks of a content.
# In: EDX:EAX bytes, less than 2^44.
# Out: EAX blocks.
# Clobbers: EAX, EDX only.
.global oofs_blocks_of
oofs_blocks_of:
    add     eax, OOFS_BLOCK_BYTES - 1
    adc     edx, 0
    shrd    eax, edx, OOFS_BLOCK_SHIFT
    ret

# Where the slot of an object is.
# In: ESI id.
# Out: EAX address in memory, not to be changed, 0 when the slots there are all free; CF and EAX error.
oofs_slot_read:
    push    edi
    mov     ecx, esi
    shr     ecx, 5
    lea     edi, [ebx + OOFS_TABLE]
    bt      dword ptr [ebx + OOFS_FLAGS], 8 # OOFS_IS_HURT: something of one is missing, so both are looked at
    jc      .Loofs_slot_read_second
    call    oofs_tree_read
    jnc     .Loofs_slot_read_found
.Loofs_slot_read_second:
    call    oofs_tree_read
    jc      .Loofs_slot_read_other
    test    eax, eax
    jnz     .Loofs_slot_read_found
.Loofs_slot_read_other:
    lea     edi, [ebx + OOFS_TABLE2]
    push    [ebx + OOFS_PLACE]          # of what is damaged, if the other table is not
    push    [ebx + OOFS_PLACE + 4]
    push    [ebx + OOFS_PLACE + 8]
    push    eax
    call    oofs_tree_read
    pop     edx
    jc      .Loofs_slot_read_neither
    cmp     edx, ERROR_CORRUPT
    jne     .Loofs_slot_read_good
    pop     [ebx + OOFS_PLACE + 8]
    pop     [ebx + OOFS_PLACE + 4]
    pop     [ebx + OOFS_PLACE]
    call    oofs_table_told
    jmp     .Loofs_slot_read_found
.Loofs_slot_read_neither:
    lea     esp, [esp + 12]
    jmp     .Loofs_slot_read_done
.Loofs_slot_read_good:
    lea     esp, [esp + 12]
.Loofs_slot_read_found:
    test    eax, eax
    jz      .Loofs_slot_read_done
    mov     ecx, esi
    and     ecx, OBJECT_PER_BLOCK - 1
    shl     ecx, OBJECT_SHIFT
    add     eax, ecx
    clc
.Loofs_slot_read_done:
    pop     edi
    ret

# Says once that one object table is damaged.
# Clobbers: none.
.global oofs_table_told
oofs_table_told:
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_TOLD
    jnz     1f
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_TOLD
    pushad
    mov     eax, ERROR_CORRUPT
    call    oofs_complain
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: the other object table serves\n", eax
    popad
1:  ret

# Checks an object record.
# In: EAX record, EDX its id, ECX version of the format.
# Out: CF when it is damaged.
.global oofs_object_check
oofs_object_check:
    push    esi
    push    edi
    mov     esi, eax
    cmp     dword ptr [esi + OBJECT_MAGIC], OBJECT_MAGIC_VALUE
    jne     .Loofs_object_check_bad
    cmp     [esi + OBJECT_VERSION], cx
    jne     .Loofs_object_check_bad
    cmp     [esi + OBJECT_ID], edx
    jne     .Loofs_object_check_bad
    cmp     dword ptr [esi + OBJECT_BYTES + 4], OBJECT_BYTES_HIGH
    ja      .Loofs_object_check_bad
    jb      .Loofs_object_check_size
    cmp     dword ptr [esi + OBJECT_BYTES], -OOFS_BLOCK_BYTES
    ja      .Loofs_object_check_bad
.Loofs_object_check_size:
    mov     eax, [esi + OBJECT_BYTES]
    mov     edx, [esi + OBJECT_BYTES + 4]
    call    oofs_blocks_of
    call    oofs_tree_depth
    cmp     [esi + OBJECT_DEPTH], ax    # and a zero byte
    jne     .Loofs_object_check_bad
    cmp     dword ptr [esi + OBJECT_ROOT + POINTER_BLOCK], 0
    jne     .Loofs_object_check_class
    cmp     dword ptr [esi + OBJECT_ROOT + POINTER_CHECKSUM], 0
    jne     .Loofs_object_check_bad
.Loofs_object_check_class:
    xor     edx, edx
.Loofs_object_check_letter:
    mov     al, [esi + OBJECT_CLASS + edx]
    test    al, al
    jz      .Loofs_object_check_end
    cmp     al, ' '
    jbe     .Loofs_object_check_bad
    cmp     al, 0x7E
    ja      .Loofs_object_check_bad
    inc     edx
    cmp     edx, OBJECT_CLASS_BYTES
    jb      .Loofs_object_check_letter
    jmp     .Loofs_object_check_bad
.Loofs_object_check_end:
    test    edx, edx
    jz      .Loofs_object_check_bad
.Loofs_object_check_zero:
    cmp     byte ptr [esi + OBJECT_CLASS + edx], 0
    jne     .Loofs_object_check_bad
    inc     edx
    test    edx, 3
    jnz     .Loofs_object_check_zero
    jmp     .Loofs_object_check_rest
.Loofs_object_check_zeros:
    cmp     dword ptr [esi + OBJECT_CLASS + edx], 0
    jne     .Loofs_object_check_bad
    add     edx, 4
.Loofs_object_check_rest:
    cmp     edx, OBJECT_CLASS_BYTES
    jb      .Loofs_object_check_zeros
    cmp     ecx, OOFS_VERSION
    jne     .Loofs_object_check_good
    test    dword ptr [esi + OBJECT_BYTES], OOFS_BLOCK_BYTES - 1
    jz      .Loofs_object_check_good
    call    oofs_is_directory
    je      .Loofs_object_check_bad
.Loofs_object_check_good:
    clc
    jmp     .Loofs_object_check_done
.Loofs_object_check_bad:
    stc
.Loofs_object_check_done:
    pop     edi
    pop     esi
    ret

# Whether an object is a directory.
# In: ESI record.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX only.
.global oofs_is_directory
oofs_is_directory:
    lea     eax, [esi + OBJECT_CLASS]
    mov     edx, offset oofs_class_directory
    jmp     string_compare

# Whether an object is a file.
# In: ESI record.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX only.
.global oofs_is_file
oofs_is_file:
    lea     eax, [esi + OBJECT_CLASS]
    mov     edx, offset oofs_class_file
    jmp     string_compare

# Puts the record of an object into both tables. Its root and depth are those of its tree.
# In: EDX WORK record.
# Out: CF and EAX error.
.global oofs_object_put
oofs_object_put:
    push    ebp
    mov     ebp, edx
    CHECK   "dword ptr [ebp+WORK_TREE+TREE_DEPTH]", be, OBJECT_DEPTH_MAX, "oofs_object_put: the tree is too deep"
    CHECK   "dword ptr [ebp+OBJECT_MAGIC]", e, OBJECT_MAGIC_VALUE, "oofs_object_put: no record of an object"
    mov     eax, [ebp + WORK_TREE + TREE_ROOT + POINTER_BLOCK]
    mov     [ebp + OBJECT_ROOT + POINTER_BLOCK], eax
    mov     eax, [ebp + WORK_TREE + TREE_ROOT + POINTER_CHECKSUM]
    mov     [ebp + OBJECT_ROOT + POINTER_CHECKSUM], eax
    mov     al, [ebp + WORK_TREE + TREE_DEPTH]
    mov     [ebp + OBJECT_DEPTH], al
    mov     eax, [ebx + OOFS_STATE + STATE_SEQUENCE]
    mov     edx, [ebx + OOFS_STATE + STATE_SEQUENCE + 4]
    add     eax, 1
    adc     edx, 0
    mov     [ebp + OBJECT_CHANGED], eax
    mov     [ebp + OBJECT_CHANGED + 4], edx
    mov     eax, [ebp + OBJECT_ID]
    mov     edx, ebp
    call    oofs_slot_put
    pop     ebp
    ret

# Puts 128 bytes into a slot of both tables.
# In: EAX id, EDX bytes.
# Out: CF and EAX error.
oofs_slot_put:
    CHECK   eax, b, [ebx+OOFS_STATE+STATE_SLOTS], "oofs_slot_put: there is no such slot"
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    lea     edi, [ebx + OOFS_TABLE]
1:  mov     ecx, esi
    shr     ecx, 5
    call    oofs_tree_touch
    jc      9f
    mov     ecx, esi
    and     ecx, OBJECT_PER_BLOCK - 1
    shl     ecx, OBJECT_SHIFT
    add     eax, ecx
    mov     edx, ebp
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    call    oofs_table_settle
    jc      9f
    lea     eax, [ebx + OOFS_TABLE2]
    cmp     edi, eax
    mov     edi, eax
    jne     1b
    clc
9:  pop     ebp
    pop     edi
    pop     esi
    ret

# Puts a checksum into the root pointer of an object, in both tables, which are in memory.
# In: EAX id, EDX checksum.
.global oofs_record_sum
oofs_record_sum:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     eax, TREE_ID_TABLE
    call    2f
    mov     eax, TREE_ID_TABLE2
    call    2f
    pop     edi
    pop     esi
    ret
2:  xor     edx, edx
    mov     ecx, esi
    shr     ecx, 5
    call    cache_find
    ASSERT  ne, "oofs: a changed object has no record in memory"
    mov     eax, [eax + BLOCK_DATA]
    mov     ecx, esi
    and     ecx, OBJECT_PER_BLOCK - 1
    shl     ecx, OBJECT_SHIFT
    mov     [eax + ecx + OBJECT_ROOT + POINTER_CHECKSUM], edi
    ret

# Makes the record of a new object without content, in a free slot. It is not in the table yet.
# In: EDX WORK record, ESI class name, EAX parent.
# Out: the record; CF and EAX error.
.global oofs_object_new
oofs_object_new:
    push    edi
    push    ebp
    push    eax
    mov     ebp, edx
    call    oofs_slot_take
    jc      9f
    mov     edi, eax
    mov     eax, ebp
    xor     edx, edx
    mov     ecx, WORK_SIZE_OF
    call    mem_set
    mov     dword ptr [ebp + OBJECT_MAGIC], OBJECT_MAGIC_VALUE
    mov     word ptr [ebp + OBJECT_VERSION], OOFS_VERSION
    mov     [ebp + OBJECT_ID], edi
    mov     eax, [esp]
    mov     [ebp + OBJECT_PARENT], eax
    call    oofs_now
    mov     [ebp + OBJECT_MODIFIED], eax
    mov     [ebp + OBJECT_CREATED], eax
    lea     eax, [ebp + OBJECT_CLASS]
    mov     edx, esi
    mov     ecx, OBJECT_CLASS_BYTES
    call    string_copy
    call    oofs_work_tree
    clc
9:  pop     edx
    pop     ebp
    pop     edi
    ret

# Takes a free slot, and counts it as used. The table grows when there is none.
# Out: EAX id; CF and EAX error.
oofs_slot_take:
    push    esi
    push    edi
    mov     edi, [ebx + OOFS_STATE + STATE_FIRST_FREE]
.Loofs_slot_take_look:
    cmp     edi, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_slot_take_grow
    mov     esi, edi
    call    oofs_slot_read
    jc      .Loofs_slot_take_done
    test    eax, eax
    jz      .Loofs_slot_take_found
    cmp     dword ptr [eax + OBJECT_MAGIC], 0
    je      .Loofs_slot_take_found
    inc     edi
    jmp     .Loofs_slot_take_look
.Loofs_slot_take_grow:
    mov     esi, edi
    mov     eax, ERROR_NO_SPACE
    cmp     esi, 1 << 31
    jae     .Loofs_slot_take_failed
    mov     eax, esi
    shr     eax, 5
    inc     eax
    push    eax
    lea     edi, [ebx + OOFS_TABLE]
    call    oofs_tree_resize
    pop     eax
    jc      .Loofs_slot_take_done
    lea     edi, [ebx + OOFS_TABLE2]
    call    oofs_tree_resize
    jc      .Loofs_slot_take_done
    add     dword ptr [ebx + OOFS_STATE + STATE_SLOTS], OBJECT_PER_BLOCK
    mov     edi, esi
.Loofs_slot_take_found:
    inc     dword ptr [ebx + OOFS_STATE + STATE_OBJECTS]
    lea     eax, [edi + 1]
    mov     [ebx + OOFS_STATE + STATE_FIRST_FREE], eax
    mov     eax, edi
    clc
    jmp     .Loofs_slot_take_done
.Loofs_slot_take_failed:
    stc
.Loofs_slot_take_done:
    pop     edi
    pop     esi
    ret

# Frees the slot of an object whose content is freed.
# In: EAX id.
# Out: CF and EAX error.
.global oofs_slot_free
oofs_slot_free:
    push    esi
    push    edi
    mov     esi, eax
    sub     esp, OBJECT_SIZE_OF
    mov     edi, esp
    xor     eax, eax
    mov     ecx, OBJECT_SIZE_OF / 4
    rep stosd
    mov     edx, esp
    mov     eax, esi
    call    oofs_slot_put
    lea     esp, [esp + OBJECT_SIZE_OF]
    jc      1f
    dec     dword ptr [ebx + OOFS_STATE + STATE_OBJECTS]
    cmp     esi, [ebx + OOFS_STATE + STATE_FIRST_FREE]
    jae     2f
    mov     [ebx + OOFS_STATE + STATE_FIRST_FREE], esi
2:  clc
1:  pop     edi
    pop     esi
    ret
