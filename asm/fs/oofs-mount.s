# OOFS, volumes: recognising, mounting and unmounting them. In all routines that are not called through class_fs_oofs
# EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"
.include "pages.inc"

.section .rodata
.balign 4
.global class_fs_oofs
class_fs_oofs:                          # FS_* of fs.inc
    .long   class_fs_oofs_name, class_fs_oofs_type
    .long   oofs_probe, oofs_format, oofs_mount, oofs_umount
    .long   oofs_find, oofs_next, oofs_load, oofs_save, oofs_status
    .long   oofs_read_at, oofs_write_at, oofs_truncate, oofs_create_file, oofs_mkdir, oofs_unlink, oofs_rmdir
    .long   oofs_rename, oofs_stat, oofs_sync, oofs_closed, oofs_snapshot, oofs_fsck, oofs_space
    .long   oofs_partitions
oofs_partitions:
    .byte   PARTITION_OOFS, 0

STRING class_fs_oofs_name, "class_fs_oofs"
STRING class_fs_oofs_type, "oofs"
STRING oofs_about, "OOFS, version 2"
STRING oofs_about_old, "OOFS, version 1"

STRING reason_none, "no commit record is valid, the first in block"
STRING reason_differ, "the two copies of a commit record differ, the first in block"
STRING reason_root, "this is not the root or class directory: object"

.text

# Whether a volume holds an OOFS. May sleep.
# In: EAX volume.
# Out: EAX text about it; CF and EAX = ERROR_CORRUPT when not, ERROR_AWAY when its files are elsewhere, or the drive's
# error.
oofs_probe:
    push    ebx
    call    oofs_create
    jc      .Loofs_probe_done
    xor     eax, eax
    lea     edx, [ebx + OOFS_SECTOR]
    call    oofs_sector_read
    jc      .Loofs_probe_free
    lea     eax, [ebx + OOFS_SECTOR]
    call    oofs_super_version
    mov     edx, offset oofs_about_old
    cmp     eax, 1
    je      .Loofs_probe_found
    mov     edx, offset oofs_about
    cmp     eax, OOFS_VERSION
    je      .Loofs_probe_found
    cmp     word ptr [ebx + OOFS_SECTOR + MBR_MAGIC], MBR_MAGIC_VALUE
    je      .Loofs_probe_away           # a boot sector of somebody else
    xor     eax, eax
    call    oofs_copy_read
    mov     eax, 2
    call    oofs_copy_read
    mov     eax, 0b0101
    call    oofs_copy_newest
    mov     edx, offset oofs_about
    test    eax, eax
    jnz     .Loofs_probe_found
    jmp     .Loofs_probe_none
.Loofs_probe_away:
    cmp     dword ptr [ebx + OOFS_SECTOR + SUPER_MAGIC + 4], OOFS_MAGIC_AWAY
    jne     .Loofs_probe_none
    mov     eax, ERROR_AWAY
    jmp     .Loofs_probe_not
.Loofs_probe_none:
    mov     eax, ERROR_CORRUPT
.Loofs_probe_not:
    stc
    jmp     .Loofs_probe_free
.Loofs_probe_found:
    mov     eax, edx
    clc
.Loofs_probe_free:
    push    eax
    pushfd
    call    oofs_destroy
    popfd
    pop     eax
.Loofs_probe_done:
    pop     ebx
    ret

# Makes the record of a volume in memory, without a cache.
# In: EAX volume.
# Out: EBX record; CF and EAX on failure, EBX as it was.
.global oofs_create
oofs_create:
    push    esi
    push    ebx
    mov     esi, eax
    mov     eax, [esi + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_SECTOR_BYTES], 512
    mov     eax, ERROR_CORRUPT
    jne     .Loofs_create_failed
    mov     eax, OOFS_SIZE_OF
    call    malloc
    jc      .Loofs_create_done
    mov     ebx, eax
    mov     [ebx + OOFS_VOLUME], esi
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    mov     eax, TREE_ID_FIXED
    call    oofs_place_begin
    mov     eax, 3
    mov     edx, PAGES_FILES
    call    page_alloc_for
    jc      .Loofs_create_free
    mov     [ebx + OOFS_WINDOW], eax
    add     eax, OOFS_BLOCK_BYTES
    mov     [ebx + OOFS_SNAPSHOTS], eax
    add     eax, OOFS_BLOCK_BYTES
    mov     [ebx + OOFS_SCRATCH], eax
    add     esp, 4                      # the old EBX; CF is clear
    pop     esi
    clc
    ret
.Loofs_create_free:
    mov     esi, eax
    mov     eax, ebx
    call    mfree
    mov     eax, esi
.Loofs_create_failed:
    stc
.Loofs_create_done:
    pop     ebx
    pop     esi
    ret

# Gives the memory of a volume back.
.global oofs_destroy
oofs_destroy:
    call    cache_destroy
    mov     eax, [ebx + OOFS_WINDOW]
    mov     edx, 3
    call    page_free
    mov     eax, ebx
    jmp     mfree

# Mounts a volume. May sleep.
# In: EAX mount, its volume and flags set.
# Out: MOUNT_DATA; CF and EAX on failure.
oofs_mount:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax                    # EDI: mount
    mov     eax, [edi + MOUNT_VOLUME]
    call    oofs_create
    jc      .Loofs_mount_done
    mov     [ebx + OOFS_MOUNT], edi
    test    dword ptr [edi + MOUNT_FLAGS], MOUNT_READ_ONLY
    jz      .Loofs_mount_cache
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
.Loofs_mount_cache:
    call    oofs_cache_create
    jc      .Loofs_mount_failed
    call    oofs_open
    jc      .Loofs_mount_damaged
    mov     [edi + MOUNT_DATA], ebx
    xor     eax, eax
    jmp     .Loofs_mount_done
.Loofs_mount_damaged:
    call    oofs_complain
.Loofs_mount_failed:
    mov     esi, eax
    call    oofs_destroy
    mov     eax, esi
    stc
.Loofs_mount_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the current state of a volume and takes it.
# Out: CF and EAX error.
oofs_open:
    push    esi
    push    edi
    push    ebp
    xor     ebp, ebp                    # EBP: bit 0 the superblock is damaged, bit 1 the partition has become smaller
    call    oofs_open_super
    jc      .Loofs_open_done
    mov     eax, ERROR_CORRUPT
    mov     ecx, [ebx + OOFS_STATE + STATE_BLOCKS]
    test    ecx, ecx
    jz      .Loofs_open_none
    mov     eax, [ebx + OOFS_VOLUME]
    mov     eax, [eax + VOLUME_SECTORS]
    shr     eax, 3
    cmp     eax, ecx
    jae     .Loofs_open_seconds
    or      ebp, 2
    mov     eax, 1
    call    oofs_copy_at
    mov     dword ptr [eax + COMMIT_VERSION], 0
    mov     dword ptr [eax + 1024 + COMMIT_VERSION], 0
    jmp     .Loofs_open_choose
.Loofs_open_seconds:
    mov     eax, 1
    call    oofs_copy_read
    mov     eax, 3
    call    oofs_copy_read
.Loofs_open_choose:
    call    oofs_choose
    jc      .Loofs_open_done
    mov     esi, eax                    # ESI: the record
    mov     eax, [ebx + OOFS_VOLUME]
    test    ebp, 1
    jz      .Loofs_open_state
    PRINTF  "oofs: %s: the superblock is damaged; the commit records serve\n", eax
.Loofs_open_state:
    lea     eax, [ebx + OOFS_STATE]
    lea     edx, [esi + COMMIT_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    jnz     .Loofs_open_take
    test    ebp, 1
    jz      .Loofs_open_level
    call    oofs_super_write
    jc      .Loofs_open_done
.Loofs_open_level:
    test    ebp, 2
    jnz     .Loofs_open_take
    call    oofs_level
    jc      .Loofs_open_done
.Loofs_open_take:
    call    oofs_other_copies           # EDI: whether one more commit is needed
    call    oofs_take_trees
    call    oofs_adopt
    call    oofs_list_read
    jc      .Loofs_open_done
    test    ebp, 2
    jz      .Loofs_open_check
    call    oofs_fit
    jc      .Loofs_open_done
.Loofs_open_check:
    mov     eax, OBJECT_ROOT_ID
    call    oofs_check_top
    jc      .Loofs_open_done
    mov     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    call    oofs_check_top
    jc      .Loofs_open_done
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    jnz     .Loofs_open_done            # CF is clear
    test    edi, edi
    jz      .Loofs_open_orphans
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED
    call    oofs_commit
    jc      .Loofs_open_done
.Loofs_open_orphans:
    call    oofs_free_orphans
    jmp     .Loofs_open_done
.Loofs_open_none:
    mov     eax, offset reason_none
    mov     edx, 1
    call    oofs_damaged
.Loofs_open_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Finds out which volume it is and how many blocks it has: by the superblock, and by the two first commit records.
# In: EBX volume, EBP 0.
# Out: EBP 1 when the superblock is damaged; CF and EAX error.
# Clobbers: ECX, EDX.
oofs_open_super:
    xor     eax, eax
    lea     edx, [ebx + OOFS_SECTOR]
    call    oofs_sector_read
    jc      .Loofs_open_super_damaged
    lea     eax, [ebx + OOFS_SECTOR]
    call    oofs_super_version
    cmp     eax, 1
    je      .Loofs_open_super_convert
.Loofs_open_super_converted:
    lea     eax, [ebx + OOFS_SECTOR]
    call    oofs_super_check
    jc      .Loofs_open_super_damaged
    mov     eax, [ebx + OOFS_SECTOR + SUPER_ID]
    mov     edx, [ebx + OOFS_SECTOR + SUPER_ID + 4]
    mov     ecx, [ebx + OOFS_SECTOR + SUPER_BLOCKS]
    mov     [ebx + OOFS_ID], eax
    mov     [ebx + OOFS_ID + 4], edx
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], ecx
    jmp     .Loofs_open_super_fronts
.Loofs_open_super_convert:
    call    oofs_convert
    jc      .Loofs_open_super_done
    xor     eax, eax
    lea     edx, [ebx + OOFS_SECTOR]
    call    oofs_sector_read
    jnc     .Loofs_open_super_converted
.Loofs_open_super_damaged:
    or      ebp, 1
.Loofs_open_super_fronts:
    xor     eax, eax
    call    oofs_copy_read
    mov     eax, 2
    call    oofs_copy_read
    mov     eax, 0b0101
    call    oofs_copy_newest
    test    eax, eax
    jz      .Loofs_open_super_known
    mov     ecx, [eax + COMMIT_STATE + STATE_BLOCKS]
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], ecx
    test    ebp, 1
    jz      .Loofs_open_super_known
    mov     ecx, [eax + COMMIT_ID]
    mov     edx, [eax + COMMIT_ID + 4]
    mov     [ebx + OOFS_ID], ecx
    mov     [ebx + OOFS_ID + 4], edx
    xor     eax, eax                    # anew, now that the id is known
    call    oofs_copy_read
    mov     eax, 2
    call    oofs_copy_read
.Loofs_open_super_known:
    clc
.Loofs_open_super_done:
    ret

# Whether the volume needs one more commit: the record with the other parity was never written, or one has another
# number of blocks.
# In: OOFS_STATE, OOFS_SCRATCH.
# Out: EDI 1 when so, else 0.
oofs_other_copies:
    mov     eax, 0b1100
    test    dword ptr [ebx + OOFS_STATE + STATE_SEQUENCE], 1
    jz      1f
    mov     eax, 0b0011
1:  call    oofs_copy_newest
    xor     edi, edi
    cmp     eax, 1
    adc     edi, edi                    # none is valid
    xor     ecx, ecx
2:  mov     eax, ecx
    call    oofs_copy_at
    cmp     dword ptr [eax + COMMIT_VERSION], 0
    je      3f
    mov     eax, [eax + COMMIT_STATE + STATE_BLOCKS]
    cmp     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    je      3f
    mov     edi, 1
3:  inc     ecx
    cmp     ecx, 4
    jb      2b
    ret

# Chooses the current state among the copies in OOFS_SCRATCH. Refuses when a newer one may have been confirmed.
# Out: EAX record; CF and EAX error.
oofs_choose:
    push    esi
    push    edi
    xor     esi, esi
.Loofs_choose_pair:
    mov     eax, esi
    shl     eax, 1
    call    oofs_copy_at
    cmp     dword ptr [eax + COMMIT_VERSION], 0
    je      .Loofs_choose_next
    cmp     dword ptr [eax + 512 + COMMIT_VERSION], 0
    je      .Loofs_choose_next
    mov     edx, [eax + COMMIT_STATE + STATE_SEQUENCE]
    cmp     edx, [eax + 512 + COMMIT_STATE + STATE_SEQUENCE]
    jne     .Loofs_choose_next
    lea     edx, [eax + 512]
    mov     ecx, 512
    call    mem_compare
    je      .Loofs_choose_next
    mov     eax, offset reason_differ
    lea     edx, [esi + 1]
    call    oofs_damaged
    jmp     .Loofs_choose_done
.Loofs_choose_next:
    inc     esi
    cmp     esi, 2
    jb      .Loofs_choose_pair
    mov     eax, 0b1111
    call    oofs_copy_newest
    test    eax, eax
    jz      .Loofs_choose_none
    mov     edi, eax                    # EDI: the best
    mov     eax, 0b1100
    test    dword ptr [edi + COMMIT_STATE + STATE_SEQUENCE], 1
    jz      .Loofs_choose_others
    mov     eax, 0b0011
.Loofs_choose_others:
    call    oofs_copy_newest
    test    eax, eax
    jnz     .Loofs_choose_good
    test    dword ptr [edi + COMMIT_FLAGS], 1
    jnz     .Loofs_choose_good
    mov     edx, [ebx + OOFS_MOUNT]
    test    dword ptr [edx + MOUNT_FLAGS], MOUNT_OLDER
    jnz     .Loofs_choose_good
    mov     edx, [ebx + OOFS_VOLUME]
    mov     ecx, [edi + COMMIT_STATE + STATE_SEQUENCE]
    lea     eax, [ecx + 1]
    PRINTF  "oofs: %s: both copies of a commit record are damaged: commit %u is there, commit %u may have been confirmed and is lost. mount --accept-older takes the older state.\n", edx, ecx, eax
    mov     eax, ERROR_OLDER
    stc
    jmp     .Loofs_choose_done
.Loofs_choose_none:
    mov     eax, offset reason_none
    mov     edx, 1
    call    oofs_damaged
    jmp     .Loofs_choose_done
.Loofs_choose_good:
    mov     eax, edi
    clc
.Loofs_choose_done:
    pop     edi
    pop     esi
    ret

# Makes the copies of each record equal, one sector at a time.
# Out: CF and EAX error.
oofs_level:
    push    esi
    push    edi
    xor     esi, esi                    # ESI: number of the copy
.Loofs_level_copy:
    mov     eax, 0b0011
    test    esi, 2
    jz      .Loofs_level_pair
    mov     eax, 0b1100
.Loofs_level_pair:
    call    oofs_copy_newest
    test    eax, eax
    jz      .Loofs_level_next
    mov     edi, eax                    # EDI: the newest of the two
    mov     eax, esi
    call    oofs_copy_at
    cmp     dword ptr [eax + COMMIT_VERSION], 0
    je      .Loofs_level_damaged
    mov     edx, [eax + COMMIT_STATE + STATE_SEQUENCE]
    cmp     edx, [edi + COMMIT_STATE + STATE_SEQUENCE]
    je      .Loofs_level_next
    jmp     .Loofs_level_write
.Loofs_level_damaged:
    test    dword ptr [edi + COMMIT_FLAGS], 1 # the record of a conversion gets its second copy here
    jnz     .Loofs_level_write
    mov     eax, esi
    call    oofs_copy_block
    mov     edx, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: the copy of commit record %u in block %u was damaged\n", edx, [edi+COMMIT_STATE+STATE_SEQUENCE], eax
.Loofs_level_write:
    lea     eax, [ebx + OOFS_SECTOR]
    mov     edx, edi
    mov     ecx, 512
    call    mem_copy
    mov     eax, esi
    call    oofs_copy_block
    call    oofs_sector_write
    jc      .Loofs_level_done
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_level_done
.Loofs_level_next:
    inc     esi
    cmp     esi, 4
    jb      .Loofs_level_copy
    clc
.Loofs_level_done:
    pop     edi
    pop     esi
    ret

# Checks that an object is a directory without a parent.
# In: EAX id.
# Out: CF and EAX error.
oofs_check_top:
    push    esi
    lea     esi, [ebx + OOFS_WORK]
    mov     edx, esi
    call    oofs_object_need
    jc      9f
    call    oofs_is_directory
    jne     1f
    cmp     dword ptr [esi + OBJECT_PARENT], 0
    je      9f                          # CF is clear
1:  mov     eax, offset reason_root
    mov     edx, [esi + OBJECT_ID]
    call    oofs_damaged
9:  pop     esi
    ret

# Ends a mount: what was changed is committed first.
# In: EAX mount.
# Out: CF and EAX error; it is unmounted all the same.
oofs_umount:
    push    ebx
    push    esi
    mov     ebx, [eax + MOUNT_DATA]
    mov     dword ptr [eax + MOUNT_DATA], 0
    call    oofs_commit
    sbb     esi, esi
    call    oofs_destroy
    add     esi, esi
    pop     esi
    pop     ebx
    ret

# Prints a line about space and state.
# In: EAX mount.
# Out: CF clear.
oofs_status:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, [ebx + OOFS_STATE + STATE_FREE]
    PRINTF  "commit %u, %u objects, %u of %u blocks of 4 KiB in use", [ebx+OOFS_STATE+STATE_SEQUENCE], [ebx+OOFS_STATE+STATE_OBJECTS], eax, [ebx+OOFS_STATE+STATE_BLOCKS]
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FAILED
    jz      1f
    PRINT   ", read only after a failed write"
1:  test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    jz      2f
    PRINT   ", read only"
2:  PRINT   "\n"
    clc
    pop     ebx
    ret

# FS_SPACE. Free is what the next commit leaves, as a change that finds no room commits first. May sleep.
# In: EAX mount.
# Out: EAX blocks, EDX free ones; CF clear.
oofs_space:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    call    oofs_gained
    mov     edx, eax
    jnc     1f
    xor     edx, edx                    # a map that cannot be read sets nothing free
1:  add     edx, [ebx + OOFS_STATE + STATE_FREE]
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    clc
    pop     ebx
    ret
