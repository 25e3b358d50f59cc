# The boot sector: 512 bytes that the BIOS loads to 0000:7C00 from a disk, a USB stick or (El Torito, no emulation) a
# CD. It reads the loader that lies after it on the drive to 0000:7E00 and jumps there. A PXE stack loads both to
# 0000:7C00 at once, and the boot sector knows it by the structure that ES:BX points to.
#
# Layout: docs/formats/boot-record.md. Code and messages end before offset 416; the image builder fills in the record.

.include "boot-record.inc"
.include "bootinfo.inc"

.intel_syntax noprefix
.code16

# Scratch memory, free at this time. PARAMETERS receives the result of INT 13h AH=48h.
PARAMETERS              = 0x600
PARAMETERS_BYTES        = 26            # the EDD 1.1 part
PARAMETERS_SECTOR_BYTES = PARAMETERS + 24
SECTORS_PER_TRACK       = 0x640         # u32
HEADS                   = 0x644         # u32
STATUS                  = 0x648         # u8    what the last disk request returned in AH
DRIVE                   = BOOT_INFO_ADDRESS + bi_drive
CD_SECTOR_BYTES         = 2048
TRIES                   = 4
PAUSE                   = 92            # x 65,536 microseconds: 6 s, before it begins anew
ENVIRONMENT_BYTES       = 6             # of PXENV+'s signature

.section .boot, "ax"

# Entry from the BIOS.
# In: DL BIOS drive number, or ES:BX PXENV+; everything else is undefined.
# Out: does not return; the loader starts with [DRIVE] = DL drive, DS = ES = SS = 0, SP = 7C00h, interrupts on.
.global boot_sector
boot_sector:
    cli
    push    es
    pop     fs
    xor     ax, ax
    mov     ss, ax
    mov     sp, BOOT_SECTOR
    mov     ds, ax
    mov     es, ax
    ljmp    0, offset boot_start        # some BIOSes enter with CS:IP = 07C0:0000

# Goes on where segments are known: reads the loader, unless it is there already, and starts it.
# In: DL drive, or FS:BX PXENV+.
boot_start:
    sti
    cld
    mov     si, bx
    mov     di, offset text_environment
    mov     cx, ENVIRONMENT_BYTES
    repe    cmps byte ptr fs:[si], byte ptr es:[di]
    je      LOADER_NETWORK
    mov     [DRIVE], dl
    mov     bp, TRIES

read_extended:                          # INT 13h extensions: the whole loader with one request
    mov     ah, 0x41
    mov     bx, 0x55AA
    call    disk
    jc      read_geometry
    cmp     bx, 0xAA55
    jne     read_geometry

    mov     si, PARAMETERS
    mov     word ptr [si], PARAMETERS_BYTES
    mov     ah, 0x48
    call    disk
    mov     eax, [RECORD_IMAGE_LBA]
    mov     cx, [RECORD_LOADER_SECTORS]
    mov     di, LOADER
    inc     eax
    cmp     word ptr [PARAMETERS_SECTOR_BYTES], CD_SECTOR_BYTES
    jne     1f
    shr     eax, 2                      # a CD sector holds four of ours: this one is read over itself
    add     cx, 1 + 3
    shr     cx, 2
    mov     di, BOOT_SECTOR
1:  push    0                           # disk address packet, last field first: u64 sector,
    push    0
    push    eax
    push    0                           # segment and offset of the buffer,
    push    di
    push    cx                          # number of sectors,
    push    16                          # size of the packet
    mov     si, sp
    mov     ah, 0x42
    call    disk
    lea     sp, [si + 16]
    jnc     loader_read
    call    reset
    dec     bp
    jnz     read_extended

read_geometry:                          # cylinder, head, sector: one sector at a time, so no track is crossed
    mov     ah, 8
    call    disk
    push    ds
    pop     es                          # AH=08h points ES:DI to a table
    jc      failed
    and     ecx, 63
    jz      failed
    mov     [SECTORS_PER_TRACK], ecx
    movzx   edx, dh
    inc     dx
    mov     [HEADS], edx
    mov     edi, [RECORD_IMAGE_LBA]
    mov     bx, LOADER

next_sector:
    inc     edi
    mov     bp, TRIES
try_sector:
    mov     eax, edi
    xor     edx, edx
    div     dword ptr [SECTORS_PER_TRACK]
    mov     cx, dx
    inc     cx                          # sectors count from 1
    xor     edx, edx
    div     dword ptr [HEADS]
    shl     ah, 6                       # cylinder bits 8 and 9
    or      cl, ah
    mov     ch, al
    mov     dh, dl
    mov     ax, 0x0201
    call    disk
    jnc     1f
    call    reset
    dec     bp
    jnz     try_sector
    jmp     failed
1:  add     bh, 2
    dec     word ptr [RECORD_LOADER_SECTORS]
    jnz     next_sector

loader_read:
    cmp     dword ptr [LOADER], LOADER_MAGIC
    mov     dl, [DRIVE]
    je      LOADER_DRIVE

# Says that the loader cannot be read, and begins anew after a while.
failed:                                 # also with STATUS 0: what was read is not a loader
    mov     di, offset text_drive
    mov     al, [DRIVE]
    call    put_hex
    mov     di, offset text_status
    mov     al, [STATUS]
    call    put_hex
    mov     si, offset text_failed
1:  lodsb
    test    al, al
    jz      2f
    push    ax
    mov     ah, 1                       # to COM1
    xor     dx, dx
    int     0x14
    pop     ax
    mov     ah, 0x0E                    # to the screen
    mov     bx, 7
    int     0x10
    jmp     1b
2:  mov     cx, PAUSE                   # it may have passed by then
    mov     ah, 0x86
    int     0x15
    ljmp    0xFFFF, 0                   # the reset entry of the BIOS

# Resets the boot drive; keeps STATUS.
# Clobbers: AX, DL.
reset:
    xor     ax, ax
    mov     dl, [DRIVE]
    int     0x13
    ret

# INT 13h for the boot drive.
# In: AH function and its arguments, all but DL.
# Out: as INT 13h, and [STATUS] = AH.
# Clobbers: DL.
disk:
    mov     dl, [DRIVE]
    int     0x13
    mov     [STATUS], ah
    ret

# Two hexadecimal digits.
# In: AL value, DI where they go.
# Clobbers: AX, DI.
put_hex:
    aam     16                          # AH = upper digit, AL = lower digit
    xchg    al, ah
    call    1f
    mov     al, ah
1:  cmp     al, 10
    sbb     al, 0x69
    das                                 # 0-9 -> '0'-'9', 10-15 -> 'A'-'F'
    stosb
    ret

text_failed:            .ascii "\r\nQuRe boot sector: drive "
text_drive:             .ascii "00h: no readable loader, BIOS status "
text_status:            .asciz "00h"
text_environment:       .ascii "PXENV+"

    .org    BOOT_RECORD_OFFSET
    .ascii  "QRBT"
    .word   1                           # version
    .word   0                           # loader sectors
    .long   0                           # image LBA
    .long   0                           # kernel sector
    .long   0                           # kernel image, sectors
    .long   0                           # boot image, sectors
    .long   0                           # disk signature
    .word   0
    .org    PARTITION_TABLE_OFFSET
    .space  PARTITION_ENTRIES * PARTITION_ENTRY_BYTES
    .org    SIGNATURE_OFFSET
    .word   0xAA55
