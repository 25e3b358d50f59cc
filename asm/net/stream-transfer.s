# Bytes through stream sockets, as many as there is room for at once; the rest waits.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

.text

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
    jbe     .Lstream_send_room
    mov     ecx, edi
.Lstream_send_room:
    push    ecx
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebx + TCB_TX + RING_END]
    add     edx, ecx
    call    ring_reserve
    pop     ecx
    jc      .Lstream_send_less
    push    ecx
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebx + TCB_TX + RING_END]
    call    ring_put
    pop     ecx
    add     [ebx + TCB_TX + RING_END], ecx
    add     esi, ecx
    sub     edi, ecx
    add     [esp], ecx
    call    stamp_taken
    mov     eax, [ebx + TCB_FLAGS]
    and     eax, TCB_F_CORKED | TCB_F_MORE
    cmp     eax, TCB_F_MORE
    je      .Lstream_send_more
    call    tcp_output
.Lstream_send_sent:
    test    edi, edi
    jz      .Lstream_send_leave
.Lstream_send_wait:
    test    edi, edi
    jz      .Lstream_send_leave
    mov     edx, ebp
    call    stream_pause
    jnc     .Lstream_send_next
    jmp     .Lstream_send_end
.Lstream_send_less:                     # what is acknowledged makes room in the ring there is
    mov     edx, [ebx + TCB_TX + RING_CAPACITY]
    cmp     edx, RING_MINIMUM
    jae     2f
    mov     edx, RING_MINIMUM
2:  add     edx, [ebx + TCB_TX + RING_START]
    sub     edx, [ebx + TCB_TX + RING_END]
    jz      .Lstream_send_wait
    cmp     edx, ecx
    jae     .Lstream_send_leave         # there is none, or the card still reads in it
    mov     ecx, edx
    jmp     .Lstream_send_room
.Lstream_send_more:
    call    stream_send_held
    jmp     .Lstream_send_sent
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

# Sends whole segments, and leaves the rest: more will be sent with it.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
stream_send_held:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_CORKED
    call    tcp_output
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_CORKED
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
    push    edx
    mov     ecx, [ebx + TCB_MSS]
    mov     eax, [ebx + TCB_TX_LIMIT]   # whole segments
    lea     eax, [eax + ecx - 1]
    xor     edx, edx
    div     ecx
    CHECK   "dword ptr [ebx+TCB_MSS]", ne, 0, "stream_room: segments of no byte"
    imul    ecx, eax
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_TX + RING_START]
    sub     ecx, eax
    cmp     dword ptr [ebx + TCB_UNSENT_LIMIT], 0
    je      2f
    call    stream_room_unsent
    cmp     eax, ecx
    jg      2f
    mov     ecx, eax
2:  pop     edx
    test    ecx, ecx
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

# How many bytes a connection can take whose unsent ones are limited: so many that there are as many as the limit says,
# or as half of the widest window, which goes out in one piece, in whole segments.
# In: EBX block.
# Out: EAX bytes; negative when there are more.
# Clobbers: EDX.
stream_room_unsent:
    mov     eax, [ebx + TCB_SND_WIDEST]
    shr     eax, 1
    xor     edx, edx
    div     dword ptr [ebx + TCB_MSS]
    imul    eax, [ebx + TCB_MSS]
    cmp     eax, [ebx + TCB_UNSENT_LIMIT]
    jae     1f
    mov     eax, [ebx + TCB_UNSENT_LIMIT]
1:  add     eax, [ebx + TCB_SND_MAX]
    sub     eax, [ebx + TCB_TX + RING_END]
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
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_RECEIVED
    je      .Lstream_receive_none       # data may have come with the SYN
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
.global stream_waiting
stream_waiting:
    mov     eax, [ebx + TCB_RCV_NXT]
    sub     eax, [ebx + TCB_RX + RING_START]
    jz      1f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED
    jz      1f
    dec     eax                         # the FIN is no byte
1:  test    eax, eax
    ret
