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

# Makes the drive of the image that STATE:[STATE_CD_SPEC] names.
# In: DL drive number of the CD, BX segment of the image's first sector (0: BOOT_ADDRESS).
# Out: DL drive number of the image.
# Clobbers: EAX, ECX, SI, ES.
.global emulation_begin
emulation_begin:
    push    bx
    call    drive_find
    mov     cx, si
    mov     si, STATE_EMULATED
    IN_STATE mov byte ptr [si + DRIVE_TYPE], DRIVE_EMULATED
    IN_STATE mov [si + DRIVE_PORT], cx   # the CD's entry
    IN_STATE mov eax, [STATE_CD_SPEC + SPEC_LBA]
    IN_STATE mov [si + DRIVE_START], eax
    IN_STATE mov word ptr [si + DRIVE_SECTOR_BYTES], 512
    IN_STATE mov dword ptr [STATE_EMULATED_LBA], -1
    test    bx, bx
    jnz     1f
    mov     bx, BOOT_ADDRESS / 16
1:  mov     es, bx
    IN_STATE movzx bx, byte ptr [STATE_CD_SPEC + SPEC_MEDIA]
    cmp     bl, EMULATED_DISK
    je      .Lemulation_begin_disk
    movzx   cx, byte ptr cs:[bx + diskette_sectors - 1]
    mov     bl, cs:[bx + diskette_kinds - 1]
    IN_STATE mov [si + DRIVE_SELECT], bl
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
    IN_STATE mov [STATE_CD_SPEC + SPEC_DRIVE], dl
    IN_STATE mov [si + DRIVE_CYLINDERS], ax
    IN_STATE mov [si + DRIVE_HEADS], bx
    IN_STATE mov [si + DRIVE_TRACK_SECTORS], cx
    push    dx
    mul     bx
    shl     edx, 16
    mov     dx, ax
    movzx   eax, cx
    mul     edx
    IN_STATE mov [si + DRIVE_SECTORS], eax
    IN_STATE mov dword ptr [si + DRIVE_SECTORS + 4], 0
    pop     dx
    IN_STATE mov byte ptr [STATE_EMULATION], 1
    pop     bx
    ret

# Reads or verifies sectors of the image.
# In: STATE:SI drive, STATE:[STATE_REQUEST_*], ES:DI buffer, DI below 16.
# Out: AH INT 13h status, STATE:[STATE_REQUEST_DONE].
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
.global emulated_transfer
emulated_transfer:
    mov     ah, DISK_WRITE_PROTECTED
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_WRITE
    je      9f
    IN_STATE mov ecx, [STATE_REQUEST_LBA]
    IN_STATE mov bx, [STATE_REQUEST_COUNT]
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
2:  IN_STATE mov [STATE_REQUEST_DONE], dx
    IN_STATE mov [STATE_REQUEST_COUNT], bx
9:  ret

# Reads one sector of the image: the CD's sector that holds it stays in memory for its neighbours.
# In: STATE:SI drive, ECX sector, ES:DI buffer.
# Out: AH status; ES after the sector.
# Clobbers: EAX, EBX, ECX, EDX.
emulated_sector:
    mov     eax, ecx
    shr     eax, 2                      # PER_CD_SECTOR
    IN_STATE add eax, [si + DRIVE_START]
    and     cx, PER_CD_SECTOR - 1
    IN_STATE cmp eax, [STATE_EMULATED_LBA]
    je      .Lemulated_sector_cached
    IN_STATE mov dword ptr [STATE_EMULATED_LBA], -1
    push    eax
    push    cx
    push    es
    push    di
    push    si
    IN_STATE mov [STATE_REQUEST_LBA], eax
    IN_STATE mov dword ptr [STATE_REQUEST_LBA + 4], 0
    IN_STATE mov word ptr [STATE_REQUEST_COUNT], 1
    IN_STATE mov si, [si + DRIVE_PORT]
    mov     di, STATE_SEGMENT
    mov     es, di
    mov     di, STATE_CD_SECTOR
    IN_STATE mov bl, [STATE_REQUEST_KIND]
    push    bx
    IN_STATE mov byte ptr [STATE_REQUEST_KIND], REQUEST_READ
    call    atapi_transfer
    pop     bx
    IN_STATE mov [STATE_REQUEST_KIND], bl
    pop     si
    pop     di
    pop     es
    pop     cx
    pop     ebx
    test    ah, ah
    jnz     9f
    IN_STATE mov [STATE_EMULATED_LBA], ebx
.Lemulated_sector_cached:
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_VERIFY
    je      2f
    push    si
    push    di
    push    ds
    mov     si, STATE_SEGMENT
    mov     ds, si
    mov     si, cx
    shl     si, 9
    add     si, STATE_CD_SECTOR
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
