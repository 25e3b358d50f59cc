# A diskette or disk that El Torito emulates: an image on the CD that looks like drive 00h or 80h and cannot be written.
# Source: El Torito 1.0, 2 and 4.

.include "firmware.inc"

.intel_syntax noprefix
.code16

PARTITION_LAST_HEAD     = 0x1BE + 5     # of the first partition in the image's sector 0
PARTITION_LAST_SECTOR   = 0x1BE + 6
DISK_WRITE_PROTECTED    = 0x03
PER_CD_SECTOR           = 4

.text

# Makes the drive of the image that FS:[EBDA_CD_SPEC] names.
# In: DL drive number of the CD, BX segment of the image's first sector (0: BOOT_ADDRESS).
# Out: DL drive number of the image.
# Clobbers: EAX, ECX, SI, ES.
.global emulation_begin
emulation_begin:
    push    bx
    call    drive_find
    mov     cx, si
    mov     si, EBDA_EMULATED
    mov     byte ptr fs:[si + DRIVE_TYPE], DRIVE_EMULATED
    mov     fs:[si + DRIVE_PORT], cx    # the CD's entry
    mov     eax, fs:[EBDA_CD_SPEC + SPEC_LBA]
    mov     fs:[si + DRIVE_START], eax
    mov     word ptr fs:[si + DRIVE_SECTOR_BYTES], 512
    mov     dword ptr fs:[EBDA_EMULATED_LBA], -1
    test    bx, bx
    jnz     1f
    mov     bx, BOOT_ADDRESS / 16
1:  mov     es, bx
    movzx   bx, byte ptr fs:[EBDA_CD_SPEC + SPEC_MEDIA]
    cmp     bl, EMULATED_DISK
    je      .Lemulation_begin_disk
    movzx   cx, byte ptr cs:[bx + diskette_sectors - 1]
    mov     bl, cs:[bx + diskette_kinds - 1]
    mov     fs:[si + DRIVE_SELECT], bl
    mov     ax, 80
    mov     bx, 2
    mov     dl, 0
    jmp     .Lemulation_begin_geometry
.Lemulation_begin_disk:
    movzx   cx, byte ptr es:[PARTITION_LAST_SECTOR]
    mov     ah, cl
    shr     ah, 6
    mov     al, es:[PARTITION_LAST_SECTOR + 1]
    inc     ax
    and     cx, 63
    movzx   bx, byte ptr es:[PARTITION_LAST_HEAD]
    inc     bx
    mov     dl, FIRST_DISK
.Lemulation_begin_geometry:
    mov     fs:[EBDA_CD_SPEC + SPEC_DRIVE], dl
    mov     fs:[si + DRIVE_CYLINDERS], ax
    mov     fs:[si + DRIVE_HEADS], bx
    mov     fs:[si + DRIVE_TRACK_SECTORS], cx
    push    dx
    mul     bx
    shl     edx, 16
    mov     dx, ax
    movzx   eax, cx
    mul     edx
    mov     fs:[si + DRIVE_SECTORS], eax
    mov     dword ptr fs:[si + DRIVE_SECTORS + 4], 0
    pop     dx
    mov     byte ptr fs:[EBDA_EMULATION], 1
    pop     bx
    ret

# Reads or verifies sectors of the image.
# In: FS:SI drive, FS:[EBDA_REQUEST_*], ES:DI buffer, DI below 16.
# Out: AH INT 13h status, FS:[EBDA_REQUEST_DONE].
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
.global emulated_transfer
emulated_transfer:
    mov     ah, DISK_WRITE_PROTECTED
    cmp     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_WRITE
    je      9f
    mov     ecx, fs:[EBDA_REQUEST_LBA]
    mov     bx, fs:[EBDA_REQUEST_COUNT]
    xor     dx, dx                      # done
1:  push    dx
    push    bx
    push    ecx
    call    emulated_sector
    pop     ecx
    pop     bx
    pop     dx
    test    ah, ah
    jnz     2f
    inc     ecx
    inc     dx
    cmp     dx, bx
    jb      1b
2:  mov     fs:[EBDA_REQUEST_DONE], dx
    mov     fs:[EBDA_REQUEST_COUNT], bx
9:  ret

# Reads one sector of the image: the CD's sector that holds it stays in memory for its neighbours.
# In: FS:SI drive, ECX sector, ES:DI buffer.
# Out: AH status; ES after the sector.
# Clobbers: EAX, EBX, ECX, EDX.
emulated_sector:
    mov     eax, ecx
    shr     eax, 2                      # PER_CD_SECTOR
    add     eax, fs:[si + DRIVE_START]
    and     cx, PER_CD_SECTOR - 1
    cmp     eax, fs:[EBDA_EMULATED_LBA]
    je      .Lemulated_sector_cached
    mov     dword ptr fs:[EBDA_EMULATED_LBA], -1
    push    eax
    push    cx
    push    es
    push    di
    push    si
    mov     fs:[EBDA_REQUEST_LBA], eax
    mov     dword ptr fs:[EBDA_REQUEST_LBA + 4], 0
    mov     word ptr fs:[EBDA_REQUEST_COUNT], 1
    mov     si, fs:[si + DRIVE_PORT]
    mov     di, SHADOW_SEGMENT
    mov     es, di
    mov     di, SHADOW_CD_SECTOR
    mov     bl, fs:[EBDA_REQUEST_KIND]
    push    bx
    mov     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_READ
    call    atapi_transfer
    pop     bx
    mov     fs:[EBDA_REQUEST_KIND], bl
    pop     si
    pop     di
    pop     es
    pop     cx
    pop     ebx
    test    ah, ah
    jnz     9f
    mov     fs:[EBDA_EMULATED_LBA], ebx
.Lemulated_sector_cached:
    cmp     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_VERIFY
    je      2f
    push    si
    push    di
    push    ds
    mov     si, SHADOW_SEGMENT
    mov     ds, si
    mov     si, cx
    shl     si, 9
    add     si, SHADOW_CD_SECTOR
    mov     cx, 512 / 4
    rep movsd
    pop     ds
    pop     di
    pop     si
2:  mov     bx, es
    add     bx, 512 / 16
    mov     es, bx
    xor     ah, ah
9:  ret

.data
# Sectors a track, and kind of the drive, of the media 1-3.
diskette_sectors:
    .byte   15, 18, 36
diskette_kinds:
    .byte   2, 4, 5
