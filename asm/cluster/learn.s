# Service addresses that nobody has typed: where `cloud auto-answer NETMASK` allows it, an address for which the router
# asks again and again, and nobody answers, becomes one of the cluster's. A router that is told to forward its ports to
# such an address is all that has to be configured. See docs/protocols/address.md.
#
# Every member counts what the router asks for; the coordinator alone acts.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

ASKED                   = 4             # questions of the router,
SPAN_MS                 = 3000          # over at least this time,
PAUSE_MS                = 10000         # with no longer pause than this
PROBES                  = 3             # RFC 5227 section 1.1: PROBE_NUM
PROBE_MS                = 500
CANDIDATES              = 8             # addresses that are counted at once

# An address that the router asks for. The net task writes these, and everybody may clear an address.
CANDIDATE_ADDRESS       = 0             # 0 while the place is free
CANDIDATE_COUNT         = 4
CANDIDATE_SINCE         = 8             # clock_ms of the first question
CANDIDATE_LAST          = 12            # and of the last one
CANDIDATE_SIZE          = 16

STRING value_learn, "auto-answer"
STRING learn_off, "off"

.bss
.balign 4
candidates:             .space CANDIDATES * CANDIDATE_SIZE
learn_mask:             .space 4        # 0: nothing is learned
learn_event:            .space 4

.text

# The values have changed: whether addresses are learned. The mutex is held.
# Clobbers: EAX, ECX, EDX.
.global learn_configure
learn_configure:
    push    ebx
    xor     ebx, ebx
    mov     eax, offset value_learn
    mov     edx, offset values
    call    values_find
    jc      1f
    mov     dl, 0
    call    string_find
    inc     eax
    call    learn_parse
    jc      1f
    mov     ebx, eax
1:  mov     [learn_mask], ebx
    test    ebx, ebx
    jz      2f
    mov     ebx, offset learn_heard
2:  mov     [arp_watcher], ebx
    pop     ebx
    ret

# Reads a mask.
# In: EAX text.
# Out: EAX mask; CF when it is none.
# Clobbers: ECX, EDX.
learn_parse:
    call    parse_address
    jc      9f
    cmp     byte ptr [edx], 1
    cmc
    jc      9f
    push    eax
    call    mask_check
    pop     eax
9:  ret

# An ARP packet came in, and is well formed. Runs in the net task.
# In: EBX interface, ESI ARP packet, EDI its sender's address.
# Clobbers: EAX, ECX, EDX.
learn_heard:
    push    ebp
    cmp     ebx, [cluster_netif]
    jne     .Llearn_heard_done
    test    edi, edi                    # a probe
    jz      .Llearn_heard_done
    mov     edx, edi                    # who has an address speaks from it
    call    candidate_find
    jc      .Llearn_heard_question
    mov     dword ptr [ebp + CANDIDATE_ADDRESS], 0
.Llearn_heard_question:
    cmp     word ptr [esi + ARP_OPERATION], 0x0100
    jne     .Llearn_heard_done
    call    learn_router
    jne     .Llearn_heard_done
    mov     edx, [esi + ARP_TARGET_ADDRESS]
    call    learn_may
    jc      .Llearn_heard_done
    call    clock_ms
    push    eax
    call    candidate_find
    pop     eax
    jc      .Llearn_heard_new
    mov     ecx, eax
    sub     ecx, [ebp + CANDIDATE_LAST]
    cmp     ecx, PAUSE_MS
    jb      .Llearn_heard_again
    mov     dword ptr [ebp + CANDIDATE_ADDRESS], 0
.Llearn_heard_new:
    call    candidate_take
    mov     [ebp + CANDIDATE_SINCE], eax
    mov     dword ptr [ebp + CANDIDATE_COUNT], 0
    mov     [ebp + CANDIDATE_ADDRESS], edx
.Llearn_heard_again:
    mov     [ebp + CANDIDATE_LAST], eax
    inc     dword ptr [ebp + CANDIDATE_COUNT]
    call    candidate_ripe
    jc      .Llearn_heard_done
    mov     eax, offset learn_event
    call    event_signal
.Llearn_heard_done:
    pop     ebp
    ret

# Whether an address is that of a router: the one that DHCP named, or one that the user did.
# In: EBX interface, EDI address.
# Out: ZF when it is.
# Clobbers: ECX.
learn_router:
    cmp     edi, [ebx + NETIF_ROUTER]
    je      9f
    mov     ecx, offset routes
1:  cmp     [ecx + ROUTE_NETIF], ebx
    jne     2f
    cmp     dword ptr [ecx + ROUTE_MASK], 0
    jne     2f
    cmp     [ecx + ROUTE_GATEWAY], edi
    je      9f
2:  add     ecx, ROUTE_SIZE
    cmp     ecx, offset routes + ROUTES * ROUTE_SIZE
    jb      1b
    test    esp, esp                    # ZF clear
9:  ret

# Whether an address may be learned: one machine's, in the subnet, within the mask, and not this node's already.
# In: EBX interface, EDX address.
# Out: CF when it may not.
# Clobbers: EAX, ECX.
learn_may:
    mov     eax, edx
    call    ip_is_unicast
    jne     8f
    mov     ecx, [ebx + NETIF_MASK]
    xor     eax, [ebx + NETIF_ADDRESS]
    test    eax, ecx
    jnz     8f
    test    eax, [learn_mask]
    jnz     8f
    not     ecx
    mov     eax, edx
    and     eax, ecx
    jz      8f                          # the subnet itself, and all of it
    cmp     eax, ecx
    je      8f
    mov     eax, ebx
    call    ip_own
    je      8f
    clc
    ret
8:  stc
    ret

# Finds an address that is counted.
# In: EDX address.
# Out: EBP candidate; CF when it is none.
candidate_find:
    mov     ebp, offset candidates
1:  cmp     [ebp + CANDIDATE_ADDRESS], edx
    je      9f                          # CF is clear
    add     ebp, CANDIDATE_SIZE
    cmp     ebp, offset candidates + CANDIDATES * CANDIDATE_SIZE
    jb      1b
    stc
9:  ret

# Takes a free place, or that of the address which was asked for longest ago.
# In: EAX now.
# Out: EBP place.
# Clobbers: ECX.
candidate_take:
    push    ebx
    push    edx
    xor     edx, edx
    call    candidate_find
    jnc     9f
    mov     ebp, offset candidates
    mov     ebx, ebp
1:  mov     ecx, eax
    sub     ecx, [ebx + CANDIDATE_LAST]
    mov     edx, eax
    sub     edx, [ebp + CANDIDATE_LAST]
    cmp     ecx, edx
    jbe     2f
    mov     ebp, ebx
2:  add     ebx, CANDIDATE_SIZE
    cmp     ebx, offset candidates + CANDIDATES * CANDIDATE_SIZE
    jb      1b
9:  pop     edx
    pop     ebx
    ret

# Whether an address was asked for often and long enough.
# In: EBP candidate.
# Out: CF when it was not.
# Clobbers: ECX.
candidate_ripe:
    cmp     dword ptr [ebp + CANDIDATE_COUNT], ASKED
    jb      9f
    mov     ecx, [ebp + CANDIDATE_LAST]
    sub     ecx, [ebp + CANDIDATE_SINCE]
    cmp     ecx, SPAN_MS
9:  ret

# The task that makes such addresses the cluster's.
.global learn_task
learn_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Llearn_task_wait:
    mov     eax, offset learn_event
    or      edx, -1
    call    event_wait
    mov     ebp, offset candidates
.Llearn_task_next:
    call    learn_wanted
    jc      .Llearn_task_other
    mov     edi, eax
    mov     esi, PROBES
1:  mov     eax, [cluster_netif]
    mov     edx, edi
    xor     ecx, ecx
    call    arp_request
    mov     eax, PROBE_MS
    call    task_sleep
    dec     esi
    jnz     1b
    call    learn_wanted                # nobody has answered, nor set it meanwhile
    jc      .Llearn_task_other
    cmp     eax, edi
    jne     .Llearn_task_other
    call    learn_enter
.Llearn_task_other:
    add     ebp, CANDIDATE_SIZE
    cmp     ebp, offset candidates + CANDIDATES * CANDIDATE_SIZE
    jb      .Llearn_task_next
    jmp     .Llearn_task_wait

# Whether an address is for this node to make the cluster's.
# In: EBP candidate.
# Out: EAX address; CF when it is not.
# Clobbers: ECX, EDX.
learn_wanted:
    push    esi
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, [ebp + CANDIDATE_ADDRESS]
    cmp     eax, 1
    jb      .Llearn_wanted_done
    call    candidate_ripe
    jc      .Llearn_wanted_done
    cmp     dword ptr [learn_mask], 1
    jb      .Llearn_wanted_done
    call    service_address_find
    jnc     .Llearn_wanted_known
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Llearn_wanted_not
    call    agreement_speaks
    jne     .Llearn_wanted_not
    cmp     dword ptr [coordinator_self], 1
    jb      .Llearn_wanted_done
    mov     edx, eax
    xor     eax, eax
    call    service_address_find        # is there room?
    mov     eax, edx
    jmp     .Llearn_wanted_done
.Llearn_wanted_known:
    mov     dword ptr [ebp + CANDIDATE_ADDRESS], 0
.Llearn_wanted_not:
    stc
.Llearn_wanted_done:
    pushfd
    push    eax
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    pop     eax
    popfd
    pop     esi
    ret

# Makes an address the cluster's, as `cloud address add` does.
# In: EBP candidate, EDI its address.
# Clobbers: EAX, ECX, EDX, ESI.
learn_enter:
    mov     dword ptr [ebp + CANDIDATE_ADDRESS], 0
    PRINTF  "cluster: the router asks for %I, and nobody has it: it is a service address from now on\n", edi
    FRAME   64
    lea     esi, [ebp - 32]
    SNPRINTF esi, NAME_SIZE, "address.%I", edi
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_MASK]
    lea     edx, [ebp - 64]
    SNPRINTF edx, 32, "%I", eax
    mov     eax, esi
    call    values_put
    ENDFRAME
    ret

# Allows that addresses are learned, forbids it, or says which are: cloud auto-answer [NETMASK|off].
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_learn
cloud_learn:
    push    ebx
    cmp     eax, 1
    jb      .Lcloud_learn_show
    ja      .Lcloud_learn_usage
    mov     ebx, [edx]
    mov     eax, ebx
    mov     edx, offset learn_off
    call    string_compare
    mov     edx, 0
    je      .Lcloud_learn_set
    mov     eax, ebx
    call    learn_parse
    mov     edx, ebx
    jnc     .Lcloud_learn_set
    PRINTF  "cluster: %s is not a mask, nor the word off\n", ebx
    jmp     .Lcloud_learn_failed
.Lcloud_learn_set:
    mov     eax, offset value_learn
    call    values_put
    jmp     .Lcloud_learn_done
.Lcloud_learn_show:
    mov     ebx, [learn_mask]
    test    ebx, ebx
    jz      1f
    PRINTF  "Addresses with the mask %I that the router asks for in vain become service addresses.\n", ebx
    xor     eax, eax
    jmp     .Lcloud_learn_done
1:  PRINT   "No service addresses are learned (cloud auto-answer NETMASK).\n"
    xor     eax, eax
    jmp     .Lcloud_learn_done
.Lcloud_learn_usage:
    mov     eax, CLOUD_MISUSED
    jmp     .Lcloud_learn_done
.Lcloud_learn_failed:
    mov     eax, 1
.Lcloud_learn_done:
    pop     ebx
    ret
