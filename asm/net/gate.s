# The gate between this machine and its network while a kernel moves (docs/protocols/fork.md): what is not the move's
# own neither leaves nor enters. Whoever sent it sends it again, to the machine on which the kernel then is.

.include "macros.inc"
.include "net.inc"

.bss
.balign 4
.global net_gate
net_gate:               .space 4        # GATE_*
    # the machine that the kernel moves to, or from
.global gate_station
gate_station:           .space 8        # 6 bytes
    # the port there of GATE_TRANSFER, in network order
.global gate_port
gate_port:              .space 4

GATE_BYTES              = ETHER_HEADER_SIZE + IP_HEADER_SIZE + 4

.text

# Whether a packet leaves.
# In: EBX packet, EDX its frame.
# Out: CF when it does not.
# Clobbers: EAX.
.global gate_leaves
gate_leaves:
    cmp     dword ptr [net_gate], GATE_OPEN
    je      9f                          # CF is clear
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_HANDOVER
    je      9f                          # CF is clear
    test    dword ptr [ebx + PACKET_FLAGS], PACKET_HANDED_ON
    jnz     9f
    cmp     dword ptr [net_gate], GATE_TRANSFER
    jne     8f
    lea     eax, [edx + ETHER_DESTINATION]
    call    gate_is_station
    jne     8f
    call    gate_is_segment
    jne     8f
    mov     ax, [edx + ETHER_HEADER_SIZE + IP_HEADER_SIZE + 2]
    cmp     ax, [gate_port]
    je      9f
8:  stc
9:  ret

# Whether a frame enters. A segment for this machine goes on to where the kernel is that it is for.
# In: EAX interface, EDX frame, ECX bytes.
# Out: CF when it does not.
# Clobbers: the flags only.
.global gate_enters
gate_enters:
    cmp     ecx, GATE_BYTES
    jb      8f
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_HANDOVER
    je      8f                          # CF is clear
    push    eax
    call    gate_is_segment
    jne     7f
    lea     eax, [edx + ETHER_SOURCE]
    call    gate_is_station
    jne     5f
    cmp     dword ptr [net_gate], GATE_TRANSFER
    jne     7f
    mov     ax, [edx + ETHER_HEADER_SIZE + IP_HEADER_SIZE]
    cmp     ax, [gate_port]
    je      9f                          # CF is clear
    jmp     7f
5:  cmp     dword ptr [net_gate], GATE_HANDS_ON
    jne     7f
    mov     eax, [esp]
    call    gate_hands_on
7:  stc
9:  pop     eax
8:  ret

# Whether a MAC address is that of the other machine.
# In: EAX address of it.
# Out: ZF when it is.
# Clobbers: EAX.
.global gate_is_station
gate_is_station:
    push    ecx
    mov     ecx, [eax]
    cmp     ecx, [gate_station]
    jne     1f
    mov     cx, [eax + 4]
    cmp     cx, [gate_station + 4]
1:  pop     ecx
    ret

# Whether a frame is a segment of TCP, with no options of IP.
# In: EDX frame, GATE_BYTES at least.
# Out: ZF when it is.
gate_is_segment:
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_IPV4
    jne     1f
    cmp     byte ptr [edx + ETHER_HEADER_SIZE], 0x45
    jne     1f
    cmp     byte ptr [edx + ETHER_HEADER_SIZE + IP_PROTOCOL], PROTOCOL_TCP
1:  ret

# Hands a segment on, when it came to this machine's own MAC address.
# In: EAX interface, EDX frame, ECX bytes.
# Clobbers: EAX, the flags.
gate_hands_on:
    push    ebx
    push    esi
    push    ecx
    push    edx
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [edx + ETHER_DESTINATION]
    cmp     eax, [ebx + NETIF_MAC]
    jne     9f
    mov     ax, [edx + ETHER_DESTINATION + 4]
    cmp     ax, [ebx + NETIF_MAC + 4]
    jne     9f
    lea     eax, [ecx - ETHER_HEADER_SIZE]
    push    eax
    call    packet_alloc
    pop     ecx
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    or      dword ptr [eax + PACKET_FLAGS], PACKET_HANDED_ON
    push    eax
    lea     edx, [esi + ETHER_HEADER_SIZE]
    mov     eax, [eax + PACKET_DATA]
    call    mem_copy
    pop     eax
    mov     edx, offset gate_station
    mov     ecx, ETHER_TYPE_IPV4
    call    ether_send
9:  pop     edx
    pop     ecx
    pop     esi
    pop     ebx
    ret
