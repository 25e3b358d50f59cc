# How frames leave by a virtio network card. A long one the card reads where it lies, in pieces if it lies in pieces, so
# its packet is held until it has; a short one is copied, which is less work than that. Where the card can, it cuts
# several segments of TCP out of one packet. Source: Virtual I/O Device (VIRTIO) 1.1, 5.1.6.2, legacy interface.

.include "macros.inc"
.include "net.inc"
.include "card.inc"
.include "virtio-net.inc"

.text

# Puts a packet that lies in pieces into the queue to send.
# In: EBX packet, ECX bytes of all, ESI buffer, EBP card.
# Out: CF when the queue is full.
# Clobbers: EAX, ECX, EDX.
virtio_net_put_pieces:
    push    edi
    mov     edi, esp
    sub     esp, (2 + PIECES) * SEGMENT_SIZE_OF
    mov     edx, esp
    sub     ecx, [ebx + PACKET_PIECES + 4]
    sub     ecx, [ebx + PACKET_PIECES + 12]
    mov     [edx + SEGMENT_ADDRESS], esi
    mov     dword ptr [edx + SEGMENT_BYTES], VNET_HEADER_BYTES
    mov     eax, [esi + VNET_AT]
    mov     [edx + SEGMENT_SIZE_OF + SEGMENT_ADDRESS], eax
    mov     [edx + SEGMENT_SIZE_OF + SEGMENT_BYTES], ecx
    mov     eax, [ebx + PACKET_PIECES]
    mov     [edx + 2 * SEGMENT_SIZE_OF + SEGMENT_ADDRESS], eax
    mov     eax, [ebx + PACKET_PIECES + 4]
    mov     [edx + 2 * SEGMENT_SIZE_OF + SEGMENT_BYTES], eax
    mov     eax, [ebx + PACKET_PIECES + 8]
    mov     [edx + 3 * SEGMENT_SIZE_OF + SEGMENT_ADDRESS], eax
    mov     eax, [ebx + PACKET_PIECES + 12]
    mov     [edx + 3 * SEGMENT_SIZE_OF + SEGMENT_BYTES], eax
    cmp     eax, 1
    mov     ecx, 2 + PIECES
    sbb     ecx, 0                      # the ring did not end in between
    xor     eax, eax
    mov     [edx + SEGMENT_FLAGS], eax
    mov     [edx + SEGMENT_SIZE_OF + SEGMENT_FLAGS], eax
    mov     [edx + 2 * SEGMENT_SIZE_OF + SEGMENT_FLAGS], eax
    mov     [edx + 3 * SEGMENT_SIZE_OF + SEGMENT_FLAGS], eax
    lea     eax, [ebp + VNET_SEND]
    call    virtio_put
    mov     esp, edi                    # keeps CF
    pop     edi
    ret

# NETIF_RECLAIM.
# In: EAX interface.
.global virtio_net_reclaim
virtio_net_reclaim:
    push    ebp
    mov     ebp, [eax + NETIF_DRIVER]
    INTERRUPTS_OFF
    call    virtio_net_reap
    INTERRUPTS_RESTORE
    pop     ebp
    ret

# NETIF_TRANSMIT: a short frame is copied, the packet of a long one is held.
# In: EAX interface, EBX packet, EDX frame, ECX bytes, of a frame at most ETHER_MAXIMUM.
# Out: CF when the link is down or all buffers are under way; the caller counts it.
# Locks: interrupts are off while a buffer is taken and filled, so that the queue stays in order.
.global virtio_net_transmit
virtio_net_transmit:
    push    esi
    push    edi
    push    ebp
    test    dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    jz      .Lvirtio_net_transmit_down
    mov     edi, [ebx + PACKET_MORE]    # EDI: frames beyond the first
    test    edi, edi
    jnz     .Lvirtio_net_transmit_fits  # TCP has seen to their length
    cmp     ecx, ETHER_MAXIMUM
    ja      .Lvirtio_net_transmit_down
.Lvirtio_net_transmit_fits:
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
    cmp     dword ptr [ebx + PACKET_STORE], 0
    jne     .Lvirtio_net_transmit_pieces
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
.Lvirtio_net_transmit_go:
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
.Lvirtio_net_transmit_pieces:
    mov     [edx + VNET_PACKET], ebx
    mov     esi, edx
    call    virtio_net_put_pieces
    jmp     .Lvirtio_net_transmit_go
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

# Says to the card where the checksum of a frame goes, if it is to put one in, and how it is to cut up a packet.
# In: EBX packet, EDX buffer, ESI frame, ECX bytes, EDI PACKET_MORE.
# Clobbers: EAX only.
virtio_net_header:
    xor     eax, eax
    mov     [edx + VNET_FLAGS], eax     # and VNET_CUT
    mov     [edx + VNET_CUT_BYTES], ax
    test    edi, edi
    jz      2f
    mov     byte ptr [edx + VNET_CUT], VNET_CUT_TCP
    mov     eax, ecx
    sub     eax, [ebx + PACKET_PIECES + 4]
    sub     eax, [ebx + PACKET_PIECES + 12]
    mov     [edx + VNET_CUT_HEADERS], ax
    mov     eax, [ebx + PACKET_SEGMENT]
    mov     [edx + VNET_CUT_BYTES], ax
2:  cmp     dword ptr [ebx + PACKET_SUM], 0
    je      1f
    mov     byte ptr [edx + VNET_FLAGS], VNET_UNSUMMED
    movzx   eax, byte ptr [esi + ETHER_HEADER_SIZE + IP_VERSION]
    and     eax, 15
    lea     eax, [eax*4 + ETHER_HEADER_SIZE]
    mov     [edx + VNET_SUM_FROM], ax
    mov     eax, [ebx + PACKET_SUM]
    mov     [edx + VNET_SUM_AT], ax
1:  ret
