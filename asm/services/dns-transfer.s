# All records of a zone for another server (AXFR, RFC 5936), by TCP, also for one that asks for what has changed only
# (IXFR, RFC 1995, 4), if the setting `dns.transfer` names him: addresses, `key` for who signs his question, `any`. The
# messages are made in one moment, so a transfer shows one state of the zone, and a slow reader holds up nobody. All
# routines run with dns_mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dns.inc"

TRANSFERS               = 2             # at once
LENGTH_BYTES            = 2             # in front of a message
MESSAGE_ROOM            = 16384         # what pointers to names can reach
MESSAGE_OVERHEAD        = 1024          # of it for the head, the question and the signature
RECORD_OVERHEAD         = RECORD_DATA
RECORD_MOST             = 256 + RECORD_DATA + ZONE_DATA_MAXIMUM

.pushsection .rodata
STRING transfer_setting, "dns.transfer"
STRING transfer_any, "any"
STRING transfer_key, "key"
.popsection

.bss
.balign 4
transfers:              .space 4        # that are being sent
transfer_deeper:        .space 4        # zones below this one that are ours, too
transfer_block:         .space 4

.text

# Says whether a zone may be told as a whole to who asks.
# In: EBX answer structure with name.
# Out: CF and EDX code when it may not.
# Clobbers: EAX, ECX.
.global dns_transfer_allowed
dns_transfer_allowed:
    push    esi
    mov     edx, DNS_NOT_IMPLEMENTED
    cmp     dword ptr [ebx + ANSWER_TCP], 0
    je      .Ldns_transfer_allowed_no
    xor     eax, eax
    lea     edx, [ebx + ANSWER_NAME]
    mov     ecx, DNS_SOA
    call    dns_record_next
    mov     edx, DNS_NOT_AUTHORITATIVE
    jc      .Ldns_transfer_allowed_done
    mov     [ebx + ANSWER_ZONE], eax
    mov     eax, offset transfer_setting
    call    env_get
    mov     edx, DNS_REFUSED
    jc      .Ldns_transfer_allowed_done
    mov     esi, eax
1:  lodsb
    cmp     al, ' '
    je      1b
    test    al, al
    jz      .Ldns_transfer_allowed_no
    dec     esi
    mov     edx, offset transfer_any
    call    transfer_word
    je      .Ldns_transfer_allowed_yes
    mov     edx, offset transfer_key
    call    transfer_word
    jne     2f
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    je      .Ldns_transfer_allowed_yes
2:  mov     eax, esi
    call    parse_address
    jc      3f
    cmp     byte ptr [edx], ' '
    ja      3f
    cmp     eax, [ebx + ANSWER_PEER]
    je      .Ldns_transfer_allowed_yes
3:  lodsb
    cmp     al, ' '
    ja      3b
    dec     esi
    jmp     1b
.Ldns_transfer_allowed_no:
    cmp     edx, DNS_NOT_IMPLEMENTED
    je      4f
    mov     edx, DNS_REFUSED
4:  stc
    jmp     .Ldns_transfer_allowed_done
.Ldns_transfer_allowed_yes:
    cmp     dword ptr [transfers], TRANSFERS
    mov     edx, DNS_REFUSED
    cmc                                 # CF when there are enough
.Ldns_transfer_allowed_done:
    pop     esi
    ret

# Compares a word of the setting.
# In: ESI where it begins, EDX text.
# Out: ZF when it is that.
# Clobbers: EAX.
transfer_word:
    mov     eax, esi
    call    string_prefix
    jne     1f
    cmp     byte ptr [eax], 0
    je      1f
    cmp     byte ptr [eax], ' '
1:  ret

# Makes the messages.
# In: EBX answer structure of the question, ESI it.
# Out: EAX block of memory; CF when there is none.
# Clobbers: ECX, EDX.
.global dns_transfer
dns_transfer:
    push    esi
    push    edi
    push    ebp
    call    transfer_measure
    call    malloc
    jc      .Ldns_transfer_done
    mov     [transfer_block], eax
    inc     dword ptr [transfers]
    mov     edi, eax                    # EDI: where the next message goes
    or      byte ptr [ebx + ANSWER_FLAGS], DNS_AUTHORITATIVE
    mov     byte ptr [ebx + ANSWER_FLAGS + 1], 0
    call    transfer_begin
    mov     ebp, [ebx + ANSWER_ZONE]
    call    transfer_record
    mov     ebp, [dns_records]
1:  test    ebp, ebp
    jz      2f
    call    transfer_belongs
    jc      3f
    call    transfer_record
3:  mov     ebp, [ebp + ZONE_NEXT]
    jmp     1b
2:  mov     ebp, [ebx + ANSWER_ZONE]
    call    transfer_record
    call    transfer_end
    mov     word ptr [edi], 0
    mov     eax, [transfer_block]
    clc
.Ldns_transfer_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Frees the messages of a transfer that was sent, or broken off. Takes dns_mutex itself.
# In: EAX block.
.global dns_transfer_done
dns_transfer_done:
    call    mfree
    lock dec dword ptr [transfers]
    ret

# Finds out how long all messages are together, at most, and whether zones of ours are below this one.
# In: EBX answer structure.
# Out: EAX bytes.
# Clobbers: ECX, EDX, EDI, EBP.
transfer_measure:
    mov     dword ptr [transfer_deeper], 0
    mov     edi, 2 * RECORD_MOST        # EDI: bytes of all records
    mov     ebp, [dns_records]
1:  test    ebp, ebp
    jz      3f
    lea     eax, [ebp + ZONE_NAME]
    lea     edx, [ebx + ANSWER_NAME]
    call    dns_name_below
    jc      2f
    cmp     dword ptr [ebp + ZONE_TYPE], DNS_SOA
    jne     4f
    inc     dword ptr [transfer_deeper]
4:  lea     eax, [ebp + ZONE_NAME]
    call    dns_name_length
    add     eax, [ebp + ZONE_BYTES]
    lea     edi, [edi + eax + RECORD_OVERHEAD]
2:  mov     ebp, [ebp + ZONE_NEXT]
    jmp     1b
3:  dec     dword ptr [transfer_deeper] # its own
    mov     eax, edi                    # each message but the last is full, but for less than one record
    xor     edx, edx
    mov     ecx, MESSAGE_ROOM - MESSAGE_OVERHEAD - 2 * RECORD_MOST
    div     ecx
    add     eax, 2
    imul    eax, eax, MESSAGE_OVERHEAD + LENGTH_BYTES
    add     eax, edi
    ret

# Says whether a record belongs to the zone, and is not its SOA record.
# In: EBX answer structure, EBP record.
# Out: CF when it does not.
# Clobbers: EAX, ECX, EDX.
transfer_belongs:
    cmp     ebp, [ebx + ANSWER_ZONE]
    je      8f
    lea     eax, [ebp + ZONE_NAME]
    lea     edx, [ebx + ANSWER_NAME]
    call    dns_name_below
    jc      9f
    cmp     dword ptr [transfer_deeper], 0
    je      9f                          # CF is clear
    mov     eax, ebp
    mov     edx, [ebx + ANSWER_ZONE]
    call    dns_zone_has
    ret
8:  stc
9:  ret

# Begins a message: head and question.
# In: EBX answer structure, ESI the question, EDI where the message goes.
# Clobbers: EAX, ECX, EDX.
transfer_begin:
    push    esi
    push    edi
    add     edi, LENGTH_BYTES
    lea     eax, [edi + MESSAGE_ROOM - MESSAGE_OVERHEAD]
    mov     [ebx + ANSWER_END], eax
    push    edi
    mov     ax, [esi + DNS_ID]
    stosw
    mov     ax, [ebx + ANSWER_FLAGS]
    stosw
    mov     eax, 0x0100                 # one question; no answers yet
    stosd
    xor     eax, eax
    stosd
    lea     esi, [ebx + ANSWER_NAME]
    call    dns_name_put
    mov     eax, [ebx + ANSWER_TYPE]
    xchg    al, ah
    stosw
    mov     eax, DNS_IN << 8
    stosw
    mov     [ebx + ANSWER_AT], edi
    pop     esi
    call    answer_question
    xor     eax, eax
    mov     [ebx + ANSWER_COUNTS], eax
    mov     [ebx + ANSWER_COUNTS + 4], eax
    mov     [ebx + ANSWER_COUNTS + 8], eax
    mov     [ebx + ANSWER_SECTION], eax
    pop     edi
    pop     esi
    ret

# Writes a record, into the next message if this one is full.
# In: EBX answer structure, ESI the question, EDI the message, EBP record.
# Out: EDI message.
# Clobbers: EAX, ECX, EDX.
transfer_record:
    mov     eax, ebp
    lea     edx, [ebp + ZONE_NAME]
    call    answer_write
    test    byte ptr [ebx + ANSWER_FLAGS], DNS_TRUNCATED
    jz      1f
    and     byte ptr [ebx + ANSWER_FLAGS], ~DNS_TRUNCATED
    call    transfer_end
    call    transfer_begin
    jmp     transfer_record
1:  ret

# Ends a message, and signs it if the question was signed.
# In: EBX answer structure, EDI message.
# Out: EDI after it.
# Clobbers: EAX, ECX, EDX.
transfer_end:
    push    esi
    lea     esi, [edi + LENGTH_BYTES]
    call    dns_answer_finish
    call    tsig_sign
    mov     edx, eax
    xchg    al, ah
    mov     [edi], ax
    lea     edi, [edi + edx + LENGTH_BYTES]
    pop     esi
    ret
