# Who was away while the key was replaced, and still speaks under one that was (docs/protocols/cluster-key.md, "Who was
# away"). Whoever was a member then, and has not rebooted, is given the key that counts, by any member that saw all
# replacements since; everybody else is told what to do.
#
# What is made with a replaced key may come from who was put out. So nothing of it is believed: it moves no window, and
# no state of a peer. It is answered, in ways of which nobody else can use up the share: offers go to the group, so one
# serves all; what follows an offer is worked out once for each member and then only sent again.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

OFFER_MS                = 200           # between two offers of the node that has replaced the key
TURN_MS                 = 1000          # the others take turns of this length, in as many as there are members
TELL_MS                 = 1000          # between two answers to one and the same node
SAY_MS                  = 60000         # between two lines about such nodes
FOREIGN_MS              = 10000         # who is heard with another key for so long has it
FOREIGN_GAP_MS          = 3000          # and is heard this often
FOREIGN_SAY_MS          = 600000        # between two lines about it

.bss
.balign 4
away_gives:             .space 4        # 1: this node has replaced the key
away_count:             .space 4        # how often the key was replaced since this node runs
away_nonce:             .space NONCE_SIZE   # of what is given until it is replaced again
away_due:               .space REPLACED * 4 # clock_ms of the next offer to those who have this replaced key
told_session:           .space SESSION_SIZE # who was told last that its key was replaced,
told_address:           .space 4        # where,
told_at:                .space 4        # and clock_ms of that
said_at:                .space 4        # clock_ms of the last line about such a node,
said_once:              .space 4        # when this is 1
.global outdated
outdated:               .space 4        # 1: this node was told that its key is such a one: it is out
foreign_peer:           .space 4        # 1: somebody that was known here is heard with a key that is not known,
foreign_since:          .space 4        # clock_ms from when on,
foreign_at:             .space 4        # and of the last time
foreign_address:        .space 4
foreign_said_at:        .space 4        # clock_ms of the last line about that,
foreign_once:           .space 4        # when this is 1
foreign_name:           .space NAME_SIZE

.text

# The key was replaced: this node gives it from now on to those who were away. May sleep.
# In: EAX not 0 when this node has replaced it.
.global away_turned
away_turned:
    cmp     eax, 1
    sbb     eax, eax
    inc     eax
    mov     [away_gives], eax
    call    away_over
    inc     dword ptr [away_count]
    mov     ecx, REPLACED - 1           # the keys have moved on by one place
1:  mov     eax, [away_due + ecx*4 - 4]
    mov     [away_due + ecx*4], eax
    dec     ecx
    jnz     1b
    call    away_turn
    mov     edx, eax
    mov     eax, [cluster_netif]
    call    random_below
    push    eax
    call    clock_ms
    pop     ecx
    add     eax, ecx
    mov     [away_due], eax
    mov     eax, offset away_nonce
    mov     edx, NONCE_SIZE
    jmp     generator_fill

# What this node was told of its key is over: it has another.
.global away_over
away_over:
    mov     dword ptr [outdated], 0
    mov     dword ptr [foreign_peer], 0
    ret

# This node missed that the key was replaced, or has booted since: it does not know who else was put out. Nobody is a
# member but who is heard under the new key.
# Clobbers: EAX, ECX, EDX.
.global away_forget
away_forget:
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_ENTITLED], ENTITLED
    jne     2f
    mov     dword ptr [ebx + PEER_ENTITLED], ENTITLED_NOT
2:  call    peer_gone
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  pop     ebx
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    call    health_patience
    call    coordinator_await
9:  ret

# A packet that was made with a key that was replaced. May sleep.
# In: EBX packet, EDI its sender's address, EAX which of the replaced keys.
.global away_heard
away_heard:
    push    ebp
    mov     ebp, eax
    call    agreement_speaks
    jne     .Laway_heard_done
    cmp     dword ptr [hello_due], 0    # it says nothing before its hello
    jne     .Laway_heard_done
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Laway_heard_done
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_SHOW
    je      .Laway_heard_shown
    call    away_misses
    je      .Laway_heard_told
    call    away_offer
    call    away_entitled               # it is not told to join anew that can be given the key
    jnc     .Laway_heard_done
.Laway_heard_told:
    cmp     dword ptr [coordinator_self], 0
    je      .Laway_heard_done
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_HOLD              # who holds an address should hear it first of all
    je      .Laway_heard_tell
    cmp     eax, KIND_VIEW              # and a hello
    ja      .Laway_heard_done
.Laway_heard_tell:
    call    away_tell
    jmp     .Laway_heard_done
.Laway_heard_shown:
    call    away_shown
.Laway_heard_done:
    pop     ebp
    ret

# Whether somebody is away that is to have the key.
# Out: ZF when nobody is.
# Clobbers: EAX.
away_misses:
    mov     eax, [peer_first]
1:  test    eax, eax
    jz      9f
    cmp     dword ptr [eax + PEER_ENTITLED], ENTITLED
    jne     2f
    cmp     dword ptr [eax + PEER_VIEWED], 0
    je      8f
2:  mov     eax, [eax + PEER_NEXT]
    jmp     1b
8:  test    esp, esp                    # ZF clear
9:  ret

# Whether a packet names a node and a session that are to have the key.
# In: EBX packet.
# Out: EAX peer; CF when they are not.
# Clobbers: ECX, EDX.
away_entitled:
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      9f
    cmp     dword ptr [eax + PEER_ENTITLED], ENTITLED
    jne     8f
    push    eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    pop     eax
    je      9f                          # CF is clear
8:  stc
9:  ret

# How long it is from one turn of this node to offer the key to the next.
# Out: EAX milliseconds.
away_turn:
    mov     eax, OFFER_MS
    cmp     dword ptr [away_gives], 0
    jne     1f
    mov     eax, [view_members]
    inc     eax
    imul    eax, eax, TURN_MS
1:  ret

# Offers the key to all who were away and have one that was replaced, if it is this node's turn. May sleep.
# In: EBP which of the replaced keys they have.
away_offer:
    push    esi
    push    edi
    call    away_turn
    mov     esi, eax
    call    clock_ms
    mov     edi, eax
    sub     eax, [away_due + ebp*4]
    js      9f
    cmp     dword ptr [away_gives], 0
    jne     2f
    cmp     eax, esi
    jb      2f
    mov     eax, [cluster_netif]        # nobody was away lately: members begin at moments of their own
    mov     edx, esi
    call    random_below
    add     eax, edi
    mov     [away_due + ebp*4], eax
    jmp     9f
2:  add     esi, edi
    mov     [away_due + ebp*4], esi
    mov     eax, KIND_OFFER_KEY
    mov     edx, offset away_nonce
    mov     ecx, offset trust_public
    call    away_build
    mov     edx, CLUSTER_GROUP
    mov     ecx, CLOUD_OFFER_KEY_SIZE
    call    away_send
9:  pop     edi
    pop     esi
    ret

# Builds a packet about the key that is given.
# In: EAX KIND_*, ECX X25519_BYTES behind the nonce.
away_build:
    push    ecx
    call    packet_build
    mov     eax, offset cluster_out + CLOUD_NONCE
    mov     edx, offset away_nonce
    mov     ecx, NONCE_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset cluster_out + CLOUD_PUBLIC
    mov     ecx, X25519_BYTES
    jmp     mem_copy

# Sends what was built to who has a replaced key.
# In: EBP which one, EDX address, ECX bytes.
away_send:
    mov     eax, ebp
    shl     eax, 6                      # HMAC_SIZE
    add     eax, offset key_replaced
    jmp     packet_send_with

# Somebody that was away shows its public number: it is given the key, where it is now. That it is there nobody has
# proved, nor that this is no recording: what is given, only that boot of that node can read. May sleep.
# In: EBX packet, EDI its sender's address, EBP which of the replaced keys it has.
away_shown:
    push    esi
    call    away_entitled
    jc      .Laway_shown_forged
    mov     esi, eax
    lea     eax, [ebx + CLOUD_NONCE]
    mov     edx, offset away_nonce
    mov     ecx, NONCE_SIZE
    call    mem_compare
    jne     .Laway_shown_forged
    lea     eax, [esi + PEER_SESSION]
    lea     edx, [ebx + CLOUD_PUBLIC]
    call    session_shows
    jne     .Laway_shown_forged
    mov     eax, [away_count]
    cmp     [esi + PEER_SEALED], eax
    je      .Laway_shown_sealed
    call    away_seal
    jz      .Laway_shown_forged
.Laway_shown_sealed:
    mov     eax, KIND_GIVE
    lea     ecx, [esi + PEER_SEAL]
    call    away_build
    mov     eax, esi
    call    session_answer
    mov     eax, offset cluster_out + CLOUD_GIVEN
    lea     edx, [esi + PEER_SEAL]
    mov     ecx, SEAL_SIZE
    call    mem_copy
    mov     edx, edi
    mov     ecx, CLOUD_GIVE_SIZE
    call    away_send
    jmp     .Laway_shown_done
.Laway_shown_forged:
    COUNT   cloud_forged
.Laway_shown_done:
    pop     esi
    ret

# Enciphers the key that counts for a peer. It follows from the peer's session alone, and is worked out once.
# In: EBX packet with its public number, ESI peer.
# Out: ZF when its number is none.
away_seal:
    mov     eax, offset trust_public
    lea     edx, [ebx + CLOUD_PUBLIC]
    mov     ecx, edx
    push    offset away_nonce
    call    seal_share
    jz      9f
    mov     eax, KIND_GIVE
    mov     ecx, offset trust_secret
    call    away_build
    mov     eax, offset cluster_out + CLOUD_GIVEN + GIVEN_OUT
    xor     edx, edx
    mov     ecx, GIVEN_SIZE - GIVEN_OUT
    call    mem_set
    mov     dword ptr [cluster_out + CLOUD_GIVEN + GIVEN_LATE], 1
    mov     eax, offset cluster_out
    call    seal_encipher
    mov     eax, offset cluster_out
    call    seal_tag
    lea     eax, [esi + PEER_SEAL]
    mov     edx, offset cluster_out + CLOUD_GIVEN
    mov     ecx, GIVEN_SIZE
    call    mem_copy
    lea     eax, [esi + PEER_SEAL + GIVEN_SIZE]
    mov     edx, offset seal_block_made
    mov     ecx, CODE_SIZE
    call    mem_copy
    mov     eax, [away_count]
    mov     [esi + PEER_SEALED], eax
    test    esp, esp                    # ZF clear
9:  ret

# Tells a node that its key was replaced, unless it was the one that was told last, just now; and the people here. May
# sleep.
# In: EBX packet, EDI its sender's address, EBP which of the replaced keys it has.
away_tell:
    push    esi
    call    clock_ms
    mov     esi, eax
    cmp     [told_address], edi
    jne     1f
    mov     eax, offset told_session
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    jne     1f
    mov     eax, esi
    sub     eax, [told_at]
    cmp     eax, TELL_MS
    jb      9f
1:  mov     [told_at], esi
    mov     [told_address], edi
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [told_session], eax
    mov     eax, [ebx + CLOUD_SESSION + 4]
    mov     [told_session + 4], eax
    mov     eax, KIND_OUTDATED
    call    packet_build
    call    session_reply
    mov     edx, edi
    mov     ecx, CLOUD_SIZE
    call    away_send
    cmp     dword ptr [said_once], 0
    je      2f
    mov     eax, esi
    sub     eax, [said_at]
    cmp     eax, SAY_MS
    jb      9f
2:  mov     dword ptr [said_once], 1
    mov     [said_at], esi
    lea     eax, [ebx + CLOUD_NAME]
    PRINTF  "cluster: %s %I has the key that was replaced, and is not believed (cloud invite)\n", eax, edi
9:  pop     esi
    ret

# This node is told that its key was replaced: it is out, and acts for the cluster no longer. May sleep.
.global away_told
away_told:
    cmp     dword ptr [outdated], 0
    jne     9f
    mov     dword ptr [outdated], 1
    call    away_advise
    mov     eax, offset holder_event    # what it holds is another's to hold,
    call    event_signal
    mov     eax, offset names_event     # and what it says of the cluster's names was true once
    jmp     event_signal
9:  ret

# Says what to do, if this node has been told that its key was replaced, or hears others with another one.
.global away_advise
away_advise:
    cmp     dword ptr [outdated], 0
    jne     1f
    call    away_foreign_lasts
    jc      9f
    mov     eax, offset foreign_name
    PRINTF  "cluster: %s %I has another key. Where the key was replaced while one of you was away, that one joins again:\n", eax, [foreign_address]
    PRINT   "         type `cloud invite` at a member, and there what that says\n"
    ret
1:  PRINT   "cluster: the key was replaced while this node was away, or it was put out. To join again, type\n         `cloud invite` at a member, and here what that says\n"
9:  ret

# A packet was made with a key that is not known here. Whoever it comes from: should a node that this one knows be named
# in such packets for long, the two are apart until a person does something. That is said, and nothing else follows.
# In: EBX packet, right in form; EDI its sender's address.
.global away_foreign
away_foreign:
    push    esi
    call    away_foreign_known
    jc      .Laway_foreign_done
    call    clock_ms
    mov     esi, eax
    cmp     dword ptr [foreign_peer], 0
    je      .Laway_foreign_begins
    sub     eax, [foreign_at]
    cmp     eax, FOREIGN_GAP_MS
    jb      .Laway_foreign_goes_on
.Laway_foreign_begins:
    mov     dword ptr [foreign_peer], 1
    mov     [foreign_since], esi
.Laway_foreign_goes_on:
    mov     [foreign_at], esi
    mov     [foreign_address], edi
    mov     eax, offset foreign_name
    lea     edx, [ebx + CLOUD_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    call    away_foreign_lasts
    jc      .Laway_foreign_done
    cmp     dword ptr [foreign_once], 0
    je      .Laway_foreign_say
    mov     eax, esi
    sub     eax, [foreign_said_at]
    cmp     eax, FOREIGN_SAY_MS
    jb      .Laway_foreign_done
.Laway_foreign_say:
    mov     dword ptr [foreign_once], 1
    mov     [foreign_said_at], esi
    call    away_advise
.Laway_foreign_done:
    pop     esi
    ret

# Whether others are heard with another key, and have been for long.
# Out: CF when not.
# Clobbers: EAX, ECX.
away_foreign_lasts:
    cmp     dword ptr [outdated], 0     # it has been told more
    jne     8f
    cmp     dword ptr [foreign_peer], 0
    je      8f
    call    clock_ms
    mov     ecx, eax
    sub     eax, [foreign_at]
    cmp     eax, FOREIGN_GAP_MS
    cmc
    jc      9f
    sub     ecx, [foreign_since]
    cmp     ecx, FOREIGN_MS             # CF when that is too short
9:  ret
8:  stc
    ret

# Whether a packet names a node that was a member here, and was not put out.
# In: EBX packet.
# Out: CF when it does not.
# Clobbers: EAX, ECX, EDX.
away_foreign_known:
    lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    je      .Laway_foreign_known_not
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      .Laway_foreign_known_history
    cmp     dword ptr [eax + PEER_ENTITLED], ENTITLED_OUT
    je      .Laway_foreign_known_not
    clc
    ret
.Laway_foreign_known_history:
    mov     ecx, [history + HISTORY_COUNT]  # it may have been one in an earlier boot
    mov     edx, offset history + HISTORY_EVENTS + EVENT_SUBJECT
.Laway_foreign_known_next:
    sub     ecx, 1
    jb      .Laway_foreign_known_done   # CF is set
    push    ecx
    lea     eax, [ebx + CLOUD_NODE]
    call    session_same                # ids have the size of sessions
    pop     ecx
    lea     edx, [edx + EVENT_SIZE]
    jne     .Laway_foreign_known_next
    clc
.Laway_foreign_known_done:
    ret
.Laway_foreign_known_not:
    stc
    ret
