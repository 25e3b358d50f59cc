# How nodes agree on their era: who founds a cluster, who joins it, and which of two clusters that meet goes on. docs/protocols/cluster.md
# tells why this comes to one cluster whatever is lost on the way.
#
# A cluster is named by its era and the id of its founder. Of two names the better one has the higher era or, in the same era, the
# lower founder. A node only ever moves to a better name, and its era never falls.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

HELLO_MS                = 250           # between the hellos of a joining node
WINDOW_MS               = 1500          # a node listens so long before it may found a cluster
ANNOUNCE_MS             = 200           # a member answers hellos at most this often
PING_MS                 = 1000
REPEAT_MS               = 250           # a new member announces itself again after this,
REPEATS                 = 2             # so often

    .bss
    .balign 4
    .global cluster_state, cluster_pings
cluster_state:          .space 4        # STATE_*
cluster_pings:          .space 4        # 1: take part; 0: silent, after `cloud stop`
window_end:             .space 4        # clock_ms
next_send:              .space 4        # clock_ms of the next hello or ping
last_announce:          .space 4
repeats:                .space 4        # announcements still to repeat

    .text

# agreement_begin: the node has an address: listen and say hello.
    .global agreement_begin
agreement_begin:
    mov     dword ptr [cluster_state], STATE_JOINING
    call    clock_ms
    mov     [next_send], eax
    add     eax, WINDOW_MS
    mov     [window_end], eax
    ret

# agreement_timers: sends what is due, and founds the cluster when it is on this node to do so.
# In: EAX now. Out: EAX milliseconds until it is needed again, signed: 0 or less when it is late. May sleep.
    .global agreement_timers
agreement_timers:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [cluster_pings], 0
    je      8f
    cmp     dword ptr [cluster_state], STATE_JOINING
    je      1f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      4f
8:  mov     eax, 0x7FFFFFFF
    jmp     9f

1:  mov     eax, [next_send]
    sub     eax, ebx
    jg      2f
    lea     eax, [ebx + HELLO_MS]
    mov     [next_send], eax
    mov     eax, KIND_HELLO
    call    packet_send
2:  mov     eax, [window_end]
    sub     eax, ebx
    jg      3f
    mov     eax, ebx
    call    agreement_is_founder
    jnz     3f
    call    agreement_found
    jmp     5f
3:  mov     eax, [next_send]
    sub     eax, ebx
    mov     edx, [window_end]           # the end of the window counts only while it lies ahead
    sub     edx, ebx
    jle     9f
    cmp     eax, edx
    jle     9f
    mov     eax, edx
    jmp     9f

4:  mov     eax, [next_send]
    sub     eax, ebx
    jg      5f
    mov     ecx, PING_MS
    mov     eax, KIND_PING
    cmp     dword ptr [repeats], 0
    je      6f
    dec     dword ptr [repeats]
    mov     ecx, REPEAT_MS
    mov     eax, KIND_ANNOUNCE
6:  add     ecx, ebx
    mov     [next_send], ecx
    call    packet_send
5:  mov     eax, [next_send]
    sub     eax, ebx
9:  pop     ebx
    ret

# Whether the node that shall found the cluster is this one: no joining node that was heard lately has a lower id.
# In: EAX now. Out: ZF when it is.
agreement_is_founder:
    push    ebx
    mov     ebx, [peer_first]           # ordered by id
1:  test    ebx, ebx
    jz      9f
    lea     edx, [ebx + PEER_ID]
    push    eax
    mov     eax, offset node + NODE_ID
    call    node_id_compare
    pop     eax
    jb      8f                          # this and all further ones are higher
    call    peer_joins
    jz      7f
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
7:  test    esp, esp                    # ZF clear
    jmp     9f
8:  cmp     eax, eax
9:  pop     ebx
    ret

# Whether a peer is joining, and was heard lately.
# In: EAX now, EBX peer. Out: ZF when it is. Clobbers ECX.
peer_joins:
    cmp     dword ptr [ebx + PEER_ALIVE], 1
    jne     9f
    cmp     dword ptr [ebx + PEER_STATE], STATE_JOINING
    jne     9f
    mov     ecx, eax
    sub     ecx, [ebx + PEER_SEEN]
    cmp     ecx, JOINER_MS
    jae     8f
    cmp     ecx, ecx
    ret
8:  test    esp, esp                    # ZF clear
9:  ret

# Founds a cluster: a new life, hence an era beyond every one that anybody here has seen.
agreement_found:
    push    ebx
    call    clock_ms
    mov     edx, [node + NODE_ERA]
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    call    peer_joins
    jnz     2f
    cmp     [ebx + PEER_ERA], edx
    jbe     2f
    mov     edx, [ebx + PEER_ERA]
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  cmp     edx, ERA_MAXIMUM            # never in a lifetime of machines, but a hostile peer may claim it
    jae     4f
    inc     edx
4:  mov     eax, edx
    mov     edx, offset node + NODE_ID
    pop     ebx

# Enters a cluster: era and founder go to disk before anything is said about them.
# In: EAX era, EDX founder's id.
agreement_enter:
    cmp     eax, [node + NODE_ERA]
    jne     1f
    mov     ecx, [edx]
    cmp     ecx, [node + NODE_FOUNDER]
    jne     1f
    mov     ecx, [edx + 4]
    cmp     ecx, [node + NODE_FOUNDER + 4]
    je      2f                          # it was a member of this cluster before it rebooted
1:  mov     ecx, [edx]
    mov     [node + NODE_FOUNDER], ecx
    mov     ecx, [edx + 4]
    mov     [node + NODE_FOUNDER + 4], ecx
    cmp     eax, [node + NODE_ERA]
    je      3f
    mov     [node + NODE_ERA], eax
    mov     eax, [node + NODE_AGE]
    mov     [node + NODE_ERA_AGE], eax
3:  call    node_save
2:  mov     dword ptr [cluster_state], STATE_MEMBER
    mov     dword ptr [repeats], REPEATS
    call    clock_ms
    add     eax, REPEAT_MS
    mov     [next_send], eax
    jmp     agreement_announce_now

# agreement_heard: acts on a packet that passed packet_check, when peer_heard has entered it.
# In: EAX packet. May sleep.
    .global agreement_heard
agreement_heard:
    push    ebx
    mov     ebx, eax
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_BYE
    je      9f
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      9f
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_MEMBER
    jne     4f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      2f

    mov     eax, [ebx + CLOUD_ERA]      # joining: this is the cluster. Should we know of a later era, then it moves up
    cmp     eax, [node + NODE_ERA]
    jae     1f
    mov     eax, [node + NODE_ERA]
1:  lea     edx, [ebx + CLOUD_FOUNDER]
    call    agreement_enter
    jmp     9f

2:  mov     eax, [ebx + CLOUD_ERA]      # two members: the better name wins
    cmp     eax, [node + NODE_ERA]
    ja      1b
    jb      5f
    lea     eax, [ebx + CLOUD_FOUNDER]
    mov     edx, offset node + NODE_FOUNDER
    call    node_id_compare
    jb      3f
    jne     5f
    jmp     4f
3:  mov     eax, [ebx + CLOUD_ERA]
    jmp     1b
4:  cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    jne     9f
5:  call    agreement_announce          # a joiner, or a member of a cluster that is not the better one
9:  pop     ebx
    ret

# Announces this member, unless it has just done so.
agreement_announce:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    call    clock_ms
    sub     eax, [last_announce]
    cmp     eax, ANNOUNCE_MS
    jb      9f
agreement_announce_now:
    cmp     dword ptr [cluster_pings], 0
    je      9f
    call    clock_ms
    mov     [last_announce], eax
    mov     eax, KIND_ANNOUNCE
    jmp     packet_send
9:  ret
