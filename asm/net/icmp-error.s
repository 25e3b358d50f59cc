# ICMP errors (RFC 792, RFC 1122 section 3.2.2). One that comes is handed to the conversation whose packet it quotes;
# those that we send are bounded in rate, and never answer an error, a group, or what was sent to all.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

QUOTED_BYTES            = 8             # of the payload, besides the header
RATE_MS                 = 20            # one error in so much time,
BURST                   = 20            # or so many at once (RFC 1812 section 4.3.2.8)

.bss
.balign 4
report_spent:           .space 4        # clock_ms up to which the errors that were sent have used time up

.text

# An error came: hands it to the protocol whose packet it quotes, the header and eight bytes at least. Runs in the net
# task.
# In: EBX interface, EDI IP header, ESI message, EBP bytes.
.global icmp_error
icmp_error:
    COUNT   icmp_errors
    lea     edx, [esi + ICMP_HEADER_SIZE]   # EDX: quoted IP header
    mov     ecx, ebp
    sub     ecx, ICMP_HEADER_SIZE + IP_HEADER_SIZE + QUOTED_BYTES
    jb      .Licmp_error_malformed
    movzx   eax, byte ptr [edx + IP_VERSION]
    sub     eax, 0x45                   # with options it is longer
    cmp     eax, 10
    ja      .Licmp_error_malformed
    lea     eax, [eax*4]
    cmp     ecx, eax
    jb      .Licmp_error_malformed
    lea     ecx, [edx + eax + IP_HEADER_SIZE]   # ECX: quoted payload
    test    word ptr [edx + IP_FRAGMENT], 0xFF1F    # of a later fragment: that is no header
    jnz     .Licmp_error_done
    push    edx
    mov     eax, ebx                    # what it quotes must come from us
    mov     edx, [edx + IP_SOURCE]
    call    ip_own
    pop     edx
    je      1f
    cmp     byte ptr [edx + IP_SOURCE], 127
    jne     .Licmp_error_stray
1:  movzx   eax, byte ptr [edx + IP_PROTOCOL]
    cmp     eax, PROTOCOL_TCP
    jne     2f
    mov     eax, esi
    jmp     tcp_icmp
2:  cmp     eax, PROTOCOL_ICMP
    je      .Licmp_error_echo
    cmp     eax, PROTOCOL_UDP
    jne     .Licmp_error_done
    push    edx
    call    udp_icmp
    pop     edx
    jnc     icmp_learn
    ret
.Licmp_error_echo:
    cmp     byte ptr [ecx + ICMP_TYPE], ICMP_ECHO
    jne     .Licmp_error_done
    push    edx
    movzx   edx, word ptr [esi + ICMP_TYPE]
    mov     eax, ecx
    call    icmp_answered
    pop     edx
    jnc     icmp_learn
    ret
.Licmp_error_stray:
    COUNT   icmp_stray
.Licmp_error_done:
    ret
.Licmp_error_malformed:
    COUNT   icmp_malformed
    ret

# Learns the path's MTU from an error about a datagram that is known to be ours, if it says one: strangers' inventions
# would fill the table, and have what goes to others leave in fragments.
# In: ESI message, EDX quoted IP header.
# Clobbers: EAX, ECX, EDX.
icmp_learn:
    cmp     word ptr [esi + ICMP_TYPE], ICMP_TOO_LARGE
    jne     9f
    mov     eax, [edx + IP_DESTINATION]
    movzx   edx, word ptr [esi + ICMP_MTU]
    xchg    dl, dh
    jmp     path_learn
9:  ret

# Tells the sender of a packet why it was not delivered, if he is one to be told, and if not too many were told lately.
# In: EAX interface that it came by, EDX IP header, complete with eight bytes of payload if the packet has so many, ECX
# type and code (ICMP_NO_PORT ...).
.global icmp_report
icmp_report:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    mov     eax, [esi + IP_SOURCE]
    cmp     al, 127                     # which never comes from a wire
    je      1f
    call    ip_is_unicast
    jne     .Licmp_report_done
1:  mov     edx, [esi + IP_DESTINATION]
    test    edx, edx
    jz      .Licmp_report_done
    cmp     dl, 224
    jae     .Licmp_report_done
    mov     eax, ebx
    call    ip_is_broadcast
    je      .Licmp_report_done
    test    word ptr [esi + IP_FRAGMENT], 0xFF1F
    jnz     .Licmp_report_done
    movzx   ebp, byte ptr [esi + IP_VERSION]
    and     ebp, 15
    shl     ebp, 2
    cmp     byte ptr [esi + IP_PROTOCOL], PROTOCOL_ICMP
    jne     .Licmp_report_rate
    movzx   eax, byte ptr [esi + ebp + ICMP_TYPE]
    cmp     eax, ICMP_ECHO              # all others may be errors
    jne     .Licmp_report_done
.Licmp_report_rate:
    call    report_allowed
    jc      .Licmp_report_held
    movzx   eax, word ptr [esi + IP_LENGTH]
    xchg    al, ah
    add     ebp, QUOTED_BYTES
    cmp     ebp, eax
    jbe     1f
    mov     ebp, eax                    # EBP: bytes that are quoted
1:  lea     eax, [ebp + ICMP_HEADER_SIZE]
    call    packet_alloc
    jc      .Licmp_report_done
    push    eax
    mov     edx, [esi + IP_DESTINATION] # from the address that it was for, if that is ours
    mov     ecx, [eax + PACKET_DATA]
    mov     [ecx + ICMP_TYPE], di
    mov     edi, eax
    mov     eax, ebx
    call    ip_own
    jne     2f
    mov     [edi + PACKET_SOURCE], edx
    mov     [edi + PACKET_NETIF], ebx
2:  lea     eax, [ecx + ICMP_HEADER_SIZE]
    mov     edx, esi
    mov     ecx, ebp
    call    mem_copy
    pop     eax
    mov     edx, [esi + IP_SOURCE]
    COUNT   icmp_reports
    call    icmp_send
    jmp     .Licmp_report_done
.Licmp_report_held:
    COUNT   icmp_held
.Licmp_report_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether one more error may be sent.
# Out: CF when it may not.
# Clobbers: EAX, ECX, EDX.
report_allowed:
    call    clock_ms
    mov     ecx, [report_spent]
    mov     edx, ecx
    sub     edx, eax
    jns     1f
    mov     ecx, eax                    # all that was spent is long ago
    xor     edx, edx
1:  cmp     edx, RATE_MS * BURST
    jae     2f
    add     ecx, RATE_MS
    mov     [report_spent], ecx
    clc
    ret
2:  stc
    ret
