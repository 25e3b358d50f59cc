# Intel 82540EM Ethernet controller: the card that QEMU, VMware, VirtualBox and our own emulator show as e1000. One
# receive and one transmit ring, interrupts for received frames and link changes. The card adds up checksums of TCP and
# UDP, as far as it can: QEMU's does not for what it receives. Sending is in e1000-transmit.s. Source: Intel, PCI/PCI-X
# Family of Gigabit Ethernet Controllers Software Developer's Manual (317453), chapters 3, 5, 13, 14.

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "net.inc"
.include "memory.inc"
.include "card.inc"
.include "e1000.inc"

E1000_ID                = 0x8086 | (0x100E << 16)

RESET_MS                = 10
EEPROM_TRIES            = 10000

STRING e1000_name, "Intel 82540EM"

.section .rodata
.balign 4
e1000_cards:                            # CARDS_*
    .long   E1000_ID, e1000_name, PCI_BARS, PCI_BAR_MEMORY, REGISTERS_BYTES, CARD_SIZE, RINGS_PAGES
    .long   e1000_open, e1000_start, e1000_link, e1000_interrupt, e1000_transmit, e1000_poll, e1000_filter
    .long   e1000_station, e1000_drop, e1000_close

.text

INITCALL 6, e1000_init

# Takes every card into use. Runs once, at boot.
e1000_init:
    mov     eax, offset e1000_cards
    jmp     card_find

# CARDS_OPEN.
e1000_open:
    mov     eax, [edi + CARD_MEMORY]
    mov     [edi + CARD_RX_RING], eax
    add     eax, RX_DESCRIPTORS * DESCRIPTOR_SIZE
    mov     [edi + CARD_TX_RING], eax
    add     eax, TX_DESCRIPTORS * DESCRIPTOR_SIZE
    mov     [edi + CARD_RX_BUFFERS], eax
    add     eax, RX_DESCRIPTORS * BUFFER_BYTES
    mov     [edi + CARD_TX_BUFFERS], eax
    call    e1000_reset
    mov     dword ptr [ebx + NETIF_CAN], NETIF_SUMS | NETIF_GATHERS | NETIF_CUTS
    mov     dword ptr [ebx + NETIF_RECLAIM], offset e1000_reclaim
    call    e1000_read_mac
    call    e1000_rings
    clc
    ret

# CARDS_STATION.
e1000_station:
    mov     eax, [esi + RAL0]
    movzx   edx, word ptr [esi + RAH0]
    ret

# CARDS_DROP.
e1000_drop:
    push    ebx
    mov     ebx, TX_DESCRIPTORS
1:  xor     eax, eax
    xchg    eax, [edi + CARD_TX_PACKETS + ebx*4 - 4]
    test    eax, eax
    jz      2f
    call    packet_free
2:  dec     ebx
    jnz     1b
    push    edi
    add     edi, CARD_OWN
    xor     eax, eax
    mov     ecx, (CARD_SIZE - CARD_OWN) / 4
    rep stosd
    pop     edi
    pop     ebx
    ret

# CARDS_CLOSE.
e1000_close:
    mov     dword ptr [esi + IMC], -1
    mov     dword ptr [esi + RCTL], 0
    mov     dword ptr [esi + TCTL], 0
    or      dword ptr [esi + CTRL], CTRL_RST
    ret

# CARDS_START.
e1000_start:
    mov     dword ptr [esi + IMS], INT_ENABLED
    ret

# Resets the card and sets the link up (section 14.3).
# In: ESI registers.
e1000_reset:
    call    e1000_close
    mov     eax, RESET_MS
    call    task_sleep
    mov     dword ptr [esi + IMC], -1
    mov     eax, [esi + ICR]
    mov     eax, [esi + CTRL]
    and     eax, ~CTRL_CLEARED
    or      eax, CTRL_ASDE | CTRL_SLU
    mov     [esi + CTRL], eax
    ret

# Reads the MAC address from the EEPROM (section 5.6.1); where that does not answer, from the receive address registers
# that the reset loaded.
# In: EBX interface, ESI registers.
e1000_read_mac:
    push    edi
    xor     edi, edi
.Le1000_read_mac_word:
    mov     eax, edi
    shl     eax, 8
    or      eax, EERD_START
    mov     [esi + EERD], eax
    mov     ecx, EEPROM_TRIES
.Le1000_read_mac_wait:
    mov     eax, [esi + EERD]
    test    eax, EERD_DONE
    jnz     .Le1000_read_mac_ready
    dec     ecx
    jnz     .Le1000_read_mac_wait
    jmp     .Le1000_read_mac_registers
.Le1000_read_mac_ready:
    shr     eax, 16
    mov     [ebx + NETIF_MAC + edi*2], ax
    inc     edi
    cmp     edi, 3
    jb      .Le1000_read_mac_word
    test    byte ptr [ebx + NETIF_MAC], 1 # neither a group address nor an empty EEPROM
    jnz     .Le1000_read_mac_registers
    mov     eax, [ebx + NETIF_MAC]
    or      ax, [ebx + NETIF_MAC + 4]
    jnz     .Le1000_read_mac_good
.Le1000_read_mac_registers:
    mov     eax, [esi + RAL0]
    mov     [ebx + NETIF_MAC], eax
    mov     eax, [esi + RAH0]
    mov     [ebx + NETIF_MAC + 4], ax
.Le1000_read_mac_good:
    mov     eax, [ebx + NETIF_MAC]
    mov     [esi + RAL0], eax
    movzx   eax, word ptr [ebx + NETIF_MAC + 4]
    or      eax, RAH_AV
    mov     [esi + RAH0], eax
    pop     edi
    ret

# Sets the rings up and switches receiver and transmitter on (sections 14.4, 14.5).
# In: ESI registers, EDI card.
e1000_rings:
    mov     edx, [edi + CARD_RX_RING]
    lea     eax, [edx - KERNEL_SPACE]
    mov     [esi + RDBAL], eax
    mov     dword ptr [esi + RDBAH], 0
    mov     dword ptr [esi + RDLEN], RX_DESCRIPTORS * DESCRIPTOR_SIZE
    mov     dword ptr [esi + RDH], 0
    mov     dword ptr [esi + RDTR], 0
    # a burst of frames costs few interrupts; a frame after a pause comes at once
    mov     dword ptr [esi + ITR], ITR_250_US
    mov     eax, [edi + CARD_RX_BUFFERS]
    VIRT_TO_PHYS eax
    mov     ecx, RX_DESCRIPTORS
1:  mov     [edx], eax
    add     eax, BUFFER_BYTES
    add     edx, DESCRIPTOR_SIZE
    dec     ecx
    jnz     1b
    mov     dword ptr [esi + RDT], RX_DESCRIPTORS - 1 # one stays ours, else a full ring would look like an empty one
    mov     dword ptr [edi + CARD_RX_GIVEN], RX_DESCRIPTORS - 1

    mov     edx, [edi + CARD_TX_RING]
    lea     eax, [edx - KERNEL_SPACE]
    mov     [esi + TDBAL], eax
    mov     dword ptr [esi + TDBAH], 0
    mov     dword ptr [esi + TDLEN], TX_DESCRIPTORS * DESCRIPTOR_SIZE
    mov     dword ptr [esi + TDH], 0
    mov     dword ptr [esi + TDT], 0
    mov     dword ptr [esi + RXCSUM], RXCSUM_TUOFL
    mov     dword ptr [esi + TIPG], TIPG_COPPER
    mov     dword ptr [esi + TCTL], TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD
    mov     dword ptr [esi + RCTL], RCTL_EN | RCTL_BAM | RCTL_SECRC
    ret

# Interrupt handler: leaves the work to the net task. Interrupts are off.
# In: EAX interface.
e1000_interrupt:
    mov     ecx, [eax + NETIF_DRIVER]
    mov     edx, [ecx + CARD_MMIO]
    mov     edx, [edx + ICR]
    test    edx, edx
    jz      9f                          # another device on this line
    test    edx, INT_LSC
    jz      1f
    mov     dword ptr [ecx + CARD_LINK_CHANGED], 1
1:  test    edx, INT_RXO
    jz      2f
    mov     dword ptr [ecx + CARD_OVERRUN], 1
2:  jmp     net_wake
9:  ret

# CARDS_LINK.
e1000_link:
    mov     edx, [esi + STATUS]
    and     edx, STATUS_LU
    ret

# NETIF_POLL: hands the received frames on and gives their descriptors back. Runs in the net task.
# In: EAX interface.
e1000_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, [ebx + NETIF_DRIVER]
    cmp     dword ptr [esi + CARD_LINK_CHANGED], 0
    je      .Le1000_poll_next
    call    card_link
.Le1000_poll_next:
    mov     edi, [esi + CARD_RX_NEXT]
    mov     ebp, edi
    shl     ebp, 4                      # DESCRIPTOR_SIZE
    add     ebp, [esi + CARD_RX_RING]
    movzx   eax, byte ptr [ebp + RXD_STATUS]
    test    eax, RXD_STATUS_DD
    jz      .Le1000_poll_empty
    test    eax, RXD_STATUS_EOP
    jz      .Le1000_poll_part
    cmp     dword ptr [esi + CARD_RX_SKIP], 0
    jne     .Le1000_poll_skipped        # the end of a frame that was too long
    mov     ecx, [ebp + RXD_STATUS]     # status and errors
    test    ecx, (0xFF & ~RXD_ERRORS_SUMS) << 8
    jnz     .Le1000_poll_damaged
    xor     eax, eax                    # a checksum that is wrong is found to be so again, and counted where it belongs
    and     ecx, RXD_STATUS_IXSM | RXD_STATUS_TCPCS | (RXD_ERRORS_SUMS << 8)
    cmp     ecx, RXD_STATUS_TCPCS
    sete    al
    mov     [ip_summed], eax
    movzx   ecx, word ptr [ebp + DESCRIPTOR_LENGTH]
    cmp     ecx, ETHER_MAXIMUM
    ja      .Le1000_poll_damaged
    mov     edx, [ebp]
    PHYS_TO_VIRT edx
    mov     eax, ebx
    call    ether_receive
    mov     dword ptr [ip_summed], 0
    jmp     .Le1000_poll_used
.Le1000_poll_damaged:
    inc     dword ptr [ebx + NETIF_RX_ERRORS]
.Le1000_poll_skipped:
    mov     dword ptr [esi + CARD_RX_SKIP], 0
    jmp     .Le1000_poll_used
.Le1000_poll_part:
    cmp     dword ptr [esi + CARD_RX_SKIP], 0
    jne     .Le1000_poll_used
    mov     dword ptr [esi + CARD_RX_SKIP], 1
    inc     dword ptr [ebx + NETIF_RX_ERRORS]
.Le1000_poll_used:
    mov     dword ptr [ebp + DESCRIPTOR_LENGTH], 0
    mov     dword ptr [ebp + RXD_STATUS], 0
    inc     edi
    and     edi, RX_DESCRIPTORS - 1
    mov     [esi + CARD_RX_NEXT], edi
    test    edi, RX_BATCH - 1
    jnz     .Le1000_poll_next
    call    e1000_give_back
    jmp     .Le1000_poll_next
.Le1000_poll_empty:
    call    e1000_give_back
    cmp     dword ptr [esi + CARD_OVERRUN], 0
    je      .Le1000_poll_done
    mov     dword ptr [esi + CARD_OVERRUN], 0
    mov     eax, [esi + CARD_MMIO]
    mov     eax, [eax + MPC]
    add     [ebx + NETIF_RX_MISSED], eax
.Le1000_poll_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gives the card all descriptors but the one before the next that it fills.
# In: ESI card.
# Clobbers: EAX, ECX.
e1000_give_back:
    mov     eax, [esi + CARD_RX_NEXT]
    dec     eax
    and     eax, RX_DESCRIPTORS - 1
    cmp     eax, [esi + CARD_RX_GIVEN]
    je      9f
    mov     [esi + CARD_RX_GIVEN], eax
    mov     ecx, [esi + CARD_MMIO]
    mov     [ecx + RDT], eax
9:  ret

# NETIF_FILTER: enters the groups of the interface into the multicast table (section 13.5.1), and the MAC addresses of
# further addresses into the receive addresses after the first (13.5.2). With RCTL.MO = 0 a group's hash is bits 47 to
# 36 of its address: the last byte and the upper half of the one before.
# In: EAX interface.
e1000_filter:
    push    ebx
    push    esi
    push    edi
    sub     esp, 512                    # the new table
    mov     ebx, eax
    mov     edi, esp
    xor     eax, eax
    mov     ecx, 128
    rep stosd
    mov     ecx, CARD_GROUPS - 1
.Le1000_filter_group:
    call    card_group
    shr     edx, 4
    bts     [esp], edx                  # the bit's number may lead beyond the first dword
    dec     ecx
    jns     .Le1000_filter_group
    mov     edi, [ebx + NETIF_DRIVER]
    mov     edi, [edi + CARD_MMIO]
    add     edi, MTA
    xor     ecx, ecx
.Le1000_filter_write:
    mov     eax, [esp + ecx*4]
    mov     [edi + ecx*4], eax
    inc     ecx
    cmp     ecx, 128
    jb      .Le1000_filter_write
    add     edi, RAL0 - MTA
    xor     esi, esi
.Le1000_filter_address:
    mov     eax, ebx
    mov     edx, esi
    call    secondary_mac
    mov     ecx, 0                      # keeps CF
    mov     edx, ecx
    jc      .Le1000_filter_enter
    mov     edx, [eax]
    movzx   ecx, word ptr [eax + 4]
    or      ecx, RAH_AV
.Le1000_filter_enter:
    inc     esi
    mov     [edi + esi*8], edx
    mov     [edi + esi*8 + RAH0 - RAL0], ecx
    cmp     esi, SECONDARIES
    jb      .Le1000_filter_address
    add     esp, 512
    pop     edi
    pop     esi
    pop     ebx
    ret
