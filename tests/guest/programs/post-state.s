# Sends to port E9h what POST has left, as tests/systems/post-state.test.ts takes it apart: registers, the chips, the
# vectors with two bytes of what each leads to, the data areas, CMOS, and the configuration of all PCI functions.

.include "boot-sector.inc"

DEBUG_PORT              = 0xE9
MARK                    = 0x02
MARKS                   = 16
VECTORS                 = 256
BDA                     = 0x400
BDA_EBDA                = 0x40E
CMOS_BYTES              = 128
PCI_ADDRESS             = 0xCF8
PCI_DATA                = 0xCFC
PCI_ENABLE              = 0x80000000
PCI_FUNCTIONS           = 256
PCI_DWORDS              = 64

start:
    pushf                               # as INT 19h has handed over: 13 words
    push    ss
    push    es
    push    ds
    push    cs
    pusha
    mov     si, sp
    cli
    cld
    push    ss
    pop     ds
    mov     dx, DEBUG_PORT
    mov     al, MARK                    # SeaBIOS has said other things there
    mov     cx, MARKS
0:  out     dx, al
    loop    0b
    mov     cx, 26
    call    send
    xor     ax, ax
    mov     ds, ax
    ljmp    0, offset 1f
1:

    mov     si, offset ports
2:  lodsw
    xchg    dx, ax
    test    dx, dx
    jz      3f
    in      al, dx
    out     DEBUG_PORT, al
    jmp     2b
3:
    mov     al, 0xEE                    # the three counters: status alone
    out     0x43, al
    in      al, 0x40
    out     DEBUG_PORT, al
    in      al, 0x41
    out     DEBUG_PORT, al
    in      al, 0x42
    out     DEBUG_PORT, al
    mov     al, 0x20                    # the keyboard controller: command byte, output port
    call    controller
    mov     al, 0xD0
    call    controller
    not     ax                          # address line 20: 0 while it is open
    mov     [0x500], ax
    mov     si, 0xFFFF
    mov     es, si
    not     ax
    mov     es:[0x510], ax
    cmp     [0x500], ax
    sete    al
    out     DEBUG_PORT, al

    xor     si, si
    mov     cx, VECTORS * 4
    call    send
    xor     si, si
2:  les     bx, [si]
    mov     al, es:[bx]
    out     DEBUG_PORT, al
    mov     al, es:[bx + 1]
    out     DEBUG_PORT, al
    add     si, 4
    cmp     si, VECTORS * 4
    jb      2b
    mov     si, BDA
    mov     cx, 256
    call    send
    mov     ds, [BDA_EBDA]
    xor     si, si
    mov     cx, 1024
    call    send
    mov     ds, cx
3:  mov     al, cl
    out     0x70, al
    in      al, 0x71
    out     DEBUG_PORT, al
    inc     cx
    cmp     cx, CMOS_BYTES
    jb      3b

    mov     esi, PCI_ENABLE
4:  mov     edi, esi
    call    pci_read
    inc     eax
    jz      6f                          # nobody there
    mov     eax, esi
    shr     eax, 8
    out     DEBUG_PORT, al
5:  call    pci_read
    out     DEBUG_PORT, al
    shr     eax, 8
    out     DEBUG_PORT, al
    shr     eax, 8
    out     DEBUG_PORT, al
    shr     eax, 8
    out     DEBUG_PORT, al
    add     edi, 4
    test    edi, 0xFF
    jnz     5b
6:  add     esi, 0x100
    test    esi, 0xFF00
    jnz     4b
7:  hlt
    jmp     7b

# Reads four bytes of a PCI function's configuration.
# In: EDI address.
# Out: EAX.
# Clobbers: DX.
pci_read:
    mov     dx, PCI_ADDRESS
    mov     eax, edi
    out     dx, eax
    mov     dx, PCI_DATA
    in      eax, dx
    ret

# Sends bytes.
# In: DS:SI bytes, CX number.
# Clobbers: CX, DX, SI.
send:
    mov     dx, DEBUG_PORT
    rep outsb
    ret

# Sends what the keyboard controller answers to a command.
# In: AL command.
# Clobbers: AL.
controller:
    out     0x64, al
1:  in      al, 0x64
    test    al, 1
    jz      1b
    in      al, 0x60
    out     DEBUG_PORT, al
    ret

ports:                                  # masks, requests, edges or levels, speaker, address line 20, keyboard
    .word   0x21, 0xA1, 0x20, 0xA0, 0x4D0, 0x4D1, 0x61, 0x92, 0x64, 0
    BOOT_SECTOR_END
