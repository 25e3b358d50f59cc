# What becomes an event. Who lives and who does not the coordinator notes: it compares its view with what the history
# says last of each node, and writes down where they differ. So what a coordinator could not write any more, as it died,
# its successor does; and where two parts of a cluster have written different things, the next look says what is true.
# See docs/protocols/cluster-history.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

SETTLE_MS               = 1000          # a new coordinator knows the others after this
# How often they are compared when the view has not changed. A history that another one changed is compared then only:
# two coordinators that hear each other's events before each other's views would contradict each of them at once.
LOOK_MS                 = 1000

.bss
.balign 4
noted:                  .space EVENT_SIZE   # the event that is being made
own_noted:              .space 8        # age with which the history has this node alive in this era, or 0; then its
                                        # revision, as PEER_NOTED_REVISION of others, which nobody asks for
settled_at:             .space 4        # clock_ms from which this coordinator knows the others,
settling:               .space 4        # when this is 1
looked_at:              .space 4        # clock_ms of the last look
looked_digest:          .space 4        # of the view then

.text

# Notes an event of this era: enters it and has the others told. May sleep.
# In: EAX EVENT_*, EDX subject's id, ECX name, ESI, EDI details.
# Out: CF when there is no room for it.
# Clobbers: all but EBX, ESI, EDI, EBP.
history_note:
    push    [node + NODE_ERA]
    call    history_note_in
    ret     # history_note_in has removed its argument

# As history_note, in an era.
# In: as history_note; on the stack, removed here: era.
# Out: as history_note.
history_note_in:
    push    ebx
    push    esi
    mov     ebx, offset noted
    mov     [ebx + EVENT_DETAIL], esi
    mov     [ebx + EVENT_DETAIL_2], edi
    movzx   eax, al
    mov     [ebx + EVENT_KIND], ax
    mov     eax, [edx]
    mov     [ebx + EVENT_SUBJECT], eax
    mov     eax, [edx + 4]
    mov     [ebx + EVENT_SUBJECT + 4], eax
    push    ecx
    push    edi
    lea     edi, [ebx + EVENT_NAME]
    xor     eax, eax
    mov     ecx, NAME_SIZE / 4
    rep stosd
    pop     edi
    pop     edx
    lea     eax, [ebx + EVENT_NAME]
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, [node + NODE_ID]
    mov     [ebx + EVENT_AUTHOR], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [ebx + EVENT_AUTHOR + 4], eax
    mov     eax, [view_members]
    inc     eax
    mov     [ebx + EVENT_MEMBERS], ax
    mov     ecx, [esp + 12]
    mov     [ebx + EVENT_ERA], ecx
    call    history_next_of
    mov     [ebx + EVENT_NUMBER], eax
    push    edx
    call    clock_seconds
    pop     edx
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_ENDED
    jne     1f
    mov     eax, edx                    # it ended when it was last heard of
1:  mov     [ebx + EVENT_TIME], eax
    mov     esi, ebx
    call    history_insert
    jc      9f
    call    history_tell
    call    history_changed
    clc
9:  pop     esi
    pop     ebx
    ret     4

# An address is at this node from now on.
# In: EAX address.
.global history_note_moved
history_note_moved:
    push    esi
    push    edi
    mov     esi, eax
    xor     edi, edi
    mov     edx, offset node + NODE_ID
    mov     ecx, offset hostname
    mov     eax, EVENT_MOVED
    call    history_note_member
    pop     edi
    pop     esi
    ret

# This node has another name.
# Clobbers: EAX, ECX, EDX.
.global history_note_renamed
history_note_renamed:
    push    esi
    push    edi
    mov     esi, [node + NODE_AGE]
    mov     edi, [boot_info + bi_revision]
    mov     edx, offset node + NODE_ID
    mov     ecx, offset hostname
    mov     eax, EVENT_JOINED
    call    history_note_member
    pop     edi
    pop     esi
    ret

# This node has changed a value.
# In: EAX its name.
.global history_note_configured
history_note_configured:
    push    esi
    push    edi
    mov     ecx, eax
    mov     eax, [cluster_netif]
    mov     esi, [eax + NETIF_ADDRESS]
    mov     edi, [values + VALUES_NUMBER]
    mov     edx, offset node + NODE_ID
    mov     eax, EVENT_CONFIGURED
    call    history_note_member
    pop     edi
    pop     esi
    ret

# Notes an event if this node lives in an era that counts.
# In: as history_note.
history_note_member:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    cmp     dword ptr [node_alone], 0
    je      history_note
9:  ret

# This node leaves: who else is there writes that down; if nobody is, this node does.
.global history_note_left
history_note_left:
    cmp     dword ptr [peer_alive], 0
    jne     9f
    cmp     dword ptr [coordinator_self], 0
    je      9f
    push    esi
    push    edi
    xor     esi, esi
    xor     edi, edi
    mov     edx, offset node + NODE_ID
    mov     ecx, offset hostname
    mov     eax, EVENT_LEFT
    call    history_note_member
    pop     edi
    pop     esi
9:  ret

# Looks whether the history says of all nodes what the view does, and notes what it does not. May sleep.
# In: EAX now.
# Out: EAX milliseconds until the next look, 0x7FFFFFFF while this node does not coordinate.
.global history_look
history_look:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    lived_look
    mov     eax, [coordinator_self]
    and     eax, [cluster_pings]
    jz      .Lhistory_look_not
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lhistory_look_not
    cmp     dword ptr [node_alone], 0
    jne     .Lhistory_look_not
    cmp     dword ptr [settling], 0
    jne     1f
    mov     dword ptr [settling], 1
    lea     eax, [ebx + SETTLE_MS]
    mov     [settled_at], eax
1:  mov     eax, [settled_at]
    sub     eax, ebx
    test    eax, eax
    jg      .Lhistory_look_done
    mov     [settled_at], ebx           # never so long ago that the difference changes its sign
    mov     eax, [view_digest]
    mov     ecx, ebx
    sub     ecx, [looked_at]
    cmp     ecx, LOOK_MS
    jae     2f
    cmp     eax, [looked_digest]
    je      .Lhistory_look_later
2:  mov     [looked_digest], eax
    mov     [looked_at], ebx
    call    history_look_eras
    call    history_read
    call    history_look_peers
    call    history_look_gone
.Lhistory_look_later:
    mov     eax, LOOK_MS
    jmp     .Lhistory_look_done
.Lhistory_look_not:
    mov     dword ptr [settling], 0
    mov     eax, 0x7FFFFFFF
.Lhistory_look_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sees to it that this era has begun, and that all before it have ended.
history_look_eras:
    push    ebx
    push    esi
    push    edi
    push    ebp
.Lhistory_look_eras_again:
    xor     ebp, ebp                    # EBP: 1 when this era's founding is known
    call    history_end
    mov     edi, eax
    mov     ebx, offset history + HISTORY_EVENTS
    xor     esi, esi                    # ESI: 1 when the end of the era at EBX is known
.Lhistory_look_eras_next:
    cmp     ebx, edi
    jae     .Lhistory_look_eras_begin
    mov     ecx, [ebx + EVENT_ERA]
    cmp     ecx, [node + NODE_ERA]
    jae     .Lhistory_look_eras_this
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_ENDED
    jne     1f
    inc     esi
1:  add     ebx, EVENT_SIZE
    cmp     ebx, edi
    jae     2f
    cmp     ecx, [ebx + EVENT_ERA]
    je      .Lhistory_look_eras_next
2:  test    esi, esi
    mov     esi, 0
    jnz     .Lhistory_look_eras_next
    push    ecx
    xor     edi, edi
    mov     edx, offset node + NODE_ID
    mov     ecx, offset hostname
    mov     eax, EVENT_ENDED
    call    history_note_in
    jnc     .Lhistory_look_eras_again
    call    history_end
    mov     edi, eax
    jmp     .Lhistory_look_eras_next
.Lhistory_look_eras_this:
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_FOUNDED
    jne     3f
    lea     eax, [ebx + EVENT_SUBJECT]
    mov     edx, offset node + NODE_FOUNDER
    call    session_same                # ids have the size of sessions
    jne     3f
    inc     ebp
3:  add     ebx, EVENT_SIZE
    jmp     .Lhistory_look_eras_next
.Lhistory_look_eras_begin:
    test    ebp, ebp
    jnz     .Lhistory_look_eras_done
    xor     esi, esi
    xor     edi, edi
    mov     edx, offset node + NODE_FOUNDER
    mov     ecx, offset no_name
    mov     eax, edx
    push    edx
    mov     edx, offset node + NODE_ID
    push    ecx
    call    session_same
    pop     ecx
    jne     4f
    mov     ecx, offset hostname        # a founder that is not here any more may be nameless
    mov     esi, [node + NODE_AGE]
    mov     edi, [boot_info + bi_revision]
4:  pop     edx
    mov     eax, EVENT_FOUNDED
    call    history_note
.Lhistory_look_eras_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether an event says that its subject is there.
# In: EBX event.
# Out: ZF when it is.
# Clobbers: nothing.
.global event_is_coming
event_is_coming:
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_JOINED
    je      9f
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_FOUNDED
9:  ret

# Whether an event says that its subject is there, or not any more.
# In: EBX event.
# Out: ZF when it is.
# Clobbers: nothing.
.global event_is_state
event_is_state:
    call    event_is_coming
    je      9f
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_LEFT
    je      9f
    cmp     byte ptr [ebx + EVENT_KIND], EVENT_DIED
9:  ret

# Reads what the history says last of each node in the table, and of this one.
history_read:
    push    ebx
    push    esi
    xor     eax, eax
    mov     [own_noted], eax
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      2f
    mov     [ebx + PEER_NOTED], eax
    mov     [ebx + PEER_NOTED_REVISION], eax
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
2:  call    history_end
    mov     esi, eax
    mov     ebx, offset history + HISTORY_EVENTS
.Lhistory_read_next:
    cmp     ebx, esi
    jae     .Lhistory_read_done
    call    event_is_state
    jne     .Lhistory_read_skip
    lea     eax, [ebx + EVENT_SUBJECT]
    mov     edx, offset node + NODE_ID
    call    session_same
    mov     edx, offset own_noted
    je      .Lhistory_read_known
    call    peer_known
    jc      .Lhistory_read_skip
    lea     edx, [eax + PEER_NOTED]
.Lhistory_read_known:
    mov     dword ptr [edx], 0
    call    event_is_coming
    jne     .Lhistory_read_skip
    mov     eax, [ebx + EVENT_DETAIL_2]
    mov     [edx + PEER_NOTED_REVISION - PEER_NOTED], eax
    mov     eax, [ebx + EVENT_ERA]
    cmp     eax, [node + NODE_ERA]
    jne     .Lhistory_read_skip
    mov     eax, [ebx + EVENT_DETAIL]
    mov     [edx], eax
.Lhistory_read_skip:
    add     ebx, EVENT_SIZE
    jmp     .Lhistory_read_next
.Lhistory_read_done:
    pop     esi
    pop     ebx
    ret

# Notes who came and went, among the nodes in the table and this one. May sleep.
history_look_peers:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, offset own_noted
    mov     esi, [node + NODE_AGE]
    mov     edi, [boot_info + bi_revision]
    mov     edx, offset node + NODE_ID
    mov     ecx, offset hostname
    call    history_look_member
    mov     ebx, [peer_first]
.Lhistory_look_peers_next:
    test    ebx, ebx
    jz      .Lhistory_look_peers_done
    lea     edx, [ebx + PEER_ID]
    lea     ecx, [ebx + PEER_NAME]
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lhistory_look_peers_gone
    lea     ebp, [ebx + PEER_NOTED]
    mov     esi, [ebx + PEER_AGE]
    mov     edi, [ebx + PEER_REVISION]
    call    history_look_member
    jmp     .Lhistory_look_peers_skip
.Lhistory_look_peers_gone:
    cmp     dword ptr [ebx + PEER_NOTED], 0
    je      .Lhistory_look_peers_skip
    xor     esi, esi
    xor     edi, edi
    mov     eax, EVENT_DIED
    sub     eax, [ebx + PEER_LEFT]      # EVENT_LEFT is one less
    call    history_note
.Lhistory_look_peers_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lhistory_look_peers_next
.Lhistory_look_peers_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Notes that a member has joined, and with another kernel than before, unless the history says so.
# In: ESI its age, EDI its revision, EDX its id, ECX its name; EBP what the history says: age, revision.
# Clobbers: all but EBX.
history_look_member:
    cmp     [ebp], esi
    je      9f
    push    edx
    push    ecx
    mov     eax, EVENT_JOINED
    call    history_note
    pop     ecx
    pop     edx
    mov     esi, edi
    mov     edi, [ebp + PEER_NOTED_REVISION - PEER_NOTED]
    test    edi, edi
    jz      9f
    cmp     esi, edi
    je      9f
    mov     eax, EVENT_UPGRADED
    call    history_note
9:  ret

# Notes that nodes have died which the history has alive and the table does not know at all. May sleep.
history_look_gone:
    push    ebx
    push    esi
    push    edi
    push    ebp
.Lhistory_look_gone_again:
    call    history_end
    mov     esi, eax
    mov     ebx, eax
.Lhistory_look_gone_next:
    cmp     ebx, offset history + HISTORY_EVENTS
    je      .Lhistory_look_gone_done
    sub     ebx, EVENT_SIZE
    mov     eax, [ebx + EVENT_ERA]
    cmp     eax, [node + NODE_ERA]
    jb      .Lhistory_look_gone_done
    call    event_is_coming
    jne     .Lhistory_look_gone_next
    lea     eax, [ebx + EVENT_SUBJECT]
    mov     edx, offset node + NODE_ID
    call    session_same
    je      .Lhistory_look_gone_next
    call    peer_known
    jnc     .Lhistory_look_gone_next
    mov     edi, ebx                    # is it the last word about that node?
1:  add     edi, EVENT_SIZE
    cmp     edi, esi
    jae     2f
    xchg    ebx, edi
    call    event_is_state
    xchg    ebx, edi
    jne     1b
    lea     eax, [ebx + EVENT_SUBJECT]
    lea     edx, [edi + EVENT_SUBJECT]
    call    session_same
    jne     1b
    jmp     .Lhistory_look_gone_next
2:  sub     esp, NAME_SIZE + NODE_ID_SIZE
    mov     eax, esp                    # entering an event moves the others
    lea     edx, [ebx + EVENT_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     eax, [ebx + EVENT_SUBJECT]
    mov     [esp + NAME_SIZE], eax
    mov     eax, [ebx + EVENT_SUBJECT + 4]
    mov     [esp + NAME_SIZE + 4], eax
    xor     esi, esi
    xor     edi, edi
    mov     ecx, esp
    lea     edx, [esp + NAME_SIZE]
    mov     eax, EVENT_DIED
    call    history_note
    lea     esp, [esp + NAME_SIZE + NODE_ID_SIZE]
    jnc     .Lhistory_look_gone_again
.Lhistory_look_gone_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
