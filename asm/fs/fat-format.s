# FAT, making an empty file system: FAT12 below 4 MiB, FAT16 below 512 MiB, FAT32 from there on, with the smallest
# clusters that the entries can number. The boot sector is written last: until then the volume holds nothing.
# Source: FAT32 File System Specification 1.03, sections 3 (boot sector) and 5 (FSInfo).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fat.inc"

FORMAT_SECTORS_MIN      = 128           # 64 KiB
FORMAT_SECTORS_MAX      = 1 << 28       # 128 GiB: as far as ids reach (fat.inc)
FORMAT_PIECE            = 64            # sectors that are written at a time
FORMAT_ROOT_SECTORS     = 32            # FAT12, FAT16: 512 entries
FORMAT_BACKUP           = 6             # FAT32: the boot sector and FSInfo a second time
FORMAT_MEDIA            = 0xF8          # a hard disk

# A kind of file system.
KIND_SECTORS            = 0             # volumes with fewer have this kind
KIND_BITS               = 4
KIND_RESERVED           = 8             # sectors before the first FAT
KIND_ROOT               = 12            # sectors of the root directory, 0 where that is a file
KIND_SHIFT              = 16            # the smallest cluster has 1 << this sectors
KIND_CLUSTERS           = 20            # clusters that there may be
KIND_BOOT               = 24            # the boot sector's beginning
KIND_SIZE_OF            = 28

# What is computed, in the frame of fat_format below EBP.
AT_KIND                 = -4
AT_SECTORS              = -8
AT_SHIFT                = -12
AT_FAT                  = -16           # sectors of each FAT
AT_DATA                 = -20           # sector of the first cluster
AT_CLUSTERS             = -24
AT_PAGE                 = -28           # FORMAT_PIECE sectors, all zero between two writes
AT_ID                   = -32           # of the volume
AT_BYTES                = 32

.section .rodata
.balign 4
format_kinds:
    .long   8400, 12, 1, FORMAT_ROOT_SECTORS, 0, 4084, format_boot_16
    .long   1 << 20, 16, 1, FORMAT_ROOT_SECTORS, 0, 65524, format_boot_16
    .long   -1, 32, 32, 0, 3, 1 << 22, format_boot_32

# Boot sectors up to their code; what the volume decides is filled in. The code gives the turn to the next device.
.macro FORMAT_BOOT_TAIL bits
    .byte   0x80, 0, 0x29               # drive, -, the next three fields are there
    .long   0                           # id
    .ascii  "NO NAME    "
    .ascii  "FAT\bits   "
    .byte   0xCD, 0x18, 0xF4, 0xEB, 0xFD # int 18h; hlt; jmp to it
.endm
.macro FORMAT_BOOT_HEAD code, reserved, entries
    .byte   0xEB, \code, 0x90
    .ascii  "QURE    "
    .word   512
    .byte   0                           # sectors of a cluster
    .word   \reserved
    .byte   2                           # FATs
    .word   \entries, 0
    .byte   FORMAT_MEDIA
    .word   0, 63, 255                  # sectors of a FAT, of a track; heads
    .long   0, 0                        # sectors before the volume, and of it
.endm
format_boot_16:
    FORMAT_BOOT_HEAD 0x3C, 1, (FORMAT_ROOT_SECTORS*16)
    FORMAT_BOOT_TAIL 16
format_boot_32:
    FORMAT_BOOT_HEAD 0x58, 32, 0
    .long   0                           # sectors of a FAT
    .word   0, 0                        # both FATs are kept; version
    .long   2                           # cluster of the root directory
    .word   1, FORMAT_BACKUP
    .skip   12
    FORMAT_BOOT_TAIL 32
format_boot_end:
FORMAT_BOOT_16_BYTES    = format_boot_32 - format_boot_16
FORMAT_BOOT_32_BYTES    = format_boot_end - format_boot_32

.text

# Makes an empty file system (FS_FORMAT). May sleep.
# In: EAX volume, not mounted.
# Out: CF and EAX on failure.
.global fat_format
fat_format:
    FRAME   AT_BYTES
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax                    # EBX: volume
    mov     eax, [ebx + VOLUME_DISK]
    cmp     dword ptr [eax + DISK_SECTOR_BYTES], 512
    mov     eax, ERROR_INVALID
    stc
    jne     .Lfat_format_done
    call    format_plan
    jc      .Lfat_format_done
    call    clock_seconds
    mov     [ebp + AT_ID], eax
    mov     eax, FORMAT_PIECE / 8
    call    page_alloc
    jc      .Lfat_format_done
    mov     [ebp + AT_PAGE], eax
    mov     edi, eax                    # EDI: the pages
    call    format_zeros
    jc      .Lfat_format_free
    call    format_tables
    jc      .Lfat_format_free
    mov     eax, ebx
    call    volume_flush
    jc      .Lfat_format_free
    call    format_boot
    xor     edx, edx
    call    format_sector
    jc      .Lfat_format_free
    mov     eax, ebx
    call    volume_flush
.Lfat_format_free:
    push    eax
    pushfd
    mov     eax, [ebp + AT_PAGE]
    mov     edx, FORMAT_PIECE / 8
    call    page_free
    popfd
    pop     eax
.Lfat_format_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Chooses the kind and the places.
# In: EBX volume.
# Out: AT_KIND to AT_CLUSTERS; CF and EAX = ERROR_NO_SPACE when the volume is too small.
format_plan:
    push    esi
    push    edi
    mov     edi, [ebx + VOLUME_SECTORS]
    cmp     edi, FORMAT_SECTORS_MIN
    mov     eax, ERROR_NO_SPACE
    jb      .Lformat_plan_done          # CF is set
    cmp     edi, FORMAT_SECTORS_MAX
    jbe     1f
    mov     edi, FORMAT_SECTORS_MAX
1:  mov     [ebp + AT_SECTORS], edi     # EDI: sectors
    mov     esi, offset format_kinds - KIND_SIZE_OF
2:  add     esi, KIND_SIZE_OF           # ESI: kind
    cmp     edi, [esi + KIND_SECTORS]
    jae     2b
    mov     [ebp + AT_KIND], esi
    sub     edi, [esi + KIND_RESERVED]
    sub     edi, [esi + KIND_ROOT]      # EDI: sectors of FATs and clusters
    mov     ecx, [esi + KIND_SHIFT]
    dec     ecx
3:  inc     ecx
    mov     eax, edi
    shr     eax, cl
    cmp     eax, [esi + KIND_CLUSTERS]
    ja      3b
    mov     [ebp + AT_SHIFT], ecx
    add     eax, 2                      # of a FAT for more clusters than will be left beside it
    mul     dword ptr [esi + KIND_BITS]
    add     eax, 512 * 8 - 1
    shr     eax, 12
    mov     [ebp + AT_FAT], eax
    add     eax, eax
    sub     edi, eax
    mov     eax, [ebp + AT_SECTORS]
    sub     eax, edi
    mov     [ebp + AT_DATA], eax
    shr     edi, cl
    mov     [ebp + AT_CLUSTERS], edi
    clc
.Lformat_plan_done:
    pop     edi
    pop     esi
    ret

# Writes zeros over all but the clusters, and over the root directory's one.
# In: EBX volume, EDI pages.
# Out: CF and EAX on failure.
format_zeros:
    push    edi
    push    ebp
    mov     ecx, [ebp + AT_SHIFT]
    mov     eax, 1
    shl     eax, cl
    add     eax, [ebp + AT_DATA]
    mov     ebp, eax                    # EBP: end
    xor     edx, edx                    # EDX: sector
1:  mov     esi, ebp
    sub     esi, edx
    jz      3f                          # CF is clear
    cmp     esi, FORMAT_PIECE
    jbe     2f
    mov     esi, FORMAT_PIECE
2:  push    edx
    push    esi
    mov     eax, ebx
    mov     ecx, edi
    call    volume_write
    pop     esi
    pop     edx
    jc      3f
    add     edx, esi
    jmp     1b
3:  pop     ebp
    pop     edi
    ret

# Writes the first sector of both FATs, and what FAT32 has beside.
# In: EBX volume, EDI a page of zeros; it is zero again afterwards.
# Out: CF and EAX on failure.
format_tables:
    mov     esi, [ebp + AT_KIND]
    mov     dword ptr [edi], 0xFFFFFF00 | FORMAT_MEDIA # the media, an end that says clean; FAT12 has 24 bits of it
    cmp     dword ptr [esi + KIND_BITS], 16
    je      .Lformat_tables_write
    mov     dword ptr [edi], 0x00FFFF00 | FORMAT_MEDIA
    jb      .Lformat_tables_write
    mov     dword ptr [edi], 0x0FFFFF00 | FORMAT_MEDIA
    mov     dword ptr [edi + 4], 0x0FFFFFFF
    mov     dword ptr [edi + 8], 0x0FFFFFFF # the root directory has one cluster
.Lformat_tables_write:
    mov     edx, [esi + KIND_RESERVED]
    call    format_sector
    jc      .Lformat_tables_done
    mov     edx, [esi + KIND_RESERVED]
    add     edx, [ebp + AT_FAT]
    call    format_sector
    jc      .Lformat_tables_done
    xor     eax, eax
    mov     [edi], eax
    mov     [edi + 4], eax
    mov     [edi + 8], eax
    cmp     dword ptr [esi + KIND_BITS], 32
    jne     .Lformat_tables_good
    call    format_boot
    mov     edx, FORMAT_BACKUP
    call    format_sector
    jc      .Lformat_tables_done
    call    format_clear
    mov     dword ptr [edi], 0x41615252
    mov     dword ptr [edi + 484], 0x61417272
    mov     eax, [ebp + AT_CLUSTERS]
    dec     eax
    mov     [edi + 488], eax            # free, and where to look for more
    mov     dword ptr [edi + 492], 3
    mov     dword ptr [edi + 508], 0xAA550000
    mov     edx, 1
    call    format_sector
    jc      .Lformat_tables_done
    mov     edx, FORMAT_BACKUP + 1
    call    format_sector
    jc      .Lformat_tables_done
    call    format_clear
.Lformat_tables_good:
    clc
.Lformat_tables_done:
    ret

# Fills a sector's memory with zeros.
# In: EDI address.
# Clobbers: EAX, ECX only.
format_clear:
    push    edi
    xor     eax, eax
    mov     ecx, 512 / 4
    rep stosd
    pop     edi
    ret

# Makes the boot sector.
# In: EBX volume, EDI 512 bytes of zeros.
format_boot:
    push    esi
    push    edi
    mov     esi, [ebp + AT_KIND]
    mov     ecx, FORMAT_BOOT_16_BYTES
    mov     eax, [esi + KIND_BITS]
    mov     esi, [esi + KIND_BOOT]
    cmp     eax, 32
    jne     .Lformat_boot_copy
    mov     ecx, FORMAT_BOOT_32_BYTES
.Lformat_boot_copy:
    push    eax
    push    edi
    rep movsb
    pop     edi
    pop     esi                         # ESI: bits
    mov     ecx, [ebp + AT_SHIFT]
    mov     eax, 1
    shl     eax, cl
    mov     [edi + BPB_CLUSTER_SECTORS], al
    mov     eax, [ebx + VOLUME_START]
    mov     [edi + BPB_HIDDEN], eax
    mov     eax, [ebp + AT_SECTORS]
    cmp     esi, 32
    je      .Lformat_boot_sectors
    cmp     eax, 0xFFFF
    ja      .Lformat_boot_sectors
    mov     [edi + BPB_SECTORS16], ax
    jmp     .Lformat_boot_fat
.Lformat_boot_sectors:
    mov     [edi + BPB_SECTORS32], eax
.Lformat_boot_fat:
    mov     word ptr [edi + BOOT_MAGIC], 0xAA55
    mov     edx, [ebp + AT_FAT]
    lea     ecx, [edi + BPB_ID16]
    cmp     esi, 32
    je      .Lformat_boot_fat32
    mov     [edi + BPB_FAT16_SECTORS], dx
    cmp     esi, 12
    jne     .Lformat_boot_id
    mov     byte ptr [edi + BPB_KIND16 + 4], '2'
    jmp     .Lformat_boot_id
.Lformat_boot_fat32:
    mov     [edi + BPB_FAT32_SECTORS], edx
    lea     ecx, [edi + BPB_ID32]
.Lformat_boot_id:
    mov     eax, [ebp + AT_ID]
    mov     [ecx], eax
    pop     edi
    pop     esi
    ret

# Writes a sector.
# In: EBX volume, EDI its content, EDX sector.
# Out: CF and EAX on failure.
format_sector:
    push    esi
    mov     eax, ebx
    mov     ecx, edi
    mov     esi, 1
    call    volume_write
    pop     esi
    ret
