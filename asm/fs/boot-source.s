# The drive that this machine was started from, by what the loader says of the boot image (bootinfo.inc).

.include "macros.inc"
.include "disk.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"

.text

# Finds the drive that the kernel was started from: the one whose boot record has our place and size. May sleep.
# In: ECX buffer of a sector, 2048 bytes.
# Out: EAX disk; CF when there is none.
.global boot_source_find
boot_source_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, ecx
    mov     ebx, offset disk_table
    mov     edi, DISK_MAX
    mov     edx, DISK_HARD
    cmp     byte ptr [boot_info + bi_media], BOOT_MEDIA_CD
    jne     .Lboot_source_find_disk
    mov     edx, DISK_CD
.Lboot_source_find_disk:
    cmp     [ebx + DISK_KIND], edx
    jne     .Lboot_source_find_next
    push    edx
    mov     edx, [boot_info + bi_image_lba]
    mov     eax, ebx
    call    boot_sector_unit
    mov     ecx, ebp
    mov     esi, 1
    lea     eax, [ebx + DISK_VOLUME]
    call    volume_read
    pop     edx
    jc      .Lboot_source_find_next
    mov     ecx, ebp
    cmp     dword ptr [ecx + br_magic], BOOT_RECORD_MAGIC
    jne     .Lboot_source_find_next
    movzx   eax, word ptr [ecx + br_version]
    dec     eax
    cmp     eax, BOOT_RECORD_VERSION    # version 1 says of its loader that it knows one copy of the record of slots
    jae     .Lboot_source_find_next
    mov     eax, [boot_info + bi_image_lba]
    cmp     [ecx + br_image_lba], eax
    jne     .Lboot_source_find_next
    mov     eax, [boot_info + bi_image_sectors]
    cmp     [ecx + br_image_sectors], eax
    je      .Lboot_source_find_found
.Lboot_source_find_next:
    add     ebx, DISK_SIZE_OF
    dec     edi
    jnz     .Lboot_source_find_disk
    stc
    jmp     .Lboot_source_find_done
.Lboot_source_find_found:
    mov     eax, ebx
    clc
.Lboot_source_find_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Converts a number of 512-byte sectors to sectors of a drive, rounding up.
# In: EAX disk, EDX sectors of 512 bytes.
# Out: EDX sectors of the drive. Clobbers no other register.
.global boot_sector_unit
boot_sector_unit:
    cmp     dword ptr [eax + DISK_SECTOR_BYTES], 2048
    jne     1f
    add     edx, 3
    shr     edx, 2
1:  ret
