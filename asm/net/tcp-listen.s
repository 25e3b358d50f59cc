# State LISTEN: half-open connections, the queue of those that nobody accepted yet, and SYN cookies (RFC 4987) when
# there are more
# half-open ones than the listener has room for. Also what is answered where there is no connection at all.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

COOKIE_MEMORY_MS        = 131072        # for so long after the last cookie one may come back

.bss
.balign 4
tcp_scratch:            .space TCB_SIZE # stands for a connection that nothing is kept of
cookie_at:              .space 4        # when the last cookie was sent; 0: never

.text

# A segment for a listener.
# In: EBX listener.
.global tcp_listen_input
tcp_listen_input:
    CHECK   "dword ptr [ebx+TCB_STATE]", e, TCP_LISTEN, "tcp_listen_input: the connection does not listen"
    mov     ecx, [seg_flags]
    test    ecx, TCP_RST
    jnz     9f
    test    ecx, TCP_ACK
    jnz     tcp_cookie_input
    test    ecx, TCP_SYN
    jz      9f
    mov     eax, [ebx + TCB_CHILDREN]
    cmp     eax, [ebx + TCB_BACKLOG]
    ja      tcp_cookie_output
    call    tcp_child
    jc      9f
    push    ebx
    mov     ebx, eax
    mov     eax, [seg_sequence]
    call    tcp_synchronize
    call    secret_sequence
    call    tcp_begin
    mov     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN | TCP_ACK
    call    tcp_emit
    call    tcp_set_retransmit
    pop     ebx
9:  ret

# Starts to count what is sent from the initial sequence number, the SYN as sent.
# In: EBX block.
.global tcp_begin
tcp_begin:
    mov     eax, [ebx + TCB_ISS]
    mov     [ebx + TCB_SND_UNA], eax
    inc     eax
    mov     [ebx + TCB_SND_NXT], eax
    mov     [ebx + TCB_SND_MAX], eax
    mov     [ebx + TCB_TX + RING_START], eax
    mov     [ebx + TCB_TX + RING_END], eax
    mov     [ebx + TCB_TIMED], eax
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_TIMED
    mov     eax, [tcp_time]
    mov     [ebx + TCB_TIMED_AT], eax
    ret

# Makes the block of a connection that comes in.
# In: EBX listener.
# Out: EAX block, in the listener's books and in the hash; CF when there is no room.
tcp_child:
    call    tcp_create
    jc      .Ltcp_child_done
    mov     edx, [ebx + TCB_FLAGS]
    and     edx, TCB_F_NODELAY | TCB_F_KEEP_ALIVE | TCB_F_REUSE
    mov     [eax + TCB_FLAGS], edx
    mov     edx, [ebx + TCB_TX_LIMIT]
    mov     [eax + TCB_TX_LIMIT], edx
    mov     edx, [ebx + TCB_RX_LIMIT]
    mov     [eax + TCB_RX_LIMIT], edx
    mov     edx, [ebx + TCB_SCALE]
    mov     [eax + TCB_SCALE], edx
    mov     edx, [ebx + TCB_MSS_LIMIT]
    mov     [eax + TCB_MSS_LIMIT], edx
    mov     edx, [ebx + TCB_QUICK]
    mov     [eax + TCB_QUICK], edx
    mov     edx, [ebx + TCB_TIMEOUT]
    mov     [eax + TCB_TIMEOUT], edx
    mov     edx, [ebx + TCB_UNSENT_LIMIT]
    mov     [eax + TCB_UNSENT_LIMIT], edx
    mov     [eax + TCB_PARENT], ebx
    inc     dword ptr [ebx + TCB_CHILDREN]
    push    ebx
    mov     ebx, eax
    call    tcp_address
    call    tcp_enter
    mov     eax, ebx
    pop     ebx
    clc
.Ltcp_child_done:
    ret

# Takes the addresses of the segment.
# In: EBX block.
tcp_address:
    mov     eax, [seg_destination]
    mov     [ebx + TCB_LOCAL], eax
    mov     eax, [seg_source]
    mov     [ebx + TCB_REMOTE], eax
    mov     eax, [seg_destination_port]
    mov     [ebx + TCB_LOCAL_PORT], eax
    mov     eax, [seg_source_port]
    mov     [ebx + TCB_REMOTE_PORT], eax
    ret

# Enters a connection that is made into its listener's queue.
# In: EBX block with its parent.
.global tcp_queue
tcp_queue:
    push    ebx
    mov     eax, [ebx + TCB_PARENT]
    CHECK   eax, ne, 0, "tcp_queue: no listener has the connection"
    CHECK   "dword ptr [ebx+TCB_ACCEPT_NEXT]", e, 0, "tcp_queue: the connection is in the queue already"
    add     eax, TCB_ACCEPT_HEAD - TCB_ACCEPT_NEXT
1:  mov     edx, [eax + TCB_ACCEPT_NEXT]
    test    edx, edx
    jz      2f
    mov     eax, edx
    jmp     1b
2:  mov     [eax + TCB_ACCEPT_NEXT], ebx
    COUNT   tcp_accepted
    mov     ebx, [ebx + TCB_PARENT]
    call    tcp_wake
    pop     ebx
    ret

# Answers a SYN without keeping anything: all that is needed later is in our sequence number. Such a connection has
# neither window scale, nor SACK, nor timestamps.
# In: EBX listener.
tcp_cookie_output:
    push    ebx
    mov     ebx, offset tcp_scratch
    call    tcp_address
    mov     eax, [seg_mss]
    test    eax, eax
    jnz     1f
    mov     eax, TCP_MSS_DEFAULT
1:  mov     [ebx + TCB_MSS], eax
    mov     eax, [seg_sequence]
    call    cookie_write
    mov     [ebx + TCB_ISS], eax
    mov     dword ptr [ebx + TCB_FLAGS], 0
    mov     dword ptr [ebx + TCB_RCV_SCALE], 0
    mov     dword ptr [ebx + TCB_MSS_LIMIT], TCP_MSS_ETHERNET
    mov     dword ptr [ebx + TCB_RX_LIMIT], TCP_BUFFER
    mov     eax, [seg_sequence]
    inc     eax
    mov     [ebx + TCB_RCV_NXT], eax
    mov     [ebx + TCB_RCV_ADV], eax
    mov     [ebx + TCB_RX + RING_START], eax
    COUNT   tcp_cookies_sent
    call    clock_fine
    or      eax, 1
    mov     [cookie_at], eax
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN | TCP_ACK
    call    tcp_emit
    pop     ebx
    ret

# An acknowledgement for a listener: of a cookie, or of nothing.
# In: EBX listener.
tcp_cookie_input:
    cmp     dword ptr [cookie_at], 0
    je      tcp_answer_reset
    call    clock_fine
    sub     eax, [cookie_at]
    add     eax, TICK_MS                # within a tick the clock may go back
    cmp     eax, COOKIE_MEMORY_MS + TICK_MS
    ja      tcp_answer_reset
    test    dword ptr [seg_flags], TCP_SYN
    jnz     tcp_answer_reset
    push    ebx
    mov     ebx, offset tcp_scratch
    call    tcp_address
    mov     eax, [seg_sequence]
    dec     eax
    mov     edx, [seg_acknowledgement]
    dec     edx
    call    cookie_read
    pop     ebx
    jc      .Ltcp_cookie_input_bad
    COUNT   tcp_cookies_good
    push    eax
    call    tcp_waiting
    pop     edx
    cmp     eax, [ebx + TCB_BACKLOG]
    ja      .Ltcp_cookie_input_full
    push    edx
    call    tcp_child
    pop     edx
    jc      1f
    push    ebx
    mov     ebx, eax
    mov     [seg_mss], edx
    mov     eax, [seg_sequence]
    dec     eax
    call    tcp_synchronize
    mov     eax, [seg_acknowledgement]
    dec     eax
    mov     [ebx + TCB_ISS], eax
    call    tcp_begin
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_TIMED
    mov     eax, [ebx + TCB_RCV_NXT]    # the SYN offered this window
    add     eax, 65535
    mov     [ebx + TCB_RCV_ADV], eax
    mov     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    call    tcp_input                   # which finds the connection now
    pop     ebx
    ret
.Ltcp_cookie_input_bad:
    COUNT   tcp_cookies_bad
    jmp     tcp_answer_reset
.Ltcp_cookie_input_full:
    COUNT   tcp_overflow
1:  ret

# Counts the connections that wait to be accepted.
# In: EBX listener.
# Out: EAX number.
tcp_waiting:
    xor     eax, eax
    mov     ecx, [ebx + TCB_ACCEPT_HEAD]
1:  jecxz   2f
    inc     eax
    mov     ecx, [ecx + TCB_ACCEPT_NEXT]
    jmp     1b
2:  ret

# Answers the segment in seg_* with a reset (RFC 9293, 3.10.7.1), unless it is one.
.global tcp_answer_reset
tcp_answer_reset:
    test    dword ptr [seg_flags], TCP_RST
    jnz     .Ltcp_answer_reset_done
    push    ebx
    mov     ebx, offset tcp_scratch
    call    tcp_address
    mov     dword ptr [ebx + TCB_FLAGS], 0
    mov     dword ptr [ebx + TCB_RX_LIMIT], 0
    COUNT   tcp_resets_sent
    test    dword ptr [seg_flags], TCP_ACK
    jz      1f
    mov     dword ptr [ebx + TCB_RCV_NXT], 0
    mov     dword ptr [ebx + TCB_RCV_ADV], 0
    mov     eax, [seg_acknowledgement]
    mov     ecx, TCP_RST
    jmp     4f
1:  mov     eax, [seg_sequence]
    add     eax, [seg_length]
    test    dword ptr [seg_flags], TCP_SYN
    jz      2f
    inc     eax
2:  test    dword ptr [seg_flags], TCP_FIN
    jz      3f
    inc     eax
3:  mov     [ebx + TCB_RCV_NXT], eax
    mov     [ebx + TCB_RCV_ADV], eax
    xor     eax, eax
    mov     ecx, TCP_RST | TCP_ACK
4:  mov     edx, [ebx + TCB_RCV_NXT]
    mov     [ebx + TCB_RX + RING_START], edx
    xor     edx, edx
    call    tcp_emit
    pop     ebx
.Ltcp_answer_reset_done:
    ret
