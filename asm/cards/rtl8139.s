# Realtek RTL8139 fast Ethernet controllers, as cheap cards have them and QEMU shows them as rtl8139: one ring that the
# card fills with frames one after the other, and four descriptors to send. Source: Realtek, RTL8139C(L)+ data sheet
# (revision 1.6), chapters 5 and 6, and RTL8139(A/B) Programming guide.

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "net.inc"
.include "memory.inc"
.include "card.inc"

RTL8139_ID              = 0x10EC | (0x8139 << 16)

# Registers (chapter 6).
IDR0                    = 0x00          # the card's MAC address
MAR0                    = 0x08          # multicast filter: 64 bits, one for each hash
TSD0                    = 0x10          # status of the four descriptors
TSD_SIZE                = 0x1FFF
TSD_OWN                 = 1 << 13       # the frame has been read: the descriptor is ours
TSAD0                   = 0x20          # physical addresses of their frames
RBSTART                 = 0x30          # physical address of the receive ring
CR                      = 0x37
CR_BUFE                 = 1 << 0        # the ring is empty
CR_TE                   = 1 << 2
CR_RE                   = 1 << 3
CR_RST                  = 1 << 4
CAPR                    = 0x38          # how far we have read, minus 16
IMR                     = 0x3C
ISR                     = 0x3E          # causes; writing ones clears them
INT_ROK                 = 1 << 0
INT_RER                 = 1 << 1
INT_RXOVW               = 1 << 4        # the ring is full
INT_LINK                = 1 << 5        # link status changed, or the ring ran empty
INT_FOVW                = 1 << 6        # the card's own buffer is full
INT_ENABLED             = INT_ROK | INT_RER | INT_RXOVW | INT_LINK | INT_FOVW
INT_OVERRUN             = INT_RXOVW | INT_FOVW
TCR                     = 0x40
TCR_SETTINGS            = (3 << 24) | (7 << 8)  # usual gap between frames, long bursts of DMA
RCR                     = 0x44
RCR_AAP                 = 1 << 0        # accept all
RCR_APM                 = 1 << 1        # accept what is for IDR
RCR_AM                  = 1 << 2        # multicast that MAR takes
RCR_AB                  = 1 << 3        # broadcast
# Frames are not cut at the end of the ring, bursts are long, the ring has 32 KiB + 16, and frames come whole.
RCR_SETTINGS            = RCR_APM | RCR_AM | RCR_AB | (1 << 7) | (7 << 8) | (2 << 11) | (7 << 13)
MPC                     = 0x4C          # missed frames, 24 bits; writing clears it
CONFIG1                 = 0x52
MSR                     = 0x58
MSR_LINKB               = 1 << 2        # the link is down
REGISTERS_BYTES         = 256

# The ring: each frame has a header, and the next one begins at a multiple of 4.
RX_STATUS               = 0             # u16
RX_STATUS_ROK           = 1
RX_LENGTH               = 2             # u16, with the check sequence
RX_HEADER_BYTES         = 4
CHECK_BYTES             = 4
RX_RING_BYTES           = 32768
RX_READ_BIAS            = 16
ETHER_MINIMUM           = 60            # without check sequence: what is shorter is padded by the driver

TX_DESCRIPTORS          = 4
TX_BUFFER_BYTES         = 2048
# A frame that begins near the end of the ring goes on after it.
RX_PAGES                = (RX_RING_BYTES + 16 + 2048 + 4095) / 4096
PAGES                   = RX_PAGES + TX_DESCRIPTORS * TX_BUFFER_BYTES / 4096

# The driver's part of a card.
CARD_TX_BUFFERS         = CARD_OWN
CARD_RX_OFFSET          = CARD_OWN + 4  # where the next frame is in the ring, with which CARD_MEMORY begins
CARD_TX_NEXT            = CARD_OWN + 8  # descriptor that we fill next
CARD_OVERRUN            = CARD_OWN + 12 # set by the interrupt handler: the card had to drop frames
CARD_RCR                = CARD_OWN + 16 # what the receiver takes
CARD_RESTART            = CARD_OWN + 20 # 1: the net task is to start the receiver with another CARD_RCR
CARD_SIZE               = CARD_OWN + 24

RESET_TRIES             = 100           # of 1 ms each

STRING rtl8139_name, "Realtek RTL8139"

.section .rodata
.balign 4
rtl8139_cards:                          # CARDS_*
    .long   RTL8139_ID, rtl8139_name, PCI_BARS + PCI_BAR_SIZE_OF, PCI_BAR_MEMORY, REGISTERS_BYTES, CARD_SIZE, PAGES
    .long   rtl8139_open, rtl8139_start, rtl8139_link, rtl8139_interrupt, rtl8139_transmit, rtl8139_poll, rtl8139_filter
    .long   rtl8139_station, rtl8139_drop, rtl8139_close

.text

INITCALL 6, rtl8139_init

# Takes every card into use. Runs once, at boot.
rtl8139_init:
    mov     eax, offset rtl8139_cards
    jmp     card_find

# CARDS_OPEN.
rtl8139_open:
    call    rtl8139_reset
    jc      9f
    mov     eax, [esi + IDR0]
    mov     [ebx + NETIF_MAC], eax
    mov     eax, [esi + IDR0 + 4]
    mov     [ebx + NETIF_MAC + 4], ax
    mov     eax, [edi + CARD_MEMORY]
    add     eax, RX_PAGES * 4096
    mov     [edi + CARD_TX_BUFFERS], eax
    VIRT_TO_PHYS eax
    xor     ecx, ecx
1:  mov     [esi + TSAD0 + ecx*4], eax
    add     eax, TX_BUFFER_BYTES
    inc     ecx
    cmp     ecx, TX_DESCRIPTORS
    jb      1b
    mov     dword ptr [edi + CARD_RCR], RCR_SETTINGS
    call    rtl8139_receiver
    mov     dword ptr [esi + TCR], TCR_SETTINGS
    clc
9:  ret

# CARDS_STATION.
rtl8139_station:
    mov     eax, [esi + IDR0]
    mov     edx, [esi + IDR0 + 4]
    ret

# CARDS_CLOSE.
rtl8139_close:
    mov     byte ptr [esi + CR], CR_RST
    ret

# CARDS_DROP.
rtl8139_drop:
    push    edi
    add     edi, CARD_OWN
    xor     eax, eax
    mov     ecx, (CARD_SIZE - CARD_OWN) / 4
    rep stosd
    pop     edi
    ret

# CARDS_START.
rtl8139_start:
    mov     word ptr [esi + IMR], INT_ENABLED
    ret

# Wakes the card and resets it (section 6.6). May sleep.
# In: ESI registers.
# Out: CF and ERROR_TIMEOUT when it does not come to an end.
rtl8139_reset:
    push    ebx
    mov     byte ptr [esi + CONFIG1], 0
    mov     byte ptr [esi + CR], CR_RST
    mov     ebx, RESET_TRIES
1:  test    byte ptr [esi + CR], CR_RST
    jz      2f
    mov     eax, 1
    call    task_sleep
    dec     ebx
    jnz     1b
    mov     eax, ERROR_TIMEOUT
    stc
    jmp     3f
2:  clc
3:  pop     ebx
    ret

# Starts the receiver at the beginning of an empty ring, and the transmitter with it. QEMU's card begins anew with every
# write to RCR, so it is written here only.
# In: ESI registers, EDI card.
# Clobbers: EAX.
rtl8139_receiver:
    mov     byte ptr [esi + CR], CR_TE
    mov     eax, [edi + CARD_MEMORY]
    VIRT_TO_PHYS eax
    mov     [esi + RBSTART], eax
    mov     dword ptr [edi + CARD_RX_OFFSET], 0
    mov     byte ptr [esi + CR], CR_TE | CR_RE
    mov     word ptr [esi + CAPR], -RX_READ_BIAS & 0xFFFF
    mov     eax, [edi + CARD_RCR]
    mov     [esi + RCR], eax
    ret

# Interrupt handler: leaves the work to the net task. Interrupts are off.
# In: EAX interface.
rtl8139_interrupt:
    mov     ecx, [eax + NETIF_DRIVER]
    mov     eax, [ecx + CARD_MMIO]
    movzx   edx, word ptr [eax + ISR]
    test    edx, edx
    jz      9f                          # another device on this line
    mov     [eax + ISR], dx
    test    edx, INT_LINK
    jz      1f
    mov     dword ptr [ecx + CARD_LINK_CHANGED], 1
1:  test    edx, INT_OVERRUN
    jz      2f
    mov     dword ptr [ecx + CARD_OVERRUN], 1
2:  jmp     net_wake
9:  ret

# CARDS_LINK.
rtl8139_link:
    movzx   edx, byte ptr [esi + MSR]
    not     edx                         # MSR_LINKB is set where there is no link
    and     edx, MSR_LINKB
    ret

# NETIF_POLL: hands the received frames on and gives their place in the ring back. Runs in the net task.
# In: EAX interface.
rtl8139_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, [ebx + NETIF_DRIVER]
    mov     esi, [edi + CARD_MMIO]
    cmp     dword ptr [edi + CARD_LINK_CHANGED], 0
    je      .Lrtl8139_poll_restart
    call    card_link
.Lrtl8139_poll_restart:
    cmp     dword ptr [edi + CARD_RESTART], 0
    je      .Lrtl8139_poll_next
    mov     dword ptr [edi + CARD_RESTART], 0
    call    rtl8139_receiver
.Lrtl8139_poll_next:
    test    byte ptr [esi + CR], CR_BUFE
    jnz     .Lrtl8139_poll_empty
    mov     edx, [edi + CARD_RX_OFFSET]
    add     edx, [edi + CARD_MEMORY]
    movzx   ebp, word ptr [edx + RX_LENGTH]
    test    byte ptr [edx + RX_STATUS], RX_STATUS_ROK
    jz      .Lrtl8139_poll_damaged
    lea     ecx, [ebp - CHECK_BYTES]
    cmp     ecx, ETHER_MAXIMUM
    ja      .Lrtl8139_poll_damaged      # also when it is shorter than a check sequence
    add     edx, RX_HEADER_BYTES
    mov     eax, ebx
    call    ether_receive
    mov     eax, [edi + CARD_RX_OFFSET]
    lea     eax, [eax + ebp + RX_HEADER_BYTES + 3]
    and     eax, (RX_RING_BYTES - 1) & ~3
    mov     [edi + CARD_RX_OFFSET], eax
    sub     eax, RX_READ_BIAS
    mov     [esi + CAPR], ax
    jmp     .Lrtl8139_poll_next
.Lrtl8139_poll_damaged:                 # where the next frame begins is not known: begin anew (section 6.8)
    inc     dword ptr [ebx + NETIF_RX_ERRORS]
    call    rtl8139_receiver
.Lrtl8139_poll_empty:
    cmp     dword ptr [edi + CARD_OVERRUN], 0
    je      .Lrtl8139_poll_done
    mov     dword ptr [edi + CARD_OVERRUN], 0
    mov     eax, [esi + MPC]
    and     eax, 0xFFFFFF
    mov     dword ptr [esi + MPC], 0
    add     [ebx + NETIF_RX_MISSED], eax
.Lrtl8139_poll_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# NETIF_TRANSMIT: copies a frame into the buffer of the next descriptor.
# In: EAX interface, EDX frame, ECX bytes, at most ETHER_MAXIMUM.
# Out: CF when the link is down or all descriptors are under way; the caller counts it.
# Locks: interrupts are off while a descriptor is taken and filled, so that they stay in order.
rtl8139_transmit:
    push    ebx
    push    esi
    push    edi
    test    dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    jz      .Lrtl8139_transmit_down
    cmp     ecx, ETHER_MAXIMUM
    ja      .Lrtl8139_transmit_down
    mov     ebx, [eax + NETIF_DRIVER]
    mov     esi, edx
    INTERRUPTS_OFF
    mov     edx, [ebx + CARD_TX_NEXT]
    mov     eax, [ebx + CARD_MMIO]
    lea     eax, [eax + edx*4]
    test    dword ptr [eax + TSD0], TSD_OWN
    jz      .Lrtl8139_transmit_full
    imul    edi, edx, TX_BUFFER_BYTES
    add     edi, [ebx + CARD_TX_BUFFERS]
    inc     edx
    and     edx, TX_DESCRIPTORS - 1
    mov     [ebx + CARD_TX_NEXT], edx
    mov     edx, ecx
    rep movsb
    mov     ecx, ETHER_MINIMUM          # the card does not pad
    sub     ecx, edx
    jbe     1f
    mov     edx, ETHER_MINIMUM
    push    eax
    xor     eax, eax
    rep stosb
    pop     eax
1:  mov     [eax + TSD0], edx           # OWN is clear: the card sends it
    INTERRUPTS_RESTORE
    clc
    jmp     .Lrtl8139_transmit_done
.Lrtl8139_transmit_full:
    INTERRUPTS_RESTORE
.Lrtl8139_transmit_down:
    stc
.Lrtl8139_transmit_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# NETIF_FILTER: enters the groups of the interface into the multicast filter. The card knows one MAC address of its own:
# with further ones it takes all frames, and ether_receive chooses.
# In: EAX interface.
rtl8139_filter:
    push    ebx
    push    esi
    push    edi
    sub     esp, 8                      # the new filter
    mov     ebx, eax
    mov     dword ptr [esp], 0
    mov     dword ptr [esp + 4], 0
    mov     ecx, CARD_GROUPS - 1
.Lrtl8139_filter_group:
    call    card_group
    call    rtl8139_hash
    bts     [esp], eax                  # the bit's number may lead beyond the first dword
    dec     ecx
    jns     .Lrtl8139_filter_group
    mov     esi, [ebx + NETIF_DRIVER]
    mov     edi, [esi + CARD_MMIO]
    mov     eax, [esp]
    mov     [edi + MAR0], eax
    mov     eax, [esp + 4]
    mov     [edi + MAR0 + 4], eax
    mov     eax, ebx
    xor     edx, edx
    call    secondary_mac
    mov     eax, RCR_SETTINGS
    jc      .Lrtl8139_filter_enter
    or      eax, RCR_AAP
.Lrtl8139_filter_enter:
    cmp     eax, [esi + CARD_RCR]
    je      .Lrtl8139_filter_done
    mov     [esi + CARD_RCR], eax
    mov     dword ptr [esi + CARD_RESTART], 1
    call    net_wake
.Lrtl8139_filter_done:
    add     esp, 8
    pop     edi
    pop     esi
    pop     ebx
    ret

# The number of a group's bit: the upper six of the check sequence over its MAC address (IEEE 802.3, 3.2.9), whose bytes
# are sent with their lowest bits first.
# In: EAX first four bytes of the address, EDX last two.
# Out: EAX bit.
# Clobbers: EDX.
rtl8139_hash:
    push    ecx
    push    ebx
    mov     ecx, -1
    mov     ebx, 32
    call    .Lrtl8139_hash_bits
    mov     eax, edx
    mov     ebx, 16
    call    .Lrtl8139_hash_bits
    mov     eax, ecx
    shr     eax, 26
    pop     ebx
    pop     ecx
    ret

# In: EAX bits, EBX how many, ECX check sequence so far.
# Out: ECX.
# Clobbers: EAX, EBX.
.Lrtl8139_hash_bits:
    push    edx
1:  mov     edx, ecx
    shr     edx, 31
    xor     edx, eax
    shl     ecx, 1
    shr     eax, 1
    test    edx, 1
    jz      2f
    xor     ecx, 0x04C11DB7
2:  dec     ebx
    jnz     1b
    pop     edx
    ret
