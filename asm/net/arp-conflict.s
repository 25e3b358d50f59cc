# Address conflict detection (RFC 5227): another machine that uses, or would like to use, an address of ours; and the
# announcements of our own.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

DEFEND_MS               = 10000         # DEFEND_INTERVAL of RFC 5227

.text

# Looks for an address conflict (RFC 5227 sections 2.1.1 and 2.4, RFC 3927 section 2.5) and defends the address once in
# ten seconds. A second conflict within that time is left to the address task when the address is a link-local one; one
# that the user or a server gave is kept, and defended again later (RFC 5227, 2.4(c)).
# In: EBX interface, ESI ARP packet, EDI its sender address.
.global arp_conflict
arp_conflict:
    mov     eax, [ebx + NETIF_MAC]
    cmp     eax, [esi + ARP_SENDER_MAC]
    jne     .Larp_conflict_other
    mov     ax, [ebx + NETIF_MAC + 4]
    cmp     ax, [esi + ARP_SENDER_MAC + 4]
    je      .Larp_conflict_done         # ourselves
.Larp_conflict_other:
    call    secondary_conflict
    mov     eax, [ebx + NETIF_PROBE]
    test    eax, eax
    jz      .Larp_conflict_own
    cmp     edi, eax                    # somebody has the address that we probe,
    je      .Larp_conflict_probed
    test    edi, edi                    # or probes it at the same time
    jnz     .Larp_conflict_own
    cmp     [esi + ARP_TARGET_ADDRESS], eax
    je      .Larp_conflict_probed
.Larp_conflict_own:
    mov     eax, [ebx + NETIF_ADDRESS]
    test    eax, eax
    jz      .Larp_conflict_done
    cmp     edi, eax
    jne     .Larp_conflict_done
    COUNT   arp_conflicts
    call    clock_ms
    or      eax, 1                      # 0 means that there was no defence yet
    mov     edx, eax
    sub     edx, [ebx + NETIF_DEFENDED]
    cmp     dword ptr [ebx + NETIF_DEFENDED], 0
    je      .Larp_conflict_defend
    cmp     edx, DEFEND_MS
    jae     .Larp_conflict_defend
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_LINK_LOCAL
    jne     .Larp_conflict_done         # RFC 5227, 2.4(c): two forged frames must not take a lease away
    jmp     .Larp_conflict_notice
.Larp_conflict_defend:
    mov     [ebx + NETIF_DEFENDED], eax
    COUNT   arp_defences
    mov     eax, ebx
    mov     edx, [ebx + NETIF_ADDRESS]
    mov     ecx, edx
    jmp     arp_request
.Larp_conflict_probed:
    COUNT   arp_conflicts
.Larp_conflict_notice:
    mov     eax, ebx
    mov     edx, NOTICE_CONFLICT
    jmp     address_notice
.Larp_conflict_done:
    ret

# Sends the second announcements that are due.
# In: EBP milliseconds until arp_poll is needed again, or -1.
# Out: EBP likewise.
# Clobbers: EAX, ECX, EDX, EBX.
.global arp_poll_announcements
arp_poll_announcements:
    mov     ebx, [net_interfaces]
3:  test    ebx, ebx
    jz      .Larp_poll_announcements_done
    mov     ecx, [ebx + NETIF_ANNOUNCE]
    test    ecx, ecx
    jz      4f
    call    clock_ms
    sub     ecx, eax
    test    ecx, ecx
    jg      2f
    mov     dword ptr [ebx + NETIF_ANNOUNCE], 0
    mov     eax, ebx
    mov     edx, [ebx + NETIF_ADDRESS]
    mov     ecx, edx
    test    edx, edx
    jz      1f
    call    arp_request
1:  mov     eax, ebx
    call    secondary_announce_all
    jmp     4f
2:  cmp     ecx, ebp
    jae     4f
    mov     ebp, ecx
4:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     3b
.Larp_poll_announcements_done:
    ret
