# What the IDENTIFY data of an ATA or ATAPI drive say, entered into its disk record.
# Source: ATA/ATAPI-6 (INCITS 361) clauses 6.17 and 8.16 (IDENTIFY DEVICE), 8.17 (IDENTIFY PACKET DEVICE).

.include "macros.inc"
.include "disk.inc"
.include "ide.inc"

ATA_BLOCK_MAX = 16                      # sectors for each interrupt

# Words of the IDENTIFY data, as byte offsets.
IDENTIFY_GENERAL = 0
IDENTIFY_CYLINDERS = 2
IDENTIFY_HEADS = 6
IDENTIFY_TRACK_SECTORS = 12
IDENTIFY_SERIAL = 20                    # 20 characters
IDENTIFY_FIRMWARE = 46                  # 8
IDENTIFY_MODEL = 54                     # 40
IDENTIFY_MULTIPLE = 94
IDENTIFY_CAPABILITIES = 98
IDENTIFY_VALID = 106                    # bit 2: the word of ultra DMA is valid
IDENTIFY_SECTORS28 = 120                # u32
IDENTIFY_MULTIWORD_DMA = 126            # bits 8-10: the mode that is chosen
IDENTIFY_COMMANDS = 166                 # word 83
IDENTIFY_ULTRA_DMA = 176                # bits 8-14
IDENTIFY_SECTORS48 = 200                # u64
IDENTIFY_SECTOR = 212                   # bits 14-15: 1 when the word is valid, 12: the next says how long a sector is
IDENTIFY_SECTOR_WORDS = 234             # u32

.text

# Fills in a disk from its IDENTIFY data.
# In: EAX disk, EDX the 512 bytes.
.global ata_setup
ata_setup:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, ebx
    mov     edx, esi
    call    ata_strings
    test    byte ptr [esi + IDENTIFY_CAPABILITIES + 1], 2
    jnz     .Lata_setup_lba
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s: a drive without LBA is not supported\n", eax
    jmp     .Lata_setup_done
.Lata_setup_lba:
    movzx   eax, word ptr [esi + IDENTIFY_SECTOR]
    and     eax, 0xD000
    cmp     eax, 0x5000
    jne     .Lata_setup_geometry
    mov     eax, [esi + IDENTIFY_SECTOR_WORDS]
    add     eax, eax
    mov     edx, ebx
    cmp     eax, 512
    jbe     .Lata_setup_geometry
    call    disk_large
    jmp     .Lata_setup_done
.Lata_setup_geometry:
    movzx   eax, word ptr [esi + IDENTIFY_CYLINDERS]
    mov     [ebx + DISK_CYLINDERS], eax
    movzx   eax, word ptr [esi + IDENTIFY_HEADS]
    mov     [ebx + DISK_HEADS], eax
    movzx   eax, word ptr [esi + IDENTIFY_TRACK_SECTORS]
    mov     [ebx + DISK_TRACK_SECTORS], eax
    mov     eax, [esi + IDENTIFY_SECTORS28]
    and     eax, 0x0FFFFFFF
    movzx   edx, word ptr [esi + IDENTIFY_COMMANDS]
    mov     ecx, edx
    and     ecx, 0xC000
    cmp     ecx, 0x4000                 # else word 83 is not valid
    je      .Lata_setup_commands
    xor     edx, edx
.Lata_setup_commands:
    test    edx, 1 << 10
    jz      .Lata_setup_sectors
    or      dword ptr [ebx + DISK_FLAGS], DISK_LBA48
    mov     ecx, [esi + IDENTIFY_SECTORS48 + 4]
    mov     eax, [esi + IDENTIFY_SECTORS48]
    test    ecx, ecx
    jz      .Lata_setup_sectors
    mov     eax, -1                     # 2 TiB are what 32 bits reach
.Lata_setup_sectors:
    mov     [ebx + DISK_SECTORS], eax
    test    edx, 1 << 13
    jz      .Lata_setup_flush
    or      dword ptr [ebx + DISK_FLAGS], DISK_FLUSH_EXT
.Lata_setup_flush:
    test    edx, 3 << 12
    jnz     .Lata_setup_removable
    or      dword ptr [ebx + DISK_FLAGS], DISK_NO_FLUSH
.Lata_setup_removable:
    test    byte ptr [esi + IDENTIFY_GENERAL], 0x80
    jz      .Lata_setup_block
    or      dword ptr [ebx + DISK_FLAGS], DISK_REMOVABLE
.Lata_setup_block:
    mov     eax, ebx
    mov     edx, esi
    call    ide_dma_offer
    mov     dword ptr [ebx + DISK_SECTOR_BYTES], 512
    mov     dword ptr [ebx + DISK_BLOCK], 1
    mov     dword ptr [ebx + DISK_DRIVER], offset ata_driver
    mov     dword ptr [ebx + DISK_KIND], DISK_HARD
    movzx   eax, byte ptr [esi + IDENTIFY_MULTIPLE]
    cmp     eax, 2
    jb      .Lata_setup_done
    cmp     eax, ATA_BLOCK_MAX
    jbe     .Lata_setup_multiple
    mov     eax, ATA_BLOCK_MAX
.Lata_setup_multiple:
    bsr     ecx, eax                    # a power of two
    mov     eax, 1
    shl     eax, cl
    mov     [ebx + DISK_BLOCK], eax     # ata_restore tells the drive
.Lata_setup_done:
    pop     esi
    pop     ebx
    ret

# Uses DMA with a drive for which the firmware has chosen a mode of DMA: it has set the controller's timing to match.
# In: EAX disk, EDX = IDENTIFY data.
.global ide_dma_offer
ide_dma_offer:
    mov     ecx, [eax + DISK_CHANNEL]
    cmp     dword ptr [ecx + CHANNEL_MASTER], 0
    je      9f
    test    byte ptr [edx + IDENTIFY_CAPABILITIES + 1], 1
    jz      9f
    test    byte ptr [edx + IDENTIFY_MULTIWORD_DMA + 1], 0x07
    jnz     1f
    test    byte ptr [edx + IDENTIFY_VALID], 4
    jz      9f
    test    byte ptr [edx + IDENTIFY_ULTRA_DMA + 1], 0x7F
    jz      9f
1:  or      dword ptr [eax + DISK_FLAGS], DISK_DMA
9:  ret

# Copies model, serial number and firmware revision: pairs of characters are swapped, and padded with blanks.
# In: EAX disk, EDX = IDENTIFY data.
.global ata_strings
ata_strings:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    lea     eax, [ebx + DISK_MODEL]
    lea     edx, [esi + IDENTIFY_MODEL]
    mov     ecx, 40
    call    ata_string
    lea     eax, [ebx + DISK_SERIAL]
    lea     edx, [esi + IDENTIFY_SERIAL]
    mov     ecx, 20
    call    ata_string
    lea     eax, [ebx + DISK_FIRMWARE]
    lea     edx, [esi + IDENTIFY_FIRMWARE]
    mov     ecx, 8
    call    ata_string
    pop     esi
    pop     ebx
    ret

# Copies one string of the IDENTIFY data; what is not printable becomes a blank, blanks at both ends go.
# In: EAX target with room for ECX + 1 bytes, EDX source, ECX characters, even.
ata_string:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    xor     ebx, ebx                    # EBX: length up to the last character that is not a blank
    xor     edx, edx                    # EDX: length
.Lata_string_next:
    lodsw
    rol     ax, 8
    call    .Lata_string_character
    mov     al, ah
    call    .Lata_string_character
    sub     ecx, 2
    jnz     .Lata_string_next
    mov     byte ptr [edi + ebx], 0
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lata_string_character:
    cmp     al, 0x7E
    ja      .Lata_string_blank
    cmp     al, ' '
    ja      .Lata_string_visible
.Lata_string_blank:
    mov     al, ' '
    test    edx, edx
    jz      .Lata_string_done           # leading blank
    mov     [edi + edx], al
    inc     edx
    ret
.Lata_string_visible:
    mov     [edi + edx], al
    inc     edx
    mov     ebx, edx
.Lata_string_done:
    ret
