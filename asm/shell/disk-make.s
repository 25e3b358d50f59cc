# fdisk DISK mbr|gpt: makes a partition table for disks of data. Partitions lie one after the other and begin at whole
# MiB. Of more than four in an MBR, the first three are primary ones and the others logical.
# Sources: UEFI Specification 2.10, 5.2.3 (protective MBR) and 5.3 (GPT).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "gpt.inc"

MAKE_UNIT               = 2048          # sectors: 1 MiB
MAKE_MIB_MAX            = 0x200000 - 1  # 2 TiB are what sectors of 32 bits reach
MAKE_PRIMARY            = 3             # beside an extended partition
GPT_ENTRIES_MADE        = 128
GPT_TABLE_SECTORS       = GPT_ENTRIES_MADE * GPT_ENTRY_LEAST / 512
GPT_KEPT                = GPT_TABLE_SECTORS + 1 # sectors at the end of the disk; at the beginning it is one more

# A planned partition.
PLAN_START              = 0             # u32
PLAN_SECTORS            = 4             # u32
PLAN_TYPE               = 8             # u32
PLAN_SIZE_OF            = 12

# What is being made, on the stack of fdisk_make.
MAKE_DISK               = 0
MAKE_GPT                = 4             # 1: GPT, 0: MBR
MAKE_COUNT              = 8
MAKE_LIMIT              = 12            # partitions end before this sector
MAKE_BUFFER             = 16            # sectors for tables, zeros
MAKE_SECTOR             = 20            # sector 0 as it will be, 512 bytes
MAKE_RANDOM             = 24            # state of a generator for signatures and GUIDs
MAKE_WORDS              = 28            # how many words the user gave
MAKE_PLAN               = 32
MAKE_SIZE_OF            = MAKE_PLAN + DISK_PARTITIONS * PLAN_SIZE_OF

.text

# The command.
# In: EAX disk, EDX 1 for a GPT or 0 for an MBR, ECX number of words that describe partitions; ESI their addresses.
# Out: EAX status.
.global fdisk_make
fdisk_make:
    FRAME   MAKE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    lea     ebx, [ebp - MAKE_SIZE_OF]   # EBX: state
    mov     [ebx + MAKE_DISK], eax
    mov     [ebx + MAKE_GPT], edx
    mov     [ebx + MAKE_WORDS], ecx
    call    make_seed
    mov     eax, [ebx + MAKE_DISK]
    mov     edx, [ebx + MAKE_GPT]
    mov     edi, [eax + DISK_SECTORS]
    test    edx, edx
    jz      1f
    sub     edi, GPT_KEPT
    jb      .Lfdisk_make_small
1:  mov     [ebx + MAKE_LIMIT], edi
    mov     ecx, [ebx + MAKE_WORDS]
    call    make_plan
    jc      .Lfdisk_make_refused
    mov     eax, [ebx + MAKE_DISK]
    call    fdisk_free
    jc      .Lfdisk_make_refused
    mov     eax, [ebx + MAKE_DISK]
    call    fdisk_title
    call    make_print
    mov     eax, [ebx + MAKE_DISK]
    add     eax, DISK_NAME
    PRINTF  "Everything that is on %s now will be lost.\n", eax
    call    fdisk_confirm
    jc      .Lfdisk_make_refused
    mov     eax, (GPT_TABLE_SECTORS + 1) * 512
    call    malloc
    jc      .Lfdisk_make_error
    mov     [ebx + MAKE_BUFFER], eax
    add     eax, GPT_TABLE_SECTORS * 512
    mov     [ebx + MAKE_SECTOR], eax
    call    mounts_lock
    mov     eax, [ebx + MAKE_DISK]
    call    fdisk_free                  # still, after the questions?
    jc      .Lfdisk_make_unlock
    # The order: no table, then all that the new one leads to, then the new one. After a power cut the disk has no
    # partitions, or all.
    call    make_on_disk
    jc      .Lfdisk_make_failed
    call    mounts_unlock
    PRINT   "Written.\n"
    mov     eax, [ebx + MAKE_BUFFER]
    call    mfree
    xor     eax, eax
    jmp     .Lfdisk_make_done
.Lfdisk_make_failed:
    call    error_text
    mov     edx, [ebx + MAKE_DISK]
    add     edx, DISK_NAME
    PRINTF  "%s: writing failed: %s. The disk has no partition table.\n", edx, eax
.Lfdisk_make_unlock:
    call    mounts_unlock
    mov     eax, [ebx + MAKE_BUFFER]
    call    mfree
    jmp     .Lfdisk_make_refused
.Lfdisk_make_error:
    call    error_text
    PRINTF  "fdisk: %s\n", eax
    jmp     .Lfdisk_make_refused
.Lfdisk_make_small:
    PRINT   "The disk is too small for a partition table.\n"
.Lfdisk_make_refused:
    mov     eax, 1
.Lfdisk_make_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Begins the random numbers of the identifiers.
# In: EBX state.
# Clobbers: EAX, ECX, EDX.
make_seed:
    call    clock_seconds
    rol     eax, 16
    mov     [ebx + MAKE_RANDOM], eax
    call    clock_us
    xor     eax, [ebx + MAKE_RANDOM]
    or      eax, 1                      # a generator of xorshift must not be 0
    mov     [ebx + MAKE_RANDOM], eax
    ret

# Writes the table, and what it leads to.
# In: EBX state.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI, EDI.
make_on_disk:
    mov     eax, [ebx + MAKE_DISK]
    mov     edx, [ebx + MAKE_SECTOR]
    call    fdisk_write
    jc      .Lmake_on_disk_not
    cmp     dword ptr [ebx + MAKE_GPT], 0
    jne     .Lmake_on_disk_gpt
    call    make_mbr
    jmp     .Lmake_on_disk_tables
.Lmake_on_disk_gpt:
    call    make_gpt
.Lmake_on_disk_tables:
    jc      .Lmake_on_disk_not
    mov     eax, [ebx + MAKE_DISK]
    add     eax, DISK_VOLUME
    call    volume_flush
    jc      .Lmake_on_disk_not
    mov     eax, [ebx + MAKE_SECTOR]
    mov     word ptr [eax + MBR_MAGIC], MBR_MAGIC_VALUE
    mov     edx, eax
    mov     eax, [ebx + MAKE_DISK]
    call    fdisk_write
    jc      .Lmake_on_disk_not
    clc
    ret
.Lmake_on_disk_not:
    stc
    ret

# Reads the words, and finds a place for each partition. Says what is wrong.
# In: EBX state, ECX number of words; ESI their addresses.
# Out: CF when it cannot be done.
make_plan:
    FRAME   16
    push    esi
    push    edi
    # Locals: -4 words left, -8 first free sector, -12 index, -16 the word for no word
    mov     [ebp - 4], ecx
    mov     dword ptr [ebp - 8], MAKE_UNIT
    mov     dword ptr [ebp - 12], 0
    test    ecx, ecx
    jnz     1f
    inc     dword ptr [ebp - 4]
    LOAD_STRING eax, "rest"
    mov     [ebp - 16], eax
    lea     esi, [ebp - 16]
1:  mov     eax, [ebp - 4]
    mov     [ebx + MAKE_COUNT], eax
    mov     edx, [ebx + MAKE_GPT]
    add     edx, DISK_PARTITIONS - 1    # one less for an MBR: its extended entry is no volume
    cmp     eax, edx
    jbe     .Lmake_plan_word
    PRINTF  "fdisk: %u partitions are too many: the most are %u.\n", eax, edx
    jmp     .Lmake_plan_failed
.Lmake_plan_word:
    imul    edi, [ebp - 12], PLAN_SIZE_OF
    lea     edi, [ebx + edi + MAKE_PLAN]    # EDI: planned partition
    mov     eax, [ebp - 8]
    call    make_logical
    jc      2f
    add     eax, MAKE_UNIT              # its record comes before it
2:  mov     [edi + PLAN_START], eax
    mov     edx, [ebx + MAKE_LIMIT]
    sub     edx, eax
    jbe     .Lmake_plan_full
    and     edx, -MAKE_UNIT             # EDX: whole MiB that are left
    jz      .Lmake_plan_full
    mov     [edi + PLAN_SECTORS], edx
    mov     dword ptr [edi + PLAN_TYPE], PARTITION_OOFS
    mov     eax, [esi]
    LOAD_STRING edx, "rest"
    call    string_prefix
    je      .Lmake_plan_type
    call    make_size
    jc      .Lmake_plan_odd
    cmp     eax, [edi + PLAN_SECTORS]
    ja      .Lmake_plan_full
    mov     [edi + PLAN_SECTORS], eax
    mov     eax, edx
.Lmake_plan_type:
    mov     dl, [eax]
    test    dl, dl
    jz      .Lmake_plan_placed
    cmp     dl, ':'
    jne     .Lmake_plan_odd
    call    make_type
    jc      .Lmake_plan_odd
    mov     [edi + PLAN_TYPE], eax
    cmp     dword ptr [ebx + MAKE_GPT], 0
    je      .Lmake_plan_placed
    xor     edx, edx
    call    gpt_guid
    jnc     .Lmake_plan_placed
    PRINTF  "fdisk: a GUID partition table has no type like %02x.\n", [edi+PLAN_TYPE]
    jmp     .Lmake_plan_failed
.Lmake_plan_placed:
    mov     eax, [edi + PLAN_START]
    add     eax, [edi + PLAN_SECTORS]
    mov     [ebp - 8], eax
    add     esi, 4
    inc     dword ptr [ebp - 12]
    dec     dword ptr [ebp - 4]
    jnz     .Lmake_plan_word
    clc
    jmp     .Lmake_plan_done
.Lmake_plan_full:
    PRINTF  "fdisk: there is no room for partition %u.\n", [ebp-12]
    jmp     .Lmake_plan_failed
.Lmake_plan_odd:
    PRINTF  "fdisk: %s is not a partition: write MiB or 'rest', and a type such as 100:83 if it is not OOFS.\n", [esi]
.Lmake_plan_failed:
    stc
.Lmake_plan_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Reads how large a partition is to be.
# In: EAX text.
# Out: EAX sectors, EDX rest of the text; CF when it is no number of MiB.
# Clobbers: ECX.
make_size:
    call    parse_number
    jc      .Lmake_size_not
    cmp     eax, MAKE_MIB_MAX
    ja      .Lmake_size_not
    test    eax, eax
    jz      .Lmake_size_not
    shl     eax, 11
    clc
    ret
.Lmake_size_not:
    stc
    ret

# Whether the partition in work is a logical one.
# In: EBX state; [EBP - 12] index, as make_plan has it.
# Out: CF when it is not. Clobbers no register.
make_logical:
    cmp     dword ptr [ebx + MAKE_GPT], 0
    jne     8f
    cmp     dword ptr [ebx + MAKE_COUNT], MBR_ENTRIES
    jbe     8f
    cmp     dword ptr [ebp - 12], MAKE_PRIMARY
    ret
8:  stc
    ret

# Reads a type.
# In: EAX text: a colon and two hexadecimal digits.
# Out: EAX type; CF when it is none that a partition can have.
make_type:
    push    ebx
    push    esi
    lea     esi, [eax + 1]
    call    parse_hex_byte
    jc      9f
    mov     ebx, eax
    test    eax, eax
    jz      8f
    cmp     byte ptr [esi], 0
    jne     8f
    cmp     ebx, PARTITION_GPT
    je      8f
    mov     eax, ebx
    call    partition_extended
    je      8f
    clc
    jmp     9f
8:  stc
9:  pop     esi
    pop     ebx
    ret

# Prints the plan.
# In: EBX state.
make_print:
    push    esi
    push    edi
    LOAD_STRING eax, "an MBR"
    cmp     dword ptr [ebx + MAKE_GPT], 0
    je      1f
    LOAD_STRING eax, "a GUID partition table"
1:  mov     edi, [ebx + MAKE_COUNT]
    PRINTF  "This makes %s with %u partitions:\n", eax, edi
    lea     esi, [ebx + MAKE_PLAN]
2:  mov     eax, [esi + PLAN_SECTORS]
    shr     eax, 11
    PRINTF  "  type %02x, from sector %u, %u MiB\n", [esi+PLAN_TYPE], [esi+PLAN_START], eax
    add     esi, PLAN_SIZE_OF
    dec     edi
    jnz     2b
    pop     edi
    pop     esi
    ret

# Writes what the entries of the MBR lead to, and fills in sector 0.
# In: EBX state.
# Out: CF and EAX on failure.
make_mbr:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 start of the extended partition, -8 index
    mov     dword ptr [ebp - 4], 0
    mov     edx, 1                      # no header of a GPT stays
    call    make_clear
    jc      .Lmake_mbr_done
    mov     edx, [ebx + MAKE_DISK]
    mov     edx, [edx + DISK_SECTORS]
    dec     edx
    call    make_clear
    jc      .Lmake_mbr_done
    lea     eax, [ebx + MAKE_RANDOM]
    call    random_next
    mov     edx, [ebx + MAKE_SECTOR]
    mov     [edx + MBR_SIGNATURE], eax
    mov     dword ptr [ebp - 8], 0
    lea     esi, [ebx + MAKE_PLAN]      # ESI: planned partition
    lea     edi, [edx + MBR_TABLE]      # EDI: entry of sector 0
.Lmake_mbr_partition:
    cmp     dword ptr [ebx + MAKE_COUNT], MBR_ENTRIES
    jbe     .Lmake_mbr_primary
    cmp     dword ptr [ebp - 8], MAKE_PRIMARY
    jb      .Lmake_mbr_primary
    call    make_record
    jc      .Lmake_mbr_done
    jmp     .Lmake_mbr_next
.Lmake_mbr_primary:
    mov     eax, edi
    mov     edx, [esi + PLAN_START]
    mov     ecx, [esi + PLAN_SECTORS]
    call    make_place
    mov     al, [esi + PLAN_TYPE]
    mov     [edi + ENTRY_TYPE], al
    add     edi, MBR_ENTRY_BYTES
.Lmake_mbr_next:
    add     esi, PLAN_SIZE_OF
    inc     dword ptr [ebp - 8]
    mov     eax, [ebp - 8]
    cmp     eax, [ebx + MAKE_COUNT]
    jb      .Lmake_mbr_partition
    mov     edx, [ebp - 4]
    test    edx, edx
    jz      .Lmake_mbr_done             # CF is clear
    mov     ecx, [esi - PLAN_SIZE_OF + PLAN_START]
    add     ecx, [esi - PLAN_SIZE_OF + PLAN_SECTORS]
    sub     ecx, edx
    mov     eax, edi
    call    make_place
    mov     byte ptr [edi + ENTRY_TYPE], 0x0F
    clc
.Lmake_mbr_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Sets the place of an entry: partition_place with the disk's size.
# In: EAX entry, EDX first sector, ECX sectors, EBX state.
make_place:
    push    esi
    mov     esi, [ebx + MAKE_DISK]
    mov     esi, [esi + DISK_SECTORS]
    call    partition_place
    pop     esi
    ret

# Writes the record of a logical partition: the partition, and where the next record is.
# In: EBX state; ESI planned partition, EBP make_mbr's frame.
# Out: CF and EAX on failure.
make_record:
    push    edi
    mov     edi, [esi + PLAN_START]
    sub     edi, MAKE_UNIT              # EDI: sector of the record
    cmp     dword ptr [ebp - 4], 0
    jne     1f
    mov     [ebp - 4], edi
1:  mov     eax, [ebx + MAKE_BUFFER]
    xor     edx, edx
    mov     ecx, 512
    call    mem_set
    mov     eax, [ebx + MAKE_BUFFER]
    mov     word ptr [eax + MBR_MAGIC], MBR_MAGIC_VALUE
    add     eax, MBR_TABLE
    mov     edx, [esi + PLAN_START]
    mov     ecx, [esi + PLAN_SECTORS]
    call    make_place
    mov     eax, [ebx + MAKE_BUFFER]
    add     eax, MBR_TABLE
    mov     dword ptr [eax + ENTRY_START], MAKE_UNIT
    mov     dl, [esi + PLAN_TYPE]
    mov     [eax + ENTRY_TYPE], dl
    mov     ecx, [ebp - 8]
    inc     ecx
    cmp     ecx, [ebx + MAKE_COUNT]
    jae     2f
    add     eax, MBR_ENTRY_BYTES
    mov     edx, [esi + PLAN_SIZE_OF + PLAN_START]
    sub     edx, MAKE_UNIT
    mov     ecx, [esi + PLAN_SIZE_OF + PLAN_SECTORS]
    add     ecx, MAKE_UNIT
    push    edx
    call    make_place
    pop     edx
    mov     eax, [ebx + MAKE_BUFFER]
    add     eax, MBR_TABLE + MBR_ENTRY_BYTES
    sub     edx, [ebp - 4]              # relative to the extended partition
    mov     [eax + ENTRY_START], edx
    mov     byte ptr [eax + ENTRY_TYPE], 0x05
2:  mov     edx, edi
    mov     ecx, [ebx + MAKE_BUFFER]
    mov     eax, 1
    call    make_write
    pop     edi
    ret

# Writes zeros over a sector.
# In: EBX state, EDX sector. MAKE_BUFFER holds zeros.
# Out: CF and EAX on failure.
make_clear:
    mov     ecx, [ebx + MAKE_BUFFER]
    mov     eax, 1

# Writes sectors of the disk.
# In: EAX sectors, EDX first sector, ECX buffer, EBX state.
# Out: CF and EAX on failure.
make_write:
    push    esi
    mov     esi, eax
    mov     eax, [ebx + MAKE_DISK]
    add     eax, DISK_VOLUME
    call    volume_write
    pop     esi
    ret

# Writes both copies of a GPT, and fills in the protective MBR.
# In: EBX state.
# Out: CF and EAX on failure.
make_gpt:
    FRAME   4
    push    esi
    push    edi
    # Local: -4 header
    mov     eax, 512
    call    malloc
    jc      .Lmake_gpt_done
    mov     [ebp - 4], eax
    # Entries.
    mov     edi, [ebx + MAKE_BUFFER]
    lea     esi, [ebx + MAKE_PLAN]
    mov     ecx, [ebx + MAKE_COUNT]
1:  push    ecx
    mov     eax, [esi + PLAN_TYPE]
    mov     edx, edi
    call    gpt_guid
    lea     eax, [edi + GPT_GUID]
    call    make_guid
    mov     eax, [esi + PLAN_START]
    mov     [edi + GPT_START], eax
    add     eax, [esi + PLAN_SECTORS]
    dec     eax
    mov     [edi + GPT_LAST], eax
    add     esi, PLAN_SIZE_OF
    add     edi, GPT_ENTRY_LEAST
    pop     ecx
    loop    1b
    # The header, as far as both copies agree.
    mov     esi, [ebp - 4]
    mov     edi, [ebx + MAKE_DISK]
    mov     edi, [edi + DISK_SECTORS]
    dec     edi                         # EDI: last sector
    mov     dword ptr [esi + GPT_SIGNATURE], GPT_SIGNATURE_LOW
    mov     dword ptr [esi + GPT_SIGNATURE + 4], GPT_SIGNATURE_HIGH
    mov     dword ptr [esi + GPT_REVISION], GPT_REVISION_VALUE
    mov     dword ptr [esi + GPT_HEADER_BYTES], GPT_HEADER_LEAST
    mov     dword ptr [esi + GPT_FIRST_USABLE], 2 + GPT_TABLE_SECTORS
    lea     eax, [edi - GPT_KEPT]
    mov     [esi + GPT_LAST_USABLE], eax
    lea     eax, [esi + GPT_DISK_GUID]
    call    make_guid
    mov     dword ptr [esi + GPT_ENTRIES], GPT_ENTRIES_MADE
    mov     dword ptr [esi + GPT_ENTRY_BYTES], GPT_ENTRY_LEAST
    mov     eax, [ebx + MAKE_BUFFER]
    mov     edx, GPT_TABLE_SECTORS * 512
    call    crc32
    mov     [esi + GPT_ENTRIES_CHECKSUM], eax
    mov     eax, edi                    # the copy at the end first
    mov     edx, 1
    lea     ecx, [edi - GPT_TABLE_SECTORS]
    call    make_copy
    jc      .Lmake_gpt_free
    mov     eax, 1
    mov     edx, edi
    mov     ecx, 2
    call    make_copy
    jc      .Lmake_gpt_free
    mov     edx, [ebx + MAKE_SECTOR]
    add     edx, MBR_TABLE
    mov     dword ptr [edx + ENTRY_STATUS], 0x00020000 # and CHS of sector 1, as the specification wants it
    mov     dword ptr [edx + ENTRY_TYPE], 0xFFFFFF00 + PARTITION_GPT
    mov     dword ptr [edx + ENTRY_START], 1
    mov     [edx + ENTRY_SECTORS], edi
    xor     eax, eax
.Lmake_gpt_free:
    push    eax
    pushfd
    mov     eax, [ebp - 4]
    call    mfree
    popfd
    pop     eax
.Lmake_gpt_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Writes one copy: entries, then header.
# In: EAX sector of the header, EDX sector of the other one, ECX sector of the entries, EBX state; ESI header.
# Out: CF and EAX on failure.
make_copy:
    mov     [esi + GPT_MY_LBA], eax
    mov     [esi + GPT_OTHER_LBA], edx
    mov     [esi + GPT_ENTRIES_LBA], ecx
    mov     dword ptr [esi + GPT_CHECKSUM], 0
    mov     eax, esi
    mov     edx, GPT_HEADER_LEAST
    call    crc32
    mov     [esi + GPT_CHECKSUM], eax
    mov     eax, GPT_TABLE_SECTORS
    mov     edx, [esi + GPT_ENTRIES_LBA]
    mov     ecx, [ebx + MAKE_BUFFER]
    call    make_write
    jc      9f
    mov     eax, 1
    mov     edx, [esi + GPT_MY_LBA]
    mov     ecx, esi
    call    make_write
9:  ret

# Makes a random GUID (RFC 9562, version 4).
# In: EAX where to, EBX state.
make_guid:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, 4
1:  lea     eax, [ebx + MAKE_RANDOM]
    call    random_next
    stosd
    dec     esi
    jnz     1b
    and     byte ptr [edi - 16 + 7], 0x0F
    or      byte ptr [edi - 16 + 7], 0x40
    and     byte ptr [edi - 16 + 8], 0x3F
    or      byte ptr [edi - 16 + 8], 0x80
    pop     edi
    pop     esi
    ret
