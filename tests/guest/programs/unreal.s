# A boot sector that gives FS and GS a base of 0, a limit of 4 GiB and selector 10h in protected mode, goes back to real
# mode ("unreal mode"), and calls services of the BIOS. After each it reads through FS and GS what it has written above
# 1 MiB, and says on COM1 the letter of the service, or the letter in lower case where it did not find it. DS and ES,
# which services give back by their selectors, keep the limit.

.include "boot-sector.inc"

FLAT                    = 0x10
CD_FIRST                = 0xE0
BUFFER                  = 0x8000
FAR                     = 0x180000      # behind 1 MiB, with address line 20 low
MARK_FS                 = 0x31415926
MARK_GS                 = 0x27182818
CR0_PE                  = 1

# Calls a service and looks.
.macro SERVICE letter, number, function
    mov     ax, \function
    int     \number
    mov     al, \letter
    call    look
.endm

.text
    BOOT_SECTOR
    mov     [drive], dl
    cli
    lgdt    [table]
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    mov     bx, FLAT
    mov     ds, bx
    mov     es, bx
    mov     fs, bx
    mov     gs, bx
    and     al, ~CR0_PE
    mov     cr0, eax
    xor     ax, ax                      # DS and ES have usual bases again
    mov     ds, ax
    mov     es, ax
    sti
    mov     ebx, FAR
    mov     dword ptr fs:[ebx], MARK_FS
    mov     dword ptr gs:[ebx + 4], MARK_GS
    mov     al, '\n'
    call    put
    mov     dl, [drive]
    mov     dh, 0
    mov     bx, BUFFER
    mov     cx, 1
    SERVICE 'D', 0x13, 0x0201           # a sector of the disk
    mov     si, offset packet
    mov     dl, CD_FIRST
    SERVICE 'C', 0x13, 0x4200           # and of the CD
    mov     bx, 0x0007
    SERVICE 'T', 0x10, 0x0E2E           # a character on the screen,
    SERVICE 'V', 0x10, 0x0013           # a mode with pixels,
    mov     bx, 0x0007
    SERVICE 'P', 0x10, 0x0E2E           # and a character in that
    mov     bp, offset packet
    mov     bx, 0x0007
    mov     cx, 1
    xor     dx, dx
    SERVICE 'S', 0x10, 0x1300           # a string
    SERVICE 'M', 0x15, 0x8800           # memory
    SERVICE 'K', 0x16, 0x0100           # a key?
    SERVICE 'Z', 0x1A, 0x0000           # ticks
    mov     al, '!'
    call    put
1:  hlt
    jmp     1b

# Says a letter in upper case where FS, GS, DS and ES are as they were.
# In: AL letter.
# Clobbers: EAX, EBX.
look:
    mov     ebx, FAR
    cmp     dword ptr fs:[ebx], MARK_FS
    jne     1f
    cmp     dword ptr gs:[ebx + 4], MARK_GS
    jne     1f
    cmp     dword ptr ds:[ebx], MARK_FS
    jne     1f
    cmp     dword ptr es:[ebx + 4], MARK_GS
    je      put
1:  or      al, 0x20
    SERIAL_PUT

.balign 8
descriptors:
    .quad   0
    .quad   0
    .quad   0x008F92000000FFFF          # data, 4 GiB
table:
    .word   table - descriptors - 1
    .long   descriptors
packet:
    .byte   16, 0
    .word   1, BUFFER, 0
    .quad   16
drive:
    .byte   0
    BOOT_SECTOR_END
