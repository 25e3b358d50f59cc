# How nodes agree on their era: who founds a cluster, who joins it, and which of two clusters that meet goes on. docs/protocols/cluster.md
# tells why this comes to one cluster whatever is lost on the way.
#
# What members say to each other is in coordinator.s and view.s.
#
# A cluster is named by its era and the id of its founder. Of two names the better one has the higher era or, in the same era, the
# lower founder. A node only ever moves to a better name, and its era never falls.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

HELLO_MS                = 250           # between the hellos of a joining node
HELLO_SPREAD_MS         = 100           # its first one comes within this time
HELLO_HEARD_MS          = 300           # another's hello makes its own needless for so long
WINDOW_MS               = 1500          # a node listens so long before it may found a cluster

    .bss
    .balign 4
    .global cluster_state, cluster_pings
cluster_state:          .space 4        # STATE_*
cluster_pings:          .space 4        # 1: take part; 0: silent, after `cloud stop`
window_end:             .space 4        # clock_ms
next_send:              .space 4        # clock_ms of the next hello

    .text

# agreement_begin: the node has an address: listen and say hello.
    .global agreement_begin
agreement_begin:
    push    ebx
    mov     dword ptr [cluster_state], STATE_JOINING
    call    clock_ms
    mov     ebx, eax
    add     eax, WINDOW_MS
    mov     [window_end], eax
    mov     eax, [cluster_netif]
    mov     edx, HELLO_SPREAD_MS
    call    random_below
    add     eax, ebx
    mov     [next_send], eax
    pop     ebx
    ret

# agreement_timers: sends what is due, and founds the cluster when it is for this node to do so.
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
    mov     eax, ebx
    call    hello_is_needless
    jz      2f
    mov     eax, KIND_HELLO
    call    packet_send
2:  mov     eax, [window_end]
    sub     eax, ebx
    jg      3f
    mov     eax, ebx
    call    agreement_is_founder
    jnz     3f
    call    agreement_found
    jmp     4f
3:  mov     eax, [next_send]
    sub     eax, ebx
    mov     edx, [window_end]           # the end of the window counts only while it lies ahead
    sub     edx, ebx
    jle     9f
    cmp     eax, edx
    jle     9f
    mov     eax, edx
    jmp     9f
4:  mov     eax, ebx
    call    coordinator_timers
9:  pop     ebx
    ret

# Whether a hello of this node would say nothing: a joining node with a lower id, and with an era that is not lower, has just said one.
# In: EAX now. Out: ZF when it would.
hello_is_needless:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [peer_first]           # ordered by id
1:  test    ebx, ebx
    jz      8f
    lea     edx, [ebx + PEER_ID]
    mov     eax, offset node + NODE_ID
    call    node_id_compare
    jb      8f                          # this and all further ones are higher
    mov     eax, esi
    call    peer_joins
    jnz     2f
    sub     eax, [ebx + PEER_SEEN]
    cmp     eax, HELLO_HEARD_MS
    jae     2f
    mov     eax, [ebx + PEER_ERA]
    cmp     eax, [node + NODE_ERA]
    jae     7f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
7:  cmp     eax, eax
    jmp     9f
8:  test    esp, esp                    # ZF clear
9:  pop     esi
    pop     ebx
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
    call    agreement_enter
    pop     ebx
    jmp     coordinator_become

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
    jmp     view_disband

# agreement_heard: acts on a packet that passed packet_check, when peer_heard has entered it.
# In: EAX packet, EDX address of its sender. May sleep.
    .global agreement_heard
agreement_heard:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_BYE
    je      7f
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
1:  push    [cluster_state]
    lea     edx, [ebx + CLOUD_FOUNDER]
    call    agreement_enter
    pop     eax
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    je      6f
    cmp     eax, STATE_MEMBER
    je      5f                          # a coordinator that hears of the better name from a member goes on, under that name
    mov     eax, ALIVE_MS
    call    coordinator_await
    jmp     9f

2:  mov     eax, [ebx + CLOUD_ERA]      # two members: the better name wins
    cmp     eax, [node + NODE_ERA]
    ja      1b
    jb      5f
    lea     eax, [ebx + CLOUD_FOUNDER]
    mov     edx, offset node + NODE_FOUNDER
    call    node_id_compare
    mov     eax, [ebx + CLOUD_ERA]
    jb      1b
    jne     5f
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    mov     eax, ebx
    mov     edx, esi
    je      3f
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    je      4f
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REPORT
    jne     9f
    call    coordinator_reported
    jmp     9f
3:  call    coordinator_view
    jmp     9f
4:  cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    mov     eax, ebx
    call    coordinator_hello
    jmp     9f
5:  call    coordinator_answer          # a member of a cluster that is not the better one
    jmp     9f
6:  mov     eax, ebx
    mov     edx, esi
    call    coordinator_adopt
    jmp     9f
7:  mov     eax, ebx
    call    coordinator_left
9:  pop     esi
    pop     ebx
    ret
