# OOFS, objects: persistent objects by class (object_load, object_save of docs/kernel.md), and finding, listing and reading what
# is on a volume. Called through class_fs_oofs with the mount locked.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

STRING reason_entry, "a directory entry is not valid, directory"
STRING reason_entry_object, "a directory entry leads to an object that is not there or belongs elsewhere, object"

STRING oofs_class_file, "file"

.text

# FS_LOAD. In: EAX = mount, EDX = class name, ECX = buffer; ESI = bytes. Out: see object_load.
.global oofs_load
oofs_load:
        push    ebx
        push    esi
        push    edi
        push    ebp
        mov     ebx, [eax + MOUNT_DATA]
        mov     edi, ecx                        # EDI: where the next block goes
        mov     eax, edx
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_class_find
        jc      8f
        xor     ebp, ebp                        # EBP: index of the block
1:      test    esi, esi
        jz      3f
        push    esi
        mov     esi, [ebx + OOFS_DATA]
        mov     ecx, ebp
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_bytes_in_block             # EAX: of this block, 0 behind the end
        pop     ecx                             # ECX: bytes that still fit
        cmp     eax, ecx
        jbe     2f
        mov     eax, ecx
2:      test    eax, eax
        jz      4f
        push    ecx
        push    eax
        lea     edx, [ebx + OOFS_OBJECT]
        mov     ecx, ebp
        call    oofs_tree_read
        jc      7f
        mov     eax, edi
        mov     edx, esi
        mov     ecx, [esp]
        call    mem_copy
        pop     eax
        pop     esi
        sub     esi, eax
        add     edi, eax
        inc     ebp
        jmp     1b
4:      mov     eax, edi                        # what the object does not have is zero
        xor     edx, edx
        call    mem_set
3:      mov     eax, [ebx + OOFS_OBJECT + OBJECT_BYTES]
        cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_BYTES + 4], 0
        je      5f
        mov     eax, -1
5:      clc
        jmp     9f
7:      add     esp, 8
8:      call    oofs_complain
9:      pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

# The number of bytes that an object has in one of its blocks.
# In: EDX = object record, ECX = index of the block. Out: EAX = 0 to 4096. Clobbers EDX.
oofs_bytes_in_block:
        push    esi
        push    edi
        mov     esi, [edx + OBJECT_BYTES]
        mov     edi, [edx + OBJECT_BYTES + 4]
        mov     eax, ecx
        mov     edx, ecx
        shl     eax, OOFS_BLOCK_SHIFT
        shr     edx, 32 - OOFS_BLOCK_SHIFT
        sub     esi, eax                        # EDI:ESI: bytes from this block on
        sbb     edi, edx
        jb      1f
        mov     eax, OOFS_BLOCK_BYTES
        jnz     2f                              # EDI is not zero: more than 4 GiB
        cmp     esi, eax
        jae     2f
        mov     eax, esi
        jmp     2f
1:      xor     eax, eax
2:      pop     edi
        pop     esi
        ret

# FS_SAVE. In: EAX = mount, EDX = class name, ECX = buffer; ESI = bytes. Out: see object_save.
.global oofs_save
oofs_save:
        FRAME   16
        push    ebx
        push    esi
        push    edi
        # Locals: -4 bytes left, -8 whether there is an old object, -12 class name, -16 index of the block
        mov     ebx, [eax + MOUNT_DATA]
        mov     edi, ecx                        # EDI: next bytes
        mov     [ebp - 4], esi
        mov     [ebp - 12], edx
        mov     dword ptr [ebp - 8], 0
        mov     dword ptr [ebp - 16], 0
        mov     eax, ERROR_READ_ONLY
        cmp     dword ptr [ebx + OOFS_FAILED], 0
        jne     7f
        mov     eax, edx
        call    oofs_class_valid
        jc      9f
        mov     eax, ERROR_INVALID
        test    esi, esi
        jz      7f
        mov     eax, [ebp - 12]
        lea     edx, [ebx + OOFS_OLD]
        call    oofs_class_find
        jc      1f
        inc     dword ptr [ebp - 8]
        mov     dword ptr [ebx + OOFS_RESERVED], 0      # replacing gives back what it takes
        jmp     2f
1:      cmp     eax, ERROR_NOT_FOUND
        jne     8f
        call    oofs_slot_free
        jc      8f
2:      mov     ecx, eax
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

3:      mov     esi, [ebx + OOFS_DATA]          # block by block, the last filled up with zeros
        mov     ecx, [ebp - 4]
        cmp     ecx, OOFS_BLOCK_BYTES
        jbe     4f
        mov     ecx, OOFS_BLOCK_BYTES
4:      push    ecx
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
        jc      8f
        add     edi, ecx
        inc     dword ptr [ebp - 16]
        sub     [ebp - 4], ecx
        jnz     3b

        call    oofs_tree_flush
        jc      8f
        cmp     dword ptr [ebp - 8], 0
        je      5f
        lea     edx, [ebx + OOFS_OLD]           # the old content's blocks are free after the commit
        mov     esi, offset oofs_block_release
        call    oofs_tree_visit
        jc      8f
        jmp     6f
5:      inc     dword ptr [ebx + OOFS_OBJECTS]
6:      lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_object_put
        jc      8f
        call    oofs_commit
        mov     dword ptr [ebx + OOFS_RESERVED], OOFS_RESERVE
        jmp     9f
8:      mov     esi, eax
        mov     dword ptr [ebx + OOFS_RESERVED], OOFS_RESERVE
        call    oofs_abort
        mov     eax, esi
        call    oofs_complain
7:      stc
9:      pop     edi
        pop     esi
        pop     ebx
        ENDFRAME
        ret

# Checks a class name for saving: 1 to 63 printable characters, not one of the names that the format itself uses.
# In: EAX = name. Out: CF and EAX when it cannot be.
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
1:      mov     dl, [esi + eax - 1]
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
8:      mov     eax, edi
        stc
9:      pop     edi
        pop     esi
        ret



# Fills in a NODE_* record from an object record. In: EDX = object record, EDI = NODE record. The name is the caller's.
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
9:      pop     esi
        ret

# Reads an entry of a directory and the record of what it names.
# In: EAX = id of the directory, ECX = index of the entry, EDI = NODE record. OOFS_OLD and OOFS_OBJECT serve.
# Out: CF clear and ZF clear: NODE record filled in; ZF set: the entry is free. CF and EAX: ERROR_NOT_FOUND behind the last,
# ERROR_NOT_DIRECTORY, ERROR_CORRUPT ...
oofs_entry_read:
        push    esi
        push    ebp
        mov     esi, ecx
        lea     edx, [ebx + OOFS_OLD]
        call    oofs_object_get
        jc      9f
        lea     eax, [ebx + OOFS_OLD + OBJECT_CLASS]
        mov     edx, offset oofs_class_directory
        call    string_compare
        mov     eax, ERROR_NOT_DIRECTORY
        jne     8f
        test    dword ptr [ebx + OOFS_OLD + OBJECT_BYTES], ENTRY_SIZE_OF - 1
        jnz     6f
        lea     edx, [ebx + OOFS_OLD]
        mov     ecx, esi
        shr     ecx, OOFS_BLOCK_SHIFT - 8       # 16 entries to a block
        call    oofs_bytes_in_block
        mov     ebp, esi
        and     ebp, 15
        shl     ebp, 8
        cmp     ebp, eax
        mov     eax, ERROR_NOT_FOUND
        jae     8f
        mov     ecx, esi
        shr     ecx, OOFS_BLOCK_SHIFT - 8
        mov     esi, [ebx + OOFS_DATA]
        lea     edx, [ebx + OOFS_OLD]
        call    oofs_tree_read
        jc      9f
        add     ebp, esi                        # EBP: entry
        mov     eax, [ebp + ENTRY_OBJECT]
        test    eax, eax
        jz      9f                              # free: ZF set, CF clear
        movzx   ecx, word ptr [ebp + ENTRY_LENGTH]
        test    ecx, ecx
        jz      6f
        cmp     ecx, ENTRY_NAME_MAX
        ja      6f
        cmp     byte ptr [ebp + ENTRY_NAME + ecx], 0
        jne     6f
1:      dec     ecx
        js      2f
        mov     dl, [ebp + ENTRY_NAME + ecx]
        cmp     dl, '/'
        je      6f
        cmp     dl, ' '                         # no control characters on the console; UTF-8 is welcome
        jb      6f
        cmp     dl, 0x7F
        jne     1b
        jmp     6f
2:      lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_object_get
        jc      3f
        mov     eax, [ebx + OOFS_OLD + OBJECT_ID]
        cmp     [ebx + OOFS_OBJECT + OBJECT_PARENT], eax
        jne     4f
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_node_fill
        lea     eax, [edi + NODE_NAME]
        lea     edx, [ebp + ENTRY_NAME]
        mov     ecx, 256
        call    string_copy
        test    esp, esp                        # ZF and CF clear
        jmp     9f
3:      cmp     eax, ERROR_NOT_FOUND
        jne     8f
4:      mov     eax, offset reason_entry_object
        mov     edx, [ebp + ENTRY_OBJECT]
        jmp     7f
6:      mov     eax, offset reason_entry
        mov     edx, [ebx + OOFS_OLD + OBJECT_ID]
7:      call    oofs_damaged
8:      stc
9:      pop     ebp
        pop     esi
        ret

# FS_NEXT. The root directory shows the persistent objects first. Positions of the root: id of an object, then slots + index.
# In: EAX = mount, EDX = id of the directory, ECX = NODE record; ESI = position. Out: EAX = next position; CF and EAX.
.global oofs_next
oofs_next:
        push    ebx
        push    esi
        push    edi
        push    ebp
        mov     ebx, [eax + MOUNT_DATA]
        mov     edi, ecx
        mov     ebp, edx                        # EBP: directory
        cmp     ebp, OBJECT_ROOT_ID
        jne     3f
1:      call    oofs_slots
        cmp     esi, eax
        jae     2f
        mov     eax, esi
        lea     edx, [ebx + OOFS_OBJECT]
        inc     esi
        call    oofs_object_get
        jnc     10f
        cmp     eax, ERROR_NOT_FOUND
        je      1b
        jmp     8f
10:     cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_PARENT], 0
        jne     1b
        cmp     dword ptr [ebx + OOFS_OBJECT + OBJECT_ID], OBJECT_ROOT_ID
        je      1b
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_node_fill
        lea     eax, [edi + NODE_NAME]
        lea     edx, [edi + NODE_CLASS]
        mov     ecx, 256
        call    string_copy
        jmp     7f
2:      mov     ecx, esi
        sub     ecx, eax
        jmp     4f
3:      mov     ecx, esi
4:      inc     esi
        mov     eax, ebp
        call    oofs_entry_read
        jc      8f
        jnz     7f
        cmp     ebp, OBJECT_ROOT_ID
        jne     3b
        call    oofs_slots
        jmp     2b
7:      mov     eax, esi
        clc
        jmp     9f
8:      call    oofs_complain
9:      pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

# FS_FIND. In: EAX = mount, EDX = path within it, ECX = NODE record. Out: CF and EAX on failure.
.global oofs_find
oofs_find:
        push    ebx
        push    esi
        push    edi
        push    ebp
        mov     ebx, [eax + MOUNT_DATA]
        mov     edi, ecx
        mov     esi, edx                        # ESI: rest of the path
        mov     eax, OBJECT_ROOT_ID
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_object_get
        jc      8f
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_node_fill
        mov     byte ptr [edi + NODE_NAME], 0
1:      cmp     byte ptr [esi], '/'
        jne     2f
        inc     esi
        jmp     1b
2:      cmp     byte ptr [esi], 0
        je      9f                              # CF is clear
        xor     ebp, ebp                        # EBP: index of the entry
3:      mov     eax, [edi + NODE_ID]
        mov     ecx, ebp
        push    eax
        call    oofs_entry_read
        pop     edx                             # EDX: the directory
        jc      5f
        jz      4f
        push    edx
        mov     eax, esi
        lea     edx, [edi + NODE_NAME]
        call    string_prefix
        pop     edx
        jne     4f
        cmp     byte ptr [eax], 0
        je      6f
        cmp     byte ptr [eax], '/'
        je      6f
4:      mov     [edi + NODE_ID], edx
        inc     ebp
        jmp     3b
6:      mov     esi, eax
        jmp     1b
5:      cmp     eax, ERROR_NOT_FOUND
        jne     8f
        cmp     edx, OBJECT_ROOT_ID             # not a name in the root: perhaps a class
        jne     8f
        mov     eax, esi
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_class_find
        jc      8f
        lea     edx, [ebx + OOFS_OBJECT]
        call    oofs_node_fill
        lea     eax, [edi + NODE_NAME]
        mov     edx, esi
        mov     ecx, 256
        call    string_copy
        clc
        jmp     9f
8:      call    oofs_complain
9:      pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

# FS_READ. In: EAX = mount, EDX = id, ECX = buffer of 4096 bytes; ESI = index of the block.
# Out: EAX = bytes of it that belong to the object, 0 behind its end; CF and EAX on failure.
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
        jz      9f                              # CF is clear
        push    eax
        lea     edx, [ebx + OOFS_OBJECT]
        mov     ecx, esi
        mov     esi, edi
        call    oofs_tree_read
        pop     edx
        jc      8f
        mov     eax, edx
        jmp     9f
8:      call    oofs_complain
9:      pop     edi
        pop     esi
        pop     ebx
        ret
