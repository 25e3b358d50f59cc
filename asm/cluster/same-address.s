# Two members with one address: a machine slept while a server lent its address again, or has the kernel of another one
# that asked anew for its lease. Whatever is sent to either comes to one of them alone, so the other seems to die again
# and again. ARP cannot end that, for there a stranger may claim any address; a member that is believed can.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "fork.inc"

LOOK_MS                 = 500
LAPSE_MS                = 2000          # for so long the other one may seem to be gone meanwhile
    # For so long it has the address before this node gives it up. A table has nobody for longer who is gone, and one
    # of the two has given it up before the other's time has come.
HIGHER_MS               = 5000          # this node's id is the higher one
LOWER_MS                = 8000
MOVED_MS                = 12000         # its kernel has moved, with connections: a new boot has none

.bss
.balign 4
looked:                 .space 4        # clock_ms
shared_since:           .space 4        # clock_ms | 1 when another was first seen to have this node's address; 0: none
shared_seen:            .space 4        # clock_ms when it was last

.text

# Gives up an address that was leased when another member has had it for long. In an open cluster anybody may say so.
# In: EAX now.
# Clobbers: EAX, ECX, EDX.
.global same_address_look
same_address_look:
    push    ebx
    push    esi
    mov     esi, eax
    sub     eax, [looked]
    cmp     eax, LOOK_MS
    jb      .Lsame_address_look_done
    mov     [looked], esi
    mov     ecx, [cluster_netif]
    mov     edx, [ecx + NETIF_ADDRESS]
    cmp     dword ptr [ecx + NETIF_ORIGIN], ORIGIN_DHCP
    jne     .Lsame_address_look_none
    cmp     dword ptr [trust_open], 0
    jne     .Lsame_address_look_none
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      .Lsame_address_look_nobody
    cmp     [ebx + PEER_ADDRESS], edx
    jne     2f
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    jne     .Lsame_address_look_shared
    mov     eax, esi                    # what is sent to it comes here, so it may seem to be gone and yet speak
    sub     eax, [ebx + PEER_SEEN]
    cmp     eax, LAPSE_MS
    jb      .Lsame_address_look_shared
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
.Lsame_address_look_shared:
    mov     [shared_seen], esi
    cmp     dword ptr [shared_since], 0
    jne     3f
    mov     [shared_since], esi
    or      dword ptr [shared_since], 1
3:  mov     edx, MOVED_MS
    cmp     dword ptr [move_state], MOVE_LIVES
    je      4f
    lea     eax, [ebx + PEER_ID]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    mov     edx, HIGHER_MS
    jb      4f
    mov     edx, LOWER_MS
4:  mov     eax, esi
    sub     eax, [shared_since]
    cmp     eax, edx
    jl      .Lsame_address_look_done
    mov     eax, [cluster_netif]
    mov     edx, NOTICE_CONFLICT
    call    address_notice
    jmp     .Lsame_address_look_none
.Lsame_address_look_nobody:
    mov     eax, esi
    sub     eax, [shared_seen]
    cmp     eax, LAPSE_MS
    jb      .Lsame_address_look_done
.Lsame_address_look_none:
    mov     dword ptr [shared_since], 0
.Lsame_address_look_done:
    pop     esi
    pop     ebx
    ret
