# The coordinator: the one member that speaks to the group. The others listen, and report to it now and then; who lives
# they find out among themselves (ring.s). Here is who coordinates, and when what is sent. See
# docs/protocols/cluster.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

REPEAT_MS               = 250           # a new coordinator repeats its view after this,
REPEATS                 = 2             # so often
TELL_MS                 = 70            # changes are told at most this often, many in one packet
ANSWER_MS               = 100           # hellos are answered at most this often
WHOLE_MS                = 50            # who else asks for the whole view within this time gets the same packets
SPREAD_MS               = 100           # first reports are spread over this time,
SPREAD_NEW_MS           = 10            # those of nodes that have just come, which one view has named, over this
ASK_MS                  = 250           # a view that differs for so long is asked for
HELLO_PATIENCE_MS       = 300           # a coordinator that leaves a hello unanswered for so long is taken for silent
BACKOFF_MS              = 200           # members but the one with the lowest id wait this,
BACKOFF_SPREAD_MS       = 600           # and up to this longer, before they take over
FRESH_MS                = 100           # that a view is the coordinator's need not be said again for so long
LATE_MS                 = 300           # a coordinator whose view is late by so much yields to any other that speaks

.bss
.balign 4
.global coordinator_self
coordinator_self:       .space 4        # 1: this node coordinates
.global coordinator_id
coordinator_id:         .space 8        # who does; 0: not known
coordinator_address:    .space 4
coordinator_session:    .space SESSION_SIZE
coordinator_heard:      .space 4        # clock_ms of its last packet
coordinator_spoke:      .space 4        # and of its last view: a node can live without coordinating any more
takeover_at:            .space 4        # clock_ms at which its silence has lasted too long
takeover_backoff:       .space 4        # 1: takeover_at holds this node's own delay
report_at:              .space 4        # clock_ms of the next report
asking:                 .space 4        # 1: a report from ask_at on asks for the whole view
ask_at:                 .space 4        # clock_ms
beat_at:                .space 4        # clock_ms of the next view, also when nothing changes
told_at:                .space 4        # clock_ms of the last view
repeats:                .space 4        # repetitions still to come
    # who wants the whole view: an address, the group when there are several, 0 for nobody
whole_to:               .space 4
whole_at:               .space 4        # clock_ms at which it is sent

.text

# This node coordinates from now on.
.global coordinator_become
coordinator_become:
    push    ebx
    call    clock_ms
    mov     dword ptr [coordinator_self], 1
    mov     dword ptr [repeats], REPEATS
    mov     dword ptr [whole_to], 0
    mov     [beat_at], eax
    mov     [peer_expiry], eax
    mov     ecx, eax                    # the others have as long as ever to report to this node
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    mov     dword ptr [ebx + PEER_TELL], 0 # what the others do not know shows in the digest
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    mov     [ebx + PEER_SEEN], ecx
    mov     dword ptr [ebx + PEER_SUSPECTED], 1
    mov     eax, [ebx + PEER_ID]
    cmp     eax, [coordinator_id]
    jne     2f
    mov     eax, [ebx + PEER_ID + 4]
    cmp     eax, [coordinator_id + 4]
    jne     2f
    mov     eax, [coordinator_heard]
    mov     [ebx + PEER_SEEN], eax
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  mov     dword ptr [peer_changed], 0
    mov     eax, [node + NODE_ID]
    mov     [coordinator_id], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [coordinator_id + 4], eax
    pop     ebx
    ret

# Nobody is known to coordinate, and somebody has to now.
.global coordinator_forget
coordinator_forget:
    xor     eax, eax

# Nobody is known to coordinate: this node takes over if nobody speaks up.
# In: EAX milliseconds.
.global coordinator_await
coordinator_await:
    mov     ecx, eax
    xor     eax, eax
    mov     [coordinator_self], eax
    mov     [coordinator_id], eax
    mov     [coordinator_id + 4], eax
    mov     [takeover_backoff], eax
    call    clock_ms
    add     eax, ecx
    mov     [takeover_at], eax
    ret

# Reports go to the sender of this view from now on.
# In: EAX packet, EDX its sender's address.
.global coordinator_adopt
coordinator_adopt:
    push    ebx
    mov     ebx, eax
    mov     dword ptr [coordinator_self], 0
    mov     eax, [ebx + CLOUD_NODE]
    mov     [coordinator_id], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [coordinator_id + 4], eax
    call    coordinator_spoken
    mov     dword ptr [asking], 0
    mov     dword ptr [trust_confirmed], 0 # this one may know no more of us than our last boot
    mov     eax, SPREAD_MS
    cmp     dword ptr [view_members], 0 # of the view that named it, nothing was taken over yet
    jne     1f
    mov     eax, SPREAD_NEW_MS
1:  call    coordinator_delay
    mov     [report_at], eax
    pop     ebx
    ret

# The coordinator said its view.
# In: EBX packet, EDX its sender's address.
# Clobbers: EAX, ECX.
coordinator_spoken:
    mov     [coordinator_address], edx
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [coordinator_session], eax
    mov     eax, [ebx + CLOUD_SESSION + 4]
    mov     [coordinator_session + 4], eax
    call    clock_ms
    mov     [coordinator_spoke], eax

# The coordinator was heard.
# Clobbers: EAX, ECX.
.global coordinator_beat
coordinator_beat:
    call    clock_ms
    mov     [coordinator_heard], eax
    mov     ecx, eax
    call    health_patience
    add     eax, ecx
    mov     [takeover_at], eax
    mov     dword ptr [takeover_backoff], 0
    ret

# Draws a moment at random, so that nodes do not speak at once.
# In: EAX milliseconds, at least 1.
# Out: EAX clock_ms up to so much later.
coordinator_delay:
    push    ebx
    mov     edx, eax
    mov     eax, [cluster_netif]
    call    random_below
    mov     ebx, eax
    call    clock_ms
    add     eax, ebx
    pop     ebx
    ret

# Whether a packet's sender is the coordinator.
# In: EAX packet.
# Out: ZF when it is.
.global coordinator_is
coordinator_is:
    mov     ecx, [eax + CLOUD_NODE]
    cmp     ecx, [coordinator_id]
    jne     9f
    mov     ecx, [eax + CLOUD_NODE + 4]
    cmp     ecx, [coordinator_id + 4]
9:  ret

# Whether a packet comes from the coordinator, of which a view was ours just now, and nothing is asked or waited for.
# In: EAX packet, EDX its sender's address.
# Out: ZF when it does.
# Clobbers: EAX, ECX, EDX.
.global coordinator_is_fresh
coordinator_is_fresh:
    cmp     edx, [coordinator_address]
    jne     9f
    cmp     dword ptr [asking], 0
    jne     9f
    call    coordinator_is
    jne     9f
    add     eax, CLOUD_SESSION
    mov     edx, offset coordinator_session
    call    session_same
    jne     9f
    call    clock_ms
    mov     ecx, [takeover_at]          # a hello waits for an answer of the coordinator
    sub     ecx, eax
    sub     ecx, HELLO_PATIENCE_MS + 1
    js      9f
    sub     eax, [view_confirmed]
    cmp     eax, FRESH_MS
    sbb     eax, eax
    inc     eax                         # ZF when that was less
9:  ret

# Another member of our cluster coordinates it. Of two the one with the lower id goes on.
# In: EAX packet, EDX its sender's address.
.global coordinator_view
coordinator_view:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    coordinator_is
    je      5f
    lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset coordinator_id
    call    node_id_compare
    jb      4f
    cmp     dword ptr [coordinator_self], 0
    jne     6f
    mov     eax, [coordinator_id]
    or      eax, [coordinator_id + 4]
    jz      4f
    call    health_beat
    lea     ecx, [eax + LATE_MS]
    call    clock_ms
    sub     eax, [coordinator_spoke]
    cmp     eax, ecx
    jb      9f
4:  mov     eax, ebx
    mov     edx, esi
    call    coordinator_adopt
    jmp     9f
5:  mov     edx, esi
    call    coordinator_spoken
    jmp     9f
6:  call    coordinator_answer          # it will hear who does
9:  pop     esi
    pop     ebx
    ret

# Somebody should hear of this cluster: the coordinator sends its view soon.
.global coordinator_answer
coordinator_answer:
    cmp     dword ptr [coordinator_self], 0
    je      9f
    mov     eax, [told_at]
    add     eax, ANSWER_MS
    mov     ecx, eax
    sub     ecx, [beat_at]
    jns     9f
    mov     [beat_at], eax
9:  ret

# Somebody speaks now of whose boot nothing was known: if that is the coordinator it has restarted.
# In: EAX packet.
# Clobbers: EAX, ECX, EDX.
.global coordinator_proven
coordinator_proven:
    call    coordinator_is
    jne     9f
    cmp     byte ptr [eax + CLOUD_KIND], KIND_VIEW  # it coordinates again
    je      9f
    add     eax, CLOUD_SESSION
    mov     edx, offset coordinator_session
    call    session_same
    jne     coordinator_forget
9:  ret

# A member hears a hello. The coordinator answers each, whether it is to be believed or not; should it not, another
# takes over. So it is also when the coordinator itself seems to have restarted: that may be a recording, and then it
# answers.
# In: EAX packet.
.global coordinator_hello
coordinator_hello:
    push    ebx
    mov     ebx, eax
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_JOINING
    je      1f
    call    coordinator_is
    je      2f
    cmp     dword ptr [ebx + CLOUD_ECHO], 0
    jne     9f                          # a member asks who we are: nobody has to answer that for the coordinator
1:  call    clock_ms
    add     eax, HELLO_PATIENCE_MS
    mov     ecx, [takeover_at]
    sub     ecx, eax
    js      9f
    mov     [takeover_at], eax
    jmp     9f
2:  mov     eax, [view_members]         # the coordinator wants to hear of all
    lea     eax, [eax*2 + 1]
    call    coordinator_delay
    mov     [report_at], eax
9:  pop     ebx
    ret

# A member has reported. One that asks gets the whole view, all get it when several ask.
# In: EAX packet, EDX its sender's address.
.global coordinator_reported
coordinator_reported:
    test    byte ptr [eax + CLOUD_FLAGS], FLAG_ASK
    jz      9f
    cmp     dword ptr [whole_to], 0
    jne     1f
    mov     [whole_to], edx
    call    clock_ms
    add     eax, WHOLE_MS
    mov     [whole_at], eax
    ret
1:  mov     dword ptr [whole_to], CLUSTER_GROUP
9:  ret

# The coordinator's view is not ours. Changes may be on their way; else we ask.
.global coordinator_differs
coordinator_differs:
    cmp     dword ptr [asking], 0
    jne     9f
    mov     dword ptr [asking], 1
    cmp     dword ptr [trust_confirmed], 0  # who has just come asks with its first report: nothing is on its way to it
    je      1f
    mov     eax, SPREAD_MS
    call    coordinator_delay
    add     eax, ASK_MS
    mov     [ask_at], eax
9:  ret
1:  mov     eax, [report_at]
    mov     [ask_at], eax
    ret

# The coordinator's view is ours.
.global coordinator_agrees
coordinator_agrees:
    mov     dword ptr [asking], 0
    ret

# The coordinator calls the roll.
.global coordinator_report_soon
coordinator_report_soon:
    mov     eax, SPREAD_MS
    call    coordinator_delay
    mov     [report_at], eax
    ret

# The coordinator does not know that this node lives.
.global coordinator_report_now
coordinator_report_now:
    call    clock_ms
    mov     [report_at], eax
    ret

# Sends what is due. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, signed: 0 or less when it is late.
.global coordinator_timers
coordinator_timers:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [coordinator_self], 0
    jne     1f
    call    ring_timers
    push    eax
    call    coordinator_tend
    pop     ecx
    cmp     eax, ecx
    jle     9f
    mov     eax, ecx
    jmp     9f
1:  call    coordinates
9:  pop     ebx
    ret

# Does what a member owes its coordinator, and takes its place when it is silent.
# In: EBX now.
# Out: EAX milliseconds until it is needed again.
coordinator_tend:
    push    esi
    mov     eax, [coordinator_id]
    or      eax, [coordinator_id + 4]
    jz      .Lcoordinator_tend_unknown
    call    coordinator_due
    jg      .Lcoordinator_tend_reported
    call    coordinator_report
    call    coordinator_due
.Lcoordinator_tend_reported:
    mov     esi, eax
    call    coordinator_probe
    cmp     eax, esi
    jge     .Lcoordinator_tend_takeover
    mov     esi, eax
    jmp     .Lcoordinator_tend_takeover
.Lcoordinator_tend_unknown:
    call    health_beat
    mov     esi, eax
.Lcoordinator_tend_takeover:
    mov     eax, [takeover_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lcoordinator_tend_sooner
    call    coordinator_takeover
    cmp     dword ptr [coordinator_self], 0
    je      .Lcoordinator_tend_waits
    call    coordinates
    jmp     .Lcoordinator_tend_done
.Lcoordinator_tend_waits:
    mov     eax, [takeover_at]
    sub     eax, ebx
.Lcoordinator_tend_sooner:
    cmp     eax, esi
    jle     .Lcoordinator_tend_done
    mov     eax, esi
.Lcoordinator_tend_done:
    pop     esi
    ret

# This node coordinates: changes soon, a view each beat, the whole view for those who asked.
# In: EBX now.
# Out: EAX milliseconds until it is needed again.
coordinates:
    push    esi
    mov     esi, [beat_at]
    sub     esi, ebx
    cmp     dword ptr [peer_changed], 0
    jne     .Lcoordinates_news
    call    stranger_waits
    je      .Lcoordinates_due
.Lcoordinates_news:
    mov     ecx, [told_at]
    add     ecx, TELL_MS
    sub     ecx, ebx
    cmp     ecx, esi
    jge     .Lcoordinates_due
    mov     esi, ecx
.Lcoordinates_due:
    test    esi, esi
    jg      .Lcoordinates_whole
    mov     [told_at], ebx
    call    health_beat
    add     eax, ebx
    cmp     dword ptr [repeats], 0
    je      .Lcoordinates_again
    dec     dword ptr [repeats]
    lea     eax, [ebx + REPEAT_MS]
.Lcoordinates_again:
    mov     [beat_at], eax
    call    ring_remind
    call    view_tell
    mov     esi, [beat_at]
    sub     esi, ebx
.Lcoordinates_whole:
    mov     eax, [whole_to]
    test    eax, eax
    jz      .Lcoordinates_done
    mov     ecx, [whole_at]
    sub     ecx, ebx
    test    ecx, ecx
    jg      .Lcoordinates_sooner
    mov     dword ptr [whole_to], 0
    call    view_tell_whole
    jmp     .Lcoordinates_done
.Lcoordinates_sooner:
    cmp     ecx, esi
    jge     .Lcoordinates_done
    mov     esi, ecx
.Lcoordinates_done:
    mov     eax, esi
    pop     esi
    ret

# Asks the coordinator whether it lives when its views are late.
# In: EBX now.
# Out: EAX milliseconds until the next is due.
coordinator_probe:
    mov     eax, offset coordinator_id
    call    peer_known
    jc      health_beat
    push    ebx
    xchg    eax, ebx
    mov     ecx, eax
    sub     ecx, [coordinator_heard]
    call    health_probe
    pop     ebx
    ret

# When this member reports next: when it is time, or when it is time to ask.
# In: EBX now.
# Out: EAX milliseconds, signed; flags compare it with 0.
coordinator_due:
    mov     eax, [report_at]
    sub     eax, ebx
    cmp     dword ptr [asking], 0
    je      1f
    mov     ecx, [ask_at]
    sub     ecx, ebx
    cmp     ecx, eax
    jge     1f
    mov     eax, ecx
1:  test    eax, eax
    ret

# Reports to the coordinator.
# In: EBX now.
coordinator_report:
    call    health_home
    add     eax, ebx
    mov     [report_at], eax
    mov     eax, offset coordinator_id
    call    peer_known
    mov     ecx, 0
    jc      2f
    mov     ecx, [eax + PEER_KNOWN]
2:  push    ecx
    mov     eax, KIND_REPORT
    call    packet_build
    pop     [cluster_out + CLOUD_REQUEST]
    cmp     dword ptr [asking], 0
    je      1f
    mov     eax, [ask_at]
    sub     eax, ebx
    test    eax, eax
    jg      1f
    mov     dword ptr [asking], 0
    or      byte ptr [cluster_out + CLOUD_FLAGS], FLAG_ASK
1:  mov     ecx, CLOUD_SIZE

# Sends the coordinator what packet_build built.
# In: ECX bytes.
.global coordinator_send
coordinator_send:
    push    ecx
    mov     eax, offset coordinator_id
    call    session_answer_node
    pop     ecx
    mov     edx, [coordinator_address]
    jmp     packet_send_to

# The coordinator is silent: the member with the lowest id takes its place at once, each other after a delay of its own
# if nobody did.
# In: EBX now.
coordinator_takeover:
    push    esi
    cmp     dword ptr [takeover_backoff], 0
    jne     3f
    mov     esi, [peer_first]
1:  test    esi, esi
    jz      3f
    cmp     dword ptr [esi + PEER_VIEWED], 0
    je      2f
    lea     eax, [esi + PEER_ID]
    mov     edx, offset coordinator_id
    call    node_id_compare
    je      2f
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    ja      3f
    mov     dword ptr [takeover_backoff], 1
    mov     eax, BACKOFF_SPREAD_MS
    call    coordinator_delay
    add     eax, BACKOFF_MS
    mov     [takeover_at], eax
    jmp     9f
2:  mov     esi, [esi + PEER_NEXT]
    jmp     1b
3:  call    coordinator_become
9:  pop     esi
    ret

# The coordinator said bye.
# In: EAX packet.
.global coordinator_left
coordinator_left:
    call    coordinator_is
    jne     9f
    cmp     dword ptr [coordinator_self], 0
    je      coordinator_forget
9:  ret

# Tells those who have to know that this node leaves: the coordinator, or all if it is this node. May sleep.
.global coordinator_bye
coordinator_bye:
    call    proposal_forget             # who goes on proposing would seem to be back
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     1f
    cmp     dword ptr [coordinator_self], 0
    jne     1f
    mov     eax, [coordinator_id]
    or      eax, [coordinator_id + 4]
    jz      1f
    mov     eax, KIND_BYE
    call    packet_build
    mov     ecx, CLOUD_SIZE
    call    coordinator_send
    jmp     coordinator_forget
1:  mov     eax, KIND_BYE
    call    packet_send
    jmp     coordinator_forget
