# Virtio network cards (1AF4:1000), as QEMU and other hypervisors show them: one queue of buffers for the card to fill,
# one to send, and one for commands, which say what the card is to let through. Where the card can, it adds up checksums
# of TCP and UDP in both directions. A long frame is sent from where it lies. Source: Virtual I/O Device (VIRTIO) 1.1,
# 5.1, legacy interface.

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "net.inc"
.include "memory.inc"
.include "card.inc"
.include "virtio.inc"

# Features (5.1.3).
VNET_F_SUMS             = 1 << 0        # puts in checksums of what is sent
VNET_F_SUMMED           = 1 << 1        # says which it has looked at, of what is received
VNET_F_MAC              = 1 << 5
VNET_F_STATUS           = 1 << 16
VNET_F_COMMANDS         = 1 << 17
VNET_F_FILTER           = 1 << 18
VNET_FEATURES           = VNET_F_SUMS | VNET_F_SUMMED | VNET_F_MAC | VNET_F_STATUS | VNET_F_COMMANDS | VNET_F_FILTER

# The card's own registers (5.1.4).
VNET_REG_MAC            = 0             # 6 bytes
VNET_REG_STATUS         = 6             # u16
VNET_LINK               = 1             # there is a link

# Queues (5.1.2).
VNET_QUEUE_RECEIVE      = 0
VNET_QUEUE_SEND         = 1
VNET_QUEUE_COMMAND      = 2

# Commands (5.1.6.5), class and command as a word.
VNET_SET_PROMISCUOUS    = 0             # data: u8
VNET_SET_ADDRESSES      = 1             # data: u32 number, 6 bytes each, of stations; the same of groups
VNET_OK                 = 0
VNET_REFUSED            = 1

# A buffer: the card's header (5.1.6), then the frame, or where that lies instead. Each of the two has a descriptor of
# its own, as the legacy interface wants (5.1.6.1, 5.1.6.3).
VNET_FLAGS              = 0             # u8
VNET_SUM_FROM           = 6             # u16   byte of the frame from which on is added up
VNET_SUM_AT             = 8             # u16   from there on, where the sum goes
VNET_HEADER_BYTES       = 10
VNET_NEXT               = 12            # next free buffer, or 0
VNET_AT                 = 16            # address of the frame
VNET_PACKET             = 20            # packet that it lies in and that is held, or 0
VNET_FRAME              = 24
COPIED_MAXIMUM          = 256           # bytes of a frame that is copied, which is less work than to hold its packet

# Values of VNET_FLAGS.
VNET_UNSUMMED           = 1             # the sum is not put in yet; its place has that of the pseudo header
VNET_SUMMED             = 2             # the card has found the sum right
BUFFER_BYTES            = 2048
RX_BUFFERS              = 64
RX_BATCH                = 16            # the card hears of given back buffers at least this often, a power of two
TX_BUFFERS              = 64
PAGES                   = (RX_BUFFERS + TX_BUFFERS) * BUFFER_BYTES / 4096

# The driver's part of a card.
VNET_DEVICE             = CARD_OWN      # VIRTIO record
VNET_RECEIVE            = VNET_DEVICE + VIRTIO_SIZE_OF
VNET_SEND               = VNET_RECEIVE + VIRTQ_SIZE_OF
VNET_COMMAND            = VNET_SEND + VIRTQ_SIZE_OF
VNET_FREE               = VNET_COMMAND + VIRTQ_SIZE_OF  # first free buffer to send from, or 0
VNET_FILTER             = VNET_FREE + 4         # 1: the net task is to enter the addresses anew
VNET_PROMISCUOUS        = VNET_FILTER + 4       # 1: the card lets everything through still
VNET_BUSY               = VNET_PROMISCUOUS + 4  # 1: a command is under way
# The commands, each after the byte with which it is answered.
VNET_ADDRESSES          = VNET_BUSY + 4 + 1
VNET_ADDRESSES_BYTES    = 4 + SECONDARIES * 6 + 4 + CARD_GROUPS * 6
VNET_CHOOSE             = VNET_ADDRESSES + 2 + VNET_ADDRESSES_BYTES + 1
VNET_SIZE_OF            = VNET_CHOOSE + 2 + 1

STRING virtio_net_name, "virtio network card"

.section .rodata
.balign 4
virtio_net_cards:                       # CARDS_*
    .long   VIRTIO_ID_NET, virtio_net_name, PCI_BARS, PCI_BAR_IO, 0, VNET_SIZE_OF, PAGES
    .long   virtio_net_open, virtio_net_start, virtio_net_link, virtio_net_interrupt
    .long   virtio_net_transmit, virtio_net_poll, virtio_net_filter
virtio_net_queues:                      # feature that a queue depends on, where its record is; the index is the place
    .long   0, VNET_RECEIVE
    .long   0, VNET_SEND
    .long   VNET_F_FILTER, VNET_COMMAND
VNET_QUEUES             = 3

.text

INITCALL 6, virtio_net_init

# Takes every card into use. Runs once, at boot.
virtio_net_init:
    mov     eax, offset virtio_net_cards
    jmp     card_find

# CARDS_OPEN. Nothing moves before virtio_net_start.
virtio_net_open:
    push    esi
    mov     eax, ebp
    mov     edx, VNET_FEATURES
    lea     ecx, [edi + VNET_DEVICE]
    call    virtio_open
    jc      .Lvirtio_net_open_failed
    mov     eax, ERROR_NOT_SUPPORTED
    test    dword ptr [edi + VNET_DEVICE + VIRTIO_FEATURES], VNET_F_MAC
    jz      .Lvirtio_net_open_failed
    xor     esi, esi
.Lvirtio_net_open_queue:
    mov     eax, [virtio_net_queues + esi*8]
    and     eax, [edi + VNET_DEVICE + VIRTIO_FEATURES]
    cmp     eax, [virtio_net_queues + esi*8]
    jne     .Lvirtio_net_open_next
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, esi
    mov     ecx, [virtio_net_queues + esi*8 + 4]
    add     ecx, edi
    call    virtio_queue
    jc      .Lvirtio_net_open_failed
.Lvirtio_net_open_next:
    inc     esi
    cmp     esi, VNET_QUEUES
    jb      .Lvirtio_net_open_queue
    mov     eax, [edi + VNET_DEVICE + VIRTIO_FEATURES]
    and     eax, VNET_F_SUMS            # NETIF_SUMS
    mov     [ebx + NETIF_CAN], eax
    mov     dword ptr [edi + VNET_PROMISCUOUS], 1   # as it begins (5.1.6.5.1)
    lea     eax, [edi + VNET_SEND]
    call    virtio_quiet                # sent buffers are looked for when one is needed
    mov     esi, [edi + CARD_MEMORY]
    mov     ecx, RX_BUFFERS
1:  push    ecx
    lea     eax, [esi + VNET_FRAME]
    mov     [esi + VNET_AT], eax
    call    virtio_net_give
    pop     ecx
    add     esi, BUFFER_BYTES
    dec     ecx
    jnz     1b
    mov     ecx, TX_BUFFERS
2:  mov     eax, [edi + VNET_FREE]
    mov     [esi + VNET_NEXT], eax
    mov     [edi + VNET_FREE], esi
    add     esi, BUFFER_BYTES
    dec     ecx
    jnz     2b
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, VNET_REG_MAC
    call    virtio_config
    mov     [ebx + NETIF_MAC], eax
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, VNET_REG_MAC + 4
    call    virtio_config
    mov     [ebx + NETIF_MAC + 4], ax
    clc
    jmp     .Lvirtio_net_open_done
.Lvirtio_net_open_failed:
    push    eax
    xor     esi, esi
3:  mov     eax, [virtio_net_queues + esi*8 + 4]
    add     eax, edi
    call    virtio_queue_free
    inc     esi
    cmp     esi, VNET_QUEUES
    jb      3b
    pop     eax
    stc
.Lvirtio_net_open_done:
    pop     esi
    ret

# CARDS_START.
virtio_net_start:
    lea     eax, [edi + VNET_DEVICE]
    call    virtio_ready
    lea     eax, [edi + VNET_RECEIVE]
    jmp     virtio_kick

# CARDS_LINK.
virtio_net_link:
    mov     edx, VNET_LINK
    test    dword ptr [edi + VNET_DEVICE + VIRTIO_FEATURES], VNET_F_STATUS
    jz      9f                          # a card that does not say has a link
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, VNET_REG_STATUS - 2    # the last dword of the registers that each card has
    call    virtio_config
    mov     edx, eax
    shr     edx, 16
    and     edx, VNET_LINK
9:  ret

# Interrupt handler: leaves the work to the net task. Interrupts are off.
# In: EAX interface.
virtio_net_interrupt:
    mov     eax, [eax + NETIF_DRIVER]
    push    eax
    add     eax, VNET_DEVICE
    call    virtio_interrupt
    pop     ecx
    test    eax, eax
    jz      9f                          # another device on this line
    test    al, VIRTIO_INTERRUPT_CONFIG
    jz      1f
    mov     dword ptr [ecx + CARD_LINK_CHANGED], 1
1:  jmp     net_wake
9:  ret

# Offers the card a buffer to fill.
# In: ESI buffer, EDI card.
# Clobbers: EAX, ECX, EDX.
virtio_net_give:
    lea     eax, [edi + VNET_RECEIVE]
    mov     edx, SEGMENT_DEVICE_WRITES
    mov     ecx, BUFFER_BYTES - VNET_FRAME
    # fall through: a queue that is too short for all buffers gets fewer

# Puts a buffer into a queue: header and frame.
# In: EAX queue, ECX bytes of the frame, EDX SEGMENT_DEVICE_WRITES or 0, ESI buffer, which is also the cookie.
# Out: CF when the queue is full.
# Clobbers: EAX, ECX, EDX.
virtio_net_put:
    push    edx                         # two SEGMENT records, from their ends
    push    ecx
    push    [esi + VNET_AT]
    push    edx
    push    VNET_HEADER_BYTES
    push    esi
    mov     edx, esp
    mov     ecx, 2
    call    virtio_put
    lea     esp, [esp + 2 * SEGMENT_SIZE_OF]    # keeps CF
    ret

# NETIF_POLL: hands the received frames on and gives their buffers back. Runs in the net task.
# In: EAX interface.
virtio_net_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, [ebx + NETIF_DRIVER]
    cmp     dword ptr [edi + CARD_LINK_CHANGED], 0
    je      .Lvirtio_net_poll_commands
    call    card_link
.Lvirtio_net_poll_commands:
    mov     eax, [edi + VNET_FILTER]
    or      eax, [edi + VNET_BUSY]
    jz      .Lvirtio_net_poll_frames
    call    virtio_net_choose
.Lvirtio_net_poll_frames:
    xor     ebp, ebp                    # EBP: buffers given back
.Lvirtio_net_poll_next:
    lea     eax, [edi + VNET_RECEIVE]
    call    virtio_take
    jc      .Lvirtio_net_poll_empty
    mov     esi, eax
    lea     ecx, [edx - VNET_HEADER_BYTES]
    cmp     ecx, ETHER_MAXIMUM
    ja      .Lvirtio_net_poll_damaged   # also when it is shorter than the card's header
    call    virtio_net_sum
    lea     edx, [esi + VNET_FRAME]
    mov     eax, ebx
    call    ether_receive
    mov     dword ptr [ip_summed], 0
    jmp     .Lvirtio_net_poll_used
.Lvirtio_net_poll_damaged:
    inc     dword ptr [ebx + NETIF_RX_ERRORS]
.Lvirtio_net_poll_used:
    call    virtio_net_give
    inc     ebp
    test    ebp, RX_BATCH - 1
    jnz     .Lvirtio_net_poll_next
    lea     eax, [edi + VNET_RECEIVE]
    call    virtio_kick
    jmp     .Lvirtio_net_poll_next
.Lvirtio_net_poll_empty:
    test    ebp, RX_BATCH - 1
    jz      .Lvirtio_net_poll_done
    lea     eax, [edi + VNET_RECEIVE]
    call    virtio_kick
.Lvirtio_net_poll_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Has ip_summed say what the card has found out about a received frame's checksum.
# In: ESI buffer, ECX bytes of the frame, EDI card.
# Clobbers: EAX, EDX.
virtio_net_sum:
    xor     eax, eax
    test    dword ptr [edi + VNET_DEVICE + VIRTIO_FEATURES], VNET_F_SUMMED
    jz      1f
    mov     dl, [esi + VNET_FLAGS]
    test    dl, VNET_UNSUMMED
    jnz     virtio_net_sum_in
    test    dl, VNET_SUMMED
    setnz   al
1:  mov     [ip_summed], eax
    ret

# Puts in the checksum that a sender on the same host has left to hardware: the frame may go on from here to others.
# In: ESI buffer, ECX bytes of the frame, EAX 0.
# Clobbers: EAX, EDX.
virtio_net_sum_in:
    push    ecx
    push    edi
    movzx   edx, word ptr [esi + VNET_SUM_FROM]
    movzx   edi, word ptr [esi + VNET_SUM_AT]
    sub     ecx, edx                    # ECX: bytes that are added up
    jb      1f
    sub     ecx, 2
    cmp     ecx, edi
    lea     ecx, [ecx + 2]
    jl      1f                          # then it is looked at like any other
    lea     edx, [esi + VNET_FRAME + edx]
    add     edi, edx
    call    checksum_add
    call    checksum_fold
    cmp     eax, 1                      # 0 would say that there is none (RFC 768)
    sbb     eax, 0
    mov     [edi], ax
    mov     eax, 1
1:  mov     [ip_summed], eax
    pop     edi
    pop     ecx
    ret

# NETIF_TRANSMIT: a short frame is copied, the packet of a long one is held.
# In: EAX interface, EBX packet, EDX frame, ECX bytes, at most ETHER_MAXIMUM.
# Out: CF when the link is down or all buffers are under way; the caller counts it.
# Locks: interrupts are off while a buffer is taken and filled, so that the queue stays in order.
virtio_net_transmit:
    push    esi
    push    edi
    push    ebp
    test    dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    jz      .Lvirtio_net_transmit_down
    cmp     ecx, ETHER_MAXIMUM
    ja      .Lvirtio_net_transmit_down
    mov     ebp, [eax + NETIF_DRIVER]   # EBP: card
    mov     esi, edx                    # ESI: frame
    INTERRUPTS_OFF
    push    ecx
    call    virtio_net_reap
    pop     ecx
    mov     edx, [ebp + VNET_FREE]      # EDX: buffer
    test    edx, edx
    jz      .Lvirtio_net_transmit_full
    call    virtio_net_header
    mov     [edx + VNET_AT], esi
    cmp     ecx, COPIED_MAXIMUM
    jbe     .Lvirtio_net_transmit_copy
    cmp     dword ptr [ebx + PACKET_HOLDERS], 0 # somebody else may change it, once it has left
    jne     .Lvirtio_net_transmit_copy
    mov     [edx + VNET_PACKET], ebx
.Lvirtio_net_transmit_put:
    mov     esi, edx
    lea     eax, [ebp + VNET_SEND]
    xor     edx, edx
    call    virtio_net_put
    jc      .Lvirtio_net_transmit_unheld
    cmp     dword ptr [esi + VNET_PACKET], 1
    cmc
    adc     dword ptr [ebx + PACKET_HOLDERS], 0
    mov     eax, [esi + VNET_NEXT]
    mov     [ebp + VNET_FREE], eax
    lea     eax, [ebp + VNET_SEND]
    call    virtio_kick
    INTERRUPTS_RESTORE
    clc
    jmp     .Lvirtio_net_transmit_done
.Lvirtio_net_transmit_copy:
    lea     edi, [edx + VNET_FRAME]
    mov     [edx + VNET_AT], edi
    push    ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, [esp]
    and     ecx, 3
    rep movsb
    pop     ecx
    jmp     .Lvirtio_net_transmit_put
.Lvirtio_net_transmit_unheld:
    mov     dword ptr [esi + VNET_PACKET], 0
.Lvirtio_net_transmit_full:
    INTERRUPTS_RESTORE
.Lvirtio_net_transmit_down:
    stc
.Lvirtio_net_transmit_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Takes back what the card has sent, and gives up the packets that were held for it.
# In: EBP card; interrupts off.
# Clobbers: EAX, ECX, EDX.
virtio_net_reap:
    lea     eax, [ebp + VNET_SEND]
    call    virtio_take
    jc      1f
    mov     ecx, [ebp + VNET_FREE]
    mov     [eax + VNET_NEXT], ecx
    mov     [ebp + VNET_FREE], eax
    xor     ecx, ecx
    xchg    ecx, [eax + VNET_PACKET]
    jecxz   virtio_net_reap
    mov     eax, ecx
    call    packet_free
    jmp     virtio_net_reap
1:  ret

# Says to the card where the checksum of a frame goes, if it is to put one in.
# In: EBX packet, EDX buffer, ESI frame.
# Clobbers: EAX only.
virtio_net_header:
    mov     byte ptr [edx + VNET_FLAGS], 0
    cmp     dword ptr [ebx + PACKET_SUM], 0
    je      1f
    mov     byte ptr [edx + VNET_FLAGS], VNET_UNSUMMED
    movzx   eax, byte ptr [esi + ETHER_HEADER_SIZE + IP_VERSION]
    and     eax, 15
    lea     eax, [eax*4 + ETHER_HEADER_SIZE]
    mov     [edx + VNET_SUM_FROM], ax
    mov     eax, [ebx + PACKET_SUM]
    mov     [edx + VNET_SUM_AT], ax
1:  ret

# NETIF_FILTER: has the net task enter the addresses. A card without commands lets everything through, and ether_receive
# chooses.
# In: EAX interface.
virtio_net_filter:
    mov     ecx, [eax + NETIF_DRIVER]
    test    dword ptr [ecx + VNET_DEVICE + VIRTIO_FEATURES], VNET_F_FILTER
    jz      9f
    mov     dword ptr [ecx + VNET_FILTER], 1
    jmp     net_wake
9:  ret

# Takes the answer of a command, and begins the next: the addresses when they have changed, and once they were taken,
# that nothing else is to come through. The interrupt of the answer brings the net task back here.
# In: EBX interface, EDI card.
virtio_net_choose:
    push    esi
    lea     eax, [edi + VNET_COMMAND]
    call    virtio_take
    jc      1f
    mov     dword ptr [edi + VNET_BUSY], 0
1:  cmp     dword ptr [edi + VNET_BUSY], 0
    jne     .Lvirtio_net_choose_done
    cmp     dword ptr [edi + VNET_FILTER], 0
    je      .Lvirtio_net_choose_only
    mov     dword ptr [edi + VNET_FILTER], 0
    lea     esi, [edi + VNET_ADDRESSES + 2 + 4]
    push    0                           # index
.Lvirtio_net_choose_station:
    mov     eax, ebx
    mov     edx, [esp]
    call    secondary_mac
    jc      .Lvirtio_net_choose_groups
    mov     edx, [eax]
    mov     [esi], edx
    mov     dx, [eax + 4]
    mov     [esi + 4], dx
    add     esi, 6
    inc     dword ptr [esp]
    cmp     dword ptr [esp], SECONDARIES
    jb      .Lvirtio_net_choose_station
.Lvirtio_net_choose_groups:
    pop     dword ptr [edi + VNET_ADDRESSES + 2]
    mov     dword ptr [esi], CARD_GROUPS
    add     esi, 4
    mov     ecx, CARD_GROUPS - 1
.Lvirtio_net_choose_group:
    call    card_group
    mov     [esi], eax
    mov     [esi + 4], dx
    add     esi, 6
    dec     ecx
    jns     .Lvirtio_net_choose_group
    lea     edx, [edi + VNET_ADDRESSES]
    mov     word ptr [edx], VNET_SET_ADDRESSES
    lea     ecx, [esi - 2]
    sub     ecx, edx
    jmp     .Lvirtio_net_choose_begin
.Lvirtio_net_choose_only:
    cmp     byte ptr [edi + VNET_ADDRESSES - 1], VNET_OK
    jne     .Lvirtio_net_choose_done    # a card that does not know them goes on letting everything through
    xor     ecx, ecx
    xchg    ecx, [edi + VNET_PROMISCUOUS]
    jecxz   .Lvirtio_net_choose_done
    lea     edx, [edi + VNET_CHOOSE]
    mov     word ptr [edx], VNET_SET_PROMISCUOUS
    mov     byte ptr [edx + 2], 0
.Lvirtio_net_choose_begin:
    mov     byte ptr [edx - 1], VNET_REFUSED
    push    SEGMENT_DEVICE_WRITES       # three SEGMENT records, from their ends: command, data, answer
    push    1
    lea     eax, [edx - 1]
    push    eax
    push    0
    push    ecx
    lea     eax, [edx + 2]
    push    eax
    push    0
    push    2
    push    edx
    mov     edx, esp
    mov     ecx, 3
    lea     eax, [edi + VNET_COMMAND]
    call    virtio_put
    lea     esp, [esp + 3 * SEGMENT_SIZE_OF]    # keeps CF
    jc      .Lvirtio_net_choose_done    # a queue of less than three descriptors: none of that
    mov     dword ptr [edi + VNET_BUSY], 1
    lea     eax, [edi + VNET_COMMAND]
    call    virtio_kick
.Lvirtio_net_choose_done:
    pop     esi
    ret
