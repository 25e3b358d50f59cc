# TCP's times: retransmission and probes of closed windows, delayed acknowledgements, keep-alive, the ends of TIME-WAIT
# and of what an orphan waits for. Each connection has up to six deadlines and one timer of the kernel's queue, which
# is set for the nearest. The timer's routine only leaves a mark; the net task does what is due.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

RTO_MAXIMUM_MS          = 60000         # RFC 6298, 2.5
TRIES_MAXIMUM           = 12            # RFC 9293, 3.8.3: R2 is to be 100 s at least
SYN_TRIES_MAXIMUM       = 6             # and 3 minutes for a SYN, which this nearly is
SYN_ACK_TRIES_MAXIMUM   = 5
KEEP_ALIVE_IDLE_MS      = 7200000       # RFC 9293, 3.8.4
KEEP_ALIVE_STEP_MS      = 75000
KEEP_ALIVE_PROBES       = 9

.bss
.balign 4
tcp_due:                .space 4        # a timer left its mark

.text

# Routine of a block's timer. Interrupts are off.
# In: EAX block.
.global tcp_timer_due
tcp_timer_due:
    CHECK_MASKED "tcp_timer_due: interrupts are on"
    mov     dword ptr [eax + TCB_DUE], 1
    mov     dword ptr [tcp_due], 1
    jmp     net_wake

# Sets a deadline.
# In: EBX block, EDX which (AT_*), EAX milliseconds from now.
.global tcp_set
tcp_set:
    CHECK   edx, ae, TCB_DEADLINES, "tcp_set: there is no such deadline"
    CHECK   edx, b, TCB_DEADLINES+TCP_DEADLINES*4, "tcp_set: there is no such deadline"
    add     eax, [tcp_time]
    cmp     eax, 1
    adc     eax, 0                      # 0 says that it is not set
    mov     [ebx + edx], eax
    cmp     dword ptr [ebx + TCB_TIMER + TIMER_SET], 0
    je      tcp_arm
    imul    ecx, [ebx + TCB_TIMER + TIMER_DEADLINE], TICK_MS
    sub     ecx, eax
    test    ecx, ecx
    jg      tcp_arm
    ret                                 # the timer comes before, and is set anew then

# Takes a deadline away.
# In: EBX block, EDX which.
.global tcp_unset
tcp_unset:
    mov     dword ptr [ebx + edx], 0
    ret                                 # should the timer come for it, it finds nothing due

# Sets the timer for the nearest deadline.
# In: EBX block.
tcp_arm:
    push    esi
    xor     esi, esi                    # nearest
    xor     ecx, ecx
1:  mov     eax, [ebx + TCB_DEADLINES + ecx*4]
    test    eax, eax
    jz      3f
    test    esi, esi
    jz      2f
    mov     edx, eax
    sub     edx, esi
    jns     3f
2:  mov     esi, eax
3:  inc     ecx
    cmp     ecx, TCP_DEADLINES
    jb      1b
    test    esi, esi
    jz      .Ltcp_arm_done
    call    clock_ms
    sub     esi, eax
    jns     .Ltcp_arm_later
    xor     esi, esi
.Ltcp_arm_later:
    lea     eax, [esi + TICK_MS - 1]
    xor     edx, edx
    mov     ecx, TICK_MS
    div     ecx
    mov     edx, eax
    cmp     edx, 1
    adc     edx, 0
    cmp     dword ptr [ebx + TCB_TIMER + TIMER_SET], 0
    je      .Ltcp_arm_set
    mov     eax, [ebx + TCB_TIMER + TIMER_DEADLINE]     # sooner than that: it finds nothing due, and is set then
    sub     eax, [clock_ticks]
    cmp     eax, edx
    jle     .Ltcp_arm_done
.Ltcp_arm_set:
    lea     eax, [ebx + TCB_TIMER]
    call    timer_set_ticks
.Ltcp_arm_done:
    pop     esi
    ret

# Does what is due. Called by the net task.
.global tcp_poll
tcp_poll:
    push    ebx
    xor     eax, eax
    xchg    eax, [tcp_due]
    test    eax, eax
    jz      .Ltcp_poll_done
    call    tcp_lock
1:  mov     ebx, [tcp_blocks]           # a block may go, and others with it: from the start after each
2:  test    ebx, ebx
    jz      4f
    xor     eax, eax
    xchg    eax, [ebx + TCB_DUE]
    test    eax, eax
    jnz     3f
    mov     ebx, [ebx + TCB_NEXT]
    jmp     2b
3:  call    tcp_serve
    jmp     1b
4:  mov     eax, offset tcp_mutex
    call    mutex_unlock
.Ltcp_poll_done:
    pop     ebx
    ret

# Serves one block whose timer has come.
# In: EBX block.
tcp_serve:
    mov     edx, AT_END
    call    tcp_is_due
    jnc     tcp_over
    mov     edx, AT_ACKNOWLEDGE
    call    tcp_is_due
    jc      1f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    call    tcp_output
1:  mov     edx, AT_KEEP_ALIVE
    call    tcp_is_due
    jc      2f
    call    tcp_keep_alive
    jc      .Ltcp_serve_done            # it has ended
2:  mov     edx, AT_REORDER
    call    tcp_is_due
    jc      3f
    call    rack_expired
3:  mov     edx, AT_PROBE               # before the timeout, which it puts off
    call    tcp_is_due
    jc      4f
    call    tcp_probe
4:  mov     edx, AT_RETRANSMIT
    call    tcp_is_due
    jc      .Ltcp_serve_arm
    call    tcp_retransmit
    jc      .Ltcp_serve_done
.Ltcp_serve_arm:
    call    tcp_arm
.Ltcp_serve_done:
    ret

# This machine was silent for a while, and heard nothing: sends at once what nobody has acknowledged. May sleep.
.global tcp_hurry
tcp_hurry:
    push    ebx
    call    tcp_lock
    mov     ebx, [tcp_blocks]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + AT_RETRANSMIT], 0
    je      2f
    mov     eax, [tcp_time]
    cmp     eax, 1
    adc     eax, 0                      # 0 says that it is not set
    mov     [ebx + AT_RETRANSMIT], eax
    mov     dword ptr [ebx + AT_PROBE], 0
    mov     dword ptr [ebx + TCB_DUE], 1
    mov     dword ptr [tcp_due], 1
2:  mov     ebx, [ebx + TCB_NEXT]
    jmp     1b
3:  mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ebx
    jmp     net_wake

# Looks whether a deadline has come, and takes it away then.
# In: EBX block, EDX which.
# Out: CF when it has not.
tcp_is_due:
    mov     ecx, [ebx + edx]
    cmp     ecx, 1                      # CF when it is 0
    jc      9f
    mov     eax, [tcp_time]
    sub     eax, ecx
    cmp     eax, 0x80000000             # CF when it is not negative
    cmc
    jc      9f
    mov     dword ptr [ebx + edx], 0
    clc
9:  ret

# TIME-WAIT is over, or an orphan has waited long enough. The other side may keep its window closed for as long as it
# likes (RFC 9293, 3.8.6.1), but not to a connection that nobody can break off (RFC 6429): strangers would leave them
# behind, each with all that its ring holds.
# In: EBX block.
tcp_over:
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    je      1f
    cmp     dword ptr [ebx + TCB_STATE], TCP_FIN_WAIT_2
    je      1f
    COUNT   tcp_timeouts
    call    tcp_send_reset
1:  xor     eax, eax
    jmp     tcp_end

# Nothing was heard for long: asks whether the other side is there.
# In: EBX block.
# Out: CF when the connection has ended.
tcp_keep_alive:
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      9f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_KEEP_ALIVE
    jz      9f
    cmp     dword ptr [ebx + TCB_PROBES], KEEP_ALIVE_PROBES
    jae     8f
    inc     dword ptr [ebx + TCB_PROBES]
    mov     eax, [ebx + TCB_SND_UNA]    # an old byte: whoever is there answers what comes next
    dec     eax
    xor     edx, edx
    mov     ecx, TCP_ACK
    call    tcp_emit
    mov     eax, KEEP_ALIVE_STEP_MS
    mov     edx, AT_KEEP_ALIVE
    call    tcp_set
9:  clc
    ret
8:  COUNT   tcp_timeouts
    call    tcp_send_reset
    mov     eax, ERROR_TIMEOUT
    call    tcp_end
    stc
    ret

# Begins the time without a word anew.
# In: EBX block.
.global tcp_heard
tcp_heard:
    mov     dword ptr [ebx + TCB_PROBES], 0
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_KEEP_ALIVE
    jz      9f
    mov     eax, KEEP_ALIVE_IDLE_MS
    mov     edx, AT_KEEP_ALIVE
    jmp     tcp_set
9:  ret

# Sets the retransmission's deadline by the number of tries; tcp_output sets that of a loss probe anew.
# In: EBX block.
.global tcp_set_retransmit
tcp_set_retransmit:
    mov     dword ptr [ebx + AT_PROBE], 0
    mov     ecx, [ebx + TCB_TRIES]
    test    ecx, ecx
    jnz     1f
    mov     eax, [tcp_time]
    mov     [ebx + TCB_PROGRESS_AT], eax
1:  mov     eax, [ebx + TCB_RTO]
2:  jecxz   3f
    add     eax, eax
    dec     ecx
    cmp     eax, RTO_MAXIMUM_MS
    jb      2b
    mov     eax, RTO_MAXIMUM_MS
3:  mov     edx, [ebx + TCB_TIMEOUT]
    test    edx, edx
    jz      4f
    add     edx, [ebx + TCB_PROGRESS_AT]
    sub     edx, [tcp_time]             # so long it may still take
    cmp     eax, edx
    jle     4f
    mov     eax, edx
4:  mov     edx, AT_RETRANSMIT
    jmp     tcp_set

# The retransmission's deadline has come (RFC 6298, 5.4 to 5.7; RFC 5681, 3.1).
# In: EBX block.
# Out: CF when the connection has ended.
tcp_retransmit:
    inc     dword ptr [ebx + TCB_TRIES]
    mov     eax, [ebx + TCB_TRIES]
    mov     ecx, [ebx + TCB_STATE]
    mov     edx, SYN_TRIES_MAXIMUM
    cmp     ecx, TCP_SYN_SENT
    je      .Ltcp_retransmit_bound
    mov     edx, SYN_ACK_TRIES_MAXIMUM
    cmp     ecx, TCP_SYN_RECEIVED
    je      .Ltcp_retransmit_bound
    mov     edx, TRIES_MAXIMUM
.Ltcp_retransmit_bound:
    cmp     eax, edx
    ja      .Ltcp_retransmit_give_up
    mov     edx, [ebx + TCB_TIMEOUT]
    test    edx, edx
    jz      .Ltcp_retransmit_in_time
    mov     eax, [tcp_time]
    sub     eax, [ebx + TCB_PROGRESS_AT]
    cmp     eax, edx
    jae     .Ltcp_retransmit_give_up
.Ltcp_retransmit_in_time:
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_TIMED   # Karn: what is sent twice is not measured
    cmp     ecx, TCP_SYN_SENT
    je      .Ltcp_retransmit_syn
    cmp     ecx, TCP_SYN_RECEIVED
    je      .Ltcp_retransmit_syn_ack
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    jnz     .Ltcp_retransmit_probe
    mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    je      .Ltcp_retransmit_good       # all is acknowledged
    COUNT   tcp_expired
    mov     ecx, [ebx + TCB_FLAGS]
    and     ecx, TCB_F_RECOVERY | TCB_F_LOSS
    cmp     dword ptr [ebx + TCB_TRIES], 1
    jne     .Ltcp_retransmit_doubted
    cmp     ecx, TCB_F_RECOVERY
    je      .Ltcp_retransmit_again
    push    ecx
    call    undo_begin                  # once for each loss: RFC 5681, equation 4
    pop     ecx
    test    ecx, ecx
    jnz     .Ltcp_retransmit_again
.Ltcp_retransmit_doubted:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_DOUBTED
.Ltcp_retransmit_again:
    call    tcp_resend
    jmp     .Ltcp_retransmit_good
.Ltcp_retransmit_syn:
    COUNT   tcp_retransmitted
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN
    jmp     .Ltcp_retransmit_emit
.Ltcp_retransmit_syn_ack:
    COUNT   tcp_retransmitted
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN | TCP_ACK
.Ltcp_retransmit_emit:
    call    tcp_emit
    call    tcp_set_retransmit
    jmp     .Ltcp_retransmit_good
.Ltcp_retransmit_probe:
    call    tcp_window_probe
.Ltcp_retransmit_good:
    clc
    ret
.Ltcp_retransmit_give_up:
    COUNT   tcp_timeouts
    cmp     ecx, TCP_SYN_SENT
    je      2f
    call    tcp_send_reset
2:  mov     eax, ERROR_TIMEOUT
    call    tcp_end
    stc
    ret

# Sends again what is not acknowledged, from the first byte on, in a window of one segment.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
tcp_resend:
    CHECK_ORDER [ebx+TCB_SND_UNA], [ebx+TCB_SND_MAX], "tcp_resend: more is acknowledged than was sent"
    mov     dword ptr [ebx + TCB_DUPLICATES], 0
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_RECOVER], eax
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_RECOVERY | TCB_F_PROBED | TCB_F_PROBED_AGAIN)
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_LOSS
    mov     dword ptr [ebx + AT_REORDER], 0
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     .Ltcp_resend_sack
    COUNT   tcp_retransmitted
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_FIN_SENT
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FORCE
    mov     eax, [ebx + TCB_MSS]
    mov     [ebx + TCB_CWND], eax
    mov     eax, [ebx + TCB_SND_UNA]
    mov     [ebx + TCB_SND_NXT], eax
    call    tcp_output
    call    tcp_set_retransmit
    ret
.Ltcp_resend_sack:
    mov     [ebx + TCB_SND_NXT], eax
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY
    mov     eax, [ebx + TCB_SACKED + 4 + RANGE_START]
    cmp     eax, [ebx + TCB_SND_UNA]
    jne     .Ltcp_resend_reported
    mov     dword ptr [ebx + TCB_SACKED], 0     # it has taken back what it said (RFC 2018, 8)
.Ltcp_resend_reported:
    call    rack_timeout
    call    sack_pipe
    add     eax, [ebx + TCB_MSS]
    mov     [ebx + TCB_CWND], eax
    call    tcp_resend_first
    call    tcp_set_retransmit
    ret

# Asks a window that is closed, or sends what was held back for a window that has opened.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
tcp_window_probe:
    dec     dword ptr [ebx + TCB_TRIES]
    push    dword ptr [ebx + TCB_FLAGS]
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_CORKED | TCB_F_MORE)
    call    tcp_output                  # what was held back has waited long enough
    pop     eax
    and     eax, TCB_F_CORKED | TCB_F_MORE
    or      [ebx + TCB_FLAGS], eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    jz      2f
    inc     dword ptr [ebx + TCB_TRIES]
    mov     eax, [ebx + TCB_SND_UNA]    # a closed window is asked for as long as the other side answers
    cmp     eax, [ebx + TCB_SND_MAX]    # (RFC 9293, 3.8.6.1): one byte beyond it
    jne     1f
    inc     dword ptr [ebx + TCB_SND_MAX]
1:  push    eax
    lea     edx, [eax + 1]
    call    rack_sent
    pop     eax
    mov     edx, 1
    mov     ecx, TCP_ACK
    call    tcp_emit
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_SND_NXT], eax
    call    tcp_set_retransmit
2:  ret
