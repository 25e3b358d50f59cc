# FAT12, FAT16 and FAT32: mounting, finding, reading. Long names are in fat-name.s, directories in fat-directory.s, the
# table in fat-table.s. Numbers of the boot sector are checked against each other and the volume, so that no sector is
# reached that is not the file system's. An object's id is the place of its directory entry (fat.inc).
# Source: FAT32 File System Specification 1.03.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "fat.inc"

FAT_CACHE_BLOCKS        = 32            # 128 KiB
FAT12_CLUSTERS          = 4085          # fewer clusters are FAT12, fewer than the next FAT16 (section 3.5)
FAT16_CLUSTERS          = 65525
FAT32_CLUSTERS          = 0x0FFFFFF5

.section .rodata
.balign 4
.global class_fs_fat
class_fs_fat:                           # FS_* of fs.inc
    .long   class_fs_fat_name, class_fs_fat_type
    .long   fat_probe, fat_format, fat_mount, fat_umount
    .long   fat_find, fat_read_next, 0, 0, fat_status
    .long   fat_read_at, fat_write_at, fat_truncate, fat_create, fat_mkdir, fat_unlink, fat_rmdir, fat_rename, fat_stat
    .long   fat_sync, 0, 0, 0, fat_space, fat_partitions

STRING class_fs_fat_name, "class_fs_fat"
STRING class_fs_fat_type, "fat"
fat_partitions:                         # FAT12, FAT16, FAT32; the same by LBA; the system partition of EFI
    .byte   0x0C, 0x0B, 0x01, 0x04, 0x06, 0x0E, 0xEF, 0

STRING fat_about_12, "FAT12"
STRING fat_about_16, "FAT16"
STRING fat_about_32, "FAT32"

.text

# Whether a volume holds a FAT file system. May sleep.
# In: EAX volume.
# Out: EAX text about it; CF and EAX = ERROR_CORRUPT when not, or the drive's error.
fat_probe:
    push    ebx
    call    fat_open
    jc      1f
    push    dword ptr [ebx + FAT_BITS]
    call    fat_close
    pop     eax
    call    fat_about
    clc
1:  pop     ebx
    ret

# Names a kind.
# In: EAX bits of an entry.
# Out: EAX text.
fat_about:
    cmp     eax, 16
    mov     eax, offset fat_about_16
    je      1f
    mov     eax, offset fat_about_12
    jb      1f
    mov     eax, offset fat_about_32
1:  ret

# Makes the record of a volume from its boot sector.
# In: EAX volume.
# Out: EBX record; CF and EAX error, EBX as it was.
fat_open:
    push    esi
    push    edi
    push    ebx
    mov     esi, eax
    mov     edx, [esi + VOLUME_DISK]
    mov     eax, ERROR_CORRUPT
    cmp     dword ptr [edx + DISK_SECTOR_BYTES], 512
    stc
    jne     .Lfat_open_done
    mov     eax, FAT_SIZE_OF
    call    malloc
    jc      .Lfat_open_done
    mov     ebx, eax
    mov     [ebx + FAT_VOLUME], esi
    mov     eax, FAT_CACHE_BLOCKS
    call    sectors_create
    jc      .Lfat_open_close
    xor     eax, eax
    call    sector_get
    jc      .Lfat_open_close
    call    fat_layout
    jc      .Lfat_open_close
    pop     eax
    push    ebx
    clc
    jmp     .Lfat_open_done
.Lfat_open_close:
    push    eax
    call    fat_close
    pop     eax
    stc
.Lfat_open_done:
    pop     ebx
    pop     edi
    pop     esi
    ret

# Gives it back.
fat_close:
    call    cache_destroy
    mov     eax, ebx
    jmp     mfree

# Reads the boot sector: where the parts of the file system lie.
# In: EAX boot sector, EBX record, ESI volume.
# Out: CF and EAX = ERROR_CORRUPT when it is none of a FAT file system.
fat_layout:
    push    esi
    push    edi
    push    ebp
    mov     edi, eax                    # EDI: boot sector
    mov     ebp, [esi + VOLUME_SECTORS]
    cmp     word ptr [edi + BOOT_MAGIC], 0xAA55
    jne     .Lfat_layout_not
    cmp     word ptr [edi + BPB_SECTOR_BYTES], 512
    jne     .Lfat_layout_not
    movzx   eax, byte ptr [edi + BPB_CLUSTER_SECTORS]
    bsf     ecx, eax
    jz      .Lfat_layout_not
    mov     [ebx + FAT_SHIFT], ecx
    lea     edx, [eax - 1]
    test    eax, edx
    jnz     .Lfat_layout_not
    movzx   eax, word ptr [edi + BPB_RESERVED]
    test    eax, eax
    jz      .Lfat_layout_not
    mov     [ebx + FAT_FIRST], eax
    movzx   eax, byte ptr [edi + BPB_FATS]
    dec     eax
    cmp     eax, 4
    jae     .Lfat_layout_not
    inc     eax
    mov     [ebx + FAT_COPIES], eax
    movzx   ecx, word ptr [edi + BPB_SECTORS16]
    test    ecx, ecx
    jnz     .Lfat_layout_sectors
    mov     ecx, [edi + BPB_SECTORS32]
.Lfat_layout_sectors:
    cmp     ecx, ebp                    # ECX: sectors
    ja      .Lfat_layout_not
    cmp     ecx, FAT_SECTORS_MAX
    ja      .Lfat_layout_not
    movzx   eax, word ptr [edi + BPB_FAT16_SECTORS]
    test    eax, eax
    jnz     .Lfat_layout_table
    mov     eax, [edi + BPB_FAT32_SECTORS]
.Lfat_layout_table:
    test    eax, eax
    jz      .Lfat_layout_not
    cmp     eax, ecx                    # no overflow of what follows: there are at most 2^28 sectors and four copies
    ja      .Lfat_layout_not
    mov     [ebx + FAT_SECTORS], eax
    imul    eax, [ebx + FAT_COPIES]
    add     eax, [ebx + FAT_FIRST]
    movzx   edx, word ptr [edi + BPB_ROOT_ENTRIES]
    test    edx, edx
    jz      .Lfat_layout_data
    mov     [ebx + FAT_ROOT], eax
    add     edx, 15
    shr     edx, 4
    mov     [ebx + FAT_ROOT_SECTORS], edx
    add     eax, edx
.Lfat_layout_data:
    mov     [ebx + FAT_DATA], eax
    sub     ecx, eax
    jbe     .Lfat_layout_not
    call    fat_layout_clusters
    jc      .Lfat_layout_not
    # FAT32 is what has no root directory at a fixed place; its root is a chain.
    call    fat_layout_root
    jc      .Lfat_layout_not
    mov     dword ptr [ebx + FAT_HINT], 2
    clc
    jmp     .Lfat_layout_done
.Lfat_layout_not:
    mov     eax, ERROR_CORRUPT
    stc
.Lfat_layout_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Counts the clusters, and from that which FAT it is.
# In: EBX volume, ECX sectors of data.
# Out: CF when it cannot be.
# Clobbers: EAX, ECX, EDX.
fat_layout_clusters:
    mov     eax, ecx
    mov     ecx, [ebx + FAT_SHIFT]
    shr     eax, cl                     # EAX: clusters
    jz      .Lfat_layout_clusters_not
    mov     ecx, 12
    mov     edx, 3                      # half bytes of an entry
    cmp     eax, FAT12_CLUSTERS
    jb      .Lfat_layout_clusters_clusters
    mov     ecx, 16
    mov     edx, 4
    cmp     eax, FAT16_CLUSTERS
    jb      .Lfat_layout_clusters_clusters
    mov     ecx, 32
    mov     edx, 8
    cmp     eax, FAT32_CLUSTERS
    jae     .Lfat_layout_clusters_not
.Lfat_layout_clusters_clusters:
    mov     [ebx + FAT_BITS], ecx
    add     eax, 2
    mov     [ebx + FAT_LIMIT], eax
    mul     edx                         # the table has an entry for each
    shrd    eax, edx, 1
    shr     edx, 1
    jnz     .Lfat_layout_clusters_not
    add     eax, 511
    jc      .Lfat_layout_clusters_not
    shr     eax, 9
    cmp     eax, [ebx + FAT_SECTORS]
    ja      .Lfat_layout_clusters_not
    clc
    ret
.Lfat_layout_clusters_not:
    stc
    ret

# Takes over where the root directory is. FAT32 is what has none at a fixed place; its root is a chain.
# In: EBX volume, EDI boot sector.
# Out: CF when it cannot be.
# Clobbers: EAX.
fat_layout_root:
    cmp     dword ptr [ebx + FAT_BITS], 32
    jne     .Lfat_layout_root_fixed
    cmp     word ptr [edi + BPB_ROOT_ENTRIES], 0
    jne     .Lfat_layout_root_not
    mov     eax, [edi + BPB_ROOT_CLUSTER]
    cmp     eax, 2
    jb      .Lfat_layout_root_not
    cmp     eax, [ebx + FAT_LIMIT]
    jae     .Lfat_layout_root_not
    mov     [ebx + FAT_ROOT_CLUSTER], eax
    movzx   eax, word ptr [edi + BPB_FAT32_FLAGS]
    test    al, 0x80
    jz      .Lfat_layout_root_done
    and     eax, 15                     # one FAT alone is kept
    cmp     eax, [ebx + FAT_COPIES]
    jae     .Lfat_layout_root_not
    imul    eax, [ebx + FAT_SECTORS]
    add     [ebx + FAT_FIRST], eax
    mov     dword ptr [ebx + FAT_COPIES], 1
    jmp     .Lfat_layout_root_done
.Lfat_layout_root_fixed:
    cmp     word ptr [edi + BPB_ROOT_ENTRIES], 0
    je      .Lfat_layout_root_not
.Lfat_layout_root_done:
    clc
    ret
.Lfat_layout_root_not:
    stc
    ret

# FS_MOUNT. May sleep.
# In: EAX mount, its volume set.
# Out: MOUNT_DATA; CF and EAX on failure.
fat_mount:
    push    ebx
    push    edi
    mov     edi, eax
    mov     eax, [edi + MOUNT_VOLUME]
    call    fat_open
    jc      1f
    mov     [ebx + FAT_MOUNT], edi
    mov     [edi + MOUNT_DATA], ebx
    mov     dword ptr [ebx + FAT_FREE], FAT_FREE_UNKNOWN
    call    fat_info
    jc      2f
    mov     eax, [eax]
    cmp     eax, [ebx + FAT_LIMIT]
    jae     2f
    mov     [ebx + FAT_FREE], eax
2:  clc
1:  pop     edi
    pop     ebx
    ret

# FS_UMOUNT.
# In: EAX mount.
# Out: CF clear.
fat_umount:
    push    ebx
    push    eax
    call    fat_sync
    pop     eax
    mov     ebx, [eax + MOUNT_DATA]
    mov     dword ptr [eax + MOUNT_DATA], 0
    call    fat_close
    pop     ebx
    clc
    ret

# FS_STATUS.
# In: EAX mount.
# Out: CF clear.
fat_status:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [eax + MOUNT_DATA]
    mov     edx, [ebx + FAT_LIMIT]
    sub     edx, 2
    mov     ecx, [ebx + FAT_SHIFT]
    mov     eax, 512
    shl     eax, cl
    mov     ecx, eax
    mov     eax, [ebx + FAT_BITS]
    PRINTF  "FAT%u, %u clusters of %u bytes", eax, edx, ecx
    test    dword ptr [esi + MOUNT_FLAGS], MOUNT_READ_ONLY
    jz      1f
    PRINT   ", read only"
1:  PRINT   "\n"
    pop     esi
    pop     ebx
    clc
    ret

# FS_SPACE. Looks at the whole table.
# In: EAX mount.
# Out: EAX blocks of 4 KiB, EDX free ones; CF and EAX error.
fat_space:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    call    fat_count
    jc      9f
    mov     ecx, [ebx + FAT_SHIFT]
    mov     edx, eax
    mov     eax, [ebx + FAT_LIMIT]
    sub     eax, 2
    shl     edx, cl
    shl     eax, cl
    shr     edx, 3
    shr     eax, 3
    clc
9:  pop     ebx
    ret

# FS_FIND.
# In: EAX mount, EDX path, ECX = NODE record to fill in.
# Out: CF and EAX error.
fat_find:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     eax, edx
    call    fat_path
    jc      1f
    call    fat_node
1:  pop     edi
    pop     ebx
    ret

# FS_STAT.
# In: EAX mount, EDX id, ECX = NODE record to fill in. Its name is empty.
# Out: CF and EAX error.
fat_stat:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     byte ptr [ebx + FAT_NAME], 0
    mov     eax, edx
    call    fat_node
    pop     edi
    pop     ebx
    ret

# FS_NEXT.
# In: EAX mount, EDX id of a directory, ECX = NODE record, EDI address of the position.
# Out: CF and EAX error: ERROR_NOT_FOUND after the last.
fat_read_next:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    push    ecx
    mov     eax, edx
    call    fat_directory
    jc      1f
    call    fat_entry
1:  pop     edi
    jc      2f
    call    fat_node
2:  pop     edi
    pop     ebx
    ret

# FS_READ_AT.
# In: EAX mount, EDX id, ECX buffer; ESI bytes, EDI address of the offset.
# Out: EAX bytes; CF and EAX error.
fat_read_at:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 offset, -8 first cluster, -12 bytes read, -16 buffer
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 16], ecx
    mov     dword ptr [ebp - 12], 0
    mov     eax, ERROR_IS_DIRECTORY
    cmp     edx, FAT_ID_ROOT
    je      .Lfat_read_at_failed
    mov     eax, edx
    call    fat_entry_at
    jc      .Lfat_read_at_done
    mov     ecx, [eax + DIR_BYTES]
    test    byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jnz     .Lfat_read_at_directory
    call    fat_entry_cluster
    mov     [ebp - 8], eax
    cmp     dword ptr [edi + 4], 0
    jne     .Lfat_read_at_end
    mov     edi, [edi]
    mov     [ebp - 4], edi
    sub     ecx, edi
    jbe     .Lfat_read_at_end
    cmp     esi, ecx
    jbe     .Lfat_read_at_chain
    mov     esi, ecx                    # ESI: bytes left
.Lfat_read_at_chain:
    cmp     dword ptr [ebp - 8], 0      # a file with bytes has a chain
    je      .Lfat_read_at_damaged
.Lfat_read_at_sector:
    test    esi, esi
    jz      .Lfat_read_at_end
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 4]
    call    fat_place
    jc      .Lfat_read_at_short
    call    sector_get
    jc      .Lfat_read_at_done
    lea     edx, [ebp - 16]
    mov     ecx, 512
    call    read_part
    jmp     .Lfat_read_at_sector
.Lfat_read_at_short:
    cmp     eax, ERROR_NOT_FOUND        # the chain is shorter than the file
    jne     .Lfat_read_at_failed
.Lfat_read_at_damaged:
    mov     eax, ERROR_CORRUPT
    jmp     .Lfat_read_at_failed
.Lfat_read_at_directory:
    mov     eax, ERROR_IS_DIRECTORY
.Lfat_read_at_failed:
    stc
    jmp     .Lfat_read_at_done
.Lfat_read_at_end:
    mov     eax, [ebp - 12]
    clc
.Lfat_read_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
