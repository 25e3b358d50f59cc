# UDP (RFC 768), what comes: datagrams for the queues of sockets, and ICMP errors about those that were sent.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"

.text

# An ICMP error about a datagram of ours came: nobody listens there, or it cannot be reached. Who waits at the socket
# goes on with an error. Runs in the net task.
# In: ESI ICMP message, EDX quoted IP header, ECX quoted UDP header.
# Out: CF when no socket has sent it.
# Clobbers: EAX, ECX, EDX.
.global udp_icmp
udp_icmp:
    mov     edx, [edx + IP_DESTINATION]
    movzx   eax, word ptr [ecx + UDP_DESTINATION]
    xchg    al, ah
    movzx   ecx, word ptr [ecx + UDP_SOURCE]
    xchg    cl, ch
    push    ebx
    push    0                           # the socket that has sent it
    INTERRUPTS_OFF
    mov     ebx, [udp_sockets]
1:  test    ebx, ebx
    jz      3f
    cmp     [ebx + SOCKET_PORT], ecx
    jne     2f
    cmp     [ebx + SOCKET_PEER], edx    # only of whom it asked last
    jne     2f
    cmp     [ebx + SOCKET_PEER_PORT], eax
    jne     2f
    mov     [esp + 4], ebx
    cmp     byte ptr [esi + ICMP_TYPE], ICMP_UNREACHABLE
    jne     3f
    cmp     byte ptr [esi + ICMP_CODE], ICMP_TOO_LARGE >> 8
    je      3f
    mov     dword ptr [ebx + SOCKET_ERROR], ERROR_REFUSED
    lea     eax, [ebx + SOCKET_EVENT]
    call    event_signal
    jmp     3f
2:  mov     ebx, [ebx + SOCKET_NEXT]
    jmp     1b
3:  INTERRUPTS_RESTORE
    pop     ebx
    cmp     ebx, 1                      # CF when it is 0
    pop     ebx
    ret

# Handler of protocol 17, see asm/net/ip.s.
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
    jb      .Ludp_input_sum
    movzx   eax, word ptr [esi + UDP_DESTINATION] # sent to many, and most of it is for others: do not even add it up
    xchg    al, ah
    mov     edx, [esp]
    INTERRUPTS_OFF
    call    udp_taken
    setz    al
    INTERRUPTS_RESTORE
    test    al, al
    jz      .Ludp_input_sum
    COUNT   udp_no_port
    jmp     udp_done
.Ludp_input_sum:
    cmp     word ptr [esi + UDP_CHECKSUM], 0
    je      .Ludp_input_good
    cmp     dword ptr [ip_summed], 0
    jne     .Ludp_input_good
    mov     eax, [edi + IP_SOURCE]
    mov     edx, [edi + IP_DESTINATION]
    mov     ecx, ebp
    call    checksum_pseudo
    mov     edx, esi
    mov     ecx, ebp
    call    checksum_add
    call    checksum_fold
    test    eax, eax
    jz      .Ludp_input_good
    COUNT   udp_checksum
    jmp     udp_done

.Ludp_input_good:
    mov     eax, offset udp_mutex
    call    mutex_lock
    movzx   eax, word ptr [esi + UDP_DESTINATION]
    xchg    al, ah
    mov     edx, [esp]
    call    udp_find
    test    ebx, ebx
    jz      udp_nobody
    cmp     dword ptr [ebx + SOCKET_COUNT], SOCKET_QUEUE_MAXIMUM
    jae     udp_overrun
    call    udp_queue
    jnc     udp_unlock
    jmp     udp_overrun

udp_bad:
    COUNT   udp_malformed
    jmp     udp_done
udp_nobody:
    COUNT   udp_no_port
    mov     eax, [esp]
    mov     edx, edi
    mov     ecx, ICMP_NO_PORT
    call    icmp_report
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

# Finds the socket that a datagram is for.
# In: EAX port, EDX interface, EDI IP header, ESI UDP header. The mutex is held.
# Out: EBX socket, or 0.
# Clobbers: ECX.
udp_find:
    INTERRUPTS_OFF                      # a new socket may come meanwhile
    CHECK_HELD udp_mutex, "udp_find: udp_mutex is not held"
    mov     ebx, [udp_sockets]
.Ludp_find_next:
    test    ebx, ebx
    jz      .Ludp_find_found
    cmp     [ebx + SOCKET_PORT], eax
    jne     .Ludp_find_other
    mov     ecx, [ebx + SOCKET_NETIF]
    jecxz   .Ludp_find_interface
    cmp     ecx, edx
    jne     .Ludp_find_other
.Ludp_find_interface:
    mov     ecx, [ebx + SOCKET_LOCAL]
    jecxz   .Ludp_find_local
    cmp     ecx, [edi + IP_DESTINATION]
    jne     .Ludp_find_other
.Ludp_find_local:
    mov     ecx, [ebx + SOCKET_REMOTE_PORT]
    jecxz   .Ludp_find_found
    xchg    cl, ch
    cmp     cx, [esi + UDP_SOURCE]
    jne     .Ludp_find_other
    mov     ecx, [ebx + SOCKET_REMOTE]
    cmp     ecx, [edi + IP_SOURCE]
    je      .Ludp_find_found
.Ludp_find_other:
    mov     ebx, [ebx + SOCKET_NEXT]
    jmp     .Ludp_find_next
.Ludp_find_found:
    INTERRUPTS_RESTORE
    ret

# Puts a datagram into the queue of a socket, and wakes who waits for it.
# In: EBX socket, EDI IP header, ESI UDP header, EBP bytes from there. The mutex is held.
# Out: CF when there is no room.
# Clobbers: EAX, ECX, EDX, EDI, EBP.
udp_queue:
    sub     ebp, UDP_HEADER_SIZE
    lea     eax, [ebp + DATAGRAM_DATA]
    mov     ecx, [ebx + SOCKET_BYTES]
    add     ecx, eax
    cmp     ecx, SOCKET_BYTES_MAXIMUM
    ja      .Ludp_queue_full
    call    malloc
    jc      .Ludp_queue_full
    mov     ecx, [edi + IP_SOURCE]
    mov     [eax + DATAGRAM_ADDRESS], ecx
    mov     ecx, [edi + IP_DESTINATION]
    mov     [eax + DATAGRAM_DESTINATION], ecx
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
    je      .Ludp_queue_first
    mov     eax, [ebx + SOCKET_TAIL]
    mov     [eax + DATAGRAM_NEXT], edi
    jmp     .Ludp_queue_appended
.Ludp_queue_first:
    mov     [ebx + SOCKET_HEAD], edi
.Ludp_queue_appended:
    mov     [ebx + SOCKET_TAIL], edi
    inc     dword ptr [ebx + SOCKET_COUNT]
    CHECK   "dword ptr [ebx+SOCKET_COUNT]", be, SOCKET_QUEUE_MAXIMUM, "udp_queue: more datagrams than the queue holds"
    lea     eax, [ebp + DATAGRAM_DATA]
    add     [ebx + SOCKET_BYTES], eax
    INTERRUPTS_RESTORE
    lea     eax, [ebx + SOCKET_EVENT]
    call    event_signal
    call    watch_changed
    clc
    ret
.Ludp_queue_full:
    stc
    ret
