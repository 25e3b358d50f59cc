# UDP (RFC 768): sockets, each a port and a queue of datagrams. The net task fills the queues (asm/net/udp-input.s), any
# task empties them. What can be set of a socket and asked of it is in asm/net/udp-socket.s.
# Others know a socket by its handle, so that it can be closed while a task waits for it.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"

FIRST_EPHEMERAL         = 49152         # RFC 6335 section 6
EPHEMERAL_PORTS         = 65536 - FIRST_EPHEMERAL
PORTS_WINDOW            = 2048          # that are looked at in one walk over the sockets
TTL_UNICAST             = 64
TTL_MULTICAST           = 1             # groups stay on the link

.bss
.balign 4
.global udp_sockets
udp_sockets:            .space 4
.global udp_mutex
udp_mutex:              .space MUTEX_SIZE   # held by the net task while it uses a socket, and while one is taken away
ports_used:             .space PORTS_WINDOW / 8     # bits of so many of them while one is drawn

.data
HANDLE_TYPE socket_type, "socket", socket_destroy

.text

# Makes a socket, which belongs to whoever the running task works for. May sleep.
# In: EAX local port, 0 for any.
# Out: EAX handle of the socket, or CF and EAX error.
.global udp_open
udp_open:
    xor     edx, edx

# Makes a socket that hears and uses one interface only.
# In: EAX local port or 0, EDX interface or 0 for all.
# Out: as udp_open.
.global udp_open_on
udp_open_on:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     eax, 0xFFFF
    mov     eax, ERROR_INVALID
    ja      .Ludp_open_on_failed
    mov     eax, SOCKET_SIZE
    call    malloc
    jc      .Ludp_open_on_failed
    mov     ebx, eax
    mov     [ebx + SOCKET_NETIF], edi
    mov     [ebx + SOCKET_PORT], esi
    INTERRUPTS_OFF
    test    esi, esi
    jnz     .Ludp_open_on_try
    call    udp_draw_port
    jnc     .Ludp_open_on_free
    jmp     .Ludp_open_on_used
.Ludp_open_on_try:
    mov     eax, esi
    mov     edx, edi
    call    udp_taken
    je      .Ludp_open_on_free
.Ludp_open_on_used:
    INTERRUPTS_RESTORE
    mov     eax, ebx
    call    mfree
    mov     eax, ERROR_PORT_IN_USE
    jmp     .Ludp_open_on_failed
.Ludp_open_on_free:
    mov     [ebx + SOCKET_PORT], esi
    mov     eax, [udp_sockets]
    mov     [ebx + SOCKET_NEXT], eax
    mov     [udp_sockets], ebx
    INTERRUPTS_RESTORE
    mov     eax, ebx
    mov     edx, offset socket_type
    xor     ecx, ecx
    call    handle_open
    jnc     .Ludp_open_on_done
    push    eax
    mov     eax, ebx
    call    socket_destroy
    pop     eax
.Ludp_open_on_failed:
    stc
.Ludp_open_on_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Draws a port for a socket that asked for none: a stranger who could guess it could answer in another's name. The first
# that is free from a secret place on (RFC 6056, algorithm 1). The sockets are walked once for PORTS_WINDOW ports, so
# that many of them do not keep interrupts off for long. Interrupts are off.
# Out: ESI port, which no socket of any interface has; CF when all are taken.
# Clobbers: EAX, ECX, EDX.
udp_draw_port:
    push    edi
    push    EPHEMERAL_PORTS             # [esp]: ports that are left
    call    secret_number
    mov     esi, eax                    # ESI: the window's first port, less FIRST_EPHEMERAL
.Ludp_draw_port_window:
    and     esi, EPHEMERAL_PORTS - 1
    mov     edi, offset ports_used
    mov     ecx, PORTS_WINDOW / 32
    xor     eax, eax
    rep     stosd
    mov     edx, [udp_sockets]
1:  test    edx, edx
    jz      2f
    mov     eax, [edx + SOCKET_PORT]
    mov     edx, [edx + SOCKET_NEXT]
    sub     eax, FIRST_EPHEMERAL
    jb      1b
    sub     eax, esi
    and     eax, EPHEMERAL_PORTS - 1
    cmp     eax, PORTS_WINDOW
    jae     1b
    bts     [ports_used], eax
    jmp     1b
2:  xor     eax, eax
3:  bt      [ports_used], eax
    jnc     .Ludp_draw_port_found
    inc     eax
    cmp     eax, PORTS_WINDOW
    jb      3b
    add     esi, eax
    sub     [esp], eax
    jnz     .Ludp_draw_port_window
    stc
    jmp     .Ludp_draw_port_done
.Ludp_draw_port_found:
    add     esi, eax
    and     esi, EPHEMERAL_PORTS - 1
    add     esi, FIRST_EPHEMERAL
    clc
.Ludp_draw_port_done:
    pop     edi
    pop     edi
    ret

# Looks whether a port is in use. Interrupts are off.
# In: EAX port, EDX interface or 0.
# Out: ZF when it is free.
.global udp_taken
udp_taken:
    mov     ecx, [udp_sockets]
1:  jecxz   8f
    cmp     [ecx + SOCKET_PORT], eax
    jne     2f
    test    edx, edx
    jz      9f
    cmp     dword ptr [ecx + SOCKET_NETIF], 0
    je      9f
    cmp     [ecx + SOCKET_NETIF], edx
    je      9f
2:  mov     ecx, [ecx + SOCKET_NEXT]
    jmp     1b
8:  cmp     al, al
    ret
9:  test    esp, esp                    # ZF clear
    ret

# Finds a socket. It may go away as soon as another task runs.
# In: EAX handle.
# Out: EAX socket; CF and ERROR_STALE.
# Clobbers: EAX only.
.global socket_find
socket_find:
    push    edx
    mov     edx, offset socket_type
    call    handle_find
    pop     edx
    ret

# Ends a socket and drops what waits in it. Who waits in udp_receive for it goes on with ERROR_STALE. May sleep.
# In: EAX socket.
# Out: CF and ERROR_STALE.
.global udp_close
udp_close:
    mov     edx, offset socket_type
    jmp     handle_close

# Destructor of sockets.
# In: EAX socket, which no handle names any more.
socket_destroy:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, offset udp_mutex
    call    mutex_lock
    INTERRUPTS_OFF
    mov     edx, offset udp_sockets     # SOCKET_NEXT is 0, so the head looks like a socket
.Ludp_close_next:
    mov     ecx, [edx + SOCKET_NEXT]
    cmp     ecx, ebx
    je      .Ludp_close_found
    mov     edx, ecx
    test    ecx, ecx
    jnz     .Ludp_close_next
    jmp     .Ludp_close_unlinked
.Ludp_close_found:
    mov     eax, [ebx + SOCKET_NEXT]
    mov     [edx + SOCKET_NEXT], eax
.Ludp_close_unlinked:
    INTERRUPTS_RESTORE
    mov     eax, offset udp_mutex
    call    mutex_unlock
    lea     eax, [ebx + SOCKET_EVENT]
    call    event_broadcast
    push    edi
    call    socket_leave
    pop     edi
    mov     esi, [ebx + SOCKET_HEAD]
.Ludp_close_drop:
    test    esi, esi
    jz      .Ludp_close_done
    mov     eax, esi
    mov     esi, [esi + DATAGRAM_NEXT]
    call    mfree
    jmp     .Ludp_close_drop
.Ludp_close_done:
    mov     eax, ebx
    call    mfree
    pop     esi
    pop     ebx
    ret

# Sends a datagram. May sleep for memory.
# In: EAX socket, EDX destination address, ECX port, ESI data, EDI bytes.
# Out: CF and EAX error.
.global udp_send
udp_send:
    push    ebx
    push    ebp
    push    edx
    push    ecx
    mov     ebx, eax
    cmp     edi, UDP_DATA_MAXIMUM
    mov     eax, ERROR_TOO_LONG
    ja      .Ludp_send_failed
    mov     eax, edi
    call    packet_alloc
    jc      .Ludp_send_failed
    mov     ebp, eax
    mov     eax, [ebp + PACKET_DATA]
    mov     edx, esi
    mov     ecx, edi
    call    mem_copy
    INTERRUPTS_OFF
    mov     eax, ebx
    call    socket_find
    jc      .Ludp_send_stale
    mov     edx, [eax + SOCKET_FLAGS]
    or      edx, PACKET_SPLIT
    mov     [ebp + PACKET_FLAGS], edx
    mov     edx, [eax + SOCKET_SOURCE]
    mov     [ebp + PACKET_SOURCE], edx
    mov     edx, [esp + 8]              # behind the saved flags
    mov     [eax + SOCKET_PEER], edx
    mov     edx, [esp + 4]
    mov     [eax + SOCKET_PEER_PORT], edx
    mov     edx, [eax + SOCKET_TTL]
    mov     [esp + 6], dl               # above the port, until the packet leaves
    mov     ebx, [eax + SOCKET_PORT]    # EBX: port from here on
    mov     eax, [eax + SOCKET_NETIF]
    INTERRUPTS_RESTORE
    test    eax, eax
    jnz     .Ludp_send_routed
    mov     eax, [esp + 4]
    call    ip_route
    jc      .Ludp_send_no_route
.Ludp_send_routed:
    mov     [ebp + PACKET_NETIF], eax

    mov     ecx, [esp]
    call    udp_head
    mov     ebx, edx
    call    udp_source
    mov     edx, [esp + 4]
    call    checksum_pseudo
    call    checksum_begin              # ip_send, or the card, does the rest
    mov     [ebx + UDP_CHECKSUM], ax
    mov     dword ptr [ebp + PACKET_SUM], UDP_CHECKSUM
    COUNT   udp_sent
    mov     edx, [esp + 4]
    mov     cl, [esp + 2]               # TTL
    call    udp_time_to_live
    mov     eax, ebp
    call    ip_send
    jmp     .Ludp_send_done
.Ludp_send_stale:
    INTERRUPTS_RESTORE
    push    eax
    jmp     .Ludp_send_free
.Ludp_send_no_route:
    push    eax
    COUNT   ip_no_route
.Ludp_send_free:
    mov     eax, ebp
    call    packet_free
    pop     eax
.Ludp_send_failed:
    stc
.Ludp_send_done:
    pop     ecx
    pop     edx
    pop     ebp
    pop     ebx
    ret

# Puts a header before a datagram.
# In: EBP packet, EBX port, CX the other side's port.
# Out: EDX header, ECX bytes from there.
# Clobbers: EAX.
udp_head:
    push    ecx
    mov     eax, ebp
    mov     edx, UDP_HEADER_SIZE
    call    packet_prepend
    mov     eax, ebx
    xchg    al, ah
    mov     [edx + UDP_SOURCE], ax
    pop     eax
    xchg    al, ah
    mov     [edx + UDP_DESTINATION], ax
    mov     ecx, [ebp + PACKET_LENGTH]
    mov     eax, ecx
    xchg    al, ah
    mov     [edx + UDP_LENGTH], ax
    ret

# The address that a datagram comes from.
# In: EBP packet.
# Out: EAX address, 0 for none.
udp_source:
    xor     eax, eax
    test    dword ptr [ebp + PACKET_FLAGS], PACKET_ANONYMOUS
    jnz     .Ludp_source_done
    mov     eax, [ebp + PACKET_SOURCE]
    test    eax, eax
    jnz     .Ludp_source_done
    mov     eax, [ebp + PACKET_NETIF]
    mov     eax, [eax + NETIF_ADDRESS]
.Ludp_source_done:
    ret

# What ip_send takes of protocol and TTL.
# In: CL the socket's TTL, 0 for the usual one, EDX address.
# Out: ECX.
udp_time_to_live:
    test    cl, cl
    jnz     .Ludp_time_to_live_ttl
    mov     cl, TTL_UNICAST
    cmp     dl, 224
    jb      .Ludp_time_to_live_ttl
    mov     cl, TTL_MULTICAST
.Ludp_time_to_live_ttl:
    movzx   ecx, cl
    mov     ch, cl
    mov     cl, PROTOCOL_UDP
    ret

# Takes the next datagram from a socket. May sleep.
# In: EAX socket, EDX timeout in ms or -1, ESI buffer, EDI its size.
# Out: EAX bytes (what did not fit is cut off), EDX address and ECX port of the sender; CF and ERROR_TIMEOUT, or
# ERROR_STALE when the socket is closed, also while the task waits.
.global udp_receive
udp_receive:
    push    ebx
    push    ebp
    mov     ebx, eax
    mov     ebp, edx
.Ludp_receive_next:
    INTERRUPTS_OFF
    mov     eax, ebx
    call    socket_find
    jc      .Ludp_receive_failed
    mov     ecx, eax                    # ECX: socket
    mov     eax, [ecx + SOCKET_HEAD]
    test    eax, eax
    jnz     .Ludp_receive_taken
    xchg    eax, [ecx + SOCKET_ERROR]   # an ICMP error, told once and only to one who waits
    test    eax, eax
    jz      1f
    test    ebp, ebp
    jnz     .Ludp_receive_failed
1:  test    ebp, ebp
    jz      .Ludp_receive_timeout
    lea     eax, [ecx + SOCKET_EVENT]   # may be set for a datagram that was taken already: then we come by once more
    mov     edx, ebp
    call    event_wait
    jc      .Ludp_receive_timeout
    INTERRUPTS_RESTORE
    jmp     .Ludp_receive_next
.Ludp_receive_timeout:
    mov     eax, ERROR_TIMEOUT
.Ludp_receive_failed:
    INTERRUPTS_RESTORE
    stc
    jmp     .Ludp_receive_done

.Ludp_receive_taken:
    mov     edx, [eax + DATAGRAM_NEXT]
    mov     [ecx + SOCKET_HEAD], edx
    CHECK   "dword ptr [ecx+SOCKET_COUNT]", ne, 0, "udp_receive: a datagram waits that is not counted"
    dec     dword ptr [ecx + SOCKET_COUNT]
    mov     edx, [eax + DATAGRAM_LENGTH]
    add     edx, DATAGRAM_DATA
    CHECK   edx, be, [ecx+SOCKET_BYTES], "udp_receive: more bytes go than the queue holds"
    sub     [ecx + SOCKET_BYTES], edx
    mov     edx, [eax + DATAGRAM_MAC]
    mov     [ecx + SOCKET_MAC], edx
    mov     dx, [eax + DATAGRAM_MAC + 4]
    mov     [ecx + SOCKET_MAC + 4], dx
    mov     edx, [eax + DATAGRAM_DESTINATION]
    mov     [ecx + SOCKET_ARRIVED_AT], edx
    INTERRUPTS_RESTORE
    mov     ebx, eax
    mov     ecx, [ebx + DATAGRAM_LENGTH]
    cmp     ecx, edi
    jbe     .Ludp_receive_fits
    mov     ecx, edi
.Ludp_receive_fits:
    push    ecx
    mov     eax, esi
    lea     edx, [ebx + DATAGRAM_DATA]
    call    mem_copy
    push    dword ptr [ebx + DATAGRAM_ADDRESS]
    push    dword ptr [ebx + DATAGRAM_PORT]
    mov     eax, ebx
    call    mfree
    pop     ecx
    pop     edx
    pop     eax
    clc
.Ludp_receive_done:
    pop     ebp
    pop     ebx
    ret
