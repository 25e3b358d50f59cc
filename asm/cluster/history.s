# The cluster's history: a set of events, in memory and in the persistent object `cluster_history`. Two histories become
# one as their union; what is too much goes by a rule that gives the same whatever comes first, so members that have
# heard the same events have the same history. See docs/protocols/cluster-history.md. All routines run with the
# cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

ARRIVALS                = 32            # events that came last, for those who watch; a power of 2

.bss
.balign 4
.global history
history:                .space HISTORY_SIZE
history_marks:          .space 4        # how many events are FOUNDED or ENDED
.global arrivals
arrivals:               .space ARRIVALS * EVENT_SIZE
.global arrived
arrived:                .space 4        # counts events that came
.global history_event
history_event:          .space 4        # signalled with each

.text

# The digest of an event.
# In: EDX event.
# Out: EAX digest.
# Clobbers: ECX, EDX.
.global event_digest
event_digest:
    mov     ecx, EVENT_SIZE / 4
    jmp     words_digest

# Whether bytes are events that there can be.
# In: EAX events, ECX bytes.
# Out: EAX how many, at least 1; CF when they are not.
# Clobbers: ECX, EDX.
.global events_valid
events_valid:
    push    ebx
    push    esi
    push    edi
    push    ecx
    mov     ebx, eax
    mov     eax, ecx
    xor     edx, edx
    mov     ecx, EVENT_SIZE
    div     ecx
    test    edx, edx
    jnz     .Levents_valid_bad
    test    eax, eax
    jz      .Levents_valid_bad
    mov     esi, eax
    mov     edi, eax
.Levents_valid_next:
    mov     eax, [ebx + EVENT_ERA]
    dec     eax
    cmp     eax, ERA_MAXIMUM
    jae     .Levents_valid_bad
    mov     eax, [ebx + EVENT_NUMBER]
    dec     eax
    cmp     eax, ERA_MAXIMUM
    jae     .Levents_valid_bad
    mov     eax, [ebx + EVENT_AUTHOR]
    or      eax, [ebx + EVENT_AUTHOR + 4]
    jz      .Levents_valid_bad
    mov     eax, [ebx + EVENT_SUBJECT]
    or      eax, [ebx + EVENT_SUBJECT + 4]
    jz      .Levents_valid_bad
    movzx   eax, word ptr [ebx + EVENT_KIND]    # and the byte after it, which is zero
    dec     eax
    cmp     eax, EVENT_LAST
    jae     .Levents_valid_bad
    lea     eax, [ebx + EVENT_NAME]
    call    name_is_good
    jc      .Levents_valid_bad
    add     ebx, EVENT_SIZE
    dec     esi
    jnz     .Levents_valid_next
    mov     eax, edi
    clc
    jmp     .Levents_valid_done
.Levents_valid_bad:
    stc
.Levents_valid_done:
    pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Orders events.
# In: ESI, EDI events.
# Out: ZF when they are one, else CF when that at ESI is before the other.
# Clobbers: EAX, ECX, EDX.
.global event_compare
event_compare:
    mov     eax, [esi + EVENT_ERA]
    cmp     eax, [edi + EVENT_ERA]
    jne     9f
    mov     eax, [esi + EVENT_NUMBER]
    cmp     eax, [edi + EVENT_NUMBER]
    jne     9f
    lea     eax, [esi + EVENT_AUTHOR]
    lea     edx, [edi + EVENT_AUTHOR]
    mov     ecx, EVENT_SIZE - EVENT_AUTHOR
    jmp     mem_compare
9:  ret

# Where the history ends.
# Out: EAX address after the last event.
# Clobbers: EAX only.
.global history_end
history_end:
    imul    eax, [history + HISTORY_COUNT], EVENT_SIZE
    add     eax, offset history + HISTORY_EVENTS
    ret

# Enters an event. The number of each class is bounded: the lowest makes room.
# In: ESI event, in order (events_valid), not in the history.
# Out: CF when it is there already, or so low that there is no room for it.
.global history_insert
history_insert:
    CHECK_HELD cluster_mutex, "history_insert: cluster_mutex is not held"
    push    ebx
    push    edi
    push    ebp
    call    history_end
    mov     edi, eax                    # most are the highest of all
.Lhistory_insert_look:
    cmp     edi, offset history + HISTORY_EVENTS
    je      .Lhistory_insert_place
    sub     edi, EVENT_SIZE
    call    event_compare
    je      .Lhistory_insert_known
    jb      .Lhistory_insert_look
    add     edi, EVENT_SIZE
.Lhistory_insert_place:
    call    event_is_mark
    mov     ebp, HISTORY_OTHERS
    mov     ecx, [history + HISTORY_COUNT]
    mov     ebx, [history_marks]
    sub     ecx, ebx
    test    eax, eax
    jz      1f
    mov     ebp, HISTORY_MARKS
    mov     ecx, ebx
1:  cmp     ecx, ebp
    jb      .Lhistory_insert_room
    call    history_lowest              # of its class: EBX
    cmp     edi, ebx
    jbe     .Lhistory_insert_known      # it would be the lowest itself
    call    history_remove
    sub     edi, EVENT_SIZE
.Lhistory_insert_room:
    call    history_end
    mov     ecx, eax
    sub     ecx, edi
    lea     eax, [edi + EVENT_SIZE]
    mov     edx, edi
    call    mem_move
    mov     eax, edi
    mov     edx, esi
    mov     ecx, EVENT_SIZE
    call    mem_copy
    mov     edx, esi
    call    event_digest
    add     [history + HISTORY_DIGEST], eax
    inc     dword ptr [history + HISTORY_COUNT]
    CHECK   "dword ptr [history+HISTORY_COUNT]", be, HISTORY_MAXIMUM, "history_insert: more events than there is room for"
    call    event_is_mark
    add     [history_marks], eax
    mov     eax, [arrived]
    and     eax, ARRIVALS - 1
    imul    eax, eax, EVENT_SIZE
    add     eax, offset arrivals
    mov     edx, esi
    mov     ecx, EVENT_SIZE
    call    mem_copy
    inc     dword ptr [arrived]
    clc
    jmp     .Lhistory_insert_done
.Lhistory_insert_known:
    stc
.Lhistory_insert_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Whether an event tells when an era began or ended.
# In: ESI event.
# Out: EAX 1 when it does, else 0.
# Clobbers: EAX only.
event_is_mark:
    xor     eax, eax
    cmp     byte ptr [esi + EVENT_KIND], EVENT_ENDED
    setbe   al
    ret

# Finds the lowest event of a class that is not empty.
# In: EAX 1 for those that event_is_mark knows, else 0.
# Out: EBX event.
# Clobbers: EAX, ECX.
history_lowest:
    push    esi
    mov     ecx, eax
    mov     esi, offset history + HISTORY_EVENTS
1:  call    event_is_mark
    cmp     eax, ecx
    je      2f
    add     esi, EVENT_SIZE
    CHECK   esi, b, "offset history + HISTORY_SIZE", "history_lowest: there is none of the class"
    jmp     1b
2:  mov     ebx, esi
    pop     esi
    ret

# Takes an event out.
# In: EBX event.
# Clobbers: EAX, ECX, EDX.
history_remove:
    push    esi
    mov     esi, ebx
    mov     edx, ebx
    call    event_digest
    sub     [history + HISTORY_DIGEST], eax
    call    event_is_mark
    sub     [history_marks], eax
    call    history_end
    mov     ecx, eax
    lea     edx, [ebx + EVENT_SIZE]
    sub     ecx, edx
    mov     eax, ebx
    call    mem_copy
    CHECK   "dword ptr [history+HISTORY_COUNT]", ne, 0, "history_remove: there is no event"
    dec     dword ptr [history + HISTORY_COUNT]
    pop     esi
    ret

# Events have come: they are to be written, and shown to those who watch.
.global history_changed
history_changed:
.ifdef CHECKS
    test    byte ptr [arrived], 15      # all of it takes long
    jnz     1f
    call    history_check
1:
.endif
    mov     eax, [history + HISTORY_COUNT]
    imul    edx, eax, EVENT_SIZE
    add     edx, HISTORY_EVENTS
    mov     eax, offset kept_history
    call    keep_changed
    mov     eax, offset history_event
    jmp     event_broadcast

.ifdef CHECKS
# Holds the history against what it promises: events in their order, as many of them marks as are counted, and their
# digests add up to its own.
# Clobbers: EAX, ECX, EDX.
history_check:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, [history_marks]
    mov     ebx, [history + HISTORY_DIGEST]
    call    history_end
    push    eax
    mov     esi, offset history + HISTORY_EVENTS
1:  cmp     esi, [esp]
    jae     3f
    call    event_is_mark
    sub     ebp, eax
    mov     edx, esi
    call    event_digest
    sub     ebx, eax
    lea     edi, [esi + EVENT_SIZE]
    cmp     edi, [esp]
    jae     2f
    call    event_compare
    CHECK   b, "history_check: the events are not in their order"
2:  mov     esi, edi
    jmp     1b
3:  pop     eax
    CHECK   ebp, e, 0, "history_check: there are not so many marks"
    CHECK   ebx, e, 0, "history_check: the history has another digest"
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.endif

# Makes an empty history.
history_clear:
    push    edi
    mov     edi, offset history
    xor     eax, eax
    mov     ecx, HISTORY_SIZE / 4
    rep stosd
    mov     [history_marks], eax
    mov     dword ptr [history + HISTORY_MAGIC], HISTORY_MAGIC_VALUE
    mov     dword ptr [history + HISTORY_VERSION], HISTORY_VERSION_VALUE
    pop     edi
    ret

# Takes over what the node's disk holds. May sleep.
.global history_recall
history_recall:
    push    ebx
    push    esi
    push    edi
    cmp     dword ptr [history + HISTORY_MAGIC], 0
    jne     1f
    call    history_clear
1:  mov     eax, offset kept_history
    call    keep_load
    jc      .Lhistory_recall_none
    cmp     dword ptr [edi + HISTORY_MAGIC], HISTORY_MAGIC_VALUE
    jne     .Lhistory_recall_damaged
    cmp     dword ptr [edi + HISTORY_VERSION], HISTORY_VERSION_VALUE
    jne     .Lhistory_recall_damaged
    mov     ebx, [edi + HISTORY_COUNT]
    test    ebx, ebx
    jz      .Lhistory_recall_none
    cmp     ebx, HISTORY_MAXIMUM
    ja      .Lhistory_recall_damaged
    lea     esi, [edi + HISTORY_EVENTS]
    imul    ecx, ebx, EVENT_SIZE
    lea     edx, [ecx + HISTORY_EVENTS]
    cmp     eax, edx
    jb      .Lhistory_recall_damaged
    mov     eax, esi
    call    events_valid
    jc      .Lhistory_recall_damaged
    push    [history + HISTORY_COUNT]
2:  call    history_insert
    add     esi, EVENT_SIZE
    dec     ebx
    jnz     2b
    pop     eax
    test    eax, eax                    # what was known before the disk is written with the rest
    jnz     3f
    mov     eax, offset kept_history
    call    keep_loaded
    jmp     .Lhistory_recall_done
3:  call    history_changed
    jmp     .Lhistory_recall_done
.Lhistory_recall_damaged:
    PRINT   "cluster: the object cluster_history on the disk is damaged; the others' counts\n"
.Lhistory_recall_none:
    cmp     dword ptr [history + HISTORY_COUNT], 0
    jne     3b
.Lhistory_recall_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# The node belongs to another cluster from now on, which has its own.
.global history_forget
history_forget:
    call    history_clear
    jmp     history_changed

# The number of the next event of an era.
# In: ECX era.
# Out: EAX number; EDX time of the last event that it has, 0 when it has none.
.global history_next_of
history_next_of:
    push    ebx
    xor     edx, edx
    xor     ebx, ebx
    call    history_end
1:  cmp     eax, offset history + HISTORY_EVENTS
    je      3f
    sub     eax, EVENT_SIZE
    cmp     [eax + EVENT_ERA], ecx
    ja      1b
    jb      3f
    mov     ebx, [eax + EVENT_NUMBER]
    mov     edx, [eax + EVENT_TIME]
3:  mov     eax, ebx
    cmp     eax, ERA_MAXIMUM            # only whoever invents events comes so far
    jae     4f
    inc     eax
4:  pop     ebx
    ret
