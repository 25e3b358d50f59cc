# Transmission control blocks: making, finding and ending them, and the lock that guards them. The net task changes them
# as segments come and times pass; any task does through its sockets.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

CHAINS                  = 64            # of the hash, a power of two
BLOCKS_MAXIMUM          = 4096
BLOCKS_KEPT             = 512           # of more those go that nobody uses any more: strangers leave them behind
FIRST_EPHEMERAL         = 49152         # RFC 6335, 6
EPHEMERAL_PORTS         = 16384
RTO_FIRST_MS            = 1000          # RFC 6298, 2.1

.bss
.balign 4
.global tcp_mutex
tcp_mutex:              .space MUTEX_SIZE
.global tcp_blocks
tcp_blocks:             .space 4        # all control blocks, the youngest first
tcp_chains:             .space CHAINS * 4   # those with a remote address
tcp_count:              .space 4
.global tcp_time
tcp_time:               .space 4        # clock_fine when tcp_mutex was taken last: of all that is done with it
.global tcp_time_us
tcp_time_us:            .space 4        # and in microseconds
.global burst_end
burst_end:              .space 4        # where the last segment ends that was sent again since then, or 0

.text

# Takes the lock of all connections, and looks at the clock once for all that is done with it. May sleep.
# Clobbers: EAX, ECX, EDX.
.global tcp_lock
tcp_lock:
    mov     eax, offset tcp_mutex
    call    mutex_lock
    call    clock_fine
    mov     [tcp_time], eax
    mov     [tcp_time_us], edx
    mov     dword ptr [burst_end], 0
    ret

# Makes a control block in state CLOSED. The caller holds tcp_mutex. May sleep for memory.
# Out: EAX block; CF and EAX error.
.global tcp_create
tcp_create:
    CHECK_HELD tcp_mutex, "tcp_create: tcp_mutex is not held"
    push    ebx
    cmp     dword ptr [tcp_count], BLOCKS_KEPT
    jb      1f
    call    tcp_recycle
    jnc     1f
    cmp     dword ptr [tcp_count], BLOCKS_MAXIMUM
    jae     8f
1:  mov     eax, TCB_SIZE
    call    malloc
    jc      9f
    mov     ebx, eax
    mov     dword ptr [ebx + TCB_MSS], TCP_MSS_DEFAULT
    mov     dword ptr [ebx + TCB_TX_LIMIT], TCP_BUFFER
    mov     dword ptr [ebx + TCB_RX_LIMIT], TCP_BUFFER
    mov     dword ptr [ebx + TCB_RTO], RTO_FIRST_MS
    mov     dword ptr [ebx + TCB_SCALE], TCP_SCALE
    mov     dword ptr [ebx + TCB_MSS_LIMIT], TCP_MSS_ETHERNET
    mov     dword ptr [ebx + TCB_SSTHRESH], 0x3FFFFFFF
    mov     dword ptr [ebx + TCB_TIMER + TIMER_ROUTINE], offset tcp_timer_due
    mov     [ebx + TCB_TIMER + TIMER_ARGUMENT], ebx
    mov     eax, [tcp_blocks]
    mov     [ebx + TCB_NEXT], eax
    mov     [tcp_blocks], ebx
    inc     dword ptr [tcp_count]
    mov     eax, ebx
    clc
    pop     ebx
    ret
8:  COUNT   tcp_full
    mov     eax, ERROR_TABLE_FULL
9:  stc
    pop     ebx
    ret

# Ends a connection that no socket names any more, to make room: of those that are nearest to their end, TIME-WAIT
# before all others, the oldest.
# Out: CF when there is none.
tcp_recycle:
    push    ebx
    xor     ebx, ebx
    xor     edx, edx                    # its state
    mov     eax, [tcp_blocks]
1:  test    eax, eax
    jz      2f
    mov     ecx, [eax + TCB_HANDLE]
    or      ecx, [eax + TCB_PARENT]
    jnz     3f
    mov     ecx, [eax + TCB_STATE]
    cmp     ecx, edx
    jb      3f
    mov     edx, ecx
    mov     ebx, eax                    # the list is in the order of birth: the last is the oldest
3:  mov     eax, [eax + TCB_NEXT]
    jmp     1b
2:  cmp     ebx, 1                      # CF when it is 0
    jc      4f
    call    tcp_send_reset
    xor     eax, eax
    call    tcp_end
    clc
4:  pop     ebx
    ret

# The chain of a connection.
# In: EAX remote address, EDX remote port, ECX local port.
# Out: EAX address of the chain's head.
tcp_chain:
    imul    eax, eax, 0x9E3779B1
    add     eax, edx
    rol     edx, 7
    xor     eax, edx
    add     eax, ecx
    imul    eax, eax, 0x85EBCA6B
    shr     eax, 26                     # CHAINS
    lea     eax, [tcp_chains + eax*4]
    ret

# Enters a block that has all its addresses into the hash.
# In: EBX block.
.global tcp_enter
tcp_enter:
    CHECK   "dword ptr [ebx+TCB_REMOTE_PORT]", ne, 0, "tcp_enter: a connection without an address"
    mov     eax, [ebx + TCB_REMOTE]
    mov     edx, [ebx + TCB_REMOTE_PORT]
    mov     ecx, [ebx + TCB_LOCAL_PORT]
    call    tcp_chain
    mov     edx, [eax]
    CHECK   edx, ne, ebx, "tcp_enter: the connection is in its chain already"
    mov     [ebx + TCB_CHAIN], edx
    mov     [eax], ebx
    ret

# Takes a block out of the hash, if it is in it.
# In: EBX block.
tcp_leave:
    mov     eax, [ebx + TCB_REMOTE]
    mov     edx, [ebx + TCB_REMOTE_PORT]
    mov     ecx, [ebx + TCB_LOCAL_PORT]
    call    tcp_chain
    sub     eax, TCB_CHAIN              # the head looks like a block
1:  mov     edx, [eax + TCB_CHAIN]
    test    edx, edx
    jz      2f
    cmp     edx, ebx
    je      3f
    mov     eax, edx
    jmp     1b
3:  mov     edx, [ebx + TCB_CHAIN]
    mov     [eax + TCB_CHAIN], edx
    mov     dword ptr [ebx + TCB_CHAIN], 0
2:  ret

# Finds the connection of four addresses.
# In: EAX remote address, EDX remote port, ECX local port, ESI local address.
# Out: EAX block, or 0.
.global tcp_find
tcp_find:
    push    edi
    push    edx
    push    eax
    call    tcp_chain
    pop     edi
    pop     edx
    mov     eax, [eax]
1:  test    eax, eax
    jz      3f
    cmp     [eax + TCB_REMOTE], edi
    jne     2f
    cmp     [eax + TCB_REMOTE_PORT], edx
    jne     2f
    cmp     [eax + TCB_LOCAL_PORT], ecx
    jne     2f
    cmp     [eax + TCB_LOCAL], esi
    je      3f
2:  mov     eax, [eax + TCB_CHAIN]
    jmp     1b
3:  pop     edi
    ret

# Finds who listens; one for the very address before one for any.
# In: ECX port, ESI address.
# Out: EAX block, or 0.
.global tcp_listener
tcp_listener:
    push    ebx
    xor     eax, eax
    mov     ebx, [tcp_blocks]
1:  test    ebx, ebx
    jz      4f
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jne     3f
    cmp     [ebx + TCB_LOCAL_PORT], ecx
    jne     3f
    cmp     [ebx + TCB_LOCAL], esi
    je      2f
    cmp     dword ptr [ebx + TCB_LOCAL], 0
    jne     3f
    mov     eax, ebx
3:  mov     ebx, [ebx + TCB_NEXT]
    jmp     1b
2:  mov     eax, ebx
4:  pop     ebx
    ret

# Says whether a local port can be bound.
# In: EBX block, EAX port.
# Out: ZF when it can.
# Clobbers: ECX, EDX only.
.global tcp_port_free
tcp_port_free:
    mov     ecx, [tcp_blocks]
.Ltcp_port_free_next:
    jecxz   .Ltcp_port_free_good
    cmp     ecx, ebx
    je      .Ltcp_port_free_skip
    cmp     [ecx + TCB_LOCAL_PORT], eax
    jne     .Ltcp_port_free_skip
    mov     edx, [ecx + TCB_LOCAL]
    test    edx, edx
    jz      .Ltcp_port_free_same
    cmp     dword ptr [ebx + TCB_LOCAL], 0
    je      .Ltcp_port_free_same
    cmp     edx, [ebx + TCB_LOCAL]
    jne     .Ltcp_port_free_skip
.Ltcp_port_free_same:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_REUSE
    jz      .Ltcp_port_free_taken
    cmp     dword ptr [ecx + TCB_STATE], TCP_LISTEN
    je      .Ltcp_port_free_taken
    cmp     dword ptr [ecx + TCB_REMOTE_PORT], 0
    je      .Ltcp_port_free_taken
.Ltcp_port_free_skip:
    mov     ecx, [ecx + TCB_NEXT]
    jmp     .Ltcp_port_free_next
.Ltcp_port_free_good:
    cmp     eax, eax
    ret
.Ltcp_port_free_taken:
    test    esp, esp                    # ZF clear
    ret

# Chooses a local port for a connection.
# In: EBX block, with the addresses that are known.
# Out: CF and ERROR_PORT_IN_USE when all are taken.
.global tcp_choose_port
tcp_choose_port:
    push    esi
    push    edi
    call    secret_port
    mov     esi, eax
    mov     edi, EPHEMERAL_PORTS
1:  mov     eax, esi
    and     eax, EPHEMERAL_PORTS - 1
    add     eax, FIRST_EPHEMERAL
    call    tcp_port_free
    je      2f
    inc     esi
    dec     edi
    jnz     1b
    mov     eax, ERROR_PORT_IN_USE
    stc
    jmp     3f
2:  mov     [ebx + TCB_LOCAL_PORT], eax
    clc
3:  pop     edi
    pop     esi
    ret

# Wakes whoever waits for a block: they look again.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global tcp_wake
tcp_wake:
    lea     eax, [ebx + TCB_EVENT]
    call    event_broadcast
    lea     eax, [ebx + TCB_EVENT]      # and whoever is just about to wait
    call    event_signal
    jmp     watch_changed

# Moves a block to a state, and wakes who waits for that.
# In: EBX block, EAX state.
.global tcp_move
tcp_move:
    CHECK_HELD tcp_mutex, "tcp_move: tcp_mutex is not held"
    CHECK   eax, be, TCP_TIME_WAIT, "tcp_move: there is no such state"
.ifdef CHECKS
    dec     eax
    CHECK   eax, ae, [ebx+TCB_STATE], "tcp_move: a state comes before the one it follows"
    inc     eax
.endif
    mov     [ebx + TCB_STATE], eax
    jmp     tcp_wake

# Takes a connection out of its listener's books, if it is in them.
# In: EBX block.
.global tcp_disown
tcp_disown:
    xor     eax, eax
    xchg    eax, [ebx + TCB_PARENT]
    test    eax, eax
    jz      3f
    CHECK   "dword ptr [eax+TCB_CHILDREN]", ne, 0, "tcp_disown: the listener counts no connections"
    dec     dword ptr [eax + TCB_CHILDREN]
    add     eax, TCB_ACCEPT_HEAD - TCB_ACCEPT_NEXT  # the head looks like a block
1:  mov     edx, [eax + TCB_ACCEPT_NEXT]
    test    edx, edx
    jz      3f
    cmp     edx, ebx
    je      2f
    mov     eax, edx
    jmp     1b
2:  mov     edx, [ebx + TCB_ACCEPT_NEXT]
    mov     [eax + TCB_ACCEPT_NEXT], edx
    mov     dword ptr [ebx + TCB_ACCEPT_NEXT], 0
3:  ret

# Ends a connection: state CLOSED, no timer, no segment finds it. Without a socket the block goes too.
# In: EBX block, EAX error that the socket's next call reports, or 0.
# Out: the block may be gone.
.global tcp_end
tcp_end:
    test    eax, eax
    jz      1f
    mov     [ebx + TCB_ERROR], eax
1:  lea     eax, [ebx + TCB_TIMER]
    call    timer_cancel
    push    edi
    xor     eax, eax
    lea     edi, [ebx + TCB_DEADLINES]
    mov     ecx, TCP_DEADLINES
    rep     stosd
    pop     edi
    call    tcp_leave
    call    tcp_disown
    CHECK   "dword ptr [ebx+TCB_CHAIN]", e, 0, "tcp_end: the connection is still in its chain"
    lea     eax, [ebx + TCB_TX]
    call    ring_free
    xor     eax, eax
    call    tcp_move                    # TCP_CLOSED
    cmp     dword ptr [ebx + TCB_HANDLE], 0
    je      tcp_free
    ret

# Ends all connections with other machines, without a segment: they are not this machine's any more. Listeners stay. May
# sleep.
.global tcp_forget
tcp_forget:
    push    ebx
    call    tcp_lock
1:  mov     ebx, [tcp_blocks]           # a block may go, and others with it: from the start after each
2:  test    ebx, ebx
    jz      4f
    cmp     dword ptr [ebx + TCB_STATE], TCP_LISTEN
    jbe     3f
    cmp     byte ptr [ebx + TCB_REMOTE], 127
    je      3f
    mov     eax, ERROR_RESET
    call    tcp_end
    jmp     1b
3:  mov     ebx, [ebx + TCB_NEXT]
    jmp     2b
4:  mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ebx
    ret

# Frees a closed block.
# In: EBX block.
.global tcp_free
tcp_free:
    CHECK   "dword ptr [ebx+TCB_STATE]", be, TCP_LISTEN, "tcp_free: the connection is not closed"
    CHECK   "dword ptr [ebx+TCB_PARENT]", e, 0, "tcp_free: a listener still counts the connection"
    lea     eax, [ebx + TCB_TIMER]
    call    timer_cancel
    call    stamp_free
    lea     eax, [ebx + TCB_TX]
    call    ring_free
    lea     eax, [ebx + TCB_RX]
    call    ring_free
    mov     eax, offset tcp_blocks      # TCB_NEXT is 0, so the head looks like a block
1:  mov     edx, [eax + TCB_NEXT]
    cmp     edx, ebx
    je      2f
    mov     eax, edx
    test    edx, edx
    jnz     1b
    CHECK   edx, ne, 0, "tcp_free: the connection is in no list"
    jmp     3f
2:  mov     edx, [ebx + TCB_NEXT]
    mov     [eax + TCB_NEXT], edx
    CHECK   "dword ptr [tcp_count]", ne, 0, "tcp_free: more connections go than there were"
    dec     dword ptr [tcp_count]
3:  mov     eax, ebx
    jmp     mfree
