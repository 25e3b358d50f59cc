# The boot image that this machine was started from, as two files: `loader`, the boot sector and the loader after it,
# and `kernel`, the image of the kernel that runs. They are what a machine loads that boots from the network
# (docs/boot.md). The volume `boot` is the part of the boot drive that holds them, and there while it is mounted.
# Formats: docs/formats/boot-record.md. In all routines that are not called through class_fs_boot EBX = BOOT_* record;
# it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "pages.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"

# What a mount has.
BOOT_VOLUME             = 0
BOOT_BUFFER             = 4             # a page
BOOT_BLOCK              = 8             # of 4 KiB of the volume that is in it, -1: none
BOOT_FILES              = 12            # BOOT_COUNT of FILE_*
BOOT_SIZE               = BOOT_FILES + 2 * FILE_SIZE
FILE_FIRST              = 0             # sector of 512 bytes
FILE_SECTORS            = 4
FILE_SIZE               = 8
BOOT_COUNT              = 2             # an object's id is its number, from 1; 0 is the root

SECTOR_BYTES            = 512
SECTOR_SHIFT            = 9
BLOCK_SECTORS_SHIFT     = 3             # sectors of a block

.section .rodata
.balign 4
.global class_fs_boot
class_fs_boot:                          # FS_* of fs.inc
    .long   class_fs_boot_name, class_fs_boot_type
    .long   boot_probe, 0, boot_mount, boot_umount
    .long   boot_find, boot_next, 0, 0, boot_status
    .long   boot_read_at, 0, 0, 0, 0, 0, 0, 0, boot_stat, 0, 0, 0, 0, boot_space, 0

boot_names:     .long boot_name_root, boot_name_loader, boot_name_kernel
boot_name_root: .byte 0

STRING class_fs_boot_name, "class_fs_boot"
STRING class_fs_boot_type, "boot"
STRING boot_about, "boot image"
STRING boot_name_loader, "loader"
STRING boot_name_kernel, "kernel"
STRING boot_class_file, "file"
STRING boot_class_directory, "directory"

.text

# Finds the drive that this machine was started from, and makes the volume of its boot image. May sleep.
# Out: CF and EAX error: ERROR_NO_DEVICE when there is no such drive, or it is another one by now.
.global boot_volume_open
boot_volume_open:
    push    ebx
    mov     eax, ERROR_NO_DEVICE
    cmp     dword ptr [boot_info + bi_image_sectors], 2
    jb      .Lboot_volume_open_done
    mov     eax, 1
    call    page_alloc
    jc      .Lboot_volume_open_done
    mov     ebx, eax
    mov     ecx, eax
    call    boot_source_find
    xchg    eax, ebx
    pushfd
    mov     edx, 1
    call    page_free
    popfd
    mov     eax, ERROR_NO_DEVICE
    jc      .Lboot_volume_open_done
    mov     [boot_volume + VOLUME_DISK], ebx
    mov     eax, ebx
    mov     edx, [boot_info + bi_image_lba]
    call    boot_sector_unit
    mov     [boot_volume + VOLUME_START], edx
    mov     edx, [boot_info + bi_image_sectors]
    cmp     byte ptr [boot_info + bi_slot], 0
    je      1f
    mov     edx, SLOT_RECORD_LBA + SLOT_RECORD_COPIES # with the other slot and their record
1:  call    boot_sector_unit
    mov     [boot_volume + VOLUME_SECTORS], edx
    clc
.Lboot_volume_open_done:
    pop     ebx
    ret

# Ends what boot_volume_open began. The volume is not mounted.
.global boot_volume_close
boot_volume_close:
    mov     dword ptr [boot_volume + VOLUME_SECTORS], 0
    ret

# Whether a volume is that of the boot image.
# In: EAX volume.
# Out: EAX text about it; CF and EAX = ERROR_CORRUPT when not.
boot_probe:
    cmp     eax, offset boot_volume
    mov     eax, offset boot_about
    je      1f                          # CF is clear
    mov     eax, ERROR_CORRUPT
    stc
1:  ret

# Mounts the volume. May sleep.
# In: EAX mount, its volume set.
# Out: MOUNT_DATA; CF and EAX on failure.
boot_mount:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     eax, BOOT_SIZE
    call    malloc
    jc      .Lboot_mount_done
    mov     ebx, eax
    mov     eax, 1
    mov     edx, PAGES_FILES
    call    page_alloc_for
    jc      .Lboot_mount_free
    mov     [ebx + BOOT_BUFFER], eax
    mov     eax, [edi + MOUNT_VOLUME]
    mov     [ebx + BOOT_VOLUME], eax
    mov     dword ptr [ebx + BOOT_BLOCK], -1
    or      dword ptr [edi + MOUNT_FLAGS], MOUNT_READ_ONLY
    xor     eax, eax
    call    boot_image_sector
    jc      .Lboot_mount_failed
    movzx   edx, word ptr [eax + br_loader_sectors]
    inc     edx
    mov     dword ptr [ebx + BOOT_FILES + FILE_FIRST], 0
    mov     [ebx + BOOT_FILES + FILE_SECTORS], edx
    mov     ecx, [eax + br_kernel_sector]
    mov     edx, [eax + br_kernel_sectors]
    movzx   esi, byte ptr [boot_info + bi_slot]
    test    esi, esi
    jz      .Lboot_mount_kernel
    mov     eax, SLOT_RECORD_LBA        # both copies say where the kernel is that runs
.Lboot_mount_copy:
    push    eax
    call    boot_image_sector
    pop     edx
    jc      .Lboot_mount_failed
    cmp     dword ptr [eax + sr_magic], SLOT_MAGIC
    je      .Lboot_mount_place
    lea     eax, [edx + 1]
    cmp     eax, SLOT_RECORD_LBA + SLOT_RECORD_COPIES
    jb      .Lboot_mount_copy
    jmp     .Lboot_mount_damaged
.Lboot_mount_place:
    mov     ecx, [eax + sr_places + esi*8 - 8]
    mov     edx, [eax + sr_places + esi*8 - 4]
.Lboot_mount_kernel:
    mov     [ebx + BOOT_FILES + FILE_SIZE + FILE_FIRST], ecx
    mov     [ebx + BOOT_FILES + FILE_SIZE + FILE_SECTORS], edx
    mov     [edi + MOUNT_DATA], ebx
    xor     eax, eax
    jmp     .Lboot_mount_done
.Lboot_mount_damaged:
    mov     eax, ERROR_CORRUPT
.Lboot_mount_failed:
    push    eax
    mov     eax, [ebx + BOOT_BUFFER]
    mov     edx, 1
    call    page_free
    pop     eax
.Lboot_mount_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    stc
.Lboot_mount_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends a mount.
# In: EAX mount.
# Out: CF clear.
boot_umount:
    push    ebx
    xor     ebx, ebx
    xchg    ebx, [eax + MOUNT_DATA]
    mov     eax, [ebx + BOOT_BUFFER]
    mov     edx, 1
    call    page_free
    mov     eax, ebx
    call    mfree
    pop     ebx
    clc
    ret

# Prints a line about the volume.
# In: EAX mount.
# Out: CF clear.
boot_status:
    mov     eax, [eax + MOUNT_DATA]
    PRINTF  "loader of %u and kernel of %u sectors of 512 bytes, read only\n", [eax+BOOT_FILES+FILE_SECTORS], [eax+BOOT_FILES+FILE_SIZE+FILE_SECTORS]
    clc
    ret

# FS_SPACE.
# In: EAX mount.
# Out: EAX blocks of 4 KiB, EDX none free; CF clear.
boot_space:
    mov     eax, [eax + MOUNT_DATA]
    mov     edx, [eax + BOOT_FILES + FILE_SECTORS]
    add     edx, [eax + BOOT_FILES + FILE_SIZE + FILE_SECTORS]
    mov     eax, edx
    shr     eax, BLOCK_SECTORS_SHIFT
    xor     edx, edx
    ret

# Brings a block of the volume into the buffer.
# In: EAX block.
# Out: EAX data; CF and EAX error.
# Clobbers: ECX, EDX.
boot_block:
    cmp     eax, [ebx + BOOT_BLOCK]
    je      .Lboot_block_there
    push    esi
    push    eax
    mov     dword ptr [ebx + BOOT_BLOCK], -1
    mov     edx, eax
    mov     esi, 1 << BLOCK_SECTORS_SHIFT
    mov     eax, [ebx + BOOT_VOLUME]
    mov     ecx, [eax + VOLUME_DISK]
    mov     cl, [ecx + DISK_SECTOR_BYTES + 1]   # 2, or 8 where sectors have 2048 bytes
    shr     cl, 2
    shr     esi, cl
    neg     cl
    add     cl, BLOCK_SECTORS_SHIFT
    shl     edx, cl
    mov     ecx, [eax + VOLUME_SECTORS] # the last block may have fewer
    sub     ecx, edx
    jbe     1f
    cmp     esi, ecx
    jbe     1f
    mov     esi, ecx
1:  mov     ecx, [ebx + BOOT_BUFFER]
    call    volume_read
    pop     edx
    pop     esi
    jc      .Lboot_block_done
    mov     [ebx + BOOT_BLOCK], edx
.Lboot_block_there:
    mov     eax, [ebx + BOOT_BUFFER]
    clc
.Lboot_block_done:
    ret

# Brings a sector of the volume into the buffer.
# In: EAX sector of 512 bytes.
# Out: EAX data; CF and EAX error.
# Clobbers: ECX, EDX.
boot_image_sector:
    push    eax
    shr     eax, BLOCK_SECTORS_SHIFT
    call    boot_block
    pop     edx
    jc      1f
    and     edx, (1 << BLOCK_SECTORS_SHIFT) - 1
    shl     edx, SECTOR_SHIFT
    add     eax, edx                    # CF is clear
1:  ret

# FS_FIND.
# In: EAX mount, EDX path, ECX = NODE record to fill in.
# Out: CF and EAX error.
boot_find:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     esi, edx
    mov     edi, ecx
    xor     ecx, ecx
1:  mov     eax, esi
    mov     edx, [boot_names + ecx*4]
    push    ecx
    call    string_compare
    pop     ecx
    je      2f
    inc     ecx
    cmp     ecx, BOOT_COUNT
    jbe     1b
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     3f
2:  mov     eax, ecx
    call    boot_node
3:  pop     edi
    pop     esi
    pop     ebx
    ret

# FS_NEXT.
# In: EAX mount, EDX id of a directory, ECX = NODE record to fill in, EDI address of the position.
# Out: CF and EAX error: ERROR_NOT_FOUND after the last.
boot_next:
    cmp     dword ptr [edi], BOOT_COUNT
    mov     edx, ERROR_NOT_FOUND
    jae     1f
    inc     dword ptr [edi]
    mov     edx, [edi]
    jmp     boot_stat
1:  mov     eax, edx
    stc
    ret

# FS_STAT.
# In: EAX mount, EDX id, ECX = NODE record to fill in.
# Out: CF clear.
boot_stat:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     eax, edx
    call    boot_node
    pop     edi
    pop     ebx
    ret

# Fills in a NODE record.
# In: EAX id, EDI = NODE record.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX.
boot_node:
    push    eax
    mov     [edi + NODE_ID], eax
    xor     edx, edx
    mov     [edi + NODE_BYTES], edx
    mov     [edi + NODE_BYTES + 4], edx
    mov     [edi + NODE_MODIFIED], edx
    mov     [edi + NODE_VERSION], edx
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    mov     edx, offset boot_class_directory
    test    eax, eax
    jz      1f
    mov     dword ptr [edi + NODE_KIND], NODE_FILE
    mov     edx, [ebx + BOOT_FILES + eax*FILE_SIZE - FILE_SIZE + FILE_SECTORS]
    shl     edx, SECTOR_SHIFT
    mov     [edi + NODE_BYTES], edx
    mov     edx, offset boot_class_file
1:  lea     eax, [edi + NODE_CLASS]
    mov     ecx, 64
    call    string_copy
    pop     edx
    lea     eax, [edi + NODE_NAME]
    mov     edx, [boot_names + edx*4]
    mov     ecx, 256
    call    string_copy
    clc
    ret

# FS_READ_AT.
# In: EAX mount, EDX id, ECX buffer, ESI bytes, EDI address of the u64 offset.
# Out: EAX bytes that were read, 0 after the end; CF and EAX error.
boot_read_at:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: as read_part's, -16 buffer, -12 bytes read, -8 not used, -4 offset, here in the volume
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 16], ecx
    mov     dword ptr [ebp - 12], 0
    mov     eax, ERROR_IS_DIRECTORY
    sub     edx, 1
    jc      .Lboot_read_at_done
    cmp     dword ptr [edi + 4], 0
    jne     .Lboot_read_at_end
    lea     edx, [ebx + BOOT_FILES + edx*FILE_SIZE]
    mov     eax, [edx + FILE_SECTORS]
    shl     eax, SECTOR_SHIFT
    sub     eax, [edi]
    jbe     .Lboot_read_at_end
    cmp     esi, eax
    jbe     1f
    mov     esi, eax                    # ESI: bytes left
1:  mov     eax, [edx + FILE_FIRST]
    shl     eax, SECTOR_SHIFT
    add     eax, [edi]
    mov     [ebp - 4], eax
.Lboot_read_at_block:
    test    esi, esi
    jz      .Lboot_read_at_end
    mov     eax, [ebp - 4]
    shr     eax, SECTOR_SHIFT + BLOCK_SECTORS_SHIFT
    call    boot_block
    jc      .Lboot_read_at_done
    lea     edx, [ebp - 16]
    mov     ecx, FS_BLOCK_BYTES
    call    read_part
    jmp     .Lboot_read_at_block
.Lboot_read_at_end:
    mov     eax, [ebp - 12]
    clc
.Lboot_read_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
