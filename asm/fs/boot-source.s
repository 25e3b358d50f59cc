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
    jne     1f
    mov     edx, DISK_CD
1:  cmp     [ebx + DISK_KIND], edx
    jne     2f
    push    edx
    mov     edx, [boot_info + bi_image_lba]
    mov     eax, ebx
    call    boot_sector_unit
    mov     ecx, ebp
    mov     esi, 1
    lea     eax, [ebx + DISK_VOLUME]
    call    volume_read
    pop     edx
    jc      2f
    mov     ecx, ebp
    cmp     dword ptr [ecx + br_magic], BOOT_RECORD_MAGIC
    jne     2f
    cmp     word ptr [ecx + br_version], BOOT_RECORD_VERSION
    jne     2f
    mov     eax, [boot_info + bi_image_lba]
    cmp     [ecx + br_image_lba], eax
    jne     2f
    mov     eax, [boot_info + bi_image_sectors]
    cmp     [ecx + br_image_sectors], eax
    je      3f
2:  add     ebx, DISK_SIZE_OF
    dec     edi
    jnz     1b
    stc
    jmp     9f
3:  mov     eax, ebx
    clc
9:  pop     ebp
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
