# IPv4's way out: the header, the neighbour, fragments of what is longer than the path takes, and the queue of what this
# machine sends to itself.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "filter.inc"

MORE_FRAGMENTS          = 0x2000        # in IP_FRAGMENT as a number
DONT_FRAGMENT           = 0x4000
ROUTER_ALERT            = 0x00000494    # RFC 2113
INTERNET_CONTROL        = 0xC0          # the precedence of IGMP (RFC 3376 section 4)
LOOPBACK_MOST           = 256           # packets to this machine itself that wait at a time

.bss
.balign 4
loopback_queue:         .space 4        # packets to this machine itself, oldest first

# Locals of ip_send, relative to EBP.
SEND_DESTINATION        = -4
SEND_KIND               = -8            # protocol, TTL and option, as they came
SEND_HOP                = -12
SEND_MAC                = -20           # 6 bytes
SEND_LOCALS             = 20

.text

# Puts the IP header in front of a packet and sends it. What is longer than the path takes leaves as fragments.
# In: EAX packet, its interface set or 0, with that the next hop where its way is known; EDX destination; ECX protocol |
# TTL << 8 | 1 << 16 with the Router Alert option (RFC 2113).
# Out: CF and EAX error when it did not leave. The packet is gone in both cases.
.global ip_send
ip_send:
    push    ebx
    push    esi
    push    edi
    FRAME   SEND_LOCALS
    mov     esi, eax
    mov     [ebp + SEND_DESTINATION], edx
    mov     [ebp + SEND_KIND], ecx
    mov     eax, [esi + PACKET_NETIF]
    mov     edx, [esi + PACKET_HOP]
    test    edx, edx
    jnz     .Lip_send_routed
    mov     edx, eax
    mov     eax, [ebp + SEND_DESTINATION]
    call    route_find
    jc      .Lip_send_no_route
.Lip_send_routed:
    mov     ebx, eax                    # EBX: interface
    mov     [esi + PACKET_NETIF], eax
    mov     [ebp + SEND_HOP], edx
    cmp     dword ptr [filter_rules], 0
    jne     .Lip_send_filter
.Lip_send_passed:
    cmp     dword ptr [esi + PACKET_STORE], 0
    jne     .Lip_send_summed            # the card gathers it, cuts it up, and adds up
    mov     edx, [esi + PACKET_LENGTH]
    mov     eax, [ebp + SEND_DESTINATION]
    add     edx, IP_HEADER_SIZE
    mov     ecx, [esi + PACKET_FLAGS]
    call    path_takes
    jbe     .Lip_send_whole
    call    ip_send_pieces
    jmp     .Lip_send_done
.Lip_send_whole:
    test    dword ptr [ebx + NETIF_CAN], NETIF_SUMS
    jz      .Lip_send_sum
    cmp     ebx, [tap_netif]            # who listens sees whole packets
    jne     .Lip_send_summed
.Lip_send_sum:
    mov     eax, esi
    call    packet_sum
.Lip_send_summed:
    mov     eax, DONT_FRAGMENT          # RFC 1191; then the identification means nothing (RFC 6864 section 4.1)
    xor     ecx, ecx
    test    dword ptr [esi + PACKET_FLAGS], PACKET_SPLIT
    jz      1f
    call    secret_number
    movzx   ecx, ax
    xor     eax, eax
1:  call    ip_send_header
    call    ip_send_frame
.Lip_send_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lip_send_filter:
    call    ip_source
    mov     edx, [ebp + SEND_DESTINATION]
    movzx   ecx, byte ptr [ebp + SEND_KIND]
    mov     ch, RULE_OUT
    push    esi
    mov     esi, [esi + PACKET_DATA]
    call    filter_look
    pop     esi
    jnc     .Lip_send_passed
    mov     edi, ERROR_NOT_PERMITTED
    jmp     .Lip_send_failed
.Lip_send_no_route:
    COUNT   ip_no_route
    mov     edi, ERROR_NO_ROUTE
.Lip_send_failed:
    mov     eax, esi
    call    packet_free
    mov     eax, edi
    stc
    jmp     .Lip_send_done

# Writes the header of a packet.
# In: ESI packet, EBX interface, EAX flags and fragment offset, ECX identification; the frame of ip_send.
# Clobbers: EAX, ECX, EDX, EDI.
ip_send_header:
    push    eax
    push    ecx
    mov     ecx, IP_HEADER_SIZE
    test    dword ptr [ebp + SEND_KIND], 1 << 16
    jz      1f
    add     ecx, 4
1:  mov     eax, esi
    mov     edx, ecx
    call    packet_prepend
    mov     edi, edx                    # EDI: header
    mov     edx, ecx
    shr     edx, 2
    or      edx, 0x40
    mov     [edi + IP_VERSION], dl
    cmp     edx, 0x46
    jne     2f
    mov     dword ptr [edi + IP_HEADER_SIZE], ROUTER_ALERT
    mov     byte ptr [edi + IP_SERVICE], INTERNET_CONTROL
2:  mov     eax, [esi + PACKET_LENGTH]
    xchg    al, ah
    mov     [edi + IP_LENGTH], ax
    pop     eax
    xchg    al, ah
    mov     [edi + IP_IDENTIFICATION], ax
    pop     eax
    xchg    al, ah
    mov     [edi + IP_FRAGMENT], ax
    mov     eax, [ebp + SEND_KIND]
    mov     [edi + IP_TTL], ah
    mov     [edi + IP_PROTOCOL], al
    mov     eax, [ebp + SEND_DESTINATION]
    mov     [edi + IP_DESTINATION], eax
    push    ecx
    call    ip_source
    pop     ecx
    mov     [edi + IP_SOURCE], eax
    mov     word ptr [edi + IP_CHECKSUM], 0
    mov     edx, edi
    call    checksum
    mov     [edi + IP_CHECKSUM], ax
    ret

# The source address of a packet; a further address that has a MAC address of its own sends from that.
# In: ESI packet, EBX interface.
# Out: EAX address.
# Clobbers: ECX, EDX.
ip_source:
    xor     eax, eax
    test    dword ptr [esi + PACKET_FLAGS], PACKET_ANONYMOUS
    jnz     9f
    mov     edx, [esi + PACKET_SOURCE]
    mov     eax, [ebx + NETIF_ADDRESS]
    test    edx, edx
    jz      9f
    cmp     edx, eax
    je      9f
    mov     eax, ebx
    call    secondary_find
    mov     eax, edx
    jz      9f
    call    secondary_lapsed            # one that is served together: its station may be elsewhere by now
    jc      9f
    lea     ecx, [ecx + SECONDARY_MAC]
    mov     [esi + PACKET_STATION], ecx
9:  ret

# Sends a packet whose header is written to the neighbour, the group or everybody that it is for.
# In: ESI packet, EBX interface; the frame of ip_send.
# Out: CF and EAX error. The packet is gone in both cases.
# Clobbers: ECX, EDX, EDI.
ip_send_frame:
    COUNT   ip_sent
    mov     edx, [esi + PACKET_MORE]
    add     [count_ip_sent], edx
    mov     edx, [ebp + SEND_DESTINATION]
    cmp     ebx, offset loopback
    je      .Lip_send_own
    mov     eax, ebx
    call    ip_own
    je      .Lip_send_own
    cmp     dl, 224
    jae     .Lip_send_group
    call    ip_is_broadcast
    je      .Lip_send_broadcast
    mov     edx, [ebp + SEND_HOP]
    mov     eax, esi
    jmp     arp_send
.Lip_send_own:
    mov     eax, esi
    call    ip_loop
    clc
    ret
.Lip_send_group:
    cmp     edx, IP_BROADCAST
    je      .Lip_send_broadcast
    shr     edx, 8                      # RFC 1112 section 6.4: the lower 23 bits of the group
    and     edx, 0x00FFFF7F
    mov     dword ptr [ebp + SEND_MAC], 0x005E0001
    mov     [ebp + SEND_MAC + 3], edx
    jmp     .Lip_send_ether
.Lip_send_broadcast:
    mov     dword ptr [ebp + SEND_MAC], -1
    mov     dword ptr [ebp + SEND_MAC + 4], -1
.Lip_send_ether:
    lea     edx, [ebp + SEND_MAC]
    mov     eax, esi
    mov     ecx, ETHER_TYPE_IPV4
    jmp     ether_send

# Sends a packet in fragments (RFC 791 section 3.2), each a packet of its own, and frees it. One that may not be
# fragmented is refused: TCP learns the path's MTU before it sends, and nothing else is that long.
# In: ESI packet, EBX interface, EAX bytes that the path takes; the frame of ip_send.
# Out: CF and EAX error.
ip_send_pieces:
    push    eax
    mov     eax, esi
    call    packet_sum
    pop     eax
    sub     eax, IP_HEADER_SIZE
    and     eax, ~7
    push    eax                         # [esp + 8]: data of a full fragment
    call    secret_number               # nobody guesses the next (RFC 7739)
    movzx   eax, ax
    push    eax                         # [esp + 4]: identification
    mov     edx, esi                    # EDX: the whole
    push    0                           # [esp]: offset
    test    dword ptr [edx + PACKET_FLAGS], PACKET_SPLIT
    mov     edi, ERROR_TOO_LONG
    jz      .Lip_pieces_end
    COUNT   ip_split
.Lip_pieces_next:
    mov     edi, [edx + PACKET_LENGTH]
    sub     edi, [esp]
    cmp     edi, [esp + 8]
    jbe     1f
    mov     edi, [esp + 8]              # EDI: bytes of this one
1:  push    edx
    mov     eax, edi
    call    packet_alloc
    pop     edx
    mov     ecx, edi
    mov     edi, ERROR_NO_MEMORY
    jc      .Lip_pieces_end
    mov     esi, eax
    mov     [esi + PACKET_NETIF], ebx
    mov     eax, [edx + PACKET_SOURCE]
    mov     [esi + PACKET_SOURCE], eax
    mov     eax, [edx + PACKET_FLAGS]
    mov     [esi + PACKET_FLAGS], eax
    push    edx
    mov     eax, [esi + PACKET_DATA]
    mov     edx, [edx + PACKET_DATA]
    add     edx, [esp + 4]
    push    ecx
    call    mem_copy
    pop     ecx
    pop     edx
    mov     eax, [esp]
    shr     eax, 3
    add     ecx, [esp]
    mov     [esp], ecx
    cmp     ecx, [edx + PACKET_LENGTH]
    jae     2f
    or      eax, MORE_FRAGMENTS
2:  mov     ecx, [esp + 4]
    push    edx
    call    ip_send_header
    call    ip_send_frame
    pop     edx
    mov     edi, eax
    jc      .Lip_pieces_end
    xor     edi, edi
    mov     eax, [esp]
    cmp     eax, [edx + PACKET_LENGTH]
    jb      .Lip_pieces_next
.Lip_pieces_end:
    mov     eax, edx
    call    packet_free
    add     esp, 12
    mov     eax, edi
    cmp     eax, 1                      # CF clear when there was no error
    cmc
    ret

# Sends a packet on that came for another machine.
# In: EAX packet with its interface and its header written, EDX neighbour.
# Out: CF and EAX error.
.global ip_send_on
ip_send_on:
    COUNT   ip_forwarded
    jmp     arp_send

# Queues a packet for this machine itself. It is lost when so many wait that nobody seems to take them: while the
# network's service is stopped programs send on.
# In: EAX packet.
# Clobbers: EAX, ECX, EDX.
ip_loop:
    mov     dword ptr [eax + PACKET_NEXT], 0
    mov     edx, offset loopback_queue  # PACKET_NEXT is 0, so the head looks like a packet
    mov     ecx, LOOPBACK_MOST
    INTERRUPTS_OFF
1:  cmp     dword ptr [edx + PACKET_NEXT], 0
    je      2f
    mov     edx, [edx + PACKET_NEXT]
    loop    1b
    INTERRUPTS_RESTORE
    COUNT   ip_unlooped
    jmp     packet_free
2:  mov     [edx + PACKET_NEXT], eax
    INTERRUPTS_RESTORE
    jmp     net_wake

# Receives what this machine sent to itself. Called by the net task.
.global ip_loopback
ip_loopback:
    push    ebx
    push    esi
    xor     esi, esi
1:  INTERRUPTS_OFF
    mov     ebx, [loopback_queue]
    test    ebx, ebx
    jz      2f
    mov     eax, [ebx + PACKET_NEXT]
    mov     [loopback_queue], eax
2:  INTERRUPTS_RESTORE
    test    ebx, ebx
    jz      3f
    mov     eax, [ebx + PACKET_NETIF]
    mov     edx, [ebx + PACKET_DATA]
    mov     ecx, [ebx + PACKET_LENGTH]
    mov     dword ptr [ip_summed], 1    # nothing has happened to it, and the sum may not be there
    call    ip_input
    mov     dword ptr [ip_summed], 0
    mov     eax, ebx
    call    packet_free
    jmp     1b
3:  pop     esi
    pop     ebx
    ret
