# The `cloud` command: what the user sees of the cluster, and may do to it.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"

SHELL_COMMAND "cloud", command_cloud, "[status|init|register|start|stop|reboot NODE|address|auto-answer|set|get|history|nodes|events|graph|invite|join CODE|expel NODE|fork NODE|migrate NODE|job move PROGRAM NODE|key|upgrade|finalise|public|link|clusters|help]", "show the cluster, or act on it", GROUP_CLUSTER, cloud_help

STRING action_status, "status"
STRING action_init, "init"
STRING action_register, "register"
STRING action_start, "start"
STRING action_stop, "stop"
STRING action_reboot, "reboot"
STRING action_address, "address"
STRING action_learn, "auto-answer"
STRING action_set, "set"
STRING action_get, "get"
STRING action_history, "history"
STRING action_nodes, "nodes"
STRING action_events, "events"
STRING action_graph, "graph"
STRING action_invite, "invite"
STRING action_join, "join"
STRING action_expel, "expel"
STRING action_key, "key"
STRING action_upgrade, "upgrade"
STRING action_finalise, "finalise"
STRING action_fork, "fork"
STRING action_job, "job"
STRING action_migrate, "migrate"
STRING action_help, "help"
STRING key_new, "new"
STRING key_set, "set"
STRING key_forget, "forget"
STRING key_rotate, "rotate"
.pushsection .rodata
.global no_name
no_name:                .byte 0
.popsection

# Actions of a layer above, as in `actions`.
HOOK cloud_more, 0

ANSWER_PATIENCE_MS      = 1000          # a cluster that does not answer a hello within this time is gone

.data
.balign 4
# Action, routine, number of arguments, ANY for those that look themselves. In: EAX argument or 0; ANY: EAX how many,
# EDX their addresses. Out: EAX status, or CLOUD_MISUSED.
ANY                     = -1
actions:
    .long   action_status, cloud_status, 0
    .long   action_init, cloud_init, 0
    .long   action_register, cloud_register, 0
    .long   action_start, cloud_start, 0
    .long   action_stop, cloud_stop, 0
    .long   action_reboot, cloud_reboot, 1
    .long   action_address, cloud_address, ANY
    .long   action_learn, cloud_learn, ANY
    .long   action_set, cloud_set, ANY
    .long   action_get, cloud_get, ANY
    .long   action_history, cloud_history, 0
    .long   action_nodes, cloud_nodes, ANY
    .long   action_events, cloud_events, ANY
    .long   action_graph, cloud_graph, 0
    .long   action_invite, cloud_invite, 0
    .long   action_join, cloud_join, 1
    .long   action_expel, cloud_rotate, 1
    .long   action_key, cloud_key, ANY
    .long   action_upgrade, cloud_upgrade, ANY
    .long   action_finalise, cloud_finalise, 0
    .long   action_fork, cloud_fork, ANY
    .long   action_job, cloud_job, ANY
    .long   action_migrate, cloud_migrate, ANY
    .long   action_help, cloud_help_shown, 0
    .long   0

# Word after `cloud key`, words in all, routine. In: ESI addresses of the words. Out: EAX status.
key_actions:
    .long   key_rotate, 1, key_replace
    .long   key_forget, 1, key_drop
    .long   key_new, 2, key_drawn
    .long   key_set, 3, key_typed
    .long   0, 0                        # so many words there never are

command_tables:         .long cloud_more, 0     # after `actions`

state_names:            .long state_waiting, state_joining, state_member
STRING state_waiting, "waiting"
STRING state_joining, "joining"
STRING state_member, "member"

.text

# Shell command: shows the cluster, or acts on it.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_cloud:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    xor     ebp, ebp
    cmp     dword ptr [cluster_netif], 0
    je      .Lcommand_cloud_no_card
    mov     edi, offset actions
    cmp     ebx, 2
    jb      .Lcommand_cloud_run
.Lcommand_cloud_next:
    cmp     dword ptr [edi], 0
    jne     1f
    mov     edi, [command_tables + ebp*4]   # the next table
    test    edi, edi
    jz      .Lcommand_cloud_unknown
    inc     ebp
    jmp     .Lcommand_cloud_next
1:  mov     eax, [esi + 4]
    mov     edx, [edi]
    call    string_compare
    je      .Lcommand_cloud_found
    add     edi, 12
    jmp     .Lcommand_cloud_next
.Lcommand_cloud_found:
    lea     eax, [ebx - 2]
    lea     edx, [esi + 8]
    cmp     dword ptr [edi + 8], ANY
    je      .Lcommand_cloud_run
    cmp     eax, [edi + 8]
    jne     .Lcommand_cloud_usage
    mov     eax, [esi + 8]
.Lcommand_cloud_run:
    call    [edi + 4]
    cmp     eax, CLOUD_MISUSED
    jne     .Lcommand_cloud_done
.Lcommand_cloud_usage:
    mov     eax, [edi]
    call    cloud_usage
    mov     eax, 1
    jmp     .Lcommand_cloud_done
.Lcommand_cloud_unknown:
    mov     eax, [esi + 4]
    PRINTF  "cluster: there is no cloud %s; cloud help lists what there is\n", eax
    mov     eax, 1
    jmp     .Lcommand_cloud_done
.Lcommand_cloud_no_card:
    LOAD_STRING eax, "there is no network card"
    cmp     dword ptr [net_interfaces], 0
    je      2f
    LOAD_STRING eax, "the service is stopped"
2:  PRINTF  "cluster: %s\n", eax
    mov     eax, 1
.Lcommand_cloud_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes the cluster's mutex. May sleep.
.global cloud_lock
cloud_lock:
    mov     eax, offset cluster_mutex
    jmp     mutex_lock

# Gives the cluster's mutex back.
.global cloud_unlock
cloud_unlock:
    mov     eax, offset cluster_mutex
    jmp     mutex_unlock

# The same, with all registers and flags as they were.
.global cloud_unlock_keep
cloud_unlock_keep:
    pushfd
    pushad
    call    cloud_unlock
    popad
    popfd
    ret

# Prints the table of nodes, this one first.
cloud_status:
    push    ebx
    push    esi
    call    cloud_lock
    call    cloud_trust
    mov     eax, [cluster_state]
    mov     eax, [state_names + eax*4]
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lcloud_status_joining
    mov     ecx, [node + NODE_FOUNDER]
    bswap   ecx
    mov     edx, [node + NODE_FOUNDER + 4]
    bswap   edx
    LOAD_STRING eax, "node is"
    cmp     dword ptr [peer_alive], 1
    je      1f
    LOAD_STRING eax, "nodes are"
1:  PRINTF  "era %u, founded by %08x%08x, here since age %u; %u other %s alive\n", [node+NODE_ERA], ecx, edx, [node+NODE_ERA_AGE], [peer_alive], eax
    jmp     .Lcloud_status_pings
.Lcloud_status_joining:
    PRINTF  "%s\n", eax
.Lcloud_status_pings:
    cmp     dword ptr [node_alone], 0
    je      .Lcloud_status_company
    PRINT   "alone: the others may still live in the last era; this one counts when somebody joins\n"
.Lcloud_status_company:
    cmp     dword ptr [cluster_pings], 0
    jne     .Lcloud_status_storage
    PRINT   "stopped: this node is silent (cloud start)\n"
    cmp     dword ptr [twin_address], 0
    je      .Lcloud_status_storage
    PRINTF  "because another machine, at %I, has its id: a copy of it, or one with the same MAC address\n", [twin_address]
.Lcloud_status_storage:
    call    node_attached
    jnc     .Lcloud_status_table
    PRINTF  "in memory only: hda0: %s\n", [node_problem]
.Lcloud_status_table:
    call    plan_unsigned
    jne     2f
    PRINT   "unsigned kernels may come through the cluster (cloud set upgrade.unsigned no)\n"
2:
    PRINT   "NODE            ADDRESS         ID                ERA  AGE REV STATE   SEEN\n"
    push    -1                          # now: this node
    push    [cluster_state]
    push    [boot_info + bi_revision]
    push    [node + NODE_AGE]
    push    [node + NODE_ERA]
    mov     eax, [cluster_netif]
    mov     ecx, offset node + NODE_ID
    mov     edx, [eax + NETIF_ADDRESS]
    mov     eax, offset hostname
    call    cloud_row
    mov     ebx, [peer_first]
.Lcloud_status_next:
    test    ebx, ebx
    jz      .Lcloud_status_end
    call    clock_ms
    mov     edx, eax
    sub     edx, [view_confirmed]
    sub     eax, [ebx + PEER_SEEN]
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lcloud_status_seen
    cmp     dword ptr [coordinator_self], 0
    jne     .Lcloud_status_seen
    cmp     edx, eax                    # the coordinator has heard it, and said so
    jae     .Lcloud_status_seen
    mov     eax, edx
.Lcloud_status_seen:
    push    eax
    mov     eax, [ebx + PEER_STATE]
    cmp     dword ptr [ebx + PEER_ALIVE], 0
    jne     .Lcloud_status_state
    mov     eax, 3
    add     eax, [ebx + PEER_LEFT]
.Lcloud_status_state:
    push    eax
    push    [ebx + PEER_REVISION]
    push    [ebx + PEER_AGE]
    push    [ebx + PEER_ERA]
    lea     ecx, [ebx + PEER_ID]
    mov     edx, [ebx + PEER_ADDRESS]
    lea     eax, [ebx + PEER_NAME]
    call    cloud_row
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lcloud_status_next
.Lcloud_status_end:
    call    cloud_unlock
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

# Says whose packets are believed.
cloud_trust:
    push    ebx
    mov     eax, [count_cloud_forged]
    add     eax, [count_cloud_other]
    add     eax, [count_cloud_replayed]
    add     eax, [count_cloud_unproven]
    LOAD_STRING ecx, "packet was"
    cmp     eax, 1
    je      2f
    LOAD_STRING ecx, "packets were"
2:  cmp     dword ptr [trust_open], 0
    jne     1f
    mov     edx, offset trust_name
    PRINTF  "cluster %s, with a key; %u %s refused\n", edx, eax, ecx
    call    away_advise
    jmp     9f
1:  PRINTF  "open cluster: whoever is on this network can join and change it (cloud key new NAME); %u %s refused\n", eax, ecx
9:  pop     ebx
    ret

# Shows the key, or acts on the words after `cloud key`.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
cloud_key:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    test    ebx, ebx
    jz      .Lcloud_key_show
    push    edi
    mov     edi, offset key_actions
.Lcloud_key_next:
    cmp     dword ptr [edi], 0
    je      .Lcloud_key_found
    mov     eax, [esi]
    mov     edx, [edi]
    call    string_compare
    je      .Lcloud_key_found
    add     edi, 12
    jmp     .Lcloud_key_next
.Lcloud_key_found:
    mov     eax, [edi + 8]
    cmp     ebx, [edi + 4]
    pop     edi
    jne     .Lcloud_key_usage
    call    eax
    jmp     .Lcloud_key_done
.Lcloud_key_show:
    call    cloud_lock
    call    key_shown
    jmp     .Lcloud_key_done
.Lcloud_key_usage:
    mov     eax, CLOUD_MISUSED
.Lcloud_key_done:
    pop     esi
    pop     ebx
    ret

# cloud key rotate
key_replace:
    xor     eax, eax
    jmp     cloud_rotate

# cloud key forget
key_drop:
    call    cloud_lock
    mov     eax, offset no_name
    jmp     key_adopted

# cloud key new NAME
key_drawn:
    call    cloud_lock
    mov     eax, [esi + 4]
    cmp     byte ptr [eax], 1
    jb      key_bad                     # an empty name would open the cluster
    call    name_is_good
    jc      key_bad
    call    trust_draw
    jmp     key_named

# cloud key set NAME KEY
key_typed:
    call    cloud_lock
    mov     eax, [esi + 8]
    mov     edx, [esi + 4]
    call    trust_parse
    jc      key_bad

# The node takes the key in key_parsed, for the cluster that the second word names; the mutex is held, and given back.
key_named:
    mov     eax, [esi + 4]
key_adopted:
    call    cluster_rejoin

# Shows which key the node has; the mutex is held, and given back.
# Out: EAX status 0.
key_shown:
    call    cloud_trust
    cmp     byte ptr [node + NODE_CLUSTER], 0
    je      1f
    call    trust_print_key
    jmp     2f
1:  cmp     dword ptr [trust_open], 0
    jne     2f
    PRINT   "The machine was given the key from outside (docs/protocols/cluster.md).\n"
2:  call    cloud_unlock
    call    node_flush                  # the prompt says that the key is on the disk
    xor     eax, eax
    ret
key_bad:
    call    cloud_unlock
    PRINT   "cluster: expected a name of up to 31 printable characters, and a key of 64 hexadecimal digits\n"
    mov     eax, 1
    ret

# Prints a row of the table.
# In: EAX name, EDX address, ECX id; on the stack, removed here: era, age, revision, row state, ms since it was heard or
# -1.
cloud_row:
    push    ebx
    push    esi
    push    edi
    FRAME   48
    mov     ebx, eax
    mov     esi, ecx
    lea     edi, [ebp - 16]             # the address as text
    SNPRINTF edi, 16, "%I", edx
    mov     eax, [esi]
    bswap   eax
    mov     edx, [esi + 4]
    bswap   edx
    mov     ecx, [ebp + 32]
    mov     ecx, [row_states + ecx*4]
    PRINTF  "%-15s %-15s %08x%08x %4u %4u %3u %-7s ", ebx, edi, eax, edx, [ebp+20], [ebp+24], [ebp+28], ecx
    mov     eax, [ebp + 36]
    cmp     eax, -1
    jne     1f
    PRINT   "here\n"
    jmp     2f
1:  xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     ecx, eax
    mov     eax, edx
    xor     edx, edx
    mov     ebx, 100
    div     ebx
    PRINTF  "%u.%u s\n", ecx, eax
2:  ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret     20

.pushsection .data
.balign 4
row_states:             .long state_waiting, state_joining, state_member, row_offline, row_left
.popsection
STRING row_offline, "offline"
STRING row_left, "left"

cloud_init:
    push    ebx
    call    cloud_lock
    xor     ebx, ebx
    call    node_attached
    jnc     2f                          # all is known
    call    cloud_load
    sbb     ebx, ebx                    # -1: still diskless
2:  call    cluster_print_node
    test    ebx, ebx
    jnz     1f
    cmp     byte ptr [node + NODE_CLUSTER], 0
    je      1f
    PRINT   "cluster: the key on this disk counts after a reboot\n"
1:
    call    cloud_unlock
    mov     eax, ebx
    neg     eax
    pop     ebx
    ret

# Takes a disk into use. The mutex is held. May sleep.
# Out: CF when the node is still diskless.
.global cloud_load
cloud_load:
    push    ebx
    call    node_load
    sbb     ebx, ebx
    call    values_load
    call    vote_load
    call    history_recall
    call    lived_load
    call    reboot_recall
    add     ebx, ebx
    pop     ebx
    ret

cloud_register:
    push    ebx
    call    cloud_lock
    mov     eax, KIND_HELLO
    cmp     dword ptr [cluster_state], STATE_WAITING
    mov     ebx, ERROR_NO_ROUTE
    je      1f
    call    packet_send
    mov     ebx, eax
    jc      1f
    xor     ebx, ebx
1:  call    cloud_unlock
    mov     eax, ebx
    test    eax, eax
    jz      9f
    call    error_text
    PRINTF  "cluster: hello could not be sent: %s\n", eax
    mov     eax, 1
9:  pop     ebx
    ret

cloud_start:
    call    cloud_lock
    cmp     dword ptr [cluster_pings], 1
    je      1f
    mov     dword ptr [cluster_pings], 1
    mov     dword ptr [twin_address], 0
    mov     dword ptr [twin_warned], 0
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      1f
    cmp     dword ptr [cluster_state], STATE_JOINING
    jne     2f
    call    agreement_listen            # it has heard nobody meanwhile
2:  mov     eax, ANSWER_PATIENCE_MS
    call    coordinator_await
    mov     dword ptr [hello_due], 1
    call    agreement_hello
1:  call    cloud_unlock
    xor     eax, eax
    ret

cloud_stop:
    call    cluster_leave
    call    cloud_lock
    mov     dword ptr [cluster_pings], 0
    call    cloud_unlock
    xor     eax, eax
    ret

# Asks a node to reboot, or all.
# In: EAX name or address, or `all`.
cloud_reboot:
    push    ebx
    mov     ebx, eax
    mov     edx, offset name_all
    call    string_compare
    je      1f
    call    cloud_lock
    mov     eax, ebx
    call    peer_named_only
    call    cloud_unlock_keep
    test    eax, eax
    jz      2f
    pop     ebx
    jmp     reboot_told
1:  pop     ebx
    jmp     cloud_reboot_all
2:  test    edx, edx
    jnz     3f
    PRINTF  "cluster: no other node that is alive has the name or address %s\n", ebx
    jmp     4f
3:  PRINTF  "cluster: %s: %s\n", ebx, edx
4:  mov     eax, 1
    pop     ebx
    ret

# Asks a node to reboot, and says what it answers.
# In: EAX peer.
# Out: EAX status.
.global reboot_told
reboot_told:
    push    ebx
    mov     ebx, eax
    call    reboot_request
    add     ebx, PEER_NAME
    mov     edx, [result_texts + eax*4 + 4]
    PRINTF  "%s %s\n", ebx, edx
    neg     eax                         # RESULT_REBOOTING is 0
    sbb     eax, eax
    neg     eax
    pop     ebx
    ret

.pushsection .data
.balign 4
result_texts:           .long result_none, result_rebooting, result_refused, result_stale
.popsection
STRING result_none, "does not answer"
STRING result_rebooting, "reboots"
STRING result_refused, "refuses: its variable cloud.reboot does not allow it"
STRING result_stale, "refuses: the request does not name its present era and age; try again"
