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
PATIENCE_MS             = 4000          # and lets nodes with lower ids go first for so long

.bss
.balign 4
.global cluster_state
cluster_state:          .space 4        # STATE_*
.global cluster_pings
cluster_pings:          .space 4        # 1: take part; 0: silent, after `cloud stop`
.global hello_due
hello_due:              .space 4        # 1: after `cloud start`, until hello is said, which needs a cable
window_end:             .space 4        # clock_ms
next_send:              .space 4        # clock_ms of the next hello

.text

# Whether this node may act and answer for its cluster: it has not left, and was not told that its key was replaced.
# Out: ZF when it may.
# Clobbers: nothing.
.global agreement_speaks
agreement_speaks:
    cmp     dword ptr [cluster_pings], 1
    jne     9f
    cmp     dword ptr [outdated], 0
9:  ret

# The node has an address: listen and say hello.
.global agreement_begin
agreement_begin:
    call    trust_speak
    mov     dword ptr [cluster_state], STATE_JOINING

# The node listens from now on before it founds a cluster.
.global agreement_listen
agreement_listen:
    push    ebx
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

# Says hello if one is due and there is a cable: the coordinator answers, so that both sides know at once. May sleep.
.global agreement_hello
agreement_hello:
    cmp     dword ptr [hello_due], 0
    je      9f
    mov     eax, [cluster_netif]
    test    dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    jz      9f
    mov     dword ptr [hello_due], 0
    mov     eax, KIND_HELLO
    jmp     packet_send
9:  ret

# Sends what is due, and founds the cluster when it is for this node to do so. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, signed: 0 or less when it is late.
.global agreement_timers
agreement_timers:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [cluster_pings], 0
    je      .Lagreement_timers_silent
    call    agreement_hello
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
    test    eax, eax
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
    test    eax, eax
    jg      .Lagreement_timers_wait
    mov     eax, ebx
    call    agreement_is_founder
    jnz     .Lagreement_timers_wait
    call    agreement_found
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      .Lagreement_timers_member   # else its name is not on disk yet
.Lagreement_timers_wait:
    mov     eax, [next_send]
    sub     eax, ebx
    mov     edx, [window_end]           # the end of the window counts only while it lies ahead
    sub     edx, ebx
    test    edx, edx
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
    mov     ebx, eax
    mov     esi, offset strangers
1:  mov     eax, ebx
    call    stranger_joins
    jnz     2f
    cmp     ecx, HELLO_HEARD_MS
    jae     2f
    mov     eax, [esi + STRANGER_ERA]
    cmp     eax, [node + NODE_ERA]
    jb      2f
    call    stranger_is_lower
    jb      3f
2:  add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      1b
    test    esp, esp                    # ZF clear
    jmp     4f
3:  cmp     eax, eax
4:  pop     esi
    pop     ebx
    ret

# Whether a stranger's id is lower than this node's.
# In: ESI stranger.
# Out: CF when it is.
# Clobbers: EAX, ECX, EDX.
stranger_is_lower:
    lea     eax, [esi + STRANGER_ID]
    mov     edx, offset node + NODE_ID
    jmp     node_id_compare

# Whether the node that shall found the cluster is this one: no joining node that was heard lately has a lower id, or
# such have kept it waiting long enough. They may be recordings, or never found.
# In: EAX now.
# Out: ZF when it is.
agreement_is_founder:
    push    ebx
    push    esi
    mov     ebx, eax
    sub     eax, [window_end]
    cmp     eax, PATIENCE_MS
    jae     .Lagreement_is_founder_it
    mov     esi, offset strangers
.Lagreement_is_founder_next:
    mov     eax, ebx
    call    stranger_joins
    jnz     .Lagreement_is_founder_other
    call    stranger_is_lower
    jb      .Lagreement_is_founder_done         # ZF is clear
.Lagreement_is_founder_other:
    add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      .Lagreement_is_founder_next
.Lagreement_is_founder_it:
    cmp     eax, eax
    jmp     .Lagreement_is_founder_done
.Lagreement_is_founder_done:
    pop     esi
    pop     ebx
    ret

# Founds a cluster: a new life, hence an era beyond every one that anybody here has seen.
agreement_found:
    push    ebx
    push    esi
    call    clock_ms
    mov     edx, [node + NODE_ERA]
    mov     esi, offset strangers
.Lagreement_found_next:
    call    stranger_joins
    jnz     .Lagreement_found_other
    cmp     [esi + STRANGER_ERA], edx
    jbe     .Lagreement_found_other
    mov     edx, [esi + STRANGER_ERA]
.Lagreement_found_other:
    add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      .Lagreement_found_next
    cmp     edx, ERA_MAXIMUM            # never in a lifetime of machines
    jae     .Lagreement_found_numbered
    inc     edx
.Lagreement_found_numbered:
    mov     esi, edx
    call    agreement_is_alone
    jne     .Lagreement_found_company
    mov     eax, esi
    call    node_found_alone
    mov     dword ptr [cluster_state], STATE_MEMBER
    call    view_disband
    jmp     .Lagreement_found_founded
.Lagreement_found_company:
    mov     eax, esi
    mov     edx, offset node + NODE_ID
    mov     ecx, offset agreement_founded
    call    agreement_settle
    jc      .Lagreement_found_done
.Lagreement_found_founded:
    call    coordinator_become
.Lagreement_found_done:
    pop     esi
    pop     ebx
    ret

# Whether this node, which had company in its last era, hears nobody at all.
# Out: ZF when that is so.
agreement_is_alone:
    push    esi
    cmp     dword ptr [node + NODE_COMPANY], 1
    jne     2f
    call    clock_ms
    mov     esi, offset strangers
1:  call    stranger_joins
    jz      3f
    add     esi, STRANGER_SIZE
    cmp     esi, offset strangers + STRANGERS * STRANGER_SIZE
    jb      1b                          # at the end it is equal: ZF
2:  pop     esi
    ret
3:  test    esp, esp                    # ZF clear
    jmp     2b

# Enters a cluster: era and founder are on disk before anything is said about them. Two eras that were founded alone
# become one in memory.
# In: EAX era, EDX founder's id.
# Out: CF when they are not on disk yet: whoever asks again then is heard.
agreement_enter:
    CHECK   eax, ae, [node+NODE_ERA], "agreement_enter: the era falls"
    cmp     dword ptr [node_alone], 0
    je      agreement_settle
    call    node_rename
    jmp     agreement_entered

# As agreement_enter, when an era that was founded alone was none.
agreement_settle:
    CHECK   eax, be, ERA_MAXIMUM, "agreement_settle: an era beyond the last"
    CHECK_HELD cluster_mutex, "agreement_settle: cluster_mutex is not held"
    call    node_enter
    jc      9f
agreement_entered:
    mov     dword ptr [cluster_state], STATE_MEMBER
    call    view_disband
    clc
9:  ret

# The name that this node has founded is on disk.
agreement_founded:
    mov     eax, [node_record + NODE_ERA]
    mov     edx, offset node + NODE_ID
    call    agreement_settle
    jmp     coordinator_become

# Acts on a packet that is believed, when peer_heard has entered it. May sleep.
# In: EAX packet, EDX address of its sender.
# Out: CF when it leads into a cluster whose name is not on disk yet: nothing was done.
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
    xor     ecx, ecx
    call    agreement_enter
    pop     eax
.Lagreement_heard_entered:
    jc      .Lagreement_heard_later
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    je      .Lagreement_heard_adopt
    cmp     eax, STATE_MEMBER
    # a coordinator that hears of the better name from a member goes on, under that name
    je      .Lagreement_heard_answer
    call    health_patience
    call    coordinator_await
    jmp     .Lagreement_heard_done

.Lagreement_heard_members:
    movzx   eax, byte ptr [ebx + CLOUD_FLAGS]
    and     eax, FLAG_ALONE
    neg     eax
    sbb     eax, eax                    # -1 when it founded its era alone
    add     eax, [node_alone]
    jz      .Lagreement_heard_names     # both did, or neither
    push    eax
    mov     eax, [ebx + CLOUD_ERA]
    cmp     eax, [node + NODE_ERA]
    jne     1f
    lea     eax, [ebx + CLOUD_FOUNDER]
    mov     edx, offset node + NODE_FOUNDER
    call    session_same
1:  pop     eax
    je      .Lagreement_heard_names     # one life: whoever has been joined does not say so any more, or not yet
    test    eax, eax
    js      .Lagreement_heard_answer    # it did. The founder of our own era may have begun another one alone
    call    node_era_kept               # we did, and were wrong
    cmp     eax, [ebx + CLOUD_ERA]
    jae     .Lagreement_heard_wrong
    mov     eax, [ebx + CLOUD_ERA]
.Lagreement_heard_wrong:
    lea     edx, [ebx + CLOUD_FOUNDER]
    xor     ecx, ecx
    call    agreement_settle
    mov     eax, STATE_MEMBER
    jmp     .Lagreement_heard_entered
.Lagreement_heard_names:
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
    call    agreement_told
    jmp     .Lagreement_heard_done
.Lagreement_heard_hello:
    call    agreement_greeted
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
    call    coordinator_left
.Lagreement_heard_done:
    clc
.Lagreement_heard_later:
    pop     esi
    pop     ebx
    ret

# Does what a member of this cluster says.
# In: EBX packet, ESI sender's address.
agreement_told:
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    mov     eax, ebx
    mov     edx, esi
    je      coordinator_view
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_HELLO
    je      agreement_greeted
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_REPORT
    je      coordinator_reported
    ret

# Takes in a greeting, if this node is a member.
# In: EAX packet, EDX sender's address.
agreement_greeted:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    je      coordinator_hello
    ret
