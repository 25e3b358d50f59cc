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

# Makes the drive of the image that EBDA:[EBDA_CD_SPEC] names.
# In: DL drive number of the CD, BX segment of the image's first sector (0: BOOT_ADDRESS).
# Out: DL drive number of the image.
# Clobbers: EAX, ECX, SI, ES.
.global emulation_begin
emulation_begin:
    push    bx
    call    drive_find
    mov     cx, si
    mov     si, EBDA_EMULATED
    IN_EBDA mov byte ptr [si + DRIVE_TYPE], DRIVE_EMULATED
    IN_EBDA mov [si + DRIVE_PORT], cx   # the CD's entry
    IN_EBDA mov eax, [EBDA_CD_SPEC + SPEC_LBA]
    IN_EBDA mov [si + DRIVE_START], eax
    IN_EBDA mov word ptr [si + DRIVE_SECTOR_BYTES], 512
    IN_EBDA mov dword ptr [EBDA_EMULATED_LBA], -1
    test    bx, bx
    jnz     1f
    mov     bx, BOOT_ADDRESS / 16
1:  mov     es, bx
    IN_EBDA movzx bx, byte ptr [EBDA_CD_SPEC + SPEC_MEDIA]
    cmp     bl, EMULATED_DISK
    je      .Lemulation_begin_disk
    movzx   cx, byte ptr cs:[bx + diskette_sectors - 1]
    mov     bl, cs:[bx + diskette_kinds - 1]
    IN_EBDA mov [si + DRIVE_SELECT], bl
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
    IN_EBDA mov [EBDA_CD_SPEC + SPEC_DRIVE], dl
    IN_EBDA mov [si + DRIVE_CYLINDERS], ax
    IN_EBDA mov [si + DRIVE_HEADS], bx
    IN_EBDA mov [si + DRIVE_TRACK_SECTORS], cx
    push    dx
    mul     bx
    shl     edx, 16
    mov     dx, ax
    movzx   eax, cx
    mul     edx
    IN_EBDA mov [si + DRIVE_SECTORS], eax
    IN_EBDA mov dword ptr [si + DRIVE_SECTORS + 4], 0
    pop     dx
    IN_EBDA mov byte ptr [EBDA_EMULATION], 1
    pop     bx
    ret

# Reads or verifies sectors of the image.
# In: EBDA:SI drive, EBDA:[EBDA_REQUEST_*], ES:DI buffer, DI below 16.
# Out: AH INT 13h status, EBDA:[EBDA_REQUEST_DONE].
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
.global emulated_transfer
emulated_transfer:
    mov     ah, DISK_WRITE_PROTECTED
    IN_EBDA cmp byte ptr [EBDA_REQUEST_KIND], REQUEST_WRITE
    je      9f
    IN_EBDA mov ecx, [EBDA_REQUEST_LBA]
    IN_EBDA mov bx, [EBDA_REQUEST_COUNT]
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
2:  IN_EBDA mov [EBDA_REQUEST_DONE], dx
    IN_EBDA mov [EBDA_REQUEST_COUNT], bx
9:  ret

# Reads one sector of the image: the CD's sector that holds it stays in memory for its neighbours.
# In: EBDA:SI drive, ECX sector, ES:DI buffer.
# Out: AH status; ES after the sector.
# Clobbers: EAX, EBX, ECX, EDX.
emulated_sector:
    mov     eax, ecx
    shr     eax, 2                      # PER_CD_SECTOR
    IN_EBDA add eax, [si + DRIVE_START]
    and     cx, PER_CD_SECTOR - 1
    IN_EBDA cmp eax, [EBDA_EMULATED_LBA]
    je      .Lemulated_sector_cached
    IN_EBDA mov dword ptr [EBDA_EMULATED_LBA], -1
    push    eax
    push    cx
    push    es
    push    di
    push    si
    IN_EBDA mov [EBDA_REQUEST_LBA], eax
    IN_EBDA mov dword ptr [EBDA_REQUEST_LBA + 4], 0
    IN_EBDA mov word ptr [EBDA_REQUEST_COUNT], 1
    IN_EBDA mov si, [si + DRIVE_PORT]
    mov     di, SHADOW_SEGMENT
    mov     es, di
    mov     di, SHADOW_CD_SECTOR
    IN_EBDA mov bl, [EBDA_REQUEST_KIND]
    push    bx
    IN_EBDA mov byte ptr [EBDA_REQUEST_KIND], REQUEST_READ
    call    atapi_transfer
    pop     bx
    IN_EBDA mov [EBDA_REQUEST_KIND], bl
    pop     si
    pop     di
    pop     es
    pop     cx
    pop     ebx
    test    ah, ah
    jnz     9f
    IN_EBDA mov [EBDA_EMULATED_LBA], ebx
.Lemulated_sector_cached:
    IN_EBDA cmp byte ptr [EBDA_REQUEST_KIND], REQUEST_VERIFY
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
