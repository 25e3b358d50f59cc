# The running kernel as the image that it was started from, byte for byte (docs/formats/kernel-image.md): put together
# from memory, so that a node serves it that has no medium. What boot and work have changed is taken back:
# - relocations, by the table, which the loader leaves in memory;
# - .data, by the copy that was made before anything else ran. Code and constants lie in pages that nobody may write;
# - the header, which the loader leaves too. Its checksum is not computed anew from what is in memory: so memory that
#   was damaged gives an image that its reader refuses.
# bss is not in the image. All of it stays as it is from the boot on, so there is no lock.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "memory.inc"
.include "trace.inc"
.include "running.inc"

RELOCATIONS_HEADER      = 12            # magic, version, count
PART_OFFSET             = 0             # of a part in the header: offset and bytes
PART_BYTES              = 4

# Locals of running_read, relative to EBP: the piece that is made.
PIECE_FROM              = -4            # its first byte in the image
PIECE_BYTES             = -8
PIECE_AT                = -12           # where it goes
PIECE_SERVED            = -16           # SERVED_* record, 0: as the build made it
PIECE_WORD              = -20           # a dword whose relocation was taken back
PIECE_LOCALS            = 20

.section .served, "aw", @progbits
# See running.inc. The header of the image tells where this section is.
.global served_address
served_address:         .long 0
.global served_cluster
served_cluster:         .space SERVED_CLUSTER_BYTES

.bss
.balign 4
running_header:         .space ki_size  # zeros: the loader left none
.global running_checksum
running_checksum:       .space 4        # of the image as the build made it, whoever served it; 0: not known

.text

# Keeps what changes: called before anything else, once pages are on.
# In: EBX boot info, physical.
# Clobbers: EAX, ECX, ESI, EDI.
.global running_keep
running_keep:
    mov     esi, offset kernel_data
    mov     edi, offset kernel_data_kept
    mov     ecx, offset kernel_data_end
    sub     ecx, esi
    rep movsb
    mov     esi, [ebx + KERNEL_SPACE + bi_header]
    test    esi, esi
    jz      1f
    PHYS_TO_VIRT esi
    mov     edi, offset running_header
    mov     ecx, ki_size / 4
    rep movsd
1:  ret

INITCALL 9, running_init

# Makes running_checksum.
running_init:
    call    running_bytes
    jc      1f
    push    edi
    sub     esp, SERVED_SIZE
    mov     edi, esp
    mov     ecx, SERVED_SIZE / 4
    xor     eax, eax
    rep stosd
    mov     eax, esp
    call    running_patch
    mov     eax, [esp + SERVED_CHECKSUM]
    mov     [running_checksum], eax
    add     esp, SERVED_SIZE
    pop     edi
1:  ret

# Says how large the image of the running kernel is.
# Out: EAX bytes; CF and EAX = ERROR_NOT_FOUND when the loader, an older one, left too little of it.
.global running_bytes
running_bytes:
    cmp     dword ptr [running_header], KERNEL_MAGIC_LOW
    jne     1f
    mov     eax, [running_header + ki_bytes]
    clc
    ret
1:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# Makes the checksum of an image with these patches: that of the header, changed by what they change.
# In: EAX SERVED_* record.
# Out: SERVED_CHECKSUM.
.global running_patch
running_patch:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, offset served_address
    sub     esi, offset kernel_data
    add     esi, offset kernel_data_kept
    mov     edi, ebx
    mov     ecx, SERVED_BYTES
    mov     edx, offset kernel_text - SERVED_BYTES
    sub     edx, offset served_address
    add     edx, [running_header + ki_bytes]
    sub     edx, [running_header + ki_part32 + PART_OFFSET]
    mov     eax, [running_header + ki_checksum]
    call    crc32_change
    mov     [ebx + SERVED_CHECKSUM], eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the image.
# In: EAX first byte, ECX bytes, within the image; EDI where they go; EDX SERVED_* record after running_patch, or 0 for
# what the build made, but for what this kernel was served with.
# Clobbers: ECX, EDX.
.global running_read
running_read:
    push    ebx
    push    esi
    push    edi
    FRAME   PIECE_LOCALS
    mov     [ebp + PIECE_FROM], eax
    mov     [ebp + PIECE_BYTES], ecx
    mov     [ebp + PIECE_AT], edi
    mov     [ebp + PIECE_SERVED], edx
    xor     eax, eax                    # what belongs to no part is zeros
    rep stosb
    call    running_parts
    call    running_relocations
    mov     ebx, offset running_header + ki_symbols
    mov     esi, [boot_info + bi_symbols]
    mov     edx, SYMBOLS_HEADER
    call    running_addresses
    mov     ebx, offset running_header + ki_lines
    mov     esi, [boot_info + bi_lines]
    mov     edx, LINES_HEADER
    call    running_addresses
    mov     esi, [ebp + PIECE_SERVED]
    test    esi, esi
    jz      1f
    mov     eax, offset served_address
    sub     eax, offset kernel_text
    add     eax, [running_header + ki_part32 + PART_OFFSET]
    mov     ecx, SERVED_BYTES
    call    running_put
    add     esi, SERVED_CHECKSUM
    mov     eax, ki_checksum
    mov     ecx, 4
    call    running_put
1:  ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Puts what belongs into the piece of some bytes of the image.
# In: EAX their place in the image, ESI bytes, ECX how many; the frame of running_read.
# Clobbers: EAX, ECX, EDX.
running_put:
    push    esi
    push    edi
    mov     edx, [ebp + PIECE_FROM]
    sub     edx, eax
    jbe     1f                          # they begin in it, or after it
    sub     ecx, edx
    jbe     9f
    add     esi, edx
    add     eax, edx
1:  sub     eax, [ebp + PIECE_FROM]     # EAX: their place in the piece
    mov     edx, [ebp + PIECE_BYTES]
    sub     edx, eax
    jbe     9f
    cmp     ecx, edx
    jbe     2f
    mov     ecx, edx
2:  mov     edi, [ebp + PIECE_AT]
    add     edi, eax
    rep movsb
9:  pop     edi
    pop     esi
    ret

# Puts the header and the parts into the piece, as they are in memory, but .data as it was.
# In: the frame of running_read.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
running_parts:
    mov     esi, offset running_header
    xor     eax, eax
    mov     ecx, ki_size
    call    running_put
    mov     esi, [boot_info + bi_kernel16_base]
    PHYS_TO_VIRT esi
    mov     ebx, offset running_header + ki_part16
    call    running_part
    mov     esi, offset kernel_text
    mov     eax, [running_header + ki_part32 + PART_OFFSET]
    mov     ecx, offset kernel_data
    sub     ecx, esi
    call    running_put
    mov     esi, offset kernel_data_kept
    mov     eax, offset kernel_data
    sub     eax, offset kernel_text
    add     eax, [running_header + ki_part32 + PART_OFFSET]
    mov     ecx, offset kernel_data_end
    sub     ecx, offset kernel_data
    call    running_put
    mov     esi, [boot_info + bi_relocations]
    PHYS_TO_VIRT esi
    mov     ebx, offset running_header + ki_relocations
    call    running_part
    mov     esi, [boot_info + bi_symbols]
    PHYS_TO_VIRT esi
    mov     ebx, offset running_header + ki_symbols
    call    running_part
    mov     esi, [boot_info + bi_lines]
    PHYS_TO_VIRT esi
    mov     ebx, offset running_header + ki_lines

# Puts a part into the piece.
# In: EBX its offset and bytes in the header, ESI where it is in memory; the frame of running_read.
# Clobbers: EAX, ECX, EDX.
running_part:
    mov     eax, [ebx + PART_OFFSET]
    mov     ecx, [ebx + PART_BYTES]
    jmp     running_put

# Takes the relocations of the piece back, also of dwords that lie in it by half.
# In: the frame of running_read.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
running_relocations:
    mov     ebx, [boot_info + bi_relocations]
    PHYS_TO_VIRT ebx
    mov     edi, [ebx + TABLE_COUNT]
    add     ebx, RELOCATIONS_HEADER
    mov     eax, [ebp + PIECE_FROM]     # the last that ends before the piece
    sub     eax, [running_header + ki_part32 + PART_OFFSET]
    sub     eax, 4
    js      1f
    mov     edx, ebx
    mov     ecx, edi
    call    table_search
    jc      1f
    inc     eax
    sub     edi, eax
    lea     ebx, [ebx + eax*4]
1:  sub     edi, 1
    jc      9f
    mov     eax, [ebx]
    add     ebx, 4
    lea     esi, [eax + kernel_text]
    cmp     esi, offset kernel_data
    jb      2f
    add     esi, offset kernel_data_kept
    sub     esi, offset kernel_data
2:  add     eax, [running_header + ki_part32 + PART_OFFSET]
    mov     ecx, [ebp + PIECE_FROM]
    add     ecx, [ebp + PIECE_BYTES]
    cmp     eax, ecx
    jae     9f
    call    running_word
    jmp     1b
9:  ret

# Takes the relocations of a table's addresses back.
# In: EBX the table's offset and bytes in the header, ESI the table, physical, EDX bytes of its header; the frame of
# running_read.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
running_addresses:
    cmp     [ebx + PART_BYTES], edx     # no table
    jb      9f
    PHYS_TO_VIRT esi
    mov     edi, [esi + TABLE_COUNT]    # EDI: addresses that are left
    add     esi, edx
    mov     ebx, [ebx + PART_OFFSET]
    add     ebx, edx                    # EBX: the place of the next in the image
    mov     eax, [ebp + PIECE_FROM]     # those that end before the piece
    sub     eax, ebx
    jbe     1f
    shr     eax, 2
    sub     edi, eax
    jbe     9f
    lea     esi, [esi + eax*4]
    lea     ebx, [ebx + eax*4]
1:  sub     edi, 1
    jc      9f
    mov     eax, [ebp + PIECE_FROM]
    add     eax, [ebp + PIECE_BYTES]
    cmp     ebx, eax
    jae     9f
    mov     eax, ebx
    call    running_word
    add     esi, 4
    add     ebx, 4
    jmp     1b
9:  ret

# Puts a dword into the piece without its relocation.
# In: EAX its place in the image, ESI it; the frame of running_read.
# Clobbers: EAX, ECX, EDX.
running_word:
    push    esi
    mov     ecx, [esi]
    sub     ecx, offset kernel_text
    mov     [ebp + PIECE_WORD], ecx
    lea     esi, [ebp + PIECE_WORD]
    mov     ecx, 4
    call    running_put
    pop     esi
    ret
