# The data of a record as people write them: tables say what each type's are made of.

.include "macros.inc"
.include "dns.inc"
.include "zone.inc"

.pushsection .data
.balign 4
# Types: name, number, what the data are made of: a address, n name, h number of 16 bits, w of 32 or a time,
# s texts up to the end.
.global dns_types
dns_types:
    .long   type_a, DNS_A, form_a, type_ns, DNS_NS, form_n, type_cname, DNS_CNAME, form_n, type_ptr, DNS_PTR, form_n
    .long   type_mx, DNS_MX, form_mx, type_srv, DNS_SRV, form_srv, type_txt, DNS_TXT, form_txt
    .long   type_soa, DNS_SOA, form_soa, 0
form_routines:          .long 'a', data_address, 'n', data_name, 'h', data_half, 'w', data_word, 's', data_texts, 0
.popsection
STRING type_a, "A"
STRING type_ns, "NS"
STRING type_cname, "CNAME"
STRING type_ptr, "PTR"
STRING type_mx, "MX"
STRING type_srv, "SRV"
STRING type_txt, "TXT"
STRING type_soa, "SOA"
STRING form_a, "a"
STRING form_n, "n"
STRING form_mx, "hn"
STRING form_srv, "hhhn"
STRING form_txt, "s"
STRING form_soa, "nnwwwww"

.text

# Makes the data of a record out of the type and what follows it.
# In: EBX reader, ESI words from the type on.
# Out: EDI bytes of the data; CF when they are wrong.
# Clobbers: EAX, ECX, EDX, ESI.
.global zone_data
zone_data:
    push    ebp
    lea     edi, [ebx + READ_DATA]
    mov     ebp, offset dns_types
1:  mov     edx, [ebp]
    test    edx, edx
    jz      .Lzone_data_other
    mov     eax, [esi]
    call    zone_keyword
    je      2f
    add     ebp, 12
    jmp     1b
2:  mov     eax, [ebp + 4]
    mov     [ebx + READ_TYPE], eax
    mov     ebp, [ebp + 8]              # EBP: what the data are made of
.Lzone_data_next:
    movzx   eax, byte ptr [ebp]
    test    eax, eax
    jz      .Lzone_data_end
    inc     ebp
    call    zone_skip
    jc      .Lzone_data_done
    mov     edx, offset form_routines
3:  cmp     [edx], eax
    je      4f
    add     edx, 8
    jmp     3b
4:  call    [edx + 4]
    jnc     .Lzone_data_next
    jmp     .Lzone_data_done
.Lzone_data_end:
    lea     eax, [ebx + READ_DATA]
    sub     edi, eax
    cmp     dword ptr [ebx + READ_COUNT], 1     # nothing may follow
    je      .Lzone_data_done                    # CF is clear
.Lzone_data_wrong:
    stc
.Lzone_data_done:
    pop     ebp
    ret
.Lzone_data_other:
    call    zone_unknown
    jnc     .Lzone_data_end
    pop     ebp
    ret

# Reads data of a type that has no name here (RFC 3597, 5): TYPE28 \# 4 0A000001. A type that has one is not written so,
# as nobody would look what the bytes are.
# In: EBX reader, ESI words from the type on, EDI where the data go.
# Out: EDI after them; CF when they are wrong.
# Clobbers: EAX, ECX, EDX, ESI, EBP.
zone_unknown:
    mov     eax, [esi]
    LOAD_STRING edx, "TYPE"
    call    string_prefix
    jne     .Lzone_unknown_wrong
    call    parse_number
    jc      .Lzone_unknown_done
    cmp     byte ptr [edx], 0
    jne     .Lzone_unknown_wrong
    test    eax, eax
    jz      .Lzone_unknown_wrong
    cmp     eax, DNS_OPT
    je      .Lzone_unknown_wrong
    cmp     eax, 0xFFFF
    ja      .Lzone_unknown_wrong
    lea     edx, [eax - DNS_META]
    cmp     edx, DNS_ANY - DNS_META
    jbe     .Lzone_unknown_wrong
    mov     edx, offset dns_types
1:  cmp     [edx + 4], eax
    je      .Lzone_unknown_wrong
    add     edx, 12
    cmp     dword ptr [edx], 0
    jne     1b
    mov     [ebx + READ_TYPE], eax
    call    zone_skip
    jc      .Lzone_unknown_done
    mov     eax, [esi]
    LOAD_STRING edx, "\\#"
    call    string_compare
    jne     .Lzone_unknown_wrong
    call    zone_skip
    jc      .Lzone_unknown_done
    mov     eax, [esi]
    call    parse_number
    jc      .Lzone_unknown_done
    cmp     byte ptr [edx], 0
    jne     .Lzone_unknown_wrong
    cmp     eax, ZONE_DATA_MAXIMUM
    ja      .Lzone_unknown_wrong
    mov     ebp, eax                    # EBP: bytes to come
    cmp     dword ptr [ebx + READ_TYPE], DNS_AAAA
    jne     2f
    cmp     ebp, 16
    jne     .Lzone_unknown_wrong
2:  test    ebp, ebp
    jz      .Lzone_unknown_done         # CF is clear
    call    zone_skip
    jc      .Lzone_unknown_done
    mov     edx, [esi]
3:  xchg    esi, edx
    call    parse_hex_byte
    xchg    esi, edx
    jc      .Lzone_unknown_done
    stosb
    dec     ebp
    jz      4f
    cmp     byte ptr [edx], 0
    jne     3b
    jmp     2b
4:  cmp     byte ptr [edx], 0
    je      .Lzone_unknown_done         # CF is clear
.Lzone_unknown_wrong:
    stc
.Lzone_unknown_done:
    ret

# Kinds of data, see form_routines.
# In: EBX reader, ESI words, EDI where the data go.
# Out: EDI after them; CF when they are wrong.
# Clobbers: EAX, ECX, EDX.
data_address:
    mov     eax, [esi]
    call    parse_address
    jc      9f
    cmp     byte ptr [edx], 0
    jne     data_wrong
    stosd
    clc
9:  ret

# See data_address.
data_name:
    mov     edx, [esi]
    call    zone_name
    jc      9f
    add     edi, eax
    clc
9:  ret

# See data_address.
data_half:
    mov     eax, [esi]
    call    parse_number
    jc      9f
    cmp     byte ptr [edx], 0
    jne     data_wrong
    cmp     eax, 0xFFFF
    ja      data_wrong
    xchg    al, ah
    stosw
    clc
9:  ret

# See data_address.
data_word:
    mov     eax, [esi]
    call    parse_number
    jc      9f
    cmp     byte ptr [edx], 0           # a serial may have all 32 bits
    je      1f
    mov     eax, [esi]
    call    zone_time
    jc      9f
1:  bswap   eax
    stosd
    clc
9:  ret

# See data_address. Each text has its length in front, 255 at most; \DDD is a byte.
data_texts:
    lea     ecx, [ebx + READ_DATA + ZONE_DATA_MAXIMUM]
    cmp     edi, ecx
    jae     data_wrong
    push    ebp
    push    esi
    mov     ebp, edi                    # EBP: where the length goes
    mov     byte ptr [edi], 0
    inc     edi
    mov     esi, [esi]
.Ldata_texts_byte:
    lodsb
    test    al, al
    jz      .Ldata_texts_end
    cmp     edi, ecx
    jae     .Ldata_texts_wrong
    inc     byte ptr [ebp]
    jz      .Ldata_texts_wrong
    cmp     al, '\\'
    jne     .Ldata_texts_put
    call    dns_escape
    jc      .Ldata_texts_end
.Ldata_texts_put:
    stosb
    jmp     .Ldata_texts_byte
.Ldata_texts_wrong:
    stc
.Ldata_texts_end:
    pop     esi
    pop     ebp
    jc      .Ldata_texts_done
    cmp     dword ptr [ebx + READ_COUNT], 1
    je      .Ldata_texts_done                          # CF is clear
    call    zone_skip
    jnc     data_texts
.Ldata_texts_done:
    ret
data_wrong:
    stc
    ret
