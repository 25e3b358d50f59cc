# Short commands about interfaces and ways: `nics`, `ifup`, `ifdown`, `zconf`, `dhcp`, `iproute` and `icmp`.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

SHELL_COMMAND "nics", command_nics, "", "list the network cards", GROUP_NETWORK
SHELL_COMMAND "ifup", command_ifup, "eth0", "switch an interface on, as it was before", GROUP_NETWORK
SHELL_COMMAND "ifdown", command_ifdown, "eth0", "switch an interface off", GROUP_NETWORK
SHELL_COMMAND "zconf", command_zconf, "[eth0]", "look for an address anew, on all interfaces or on one", GROUP_NETWORK
SHELL_COMMAND "dhcp", command_dhcp, "-l | eth0", "list what DHCP servers have leased, or ask for an address", GROUP_NETWORK
SHELL_COMMAND "iproute", command_iproute, "ADDRESS", "show the way that packets to an address take", GROUP_NETWORK
SHELL_COMMAND "icmp", command_icmp, "", "list the pings that are under way", GROUP_NETWORK

.text

# Shell command: lists the cards.
# In: EAX argc, EDX argv, as all of them.
# Out: EAX status.
command_nics:
    push    ebx
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      3f
    lea     eax, [ebx + NETIF_NAME]
    lea     edx, [ebx + NETIF_MAC]
    LOAD_STRING ecx, "no link"
    test    dword ptr [ebx + NETIF_FLAGS], NETIF_LINK
    jz      2f
    LOAD_STRING ecx, "link"
2:  PRINTF  "%s: MAC %M, IRQ %u, %s\n", eax, edx, [ebx+NETIF_IRQ], ecx
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
3:  xor     eax, eax
    pop     ebx
    ret

# Finds the interface that a command names as its only word, and says when there is none.
# In: EAX argc, EDX argv.
# Out: EAX interface; CF, and EAX status.
interface_named:
    cmp     eax, 2
    jne     1f
    mov     eax, [edx + 4]
    push    eax
    call    net_find
    pop     edx
    jnc     2f
    PRINTF  "There is no interface %s.\n", edx
    jmp     3f
1:  PRINT   "The name of an interface is missing, such as eth0.\n"
3:  mov     eax, 1
    stc
2:  ret

# Shell command: switches an interface on.
command_ifup:
    call    interface_named
    jc      2f
    cmp     dword ptr [eax + NETIF_MODE], MODE_DOWN
    jne     1f
    mov     ecx, MODE_DHCP
    cmp     dword ptr [eax + NETIF_WANTED_ADDRESS], 0
    je      interface_set
    mov     ecx, MODE_STATIC

# Has an interface do as the user wants.
# In: EAX interface, ECX MODE_*.
# Out: EAX 0.
interface_set:
    mov     [eax + NETIF_MODE], ecx
    mov     edx, NOTICE_MODE
    call    address_notice
1:  xor     eax, eax
2:  ret

# Shell command: switches an interface off.
command_ifdown:
    call    interface_named
    jc      2b
    mov     ecx, MODE_DOWN
    jmp     interface_set

# Shell command: looks for an address anew.
command_zconf:
    cmp     eax, 1
    jne     interface_configure
    push    ebx
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + NETIF_MODE], MODE_DHCP
    jne     2f                          # its address is the user's affair
    mov     eax, ebx
    mov     ecx, MODE_DHCP
    call    interface_set
2:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
3:  xor     eax, eax
    pop     ebx
    ret

# Has the interface that is named ask for an address, whatever it did before.
interface_configure:
    call    interface_named
    jc      1f
    mov     dword ptr [eax + NETIF_WANTED_ADDRESS], 0
    mov     ecx, MODE_DHCP
    jmp     interface_set
1:  ret

# Shell command: lists leases, or asks for one.
command_dhcp:
    cmp     eax, 2
    jne     interface_configure
    push    eax
    push    edx
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-l"
    call    string_compare
    pop     edx
    pop     eax
    jne     interface_configure
    push    ebx
    push    esi
    xor     esi, esi                    # ESI: leases
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_DHCP
    jne     2f
    inc     esi
    call    clock_ms
    sub     eax, [ebx + NETIF_LEASE_START]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     edx, eax
    lea     eax, [ebx + NETIF_NAME]
    PRINTF  "%s: %I from %I for %u s, %u s ago\n", eax, [ebx+NETIF_ADDRESS], [ebx+NETIF_LENDER], [ebx+NETIF_LEASE_SECONDS], edx
2:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
3:  test    esi, esi
    jnz     4f
    PRINT   "No interface has an address by DHCP.\n"
4:  xor     eax, eax
    pop     esi
    pop     ebx
    ret

# Shell command: shows the way to an address.
command_iproute:
    cmp     eax, 2
    jne     1f
    mov     eax, [edx + 4]
    call    parse_address
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    push    ebx
    mov     ebx, eax
    xor     edx, edx
    call    route_find
    jc      2f
    add     eax, NETIF_NAME
    PRINTF  "%I by %I on %s\n", ebx, edx, eax
    xor     eax, eax
    pop     ebx
    ret
1:  PRINT   "usage: iproute ADDRESS\n"
    mov     eax, 1
    ret
2:  call    error_text
    PRINTF  "iproute: %s\n", eax
    mov     eax, 1
    pop     ebx
    ret

# Shell command: lists pings.
command_icmp:
    push    ebx
    mov     ebx, offset pings
1:  cmp     dword ptr [ebx + PING_IDENTIFIER], 0
    je      2f
    PRINTF  "ping %u: %u bytes, ttl %u", [ebx+PING_IDENTIFIER], [ebx+PING_BYTES_SENT], [ebx+PING_TTL_SENT]
    cmp     dword ptr [ebx + PING_SEQUENCE], -1
    je      3f
    PRINTF  ", last answer from %I to request %u", [ebx+PING_SOURCE], [ebx+PING_SEQUENCE]
3:  PRINT   "\n"
2:  add     ebx, PING_SIZE
    cmp     ebx, offset pings + PING_MAXIMUM * PING_SIZE
    jb      1b
    xor     eax, eax
    pop     ebx
    ret
