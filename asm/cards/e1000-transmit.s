# How frames leave by an Intel 82540EM. A long one the card reads where it lies, in pieces if it lies in pieces, so its
# packet is held until it has; a short one is copied, which is less work than that. Several segments of TCP the card
# cuts out of one packet. The card puts in checksums of TCP and UDP, for which a context says
# where they are: one descriptor before the frame's, needed again only when the next frame has them elsewhere. Source:
# Intel, PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual (317453), 3.3 to 3.5.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"
.include "memory.inc"
.include "card.inc"
.include "e1000.inc"

COPIED_MAXIMUM          = 256           # bytes of a frame that is copied

.text

# NETIF_TRANSMIT.
# In: EAX interface, EBX packet, EDX frame, ECX bytes, at most ETHER_MAXIMUM.
# Out: CF when the link is down or the ring is full; the caller counts it.
# Locks: interrupts are off while descriptors are taken and filled, so that the ring stays in order.
.global e1000_transmit
e1000_transmit:
    push    esi
    push    edi
    push    ebp
    test    dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    jz      .Le1000_transmit_down
    cmp     dword ptr [ebx + PACKET_STORE], 0
    jne     .Le1000_transmit_pieces
    cmp     ecx, ETHER_MAXIMUM
    ja      .Le1000_transmit_down
    mov     ebp, [eax + NETIF_DRIVER]   # EBP: card
    mov     esi, edx                    # ESI: frame
    INTERRUPTS_OFF
    push    ecx
    call    e1000_reap
    pop     ecx
    mov     edx, [ebp + CARD_TX_DONE]   # a context and a frame, and one stays free: a full ring would look empty
    sub     edx, [ebp + CARD_TX_NEXT]
    dec     edx
    and     edx, TX_DESCRIPTORS - 1
    cmp     edx, 2
    jb      .Le1000_transmit_full
    xor     edx, edx                    # EDX: options of the frame's descriptor
    cmp     [ebx + PACKET_SUM], edx
    je      .Le1000_transmit_frame
    call    e1000_context
    mov     edx, TXD_TXSM
.Le1000_transmit_frame:
    mov     eax, [ebp + CARD_TX_NEXT]
    mov     edi, eax
    shl     edi, 4                      # DESCRIPTOR_SIZE
    add     edi, [ebp + CARD_TX_RING]   # EDI: descriptor
    mov     [edi + TXD_STATUS], edx
    mov     dword ptr [edi + 4], 0      # a context may have been there
    lea     edx, [ecx + TXD_SEND]
    mov     [edi + DESCRIPTOR_LENGTH], edx
    cmp     ecx, COPIED_MAXIMUM
    jbe     .Le1000_transmit_copy
    cmp     dword ptr [ebx + PACKET_HOLDERS], 0 # somebody else may change it, once it has left
    jne     .Le1000_transmit_copy
    inc     dword ptr [ebx + PACKET_HOLDERS]
    mov     [ebp + CARD_TX_PACKETS + eax*4], ebx
    VIRT_TO_PHYS esi
    mov     [edi], esi
.Le1000_transmit_go:
    inc     eax
    and     eax, TX_DESCRIPTORS - 1
    mov     [ebp + CARD_TX_NEXT], eax
    mov     edx, [ebp + CARD_MMIO]
    mov     [edx + TDT], eax
    INTERRUPTS_RESTORE
    clc
    jmp     .Le1000_transmit_done
.Le1000_transmit_copy:
    imul    edx, eax, BUFFER_BYTES
    add     edx, [ebp + CARD_TX_BUFFERS]
    sub     edx, KERNEL_SPACE
    mov     [edi], edx
    lea     edi, [edx + KERNEL_SPACE]
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    jmp     .Le1000_transmit_go
.Le1000_transmit_pieces:
    call    e1000_transmit_pieces
    jmp     .Le1000_transmit_done
.Le1000_transmit_full:
    INTERRUPTS_RESTORE
.Le1000_transmit_down:
    stc
.Le1000_transmit_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Queues a packet whose data lies elsewhere, and which the card may cut into segments.
# In: EAX interface, EBX packet, EDX frame, ECX bytes.
# Out: CF when there is no room, or it is too long.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
e1000_transmit_pieces:
    mov     ebp, [eax + NETIF_DRIVER]
    mov     esi, edx
    mov     edi, ecx
    sub     ecx, [ebx + PACKET_PIECES + 4]
    sub     ecx, [ebx + PACKET_PIECES + 12] # ECX: bytes of the headers
    mov     edx, edi                    # EDX: of the longest frame
    cmp     dword ptr [ebx + PACKET_MORE], 0
    je      1f
    mov     edx, ecx
    add     edx, [ebx + PACKET_SEGMENT]
1:  cmp     edx, ETHER_MAXIMUM
    ja      .Le1000_transmit_pieces_down
    INTERRUPTS_OFF
    push    ecx
    push    edi
    call    e1000_reap
    pop     edi
    pop     ecx
    mov     eax, [ebp + CARD_TX_DONE]   # a context, the headers, two pieces, and one stays free
    sub     eax, [ebp + CARD_TX_NEXT]
    dec     eax
    and     eax, TX_DESCRIPTORS - 1
    cmp     eax, 2 + PIECES
    jb      .Le1000_transmit_pieces_full
    call    e1000_gather
    INTERRUPTS_RESTORE
    clc
    ret
.Le1000_transmit_pieces_full:
    INTERRUPTS_RESTORE
.Le1000_transmit_pieces_down:
    stc
    ret

# NETIF_RECLAIM.
# In: EAX interface.
.global e1000_reclaim
e1000_reclaim:
    push    edi
    push    ebp
    mov     ebp, [eax + NETIF_DRIVER]
    INTERRUPTS_OFF
    call    e1000_reap
    INTERRUPTS_RESTORE
    pop     ebp
    pop     edi
    ret

# Has the card gather a frame, or the frames that it cuts a packet into.
# In: EBX packet, ESI headers, ECX their bytes, EDI bytes of all, EBP card; interrupts off, 2 + PIECES descriptors free.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
e1000_gather:
    push    0                           # [esp + 4]: what each descriptor has besides TXD_PIECE,
    push    TXD_TXSM                    # [esp]: and in the dword of the status
    cmp     dword ptr [ebx + PACKET_MORE], 0
    jne     .Le1000_gather_cut
    push    ecx
    call    e1000_context
    pop     ecx
.Le1000_gather_headers:
    mov     eax, esi
    lea     esi, [ebx + PACKET_PIECES]
.Le1000_gather_next:
    mov     edi, [ebp + CARD_TX_NEXT]
    shl     edi, 4                      # DESCRIPTOR_SIZE
    add     edi, [ebp + CARD_TX_RING]
    VIRT_TO_PHYS eax
    mov     [edi], eax
    mov     dword ptr [edi + 4], 0
    mov     eax, [esp]
    mov     [edi + TXD_STATUS], eax
    lea     edx, [ecx + TXD_PIECE]
    or      edx, [esp + 4]
    lea     eax, [ebx + PACKET_PIECES + PIECES * 8]
    xor     ecx, ecx
    cmp     esi, eax
    je      1f
    mov     ecx, [esi + 4]              # the next piece
    jecxz   1f
    mov     [edi + DESCRIPTOR_LENGTH], edx
    mov     eax, [ebp + CARD_TX_NEXT]
    inc     eax
    and     eax, TX_DESCRIPTORS - 1
    mov     [ebp + CARD_TX_NEXT], eax
    mov     eax, [esi]
    add     esi, 8
    jmp     .Le1000_gather_next
1:  or      edx, TXD_EOP
    mov     [edi + DESCRIPTOR_LENGTH], edx
    mov     eax, [ebp + CARD_TX_NEXT]
    inc     dword ptr [ebx + PACKET_HOLDERS]
    mov     [ebp + CARD_TX_PACKETS + eax*4], ebx
    inc     eax
    and     eax, TX_DESCRIPTORS - 1
    mov     [ebp + CARD_TX_NEXT], eax
    mov     edx, [ebp + CARD_MMIO]
    mov     [edx + TDT], eax
    lea     esp, [esp + 8]
    ret
.Le1000_gather_cut:
    mov     dword ptr [esp + 4], TXD_TSE
    mov     dword ptr [esp], TXD_TXSM | TXD_IXSM
    movzx   eax, byte ptr [esi + ETHER_HEADER_SIZE + IP_VERSION]
    and     eax, 15
    lea     eax, [eax*4 + ETHER_HEADER_SIZE]
    mov     word ptr [esi + ETHER_HEADER_SIZE + IP_CHECKSUM], 0
    mov     edx, edi                    # the sum of the pseudo header without the length, which is each segment's own
    sub     edx, eax
    xchg    dl, dh
    not     edx
    add     [esi + eax + TCP_CHECKSUM], dx
    adc     word ptr [esi + eax + TCP_CHECKSUM], 0
    push    ecx
    mov     edx, [ebx + PACKET_SEGMENT]
    shl     edx, 8
    or      edx, ecx
    shl     edx, 8                      # EDX: bytes of the headers, and of a segment
    neg     ecx
    lea     ecx, [edi + ecx + TXD_TSE]  # of all segments
    call    e1000_context_put
    mov     dword ptr [ebp + CARD_TX_CONTEXT], 0
    pop     ecx
    jmp     .Le1000_gather_headers

# Gives back the packets that the card has read.
# In: EBP card; interrupts off.
# Clobbers: EAX, ECX, EDX, EDI.
e1000_reap:
    mov     edi, [ebp + CARD_TX_DONE]
1:  cmp     edi, [ebp + CARD_TX_NEXT]
    je      3f
    mov     eax, edi
    shl     eax, 4                      # DESCRIPTOR_SIZE
    add     eax, [ebp + CARD_TX_RING]
    test    byte ptr [eax + TXD_STATUS], TXD_STATUS_DD
    jz      3f
    xor     eax, eax
    xchg    eax, [ebp + CARD_TX_PACKETS + edi*4]
    inc     edi
    and     edi, TX_DESCRIPTORS - 1
    test    eax, eax
    jz      1b
    call    packet_free
    jmp     1b
3:  mov     [ebp + CARD_TX_DONE], edi
    ret

# Has the card know where the checksum of a frame goes.
# In: EBX packet, ESI frame, EBP card; interrupts off, and a descriptor free.
# Clobbers: EAX, EDX, EDI.
e1000_context:
    movzx   eax, byte ptr [esi + ETHER_HEADER_SIZE + IP_VERSION]
    and     eax, 15
    lea     eax, [eax*4 + ETHER_HEADER_SIZE]    # EAX: bytes before the header of TCP or UDP
    mov     edx, [ebx + PACKET_SUM]
    shl     edx, 8
    or      edx, eax
    cmp     edx, [ebp + CARD_TX_CONTEXT]
    je      9f
    mov     [ebp + CARD_TX_CONTEXT], edx
    push    ecx
    xor     ecx, ecx
    xor     edx, edx
    call    e1000_context_put
    pop     ecx
9:  ret

# Writes a context.
# In: EAX bytes before the header of TCP or UDP, ECX what its dword of the length has besides, EDX its dword of the
# status; EBX packet, EBP card.
# Clobbers: ECX, EDX, EDI.
e1000_context_put:
    mov     edi, [ebp + CARD_TX_NEXT]
    shl     edi, 4                      # DESCRIPTOR_SIZE
    add     edi, [ebp + CARD_TX_RING]
    mov     [edi + TXD_STATUS], edx
    lea     edx, [eax - 1]              # where the header of IP ends; its checksum is there already
    shl     edx, 16
    or      edx, ETHER_HEADER_SIZE | ((ETHER_HEADER_SIZE + IP_CHECKSUM) << 8)
    mov     [edi], edx
    mov     edx, [ebx + PACKET_SUM]     # from the header to the end of the frame, which is filled up with zeros
    add     edx, eax
    shl     edx, 8
    or      edx, eax
    mov     [edi + 4], edx
    or      ecx, TXD_DEXT | TXD_RS | TXC_IPV4
    cmp     dword ptr [ebx + PACKET_SUM], TCP_CHECKSUM
    jne     1f
    or      ecx, TXC_TCP
1:  mov     [edi + DESCRIPTOR_LENGTH], ecx
    mov     edx, [ebp + CARD_TX_NEXT]
    inc     edx
    and     edx, TX_DESCRIPTORS - 1
    mov     [ebp + CARD_TX_NEXT], edx
    ret
