# UDP (RFC 768): sockets, each a port and a queue of datagrams. The net task fills the queues, any task empties them.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"

FIRST_EPHEMERAL         = 49152         # RFC 6335 section 6
TTL_UNICAST             = 64
TTL_MULTICAST           = 1             # RFC 1112 section 6.1: groups stay on the link

    .bss
    .balign 4
    .global udp_sockets
udp_sockets:            .space 4
udp_mutex:              .space MUTEX_SIZE   # held by the net task while it uses a socket, and while one is taken away

    .data
    .balign 4
next_port:              .long FIRST_EPHEMERAL

    .text

# udp_open: makes a socket.
# In: EAX local port, 0 for any. Out: EAX socket, or CF and EAX error. May sleep.
    .global udp_open
udp_open:
    xor     edx, edx

# udp_open_on: makes a socket that hears and uses one interface only.
# In: EAX local port or 0, EDX interface or 0 for all. Out: as udp_open.
    .global udp_open_on
udp_open_on:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     eax, 0xFFFF
    mov     eax, ERROR_INVALID
    ja      8f
    mov     eax, SOCKET_SIZE
    call    malloc
    jc      8f
    mov     ebx, eax
    mov     [ebx + SOCKET_NETIF], edi
    mov     [ebx + SOCKET_PORT], esi
    INTERRUPTS_OFF
    test    esi, esi
    jnz     2f
1:  mov     esi, [next_port]            # as many ports as 16 bits leave: one is free
    inc     dword ptr [next_port]
    cmp     dword ptr [next_port], 0xFFFF
    jbe     2f
    mov     dword ptr [next_port], FIRST_EPHEMERAL
2:  mov     eax, esi
    mov     edx, edi
    call    udp_taken
    je      3f
    cmp     dword ptr [ebx + SOCKET_PORT], 0
    je      1b
    INTERRUPTS_RESTORE
    mov     eax, ebx
    call    mfree
    mov     eax, ERROR_PORT_IN_USE
    jmp     8f
3:  mov     [ebx + SOCKET_PORT], esi
    mov     eax, [udp_sockets]
    mov     [ebx + SOCKET_NEXT], eax
    mov     [udp_sockets], ebx
    INTERRUPTS_RESTORE
    mov     eax, ebx
    clc
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Looks whether a port is in use. Interrupts are off.
# In: EAX port, EDX interface or 0. Out: ZF when it is free.
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

# udp_close: ends a socket and drops what waits in it. Nobody may wait in udp_receive on it.
# In: EAX socket.
    .global udp_close
udp_close:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, offset udp_mutex
    call    mutex_lock
    INTERRUPTS_OFF
    mov     edx, offset udp_sockets     # SOCKET_NEXT is 0, so the head looks like a socket
1:  mov     ecx, [edx + SOCKET_NEXT]
    cmp     ecx, ebx
    je      2f
    mov     edx, ecx
    test    ecx, ecx
    jnz     1b
    jmp     3f
2:  mov     eax, [ebx + SOCKET_NEXT]
    mov     [edx + SOCKET_NEXT], eax
3:  INTERRUPTS_RESTORE
    mov     eax, offset udp_mutex
    call    mutex_unlock
    mov     esi, [ebx + SOCKET_HEAD]
4:  test    esi, esi
    jz      5f
    mov     eax, esi
    mov     esi, [esi + DATAGRAM_NEXT]
    call    mfree
    jmp     4b
5:  mov     eax, ebx
    call    mfree
    pop     esi
    pop     ebx
    ret

# udp_send: sends a datagram.
# In: EAX socket, EDX destination address, ECX port, ESI data, EDI bytes. Out: CF and EAX error. May sleep for memory.
    .global udp_send
udp_send:
    push    ebx
    push    ebp
    push    edx
    push    ecx
    mov     ebx, eax
    cmp     edi, UDP_DATA_MAXIMUM
    mov     eax, ERROR_TOO_LONG
    ja      8f
    mov     eax, edi
    call    packet_alloc
    jc      8f
    mov     ebp, eax
    mov     eax, [ebp + PACKET_DATA]
    mov     edx, esi
    mov     ecx, edi
    call    mem_copy
    mov     eax, [ebx + SOCKET_FLAGS]
    mov     [ebp + PACKET_FLAGS], eax
    mov     eax, [ebx + SOCKET_NETIF]
    test    eax, eax
    jnz     1f
    mov     eax, [esp + 4]
    call    ip_route
    jc      7f
1:  mov     [ebp + PACKET_NETIF], eax

    mov     eax, ebp
    mov     edx, UDP_HEADER_SIZE
    call    packet_prepend
    mov     eax, [ebx + SOCKET_PORT]
    xchg    al, ah
    mov     [edx + UDP_SOURCE], ax
    mov     eax, [esp]
    xchg    al, ah
    mov     [edx + UDP_DESTINATION], ax
    mov     ecx, [ebp + PACKET_LENGTH]
    mov     eax, ecx
    xchg    al, ah
    mov     [edx + UDP_LENGTH], ax
    mov     ebx, edx
    xor     eax, eax
    test    dword ptr [ebp + PACKET_FLAGS], PACKET_ANONYMOUS
    jnz     2f
    mov     eax, [ebp + PACKET_NETIF]
    mov     eax, [eax + NETIF_ADDRESS]
2:  mov     edx, [esp + 4]
    push    ecx
    call    checksum_pseudo
    pop     ecx
    mov     edx, ebx
    call    checksum_add
    call    checksum_fold
    test    eax, eax
    jnz     3f
    mov     eax, 0xFFFF                 # 0 would say that there is no checksum
3:  mov     [ebx + UDP_CHECKSUM], ax
    COUNT   udp_sent
    mov     edx, [esp + 4]
    mov     ecx, PROTOCOL_UDP | (TTL_UNICAST << 8)
    cmp     dl, 224
    jb      4f
    mov     ecx, PROTOCOL_UDP | (TTL_MULTICAST << 8)
4:  mov     eax, ebp
    call    ip_send
    jmp     9f
7:  push    eax
    COUNT   ip_no_route
    mov     eax, ebp
    call    packet_free
    pop     eax
8:  stc
9:  pop     ecx
    pop     edx
    pop     ebp
    pop     ebx
    ret

# udp_receive: takes the next datagram from a socket.
# In: EAX socket, EDX timeout in ms or -1, ESI buffer, EDI its size. Out: EAX bytes (what did not fit is cut off), EDX address and ECX port
# of the sender; CF and ERROR_TIMEOUT. May sleep.
    .global udp_receive
udp_receive:
    push    ebx
    push    ebp
    mov     ebx, eax
    mov     ebp, edx
1:  INTERRUPTS_OFF
    mov     eax, [ebx + SOCKET_HEAD]
    test    eax, eax
    jz      2f
    mov     edx, [eax + DATAGRAM_NEXT]
    mov     [ebx + SOCKET_HEAD], edx
    dec     dword ptr [ebx + SOCKET_COUNT]
2:  INTERRUPTS_RESTORE
    test    eax, eax
    jnz     3f
    lea     eax, [ebx + SOCKET_EVENT]   # may be set for a datagram that was taken already: then we come by once more
    mov     edx, ebp
    test    ebp, ebp
    jz      8f
    call    event_wait
    jnc     1b
8:  mov     eax, ERROR_TIMEOUT
    stc
    jmp     9f

3:  mov     ecx, [eax + DATAGRAM_MAC]
    mov     [ebx + SOCKET_MAC], ecx
    mov     cx, [eax + DATAGRAM_MAC + 4]
    mov     [ebx + SOCKET_MAC + 4], cx
    mov     ebx, eax
    mov     ecx, [ebx + DATAGRAM_LENGTH]
    cmp     ecx, edi
    jbe     4f
    mov     ecx, edi
4:  push    ecx
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
9:  pop     ebp
    pop     ebx
    ret

# udp_input: handler of protocol 17, see asm/net/ip.s.
# In: EAX interface, EDX IP header, ESI UDP header, ECX bytes from there.
    .global udp_input
udp_input:
    push    ebx
    push    edi
    push    ebp
    push    eax                         # interface
    mov     edi, edx
    COUNT   udp_received
    cmp     ecx, UDP_HEADER_SIZE
    jb      udp_bad
    movzx   ebp, word ptr [esi + UDP_LENGTH]
    xchg    ebp, eax
    xchg    al, ah
    xchg    ebp, eax
    cmp     ebp, UDP_HEADER_SIZE
    jb      udp_bad
    cmp     ebp, ecx
    ja      udp_bad
    cmp     byte ptr [edi + IP_DESTINATION], 224
    jb      7f
    movzx   eax, word ptr [esi + UDP_DESTINATION]   # sent to many, and most of it is for others: do not even add it up
    xchg    al, ah
    mov     edx, [esp]
    INTERRUPTS_OFF
    call    udp_taken
    setz    al
    INTERRUPTS_RESTORE
    test    al, al
    jz      7f
    COUNT   udp_no_port
    jmp     udp_done
7:  cmp     word ptr [esi + UDP_CHECKSUM], 0
    je      1f
    mov     eax, [edi + IP_SOURCE]
    mov     edx, [edi + IP_DESTINATION]
    mov     ecx, ebp
    call    checksum_pseudo
    mov     edx, esi
    mov     ecx, ebp
    call    checksum_add
    call    checksum_fold
    test    eax, eax
    jz      1f
    COUNT   udp_checksum
    jmp     udp_done

1:  mov     eax, offset udp_mutex
    call    mutex_lock
    movzx   eax, word ptr [esi + UDP_DESTINATION]
    xchg    al, ah
    mov     edx, [esp]
    INTERRUPTS_OFF                      # a new socket may come meanwhile
    mov     ebx, [udp_sockets]
2:  test    ebx, ebx
    jz      3f
    cmp     [ebx + SOCKET_PORT], eax
    jne     4f
    cmp     dword ptr [ebx + SOCKET_NETIF], 0
    je      3f
    cmp     [ebx + SOCKET_NETIF], edx
    je      3f
4:  mov     ebx, [ebx + SOCKET_NEXT]
    jmp     2b
3:  INTERRUPTS_RESTORE
    test    ebx, ebx
    jz      udp_nobody
    cmp     dword ptr [ebx + SOCKET_COUNT], SOCKET_QUEUE_MAXIMUM
    jae     udp_overrun

    sub     ebp, UDP_HEADER_SIZE
    lea     eax, [ebp + DATAGRAM_DATA]
    call    malloc
    jc      udp_overrun
    mov     ecx, [edi + IP_SOURCE]
    mov     [eax + DATAGRAM_ADDRESS], ecx
    movzx   ecx, word ptr [esi + UDP_SOURCE]
    xchg    cl, ch
    mov     [eax + DATAGRAM_PORT], ecx
    mov     [eax + DATAGRAM_LENGTH], ebp
    mov     ecx, [edi - ETHER_HEADER_SIZE + ETHER_SOURCE]
    mov     [eax + DATAGRAM_MAC], ecx
    mov     cx, [edi - ETHER_HEADER_SIZE + ETHER_SOURCE + 4]
    mov     [eax + DATAGRAM_MAC + 4], cx
    mov     edi, eax
    lea     eax, [edi + DATAGRAM_DATA]
    lea     edx, [esi + UDP_HEADER_SIZE]
    mov     ecx, ebp
    call    mem_copy
    INTERRUPTS_OFF
    cmp     dword ptr [ebx + SOCKET_HEAD], 0
    je      5f
    mov     eax, [ebx + SOCKET_TAIL]
    mov     [eax + DATAGRAM_NEXT], edi
    jmp     6f
5:  mov     [ebx + SOCKET_HEAD], edi
6:  mov     [ebx + SOCKET_TAIL], edi
    inc     dword ptr [ebx + SOCKET_COUNT]
    INTERRUPTS_RESTORE
    lea     eax, [ebx + SOCKET_EVENT]
    call    event_signal
    jmp     udp_unlock

udp_bad:
    COUNT   udp_malformed
    jmp     udp_done
udp_nobody:
    COUNT   udp_no_port
    mov     eax, [esp]
    mov     edx, edi
    call    icmp_port_unreachable
    jmp     udp_unlock
udp_overrun:
    COUNT   udp_full
    inc     dword ptr [ebx + SOCKET_DROPS]
udp_unlock:
    mov     eax, offset udp_mutex
    call    mutex_unlock
udp_done:
    pop     eax
    pop     ebp
    pop     edi
    pop     ebx
    ret
