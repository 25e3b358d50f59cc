# Multicast DNS (RFC 6762): answers for NAME.local, NAME being what the machine is called, so that others on the link
# find it without a server. One task; strangers from other links are passed over, and what goes to the group goes once a
# second at most.

.include "macros.inc"
.include "errors.inc"
.include "names.inc"
.include "net.inc"
.include "dns.inc"

TTL_ALL                 = 255           # section 11: of all that is sent, whoever it goes to
TTL_SECONDS             = 120           # section 10: of a machine's address
TTL_LEGACY              = 10            # section 6.7: for one who is no mDNS querier
MESSAGE_BYTES           = 1500
ANSWER_BYTES            = DNS_HEADER_SIZE + DNS_NAME_MAXIMUM + 4 + DNS_NAME_MAXIMUM + RECORD_DATA + 4
QUESTIONS               = 16            # of one message that are looked at
BETWEEN_MS              = 1000          # section 6: the same record to the group
FLUSH                   = 0x80          # section 10.2: others forget what they knew
RETRY_MS                = 1000

.bss
.balign 4
mdns_socket:            .space 4
mdns_said:              .space 4        # clock_ms at which the group was told last, 0: never
mdns_name:              .space DNS_NAME_MAXIMUM + 1
mdns_asked:             .space DNS_NAME_MAXIMUM + 1
mdns_message:           .space MESSAGE_BYTES
.balign 4
mdns_answer:            .space ANSWER_BYTES

.text

STRING mdns_domain, ".local"

# Listens to the group on every interface, and answers. The task of the network service.
.global mdns_task
mdns_task:
    mov     eax, MDNS_PORT
    call    udp_open
    jc      .Lmdns_task_end
    mov     [mdns_socket], eax
    mov     edx, TTL_ALL
    call    udp_set_ttl
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      .Lmdns_task_next
    mov     eax, ebx
    mov     edx, MDNS_GROUP
    call    igmp_join
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
.Lmdns_task_next:
    mov     eax, [mdns_socket]
    mov     edx, -1
    mov     esi, offset mdns_message
    mov     edi, MESSAGE_BYTES
    call    udp_receive
    jnc     2f
    cmp     eax, ERROR_STALE
    je      .Lmdns_task_end
    mov     eax, RETRY_MS
    call    task_sleep
    jmp     .Lmdns_task_next
2:  call    mdns_question
    jmp     .Lmdns_task_next
.Lmdns_task_end:
    ret

# Looks at the questions of a message, and answers the one for this machine, if there is one.
# In: EAX bytes of mdns_message, EDX address and ECX port of its sender.
# Clobbers: EBX, ESI, EDI, EBP.
mdns_question:
    push    ecx                         # [esp + 4]: port
    push    edx                         # [esp]: address
    mov     ebp, eax
    cmp     eax, DNS_HEADER_SIZE
    jb      .Lmdns_question_malformed
    test    byte ptr [mdns_message + DNS_FLAGS], DNS_RESPONSE | DNS_OPCODE
    jnz     .Lmdns_question_done
    mov     eax, edx                    # section 11: only from the link
    xor     edx, edx
    call    route_find
    jc      .Lmdns_question_done
    cmp     edx, [esp]
    jne     .Lmdns_question_done
    mov     ebx, eax                    # EBX: interface
    cmp     dword ptr [ebx + NETIF_ADDRESS], 0
    je      .Lmdns_question_done
    call    mdns_own_name
    jc      .Lmdns_question_done
    movzx   ecx, word ptr [mdns_message + DNS_QUESTIONS]
    xchg    cl, ch
    cmp     ecx, QUESTIONS
    ja      .Lmdns_question_malformed
    mov     esi, offset mdns_message + DNS_HEADER_SIZE
.Lmdns_question_next:
    jecxz   .Lmdns_question_done
    push    ecx
    mov     eax, offset mdns_message
    mov     edx, ebp
    mov     edi, offset mdns_asked
    call    dns_name_read
    pop     ecx
    jc      .Lmdns_question_malformed
    lea     eax, [esi + 4]
    sub     eax, offset mdns_message
    cmp     eax, ebp
    ja      .Lmdns_question_malformed
    mov     edi, [esi]                  # EDI: type and class
    add     esi, 4
    push    ecx
    mov     eax, offset mdns_asked
    mov     edx, offset mdns_name
    call    dns_name_equal
    pop     ecx
    jne     1f
    mov     eax, edi
    and     eax, 0xFF7FFFFF             # section 5.4: the highest bit of the class asks for an answer to the asker
                                        # alone
    cmp     eax, (DNS_A << 8) | (DNS_IN << 24)
    je      .Lmdns_question_ours
    cmp     eax, (DNS_ANY << 8) | (DNS_IN << 24)
    je      .Lmdns_question_ours
1:  dec     ecx
    jmp     .Lmdns_question_next
.Lmdns_question_malformed:
    COUNT   dns_malformed
.Lmdns_question_done:
    add     esp, 8
    ret
.Lmdns_question_ours:
    COUNT   dns_questions
    pop     edx
    pop     ecx
    cmp     ecx, MDNS_PORT
    jne     mdns_legacy
    test    edi, 0x00800000
    jnz     2f
    mov     edx, MDNS_GROUP
    call    clock_ms
    or      eax, 1
    mov     esi, eax
    sub     esi, [mdns_said]
    cmp     esi, BETWEEN_MS
    jb      3f
    mov     [mdns_said], eax
2:  mov     edi, offset mdns_answer
    xor     eax, eax
    mov     [edi + DNS_ID], ax
    call    mdns_head
    mov     ebp, TTL_SECONDS
    mov     al, FLUSH
    jmp     mdns_send
3:  ret

# Answers one who is no mDNS querier as a server would: to him alone, with his number and his question (section 6.7).
# In: EBX interface, EDI type and class, EDX address, ECX port.
# Clobbers: EBX, ESI, EDI, EBP.
mdns_legacy:
    push    edi
    mov     edi, offset mdns_answer
    mov     ax, [mdns_message + DNS_ID]
    mov     [edi + DNS_ID], ax
    call    mdns_head
    mov     word ptr [mdns_answer + DNS_QUESTIONS], 0x0100
    call    mdns_put_name
    pop     eax
    stosd
    mov     ebp, TTL_LEGACY
    xor     eax, eax

# Writes the record and sends the answer.
# In: EBX interface, EDI where the record goes, EBP its TTL, AL FLUSH or 0, EDX address, ECX port.
# Clobbers: EBX, ESI, EDI, EBP.
mdns_send:
    push    eax
    call    mdns_put_name
    pop     eax
    mov     word ptr [edi + RECORD_TYPE], DNS_A << 8
    mov     [edi + RECORD_CLASS], al
    mov     byte ptr [edi + RECORD_CLASS + 1], DNS_IN
    bswap   ebp
    mov     [edi + RECORD_TTL], ebp
    mov     word ptr [edi + RECORD_LENGTH], 4 << 8
    mov     eax, [ebx + NETIF_ADDRESS]
    mov     [edi + RECORD_DATA], eax
    add     edi, RECORD_DATA + 4
    mov     esi, offset mdns_answer
    sub     edi, esi
    mov     eax, [mdns_socket]
    jmp     udp_send

# Writes the head of an answer with one record.
# In: EDI where it goes.
# Out: EDI after it.
# Clobbers: nothing else.
mdns_head:
    mov     word ptr [edi + DNS_FLAGS], DNS_RESPONSE | DNS_AUTHORITATIVE
    mov     dword ptr [edi + DNS_QUESTIONS], 0x01000000
    mov     dword ptr [edi + DNS_AUTHORITIES], 0
    add     edi, DNS_HEADER_SIZE
    ret

# Writes this machine's name.
# In: EDI where it goes.
# Out: EDI after it.
# Clobbers: EAX, ESI.
mdns_put_name:
    push    ecx
    push    edx
    mov     esi, offset mdns_name
    mov     eax, esi
    call    dns_name_length
    mov     ecx, eax
    rep movsb
    pop     edx
    pop     ecx
    ret

# Makes this machine's name of what it is called now.
# Out: mdns_name; CF when that is no name.
# Clobbers: EAX, ECX, EDX.
mdns_own_name:
    sub     esp, 32
    mov     eax, esp
    mov     edx, offset hostname
    mov     ecx, offset mdns_domain
    SNPRINTF eax, 32, "%s%s", edx, ecx
    mov     ecx, eax
    mov     eax, esp
    mov     edx, offset mdns_name
    call    dns_name_parse
    lea     esp, [esp + 32]
    ret
