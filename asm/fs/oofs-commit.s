# OOFS, commits: all changes become real when one sector, the commit record, is on the disk. It has two copies, and
# there are two records, used in turn. All else is flushed before the record is written, and the record before anyone
# is told. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.section .rodata
.balign 4
oofs_seal_order:                        # trees whose roots are in the state, in the order in which they are written
    .long   TREE_ID_TABLE, TREE_ID_TABLE2, TREE_ID_MAP
SEAL_ORDER_END = . - oofs_seal_order

.text

# Whether the volume can be changed.
# Out: CF and EAX = ERROR_READ_ONLY when not.
# Clobbers: EAX only.
.global oofs_writable
oofs_writable:
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY | OOFS_IS_FAILED
    jz      1f
    mov     eax, ERROR_READ_ONLY
    stc
1:  ret

# Makes all operations so far real. After a failure the volume shows the last commit, and is not written any more.
# Out: CF and EAX error.
.global oofs_commit
oofs_commit:
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED | OOFS_IS_FIRST
    jz      9f                          # CF is clear
    call    oofs_writable
    jc      9f
    call    oofs_commit_write
    jnc     9f
    call    oofs_give_up
9:  ret

# Writes all that has changed, from below, and the commit record.
# Out: CF and EAX error.
oofs_commit_write:
    push    esi
    push    edi
    call    oofs_recover_settle
    jc      .Loofs_commit_write_done
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_RECOUNT
    jz      .Loofs_commit_write_gained
    call    oofs_count
    jc      .Loofs_commit_write_done
    jmp     .Loofs_commit_write_seal
.Loofs_commit_write_gained:
    call    oofs_gained
    jc      .Loofs_commit_write_done
    add     [ebx + OOFS_STATE + STATE_FREE], eax
.Loofs_commit_write_seal:
    CHECK   "dword ptr [ebx+OOFS_WAITING]", e, 0, "oofs_commit: changes of the map wait"
    CHECK   "dword ptr [ebx+OOFS_DRAINING]", e, 0, "oofs_commit: a change of the map is at work"
    call    oofs_seal
    jc      .Loofs_commit_write_done
    lea     edi, [ebx + OOFS_STATE]
    lea     edx, [edi + STATE_TABLE]
    lea     eax, [ebx + OOFS_TABLE]
    call    oofs_root_take
    lea     edx, [edi + STATE_TABLE2]
    lea     eax, [ebx + OOFS_TABLE2]
    call    oofs_root_take
    lea     edx, [edi + STATE_MAP]
    lea     eax, [ebx + OOFS_MAP]
    call    oofs_root_take
    add     dword ptr [edi + STATE_SEQUENCE], 1
    adc     dword ptr [edi + STATE_SEQUENCE + 4], 0
    call    oofs_now
    mov     [edi + STATE_TIME], eax
    mov     dword ptr [edi + STATE_TIME + 4], 0
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_commit_write_done
    CHECK   "dword ptr [ebx+CACHE_PINNED_COUNT]", e, 0, "oofs_commit: blocks are pinned that were not written"
    call    oofs_record_make
    mov     ecx, [edi + STATE_SEQUENCE]
    and     ecx, 1
    lea     eax, [ecx + 1]
    call    oofs_sector_write
    jc      .Loofs_commit_write_done
    mov     ecx, [edi + STATE_SEQUENCE]
    and     ecx, 1
    mov     eax, [edi + STATE_BLOCKS]
    lea     eax, [eax + ecx - 2]
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CONVERTED
    jnz     .Loofs_commit_write_flush   # version 1 may have content there
    call    oofs_sector_write
    jc      .Loofs_commit_write_done
.Loofs_commit_write_flush:
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_commit_write_done
    call    oofs_adopt
    clc
.Loofs_commit_write_done:
    pop     edi
    pop     esi
    ret

# Copies the root pointer of a tree.
# In: EAX tree, EDX where it goes.
# Clobbers: EAX, ECX, EDX only.
oofs_root_take:
    mov     ecx, [eax + TREE_ROOT + POINTER_BLOCK]
    mov     [edx + POINTER_BLOCK], ecx
    mov     ecx, [eax + TREE_ROOT + POINTER_CHECKSUM]
    mov     [edx + POINTER_CHECKSUM], ecx
    ret

# The time.
# Out: EAX seconds since 1970.
.global oofs_now
oofs_now:
    call    clock_seconds
    add     eax, 946684800              # 2000-01-01
    ret

# Takes what is in OOFS_STATE as the last commit, from which changes go on.
.global oofs_adopt
oofs_adopt:
    push    edi
    lea     eax, [ebx + OOFS_COMMITTED]
    lea     edx, [ebx + OOFS_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    and     dword ptr [ebx + OOFS_FLAGS], ~(OOFS_IS_CHANGED | OOFS_IS_FIRST | OOFS_IS_RECOUNT | OOFS_IS_LISTED)
    lea     eax, [ebx + OOFS_OLD_MAP]
    lea     edx, [ebx + OOFS_COMMITTED]
    mov     ecx, TREE_ID_OLD_MAP
    call    oofs_map_tree
    lea     edi, [ebx + OOFS_REGIONS]
    xor     eax, eax
    mov     ecx, OOFS_REGIONS_BYTES / 4
    rep stosd
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    mov     eax, TREE_ID_OLD_MAP
    call    cache_forget
    mov     eax, TREE_ID_HELD
    call    cache_forget
    pop     edi
    ret

# Takes the trees of OOFS_STATE, whose blocks are on the disk.
.global oofs_take_trees
oofs_take_trees:
    push    esi
    push    edi
    call    oofs_take_tables
    lea     eax, [ebx + OOFS_MAP]
    mov     edx, esi
    mov     ecx, TREE_ID_MAP
    call    oofs_map_tree
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    mov     dword ptr [ebx + OOFS_WAITING], 0
    mov     dword ptr [ebx + OOFS_DRAINING], 0
    pop     edi
    pop     esi
    ret

# Takes the tables of objects of OOFS_STATE.
# Out: ESI OOFS_STATE.
# Clobbers: EAX, ECX, EDX, EDI.
.global oofs_take_tables
oofs_take_tables:
    lea     esi, [ebx + OOFS_STATE]
    lea     edi, [ebx + OOFS_TABLE]
    mov     eax, TREE_ID_TABLE
    lea     edx, [esi + STATE_TABLE]
    call    oofs_table_tree
    lea     edi, [ebx + OOFS_TABLE2]
    mov     eax, TREE_ID_TABLE2
    lea     edx, [esi + STATE_TABLE2]
    jmp     oofs_table_tree

# Makes a tree one of the object tables.
# In: EDI tree, ESI state, EAX key, EDX root pointer.
.global oofs_table_tree
oofs_table_tree:
    mov     [edi + TREE_KEY], eax
    mov     dword ptr [edi + TREE_NODE_ID], TREE_ID_TABLE
    mov     eax, [edx + POINTER_BLOCK]
    mov     [edi + TREE_ROOT + POINTER_BLOCK], eax
    mov     eax, [edx + POINTER_CHECKSUM]
    mov     [edi + TREE_ROOT + POINTER_CHECKSUM], eax
    mov     eax, [esi + STATE_SLOTS]
    shr     eax, 5                      # OBJECT_PER_BLOCK
    mov     [edi + TREE_BLOCKS], eax
    call    oofs_tree_depth
    mov     [edi + TREE_DEPTH], eax
    ret

# Gives the volume up after something failed: shows what was confirmed, and writes nothing any more. Says so once.
# In: EAX error.
# Out: EAX error, CF set.
.global oofs_give_up
oofs_give_up:
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FAILED
    jnz     1f
    push    eax
    call    oofs_complain
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FAILED
    cmp     dword ptr [disk_detached], 0
    jne     2f                          # a twin, of which the source's volume is not
    mov     edx, [ebx + OOFS_VOLUME]
    call    error_text
    PRINTF  "oofs: %s: %s. It is not written any more until it is mounted anew, and shows what was confirmed.\n", edx, eax
2:  lea     eax, [ebx + OOFS_STATE]
    lea     edx, [ebx + OOFS_COMMITTED]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    call    cache_clear
    call    oofs_take_trees
    call    oofs_adopt
    call    oofs_list_read
    pop     eax
1:  stc
    ret

# Writes all changed blocks to their places, those below first, and puts their checksums into the pointers.
# Out: CF and EAX error.
oofs_seal:
    push    esi
    push    edi
    push    ebp
    mov     edi, [ebx + OOFS_SCRATCH]   # list of the changed blocks
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     ecx, [ebx + CACHE_COUNT]
.Loofs_seal_entry:
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_DIRTY
    jz      .Loofs_seal_clean
    mov     [edi], esi
    add     edi, 4
.Loofs_seal_clean:
    add     esi, BLOCK_SIZE_OF
    dec     ecx
    jnz     .Loofs_seal_entry
    sub     edi, [ebx + OOFS_SCRATCH]   # EDI: its bytes
    CHECK   edi, be, OOFS_BLOCK_BYTES, "oofs_seal: more blocks than the list holds"
    mov     ebp, -4                     # objects first
.Loofs_seal_kind:
    xor     edx, edx                    # EDX: level
.Loofs_seal_level:
    mov     esi, edi
.Loofs_seal_block:
    sub     esi, 4
    js      .Loofs_seal_next
    mov     eax, [ebx + OOFS_SCRATCH]
    mov     eax, [eax + esi]
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_DIRTY
    jz      .Loofs_seal_block
    cmp     [eax + BLOCK_LEVEL], edx
    jne     .Loofs_seal_block
    mov     ecx, [eax + BLOCK_ID]
    call    oofs_seal_kind
    cmp     ecx, ebp
    jne     .Loofs_seal_block
    push    edx
    call    oofs_cache_write
    pop     edx
    jc      .Loofs_seal_done
    jmp     .Loofs_seal_block
.Loofs_seal_next:
    inc     edx
    cmp     edx, OBJECT_DEPTH_MAX
    jbe     .Loofs_seal_level
    add     ebp, 4
    cmp     ebp, SEAL_ORDER_END
    jb      .Loofs_seal_kind
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_LISTED
    jz      .Loofs_seal_done            # CF is clear
    call    oofs_list_write
.Loofs_seal_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# When the blocks of a tree are written.
# In: ECX key of the tree.
# Out: ECX place in oofs_seal_order, -4 for objects.
# Clobbers: ECX only.
oofs_seal_kind:
    push    eax
    mov     eax, SEAL_ORDER_END
1:  sub     eax, 4
    js      2f
    cmp     [oofs_seal_order + eax], ecx
    jne     1b
2:  mov     ecx, eax
    pop     eax
    ret

# Makes the commit record of OOFS_STATE.
# Out: OOFS_SECTOR.
# Clobbers: EAX, ECX, EDX only.
oofs_record_make:
    push    edi
    lea     edi, [ebx + OOFS_SECTOR]
    mov     eax, edi
    xor     edx, edx
    mov     ecx, 512
    call    mem_set
    mov     dword ptr [edi], OOFS_MAGIC
    mov     dword ptr [edi + 4], OOFS_MAGIC_COMMIT
    mov     dword ptr [edi + COMMIT_VERSION], OOFS_VERSION
    mov     eax, [ebx + OOFS_ID]
    mov     [edi + COMMIT_ID], eax
    mov     eax, [ebx + OOFS_ID + 4]
    mov     [edi + COMMIT_ID + 4], eax
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FIRST
    jz      1f
    mov     dword ptr [edi + COMMIT_FLAGS], 1
1:  lea     eax, [edi + COMMIT_STATE]
    lea     edx, [ebx + OOFS_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    pop     edi

# Puts the checksum into OOFS_SECTOR.
# Clobbers: EAX, ECX, EDX only.
.global oofs_sector_seal
oofs_sector_seal:
    lea     eax, [ebx + OOFS_SECTOR]
    mov     dword ptr [eax + SECTOR_CHECKSUM], 0
    mov     edx, 512
    call    crc32
    mov     [ebx + OOFS_SECTOR + SECTOR_CHECKSUM], eax
    ret

# Writes OOFS_SECTOR to the first sector of a block.
# In: EAX block.
# Out: CF and EAX error.
.global oofs_sector_write
oofs_sector_write:
    push    esi
    lea     edx, [eax*8]
    lea     ecx, [ebx + OOFS_SECTOR]
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, 1
    call    volume_write
    pop     esi
    ret

# Says what was noted, if the error is that: what is damaged, and where.
# In: EAX error code.
# Out: as it was, CF set.
.global oofs_complain
oofs_complain:
    cmp     eax, ERROR_CORRUPT
    jne     1f
    push    eax
    mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s is damaged: %s %u", eax, [ebx+OOFS_REASON], [ebx+OOFS_WHERE]
    call    oofs_place_print
    PRINT   "\n"
    pop     eax
1:  stc
    ret

# Prints where the block that was looked at last belongs, if that is not said by its number.
.global oofs_place_print
oofs_place_print:
    mov     eax, [ebx + OOFS_PLACE]
    cmp     eax, TREE_ID_FIXED
    je      .Loofs_place_print_done
    LOAD_STRING edx, "the object table"
    cmp     eax, TREE_ID_TABLE
    je      .Loofs_place_print_tree
    LOAD_STRING edx, "the second object table"
    cmp     eax, TREE_ID_TABLE2
    je      .Loofs_place_print_tree
    LOAD_STRING edx, "the snapshot list"
    cmp     eax, TREE_ID_SNAPSHOT_LIST
    je      .Loofs_place_print_tree
    LOAD_STRING edx, "the map of free space"
    cmp     eax, TREE_ID_FIRST
    jae     .Loofs_place_print_tree
    PRINTF  " (object %u, ", eax
    jmp     .Loofs_place_print_number
.Loofs_place_print_tree:
    PRINTF  " (%s, ", edx
.Loofs_place_print_number:
    mov     edx, [ebx + OOFS_PLACE + 8]
    mov     ecx, [ebx + OOFS_PLACE + 4]
    jecxz   .Loofs_place_print_offset
    PRINTF  "node %u of level %u)", edx, ecx
    ret
.Loofs_place_print_offset:
    cmp     edx, 1 << 20                # offsets beyond 4 GiB in blocks
    jae     .Loofs_place_print_block
    shl     edx, OOFS_BLOCK_SHIFT
    PRINTF  "offset %u)", edx
    ret
.Loofs_place_print_block:
    PRINTF  "block %u of its content)", edx
.Loofs_place_print_done:
    ret

# Notes that what is looked at is the beginning of a tree's content, or of what stands in for a tree.
# In: EAX key of the tree.
# Clobbers: none.
.global oofs_place_begin
oofs_place_begin:
    mov     [ebx + OOFS_PLACE], eax
    mov     dword ptr [ebx + OOFS_PLACE + 4], 0
    mov     dword ptr [ebx + OOFS_PLACE + 8], 0
    ret
