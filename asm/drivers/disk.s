# The table of drives and the one way to their sectors: every access names a volume (a drive or a partition), is checked
# against its end here, and goes to the drive's own routines from here.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "ide.inc"

.bss
.balign 16
.global disk_table
disk_table:     .skip DISK_MAX * DISK_SIZE_OF   # hda to hdh, then vda to vdh
    # 1: hard disks are not there: they are others than what is known of them
.global disk_detached
disk_detached:  .skip 4

.text

# Says that a drive is not used because its sectors are too large: a write of less than one is none that is whole.
# In: EAX bytes of a sector, EDX disk, which has a name.
.global disk_large
disk_large:
    add     edx, DISK_NAME
    PRINTF  "%s: not used: its sectors have %u bytes, and QuRe writes sectors of 512\n", edx, eax
    ret

# Gives a slot its name, before it is known whether there is a drive.
# In: EAX disk.
.global disk_name
disk_name:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    sub     eax, offset disk_table
    xor     edx, edx
    mov     ecx, DISK_SIZE_OF
    div     ecx
    mov     esi, 'h'                    # ESI: first letter
    cmp     eax, DISK_IDE_MAX
    jb      2f
    mov     esi, 'v'
    sub     eax, DISK_IDE_MAX
2:  lea     edi, [eax + 'a']            # EDI: last letter
    lea     ecx, [ebx + DISK_VOLUME]
    SNPRINTF ecx, 8, "%cd%c", esi, edi
    mov     [ebx + DISK_VOLUME + VOLUME_DISK], ebx
    mov     dword ptr [ebx + DISK_VOLUME + VOLUME_INDEX], VOLUME_WHOLE
    xor     ecx, ecx
    lea     edx, [ebx + DISK_PARTITION]
1:  SNPRINTF edx, 8, "%cd%c%d", esi, edi, ecx
    mov     [edx + VOLUME_DISK], ebx
    mov     [edx + VOLUME_INDEX], ecx
    add     edx, VOLUME_SIZE_OF
    inc     ecx
    cmp     ecx, DISK_PARTITIONS
    jb      1b
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes a drive into service after it has been found: settings, capacity, partitions, and a line on the console. May
# sleep.
# In: EAX disk, of any kind.
.global disk_ready
disk_ready:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [ebx + DISK_KIND], DISK_CD
    je      1f
    cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    jne     9f
    call    ata_restore
    mov     eax, [ebx + DISK_SECTORS]
    mov     [ebx + DISK_VOLUME + VOLUME_SECTORS], eax
    mov     eax, ebx
    call    partition_scan
    jmp     2f
1:  call    atapi_refresh
2:  mov     eax, ebx
    call    disk_print
9:  pop     ebx
    ret

# Prints the line of a drive: name, size, model.
# In: EAX disk.
.global disk_print
disk_print:
    push    ebx
    mov     ebx, eax
    lea     edx, [ebx + DISK_NAME]
    PRINTF  "%-6s", edx
    LOAD_STRING eax, "disk "
    cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    je      1f
    LOAD_STRING eax, "CD   "
1:  call    print
    mov     eax, [ebx + DISK_SECTORS]
    test    eax, eax
    jnz     2f
    PRINT   "  no medium  "
    jmp     3f
2:  mov     edx, [ebx + DISK_SECTOR_BYTES]
    call    size_print
    PRINT   "  "
3:  lea     eax, [ebx + DISK_MODEL]
    PRINTF  "%s\n", eax
    pop     ebx
    ret

# Prints a size in a column of 11 characters.
# In: EAX sectors, EDX bytes of a sector, 512 or 2048.
.global size_print
size_print:
    call    size_unit
    PRINTF  "%7u %s", eax, edx
    ret

# Converts a size into a unit that leaves at most five digits, rounding down.
# In: EAX sectors, EDX bytes of a sector, 512 or 2048.
# Out: EAX number, EDX text of the unit.
# Clobbers: ECX.
.global size_unit
size_unit:
    xor     ecx, ecx
    shr     edx, 11
    jz      1f
    shld    ecx, eax, 2                 # 2048 bytes: in units of 512 bytes
    shl     eax, 2
1:  shrd    eax, ecx, 1                 # ECX:EAX KiB
    shr     ecx, 1
    LOAD_STRING edx, "KiB"
    test    ecx, ecx
    jnz     2f
    cmp     eax, 10 << 10
    jb      9f
2:  shrd    eax, ecx, 10
    LOAD_STRING edx, "MiB"
    cmp     eax, 10 << 10
    jb      9f
    shr     eax, 10
    LOAD_STRING edx, "GiB"
9:  ret

# Finds a drive or a partition by name.
# In: EAX name such as hda or hda0; `boot` is the boot image, while there is a volume of it (asm/fs/boot-files.s).
# Out: EAX volume; CF and EAX = ERROR_NO_DEVICE when there is none.
.global volume_find
volume_find:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     ebx, offset disk_table
    xor     edi, edi
.Lvolume_find_disk:
    cmp     dword ptr [ebx + DISK_KIND], DISK_NONE
    je      .Lvolume_find_next_disk
    lea     eax, [ebx + DISK_NAME]
    mov     edx, esi
    call    string_compare
    lea     eax, [ebx + DISK_VOLUME]
    je      .Lvolume_find_found
    lea     ecx, [ebx + DISK_PARTITION]
.Lvolume_find_partition:
    push    ecx
    mov     eax, ecx
    mov     edx, esi
    call    string_compare
    pop     ecx
    mov     eax, ecx
    je      .Lvolume_find_partition_found
    add     ecx, VOLUME_SIZE_OF
    lea     edx, [ebx + DISK_SIZE_OF]
    cmp     ecx, edx
    jb      .Lvolume_find_partition
.Lvolume_find_next_disk:
    add     ebx, DISK_SIZE_OF
    inc     edi
    cmp     edi, DISK_MAX
    jb      .Lvolume_find_disk
    mov     eax, offset boot_volume
    mov     edx, esi
    call    string_compare
    mov     eax, offset boot_volume
    jne     .Lvolume_find_missing
.Lvolume_find_partition_found:
    cmp     dword ptr [eax + VOLUME_SECTORS], 0
    jne     .Lvolume_find_found
.Lvolume_find_missing:
    mov     eax, ERROR_NO_DEVICE
    stc
    jmp     .Lvolume_find_done
.Lvolume_find_found:
    clc
.Lvolume_find_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a drive by name.
# In: EAX name.
# Out: EAX disk; CF and EAX = ERROR_NO_DEVICE when there is none.
.global disk_find
disk_find:
    call    volume_find
    jc      9f
    cmp     dword ptr [eax + VOLUME_INDEX], VOLUME_WHOLE
    jne     8f
    mov     eax, [eax + VOLUME_DISK]
    clc
    ret
8:  mov     eax, ERROR_NO_DEVICE
    stc
9:  ret

# Reads sectors of a volume. May sleep.
# In: EAX volume, EDX first sector in the volume, ECX buffer; ESI sectors (of DISK_SECTOR_BYTES).
# Out: CF and EAX on failure: ERROR_OUT_OF_RANGE, ERROR_IO, ERROR_NO_MEDIUM.
# Locks: the channel, meanwhile.
.global volume_read
volume_read:
    push    ebx
    mov     ebx, DRIVER_READ
    call    volume_access
    pop     ebx
    ret

# Writes sectors of a volume: as volume_read. They are on stable storage only after volume_flush.
.global volume_write
volume_write:
    call    write_enter
    push    ebx
    push    eax
    mov     ebx, DRIVER_WRITE
    push    edx
    call    volume_access
    pop     edx
    pop     ebx
    call    write_leave
    pop     ebx
    ret

# Reads or writes sectors of a volume, after checking that it has them.
# In: as volume_read, and EBX = DRIVER_READ or DRIVER_WRITE.
volume_access:
    push    edi
    mov     edi, [eax + VOLUME_DISK]
    cmp     dword ptr [eax + VOLUME_SECTORS], 0
    je      .Lvolume_access_refresh
.Lvolume_access_known:
    CHECK   esi, ne, 0, "volume_access: no sector"
    push    ecx
    mov     ecx, [eax + VOLUME_SECTORS] # first < sectors, and count <= sectors - first: no sum can overflow
    sub     ecx, edx
    jbe     .Lvolume_access_beyond
    cmp     esi, ecx
    ja      .Lvolume_access_beyond
    pop     ecx
    add     edx, [eax + VOLUME_START]
.ifdef CHECKS
    cmp     dword ptr [edi + DISK_KIND], DISK_CD    # its medium may be gone
    je      1f
    CHECK   edx, b, [edi+DISK_SECTORS], "volume_access: a volume beyond its drive"
1:
.endif
    mov     eax, edi
    mov     edi, [edi + DISK_DRIVER]
    call    [edi + ebx]
    pop     edi
    ret
.Lvolume_access_beyond:
    pop     ecx
    mov     eax, ERROR_OUT_OF_RANGE
    pop     edi
    stc
    ret
.Lvolume_access_refresh:
    cmp     dword ptr [edi + DISK_KIND], DISK_CD # a medium may have been put in
    mov     eax, ERROR_NO_DEVICE
    jne     .Lvolume_access_none
    push    edx
    push    ecx
    mov     eax, edi
    call    atapi_refresh
    pop     ecx
    pop     edx
    jc      .Lvolume_access_done
    lea     eax, [edi + DISK_VOLUME]
    jmp     .Lvolume_access_known
.Lvolume_access_none:
    stc
.Lvolume_access_done:
    pop     edi
    ret

# Puts all that was written to a volume's drive on stable storage. May sleep.
# In: EAX volume.
# Out: CF and EAX on failure.
.global volume_flush
volume_flush:
    mov     eax, [eax + VOLUME_DISK]
    mov     edx, [eax + DISK_DRIVER]
    jmp     [edx + DRIVER_FLUSH]

.data
.balign 4
    # the boot image as a volume; asm/fs/boot-files.s says where it is while it is mounted
.global boot_volume
boot_volume:    .asciz "boot"
    .space  VOLUME_SIZE_OF - 5
