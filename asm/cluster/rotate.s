# How the members get a new key for the cluster while it runs. One member draws it and gives it to each other one alone,
# enciphered with what the two share (X25519): who knows the old key, and has heard all, has nothing of it. Whose public
# number is whose follows from the sessions that the members know of each other. When all that live have the new key on
# disk, the one who gives it uses it, and so does everyone who hears that. Who was away meanwhile is given it later
# (away.s). See docs/protocols/cluster-key.md.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"

OFFER_MS                = 200           # between two offers to one member
OFFERS                  = 8             # in one step: the answers cost a millisecond each

.section .rodata
.balign 4
# By kind. In: EBX packet, ESI peer, EDI its address; its session is known, and the packet is new.
heard:                  .long   rotate_offered, rotate_shown, rotate_given, rotate_had

.bss
.balign 4
    # 1: this node gives a new key, from rotate_begin on; 2: it begins to use it; 0: neither
.global rotating
rotating:               .space 4
rotate_key:             .space KEY_SIZE
rotate_nonce:           .space NONCE_SIZE
rotate_out:             .space NODE_ID_SIZE # who is put out, or 0
    # this node is given: what was offered last,
offered_session:        .space SESSION_SIZE # by whom,
offered_public:         .space X25519_BYTES
offered_nonce:          .space NONCE_SIZE
    # and what was taken last
taken_nonce:            .space NONCE_SIZE
taken_out:              .space NODE_ID_SIZE
taken_late:             .space 4        # 1: it counted before
taken_from:             .space NAME_SIZE    # empty: it was taken before the last boot

.text

# Begins to replace the key: draws one. Who is a member now, and no other, can have it.
# In: EDX id of who is put out, or 0.
.global rotate_begin
rotate_begin:
    push    ebx
    push    esi
    mov     esi, edx
    xor     eax, eax
    mov     [rotate_out], eax
    mov     [rotate_out + 4], eax
    test    esi, esi
    jz      1f
    mov     eax, [esi]
    mov     [rotate_out], eax
    mov     eax, [esi + 4]
    mov     [rotate_out + 4], eax
1:  mov     eax, offset rotate_key
    mov     edx, KEY_SIZE
    call    generator_fill
    mov     eax, offset rotate_nonce
    mov     edx, NONCE_SIZE
    call    generator_fill
    mov     dword ptr [rotating], 1
    mov     ebx, [peer_first]
.Lrotate_begin_next:
    test    ebx, ebx
    jz      .Lrotate_begin_keep
    mov     ecx, KEYED_WANTED
    mov     eax, [ebx + PEER_ID]
    cmp     eax, [rotate_out]
    jne     .Lrotate_begin_wanted
    mov     eax, [ebx + PEER_ID + 4]
    cmp     eax, [rotate_out + 4]
    jne     .Lrotate_begin_wanted
    mov     ecx, KEYED_NOT
.Lrotate_begin_wanted:
    mov     [ebx + PEER_KEYED], ecx
    call    clock_ms
    sub     eax, OFFER_MS
    mov     [ebx + PEER_OFFERED], eax
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lrotate_begin_next
.Lrotate_begin_keep:
    mov     eax, offset rotate_key
    call    keyring_expect
    pop     esi
    pop     ebx
    ret

# Offers the new key to living members that have not got it. May sleep.
# Out: EAX how many living members have it not, this one included until it is on its disk; EDX one of them, or 0.
.global rotate_step
rotate_step:
    push    ebx
    push    esi
    push    edi
    push    ebp
    xor     esi, esi
    xor     ebp, ebp
    mov     edi, OFFERS
    mov     ebx, [peer_first]
.Lrotate_step_next:
    test    ebx, ebx
    jz      .Lrotate_step_own
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lrotate_step_skip
    mov     eax, [ebx + PEER_KEYED]
    dec     eax
    cmp     eax, KEYED_OFFERED - 1
    ja      .Lrotate_step_skip
    inc     esi
    mov     ebp, ebx
    test    edi, edi
    jz      .Lrotate_step_skip
    call    rotate_offer
    sbb     edi, 0                      # CF when it was due
.Lrotate_step_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lrotate_step_next
.Lrotate_step_own:
    call    keyring_kept
    je      1f
    inc     esi
1:  mov     eax, esi
    mov     edx, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Offers the new key to a node, if that is due. May sleep.
# In: EBX peer.
# Out: CF when it was due.
rotate_offer:
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [ebx + PEER_OFFERED]
    cmp     ecx, OFFER_MS
    cmc
    jnc     9f
    mov     [ebx + PEER_OFFERED], eax
    mov     dword ptr [ebx + PEER_KEYED], KEYED_OFFERED
    mov     eax, KIND_OFFER_KEY
    mov     edx, offset rotate_nonce
    mov     ecx, offset trust_public
    call    rotate_build
    mov     ecx, CLOUD_OFFER_KEY_SIZE
    mov     edx, [ebx + PEER_ADDRESS]
    call    packet_send_to
    stc
9:  ret

# Builds a packet for one node, about one new key.
# In: EAX KIND_*, EBX peer, EDX nonce, ECX X25519_BYTES behind it.
rotate_build:
    push    ecx
    push    edx
    call    packet_build
    mov     eax, ebx
    call    session_answer
    pop     edx
    mov     eax, offset cluster_out + CLOUD_NONCE
    mov     ecx, NONCE_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset cluster_out + CLOUD_PUBLIC
    mov     ecx, X25519_BYTES
    jmp     mem_copy

# A packet that gives a new key, or is about that. Its code was made with this node's key. May sleep.
# In: EBX packet, ESI bytes, EDI sender's address.
.global rotate_heard
rotate_heard:
    push    esi
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_OUTDATED
    je      .Lrotate_heard_outdated
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      .Lrotate_heard_unproven
    mov     esi, eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    jne     .Lrotate_heard_unproven
    mov     eax, esi
    mov     edx, ebx
    call    session_window
    jc      .Lrotate_heard_done
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    call    [heard + eax*4 - KIND_OFFER_KEY * 4]
    jmp     .Lrotate_heard_done
.Lrotate_heard_outdated:
    mov     eax, ebx
    call    session_answered
    jne     .Lrotate_heard_unproven
    call    away_told
    jmp     .Lrotate_heard_done
.Lrotate_heard_unproven:
    COUNT   cloud_unproven
.Lrotate_heard_done:
    pop     esi
    ret

# A member has a new key: shows it whose this node's public number is, or says that it has taken the key.
# In: EBX packet, ESI peer, EDI sender's address.
rotate_offered:
    cmp     dword ptr [rotating], 1     # two at once: neither comes to an end
    je      .Lrotate_answer_done
    lea     eax, [esi + PEER_SESSION]
    lea     edx, [ebx + CLOUD_PUBLIC]
    call    session_shows
    jne     rotate_forged
    mov     eax, offset offered_session
    lea     edx, [esi + PEER_SESSION]
    mov     ecx, SESSION_SIZE
    call    mem_copy
    mov     eax, offset offered_public
    lea     edx, [ebx + CLOUD_PUBLIC]
    mov     ecx, X25519_BYTES
    call    mem_copy
    mov     eax, offset offered_nonce
    lea     edx, [ebx + CLOUD_NONCE]
    mov     ecx, NONCE_SIZE
    call    mem_copy
    mov     eax, offset taken_nonce
    mov     edx, offset offered_nonce
    mov     ecx, NONCE_SIZE
    call    mem_compare
    je      rotate_confirm
    mov     eax, KIND_SHOW
    mov     ecx, offset trust_public
    mov     edx, CLOUD_OFFER_KEY_SIZE

# Answers who offers a new key, where it is now: this node may have been away.
# In: EAX KIND_*, ECX X25519_BYTES behind the nonce, EDX bytes of the packet; ESI peer, EDI its address.
rotate_answer:
    push    ebx
    push    edx
    mov     ebx, esi
    mov     edx, offset offered_nonce
    call    rotate_build
    pop     ecx
    mov     edx, edi
    call    packet_send_to
    pop     ebx
.Lrotate_answer_done:
    ret

# What a member that keeps to the protocol does not send.
rotate_forged:
    COUNT   cloud_forged
    ret

# Says that this node has the key, once that is on its disk: who gives it asks again.
# In: ESI peer, EDI its address.
rotate_confirm:
    call    keyring_kept
    jne     9f
    mov     eax, offset keyring + KEYRING_NEXT
    mov     edx, offset node + NODE_ID
    mov     ecx, offset offered_nonce
    call    seal_prove
    mov     ecx, offset seal_block_made
    mov     eax, KIND_HAVE
    mov     edx, CLOUD_HAVE_SIZE
    jmp     rotate_answer
9:  ret

# A member shows its public number: it is given the key.
# In: EBX packet, ESI peer.
rotate_shown:
    cmp     dword ptr [rotating], 0
    je      rotate_forged
    cmp     dword ptr [esi + PEER_KEYED], KEYED_OFFERED
    jne     .Lrotate_shown_done                          # one answer counts: what follows is work
    lea     eax, [ebx + CLOUD_NONCE]
    mov     edx, offset rotate_nonce
    mov     ecx, NONCE_SIZE
    call    mem_compare
    jne     rotate_forged
    lea     eax, [esi + PEER_SESSION]
    lea     edx, [ebx + CLOUD_PUBLIC]
    call    session_shows
    jne     rotate_forged
    mov     dword ptr [esi + PEER_KEYED], KEYED_WANTED
    mov     eax, offset trust_public
    lea     edx, [ebx + CLOUD_PUBLIC]
    mov     ecx, edx
    push    offset rotate_nonce
    call    seal_share
    jz      rotate_forged
    push    ebx
    mov     ebx, esi
    mov     eax, KIND_GIVE
    mov     edx, offset rotate_nonce
    mov     ecx, offset rotate_key
    call    rotate_build                # GIVEN_KEY is where others have a public number
    mov     eax, offset cluster_out + CLOUD_GIVEN + GIVEN_OUT
    mov     edx, offset rotate_out
    mov     ecx, GIVEN_SIZE - GIVEN_OUT
    call    rotate_pad
    mov     eax, offset cluster_out
    call    seal_encipher
    mov     eax, offset cluster_out
    call    seal_tag
    mov     eax, offset cluster_out + CLOUD_TAG
    mov     edx, offset seal_block_made
    mov     ecx, CODE_SIZE
    call    mem_copy
    mov     ecx, CLOUD_GIVE_SIZE
    mov     edx, [ebx + PEER_ADDRESS]
    call    packet_send_to
    pop     ebx
.Lrotate_shown_done:
    ret

# Copies an id, and zeros behind it.
# In: EAX where to, EDX id, ECX bytes in all.
rotate_pad:
    push    edi
    mov     edi, eax
    push    edx
    xor     eax, eax
    push    edi
    shr     ecx, 2
    rep stosd
    pop     eax
    pop     edx
    mov     ecx, NODE_ID_SIZE
    pop     edi
    jmp     mem_copy

# The key is given: it is kept, and counts when somebody uses it.
# In: EBX packet, ESI peer, EDI its address.
rotate_given:
    cmp     dword ptr [rotating], 1
    je      .Lrotate_given_done
    lea     eax, [esi + PEER_SESSION]
    mov     edx, offset offered_session
    call    session_same
    jne     rotate_forged
    lea     eax, [ebx + CLOUD_NONCE]
    mov     edx, offset offered_nonce
    mov     ecx, NONCE_SIZE
    call    mem_compare
    jne     rotate_forged
    mov     eax, offset taken_nonce
    lea     edx, [ebx + CLOUD_NONCE]
    mov     ecx, NONCE_SIZE
    call    mem_compare
    je      .Lrotate_given_done                          # once is enough
    mov     eax, offset offered_public
    mov     edx, offset trust_public
    mov     ecx, eax
    push    offset offered_nonce
    call    seal_share
    jz      rotate_forged
    mov     eax, ebx
    call    seal_tag
    lea     eax, [ebx + CLOUD_TAG]
    mov     edx, offset seal_block_made
    mov     ecx, CODE_SIZE
    call    secret_compare
    jne     rotate_forged
    mov     eax, ebx
    call    seal_encipher
    mov     eax, offset taken_nonce
    lea     edx, [ebx + CLOUD_NONCE]
    mov     ecx, NONCE_SIZE
    call    mem_copy
    mov     eax, offset taken_out
    lea     edx, [ebx + CLOUD_GIVEN + GIVEN_OUT]
    mov     ecx, NODE_ID_SIZE
    call    mem_copy
    mov     eax, [ebx + CLOUD_GIVEN + GIVEN_LATE]
    mov     [taken_late], eax
    mov     eax, offset taken_from
    lea     edx, [ebx + CLOUD_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    lea     eax, [ebx + CLOUD_GIVEN + GIVEN_KEY]
    call    keyring_expect
    lea     eax, [ebx + CLOUD_GIVEN]
    xor     edx, edx
    mov     ecx, GIVEN_SIZE
    call    mem_set
    jmp     rotate_confirm              # where there is no disk
.Lrotate_given_done:
    ret

# A member has the key.
# In: EBX packet, ESI peer.
rotate_had:
    cmp     dword ptr [rotating], 0
    je      rotate_forged
    mov     eax, offset rotate_key
    lea     edx, [esi + PEER_ID]
    mov     ecx, offset rotate_nonce
    call    seal_prove
    lea     eax, [ebx + CLOUD_PROOF]
    mov     edx, offset seal_block_made
    mov     ecx, CODE_SIZE
    call    secret_compare
    jne     rotate_forged
    cmp     dword ptr [esi + PEER_KEYED], KEYED_NOT
    je      rotate_forged
    mov     dword ptr [esi + PEER_KEYED], KEYED_HAS
    mov     eax, offset rotate_event
    jmp     event_signal

# All that live have the new key: this node uses it. May sleep.
.global rotate_use
rotate_use:
    mov     eax, offset taken_out
    mov     edx, offset rotate_out
    mov     ecx, NODE_ID_SIZE
    call    mem_copy
    mov     eax, offset taken_from
    mov     edx, offset hostname
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     dword ptr [taken_late], 0
    mov     dword ptr [rotating], 2
    call    keyring_turn
    mov     eax, offset key_cluster
    jmp     history_note_configured

# Says to the group that the new key counts. May sleep.
.global rotate_say
rotate_say:
    mov     eax, KIND_TURN
    jmp     packet_send

# The new key counts here from now on. Who is put out is gone. A node that did not hear of each replacement may not know
# all who were: it believes, and gives a key to, only those that it hears under this one. May sleep.
.global rotate_turned
rotate_turned:
    push    ebx
    cmp     byte ptr [taken_from], 0
    je      1f
    mov     eax, offset taken_from
    cmp     dword ptr [taken_late], 0
    jne     2f
    PRINTF  "cluster: %s has replaced the key\n", eax
    call    rotate_put_out
    jmp     4f
1:  PRINT   "cluster: the key was replaced\n"
    jmp     3f
2:  PRINTF  "cluster: the key was replaced while this node was away, and %s has given it the new one\n", eax
3:  call    away_forget
4:  mov     eax, [rotating]             # 2 when this node has replaced it
    call    away_turned
    xor     eax, eax
    mov     [rotating], eax
    mov     [taken_from], al
    call    coordinator_answer
    pop     ebx
    ret

# Who is put out is a member no longer.
# Clobbers: EBX too.
rotate_put_out:
    mov     eax, offset taken_out
    call    peer_known
    jc      9f
    mov     ebx, eax
    lea     eax, [ebx + PEER_NAME]
    PRINTF  "cluster: %s %I is put out\n", eax, [ebx+PEER_ADDRESS]
    call    peer_gone
    mov     dword ptr [ebx + PEER_LEFT], 1
    mov     dword ptr [ebx + PEER_ENTITLED], ENTITLED_OUT
    lea     eax, [ebx + PEER_ID - CLOUD_NODE]
    call    coordinator_is
    je      coordinator_forget
9:  ret

# Nothing comes of it: somebody that lives does not take the key. It never counts.
.global rotate_forget
rotate_forget:
    mov     dword ptr [rotating], 0
    ret
