# The boot image on its way from the boot medium to a disk: finds the drive that the kernel came from, reads the whole
# image into memory and proves it before anything is written, and writes it after the boot sector.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"

BOOT_CHUNK = 128                                # sectors of 512 bytes read or written at a time

.bss
.balign 4
boot_image:         .skip 4                     # the image in memory, 0 when there is none
boot_image_pages:   .skip 4

.text

# Loads the boot image. Says so when it cannot. May sleep.
# Out: EAX image, ECX its sectors of 512 bytes, EDX the drive when the image begins at sector 0 of a disk, else 0; or
# CF. boot_image_free gives the memory back.
.global boot_image_load
boot_image_load:
    push    ebx
    push    esi
    push    edi
    mov     esi, [boot_info + bi_image_sectors]
    cmp     esi, 2
    jb      .Lboot_image_load_absent
    cmp     esi, PARTITION_FIRST_LBA
    jbe     .Lboot_image_load_sized
.Lboot_image_load_absent:
    PRINT   "This kernel was not started from a boot image that could be copied.\n"
    jmp     .Lboot_image_load_failed
.Lboot_image_load_sized:
    lea     eax, [esi + 7]              # the last sector of a CD may be used in part only
    shr     eax, 3
    mov     [boot_image_pages], eax
    call    page_alloc
    jnc     .Lboot_image_load_memory
    PRINTF  "There is not enough memory for the boot image, %u sectors.\n", esi
    jmp     .Lboot_image_load_failed
.Lboot_image_load_memory:
    mov     [boot_image], eax
    mov     edi, eax
    mov     ecx, eax
    call    boot_source_find
    jnc     .Lboot_image_load_source
    PRINT   "The boot medium is in none of the drives. Boot from CD or from a hard disk to copy the boot image.\n"
    jmp     .Lboot_image_load_free
.Lboot_image_load_source:
    mov     ebx, eax                    # EBX: drive
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "Reading the boot image from %s, %u sectors ", eax, esi
    mov     eax, ebx
    mov     edx, edi
    call    boot_source_read
    jc      .Lboot_image_load_failed_read
    PRINT   "\n"
    mov     eax, edi
    mov     ecx, esi
    call    boot_image_prove
    jc      .Lboot_image_load_damaged
    xor     edx, edx
    cmp     dword ptr [ebx + DISK_KIND], DISK_HARD
    jne     .Lboot_image_load_from_here
    cmp     dword ptr [boot_info + bi_image_lba], 0
    jne     .Lboot_image_load_from_here
    mov     edx, ebx
.Lboot_image_load_from_here:
    mov     ecx, esi
    mov     eax, edi
    clc
    jmp     .Lboot_image_load_done
.Lboot_image_load_failed_read:
    call    error_text
    PRINTF  "\nThe boot image cannot be read: %s\n", eax
    jmp     .Lboot_image_load_free
.Lboot_image_load_damaged:
    PRINTF  "The boot image is damaged: %s\n", eax
.Lboot_image_load_free:
    call    boot_image_free
.Lboot_image_load_failed:
    stc
.Lboot_image_load_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gives the image's memory back, if there is any.
.global boot_image_free
boot_image_free:
    xor     eax, eax
    xchg    eax, [boot_image]
    test    eax, eax
    jz      9f
    mov     edx, [boot_image_pages]
    call    page_free
9:  ret

# Reads the image, with a dot for each chunk.
# In: EAX disk, EDX memory.
# Out: CF and EAX on failure.
boot_source_read:
    FRAME   8
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    # Locals: -4 next sector, -8 sectors left, both as the drive counts them
    mov     edx, [boot_info + bi_image_lba]
    call    boot_sector_unit
    mov     [ebp - 4], edx
    mov     edx, [boot_info + bi_image_sectors]
    call    boot_sector_unit
    mov     [ebp - 8], edx
1:  mov     edx, BOOT_CHUNK
    mov     eax, ebx
    call    boot_sector_unit
    mov     esi, edx
    cmp     esi, [ebp - 8]
    jbe     2f
    mov     esi, [ebp - 8]
2:  lea     eax, [ebx + DISK_VOLUME]
    mov     edx, [ebp - 4]
    mov     ecx, edi
    call    volume_read
    jc      9f
    PRINT   "."
    add     [ebp - 4], esi
    mov     eax, [ebx + DISK_SECTOR_BYTES]
    imul    eax, esi
    add     edi, eax
    sub     [ebp - 8], esi
    jnz     1b
    xor     eax, eax
9:  pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Proves a boot image: boot record, header and checksum of the kernel image.
# In: EAX image, ECX sectors of 512 bytes that it should have.
# Out: CF and EAX text when something is wrong.
.global boot_image_prove
boot_image_prove:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    LOAD_STRING edi, "the boot record is not the one that was booted"
    cmp     dword ptr [ebx + br_magic], BOOT_RECORD_MAGIC
    jne     .Lboot_image_prove_bad
    cmp     [ebx + br_image_sectors], ecx
    jne     .Lboot_image_prove_bad
    LOAD_STRING edi, "the kernel image does not lie inside it"
    mov     eax, [ebx + br_kernel_sector]
    test    eax, eax
    jz      .Lboot_image_prove_bad
    sub     ecx, eax
    jbe     .Lboot_image_prove_bad
    mov     edx, [ebx + br_kernel_sectors]
    test    edx, edx
    jz      .Lboot_image_prove_bad
    cmp     edx, ecx
    ja      .Lboot_image_prove_bad
    shl     eax, 9
    add     eax, ebx
    shl     edx, 9
    call    kernel_prove
    jmp     .Lboot_image_prove_done
.Lboot_image_prove_bad:
    mov     eax, edi
    stc
.Lboot_image_prove_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes the image without its first sector, which is the caller's last step, and waits until it is on stable storage.
# A record of two kernels that the disk had goes away first.
# In: EAX disk, EDX image, ECX its sectors.
# Out: CF and EAX on failure.
.global boot_image_write
boot_image_write:
    FRAME   4
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    mov     [ebp - 4], ecx              # local: sectors of the image
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "Writing the boot image to %s ", eax
    call    boot_slots_forget
    jc      9f
    mov     edx, 1
1:  mov     esi, [ebp - 4]
    sub     esi, edx
    jz      3f
    cmp     esi, BOOT_CHUNK
    jbe     2f
    mov     esi, BOOT_CHUNK
2:  mov     ecx, edx
    shl     ecx, 9
    add     ecx, edi
    push    edx
    lea     eax, [ebx + DISK_VOLUME]
    call    volume_write
    pop     edx
    jc      9f
    PRINT   "."
    add     edx, esi
    jmp     1b
3:  lea     eax, [ebx + DISK_VOLUME]
    call    volume_flush
    jc      9f
    PRINT   "\n"
9:  pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Overwrites both copies of the record of a disk's kernels with zeros. May sleep.
# In: EBX disk.
# Out: CF and EAX on failure.
# Clobbers: ESI too.
boot_slots_forget:
    FRAME   SLOT_RECORDS_BYTES
    push    edi
    lea     edi, [ebp - SLOT_RECORDS_BYTES]
    mov     ecx, SLOT_RECORDS_BYTES / 4
    xor     eax, eax
    rep stosd
    lea     eax, [ebx + DISK_VOLUME]
    mov     edx, SLOT_RECORD_LBA
    lea     ecx, [ebp - SLOT_RECORDS_BYTES]
    mov     esi, SLOT_RECORD_COPIES
    call    volume_write
    pop     edi
    ENDFRAME
    ret
