# This machine has become another one: a copy of its memory that goes on beside it, with network cards of its own. Its
# host has changed the generation (asm/kernel/generation.s) and put the other cards in, which send nothing before they
# are set up. Until then all goes that belonged to the other machine: its connections, without a segment; its lease; its
# further addresses; what was to be sent in its name.
#
# The net task notices. The rest does the address task of each interface, which so is in no exchange of DHCP itself, and
# after a pause in which no other task is left in the middle of sending.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dhcp.inc"

QUIET_MS                = 50            # a task that was sending has come to the end of that; and who looks at
                                        # net_generation has seen it before the first frame
MOVED_MS                = 10            # the same, where the gate is shut and all goes on

.bss
.balign 4
    # generation_count whose cards are in use
.global net_generation
net_generation:         .space 4
renew_seen:             .space 4        # generation_count when the cards were last looked at
renew_left:             .space 4        # interfaces with NETIF_OTHER

ON_HOOK generation_changed, net_wake
ON_HOOK fork_landed, net_landed

.text

# Looks whether the cards are others, when the generation is. Runs in the net task.
# Clobbers: EAX, EBX, ECX, EDX.
.global renew_look
renew_look:
    mov     eax, [generation_count]
    cmp     eax, [renew_seen]
    je      .Lrenew_look_done
    mov     [renew_seen], eax
    mov     ebx, [net_interfaces]
.Lrenew_look_next:
    test    ebx, ebx
    jz      .Lrenew_look_end
    mov     eax, ebx
    call    [ebx + NETIF_STATION]
    cmp     eax, [ebx + NETIF_MAC]
    jne     1f
    cmp     dx, [ebx + NETIF_MAC + 4]
    je      2f
1:  call    renew_silence
2:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lrenew_look_next
.Lrenew_look_end:
    cmp     dword ptr [renew_left], 0
    jne     .Lrenew_look_done
    mov     eax, [renew_seen]
    mov     [net_generation], eax
.Lrenew_look_done:
    ret

# Has nothing leave an interface any more, and everybody forget what was to.
# In: EBX interface.
# Clobbers: EAX, ECX, EDX.
renew_silence:
    and     dword ptr [ebx + NETIF_FLAGS], ~(NETIF_UP | NETIF_LINK)
    cmp     dword ptr [ebx + NETIF_OTHER], 0
    jne     9f
    mov     dword ptr [ebx + NETIF_OTHER], 1
    inc     dword ptr [renew_left]
    mov     ecx, offset secondaries
1:  cmp     [ecx + SECONDARY_NETIF], ebx
    jne     2f
    mov     dword ptr [ecx + SECONDARY_STATE], SECONDARY_PROBED # whoever claimed it releases it
2:  add     ecx, SECONDARY_SIZE
    cmp     ecx, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    cmp     [shared_netif], ebx
    jne     3f
    mov     dword ptr [shared_netif], 0
3:  call    tcp_forget
    mov     eax, ebx
    call    arp_forget
    mov     eax, ebx
    mov     edx, NOTICE_MODE
    jmp     address_notice
9:  ret

# Takes the card of an interface into use, if it is another one. Runs in its address task. May sleep.
# In: EBX interface, EBP DHCP client.
# Clobbers: EAX, ECX, EDX.
.global renew_interface
renew_interface:
    cmp     dword ptr [ebx + NETIF_OTHER], 0
    je      .Lrenew_interface_done
    mov     eax, QUIET_MS
    call    task_sleep
    call    address_clear
    mov     eax, ebx
    call    arp_forget
    xor     eax, eax
    mov     [ebx + NETIF_HOST_NAME], al
    mov     [ebx + NETIF_LENDER], eax
    mov     [ebx + NETIF_PROBE], eax
    mov     [ebx + NETIF_ANNOUNCE], eax
    mov     [ebp + DHCP_ADDRESS], eax
    mov     [ebp + DHCP_SERVER], eax
    mov     eax, ebx
    call    [ebx + NETIF_REOPEN]
    jc      .Lrenew_interface_failed
    mov     eax, ebx
    call    random_seed
    mov     [ebx + NETIF_RANDOM], eax
    and     dword ptr [ebx + NETIF_NOTICE], ~NOTICE_LINK
    or      dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    lea     eax, [ebx + NETIF_NAME]
    lea     edx, [ebx + NETIF_MAC]
    PRINTF  "%s: this machine is a copy of another one; its card is now %M\n", eax, edx
.Lrenew_interface_over:
    mov     dword ptr [ebx + NETIF_OTHER], 0
    dec     dword ptr [renew_left]
    jnz     .Lrenew_interface_done
    call    host_name_look
    mov     eax, [renew_seen]
    mov     [net_generation], eax
    mov     eax, QUIET_MS
    jmp     task_sleep
.Lrenew_interface_done:
    ret
.Lrenew_interface_failed:
    call    error_text
    lea     edx, [ebx + NETIF_NAME]
    PRINTF  "%s: another card is in its place, which cannot be used: %s\n", edx, eax
    jmp     .Lrenew_interface_over

# The kernel has moved to this machine: its cards are others, and in no use yet. Interrupts are off.
# Clobbers: EAX.
net_landed:
    cmp     dword ptr [fork_moves], 0
    je      9f
    mov     eax, [net_interfaces]
1:  test    eax, eax
    jz      9f
    mov     dword ptr [eax + NETIF_OTHER], 1
    and     dword ptr [eax + NETIF_FLAGS], ~NETIF_UP    # the link is taken for what it was: nobody asks for a lease
    mov     eax, [eax + NETIF_NEXT]
    jmp     1b
9:  ret

# Takes the cards of the machine that the kernel has moved to into use. The addresses stay. May sleep.
.global net_moved
net_moved:
    push    ebx
    mov     eax, MOVED_MS
    call    task_sleep
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      4f
    mov     eax, ebx
    call    [ebx + NETIF_REOPEN]
    jnc     2f
    call    error_text
    lea     edx, [ebx + NETIF_NAME]
    PRINTF  "%s: the card of this machine cannot be used: %s\n", edx, eax
    jmp     3f
2:  call    secondaries_moved
    mov     eax, ebx
    call    random_seed
    mov     [ebx + NETIF_RANDOM], eax
    cmp     dword ptr [ebx + NETIF_MODE], MODE_DOWN
    je      3f
    or      dword ptr [ebx + NETIF_FLAGS], NETIF_UP
3:  mov     dword ptr [ebx + NETIF_OTHER], 0
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
4:  call    net_wake
    pop     ebx
    ret

# Has the further addresses of an interface that have no MAC address of their own be at its card.
# In: EBX interface.
# Clobbers: EAX, ECX.
secondaries_moved:
    mov     ecx, offset secondaries
1:  cmp     [ecx + SECONDARY_NETIF], ebx
    jne     2f
    cmp     byte ptr [ecx + SECONDARY_OWN_MAC], 0
    jne     2f
    mov     eax, [ebx + NETIF_MAC]
    mov     [ecx + SECONDARY_MAC], eax
    mov     ax, [ebx + NETIF_MAC + 4]
    mov     [ecx + SECONDARY_MAC + 4], ax
2:  add     ecx, SECONDARY_SIZE
    cmp     ecx, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    ret

# Tells the neighbours of all interfaces where their addresses are: now, and once more in two seconds.
.global net_announce
net_announce:
    push    ebx
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      2f
    call    address_announce
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
2:  pop     ebx
    ret
