# A boot sector with a driver of its own for the diskette, as many have it that were only run in emulators: it never
# seeks. It says on COM1, twice, the second time after a reset of the controller, ST0 and the number that the sector at
# cylinder 7 (then 9), head 1, sector 5 begins with; then `end`.

.include "boot-sector.inc"

DOR                     = 0x3F2
DOR_ON                  = 0x1C          # motor A, DMA and interrupts, no reset
DOR_RESET               = 0x18
MAIN_STATUS             = 0x3F4
BUFFER                  = 0x1000

.text
    BOOT_SECTOR
    mov     dx, DOR
    mov     al, DOR_ON
    out     dx, al
    mov     byte ptr [cylinder], 7
    call    read
    mov     dx, DOR
    mov     al, DOR_RESET
    out     dx, al
    mov     al, DOR_ON
    out     dx, al
    mov     cx, 4                       # the drives report that they are ready
1:  mov     al, 0x08
    call    send
    call    receive
    call    receive
    loop    1b
    mov     byte ptr [cylinder], 9
    call    read
    mov     si, offset text_end
    call    print
2:  hlt
    jmp     2b

# Reads the sector and says what came.
read:
    mov     si, offset transfer         # a sector to BUFFER by channel 2
    mov     cx, 9
1:  lodsw
    mov     dl, al
    xor     dh, dh
    mov     al, ah
    out     dx, al
    loop    1b
    mov     si, offset command
    mov     cx, 12
2:  lodsb
    call    send
    loop    2b
    call    receive
    mov     si, offset text_st0
    push    ax
    call    print
    pop     ax
    call    hex
    mov     cx, 6
3:  call    receive
    loop    3b
    mov     si, offset text_number
    call    print
    mov     al, [BUFFER + 1]
    call    hex
    mov     al, [BUFFER]
    jmp     hex

# Sends AL to the controller when it waits for a byte.
send:
    push    ax
    mov     ah, 0x80
    call    await
    pop     ax
    inc     dx
    out     dx, al
    ret

# Waits for a byte of the result, AL.
receive:
    mov     ah, 0xC0
    call    await
    inc     dx
    in      al, dx
    ret

await:
    mov     dx, MAIN_STATUS
1:  in      al, dx
    and     al, 0xC0
    cmp     al, ah
    jne     1b
    ret

    SERIAL_HEX

    SERIAL_PRINT

# Ports and what they get: masked, the flip-flop, write to memory, address, page, 512 bytes, unmasked.
transfer:
    .byte   0x0A, 6, 0x0C, 0, 0x0B, 0x46, 0x04, BUFFER & 0xFF, 0x04, BUFFER >> 8, 0x81, 0, 0x05, 0xFF, 0x05, 1, 0x0A, 2
# SPECIFY, and READ DATA with MFM.
command:
    .byte   0x03, 0xDF, 0x02, 0x46, 0x04
cylinder:
    .byte   0, 1, 5, 2, 18, 0x1B, 0xFF
text_st0:
    .asciz  "st0 "
text_number:
    .asciz  " number "
text_end:
    .asciz  "\nend\n"

    BOOT_SECTOR_END
