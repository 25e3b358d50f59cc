# Mkfs makes a file system on a partition. It asks before something is lost.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"

.section .rodata
mkfs_help:
    .ascii  "mkfs -t oofs hda0  makes an empty OOFS on a partition that is not mounted, as mkfs hda0 does,\n"
    .ascii  "mkfs -t fat hda0   a FAT: FAT12 below 4 MiB, FAT16 below 512 MiB, else FAT32.\n"
    .ascii  "What was there is lost. When the volume holds something, or its entry in the\n"
    .asciz  "partition table is of another type, Yes has to be typed.\n"

SHELL_COMMAND "mkfs", mkfs_command, "[-t TYPE] PARTITION", "make a file system", GROUP_FILES, mkfs_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
mkfs_command:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, esp
    cmp     eax, 2
    je      .Lmkfs_command_usual
    cmp     eax, 4
    jne     .Lmkfs_command_usage
    lea     esi, [edx + 8]              # ESI: address of the type's name and the partition's
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-t"
    call    string_compare
    jne     .Lmkfs_command_usage
    jmp     .Lmkfs_command_type
.Lmkfs_command_usual:
    push    [edx + 4]
    LOAD_STRING eax, "oofs"
    push    eax
    mov     esi, esp
.Lmkfs_command_type:
    mov     eax, [esi]
    call    fs_class_find
    jnc     .Lmkfs_command_class
    PRINTF  "There is no file system type %s.\n", [esi]
    jmp     .Lmkfs_command_failed
.Lmkfs_command_class:
    mov     edi, eax                    # EDI: class
    cmp     dword ptr [edi + FS_FORMAT], 0
    jne     .Lmkfs_command_makes
    PRINTF  "%s is a file system that is only read.\n", [esi]
    jmp     .Lmkfs_command_failed
.Lmkfs_command_makes:
    mov     eax, [esi + 4]
    call    volume_find
    jnc     .Lmkfs_command_volume
    PRINTF  "There is no partition %s.\n", [esi+4]
    jmp     .Lmkfs_command_failed
.Lmkfs_command_volume:
    mov     ebx, eax                    # EBX: volume
    cmp     dword ptr [ebx + VOLUME_INDEX], VOLUME_WHOLE
    jne     .Lmkfs_command_partition
    PRINTF  "%s is a whole drive: mkfs takes a partition, such as %s0.\n", [esi+4], [esi+4]
    jmp     .Lmkfs_command_failed
.Lmkfs_command_partition:
    cmp     dword ptr [ebx + VOLUME_MOUNT], 0
    jne     .Lmkfs_command_asked        # it is refused in a moment
    mov     eax, ebx
    mov     edx, edi
    call    mkfs_confirm
    jc      .Lmkfs_command_failed
.Lmkfs_command_asked:
    call    mounts_lock
    mov     eax, [ebx + VOLUME_MOUNT]
    test    eax, eax
    jz      .Lmkfs_command_unmounted
    add     eax, MOUNT_PATH
    PRINTF  "%s is mounted at %s. Unmount it first.\n", [esi+4], eax
    call    mounts_unlock
    jmp     .Lmkfs_command_failed
.Lmkfs_command_unmounted:
    mov     eax, ebx
    call    [edi + FS_FORMAT]
    push    eax
    pushfd
    call    mounts_unlock
    popfd
    pop     eax
    jc      .Lmkfs_command_failed_format
    mov     eax, [ebx + VOLUME_SECTORS]
    mov     edx, 512
    call    size_unit
    PRINTF  "%s now holds an empty %s of %u %s.\n", [esi+4], [esi], eax, edx
    xor     eax, eax
    jmp     .Lmkfs_command_done
.Lmkfs_command_failed_format:
    call    error_text
    PRINTF  "%s: cannot make %s: %s\n", [esi+4], [esi], eax
    jmp     .Lmkfs_command_failed
.Lmkfs_command_usage:
    PRINT   "usage: mkfs [-t TYPE] PARTITION, such as mkfs -t oofs hda0\n"
.Lmkfs_command_failed:
    mov     eax, 1
.Lmkfs_command_done:
    mov     esp, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says what would be lost by a new file system, and asks. Nothing is asked about an empty volume whose entry has a type
# that is meant for it.
# In: EAX volume, EDX class of the file system.
# Out: CF unless the answer was `Yes`; it then has said so.
mkfs_confirm:
    push    ebx
    push    esi
    mov     ebx, eax
    xor     esi, esi                    # ESI: reasons to ask
    mov     ecx, [edx + FS_PARTITIONS]
    mov     edx, [ebx + VOLUME_TYPE]
    movzx   eax, byte ptr [ecx]         # the usual one
    cmp     al, PARTITION_FAT32
    jne     .Lmkfs_confirm_type
    cmp     dl, PARTITION_MICROSOFT     # a GPT has one type for FAT and NTFS
    jne     .Lmkfs_confirm_type
    push    eax
    mov     eax, [ebx + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_TABLE], TABLE_GPT
    pop     eax
    je      .Lmkfs_confirm_content
.Lmkfs_confirm_type:
    cmp     [ecx], dl
    je      .Lmkfs_confirm_content
    inc     ecx
    cmp     byte ptr [ecx], 0
    jne     .Lmkfs_confirm_type
    inc     esi
    PRINTF  "%s is an entry of type %02x, not %02x.\n", ebx, edx, eax
.Lmkfs_confirm_content:
    mov     eax, ebx
    call    fs_class_probe
    jc      .Lmkfs_confirm_unknown
    inc     esi
    PRINTF  "%s holds %s, %s.\n", ebx, edx, [eax+FS_NAME]
    jmp     .Lmkfs_confirm_ask
.Lmkfs_confirm_unknown:
    mov     eax, ebx
    call    volume_begins
    jz      .Lmkfs_confirm_ask
    inc     esi
    PRINTF  "%s holds something, but no file system that is known.\n", ebx
.Lmkfs_confirm_ask:
    test    esi, esi
    jz      .Lmkfs_confirm_done         # CF is clear
    PRINT   "It will be lost. Are you sure? Type 'Yes' if so: "
    call    fdisk_yes
    je      .Lmkfs_confirm_done
    PRINT   "Aborted: nothing was written.\n"
    stc
.Lmkfs_confirm_done:
    pop     esi
    pop     ebx
    ret
