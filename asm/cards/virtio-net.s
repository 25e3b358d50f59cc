# Virtio network cards (1AF4:1000), as QEMU and other hypervisors show them: one queue of buffers for the card to fill,
# one to send, and one for commands, which say what the card is to let through. Where the card can, it adds up checksums
# of TCP and UDP in both directions. Source: Virtual I/O Device (VIRTIO) 1.1, 5.1, legacy interface.

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "net.inc"
.include "memory.inc"
.include "card.inc"
.include "virtio-net.inc"

STRING virtio_net_name, "virtio network card"

.section .rodata
.balign 4
virtio_net_cards:                       # CARDS_*
    .long   VIRTIO_ID_NET, virtio_net_name, PCI_BARS, PCI_BAR_IO, 0, VNET_SIZE_OF, PAGES
    .long   virtio_net_open, virtio_net_start, virtio_net_link, virtio_net_interrupt
    .long   virtio_net_transmit, virtio_net_poll, virtio_net_filter
    .long   virtio_net_station, virtio_net_drop, virtio_net_close
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
    mov     dword ptr [ebx + NETIF_RECLAIM], offset virtio_net_reclaim
    mov     eax, [edi + VNET_DEVICE + VIRTIO_FEATURES]
    xor     ecx, ecx
    test    eax, VNET_F_SUMS
    jz      .Lvirtio_net_open_can
    mov     ecx, NETIF_SUMS | NETIF_GATHERS
    test    eax, VNET_F_CUTS
    jz      .Lvirtio_net_open_can
    or      ecx, NETIF_CUTS
.Lvirtio_net_open_can:
    mov     [ebx + NETIF_CAN], ecx
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
    call    virtio_net_station
    mov     [ebx + NETIF_MAC], eax
    mov     [ebx + NETIF_MAC + 4], dx
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

# CARDS_STATION.
virtio_net_station:
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, VNET_REG_MAC
    call    virtio_config
    push    eax
    lea     eax, [edi + VNET_DEVICE]
    mov     edx, VNET_REG_MAC + 4
    call    virtio_config
    mov     edx, eax
    pop     eax
    ret

# CARDS_DROP. The queues keep their memory for virtio_queue, which makes them again.
virtio_net_drop:
    push    ebx
    push    esi
    mov     esi, [edi + CARD_MEMORY]
    add     esi, RX_BUFFERS * BUFFER_BYTES
    mov     ebx, TX_BUFFERS
1:  xor     eax, eax
    xchg    eax, [esi + VNET_PACKET]
    test    eax, eax
    jz      2f
    call    packet_free
2:  add     esi, BUFFER_BYTES
    dec     ebx
    jnz     1b
    mov     dword ptr [edi + VNET_FREE], ebx
    mov     dword ptr [edi + VNET_FILTER], ebx
    mov     dword ptr [edi + VNET_BUSY], ebx
    pop     esi
    pop     ebx
    ret

# CARDS_CLOSE.
virtio_net_close:
    lea     eax, [edi + VNET_DEVICE]
    jmp     virtio_reset

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
.global virtio_net_put
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
