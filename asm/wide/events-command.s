# `cloud events --all`: the events of this cluster and of those that it is linked with, which are asked while a person
# waits. What has come is in this command's memory alone, and the daemon's tasks write none of it.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"
.include "wide.inc"
.include "wide-events.inc"

WAIT_MS                 = 50            # until it is looked again what has come
TAKEN_MS                = 3000          # a command that has not looked for so long asks no longer

# A list: a block of the size of a history, of which the head says what is still to be shown.
LIST_NEXT               = 0             # address of the next event,
LIST_END                = 4             # and after the last
LISTS                   = LINKS + 1     # that of link n is n + 1, and the first one this cluster's
LISTS_BYTES             = LISTS * 4

ON_HOOK all_events, events_show

.bss
.balign 4
asker:                  .space 4        # address of the lists for which is asked, 0: nobody waits
asker_at:               .space 4        # clock_ms at which it was looked last

.pushsection .rodata
.balign 4
reasons:                .long reason_silent, reason_unknown, reason_false, reason_roomless  # from WANTED_SILENT on
.popsection
STRING reason_silent, "is silent"
STRING reason_unknown, "is heard, but does not know how to tell its events: its revision is an older one"
STRING reason_false, "told what can be no history"
STRING reason_roomless, "told more than there is memory for"

.text

# Shows the events of all clusters, by their dates.
# Out: EAX status.
events_show:
    push    ebx
    push    esi
    push    edi
    FRAME   LISTS_BYTES
    mov     edi, esp
    xor     eax, eax
    mov     ecx, LISTS
    rep stosd
    mov     esi, esp                    # ESI: the lists
    mov     ebx, 1                      # EBX: status
    call    break_clear
    call    cloud_lock
    call    delegate_here
    jc      1f
    call    asker_begin
1:  call    cloud_unlock_keep
    jc      .Levents_show_free
    push    esi
    call    history_copy
    pop     eax
    jc      .Levents_show_end
    xchg    eax, esi
    lea     edx, [eax - HISTORY_EVENTS]
    mov     [edx + LIST_NEXT], eax
    mov     [edx + LIST_END], edi
    mov     [esi], edx
.Levents_show_ask:
    call    events_collect
    jc      .Levents_show_free
    test    edi, edi
    jz      .Levents_show_all
    call    break_check
    jc      .Levents_show_end
    mov     eax, offset wanted_event
    mov     edx, WAIT_MS
    call    event_wait
    jmp     .Levents_show_ask
.Levents_show_all:
    call    events_merge
    jc      .Levents_show_end
    call    events_missing
    xor     ebx, ebx
.Levents_show_end:
    call    cloud_lock
    cmp     [asker], esi
    jne     2f
    mov     dword ptr [asker], 0
2:  call    cloud_unlock
.Levents_show_free:
    mov     edi, LISTS
3:  mov     eax, [esi + edi*4 - 4]
    call    mfree
    dec     edi
    jnz     3b
    mov     eax, ebx
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins to ask, unless another command does. The mutex is held.
# In: ESI lists.
# Out: CF when another one does, which has been said.
# Clobbers: EAX, ECX, EDX.
asker_begin:
    call    clock_ms
    cmp     dword ptr [asker], 0
    je      1f
    mov     ecx, eax
    sub     ecx, [asker_at]
    cmp     ecx, TAKEN_MS
    jb      2f
1:  mov     [asker], esi
    mov     [asker_at], eax
    call    events_begin
    clc
    ret
2:  PRINT   "cluster: another `cloud events --all` asks the other clusters just now\n"
    stc
    ret

# Takes what has come, and asks for more. May sleep.
# In: ESI lists.
# Out: EDI links from which more is to come; CF when another command asks, which has been said.
# Clobbers: EAX, ECX, EDX.
events_collect:
    push    ebx
    push    esi
    push    0                           # [esp]: links from which more is to come
    call    cloud_lock
    cmp     [asker], esi
    jne     .Levents_collect_other
    call    clock_ms
    mov     [asker_at], eax
    mov     ebx, offset links
    mov     edi, offset wanted
1:  add     esi, 4
    cmp     dword ptr [edi + WANTED_STATE], WANTED_CAME
    jne     2f
    call    events_keep
2:  cmp     dword ptr [edi + WANTED_STATE], WANTED_ASKED
    jne     3f
    inc     dword ptr [esp]
    call    events_ask
3:  add     ebx, LINK_SIZE
    add     edi, WANTED_SIZE
    cmp     edi, offset wanted + LINKS * WANTED_SIZE
    jb      1b
    call    cloud_unlock
    clc
    jmp     .Levents_collect_done
.Levents_collect_other:
    call    cloud_unlock
    PRINT   "cluster: another `cloud events --all` has begun\n"
    stc
.Levents_collect_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Keeps events that have come from a link, before those that it has told already.
# In: ESI address of its list's, EDI row.
# Clobbers: EAX, ECX, EDX.
events_keep:
    mov     eax, [esi]
    test    eax, eax
    jnz     1f
    mov     eax, HISTORY_SIZE
    call    malloc
    jc      .Levents_keep_roomless
    mov     [esi], eax
    lea     edx, [eax + HISTORY_SIZE]
    mov     [eax + LIST_NEXT], edx
    mov     [eax + LIST_END], edx
1:  mov     ecx, [edi + WANTED_BYTES]
    mov     edx, [eax + LIST_NEXT]
    sub     edx, ecx
    push    eax
    add     eax, HISTORY_EVENTS
    cmp     edx, eax
    pop     eax
    jb      .Levents_keep_most
    mov     [eax + LIST_NEXT], edx
    mov     eax, edx
    lea     edx, [edi + WANTED_EVENTS]
    call    mem_copy
    mov     eax, [edi + WANTED_EVENTS + EVENT_ERA]
    mov     [edi + WANTED_BEFORE + BEFORE_ERA], eax
    mov     eax, [edi + WANTED_EVENTS + EVENT_NUMBER]
    mov     [edi + WANTED_BEFORE + BEFORE_NUMBER], eax
    lea     edx, [edi + WANTED_EVENTS]
    call    event_digest
    mov     [edi + WANTED_BEFORE + BEFORE_DIGEST], eax
    mov     dword ptr [edi + WANTED_TRIES], 0
    mov     dword ptr [edi + WANTED_STATE], WANTED_ASKED
    ret
.Levents_keep_roomless:
    mov     dword ptr [edi + WANTED_STATE], WANTED_ROOMLESS
    ret
.Levents_keep_most:
    mov     dword ptr [edi + WANTED_STATE], WANTED_WHOLE    # no history has more
    ret

# Prints all events: of those that are next in their clusters, the earliest.
# In: ESI lists.
# Out: CF when it was ended.
# Clobbers: EAX, ECX, EDX, EDI.
events_merge:
    push    ebx
    push    esi
    push    ebp
    mov     ebx, esi
.Levents_merge_next:
    call    break_check
    jc      .Levents_merge_done
    call    clock_ms
    mov     [asker_at], eax
    xor     edi, edi                    # EDI: list with the earliest, or 0; EBP: its index, ESI: that event
    xor     ecx, ecx
1:  mov     eax, [ebx + ecx*4]
    test    eax, eax
    jz      3f
    mov     edx, [eax + LIST_NEXT]
    cmp     edx, [eax + LIST_END]
    je      3f
    test    edi, edi
    jz      2f
    push    eax
    mov     eax, [edx + EVENT_TIME]
    cmp     eax, [esi + EVENT_TIME]
    pop     eax
    jae     3f
2:  mov     edi, eax
    mov     ebp, ecx
    mov     esi, edx
3:  inc     ecx
    cmp     ecx, LISTS
    jb      1b
    test    edi, edi
    jz      .Levents_merge_done         # CF is clear
    add     dword ptr [edi + LIST_NEXT], EVENT_SIZE
    mov     edx, offset trust_name
    test    ebp, ebp
    jz      4f
    imul    eax, ebp, WANTED_SIZE
    lea     edx, [eax + wanted - WANTED_SIZE + WANTED_NAME]
4:  call    event_print_of
    jmp     .Levents_merge_next
.Levents_merge_done:
    pop     ebp
    pop     esi
    pop     ebx
    ret

# Says which links did not tell all, and why.
# Clobbers: EAX, ECX, EDX.
events_missing:
    push    edi
    mov     edi, offset wanted
1:  mov     ecx, [edi + WANTED_STATE]
    sub     ecx, WANTED_SILENT
    jb      2f
    lea     eax, [edi + WANTED_NAME]
    PRINTF  "%s %s\n", eax, [reasons+ecx*4]
2:  add     edi, WANTED_SIZE
    cmp     edi, offset wanted + LINKS * WANTED_SIZE
    jb      1b
    pop     edi
    ret
