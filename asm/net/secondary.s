# Further addresses of interfaces, some with a MAC address of their own: what a cluster shares and moves from machine to
# machine, and what `ifconfig eth0 add` gives. An address is claimed with probes and announcements (RFC 5227), answered
# for by asm/net/arp.s, taken for ours by asm/net/ip.s, and released by whoever claimed it.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

PROBES                  = 3             # RFC 5227 section 1.1: PROBE_NUM
CLAIM_WAITS             = 16            # a claim is good for so many waits from its begin; it takes a fourth of that,
    # or, as a short wait ends a tick later, half
FREED_MS                = 10            # after the one probe of an address that was given up
DEFEND_MS               = 10000         # DEFEND_INTERVAL
ECHO_MS                 = 100           # a hub returns our own announcement within this time

.bss
.balign 4
.global secondaries
secondaries:            .space SECONDARIES * SECONDARY_SIZE
.global secondary_count
secondary_count:        .space 4        # records in use: with none, packets take the short way

.text

# Finds the record of an address, probed or held.
# In: EAX interface, EDX address.
# Out: ECX record, ZF clear; ZF set when there is none.
# Clobbers: ECX.
.global secondary_find
secondary_find:
    cmp     dword ptr [secondary_count], 0
    je      9f
    mov     ecx, offset secondaries
1:  cmp     [ecx + SECONDARY_ADDRESS], edx
    jne     2f
    cmp     [ecx + SECONDARY_NETIF], eax
    jne     2f
    test    esp, esp                    # ZF clear
    ret
2:  add     ecx, SECONDARY_SIZE
    cmp     ecx, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    cmp     eax, eax
9:  ret

# Says whether an address is this machine's: an interface has it, or serves it together with others.
# In: EAX interface, EDX address.
# Out: ZF set when it is.
# Clobbers: the flags only.
.global ip_own
ip_own:
    call    ip_held
    je      9f
    test    edx, edx
    jz      8f
    jmp     shared_is
8:  test    esp, esp                    # ZF clear
9:  ret

# Says whether an interface has an address, its first or a further one: whether it answers for it on the wire.
# In: EAX interface, EDX address.
# Out: ZF set when it has.
# Clobbers: the flags only.
.global ip_held
ip_held:
    test    edx, edx
    jz      8f
    cmp     edx, [eax + NETIF_ADDRESS]
    je      9f
    push    ecx
    call    secondary_find
    jz      7f
    cmp     dword ptr [ecx + SECONDARY_STATE], SECONDARY_HELD
    jne     7f
    call    secondary_lapsed
    jc      7f
    cmp     ecx, ecx
    pop     ecx
    ret
7:  pop     ecx
8:  test    esp, esp                    # ZF clear
9:  ret

# Whether an address that is held may be used now. Who stood still for a while does not know who has it meanwhile.
# In: ECX record.
# Out: CF when its lease is over.
# Clobbers: nothing else.
.global secondary_lapsed
secondary_lapsed:
    push    eax
    push    edx
    mov     eax, [ecx + SECONDARY_LEASE]
    or      eax, [ecx + SECONDARY_LEASE + 4]
    jz      9f                          # CF is clear
    rdtsc
    push    edx
    mov     edx, [ecx + SECONDARY_LEASE]
    sub     edx, eax
    pop     edx
    mov     eax, [ecx + SECONDARY_LEASE + 4]
    sbb     eax, edx
9:  pop     edx
    pop     eax
    ret

# Lends an address for a limited time: when nobody renews the lease, nothing is sent from it any more, or taken for it.
# The time counts from when its owner looked, not from when it says so: between the two this machine may have stood
# still. Without a time stamp counter it stays lent.
# In: EAX record, EDX milliseconds, ECX address of the time stamp (task_time) from which on.
# Clobbers: EAX, ECX, EDX.
.global secondary_lend
secondary_lend:
    CHECK_ENTRY eax, secondaries, SECONDARY_SIZE, SECONDARIES, "secondary_lend: no record of the table"
    cmp     byte ptr [task_has_tsc], 0
    je      9f
    push    ebx
    mov     ebx, eax
    push    ecx
    push    edx
    call    task_cycles_per_ms
    pop     edx
    pop     ecx
    mul     edx
    add     eax, [ecx]
    adc     edx, [ecx + 4]
    INTERRUPTS_OFF
    mov     [ebx + SECONDARY_LEASE], eax
    mov     [ebx + SECONDARY_LEASE + 4], edx
    INTERRUPTS_RESTORE
    pop     ebx
9:  ret

# The MAC addresses that an interface receives for besides its own: a card's NETIF_FILTER asks for 0, 1, 2 ...
# In: EAX interface, EDX index.
# Out: EAX MAC address; CF after the last.
.global secondary_mac
secondary_mac:
    mov     ecx, offset secondaries
1:  cmp     [ecx + SECONDARY_NETIF], eax
    jne     2f
    cmp     dword ptr [ecx + SECONDARY_OWN_MAC], 0
    je      2f
    cmp     dword ptr [ecx + SECONDARY_STATE], SECONDARY_HELD
    jne     2f
    sub     edx, 1
    jb      3f
2:  add     ecx, SECONDARY_SIZE
    cmp     ecx, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    stc
    ret
3:  lea     eax, [ecx + SECONDARY_MAC]
    clc
    ret

# Claims a further address: probes it three times, and announces and holds it when nobody else has it. What it costs is
# PROBES + 1 waits, of which the last is for the answer to the last probe. The record is the caller's until
# secondary_release, and lent for the rest of CLAIM_WAITS waits from now on (secondary_lend): what this machine was told
# while it stood still it may have yet to read. May sleep.
# In: EAX interface, EDX address, ECX mask, ESI MAC address of its own or 0, EDI event to signal for each later conflict
# or 0; on the stack milliseconds of each wait, removed here (0: one probe and one wait of FREED_MS, for who was told
# that it is free, which may have been long ago when this machine stood still).
# Out: EAX record; CF and EAX error: ERROR_EXISTS when another machine has it, or this one; ERROR_TIMEOUT when this
# machine stood still meanwhile.
.global secondary_claim
secondary_claim:
    push    ebx
    push    ebp
    push    edi
    mov     ebx, eax
    call    ip_is_unicast_edx
    mov     eax, ERROR_INVALID
    jne     .Lsecondary_claim_failed
    mov     eax, ebx
    call    secondary_take
    jc      .Lsecondary_claim_failed
    mov     ebx, eax                    # EBX: record
    mov     ebp, PROBES + 1             # EBP: waits to come
    cmp     dword ptr [esp + 16], 0
    jne     1f
    mov     dword ptr [esp + 16], FREED_MS
    mov     ebp, 1
1:  call    task_time
    push    edx
    push    eax
    mov     ecx, esp
    imul    edx, [esp + 24], CLAIM_WAITS
    mov     eax, ebx
    call    secondary_lend
    add     esp, 8
.Lsecondary_claim_probe:
    mov     eax, [ebx + SECONDARY_NETIF]
    mov     edx, [ebx + SECONDARY_ADDRESS]
    xor     ecx, ecx
    call    arp_request
.Lsecondary_claim_wait:
    mov     eax, [esp + 16]
    call    task_sleep
    cmp     dword ptr [ebx + SECONDARY_CONFLICTS], 0
    jne     .Lsecondary_claim_taken
    dec     ebp
    cmp     ebp, 1
    ja      .Lsecondary_claim_probe
    je      .Lsecondary_claim_wait
    mov     ecx, ebx
    call    secondary_lapsed
    jnc     .Lsecondary_claim_hold
    mov     ebp, ERROR_TIMEOUT
    jmp     .Lsecondary_claim_release
.Lsecondary_claim_taken:
    mov     ebp, ERROR_EXISTS
.Lsecondary_claim_release:
    mov     eax, ebx
    call    secondary_release
    mov     eax, ebp
.Lsecondary_claim_failed:
    stc
    jmp     .Lsecondary_claim_done
.Lsecondary_claim_hold:
    mov     eax, [esp]
    mov     [ebx + SECONDARY_EVENT], eax
    mov     dword ptr [ebx + SECONDARY_STATE], SECONDARY_HELD
    mov     eax, [ebx + SECONDARY_NETIF]
    call    [eax + NETIF_FILTER]
    mov     eax, ebx
    call    secondary_announce
    mov     eax, ebx
    clc
.Lsecondary_claim_done:
    pop     edi
    pop     ebp
    pop     ebx
    ret     4

# As ip_is_unicast, of EDX.
# In: EDX address.
# Out: ZF set when it can be that of one machine.
# Clobbers: EAX.
ip_is_unicast_edx:
    mov     eax, edx
    jmp     ip_is_unicast

# Enters an address that is to be probed.
# In: EAX interface, EDX address, ECX mask, ESI MAC address or 0.
# Out: EAX record; CF and EAX error.
secondary_take:
    push    ebx
    push    edi
    push    ecx
    mov     ebx, eax
    INTERRUPTS_OFF
    mov     eax, ERROR_EXISTS
    cmp     edx, [ebx + NETIF_ADDRESS]
    je      .Lsecondary_take_failed
    mov     eax, ebx
    call    secondary_find
    mov     eax, ERROR_EXISTS
    jnz     .Lsecondary_take_failed
    mov     edi, offset secondaries
1:  cmp     dword ptr [edi + SECONDARY_NETIF], 0
    je      .Lsecondary_take_free
    add     edi, SECONDARY_SIZE
    cmp     edi, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    mov     eax, ERROR_TABLE_FULL
.Lsecondary_take_failed:
    INTERRUPTS_RESTORE
    stc
    jmp     .Lsecondary_take_done
.Lsecondary_take_free:
    mov     [edi + SECONDARY_ADDRESS], edx
    mov     ecx, [esp + 4]              # behind the saved flags
    mov     [edi + SECONDARY_MASK], ecx
    mov     dword ptr [edi + SECONDARY_STATE], SECONDARY_PROBED
    xor     eax, eax
    mov     [edi + SECONDARY_EVENT], eax
    mov     [edi + SECONDARY_CONFLICTS], eax
    mov     [edi + SECONDARY_SPOKEN], eax
    mov     [edi + SECONDARY_OWN_MAC], eax
    mov     [edi + SECONDARY_LEASE], eax
    mov     [edi + SECONDARY_LEASE + 4], eax
    mov     edx, esi
    lea     ecx, [ebx + NETIF_MAC]
    test    edx, edx
    setnz   [edi + SECONDARY_OWN_MAC]
    jnz     2f
    mov     edx, ecx
2:  mov     eax, [edx]
    mov     [edi + SECONDARY_MAC], eax
    mov     ax, [edx + 4]
    mov     [edi + SECONDARY_MAC + 4], ax
    mov     [edi + SECONDARY_NETIF], ebx
    inc     dword ptr [secondary_count]
    CHECK   "dword ptr [secondary_count]", be, SECONDARIES, "secondary_take: more records than the table holds"
    INTERRUPTS_RESTORE
    mov     eax, edi
    clc
.Lsecondary_take_done:
    pop     ecx
    pop     edi
    pop     ebx
    ret

# Gives an address back: from now on this machine neither sends from it nor answers for it.
# In: EAX record.
.global secondary_release
secondary_release:
    xor     edx, edx
    xchg    edx, [eax + SECONDARY_NETIF]
    test    edx, edx
    jz      9f
    dec     dword ptr [secondary_count]
    mov     dword ptr [eax + SECONDARY_ADDRESS], 0
    mov     eax, edx
    jmp     [edx + NETIF_FILTER]
9:  ret

# Tells the neighbours where an address is (RFC 5227 section 2.3): one announcement. For an address with its own MAC
# address that is also what makes switches learn the way.
# In: EAX record.
.global secondary_announce
secondary_announce:
    push    ebx
    mov     ebx, eax
    call    clock_ms
    or      eax, 1                      # 0 means that there was none yet
    mov     [ebx + SECONDARY_SPOKEN], eax
    mov     eax, [ebx + SECONDARY_NETIF]
    mov     edx, [ebx + SECONDARY_ADDRESS]
    mov     ecx, edx
    pop     ebx
    jmp     arp_request

# Announces all that an interface holds. Called when its link or its first address came.
# In: EAX interface.
.global secondary_announce_all
secondary_announce_all:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, offset secondaries
1:  cmp     [esi + SECONDARY_NETIF], ebx
    jne     2f
    cmp     dword ptr [esi + SECONDARY_STATE], SECONDARY_HELD
    jne     2f
    mov     eax, esi
    call    secondary_announce
2:  add     esi, SECONDARY_SIZE
    cmp     esi, offset secondaries + SECONDARIES * SECONDARY_SIZE
    jb      1b
    pop     esi
    pop     ebx
    ret

# Which of two machines that probe an address at once goes on: that with the lower MAC address of its card. Both would
# give up by RFC 5227, section 2.1.1, and nobody would have the address.
# In: EBX interface, ESI ARP packet.
# Out: CF when it is this one.
# Clobbers: EAX, ECX.
secondary_goes_first:
    mov     eax, [ebx + NETIF_MAC]
    mov     ecx, [esi + ARP_SENDER_MAC]
    bswap   eax
    bswap   ecx
    cmp     eax, ecx
    jne     9f
    mov     ax, [ebx + NETIF_MAC + 4]
    mov     cx, [esi + ARP_SENDER_MAC + 4]
    xchg    al, ah
    xchg    cl, ch
    cmp     ax, cx
9:  ret

# Looks whether an ARP packet of another machine claims a further address. One that is held is defended by an
# announcement each ten seconds, and its owner decides whether it stays (RFC 5227 section 2.4).
# In: EBX interface, ESI ARP packet, EDI its sender address.
.global secondary_conflict
secondary_conflict:
    push    ebp
    mov     eax, ebx
    mov     edx, edi
    test    edi, edi
    jnz     1f
    mov     edx, [esi + ARP_TARGET_ADDRESS]     # a probe: somebody would like to have it
1:  call    secondary_find
    jz      .Lsecondary_conflict_done
    mov     ebp, ecx
    cmp     dword ptr [ebp + SECONDARY_STATE], SECONDARY_HELD
    je      .Lsecondary_conflict_held
    test    edi, edi
    jnz     3f
    cmp     byte ptr [ebp + SECONDARY_OWN_MAC], 0
    je      3f
    call    secondary_goes_first
    jb      .Lsecondary_conflict_done
3:  inc     dword ptr [ebp + SECONDARY_CONFLICTS]
    jmp     .Lsecondary_conflict_done
.Lsecondary_conflict_held:
    test    edi, edi                    # a probe of what we hold is answered as any request is
    jz      .Lsecondary_conflict_done
    call    clock_ms
    or      eax, 1
    mov     edx, eax
    sub     edx, [ebp + SECONDARY_SPOKEN]
    cmp     edx, ECHO_MS
    jae     2f
    mov     ecx, [esi + ARP_SENDER_MAC]
    cmp     ecx, [ebp + SECONDARY_MAC]
    je      .Lsecondary_conflict_done   # our own words
2:  COUNT   arp_conflicts
    inc     dword ptr [ebp + SECONDARY_CONFLICTS]
    cmp     edx, DEFEND_MS
    jb      .Lsecondary_conflict_tell
    mov     ecx, ebp
    call    secondary_lapsed            # before it is known whose it is now, nothing is said
    jc      .Lsecondary_conflict_tell
    COUNT   arp_defences
    mov     eax, ebp
    call    secondary_announce
.Lsecondary_conflict_tell:
    mov     eax, [ebp + SECONDARY_EVENT]
    test    eax, eax
    jz      .Lsecondary_conflict_done
    call    event_signal
.Lsecondary_conflict_done:
    pop     ebp
    ret
