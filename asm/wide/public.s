# The cluster's address as others see it, and whether they reach it. Linked clusters say where they see this one, and
# call its door when they are asked to; nothing else is believed. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

WISH_MS                 = 5000          # how often a link is asked to call, while it has not
CONTENT_MS              = 20000         # and after it has
OBLIGED_MS              = 2000          # how often a link is called at most
WISHES                  = 3             # in vain, then the gateway's mapping is made anew, and each wish waits twice
WISHES_SHIFT            = 3             # as long as the one before, up to WISH_MS << WISHES_SHIFT

.text

# Asks a link to call the door when that is due. May sleep.
# In: EBX link, which was heard lately; EDI now.
# Clobbers: EAX, ECX, EDX.
.global public_look
public_look:
    mov     eax, edi
    sub     eax, [ebx + LINK_WISHED]
    cmp     dword ptr [ebx + LINK_WISHED], 0
    je      .Lpublic_look_wish
    mov     edx, CONTENT_MS
    cmp     dword ptr [ebx + LINK_WISH], 0
    je      2f
    mov     ecx, [ebx + LINK_WISHES]
    sub     ecx, WISHES
    jae     1f
    xor     ecx, ecx
1:  mov     edx, WISH_MS
    shl     edx, cl
2:  cmp     eax, edx
    jb      .Lpublic_look_done
.Lpublic_look_wish:
    mov     [ebx + LINK_WISHED], edi
    cmp     dword ptr [ebx + LINK_WISH], 0
    je      .Lpublic_look_draw
    mov     eax, [ebx + LINK_WISHES]    # the last one was in vain
    inc     eax
    mov     [ebx + LINK_WISHES], eax
    cmp     eax, WISHES
    je      3f
    cmp     eax, WISHES + WISHES_SHIFT
    jbe     .Lpublic_look_draw
    dec     dword ptr [ebx + LINK_WISHES]
3:  call    router_doubt
.Lpublic_look_draw:
    call    secret_number
    or      eax, 1                      # never 0
    mov     [ebx + LINK_WISH], eax
    mov     al, WIDE_CALL_ME
    call    wide_build
    mov     eax, [ebx + LINK_WISH]
    mov     [wide_out + WIDE_CALL_NUMBER], eax
    call    router_port
    mov     [wide_out + WIDE_CALL_PORT], eax
    mov     ecx, WIDE_WISH_SIZE
    jmp     wide_send_link
.Lpublic_look_done:
    ret

# A link asks to be called: it is, by a port that it has not spoken to, and only at the address where it is. May sleep.
# In: EBX link, ESI packet.
.global public_wished
public_wished:
    mov     eax, [wide_from]
    cmp     eax, [ebx + LINK_ADDRESS]
    jne     .Lpublic_wished_done
    test    al, al
    jz      .Lpublic_wished_done        # by a relay nobody is called
    mov     eax, [esi + WIDE_CALL_PORT]
    dec     eax
    cmp     eax, 0xFFFF
    jae     .Lpublic_wished_done        # no port
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [ebx + LINK_OBLIGED]
    cmp     ecx, OBLIGED_MS
    jb      .Lpublic_wished_done
    mov     [ebx + LINK_OBLIGED], eax
    push    edi
    push    ebp
    mov     ebp, [esi + WIDE_CALL_PORT]
    xor     eax, eax
    call    udp_open
    jc      1f
    mov     edi, eax                    # EDI: a port for this call alone
    mov     edx, [wide_address]
    xor     ecx, ecx
    call    udp_bind
    jc      2f
    mov     al, WIDE_CALL
    call    wide_build
    mov     eax, [esi + WIDE_CALL_NUMBER]
    mov     [wide_out + WIDE_CALL_NUMBER], eax
    mov     eax, edi
    mov     ecx, WIDE_WISH_SIZE
    mov     edx, [ebx + LINK_ADDRESS]
    call    wide_send_by
    mov     eax, [wide_number]
    mov     [ebx + LINK_CALLED_BY], eax
2:  mov     eax, edi
    call    udp_close
1:  pop     ebp
    pop     edi
.Lpublic_wished_done:
    ret

# A link calls. It counts when it was asked to, and comes to the door by another port than the link speaks from.
# In: EBX link, ESI packet.
.global public_called
public_called:
    cmp     dword ptr [wide_from_socket], WIDE_AT_DOOR
    jne     9f
    mov     eax, [wide_from_port]
    cmp     eax, WIDE_BY_TCP
    jae     9f
    cmp     eax, [ebx + LINK_PORT]
    je      9f
    mov     eax, [esi + WIDE_CALL_NUMBER]
    cmp     eax, [ebx + LINK_WISH]
    jne     9f
    test    eax, eax
    jz      9f
    mov     eax, [esi + WIDE_SEEN]
    mov     [ebx + LINK_CALLED_AS], eax
    xor     eax, eax
    mov     [ebx + LINK_WISH], eax
    mov     [ebx + LINK_WISHES], eax
    call    clock_ms
    mov     [ebx + LINK_CALLED], eax
9:  ret

# What the links say of this cluster's address.
# Out: EAX the address that most of them see, 0 when none does; EDX how many do; ECX how many see another one.
.global public_told
public_told:
    push    ebx
    push    esi
    push    edi
    push    ebp
    xor     esi, esi                    # ESI: address, EBP: how many see it
    xor     ebp, ebp
    xor     edi, edi                    # EDI: links that say anything
    mov     ebx, offset links
1:  call    link_tells
    jc      3f
    inc     edi
    call    public_count
    cmp     ebp, edx
    jae     3f
    mov     ebp, edx
    mov     esi, [ebx + LINK_AS]
3:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    mov     eax, esi
    mov     edx, ebp
    mov     ecx, edi
    sub     ecx, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a link says where it sees this cluster.
# In: EBX link or free place.
# Out: CF when it does not.
# Clobbers: EAX, ECX.
.global link_tells
link_tells:
    cmp     byte ptr [ebx + LINK_NAME], 1
    jb      9f
    cmp     dword ptr [ebx + LINK_AS], 1
    jae     link_lives
9:  ret

# How many links see the address that one sees.
# In: EBX link.
# Out: EDX how many, this one included.
# Clobbers: EAX, ECX.
public_count:
    push    esi
    push    ebx
    mov     esi, [ebx + LINK_AS]
    xor     edx, edx
    mov     ebx, offset links
1:  call    link_tells
    jc      2f
    cmp     [ebx + LINK_AS], esi
    jne     2f
    inc     edx
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    pop     ebx
    pop     esi
    ret

# Whether a link has reached this cluster at an address lately: it has called, or the connection that it is proved to
# be at is one that it made to the door there.
# In: EBX link or free place, EDX address.
# Out: ECX DOOR_*, EAX ms since then; CF when it has not.
.global link_reached
link_reached:
    call    link_tells
    jc      9f
    mov     ecx, DOOR_BY_UDP
    call    clock_ms
    sub     eax, [ebx + LINK_CALLED]
    cmp     eax, WIDE_PROOF_MS
    ja      1f
    cmp     edx, [ebx + LINK_CALLED_AS]
    je      9f                          # CF is clear
1:  mov     ecx, DOOR_BY_TCP
    cmp     dword ptr [ebx + LINK_PORT], WIDE_BY_TCP
    jb      9f
    cmp     dword ptr [ebx + LINK_SOCKET], WIDE_AT_DOOR
    jne     2f
    cmp     edx, [ebx + LINK_AS]
    jne     2f
    call    clock_ms
    sub     eax, [ebx + LINK_PLACED]
    cmp     eax, WIDE_PROOF_MS
    cmc
    ret
2:  stc
9:  ret

# Where others may reach this cluster.
# Out: EAX address, or 0, EDX port; ECX DOOR_* when one has, else 0.
.global public_door
public_door:
    push    ebx
    push    esi
    call    public_told
    push    eax
    mov     edx, eax
    xor     esi, esi                    # ESI: DOOR_*
    mov     ebx, offset links
1:  call    link_reached
    jc      2f
    mov     esi, ecx
    cmp     ecx, DOOR_BY_UDP
    je      3f
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
3:  call    router_port
    mov     edx, eax
    mov     ecx, esi
    pop     eax
    pop     esi
    pop     ebx
    ret

# What the gateway says beside the only link that tells an address. It is believed in nothing, but one voice alone
# counts no more than one that contradicts it.
# In: EAX address.
# Out: ECX 0 when it says nothing, or an address that others cannot see, 1 the same, 2 another one.
.global public_second
public_second:
    xor     ecx, ecx
    cmp     [router_granted], ecx
    je      9f
    cmp     eax, [router_address]
    je      1f
    mov     ecx, [router_address]
    jecxz   9f
    call    outside_private
    mov     ecx, 0
    je      9f
    mov     cl, 2
    ret
1:  inc     ecx
9:  ret

# The address at which others are known to reach this cluster.
# Out: EAX address, 0 when none has reached it, or as many see another one, or one does and the gateway says another.
# Clobbers: ECX, EDX.
.global public_proven
public_proven:
    call    public_told
    cmp     ecx, edx
    jae     1f
    cmp     edx, 1
    jne     2f
    call    public_second
    cmp     ecx, 2
    je      1f
2:  call    public_door
    test    ecx, ecx
    jnz     9f
1:  xor     eax, eax
9:  ret
