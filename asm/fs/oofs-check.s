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
STRING reason_rest, "there are bytes after the end of the content in block"
STRING reason_many, "a walk over the volume meets more blocks than it has; the last is"

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
    mov     dword ptr [ebp + WALK_PATHS], 1
    call    oofs_check_fixed
    lea     esi, [ebx + OOFS_COMMITTED]
    call    oofs_check_state
    jc      .Loofs_fsck_free
    mov     [ebp + WALK_MODE], edi
    cmp     edi, CHECK_ALL
    jne     .Loofs_fsck_snapshots
    call    oofs_check_names
    jc      .Loofs_fsck_free
    call    oofs_check_counts
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
    call    oofs_check_snapshot
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

# Checks a snapshot, its names and paths too where nothing in memory has to be kept meanwhile.
# In: ESI state, WALK_NAME, WALK_MODE.
# Out: CF and EAX error.
oofs_check_snapshot:
    mov     dword ptr [ebp + WALK_PATHS], 0
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FAILED | OOFS_IS_CHANGED
    jnz     oofs_check_state
    mov     dword ptr [ebp + WALK_PATHS], 1
    call    oofs_view_open
    call    oofs_check_state
    jc      1f
    cmp     dword ptr [ebp + WALK_MODE], CHECK_ALL
    clc
    jne     1f
    call    oofs_check_names
1:  jmp     oofs_view_close

# Compares the numbers of blocks in the last commit with the maps, when these are right.
oofs_check_counts:
    push    esi
    push    edi
    cmp     dword ptr [ebp + WALK_PROBLEMS], 0
    jne     .Loofs_check_counts_done
    mov     esi, [ebx + OOFS_STATE + STATE_USED]
    mov     edi, [ebx + OOFS_STATE + STATE_FREE]
    call    oofs_count
    jc      .Loofs_check_counts_restore
    mov     eax, [ebx + OOFS_STATE + STATE_USED]
    mov     edx, [ebx + OOFS_COMMITTED + STATE_USED]
    cmp     eax, edx
    je      .Loofs_check_counts_free
    call    oofs_check_line
    PRINTF  "the commit record counts %u used blocks, the map has %u\n", edx, eax
.Loofs_check_counts_free:
    mov     eax, [ebx + OOFS_STATE + STATE_FREE]
    mov     edx, [ebx + OOFS_COMMITTED + STATE_FREE]
    cmp     eax, edx
    je      .Loofs_check_counts_restore
    call    oofs_check_line
    PRINTF  "the commit record counts %u free blocks, there are %u\n", edx, eax
.Loofs_check_counts_restore:
    mov     [ebx + OOFS_STATE + STATE_USED], esi
    mov     [ebx + OOFS_STATE + STATE_FREE], edi
.Loofs_check_counts_done:
    pop     edi
    pop     esi
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
    mov     dword ptr [ebp + WALK_USED], 0
.Loofs_check_state_regions:
    mov     eax, [esi + STATE_BLOCKS]
    call    oofs_regions_of
    call    oofs_pass_begin
    jc      .Loofs_check_state_done
    test    edi, edi
    jz      .Loofs_check_state_good
    mov     dword ptr [ebp + WALK_COUNT], 0
    call    oofs_fixed_bits
    call    oofs_walk_state
    jc      .Loofs_check_state_freed
    call    oofs_check_map
    mov     dword ptr [ebp + WALK_CHECK], 0 # content was read in the first pass
.Loofs_check_state_freed:
    call    oofs_pass_end
    jnc     .Loofs_check_state_regions
    jmp     .Loofs_check_state_done
.Loofs_check_state_good:
    mov     eax, [ebp + WALK_COUNT]
    cmp     eax, [esi + STATE_OBJECTS]
    je      .Loofs_check_state_used
    call    oofs_check_line
    PRINTF  "the commit record counts %u objects, there are %u\n", [esi+STATE_OBJECTS], eax
.Loofs_check_state_used:
    cmp     dword ptr [ebp + WALK_NAME], 0  # oofs_check_counts is for the last commit
    je      .Loofs_check_state_whole
    cmp     dword ptr [ebp + WALK_PROBLEMS], 0
    jne     .Loofs_check_state_whole
    mov     eax, [ebp + WALK_USED]
    mov     edx, [esi + STATE_USED]
    cmp     eax, edx
    je      .Loofs_check_state_done     # CF is clear
    call    oofs_check_line
    PRINTF  "the commit record counts %u used blocks, the map has %u\n", edx, eax
.Loofs_check_state_whole:
    clc
.Loofs_check_state_done:
    pop     edi
    ret

# Begins the line of a problem.
# Clobbers: none.
.global oofs_check_line
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
    push    edx
    call    oofs_block_read
    pop     edx
    jnc     .Loofs_check_visit_end
    call    oofs_check_said
    jmp     .Loofs_check_visit_good
.Loofs_check_visit_end:
    cmp     dword ptr [ebp + WALK_OBJECT], 0
    je      .Loofs_check_visit_good
    mov     eax, [esp]                  # index
    inc     eax
    cmp     eax, [edi + TREE_BLOCKS]
    jne     .Loofs_check_visit_good
    mov     eax, [ebp + WALK_OBJECT]
    mov     eax, [eax + OBJECT_BYTES]
    neg     eax
    and     eax, OOFS_BLOCK_BYTES - 1   # EAX: bytes after the end
    lea     ecx, [edx + OOFS_BLOCK_BYTES]
    sub     ecx, eax
    call    oofs_check_zeros
    je      .Loofs_check_visit_good
    mov     eax, offset reason_rest
    mov     edx, esi
    call    oofs_damaged
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

# Whether bytes are all zero.
# In: ECX address, EAX how many.
# Out: ZF when so.
# Clobbers: EAX, ECX only.
oofs_check_zeros:
    push    edi
    mov     edi, ecx
    mov     ecx, eax
    xor     eax, eax                    # sets ZF, for no bytes
    repe scasb
    pop     edi
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
.global oofs_check_broken
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
    cmp     dword ptr [ebp + WALK_PATHS], 0
    je      3f
    mov     eax, [ebx + OOFS_PLACE]
    lea     edx, [eax - 1]
    cmp     edx, TREE_ID_FIRST - 1      # else it is no object
    jae     3f
    call    oofs_path_print
3:  PRINT   "\n"
    pop     eax
    clc
    ret

# Compares the map with what was met, and counts what it has.
# In: ESI state, WALK_FIRST, WALK_END, WALK_BITS.
# Out: WALK_USED; CF and EAX error.
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
    push    eax
    mov     eax, [eax + ecx*4]
    xor     edx, eax
    call    oofs_bits_count
    add     [edi + WALK_USED], eax
    pop     eax
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
