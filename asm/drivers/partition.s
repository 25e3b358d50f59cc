# Partition tables of the MBR kind: reads them without trust, and makes their entries. What an entry says becomes a
# volume only when it lies on the drive and clear of the entries before it. The table: four entries of 16 bytes at
# offset 446 of sector 0; see disk.inc.

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
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     dword ptr [ebx + DISK_TABLE], TABLE_UNREAD
    lea     edi, [ebx + DISK_PARTITION]
    mov     ecx, DISK_PARTITIONS
.Lpartition_scan_clear:
    mov     dword ptr [edi + VOLUME_SECTORS], 0
    add     edi, VOLUME_SIZE_OF
    loop    .Lpartition_scan_clear
    mov     eax, 512
    call    malloc
    jc      .Lpartition_scan_done
    mov     esi, eax                    # ESI: sector 0
    mov     ecx, eax
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
    xor     edi, edi                    # EDI: index
.Lpartition_scan_entry:
    lea     eax, [esi + MBR_TABLE]
    mov     edx, edi
    mov     ecx, [ebx + DISK_SECTORS]
    call    partition_fault
    test    eax, eax
    jnz     .Lpartition_scan_next
    mov     ecx, edi
    shl     ecx, 4
    lea     ecx, [esi + ecx + MBR_TABLE]
    imul    edx, edi, VOLUME_SIZE_OF
    lea     edx, [ebx + edx + DISK_PARTITION]
    mov     eax, [ecx + ENTRY_START]
    mov     [edx + VOLUME_START], eax
    mov     eax, [ecx + ENTRY_SECTORS]
    mov     [edx + VOLUME_SECTORS], eax
    movzx   eax, byte ptr [ecx + ENTRY_TYPE]
    mov     [edx + VOLUME_TYPE], eax
    movzx   eax, byte ptr [ecx + ENTRY_STATUS]
    mov     [edx + VOLUME_STATUS], eax
.Lpartition_scan_next:
    inc     edi
    cmp     edi, DISK_PARTITIONS
    jb      .Lpartition_scan_entry
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
    mov     ecx, DISK_PARTITIONS
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
