# The signature that lies after the boot image of a drive (docs/formats/signature.md).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "bootrecord.inc"
.include "signature.inc"

SECTOR_SHIFT            = 9
ALIGNMENT_SECTORS       = SIGNATURE_ALIGNMENT >> SECTOR_SHIFT

.text

# Reads the signature that follows a drive's boot image. May sleep.
# In: EAX name of the drive, EBX SIGNATURE_PAGES.
# Out: EAX bytes; CF and EAX text.
.global signature_of_drive
signature_of_drive:
    push    esi
    push    edi
    push    ebp
    call    volume_find
    jc      .Lsignature_of_drive_error
    mov     edi, eax                    # EDI: volume
    mov     eax, [edi + VOLUME_DISK]
    mov     ebp, [eax + DISK_SECTOR_BYTES]
    xor     edx, edx
    mov     esi, 1
    call    signature_sectors
    jc      .Lsignature_of_drive_error
    mov     eax, [ebx + br_image_sectors]
    add     eax, ALIGNMENT_SECTORS - 1
    and     eax, -ALIGNMENT_SECTORS
    add     eax, [ebx + br_image_lba]
    bsf     ecx, ebp                    # in sectors of the drive
    sub     ecx, SECTOR_SHIFT
    shr     eax, cl
    mov     edx, eax
    call    signature_sectors
    jc      .Lsignature_of_drive_none
    cmp     dword ptr [ebx], SIGNATURE_MAGIC
    jne     .Lsignature_of_drive_none
    mov     eax, [ebx + SIGNATURE_SIZE]
    cmp     eax, SIGNATURE_BYTES_MIN
    jb      .Lsignature_of_drive_size
    cmp     eax, SIGNATURE_BYTES_MAX
    ja      .Lsignature_of_drive_size
    push    eax
    push    edx
    lea     eax, [eax + ebp - 1]
    xor     edx, edx
    div     ebp
    pop     edx
    mov     esi, eax
    call    signature_sectors
    pop     edx
    jc      .Lsignature_of_drive_error
    mov     eax, edx
    jmp     .Lsignature_of_drive_done
.Lsignature_of_drive_size:
    LOAD_STRING eax, "its signature has a size that none can have"
    stc
    jmp     .Lsignature_of_drive_done
.Lsignature_of_drive_none:
    LOAD_STRING eax, "it is not signed"
    stc
    jmp     .Lsignature_of_drive_done
.Lsignature_of_drive_error:
    call    error_text
    stc
.Lsignature_of_drive_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Reads sectors into the buffer. May sleep.
# In: EDI volume, EBX buffer, EDX first sector, ESI sectors, at least 1.
# Out: CF and EAX error.
# Clobbers: EAX, ECX only.
signature_sectors:
    push    edx
    mov     eax, edi
    mov     ecx, ebx
    call    volume_read
    pop     edx
    ret
