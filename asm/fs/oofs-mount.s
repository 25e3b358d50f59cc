# OOFS, volumes: recognising, making, mounting and unmounting them. A volume that is mounted has been proved as a whole
# except for the content of its objects, which is proved whenever it is read.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.section .rodata
.balign 4
.global class_fs_oofs
class_fs_oofs:                          # FS_* of fs.inc
    .long   class_fs_oofs_name, class_fs_oofs_type
    .long   oofs_probe, oofs_format, oofs_mount, oofs_umount
    .long   oofs_find, oofs_next, oofs_read, oofs_load, oofs_save, oofs_status
    .long   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 # its version 1 has no files that change

STRING class_fs_oofs_name, "class_fs_oofs"
STRING class_fs_oofs_type, "oofs"
STRING oofs_about, "OOFS, version 1"
STRING oofs_table_class, "object_table"

STRING reason_commits, "neither commit record is valid, the first in block"
STRING reason_table, "the object table is not one, object"
STRING reason_counts, "the numbers of objects and blocks are not those of its commit record; blocks found:"
STRING reason_root, "the root directory is missing, object"

.text

# Whether a volume holds an OOFS. May sleep.
# In: EAX volume.
# Out: EAX text about it; CF and EAX = ERROR_CORRUPT when not, or the drive's error.
oofs_probe:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, 512
    call    malloc
    jc      9f
    mov     esi, eax
    mov     edx, eax
    mov     eax, ebx
    call    oofs_super_read
    push    eax
    pushfd
    mov     eax, esi
    call    mfree
    popfd
    pop     eax
    jc      9f
    mov     eax, offset oofs_about
9:  pop     esi
    pop     ebx
    ret

# Reads the superblock and checks it.
# In: EAX volume, EDX room for 512 bytes.
# Out: EAX blocks; CF and EAX on failure.
oofs_super_read:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    mov     eax, [ebx + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_SECTOR_BYTES], 512
    jne     8f
    mov     eax, ebx
    mov     ecx, edi
    xor     edx, edx
    mov     esi, 1
    call    volume_read
    jc      9f
    cmp     dword ptr [edi + SUPER_MAGIC], 0x53464F4F # "OOFS"
    jne     8f
    cmp     dword ptr [edi + SUPER_MAGIC + 4], 0x52505553 # "SUPR"
    jne     8f
    cmp     dword ptr [edi + SUPER_VERSION], OOFS_VERSION
    jne     8f
    mov     eax, edi
    call    oofs_sector_check
    jc      8f
    cmp     dword ptr [edi + SUPER_BLOCK_BYTES], OOFS_BLOCK_BYTES
    jne     8f
    mov     eax, [edi + SUPER_BLOCKS]
    cmp     eax, OOFS_BLOCKS_MIN
    jb      8f
    mov     edx, [ebx + VOLUME_SECTORS]
    shr     edx, 3
    cmp     edx, eax                    # a partition that was shrunk has lost blocks
    jae     9f                          # CF is clear
8:  mov     eax, ERROR_CORRUPT
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the record of a volume in memory.
# In: EAX volume, EDX blocks.
# Out: EBX record; CF and EAX on failure, EBX as it was.
oofs_create:
    push    esi
    push    edi
    push    ebx
    mov     esi, eax
    mov     edi, edx
    mov     eax, OOFS_SIZE_OF
    call    malloc
    jc      .Loofs_create_done
    mov     ebx, eax
    mov     [ebx + OOFS_VOLUME], esi
    mov     [ebx + OOFS_BLOCKS], edi
    mov     dword ptr [ebx + OOFS_RESERVED], OOFS_RESERVE
    mov     dword ptr [ebx + OOFS_TABLE_INDEX], -1
    mov     eax, OOFS_BUFFER_PAGES
    call    page_alloc
    jc      .Loofs_create_failed
    mov     [ebx + OOFS_DATA], eax
    lea     edx, [eax + OOFS_BLOCK_BYTES]
    mov     [ebx + OOFS_TABLE_BUFFER], edx
    xor     ecx, ecx
.Loofs_create_node:
    add     edx, OOFS_BLOCK_BYTES
    mov     [ebx + OOFS_NODE + 4 + ecx*4], edx
    inc     ecx
    cmp     ecx, OBJECT_DEPTH_MAX
    jb      .Loofs_create_node
    call    oofs_map_create
    jc      .Loofs_create_failed
    add     esp, 4                      # the old EBX
    pop     edi
    pop     esi
    ret
.Loofs_create_failed:
    mov     esi, eax
    call    oofs_destroy
    mov     eax, esi
    stc
.Loofs_create_done:
    pop     ebx
    pop     edi
    pop     esi
    ret

# Gives the memory of a volume back.
# In: EBX record.
oofs_destroy:
    call    oofs_map_destroy
    mov     eax, [ebx + OOFS_DATA]
    test    eax, eax
    jz      1f
    mov     edx, OOFS_BUFFER_PAGES
    call    page_free
1:  mov     eax, ebx
    jmp     mfree

# Makes an empty OOFS. A power cut meanwhile leaves a volume that is not one. The result depends on the size alone. May
# sleep.
# In: EAX volume, not mounted.
# Out: CF and EAX on failure.
oofs_format:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     eax, [esi + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_SECTOR_BYTES], 512
    mov     eax, ERROR_NOT_SUPPORTED
    jne     .Loofs_format_failed
    mov     edx, [esi + VOLUME_SECTORS]
    shr     edx, 3
    cmp     edx, OOFS_BLOCKS_MIN
    mov     eax, ERROR_NO_SPACE
    jb      .Loofs_format_failed
    mov     eax, esi
    call    oofs_create
    jc      .Loofs_format_done

    # First the old file system goes: superblock, both commit records.
    mov     eax, [ebx + OOFS_VOLUME]
    mov     ecx, [ebx + OOFS_DATA]
    xor     edx, edx
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_write
    jc      .Loofs_format_damaged
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_format_damaged
    mov     edi, OOFS_BLOCK_SECTORS
.Loofs_format_erase:
    mov     eax, [ebx + OOFS_VOLUME]
    mov     ecx, [ebx + OOFS_DATA]
    mov     edx, edi
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_write
    jc      .Loofs_format_damaged
    add     edi, OOFS_BLOCK_SECTORS
    cmp     edi, OOFS_FIRST_BLOCK * OOFS_BLOCK_SECTORS
    jb      .Loofs_format_erase

    # An object table with the root directory.
    lea     eax, [ebx + OOFS_WORK]
    mov     edx, offset oofs_table_class
    xor     ecx, ecx
    call    oofs_record_make
    call    oofs_slot_free
    jc      .Loofs_format_damaged
    mov     ecx, eax                    # OBJECT_ROOT_ID
    lea     eax, [ebx + OOFS_OBJECT]
    mov     edx, offset oofs_class_directory
    call    oofs_record_make
    mov     dword ptr [ebx + OOFS_OBJECT + OBJECT_CHANGED], 1
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_put
    jc      .Loofs_format_damaged
    mov     dword ptr [ebx + OOFS_OBJECTS], 1
    mov     dword ptr [ebx + OOFS_WORK + OBJECT_CHANGED], 1
    call    oofs_commit
    jc      .Loofs_format_damaged

    # Last the superblock.
    mov     edi, [ebx + OOFS_DATA]
    mov     eax, edi
    xor     edx, edx
    mov     ecx, OOFS_BLOCK_BYTES
    call    mem_set
    mov     dword ptr [edi + SUPER_MAGIC], 0x53464F4F
    mov     dword ptr [edi + SUPER_MAGIC + 4], 0x52505553
    mov     dword ptr [edi + SUPER_VERSION], OOFS_VERSION
    mov     dword ptr [edi + SUPER_BLOCK_BYTES], OOFS_BLOCK_BYTES
    mov     eax, [ebx + OOFS_BLOCKS]
    mov     [edi + SUPER_BLOCKS], eax
    mov     eax, edi
    mov     edx, 512
    call    crc32
    mov     [edi + SUPER_CHECKSUM], eax
    mov     eax, [ebx + OOFS_VOLUME]
    mov     ecx, edi
    xor     edx, edx
    mov     esi, 1
    call    volume_write
    jc      .Loofs_format_damaged
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_format_damaged
    call    oofs_destroy
    xor     eax, eax
    jmp     .Loofs_format_done
.Loofs_format_damaged:
    mov     esi, eax
    call    oofs_destroy
    mov     eax, esi
.Loofs_format_failed:
    stc
.Loofs_format_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the record of an object without content.
# In: EAX room for OBJECT_SIZE_OF bytes, EDX class name, ECX id.
.global oofs_record_make
oofs_record_make:
    push    esi
    push    edi
    push    ecx
    mov     esi, eax
    mov     edi, edx
    xor     edx, edx
    mov     ecx, OBJECT_SIZE_OF
    call    mem_set
    pop     ecx
    mov     dword ptr [esi + OBJECT_MAGIC], OBJECT_MAGIC_VALUE
    mov     word ptr [esi + OBJECT_VERSION], OOFS_VERSION
    mov     [esi + OBJECT_ID], ecx
    lea     eax, [esi + OBJECT_CLASS]
    mov     edx, edi
    mov     ecx, OBJECT_CLASS_BYTES
    call    string_copy
    pop     edi
    pop     esi
    ret

# Mounts a volume. May sleep.
# In: EAX mount, its volume set.
# Out: MOUNT_DATA; CF and EAX on failure.
oofs_mount:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, eax                    # EDI: mount
    mov     eax, 1024
    call    malloc
    jc      .Loofs_mount_done
    mov     ebp, eax                    # EBP: sectors of the two slots; the first for the superblock before
    mov     eax, [edi + MOUNT_VOLUME]
    mov     edx, ebp
    call    oofs_super_read
    jc      .Loofs_mount_no_record
    mov     edx, eax
    mov     eax, [edi + MOUNT_VOLUME]
    call    oofs_create
    jc      .Loofs_mount_no_record

    # The newer of the valid commit records. If what it leads to is damaged, the other is tried: better a state that is
    # a moment old than none, but not without saying so.
    xor     esi, esi                    # ESI: bit 0, 1: slot is valid
    xor     edx, edx
    mov     ecx, ebp
    call    oofs_commit_read
    jc      .Loofs_mount_bad_first
    or      esi, 1
    jmp     .Loofs_mount_second
.Loofs_mount_bad_first:
    call    oofs_slot_unreadable
.Loofs_mount_second:
    mov     edx, 1
    lea     ecx, [ebp + 512]
    call    oofs_commit_read
    jc      .Loofs_mount_bad_second
    or      esi, 2
    jmp     .Loofs_mount_choose
.Loofs_mount_bad_second:
    call    oofs_slot_unreadable
.Loofs_mount_choose:
    mov     ecx, ebp
    cmp     esi, 1
    je      .Loofs_mount_older
    lea     ecx, [ebp + 512]
    cmp     esi, 2
    je      .Loofs_mount_older
    test    esi, esi
    jz      .Loofs_mount_no_commit
    mov     eax, [ebp + COMMIT_SEQUENCE]
    mov     edx, [ebp + COMMIT_SEQUENCE + 4]
    sub     eax, [ebp + 512 + COMMIT_SEQUENCE]
    sbb     edx, [ebp + 512 + COMMIT_SEQUENCE + 4]
    jb      .Loofs_mount_newer
    mov     ecx, ebp
.Loofs_mount_newer:
    mov     esi, ecx
    mov     eax, ecx
    call    oofs_take
    jnc     .Loofs_mount_taken
    call    oofs_complain
    lea     ecx, [ebp + 512]
    cmp     esi, ebp
    je      .Loofs_mount_other
    mov     ecx, ebp
.Loofs_mount_other:
    mov     esi, ecx
    call    oofs_reset
    jc      .Loofs_mount_damaged
    PRINTF  "oofs: going back to commit %u\n", [esi+COMMIT_SEQUENCE]
    mov     ecx, esi
.Loofs_mount_older:
    mov     eax, ecx
    call    oofs_take
    jc      .Loofs_mount_damaged
.Loofs_mount_taken:
    mov     [edi + MOUNT_DATA], ebx
    mov     eax, ebp
    call    mfree
    xor     eax, eax
    jmp     .Loofs_mount_done
.Loofs_mount_no_record:
    mov     esi, eax                    # there is no record yet
    mov     eax, ebp
    call    mfree
    mov     eax, esi
    stc
    jmp     .Loofs_mount_done
.Loofs_mount_no_commit:
    mov     eax, offset reason_commits
    mov     edx, 1
    call    oofs_damaged
.Loofs_mount_damaged:
    call    oofs_complain
    mov     esi, eax
    call    oofs_destroy
    mov     eax, ebp
    call    mfree
    mov     eax, esi
    stc
.Loofs_mount_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says so when a commit record could not even be read. A write that was cut off leaves that behind on some drives, so
# the other record is taken; but if the drive went bad later, the volume goes back by one commit, and that must not be
# silent.
# In: EAX error code.
oofs_slot_unreadable:
    cmp     eax, ERROR_CORRUPT
    je      1f
    mov     eax, [ebx + OOFS_VOLUME]
    add     eax, VOLUME_NAME
    PRINTF  "oofs: %s: the drive cannot read one of the two commit records; using the other\n", eax
1:  ret

# Takes the state that a commit record leads to, and proves it.
# In: EAX commit record, valid in itself.
# Out: CF and EAX.
oofs_take:
    push    esi
    mov     esi, eax
    mov     eax, [esi + COMMIT_SEQUENCE]
    mov     [ebx + OOFS_SEQUENCE], eax
    mov     eax, [esi + COMMIT_SEQUENCE + 4]
    mov     [ebx + OOFS_SEQUENCE + 4], eax
    lea     eax, [ebx + OOFS_WORK]
    lea     edx, [esi + COMMIT_TABLE]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    lea     eax, [ebx + OOFS_WORK]
    xor     edx, edx
    call    oofs_record_check
    jc      .Loofs_take_done
    lea     eax, [ebx + OOFS_WORK + OBJECT_CLASS]
    mov     edx, offset oofs_table_class
    call    string_compare
    jne     .Loofs_take_table
    cmp     dword ptr [ebx + OOFS_WORK + OBJECT_BYTES + 4], 0
    jne     .Loofs_take_table
    mov     eax, [ebx + OOFS_WORK + OBJECT_BYTES]
    test    eax, eax
    jz      .Loofs_take_table
    test    eax, OOFS_BLOCK_BYTES - 1
    jnz     .Loofs_take_table
    call    oofs_table_check
    jc      .Loofs_take_done
    mov     eax, OBJECT_ROOT_ID
    lea     edx, [ebx + OOFS_OBJECT]
    call    oofs_object_get
    jc      .Loofs_take_root
    lea     eax, [ebx + OOFS_OBJECT + OBJECT_CLASS]
    mov     edx, offset oofs_class_directory
    call    string_compare
    jne     .Loofs_take_root
    mov     edx, [ebx + OOFS_USED]
    mov     eax, offset reason_counts
    cmp     edx, [esi + COMMIT_USED]
    jne     .Loofs_take_damaged
    mov     ecx, [ebx + OOFS_OBJECTS]
    cmp     ecx, [esi + COMMIT_OBJECTS]
    jne     .Loofs_take_damaged
    mov     [ebx + OOFS_COMMITTED_USED], edx
    mov     [ebx + OOFS_COMMITTED], ecx
    lea     eax, [ebx + OOFS_TABLE]
    lea     edx, [ebx + OOFS_WORK]
    mov     ecx, OBJECT_SIZE_OF
    call    mem_copy
    clc
    jmp     .Loofs_take_done
.Loofs_take_table:
    mov     eax, offset reason_table
    xor     edx, edx
    jmp     .Loofs_take_damaged
.Loofs_take_root:
    mov     eax, offset reason_root
    mov     edx, OBJECT_ROOT_ID
.Loofs_take_damaged:
    call    oofs_damaged
.Loofs_take_done:
    pop     esi
    ret

# Makes the record of a volume as new, for another try.
# Out: CF and EAX on failure.
oofs_reset:
    call    oofs_map_destroy
    mov     dword ptr [ebx + OOFS_OBJECTS], 0
    mov     dword ptr [ebx + OOFS_TABLE_INDEX], -1
    call    oofs_nodes_forget
    jmp     oofs_map_create

# Ends a mount. Every change was on stable storage when it was made.
# In: EAX mount.
# Out: CF clear.
oofs_umount:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     dword ptr [eax + MOUNT_DATA], 0
    call    oofs_destroy
    pop     ebx
    clc
    ret

# Prints a line about space and state.
# In: EAX mount.
oofs_status:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    PRINTF  "commit %u, %u objects, %u of %u blocks of 4 KiB in use", [ebx+OOFS_SEQUENCE], [ebx+OOFS_OBJECTS], [ebx+OOFS_USED], [ebx+OOFS_BLOCKS]
    cmp     dword ptr [ebx + OOFS_FAILED], 0
    je      1f
    PRINT   ", read only after a failed write"
1:  PRINT   "\n"
    clc
    pop     ebx
    ret
