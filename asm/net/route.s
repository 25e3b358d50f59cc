# The way of a packet: of all that lead to its destination, the one with the longest mask (RFC 1122 section 3.3.1,
# RFC 1812 section 5.2.4.3). The subnets of the interfaces and their further addresses are ways, the user's routes, and
# the router that DHCP names. Among equals the first in this order is taken.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

LINK_LOCAL_ADDRESS      = 169 | (254 << 8)
LINK_LOCAL_MASK         = 0x0000FFFF

.bss
.balign 4
.global routes
routes:                 .space ROUTES * ROUTE_SIZE
route_count:            .space 4        # entries that are not free

# Locals of route_find, relative to EBP.
FIND_WANTED             = -4            # interface that it must be, or 0
FIND_BEST               = -8            # the best way's interface, 0: none yet
FIND_HOP                = -12           # and its neighbour
FIND_MASK               = -16           # and its mask as a number
FIND_LOCALS             = 16

.text

# Chooses the interface for a destination.
# In: EAX destination.
# Out: EAX interface, or CF and ERROR_NO_ROUTE.
.global ip_route
ip_route:
    push    edx
    xor     edx, edx
    call    route_find
    pop     edx
    ret

# Chooses the way to a destination.
# In: EAX destination, EDX interface that it must leave by, 0 for any.
# Out: EAX interface, EDX neighbour to send it to; CF and ERROR_NO_ROUTE. With an interface given there is always a way:
# what is not known otherwise is tried on the link.
# Clobbers: ECX is kept.
.global route_find
route_find:
    push    ebx
    push    esi
    push    edi
    push    ecx
    FRAME   FIND_LOCALS
    mov     edi, eax                    # EDI: destination
    mov     [ebp + FIND_WANTED], edx
    mov     dword ptr [ebp + FIND_BEST], 0
    cmp     al, 127
    jne     .Lroute_find_rules
    mov     eax, offset loopback
    mov     edx, edi
    jmp     .Lroute_find_good
.Lroute_find_rules:
    mov     ebx, [net_interfaces]
.Lroute_find_interface:
    test    ebx, ebx
    jz      .Lroute_find_secondaries
    call    route_offer_interface
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lroute_find_interface
.Lroute_find_secondaries:
    cmp     dword ptr [secondary_count], 0
    je      .Lroute_find_table
    mov     esi, offset secondaries
1:  mov     ebx, [esi + SECONDARY_NETIF]
    cmp     dword ptr [esi + SECONDARY_STATE], SECONDARY_HELD
    jne     2f
    mov     eax, [esi + SECONDARY_ADDRESS]
    mov     edx, [esi + SECONDARY_MASK]
    mov     ecx, edi
    call    route_offer
2:  add     esi, SECONDARY_SIZE
    cmp     esi, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
.Lroute_find_table:
    cmp     dword ptr [shared_netif], 0
    je      .Lroute_find_entered
    call    route_offer_shared
.Lroute_find_entered:
    cmp     dword ptr [route_count], 0
    je      .Lroute_find_routers
    mov     esi, offset routes
3:  mov     ebx, [esi + ROUTE_NETIF]
    mov     eax, [esi + ROUTE_DESTINATION]
    mov     edx, [esi + ROUTE_MASK]
    mov     ecx, [esi + ROUTE_GATEWAY]
    test    ecx, ecx
    jnz     4f
    mov     ecx, edi
4:  call    route_offer
    add     esi, ROUTE_SIZE
    cmp     esi, offset routes + ROUTES * ROUTE_SIZE
    jb      3b
.Lroute_find_routers:
    mov     ebx, [net_interfaces]
.Lroute_find_router:
    test    ebx, ebx
    jz      .Lroute_find_chosen
    call    route_offer_rest
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lroute_find_router
.Lroute_find_chosen:
    mov     edx, [ebp + FIND_HOP]
    mov     eax, [ebp + FIND_BEST]
    test    eax, eax
    jnz     .Lroute_find_good
    mov     edx, edi
    mov     eax, [ebp + FIND_WANTED]
    test    eax, eax
    jnz     .Lroute_find_good
    mov     eax, ERROR_NO_ROUTE
    stc
    jmp     .Lroute_find_done
.Lroute_find_good:
    clc
.Lroute_find_done:
    ENDFRAME
    pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Offers what an interface reaches by itself: multicast and broadcast, also while it has no address; its subnet; and
# 169.254.0.0/16, which is on the link whatever address we have ourselves (RFC 3927 section 2.6.2).
# In: EBX interface, EDI destination; the frame of route_find.
# Clobbers: EAX, ECX, EDX.
route_offer_interface:
    mov     ecx, edi
    mov     eax, edi
    mov     edx, -1
    cmp     al, 224
    jae     route_offer
    mov     eax, [ebx + NETIF_ADDRESS]
    test    eax, eax
    jz      9f
    mov     edx, [ebx + NETIF_MASK]
    call    route_offer
    mov     ecx, edi
    mov     eax, LINK_LOCAL_ADDRESS
    mov     edx, LINK_LOCAL_MASK
    jmp     route_offer
9:  ret

# Offers what an interface has for all the rest: its router; with a link-local address everything is tried on the link
# (RFC 3927 section 2.6.2).
# In: EBX interface, EDI destination; the frame of route_find.
# Clobbers: EAX, ECX, EDX.
route_offer_rest:
    xor     edx, edx
    mov     ecx, [ebx + NETIF_ROUTER]
    test    ecx, ecx
    jnz     route_offer
    mov     ecx, edi
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_LINK_LOCAL
    je      route_offer
    ret

# Offers the subnets of the addresses that this machine serves together with others.
# In: EDI destination; the frame of route_find.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
route_offer_shared:
    mov     ebx, [shared_netif]
    mov     ecx, edi
    xor     esi, esi
1:  mov     eax, [shared_addresses + esi*4]
    test    eax, eax
    jz      2f
    mov     edx, [shared_masks + esi*4]
    call    route_offer
2:  inc     esi
    cmp     esi, SECONDARIES
    jb      1b
    ret

# Takes a way when it leads to the destination, and is better than the best so far.
# In: EBX interface or 0, EAX an address on the way, EDX mask, ECX neighbour, EDI destination; the frame of route_find.
# Clobbers: EAX, EDX.
route_offer:
    test    ebx, ebx
    jz      9f
    test    dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    jz      9f
    xor     eax, edi
    test    eax, edx
    jnz     9f
    mov     eax, [ebp + FIND_WANTED]
    test    eax, eax
    jz      1f
    cmp     eax, ebx
    jne     9f
1:  bswap   edx
    cmp     dword ptr [ebp + FIND_BEST], 0
    je      2f
    cmp     edx, [ebp + FIND_MASK]
    jbe     9f
2:  mov     [ebp + FIND_BEST], ebx
    mov     [ebp + FIND_HOP], ecx
    mov     [ebp + FIND_MASK], edx
9:  ret

# Enters a route of the user's.
# In: EAX destination, EDX mask, ECX gateway.
# Out: CF and EAX error: ERROR_UNREACHABLE when the gateway is no neighbour, ERROR_INVALID when it is not another
# machine (a group, the broadcast address, this machine itself), ERROR_EXISTS, ERROR_TABLE_FULL.
.global route_add
route_add:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    and     esi, edi
    mov     eax, ebp
    xor     edx, edx
    call    route_find
    jc      .Lroute_add_done
    mov     ebx, eax
    cmp     edx, ebp
    mov     eax, ERROR_UNREACHABLE
    jne     .Lroute_add_failed
    cmp     ebx, offset loopback
    je      .Lroute_add_failed
    mov     eax, ebp
    call    ip_is_unicast
    mov     eax, ERROR_INVALID
    jne     .Lroute_add_failed
    cmp     ebp, [ebx + NETIF_ADDRESS]
    je      .Lroute_add_failed
    mov     edx, [ebx + NETIF_MASK]
    cmp     edx, MASK_31                # of two addresses none is the broadcast address (RFC 3021)
    je      .Lroute_add_search
    or      edx, ebp
    cmp     edx, -1
    je      .Lroute_add_failed
.Lroute_add_search:
    mov     edx, offset routes
    xor     ecx, ecx                    # ECX: a free entry
1:  cmp     dword ptr [edx + ROUTE_NETIF], 0
    jne     2f
    mov     ecx, edx
    jmp     3f
2:  mov     eax, ERROR_EXISTS
    cmp     [edx + ROUTE_DESTINATION], esi
    jne     3f
    cmp     [edx + ROUTE_MASK], edi
    je      .Lroute_add_failed
3:  add     edx, ROUTE_SIZE
    cmp     edx, offset routes + ROUTES * ROUTE_SIZE
    jb      1b
    mov     eax, ERROR_TABLE_FULL
    jecxz   .Lroute_add_failed
    mov     [ecx + ROUTE_DESTINATION], esi
    mov     [ecx + ROUTE_MASK], edi
    mov     [ecx + ROUTE_GATEWAY], ebp
    mov     [ecx + ROUTE_NETIF], ebx
    inc     dword ptr [route_count]
    clc
    jmp     .Lroute_add_done
.Lroute_add_failed:
    stc
.Lroute_add_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes a route of the user's away.
# In: EAX destination, EDX mask.
# Out: CF and ERROR_NOT_FOUND.
.global route_remove
route_remove:
    mov     ecx, offset routes
1:  cmp     dword ptr [ecx + ROUTE_NETIF], 0
    je      2f
    cmp     [ecx + ROUTE_DESTINATION], eax
    jne     2f
    cmp     [ecx + ROUTE_MASK], edx
    je      3f
2:  add     ecx, ROUTE_SIZE
    cmp     ecx, offset routes + ROUTES * ROUTE_SIZE
    jb      1b
    mov     eax, ERROR_NOT_FOUND
    stc
    ret
3:  mov     dword ptr [ecx + ROUTE_NETIF], 0
    dec     dword ptr [route_count]
    clc
    ret
