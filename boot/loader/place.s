# Laying out a kernel image that was read: checksum, then each part to its place, relocated
# (docs/formats/kernel-image.md). The work itself is 32-bit code that sees all memory; the 16-bit routines around it
# fill the boot info and judge.

.include "loader.inc"

.intel_syntax noprefix
.code16

CRC_POLYNOMIAL          = 0xEDB88320    # CRC-32 of IEEE 802.3, reflected
CRC_TABLE_BYTES         = 1024
TABLE_MAGIC             = 0             # of the relocation, symbol and line table: u32 magic,
TABLE_FORMAT            = 4             # u32 version,
TABLE_COUNT             = 8             # u32 number of entries
RELOCATION_HEADER_BYTES = 12
SYMBOL_HEADER_BYTES     = 12
LINE_HEADER_BYTES       = 20
RELOCATION_MAGIC        = 0x4C455251    # "QREL"
SYMBOL_MAGIC            = 0x4D595351    # "QSYM"
LINE_MAGIC              = 0x4E494C51    # "QLIN"

.text

# Compares the image's checksum with its contents; ends the boot when they differ.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
.global image_check
image_check:
    mov     esi, [staging]
    mov     ecx, [image_bytes]
    mov     bx, offset checksum
    call    protected_call
    mov     [computed_checksum], eax
    cmp     eax, [IMAGE_HEADER + KI_CHECKSUM]
    mov     si, offset text_checksum
    jne     image_bad
    ret

# Lays out the image and completes the boot info; ends the boot when a table is not what it should be.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
.global image_place
image_place:
    mov     bx, offset place
    call    protected_call
    jc      .Limage_place_bad
    mov     di, BOOT_INFO_ADDRESS
    mov     dword ptr [di + bi_kernel_base], KERNEL_BASE
    mov     eax, [IMAGE_HEADER + KI_PART32 + 4]
    mov     [di + bi_kernel_bytes], eax
    mov     eax, [IMAGE_HEADER + KI_BSS_BYTES]
    mov     [di + bi_bss_bytes], eax
    mov     eax, [symbols_base]
    mov     [di + bi_symbols], eax
    mov     eax, [IMAGE_HEADER + KI_SYMBOLS + 4]
    mov     [di + bi_symbols_bytes], eax
    mov     eax, [lines_base]
    mov     [di + bi_lines], eax
    mov     eax, [IMAGE_HEADER + KI_LINES + 4]
    mov     [di + bi_lines_bytes], eax
    mov     dword ptr [di + bi_header], IMAGE_HEADER
    mov     eax, [relocations_base]
    mov     [di + bi_relocations], eax
    mov     eax, [IMAGE_HEADER + KI_RELOCATIONS + 4]
    mov     [di + bi_relocations_bytes], eax
    mov     dword ptr [di + bi_kernel16_base], KERNEL16_BASE
    mov     eax, [IMAGE_HEADER + KI_PART16 + 4]
    mov     [di + bi_kernel16_bytes], eax
    mov     eax, [free_base]
    mov     [di + bi_free], eax
    mov     eax, [IMAGE_HEADER + KI_REVISION]
    mov     [di + bi_revision], eax
    ret
.Limage_place_bad:
    mov     [bad_table], si
    mov     [complaint], di
    mov     [complaint_value], ecx
    mov     si, offset text_table
    jmp     image_bad

.code32

# Everything below runs in protected mode with flat segments, called through protected_call.

# Copies a block.
# In: ESI source, EDI destination, ECX bytes (a multiple of 4, or rounded up to one); they do not overlap unless the
# destination is lower.
# Out: EDI after the copy.
# Clobbers: ECX, ESI.
.global memory_copy
memory_copy:
    add     ecx, 3
    shr     ecx, 2
    rep movsd
    ret

# CRC-32 of the image, its own field taken as zero.
# In: ESI image, ECX bytes (a multiple of 512).
# Out: EAX.
# Clobbers: ECX, EDX, ESI, EDI, EBX, EBP Four bytes a step: the CRC of a dword is the sum of what each of its bytes
# contributes, and table k holds the contribution of a byte that k more bytes follow.
checksum:
    push    dword ptr [esi + KI_CHECKSUM]
    push    esi
    mov     dword ptr [esi + KI_CHECKSUM], 0
    call    crc_tables
    shr     ecx, 2
    or      eax, -1
1:  xor     eax, [esi]
    add     esi, 4
    movzx   edx, al
    mov     ebx, [CRC_TABLES + 3 * CRC_TABLE_BYTES + edx*4]
    movzx   edx, ah
    xor     ebx, [CRC_TABLES + 2 * CRC_TABLE_BYTES + edx*4]
    shr     eax, 16
    movzx   edx, al
    xor     ebx, [CRC_TABLES + 1 * CRC_TABLE_BYTES + edx*4]
    movzx   edx, ah
    mov     eax, [CRC_TABLES + edx*4]
    xor     eax, ebx
    dec     ecx
    jnz     1b
    not     eax
    pop     esi
    pop     dword ptr [esi + KI_CHECKSUM]
    ret

# Fills the four tables.
# Clobbers: EAX, EBX, EDX, EDI.
crc_tables:
    xor     ebx, ebx
1:  mov     eax, ebx                    # table 0: eight shifts of the byte
    mov     edx, 8
2:  shr     eax, 1
    jnc     3f
    xor     eax, CRC_POLYNOMIAL
3:  dec     edx
    jnz     2b
    mov     [CRC_TABLES + ebx*4], eax
    inc     ebx
    cmp     ebx, 256
    jb      1b
    mov     edi, CRC_TABLES             # the others: the entry one table before, a zero byte further
4:  mov     eax, [edi]
    movzx   edx, al
    shr     eax, 8
    xor     eax, [CRC_TABLES + edx*4]
    mov     [edi + CRC_TABLE_BYTES], eax
    add     edi, 4
    cmp     edi, CRC_TABLES + 3 * CRC_TABLE_BYTES
    jb      4b
    ret

# Moves the parts from [staging] to their places, zeroes the bss, relocates.
# Out: CF set when a table is bad: ESI its name, EDI and ECX what table_open says.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
place:
    mov     ebx, offset IMAGE_HEADER + KI_PART16
    mov     edi, KERNEL16_BASE
    call    place_part
    mov     ebx, offset IMAGE_HEADER + KI_PART32
    mov     edi, KERNEL_BASE
    call    place_part
    mov     edi, KERNEL_BASE            # from the part's last byte, to cover the rounding of the copy
    add     edi, [IMAGE_HEADER + KI_PART32 + 4]
    mov     ecx, [symbols_base]
    sub     ecx, edi
    xor     eax, eax
    mov     edx, ecx
    shr     ecx, 2
    rep stosd
    mov     ecx, edx
    and     ecx, 3
    rep stosb
    mov     ebx, offset IMAGE_HEADER + KI_SYMBOLS
    mov     edi, [symbols_base]
    call    place_part
    mov     ebx, offset IMAGE_HEADER + KI_LINES
    mov     edi, [lines_base]
    call    place_part
    mov     ebx, offset IMAGE_HEADER + KI_RELOCATIONS
    mov     edi, [relocations_base]
    call    place_part

    mov     ebp, [IMAGE_HEADER + KI_VIRTUAL]
    add     ebp, KERNEL_BASE
    mov     ebx, offset IMAGE_HEADER + KI_RELOCATIONS
    mov     esi, [staging]
    add     esi, [ebx]
    mov     eax, RELOCATION_MAGIC
    mov     edx, RELOCATION_HEADER_BYTES
    mov     edi, RELOCATION_VERSION
    call    table_open
    push    offset text_relocations
    jc      place_bad
    mov     edx, [IMAGE_HEADER + KI_PART32 + 4]
    sub     edx, 4
    jecxz   2f
1:  lodsd
    cmp     eax, edx
    ja      place_bad_offset
    add     [KERNEL_BASE + eax], ebp
    dec     ecx
    jnz     1b
2:  pop     eax

    mov     ebx, offset IMAGE_HEADER + KI_SYMBOLS
    mov     esi, [symbols_base]
    mov     eax, SYMBOL_MAGIC
    mov     edx, SYMBOL_HEADER_BYTES
    mov     edi, SYMBOL_VERSION
    push    offset text_symbols
    call    relocate_addresses
    jc      place_bad
    pop     eax
    mov     ebx, offset IMAGE_HEADER + KI_LINES
    mov     esi, [lines_base]
    mov     eax, LINE_MAGIC
    mov     edx, LINE_HEADER_BYTES
    mov     edi, LINE_VERSION
    push    offset text_lines
    call    relocate_addresses
place_bad:
    pop     esi
    ret
place_bad_offset:
    mov     ecx, eax
    mov     edi, offset text_bad_relocation
    stc
    jmp     place_bad

# Copies a part of the image to where it belongs.
# In: EBX address of the part's offset and bytes, EDI destination.
# Clobbers: ECX, ESI, EDI.
place_part:
    mov     esi, [staging]
    add     esi, [ebx]
    mov     ecx, [ebx + 4]
    jmp     memory_copy

# Adds EBP to each address of a table.
# In: as table_open.
# Out: CF as table_open, ECX as there.
# Clobbers: EAX, ECX, EDX, ESI.
relocate_addresses:
    call    table_open
    jc      2f
    jecxz   2f
1:  add     [esi], ebp
    add     esi, 4
    dec     ecx
    jnz     1b
    clc
2:  ret

# Checks a table's magic, version and number of entries.
# In: ESI table, EBX address of its bytes (at [EBX + 4]), EAX magic, EDX bytes of its header, EDI version.
# Out: ESI first entry, ECX number (0 for a table of no bytes); or CF, EDI what is wrong and ECX the value that was
# found.
# Clobbers: EAX, EDX, EDI.
table_open:
    mov     ecx, [ebx + 4]
    jecxz   1f                          # no table is a good table
    push    edi
    mov     edi, offset text_bad_table_magic
    mov     ecx, [esi + TABLE_MAGIC]
    cmp     ecx, eax
    pop     eax
    jne     2f
    mov     edi, offset text_bad_table_version
    mov     ecx, [esi + TABLE_FORMAT]
    cmp     ecx, eax
    jne     2f
    mov     edi, offset text_bad_table_count
    mov     ecx, [esi + TABLE_COUNT]
    mov     eax, [ebx + 4]
    sub     eax, edx
    jc      2f
    shr     eax, 2                      # dwords after the header
    cmp     eax, ecx
    jb      2f
    add     esi, edx
1:  clc
    ret
2:  stc
    ret

.data
.balign 4
complaint_value: .long 0
bad_table:      .word 0
complaint:      .word 0
text_checksum:
    .ascii  "bad checksum, header says "
    HEX32   IMAGE_HEADER + KI_CHECKSUM
    .ascii  ", content has "
    HEX32   computed_checksum
    .byte   0
text_table:
    .ascii  "its "
    TEXT    bad_table
    .ascii  " "
    TEXT    complaint
    HEX32   complaint_value
    .byte   0
text_bad_table_magic:   .asciz "has an unknown magic number, "
text_bad_table_version: .asciz "has an unknown version, "
text_bad_table_count:   .asciz "does not hold the entries that it announces, "
text_bad_relocation:    .asciz "goes past the 32-bit part, to offset "
