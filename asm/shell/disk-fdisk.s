# fdisk: shows a partition table, makes a disk bootable (`init`), or edits its table (`verify`, in disk-verify.s).
# Nothing is written before the user has typed `Yes` twice.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "bootrecord.inc"

FDISK_PARTITION_MIN = 2048                      # sectors: 1 MiB is the least that `init` makes a partition of
FDISK_ANSWER = 64                               # bytes of an answer

.section .rodata
fdisk_help:
    .ascii  "fdisk              lists the drives\n"
    .ascii  "fdisk DISK         shows the partition table\n"
    .ascii  "fdisk DISK init    makes one partition of the largest size and copies the boot\n"
    .ascii  "                   image, so that the disk boots; what is on the disk is lost\n"
    .ascii  "fdisk DISK verify  edits the table: select, resize, add, delete, toggle\n"
    .ascii  "                   bootable, set the type\n"
    .ascii  "fdisk DISK gpt 100 64:ef rest   makes a GUID partition table for data: sizes in\n"
    .ascii  "                   MiB, types as in an MBR if not 99 (OOFS); without sizes one\n"
    .ascii  "                   partition of the largest size. mbr does the same with an MBR:\n"
    .ascii  "                   of more than four, those after the third are logical\n"
    .ascii  "They write only after Yes was typed twice. Disks are hda, hdb, ...\n"
    .asciz  "(see disks).\n"

SHELL_COMMAND "fdisk", fdisk_command, "[DISK [init|verify|mbr SIZE...|gpt SIZE...]]", "show, make or edit a partition table", GROUP_FILES, fdisk_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
fdisk_command:
    push    ebx
    push    esi
    push    edi
    mov     esi, edx
    cmp     eax, 2
    jb      .Lfdisk_command_list
    mov     edi, eax                    # EDI: argc
    mov     eax, [esi + 4]
    call    disk_find
    jnc     .Lfdisk_command_found
    PRINTF  "There is no drive %s.\n", [esi+4]
    jmp     .Lfdisk_command_failed
.Lfdisk_command_found:
    mov     ebx, eax
    cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    je      .Lfdisk_command_disk
    PRINTF  "%s is a CD drive: it has no partition table.\n", [esi+4]
    jmp     .Lfdisk_command_failed
.Lfdisk_command_disk:
    cmp     edi, 2
    je      .Lfdisk_command_show
    mov     eax, [esi + 8]
    LOAD_STRING edx, "gpt"
    call    string_compare
    mov     edx, 1
    je      .Lfdisk_command_make
    mov     eax, [esi + 8]
    LOAD_STRING edx, "mbr"
    call    string_compare
    mov     edx, 0
    je      .Lfdisk_command_make
    cmp     edi, 3
    ja      .Lfdisk_command_usage
    mov     eax, [esi + 8]
    LOAD_STRING edx, "init"
    call    string_compare
    je      .Lfdisk_command_init
    mov     eax, [esi + 8]
    LOAD_STRING edx, "verify"
    call    string_compare
    je      .Lfdisk_command_verify
    mov     eax, [esi + 8]
    LOAD_STRING edx, "list"
    call    string_compare
    je      .Lfdisk_command_show
    jmp     .Lfdisk_command_usage
.Lfdisk_command_list:
    call    disks_command               # EAX is 1: no arguments
    jmp     .Lfdisk_command_done
.Lfdisk_command_make:
    mov     eax, ebx
    lea     ecx, [edi - 3]
    add     esi, 12
    call    fdisk_make
    jmp     .Lfdisk_command_done
.Lfdisk_command_init:
    mov     eax, ebx
    call    fdisk_init
    jmp     .Lfdisk_command_done
.Lfdisk_command_verify:
    mov     eax, ebx
    call    fdisk_verify
    jmp     .Lfdisk_command_done
.Lfdisk_command_show:
    mov     eax, ebx
    call    fdisk_show
    jmp     .Lfdisk_command_done
.Lfdisk_command_usage:
    PRINT   "usage: fdisk [DISK [init|verify|mbr SIZE...|gpt SIZE...]]\n"
.Lfdisk_command_failed:
    mov     eax, 1
.Lfdisk_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shows the partition table as it is on the disk now.
# In: EAX disk.
# Out: EAX status.
fdisk_show:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    fdisk_title
    mov     eax, ebx
    call    fdisk_read
    jc      .Lfdisk_show_failed
    mov     edi, eax
    call    partition_table_valid
    jnc     .Lfdisk_show_table
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s has no partition table. 'fdisk %s init' makes one.\n", eax, eax
    jmp     .Lfdisk_show_end
.Lfdisk_show_table:
    call    table_head
    xor     esi, esi
    cmp     dword ptr [ebx + DISK_TABLE], TABLE_GPT
    je      .Lfdisk_show_volume         # all are volumes; else the logical ones are, after the table
.Lfdisk_show_row:
    push    esi
    lea     eax, [edi + MBR_TABLE]
    mov     edx, esi
    mov     ecx, [ebx + DISK_SECTORS]
    mov     esi, ' '
    call    table_row
    pop     esi
    inc     esi
    cmp     esi, MBR_ENTRIES
    jb      .Lfdisk_show_row
.Lfdisk_show_volume:
    imul    eax, esi, VOLUME_SIZE_OF
    lea     eax, [ebx + eax + DISK_PARTITION]
    call    volume_row
    inc     esi
    cmp     esi, DISK_PARTITIONS
    jb      .Lfdisk_show_volume
.Lfdisk_show_end:
    mov     eax, edi
    call    mfree
    xor     eax, eax
    jmp     .Lfdisk_show_done
.Lfdisk_show_failed:
    mov     eax, 1
.Lfdisk_show_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints what a disk is.
# In: EAX disk.
.global fdisk_title
fdisk_title:
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + DISK_SECTORS]
    mov     edx, 512
    call    size_unit
    push    esi
    lea     esi, [ebx + DISK_NAME]
    lea     ecx, [ebx + DISK_MODEL]
    PRINTF  "%s: %s, %u sectors, %u %s\n", esi, ecx, [ebx+DISK_SECTORS], eax, edx
    pop     esi
    pop     ebx
    ret

# Reads sector 0 of a disk into memory; says so when it cannot.
# In: EAX disk.
# Out: EAX sector, for mfree; or CF.
.global fdisk_read
fdisk_read:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, 512
    call    malloc
    jc      8f
    mov     edi, eax
    mov     ecx, eax
    lea     eax, [ebx + DISK_VOLUME]
    xor     edx, edx
    mov     esi, 1
    call    volume_read
    mov     esi, eax
    mov     eax, edi
    jnc     9f
    call    mfree
    mov     eax, esi
8:  call    error_text
    lea     edx, [ebx + DISK_NAME]
    PRINTF  "%s: cannot read the partition table: %s\n", edx, eax
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Says so when something of a disk is mounted, for its table must not change then.
# In: EAX disk.
# Out: CF when it is.
.global fdisk_free
fdisk_free:
    push    eax
    call    disk_mounted
    pop     edx
    jnc     9f
    add     edx, DISK_NAME
    PRINTF  "%s is in use: %s is mounted. Unmount it first.\n", edx, eax
    stc
9:  ret

# Asks the two questions.
# Out: CF unless both answers were exactly `Yes`; it then has said so.
.global fdisk_confirm
fdisk_confirm:
    PRINT   "Are you sure? Type 'Yes' if so: "
    call    fdisk_yes
    jne     1f
    PRINT   "Are you really sure? Type 'Yes' if so: "
    call    fdisk_yes
    jne     1f
    clc
    ret
1:  PRINT   "Aborted: nothing was written.\n"
    stc
    ret

# Reads a line.
# Out: ZF set when it is exactly `Yes`.
.global fdisk_yes
fdisk_yes:
    FRAME   FDISK_ANSWER
    mov     eax, esp
    mov     edx, FDISK_ANSWER
    call    line_read
    mov     eax, esp
    LOAD_STRING edx, "Yes"
    call    string_compare
    ENDFRAME
    ret

# `fdisk DISK init`.
# In: EAX disk.
# Out: EAX status. The order of writes is what makes a power cut harmless: first the old boot sector goes, so that the
# disk does not boot at all; then the image comes, then the new boot sector. Each step is on stable storage before the
# next begins.
fdisk_init:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 sectors of the boot image, -8 whether the image comes from this very disk, -12 the image
    mov     ebx, eax
    call    fdisk_free
    jc      .Lfdisk_init_refused
    cmp     dword ptr [ebx + DISK_SECTORS], PARTITION_FIRST_LBA + FDISK_PARTITION_MIN
    jae     .Lfdisk_init_large
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s is too small: it has %u sectors, and the boot image takes %u, a partition at least %u.\n", eax, [ebx+DISK_SECTORS], PARTITION_FIRST_LBA, FDISK_PARTITION_MIN
    jmp     .Lfdisk_init_refused
.Lfdisk_init_large:
    call    boot_image_load
    jc      .Lfdisk_init_refused
    mov     edi, eax                    # EDI: boot image in memory
    mov     [ebp - 12], eax
    mov     [ebp - 4], ecx
    xor     eax, eax
    cmp     edx, ebx
    sete    al
    mov     [ebp - 8], eax
    mov     eax, ebx
    call    fdisk_title
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "This makes one partition of the largest size on %s and copies the boot image.\nEverything that is on %s now will be lost.\n", eax, eax
    call    fdisk_confirm
    jc      .Lfdisk_init_free
    call    mounts_lock
    mov     eax, ebx
    call    fdisk_free                  # still, after the questions?
    jc      .Lfdisk_init_unlock

    # The boot sector as it will be.
    mov     dword ptr [edi + br_image_lba], 0
    mov     word ptr [edi + br_zero], 0
    lea     eax, [edi + MBR_TABLE]
    xor     edx, edx
    mov     ecx, MBR_ENTRIES * MBR_ENTRY_BYTES
    call    mem_set
    mov     byte ptr [edi + MBR_TABLE + ENTRY_STATUS], 0x80
    mov     byte ptr [edi + MBR_TABLE + ENTRY_TYPE], PARTITION_OOFS
    lea     eax, [edi + MBR_TABLE]
    mov     edx, PARTITION_FIRST_LBA
    mov     esi, [ebx + DISK_SECTORS]
    mov     ecx, esi
    sub     ecx, edx
    call    partition_place
    mov     word ptr [edi + MBR_MAGIC], MBR_MAGIC_VALUE

    # Booted from this disk, the image is where it belongs already; then the boot sector alone changes, in one write.
    cmp     dword ptr [ebp - 8], 0
    jne     .Lfdisk_init_sector
    mov     eax, ebx
    call    fdisk_erase_boot_sector
    jc      .Lfdisk_init_failed
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, [ebp - 4]
    call    boot_image_write
    jc      .Lfdisk_init_failed
.Lfdisk_init_sector:
    mov     eax, ebx
    mov     edx, edi
    call    fdisk_write
    jc      .Lfdisk_init_failed
    call    mounts_unlock
    call    boot_image_free
    mov     eax, ebx
    call    fdisk_show
    jmp     .Lfdisk_init_done
.Lfdisk_init_failed:
    call    error_text
    lea     edx, [ebx + DISK_NAME]
    PRINTF  "\n%s: writing failed: %s. The disk does not boot; run init again.\n", edx, eax
    mov     eax, ebx
    call    partition_scan
.Lfdisk_init_unlock:
    call    mounts_unlock
.Lfdisk_init_free:
    call    boot_image_free
.Lfdisk_init_refused:
    mov     eax, 1
.Lfdisk_init_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Writes zeros over sector 0, on stable storage.
# In: EAX disk.
# Out: CF and EAX on failure.
fdisk_erase_boot_sector:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, 512
    call    malloc
    jc      9f
    mov     esi, eax
    mov     edx, eax
    mov     eax, ebx
    call    fdisk_write
    push    eax
    pushfd
    mov     eax, esi
    call    mfree
    popfd
    pop     eax
9:  pop     esi
    pop     ebx
    ret

# Writes sector 0, waits until it is on stable storage, and reads the partitions anew.
# In: EAX disk, EDX sector.
# Out: CF and EAX on failure.
.global fdisk_write
fdisk_write:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     ecx, edx
    lea     eax, [ebx + DISK_VOLUME]
    xor     edx, edx
    mov     esi, 1
    call    volume_write
    jc      9f
    lea     eax, [ebx + DISK_VOLUME]
    call    volume_flush
    jc      9f
    mov     eax, ebx
    call    partition_scan
9:  pop     esi
    pop     ebx
    ret
