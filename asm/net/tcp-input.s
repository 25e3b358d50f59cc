# TCP's state machine: what a segment does to a connection in each state (RFC 9293, 3.10.7), with the defences of RFC
# 5961 against forged ones and PAWS (RFC 7323) against old ones.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

CHALLENGES_A_SECOND     = 10            # of one connection (RFC 5961, 7)
CHALLENGES_MS           = 1000
QUICK_AFTER_TWICE       = 16            # acknowledgements were lost: each counts, a delayed one stands for too much
PAWS_IDLE_MS            = 2073600000    # 24 days: then an old timestamp says nothing any more

.text

# Gives the segment in seg_* to the connection that it belongs to. The net task holds tcp_mutex.
.global tcp_input
tcp_input:
    push    ebx
    push    esi
    push    edi
    mov     eax, [seg_source]
    mov     edx, [seg_source_port]
    mov     ecx, [seg_destination_port]
    mov     esi, [seg_destination]
    call    tcp_find
    mov     ebx, eax
    test    eax, eax
    jz      .Ltcp_input_listener
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_SYN_SENT
    je      .Ltcp_input_syn_sent
    cmp     eax, TCP_TIME_WAIT
    jne     .Ltcp_input_connection
    call    tcp_reopens
    jc      .Ltcp_input_connection
    xor     eax, eax                    # a new life of the same connection
    call    tcp_end
.Ltcp_input_listener:
    mov     ecx, [seg_destination_port]
    mov     esi, [seg_destination]
    call    tcp_listener
    mov     ebx, eax
    test    eax, eax
    jz      .Ltcp_input_nobody
    call    tcp_listen_input
    jmp     .Ltcp_input_done
.Ltcp_input_nobody:
    call    tcp_answer_reset
    jmp     .Ltcp_input_done
.Ltcp_input_syn_sent:
    call    tcp_syn_sent_input
    jmp     .Ltcp_input_done
.Ltcp_input_connection:
    call    tcp_connection_input
.Ltcp_input_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# State SYN-SENT.
# In: EBX block.
tcp_syn_sent_input:
    mov     ecx, [seg_flags]
    test    ecx, TCP_ACK
    jz      .Ltcp_syn_sent_input_checked
    mov     eax, [seg_acknowledgement]
    mov     edx, eax
    sub     edx, [ebx + TCB_ISS]
    test    edx, edx
    jle     .Ltcp_syn_sent_input_wrong
    sub     eax, [ebx + TCB_SND_MAX]
    test    eax, eax
    jg      .Ltcp_syn_sent_input_wrong
.Ltcp_syn_sent_input_checked:
    test    ecx, TCP_RST
    jz      .Ltcp_syn_sent_input_syn
    test    ecx, TCP_ACK
    jz      .Ltcp_syn_sent_input_done
    COUNT   tcp_resets
    mov     eax, ERROR_REFUSED
    jmp     tcp_end
.Ltcp_syn_sent_input_syn:
    test    ecx, TCP_SYN
    jz      .Ltcp_syn_sent_input_done
    mov     eax, [seg_sequence]
    call    tcp_synchronize
    inc     dword ptr [seg_sequence]
    mov     eax, [ebx + TCB_RX_LIMIT]   # what our SYN offered
    cmp     eax, 65535
    jbe     1f
    mov     eax, 65535
1:  add     [ebx + TCB_RCV_ADV], eax
    test    dword ptr [seg_flags], TCP_ACK
    jz      .Ltcp_syn_sent_input_both
    call    tcp_established
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jmp     tcp_text
.Ltcp_syn_sent_input_both:
    mov     eax, TCP_SYN_RECEIVED       # both open at once
    call    tcp_move
    mov     dword ptr [ebx + TCB_TRIES], 0
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN | TCP_ACK
    call    tcp_emit
    call    tcp_set_retransmit
    cmp     dword ptr [seg_length], 0
    je      .Ltcp_syn_sent_input_done
    and     dword ptr [seg_flags], ~TCP_FIN
    jmp     tcp_take                    # kept until the connection is made (RFC 9293, 3.4)
.Ltcp_syn_sent_input_wrong:
    test    ecx, TCP_RST
    jz      tcp_answer_reset
.Ltcp_syn_sent_input_done:
    ret

# Takes the first sequence number and the options of a SYN.
# In: EBX block, EAX sequence number.
.global tcp_synchronize
tcp_synchronize:
    mov     [ebx + TCB_IRS], eax
    mov     [ebx + TCB_SND_WL1], eax
    inc     eax
    mov     [ebx + TCB_RCV_NXT], eax
    mov     [ebx + TCB_RCV_ADV], eax
    mov     [ebx + TCB_LAST_ACK], eax
    mov     [ebx + TCB_RX + RING_START], eax
    mov     [ebx + TCB_RX + RING_END], eax
    mov     eax, [seg_window]           # never scaled in a SYN
    mov     [ebx + TCB_SND_WND], eax
    mov     [ebx + TCB_SND_WIDEST], eax

    mov     eax, [seg_mss]
    test    eax, eax
    jnz     1f
    mov     eax, TCP_MSS_DEFAULT
1:  cmp     eax, TCP_MSS_MINIMUM
    jae     2f
    mov     eax, TCP_MSS_MINIMUM
2:  mov     edx, [ebx + TCB_MSS_LIMIT]
    cmp     eax, edx
    jbe     3f
    mov     eax, edx
3:  mov     edx, [ebx + TCB_FLAGS]
    and     edx, ~(TCB_F_SCALE | TCB_F_TIMESTAMPS | TCB_F_SACK)
    mov     dword ptr [ebx + TCB_RCV_SCALE], 0
    mov     dword ptr [ebx + TCB_SND_SCALE], 0
    cmp     dword ptr [seg_scaled], 0
    je      4f
    or      edx, TCB_F_SCALE
    mov     ecx, [seg_scale]
    mov     [ebx + TCB_SND_SCALE], ecx
    mov     ecx, [ebx + TCB_SCALE]
    mov     [ebx + TCB_RCV_SCALE], ecx
4:  cmp     dword ptr [seg_sack_ok], 0
    je      .Ltcp_synchronize_stamps
    or      edx, TCB_F_SACK
.Ltcp_synchronize_stamps:
    cmp     dword ptr [seg_stamped], 0
    je      .Ltcp_synchronize_set
    or      edx, TCB_F_TIMESTAMPS
    sub     eax, 12                     # in each segment, RFC 6691
    mov     ecx, [seg_stamp]
    mov     [ebx + TCB_TS_RECENT], ecx
.Ltcp_synchronize_set:
    mov     [ebx + TCB_FLAGS], edx
    mov     [ebx + TCB_MSS], eax
    mov     ecx, eax
    mov     eax, [ebx + TCB_RX_LIMIT]   # whole segments
    add     eax, ecx
    dec     eax
    xor     edx, edx
    div     ecx
    imul    eax, ecx
    mov     [ebx + TCB_RX_LIMIT], eax
    call    tcp_first_window
    mov     [ebx + TCB_CWND], eax
    mov     eax, [tcp_time]
    mov     [ebx + TCB_TS_AGE], eax
    ret

# The congestion window with which sending begins (RFC 6928): ten segments, which are 14,600 bytes at most.
# In: EBX block.
# Out: EAX bytes.
.global tcp_first_window
tcp_first_window:
    imul    eax, [ebx + TCB_MSS], 10
    ret

# The acknowledgement of our SYN came: state ESTABLISHED.
# In: EBX block.
tcp_established:
    mov     eax, [seg_acknowledgement]
    mov     [ebx + TCB_SND_UNA], eax
    mov     [ebx + TCB_RACK_FACK], eax
    dec     eax
    mov     [ebx + TCB_RECOVER], eax    # RFC 6582, 3.2: the initial sequence number
    mov     [ebx + TCB_RACK_ROUND], eax
    call    rack_begin
    call    tcp_measure
    cmp     dword ptr [ebx + TCB_TRIES], 0
    je      1f
    cmp     dword ptr [ebx + TCB_SRTT], 0
    jne     2f
    mov     dword ptr [ebx + TCB_RTO], 3000     # RFC 6298, 5.7: the SYN was lost
2:  mov     eax, [ebx + TCB_MSS]        # RFC 5681, 3.1
    mov     [ebx + TCB_CWND], eax
1:  mov     dword ptr [ebx + TCB_TRIES], 0
    mov     edx, AT_RETRANSMIT
    call    tcp_unset
    mov     eax, TCP_ESTABLISHED
    call    tcp_move
    jmp     tcp_heard

# All states from SYN-RECEIVED on.
# In: EBX block.
tcp_connection_input:
    mov     ecx, [seg_flags]
    test    ecx, TCP_ACK | TCP_SYN | TCP_RST
    jz      tcp_unflagged               # nobody who keeps to the rules sends such a segment: no answer is owed
    call    tcp_heard
    mov     ecx, [seg_flags]
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jne     .Ltcp_connection_input_paws
    mov     eax, [seg_sequence]
    cmp     eax, [ebx + TCB_IRS]
    jne     .Ltcp_connection_input_paws
    mov     eax, ecx
    and     eax, TCP_SYN | TCP_ACK | TCP_RST
    cmp     eax, TCP_SYN
    je      .Ltcp_connection_input_again
    cmp     eax, TCP_SYN | TCP_ACK
    jne     .Ltcp_connection_input_paws
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_ACTIVE
    jz      .Ltcp_connection_input_paws
    inc     dword ptr [seg_sequence]    # both open at once: the other side says its SYN again, and acknowledges ours
    and     dword ptr [seg_flags], ~TCP_SYN     # (RFC 9293, figure 7, row 6)
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jmp     .Ltcp_connection_input_paws
.Ltcp_connection_input_again:
    mov     eax, [ebx + TCB_ISS]        # our answer was lost
    xor     edx, edx
    mov     ecx, TCP_SYN | TCP_ACK
    jmp     tcp_emit

.Ltcp_connection_input_paws:
    call    tcp_paws_lets
    jc      .Ltcp_connection_input_window
    COUNT   tcp_paws
    jmp     tcp_owe

.Ltcp_connection_input_window:
    test    dword ptr [seg_flags], TCP_SYN
    jnz     .Ltcp_connection_input_syn
    call    tcp_acceptable
    jc      .Ltcp_connection_input_outside
    test    dword ptr [seg_flags], TCP_RST
    jnz     .Ltcp_connection_input_reset
    test    dword ptr [seg_flags], TCP_ACK
    jz      .Ltcp_connection_input_done
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    je      tcp_opened
    call    tcp_acknowledge
    jc      .Ltcp_connection_input_done
    jmp     tcp_after

.Ltcp_connection_input_outside:
    COUNT   tcp_outside
    test    dword ptr [seg_flags], TCP_RST
    jnz     .Ltcp_connection_input_done
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    jne     tcp_owe
    test    dword ptr [seg_flags], TCP_FIN
    jz      tcp_owe
    mov     eax, [seg_sequence]         # the other side's FIN again, and nothing else, begins the time anew
    add     eax, [seg_length]
    inc     eax
    cmp     eax, [ebx + TCB_RCV_NXT]
    jne     tcp_owe
    call    tcp_linger
    jmp     tcp_owe

.Ltcp_connection_input_syn:
    test    dword ptr [seg_flags], TCP_RST
    jnz     .Ltcp_connection_input_done
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jne     tcp_challenge               # RFC 5961, 4
    cmp     dword ptr [ebx + TCB_PARENT], 0
    je      tcp_challenge
    call    tcp_acceptable              # RFC 9293, 3.10.7.4: of a connection that came in, back to LISTEN
    jc      .Ltcp_connection_input_outside
    jmp     .Ltcp_connection_input_over

.Ltcp_connection_input_reset:
    mov     eax, [seg_sequence]         # RFC 5961, 3: exact, or it is asked for again
    cmp     eax, [ebx + TCB_RCV_NXT]
    jne     tcp_challenge
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    je      .Ltcp_connection_input_over
    COUNT   tcp_resets
    mov     eax, ERROR_RESET            # also in LAST-ACK: what was sent last may not have arrived
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jne     tcp_end
    mov     eax, ERROR_REFUSED
    jmp     tcp_end
.Ltcp_connection_input_over:
    xor     eax, eax
    jmp     tcp_end

.Ltcp_connection_input_done:
    ret

# In SYN-RECEIVED: our SYN is acknowledged, or something else is.
# In: EBX block.
tcp_opened:
    mov     eax, [seg_acknowledgement]
    mov     edx, eax
    sub     edx, [ebx + TCB_SND_UNA]
    test    edx, edx
    jle     tcp_answer_reset
    sub     eax, [ebx + TCB_SND_MAX]
    test    eax, eax
    jg      tcp_answer_reset
    cmp     dword ptr [ebx + TCB_PARENT], 0
    je      .Ltcp_opened_open
    call    tcp_queue
.Ltcp_opened_open:
    call    tcp_established
    mov     eax, [seg_window]
    mov     ecx, [ebx + TCB_SND_SCALE]
    shl     eax, cl
    mov     [ebx + TCB_SND_WND], eax
    mov     [ebx + TCB_SND_WIDEST], eax
    mov     eax, [seg_sequence]
    mov     [ebx + TCB_SND_WL1], eax
    cmp     dword ptr [seg_stamped], 0
    je      1f
    mov     eax, [seg_stamp]
    mov     [ebx + TCB_TS_RECENT], eax
1:  jmp     tcp_text

tcp_unflagged:
    COUNT   tcp_malformed
    ret

# Whether the time stamp of a segment lets it through (RFC 7323, 5.3): one that is older is an old duplicate.
# In: EBX block, ECX flags.
# Out: CF when it does.
# Clobbers: EAX.
tcp_paws_lets:
    test    ecx, TCP_RST
    jnz     .Ltcp_paws_lets_not
    cmp     dword ptr [seg_stamped], 0
    je      .Ltcp_paws_lets_not
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      .Ltcp_paws_lets_not
    mov     eax, [seg_stamp]
    sub     eax, [ebx + TCB_TS_RECENT]
    jns     .Ltcp_paws_lets_not
    mov     eax, [tcp_time]
    sub     eax, [ebx + TCB_TS_AGE]
    cmp     eax, PAWS_IDLE_MS
    ja      .Ltcp_paws_lets_not
    clc
    ret
.Ltcp_paws_lets_not:
    stc
    ret

# Goes on after the acknowledgement: our FIN may be acknowledged now.
# In: EBX block.
tcp_after:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_SENT
    jz      tcp_text
    mov     eax, [ebx + TCB_TX + RING_END]
    inc     eax
    cmp     eax, [ebx + TCB_SND_UNA]
    jne     tcp_text
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_LAST_ACK
    je      3f
    cmp     eax, TCP_CLOSING
    je      2f
    cmp     eax, TCP_FIN_WAIT_1
    jne     tcp_text
    mov     eax, TCP_FIN_WAIT_2
    call    tcp_move
    cmp     dword ptr [ebx + TCB_HANDLE], 0
    jne     tcp_text
    mov     eax, 2 * TCP_MSL_MS         # nobody will ever read what comes: the other side has so long for its FIN
    mov     edx, AT_END
    call    tcp_set
    jmp     tcp_text
2:  call    tcp_linger
    jmp     tcp_output
3:  xor     eax, eax
    jmp     tcp_end

# Data and FIN of a segment that is in the window; then sends what that and the acknowledgement allow.
# In: EBX block.
tcp_text:
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_ESTABLISHED
    je      1f
    cmp     eax, TCP_FIN_WAIT_1
    je      1f
    cmp     eax, TCP_FIN_WAIT_2
    je      1f
    cmp     eax, TCP_TIME_WAIT
    jne     .Ltcp_text_output
    cmp     dword ptr [seg_length], 0   # all but an acknowledgement of what is known (RFC 9293, 3.10.7.4: nothing
    jne     tcp_owe                     # comes behind a FIN)
    test    dword ptr [seg_flags], TCP_FIN
    jnz     tcp_owe
    mov     eax, [seg_sequence]
    cmp     eax, [ebx + TCB_RCV_NXT]
    jne     tcp_owe
    jmp     .Ltcp_text_output
1:  cmp     dword ptr [seg_length], 0
    je      .Ltcp_text_fin
    cmp     dword ptr [ebx + TCB_HANDLE], 0
    jne     .Ltcp_text_data
    cmp     dword ptr [ebx + TCB_PARENT], 0
    jne     .Ltcp_text_data
    COUNT   tcp_late                    # RFC 9293, 3.10.4: nobody is there to read it
    call    tcp_answer_reset            # with the number that the other side expects (RFC 5961, 3)
    xor     eax, eax
    jmp     tcp_end
.Ltcp_text_data:
    call    tcp_take
.Ltcp_text_fin:
    test    dword ptr [seg_flags], TCP_FIN
    jz      .Ltcp_text_end
    mov     eax, [seg_sequence]
    add     eax, [seg_length]
    mov     [ebx + TCB_FIN_AT], eax
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_AHEAD | TCB_F_ACK_NOW
.Ltcp_text_end:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_AHEAD
    jz      .Ltcp_text_output
    mov     eax, [ebx + TCB_FIN_AT]
    cmp     eax, [ebx + TCB_RCV_NXT]
    jne     .Ltcp_text_output           # something before it is missing
    inc     dword ptr [ebx + TCB_RCV_NXT]
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_FIN_AHEAD
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED | TCB_F_ACK_NOW
    mov     eax, [ebx + TCB_STATE]
    mov     edx, TCP_CLOSE_WAIT
    cmp     eax, TCP_ESTABLISHED
    je      2f
    mov     edx, TCP_CLOSING
    cmp     eax, TCP_FIN_WAIT_1
    je      2f
    call    tcp_linger
    jmp     .Ltcp_text_output
2:  mov     eax, edx
    call    tcp_move
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSING
    jne     .Ltcp_text_output
    mov     eax, [ebx + TCB_SND_UNA]    # both close at once: ours was sent before theirs came, and says so once more
    lea     edx, [eax + 1]
    cmp     edx, [ebx + TCB_SND_MAX]
    jne     .Ltcp_text_output
    xor     edx, edx
    mov     ecx, TCP_FIN | TCP_ACK
    jmp     tcp_emit
.Ltcp_text_output:
    jmp     tcp_output

# Checks a segment against the receive window and cuts off what lies outside it (RFC 9293, 3.10.7.4).
# In: EBX block.
# Out: CF when it is not acceptable; else seg_sequence, seg_data, seg_length and seg_flags are what is left.
tcp_acceptable:
    push    esi
    push    edi
    mov     esi, [seg_length]
    test    dword ptr [seg_flags], TCP_FIN
    jz      .Ltcp_acceptable_length
    inc     esi                         # ESI: length in sequence numbers
.Ltcp_acceptable_length:
    mov     edi, [ebx + TCB_RCV_ADV]
    sub     edi, [ebx + TCB_RCV_NXT]    # EDI: window
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_ACTIVE
    jnz     .Ltcp_acceptable_room
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    je      .Ltcp_acceptable_window
.Ltcp_acceptable_room:
    call    tcp_window                  # all that there is room for, though the header may not have been able to say so
    mov     edi, eax
.Ltcp_acceptable_window:
    mov     eax, [seg_sequence]
    sub     eax, [ebx + TCB_RCV_NXT]    # EAX: where it begins in the window
    jns     .Ltcp_acceptable_ahead
    mov     ecx, eax
    add     ecx, esi                    # ECX: what reaches into the window
    jle     .Ltcp_acceptable_old
    neg     eax
    mov     edx, [seg_sequence]         # RFC 2883: this part came before
    mov     ecx, [ebx + TCB_RCV_NXT]
    cmp     dword ptr [seg_length], 0
    je      .Ltcp_acceptable_left
    mov     [ebx + TCB_DUPLICATE + RANGE_START], edx
    mov     [ebx + TCB_DUPLICATE + RANGE_END], ecx
    COUNT   tcp_twice
.Ltcp_acceptable_left:
    mov     [seg_sequence], ecx
    sub     esi, eax
    sub     [seg_length], eax
    jns     .Ltcp_acceptable_cut
    mov     dword ptr [seg_length], 0
.Ltcp_acceptable_cut:
    add     [seg_data], eax
    xor     eax, eax
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jmp     .Ltcp_acceptable_right
.Ltcp_acceptable_ahead:
    cmp     eax, edi
    jb      .Ltcp_acceptable_right
    test    eax, eax
    jnz     .Ltcp_acceptable_no
    test    esi, esi                    # the window is closed: what the segment says besides its data counts
    jz      .Ltcp_acceptable_yes
    cmp     dword ptr [seg_length], 0
    je      .Ltcp_acceptable_yes        # a FIN alone needs no room
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    mov     dword ptr [seg_length], 0
    and     dword ptr [seg_flags], ~TCP_FIN
    jmp     .Ltcp_acceptable_yes
.Ltcp_acceptable_right:
    add     eax, [seg_length]
    sub     eax, edi
    jbe     .Ltcp_acceptable_yes
    sub     [seg_length], eax           # beyond the window
    and     dword ptr [seg_flags], ~TCP_FIN
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
.Ltcp_acceptable_yes:
    clc
    jmp     .Ltcp_acceptable_done
.Ltcp_acceptable_old:
    cmp     dword ptr [seg_length], 0
    je      .Ltcp_acceptable_no
    COUNT   tcp_twice
    mov     dword ptr [ebx + TCB_QUICK], QUICK_AFTER_TWICE
    mov     eax, [seg_sequence]
    mov     [ebx + TCB_DUPLICATE + RANGE_START], eax
    add     eax, [seg_length]
    mov     [ebx + TCB_DUPLICATE + RANGE_END], eax
.Ltcp_acceptable_no:
    stc
.Ltcp_acceptable_done:
    pop     edi
    pop     esi
    ret

# Sends an acknowledgement at once.
# In: EBX block.
.global tcp_owe
tcp_owe:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jmp     tcp_output_ack

# Sends a challenge acknowledgement (RFC 5961), a bounded number in the second that begins with the first of them.
# In: EBX block.
tcp_challenge:
    mov     eax, [tcp_time]
    mov     ecx, eax
    sub     ecx, [ebx + TCB_CHALLENGE_AT]
    cmp     ecx, CHALLENGES_MS
    jb      1f
    mov     [ebx + TCB_CHALLENGE_AT], eax
    mov     dword ptr [ebx + TCB_CHALLENGES], 0
1:  cmp     dword ptr [ebx + TCB_CHALLENGES], CHALLENGES_A_SECOND
    jae     2f
    inc     dword ptr [ebx + TCB_CHALLENGES]
    COUNT   tcp_challenges
    jmp     tcp_owe
2:  COUNT   tcp_challenges_held
    ret
