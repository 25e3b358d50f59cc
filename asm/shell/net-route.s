# The `route` and `traceroute` commands: the ways that packets take.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.pushsection .rodata.str, "a", @progbits
route_help:
    .ascii  "  route                                  shows the ways, best first where they overlap\n"
    .ascii  "  route add NETWORK MASK GATEWAY         enters one; the gateway is a neighbour\n"
    .ascii  "  route add default GATEWAY              for all that no other way leads to\n"
    .ascii  "  route del NETWORK MASK | default       takes one away\n"
    .asciz  "  route forward on | off                 whether packets for others are sent on\n"
.popsection

SHELL_COMMAND "route", command_route, "[add NETWORK MASK GATEWAY | del NETWORK MASK | forward on|off]", "show or set the ways of packets", GROUP_NETWORK, route_help

.pushsection .data
.balign 4
route_words:            .long word_add, route_enter, word_del, route_delete, word_forward, route_forward, 0
.popsection
STRING word_add, "add"
STRING word_del, "del"
STRING word_forward, "forward"
STRING word_on, "on"
STRING word_off, "off"
STRING word_default, "default"

.text

# Shell command: shows or sets routes.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_route:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, eax
    mov     esi, edx
    cmp     edi, 1
    jne     .Lcommand_route_word
    call    route_show
    xor     eax, eax
    jmp     .Lcommand_route_done
.Lcommand_route_word:
    mov     ebx, offset route_words
1:  cmp     dword ptr [ebx], 0
    je      .Lcommand_route_usage
    mov     eax, [esi + 4]
    mov     edx, [ebx]
    call    string_compare
    je      2f
    add     ebx, 8
    jmp     1b
2:  add     esi, 8                      # what follows the word
    sub     edi, 2
    call    [ebx + 4]
    mov     ecx, eax
    mov     eax, 0
    jnc     .Lcommand_route_done
    test    ecx, ecx
    jz      .Lcommand_route_usage
    mov     eax, ecx
    call    error_text
    PRINTF  "route: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_route_done
.Lcommand_route_usage:
    PRINT   "usage: route [add NETWORK MASK GATEWAY | add default GATEWAY | del NETWORK MASK | del default | forward on|off]\n"
    mov     eax, 1
.Lcommand_route_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads a network: an address and a mask, or `default`.
# In: ESI words, EDI how many.
# Out: ESI and EDI what follows, EBX network, EBP mask; CF when it is none.
route_network:
    test    edi, edi
    jz      8f
    mov     eax, [esi]
    mov     edx, offset word_default
    call    string_compare
    je      7f
    cmp     edi, 2
    jb      8f
    call    route_address
    jc      9f
    mov     ebx, eax
    call    route_address
    jc      9f
    mov     ebp, eax
    test    eax, eax
    jz      9f                          # CF is clear
    jmp     mask_check
7:  xor     ebx, ebx
    xor     ebp, ebp
    add     esi, 4
    dec     edi
    clc
    ret
8:  stc
9:  ret

# Reads one address.
# In: ESI words, EDI how many.
# Out: EAX address, ESI and EDI what follows; CF when it is none.
route_address:
    test    edi, edi
    jz      8f
    mov     eax, [esi]
    call    parse_address
    jc      9f
    cmp     byte ptr [edx], 0
    jne     8f
    add     esi, 4
    dec     edi
    clc
    ret
8:  stc
9:  ret

# Words of the command, see route_words.
# In: ESI words that follow, EDI how many.
# Out: CF and EAX error; 0 when the words are wrong.
# Clobbers: EBX, ECX, EDX, ESI, EDI, EBP.
route_enter:
    call    route_network
    jc      route_wrong
    call    route_address
    jc      route_wrong
    test    edi, edi
    jnz     route_wrong
    mov     ecx, eax
    mov     eax, ebx
    mov     edx, ebp
    jmp     route_add

# See route_enter.
route_delete:
    call    route_network
    jc      route_wrong
    test    edi, edi
    jnz     route_wrong
    mov     eax, ebx
    mov     edx, ebp
    jmp     route_remove

# See route_enter.
route_forward:
    cmp     edi, 1
    jne     route_wrong
    mov     eax, [esi]
    mov     edx, offset word_on
    call    string_compare
    mov     ecx, 1
    je      1f
    mov     eax, [esi]
    mov     edx, offset word_off
    call    string_compare
    mov     ecx, 0
    jne     route_wrong
1:  mov     [ip_forwards], ecx
    clc
    ret
route_wrong:
    xor     eax, eax
    stc
    ret

# Shows the subnets, the routes and the routers.
route_show:
    mov     ebx, [net_interfaces]
.Lroute_show_subnets:
    test    ebx, ebx
    jz      .Lroute_show_table
    lea     edx, [ebx + NETIF_NAME]
    mov     eax, [ebx + NETIF_ADDRESS]
    test    eax, eax
    jz      1f
    and     eax, [ebx + NETIF_MASK]
    PRINTF  "%I mask %I on %s\n", eax, [ebx+NETIF_MASK], edx
1:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lroute_show_subnets
.Lroute_show_table:
    mov     esi, offset routes
2:  mov     ebx, [esi + ROUTE_NETIF]
    test    ebx, ebx
    jz      3f
    lea     edx, [ebx + NETIF_NAME]
    PRINTF  "%I mask %I by %I on %s, set by hand\n", [esi+ROUTE_DESTINATION], [esi+ROUTE_MASK], [esi+ROUTE_GATEWAY], edx
3:  add     esi, ROUTE_SIZE
    cmp     esi, offset routes + ROUTES * ROUTE_SIZE
    jb      2b
    mov     ebx, [net_interfaces]
.Lroute_show_routers:
    test    ebx, ebx
    jz      .Lroute_show_forwards
    lea     edx, [ebx + NETIF_NAME]
    cmp     dword ptr [ebx + NETIF_ROUTER], 0
    je      4f
    PRINTF  "all else by %I on %s\n", [ebx+NETIF_ROUTER], edx
4:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lroute_show_routers
.Lroute_show_forwards:
    cmp     dword ptr [ip_forwards], 0
    je      .Lroute_show_done
    PRINT   "Packets for others are sent on.\n"
.Lroute_show_done:
    ret
