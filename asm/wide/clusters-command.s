# `cloud clusters`, what linked clusters say of themselves; `cloud nodes --all`, their members; `cloud public`, where
# they see this one.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

STRING action_clusters, "clusters"
STRING action_public, "public"
ON_HOOK cloud_more, action_clusters, cloud_clusters, 0
ON_HOOK cloud_more, action_public, cloud_public, 0
ON_HOOK other_nodes, members_show

STRING told_only, "told by one cluster"
STRING told_both, "told by one cluster, and by the gateway"
STRING told_other, "told by one cluster, but not by the gateway: link with one more"
STRING reached, "reached it"
STRING reached_by_tcp, "reached it by TCP"
STRING by_nobody, "nobody has reached the door"
STRING by_tcp_alone, "nobody has reached the door by UDP"

.section .rodata
.balign 4
told_alone:             .long told_only, told_both, told_other  # by what public_second says
door_ways:              .long 0, reached, reached_by_tcp        # by DOOR_*
door_others:            .long by_nobody, 0, by_tcp_alone        # and how it is not

.text

# Shows what linked clusters say of themselves.
# Out: EAX status.
cloud_clusters:
    push    ebx
    call    cloud_lock
    call    delegate_here
    jc      .Lcloud_clusters_not
    PRINT   "CLUSTER         MEMBERS BUSY   REV DIGEST   ADDRESS                STATE\n"
    mov     ebx, offset links
1:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      2f
    lea     eax, [ebx + LINK_NAME]
    PRINTF  "%-15s %7u %4u %5u %08x ", eax, [ebx+LINK_TOLD_MEMBERS], [ebx+LINK_TOLD_BUSY], [ebx+LINK_TOLD_REVISION], [ebx+LINK_LISTED_ABOUT]
    call    link_state
    PRINT   "\n"
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    call    hearsay_show
    call    cloud_unlock
    xor     eax, eax
    pop     ebx
    ret
.Lcloud_clusters_not:
    call    cloud_unlock
    mov     eax, 1
    pop     ebx
    ret

# Shows the members of linked clusters, after this cluster's own.
# In: EAX status so far.
# Out: EAX status.
members_show:
    push    ebx
    push    esi
    push    edi
    push    eax
    call    cloud_lock
    call    delegate_here
    jc      .Lmembers_show_not
    mov     ebx, offset links
.Lmembers_show_link:
    cmp     byte ptr [ebx + LINK_NAME], 0
    je      .Lmembers_show_next
    lea     eax, [ebx + LINK_NAME]
    PRINTF  "%s:", eax
    cmp     dword ptr [ebx + LINK_HEARD], 0
    jne     1f
    PRINT   " never heard"
1:  PRINT   "\n"
    lea     esi, [ebx + LINK_MEMBERS]
    mov     edi, [ebx + LINK_COUNT]
2:  sub     edi, 1
    jb      .Lmembers_show_next
    mov     eax, [esi + MEMBER_ID]
    bswap   eax
    mov     edx, [esi + MEMBER_ID + 4]
    bswap   edx
    lea     ecx, [esi + MEMBER_NAME]
    PRINTF  "  %-13s %08x%08x revision %u", ecx, eax, edx, [esi+MEMBER_REVISION]
    cmp     dword ptr [esi + MEMBER_BUSY], 0
    je      3f
    PRINT   ", busy"
3:  PRINT   "\n"
    add     esi, MEMBER_SIZE
    jmp     2b
.Lmembers_show_next:
    add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      .Lmembers_show_link
    jmp     .Lmembers_show_done
.Lmembers_show_not:
    mov     dword ptr [esp], 1
.Lmembers_show_done:
    call    cloud_unlock
    pop     eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shows where others see this cluster, who has reached it, and what to set.
# Out: EAX status.
cloud_public:
    push    ebx
    push    esi
    call    cloud_lock
    call    delegate_here
    jc      .Lcloud_public_not
    call    public_told
    mov     esi, eax                    # ESI: address
    test    eax, eax
    jz      .Lcloud_public_unknown
    LOAD_STRING ebx, "disputed: others see another one"
    test    ecx, ecx
    jnz     2f
    cmp     edx, 1
    LOAD_STRING ebx, "agreed"
    jne     2f
    call    public_second
    mov     ebx, [told_alone + ecx*4]
2:  PRINTF  "address %I, %s\n", esi, ebx
    call    public_proofs
    call    public_gateway
    jmp     .Lcloud_public_done
.Lcloud_public_unknown:
    PRINT   "address not known: no linked cluster says where it sees this one (cloud link)\n"
    cmp     dword ptr [wide_address], 0
    je      .Lcloud_public_done         # it speaks to nobody yet, and has asked no gateway
    call    public_gateway
.Lcloud_public_done:
    call    dns_parent_show
    call    cloud_unlock
    xor     eax, eax
    pop     esi
    pop     ebx
    ret
.Lcloud_public_not:
    call    cloud_unlock
    mov     eax, 1
    pop     esi
    pop     ebx
    ret

# Says of each link where it sees this cluster, and whether it has reached it there.
# In: ESI address that most see.
# Clobbers: EAX, EBX, ECX, EDX.
public_proofs:
    mov     ebx, offset links
1:  call    link_tells
    jc      3f
    lea     eax, [ebx + LINK_NAME]
    PRINTF  "  %s sees %I, ", eax, [ebx+LINK_AS]
    mov     edx, [ebx + LINK_AS]
    call    link_reached
    jc      2f
    push    [door_ways + ecx*4]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    pop     edx
    PRINTF  "and %s %u s ago\n", edx, eax
    jmp     3f
2:  PRINT   "and has not reached it\n"
3:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# Says what the gateway says, whether it is the last one, and what a person would have to set.
# In: ESI address that others see, or 0.
# Clobbers: EAX, EBX, ECX, EDX.
public_gateway:
    mov     ebx, [cluster_netif]
    test    esi, esi
    jz      1f
    cmp     esi, [wide_address]
    je      .Lpublic_gateway_none
1:  cmp     dword ptr [router_granted], 0
    je      .Lpublic_gateway_silent
    PRINTF  "gateway %I says that its port %u leads here, and that it is %I\n", [ebx+NETIF_ROUTER], [router_granted], [router_address]
    test    esi, esi
    jz      .Lpublic_gateway_set
    mov     eax, [router_address]
    test    eax, eax
    jz      .Lpublic_gateway_set
    cmp     eax, esi
    je      2f
    PRINT   "  so there is another gateway outside of it, or it does not say what is so\n"
    jmp     .Lpublic_gateway_set
2:  PRINT   "  so it is the only gateway\n"
    jmp     .Lpublic_gateway_set
.Lpublic_gateway_silent:
    PRINTF  "gateway %I does not give ports by PCP, NAT-PMP or UPnP\n", [ebx+NETIF_ROUTER]
.Lpublic_gateway_set:
    call    public_door
    cmp     ecx, DOOR_BY_UDP
    je      .Lpublic_gateway_done
    mov     eax, [door_others + ecx*4]
    PRINTF  "%s: have %I lead UDP port %u to %I, port %u,\n", eax, [ebx+NETIF_ROUTER], WIDE_PORT, [wide_address], WIDE_PORT
    PRINT   "and a gateway outside of it, if there is one, to that one's address;\n"
    PRINT   "TCP as well, for clusters whose gateways drop UDP\n"
.Lpublic_gateway_done:
    ret
.Lpublic_gateway_none:
    PRINT   "no gateway: others see the address itself\n"
    ret
