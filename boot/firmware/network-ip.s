# ARP, IPv4 and UDP of the firmware's network client: as much as asking a server takes, one question at a time. Sources:
# RFC 826, RFC 791, RFC 768.

.include "firmware.inc"
.include "network.inc"

.intel_syntax noprefix
.code16

TYPE_IPV4               = 0x0008        # as they follow each other on the wire
TYPE_ARP                = 0x0608
ARP_OPERATION           = 20            # offsets in a frame
ARP_SENDER_MAC          = 22
ARP_SENDER              = 28
ARP_TARGET_MAC          = 32
ARP_TARGET              = 38
ARP_BYTES               = 42
ARP_REQUEST             = 0x0100
ARP_REPLY               = 0x0200
IP_HEAD                 = 0x0045        # version 4, five dwords
IP_FRAGMENT_MASK        = 0xFF3F        # more of it, or not its beginning
IP_HEADER_BYTES         = 20
UDP_HEADER_BYTES        = 8
PROTOCOL_UDP            = 17
TTL                     = 64
ARP_TRIES               = 4
LOOKS                   = 10000         # some milliseconds: a neighbour answers in this time

.text

# Says when a wait ends.
# In: AX ticks from now on.
# Clobbers: AX.
.global deadline_set
deadline_set:
    push    es
    push    BDA_SEGMENT
    pop     es
    add     ax, es:[BDA_TICKS]
    mov     [NET_DEADLINE], ax
    mov     word ptr [NET_LOOKS], LOOKS
    pop     es
    ret

# Goes on waiting: looks again at once for a while, as an answer mostly comes soon, and then once in each tick.
# Out: CF when the wait is over.
# Clobbers: AX.
wait_on:
    cmp     word ptr [NET_LOOKS], 0
    je      1f
    dec     word ptr [NET_LOOKS]
    jmp     2f
1:  hlt
2:  push    es
    push    BDA_SEGMENT
    pop     es
    mov     ax, es:[BDA_TICKS]
    pop     es
    sub     ax, [NET_DEADLINE]
    cmp     ax, 0x8000                  # CF when it is not negative
    ret

# Finds the card to which datagrams for an address go: that of the machine, or of the router.
# In: EDX address.
# Out: NET_PEER_MAC; CF when nobody answers.
# Clobbers: all but segments.
.global peer_find
peer_find:
    mov     eax, edx
    xor     eax, [NET_ADDRESS]
    test    eax, [NET_MASK]
    jz      1f
    mov     edx, [NET_ROUTER]
1:  mov     [NET_WANTED], edx
    mov     word ptr [NET_TRIES], ARP_TRIES
.Lpeer_find_ask:
    mov     di, NET_ARP_SENT
    mov     cx, 6
    mov     al, 0xFF
    rep stosb
    mov     ax, ARP_REQUEST
    mov     edx, [NET_WANTED]
    call    arp_send
    mov     ax, TICKS_SECOND
    call    deadline_set
.Lpeer_find_wait:
    call    datagram_look               # a datagram is for nobody now
    cmp     dword ptr [NET_WANTED], 0   # CF is clear
    je      .Lpeer_find_done
    call    wait_on
    jnc     .Lpeer_find_wait
    dec     word ptr [NET_TRIES]
    jnz     .Lpeer_find_ask
    stc
.Lpeer_find_done:
    ret

# Sends a packet of ARP.
# In: NET_ARP_SENT begins with the address of the card that it goes to; AX operation, EDX address that it is about.
# Clobbers: EAX, BX, CX, SI, DI.
arp_send:
    mov     di, NET_ARP_SENT + 6
    mov     [NET_ARP_SENT + ARP_OPERATION], ax
    call    mac_put
    mov     si, offset arp_head
    mov     cx, arp_head_end - arp_head
    rep movsb es:[di], cs:[si]
    mov     di, NET_ARP_SENT + ARP_SENDER_MAC
    call    mac_put
    mov     eax, [NET_ADDRESS]
    stosd
    mov     eax, [NET_ARP_SENT]         # who is asked is not looked at
    stosd
    mov     ax, [NET_ARP_SENT + 4]
    stosw
    mov     [di], edx
    mov     si, NET_ARP_SENT
    mov     cx, ARP_BYTES
    jmp     frame_send

# Writes the card's address.
# In: DI where it goes.
# Out: DI after it.
# Clobbers: EAX.
mac_put:
    mov     eax, [NET_MAC]
    stosd
    mov     ax, [NET_MAC + 4]
    stosw
    ret

# Takes a packet of ARP: answers who asks for this machine, and learns what was asked for.
# In: SI frame, CX bytes.
# Clobbers: EAX, BX, CX, EDX, SI, DI.
arp_take:
    cmp     cx, ARP_BYTES
    jb      9f
    mov     edx, [si + ARP_SENDER]
    cmp     word ptr [si + ARP_OPERATION], ARP_REPLY
    jne     1f
    cmp     edx, [NET_WANTED]
    jne     9f
    mov     eax, [si + ARP_SENDER_MAC]
    mov     [NET_PEER_MAC], eax
    mov     ax, [si + ARP_SENDER_MAC + 4]
    mov     [NET_PEER_MAC + 4], ax
    mov     dword ptr [NET_WANTED], 0
    ret
1:  cmp     word ptr [si + ARP_OPERATION], ARP_REQUEST
    jne     9f
    mov     eax, [NET_ADDRESS]
    test    eax, eax
    jz      9f
    cmp     eax, [si + ARP_TARGET]
    jne     9f
    mov     eax, [si + ARP_SENDER_MAC]
    mov     [NET_ARP_SENT], eax
    mov     ax, [si + ARP_SENDER_MAC + 4]
    mov     [NET_ARP_SENT + 4], ax
    mov     ax, ARP_REPLY
    jmp     arp_send
9:  ret

# Sends a datagram to NET_PEER_MAC.
# In: its bytes at NET_SENT + UDP_DATA, CX how many; EDX address, BX port in network order; NET_PORT.
# Clobbers: all but segments.
.global datagram_send
datagram_send:
    mov     di, NET_SENT
    mov     eax, [NET_PEER_MAC]
    stosd
    mov     ax, [NET_PEER_MAC + 4]
    stosw
    call    mac_put
    mov     ax, TYPE_IPV4
    stosw
    mov     ax, IP_HEAD
    stosw
    lea     ax, [ecx + IP_HEADER_BYTES + UDP_HEADER_BYTES]
    xchg    al, ah
    stosw
    inc     word ptr [NET_DATAGRAM]
    mov     ax, [NET_DATAGRAM]
    stosw
    xor     ax, ax
    stosw
    mov     ax, TTL | (PROTOCOL_UDP << 8)
    stosw
    xor     ax, ax                      # checksum to come
    stosw
    mov     eax, [NET_ADDRESS]
    stosd
    mov     eax, edx
    stosd
    mov     ax, [NET_PORT]
    stosw
    mov     ax, bx
    stosw
    lea     ax, [ecx + UDP_HEADER_BYTES]
    xchg    al, ah
    stosw
    xor     ax, ax                      # without a checksum, as UDP allows
    stosw
    push    cx
    mov     si, NET_SENT + ETHER_HEADER
    mov     cx, IP_HEADER_BYTES / 2
    xor     bx, bx
1:  lodsw
    add     bx, ax
    adc     bx, 0
    loop    1b
    not     bx
    mov     [NET_SENT + ETHER_HEADER + 10], bx
    pop     cx
    add     cx, UDP_DATA
    mov     si, NET_SENT
    jmp     frame_send

# Waits for a datagram to NET_PORT until NET_DEADLINE.
# Out: SI its bytes, CX how many, NET_FROM, NET_FROM_PORT; CF when none came.
# Clobbers: all but segments.
.global datagram_wait
datagram_wait:
    call    datagram_look
    jnc     1f
    call    wait_on
    jnc     datagram_wait
1:  ret

# Looks whether a datagram to NET_PORT has come; packets of ARP are dealt with on the way.
# Out: as datagram_wait.
# Clobbers: all but segments.
datagram_look:
    call    frame_next
    jc      .Ldatagram_look_done
    cmp     word ptr [si + ETHER_TYPE], TYPE_ARP
    jne     1f
    call    arp_take
    jmp     .Ldatagram_look_none
1:  cmp     cx, UDP_DATA
    jb      .Ldatagram_look_none
    cmp     word ptr [si + ETHER_TYPE], TYPE_IPV4
    jne     .Ldatagram_look_none
    cmp     byte ptr [si + ETHER_HEADER], IP_HEAD
    jne     .Ldatagram_look_none
    cmp     byte ptr [si + IP_PROTOCOL], PROTOCOL_UDP
    jne     .Ldatagram_look_none
    test    word ptr [si + IP_FRAGMENT], IP_FRAGMENT_MASK
    jnz     .Ldatagram_look_none
    mov     ax, [si + UDP_TARGET]
    cmp     ax, [NET_PORT]
    jne     .Ldatagram_look_none
    mov     ax, [si + UDP_LENGTH]
    xchg    al, ah
    sub     ax, UDP_HEADER_BYTES
    jb      .Ldatagram_look_none
    sub     cx, UDP_DATA
    cmp     ax, cx                      # a short frame has padding
    ja      .Ldatagram_look_none
    mov     cx, ax
    mov     eax, [si + IP_SOURCE]
    mov     [NET_FROM], eax
    mov     ax, [si + UDP_SOURCE]
    mov     [NET_FROM_PORT], ax
    add     si, UDP_DATA
    clc
    ret
.Ldatagram_look_none:
    stc
.Ldatagram_look_done:
    ret

.data
arp_head:                               # from the type of the frame on: Ethernet, IPv4
    .byte   8, 6, 0, 1, 8, 0, 6, 4
arp_head_end:
