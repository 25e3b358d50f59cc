# The answers of the DNS server (RFC 1034, 4.3.2): aliases, delegations, wildcards (RFC 4592), names without such
# records and names that do not exist, with the SOA record that says for how long (RFC 2308). EDNS (RFC 6891) makes
# larger answers possible; what does not fit is marked as cut off, and asked for again by TCP.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dns.inc"

ALIASES                 = 8             # CNAMEs that are followed
OPT_BYTES               = 11            # of the OPT record that we add
QUESTION_TAIL           = 4             # type and class

.text

# Answers a question in place.
# In: EBX answer structure, ESI message, ECX its bytes, EDX bytes that fit there, EDI 1 when it came by TCP.
# Out: EAX bytes of the answer, 0 when none is due, ANSWER_FORWARD when it is not ours to answer, ANSWER_TRANSFER.
.global dns_answer
dns_answer:
    push    esi
    push    edi
    push    ebp
    mov     ebp, edx
    xor     eax, eax
    cmp     ecx, DNS_HEADER_SIZE
    jb      .Ldns_answer_silent
    test    byte ptr [esi + DNS_FLAGS], DNS_RESPONSE    # an answer is not answered
    jnz     .Ldns_answer_silent
    call    dns_answer_begin
    test    al, DNS_OPCODE
    mov     edx, DNS_NOT_IMPLEMENTED
    jnz     .Ldns_answer_bare
    mov     edx, DNS_FORMAT_ERROR
    cmp     word ptr [esi + DNS_QUESTIONS], 0x0100
    jne     .Ldns_answer_bare
    call    dns_answer_name
    jc      .Ldns_answer_malformed
    lea     eax, [edx + QUESTION_TAIL]
    sub     eax, esi
    cmp     eax, ecx
    ja      .Ldns_answer_malformed
    call    dns_limit                   # EAX: bytes that the asker takes
    jc      .Ldns_answer_malformed
    call    dns_answer_room
    push    edx
    call    answer_question
    pop     edx
    lea     eax, [edx + QUESTION_TAIL]
    mov     [ebx + ANSWER_AT], eax
    movzx   eax, word ptr [edx]
    xchg    al, ah
    mov     [ebx + ANSWER_TYPE], eax
    mov     eax, edx
    xor     edx, edx                    # of BADVERS the one bit is in the OPT record
    cmp     dword ptr [ebx + ANSWER_EDNS], 1
    ja      .Ldns_answer_rcode
    cmp     word ptr [eax + 2], DNS_IN << 8
    mov     edx, DNS_REFUSED
    jne     .Ldns_answer_rcode
    cmp     dword ptr [ebx + ANSWER_TYPE], DNS_AXFR
    je      .Ldns_answer_transfer
    cmp     dword ptr [ebx + ANSWER_TYPE], DNS_IXFR
    jne     2f
    cmp     dword ptr [ebx + ANSWER_TCP], 0     # all of the zone, as nobody knows how it was (RFC 1995, 4)
    jne     .Ldns_answer_transfer
    mov     dword ptr [ebx + ANSWER_TYPE], DNS_SOA      # which says whether it is worth to ask by TCP (RFC 1995, 2)
2:  lea     eax, [ebx + ANSWER_NAME]
    call    dns_zone_of
    jc      .Ldns_answer_foreign
    or      byte ptr [ebx + ANSWER_FLAGS], DNS_AUTHORITATIVE
    mov     edi, eax                    # EDI: the zone's SOA record
    call    answer_zone
    jmp     .Ldns_answer_rcode
.Ldns_answer_foreign:
    mov     edx, DNS_REFUSED
    mov     eax, ANSWER_FORWARD
    test    byte ptr [ebx + ANSWER_FLAGS], DNS_RECURSE
    jnz     .Ldns_answer_silent
    jmp     .Ldns_answer_rcode
.Ldns_answer_transfer:
    call    dns_transfer_allowed        # EDX: code
    mov     eax, ANSWER_TRANSFER
    jnc     .Ldns_answer_silent
    jmp     .Ldns_answer_rcode
.Ldns_answer_malformed:
    mov     edx, DNS_FORMAT_ERROR
.Ldns_answer_bare:
    mov     word ptr [esi + DNS_QUESTIONS], 0
.Ldns_answer_rcode:
    or      dl, DNS_RECURSES            # neighbours' questions are passed on
    mov     [ebx + ANSWER_FLAGS + 1], dl
    call    dns_answer_finish
.Ldns_answer_silent:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Begins an answer.
# In: EBX state, ESI message, EAX 0.
# Out: AL its flags.
# Clobbers: EDX.
dns_answer_begin:
    mov     [ebx + ANSWER_COUNTS], eax
    mov     [ebx + ANSWER_COUNTS + 4], eax
    mov     [ebx + ANSWER_COUNTS + 8], eax
    mov     [ebx + ANSWER_SECTION], eax
    mov     [ebx + ANSWER_EDNS], eax
    lea     edx, [esi + DNS_HEADER_SIZE]
    mov     [ebx + ANSWER_AT], edx
    mov     al, [esi + DNS_FLAGS]
    and     al, DNS_OPCODE | DNS_RECURSE
    or      al, DNS_RESPONSE
    mov     [ebx + ANSWER_FLAGS], eax
    ret

# Reads the name of the question.
# In: EBX state, ESI message, ECX bytes.
# Out: EDX after the name; CF when it is malformed.
# Clobbers: EAX.
dns_answer_name:
    push    edi                         # [esp]: 1 when by TCP
    mov     edx, ecx
    mov     eax, esi
    push    esi
    add     esi, DNS_HEADER_SIZE
    lea     edi, [ebx + ANSWER_NAME]
    push    ecx
    call    dns_name_read
    pop     ecx
    mov     edx, esi                    # EDX: after the name
    pop     esi
    pop     edi
    ret

# Takes over how much room an answer has.
# In: EBX state, ESI message, EAX bytes that the asker takes, EBP those that there are.
# Clobbers: EAX.
dns_answer_room:
    cmp     eax, ebp
    jbe     1f
    mov     eax, ebp
1:  mov     [ebx + ANSWER_LIMIT], eax
    add     eax, esi
    sub     eax, OPT_BYTES
    sub     eax, [ebx + ANSWER_RESERVE]
    mov     [ebx + ANSWER_END], eax
    ret

# Writes an answer that holds nothing but a code: for what was to be forwarded, and could not be.
# In: EBX answer structure as dns_answer left it, ESI message, EDX code.
# Out: EAX bytes.
.global dns_answer_code
dns_answer_code:
    or      dl, DNS_RECURSES
    mov     [ebx + ANSWER_FLAGS + 1], dl

# Writes the head of an answer, and the OPT record.
# In: EBX answer structure, ESI message.
# Out: EAX bytes.
# Clobbers: ECX, EDX.
.global dns_answer_finish
dns_answer_finish:
    mov     ax, [ebx + ANSWER_FLAGS]
    mov     [esi + DNS_FLAGS], ax
    mov     edx, [ebx + ANSWER_AT]
    cmp     dword ptr [ebx + ANSWER_EDNS], 0
    je      1f
    mov     byte ptr [edx], 0           # the root
    mov     word ptr [edx + 1 + RECORD_TYPE], DNS_OPT << 8
    mov     word ptr [edx + 1 + RECORD_CLASS], (DNS_UDP_MAXIMUM >> 8) | ((DNS_UDP_MAXIMUM & 255) << 8)
    mov     eax, [ebx + ANSWER_EDNS]    # the upper bits of the code, then the version that we have, 0
    dec     eax
    mov     [edx + 1 + RECORD_TTL], eax
    mov     word ptr [edx + 1 + RECORD_LENGTH], 0
    inc     dword ptr [ebx + ANSWER_COUNTS + 8]
    add     edx, OPT_BYTES
1:  xor     ecx, ecx
2:  mov     eax, [ebx + ANSWER_COUNTS + ecx*4]
    xchg    al, ah
    mov     [esi + DNS_ANSWERS + ecx*2], ax
    inc     ecx
    cmp     ecx, 3
    jb      2b
    mov     eax, edx
    sub     eax, esi
    ret

# Answers from a zone.
# In: EBX answer structure with name and type, ESI message, EDI the zone's SOA record.
# Out: EDX code.
# Clobbers: EAX, ECX, EDI.
answer_zone:
    push    ebp
    call    answer_download
    jc      .Lanswer_zone_done
    mov     ebp, ALIASES
.Lanswer_zone_name:
    call    answer_delegation
    jnc     .Lanswer_zone_referral
    lea     edx, [ebx + ANSWER_NAME]    # EDX: name whose records are taken
    mov     eax, edx
    push    edx
    call    dns_name_exists
    pop     edx
    jnc     .Lanswer_zone_exists
    call    answer_wildcard
    jc      .Lanswer_zone_none
.Lanswer_zone_exists:
    call    answer_records              # EAX: how many, ECX: the alias that was among them
    test    ecx, ecx
    jnz     .Lanswer_zone_alias
    test    eax, eax
    jz      .Lanswer_zone_negative
    call    answer_additional
    xor     edx, edx
    jmp     .Lanswer_zone_done
.Lanswer_zone_alias:
    dec     ebp
    jz      .Lanswer_zone_good          # the asker follows the rest himself
    push    esi
    push    edi
    lea     edi, [ebx + ANSWER_NAME]
    mov     esi, [ecx + ZONE_DATA]
    mov     ecx, [ecx + ZONE_BYTES]
    rep movsb
    pop     edi
    pop     esi
    lea     eax, [ebx + ANSWER_NAME]
    call    dns_zone_of
    jc      .Lanswer_zone_good          # it leads out of what we know
    mov     edi, eax
    jmp     .Lanswer_zone_name
.Lanswer_zone_none:
    mov     edx, DNS_NO_NAME
    jmp     .Lanswer_zone_soa
.Lanswer_zone_negative:
    xor     edx, edx
.Lanswer_zone_soa:
    push    edx
    mov     dword ptr [ebx + ANSWER_SECTION], 1
    mov     eax, [edi + ZONE_DATA]
    add     eax, [edi + ZONE_BYTES]
    mov     eax, [eax - 4]              # MINIMUM
    bswap   eax
    push    dword ptr [edi + ZONE_TTL]
    cmp     eax, [esp]                  # the lesser of both says how long nothing is there (RFC 2308, 3)
    jae     1f
    mov     [edi + ZONE_TTL], eax
1:  mov     eax, edi
    lea     edx, [edi + ZONE_NAME]
    call    answer_write
    pop     dword ptr [edi + ZONE_TTL]
    pop     edx
    jmp     .Lanswer_zone_done
.Lanswer_zone_referral:
    and     byte ptr [ebx + ANSWER_FLAGS], ~DNS_AUTHORITATIVE
    call    answer_additional
    cmp     dword ptr [ebx + ANSWER_COUNTS], 0
    je      .Lanswer_zone_good
    or      byte ptr [ebx + ANSWER_FLAGS], DNS_AUTHORITATIVE    # the alias that led here is ours (RFC 1035, 4.1.1)
.Lanswer_zone_good:
    xor     edx, edx
.Lanswer_zone_done:
    pop     ebp
    ret

# Looks whether a name is in a part of the zone that others serve, and names them: those of the cut that is nearest to
# the zone's own name, as what is below that is not the zone's to tell (RFC 1034, 4.3.2).
# In: EBX answer structure, EDI the zone's SOA record.
# Out: ANSWER_OWNER name of the cut; CF when there is none.
# Clobbers: EAX, ECX, EDX.
answer_delegation:
    push    ebp
    push    esi
    xor     esi, esi                    # ESI: record of the cut
    push    0                           # [esp]: labels of the name in front of it
    mov     ebp, [dns_records]
1:  test    ebp, ebp
    jz      3f
    cmp     dword ptr [ebp + ZONE_TYPE], DNS_NS
    jne     2f
    lea     eax, [ebp + ZONE_NAME]
    lea     edx, [edi + ZONE_NAME]
    call    dns_name_below
    jc      2f
    test    eax, eax                    # the zone's own servers
    jz      2f
    lea     eax, [ebx + ANSWER_NAME]
    lea     edx, [ebp + ZONE_NAME]
    call    dns_name_below
    jc      2f
    cmp     eax, [esp]
    jb      2f
    mov     [esp], eax
    mov     esi, ebp
2:  mov     ebp, [ebp + ZONE_NEXT]
    jmp     1b
3:  pop     eax
    cmp     esi, 1                      # CF when there was none
    jc      .Lanswer_delegation_done
    push    edi
    add     esi, ZONE_NAME
    lea     edi, [ebx + ANSWER_OWNER]
    call    dns_name_put
    pop     edi
    mov     dword ptr [ebx + ANSWER_SECTION], 1
    xor     ebp, ebp
4:  mov     eax, ebp
    lea     edx, [ebx + ANSWER_OWNER]
    mov     ecx, DNS_NS
    call    dns_record_next
    cmc
    jnc     .Lanswer_delegation_done
    mov     ebp, eax
    lea     edx, [ebp + ZONE_NAME]
    call    answer_write
    jmp     4b
.Lanswer_delegation_done:
    pop     esi
    pop     ebp
    ret

# Finds the wildcard for a name that does not exist: `*` below the closest of its ancestors that exists (RFC 4592,
# 3.3.1).
# In: EBX answer structure, EDI the zone's SOA record.
# Out: EDX name of the wildcard; CF when there is none.
# Clobbers: EAX, ECX.
answer_wildcard:
    push    esi
    push    edi
    lea     esi, [ebx + ANSWER_NAME]
1:  movzx   eax, byte ptr [esi]
    test    eax, eax
    jz      8f
    lea     esi, [esi + eax + 1]
    mov     eax, esi
    call    dns_name_exists
    jc      1b
    mov     eax, esi
    call    dns_name_length
    cmp     eax, DNS_NAME_MAXIMUM - 2
    ja      8f
    mov     ecx, eax
    lea     edi, [ebx + ANSWER_OWNER]
    mov     word ptr [edi], 1 | ('*' << 8)
    add     edi, 2
    rep movsb
    lea     eax, [ebx + ANSWER_OWNER]
    call    dns_name_exists
    lea     edx, [ebx + ANSWER_OWNER]
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    ret

# Writes the records of a name: those of the type that is asked for, or its alias. They are owned by the name that was
# asked for, also when a wildcard has them.
# In: EBX answer structure, ESI message, EDX name whose records are taken.
# Out: EAX how many; ECX the alias among them that is to be followed, or 0.
# Clobbers: EDX.
answer_records:
    push    esi
    push    edi
    push    ebp
    mov     edi, edx
    xor     esi, esi                    # ESI: how many
    xor     ebp, ebp                    # EBP: record
    mov     dword ptr [ebx + ANSWER_SECTION], 0
.Lanswer_records_next:
    mov     eax, ebp
    mov     edx, edi
    mov     ecx, DNS_ANY
    call    dns_record_next
    jc      .Lanswer_records_end
    mov     ebp, eax
    mov     ecx, [ebx + ANSWER_TYPE]
    cmp     ecx, DNS_ANY
    je      1f
    cmp     [ebp + ZONE_TYPE], ecx
    je      1f
    cmp     dword ptr [ebp + ZONE_TYPE], DNS_CNAME
    jne     .Lanswer_records_next
    mov     eax, ebp
    lea     edx, [ebx + ANSWER_NAME]
    call    answer_write
    mov     ecx, ebp
    jmp     .Lanswer_records_done
1:  mov     eax, ebp
    lea     edx, [ebx + ANSWER_NAME]
    call    answer_write
    inc     esi
    jmp     .Lanswer_records_next
.Lanswer_records_end:
    xor     ecx, ecx
.Lanswer_records_done:
    mov     eax, esi
    pop     ebp
    pop     edi
    pop     esi
    ret

.pushsection .rodata
.balign 4
# Types whose data ends in the name of a machine, and where in the data it begins: its addresses are told too.
answer_targets:         .long DNS_NS, 0, DNS_MX, 2, DNS_SRV, 6, 0
.popsection

# Tells the addresses of the machines that the records at this name or cut lead to (RFC 2782; RFC 1034, 4.2.1: glue).
# In: EBX answer structure.
# Clobbers: EAX, ECX, EDX.
answer_additional:
    push    esi
    push    edi
    push    ebp
    mov     dword ptr [ebx + ANSWER_SECTION], 2
    mov     ebp, [dns_records]
.Lanswer_additional_next:
    test    ebp, ebp
    jz      .Lanswer_additional_done
    mov     ecx, offset answer_targets
1:  mov     eax, [ecx]
    test    eax, eax
    jz      .Lanswer_additional_skip
    cmp     eax, [ebp + ZONE_TYPE]
    je      2f
    add     ecx, 8
    jmp     1b
2:  mov     edi, [ebp + ZONE_DATA]
    add     edi, [ecx + 4]              # EDI: the machine's name
    call    answer_leads
    jc      .Lanswer_additional_skip
    xor     esi, esi
.Lanswer_additional_address:
    mov     eax, esi
    mov     edx, edi
    mov     ecx, DNS_A
    call    dns_record_next
    jc      .Lanswer_additional_skip
    mov     esi, eax
    mov     edx, edi
    call    answer_write
    jmp     .Lanswer_additional_address
.Lanswer_additional_skip:
    mov     ebp, [ebp + ZONE_NEXT]
    jmp     .Lanswer_additional_next
.Lanswer_additional_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Says whether a record is one of the answer: of the name and type that is asked for, or of the cut that a referral
# names.
# In: EBX answer structure, EBP record.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
answer_leads:
    test    byte ptr [ebx + ANSWER_FLAGS], DNS_AUTHORITATIVE
    jz      1f
    mov     eax, [ebp + ZONE_TYPE]
    cmp     eax, [ebx + ANSWER_TYPE]
    jne     8f
    lea     eax, [ebx + ANSWER_NAME]
    lea     edx, [ebp + ZONE_NAME]
    call    dns_name_equal
    jne     8f
    clc
    ret
1:  cmp     dword ptr [ebp + ZONE_TYPE], DNS_NS
    jne     8f
    lea     eax, [ebx + ANSWER_OWNER]
    lea     edx, [ebp + ZONE_NAME]
    call    dns_name_equal
    jne     8f
    clc
    ret
8:  stc
    ret

# Writes one record. When it does not fit, the answer is marked as cut off, unless it is additional (RFC 2181, 9).
# In: EBX answer structure, EAX record, EDX name of its owner.
# Clobbers: EAX, ECX, EDX.
.global answer_write
answer_write:
    push    esi
    push    edi
    push    ebp
    call    outside_view
    jc      .Lanswer_write_done
    mov     ebp, eax
    mov     esi, edx
    push    dword ptr [ebx + ANSWER_KNOWN]
    mov     edi, [ebx + ANSWER_AT]
    call    answer_name
    jc      .Lanswer_write_full
    lea     eax, [edi + RECORD_DATA]
    cmp     eax, [ebx + ANSWER_END]
    ja      .Lanswer_write_full
    mov     eax, [ebp + ZONE_TYPE]
    xchg    al, ah
    mov     [edi + RECORD_TYPE], ax
    mov     word ptr [edi + RECORD_CLASS], DNS_IN << 8
    mov     eax, [ebp + ZONE_TTL]
    bswap   eax
    mov     [edi + RECORD_TTL], eax
    lea     edx, [edi + RECORD_LENGTH]
    add     edi, RECORD_DATA
    push    edx
    call    answer_data
    pop     edx
    jc      .Lanswer_write_full
    mov     [ebx + ANSWER_AT], edi
    mov     eax, edi
    sub     eax, edx
    sub     eax, RECORD_DATA - RECORD_LENGTH
    xchg    al, ah
    mov     [edx], ax
    pop     eax
    mov     eax, [ebx + ANSWER_SECTION]
    inc     dword ptr [ebx + ANSWER_COUNTS + eax*4]
    jmp     .Lanswer_write_done
.Lanswer_write_full:
    pop     dword ptr [ebx + ANSWER_KNOWN]  # what was written of it does not stand there
    cmp     dword ptr [ebx + ANSWER_SECTION], 2
    je      .Lanswer_write_done
    or      byte ptr [ebx + ANSWER_FLAGS], DNS_TRUNCATED
.Lanswer_write_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

.pushsection .rodata
.balign 4
# Types whose data has names that may be shortened (RFC 3597, 4), how many bytes come before, and how many names.
answer_named:           .long DNS_NS, 0, 1, DNS_CNAME, 0, 1, DNS_PTR, 0, 1, DNS_MX, 2, 1, DNS_SOA, 0, 2, 0
.popsection

# Writes the data of a record.
# In: EBX answer structure, EBP record, EDI where it goes.
# Out: EDI after it; CF when it does not fit.
# Clobbers: EAX, ECX, EDX, ESI.
answer_data:
    mov     esi, [ebp + ZONE_DATA]
    mov     edx, offset answer_named
1:  mov     eax, [edx]
    test    eax, eax
    jz      .Lanswer_data_rest
    cmp     eax, [ebp + ZONE_TYPE]
    je      2f
    add     edx, 12
    jmp     1b
2:  mov     ecx, [edx + 4]
    push    dword ptr [edx + 8]         # [esp]: names that are left
    call    answer_bytes
    jc      .Lanswer_data_full
3:  mov     eax, esi
    call    dns_name_length
    add     eax, esi
    push    eax
    call    answer_name
    pop     esi
    jc      .Lanswer_data_full
    dec     dword ptr [esp]
    jnz     3b
    pop     eax
.Lanswer_data_rest:
    mov     ecx, [ebp + ZONE_DATA]
    add     ecx, [ebp + ZONE_BYTES]
    sub     ecx, esi

# Writes bytes of a record.
# In: EBX answer structure, ESI bytes, ECX how many, EDI where they go.
# Out: ESI and EDI after them; CF when they do not fit.
# Clobbers: EAX, ECX.
answer_bytes:
    lea     eax, [edi + ecx]
    cmp     [ebx + ANSWER_END], eax
    jb      1f
    rep movsb                           # CF is clear
1:  ret
.Lanswer_data_full:
    pop     eax
    stc
    ret
