# OOFS, checking a volume: reads everything that the last commit and the snapshots have, and compares what must agree.
# Each problem is a line with object, path and offset. In all routines that are not called through class_fs_oofs EBX =
# OOFS record (oofs.inc), EBP = WALK record (walk.inc); both are kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"
.include "walk.inc"

STRING reason_met_twice, "two pointers lead to block"
STRING reason_many, "a walk over the volume meets more blocks than it has; the last is"

PATH_BYTES      = 1024

.text

# FS_CHECK.
# In: EAX mount, EDX CHECK_CONTENT (only that all can be read) or CHECK_ALL.
# Out: EAX number of problems; CF and EAX error.
.global oofs_fsck
oofs_fsck:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, edx
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY | OOFS_IS_FAILED
    jnz     .Loofs_fsck_committed
    call    oofs_commit
    jc      .Loofs_fsck_done
.Loofs_fsck_committed:
    call    oofs_walk_create
    jc      .Loofs_fsck_done
    call    oofs_check_fixed
    lea     esi, [ebx + OOFS_COMMITTED]
    call    oofs_check_state
    jc      .Loofs_fsck_free
    cmp     edi, CHECK_ALL
    jne     .Loofs_fsck_snapshots
    call    oofs_check_names
    jc      .Loofs_fsck_free
.Loofs_fsck_snapshots:
    xor     edi, edi
.Loofs_fsck_snapshot:
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    movzx   ecx, word ptr [eax + LIST_COUNT]
    cmp     edi, ecx
    jae     .Loofs_fsck_end
    inc     edi
    mov     esi, edi
    shl     esi, 8
    add     esi, eax
    mov     [ebp + WALK_NAME], esi
    add     esi, SNAPSHOT_STATE
    call    oofs_check_state
    jnc     .Loofs_fsck_snapshot
    jmp     .Loofs_fsck_free
.Loofs_fsck_end:
    mov     eax, [ebp + WALK_PROBLEMS]
    clc
.Loofs_fsck_free:
    push    eax
    pushfd
    call    oofs_walk_destroy
    popfd
    pop     eax
.Loofs_fsck_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Checks superblock and commit records.
oofs_check_fixed:
    push    esi
    push    edi
    xor     eax, eax
    lea     edx, [ebx + OOFS_SECTOR]
    call    oofs_sector_read
    jc      1f
    lea     eax, [ebx + OOFS_SECTOR]
    call    oofs_super_check
    jnc     2f
1:  PRINT   "the superblock is damaged\n"
    inc     dword ptr [ebp + WALK_PROBLEMS]
2:  xor     esi, esi
3:  mov     eax, esi
    call    oofs_copy_read
    mov     eax, esi
    call    oofs_copy_at
    cmp     dword ptr [eax + COMMIT_VERSION], 0
    jne     4f
    mov     eax, esi
    call    oofs_copy_block
    PRINTF  "the commit record in block %u is damaged\n", eax
    inc     dword ptr [ebp + WALK_PROBLEMS]
4:  inc     esi
    cmp     esi, 4
    jb      3b
    pop     edi
    pop     esi
    ret

# Checks what a state leads to, as many regions at a time as there is memory for.
# In: ESI state; WALK_NAME 0 or the snapshot's name.
# Out: CF and EAX error.
oofs_check_state:
    push    edi
    mov     [ebp + WALK_STATE], esi
    mov     dword ptr [ebp + WALK_VISIT], offset oofs_check_visit
    mov     dword ptr [ebp + WALK_BROKEN], offset oofs_check_broken
    mov     dword ptr [ebp + WALK_RECORD], offset oofs_check_record
    mov     dword ptr [ebp + WALK_CHECK], 1
    mov     dword ptr [ebp + WALK_FIRST], 0
.Loofs_check_state_regions:
    mov     eax, [esi + STATE_BLOCKS]
    call    oofs_regions_of
    sub     eax, [ebp + WALK_FIRST]
    jbe     .Loofs_check_state_good
    mov     edi, [pages_free]
    shr     edi, 2
    inc     edi
    cmp     edi, eax
    jbe     .Loofs_check_state_bits
    mov     edi, eax                    # EDI: regions of this pass
.Loofs_check_state_bits:
    mov     eax, edi
    call    page_alloc
    jc      .Loofs_check_state_done
    mov     [ebp + WALK_BITS], eax
    mov     eax, [ebp + WALK_FIRST]
    add     eax, edi
    mov     [ebp + WALK_END], eax
    mov     dword ptr [ebp + WALK_COUNT], 0
    call    oofs_fixed_bits
    call    oofs_walk_state
    jc      .Loofs_check_state_freed
    call    oofs_check_map
    mov     dword ptr [ebp + WALK_CHECK], 0 # content was read in the first pass
.Loofs_check_state_freed:
    push    eax
    pushfd
    mov     eax, [ebp + WALK_BITS]
    mov     edx, edi
    call    page_free
    popfd
    pop     eax
    jc      .Loofs_check_state_done
    mov     eax, [ebp + WALK_END]
    mov     [ebp + WALK_FIRST], eax
    jmp     .Loofs_check_state_regions
.Loofs_check_state_good:
    mov     eax, [ebp + WALK_COUNT]
    cmp     eax, [esi + STATE_OBJECTS]
    je      .Loofs_check_state_done     # CF is clear
    call    oofs_check_line
    PRINTF  "the commit record counts %u objects, there are %u\n", [esi+STATE_OBJECTS], eax
    clc
.Loofs_check_state_done:
    pop     edi
    ret

# Begins the line of a problem.
# Clobbers: none.
oofs_check_line:
    inc     dword ptr [ebp + WALK_PROBLEMS]
    cmp     dword ptr [ebp + WALK_NAME], 0
    je      1f
    PRINTF  "snapshot %s: ", [ebp+WALK_NAME]
1:  ret

# WALK_RECORD: counts an object.
# In: EDI WORK record.
oofs_check_record:
    inc     dword ptr [ebp + WALK_COUNT]
    ret

# WALK_VISIT: marks a block, and proves it when it is content.
# In: ESI block, EAX checksum, EDX level, ECX index in the level, EDI tree.
# Out: EAX 0 when what is below has been met; CF and EAX error.
oofs_check_visit:
    push    edx
    push    ecx
    push    eax
    mov     edx, [ebp + WALK_MET]
    shr     edx, 1
    mov     ecx, [ebp + WALK_STATE]
    cmp     edx, [ecx + STATE_BLOCKS]
    ja      .Loofs_check_visit_many
    mov     eax, esi
    call    oofs_walk_mark
    jc      .Loofs_check_visit_twice
    pop     ecx                         # ECX: checksum
    cmp     dword ptr [esp + 4], 0
    jne     .Loofs_check_visit_good
    cmp     dword ptr [ebp + WALK_CHECK], 0
    je      .Loofs_check_visit_good
    cmp     dword ptr [edi + TREE_NODE_ID], TREE_ID_TABLE
    je      .Loofs_check_visit_good     # the walk proves it
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Loofs_check_visit_done
    mov     edx, [ebp + WALK_PAGES]
    add     edx, WALK_CONTENT * OOFS_BLOCK_BYTES
    mov     eax, esi
    call    oofs_block_read
    jnc     .Loofs_check_visit_good
    call    oofs_check_said
.Loofs_check_visit_good:
    mov     eax, 1
    clc
    jmp     .Loofs_check_visit_done
.Loofs_check_visit_twice:
    pop     eax
    mov     eax, offset reason_met_twice
    mov     edx, esi
    call    oofs_damaged
    call    oofs_check_said
    xor     eax, eax
    jmp     .Loofs_check_visit_done
.Loofs_check_visit_many:
    pop     eax
    mov     eax, offset reason_many
    mov     edx, esi
    call    oofs_damaged
.Loofs_check_visit_done:
    pop     ecx
    pop     edx
    ret

# Notes the place of what is damaged, and says it.
# In: EAX error; on the stack of oofs_check_visit index and level.
oofs_check_said:
    mov     ecx, [edi + TREE_KEY]
    mov     [ebx + OOFS_PLACE], ecx
    mov     ecx, [esp + 4]
    mov     [ebx + OOFS_PLACE + 8], ecx
    mov     ecx, [esp + 8]
    mov     [ebx + OOFS_PLACE + 4], ecx

# WALK_BROKEN: says what is damaged, with the path of the object.
# In: EAX error.
# Out: CF clear: the walk goes on.
oofs_check_broken:
    push    eax
    call    oofs_check_line
    cmp     eax, ERROR_CORRUPT
    je      1f
    call    error_text
    PRINTF  "block %u: %s", esi, eax
    jmp     2f
1:  PRINTF  "%s %u", [ebx+OOFS_REASON], [ebx+OOFS_WHERE]
2:  call    oofs_place_print
    cmp     dword ptr [ebp + WALK_OBJECT], 0
    je      3f
    cmp     dword ptr [ebp + WALK_NAME], 0
    jne     3f
    mov     eax, [ebx + OOFS_PLACE]
    PRINT   " "
    call    oofs_path_print
3:  PRINT   "\n"
    pop     eax
    clc
    ret

# Prints the path of an object, as far as it can be found.
# In: EAX id.
oofs_path_print:
    push    esi
    push    edi
    push    ebp
    sub     esp, PATH_BYTES
    lea     edi, [esp + PATH_BYTES - 1] # EDI: beginning of the path, which is made from its end
    mov     byte ptr [edi], 0
    mov     esi, eax
.Loofs_path_print_up:
    cmp     esi, OBJECT_ROOT_ID
    je      .Loofs_path_print_show
    mov     eax, esi
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_path_print_show
    mov     eax, [ebx + OOFS_WORK + OBJECT_PARENT]
    lea     edx, [ebx + OOFS_DIRECTORY]
    call    oofs_object_get
    jc      .Loofs_path_print_show
    call    oofs_name_of
    jc      .Loofs_path_print_show
    mov     ecx, [ebx + OOFS_NAME_LENGTH]
    lea     eax, [edi - 1]
    sub     eax, ecx
    cmp     eax, esp
    jb      .Loofs_path_print_show
    mov     edi, eax
    mov     byte ptr [edi], '/'
    lea     eax, [edi + 1]
    lea     edx, [ebx + OOFS_NAME]
    call    mem_copy
    mov     esi, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    cmp     esi, [ebx + OOFS_STATE + STATE_CLASSES]
    jne     .Loofs_path_print_up
.Loofs_path_print_show:
    PRINTF  "%s", edi
    add     esp, PATH_BYTES
    pop     ebp
    pop     edi
    pop     esi
    ret

# Finds the name that OOFS_DIRECTORY has for an object.
# In: ESI id.
# Out: OOFS_NAME; CF and EAX error.
oofs_name_of:
    push    edi
    push    ebp
    push    0
    push    0
    mov     edi, esp                    # EDI: position
    lea     ebp, [ebx + OOFS_DIRECTORY]
1:  call    oofs_name_next
    jc      2f
    cmp     eax, esi
    jne     1b
2:  lea     esp, [esp + 8]
    pop     ebp
    pop     edi
    ret

# Compares the map with what was met.
# In: ESI state, WALK_FIRST, WALK_END, WALK_BITS.
# Out: CF and EAX error.
oofs_check_map:
    FRAME   12
    push    esi
    push    edi
    # Locals: -4 region, -8 blocks that differ, -12 the first
    mov     edi, [ebp]                  # EDI: WALK record
    mov     eax, [edi + WALK_FIRST]
    mov     [ebp - 4], eax
    mov     dword ptr [ebp - 8], 0
    lea     eax, [ebx + OOFS_OTHER_MAP]
    mov     edx, esi
    mov     ecx, TREE_ID_CHECKED_MAP
    call    oofs_map_tree
    mov     eax, TREE_ID_CHECKED_MAP
    call    cache_forget
.Loofs_check_map_region:
    mov     ecx, [ebp - 4]
    cmp     ecx, [edi + WALK_END]
    jae     .Loofs_check_map_end
    push    edi
    lea     edi, [ebx + OOFS_OTHER_MAP]
    call    oofs_tree_read
    pop     edi
    jc      .Loofs_check_map_good       # the walk has said so
    mov     esi, [ebp - 4]
    sub     esi, [edi + WALK_FIRST]
    shl     esi, OOFS_BLOCK_SHIFT
    add     esi, [edi + WALK_BITS]
    xor     ecx, ecx
.Loofs_check_map_dword:
    mov     edx, [esi + ecx*4]
    test    eax, eax
    jz      .Loofs_check_map_compare
    xor     edx, [eax + ecx*4]
.Loofs_check_map_compare:
    test    edx, edx
    jz      .Loofs_check_map_next
    cmp     dword ptr [ebp - 8], 0
    jne     .Loofs_check_map_count
    push    edx
    bsf     edx, edx
    push    ecx
    shl     ecx, 5
    add     ecx, edx
    mov     edx, [ebp - 4]
    shl     edx, OOFS_REGION_SHIFT
    add     edx, ecx
    mov     [ebp - 12], edx
    pop     ecx
    pop     edx
.Loofs_check_map_count:
    push    eax
    mov     eax, edx
    call    oofs_bits_count
    add     [ebp - 8], eax
    pop     eax
.Loofs_check_map_next:
    inc     ecx
    cmp     ecx, OOFS_BLOCK_BYTES / 4
    jb      .Loofs_check_map_dword
    inc     dword ptr [ebp - 4]
    jmp     .Loofs_check_map_region
.Loofs_check_map_end:
    cmp     dword ptr [ebp - 8], 0
    je      .Loofs_check_map_good
    push    ebp
    mov     ebp, edi
    call    oofs_check_line
    pop     ebp
    PRINTF  "the map of free space is wrong about %u blocks, the first of them block %u\n", [ebp-8], [ebp-12]
.Loofs_check_map_good:
    clc
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Checks that names and objects agree: each entry leads to an object that has the directory as its parent, each
# directory counts its entries, and there are as many entries as objects with a parent.
# Out: CF and EAX error.
oofs_check_names:
    FRAME   20
    push    esi
    push    edi
    # Locals: -4 id, -8 objects with a parent less entries, -12 entries of this directory, -20 position
    mov     dword ptr [ebp - 4], 0
    mov     dword ptr [ebp - 8], 0
.Loofs_check_names_object:
    inc     dword ptr [ebp - 4]
    mov     eax, [ebp - 4]
    cmp     eax, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_check_names_end
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_object_get
    jc      .Loofs_check_names_object   # free, or the walk has said so
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Loofs_check_names_done
    lea     esi, [ebx + OOFS_THIRD]
    cmp     dword ptr [esi + OBJECT_PARENT], 1
    sbb     dword ptr [ebp - 8], -1     # 1 more when there is a parent
    call    oofs_is_directory
    jne     .Loofs_check_names_object
    lea     eax, [ebx + OOFS_DIRECTORY]
    mov     edx, esi
    mov     ecx, WORK_SIZE_OF
    call    mem_copy
    mov     dword ptr [ebp - 12], 0
    mov     dword ptr [ebp - 16], 0
    mov     dword ptr [ebp - 20], 0
.Loofs_check_names_entry:
    push    ebp
    lea     edi, [ebp - 20]
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_next
    pop     ebp
    jc      .Loofs_check_names_last
    inc     dword ptr [ebp - 12]
    lea     edx, [ebx + OOFS_WORK]
    mov     edi, eax
    call    oofs_member
    jc      .Loofs_check_names_strange
    dec     dword ptr [ebp - 8]
    jmp     .Loofs_check_names_entry
.Loofs_check_names_strange:
    lea     eax, [ebx + OOFS_NAME]
    mov     edx, [ebp - 4]
    push    ebp
    mov     ebp, [ebp]
    call    oofs_check_line
    pop     ebp
    PRINTF  "the entry %s of directory %u leads to object %u, which is not in it\n", eax, edx, edi
    jmp     .Loofs_check_names_entry
.Loofs_check_names_last:
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_check_names_bad
    mov     eax, [ebp - 12]
    cmp     eax, [ebx + OOFS_DIRECTORY + OBJECT_COUNT]
    je      .Loofs_check_names_object
    mov     edx, [ebp - 4]
    push    ebp
    mov     ebp, [ebp]
    call    oofs_check_line
    pop     ebp
    PRINTF  "directory %u counts %u entries, there are %u\n", edx, [ebx+OOFS_DIRECTORY+OBJECT_COUNT], eax
    jmp     .Loofs_check_names_object
.Loofs_check_names_bad:
    push    ebp
    mov     ebp, [ebp]
    call    oofs_check_broken
    pop     ebp
    mov     eax, [ebx + OOFS_DIRECTORY + OBJECT_COUNT]
    sub     eax, [ebp - 12]
    sub     [ebp - 8], eax              # they are not counted as missing
    jmp     .Loofs_check_names_object
.Loofs_check_names_end:
    mov     eax, [ebp - 8]
    test    eax, eax
    jz      .Loofs_check_names_done     # CF is clear
    push    ebp
    mov     ebp, [ebp]
    call    oofs_check_line
    pop     ebp
    LOAD_STRING edx, "objects have a parent and no name in it"
    test    eax, eax
    jns     1f
    neg     eax
    LOAD_STRING edx, "names are of objects that have another one"
1:  PRINTF  "%u %s\n", eax, edx
    clc
.Loofs_check_names_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret
