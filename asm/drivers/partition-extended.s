# Logical partitions: the chain of boot records within an extended partition. Each record describes one partition,
# placed relative to the record, and the next record, placed relative to the extended partition. The chain is not
# trusted: what leads out of the extended partition ends it, and a circle ends after as many records as anybody could
# want.

.include "macros.inc"
.include "disk.inc"

EXTENDED_RECORDS        = 64

.text

# Whether a type is that of an extended partition.
# In: EAX type.
# Out: ZF when it is.
.global partition_extended
partition_extended:
    cmp     al, 0x05
    je      9f
    cmp     al, 0x0F                    # with LBA
    je      9f
    cmp     al, 0x85                    # Linux's
9:  ret

# Enters the logical partitions of an extended one. May sleep.
# In: EAX disk, EDX first sector, ECX sectors, which lie on the disk; ESI buffer of a sector.
.global partition_logical
partition_logical:
    FRAME   20
    push    ebx
    push    esi
    push    edi
    # Locals: -4 first sector, -8 sectors, -12 buffer, -16 this record relative to the extended partition, -20 records
    # left
    mov     ebx, eax
    mov     [ebp - 4], edx
    mov     [ebp - 8], ecx
    mov     [ebp - 12], esi
    mov     dword ptr [ebp - 16], 0
    mov     dword ptr [ebp - 20], EXTENDED_RECORDS
    mov     edi, MBR_ENTRIES            # EDI: number of the next partition
.Lpartition_logical_record:
    lea     eax, [ebx + DISK_VOLUME]
    mov     edx, [ebp - 4]
    add     edx, [ebp - 16]
    mov     ecx, [ebp - 12]
    mov     esi, 1
    call    volume_read
    jc      .Lpartition_logical_done
    mov     esi, [ebp - 12]
    cmp     word ptr [esi + MBR_MAGIC], MBR_MAGIC_VALUE
    jne     .Lpartition_logical_done
    add     esi, MBR_TABLE
    movzx   eax, byte ptr [esi + ENTRY_TYPE]
    test    eax, eax
    jz      .Lpartition_logical_next
    call    partition_extended
    je      .Lpartition_logical_next
    # It lies after its record and within the extended partition.
    mov     edx, [esi + ENTRY_START]
    test    edx, edx
    jz      .Lpartition_logical_counted
    mov     ecx, [ebp - 8]
    sub     ecx, [ebp - 16]             # ECX: sectors from the record to the end
    sub     ecx, edx
    jbe     .Lpartition_logical_counted
    cmp     [esi + ENTRY_SECTORS], ecx
    ja      .Lpartition_logical_counted
    add     edx, [ebp - 4]
    add     edx, [ebp - 16]
    mov     eax, ebx
    mov     ecx, [esi + ENTRY_SECTORS]
    push    esi
    movzx   esi, byte ptr [esi + ENTRY_TYPE]
    call    partition_add
    pop     esi
.Lpartition_logical_counted:
    inc     edi
    cmp     edi, DISK_PARTITIONS
    jae     .Lpartition_logical_done
.Lpartition_logical_next:
    add     esi, MBR_ENTRY_BYTES
    movzx   eax, byte ptr [esi + ENTRY_TYPE]
    call    partition_extended
    jne     .Lpartition_logical_done
    mov     eax, [esi + ENTRY_START]
    test    eax, eax
    jz      .Lpartition_logical_done
    cmp     eax, [ebp - 8]
    jae     .Lpartition_logical_done
    mov     [ebp - 16], eax
    dec     dword ptr [ebp - 20]
    jnz     .Lpartition_logical_record
.Lpartition_logical_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
