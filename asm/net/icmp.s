# ICMP (RFC 792): answers echo requests, and carries the conversations of `ping` and `traceroute`. Errors, those that
# come and those that we send, are in asm/net/icmp-error.s.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.bss
.balign 4
.global pings
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
    jb      4f
    mov     edx, esi
    call    checksum
    jnz     4f
    movzx   eax, byte ptr [esi + ICMP_TYPE]
    cmp     eax, ICMP_ECHO
    je      2f
    cmp     eax, ICMP_ECHO_REPLY
    je      3f
    cmp     eax, ICMP_UNREACHABLE
    je      1f
    cmp     eax, ICMP_TIME_EXCEEDED
    je      1f
    cmp     eax, ICMP_PARAMETER
    je      1f
    COUNT   icmp_other
    jmp     .Licmp_receive_done
1:  call    icmp_error
    jmp     .Licmp_receive_done
2:  call    icmp_answer
    jmp     .Licmp_receive_done
3:  call    icmp_reply
    jmp     .Licmp_receive_done
4:  COUNT   icmp_malformed
.Licmp_receive_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Answers an echo request. One to a group or to all is passed over, which RFC 1122 section 3.2.2.6 leaves open: nobody
# can multiply traffic through us.
# In: EBX interface, EDI IP header, ESI message, EBP bytes.
icmp_answer:
    mov     edx, [edi + IP_DESTINATION]
    mov     eax, ebx
    call    ip_own
    je      1f
    cmp     dl, 127
    jne     9f
1:  mov     eax, ebp
    call    packet_alloc
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    mov     dword ptr [eax + PACKET_FLAGS], PACKET_SPLIT
    mov     edx, [edi + IP_DESTINATION] # from the address that was asked
    mov     [eax + PACKET_SOURCE], edx
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

# Puts in the checksum and sends.
# In: EAX packet with the ICMP message, EDX destination.
# Out: as ip_send.
.global icmp_send
icmp_send:
    mov     cl, 64

# Likewise, with a TTL.
# In: EAX packet with the ICMP message, EDX destination, CL TTL.
# Out: as ip_send.
icmp_send_far:
    push    ecx
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
    pop     ecx
    shl     ecx, 8
    movzx   ecx, cx
    or      ecx, PROTOCOL_ICMP
    jmp     ip_send

# Hands an echo reply to the conversation that it belongs to.
# In: EDI IP header, ESI message, EBP bytes.
icmp_reply:
    mov     edx, -1                     # no error
    mov     eax, esi

# Gives a conversation the answer to one of its requests.
# In: EAX the request or its reply: identifier and sequence number, EDX -1 or type and code of an error, EDI IP header
# of what came, EBP its bytes of ICMP.
# Out: CF when there is no such conversation.
# Clobbers: EAX, ECX, EDX.
.global icmp_answered
icmp_answered:
    push    esi
    mov     esi, eax
    movzx   eax, word ptr [esi + ICMP_IDENTIFIER]
    xchg    al, ah
    test    eax, eax                    # 0 marks a free entry
    jz      3f
    mov     ecx, offset pings
1:  cmp     [ecx + PING_IDENTIFIER], eax
    je      2f
    add     ecx, PING_SIZE
    cmp     ecx, offset pings + PING_MAXIMUM * PING_SIZE
    jb      1b
3:  COUNT   icmp_stray
    pop     esi
    stc
    ret
2:  mov     [ecx + PING_ERROR], edx
    cmp     edx, -1
    jne     4f
    COUNT   icmp_replies
4:  push    ecx
    call    clock_us
    pop     ecx
    mov     [ecx + PING_ARRIVED], eax
    movzx   eax, word ptr [esi + ICMP_SEQUENCE]
    xchg    al, ah
    mov     [ecx + PING_SEQUENCE], eax
    mov     [ecx + PING_BYTES], ebp
    pop     esi
    mov     eax, [edi + IP_SOURCE]
    mov     [ecx + PING_SOURCE], eax
    movzx   eax, byte ptr [edi + IP_TTL]
    mov     [ecx + PING_TTL], eax
    lea     eax, [ecx + PING_EVENT]
    call    event_signal
    clc
    ret

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
    mov     dword ptr [eax + PING_BYTES_SENT], PING_DATA_BYTES
    mov     dword ptr [eax + PING_TTL_SENT], 64
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

# Sends one echo request with PING_BYTES_SENT of data and PING_TTL_SENT.
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
    mov     eax, [ebx + PING_BYTES_SENT]
    add     eax, ICMP_HEADER_SIZE
    call    packet_alloc
    jc      9f
    mov     dword ptr [eax + PACKET_FLAGS], PACKET_SPLIT
    mov     edx, [eax + PACKET_DATA]
    mov     byte ptr [edx + ICMP_TYPE], ICMP_ECHO
    mov     ecx, [ebx + PING_IDENTIFIER]
    xchg    cl, ch
    mov     [edx + ICMP_IDENTIFIER], cx
    mov     ecx, edi
    xchg    cl, ch
    mov     [edx + ICMP_SEQUENCE], cx
    xor     ecx, ecx
1:  cmp     ecx, [ebx + PING_BYTES_SENT]
    jae     2f
    mov     [edx + ICMP_HEADER_SIZE + ecx], cl
    inc     ecx
    jmp     1b
2:  mov     edx, esi
    mov     ecx, [ebx + PING_TTL_SENT]
    call    icmp_send_far
9:  pop     edi
    pop     esi
    pop     ebx
    ret
