# OOFS, snapshots: a list of states in two blocks. In all routines that are not called through class_fs_oofs EBX = OOFS
# record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"
.include "date.inc"

STRING reason_list, "the snapshot list is not valid, in block"

.text

# Reads the snapshot list into OOFS_SNAPSHOTS.
# Out: CF and EAX error.
.global oofs_list_read
oofs_list_read:
    push    esi
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    call    oofs_block_zero
    lea     esi, [ebx + OOFS_STATE + STATE_SNAPSHOTS]
    cmp     dword ptr [esi + POINTER_BLOCK], 0
    je      2f                          # CF is clear
    call    oofs_list_copy
    jnc     2f
    call    oofs_complain
    lea     esi, [ebx + OOFS_STATE + STATE_SNAPSHOTS2]
    call    oofs_list_copy
    jnc     1f
    push    eax
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    call    oofs_block_zero
    pop     eax
    stc
    jmp     2f
1:  mov     eax, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: the second copy of the snapshot list serves\n", eax
    clc
2:  pop     esi
    ret

# Reads one copy of the snapshot list, and proves it.
# In: ESI pointer.
# Out: CF and EAX error.
oofs_list_copy:
    push    edi
    mov     eax, TREE_ID_SNAPSHOT_LIST
    call    oofs_place_begin
    mov     eax, [esi + POINTER_BLOCK]
    mov     ecx, [esi + POINTER_CHECKSUM]
    mov     edx, [ebx + OOFS_SNAPSHOTS]
    mov     edi, edx
    call    oofs_block_read
    jc      .Loofs_list_copy_done
    cmp     dword ptr [edi + LIST_MAGIC], LIST_MAGIC_VALUE
    jne     .Loofs_list_copy_bad
    cmp     word ptr [edi + LIST_VERSION], 1
    jne     .Loofs_list_copy_bad
    movzx   ecx, word ptr [edi + LIST_COUNT]
    lea     eax, [ecx - 1]
    cmp     eax, SNAPSHOTS_MAX
    jae     .Loofs_list_copy_bad
    shl     ecx, 8
    lea     eax, [edi + ecx + LIST_ENTRIES]
    mov     edx, OOFS_BLOCK_BYTES - LIST_ENTRIES
    sub     edx, ecx
    push    ecx
    call    oofs_is_zero
    pop     ecx
    jne     .Loofs_list_copy_bad
    lea     eax, [edi + 8]
    mov     edx, LIST_ENTRIES - 8
    push    ecx
    call    oofs_is_zero
    pop     ecx
    jne     .Loofs_list_copy_bad
.Loofs_list_copy_entry:
    test    ecx, ecx
    jz      .Loofs_list_copy_done       # CF is clear
    push    ecx
    lea     eax, [edi + ecx + SNAPSHOT_STATE]   # the entry that ends there
    call    oofs_state_check
    pop     ecx
    jc      .Loofs_list_copy_bad
    push    ecx
    lea     eax, [edi + ecx]
    call    oofs_snapshot_name
    pop     ecx
    jc      .Loofs_list_copy_bad
    sub     ecx, SNAPSHOT_SIZE_OF
    jmp     .Loofs_list_copy_entry
.Loofs_list_copy_bad:
    mov     edx, [esi + POINTER_BLOCK]
    mov     eax, offset reason_list
    call    oofs_damaged
.Loofs_list_copy_done:
    pop     edi
    ret

# Checks the name of a snapshot.
# In: EAX name in SNAPSHOT_NAME_BYTES.
# Out: CF when it cannot be one.
oofs_snapshot_name:
    xor     edx, edx
1:  cmp     byte ptr [eax + edx], 0
    je      2f
    cmp     byte ptr [eax + edx], '@'
    je      3f
    inc     edx
    cmp     edx, SNAPSHOT_NAME_BYTES
    jb      1b
3:  stc
    ret
2:  test    edx, edx
    jz      3b
    jmp     oofs_name_check

# Writes the snapshot list to its two places.
# Out: CF and EAX error.
.global oofs_list_write
oofs_list_write:
    mov     eax, [ebx + OOFS_STATE + STATE_SNAPSHOTS + POINTER_BLOCK]
    test    eax, eax
    jz      1f
    mov     edx, [ebx + OOFS_SNAPSHOTS]
    call    oofs_block_write
    jc      1f
    mov     [ebx + OOFS_STATE + STATE_SNAPSHOTS + POINTER_CHECKSUM], eax
    mov     eax, [ebx + OOFS_STATE + STATE_SNAPSHOTS2 + POINTER_BLOCK]
    mov     edx, [ebx + OOFS_SNAPSHOTS]
    call    oofs_block_write
    jc      1f
    mov     [ebx + OOFS_STATE + STATE_SNAPSHOTS2 + POINTER_CHECKSUM], eax
1:  ret

# Gives the two blocks of the list new places, or none.
# In: EDX 1 when there is a list.
# Out: CF and EAX error.
oofs_list_move:
    push    esi
    push    edi
    mov     edi, edx
    lea     esi, [ebx + OOFS_STATE + STATE_SNAPSHOTS]
1:  xor     eax, eax
    mov     [esi + POINTER_CHECKSUM], eax
    xchg    eax, [esi + POINTER_BLOCK]
    test    eax, eax
    jz      2f
    xor     edx, edx
    call    oofs_release
    jc      9f
2:  test    edi, edi
    jz      3f
    call    oofs_allocate
    jc      9f
    mov     [esi + POINTER_BLOCK], eax
3:  lea     eax, [ebx + OOFS_STATE + STATE_SNAPSHOTS2]
    cmp     esi, eax
    mov     esi, eax
    jne     1b
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_LISTED | OOFS_IS_RECOUNT
    clc
9:  pop     edi
    pop     esi
    ret

# Finds a snapshot.
# In: EDX name.
# Out: ESI entry; CF and EAX = ERROR_NOT_FOUND, and ESI is kept.
oofs_snapshot_find:
    push    edi
    push    ebp
    push    esi
    mov     edi, edx
    mov     esi, [ebx + OOFS_SNAPSHOTS]
    movzx   ebp, word ptr [esi + LIST_COUNT]
1:  dec     ebp
    js      2f
    add     esi, SNAPSHOT_SIZE_OF
    mov     eax, esi
    mov     edx, edi
    call    string_compare
    jne     1b
    add     esp, 4                      # CF is clear
    jmp     3f
2:  pop     esi
    mov     eax, ERROR_NOT_FOUND
    stc
3:  pop     ebp
    pop     edi
    ret

# FS_SNAPSHOT.
# In: EAX mount, EDX name, ECX = SNAPSHOT_CREATE, SNAPSHOT_RESTORE, SNAPSHOT_REMOVE or SNAPSHOT_LIST.
# Out: CF and EAX error.
.global oofs_snapshot
oofs_snapshot:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     esi, edx
    mov     edi, ecx
    cmp     edi, SNAPSHOT_LIST
    je      .Loofs_snapshot_list
    call    oofs_writable
    jc      .Loofs_snapshot_failed
    call    oofs_commit
    jc      .Loofs_snapshot_done
    cmp     edi, SNAPSHOT_CREATE
    je      .Loofs_snapshot_create
    mov     edx, esi
    call    oofs_snapshot_find          # ESI: entry
    jc      .Loofs_snapshot_failed
    mov     eax, 4
    xor     edx, edx
    call    oofs_begin
    jc      .Loofs_snapshot_failed
    cmp     edi, SNAPSHOT_REMOVE
    je      .Loofs_snapshot_remove
    call    oofs_restore
    jmp     .Loofs_snapshot_changed
.Loofs_snapshot_create:
    call    oofs_snapshot_add
    jnc     .Loofs_snapshot_commit
    cmp     eax, ERROR_EXISTS
    je      .Loofs_snapshot_failed
    cmp     eax, ERROR_INVALID
    je      .Loofs_snapshot_failed
    cmp     eax, ERROR_TABLE_FULL
    je      .Loofs_snapshot_failed
    cmp     eax, ERROR_NO_SPACE
    je      .Loofs_snapshot_failed
    jmp     .Loofs_snapshot_lost
.Loofs_snapshot_remove:
    call    oofs_snapshot_drop
.Loofs_snapshot_changed:
    jc      .Loofs_snapshot_lost
.Loofs_snapshot_commit:
    call    oofs_commit
    jmp     .Loofs_snapshot_done
.Loofs_snapshot_lost:
    call    oofs_give_up
    jmp     .Loofs_snapshot_done
.Loofs_snapshot_list:
    call    oofs_snapshots_print
    jmp     .Loofs_snapshot_done
.Loofs_snapshot_failed:
    call    oofs_complain
.Loofs_snapshot_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Forgets the maps of snapshots, whose numbers have changed.
oofs_snapshots_forget:
    push    esi
    mov     esi, TREE_ID_SNAPSHOT_MAP
1:  mov     eax, esi
    call    cache_forget
    inc     esi
    cmp     esi, TREE_ID_SNAPSHOT_MAP + SNAPSHOTS_MAX
    jne     1b
    pop     esi
    ret

# Adds the last commit to the list.
# In: ESI name.
# Out: CF and EAX error.
oofs_snapshot_add:
    push    edi
    mov     eax, esi
    call    string_length
    mov     edx, eax
    mov     eax, ERROR_INVALID
    cmp     edx, SNAPSHOT_NAME_BYTES
    jae     .Loofs_snapshot_add_failed
    mov     eax, esi
    call    oofs_snapshot_name
    mov     eax, ERROR_INVALID
    jc      .Loofs_snapshot_add_done
    mov     edx, esi
    call    oofs_snapshot_find
    mov     eax, ERROR_EXISTS
    jnc     .Loofs_snapshot_add_failed
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    cmp     word ptr [eax + LIST_COUNT], SNAPSHOTS_MAX
    mov     eax, ERROR_TABLE_FULL
    jae     .Loofs_snapshot_add_failed
    mov     eax, 4
    mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_snapshot_add_done
    mov     edx, 1
    call    oofs_list_move
    jc      .Loofs_snapshot_add_lost
    mov     edi, [ebx + OOFS_SNAPSHOTS]
    mov     dword ptr [edi + LIST_MAGIC], LIST_MAGIC_VALUE
    mov     word ptr [edi + LIST_VERSION], 1
    inc     word ptr [edi + LIST_COUNT]
    movzx   eax, word ptr [edi + LIST_COUNT]
    shl     eax, 8
    add     edi, eax                    # EDI: entry
    mov     eax, edi
    mov     edx, esi
    mov     ecx, SNAPSHOT_NAME_BYTES
    call    string_copy
    lea     eax, [edi + SNAPSHOT_STATE]
    lea     edx, [ebx + OOFS_COMMITTED]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    clc
    jmp     .Loofs_snapshot_add_done
.Loofs_snapshot_add_lost:
    mov     eax, ERROR_IO
.Loofs_snapshot_add_failed:
    stc
.Loofs_snapshot_add_done:
    pop     edi
    ret

# Takes a snapshot out of the list.
# In: ESI entry.
# Out: CF and EAX error.
oofs_snapshot_drop:
    push    edi
    mov     edi, [ebx + OOFS_SNAPSHOTS]
    xor     edx, edx
    cmp     word ptr [edi + LIST_COUNT], 1
    setne   dl
    call    oofs_list_move              # before the list changes: what the snapshot holds is not allocated yet
    jc      1f
    dec     word ptr [edi + LIST_COUNT]
    lea     ecx, [edi + OOFS_BLOCK_BYTES - SNAPSHOT_SIZE_OF]
    sub     ecx, esi
    mov     eax, esi
    lea     edx, [esi + SNAPSHOT_SIZE_OF]
    call    mem_move
    lea     eax, [edi + OOFS_BLOCK_BYTES - SNAPSHOT_SIZE_OF]
    xor     edx, edx
    mov     ecx, SNAPSHOT_SIZE_OF
    call    mem_set
    cmp     word ptr [edi + LIST_COUNT], 0
    jne     2f
    mov     eax, edi
    call    oofs_block_zero
2:  call    oofs_snapshots_forget       # the commit counts what the others hold
    clc
1:  pop     edi
    ret

# Makes the trees of a snapshot current.
# In: ESI entry.
# Out: CF and EAX error: ERROR_BUSY while anything of the volume is open.
oofs_restore:
    FRAME   28
    push    esi
    push    edi
    # Locals: -8 sequence, -16 and -24 pointers to the list, -28 blocks
    lea     edi, [ebx + OOFS_STATE]
    mov     eax, [edi + STATE_SEQUENCE]
    mov     [ebp - 8], eax
    mov     eax, [edi + STATE_SEQUENCE + 4]
    mov     [ebp - 4], eax
    mov     eax, [edi + STATE_SNAPSHOTS]
    mov     [ebp - 16], eax
    mov     eax, [edi + STATE_SNAPSHOTS + 4]
    mov     [ebp - 12], eax
    mov     eax, [edi + STATE_SNAPSHOTS2]
    mov     [ebp - 24], eax
    mov     eax, [edi + STATE_SNAPSHOTS2 + 4]
    mov     [ebp - 20], eax
    mov     eax, [edi + STATE_BLOCKS]
    mov     [ebp - 28], eax
    call    cache_clear
    mov     eax, edi
    lea     edx, [esi + SNAPSHOT_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    call    oofs_take_trees
    mov     eax, [ebp - 8]
    mov     [edi + STATE_SEQUENCE], eax
    mov     eax, [ebp - 4]
    mov     [edi + STATE_SEQUENCE + 4], eax
    mov     eax, [ebp - 28]
    call    oofs_map_resize
    jc      .Loofs_restore_done
    mov     eax, [edi + STATE_SNAPSHOTS]
    xor     edx, edx
    call    oofs_restore_mark
    jc      .Loofs_restore_done
    mov     eax, [edi + STATE_SNAPSHOTS2]
    xor     edx, edx
    call    oofs_restore_mark
    jc      .Loofs_restore_done
    mov     eax, [ebp - 16]
    mov     [edi + STATE_SNAPSHOTS], eax
    mov     edx, [ebp - 12]
    mov     [edi + STATE_SNAPSHOTS + 4], edx
    mov     edx, 1
    call    oofs_restore_mark
    jc      .Loofs_restore_done
    mov     eax, [ebp - 24]
    mov     [edi + STATE_SNAPSHOTS2], eax
    mov     edx, [ebp - 20]
    mov     [edi + STATE_SNAPSHOTS2 + 4], edx
    mov     edx, 1
    call    oofs_restore_mark
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_RECOUNT
.Loofs_restore_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Sets or clears the bit of a block of a snapshot list, if there is one.
# In: EAX block or 0, EDX 1 or 0.
# Out: CF and EAX error.
oofs_restore_mark:
    test    eax, eax
    jnz     oofs_mark
    ret

# Brings the map to another size: moves the marks of the last two blocks.
# In: EAX blocks.
# Out: CF and EAX error.
.global oofs_map_resize
oofs_map_resize:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, [ebx + OOFS_STATE + STATE_BLOCKS]
    cmp     esi, edi
    je      .Loofs_map_resize_done      # CF is clear
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], esi
    mov     dword ptr [ebx + OOFS_NEXT_REGION], 0
    lea     eax, [edi - 2]
    xor     edx, edx
    call    oofs_mark
    jc      .Loofs_map_resize_done
    lea     eax, [edi - 1]
    xor     edx, edx
    call    oofs_mark
    jc      .Loofs_map_resize_done
    mov     eax, esi
    call    oofs_regions_of
    lea     edi, [ebx + OOFS_MAP]
    mov     dword ptr [ebx + OOFS_BUDGET], 0x7FFFFFFF
    call    oofs_tree_resize
    jc      .Loofs_map_resize_done
    lea     eax, [esi - 2]
    mov     edx, 1
    call    oofs_mark
    jc      .Loofs_map_resize_done
    lea     eax, [esi - 1]
    mov     edx, 1
    call    oofs_mark
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_RECOUNT
.Loofs_map_resize_done:
    pop     edi
    pop     esi
    ret

# Prints the snapshots.
# Out: CF clear.
oofs_snapshots_print:
    FRAME   DATE_SIZE
    push    esi
    push    edi
    mov     esi, [ebx + OOFS_SNAPSHOTS]
    movzx   edi, word ptr [esi + LIST_COUNT]
    test    edi, edi
    jnz     1f
    PRINT   "There are no snapshots.\n"
1:  dec     edi
    js      2f
    add     esi, SNAPSHOT_SIZE_OF
    mov     eax, [esi + SNAPSHOT_STATE + STATE_TIME]
    lea     edx, [ebp - DATE_SIZE]
    call    date_from_unix
    PRINTF  "%-20s commit %u, %u objects, %04u-%02u-%02u %02u:%02u\n", esi, [esi+SNAPSHOT_STATE+STATE_SEQUENCE], [esi+SNAPSHOT_STATE+STATE_OBJECTS], [ebp-DATE_SIZE+DATE_YEAR], [ebp-DATE_SIZE+DATE_MONTH], [ebp-DATE_SIZE+DATE_DAY], [ebp-DATE_SIZE+DATE_HOUR], [ebp-DATE_SIZE+DATE_MINUTE]
    jmp     1b
2:  clc
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Converts a time of the file systems to a date.
# In: EAX seconds since 1970, EDX date to fill in.
date_from_unix:
    sub     eax, 946684800              # 2000-01-01; what is earlier is shown as that
    jae     1f
    xor     eax, eax
1:  jmp     date_from_seconds
