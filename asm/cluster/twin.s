# Another machine with this node's id: a copied virtual machine, two cards with one MAC address. Both cannot stay: of
# the two sessions the higher one falls silent, and says why. What an own packet of an earlier boot might be, a
# recording, changes nothing.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

.bss
.balign 4
.global twin_address
twin_address:           .space 4        # why this node is silent: the machine at this address has its id; 0: it is not
.global twin_warned
twin_warned:            .space 4        # 1: that there is a twin which is to be silent was said

.text

# A packet of our cluster has this node's id.
# In: EAX packet, EDX its sender's address, ECX bytes.
.global twin_heard
twin_heard:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    COUNT   cloud_own
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, offset trust_session
    push    ecx
    call    session_same
    pop     ecx
    je      9f                          # our own, come back
    push    ecx
    mov     eax, ebx                    # our next packet names it: so it learns of us, and can show itself
    mov     edx, esi
    call    stranger_heard
    call    coordinator_answer
    pop     edx
    mov     eax, ebx
    call    session_proven
    jne     9f
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, offset trust_session
    call    node_id_compare             # sessions have the size of ids
    mov     eax, esi
    jb      8f
    call    twin_warn
    jmp     9f
8:  call    twin_yield
9:  pop     esi
    pop     ebx
    ret

# The coordinator has another session as this node's. Before it had ours, that is our last boot; else a twin has joined,
# and the others believe that one from now on.
# In: EDX address of who has it.
.global twin_viewed
twin_viewed:
    cmp     dword ptr [trust_confirmed], 0
    mov     eax, edx
    jne     twin_yield
    ret

# This node falls silent.
# In: EAX address of the twin.
twin_yield:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [twin_address], 0
    jne     9f
    mov     [twin_address], ebx
    mov     eax, KIND_HELLO             # so that the other is sure too
    call    packet_send
    mov     dword ptr [cluster_pings], 0
    call    proposal_forget
    PRINTF  "cluster: another machine, at %I, has this node's id; this node is silent until `cloud start`\n", ebx
9:  pop     ebx
    ret

# The twin is to fall silent.
# In: EAX its address.
twin_warn:
    cmp     dword ptr [twin_warned], 0
    jne     9f
    mov     dword ptr [twin_warned], 1
    PRINTF  "cluster: another machine, at %I, has this node's id; it is to fall silent\n", eax
9:  ret
