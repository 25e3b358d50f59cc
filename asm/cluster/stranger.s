# Strangers: nodes that were heard and that this node cannot believe yet, because what it heard may be a recording.
# They are answered, so that those who are there can show it, and joining ones count when a founder is chosen, for a
# limited time; nothing else follows from them. The table is bounded: who was silent longest makes room.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

ECHO_MS                 = 2000          # packets to the group name the last stranger for so long
PROVE_MS                = 250           # between two hellos that ask strangers to prove themselves
PROVE_SPREAD_MS         = 60

.bss
.balign 4
.global strangers
strangers:              .space STRANGERS * STRANGER_SIZE
strangers_asking:       .space 4        # how many have STRANGER_ASKS
echo_stranger:          .space 4        # which was heard last
echo_time:              .space 4        # clock_ms
prove_address:          .space 4        # who is to be asked to prove itself, or 0
prove_session:          .space SESSION_SIZE
prove_number:           .space 4        # of its last view
prove_at:               .space 4        # clock_ms

.text

# Enters a stranger, or what is new of it, and has the next view name it.
# In: EAX packet, EDX its sender's address.
.global stranger_heard
stranger_heard:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    call    stranger_find
    mov     esi, eax
    CHECK_ENTRY esi, strangers, STRANGER_SIZE, STRANGERS, "stranger_heard: no entry of the table"
    lea     eax, [ebx + CLOUD_NODE]     # what is known of an earlier boot is kept here: its session may be believed
    call    peer_known                  # before it is named
    jc      3f
    push    eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    pop     eax
    je      3f
    call    peer_age
    mov     [esi + STRANGER_AGE], ecx
3:  mov     eax, [ebx + CLOUD_NODE]
    mov     [esi + STRANGER_ID], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [esi + STRANGER_ID + 4], eax
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [esi + STRANGER_SESSION], eax
    mov     eax, [ebx + CLOUD_SESSION + 4]
    mov     [esi + STRANGER_SESSION + 4], eax
    mov     eax, [ebx + CLOUD_SEQUENCE]
    cmp     eax, [esi + STRANGER_SEQUENCE]
    jb      4f
    mov     [esi + STRANGER_SEQUENCE], eax
4:  mov     [echo_stranger], esi
    mov     [esi + STRANGER_ADDRESS], edi
    mov     eax, [ebx + CLOUD_ERA]
    mov     [esi + STRANGER_ERA], eax
    call    clock_ms
    mov     [esi + STRANGER_SEEN], eax
    mov     [echo_time], eax
    xor     eax, eax
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_JOINING
    sete    al
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_BYE
    jne     1f
    xor     eax, eax
1:  mov     [esi + STRANGER_JOINS], eax
    cmp     dword ptr [esi + STRANGER_ASKS], 0
    jne     2f
    mov     dword ptr [esi + STRANGER_ASKS], 1
    inc     dword ptr [strangers_asking]
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a stranger's place in the table: its own, else a free one, else that of who was silent longest.
# In: EBX packet.
# Out: EAX place.
stranger_find:
    push    esi
    push    edi
    push    ebp
    call    clock_ms
    mov     ebp, eax
    xor     edi, edi                    # the best place so far, and the silence of who has it
    push    0
    mov     esi, offset strangers
.Lstranger_find_next:
    lea     eax, [esi + STRANGER_ID]
    lea     edx, [ebx + CLOUD_NODE]
    call    session_same                # ids have the size of sessions
    jne     .Lstranger_find_other
    lea     eax, [esi + STRANGER_SESSION]
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    je      .Lstranger_find_found
.Lstranger_find_other:
    mov     eax, -1
    mov     ecx, [esi + STRANGER_SESSION]
    or      ecx, [esi + STRANGER_SESSION + 4]
    jz      .Lstranger_find_compare
    mov     eax, ebp
    sub     eax, [esi + STRANGER_SEEN]
.Lstranger_find_compare:
    test    edi, edi
    jz      .Lstranger_find_better
    cmp     eax, [esp]
    jbe     .Lstranger_find_worse
.Lstranger_find_better:
    mov     edi, esi
    mov     [esp], eax
.Lstranger_find_worse:
    add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      .Lstranger_find_next
    mov     esi, edi
    xor     ecx, ecx                    # who had the place asks no longer
    mov     [esi + STRANGER_AGE], ecx
    mov     [esi + STRANGER_SEQUENCE], ecx
    xchg    ecx, [esi + STRANGER_ASKS]
    CHECK   ecx, be, [strangers_asking], "stranger_find: more ask than are counted"
    sub     [strangers_asking], ecx
.Lstranger_find_found:
    mov     eax, esi
    pop     ecx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Whether a stranger is joining, and was heard lately.
# In: EAX now, ESI stranger.
# Out: ZF when it is, and ECX how long ago it was heard.
.global stranger_joins
stranger_joins:
    cmp     dword ptr [esi + STRANGER_JOINS], 1
    jne     9f
    mov     ecx, eax
    sub     ecx, [esi + STRANGER_SEEN]
    cmp     ecx, JOINER_MS
    jae     8f
    cmp     ecx, ecx
    ret
8:  test    esp, esp                    # ZF clear
9:  ret

# A stranger says bye. It may be a recording: all that follows is that it does not count as joining.
# In: EAX packet.
.global stranger_left
stranger_left:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, offset strangers
1:  lea     eax, [esi + STRANGER_SESSION]
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    jne     2f
    mov     dword ptr [esi + STRANGER_JOINS], 0
2:  add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      1b
    pop     esi
    pop     ebx
    ret

# Has the packet that is being built, which is to the group, answer the stranger that was heard last.
.global stranger_echo
stranger_echo:
    mov     ecx, [echo_stranger]
    jecxz   9f
    call    clock_ms
    sub     eax, [echo_time]
    cmp     eax, ECHO_MS
    jae     9f
    mov     eax, [ecx + STRANGER_SESSION]
    mov     ecx, [ecx + STRANGER_SEQUENCE]
    jmp     session_echo
9:  ret

# Appends entries that name strangers who ask to a view, as many as it has room for.
# In: EDI where the first goes.
# Out: EDI after the last; stranger_waits when there was no room for all.
.global stranger_put
stranger_put:
    cmp     dword ptr [strangers_asking], 0
    je      .Lstranger_put_none
    push    esi
    mov     esi, offset strangers
.Lstranger_put_next:
    cmp     dword ptr [esi + STRANGER_ASKS], 0
    je      .Lstranger_put_other
    cmp     edi, offset cluster_out + CLOUD_MAXIMUM
    jae     .Lstranger_put_done
    mov     dword ptr [esi + STRANGER_ASKS], 0
    dec     dword ptr [strangers_asking]
    push    edi
    xor     eax, eax
    mov     ecx, ENTRY_SIZE / 4
    rep stosd
    pop     edi
    mov     eax, [esi + STRANGER_ID]
    mov     [edi + ENTRY_ID], eax
    mov     eax, [esi + STRANGER_ID + 4]
    mov     [edi + ENTRY_ID + 4], eax
    mov     eax, [esi + STRANGER_SESSION]
    mov     [edi + ENTRY_SESSION], eax
    mov     eax, [esi + STRANGER_SESSION + 4]
    mov     [edi + ENTRY_SESSION + 4], eax
    mov     eax, [esi + STRANGER_SEQUENCE]
    mov     [edi + ENTRY_SEQUENCE], eax
    mov     eax, [esi + STRANGER_ADDRESS]
    mov     [edi + ENTRY_ADDRESS], eax
    mov     byte ptr [edi + ENTRY_STATE], STATE_NAMED
    mov     eax, [esi + STRANGER_AGE]   # should its disk be older than what we know of its earlier boots
    mov     [edi + ENTRY_AGE], eax
    add     edi, ENTRY_SIZE
.Lstranger_put_other:
    add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      .Lstranger_put_next
.Lstranger_put_done:
    pop     esi
.Lstranger_put_none:
    ret

# Whether strangers wait to be named.
# Out: ZF when none does.
.global stranger_waits
stranger_waits:
    cmp     dword ptr [strangers_asking], 0
    ret

# A view of a session that is not known: its sender is to show that it speaks now.
# In: EAX packet, EDX its sender's address.
.global stranger_view
stranger_view:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [prove_address], 0
    mov     [prove_address], edx
    mov     eax, [ebx + CLOUD_SESSION]
    mov     [prove_session], eax
    mov     eax, [ebx + CLOUD_SESSION + 4]
    mov     [prove_session + 4], eax
    mov     eax, [ebx + CLOUD_SEQUENCE]
    mov     [prove_number], eax
    jne     9f
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [prove_at]
    cmp     ecx, PROVE_MS               # prove_at is when the last one was sent
    jae     1f
    mov     ecx, PROVE_MS
    add     ecx, [prove_at]
    mov     [prove_at], ecx
    jmp     9f
1:  mov     eax, [cluster_netif]
    mov     edx, PROVE_SPREAD_MS
    call    random_below
    push    eax
    call    clock_ms
    pop     ecx
    add     eax, ecx
    mov     [prove_at], eax
9:  pop     ebx
    ret

# Whether a view comes from who is asked to prove itself anyway.
# In: EAX packet, EDX its sender's address.
# Out: ZF when it does.
# Clobbers: EAX, ECX, EDX.
.global stranger_is_asked
stranger_is_asked:
    cmp     edx, [prove_address]
    jne     9f
    add     eax, CLOUD_SESSION
    mov     edx, offset prove_session
    jmp     session_same
9:  ret

# Asks the sender of such a view to prove itself, when it is time: says hello to it alone. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, 0x7FFFFFFF when nobody is to be asked.
.global stranger_timers
stranger_timers:
    cmp     dword ptr [prove_address], 0
    je      8f
    cmp     dword ptr [cluster_pings], 0
    je      8f
    mov     ecx, [prove_at]
    sub     ecx, eax
    test    ecx, ecx
    jg      7f
    mov     [prove_at], eax
    mov     eax, KIND_HELLO
    call    packet_build
    mov     eax, [prove_session]
    mov     ecx, [prove_number]
    call    session_echo
    xor     edx, edx
    xchg    edx, [prove_address]
    mov     ecx, CLOUD_SIZE
    call    packet_send_to
8:  mov     eax, 0x7FFFFFFF
    ret
7:  mov     eax, ecx
    ret
