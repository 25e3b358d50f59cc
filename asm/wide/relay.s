# Relays: two linked clusters that do not reach each other speak by a third one, which passes their sealed packets on
# and keeps nothing of them. All routines run with the cluster's mutex held. See docs/protocols/wide-area.md.
#
# Wherever an endpoint has an address, the relay that is links' entry N - 1 is 0.0.0.N: no host has such an address
# (RFC 6890, 2.2.2), and no packet from one is looked at.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

FORWARDS                = 64            # packets of each link that are passed on in a second

LATE_MS                 = 2000          # a packet may come so much later than it has to

.bss
.balign 4
    # what the relay says of a relayed packet's sender: its id, and where it is seen
.global relay_sender
relay_sender:           .space WIDE_ID_SIZE
relay_sees:             .space 4
relay_sees_port:        .space 4
hashed:                 .space SHA256_BYTES

.section .rodata
.balign 4
    # by what a relay finds an addressee: names stand in for ids of clusters that are to be linked
found_by:               .long LINK_ID, LINK_NAME, LINK_TOLD
FOUND_BY_END            = .

.text

# The relay that stands in an endpoint's place of the address.
# In: EDX address.
# Out: EAX its link; CF when it is an address, or none.
.global relay_of
relay_of:
    mov     eax, edx
    rol     eax, 8                      # EAX: N
    dec     eax
    cmp     eax, LINKS
    cmc
    jc      9f
    imul    eax, eax, LINK_SIZE
    add     eax, offset links           # CF is clear
9:  ret

# How an endpoint says that it is by a relay.
# In: EBX link of the relay.
# Out: EAX.
# Clobbers: ECX, EDX.
.global relay_endpoint
relay_endpoint:
    mov     eax, ebx
    sub     eax, offset links - LINK_SIZE
    xor     edx, edx
    mov     ecx, LINK_SIZE
    div     ecx
    shl     eax, 24
    ret

# Whether a link can relay: it is heard, and where it is.
# In: EBX link or free place.
# Out: CF when it cannot.
# Clobbers: EAX, ECX.
.global relay_can
relay_can:
    cmp     byte ptr [ebx + LINK_NAME], 1
    jb      9f
    cmp     byte ptr [ebx + LINK_ADDRESS], 1
    jae     link_lives
9:  ret

# Finds a link by its name.
# In: EAX name.
# Out: EBX link; CF when there is none.
# Clobbers: EAX, EDX.
.global link_named
link_named:
    push    ecx
    push    eax
    call    string_length
    lea     ecx, [eax + 1]              # its NUL too
    pop     eax
    mov     edx, LINK_NAME
    call    link_with
    pop     ecx
    ret

# The id that stands for a name: clusters that are not linked yet know no other.
# In: EAX name.
# Out: EAX WIDE_ID_SIZE bytes.
# Clobbers: ECX, EDX.
.global relay_name
relay_name:
    push    eax
    mov     dl, 0
    call    string_find
    pop     edx
    mov     ecx, eax
    sub     ecx, edx
    mov     eax, offset hashed
    call    sha256
    mov     eax, offset hashed
    ret

# Finds the link that a packet is to be passed on to: by its id, or by the name that it has here, or gives itself.
# In: EAX id.
# Out: EBX link; CF when there is none.
# Clobbers: EAX, ECX, EDX.
relay_find:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, offset found_by
1:  mov     ebx, offset links
2:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      4f
    mov     eax, [edi]
    add     eax, ebx
    cmp     edi, offset found_by
    je      3f
    call    relay_name
3:  mov     edx, esi
    call    session_same                # ids have the size of sessions
    je      .Lrelay_find_done           # CF is clear
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      2b
    add     edi, 4
    cmp     edi, offset FOUND_BY_END
    jb      1b
    stc
.Lrelay_find_done:
    pop     edi
    pop     esi
    ret

# The next link that can relay to another one, after the one that was tried last.
# In: EBX link.
# Out: EAX address and EDX port of that endpoint; CF when no link can.
# Clobbers: ECX.
.global relay_next
relay_next:
    push    ebx
    push    esi
    push    edi
    mov     esi, ebx                    # ESI: link
    mov     edi, LINKS                  # EDI: places to look at
    mov     ebx, [esi + LINK_RELAY]     # EBX: the last one, or 0
    test    ebx, ebx
    jnz     1f
    mov     ebx, offset links + (LINKS - 1) * LINK_SIZE
1:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      2f
    mov     ebx, offset links
2:  cmp     ebx, esi
    je      3f
    call    relay_can
    jnc     .Lrelay_next_found
3:  dec     edi
    jnz     1b
    stc
    jmp     .Lrelay_next_done
.Lrelay_next_found:
    mov     [esi + LINK_RELAY], ebx
    call    relay_endpoint
    xor     edx, edx
.Lrelay_next_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# A link is gone: nothing goes by it any more.
# In: EBX its place.
# Clobbers: EAX, ECX, EDX.
.global relay_forget
relay_forget:
    call    relay_endpoint
    mov     edx, offset links
    xor     ecx, ecx
1:  cmp     [edx + LINK_ADDRESS], eax
    jne     2f
    mov     [edx + LINK_ADDRESS], ecx
2:  add     edx, LINK_SIZE
    cmp     edx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# Sends the packet, which is sealed, by a relay. What cannot be sent is lost, as on the way. May sleep.
# In: ECX bytes, EDX the relay's endpoint, EAX id of the addressee.
# Clobbers: EAX, ECX, EDX.
.global relay_put
relay_put:
    CHECK   ecx, be, WIDE_PIECE_MAXIMUM, "relay_put: a packet that has no room in another"
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # ESI: id
    lea     edi, [ecx + WIDE_RELAY_HEAD]    # EDI: bytes
    call    relay_of
    jc      .Lrelay_put_done
    mov     ebx, eax
    call    relay_can
    jc      .Lrelay_put_done
    mov     eax, offset wide_out + WIDE_RELAY_HEAD
    mov     edx, offset wide_out
    lea     ecx, [edi - WIDE_RELAY_HEAD]
    call    mem_move
    mov     al, WIDE_RELAY
    mov     edx, esi
    call    relay_head
    mov     ecx, edi
    call    wide_send_link
.Lrelay_put_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins a packet around another one.
# In: AL kind, EBX link, EDX id.
# Clobbers: EAX, ECX, EDX.
relay_head:
    push    edx
    mov     ecx, WIDE_RELAY_HEAD / 4
    call    wide_begin
    mov     eax, offset wide_out + WIDE_RELAY_ID
    pop     edx
    mov     ecx, WIDE_ID_SIZE
    jmp     mem_copy

# A link has a packet for another one: that gets it, with where the sender is, if both are where they are known to be.
# May sleep.
# In: EBX link of the sender, ESI packet.
.global relay_wished
relay_wished:
    push    edi
    mov     edi, ebx                    # EDI: sender
    call    link_there
    jne     .Lrelay_wished_not
    lea     edx, [ebx + LINK_FORWARDED]
    mov     ecx, FORWARDS
    call    wide_meter
    jc      .Lrelay_wished_not
    lea     eax, [esi + WIDE_RELAY_ID]
    call    relay_find
    jc      .Lrelay_wished_not
    cmp     ebx, edi
    je      .Lrelay_wished_not
    call    relay_can
    jc      .Lrelay_wished_not
    mov     al, WIDE_RELAYED
    lea     edx, [edi + LINK_ID]
    call    relay_head
    mov     eax, [wide_from_port]
    cmp     eax, WIDE_BY_TCP            # that no datagram reaches
    jae     1f
    mov     [wide_out + WIDE_RELAY_SEES_PORT], eax
    mov     eax, [wide_from]
    mov     [wide_out + WIDE_RELAY_SEES], eax
1:
    mov     eax, offset wide_out + WIDE_RELAY_HEAD
    lea     edx, [esi + WIDE_RELAY_HEAD]
    mov     ecx, [wide_bytes]
    sub     ecx, WIDE_RELAY_HEAD
    call    mem_copy
    mov     ecx, [wide_bytes]
    pop     edi
    jmp     wide_send_link
.Lrelay_wished_not:
    COUNT   wide_unrelayed
    pop     edi
    ret

# A relay passes a packet on: it is looked at as one from anywhere is, and its endpoint is by that relay. May sleep.
# In: EBX link of the relay, ESI packet.
.global relay_heard
relay_heard:
    mov     eax, offset relay_sender
    lea     edx, [esi + WIDE_RELAY_ID]
    mov     ecx, WIDE_ID_SIZE + 8       # and relay_sees
    call    mem_copy
    call    relay_endpoint
    mov     [wide_from], eax
    mov     dword ptr [wide_from_port], 0
    mov     dword ptr [wide_from_socket], WIDE_AT_WAY
    sub     dword ptr [wide_bytes], WIDE_RELAY_HEAD
    push    esi
    add     esi, WIDE_RELAY_HEAD
    call    wide_take
    pop     esi
    ret

# Notes where a link sees this cluster. When that has changed, what went by it as a relay was lost: those links are told
# at once.
# In: EBX link, ESI packet.
# Clobbers: EAX, ECX, EDX.
.global relay_moved
relay_moved:
    mov     eax, [esi + WIDE_SEEN]
    movzx   ecx, word ptr [esi + WIDE_SEEN_PORT]
    mov     edx, [ebx + LINK_AS]
    xor     edx, eax
    mov     [ebx + LINK_AS], eax
    mov     eax, ecx
    xchg    ecx, [ebx + LINK_AS_PORT]
    xor     eax, ecx
    or      edx, eax
    jz      9f
    call    relay_endpoint
    push    ebx
    mov     edx, eax
    mov     ebx, offset links
1:  cmp     [ebx + LINK_ADDRESS], edx
    jne     2f
    call    summary_again
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    pop     ebx
9:  ret

# Looks whether a packet that is believed came by a relay: then the link may be where that one sees it. Or by TCP.
# In: EBX link.
# Out: CF when it did, while the link is heard from where it is: for a relay no endpoint is given up, and for TCP none
# of UDP.
# Clobbers: EAX, ECX, EDX.
.global relay_believed
relay_believed:
    mov     eax, [wide_from]
    test    al, al
    jnz     .Lrelay_believed_direct
    push    eax
    call    clock_ms
    sub     eax, [ebx + LINK_QUIET]
    add     [ebx + LINK_QUIET], eax
    cmp     eax, WIDE_RELAYED_REST_MS + LATE_MS
    mov     ecx, [relay_sees]
    mov     edx, [relay_sees_port]
    jae     1f
    cmp     [ebx + LINK_HINT], ecx
    jne     1f
    cmp     [ebx + LINK_HINT_PORT], edx
    je      2f
1:  mov     [ebx + LINK_HINT], ecx
    mov     [ebx + LINK_HINT_PORT], edx
    mov     eax, [esp]
    cmp     eax, [ebx + LINK_ADDRESS]
    jne     2f                          # it does not speak by this relay, or not yet
    call    summary_again               # it is elsewhere, or was not heard when it had to be
2:  pop     eax
    cmp     dword ptr [ebx + LINK_ADDRESS], 0
    je      .Lrelay_believed_done
    cmp     eax, [ebx + LINK_ADDRESS]
    je      .Lrelay_believed_done
.Lrelay_believed_placed:
    call    clock_ms
    sub     eax, [ebx + LINK_PLACED]
    cmp     eax, WIDE_SILENCE_MS
.Lrelay_believed_done:
    ret
.Lrelay_believed_direct:
    cmp     dword ptr [wide_from_port], WIDE_BY_TCP
    cmc
    jnc     .Lrelay_believed_done
    cmp     dword ptr [ebx + LINK_PORT], WIDE_BY_TCP
    jae     .Lrelay_believed_done       # CF is clear
    cmp     byte ptr [ebx + LINK_ADDRESS], 0
    jne     .Lrelay_believed_placed
    ret
