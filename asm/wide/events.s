# Events of clusters' histories, which go to a linked cluster when a person there asks for them: from the end back, as
# many as a packet holds, and who asks keeps them no longer than it shows them (docs/protocols/wide-area.md, "Events").
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"
.include "wide.inc"
.include "wide-events.inc"

PACKETS                 = 16            # that go to a link in a second
PACE_MS                 = 70            # between two questions to a link, which answers so many
PACE_RELAYED_MS         = 400           # a relay passes 64 packets a second on, to all links together
ASK_MS                  = 1000          # a question is asked again after so long,
TRIES                   = 5             # so often in all

.if WIDE_EVENTS_HEAD + WIDE_EVENTS_MAXIMUM * EVENT_SIZE > WIDE_PIECE_MAXIMUM
.error "a packet of events has no room in a relay's"
.endif

.bss
.balign 4
.global wanted
wanted:                 .space LINKS * WANTED_SIZE      # of each link, what is asked and has come
.global wanted_event
wanted_event:           .space 4        # something has come

.text

# A link asks for events of this cluster. May sleep.
# In: EBX link, ESI packet.
.global events_asked
events_asked:
    call    link_asks
    jne     .Levents_asked_done
    lea     edx, [ebx + LINK_RECALLED]
    mov     ecx, PACKETS
    call    wide_meter
    jc      .Levents_asked_done
    mov     al, WIDE_EVENTS
    call    wide_build
    mov     eax, offset wide_out + WIDE_BEFORE
    lea     edx, [esi + WIDE_BEFORE]
    mov     ecx, BEFORE_SIZE
    call    mem_copy
    call    events_before
    mov     edx, offset history + HISTORY_EVENTS
    sub     eax, edx
    mov     ecx, WIDE_EVENTS_MAXIMUM * EVENT_SIZE
    sub     eax, ecx
    jae     1f
    add     ecx, eax                    # all that there are
    xor     eax, eax
1:  add     edx, eax
    push    ecx
    mov     eax, offset wide_out + WIDE_EVENTS_HEAD
    call    mem_copy
    mov     eax, [esp]
    xor     edx, edx
    mov     ecx, EVENT_SIZE
    div     ecx
    mov     [wide_out + WIDE_EVENTS_COUNT], eax
    pop     ecx
    add     ecx, WIDE_EVENTS_HEAD
    jmp     wide_send_link
.Levents_asked_done:
    ret

# Finds the event before which others are asked for, or its place if it is here no longer.
# In: ESI packet.
# Out: EAX where what is before it ends.
# Clobbers: ECX, EDX.
events_before:
    call    history_end
    cmp     dword ptr [esi + WIDE_BEFORE + BEFORE_ERA], 0
    je      .Levents_before_done
    mov     edx, eax
.Levents_before_next:
    mov     eax, edx
    cmp     eax, offset history + HISTORY_EVENTS
    je      .Levents_before_done
    sub     edx, EVENT_SIZE
    mov     ecx, [edx + EVENT_ERA]
    cmp     ecx, [esi + WIDE_BEFORE + BEFORE_ERA]
    ja      .Levents_before_next
    jb      .Levents_before_done
    mov     ecx, [edx + EVENT_NUMBER]
    cmp     ecx, [esi + WIDE_BEFORE + BEFORE_NUMBER]
    ja      .Levents_before_next
    jb      .Levents_before_done
    push    edx
    call    event_digest
    pop     edx
    cmp     eax, [esi + WIDE_BEFORE + BEFORE_DIGEST]
    jne     .Levents_before_next
    mov     eax, edx
.Levents_before_done:
    ret

# The row of a link.
# In: EBX link.
# Out: EDI.
# Clobbers: EAX, ECX, EDX.
wanted_of:
    call    relay_endpoint
    rol     eax, 8
    imul    edi, eax, WANTED_SIZE
    add     edi, offset wanted - WANTED_SIZE
    ret

# A link tells events: they are taken if they are what it was asked for, and can be.
# In: EBX link, ESI packet.
.global events_take
events_take:
    push    edi
    call    wanted_of
    cmp     dword ptr [edi + WANTED_STATE], WANTED_ASKED
    jne     .Levents_take_done
    lea     eax, [edi + WANTED_ID]
    lea     edx, [ebx + LINK_ID]
    call    session_same                # ids have the size of sessions
    jne     .Levents_take_done
    lea     eax, [edi + WANTED_BEFORE]
    lea     edx, [esi + WIDE_BEFORE]
    mov     ecx, BEFORE_SIZE
    call    mem_compare
    jne     .Levents_take_done
    mov     ecx, [esi + WIDE_EVENTS_COUNT]
    cmp     ecx, WIDE_EVENTS_MAXIMUM
    ja      .Levents_take_done
    imul    ecx, ecx, EVENT_SIZE
    lea     eax, [ecx + WIDE_EVENTS_HEAD]
    cmp     eax, [wide_bytes]
    jne     .Levents_take_done
    mov     dword ptr [edi + WANTED_STATE], WANTED_WHOLE
    jecxz   .Levents_take_told
    mov     dword ptr [edi + WANTED_STATE], WANTED_FALSE
    lea     eax, [esi + WIDE_EVENTS_HEAD]
    push    ecx
    call    events_valid
    pop     ecx
    jc      .Levents_take_told
    call    events_ordered
    jc      .Levents_take_told
    mov     [edi + WANTED_BYTES], ecx
    lea     eax, [edi + WANTED_EVENTS]
    lea     edx, [esi + WIDE_EVENTS_HEAD]
    call    mem_copy
    mov     dword ptr [edi + WANTED_STATE], WANTED_CAME
.Levents_take_told:
    mov     eax, offset wanted_event
    pop     edi
    jmp     event_signal
.Levents_take_done:
    pop     edi
    ret

# Whether events are in order, and none is after the one before which they are.
# In: ESI packet, ECX bytes of its events, EDI row.
# Out: CF when not.
# Clobbers: EAX, EDX.
events_ordered:
    push    ebx
    push    esi
    push    edi
    push    ecx
    mov     ebx, edi
    add     esi, WIDE_EVENTS_HEAD
    add     ecx, esi
1:  lea     edi, [esi + EVENT_SIZE]
    cmp     edi, ecx
    je      2f
    push    ecx
    call    event_compare
    pop     ecx
    cmc
    jbe     9f                          # not before the next, or the same
    mov     esi, edi
    jmp     1b
2:  mov     eax, [ebx + WANTED_BEFORE + BEFORE_ERA]
    test    eax, eax
    jz      9f                          # CF is clear
    cmp     eax, [esi + EVENT_ERA]
    jne     9f
    mov     eax, [ebx + WANTED_BEFORE + BEFORE_NUMBER]
    cmp     eax, [esi + EVENT_NUMBER]
9:  pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins to ask all links that were heard lately.
# Clobbers: EAX, ECX, EDX.
.global events_begin
events_begin:
    push    ebx
    push    edi
    mov     ebx, offset links
1:  call    wanted_of
    push    edi
    xor     eax, eax
    mov     ecx, WANTED_EVENTS / 4
    rep stosd
    pop     edi
    cmp     byte ptr [ebx + LINK_NAME], 0
    je      3f
    lea     eax, [edi + WANTED_NAME]
    lea     edx, [ebx + LINK_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    lea     eax, [edi + WANTED_ID]
    lea     edx, [ebx + LINK_ID]
    mov     ecx, WIDE_ID_SIZE
    call    mem_copy
    mov     dword ptr [edi + WANTED_STATE], WANTED_SILENT
    call    link_lives
    jc      3f
    mov     dword ptr [edi + WANTED_STATE], WANTED_ASKED
    call    clock_ms
    sub     eax, ASK_MS
    mov     [edi + WANTED_AT], eax
3:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    pop     edi
    pop     ebx
    ret

# Asks a link for what is before that which has come from it, if the time has come. May sleep.
# In: EBX link, EDI row in WANTED_ASKED.
# Clobbers: EAX, ECX, EDX.
.global events_ask
events_ask:
    lea     eax, [edi + WANTED_ID]
    lea     edx, [ebx + LINK_ID]
    call    session_same
    jne     .Levents_ask_silent         # another link has its place
    cmp     dword ptr [wide_address], 0
    je      .Levents_ask_silent
    mov     edx, ASK_MS
    cmp     dword ptr [edi + WANTED_TRIES], 0
    jne     1f
    mov     edx, PACE_RELAYED_MS
    cmp     byte ptr [ebx + LINK_ADDRESS], 0
    je      1f
    mov     edx, PACE_MS
1:  call    clock_ms
    mov     ecx, eax
    sub     ecx, [edi + WANTED_AT]
    cmp     ecx, edx
    jb      9f
    cmp     dword ptr [edi + WANTED_TRIES], TRIES
    jae     .Levents_ask_vain
    mov     [edi + WANTED_AT], eax
    inc     dword ptr [edi + WANTED_TRIES]
    mov     al, WIDE_HELLO              # whether it is there at all
    call    wide_build
    mov     dword ptr [wide_out + WIDE_FLAGS], WIDE_ANSWER
    mov     ecx, WIDE_WISH_SIZE
    cmp     dword ptr [edi + WANTED_TRIES], 1
    je      3f
    call    wide_send_link
3:  mov     al, WIDE_ASK_EVENTS
    call    wide_build
    mov     eax, offset wide_out + WIDE_BEFORE
    lea     edx, [edi + WANTED_BEFORE]
    mov     ecx, BEFORE_SIZE
    call    mem_copy
    mov     ecx, WIDE_BEFORE_SIZE
    jmp     wide_send_link
.Levents_ask_vain:
    mov     ecx, [ebx + LINK_SEEN]
    sub     ecx, [edi + WANTED_AT]
    js      .Levents_ask_silent
    mov     dword ptr [edi + WANTED_STATE], WANTED_UNKNOWN
9:  ret
.Levents_ask_silent:
    mov     dword ptr [edi + WANTED_STATE], WANTED_SILENT
    ret
