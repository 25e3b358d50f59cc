# Answers to the questions that the DNS server has passed on (asm/services/dns-forward.s): which are the ones that were
# waited for, and what each asker gets of them.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "dns.inc"
.include "forward.inc"

WAIT_MS                 = 8000          # for the answer
SWEEP_MS                = 250           # how exact that and the repetitions are
AGAIN_MS                = 1000          # until the question is sent again, and twice that until it goes a third time
MESSAGE_BYTES           = 4096

.bss
.balign 4
forward_wait:           .space (QUESTIONS + 1) * WAIT_SIZE
.balign 4
forward_message:        .space MESSAGE_BYTES    # an answer that came
forward_out:            .space MESSAGE_BYTES    # the same for somebody who waits
forward_name:           .space 256
forward_end:            .space 4        # after the question of the answer that came
forward_opt:            .space 4        # where its OPT record begins, if that is its last one; 0: none

.text

# Waits until a question comes, or an answer to one that was passed on. May sleep.
# In: EAX socket of port 53.
# Out: CF when that is gone.
# Clobbers: EAX, ECX, EDX, EBX, ESI, EDI, EBP.
.global forward_wait_any
forward_wait_any:
    mov     edi, offset forward_wait
    mov     [edi + WAIT_HANDLE], eax
    mov     dword ptr [edi + WAIT_WANTED], STREAM_READABLE
    mov     ecx, 1
    mov     edx, -1
    mov     ebp, [forward_asked]
1:  test    ebp, ebp
    jz      2f
    add     edi, WAIT_SIZE
    mov     eax, [ebp + ASKED_SOCKET]
    mov     [edi + WAIT_HANDLE], eax
    mov     dword ptr [edi + WAIT_WANTED], STREAM_READABLE
    inc     ecx
    mov     edx, SWEEP_MS
    mov     ebp, [ebp + ASKED_NEXT]
    jmp     1b
2:  mov     eax, offset forward_wait
    call    stream_wait
    jnc     3f
    cmp     eax, ERROR_TIMEOUT
    stc
    jne     9f
3:  call    forward_answers
    clc
9:  ret

# Takes what has come for the questions, and looks whose time is over.
# Clobbers: EAX, ECX, EDX, EBX, ESI, EDI, EBP.
forward_answers:
    mov     ebp, [forward_asked]
.Lforward_answers_next:
    test    ebp, ebp
    jz      .Lforward_answers_done
    mov     eax, [ebp + ASKED_SOCKET]
    xor     edx, edx
    mov     esi, offset forward_message
    mov     edi, MESSAGE_BYTES
    call    udp_receive
    jc      .Lforward_answers_time
    push    dword ptr [ebp + ASKED_NEXT]
    call    forward_answer              # one of each at a time: a flood for one keeps the others waiting no longer
    pop     ebp
    jmp     .Lforward_answers_next
.Lforward_answers_time:
    push    dword ptr [ebp + ASKED_NEXT]
    call    clock_ms
    sub     eax, [ebp + ASKED_SINCE]
    cmp     eax, WAIT_MS
    jae     2f
    mov     ecx, [ebp + ASKED_SENT]     # it goes again after 1 s, and after 3
    cmp     ecx, 2
    ja      3f
    mov     edx, AGAIN_MS
    shl     edx, cl
    sub     edx, AGAIN_MS
    cmp     eax, edx
    jb      3f
    call    forward_send
    jmp     3f
2:  call    forward_fail
3:  pop     ebp
    jmp     .Lforward_answers_next
.Lforward_answers_done:
    ret

# Looks at a message that came to the port of a question. If it is the answer, all who wait get it, and the question is
# forgotten; else it stays.
# In: EBP question, EAX bytes of forward_message, EDX address, ECX port.
# Clobbers: EAX, ECX, EDX, EBX, ESI, EDI.
forward_answer:
    mov     edi, eax
    mov     esi, offset forward_message
    cmp     ecx, DNS_PORT
    jne     .Lforward_answer_stray
    cmp     edx, [ebp + ASKED_SERVER]
    jne     .Lforward_answer_stray
    cmp     edi, DNS_HEADER_SIZE
    jb      .Lforward_answer_stray
    movzx   eax, word ptr [esi + DNS_ID]
    cmp     eax, [ebp + ASKED_ID]
    jne     .Lforward_answer_near
    mov     al, [esi + DNS_FLAGS]
    and     al, DNS_RESPONSE | DNS_OPCODE
    cmp     al, DNS_RESPONSE
    jne     .Lforward_answer_stray
    cmp     word ptr [esi + DNS_QUESTIONS], 0x0100
    jne     .Lforward_answer_stray
    call    forward_walk
    jc      .Lforward_answer_stray
    mov     ebx, [ebp + ASKED_WAITERS]
1:  test    ebx, ebx
    jz      2f
    push    edi
    call    forward_give
    pop     edi
    mov     ebx, [ebx + WAITER_NEXT]
    jmp     1b
2:  jmp     forward_forget
.Lforward_answer_near:
    COUNT   dns_stray
    inc     dword ptr [ebp + ASKED_NEAR]
    cmp     dword ptr [ebp + ASKED_NEAR], DNS_NEAR_MAXIMUM
    jae     forward_fail                # somebody guesses: the port is given up
    ret
.Lforward_answer_stray:
    COUNT   dns_stray
    ret

# Walks over an answer: its question, which must be the one that was asked, and its records.
# In: EBP question, ESI message, EDI its bytes.
# Out: forward_end, forward_opt; CF when it is another question, or malformed.
# Clobbers: EAX, EBX, ECX, EDX.
forward_walk:
    push    esi
    push    edi
    mov     ebx, edi                    # EBX: bytes
    add     esi, DNS_HEADER_SIZE
    call    forward_walk_name
    jc      .Lforward_walk_done
    lea     edx, [ebp + ASKED_NAME]
    call    dns_name_equal
    jne     .Lforward_walk_bad
    lea     eax, [esi + QUESTION_TAIL]
    call    forward_within
    jc      .Lforward_walk_done
    lea     eax, [ebp + ASKED_NAME]
    call    dns_name_length
    mov     eax, [ebp + ASKED_NAME + eax]
    cmp     eax, [esi]
    jne     .Lforward_walk_bad
    add     esi, QUESTION_TAIL
    mov     [forward_end], esi
    xor     edi, edi                    # EDI: records
    mov     ecx, 2
1:  movzx   eax, word ptr [forward_message + DNS_ANSWERS + ecx*2]
    xchg    al, ah
    add     edi, eax
    dec     ecx
    jns     1b
    mov     dword ptr [forward_opt], 0
.Lforward_walk_record:
    sub     edi, 1
    jb      .Lforward_walk_good
    mov     edx, esi
    push    edx
    call    forward_walk_name
    pop     edx
    jc      .Lforward_walk_done
    lea     eax, [esi + RECORD_DATA]
    call    forward_within
    jc      .Lforward_walk_done
    mov     dword ptr [forward_opt], 0
    cmp     word ptr [esi + RECORD_TYPE], DNS_OPT << 8
    jne     2f
    mov     [forward_opt], edx
2:  movzx   eax, word ptr [esi + RECORD_LENGTH]
    xchg    al, ah
    lea     esi, [esi + eax + RECORD_DATA]
    mov     eax, esi
    call    forward_within
    jnc     .Lforward_walk_record
    jmp     .Lforward_walk_done
.Lforward_walk_good:
    clc
    jmp     .Lforward_walk_done
.Lforward_walk_bad:
    stc
.Lforward_walk_done:
    pop     edi
    pop     esi
    ret

# Says whether a place lies within an answer.
# In: EAX place in forward_message or after it, EBX its bytes.
# Out: CF when it is beyond their end.
# Clobbers: ECX.
forward_within:
    lea     ecx, [ebx + forward_message]
    cmp     ecx, eax
    ret

# Reads a name of forward_message.
# In: ESI place, EBX bytes of the message.
# Out: EAX forward_name, ESI after it in the message; CF when it is malformed.
# Clobbers: ECX, EDX.
forward_walk_name:
    push    edi
    mov     eax, offset forward_message
    mov     edx, ebx
    mov     edi, offset forward_name
    call    dns_name_read
    mov     eax, offset forward_name
    pop     edi
    ret

# Gives the answer in forward_message to one who waits: with its own number and letters, without what it does not know,
# and cut off when it takes less.
# In: EBX who waits, ESI message, EDI its bytes.
# Clobbers: EAX, ECX, EDX, EDI.
forward_give:
    push    esi
    push    edi
    mov     ecx, edi
    mov     edi, offset forward_out
    rep     movsb
    mov     edi, [esp]
    cmp     dword ptr [ebx + WAITER_EDNS], 0
    jne     1f
    mov     eax, [forward_opt]
    test    eax, eax
    jz      1f
    mov     edi, eax
    sub     edi, offset forward_message
    mov     ax, [forward_out + DNS_ADDITIONALS]
    xchg    al, ah
    dec     eax
    xchg    al, ah
    mov     [forward_out + DNS_ADDITIONALS], ax
1:  cmp     edi, [ebx + WAITER_LIMIT]
    jbe     2f
    mov     edi, [forward_end]
    sub     edi, offset forward_message
    or      byte ptr [forward_out + DNS_FLAGS], DNS_TRUNCATED
    mov     word ptr [forward_out + DNS_ANSWERS], 0
    mov     dword ptr [forward_out + DNS_AUTHORITIES], 0
2:  call    forward_own
    pop     edi
    pop     esi
    ret

# Sends forward_out with the asker's number, flag and letters.
# In: EBX who waits, EDI bytes.
# Clobbers: EAX, ECX, EDX, ESI.
forward_own:
    push    edi
    mov     eax, [ebx + WAITER_ID]
    mov     [forward_out + DNS_ID], ax
    and     byte ptr [forward_out + DNS_FLAGS], ~DNS_RECURSE
    mov     eax, [ebx + WAITER_FLAGS]
    or      [forward_out + DNS_FLAGS], al
    lea     esi, [ebx + WAITER_NAME]
    mov     edi, offset forward_out + DNS_HEADER_SIZE
1:  mov     al, [esi]                   # until the end, or a pointer
    mov     ah, [edi]
    xor     ah, al
    test    ah, ~0x20
    jnz     2f
    mov     [edi], al
    inc     esi
    inc     edi
    cmp     al, 0
    jne     1b
2:  mov     edi, [esp]
    mov     eax, [forward_socket]
    mov     edx, [ebx + WAITER_ARRIVED]
    call    udp_answer_as
    mov     eax, [forward_socket]
    mov     edx, [ebx + WAITER_ADDRESS]
    mov     ecx, [ebx + WAITER_PORT]
    mov     esi, offset forward_out
    call    udp_send
    pop     edi
    ret

# Gives a question up: all who wait are told that it could not be answered.
# In: EBP question.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
forward_fail:
    mov     ebx, [ebp + ASKED_WAITERS]
1:  test    ebx, ebx
    jz      forward_forget
    mov     edi, offset forward_out
    mov     word ptr [edi + DNS_FLAGS], DNS_RESPONSE | ((DNS_RECURSES | DNS_SERVER_FAILURE) << 8)
    mov     dword ptr [edi + DNS_QUESTIONS], 0x00000100
    mov     dword ptr [edi + DNS_AUTHORITIES], 0
    add     edi, DNS_HEADER_SIZE
    lea     esi, [ebp + ASKED_NAME]
    call    dns_name_put
    mov     eax, [esi]
    stosd
    sub     edi, offset forward_out
    call    forward_own
    mov     ebx, [ebx + WAITER_NEXT]
    jmp     1b

# Forgets a question, its socket and who waits.
# In: EBP question.
# Clobbers: EAX, ECX, EDX, EBX.
.global forward_forget
forward_forget:
    mov     eax, offset forward_asked - ASKED_NEXT
1:  mov     edx, eax
    mov     eax, [eax + ASKED_NEXT]
    cmp     eax, ebp
    jne     1b
    mov     eax, [ebp + ASKED_NEXT]
    mov     [edx + ASKED_NEXT], eax
    mov     ebx, [ebp + ASKED_WAITERS]
2:  test    ebx, ebx
    jz      3f
    mov     eax, ebx
    mov     ebx, [ebx + WAITER_NEXT]
    call    mfree
    jmp     2b
3:  mov     eax, [ebp + ASKED_SOCKET]
    call    udp_close
    mov     eax, ebp
    jmp     mfree

# Forgets all questions: the server is off.
# Clobbers: EAX, ECX, EDX, EBX, EBP.
.global forward_end_all
forward_end_all:
    mov     ebp, [forward_asked]
    test    ebp, ebp
    jz      1f
    call    forward_forget
    jmp     forward_end_all
1:  ret
