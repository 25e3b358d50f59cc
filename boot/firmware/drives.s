# Which drives are there: POST's search of both IDE channels, the table of drives, and the geometry that INT 13h shows.

.include "firmware.inc"

.intel_syntax noprefix
.code16

ATA_COUNT               = 2
ATA_LBA_LOW             = 3
ATA_LBA_MID             = 4
ATA_STATUS              = 7
ATA_COMMAND             = 7
COMMAND_IDENTIFY        = 0xEC
COMMAND_IDENTIFY_PACKET = 0xA1
STATUS_ERR              = 0x01
STATUS_DRQ              = 0x08
DEVICE_FIRST            = 0xA0          # device register of drive 0; bit 4 for drive 1
DEVICE_SECOND_BIT       = 0x10
DEVICE_LBA              = 0x40
SIGNATURE_ATAPI         = 0xEB14        # LBA mid and high of a packet device

# IDENTIFY DEVICE, byte offsets of words 60, 83, 100
IDENTIFY_SECTORS        = 60 * 2        # u32
IDENTIFY_FEATURES       = 83 * 2        # bit 10: 48-bit commands
IDENTIFY_SECTORS48      = 100 * 2       # u64
IDENTIFY_LBA48          = 1 << 10

TRACK_SECTORS           = 63
CYLINDERS_MAX           = 1024
HEADS_MAX               = 255

# Offsets in a fixed disk's table of 16 bytes; what is not here is 0.
FIXED_CYLINDERS         = 0             # u16
FIXED_HEADS             = 2             # u8
FIXED_PRECOMPENSATION   = 5             # u16: FFFFh none
FIXED_CONTROL           = 8             # u8
FIXED_NO_RETRIES        = 0xC0
FIXED_MANY_HEADS        = 0x08
FIXED_LANDING_ZONE      = 12            # u16
FIXED_TRACK_SECTORS     = 14            # u8

.text

# Fills the table and the maps.
# In: DS = BDA.
# Clobbers: all but DS, FS, GS.
.global drives_init
drives_init:
    mov     si, STATE_DRIVES
    mov     bx, offset channels
1:  mov     ah, DEVICE_FIRST
2:  mov     cx, cs:[bx]
    IN_STATE mov [si + DRIVE_PORT], cx
    mov     cx, cs:[bx + 2]
    IN_STATE mov [si + DRIVE_CONTROL], cx
    IN_STATE mov [si + DRIVE_SELECT], ah
    push    ax
    push    bx
    call    drive_probe
    pop     bx
    pop     ax
    jc      3f
    add     si, DRIVE_BYTES
3:  xor     ah, DEVICE_SECOND_BIT
    test    ah, DEVICE_SECOND_BIT
    jnz     2b
    add     bx, 4
    cmp     bx, offset channels_end
    jb      1b
    IN_STATE mov byte ptr [si + DRIVE_TYPE], DRIVE_NONE
    IN_STATE mov al, [STATE_DISK_COUNT]
    mov     [BDA_DISKS], al
    mov     byte ptr [BDA_DISK_CONTROL], FIXED_NO_RETRIES
    ret

# Is there a drive?
# In: STATE:SI entry with ports and select.
# Out: entry filled and in its map, or CF.
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
drive_probe:
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_STATUS
    in      al, dx
    cmp     al, 0xFF                    # no channel: nobody drives the bus
    je      .Ldrive_probe_none
    IN_STATE mov al, [si + DRIVE_SELECT]
    call    ata_select
    jc      .Ldrive_probe_done
    IN_STATE mov dx, [si + DRIVE_PORT]   # registers of a drive that is there keep what they are given
    add     dx, ATA_COUNT
    mov     al, 0x55
    out     dx, al
    inc     dx
    mov     al, 0xAA
    out     dx, al
    in      al, dx
    cmp     al, 0xAA
    jne     .Ldrive_probe_none
    dec     dx
    in      al, dx
    cmp     al, 0x55
    jne     .Ldrive_probe_none

    mov     ah, COMMAND_IDENTIFY
    call    identify
    jc      .Ldrive_probe_packet
    call    disk_found
    jmp     .Ldrive_probe_found
.Ldrive_probe_packet:
    IN_STATE mov dx, [si + DRIVE_PORT]   # a CD drive refuses the command and shows its signature
    add     dx, ATA_LBA_MID
    in      al, dx
    mov     ah, al
    inc     dx
    in      al, dx
    xchg    al, ah
    cmp     ax, SIGNATURE_ATAPI
    jne     .Ldrive_probe_none
    mov     ah, COMMAND_IDENTIFY_PACKET
    call    identify
    jc      .Ldrive_probe_none
    call    cd_found
.Ldrive_probe_found:
    call    ata_interrupts_on
    clc
    ret
.Ldrive_probe_none:
    stc
.Ldrive_probe_done:
    ret

# Fetches what a drive says about itself.
# In: STATE:SI drive, selected, AH command.
# Out: its 512 bytes at POST_BUFFER, ES = 0; or CF.
# Clobbers: AX, CX, DX, DI.
identify:
    xor     di, di
    mov     es, di
    IN_STATE mov dx, [si + DRIVE_PORT]
    add     dx, ATA_COMMAND
    mov     al, ah
    out     dx, al
    call    ata_settle
    call    ata_wait
    jc      1f
    test    al, al
    jz      2f
    test    al, STATUS_ERR
    jnz     2f
    test    al, STATUS_DRQ
    jz      2f
    IN_STATE mov dx, [si + DRIVE_PORT]
    mov     di, POST_BUFFER
    mov     cx, 256
    rep insw
    clc
1:  ret
2:  stc
    ret

# Writes the table of parameters that INT 41h points to for the first disk, and INT 46h for the second (IBM AT Technical
# Reference, BIOS, FDPT).
# In: BX heads, CX cylinders, ES 0; the disk is not counted yet.
# Clobbers: AX, DI.
fixed_disk_table:
    IN_STATE movzx di, byte ptr [STATE_DISK_COUNT]
    cmp     di, 2
    jae     9f
    push    bx
    imul    ax, di, (0x46 - 0x41) * 4
    shl     di, 4
    add     di, STATE_FIXED_DISKS
    IN_STATE mov [di + FIXED_CYLINDERS], cx
    IN_STATE mov [di + FIXED_HEADS], bl
    IN_STATE mov word ptr [di + FIXED_PRECOMPENSATION], -1
    IN_STATE mov byte ptr [di + FIXED_CONTROL], FIXED_NO_RETRIES | FIXED_MANY_HEADS
    IN_STATE mov [di + FIXED_LANDING_ZONE], cx
    IN_STATE mov byte ptr [di + FIXED_TRACK_SECTORS], TRACK_SECTORS
    mov     bx, ax
    mov     es:[bx + 0x41 * 4], di
    mov     word ptr es:[bx + 0x41 * 4 + 2], STATE_SEGMENT
    pop     bx
9:  ret

# Enters a disk with its size and geometry.
# In: STATE:SI entry, IDENTIFY data, ES 0.
# Clobbers: EAX, EBX, ECX, EDX, DI.
disk_found:
    IN_STATE mov byte ptr [si + DRIVE_TYPE], DRIVE_DISK
    IN_STATE or byte ptr [si + DRIVE_SELECT], DEVICE_LBA
    IN_STATE mov word ptr [si + DRIVE_SECTOR_BYTES], 512
    mov     eax, es:[POST_BUFFER + IDENTIFY_SECTORS]
    xor     edx, edx
    test    word ptr es:[POST_BUFFER + IDENTIFY_FEATURES], IDENTIFY_LBA48
    IN_STATE setnz [si + DRIVE_LBA48]
    jz      1f
    mov     eax, es:[POST_BUFFER + IDENTIFY_SECTORS48]
    mov     edx, es:[POST_BUFFER + IDENTIFY_SECTORS48 + 4]
1:  IN_STATE mov [si + DRIVE_SECTORS], eax
    IN_STATE mov [si + DRIVE_SECTORS + 4], edx

    # Geometry: 63 sectors a track, and the fewest heads with which 1024 cylinders reach the end (Phoenix EDD 1.1)
    IN_STATE mov word ptr [si + DRIVE_TRACK_SECTORS], TRACK_SECTORS
    mov     bx, HEADS_MAX
    mov     cx, CYLINDERS_MAX
    test    edx, edx
    jnz     3f
    cmp     eax, TRACK_SECTORS * HEADS_MAX * CYLINDERS_MAX
    jae     3f
    mov     ecx, TRACK_SECTORS
    div     ecx                         # tracks
    mov     ebx, 16
2:  mov     ecx, ebx
    shl     ecx, 10
    cmp     eax, ecx
    jbe     4f
    add     bx, bx
    cmp     bx, 256
    jb      2b
    dec     bx
4:  xor     edx, edx
    div     ebx
    mov     cx, ax
    cmp     cx, 1
    adc     cx, 0                       # a disk smaller than a cylinder has one
3:  IN_STATE mov [si + DRIVE_HEADS], bx
    IN_STATE mov [si + DRIVE_CYLINDERS], cx
    call    fixed_disk_table
    mov     bx, STATE_DISK_COUNT
    mov     di, STATE_DISK_MAP

# Gives the next drive number to an entry.
# In: STATE:SI entry, BX its count, DI its map.
# Clobbers: AX, BX, DI.
map_add:
    IN_STATE movzx ax, byte ptr [bx]
    IN_STATE inc byte ptr [bx]
    add     di, ax
    lea     ax, [si - STATE_DRIVES]
    mov     bl, DRIVE_BYTES
    div     bl
    IN_STATE mov [di], al
    ret

# Enters a CD drive. How large the disc is need not be known.
# In: STATE:SI entry.
# Clobbers: AX, BX, DI.
cd_found:
    IN_STATE mov byte ptr [si + DRIVE_TYPE], DRIVE_CD
    IN_STATE mov word ptr [si + DRIVE_SECTOR_BYTES], 2048
    IN_STATE mov dword ptr [si + DRIVE_SECTORS], -1
    IN_STATE mov dword ptr [si + DRIVE_SECTORS + 4], -1
    mov     bx, STATE_CD_COUNT
    mov     di, STATE_CD_MAP
    jmp     map_add

# Looks up a drive number.
# In: DL drive number.
# Out: STATE:SI its entry, or CF.
# Clobbers: nothing.
.global drive_find
drive_find:
    push    bx
    movzx   bx, dl
    mov     si, STATE_CD_MAP
    sub     bl, FIRST_CD
    jnc     .Ldrive_find_cd
    mov     bl, dl
    IN_STATE cmp byte ptr [STATE_EMULATION], 0
    je      .Ldrive_find_real
    mov     bh, bl                      # an emulated drive takes the first number of its kind, the others move up
    IN_STATE xor bh, [STATE_CD_SPEC + SPEC_DRIVE]
    mov     si, STATE_EMULATED
    jz      .Ldrive_find_done           # CF is clear
    test    bh, 0x80
    mov     bh, 0
    jnz     .Ldrive_find_real
    dec     bl
.Ldrive_find_real:
    mov     si, STATE_DISK_MAP
    sub     bl, FIRST_DISK
    jnc     1f
    add     bl, FIRST_DISK
    mov     si, bx
    shl     si, 5                       # DRIVE_BYTES
    add     si, STATE_FLOPPIES
    IN_STATE cmp bl, [STATE_FLOPPY_COUNT]
    cmc
    jmp     .Ldrive_find_done
1:  IN_STATE cmp bl, [STATE_DISK_COUNT]
    jmp     2f
.Ldrive_find_cd:
    IN_STATE cmp bl, [STATE_CD_COUNT]
2:  cmc
    jc      .Ldrive_find_done
    IN_STATE movzx si, byte ptr [si + bx]
    shl     si, 5
    add     si, STATE_DRIVES
.Ldrive_find_done:
    pop     bx
    ret

# How many drives of its kind are there, diskettes or disks?
# In: DL drive number.
# Out: AL.
# Clobbers: AH.
.global drives_like
drives_like:
    IN_STATE mov al, [STATE_FLOPPY_COUNT]
    mov     ah, dl
    test    dl, FIRST_DISK
    jz      1f
    IN_STATE mov al, [STATE_DISK_COUNT]
1:  IN_STATE xor ah, [STATE_CD_SPEC + SPEC_DRIVE]
    shl     ah, 1                       # CF: of the other kind
    cmc
    sbb     ah, ah
    IN_STATE and ah, [STATE_EMULATION]
    add     al, ah
    ret

.data
# IDE channels in compatibility mode: command block, device control.
channels:
    .word   0x1F0, 0x3F6
    .word   0x170, 0x376
channels_end:
