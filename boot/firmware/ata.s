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

.section .text

# ata_select: selects a drive, once its channel is idle, and switches its interrupts off
# in: FS:SI drive, AL device register; out: CF on timeout; clobbers AX, DX
.global ata_select, ata_wait, ata_interrupts_on, ata_settle
ata_select:
        mov     ah, al
        mov     dx, fs:[si + DRIVE_CONTROL]
        mov     al, CONTROL_NIEN
        out     dx, al
        call    ata_wait
        jc      1f
        mov     dx, fs:[si + DRIVE_PORT]
        add     dx, ATA_DEVICE
        mov     al, ah
        out     dx, al
        call    ata_settle
1:      ret

# ata_settle: 400 ns, after which the status is the selected drive's; in: FS:SI drive; clobbers AL, DX
ata_settle:
        mov     dx, fs:[si + DRIVE_CONTROL]
        in      al, dx
        in      al, dx
        in      al, dx
        in      al, dx
        ret

# ata_wait: waits until the drive is not busy. in: FS:SI drive; out: AL status, CF on timeout; clobbers DX
ata_wait:
        push    ecx
        mov     dx, fs:[si + DRIVE_CONTROL]     # the alternate status
        mov     ecx, POLLS
1:      in      al, dx
        test    al, STATUS_BSY                  # clears CF
        jz      2f
        dec     ecx
        jnz     1b
        stc
2:      pop     ecx
        ret

# ata_interrupts_on: takes back the drive's interrupt request and lets it interrupt again; in: FS:SI drive; clobbers AL, DX
ata_interrupts_on:
        mov     dx, fs:[si + DRIVE_PORT]
        add     dx, ATA_STATUS
        in      al, dx
        mov     dx, fs:[si + DRIVE_CONTROL]
        xor     al, al
        out     dx, al
        ret

# ata_transfer: reads, writes or verifies. in: FS:SI drive, FS:[EBDA_REQUEST_*], ES:DI buffer, DI below 16
# out: AH INT 13h status, FS:[EBDA_REQUEST_DONE]; clobbers EAX, EBX, ECX, EDX, ES
.global ata_transfer
ata_transfer:
        call    1f
        push    ax
        call    ata_interrupts_on
        pop     ax
        ret

1:      movzx   ecx, word ptr fs:[EBDA_REQUEST_COUNT]
        sub     cx, fs:[EBDA_REQUEST_DONE]
        jz      ata_good
        cmp     cx, CHUNK_SECTORS
        jbe     2f
        mov     cx, CHUNK_SECTORS
2:      call    ata_issue
        jc      ata_timeout
        cmp     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_VERIFY
        je      5f
3:      call    ata_status              # a sector each turn
        jc      ata_failed
        test    al, STATUS_DRQ
        mov     ah, DISK_CONTROLLER
        jz      ata_failed
        call    ata_sector
        inc     word ptr fs:[EBDA_REQUEST_DONE]
        mov     dx, es
        add     dx, 512 / 16
        mov     es, dx
        loop    3b
        cmp     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_READ
        je      1b
4:      call    ata_status              # the last sector has reached the drive
        jc      ata_failed
        jmp     1b
5:      add     fs:[EBDA_REQUEST_DONE], cx
        jmp     4b
ata_good:
        xor     ah, ah
ata_failed:
        ret
ata_timeout:
        mov     ah, DISK_TIMEOUT
        ret

# ata_sector: moves the data of one sector. in: FS:SI drive, ES:DI buffer; clobbers DX
ata_sector:
        push    cx
        push    di
        mov     cx, 512 / 2
        mov     dx, fs:[si + DRIVE_PORT]
        cmp     byte ptr fs:[EBDA_REQUEST_KIND], REQUEST_WRITE
        je      1f
        rep insw
        jmp     2f
1:      push    ds
        push    si
        mov     si, di
        push    es
        pop     ds
        rep outsw
        pop     si
        pop     ds
2:      pop     di
        pop     cx
        ret

# ata_issue: sends the command for the next ECX sectors of the request. in: FS:SI drive
# out: CF on timeout; clobbers EAX, EBX, DX
ata_issue:
        movzx   eax, word ptr fs:[EBDA_REQUEST_DONE]
        mov     ebx, fs:[EBDA_REQUEST_LBA]
        add     ebx, eax
        mov     ax, fs:[EBDA_REQUEST_LBA + 4]
        adc     ax, 0                   # AX:EBX: sector
        push    ax
        test    ax, ax
        jnz     1f
        lea     eax, [ebx + ecx]
        cmp     eax, LBA28_SECTORS
        jbe     3f

1:      mov     al, fs:[si + DRIVE_SELECT]      # 48 bits: each register takes its upper byte first
        call    ata_select
        pop     ax
        jc      9f
        mov     dx, fs:[si + DRIVE_PORT]
        add     dx, ATA_COUNT
        push    ax
        xor     al, al
        out     dx, al
        inc     dx
        rol     ebx, 8
        mov     al, bl                  # bits 24-31
        out     dx, al
        ror     ebx, 8
        pop     ax
        inc     dx
        out     dx, al                  # bits 32-39
        inc     dx
        mov     al, ah
        out     dx, al                  # bits 40-47
        call    ata_lba
        mov     dx, fs:[si + DRIVE_PORT]
        movzx   bx, byte ptr fs:[EBDA_REQUEST_KIND]
        mov     al, cs:[bx + commands_48]
        jmp     4f

3:      mov     eax, ebx                # 28 bits
        shr     eax, 24
        or      al, fs:[si + DRIVE_SELECT]
        call    ata_select
        pop     ax
        jc      9f
        call    ata_lba
        mov     dx, fs:[si + DRIVE_PORT]
        movzx   bx, byte ptr fs:[EBDA_REQUEST_KIND]
        mov     al, cs:[bx + commands_28]
4:      add     dx, ATA_COMMAND
        out     dx, al
        call    ata_settle
        clc
9:      ret

# ata_lba: in: FS:SI drive, CL number of sectors, EBX sector, of which bits 0-23 count; clobbers AL, DX
ata_lba:
        mov     dx, fs:[si + DRIVE_PORT]
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

# ata_status: waits for the drive. in: FS:SI drive; out: AL status, or CF and AH INT 13h status; clobbers AX, BX, DX
ata_status:
        call    ata_wait
        mov     ah, DISK_TIMEOUT
        jc      9f
        test    al, STATUS_ERR | STATUS_DF
        jz      9f
        mov     ah, DISK_CONTROLLER
        test    al, STATUS_DF
        jnz     8f
        mov     dx, fs:[si + DRIVE_PORT]
        add     dx, ATA_ERROR
        in      al, dx
        mov     bx, offset errors
1:      test    al, cs:[bx]
        jnz     2f
        add     bx, 2
        cmp     byte ptr cs:[bx], 0
        jne     1b
2:      mov     ah, cs:[bx + 1]
8:      stc
9:      ret

.section .data
# Commands by REQUEST_*: READ SECTORS, WRITE SECTORS, READ VERIFY SECTORS, and their EXT forms.
commands_28:    .byte   0x20, 0x30, 0x40
commands_48:    .byte   0x24, 0x34, 0x42
# Bits of the error register and what INT 13h calls them; the last stands for all others.
errors:
        .byte   ERROR_UNC, DISK_UNCORRECTABLE
        .byte   ERROR_IDNF, DISK_NOT_FOUND
        .byte   ERROR_ABRT, DISK_BAD_COMMAND
        .byte   0, DISK_CONTROLLER
