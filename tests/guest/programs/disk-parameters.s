# A boot sector that asks INT 13h AH=48h for its drive and for one that is not there, with room for each part of the
# answer, and says on COM1 what it got, word by word: from the size on, without the geometry and the pointer.

.include "boot-sector.inc"

BUFFER                  = 0x8000
FLAGS                   = 2
SECTORS                 = 16
PATH                    = 30
LONGEST                 = 74

.text
    BOOT_SECTOR
    mov     [drive], dl
    mov     bx, 0x55AA
    mov     ah, 0x41
    int     0x13
    mov     al, 0
    call    show                        # version
    and     cx, ~2                      # SeaBIOS claims to lock drives
    mov     ax, cx
    call    show
    call    row
    mov     si, offset rooms
1:  lodsw
    test    ax, ax
    jz      2f
    mov     di, BUFFER
    mov     [di], ax
    add     di, 2
    mov     cx, LONGEST / 2
    xor     ax, ax
    rep stosw
    push    si
    mov     si, BUFFER
    mov     ah, 0x48
    mov     dl, [drive]
    int     0x13
    sbb     ax, ax
    call    show
    mov     ax, [si]
    call    show
    mov     ax, [si + FLAGS]
    call    show
    mov     ax, [si + SECTORS]
    call    show
    add     si, PATH
3:  lodsw
    call    show
    cmp     si, BUFFER + LONGEST
    jb      3b
    call    row
    pop     si
    jmp     1b
2:  mov     al, '!'
    call    put
1:  hlt
    jmp     1b

# A new row.
row:
    mov     al, '\n'                    # and on in `put`
    SERIAL_PUT
    SERIAL_SHOW

rooms:                  .word 25, 26, 30, 65, 66, 74, 0
drive:                  .byte 0
    BOOT_SECTOR_END
