# A boot sector that looks for what programs expect at fixed places of a PC's BIOS, and says it on COM1: vectors and
# tables as segment and offset, services that are called without their interrupts as what they answer.

.include "boot-sector.inc"

BIOS                    = 0xF000
BAUD_RATES              = 0xE729
DISKETTE                = 0xEFC7 + 1    # the first byte is the step rate, which is a matter of taste
FONT                    = 0xFA6E

# Calls a service at its place, as its interrupt would.
.macro SERVICE at, function=0
    mov     ax, \function
    pushf
    lcall   BIOS, \at
.endm

# Shows a vector.
.macro VECTOR number
    mov     ax, [\number * 4 + 2]
    call    show
    mov     ax, [\number * 4]
    call    show
.endm

.text
    BOOT_SECTOR
    mov     al, '\n'
    call    put
    VECTOR  0x02
    VECTOR  0x6F
    mov     ah, 0xC0
    int     0x15
    mov     ax, es
    call    show
    mov     ax, bx
    call    show
    mov     ax, BIOS
    mov     es, ax
    mov     ax, es:[DISKETTE]
    call    show
    mov     ax, es:[BAUD_RATES]
    call    show
    mov     al, es:[FONT + 'A' * 8 + 3]
    cmp     al, 1                       # a letter has pixels in its middle, a blank has none
    sbb     al, es:[FONT + ' ' * 8 + 3]
    mov     ah, 0
    cmp     al, 1
    sbb     ax, ax
    inc     ax
    call    show
    SERVICE 0xF065, 0x0F00              # INT 10h: columns and mode
    call    show
    SERVICE 0xF841                      # INT 12h, less what the interrupt says
    mov     bx, ax
    int     0x12
    sub     ax, bx
    call    show
    SERVICE 0xF84D                      # INT 11h, likewise
    mov     bx, ax
    int     0x11
    sub     ax, bx
    call    show
    SERVICE 0xF859, 0x8800              # INT 15h, likewise
    mov     bx, ax
    mov     ah, 0x88
    int     0x15
    sub     ax, bx
    call    show
    SERVICE 0xE82E, 0x0100              # INT 16h: no key
    sete    al
    mov     ah, 0
    call    show
    SERVICE 0xE739, 0x03FF              # INT 14h: of no port
    mov     ax, 0
    call    show
    SERVICE 0xFE6E, 0x0200              # INT 1Ah: the time is there
    sbb     ax, ax
    call    show
    mov     al, '!'
    call    put
1:  hlt
    jmp     1b

    SERIAL_SHOW
    SERIAL_PUT
    BOOT_SECTOR_END
