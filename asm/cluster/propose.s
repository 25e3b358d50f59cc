# Changes values: proposes the next ones to the last agreed members, and has them count when a majority of these has
# them on disk. A proposal that another one left half done is brought to its end first. The coordinator also proposes
# who the agreed members are, when those that live have been others for a while. See docs/protocols/cluster-values.md.
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

AGAIN_MS                = 200           # a proposal is repeated after this,
PROPOSE_MS              = 4000          # and given up after this
PAUSE_MS                = 50            # another's comes first: a pause of this,
PAUSE_SPREAD_MS         = 150           # and up to this longer
STEADY_MS               = 2000          # members that have been the same for so long may become the agreed ones
RETRY_MS                = 10000         # after this it is tried again in vain, each time after twice as long,
RETRY_LONGEST_MS        = 640000        # up to this

PHASE_IDLE              = 0
PHASE_PREPARE           = KIND_PREPARE  # the packet that is being answered
PHASE_OFFER             = KIND_OFFER
PHASE_PAUSE             = 1

.bss
.balign 4
phase:                  .space 4        # PHASE_*
again_at:               .space 4        # clock_ms of the next packet, or of the end of the pause
give_up_at:             .space 4        # clock_ms
slot:                   .space 4        # number of the values that are proposed
ballot:                 .space BALLOT_SIZE
highest:                .space 4        # count of the highest ballot that was heard of
voters:                 .space REGION_TEXT  # who is asked: count and ids, as in a region
answers:                .space 4        # bit n: the voter with index n has answered
best:                   .space BALLOT_SIZE  # the highest with which one of them has voted before
offer:                  .space RECORD_SIZE  # what is proposed
offer_own:              .space 4        # 1: it is what was wanted here
wanted:                 .space 4        # 1: a value, 2: voters, 0: nothing
wanted_name:            .space NAME_SIZE
wanted_value:           .space VALUE_SIZE
wanted_away:            .space 4        # 1: the value is to go
wanted_quiet:           .space 4        # 1: nobody waits for what becomes of it
.global proposal_quiet
proposal_quiet:         .space 4        # 1: nor will anybody for the changes that begin now
wanted_from:            .space 4        # number of the values that it is a change of; 0: of whatever they are
    # what became of the last change of a value: 0 not known yet, 1 it counts, 2 no majority has answered
.global proposal_result
proposal_result:        .space 4
.global proposal_asked
proposal_asked:         .space 4        # how many were asked for it,
.global proposal_answers
proposal_answers:       .space 4        # and have answered last
.global proposal_event
proposal_event:         .space 4        # signalled then
steady_digest:          .space 4        # of the members, when they were looked at
steady_at:              .space 4        # clock_ms from which they may become the agreed ones
retry_ms:               .space 4        # after which that is tried again

.text

# Begins to give a name a value, or to take it away.
# In: EAX name, EDX value or 0.
# Out: CF and EAX error: ERROR_BUSY, ERROR_NO_SPACE, ERROR_INVALID, ERROR_NO_ROUTE (this node is no member).
.global proposal_begin
proposal_begin:
    xor     ecx, ecx

# The same, unless others have changed the values meanwhile: then nothing is changed, and proposal_result is 2.
# In: ECX number of the values that were read, 0 when they do not matter.
.global proposal_begin_from
proposal_begin_from:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    mov     eax, ERROR_NO_ROUTE
    cmp     dword ptr [cluster_state], STATE_MEMBER
    stc
    jne     .Lproposal_begin_done
    cmp     dword ptr [cluster_pings], 1
    jb      .Lproposal_begin_done
    mov     eax, ERROR_BUSY
    cmp     dword ptr [wanted], 1
    stc
    je      .Lproposal_begin_done
    mov     eax, ebx
    mov     edx, esi
    call    values_change               # is it in order, and does it fit?
    jc      .Lproposal_begin_done
    mov     dword ptr [wanted], 1
    mov     [wanted_from], edi
    mov     eax, offset wanted_name
    mov     edx, ebx
    mov     ecx, NAME_SIZE
    call    string_copy
    xor     eax, eax
    test    esi, esi
    sete    al
    mov     [wanted_away], eax
    test    esi, esi
    jz      .Lproposal_begin_start
    mov     edx, esi
    mov     eax, offset wanted_value
    mov     ecx, VALUE_SIZE
    call    string_copy
.Lproposal_begin_start:
    mov     eax, [proposal_quiet]
    mov     [wanted_quiet], eax
    test    eax, eax
    jnz     1f
    mov     [proposal_result], eax
    mov     [proposal_event], eax
1:  call    clock_ms
    add     eax, PROPOSE_MS
    mov     [give_up_at], eax
    call    proposal_start
    clc
.Lproposal_begin_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Proposes what is wanted as the next number: asks who will vote. If it counts already there is nothing to do. May
# sleep.
proposal_start:
    push    ebx
    call    proposal_counts
    jne     .Lproposal_start_propose
    mov     eax, 1
    call    proposal_end
    jmp     .Lproposal_start_done
.Lproposal_start_propose:
    call    proposal_is_late
    jne     .Lproposal_start_voters
    mov     eax, 2
    call    proposal_end
    jmp     .Lproposal_start_done
.Lproposal_start_voters:
    mov     eax, offset voters
    mov     edx, offset values + VALUES_VOTERS
    mov     ecx, REGION_TEXT
    call    mem_copy
    cmp     dword ptr [voters + REGION_VOTERS], 0
    jne     .Lproposal_start_asked
    mov     eax, offset voters          # nothing was agreed on: those who are here begin
    call    voters_here
.Lproposal_start_asked:
    mov     eax, [values + VALUES_NUMBER]
    inc     eax
    mov     [slot], eax
    mov     eax, [vote + VOTE_PROMISED + BALLOT_COUNT]
    cmp     eax, [highest]
    jae     1f
    mov     eax, [highest]
1:  inc     eax
    mov     [highest], eax
    mov     [ballot + BALLOT_COUNT], eax
    mov     eax, [node + NODE_ID]
    mov     [ballot + BALLOT_ID], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [ballot + BALLOT_ID + 4], eax
    mov     dword ptr [best + BALLOT_COUNT], 0
    mov     eax, PHASE_PREPARE
    call    proposal_say_first
.Lproposal_start_done:
    pop     ebx
    ret

# Whether a value is wanted for values that are others by now.
# Out: ZF when so.
# Clobbers: EAX.
proposal_is_late:
    cmp     dword ptr [wanted], 1
    jne     9f
    mov     eax, [wanted_from]
    test    eax, eax
    jz      1f
    cmp     eax, [values + VALUES_NUMBER]
    je      1f
    cmp     eax, eax
    ret
1:  test    esp, esp                    # ZF clear
9:  ret

# Begins a phase.
# In: EAX PHASE_PREPARE or PHASE_OFFER.
proposal_say_first:
    CHECK   eax, ne, PHASE_IDLE, "proposal_say_first: nothing is proposed"
    mov     [phase], eax
    mov     dword ptr [answers], 0

# Tells the group what this phase is about, and this node too, which votes as the others do. May sleep.
proposal_say:
    push    ebx
    call    clock_ms
    add     eax, AGAIN_MS
    mov     [again_at], eax
    mov     eax, [phase]
    call    packet_build
    mov     eax, [slot]
    mov     [cluster_out + CLOUD_SLOT], eax
    mov     eax, offset cluster_out + CLOUD_BALLOT
    mov     edx, offset ballot
    call    ballot_copy
    mov     ebx, CLOUD_REQUEST_SIZE
    cmp     dword ptr [phase], PHASE_OFFER
    jne     1f
    mov     ebx, [offer + RECORD_BYTES]
    add     ebx, REGION_TEXT
    mov     eax, offset cluster_out + CLOUD_OFFER
    mov     edx, offset offer + RECORD_REGION
    mov     ecx, ebx
    call    mem_copy
    add     ebx, CLOUD_OFFER
1:  mov     ecx, ebx
    mov     edx, CLUSTER_GROUP
    call    packet_send_to
    mov     eax, [cluster_netif]
    mov     ecx, [eax + NETIF_ADDRESS]
    mov     eax, offset cluster_out
    mov     edx, ebx
    pop     ebx
    jmp     vote_asked

# A voter answers. May sleep.
# In: EAX packet of KIND_PROMISE or KIND_VOTED, EDX its bytes.
.global proposal_answered
proposal_answered:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    cmp     dword ptr [phase], PHASE_PREPARE
    jb      .Lproposal_answered_done
    mov     eax, [ebx + CLOUD_SLOT]
    cmp     eax, [slot]
    jne     .Lproposal_answered_done
    lea     eax, [ebx + CLOUD_BALLOT]
    mov     edx, offset ballot
    call    ballot_compare
    je      .Lproposal_answered_ours
    jb      .Lproposal_answered_done    # of an earlier try
    call    proposal_yields
    jmp     .Lproposal_answered_done
.Lproposal_answered_ours:
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    sub     eax, KIND_PROMISE - KIND_PREPARE
    cmp     eax, [phase]                # an answer to what is asked now?
    jne     .Lproposal_answered_done
    mov     edi, [voters + REGION_VOTERS]
.Lproposal_answered_voter:
    sub     edi, 1
    jb      .Lproposal_answered_done    # whom nobody has asked
    lea     eax, [voters + REGION_IDS + edi*8]
    lea     edx, [ebx + CLOUD_NODE]
    call    session_same                # ids have the size of sessions
    jne     .Lproposal_answered_voter
    bts     [answers], edi
    cmp     dword ptr [phase], PHASE_OFFER
    je      .Lproposal_answered_count
    cmp     dword ptr [ebx + CLOUD_BEFORE + BALLOT_COUNT], 0
    je      .Lproposal_answered_count
    lea     eax, [ebx + CLOUD_BEFORE]   # it has voted before: that may count already, and is what is offered
    mov     edx, offset best
    call    ballot_compare
    jbe     .Lproposal_answered_count
    mov     eax, offset best
    lea     edx, [ebx + CLOUD_BEFORE]
    call    ballot_copy
    lea     ecx, [esi - CLOUD_OFFER]
    lea     eax, [ecx - REGION_TEXT]
    mov     [offer + RECORD_BYTES], eax
    mov     eax, offset offer + RECORD_REGION
    lea     edx, [ebx + CLOUD_OFFER]
    call    mem_copy
.Lproposal_answered_count:
    call    proposal_majority
    jc      .Lproposal_answered_done
    cmp     dword ptr [phase], PHASE_OFFER
    je      .Lproposal_answered_agreed
    call    proposal_offer
    jmp     .Lproposal_answered_done
.Lproposal_answered_agreed:
    mov     dword ptr [phase], PHASE_IDLE
    mov     eax, offset offer + RECORD_REGION
    mov     ecx, [offer + RECORD_BYTES]
    add     ecx, REGION_TEXT
    mov     edx, [slot]
    call    values_take
    call    values_tell
    cmp     dword ptr [wanted], 1
    jne     .Lproposal_answered_next
    call    proposal_counts
    jne     .Lproposal_answered_next
    mov     eax, offset wanted_name
    call    history_note_configured
.Lproposal_answered_next:
    call    proposal_start              # what was agreed on may be another's
.Lproposal_answered_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Another one proposes: it goes first.
# In: EBX packet.
# Clobbers: EAX, ECX, EDX, EDI.
proposal_yields:
    mov     eax, [ebx + CLOUD_BALLOT + BALLOT_COUNT]
    cmp     eax, [highest]
    jbe     1f
    mov     [highest], eax
1:  mov     dword ptr [phase], PHASE_PAUSE  # another one proposes: it goes first
    mov     eax, [cluster_netif]
    mov     edx, PAUSE_SPREAD_MS
    call    random_below
    mov     edi, eax
    call    clock_ms
    lea     eax, [eax + edi + PAUSE_MS]
    mov     [again_at], eax
    ret

# Whether a majority of those that were asked has answered: more than half of them, or half with the first.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
proposal_majority:
    call    proposal_count
    CHECK   eax, be, [voters+REGION_VOTERS], "proposal_majority: more answers than voters"
    add     eax, eax
    mov     ecx, [answers]
    and     ecx, 1
    add     eax, ecx                    # the first one's answer decides between two halves
    mov     ecx, [voters + REGION_VOTERS]
    inc     ecx
    cmp     eax, ecx
    ret

# Counts the answers.
# Out: EAX how many.
# Clobbers: ECX.
proposal_count:
    xor     eax, eax
    mov     ecx, [answers]
1:  shr     ecx, 1
    adc     eax, 0
    test    ecx, ecx
    jnz     1b
    ret

# A majority will vote: offers what one of them has voted for before, else what is wanted here. May sleep.
proposal_offer:
    cmp     dword ptr [best + BALLOT_COUNT], 0
    jne     .Lproposal_offer_say
    cmp     dword ptr [wanted], 1
    je      .Lproposal_offer_value
    mov     eax, offset values_next
    mov     edx, offset values
    mov     ecx, VALUES_SIZE
    call    mem_copy
    mov     eax, offset values_next + VALUES_VOTERS
    call    voters_here
    jmp     .Lproposal_offer_made
.Lproposal_offer_value:
    mov     eax, offset wanted_name
    xor     edx, edx
    cmp     [wanted_away], edx
    jne     1f
    mov     edx, offset wanted_value
1:  call    values_change
    mov     eax, 2
    jc      proposal_end                # it does not fit any more
    cmp     dword ptr [values_next + VALUES_VOTERS], 0
    jne     .Lproposal_offer_made
    mov     eax, offset values_next + VALUES_VOTERS
    mov     edx, offset voters
    mov     ecx, REGION_TEXT
    call    mem_copy
.Lproposal_offer_made:
    mov     eax, offset offer
    mov     edx, offset values_next + VALUES_RECORD
    mov     ecx, RECORD_SIZE
    call    mem_copy
.Lproposal_offer_say:
    mov     eax, PHASE_OFFER
    jmp     proposal_say_first

# Whether what is wanted counts already, or nothing is wanted.
# Out: ZF when so.
proposal_counts:
    cmp     dword ptr [wanted], 1
    jb      8f
    ja      .Lproposal_counts_voters
    mov     eax, offset wanted_name
    mov     edx, offset values
    call    values_find
    sbb     ecx, ecx                    # -1: there is none
    cmp     dword ptr [wanted_away], 0
    jne     7f
    test    ecx, ecx
    jnz     9f                          # ZF is clear
    mov     dl, 0
    call    string_find
    inc     eax
    mov     edx, offset wanted_value
    jmp     string_compare
7:  inc     ecx
    ret
8:  cmp     eax, eax
9:  ret
.Lproposal_counts_voters:
    sub     esp, REGION_TEXT
    mov     eax, esp
    call    voters_here
    mov     eax, esp
    mov     edx, offset values + VALUES_VOTERS
    mov     ecx, REGION_TEXT
    call    mem_compare
    lea     esp, [esp + REGION_TEXT]
    ret

# This node belongs to another cluster from now on.
.global proposal_forget
proposal_forget:
    mov     eax, 2

# A proposal is over.
# In: EAX what became of it, as in proposal_result.
proposal_end:
    push    ebx
    mov     ebx, eax
    mov     dword ptr [phase], PHASE_IDLE
    xor     ecx, ecx
    xchg    ecx, [wanted]
    cmp     ecx, 1
    jne     1f
    cmp     dword ptr [wanted_quiet], 0
    jne     1f
    mov     [proposal_result], ebx
    call    proposal_count
    mov     [proposal_answers], eax
    mov     eax, [voters + REGION_VOTERS]
    mov     [proposal_asked], eax
    mov     eax, offset proposal_event
    call    event_signal
    call    outside_ended
1:  pop     ebx
    ret

# Goes on with what is proposed. The coordinator looks who should agree. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, 0x7FFFFFFF when nothing is proposed.
.global proposal_timers
proposal_timers:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [phase], PHASE_IDLE
    jne     .Lproposal_timers_proposed
    call    proposal_members
    jmp     .Lproposal_timers_next
.Lproposal_timers_proposed:
    mov     eax, [give_up_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lproposal_timers_go_on
    mov     eax, 2
    call    proposal_end
    jmp     .Lproposal_timers_next
.Lproposal_timers_go_on:
    mov     eax, [values + VALUES_NUMBER]
    inc     eax
    cmp     eax, [slot]                 # others have agreed meanwhile
    jne     .Lproposal_timers_start
    mov     eax, [again_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lproposal_timers_next
    cmp     dword ptr [phase], PHASE_PAUSE
    je      .Lproposal_timers_start
    call    proposal_say
    jmp     .Lproposal_timers_next
.Lproposal_timers_start:
    call    proposal_start
.Lproposal_timers_next:
    mov     eax, 0x7FFFFFFF
    cmp     dword ptr [phase], PHASE_IDLE
    je      9f
    mov     eax, [again_at]
    sub     eax, ebx
9:  pop     ebx
    ret

# The members have been others than those that agreed last for a while: the coordinator proposes them. May sleep.
# In: EBX now.
proposal_members:
    mov     eax, [coordinator_self]
    and     eax, [cluster_pings]
    jz      .Lproposal_members_done
    cmp     dword ptr [values + VALUES_NUMBER], 0   # who has agreed on nothing takes over what others have
    je      .Lproposal_members_done
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lproposal_members_done
    cmp     dword ptr [node_alone], 0
    jne     .Lproposal_members_done
    mov     eax, [view_digest]
    add     eax, [values + VALUES_DIGEST]
    add     eax, [node_mount]
    cmp     eax, [steady_digest]
    je      .Lproposal_members_steady
    mov     [steady_digest], eax
    mov     dword ptr [retry_ms], RETRY_MS
    lea     eax, [ebx + STEADY_MS]
    mov     [steady_at], eax
.Lproposal_members_steady:
    mov     eax, [steady_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lproposal_members_done
    mov     eax, [retry_ms]
    lea     ecx, [ebx + eax]
    mov     [steady_at], ecx
    add     eax, eax
    cmp     eax, RETRY_LONGEST_MS
    ja      1f
    mov     [retry_ms], eax
1:  xor     eax, eax
    call    voters_here_more
    test    eax, eax
    js      .Lproposal_members_done     # there is no majority, and no use in asking; half of them may be one
    mov     dword ptr [wanted], 2
    call    proposal_counts
    je      .Lproposal_members_same
    lea     eax, [ebx + PROPOSE_MS]
    mov     [give_up_at], eax
    jmp     proposal_start
.Lproposal_members_same:
    mov     dword ptr [wanted], 0
.Lproposal_members_done:
    ret

# Whether no other member has a disk.
# Out: ZF when that is so.
# Clobbers: nothing.
others_are_diskless:
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    test    dword ptr [ebx + PEER_FLAGS], FLAG_DISKLESS
    jz      4f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
4:  test    ebx, ebx                    # ZF clear
3:  pop     ebx
    ret

# Finds out who should agree: the members that have a disk, or all where none has; the VOTERS_MAXIMUM with the lowest
# ids.
# In: EAX where to, REGION_TEXT bytes: their number and ids.
voters_here:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, eax                    # ESI: list
    xor     eax, eax
    mov     ecx, REGION_TEXT / 4
    rep stosd
    lea     edi, [esi + REGION_IDS]
    xor     ecx, ecx                    # ECX: flags that keep a node out
    cmp     dword ptr [node_mount], 0
    jne     2f
    call    others_are_diskless
    je      .Lvoters_here_list
2:  mov     ecx, FLAG_DISKLESS
.Lvoters_here_list:
    push    ecx
    mov     edx, offset node + NODE_ID  # EDX: this node, until it is in the list, or 0
    cmp     dword ptr [node_mount], 0
    jne     3f
    jecxz   3f
    xor     edx, edx
3:  mov     ebx, [peer_first]
.Lvoters_here_peer:
    test    ebx, ebx
    jz      .Lvoters_here_self
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lvoters_here_skip
    mov     eax, [ebx + PEER_FLAGS]
    test    eax, [esp]
    jnz     .Lvoters_here_skip
    test    edx, edx
    jz      .Lvoters_here_put
    lea     eax, [ebx + PEER_ID]
    call    node_id_compare
    jb      .Lvoters_here_put
    mov     eax, edx
    call    voters_put
    xor     edx, edx
.Lvoters_here_put:
    lea     eax, [ebx + PEER_ID]
    call    voters_put
.Lvoters_here_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lvoters_here_peer
.Lvoters_here_self:
    test    edx, edx
    jz      .Lvoters_here_done
    mov     eax, edx
    call    voters_put
.Lvoters_here_done:
    pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Appends a member to a list, if there is room.
# In: EAX id, EDI where to, ESI list.
# Out: EDI after it.
# Clobbers: EAX, ECX.
voters_put:
    cmp     dword ptr [esi + REGION_VOTERS], VOTERS_MAXIMUM
    jae     9f
    mov     ecx, [eax]
    mov     [edi], ecx
    mov     ecx, [eax + 4]
    mov     [edi + 4], ecx
    add     edi, 8
    CHECK_HELD cluster_mutex, "voters_put: cluster_mutex is not held"
    inc     dword ptr [esi + REGION_VOTERS]
9:  ret
