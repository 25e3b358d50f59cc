# Which diskette drives are there: CMOS says so. Their entries in the table of drives, and their geometry.

.include "firmware.inc"

.intel_syntax noprefix
.code16

DOR                     = 0x3F2
KINDS_MAX               = 5
FIRST_ABLE              = 0x07          # drive 0 tells of changes, has several rates, and its kind is known;
BOTH_ABLE               = 0x77          # drive 1, too
DMA2_MASK               = 0xD4
DMA2_MODE               = 0xD6
DMA_CASCADE             = 0xC0

.text

# POST: opens DMA channels 0-3, also for cards that programs drive; enters the drives that CMOS names, and sets up the
# controller.
# In: DS = BDA.
# Clobbers: AX, BX, CX, DX, SI.
.global floppies_init
floppies_init:
    mov     al, DMA_CASCADE
    out     DMA2_MODE, al
    xor     al, al
    out     DMA2_MASK, al               # channel 4 lets channels 0-3 through
    mov     al, CMOS_FLOPPIES
    call    cmos_read
    mov     ah, al
    mov     si, STATE_FLOPPIES
    shr     al, 4
    call    floppy_enter
    mov     al, ah
    and     al, 15
    call    floppy_enter
    IN_STATE mov al, [STATE_FLOPPY_COUNT]
    test    al, al
    jz      9f
    cmp     al, 2
    mov     al, FIRST_ABLE
    jb      1f
    mov     al, BOTH_ABLE
1:  mov     [BDA_FLOPPY_DRIVES], al
    mov     dx, DOR
    xor     al, al
    out     dx, al
    jmp     floppy_reset
9:  ret

# Enters one drive.
# In: AL kind (0: none), STATE:SI entry.
# Out: SI the next entry.
# Clobbers: BX.
floppy_enter:
    movzx   bx, al
    cmp     bl, KINDS_MAX
    ja      1f
    test    bl, bl
    jz      1f
    IN_STATE mov byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    IN_STATE mov [si + DRIVE_SELECT], bl
    IN_STATE mov bl, [STATE_FLOPPY_COUNT]
    IN_STATE mov [si + DRIVE_PORT], bx
    IN_STATE inc byte ptr [STATE_FLOPPY_COUNT]
    IN_STATE mov word ptr [si + DRIVE_HEADS], 2
    IN_STATE mov word ptr [si + DRIVE_SECTOR_BYTES], 512
    IN_STATE mov bl, [si + DRIVE_SELECT]
    shl     bx, 2
    push    ax
    mov     ax, cs:[bx + kinds - 4]
    IN_STATE mov [si + DRIVE_CYLINDERS], ax
    mov     ax, cs:[bx + kinds - 2]
    IN_STATE mov [si + DRIVE_TRACK_SECTORS], ax
    IN_STATE mul word ptr [si + DRIVE_CYLINDERS]
    add     ax, ax
    IN_STATE mov [si + DRIVE_SECTORS], ax
    pop     ax
    add     si, DRIVE_BYTES
1:  ret

.data
# Cylinders and sectors a track of the kinds of drives: 360 KB, 1.2 MB, 720 KB, 1.44 MB, 2.88 MB.
kinds:
    .word   40, 9, 80, 15, 80, 9, 80, 18, 80, 36
