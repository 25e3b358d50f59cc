# A DHCP server (RFC 2131, options of RFC 2132) for the link of the first interface. Leases are a table of bounded size,
# one place for each address; what a client says changes his own place only. It does not begin where another server
# answers. docs/protocols/dhcp.md tells what it says, and the option of ours.
#
# With for=ADDRESS/MASK it serves in the name of an address that goes from machine to machine: whoever has a lease of
# the server before keeps it. With boot=FILE it also tells machines that boot from the network where from; as `proxy` it
# does this and nothing else, beside the server that lends the addresses.

.intel_syntax noprefix
.include "system-calls.inc"
.include "bootp.inc"

PROBE_MS        = 2000                  # for another server to answer
OFFER_SECONDS   = 30                    # an offered address waits for its client
LEASES          = 128
STATICS         = 16
LEASE_SECONDS_MINIMUM = 60
LEASE_SECONDS_MAXIMUM = 604800
CONFIGURATION_BYTES = 200
MESSAGE_BYTES   = 1500
REPLY_BYTES     = 576                   # what every client takes
DATAGRAMS       = 2                     # kind of socket
SOCKET_INTERFACE = 17                   # option of a socket
XID             = 0x45525551            # of our own question
BOOT_FILE_BYTES = 64
CLASS_BYTES     = 9                     # of text_pxe
MACHINE_BYTES   = 17
CLIENT_BYTES    = 8                     # of a client identifier that counts: 0, MAC address, number

# An option of a client that counts.
KNOWN_CODE      = 0                     # u8
KNOWN_BYTES     = 1                     # u8
KNOWN_EXACT     = 2                     # u8
KNOWN_PLACE     = 4
KNOWN_SIZE      = 8

# A place in the table of leases.
LEASE_MAC       = 0                     # 6 bytes: who has it, or had it last,
LEASE_ALIAS     = 6                     # u16   and as which client of that card
LEASE_UNTIL     = 8                     # seconds since 2000; before that nobody else gets it
LEASE_SIZE      = 12

STATIC_ADDRESS  = 8                     # after the MAC address
STATIC_SIZE     = 16

# What `interface` says.
ABOUT_MAC       = 8
ABOUT_ADDRESS   = 20
ABOUT_MASK      = 24
ABOUT_ROUTER    = 28
ABOUT_DNS       = 32

.text

# Takes the first address, how many there are, and then in any order: seconds of a lease, MAC=ADDRESS for an address
# that is one machine's, and a text for option 224.
.global _start
_start:
    cmp     dword ptr [esp], 3
    jb      .Lusage
    lea     ebp, [esp + 8]              # EBP: next argument
    call    pool_read
    jc      .Lusage
.Largument:
    mov     esi, [ebp]
    add     ebp, 4
    test    esi, esi
    jz      .Linterface
    mov     eax, esi
    call    number_of
    jc      1f
    cmp     eax, LEASE_SECONDS_MINIMUM
    jb      .Lusage
    cmp     eax, LEASE_SECONDS_MAXIMUM
    ja      .Lusage
    mov     [lease_seconds], eax
    jmp     .Largument
1:  call    served_read
    jnc     .Largument
    call    boot_read
    jnc     .Largument
    call    static_read
    jnc     .Largument
    call    configuration_read
    jc      .Lusage
    jmp     .Largument
.Linterface:
    call    interface_look
    cmp     dword ptr [is_proxy], 0
    je      .Lserved
    cmp     byte ptr [boot_file], 0
    je      .Lusage
    jmp     .Lsocket
.Lserved:
    call    pool_check
    jc      .Lelsewhere
.Lsocket:
    SYSTEM  socket, DATAGRAMS
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [socket], eax
    mov     ebx, eax
    SYSTEM  socket_option, ebx, SOCKET_INTERFACE, 1
    SYSTEM  bind, ebx, 0, SERVER_PORT
    mov     edx, offset text_port
    test    eax, eax
    js      fail
    cmp     dword ptr [is_proxy], 0     # which has a server beside it
    jne     .Lready
    call    probe
    jnc     .Lanother
.Lready:
    mov     eax, offset text_ready
    call    put
.Lnext:
    mov     ebx, [socket]
    SYSTEM  receive, ebx, "offset message", MESSAGE_BYTES, 0, -1
    test    eax, eax
    js      .Lnext                      # an error of ICMP about an answer
    call    message_read
    jc      .Lnext
    call    message_serve
    jmp     .Lnext
.Lelsewhere:
    mov     eax, offset text_elsewhere
    jmp     .Lsay
.Lanother:
    mov     esi, [peer]
.Lanother_named:
    mov     eax, offset text_another
    call    put
    mov     eax, esi
    call    put_address
    mov     eax, offset text_end
.Lsay:
    call    put
    SYSTEM  exit, 1
.Lusage:
    mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

# Reads what addresses there are, or the word `proxy`.
# In: EBP arguments.
# Out: EBP those after it; CF when they are wrong.
# Clobbers: EAX, ECX, EDX.
pool_read:
    mov     eax, [ebp]
    mov     ecx, offset text_proxy
    call    begins_with
    jnc     .Lproxy
    call    address_of
    bswap   eax
    mov     [pool_first], eax
    mov     eax, [ebp + 4]
    call    number_of
    jc      .Lpool_read_not
    lea     ecx, [eax - 1]
    cmp     ecx, LEASES
    jae     .Lpool_read_not
    mov     [pool_count], eax
    add     ebp, 8
    jmp     .Lpool_read_done
.Lproxy:
    cmp     byte ptr [eax], 0
    jne     .Lpool_read_not
    inc     dword ptr [is_proxy]
    add     ebp, 4
.Lpool_read_done:
    clc
    ret
.Lpool_read_not:
    stc
    ret

# Takes an argument as the text that clients get.
# In: ESI argument.
# Out: CF when it is too long.
# Clobbers: EAX, ECX.
configuration_read:
    mov     [configuration], esi
    mov     eax, esi
    xor     ecx, ecx
2:  cmp     byte ptr [eax + ecx], 0
    je      3f
    inc     ecx
    cmp     ecx, CONFIGURATION_BYTES
    jbe     2b
    jmp     .Lconfiguration_read_not
3:  mov     [configuration_bytes], ecx
    clc
    ret
.Lconfiguration_read_not:
    stc
    ret

# Whether both ends of the pool are on the link.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
pool_check:
    mov     edx, [served_address]
    test    edx, edx
    jz      .Lown_address
    mov     [about + ABOUT_ADDRESS], edx
    mov     ecx, [served_mask]
    mov     [about + ABOUT_MASK], ecx
    xor     ecx, ecx                    # those are another subnet's
    mov     [about + ABOUT_ROUTER], ecx
    mov     [about + ABOUT_DNS], ecx
.Lown_address:
    mov     edx, [about + ABOUT_ADDRESS]
    test    edx, edx                    # none yet: with a mask of 0 all addresses would be on the link
    jz      .Lpool_check_not
    mov     ecx, [about + ABOUT_MASK]
    bswap   edx
    bswap   ecx
    mov     eax, [pool_first]           # both ends must be on the link
    xor     eax, edx
    test    eax, ecx
    jnz     .Lpool_check_not
    mov     eax, [pool_first]
    add     eax, [pool_count]
    dec     eax
    xor     eax, edx
    test    eax, ecx
    jnz     .Lpool_check_not
    clc
    ret
.Lpool_check_not:
    stc
    ret

# Reads what the kernel says of the first interface.
interface_look:
    SYSTEM  interface, 0, "offset about"
    mov     edx, offset text_interface
    test    eax, eax
    js      fail
    ret

# Looks whether another server is at work: asks as a relay would, so that the answer comes to our port.
# Out: CF when none answered; else its message.
probe:
    mov     edi, offset reply
    xor     eax, eax
    mov     ecx, REPLY_BYTES / 4
    rep stosd
    mov     dword ptr [reply + BOOTP_OPERATION], 0x00060101
    mov     dword ptr [reply + BOOTP_XID], XID
    mov     eax, [about + ABOUT_ADDRESS]
    mov     [reply + BOOTP_RELAY], eax
    mov     eax, [about + ABOUT_MAC]
    mov     [reply + BOOTP_HARDWARE], eax
    mov     ax, [about + ABOUT_MAC + 4]
    mov     [reply + BOOTP_HARDWARE + 4], ax
    mov     dword ptr [reply + BOOTP_COOKIE], COOKIE
    mov     dword ptr [reply + BOOTP_OPTIONS], OPTION_TYPE | (1 << 8) | (DISCOVER << 16) | (OPTION_END << 24)
    mov     dword ptr [peer], -1
    mov     dword ptr [peer + 4], SERVER_PORT
    mov     ebx, [socket]
    SYSTEM  send, ebx, "offset reply", BOOTP_SHORTEST, "offset peer", 0
    SYSTEM  clock
    lea     ebp, [eax + PROBE_MS]
1:  SYSTEM  clock
    mov     edi, ebp
    sub     edi, eax
    jbe     2f
    SYSTEM  receive, ebx, "offset message", MESSAGE_BYTES, "offset peer", edi
    test    eax, eax
    js      1b
    cmp     eax, BOOTP_OPTIONS
    jb      1b
    cmp     byte ptr [message + BOOTP_OPERATION], BOOT_REPLY
    jne     1b
    cmp     dword ptr [message + BOOTP_XID], XID
    jne     1b
    clc
    ret
2:  stc
    ret

# Reads for=ADDRESS/MASK.
# In: ESI text.
# Out: CF when it is something else.
served_read:
    mov     eax, esi
    mov     ecx, offset text_for
    call    begins_with
    jc      1f
    lea     edi, [eax - 1]
2:  inc     edi
    cmp     byte ptr [edi], 0
    je      .Lusage
    cmp     byte ptr [edi], '/'
    jne     2b
    mov     byte ptr [edi], 0
    lea     eax, [esi + 4]
    call    address_of
    mov     [served_address], eax
    lea     eax, [edi + 1]
    call    address_of
    mov     [served_mask], eax
    clc
1:  ret

# Reads MAC=ADDRESS and gives the address to that machine for good.
# In: ESI text.
# Out: CF when it is something else, or the table is full.
static_read:
    mov     edi, [static_count]
    cmp     edi, STATICS
    cmc
    jc      1f
    shl     edi, 4
    add     edi, offset statics
    mov     eax, esi
    mov     edx, edi
    call    mac_of
    jc      1f
    cmp     byte ptr [eax], '='
    stc
    jne     1f
    inc     eax
    call    address_of
    mov     [edi + STATIC_ADDRESS], eax
    inc     dword ptr [static_count]
    clc
1:  ret

# Takes a client's message apart.
# In: EAX bytes of it.
# Out: what options_known names; CF when it is none that is for a server.
message_read:
    cmp     eax, BOOTP_OPTIONS
    jb      .Lmessage_read_bad
    cmp     byte ptr [message + BOOTP_OPERATION], BOOT_REQUEST
    jne     .Lmessage_read_bad
    cmp     word ptr [message + BOOTP_OPERATION + 1], 0x0601  # Ethernet
    jne     .Lmessage_read_bad
    cmp     dword ptr [message + BOOTP_COOKIE], COOKIE
    jne     .Lmessage_read_bad
    test    byte ptr [message + BOOTP_HARDWARE], 1
    jnz     .Lmessage_read_bad
    push    eax
    mov     edi, offset options_heard
    mov     ecx, (options_heard_end - options_heard) / 4
    xor     eax, eax
    rep stosd
    not     byte ptr [option_machine]   # a machine's own begins with 0
    pop     eax
    lea     edi, [message + eax]        # EDI: end
    mov     esi, offset message + BOOTP_OPTIONS
.Lmessage_read_next:
    cmp     esi, edi
    jae     .Lmessage_read_end
    lodsb
    test    al, al                      # padding
    jz      .Lmessage_read_next
    cmp     al, OPTION_END
    je      .Lmessage_read_end
    cmp     esi, edi
    jae     .Lmessage_read_bad
    movzx   ecx, byte ptr [esi]
    inc     esi
    lea     edx, [esi + ecx]
    cmp     edx, edi
    ja      .Lmessage_read_bad
    mov     ebx, offset options_known
.Lmessage_read_known:
    cmp     [ebx + KNOWN_CODE], al
    je      .Lmessage_read_take
    add     ebx, KNOWN_SIZE
    cmp     ebx, offset options_known_end
    jb      .Lmessage_read_known
    jmp     .Lmessage_read_skip
.Lmessage_read_take:
    push    edi
    mov     edi, [ebx + KNOWN_PLACE]
    movzx   eax, byte ptr [ebx + KNOWN_BYTES]
    cmp     ecx, eax
    je      .Lmessage_read_keep
    cmp     byte ptr [ebx + KNOWN_EXACT], 0
    jne     .Lmessage_read_lie
    cmp     ecx, eax                    # of a longer one the beginning is kept, of a shorter one nothing
    jb      .Lmessage_read_kept
    mov     ecx, eax
.Lmessage_read_keep:
    rep movsb
.Lmessage_read_kept:
    pop     edi
.Lmessage_read_skip:
    mov     esi, edx
    jmp     .Lmessage_read_next
.Lmessage_read_lie:
    pop     edi
    jmp     .Lmessage_read_bad
.Lmessage_read_end:
    cmp     dword ptr [option_type], 1  # CF when it is 0: BOOTP only
    ret
.Lmessage_read_bad:
    stc
    ret

# Does what a client's message asks for.
message_serve:
    cmp     dword ptr [is_proxy], 0
    jne     proxy_serve
    SYSTEM  time
    mov     edi, eax                    # EDI: now
    call    client_find                 # EBP: its place or 0, EAX: its address
    mov     esi, eax                    # ESI: its address, or 0
    mov     eax, [option_type]
    cmp     eax, DISCOVER
    je      .Lserve_discover
    cmp     eax, REQUEST
    je      request_serve
    cmp     eax, DECLINE
    je      .Lserve_decline
    cmp     eax, RELEASE
    je      .Lserve_release
    cmp     eax, INFORM
    jne     .Lserve_done
    xor     esi, esi
    mov     eax, ACK
    jmp     answer
.Lserve_discover:
    test    esi, esi
    jnz     .Lserve_offer
    cmp     dword ptr [served_address], 0
    je      1f
    mov     eax, [message + BOOTP_HARDWARE + 2]
    imul    eax, eax, 0x9E3779B1
    mul     dword ptr [pool_count]
    mov     [pool_turn], edx
1:    call    place_find
    jc      .Lserve_done                # none is left
    mov     esi, eax
    call    place_take
.Lserve_offer:
    test    ebp, ebp
    jz      2f
    lea     eax, [edi + OFFER_SECONDS]
    cmp     [ebp + LEASE_UNTIL], eax
    jge     2f
    mov     [ebp + LEASE_UNTIL], eax
2:  mov     eax, OFFER
    jmp     answer
.Lserve_decline:
    cmp     esi, [option_requested]     # somebody has that address: it rests
    jne     .Lserve_done
    test    ebp, ebp
    jz      .Lserve_done
    mov     dword ptr [ebp + LEASE_MAC], -1
    add     edi, [lease_seconds]
    jmp     .Lserve_until
.Lserve_release:
    cmp     esi, [message + BOOTP_CLIENT]
    jne     .Lserve_done
    test    ebp, ebp
    jz      .Lserve_done
.Lserve_until:
    mov     [ebp + LEASE_UNTIL], edi
.Lserve_done:
    ret

# A client wants an address, or to keep it.
# In: EDI now, EBP the client's place or 0, ESI its address or 0.
request_serve:
    mov     eax, [option_server]
    test    eax, eax
    jz      .Lrequest_serve_wanted
    cmp     eax, [about + ABOUT_ADDRESS]
    jne     .Lrequest_serve_other
.Lrequest_serve_wanted:
    mov     edx, [option_requested]
    test    edx, edx
    jnz     .Lrequest_serve_which
    mov     edx, [message + BOOTP_CLIENT]
.Lrequest_serve_which:
    test    esi, esi
    jz      .Lrequest_serve_new
    cmp     edx, esi
    jne     .Lrequest_serve_refuse
    test    ebp, ebp
    jz      .Lrequest_serve_good
    add     edi, [lease_seconds]
    mov     [ebp + LEASE_UNTIL], edi
.Lrequest_serve_good:
    mov     eax, ACK
    jmp     answer
.Lrequest_serve_new:
    test    eax, eax                    # one that we do not know: it has chosen us, or is another's,
    jnz     .Lrequest_serve_refuse
    cmp     [served_address], eax       # or that of the machine that had our address before
    je      .Lrequest_serve_done
    mov     ecx, edx
    bswap   ecx
    sub     ecx, [pool_first]
    cmp     ecx, [pool_count]
    jae     .Lrequest_serve_refuse
    call    place_free
    jc      .Lrequest_serve_refuse
    mov     esi, eax
    call    place_take
    add     edi, [lease_seconds]
    mov     [ebp + LEASE_UNTIL], edi
    jmp     .Lrequest_serve_good
.Lrequest_serve_refuse:
    xor     esi, esi
    mov     eax, NAK
    jmp     answer
.Lrequest_serve_other:
    mov     esi, eax
    cmp     dword ptr [served_address], 0
    jne     .Lanother_named
    test    ebp, ebp                    # it took another's offer
    jz      .Lrequest_serve_done
    lea     eax, [edi + OFFER_SECONDS]
    cmp     [ebp + LEASE_UNTIL], eax
    jg      .Lrequest_serve_done
    jmp     .Lrequest_serve_until
.Lrequest_serve_until:
    mov     [ebp + LEASE_UNTIL], edi
.Lrequest_serve_done:
    ret

.include "lease.inc"

.include "dhcp-answer.inc"

.section .rodata
text_usage:
    .ascii  "usage: dhcp-server FIRST COUNT [SECONDS] [MAC=ADDRESS...] [for=ADDRESS/MASK] [boot=[SERVER:]FILE] [TEXT]: "
    .ascii  "at most 128 addresses, 60 to 604800 s\n"
    .asciz  "       dhcp-server proxy boot=[SERVER:]FILE: a name of at most 63 characters\n"
text_proxy:     .asciz "proxy"
text_for:       .asciz "for="
text_boot:      .asciz "boot="
text_pxe:       .ascii "PXEClient"
# Option 43 of an answer to a ROM: what is booted is the file that was named, no server is searched for.
boot_vendor:    .byte PXE_DISCOVERY, 1, 8, OPTION_END
boot_vendor_end:
text_interface: .asciz "interface"
text_socket:    .asciz "socket"
text_port:      .asciz "port 67"
text_elsewhere: .asciz "dhcp-server: these addresses are not on the link\n"
text_another:   .asciz "dhcp-server: another server is at work: "
text_ready:     .asciz "dhcp-server: ready\n"
text_end:       .asciz "\n"

.balign 4
# The options of a client that count: number, bytes that are kept, whether another length is a lie, where they go.
options_known:
    .byte   OPTION_TYPE, 1, 1, 0
    .long   option_type
    .byte   OPTION_REQUESTED, 4, 1, 0
    .long   option_requested
    .byte   OPTION_SERVER, 4, 1, 0
    .long   option_server
    .byte   OPTION_CLASS, CLASS_BYTES, 0, 0
    .long   option_class
    .byte   OPTION_ARCHITECTURE, 2, 0, 0
    .long   option_architecture
    .byte   OPTION_MACHINE, MACHINE_BYTES, 1, 0
    .long   option_machine
    .byte   OPTION_CLIENT, CLIENT_BYTES, 0, 0
    .long   option_client
options_known_end:

.data
.balign 4
lease_seconds:  .long 3600

.bss
.balign 4
socket:         .space 4
pool_first:     .space 4                # in host order
pool_count:     .space 4
pool_turn:      .space 4                # the place with which the search for a new client's begins
served_address: .space 4                # in whose name it serves, 0 for the machine's own
served_mask:    .space 4
static_count:   .space 4
statics:        .space STATICS * STATIC_SIZE
configuration:  .space 4
configuration_bytes: .space 4
is_proxy:       .space 4
boot_server:    .space 4                # who has the file, 0: this machine
options_heard:                          # of the client's message
option_type:    .space 4
option_requested: .space 4
option_server:  .space 4
option_class:   .space 12
option_architecture: .space 4           # in network order
option_machine: .space 20
option_client:  .space CLIENT_BYTES
options_heard_end:
peer:           .space 8
about:          .space 40
leases:         .space LEASES * LEASE_SIZE
message:        .space MESSAGE_BYTES
reply:          .space REPLY_BYTES
boot_file:      .space BOOT_FILE_BYTES  # with its NUL; empty: no file is named
