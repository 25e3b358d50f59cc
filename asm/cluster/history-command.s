# `cloud history`, `cloud nodes`, `cloud events` and `cloud graph`: what the cluster remembers. What is shown is copied
# first, so that a slow console does not hold the cluster up.

.include "macros.inc"
.include "errors.inc"
.include "date.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

GRAPH_WIDTH             = 50            # columns of the longest bar
ARRIVALS_MASK           = 31            # of the table `arrivals`

# --- A node as the history tells of it --------------------------------------------------------------------------------
TOLD_FIRST              = 0             # time of its first coming,
TOLD_LAST               = 4             # and of the last word about it
TOLD_BOOTS              = 8             # how often it came
TOLD_EVENT              = 12            # the last word
TOLD_SIZE               = 16

.data
.balign 4
event_texts:            .long text_founded, text_ended, text_joined, text_left, text_died, text_moved
    .long   text_configured, text_upgraded
STRING text_founded, "%s founded the era, age %u, revision %u"
STRING text_ended, "the era ended"
STRING text_joined, "%s joined, age %u, revision %u"
STRING text_left, "%s left"
STRING text_died, "%s died"
STRING text_moved, "%I is at %s"
STRING text_configured, "%s was changed by %I"
STRING text_upgraded, "%s has revision %u, after %u"
STRING nameless, "a node"
STRING follow, "-f"

.text

# Copies the history, so that it can be shown without the mutex. May sleep.
# Out: ESI its first event, EDI its end, to be given to mfree as ESI - HISTORY_EVENTS; CF without memory, which has been
# said.
# Clobbers: EAX, ECX, EDX.
.global history_copy
history_copy:
    mov     eax, HISTORY_SIZE
    call    malloc
    jc      8f
    mov     esi, eax
    call    cloud_lock
    imul    edi, [history + HISTORY_COUNT], EVENT_SIZE
    mov     eax, esi
    mov     edx, offset history
    lea     ecx, [edi + HISTORY_EVENTS]
    call    mem_copy
    call    cloud_unlock
    add     esi, HISTORY_EVENTS
    add     edi, esi
    clc
    ret
8:  call    error_text
    PRINTF  "cluster: %s\n", eax
    stc
    ret

# Prints a time.
# In: EAX seconds since 2000-01-01.
# Clobbers: EAX, ECX, EDX.
print_time:
    push    ebx
    sub     esp, DATE_SIZE
    mov     ebx, esp
    mov     edx, ebx
    call    date_from_seconds
    PRINTF  "%04u-%02u-%02u %02u:%02u:%02u", [ebx+DATE_YEAR], [ebx+DATE_MONTH], [ebx+DATE_DAY], [ebx+DATE_HOUR], [ebx+DATE_MINUTE], [ebx+DATE_SECOND]
    add     esp, DATE_SIZE
    pop     ebx
    ret

# Prints an event as a line.
# In: ESI event.
# Clobbers: EAX, ECX, EDX.
event_print:
    xor     edx, edx

# The same, with the cluster whose it is: EDX its name, or 0.
.global event_print_of
event_print_of:
    push    ebx
    push    edi
    mov     ebx, edx
    mov     eax, [esi + EVENT_TIME]
    call    print_time
    test    ebx, ebx
    jz      4f
    PRINTF  "  %-15s", ebx
4:  PRINTF  "  %u.%u  ", [esi+EVENT_ERA], [esi+EVENT_NUMBER]
    movzx   ebx, byte ptr [esi + EVENT_KIND]
    lea     edi, [esi + EVENT_NAME]
    cmp     byte ptr [edi], 0
    jne     1f
    mov     edi, offset nameless
1:  cmp     ebx, EVENT_MOVED
    je      2f
    push    [esi + EVENT_DETAIL_2]
    push    [esi + EVENT_DETAIL]
    push    edi
    jmp     3f
2:  push    0
    push    edi
    push    [esi + EVENT_DETAIL]
3:  push    [event_texts + ebx*4 - 4]
    call    printf
    add     esp, 16
    movzx   eax, word ptr [esi + EVENT_MEMBERS]
    PRINTF  "  (%u online)\n", eax
    pop     edi
    pop     ebx
    ret

# What `cloud events --all` shows: the events of this cluster, and of others. EAX status.
HOOK all_events, hook_quiet

# Shows all events, and with -f those that come.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_events
cloud_events:
    push    ebx
    push    esi
    push    edi
    xor     ebx, ebx                    # EBX: 1 to go on with what comes
    test    eax, eax
    jz      1f
    dec     eax
    jnz     .Lcloud_events_usage
    mov     esi, [edx]
    mov     eax, esi
    LOAD_STRING edx, "--all"
    call    string_compare
    je      .Lcloud_events_all
    mov     eax, esi
    mov     edx, offset follow
    call    string_compare
    jne     .Lcloud_events_usage
    inc     ebx
    call    break_clear
1:  push    [arrived]
    call    history_copy
    jc      .Lcloud_events_failed
    push    esi
2:  cmp     esi, edi
    jae     3f
    call    event_print
    add     esi, EVENT_SIZE
    jmp     2b
3:  pop     eax
    sub     eax, HISTORY_EVENTS
    call    mfree
    pop     esi                         # ESI: arrivals that were shown
    test    ebx, ebx
    jnz     .Lcloud_events_follow
    call    history_trust
    jmp     .Lcloud_events_good
.Lcloud_events_follow:
    call    history_follow
.Lcloud_events_good:
    xor     eax, eax
    jmp     .Lcloud_events_done
.Lcloud_events_all:
    call    [all_events]
    jmp     .Lcloud_events_done
.Lcloud_events_usage:
    mov     eax, CLOUD_MISUSED
    jmp     .Lcloud_events_done
.Lcloud_events_failed:
    pop     eax
.Lcloud_events_bad:
    mov     eax, 1
.Lcloud_events_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether another member has the history on its disk.
history_trust:
    call    cloud_lock
    cmp     dword ptr [history + HISTORY_COUNT], 0
    je      2f
    mov     eax, [history + HISTORY_DIGEST]
    cmp     eax, [history_confirmed]
    jne     1f
    PRINT   "All of them are on another member's disk too.\n"
    jmp     2f
1:  PRINT   "The last of them are not known to be on another member's disk.\n"
2:  jmp     cloud_unlock

# Prints events as they come, until Ctrl-C. May sleep.
# In: ESI how many had come.
history_follow:
    push    ebx
    FRAME   EVENT_SIZE
    mov     ebx, esi
.Lhistory_follow_next:
    cmp     ebx, [arrived]
    je      .Lhistory_follow_wait
    call    cloud_lock
    mov     eax, [arrived]
    sub     eax, ebx
    cmp     eax, ARRIVALS_MASK
    jbe     1f
    mov     ebx, [arrived]              # more came than are kept
    sub     ebx, ARRIVALS_MASK
1:  mov     edx, ebx
    and     edx, ARRIVALS_MASK
    imul    edx, edx, EVENT_SIZE
    add     edx, offset arrivals
    lea     esi, [ebp - EVENT_SIZE]
    mov     eax, esi
    mov     ecx, EVENT_SIZE
    call    mem_copy
    call    cloud_unlock
    inc     ebx
    call    event_print
    jmp     .Lhistory_follow_next
.Lhistory_follow_wait:
    call    break_source
    push    eax
    push    offset history_event
    INTERRUPTS_OFF
2:  call    break_check
    jc      3f
    cmp     ebx, [arrived]
    jne     4f
    lea     eax, [esp + 4]              # below the flags
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     2b
3:  INTERRUPTS_RESTORE
    pop     eax
    pop     eax
    ENDFRAME
    pop     ebx
    ret
4:  INTERRUPTS_RESTORE
    pop     eax
    pop     eax
    jmp     .Lhistory_follow_next

# Shows the eras of the cluster, and those in which this node has lived.
# Out: EAX status.
.global cloud_history
cloud_history:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    history_copy
    mov     eax, 1
    jc      .Lcloud_history_done
    push    esi
    PRINT   " ERA FOUNDER          NAME            BEGAN                UNTIL                EVENTS\n"
    xor     ebp, ebp                    # EBP: since when this era has been
.Lcloud_history_era:
    cmp     esi, edi
    jae     .Lcloud_history_lives
    call    era_print
    jmp     .Lcloud_history_era
.Lcloud_history_lives:
    pop     eax
    sub     eax, HISTORY_EVENTS
    call    mfree
    call    cloud_lock
    test    ebp, ebp
    jz      1f
    call    clock_seconds
    sub     eax, ebp
    PRINTF  "The cluster has lived in era %u for ", [node+NODE_ERA]
    call    duration_print
    PRINT   "\n"
1:  PRINT   "This node runs for "
    call    uptime_print
    PRINT   ", and has lived in these eras:\n ERA  AGES        REV BEGAN                UNTIL\n"
    mov     ebx, offset lived + LIVED_ERAS
    mov     edi, [lived + LIVED_COUNT]
2:  sub     edi, 1
    jb      3f
    PRINTF  "%4u  %u-%u  %u  ", [ebx+LIFE_ERA], [ebx+LIFE_FIRST_AGE], [ebx+LIFE_LAST_AGE], [ebx+LIFE_REVISION]
    mov     eax, [ebx + LIFE_BEGAN]
    call    print_time
    PRINT   "  "
    mov     eax, [ebx + LIFE_UNTIL]
    call    print_time
    PRINT   "\n"
    add     ebx, LIFE_SIZE
    jmp     2b
3:  call    cloud_unlock
    xor     eax, eax
.Lcloud_history_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints an era: who founded it, when it began, and when something was last heard of it.
# In: ESI its first event, EDI end of the history.
# Out: ESI the first of the next era; EBP time of its founding if it is the one that this node lives in.
# Clobbers: EAX, EBX, ECX, EDX.
era_print:
    push    edi
    xor     ebx, ebx                    # EBX: the founding that counts, that of the lowest id
    push    esi
    mov     ecx, [esi + EVENT_ERA]
.Lera_print_next:
    cmp     byte ptr [esi + EVENT_KIND], EVENT_FOUNDED
    jne     .Lera_print_other
    test    ebx, ebx
    jz      .Lera_print_founder
    push    ecx
    lea     eax, [esi + EVENT_SUBJECT]
    lea     edx, [ebx + EVENT_SUBJECT]
    call    node_id_compare
    pop     ecx
    jae     .Lera_print_other
.Lera_print_founder:
    mov     ebx, esi
.Lera_print_other:
    add     esi, EVENT_SIZE
    cmp     esi, edi
    jae     .Lera_print_end
    cmp     ecx, [esi + EVENT_ERA]
    je      .Lera_print_next
.Lera_print_end:
    pop     edi                         # EDI: its first event
    PRINTF  "%4u ", ecx
    test    ebx, ebx
    jnz     .Lera_print_founded
    PRINT   "?                ?               "
    mov     eax, [edi + EVENT_TIME]
    jmp     .Lera_print_times
.Lera_print_founded:
    mov     eax, [ebx + EVENT_SUBJECT]
    bswap   eax
    mov     edx, [ebx + EVENT_SUBJECT + 4]
    bswap   edx
    lea     ecx, [ebx + EVENT_NAME]
    PRINTF  "%08x%08x %-15s ", eax, edx, ecx
    mov     eax, [ebx + EVENT_TIME]
    mov     ecx, [ebx + EVENT_ERA]
    cmp     ecx, [node + NODE_ERA]
    jne     .Lera_print_times
    mov     ebp, eax
.Lera_print_times:
    call    print_time
    PRINT   "  "
    mov     eax, [esi - EVENT_SIZE + EVENT_TIME]
    call    print_time
    mov     eax, esi
    sub     eax, edi
    xor     edx, edx
    mov     ecx, EVENT_SIZE
    div     ecx
    PRINTF  "  %u\n", eax
    pop     edi
    ret

# What `cloud nodes --all` shows beside the nodes of this cluster. EAX status, which stays.
HOOK other_nodes, hook_quiet

# Shows all nodes of which the history tells, and with --all those of other clusters.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_nodes
cloud_nodes:
    cmp     eax, 1
    jb      history_nodes
    mov     ecx, CLOUD_MISUSED
    ja      1f
    mov     eax, [edx]
    LOAD_STRING edx, "--all"
    call    string_compare
    mov     ecx, CLOUD_MISUSED
    jne     1f
    call    history_nodes
    jmp     [other_nodes]
1:  mov     eax, ecx
    ret

# Shows all nodes of which the history tells.
# Out: EAX status.
history_nodes:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    history_copy
    mov     eax, 1
    jc      .Lcloud_nodes_done
    push    esi
    PRINT   "NODE            ID               BOOTS FIRST SEEN           LAST WORD\n"
    mov     ebp, esi                    # EBP: first event of all
    mov     ebx, esi
.Lcloud_nodes_next:
    cmp     ebx, edi
    jae     .Lcloud_nodes_end
    call    event_is_state
    jne     .Lcloud_nodes_skip
    mov     esi, ebp                    # was it told of before?
.Lcloud_nodes_before:
    cmp     esi, ebx
    je      .Lcloud_nodes_new
    xchg    ebx, esi
    call    event_is_state
    xchg    ebx, esi
    jne     1f
    lea     eax, [esi + EVENT_SUBJECT]
    lea     edx, [ebx + EVENT_SUBJECT]
    call    session_same
    je      .Lcloud_nodes_skip
1:  add     esi, EVENT_SIZE
    jmp     .Lcloud_nodes_before
.Lcloud_nodes_new:
    call    node_print
.Lcloud_nodes_skip:
    add     ebx, EVENT_SIZE
    jmp     .Lcloud_nodes_next
.Lcloud_nodes_end:
    pop     eax
    sub     eax, HISTORY_EVENTS
    call    mfree
    xor     eax, eax
.Lcloud_nodes_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints a node.
# In: EBX the first event about it, EDI end of the history.
# Clobbers: EAX, ECX, EDX, ESI.
node_print:
    push    ebx
    push    ebp
    sub     esp, TOLD_SIZE
    mov     ebp, esp
    mov     eax, [ebx + EVENT_TIME]
    mov     [ebp + TOLD_FIRST], eax
    mov     dword ptr [ebp + TOLD_BOOTS], 0
    mov     esi, ebx
.Lnode_print_next:
    call    event_is_state
    jne     .Lnode_print_skip
    lea     eax, [esi + EVENT_SUBJECT]
    lea     edx, [ebx + EVENT_SUBJECT]
    call    session_same
    jne     .Lnode_print_skip
    mov     eax, [ebx + EVENT_TIME]
    mov     [ebp + TOLD_LAST], eax
    mov     [ebp + TOLD_EVENT], ebx
    call    event_is_coming
    jne     .Lnode_print_skip
    mov     eax, [ebx + EVENT_DETAIL]   # ages count boots
    cmp     eax, [ebp + TOLD_BOOTS]
    jbe     .Lnode_print_skip
    mov     [ebp + TOLD_BOOTS], eax
.Lnode_print_skip:
    add     ebx, EVENT_SIZE
    cmp     ebx, edi
    jb      .Lnode_print_next
    mov     esi, [ebp + TOLD_EVENT]
    mov     eax, [esi + EVENT_SUBJECT]
    bswap   eax
    mov     edx, [esi + EVENT_SUBJECT + 4]
    bswap   edx
    lea     ecx, [esi + EVENT_NAME]
    PRINTF  "%-15s %08x%08x %5u ", ecx, eax, edx, [ebp+TOLD_BOOTS]
    mov     eax, [ebp + TOLD_FIRST]
    call    print_time
    movzx   eax, byte ptr [esi + EVENT_KIND]
    mov     eax, [word_texts + eax*4]
    PRINTF  "  %-7s ", eax
    mov     eax, [ebp + TOLD_LAST]
    call    print_time
    PRINTF  ", era %u\n", [esi+EVENT_ERA]
    add     esp, TOLD_SIZE
    pop     ebp
    pop     ebx
    ret

.pushsection .data
.balign 4
word_texts:             .long 0, word_founded, 0, word_joined, word_left, word_died
.popsection
STRING word_founded, "founded"
STRING word_joined, "joined"
STRING word_left, "left"
STRING word_died, "died"

# Shows how many nodes were online, over time.
# Out: EAX status.
.global cloud_graph
cloud_graph:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    history_copy
    mov     eax, 1
    jc      .Lcloud_graph_done
    push    esi
    mov     ebp, GRAPH_WIDTH            # EBP: the most that were online, at least one column each
    mov     ebx, esi
.Lcloud_graph_most:
    cmp     ebx, edi
    jae     .Lcloud_graph_head
    movzx   eax, word ptr [ebx + EVENT_MEMBERS]
    add     ebx, EVENT_SIZE
    cmp     eax, ebp
    jbe     .Lcloud_graph_most
    mov     ebp, eax
    jmp     .Lcloud_graph_most
.Lcloud_graph_head:
    PRINT   "TIME                 ERA ONLINE\n"
    mov     ebx, [esp]
.Lcloud_graph_next:
    cmp     ebx, edi
    jae     .Lcloud_graph_end
    call    event_is_state
    jne     .Lcloud_graph_skip
    lea     esi, [ebx + EVENT_SIZE]     # of one second the last word counts
    cmp     esi, edi
    jae     .Lcloud_graph_row
    xchg    ebx, esi
    call    event_is_state
    xchg    ebx, esi
    jne     .Lcloud_graph_row
    mov     eax, [esi + EVENT_TIME]
    cmp     eax, [ebx + EVENT_TIME]
    je      .Lcloud_graph_skip
.Lcloud_graph_row:
    mov     eax, [ebx + EVENT_TIME]
    call    print_time
    movzx   esi, word ptr [ebx + EVENT_MEMBERS]
    PRINTF  " %4u %6u ", [ebx+EVENT_ERA], esi
    imul    eax, esi, GRAPH_WIDTH
    xor     edx, edx
    div     ebp
    mov     esi, eax
.Lcloud_graph_bar:
    test    esi, esi
    jz      .Lcloud_graph_rowed
    PRINT   "#"
    dec     esi
    jmp     .Lcloud_graph_bar
.Lcloud_graph_rowed:
    PRINT   "\n"
.Lcloud_graph_skip:
    add     ebx, EVENT_SIZE
    jmp     .Lcloud_graph_next
.Lcloud_graph_end:
    pop     eax
    sub     eax, HISTORY_EVENTS
    call    mfree
    xor     eax, eax
.Lcloud_graph_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
