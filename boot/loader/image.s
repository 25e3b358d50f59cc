# Reading the kernel image and judging it: is it one, is it whole, does it fit?

.include "loader.inc"

.intel_syntax noprefix
.code16

# Entry of the table of parts: u16 address of its name, u16 address of its offset and bytes in the header
PART_NAME               = 0
PART_FIELD              = 2
PART_SIZE               = 4
PAUSE_TICKS             = 18            # 1 s before each
PROGRESS_STEPS          = 4             # the share is printed at 25, 50, 75 and 100 %

.text

# Reads the header, then the whole image to [staging]; shows progress.
# Out: IMAGE_HEADER filled, [staging], [image_bytes]; ends the boot if something is wrong.
# Clobbers: all but segments.
.global image_read
image_read:
    mov     byte ptr [steps_shown], 0
    mov     eax, [kernel_lba]
    mov     [next_lba], eax
    mov     si, offset text_reading
    call    print
    mov     ecx, 1
    call    [source + SOURCE_READ]
    mov     edi, IMAGE_HEADER
    mov     ecx, KI_SIZE
    mov     bx, offset memory_copy
    call    protected_call
    call    header_check
    call    staging_choose
    mov     si, offset text_size
    call    print

    mov     edi, [staging]
    mov     ebp, [sectors_total]
1:  mov     ecx, ebp                    # EBP: sectors still to read, EDI: where they go
    cmp     ecx, CHUNK_SECTORS
    jbe     2f
    mov     ecx, CHUNK_SECTORS
2:  mov     eax, [next_lba]
    add     [next_lba], ecx
    sub     ebp, ecx
    push    ebp
    push    ecx
    push    edi
    call    [source + SOURCE_READ]
    pop     edi
    pop     ecx
    shl     ecx, 9
    mov     bx, offset memory_copy
    call    protected_call
    pop     ebp
    call    progress
    test    ebp, ebp
    jnz     1b
    ret

# A dot for each chunk, the share in per cent at each quarter.
# In: EBP sectors still to read.
# Clobbers: EAX, ECX, EDX, SI.
progress:
    mov     al, '.'
    call    print_char
    mov     eax, [sectors_total]
    sub     eax, ebp
    mov     ecx, PROGRESS_STEPS
    mul     ecx
    div     dword ptr [sectors_total]
    cmp     al, [steps_shown]
    je      1f
    mov     [steps_shown], al
    mov     cl, 100 / PROGRESS_STEPS
    mul     cl
    movzx   eax, ax
    mov     [percent], eax
    mov     si, offset text_percent
    jmp     print
1:  ret

# Magic, version, sizes, and that every part lies within the image.
# Out: [image_bytes], [sectors_total]; ends the boot if something is wrong.
# Clobbers: EAX, ECX, EDX, SI, DI.
header_check:
    mov     si, offset text_bad_magic
    cmp     dword ptr [IMAGE_HEADER], 0x45525551 # "QURE"
    jne     image_bad
    cmp     dword ptr [IMAGE_HEADER + 4], 0x4C4E524B # "KRNL"
    jne     image_bad
    mov     si, offset text_bad_version
    cmp     dword ptr [IMAGE_HEADER + KI_VERSION], KERNEL_IMAGE_VERSION
    jne     image_bad
    mov     si, offset text_bad_header
    cmp     dword ptr [IMAGE_HEADER + KI_HEADER_BYTES], KI_SIZE
    jne     image_bad

    mov     si, offset text_bad_size
    mov     eax, [kernel_sectors]
    mov     [sectors_total], eax
    mov     eax, [IMAGE_HEADER + KI_IMAGE_BYTES]
    mov     [image_bytes], eax
    test    ax, 511
    jnz     image_bad
    shr     eax, 9
    jz      image_bad
    cmp     eax, [sectors_total]
    ja      image_bad
    mov     [sectors_total], eax

    mov     di, offset parts
1:  movzx   ecx, word ptr [di + PART_FIELD]
    mov     ax, [di + PART_NAME]
    mov     [bad_part], ax
    mov     eax, [ecx]
    mov     edx, [ecx + 4]
    mov     [bad_offset], eax
    mov     [bad_bytes], edx
    mov     si, offset text_bad_part
    add     eax, edx
    jc      image_bad
    cmp     eax, [image_bytes]
    ja      image_bad
    test    byte ptr [bad_offset], 15
    jnz     image_bad
    add     di, PART_SIZE
    cmp     di, offset parts_end
    jb      1b

    mov     si, offset text_bad_entry
    mov     eax, [IMAGE_HEADER + KI_ENTRY32]
    cmp     eax, [IMAGE_HEADER + KI_PART32 + 4]
    jae     image_bad
    cmp     dword ptr [IMAGE_HEADER + KI_PART16 + 4], 0
    je      2f
    mov     eax, [IMAGE_HEADER + KI_ENTRY16]
    cmp     eax, [IMAGE_HEADER + KI_PART16 + 4]
    jae     image_bad
2:  mov     si, offset text_big16
    cmp     dword ptr [IMAGE_HEADER + KI_PART16 + 4], KERNEL16_BYTES_MAX
    ja      image_bad
    int     0x12                        # KiB below 640 KiB
    movzx   eax, ax
    mov     [low_kib], eax
    shl     eax, 10
    sub     eax, KERNEL16_BASE
    cmp     [IMAGE_HEADER + KI_PART16 + 4], eax
    ja      image_bad
    ret

# Reads an image that is damaged once more, for a drive may hand out wrong bits for a while; ends the boot when it stays
# so.
# In: SI what is wrong with the image.
.global image_bad
image_bad:
    cmp     word ptr [source + SOURCE_TEXT], offset text_at_drive
    jne     image_refused               # the network's is closed
    cmp     byte ptr [reads_left], 0
    je      image_refused
    dec     byte ptr [reads_left]
    mov     [bad_reason], si
    mov     si, offset text_image
    call    say_failure
    mov     si, offset text_again
    call    print
    mov     cx, PAUSE_TICKS
    call    pause
    mov     sp, STACK_TOP
    jmp     boot_kernel

# Ends the boot.
# In: SI what is wrong with the image.
image_refused:
    mov     [bad_reason], si
    mov     si, offset text_image
    jmp     fail

# Where the kernel will stand, and after it where the whole image waits until it is laid out.
# Out: [symbols_base], [lines_base], [relocations_base], [free_base], [staging]; ends the boot when memory is too
# small.
# Clobbers: EAX, EBX, ECX, EDX, SI, EDI.
staging_choose:
    mov     eax, KERNEL_BASE
    mov     ecx, [IMAGE_HEADER + KI_PART32 + 4]
    call    bump
    mov     ecx, [IMAGE_HEADER + KI_BSS_BYTES]
    call    bump
    mov     [symbols_base], eax
    mov     ecx, [IMAGE_HEADER + KI_SYMBOLS + 4]
    call    bump
    mov     [lines_base], eax
    mov     ecx, [IMAGE_HEADER + KI_LINES + 4]
    call    bump
    mov     [relocations_base], eax
    mov     ecx, [IMAGE_HEADER + KI_RELOCATIONS + 4]
    call    bump
    add     eax, 4095
    jc      1f
    and     ax, 0xF000
    mov     [free_base], eax
    mov     [staging], eax
    mov     ecx, [image_bytes]
    cmp     ecx, KERNEL_WORK_BYTES      # the image is gone when the kernel works
    jae     3f
    mov     ecx, KERNEL_WORK_BYTES
3:  call    bump
    mov     ebx, eax
    call    memory_above
    cmp     eax, ebx
    jae     2f
    sub     eax, KERNEL_BASE
    shr     eax, 10
    mov     [have_kib], eax
    lea     eax, [ebx - KERNEL_BASE + 1023]
    shr     eax, 10
    mov     [need_kib], eax
    mov     si, offset text_memory
    jmp     image_refused
1:  mov     si, offset text_too_big
    jmp     image_refused
2:  ret

# Places what follows after a block. Ends the boot past 4 GiB.
# In: EAX address, ECX bytes.
# Out: EAX the multiple of 16 after them.
# Clobbers: SI.
bump:
    mov     si, offset text_too_big
    add     eax, ecx
    jc      image_refused
    add     eax, 15
    jc      image_refused
    and     al, 0xF0
    ret

.data
.balign 4
.global image_bytes
image_bytes:    .long 0
.global staging
staging:        .long 0                 # where the image waits
.global symbols_base
symbols_base:   .long 0
.global lines_base
lines_base:     .long 0
.global relocations_base
relocations_base: .long 0
.global free_base
free_base:      .long 0                 # first byte after the laid out kernel, 4 KiB aligned
.global computed_checksum
computed_checksum: .long 0
.global kernel_lba
kernel_lba:     .long 0                 # where the kernel image begins on the drive or in the file,
.global kernel_sectors
kernel_sectors: .long 0                 # and how much room it has
next_lba:       .long 0
sectors_total:  .long 0
percent:        .long 0
bad_offset:     .long 0
bad_bytes:      .long 0
low_kib:        .long 0
need_kib:       .long 0
have_kib:       .long 0
bad_part:       .word 0                 # address of the part's name
bad_reason:     .word 0
steps_shown:    .byte 0
.global reads_left
reads_left:     .byte REREADS

parts:
    .word   text_part16, IMAGE_HEADER + KI_PART16
    .word   text_part32, IMAGE_HEADER + KI_PART32
    .word   text_relocations, IMAGE_HEADER + KI_RELOCATIONS
    .word   text_symbols, IMAGE_HEADER + KI_SYMBOLS
    .word   text_lines, IMAGE_HEADER + KI_LINES
parts_end:
text_part16:            .asciz "16-bit part"
text_part32:            .asciz "32-bit part"
.global text_relocations
text_relocations:       .asciz "relocation table"
.global text_symbols
text_symbols:           .asciz "symbol table"
.global text_lines
text_lines:             .asciz "source-line table"

text_reading:
    .ascii  ": kernel image "
    TEXT    source + SOURCE_TEXT
    .byte   0
.global text_at_drive
text_at_drive:
    .ascii  "at sector "
    DECIMAL kernel_lba
    .ascii  " of drive "
    HEX8    BOOT_INFO_ADDRESS + bi_drive
    .asciz  "h"
text_size:
    .ascii  ", "
    DECIMAL image_bytes
    .asciz  " bytes "
text_percent:
    DECIMAL percent
    .asciz  "%"
text_image:
    .ascii  "kernel image "
    TEXT    source + SOURCE_TEXT
    .ascii  ": "
    TEXT    bad_reason
    .byte   0
text_again:             .asciz "; it is read again"
text_bad_magic:
    .ascii  "no kernel image, expected the magic number 45525551 4C4E524B (QUREKRNL), found "
    HEX32   IMAGE_HEADER
    .ascii  " "
    HEX32   IMAGE_HEADER + 4
    .byte   0
text_bad_version:
    .ascii  "it has version "
    DECIMAL IMAGE_HEADER + KI_VERSION
    .asciz  ", this loader reads version 2"
text_bad_header:
    .ascii  "its header says to have "
    DECIMAL IMAGE_HEADER + KI_HEADER_BYTES
    .asciz  " bytes, version 2 has 128"
text_bad_size:
    .ascii  "its header says "
    DECIMAL image_bytes
    .ascii  " bytes, the boot record says "
    DECIMAL sectors_total
    .asciz  " sectors of 512 bytes"
text_bad_part:
    .ascii  "its "
    TEXT    bad_part
    .ascii  " of "
    DECIMAL bad_bytes
    .ascii  " bytes at offset "
    DECIMAL bad_offset
    .ascii  " is not aligned to 16 or goes past the image's "
    DECIMAL image_bytes
    .asciz  " bytes"
text_bad_entry:
    .ascii  "an entry point lies outside its part: 32-bit "
    HEX32   IMAGE_HEADER + KI_ENTRY32
    .ascii  " of "
    HEX32   IMAGE_HEADER + KI_PART32 + 4
    .ascii  ", 16-bit "
    HEX32   IMAGE_HEADER + KI_ENTRY16
    .ascii  " of "
    HEX32   IMAGE_HEADER + KI_PART16 + 4
    .byte   0
text_big16:
    .ascii  "its 16-bit part of "
    DECIMAL IMAGE_HEADER + KI_PART16 + 4
    .ascii  " bytes does not fit between 128 KiB and "
    DECIMAL low_kib
    .asciz  " KiB, or exceeds 64 KiB"
text_too_big:
    .asciz  "its parts do not fit into 4 GiB"
text_memory:
    .ascii  "it needs "
    DECIMAL need_kib
    .ascii  " KiB of memory above 1 MiB, the machine has "
    DECIMAL have_kib
    .asciz  " KiB there"
