# ATAPI CD drives: command packets by programmed I/O. Sources: ATA/ATAPI-6 (T13/1410D) 9.8, SFF-8020i.

.include "firmware.inc"

.intel_syntax noprefix
.code16

ATA_ERROR               = 1
ATA_FEATURES            = 1
ATA_LBA_MID             = 4             # byte count, low and high
ATA_COMMAND             = 7
COMMAND_PACKET          = 0xA0
PACKET_WORDS            = 6
STATUS_ERR              = 0x01
STATUS_DRQ              = 0x08

PACKET_REQUEST_SENSE    = 0x03
PACKET_READ10           = 0x28
SENSE_BYTES             = 18
SENSE_NOT_READY         = 2
SENSE_MEDIUM_ERROR      = 3
SENSE_ILLEGAL_REQUEST   = 5
SENSE_UNIT_ATTENTION    = 6
CD_SECTOR_BYTES         = 2048
TRIES                   = 5             # the first commands after a reset or a change of the disc report just that

DISK_BAD_COMMAND        = 0x01
DISK_UNCORRECTABLE      = 0x10
DISK_CONTROLLER         = 0x20
DISK_NO_MEDIUM          = 0x31
DISK_TIMEOUT            = 0x80

.text

# Reads or verifies.
# In: STATE:SI drive, STATE:[STATE_REQUEST_*], ES:DI buffer, DI below 16.
# Out: AH INT 13h status, STATE:[STATE_REQUEST_DONE] all or nothing.
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
.global atapi_transfer
atapi_transfer:
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_READ
    jne     .Latapi_transfer_good       # what can be read is good
    mov     cx, TRIES
.Latapi_transfer_try:
    push    cx
    push    es
    push    di
    call    packet_clear
    IN_STATE mov byte ptr [STATE_PACKET], PACKET_READ10
    IN_STATE mov eax, [STATE_REQUEST_LBA]
    bswap   eax
    IN_STATE mov [STATE_PACKET + 2], eax
    IN_STATE mov ax, [STATE_REQUEST_COUNT]
    xchg    al, ah
    IN_STATE mov [STATE_PACKET + 7], ax
    call    atapi_packet
    pop     di
    pop     es
    pop     cx
    jnc     .Latapi_transfer_good
    cmp     ah, DISK_TIMEOUT
    je      .Latapi_transfer_done
    call    atapi_sense                 # the drive does nothing else before it has said why
    IN_STATE mov al, [STATE_SENSE + 2]
    and     al, 0x0F
    cmp     al, SENSE_UNIT_ATTENTION
    mov     ah, DISK_CONTROLLER
    loope   .Latapi_transfer_try
    mov     bx, offset sense_keys
.Latapi_transfer_key:
    mov     ah, cs:[bx + 1]
    cmp     al, cs:[bx]
    je      .Latapi_transfer_done
    add     bx, 2
    cmp     byte ptr cs:[bx], 0xFF
    jne     .Latapi_transfer_key
    mov     ah, cs:[bx + 1]
    jmp     .Latapi_transfer_done
.Latapi_transfer_good:
    IN_STATE mov ax, [STATE_REQUEST_COUNT]
    IN_STATE mov [STATE_REQUEST_DONE], ax
    xor     ah, ah
.Latapi_transfer_done:
    push    ax
    call    ata_interrupts_on
    pop     ax
    ret

# Zeroes the packet.
# Clobbers: EAX.
packet_clear:
    xor     eax, eax
    IN_STATE mov [STATE_PACKET], eax
    IN_STATE mov [STATE_PACKET + 4], eax
    IN_STATE mov [STATE_PACKET + 8], eax
    ret

# Fetches the sense data to STATE:[STATE_SENSE].
# In: STATE:SI drive.
# Clobbers: EAX, DX.
atapi_sense:
    push    cx
    push    es
    push    di
    call    packet_clear
    IN_STATE mov byte ptr [STATE_SENSE + 2], 0
    IN_STATE mov byte ptr [STATE_PACKET], PACKET_REQUEST_SENSE
    IN_STATE mov byte ptr [STATE_PACKET + 4], SENSE_BYTES
    push    STATE_SEGMENT
    pop     es
    mov     di, STATE_SENSE
    call    atapi_packet
    pop     di
    pop     es
    pop     cx
    ret

# Sends STATE:[STATE_PACKET] and takes the data that comes.
# In: STATE:SI drive, ES:DI buffer.
# Out: CF and AH DISK_CONTROLLER when the drive reports an error, DISK_TIMEOUT when it does not answer.
# Clobbers: AX, CX, DX, DI, ES.
atapi_packet:
    IN_STATE mov al, [si + DRIVE_SELECT]
    call    ata_select
    jc      .Latapi_packet_timeout
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_FEATURES
    xor     al, al                      # no DMA
    out     dx, al
    add     dx, ATA_LBA_MID - ATA_FEATURES
    mov     al, CD_SECTOR_BYTES & 0xFF  # at most a sector at a time
    out     dx, al
    inc     dx
    mov     al, CD_SECTOR_BYTES >> 8
    out     dx, al
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_COMMAND
    mov     al, COMMAND_PACKET
    out     dx, al
    call    ata_settle
    call    ata_wait
    jc      .Latapi_packet_timeout
    test    al, STATUS_DRQ
    jz      .Latapi_packet_error
    IN_STATE mov dx, [si + DRIVE_PORT]
    push    ds
    push    si
    push    STATE_SEGMENT
    pop     ds
    mov     si, STATE_PACKET
    mov     cx, PACKET_WORDS
    rep outsw
    pop     si
    pop     ds
.Latapi_packet_data:
    call    ata_settle
    call    ata_wait
    jc      .Latapi_packet_timeout
    test    al, STATUS_ERR
    jnz     .Latapi_packet_error
    test    al, STATUS_DRQ
    jz      .Latapi_packet_done         # the end; TEST has cleared CF
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_LBA_MID
    in      al, dx
    mov     cl, al
    inc     dx
    in      al, dx
    mov     ch, al
    IN_STATE mov dx, [si + DRIVE_PORT]
    push    cx
    inc     cx
    shr     cx, 1
    push    di
    rep insw
    pop     di
    pop     cx
    mov     ax, cx
    and     ax, 15
    add     di, ax
    shr     cx, 4
    mov     ax, es
    add     ax, cx
    mov     es, ax
    jmp     .Latapi_packet_data
.Latapi_packet_error:
    mov     ah, DISK_CONTROLLER
    stc
    ret
.Latapi_packet_timeout:
    mov     ah, DISK_TIMEOUT
.Latapi_packet_done:
    ret

.data
# Sense keys and what INT 13h calls them; FFh stands for all others.
sense_keys:
    .byte   SENSE_NOT_READY, DISK_NO_MEDIUM
    .byte   SENSE_MEDIUM_ERROR, DISK_UNCORRECTABLE
    .byte   SENSE_ILLEGAL_REQUEST, DISK_BAD_COMMAND
    .byte   0xFF, DISK_CONTROLLER
