# The `ifconfig` and `arp` commands: interfaces, their addresses and their neighbours.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

.pushsection .rodata.str, "a", @progbits
ifconfig_help:
    .ascii  "  ifconfig                       shows all interfaces\n"
    .ascii  "  ifconfig eth0                  shows one\n"
    .ascii  "  ifconfig eth0 ADDRESS MASK     sets a fixed address\n"
    .ascii  "  ifconfig eth0 dhcp             asks for one by DHCP, else takes a link-local one\n"
    .ascii  "  ifconfig eth0 add ADDRESS MASK [MAC]   takes a further address, if nobody has it; del ADDRESS gives it back\n"
    .asciz  "  ifconfig eth0 up | down        switches the interface on, as it was before, or off\n"
.popsection

PROBE_MS                = 300           # wait for the answer to each probe of a further address

SHELL_COMMAND "ifconfig", command_ifconfig, "[eth0 [ADDRESS MASK | dhcp | up | down | add ADDRESS MASK [MAC] | del ADDRESS]]", "show or set network interfaces", GROUP_NETWORK, ifconfig_help
SHELL_COMMAND "arp", command_arp, "", "show the neighbours that ARP knows", GROUP_NETWORK

.text

# Shell command: shows or sets network interfaces.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_ifconfig:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    cmp     edi, 2
    jae     .Lcommand_ifconfig_one
    mov     ebx, [net_interfaces]
    test    ebx, ebx
    jz      ifconfig_none
.Lcommand_ifconfig_all:
    test    ebx, ebx
    jz      ifconfig_good
    call    ifconfig_show
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Lcommand_ifconfig_all
.Lcommand_ifconfig_one:
    mov     eax, [esi + 4]
    call    net_find
    jc      ifconfig_unknown
    mov     ebx, eax
    cmp     edi, 2
    jne     .Lcommand_ifconfig_word
    call    ifconfig_show
    jmp     ifconfig_good
.Lcommand_ifconfig_word:
    mov     eax, [esi + 8]
    mov     edx, offset word_add
    call    string_compare
    je      ifconfig_add
    mov     eax, [esi + 8]
    mov     edx, offset word_del
    call    string_compare
    je      ifconfig_del
    cmp     edi, 4
    je      .Lifconfig_up_address
    cmp     edi, 3
    jne     ifconfig_usage
    call    ifconfig_find
    jc      ifconfig_usage
    jmp     [edi + 4]

ifconfig_dhcp:
    mov     dword ptr [ebx + NETIF_WANTED_ADDRESS], 0
    mov     ecx, MODE_DHCP
    jmp     .Lifconfig_up_set
ifconfig_down:
    mov     ecx, MODE_DOWN
    jmp     .Lifconfig_up_set
ifconfig_up:
    cmp     dword ptr [ebx + NETIF_MODE], MODE_DOWN
    jne     ifconfig_good
    mov     ecx, MODE_DHCP
    cmp     dword ptr [ebx + NETIF_WANTED_ADDRESS], 0
    je      .Lifconfig_up_set
    mov     ecx, MODE_STATIC
    jmp     .Lifconfig_up_set

.Lifconfig_up_address:
    call    ifconfig_address
    jc      ifconfig_bad
    mov     ecx, MODE_STATIC
.Lifconfig_up_set:
    mov     [ebx + NETIF_MODE], ecx
    mov     eax, ebx
    mov     edx, NOTICE_MODE
    call    address_notice
ifconfig_good:
    xor     eax, eax
    jmp     ifconfig_done

ifconfig_none:
    PRINT   "There is no network interface.\n"
    jmp     ifconfig_bad
ifconfig_unknown:
    PRINTF  "ifconfig: there is no interface %s\n", [esi+4]
    jmp     ifconfig_bad
ifconfig_bad_mask:
    call    ifconfig_say_mask
    jmp     ifconfig_bad
ifconfig_usage:
    PRINT   "usage: ifconfig [eth0 [ADDRESS MASK | dhcp | up | down | add ADDRESS MASK [MAC] | del ADDRESS]]\n"
ifconfig_bad:
    mov     eax, 1
ifconfig_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes an address and a mask. Says what is wrong.
# In: EBX interface, ESI argv.
# Out: CF when they are not taken.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ifconfig_address:
    mov     eax, [esi + 8]
    call    parse_address
    jc      .Lifconfig_address_wrong
    cmp     byte ptr [edx], 0
    jne     .Lifconfig_address_wrong
    mov     edi, eax
    call    ip_is_unicast
    jne     .Lifconfig_address_wrong
    mov     eax, [esi + 12]
    call    parse_address
    jc      .Lifconfig_address_mask
    cmp     byte ptr [edx], 0
    jne     .Lifconfig_address_mask
    push    esi
    mov     esi, eax
    call    mask_check
    mov     eax, edi
    mov     ecx, esi
    pop     edx
    jc      .Lifconfig_address_mask
    mov     edx, [edx + 8]
    call    ifconfig_machine
    jc      .Lifconfig_address_not
    mov     [ebx + NETIF_WANTED_ADDRESS], edi
    mov     [ebx + NETIF_WANTED_MASK], esi
    clc
    ret
.Lifconfig_address_wrong:
    PRINTF  "ifconfig: %s is not the address of one machine\n", [esi+8]
    jmp     .Lifconfig_address_not
.Lifconfig_address_mask:
    call    ifconfig_say_mask
.Lifconfig_address_not:
    stc
    ret

# Says what a mask is.
ifconfig_say_mask:
    PRINT   "ifconfig: the mask is four numbers, such as 255.255.255.0: ones, then zeros\n"
    ret

# Finds what a word says.
# In: ESI argv.
# Out: EDI its place in ifconfig_words; CF when it says nothing.
# Clobbers: EAX, EDX.
ifconfig_find:
    mov     edi, offset ifconfig_words
.Lifconfig_find_search:
    cmp     dword ptr [edi], 0
    je      .Lifconfig_find_not
    mov     eax, [esi + 8]
    mov     edx, [edi]
    call    string_compare
    je      .Lifconfig_find_done
    add     edi, 8
    jmp     .Lifconfig_find_search
.Lifconfig_find_done:
    clc
    ret
.Lifconfig_find_not:
    stc
    ret

# `add` and `del`: further addresses.
# In: EBX interface, ESI words, EDI how many.
ifconfig_add:
    sub     edi, 5
    jb      ifconfig_usage
    cmp     edi, 1
    ja      ifconfig_usage
    mov     eax, [esi + 16]
    call    parse_address
    jc      ifconfig_bad_mask
    cmp     byte ptr [edx], 0
    jne     ifconfig_bad_mask
    mov     ecx, eax
    push    ecx
    call    mask_check
    pop     ecx
    jc      ifconfig_bad_mask
    mov     eax, [esi + 12]
    push    ecx
    call    parse_address
    pop     ecx
    jc      .Lifconfig_add_address
    cmp     byte ptr [edx], 0
    jne     .Lifconfig_add_address
    mov     edx, [esi + 12]
    call    ifconfig_machine
    jc      ifconfig_bad
    push    ecx
    mov     ecx, [ebx + NETIF_MASK]     # nor is it in the network of the interface's own address
    mov     edx, eax
    xor     edx, [ebx + NETIF_ADDRESS]
    and     edx, ecx
    jnz     1f
    mov     edx, [esi + 12]
    call    ifconfig_machine
1:  pop     ecx
    jc      ifconfig_bad
    mov     edx, eax
    sub     esp, 8                      # the MAC address
    push    edx
    push    ecx
    xor     ecx, ecx
    test    edi, edi
    jz      .Lifconfig_add_claim
    lea     edx, [esp + 8]
    mov     eax, [esi + 20]
    call    parse_mac
    lea     ecx, [esp + 8]
    jnc     .Lifconfig_add_claim
    add     esp, 16
    PRINTF  "ifconfig: %s is not a MAC address such as 02:00:00:00:00:01\n", [esi+20]
    jmp     ifconfig_bad
.Lifconfig_add_claim:
    mov     esi, ecx
    pop     ecx
    pop     edx
    mov     eax, ebx
    xor     edi, edi
    push    PROBE_MS
    call    secondary_claim
    lea     esp, [esp + 8]
    jc      .Lifconfig_add_failed
    xor     edx, edx                    # for ever
    mov     [eax + SECONDARY_LEASE], edx
    mov     [eax + SECONDARY_LEASE + 4], edx
    jmp     ifconfig_good
.Lifconfig_add_address:
    PRINTF  "ifconfig: %s is not the address of one machine\n", [esi+12]
    jmp     ifconfig_bad
ifconfig_del:
    cmp     edi, 4
    jne     ifconfig_usage
    mov     eax, [esi + 12]
    call    parse_address
    jc      .Lifconfig_add_address
    mov     edx, eax
    mov     eax, ebx
    call    secondary_find
    mov     eax, ERROR_NOT_FOUND
    jz      .Lifconfig_add_failed
    mov     eax, ecx
    call    secondary_release
    jmp     ifconfig_good
.Lifconfig_add_failed:
    call    error_text
    PRINTF  "ifconfig: %s\n", eax
    jmp     ifconfig_bad

# Looks whether an address can be that of one machine in its network, and says so if it cannot.
# In: EAX address, ECX mask, EDX address as it was typed.
# Out: CF when it cannot.
# Clobbers: EDX.
ifconfig_machine:
    push    eax
    push    ecx
    not     ecx
    cmp     ecx, 1 << 24                # of two addresses none is the broadcast address (RFC 3021), nor is one alone
    je      .Lifconfig_machine_good
    jecxz   .Lifconfig_machine_good
    and     eax, ecx
    jz      1f
    cmp     eax, ecx
    jne     .Lifconfig_machine_good
    PRINTF  "ifconfig: %s is the broadcast address of its network\n", edx
    jmp     2f
1:  PRINTF  "ifconfig: %s is a network, not a machine in it\n", edx
2:  stc
    jmp     3f
.Lifconfig_machine_good:
    clc
3:  pop     ecx
    pop     eax
    ret

STRING word_add, "add"
STRING word_del, "del"
STRING word_dhcp, "dhcp"
STRING word_up, "up"
STRING word_down, "down"
.pushsection .data
.balign 4
ifconfig_words:         .long word_dhcp, ifconfig_dhcp, word_up, ifconfig_up, word_down, ifconfig_down, 0
.popsection

# Prints an interface.
# In: EBX interface.
ifconfig_show:
    push    esi
    push    edi
    LOAD_STRING eax, "up"
    test    dword ptr [ebx + NETIF_FLAGS], NETIF_UP
    jnz     .Lifconfig_show_link
    LOAD_STRING eax, "down"
.Lifconfig_show_link:
    LOAD_STRING edx, "link"
    test    dword ptr [ebx + NETIF_FLAGS], NETIF_LINK
    jnz     .Lifconfig_show_line
    LOAD_STRING edx, "no link"
.Lifconfig_show_line:
    lea     ecx, [ebx + NETIF_NAME]
    lea     esi, [ebx + NETIF_MAC]
    PRINTF  "%s: %s, %s, MAC %M, IRQ %u\n", ecx, eax, edx, esi, [ebx+NETIF_IRQ]
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    jne     .Lifconfig_show_address
    PRINT   "    no address\n"
    jmp     .Lifconfig_show_groups
.Lifconfig_show_address:
    mov     eax, [ebx + NETIF_ORIGIN]
    mov     eax, [origin_names + eax*4]
    PRINTF  "    address %I mask %I %s\n", [ebx+NETIF_ADDRESS], [ebx+NETIF_MASK], eax
    cmp     dword ptr [ebx + NETIF_ORIGIN], ORIGIN_DHCP
    jne     .Lifconfig_show_groups
    call    clock_ms
    sub     eax, [ebx + NETIF_LEASE_START]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    PRINTF  "    router %I DNS %I lease %u s, %u s old\n", [ebx+NETIF_ROUTER], [ebx+NETIF_DNS], [ebx+NETIF_LEASE_SECONDS], eax
.Lifconfig_show_groups:
    mov     esi, offset secondaries
    mov     edi, SECONDARIES
.Lifconfig_show_secondary:
    cmp     [esi + SECONDARY_NETIF], ebx
    jne     1f
    lea     eax, [esi + SECONDARY_MAC]
    PRINTF  "    further %I mask %I MAC %M, %u conflicts\n", [esi+SECONDARY_ADDRESS], [esi+SECONDARY_MASK], eax, [esi+SECONDARY_CONFLICTS]
1:  add     esi, SECONDARY_SIZE
    dec     edi
    jnz     .Lifconfig_show_secondary
    PRINT   "    groups 224.0.0.1"
    lea     esi, [ebx + NETIF_GROUPS]
    mov     edi, GROUPS_MAXIMUM
.Lifconfig_show_group:
    cmp     dword ptr [esi + GROUP_ADDRESS], 0
    je      .Lifconfig_show_next
    PRINTF  " %I", [esi+GROUP_ADDRESS]
.Lifconfig_show_next:
    add     esi, GROUP_SIZE
    dec     edi
    jnz     .Lifconfig_show_group
    PRINT   "\n"
    PRINTF  "    received %u frames, %u bytes, %u damaged, %u missed\n", [ebx+NETIF_RX_FRAMES], [ebx+NETIF_RX_BYTES], [ebx+NETIF_RX_ERRORS], [ebx+NETIF_RX_MISSED]
    PRINTF  "    sent %u frames, %u bytes, %u dropped\n", [ebx+NETIF_TX_FRAMES], [ebx+NETIF_TX_BYTES], [ebx+NETIF_TX_DROPS]
    pop     edi
    pop     esi
    ret

# Shell command: shows the cache of neighbours.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_arp:
    call    arp_print
    xor     eax, eax
    ret
