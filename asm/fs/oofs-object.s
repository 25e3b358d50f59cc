# OOFS, objects: persistent objects by class (object_load, object_save of docs/kernel.md), and finding, listing and
# reading what is on a volume. Called through class_fs_oofs with the mount locked.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

STRING reason_entry, "a directory entry is not valid, directory"
STRING reason_entry_object, "a directory entry leads to an object that is not there or belongs elsewhere, object"

STRING oofs_class_file, "file"

.text

# FS_LOAD.
# In: EAX mount, EDX class name, ECX buffer; ESI bytes.
# Out: see object_load.
.global oofs_load
oofs_load:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx                    # EDI: where the next block goes
    mov     eax, edx
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_class_find
    jc      .Loofs_load_failed
    xor     ebp, ebp                    # EBP: index of the block
.Loofs_load_block:
    test    esi, esi
    jz      .Loofs_load_filled
    push    esi
    mov     esi, [ebx + OOFS_DATA]
    mov     ecx, ebp
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_bytes_in_block         # EAX: of this block, 0 behind the end
    pop     ecx                         # ECX: bytes that still fit
    cmp     eax, ecx
    jbe     .Loofs_load_whole
    mov     eax, ecx
.Loofs_load_whole:
    test    eax, eax
    jz      .Loofs_load_rest
    push    ecx
    push    eax
    lea     edx, [ebx + OOFS_OBJECT]
    mov     ecx, ebp
    call    oofs_tree_read
    jc      .Loofs_load_read_failed
    mov     eax, edi
    mov     edx, esi
    mov     ecx, [esp]
    call    mem_copy
    pop     eax
    pop     esi
    sub     esi, eax
    add     edi, eax
    inc     ebp
    jmp     .Loofs_load_block
.Loofs_load_rest:
    mov     eax, edi                    # what the object does not have is zero
    xor     edx, edx
    call    mem_set
.Loofs_load_filled:
    mov     eax, [ebx + OOFS_OBJECT + OBJECT_BYTES]
    cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_BYTES + 4], 0
    je      .Loofs_load_size_known
    mov     eax, -1
.Loofs_load_size_known:
    clc
    jmp     .Loofs_load_done
.Loofs_load_read_failed:
    add     esp, 8
.Loofs_load_failed:
    call    oofs_complain
.Loofs_load_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The number of bytes that an object has in one of its blocks.
# In: EDX object record, ECX index of the block.
# Out: EAX = 0 to 4096.
# Clobbers: EDX.
oofs_bytes_in_block:
    push    esi
    push    edi
    mov     esi, [edx + OBJECT_BYTES]
    mov     edi, [edx + OBJECT_BYTES + 4]
    mov     eax, ecx
    mov     edx, ecx
    shl     eax, OOFS_BLOCK_SHIFT
    shr     edx, 32 - OOFS_BLOCK_SHIFT
    sub     esi, eax                    # EDI:ESI: bytes from this block on
    sbb     edi, edx
    jb      1f
    mov     eax, OOFS_BLOCK_BYTES
    jnz     2f                          # EDI is not zero: more than 4 GiB
    cmp     esi, eax
    jae     2f
    mov     eax, esi
    jmp     2f
1:  xor     eax, eax
2:  pop     edi
    pop     esi
    ret

# FS_SAVE.
# In: EAX mount, EDX class name, ECX buffer; ESI bytes.
# Out: see object_save.
.global oofs_save
oofs_save:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 bytes left, -8 whether there is an old object, -12 class name, -16 index of the block
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx                    # EDI: next bytes
    mov     [ebp - 4], esi
    mov     [ebp - 12], edx
    mov     dword ptr [ebp - 8], 0
    mov     dword ptr [ebp - 16], 0
    mov     eax, ERROR_READ_ONLY
    cmp     dword ptr [ebx + OOFS_FAILED], 0
    jne     .Loofs_save_refused
    mov     eax, edx
    call    oofs_class_valid
    jc      .Loofs_save_done
    mov     eax, ERROR_INVALID
    test    esi, esi
    jz      .Loofs_save_refused
    mov     eax, [ebp - 12]
    lea     edx, [ebx + OOFS_OLD]
    call    oofs_class_find
    jc      .Loofs_save_create
    inc     dword ptr [ebp - 8]
    mov     dword ptr [ebx + OOFS_RESERVED], 0 # replacing gives back what it takes
    jmp     .Loofs_save_record
.Loofs_save_create:
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_save_failed
    call    oofs_slot_free
    jc      .Loofs_save_failed
.Loofs_save_record:
    mov     ecx, eax
    lea     eax, [ebx + OOFS_OBJECT]
    mov     edx, [ebp - 12]
    call    oofs_record_make
    mov     eax, [ebx + OOFS_SEQUENCE]
    mov     edx, [ebx + OOFS_SEQUENCE + 4]
    add     eax, 1
    adc     edx, 0
    mov     [ebx + OOFS_OBJECT + OBJECT_CHANGED], eax
    mov     [ebx + OOFS_OBJECT + OBJECT_CHANGED + 4], edx
    mov     [ebx + OOFS_WORK + OBJECT_CHANGED], eax
    mov     [ebx + OOFS_WORK + OBJECT_CHANGED + 4], edx
    mov     eax, [ebp - 4]
    mov     [ebx + OOFS_OBJECT + OBJECT_BYTES], eax
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_blocks
    call    oofs_tree_depth
    mov     [ebx + OOFS_OBJECT + OBJECT_DEPTH], al

.Loofs_save_block:
    mov     esi, [ebx + OOFS_DATA]      # block by block, the last filled up with zeros
    mov     ecx, [ebp - 4]
    cmp     ecx, OOFS_BLOCK_BYTES
    jbe     .Loofs_save_whole
    mov     ecx, OOFS_BLOCK_BYTES
.Loofs_save_whole:
    push    ecx
    mov     eax, esi
    mov     edx, edi
    call    mem_copy
    mov     ecx, [esp]
    lea     eax, [esi + ecx]
    neg     ecx
    add     ecx, OOFS_BLOCK_BYTES
    xor     edx, edx
    call    mem_set
    lea     edx, [ebx + OOFS_OBJECT]
    mov     ecx, [ebp - 16]
    call    oofs_tree_write
    pop     ecx
    jc      .Loofs_save_failed
    add     edi, ecx
    inc     dword ptr [ebp - 16]
    sub     [ebp - 4], ecx
    jnz     .Loofs_save_block

    call    oofs_tree_flush
    jc      .Loofs_save_failed
    cmp     dword ptr [ebp - 8], 0
    je      .Loofs_save_count
    lea     edx, [ebx + OOFS_OLD]       # the old content's blocks are free after the commit
    mov     esi, offset oofs_block_release
    call    oofs_tree_visit
    jc      .Loofs_save_failed
    jmp     .Loofs_save_put
.Loofs_save_count:
    inc     dword ptr [ebx + OOFS_OBJECTS]
.Loofs_save_put:
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_put
    jc      .Loofs_save_failed
    call    oofs_commit
    mov     dword ptr [ebx + OOFS_RESERVED], OOFS_RESERVE
    jmp     .Loofs_save_done
.Loofs_save_failed:
    mov     esi, eax
    mov     dword ptr [ebx + OOFS_RESERVED], OOFS_RESERVE
    call    oofs_abort
    mov     eax, esi
    call    oofs_complain
.Loofs_save_refused:
    stc
.Loofs_save_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Checks a class name for saving: 1 to 63 printable characters, not one of the names that the format itself uses.
# In: EAX name.
# Out: CF and EAX when it cannot be.
oofs_class_valid:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, ERROR_INVALID
    call    string_length
    test    eax, eax
    jz      8f
    cmp     eax, OBJECT_CLASS_BYTES
    jae     8f
1:  mov     dl, [esi + eax - 1]
    cmp     dl, ' '
    jbe     8f
    cmp     dl, 0x7E
    ja      8f
    dec     eax
    jnz     1b
    mov     eax, esi
    mov     edx, offset oofs_class_directory
    call    string_compare
    je      8f
    mov     eax, esi
    mov     edx, offset oofs_class_file
    call    string_compare
    je      8f
    clc
    jmp     9f
8:  mov     eax, edi
    stc
9:  pop     edi
    pop     esi
    ret

# Fills in a NODE_* record from an object record.
# In: EDX object record, EDI = NODE record. The name is the caller's.
oofs_node_fill:
    push    esi
    mov     esi, edx
    mov     eax, [esi + OBJECT_ID]
    mov     [edi + NODE_ID], eax
    mov     eax, [esi + OBJECT_BYTES]
    mov     [edi + NODE_BYTES], eax
    mov     eax, [esi + OBJECT_BYTES + 4]
    mov     [edi + NODE_BYTES + 4], eax
    lea     eax, [edi + NODE_CLASS]
    lea     edx, [esi + OBJECT_CLASS]
    mov     ecx, OBJECT_CLASS_BYTES
    call    string_copy
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    lea     eax, [esi + OBJECT_CLASS]
    mov     edx, offset oofs_class_directory
    call    string_compare
    je      9f
    mov     dword ptr [edi + NODE_KIND], NODE_OBJECT
    cmp     dword ptr [esi + OBJECT_PARENT], 0
    je      9f
    mov     dword ptr [edi + NODE_KIND], NODE_FILE
9:  pop     esi
    ret

# Reads an entry of a directory and the record of what it names.
# In: EAX id of the directory, ECX index of the entry, EDI = NODE record. OOFS_OLD and OOFS_OBJECT serve.
# Out: CF clear and ZF clear: NODE record filled in; ZF set: the entry is free. CF and EAX: ERROR_NOT_FOUND behind the
# last, ERROR_NOT_DIRECTORY, ERROR_CORRUPT ...
oofs_entry_read:
    push    esi
    push    ebp
    mov     esi, ecx
    lea     edx, [ebx + OOFS_OLD]
    call    oofs_object_get
    jc      .Loofs_entry_read_done
    lea     eax, [ebx + OOFS_OLD + OBJECT_CLASS]
    mov     edx, offset oofs_class_directory
    call    string_compare
    mov     eax, ERROR_NOT_DIRECTORY
    jne     .Loofs_entry_read_failed
    test    dword ptr [ebx + OOFS_OLD + OBJECT_BYTES], ENTRY_SIZE_OF - 1
    jnz     .Loofs_entry_read_bad_entry
    lea     edx, [ebx + OOFS_OLD]
    mov     ecx, esi
    shr     ecx, OOFS_BLOCK_SHIFT - 8   # 16 entries to a block
    call    oofs_bytes_in_block
    mov     ebp, esi
    and     ebp, 15
    shl     ebp, 8
    cmp     ebp, eax
    mov     eax, ERROR_NOT_FOUND
    jae     .Loofs_entry_read_failed
    mov     ecx, esi
    shr     ecx, OOFS_BLOCK_SHIFT - 8
    mov     esi, [ebx + OOFS_DATA]
    lea     edx, [ebx + OOFS_OLD]
    call    oofs_tree_read
    jc      .Loofs_entry_read_done
    add     ebp, esi                    # EBP: entry
    mov     eax, [ebp + ENTRY_OBJECT]
    test    eax, eax
    jz      .Loofs_entry_read_done      # free: ZF set, CF clear
    movzx   ecx, word ptr [ebp + ENTRY_LENGTH]
    test    ecx, ecx
    jz      .Loofs_entry_read_bad_entry
    cmp     ecx, ENTRY_NAME_MAX
    ja      .Loofs_entry_read_bad_entry
    cmp     byte ptr [ebp + ENTRY_NAME + ecx], 0
    jne     .Loofs_entry_read_bad_entry
.Loofs_entry_read_name:
    dec     ecx
    js      .Loofs_entry_read_object
    mov     dl, [ebp + ENTRY_NAME + ecx]
    cmp     dl, '/'
    je      .Loofs_entry_read_bad_entry
    cmp     dl, ' '                     # no control characters on the console; UTF-8 is welcome
    jb      .Loofs_entry_read_bad_entry
    cmp     dl, 0x7F
    jne     .Loofs_entry_read_name
    jmp     .Loofs_entry_read_bad_entry
.Loofs_entry_read_object:
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_get
    jc      .Loofs_entry_read_missing
    mov     eax, [ebx + OOFS_OLD + OBJECT_ID]
    cmp     [ebx + OOFS_OBJECT + OBJECT_PARENT], eax
    jne     .Loofs_entry_read_other_object
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_node_fill
    lea     eax, [edi + NODE_NAME]
    lea     edx, [ebp + ENTRY_NAME]
    mov     ecx, 256
    call    string_copy
    test    esp, esp                    # ZF and CF clear
    jmp     .Loofs_entry_read_done
.Loofs_entry_read_missing:
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_entry_read_failed
.Loofs_entry_read_other_object:
    mov     eax, offset reason_entry_object
    mov     edx, [ebp + ENTRY_OBJECT]
    jmp     .Loofs_entry_read_damaged
.Loofs_entry_read_bad_entry:
    mov     eax, offset reason_entry
    mov     edx, [ebx + OOFS_OLD + OBJECT_ID]
.Loofs_entry_read_damaged:
    call    oofs_damaged
.Loofs_entry_read_failed:
    stc
.Loofs_entry_read_done:
    pop     ebp
    pop     esi
    ret

# FS_NEXT. The root directory shows the persistent objects first. Positions of the root: id of an object, then slots +
# index.
# In: EAX mount, EDX id of the directory, ECX = NODE record; ESI position.
# Out: EAX next position; CF and EAX.
.global oofs_next
oofs_next:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     ebp, edx                    # EBP: directory
    cmp     ebp, OBJECT_ROOT_ID
    jne     .Loofs_next_directory
.Loofs_next_object:
    call    oofs_slots
    cmp     esi, eax
    jae     .Loofs_next_entries
    mov     eax, esi
    lea     edx, [ebx + OOFS_OBJECT]
    inc     esi
    call    oofs_object_get
    jnc     .Loofs_next_present
    cmp     eax, ERROR_NOT_FOUND
    je      .Loofs_next_object
    jmp     .Loofs_next_failed
.Loofs_next_present:
    cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_PARENT], 0
    jne     .Loofs_next_object
    cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_ID], OBJECT_ROOT_ID
    je      .Loofs_next_object
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_node_fill
    lea     eax, [edi + NODE_NAME]
    lea     edx, [edi + NODE_CLASS]
    mov     ecx, 256
    call    string_copy
    jmp     .Loofs_next_found
.Loofs_next_entries:
    mov     ecx, esi
    sub     ecx, eax
    jmp     .Loofs_next_entry
.Loofs_next_directory:
    mov     ecx, esi
.Loofs_next_entry:
    inc     esi
    mov     eax, ebp
    call    oofs_entry_read
    jc      .Loofs_next_failed
    jnz     .Loofs_next_found
    cmp     ebp, OBJECT_ROOT_ID
    jne     .Loofs_next_directory
    call    oofs_slots
    jmp     .Loofs_next_entries
.Loofs_next_found:
    mov     eax, esi
    clc
    jmp     .Loofs_next_done
.Loofs_next_failed:
    call    oofs_complain
.Loofs_next_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# FS_FIND.
# In: EAX mount, EDX path within it, ECX = NODE record.
# Out: CF and EAX on failure.
.global oofs_find
oofs_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     esi, edx                    # ESI: rest of the path
    mov     eax, OBJECT_ROOT_ID
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_get
    jc      .Loofs_find_failed
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_node_fill
    mov     byte ptr [edi + NODE_NAME], 0
.Loofs_find_slash:
    cmp     byte ptr [esi], '/'
    jne     .Loofs_find_name
    inc     esi
    jmp     .Loofs_find_slash
.Loofs_find_name:
    cmp     byte ptr [esi], 0
    je      .Loofs_find_done            # CF is clear
    xor     ebp, ebp                    # EBP: index of the entry
.Loofs_find_entry:
    mov     eax, [edi + NODE_ID]
    mov     ecx, ebp
    push    eax
    call    oofs_entry_read
    pop     edx                         # EDX: the directory
    jc      .Loofs_find_missing
    jz      .Loofs_find_next
    push    edx
    mov     eax, esi
    lea     edx, [edi + NODE_NAME]
    call    string_prefix
    pop     edx
    jne     .Loofs_find_next
    cmp     byte ptr [eax], 0
    je      .Loofs_find_found
    cmp     byte ptr [eax], '/'
    je      .Loofs_find_found
.Loofs_find_next:
    mov     [edi + NODE_ID], edx
    inc     ebp
    jmp     .Loofs_find_entry
.Loofs_find_found:
    mov     esi, eax
    jmp     .Loofs_find_slash
.Loofs_find_missing:
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_find_failed
    cmp     edx, OBJECT_ROOT_ID         # not a name in the root: perhaps a class
    jne     .Loofs_find_failed
    mov     eax, esi
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_class_find
    jc      .Loofs_find_failed
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_node_fill
    lea     eax, [edi + NODE_NAME]
    mov     edx, esi
    mov     ecx, 256
    call    string_copy
    clc
    jmp     .Loofs_find_done
.Loofs_find_failed:
    call    oofs_complain
.Loofs_find_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# FS_READ.
# In: EAX mount, EDX id, ECX buffer of 4096 bytes; ESI index of the block.
# Out: EAX bytes of it that belong to the object, 0 behind its end; CF and EAX on failure.
.global oofs_read
oofs_read:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     eax, edx
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_get
    jc      8f
    lea     edx, [ebx + OOFS_OBJECT]
    mov     ecx, esi
    call    oofs_bytes_in_block
    test    eax, eax
    jz      9f                          # CF is clear
    push    eax
    lea     edx, [ebx + OOFS_OBJECT]
    mov     ecx, esi
    mov     esi, edi
    call    oofs_tree_read
    pop     edx
    jc      8f
    mov     eax, edx
    jmp     9f
8:  call    oofs_complain
9:  pop     edi
    pop     esi
    pop     ebx
    ret
