# ARP (RFC 826): the cache of neighbours. Address conflicts are the matter of asm/net/arp-conflict.s.
#
# Nobody sleeps here. A packet for a neighbour that is not known waits in its cache entry while the net task repeats the
# request; three requests without an answer give the packets up, and the count says so. When no more may wait, the
# oldest goes (RFC 1122 section 2.3.2.2), so that nobody's first packet is refused because another's wait; but who sends
# faster than they go hears of it. The cache is guarded by switching interrupts off for the few steps of a look-up, as
# senders run in any task.
#
# Anybody may claim a neighbour's address. A claim counts when the station that has it so far does not answer a request
# of its own, so that a stranger's frames keep no two machines apart while both are there.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "arp.inc"

QUEUE_MAXIMUM           = 4             # packets that wait for one neighbour
TRIES_MAXIMUM           = 3
RETRY_MS                = 1000          # RFC 1122 section 2.3.2.1: at most one request a second
LIFETIME_MS             = 60000         # an entry older than this is asked for again
DOUBT_MS                = 300           # for the answer of a station whose address is claimed

.bss
.balign 4
.global arp_watcher
arp_watcher:    .space 4                # routine that hears of every packet, or 0: EBX interface, ESI packet, EDI its
                                        # sender's address. Clobbers EAX, ECX, EDX; must not sleep

.data
.balign 4
broadcast_mac:  .byte 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF

.text

# Sends an IPv4 packet to a neighbour, now or as soon as its MAC address is known. May sleep for memory, never for the
# answer.
# In: EAX packet with its interface, EDX address of the neighbour.
# Out: CF and EAX error when it was dropped at once.
.global arp_send
arp_send:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, 8                      # MAC address
    mov     ebx, eax
    mov     esi, edx
    mov     [ebx + PACKET_HOP], edx
    mov     dword ptr [ebx + PACKET_NEXT], 0
    call    clock_ms
    mov     edi, eax

    INTERRUPTS_OFF
    mov     eax, esi
    mov     edx, [ebx + PACKET_NETIF]
    call    arp_lookup
    mov     ebp, eax
    test    eax, eax
    jz      .Larp_send_unknown
    cmp     dword ptr [ebp + ENTRY_STATE], STATE_PENDING
    je      .Larp_send_pending
    mov     eax, edi
    sub     eax, [ebp + ENTRY_TIME]
    cmp     eax, LIFETIME_MS
    jae     .Larp_send_ask
    mov     eax, [ebp + ENTRY_MAC]
    mov     [esp + 4], eax              # after the saved flags
    mov     ax, [ebp + ENTRY_MAC + 4]
    mov     [esp + 8], ax
    INTERRUPTS_RESTORE
    mov     eax, ebx
    mov     edx, esp
    mov     ecx, ETHER_TYPE_IPV4
    call    ether_send
    jmp     .Larp_send_done

.Larp_send_unknown:
    call    arp_crowded                 # a neighbour that was not asked for yet
    jae     .Larp_send_full
    mov     eax, esi
    mov     edx, [ebx + PACKET_NETIF]
    mov     ecx, edi
    call    arp_take
    mov     ebp, eax
    test    eax, eax
    jz      .Larp_send_full
.Larp_send_ask:
    mov     dword ptr [ebp + ENTRY_STATE], STATE_PENDING
    mov     dword ptr [ebp + ENTRY_TRIES], 1
    or      dword ptr [ebp + ENTRY_STANDING], STANDING_ASKED
    lea     eax, [edi + RETRY_MS]
    mov     [ebp + ENTRY_TIME], eax
    mov     [ebp + ENTRY_QUEUE], ebx
    mov     dword ptr [ebp + ENTRY_QUEUED], 1
    mov     eax, [ebx + PACKET_NETIF]   # the packet may be gone as soon as interrupts are on
    INTERRUPTS_RESTORE
    mov     edx, esi
    mov     ecx, [eax + NETIF_ADDRESS]
    call    arp_request
    call    net_watch
    clc
    jmp     .Larp_send_done

.Larp_send_pending:
    call    arp_wait
    jc      .Larp_send_full
    INTERRUPTS_RESTORE
    test    edi, edi
    jz      .Larp_send_done
    COUNT   arp_full
    mov     eax, edi
    call    packet_free
    clc
    jmp     .Larp_send_done

.Larp_send_full:
    INTERRUPTS_RESTORE
    COUNT   arp_full
    mov     eax, ebx
    call    packet_free
    mov     eax, ERROR_TABLE_FULL
    stc
.Larp_send_done:
    lea     esp, [esp + 8]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Has a packet wait for an answer. Interrupts off.
# In: EBX packet, EBP entry.
# Out: EDI a packet that goes to make room, or 0; CF when there is no room for this one.
# Clobbers: EAX, ECX, EDX.
arp_wait:
    CHECK_MASKED "arp_wait: interrupts are on"
    CHECK   "dword ptr [ebp+ENTRY_STATE]", e, STATE_PENDING, "arp_wait: the entry does not wait"
    lea     eax, [ebp + ENTRY_QUEUE]    # PACKET_NEXT is 0, so the head looks like a packet
.Larp_wait_last:
    cmp     dword ptr [eax + PACKET_NEXT], 0
    je      .Larp_wait_room
    mov     eax, [eax + PACKET_NEXT]
    jmp     .Larp_wait_last
.Larp_wait_room:
    xor     edi, edi                    # packet that goes to make room
    cmp     dword ptr [ebp + ENTRY_QUEUED], QUEUE_MAXIMUM
    jb      .Larp_wait_count
    mov     ecx, [eax + PACKET_DATA]
    mov     edx, [ebx + PACKET_DATA]
    mov     edi, [ecx + IP_HEADER_SIZE] # the ports of UDP and TCP: the last that waits is the same sender's
    cmp     edi, [edx + IP_HEADER_SIZE]
    je      .Larp_wait_not
    mov     edi, [ebp + ENTRY_QUEUE]
    mov     ecx, [edi + PACKET_NEXT]
    mov     [ebp + ENTRY_QUEUE], ecx
    dec     dword ptr [ebp + ENTRY_QUEUED]
.Larp_wait_count:
    inc     dword ptr [ebp + ENTRY_QUEUED]
    CHECK   "dword ptr [ebp+ENTRY_QUEUED]", be, QUEUE_MAXIMUM, "arp_wait: more packets wait than may"
.Larp_wait_append:
    mov     [eax + PACKET_NEXT], ebx
    clc
    ret
.Larp_wait_not:
    stc
    ret

# Asks for an address by broadcast. Probes and announcements are requests too (RFC 5227 sections 2.1.1, 2.3).
# In: EAX interface, EDX address that is asked for, ECX sender address: our own; 0 for a probe; equal to EDX for an
# announcement.
.global arp_request
arp_request:
    push    ebp
    mov     ebp, offset broadcast_mac
    call    arp_ask
    pop     ebp
    ret

# Asks for an address.
# In: as arp_request; EBP MAC address of the stations that get it.
arp_ask:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    COUNT   arp_requests
    mov     eax, ARP_SIZE
    call    packet_alloc
    jc      9f
    mov     [eax + PACKET_NETIF], ebx
    mov     edx, [eax + PACKET_DATA]
    mov     [edx + ARP_TARGET_ADDRESS], esi
    mov     ecx, 0x0100
    call    arp_fill
    cmp     esi, edi                    # an announcement of an address that has its own MAC address
    jne     1f
    call    arp_fill_secondary
1:  mov     edx, ebp
    mov     ecx, ETHER_TYPE_ARP
    call    ether_send
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Fills the fields that requests and replies share.
# In: EAX packet, EDX its ARP header, ECX operation as it lies in the packet, EBX interface, EDI sender address.
# Out: EAX packet.
arp_fill:
    mov     word ptr [edx + ARP_HARDWARE], 0x0100
    mov     word ptr [edx + ARP_PROTOCOL], ETHER_TYPE_IPV4
    mov     word ptr [edx + ARP_LENGTHS], 0x0406
    mov     [edx + ARP_OPERATION], cx
    mov     ecx, [ebx + NETIF_MAC]
    mov     [edx + ARP_SENDER_MAC], ecx
    mov     cx, [ebx + NETIF_MAC + 4]
    mov     [edx + ARP_SENDER_MAC + 4], cx
    mov     [edx + ARP_SENDER_ADDRESS], edi
    ret

# Puts the MAC address of a further address in, and has the frame come from there.
# In: EAX packet with its ARP header at PACKET_DATA, EBX interface, EDI sender address.
# Clobbers: ECX, EDX.
arp_fill_secondary:
    push    eax
    mov     eax, ebx
    mov     edx, edi
    call    secondary_find
    pop     eax
    jz      9f
    push    ebx
    lea     ebx, [ecx + SECONDARY_MAC]
    mov     [eax + PACKET_STATION], ebx
    mov     edx, [eax + PACKET_DATA]
    mov     ecx, [ebx]
    mov     [edx + ARP_SENDER_MAC], ecx
    mov     cx, [ebx + 4]
    mov     [edx + ARP_SENDER_MAC + 4], cx
    pop     ebx
9:  ret

# An ARP packet came in. Runs in the net task.
# In: EAX interface, EDX frame, ECX bytes after the Ethernet header.
.global arp_receive
arp_receive:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    lea     esi, [edx + ETHER_HEADER_SIZE]
    COUNT   arp_received
    cmp     ecx, ARP_SIZE
    jb      .Larp_receive_malformed
    cmp     word ptr [esi + ARP_HARDWARE], 0x0100
    jne     .Larp_receive_malformed
    cmp     word ptr [esi + ARP_PROTOCOL], ETHER_TYPE_IPV4
    jne     .Larp_receive_malformed
    cmp     word ptr [esi + ARP_LENGTHS], 0x0406
    jne     .Larp_receive_malformed
    movzx   eax, word ptr [esi + ARP_OPERATION]
    cmp     eax, 0x0100
    je      .Larp_receive_sender
    cmp     eax, 0x0200
    jne     .Larp_receive_malformed
.Larp_receive_sender:
    test    byte ptr [esi + ARP_SENDER_MAC], 1 # nobody's own address is a group address
    jnz     .Larp_receive_malformed
    mov     edi, [esi + ARP_SENDER_ADDRESS]
    mov     eax, edi
    call    ip_is_unicast
    je      .Larp_receive_conflict
    test    edi, edi                    # 0: a probe
    jnz     .Larp_receive_malformed

.Larp_receive_conflict:
    call    arp_conflict
    cmp     dword ptr [arp_watcher], 0
    je      1f
    call    [arp_watcher]
1:  test    edi, edi
    jz      .Larp_receive_answer
    mov     eax, ebx
    mov     edx, edi
    call    ip_own
    je      .Larp_receive_done          # a conflict teaches us no neighbour

    mov     ecx, LEARN_KNOWN            # only one who wants something of us gets a new entry
    mov     edx, [esi + ARP_TARGET_ADDRESS]
    call    ip_own
    jne     .Larp_receive_learn
    mov     ecx, LEARN_NEW
.Larp_receive_learn:
    mov     edx, edi
    lea     eax, [esi + ARP_SENDER_MAC]
    call    arp_learn

.Larp_receive_answer:
    cmp     word ptr [esi + ARP_OPERATION], 0x0100
    jne     .Larp_receive_done
    mov     edi, [esi + ARP_TARGET_ADDRESS]
    mov     eax, ebx
    mov     edx, edi
    call    ip_held
    jne     .Larp_receive_done
    mov     eax, ARP_SIZE
    call    packet_alloc
    jc      .Larp_receive_done
    mov     [eax + PACKET_NETIF], ebx
    mov     edx, [eax + PACKET_DATA]
    mov     ecx, [esi + ARP_SENDER_MAC]
    mov     [edx + ARP_TARGET_MAC], ecx
    mov     cx, [esi + ARP_SENDER_MAC + 4]
    mov     [edx + ARP_TARGET_MAC + 4], cx
    mov     ecx, [esi + ARP_SENDER_ADDRESS]
    mov     [edx + ARP_TARGET_ADDRESS], ecx
    mov     ecx, 0x0200
    call    arp_fill
    call    arp_fill_secondary
    COUNT   arp_replies
    lea     edx, [esi + ARP_SENDER_MAC]
    mov     ecx, ETHER_TYPE_ARP
    call    ether_send
    jmp     .Larp_receive_done
.Larp_receive_malformed:
    COUNT   arp_malformed
.Larp_receive_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Enters what a packet says about its sender, and sends what waited for it. Where another station has the address, that
# one is asked first.
# In: EBX interface, EAX MAC address, EDX address, ECX LEARN_KNOWN, LEARN_NEW or LEARN_PEER.
.global arp_learn
arp_learn:
    push    esi
    push    edi
    push    ebp
    push    ecx
    mov     esi, eax
    mov     edi, edx
    call    clock_ms
    mov     ebp, eax
    INTERRUPTS_OFF                      # ECX lies behind the saved flags
    mov     eax, edi
    mov     edx, ebx
    call    arp_lookup
    test    eax, eax
    jnz     .Larp_learn_known
    cmp     dword ptr [esp + 4], LEARN_KNOWN
    je      .Larp_learn_nothing
    mov     eax, edi
    mov     edx, ebx
    mov     ecx, ebp
    call    arp_take
    test    eax, eax
    jz      .Larp_learn_nothing
    jmp     .Larp_learn_enter
.Larp_learn_known:
    cmp     dword ptr [eax + ENTRY_STATE], STATE_PENDING
    je      .Larp_learn_enter
    mov     ecx, [esi]
    mov     dx, [esi + 4]
    cmp     ecx, [eax + ENTRY_MAC]
    jne     .Larp_learn_other
    cmp     dx, [eax + ENTRY_MAC + 4]
    je      .Larp_learn_enter
.Larp_learn_other:
    cmp     dword ptr [esp + 4], LEARN_PEER
    jne     .Larp_learn_doubt
    test    byte ptr [eax + ENTRY_STANDING], STANDING_PEER
    jz      .Larp_learn_enter           # whoever claimed it before the peer was heard
.Larp_learn_doubt:
    sub     ebp, [eax + ENTRY_TIME]
    cmp     ebp, DOUBT_MS
    jb      .Larp_learn_claimed         # it has spoken just now
    mov     [eax + ENTRY_CLAIM], ecx
    mov     [eax + ENTRY_CLAIM + 4], dx
    cmp     dword ptr [eax + ENTRY_STATE], STATE_DOUBTED
    je      .Larp_learn_claimed         # it is being asked
    mov     dword ptr [eax + ENTRY_STATE], STATE_DOUBTED
    add     ebp, [eax + ENTRY_TIME]
    add     ebp, DOUBT_MS
    mov     [eax + ENTRY_DOUBTED], ebp
    INTERRUPTS_RESTORE
    COUNT   arp_claims
    lea     ebp, [eax + ENTRY_MAC]
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, [ebx + NETIF_ADDRESS]
    call    arp_ask
    call    net_watch
    jmp     .Larp_learn_done
.Larp_learn_claimed:
    COUNT   arp_claims
    jmp     .Larp_learn_nothing
.Larp_learn_enter:
    CHECK_ENTRY eax, arp_cache, ENTRY_SIZE, ENTRIES, "arp_learn: no entry of the cache"
    mov     dword ptr [eax + ENTRY_STATE], STATE_RESOLVED
    mov     [eax + ENTRY_TIME], ebp
    mov     ecx, [esi]
    mov     [eax + ENTRY_MAC], ecx
    mov     cx, [esi + 4]
    mov     [eax + ENTRY_MAC + 4], cx
    mov     ecx, [esp + 4]
    and     ecx, STANDING_PEER
    or      [eax + ENTRY_STANDING], ecx
    xor     edi, edi
    xchg    edi, [eax + ENTRY_QUEUE]
    mov     dword ptr [eax + ENTRY_QUEUED], 0
    INTERRUPTS_RESTORE
    call    arp_release
    jmp     .Larp_learn_done
.Larp_learn_nothing:
    INTERRUPTS_RESTORE
.Larp_learn_done:
    pop     ecx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Sends packets that have waited for an answer.
# In: EDI the first, or 0, ESI MAC address.
# Clobbers: EAX, ECX, EDX, EDI.
arp_release:
    test    edi, edi
    jz      1f
    mov     eax, edi
    mov     edi, [edi + PACKET_NEXT]
    mov     edx, esi
    mov     ecx, ETHER_TYPE_IPV4
    call    ether_send
    jmp     arp_release
1:  ret

# Repeats requests and gives up on neighbours that do not answer. Called by the net task.
# Out: EAX milliseconds until it is needed again, or -1.
.global arp_poll
arp_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, offset arp_cache
    mov     ebp, -1
.Larp_poll_next:
    cmp     esi, [arp_end]
    jae     .Larp_poll_end
    CHECK   "dword ptr [esi+ENTRY_STATE]", be, STATE_DOUBTED, "arp_poll: an entry in no state"
    cmp     dword ptr [esi + ENTRY_STATE], STATE_PENDING
    jb      .Larp_poll_skip
    cmp     dword ptr [esi + ENTRY_STATE], STATE_RESOLVED
    je      .Larp_poll_skip
    call    clock_ms
    mov     edi, eax
    INTERRUPTS_OFF
    cmp     dword ptr [esi + ENTRY_STATE], STATE_DOUBTED
    je      .Larp_poll_doubted
    mov     eax, [esi + ENTRY_TIME]
    sub     eax, edi
    test    eax, eax
    jg      .Larp_poll_later
    cmp     dword ptr [esi + ENTRY_TRIES], TRIES_MAXIMUM
    jae     .Larp_poll_give_up
    inc     dword ptr [esi + ENTRY_TRIES]
    lea     eax, [edi + RETRY_MS]
    mov     [esi + ENTRY_TIME], eax
    INTERRUPTS_RESTORE
    mov     eax, [esi + ENTRY_NETIF]
    mov     edx, [esi + ENTRY_ADDRESS]
    mov     ecx, [eax + NETIF_ADDRESS]
    call    arp_request
    mov     eax, RETRY_MS
    jmp     .Larp_poll_sooner
.Larp_poll_doubted:
    mov     eax, [esi + ENTRY_DOUBTED]
    sub     eax, edi
    test    eax, eax
    jg      .Larp_poll_later
    mov     eax, [esi + ENTRY_CLAIM]    # it did not answer
    mov     [esi + ENTRY_MAC], eax
    mov     ax, [esi + ENTRY_CLAIM + 4]
    mov     [esi + ENTRY_MAC + 4], ax
    mov     [esi + ENTRY_TIME], edi
    mov     dword ptr [esi + ENTRY_STATE], STATE_RESOLVED
    INTERRUPTS_RESTORE
    jmp     .Larp_poll_skip
.Larp_poll_give_up:
    xor     ebx, ebx
    xchg    ebx, [esi + ENTRY_QUEUE]
    mov     dword ptr [esi + ENTRY_STATE], STATE_FREE
    INTERRUPTS_RESTORE
.Larp_poll_drop:
    test    ebx, ebx
    jz      .Larp_poll_skip
    COUNT   arp_unreachable
    mov     eax, [ebx + PACKET_NETIF]   # who sent it is told: another machine, or a task of ours
    mov     edx, [ebx + PACKET_DATA]
    mov     ecx, ICMP_NO_HOST
    call    icmp_report
    mov     eax, ebx
    mov     ebx, [ebx + PACKET_NEXT]
    call    packet_free
    jmp     .Larp_poll_drop
.Larp_poll_later:
    INTERRUPTS_RESTORE
.Larp_poll_sooner:
    cmp     eax, ebp
    jae     .Larp_poll_skip
    mov     ebp, eax
.Larp_poll_skip:
    add     esi, ENTRY_SIZE
    jmp     .Larp_poll_next
.Larp_poll_end:
    call    arp_poll_announcements
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
