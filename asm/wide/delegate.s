# The delegate: whoever holds the lowest service address that is not shared speaks for the cluster to others. It dies,
# and the next holder goes on, with what the cluster's values say of the links.
#
# Two tasks, one for each socket: the door, which never speaks first, and the way, by which the delegate does.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

LOOK_MS                 = 500           # how often it is looked who the delegate is, and what is due
TRY_MS                  = 3000          # how often a link that is silent is tried
ROUNDS                  = 2             # in which all places are tried, until there is none past a relay for now
CHANGE_MS               = 3000          # a list that changes all the time is told no more often

.bss
.balign 4
.global wide_event
wide_event:             .space 8        # of both tasks: links have changed; the sockets have
.global wide_address
wide_address:           .space 4        # service address from which this node speaks, 0 while it is not the delegate
own_digest:             .space 4        # of this cluster's list, as it was looked at last
begin_failed:           .space 4        # error for which the sockets could not be made, or 0
incoming:               .space 2 * (WIDE_MAXIMUM + 4)   # of each task; what is longer is cut off after a size that no
                                                        # packet has

STRING door_name, "cloud door"
STRING way_name, "cloud way"
ON_HOOK cluster_more_tasks, door_task, door_name
ON_HOOK cluster_more_tasks, way_task, way_name

.section .rodata
.balign 4
    # fields of a link that place it: a person's or an invitation's word, a relay's, its own
places:                 .long LINK_GIVEN, LINK_HINT, LINK_TOLD_DOOR, LINK_HINT
PLACES                  = (. - places) / 4

.text

# The task of the way.
way_task:
    mov     ebx, WIDE_AT_WAY
    jmp     wide_task

# The task of the door, which also looks what is due.
door_task:
    mov     ebx, WIDE_AT_DOOR

# What both do.
# In: EBX WIDE_AT_*.
wide_task:
    mov     eax, offset cluster_owner
    call    owner_join
    imul    esi, ebx, WIDE_MAXIMUM + 4
    add     esi, offset incoming
.Lwide_task_next:
    or      edi, -1                     # EDI: milliseconds to wait
    cmp     ebx, WIDE_AT_DOOR
    jne     1f
    call    cloud_lock
    call    delegate_look
    mov     edi, eax
    call    cloud_unlock
    call    meet_settle
    call    offer_settle
1:  mov     eax, [wide_sockets + ebx*4]
    mov     edx, edi
    test    eax, eax
    jz      .Lwide_task_idle
    mov     edi, WIDE_MAXIMUM + 4
    call    udp_receive
    jc      .Lwide_task_next
    push    ebx
    push    ecx
    push    edx
    push    eax
    call    cloud_lock
    pop     eax
    pop     edx
    pop     ecx
    cmp     dword ptr [wide_sockets + ebx*4], 0
    je      2f
    call    wide_receive
2:  call    cloud_unlock
    pop     ebx
    jmp     .Lwide_task_next
.Lwide_task_idle:
    lea     eax, [wide_event + ebx*4]
    call    event_wait
    jmp     .Lwide_task_next

# The address from which the cluster speaks.
# Out: ESI service; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global delegate_service
delegate_service:
    push    edi
    xor     esi, esi
    or      ecx, -1
    mov     edi, offset services
1:  mov     eax, [edi + SERVICE_ADDRESS]
    test    eax, eax
    jz      2f
    cmp     dword ptr [edi + SERVICE_SHARED], 0
    jne     2f
    bswap   eax
    cmp     ecx, eax
    jbe     2f
    mov     ecx, eax
    mov     esi, edi
2:  add     edi, SERVICE_SIZE
    cmp     edi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    cmp     esi, 1
    pop     edi
    ret

# Becomes the delegate, or ceases to be it, and does what is due. The mutex is held. May sleep.
# Out: EAX milliseconds until it is needed again.
delegate_look:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, offset values + VALUES_TEXT
    call    link_next
    mov     edi, 0                      # EDI: address from which this node is to speak
    mov     ebp, -1                     # EBP: milliseconds
    jnc     1f
    call    delegate_needed             # an identity is dear, and most clusters are linked to nobody
    jc      .Ldelegate_look_who
1:  call    links_identify
    jc      .Ldelegate_look_who
    cmp     dword ptr [links_stale], 0
    je      2f
    call    links_configure
2:  call    delegate_needed
    jc      .Ldelegate_look_who
    mov     ebp, LOOK_MS
    call    agreement_speaks
    jne     .Ldelegate_look_who
    call    delegate_service
    jc      .Ldelegate_look_who
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      .Ldelegate_look_who
    mov     edi, [esi + SERVICE_ADDRESS]
.Ldelegate_look_who:
    cmp     edi, [wide_address]
    je      .Ldelegate_look_same
    call    delegate_end
    test    edi, edi
    jz      .Ldelegate_look_same
    call    delegate_begin
.Ldelegate_look_same:
    cmp     dword ptr [wide_address], 0
    je      .Ldelegate_look_done
    call    clock_ms
    mov     edi, eax
    call    router_look
    call    offer_look
    call    follow_look
    call    hearsay_look
    call    summary_digest
    mov     [own_digest], eax
    mov     ebx, offset links
3:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      4f
    call    link_look
    call    dial_look
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      3b
.Ldelegate_look_done:
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a delegate has anything to do: there are links, or one is being made.
# Out: CF when it has not.
# Clobbers: EAX.
delegate_needed:
    mov     eax, offset links
1:  cmp     byte ptr [eax + LINK_NAME], 1
    jae     2f                          # CF is clear
    add     eax, LINK_SIZE
    cmp     eax, offset links + LINKS * LINK_SIZE
    jb      1b
    jmp     meet_open
2:  ret

# This node becomes the delegate. May sleep.
# In: EDI address from which it speaks.
# Clobbers: EAX, ECX, EDX.
delegate_begin:
    push    ebx
    mov     eax, WIDE_PORT
    call    udp_open
    jc      .Ldelegate_begin_failed
    mov     [wide_sockets + 4 * WIDE_AT_DOOR], eax
    xor     eax, eax
    call    udp_open
    jc      .Ldelegate_begin_failed
    mov     [wide_sockets + 4 * WIDE_AT_WAY], eax
    mov     ebx, WIDE_AT_WAY
2:  mov     eax, [wide_sockets + ebx*4]
    mov     edx, edi
    xor     ecx, ecx
    call    udp_bind
    jc      .Ldelegate_begin_failed
    dec     ebx
    jns     2b
    mov     dword ptr [begin_failed], 0
    mov     [wide_address], edi
    mov     eax, offset wide_session
    mov     edx, SESSION_SIZE
    call    generator_fill
    or      byte ptr [wide_session], 1  # never 0
    mov     dword ptr [wide_number], 0
    call    links_begin
    call    hearsay_begin
    call    router_begin
    call    offer_begin
    call    serve_begin
    mov     eax, offset wide_event + 4 * WIDE_AT_WAY
    call    event_signal
    PRINTF  "cluster: this node speaks to other clusters, from %I\n", edi
    pop     ebx
    ret
.Ldelegate_begin_failed:
    mov     ebx, eax
    call    delegate_shut
    cmp     ebx, [begin_failed]
    je      1f
    mov     [begin_failed], ebx         # said once
    mov     eax, ebx
    call    error_text
    PRINTF  "cluster: this node cannot speak to other clusters, from UDP port %u of %I: %s\n", WIDE_PORT, edi, eax
1:  pop     ebx
    ret

# Nothing is known any more of what links say.
# Clobbers: EAX, ECX.
links_begin:
    push    ebx
    push    edi
    mov     ebx, offset links
1:  lea     edi, [ebx + LINK_STATE]
    xor     eax, eax
    mov     ecx, (LINK_STATE_END - LINK_STATE) / 4
    rep stosd
    add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    pop     edi
    pop     ebx
    ret

# This node is the delegate no longer. May sleep.
# Clobbers: EAX, ECX, EDX.
delegate_end:
    cmp     dword ptr [wide_address], 0
    je      9f
    mov     dword ptr [wide_address], 0

# Closes what sockets there are.
# Clobbers: EAX, ECX, EDX.
delegate_shut:
    call    serve_end
    xor     eax, eax
    xchg    eax, [wide_sockets + 4 * WIDE_AT_DOOR]
    test    eax, eax
    jz      1f
    call    udp_close
1:  xor     eax, eax
    xchg    eax, [wide_sockets + 4 * WIDE_AT_WAY]
    test    eax, eax
    jz      9f
    call    udp_close
9:  ret

# Whether a link was heard lately.
# In: EBX link.
# Out: CF when not.
# Clobbers: EAX, ECX.
.global link_lives
link_lives:
    cmp     dword ptr [ebx + LINK_HEARD], 1
    jb      9f
    call    clock_ms
    sub     eax, [ebx + LINK_SEEN]

# Whether what happened to a link was lately.
# In: EBX link, EAX milliseconds since then.
# Out: CF when not.
# Clobbers: ECX.
link_lately:
    mov     ecx, WIDE_SILENCE_MS
    call    link_relayed
    jc      1f
    mov     ecx, WIDE_RELAYED_SILENCE_MS
1:  cmp     ecx, eax
9:  ret

# Whether a link has shown lately that it hears this cluster: a gateway may let in what goes one way alone.
# In: EBX link.
# Out: CF when not.
# Clobbers: EAX, ECX.
.global link_hears
link_hears:
    call    clock_ms
    sub     eax, [ebx + LINK_ECHOED_AT]
    jmp     link_lately

# Whether a link speaks by a relay.
# In: EBX link.
# Out: CF when it does not.
link_relayed:
    cmp     byte ptr [ebx + LINK_ADDRESS], 1
    cmc
    jc      9f
    cmp     dword ptr [ebx + LINK_ADDRESS], 1
9:  ret

# Does what is due for a link. May sleep.
# In: EBX link, EDI now.
# Clobbers: EAX, ECX, EDX.
link_look:
    call    link_lives
    jc      link_seek
    mov     edx, [ebx + LINK_ADDRESS]
    test    edx, edx
    jz      link_seek
    call    link_relayed
    jc      .Llink_look_direct
    push    ebx
    call    relay_of
    mov     ebx, eax
    call    relay_can
    pop     ebx
    jc      .Llink_look_relayless
    cmp     dword ptr [ebx + LINK_STOOD], 2
    je      .Llink_look_send
    mov     ecx, WIDE_RELAYED_MS
    cmp     dword ptr [ebx + LINK_TRIES], ROUNDS * PLACES
    jb      1f
    mov     ecx, WIDE_RELAYED_REST_MS
    jmp     1f
.Llink_look_direct:
    call    link_hears
    jnc     .Llink_look_hears
    mov     eax, edi
    sub     eax, [ebx + LINK_PROBED]
    cmp     eax, TRY_MS
    jb      .Llink_look_hears
    mov     [ebx + LINK_PROBED], edi
    call    link_turn
.Llink_look_hears:
    call    public_look
    mov     ecx, WIDE_SUMMARY_MS
1:  mov     eax, edi
    sub     eax, [ebx + LINK_SENT]
    cmp     eax, CHANGE_MS
    jb      details_look
    mov     edx, [own_digest]
    cmp     edx, [ebx + LINK_SAID]
    jne     .Llink_look_send
    cmp     [ebx + LINK_WISHED], edi
    jne     2f
    cmp     dword ptr [ebx + LINK_STOOD], 0
    jne     2f
    cmp     eax, WIDE_SUMMARY_MS / 2
    jb      2f
    mov     dword ptr [ebx + LINK_STOOD], 1     # the wish that has just gone keeps mappings alive as well
    mov     [ebx + LINK_SENT], edi
    jmp     details_look
2:  cmp     eax, ecx
    jb      details_look
.Llink_look_send:
    mov     dword ptr [ebx + LINK_STOOD], 0
    mov     [ebx + LINK_SENT], edi
    call    summary_send
    jmp     details_look
.Llink_look_relayless:
    mov     dword ptr [ebx + LINK_STOOD], 2

# Looks for a link that is silent. May sleep.
# In: EBX link, EDI now.
# Clobbers: EAX, ECX, EDX.
link_seek:
    mov     eax, edi
    sub     eax, [ebx + LINK_SENT]
    cmp     eax, TRY_MS
    jb      9f
    mov     [ebx + LINK_SENT], edi

# The same, at once.
link_turn:
    xor     dword ptr [ebx + LINK_TURN], 1
    jz      .Llink_seek_relay
    call    link_place
    jnc     link_try
.Llink_seek_relay:
    call    relay_next
    jnc     link_try
    call    link_place
    jnc     link_try
9:  ret

# A link that speaks by a relay, or TCP, is told hello at where it may be: that opens this cluster's gateway for its own
# hello, which follows this cluster's next words by the relay. May sleep.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
.global link_probe
link_probe:
    cmp     byte ptr [ebx + LINK_ADDRESS], 0
    je      1f
    cmp     dword ptr [ebx + LINK_PORT], WIDE_BY_TCP
    jb      9f
1:  call    clock_ms
    mov     ecx, eax
    sub     ecx, [ebx + LINK_PROBED]
    cmp     ecx, TRY_MS
    jb      9f
    mov     [ebx + LINK_PROBED], eax
    call    link_place
    jc      9f
    cmp     edx, [ebx + LINK_TOLD_DOOR_PORT]
    jne     link_try
    cmp     dword ptr [ebx + LINK_TOLD_CALLED], DOOR_BY_UDP
    je      link_try
    call    link_place                  # not the door: nobody has reached it by UDP
    jnc     link_try
9:  ret

# The next address at which a link may be, as somebody says.
# In: EBX link.
# Out: EAX address, EDX port; CF when nobody says any.
# Clobbers: ECX.
link_place:
    push    esi
    mov     esi, PLACES
1:  mov     eax, [ebx + LINK_TRIES]
    inc     dword ptr [ebx + LINK_TRIES]
    xor     edx, edx
    mov     ecx, PLACES
    div     ecx
    mov     edx, [places + edx*4]
    cmp     edx, LINK_GIVEN
    jne     3f
    call    host_turn
3:  mov     eax, [ebx + edx]
    movzx   edx, word ptr [ebx + edx + 4]
    cmp     al, 1                       # what begins with 0 is no host's address
    jae     2f
    dec     esi
    jnz     1b
    stc
2:  pop     esi
    ret

# Says hello to where a link may be. May sleep.
# In: EBX link, EAX address, EDX port.
# Clobbers: EAX, ECX, EDX.
.global link_try
link_try:
    push    ebp
    push    eax
    mov     ebp, edx
    mov     al, WIDE_HELLO
    call    wide_build
    mov     dword ptr [wide_out + WIDE_FLAGS], WIDE_ANSWER
    mov     eax, [esp]
    mov     edx, ebp
    call    wide_dare
    mov     [wide_out + WIDE_TOKEN], eax
    mov     edx, [esp]
    mov     ecx, WIDE_WISH_SIZE
    mov     eax, WIDE_AT_WAY
    call    wide_send
    pop     eax
    mov     edx, ebp
    pop     ebp
    jmp     wide_tried
