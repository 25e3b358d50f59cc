# The view: which nodes belong to the cluster. The coordinator holds it, tells the group what changed in it, and sends
# all of it to whoever asks; the others take it over. Both keep its digest, so that a view that differs is noticed
# within a second, whatever was lost. See docs/protocols/cluster.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"

.bss
.balign 4
.global view_members
view_members:           .space 4        # peers in the view; this node itself is not counted
.global view_digest
view_digest:            .space 4        # sum of their digests
.global view_confirmed
view_confirmed:         .space 4        # clock_ms at which the coordinator's digest was ours
applied:                .space 4        # number of the packet whose entries were applied last
own_entry:              .space ENTRY_SIZE

ON_HOOK http_cluster, node + NODE_ERA, view_members, trust_name

.text

# The number that stands for an entry: FNV-1a over its dwords, state and sequence apart.
# In: EDX entry, or PEER_ID of a peer.
# Out: EAX digest.
# Clobbers: ECX, EDX.
.global entry_digest
entry_digest:
    mov     ecx, ENTRY_DIGESTED / 4

# The number that stands for some dwords.
# In: EDX dwords, ECX how many, at least 1.
# Out: EAX digest.
# Clobbers: ECX, EDX.
.global words_digest
words_digest:
    mov     eax, 0x811C9DC5
1:  xor     eax, [edx]
    imul    eax, eax, 0x01000193
    rol     eax, 7                      # FNV alone carries nothing down
    add     edx, 4
    dec     ecx
    jnz     1b
    ret

# The digest of the whole view as others hear it, this node included. Builds a packet in cluster_out.
# Out: EAX digest.
# Clobbers: ECX, EDX.
.global view_own_digest
view_own_digest:
    mov     eax, KIND_REPORT            # what we say of ourselves
    call    packet_build

# The digest of the whole view, this node included.
# In: cluster_out any packet of this node.
# Out: EAX digest.
# Clobbers: ECX, EDX.
view_whole_digest:
    push    edi
    mov     edi, offset own_entry
    xor     eax, eax
    mov     ecx, ENTRY_SIZE / 4
    rep stosd
    mov     edi, offset own_entry
    mov     eax, [node + NODE_ID]
    mov     [edi + ENTRY_ID], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [edi + ENTRY_ID + 4], eax
    mov     edx, offset cluster_out     # the rest is as our packets say it
    mov     eax, [edx + CLOUD_AGE]
    mov     [edi + ENTRY_AGE], eax
    mov     eax, [edx + CLOUD_REVISION]
    mov     [edi + ENTRY_REVISION], eax
    movzx   eax, byte ptr [edx + CLOUD_FLAGS]
    and     eax, FLAGS_ENTRY
    mov     [edi + ENTRY_FLAGS], al
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_ADDRESS]
    mov     [edi + ENTRY_ADDRESS], eax
    mov     eax, [trust_session]
    mov     [edi + ENTRY_SESSION], eax
    mov     eax, [trust_session + 4]
    mov     [edi + ENTRY_SESSION + 4], eax
    lea     eax, [edi + ENTRY_NAME]
    add     edx, CLOUD_NAME
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     edx, edi
    call    entry_digest
    add     eax, [view_digest]
    pop     edi
    ret

# Begins a view in cluster_out.
# Out: EDI where its first entry goes.
view_begin:
    mov     eax, KIND_VIEW
    call    packet_build
    call    ring_rolls
    jne     1f
    or      byte ptr [cluster_out + CLOUD_FLAGS], FLAG_ROLL
1:  call    view_whole_digest
    mov     edi, offset cluster_out
    mov     [edi + CLOUD_DIGEST], eax
    mov     eax, [view_members]
    inc     eax
    mov     [edi + CLOUD_MEMBERS], eax
    mov     eax, offset report_own      # it has no entry for its own state
    call    report_told
    or      ecx, 1 << 16
    mov     [edi + CLOUD_TOLD], ecx
    add     edi, CLOUD_ENTRIES
    ret

# Sends it.
# In: EDI after its last entry, EDX address.
view_finish:
    mov     ecx, edi
    sub     ecx, offset cluster_out
    jmp     packet_send_to

# Sends a full packet to the group, and begins another.
# In: EDI after its last entry.
# Out: EDI where the next one's first entry goes.
view_next:
    mov     edx, CLUSTER_GROUP
    call    view_finish
    jmp     view_begin

# Appends a peer.
# In: EBX peer, EDI where to, AL its state.
# Out: EDI after it.
view_put:
    CHECK   edi, b, "offset cluster_out + CLOUD_MAXIMUM", "view_put: the packet is full"
    push    esi
    lea     esi, [ebx + PEER_ID]
    mov     ecx, ENTRY_SIZE / 4
    rep movsd
    mov     [edi - ENTRY_SIZE + ENTRY_STATE], al
    mov     eax, [ebx + PEER_REPORT + REPORT_TOLD]
    mov     [edi - ENTRY_SIZE + ENTRY_UPGRADE], ax
    pop     esi
    ret

# Tells the group what changed, then who shall prove itself, or at least that the coordinator lives. Changes come first,
# so that whoever has read them knows that the rest is nothing to it (spare.s). May sleep.
.global view_tell
view_tell:
    push    ebx
    push    edi
    call    view_begin
    cmp     dword ptr [peer_changed], 0
    je      .Lview_tell_strangers
    mov     ebx, [peer_first]
.Lview_tell_next:
    test    ebx, ebx
    jz      .Lview_tell_end
    cmp     dword ptr [ebx + PEER_TELL], 0
    je      .Lview_tell_skip
    mov     dword ptr [ebx + PEER_TELL], 0
    call    view_state
    jz      .Lview_tell_skip
    call    view_put
.Lview_tell_skip:
    mov     ebx, [ebx + PEER_NEXT]
    cmp     edi, offset cluster_out + CLOUD_MAXIMUM
    jb      .Lview_tell_next
    call    view_next
    jmp     .Lview_tell_next
.Lview_tell_end:
    mov     dword ptr [peer_changed], 0
.Lview_tell_strangers:
    call    stranger_put
    call    stranger_waits
    je      .Lview_tell_last
    call    view_next
    jmp     .Lview_tell_strangers
.Lview_tell_last:
    mov     edx, CLUSTER_GROUP
    call    view_finish
    pop     edi
    pop     ebx
    ret

# What the others are told of a peer.
# In: EBX peer.
# Out: AL state; ZF for nothing: it belongs to another cluster.
view_state:
    mov     al, STATE_MEMBER
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    jne     9f
    mov     al, STATE_LEFT
    cmp     dword ptr [ebx + PEER_LEFT], 0
    jne     9f
    mov     al, STATE_OFFLINE
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    je      8f
    mov     al, STATE_JOINING
    cmp     dword ptr [ebx + PEER_STATE], STATE_JOINING
    je      8f
    xor     eax, eax
    ret
8:  test    al, al                      # ZF clear
9:  ret

# Sends the whole view, each packet a range of ids, so that who has it knows also whom it does not hold. May sleep.
# In: EAX address.
.global view_tell_whole
view_tell_whole:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     ebx, [peer_first]
    xor     esi, esi                    # peer at which the range before ended
.Lview_tell_whole_packet:
    call    view_begin
    mov     edx, offset cluster_out
    test    esi, esi
    jz      .Lview_tell_whole_next
    mov     eax, [esi + PEER_ID]
    mov     [edx + CLOUD_FROM], eax
    mov     eax, [esi + PEER_ID + 4]
    mov     [edx + CLOUD_FROM + 4], eax
.Lview_tell_whole_next:
    test    ebx, ebx
    jz      .Lview_tell_whole_last
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lview_tell_whole_skip
    mov     al, STATE_MEMBER
    call    view_put
.Lview_tell_whole_skip:
    mov     esi, ebx
    mov     ebx, [ebx + PEER_NEXT]
    cmp     edi, offset cluster_out + CLOUD_MAXIMUM
    jb      .Lview_tell_whole_next
    test    ebx, ebx
    jz      .Lview_tell_whole_last
    mov     edx, offset cluster_out
    mov     eax, [esi + PEER_ID]
    mov     [edx + CLOUD_TO], eax
    mov     eax, [esi + PEER_ID + 4]
    mov     [edx + CLOUD_TO + 4], eax
    mov     edx, ebp
    call    view_finish
    jmp     .Lview_tell_whole_packet
.Lview_tell_whole_last:
    mov     edx, offset cluster_out
    mov     dword ptr [edx + CLOUD_TO], -1
    mov     dword ptr [edx + CLOUD_TO + 4], -1
    mov     edx, ebp
    call    view_finish
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes over what the coordinator's packet says. May sleep.
# In: EAX packet, EDX its bytes.
# Out: ZF when our view is now the coordinator's; EAX 1 when it does not know that this node is a member.
.global view_apply
view_apply:
    CHECK_HELD cluster_mutex, "view_apply: cluster_mutex is not held"
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    0                           # [esp]: 1 when it does not know us
    mov     ebp, eax
    lea     esi, [eax + CLOUD_ENTRIES]
    lea     edi, [eax + edx]
    inc     dword ptr [applied]
1:  cmp     esi, edi
    jae     2f
    call    view_apply_entry
    or      [esp], eax
    add     esi, ENTRY_SIZE
    CHECK   esi, be, edi, "view_apply: half an entry"
    jmp     1b
2:  call    view_apply_range
    call    view_apply_told
.ifdef CHECKS
    call    peers_check
.endif
    call    view_own_digest
    cmp     eax, [ebp + CLOUD_DIGEST]
    jne     9f
    mov     eax, [view_members]
    inc     eax
    cmp     eax, [ebp + CLOUD_MEMBERS]
    jne     9f
    call    clock_ms
    mov     [view_confirmed], eax
    mov     dword ptr [trust_confirmed], 1
    cmp     eax, eax
9:  pop     eax
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Notes what the coordinator says of its own upgrade; older kernels say nothing.
# In: EBP packet.
# Clobbers: EAX, ECX.
view_apply_told:
    cmp     word ptr [ebp + CLOUD_TOLD + 2], 1
    jne     1f
    lea     eax, [ebp + CLOUD_NODE]
    call    peer_known
    jc      1f
    mov     cx, [ebp + CLOUD_TOLD]
    mov     [eax + PEER_REPORT + REPORT_TOLD], cx
1:  ret

# Applies one entry.
# In: ESI entry, EBP packet.
# Out: EAX 1 when it says that this node is no member. Keeps ESI, EDI, EBP.
view_apply_entry:
    mov     eax, esi
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    je      .Lview_apply_entry_self
    call    view_apply_address
    cmp     byte ptr [esi + ENTRY_STATE], STATE_NAMED
    je      .Lview_apply_entry_known    # meant for it alone
    mov     eax, esi
    lea     edx, [ebp + CLOUD_NODE]
    call    node_id_compare             # the coordinator itself speaks in the header
    je      .Lview_apply_entry_known
    mov     eax, esi
    call    peer_find
    jc      .Lview_apply_entry_full
    mov     ebx, eax
    mov     eax, [applied]
    mov     [ebx + PEER_LISTED], eax
    call    view_apply_session
    jc      .Lview_apply_entry_behind
    push    esi
    push    edi
    lea     edi, [ebx + PEER_ID]
    mov     ecx, ENTRY_DIGESTED / 4
    rep movsd
    pop     edi
    pop     esi
    mov     ax, [esi + ENTRY_UPGRADE]
    mov     [ebx + PEER_REPORT + REPORT_TOLD], ax
    and     dword ptr [ebx + PEER_FLAGS], FLAGS_ENTRY
    call    peer_aged
    call    peer_renew
    movzx   eax, byte ptr [esi + ENTRY_STATE]
    cmp     eax, STATE_MEMBER
    ja      .Lview_apply_entry_offline
    mov     [ebx + PEER_STATE], eax
    call    clock_ms
    mov     [ebx + PEER_SEEN], eax
    mov     eax, [ebp + CLOUD_ERA]
    mov     [ebx + PEER_ERA], eax
    call    peer_revive
    xor     eax, eax
    cmp     dword ptr [ebx + PEER_STATE], STATE_MEMBER
    sete    al
    cmp     [ebx + PEER_ENTITLED], eax  # ENTITLED, where nothing is known against it
    jae     1f
    mov     [ebx + PEER_ENTITLED], eax
1:  call    peer_vouch
    jmp     .Lview_apply_entry_known
.Lview_apply_entry_behind:              # what is said of that boot is no news, but that nobody vouches for the node is
    call    view_apply_behind
    jmp     .Lview_apply_entry_known
.Lview_apply_entry_offline:
    call    view_apply_offline
    jmp     .Lview_apply_entry_known
.Lview_apply_entry_full:
    COUNT   cloud_full
.Lview_apply_entry_known:
    xor     eax, eax
    ret
.Lview_apply_entry_self:
    lea     eax, [esi + ENTRY_SESSION]
    mov     edx, offset trust_session
    call    session_same
    jne     .Lview_apply_entry_other
    cmp     byte ptr [esi + ENTRY_STATE], STATE_NAMED
    je      .Lview_apply_entry_named
    xor     eax, eax
    cmp     byte ptr [esi + ENTRY_STATE], STATE_MEMBER
    setne   al
    ret
.Lview_apply_entry_named:
    cmp     dword ptr [trust_confirmed], 0
    jne     .Lview_apply_entry_known    # the age that is known is that of this boot
    mov     eax, [esi + ENTRY_AGE]
    call    node_older
    xor     eax, eax
    ret
.Lview_apply_entry_other:
    cmp     byte ptr [esi + ENTRY_STATE], STATE_NAMED
    je      .Lview_apply_entry_known    # the coordinator heard it, and has not believed it: it may be a recording
.Lview_apply_entry_twin:
    mov     edx, [esi + ENTRY_ADDRESS]
    call    twin_viewed
    mov     eax, 1
    ret

# Takes in the address of another node that speaks.
# In: ESI entry.
# Clobbers: EAX, ECX, EDX.
view_apply_address:
    cmp     byte ptr [esi + ENTRY_STATE], STATE_OFFLINE
    je      9f
    cmp     byte ptr [esi + ENTRY_STATE], STATE_LEFT
    je      9f
    mov     ecx, [esi + ENTRY_ADDRESS]
    jmp     peer_contests
9:  ret

# Takes in an entry about a boot that is over. It is no news, but that nobody vouches for the node is.
# In: EBX node, ESI entry.
# Clobbers: EAX, ECX, EDX.
view_apply_behind:
    cmp     byte ptr [esi + ENTRY_STATE], STATE_MEMBER
    jbe     .Lview_apply_behind_outlived
    call    peer_gone
    jmp     .Lview_apply_behind_done
.Lview_apply_behind_outlived:            # whoever had that boot is watched by nobody who knows that it is over: the
    cmp     dword ptr [ebx + PEER_ALIVE], 0 # coordinator, which slept through its end, would vouch for it for ever
    jne     .Lview_apply_behind_done
    call    clock_ms
    call    ring_accuse
.Lview_apply_behind_done:
    ret

# Takes in that a node has left, or died.
# In: EBX node, ESI entry.
# Clobbers: EAX, ECX, EDX.
view_apply_offline:
    call    peer_gone
    xor     eax, eax
    cmp     byte ptr [esi + ENTRY_STATE], STATE_LEFT
    sete    al
    mov     [ebx + PEER_LEFT], eax
    test    eax, eax
    jz      .Lview_apply_offline_done
    mov     eax, [esi + ENTRY_SEQUENCE] # of its bye: what it said before and comes later does not bring it back
    cmp     eax, [ebx + PEER_SEQUENCE]
    jb      .Lview_apply_offline_done
    mov     [ebx + PEER_SEQUENCE], eax
    mov     dword ptr [ebx + PEER_WINDOW], -1
.Lview_apply_offline_done:
    ret

# Takes over the session that an entry gives a peer. What was heard of that session stays; else what it has sent so far
# counts as heard. From a session that is proven to this node none leads back to one that was replaced: a coordinator
# that knows less may list that, and from then on what the peer says itself would be refused.
# In: EBX peer, ESI entry.
# Out: CF when the entry is about an earlier boot.
# Clobbers: EAX, ECX, EDX.
view_apply_session:
    lea     eax, [ebx + PEER_SESSION]
    lea     edx, [esi + ENTRY_SESSION]
    call    session_same
    je      8f
    call    session_retired
    mov     eax, ebx
    jne     1f
    cmp     dword ptr [ebx + PEER_PROVEN], 0
    stc
    jne     9f
    call    peer_outlived
    mov     ecx, [esi + ENTRY_AGE]      # it had this one before, and a coordinator that knew less another: the age that
    cmp     ecx, [ebx + PEER_KNOWN]     # is remembered may be that of this boot
    jb      2f
    mov     dword ptr [ebx + PEER_KNOWN], 0
    jmp     2f
1:  call    peer_outlived
2:  call    session_retire
    mov     dword ptr [ebx + PEER_PROVEN], 0
    mov     eax, [trust_sequence]
    mov     [ebx + PEER_SINCE], eax
    mov     eax, [esi + ENTRY_SEQUENCE]
    mov     [ebx + PEER_SEQUENCE], eax
    mov     dword ptr [ebx + PEER_WINDOW], -1
    jmp     .Lview_apply_session_known
8:  cmp     dword ptr [ebx + PEER_SINCE], 0 # a copy has counted anew: as to a node that has just booted, no session but
    jne     .Lview_apply_session_known  # this one is shown by what the copy said before it was listed
    mov     eax, [trust_sequence]
    mov     [ebx + PEER_SINCE], eax
.Lview_apply_session_known:
    clc
9:  ret

# Takes out of the view whom the packet's range does not hold: above CLOUD_FROM, up to CLOUD_TO.
# In: EBP packet.
# Clobbers: EBX too.
view_apply_range:
    mov     eax, [ebp + CLOUD_TO]
    or      eax, [ebp + CLOUD_TO + 4]
    jz      9f
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      9f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      3f
    mov     eax, [applied]
    cmp     eax, [ebx + PEER_LISTED]
    je      3f
    lea     eax, [ebx + PEER_ID]
    lea     edx, [ebp + CLOUD_FROM]
    call    node_id_compare
    jbe     3f
    lea     edx, [ebp + CLOUD_TO]
    call    node_id_compare
    ja      9f
    lea     edx, [ebp + CLOUD_NODE]
    call    node_id_compare
    je      3f
    call    peer_gone
3:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
9:  ret

# Nobody is vouched for any more, as this node enters another cluster; who does not follow falls silent.
.global view_disband
view_disband:
    push    ebx
    push    esi
    call    clock_ms
    mov     esi, eax
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      9f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    mov     [ebx + PEER_SEEN], esi
    xor     eax, eax
    call    peer_vouch
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
9:  pop     esi
    pop     ebx
    ret
