# Who watches whom. The members stand in a ring, in the order of their ids. Each reports to the next one, which asks it
# when it is silent, and accuses it to the coordinator when it stays silent; the coordinator asks once more, and then
# says that it is dead. So what a node sends and hears does not grow with the cluster. A death makes the coordinator
# call the roll, as others may have died with their watchers. See docs/protocols/cluster.md.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

ACCUSE_MS               = 100           # an accusation is repeated after so long
REMIND_MAXIMUM          = 20            # a member is told of its age so often

.bss
.balign 4
watch_at:               .space 4        # clock_ms of the next report to the next in the ring
.global ring_watched
ring_watched:           .space 4        # peer that this node watches, or 0
roll_until:             .space 4        # clock_ms up to which views call the roll
roll_called:            .space 4        # 1: they do

.text

# The member that this node reports to: the one with the next higher id, after the highest comes the lowest.
# Out: EAX peer, or 0.
# Clobbers: ECX, EDX.
ring_next:
    push    ebx
    push    esi
    xor     esi, esi                    # the lowest
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    test    esi, esi
    jnz     .Lring_next_compare
    mov     esi, ebx
.Lring_next_compare:
    lea     eax, [ebx + PEER_ID]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    ja      4f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  mov     ebx, esi
4:  mov     eax, ebx
    pop     esi
    pop     ebx
    ret

# Finds out whom this node watches: the member whose next one it is, unless all hear that one, as it coordinates. Of
# somebody new nothing was to be heard before.
# In: EAX now.
# Clobbers: EAX, ECX, EDX.
.global ring_look
ring_look:
    CHECK_HELD cluster_mutex, "ring_look: cluster_mutex is not held"
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    xor     esi, esi                    # the best so far
    mov     ebx, [peer_first]
.Lring_look_peer:
    test    ebx, ebx
    jz      .Lring_look_found
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lring_look_skip
    lea     eax, [ebx + PEER_ID]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    jb      .Lring_look_better
    test    esi, esi                    # behind us: the highest of all counts only when there is none before us
    jz      .Lring_look_better
    lea     eax, [esi + PEER_ID]
    call    node_id_compare
    jb      .Lring_look_skip
.Lring_look_better:
    mov     esi, ebx
.Lring_look_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lring_look_peer
.Lring_look_found:
    test    esi, esi
    jz      .Lring_look_watched
    lea     eax, [esi + PEER_ID]
    mov     edx, offset coordinator_id
    call    node_id_compare
    jne     .Lring_look_watched
    xor     esi, esi
.Lring_look_watched:
    cmp     esi, [ring_watched]
    je      .Lring_look_done
    mov     [ring_watched], esi
    test    esi, esi
    jz      .Lring_look_done
    mov     dword ptr [esi + PEER_ACCUSED], 0
    cmp     dword ptr [esi + PEER_SUSPECTED], 0
    jne     .Lring_look_done            # a new coordinator has waited for the last one already
    mov     [esi + PEER_SEEN], edi
.Lring_look_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reports to the next in the ring when it is time. Views say enough of a node that coordinates. May sleep.
# In: EBX now.
# Out: EAX milliseconds until it is needed again.
.global ring_timers
ring_timers:
    push    ebx
    mov     eax, [watch_at]
    sub     eax, ebx
    test    eax, eax
    jg      9f
    call    ring_remind
    call    health_beat
    lea     ecx, [ebx + eax]
    mov     [watch_at], ecx
    push    eax
    call    ring_next
    mov     ebx, eax
    test    ebx, ebx
    jz      8f
    mov     eax, KIND_REPORT
    call    health_send
8:  pop     eax
9:  pop     ebx
    ret

# Reports to members whose disk may be an older copy: a report says how old they were before. May sleep.
# Clobbers: EAX, ECX, EDX.
.global ring_remind
ring_remind:
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      9f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    cmp     dword ptr [ebx + PEER_KNOWN], 0
    je      2f
    test    dword ptr [ebx + PEER_FLAGS], FLAG_DISKLESS # its age is 1 at each boot
    jnz     2f
    cmp     dword ptr [ebx + PEER_REMINDED], REMIND_MAXIMUM
    jae     2f                          # it may know better: its service was started again
    inc     dword ptr [ebx + PEER_REMINDED]
    mov     eax, KIND_REPORT
    call    health_send
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
9:  pop     ebx
    ret

# The coordinator is told that a member has been silent for too long, again and again. May sleep.
# In: EBX peer, EAX now.
# Out: EAX milliseconds until the next time.
# Clobbers: ECX, EDX.
.global ring_accuse
ring_accuse:
    mov     ecx, eax
    sub     ecx, [ebx + PEER_ACCUSED]
    mov     edx, ACCUSE_MS
    sub     edx, ecx
    cmp     dword ptr [ebx + PEER_ACCUSED], 0
    je      1f
    cmp     ecx, ACCUSE_MS
    mov     eax, edx
    jb      9f
1:  call    clock_ms
    or      eax, 1                      # 0 means that it is not accused
    mov     [ebx + PEER_ACCUSED], eax
    mov     edx, 1
    call    ring_say
    mov     eax, ACCUSE_MS
9:  ret

# A peer was heard: whoever was told that it is silent is told so.
# In: EBX peer.
# Clobbers: EAX, ECX, EDX.
.global ring_heard
ring_heard:
    xor     edx, edx
    mov     [ebx + PEER_SUSPECTED], edx
    cmp     dword ptr [ebx + PEER_ACCUSED], edx
    je      9f
    mov     [ebx + PEER_ACCUSED], edx
    jmp     ring_say
9:  ret

# Tells the coordinator of a peer.
# In: EBX peer, EDX 1: it is silent, 0: it was heard.
ring_say:
    cmp     dword ptr [coordinator_self], 0
    jne     9f
    mov     eax, [coordinator_id]
    or      eax, [coordinator_id + 4]
    jz      9f
    push    edx
    mov     eax, KIND_SUSPECT
    call    packet_build
    pop     edx
    mov     [cluster_out + CLOUD_SILENT], edx
    mov     eax, [ebx + PEER_ID]
    mov     [cluster_out + CLOUD_TARGET], eax
    mov     eax, [ebx + PEER_ID + 4]
    mov     [cluster_out + CLOUD_TARGET + 4], eax
    mov     ecx, CLOUD_REQUEST_SIZE
    jmp     coordinator_send
9:  ret

# A member accuses another one, or takes that back. The coordinator gives who is accused a last chance, unless it was
# heard lately.
# In: EAX packet.
.global ring_suspected
ring_suspected:
    push    ebx
    push    esi
    cmp     dword ptr [coordinator_self], 0
    je      9f
    mov     esi, [eax + CLOUD_SILENT]
    add     eax, CLOUD_TARGET
    call    peer_known
    jc      9f
    mov     ebx, eax
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      9f
    call    clock_ms
    test    esi, esi
    jz      8f
    cmp     dword ptr [ebx + PEER_SUSPECTED], 0
    jne     9f
    mov     ecx, eax
    call    health_confirm
    mov     edx, eax
    call    health_patience
    sub     eax, edx
    sub     ecx, eax                    # so long it has been silent, at least
    call    ring_doubt
    jmp     9f
8:  mov     [ebx + PEER_SEEN], eax
    mov     [ebx + PEER_SUSPECTED], esi
9:  pop     esi
    pop     ebx
    ret

# The coordinator looks after a member itself, from a moment in the past on.
# In: EBX peer, ECX clock_ms.
# Clobbers: EAX, EDX.
ring_doubt:
    mov     dword ptr [ebx + PEER_SUSPECTED], 1
    mov     eax, [ebx + PEER_SEEN]
    sub     eax, ecx
    jns     9f                          # it was heard since
    mov     [ebx + PEER_SEEN], ecx
9:  call    clock_ms
    mov     [peer_expiry], eax
    ret

# Calls the roll: who does not report to the coordinator soon is dead.
# In: EAX how long the members have for it, in ms.
.global ring_roll
ring_roll:
    push    ebx
    push    esi
    mov     esi, eax
    call    clock_ms
    lea     ecx, [eax + esi]
    mov     [roll_until], ecx
    mov     dword ptr [roll_called], 1
    mov     esi, ecx
    call    health_patience
    sub     esi, eax                    # silent since then
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    mov     ecx, esi
    call    ring_doubt
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  pop     esi
    pop     ebx
    ret

# Whether views call the roll now.
# Out: ZF when they do.
# Clobbers: EAX, ECX.
.global ring_rolls
ring_rolls:
    cmp     dword ptr [roll_called], 1
    jne     9f
    call    clock_ms
    mov     ecx, [roll_until]
    sub     ecx, eax
    jns     8f
    mov     dword ptr [roll_called], 0
    test    esp, esp                    # ZF clear
    ret
8:  cmp     eax, eax
9:  ret
