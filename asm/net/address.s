# How an interface comes by its address, and keeps it: one task for each interface follows what the user asked for
# (DHCP, a fixed address, nothing), leases, conflicts and the state of the link. See docs/protocols/address.md.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dhcp.inc"

CHECK_MS                = 300           # wait for the answer to the probe of a leased address
STATIC_PROBES           = 3             # RFC 5227 section 1.1: PROBE_NUM
STATIC_RETRY_MS         = 60000
DECLINED_MS             = 10000         # pause after a DECLINE (RFC 2131 section 3.1)
ANNOUNCE_INTERVAL       = 2000          # RFC 3927 section 9
RETRY_FIRST_MS          = 4000          # DHCP in the background: 4, 8, 16, 32, 64, 64 ... seconds
RETRY_LAST_MS           = 64000
RENEW_MINIMUM_MS        = 60000         # RFC 2131 section 4.4.5
LEASE_MAXIMUM           = 2000000       # seconds; a longer one is renewed by then, so that it can be counted in ms
LEASE_MINIMUM           = 10            # a shorter one is taken for this

.text

# Notes whether an interface has a link; of a change the address task hears.
# In: EAX interface, EDX 0 without a link.
.global address_link
address_link:
    mov     ecx, [eax + NETIF_FLAGS]
    test    edx, edx
    jz      1f
    or      dword ptr [eax + NETIF_FLAGS], NETIF_LINK
    mov     edx, NOTICE_LINK
    test    ecx, NETIF_LINK
    jz      address_notice
    ret
1:  and     dword ptr [eax + NETIF_FLAGS], ~NETIF_LINK
    mov     edx, NOTICE_LOST
    test    ecx, NETIF_LINK
    jnz     address_notice
    ret

# Tells the address task that something happened.
# In: EAX interface, EDX NOTICE_* bits.
.global address_notice
address_notice:
    test    edx, NOTICE_LINK | NOTICE_LOST
    jz      1f
    call    net_changed
1:  and     edx, ~NOTICE_LOST           # without a link everything stays as it is: it may be back soon
    jz      2f
    or      [eax + NETIF_NOTICE], edx   # one instruction, hence safe against other tasks
    add     eax, NETIF_EVENT
    jmp     event_signal
2:  ret

# Waits for a notice. May sleep.
# In: EAX interface, EDX milliseconds or -1.
# Out: EAX NOTICE_* bits, which are cleared; CF when the time passed without.
.global address_wait
address_wait:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    call    clock_ms
    mov     edi, eax
1:  xor     eax, eax
    xchg    eax, [ebx + NETIF_NOTICE]
    test    eax, eax
    jnz     9f                          # CF is clear
    mov     edx, -1
    cmp     esi, edx
    je      2f
    call    clock_ms
    sub     eax, edi
    mov     edx, esi
    sub     edx, eax
    jbe     8f
2:  lea     eax, [ebx + NETIF_EVENT]
    call    event_wait
    jmp     1b
8:  xor     eax, eax
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Gives an interface its address, tells the neighbours and prints it.
# In: EAX interface, EDX address, ECX mask; on the stack ORIGIN_*, then the router; both are removed.
.global address_set
address_set:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [esp + 12]             # router
    mov     edx, [esp + 16]             # origin
    INTERRUPTS_OFF
    mov     [ebx + NETIF_ADDRESS], esi
    mov     [ebx + NETIF_MASK], ecx
    mov     [ebx + NETIF_ROUTER], eax
    mov     [ebx + NETIF_ORIGIN], edx
    mov     dword ptr [ebx + NETIF_DEFENDED], 0
    INTERRUPTS_RESTORE
    mov     eax, ecx
    call    mask_check
    mov     edx, [ebx + NETIF_ORIGIN]
    mov     edx, [origin_names + edx*4]
    lea     eax, [ebx + NETIF_NAME]
    PRINTF  "%s: address %I/%u %s\n", eax, esi, ecx, edx
    mov     eax, ebx
    call    arp_flush
    call    net_changed
    call    address_announce
    pop     esi
    pop     ebx
    ret     8

.pushsection .data
.balign 4
.global origin_names
origin_names:           .long origin_none, origin_static, origin_dhcp, origin_link_local
.popsection
STRING origin_none, "none"
STRING origin_static, "set by hand"
STRING origin_dhcp, "by DHCP"
STRING origin_link_local, "link-local"

# Announces the addresses by ARP, now and once more (RFC 5227 section 2.3), and the groups by IGMP.
# In: EBX interface.
.global address_announce
address_announce:
    mov     eax, ebx
    call    secondary_announce_all
    call    clock_ms
    add     eax, ANNOUNCE_INTERVAL
    or      eax, 1
    mov     [ebx + NETIF_ANNOUNCE], eax
    call    net_watch
    mov     eax, ebx
    mov     edx, [ebx + NETIF_ADDRESS]
    mov     ecx, edx
    test    edx, edx
    jz      9f
    call    arp_request
    mov     eax, ebx
    jmp     igmp_address_changed
9:  ret

# Takes the address away.
# In: EBX interface.
.global address_clear
address_clear:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      9f
    lea     eax, [ebx + NETIF_NAME]
    PRINTF  "%s: gives up address %I\n", eax, [ebx+NETIF_ADDRESS]
9:  xor     eax, eax
    INTERRUPTS_OFF
    mov     [ebx + NETIF_ADDRESS], eax
    mov     [ebx + NETIF_MASK], eax
    mov     [ebx + NETIF_ROUTER], eax
    mov     [ebx + NETIF_DNS], eax
    mov     [ebx + NETIF_ORIGIN], eax
    INTERRUPTS_RESTORE
    call    net_changed
    mov     eax, ebx
    jmp     arp_flush

# The task.
# In: EAX interface. EBX is the interface in all routines below, EBP the DHCP client.
.global address_task
address_task:
    mov     ebx, eax
    call    dhcp_open
    jc      8f
    mov     ebp, eax
    mov     dword ptr [ebx + NETIF_NOTICE], 0
1:  and     dword ptr [ebx + NETIF_NOTICE], ~NOTICE_MODE
    call    renew_interface
    mov     eax, [ebx + NETIF_MODE]
    call    [mode_routines + eax*4]
    jmp     1b
8:  call    error_text
    lea     edx, [ebx + NETIF_NAME]
    PRINTF  "%s: no DHCP: %s\n", edx, eax
    ret

# MODE_*: each routine returns when the mode has changed, or to begin anew.
.pushsection .data
.balign 4
mode_routines:          .long address_dhcp, address_static, address_down
.popsection

address_down:
    call    address_clear
    and     dword ptr [ebx + NETIF_FLAGS], ~NETIF_UP
1:  mov     eax, ebx
    mov     edx, -1
    call    address_wait
    test    eax, NOTICE_MODE
    jz      1b
    or      dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    ret

# A fixed address is probed before it is taken (RFC 5227 section 2.1.1, with shorter waits), defended by arp_receive,
# and never given up. While another machine has it the interface has none, and it is probed again each time a minute has
# passed or the link came up.
address_static:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      1f
    mov     eax, [ebx + NETIF_WANTED_ADDRESS]
    cmp     [ebx + NETIF_ADDRESS], eax
    je      .Laddress_static_take
    call    address_clear
1:  call    address_probe
    jnc     .Laddress_static_take
    test    eax, NOTICE_MODE
    jnz     .Laddress_static_done
    test    eax, NOTICE_CONFLICT
    jz      .Laddress_static_done       # the link came up: from the start
    lea     eax, [ebx + NETIF_NAME]
    PRINTF  "%s: another machine uses %I\n", eax, [ebx+NETIF_WANTED_ADDRESS]
    mov     eax, ebx
    mov     edx, STATIC_RETRY_MS
    jmp     address_wait_mode
.Laddress_static_take:
    mov     eax, ebx
    mov     edx, [ebx + NETIF_WANTED_ADDRESS]
    mov     ecx, [ebx + NETIF_WANTED_MASK]
    push    ORIGIN_STATIC
    push    0
    call    address_set
2:  mov     eax, ebx
    mov     edx, -1
    call    address_wait
    test    eax, NOTICE_MODE
    jnz     .Laddress_static_done
    test    eax, NOTICE_LINK
    jz      2b
    call    address_announce
    jmp     2b
.Laddress_static_done:
    ret

# Waits until the mode or the link changes, or the time is over; then its bit stays set, so that the task sees it.
# In: EAX interface, EDX milliseconds.
address_wait_mode:
    call    address_wait
    jc      9f
    and     eax, NOTICE_MODE
    or      [ebx + NETIF_NOTICE], eax
9:  ret

# Probes the address that the user wants.
# In: EBX interface.
# Out: CF when somebody has it, or something else happened: EAX NOTICE_* bits.
address_probe:
    push    esi
    mov     esi, STATIC_PROBES
1:  mov     edx, [ebx + NETIF_WANTED_ADDRESS]
    call    address_ask
    jc      2f
    dec     esi
    jnz     1b
2:  pop     esi                         # keeps CF
    ret

# Asks once whether another machine has an address.
# In: EBX interface, EDX address.
# Out: CF when one has it, or something else happened: EAX NOTICE_* bits.
address_ask:
    mov     [ebx + NETIF_PROBE], edx
    mov     eax, ebx
    xor     ecx, ecx
    call    arp_request
    mov     eax, ebx
    mov     edx, CHECK_MS
    call    address_wait
    mov     dword ptr [ebx + NETIF_PROBE], 0
    cmc
    ret

# Whether another machine has the address that a DHCP server offers: then it need not be declined, as it is not asked
# for.
# In: EBX DHCP client.
# Out: ZF when nobody has it; CF when the mode has changed.
# Clobbers: EAX, ECX, EDX.
.global address_offered
address_offered:
    push    ebp
    mov     ebp, ebx
    mov     ebx, [ebp + DHCP_NETIF]
    mov     edx, [ebp + DHCP_ADDRESS]
    cmp     edx, [ebx + NETIF_ADDRESS]
    je      1f
    cmp     edx, [ebp + DHCP_FREE]      # a round ago
    je      1f
    mov     dword ptr [ebp + DHCP_FREE], 0
    call    address_ask
    jnc     1f
    test    eax, NOTICE_MODE
    jnz     3f
    test    eax, NOTICE_CONFLICT
    jnz     2f
1:  mov     eax, [ebp + DHCP_ADDRESS]
    mov     [ebp + DHCP_FREE], eax
    xor     eax, eax
2:  test    eax, eax
    jmp     4f
3:  or      dword ptr [ebx + NETIF_NOTICE], NOTICE_MODE # for the task
    stc
4:  mov     ebx, ebp
    pop     ebp
    ret

# DHCP, and a link-local address while nobody answers (RFC 3927 section 2.11: the lease takes its place as soon as there
# is one).
address_dhcp:
    push    esi
    mov     esi, RETRY_FIRST_MS
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_STATIC
    jne     .Laddress_dhcp_acquire
    call    address_clear
.Laddress_dhcp_acquire:
    mov     eax, ebp
    call    dhcp_acquire
    jc      .Laddress_dhcp_no_server
    call    address_check
    jc      .Laddress_dhcp_done
    call    address_lease
    jmp     .Laddress_dhcp_done
.Laddress_dhcp_no_server:
    cmp     dword ptr [ebx + NETIF_MODE], MODE_DHCP
    jne     .Laddress_dhcp_done
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_LINK_LOCAL
    je      .Laddress_dhcp_wait
    mov     eax, ebx
    call    linklocal_claim
    jc      .Laddress_dhcp_done
.Laddress_dhcp_wait:
    mov     eax, ebx
    mov     edx, esi
    call    address_wait
    jnc     .Laddress_dhcp_notice
    shl     esi, 1
    cmp     esi, RETRY_LAST_MS
    jbe     .Laddress_dhcp_acquire
    mov     esi, RETRY_LAST_MS
    jmp     .Laddress_dhcp_acquire
.Laddress_dhcp_notice:
    test    eax, NOTICE_MODE
    jnz     .Laddress_dhcp_done
    test    eax, NOTICE_CONFLICT
    jz      .Laddress_dhcp_link_up
    call    address_clear
    jmp     .Laddress_dhcp_acquire
.Laddress_dhcp_link_up:
    call    address_announce            # the link came up: whoever has our address now objects
    mov     esi, RETRY_FIRST_MS
    jmp     .Laddress_dhcp_acquire
.Laddress_dhcp_done:
    pop     esi
    ret

# Makes sure that nobody uses the leased address (RFC 2131 section 4.4.1).
# Out: CF when somebody does, or the mode changed; the server was told and a pause has passed.
address_check:
    mov     edx, [ebp + DHCP_ADDRESS]
    cmp     edx, [ebx + NETIF_ADDRESS]
    je      7f
    xor     eax, eax
    xchg    eax, [ebp + DHCP_FREE]      # when it was offered
    cmp     edx, eax
    je      7f
    call    address_ask
    jnc     7f
    test    eax, NOTICE_MODE
    jnz     8f
    test    eax, NOTICE_CONFLICT
    jz      7f
    call    address_declined
8:  stc
    ret
7:  clc
    ret

# Declines the leased address and pauses.
address_declined:
    lea     eax, [ebx + NETIF_NAME]
    PRINTF  "%s: another machine uses %I, which the DHCP server gave us\n", eax, [ebp+DHCP_ADDRESS]
    mov     eax, ebp
    call    dhcp_decline
    mov     eax, ebx
    mov     edx, DECLINED_MS
    jmp     address_wait

# Lives with a lease until it ends, is refused, or the mode changes.
address_lease:
    push    esi
    push    edi
.Laddress_lease_apply:
    call    address_apply_lease
.Laddress_lease_wait:
    call    lease_next
    jc      .Laddress_lease_over
    mov     eax, ebx
    call    address_wait
    jc      .Laddress_lease_timer
    test    eax, NOTICE_MODE
    jnz     .Laddress_lease_done
    test    eax, NOTICE_CONFLICT
    jnz     .Laddress_lease_conflict
    # the link came up, perhaps on another network: ask whether the lease holds there
    call    address_announce
    mov     edx, DHCP_REBINDING_STATE
    jmp     .Laddress_lease_renew
.Laddress_lease_timer:
    call    lease_state
    test    edx, edx
    jz      .Laddress_lease_wait
.Laddress_lease_renew:
    mov     eax, ebp
    push    dword ptr [ebx + NETIF_LEASE_START]
    call    dhcp_request
    pop     edx
    jnc     .Laddress_lease_apply
    mov     [ebx + NETIF_LEASE_START], edx # not renewed: the old lease goes on
    cmp     eax, ERROR_NOT_PERMITTED
    jne     .Laddress_lease_wait
    jmp     .Laddress_lease_over
.Laddress_lease_conflict:
    call    address_clear
    call    address_declined
    jmp     .Laddress_lease_done
.Laddress_lease_over:
    mov     dword ptr [ebp + DHCP_ADDRESS], 0
    call    address_clear
.Laddress_lease_done:
    pop     edi
    pop     esi
    ret

# Configures the interface as the last ACK says.
address_apply_lease:
    push    esi
    push    edi
    mov     eax, [ebp + DHCP_LEASE]
    bswap   eax
    cmp     eax, LEASE_MAXIMUM
    jbe     .Laddress_apply_lease_not_long
    mov     eax, LEASE_MAXIMUM
.Laddress_apply_lease_not_long:
    cmp     eax, LEASE_MINIMUM
    jae     .Laddress_apply_lease_not_short
    mov     eax, LEASE_MINIMUM
.Laddress_apply_lease_not_short:
    mov     [ebx + NETIF_LEASE_SECONDS], eax
    mov     eax, [ebp + DHCP_DNS]
    mov     [ebx + NETIF_DNS], eax
    lea     esi, [ebp + DHCP_HOST_NAME]
    cmp     byte ptr [esi], 0
    je      .Laddress_apply_lease_named
    lea     edi, [ebx + NETIF_HOST_NAME]
    mov     ecx, 32 / 4
    rep movsd
.Laddress_apply_lease_named:
    mov     eax, [ebp + DHCP_ADDRESS]
    cmp     eax, [ebx + NETIF_ADDRESS]  # a renewal that changes nothing is silent
    jne     .Laddress_apply_lease_set
    mov     ecx, [ebp + DHCP_MASK]
    cmp     ecx, [ebx + NETIF_MASK]
    jne     .Laddress_apply_lease_set
    mov     ecx, [ebp + DHCP_ROUTER]
    cmp     ecx, [ebx + NETIF_ROUTER]
    je      .Laddress_apply_lease_done
.Laddress_apply_lease_set:
    mov     edx, eax
    mov     eax, ebx
    mov     ecx, [ebp + DHCP_MASK]
    push    ORIGIN_DHCP
    push    dword ptr [ebp + DHCP_ROUTER]
    call    address_set
.Laddress_apply_lease_done:
    pop     edi
    pop     esi
    ret

# The times of the lease.
# Out: EAX ms since it began, ECX its length in ms, ESI T1, EDI T2 in ms.
lease_times:
    imul    ecx, [ebx + NETIF_LEASE_SECONDS], 1000
    mov     esi, ecx
    shr     esi, 1                      # RFC 2131 section 4.4.5: half, and seven eighths
    mov     edi, ecx
    shr     edi, 3
    neg     edi
    add     edi, ecx
    mov     eax, [ebp + DHCP_RENEWAL]   # unless the server says otherwise, in order
    bswap   eax
    mov     edx, [ebp + DHCP_REBINDING]
    bswap   edx
    test    eax, eax
    jz      1f
    cmp     eax, edx
    ja      1f
    cmp     edx, [ebx + NETIF_LEASE_SECONDS]
    ja      1f
    imul    esi, eax, 1000
    imul    edi, edx, 1000
1:  call    clock_ms                    # clobbers EAX only
    sub     eax, [ebx + NETIF_LEASE_START]
    ret

# How long nothing needs to be done.
# Out: EDX milliseconds; CF when the lease has ended.
lease_next:
    call    lease_times
    sub     ecx, eax                    # time left of the lease
    jbe     8f
    mov     edx, esi
    sub     edx, eax
    ja      7f                          # before T1
    mov     edx, edi
    sub     edx, eax
    ja      2f                          # before T2: half of what is left until then
    mov     edx, ecx                    # before the end: likewise
2:  mov     eax, edx
    shr     edx, 1
    cmp     edx, RENEW_MINIMUM_MS
    jae     7f
    mov     edx, RENEW_MINIMUM_MS
    cmp     edx, eax
    jbe     7f
    mov     edx, eax
7:  clc
    ret
8:  stc
    ret

# Tells how far a lease has run.
# Out: EDX 0 before T1, else DHCP_RENEWING or DHCP_REBINDING_STATE.
lease_state:
    call    lease_times
    xor     edx, edx
    cmp     eax, esi
    jb      9f
    mov     edx, DHCP_RENEWING
    cmp     eax, edi
    jb      9f
    mov     edx, DHCP_REBINDING_STATE
9:  ret
