# IGMPv3, the host's side (RFC 3376): tells the link which groups this machine listens to, so that switches and routers
# that look at it pass them on. Where a querier of an older version was heard, its own version is spoken (RFC 1112
# appendix I, RFC 2236). Every group is heard from any source, so that each record is one without sources.
#
# An entry names the group that reports still speak of (GROUP_TOLD), and the same as what is listened to
# (GROUP_ADDRESS) while somebody does: one that was left stays until the link was told. All timers are in the
# interface and are served by the net task.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

ROBUSTNESS              = 2             # reports of a change, as the first may be lost (RFC 3376 section 8.1)
CHANGE_MS               = 1000          # longest time between them (section 8.11),
CHANGE_OLDER_MS         = 10000         # and in the older versions (RFC 2236 section 8.10)
QUERIES_MS              = 125000        # an older querier counts for as many of these as may be lost (section 8.12),
RESPONSE_MS             = 10000         # and for the time of an answer
VERSION_1_TENTHS        = 100           # a query of version 1 has no response time: ten seconds (RFC 2236 section 4)
FLOATING                = 128           # from here on a response time has an exponent (section 4.1.1)

.text

# Finds a group.
# In: EBX interface, EAX GROUP_TOLD or GROUP_ADDRESS, EDX what stands there.
# Out: EAX address of that field, ZF when there is none.
# Clobbers: ECX.
igmp_find:
    lea     eax, [ebx + eax + NETIF_GROUPS]
    mov     ecx, GROUPS_MAXIMUM
1:  cmp     [eax], edx
    je      2f
    add     eax, GROUP_SIZE
    dec     ecx
    jnz     1b
2:  test    ecx, ecx
    ret

# Listens to a group, once more if somebody does. May sleep.
# In: EAX interface, EDX group.
# Out: CF and EAX error.
.global igmp_join
igmp_join:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, edx
    and     al, 0xF0
    cmp     al, 0xE0
    mov     eax, ERROR_INVALID
    jne     .Ligmp_join_failed
    INTERRUPTS_OFF
    xor     eax, eax
    call    igmp_find
    jnz     .Ligmp_join_enter
    xor     eax, eax
    xor     edx, edx
    call    igmp_find
    jnz     .Ligmp_join_enter
    mov     eax, GROUP_ADDRESS          # one that was left
    call    igmp_find
    lea     eax, [eax - GROUP_ADDRESS]
    jnz     .Ligmp_join_enter
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TABLE_FULL
.Ligmp_join_failed:
    stc
    jmp     .Ligmp_join_done
.Ligmp_join_enter:
    mov     edi, eax
    CHECK_MASKED "igmp_join: interrupts are on"
    inc     dword ptr [edi + GROUP_USERS]
    mov     [edi + GROUP_TOLD], esi
    xchg    [edi + GROUP_ADDRESS], esi
    INTERRUPTS_RESTORE
    test    esi, esi                    # clears CF
    jnz     .Ligmp_join_done
    call    igmp_changed
    clc
.Ligmp_join_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Listens to a group once less. May sleep.
# In: EAX interface, EDX group, which igmp_join took.
# Out: CF clear.
.global igmp_leave
igmp_leave:
    push    ebx
    push    edi
    mov     ebx, eax
    INTERRUPTS_OFF
    xor     eax, eax
    call    igmp_find
    jz      1f                          # igmp_forget was faster
    mov     edi, eax
    CHECK   "dword ptr [edi+GROUP_USERS]", ne, 0, "igmp_leave: nobody listens to the group"
    dec     dword ptr [edi + GROUP_USERS]
    jnz     1f
    mov     dword ptr [edi + GROUP_ADDRESS], 0
    INTERRUPTS_RESTORE
    call    igmp_changed
    jmp     2f
1:  INTERRUPTS_RESTORE
2:  pop     edi
    pop     ebx
    clc
    ret

# Listens to no group any more, without a word, and knows of no querier.
# In: EBX interface.
.global igmp_forget
igmp_forget:
    push    edi
    lea     edi, [ebx + NETIF_GROUPS]
    xor     eax, eax
    mov     ecx, (GROUPS_MAXIMUM * GROUP_SIZE + IGMP_STATE_SIZE) / 4
    rep stosd
    pop     edi
    mov     eax, ebx
    jmp     [ebx + NETIF_FILTER]

# Reports every group anew. Called when the interface got an address, or its link came back.
# In: EAX interface.
.global igmp_address_changed
igmp_address_changed:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     eax, offset igmp_announce
    call    igmp_each
    pop     edi
    pop     ebx
    ret

# Calls a routine for each group that reports speak of.
# In: EBX interface, EAX routine, which is given EBX and the group in EDI, and may clobber EAX, ECX and EDX.
# Clobbers: EAX, ECX, EDX, EDI.
igmp_each:
    push    esi
    mov     esi, eax
    lea     edi, [ebx + NETIF_GROUPS]
1:  cmp     dword ptr [edi + GROUP_TOLD], 0
    je      2f
    call    esi
2:  add     edi, GROUP_SIZE
    lea     eax, [ebx + NETIF_GROUPS + GROUPS_MAXIMUM * GROUP_SIZE]
    cmp     edi, eax
    jb      1b
    pop     esi
    ret

# Tells the card and the link of a group that was joined or left.
# In: EBX interface, EDI group.
igmp_changed:
    mov     eax, ebx
    call    [ebx + NETIF_FILTER]

# Has the link told of a group at once and some times more. Without an address nothing is said: igmp_address_changed
# will.
# In: EBX interface, EDI group.
# Clobbers: EAX, ECX, EDX.
igmp_announce:
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      igmp_cancel
    call    igmp_robustness
    CHECK   eax, be, 7, "igmp_announce: more reports than a querier asks for"
    mov     [edi + GROUP_REPORTS], eax
    call    clock_ms
    or      eax, 1                      # 0: no deadline
    mov     [edi + GROUP_CHANGE], eax
    jmp     net_watch

# How often a change is reported.
# In: EBX interface.
# Out: EAX 1 to 7: what the querier says, or the usual number.
igmp_robustness:
    movzx   eax, byte ptr [ebx + NETIF_IGMP_ROBUSTNESS]
    test    eax, eax
    jnz     1f
    mov     al, ROBUSTNESS
1:  ret

# Nothing more is to be said of a group for now. Of one that was left this is the end.
# In: EDI group.
# Clobbers: EAX.
igmp_cancel:
    xor     eax, eax
    mov     [edi + GROUP_CHANGE], eax
    mov     [edi + GROUP_ANSWER], eax
    mov     eax, [edi + GROUP_ADDRESS]
    mov     [edi + GROUP_TOLD], eax
    ret

# The version that is spoken: the oldest of which a querier was heard not long ago. Where it is another than before,
# nothing that waits is sent (RFC 3376 section 7.2.1).
# In: EBX interface.
# Out: EAX 1, 2 or 3.
# Clobbers: ECX, EDX.
igmp_version:
    call    clock_ms
    xor     ecx, ecx
1:  inc     ecx
    cmp     ecx, 3
    je      2f
    mov     edx, [ebx + NETIF_IGMP_QUERIERS + ecx * 4 - 4]
    test    edx, edx
    jz      1b
    sub     edx, eax
    test    edx, edx
    jg      2f
    mov     dword ptr [ebx + NETIF_IGMP_QUERIERS + ecx * 4 - 4], 0
    jmp     1b
2:  mov     edx, 3
    sub     edx, ecx
    cmp     [ebx + NETIF_IGMP_OLDER], dl
    mov     [ebx + NETIF_IGMP_OLDER], dl
    je      3f
    mov     dword ptr [ebx + NETIF_IGMP_ANSWER], 0
    push    ecx
    push    edi
    mov     eax, offset igmp_cancel
    call    igmp_each
    pop     edi
    pop     ecx
3:  mov     eax, ecx
    ret

# Handler of protocol 2, see asm/net/ip.s.
# In: EAX interface, EDX IP header, ESI message, ECX its bytes.
.global igmp_receive
igmp_receive:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, [edx + IP_DESTINATION]
    cmp     ecx, IGMP_SIZE
    jb      .Ligmp_receive_malformed
    mov     edx, esi
    push    ecx
    call    checksum
    pop     ecx
    jnz     .Ligmp_receive_malformed
    mov     al, [esi + IGMP_TYPE]
    mov     edx, [esi + IGMP_GROUP]
    cmp     al, IGMP_QUERY
    je      .Ligmp_receive_query
    cmp     al, IGMP_REPORT
    je      .Ligmp_receive_report
    cmp     al, IGMP_REPORT_V1
    jne     .Ligmp_receive_done         # others concern routers
.Ligmp_receive_report:
    test    edx, edx
    jz      .Ligmp_receive_malformed
    cmp     edx, ebp                    # a report goes to its group
    jne     .Ligmp_receive_malformed
    cmp     byte ptr [ebx + NETIF_IGMP_OLDER], 0
    je      .Ligmp_receive_done
    xor     eax, eax                    # somebody else reported: one report is enough for a router of an older version
    call    igmp_find
    jz      .Ligmp_receive_done
    mov     edi, eax
    call    igmp_cancel
    jmp     .Ligmp_receive_done
.Ligmp_receive_query:
    COUNT   igmp_queries
    call    igmp_query
    jnc     .Ligmp_receive_done
.Ligmp_receive_malformed:
    COUNT   igmp_malformed
.Ligmp_receive_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# A router asks which groups are listened to.
# In: EBX interface, ESI message, ECX its bytes, EDX group or 0 for all, EBP destination.
# Out: CF when it is malformed.
# Clobbers: EAX, ECX, EDX, EDI, EBP.
igmp_query:
    cmp     ebp, IP_ALL_HOSTS           # to all, to the group or to us (RFC 3376 section 4.1.12)
    je      .Ligmp_query_sent
    cmp     ebp, edx
    je      .Ligmp_query_sent
    push    edx
    mov     eax, ebx
    mov     edx, ebp
    call    ip_own
    pop     edx
    jne     .Ligmp_query_bad
.Ligmp_query_sent:
    movzx   eax, byte ptr [esi + IGMP_RESPONSE_TIME]
    cmp     ecx, IGMP_SIZE              # which version it is of tells its length (section 7.1)
    je      .Ligmp_query_older
    movzx   edi, word ptr [esi + IGMP_SOURCES]
    rol     di, 8
    lea     edi, [edi * 4 + IGMP_QUERY_SIZE]
    cmp     ecx, edi
    jb      .Ligmp_query_bad
    mov     cl, [esi + IGMP_ROBUSTNESS]
    and     cl, 7
    mov     [ebx + NETIF_IGMP_ROBUSTNESS], cl
    cmp     eax, FLOATING
    jb      .Ligmp_query_times
    mov     ecx, eax
    shr     ecx, 4
    sub     ecx, 8 - 3                  # the exponent, 8 to 15 with the bit that says so, and 3
    and     eax, 15
    or      eax, 16
    shl     eax, cl
    jmp     .Ligmp_query_times
.Ligmp_query_older:
    lea     edi, [ebx + NETIF_IGMP_QUERIERS + 4]
    test    eax, eax
    jnz     .Ligmp_query_counts
    sub     edi, 4
    mov     al, VERSION_1_TENTHS
    xor     edx, edx                    # which does not name a group (RFC 1112 appendix I)
.Ligmp_query_counts:
    test    edx, edx                    # only a query about all groups tells who the querier is (section 7.2.1)
    jnz     .Ligmp_query_times
    push    eax
    call    igmp_robustness
    imul    ecx, eax, QUERIES_MS
    call    clock_ms
    lea     eax, [eax + ecx + RESPONSE_MS]
    or      eax, 1
    mov     [edi], eax
    pop     eax
.Ligmp_query_times:
    imul    ebp, eax, 100               # milliseconds
    push    edx
    call    net_watch
    call    igmp_version
    pop     edx
    test    edx, edx
    jnz     .Ligmp_query_each
    lea     edi, [ebx + NETIF_IGMP_ANSWER]  # of all groups at once
    cmp     eax, 3
    je      igmp_answer_in
# A query of single sources is answered as one of their group: from all of them, which is what a host does that keeps no
# list of sources (section 5.2).
.Ligmp_query_each:
    lea     edi, [ebx + NETIF_GROUPS + GROUP_ANSWER]
.Ligmp_query_group:
    mov     eax, [edi + GROUP_ADDRESS - GROUP_ANSWER]
    test    eax, eax
    jz      .Ligmp_query_next
    test    edx, edx
    jz      .Ligmp_query_match
    cmp     eax, edx
    jne     .Ligmp_query_next
.Ligmp_query_match:
    push    edx
    call    igmp_answer_in
    pop     edx
.Ligmp_query_next:
    add     edi, GROUP_SIZE
    lea     eax, [ebx + NETIF_GROUPS + GROUPS_MAXIMUM * GROUP_SIZE]
    cmp     edi, eax
    jb      .Ligmp_query_group
    clc
    ret
.Ligmp_query_bad:
    stc
    ret

# Has an answer sent after a random time, or when one is due before that.
# In: EBX interface, EDI address of its deadline, EBP longest time in ms.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX.
igmp_answer_in:
    lea     edx, [ebp + 1]
    call    igmp_later
    mov     ecx, [edi]
    jecxz   1f
    sub     ecx, eax
    js      2f
1:  mov     [edi], eax
2:  clc
    ret

# Draws a deadline.
# In: EBX interface, EDX longest time in ms, not 0.
# Out: EAX deadline.
# Clobbers: ECX, EDX.
igmp_later:
    CHECK   edx, ne, 0, "igmp_later: a deadline within no time"
    mov     eax, ebx
    call    random_below
    mov     ecx, eax
    call    clock_ms
    add     eax, ecx
    or      eax, 1
    ret

# Says whether a deadline has come, and ends it then.
# In: EDX its address, EBP milliseconds until the next one so far.
# Out: ZF when it has; else EBP is that or less.
# Clobbers: EAX, ECX.
igmp_due:
    mov     ecx, [edx]
    cmp     ecx, 1
    jb      2f                          # none
    call    clock_ms
    sub     ecx, eax
    test    ecx, ecx
    jle     1f
    cmp     ecx, ebp
    jae     2f
    mov     ebp, ecx
    ret
1:  xor     eax, eax
    mov     [edx], eax
    ret
2:  test    esp, esp                    # ZF clear
    ret

# Sends the reports that are due. Called by the net task.
# Out: EAX milliseconds until it is needed again, or -1.
.global igmp_poll
igmp_poll:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, -1
    mov     ebx, [net_interfaces]
.Ligmp_poll_interface:
    test    ebx, ebx
    jz      .Ligmp_poll_end
    call    igmp_version
    xor     esi, esi                    # ESI: the report of version 3, when there is something to tell
    lea     edx, [ebx + NETIF_IGMP_ANSWER]
    call    igmp_due
    sete    al
    push    eax                         # AL: whether all groups are to be told of
    lea     edi, [ebx + NETIF_GROUPS]
.Ligmp_poll_group:
    cmp     dword ptr [edi + GROUP_TOLD], 0
    je      .Ligmp_poll_next
    lea     edx, [edi + GROUP_CHANGE]
    call    igmp_due
    jne     .Ligmp_poll_answer
    mov     dword ptr [edi + GROUP_ANSWER], 0   # a change tells a router no less
    mov     eax, IGMP_RECORD_TO_EXCLUDE
    cmp     dword ptr [edi + GROUP_ADDRESS], 1
    sbb     eax, 0                      # IGMP_RECORD_TO_INCLUDE, of no source, where nobody listens
    call    igmp_tell
    mov     ebp, 1                      # what is due next is looked for then
    mov     edx, CHANGE_MS
    cmp     byte ptr [ebx + NETIF_IGMP_OLDER], 0
    je      .Ligmp_poll_again
    mov     edx, CHANGE_OLDER_MS
    cmp     dword ptr [edi + GROUP_ADDRESS], 0  # leaving is said once (RFC 2236 section 3)
    je      .Ligmp_poll_last
.Ligmp_poll_again:
    call    igmp_later
    mov     [edi + GROUP_CHANGE], eax
    dec     dword ptr [edi + GROUP_REPORTS]
    jnz     .Ligmp_poll_next
.Ligmp_poll_last:
    call    igmp_cancel
    jmp     .Ligmp_poll_next
.Ligmp_poll_answer:
    lea     edx, [edi + GROUP_ANSWER]
    call    igmp_due
    je      .Ligmp_poll_tell
    cmp     byte ptr [esp], 0
    je      .Ligmp_poll_next
    cmp     dword ptr [edi + GROUP_ADDRESS], 0
    je      .Ligmp_poll_next
.Ligmp_poll_tell:
    mov     eax, IGMP_RECORD_IS_EXCLUDE
    call    igmp_tell
.Ligmp_poll_next:
    add     edi, GROUP_SIZE
    lea     eax, [ebx + NETIF_GROUPS + GROUPS_MAXIMUM * GROUP_SIZE]
    cmp     edi, eax
    jb      .Ligmp_poll_group
    pop     eax
    test    esi, esi
    jz      .Ligmp_poll_silent
    mov     edx, IGMP_ROUTERS
    call    igmp_send
.Ligmp_poll_silent:
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     .Ligmp_poll_interface
.Ligmp_poll_end:
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Tells of a group: a record of the report that is being written, or a message of an older version at once.
# In: EBX interface, EDI group, EAX RECORD_*, ESI report or 0.
# Out: ESI report or 0.
# Clobbers: EAX, ECX, EDX.
igmp_tell:
    cmp     byte ptr [ebx + NETIF_IGMP_OLDER], 0
    jne     .Ligmp_tell_older
    push    eax
    test    esi, esi
    jnz     .Ligmp_tell_record
    mov     eax, IGMP_SIZE + GROUPS_MAXIMUM * IGMP_RECORD_SIZE
    mov     edx, IGMP_REPORT_V3
    call    igmp_begin
    jc      .Ligmp_tell_done
    mov     dword ptr [esi + PACKET_LENGTH], IGMP_SIZE
.Ligmp_tell_record:
    mov     edx, [esi + PACKET_DATA]
    inc     byte ptr [edx + IGMP_RECORDS + 1]
    CHECK   "byte ptr [edx+IGMP_RECORDS+1]", be, GROUPS_MAXIMUM, "igmp_tell: more records than the report holds"
    add     edx, [esi + PACKET_LENGTH]
    add     dword ptr [esi + PACKET_LENGTH], IGMP_RECORD_SIZE
    mov     eax, [esp]
    mov     [edx + IGMP_RECORD_TYPE], eax # without sources, and without what IGMP_RECORD_AUXILIARY counts
    mov     eax, [edi + GROUP_TOLD]
    mov     [edx + IGMP_RECORD_GROUP], eax
.Ligmp_tell_done:
    pop     eax
    ret
.Ligmp_tell_older:
    mov     edx, IGMP_REPORT
    mov     ecx, [edi + GROUP_TOLD]
    cmp     al, IGMP_RECORD_TO_INCLUDE
    jne     .Ligmp_tell_version
    mov     dl, IGMP_LEAVE
    mov     ecx, IP_ALL_ROUTERS
.Ligmp_tell_version:
    cmp     byte ptr [ebx + NETIF_IGMP_OLDER], 3 - 1
    jne     .Ligmp_tell_send
    cmp     dl, IGMP_LEAVE              # version 1 does not know it
    je      .Ligmp_tell_none
    mov     dl, IGMP_REPORT_V1
.Ligmp_tell_send:
    push    ecx
    mov     eax, IGMP_SIZE
    call    igmp_begin
    pop     edx
    jc      .Ligmp_tell_none
    mov     ecx, [esi + PACKET_DATA]
    mov     eax, [edi + GROUP_TOLD]
    mov     [ecx + IGMP_GROUP], eax
    call    igmp_send
.Ligmp_tell_none:
    xor     esi, esi
    ret

# Begins a message.
# In: EBX interface, EDX type, EAX bytes.
# Out: ESI packet; CF and 0 when there is no memory.
# Clobbers: EAX, ECX, EDX.
igmp_begin:
    xor     esi, esi
    push    edx
    call    packet_alloc
    pop     edx
    jc      1f
    mov     esi, eax
    mov     [esi + PACKET_NETIF], ebx
    mov     eax, [esi + PACKET_DATA]
    mov     [eax + IGMP_TYPE], dl
1:  ret

# Sends a message.
# In: ESI packet, EDX destination.
# Clobbers: EAX, ECX, EDX.
igmp_send:
    COUNT   igmp_reports
    push    edx
    mov     edx, [esi + PACKET_DATA]
    mov     ecx, [esi + PACKET_LENGTH]
    call    checksum
    mov     edx, [esi + PACKET_DATA]
    mov     [edx + IGMP_CHECKSUM], ax
    mov     eax, esi
    pop     edx
    mov     ecx, PROTOCOL_IGMP | (1 << 8) | (1 << 16)
    jmp     ip_send
