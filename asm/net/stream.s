# Stream sockets: TCP for tasks and programs. A handle names a control block; closing it leaves the connection to end by
# itself. Every routine that takes a timeout takes 0 for "not now" and -1 for "as long as it takes"; one that would have
# to wait longer returns ERROR_TIMEOUT.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

BACKLOG_MAXIMUM         = 1024

HANDLE_TYPE stream_type, "stream", stream_destroy

.text

# Makes a stream socket, which belongs to whoever the running task works for. May sleep.
# Out: EAX handle; CF and EAX error.
.global stream_open
stream_open:
    push    ebx
    call    tcp_lock
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
.global stream_leave
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

# Gives a socket back. What was sent still goes out, and the connection ends in good order; unread bytes mean a reset
# (RFC 9293, 3.6.1). May sleep.
# In: EAX socket.
# Out: CF and ERROR_STALE.
.global stream_close
stream_close:
    mov     edx, offset stream_type
    jmp     handle_close

# Finds what a handle names and locks it.
# In: EAX handle.
# Out: EBX block, tcp_mutex is held; CF and ERROR_STALE, and it is not.
# Clobbers: EAX only.
.global stream_enter
stream_enter:
    push    edx
    push    ecx
    push    eax
    call    tcp_lock
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
# Out: EDX time of clock_fine; 0 for at once, -1 for never.
# Clobbers: EAX, ECX.
.global stream_deadline
stream_deadline:
    lea     eax, [edx + 1]
    cmp     eax, 1
    jbe     1f
    push    edx
    call    clock_fine
    pop     edx
    add     edx, eax
    and     edx, ~1                     # neither of the two
    or      edx, 2
1:  ret

# Unlocks and waits until the block changes, or goes away.
# In: EBX block, tcp_mutex is held; EDX deadline.
# Out: tcp_mutex is not held; CF and ERROR_TIMEOUT when the deadline has come.
# Clobbers: EAX, ECX.
.global stream_pause
stream_pause:
    push    edx
    mov     eax, -1
    cmp     edx, -1
    je      1f
    xor     eax, eax
    test    edx, edx
    jz      1f
    call    clock_fine
    mov     edx, [esp]
    sub     edx, eax
    test    edx, edx
    mov     eax, edx
    jg      1f
    xor     eax, eax
1:  push    eax
    INTERRUPTS_OFF                      # nothing comes between the two
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    lea     eax, [ebx + TCB_EVENT]
    mov     edx, [esp + 4]
    call    event_wait
    jc      2f
    INTERRUPTS_RESTORE
    pop     edx
    pop     edx
    clc
    ret
2:  INTERRUPTS_RESTORE
    pop     edx
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
    jc      4f
    mov     eax, ERROR_INVALID
    cmp     ecx, 0xFFFF
    ja      3f
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     3f
    cmp     dword ptr [ebx + TCB_LOCAL_PORT], 0
    jne     3f
    mov     [ebx + TCB_LOCAL], edx
    jecxz   1f
    mov     eax, ecx
    call    tcp_port_free
    jne     2f
    mov     [ebx + TCB_LOCAL_PORT], eax
    clc
    jmp     stream_leave
1:  call    tcp_choose_port
    jmp     stream_leave
2:  mov     eax, ERROR_PORT_IN_USE
3:  stc
    jmp     stream_leave
4:  pop     ebx
    ret

# Says which of this machine's addresses a connection has.
# In: EAX socket.
# Out: EAX address; CF and ERROR_STALE.
.global stream_local
stream_local:
    push    ebx
    call    stream_enter
    jc      1f
    mov     eax, [ebx + TCB_LOCAL]
    clc
    jmp     stream_leave
1:  pop     ebx
    ret

# Takes connections from now on. A socket without a port gets one.
# In: EAX socket, EDX how many may wait to be accepted.
# Out: CF and EAX error.
.global stream_listen
stream_listen:
    push    ebx
    call    stream_enter
    jc      .Lstream_listen_stale
    cmp     edx, BACKLOG_MAXIMUM
    jbe     1f
    mov     edx, BACKLOG_MAXIMUM
1:  mov     [ebx + TCB_BACKLOG], edx
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    je      3f
    mov     eax, ERROR_CONNECTED
    cmp     dword ptr [ebx + TCB_STATE], TCP_CLOSED
    jne     4f
    cmp     dword ptr [ebx + TCB_REMOTE_PORT], 0
    jne     4f
    cmp     dword ptr [ebx + TCB_LOCAL_PORT], 0
    jne     2f
    call    tcp_choose_port
    jc      stream_leave
2:  mov     dword ptr [ebx + TCB_STATE], TCP_LISTEN
3:  clc
    jmp     stream_leave
4:  stc
    jmp     stream_leave
.Lstream_listen_stale:
    pop     ebx
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
    jc      .Lstream_accept_done
    mov     eax, ERROR_INVALID
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jne     3f
    cmp     dword ptr [ebx + TCB_ACCEPT_HEAD], 0
    jne     1f
    call    stream_pause
    jnc     .Lstream_accept_next
    jmp     .Lstream_accept_done
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
    jmp     4f
2:  push    eax
    call    tcp_send_reset
    xor     eax, eax
    call    tcp_end
    pop     eax
3:  stc
4:  pushfd
    push    eax
    push    edx
    push    ecx
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ecx
    pop     edx
    pop     eax
    popfd
.Lstream_accept_done:
    pop     esi
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
    mov     eax, ERROR_NOT_CONNECTED    # another has been told why
    cmp     dword ptr [ebx + TCB_ERROR], 0
    je      3f
    xor     eax, eax
    xchg    eax, [ebx + TCB_ERROR]
3:  stc
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
