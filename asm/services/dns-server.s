# The DNS server: answers for the zones that were loaded, by UDP and TCP, and passes other questions of machines on its
# own link on to the server that the resolver uses. Off until `dns on`. One task takes questions and the answers to
# those that were passed on; each TCP client has a task, and as much room as asm/services/guard.s gives it.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"
.include "dns.inc"
.include "guard.inc"

DNS_CLIENTS             = 16
DNS_OF_ONE              = 8             # of these of one address
BACKLOG                 = 8
IDLE_MS                 = 10000         # so long may a TCP client take for a question (RFC 7766)
MESSAGE_BYTES           = 4096
PENDING                 = 32            # questions that are passed on at once
PENDING_MS              = 8000          # and how long the answer may take
PORT_FIRST              = 49152
TRIES                   = 8             # ports that are tried

# A question that was passed on.
PASSED_ADDRESS          = 0             # of who asked; 0 while the entry is free
PASSED_PORT             = 4
PASSED_ID               = 8             # his number, as it lies in the message
PASSED_OWN              = 12            # ours
PASSED_TIME             = 16            # clock_ms
PASSED_FROM             = 20            # address that he asked
PASSED_HASH             = 24            # of the question
PASSED_SIZE             = 28

# A TCP client: one block of memory.
CLIENT_ANSWER           = CLIENT_FIRST
CLIENT_MESSAGE          = CLIENT_ANSWER + ANSWER_SIZE + 2
CLIENT_SIZE             = CLIENT_MESSAGE + MESSAGE_BYTES

GUARD   dns_guard, DNS_CLIENTS, DNS_OF_ONE, CLIENT_SIZE, dns_client, "dns client"

.bss
.balign 4
dns_udp:                .space 4        # socket of port 53, 0 while the server is off
dns_up:                 .space 4        # socket for what is passed on
dns_tcp:                .space 4        # listener
dns_wait:               .space 2 * WAIT_SIZE
dns_structure:          .space ANSWER_SIZE
dns_passed:             .space PENDING * PASSED_SIZE
.balign 4
dns_message:            .space MESSAGE_BYTES

.text

# Switches the server on. May sleep.
# Out: CF and EAX error.
.global dns_start
dns_start:
    push    ebx
    mov     eax, ERROR_BUSY
    cmp     dword ptr [dns_udp], 0
    jne     .Ldns_start_failed
    mov     eax, DNS_PORT
    call    udp_open
    jc      .Ldns_start_done
    mov     [dns_udp], eax
    mov     ebx, TRIES
1:  call    secret_number
    and     eax, 0xFFFF - PORT_FIRST
    add     eax, PORT_FIRST
    call    udp_open
    jnc     2f
    dec     ebx
    jnz     1b
    jmp     .Ldns_start_close
2:  mov     [dns_up], eax
    mov     eax, offset dns_task
    xor     edx, edx
    LOAD_STRING ecx, "dns"
    call    task_create
    jc      .Ldns_start_close
    call    stream_open
    jc      .Ldns_start_close
    mov     [dns_tcp], eax
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, DNS_PORT
    call    stream_bind
    jc      .Ldns_start_close
    mov     eax, ebx
    mov     edx, BACKLOG
    call    stream_listen
    jc      .Ldns_start_close
    mov     eax, offset dns_listener
    xor     edx, edx
    LOAD_STRING ecx, "dns tcp"
    call    task_create
    jnc     .Ldns_start_done
.Ldns_start_close:
    push    eax
    call    dns_stop
    pop     eax
.Ldns_start_failed:
    stc
.Ldns_start_done:
    pop     ebx
    ret

# Switches the server off: its tasks end as their sockets are gone. May sleep.
# Out: CF and EAX error when it was off.
.global dns_stop
dns_stop:
    xor     eax, eax
    xchg    eax, [dns_tcp]
    test    eax, eax
    jz      1f
    call    stream_close
1:  xor     eax, eax
    xchg    eax, [dns_up]
    test    eax, eax
    jz      2f
    call    udp_close
2:  xor     eax, eax
    xchg    eax, [dns_udp]
    test    eax, eax
    jz      3f
    jmp     udp_close
3:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# Takes questions by UDP, and answers to those that were passed on.
dns_task:
    mov     eax, [dns_udp]
    test    eax, eax
    jz      .Ldns_task_end
    mov     ecx, offset dns_wait
    mov     [ecx + WAIT_HANDLE], eax
    mov     dword ptr [ecx + WAIT_WANTED], STREAM_READABLE
    mov     eax, [dns_up]
    mov     [ecx + WAIT_SIZE + WAIT_HANDLE], eax
    mov     dword ptr [ecx + WAIT_SIZE + WAIT_WANTED], STREAM_READABLE
    mov     eax, ecx
    mov     ecx, 2
    mov     edx, -1
    call    stream_wait
    jc      .Ldns_task_end
    mov     eax, [dns_udp]
    call    dns_take
    jc      .Ldns_task_up
    call    dns_question
    jmp     dns_task
.Ldns_task_up:
    cmp     eax, ERROR_STALE
    je      .Ldns_task_end
    mov     eax, [dns_up]
    call    dns_take
    jc      1f
    call    dns_reply
    jmp     dns_task
1:  cmp     eax, ERROR_STALE
    jne     dns_task
.Ldns_task_end:
    ret

# Takes a datagram, if one waits.
# In: EAX socket.
# Out: EAX bytes, EDX and ECX address and port of its sender; CF and EAX error.
dns_take:
    xor     edx, edx
    mov     esi, offset dns_message
    mov     edi, MESSAGE_BYTES
    jmp     udp_receive

# Answers a question, or passes it on.
# In: EAX bytes of dns_message, EDX address, ECX port.
# Clobbers: EBX, ESI, EDI.
dns_question:
    push    edx
    push    ecx
    mov     ebx, offset dns_structure
    mov     esi, offset dns_message
    mov     ecx, eax
    push    eax
    COUNT   dns_questions
    mov     [ebx + ANSWER_PEER], edx
    mov     eax, [dns_udp]
    call    udp_answer
    pop     ecx
    mov     edx, MESSAGE_BYTES
    xor     edi, edi
    call    dns_serve
    mov     edi, [ebx + ANSWER_BYTES]
    pop     ecx
    pop     edx
    test    eax, eax
    jz      9f
    cmp     eax, ANSWER_FORWARD
    jne     1f
    call    dns_pass
    jnc     9f
1:  mov     edi, eax
    mov     eax, [dns_udp]
    jmp     udp_send
9:  ret

# Passes a question of a machine on our link on.
# In: EBX answer structure, ESI message, EDI its bytes, EDX address, ECX port.
# Out: CF when it cannot be: EAX bytes of the answer that says so; EDX and ECX are kept.
# Clobbers: EDI, EBP when it was passed on.
dns_pass:
    push    edx
    push    ecx
    mov     eax, edx                    # only for neighbours: strangers could use us against others
    xor     edx, edx
    call    route_find
    jc      .Ldns_pass_refuse
    cmp     edx, [esp + 4]
    jne     .Ldns_pass_refuse
    call    dns_server
    jc      .Ldns_pass_refuse
    push    eax                         # [esp]: whom we ask
    call    clock_ms
    mov     edx, eax
    mov     ecx, offset dns_passed
1:  cmp     dword ptr [ecx + PASSED_ADDRESS], 0
    je      2f
    mov     eax, edx
    sub     eax, [ecx + PASSED_TIME]
    cmp     eax, PENDING_MS
    jae     2f
    add     ecx, PASSED_SIZE
    cmp     ecx, offset dns_passed + PENDING * PASSED_SIZE
    jb      1b
    pop     eax
    COUNT   dns_full
.Ldns_pass_refuse:
    mov     edx, DNS_REFUSED
    call    dns_answer_code
    pop     ecx
    pop     edx
    stc
    ret
2:  mov     [ecx + PASSED_TIME], edx
    mov     eax, [esp + 8]
    mov     [ecx + PASSED_ADDRESS], eax
    mov     eax, [esp + 4]
    mov     [ecx + PASSED_PORT], eax
    movzx   eax, word ptr [esi + DNS_ID]
    mov     [ecx + PASSED_ID], eax
    push    ecx
    call    dns_hash
    pop     ecx
    mov     [ecx + PASSED_HASH], eax
    push    ecx
    call    secret_number
    pop     ecx
    movzx   eax, ax
    mov     [ecx + PASSED_OWN], eax
    mov     [esi + DNS_ID], ax
    COUNT   dns_passed_on
    pop     edx
    mov     ecx, DNS_PORT
    mov     eax, [dns_up]
    call    udp_send
    pop     ecx
    pop     edx
    clc
    ret

# Gives the answer to a question that was passed on to who asked it.
# In: EAX bytes of dns_message, EDX address, ECX port.
# Clobbers: EBX, ESI, EDI.
dns_reply:
    mov     edi, eax
    mov     esi, offset dns_message
    cmp     ecx, DNS_PORT
    jne     .Ldns_reply_stray
    cmp     edi, DNS_HEADER_SIZE
    jb      .Ldns_reply_stray
    test    byte ptr [esi + DNS_FLAGS], DNS_RESPONSE
    jz      .Ldns_reply_stray
    mov     ebx, edx
    call    dns_server
    jc      .Ldns_reply_stray
    cmp     eax, ebx
    jne     .Ldns_reply_stray
    call    dns_hash
    movzx   edx, word ptr [esi + DNS_ID]
    mov     ecx, offset dns_passed
1:  cmp     dword ptr [ecx + PASSED_ADDRESS], 0
    je      2f
    cmp     [ecx + PASSED_OWN], edx
    jne     2f
    cmp     [ecx + PASSED_HASH], eax
    je      3f
2:  add     ecx, PASSED_SIZE
    cmp     ecx, offset dns_passed + PENDING * PASSED_SIZE
    jb      1b
.Ldns_reply_stray:
    COUNT   dns_stray
    ret
3:  mov     eax, [ecx + PASSED_ID]
    mov     [esi + DNS_ID], ax
    xor     edx, edx
    xchg    edx, [ecx + PASSED_ADDRESS]
    mov     ecx, [ecx + PASSED_PORT]
    mov     eax, [dns_udp]
    jmp     udp_send

# A number made of a message's question: name in lower case, type and class.
# In: ESI message, EDI its bytes.
# Out: EAX number; 0 when the question is malformed.
# Clobbers: ECX, EDX.
dns_hash:
    push    esi
    push    edi
    sub     esp, 256
    mov     edx, edi
    mov     eax, esi
    lea     ecx, [esi + edi]
    push    ecx
    add     esi, DNS_HEADER_SIZE
    lea     edi, [esp + 4]
    call    dns_name_read
    pop     ecx
    jc      8f
    lea     edx, [esi + 4]
    cmp     edx, ecx
    ja      8f
    mov     edx, [esi]
    mov     ecx, eax
    mov     edi, esp
    mov     eax, edx
1:  xor     al, [edi]
    imul    eax, eax, 0x01000193        # FNV-1
    inc     edi
    dec     ecx
    jnz     1b
    jmp     9f
8:  xor     eax, eax
9:  lea     esp, [esp + 256]
    pop     edi
    pop     esi
    ret

# Takes TCP connections and gives each to a task.
dns_listener:
    mov     eax, [dns_tcp]
    mov     ebx, offset dns_guard
    jmp     guard_serve

# Answers the questions of one TCP client (RFC 7766): each after its length. What would be passed on is refused.
# In: EAX client.
dns_client:
    mov     ebx, eax
    mov     eax, [ebx + CLIENT_ADDRESS]
    mov     [ebx + CLIENT_ANSWER + ANSWER_PEER], eax
.Ldns_client_next:
    mov     edx, SEAT_WAITS
    call    dns_client_phase
    lea     esi, [ebx + CLIENT_MESSAGE - 2]
    mov     edi, 2
    call    dns_client_read
    jc      .Ldns_client_end
    movzx   edi, word ptr [ebx + CLIENT_MESSAGE - 2]
    xchg    edi, eax
    xchg    al, ah
    xchg    edi, eax
    lea     esi, [ebx + CLIENT_MESSAGE]
    cmp     edi, MESSAGE_BYTES - 512    # no question is so long
    ja      .Ldns_client_end
    push    edi
    call    dns_client_read
    pop     edi
    jc      .Ldns_client_end
    COUNT   dns_questions
    mov     edx, SEAT_WORKS
    call    dns_client_phase
    push    ebx
    lea     esi, [ebx + CLIENT_MESSAGE]
    lea     ebx, [ebx + CLIENT_ANSWER]
    mov     ecx, edi
    mov     edx, MESSAGE_BYTES
    mov     edi, 1
    call    dns_serve
    cmp     eax, ANSWER_FORWARD
    jne     1f
    mov     edx, DNS_REFUSED
    call    dns_answer_code
1:  pop     ebx
    test    eax, eax
    jz      .Ldns_client_end
    cmp     eax, ANSWER_TRANSFER
    je      .Ldns_client_transfer
    lea     edi, [eax + 2]
    xchg    al, ah
    lea     esi, [ebx + CLIENT_MESSAGE - 2]
    mov     [esi], ax
    mov     eax, [ebx + CLIENT_HANDLE]
    call    dns_client_send
    jnc     .Ldns_client_next
    jmp     .Ldns_client_end
.Ldns_client_transfer:
    mov     esi, edx
    push    esi                         # [esp]: the block
2:  movzx   edi, word ptr [esi]
    test    edi, edi
    jz      3f
    xchg    edi, eax
    xchg    al, ah
    xchg    edi, eax
    add     edi, 2
    mov     eax, [ebx + CLIENT_HANDLE]
    call    dns_client_send
    jc      3f
    add     esi, edi
    jmp     2b
3:  pop     eax
    pushfd
    call    dns_transfer_done
    popfd
    jnc     .Ldns_client_next
.Ldns_client_end:
    jmp     guard_done

# Begins a phase of a client.
# In: EBX client, EDX phase.
# Clobbers: EAX, ECX.
dns_client_phase:
    mov     eax, [ebx + CLIENT_SEAT]
    jmp     guard_phase

# Sends a message, or ends what cannot go on after a part of one.
# In: EAX socket, ESI bytes, EDI how many.
# Out: CF when they were not all taken in time.
# Clobbers: EAX, ECX, EDX.
dns_client_send:
    mov     edx, IDLE_MS
    call    stream_send
    jc      1f
    cmp     eax, edi
1:  ret

# Reads so many bytes of a client, in what is left of the time for its question.
# In: EBX client, ESI buffer, EDI bytes.
# Out: CF when they do not come.
# Clobbers: ESI, EDI.
dns_client_read:
    test    edi, edi
    jz      2f
1:  mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, IDLE_MS
    call    guard_left
    jc      3f
    mov     eax, [ebx + CLIENT_HANDLE]
    xor     ecx, ecx
    call    stream_receive
    jc      3f
    cmp     eax, 1
    jb      3f                          # the end: CF is set
    add     esi, eax
    sub     edi, eax
    jnz     1b
2:  clc
3:  ret
