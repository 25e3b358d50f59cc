# How the members get a new key for the cluster while it runs. One member draws it and gives it to each other one alone,
# enciphered with what the two share (X25519): who knows the old key, and has heard all, has nothing of it. Whose public
# number is whose follows from the sessions that the members know of each other. When all that live have the new key on
# disk, the one who gives it uses it, and so does everyone who hears that. See docs/protocols/cluster.md.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"

OFFER_MS                = 200           # between two offers to one member
OFFERS                  = 8             # in one step: the answers cost a millisecond each
OUTDATED_MS             = 1000          # between two answers to who has the previous key
OUTDATED_SAY_MS         = 60000         # and between two lines about that

.section .rodata
.balign 4
# By kind. In: EBX packet, ESI peer; its session is known, and the packet is new.
heard:                  .long   rotate_offered, rotate_shown, rotate_given, rotate_had

.bss
.balign 4
    # this node gives: from rotate_begin on, 0 else. 2: it uses the new key
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
taken_from:             .space NAME_SIZE
    # who has the previous key
outdated_at:            .space 4        # clock_ms of the last answer,
outdated_said_at:       .space 4        # and of the last line,
outdated_once:          .space 4        # when this is 1
.global outdated
outdated:               .space 4        # 1: this node was told that its key is such a one: it is out

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

# Offers the new key to a node, if that is due. Who has the old key still is spoken to with that. May sleep.
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
    call    rotate_send
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

# Sends what was built to a node that is given the key, with the one that it has.
# In: EBX peer, ECX bytes.
rotate_send:
    mov     edx, [ebx + PEER_ADDRESS]
    mov     eax, offset trust_key
    cmp     dword ptr [rotating], 2
    jne     packet_send_with
    mov     eax, offset key_previous
    jmp     packet_send_with

# A packet that gives a new key, or is about that. Its code was made with this node's key, or, while this node gives a
# new one, with the previous one. May sleep.
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
    cmp     dword ptr [outdated], 0
    jne     .Lrotate_heard_done
    mov     dword ptr [outdated], 1
    call    rotate_advise
    mov     eax, offset holder_event    # what it holds is another's to hold,
    call    event_signal
    mov     eax, offset names_event     # and what it says of the cluster's names was true once
    call    event_signal
    jmp     .Lrotate_heard_done
.Lrotate_heard_unproven:
    COUNT   cloud_unproven
.Lrotate_heard_done:
    pop     esi
    ret

# Says what to do, if this node has been told that its key was replaced.
.global rotate_advise
rotate_advise:
    cmp     dword ptr [outdated], 0
    je      9f
    PRINT   "cluster: the key was replaced while this node was away, or it was put out. To join again, type\n         `cloud invite` at a member, and here what that says\n"
9:  ret

# A member has a new key: shows it whose this node's public number is, or says that it has taken the key.
# In: EBX packet, ESI peer.
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

# Answers who offers a new key.
# In: EAX KIND_*, ECX X25519_BYTES behind the nonce, EDX bytes of the packet; ESI peer.
rotate_answer:
    push    ebx
    push    edx
    mov     ebx, esi
    mov     edx, offset offered_nonce
    call    rotate_build
    pop     ecx
    mov     edx, [ebx + PEER_ADDRESS]
    call    packet_send_to
    pop     ebx
.Lrotate_answer_done:
    ret

# What a member that keeps to the protocol does not send.
rotate_forged:
    COUNT   cloud_forged
    ret

# Says that this node has the key, once that is on its disk: who gives it asks again.
# In: ESI peer.
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
    call    rotate_send
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
# In: EBX packet, ESI peer.
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
    mov     dword ptr [rotating], 2
    call    keyring_turn
    mov     eax, offset key_cluster
    jmp     history_note_configured

# Says to the group that the new key counts. May sleep.
.global rotate_say
rotate_say:
    mov     eax, KIND_TURN
    jmp     packet_send

# The new key counts here from now on. Who is put out is gone.
.global rotate_turned
rotate_turned:
    push    ebx
    mov     dword ptr [outdated], 0
    cmp     byte ptr [taken_from], 0
    je      1f                          # it was given before the last boot
    mov     eax, offset taken_from
    PRINTF  "cluster: %s has replaced the key\n", eax
    jmp     2f
1:  PRINT   "cluster: the key was replaced\n"
2:  mov     eax, offset taken_out
    call    peer_known
    jc      8f
    mov     ebx, eax
    lea     eax, [ebx + PEER_NAME]
    PRINTF  "cluster: %s %I is put out\n", eax, [ebx+PEER_ADDRESS]
    call    peer_gone
    mov     dword ptr [ebx + PEER_LEFT], 1
    lea     eax, [ebx + PEER_ID - CLOUD_NODE]
    call    coordinator_is
    jne     8f
    call    coordinator_forget
8:  call    coordinator_answer
    pop     ebx
    ret

# Nothing comes of it: somebody that lives does not take the key. It never counts.
.global rotate_forget
rotate_forget:
    mov     dword ptr [rotating], 0
    ret

# A packet that was made with the previous key. Whom this node is giving the new one, because it lives and did not hear,
# is given it; who was away is told what to do. May sleep.
# In: EBX packet, ESI bytes, EDI sender's address.
.global rotate_outdated
rotate_outdated:
    push    ebp
    cmp     [ebx + CLOUD_ADDRESS], edi
    jne     .Lrotate_outdated_done
    cmp     dword ptr [rotating], 2
    jne     .Lrotate_outdated_tell
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      .Lrotate_outdated_tell
    mov     ebp, eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    jne     .Lrotate_outdated_tell
    cmp     dword ptr [ebp + PEER_KEYED], KEYED_NOT
    je      .Lrotate_outdated_tell
    # It is answered where it is now. That it is there at all, nobody has proved: who is put out can say so.
    push    dword ptr [ebp + PEER_ADDRESS]
    mov     [ebp + PEER_ADDRESS], edi
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_SHOW
    je      .Lrotate_outdated_heard
    cmp     eax, KIND_HAVE
    je      .Lrotate_outdated_heard
    push    ebx
    mov     ebx, ebp
    call    rotate_offer
    pop     ebx
    jmp     .Lrotate_outdated_answered
.Lrotate_outdated_heard:
    call    rotate_heard
.Lrotate_outdated_answered:
    pop     dword ptr [ebp + PEER_ADDRESS]
    jmp     .Lrotate_outdated_done
.Lrotate_outdated_tell:
    cmp     dword ptr [coordinator_self], 0
    je      .Lrotate_outdated_done
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_HOLD              # who holds an address should hear it first of all
    je      .Lrotate_outdated_due
    cmp     eax, KIND_VIEW              # and a hello
    ja      .Lrotate_outdated_done
.Lrotate_outdated_due:
    call    clock_ms
    mov     ebp, eax
    sub     eax, [outdated_at]
    cmp     eax, OUTDATED_MS
    jb      .Lrotate_outdated_done
    mov     [outdated_at], ebp
    mov     eax, KIND_OUTDATED
    call    packet_build
    call    session_reply
    mov     edx, edi
    mov     ecx, CLOUD_SIZE
    mov     eax, offset key_previous
    call    packet_send_with
    cmp     dword ptr [outdated_once], 0
    je      .Lrotate_outdated_say
    mov     eax, ebp
    sub     eax, [outdated_said_at]
    cmp     eax, OUTDATED_SAY_MS
    jb      .Lrotate_outdated_done
.Lrotate_outdated_say:
    mov     dword ptr [outdated_once], 1
    mov     [outdated_said_at], ebp
    lea     eax, [ebx + CLOUD_NAME]
    PRINTF  "cluster: %s %I has the key that was replaced, and is not believed (cloud invite)\n", eax, edi
.Lrotate_outdated_done:
    pop     ebp
    ret
