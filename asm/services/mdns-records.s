# The records that a machine has by multicast DNS: its address, and its HTTP service by DNS-SD (RFC 6763). Writing them
# into messages, and comparing them with those of others.

.include "macros.inc"
.include "net.inc"
.include "mdns.inc"

# A record in the table.
MR_OWNER                = 0             # a name: offset in the MDNS_* block if it is below MDNS_SIZE, else an address
MR_TYPE                 = 4             # type and class as they are in messages
MR_TTL                  = 8
MR_PREFIX               = 12            # data before the name, likewise an offset or an address
MR_PREFIX_BYTES         = 16
MR_NAME                 = 20            # name that ends the data, 0: none
MR_SIZE                 = 24

TYPE_A                  = DNS_A << 8
TYPE_PTR                = DNS_PTR << 8
TYPE_TXT                = DNS_TXT << 8
TYPE_SRV                = DNS_SRV << 8
CLASS_SHARED            = DNS_IN << 24
CLASS_UNIQUE            = CLASS_SHARED | (0x80 << 16)   # section 10.2: others forget what they knew
TTL_HOST                = 120                           # section 10: what names a machine,
TTL_OTHER               = 4500                          # and everything else

.section .rodata
.balign 4
# Section 10.1 of RFC 6763: TXT says where the page is.
mdns_records:
    .long   MDNS_HOST, TYPE_A | CLASS_UNIQUE, TTL_HOST, MDNS_ADDRESS, 4, 0
    .long   MDNS_INSTANCE, TYPE_SRV | CLASS_UNIQUE, TTL_HOST, mdns_srv, 6, MDNS_HOST
    .long   MDNS_INSTANCE, TYPE_TXT | CLASS_UNIQUE, TTL_OTHER, mdns_txt, mdns_txt_end - mdns_txt, 0
    .long   mdns_service, TYPE_PTR | CLASS_SHARED, TTL_OTHER, 0, 0, MDNS_INSTANCE
    .long   mdns_kinds, TYPE_PTR | CLASS_SHARED, TTL_OTHER, 0, 0, mdns_service
# What an answer brings along for each (RFC 6763, 12).
.global mdns_along
mdns_along:             .byte 0, 0x01, 0, 0x07, 0

mdns_srv:               .byte 0, 0, 0, 0, 0, 80         # priority, weight, port
mdns_txt:               .byte mdns_txt_end - mdns_txt - 1
    .ascii  "path=/status"
mdns_txt_end:
mdns_service:           .byte 5
    .ascii  "_http"
    .byte   4
    .ascii  "_tcp"
    .byte   5
    .asciz  "local"
mdns_kinds:             .byte 9                         # section 9 of RFC 6763: which services there are
    .ascii  "_services"
    .byte   7
    .ascii  "_dns-sd"
    .byte   4
    .ascii  "_udp"
    .byte   5
    .asciz  "local"

.text

# The address of what a record of the table names.
# In: EAX offset in the block or address, EBX block.
# Out: EAX address.
# Clobbers: the flags.
mdns_place:
    cmp     eax, MDNS_SIZE
    jae     1f
    add     eax, ebx
1:  ret

# Begins a message.
# In: EBX block, EAX the flags as they are in messages.
# Out: MDNS_ANSWER has an empty message, MDNS_PUT leads behind it.
# Clobbers: ECX, EDX.
.global mdns_begin
mdns_begin:
    lea     edx, [ebx + MDNS_ANSWER]
    mov     [edx], eax
    shl     dword ptr [edx], 16         # the number is 0
    xor     ecx, ecx
    mov     [edx + DNS_QUESTIONS], ecx
    mov     [edx + DNS_AUTHORITIES], ecx
    add     edx, DNS_HEADER_SIZE
    mov     [ebx + MDNS_PUT], edx
    ret

# Writes a name.
# In: EBX block, EAX name as in the table.
# Clobbers: EAX, ECX, EDX.
.global mdns_put_name
mdns_put_name:
    push    esi
    push    edi
    call    mdns_place
    mov     esi, eax
    call    dns_name_length
    mov     ecx, eax
    mov     edi, [ebx + MDNS_PUT]
    rep movsb
    mov     [ebx + MDNS_PUT], edi
    pop     edi
    pop     esi
    ret

# Writes records.
# In: EBX block, EAX set of records, EDX section: DNS_ANSWERS, DNS_AUTHORITIES or DNS_ADDITIONALS; ECX the longest TTL;
# ESI 0x80, or 0 where the bit that has others forget is out of place.
# Clobbers: EAX, ECX, EDX.
.global mdns_put_records
mdns_put_records:
    push    edi
    push    ebp
    push    esi                         # [esp + 12]: flush
    push    ecx                         # [esp + 8]: longest TTL
    push    edx                         # [esp + 4]: section
    push    eax                         # [esp]: those left
    mov     ebp, offset mdns_records
.Lmdns_put_records_next:
    shr     dword ptr [esp], 1
    jnc     .Lmdns_put_records_skip
    mov     edx, [esp + 4]
    inc     byte ptr [ebx + MDNS_ANSWER + edx + 1]
    mov     eax, [ebp + MR_OWNER]
    call    mdns_put_name
    mov     edi, [ebx + MDNS_PUT]
    mov     eax, [ebp + MR_TYPE]        # and the class
    mov     ecx, [esp + 12]
    or      ecx, 0x7F
    shl     ecx, 16
    or      ecx, 0xFF00FFFF
    and     eax, ecx
    stosd
    mov     eax, [ebp + MR_TTL]
    cmp     eax, [esp + 8]
    jbe     1f
    mov     eax, [esp + 8]
1:  bswap   eax
    stosd
    lea     edx, [edi]                  # EDX: where the length goes
    add     edi, 2
    mov     ecx, [ebp + MR_PREFIX_BYTES]
    jecxz   2f
    mov     eax, [ebp + MR_PREFIX]
    call    mdns_place
    mov     esi, eax
    rep movsb
2:  mov     [ebx + MDNS_PUT], edi
    mov     eax, [ebp + MR_NAME]
    test    eax, eax
    jz      3f
    push    edx
    call    mdns_put_name
    pop     edx
3:  mov     eax, [ebx + MDNS_PUT]
    sub     eax, edx
    sub     eax, 2
    xchg    al, ah
    mov     [edx], ax
.Lmdns_put_records_skip:
    add     ebp, MR_SIZE
    cmp     dword ptr [esp], 0
    jne     .Lmdns_put_records_next
    add     esp, 12
    pop     esi
    pop     ebp
    pop     edi
    ret

# The records that a question is about.
# In: EBX block, MDNS_ASKED name, EAX type and class as they are in messages.
# Out: EAX set of records.
# Clobbers: ECX, EDX.
.global mdns_match
mdns_match:
    push    esi
    push    edi
    push    ebp
    xor     ebp, ebp
    mov     edi, eax
    and     edi, 0xFF7FFFFF             # section 5.4: the class's highest bit asks for an answer to the asker alone
    mov     ecx, edi
    shr     ecx, 16
    cmp     ecx, DNS_ANY << 8
    jne     .Lmdns_match_class
    and     edi, 0xFFFF                 # any class is ours too (section 6)
    or      edi, CLASS_SHARED
.Lmdns_match_class:
    mov     esi, MDNS_RECORDS - 1
1:  imul    ecx, esi, MR_SIZE
    add     ecx, offset mdns_records
    movzx   eax, word ptr [ecx + MR_TYPE]
    or      eax, CLASS_SHARED
    cmp     eax, edi
    je      2f
    mov     ax, DNS_ANY << 8
    cmp     eax, edi
    jne     3f
2:  mov     eax, [ecx + MR_OWNER]
    call    mdns_place
    lea     edx, [ebx + MDNS_ASKED]
    call    dns_name_equal
    jne     3f
    bts     ebp, esi
3:  dec     esi
    jns     1b
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    ret

# The TTL of a record.
# In: ECX which.
# Out: ECX seconds.
.global mdns_ttl
mdns_ttl:
    imul    ecx, ecx, MR_SIZE
    mov     ecx, [mdns_records + ecx + MR_TTL]
    ret

# Reads the next record of a message, and compares it with ours.
# In: EBX block, ESI where it is, EBP bytes of MDNS_MESSAGE.
# Out: ESI after it, EDI its RECORD_* part; EAX set of those of ours that have its name and type, EDX set of those that
# have its data as well; CF when it is malformed.
# Clobbers: ECX.
.global mdns_read_record
mdns_read_record:
    push    edi
    lea     eax, [ebx + MDNS_MESSAGE]
    mov     edx, ebp
    lea     edi, [ebx + MDNS_ASKED]
    call    dns_name_read
    pop     edi
    jc      .Lmdns_read_record_bad
    mov     edi, esi
    lea     eax, [ebx + ebp + MDNS_MESSAGE]
    sub     eax, esi
    cmp     eax, RECORD_DATA
    jb      .Lmdns_read_record_bad
    movzx   ecx, word ptr [esi + RECORD_LENGTH]
    xchg    cl, ch
    sub     eax, RECORD_DATA
    cmp     eax, ecx
    jb      .Lmdns_read_record_bad
    lea     esi, [esi + ecx + RECORD_DATA]
    mov     eax, [edi + RECORD_TYPE]
    call    mdns_match
    push    eax
    push    eax                         # [esp]: those left
    xor     edx, edx
    xor     ecx, ecx
1:  shr     dword ptr [esp], 1
    jnc     2f
    call    mdns_same_data
    jne     2f
    bts     edx, ecx
2:  inc     ecx
    cmp     dword ptr [esp], 0
    jne     1b
    pop     eax
    pop     eax
    clc
    ret
.Lmdns_read_record_bad:
    stc
    ret

# Compares the data of a record.
# In: EBX block, EDI RECORD_* part of the record, which is within the message; EBP bytes of the message, ECX which of
# ours.
# Out: ZF when they are the same.
# Clobbers: EAX.
mdns_same_data:
    pushad
    imul    eax, ecx, MR_SIZE
    lea     edx, [eax + mdns_records]   # EDX: ours
    movzx   ecx, word ptr [edi + RECORD_LENGTH]
    xchg    cl, ch
    sub     ecx, [edx + MR_PREFIX_BYTES]
    jb      .Lmdns_same_data_done       # too short: ZF is clear
    push    ecx                         # bytes for the name
    mov     ecx, [edx + MR_PREFIX_BYTES]
    mov     eax, [edx + MR_PREFIX]
    call    mdns_place
    mov     esi, eax
    add     edi, RECORD_DATA
    cmp     ecx, ecx                    # nothing to compare is the same
    repe cmpsb
    pop     ecx
    jne     .Lmdns_same_data_done
    cmp     dword ptr [edx + MR_NAME], 0
    jne     1f
    test    ecx, ecx
    jmp     .Lmdns_same_data_done
1:  mov     esi, edi
    add     ecx, edi                    # where the name must end
    push    ecx
    push    edx
    lea     eax, [ebx + MDNS_MESSAGE]
    mov     edx, ebp
    lea     edi, [ebx + MDNS_TARGET]
    call    dns_name_read
    pop     edx
    pop     ecx
    jc      7f
    cmp     esi, ecx
    jne     .Lmdns_same_data_done
    mov     eax, [edx + MR_NAME]
    call    mdns_place
    lea     edx, [ebx + MDNS_TARGET]
    call    dns_name_equal
    jmp     .Lmdns_same_data_done
7:  or      eax, 1                      # no name: ZF is clear
.Lmdns_same_data_done:
    popad
    ret
