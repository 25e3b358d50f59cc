# TCP's sender: the segment itself with its options, and the choice of what is sent when (RFC 9293, 3.8.6 and 3.7.4).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

TTL                     = 64

.bss
.balign 4
.global burst
burst:                  .space 4        # segments of new data that one call of tcp_output has sent
.global burst_room
burst_room:             .space 4        # bytes that the windows allowed to the last of them
.global mark_room
mark_room:              .space 4        # bytes to the next end of a record

.text

# Sends one segment of a connection, or several full ones (tcp_several). What does not leave counts as lost on the way.
# In: EBX block, EAX sequence number, EDX bytes of data, which are in its ring, ECX flags.
.global tcp_emit
tcp_emit:
    push    esi
    push    edi
    FRAME   EMIT_LOCALS
    mov     [ebp + EMIT_SEQUENCE], eax
    mov     [ebp + EMIT_LENGTH], edx
    mov     [ebp + EMIT_FLAGS], ecx
    mov     eax, [ebx + TCB_REMOTE]
    xor     edx, edx
    call    route_find
    jc      .Ltcp_emit_done
    mov     [ebp + EMIT_NETIF], eax
    mov     [ebp + EMIT_HOP], edx
    mov     edx, [ebx + TCB_LOCAL]      # an address that was taken away sends nothing any more
    call    ip_own
    jne     .Ltcp_emit_done
    lea     edi, [ebp + EMIT_OPTIONS]
    call    tcp_write_options
    lea     eax, [ebp + EMIT_OPTIONS]
    sub     edi, eax                    # EDI: bytes of options
    call    tcp_emit_lends
    jc      .Ltcp_emit_done
    lea     eax, [edi + TCP_HEADER_SIZE]
    add     eax, [ebp + EMIT_LENGTH]
    sub     eax, [ebp + EMIT_LENT]
    call    packet_alloc_filled
    jc      .Ltcp_emit_done
    mov     esi, eax
    call    tcp_emit_ports
    mov     eax, [ebp + EMIT_FLAGS]
    test    eax, TCP_ACK
    jz      1f
    call    tcp_emit_acknowledges
1:  cmp     dword ptr [ebp + EMIT_LENGTH], 0
    je      2f
    call    tcp_emit_pushes
2:  mov     [edx + TCP_FLAGS], al
    lea     eax, [edi + TCP_HEADER_SIZE]
    shl     eax, 2
    mov     [edx + TCP_OFFSET], al
    push    edx
    call    tcp_write_window
    pop     edx
    mov     [edx + TCP_WINDOW], ax

    call    tcp_emit_options
    mov     ecx, [ebp + EMIT_LENGTH]
    jecxz   4f
    cmp     dword ptr [ebp + EMIT_LENT], 0
    jne     .Ltcp_emit_lent
    push    esi
    mov     esi, eax
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebp + EMIT_SEQUENCE]
    call    ring_get
    pop     esi
4:  mov     eax, [ebx + TCB_LOCAL]
    mov     edx, [ebx + TCB_REMOTE]
    mov     ecx, [esi + PACKET_LENGTH]
    call    checksum_pseudo_tcp
    call    checksum_begin              # ip_send, or the card, does the rest
    mov     edx, [esi + PACKET_DATA]
    mov     [edx + TCP_CHECKSUM], ax
    mov     dword ptr [esi + PACKET_SUM], TCP_CHECKSUM
    COUNT   tcp_sent
    cmp     dword ptr [ebp + EMIT_LENGTH], 0
    je      3f
    mov     eax, [tcp_time]
    mov     [ebx + TCB_SENT_AT], eax
3:  mov     eax, esi
    mov     edx, [ebx + TCB_REMOTE]
    mov     ecx, PROTOCOL_TCP | (TTL << 8)
    call    ip_send
.Ltcp_emit_done:
    ENDFRAME
    pop     edi
    pop     esi
    ret
.Ltcp_emit_lent:
    call    tcp_emit_lend
    jmp     4b

# Says where a segment goes, and writes the ports and the sequence number.
# In: EBX block, EBP frame, ESI packet.
# Out: EDX TCP header.
# Clobbers: EAX.
tcp_emit_ports:
    mov     eax, [ebp + EMIT_NETIF]
    mov     [esi + PACKET_NETIF], eax
    mov     eax, [ebp + EMIT_HOP]
    mov     [esi + PACKET_HOP], eax
    mov     eax, [ebx + TCB_LOCAL]
    mov     [esi + PACKET_SOURCE], eax
    mov     edx, [esi + PACKET_DATA]
    mov     eax, [ebx + TCB_LOCAL_PORT]
    xchg    al, ah
    mov     [edx + TCP_SOURCE], ax
    mov     eax, [ebx + TCB_REMOTE_PORT]
    xchg    al, ah
    mov     [edx + TCP_DESTINATION], ax
    mov     eax, [ebp + EMIT_SEQUENCE]
    bswap   eax
    mov     [edx + TCP_SEQUENCE], eax
    ret

# Acknowledges what has been received.
# In: EBX block, EBP frame, EDX TCP header.
# Clobbers: ECX.
tcp_emit_acknowledges:
    mov     ecx, [ebx + TCB_RCV_NXT]
    mov     [ebx + TCB_LAST_ACK], ecx
    bswap   ecx
    mov     [edx + TCP_ACKNOWLEDGEMENT], ecx
    mov     dword ptr [ebx + TCB_UNACKED], 0
    mov     dword ptr [ebx + AT_ACKNOWLEDGE], 0
    cmp     dword ptr [ebx + TCB_RECEIVED], 0
    je      .Ltcp_emit_acknowledges_told
    mov     ecx, [ebx + TCB_MSS]        # what came early is still to be told
    sub     ecx, [ebp + EMIT_LENGTH]
    cmp     ecx, 4 + RANGE_SIZE
    jb      .Ltcp_emit_acknowledges_done
.Ltcp_emit_acknowledges_told:
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_ACK_NOW
.Ltcp_emit_acknowledges_done:
    ret

# Sets PSH where a segment has the last byte that there is, or the end of a record.
# In: EBX block, EBP frame, EAX flags.
# Out: EAX flags.
# Clobbers: ECX.
tcp_emit_pushes:
    mov     ecx, [ebp + EMIT_SEQUENCE]  # the last byte that there is says so
    add     ecx, [ebp + EMIT_LENGTH]
    cmp     ecx, [ebx + TCB_TX + RING_END]
    jne     .Ltcp_emit_pushes_inside
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_MORE
    jz      .Ltcp_emit_pushes_push
.Ltcp_emit_pushes_inside:
    call    tcp_emit_marked             # and that of a record
    jne     .Ltcp_emit_pushes_done
.Ltcp_emit_pushes_push:
    or      eax, TCP_PSH
.Ltcp_emit_pushes_done:
    ret

# Writes the options of a segment.
# In: EBP frame, EDX TCP header, EDI bytes of options.
# Out: EAX where the data goes.
# Clobbers: ECX, EDX.
tcp_emit_options:
    lea     eax, [edx + TCP_HEADER_SIZE]
    lea     edx, [ebp + EMIT_OPTIONS]
    mov     ecx, edi
    push    eax
    call    mem_copy
    pop     eax
    add     eax, edi                    # EAX: where the data goes
    ret

# The window field of a segment, and the edge that it offers.
# In: EBX block; the frame of tcp_emit.
# Out: AX as it lies in the header.
tcp_write_window:
    call    tcp_window
    mov     ecx, [ebx + TCB_RCV_SCALE]
    test    dword ptr [ebp + EMIT_FLAGS], TCP_SYN
    jz      1f
    xor     ecx, ecx
1:  shr     eax, cl
    cmp     eax, 65535
    jbe     2f
    mov     eax, 65535
2:  mov     edx, eax
    shl     edx, cl
    add     edx, [ebx + TCB_RCV_NXT]
    mov     ecx, edx
    sub     ecx, [ebx + TCB_RCV_ADV]
    test    ecx, ecx
    jle     3f
    mov     [ebx + TCB_RCV_ADV], edx
3:  xchg    al, ah
    ret

# Says whether a segment ends a record; the frame of tcp_emit.
# In: EBX block.
# Out: ZF when it does.
# Clobbers: ECX.
tcp_emit_marked:
    push    eax
    push    edx
    push    esi
    mov     esi, [ebp + EMIT_SEQUENCE]
    call    tcp_mark_next
    cmp     eax, [ebp + EMIT_LENGTH]
    pop     esi
    pop     edx
    pop     eax
    ret

# Sends what may be sent: data, a FIN, an acknowledgement that is owed.
# In: EBX block.
.global tcp_output
tcp_output:
    CHECK_HELD tcp_mutex, "tcp_output: tcp_mutex is not held"
    CHECK_ORDER [ebx+TCB_SND_NXT], [ebx+TCB_SND_MAX], "tcp_output: SND.NXT is beyond SND.MAX"
    CHECK_ORDER [ebx+TCB_TX+RING_START], [ebx+TCB_TX+RING_END], "tcp_output: the ring ends before it begins"
    mov     dword ptr [burst], 0
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      tcp_output_owed
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    je      tcp_output_owed
    call    tcp_rested
    mov     eax, [ebx + TCB_FLAGS]
    and     eax, TCB_F_RECOVERY | TCB_F_SACK
    cmp     eax, TCB_F_RECOVERY | TCB_F_SACK
    jne     1f
    call    sack_recover
    jmp     tcp_output_owed
1:  call    tcp_send_next
    jnc     1b
    cmp     dword ptr [burst], 0
    jne     2f
    cmp     dword ptr [ebx + AT_PROBE], 0
    jne     3f
2:  call    tcp_want_probe
3:  cmp     dword ptr [ebx + AT_RETRANSMIT], 0
    jne     tcp_output_owed
    mov     eax, [ebx + TCB_SND_UNA]    # data that does not fit the window, and nothing on its way that would open it
    cmp     eax, [ebx + TCB_SND_MAX]
    jne     tcp_output_owed
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_SND_NXT]
    test    eax, eax
    jle     tcp_output_owed             # also for what is held back: it does not wait for ever
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    mov     dword ptr [ebx + TCB_TRIES], 0
    call    tcp_set_retransmit

# Sends an acknowledgement if one is owed at once.
# In: EBX block.
tcp_output_owed:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jnz     tcp_output_ack
    ret

# Sends an acknowledgement.
# In: EBX block.
.global tcp_output_ack
tcp_output_ack:
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jb      9f
    mov     eax, [ebx + TCB_SND_MAX]
    xor     edx, edx
    mov     ecx, TCP_ACK
    jmp     tcp_emit
9:  ret

# Sends the next segment from SND.NXT on, if there is something and it may go.
# In: EBX block.
# Out: CF when nothing was sent.
.global tcp_send_next
tcp_send_next:
    push    esi
    push    edi
    push    ebp
    mov     esi, [ebx + TCB_SND_NXT]    # ESI: sequence number
    mov     ebp, 0x7FFFFFFF             # EBP: end of a hole, relative to ESI
    mov     eax, [ebx + TCB_SND_MAX]
    sub     eax, esi
    test    eax, eax
    jle     .Ltcp_send_next_from
    mov     eax, esi                    # after a timeout: only what is not reported to be there
    call    sack_hole
    mov     esi, eax
    mov     [ebx + TCB_SND_NXT], eax
    cmp     edx, [ebx + TCB_SND_MAX]
    je      .Ltcp_send_next_from        # the last hole ends where the data does
    sub     edx, eax
    test    edx, edx
    jle     .Ltcp_send_next_from
    mov     ebp, edx
.Ltcp_send_next_from:
    mov     edi, [ebx + TCB_TX + RING_END]
    sub     edi, esi                    # EDI: bytes that there are
    js      .Ltcp_send_next_nothing     # the FIN is sent
    call    tcp_send_size
    mov     ecx, TCP_ACK
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    jz      .Ltcp_send_next_bytes
    cmp     edx, edi
    jne     .Ltcp_send_next_bytes
    or      ecx, TCP_FIN
.Ltcp_send_next_bytes:
    test    edx, edx
    jnz     .Ltcp_send_next_some
    test    ecx, TCP_FIN
    jz      .Ltcp_send_next_nothing
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_SENT
    jnz     .Ltcp_send_next_nothing
    jmp     .Ltcp_send_next_go
.Ltcp_send_next_some:
    call    tcp_send_may
    jc      .Ltcp_send_next_nothing
.Ltcp_send_next_go:
    cmp     dword ptr [burst], 0
    jne     .Ltcp_send_next_burst
    cmp     edx, [ebx + TCB_MSS]
    jbe     .Ltcp_send_next_ready
.Ltcp_send_next_burst:
    mov     eax, [burst_room]           # what a window ends is pushed: who gathers segments passes it on
    sub     eax, edx
    cmp     eax, [ebx + TCB_MSS]
    jae     .Ltcp_send_next_ready
    lea     eax, [esi + edx]
    call    tcp_paired
    jne     .Ltcp_send_next_ready
    or      ecx, TCP_PSH
.Ltcp_send_next_ready:
    lea     edi, [esi + edx]
    test    ecx, TCP_FIN
    jz      .Ltcp_send_next_ended
    inc     edi                         # EDI: sequence number after it
    call    tcp_send_fin
.Ltcp_send_next_ended:
    call    tcp_send_note
    push    ecx
    push    edx
    mov     eax, esi
    mov     edx, edi
    call    rack_sent
    pop     edx
    pop     ecx
    mov     eax, esi
    call    tcp_emit
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBE
    jnz     .Ltcp_send_next_timer
    cmp     dword ptr [ebx + AT_RETRANSMIT], 0
    jne     .Ltcp_send_next_sent
.Ltcp_send_next_timer:
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_PROBE
    call    tcp_set_retransmit
.Ltcp_send_next_sent:
    clc
    jmp     .Ltcp_send_next_done
.Ltcp_send_next_nothing:
    stc
.Ltcp_send_next_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# How much goes into the next segment, at most up to the next mark, the end of a hole, a whole segment, and what the
# windows leave.
# In: EBX block, ESI sequence number, EDI bytes that there are, EBP end of a hole, relative to ESI.
# Out: EDX bytes.
# Clobbers: EAX, ECX.
tcp_send_size:
    call    tcp_mark_next
    mov     [mark_room], eax
    call    tcp_usable
    CHECK   eax, ns, eax, "tcp_send_size: the windows allow less than nothing"
    mov     [burst_room], eax
    mov     edx, edi                    # EDX: bytes that go
    cmp     edx, [mark_room]
    jle     .Ltcp_send_size_marked
    mov     edx, [mark_room]
.Ltcp_send_size_marked:
    cmp     edx, ebp
    jle     .Ltcp_send_size_hole
    mov     edx, ebp
.Ltcp_send_size_hole:
    cmp     edx, [ebx + TCB_MSS]
    jle     .Ltcp_send_size_whole
    mov     edx, [ebx + TCB_MSS]
.Ltcp_send_size_whole:
    cmp     edx, eax
    jle     .Ltcp_send_size_done
    mov     edx, eax
.Ltcp_send_size_done:
    ret

# Whether a segment with data may go now, or is to wait until more of it comes.
# In: EBX block, ESI sequence number, EDI bytes that there are, EDX those that would go, ECX its flags.
# Out: EDX bytes that go; CF when it is to wait.
# Clobbers: EAX.
tcp_send_may:
    cmp     edx, [ebx + TCB_MSS]
    je      .Ltcp_send_may_full
    mov     eax, [ebx + TCB_SND_MAX]
    sub     eax, esi
    test    eax, eax
    jg      .Ltcp_send_may_go           # once more
    cmp     edx, edi
    je      .Ltcp_send_may_last
    cmp     edx, [mark_room]            # a record's end: nothing more will come into this segment
    je      .Ltcp_send_may_go
.Ltcp_send_may_last:
    cmp     edx, edi
    jne     .Ltcp_send_may_part
    test    ecx, TCP_FIN
    jnz     .Ltcp_send_may_go
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_CORKED
    jnz     .Ltcp_send_may_not
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_NODELAY
    jnz     .Ltcp_send_may_go
    mov     eax, [ebx + TCB_SND_MAX]    # Nagle (RFC 9293, 3.7.4): only while nothing is on its way
    cmp     eax, [ebx + TCB_SND_UNA]
    je      .Ltcp_send_may_go
.Ltcp_send_may_part:
    mov     eax, [ebx + TCB_SND_WIDEST] # silly window (RFC 9293, 3.8.6.2.1): half of the widest will do
    shr     eax, 1
    jz      .Ltcp_send_may_not
    cmp     edx, eax
    jb      .Ltcp_send_may_not
.Ltcp_send_may_full:
    call    tcp_several
.Ltcp_send_may_go:
    clc
    ret
.Ltcp_send_may_not:
    stc
    ret

# Notes that data has been sent, and what the next round trip is measured by.
# In: EBX block, EDI sequence number after it.
# Clobbers: EAX only.
tcp_send_note:
    mov     [ebx + TCB_SND_NXT], edi
    mov     eax, edi
    sub     eax, [ebx + TCB_SND_MAX]
    test    eax, eax
    jle     .Ltcp_send_note_done
    call    tcp_cut_new
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMED
    jnz     .Ltcp_send_note_done
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_TIMED
    mov     [ebx + TCB_TIMED], edi
    mov     eax, [tcp_time]
    mov     [ebx + TCB_TIMED_AT], eax
.Ltcp_send_note_done:
    ret

# How many bytes both windows allow from a sequence number on.
# In: EBX block, ESI sequence number.
# Out: EAX bytes, not negative.
# Clobbers: ECX, EDX.
tcp_usable:
    mov     eax, [ebx + TCB_SND_WND]
    mov     ecx, [ebx + TCB_FLAGS]
    mov     edx, ecx
    and     edx, TCB_F_RECOVERY | TCB_F_SACK
    cmp     edx, TCB_F_RECOVERY | TCB_F_SACK
    je      .Ltcp_usable_recovery
    mov     edx, [ebx + TCB_CWND]
    test    ecx, TCB_F_RECOVERY | TCB_F_LOSS
    jnz     1f
    mov     ecx, [ebx + TCB_DUPLICATES] # limited transmit: a segment for each of the first two (RFC 3042)
    cmp     ecx, 2
    ja      1f
    imul    ecx, [ebx + TCB_MSS]
    add     edx, ecx
1:  cmp     eax, edx
    jbe     2f
    mov     eax, edx
2:  add     eax, [ebx + TCB_SND_UNA]
    sub     eax, esi
    jns     3f
    xor     eax, eax
3:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_FORCE
    jz      4f
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_FORCE   # a timeout sends one segment in any case
    cmp     eax, [ebx + TCB_MSS]
    jae     4f
    mov     eax, [ebx + TCB_MSS]
4:  ret
.Ltcp_usable_recovery:
    push    eax                         # in recovery the congestion window is for all that is on its way
    call    sack_pipe
    mov     ecx, [ebx + TCB_CWND]
    sub     ecx, eax
    pop     eax
    jns     .Ltcp_usable_room
    xor     ecx, ecx
.Ltcp_usable_room:
    add     eax, [ebx + TCB_SND_UNA]
    sub     eax, esi
    cmp     eax, ecx
    jle     .Ltcp_usable_least
    mov     eax, ecx
.Ltcp_usable_least:
    test    eax, eax
    jns     4b
    xor     eax, eax
    ret

# Moves the state, as our FIN is sent.
# In: EBX block.
# Clobbers: EAX only.
tcp_send_fin:
    push    ecx
    push    edx
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_SENT
    mov     eax, TCP_FIN_WAIT_1
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    je      1f
    mov     eax, TCP_LAST_ACK
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSE_WAIT
    jne     2f
1:  call    tcp_move
2:  pop     edx
    pop     ecx
    ret

# Breaks a connection off with a reset.
# In: EBX block.
.global tcp_send_reset
tcp_send_reset:
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jb      9f
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    jae     9f
    COUNT   tcp_resets_sent
    mov     eax, [ebx + TCB_SND_MAX]
    xor     edx, edx
    mov     ecx, TCP_RST | TCP_ACK
    jmp     tcp_emit
9:  ret
