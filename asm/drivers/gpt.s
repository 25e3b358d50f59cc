# GUID partition tables: finds the copy that can be used, and makes volumes of its entries. Nothing in it is trusted:
# checksums first, then each number against the disk. Source: UEFI Specification 2.10, 5.3.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "gpt.inc"

# A GUID as it lies in memory, and the MBR's type that means the same.
.macro GPT_TYPE_GUID type:req, first:req, second:req, third:req, fourth:req
    .long   \type, \first, \second, \third, \fourth
.endm
GPT_TYPE_SIZE           = 20

.section .rodata
.balign 4
gpt_types:                              # ends with type 0
    GPT_TYPE_GUID 0x99, 0x9B3DB7F6, 0x4C6F7D65, 0x53464F9F, 0x55524551  # OOFS (docs/formats/partitions.md)
    GPT_TYPE_GUID 0xEF, 0xC12A7328, 0x11D2F81F, 0xA0004BBA, 0x3BC93EC9  # EFI system
    GPT_TYPE_GUID 0x83, 0x0FC63DAF, 0x47728483, 0x693D798E, 0xE47D47D8  # Linux
    GPT_TYPE_GUID 0x82, 0x0657FD6D, 0x43C4A4AB, 0x3309E584, 0x4F4F4BC8  # Linux swap
    GPT_TYPE_GUID 0x8E, 0xE6D6D379, 0x44C2F507, 0x8F233CA2, 0x28F93D2A  # Linux LVM
    GPT_TYPE_GUID 0x07, 0xEBD0A0A2, 0x4433B9E5, 0xB668C087, 0xC79926B7  # Microsoft's data: FAT, NTFS
    GPT_TYPE_GUID 0x06, 0xEBD0A0A2, 0x4433B9E5, 0xB668C087, 0xC79926B7  # the same for FAT16, FAT32: only to be made
    GPT_TYPE_GUID 0x0C, 0xEBD0A0A2, 0x4433B9E5, 0xB668C087, 0xC79926B7
    .long   0

.text

# Reads a disk's GPT and makes its volumes, numbered by their entries. Says so when there is none that can be used, or
# only one copy. May sleep.
# In: EAX disk; ESI buffer of a sector.
# Out: DISK_TABLE is TABLE_GPT when there is one.
.global gpt_scan
gpt_scan:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edx, 1
    call    gpt_read
    jnc     .Lgpt_scan_found
    mov     eax, ebx
    mov     edx, [ebx + DISK_SECTORS]
    dec     edx
    call    gpt_read
    lea     edx, [ebx + DISK_NAME]
    jc      .Lgpt_scan_none
    PRINTF  "%s: the first copy of the partition table is damaged; the second one is used\n", edx
.Lgpt_scan_found:
    mov     edi, eax
    mov     dword ptr [ebx + DISK_TABLE], TABLE_GPT
    mov     eax, ebx
    mov     edx, edi
    call    gpt_volumes
    mov     eax, edi
    call    mfree
    jmp     .Lgpt_scan_done
.Lgpt_scan_none:
    PRINTF  "%s: the disk should have a GUID partition table, and both copies are damaged\n", edx
.Lgpt_scan_done:
    pop     edi
    pop     ebx
    ret

# Reads one copy of the table.
# In: EAX disk, EDX sector of the header; ESI buffer of a sector, which has the header afterwards.
# Out: EAX entries, for mfree; CF when this copy cannot be used.
gpt_read:
    FRAME   4
    push    ebx
    push    edi
    # Local: -4 sector of the header
    mov     ebx, eax
    mov     [ebp - 4], edx
    add     eax, DISK_VOLUME
    mov     ecx, esi
    push    esi
    mov     esi, 1
    call    volume_read
    pop     esi
    jc      .Lgpt_read_not
    cmp     dword ptr [esi + GPT_SIGNATURE], GPT_SIGNATURE_LOW
    jne     .Lgpt_read_not
    cmp     dword ptr [esi + GPT_SIGNATURE + 4], GPT_SIGNATURE_HIGH
    jne     .Lgpt_read_not
    mov     edx, [esi + GPT_HEADER_BYTES]
    cmp     edx, GPT_HEADER_LEAST
    jb      .Lgpt_read_not
    cmp     edx, 512
    ja      .Lgpt_read_not
    xor     edi, edi
    xchg    edi, [esi + GPT_CHECKSUM]
    mov     eax, esi
    call    crc32
    mov     [esi + GPT_CHECKSUM], edi
    cmp     eax, edi
    jne     .Lgpt_read_not
    mov     eax, [ebp - 4]
    cmp     [esi + GPT_MY_LBA], eax
    jne     .Lgpt_read_not
    mov     eax, [esi + GPT_MY_LBA + 4]
    or      eax, [esi + GPT_ENTRIES_LBA + 4]
    jnz     .Lgpt_read_not
    # The size of an entry is a power of two from 128 on, and all of them fit into what we read.
    call    gpt_entries_bytes
    jc      .Lgpt_read_not
    lea     edi, [eax + 511]
    shr     edi, 9                      # EDI: sectors of the entries
    mov     eax, edi
    shl     eax, 9
    call    malloc
    jc      .Lgpt_read_not
    push    esi
    push    eax
    mov     ecx, eax
    lea     eax, [ebx + DISK_VOLUME]
    mov     edx, [esi + GPT_ENTRIES_LBA]
    mov     esi, edi
    call    volume_read                 # checks that they are on the disk
    pop     edi                         # EDI: entries
    pop     esi
    jc      .Lgpt_read_free
    mov     eax, [esi + GPT_ENTRIES]
    mul     dword ptr [esi + GPT_ENTRY_BYTES]
    mov     edx, eax
    mov     eax, edi
    call    crc32
    cmp     eax, [esi + GPT_ENTRIES_CHECKSUM]
    jne     .Lgpt_read_free
    mov     eax, edi
    clc
    jmp     .Lgpt_read_done
.Lgpt_read_free:
    mov     eax, edi
    call    mfree
.Lgpt_read_not:
    stc
.Lgpt_read_done:
    pop     edi
    pop     ebx
    ENDFRAME
    ret

# The size of all entries: that of one is a power of two from 128 on, and all of them fit into what we read.
# In: ESI header.
# Out: EAX bytes; CF when not.
# Clobbers: ECX, EDX.
gpt_entries_bytes:
    mov     ecx, [esi + GPT_ENTRY_BYTES]
    lea     eax, [ecx - 1]
    test    eax, ecx
    jnz     .Lgpt_entries_bytes_not
    cmp     ecx, GPT_ENTRY_LEAST
    jb      .Lgpt_entries_bytes_not
    mov     eax, [esi + GPT_ENTRIES]
    mul     ecx
    test    edx, edx
    jnz     .Lgpt_entries_bytes_not
    test    eax, eax
    jz      .Lgpt_entries_bytes_not
    cmp     eax, GPT_TABLE_MAX
    ja      .Lgpt_entries_bytes_not
    clc
    ret
.Lgpt_entries_bytes_not:
    stc
    ret

# Makes the volumes of a table. Entries beyond DISK_PARTITIONS are counted and said.
# In: EAX disk, EDX entries; ESI header.
gpt_volumes:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, edx                    # EBP: entry
    mov     ecx, [esi + GPT_ENTRIES]    # on the stack: entries left, bytes of each, how many have no volume
    push    ecx
    push    dword ptr [esi + GPT_ENTRY_BYTES]
    push    0
    xor     edi, edi                    # EDI: index
.Lgpt_volumes_entry:
    mov     eax, [ebp + GPT_TYPE]
    or      eax, [ebp + GPT_TYPE + 4]
    or      eax, [ebp + GPT_TYPE + 8]
    or      eax, [ebp + GPT_TYPE + 12]
    jz      .Lgpt_volumes_next
    cmp     edi, DISK_PARTITIONS
    jae     .Lgpt_volumes_left_out
    mov     eax, [ebp + GPT_START + 4]
    or      eax, [ebp + GPT_LAST + 4]
    jnz     .Lgpt_volumes_left_out
    mov     edx, [ebp + GPT_START]
    cmp     edx, 2
    jb      .Lgpt_volumes_left_out
    mov     ecx, [ebp + GPT_LAST]
    sub     ecx, edx
    jb      .Lgpt_volumes_left_out
    inc     ecx
    call    gpt_type
    mov     esi, eax
    mov     eax, ebx
    call    partition_add
    jc      .Lgpt_volumes_left_out
    test    byte ptr [ebp + GPT_ATTRIBUTES], 4
    jz      .Lgpt_volumes_next
    mov     dword ptr [eax + VOLUME_STATUS], 0x80
    jmp     .Lgpt_volumes_next
.Lgpt_volumes_left_out:
    inc     dword ptr [esp]
.Lgpt_volumes_next:
    add     ebp, [esp + 4]
    inc     edi
    dec     dword ptr [esp + 8]
    jnz     .Lgpt_volumes_entry
    pop     ecx
    add     esp, 8
    jecxz   .Lgpt_volumes_done
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s: %u entries of the partition table are beyond the disk, overlap, or are too many\n", eax, ecx
.Lgpt_volumes_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The MBR's type for an entry's GUID.
# In: EBP entry.
# Out: EAX type, 0 when there is none that means the same. ECX and EDX are preserved.
gpt_type:
    push    ecx
    push    edx
    mov     edx, offset gpt_types
1:  mov     eax, [edx]
    test    eax, eax
    jz      3f
    mov     ecx, 3
2:  mov     eax, [edx + ecx*4 + 4]
    cmp     eax, [ebp + GPT_TYPE + ecx*4]
    jne     4f
    dec     ecx
    jns     2b
    mov     eax, [edx]
3:  pop     edx
    pop     ecx
    ret
4:  add     edx, GPT_TYPE_SIZE
    jmp     1b

# The GUID that means the same as a type of the MBR.
# In: EAX type, EDX where the GUID goes, or 0.
# Out: CF when there is none.
.global gpt_guid
gpt_guid:
    push    esi
    push    edi
    mov     esi, offset gpt_types
1:  cmp     dword ptr [esi], 0
    je      8f
    cmp     eax, [esi]
    je      2f
    add     esi, GPT_TYPE_SIZE
    jmp     1b
2:  test    edx, edx
    jz      9f                          # CF is clear
    add     esi, 4
    mov     edi, edx
    mov     ecx, 4
    rep movsd
    clc
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    ret
