# Questions that the DNS server passes on: names of nobody's zone here that machines on the same link ask for. A forged
# answer must guess (RFC 5452): each question has a port of its own, 64,512 of them, and a number, both secret and drawn
# anew, so 32 bits; and however many ask for a name, it is asked for once, and the others wait for the same answer.
# Whoever has found the port has DNS_NEAR_MAXIMUM tries. The letters of names are not mixed (0x20): those bits are not
# needed, and there are servers that answer in their own letters. All of this is the server's one task's.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "dns.inc"
.include "forward.inc"

OF_ONE                  = 16            # of these for one address
WAITERS                 = 16            # for one question

.bss
.balign 4
.global forward_asked
forward_asked:          .space 4        # the questions
.global forward_socket
forward_socket:         .space 4        # that answers go out by

.text

# Passes a question of a machine on our link on.
# In: EAX socket of port 53, EBX answer structure, ESI message, EDI its bytes, EDX address, ECX port.
# Out: CF when it cannot be: EAX bytes of the answer that says so; EDX and ECX are kept.
# Clobbers: EDI, EBP when it was passed on.
.global forward_question
forward_question:
    push    edx
    push    ecx
    mov     [forward_socket], eax
    mov     eax, edx                    # only for neighbours: strangers could use us against others
    xor     edx, edx
    call    route_find
    jc      .Lforward_question_refuse
    cmp     edx, [esp + 4]
    jne     .Lforward_question_refuse
    call    dns_server
    jc      .Lforward_question_refuse
    mov     edi, eax                    # EDI: whom we ask
    cmp     eax, [esp + 4]              # who is asked asks us
    je      .Lforward_question_loop
    mov     edx, eax                    # we would ask ourselves
    cmp     al, 127
    je      .Lforward_question_loop
    call    udp_own
    je      .Lforward_question_loop
    call    forward_find
    jc      .Lforward_question_new
    movzx   edx, word ptr [esi + DNS_ID]
    cmp     edx, [ebp + ASKED_ID]       # our own question, back by whatever way
    je      .Lforward_question_loop
    mov     edx, [ebp + ASKED_WANTS]    # it wants another answer: its asker asks again, when this one has come
    cmp     edx, [ebx + ANSWER_WANTS]
    jne     .Lforward_question_done
    mov     eax, [esp + 4]
    mov     edx, [esp]
    call    forward_join
    jc      .Lforward_question_full
    jmp     .Lforward_question_done
.Lforward_question_new:
    mov     eax, [esp + 4]
    call    forward_room
    jc      .Lforward_question_full
    mov     eax, [esp + 4]
    mov     edx, [esp]
    call    forward_ask
    jc      .Lforward_question_full
.Lforward_question_done:
    pop     ecx
    pop     edx
    clc
    ret
.Lforward_question_full:
    COUNT   dns_full
    jmp     .Lforward_question_refuse
.Lforward_question_loop:
    COUNT   dns_loops
.Lforward_question_refuse:
    mov     edx, DNS_REFUSED
    call    dns_answer_code
    pop     ecx
    pop     edx
    stc
    ret

# Finds a question by name, type and class.
# In: EBX answer structure with ANSWER_NAME, ESI message.
# Out: EBP question; CF when there is none.
# Clobbers: EAX, ECX, EDX.
forward_find:
    push    edi
    call    forward_tail
    mov     edi, eax                    # EDI: type and class
    mov     ebp, [forward_asked]
1:  test    ebp, ebp
    jz      8f
    lea     eax, [ebx + ANSWER_NAME]
    lea     edx, [ebp + ASKED_NAME]
    call    dns_name_equal
    jne     2f
    lea     eax, [ebp + ASKED_NAME]
    call    dns_name_length
    cmp     [ebp + ASKED_NAME + eax], edi
    je      9f                          # CF is clear
2:  mov     ebp, [ebp + ASKED_NEXT]
    jmp     1b
8:  stc
9:  pop     edi
    ret

# Type and class of the question, whose name may be a pointer.
# In: ESI message.
# Out: EAX both as they lie in it.
# Clobbers: ECX.
forward_tail:
    lea     ecx, [esi + DNS_HEADER_SIZE]
1:  movzx   eax, byte ptr [ecx]
    inc     ecx
    cmp     eax, 0xC0
    jae     2f
    add     ecx, eax
    test    eax, eax
    jnz     1b
    mov     eax, [ecx]
    ret
2:  mov     eax, [ecx + 1]
    ret

# Says whether another question may be passed on for an address.
# In: EAX address.
# Out: CF when it may not.
# Clobbers: ECX, EDX.
forward_room:
    push    ebp
    mov     ecx, QUESTIONS
    mov     edx, OF_ONE
    mov     ebp, [forward_asked]
1:  test    ebp, ebp
    jz      9f
    cmp     eax, [ebp + ASKED_BY]
    jne     2f
    dec     edx
    jz      8f
2:  dec     ecx
    jz      8f
    mov     ebp, [ebp + ASKED_NEXT]
    jmp     1b
8:  stc
9:  pop     ebp
    ret

# Asks a new question, for whom asked it here.
# In: EBX answer structure, ESI message, EDI server, EAX address, EDX port.
# Out: CF when it cannot be asked.
# Clobbers: EAX, ECX, EDX, EDI, EBP.
forward_ask:
    push    eax
    push    edx
    mov     eax, ASKED_SIZE
    call    malloc
    jc      .Lforward_ask_done
    mov     ebp, eax
    mov     [ebp + ASKED_SERVER], edi
    mov     eax, [ebx + ANSWER_WANTS]
    mov     [ebp + ASKED_WANTS], eax
    xor     eax, eax
    mov     [ebp + ASKED_SENT], eax
    mov     [ebp + ASKED_NEAR], eax
    mov     [ebp + ASKED_WAITERS], eax
    mov     [ebp + ASKED_COUNT], eax
    call    dns_socket
    jc      .Lforward_ask_free
    mov     [ebp + ASKED_SOCKET], eax
    call    secret_number
    movzx   eax, ax
    mov     [ebp + ASKED_ID], eax
    call    clock_ms
    mov     [ebp + ASKED_SINCE], eax
    mov     eax, [esp + 4]
    mov     [ebp + ASKED_BY], eax
    call    forward_write
    mov     eax, [forward_asked]
    mov     [ebp + ASKED_NEXT], eax
    mov     [forward_asked], ebp
    mov     eax, [esp + 4]
    mov     edx, [esp]
    call    forward_join
    jc      .Lforward_ask_forget
    COUNT   dns_passed_on
    call    forward_send
    clc
    jmp     .Lforward_ask_done
.Lforward_ask_forget:
    call    forward_forget
    stc
    jmp     .Lforward_ask_done
.Lforward_ask_free:
    mov     eax, ebp
    call    mfree
    stc
.Lforward_ask_done:
    pop     edx
    pop     edx
    ret

# Writes the message of a question: what of the asker's is to be known, and nothing else.
# In: EBX answer structure, EBP question, ESI message that came.
# Clobbers: EAX, ECX, EDX, EDI.
forward_write:
    push    esi
    call    forward_tail
    push    eax
    lea     esi, [ebx + ANSWER_NAME]
    lea     edi, [ebp + ASKED_NAME]
    call    dns_name_put
    pop     eax
    mov     [edi], eax
    push    eax
    lea     edi, [ebp + ASKED_MESSAGE]
    mov     eax, [ebp + ASKED_ID]
    mov     [edi + DNS_ID], ax
    mov     eax, [ebp + ASKED_WANTS]
    and     eax, WANTS_UNCHECKED
    shl     eax, 8
    or      eax, DNS_RECURSE
    mov     [edi + DNS_FLAGS], ax
    mov     dword ptr [edi + DNS_QUESTIONS], 0x00000100
    mov     dword ptr [edi + DNS_AUTHORITIES], 0
    add     edi, DNS_HEADER_SIZE
    lea     esi, [ebp + ASKED_NAME]
    call    dns_name_put
    pop     eax
    stosd
    cmp     dword ptr [ebx + ANSWER_EDNS], 0
    je      1f
    mov     byte ptr [ebp + ASKED_MESSAGE + DNS_ADDITIONALS + 1], 1
    mov     byte ptr [edi], 0
    mov     word ptr [edi + 1 + RECORD_TYPE], DNS_OPT << 8
    mov     word ptr [edi + 1 + RECORD_CLASS], (DNS_UDP_MAXIMUM >> 8) | ((DNS_UDP_MAXIMUM & 255) << 8)
    mov     eax, [ebp + ASKED_WANTS]
    and     eax, WANTS_SIGNATURES
    shl     eax, 16
    mov     [edi + 1 + RECORD_TTL], eax
    mov     word ptr [edi + 1 + RECORD_LENGTH], 0
    add     edi, OPT_BYTES
1:  lea     eax, [ebp + ASKED_MESSAGE]
    sub     edi, eax
    mov     [ebp + ASKED_BYTES], edi
    pop     esi
    ret

# Sends a question.
# In: EBP question.
# Clobbers: EAX, ECX, EDX.
.global forward_send
forward_send:
    push    esi
    push    edi
    inc     dword ptr [ebp + ASKED_SENT]
    mov     eax, [ebp + ASKED_SOCKET]
    mov     edx, [ebp + ASKED_SERVER]
    mov     ecx, DNS_PORT
    lea     esi, [ebp + ASKED_MESSAGE]
    mov     edi, [ebp + ASKED_BYTES]
    call    udp_send
    pop     edi
    pop     esi
    ret

# Has an asker wait for the answer to a question. One that asks again waits once.
# In: EBX answer structure, ESI message that came, EBP question, EAX address, EDX port.
# Out: CF when it cannot wait.
# Clobbers: EAX, ECX, EDX, EDI.
forward_join:
    push    eax
    push    edx
    mov     ecx, [ebp + ASKED_WAITERS]
1:  jecxz   3f
    cmp     [ecx + WAITER_ADDRESS], eax
    jne     2f
    cmp     [ecx + WAITER_PORT], edx
    jne     2f
    movzx   edi, word ptr [esi + DNS_ID]
    cmp     [ecx + WAITER_ID], edi
    je      .Lforward_join_done         # CF is clear
2:  mov     ecx, [ecx + WAITER_NEXT]
    jmp     1b
3:  cmp     dword ptr [ebp + ASKED_COUNT], WAITERS
    cmc
    jc      .Lforward_join_done
    mov     eax, WAITER_SIZE
    call    malloc
    jc      .Lforward_join_done
    mov     edi, eax
    mov     edx, [esp]
    mov     [edi + WAITER_PORT], edx
    mov     edx, [esp + 4]
    mov     [edi + WAITER_ADDRESS], edx
    movzx   edx, word ptr [esi + DNS_ID]
    mov     [edi + WAITER_ID], edx
    movzx   edx, byte ptr [esi + DNS_FLAGS]
    and     edx, DNS_RECURSE
    mov     [edi + WAITER_FLAGS], edx
    mov     edx, [ebx + ANSWER_EDNS]
    mov     [edi + WAITER_EDNS], edx
    mov     edx, [ebx + ANSWER_LIMIT]
    mov     [edi + WAITER_LIMIT], edx
    mov     edx, [ebx + ANSWER_ARRIVED]
    mov     [edi + WAITER_ARRIVED], edx
    mov     edx, [ebp + ASKED_WAITERS]
    mov     [edi + WAITER_NEXT], edx
    mov     [ebp + ASKED_WAITERS], edi
    inc     dword ptr [ebp + ASKED_COUNT]
    call    forward_letters
    clc
.Lforward_join_done:
    pop     edx
    pop     edx
    ret

# Keeps the name as the asker wrote it, or in lower case where it has a pointer.
# In: ESI message that came, EBP question, EDI who waits.
# Clobbers: EAX, ECX, EDX, EDI.
forward_letters:
    push    esi
    lea     eax, [ebp + ASKED_NAME]
    call    dns_name_length
    mov     ecx, eax
    lea     edx, [esi + DNS_HEADER_SIZE]
    lea     edi, [edi + WAITER_NAME]
    lea     esi, [ebp + ASKED_NAME]
    push    ecx
    push    edi
    rep     movsb
    pop     edi
    pop     ecx
1:  mov     al, [edi]                   # as far as both are the same but for the letters
    xor     al, [edx]
    jz      2f
    cmp     al, 0x20
    jne     3f
    mov     al, [edx]
    mov     [edi], al
2:  inc     edi
    inc     edx
    dec     ecx
    jnz     1b
3:  pop     esi
    ret
