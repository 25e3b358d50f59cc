# The DNS server: answers for the zones that were loaded, by UDP and TCP, and has those of
# others passed on (asm/services/dns-forward.s). Off until `dns on`. One task takes questions and the answers to those
# that were passed on; each TCP client has a task, and as much room as asm/services/guard.s gives it.

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

# A TCP client: one block of memory.
CLIENT_ANSWER           = CLIENT_FIRST
CLIENT_MESSAGE          = CLIENT_ANSWER + ANSWER_SIZE + 2
CLIENT_SIZE             = CLIENT_MESSAGE + MESSAGE_BYTES

GUARD   dns_guard, DNS_CLIENTS, DNS_OF_ONE, CLIENT_SIZE, dns_client, "dns client"

.bss
.balign 4
dns_udp:                .space 4        # socket of port 53, 0 while the server is off
dns_tcp:                .space 4        # listener
dns_structure:          .space ANSWER_SIZE
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
    xchg    eax, [dns_udp]
    test    eax, eax
    jz      2f
    jmp     udp_close
2:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# Takes questions by UDP, and answers to those that were passed on.
dns_task:
    mov     eax, [dns_udp]
    test    eax, eax
    jz      .Ldns_task_end
    call    forward_wait_any
    jc      .Ldns_task_end
    mov     eax, [dns_udp]
    call    dns_take
    jc      1f
    call    dns_question
    jmp     dns_task
1:  cmp     eax, ERROR_STALE
    jne     dns_task
.Ldns_task_end:
    jmp     forward_end_all

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
    mov     [ebx + ANSWER_ARRIVED], edx
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
    mov     eax, [dns_udp]
    call    forward_question
    jnc     9f
1:  mov     edi, eax
    mov     eax, [dns_udp]
    jmp     udp_send
9:  ret

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
