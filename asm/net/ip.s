# IPv4 (RFC 791, RFC 1122): checks of what comes in, and the protocol that it is for. Fragments are put together by
# asm/net/ip-pieces.s, what is for others goes to asm/net/ip-forward.s; asm/net/ip-send.s sends.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.data
.balign 4
# Stands for the machine itself: 127.0.0.0/8. Not in the list of interfaces, as it has no card.
.global loopback
loopback:
    .space  NETIF_NAME
    .ascii  "lo"
    .space  NETIF_FLAGS - NETIF_NAME - 2
    .long   NETIF_UP | NETIF_LINK
    .long   0x0100007F                  # NETIF_ADDRESS 127.0.0.1
    .long   0x000000FF                  # NETIF_MASK
    .space  NETIF_CAN - NETIF_ROUTER
    .long   NETIF_SUMS                  # what was not added up is not looked at either

# Protocol and its handler. In: EAX interface, EDX IP header, ESI payload, ECX its bytes. Runs in the net task, must not
# wait for packets.
protocols:
    .long   PROTOCOL_ICMP, icmp_receive
    .long   PROTOCOL_IGMP, igmp_receive
    .long   PROTOCOL_UDP, udp_input
    .long   PROTOCOL_TCP, tcp_receive
    .long   0

IP_OPTION_END           = 0
IP_OPTION_NOP           = 1
IP_OPTION_LOOSE         = 131           # source routes
IP_OPTION_STRICT        = 137

.bss
.balign 4
# 1: the card has found the sum of TCP or UDP right in the packet that is worked on. Belongs to the net task; a driver
# that sets it for ether_receive clears it after.
.global ip_summed
ip_summed:              .space 4

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

# Says whether an address is that of all machines of an interface's subnet. Where there are only two there is none (RFC
# 3021).
# In: EAX interface, EDX address.
# Out: ZF set when it is.
# Clobbers: the flags only.
.global ip_is_broadcast
ip_is_broadcast:
    push    ecx
    mov     ecx, [eax + NETIF_MASK]
    cmp     ecx, MASK_31                # one of 32 bits is larger too, and no other is, as masks lie in memory
    jae     8f
    not     ecx
    or      ecx, [eax + NETIF_ADDRESS]
    cmp     ecx, edx
    pop     ecx
    ret
8:  test    esp, esp                    # ZF clear
    pop     ecx
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
.global ip_input
ip_input:
    push    ebx
    push    edi
    push    ebp
    push    esi
    mov     ebx, eax
    mov     edi, edx
    COUNT   ip_received
    call    ip_header_check
    jc      ip_bad
    push    eax
    mov     edx, edi
    mov     ecx, ebp
    call    checksum
    pop     ecx                         # bytes of the packet
    jz      .Lip_input_whole
    COUNT   ip_checksum
    jmp     ip_done
.Lip_input_whole:
    cmp     ebp, IP_HEADER_SIZE
    je      .Lip_input_source
    push    ecx
    call    ip_options
    pop     ecx
    jc      ip_bad_options
.Lip_input_source:
    call    ip_source_check
    jc      ip_bad_source
    mov     edx, [edi + IP_DESTINATION]
    mov     eax, ebx
    push    ecx
    call    ip_is_ours
    pop     ecx
    jc      ip_not_ours
.Lip_input_ours:
    cmp     dword ptr [shared_netif], 0
    je      .Lip_input_here
    call    shared_hand
    jc      ip_done
.Lip_input_here:
    test    word ptr [edi + IP_FRAGMENT], IP_FRAGMENT_BITS
    jnz     .Lip_input_piece
    cmp     dword ptr [filter_rules], 0
    je      .Lip_input_passed
    call    filter_in
    jc      ip_done
.Lip_input_passed:
    call    ip_hand_on
    jmp     ip_done
.Lip_input_piece:
    mov     eax, ebx
    mov     edx, edi
    call    piece_receive
    jmp     ip_done

ip_bad:
    COUNT   ip_malformed
    jmp     ip_done
ip_bad_source:
    COUNT   ip_source
    jmp     ip_done
ip_bad_options:
    COUNT   ip_options
    jmp     ip_done
ip_not_ours:
    cmp     dword ptr [filter_rules], 0
    je      .Lip_input_forward
    call    filter_in
    jc      ip_done
.Lip_input_forward:
    mov     eax, ebx
    mov     edx, edi
    call    ip_forward
    jc      .Lip_input_ours             # it is another interface's address: ours all the same
ip_done:
    pop     esi
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Whether a header has the form of one.
# In: EDI IP header, ECX bytes that came.
# Out: EBP bytes of the header, EAX of the packet; CF when not.
ip_header_check:
    cmp     ecx, IP_HEADER_SIZE
    jb      .Lip_header_check_not
    movzx   ebp, byte ptr [edi + IP_VERSION]
    mov     eax, ebp
    shr     eax, 4
    cmp     eax, 4
    jne     .Lip_header_check_not
    and     ebp, 15
    shl     ebp, 2                      # header bytes
    cmp     ebp, IP_HEADER_SIZE
    jb      .Lip_header_check_not
    movzx   eax, word ptr [edi + IP_LENGTH]
    xchg    al, ah
    cmp     eax, ebp
    jb      .Lip_header_check_not
    cmp     eax, ecx
    ja      .Lip_header_check_not
    clc
    ret
.Lip_header_check_not:
    stc
    ret

# Whether a source address may be one.
# In: EBX interface, EDI IP header, ESI 0 when the packet is this machine's own.
# Out: CF when not.
# Clobbers: EAX, EDX.
ip_source_check:
    test    esi, esi
    jz      .Lip_source_check_done
    mov     eax, [edi + IP_SOURCE]
    call    ip_is_unicast
    jne     .Lip_source_check_not_unicast
    mov     edx, eax
    mov     eax, ebx
    call    ip_is_broadcast             # what answered it would go to all
    je      .Lip_source_check_not
    call    ip_own                      # somebody pretends to be us
    jne     .Lip_source_check_done
    cmp     dword ptr [edi + IP_DESTINATION], IP_CLUSTER_GROUP  # which tells its twin from itself
    je      .Lip_source_check_done
    jmp     .Lip_source_check_not
.Lip_source_check_not_unicast:
    test    eax, eax                    # 0.0.0.0: one that has no address yet, to everybody
    jnz     .Lip_source_check_not
    cmp     byte ptr [edi + IP_DESTINATION], 224
    jb      .Lip_source_check_not
.Lip_source_check_done:
    clc
    ret
.Lip_source_check_not:
    stc
    ret

# Hands a packet to its protocol.
# In: EBX interface, EDI IP header, EBP its bytes, ECX bytes of the packet.
# Clobbers: EAX, ECX, EDX, ESI, EBP.
ip_hand_on:
    movzx   eax, byte ptr [edi + IP_PROTOCOL]
    mov     edx, offset protocols
.Lip_hand_on_protocol:
    cmp     dword ptr [edx], 0
    je      .Lip_hand_on_unknown
    cmp     [edx], eax
    je      .Lip_hand_on_handler
    add     edx, 8
    jmp     .Lip_hand_on_protocol
.Lip_hand_on_handler:
    lea     esi, [edi + ebp]
    sub     ecx, ebp
    mov     ebp, [edx + 4]
    mov     eax, ebx
    mov     edx, edi
    call    ebp
    jmp     .Lip_hand_on_done
.Lip_hand_on_unknown:
    COUNT   ip_protocol
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, ICMP_NO_PROTOCOL
    call    icmp_report
.Lip_hand_on_done:
    ret

# Looks at the options of a header. Nothing of what they ask is done, which RFC 1122 section 3.2.1.8 leaves open for
# routes and times; but one whose length lies, and a source route (RFC 6274 section 3.13.2.3), make the packet go.
# In: EDI IP header, EBP its bytes.
# Out: CF when the packet is to be dropped.
# Clobbers: EAX, ECX, EDX.
ip_options:
    mov     ecx, IP_HEADER_SIZE
1:  movzx   eax, byte ptr [edi + ecx]
    cmp     eax, IP_OPTION_END
    je      7f
    inc     ecx
    cmp     eax, IP_OPTION_NOP
    je      2f
    cmp     eax, IP_OPTION_LOOSE
    je      8f
    cmp     eax, IP_OPTION_STRICT
    je      8f
    cmp     ecx, ebp
    jae     8f                          # no room for a length
    movzx   edx, byte ptr [edi + ecx]
    cmp     edx, 2
    jb      8f
    lea     ecx, [ecx + edx - 1]
    cmp     ecx, ebp
    ja      8f
2:  cmp     ecx, ebp
    jb      1b
7:  clc
    ret
8:  stc
    ret

# Says whether a packet is for this machine.
# In: EAX interface, EDX destination, ESI frame or 0.
# Out: CF when it is not.
ip_is_ours:
    cmp     dl, 224
    jae     .Lip_is_ours_group
    call    ip_own
    je      .Lip_is_ours_no_address
    mov     ecx, [eax + NETIF_ADDRESS]
    jecxz   .Lip_is_ours_no_address     # without an address we take what is sent to our MAC address: a DHCP server may
                                        # use the address that it is about to give us (RFC 2131 section 4.1)
    call    ip_is_broadcast
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
