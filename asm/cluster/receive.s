# What becomes of a datagram: is it a packet of our cluster, does its sender speak now, and what does it want? See
# docs/protocols/cluster.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

.bss
.balign 4
sender_mac:             .space 8        # of the station that the packet came from
packet_kept:            .space CLOUD_MAXIMUM
kept_bytes:             .space 4        # of it; 0: there is none
kept_address:           .space 4        # of its sender
kept_mac:               .space 8

.text

# Takes in a datagram.
# In: EAX packet, EDX sender's address, ECX its port, ESI bytes. May not return, after a request to reboot.
.global cluster_receive
cluster_receive:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edi, edx
    push    ecx
    mov     eax, [cluster_socket]
    mov     edx, offset sender_mac
    call    udp_sender_mac
    pop     ecx
    mov     eax, ebx
    mov     edx, edi
    call    packet_check
    jc      .Lcluster_receive_done
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    jne     1f
    call    coordinator_answer          # also one that we know to be old: who does not waits for the answer
1:  lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    je      .Lcluster_receive_own
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      .Lcluster_receive_unknown
    push    eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    pop     eax
    jne     .Lcluster_receive_unknown
    mov     edx, ebx
    call    spare_window
    jc      .Lcluster_receive_done
    push    eax                         # a session that a list told is proven once its sender names ours
    mov     eax, ebx
    call    session_answered
    pop     eax
    jne     .Lcluster_receive_believed
    mov     dword ptr [eax + PEER_PROVEN], 1
    jmp     .Lcluster_receive_believed
.Lcluster_receive_own:
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, esi
    call    twin_heard
    jmp     .Lcluster_receive_done
.Lcluster_receive_old:
    COUNT   cloud_replayed
    jmp     .Lcluster_receive_done
.Lcluster_receive_unknown:
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_retired
    je      .Lcluster_receive_old
    mov     eax, ebx
    mov     edx, esi
    call    session_proven
    je      .Lcluster_receive_proven
    mov     eax, ebx
    mov     edx, edi
    call    cluster_doubt
    jmp     .Lcluster_receive_done
.Lcluster_receive_proven:
    mov     eax, ebx
    call    coordinator_proven
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_JOINING
    je      .Lcluster_receive_joining
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_find
    jc      .Lcluster_receive_full
    mov     edx, ebx
    call    session_accept
.Lcluster_receive_believed:
    call    cluster_believe
    jmp     .Lcluster_receive_done
.Lcluster_receive_joining:
    call    outside_heard
    je      .Lcluster_receive_done
    call    cluster_joins
    jmp     .Lcluster_receive_done
.Lcluster_receive_full:
    COUNT   cloud_full
.Lcluster_receive_done:
    pop     edi
    pop     ebx
    ret

# Takes in a packet of one whose session is believed.
# In: EBX packet, EDI sender's address, ESI bytes.
cluster_believe:
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_JOINING
    je      .Lcluster_believe_joiner
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_find
    jc      .Lcluster_believe_full
    push    eax
    mov     edx, ebx
    mov     ecx, edi
    call    peer_heard
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    jne     .Lcluster_believe_heard
    mov     eax, ebx                    # it does not believe us yet, though we believe it: our next packet names it
    mov     edx, edi
    call    stranger_heard
.Lcluster_believe_heard:
    mov     eax, ebx
    mov     edx, edi
    call    agreement_heard
    jc      .Lcluster_believe_later
    mov     eax, ebx
    call    cluster_alive
    pop     eax
    mov     edx, ebx
    call    cluster_vouch
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, edi
    call    cluster_shared
    jmp     cluster_obey
.Lcluster_believe_joiner:
    lea     eax, [ebx + CLOUD_NODE]     # one that was a member has left
    call    peer_known
    jc      cluster_joins
    push    ebx
    mov     ebx, eax
    call    peer_gone
    pop     ebx
    jmp     cluster_joins
.Lcluster_believe_later:
    pop     eax
    jmp     cluster_receive_keep
.Lcluster_believe_full:
    COUNT   cloud_full
    ret

# Answers one that joins.
# In: EBX packet, EDI sender's address.
cluster_joins:
    mov     eax, ebx
    mov     edx, edi
    call    cluster_doubt

# Does what a packet says of a reboot, if it does.
# In: EBX packet, EDI sender's address.
# Out: ZF set when it was about one.
cluster_reboots:
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REBOOT
    je      1f
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REBOOT_ANSWER
    jne     3f
    mov     eax, ebx
    call    reboot_answered
    jmp     2f
1:  mov     eax, ebx
    mov     edx, edi
    call    reboot_requested
2:  xor     eax, eax                    # ZF set
3:  ret

# Does what a packet of a member wants.
# In: EBX packet, EDI sender's address, ESI bytes. May not return, after a request to reboot.
cluster_obey:
    call    cluster_reboots
    je      .Lcluster_obey_done
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    je      cluster_compare
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_PROBE # while ARP waits for an answer that was lost, the node looks dead
    je      cluster_hint
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REPORT # who reports may be probed
    jne     .Lcluster_obey_done
    mov     eax, ebx                    # what it says of our age is about the boot that it names
    call    session_answered
    jne     cluster_hint
    mov     eax, [ebx + CLOUD_REQUEST]  # 0 is older than any boot
    call    node_older
    jmp     cluster_hint
.Lcluster_obey_done:
    ret

# Takes in the view of the coordinator.
# In: EBX packet, EDI sender's address, ESI bytes.
cluster_compare:
    mov     eax, ebx
    call    cluster_same
    jne     9f
    mov     eax, ebx
    call    coordinator_is
    jne     9f
    test    byte ptr [ebx + CLOUD_FLAGS], FLAG_ROLL
    jz      .Lcluster_compare_apply
    call    coordinator_report_soon
.Lcluster_compare_apply:
    mov     eax, ebx
    mov     edx, esi
    call    view_apply
    pushfd
    test    eax, eax
    jz      .Lcluster_compare_compared
    call    coordinator_report_now
.Lcluster_compare_compared:
    popfd
    je      .Lcluster_compare_agrees
    call    coordinator_differs
    jmp     cluster_hint
.Lcluster_compare_agrees:
    call    coordinator_agrees
    jmp     cluster_hint
9:  ret

# Learns from the frame where the sender is: nobody has to ask for it by ARP.
# In: EDI sender's address.
cluster_hint:
    mov     ecx, offset sender_mac
    mov     eax, [cluster_netif]
    mov     edx, edi
    call    arp_hint
    ret

# Keeps a packet until the cluster's name that it led to is on disk.
# In: EBX packet, EDI sender's address, ESI bytes.
cluster_receive_keep:
    cmp     dword ptr [kept_bytes], 0   # a view is kept, since it may say once how old we are; of others the latest:
    je      1f                          # what is lost will be said again
    cmp     byte ptr [packet_kept + CLOUD_KIND], KIND_VIEW
    je      2f
1:  mov     eax, offset packet_kept
    mov     edx, ebx
    mov     ecx, esi
    mov     [kept_bytes], esi
    mov     [kept_address], edi
    call    mem_copy
    mov     eax, offset kept_mac
    mov     edx, offset sender_mac
    mov     ecx, 6
    call    mem_copy
2:  ret

# Takes in the packet that led into a cluster whose name had to be on disk first, if its sender is still who it was.
.global cluster_receive_kept
cluster_receive_kept:
    xor     ecx, ecx
    xchg    ecx, [kept_bytes]
    jecxz   9f
    push    esi
    mov     esi, ecx
    mov     eax, offset packet_kept + CLOUD_NODE
    call    peer_known
    jc      8f
    add     eax, PEER_SESSION
    mov     edx, offset packet_kept + CLOUD_SESSION
    call    session_same
    jne     8f
    call    cluster_receive_believed
8:  pop     esi
9:  ret

# Takes in the kept packet.
# In: ESI its bytes.
cluster_receive_believed:
    push    ebx
    push    edi
    mov     ebx, offset packet_kept
    mov     edi, [kept_address]
    mov     eax, offset sender_mac      # others have come since
    mov     edx, offset kept_mac
    mov     ecx, 6
    call    mem_copy
    call    cluster_believe
    pop     edi
    pop     ebx
    ret

# Forgets the kept packet: it is about a cluster that this node has left.
.global cluster_receive_forget
cluster_receive_forget:
    mov     dword ptr [kept_bytes], 0
    ret

# A packet that may be a recording, or that of a node which joins: it is answered, and no more.
# In: EAX packet, EDX sender's address.
cluster_doubt:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_HELLO
    je      .Lcluster_doubt_hello
    cmp     eax, KIND_VIEW
    je      .Lcluster_doubt_view
    cmp     eax, KIND_REPORT
    je      .Lcluster_doubt_report
    cmp     eax, KIND_BYE
    jne     .Lcluster_doubt_refused
    mov     eax, ebx
    call    stranger_left
.Lcluster_doubt_refused:
    COUNT   cloud_unproven
    jmp     .Lcluster_doubt_done
.Lcluster_doubt_view:
    COUNT   cloud_unproven
    mov     eax, ebx
    mov     edx, esi
    call    stranger_view
    mov     ecx, offset sender_mac      # it will be asked to prove itself
    mov     eax, [cluster_netif]
    mov     edx, esi
    call    arp_suggest
    mov     ecx, offset sender_mac      # and its address may have moved while this machine stood still
    mov     eax, [cluster_netif]
    mov     edx, esi
    call    arp_claim
    cmp     dword ptr [coordinator_self], 0
    je      .Lcluster_doubt_done
.Lcluster_doubt_report:
    mov     eax, ebx
    mov     edx, esi
    call    stranger_heard
    call    coordinator_answer
    jmp     .Lcluster_doubt_done
.Lcluster_doubt_hello:
    mov     eax, ebx
    mov     edx, esi
    call    stranger_heard
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lcluster_doubt_done
    mov     eax, ebx
    call    coordinator_hello
.Lcluster_doubt_done:
    pop     esi
    pop     ebx
    ret

# Any packet shows that its sender lives; a probe wants to know that of us.
# In: EAX packet.
cluster_alive:
    push    ebx
    mov     ebx, eax
    call    coordinator_is
    jne     1f
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_BYE
    je      9f
    call    coordinator_beat
1:  cmp     byte ptr [ebx + CLOUD_KIND], KIND_PROBE
    jne     9f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      9f
    mov     ebx, eax
    mov     eax, KIND_REPORT
    call    health_send
9:  pop     ebx
    ret

# What a believed packet says of values, history and addresses.
# In: EAX packet, EDX its bytes, ECX its sender's address.
cluster_shared:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_BYE
    je      .Lcluster_shared_done
    cmp     eax, KIND_HOLD              # whatever the name of its cluster is
    jne     .Lcluster_shared_same
    mov     eax, ebx
    call    holder_heard
.Lcluster_shared_same:
    mov     eax, ebx
    call    cluster_same
    jne     .Lcluster_shared_done
    mov     eax, ebx
    mov     edx, esi
    call    values_heard
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, edi
    call    history_heard
    movzx   ecx, byte ptr [ebx + CLOUD_KIND]
    mov     eax, ebx
    cmp     ecx, KIND_RELEASE
    jne     .Lcluster_shared_move
    call    holder_released
    jmp     .Lcluster_shared_done
.Lcluster_shared_move:
    cmp     ecx, KIND_MOVE
    jne     .Lcluster_shared_suspect
    call    holder_asked
    jmp     .Lcluster_shared_done
.Lcluster_shared_suspect:
    mov     edx, esi
    cmp     ecx, KIND_PREPARE
    jb      .Lcluster_shared_accused
    cmp     ecx, KIND_UPGRADE
    je      .Lcluster_shared_upgrade
    ja      .Lcluster_shared_witness
    cmp     ecx, KIND_PROMISE
    jae     .Lcluster_shared_answer
    mov     ecx, edi
    call    vote_asked
    jmp     .Lcluster_shared_done
.Lcluster_shared_answer:
    call    proposal_answered
    jmp     .Lcluster_shared_done
.Lcluster_shared_upgrade:
    call    report_heard
    jmp     .Lcluster_shared_done
.Lcluster_shared_witness:
    call    witness_heard
    jmp     .Lcluster_shared_done
.Lcluster_shared_accused:
    cmp     ecx, KIND_SUSPECT
    jne     .Lcluster_shared_done
    call    ring_suspected
.Lcluster_shared_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a packet's sender and this node are members of the same cluster.
# In: EAX packet.
# Out: ZF when they are.
# Clobbers: ECX.
.global cluster_same
cluster_same:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    cmp     byte ptr [eax + CLOUD_STATE], STATE_MEMBER
    jne     9f
    mov     ecx, [eax + CLOUD_ERA]
    cmp     ecx, [node + NODE_ERA]
    jne     9f
    mov     ecx, [eax + CLOUD_FOUNDER]
    cmp     ecx, [node + NODE_FOUNDER]
    jne     9f
    mov     ecx, [eax + CLOUD_FOUNDER + 4]
    cmp     ecx, [node + NODE_FOUNDER + 4]
9:  ret

# A packet's sender belongs to the view when it says so to the coordinator, or coordinates itself.
# In: EAX peer, EDX packet.
cluster_vouch:
    push    ebx
    mov     ebx, eax
    cmp     byte ptr [edx + CLOUD_KIND], KIND_BYE
    je      9f
    mov     eax, edx
    call    cluster_same
    mov     eax, 0
    jne     1f
    inc     eax
    cmp     dword ptr [coordinator_self], 0
    jne     1f
    mov     eax, edx
    call    coordinator_is
    jne     9f                          # the coordinator knows better than we
    mov     eax, 1
1:  push    eax
    call    peer_vouch
    pop     eax
    test    eax, eax
    jz      9f
    call    node_company
9:  pop     ebx
    ret
