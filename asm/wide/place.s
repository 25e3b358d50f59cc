# Where a link is: at the last place of those that its packets came from which has said back what only it was told. All
# routines run with the cluster's mutex held.

.include "macros.inc"
.include "cluster.inc"
.include "wide.inc"

TRY_MS                  = 2000          # a place that may be the link's is tried so often
STEADY_MS               = 4000          # longer than what went by the other way is under way
DARE_SHIFT              = 13            # a place has between 8 and 16 s to say back what it is to

.text

# Whether a packet comes from where its link is known to be: only there goes more than came.
# In: EBX link.
# Out: ZF when so.
# Clobbers: EAX.
.global link_there
link_there:
    mov     eax, [wide_from]
    cmp     eax, [ebx + LINK_ADDRESS]
    jne     9f
    mov     eax, [wide_from_port]
    cmp     eax, [ebx + LINK_PORT]
9:  ret

# Whether a link may ask from where a packet comes: from where it is, or by any relay, as each side chooses its own.
# In: EBX link.
# Out: ZF when so.
# Clobbers: EAX.
.global link_asks
link_asks:
    cmp     byte ptr [wide_from], 0
    jne     link_there
    ret

# Looks whether a packet that is believed comes from where the link is known to be. If it comes from elsewhere, a hello
# goes there, and the link is there once that was echoed from there. May sleep.
# In: EBX link, ESI packet.
# Clobbers: EAX, ECX, EDX.
.global wide_endpoint
wide_endpoint:
    call    relay_believed
    jc      .Lwide_endpoint_done
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    cmp     eax, [ebx + LINK_ADDRESS]
    jne     .Lwide_endpoint_other
    cmp     edx, [ebx + LINK_PORT]
    je      .Lwide_endpoint_by
.Lwide_endpoint_other:
    cmp     byte ptr [esi + WIDE_KIND], WIDE_HELLO
    jne     .Lwide_endpoint_try
    call    wide_dared
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    jne     .Lwide_endpoint_try
    call    wide_steady
    jc      .Lwide_endpoint_done
    mov     [ebx + LINK_ADDRESS], eax
    mov     [ebx + LINK_PORT], edx
    mov     dword ptr [ebx + LINK_TRIES], 0
    call    summary_due
.Lwide_endpoint_by:
    mov     eax, [wide_from_socket]
    mov     [ebx + LINK_SOCKET], eax
    call    link_hears
    jc      .Lwide_endpoint_done
    call    clock_ms
    mov     [ebx + LINK_PLACED], eax
    ret
.Lwide_endpoint_try:
    cmp     eax, [ebx + LINK_TRIED]
    jne     .Lwide_endpoint_new
    cmp     edx, [ebx + LINK_TRIED_PORT]
    jne     .Lwide_endpoint_new
    call    clock_ms
    sub     eax, [ebx + LINK_TRIED_AT]
    cmp     eax, TRY_MS
    jb      .Lwide_endpoint_done
.Lwide_endpoint_new:
    mov     eax, [esi + WIDE_NUMBER]
    cmp     eax, [ebx + LINK_NUMBER]
    jne     .Lwide_endpoint_done        # a late one
    lea     edx, [ebx + LINK_TRIED_AT]
    call    wide_may
    jc      .Lwide_endpoint_done
    mov     dword ptr [wide_asked], 1
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    call    wide_dare
    mov     [wide_token], eax
    mov     eax, WIDE_ANSWER
    call    wide_greet
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    call    wide_tried
.Lwide_endpoint_done:
    ret

# Whether a link stays where it is heard, though another place is its as well: with two ways between them, one of two
# clusters has to, or each goes to where the other was.
# In: EBX link.
# Out: CF when so.
# Clobbers: ECX.
wide_steady:
    cmp     byte ptr [ebx + LINK_ADDRESS], 1
    cmc
    jnc     9f                          # by a relay, or nowhere
    mov     ecx, [wide_id]
    cmp     ecx, [ebx + LINK_ID]
    jnc     9f
    push    eax
    call    clock_ms
    sub     eax, [ebx + LINK_PLACED]
    cmp     eax, STEADY_MS
    pop     eax
9:  ret

# What goes from the door may come from another port by now: links that are spoken to from there have to show anew that
# they hear it.
# Clobbers: EAX, ECX, EDX.
.global links_doubt
links_doubt:
    call    clock_ms
    sub     eax, WIDE_SILENCE_MS + 1
    mov     edx, [wide_number]
    mov     ecx, offset links
1:  cmp     dword ptr [ecx + LINK_SOCKET], WIDE_AT_DOOR
    jne     2f
    mov     [ecx + LINK_ECHOED], edx
    mov     [ecx + LINK_ECHOED_AT], eax
2:  add     ecx, LINK_SIZE
    cmp     ecx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# What a place is to say back, so that it is the link's. Nobody can guess it, and nothing is kept: with several relays,
# and far away, others are asked before one has answered.
# In: EBX link, EAX address, EDX port.
# Out: EAX number, not 0.
# Clobbers: ECX, EDX.
.global wide_dare
wide_dare:
    push    eax
    call    clock_ms
    mov     ecx, eax
    shr     ecx, DARE_SHIFT
    pop     eax

# The same, at some time.
# In: ECX time, in units of 1 << DARE_SHIFT ms.
wide_dare_then:
    push    ecx
    push    edx
    push    eax
    push    ebx
    mov     eax, esp
    mov     edx, 4
    call    secret_hash
    add     esp, 16
    or      eax, 1
    ret

# Whether a hello says back what was to be said where it comes from, lately.
# In: EBX link, ESI hello.
# Out: ZF when it does.
# Clobbers: EAX, ECX, EDX.
wide_dared:
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    call    wide_dare
    cmp     eax, [esi + WIDE_TOKEN_BACK]
    je      9f
    call    clock_ms
    mov     ecx, eax
    shr     ecx, DARE_SHIFT
    dec     ecx
    mov     eax, [wide_from]
    mov     edx, [wide_from_port]
    call    wide_dare_then
    cmp     eax, [esi + WIDE_TOKEN_BACK]
9:  ret

# What was sent last went to where a link may be.
# In: EBX link, EAX address, EDX port.
.global wide_tried
wide_tried:
    mov     [ebx + LINK_TRIED], eax
    mov     [ebx + LINK_TRIED_PORT], edx
    ret
