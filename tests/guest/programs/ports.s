# A boot sector that asks the firmware for its serial ports and printers: it says on COM1 which the BIOS data area
# names, and what INT 11h, 14h and 17h answer; COM2 to COM4 and the printer each get something of their own.

.include "boot-sector.inc"

BDA_COM                 = 0x400
BDA_LPT                 = 0x408

.text
    BOOT_SECTOR
    sti
    mov     si, BDA_COM
    mov     cx, 7                       # COM1 to COM4, LPT1 to LPT3
1:  lodsw
    call    show
    loop    1b
    int     0x11
    and     ax, 0xCE00                  # how many there are of each
    call    show
    call    row
    mov     dx, 1
1:  mov     ax, 0x00E3                  # 9600 baud, 8N1
    int     0x14
    mov     ax, 0x0141
    add     al, dl
    int     0x14
    and     ah, 0x80                    # no time-out
    mov     al, 0
    call    show
    inc     dx
    cmp     dx, 4
    jb      1b
    call    row
    xor     dx, dx
    mov     ax, 0x0100
    int     0x17
    mov     al, 0
    call    show
    mov     ax, 0x0050
    int     0x17
    mov     si, offset text_more
1:  lodsb
    test    al, al
    jz      2f
    mov     ah, 0
    int     0x17
    jmp     1b
2:  mov     ah, 2
    int     0x17
    and     ah, 0x39                    # not whether it has got over the last one
    mov     al, 0
    call    show
    call    row
    mov     si, offset text_end
    call    print
3:  hlt
    jmp     3b

    SERIAL_SHOW

    SERIAL_PRINT

# A new row.
row:
    mov     al, '\n'                    # and on in `put`
    SERIAL_PUT

text_more:              .asciz "aper"
text_end:               .asciz "end\n"
    BOOT_SECTOR_END
