# What the disk commands print: the list of drives (`disks`), partition tables, and one partition in detail
# (`partinfo`).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"

.macro PARTITION_TYPE number:req, text:req
    .pushsection .rodata.str, "a", @progbits
.Ltype\@: .asciz "\text"
    .popsection
    .long   \number, .Ltype\@
.endm

.section .rodata
.balign 4
partition_types:                        # ends with the name of all that are not listed
    PARTITION_TYPE 0x01, "FAT12"
    PARTITION_TYPE 0x04, "FAT16"
    PARTITION_TYPE 0x05, "extended"
    PARTITION_TYPE 0x06, "FAT16"
    PARTITION_TYPE 0x07, "NTFS/exFAT"
    PARTITION_TYPE 0x0B, "FAT32"
    PARTITION_TYPE 0x0C, "FAT32"
    PARTITION_TYPE 0x0E, "FAT16"
    PARTITION_TYPE 0x0F, "extended"
    PARTITION_TYPE 0x82, "Linux swap"
    PARTITION_TYPE 0x83, "Linux"
    PARTITION_TYPE 0x8E, "Linux LVM"
    PARTITION_TYPE 0x99, "OOFS"
    PARTITION_TYPE 0xA5, "FreeBSD"
    PARTITION_TYPE 0xEE, "GPT"
    PARTITION_TYPE 0xEF, "EFI system"
    PARTITION_TYPE 0, "other"

disks_help:
    .ascii  "Lists the drives: name, kind, size, model. The primary master is hda, the\n"
    .ascii  "primary slave hdb, and so on; virtio disks are vda, vdb. -v adds serial number, geometry, capabilities,\n"
    .asciz  "and how often commands were repeated or failed.\n"
partinfo_help:
    .ascii  "Shows one partition: place, size, type, what it holds, where it is mounted.\n"
    .asciz  "The partitions of hda are hda0 to hda3, logical ones begin with hda4.\n"

SHELL_COMMAND "disks", disks_command, "[-v]", "list the drives", GROUP_FILES, disks_help
SHELL_COMMAND "partinfo", partinfo_command, "PARTITION", "show a partition", GROUP_FILES, partinfo_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
.global disks_command
disks_command:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi                    # EDI: bit 0 verbose, bit 1 found a drive
    cmp     eax, 1
    je      .Ldisks_command_list
    cmp     eax, 2
    jne     .Ldisks_command_usage
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-v"
    call    string_compare
    jne     .Ldisks_command_usage
    inc     edi
.Ldisks_command_list:
    mov     ebx, offset disk_table
    mov     esi, DISK_MAX
.Ldisks_command_disk:
    cmp     dword ptr [ebx + DISK_KIND], DISK_NONE
    je      .Ldisks_command_next
    cmp     dword ptr [ebx + DISK_KIND], DISK_CD
    jne     .Ldisks_command_print
    mov     eax, ebx                    # the medium may have been changed
    call    atapi_refresh
.Ldisks_command_print:
    mov     eax, ebx
    call    disk_print
    test    edi, 1
    jz      .Ldisks_command_found
    mov     eax, ebx
    call    disk_details
.Ldisks_command_found:
    or      edi, 2
.Ldisks_command_next:
    add     ebx, DISK_SIZE_OF
    dec     esi
    jnz     .Ldisks_command_disk
    xor     eax, eax
    test    edi, 2
    jnz     .Ldisks_command_done
    PRINT   "There are no drives.\n"
    jmp     .Ldisks_command_done
.Ldisks_command_usage:
    PRINT   "usage: disks [-v]\n"
    mov     eax, 1
.Ldisks_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints what `disks -v` adds for a drive.
# In: EAX disk.
disk_details:
    push    ebx
    push    esi
    mov     ebx, eax
    lea     ecx, [ebx + DISK_SERIAL]
    lea     edx, [ebx + DISK_FIRMWARE]
    PRINTF  "      serial '%s', firmware '%s'\n      ", ecx, edx
    mov     eax, ebx
    mov     edx, [ebx + DISK_DRIVER]
    call    [edx + DRIVER_PLACE]
    mov     esi, eax                    # ESI: lost interrupts
    PRINTF  "\n      %u sectors of %u bytes", [ebx+DISK_SECTORS], [ebx+DISK_SECTOR_BYTES]
    test    dword ptr [ebx + DISK_FLAGS], DISK_DMA
    jz      1f
    PRINT   ", DMA"
1:  cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    jne     3f
    cmp     dword ptr [ebx + DISK_CYLINDERS], 0
    je      2f
    PRINTF  ", geometry %u/%u/%u,\n      %u sectors for each interrupt", [ebx+DISK_CYLINDERS], [ebx+DISK_HEADS], [ebx+DISK_TRACK_SECTORS], [ebx+DISK_BLOCK]
    test    dword ptr [ebx + DISK_FLAGS], DISK_LBA48
    jz      2f
    PRINT   ", LBA48"
2:  test    dword ptr [ebx + DISK_FLAGS], DISK_NO_FLUSH
    jz      3f
    PRINT   ", no write cache"
3:  PRINTF  "\n      %u commands repeated, %u failed; %u interrupts lost on the channel\n", [ebx+DISK_RETRIES], [ebx+DISK_FAILURES], esi
    pop     esi
    pop     ebx
    ret

# Prints the head of a partition table.
.global table_head
table_head:
    PRINT   "  # boot type               first    sectors       size first CHS   last CHS\n"
    ret

# Prints the row of an entry.
# In: EAX table of four entries, EDX index, ECX sectors of the drive; ESI character in front: blank or '>'.
.global table_row
table_row:
    push    ebx
    push    esi
    push    edi
    mov     edi, edx
    mov     ebx, edx
    shl     ebx, 4
    add     ebx, eax                    # EBX: entry
    call    partition_fault
    PRINTF  "%c %d ", esi, edi
    cmp     eax, PARTITION_UNUSED
    jne     1f
    PRINT   "-    unused\n"
    jmp     9f
1:  mov     esi, eax                    # ESI: what is wrong
    LOAD_STRING edx, "no"
    test    byte ptr [ebx + ENTRY_STATUS], 0x80
    jz      2f
    LOAD_STRING edx, "yes"
2:  movzx   eax, byte ptr [ebx + ENTRY_TYPE]
    push    edx
    call    partition_type_name
    pop     edx
    mov     ecx, eax
    movzx   eax, byte ptr [ebx + ENTRY_TYPE]
    PRINTF  "%-4s %02x %-10s %10u %10u", edx, eax, ecx, [ebx+ENTRY_START], [ebx+ENTRY_SECTORS]
    mov     eax, [ebx + ENTRY_SECTORS]
    mov     edx, 512
    call    size_print
    lea     eax, [ebx + ENTRY_FIRST_CHS]
    call    chs_print
    lea     eax, [ebx + ENTRY_LAST_CHS]
    call    chs_print
    PRINT   "\n"
    test    esi, esi
    jz      9f
    PRINTF  "         entry %d %s\n", edi, esi
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the row of a volume that no entry of sector 0 describes; nothing when there is none.
# In: EAX volume.
.global volume_row
volume_row:
    cmp     dword ptr [eax + VOLUME_SECTORS], 0
    je      9f
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + VOLUME_TYPE]
    call    partition_type_name
    mov     ecx, eax
    LOAD_STRING edx, "no"
    test    dword ptr [ebx + VOLUME_STATUS], 0x80
    jz      1f
    LOAD_STRING edx, "yes"
1:  PRINTF  "%3d %-4s %02x %-10s %10u %10u", [ebx+VOLUME_INDEX], edx, [ebx+VOLUME_TYPE], ecx, [ebx+VOLUME_START], [ebx+VOLUME_SECTORS]
    mov     eax, [ebx + VOLUME_SECTORS]
    mov     edx, 512
    call    size_print
    PRINT   "\n"
    pop     ebx
9:  ret

# Prints cylinder/head/sector of an entry in a column.
# In: EAX the three bytes.
chs_print:
    push    ebx
    FRAME   16
    movzx   edx, byte ptr [eax + 1]
    mov     ecx, edx
    shl     edx, 2
    and     edx, 0x300
    mov     dl, [eax + 2]
    and     ecx, 63
    movzx   eax, byte ptr [eax]
    lea     ebx, [ebp - 16]
    SNPRINTF ebx, 16, "%u/%u/%u", edx, eax, ecx
    PRINTF  " %-11s", ebx
    ENDFRAME
    pop     ebx
    ret

# Names a partition type.
# In: EAX type.
# Out: EAX text.
partition_type_name:
    mov     edx, offset partition_types
1:  mov     ecx, [edx]
    cmp     ecx, eax
    je      2f
    jecxz   2f
    add     edx, 8
    jmp     1b
2:  mov     eax, [edx + 4]
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
partinfo_command:
    push    ebx
    push    esi
    push    edi
    cmp     eax, 2
    je      .Lpartinfo_command_path
    PRINT   "usage: partinfo PARTITION, such as hda0\n"
    jmp     .Lpartinfo_command_failed
.Lpartinfo_command_path:
    mov     esi, [edx + 4]
    mov     eax, esi
    call    volume_find
    jnc     .Lpartinfo_command_volume
    PRINTF  "There is no partition %s.\n", esi
    jmp     .Lpartinfo_command_failed
.Lpartinfo_command_volume:
    mov     ebx, eax
    mov     edi, [ebx + VOLUME_DISK]
    cmp     dword ptr [ebx + VOLUME_INDEX], VOLUME_WHOLE
    jne     .Lpartinfo_command_partition
    PRINTF  "%s is a whole drive: 'fdisk %s' shows its partitions.\n", esi, esi
    jmp     .Lpartinfo_command_failed
.Lpartinfo_command_partition:
    lea     eax, [edi + DISK_NAME]
    PRINTF  "%s: entry %d of the partition table of %s\n", esi, [ebx+VOLUME_INDEX], eax
    mov     eax, [ebx + VOLUME_TYPE]
    call    partition_type_name
    PRINTF  "  type      %02x %s\n", [ebx+VOLUME_TYPE], eax
    LOAD_STRING eax, "no"
    test    dword ptr [ebx + VOLUME_STATUS], 0x80
    jz      .Lpartinfo_command_bootable
    LOAD_STRING eax, "yes"
.Lpartinfo_command_bootable:
    PRINTF  "  bootable  %s\n", eax
    mov     eax, [ebx + VOLUME_START]
    mov     edx, [ebx + VOLUME_SECTORS]
    lea     ecx, [eax + edx - 1]
    PRINTF  "  sectors   %u, from %u to %u\n", edx, eax, ecx
    mov     eax, edx
    mov     edx, [edi + DISK_SECTOR_BYTES]
    call    size_unit
    PRINTF  "  size      %u %s\n", eax, edx
    mov     eax, ebx
    call    volume_describe             # what file system it holds, where it is mounted
    xor     eax, eax
    jmp     .Lpartinfo_command_done
.Lpartinfo_command_failed:
    mov     eax, 1
.Lpartinfo_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
