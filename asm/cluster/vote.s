# What this node has to say when somebody proposes values: a voter's part of an agreement by majority (Lamport, "The
# part-time parliament", 1998). Each number of the values is agreed on by itself. What a voter promises and what it
# votes for is in the persistent object `cluster_vote` before it says so. See docs/protocols/cluster-values.md. All
# routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

.bss
.balign 4
.global vote
vote:                   .space VOTE_SIZE
reply_kind:             .space 4        # what is said when the vote is on disk: KIND_PROMISE, KIND_VOTED; 0: nothing
reply_to:               .space 4        # address of who has proposed
reply_session:          .space SESSION_SIZE
reply_number:           .space 4        # of the packet that is answered

.text

# Takes over what the node's disk holds. May sleep.
.global vote_load
vote_load:
    push    esi
    push    edi
    mov     eax, offset kept_vote
    call    keep_load
    jc      .Lvote_load_new
    cmp     dword ptr [edi + VOTE_MAGIC], VOTE_MAGIC_VALUE
    jne     .Lvote_load_damaged
    cmp     dword ptr [edi + VOTE_VERSION], VOTE_VERSION_VALUE
    jne     .Lvote_load_damaged
    cmp     dword ptr [edi + VOTE_ACCEPTED], 0
    je      .Lvote_load_good
    lea     eax, [edi + VOTE_RECORD + RECORD_REGION]
    mov     ecx, [edi + VOTE_RECORD]
    cmp     ecx, VALUES_TEXT_MAXIMUM
    ja      .Lvote_load_damaged
    add     ecx, REGION_TEXT
    call    values_valid
    jc      .Lvote_load_damaged
.Lvote_load_good:
    mov     eax, offset kept_vote
    mov     ecx, VOTE_SIZE
    call    keep_take
    jmp     .Lvote_load_done
.Lvote_load_damaged:
    PRINT   "cluster: the object cluster_vote on the disk is damaged; this node's votes are forgotten\n"
.Lvote_load_new:
    mov     dword ptr [vote + VOTE_MAGIC], VOTE_MAGIC_VALUE
    mov     dword ptr [vote + VOTE_VERSION], VOTE_VERSION_VALUE
    cmp     dword ptr [vote + VOTE_SERIAL], 0
    je      .Lvote_load_done
    call    vote_changed
.Lvote_load_done:
    pop     edi
    pop     esi
    ret

# This node belongs to another cluster from now on: it has voted for nothing there.
.global vote_forget
vote_forget:
    push    edi
    push    [vote + VOTE_SERIAL]
    mov     edi, offset vote
    xor     eax, eax
    mov     [reply_kind], eax
    mov     ecx, VOTE_SIZE / 4
    rep stosd
    pop     [vote + VOTE_SERIAL]
    mov     dword ptr [vote + VOTE_MAGIC], VOTE_MAGIC_VALUE
    mov     dword ptr [vote + VOTE_VERSION], VOTE_VERSION_VALUE
    pop     edi

# Has the vote written.
vote_changed:
    inc     dword ptr [vote + VOTE_SERIAL]
    mov     eax, offset kept_vote
    mov     edx, VOTE_SIZE
    jmp     keep_changed

# Orders ballots: by their count, then by the id of who has made them.
# In: EAX, EDX ballots.
# Out: ZF when they are equal, else CF when EAX's is the lower.
# Clobbers: EAX, ECX, EDX.
.global ballot_compare
ballot_compare:
    mov     ecx, [eax]
    cmp     ecx, [edx]
    jne     9f
    add     eax, BALLOT_ID
    add     edx, BALLOT_ID
    jmp     node_id_compare
9:  ret

# Copies a ballot.
# In: EAX where to, EDX ballot.
.global ballot_copy
ballot_copy:
    mov     ecx, BALLOT_SIZE
    jmp     mem_copy

# Whether this node is one of those who agree, or there are none yet. One that has no disk votes only where nobody has
# one, or had before it went: its vote would not count for what it says, and it could vote twice. So could one whose
# disk has not been read.
# Out: ZF when it is.
# Clobbers: ECX, EDX.
vote_may:
    push    eax
    push    esi
    mov     eax, [kept_vote + KEPT_UNREAD]
    or      eax, [kept_values + KEPT_UNREAD]
    jnz     2f
    cmp     dword ptr [node_mount], 0
    jne     3f
    call    vote_diskless
    jne     2f
3:  mov     esi, [values + VALUES_VOTERS + REGION_VOTERS]
    CHECK   esi, be, VOTERS_MAXIMUM, "vote_may: more voters than the table holds"
    test    esi, esi
    jz      2f
1:  sub     esi, 1
    jb      2f                          # ZF is clear
    lea     eax, [values + VALUES_VOTERS + REGION_IDS + esi*8]
    mov     edx, offset node + NODE_ID
    call    session_same                # ids have the size of sessions
    jne     1b
2:  pop     esi
    pop     eax
    ret

# Whether nobody has a disk, this node neither, nor anybody who has died or left: what was agreed on with disks is
# agreed on with disks ever after. Who has just come knows that when the coordinator's view is its own: until then it
# knows some of the members, or none.
# Out: ZF when that is so.
# Clobbers: ESI.
vote_diskless:
    mov     esi, [coordinator_self]
    or      esi, [trust_confirmed]
    jz      8f
    mov     esi, [peer_first]
1:  test    esi, esi
    jz      9f                          # ZF is set
    test    dword ptr [esi + PEER_FLAGS], FLAG_DISKLESS
    jz      8f
    mov     esi, [esi + PEER_NEXT]
    jmp     1b
8:  test    esp, esp                    # ZF clear
9:  ret

# Somebody proposes. Who does not know the number before the one that it is about does not vote: it says what it knows,
# and is told. May sleep.
# In: EAX packet of KIND_PREPARE or KIND_OFFER, EDX its bytes, ECX its sender's address.
.global vote_asked
vote_asked:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    mov     eax, [reply_kind]
    test    eax, eax
    jz      .Lvote_asked_free
    cmp     dword ptr [node_mount], 0
    je      .Lvote_asked_free
    sub     eax, KIND_PROMISE - KIND_PREPARE    # the kind that is being answered, slowly
    cmp     al, [ebx + CLOUD_KIND]
    je      .Lvote_asked_done
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, offset reply_session
    call    session_same
    jne     .Lvote_asked_done           # who asks now will ask again
.Lvote_asked_free:
    call    vote_remember
    mov     eax, [values + VALUES_NUMBER]
    inc     eax
    cmp     eax, [ebx + CLOUD_SLOT]
    je      .Lvote_asked_slot
    ja      .Lvote_asked_done           # its sender is behind, and hears that from our header
    mov     eax, KIND_REPORT
    call    packet_build
    mov     ecx, CLOUD_SIZE
    call    vote_send
    jmp     .Lvote_asked_done
.Lvote_asked_slot:
    call    vote_may
    jne     .Lvote_asked_done
    cmp     eax, [vote + VOTE_SLOT]     # a vote about an earlier number is over; promises hold
    je      .Lvote_asked_ballot
    mov     [vote + VOTE_SLOT], eax
    xor     eax, eax
    mov     [vote + VOTE_ACCEPTED], eax
.Lvote_asked_ballot:
    lea     eax, [ebx + CLOUD_BALLOT]
    mov     edx, offset vote + VOTE_PROMISED
    call    ballot_compare
    jb      .Lvote_asked_promised       # another was promised more: it hears that
    mov     edi, offset vote + VOTE_PROMISED    # EDI: the ballot that the answer is about
    mov     dword ptr [reply_kind], KIND_PROMISE
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_PREPARE
    je      1f
    mov     edi, offset vote + VOTE_ACCEPTED
    mov     dword ptr [reply_kind], KIND_VOTED
1:  lea     eax, [ebx + CLOUD_BALLOT]
    mov     edx, edi
    call    ballot_compare
    je      .Lvote_asked_again
    mov     eax, offset vote + VOTE_PROMISED
    lea     edx, [ebx + CLOUD_BALLOT]
    call    ballot_copy
    cmp     dword ptr [reply_kind], KIND_PROMISE
    je      .Lvote_asked_changed
    mov     eax, edi
    lea     edx, [ebx + CLOUD_BALLOT]
    call    ballot_copy
    lea     ecx, [esi - CLOUD_OFFER]
    lea     eax, [ecx - REGION_TEXT]
    CHECK   eax, be, VALUES_TEXT_MAXIMUM, "vote_asked: values longer than their record"
    mov     [vote + VOTE_RECORD], eax
    mov     eax, offset vote + VOTE_RECORD + RECORD_REGION
    lea     edx, [ebx + CLOUD_OFFER]
    call    mem_copy
.Lvote_asked_changed:
    call    vote_changed
    # What it was asked before it does not write anew: it would be busy meanwhile, and of some that ask in step none
    # would ever hear another.
.Lvote_asked_again:
    cmp     dword ptr [node_mount], 0
    je      .Lvote_asked_reply          # nothing is ever written
    call    vote_kept
    jmp     .Lvote_asked_done
.Lvote_asked_promised:
    mov     dword ptr [reply_kind], KIND_PROMISE
.Lvote_asked_reply:
    call    vote_reply
.Lvote_asked_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Remembers who has asked.
# In: EBX packet, EDI sender's address.
# Clobbers: EAX.
vote_remember:
    mov     [reply_to], edi
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [reply_session], eax
    mov     eax, [ebx + CLOUD_SESSION + 4]
    mov     [reply_session + 4], eax
    mov     eax, [ebx + CLOUD_SEQUENCE]
    mov     [reply_number], eax
    ret

# Something was written: if it was the vote, who waits for it hears that. May sleep.
.global vote_kept
vote_kept:
    cmp     dword ptr [reply_kind], 0
    je      9f
    mov     eax, offset kept_vote
    call    keep_is_kept
    je      vote_reply
9:  ret

# Says what this node has promised or voted for. May sleep.
vote_reply:
    push    edi
    xor     eax, eax
    xchg    eax, [reply_kind]
    mov     edi, eax
    call    packet_build
    mov     eax, [vote + VOTE_SLOT]
    mov     [cluster_out + CLOUD_SLOT], eax
    mov     eax, offset cluster_out + CLOUD_BALLOT
    mov     edx, offset vote + VOTE_PROMISED
    call    ballot_copy
    mov     ecx, CLOUD_REQUEST_SIZE
    cmp     edi, KIND_VOTED
    je      1f
    mov     eax, offset cluster_out + CLOUD_BEFORE
    mov     edx, offset vote + VOTE_ACCEPTED
    call    ballot_copy
    mov     ecx, CLOUD_OFFER
    cmp     dword ptr [vote + VOTE_ACCEPTED], 0
    je      1f
    mov     eax, offset cluster_out + CLOUD_OFFER
    mov     edx, offset vote + VOTE_RECORD + RECORD_REGION
    mov     ecx, [vote + VOTE_RECORD]
    CHECK   ecx, be, VALUES_TEXT_MAXIMUM, "vote_reply: values longer than their record"
    add     ecx, REGION_TEXT
    push    ecx
    call    mem_copy
    pop     ecx
    add     ecx, CLOUD_OFFER
1:  pop     edi

# Sends who has proposed what is in cluster_out; if it is this node itself, it hears it at once. May sleep.
# In: ECX bytes.
vote_send:
    mov     eax, offset reply_session
    mov     edx, offset trust_session
    push    ecx
    call    session_same
    pop     ecx
    mov     eax, offset cluster_out
    mov     edx, ecx
    je      proposal_answered
    mov     eax, [reply_session]
    push    ecx
    mov     ecx, [reply_number]
    call    session_echo
    pop     ecx
    mov     edx, [reply_to]
    jmp     packet_send_to

# How many more of those that agreed last on the cluster's values are here than are not.
# In: EAX id of who does not count, or 0.
# Out: EAX how many, negative when most are away; 1 when nothing was ever agreed on.
.global voters_here_more
voters_here_more:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     esi, offset values + VALUES_VOTERS + REGION_IDS
    mov     ebx, [values + VALUES_VOTERS + REGION_VOTERS]
    mov     edi, 1
    CHECK   ebx, be, VOTERS_MAXIMUM, "voters_here_more: more voters than the table holds"
    test    ebx, ebx
    jz      .Lvoters_here_more_done
    dec     edi
.Lvoters_here_more_next:
    test    ebp, ebp
    jz      1f
    mov     eax, esi
    mov     edx, ebp
    call    session_same                # ids have the size of sessions
    je      3f
1:  dec     edi
    mov     eax, esi
    mov     edx, offset node + NODE_ID
    call    session_same
    je      2f
    mov     eax, esi
    call    peer_known
    jc      3f
    cmp     dword ptr [eax + PEER_VIEWED], 0
    je      3f
2:  add     edi, 2
3:  add     esi, NODE_ID_SIZE
    dec     ebx
    jnz     .Lvoters_here_more_next
.Lvoters_here_more_done:
    mov     eax, edi
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
