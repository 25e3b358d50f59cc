# The gateway is asked to lead a port of its own to the door: by PCP (RFC 6887), else by NAT-PMP (RFC 6886), else by
# UPnP (igd.s). What it says is never believed (public.s), but that port is what others are asked to call. All routines
# run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

ROUTER_PORT             = 5351          # RFC 6887 section 19: of both
FIRST_MS                = 250           # after the first question, twice as much after each other one (RFC 6886, 3.1)
TRIES                   = 4
AGAIN_MS                = 60000         # after nobody has answered, or something was refused
LIFE_SECONDS            = 600           # for which a mapping is asked for
IGD_WAIT_MS             = IGD_MS + 3000 # for which UPnP is waited for, which says itself what came of it
ODD_MS                  = 60000         # of silence after which a port that others need not know is given back
NONCE_BYTES             = 12

# RFC 6887, sections 7.1 and 11.1: a request for a mapping, and its answer; numbers are big endian.
PCP_VERSION             = 0             # u8    2
PCP_OPCODE              = 1             # u8    1 a mapping; an answer has bit 7
PCP_RESULT              = 3             # u8    answer: 0 done
PCP_LIFE                = 4             # u32   seconds
PCP_CLIENT              = 8             # 16 bytes: the client's address; answer: the time since which it remembers
PCP_NONCE               = 24            # NONCE_BYTES
PCP_PROTOCOL            = 36            # u8
PCP_INSIDE              = 40            # u16
PCP_OUTSIDE             = 42            # u16
PCP_ADDRESS             = 44            # 16 bytes
PCP_SIZE                = 60
PCP_MAP                 = 1
PCP_ANSWER              = 0x80

# RFC 6886, section 3.3.
PMP_RESULT              = 2             # u16   answer: 0 done
PMP_INSIDE              = 4             # u16
PMP_OUTSIDE             = 6             # u16
PMP_LIFE                = 8             # u32
PMP_REQUEST_SIZE        = 12
PMP_ANSWER_INSIDE       = 8             # u16
PMP_ANSWER_OUTSIDE      = 10            # u16
PMP_ANSWER_LIFE         = 12            # u32
PMP_ANSWER_SIZE         = 16
PMP_PUBLIC              = 8             # u32   answer about its address
PMP_PUBLIC_SIZE         = 12
PMP_UDP                 = 1
PMP_TCP                 = 2

.bss
.balign 4
.global router_method
router_method:          .space 4        # ROUTER_*: how it was asked last
.global router_granted
router_granted:         .space 4        # port that it says leads here, or 0
.global router_address
router_address:         .space 4        # address that it says it has outside, or 0
router_tries:           .space 4
router_next:            .space 4        # clock_ms of the next question
router_odd:             .space 4        # clock_ms of the last look whether another port than the usual one serves
.global router_life
router_life:            .space 4        # seconds that are asked for: 0 takes the mapping back
router_nonce:           .space NONCE_BYTES
request:                .space PCP_SIZE

.text

# The delegate begins. Its nonce is that of the last one, as the mapping is (RFC 6887, 11.3: another one is refused).
# Clobbers: EAX, ECX, EDX.
.global router_begin
router_begin:
    xor     eax, eax
    mov     [router_granted], eax
    mov     [router_address], eax
    call    link_mapping
    mov     eax, offset router_nonce
    mov     edx, offset wide_made
    mov     ecx, NONCE_BYTES
    call    mem_copy
    mov     dword ptr [router_life], LIFE_SECONDS
    mov     dword ptr [router_method], ROUTER_PCP

# It is asked at once.
# Clobbers: EAX.
router_soon:
    mov     dword ptr [router_tries], 0
    call    clock_ms
    mov     [router_next], eax
    ret

# The port at which others may reach the door.
# Out: EAX port.
.global router_port
router_port:
    mov     eax, [router_granted]
    test    eax, eax
    jnz     9f
    mov     eax, WIDE_PORT              # a person may have set it
9:  ret

# Nobody comes through: the mapping is taken back, and made again.
# Clobbers: EAX.
.global router_doubt
router_doubt:
    cmp     dword ptr [router_granted], 0
    je      9f
    cmp     dword ptr [router_life], 0
    je      9f
    mov     dword ptr [router_life], 0
    jmp     router_soon
9:  ret

# Asks when it is time. May sleep.
# In: EDI now.
# Clobbers: EAX, ECX, EDX.
.global router_look
router_look:
    mov     eax, edi
    sub     eax, [router_next]
    js      .Lrouter_look_odd
    mov     ecx, [router_tries]
    cmp     ecx, TRIES
    jae     router_refused
    inc     dword ptr [router_tries]
    mov     eax, FIRST_MS
    shl     eax, cl
    add     eax, edi
    mov     [router_next], eax
    jmp     router_ask
.Lrouter_look_odd:
    mov     eax, [router_granted]
    test    eax, eax
    jz      .Lrouter_look_done
    cmp     eax, WIDE_PORT
    je      .Lrouter_look_done
    mov     eax, edi
    sub     eax, [router_odd]
    cmp     eax, ODD_MS
    jb      .Lrouter_look_done
    mov     [router_odd], edi
    call    meet_open
    jnc     .Lrouter_look_done          # somebody is about to type that port
    push    ebx
    xor     edx, edx                    # EDX: 1: there is a link
    mov     ebx, offset links
1:  call    link_lives
    jnc     3f
    cmp     byte ptr [ebx + LINK_NAME], 1
    sbb     eax, eax
    inc     eax
    or      edx, eax
    add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    test    edx, edx
    jz      3f
    call    router_doubt                # all who are silent may know the usual port alone: it may be free by now
3:  pop     ebx
.Lrouter_look_done:
    ret

# Asks. May sleep.
# Clobbers: EAX, ECX, EDX.
router_ask:
    push    esi
    push    edi
    mov     edi, offset request
    xor     eax, eax
    mov     ecx, PCP_SIZE / 4
    rep stosd
    mov     edi, PCP_SIZE
    cmp     dword ptr [router_method], ROUTER_PMP
    je      .Lrouter_ask_pmp
    ja      .Lrouter_ask_igd
    mov     word ptr [request + PCP_VERSION], 2 | (PCP_MAP << 8)
    mov     eax, [router_life]
    bswap   eax
    mov     [request + PCP_LIFE], eax
    mov     word ptr [request + PCP_CLIENT + 10], 0xFFFF    # an address of IPv4 in one of IPv6
    mov     eax, [wide_address]
    mov     [request + PCP_CLIENT + 12], eax
    mov     eax, offset request + PCP_NONCE
    mov     edx, offset router_nonce
    mov     ecx, NONCE_BYTES
    call    mem_copy
    mov     byte ptr [request + PCP_PROTOCOL], PROTOCOL_UDP
    mov     word ptr [request + PCP_ADDRESS + 10], 0xFFFF
    mov     eax, ((WIDE_PORT >> 8) | (WIDE_PORT << 8)) & 0xFFFF
    mov     [request + PCP_INSIDE], ax
    mov     [request + PCP_OUTSIDE], ax
    jmp     .Lrouter_ask_send
.Lrouter_ask_pmp:
    mov     byte ptr [request + PCP_OPCODE], PMP_UDP
    mov     eax, ((WIDE_PORT >> 8) | (WIDE_PORT << 8)) & 0xFFFF
    mov     [request + PMP_INSIDE], ax
    cmp     dword ptr [router_life], 0
    je      1f                          # RFC 6886, section 3.4: with no port outside
    mov     [request + PMP_OUTSIDE], ax
    mov     eax, [router_life]
    bswap   eax
    mov     [request + PMP_LIFE], eax
1:  mov     edi, 2                      # and which address it has: version and opcode are 0
    push    dword ptr [request]
    mov     dword ptr [request], 0
    call    router_send
    pop     dword ptr [request]
    mov     edi, PMP_REQUEST_SIZE
.Lrouter_ask_send:
    call    router_send
    jmp     .Lrouter_ask_done
.Lrouter_ask_igd:
    mov     dword ptr [router_tries], TRIES     # once
    call    clock_ms
    add     eax, IGD_WAIT_MS
    mov     [router_next], eax
    call    igd_ask
.Lrouter_ask_done:
    pop     edi
    pop     esi
    ret

# Sends the gateway the request. May sleep.
# In: EDI bytes.
# Clobbers: EAX, ECX, EDX, ESI.
router_send:
    mov     eax, [cluster_netif]
    mov     edx, [eax + NETIF_ROUTER]
    test    edx, edx
    jz      9f
    mov     eax, [wide_sockets + 4 * WIDE_AT_WAY]
    mov     ecx, ROUTER_PORT
    mov     esi, offset request
    call    udp_send
9:  ret

# The gateway says something. From which of its ports does not matter: some answer from another one.
# In: ESI datagram, wide_bytes.
# Clobbers: EAX, ECX, EDX.
.global router_heard
router_heard:
    cmp     dword ptr [wide_bytes], 4
    jb      .Lrouter_heard_done
    cmp     byte ptr [esi + PCP_VERSION], 0
    je      router_pmp_heard
    cmp     word ptr [esi + PCP_VERSION], 2 | ((PCP_MAP | PCP_ANSWER) << 8)
    jne     .Lrouter_heard_done
    cmp     dword ptr [router_method], ROUTER_PCP
    jne     .Lrouter_heard_done
    cmp     dword ptr [wide_bytes], PCP_SIZE
    jb      .Lrouter_heard_done
    lea     eax, [esi + PCP_NONCE]
    mov     edx, offset router_nonce
    mov     ecx, NONCE_BYTES
    call    mem_compare
    jne     .Lrouter_heard_done
    cmp     byte ptr [esi + PCP_PROTOCOL], PROTOCOL_UDP
    jne     .Lrouter_heard_done         # whether TCP is led here too is not known
    cmp     byte ptr [esi + PCP_RESULT], 0
    jne     router_refused
    mov     eax, [esi + PCP_ADDRESS + 12]
    mov     [router_address], eax
    movzx   edx, word ptr [esi + PCP_OUTSIDE]
    mov     eax, [esi + PCP_LIFE]
    mov     [request + PCP_OUTSIDE], dx
    mov     byte ptr [request + PCP_PROTOCOL], PROTOCOL_TCP
    mov     ecx, PCP_SIZE
    jmp     router_answered
.Lrouter_heard_done:
    ret

# The gateway answers by NAT-PMP, or says that it does not know PCP (RFC 6886, 3.5).
# In: as router_heard.
router_pmp_heard:
    cmp     dword ptr [router_method], ROUTER_PMP
    je      1f
    cmp     word ptr [esi + PMP_RESULT], 1 << 8     # not this version
    jne     .Lrouter_pmp_heard_done
    mov     dword ptr [router_method], ROUTER_PMP
    jmp     router_soon
1:  cmp     byte ptr [esi + PCP_OPCODE], PCP_ANSWER
    je      2f
    cmp     byte ptr [esi + PCP_OPCODE], PMP_UDP | PCP_ANSWER
    jne     .Lrouter_pmp_heard_done
    cmp     dword ptr [wide_bytes], PMP_ANSWER_SIZE
    jb      .Lrouter_pmp_heard_done
    cmp     word ptr [esi + PMP_ANSWER_INSIDE], ((WIDE_PORT >> 8) | (WIDE_PORT << 8)) & 0xFFFF
    jne     .Lrouter_pmp_heard_done
    cmp     word ptr [esi + PMP_RESULT], 0
    jne     router_refused
    movzx   edx, word ptr [esi + PMP_ANSWER_OUTSIDE]
    mov     eax, [esi + PMP_ANSWER_LIFE]
    mov     byte ptr [request + PCP_OPCODE], PMP_TCP
    mov     [request + PMP_OUTSIDE], dx
    mov     ecx, PMP_REQUEST_SIZE
    jmp     router_answered
2:  cmp     dword ptr [wide_bytes], PMP_PUBLIC_SIZE
    jb      .Lrouter_pmp_heard_done
    cmp     word ptr [esi + PMP_RESULT], 0
    jne     .Lrouter_pmp_heard_done
    mov     eax, [esi + PMP_PUBLIC]
    mov     [router_address], eax
.Lrouter_pmp_heard_done:
    ret

# The gateway refuses, or is silent: it is asked in the next way, and after the last one later.
# Clobbers: EAX.
.global router_refused
router_refused:
    mov     dword ptr [router_granted], 0
    mov     dword ptr [router_life], LIFE_SECONDS
    call    router_soon
    inc     dword ptr [router_method]
    cmp     dword ptr [router_method], ROUTER_METHODS
    jb      9f
    mov     dword ptr [router_method], ROUTER_PCP
    add     dword ptr [router_next], AGAIN_MS
9:  ret

# The gateway has done what it was asked for, it says. It is asked for the same port of TCP, once; that is not taken
# back, as links may come by it while UDP does not get through. May sleep.
# In: EDX port, EAX seconds, both big endian; ECX bytes of that request.
# Clobbers: EAX, ECX, EDX.
router_answered:
    cmp     dword ptr [router_life], 0
    je      1f
    push    esi
    push    edi
    push    eax
    push    edx
    mov     edi, ecx
    call    router_send
    pop     edx
    pop     eax
    pop     edi
    pop     esi
1:
    bswap   eax
    xchg    dl, dh

# As router_answered, of numbers. A mapping that was taken back is made again at once, another one is asked for again
# after half its life.
# In: EDX port, EAX seconds.
# Clobbers: EAX, ECX, EDX.
.global router_agreed
router_agreed:
    cmp     dword ptr [router_life], 0
    je      .Lrouter_answered_back
    test    eax, eax
    jz      .Lrouter_answered_done      # about one that is gone
    push    eax
    call    router_grants
    pop     eax
    cmp     eax, LIFE_SECONDS
    jbe     1f
    mov     eax, LIFE_SECONDS
1:  imul    ecx, eax, 500
    mov     dword ptr [router_tries], 0
    call    clock_ms
    add     eax, ecx
    mov     [router_next], eax
.Lrouter_answered_done:
    ret
.Lrouter_answered_back:
    xor     edx, edx
    call    router_grants
    mov     dword ptr [router_life], LIFE_SECONDS
    jmp     router_soon

# The gateway has another port for the door, or none.
# In: EDX port or 0.
# Clobbers: EAX, ECX, EDX.
router_grants:
    cmp     [router_granted], edx
    je      9f
    mov     [router_granted], edx
    jmp     links_doubt
9:  ret
