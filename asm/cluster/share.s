# Who serves the addresses that the cluster shares (asm/net/shared.s), and whom: the member for which a number made of
# its id and the client's address is the highest (rendezvous hashing: Thaler and Ravishankar, "Using name-based mappings
# to increase hit rates", 1998). So a member that goes moves its own clients only, and every holder chooses alike.
#
# The cluster's task writes the list of members, with the cluster's mutex held; the net task reads it, and must not wait
# for the mutex: so there are two lists, of which one is complete.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

SHARERS_MAXIMUM         = 128           # members that serve
CLIENTS                 = 1024          # places for those who are served, a power of two
KEEP_MS                 = 300000        # a client that was silent for so long is chosen for anew
SETTLE_MS               = 1000          # a new member is given clients after this: it may not know the address before
DOUBT_MS                = 3000          # a holder that fell silent is given none; by then its death is known

# A member that serves.
SHARER_SEED             = 0             # u32   stands for its id
SHARER_MAC              = 4             # 6 bytes
SHARER_HERE             = 10            # u16   1: it is this node
SHARER_SINCE            = 12            # clock_ms at which it was new; 0: it has settled
SHARER_SIZE             = 16
LIST_COUNT              = 0
LIST_SHARERS            = 4
LIST_SIZE               = LIST_SHARERS + SHARERS_MAXIMUM * SHARER_SIZE

# A client that is being served.
CLIENT_ADDRESS          = 0             # 0 while the place is free
CLIENT_SEED             = 4             # of who serves it
CLIENT_SEEN             = 8             # clock_ms of its last packet
CLIENT_SIZE             = 12

.data
.balign 4
.global share_list
share_list:             .long share_lists       # the list that counts

.bss
.balign 4
share_lists:            .space 2 * LIST_SIZE
share_clients:          .space CLIENTS * CLIENT_SIZE
share_doubted:          .space 8        # id of a holder that fell silent, or 0
share_doubt_ends:       .space 4        # clock_ms

.text

# Mixes a number, so that each bit of it has a say in each of the result (the finalizer of MurmurHash3).
# In: EAX number.
# Out: EAX number.
# Clobbers: ECX.
share_mix:
    mov     ecx, eax
    shr     ecx, 16
    xor     eax, ecx
    imul    eax, eax, 0x85EBCA6B
    mov     ecx, eax
    shr     ecx, 13
    xor     eax, ecx
    imul    eax, eax, 0xC2B2AE35
    mov     ecx, eax
    shr     ecx, 16
    xor     eax, ecx
    ret

# Looks which addresses are shared, and by whom. The mutex is held.
# In: EBX now.
# Clobbers: EAX, ECX, EDX.
.global share_look
share_look:
    push    esi
    push    edi
    push    ebp
    xor     ebp, ebp                    # EBP: interface, if there is any
    xor     edi, edi                    # EDI: place
    mov     esi, offset services
1:  call    holder_may
    mov     eax, 0
    jne     2f
    cmp     [esi + SERVICE_SHARED], eax
    je      2f
    mov     eax, [esi + SERVICE_MASK]
    mov     [shared_masks + edi*4], eax
    mov     eax, [esi + SERVICE_ADDRESS]
    test    eax, eax
    jz      2f
    mov     ebp, [cluster_netif]
2:  mov     [shared_addresses + edi*4], eax
    add     esi, SERVICE_SIZE
    inc     edi
    cmp     edi, SERVICES
    jb      1b
    test    ebp, ebp
    jz      3f
    call    share_count
    mov     dword ptr [shared_choose], offset share_choose
3:  mov     [shared_netif], ebp
    pop     ebp
    pop     edi
    pop     esi
    ret

# Makes the list of the members that serve.
# In: EBX now.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
share_count:
    push    ebp
    mov     ebp, offset share_lists
    cmp     [share_list], ebp
    jne     1f
    add     ebp, LIST_SIZE              # EBP: the list that does not count
1:  lea     edi, [ebp + LIST_SHARERS]   # EDI: its end so far
    mov     dword ptr [ebp + LIST_COUNT], 0
    mov     eax, offset node + NODE_ID
    mov     edx, 1
    call    share_enter
    mov     esi, [peer_first]
.Lshare_count_next:
    test    esi, esi
    jz      .Lshare_count_done
    cmp     dword ptr [esi + PEER_VIEWED], 1
    jne     .Lshare_count_skip
    lea     eax, [esi + PEER_ID]
    call    share_doubts
    je      .Lshare_count_skip
    xor     edx, edx
    call    share_enter
    cmp     dword ptr [ebp + LIST_COUNT], SHARERS_MAXIMUM
    jae     .Lshare_count_done
.Lshare_count_skip:
    mov     esi, [esi + PEER_NEXT]
    jmp     .Lshare_count_next
.Lshare_count_done:
    mov     [share_list], ebp
    pop     ebp
    ret

# Appends a member. It has settled if it is on the list that counts, and was so for long enough, or if that is empty.
# Its MAC address is in its id (EUI-64), which nobody but itself can claim: no forged answer of ARP leads clients
# astray.
# In: EAX its id, EDX 1 for this node, else 0; EBX now, EBP list, EDI where to.
# Out: EDI after it.
# Clobbers: EAX, ECX, EDX.
share_enter:
    push    esi
    mov     [edi + SHARER_HERE], dx
    mov     edx, eax
    mov     eax, [edx + 4]              # the lower half: 0xFE and three bytes
    mov     [edi + SHARER_MAC + 2], eax
    mov     eax, [edx]
    mov     [edi + SHARER_MAC], ax
    shr     eax, 16
    mov     [edi + SHARER_MAC + 2], al
    mov     eax, [edx]
    call    share_mix
    xor     eax, [edx + 4]
    call    share_mix
    mov     [edi + SHARER_SEED], eax
    mov     esi, [share_list]
    xor     ecx, ecx
    cmp     dword ptr [esi + LIST_COUNT], 0
    je      2f
    call    share_find
    jc      1f
    mov     ecx, [edx + SHARER_SINCE]
    test    ecx, ecx
    jz      2f
    mov     eax, ebx
    sub     eax, ecx
    cmp     eax, SETTLE_MS
    jb      2f
    xor     ecx, ecx
    jmp     2f
1:  mov     ecx, ebx
    or      ecx, 1                      # 0 means that it has settled
2:  mov     [edi + SHARER_SINCE], ecx
    inc     dword ptr [ebp + LIST_COUNT]
    CHECK   "dword ptr [ebp+LIST_COUNT]", be, SHARERS_MAXIMUM, "share_enter: more members than the list holds"
    add     edi, SHARER_SIZE
    pop     esi
    ret

# Finds a member on a list.
# In: ESI list, EAX seed.
# Out: EDX member; CF when it is not there.
# Clobbers: ECX.
share_find:
    mov     ecx, [esi + LIST_COUNT]
    lea     edx, [esi + LIST_SHARERS]
1:  sub     ecx, 1
    jb      9f
    cmp     [edx + SHARER_SEED], eax
    je      9f                          # CF is clear
    add     edx, SHARER_SIZE
    jmp     1b
9:  ret

# Whether a member is the holder that fell silent a moment ago.
# In: EAX id, EBX now.
# Out: ZF when it is.
# Clobbers: ECX, EDX.
share_doubts:
    mov     ecx, ebx
    sub     ecx, [share_doubt_ends]
    jns     9f                          # over; what is left after 24 days is refused by the next comparison
    mov     edx, offset share_doubted
    jmp     session_same                # ids have the size of sessions
9:  mov     dword ptr [share_doubted], 0
    mov     dword ptr [share_doubted + 4], 0
    test    esp, esp                    # ZF clear
    ret

# The holder of an address has fallen silent, and this node is about to take its place: if it died, its clients should
# not have to wait until all know that.
# In: ESI service.
# Clobbers: EAX, ECX, EDX.
.global share_doubt
share_doubt:
    mov     eax, [esi + SERVICE_HOLDER]
    mov     [share_doubted], eax
    mov     eax, [esi + SERVICE_HOLDER + 4]
    mov     [share_doubted + 4], eax
    call    clock_ms
    add     eax, DOUBT_MS
    mov     [share_doubt_ends], eax
    ret

# Chooses who serves a client: who does already; else the member with the highest number. Runs in the net task.
# In: EAX its address.
# Out: EAX MAC address of the member (a pointer); 0: this node.
# Clobbers: ECX, EDX.
share_choose:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax                    # EBX: client
    call    share_mix
    and     eax, CLIENTS - 1
    lea     eax, [eax + eax*2]
    lea     edi, [share_clients + eax*4]    # EDI: its place
    call    clock_ms
    mov     ebp, eax                    # EBP: now
    mov     esi, [share_list]
    mov     eax, ebp
    sub     eax, [edi + CLIENT_SEEN]
    cmp     eax, KEEP_MS
    jb      1f
    mov     dword ptr [edi + CLIENT_ADDRESS], 0
1:  cmp     [edi + CLIENT_ADDRESS], ebx
    jne     .Lshare_choose_anew
    mov     eax, [edi + CLIENT_SEED]
    call    share_find
    jnc     .Lshare_choose_keep
    mov     dword ptr [edi + CLIENT_ADDRESS], 0
.Lshare_choose_anew:
    call    share_highest
    test    edx, edx
    jz      .Lshare_choose_here
    cmp     dword ptr [edi + CLIENT_ADDRESS], 0
    jne     .Lshare_choose_chosen       # the place is another's
    mov     [edi + CLIENT_ADDRESS], ebx
    mov     eax, [edx + SHARER_SEED]
    mov     [edi + CLIENT_SEED], eax
.Lshare_choose_keep:
    mov     [edi + CLIENT_SEEN], ebp
.Lshare_choose_chosen:
    lea     eax, [edx + SHARER_MAC]
    cmp     word ptr [edx + SHARER_HERE], 0
    je      .Lshare_choose_done
.Lshare_choose_here:
    xor     eax, eax
.Lshare_choose_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The member with the highest number for a client, of those that have settled.
# In: EBX client, ESI list.
# Out: EDX member, 0 when there is none.
# Clobbers: EAX, ECX.
share_highest:
    push    edi
    push    ebp
    xor     edx, edx
    xor     ebp, ebp                    # EBP: its number
    lea     edi, [esi + LIST_SHARERS]
    push    [esi + LIST_COUNT]
1:  sub     dword ptr [esp], 1
    jb      9f
    cmp     dword ptr [edi + SHARER_SINCE], 0
    jne     2f
    mov     eax, [edi + SHARER_SEED]
    xor     eax, ebx
    call    share_mix
    cmp     eax, ebp
    jb      2f
    mov     ebp, eax
    mov     edx, edi
2:  add     edi, SHARER_SIZE
    jmp     1b
9:  pop     eax
    pop     ebp
    pop     edi
    ret
