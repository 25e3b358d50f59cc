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
    mov     eax, ebx
    mov     edx, ecx
    call    trust_proven
    jne     8f
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, esi
    call    twin_yield
    jmp     9f
8:  mov     eax, ebx                    # named by our next packet, so that it learns of us, and can show itself
    mov     edx, esi
    call    stranger_heard
    call    coordinator_answer
9:  pop     esi
    pop     ebx
    ret

# The coordinator has another session as this node's. Before it had ours, that is our last boot.
# In: EAX session, EDX address of who has it.
.global twin_viewed
twin_viewed:
    cmp     dword ptr [trust_confirmed], 0
    jne     twin_yield
    ret

# There are two: who has the higher session falls silent.
# In: EAX the other's session, EDX its address.
twin_yield:
    push    ebx
    mov     ebx, edx
    mov     edx, offset trust_session
    call    node_id_compare             # sessions have the size of ids
    ja      1f
    cmp     dword ptr [twin_address], 0
    jne     9f
    mov     [twin_address], ebx
    mov     eax, KIND_HELLO             # so that the other is sure too
    call    packet_send
    mov     dword ptr [cluster_pings], 0
    PRINTF  "cluster: another machine, at %I, has this node's id; this node is silent until `cloud start`\n", ebx
    jmp     9f
1:  cmp     dword ptr [twin_warned], 0
    jne     9f
    mov     dword ptr [twin_warned], 1
    PRINTF  "cluster: another machine, at %I, has this node's id; it is to fall silent\n", ebx
9:  pop     ebx
    ret
