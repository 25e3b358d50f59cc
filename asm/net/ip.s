# IPv4 (RFC 791, RFC 1122): checks of what comes in, headers of what goes out, and the choice of the way. Nothing is
# fragmented and fragments are not put together: everything QuRe sends fits one frame.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.data
.balign 4
# Stands for the machine itself: 127.0.0.0/8. Not in the list of interfaces, as it has no card.
loopback:
    .space  NETIF_NAME
    .ascii  "lo"
    .space  NETIF_FLAGS - NETIF_NAME - 2
    .long   NETIF_UP | NETIF_LINK
    .long   0x0100007F                  # NETIF_ADDRESS 127.0.0.1
    .long   0x000000FF                  # NETIF_MASK
    .space  NETIF_SIZE - NETIF_ROUTER

# Protocol and its handler. In: EAX interface, EDX IP header, ESI payload, ECX its bytes. Runs in the net task, must not
# wait for packets.
protocols:
    .long   PROTOCOL_ICMP, icmp_receive
    .long   PROTOCOL_IGMP, igmp_receive
    .long   PROTOCOL_UDP, udp_input
    .long   PROTOCOL_TCP, tcp_receive
    .long   0

.balign 4
ip_identification:      .word 0

.bss
.balign 4
loopback_queue:         .space 4        # packets to this machine itself, oldest first

.text

# Says whether an address can be that of one machine.
# In: EAX address.
# Out: ZF set when it can: not 0, loopback, multicast, reserved or broadcast.
# Clobbers: the flags only.
.global ip_is_unicast
ip_is_unicast:
    test    al, al                      # 0.0.0.0/8
    jz      8f
    cmp     al, 127
    je      8f
    cmp     al, 224
    jae     8f
    cmp     al, al
    ret
8:  test    esp, esp                    # ZF clear
    ret

# An IPv4 packet came in from a card.
# In: EAX interface, EDX frame, ECX bytes after the Ethernet header.
.global ip_receive
ip_receive:
    push    esi
    mov     esi, edx
    add     edx, ETHER_HEADER_SIZE
    call    ip_input
    pop     esi
    ret

# Checks a packet and hands it on.
# In: EAX interface, EDX IP header, ECX bytes that there are, ESI frame or 0 when the packet never was in one.
ip_input:
    push    ebx
    push    edi
    push    ebp
    push    esi
    mov     ebx, eax
    mov     edi, edx
    COUNT   ip_received
    cmp     ecx, IP_HEADER_SIZE
    jb      ip_bad
    movzx   ebp, byte ptr [edi + IP_VERSION]
    mov     eax, ebp
    shr     eax, 4
    cmp     eax, 4
    jne     ip_bad
    and     ebp, 15
    shl     ebp, 2                      # header bytes
    cmp     ebp, IP_HEADER_SIZE
    jb      ip_bad
    movzx   eax, word ptr [edi + IP_LENGTH]
    xchg    al, ah
    cmp     eax, ebp
    jb      ip_bad
    cmp     eax, ecx
    ja      ip_bad
    push    eax
    mov     edx, edi
    mov     ecx, ebp
    call    checksum
    pop     ecx                         # bytes of the packet
    jz      .Lip_input_whole
    COUNT   ip_checksum
    jmp     ip_done
.Lip_input_whole:
    test    word ptr [edi + IP_FRAGMENT], IP_FRAGMENT_BITS
    jz      .Lip_input_source
    COUNT   ip_fragments
    jmp     ip_done

.Lip_input_source:
    test    esi, esi
    jz      .Lip_input_deliver
    mov     eax, [edi + IP_SOURCE]
    call    ip_is_unicast
    jne     .Lip_input_not_unicast
    cmp     eax, [ebx + NETIF_ADDRESS]  # somebody pretends to be us
    jne     .Lip_input_deliver
    jmp     ip_bad_source
.Lip_input_not_unicast:
    test    eax, eax                    # 0.0.0.0: one that has no address yet, to everybody
    jnz     ip_bad_source
    cmp     byte ptr [edi + IP_DESTINATION], 224
    jb      ip_bad_source
.Lip_input_deliver:
    mov     edx, [edi + IP_DESTINATION]
    mov     eax, ebx
    push    ecx
    call    ip_is_ours
    pop     ecx
    jc      ip_not_ours

    movzx   eax, byte ptr [edi + IP_PROTOCOL]
    mov     edx, offset protocols
.Lip_input_protocol:
    cmp     dword ptr [edx], 0
    je      .Lip_input_unknown
    cmp     [edx], eax
    je      .Lip_input_handler
    add     edx, 8
    jmp     .Lip_input_protocol
.Lip_input_handler:
    lea     esi, [edi + ebp]
    sub     ecx, ebp
    mov     ebp, [edx + 4]
    mov     eax, ebx
    mov     edx, edi
    call    ebp
    jmp     ip_done
.Lip_input_unknown:
    COUNT   ip_protocol
    jmp     ip_done

ip_bad:
    COUNT   ip_malformed
    jmp     ip_done
ip_bad_source:
    COUNT   ip_source
    jmp     ip_done
ip_not_ours:
    COUNT   ip_foreign
ip_done:
    pop     esi
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Says whether a packet is for this machine.
# In: EAX interface, EDX destination, ESI frame or 0.
# Out: CF when it is not.
ip_is_ours:
    cmp     dl, 224
    jae     .Lip_is_ours_group
    cmp     edx, [eax + NETIF_ADDRESS]
    je      .Lip_is_ours_no_address
    mov     ecx, [eax + NETIF_ADDRESS]
    jecxz   .Lip_is_ours_no_address     # without an address we take what is sent to our MAC address: a DHCP server may
                                        # use the address that it is about to give us (RFC 2131 section 4.1)
    mov     ecx, [eax + NETIF_MASK]
    not     ecx
    or      ecx, [eax + NETIF_ADDRESS]
    cmp     edx, ecx                    # broadcast on the subnet
    je      .Lip_is_ours_yes
    cmp     dl, 127
    jne     .Lip_is_ours_no
    cmp     eax, offset loopback        # 127.0.0.0/8 never comes from a wire
    jne     .Lip_is_ours_no
    jmp     .Lip_is_ours_yes
.Lip_is_ours_no_address:
    test    esi, esi
    jz      .Lip_is_ours_yes
    test    byte ptr [esi + ETHER_DESTINATION], 1 # RFC 1122 section 3.3.6: sent to all of the link, but for one
    jnz     .Lip_is_ours_no
.Lip_is_ours_yes:
    clc
    ret
.Lip_is_ours_group:
    cmp     edx, IP_BROADCAST
    je      .Lip_is_ours_yes
    cmp     edx, IP_ALL_HOSTS
    je      .Lip_is_ours_yes
    lea     ecx, [eax + NETIF_GROUPS]
    add     eax, NETIF_GROUPS + GROUPS_MAXIMUM * GROUP_SIZE
.Lip_is_ours_next:
    cmp     edx, [ecx + GROUP_ADDRESS]
    je      .Lip_is_ours_yes
    add     ecx, GROUP_SIZE
    cmp     ecx, eax
    jb      .Lip_is_ours_next
.Lip_is_ours_no:
    stc
    ret

# Chooses the interface for a destination.
# In: EAX destination.
# Out: EAX interface, or CF and ERROR_NO_ROUTE.
.global ip_route
ip_route:
    push    ebx
    push    esi
    cmp     al, 127
    jne     .Lip_route_rules
    mov     eax, offset loopback
    jmp     .Lip_route_good
.Lip_route_rules:
    mov     esi, offset ip_route_rules
.Lip_route_rule:
    mov     ebx, [net_interfaces]
.Lip_route_interface:
    test    ebx, ebx
    jz      .Lip_route_next_rule
    test    dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    jz      .Lip_route_next
    call    [esi]
    jz      .Lip_route_found
.Lip_route_next:
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lip_route_interface
.Lip_route_next_rule:
    add     esi, 4
    cmp     esi, offset ip_route_rules_end
    jb      .Lip_route_rule
    mov     eax, ERROR_NO_ROUTE
    stc
    jmp     .Lip_route_done
.Lip_route_found:
    mov     eax, ebx
.Lip_route_good:
    clc
.Lip_route_done:
    pop     esi
    pop     ebx
    ret

# The rules of ip_route, best first. In: EAX destination, EBX interface. Out: ZF when the interface is the way. Clobbers
# EDX.
.pushsection .data
.balign 4
ip_route_rules:
    .long   rule_group, rule_subnet, rule_link_local, rule_router, rule_only_link
ip_route_rules_end:
.popsection

# Multicast and broadcast leave by the first interface, also while it has no address.
rule_group:
    cmp     al, 224
    jb      9f
    cmp     al, al
9:  ret

# The subnet of the interface, its own address included.
rule_subnet:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      rule_no
    mov     edx, eax
    xor     edx, [ebx + NETIF_ADDRESS]
    test    edx, [ebx + NETIF_MASK]
    ret

# 169.254.0.0/16 is on the link, whatever address we have ourselves (RFC 3927 section 2.6.2).
rule_link_local:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      rule_no
    cmp     ax, 169 + (254 << 8)
    ret

# Everything else goes to the router, if there is one.
rule_router:
    cmp     dword ptr [ebx + NETIF_ROUTER], 0
    je      rule_no
    cmp     al, al
    ret

# With a link-local address everything is tried on the link (RFC 3927 section 2.6.2).
rule_only_link:
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_LINK_LOCAL
    ret

rule_no:
    test    esp, esp                    # ZF clear
    ret

# The neighbour to which a packet goes.
# In: EAX destination, EBX interface.
# Out: EAX neighbour.
ip_hop:
    call    rule_subnet
    jz      9f
    call    rule_link_local
    jz      9f
    call    rule_router
    jnz     9f
    mov     eax, [ebx + NETIF_ROUTER]
9:  ret

# Puts the IP header in front of a packet and sends it.
# In: EAX packet, its interface set or 0; EDX destination; ECX protocol | TTL << 8 | 1 << 16 with the Router Alert
# option (RFC 2113).
# Out: CF and EAX error when it did not leave. The packet is gone in both cases.
.global ip_send
ip_send:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, 8                      # MAC address
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    mov     ebx, [esi + PACKET_NETIF]
    test    ebx, ebx
    jnz     .Lip_send_routed
    mov     eax, edx
    call    ip_route
    jc      ip_unsendable
    mov     ebx, eax
    mov     [esi + PACKET_NETIF], eax

.Lip_send_routed:
    mov     ecx, IP_HEADER_SIZE
    test    ebp, 1 << 16
    jz      .Lip_send_sized
    add     ecx, 4
.Lip_send_sized:
    mov     eax, esi
    mov     edx, ecx
    call    packet_prepend
    shr     ecx, 2
    or      ecx, 0x40
    mov     [edx + IP_VERSION], cl
    cmp     ecx, 0x46
    jne     .Lip_send_length
    mov     dword ptr [edx + IP_HEADER_SIZE], 0x00000494
.Lip_send_length:
    mov     eax, [esi + PACKET_LENGTH]
    xchg    al, ah
    mov     [edx + IP_LENGTH], ax
    mov     ax, [ip_identification]
    inc     word ptr [ip_identification]
    xchg    al, ah
    mov     [edx + IP_IDENTIFICATION], ax
    mov     word ptr [edx + IP_FRAGMENT], IP_DONT_FRAGMENT
    mov     eax, ebp
    mov     [edx + IP_TTL], ah
    mov     [edx + IP_PROTOCOL], al
    mov     [edx + IP_DESTINATION], edi
    xor     eax, eax
    test    dword ptr [esi + PACKET_FLAGS], PACKET_ANONYMOUS
    jnz     .Lip_send_source
    mov     eax, [ebx + NETIF_ADDRESS]
.Lip_send_source:
    mov     [edx + IP_SOURCE], eax
    and     ecx, 15
    shl     ecx, 2
    push    edx
    call    checksum
    pop     edx
    mov     [edx + IP_CHECKSUM], ax
    COUNT   ip_sent

    cmp     ebx, offset loopback
    je      .Lip_send_own_address
    cmp     edi, [ebx + NETIF_ADDRESS]
    je      .Lip_send_own_address
    mov     eax, edi
    cmp     al, 224
    jae     .Lip_send_group
    mov     edx, [ebx + NETIF_MASK]
    not     edx
    or      edx, [ebx + NETIF_ADDRESS]
    cmp     eax, edx                    # broadcast on the subnet
    je      .Lip_send_broadcast
    call    ip_hop
    mov     edx, eax
    mov     eax, esi
    call    arp_send
    jmp     .Lip_send_done

.Lip_send_own_address:
    mov     eax, esi
    call    ip_loop
    clc
    jmp     .Lip_send_done

.Lip_send_group:
    cmp     eax, IP_BROADCAST
    je      .Lip_send_broadcast
    shr     eax, 8                      # RFC 1112 section 6.4: the lower 23 bits of the group
    and     eax, 0x00FFFF7F
    mov     dword ptr [esp], 0x005E0001
    mov     [esp + 3], eax
    jmp     .Lip_send_ether
.Lip_send_broadcast:
    mov     dword ptr [esp], -1
    mov     dword ptr [esp + 4], -1
.Lip_send_ether:
    mov     edx, esp
    mov     eax, esi
    mov     ecx, ETHER_TYPE_IPV4
    call    ether_send
.Lip_send_done:
    lea     esp, [esp + 8]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

ip_unsendable:
    COUNT   ip_no_route
    mov     eax, esi
    call    packet_free
    mov     eax, ERROR_NO_ROUTE
    stc
    jmp     .Lip_send_done

# Queues a packet for this machine itself.
# In: EAX packet.
ip_loop:
    mov     dword ptr [eax + PACKET_NEXT], 0
    mov     edx, offset loopback_queue  # PACKET_NEXT is 0, so the head looks like a packet
    INTERRUPTS_OFF
1:  cmp     dword ptr [edx + PACKET_NEXT], 0
    je      2f
    mov     edx, [edx + PACKET_NEXT]
    jmp     1b
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
    call    ip_input
    mov     eax, ebx
    call    packet_free
    jmp     1b
3:  pop     esi
    pop     ebx
    ret
