# Packets of other clusters: who is believed; where it is, place.s says. Nothing moves by a packet that is not proved by
# what the table of docs/protocols/wide-area.md asks for. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

CHALLENGE_MS            = 100           # between two hellos for unproved packets of a link
METER_MS                = 1000          # in which so many packets may go
HERE_MS                 = 100           # between two answers to strangers

.bss
.balign 4
.global wide_from
wide_from:              .space 4        # address and port that the packet comes from, and WIDE_AT_* that it came to
.global wide_from_port
wide_from_port:         .space 4
.global wide_from_socket
wide_from_socket:       .space 4
.global wide_bytes
wide_bytes:             .space 4
    # what the place that the next hello goes to is to say back, or 0
.global wide_token
wide_token:             .space 4
    # 1: a hello went to where the packet comes from
.global wide_asked
wide_asked:             .space 4
here_said:              .space 4        # clock_ms of the last answer to a stranger
given:                  .space WIDE_CODE_SIZE

.section .rodata
.balign 4
sizes:                                  # of each kind, from WIDE_HELLO on: least, most
    .word   WIDE_WISH_SIZE, WIDE_WISH_SIZE, WIDE_SUMMARY_SIZE, WIDE_SUMMARY_SIZE
    .word   WIDE_WISH_SIZE, WIDE_WISH_SIZE, WIDE_WISH_SIZE, WIDE_WISH_SIZE
    .word   WIDE_WISH_SIZE, WIDE_WISH_SIZE, WIDE_ENTRIES + MEMBER_SIZE, WIDE_DETAILS_MAXIMUM
    .word   WIDE_SUMMARY_SIZE, WIDE_SUMMARY_SIZE, WIDE_SUMMARY_SIZE, WIDE_SUMMARY_SIZE
    .word   0xFFFF, 0                   # nobody is told that a cluster is here
    .word   WIDE_RELAY_HEAD + WIDE_SIZE, WIDE_MAXIMUM, WIDE_RELAY_HEAD + WIDE_SIZE, WIDE_MAXIMUM
    .word   WIDE_FETCH_SIZE, WIDE_FETCH_SIZE, WIDE_PIECE_HEAD, WIDE_PIECE_MAXIMUM, WIDE_SIZE, WIDE_MAXIMUM
    .word   WIDE_BEFORE_SIZE, WIDE_BEFORE_SIZE, WIDE_EVENTS_HEAD, WIDE_MAXIMUM
# By kind, from WIDE_HELLO on. In: EBX link, ESI packet, which is believed.
takers:                 .long wide_greeted, hearsay_summary, public_wished, 0, details_asked, details_take
    .long   0, 0, 0, relay_wished, relay_heard, offer_asked, pull_heard, hearsay_take, events_asked, events_take

.text

# Takes a datagram in. May sleep.
# In: EAX bytes, EDX address and ECX port of the sender, EBX WIDE_AT_*, ESI datagram.
# Clobbers: EAX, EBX, ECX, EDX.
.global wide_receive
wide_receive:
    mov     [wide_bytes], eax
    mov     [wide_from], edx
    mov     [wide_from_port], ecx
    mov     [wide_from_socket], ebx
    test    dl, dl
    jz      .Lwide_receive_malformed    # no host's, but a relay's here
    cmp     ebx, WIDE_AT_WAY
    jne     wide_take
    mov     ecx, [cluster_netif]
    cmp     edx, [ecx + NETIF_ROUTER]
    je      router_heard

# Takes a datagram in of which wide_from, wide_from_port and wide_from_socket say how it came. May sleep.
# In: ESI datagram, wide_bytes.
# Clobbers: EAX, EBX, ECX, EDX.
.global wide_take
wide_take:
    mov     dword ptr [wide_asked], 0
    call    wide_sized
    jc      .Lwide_receive_malformed
    movzx   eax, byte ptr [esi + WIDE_KIND]
    cmp     eax, WIDE_RELAY
    jae     1f
    cmp     eax, WIDE_JOIN
    jae     meet_heard
1:  call    link_find
    jc      wide_here
    CHECK_ENTRY ebx, links, LINK_SIZE, LINKS, "wide_receive: no entry of the table"
    lea     edx, [ebx + LINK_RECEIVE]
    call    wide_coded
    jne     .Lwide_receive_forged
    call    wide_belief
    jc      .Lwide_receive_done
    call    clock_ms
    mov     [ebx + LINK_SEEN], eax
    mov     dword ptr [ebx + LINK_HEARD], 1
    call    wide_echoed
    movzx   ecx, byte ptr [esi + WIDE_KIND]
    cmp     ecx, WIDE_CALL
    je      public_called
    call    relay_moved
    call    wide_endpoint
    movzx   ecx, byte ptr [esi + WIDE_KIND]
    jmp     [takers + ecx*4 - 4]
.Lwide_receive_malformed:
    COUNT   wide_malformed
    ret
.Lwide_receive_forged:
    COUNT   wide_forged
.Lwide_receive_done:
    ret

# Whether a datagram is a packet of this protocol, with the bytes of its kind.
# In: ESI datagram, wide_bytes.
# Out: CF when not.
# Clobbers: EAX, ECX.
wide_sized:
    mov     ecx, [wide_bytes]
    cmp     ecx, WIDE_SIZE
    jb      9f
    cmp     dword ptr [esi + WIDE_MAGIC], WIDE_MAGIC_VALUE
    jne     8f
    cmp     byte ptr [esi + WIDE_VERSION], WIDE_VERSION_VALUE
    jne     8f
    movzx   eax, byte ptr [esi + WIDE_KIND]
    dec     eax
    cmp     eax, WIDE_EVENTS
    jae     8f
    lea     ecx, [eax - (WIDE_RELAY - 1)]
    cmp     ecx, WIDE_RELAYED - WIDE_RELAY
    mov     ecx, [wide_bytes]
    ja      1f
    cmp     byte ptr [wide_from], 0     # nothing goes by two relays
    je      8f
1:  cmp     cx, [sizes + eax*4]
    jb      9f
    cmp     [sizes + eax*4 + 2], cx
    jb      9f
    mov     eax, [esi + WIDE_SESSION]
    or      eax, [esi + WIDE_SESSION + 4]
    cmp     eax, 1
    ret
8:  stc
9:  ret

# Finds the link that a packet claims to be of.
# In: ESI packet.
# Out: EBX link; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global link_find
link_find:
    lea     eax, [esi + WIDE_ID]
    mov     edx, LINK_ID
    mov     ecx, SESSION_SIZE           # ids have the size of sessions
    jmp     link_with

# Tells a stranger that a cluster is here, and where it is itself: fewer bytes than it has sent.
# In: ESI packet.
wide_here:
    COUNT   wide_strangers
    cmp     byte ptr [wide_from], 0
    je      9f                          # a relay need not know
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [here_said]
    cmp     ecx, HERE_MS
    jb      9f
    mov     [here_said], eax
    push    edi
    push    ebp
    call    wide_blank
    mov     byte ptr [wide_out + WIDE_KIND], WIDE_HERE
    mov     edx, [wide_from]
    mov     [wide_out + WIDE_SEEN], edx
    mov     ebp, [wide_from_port]
    mov     eax, ebp
    mov     [wide_out + WIDE_SEEN_PORT], ax
    mov     ecx, [wide_from_socket]
    mov     eax, [wide_sockets + ecx*4]
    mov     ecx, WIDE_HERE_SIZE
    call    wide_put
    pop     ebp
    pop     edi
9:  ret

# Whether the code of a packet was made with a key.
# In: ESI packet, EDX HMAC record.
# Out: ZF when it was; the packet's code is zeros then.
# Clobbers: EAX, ECX, EDX.
.global wide_coded
wide_coded:
    push    edx
    mov     eax, offset given
    lea     edx, [esi + WIDE_CODE]
    mov     ecx, WIDE_CODE_SIZE
    call    mem_copy
    lea     eax, [esi + WIDE_CODE]
    xor     edx, edx
    mov     ecx, WIDE_CODE_SIZE
    call    mem_set
    pop     edx
    mov     eax, offset wide_made
    mov     ecx, [wide_bytes]
    call    hmac_sha256
    mov     eax, offset given
    mov     edx, offset wide_made
    mov     ecx, WIDE_CODE_SIZE
    jmp     secret_compare

# Whether a packet with a right code is new, and of a session that speaks now.
# In: EBX link, ESI packet.
# Out: CF when not: then the sender was asked, or it was heard before.
# Clobbers: EAX, ECX, EDX.
wide_belief:
    lea     eax, [esi + WIDE_SESSION]
    lea     edx, [ebx + LINK_SESSION]
    call    session_same
    jne     .Lwide_belief_unknown
    mov     eax, [esi + WIDE_NUMBER]
    mov     ecx, eax
    sub     ecx, [ebx + LINK_NUMBER]
    test    ecx, ecx
    jle     .Lwide_belief_old
    mov     [ebx + LINK_NUMBER], eax
    mov     edx, [ebx + LINK_WINDOW]
    cmp     ecx, 32
    jb      1f
    xor     edx, edx
1:  shl     edx, cl
    or      edx, 1
    mov     [ebx + LINK_WINDOW], edx
    jmp     .Lwide_belief_good
.Lwide_belief_old:
    neg     ecx
    cmp     ecx, 32
    jae     .Lwide_belief_replayed
    bts     [ebx + LINK_WINDOW], ecx
    jnc     .Lwide_belief_good
.Lwide_belief_replayed:
    COUNT   wide_replayed
    stc
    ret
.Lwide_belief_unknown:
    lea     eax, [esi + WIDE_ECHO]
    mov     edx, offset wide_session
    call    session_same
    jne     wide_challenge
    mov     eax, [esi + WIDE_ECHO_NUMBER]
    cmp     [wide_number], eax
    jb      wide_challenge
    cmp     [ebx + LINK_REACHED], eax
    jae     wide_challenge
    lea     eax, [ebx + LINK_SESSION]
    lea     edx, [esi + WIDE_SESSION]
    mov     ecx, SESSION_SIZE
    call    mem_copy
    mov     eax, [esi + WIDE_NUMBER]
    mov     [ebx + LINK_NUMBER], eax
    mov     dword ptr [ebx + LINK_WINDOW], 1
    call    clock_ms                    # where the one before was, it need not be
    sub     eax, WIDE_SILENCE_MS
    mov     [ebx + LINK_PLACED], eax
.Lwide_belief_good:
    mov     eax, [wide_number]
    mov     [ebx + LINK_REACHED], eax
    clc
    ret

# Notes that a link hears this cluster: its packet names a number that it had not heard before. A call goes elsewhere.
# In: EBX link, ESI packet, which is believed.
# Clobbers: EAX, ECX, EDX.
wide_echoed:
    lea     eax, [esi + WIDE_ECHO]
    mov     edx, offset wide_session
    call    session_same
    jne     9f
    mov     eax, [esi + WIDE_ECHO_NUMBER]
    cmp     [wide_number], eax
    jb      9f
    cmp     [ebx + LINK_ECHOED], eax
    jae     9f
    cmp     [ebx + LINK_CALLED_BY], eax
    je      9f
    mov     [ebx + LINK_ECHOED], eax
    call    clock_ms
    mov     [ebx + LINK_ECHOED_AT], eax
9:  ret

# Asks whether the sender of a packet speaks now. May sleep.
# In: EBX link, ESI packet.
# Out: CF.
# Clobbers: EAX, ECX, EDX.
wide_challenge:
    COUNT   wide_unproven
    lea     edx, [ebx + LINK_CHALLENGED]
    call    wide_may
    jc      1f
    mov     eax, WIDE_ANSWER
    call    wide_greet
    stc
1:  ret

# Whether a hello that was not asked for may go again.
# In: EDX address of the clock_ms of the last.
# Out: CF when one went just now.
# Clobbers: EAX, ECX.
.global wide_may
wide_may:
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [edx]
    cmp     ecx, CHALLENGE_MS
    jb      9f
    mov     [edx], eax
9:  ret

# Sends a hello to where a packet comes from, which says that this packet was heard. May sleep.
# In: EBX link, ESI packet, EAX WIDE_ANSWER or 0.
# Clobbers: EAX, ECX, EDX.
.global wide_greet
wide_greet:
    push    ebp
    push    eax
    mov     al, WIDE_HELLO
    call    wide_build
    pop     [wide_out + WIDE_FLAGS]
    xor     eax, eax
    xchg    eax, [wide_token]
    mov     [wide_out + WIDE_TOKEN], eax
    cmp     byte ptr [esi + WIDE_KIND], WIDE_HELLO
    jne     1f
    mov     eax, [esi + WIDE_TOKEN]
    mov     [wide_out + WIDE_TOKEN_BACK], eax
1:  lea     edx, [esi + WIDE_SESSION]
    mov     eax, [esi + WIDE_NUMBER]
    call    wide_echo
    mov     edx, [wide_from]
    mov     ebp, [wide_from_port]
    mov     eax, [wide_from_socket]
    mov     ecx, WIDE_WISH_SIZE
    call    wide_send
    pop     ebp
    ret

# Counts what goes in a second.
# In: EDX address of how many went, and after it of the clock_ms since when; ECX how many may.
# Out: CF when this one may not.
# Clobbers: EAX.
.global wide_meter
wide_meter:
    call    clock_ms
    push    eax
    sub     eax, [edx + 4]
    cmp     eax, METER_MS
    pop     eax
    jb      1f
    mov     [edx + 4], eax
    mov     dword ptr [edx], 0
1:  inc     dword ptr [edx]
    cmp     ecx, [edx]
    ret

# A hello: is answered when it wants to be, and a hello that says that it was heard has not gone there just now.
# In: EBX link, ESI packet.
wide_greeted:
    cmp     dword ptr [wide_asked], 0
    jne     1f
    test    dword ptr [esi + WIDE_FLAGS], WIDE_ANSWER
    jz      1f
    xor     eax, eax
    jmp     wide_greet
1:  ret
