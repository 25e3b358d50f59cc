# Forwarding of packets between interfaces (RFC 1812), off until the user switches it on with `route forward on`.
# Nothing is queued but for ARP; what cannot go on is answered with an ICMP error, at a bounded rate.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.bss
.balign 4
.global ip_forwards
ip_forwards:            .space 4        # 1: packets for others are sent on

.text

# A whole packet came that is not for the address of the interface that it came by. Runs in the net task.
# In: EAX interface, EDX IP header, ECX bytes of the packet, ESI frame or 0.
# Out: CF when the packet is for an address of another interface of ours, so that it is to be delivered.
.global ip_forward
ip_forward:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, ecx
    cmp     dword ptr [ip_forwards], 0
    je      .Lip_forward_foreign
    test    esi, esi
    jz      .Lip_forward_foreign
    test    byte ptr [esi + ETHER_DESTINATION], 1
    jnz     .Lip_forward_foreign
    mov     eax, [edi + IP_SOURCE]
    call    ip_is_unicast
    jne     .Lip_forward_foreign
    cmp     ax, 169 | (254 << 8)        # RFC 3927 section 2.7: never on
    je      .Lip_forward_foreign
    mov     eax, [edi + IP_DESTINATION]
    call    ip_is_unicast
    jne     .Lip_forward_foreign
    cmp     ax, 169 | (254 << 8)
    je      .Lip_forward_foreign
    mov     edx, eax
    mov     eax, [net_interfaces]
1:  test    eax, eax
    jz      .Lip_forward_ttl
    call    ip_own
    je      .Lip_forward_ours
    mov     eax, [eax + NETIF_NEXT]
    jmp     1b
.Lip_forward_ours:
    stc
    jmp     .Lip_forward_done
.Lip_forward_ttl:
    mov     ecx, ICMP_TTL_EXCEEDED
    cmp     byte ptr [edi + IP_TTL], 1
    jbe     .Lip_forward_report
    mov     eax, [edi + IP_DESTINATION]
    xor     edx, edx
    call    route_find
    mov     ecx, ICMP_NO_NETWORK
    jc      .Lip_forward_report
    push    edx                         # neighbour
    push    eax                         # interface
    mov     eax, ebp
    call    packet_alloc
    pop     ecx
    jc      2f
    mov     [eax + PACKET_NETIF], ecx
    push    eax
    mov     eax, [eax + PACKET_DATA]
    mov     edx, edi
    mov     ecx, ebp
    call    mem_copy
    mov     eax, [esp]
    mov     edx, [eax + PACKET_DATA]
    dec     byte ptr [edx + IP_TTL]
    mov     cx, [edx + IP_CHECKSUM]     # RFC 1624: one less in the TTL's byte is one more in the sum
    add     cx, 1
    adc     cx, 0
    mov     [edx + IP_CHECKSUM], cx
    pop     eax
    pop     edx
    call    ip_send_on
    clc
    jmp     .Lip_forward_done
2:  pop     edx
    clc
    jmp     .Lip_forward_done
.Lip_forward_report:
    mov     eax, ebx
    mov     edx, edi
    call    icmp_report
    clc
    jmp     .Lip_forward_done
.Lip_forward_foreign:
    COUNT   ip_foreign
    clc
.Lip_forward_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret
