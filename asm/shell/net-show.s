# A frame in one line, as `netdump` shows it: when it passed, from whom to whom, and what it is.

.include "macros.inc"
.include "net.inc"
.include "tap.inc"
.include "tcp.inc"

SECONDS_OF_DAY          = 86400
TIME_SIZE               = 16            # 23:59:59.999999
ENDS_SIZE               = 48            # two addresses with ports, and what is between them

# A protocol on top of IP that has more to say than its number.
SHOWN_PROTOCOL          = 0
SHOWN_BYTES             = 4             # of its header, without which it is not looked into
SHOWN_ROUTINE           = 8             # ESI header, EBX IP header, ECX bytes from there on. Clobbers all
SHOWN_SIZE              = 12

.text

# Prints a line about a frame.
# In: ESI record of a tap with its frame.
# Clobbers: EAX, ECX, EDX.
.global frame_show
frame_show:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     eax, [esi + RECORD_SECONDS]
    xor     edx, edx
    mov     ecx, SECONDS_OF_DAY
    div     ecx
    mov     eax, edx
    xor     edx, edx
    mov     ecx, 60
    div     ecx
    mov     ebx, edx                    # EBX: seconds
    xor     edx, edx
    div     ecx
    SNPRINTF "offset show_time", TIME_SIZE, "%02u:%02u:%02u.%06u", eax, edx, ebx, [esi+RECORD_MICROSECONDS]
    mov     ecx, [esi + RECORD_KEPT]
    add     esi, RECORD_SIZE
    sub     ecx, ETHER_HEADER_SIZE      # none is shorter
    movzx   eax, word ptr [esi + ETHER_TYPE]
    lea     edi, [esi + ETHER_HEADER_SIZE]
    cmp     eax, ETHER_TYPE_IPV4
    je      .Lframe_show_ip
    cmp     eax, ETHER_TYPE_ARP
    jne     .Lframe_show_other
    cmp     ecx, ARP_SIZE
    jae     .Lframe_show_arp
.Lframe_show_other:
    xchg    al, ah
    lea     edx, [esi + ETHER_SOURCE]
    PRINTF  "%s %M > %M type %04x, %u bytes\n", "offset show_time", edx, esi, eax, ecx
    jmp     .Lframe_show_done
.Lframe_show_arp:
    lea     edx, [edi + ARP_SENDER_MAC]
    cmp     word ptr [edi + ARP_OPERATION], 0x0100
    je      .Lframe_show_asks
    PRINTF  "%s ARP %I is at %M\n", "offset show_time", [edi+ARP_SENDER_ADDRESS], edx
    jmp     .Lframe_show_done
.Lframe_show_asks:
    PRINTF  "%s ARP who has %I? asks %I at %M\n", "offset show_time", [edi+ARP_TARGET_ADDRESS], [edi+ARP_SENDER_ADDRESS], edx
    jmp     .Lframe_show_done
.Lframe_show_ip:
    cmp     ecx, IP_HEADER_SIZE
    jb      .Lframe_show_other
    mov     ebx, edi
    movzx   edx, byte ptr [ebx + IP_VERSION]
    and     edx, 15
    shl     edx, 2
    cmp     edx, IP_HEADER_SIZE
    jb      .Lframe_show_other
    movzx   edi, word ptr [ebx + IP_LENGTH]
    xchg    edi, eax
    xchg    al, ah
    xchg    edi, eax                    # EDI: bytes of the packet
    cmp     edi, ecx
    ja      .Lframe_show_other
    cmp     edi, edx
    jb      .Lframe_show_other
    mov     ecx, edi
    sub     ecx, edx                    # ECX: bytes behind the header
    lea     esi, [ebx + edx]
    movzx   eax, byte ptr [ebx + IP_PROTOCOL]
    test    word ptr [ebx + IP_FRAGMENT], IP_FRAGMENT_BITS
    jnz     .Lframe_show_unknown
    mov     ebp, offset shown
1:  cmp     [ebp + SHOWN_PROTOCOL], eax
    jne     2f
    cmp     ecx, [ebp + SHOWN_BYTES]
    jb      .Lframe_show_unknown
    call    [ebp + SHOWN_ROUTINE]
    jmp     .Lframe_show_done
2:  add     ebp, SHOWN_SIZE
    cmp     ebp, offset shown_end
    jb      1b
.Lframe_show_unknown:
    movzx   edx, word ptr [ebx + IP_FRAGMENT]
    xchg    dl, dh
    and     edx, 0x1FFF
    shl     edx, 3
    PRINTF  "%s %I > %I protocol %u, %u bytes at %u\n", "offset show_time", [ebx+IP_SOURCE], [ebx+IP_DESTINATION], eax, ecx, edx
.Lframe_show_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# ICMP and IGMP: type and code.
show_icmp:
    LOAD_STRING edi, "ICMP"
    jmp     show_type
show_igmp:
    LOAD_STRING edi, "IGMP"
show_type:
    movzx   eax, byte ptr [esi + ICMP_TYPE]
    movzx   edx, byte ptr [esi + ICMP_CODE]
    PRINTF  "%s %I > %I %s type %u, code %u, %u bytes\n", "offset show_time", [ebx+IP_SOURCE], [ebx+IP_DESTINATION], edi, eax, edx, ecx
    ret

# UDP: ports and bytes.
show_udp:
    call    show_ports
    sub     ecx, UDP_HEADER_SIZE
    PRINTF  "%s %s UDP %u bytes\n", "offset show_time", "offset show_ends", ecx
    ret

# TCP: ports, flags, numbers and bytes.
show_tcp:
    call    show_ports
    movzx   eax, byte ptr [esi + TCP_OFFSET]
    shr     eax, 4
    shl     eax, 2
    sub     ecx, eax
    jns     1f                          # a header that says more than there is
    xor     ecx, ecx
1:  movzx   ebp, byte ptr [esi + TCP_FLAGS]
    sub     esp, 8                      # a letter for each flag
    mov     edi, esp
    mov     edx, offset flag_letters
2:  shr     ebp, 1
    mov     al, [edx]
    jnc     3f
    stosb
3:  inc     edx
    cmp     edx, offset flag_letters + 6
    jb      2b
    mov     byte ptr [edi], 0
    mov     edi, esp
    mov     eax, [esi + TCP_SEQUENCE]
    bswap   eax
    mov     edx, [esi + TCP_ACKNOWLEDGEMENT]
    bswap   edx
    movzx   ebp, word ptr [esi + TCP_WINDOW]
    xchg    ebp, eax
    xchg    al, ah
    xchg    ebp, eax
    PRINTF  "%s %s TCP %s %u, acknowledges %u, window %u, %u bytes\n", "offset show_time", "offset show_ends", edi, eax, edx, ebp, ecx
    add     esp, 8
    ret

# Notes who sends to whom, with their ports.
# In: EBX IP header, ESI header that begins with them.
# Clobbers: EAX, EDX.
show_ports:
    movzx   eax, word ptr [esi + UDP_SOURCE]
    xchg    al, ah
    movzx   edx, word ptr [esi + UDP_DESTINATION]
    xchg    dl, dh
    SNPRINTF "offset show_ends", ENDS_SIZE, "%I:%u > %I:%u", [ebx+IP_SOURCE], eax, [ebx+IP_DESTINATION], edx
    ret

.section .rodata
.balign 4
shown:
    .long   PROTOCOL_ICMP, ICMP_HEADER_SIZE, show_icmp
    .long   PROTOCOL_IGMP, IGMP_SIZE, show_igmp
    .long   PROTOCOL_TCP, TCP_HEADER_SIZE, show_tcp
    .long   PROTOCOL_UDP, UDP_HEADER_SIZE, show_udp
shown_end:
flag_letters:           .ascii "FSRPAU"

.bss
show_time:              .space TIME_SIZE
show_ends:              .space ENDS_SIZE
