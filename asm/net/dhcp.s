# DHCP client, messages and exchanges (RFC 2131, options RFC 2132). When they happen is decided by asm/net/address.s.
#
# The waits are short on purpose: on a LAN without a server a node shall have its link-local address, and its cluster,
# within
# seconds. RFC 2131 section 4.1 allows other delays where the network is known; ours is one Ethernet.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dhcp.inc"

# The message (RFC 2131 section 2).
BOOTP_OPERATION         = 0             # 1 request, 2 reply
BOOTP_HARDWARE          = 1             # 1 Ethernet
BOOTP_HARDWARE_LENGTH   = 2             # 6
BOOTP_XID               = 4
BOOTP_SECONDS           = 8
BOOTP_FLAGS             = 10
BOOTP_TO_ALL            = 0x80          # in the first byte of the flags: BROADCAST
BOOTP_CLIENT            = 12            # ciaddr
BOOTP_YOUR              = 16            # yiaddr
BOOTP_CLIENT_MAC        = 28            # chaddr
BOOTP_SERVER_NAME       = 44            # sname, 64 bytes
BOOTP_FILE              = 108           # file, 128 bytes
BOOTP_COOKIE            = 236
BOOTP_OPTIONS           = 240
BOOTP_MINIMUM           = 300           # RFC 1542 section 2.1
COOKIE                  = 0x63538263    # 99, 130, 83, 99

PORT_CLIENT             = 68
PORT_SERVER             = 67

# How an option's value is read.
KIND_BYTE               = 0             # one byte
KIND_DWORD              = 1             # four bytes
KIND_LIST               = 2             # one or more times four bytes, of which the first counts
KIND_NAME               = 3             # a host name

ROUNDS_MAXIMUM          = 3             # refusals in a row, or offers that another machine has
IDENTIFIER_OF_CARD      = 7 << 8 | 61   # option 61: a type of hardware and its address (RFC 2132, 9.14)
IDENTIFIER_OTHER        = 8 << 8 | 61   # or a zero and anything

.data
.balign 4
# Waits for an OFFER after each DISCOVER, and for an ACK after each REQUEST, in milliseconds; 0 ends a list. Up to
# SPREAD_MS are added.
discover_waits:         .long 1000, 2000, 2000, 0
request_waits:          .long 1000, 2000, 0
SPREAD_MS               = 100

# Options that are read: code, kind, field. All others are passed over.
options:
    .byte   1, KIND_DWORD, DHCP_MASK
    .byte   3, KIND_LIST, DHCP_ROUTER
    .byte   6, KIND_LIST, DHCP_DNS
    .byte   12, KIND_NAME, DHCP_HOST_NAME
    .byte   51, KIND_DWORD, DHCP_LEASE
    .byte   52, KIND_BYTE, DHCP_OVERLOAD
    .byte   53, KIND_BYTE, DHCP_TYPE
    .byte   54, KIND_DWORD, DHCP_SERVER_ID
    .byte   58, KIND_DWORD, DHCP_RENEWAL
    .byte   59, KIND_DWORD, DHCP_REBINDING
    .byte   0
# Option 55: what we ask for. Option 57: the longest message we take.
wanted_options:         .byte 55, 7, 1, 3, 6, 12, 51, 58, 59, 57, 2, DHCP_BUFFER_BYTES >> 8, DHCP_BUFFER_BYTES & 255
wanted_options_end:

.text

# Makes the client of an interface.
# In: EAX interface.
# Out: EAX client, or CF and EAX error.
.global dhcp_open
dhcp_open:
    push    ebx
    push    esi
    mov     esi, eax
    mov     eax, DHCP_SIZE
    call    malloc
    jc      9f
    mov     ebx, eax
    mov     [ebx + DHCP_NETIF], esi
    mov     eax, PORT_CLIENT
    mov     edx, esi
    call    udp_open_on
    jc      8f
    mov     [ebx + DHCP_SOCKET], eax
    mov     eax, ebx
    call    memory_own
    mov     eax, ebx
    jmp     9f
8:  xchg    eax, ebx                    # EBX: the error
    call    mfree
    mov     eax, ebx
    stc
9:  pop     esi
    pop     ebx
    ret

# Asks for an address: DISCOVER, OFFER, REQUEST, ACK. May sleep, for seconds.
# In: EAX client.
# Out: DHCP_ADDRESS and the fields of the reply; CF when there was no answer or the user changed the interface's mode.
.global dhcp_acquire
dhcp_acquire:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, ROUNDS_MAXIMUM
    call    clock_ms
    mov     [ebx + DHCP_BEGIN], eax
    mov     dword ptr [ebx + DHCP_FREE], 0
    mov     edx, [ebx + DHCP_NETIF]
    mov     eax, [edx + NETIF_MAC]      # a lease stays that card's, should this kernel move to another
    mov     [ebx + DHCP_CARD], eax
    mov     ax, [edx + NETIF_MAC + 4]
    mov     [ebx + DHCP_CARD + 4], ax
.Ldhcp_acquire_round:
    mov     eax, [ebx + DHCP_NETIF]
    add     eax, NETIF_RANDOM
    call    random_next
    mov     [ebx + DHCP_XID], eax
    mov     esi, offset discover_waits
.Ldhcp_acquire_discover:
    mov     eax, DHCP_DISCOVER
    call    dhcp_send
    lodsd
    mov     edx, 1 << DHCP_OFFER
    call    dhcp_wait
    jnc     .Ldhcp_acquire_offer
    mov     eax, [ebx + DHCP_NETIF]
    test    dword ptr [eax + NETIF_NOTICE], NOTICE_MODE
    jnz     .Ldhcp_acquire_failed
    cmp     dword ptr [esi], 0
    jne     .Ldhcp_acquire_discover
.Ldhcp_acquire_failed:
    stc
    jmp     .Ldhcp_acquire_done

.Ldhcp_acquire_offer:
    mov     eax, [ebx + DHCP_YOUR_ADDRESS]
    mov     [ebx + DHCP_ADDRESS], eax
    mov     eax, [ebx + DHCP_SERVER_ID]
    mov     [ebx + DHCP_SERVER], eax
    call    address_offered
    jc      .Ldhcp_acquire_failed
    jne     .Ldhcp_acquire_taken
.Ldhcp_acquire_request:
    mov     eax, ebx
    mov     edx, DHCP_SELECTING
    call    dhcp_request
    jnc     .Ldhcp_acquire_done
.Ldhcp_acquire_again:
    dec     ebp                         # refused, or the server fell silent: begin again
    jnz     .Ldhcp_acquire_round
    stc
.Ldhcp_acquire_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
# Another machine has it: a kernel may have moved there from here, with the lease. As another client of this card we get
# another address, and that one's lease goes on, which a DECLINE would end. A server that knows cards alone offers the
# same one again: then it is told.
.Ldhcp_acquire_taken:
    mov     eax, [ebx + DHCP_ADDRESS]
    cmp     eax, [ebx + DHCP_PASSED]
    je      .Ldhcp_acquire_request
    mov     [ebx + DHCP_PASSED], eax
    mov     edx, [ebx + DHCP_NETIF]
    add     edx, NETIF_NAME
    PRINTF  "%s: another machine uses %I, which the DHCP server offers\n", edx, eax
    mov     dword ptr [ebx + DHCP_ADDRESS], 0
    inc     byte ptr [ebx + DHCP_ALIAS]
    jmp     .Ldhcp_acquire_again

# Asks for DHCP_ADDRESS, for the first time or again. May sleep, for seconds.
# In: EAX client, EDX DHCP_SELECTING, DHCP_RENEWING or DHCP_REBINDING_STATE.
# Out: the fields of the reply; CF and ERROR_TIMEOUT, or CF and ERROR_NOT_PERMITTED when the server refused.
.global dhcp_request
dhcp_request:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    CHECK   edx, be, DHCP_REBINDING_STATE, "dhcp_request: there is no such state"
    cmp     edx, DHCP_SELECTING
    je      .Ldhcp_request_waits
    call    clock_ms
    mov     [ebx + DHCP_BEGIN], eax
    mov     eax, [ebx + DHCP_NETIF]
    add     eax, NETIF_RANDOM
    call    random_next
    mov     [ebx + DHCP_XID], eax
.Ldhcp_request_waits:
    mov     esi, offset request_waits
.Ldhcp_request_send:
    call    clock_ms
    mov     edx, [ebx + DHCP_NETIF]
    mov     [edx + NETIF_LEASE_START], eax # RFC 2131 section 4.4.1: the lease counts from the request
    mov     eax, DHCP_REQUEST
    mov     edx, edi
    call    dhcp_send
    lodsd
    mov     edx, (1 << DHCP_ACK) | (1 << DHCP_NAK)
    call    dhcp_wait
    jnc     .Ldhcp_request_answer
    cmp     dword ptr [esi], 0
    jne     .Ldhcp_request_send
    mov     eax, ERROR_TIMEOUT
    jmp     .Ldhcp_request_failed
.Ldhcp_request_answer:
    cmp     byte ptr [ebx + DHCP_TYPE], DHCP_NAK
    mov     eax, ERROR_NOT_PERMITTED
    je      .Ldhcp_request_failed
    mov     eax, [ebx + DHCP_YOUR_ADDRESS]
    mov     [ebx + DHCP_ADDRESS], eax
    mov     eax, [ebx + DHCP_SERVER_ID]
    mov     [ebx + DHCP_SERVER], eax
    mov     edx, [ebx + DHCP_NETIF]
    mov     [edx + NETIF_LENDER], eax
    clc
    jmp     .Ldhcp_request_done
.Ldhcp_request_failed:
    stc
.Ldhcp_request_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Tells the server that another machine uses the address.
# In: EAX client.
.global dhcp_decline
dhcp_decline:
    push    ebx
    mov     ebx, eax
    COUNT   dhcp_declined
    mov     eax, DHCP_DECLINE
    call    dhcp_send
    mov     dword ptr [ebx + DHCP_ADDRESS], 0
    pop     ebx
    ret

# Builds and sends a message.
# In: EBX client, EAX type, EDX state for a REQUEST.
dhcp_send:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    cmp     esi, DHCP_REQUEST
    je      .Ldhcp_send_state
    mov     ebp, DHCP_SELECTING
.Ldhcp_send_state:
    call    dhcp_head

    add     edi, BOOTP_OPTIONS
    mov     al, 53
    stosb
    mov     al, 1
    stosb
    mov     eax, esi
    stosb
    call    dhcp_put_identifier
    cmp     ebp, DHCP_SELECTING
    jne     .Ldhcp_send_wanted
    mov     edx, [ebx + DHCP_ADDRESS]   # a DISCOVER may ask for the address that we had
    test    edx, edx
    jz      .Ldhcp_send_wanted
    mov     al, 50
    call    dhcp_put_dword
    cmp     esi, DHCP_DISCOVER
    je      .Ldhcp_send_wanted
    mov     al, 54
    mov     edx, [ebx + DHCP_SERVER]
    call    dhcp_put_dword
.Ldhcp_send_wanted:
    cmp     esi, DHCP_DECLINE
    je      .Ldhcp_send_end
    push    esi
    mov     esi, offset wanted_options
    mov     ecx, offset wanted_options_end - wanted_options
    rep movsb
    pop     esi
.Ldhcp_send_end:
    mov     byte ptr [edi], 255
    inc     edi

    COUNT   dhcp_sent
    mov     eax, [ebx + DHCP_SOCKET]
    xor     edx, edx
    cmp     ebp, DHCP_SELECTING
    jne     .Ldhcp_send_flags
    mov     edx, PACKET_ANONYMOUS
.Ldhcp_send_flags:
    call    udp_set_flags
    mov     eax, [ebx + DHCP_SOCKET]
    mov     edx, IP_BROADCAST
    cmp     ebp, DHCP_RENEWING
    jne     .Ldhcp_send_server
    mov     edx, [ebx + DHCP_SERVER]
.Ldhcp_send_server:
    lea     esi, [ebx + DHCP_BUFFER]
    sub     edi, esi
    cmp     edi, BOOTP_MINIMUM
    jae     .Ldhcp_send_minimum
    mov     edi, BOOTP_MINIMUM
.Ldhcp_send_minimum:
    CHECK   edi, be, DHCP_BUFFER_BYTES, "dhcp_send: a message longer than its buffer"
    mov     ecx, PORT_SERVER
    call    udp_send
    pop     ebp
    pop     edi
    pop     esi
    ret

# Begins a message.
# In: EBX client, EBP its state.
# Out: EDI message.
# Clobbers: EAX, ECX, EDX.
dhcp_head:
    lea     edi, [ebx + DHCP_BUFFER]
    xor     eax, eax
    mov     ecx, BOOTP_MINIMUM / 4
    rep stosd
    lea     edi, [ebx + DHCP_BUFFER]
    mov     dword ptr [edi + BOOTP_OPERATION], 0x00060101
    mov     eax, [ebx + DHCP_XID]
    mov     [edi + BOOTP_XID], eax
    mov     eax, [ebx + DHCP_CARD]
    mov     [edi + BOOTP_CLIENT_MAC], eax
    mov     ax, [ebx + DHCP_CARD + 4]
    mov     [edi + BOOTP_CLIENT_MAC + 4], ax
    call    clock_ms
    sub     eax, [ebx + DHCP_BEGIN]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    xchg    al, ah
    mov     [edi + BOOTP_SECONDS], ax
    mov     dword ptr [edi + BOOTP_COOKIE], COOKIE
    cmp     ebp, DHCP_SELECTING
    je      .Ldhcp_head_anonymous
    mov     eax, [ebx + DHCP_ADDRESS]
    mov     [edi + BOOTP_CLIENT], eax
    ret
# Without an address we take an answer that is sent to our MAC address. With a link-local one we do not, and have it
# sent to all (RFC 2131, 4.1).
.Ldhcp_head_anonymous:
    mov     eax, [ebx + DHCP_NETIF]
    cmp     dword ptr [eax + NETIF_ADDRESS], 0
    je      .Ldhcp_head_done
    mov     byte ptr [edi + BOOTP_FLAGS], BOOTP_TO_ALL
.Ldhcp_head_done:
    ret

# Appends the client identifier.
# In: EBX client, EDI where to.
# Out: EDI after it.
# Clobbers: EAX.
dhcp_put_identifier:
    mov     eax, IDENTIFIER_OF_CARD
    cmp     byte ptr [ebx + DHCP_ALIAS], 1  # CF when it is 0
    jc      1f
    mov     eax, IDENTIFIER_OTHER
1:  stosw
    mov     al, 0
    adc     al, 0                       # Ethernet is 1
    stosb
    mov     eax, [ebx + DHCP_CARD]
    stosd
    mov     eax, [ebx + DHCP_CARD + 4]
    stosw
    shr     eax, 16                     # DHCP_ALIAS
    mov     [edi], al
    cmp     al, 1
    cmc
    adc     edi, 0
    ret

# Appends an option of four bytes.
# In: AL code, EDX value, EDI where to.
# Out: EDI after it.
dhcp_put_dword:
    stosb
    mov     al, 4
    stosb
    mov     eax, edx
    stosd
    ret

# Waits for a reply.
# In: EBX client, EAX milliseconds, to which a little is added, EDX bit set of the types that are welcome.
# Out: the fields of the reply; CF when none came.
dhcp_wait:
    push    esi
    push    edi
    push    ebp
    push    edx
    mov     esi, eax
    mov     eax, [ebx + DHCP_NETIF]
    mov     edx, SPREAD_MS
    call    random_below
    add     esi, eax
    call    clock_ms
    lea     ebp, [eax + esi]            # when the wait ends
1:  call    clock_ms
    mov     edx, ebp
    sub     edx, eax
    js      8f
    mov     eax, [ebx + DHCP_SOCKET]
    lea     esi, [ebx + DHCP_BUFFER]
    mov     edi, DHCP_BUFFER_BYTES
    call    udp_receive
    jc      9f
    cmp     ecx, PORT_SERVER
    jne     2f
    mov     ecx, eax
    call    dhcp_parse
    jc      2f
    movzx   ecx, byte ptr [ebx + DHCP_TYPE]
    cmp     ecx, 31
    ja      2f
    bt      [esp], ecx
    jnc     1b                          # late, or out of turn
    COUNT   dhcp_received
    clc
    jmp     9f
2:  COUNT   dhcp_malformed
    jmp     1b
8:  stc
9:  pop     edx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Reads the message in the buffer.
# In: EBX client, ECX bytes.
# Out: the fields of the reply; CF when it is malformed or for another client.
dhcp_parse:
    CHECK   ecx, be, DHCP_BUFFER_BYTES, "dhcp_parse: a message longer than its buffer"
    push    esi
    push    edi
    push    ebp
    mov     ebp, ecx
    lea     edi, [ebx + DHCP_REPLY]
    xor     eax, eax
    mov     ecx, (DHCP_REPLY_END - DHCP_REPLY) / 4
    rep stosd
    lea     esi, [ebx + DHCP_BUFFER]
    cmp     ebp, BOOTP_OPTIONS
    jb      .Ldhcp_parse_bad
    mov     eax, [esi + BOOTP_OPERATION]
    and     eax, 0x00FFFFFF             # the hop count does not matter
    cmp     eax, 0x00060102
    jne     .Ldhcp_parse_bad
    mov     eax, [esi + BOOTP_XID]
    cmp     eax, [ebx + DHCP_XID]
    jne     .Ldhcp_parse_bad
    cmp     dword ptr [esi + BOOTP_COOKIE], COOKIE
    jne     .Ldhcp_parse_bad
    mov     eax, [ebx + DHCP_CARD]
    cmp     eax, [esi + BOOTP_CLIENT_MAC]
    jne     .Ldhcp_parse_bad
    mov     ax, [ebx + DHCP_CARD + 4]
    cmp     ax, [esi + BOOTP_CLIENT_MAC + 4]
    jne     .Ldhcp_parse_bad
    mov     eax, [esi + BOOTP_YOUR]
    mov     [ebx + DHCP_YOUR_ADDRESS], eax

    mov     ecx, ebp
    sub     ecx, BOOTP_OPTIONS
    add     esi, BOOTP_OPTIONS
    call    dhcp_options
    jc      .Ldhcp_parse_bad
    test    byte ptr [ebx + DHCP_OVERLOAD], 1
    jz      .Ldhcp_parse_overload_name
    lea     esi, [ebx + DHCP_BUFFER + BOOTP_FILE]
    mov     ecx, 128
    call    dhcp_options
    jc      .Ldhcp_parse_bad
.Ldhcp_parse_overload_name:
    test    byte ptr [ebx + DHCP_OVERLOAD], 2
    jz      .Ldhcp_parse_checks
    lea     esi, [ebx + DHCP_BUFFER + BOOTP_SERVER_NAME]
    mov     ecx, 64
    call    dhcp_options
    jc      .Ldhcp_parse_bad

.Ldhcp_parse_checks:
    cmp     byte ptr [ebx + DHCP_TYPE], DHCP_NAK
    je      .Ldhcp_parse_good
    mov     eax, [ebx + DHCP_YOUR_ADDRESS]
    call    ip_is_unicast
    jne     .Ldhcp_parse_bad
    mov     eax, [ebx + DHCP_SERVER_ID]
    call    ip_is_unicast
    jne     .Ldhcp_parse_bad
    cmp     dword ptr [ebx + DHCP_LEASE], 0 # both kinds of message must name it
    je      .Ldhcp_parse_bad
    mov     eax, [ebx + DHCP_ROUTER]
    test    eax, eax
    jz      .Ldhcp_parse_mask
    call    ip_is_unicast
    jne     .Ldhcp_parse_bad
.Ldhcp_parse_mask:
    cmp     dword ptr [ebx + DHCP_MASK], 0
    jne     .Ldhcp_parse_mask_known
    mov     dword ptr [ebx + DHCP_MASK], 0x00FFFFFF # 255.255.255.0 where the server leaves it open
.Ldhcp_parse_mask_known:
    mov     eax, [ebx + DHCP_MASK]
    call    mask_check
    jc      .Ldhcp_parse_bad
.Ldhcp_parse_good:
    clc
    jmp     .Ldhcp_parse_done
.Ldhcp_parse_bad:
    stc
.Ldhcp_parse_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Reads one area of options.
# In: EBX client, ESI area, ECX bytes.
# Out: CF when an option does not fit its area or its kind.
# Clobbers: ESI, EDI too.
dhcp_options:
    push    ebp
    lea     ebp, [esi + ecx]            # end of the area
.Ldhcp_options_next:
    cmp     esi, ebp
    jae     .Ldhcp_options_end
    movzx   eax, byte ptr [esi]
    inc     esi
    test    eax, eax                    # padding
    jz      .Ldhcp_options_next
    cmp     eax, 255
    je      .Ldhcp_options_end
    cmp     esi, ebp
    jae     .Ldhcp_options_bad
    movzx   ecx, byte ptr [esi]
    inc     esi
    lea     edx, [esi + ecx]            # the next option
    cmp     edx, ebp
    ja      .Ldhcp_options_bad
    mov     edi, offset options
.Ldhcp_options_search:
    cmp     byte ptr [edi], 0
    je      .Ldhcp_options_skip
    cmp     [edi], al
    je      .Ldhcp_options_found
    add     edi, 3
    jmp     .Ldhcp_options_search
.Ldhcp_options_found:
    movzx   eax, byte ptr [edi + 1]
    movzx   edi, byte ptr [edi + 2]
    CHECK   edi, ae, DHCP_REPLY, "dhcp_options: no field of a reply"
    CHECK   edi, b, DHCP_REPLY_END, "dhcp_options: no field of a reply"
    add     edi, ebx
    push    edx
    call    [option_readers + eax*4]
    pop     edx
    jc      .Ldhcp_options_bad
.Ldhcp_options_skip:
    mov     esi, edx
    jmp     .Ldhcp_options_next
.Ldhcp_options_bad:
    stc
    jmp     .Ldhcp_options_done
.Ldhcp_options_end:
    clc
.Ldhcp_options_done:
    pop     ebp
    ret

.pushsection .data
.balign 4
option_readers:         .long read_byte, read_dword, read_list, read_name
.popsection

# Readers of option values.
# In: ESI value, ECX bytes, EDI field.
# Out: CF when the length is wrong.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
read_byte:
    cmp     ecx, 1
    jne     read_wrong
    movsb
    clc
    ret

read_list:
    test    ecx, 3
    jnz     read_wrong
    cmp     ecx, 4
    jb      read_wrong
    movsd
    clc
    ret

read_dword:
    cmp     ecx, 4
    jne     read_wrong
    movsd
    clc
    ret

# Takes the first label of a name if it consists of letters, digits and hyphens; any other name is passed over.
read_name:
    test    ecx, ecx
    jz      read_wrong
    mov     edx, edi
1:  lodsb
    cmp     al, '.'
    je      8f
    test    al, al
    jz      8f
    cmp     al, '-'
    je      2f
    cmp     al, '0'
    jb      7f
    cmp     al, '9'
    jbe     2f
    mov     ah, al
    or      ah, 0x20
    cmp     ah, 'a'
    jb      7f
    cmp     ah, 'z'
    ja      7f
2:  stosb
    mov     eax, edi
    sub     eax, edx
    cmp     eax, 31
    jae     8f
    dec     ecx
    jnz     1b
8:  mov     byte ptr [edi], 0
    clc
    ret
7:  mov     byte ptr [edx], 0
    clc
    ret
read_wrong:
    stc
    ret
