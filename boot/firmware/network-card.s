# The network card of the firmware's own client: an Intel 82540EM, by polling. Source: Intel, PCI/PCI-X Family of
# Gigabit Ethernet Controllers Software Developer's Manual (317453), chapters 3, 13, 14.

.include "firmware.inc"
.include "card.inc"
.include "e1000.inc"
.include "network.inc"

.intel_syntax noprefix
.code16

PCI_COMMAND             = 0x04
PCI_BAR0                = 0x10
COMMAND_MEMORY_MASTER   = 0x06
BAR_ADDRESS             = 0xFFFFFFF0
CARD_ID                 = 0x100E8086
CR0_PE                  = 1
RESET_US                = 10000
FLAT_DATA               = 8             # selector

.text

# Finds the card and has it send and receive.
# Out: NET_CARD, NET_MAC; CF when there is none.
# Clobbers: all but segments.
.global card_open
card_open:
    xor     bx, bx
.Lcard_open_function:
    call    pci_next
    jc      .Lcard_open_done
    cmp     eax, CARD_ID
    je      .Lcard_open_found
    inc     bx
    jmp     .Lcard_open_function
.Lcard_open_found:
    mov     di, PCI_COMMAND
    call    pci_read16
    or      al, COMMAND_MEMORY_MASTER
    call    pci_write16
    mov     di, PCI_BAR0
    call    pci_read32
    and     eax, BAR_ADDRESS
    mov     [NET_CARD], eax
    call    card_reset
    mov     bx, CTRL
    call    card_read
    and     eax, ~CTRL_CLEARED
    or      eax, CTRL_ASDE | CTRL_SLU
    call    card_write
    mov     bx, RAL0                    # the reset has put the card's own address there
    call    card_read
    mov     [NET_MAC], eax
    mov     bx, RAH0
    call    card_read
    mov     [NET_MAC + 4], ax
    mov     di, NET_RX_RING
    mov     edx, NET_SEGMENT * 16 + NET_RECEIVED
    mov     cx, RING_COUNT
.Lcard_open_descriptor:
    mov     [di], edx
    add     edx, FRAME_BYTES
    add     di, DESCRIPTOR_SIZE
    loop    .Lcard_open_descriptor
    mov     si, offset card_settings
.Lcard_open_setting:
    mov     bx, cs:[si]
    mov     eax, cs:[si + 2]
    call    card_write
    add     si, 6
    cmp     si, offset card_settings_end
    jb      .Lcard_open_setting
    clc
.Lcard_open_done:
    ret

# Has the card do nothing any more.
# Clobbers: EAX, BX, CX, DX.
.global card_reset
card_reset:
    mov     bx, IMC
    or      eax, -1
    call    card_write
    mov     bx, RCTL
    xor     eax, eax
    call    card_write
    mov     bx, TCTL
    call    card_write
    mov     bx, CTRL
    call    card_read
    or      eax, CTRL_RST
    call    card_write
    xor     cx, cx
    mov     dx, RESET_US
    mov     ah, 0x86
    int     0x15
    mov     bx, IMC
    or      eax, -1

# Writes a register.
# In: BX register, EAX value.
# Clobbers: nothing.
card_write:
    push    esi
    push    es
    call    card_window
    mov     es:[esi], eax
    pop     es
    pop     esi
    ret

# Reads a register.
# In: BX register.
# Out: EAX.
card_read:
    push    esi
    push    es
    call    card_window
    mov     eax, es:[esi]
    pop     es
    pop     esi
    ret

# Makes the registers reachable in real mode: a segment keeps the limit that it had in protected mode.
# In: BX register.
# Out: ES:ESI where it is.
card_window:
    pushf
    push    eax
    cli
    lgdt    cs:[flat_table]
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    mov     si, FLAT_DATA
    mov     es, si
    and     al, ~CR0_PE
    mov     cr0, eax
    jmp     1f
1:  xor     si, si
    mov     es, si
    movzx   esi, bx
    add     esi, [NET_CARD]
    pop     eax
    popf
    ret

# Sends a frame.
# In: SI frame, CX bytes.
# Clobbers: EAX, BX, CX, DI.
.global frame_send
frame_send:
    mov     di, [NET_TX_NEXT]
    shl     di, 4
    add     di, NET_TX_RING
    movzx   eax, si
    add     eax, NET_SEGMENT * 16
    mov     [di], eax
    movzx   eax, cx
    or      eax, TXD_EOP | TXD_IFCS | TXD_RS
    mov     [di + DESCRIPTOR_LENGTH], eax
    mov     dword ptr [di + TXD_STATUS], 0
    mov     ax, [NET_TX_NEXT]
    inc     ax
    and     ax, RING_COUNT - 1
    mov     [NET_TX_NEXT], ax
    movzx   eax, ax
    mov     bx, TDT
    call    card_write
    xor     cx, cx
1:  test    byte ptr [di + TXD_STATUS], TXD_STATUS_DD
    jnz     2f
    push    bx
    mov     bx, STATUS                  # takes its time, and more on a fast processor than a loop
    call    card_read
    pop     bx
    loop    1b
2:  ret

# Gives the frame that was received before back to the card, and takes the next one.
# Out: SI frame, CX bytes; CF when there is none.
# Clobbers: EAX, BX.
.global frame_next
frame_next:
    mov     si, [NET_RX_NEXT]
    xor     ax, ax
    xchg    ax, [NET_RX_HELD]
    test    ax, ax
    jz      1f
    shl     si, 4
    mov     dword ptr [si + NET_RX_RING + RXD_STATUS], 0
    shr     si, 4
    movzx   eax, si
    mov     bx, RDT
    call    card_write
    inc     si
    and     si, RING_COUNT - 1
    mov     [NET_RX_NEXT], si
1:  mov     bx, si
    shl     bx, 4
    test    byte ptr [bx + NET_RX_RING + RXD_STATUS], RXD_STATUS_DD
    stc
    jz      2f
    inc     word ptr [NET_RX_HELD]
    mov     cx, [bx + NET_RX_RING + DESCRIPTOR_LENGTH]
    shl     si, 11
    add     si, NET_RECEIVED            # CF is clear
2:  ret

.data
# The order in which registers are set: u16 register, u32 value.
.macro SETTING register, value
    .word   \register
    .long   \value
.endm
card_settings:
    SETTING RDBAL, (NET_SEGMENT * 16 + NET_RX_RING)
    SETTING RDBAH, 0
    SETTING RDLEN, (RING_COUNT * DESCRIPTOR_SIZE)
    SETTING RDH, 0
    SETTING RDT, (RING_COUNT - 1)       # one stays ours, else a full ring would look like an empty one
    SETTING RDTR, 0
    SETTING TDBAL, (NET_SEGMENT * 16 + NET_TX_RING)
    SETTING TDBAH, 0
    SETTING TDLEN, (RING_COUNT * DESCRIPTOR_SIZE)
    SETTING TDH, 0
    SETTING TDT, 0
    SETTING TIPG, TIPG_COPPER
    SETTING TCTL, (TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD)
    SETTING RCTL, (RCTL_EN | RCTL_BAM | RCTL_SECRC)
card_settings_end:
.balign 8
flat_descriptors:
    .quad   0
    .quad   0x00CF93000000FFFF          # FLAT_DATA: base 0, limit 4 GiB
flat_table:
    .word   flat_table - flat_descriptors - 1
    .long   ROM_SEGMENT * 16 + flat_descriptors
