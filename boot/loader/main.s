# The loader: the order in which things happen between the boot sector and the kernel.

.include "loader.inc"

.intel_syntax noprefix
.code16

PARTITION_ACTIVE        = 0x80
EFLAGS_ID               = 1 << 21
CPUID_PSE               = 1 << 3        # CPUID.1:EDX

.section .head, "ax"

# The boot sector checks the magic number and jumps after it, or knows that all of this came over the network.
# In: DS = ES = SS = 0, SP = 7C00h, DF clear. From a drive: DL and [bi_drive] BIOS drive number. From the network: FS:BX
# PXENV+. Does not return.
    .long   LOADER_MAGIC
    jmp     short begin_drive           # LOADER_DRIVE
    mov     [network_environment], bx   # LOADER_NETWORK
    mov     [network_environment + 2], fs
    mov     si, offset source_network
    jmp     begin
begin_drive:
    mov     si, offset source_drive
begin:
    mov     di, offset source
    mov     cx, SOURCE_SIZE / 2
    rep movsw
    call    boot_info_init
    call    console_init
    mov     si, offset text_hello
    call    print
    call    processor_check
    call    memory_map
    call    a20_open
    call    [source + SOURCE_OPEN]
    jmp     boot_kernel

.text

# Loads the kernel that was chosen, and starts it. Does not return.
.global boot_kernel
boot_kernel:
    call    image_read                  # to a place above everything that gets laid out
    call    [source + SOURCE_CLOSE]
    call    image_check
    call    image_place
    mov     si, offset text_start
    call    print
    call    console_flush
    call    kernel16_prepare
    mov     eax, [IMAGE_HEADER + KI_ENTRY32]
    add     eax, KERNEL_BASE
    jmp     kernel_enter

# Opens the boot drive, and chooses one of its kernels.
# Clobbers: all but segments.
drive_begin:
    call    drive_open
    jmp     slot_choose

# Ends the boot on a processor that the kernel cannot run on: it needs CPUID and pages of 4 MiB.
# Clobbers: EAX, EBX, ECX, EDX, SI.
processor_check:
    pushfd
    pushfd
    pop     eax
    mov     ecx, eax
    xor     eax, EFLAGS_ID
    push    eax
    popfd
    pushfd
    pop     eax
    popfd
    xor     eax, ecx
    test    eax, EFLAGS_ID              # can be changed where there is CPUID
    mov     si, offset text_cpuid
    jz      fail
    mov     eax, 1
    cpuid
    test    dl, CPUID_PSE
    mov     si, offset text_pages
    jz      fail
    ret

# What is known from the start.
# In: DL drive.
# Clobbers: EAX, CX, DI, SI.
boot_info_init:
    mov     di, BOOT_INFO_ADDRESS
    mov     cx, BOOT_INFO_SIZE / 2
    xor     ax, ax
    rep stosw
    mov     di, BOOT_INFO_ADDRESS
    mov     dword ptr [di + bi_magic], BOOT_INFO_MAGIC
    mov     dword ptr [di + bi_version], BOOT_INFO_VERSION
    mov     dword ptr [di + bi_size], BOOT_INFO_SIZE
    mov     [di + bi_drive], dl
    mov     eax, [RECORD_IMAGE_LBA]
    mov     [di + bi_image_lba], eax
    mov     eax, [RECORD_IMAGE_SECTORS]
    mov     [di + bi_image_sectors], eax

    mov     si, PARTITION_TABLE         # which entry is active?
    xor     eax, eax
1:  test    byte ptr [si], PARTITION_ACTIVE
    jnz     2f
    add     si, PARTITION_ENTRY_BYTES
    inc     ax
    cmp     al, PARTITION_ENTRIES
    jb      1b
    or      eax, -1
2:  mov     [di + bi_partition], eax
    ret

# Puts the 16-bit part's entry through its work, if the image has one.
# Clobbers: all but DS, ES, SS, SP.
kernel16_prepare:
    cmp     dword ptr [IMAGE_HEADER + KI_PART16 + 4], 0
    je      9f
    mov     ax, [IMAGE_HEADER + KI_ENTRY16]
    mov     [kernel16_entry], ax
    xor     ax, ax
    mov     es, ax
    mov     bx, BOOT_INFO_ADDRESS
    mov     ax, KERNEL16_BASE / 16
    mov     ds, ax
    lcall   cs:[kernel16_entry]
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
drive_close:                            # nothing is open
9:  ret

.data
# Where the kernel image can come from: SOURCE_*.
source_drive:   .word drive_begin, drive_read, drive_close, text_at_drive
source_network: .word network_open, network_read, network_close, text_at_server
.global source
source:         .space SOURCE_SIZE
kernel16_entry: .word 0, KERNEL16_BASE / 16
text_hello:     .asciz "\nQuRe loader"
text_cpuid:     .asciz "the processor is too old: it has no CPUID, which a 486DX4 or a Pentium has"
text_pages:     .asciz "the processor is too old: it has no pages of 4 MiB, which a Pentium has"
text_start:
    .ascii  ", "
    TEXT    label_address               # shown only now, when the checksum has said that it is text
    .asciz  " starts\n"
label_address:  .word IMAGE_HEADER + KI_LABEL
