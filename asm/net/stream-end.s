# The end of stream sockets: one direction, in good order, or at once.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"

.text

# Ends one direction of a connection, or both. Who receives no more gives up what waits to be read, and is not waited
# for: what comes later can be read at once or not at all, and half of the buffer is the most that is kept of it.
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
.global stream_destroy
stream_destroy:
    push    ebx
    mov     ebx, eax
    call    tcp_lock
    mov     dword ptr [ebx + TCB_HANDLE], 0
    call    tcp_wake
    mov     eax, [ebx + TCB_STATE]
    cmp     eax, TCP_LISTEN
    je      .Lstream_destroy_listener
    jb      .Lstream_destroy_free
    cmp     eax, TCP_SYN_SENT
    je      .Lstream_destroy_end
    cmp     eax, TCP_TIME_WAIT
    je      .Lstream_destroy_done
    cmp     eax, TCP_FIN_WAIT_2
    je      .Lstream_destroy_fin_wait
    ja      .Lstream_destroy_orphan
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_DEAF     # it wanted nothing of it
    jnz     .Lstream_destroy_good
    call    stream_waiting
    jnz     .Lstream_destroy_reset
.Lstream_destroy_good:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_CORKED
    call    tcp_output
.Lstream_destroy_orphan:
    mov     eax, TCP_ORPHAN_MS
    jmp     .Lstream_destroy_set
.Lstream_destroy_fin_wait:
    mov     eax, 2 * TCP_MSL_MS
.Lstream_destroy_set:
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
