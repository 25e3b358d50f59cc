# cloud help: how the command is used, as a whole or one action of it.

.include "macros.inc"

.pushsection .rodata.str, "a", @progbits
.global cloud_help
cloud_help:
    .ascii  "  cloud status         shows the nodes of the cluster, as cloud alone does\n"
    .ascii  "  cloud init           loads the object cluster_node, or creates it\n"
    .ascii  "  cloud register       says hello to the cluster now\n"
    .ascii  "  cloud stop           leaves the cluster until start\n"
    .ascii  "  cloud start          takes part in it again\n"
    .ascii  "  cloud reboot NODE    asks a node, by name or address, to reboot. In a cluster with a key it\n"
    .ascii  "                       does, unless its user has typed: set cloud.reboot no\n"
    .ascii  "                       In an open one it refuses, unless: set cloud.reboot yes\n"
    .ascii  "  cloud reboot all     has all nodes reboot, one after the other, this one last\n"
    .ascii  "  cloud address        shows the service addresses, and who holds each (cloud address list)\n"
    .ascii  "  cloud address add ADDRESS [MASK] [shared]   has one member hold this address, from now on; where\n"
    .ascii  "                       it is shared, all members serve its clients\n"
    .ascii  "  cloud address remove ADDRESS       has nobody hold it any more\n"
    .ascii  "  cloud address move ADDRESS NODE    has this member hold it\n"
    .ascii  "  cloud auto-answer NETMASK|off   makes addresses that the router asks for in vain service addresses\n"
    .ascii  "  cloud set NAME VALUE gives a name a value, for the whole cluster; it counts when a majority\n"
    .ascii  "                       of the members that agreed last has it on disk. Without VALUE it goes\n"
    .ascii  "  cloud set dns.domain DOMAIN   has every member answer for the names of the cluster\n"
    .ascii  "  cloud set dns.parent \"SERVER ZONE KEY\"   keeps that domain in ZONE of another server, signed by\n"
    .ascii  "                       `dns key KEY SECRET` of the member that speaks for the cluster\n"
    .ascii  "  cloud set dhcp \"ADDRESS COUNT [SECONDS]\"   has the holder of this service address be the LAN's DHCP\n"
    .ascii  "                       server, for the addresses behind it\n"
    .ascii  "  cloud get [NAME]     shows a value, or all of them, and who agrees on the next\n"
    .ascii  "  cloud history        shows the eras of the cluster, and those in which this node has lived\n"
    .ascii  "  cloud nodes [--all]  shows all nodes of which the history tells, and those of linked clusters\n"
    .ascii  "  cloud events [-f]    shows who came, went, or changed something; -f goes on until Ctrl-C\n"
    .ascii  "  cloud events --all   shows it beside what happened in linked clusters, and in which\n"
    .ascii  "  cloud graph          shows how many nodes were online, over time\n"
    .ascii  "  cloud invite         draws a code with which one machine can join within ten minutes\n"
    .ascii  "  cloud join CODE      joins the cluster that has invited this machine\n"
    .ascii  "  cloud expel NODE     replaces the key for all but this node: what it knew is worth nothing then\n"
    .ascii  "  cloud fork accept [--erase]   gives this machine up, for a minute, to a member that forks or moves;\n"
    .ascii  "                       with --erase the files of that member come, over those here\n"
    .ascii  "  cloud fork NODE|any [--name NAME]   makes such a member a twin of this machine\n"
    .ascii  "  cloud fork NODE NODE...|all   makes up to eight such members twins at once\n"
    .ascii  "  cloud migrate NODE|any   moves to such a member, with all connections; this machine starts again\n"
    .ascii  "  cloud job move PROGRAM NODE   has a program, by its name or the id of a thread, go on at a member\n"
    .ascii  "  cloud key            shows this node's cluster and, if it was typed here, its key\n"
    .ascii  "  cloud key new NAME   draws a key; this node founds or joins the cluster that has it\n"
    .ascii  "  cloud key set NAME KEY   joins the cluster of this name and key (64 hexadecimal digits)\n"
    .ascii  "  cloud key rotate     replaces the key, for all members that live. Who was away says what to do\n"
    .ascii  "  cloud key forget     forgets it: the machine's own key counts again, or none\n"
    .ascii  "  cloud upgrade        shows the upgrade of the cluster, and how far each node is (cloud upgrade status)\n"
    .ascii  "  cloud upgrade REVISION     takes all nodes to this kernel, one after the other: each has it in the slot\n"
    .ascii  "                       that does not run (kernel install), and keeps it once others say that it works\n"
    .ascii  "  cloud upgrade start        to the one that this machine has in the other slot\n"
    .ascii  "  cloud upgrade pause|resume|abort   after the node whose turn it is; a failure stops it until resume\n"
    .ascii  "  cloud upgrade allow REVISION       lets one that failed twice be tried again\n"
    .ascii  "  cloud finalise       no node goes back to an earlier revision any more: all run this one\n"
    .ascii  "  cloud public         shows this cluster's address as others see it, who has reached it, and what to set\n"
    .ascii  "  cloud link           shows the clusters that this one is linked with (cloud link list)\n"
    .ascii  "  cloud link invite    draws a code with which one cluster can link within ten minutes\n"
    .ascii  "  cloud link join HOST CODE          links this cluster with the one that drew the code\n"
    .ascii  "  cloud link join NAME@RELAY CODE    the same by a cluster RELAY that both are linked with\n"
    .ascii  "  cloud link remove NAME             gives the link up, here\n"
    .ascii  "  cloud link trust NAME upgrade      kernels that NAME publishes come here by themselves\n"
    .ascii  "  cloud link distrust NAME           they do not any more\n"
    .ascii  "  cloud clusters       shows what the linked clusters say of themselves\n"
    .asciz  "  cloud help           shows this, a page at a time\n"
.popsection

# In: EAX name of a command. Out: EAX status; it has shown the help, a page at a time.
HOOK help_pages, cloud_help_plain

.text

# Shows it in one piece.
# Out: EAX status.
cloud_help_plain:
    mov     eax, offset cloud_help
    call    print
    xor     eax, eax
    ret

# Shows how the command is used, a page at a time.
# Out: EAX status.
.global cloud_help_shown
cloud_help_shown:
    LOAD_STRING eax, "cloud"
    jmp     [help_pages]

# Shows how an action is used: the lines of the help that begin with it, and those that go on with them.
# In: EAX its name.
.global cloud_usage
cloud_usage:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, offset cloud_help
    xor     edi, edi                    # EDI: 1 while it is about the action
.Lcloud_usage_line:
    cmp     byte ptr [esi], 0
    je      .Lcloud_usage_done
    mov     eax, esi
    LOAD_STRING edx, "  cloud "
    call    string_prefix
    jne     .Lcloud_usage_byte
    mov     edx, ebx
    call    string_prefix
    setz    cl
    cmp     byte ptr [eax], ' '
    setz    al
    and     al, cl
    movzx   edi, al
.Lcloud_usage_byte:
    test    edi, edi
    jz      1f
    movzx   eax, byte ptr [esi]
    call    print_char
1:  inc     esi
    cmp     byte ptr [esi - 1], 10
    jne     .Lcloud_usage_byte
    jmp     .Lcloud_usage_line
.Lcloud_usage_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
