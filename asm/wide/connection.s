# Links by TCP, for gateways that drop UDP: the packets of the protocol go by a connection, each after its length. A
# connection is an endpoint like an address, with WIDE_BY_TCP in its port. Nothing is believed of it that is not
# believed of a datagram. See docs/protocols/wide-area.md.
#
# The list of connections is the mutex's. A connection is its task's, which takes it out of the list when it ends.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "guard.inc"
.include "cluster.inc"
.include "wide.inc"

SEATS                   = LINKS + 4     # each link has one at most, and some are left for who is to prove something
SEATS_OF_ONE            = 8             # of one address
DIAL_AFTER_MS           = 9000          # without an address that answers
DIAL_AGAIN_MS           = 30000
DIAL_MS                 = 10000         # for a connection to be made
PROVE_MS                = 10000         # for it to be a link's endpoint, at first and again
LOOK_MS                 = 1000          # how often it is looked at whether it is
PACE_MS                 = 50            # after each packet, until it was
STUCK_MS                = 20000         # without progress, after which it ends
ROOM_BYTES              = 16384         # for what is not taken yet, either way

# A connection.
CONNECTION_NEXT         = CLIENT_FIRST
CONNECTION_PORT         = CLIENT_FIRST + 4      # with WIDE_BY_TCP
CONNECTION_SINCE        = CLIENT_FIRST + 8      # clock_ms when it was a link's endpoint last, or began
CONNECTION_PROVED       = CLIENT_FIRST + 12     # 1: it was
CONNECTION_ID           = CLIENT_FIRST + 16     # WIDE_ID_SIZE bytes: link for which it was made, or 0
CONNECTION_LENGTH       = CLIENT_FIRST + 26     # u16   of the packet
CONNECTION_PACKET       = CLIENT_FIRST + 28
CONNECTION_SIZE         = CONNECTION_PACKET + WIDE_MAXIMUM

STRING dial_name, "cloud link by TCP"
STRING door_name, "cloud door by TCP"

GUARD   connection_guard, SEATS, SEATS_OF_ONE, CONNECTION_SIZE, connection_client, "cloud link by TCP"

.section .rodata
.balign 4
.global door_serves
door_serves:            .long WIDE_PORT, connection_guard, door_name
options:                .long STREAM_NODELAY, 1, STREAM_TIMEOUT, STUCK_MS, STREAM_SEND_LIMIT, ROOM_BYTES
    .long   STREAM_RECEIVE_LIMIT, ROOM_BYTES
OPTIONS_END             = .

.bss
.balign 4
connections:            .space 4        # the youngest, or 0

.text

# Has a link that is reached by nothing better than a relay called by TCP, when that is due. The mutex is held.
# In: EBX link, EDI now.
# Clobbers: EAX, ECX, EDX.
.global dial_look
dial_look:
    cmp     byte ptr [ebx + LINK_ADDRESS], 0
    je      1f
    call    link_lives
    jnc     2f
1:  cmp     dword ptr [ebx + LINK_DIAL], 0
    je      2f
    mov     eax, edi
    sub     eax, [ebx + LINK_DIAL]
    js      .Ldial_look_done
    lea     eax, [edi + DIAL_AGAIN_MS]
    mov     [ebx + LINK_DIAL], eax
    mov     eax, [ebx + LINK_GIVEN]
    mov     edx, [ebx + LINK_GIVEN_PORT]
    call    dial
    mov     eax, [ebx + LINK_TOLD_DOOR]
    movzx   edx, word ptr [ebx + LINK_TOLD_DOOR_PORT]
    cmp     eax, [ebx + LINK_GIVEN]
    jne     dial
    cmp     edx, [ebx + LINK_GIVEN_PORT]
    jne     dial
    ret
2:  lea     eax, [edi + DIAL_AFTER_MS]
    mov     [ebx + LINK_DIAL], eax
.Ldial_look_done:
    ret

# Calls a door by TCP, for nobody yet.
# In: EAX address, EDX port.
# Clobbers: EAX, ECX, EDX.
.global dial_first
dial_first:
    push    ebx
    xor     ebx, ebx
    call    dial
    pop     ebx
    ret

# Calls a link by TCP. Where there is no room for that, it is not.
# In: EBX link or 0, EAX address, EDX port.
# Clobbers: EAX, ECX, EDX.
dial:
    cmp     al, 1                       # what begins with 0 is no host's address
    jb      .Ldial_none
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     eax, CONNECTION_SIZE
    call    malloc
    jc      .Ldial_done
    xchg    eax, esi                    # ESI: connection
    mov     [esi + CLIENT_ADDRESS], eax
    or      edi, WIDE_BY_TCP
    mov     [esi + CONNECTION_PORT], edi
    xor     eax, eax
    mov     [esi + CLIENT_SEAT], eax
    mov     [esi + CONNECTION_ID], eax
    mov     [esi + CONNECTION_ID + 4], eax
    test    ebx, ebx
    jz      1f
    lea     eax, [esi + CONNECTION_ID]
    lea     edx, [ebx + LINK_ID]
    mov     ecx, WIDE_ID_SIZE
    call    mem_copy
1:  mov     eax, offset dial_task
    mov     edx, esi
    mov     ecx, offset dial_name
    call    task_create
    jnc     .Ldial_done
    mov     eax, esi
    call    mfree
.Ldial_done:
    pop     edi
    pop     esi
.Ldial_none:
    ret

# The task of a connection that this cluster makes.
# In: EAX connection.
dial_task:
    mov     ebx, eax
    call    stream_open
    jc      .Ldial_task_free
    mov     [ebx + CLIENT_HANDLE], eax
    mov     edx, [wide_address]
    xor     ecx, ecx
    call    stream_bind
    jc      .Ldial_task_close
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, [ebx + CLIENT_ADDRESS]
    movzx   ecx, word ptr [ebx + CONNECTION_PORT]
    mov     edi, DIAL_MS
    call    stream_connect
    jc      .Ldial_task_close
    call    connection_begin
    call    cloud_lock
    push    ebx
    mov     eax, [ebx + CLIENT_ADDRESS]
    mov     edx, [ebx + CONNECTION_PORT]
    lea     esi, [ebx + CONNECTION_ID - WIDE_ID]
    push    eax
    push    edx
    call    link_find
    pop     edx
    pop     eax
    jc      1f
    call    link_try
1:  pop     ebx
    call    cloud_unlock
    jmp     connection_serve
.Ldial_task_close:
    mov     eax, [ebx + CLIENT_HANDLE]
    call    stream_abort
.Ldial_task_free:
    mov     eax, ebx
    jmp     mfree

# The task of a connection that somebody makes to the door.
# In: EAX connection.
connection_client:
    mov     ebx, eax
    sub     esp, STATUS_SIZE
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, esp
    call    stream_status
    mov     eax, [esp + STATUS_REMOTE_PORT]
    lea     esp, [esp + STATUS_SIZE]
    jc      guard_done
    or      eax, WIDE_BY_TCP
    mov     [ebx + CONNECTION_PORT], eax
    call    connection_begin

# Takes packets from a connection until it ends.
# In: EBX connection, in the list.
connection_serve:
.Lconnection_serve_next:
    lea     esi, [ebx + CONNECTION_LENGTH]      # ESI: where the next bytes go
    mov     edi, CONNECTION_PACKET - CONNECTION_LENGTH  # EDI: how many are missing
.Lconnection_serve_more:
    call    connection_counts
    jc      .Lconnection_serve_end
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, LOOK_MS
    xor     ecx, ecx
    call    stream_receive
    jnc     1f
    cmp     eax, ERROR_TIMEOUT
    je      .Lconnection_serve_more
    jmp     .Lconnection_serve_end
1:  test    eax, eax
    jz      .Lconnection_serve_end
    add     esi, eax
    sub     edi, eax
    jnz     .Lconnection_serve_more
    movzx   edi, word ptr [ebx + CONNECTION_LENGTH]
    lea     eax, [ebx + CONNECTION_PACKET]
    cmp     esi, eax
    jne     .Lconnection_serve_packet
    lea     eax, [edi - WIDE_HERE_SIZE]
    cmp     eax, WIDE_MAXIMUM - WIDE_HERE_SIZE
    jbe     .Lconnection_serve_more
    jmp     .Lconnection_serve_end
.Lconnection_serve_packet:
    mov     esi, eax
    call    connection_take
    cmp     dword ptr [ebx + CONNECTION_PROVED], 0
    jne     .Lconnection_serve_next
    mov     eax, PACE_MS
    call    task_sleep
    jmp     .Lconnection_serve_next
.Lconnection_serve_end:
    call    connection_end
    cmp     dword ptr [ebx + CLIENT_SEAT], 0
    jne     guard_done
    mov     eax, [ebx + CLIENT_HANDLE]
    call    stream_close
    mov     eax, ebx
    jmp     mfree

# Takes a packet in. May sleep.
# In: EBX connection, ESI packet, EDI bytes.
# Clobbers: EAX, ECX, EDX.
connection_take:
    call    cloud_lock
    cmp     dword ptr [wide_address], 0
    je      1f
    mov     eax, [ebx + CLIENT_ADDRESS]
    mov     [wide_from], eax
    mov     eax, [ebx + CONNECTION_PORT]
    mov     [wide_from_port], eax
    cmp     dword ptr [ebx + CLIENT_SEAT], 1
    sbb     eax, eax
    neg     eax                         # WIDE_AT_WAY of those that this cluster made, else WIDE_AT_DOOR
    mov     [wide_from_socket], eax
    mov     [wide_bytes], edi
    push    ebx
    call    wide_take
    pop     ebx
1:  jmp     cloud_unlock

# Puts a connection into the list.
# In: EBX connection, CONNECTION_PORT set.
# Clobbers: EAX, ECX, EDX, ESI.
connection_begin:
    mov     esi, offset options
1:  mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, [esi]
    mov     ecx, [esi + 4]
    call    stream_option               # of one that is gone nothing comes
    add     esi, 8
    cmp     esi, offset OPTIONS_END
    jb      1b
    mov     dword ptr [ebx + CONNECTION_PROVED], 0
    call    clock_ms
    mov     [ebx + CONNECTION_SINCE], eax
    call    cloud_lock
    mov     eax, ebx
    xchg    eax, [connections]
    mov     [ebx + CONNECTION_NEXT], eax
    jmp     cloud_unlock

# Takes a connection out of the list. Links of which it was the endpoint have none then.
# In: EBX connection.
# Clobbers: EAX, ECX, EDX.
connection_end:
    call    cloud_lock
    mov     eax, offset connections - CONNECTION_NEXT
1:  mov     edx, eax
    mov     eax, [edx + CONNECTION_NEXT]
    CHECK   eax, ne, 0, "connection_end: not in the list"
    cmp     eax, ebx
    jne     1b
    mov     eax, [ebx + CONNECTION_NEXT]
    mov     [edx + CONNECTION_NEXT], eax
    push    ebx
    mov     edx, ebx
    mov     ebx, offset links
2:  call    connection_is
    jne     3f
    mov     dword ptr [ebx + LINK_ADDRESS], 0
3:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      2b
    pop     ebx
    jmp     cloud_unlock

# Whether a link is at the other end of a connection.
# In: EBX link or free place, EDX connection.
# Out: ZF when it is.
# Clobbers: EAX.
connection_is:
    mov     eax, [edx + CLIENT_ADDRESS]
    cmp     eax, [ebx + LINK_ADDRESS]
    jne     9f
    mov     eax, [edx + CONNECTION_PORT]
    cmp     eax, [ebx + LINK_PORT]
9:  ret

# Whether a connection still has a reason: it is the endpoint of a link that lives, or was lately, or is young. Once it
# is, it gives way to nobody.
# In: EBX connection.
# Out: CF when it has none.
# Clobbers: EAX, ECX, EDX.
connection_counts:
    push    ebx
    mov     edx, ebx
    mov     ebx, offset links
1:  call    connection_is
    jne     2f
    call    link_lives
    jnc     .Lconnection_counts_proved
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    pop     ebx
    call    clock_ms
    sub     eax, [ebx + CONNECTION_SINCE]
    cmp     eax, PROVE_MS
    cmc
    ret
.Lconnection_counts_proved:
    pop     ebx
    call    clock_ms
    mov     [ebx + CONNECTION_SINCE], eax
    mov     eax, 1
    xchg    eax, [ebx + CONNECTION_PROVED]
    test    eax, eax
    jnz     9f                          # CF is clear
    mov     eax, [ebx + CLIENT_SEAT]
    test    eax, eax
    jz      9f
    mov     edx, SEAT_HELD
    call    guard_phase
    clc
9:  ret

# This node is the delegate no longer: nothing is heard by connections any more. The mutex is held.
# Clobbers: EAX, ECX, EDX.
.global connections_end
connections_end:
    push    ebx
    mov     ebx, [connections]
1:  test    ebx, ebx
    jz      2f
    mov     eax, [ebx + CLIENT_HANDLE]
    call    stream_abort
    mov     ebx, [ebx + CONNECTION_NEXT]
    jmp     1b
2:  pop     ebx
    ret

# Sends the packet by a connection. What that cannot take at once is lost, as on the way. The mutex is held. May sleep.
# In: ECX bytes, EDX address, EBP port with WIDE_BY_TCP.
# Clobbers: EAX, ECX, EDX.
.global connection_put
connection_put:
    push    ebx
    mov     ebx, [connections]
1:  test    ebx, ebx
    jz      .Lconnection_put_none
    cmp     edx, [ebx + CLIENT_ADDRESS]
    jne     2f
    cmp     ebp, [ebx + CONNECTION_PORT]
    je      3f
2:  mov     ebx, [ebx + CONNECTION_NEXT]
    jmp     1b
3:  push    esi
    push    edi
    sub     esp, STATUS_SIZE
    mov     esi, offset wide_framed
    mov     [esi], cx
    lea     edi, [ecx + 2]
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, esp
    call    stream_status
    jc      4f
    mov     eax, [esp + STATUS_SEND_LIMIT]
    sub     eax, [esp + STATUS_UNSENT]
    cmp     eax, edi
    jl      4f
    mov     eax, [ebx + CLIENT_HANDLE]
    xor     edx, edx
    call    stream_send
    jc      4f
    cmp     eax, edi
    je      4f
    mov     eax, [ebx + CLIENT_HANDLE]  # what follows half a packet is none
    call    stream_abort
4:  add     esp, STATUS_SIZE
    pop     edi
    pop     esi
.Lconnection_put_none:
    pop     ebx
    ret
