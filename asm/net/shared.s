# Addresses that several machines serve together (docs/protocols/address.md). One of them, the holder, has the address
# on the wire. It hands what comes for it to the machine that serves the sender, as it came, in a frame to that
# machine's own MAC address; and that machine answers the sender itself. Who they are says asm/cluster/share.s.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.bss
.balign 4
.global shared_netif
shared_netif:           .space 4        # interface that has them; 0 while there are none
.global shared_addresses
shared_addresses:       .space SECONDARIES * 4      # 0: a free place
.global shared_masks
shared_masks:           .space SECONDARIES * 4
.global shared_choose
shared_choose:          .space 4        # routine: EAX address of a client; EAX MAC address of who serves it, a pointer,
                                        # 0: this machine. Clobbers ECX, EDX; must not sleep

.text

# Says whether this machine serves an address together with others. It need not have it on the wire.
# In: EAX interface, EDX address, not 0.
# Out: ZF set when it does.
# Clobbers: the flags only.
.global shared_is
shared_is:
    cmp     eax, [shared_netif]
    jne     9f
    push    ecx
    mov     ecx, offset shared_addresses
1:  cmp     [ecx], edx
    je      2f
    add     ecx, 4
    cmp     ecx, offset shared_addresses + SECONDARIES * 4
    jb      1b
    test    esp, esp                    # ZF clear
2:  pop     ecx
9:  ret

# Hands a packet for a shared address to the machine that serves its sender, if that is another one. Only what came to
# the MAC address that goes with the address is handed on: so nothing goes further than from the holder to one other.
# Runs in the net task.
# In: EBX interface, EDI IP header, EBP its bytes, ECX bytes of the packet, ESI frame or 0.
# Out: CF when it is no longer this machine's.
# Clobbers: EAX, EDX.
.global shared_hand
shared_hand:
    push    ecx
    test    esi, esi
    jz      .Lshared_hand_here
    mov     eax, ebx
    mov     edx, [edi + IP_DESTINATION]
    call    shared_is
    jne     .Lshared_hand_here
    call    secondary_find
    jz      .Lshared_hand_here
    cmp     dword ptr [ecx + SECONDARY_OWN_MAC], 0
    je      .Lshared_hand_here
    mov     eax, [ecx + SECONDARY_MAC]
    cmp     eax, [esi + ETHER_DESTINATION]
    jne     .Lshared_hand_here
    mov     ax, [ecx + SECONDARY_MAC + 4]
    cmp     ax, [esi + ETHER_DESTINATION + 4]
    jne     .Lshared_hand_here
    call    secondary_lapsed            # who stood still does not know who serves whom by now
    jc      .Lshared_hand_late
    mov     ecx, [esp]
    call    shared_client
    jc      .Lshared_hand_here
    call    [shared_choose]
    test    eax, eax
    jz      .Lshared_hand_here
    push    eax
    mov     eax, [esp + 4]
    call    packet_alloc
    pop     edx
    jc      .Lshared_hand_gone
    mov     [eax + PACKET_NETIF], ebx
    push    eax
    push    edx
    mov     eax, [eax + PACKET_DATA]
    mov     edx, edi
    mov     ecx, [esp + 8]
    call    mem_copy
    pop     edx
    pop     eax
    COUNT   shared_handed
    mov     ecx, ETHER_TYPE_IPV4
    call    ether_send
    jmp     .Lshared_hand_gone
.Lshared_hand_late:
    COUNT   shared_late
.Lshared_hand_gone:
    pop     ecx
    stc
    ret
.Lshared_hand_here:
    pop     ecx
    clc
    ret

# Whose packet it is, for the choice of the machine that serves him: his who sent it; an ICMP error's is his whom the
# packet that it quotes was for. Ports have no say: all pieces of a datagram go to one machine (only the first has the
# ports), and so do all connections of a client.
# In: EDI IP header, EBP its bytes, ECX bytes of the packet.
# Out: EAX address; CF when it is for this machine: an echo request, or another protocol.
# Clobbers: EDX.
shared_client:
    mov     eax, [edi + IP_SOURCE]
    movzx   edx, byte ptr [edi + IP_PROTOCOL]
    cmp     edx, PROTOCOL_TCP
    je      9f
    cmp     edx, PROTOCOL_UDP
    je      9f
    cmp     edx, PROTOCOL_ICMP
    jne     8f
    test    word ptr [edi + IP_FRAGMENT], IP_FRAGMENT_BITS
    jnz     8f
    lea     edx, [ebp + ICMP_HEADER_SIZE + IP_HEADER_SIZE]
    cmp     ecx, edx
    jb      8f
    mov     eax, [edi + ebp + ICMP_HEADER_SIZE + IP_DESTINATION]
    movzx   edx, byte ptr [edi + ebp + ICMP_TYPE]
    cmp     edx, ICMP_UNREACHABLE
    je      9f
    cmp     edx, ICMP_TIME_EXCEEDED
    je      9f
    cmp     edx, ICMP_PARAMETER
    je      9f
8:  stc
9:  ret                                 # CF is clear after a comparison with an equal
