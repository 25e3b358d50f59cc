# A boot sector for whoever watches a screen: it writes a word in yellow on blue, then every key that is typed; x
# switches the machine off.

.include "boot-sector.inc"

PM1A_CONTROL            = 0x604         # where the emulated PC's firmware puts it
SLEEP_OFF               = 0x2000

.text
    BOOT_SECTOR
    sti
    mov     ax, 0x0003
    int     0x10
    mov     si, offset text
2:  lodsb
    test    al, al
    jz      key
    mov     ah, 0x09
    mov     bx, 0x001E
    mov     cx, 1
    int     0x10
    call    put
    jmp     2b
key:
    xor     ax, ax
    int     0x16
    cmp     al, 'x'
    je      off
    call    put
    jmp     key
off:
    mov     dx, PM1A_CONTROL
    mov     ax, SLEEP_OFF
    out     dx, ax
3:  hlt
    jmp     3b

# Writes AL like a terminal.
put:
    mov     ah, 0x0E
    mov     bx, 0x0007
    int     0x10
    ret

text:
    .asciz  "hello "
    BOOT_SECTOR_END
