# A boot sector that reads its whole medium by INT 13h, each sector by itself, and writes one. Sectors from 1 on begin
# with their number; words 504 and 506 and 508 hold heads, sectors a track and cylinders. It says on COM1: the drive,
# its kind by AH=08h, how many sectors were right, and the status of the write; then `end`.

.include "boot-sector.inc"

BUFFER                  = 0x9000

.text
    BOOT_SECTOR
    sti
    mov     [drive], dl
    mov     si, offset text_drive
    call    print
    mov     al, dl
    call    hex
    mov     ah, 8
    int     0x13
    push    0
    pop     es
    mov     si, offset text_kind
    call    print
    mov     al, bl
    call    hex

    xor     bp, bp                      # sectors that are right
    xor     esi, esi                    # number of the sector
    xor     cx, cx                      # CH cylinder, CL sector less one
    xor     dh, dh
next:
    mov     dl, [drive]
    mov     ax, 0x0201
    mov     bx, BUFFER
    push    cx
    inc     cx
    int     0x13
    pop     cx
    jc      wrong
    test    si, si
    jz      right                       # sector 0 is this program
    cmp     [BUFFER], esi
    jne     wrong
right:
    inc     bp
wrong:
    inc     si
    inc     cx
    cmp     cl, [sectors]
    jb      next
    mov     cl, 0
    inc     dh
    cmp     dh, [heads]
    jb      next
    mov     dh, 0
    inc     ch
    cmp     ch, [cylinders]
    jb      next

    mov     si, offset text_all
    call    print
    mov     ax, bp
    mov     al, ah
    call    hex
    mov     ax, bp
    call    hex
    mov     si, offset text_written
    call    print
    mov     ax, 0x0301
    mov     bx, BUFFER
    mov     cx, 2
    xor     dh, dh
    mov     dl, [drive]
    int     0x13
    mov     al, ah
    call    hex
    mov     si, offset text_end
    call    print
2:  hlt
    jmp     2b

    SERIAL_HEX

    SERIAL_PRINT

drive:
    .byte   0
text_drive:
    .asciz  "drive "
text_kind:
    .asciz  " kind "
text_all:
    .asciz  " all "
text_written:
    .asciz  " written "
text_end:
    .asciz  "\nend\n"

    .org    504
heads:
    .word   0
sectors:
    .word   0
cylinders:
    .word   0
    .word   0xAA55
