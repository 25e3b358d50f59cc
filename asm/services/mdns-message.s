# Messages of multicast DNS: what others ask (RFC 6762, 5 to 7), want to have (8.2) and say that they have (9).

.include "macros.inc"
.include "net.inc"
.include "mdns.inc"

QUESTIONS               = 16            # that a message may have
RECORDS                 = 64
BETWEEN_MS              = 1000          # section 6: the same record to the group
SHARED_MS               = 20            # section 6: others may answer, too
SHARED_MORE_MS          = 100
LOST_MS                 = 1000          # section 8.2: whose address is the lower one lets the other go first

.text

# Looks at a message.
# In: EBX block, EAX bytes of MDNS_MESSAGE, EDX address and ECX port of its sender.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
.global mdns_message
mdns_message:
    push    ecx                         # [esp + 20]: port
    push    edx                         # [esp + 16]: address
    push    0                           # [esp + 12]: type and class of the question
    push    0                           # [esp + 8]: records asked for
    push    0                           # [esp + 4]: the asker wants an answer for himself
    push    0                           # [esp]: counts down
    mov     ebp, eax                    # EBP: bytes
    cmp     eax, DNS_HEADER_SIZE
    jb      .Lmdns_message_malformed
    test    byte ptr [ebx + MDNS_MESSAGE + DNS_FLAGS], DNS_OPCODE
    jnz     .Lmdns_message_done
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_SILENT
    je      .Lmdns_message_done
    call    mdns_is_near                # section 11: only from the link
    jne     .Lmdns_message_done
    lea     esi, [ebx + MDNS_MESSAGE + DNS_HEADER_SIZE]
    movzx   eax, word ptr [ebx + MDNS_MESSAGE + DNS_QUESTIONS]
    xchg    al, ah
    cmp     eax, QUESTIONS
    ja      .Lmdns_message_malformed
    mov     [esp], eax
.Lmdns_message_question:
    dec     dword ptr [esp]
    js      .Lmdns_message_asked
    lea     eax, [ebx + MDNS_MESSAGE]
    mov     edx, ebp
    lea     edi, [ebx + MDNS_ASKED]
    call    dns_name_read
    jc      .Lmdns_message_malformed
    mov     edi, [esi]                  # the block goes on after the message
    add     esi, 4
    lea     eax, [ebx + ebp + MDNS_MESSAGE]
    cmp     esi, eax
    ja      .Lmdns_message_malformed
    mov     [esp + 12], edi
    mov     eax, edi
    shr     eax, 23
    and     eax, 1
    or      [esp + 4], eax
    mov     eax, edi
    call    mdns_match
    or      [esp + 8], eax
    test    byte ptr [ebx + MDNS_MESSAGE + DNS_FLAGS], DNS_RESPONSE
    jnz     .Lmdns_message_question
    cmp     dword ptr [esp + 20], MDNS_PORT
    je      .Lmdns_message_question
    mov     eax, [esp + 8]
    mov     edi, [esp + 12]
    mov     edx, [esp + 16]
    mov     ecx, [esp + 20]
    call    mdns_answer_one
    jmp     .Lmdns_message_done

.Lmdns_message_asked:
    call    mdns_count_records
    ja      .Lmdns_message_malformed
    mov     [esp], eax
    test    byte ptr [ebx + MDNS_MESSAGE + DNS_FLAGS], DNS_RESPONSE
    jnz     .Lmdns_message_told
    cmp     dword ptr [esp + 8], 0      # where nothing is asked of this machine its asker's records say nothing to it
    je      .Lmdns_message_done
.Lmdns_message_known:
    dec     dword ptr [esp]
    js      .Lmdns_message_answer
    call    mdns_read_record
    jc      .Lmdns_message_malformed
    call    mdns_weigh
    not     eax
    and     [esp + 8], eax
    jmp     .Lmdns_message_known
.Lmdns_message_answer:
    mov     eax, [esp + 8]
    mov     edx, [esp + 16]
    mov     ecx, [esp + 4]
    call    mdns_answer
    jmp     .Lmdns_message_done
.Lmdns_message_told:
    cmp     dword ptr [esp + 20], MDNS_PORT
    jne     .Lmdns_message_done
    mov     ecx, [esp]
    call    mdns_others
    jnc     .Lmdns_message_done
.Lmdns_message_malformed:
    COUNT   dns_malformed
.Lmdns_message_done:
    add     esp, 24
    ret

# Whether an address is on this link.
# In: EBX block, EDX address.
# Out: ZF set when so.
# Clobbers: EAX, ECX, EDX.
mdns_is_near:
    push    esi
    mov     esi, edx
    mov     eax, edx
    xor     edx, edx
    call    route_find
    jc      1f
    cmp     edx, esi
    jne     2f
    cmp     eax, [ebx + MDNS_NETIF]
    jmp     2f
1:  test    esp, esp                    # ZF clear
2:  pop     esi
    ret

# How many records a message has after its questions.
# In: EBX block.
# Out: EAX records, and the flags of comparing that with the most that are looked at.
# Clobbers: ECX.
mdns_count_records:
    movzx   eax, word ptr [ebx + MDNS_MESSAGE + DNS_ANSWERS]
    xchg    al, ah
    movzx   ecx, word ptr [ebx + MDNS_MESSAGE + DNS_AUTHORITIES]
    xchg    cl, ch
    add     eax, ecx
    movzx   ecx, word ptr [ebx + MDNS_MESSAGE + DNS_ADDITIONALS]
    xchg    cl, ch
    add     eax, ecx
    cmp     eax, RECORDS
    ret

# Answers one who is no mDNS querier as a server does: to him alone, with his number and his question (section 6.7), of
# which there is one.
# In: EBX block, EAX set of records, EDI type and class of the question, EDX address and ECX port of the asker.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_answer_one:
    test    eax, eax
    jz      1f
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCE
    jb      1f
    push    ecx
    push    edx
    push    eax
    COUNT   dns_questions
    mov     eax, MDNS_RESPONSE
    call    mdns_begin
    mov     ax, [ebx + MDNS_MESSAGE + DNS_ID]
    mov     [ebx + MDNS_ANSWER + DNS_ID], ax
    inc     byte ptr [ebx + MDNS_ANSWER + DNS_QUESTIONS + 1]
    mov     eax, MDNS_ASKED
    call    mdns_put_name
    mov     eax, edi
    call    mdns_put_question
    pop     eax
    mov     ecx, MDNS_TTL_LEGACY
    xor     esi, esi
    call    mdns_put_answers
    pop     edx
    pop     ecx
    call    mdns_send
1:  ret

# Answers a querier. May sleep.
# In: EBX block, EAX set of records, EDX its address, ECX 1 when it wants the answer for itself.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
mdns_answer:
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCE
    jb      .Lmdns_answer_done
    test    eax, eax
    jz      .Lmdns_answer_done
    COUNT   dns_questions
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    test    eax, MDNS_SHARED
    jz      1f
    mov     eax, [ebx + MDNS_NETIF]     # others have such records as well, and would answer at the same moment
    mov     edx, SHARED_MORE_MS
    call    random_below
    add     eax, SHARED_MS
    call    task_sleep
1:  mov     eax, esi
    test    ebp, ebp
    jnz     2f
    mov     edi, MDNS_GROUP
    call    mdns_fresh
    test    eax, eax
    jz      .Lmdns_answer_done
    push    eax
    call    mdns_note
    pop     eax
2:  push    eax
    mov     eax, MDNS_RESPONSE
    call    mdns_begin
    pop     eax
    mov     ecx, -1
    mov     esi, 0x80
    call    mdns_put_answers
    mov     edx, edi
    mov     ecx, MDNS_PORT
    call    mdns_send
.Lmdns_answer_done:
    ret

# Looks at what others say that they have (section 9).
# In: EBX block, ECX records, ESI where the first one is, EBP bytes of MDNS_MESSAGE.
# Out: CF when one is malformed.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_others:
    push    ecx
.Lmdns_others_next:
    dec     dword ptr [esp]
    js      .Lmdns_others_done
    call    mdns_read_record
    jc      .Lmdns_others_malformed
    not     edx
    and     eax, edx
    and     eax, MDNS_HOST_RECORDS | MDNS_SERVICE_RECORDS
    jz      .Lmdns_others_next
    cmp     dword ptr [edi + RECORD_TTL], 0
    je      .Lmdns_others_next          # they give it up
    test    eax, MDNS_HOST_RECORDS
    jz      1f
    call    mdns_is_own
    je      .Lmdns_others_next          # it is this machine, by another of its interfaces
1:  call    mdns_conflict
.Lmdns_others_done:
    pop     ecx
    clc
    ret
.Lmdns_others_malformed:
    pop     ecx
    stc
    ret

# Writes answers, and what they bring along.
# In: EBX block, EAX set of records, ECX the longest TTL, ESI 0x80 or 0 as for mdns_put_records.
# Clobbers: EAX, ECX, EDX.
mdns_put_answers:
    push    edi
    push    ecx
    push    eax
    mov     edx, DNS_ANSWERS
    call    mdns_put_records
    xor     eax, eax
    xor     ecx, ecx
1:  bt      [esp], ecx
    jnc     2f
    or      al, [mdns_along + ecx]
2:  inc     ecx
    cmp     ecx, MDNS_RECORDS
    jb      1b
    pop     edi
    not     edi
    and     eax, edi
    pop     ecx
    jz      3f
    mov     edx, DNS_ADDITIONALS
    call    mdns_put_records
3:  pop     edi
    ret

# A record in a question: one that the asker knows and need not hear again (section 7.1), or one that he wants to have
# himself. Who probes for the same name as this machine at the same time gets it if his address is the higher one
# (section 8.2).
# In: EBX block, EDI, EAX, EDX as mdns_read_record gives them.
# Out: EAX set of records that need not be told.
# Clobbers: ECX, EDX.
mdns_weigh:
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCE
    jae     .Lmdns_weigh_known
    not     edx
    and     eax, edx
    test    eax, MDNS_HOST_RECORDS
    jz      .Lmdns_weigh_none
    cmp     word ptr [edi + RECORD_LENGTH], 4 << 8
    jne     .Lmdns_weigh_none
    mov     eax, [edi + RECORD_DATA]
    mov     edx, [ebx + MDNS_ADDRESS]
    bswap   eax
    bswap   edx
    cmp     eax, edx
    jbe     .Lmdns_weigh_none
    mov     dword ptr [ebx + MDNS_STATE], MDNS_PROBE
    mov     eax, LOST_MS
    call    mdns_later
.Lmdns_weigh_none:
    xor     eax, eax
    ret
.Lmdns_weigh_known:
    mov     eax, edx
    test    eax, eax
    jz      1f
    bsf     ecx, eax                    # names and types differ, so it is one
    call    mdns_ttl
    mov     edx, [edi + RECORD_TTL]
    bswap   edx
    shr     ecx, 1
    cmp     edx, ecx
    jb      .Lmdns_weigh_none           # known for less than half of its time
1:  ret

# Says whether a record's data is an address of this machine.
# In: EDI RECORD_* part of a record of type A.
# Out: ZF when it is one.
# Clobbers: ECX, EDX.
mdns_is_own:
    cmp     word ptr [edi + RECORD_LENGTH], 4 << 8
    jne     2f
    mov     ecx, [edi + RECORD_DATA]
    mov     edx, offset net_interfaces  # NETIF_NEXT is 0, so the head of the list looks like an interface
1:  mov     edx, [edx + NETIF_NEXT]
    test    edx, edx
    jz      3f
    cmp     ecx, [edx + NETIF_ADDRESS]
    jne     1b
2:  ret
3:  or      edx, 1                      # ZF is clear
    ret

# Leaves out what the group was told just now.
# In: EBX block, EAX set of records.
# Out: EAX those left.
# Clobbers: ECX, EDX.
mdns_fresh:
    push    esi
    mov     esi, eax
    call    clock_ms
    xor     ecx, ecx
1:  cmp     dword ptr [ebx + MDNS_SAID + ecx*4], 0
    je      2f
    mov     edx, eax
    sub     edx, [ebx + MDNS_SAID + ecx*4]
    cmp     edx, BETWEEN_MS
    jae     2f
    btr     esi, ecx
2:  inc     ecx
    cmp     ecx, MDNS_RECORDS
    jb      1b
    mov     eax, esi
    pop     esi
    ret
