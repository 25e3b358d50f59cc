# A node whose cable is out hears nobody and is heard by nobody: it need not wait for that to show in their silence. A
# cable that is back soon, or a card that negotiates anew, is passed over, as others do. What it does is what it would do later, when
# the others have been silent for too long: it goes on alone, and the clusters meet when the cable is back.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

OUT_MS                  = ALIVE_MS      # as long as others wait for a silent node, in a small cluster
NEVER                   = 0x7FFFFFFF

.bss
.balign 4
.global cable_event
cable_event:            .space 4        # signalled when a link or an address changes
cable_out:              .space 4        # 1: there was no link when this was looked at last,
cable_out_at:           .space 4        # and at this clock_ms the others are gone

.text

# Looks at the cable; takes the others for offline when it has been out for long. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, NEVER when only the event says so.
.global cable_look
cable_look:
    mov     ecx, [cluster_netif]
    test    dword ptr [ecx + NETIF_FLAGS], NETIF_LINK
    jnz     1f
    cmp     dword ptr [cable_out], 0
    jne     2f
    mov     dword ptr [cable_out], 1
    lea     ecx, [eax + OUT_MS]
    mov     [cable_out_at], ecx
2:  sub     eax, [cable_out_at]
    neg     eax
    jg      9f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     8f
    cmp     dword ptr [coordinator_self], 0
    jne     3f
    call    coordinator_become
3:  call    peer_forget
    jmp     8f
1:  mov     dword ptr [cable_out], 0
8:  mov     eax, NEVER
9:  ret
