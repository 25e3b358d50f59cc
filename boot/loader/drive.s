# Reading the boot drive through the BIOS: with the INT 13h extensions where they are, by cylinder, head and sector
# where not. Sectors are counted in units of 512 bytes whatever the drive's own sector size is.

.include "loader.inc"

.intel_syntax noprefix
.code16

PARAMETERS_BYTES        = 26            # result of AH=48h, EDD 1.1
PARAMETERS_SECTOR_BYTES = 24
TRIES                   = 4
PAUSE_TICKS             = 9             # 0.5 s, from the second try on
STATUS_NO_COMMAND       = 0x01          # of the BIOS, for what is not there and will not come:
STATUS_NO_SECTOR        = 0x04

.text

# Finds out how the boot drive is read.
# In: [bi_drive].
# Out: [bi_sector_bytes], [bi_media], the variables below. Ends the boot if it cannot be read.
# Clobbers: EAX, EBX, ECX, EDX, SI, EDI.
.global drive_open
drive_open:
    mov     word ptr [BOOT_INFO_ADDRESS + bi_sector_bytes], 512
    mov     ah, 0x41
    mov     bx, 0x55AA
    call    disk
    jc      drive_geometry
    cmp     bx, 0xAA55
    jne     drive_geometry
    test    cl, 1                       # packet interface
    jz      drive_geometry
    mov     byte ptr [extended], 1
    mov     word ptr [access], offset text_packet

    mov     si, SECTOR_PARAMETERS
    mov     word ptr [si], PARAMETERS_BYTES
    mov     word ptr [si + PARAMETERS_SECTOR_BYTES], 0
    mov     ah, 0x48
    call    disk
    jc      drive_geometry
    movzx   eax, word ptr [SECTOR_PARAMETERS + PARAMETERS_SECTOR_BYTES]
    test    ax, ax                      # some BIOSes leave the field out
    jz      drive_geometry
    mov     [sector_bytes], eax
    mov     [BOOT_INFO_ADDRESS + bi_sector_bytes], ax
    cmp     ax, 512
    je      drive_geometry
    cmp     ax, CD_SECTOR_BYTES
    mov     si, offset text_sector_size
    jne     fail
    mov     byte ptr [sector_shift], 2
    mov     byte ptr [BOOT_INFO_ADDRESS + bi_media], BOOT_MEDIA_CD
    mov     dword ptr [BOOT_INFO_ADDRESS + bi_partition], -1 # the table is for the stick that holds the CD's image
    ret                                 # a CD has no cylinders

drive_geometry:                         # also for drives with extensions, as the way out when these fail
    mov     ah, 8
    xor     di, di
    call    disk
    push    ds
    pop     es                          # AH=08h points ES:DI to a table
    mov     si, offset text_no_access
    jc      1f
    and     ecx, 63
    jz      1f
    mov     [sectors_per_track], ecx
    movzx   edx, dh
    inc     edx
    mov     [heads], edx
    ret
1:  cmp     byte ptr [extended], 0
    je      fail
    ret

# Reads sectors to the bounce buffer.
# In: EAX first sector on the drive, ECX number, 1 to CHUNK_SECTORS (both in units of 512 bytes).
# Out: ESI linear address of the data. Ends the boot with a sentence if it cannot be read.
# Clobbers: EAX, EBX, ECX, EDX, EDI.
.global drive_read
drive_read:
    mov     esi, eax
    mov     ebx, ecx
    mov     cl, [sector_shift]
    mov     edx, 1
    shl     edx, cl
    dec     edx                         # sectors of 512 bytes in a sector of the drive, less one
    and     esi, edx                    # how many of them to skip
    add     ebx, esi
    add     ebx, edx
    shr     ebx, cl                     # requests count in the drive's sectors
    shr     eax, cl
    mov     [lba], eax
    shl     esi, 9
    add     esi, BOUNCE
    push    esi
    mov     word ptr [buffer_segment], BOUNCE_SEGMENT
    mov     word ptr [request_most], -1

.Ldrive_read_turn:
    mov     [sectors_left], ebx         # each turn reads as much as one request can
    cmp     bx, [request_most]
    jbe     1f
    mov     bx, [request_most]
1:  mov     [request], bx
    mov     byte ptr [tries], TRIES
.Ldrive_read_request:
    call    read_once
    jnc     .Ldrive_read_read
    call    try_again
    jnz     .Ldrive_read_request
    cmp     word ptr [request], 1       # perhaps only one of the sectors is bad: read up to it
    je      .Ldrive_read_single_failed
    mov     word ptr [request], 1
    mov     word ptr [request_most], 1
    mov     byte ptr [tries], TRIES
    jmp     .Ldrive_read_request
.Ldrive_read_single_failed:
    mov     byte ptr [unread], 1
    cmp     byte ptr [extended], 0      # last resort of a disk with a geometry
    mov     si, offset text_read
    je      fail
    cmp     dword ptr [heads], 0
    je      fail
    mov     byte ptr [unread], 0
    mov     byte ptr [extended], 0
    mov     word ptr [access], offset text_chs
    mov     byte ptr [tries], TRIES
    jmp     .Ldrive_read_request

.Ldrive_read_read:
    movzx   eax, word ptr [request]
    add     [lba], eax
    mov     ebx, [sectors_left]
    sub     ebx, eax
    mov     cl, [sector_shift]
    shl     ax, cl
    shl     ax, 5                       # sectors of 512 bytes to paragraphs
    add     [buffer_segment], ax
    test    ebx, ebx
    jnz     .Ldrive_read_turn
    pop     esi
    ret

# After a request that has failed: resets the drive, and gives it time once it has failed twice in a row.
# In: AH BIOS status; [tries] left.
# Out: [tries] one less; ZF when none is left.
# Clobbers: AX, CX, EDX.
try_again:
    mov     [status], ah
    xor     ax, ax
    call    disk                        # reset
    cmp     byte ptr [tries], TRIES
    je      1f
    cmp     byte ptr [tries], 1
    je      1f
    mov     cx, PAUSE_TICKS
    call    pause
1:  dec     byte ptr [tries]
    ret

# Reads a sector to the bounce buffer; for disks, and for what need not be there.
# In: EAX sector of 512 bytes.
# Out: ESI linear address of the data; CF when it cannot be read.
# Clobbers: EAX, EBX, ECX, EDX, SI.
.global drive_read_one
drive_read_one:
    mov     bx, BOUNCE_SEGMENT

# Moves a sector from the drive to a segment, or the other way.
# In: EAX sector, BX segment.
# Out: ESI linear address of the bounce buffer; CF on failure.
# Clobbers: EAX, EBX, ECX, EDX.
drive_move_one:
    mov     [lba], eax
    mov     [buffer_segment], bx
    mov     word ptr [request], 1
    mov     byte ptr [tries], TRIES
1:  call    read_once
    jnc     2f
    cmp     ah, STATUS_NO_COMMAND
    je      3f
    cmp     ah, STATUS_NO_SECTOR
    je      3f
    call    try_again
    jnz     1b
3:  stc
2:  mov     esi, BOUNCE
    ret

# Writes the record of slots.
# In: EAX sector of 512 bytes.
# Out: CF when it cannot be written.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
.global drive_write
drive_write:
    mov     bx, SLOT_RECORD / 16
    inc     byte ptr [writes]
    call    drive_move_one
    dec     byte ptr [writes]           # keeps CF
    ret

# One request.
# In: [lba], [request] sectors, [buffer_segment].
# Out: CF and AH = BIOS status on failure; [request] is what was really asked for.
# Clobbers: EAX, EBX, ECX, EDX, SI.
read_once:
    cmp     byte ptr [extended], 0
    je      read_chs
    mov     si, offset packet
    mov     ax, [request]
    mov     [count], ax                 # the BIOS puts there what it has read
    mov     ax, 0x4200
    add     ah, [writes]
    jmp     disk

read_chs:
    mov     eax, [lba]
    xor     edx, edx
    div     dword ptr [sectors_per_track]
    mov     ebx, [sectors_per_track]
    sub     ebx, edx                    # a request stays within its track
    cmp     bx, [request]
    jae     1f
    mov     [request], bx
1:  lea     cx, [edx + 1]               # sectors count from 1
    xor     edx, edx
    div     dword ptr [heads]
    cmp     eax, 1023
    ja      2f
    shl     ah, 6                       # cylinder bits 8 and 9
    or      cl, ah
    mov     ch, al
    mov     dh, dl
    mov     al, byte ptr [request]
    mov     ah, 2
    add     ah, [writes]
    push    es
    push    word ptr [buffer_segment]
    pop     es
    xor     bx, bx
    call    disk
    pop     es
    ret
2:  mov     ah, 1                       # what a BIOS says to a sector that CHS cannot name
    stc
    ret

# INT 13h for the boot drive.
# In: as INT 13h but DL.
# Out: as INT 13h.
disk:
    mov     dl, [BOOT_INFO_ADDRESS + bi_drive]
    int     0x13
    ret

.data
.balign 4
packet:                                 # disk address packet
    .byte   16, 0
count:          .word 0
buffer_offset:  .word 0
buffer_segment: .word 0
lba:            .long 0, 0
sectors_left:   .long 0
request:        .word 0, 0
request_most:   .word 0                 # 1 after a request that has failed as a whole
sectors_per_track: .long 0
heads:          .long 0                 # 0: the drive has no geometry
sector_bytes:   .long 512
status:         .byte 0
extended:       .byte 0
sector_shift:   .byte 0
tries:          .byte 0
writes:         .byte 0                 # 1 while a request writes
.global unread
unread:         .byte 0                 # 1 when the boot ends because a sector cannot be read
access:         .word text_chs

text_chs:       .asciz "cylinder, head, sector"
text_packet:    .asciz "INT 13h extensions"

text_no_access:
    .ascii  "drive "
    HEX8    BOOT_INFO_ADDRESS + bi_drive
    .asciz  "h answers neither to the INT 13h extensions nor with its geometry"
text_sector_size:
    .ascii  "drive "
    HEX8    BOOT_INFO_ADDRESS + bi_drive
    .ascii  "h has sectors of "
    DECIMAL sector_bytes
    .asciz  " bytes; 512 or 2048 can be read"
text_read:
    .ascii  "kernel image: drive "
    HEX8    BOOT_INFO_ADDRESS + bi_drive
    .ascii  "h cannot read its sector "
    DECIMAL lba
    .ascii  " ("
    DECIMAL sector_bytes
    .ascii  " bytes, by "
    TEXT    access
    .ascii  "), BIOS status "
    HEX8    status
    .asciz  "h"
