# System calls about sockets. A program's socket is a stream of the process (stream.s) whose object is a handle of the
# network's (asm/net/stream.s, asm/net/udp.s). Data go through the thread's buffer, so nothing of the network ever sees
# a program's address.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"
.include "net.inc"
.include "tcp.inc"

KIND_STREAM         = 1
KIND_DATAGRAM       = 2
PEER_BYTES          = 8
OPTION_TTL          = 16                    # options of datagram sockets
OPTION_INTERFACE    = 17
OPTION_GROUP        = 18

# What a program is told about an interface.
ABOUT_NAME          = 0
ABOUT_MAC           = 8
ABOUT_FLAGS         = 16
ABOUT_ADDRESS       = 20
ABOUT_MASK          = 24
ABOUT_ROUTER        = 28
ABOUT_DNS           = 32
ABOUT_ORIGIN        = 36
ABOUT_SIZE          = 40

.text

# Takes the socket of a handle for the time of a call.
# In: EAX handle, EBX process, EBP task.
# Out: EAX handle in the kernel, ZF set when it is one for connections; CF and EAX error.
# Clobbers: EAX only.
socket_take:
    call    stream_take
    jc      2f
    cmp     dword ptr [eax + STREAM_KIND], STREAM_SOCKET
    jb      1f
    mov     eax, [eax + STREAM_OBJECT]
    ret
1:  mov     eax, ERROR_NOT_SUPPORTED
    stc
2:  ret

# Takes a socket for connections.
# In: EAX handle, EBX process, EBP task.
# Out: EAX handle in the kernel; CF and EAX error.
# Clobbers: EAX only.
socket_take_stream:
    call    socket_take
    jc      1f
    je      1f                          # CF is clear
    mov     eax, ERROR_NOT_SUPPORTED
    stc
1:  ret

# Ends a call that has nothing to say but whether it went well.
# In: CF and EAX error.
# Out: EAX 0, or CF and EAX error.
socket_done:
    jc      1f
    xor     eax, eax
1:  ret

# System call: makes a socket.
# In: EAX KIND_*.
.global call_socket
call_socket:
    mov     esi, STREAM_SOCKET
    mov     edi, offset stream_close
    mov     edx, offset stream_open
    cmp     eax, KIND_STREAM
    je      1f
    mov     esi, STREAM_DATAGRAM
    mov     edi, offset udp_close
    mov     edx, offset udp_open
    cmp     eax, KIND_DATAGRAM
    mov     eax, ERROR_INVALID
    stc
    jne     2f
1:  xor     eax, eax                    # any port
    push    ebx
    mov     ebx, edx
    call    owned_by_system
    pop     ebx
    jc      2f
    mov     edx, eax
    mov     eax, esi
    jmp     stream_new
2:  ret

# System call: gives a socket its own address and port.
# In: EAX handle, EDX address, ECX port.
.global call_bind
call_bind:
    call    socket_take
    jc      2f
    je      1f
    call    udp_bind
    jmp     socket_done
1:  test    edx, edx
    jz      3f
    push    ecx
    call    udp_own
    pop     ecx
    je      3f
    mov     eax, ERROR_INVALID
    stc
2:  ret
3:  call    stream_bind
    jmp     socket_done

# System call: has a socket take connections.
# In: EAX handle, EDX how many may wait.
.global call_listen
call_listen:
    call    socket_take_stream
    jc      1f
    mov     ecx, [ebp + TASK_STREAM]
    mov     [ecx + STREAM_FLAGS], edx
    call    stream_listen
    jmp     socket_done
1:  ret

# System call: takes the connection that waits longest.
# In: EAX handle, EDX where its peer's address and port go or 0, ECX milliseconds.
.global call_accept
call_accept:
    push    edx
    mov     edi, ecx
    call    socket_take_stream
    jc      .Lcall_accept_failed
    mov     esi, eax
.Lcall_accept_next:
    mov     eax, esi
    xor     edx, edx                    # nobody ends the thread in there, so it must not wait in there
    push    ebx
    mov     ebx, offset stream_accept
    call    owned_by_system
    pop     ebx
    jnc     .Lcall_accept_taken
    cmp     eax, ERROR_TIMEOUT
    stc
    jne     .Lcall_accept_failed
    mov     eax, [ebp + TASK_BUFFER]
    mov     [eax + WAIT_HANDLE], esi
    mov     dword ptr [eax + WAIT_WANTED], STREAM_READABLE
    mov     ecx, 1
    mov     edx, edi
    call    stream_wait
    jnc     .Lcall_accept_next
.Lcall_accept_failed:
    pop     edx
    ret
.Lcall_accept_taken:
    pop     edi
    push    ecx                         # the peer, as the program sees it
    push    edx
    mov     edx, eax
    mov     eax, STREAM_SOCKET
    push    edi
    mov     edi, offset stream_close
    call    stream_new
    pop     edi
    jc      1f
    mov     esi, eax
    mov     edx, esp
    call    socket_tell_peer
    jc      2f
    mov     eax, esi
1:  pop     edx
    pop     ecx
    ret
2:  push    eax
    mov     eax, esi
    call    call_close
    pop     eax
    stc
    jmp     1b

# Tells a program who its peer is.
# In: EDI the program's address, or 0; EDX address and port, 8 bytes.
# Out: CF and EAX error.
socket_tell_peer:
    test    edi, edi
    jz      1f
    mov     eax, edi
    mov     ecx, PEER_BYTES
    jmp     copy_to_program
1:  ret

# System call: connects.
# In: EAX handle, EDX address, ECX port, ESI milliseconds.
.global call_connect
call_connect:
    call    socket_take
    jc      2f
    mov     edi, esi
    je      1f
    cmp     ecx, 0x10000
    mov     esi, eax
    mov     eax, ERROR_INVALID
    cmc
    jc      2f
    mov     eax, esi
    call    udp_connect
    jmp     socket_done
1:  call    stream_connect
    jmp     socket_done
2:  ret

# System call: sends.
# In: EAX handle, EDX the bytes, ECX how many, ESI to whom or 0, EDI milliseconds.
.global call_send
call_send:
    call    socket_take
    jc      .Lcall_send_done
    jne     .Lcall_send_datagram
    test    esi, esi
    jnz     .Lcall_send_connected
    call    call_piece
    push    eax
    push    ecx
    mov     eax, [ebp + TASK_BUFFER]
    call    copy_from_program
    pop     ecx
    pop     edx
    jc      .Lcall_send_done
    mov     eax, edx
    mov     edx, edi
    mov     esi, [ebp + TASK_BUFFER]
    mov     edi, ecx
    jmp     stream_send
.Lcall_send_connected:
    mov     eax, ERROR_CONNECTED
    stc
.Lcall_send_done:
    ret
.Lcall_send_datagram:
    push    eax
    mov     edi, ecx                    # EDI: bytes
    cmp     ecx, PAGE_SIZE
    mov     eax, ERROR_TOO_LONG
    ja      .Lcall_send_failed
    push    edx
    test    esi, esi
    jz      .Lcall_send_remote
    mov     eax, [ebp + TASK_BUFFER]
    mov     edx, esi
    mov     ecx, PEER_BYTES
    call    copy_from_program
    pop     edx
    jc      .Lcall_send_fail
    mov     eax, [ebp + TASK_BUFFER]
    mov     esi, [eax]                  # ESI: address
    mov     ecx, [eax + 4]
    lea     eax, [ecx - 1]
    cmp     eax, 0xFFFF
    mov     eax, ERROR_INVALID
    jae     .Lcall_send_failed
    jmp     .Lcall_send_copy
.Lcall_send_remote:
    mov     eax, [esp + 4]
    call    udp_remote
    mov     esi, edx
    pop     edx
    jc      .Lcall_send_fail
.Lcall_send_copy:
    push    ecx
    mov     eax, [ebp + TASK_BUFFER]
    mov     ecx, edi
    call    copy_from_program
    pop     ecx
    jc      .Lcall_send_fail
    pop     eax
    mov     edx, esi
    mov     esi, [ebp + TASK_BUFFER]
    push    edi
    call    udp_send
    pop     edi
    jc      .Lcall_send_done
    mov     eax, edi
    ret
.Lcall_send_failed:
    stc
.Lcall_send_fail:
    pop     edx
    ret

# System call: receives.
# In: EAX handle, EDX where the bytes go, ECX at most so many, ESI where the sender's address and port go or 0, EDI
# milliseconds.
.global call_receive
call_receive:
    push    esi
    push    edx
    call    socket_take
    jc      .Lcall_receive_done
    pushfd
    call    call_piece
    popfd
    jne     .Lcall_receive_datagram
    push    eax
    call    copy_would_go               # before what is received is gone
    jnc     .Lcall_receive_stream
    pop     edx
    jmp     .Lcall_receive_done
.Lcall_receive_stream:
    pop     eax
    mov     edx, edi
    mov     edi, ecx
    mov     esi, [ebp + TASK_BUFFER]
    test    edi, edi
    mov     ecx, 0                      # nothing special
    jz      .Lcall_receive_none
    call    stream_receive
    jc      .Lcall_receive_done
    mov     dword ptr [esp + 4], 0      # of a connection the program knows it
    jmp     .Lcall_receive_copy
.Lcall_receive_none:
    mov     eax, ecx
    jmp     .Lcall_receive_done
.Lcall_receive_datagram:
    mov     edx, edi
    mov     edi, ecx
    mov     esi, [ebp + TASK_BUFFER]
    call    udp_receive
    jc      .Lcall_receive_done
.Lcall_receive_copy:
    mov     esi, eax
    mov     edi, [esp + 4]
    xchg    edx, [esp]                  # the sender's address; EDX where the bytes go
    mov     [esp + 4], ecx
    mov     eax, edx
    mov     edx, [ebp + TASK_BUFFER]
    mov     ecx, esi
    call    copy_to_program
    jc      .Lcall_receive_done
    mov     edx, esp
    call    socket_tell_peer
    jc      .Lcall_receive_done
    mov     eax, esi
.Lcall_receive_done:
    pop     edx
    pop     ecx
    ret

# System call: ends one direction of a connection, or both.
# In: EAX handle, EDX directions.
.global call_shutdown
call_shutdown:
    call    socket_take_stream
    jc      1f
    call    stream_shutdown
    jmp     socket_done
1:  ret

# System call: sets an option.
# In: EAX handle, EDX option, ECX value.
.global call_socket_option
call_socket_option:
    call    socket_take
    jc      .Lcall_socket_option_done
    jne     .Lcall_socket_option_datagram
    cmp     edx, STREAM_STAMPS
    ja      .Lcall_socket_option_invalid
    call    stream_option
    jmp     socket_done
.Lcall_socket_option_datagram:
    cmp     edx, OPTION_TTL
    je      .Lcall_socket_option_ttl
    cmp     edx, OPTION_INTERFACE
    je      .Lcall_socket_option_interface
    cmp     edx, OPTION_GROUP
    je      .Lcall_socket_option_group
.Lcall_socket_option_invalid:
    mov     eax, ERROR_INVALID
.Lcall_socket_option_failed:
    stc
.Lcall_socket_option_done:
    ret
.Lcall_socket_option_ttl:
    cmp     ecx, 255
    ja      .Lcall_socket_option_invalid
    mov     edx, ecx
    call    udp_set_ttl
    jmp     socket_done
.Lcall_socket_option_interface:
    xor     edx, edx
    jecxz   1f
    push    eax
    dec     ecx
    call    socket_interface
    mov     edx, eax
    pop     eax
    test    edx, edx
    jz      .Lcall_socket_option_invalid
1:  call    udp_use
    jmp     socket_done
.Lcall_socket_option_group:
    mov     edx, ecx
    call    udp_join
    jmp     socket_done

# Finds an interface.
# In: ECX index, from 0.
# Out: EAX interface, or 0.
# Clobbers: ECX.
socket_interface:
    mov     eax, [net_interfaces]
1:  test    eax, eax
    jz      2f
    jecxz   2f
    dec     ecx
    mov     eax, [eax + NETIF_NEXT]
    jmp     1b
2:  ret

# System call: describes a socket.
# In: EAX handle, EDX record.
.global call_socket_status
call_socket_status:
    mov     edi, edx
    call    socket_take
    jc      2f
    mov     edx, [ebp + TASK_BUFFER]
    je      1f
    call    udp_status
    jc      2f
    mov     ecx, STATUS_SIZE
    jmp     socket_tell
1:  call    stream_status
    jc      2f
    mov     ecx, STATUS_SIZE

# Gives a program what is in the thread's buffer.
# In: EDI the program's address, ECX bytes, EBP task.
# Out: EAX 0; CF and EAX error.
socket_tell:
    mov     eax, edi
    mov     edx, [ebp + TASK_BUFFER]
    call    copy_to_program
    jmp     socket_done
2:  ret

# System call: says when bytes of a connection left or were acknowledged.
# In: EAX handle, EDX record.
.global call_socket_time
call_socket_time:
    mov     edi, edx
    call    socket_take_stream
    jc      1f
    mov     esi, eax
    mov     ecx, STAMP_SIZE
    call    copy_would_go               # before what is told is gone
    jc      1f
    mov     eax, esi
    mov     edx, [ebp + TASK_BUFFER]
    call    stream_stamp
    jc      1f
    mov     ecx, STAMP_SIZE
    jmp     socket_tell
1:  ret

# System call: describes an interface.
# In: EAX index, EDX record.
.global call_interface
call_interface:
    mov     edi, edx
    mov     ecx, eax
    call    socket_interface
    test    eax, eax
    jz      1f
    mov     esi, [ebp + TASK_BUFFER]
    mov     edx, [eax + NETIF_NAME]
    mov     [esi + ABOUT_NAME], edx
    mov     edx, [eax + NETIF_NAME + 4]
    mov     [esi + ABOUT_NAME + 4], edx
    mov     edx, [eax + NETIF_MAC]
    mov     [esi + ABOUT_MAC], edx
    movzx   edx, word ptr [eax + NETIF_MAC + 4]
    mov     [esi + ABOUT_MAC + 4], edx
    mov     edx, [eax + NETIF_FLAGS]
    mov     [esi + ABOUT_FLAGS], edx
    mov     edx, [eax + NETIF_ADDRESS]
    mov     [esi + ABOUT_ADDRESS], edx
    mov     edx, [eax + NETIF_MASK]
    mov     [esi + ABOUT_MASK], edx
    mov     edx, [eax + NETIF_ROUTER]
    mov     [esi + ABOUT_ROUTER], edx
    mov     edx, [eax + NETIF_DNS]
    mov     [esi + ABOUT_DNS], edx
    mov     edx, [eax + NETIF_ORIGIN]
    mov     [esi + ABOUT_ORIGIN], edx
    mov     ecx, ABOUT_SIZE
    jmp     socket_tell
1:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# System call: finds the address of a name. The thread is not ended meanwhile: the resolver has memory in hand.
# In: EAX name, EDX where the address goes.
.global call_resolve
call_resolve:
    mov     edi, edx
    mov     esi, [ebp + TASK_BUFFER]
    mov     edx, eax
    mov     eax, esi
    mov     ecx, PATH_BYTES
    call    copy_string
    jc      1f
    inc     dword ptr [ebp + TASK_HOLDS]
    mov     eax, esi
    push    0
    mov     edx, esp
    mov     ecx, 1
    call    resolve
    pop     edx
    pushfd
    dec     dword ptr [ebp + TASK_HOLDS]
    popfd
    jc      1f
    mov     [esi], edx
    mov     ecx, 4
    jmp     socket_tell
1:  ret
