# The starter: boots a kernel that is a plain file (docs/boot.md, "Kernels as files"). The boot sector of QuRe's loader
# reads it; the plan that comes after it on the drive says what goes where and how it is entered. Whoever wrote the plan
# (src/image/kernel-start) has done all the thinking: here is only what needs the machine.

.include "starter.inc"

.intel_syntax noprefix
.code16

.section .head, "ax"

# The boot sector checks the magic number and jumps behind it.
# in: DL and [bi_drive] BIOS drive number, DS = ES = SS = 0, SP = 7C00h; does not return
    .long   LOADER_MAGIC
    cld
    call    info_init
    call    console_init
    call    memory_map
    call    a20_open
    call    drive_open
    call    plan_read
    mov     si, offset text_name
    call    print
    call    memory_check
    call    pieces_load
    call    information_complete
    mov     si, offset text_start
    call    print
    call    console_flush
    call    frame_open
    jmp     launch

.text

# What the loader's parts want to know.
# In: DL drive.
# Clobbers: EAX, CX, DI.
info_init:
    mov     di, BOOT_INFO_ADDRESS
    mov     cx, BOOT_INFO_SIZE / 2
    xor     ax, ax
    rep stosw
    mov     [BOOT_INFO_ADDRESS + bi_drive], dl
    mov     eax, [RECORD_IMAGE_LBA]
    mov     [BOOT_INFO_ADDRESS + bi_image_lba], eax
    ret

# Ends the boot where there is less memory than the plan needs.
# Clobbers: EAX, ECX, EDX, SI, EDI.
memory_check:
    call    memory_above
    cmp     eax, [PLAN + pl_top]
    jae     1f
    shr     eax, 10
    mov     [have_kib], eax
    mov     eax, [PLAN + pl_top]
    add     eax, 1023
    shr     eax, 10
    mov     [need_kib], eax
    mov     si, offset text_memory
    jmp     fail
1:  ret

.data
.balign 4
have_kib:       .long 0
need_kib:       .long 0
name_address:   .word PLAN + pl_name
text_name:
    .ascii  "\nQuRe starter: "
    TEXT    name_address
    .byte   0
text_start:     .asciz ", starts\n"
text_memory:
    .ascii  "it needs memory up to "
    DECIMAL need_kib
    .ascii  " KiB, the machine has "
    DECIMAL have_kib
    .asciz  " KiB"
