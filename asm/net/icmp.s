# ICMP (RFC 792): answers echo requests, tells senders that nobody listens at a UDP port, and carries the conversations
# of the `ping` command.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.bss
.balign 4
pings:                  .space PING_MAXIMUM * PING_SIZE

.data
.balign 4
ping_identifier:        .long 0x5100    # of the last conversation

.text

# Handler of protocol 1, see asm/net/ip.s.
# In: EAX interface, EDX IP header, ESI message, ECX its bytes.
.global icmp_receive
icmp_receive:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, ecx
    COUNT   icmp_received
    cmp     ecx, ICMP_HEADER_SIZE
    jb      .Licmp_receive_8
    mov     edx, esi
    call    checksum
    jnz     .Licmp_receive_8
    movzx   eax, byte ptr [esi + ICMP_TYPE]
    cmp     eax, ICMP_ECHO
    je      .Licmp_receive_1
    cmp     eax, ICMP_ECHO_REPLY
    je      .Licmp_receive_2
    cmp     eax, ICMP_UNREACHABLE
    je      .Licmp_receive_3
    cmp     eax, ICMP_TIME_EXCEEDED
    je      .Licmp_receive_3
    COUNT   icmp_other
    jmp     .Licmp_receive_9
.Licmp_receive_3:
    call    icmp_error
    jmp     .Licmp_receive_9
.Licmp_receive_1:
    call    icmp_answer
    jmp     .Licmp_receive_9
.Licmp_receive_2:
    call    icmp_reply
    jmp     .Licmp_receive_9
.Licmp_receive_8:
    COUNT   icmp_malformed
.Licmp_receive_9:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Answers an echo request. One to a group or to all is passed over, which RFC 1122 section 3.2.2.6 leaves open: nobody
# can multiply traffic through us.
# In: EBX interface, EDI IP header, ESI message, EBP bytes.
icmp_answer:
    mov     eax, [edi + IP_DESTINATION]
    cmp     eax, [ebx + NETIF_ADDRESS]
    je      1f
    cmp     al, 127
    jne     9f
1:  mov     eax, ebp
    call    packet_alloc
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    push    eax
    mov     eax, [eax + PACKET_DATA]
    mov     edx, esi
    mov     ecx, ebp
    call    mem_copy
    pop     eax
    mov     edx, [edi + IP_SOURCE]
    mov     ecx, [eax + PACKET_DATA]
    mov     byte ptr [ecx + ICMP_TYPE], ICMP_ECHO_REPLY
    COUNT   icmp_echoes
    jmp     icmp_send
9:  ret

# An error: hands it to the protocol whose packet it quotes, the header and eight bytes at least.
# In: EBX interface, ESI message, EBP bytes.
icmp_error:
    COUNT   icmp_errors
    lea     edx, [esi + ICMP_HEADER_SIZE]   # EDX: quoted IP header
    mov     ecx, ebp
    sub     ecx, ICMP_HEADER_SIZE + IP_HEADER_SIZE + 8
    jb      9f
    movzx   eax, byte ptr [edx + IP_VERSION]
    sub     eax, 0x45                   # with options it is longer
    cmp     eax, 10
    ja      9f
    lea     eax, [eax*4]
    cmp     ecx, eax
    jb      9f
    lea     ecx, [edx + eax + IP_HEADER_SIZE]   # ECX: quoted payload
    cmp     byte ptr [edx + IP_PROTOCOL], PROTOCOL_TCP
    jne     8f
    mov     eax, esi
    jmp     tcp_icmp
8:  ret
9:  COUNT   icmp_malformed
    ret

# Puts in the checksum and sends.
# In: EAX packet with the ICMP message, EDX destination.
# Out: as ip_send.
icmp_send:
    push    eax
    push    edx
    mov     edx, [eax + PACKET_DATA]
    mov     ecx, [eax + PACKET_LENGTH]
    mov     word ptr [edx + ICMP_CHECKSUM], 0
    call    checksum
    mov     ecx, eax
    pop     edx
    pop     eax
    push    ebx
    mov     ebx, [eax + PACKET_DATA]
    mov     [ebx + ICMP_CHECKSUM], cx
    pop     ebx
    mov     ecx, PROTOCOL_ICMP | (64 << 8)
    jmp     ip_send

# Hands an echo reply to the conversation that it belongs to.
# In: EDI IP header, ESI message, EBP bytes.
icmp_reply:
    movzx   eax, word ptr [esi + ICMP_IDENTIFIER]
    xchg    al, ah
    mov     ecx, offset pings
1:  cmp     [ecx + PING_IDENTIFIER], eax
    je      2f
    add     ecx, PING_SIZE
    cmp     ecx, offset pings + PING_MAXIMUM * PING_SIZE
    jb      1b
    COUNT   icmp_stray
    ret
2:  push    ecx
    call    clock_us
    pop     ecx
    mov     [ecx + PING_ARRIVED], eax
    movzx   eax, word ptr [esi + ICMP_SEQUENCE]
    xchg    al, ah
    mov     [ecx + PING_SEQUENCE], eax
    mov     [ecx + PING_BYTES], ebp
    mov     eax, [edi + IP_SOURCE]
    mov     [ecx + PING_SOURCE], eax
    movzx   eax, byte ptr [edi + IP_TTL]
    mov     [ecx + PING_TTL], eax
    COUNT   icmp_replies
    lea     eax, [ecx + PING_EVENT]
    jmp     event_signal

# Begins a conversation.
# Out: EAX conversation (PING_*), or CF and ERROR_TABLE_FULL.
.global ping_open
ping_open:
    mov     eax, offset pings
    INTERRUPTS_OFF
1:  cmp     dword ptr [eax + PING_IDENTIFIER], 0
    je      2f
    add     eax, PING_SIZE
    cmp     eax, offset pings + PING_MAXIMUM * PING_SIZE
    jb      1b
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TABLE_FULL
    stc
    ret
2:  inc     word ptr [ping_identifier]
    jnz     3f
    inc     word ptr [ping_identifier]  # 0 marks a free entry
3:  mov     edx, [ping_identifier]
    mov     dword ptr [eax + PING_EVENT], 0
    mov     dword ptr [eax + PING_SEQUENCE], -1
    mov     [eax + PING_IDENTIFIER], edx
    INTERRUPTS_RESTORE
    clc
    ret

# Ends it.
# In: EAX conversation.
.global ping_close
ping_close:
    mov     dword ptr [eax + PING_IDENTIFIER], 0
    ret

# Sends one echo request with PING_DATA_BYTES of data.
# In: EAX conversation, EDX destination, ECX sequence number.
# Out: CF and EAX error.
.global ping_send
ping_send:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    mov     eax, ICMP_HEADER_SIZE + PING_DATA_BYTES
    call    packet_alloc
    jc      9f
    mov     edx, [eax + PACKET_DATA]
    mov     byte ptr [edx + ICMP_TYPE], ICMP_ECHO
    mov     ecx, [ebx + PING_IDENTIFIER]
    xchg    cl, ch
    mov     [edx + ICMP_IDENTIFIER], cx
    mov     ecx, edi
    xchg    cl, ch
    mov     [edx + ICMP_SEQUENCE], cx
    xor     ecx, ecx
1:  mov     [edx + ICMP_HEADER_SIZE + ecx], cl
    inc     ecx
    cmp     ecx, PING_DATA_BYTES
    jb      1b
    mov     edx, esi
    call    icmp_send
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Answers a datagram that nobody listens for (RFC 1122 section 4.1.3.1). Only one that was sent to this machine alone,
# by one machine, is answered.
# In: EAX interface, EDX IP header of the datagram, complete up to eight bytes after it.
.global icmp_port_unreachable
icmp_port_unreachable:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [esi + IP_SOURCE]
    call    ip_is_unicast
    jne     9f
    mov     eax, [esi + IP_DESTINATION]
    test    eax, eax
    jz      9f
    cmp     eax, [ebx + NETIF_ADDRESS]
    jne     9f
    movzx   edi, byte ptr [esi + IP_VERSION]
    and     edi, 15
    shl     edi, 2
    add     edi, 8
    lea     eax, [edi + ICMP_HEADER_SIZE]
    call    packet_alloc
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    mov     edx, [eax + PACKET_DATA]
    mov     word ptr [edx + ICMP_TYPE], ICMP_UNREACHABLE | (3 << 8)
    push    eax
    lea     eax, [edx + ICMP_HEADER_SIZE]
    mov     edx, esi
    mov     ecx, edi
    call    mem_copy
    pop     eax
    mov     edx, [esi + IP_SOURCE]
    COUNT   icmp_unreachables
    call    icmp_send
9:  pop     edi
    pop     esi
    pop     ebx
    ret
