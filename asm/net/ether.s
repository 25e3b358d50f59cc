# Ethernet: the list of interfaces, the task that handles what they receive, and the way of a frame in and out.
#
# A card's interrupt handler only calls net_wake. The `net` task then polls every card, whose receive ring is the queue
# of frames that
# wait; each frame is handled where it lies and goes back to the card. All protocol input therefore runs in one task and
# never sleeps for the network: what has to wait for an answer is queued (asm/net/arp.s) or belongs to another task.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.bss
.balign 4
.global net_interfaces
net_interfaces:     .space 4            # first interface, or 0
net_event:          .space 4            # work for the net task
net_timers:         .space 4            # 1: a timer of ARP or IGMP was set, so that they are to be looked at
net_due:            .space 4            # clock_ms at which one is due
net_armed:          .space 4            # 1: one is

ON_HOOK generator_seeds, ether_seed
HOOK handover_heard, hook_none          # a frame of ETHER_TYPE_HANDOVER; as ip_receive
HOOK frames_heard, hook_none            # one of ETHER_TYPE_FRAMES

.text

# The MAC addresses of this machine, for the generator: no other one has them.
# In: EAX interface, or 0 for the first.
# Out: EAX the next one, EDX its address, ECX bytes; CF after the last.
ether_seed:
    test    eax, eax
    jz      1f
    mov     eax, [eax + NETIF_NEXT]
    jmp     2f
1:  mov     eax, [net_interfaces]
2:  lea     edx, [eax + NETIF_MAC]
    mov     ecx, 6
    cmp     eax, 1                      # CF after the last
    ret

# Takes an interface into the list. Called by the drivers at boot (level 6).
# In: EAX interface with MAC, routines and driver field filled in.
# Out: its name is set.
.global net_register
net_register:
    push    ebx
    mov     ebx, eax
    call    random_seed
    mov     [ebx + NETIF_RANDOM], eax
    mov     edx, offset net_interfaces
    mov     ecx, '0'
1:  cmp     dword ptr [edx + NETIF_NEXT], 0
    je      2f
    mov     edx, [edx + NETIF_NEXT]
    inc     ecx
    jmp     1b
2:  mov     dword ptr [ebx + NETIF_NAME], 'e' + ('t' << 8) + ('h' << 16)
    mov     [ebx + NETIF_NAME + 3], cl
    or      dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    mov     [edx + NETIF_NEXT], ebx     # NETIF_NEXT is 0, so the head of the list looks like an interface
    pop     ebx
    ret

# Looks an interface up by name.
# In: EAX name.
# Out: EAX interface, or CF and ERROR_NO_DEVICE.
.global net_find
net_find:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      8f
    lea     eax, [ebx + NETIF_NAME]
    mov     edx, esi
    call    string_compare
    je      7f
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
7:  mov     eax, ebx
    clc
    jmp     9f
8:  mov     eax, ERROR_NO_DEVICE
    stc
9:  pop     esi
    pop     ebx
    ret

# Has the net task look for work. Callable from an interrupt handler.
.global net_wake
net_wake:
    mov     eax, offset net_event
    jmp     event_signal

# Has the net task look at the timers of ARP and IGMP, as one of them was set.
.global net_watch
net_watch:
    mov     dword ptr [net_timers], 1
    jmp     net_wake

# The net task: received frames, and the timers of ARP and IGMP.
.global net_task
net_task:
    push    ebx
    push    esi
1:  mov     ebx, [net_interfaces]
2:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + NETIF_OTHER], 0
    jne     .Lnet_task_next             # it is being taken into use
    mov     eax, ebx
    call    [ebx + NETIF_POLL]
.Lnet_task_next:
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     2b
3:  call    renew_look
    call    ip_loopback
    call    tcp_poll
    call    net_poll_timers
    mov     edx, eax
    mov     eax, offset net_event
    call    event_wait
    jmp     1b

# Serves the timers, if one is due or was set.
# Out: EAX milliseconds until one is due, or -1.
net_poll_timers:
    push    esi
    xor     eax, eax
    xchg    eax, [net_timers]
    test    eax, eax
    jnz     1f
    cmp     dword ptr [net_armed], 0
    mov     eax, -1
    je      .Lnet_poll_timers_done
    call    clock_ms
    mov     ecx, [net_due]
    sub     ecx, eax
    test    ecx, ecx
    mov     eax, ecx
    jg      .Lnet_poll_timers_done
1:  call    arp_poll
    mov     esi, eax
    call    igmp_poll
    cmp     eax, esi                    # -1, the longest of all, means that nothing is due
    jae     2f
    mov     esi, eax
2:  call    piece_poll
    cmp     eax, esi
    jb      3f
    mov     eax, esi
3:  mov     esi, eax
    xor     ecx, ecx
    cmp     eax, -1
    setne   cl
    mov     [net_armed], ecx
    call    clock_ms
    add     eax, esi
    mov     [net_due], eax
    mov     eax, esi
.Lnet_poll_timers_done:
    pop     esi
    ret

# A frame came in. Called by the drivers from NETIF_POLL.
# In: EAX interface, EDX frame, ECX bytes without the check sequence. The frame is the driver's again on return.
.global ether_receive
ether_receive:
    inc     dword ptr [eax + NETIF_RX_FRAMES]
    add     [eax + NETIF_RX_BYTES], ecx
    push    eax
    push    edx
    push    ecx
    mov     eax, ecx
    cmp     ecx, 4
    jb      .Lether_receive_noted
    xor     eax, [edx + ecx - 4]
.Lether_receive_noted:
    call    generator_arrived
    pop     ecx
    pop     edx
    pop     eax
    test    dword ptr [eax + NETIF_FLAGS], NETIF_UP
    jz      .Lether_receive_down
    cmp     eax, [tap_netif]
    jne     1f
    call    tap_frame
1:  cmp     dword ptr [net_gate], GATE_OPEN
    je      2f
    call    gate_enters
    jc      .Lether_receive_gate
2:  sub     ecx, ETHER_HEADER_SIZE
    jb      .Lether_receive_short
    push    ebx                         # a hub, or QEMU's multicast socket, returns our own frames
    mov     ebx, [eax + NETIF_MAC]
    cmp     ebx, [edx + ETHER_SOURCE]
    jne     .Lether_receive_other
    mov     bx, [eax + NETIF_MAC + 4]
    cmp     bx, [edx + ETHER_SOURCE + 4]
    je      .Lether_receive_same
.Lether_receive_other:
    pop     ebx
    call    ether_is_ours
    jc      .Lether_receive_foreign
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_IPV4
    je      ip_receive
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_ARP
    je      arp_receive
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_HANDOVER
    je      .Lether_receive_handover
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_FRAMES
    je      .Lether_receive_frames
    COUNT   ether_type
.Lether_receive_gate:
    ret
.Lether_receive_handover:
    jmp     [handover_heard]
.Lether_receive_frames:
    jmp     [frames_heard]
.Lether_receive_foreign:
    COUNT   ether_foreign
    ret
.Lether_receive_same:
    pop     ebx
    cmp     ecx, IP_HEADER_SIZE         # the cluster wants to hear of a twin: a machine with our own address
    jb      .Lether_receive_own
    cmp     word ptr [edx + ETHER_TYPE], ETHER_TYPE_IPV4
    jne     .Lether_receive_own
    cmp     dword ptr [edx + ETHER_HEADER_SIZE + IP_DESTINATION], IP_CLUSTER_GROUP
    je      ip_receive
.Lether_receive_own:
    COUNT   ether_own
    ret
.Lether_receive_down:
    COUNT   ether_down
    ret
.Lether_receive_short:
    COUNT   ether_short
    ret

# Says whether a frame is for this machine: cards let through more than they were asked for.
# In: EAX interface, EDX frame.
# Out: CF when it is not.
# Clobbers: the flags only.
ether_is_ours:
    test    byte ptr [edx + ETHER_DESTINATION], 1
    jnz     .Lether_is_ours_yes         # groups are sorted by their addresses
    push    esi
    push    edi
    mov     esi, [edx + ETHER_DESTINATION]
    movzx   edi, word ptr [edx + ETHER_DESTINATION + 4]
    cmp     esi, [eax + NETIF_MAC]
    jne     1f
    cmp     di, [eax + NETIF_MAC + 4]
    je      .Lether_is_ours_found
1:  cmp     dword ptr [secondary_count], 0
    je      4f
    push    eax
    push    ecx
    push    edx
    push    0                           # index
2:  mov     edx, [esp]
    mov     eax, [esp + 12]
    call    secondary_mac
    jc      3f
    inc     dword ptr [esp]
    cmp     esi, [eax]
    jne     2b
    cmp     di, [eax + 4]
    jne     2b
    clc
3:  pop     edx
    pop     edx
    pop     ecx
    pop     eax
    pop     edi
    pop     esi
    ret
4:  stc
    pop     edi
    pop     esi
    ret
.Lether_is_ours_found:
    pop     edi
    pop     esi
.Lether_is_ours_yes:
    clc
    ret

# Counts the frames that a card cuts a packet into.
# In: EBX packet, ECX frames beyond the first, ESI interface, EDI bytes of the packet.
# Out: EDI bytes of all the frames.
# Clobbers: EAX.
ether_count_cut:
    add     [esi + NETIF_TX_FRAMES], ecx
    mov     eax, edi                    # each has the headers
    sub     eax, [ebx + PACKET_PIECES + 4]
    sub     eax, [ebx + PACKET_PIECES + 12]
    imul    eax, ecx
    add     edi, eax
    ret

# Sends a packet as one frame and gives it back (packet_free).
# In: EAX packet with its interface, EDX MAC address of the receiver, ECX type as ETHER_TYPE_*.
# Out: CF and ERROR_BUSY when the card had to drop it (counted there).
.global ether_send
ether_send:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edx, ETHER_HEADER_SIZE
    call    packet_prepend
    mov     [edx + ETHER_TYPE], cx
    mov     eax, [esi]
    mov     [edx + ETHER_DESTINATION], eax
    mov     ax, [esi + 4]
    mov     [edx + ETHER_DESTINATION + 4], ax
    mov     esi, [ebx + PACKET_NETIF]
    lea     ecx, [esi + NETIF_MAC]
    cmp     dword ptr [ebx + PACKET_STATION], 0
    je      1f
    mov     ecx, [ebx + PACKET_STATION]
1:  mov     eax, [ecx]
    mov     [edx + ETHER_SOURCE], eax
    mov     ax, [ecx + 4]
    mov     [edx + ETHER_SOURCE + 4], ax

    mov     ecx, [ebx + PACKET_LENGTH]
    cmp     ecx, ETHER_MINIMUM
    jae     2f
    mov     ecx, ETHER_MINIMUM          # packet_alloc left zeros there
2:  mov     edi, ecx
    test    dword ptr [esi + NETIF_FLAGS], NETIF_UP
    jz      .Lether_send_dropped
    call    gate_leaves
    jc      .Lether_send_dropped
    cmp     esi, [tap_netif]
    jne     .Lether_send_card
    cmp     dword ptr [ebx + PACKET_STORE], 0
    jne     .Lether_send_untapped
    call    tap_frame
.Lether_send_card:
    mov     eax, esi
    call    [esi + NETIF_TRANSMIT]
    jc      .Lether_send_dropped
    inc     dword ptr [esi + NETIF_TX_FRAMES]
    mov     ecx, [ebx + PACKET_MORE]
    jecxz   3f
    call    ether_count_cut
3:  add     [esi + NETIF_TX_BYTES], edi
    mov     eax, ebx
    call    packet_free
    clc
    jmp     .Lether_send_done
.Lether_send_untapped:
    inc     dword ptr [tap_lost]        # it waited for ARP while listening began
    jmp     .Lether_send_card
.Lether_send_dropped:
    inc     dword ptr [esi + NETIF_TX_DROPS]
    mov     eax, ebx
    call    packet_free
    mov     eax, ERROR_BUSY
    stc
.Lether_send_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
