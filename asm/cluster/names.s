# The cluster's names: every member answers for the domain that the value `dns.domain` names, with the DNS server of
# asm/services. The zone is made anew whenever members, addresses, load or values have changed; a task of its own does
# that, and sleeps while there is no domain. See docs/protocols/dns.md.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"
.include "dns.inc"

LOOK_MS                 = 1000          # how often it is looked whether the zone is right
BYTES_BASE              = 2048          # of the zone's text, beside rows
BYTES_NODE              = 192           # rows of a node, and its rows in a service
BYTES_MAXIMUM           = 256 * 1024    # more nodes are left out
ROW_MAXIMUM             = 192           # bytes of one row
SERIAL_DIGITS           = 10
SERIAL_BEHIND           = 13            # bytes of the SOA record's row behind its serial
BUSY_FROM               = 50            # percent of the processor's time: a node that uses more is busy,
BUSY_UNTIL              = 30            # until it uses less than this

.section .rodata
.global value_domain
value_domain:           .asciz  "dns.domain"

.bss
.balign 4
.global names_event
names_event:            .space 4        # wakes the task: the values have changed
    # 1: this node has more to do than most; in its packets as FLAG_BUSY
.global node_busy
node_busy:              .space 4
time_then:              .space 8        # time stamp of the last look, and the idle task's time then
idle_then:              .space 8
.global domain_served
domain_served:          .space VALUE_SIZE   # empty: none
zone_serial:            .space 4
zone_digest:            .space 4        # of the text without the serial
zone_text:              .space 4        # while it is being made
zone_serial_at:         .space 4        # where its serial stands
zone_end:               .space 4
row_rank:               .space 4        # 0: of a node that is not busy
names_parsed:           .space DNS_NAME_MAXIMUM + 1

.section .bss.kept, "aw", @nobits
.balign 4
server_started:         .space 4        # 1: the DNS server was switched on here

ON_HOOK known_names, cluster_name
HOOK names_more, hook_none              # EDI where the next row goes, of few bytes -> EDI. Clobbers all

.text

# The task.
.global names_task
names_task:
    or      edi, -1                     # EDI: milliseconds to wait
.Lnames_task_wait:
    mov     eax, offset names_event
    mov     edx, edi
    call    event_wait
    mov     eax, offset cluster_mutex
    call    mutex_lock
    or      edi, -1
    mov     eax, offset value_domain
    mov     edx, offset values
    call    values_find
    mov     esi, offset no_name
    jc      1f
    mov     edi, LOOK_MS
    mov     ebx, eax
    call    agreement_speaks            # who has left, or is out, no longer hears who is there
    jne     1f
    mov     eax, ebx
    mov     dl, 0
    call    string_find
    lea     esi, [eax + 1]
1:  call    names_domain
    cmp     byte ptr [domain_served], 0
    je      .Lnames_task_none
    call    names_load
    call    names_compose
    call    plan_read
    call    download_look
.Lnames_task_none:
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    cmp     byte ptr [domain_served], 0
    je      .Lnames_task_wait
    cmp     dword ptr [zone_text], 0
    je      .Lnames_task_wait
    call    names_publish
    jmp     .Lnames_task_wait

# Takes over which domain is served. May sleep.
# In: ESI domain, empty for none.
names_domain:
    mov     eax, esi
    mov     edx, offset domain_served
    call    string_compare
    je      9f
    call    names_withdraw
    mov     eax, esi
    call    names_good
    jc      9f                          # no domain
    mov     eax, offset domain_served
    mov     edx, esi
    mov     ecx, VALUE_SIZE
    call    string_copy
    mov     dword ptr [zone_digest], 0
    call    dns_start
    jc      9f                          # it is on already
    mov     dword ptr [server_started], 1
9:  ret

# The domain is served no longer. May sleep.
.global names_withdraw
names_withdraw:
    cmp     byte ptr [domain_served], 0
    je      9f
    mov     eax, offset domain_served
    call    dns_zone_remove
    mov     byte ptr [domain_served], 0
    xor     eax, eax
    xchg    eax, [server_started]
    test    eax, eax
    jnz     dns_stop
9:  ret

# Whether text is a name that the DNS can have.
# In: EAX text.
# Out: CF when it is not.
# Clobbers: ECX, EDX.
.global names_good
names_good:
    push    eax
    call    string_length
    mov     ecx, eax
    pop     eax
    mov     edx, offset names_parsed
    jmp     dns_name_parse

# Looks how much of the processor's time was used since the last look, and tells the coordinator when this node has
# become busy, or is no longer.
names_load:
    push    ebx
    push    esi
    push    edi
    call    task_cycles_per_ms          # brings the times up to date
    mov     ecx, [task_idle]
    mov     eax, [ecx + TASK_CYCLES]
    mov     edx, [ecx + TASK_CYCLES + 4]
    mov     esi, eax
    mov     edi, edx
    sub     eax, [idle_then]
    sbb     edx, [idle_then + 4]
    mov     [idle_then], esi
    mov     [idle_then + 4], edi
    push    edx
    push    eax                         # [esp]: idle since then
    call    task_time
    mov     esi, eax
    mov     edi, edx
    sub     eax, [time_then]
    sbb     edx, [time_then + 4]
    mov     [time_then], esi
    mov     [time_then + 4], edi
    mov     ebx, eax                    # EDX:EBX: all
    pop     eax
    pop     ecx                         # ECX:EAX: idle
.Lnames_load_scale:
    mov     esi, edx                    # both in 24 bits
    or      esi, ecx
    mov     edi, ebx
    or      edi, eax
    shr     edi, 24
    or      esi, edi
    jz      .Lnames_load_scaled
    shrd    ebx, edx, 8
    shr     edx, 8
    shrd    eax, ecx, 8
    shr     ecx, 8
    jmp     .Lnames_load_scale
.Lnames_load_scaled:
    inc     ebx
    mov     ecx, 100
    mul     ecx
    div     ebx
    mov     ecx, 100
    sub     ecx, eax                    # ECX: percent that were used
    mov     eax, [node_busy]
    cmp     ecx, BUSY_FROM
    jle     .Lnames_load_busy
    mov     eax, 1
.Lnames_load_busy:
    cmp     ecx, BUSY_UNTIL
    jge     .Lnames_load_idle
    xor     eax, eax
.Lnames_load_idle:
    cmp     eax, [node_busy]
    je      .Lnames_load_done
    mov     [node_busy], eax
    call    coordinator_report_now
.Lnames_load_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes the zone's text. The cluster's mutex is held.
# Out: zone_text, 0 when nothing has changed or there is no room.
names_compose:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     dword ptr [zone_text], 0
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lnames_compose_done
    mov     eax, [view_members]
    inc     eax
    imul    eax, eax, BYTES_NODE
    mov     ebx, eax
    call    names_services              # EAX: how many
    inc     eax
    mul     ebx
    add     eax, BYTES_BASE
    cmp     eax, BYTES_MAXIMUM
    jbe     1f
    mov     eax, BYTES_MAXIMUM
1:  mov     ebx, eax
    call    malloc
    jc      .Lnames_compose_done
    mov     [zone_text], eax
    lea     ecx, [eax + ebx - 2 * ROW_MAXIMUM - 4]
    mov     [zone_end], ecx
    mov     edi, eax                    # EDI: where the next row goes
    mov     esi, offset hostname
    mov     eax, esi
    call    names_good
    jnc     2f
    mov     esi, offset value_domain    # nobody has such a name: any serves
2:  SNPRINTF edi, ROW_MAXIMUM, "$TTL 5\n@ NS %s\n@ SOA %s hostmaster 0000000000 60 10 600 5\n", esi, esi
    add     edi, eax
    lea     eax, [edi - SERIAL_BEHIND - SERIAL_DIGITS]
    mov     [zone_serial_at], eax
    mov     ebp, offset row_node
    call    names_nodes
    call    names_root
    call    names_services_rows
    call    [names_more]
.ifdef CHECKS
    mov     eax, [zone_end]
    add     eax, 2 * ROW_MAXIMUM
    CHECK   edi, be, eax, "names_compose: the zone is longer than its memory"
.endif
    mov     byte ptr [edi], 0
    mov     edx, [zone_text]
    mov     ecx, edi
    sub     ecx, edx
    add     ecx, 3                      # behind the text are zeros
    shr     ecx, 2
    call    words_digest
    cmp     eax, [zone_digest]
    je      .Lnames_compose_same
    mov     [zone_digest], eax
    jmp     .Lnames_compose_done
.Lnames_compose_same:
    xor     eax, eax
    xchg    eax, [zone_text]
    call    mfree
.Lnames_compose_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Has the server answer with the zone that was written. The cluster's mutex is not held. May sleep.
names_publish:
    push    ebx
    push    esi
    mov     ebx, [zone_text]
    inc     dword ptr [zone_serial]
    mov     esi, [zone_serial_at]
    SNPRINTF esi, SERIAL_DIGITS + 1, "%010u", [zone_serial]
    mov     byte ptr [esi + SERIAL_DIGITS], ' '
    mov     eax, offset domain_served
    mov     esi, ebx
    call    dns_zone_replace
    mov     eax, ebx
    mov     dword ptr [zone_text], 0
    call    mfree
    pop     esi
    pop     ebx
    ret

# Calls a routine for each living member whose name the DNS can have: those that are not busy first, among them this
# node first.
# In: EBP routine, which is given ESI name, EDX address, row_rank, and EDI where the next row goes; EDI.
# Out: EDI.
names_nodes:
    push    ebx
    push    esi
    mov     dword ptr [row_rank], 0
.Lnames_nodes_rank:
    mov     eax, [node_busy]
    cmp     eax, [row_rank]
    jne     .Lnames_nodes_peers
    mov     esi, offset hostname
    mov     edx, [cluster_netif]
    mov     edx, [edx + NETIF_ADDRESS]
    call    names_node
.Lnames_nodes_peers:
    mov     ebx, [peer_first]
.Lnames_nodes_next:
    test    ebx, ebx
    jz      .Lnames_nodes_again
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lnames_nodes_skip
    mov     eax, [ebx + PEER_FLAGS]
    and     eax, FLAG_BUSY
    neg     eax
    sbb     eax, eax
    neg     eax
    cmp     eax, [row_rank]
    jne     .Lnames_nodes_skip
    lea     esi, [ebx + PEER_NAME]
    mov     edx, [ebx + PEER_ADDRESS]
    call    names_node
.Lnames_nodes_skip:
    mov     ebx, [ebx + PEER_NEXT]
    jmp     .Lnames_nodes_next
.Lnames_nodes_again:
    inc     dword ptr [row_rank]
    cmp     dword ptr [row_rank], 1
    je      .Lnames_nodes_rank
    pop     esi
    pop     ebx
    ret

# Calls the routine for one node, if its name is good and there is room.
# In: as names_nodes; ESI name, EDX address.
# Out: EDI.
names_node:
    cmp     edi, [zone_end]
    jae     9f
    push    edx
    mov     eax, esi
    call    names_good
    pop     edx
    jc      9f
    jmp     ebp
9:  ret

# Rows of a node: its name, and all below it.
# In: see names_nodes.
row_node:
    push    ebx
    mov     ebx, edx
    SNPRINTF edi, ROW_MAXIMUM, "%s A %I\n*.%s A %I\n", esi, ebx, esi, ebx
    add     edi, eax
    pop     ebx
    ret

# Rows of the domain itself.
# In: see names_nodes.
row_root:
    push    ebx
    mov     ebx, edx
    SNPRINTF edi, ROW_MAXIMUM, "@ A %I\n", ebx
    add     edi, eax
    pop     ebx
    ret

# The addresses of the domain itself: the service addresses, or those of all members.
# In: EDI where the next row goes.
# Out: EDI.
names_root:
    push    ebx
    mov     ebp, edi
    mov     ebx, offset services
1:  mov     edx, [ebx + SERVICE_ADDRESS]
    test    edx, edx
    jz      2f
    call    row_root
2:  add     ebx, SERVICE_SIZE
    cmp     ebx, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    cmp     edi, ebp
    jne     9f
    mov     ebp, offset row_root
    call    names_nodes
9:  pop     ebx
    ret

# Rows of a service on one node.
# In: see names_nodes.
row_service:
    call    service_has
    jne     9f
    push    ebx
    mov     ebx, edx
    mov     ecx, [service_name]
    SNPRINTF edi, ROW_MAXIMUM, "%s A %I\n*.%s A %I\n", ecx, ebx, ecx, ebx
    add     edi, eax
    mov     ebx, [service_proto]
    mov     eax, offset service_label
    mov     edx, offset service_rest
    SNPRINTF edi, ROW_MAXIMUM, "_%s._%s%s SRV %u 1 %u %s\n", eax, ebx, edx, [row_rank], [service_port], esi
    add     edi, eax
    pop     ebx
9:  ret

# Rows of all services.
# In: EDI where the next row goes.
# Out: EDI.
names_services_rows:
    push    esi
    call    names_first
1:  call    names_next
    jc      2f
    mov     ebp, offset row_service
    call    names_nodes
    jmp     1b
2:  pop     esi
    ret

# Finds the address of a name that the cluster knows: of a member by its name, or of what is in the domain, with the
# domain or without it.
# In: EAX text.
# Out: ECX address; CF when it is none of these.
# Clobbers: EAX, EDX.
cluster_name:
    push    ebx
    push    esi
    push    edi
    sub     esp, 256
    mov     esi, eax
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, esi
    call    peer_named
    test    eax, eax
    jz      1f
    mov     edi, [eax + PEER_ADDRESS]
1:  mov     ebx, eax
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    test    ebx, ebx
    jnz     .Lcluster_name_found
    cmp     byte ptr [domain_served], 1
    jb      .Lcluster_name_done
    mov     eax, esi
    call    zone_address
    jnc     .Lcluster_name_address
    mov     eax, esp
    mov     edx, offset domain_served
    SNPRINTF eax, 256, "%s.%s", esi, edx
    mov     eax, esp
    call    zone_address
    jc      .Lcluster_name_done
.Lcluster_name_address:
    mov     edi, eax
.Lcluster_name_found:
    mov     ecx, edi
    clc
.Lcluster_name_done:
    lea     esp, [esp + 256]
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the first address of a name in the zones that are served here.
# In: EAX text.
# Out: EAX address; CF when it has none.
# Clobbers: ECX, EDX.
zone_address:
    push    ebx
    sub     esp, DNS_NAME_MAXIMUM + 1
    mov     ebx, eax
    call    string_length
    mov     ecx, eax
    mov     eax, ebx
    mov     edx, esp
    call    dns_name_parse
    jc      9f
    mov     eax, offset dns_mutex
    call    mutex_lock
    xor     eax, eax
    mov     edx, esp
    mov     ecx, DNS_A
    call    dns_record_next
    sbb     ebx, ebx
    jc      1f
    mov     eax, [eax + ZONE_DATA]
    mov     eax, [eax]
1:  push    eax
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     eax
    add     ebx, ebx                    # CF as it was
9:  lea     esp, [esp + DNS_NAME_MAXIMUM + 1]
    pop     ebx
    ret
