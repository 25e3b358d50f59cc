# What a question says besides its question: the OPT record of EDNS (RFC 6891), with how much its asker takes.

.include "macros.inc"
.include "dns.inc"

UDP_USUAL               = 512           # without EDNS
QUESTION_TAIL           = 4             # type and class

.text

# Finds out how much the asker takes: by UDP 512 bytes, or what its OPT record says. That may stand anywhere among the
# additional records, once; all records are walked over.
# In: EBX answer structure, ESI message, ECX its bytes, EDX after the question's name, EDI 1 when by TCP.
# Out: EAX bytes, ANSWER_EDNS, ANSWER_WANTS; CF when a record is malformed, or an OPT record where none may be.
# Clobbers: nothing else but the flags and ANSWER_OWNER.
.global dns_limit
dns_limit:
    push    ecx
    push    edx
    push    esi
    push    edi
    push    ebp
    mov     ebp, esi                    # EBP: message
    movzx   eax, byte ptr [ebp + DNS_FLAGS + 1]
    and     eax, WANTS_UNCHECKED
    mov     [ebx + ANSWER_WANTS], eax
    lea     esi, [edx + QUESTION_TAIL]
    push    UDP_USUAL                   # [esp + 4]: bytes that the asker takes
    add     ecx, ebp
    push    ecx                         # [esp]: after the message
    xor     edi, edi                    # EDI: which record of the three sections
.Ldns_limit_record:
    call    dns_counted
    cmp     edi, eax
    jae     .Ldns_limit_end
    push    edi
    push    ecx
    mov     eax, ebp
    mov     edx, [esp + 8]
    sub     edx, ebp
    lea     edi, [ebx + ANSWER_OWNER]
    call    dns_name_read               # EAX: its bytes
    pop     ecx
    pop     edi
    jc      .Ldns_limit_done
    lea     edx, [esi + RECORD_DATA]
    cmp     [esp], edx
    jb      .Ldns_limit_done
    cmp     word ptr [esi + RECORD_TYPE], DNS_OPT << 8
    jne     .Ldns_limit_next
    cmp     edi, ecx                    # before the additional ones
    jb      .Ldns_limit_done
    cmp     eax, 1                      # its name is the root
    jne     .Ldns_limit_bad
    cmp     dword ptr [ebx + ANSWER_EDNS], 0
    jne     .Ldns_limit_bad             # RFC 6891, 6.1.1
    call    dns_opt
    mov     [esp + 4], eax
.Ldns_limit_next:
    movzx   eax, word ptr [esi + RECORD_LENGTH]
    xchg    al, ah
    lea     esi, [esi + eax + RECORD_DATA]
    inc     edi
    cmp     [esp], esi
    jae     .Ldns_limit_record
    jmp     .Ldns_limit_done            # CF is set
.Ldns_limit_bad:
    stc
    jmp     .Ldns_limit_done
.Ldns_limit_end:
    clc
.Ldns_limit_done:
    pop     eax
    pop     eax
    pop     ebp
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    jc      2f
    test    edi, edi
    jz      1f
    mov     eax, 65535
1:  clc
    ret
2:  mov     dword ptr [ebx + ANSWER_EDNS], 0
    stc
    ret

# Counts a message's records.
# In: EBP message.
# Out: EAX all, ECX those before the additional ones.
# Clobbers: EDX.
dns_counted:
    movzx   ecx, word ptr [ebp + DNS_ANSWERS]
    xchg    cl, ch
    movzx   edx, word ptr [ebp + DNS_AUTHORITIES]
    xchg    dl, dh
    add     ecx, edx
    movzx   eax, word ptr [ebp + DNS_ADDITIONALS]
    xchg    al, ah
    add     eax, ecx
    ret

# Takes an OPT record.
# In: EBX answer structure, ESI record after its name.
# Out: EAX bytes that the asker takes by UDP.
# Clobbers: EDX.
dns_opt:
    mov     dword ptr [ebx + ANSWER_EDNS], 1
    cmp     byte ptr [esi + RECORD_TTL + 1], 0
    je      1f
    inc     dword ptr [ebx + ANSWER_EDNS]       # a version that nobody has yet (RFC 6891, 6.1.3)
1:  movzx   edx, byte ptr [esi + RECORD_TTL + 2]
    and     edx, WANTS_SIGNATURES
    or      [ebx + ANSWER_WANTS], edx
    movzx   eax, word ptr [esi + RECORD_CLASS]
    xchg    al, ah
    cmp     eax, UDP_USUAL
    jae     2f
    mov     eax, UDP_USUAL
2:  cmp     eax, DNS_UDP_MAXIMUM
    jbe     3f
    mov     eax, DNS_UDP_MAXIMUM
3:  ret
