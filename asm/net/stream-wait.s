# Options and state of stream sockets, and waiting for several of them at once.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

LIMIT_MINIMUM           = 2048          # of either ring
LIMIT_MAXIMUM           = 4 << 20

.text

# Sets an option of a socket; those of a listener go over to its connections.
# In: EAX socket, EDX option (STREAM_*), ECX value.
# Out: CF and ERROR_STALE, ERROR_INVALID, ERROR_TABLE_FULL, ERROR_NOT_CONNECTED, ERROR_NO_MEMORY.
.global stream_option
stream_option:
    push    ebx
    call    stream_enter
    jc      .Lstream_option_stale
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
    cmp     edx, STREAM_WIDEST
    je      .Lstream_option_widest
    lea     eax, [ebx + TCB_QUICK]
    cmp     edx, STREAM_QUICK
    je      .Lstream_option_set
    lea     eax, [ebx + TCB_TIMEOUT]
    cmp     edx, STREAM_TIMEOUT
    je      .Lstream_option_set
    lea     eax, [ebx + TCB_UNSENT_LIMIT]
    cmp     edx, STREAM_UNSENT_LIMIT
    je      .Lstream_option_set
    cmp     edx, STREAM_STAMPS
    je      .Lstream_option_stamps
    cmp     edx, STREAM_MORE
    je      .Lstream_option_more
    cmp     edx, STREAM_MARK
    je      .Lstream_option_mark
    cmp     edx, STREAM_MSS
    jne     .Lstream_option_invalid
    call    stream_set_mss
    jc      .Lstream_option_invalid
    clc
    jmp     stream_leave
.Lstream_option_widest:
    call    stream_set_widest
    clc
    jmp     stream_leave
.Lstream_option_more:                   # what waits goes with what is sent next
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_MORE
    cmp     ecx, 1                      # CF when it is 0
    cmc
    sbb     ecx, ecx
    and     ecx, TCB_F_MORE
    or      [ebx + TCB_FLAGS], ecx
    clc
    jmp     stream_leave
.Lstream_option_stamps:
    call    stamp_option
    jmp     stream_leave
.Lstream_option_mark:
    call    tcp_mark
    jmp     stream_leave
.Lstream_option_limit:
    cmp     ecx, LIMIT_MINIMUM
    jae     1f
    mov     ecx, LIMIT_MINIMUM
1:  cmp     ecx, LIMIT_MAXIMUM
    jbe     .Lstream_option_set
    mov     ecx, LIMIT_MAXIMUM
.Lstream_option_set:
    mov     [eax], ecx
    clc
    jmp     stream_leave
.Lstream_option_flag:
    call    stream_set_flag
    clc
    jmp     stream_leave
.Lstream_option_invalid:
    mov     eax, ERROR_INVALID
    stc
    jmp     stream_leave
.Lstream_option_stale:
    pop     ebx
    ret

# Sets the largest segment.
# In: EBX block, ECX bytes.
# Out: CF when there are no segments of this size.
# Clobbers: EAX.
stream_set_mss:
    cmp     ecx, TCP_MSS_MINIMUM
    jb      .Lstream_set_mss_not
    cmp     ecx, TCP_MSS_ETHERNET
    ja      .Lstream_set_mss_not
    mov     [ebx + TCB_MSS_LIMIT], ecx
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jbe     1f
    cmp     ecx, [ebx + TCB_MSS]        # of a connection it only sinks: the other side has said what it takes
    jae     .Lstream_set_mss_done
1:  mov     [ebx + TCB_MSS], ecx
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_WHOLE], eax
.Lstream_set_mss_done:
    clc
    ret
.Lstream_set_mss_not:
    stc
    ret

# Takes the least scale by which 16 bits can tell a window.
# In: EBX block, ECX bytes of the widest one.
# Clobbers: EAX, ECX, EDX.
stream_set_widest:
    mov     eax, ecx                    # the least scale by which 16 bits can tell so much
    xor     ecx, ecx
1:  cmp     ecx, TCP_SCALE_MAXIMUM
    je      2f
    mov     edx, 0xFFFF
    shl     edx, cl
    cmp     edx, eax
    jae     2f
    inc     ecx
    jmp     1b
2:  mov     [ebx + TCB_SCALE], ecx
    ret

# Sets or clears a flag of a connection, and sends what waits for that.
# In: EBX block, EAX TCB_F_*, ECX 1 or 0.
# Clobbers: EAX, ECX, EDX.
stream_set_flag:
    or      [ebx + TCB_FLAGS], eax
    test    ecx, ecx
    jnz     1f
    not     eax
    and     [ebx + TCB_FLAGS], eax
1:  call    tcp_heard
    mov     eax, [ebx + TCB_FLAGS]
    and     eax, TCB_F_CORKED
    push    eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_NODELAY
    jz      2f
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_CORKED
2:  call    tcp_output                  # what was held back may go: all of it where no delay is wanted
    pop     eax
    or      [ebx + TCB_FLAGS], eax
    ret

# Describes a socket.
# In: EAX socket, EDX record STATUS_*.
# Out: CF and ERROR_STALE. The error that it holds counts as reported.
.global stream_status
stream_status:
    push    ebx
    call    stream_enter
    jc      .Lstream_status_stale
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
.Lstream_status_stale:
    pop     ebx
    ret

# Waits until one of several sockets can do what is wanted of it; errors and ends are always told. May sleep.
# In: EAX entries (WAIT_*), ECX how many, EDX timeout in ms.
# Out: EAX how many have something in WAIT_GOT; CF and ERROR_TIMEOUT when none has.
.global stream_wait
stream_wait:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, ecx
    mov     ebx, offset stream_look_all
    call    watch_wait
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks at several sockets, for watch_wait.
# In: ESI entries, EDI how many.
# Out: EAX how many have something in WAIT_GOT.
stream_look_all:
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
2:  mov     eax, ecx
    pop     edi
    pop     esi
    ret

# Says what a socket can do now.
# In: ESI entry.
# Out: its WAIT_GOT.
# Clobbers: EAX, ECX, EDX.
.global stream_look
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
2:  call    stamp_told
    jz      3f
    or      edx, STREAM_STAMPED
3:  call    stream_waiting
    jz      4f
    or      edx, STREAM_READABLE
4:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED | TCB_F_DEAF
    jz      .Lstream_look_ended
    or      edx, STREAM_READABLE
.Lstream_look_ended:
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     .Lstream_look_open
    or      edx, STREAM_HANGUP | STREAM_READABLE | STREAM_WRITABLE
    jmp     .Lstream_look_mask
.Lstream_look_open:
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      .Lstream_look_mask
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_TX + RING_START]
    cmp     eax, [ebx + TCB_TX_LIMIT]
    jae     .Lstream_look_mask
    mov     ecx, [ebx + TCB_UNSENT_LIMIT]
    jecxz   .Lstream_look_writable
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_SND_MAX]    # negative: the FIN is sent
    cmp     eax, ecx
    jge     .Lstream_look_mask
.Lstream_look_writable:
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
    jc      .Lstream_look_listening
    mov     edx, STREAM_WRITABLE
    jz      .Lstream_look_listening
    or      edx, STREAM_READABLE
.Lstream_look_listening:
    mov     eax, [esi + WAIT_WANTED]
    or      eax, STREAM_ERROR
    and     eax, edx
    mov     [esi + WAIT_GOT], eax
    pop     ebx
    ret
