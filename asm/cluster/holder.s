# The service addresses: each is held by exactly one of the members that hear each other. The holder says ten times a
# second that it holds; when it falls silent, the next in a row that all know asks for the address (ARP probes), and
# takes it, with the MAC address that goes with it. When two hold one after a cut has healed, one gives it up as soon as
# it hears the other. See docs/protocols/cluster.md.
#
# A task of its own claims and says, as claiming takes time; the rest runs in the cluster's task, with its mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

HOLD_MS                 = 80            # a holder says so this often, and a tick later as it waits
SILENCE_MS              = SERVICE_SILENCE_MS    # after it the next in the row takes over,
    # each further one so much later: when the one before has ended its claim, which is four waits of two ticks
STEP_MS                 = 110
RANK_MAXIMUM            = 6             # up to so many times
HEALTH_MS               = 100           # more patience for each step of this node's bad health
LEASE_MS                = 250           # a holder that could not say so for this long checks before it sends
PROBE_MS                = 10            # after each ARP probe; two ticks pass
GRACE_MS                = 500           # a new member listens so long before it takes anything
JOINING_MS              = 50            # how often a node that is no member looks whether it has become one
REFUSALS                = 10            # claims in vain, after which the user is told
NEVER                   = 0x7FFFFFFF

.bss
.balign 4
.global holder_event
holder_event:           .space 4
.global hold_at
hold_at:                .space 4        # clock_ms of the next word of a holder
holder_stamped:         .space 8        # time stamp of the last look whether what is held may be
service_mac:            .space 8        # that of the address that is being claimed

.text

# Starts the task, when the service starts. The mutex is held.
.global holder_start
holder_start:
    mov     eax, offset holder_event
    call    net_changes
    mov     eax, offset holder_task
    LOAD_STRING ecx, "cloud address"
    jmp     task_create

# The task.
holder_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Lholder_task_loop:
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    holder_look
    mov     edi, eax
    mov     esi, edx
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    test    esi, esi
    jz      .Lholder_task_wait
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    jne     .Lholder_task_check
    call    holder_claim
    jmp     .Lholder_task_loop
.Lholder_task_check:
    call    lapsed_check
    jmp     .Lholder_task_loop
.Lholder_task_wait:
    mov     eax, offset holder_event
    mov     edx, edi
    call    event_wait
    jmp     .Lholder_task_loop

# Whether this node may hold addresses now: a member that others can hear, and believe, and that stays.
# Out: ZF when it may.
# Clobbers: EAX.
.global holder_may
holder_may:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    call    agreement_speaks
    jne     9f
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_FLAGS]
    and     eax, NETIF_LINK
    cmp     eax, NETIF_LINK
    jne     9f
    cmp     dword ptr [upgrade_drained], 0  # it is about to restart, or on trial
9:  ret

# Says what is held when it is time, and looks what is to be claimed. What is held comes first: of several claims each
# takes a while.
# Out: EDX a service to claim, or one of those that are to be checked, 0 when there is none; EAX milliseconds until it
# is needed again.
holder_look:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    0                           # [ESP]: a service to claim
    call    clock_ms
    mov     ebx, eax                    # EBX: now
    call    share_look
    call    holder_stamp
    call    leader_look
    mov     edi, eax                    # EDI: milliseconds
    xor     ebp, ebp                    # EBP: addresses that are held
    mov     esi, offset services
.Lholder_look_next:
    cmp     dword ptr [esi + SERVICE_ADDRESS], 0
    je      .Lholder_look_other
    call    holder_may
    jne     .Lholder_look_may_not
    mov     ecx, [esi + SERVICE_RECORD]
    test    ecx, ecx
    jz      .Lholder_look_silence
    call    secondary_lapsed
    mov     edx, esi
    jc      .Lholder_look_done
    inc     ebp
    jmp     .Lholder_look_other
.Lholder_look_silence:
    call    holder_due
    sub     eax, ebx
    test    eax, eax
    jg      .Lholder_look_sooner
    cmp     dword ptr [esp], 0
    jne     .Lholder_look_other
    mov     [esp], esi
    jmp     .Lholder_look_other
.Lholder_look_may_not:
    call    holder_drop
    lea     eax, [ebx + GRACE_MS]
    mov     [esi + SERVICE_HEARD], eax
    mov     eax, JOINING_MS
.Lholder_look_sooner:
    cmp     eax, edi
    jge     .Lholder_look_other
    mov     edi, eax
.Lholder_look_other:
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      .Lholder_look_next
    test    ebp, ebp
    jz      .Lholder_look_claim
    mov     eax, [hold_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lholder_look_later
    call    holder_say
    mov     eax, HOLD_MS
.Lholder_look_later:
    cmp     eax, edi
    jge     .Lholder_look_claim
    mov     edi, eax
.Lholder_look_claim:
    mov     edx, [esp]
.Lholder_look_done:
    mov     eax, edi
    pop     ecx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Tells the group what this node holds. May sleep.
# In: EBX now.
holder_say:
    push    esi
    push    edi
    lea     eax, [ebx + HOLD_MS]
    mov     [hold_at], eax
    mov     eax, KIND_HOLD
    call    packet_build
    mov     edi, offset cluster_out + CLOUD_HELD
    mov     esi, offset services
1:  cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      2f
    mov     eax, [esi + SERVICE_ADDRESS]
    stosd
    mov     eax, [esi + SERVICE_RECORD]
    call    holder_lend
2:  add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    mov     ecx, edi
    CHECK   edi, be, "offset cluster_out + CLOUD_HELD_MAXIMUM", "holder_say: more addresses than the packet holds"
    CHECK   edi, a, "offset cluster_out + CLOUD_HELD", "holder_say: nothing is held"
    sub     ecx, offset cluster_out
    mov     edx, CLUSTER_GROUP
    call    packet_send_to
    pop     edi
    pop     esi
    ret

# This node looks now whether it may hold what it holds: from here on it may, for a while.
# Clobbers: EAX, EDX.
.global holder_stamp
holder_stamp:
    call    task_time
    mov     [holder_stamped], eax
    mov     [holder_stamped + 4], edx
    ret

# The look was good: renews the lease of what is held.
# In: EAX record.
# Clobbers: EAX, ECX, EDX.
.global holder_lend
holder_lend:
    mov     edx, LEASE_MS
    mov     ecx, offset holder_stamped
    jmp     secondary_lend

# When this node takes an address over, if its holder stays silent.
# In: ESI service.
# Out: EAX clock_ms.
# Clobbers: ECX, EDX.
.global holder_due
holder_due:
    mov     eax, [esi + SERVICE_HEARD]
    cmp     dword ptr [esi + SERVICE_GIVEN], 0
    jne     9f
    call    holder_rank
    imul    eax, eax, STEP_MS
    imul    ecx, [health], HEALTH_MS
    lea     eax, [eax + ecx + SILENCE_MS]
    add     eax, [esi + SERVICE_HEARD]
9:  ret

# This node's place in the row of those that an address may go to: all members that live, its last holder apart, in an
# order that differs from address to address.
# In: ESI service.
# Out: EAX how many are before it, at most RANK_MAXIMUM.
# Clobbers: ECX, EDX.
holder_rank:
    push    ebx
    push    edi
    push    ebp
    mov     eax, offset node + NODE_ID
    call    holder_weight
    mov     edi, eax
    xor     ebp, ebp
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    call    holder_candidate
    jne     2f
    cmp     eax, edi
    ja      2f
    inc     ebp
    cmp     ebp, RANK_MAXIMUM
    jae     3f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  mov     eax, ebp
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Whether an address may go to a peer.
# In: EBX peer, ESI service.
# Out: ZF when it may, and EAX its weight.
# Clobbers: ECX, EDX.
holder_candidate:
    cmp     dword ptr [ebx + PEER_VIEWED], 1
    jne     9f
    lea     eax, [ebx + PEER_ID]
    lea     edx, [esi + SERVICE_HOLDER]
    call    session_same                # ids have the size of sessions
    je      8f
    call    holder_weight
    cmp     eax, eax
    ret
8:  test    esp, esp                    # ZF clear
9:  ret

# The number that orders members for an address: the lowest is first.
# In: EAX id, ESI service.
# Out: EAX weight.
# Clobbers: ECX.
holder_weight:
    mov     ecx, [eax + 4]
    mov     eax, [eax]
    imul    eax, eax, 0x01000193
    rol     eax, 7
    xor     eax, ecx
    imul    eax, eax, 0x01000193
    rol     eax, 7
    xor     eax, [esi + SERVICE_ADDRESS]
    imul    eax, eax, 0x01000193
    mov     ecx, eax                    # the last bytes of ids and addresses differ, and they are the upper ones
    shr     ecx, 15
    xor     eax, ecx
    imul    eax, eax, 0x85EBCA6B
    ret

# Claims an address: asks whether anybody has it, once if its holder has handed it over, and holds it if nobody does and
# nothing has changed meanwhile. A node that stood still meanwhile asks again. The mutex is not held. May sleep.
# In: ESI service.
holder_claim:
    CHECK_ENTRY esi, services, SERVICE_SIZE, SERVICES, "holder_claim: no entry of the table"
    push    ebx
    push    edi
    push    ebp
    mov     ebx, [esi + SERVICE_ADDRESS]
    mov     ebp, [esi + SERVICE_HEARD]
    mov     word ptr [service_mac], 0x5102  # 02:51 and the address: administered locally
    mov     [service_mac + 2], ebx
    xor     eax, eax
    cmp     [esi + SERVICE_GIVEN], eax
    jne     1f
    call    share_doubt
    mov     eax, PROBE_MS
1:  push    esi
    push    eax
    mov     ecx, [esi + SERVICE_MASK]
    mov     eax, [cluster_netif]
    mov     edx, ebx
    mov     esi, offset service_mac
    xor     edi, edi
    call    secondary_claim
    pop     esi
    sbb     edx, edx
    mov     edi, eax                    # EDI: record, or error
    push    edx
    mov     eax, offset cluster_mutex
    call    mutex_lock
    pop     edx
    mov     dword ptr [esi + SERVICE_GIVEN], 0
    test    edx, edx
    jnz     .Lholder_claim_refused
    cmp     [esi + SERVICE_ADDRESS], ebx
    jne     .Lholder_claim_release
    cmp     [esi + SERVICE_HEARD], ebp
    jne     .Lholder_claim_release
    call    holder_may
    jne     .Lholder_claim_release
    call    holder_stamp
    mov     ecx, edi
    call    secondary_lapsed            # this node stood still since: it asks again
    jc      .Lholder_claim_release
    CHECK   "dword ptr [esi+SERVICE_RECORD]", e, 0, "holder_claim: the address is held already"
    mov     [esi + SERVICE_RECORD], edi
    mov     dword ptr [esi + SERVICE_REFUSED], 0
    mov     eax, [node + NODE_ID]
    mov     [esi + SERVICE_HOLDER], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [esi + SERVICE_HOLDER + 4], eax
    mov     eax, edi
    call    holder_lend
    call    clock_ms
    mov     [hold_at], eax              # the others hear of it at once
    PRINTF  "cluster: %I is here now\n", ebx
    mov     eax, ebx
    call    history_note_moved
    jmp     .Lholder_claim_done
.Lholder_claim_release:
    mov     eax, edi
    call    secondary_release
    jmp     .Lholder_claim_done
.Lholder_claim_refused:
    cmp     edi, ERROR_TIMEOUT
    je      .Lholder_claim_done
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
    inc     dword ptr [esi + SERVICE_REFUSED]
    cmp     dword ptr [esi + SERVICE_REFUSED], REFUSALS
    jne     .Lholder_claim_done
    PRINTF  "cluster: %I cannot be held: another machine has it, or this one\n", ebx
.Lholder_claim_done:
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Gives an address up, if this node holds it. Its holder's silence counts from now.
# In: ESI service.
# Clobbers: EAX, ECX, EDX.
.global holder_drop
holder_drop:
    xor     eax, eax
    xchg    eax, [esi + SERVICE_RECORD]
    test    eax, eax
    jz      9f
    call    secondary_release
    PRINTF  "cluster: %I is given up\n", [esi+SERVICE_ADDRESS]
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
9:  ret

# Another node says what it holds. Of two that hold one address the one with the lower id keeps it, but not one that
# stood still. The mutex is held.
# In: EAX packet, EDX its bytes.
.global holder_heard
holder_heard:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    lea     edi, [eax + CLOUD_HELD]
    lea     ebp, [eax + edx]
.Lholder_heard_next:
    CHECK   edi, b, ebp, "holder_heard: an address beyond the packet"
    mov     eax, [edi]
    test    eax, eax
    jz      .Lholder_heard_other
    cmp     eax, LEADER_ADDRESS
    jne     .Lholder_heard_service
    call    leader_heard
    jmp     .Lholder_heard_other
.Lholder_heard_service:
    call    service_address_find
    jc      .Lholder_heard_other
    mov     ecx, [esi + SERVICE_RECORD]
    test    ecx, ecx
    jz      .Lholder_heard_holder
    call    secondary_lapsed
    jc      .Lholder_heard_yield
    lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    jb      .Lholder_heard_yield
    mov     eax, [esi + SERVICE_RECORD] # switches and neighbours learn again where it is, and the other whose it is
    call    secondary_announce
    call    clock_ms
    mov     [hold_at], eax
    mov     eax, offset holder_event
    call    event_signal
    jmp     .Lholder_heard_other
.Lholder_heard_yield:
    call    holder_drop
.Lholder_heard_holder:
    mov     eax, [ebx + CLOUD_NODE]
    mov     [esi + SERVICE_HOLDER], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [esi + SERVICE_HOLDER + 4], eax
    xor     eax, eax
    mov     [esi + SERVICE_GIVEN], eax
    mov     [esi + SERVICE_REFUSED], eax
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
.Lholder_heard_other:
    add     edi, 4
    cmp     edi, ebp
    jb      .Lholder_heard_next
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Another node gave an address up, and says who is to take it. It is not believed while a third one is heard to hold it.
# The mutex is held.
# In: EAX packet.
.global holder_released
holder_released:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, offset leader
    mov     eax, [ebx + CLOUD_SERVICE]
    cmp     eax, LEADER_ADDRESS
    je      2f
    call    service_address_find
    jc      9f
2:  cmp     dword ptr [esi + SERVICE_RECORD], 0
    jne     9f
    lea     eax, [ebx + CLOUD_NODE]
    lea     edx, [esi + SERVICE_HOLDER]
    call    session_same
    je      1f
    call    clock_ms
    sub     eax, [esi + SERVICE_HEARD]
    cmp     eax, SERVICE_SILENCE_MS
    jl      9f
1:  mov     eax, [ebx + CLOUD_NODE]
    mov     [esi + SERVICE_HOLDER], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [esi + SERVICE_HOLDER + 4], eax
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
    lea     eax, [ebx + CLOUD_TARGET]
    mov     edx, offset node + NODE_ID
    call    session_same
    jne     9f
    mov     dword ptr [esi + SERVICE_GIVEN], 1
    mov     eax, offset holder_event
    call    event_signal
9:  pop     esi
    pop     ebx
    ret

# A member wants an address to be moved. The mutex is held. May sleep.
# In: EAX packet.
.global holder_asked
holder_asked:
    push    esi
    lea     edx, [eax + CLOUD_TARGET]
    mov     eax, [eax + CLOUD_SERVICE]
    call    service_address_find
    jc      9f
    mov     eax, edx
    call    holder_hand
9:  pop     esi
    ret

# Hands an address over, if this node holds it and is not the one who shall have it. The mutex is held. May sleep.
# In: ESI service, EAX id of who shall have it; 0: whoever is next.
.global holder_hand
holder_hand:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      9f
    mov     edx, offset node + NODE_ID
    call    session_same
    je      9f
    mov     ecx, [esi + SERVICE_RECORD]
    call    secondary_lapsed
    pushfd
    call    holder_drop
    popfd
    jc      9f                          # this node stood still: another may have it, and nothing is to hand over
    mov     eax, KIND_RELEASE
    mov     edx, ebx
    call    service_say
9:  pop     ebx
    ret

# This node leaves: what it holds goes to the members that are next. The mutex is held. May sleep.
.global holder_leave
holder_leave:
    push    esi
    mov     esi, offset services
1:  cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      3f
    call    holder_next
    jc      2f
    call    holder_hand
    jmp     3f
2:  call    holder_drop                 # there is nobody else
3:  add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    pop     esi
    jmp     leader_leave

# Finds the member that an address goes to next.
# In: ESI service.
# Out: EAX its id; CF when there is none.
# Clobbers: ECX, EDX.
.global holder_next
holder_next:
    push    ebx
    push    edi
    push    ebp
    xor     edi, edi                    # EDI: who is next so far, EBP its weight
    mov     ebx, [peer_first]
.Lholder_next_peer:
    test    ebx, ebx
    jz      .Lholder_next_chosen
    call    holder_candidate
    jne     .Lholder_next_skip
    test    edi, edi
    jz      .Lholder_next_better
    cmp     eax, ebp
    jae     .Lholder_next_skip
.Lholder_next_better:
    mov     ebp, eax
    lea     edi, [ebx + PEER_ID]
.Lholder_next_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lholder_next_peer
.Lholder_next_chosen:
    mov     eax, edi
    cmp     eax, 1                      # CF when there is none
    pop     ebp
    pop     edi
    pop     ebx
    ret
