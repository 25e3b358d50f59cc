# SSH's binary packets (RFC 4253, 6): received one after the other by the connection's task, sent by whoever works for
# the connection, one at a time. From NEWKEYS on they are sealed by chacha20-poly1305@openssh.com. While keys are
# exchanged nothing else is sent (7.1): who would wait for the end of that and is not the connection's task waits, and
# what that one answers is held.

.include "macros.inc"
.include "errors.inc"
.include "tcp.inc"
.include "ssh.inc"

LOGIN_MS                = 120000        # so long a client has until its user is known
LOOK_MS                 = 60000         # how often it is looked whether the keys are old, when nothing comes
SEND_MS                 = 30000         # who takes nothing for so long is gone
LOOK_AGAIN_MS           = 1000

.text

# Receives bytes.
# In: EBX client, ESI where they go, EDI how many.
# Out: CF when they do not come any more.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_read
ssh_read:
    test    edi, edi
    jz      .Lssh_read_done
    mov     edx, LOOK_MS
    test    dword ptr [ebx + SSH_HAS], HAS_USER
    jnz     1f
    mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, LOGIN_MS
    call    guard_left
    jc      .Lssh_read_done
1:  mov     eax, [ebx + CLIENT_HANDLE]
    xor     ecx, ecx
    call    stream_receive
    jc      .Lssh_read_none
    cmp     eax, 1
    jb      .Lssh_read_done
    add     esi, eax
    sub     edi, eax
    jmp     ssh_read
.Lssh_read_none:
    cmp     eax, ERROR_TIMEOUT
    stc
    jne     .Lssh_read_done
    test    dword ptr [ebx + SSH_HAS], HAS_USER
    stc
    jz      .Lssh_read_done
    push    esi
    push    edi
    call    ssh_exchange_look
    pop     edi
    pop     esi
    jnc     ssh_read
.Lssh_read_done:
    ret

# Receives a packet.
# In: EBX client.
# Out: EAX message, ESI behind it, EDI the payload's end; CF when the connection is over.
# Clobbers: ECX, EDX.
.global ssh_receive
ssh_receive:
    lea     esi, [ebx + SSH_PACKET]
    mov     edi, 4
    call    ssh_read
    jc      .Lssh_receive_done
    lea     esi, [ebx + SSH_PACKET]
    mov     eax, [esi]
    xor     ecx, ecx
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jz      1f
    lea     eax, [ebx + SSH_RECEIVE_KEY]
    mov     edx, [ebx + SSH_RECEIVED]
    call    chacha20_poly1305_length
    mov     ecx, POLY1305_BYTES - 4     # the length is none of what is padded
1:  bswap   eax
    LOAD_STRING edx, "a packet has no length that it can have"
    cmp     eax, PACKET_LEAST
    jb      .Lssh_receive_wrong
    cmp     eax, PACKET_MOST
    ja      .Lssh_receive_wrong
    lea     ecx, [eax + ecx + 4]        # ECX: with the code, or with the length
    test    ecx, PACKET_BLOCK - 1
    jnz     .Lssh_receive_wrong
    lea     esi, [ebx + SSH_PACKET + 4]
    mov     edi, eax
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jz      2f
    add     edi, POLY1305_BYTES
2:  push    eax
    call    ssh_read
    pop     edi                         # EDI: what its length tells
    jc      .Lssh_receive_done
    lea     ecx, [edi + 4]
    add     [ebx + SSH_TRAFFIC], ecx
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jz      .Lssh_receive_plain
    lea     eax, [ebx + SSH_RECEIVE_KEY]
    mov     edx, [ebx + SSH_RECEIVED]
    lea     esi, [ebx + SSH_PACKET]
    call    chacha20_poly1305_open
    mov     eax, REASON_MAC
    LOAD_STRING edx, "a packet is not the client's"
    jc      ssh_disconnect
.Lssh_receive_plain:
    inc     dword ptr [ebx + SSH_RECEIVED]
    LOAD_STRING edx, "a packet has no message"
    movzx   eax, byte ptr [ebx + SSH_PACKET + PACKET_PADDING]
    cmp     eax, PADDING_LEAST
    jb      .Lssh_receive_wrong
    sub     edi, eax
    jbe     .Lssh_receive_wrong
    dec     edi
    jz      .Lssh_receive_wrong
    mov     [ebx + SSH_BYTES], edi
    lea     esi, [ebx + SSH_PACKET + PACKET_PAYLOAD]
    add     edi, esi
    CHECK   edi, a, esi, "ssh_receive: a payload without a message"
    xor     eax, eax
    lodsb
    clc
.Lssh_receive_done:
    ret
.Lssh_receive_wrong:
    mov     eax, REASON_PROTOCOL

# Says why the connection ends, and ends it.
# In: EBX client, EAX REASON_*, EDX text.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
.global ssh_disconnect
ssh_disconnect:
    push    edx
    push    eax
    mov     eax, MESSAGE_DISCONNECT
    call    ssh_begin
    pop     eax
    pop     edx
    jc      1f
    call    ssh_put_number
    call    ssh_put_text
    xor     eax, eax
    stosd                               # no language
    call    ssh_send
1:  call    ssh_ended
    stc
    ret

# The connection is over: whoever works for it, or waits, stops.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_ended
ssh_ended:
    lock or dword ptr [ebx + SSH_HAS], HAS_ENDED
    lea     eax, [ebx + SSH_EVENT]
    call    event_broadcast
    jmp     ssh_channels_changed

# Begins a message. May sleep.
# In: EBX client, EAX message.
# Out: EDI where its fields go, SSH_MUTEX is held; CF when the connection is over, and it is not.
# Clobbers: EAX, ECX, EDX.
.global ssh_begin
ssh_begin:
    push    eax
.Lssh_begin_again:
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_lock
    test    dword ptr [ebx + SSH_HAS], HAS_ENDED
    jnz     .Lssh_begin_ended
    test    dword ptr [ebx + SSH_HAS], HAS_BEGUN
    jz      .Lssh_begin_good
    cmp     dword ptr [esp], MESSAGE_EXCHANGE_LAST
    jbe     .Lssh_begin_good
    mov     eax, [task_current]
    cmp     eax, [ebx + SSH_TASK]
    je      .Lssh_begin_good            # it is held
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_unlock
    INTERRUPTS_OFF
    test    dword ptr [ebx + SSH_HAS], HAS_BEGUN
    jz      1f
    lea     eax, [ebx + SSH_EVENT]
    mov     edx, LOOK_AGAIN_MS
    call    event_wait
1:  INTERRUPTS_RESTORE
    jmp     .Lssh_begin_again
.Lssh_begin_good:
    pop     eax
    lea     edi, [ebx + SSH_MADE + PACKET_PAYLOAD]
    stosb
    clc
    ret
.Lssh_begin_ended:
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_unlock
    pop     eax
    stc
    ret

# Sends the message that was begun, or holds it until keys are exchanged. May sleep.
# In: EBX client, EDI the message's end, SSH_MUTEX is held.
# Out: it is not; CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
.global ssh_send
ssh_send:
    push    esi
    lea     esi, [ebx + SSH_MADE + PACKET_PAYLOAD]
    mov     ecx, edi
    sub     ecx, esi                    # ECX: bytes of the message
    test    dword ptr [ebx + SSH_HAS], HAS_BEGUN
    jz      1f
    cmp     byte ptr [esi], MESSAGE_EXCHANGE_LAST
    ja      .Lssh_send_held
1:  call    ssh_seal
    jmp     .Lssh_send_done
.Lssh_send_held:
    mov     eax, [ebx + SSH_HELD]
    lea     edx, [eax + ecx + 4]
    cmp     edx, HELD_BYTES
    ja      .Lssh_send_full
    lea     edi, [ebx + SSH_HELD + 4 + eax]
    mov     [ebx + SSH_HELD], edx
    mov     eax, ecx
    stosd
    rep movsb
    clc
    jmp     .Lssh_send_done
.Lssh_send_full:                        # it asks on and on, and does not exchange keys
    call    ssh_ended
    stc
.Lssh_send_done:
    pushfd
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_unlock
    popfd
    pop     esi
    ret

# Sends what was held. The connection's task calls it. May sleep.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_send_held
ssh_send_held:
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_lock
    lea     esi, [ebx + SSH_HELD + 4]
    mov     edx, esi
    add     edx, [ebx + SSH_HELD]
1:  cmp     esi, edx
    jae     2f                          # CF is clear
    lodsd
    mov     ecx, eax
    lea     edi, [ebx + SSH_MADE + PACKET_PAYLOAD]
    rep movsb
    mov     ecx, eax
    push    edx
    call    ssh_seal
    pop     edx
    jnc     1b
2:  pushfd
    mov     dword ptr [ebx + SSH_HELD], 0
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_unlock
    popfd
    ret

# Pads the message in SSH_MADE, seals it, and sends it. SSH_MUTEX is held. May sleep.
# In: EBX client, ECX bytes of the message.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_seal:
    push    esi
    lea     edi, [ebx + SSH_MADE + PACKET_PAYLOAD + ecx]
    lea     edx, [ecx + 1]              # EDX: what is padded
    test    dword ptr [ebx + SSH_HAS], HAS_SEALS
    jnz     1f
    add     edx, 4
1:  and     edx, PACKET_BLOCK - 1
    neg     edx
    add     edx, PACKET_BLOCK
    cmp     edx, PADDING_LEAST
    jae     2f
    add     edx, PACKET_BLOCK
2:  mov     [ebx + SSH_MADE + PACKET_PADDING], dl
    lea     eax, [ecx + edx + 1]
    CHECK   eax, be, PACKET_MOST, "ssh_seal: a packet is longer than its room"
    lea     esi, [eax + 4]              # ESI: bytes of the packet
    bswap   eax
    mov     [ebx + SSH_MADE], eax
    mov     ecx, edx
    xor     eax, eax
    rep stosb
    add     [ebx + SSH_TRAFFIC], esi
    mov     edi, esi
    lea     esi, [ebx + SSH_MADE]
    test    dword ptr [ebx + SSH_HAS], HAS_SEALS
    jz      3f
    lea     eax, [ebx + SSH_SEND_KEY]
    mov     edx, [ebx + SSH_SENT]
    mov     ecx, edi
    call    chacha20_poly1305_seal
    add     edi, POLY1305_BYTES
3:  inc     dword ptr [ebx + SSH_SENT]
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, SEND_MS
    call    stream_send
    jc      .Lssh_seal_gone
    cmp     eax, edi
    jae     4f                          # CF is clear
.Lssh_seal_gone:
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, 3                      # the connection's task sees the end
    call    stream_shutdown
    call    ssh_ended
    stc
4:  pop     esi
    ret
