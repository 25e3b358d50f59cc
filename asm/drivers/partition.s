# Partition tables: reads them without trust, and makes entries of the MBR kind. What an entry says becomes a volume
# only when it lies on the drive and clear of the others. Logical partitions are in partition-extended.s, GPT in gpt.s.
# The table: four entries of 16 bytes at offset 446 of sector 0; see disk.inc.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"

PARTITION_SMALL_DISK = 1024 * 16 * 63   # sectors that 16 heads and 63 sectors can address with 10 bits of cylinder

.text

# Reads a drive's partition table and makes its volumes. Nothing of the drive may be mounted. May sleep.
# In: EAX disk.
# Out: CF and EAX when the sector cannot be read.
.global partition_scan
partition_scan:
    FRAME   4
    push    ebx
    push    esi
    push    edi
    # Local: -4 buffer of a sector, for what is not in sector 0
    mov     ebx, eax
    mov     dword ptr [ebx + DISK_TABLE], TABLE_UNREAD
    lea     edi, [ebx + DISK_PARTITION]
    mov     ecx, DISK_PARTITIONS
.Lpartition_scan_clear:
    mov     dword ptr [edi + VOLUME_SECTORS], 0
    add     edi, VOLUME_SIZE_OF
    loop    .Lpartition_scan_clear
    mov     eax, 2 * 512
    call    malloc
    jc      .Lpartition_scan_done
    mov     esi, eax                    # ESI: sector 0
    mov     ecx, eax
    add     eax, 512
    mov     [ebp - 4], eax
    push    esi
    lea     eax, [ebx + DISK_VOLUME]
    xor     edx, edx
    mov     esi, 1
    call    volume_read
    pop     esi
    jc      .Lpartition_scan_failed
    mov     dword ptr [ebx + DISK_TABLE], TABLE_NONE
    mov     eax, esi
    call    partition_table_valid
    jc      .Lpartition_scan_end
    mov     dword ptr [ebx + DISK_TABLE], TABLE_VALID
    lea     eax, [esi + MBR_TABLE + ENTRY_TYPE]
    mov     ecx, MBR_ENTRIES
.Lpartition_scan_protective:
    cmp     byte ptr [eax], PARTITION_GPT
    je      .Lpartition_scan_gpt
    add     eax, MBR_ENTRY_BYTES
    loop    .Lpartition_scan_protective
    # All primary partitions first: they have the right to their places.
    xor     edi, edi                    # EDI: index
.Lpartition_scan_entry:
    call    partition_usable
    jc      .Lpartition_scan_next
    call    partition_extended
    je      .Lpartition_scan_next
    push    esi
    push    eax
    mov     eax, ebx
    pop     esi
    call    partition_add
    pop     esi
    jc      .Lpartition_scan_next
    mov     ecx, edi
    shl     ecx, 4
    movzx   ecx, byte ptr [esi + ecx + MBR_TABLE + ENTRY_STATUS]
    mov     [eax + VOLUME_STATUS], ecx
.Lpartition_scan_next:
    inc     edi
    cmp     edi, MBR_ENTRIES
    jb      .Lpartition_scan_entry
    call    partition_scan_extended
    jmp     .Lpartition_scan_end
.Lpartition_scan_gpt:
    mov     eax, ebx
    push    esi
    mov     esi, [ebp - 4]
    call    gpt_scan
    pop     esi
.Lpartition_scan_end:
    mov     eax, esi
    call    mfree
    xor     eax, eax
    jmp     .Lpartition_scan_done
.Lpartition_scan_failed:
    push    eax
    mov     eax, esi
    call    mfree
    pop     eax
    stc
.Lpartition_scan_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Adds the logical partitions.
# In: EBX disk, ESI sector 0, EBP frame of partition_scan.
# Clobbers: EAX, ECX, EDX, EDI.
partition_scan_extended:
    xor     edi, edi
.Lpartition_scan_extended_extended:
    call    partition_usable
    jc      .Lpartition_scan_extended_next_extended
    call    partition_extended
    jne     .Lpartition_scan_extended_next_extended
    mov     eax, ebx                    # the first one; nobody makes two
    mov     esi, [ebp - 4]
    call    partition_logical
    jmp     .Lpartition_scan_extended_end_extended
.Lpartition_scan_extended_next_extended:
    inc     edi
    cmp     edi, MBR_ENTRIES
    jb      .Lpartition_scan_extended_extended
    jmp     .Lpartition_scan_extended_done
.Lpartition_scan_extended_end_extended:
    mov     esi, [ebp - 4]
    sub     esi, 512
.Lpartition_scan_extended_done:
    ret

# What an entry of sector 0 says, if it can be used.
# In: EBX disk, ESI sector 0, EDI index.
# Out: EAX type, EDX first sector, ECX sectors; CF when it is unused or has a fault.
partition_usable:
    lea     eax, [esi + MBR_TABLE]
    mov     edx, edi
    mov     ecx, [ebx + DISK_SECTORS]
    call    partition_fault
    neg     eax                         # CF unless there is none
    jc      9f
    mov     ecx, edi
    shl     ecx, 4
    lea     ecx, [esi + ecx + MBR_TABLE]
    movzx   eax, byte ptr [ecx + ENTRY_TYPE]
    mov     edx, [ecx + ENTRY_START]
    mov     ecx, [ecx + ENTRY_SECTORS]
    clc
9:  ret

# Makes a volume, if its sectors lie on the disk and no other volume has any of them.
# In: EAX disk, EDX first sector, ECX sectors; ESI type, EDI its number, below DISK_PARTITIONS.
# Out: EAX volume; CF when there is none.
.global partition_add
partition_add:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    test    edx, edx
    jz      .Lpartition_add_not
    test    ecx, ecx
    jz      .Lpartition_add_not
    lea     eax, [edx + ecx]            # EAX: end
    cmp     eax, edx
    jbe     .Lpartition_add_not
    cmp     eax, [ebx + DISK_SECTORS]
    ja      .Lpartition_add_not
    lea     ebp, [ebx + DISK_PARTITION]
    push    edi
    mov     edi, DISK_PARTITIONS
.Lpartition_add_other:
    cmp     dword ptr [ebp + VOLUME_SECTORS], 0
    je      .Lpartition_add_next
    cmp     eax, [ebp + VOLUME_START]
    jbe     .Lpartition_add_next
    push    eax
    mov     eax, [ebp + VOLUME_START]
    add     eax, [ebp + VOLUME_SECTORS] # on the disk: no overflow
    cmp     edx, eax
    pop     eax
    jae     .Lpartition_add_next
    pop     edi
    jmp     .Lpartition_add_not
.Lpartition_add_next:
    add     ebp, VOLUME_SIZE_OF
    dec     edi
    jnz     .Lpartition_add_other
    pop     edi
    imul    eax, edi, VOLUME_SIZE_OF
    lea     eax, [ebx + eax + DISK_PARTITION]
    mov     [eax + VOLUME_START], edx
    mov     [eax + VOLUME_SECTORS], ecx
    mov     [eax + VOLUME_TYPE], esi
    mov     dword ptr [eax + VOLUME_STATUS], 0
    clc
    jmp     .Lpartition_add_done
.Lpartition_add_not:
    stc
.Lpartition_add_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Whether a sector holds a partition table at all.
# In: EAX sector.
# Out: CF when it does not.
# Clobbers: ECX, EDX.
.global partition_table_valid
partition_table_valid:
    cmp     word ptr [eax + MBR_MAGIC], MBR_MAGIC_VALUE
    jne     8f
    lea     edx, [eax + MBR_TABLE]
    mov     ecx, MBR_ENTRIES
1:  test    byte ptr [edx + ENTRY_STATUS], 0x7F # a boot sector of a file system has code here
    jnz     8f
    add     edx, MBR_ENTRY_BYTES
    loop    1b
    clc
    ret
8:  stc
    ret

STRING fault_start, "begins at sector 0, where the table is"
STRING fault_empty, "has no sectors"
STRING fault_end, "reaches beyond the end of the disk"
STRING fault_overlap, "overlaps another partition"

# What is wrong with an entry.
# In: EAX table of four entries, EDX index, ECX sectors of the drive.
# Out: EAX = 0 usable, PARTITION_UNUSED unused, else the address of a text that follows "entry N".
.global partition_fault
partition_fault:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    shl     esi, 4
    add     esi, eax                    # ESI: entry
    mov     eax, PARTITION_UNUSED
    cmp     byte ptr [esi + ENTRY_TYPE], 0
    je      .Lpartition_fault_done
    mov     edx, [esi + ENTRY_START]
    mov     eax, offset fault_start
    test    edx, edx
    jz      .Lpartition_fault_done
    mov     eax, offset fault_empty
    mov     ebx, [esi + ENTRY_SECTORS]
    test    ebx, ebx
    jz      .Lpartition_fault_done
    mov     eax, offset fault_end
    add     ebx, edx                    # EBX: end
    jc      .Lpartition_fault_done
    cmp     ebx, ecx
    ja      .Lpartition_fault_done
    mov     eax, offset fault_overlap
.Lpartition_fault_other:
    cmp     edi, esi                    # the entries before this one
    je      .Lpartition_fault_good
    cmp     byte ptr [edi + ENTRY_TYPE], 0
    je      .Lpartition_fault_next
    mov     ecx, [edi + ENTRY_START]
    cmp     ebx, ecx
    jbe     .Lpartition_fault_next
    add     ecx, [edi + ENTRY_SECTORS]
    jc      .Lpartition_fault_done
    cmp     edx, ecx
    jb      .Lpartition_fault_done
.Lpartition_fault_next:
    add     edi, MBR_ENTRY_BYTES
    jmp     .Lpartition_fault_other
.Lpartition_fault_good:
    xor     eax, eax
.Lpartition_fault_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sets the place of an entry: LBA, and cylinder, head and sector for systems that still read those. Status and type
# stay.
# In: EAX entry, EDX first sector, ECX sectors, at least 1; ESI sectors of the drive.
.global partition_place
partition_place:
    push    ebx
    mov     ebx, eax
    mov     [ebx + ENTRY_START], edx
    mov     [ebx + ENTRY_SECTORS], ecx
    push    edx
    lea     eax, [edx + ecx - 1]
    call    partition_chs
    mov     [ebx + ENTRY_LAST_CHS], ax
    shr     eax, 16
    mov     [ebx + ENTRY_LAST_CHS + 2], al
    pop     eax
    call    partition_chs
    mov     [ebx + ENTRY_FIRST_CHS], ax
    shr     eax, 16
    mov     [ebx + ENTRY_FIRST_CHS + 2], al
    pop     ebx
    ret

# Converts a sector number into the three bytes of an entry, in the geometry that BIOSes use for a drive of that size:
# 16 heads up to 504 MiB, 255 beyond, 63 sectors to a track. What 10 bits of cylinder cannot express is FE FF FF.
# In: EAX sector; ESI sectors of the drive.
# Out: EAX head | (sector | cylinder bits 8-9 << 6) << 8 | cylinder << 16.
partition_chs:
    push    ebx
    mov     ebx, 16
    cmp     esi, PARTITION_SMALL_DISK
    jbe     1f
    mov     ebx, 255
1:  xor     edx, edx
    mov     ecx, 63
    div     ecx
    lea     ecx, [edx + 1]              # ECX: sector, counts from 1
    xor     edx, edx
    div     ebx                         # EAX: cylinder, EDX: head
    cmp     eax, 1023
    ja      2f
    mov     ebx, eax
    shl     eax, 16
    shr     ebx, 2
    and     ebx, 0xC0
    or      ecx, ebx
    shl     ecx, 8
    or      eax, ecx
    or      eax, edx
    pop     ebx
    ret
2:  mov     eax, 0xFFFFFE
    pop     ebx
    ret

# Whether something of a drive is mounted.
# In: EAX disk.
# Out: EAX volume that is; CF when there is one.
.global disk_mounted
disk_mounted:
    add     eax, DISK_VOLUME
    mov     ecx, DISK_PARTITIONS + 1
1:  cmp     dword ptr [eax + VOLUME_MOUNT], 0
    jne     2f
    add     eax, VOLUME_SIZE_OF
    loop    1b
    clc
    ret
2:  stc
    ret
