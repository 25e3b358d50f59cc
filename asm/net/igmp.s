# IGMPv2, the host's side (RFC 2236): tells the link which groups this machine listens to, so that switches and routers
# that look at it pass them on. All timers are in the groups of the interface and are served by the net task.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

UNSOLICITED_REPORTS     = 2             # sent for a new group, as the first may be lost (RFC 2236 section 3)
UNSOLICITED_MS          = 10000         # longest time between them (section 8.10)
VERSION_1_TENTHS        = 100           # a query of version 1 has no response time: ten seconds (section 4)

.text

# Finds a group.
# In: EBX interface, EDX address, 0 for a free entry.
# Out: EAX group, or ZF when there is none.
igmp_find:
    lea     eax, [ebx + NETIF_GROUPS]
    mov     ecx, GROUPS_MAXIMUM
1:  cmp     [eax + GROUP_ADDRESS], edx
    je      2f
    add     eax, GROUP_SIZE
    dec     ecx
    jnz     1b
2:  test    ecx, ecx
    ret

# Listens to a group. May sleep.
# In: EAX interface, EDX group.
# Out: CF and EAX error.
.global igmp_join
igmp_join:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, edx
    and     al, 0xF0
    cmp     al, 0xE0
    mov     eax, ERROR_INVALID
    jne     .Ligmp_join_failed
    INTERRUPTS_OFF
    call    igmp_find
    jz      .Ligmp_join_new
    INTERRUPTS_RESTORE
    jmp     .Ligmp_join_good
.Ligmp_join_new:
    xor     edx, edx
    call    igmp_find
    jnz     .Ligmp_join_enter
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TABLE_FULL
    jmp     .Ligmp_join_failed
.Ligmp_join_enter:
    mov     [eax + GROUP_ADDRESS], esi
    mov     dword ptr [eax + GROUP_DEADLINE], 0
    mov     dword ptr [eax + GROUP_REPORTS], 0
    INTERRUPTS_RESTORE
    mov     esi, eax
    mov     eax, ebx
    call    [ebx + NETIF_FILTER]
    mov     eax, esi
    call    igmp_announce
.Ligmp_join_good:
    clc
    jmp     .Ligmp_join_done
.Ligmp_join_failed:
    stc
.Ligmp_join_done:
    pop     esi
    pop     ebx
    ret

# Listens to no group any more, without a word.
# In: EBX interface.
.global igmp_forget
igmp_forget:
    push    edi
    lea     edi, [ebx + NETIF_GROUPS]
    xor     eax, eax
    mov     ecx, GROUPS_MAXIMUM * GROUP_SIZE / 4
    rep stosd
    pop     edi
    mov     eax, ebx
    jmp     [ebx + NETIF_FILTER]

# Reports every group anew. Called when the interface got an address, or its link came back.
# In: EAX interface.
.global igmp_address_changed
igmp_address_changed:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    lea     esi, [ebx + NETIF_GROUPS]
    mov     edi, GROUPS_MAXIMUM
1:  cmp     dword ptr [esi + GROUP_ADDRESS], 0
    je      2f
    mov     eax, esi
    call    igmp_announce
2:  add     esi, GROUP_SIZE
    dec     edi
    jnz     1b
    pop     edi
    pop     esi
    pop     ebx
    ret

# Has a group reported at once and once more. Without an address nothing is said; igmp_address_changed will.
# In: EBX interface, EAX group.
igmp_announce:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      9f
    push    esi
    mov     esi, eax
    call    clock_ms
    or      eax, 1                      # 0: no deadline
    mov     word ptr [esi + GROUP_REPORTS], UNSOLICITED_REPORTS
    mov     [esi + GROUP_DEADLINE], eax
    pop     esi
    jmp     net_watch
9:  ret

# Handler of protocol 2, see asm/net/ip.s.
# In: EAX interface, EDX IP header, ESI message, ECX its bytes.
.global igmp_receive
igmp_receive:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, [edx + IP_DESTINATION]
    cmp     ecx, IGMP_SIZE
    jb      .Ligmp_receive_malformed
    mov     edx, esi
    call    checksum
    jnz     .Ligmp_receive_malformed
    movzx   eax, byte ptr [esi + IGMP_TYPE]
    cmp     eax, IGMP_QUERY
    je      .Ligmp_receive_query
    cmp     eax, IGMP_REPORT
    je      .Ligmp_receive_report
    cmp     eax, IGMP_REPORT_V1
    jne     .Ligmp_receive_done         # others concern routers
.Ligmp_receive_report:
    mov     edx, [esi + IGMP_GROUP]     # somebody else reported: one report is enough for the link
    test    edx, edx
    jz      .Ligmp_receive_malformed
    cmp     edx, ebp                    # a report goes to its group
    jne     .Ligmp_receive_malformed
    call    igmp_find
    jz      .Ligmp_receive_done
    mov     dword ptr [eax + GROUP_DEADLINE], 0
    mov     dword ptr [eax + GROUP_REPORTS], 0
    jmp     .Ligmp_receive_done

.Ligmp_receive_query:
    COUNT   igmp_queries
    call    net_watch
    movzx   ebp, byte ptr [esi + IGMP_RESPONSE_TIME]
    test    ebp, ebp
    jnz     .Ligmp_receive_times
    mov     ebp, VERSION_1_TENTHS
.Ligmp_receive_times:
    imul    ebp, ebp, 100               # milliseconds
    lea     edi, [ebx + NETIF_GROUPS]
.Ligmp_receive_group:
    mov     eax, [edi + GROUP_ADDRESS]
    test    eax, eax
    jz      .Ligmp_receive_next
    mov     edx, [esi + IGMP_GROUP]     # 0 asks for all
    test    edx, edx
    jz      .Ligmp_receive_match
    cmp     eax, edx
    jne     .Ligmp_receive_next
.Ligmp_receive_match:
    mov     eax, ebx
    mov     edx, ebp
    call    random_below
    push    eax
    call    clock_ms
    pop     edx
    add     edx, eax
    or      edx, 1
    mov     ecx, [edi + GROUP_DEADLINE] # a timer that ends sooner stays
    test    ecx, ecx
    jz      .Ligmp_receive_set
    sub     ecx, edx
    js      .Ligmp_receive_next
.Ligmp_receive_set:
    mov     [edi + GROUP_DEADLINE], edx
.Ligmp_receive_next:
    add     edi, GROUP_SIZE
    lea     eax, [ebx + NETIF_GROUPS + GROUPS_MAXIMUM * GROUP_SIZE]
    cmp     edi, eax
    jb      .Ligmp_receive_group
    jmp     .Ligmp_receive_done
.Ligmp_receive_malformed:
    COUNT   igmp_malformed
.Ligmp_receive_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Sends the reports that are due. Called by the net task.
# Out: EAX milliseconds until it is needed again, or -1.
.global igmp_poll
igmp_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, -1
    mov     ebx, [net_interfaces]
.Ligmp_poll_interface:
    test    ebx, ebx
    jz      .Ligmp_poll_end
    lea     esi, [ebx + NETIF_GROUPS]
    mov     edi, GROUPS_MAXIMUM
.Ligmp_poll_group:
    cmp     dword ptr [esi + GROUP_ADDRESS], 0
    je      .Ligmp_poll_next
    cmp     dword ptr [esi + GROUP_DEADLINE], 0
    je      .Ligmp_poll_next
    call    clock_ms
    mov     edx, [esi + GROUP_DEADLINE]
    sub     edx, eax
    test    edx, edx
    jg      .Ligmp_poll_later
    mov     dword ptr [esi + GROUP_DEADLINE], 0
    cmp     word ptr [esi + GROUP_REPORTS], 0
    je      .Ligmp_poll_report
    dec     word ptr [esi + GROUP_REPORTS]
    jz      .Ligmp_poll_report
    push    eax
    mov     eax, ebx
    mov     edx, UNSOLICITED_MS
    call    random_below
    pop     edx
    add     edx, eax
    or      edx, 1
    mov     [esi + GROUP_DEADLINE], edx
.Ligmp_poll_report:
    COUNT   igmp_reports
    mov     eax, IGMP_REPORT
    mov     edx, [esi + GROUP_ADDRESS]
    mov     ecx, edx
    call    igmp_send
    call    clock_ms
    mov     edx, [esi + GROUP_DEADLINE]
    test    edx, edx
    jz      .Ligmp_poll_next
    sub     edx, eax
    test    edx, edx
    jg      .Ligmp_poll_later
    mov     edx, 1
.Ligmp_poll_later:
    cmp     edx, ebp
    jae     .Ligmp_poll_next
    mov     ebp, edx
.Ligmp_poll_next:
    add     esi, GROUP_SIZE
    dec     edi
    jnz     .Ligmp_poll_group
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Ligmp_poll_interface
.Ligmp_poll_end:
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sends a message.
# In: EBX interface, EAX type, EDX group, ECX destination.
igmp_send:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    mov     eax, IGMP_SIZE
    call    packet_alloc
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    mov     edx, [eax + PACKET_DATA]
    mov     ecx, esi
    mov     [edx + IGMP_TYPE], cl
    mov     [edx + IGMP_GROUP], edi
    mov     esi, eax
    mov     ecx, IGMP_SIZE
    call    checksum
    mov     edx, [esi + PACKET_DATA]
    mov     [edx + IGMP_CHECKSUM], ax
    mov     eax, esi
    mov     edx, ebp
    mov     ecx, PROTOCOL_IGMP | (1 << 8) | (1 << 16)
    call    ip_send
9:  pop     ebp
    pop     edi
    pop     esi
    ret
