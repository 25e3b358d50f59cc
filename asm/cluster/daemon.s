# The cluster daemon: the task that loads cluster_node, listens to the group, keeps the timers of the agreement, and
# prints a line whenever the view changes.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"
.include "part.inc"
.include "handle.inc"

ADDRESS_POLL_MS         = 50            # how often a node without an address looks for one
SAVE_POLL_MS            = 10            # how often it is looked whether the object is saved
POLL_MS                 = 400           # how often name and address are looked at when nothing else happens
VIEW_MS                 = 200           # lines come at most this often: many changes at once make one line
LEAVE_MS                = 20            # lets the last frame leave the card

# What the line shows; a line is due when it is not what was printed.
VIEW_STATE              = 0
VIEW_ERA                = 4
VIEW_AGE                = 8
VIEW_ADDRESS            = 12
VIEW_PEERS              = 16
VIEW_NAME               = 20            # HOSTNAME_SIZE bytes
VIEW_SIZE               = 20 + HOSTNAME_SIZE

.data
.balign 4
.global cluster_owner
cluster_owner:          .long 0, 0, cluster_name, 0    # of what the service opens
STRING cluster_name, "cloud"

.section .rodata
.balign 4
cluster_tasks:                          # those that work beside the daemon: routine, name
    .long   record_task, cluster_save_name, keep_task, cluster_keep_name, names_task, cluster_names_name
    .long   learn_task, cluster_learn_name, lend_task, cluster_lend_name
    .long   upgrade_task, cluster_upgrade_name, witness_task, cluster_witness_name, 0
# Tasks of a layer above: routine, name.
HOOK cluster_more_tasks, 0
STRING cluster_save_name, "cloud save"
STRING cluster_keep_name, "cloud keep"
STRING cluster_names_name, "cloud names"
STRING cluster_learn_name, "cloud learn"
STRING cluster_lend_name, "cloud lend"
STRING cluster_upgrade_name, "cloud upgrade"
STRING cluster_witness_name, "cloud witness"

.section .bss.kept, "aw", @nobits
.balign 4
.global cluster_mutex
cluster_mutex:          .space MUTEX_SIZE   # guards all that asm/cluster holds

.bss
.balign 4
.global cluster_netif
cluster_netif:          .space 4        # interface that the cluster is on, 0 if there is none
name_known:             .space NAME_SIZE    # the machine's name when the daemon last looked
address_known:          .space 4
view_now:               .space VIEW_SIZE
view_printed:           .space VIEW_SIZE
view_time:              .space 4        # clock_ms of the last line
.global generation_known
generation_known:       .space 4        # generation_count of the session
is_another:             .space 4        # 1: this machine is another node by now
tasks_seen:             .space 4        # how many of the daemon's tasks there have been at once
packet_in:              .space CLOUD_MAXIMUM + 4    # a longer one is cut off after a size that no packet has

.text

# The machine says bye before it stops (level 9).
cluster_init:
    mov     eax, offset cluster_leave
    jmp     power_hook
INITCALL 9, cluster_init

SERVICE_PART cluster, cluster_owner, "cloud", cluster_task, cluster_leave, cluster_reset, "kernel cluster\nneed network\nrestart always\n"

# All is as if the service had never run, but for the node itself: to start a service again is no boot. Its tasks have
# ended.
cluster_reset:
    push    edi
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    node_undo_alone
    call    node_session_ends
    xor     eax, eax
    mov     [shared_netif], eax
    mov     [arp_watcher], eax
    call    names_withdraw
    call    lan_dhcp_stop
    call    peer_free
    mov     edi, offset cluster_bss
    mov     ecx, offset cluster_bss_end
    sub     ecx, edi
    shr     ecx, 2
    xor     eax, eax
    rep stosd
    pop     edi
    mov     eax, offset cluster_mutex
    jmp     mutex_unlock

# The task. Without a network card there is no cluster, but a boot is a boot.
cluster_task:
    mov     eax, offset cluster_owner
    call    owner_join
    call    keep_begin
    mov     eax, offset cluster_tasks
    call    cluster_start
    jc      .Lcluster_task_over
    mov     eax, offset cluster_more_tasks
    call    cluster_start
    jc      .Lcluster_task_over
    mov     ebx, [net_interfaces]
    mov     [cluster_netif], ebx
    mov     dword ptr [cluster_pings], 1
    test    ebx, ebx
    jnz     .Lcluster_task_card
    PRINT   "cluster: there is no network card\n"
    call    node_load
    jc      .Lcluster_task_alone
    call    cluster_print_node
.Lcluster_task_alone:
    or      eax, -1                     # until the service is stopped
    call    task_sleep
    jmp     .Lcluster_task_alone
.Lcluster_task_card:
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    cluster_remember
    mov     dword ptr [upgrade_begun], 1
    mov     eax, CLUSTER_PORT
    mov     edx, ebx
    call    udp_open_on
    jc      .Lcluster_task_failed
    mov     [cluster_socket], eax
    mov     eax, offset cable_event
    call    net_changes
    call    holder_start
    mov     eax, [cluster_socket]
    mov     edx, CLUSTER_GROUP
    call    udp_join
    jc      .Lcluster_task_failed
    mov     eax, offset cluster_mutex
    call    mutex_unlock

.Lcluster_task_loop:
    mov     eax, [cluster_owner + OWNER_TASKS]
    cmp     eax, [tasks_seen]
    jb      .Lcluster_task_fewer
    mov     [tasks_seen], eax
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    cluster_timers
    mov     edi, eax
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    cmp     dword ptr [is_another], 0
    jne     .Lcluster_task_over         # and begins anew as that one
    mov     edx, edi
    mov     eax, [cluster_socket]
    mov     ecx, offset cable_event
    call    udp_wait
    call    cluster_listen
    jc      .Lcluster_task_nothing
    jmp     .Lcluster_task_loop
.Lcluster_task_nothing:
    cmp     eax, ERROR_TIMEOUT          # ICMP errors, which anybody can send, are told only to who waits in udp_receive
    je      .Lcluster_task_loop
    mov     esi, eax
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, esi
.Lcluster_task_failed:
    call    error_text
    PRINTF  "cluster: the daemon ends: %s\n", eax
    mov     eax, offset cluster_mutex
    jmp     mutex_unlock
.Lcluster_task_fewer:
    PRINT   "cluster: one of the daemon's tasks was ended; so does the daemon\n"
.Lcluster_task_over:
    ret

# Starts tasks beside the daemon.
# In: EAX list: routine, name; it ends with 0.
# Out: CF when one cannot be made.
cluster_start:
    push    ebx
    mov     ebx, eax
1:  mov     eax, [ebx]
    test    eax, eax
    jz      2f                          # CF is clear
    xor     edx, edx
    mov     ecx, [ebx + 4]
    call    task_create_owned
    jc      2f
    add     ebx, 8
    jmp     1b
2:  pop     ebx
    ret

# Brings back what this node knew, and who it is.
# In: EBX interface. The mutex is held.
# Clobbers: all but EBX.
cluster_remember:
    mov     eax, ebx
    call    node_identify
    mov     eax, [generation_count]
    mov     [generation_known], eax
    call    node_load
    call    values_load
    call    vote_load
    call    history_recall
    call    lived_load
    call    trust_begin
    call    keyring_load
    call    trust_load
    call    reboot_recall
    call    cluster_print_node
    cmp     byte ptr [node + NODE_NAME], 0
    je      .Lcluster_remember_named
    mov     eax, offset node + NODE_NAME
    call    hostname_set
.Lcluster_remember_named:
    call    name_remember
    cmp     byte ptr [hostname_next], 0
    je      1f
    mov     eax, offset hostname_next
    call    hostname_set                # as if a person had typed it here
    mov     byte ptr [hostname_next], 0
    mov     byte ptr [name_known], 0    # a kernel that moved is called so already: it is saved here all the same
    jmp     name_check
1:  ret

# Takes in a datagram.
# Out: CF and EAX error when there is none. May not return, after a request to reboot.
# Clobbers: ECX, EDX, ESI, EDI.
cluster_listen:
    mov     eax, [cluster_socket]
    xor     edx, edx
    mov     esi, offset packet_in
    mov     edi, CLOUD_MAXIMUM + 4
    call    udp_receive
    jc      .Lcluster_listen_not
    mov     esi, eax
    push    edx
    push    ecx
    mov     eax, offset cluster_mutex
    call    mutex_lock
    pop     ecx
    pop     edx
    mov     eax, offset packet_in
    call    cluster_receive
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    clc
    ret
.Lcluster_listen_not:
    stc
    ret

# Keeps the sooner of two times.
# In: EAX, ESI milliseconds.
# Out: ESI the lesser.
# Clobbers: nothing but the flags.
cluster_sooner:
    cmp     eax, esi
    jge     1f
    mov     esi, eax
1:  ret

# Looks whether this node has another address: a new lease may bring a name, and the first one lets it join.
# In: EBX interface.
# Clobbers: EAX, ECX, EDX.
address_look:
    mov     eax, [ebx + NETIF_ADDRESS]
    cmp     eax, [address_known]
    je      1f
    mov     [address_known], eax
    test    eax, eax
    jz      1f
    mov     eax, ebx
    call    node_name_default
    call    name_remember
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      agreement_begin
1:  ret

# Does all that depends on time.
# Out: EAX milliseconds until it is needed again.
cluster_timers:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [cluster_netif]
    mov     esi, POLL_MS
    call    node_saved
    mov     ecx, SAVE_POLL_MS
    jc      .Lcluster_timers_saving
    call    node_return
    mov     ecx, esi
.Lcluster_timers_saving:
    mov     esi, ecx
    call    address_look
    cmp     dword ptr [cluster_state], STATE_WAITING
    jne     .Lcluster_timers_timers
    mov     esi, ADDRESS_POLL_MS
.Lcluster_timers_timers:
    call    name_check
    call    reboot_check
    call    cluster_compare
    jnc     .Lcluster_timers_same
    mov     esi, SAVE_POLL_MS
    jmp     .Lcluster_timers_due
.Lcluster_timers_same:
    call    clock_ms
    mov     edi, eax
    call    health_look
    jnc     .Lcluster_timers_awake
    mov     eax, edi
    call    peer_thaw
    call    coordinator_beat
.Lcluster_timers_awake:
    mov     eax, edi
    call    cable_look
    call    cluster_sooner
    mov     eax, edi
    call    same_address_look
    mov     eax, edi
    call    agreement_timers
    call    cluster_sooner
    mov     eax, edi
    call    peer_expire
    call    cluster_sooner
    call    clock_ms
    call    view_update
    call    cluster_sooner
    call    clock_ms
    call    stranger_timers
    call    cluster_sooner
    call    clock_ms
    call    values_timers
    call    cluster_sooner
    call    clock_ms
    call    history_timers
    call    cluster_sooner
    call    clock_ms
    call    proposal_timers
    call    cluster_sooner
    call    clock_ms
    call    report_timers
    call    cluster_sooner
    call    clock_ms
    call    namesake_look
    call    cluster_sooner
    call    job_look
    test    esi, esi
    jg      .Lcluster_timers_due
    xor     esi, esi
    inc     esi
.Lcluster_timers_due:
    mov     eax, esi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks whether this machine is a copy: of itself, or of one that goes on with other cards. May sleep.
# In: EBX interface.
# Out: CF when this node says nothing: that is not known yet, or it is another node.
# Clobbers: EAX, ECX, EDX.
cluster_compare:
    call    generation_look
    mov     eax, [generation_count]
    cmp     eax, [generation_known]
    je      9f                          # CF is clear
    cmp     eax, [net_generation]       # until the cards have been looked at
    jne     8f
    mov     eax, ebx
    call    node_is
    jne     7f
    mov     eax, [generation_count]
    mov     [generation_known], eax
    call    cluster_renew
    clc
    ret
7:  call    cluster_part
8:  stc
9:  ret

# Notes the machine's name as it is.
.global name_remember
name_remember:
    mov     eax, offset name_known
    mov     edx, offset hostname
    mov     ecx, NAME_SIZE
    jmp     string_copy

# Looks whether the user changed the name (command hostname), and saves it. A copy of another machine has a name of its
# own by now, and is that one's node still: nothing of that is saved.
name_check:
    mov     eax, [generation_count]
    cmp     eax, [generation_known]
    jne     9f
    mov     eax, offset hostname
    mov     edx, offset name_known
    call    string_compare
    je      9f
    call    name_remember
    push    edi
    mov     edi, offset node + NODE_NAME
    xor     eax, eax
    mov     ecx, NAME_SIZE / 4
    rep stosd
    pop     edi
    mov     eax, offset node + NODE_NAME
    mov     edx, offset name_known
    mov     ecx, NAME_SIZE
    call    string_copy
    jmp     node_save
9:  ret

# Prints the line of the view if it is due.
# In: EAX now.
# Out: EAX milliseconds until one may be due, 0x7FFFFFFF if none waits.
view_update:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      .Lview_update_unchanged
    mov     esi, offset view_now
    mov     eax, [cluster_state]
    mov     [esi + VIEW_STATE], eax
    mov     eax, [node + NODE_AGE]
    mov     [esi + VIEW_AGE], eax
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_ADDRESS]
    mov     [esi + VIEW_ADDRESS], eax
    xor     ecx, ecx                    # before there is an era, there are no peers of it
    xor     edx, edx
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lview_update_alone
    mov     ecx, [node + NODE_ERA]
    cmp     dword ptr [node_alone], 0   # peers count from when the era is on disk
    jne     .Lview_update_alone
    mov     edx, [peer_alive]
.Lview_update_alone:
    mov     [esi + VIEW_ERA], ecx
    mov     [esi + VIEW_PEERS], edx
    lea     eax, [esi + VIEW_NAME]
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    mov     eax, esi
    mov     edx, offset view_printed
    mov     ecx, VIEW_SIZE
    call    mem_compare
    je      .Lview_update_unchanged
    cmp     dword ptr [view_printed + VIEW_STATE], STATE_WAITING
    je      .Lview_update_print         # the first line comes at once
    mov     ecx, ebx                    # how long ago the last line was: it may be months
    sub     ecx, [view_time]
    mov     eax, VIEW_MS
    sub     eax, ecx
    cmp     ecx, VIEW_MS
    jb      .Lview_update_done
.Lview_update_print:
    mov     [view_time], ebx
    mov     eax, offset view_printed
    mov     edx, esi
    mov     ecx, VIEW_SIZE
    call    mem_copy
    lea     eax, [esi + VIEW_NAME]
    cmp     dword ptr [esi + VIEW_STATE], STATE_MEMBER
    je      .Lview_update_member
    PRINTF  "cloud: %s %I joining age %u\n", eax, [esi+VIEW_ADDRESS], [esi+VIEW_AGE]
    jmp     .Lview_update_unchanged
.Lview_update_member:
    PRINTF  "cloud: %s %I era %u age %u peers %u\n", eax, [esi+VIEW_ADDRESS], [esi+VIEW_ERA], [esi+VIEW_AGE], [esi+VIEW_PEERS]
.Lview_update_unchanged:
    mov     eax, 0x7FFFFFFF
.Lview_update_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says what the node is and where its object lies.
.global cluster_print_node
cluster_print_node:
    push    ebx
    mov     eax, [node + NODE_ID]
    bswap   eax
    mov     edx, [node + NODE_ID + 4]
    bswap   edx
    cmp     dword ptr [node_mount], 0
    je      1f
    PRINTF  "cluster: node %08x%08x, era %u, age %u, on disk\n", eax, edx, [node+NODE_ERA], [node+NODE_AGE]
    jmp     9f
1:  PRINTF  "cluster: node %08x%08x, age %u, in memory only: hda0: %s\n", eax, edx, [node+NODE_AGE], [node_problem]
9:  pop     ebx
    ret

# Saves a changed name and says bye, before the machine stops or `cloud stop`. The node is silent from then on: a view
# that calls it gone must not make it speak up. The mutex is not held. May sleep.
.global cluster_leave
cluster_leave:
    cmp     dword ptr [cluster_socket], 0
    je      9f
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    name_check
    call    reboot_check
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      1f
    cmp     dword ptr [cluster_pings], 0
    je      1f
    cmp     dword ptr [trust_sequence], 0
    je      1f                          # nobody has heard of this boot
    call    holder_leave
    call    history_note_left
    call    history_tell_fresh
    call    lived_leave
    call    coordinator_bye
1:  mov     dword ptr [cluster_pings], 0
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    call    node_flush
    call    keep_flush
    mov     eax, LEAVE_MS
    jmp     task_sleep
9:  ret

# Leaves the cluster, takes another key, and looks for the cluster that has it. The mutex is held. May sleep.
# In: EAX name, empty for none; key_parsed the key.
.global cluster_rejoin
cluster_rejoin:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      1f
    cmp     dword ptr [cluster_pings], 0
    je      1f
    call    holder_leave
    call    coordinator_bye
1:  call    node_undo_alone
    call    keyring_forget
    mov     eax, ebx
    call    trust_adopt
    call    keep_forget
    call    values_forget               # they are the other cluster's
    call    history_forget
    call    node_session_ends
    call    session_forget
    call    trust_begin                 # a new session, which no recording names
    call    node_save
    call    view_disband
    call    cluster_receive_forget
    call    peer_forget
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      2f
    call    agreement_begin
2:  pop     ebx
    ret

# This machine has come back from a snapshot, or is a copy of one that goes on elsewhere: what it was about to say may
# have been said already, under its session's numbers. It joins anew, in another session; a code that it drew counts no
# longer. The mutex is held. May sleep.
cluster_renew:
    PRINT   "cluster: this machine has come back from a snapshot; its node joins anew\n"
    call    holders_drop
    call    invite_close
    call    rotate_forget
    call    proposal_forget
    call    node_undo_alone
    call    node_session_ends
    call    trust_begin
    call    view_disband
    call    cluster_receive_forget
    call    peer_forget
    cmp     dword ptr [cluster_state], STATE_WAITING
    je      9f
    call    agreement_begin
9:  ret

# This machine is a copy of one that goes on, with other cards: another node. The service begins anew, as after a boot
# with the disk of that one, and says nothing before. The mutex is held. May sleep.
cluster_part:
    PRINT   "cluster: this machine is a copy of another one; it joins as a node of its own\n"
    mov     dword ptr [cluster_pings], 0
    call    holders_drop
    call    mounts_landed
    call    node_part
    mov     eax, [cluster_netif]
    call    node_identify
    mov     dword ptr [is_another], 1
    ret

# Gives up all addresses of services, without a word.
holders_drop:
    push    esi
    mov     esi, offset services
1:  call    holder_drop
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    pop     esi
    ret
