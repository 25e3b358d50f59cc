# OOFS, volumes of version 1: what they have is written anew in version 2 into blocks that are free, and one sector
# decides. Content and nodes of all but directories stay where they are. In all routines EBX = OOFS record (oofs.inc);
# it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"
.include "walk.inc"

# A commit record of version 1.
OLD_SEQUENCE    = 16                    # u64
OLD_BLOCKS      = 24
OLD_TABLE       = 40                    # record of the object table
OLD_USED_BYTES  = 168

# An entry of a directory of version 1.
OLD_ENTRY_ID    = 0
OLD_ENTRY_LENGTH = 4                    # u16
OLD_ENTRY_NAME  = 8
OLD_ENTRY_BYTES = 256
OLD_NAME_MAX    = 247

STRING reason_old_table, "the object table of version 1 is not one, object"
STRING reason_old_twice, "two pointers lead to block"
STRING reason_old_entry, "an entry of a directory of version 1 is not valid, directory"
STRING reason_old_commits, "neither commit record of version 1 is valid, the first in block"

.text

# Converts a volume of version 1. Nothing is changed when it fails.
# Out: CF and EAX error.
.global oofs_convert
oofs_convert:
    push    esi
    push    edi
    push    ebp
    mov     eax, ERROR_READ_ONLY
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    jnz     .Loofs_convert_refused
    mov     eax, [ebx + OOFS_SECTOR + SUPER_BLOCKS]
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], eax
    mov     edx, [ebx + OOFS_VOLUME]
    mov     edx, [edx + VOLUME_SECTORS]
    shr     edx, 3
    cmp     edx, eax                    # what was cut off may be in use
    mov     eax, ERROR_OUT_OF_RANGE
    jb      .Loofs_convert_refused
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CONVERTED
    call    oofs_walk_create
    jc      .Loofs_convert_done
    call    oofs_old_choose
    jc      .Loofs_convert_free
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_regions_of             # a bit for each block that version 1 has
    mov     [ebp + WALK_END], eax
    call    page_alloc
    jc      .Loofs_convert_free
    mov     [ebp + WALK_BITS], eax
    mov     [ebx + OOFS_OLD_BITS], eax
    call    oofs_old_mark
    jc      .Loofs_convert_bits
    call    oofs_old_make
    jc      .Loofs_convert_bits
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FIRST | OOFS_IS_CHANGED
    call    oofs_commit
    jc      .Loofs_convert_bits
    call    oofs_super_write            # this sector decides
    jc      .Loofs_convert_bits
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s was of version 1, and was converted to version 2\n", eax
    clc
.Loofs_convert_bits:
    push    eax
    pushfd
    mov     eax, [ebp + WALK_BITS]
    mov     edx, [ebp + WALK_END]
    call    page_free
    mov     dword ptr [ebx + OOFS_OLD_BITS], 0
    popfd
    pop     eax
.Loofs_convert_free:
    push    eax
    pushfd
    call    oofs_walk_destroy
    call    cache_clear
    and     dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    lea     edi, [ebx + OOFS_STATE]
    xor     eax, eax
    mov     ecx, STATE_SIZE_OF / 4
    rep stosd
    mov     [ebx + OOFS_ID], eax
    mov     [ebx + OOFS_ID + 4], eax
    popfd
    pop     eax
    jmp     .Loofs_convert_done
.Loofs_convert_refused:
    stc
.Loofs_convert_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Takes the newer of the two commit records. When one is damaged the other serves, but not without a word.
# In: EBP WALK record.
# Out: WALK_WORK the object table with its tree, STATE_SEQUENCE; CF and EAX error.
oofs_old_choose:
    push    esi
    push    edi
    xor     esi, esi                    # ESI: parity
    xor     edi, edi                    # EDI: the best
.Loofs_old_choose_read:
    mov     eax, esi
    call    oofs_copy_at
    mov     edx, eax
    lea     eax, [esi + 1]
    push    edx
    call    oofs_sector_read
    pop     eax
    jc      .Loofs_old_choose_bad
    mov     edx, esi
    call    oofs_old_valid
    jc      .Loofs_old_choose_bad
    mov     eax, esi
    call    oofs_copy_at
    test    edi, edi
    jz      .Loofs_old_choose_take
    mov     edx, [edi + OLD_SEQUENCE]
    cmp     edx, [eax + OLD_SEQUENCE]
    mov     edx, [edi + OLD_SEQUENCE + 4]
    sbb     edx, [eax + OLD_SEQUENCE + 4]
    jae     .Loofs_old_choose_next
.Loofs_old_choose_take:
    mov     edi, eax
    jmp     .Loofs_old_choose_next
.Loofs_old_choose_bad:
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: one of the two commit records of version 1 is damaged; the other one serves\n", eax
.Loofs_old_choose_next:
    inc     esi
    cmp     esi, 2
    jb      .Loofs_old_choose_read
    test    edi, edi
    jz      .Loofs_old_choose_none
    mov     eax, [edi + OLD_SEQUENCE]
    mov     [ebx + OOFS_STATE + STATE_SEQUENCE], eax
    mov     eax, [edi + OLD_SEQUENCE + 4]
    mov     [ebx + OOFS_STATE + STATE_SEQUENCE + 4], eax
    lea     eax, [ebp + WALK_WORK]
    lea     edx, [edi + OLD_TABLE]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    push    ebp
    lea     ebp, [ebp + WALK_WORK]
    call    oofs_work_tree
    pop     ebp
    clc
    jmp     .Loofs_old_choose_done
.Loofs_old_choose_none:
    mov     eax, offset reason_old_commits
    mov     edx, 1
    call    oofs_damaged
.Loofs_old_choose_done:
    pop     edi
    pop     esi
    ret

# Checks a commit record of version 1.
# In: EAX sector, EDX parity.
# Out: CF when it is not valid.
oofs_old_valid:
    push    esi
    mov     esi, eax
    cmp     dword ptr [esi], OOFS_MAGIC
    jne     .Loofs_old_valid_bad
    cmp     dword ptr [esi + 4], OOFS_MAGIC_COMMIT
    jne     .Loofs_old_valid_bad
    cmp     dword ptr [esi + COMMIT_VERSION], 1
    jne     .Loofs_old_valid_bad
    xor     edx, [esi + OLD_SEQUENCE]
    test    dl, 1
    jnz     .Loofs_old_valid_bad
    mov     eax, [esi + OLD_BLOCKS]
    cmp     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    jne     .Loofs_old_valid_bad
    mov     eax, esi
    call    oofs_sector_check
    jne     .Loofs_old_valid_bad
    lea     eax, [esi + OLD_TABLE]
    xor     edx, edx
    mov     ecx, 1
    call    oofs_object_check
    jc      .Loofs_old_valid_done
    lea     eax, [esi + OLD_TABLE + OBJECT_CLASS]
    mov     edx, offset oofs_class_table
    call    string_compare
    jne     .Loofs_old_valid_bad
    mov     eax, [esi + OLD_TABLE + OBJECT_BYTES]
    test    eax, eax
    jz      .Loofs_old_valid_bad
    test    eax, OOFS_BLOCK_BYTES - 1
    jnz     .Loofs_old_valid_bad
    mov     edx, [esi + OLD_TABLE + OBJECT_BYTES + 4]
    shrd    eax, edx, OOFS_BLOCK_SHIFT
    shr     edx, OOFS_BLOCK_SHIFT
    jnz     .Loofs_old_valid_bad
    mov     edx, [esi + OLD_BLOCKS]
    sub     edx, OOFS_FIRST_BLOCK
    cmp     edx, eax                    # CF: the table has more blocks than there are
    jmp     .Loofs_old_valid_done
.Loofs_old_valid_bad:
    stc
.Loofs_old_valid_done:
    pop     esi
    ret

# Marks all blocks that version 1 has.
# In: EBP WALK record.
# Out: CF and EAX error.
oofs_old_mark:
    push    esi
    push    edi
    mov     dword ptr [ebp + WALK_VISIT], offset oofs_old_visit
    mov     dword ptr [ebp + WALK_BROKEN], offset oofs_old_broken
    lea     esi, [ebx + OOFS_STATE]
    call    oofs_fixed_bits
    lea     edi, [ebp + WALK_WORK + WORK_TREE]
    xor     eax, eax
    call    oofs_walk_tree
    jc      .Loofs_old_mark_done
    xor     esi, esi                    # ESI: id
.Loofs_old_mark_object:
    inc     esi
    mov     eax, esi
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_old_get
    jc      .Loofs_old_mark_end
    jz      .Loofs_old_mark_object
    lea     edi, [ebx + OOFS_THIRD + WORK_TREE]
    mov     eax, WALK_OBJECT_PAGES
    call    oofs_walk_tree
    jnc     .Loofs_old_mark_object
    jmp     .Loofs_old_mark_done
.Loofs_old_mark_end:
    cmp     eax, ERROR_OUT_OF_RANGE     # the end of the table
    je      .Loofs_old_mark_done        # CF is clear
    stc
.Loofs_old_mark_done:
    pop     edi
    pop     esi
    ret

# WALK_VISIT: marks a block of version 1. The last two have no fixed use there.
# In: ESI block, EBP WALK record.
# Out: EAX 1; CF and EAX when another pointer leads to it.
oofs_old_visit:
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, OOFS_LAST_BLOCKS
    cmp     esi, eax
    mov     eax, 1
    jae     1f
    mov     eax, esi
    call    oofs_walk_mark
    mov     eax, 1
    jnc     1f
    mov     eax, offset reason_old_twice
    mov     edx, esi
    jmp     oofs_damaged
1:  clc
    ret

# WALK_BROKEN: damage is refused.
# In: EAX error.
# Out: CF set.
oofs_old_broken:
    stc
    ret

# Reads a record of the object table of version 1.
# In: EAX id, EDX WORK record to fill in, EBP WALK record.
# Out: ZF when the slot is free; CF and EAX error, ERROR_OUT_OF_RANGE after the last.
oofs_old_get:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    push    edx
    lea     edi, [ebp + WALK_WORK + WORK_TREE]
    mov     ecx, esi
    shr     ecx, 5
    cmp     ecx, [edi + TREE_BLOCKS]
    mov     eax, ERROR_OUT_OF_RANGE
    cmc
    jc      .Loofs_old_get_failed
    mov     dword ptr [edi + TREE_KEY], TREE_ID_OLD_TABLE
    call    oofs_tree_read
    jc      .Loofs_old_get_failed
    pop     ebp
    test    eax, eax
    jz      .Loofs_old_get_done
    mov     ecx, esi
    and     ecx, OBJECT_PER_BLOCK - 1
    shl     ecx, OBJECT_SHIFT
    lea     edx, [eax + ecx]
    mov     eax, ebp
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    cmp     dword ptr [ebp + OBJECT_MAGIC], 0
    je      .Loofs_old_get_done
    mov     eax, ebp
    mov     edx, esi
    mov     ecx, 1
    call    oofs_object_check
    jc      .Loofs_old_get_bad
    call    oofs_work_tree
    test    esi, esi                    # ZF and CF are clear
    jmp     .Loofs_old_get_done
.Loofs_old_get_bad:
    mov     eax, offset reason_old_table
    mov     edx, esi
    call    oofs_damaged
    jmp     .Loofs_old_get_done
.Loofs_old_get_failed:
    pop     edx
.Loofs_old_get_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Makes the new table, directories, class directory and map.
# In: EBP WALK record.
# Out: CF and EAX error.
oofs_old_make:
    push    esi
    push    edi
    call    oofs_id_make
    call    oofs_state_empty
    mov     eax, [ebp + WALK_WORK + WORK_TREE + TREE_BLOCKS]
    shl     eax, 5                      # OBJECT_PER_BLOCK
    mov     [ebx + OOFS_STATE + STATE_SLOTS], eax
    call    oofs_take_trees
    mov     eax, offset oofs_fixed_mark
    call    oofs_fixed_each
    jc      .Loofs_old_make_done
    mov     dword ptr [ebp + WALK_VISIT], offset oofs_keep_visit
    xor     esi, esi
.Loofs_old_make_object:
    inc     esi
    mov     eax, esi
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_old_get
    jc      .Loofs_old_make_end
    jz      .Loofs_old_make_object
    call    oofs_old_object
    jnc     .Loofs_old_make_object
    jmp     .Loofs_old_make_done
.Loofs_old_make_end:
    cmp     eax, ERROR_OUT_OF_RANGE
    stc
    jne     .Loofs_old_make_done
    call    oofs_old_classes
    jc      .Loofs_old_make_done
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_RECOUNT
    clc
.Loofs_old_make_done:
    pop     edi
    pop     esi
    ret

# Takes an object over.
# In: OOFS_THIRD its record of version 1, EBP WALK record.
# Out: CF and EAX error.
oofs_old_object:
    push    esi
    push    edi
    inc     dword ptr [ebx + OOFS_STATE + STATE_OBJECTS]
    mov     word ptr [ebx + OOFS_THIRD + OBJECT_VERSION], OOFS_VERSION
    lea     esi, [ebx + OOFS_THIRD]
    call    oofs_is_directory
    je      .Loofs_old_object_directory
    lea     edi, [esi + WORK_TREE]
    mov     dword ptr [ebp + WALK_COUNT], 0
    mov     eax, WALK_OBJECT_PAGES
    call    oofs_walk_tree
    jc      .Loofs_old_object_done
.Loofs_old_object_move:
    dec     dword ptr [ebp + WALK_COUNT]
    js      .Loofs_old_object_put
    mov     ecx, [ebp + WALK_COUNT]
    mov     edx, [ebp + WALK_MOVED + ecx*8]
    mov     ecx, [ebp + WALK_MOVED + ecx*8 + 4]
    call    oofs_relocate
    jnc     .Loofs_old_object_move
    jmp     .Loofs_old_object_done
.Loofs_old_object_put:
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_object_put
    jmp     .Loofs_old_object_done
.Loofs_old_object_directory:
    lea     eax, [ebx + OOFS_DIRECTORY] # the new one, empty
    mov     edx, esi
    mov     ecx, WORK_SIZE_OF
    call    mem_copy
    xor     eax, eax
    lea     edi, [ebx + OOFS_DIRECTORY]
    mov     [edi + OBJECT_BYTES], eax
    mov     [edi + OBJECT_BYTES + 4], eax
    mov     [edi + WORK_TREE + TREE_ROOT], eax
    mov     [edi + WORK_TREE + TREE_ROOT + 4], eax
    mov     [edi + WORK_TREE + TREE_DEPTH], eax
    mov     [edi + WORK_TREE + TREE_BLOCKS], eax
    mov     edx, edi
    call    oofs_object_put
    jc      .Loofs_old_object_done
    mov     dword ptr [esi + WORK_TREE + TREE_KEY], TREE_ID_OLD_DIRECTORY
    call    oofs_old_names
    mov     edx, eax
    sbb     esi, esi
    mov     eax, TREE_ID_OLD_DIRECTORY
    push    edx
    call    cache_forget
    pop     eax
    add     esi, esi
.Loofs_old_object_done:
    pop     edi
    pop     esi
    ret

# Gives a block of an object, and what is above it, new places.
# In: EDI tree, EDX level, ECX index in the level.
# Out: CF and EAX error.
oofs_relocate:
    push    ebp
    mov     eax, [oofs_spans + edx*4]
    imul    ecx, eax                    # the first content below it
    xor     ebp, ebp
    call    oofs_touch
    pop     ebp
    ret

# WALK_VISIT: marks a block that stays as used, and notes what is at a place of the commit records' second copies: it
# goes elsewhere.
# In: ESI block, EDX level, ECX index in the level, EDI tree, EBP WALK record.
# Out: EAX 1; CF and EAX error.
oofs_keep_visit:
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, OOFS_LAST_BLOCKS
    cmp     esi, eax
    jae     1f
    mov     eax, esi
    mov     edx, 1
    call    oofs_mark
    jnc     2f
    ret
1:  mov     eax, [ebp + WALK_COUNT]
    cmp     eax, OOFS_LAST_BLOCKS
    jae     3f
    inc     dword ptr [ebp + WALK_COUNT]
    mov     [ebp + WALK_MOVED + eax*8], edx
    mov     [ebp + WALK_MOVED + eax*8 + 4], ecx
2:  mov     eax, 1
    clc
    ret
3:  mov     eax, offset reason_old_twice
    mov     edx, esi
    jmp     oofs_damaged

# Enters the names of a directory of version 1 into the new one.
# In: OOFS_THIRD the old directory, OOFS_DIRECTORY the new one.
# Out: CF and EAX error.
oofs_old_names:
    push    esi
    push    edi
    push    ebp
    push    0                           # [ESP] index of the entry
    lea     ebp, [ebx + OOFS_DIRECTORY]
.Loofs_old_names_next:
    mov     eax, [esp]
    shl     eax, 8
    cmp     eax, [ebx + OOFS_THIRD + OBJECT_BYTES]
    jae     .Loofs_old_names_good
    mov     ecx, [esp]
    shr     ecx, OOFS_BLOCK_SHIFT - 8
    lea     edi, [ebx + OOFS_THIRD + WORK_TREE]
    call    oofs_tree_read
    jc      .Loofs_old_names_done
    mov     ecx, [esp]
    inc     dword ptr [esp]
    test    eax, eax
    jz      .Loofs_old_names_next
    and     ecx, OOFS_BLOCK_BYTES / OLD_ENTRY_BYTES - 1
    shl     ecx, 8
    lea     esi, [eax + ecx]            # ESI: entry
    mov     edi, [esi + OLD_ENTRY_ID]
    test    edi, edi
    jz      .Loofs_old_names_next
    movzx   edx, word ptr [esi + OLD_ENTRY_LENGTH]
    lea     eax, [edx - 1]
    cmp     eax, OLD_NAME_MAX
    jae     .Loofs_old_names_bad
    push    edx
    lea     eax, [esi + OLD_ENTRY_NAME]
    call    oofs_name_check
    pop     edx
    jc      .Loofs_old_names_bad
    lea     eax, [esi + OLD_ENTRY_NAME]
    call    oofs_name_take
    mov     eax, edi
    call    oofs_name_insert
    jnc     .Loofs_old_names_next
    jmp     .Loofs_old_names_done
.Loofs_old_names_bad:
    mov     edx, [ebx + OOFS_THIRD + OBJECT_ID]
    mov     eax, offset reason_old_entry
    call    oofs_damaged
    jmp     .Loofs_old_names_done
.Loofs_old_names_good:
    clc
.Loofs_old_names_done:
    pop     edx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Makes the class directory. Of several objects of a class the one with the lowest id counts; the others are orphans.
# Out: CF and EAX error.
oofs_old_classes:
    push    esi
    push    edi
    push    ebp
    call    oofs_top_make
    jc      .Loofs_old_classes_done
    mov     eax, [ebx + OOFS_WORK + OBJECT_ID]
    mov     [ebx + OOFS_STATE + STATE_CLASSES], eax
    lea     ebp, [ebx + OOFS_DIRECTORY]
    mov     edx, ebp
    call    oofs_object_need
    jc      .Loofs_old_classes_done
    xor     edi, edi                    # EDI: id
.Loofs_old_classes_next:
    inc     edi
    cmp     edi, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_old_classes_done     # CF is clear
    mov     eax, edi
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_old_classes_next
    lea     esi, [ebx + OOFS_WORK]
    cmp     dword ptr [esi + OBJECT_PARENT], 0
    jne     .Loofs_old_classes_next
    call    oofs_is_directory
    je      .Loofs_old_classes_next
    call    oofs_is_file
    je      .Loofs_old_classes_orphan
    lea     eax, [esi + OBJECT_CLASS]
    call    string_length
    mov     edx, eax
    lea     eax, [esi + OBJECT_CLASS]
    call    oofs_name_take
    call    oofs_name_find
    jnc     .Loofs_old_classes_orphan
    mov     eax, edi
    call    oofs_name_insert
    jc      .Loofs_old_classes_done
    mov     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    mov     [esi + OBJECT_PARENT], eax
    jmp     .Loofs_old_classes_put
.Loofs_old_classes_orphan:
    mov     eax, [ebx + OOFS_STATE + STATE_ORPHAN]
    mov     [esi + OBJECT_NEXT_ORPHAN], eax
    mov     [ebx + OOFS_STATE + STATE_ORPHAN], edi
.Loofs_old_classes_put:
    mov     edx, esi
    call    oofs_object_put
    jnc     .Loofs_old_classes_next
.Loofs_old_classes_done:
    pop     ebp
    pop     edi
    pop     esi
    ret
