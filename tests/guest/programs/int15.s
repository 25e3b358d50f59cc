# A boot sector that asks the firmware for the mouse and for power management by INT 15h, and says on COM1 what it
# answers: AX BX CX DX SI DI and CF. What lies at addresses of each firmware's own is shown as 0 or 1. It ends by
# switching the machine off.

.include "boot-sector.inc"

PACKETS                 = 3
OWN_CODE_32             = 0x08
DATA                    = 0x10
OWN_CODE_16             = 0x18
APM_CODE_32             = 0x20
APM_CODE_16             = 0x28
APM_DATA                = 0x30

.macro ASK function, b=0, c=0
    mov     ax, \function
    mov     bx, \b
    mov     cx, \c
    call    ask
.endm

.text
    BOOT_SECTOR
    mov     ax, 0x0204
    mov     bx, 0x7E00
    mov     cx, 2
    mov     dh, 0
    int     0x13
    jmp     main

# Asks, and shows the answer.
# In: AX, BX, CX.
ask:
    mov     edx, 0x1111
    mov     esi, 0x2222
    mov     edi, 0x3333
    int     0x15

# Registers and CF.
show_all:
    pushf
    push    di
    push    si
    push    dx
    push    cx
    push    bx
    call    show
    mov     cx, 5
1:  pop     ax
    call    show
    loop    1b
    pop     ax
    and     ax, 1
    call    show

# A new row.
row:
    mov     al, '\n'                    # and on in `put`
    SERIAL_PUT

    SERIAL_SHOW

    BOOT_SECTOR_END

main:
    int     0x11
    and     ax, 4                       # a mouse
    call    show
    call    row
    ASK     0xC205, 0x0400              # packets of four bytes
    ASK     0xC205, 0x0300
    ASK     0xC200, 0x0100              # no handler yet
    push    es
    ASK     0xC207, "offset handler"
    pop     es
    ASK     0xC204
    ASK     0xC203, 0x0200
    ASK     0xC203, 0x0400
    ASK     0xC202, 0x0400
    ASK     0xC202, 0x0700
    ASK     0xC206, 0x0000
    ASK     0xC206, 0x0200
    ASK     0xC206, 0x0000
    ASK     0xC206, 0x0300
    ASK     0xC208
    ASK     0xC200, 0x0200
    ASK     0xC200, 0x0100
    mov     al, '!'
    call    put
    call    row
1:  sti
    hlt
    cmp     word ptr [packets], PACKETS
    jb      1b
    ASK     0xC200, 0x0000
    ASK     0xC207, 0
    ASK     0xC201

    ASK     0x5300
    ASK     0x5304
    ASK     0x5301
    ASK     0x5304
    mov     ax, 0x5302
    xor     bx, bx
    xor     cx, cx
    mov     di, 0x3333
    mov     si, 0x2222
    mov     dx, 0x1111
    int     0x15
    mov     [entry_16], bx
    mov     bx, 0
    call    show_all
    ASK     0x5304
    mov     ax, 0x5303
    xor     ebx, ebx
    xor     cx, cx
    mov     edx, 0x1111
    int     0x15
    mov     [entry_32], ebx
    push    esi
    mov     bx, 0
    call    show_all
    pop     ax
    pop     ax
    call    show
    call    row
    ASK     0x5305
    ASK     0x5306
    ASK     0x5307, 1, 1
    ASK     0x5307, 2, 3
    ASK     0x5308, 1, 1
    ASK     0x530A, 1
    ASK     0x530B
    ASK     0x530E, 0, 0x0102
    ASK     0x530F, 1, 1
    ASK     0x5310

    cli
    lgdt    [gdt_register]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    OWN_CODE_16, offset 1f
1:  mov     ax, DATA
    mov     ss, ax
    mov     ax, APM_DATA
    mov     es, ax
    mov     ax, 0x530A
    mov     bx, 1
    mov     si, 0x2222
    mov     di, 0x3333
    lcall   [entry_16]
    pushad
    pushf
    ljmp    OWN_CODE_32, offset in_32
.code32
in_32:
    mov     ax, 0x530E
    mov     bx, 1
    lcall   [entry_32]
    pushad
    ljmp    OWN_CODE_16, offset in_16
.code16
in_16:
    mov     eax, cr0
    and     al, ~1
    mov     cr0, eax
    ljmp    0, offset 1f
1:  xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    popad
    call    show_all
    popf
    popad
    call    show_all
    ASK     0x5307, 1, 3
1:  hlt
    jmp     1b

# What the firmware calls with a packet.
handler:
    mov     bp, sp
    push    ds
    push    0
    pop     ds
    mov     cx, 4
1:  mov     ax, [bp + 10]
    call    show
    sub     bp, 2
    loop    1b
    call    row
    inc     word ptr [packets]
    pop     ds
    retf

.data
packets:                .word 0
entry_16:               .word 0, APM_CODE_16
entry_32:               .word 0, 0, APM_CODE_32
.balign 8
gdt:
    .quad   0
    .quad   0x00CF9A000000FFFF
    .quad   0x00CF92000000FFFF
    .quad   0x00009A000000FFFF
    .quad   0x00409A0F0000FFFF
    .quad   0x00009A0F0000FFFF
    .quad   0x0000920F0000FFFF
gdt_register:
    .word   gdt_register - gdt - 1
    .long   gdt
