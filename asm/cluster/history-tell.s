# How members come to have the same history. Who makes an event tells the group; every packet says the digest of what
# its sender has. A member whose history is not its coordinator's asks it: both say digests of their events by bucket,
# and send each other those in buckets that differ. See docs/protocols/cluster-history.md. All routines run with the
# cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

ASK_MS                  = 200           # events may be on their way; what differs for so long is asked for,
ASK_SPREAD_MS           = 100           # and up to so much later,
ASK_MEMBER_MS           = 10            # with so much more for each member: an answer may serve them all
ANSWER_MS               = 20            # between two answers
MANY_MS                 = 500           # who else asks within this time is answered with the whole group
ANSWER_PACKETS          = 8             # of events in one answer; the rest is asked for again

.bss
.balign 4
fresh:                  .space CLOUD_EVENTS_MAXIMUM * EVENT_SIZE    # events that the others have not been told
fresh_count:            .space 4
asking:                 .space 4        # 1: at ask_at the coordinator is asked
ask_at:                 .space 4        # clock_ms
answered_at:            .space 4        # clock_ms
answer_to:              .space 4        # address that an answer goes to
answer_session:         .space 4        # its first half, of who is there,
answer_number:          .space 4        # and the number of the packet that is answered
buckets:                .space HISTORY_BUCKETS * 4
    # the digest of a history that a member has on disk, as it was heard last; of a history that is not empty
.global history_confirmed
history_confirmed:      .space 4

.text

# Has the others told of an event. May sleep.
# In: ESI event.
.global history_tell
history_tell:
    mov     eax, [fresh_count]
    imul    eax, eax, EVENT_SIZE
    add     eax, offset fresh
    mov     edx, esi
    mov     ecx, EVENT_SIZE
    call    mem_copy
    inc     dword ptr [fresh_count]
    cmp     dword ptr [fresh_count], CLOUD_EVENTS_MAXIMUM
    jae     history_tell_fresh
    ret

# Tells the group what is fresh. May sleep.
.global history_tell_fresh
history_tell_fresh:
    xor     ecx, ecx
    xchg    ecx, [fresh_count]
    jecxz   9f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    push    edi
    imul    edi, ecx, EVENT_SIZE
    mov     eax, KIND_EVENTS
    call    packet_build
    mov     eax, offset cluster_out + CLOUD_EVENTS
    mov     edx, offset fresh
    mov     ecx, edi
    call    mem_copy
    lea     ecx, [edi + CLOUD_EVENTS]
    mov     edx, CLUSTER_GROUP
    call    packet_send_to
    pop     edi
9:  ret

# A believed packet of our cluster says what history its sender has. May sleep.
# In: EAX packet, EDX its bytes, ECX its sender's address.
.global history_heard
history_heard:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, ecx
    lea     esi, [eax + edx]
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_EVENTS
    je      .Lhistory_heard_events
    cmp     eax, KIND_HISTORY
    je      .Lhistory_heard_asked
.Lhistory_heard_compare:
    mov     eax, [ebx + CLOUD_HISTORY_DIGEST]
    cmp     eax, [history + HISTORY_DIGEST]
    jne     .Lhistory_heard_differs
    test    byte ptr [ebx + CLOUD_FLAGS], FLAG_HISTORY_KEPT
    jz      .Lhistory_heard_same
    mov     [history_confirmed], eax
.Lhistory_heard_same:
    mov     eax, ebx
    call    coordinator_is
    jne     .Lhistory_heard_done
    mov     dword ptr [asking], 0
    jmp     .Lhistory_heard_done
.Lhistory_heard_differs:
    mov     eax, ebx
    call    coordinator_is
    jne     .Lhistory_heard_done
    cmp     dword ptr [asking], 0
    jne     .Lhistory_heard_done
    mov     dword ptr [asking], 1
    mov     edx, [view_members]
    imul    edx, edx, ASK_MEMBER_MS
    add     edx, ASK_SPREAD_MS
    mov     eax, [cluster_netif]
    call    random_below
    mov     esi, eax
    call    clock_ms
    lea     eax, [eax + esi + ASK_MS]
    mov     [ask_at], eax
    jmp     .Lhistory_heard_done
.Lhistory_heard_events:
    call    history_take
    jmp     .Lhistory_heard_compare
.Lhistory_heard_asked:
    cmp     dword ptr [ebx + CLOUD_REQUEST], 0
    jne     .Lhistory_heard_answer      # our coordinator's answer: it gets what it lacks
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [answered_at]
    cmp     ecx, ANSWER_MS
    jb      .Lhistory_heard_done        # it will ask again
    mov     [answered_at], eax
    mov     eax, CLUSTER_GROUP
    cmp     ecx, MANY_MS
    jb      .Lhistory_heard_answer_to
.Lhistory_heard_answer:
    mov     eax, edi
.Lhistory_heard_answer_to:
    mov     [answer_to], eax
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [answer_session], eax
    mov     eax, [ebx + CLOUD_SEQUENCE]
    mov     [answer_number], eax
    call    history_differing
    cmp     dword ptr [ebx + CLOUD_REQUEST], 0
    jne     .Lhistory_heard_done
    mov     [answer_to], edi            # what we have, so that the asker can tell what we lack
    mov     eax, 1
    call    history_say
.Lhistory_heard_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Enters the events of a packet. A coordinator tells the group those that were sent to it alone. May sleep.
# In: EBX packet, ESI its end.
history_take:
    push    esi
    push    edi
    push    ebp
    mov     edi, esi
    lea     esi, [ebx + CLOUD_EVENTS]
    xor     ebp, ebp                    # EBP: how many are new
1:  mov     eax, [esi + EVENT_ERA]
    cmp     eax, [node + NODE_ERA]      # nobody can have lived later than we do
    ja      2f
    call    history_insert
    jc      2f
    inc     ebp
    cmp     dword ptr [coordinator_self], 0
    je      2f
    cmp     dword ptr [ebx + CLOUD_REQUEST], 0
    je      2f
    call    history_tell
2:  add     esi, EVENT_SIZE
    cmp     esi, edi
    jb      1b
    test    ebp, ebp
    jz      9f
    call    history_changed
9:  pop     ebp
    pop     edi
    pop     esi
    ret

# Digests of this node's events by bucket.
# Out: buckets.
history_sum:
    push    ebx
    push    edi
    mov     edi, offset buckets
    xor     eax, eax
    mov     ecx, HISTORY_BUCKETS
    rep stosd
    call    history_end
    mov     edi, eax
    mov     ebx, offset history + HISTORY_EVENTS
1:  cmp     ebx, edi
    jae     2f
    mov     edx, ebx
    call    event_digest
    mov     ecx, eax
    and     ecx, HISTORY_BUCKETS - 1
    add     [buckets + ecx*4], eax
    add     ebx, EVENT_SIZE
    jmp     1b
2:  pop     edi
    pop     ebx
    ret

# Sends the events whose buckets differ from those in a packet, the latest first, to answer_to. May sleep.
# In: EBX packet.
history_differing:
    push    esi
    push    edi
    push    ebp
    call    history_sum
    call    history_end
    mov     esi, eax
    mov     ebp, ANSWER_PACKETS
.Lhistory_differing_packet:
    push    ebx
    mov     eax, KIND_EVENTS
    call    packet_build
    call    history_address
    pop     ebx
    mov     edi, offset cluster_out + CLOUD_EVENTS
.Lhistory_differing_next:
    cmp     esi, offset history + HISTORY_EVENTS
    je      .Lhistory_differing_end
    sub     esi, EVENT_SIZE
    mov     edx, esi
    call    event_digest
    and     eax, HISTORY_BUCKETS - 1
    mov     ecx, [buckets + eax*4]
    cmp     ecx, [ebx + CLOUD_BUCKETS + eax*4]
    je      .Lhistory_differing_next
    push    esi
    mov     ecx, EVENT_SIZE / 4
    rep movsd
    pop     esi
    cmp     edi, offset cluster_out + CLOUD_EVENTS + CLOUD_EVENTS_MAXIMUM * EVENT_SIZE
    jb      .Lhistory_differing_next
    call    history_send
    dec     ebp
    jnz     .Lhistory_differing_packet
    jmp     .Lhistory_differing_done
.Lhistory_differing_end:
    cmp     edi, offset cluster_out + CLOUD_EVENTS
    je      .Lhistory_differing_done
    call    history_send
.Lhistory_differing_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Writes into cluster_out whom it answers. To the group it answers nobody; to one it says that it goes to nobody else.
history_address:
    cmp     dword ptr [answer_to], CLUSTER_GROUP
    je      9f
    mov     eax, [answer_session]
    mov     ecx, [answer_number]
    call    session_echo
    mov     dword ptr [cluster_out + CLOUD_REQUEST], 1
9:  ret

# Sends what is in cluster_out to answer_to. May sleep.
# In: EDI its end.
history_send:
    mov     ecx, edi
    sub     ecx, offset cluster_out
    mov     edx, [answer_to]
    jmp     packet_send_to

# Says what this node's history holds, as digests by bucket. May sleep.
# In: EAX 1 in answer to who has asked (answer_to, answer_session), 0 to ask the coordinator.
history_say:
    push    edi
    mov     edi, eax
    call    history_sum
    mov     eax, KIND_HISTORY
    call    packet_build
    mov     eax, offset cluster_out + CLOUD_BUCKETS
    mov     edx, offset buckets
    mov     ecx, HISTORY_BUCKETS * 4
    call    mem_copy
    mov     ecx, CLOUD_BUCKETS + HISTORY_BUCKETS * 4
    test    edi, edi
    jz      1f
    call    history_address
    mov     edi, offset cluster_out + CLOUD_BUCKETS + HISTORY_BUCKETS * 4
    call    history_send
    jmp     9f
1:  call    coordinator_send
9:  pop     edi
    ret

# Sends what is due. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, 0x7FFFFFFF when nothing is.
.global history_timers
history_timers:
    push    ebx
    mov     ebx, eax
    call    history_look
    push    eax
    call    history_tell_fresh
    cmp     dword ptr [asking], 0
    je      8f
    mov     eax, [ask_at]
    sub     eax, ebx
    test    eax, eax
    jg      7f
    mov     dword ptr [asking], 0
    cmp     dword ptr [coordinator_self], 0
    jne     8f
    mov     eax, [coordinator_id]
    or      eax, [coordinator_id + 4]
    jz      8f
    xor     eax, eax
    call    history_say
8:  mov     eax, 0x7FFFFFFF
7:  pop     ecx
    cmp     eax, ecx
    jle     9f
    mov     eax, ecx
9:  pop     ebx
    ret
