# ATA disks: commands and data by programmed I/O, with the drive's interrupts off (nIEN) and its status polled.
# Source: ATA/ATAPI-6 (T13/1410D), 9.5 to 9.7.

.include "firmware.inc"

.intel_syntax noprefix
.code16

# Command block registers, relative to DRIVE_PORT
ATA_DATA                = 0
ATA_ERROR               = 1
ATA_COUNT               = 2
ATA_LBA_LOW             = 3
ATA_LBA_MID             = 4
ATA_LBA_HIGH            = 5
ATA_DEVICE              = 6
ATA_STATUS              = 7
ATA_COMMAND             = 7

STATUS_BSY              = 0x80
STATUS_DF               = 0x20
STATUS_DRQ              = 0x08
STATUS_ERR              = 0x01
ERROR_ABRT              = 0x04
ERROR_IDNF              = 0x10
ERROR_UNC               = 0x40
CONTROL_NIEN            = 0x02

POLLS                   = 0x1000000     # seconds on a PC; a drive that is there answers in some hundreds
CHUNK_SECTORS           = 128           # sectors a command
LBA28_SECTORS           = 0x10000000

# INT 13h status
DISK_BAD_COMMAND        = 0x01
DISK_NOT_FOUND          = 0x04
DISK_UNCORRECTABLE      = 0x10
DISK_CONTROLLER         = 0x20
DISK_TIMEOUT            = 0x80

.text

# Selects a drive, once its channel is idle, and switches its interrupts off.
# In: STATE:SI drive, AL device register.
# Out: CF on timeout.
# Clobbers: AX, DX.
.global ata_select
ata_select:
    mov     ah, al
    IN_STATE mov dx, [si + DRIVE_CONTROL]
    mov     al, CONTROL_NIEN
    out     dx, al
    call    ata_wait
    jc      1f
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_DEVICE
    mov     al, ah
    out     dx, al
    call    ata_settle
1:  ret

# 400 ns, after which the status is the selected drive's.
# In: STATE:SI drive.
# Clobbers: AL, DX.
.global ata_settle
ata_settle:
    IN_STATE mov dx, [si + DRIVE_CONTROL]
    in      al, dx
    in      al, dx
    in      al, dx
    in      al, dx
    ret

# Waits until the drive is not busy.
# In: STATE:SI drive.
# Out: AL status, CF on timeout.
# Clobbers: DX.
.global ata_wait
ata_wait:
    push    ecx
    IN_STATE mov dx, [si + DRIVE_CONTROL] # the alternate status
    mov     ecx, POLLS
1:  in      al, dx
    test    al, STATUS_BSY              # clears CF
    jz      2f
    dec     ecx
    jnz     1b
    stc
2:  pop     ecx
    ret

# Takes back the drive's interrupt request and lets it interrupt again.
# In: STATE:SI drive.
# Clobbers: AL, DX.
.global ata_interrupts_on
ata_interrupts_on:
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_STATUS
    in      al, dx
    IN_STATE mov dx, [si + DRIVE_CONTROL]
    xor     al, al
    out     dx, al
    ret

# Reads, writes or verifies.
# In: STATE:SI drive, STATE:[STATE_REQUEST_*], ES:DI buffer, DI below 16.
# Out: AH INT 13h status, STATE:[STATE_REQUEST_DONE].
# Clobbers: EAX, EBX, ECX, EDX, ES.
.global ata_transfer
ata_transfer:
    call    .Lata_transfer_request
    push    ax
    call    ata_interrupts_on
    pop     ax
    ret

.Lata_transfer_request:
    IN_STATE movzx ecx, word ptr [STATE_REQUEST_COUNT]
    IN_STATE sub cx, [STATE_REQUEST_DONE]
    jz      ata_good
    cmp     cx, CHUNK_SECTORS
    jbe     .Lata_transfer_issue
    mov     cx, CHUNK_SECTORS
.Lata_transfer_issue:
    call    ata_issue
    jc      ata_timeout
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_VERIFY
    je      .Lata_transfer_verified
.Lata_transfer_sector:
    call    ata_status                  # a sector each turn
    jc      ata_failed
    test    al, STATUS_DRQ
    mov     ah, DISK_CONTROLLER
    jz      ata_failed
    call    ata_sector
    IN_STATE inc word ptr [STATE_REQUEST_DONE]
    mov     dx, es
    add     dx, 512 / 16
    mov     es, dx
    loop    .Lata_transfer_sector
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_READ
    je      .Lata_transfer_request
.Lata_transfer_status:
    call    ata_status                  # the last sector has reached the drive
    jc      ata_failed
    jmp     .Lata_transfer_request
.Lata_transfer_verified:
    IN_STATE add [STATE_REQUEST_DONE], cx
    jmp     .Lata_transfer_status
ata_good:
    xor     ah, ah
ata_failed:
    ret
ata_timeout:
    mov     ah, DISK_TIMEOUT
    ret

# Moves the data of one sector.
# In: STATE:SI drive, ES:DI buffer.
# Clobbers: DX.
ata_sector:
    push    cx
    push    di
    mov     cx, 512 / 2
    IN_STATE mov dx, [si + DRIVE_PORT]
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_WRITE
    je      1f
    rep insw
    jmp     2f
1:  push    ds
    push    si
    mov     si, di
    push    es
    pop     ds
    rep outsw
    pop     si
    pop     ds
2:  pop     di
    pop     cx
    ret

# Sends the command for the next ECX sectors of the request.
# In: STATE:SI drive.
# Out: CF on timeout.
# Clobbers: EAX, EBX, DX.
ata_issue:
    IN_STATE movzx eax, word ptr [STATE_REQUEST_DONE]
    IN_STATE mov ebx, [STATE_REQUEST_LBA]
    add     ebx, eax
    IN_STATE mov ax, [STATE_REQUEST_LBA + 4]
    adc     ax, 0                       # AX:EBX: sector
    push    ax
    test    ax, ax
    jnz     .Lata_issue_lba48
    lea     eax, [ebx + ecx]
    cmp     eax, LBA28_SECTORS
    jbe     .Lata_issue_lba28

.Lata_issue_lba48:
    IN_STATE mov al, [si + DRIVE_SELECT] # 48 bits: each register takes its upper byte first
    call    ata_select
    pop     ax
    jc      .Lata_issue_done
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_COUNT
    push    ax
    xor     al, al
    out     dx, al
    inc     dx
    rol     ebx, 8
    mov     al, bl                      # bits 24-31
    out     dx, al
    ror     ebx, 8
    pop     ax
    inc     dx
    out     dx, al                      # bits 32-39
    inc     dx
    mov     al, ah
    out     dx, al                      # bits 40-47
    call    ata_lba
    IN_STATE mov dx, [si + DRIVE_PORT]
    IN_STATE movzx bx, byte ptr [STATE_REQUEST_KIND]
    mov     al, cs:[bx + commands_48]
    jmp     .Lata_issue_command

.Lata_issue_lba28:
    mov     eax, ebx                    # 28 bits
    shr     eax, 24
    IN_STATE or al, [si + DRIVE_SELECT]
    call    ata_select
    pop     ax
    jc      .Lata_issue_done
    call    ata_lba
    IN_STATE mov dx, [si + DRIVE_PORT]
    IN_STATE movzx bx, byte ptr [STATE_REQUEST_KIND]
    mov     al, cs:[bx + commands_28]
.Lata_issue_command:
    add     dx, ATA_COMMAND
    out     dx, al
    call    ata_settle
    clc
.Lata_issue_done:
    ret

# Writes count and sector to the drive.
# In: STATE:SI drive, CL number of sectors, EBX sector, of which bits 0-23 count.
# Clobbers: AL, DX.
ata_lba:
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_COUNT
    mov     al, cl
    out     dx, al
    inc     dx
    mov     al, bl
    out     dx, al
    inc     dx
    mov     al, bh
    out     dx, al
    inc     dx
    mov     eax, ebx
    shr     eax, 16
    out     dx, al
    ret

# Waits for the drive.
# In: STATE:SI drive.
# Out: AL status, or CF and AH INT 13h status.
# Clobbers: AX, BX, DX.
ata_status:
    call    ata_wait
    mov     ah, DISK_TIMEOUT
    jc      9f
    test    al, STATUS_ERR | STATUS_DF
    jz      9f
    mov     ah, DISK_CONTROLLER
    test    al, STATUS_DF
    jnz     8f
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_ERROR
    in      al, dx
    mov     bx, offset errors
1:  test    al, cs:[bx]
    jnz     2f
    add     bx, 2
    cmp     byte ptr cs:[bx], 0
    jne     1b
2:  mov     ah, cs:[bx + 1]
8:  stc
9:  ret

.data
# Commands by REQUEST_*: READ SECTORS, WRITE SECTORS, READ VERIFY SECTORS, and their EXT forms.
commands_28:    .byte 0x20, 0x30, 0x40
commands_48:    .byte 0x24, 0x34, 0x42
# Bits of the error register and what INT 13h calls them; the last stands for all others.
errors:
    .byte   ERROR_UNC, DISK_UNCORRECTABLE
    .byte   ERROR_IDNF, DISK_NOT_FOUND
    .byte   ERROR_ABRT, DISK_BAD_COMMAND
    .byte   0, DISK_CONTROLLER
