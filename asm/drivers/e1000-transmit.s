# How frames leave by an Intel 82540EM. A long one the card reads where it lies, so its packet is held until it has; a
# short one is copied, which is less work than that. The card puts in checksums of TCP and UDP, for which a context says
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
.Le1000_transmit_full:
    INTERRUPTS_RESTORE
.Le1000_transmit_down:
    stc
.Le1000_transmit_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

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
    mov     edi, [ebp + CARD_TX_NEXT]
    shl     edi, 4                      # DESCRIPTOR_SIZE
    add     edi, [ebp + CARD_TX_RING]
    lea     edx, [eax - 1]              # where the header of IP ends; its checksum is there already
    shl     edx, 16
    or      edx, ETHER_HEADER_SIZE | ((ETHER_HEADER_SIZE + IP_CHECKSUM) << 8)
    mov     [edi], edx
    mov     edx, [ebx + PACKET_SUM]     # from the header to the end of the frame, which is filled up with zeros
    add     edx, eax
    shl     edx, 8
    or      edx, eax
    mov     [edi + 4], edx
    mov     edx, TXD_DEXT | TXD_RS | TXC_IPV4
    cmp     dword ptr [ebx + PACKET_SUM], TCP_CHECKSUM
    jne     1f
    or      edx, TXC_TCP
1:  mov     [edi + DESCRIPTOR_LENGTH], edx
    mov     dword ptr [edi + TXD_STATUS], 0
    mov     edx, [ebp + CARD_TX_NEXT]
    inc     edx
    and     edx, TX_DESCRIPTORS - 1
    mov     [ebp + CARD_TX_NEXT], edx
9:  ret
