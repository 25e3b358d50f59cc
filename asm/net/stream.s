# Stream sockets: TCP for tasks and programs. A handle names a control block; closing it leaves the connection to end by
# itself. Every routine that takes a timeout takes 0 for "not now" and -1 for "as long as it takes"; one that would have
# to wait longer returns ERROR_TIMEOUT.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

BACKLOG_MAXIMUM         = 1024
LIMIT_MINIMUM           = 2048
LIMIT_MAXIMUM           = 4 << 20

HANDLE_TYPE stream_type, "stream", stream_destroy

.text

# Makes a stream socket, which belongs to whoever the running task works for. May sleep.
# Out: EAX handle; CF and EAX error.
.global stream_open
stream_open:
    push    ebx
    mov     eax, offset tcp_mutex
    call    mutex_lock
    call    tcp_create
    jc      1f
    mov     ebx, eax
    mov     dword ptr [ebx + TCB_MSS], TCP_MSS_ETHERNET
    mov     edx, offset stream_type
    xor     ecx, ecx
    call    handle_open
    jnc     2f
    push    eax
    call    tcp_free
    pop     eax
1:  stc
    jmp     stream_leave
2:  mov     [ebx + TCB_HANDLE], eax
    clc

# Ends a routine that began with stream_enter: unlocks, keeps EAX, EDX, ECX and CF, and returns to the caller's caller.
# In: on the stack: EBX, return address.
stream_leave:
    pushfd
    push    eax
    push    edx
    push    ecx
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ecx
    pop     edx
    pop     eax
    popfd
    pop     ebx
    ret

# Finds what a handle names and locks it.
# In: EAX handle.
# Out: EBX block, tcp_mutex is held; CF and ERROR_STALE, and it is not.
# Clobbers: EAX only.
stream_enter:
    push    edx
    push    ecx
    push    eax
    mov     eax, offset tcp_mutex
    call    mutex_lock
    pop     eax
    mov     edx, offset stream_type
    INTERRUPTS_OFF
    call    handle_find
    jc      1f
    INTERRUPTS_RESTORE
    mov     ebx, eax
    pop     ecx
    pop     edx
    clc
    ret
1:  INTERRUPTS_RESTORE
    push    eax
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     eax
    pop     ecx
    pop     edx
    stc
    ret

# When a timeout ends.
# In: EDX timeout.
# Out: EDX time of tcp_now; 0 for at once, -1 for never.
# Clobbers: EAX, ECX.
stream_deadline:
    lea     eax, [edx + 1]
    cmp     eax, 1
    jbe     1f
    push    edx
    call    tcp_now
    pop     edx
    add     edx, eax
    and     edx, ~1                     # neither of the two
    or      edx, 2
1:  ret

# Unlocks and waits until the block changes, or goes away.
# In: EBX block, tcp_mutex is held; EDX deadline.
# Out: tcp_mutex is not held; CF and ERROR_TIMEOUT when the deadline has come.
stream_pause:
    push    edx
    mov     eax, -1
    cmp     edx, -1
    je      1f
    xor     eax, eax
    test    edx, edx
    jz      1f
    call    tcp_now
    mov     edx, [esp]
    sub     edx, eax
    mov     eax, edx
    jg      1f
    xor     eax, eax
1:  mov     [esp], eax
    INTERRUPTS_OFF                      # nothing comes between the two
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    lea     eax, [ebx + TCB_EVENT]
    mov     edx, [esp + 4]
    call    event_wait
    jc      2f
    INTERRUPTS_RESTORE
    pop     edx
    clc
    ret
2:  INTERRUPTS_RESTORE
    pop     edx
    mov     eax, ERROR_TIMEOUT
    stc
    ret

# Gives a socket a local address and port.
# In: EAX socket, EDX address or 0 for any, ECX port or 0 for any.
# Out: CF and ERROR_STALE, ERROR_INVALID, ERROR_PORT_IN_USE.
.global stream_bind
stream_bind:
    push    ebx
    call    stream_enter
    jc      9f
    mov     eax, ERROR_INVALID
    cmp     ecx, 0xFFFF
    ja      8f
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     8f
    cmp     dword ptr [ebx + TCB_LOCAL_PORT], 0
    jne     8f
    mov     [ebx + TCB_LOCAL], edx
    jecxz   1f
    mov     eax, ecx
    call    tcp_port_free
    jne     7f
    mov     [ebx + TCB_LOCAL_PORT], eax
    clc
    jmp     stream_leave
1:  call    tcp_choose_port
    jmp     stream_leave
7:  mov     eax, ERROR_PORT_IN_USE
8:  stc
    jmp     stream_leave
9:  pop     ebx
    ret

# Takes connections from now on. A socket without a port gets one.
# In: EAX socket, EDX how many may wait to be accepted.
# Out: CF and EAX error.
.global stream_listen
stream_listen:
    push    ebx
    call    stream_enter
    jc      9f
    cmp     edx, BACKLOG_MAXIMUM
    jbe     1f
    mov     edx, BACKLOG_MAXIMUM
1:  mov     [ebx + TCB_BACKLOG], edx
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    je      3f
    mov     eax, ERROR_CONNECTED
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     8f
    cmp     dword ptr [ebx + TCB_REMOTE_PORT], 0
    jne     8f
    cmp     dword ptr [ebx + TCB_LOCAL_PORT], 0
    jne     2f
    call    tcp_choose_port
    jc      stream_leave
2:  mov     dword ptr [ebx + TCB_STATE], TCP_LISTEN
3:  clc
    jmp     stream_leave
8:  stc
    jmp     stream_leave
9:  pop     ebx
    ret

# Takes the connection that waits longest. May sleep.
# In: EAX listening socket, EDX timeout in ms.
# Out: EAX handle of the connection, EDX address and ECX port of the other side; CF and EAX error.
.global stream_accept
stream_accept:
    push    ebx
    push    esi
    mov     esi, eax
    call    stream_deadline
.Lstream_accept_next:
    mov     eax, esi
    call    stream_enter
    jc      9f
    mov     eax, ERROR_INVALID
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jne     8f
    cmp     dword ptr [ebx + TCB_ACCEPT_HEAD], 0
    jne     1f
    call    stream_pause
    jnc     .Lstream_accept_next
    jmp     9f
1:  mov     ebx, [ebx + TCB_ACCEPT_HEAD]
    call    tcp_disown
    mov     eax, ebx
    mov     edx, offset stream_type
    xor     ecx, ecx
    call    handle_open
    jc      2f
    mov     [ebx + TCB_HANDLE], eax
    mov     edx, [ebx + TCB_REMOTE]
    mov     ecx, [ebx + TCB_REMOTE_PORT]
    clc
    jmp     7f
2:  push    eax
    call    tcp_send_reset
    xor     eax, eax
    call    tcp_end
    pop     eax
8:  stc
7:  pushfd
    push    eax
    push    edx
    push    ecx
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ecx
    pop     edx
    pop     eax
    popfd
9:  pop     esi
    pop     ebx
    ret

# Connects to a machine. May sleep.
# In: EAX socket, EDX address, ECX port, EDI timeout in ms.
# Out: CF and EAX error: ERROR_IN_PROGRESS when it is not made in that time, which it may be later.
.global stream_connect
stream_connect:
    push    ebx
    push    esi
    mov     esi, eax
    call    stream_enter
    jc      .Lstream_connect_done
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_SENT
    je      .Lstream_connect_wait
    cmp     dword ptr [ebx + TCB_REMOTE_PORT], 0
    jne     .Lstream_connect_twice
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     .Lstream_connect_twice
    call    tcp_open
    jc      .Lstream_connect_leave
    jmp     .Lstream_connect_wait
.Lstream_connect_twice:
    mov     eax, ERROR_CONNECTED
    stc
.Lstream_connect_leave:
    pushfd
    push    eax
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     eax
    popfd
    jmp     .Lstream_connect_done
.Lstream_connect_wait:
    mov     edx, edi
    call    stream_deadline
.Lstream_connect_look:
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_ESTABLISHED
    cmc
    jnc     .Lstream_connect_failed
    clc
    jmp     .Lstream_connect_leave
.Lstream_connect_failed:
    cmp     eax, TCP_CLOSED
    jne     1f
    xor     eax, eax
    xchg    eax, [ebx + TCB_ERROR]
    stc
    jmp     .Lstream_connect_leave
1:  call    stream_pause
    jc      2f
    mov     eax, esi
    call    stream_enter
    jnc     .Lstream_connect_look
    jmp     .Lstream_connect_done
2:  mov     eax, ERROR_IN_PROGRESS
    stc
.Lstream_connect_done:
    pop     esi
    pop     ebx
    ret

# Opens a connection: sends the SYN.
# In: EBX block in CLOSED, EDX address, ECX port. tcp_mutex is held.
# Out: CF and EAX error.
tcp_open:
    push    esi
    mov     eax, ERROR_INVALID
    cmp     ecx, 0xFFFF
    ja      .Ltcp_open_failed
    test    ecx, ecx
    jz      .Ltcp_open_failed
    mov     eax, edx
    cmp     al, 127
    je      1f
    call    ip_is_unicast
    mov     eax, ERROR_INVALID
    jne     .Ltcp_open_failed
1:  push    edx
    push    ecx
    mov     eax, edx
    call    ip_route
    pop     ecx
    pop     edx
    jc      .Ltcp_open_done
    mov     eax, [eax + NETIF_ADDRESS]
    test    eax, eax
    jz      .Ltcp_open_no_route
    mov     [ebx + TCB_REMOTE], edx
    mov     [ebx + TCB_REMOTE_PORT], ecx
    mov     [ebx + TCB_LOCAL], eax
    mov     ecx, [ebx + TCB_LOCAL_PORT]
    test    ecx, ecx
    jnz     2f
    call    tcp_choose_port
    jc      .Ltcp_open_forget
2:  mov     eax, [ebx + TCB_REMOTE]
    mov     edx, [ebx + TCB_REMOTE_PORT]
    mov     ecx, [ebx + TCB_LOCAL_PORT]
    mov     esi, [ebx + TCB_LOCAL]
    call    tcp_find
    test    eax, eax
    mov     eax, ERROR_PORT_IN_USE
    jnz     .Ltcp_open_forget
    call    tcp_enter
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACTIVE | TCB_F_SCALE | TCB_F_TIMESTAMPS | TCB_F_SACK
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_NO_SACK
    jz      3f
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_SACK
3:  mov     dword ptr [ebx + TCB_TRIES], 0
    call    secret_sequence
    call    tcp_begin
    mov     dword ptr [ebx + TCB_STATE], TCP_SYN_SENT
    COUNT   tcp_opened
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN
    call    tcp_emit
    call    tcp_set_retransmit
    clc
    jmp     .Ltcp_open_done
.Ltcp_open_no_route:
    mov     eax, ERROR_NO_ROUTE
    jmp     .Ltcp_open_failed
.Ltcp_open_forget:
    mov     dword ptr [ebx + TCB_REMOTE_PORT], 0
    mov     dword ptr [ebx + TCB_REMOTE], 0
.Ltcp_open_failed:
    stc
.Ltcp_open_done:
    pop     esi
    ret

# Sends bytes: returns when all of them are in the connection's hands. May sleep.
# In: EAX socket, EDX timeout in ms, ESI bytes, EDI how many.
# Out: EAX how many were taken, fewer than EDI only when the time was up; CF and EAX error when none was.
.global stream_send
stream_send:
    push    ebx
    push    ebp
    push    esi
    push    edi
    push    eax                         # [esp + 4]: socket
    push    0                           # [esp]: bytes taken
    call    stream_deadline
    mov     ebp, edx
.Lstream_send_next:
    mov     eax, [esp + 4]
    call    stream_enter
    jc      .Lstream_send_end
    call    stream_room
    jc      .Lstream_send_leave
    jz      .Lstream_send_wait
    cmp     ecx, edi                    # ECX: bytes that there is room for
    jbe     1f
    mov     ecx, edi
1:  push    ecx
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebx + TCB_TX + RING_END]
    add     edx, ecx
    call    ring_reserve
    pop     ecx
    jc      .Lstream_send_leave
    push    ecx
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebx + TCB_TX + RING_END]
    call    ring_put
    pop     ecx
    add     [ebx + TCB_TX + RING_END], ecx
    add     esi, ecx
    sub     edi, ecx
    add     [esp], ecx
    call    tcp_output
    test    edi, edi
    jz      .Lstream_send_leave
.Lstream_send_wait:
    test    edi, edi
    jz      .Lstream_send_leave
    mov     edx, ebp
    call    stream_pause
    jnc     .Lstream_send_next
    jmp     .Lstream_send_end
.Lstream_send_leave:
    push    eax
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     eax
.Lstream_send_end:
    pop     ecx
    pop     edx
    pop     edi
    test    ecx, ecx
    jnz     2f
    test    edi, edi                    # nothing was asked for
    jz      2f
    stc
    jmp     3f
2:  mov     eax, ecx
    clc
3:  pop     esi
    pop     ebp
    pop     ebx
    ret

# How many bytes a connection can take now.
# In: EBX block.
# Out: ECX bytes, ZF when there are none; CF and EAX error when it never will.
stream_room:
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_CLOSED
    je      .Lstream_room_closed
    cmp     eax, TCP_LISTEN
    je      .Lstream_room_not_connected
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    jnz     .Lstream_room_ended
    xor     ecx, ecx
    cmp     eax, TCP_ESTABLISHED
    jb      1f
    mov     ecx, [ebx + TCB_TX_LIMIT]
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_TX + RING_START]
    sub     ecx, eax
    jns     1f
    xor     ecx, ecx
1:  test    ecx, ecx                    # clears CF
    ret
.Lstream_room_closed:
    xor     eax, eax
    xchg    eax, [ebx + TCB_ERROR]
    test    eax, eax
    jnz     2f
    cmp     dword ptr [ebx + TCB_REMOTE_PORT], 0
    je      .Lstream_room_not_connected
.Lstream_room_ended:
    mov     eax, ERROR_CLOSED
2:  stc
    ret
.Lstream_room_not_connected:
    mov     eax, ERROR_NOT_CONNECTED
    stc
    ret

# Receives bytes: those that are there, at least one. May sleep.
# In: EAX socket, EDX timeout in ms, ECX STREAM_PEEK or 0, ESI buffer, EDI its size.
# Out: EAX bytes, 0 when the other side sends no more; CF and EAX error.
.global stream_receive
stream_receive:
    push    ebx
    push    ebp
    push    edi
    push    eax                         # [esp + 4]: socket
    push    ecx                         # [esp]: flags
    call    stream_deadline
    mov     ebp, edx
.Lstream_receive_next:
    mov     eax, [esp + 4]
    call    stream_enter
    jc      .Lstream_receive_end
    call    stream_waiting
    mov     ecx, eax
    jz      .Lstream_receive_none
    cmp     ecx, edi
    jbe     1f
    mov     ecx, edi
1:  push    ecx
    lea     eax, [ebx + TCB_RX]
    mov     edx, [ebx + TCB_RX + RING_START]
    call    ring_get
    pop     eax
    test    dword ptr [esp], STREAM_PEEK
    jnz     2f
    add     [ebx + TCB_RX + RING_START], eax
    push    eax
    call    tcp_opened
    pop     eax
2:  clc
    jmp     .Lstream_receive_leave
.Lstream_receive_none:
    xor     eax, eax
    xchg    eax, [ebx + TCB_ERROR]
    test    eax, eax
    jnz     .Lstream_receive_failed
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED | TCB_F_DEAF
    jnz     2b
    mov     eax, ERROR_NOT_CONNECTED
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    je      .Lstream_receive_failed
    cmp     dword ptr [ebx + TCB_REMOTE_PORT], 0
    je      .Lstream_receive_failed
    xor     eax, eax
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    je      2b
    mov     edx, ebp
    call    stream_pause
    jnc     .Lstream_receive_next
    jmp     .Lstream_receive_end
.Lstream_receive_failed:
    stc
.Lstream_receive_leave:
    pushfd
    push    eax
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     eax
    popfd
.Lstream_receive_end:
    lea     esp, [esp + 8]
    pop     edi
    pop     ebp
    pop     ebx
    ret

# How many bytes wait to be read.
# In: EBX block.
# Out: EAX bytes; ZF when there are none.
# Clobbers: the flags.
stream_waiting:
    mov     eax, [ebx + TCB_RCV_NXT]
    sub     eax, [ebx + TCB_RX + RING_START]
    jz      1f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED
    jz      1f
    dec     eax                         # the FIN is no byte
1:  test    eax, eax
    ret

# Ends one direction of a connection, or both.
# In: EAX socket, EDX 1 to receive no more, 2 to send no more, 3 both.
# Out: CF and EAX error.
.global stream_shutdown
stream_shutdown:
    push    ebx
    call    stream_enter
    jc      9f
    mov     eax, ERROR_NOT_CONNECTED
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    jb      8f
    test    edx, 1
    jz      1f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_DEAF
    push    edx
    call    stream_waiting
    add     [ebx + TCB_RX + RING_START], eax
    call    tcp_wake
    pop     edx
1:  test    edx, 2
    jz      2f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    call    tcp_output
    call    tcp_wake
2:  clc
    jmp     stream_leave
8:  stc
    jmp     stream_leave
9:  pop     ebx
    ret

# Gives a socket back. What was sent still goes out, and the connection ends in good order; unread bytes mean a reset
# (RFC 9293, 3.6.1). May sleep.
# In: EAX socket.
# Out: CF and ERROR_STALE.
.global stream_close
stream_close:
    mov     edx, offset stream_type
    jmp     handle_close

# Breaks a connection off with a reset, and gives the socket back. May sleep.
# In: EAX socket.
# Out: CF and ERROR_STALE.
.global stream_abort
stream_abort:
    push    ebx
    push    eax
    call    stream_enter
    jc      1f
    call    tcp_send_reset
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    je      2f
    xor     eax, eax
    call    tcp_end                     # the block stays: the handle names it
2:  mov     eax, offset tcp_mutex
    call    mutex_unlock
1:  pop     eax
    pop     ebx
    jmp     stream_close

# Destructor of stream sockets.
# In: EAX block, which no handle names any more.
stream_destroy:
    push    ebx
    mov     ebx, eax
    mov     eax, offset tcp_mutex
    call    mutex_lock
    mov     dword ptr [ebx + TCB_HANDLE], 0
    call    tcp_wake
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_LISTEN
    je      .Lstream_destroy_listener
    jb      .Lstream_destroy_free
    cmp     eax, TCP_SYN_SENT
    je      .Lstream_destroy_end
    cmp     eax, TCP_FIN_WAIT_2
    je      .Lstream_destroy_fin_wait
    ja      .Lstream_destroy_done
    call    stream_waiting
    jnz     .Lstream_destroy_reset
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_CORKED
    call    tcp_output
    jmp     .Lstream_destroy_done
.Lstream_destroy_fin_wait:
    mov     eax, 2 * TCP_MSL_MS
    mov     edx, AT_END
    call    tcp_set
    jmp     .Lstream_destroy_done
.Lstream_destroy_listener:
    push    ebx                         # nobody will accept them
    mov     edx, ebx
1:  mov     ebx, [tcp_blocks]
2:  test    ebx, ebx
    jz      3f
    cmp     [ebx + TCB_PARENT], edx
    je      4f
    mov     ebx, [ebx + TCB_NEXT]
    jmp     2b
4:  push    edx
    call    tcp_send_reset
    xor     eax, eax
    call    tcp_end
    pop     edx
    jmp     1b
3:  pop     ebx
.Lstream_destroy_free:
    call    tcp_free
    jmp     .Lstream_destroy_done
.Lstream_destroy_reset:
    call    tcp_send_reset
.Lstream_destroy_end:
    xor     eax, eax
    call    tcp_end
.Lstream_destroy_done:
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ebx
    ret

# Sets an option of a socket; those of a listener go over to its connections.
# In: EAX socket, EDX option (STREAM_*), ECX value.
# Out: CF and ERROR_STALE, ERROR_INVALID.
.global stream_option
stream_option:
    push    ebx
    call    stream_enter
    jc      9f
    mov     eax, TCB_F_NODELAY
    cmp     edx, STREAM_NODELAY
    je      .Lstream_option_flag
    mov     eax, TCB_F_KEEP_ALIVE
    cmp     edx, STREAM_KEEP_ALIVE
    je      .Lstream_option_flag
    mov     eax, TCB_F_REUSE
    cmp     edx, STREAM_REUSE
    je      .Lstream_option_flag
    mov     eax, TCB_F_CORKED
    cmp     edx, STREAM_CORK
    je      .Lstream_option_flag
    lea     eax, [ebx + TCB_TX_LIMIT]
    cmp     edx, STREAM_SEND_LIMIT
    je      .Lstream_option_limit
    lea     eax, [ebx + TCB_RX_LIMIT]
    cmp     edx, STREAM_RECEIVE_LIMIT
    je      .Lstream_option_limit
    cmp     edx, STREAM_MSS
    jne     8f
    cmp     ecx, TCP_MSS_MINIMUM
    jb      8f
    cmp     ecx, TCP_MSS_ETHERNET
    ja      8f
    mov     [ebx + TCB_MSS], ecx
    clc
    jmp     stream_leave
.Lstream_option_limit:
    cmp     ecx, LIMIT_MINIMUM
    jae     1f
    mov     ecx, LIMIT_MINIMUM
1:  cmp     ecx, LIMIT_MAXIMUM
    jbe     2f
    mov     ecx, LIMIT_MAXIMUM
2:  mov     [eax], ecx
    clc
    jmp     stream_leave
.Lstream_option_flag:
    or      [ebx + TCB_FLAGS], eax
    test    ecx, ecx
    jnz     3f
    not     eax
    and     [ebx + TCB_FLAGS], eax
3:  call    tcp_heard
    call    tcp_output                  # what was held back may go
    clc
    jmp     stream_leave
8:  mov     eax, ERROR_INVALID
    stc
    jmp     stream_leave
9:  pop     ebx
    ret

# Describes a socket.
# In: EAX socket, EDX record STATUS_*.
# Out: CF and ERROR_STALE. The error that it holds counts as reported.
.global stream_status
stream_status:
    push    ebx
    call    stream_enter
    jc      9f
    mov     eax, [ebx + TCB_STATE]
    mov     [edx + STATUS_STATE], eax
    xor     eax, eax
    xchg    eax, [ebx + TCB_ERROR]
    mov     [edx + STATUS_ERROR], eax
    mov     eax, [ebx + TCB_LOCAL]
    mov     [edx + STATUS_LOCAL], eax
    mov     eax, [ebx + TCB_LOCAL_PORT]
    mov     [edx + STATUS_LOCAL_PORT], eax
    mov     eax, [ebx + TCB_REMOTE]
    mov     [edx + STATUS_REMOTE], eax
    mov     eax, [ebx + TCB_REMOTE_PORT]
    mov     [edx + STATUS_REMOTE_PORT], eax
    call    stream_waiting
    mov     [edx + STATUS_READABLE], eax
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_TX + RING_START]
    mov     [edx + STATUS_UNSENT], eax
    mov     eax, [ebx + TCB_CWND]
    mov     [edx + STATUS_CWND], eax
    mov     eax, [ebx + TCB_MSS]
    mov     [edx + STATUS_MSS], eax
    mov     eax, [ebx + TCB_TX_LIMIT]
    mov     [edx + STATUS_SEND_LIMIT], eax
    mov     eax, [ebx + TCB_RX_LIMIT]
    mov     [edx + STATUS_RECEIVE_LIMIT], eax
    clc
    jmp     stream_leave
9:  pop     ebx
    ret

# Waits until one of several sockets can do what is wanted of it; errors and ends are always told. May sleep.
# In: EAX entries (WAIT_*), ECX how many, EDX timeout in ms.
# Out: EAX how many have something in WAIT_GOT; CF and ERROR_TIMEOUT when none has.
.global stream_wait
stream_wait:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, ecx
    call    stream_deadline
    mov     ebp, edx
    push    0                           # [esp + 4]: event
    push    0                           # [esp]: next watcher
    INTERRUPTS_OFF
    mov     eax, [tcp_watchers]
    mov     [esp + 4], eax              # above the saved flags
    lea     eax, [esp + 4]
    mov     [tcp_watchers], eax
    INTERRUPTS_RESTORE
.Lstream_wait_look:
    push    esi
    push    edi
    xor     ecx, ecx
1:  test    edi, edi
    jz      2f
    push    ecx
    call    stream_look
    pop     ecx
    cmp     dword ptr [esi + WAIT_GOT], 1
    sbb     ecx, -1                     # one more, unless it is 0
    add     esi, WAIT_SIZE
    dec     edi
    jmp     1b
2:  pop     edi
    pop     esi
    mov     ebx, ecx
    test    ecx, ecx
    jnz     .Lstream_wait_end
    mov     edx, ebp
    cmp     edx, -1
    je      3f
    test    edx, edx
    jz      .Lstream_wait_end
    call    tcp_now
    mov     edx, ebp
    sub     edx, eax
    jle     .Lstream_wait_end
3:  lea     eax, [esp + 4]
    call    event_wait
    jmp     .Lstream_wait_look
.Lstream_wait_end:
    INTERRUPTS_OFF
    lea     edx, [esp + 4]
    mov     eax, offset tcp_watchers
4:  mov     ecx, [eax]
    cmp     ecx, edx
    je      5f
    mov     eax, ecx
    jmp     4b
5:  mov     ecx, [edx]
    mov     [eax], ecx
    INTERRUPTS_RESTORE
    lea     esp, [esp + 8]
    mov     eax, ebx
    cmp     eax, 1                      # CF when it is 0
    jnc     6f
    mov     eax, ERROR_TIMEOUT
6:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says what a socket can do now.
# In: ESI entry.
# Out: its WAIT_GOT.
stream_look:
    mov     dword ptr [esi + WAIT_GOT], 0
    mov     eax, [esi + WAIT_HANDLE]
    push    ebx
    call    stream_enter
    jc      .Lstream_look_other
    xor     edx, edx
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jne     1f
    cmp     dword ptr [ebx + TCB_ACCEPT_HEAD], 0
    je      .Lstream_look_mask
    or      edx, STREAM_READABLE
    jmp     .Lstream_look_mask
1:  cmp     dword ptr [ebx + TCB_ERROR], 0
    je      2f
    or      edx, STREAM_ERROR | STREAM_READABLE | STREAM_WRITABLE
2:  call    stream_waiting
    jz      3f
    or      edx, STREAM_READABLE
3:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED | TCB_F_DEAF
    jz      4f
    or      edx, STREAM_READABLE
4:  cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     5f
    or      edx, STREAM_HANGUP | STREAM_READABLE | STREAM_WRITABLE
    jmp     .Lstream_look_mask
5:  cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      .Lstream_look_mask
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_TX + RING_START]
    cmp     eax, [ebx + TCB_TX_LIMIT]
    jae     .Lstream_look_mask
    or      edx, STREAM_WRITABLE
.Lstream_look_mask:
    mov     eax, [esi + WAIT_WANTED]
    or      eax, STREAM_ERROR | STREAM_HANGUP
    and     eax, edx
    mov     [esi + WAIT_GOT], eax
    jmp     stream_leave
.Lstream_look_other:
    mov     eax, [esi + WAIT_HANDLE]
    call    udp_ready
    mov     edx, STREAM_ERROR           # closed, or never was a socket
    jc      6f
    mov     edx, STREAM_WRITABLE
    jz      6f
    or      edx, STREAM_READABLE
6:  mov     eax, [esi + WAIT_WANTED]
    or      eax, STREAM_ERROR
    and     eax, edx
    mov     [esi + WAIT_GOT], eax
    pop     ebx
    ret
