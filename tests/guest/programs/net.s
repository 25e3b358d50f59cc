# Tests of the network side that run inside a machine: link this object with those of asm/ and type `nettest`. Prints a
# line for each test, `ok NAME` or `FAIL NAME`, and at the end `nettest: N passed, M failed`.
#
# The rules of the agreement are tested on the daemon's own state while its mutex is held and it is kept silent and off
# its disk, so the test leaves the node as it found it.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

.text

SELFTEST nettest, tests, "test the network and the cluster"

STRING name_checksum, "checksum of the example in RFC 1071, whole and in pieces"
STRING name_odd, "checksum of an odd number of bytes"
STRING name_address, "addresses as people write them"
STRING name_mask, "subnet masks"
STRING name_unicast, "addresses of one machine"
STRING name_route, "the way to this machine itself"
STRING name_ports, "ports of sockets"
STRING name_drawn, "ports that are chosen do not count up"
STRING name_exhausted, "the last port that is free, and none"
STRING name_streams, "as many connections as there can be, and one more"
STRING name_loopback, "a datagram to this machine itself"
STRING name_held, "a packet that is held lives until the last gives it back"
STRING name_lent, "what is sent from a ring stays until the card has read it"
STRING name_order, "packets that come back from the card in any order"
STRING name_changes, "who wants to know of changes is told"
STRING name_client, "a DHCP client whose port is taken"
STRING name_check, "packets that are not the cluster's"
STRING name_rules, "rules of the agreement"

.data
.balign 4
tests:
    .long   name_checksum, test_checksum
    .long   name_odd, test_odd
    .long   name_address, test_address
    .long   name_mask, test_mask
    .long   name_unicast, test_unicast
    .long   name_route, test_route
    .long   name_ports, test_ports
    .long   name_drawn, test_drawn
    .long   name_exhausted, test_exhausted
    .long   name_streams, test_streams
    .long   name_loopback, test_loopback
    .long   name_held, test_held
    .long   name_lent, test_lent
    .long   name_order, test_order
    .long   name_changes, test_changes
    .long   name_client, test_client
    .long   name_check, test_check
    .long   name_rules, test_rules
    .long   0

# ---- checksum --------------------------------------------------------------------------------------------------------
rfc1071:                .byte 0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7   # section 3: the sum is DDF2
odd:                    .byte 0x12, 0x34, 0x56

.text
test_checksum:
    mov     edx, offset rfc1071
    mov     ecx, 8
    call    checksum
    cmp     eax, 0x0D22                 # complement of DDF2, as it lies in memory
    jne     fail
    xor     eax, eax
    mov     edx, offset rfc1071
    mov     ecx, 2
    call    checksum_add
    mov     edx, offset rfc1071 + 2
    mov     ecx, 6
    call    checksum_add
    call    checksum_fold
    cmp     eax, 0x0D22
    jne     fail
    clc
    ret

test_odd:
    mov     edx, offset odd
    mov     ecx, 3
    call    checksum                    # 1234 + 5600 = 6834
    cmp     eax, 0xCB97
    jne     fail
    clc
    ret

fail:
    stc
    ret

# ---- text ------------------------------------------------------------------------------------------------------------
STRING text_good, "10.0.2.15 x"
STRING text_largest, "255.255.255.255"
STRING text_short, "10.0.2"
STRING text_large, "10.0.256.1"
STRING text_hex, "0x10.0.0.1"
STRING text_empty_part, "10..0.1"
STRING text_sign, "-1.0.0.1"
STRING text_long, "10.0.0.99999999999"
.data
.balign 4
# Text, address, 1 if it is none.
addresses:
    .long   text_good, 0x0F02000A, 0
    .long   text_largest, 0xFFFFFFFF, 0
    .long   text_short, 0, 1
    .long   text_large, 0, 1
    .long   text_hex, 0, 1
    .long   text_empty_part, 0, 1
    .long   text_sign, 0, 1
    .long   text_long, 0, 1
    .long   0
# Mask, number of ones; -1 if it is none.
masks:
    .long   0x00FFFFFF, 24, 0xFFFFFFFF, 32, 0x000000FF, 8, 0xFCFFFFFF, 30, 0x0000F0FF, 12
    .long   0, -1, 0x00FF00FF, -1, 0xFF000000, -1, 0x000000FE, -1, 0x010000FF, -1
masks_end:
# Address, 0 if it is that of one machine.
machines:
    .long   0x0F02000A, 0, 0x0101FEA9, 0, 0, 1, 0x0100007F, 1
    .long   0x010000E0, 1, 0xFFFFFFFF, 1, 0x010000F0, 1, 0x01000000, 1
machines_end:

.text
test_address:
    mov     esi, offset addresses
1:  mov     eax, [esi]
    test    eax, eax
    jz      8f
    call    parse_address
    sbb     edx, edx
    neg     edx
    cmp     edx, [esi + 8]
    jne     fail
    test    edx, edx
    jnz     2f
    cmp     eax, [esi + 4]
    jne     fail
2:  add     esi, 12
    jmp     1b
8:  clc
    ret

test_mask:
    mov     esi, offset masks
1:  mov     eax, [esi]
    call    mask_check
    jnc     2f
    mov     ecx, -1
2:  cmp     ecx, [esi + 4]
    jne     fail
    add     esi, 8
    cmp     esi, offset masks_end
    jb      1b
    clc
    ret

test_unicast:
    mov     esi, offset machines
1:  mov     eax, [esi]
    call    ip_is_unicast
    setne   al
    movzx   eax, al
    cmp     eax, [esi + 4]
    jne     fail
    add     esi, 8
    cmp     esi, offset machines_end
    jb      1b
    clc
    ret

test_route:
    mov     eax, 0x0100007F
    call    ip_route
    jc      fail
    cmp     word ptr [eax + NETIF_NAME], 'l' + ('o' << 8)
    jne     fail
    clc
    ret

# ---- sockets ---------------------------------------------------------------------------------------------------------
PORT                    = 4711
test_ports:
    mov     eax, PORT
    call    udp_open
    jc      fail
    mov     ebx, eax
    mov     eax, PORT
    call    udp_open
    jnc     fail
    cmp     eax, ERROR_PORT_IN_USE
    jne     fail
    xor     eax, eax
    call    udp_open
    jc      fail
    mov     esi, eax
    call    udp_port
    cmp     eax, 49152
    jb      fail
    mov     eax, esi
    call    udp_close
    jc      fail
    mov     eax, esi                    # closed once is closed
    call    udp_close
    jnc     fail
    cmp     eax, ERROR_STALE
    jne     fail
    mov     eax, ebx
    call    udp_close
    mov     eax, PORT
    call    udp_open
    jc      fail
    call    udp_close
    mov     eax, 65536
    call    udp_open
    jnc     fail
    clc
    ret

.data
greeting:               .ascii "good morning"
greeting_end:
.bss
.balign 4
received:               .space 16

.text
test_loopback:
    mov     eax, PORT
    call    udp_open
    jc      fail
    mov     ebx, eax
    mov     edx, 0x0100007F
    mov     ecx, PORT
    mov     esi, offset greeting
    mov     edi, offset greeting_end - greeting
    call    udp_send
    jc      7f
    mov     eax, ebx
    mov     edx, 1000
    mov     esi, offset received
    mov     edi, 8                      # less than was sent: the rest is cut off
    call    udp_receive
    jc      7f
    cmp     eax, 8
    jne     7f
    cmp     edx, 0x0100007F
    jne     7f
    cmp     ecx, PORT
    jne     7f
    mov     eax, ebx                    # 127.0.0.1 may be answered from
    call    udp_answer
    jc      7f
    mov     eax, offset received
    mov     edx, offset greeting
    mov     ecx, 8
    call    mem_compare
    jne     7f
    mov     eax, ebx                    # nothing else came
    xor     edx, edx
    call    udp_receive
    jnc     7f
    mov     eax, ebx                    # with an address of its own it hears what is sent there only
    mov     edx, 0x0100007F
    xor     ecx, ecx
    call    udp_bind
    jc      7f
    mov     edx, 0x0200007F
    call    .Ltest_loopback_hears
    jnc     7f
    mov     edx, 0x0100007F
    call    .Ltest_loopback_hears
    jc      7f
    mov     eax, ebx
    call    udp_close
    clc
    ret
7:  mov     eax, ebx
    call    udp_close
    stc
    ret

# In: EBX socket, EDX address. Out: CF when a datagram for its port there does not come.
.Ltest_loopback_hears:
    mov     eax, ebx
    mov     ecx, PORT
    mov     esi, offset greeting
    mov     edi, offset greeting_end - greeting
    call    udp_send
    jc      fail
    mov     eax, ebx
    mov     edx, 100
    mov     esi, offset received
    mov     edi, 8
    jmp     udp_receive

test_held:
    mov     eax, 100
    call    packet_alloc
    jc      fail
    mov     esi, eax
    call    heap_stats
    mov     ebx, ecx
    mov     eax, esi
    call    packet_hold
    mov     eax, esi
    call    packet_free
    call    heap_stats
    cmp     ecx, ebx
    jne     fail
    mov     eax, esi
    call    packet_free
    call    heap_stats
    cmp     ecx, ebx
    je      fail
    clc
    ret

.bss
.balign 4
change:                 .space 4

.text
test_changes:
    mov     eax, offset change
    call    net_changes
    jc      fail
    call    net_changed
    mov     eax, offset change
    xor     edx, edx
    jmp     event_wait

# The interface's own client holds port 68, so a second one cannot be, and leaves nothing behind.
test_client:
    call    heap_stats
    mov     ebx, ecx
    mov     edi, edx
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      1f
    call    dhcp_open
    jnc     fail
    cmp     eax, ERROR_PORT_IN_USE
    jne     fail
    call    heap_stats
    cmp     ecx, ebx
    jne     fail
    cmp     edx, edi
    jne     fail
1:  clc
    ret

# ---- the cluster -----------------------------------------------------------------------------------------------------
.data
.balign 4
# A hello that is right in all parts.
hello:
    .long   CLOUD_MAGIC_VALUE
    .byte   CLOUD_VERSION_VALUE, KIND_HELLO, STATE_JOINING, 0
    .long   0, 1, 1, 0
    .byte   0, 0, 0, 0, 0, 0, 0, 0xAA
    .long   0, 0
    .ascii  "stranger"
    .space  NAME_SIZE - 8 + CLOUD_SIZE - CLOUD_SESSION
# Offset of a byte in it and a value that makes it wrong.
wrong_bytes:
    .long   CLOUD_MAGIC, 'x', CLOUD_VERSION, 1, CLOUD_KIND, 0, CLOUD_KIND, KIND_REPORT, CLOUD_KIND, KIND_LAST + 1
    .long   CLOUD_KIND, KIND_REBOOT, CLOUD_STATE, STATE_WAITING, CLOUD_STATE, STATE_MEMBER
    .long   CLOUD_STATE, 3, CLOUD_ERA + 3, 0x80
    .long   CLOUD_AGE, 0, CLOUD_NODE + 7, 0, CLOUD_FOUNDER, 1, CLOUD_NAME + 3, ' ', CLOUD_NAME, 0x7F
wrong_bytes_end:

# Our state, era and founder (last byte of its id); the peer's kind, state, era, founder; what we are then: state, era,
# founder.
rules:
    .byte   1, 0, 0, KIND_HELLO, 1, 5, 0, 1, 0, 0               # joiners: nobody decides before the window ends
    .byte   1, 0, 0, KIND_VIEW, 2, 3, 7, 2, 3, 7            # a joiner takes the members' era
    .byte   1, 2, 0, KIND_REPORT, 2, 3, 7, 2, 3, 7
    .byte   1, 3, 7, KIND_REPORT, 2, 3, 7, 2, 3, 7                # the same life, after a reboot
    .byte   1, 5, 0, KIND_REPORT, 2, 3, 7, 2, 5, 7                # a joiner that knows a later era lifts the cluster to
                                                                  # it
    .byte   1, 2, 0, KIND_BYE, 2, 3, 7, 1, 2, 0                 # one who leaves is no cluster
    .byte   2, 3, 7, KIND_HELLO, 1, 9, 0, 2, 3, 7               # what joiners know moves no member
    .byte   2, 3, 7, KIND_REPORT, 2, 4, 9, 2, 4, 9                # the higher era wins
    .byte   2, 3, 7, KIND_REPORT, 2, 2, 1, 2, 3, 7
    .byte   2, 3, 7, KIND_REPORT, 2, 3, 6, 2, 3, 6                # the lower founder wins in the same era
    .byte   2, 3, 7, KIND_REPORT, 2, 3, 8, 2, 3, 7
    .byte   2, 3, 7, KIND_BYE, 2, 9, 1, 2, 3, 7
    .byte   0, 3, 7, KIND_REPORT, 2, 9, 1, 0, 3, 7                # without an address nothing is decided
rules_end:
RULE_SIZE               = 10

.bss
.balign 4
packet:                 .space CLOUD_SIZE
saved_node:             .space NODE_SIZE
saved_mount:            .space 4
saved_state:            .space 4
saved_pings:            .space 4

.text
# Copies the hello to `packet`.
fresh_packet:
    mov     eax, offset packet
    mov     edx, offset hello
    mov     ecx, CLOUD_SIZE
    jmp     mem_copy

# Signs `packet`, and checks it as from this node's own address.
# In: ESI bytes.
# Out: as packet_check.
check:
    mov     eax, offset packet
    mov     ecx, CLOUD_SIZE
    mov     edx, offset trust_key
    call    trust_sign
check_signed:
    mov     eax, [cluster_netif]
    mov     edx, [eax + NETIF_ADDRESS]
    mov     eax, offset packet
    mov     ecx, CLUSTER_PORT
    jmp     packet_check

test_check:
    cmp     dword ptr [cluster_netif], 0
    je      fail
    call    fresh_packet
    mov     esi, CLOUD_SIZE
    call    check
    jc      fail
    mov     esi, CLOUD_SIZE - 1
    call    check
    jnc     fail
    mov     esi, CLOUD_SIZE + 1
    call    check
    jnc     fail
    mov     esi, CLOUD_SIZE
    mov     edi, offset wrong_bytes
1:  call    fresh_packet
    mov     eax, [edi]
    mov     edx, [edi + 4]
    mov     [packet + eax], dl
    call    check
    jnc     fail
    add     edi, 8
    cmp     edi, offset wrong_bytes_end
    jb      1b
    call    fresh_packet                # a name without an end
    mov     eax, offset packet + CLOUD_NAME
    mov     dl, 'x'
    mov     ecx, NAME_SIZE
    call    mem_set
    call    check
    jnc     fail
    call    fresh_packet                # each byte of a signed one
    mov     esi, CLOUD_SIZE
    call    check
    jc      fail
    xor     edi, edi
2:  xor     byte ptr [packet + edi], 0x40
    call    check_signed
    jnc     fail
    call    fresh_packet
    mov     esi, CLOUD_SIZE
    call    check
    jc      fail
    inc     edi
    cmp     edi, CLOUD_SIZE
    jb      2b
    clc
    ret

test_rules:
    cmp     dword ptr [cluster_netif], 0
    je      8f                          # no card, no cluster
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, offset saved_node
    mov     edx, offset node
    mov     ecx, NODE_SIZE
    call    mem_copy
    xor     eax, eax
    xchg    eax, [node_mount]
    mov     [saved_mount], eax
    xor     eax, eax
    xchg    eax, [cluster_pings]
    mov     [saved_pings], eax
    mov     eax, [cluster_state]
    mov     [saved_state], eax

    mov     ebx, offset rules
1:  call    fresh_packet
    mov     al, [ebx + 3]
    mov     [packet + CLOUD_KIND], al
    mov     al, [ebx + 4]
    mov     [packet + CLOUD_STATE], al
    mov     al, [ebx + 5]
    mov     [packet + CLOUD_ERA], al
    mov     al, [ebx + 6]
    mov     [packet + CLOUD_FOUNDER + 7], al
    movzx   eax, byte ptr [ebx]
    mov     [cluster_state], eax
    movzx   eax, byte ptr [ebx + 1]
    mov     [node + NODE_ERA], eax
    mov     dword ptr [node + NODE_FOUNDER], 0
    movzx   eax, byte ptr [ebx + 2]
    shl     eax, 24
    mov     [node + NODE_FOUNDER + 4], eax
    mov     eax, offset packet
    call    agreement_heard
    movzx   eax, byte ptr [ebx + 7]
    cmp     eax, [cluster_state]
    jne     2f
    movzx   eax, byte ptr [ebx + 8]
    cmp     eax, [node + NODE_ERA]
    jne     2f
    mov     al, [ebx + 9]
    cmp     al, [node + NODE_FOUNDER + 7]
    jne     2f
    add     ebx, RULE_SIZE
    cmp     ebx, offset rules_end
    jb      1b
2:  mov     eax, offset node
    mov     edx, offset saved_node
    mov     ecx, NODE_SIZE
    call    mem_copy
    mov     eax, [saved_mount]
    mov     [node_mount], eax
    mov     eax, [saved_pings]
    mov     [cluster_pings], eax
    mov     eax, [saved_state]
    mov     [cluster_state], eax
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    cmp     ebx, offset rules_end       # CF, so failure, when it ended early
    ret
8:  clc
    ret
