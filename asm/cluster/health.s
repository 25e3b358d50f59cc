# When silence is death. Who misses one report is asked, again and again; only who answers none of that is offline.
# How long that takes follows from the size of the cluster, and from this node's own health: a node whose probes find
# the others alive after all has reason to doubt its own cable, and waits longer (Dadgar and others, "Lifeguard: local
# health awareness for more accurate failure detection", 2018).
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

SMALL                   = 32            # members of a small cluster at most, this node apart
BEAT_MS                 = 400           # between a member's reports, and between a coordinator's views
BEAT_LARGE_MS           = 1000
HOME_MS                 = 400           # a member reports to the coordinator this often, for each member of the cluster
CONFIRM_MS              = 200           # of the patience is the coordinator's, in a small cluster
CONFIRM_LARGE_MS        = 300
ROLL_MS                 = 500           # members have so long to report when one has died
ROLL_LARGE_MS           = 800
LATE_MS                 = 60            # a report that is late by so much is asked for,
PROBE_MS                = 30            # again after this
DOUBT                   = 6             # an answer to the probe after so many is a sign of bad health
ANSWER_MS               = BEAT_MS       # what is heard later after a probe does not answer it
HEALTH_MAXIMUM          = 8             # 0 is the best
HEALTH_MS               = 400           # by which each step prolongs patience
HEAL_MS                 = 5000          # a step is taken back after so long
FROZEN_MS               = 600           # between two looks at the clock: this node did not run

.bss
.balign 4
.global health
health:                 .space 4        # 0 to HEALTH_MAXIMUM
health_at:              .space 4        # clock_ms at which it changed
looked_at:              .space 4        # clock_ms of the last look at the clock

.text

# How often members report to each other, and coordinators tell.
# Out: EAX milliseconds.
# Clobbers: EAX only.
.global health_beat
health_beat:
    mov     eax, BEAT_MS
    cmp     dword ptr [view_members], SMALL
    jbe     1f
    mov     eax, BEAT_LARGE_MS
1:  ret

# How often members report to the coordinator: the more they are, the rarer, so that what it hears stays the same.
# Out: EAX milliseconds.
# Clobbers: EAX only.
.global health_home
health_home:
    mov     eax, [view_members]
    inc     eax
    imul    eax, eax, HOME_MS
    ret

# How long the coordinator looks after a member that its watcher has waited for in vain.
# Out: EAX milliseconds.
# Clobbers: EAX only.
.global health_confirm
health_confirm:
    mov     eax, CONFIRM_MS
    cmp     dword ptr [view_members], SMALL
    jbe     1f
    mov     eax, CONFIRM_LARGE_MS
1:  ret

# How long members have to report when one has died.
# Out: EAX milliseconds.
# Clobbers: EAX only.
.global health_roll
health_roll:
    mov     eax, ROLL_MS
    cmp     dword ptr [view_members], SMALL
    jbe     1f
    mov     eax, ROLL_LARGE_MS
1:  ret

# How long a node is waited for.
# Out: EAX milliseconds.
# Clobbers: EAX only.
.global health_patience
health_patience:
    mov     eax, [health]
    imul    eax, eax, HEALTH_MS
    cmp     dword ptr [view_members], SMALL
    ja      1f
    add     eax, ALIVE_MS
    ret
1:  add     eax, ALIVE_LARGE_MS
    ret

# A peer was heard. When it took that many probes to get an answer, this node doubts itself; what comes long after the
# last probe is no answer: this node had ceased to ask.
# In: EBX peer.
# Clobbers: EAX only.
.global health_heard
health_heard:
    xor     eax, eax
    xchg    eax, [ebx + PEER_PROBES]
    cmp     eax, DOUBT
    jb      9f
    push    edx
    call    clock_ms
    mov     edx, eax
    sub     eax, [ebx + PEER_PROBED]
    cmp     eax, ANSWER_MS
    jae     8f
    mov     [health_at], edx
    cmp     dword ptr [health], HEALTH_MAXIMUM
    jae     8f
    inc     dword ptr [health]
8:  pop     edx
9:  ret

# Time goes by: health comes back. Says whether this node stood still meanwhile, so that the silence was its own.
# In: EAX now.
# Out: CF when it did.
# Clobbers: ECX, EDX.
.global health_look
health_look:
    mov     ecx, eax
    sub     ecx, [health_at]
    cmp     ecx, HEAL_MS
    jb      1f
    mov     [health_at], eax
    cmp     dword ptr [health], 0
    je      1f
    dec     dword ptr [health]
1:  mov     ecx, eax
    xchg    ecx, [looked_at]
    mov     edx, eax
    sub     edx, ecx
    cmp     edx, FROZEN_MS
    cmc
    ret

# Asks a silent peer whether it lives, when it is time. May sleep.
# In: EAX now, EBX peer, ECX its silence in ms.
# Out: EAX milliseconds until the next is due.
.global health_probe
health_probe:
    push    esi
    mov     esi, eax
    call    health_beat
    add     eax, LATE_MS
    sub     eax, ecx
    ja      9f
    mov     ecx, esi
    sub     ecx, [ebx + PEER_PROBED]
    mov     eax, PROBE_MS
    sub     eax, ecx
    cmp     ecx, PROBE_MS
    jb      9f
    mov     [ebx + PEER_PROBED], esi
    inc     dword ptr [ebx + PEER_PROBES]
    mov     eax, KIND_PROBE
    call    health_send
    mov     eax, PROBE_MS
9:  pop     esi
    ret

# Sends a peer a packet that answers its session.
# In: EAX KIND_*, EBX peer.
.global health_send
health_send:
    call    packet_build
    call    peer_suggest
    mov     eax, [ebx + PEER_KNOWN]
    mov     [cluster_out + CLOUD_REQUEST], eax
    mov     eax, ebx
    call    session_answer
    mov     edx, [ebx + PEER_ADDRESS]
    mov     ecx, CLOUD_SIZE
    jmp     packet_send_to

# A peer's id holds its MAC address (EUI-64), so nobody has to ask for it with a broadcast that all have to read.
# In: EBX peer.
# Clobbers: EAX, ECX, EDX.
peer_suggest:
    cmp     word ptr [ebx + PEER_ID + 3], EUI64_MIDDLE
    jne     9f
    sub     esp, 8
    mov     eax, [ebx + PEER_ID]
    mov     [esp], eax
    mov     eax, [ebx + PEER_ID + 5]    # its last byte lies behind the id
    mov     [esp + 3], eax
    mov     eax, [cluster_netif]
    mov     edx, [ebx + PEER_ADDRESS]
    mov     ecx, esp
    call    arp_suggest
    add     esp, 8
9:  ret
