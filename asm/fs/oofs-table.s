# OOFS, the object table: records of 128 bytes whose index is the object's id. The table is an object itself; its record
# stands in the commit record. Slot 0 stays free, slot 1 is the root directory. In all routines EBX = OOFS record
# (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

STRING reason_record, "an object record has a wrong magic, version or id, object"
STRING reason_record_zero, "an object record is not zero where it must be, object"
STRING reason_record_tree, "size and tree of an object do not fit together, object"
STRING reason_record_class, "an object has no valid class name, object"
STRING reason_record_parent, "an object is its own directory or has one that cannot be, object"
STRING reason_slot, "a free slot of the object table is not empty, object"

.global oofs_class_directory
STRING oofs_class_directory, "directory"

.text

# The number of slots of the table, changes included.
# Out: EAX.
.global oofs_slots
oofs_slots:
    mov     eax, [ebx + OOFS_WORK + OBJECT_BYTES]
    mov     edx, [ebx + OOFS_WORK + OBJECT_BYTES + 4]
    shrd    eax, edx, OBJECT_SHIFT
    ret

# Brings the block of the table that holds a slot into OOFS_TABLE_BUFFER.
# In: EAX id, below oofs_slots.
# Out: EAX address of the slot; CF and EAX on failure.
oofs_slot_load:
    push    esi
    push    edi
    mov     edi, eax
    mov     ecx, eax
    shr     ecx, OOFS_BLOCK_SHIFT - OBJECT_SHIFT
    mov     esi, [ebx + OOFS_TABLE_BUFFER]
    cmp     ecx, [ebx + OOFS_TABLE_INDEX]
    je      1f
    mov     dword ptr [ebx + OOFS_TABLE_INDEX], -1
    push    ecx
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_tree_read
    pop     ecx
    jc      9f
    mov     [ebx + OOFS_TABLE_INDEX], ecx
1:  and     edi, OBJECT_PER_BLOCK - 1
    shl     edi, OBJECT_SHIFT
    lea     eax, [esi + edi]
    clc
9:  pop     edi
    pop     esi
    ret

# Checks an object record.
# In: EAX record, EDX the id that it must have.
# Out: CF and EAX = ERROR_CORRUPT.
.global oofs_record_check
oofs_record_check:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     eax, offset reason_record
    cmp     dword ptr [esi + OBJECT_MAGIC], OBJECT_MAGIC_VALUE
    jne     .Loofs_record_check_bad
    cmp     word ptr [esi + OBJECT_VERSION], OOFS_VERSION
    jne     .Loofs_record_check_bad
    cmp     [esi + OBJECT_ID], edi
    jne     .Loofs_record_check_bad
    mov     eax, offset reason_record_zero
    cmp     byte ptr [esi + OBJECT_DEPTH + 1], 0
    jne     .Loofs_record_check_bad
    xor     ecx, ecx
.Loofs_record_check_zero:
    cmp     dword ptr [esi + OBJECT_ZERO + ecx*4], 0
    jne     .Loofs_record_check_bad
    inc     ecx
    cmp     ecx, (OBJECT_CLASS - OBJECT_ZERO) / 4
    jb      .Loofs_record_check_zero

    # Size, depth and root tell the same story.
    mov     edx, esi
    call    oofs_object_blocks
    mov     edx, eax
    mov     eax, offset reason_record_tree
    jc      .Loofs_record_check_bad
    mov     eax, edx
    call    oofs_tree_depth
    cmp     [esi + OBJECT_DEPTH], al
    mov     eax, offset reason_record_tree
    jne     .Loofs_record_check_bad
    test    edx, edx
    jnz     .Loofs_record_check_class
    cmp     dword ptr [esi + OBJECT_ROOT + POINTER_BLOCK], 0
    jne     .Loofs_record_check_bad

    # The class: printable, NUL padded.
.Loofs_record_check_class:
    mov     eax, offset reason_record_class
    xor     ecx, ecx
.Loofs_record_check_character:
    mov     dl, [esi + OBJECT_CLASS + ecx]
    cmp     dl, ' '
    jbe     .Loofs_record_check_class_end
    cmp     dl, 0x7E
    ja      .Loofs_record_check_bad
    inc     ecx
    cmp     ecx, OBJECT_CLASS_BYTES
    jb      .Loofs_record_check_character
    jmp     .Loofs_record_check_bad
.Loofs_record_check_class_end:
    jecxz   .Loofs_record_check_bad
.Loofs_record_check_padding:
    cmp     byte ptr [esi + OBJECT_CLASS + ecx], 0
    jne     .Loofs_record_check_bad
    inc     ecx
    cmp     ecx, OBJECT_CLASS_BYTES
    jb      .Loofs_record_check_padding

    mov     eax, offset reason_record_parent
    mov     edx, [esi + OBJECT_PARENT]
    test    edx, edx
    jz      .Loofs_record_check_done    # CF is clear
    cmp     edx, edi
    je      .Loofs_record_check_bad
    push    eax
    push    edx
    call    oofs_slots
    pop     edx
    cmp     edx, eax
    pop     eax
    cmc
    jnc     .Loofs_record_check_done
.Loofs_record_check_bad:
    mov     edx, edi
    call    oofs_damaged
.Loofs_record_check_done:
    pop     edi
    pop     esi
    ret

# Copies an object's record.
# In: EAX id, EDX room for OBJECT_SIZE_OF bytes.
# Out: CF and EAX: ERROR_NOT_FOUND, ERROR_CORRUPT.
.global oofs_object_get
oofs_object_get:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    call    oofs_slots
    cmp     esi, eax
    jae     8f
    mov     eax, esi
    call    oofs_slot_load
    jc      9f
    cmp     dword ptr [eax + OBJECT_MAGIC], 0
    je      8f
    mov     edx, eax
    mov     eax, edi
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     eax, edi
    mov     edx, esi
    call    oofs_record_check
    jmp     9f
8:  mov     eax, ERROR_NOT_FOUND
    stc
9:  pop     edi
    pop     esi
    ret

# Puts a record into its slot, as part of the next commit.
# In: EDX record; OBJECT_ID says where, below oofs_slots.
# Out: CF and EAX on failure.
.global oofs_object_put
oofs_object_put:
    push    esi
    push    edi
    mov     esi, edx
    mov     edi, [esi + OBJECT_ID]
    mov     eax, edi
    call    oofs_slot_load
    jc      9f
    mov     edx, esi
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    mov     eax, edi
    call    oofs_table_write
9:  pop     edi
    pop     esi
    ret

# Writes the block of the table that is in the buffer.
# In: EAX id of a slot in it.
# Out: CF and EAX on failure.
oofs_table_write:
    push    esi
    lea     edx, [ebx + OOFS_WORK]
    mov     ecx, eax
    shr     ecx, OOFS_BLOCK_SHIFT - OBJECT_SHIFT
    mov     esi, [ebx + OOFS_TABLE_BUFFER]
    call    oofs_tree_write
    jc      8f
    call    oofs_tree_flush
    jnc     9f
8:  mov     dword ptr [ebx + OOFS_TABLE_INDEX], -1
    stc
9:  pop     esi
    ret

# Finds a free slot, the first there is; makes the table a block longer when there is none.
# Out: EAX id; CF and EAX on failure.
.global oofs_slot_free
oofs_slot_free:
    push    esi
    push    edi
    call    oofs_slots
    mov     edi, eax
    mov     esi, OBJECT_ROOT_ID
.Loofs_slot_free_next:
    cmp     esi, edi
    jae     .Loofs_slot_free_grow
    mov     eax, esi
    call    oofs_slot_load
    jc      .Loofs_slot_free_done
    cmp     dword ptr [eax + OBJECT_MAGIC], 0
    je      .Loofs_slot_free_found
    inc     esi
    jmp     .Loofs_slot_free_next
.Loofs_slot_free_grow:
    mov     eax, edi
    shr     eax, OOFS_BLOCK_SHIFT - OBJECT_SHIFT
    inc     eax
    cmp     eax, 1 << (32 - OOFS_BLOCK_SHIFT) # ids and the table's size stay within 32 bits
    jae     .Loofs_slot_free_full
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_tree_grow
    jc      .Loofs_slot_free_done
    add     dword ptr [ebx + OOFS_WORK + OBJECT_BYTES], OOFS_BLOCK_BYTES
    mov     esi, edi
    cmp     esi, 0
    jne     .Loofs_slot_free_found
    inc     esi                         # the very first block: slot 0 is not used
.Loofs_slot_free_found:
    mov     eax, esi
    clc
    jmp     .Loofs_slot_free_done
.Loofs_slot_free_full:
    mov     eax, ERROR_TABLE_FULL
    stc
.Loofs_slot_free_done:
    pop     edi
    pop     esi
    ret

# Finds the persistent object of a class: the first that no directory names.
# In: EAX class name, EDX room for its record.
# Out: EAX id; CF and EAX: ERROR_NOT_FOUND, ERROR_CORRUPT, ERROR_IO.
.global oofs_class_find
oofs_class_find:
    push    esi
    push    edi
    push    ebp
    mov     edi, eax
    mov     ebp, edx
    mov     esi, OBJECT_ROOT_ID + 1
.Loofs_class_find_next:
    call    oofs_slots
    cmp     esi, eax
    jae     .Loofs_class_find_missing
    mov     eax, esi
    call    oofs_slot_load
    jc      .Loofs_class_find_done
    cmp     dword ptr [eax + OBJECT_MAGIC], 0
    je      .Loofs_class_find_skip
    cmp     dword ptr [eax + OBJECT_PARENT], 0
    jne     .Loofs_class_find_skip
    push    eax
    mov     edx, esi
    call    oofs_record_check
    pop     edx
    jc      .Loofs_class_find_done
    mov     eax, edi
    add     edx, OBJECT_CLASS
    call    string_compare
    je      .Loofs_class_find_found
.Loofs_class_find_skip:
    inc     esi
    jmp     .Loofs_class_find_next
.Loofs_class_find_found:
    mov     eax, esi
    mov     edx, ebp
    call    oofs_object_get
    jc      .Loofs_class_find_done
    mov     eax, esi
    jmp     .Loofs_class_find_done
.Loofs_class_find_missing:
    mov     eax, ERROR_NOT_FOUND
    stc
.Loofs_class_find_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Checks the whole table as it is found on the disk, and marks the blocks of every object as in use.
# Out: CF and EAX on failure.
.global oofs_table_check
oofs_table_check:
    push    esi
    push    edi
    push    ebp
    lea     edx, [ebx + OOFS_WORK]
    mov     esi, offset oofs_block_mark
    call    oofs_tree_visit
    jc      .Loofs_table_check_done
    xor     edi, edi                    # EDI: id
.Loofs_table_check_slot:
    call    oofs_slots
    cmp     edi, eax
    jae     .Loofs_table_check_good
    mov     eax, edi
    call    oofs_slot_load
    jc      .Loofs_table_check_done
    mov     ebp, eax                    # EBP: slot
    cmp     dword ptr [ebp + OBJECT_MAGIC], 0
    jne     .Loofs_table_check_used
    xor     ecx, ecx
.Loofs_table_check_zero:
    cmp     dword ptr [ebp + ecx*4], 0
    jne     .Loofs_table_check_bad
    inc     ecx
    cmp     ecx, OBJECT_SIZE_OF / 4
    jb      .Loofs_table_check_zero
    jmp     .Loofs_table_check_next
.Loofs_table_check_used:
    test    edi, edi                    # slot 0 is never used
    jz      .Loofs_table_check_bad
    mov     edx, edi
    call    oofs_record_check
    jc      .Loofs_table_check_done
    inc     dword ptr [ebx + OOFS_OBJECTS]
    mov     edx, ebp                    # visiting its tree leaves the table's buffer alone
    mov     esi, offset oofs_block_mark
    call    oofs_tree_visit
    jc      .Loofs_table_check_done
.Loofs_table_check_next:
    inc     edi
    jmp     .Loofs_table_check_slot
.Loofs_table_check_good:
    clc
    jmp     .Loofs_table_check_done
.Loofs_table_check_bad:
    mov     eax, offset reason_slot
    mov     edx, edi
    call    oofs_damaged
.Loofs_table_check_done:
    pop     ebp
    pop     edi
    pop     esi
    ret
