# How nodes agree on their era: who founds a cluster, who joins it, and which of two clusters that meet goes on.
# docs/protocols/cluster.md
# tells why this comes to one cluster whatever is lost on the way.
#
# What members say to each other is in coordinator.s and view.s.
#
# A cluster is named by its era and the id of its founder. Of two names the better one has the higher era or, in the
# same era, the
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
.global cluster_state
cluster_state:          .space 4        # STATE_*
.global cluster_pings
cluster_pings:          .space 4        # 1: take part; 0: silent, after `cloud stop`
window_end:             .space 4        # clock_ms
next_send:              .space 4        # clock_ms of the next hello

.text

# The node has an address: listen and say hello.
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

# Sends what is due, and founds the cluster when it is for this node to do so. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, signed: 0 or less when it is late.
.global agreement_timers
agreement_timers:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [cluster_pings], 0
    je      .Lagreement_timers_silent
    cmp     dword ptr [cluster_state], STATE_JOINING
    je      .Lagreement_timers_joining
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      .Lagreement_timers_member
.Lagreement_timers_silent:
    mov     eax, 0x7FFFFFFF
    jmp     .Lagreement_timers_done

.Lagreement_timers_joining:
    mov     eax, [next_send]
    sub     eax, ebx
    jg      .Lagreement_timers_window
    lea     eax, [ebx + HELLO_MS]
    mov     [next_send], eax
    mov     eax, ebx
    call    hello_is_needless
    jz      .Lagreement_timers_window
    mov     eax, KIND_HELLO
    call    packet_send
.Lagreement_timers_window:
    mov     eax, [window_end]
    sub     eax, ebx
    jg      .Lagreement_timers_wait
    mov     eax, ebx
    call    agreement_is_founder
    jnz     .Lagreement_timers_wait
    call    agreement_found
    jmp     .Lagreement_timers_member
.Lagreement_timers_wait:
    mov     eax, [next_send]
    sub     eax, ebx
    mov     edx, [window_end]           # the end of the window counts only while it lies ahead
    sub     edx, ebx
    jle     .Lagreement_timers_done
    cmp     eax, edx
    jle     .Lagreement_timers_done
    mov     eax, edx
    jmp     .Lagreement_timers_done
.Lagreement_timers_member:
    mov     eax, ebx
    call    coordinator_timers
.Lagreement_timers_done:
    pop     ebx
    ret

# Whether a hello of this node would say nothing: a joining node with a lower id, and with an era that is not lower, has
# just said one.
# In: EAX now.
# Out: ZF when it would.
hello_is_needless:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [peer_first]           # ordered by id
.Lhello_is_needless_next:
    test    ebx, ebx
    jz      .Lhello_is_needless_needed
    lea     edx, [ebx + PEER_ID]
    mov     eax, offset node + NODE_ID
    call    node_id_compare
    jb      .Lhello_is_needless_needed  # this and all further ones are higher
    mov     eax, esi
    call    peer_joins
    jnz     .Lhello_is_needless_other
    sub     eax, [ebx + PEER_SEEN]
    cmp     eax, HELLO_HEARD_MS
    jae     .Lhello_is_needless_other
    mov     eax, [ebx + PEER_ERA]
    cmp     eax, [node + NODE_ERA]
    jae     .Lhello_is_needless_needless
.Lhello_is_needless_other:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lhello_is_needless_next
.Lhello_is_needless_needless:
    cmp     eax, eax
    jmp     .Lhello_is_needless_done
.Lhello_is_needless_needed:
    test    esp, esp                    # ZF clear
.Lhello_is_needless_done:
    pop     esi
    pop     ebx
    ret

# Whether the node that shall found the cluster is this one: no joining node that was heard lately has a lower id.
# In: EAX now.
# Out: ZF when it is.
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
# In: EAX now, EBX peer.
# Out: ZF when it is.
# Clobbers: ECX.
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

# Acts on a packet that passed packet_check, when peer_heard has entered it. May sleep.
# In: EAX packet, EDX address of its sender.
.global agreement_heard
agreement_heard:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_BYE
    je      .Lagreement_heard_bye
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      .Lagreement_heard_done
    cmp     byte ptr [ebx + CLOUD_STATE], STATE_MEMBER
    jne     .Lagreement_heard_hello
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      .Lagreement_heard_members

    mov     eax, [ebx + CLOUD_ERA]      # joining: this is the cluster. Should we know of a later era, then it moves up
    cmp     eax, [node + NODE_ERA]
    jae     .Lagreement_heard_better
    mov     eax, [node + NODE_ERA]
.Lagreement_heard_better:
    push    [cluster_state]
    lea     edx, [ebx + CLOUD_FOUNDER]
    call    agreement_enter
    pop     eax
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    je      .Lagreement_heard_adopt
    cmp     eax, STATE_MEMBER
    # a coordinator that hears of the better name from a member goes on, under that name
    je      .Lagreement_heard_answer
    mov     eax, ALIVE_MS
    call    coordinator_await
    jmp     .Lagreement_heard_done

.Lagreement_heard_members:
    mov     eax, [ebx + CLOUD_ERA]      # two members: the better name wins
    cmp     eax, [node + NODE_ERA]
    ja      .Lagreement_heard_better
    jb      .Lagreement_heard_answer
    lea     eax, [ebx + CLOUD_FOUNDER]
    mov     edx, offset node + NODE_FOUNDER
    call    node_id_compare
    mov     eax, [ebx + CLOUD_ERA]
    jb      .Lagreement_heard_better
    jne     .Lagreement_heard_answer
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    mov     eax, ebx
    mov     edx, esi
    je      .Lagreement_heard_view
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    je      .Lagreement_heard_hello
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REPORT
    jne     .Lagreement_heard_done
    call    coordinator_reported
    jmp     .Lagreement_heard_done
.Lagreement_heard_view:
    call    coordinator_view
    jmp     .Lagreement_heard_done
.Lagreement_heard_hello:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lagreement_heard_done
    mov     eax, ebx
    call    coordinator_hello
    jmp     .Lagreement_heard_done
.Lagreement_heard_answer:
    call    coordinator_answer          # a member of a cluster that is not the better one
    jmp     .Lagreement_heard_done
.Lagreement_heard_adopt:
    mov     eax, ebx
    mov     edx, esi
    call    coordinator_adopt
    jmp     .Lagreement_heard_done
.Lagreement_heard_bye:
    mov     eax, ebx
    call    coordinator_left
.Lagreement_heard_done:
    pop     esi
    pop     ebx
    ret
