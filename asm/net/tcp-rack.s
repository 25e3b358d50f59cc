# RACK (RFC 8985): when each byte was sent last, and so which are lost: those that were sent before one that has
# arrived, once reordering has had its time. What may be sent in recovery then is by RFC 6937.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

RTT_MINIMUM_MS          = 300000        # the smallest round-trip time is forgotten after that
GRAIN_US                = 2000          # the timers', so that no deadline comes before what is nearly here
RUN_GRAIN_US            = 1000          # what is sent within one millisecond is one run
PERSIST                 = 16            # recoveries for which a wider window for reordering is kept

.bss
.balign 4
.global rack_new
rack_new:               .space 4        # bytes that the acknowledgement that is looked at says have arrived
.global rack_original
rack_original:          .space 4        # 1: something of TCB_RECOVER or before is among them that was sent only once
rack_wait:              .space 4        # microseconds until all that may be lost is; 0: nothing may
rack_fack:              .space 4        # TCB_RACK_FACK before it

.text

# Begins to look at an acknowledgement or a deadline.
# In: EBX block.
# Clobbers: EAX only.
.global rack_begin
rack_begin:
    xor     eax, eax
    mov     [rack_new], eax
    mov     [rack_original], eax
    mov     eax, [ebx + TCB_RACK_FACK]
    mov     [rack_fack], eax
    ret

# Makes room for a run before another.
# In: EBX block, EDX run, which is copied.
# Clobbers: EAX, ECX.
rack_insert:
    CHECK   "dword ptr [ebx+TCB_RUNS]", b, RUNS, "rack_insert: the table of runs is full"
    imul    eax, [ebx + TCB_RUNS], RUN_SIZE
    lea     eax, [ebx + eax + TCB_RUNS]     # the last dword of the last
1:  mov     ecx, [eax]
    mov     [eax + RUN_SIZE], ecx
    sub     eax, 4
    cmp     eax, edx
    jae     1b
    inc     dword ptr [ebx + TCB_RUNS]
    ret

# Takes a run away: what it stood for belongs to the next.
# In: EBX block, EDX run.
# Clobbers: EAX, ECX.
rack_remove:
    CHECK   "dword ptr [ebx+TCB_RUNS]", ne, 0, "rack_remove: there is no run"
    push    esi
    push    edi
    dec     dword ptr [ebx + TCB_RUNS]
    imul    eax, [ebx + TCB_RUNS], RUN_SIZE
    lea     ecx, [ebx + eax + TCB_RUNS + 4]
    sub     ecx, edx
    shr     ecx, 2
    mov     edi, edx
    lea     esi, [edx + RUN_SIZE]
    rep     movsd
    pop     edi
    pop     esi
    ret

# Finds the run of a sequence number.
# In: EBX block, EAX sequence number.
# Out: EDX run; CF when there is none, EDX is where one would be added then.
# Clobbers: ECX.
.global rack_find
rack_find:
    push    esi
    mov     ecx, [ebx + TCB_RUNS]
    lea     edx, [ebx + TCB_RUNS + 4]
1:  jecxz   2f
    mov     esi, [edx + RUN_END]
    sub     esi, eax
    test    esi, esi
    jg      3f                          # CF says nothing here
    add     edx, RUN_SIZE
    dec     ecx
    jmp     1b
2:  pop     esi
    stc
    ret
3:  pop     esi
    clc
    ret

# Notes that bytes are sent now, for the first time or again.
# In: EBX block, EAX first sequence number, EDX the one after the last.
# Clobbers: EAX, ECX, EDX.
.global rack_sent
rack_sent:
    CHECK_ORDER eax, edx, "rack_sent: bytes end before they begin"
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jz      .Lrack_sent_nothing
    cmp     [ebx + TCB_SENT_END], eax   # nearly always the last run goes on
    jne     .Lrack_sent_anew
    mov     ecx, [tcp_time]
    cmp     [ebx + TCB_SENT_TIME], ecx
    jne     .Lrack_sent_anew
    test    dword ptr [ebx + TCB_SENT_ORDER], RUN_AGAIN
    jnz     .Lrack_sent_anew
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     .Lrack_sent_anew
    mov     ecx, [ebx + TCB_RUNS]
    jecxz   .Lrack_sent_anew
    imul    ecx, ecx, RUN_SIZE
    cmp     [ebx + ecx + TCB_RUNS + 4 - RUN_SIZE + RUN_END], eax
    jne     .Lrack_sent_anew
    mov     [ebx + ecx + TCB_RUNS + 4 - RUN_SIZE + RUN_END], edx
    mov     [ebx + TCB_SENT_END], edx
    mov     edx, [tcp_time_us]
    mov     [ebx + ecx + TCB_RUNS + 4 - RUN_SIZE + RUN_TIME], edx
    ret
.Lrack_sent_anew:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jz      1f
    sub     edx, esi
    add     [ebx + TCB_PRR_OUT], edx
1:  cmp     dword ptr [ebx + TCB_RUNS], RUNS - 2
    jbe     2f
    call    rack_squeeze
    jmp     1b
2:  mov     ebp, [tcp_time]
    mov     eax, esi
    call    rack_find
    mov     eax, RUN_AGAIN
    sbb     eax, 0                      # nobody knows it: it is new
    call    rack_order
    test    ecx, RUN_AGAIN
    jnz     .Lrack_sent_again
    CHECK   "dword ptr [ebx+TCB_RUNS]", b, RUNS, "rack_sent: the table of runs is full"
    inc     dword ptr [ebx + TCB_RUNS]
    mov     [edx + RUN_END], edi
    jmp     .Lrack_sent_set
.Lrack_sent_again:
    call    rack_overwrite
.Lrack_sent_set:
    mov     eax, [tcp_time_us]
    mov     [edx + RUN_TIME], eax
    mov     eax, [ebx + TCB_SENT_ORDER]
    mov     [edx + RUN_ORDER], eax
    sub     edx, RUN_SIZE
    lea     ecx, [ebx + TCB_RUNS + 4]
    cmp     edx, ecx
    jb      .Lrack_sent_done
    cmp     [edx + RUN_ORDER], eax
    jne     .Lrack_sent_done
    call    rack_remove                 # it goes on
.Lrack_sent_done:
.ifdef CHECKS
    call    rack_check
.endif
    pop     ebp
    pop     edi
    pop     esi
.Lrack_sent_nothing:
    ret

.ifdef CHECKS
# Holds the table of runs against what it promises: each ends after the one before it.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
rack_check:
    mov     ecx, [ebx + TCB_RUNS]
    CHECK   ecx, be, RUNS, "rack_check: more runs than the table holds"
    lea     edx, [ebx + TCB_RUNS + 4]
    mov     eax, [ebx + TCB_SND_UNA]
1:  jecxz   2f
    CHECK   eax, ne, [edx+RUN_END], "rack_check: an empty run"
    CHECK_ORDER eax, [edx+RUN_END], "rack_check: runs are not ascending"
    mov     eax, [edx + RUN_END]
    add     edx, RUN_SIZE
    dec     ecx
    jmp     1b
2:  ret
.endif

# Numbers what is sent: it goes on with what was sent last, or is a run of its own.
# In: EBX block, EAX RUN_AGAIN or that less 1 for what is new, ESI and EDI where it begins and ends, EBP tcp_time.
# Out: ECX the number, with RUN_AGAIN.
# Clobbers: EAX.
rack_order:
    push    edx
    mov     ecx, [ebx + TCB_SENT_ORDER]
    xor     eax, ecx
    and     eax, RUN_AGAIN
    jnz     1f
    cmp     [ebx + TCB_SENT_END], esi
    jne     1f
    cmp     [ebx + TCB_SENT_TIME], ebp
    je      2f                          # it goes on
1:  and     ecx, ~RUN_AGAIN
    add     ecx, 2
    xor     eax, [ebx + TCB_SENT_ORDER]
    and     eax, RUN_AGAIN
    or      ecx, eax
2:  mov     [ebx + TCB_SENT_ORDER], ecx
    mov     [ebx + TCB_SENT_TIME], ebp
    mov     [ebx + TCB_SENT_END], edi
    pop     edx
    ret

# Has bytes that were sent before be a run of their own.
# In: EBX block, EDX the run that they begin in, ESI and EDI where they begin and end.
# Out: EDX their run.
# Clobbers: EAX, ECX.
rack_overwrite:
    lea     eax, [ebx + TCB_RUNS + 4]
    mov     ecx, [ebx + TCB_SND_UNA]
    cmp     edx, eax
    je      1f
    mov     ecx, [edx - RUN_SIZE + RUN_END]
1:  sub     ecx, esi                    # it begins inside a run: that is cut there
    jns     2f
    call    rack_insert
    mov     [edx + RUN_END], esi
    add     edx, RUN_SIZE
2:  mov     eax, [edx + RUN_END]
    sub     eax, edi
    test    eax, eax
    jle     3f
    call    rack_insert                 # and here, where it ends inside one
3:  mov     [edx + RUN_END], edi
4:  lea     eax, [edx + RUN_SIZE]       # those after it that it covers
    imul    ecx, [ebx + TCB_RUNS], RUN_SIZE
    lea     ecx, [ebx + ecx + TCB_RUNS + 4]
    cmp     eax, ecx
    jae     .Lrack_overwrite_done
    mov     ecx, [eax + RUN_END]
    sub     ecx, edi
    test    ecx, ecx
    jg      .Lrack_overwrite_done
    push    edx
    mov     edx, eax
    call    rack_remove
    pop     edx
    jmp     4b
.Lrack_overwrite_done:
    ret

# Makes one run of the oldest two. It counts as sent when the later of them was: a loss is noticed later for it, never
# too soon.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
rack_squeeze:
    CHECK   "dword ptr [ebx+TCB_RUNS]", ae, 2, "rack_squeeze: there are no two runs"
    lea     edx, [ebx + TCB_RUNS + 4]
    mov     eax, [edx + RUN_ORDER]
    mov     ecx, eax
    sub     ecx, [edx + RUN_SIZE + RUN_ORDER]
    test    ecx, ecx
    jle     rack_remove
    mov     [edx + RUN_SIZE + RUN_ORDER], eax
    mov     eax, [edx + RUN_TIME]
    mov     [edx + RUN_SIZE + RUN_TIME], eax
    jmp     rack_remove

# Forgets the runs that are acknowledged.
# In: EBX block with SND.UNA.
# Clobbers: EAX, ECX, EDX.
.global rack_trim
rack_trim:
    lea     edx, [ebx + TCB_RUNS + 4]
1:  cmp     dword ptr [ebx + TCB_RUNS], 0
    je      2f
    mov     eax, [edx + RUN_END]
    sub     eax, [ebx + TCB_SND_UNA]
    test    eax, eax
    jg      2f
    call    rack_remove
    jmp     1b
2:  ret

# Bytes have arrived that were not known to (RFC 8985, 6.2, steps 1 to 3).
# In: EBX block, EAX first sequence number, EDX the one after the last.
# Clobbers: EAX, ECX, EDX.
.global rack_delivered
rack_delivered:
    CHECK_ORDER eax, edx, "rack_delivered: bytes end before they begin"
    CHECK_ORDER edx, [ebx+TCB_SND_MAX], "rack_delivered: bytes that were never sent"
    push    esi
    push    edi
    push    ebp
    mov     edi, edx
    mov     ecx, edx
    sub     ecx, eax
    add     [rack_new], ecx
    call    rack_find
    jc      .Lrack_delivered_fack
    mov     esi, edx
.Lrack_delivered_next:
    mov     ebp, [esi + RUN_END]        # EBP: how far this run has arrived
    mov     eax, ebp
    sub     eax, edi
    test    eax, eax
    jle     1f
    mov     ebp, edi
1:  mov     edx, [esi + RUN_ORDER]
    mov     ecx, [tcp_time_us]
    sub     ecx, [esi + RUN_TIME]       # ECX: its round-trip time
    test    edx, RUN_AGAIN
    jnz     3f
    call    rack_measure
    mov     eax, ebp
    sub     eax, [ebx + TCB_RECOVER]
    test    eax, eax
    jg      2f
    mov     dword ptr [rack_original], 1
2:  mov     eax, ebp
    sub     eax, [rack_fack]
    jns     4f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_REORDERED
    jmp     4f
3:  lea     eax, [ecx + RUN_GRAIN_US]
    cmp     eax, [ebx + TCB_RTT_MINIMUM]
    jb      .Lrack_delivered_skip       # too soon: it is what was sent first
4:  mov     [ebx + TCB_RACK_RTT], ecx   # that of the last of them, whichever was sent last
    mov     eax, edx
    sub     eax, [ebx + TCB_RACK_ORDER]
    js      .Lrack_delivered_skip
    jnz     .Lrack_delivered_latest
    mov     eax, ebp
    sub     eax, [ebx + TCB_RACK_END]
    js      .Lrack_delivered_skip
.Lrack_delivered_latest:
    mov     [ebx + TCB_RACK_ORDER], edx
    mov     [ebx + TCB_RACK_END], ebp
.Lrack_delivered_skip:
    cmp     ebp, edi
    je      .Lrack_delivered_fack
    add     esi, RUN_SIZE
    imul    eax, [ebx + TCB_RUNS], RUN_SIZE
    lea     eax, [ebx + eax + TCB_RUNS + 4]
    cmp     esi, eax
    jb      .Lrack_delivered_next
.Lrack_delivered_fack:
    mov     eax, edi
    sub     eax, [ebx + TCB_RACK_FACK]
    test    eax, eax
    jle     .Lrack_delivered_done
    mov     [ebx + TCB_RACK_FACK], edi
.Lrack_delivered_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Keeps the smallest round-trip time of the last minutes.
# In: EBX block, ECX microseconds.
# Clobbers: EAX only.
rack_measure:
    mov     eax, [ebx + TCB_RTT_MINIMUM]
    dec     eax                         # 0: none yet
    cmp     ecx, eax
    jbe     1f
    mov     eax, [tcp_time]
    sub     eax, [ebx + TCB_RTT_MINIMUM_AT]
    cmp     eax, RTT_MINIMUM_MS
    jbe     2f
1:  mov     [ebx + TCB_RTT_MINIMUM], ecx
    mov     eax, [tcp_time]
    mov     [ebx + TCB_RTT_MINIMUM_AT], eax
2:  ret

# The other side got a segment twice: reordering is given more time, by a quarter once in a round trip (RFC 8985, 6.2,
# step 4).
# In: EBX block.
# Clobbers: EAX only.
.global rack_twice
rack_twice:
    mov     eax, [ebx + TCB_SND_UNA]
    sub     eax, [ebx + TCB_RACK_ROUND]
    js      1f
    mov     eax, [ebx + TCB_SND_NXT]
    mov     [ebx + TCB_RACK_ROUND], eax
    inc     dword ptr [ebx + TCB_RACK_QUARTERS]
    mov     dword ptr [ebx + TCB_RACK_PERSIST], PERSIST
1:  ret

# A recovery is over.
# In: EBX block.
.global rack_recovered
rack_recovered:
    cmp     dword ptr [ebx + TCB_RACK_PERSIST], 0
    je      1f
    dec     dword ptr [ebx + TCB_RACK_PERSIST]
    jnz     1f
    mov     dword ptr [ebx + TCB_RACK_QUARTERS], 0
1:  ret

# How long reordering may take (RFC 8985, 6.2, step 4).
# In: EBX block.
# Out: TCB_RACK_WINDOW.
# Clobbers: EAX, ECX, EDX.
rack_give_time:
    xor     eax, eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_REORDERED
    jnz     1f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     2f
    call    sack_many
    jnc     2f
1:  mov     eax, [ebx + TCB_RACK_QUARTERS]
    inc     eax
    mul     dword ptr [ebx + TCB_RTT_MINIMUM]
    shr     eax, 2
    imul    ecx, [ebx + TCB_SRTT], 1000 / 8
    cmp     eax, ecx
    jbe     2f
    mov     eax, ecx
2:  mov     [ebx + TCB_RACK_WINDOW], eax
    ret

# Says whether a byte is lost that is not reported (RFC 8985, 6.2, step 5).
# In: EBX block, EAX sequence number.
# Out: CF when it is not, or not yet: then rack_wait counts it.
# Clobbers: ECX, EDX only.
.global rack_lost
rack_lost:
    call    rack_find
    jc      .Lrack_lost_done
    mov     ecx, [edx + RUN_ORDER]
    sub     ecx, [ebx + TCB_RACK_LOST_ORDER]
    js      .Lrack_lost_known
    jnz     1f
    mov     ecx, eax
    sub     ecx, [ebx + TCB_RACK_LOST]
    test    ecx, ecx
    jle     .Lrack_lost_known
1:  mov     ecx, [edx + RUN_ORDER]
    sub     ecx, [ebx + TCB_RACK_ORDER]
    test    ecx, ecx
    jg      3f
    jne     2f
    mov     ecx, eax
    sub     ecx, [ebx + TCB_RACK_END]
    jns     3f
2:  mov     ecx, [edx + RUN_TIME]
    add     ecx, [ebx + TCB_RACK_RTT]
    add     ecx, [ebx + TCB_RACK_WINDOW]
    sub     ecx, [tcp_time_us]
    test    ecx, ecx
    jle     4f
    cmp     ecx, [rack_wait]
    jbe     3f
    mov     [rack_wait], ecx
3:  stc
.Lrack_lost_done:
    ret
4:  mov     ecx, [edx + RUN_ORDER]      # once lost, always lost, until it is sent again: all that is as old as this
    mov     [ebx + TCB_RACK_LOST_ORDER], ecx
    mov     edx, [edx + RUN_END]
    cmp     ecx, [ebx + TCB_RACK_ORDER]
    jne     .Lrack_lost_whole
    mov     ecx, edx
    sub     ecx, [ebx + TCB_RACK_END]
    test    ecx, ecx
    jle     .Lrack_lost_whole
    sub     edx, ecx
.Lrack_lost_whole:
    dec     edx
    mov     [ebx + TCB_RACK_LOST], edx
.Lrack_lost_known:
    clc
    ret

# Looks for losses, and sets the deadline for those that are not certain.
# In: EBX block.
# Out: EAX bytes on their way, EDX bytes that are lost and were not sent again.
# Clobbers: ECX.
rack_detect:
    call    rack_give_time
    mov     dword ptr [rack_wait], 0
    call    sack_pipe
    mov     ecx, [rack_wait]
    jecxz   1f
    push    eax
    push    edx
    lea     eax, [ecx + GRAIN_US + 999]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     edx, AT_REORDER
    call    tcp_set
    pop     edx
    pop     eax
    ret
1:  mov     [ebx + AT_REORDER], ecx
    ret

# An acknowledgement said something new, or reordering has had its time: begins recovery if something is lost, and says
# how much may be sent in it.
# In: EBX block with data on its way, EAX bytes that SND.UNA has moved by; rack_new.
# Clobbers: EAX, ECX, EDX.
.global rack_acknowledged
rack_acknowledged:
    push    esi
    push    edi
    mov     esi, eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     1f
    cmp     dword ptr [ebx + TCB_SACKED], 0
    je      .Lrack_acknowledged_calm
1:  call    rack_detect
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_LOSS
    jnz     .Lrack_acknowledged_done    # after a timeout the window opens as in slow start
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     2f
    test    edx, edx
    jz      .Lrack_acknowledged_done
    push    eax
    push    edx
    call    tcp_recover
    pop     edx
    pop     eax
2:  call    prr_update
    jmp     .Lrack_acknowledged_done
.Lrack_acknowledged_calm:
    mov     dword ptr [ebx + AT_REORDER], 0
.Lrack_acknowledged_done:
    pop     edi
    pop     esi
    ret

# A timeout: what was sent longer ago than a round trip takes is lost.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global rack_timeout
rack_timeout:
    mov     ecx, [ebx + TCB_RUNS]
    lea     edx, [ebx + TCB_RUNS + 4]
1:  jecxz   3f
    mov     eax, [tcp_time_us]
    sub     eax, [edx + RUN_TIME]
    sub     eax, [ebx + TCB_RACK_RTT]
    sub     eax, [ebx + TCB_RACK_WINDOW]
    js      2f
    mov     eax, [edx + RUN_ORDER]
    sub     eax, [ebx + TCB_RACK_LOST_ORDER]
    js      2f
    add     [ebx + TCB_RACK_LOST_ORDER], eax
    mov     eax, [edx + RUN_END]
    mov     [ebx + TCB_RACK_LOST], eax
2:  add     edx, RUN_SIZE
    dec     ecx
    jmp     1b
3:  mov     eax, [tcp_time]             # what is sent now is of no run that is lost
    dec     eax
    mov     [ebx + TCB_SENT_TIME], eax
    ret

# Reordering has had its time.
# In: EBX block.
.global rack_expired
rack_expired:
    call    rack_begin
    mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    je      2f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     1f
    mov     eax, [ebx + TCB_MSS]
    mov     [rack_new], eax             # the first repetition is for it
1:  xor     eax, eax
    call    rack_acknowledged
    jmp     tcp_output
2:  ret
