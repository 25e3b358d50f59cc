# What can be set of a UDP socket, and asked of it: its port, its peer, the interface that it uses, how it sends.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

.text

# The end of a routine that ran with interrupts off, after INTERRUPTS_OFF: jumped to.
# Out: CF clear.
socket_settled:
    INTERRUPTS_RESTORE
    clc
    ret

# The same for a routine that failed.
# Out: CF.
socket_unsettled:
    INTERRUPTS_RESTORE
    stc
    ret

# The port of a socket.
# In: EAX socket.
# Out: EAX port; CF and ERROR_STALE.
.global udp_port
udp_port:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     eax, [eax + SOCKET_PORT]
    jmp     socket_settled

# Says whether a datagram waits in a socket.
# In: EAX socket.
# Out: ZF when none does; CF and ERROR_STALE.
.global udp_ready
udp_ready:
    INTERRUPTS_OFF
    call    socket_find
    jc      1f
    mov     eax, [eax + SOCKET_COUNT]
    INTERRUPTS_RESTORE
    test    eax, eax                    # clears CF
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret

# Waits until a datagram is in a socket, or an event is set, which is cleared then. May sleep.
# In: EAX socket, EDX timeout in ms or -1, ECX address of the event.
# Out: CF and ERROR_STALE when there is no such socket; whoever waited looks what has come.
.global udp_wait
udp_wait:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    cmp     dword ptr [eax + SOCKET_COUNT], 0
    jne     socket_settled
    push    ecx
    add     eax, SOCKET_EVENT
    push    eax
    mov     eax, esp
    mov     ecx, 2
    call    event_wait_any
    add     esp, 8
    jmp     socket_settled

# Has a socket answer: what it sends next comes from the address that the datagram taken last was sent to, if that was
# one of ours.
# In: EAX socket.
# Out: EDX that address; CF and ERROR_STALE.
.global udp_answer
udp_answer:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     edx, [eax + SOCKET_ARRIVED_AT]
    jmp     socket_answers

# The same for a datagram that was taken before.
# In: EAX socket, EDX address that it was sent to.
# Out: CF and ERROR_STALE.
.global udp_answer_as
udp_answer_as:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
socket_answers:
    cmp     dl, 224                     # a group has no address to answer from, nor has a broadcast
    jae     1f
    mov     [eax + SOCKET_SOURCE], edx
    call    udp_own
    je      socket_settled
1:  mov     dword ptr [eax + SOCKET_SOURCE], 0
    jmp     socket_settled

# Gives a socket another port, and an address of ours to which datagrams must be sent to be for it.
# In: EAX socket, EDX address or 0 for any, ECX port or 0 for the one that it has.
# Out: CF and ERROR_STALE, ERROR_INVALID, ERROR_PORT_IN_USE.
.global udp_bind
udp_bind:
    push    ebx
    INTERRUPTS_OFF
    push    ecx
    push    edx
    call    socket_find
    jc      .Ludp_bind_failed
    mov     ebx, eax
    mov     eax, ERROR_INVALID
    cmp     dword ptr [esp + 4], 0xFFFF
    ja      .Ludp_bind_failed
    mov     edx, [esp]
    test    edx, edx
    jz      1f
    call    udp_own
    mov     eax, ERROR_INVALID
    jne     .Ludp_bind_failed
1:  mov     eax, [esp + 4]
    test    eax, eax
    jz      2f
    cmp     eax, [ebx + SOCKET_PORT]
    je      2f
    mov     edx, [ebx + SOCKET_NETIF]
    call    udp_taken
    mov     ecx, eax
    mov     eax, ERROR_PORT_IN_USE
    jne     .Ludp_bind_failed
    mov     [ebx + SOCKET_PORT], ecx
2:  mov     edx, [esp]
    mov     [ebx + SOCKET_LOCAL], edx
    mov     [ebx + SOCKET_SOURCE], edx
    pop     edx
    pop     ecx
    INTERRUPTS_RESTORE
    pop     ebx
    clc
    ret
.Ludp_bind_failed:
    pop     edx
    pop     ecx
    INTERRUPTS_RESTORE
    pop     ebx
    stc
    ret

# Connects a socket: from now on it hears this peer only.
# In: EAX socket, EDX address, ECX port; port 0 ends it.
# Out: CF and ERROR_STALE.
.global udp_connect
udp_connect:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     [eax + SOCKET_REMOTE], edx
    mov     [eax + SOCKET_REMOTE_PORT], ecx
    jmp     socket_settled

# Whom a socket is connected to.
# In: EAX socket.
# Out: EDX address, ECX port; CF and ERROR_STALE, ERROR_NOT_CONNECTED.
.global udp_remote
udp_remote:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     edx, [eax + SOCKET_REMOTE]
    mov     ecx, [eax + SOCKET_REMOTE_PORT]
    mov     eax, ERROR_NOT_CONNECTED
    test    ecx, ecx
    jz      socket_unsettled
    jmp     socket_settled

# Sets the time to live of what a socket sends.
# In: EAX socket, EDX TTL, 1 to 255, 0 for the usual one.
# Out: CF and ERROR_STALE.
.global udp_set_ttl
udp_set_ttl:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     [eax + SOCKET_TTL], edx
    jmp     socket_settled

# Has a socket use one interface only, or all of them again.
# In: EAX socket, EDX interface or 0.
# Out: CF and ERROR_STALE.
.global udp_use
udp_use:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     [eax + SOCKET_NETIF], edx
    jmp     socket_settled

# Has a socket listen to a group as long as it lives, on the interface that it uses now, or on all. May sleep.
# In: EAX socket, EDX group.
# Out: CF and ERROR_STALE; ERROR_INVALID for what is no group; ERROR_TABLE_FULL, also where it listens to one already.
.global udp_join
udp_join:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    mov     eax, offset udp_mutex       # so long it is not taken away
    call    mutex_lock
    mov     eax, ebx
    call    socket_find
    jc      .Ludp_join_failed
    mov     ebx, eax
    mov     eax, ERROR_TABLE_FULL
    cmp     dword ptr [ebx + SOCKET_GROUP], 0
    jne     .Ludp_join_failed
    mov     eax, [ebx + SOCKET_NETIF]
    mov     [ebx + SOCKET_GROUP_NETIF], eax
    mov     edx, offset igmp_join
    xor     esi, esi
    call    socket_group
    jc      .Ludp_join_undo
    mov     [ebx + SOCKET_GROUP], edi
    jmp     .Ludp_join_done             # CF clear
.Ludp_join_undo:
    push    eax
    mov     edx, offset igmp_leave
    call    socket_group
    pop     eax
.Ludp_join_failed:
    stc
.Ludp_join_done:
    pushfd
    push    eax
    mov     eax, offset udp_mutex
    call    mutex_unlock
    pop     eax
    popfd
    pop     edi
    pop     esi
    pop     ebx
    ret

# Leaves the group that a socket listened to. May sleep.
# In: EBX socket.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global socket_leave
socket_leave:
    mov     edi, [ebx + SOCKET_GROUP]
    test    edi, edi
    jz      .Lsocket_group_none
    xor     esi, esi
    mov     edx, offset igmp_leave

# Calls a routine for each interface on which a socket listens to its group.
# In: EBX socket, EDI group, EDX igmp_join or igmp_leave, ESI interface before which to end, or 0.
# Out: CF and EAX error of that for interface ESI, with which it ends.
# Clobbers: ECX, EDX.
socket_group:
    push    ebp
    mov     ebp, edx
    mov     ecx, [net_interfaces]
.Lsocket_group_next:
    cmp     ecx, esi                    # clears CF where they are equal
    je      .Lsocket_group_done
    mov     eax, [ebx + SOCKET_GROUP_NETIF]
    test    eax, eax
    jz      .Lsocket_group_call
    cmp     eax, ecx
    jne     .Lsocket_group_other
.Lsocket_group_call:
    push    ecx
    mov     eax, ecx
    mov     edx, edi
    call    ebp
    pop     ecx
    jc      .Lsocket_group_failed
.Lsocket_group_other:
    mov     ecx, [ecx + NETIF_NEXT]
    jmp     .Lsocket_group_next
.Lsocket_group_failed:
    mov     esi, ecx
.Lsocket_group_done:
    pop     ebp
.Lsocket_group_none:
    ret

# Describes a socket.
# In: EAX socket, EDX record STATUS_*, of which nothing else is known of a datagram socket than its addresses and ports
# and how many datagrams wait. One that is bound to no address has that to which the datagram taken last was sent.
# Out: CF and ERROR_STALE.
.global udp_status
udp_status:
    push    edi
    INTERRUPTS_OFF
    mov     edi, edx
    call    socket_find
    jc      1f
    mov     edx, eax
    push    edi
    xor     eax, eax
    mov     ecx, STATUS_SIZE / 4
    rep stosd
    pop     edi
    mov     eax, [edx + SOCKET_LOCAL]
    test    eax, eax
    jnz     2f
    mov     eax, [edx + SOCKET_ARRIVED_AT]
2:  mov     [edi + STATUS_LOCAL], eax
    mov     eax, [edx + SOCKET_PORT]
    mov     [edi + STATUS_LOCAL_PORT], eax
    mov     eax, [edx + SOCKET_REMOTE]
    mov     [edi + STATUS_REMOTE], eax
    mov     eax, [edx + SOCKET_REMOTE_PORT]
    mov     [edi + STATUS_REMOTE_PORT], eax
    mov     eax, [edx + SOCKET_COUNT]
    mov     [edi + STATUS_READABLE], eax
    INTERRUPTS_RESTORE
    clc
    pop     edi
    ret
1:  INTERRUPTS_RESTORE
    stc
    pop     edi
    ret

# Says whether an address is one of this machine's, whatever interface has it.
# In: EDX address.
# Out: ZF set when it is.
# Clobbers: ECX.
.global udp_own
udp_own:
    push    eax
    cmp     dl, 127
    je      9f
    mov     eax, [net_interfaces]
1:  test    eax, eax
    jz      8f
    call    ip_own
    je      9f
    mov     eax, [eax + NETIF_NEXT]
    jmp     1b
8:  test    esp, esp                    # ZF clear
9:  pop     eax
    ret

# Sets how a socket sends.
# In: EAX socket, EDX flags: PACKET_ANONYMOUS.
# Out: CF and ERROR_STALE.
.global udp_set_flags
udp_set_flags:
    INTERRUPTS_OFF
    call    socket_find
    jc      socket_unsettled
    mov     [eax + SOCKET_FLAGS], edx
    jmp     socket_settled

# The station that the datagram which was taken last came from.
# In: EAX socket, EDX where to put the MAC address (6 bytes).
# Out: CF and ERROR_STALE.
.global udp_sender_mac
udp_sender_mac:
    INTERRUPTS_OFF
    mov     ecx, edx
    call    socket_find
    jc      1f
    mov     edx, [eax + SOCKET_MAC]
    mov     [ecx], edx
    mov     dx, [eax + SOCKET_MAC + 4]
    mov     [ecx + 4], dx
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret
