# The table of peers: every other node that was heard or that the coordinator named, ordered by id for the eye and for
# the ranges of a view, hashed by id for the packets. Guarded by the cluster's mutex.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

BUCKETS                 = 256

.bss
.balign 4
.global peer_first
peer_first:             .space 4        # lowest id
peer_count:             .space 4
.global peer_alive
peer_alive:             .space 4        # how many have PEER_ALIVE
.global peer_expiry
peer_expiry:            .space 4        # clock_ms before which none falls silent
.global peer_changed
peer_changed:           .space 4        # 1: some peer has PEER_TELL, or this node something to tell
peer_linked:            .space 4        # the peer that was linked last: ids often come in order
peer_buckets:           .space BUCKETS * 4

.text

# Orders ids.
# In: EAX, EDX ids.
# Out: ZF when they are equal, else CF when EAX's is the lower.
# Clobbers: ECX.
.global node_id_compare
node_id_compare:
    push    ebx
    mov     ecx, [eax]
    mov     ebx, [edx]
    bswap   ecx
    bswap   ebx
    cmp     ecx, ebx
    jne     1f
    mov     ecx, [eax + 4]
    mov     ebx, [edx + 4]
    bswap   ecx
    bswap   ebx
    cmp     ecx, ebx
1:  pop     ebx
    ret

# Finds the bucket of an id. MAC addresses differ in their last bytes most.
# In: EAX id.
# Out: ECX bucket.
peer_bucket:
    movzx   ecx, byte ptr [eax + 7]
    xor     cl, [eax + 6]
    lea     ecx, [peer_buckets + ecx*4]
    ret

# Finds a peer by id.
# In: EAX id.
# Out: EAX peer; CF when it is not in the table.
# Clobbers: EAX, ECX.
.global peer_known
peer_known:
    push    ebx
    push    edx
    mov     edx, eax
    call    peer_bucket
    mov     ebx, [ecx]
1:  test    ebx, ebx
    jz      3f
    mov     eax, [edx]
    cmp     eax, [ebx + PEER_ID]
    jne     2f
    mov     eax, [edx + 4]
    cmp     eax, [ebx + PEER_ID + 4]
    je      4f
2:  mov     ebx, [ebx + PEER_HASH_NEXT]
    jmp     1b
3:  stc
4:  mov     eax, ebx
    pop     edx
    pop     ebx
    ret

# Finds a peer by its name or address, whether it is alive or not.
# In: EAX text.
# Out: EAX peer, or 0.
.global peer_named_any
peer_named_any:
    xor     edx, edx
    jmp     peer_named_so

# Finds a peer that is alive by its name or address.
# In: EAX text.
# Out: EAX peer, or 0.
.global peer_named
peer_named:
    mov     edx, 1
peer_named_so:
    push    ebx
    push    esi
    push    edi
    push    edx
    mov     esi, eax
    call    parse_address
    jc      .Lpeer_named_no_address
    mov     edi, eax
    cmp     byte ptr [edx], 0
    je      .Lpeer_named_look
.Lpeer_named_no_address:
    xor     edi, edi                    # no peer has this address
.Lpeer_named_look:
    mov     ebx, [peer_first]
2:  test    ebx, ebx
    jz      9f
    mov     eax, [ebx + PEER_ALIVE]
    cmp     eax, [esp]
    jb      3f
    cmp     [ebx + PEER_ADDRESS], edi
    je      9f
    lea     eax, [ebx + PEER_NAME]
    mov     edx, esi
    call    string_compare
    je      9f
3:  mov     ebx, [ebx + PEER_NEXT]
    jmp     2b
9:  mov     eax, ebx
    pop     edx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the only node of a name or address, for what is done to it: the machine that a kernel moved away from may have
# its old name again.
# In: EAX text.
# Out: EAX peer that is alive, or 0; EDX 0, or that several living nodes, this one included, have the name.
.global peer_named_only
peer_named_only:
    push    ebx
    push    esi
    mov     esi, eax
    call    peer_named
    mov     ebx, eax
    test    eax, eax
    jz      .Lpeer_named_only_none
    lea     eax, [ebx + PEER_NAME]
    mov     edx, esi
    call    string_compare
    jne     .Lpeer_named_only_found     # by its address
    mov     eax, offset hostname
    push    ebx
1:  mov     edx, esi
    call    string_compare
    je      .Lpeer_named_only_several
2:  mov     ebx, [ebx + PEER_NEXT]
    test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    je      2b
    lea     eax, [ebx + PEER_NAME]
    jmp     1b
3:  pop     ebx
.Lpeer_named_only_found:
    mov     eax, ebx
.Lpeer_named_only_none:
    xor     edx, edx
.Lpeer_named_only_done:
    pop     esi
    pop     ebx
    ret
.Lpeer_named_only_several:
    pop     ebx
    xor     eax, eax
    LOAD_STRING edx, "several nodes have this name: give an address"
    jmp     .Lpeer_named_only_done

# Finds a peer by id, or makes room for it. May sleep.
# In: EAX id.
# Out: EAX peer, only PEER_ID filled in when it is new; CF when there is no room.
.global peer_find
peer_find:
    push    ebx
    push    esi
    mov     esi, eax
    call    peer_known
    mov     ebx, eax
    jnc     .Lpeer_find_found
    cmp     dword ptr [peer_count], PEERS_MAXIMUM
    jae     .Lpeer_find_full
    mov     eax, PEER_SIZE
    call    malloc
    jc      .Lpeer_find_done
    mov     ebx, eax
    inc     dword ptr [peer_count]
    CHECK   "dword ptr [peer_count]", be, PEERS_MAXIMUM, "peer_find: more peers than the table holds"
    jmp     .Lpeer_find_enter
.Lpeer_find_full:
    call    peer_evict                  # an offline one makes room
    jc      .Lpeer_find_done
    mov     ebx, eax
.Lpeer_find_enter:
    mov     eax, [esi]
    mov     [ebx + PEER_ID], eax
    mov     eax, [esi + 4]
    mov     [ebx + PEER_ID + 4], eax
    call    peer_link
.Lpeer_find_found:
    mov     eax, ebx
    clc
.Lpeer_find_done:
    pop     esi
    pop     ebx
    ret

# Links a new peer into list and bucket.
# In: EBX peer.
peer_link:
    CHECK_HELD cluster_mutex, "peer_link: cluster_mutex is not held"
    push    esi
    lea     eax, [ebx + PEER_ID]
    call    peer_bucket
    mov     eax, [ecx]
    mov     [ebx + PEER_HASH_NEXT], eax
    mov     [ecx], ebx
    mov     esi, [peer_linked]
    test    esi, esi
    jz      3f
    lea     eax, [ebx + PEER_ID]
    lea     edx, [esi + PEER_ID]
    call    node_id_compare
    ja      1f
3:  mov     esi, offset peer_first      # PEER_NEXT is 0, so the head looks like a peer
1:  mov     edx, [esi + PEER_NEXT]
    test    edx, edx
    jz      2f
    add     edx, PEER_ID
    lea     eax, [ebx + PEER_ID]
    call    node_id_compare
    jb      2f
    CHECK   ne, "peer_link: the peer is in the list already"
    mov     esi, [esi + PEER_NEXT]
    jmp     1b
2:  mov     eax, [esi + PEER_NEXT]
    mov     [ebx + PEER_NEXT], eax
    mov     [esi + PEER_NEXT], ebx
    mov     [peer_linked], ebx
    pop     esi
    ret

# Takes the offline peer that was silent longest out of the table.
# Out: EAX peer, zeroed; CF when all are alive.
peer_evict:
    push    ebx
    push    esi
    push    edi
    call    clock_ms
    mov     edi, eax
    xor     esi, esi
    xor     ecx, ecx                    # longest silence so far
    mov     ebx, [peer_first]
.Lpeer_evict_next:
    test    ebx, ebx
    jz      .Lpeer_evict_oldest
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    jne     .Lpeer_evict_skip
    mov     eax, edi
    sub     eax, [ebx + PEER_SEEN]
    test    esi, esi
    jz      .Lpeer_evict_longer
    cmp     eax, ecx
    jbe     .Lpeer_evict_skip
.Lpeer_evict_longer:
    mov     ecx, eax
    mov     esi, ebx
.Lpeer_evict_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lpeer_evict_next
.Lpeer_evict_oldest:
    test    esi, esi
    stc
    jz      .Lpeer_evict_done
    mov     eax, offset peer_first
.Lpeer_evict_link:
    cmp     [eax + PEER_NEXT], esi
    je      .Lpeer_evict_linked
    mov     eax, [eax + PEER_NEXT]
    CHECK   eax, ne, 0, "peer_evict: the peer is in no list"
    jmp     .Lpeer_evict_link
.Lpeer_evict_linked:
    CHECK   "dword ptr [esi+PEER_VIEWED]", e, 0, "peer_evict: the view has the peer"
    mov     edx, [esi + PEER_NEXT]
    mov     [eax + PEER_NEXT], edx
    lea     eax, [esi + PEER_ID]
    call    peer_bucket
    sub     ecx, PEER_HASH_NEXT         # so that the bucket looks like a peer
.Lpeer_evict_bucket:
    cmp     [ecx + PEER_HASH_NEXT], esi
    je      .Lpeer_evict_in_bucket
    mov     ecx, [ecx + PEER_HASH_NEXT]
    CHECK   ecx, ne, 0, "peer_evict: the peer is in no bucket"
    jmp     .Lpeer_evict_bucket
.Lpeer_evict_in_bucket:
    mov     edx, [esi + PEER_HASH_NEXT]
    mov     [ecx + PEER_HASH_NEXT], edx
    mov     edi, esi
    xor     eax, eax
    mov     ecx, PEER_SIZE / 4
    rep stosd
    mov     eax, esi
    clc
.Lpeer_evict_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks whether another node has the address of this one, as when the machine that a kernel has left got its lease
# again: without ARP neither would hear of that.
# In: ECX the other's address.
# Clobbers: EAX, EDX.
.global peer_contests
peer_contests:
    mov     eax, [cluster_netif]
    cmp     ecx, [eax + NETIF_ADDRESS]
    je      arp_contested
    ret

# Enters what a packet says about its sender.
# In: EAX peer, EDX packet, ECX address of the sender.
.global peer_heard
peer_heard:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     [ebx + PEER_ADDRESS], ecx
    call    peer_contests
    call    clock_ms
    mov     [ebx + PEER_SEEN], eax
    mov     eax, [trust_sequence]
    mov     [ebx + PEER_SINCE], eax
    mov     dword ptr [ebx + PEER_ENTITLED], ENTITLED
    call    health_heard
    call    ring_heard
    mov     eax, [esi + CLOUD_ERA]
    mov     [ebx + PEER_ERA], eax
    mov     eax, [esi + CLOUD_AGE]
    mov     [ebx + PEER_AGE], eax
    call    peer_aged
    mov     eax, [esi + CLOUD_REVISION]
    mov     [ebx + PEER_REVISION], eax
    movzx   eax, byte ptr [esi + CLOUD_STATE]
    CHECK   eax, be, STATE_MEMBER, "peer_heard: a state that no peer has"
    mov     [ebx + PEER_STATE], eax
    movzx   eax, byte ptr [esi + CLOUD_FLAGS]
    and     eax, FLAGS_ENTRY
    mov     [ebx + PEER_FLAGS], eax
    movzx   eax, byte ptr [esi + CLOUD_KIND]
    lea     edi, [ebx + PEER_NAME]
    add     esi, CLOUD_NAME
    mov     ecx, NAME_SIZE / 4
    rep movsd
    cmp     eax, KIND_BYE
    je      1f
    call    peer_renew
    call    peer_revive
    jmp     9f
1:  call    peer_gone
    mov     dword ptr [ebx + PEER_LEFT], 1
    mov     dword ptr [ebx + PEER_WINDOW], -1   # what it said before and comes later does not bring it back
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# A peer has another session: its highest age so far is that of an earlier boot.
# In: EAX peer.
# Clobbers: ECX.
.global peer_outlived
peer_outlived:
    mov     dword ptr [eax + PEER_REMINDED], 0
    call    peer_age
    mov     [eax + PEER_KNOWN], ecx
    ret

# The highest age that is known of a peer, whichever boot it was.
# In: EAX peer.
# Out: ECX age.
.global peer_age
peer_age:
    mov     ecx, [eax + PEER_AGE]
    cmp     ecx, [eax + PEER_KNOWN]
    jae     9f
    mov     ecx, [eax + PEER_KNOWN]
9:  ret

# A peer's age is known: is it above that of all its earlier boots?
# In: EBX peer.
# Clobbers: EAX.
.global peer_aged
peer_aged:
    mov     eax, [ebx + PEER_AGE]
    cmp     eax, [ebx + PEER_KNOWN]
    jbe     9f
    mov     dword ptr [ebx + PEER_KNOWN], 0
9:  ret

# What is known of a peer may have changed: its digest follows, and the others are to be told.
# In: EBX peer.
# Clobbers: EAX, ECX, EDX.
.global peer_renew
peer_renew:
    lea     edx, [ebx + PEER_ID]
    call    entry_digest
    mov     ecx, [ebx + PEER_DIGEST]
    cmp     eax, ecx
    je      9f
    mov     [ebx + PEER_DIGEST], eax
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      1f
    sub     eax, ecx
    add     [view_digest], eax
1:  mov     dword ptr [ebx + PEER_TELL], 1
    mov     dword ptr [peer_changed], 1
9:  ret

# A peer is alive.
# In: EBX peer.
# Clobbers: nothing.
.global peer_revive
peer_revive:
    mov     dword ptr [ebx + PEER_LEFT], 0
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    jne     9f
    mov     dword ptr [ebx + PEER_ALIVE], 1
    inc     dword ptr [peer_alive]
9:  ret

# No peer is alive any more: this node belongs to another cluster from now on.
.global peer_forget
peer_forget:
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      2f
    call    peer_gone
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
2:  pop     ebx
    ret

# Gives the table back.
.global peer_free
peer_free:
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      2f
    mov     eax, ebx
    mov     ebx, [ebx + PEER_NEXT]
    call    mfree
    jmp     1b
2:  pop     ebx
    ret

# A peer is offline; it belongs to the view no longer.
# In: EBX peer.
# Clobbers: EAX.
.global peer_gone
peer_gone:
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    je      1f
    mov     dword ptr [ebx + PEER_ALIVE], 0
    CHECK   "dword ptr [peer_alive]", ne, 0, "peer_gone: more peers go than were alive"
    dec     dword ptr [peer_alive]
    mov     dword ptr [ebx + PEER_TELL], 1
    mov     dword ptr [peer_changed], 1
1:  xor     eax, eax
    mov     [ebx + PEER_PROBES], eax    # that it did not answer was no fault of ours
    mov     [ebx + PEER_SUSPECTED], eax

# Takes a peer into the view, or out of it.
# In: EBX peer, EAX 1 or 0.
# Clobbers: EAX.
.global peer_vouch
peer_vouch:
    CHECK   eax, be, 1, "peer_vouch: it is in the view or it is not"
    cmp     [ebx + PEER_VIEWED], eax
    je      9f
    mov     [ebx + PEER_VIEWED], eax
    mov     dword ptr [ebx + PEER_TELL], 1
    mov     dword ptr [peer_changed], 1
    test    eax, eax
    mov     eax, [ebx + PEER_DIGEST]
    jz      1f
    inc     dword ptr [view_members]
    add     [view_digest], eax
    ret
1:  dec     dword ptr [view_members]
    sub     [view_digest], eax
9:  ret

# Takes peers that have been silent for too long for offline: the coordinator the members that it watches or looks
# after, once it has asked them; all nodes those that nobody vouches for. Who watches a silent member accuses it. Looks
# through the table only when one may be due. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, 0x7FFFFFFF when no peer is alive.
.global peer_expire
peer_expire:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    cmp     dword ptr [peer_alive], 0
    je      .Lpeer_expire_nobody
    mov     edi, [peer_expiry]
    sub     edi, esi
    test    edi, edi
    jg      .Lpeer_expire_wait
    call    health_beat                 # the next that may be due: one that is heard right now
    mov     edi, eax
    mov     eax, esi
    call    ring_look
    push    0                           # [esp]: 1 when a member has died
    mov     ebx, [peer_first]
.Lpeer_expire_next:
    test    ebx, ebx
    jz      .Lpeer_expire_end
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    je      .Lpeer_expire_skip
    call    health_patience
    add     eax, [ebx + PEER_SEEN]
    sub     eax, esi
    mov     ebp, eax                    # milliseconds left
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lpeer_expire_own_word
    cmp     ebx, [ring_watched]
    je      .Lpeer_expire_watched
    mov     eax, [coordinator_self]
    and     eax, [ebx + PEER_SUSPECTED]
    jz      .Lpeer_expire_skip
.Lpeer_expire_watched:
    cmp     dword ptr [coordinator_self], 0
    jne     .Lpeer_expire_asked
    call    health_confirm
    sub     ebp, eax                    # the rest is the coordinator's
.Lpeer_expire_asked:
    test    ebp, ebp
    jle     .Lpeer_expire_silent
    call    peer_probe
    jmp     .Lpeer_expire_own_word
.Lpeer_expire_silent:
    cmp     dword ptr [coordinator_self], 0
    jne     .Lpeer_expire_dead
    mov     eax, esi
    call    ring_accuse
    mov     ebp, eax
    call    peer_probe                  # asked it is nevertheless
    jmp     .Lpeer_expire_later
.Lpeer_expire_dead:
    mov     dword ptr [esp], 1
.Lpeer_expire_own_word:
    test    ebp, ebp
    jg      .Lpeer_expire_later
    call    peer_gone
    jmp     .Lpeer_expire_skip
.Lpeer_expire_later:
    cmp     ebp, edi
    jae     .Lpeer_expire_skip
    mov     edi, ebp
.Lpeer_expire_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lpeer_expire_next
.Lpeer_expire_end:
.ifdef CHECKS
    call    peers_check
.endif
    lea     ecx, [esi + edi]
    mov     [peer_expiry], ecx
    pop     eax
    test    eax, eax
    jz      .Lpeer_expire_wait
    call    ring_rolls
    je      .Lpeer_expire_wait
    call    health_roll
    call    ring_roll
    mov     edi, 1
.Lpeer_expire_wait:
    mov     eax, edi
    jmp     .Lpeer_expire_done
.Lpeer_expire_nobody:
    mov     [peer_expiry], esi          # the first peer to come is looked at soon after
    mov     eax, 0x7FFFFFFF
.Lpeer_expire_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Asks a peer whether it lives, when it is time to.
# In: EBX peer, ESI clock_ms, EBP milliseconds until it is looked at again.
# Out: EBP.
# Clobbers: EAX, ECX, EDX.
peer_probe:
    mov     eax, esi
    mov     ecx, esi
    sub     ecx, [ebx + PEER_SEEN]
    call    health_probe
    cmp     eax, ebp
    jge     1f
    mov     ebp, eax
1:  ret

# This node stood still: what the others have said meanwhile is yet to be read.
# In: EAX now.
.global peer_thaw
peer_thaw:
    mov     ecx, [peer_first]
1:  test    ecx, ecx
    jz      2f
    cmp     dword ptr [ecx + PEER_ALIVE], 0
    je      3f
    mov     [ecx + PEER_SEEN], eax
3:  mov     ecx, [ecx + PEER_NEXT]
    jmp     1b
2:  ret

.ifdef CHECKS
# Holds the table against what it promises: peers in the order of their ids; as many, as many alive, and as many in the
# view as are counted; the digests of these add up to the view's.
# Clobbers: EAX, ECX, EDX.
.global peers_check
peers_check:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    [peer_count]
    push    [peer_alive]
    mov     ebp, [view_members]
    mov     edi, [view_digest]
    xor     esi, esi                    # the peer before
    mov     ebx, [peer_first]
.Lpeers_check_next:
    test    ebx, ebx
    jz      .Lpeers_check_end
    dec     dword ptr [esp + 4]
    mov     eax, [ebx + PEER_ALIVE]
    sub     [esp], eax
    CHECK   [ebx+PEER_VIEWED], be, eax, "peers_check: the view has a peer that is not alive"
    sub     ebp, [ebx + PEER_VIEWED]
    mov     eax, [ebx + PEER_VIEWED]
    neg     eax
    and     eax, [ebx + PEER_DIGEST]
    sub     edi, eax
    test    esi, esi
    jz      .Lpeers_check_first
    lea     eax, [esi + PEER_ID]
    lea     edx, [ebx + PEER_ID]
    call    node_id_compare
    CHECK   b, "peers_check: the peers are not in the order of their ids"
.Lpeers_check_first:
    mov     esi, ebx
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lpeers_check_next
.Lpeers_check_end:
    pop     eax
    pop     edx
    CHECK   edx, e, 0, "peers_check: there are not so many peers"
    CHECK   eax, e, 0, "peers_check: not so many peers are alive"
    CHECK   ebp, e, 0, "peers_check: not so many peers are in the view"
    CHECK   edi, e, 0, "peers_check: the view has another digest"
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.endif
