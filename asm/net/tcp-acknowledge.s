# What an acknowledgement means for the sender: round-trip time (RFC 6298), the window, duplicate acknowledgements, fast
# retransmit and recovery (RFC 5681, 6582; with SACK see tcp-rack.s).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

RTO_VARIANCE_MS         = 200           # more than a round trip, at least: as long as others delay an acknowledgement
RTO_MAXIMUM_MS          = 60000
DUPLICATES              = 3
PROBES_ANSWERED         = 9             # tries that answered probes count as at most: RTO_MAXIMUM_MS lies between them

.bss
.balign 4
told:                   .space 4        # bytes of those acknowledged now that duplicate acknowledgements have told of

.text

# The acknowledgement, the window and the timestamps of the segment in seg_*.
# In: EBX block, ESTABLISHED or later.
# Out: CF when the segment is to be dropped.
.global tcp_acknowledge
tcp_acknowledge:
    CHECK_HELD tcp_mutex, "tcp_acknowledge: tcp_mutex is not held"
    CHECK   "dword ptr [ebx+TCB_STATE]", ae, TCP_ESTABLISHED, "tcp_acknowledge: the connection is not established"
    push    esi
    push    edi
    push    ebp
    call    rack_begin
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_PAIRS], eax
    mov     eax, [seg_acknowledgement]
    mov     edx, eax
    sub     edx, [ebx + TCB_SND_MAX]
    test    edx, edx
    jg      .Ltcp_acknowledge_unsent
    mov     esi, eax
    sub     esi, [ebx + TCB_SND_UNA]    # ESI: bytes acknowledged
    jns     1f
    mov     edx, esi
    neg     edx
    cmp     edx, [ebx + TCB_SND_WIDEST] # RFC 5961, 5.2
    ja      .Ltcp_acknowledge_unsent
1:  call    tcp_take_stamp

    call    tcp_take_window

    call    sack_update
    call    tcp_probe_answered
    test    esi, esi
    jg      .Ltcp_acknowledge_new
    mov     ecx, esi
    xor     esi, esi
    test    eax, eax
    jnz     4f
    or      ecx, [seg_length]           # RFC 5681, 2: what a duplicate is
    jne     .Ltcp_acknowledge_good
    test    ebp, ebp
    jnz     .Ltcp_acknowledge_good
    test    dword ptr [seg_flags], TCP_FIN
    jnz     .Ltcp_acknowledge_good
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     .Ltcp_acknowledge_good      # with SACK it says what it has got
4:  mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    je      .Ltcp_acknowledge_good
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    jnz     .Ltcp_acknowledge_probed
    call    tcp_duplicate
    jmp     .Ltcp_acknowledge_good
.Ltcp_acknowledge_probed:
    cmp     dword ptr [ebx + TCB_TRIES], PROBES_ANSWERED
    jbe     .Ltcp_acknowledge_good
    mov     dword ptr [ebx + TCB_TRIES], PROBES_ANSWERED    # it is there: the window is asked for as long as it takes
    jmp     .Ltcp_acknowledge_good
.Ltcp_acknowledge_new:
    push    esi
    call    tcp_advance
    pop     eax
    mov     ecx, [ebx + TCB_SND_UNA]
    cmp     ecx, [ebx + TCB_SND_MAX]
    je      .Ltcp_acknowledge_good
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jz      .Ltcp_acknowledge_good
    call    rack_acknowledged
.Ltcp_acknowledge_good:
    clc
    jmp     .Ltcp_acknowledge_done
.Ltcp_acknowledge_unsent:
    COUNT   tcp_unsent
    call    tcp_owe_soon                # RFC 9293, 3.10.7.4, wants it answered: what is sent soon answers it, and many
    stc
.Ltcp_acknowledge_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Notes the time stamp of a segment (RFC 7323, 4.3).
# In: EBX block.
# Clobbers: EAX, EDX.
tcp_take_stamp:
    cmp     dword ptr [seg_stamped], 0  # RFC 7323, 4.3
    je      .Ltcp_take_stamp_done
    mov     eax, [seg_sequence]
    sub     eax, [ebx + TCB_LAST_ACK]
    test    eax, eax
    jg      .Ltcp_take_stamp_done
    mov     eax, [seg_stamp]
    mov     edx, eax
    sub     edx, [ebx + TCB_TS_RECENT]
    js      .Ltcp_take_stamp_done
    mov     [ebx + TCB_TS_RECENT], eax
    mov     eax, [tcp_time]
    mov     [ebx + TCB_TS_AGE], eax
.Ltcp_take_stamp_done:
    ret

# Takes over the window that a segment offers.
# In: EBX block, ESI bytes acknowledged.
# Out: EBP 1 when the window changed.
# Clobbers: EAX, ECX, EDI.
tcp_take_window:
    xor     ebp, ebp                    # EBP: 1 when the window changed
    test    esi, esi
    js      .Ltcp_take_window_done      # an old one tells of ranges only, which are entered all the same (RFC 6675, 5)
    mov     edi, [seg_window]
    mov     ecx, [ebx + TCB_SND_SCALE]
    shl     edi, cl
    mov     eax, [seg_sequence]
    sub     eax, [ebx + TCB_SND_WL1]
    js      .Ltcp_take_window_done
    mov     eax, [seg_sequence]         # SND.WL2 is never above SND.UNA, nor is what acknowledges less looked at
    mov     [ebx + TCB_SND_WL1], eax
    cmp     edi, [ebx + TCB_SND_WND]
    je      .Ltcp_take_window_done
    mov     [ebx + TCB_SND_WND], edi
    inc     ebp
    cmp     edi, [ebx + TCB_SND_WIDEST]
    jbe     3f
    mov     [ebx + TCB_SND_WIDEST], edi
3:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    jz      .Ltcp_take_window_done
    test    edi, edi
    jz      .Ltcp_take_window_done
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_PROBE   # the window opens: what the probe carried goes again
    mov     dword ptr [ebx + TCB_TRIES], 0
    mov     dword ptr [ebx + AT_RETRANSMIT], 0
    mov     eax, [ebx + TCB_SND_UNA]
    mov     [ebx + TCB_SND_NXT], eax
.Ltcp_take_window_done:
    ret

# New bytes are acknowledged.
# In: EBX block, ESI how many sequence numbers.
tcp_advance:
    call    tcp_measure
    mov     dword ptr [ebx + TCB_TRIES], 0
    xor     eax, eax
    xchg    eax, [ebx + TCB_DUPLICATES]
    imul    eax, [ebx + TCB_MSS]        # each was for a segment
    mov     [told], eax
    mov     edi, [ebx + TCB_SND_MAX]
    sub     edi, [ebx + TCB_SND_UNA]    # EDI: bytes that were on their way
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jz      1f
    mov     eax, [ebx + TCB_SND_UNA]
    mov     edx, [seg_acknowledgement]
    mov     ecx, esi
    add     ecx, [rack_new]
    mov     [told], ecx
    call    sack_deliver
    mov     ecx, [rack_new]             # what is acknowledged and does not arrive only now
    sub     [told], ecx
1:  mov     eax, [seg_acknowledgement]
    CHECK_ORDER [ebx+TCB_SND_UNA], eax, "tcp_advance: SND.UNA goes back"
    CHECK_ORDER eax, [ebx+TCB_SND_MAX], "tcp_advance: what was never sent is acknowledged"
    mov     [ebx + TCB_SND_UNA], eax
    mov     edx, eax
    sub     edx, [ebx + TCB_SND_NXT]
    test    edx, edx
    jle     2f
    mov     [ebx + TCB_SND_NXT], eax
2:  mov     edx, eax
    sub     edx, [ebx + TCB_TX + RING_END]
    test    edx, edx
    jle     3f
    mov     eax, [ebx + TCB_TX + RING_END]  # our FIN
3:
    CHECK_ORDER [ebx+TCB_TX+RING_START], eax, "tcp_advance: bytes come back into the ring"
    CHECK_ORDER eax, [ebx+TCB_TX+RING_END], "tcp_advance: bytes go that the ring does not hold"
    mov     [ebx + TCB_TX + RING_START], eax
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_PROBE
    call    sack_trim
    call    rack_trim
    call    stamp_acknowledged
    call    undo_look

    mov     eax, [ebx + TCB_SND_UNA]
    sub     eax, [ebx + TCB_RECOVER]
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_LOSS
    jnz     .Ltcp_advance_loss
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jz      .Ltcp_advance_grow
    call    tcp_recover_part
    jmp     .Ltcp_advance_timer
.Ltcp_advance_loss:
    test    eax, eax
    js      .Ltcp_advance_grow
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_LOSS | TCB_F_RECOVERY | TCB_F_DOUBTED)
.Ltcp_advance_grow:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_LOSS
    jnz     4f
    sub     esi, [told]                 # limited transmit has sent for these already
    jns     4f
    xor     esi, esi
4:  call    tcp_grow
.Ltcp_advance_timer:
    mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    jne     .Ltcp_advance_more
    xor     eax, eax
    mov     [ebx + AT_RETRANSMIT], eax
    mov     [ebx + AT_PROBE], eax
    mov     [ebx + AT_REORDER], eax
    jmp     .Ltcp_advance_room
.Ltcp_advance_more:
    call    tcp_set_retransmit
.Ltcp_advance_room:
    cmp     dword ptr [ebx + AT_END], 0
    je      tcp_wake                    # there is room
    mov     eax, TCP_ORPHAN_MS
    mov     edx, AT_END
    call    tcp_set
    jmp     tcp_wake

# Part of the bytes to be recovered is acknowledged, or all.
# In: EBX block, EAX bytes beyond TCB_RECOVER, or negative, ESI bytes acknowledged.
# Clobbers: EAX, ECX, EDX.
tcp_recover_part:
    test    eax, eax
    js      .Ltcp_recover_part_partial
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_RECOVERY    # all is there
    call    rack_recovered
    mov     eax, [ebx + TCB_SSTHRESH]
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     2f
    mov     edx, [ebx + TCB_SND_MAX]    # RFC 6582, 3.2, step 3: no burst
    sub     edx, [ebx + TCB_SND_UNA]
    cmp     edx, [ebx + TCB_MSS]
    jae     1f
    mov     edx, [ebx + TCB_MSS]
1:  add     edx, [ebx + TCB_MSS]
    cmp     eax, edx
    jbe     2f
    mov     eax, edx
2:  mov     [ebx + TCB_CWND], eax
    jmp     .Ltcp_recover_part_done
.Ltcp_recover_part_partial:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     .Ltcp_recover_part_done         # what is sent depends on the bytes on their way
    mov     eax, [ebx + TCB_CWND]
    sub     eax, esi
    jns     3f
    xor     eax, eax
3:  cmp     esi, [ebx + TCB_MSS]
    jb      4f
    add     eax, [ebx + TCB_MSS]
4:  mov     [ebx + TCB_CWND], eax
    call    tcp_resend_first
.Ltcp_recover_part_done:
    ret

# A duplicate acknowledgement, or one with news of SACK.
# In: EBX block, ESI 0.
tcp_duplicate:
    inc     dword ptr [ebx + TCB_DUPLICATES]
    call    undo_look
    xor     eax, eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     rack_acknowledged
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    jnz     1f
    mov     eax, [ebx + TCB_SND_UNA]
    sub     eax, [ebx + TCB_RECOVER]
    test    eax, eax
    jle     2f                          # of what a timeout sent again
    cmp     dword ptr [ebx + TCB_DUPLICATES], DUPLICATES
    jb      2f                          # tcp_output sends new data for it: RFC 3042
    call    tcp_recover
    mov     eax, [ebx + TCB_MSS]        # RFC 5681, 3.2: three have left the network
    lea     eax, [eax + eax*2]
    add     eax, [ebx + TCB_SSTHRESH]
    mov     [ebx + TCB_CWND], eax
    jmp     tcp_resend_first
1:  mov     eax, [ebx + TCB_MSS]        # a segment has left the network
    add     [ebx + TCB_CWND], eax
2:  ret

# Begins fast recovery.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global tcp_recover
tcp_recover:
    CHECK_ORDER [ebx+TCB_SND_UNA], [ebx+TCB_SND_MAX], "tcp_recover: more is acknowledged than was sent"
    COUNT   tcp_recoveries
    call    undo_begin
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_RECOVER], eax
    mov     [ebx + TCB_SND_NXT], eax
    sub     eax, [ebx + TCB_SND_UNA]
    mov     [ebx + TCB_PRR_FLIGHT], eax
    xor     eax, eax
    mov     [ebx + TCB_PRR_DELIVERED], eax
    mov     [ebx + TCB_PRR_OUT], eax
    mov     [ebx + TCB_LOST], eax
    mov     [ebx + AT_PROBE], eax
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_PROBED | TCB_F_PROBED_AGAIN)
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    ret

# Sends the first segment that is not acknowledged once more.
# In: EBX block.
.global tcp_resend_first
tcp_resend_first:
    push    esi
    push    edi
    mov     eax, [ebx + TCB_SND_UNA]
    call    sack_hole
    mov     esi, eax
    mov     edi, edx
    sub     edx, eax
    test    edx, edx
    jle     1f
    call    sack_resend
1:  pop     edi
    pop     esi
    ret

# Measures the round trip that the segment in seg_* ends, if it ends one (RFC 6298, 2; RFC 7323, 4.1).
# In: EBX block.
.global tcp_measure
tcp_measure:
    mov     eax, [tcp_time]
    cmp     dword ptr [seg_stamped], 0
    je      1f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      1f
    add     eax, [ebx + TCB_TS_OFFSET]
    sub     eax, [seg_echo]
    cmp     eax, RTO_MAXIMUM_MS
    ja      .Ltcp_measure_done          # nothing that we sent
    jmp     2f
1:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMED
    jz      .Ltcp_measure_done
    mov     edx, [seg_acknowledgement]
    sub     edx, [ebx + TCB_TIMED]
    js      .Ltcp_measure_done
    sub     eax, [ebx + TCB_TIMED_AT]
2:  and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_TIMED
    cmp     eax, 1
    adc     eax, 0
    cmp     dword ptr [ebx + TCB_SRTT], 0
    jne     3f
    lea     edx, [eax + eax]
    mov     [ebx + TCB_RTTVAR], edx     # half of it, four times
    shl     eax, 3
    mov     [ebx + TCB_SRTT], eax
    jmp     4f
3:  mov     edx, [ebx + TCB_SRTT]
    shr     edx, 3
    sub     eax, edx                    # difference
    add     [ebx + TCB_SRTT], eax
    cdq
    xor     eax, edx                    # its magnitude
    sub     eax, edx
    mov     edx, [ebx + TCB_RTTVAR]
    shr     edx, 2
    sub     eax, edx
    add     [ebx + TCB_RTTVAR], eax
4:  mov     eax, [ebx + TCB_SRTT]
    shr     eax, 3
    mov     edx, [ebx + TCB_RTTVAR]     # RFC 6298, 2.3, with G so large; 2.4 asks for a second, which nobody takes
    cmp     edx, RTO_VARIANCE_MS
    jae     .Ltcp_measure_spread
    mov     edx, RTO_VARIANCE_MS
.Ltcp_measure_spread:
    add     eax, edx
    cmp     eax, RTO_MAXIMUM_MS
    jbe     .Ltcp_measure_bounded
    mov     eax, RTO_MAXIMUM_MS
.Ltcp_measure_bounded:
    CHECK   eax, ae, RTO_VARIANCE_MS, "tcp_measure: a timeout in another unit than ms"
    mov     [ebx + TCB_RTO], eax
.Ltcp_measure_done:
    ret
