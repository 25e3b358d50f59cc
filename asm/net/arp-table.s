# The cache of neighbours: who is in it, who has to go when it is full, what others than ARP know of a neighbour. It is
# emptied when an interface gets another address, and shown by the `arp` command.
#
# Anybody can make an entry by asking for our address, and make us ask for a neighbour by a packet that we answer. So
# that neither drives out those with whom this machine has business, strangers' entries go first, then those that were
# asked for, and the cluster's peers last; and no more than half may be asked for at once.

.include "macros.inc"
.include "net.inc"
.include "arp.inc"

PENDING_MAXIMUM         = ENTRIES / 2
STANDING_SHIFT          = 24            # an entry of less standing counts as 2^24 ms older

.bss
.balign 4
.global arp_cache
arp_cache:      .space ENTRIES * ENTRY_SIZE

.data
.balign 4
.global arp_end
arp_end:        .long arp_cache         # after the last entry that was ever taken

.text

# Finds an entry. Interrupts are off.
# In: EAX address, EDX interface.
# Out: EAX entry, or 0.
.global arp_lookup
arp_lookup:
    CHECK_MASKED "arp_lookup: interrupts are on"
    mov     ecx, offset arp_cache
1:  cmp     ecx, [arp_end]
    jae     4f
    cmp     [ecx + ENTRY_ADDRESS], eax
    jne     2f
    cmp     dword ptr [ecx + ENTRY_STATE], STATE_FREE
    je      2f
    cmp     [ecx + ENTRY_NETIF], edx
    je      3f
2:  add     ecx, ENTRY_SIZE
    jmp     1b
4:  xor     ecx, ecx
3:  mov     eax, ecx
    ret

# The MAC address of a neighbour, if it is known.
# In: EAX address, EDX interface.
# Out: EAX its first four bytes, EDX its last two; CF when it is not known.
# Clobbers: ECX.
.global arp_station
arp_station:
    INTERRUPTS_OFF
    call    arp_lookup
    test    eax, eax
    jz      8f
    cmp     dword ptr [eax + ENTRY_STATE], STATE_RESOLVED
    jb      8f
    movzx   edx, word ptr [eax + ENTRY_MAC + 4]
    mov     eax, [eax + ENTRY_MAC]
    INTERRUPTS_RESTORE
    clc
    ret
8:  INTERRUPTS_RESTORE
    stc
    ret

# Takes a free entry, or of the resolved ones with the least standing the one that was confirmed longest ago. Interrupts
# are off.
# In: EAX address, EDX interface, ECX now.
# Out: EAX entry with these two and an empty queue, or 0 when all are pending.
.global arp_take
arp_take:
    CHECK_MASKED "arp_take: interrupts are on"
    push    ebx
    push    esi
    push    edi
    push    ebp
    xor     ebx, ebx                    # best so far
    xor     edi, edi                    # its age
    mov     esi, offset arp_cache
.Larp_take_next:
    cmp     dword ptr [esi + ENTRY_STATE], STATE_FREE
    je      .Larp_take_free
    cmp     dword ptr [esi + ENTRY_STATE], STATE_PENDING
    je      .Larp_take_skip
    mov     ebp, STANDING_ASKED | STANDING_PEER
    sub     ebp, [esi + ENTRY_STANDING]
    shl     ebp, STANDING_SHIFT
    add     ebp, ecx
    sub     ebp, [esi + ENTRY_TIME]
    cmp     ebp, edi
    jb      .Larp_take_skip
    mov     edi, ebp
    mov     ebx, esi
.Larp_take_skip:
    add     esi, ENTRY_SIZE
    cmp     esi, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      .Larp_take_next
    jmp     .Larp_take_found
.Larp_take_free:
    mov     ebx, esi
.Larp_take_found:
    test    ebx, ebx
    jz      .Larp_take_done
    lea     esi, [ebx + ENTRY_SIZE]
    cmp     esi, [arp_end]
    jbe     .Larp_take_take
    mov     [arp_end], esi
.Larp_take_take:
    CHECK_ENTRY ebx, arp_cache, ENTRY_SIZE, ENTRIES, "arp_take: no entry of the cache"
    CHECK   edx, ne, 0, "arp_take: a neighbour on no interface"
    mov     [ebx + ENTRY_ADDRESS], eax
    mov     [ebx + ENTRY_NETIF], edx
    mov     dword ptr [ebx + ENTRY_QUEUE], 0
    mov     dword ptr [ebx + ENTRY_QUEUED], 0
    mov     dword ptr [ebx + ENTRY_STANDING], 0
.Larp_take_done:
    mov     eax, ebx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether so many neighbours are being asked for that no further one may be. Interrupts are off.
# Out: CF clear if so.
# Clobbers: EAX, ECX.
.global arp_crowded
arp_crowded:
    CHECK   "dword ptr [arp_end]", be, "offset arp_cache + ENTRIES * ENTRY_SIZE", "arp_crowded: the cache ends beyond its table"
    xor     eax, eax
    mov     ecx, offset arp_cache
1:  cmp     dword ptr [ecx + ENTRY_STATE], STATE_PENDING
    jne     2f
    inc     eax
2:  add     ecx, ENTRY_SIZE
    cmp     ecx, [arp_end]
    jb      1b
    cmp     eax, PENDING_MAXIMUM
    ret

# What is likely of a neighbour that we are about to send to: its address need not be asked for. Where anything is known
# of that address already, nothing changes.
# In: EAX interface, EDX address, ECX MAC address.
# Clobbers: EAX, ECX, EDX.
.global arp_suggest
arp_suggest:
    push    ebx
    push    ecx
    push    edx
    mov     ebx, eax
    mov     eax, edx
    mov     edx, ebx
    INTERRUPTS_OFF
    call    arp_lookup
    INTERRUPTS_RESTORE
    pop     edx
    pop     ecx
    test    eax, eax
    mov     eax, ebx
    pop     ebx
    jz      arp_hint
    ret

# A neighbour has sent us a frame, and may be anybody. Where another station has its address, that one is asked.
# In: EAX interface, EDX address, ECX MAC address.
# Clobbers: EAX, ECX, EDX.
.global arp_claim
arp_claim:
    test    byte ptr [ecx], 1           # nobody's own address is a group address
    jnz     9f
    push    ebx
    mov     ebx, eax
    mov     eax, ecx
    mov     ecx, LEARN_KNOWN
    call    arp_learn
    pop     ebx
9:  ret

# A neighbour that we are about to answer has sent us a frame: its address need not be asked for.
# In: EAX interface, EDX address, ECX MAC address.
.global arp_hint
arp_hint:
    test    byte ptr [ecx], 1           # nobody's own address is a group address
    jnz     9f
    push    ebx
    mov     ebx, eax
    mov     eax, ecx
    mov     ecx, LEARN_PEER
    call    arp_learn
    pop     ebx
9:  ret

# Forgets the neighbours of an interface, as its address changes.
# In: EAX interface.
.global arp_flush
arp_flush:
    mov     ecx, offset arp_cache
1:  INTERRUPTS_OFF
    cmp     dword ptr [ecx + ENTRY_STATE], STATE_RESOLVED # pending ones end by themselves
    jb      2f
    cmp     [ecx + ENTRY_NETIF], eax
    jne     2f
    mov     dword ptr [ecx + ENTRY_STATE], STATE_FREE
2:  INTERRUPTS_RESTORE
    add     ecx, ENTRY_SIZE
    cmp     ecx, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      1b
    ret

# Forgets all neighbours of an interface, and drops what waits for them.
# In: EAX interface.
.global arp_forget
arp_forget:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, offset arp_cache
.Larp_forget_next:
    xor     ebx, ebx
    INTERRUPTS_OFF
    cmp     [esi + ENTRY_NETIF], edi
    jne     2f
    cmp     dword ptr [esi + ENTRY_STATE], STATE_PENDING
    jne     1f
    xchg    ebx, [esi + ENTRY_QUEUE]
1:  mov     dword ptr [esi + ENTRY_STATE], STATE_FREE
2:  INTERRUPTS_RESTORE
.Larp_forget_packet:
    test    ebx, ebx
    jz      3f
    mov     eax, ebx
    mov     ebx, [ebx + PACKET_NEXT]
    call    packet_free
    jmp     .Larp_forget_packet
3:  add     esi, ENTRY_SIZE
    cmp     esi, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      .Larp_forget_next
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the cache for the `arp` command.
.global arp_print
arp_print:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi
    mov     esi, offset arp_cache
1:  cmp     dword ptr [esi + ENTRY_STATE], STATE_FREE
    je      3f
    inc     edi
    mov     edx, [esi + ENTRY_NETIF]
    lea     edx, [edx + NETIF_NAME]
    cmp     dword ptr [esi + ENTRY_STATE], STATE_RESOLVED
    jb      2f
    call    clock_ms
    sub     eax, [esi + ENTRY_TIME]
    mov     ecx, 1000
    push    edx
    xor     edx, edx
    div     ecx
    pop     edx
    lea     ecx, [esi + ENTRY_MAC]
    PRINTF  "%I is at %M on %s, confirmed %u s ago\n", [esi+ENTRY_ADDRESS], ecx, edx, eax
    jmp     3f
2:  PRINTF  "%I does not answer yet on %s, %u requests, %u packets wait\n", [esi+ENTRY_ADDRESS], edx, [esi+ENTRY_TRIES], [esi+ENTRY_QUEUED]
3:  add     esi, ENTRY_SIZE
    cmp     esi, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      1b
    test    edi, edi
    jnz     4f
    PRINT   "No neighbour is known.\n"
4:  pop     edi
    pop     esi
    pop     ebx
    ret
