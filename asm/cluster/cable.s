# A node whose cable is out hears nobody and is heard by nobody: it need not probe the others to find that out. A cable
# that is back soon, or a card that negotiates anew, is passed over, as others do. What it does then is what it would do
# later, when the others have been silent for too long: it goes on alone, and the clusters meet when the cable is back.
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
    jnz     .Lcable_look_in
    cmp     dword ptr [cable_out], 0
    jne     .Lcable_look_out
    mov     dword ptr [cable_out], 1
    lea     ecx, [eax + OUT_MS]
    mov     [cable_out_at], ecx
.Lcable_look_out:
    sub     eax, [cable_out_at]
    neg     eax
    jg      .Lcable_look_done
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lcable_look_never
    cmp     dword ptr [coordinator_self], 0
    jne     1f
    call    coordinator_become
1:  call    peer_forget
    jmp     .Lcable_look_never
.Lcable_look_in:
    mov     dword ptr [cable_out], 0
.Lcable_look_never:
    mov     eax, NEVER
.Lcable_look_done:
    ret
