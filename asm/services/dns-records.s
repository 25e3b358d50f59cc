# The records that the DNS server answers from: a list in memory, bounded in number and bytes, guarded by dns_mutex.
# Where they come from is the matter of asm/services/dns-zone.s; what is answered, of asm/services/dns-answer.s.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "dns.inc"

RECORDS_MAXIMUM         = 4096
BYTES_MAXIMUM           = 512 * 1024

.bss
.balign 4
.global dns_records
dns_records:            .space 4        # the first
.global dns_record_count
dns_record_count:       .space 4
dns_record_bytes:       .space 4
dns_last:               .space 4        # the last, or 0
.global dns_mutex
dns_mutex:              .space MUTEX_SIZE

.data
    # the zone that is made by this machine itself, so that nobody else may change it
.global dns_made
dns_made:               .byte 0xFF      # no name yet
    .space  255

.text

# Enters a record; one that is there with the same data gets the TTL, and an SOA record or an alias takes the place of
# the one that its name has. dns_mutex is held.
# In: EAX name, EDX type, ECX TTL in seconds, ESI data as on the wire, EDI bytes of it.
# Out: CF and EAX error: ERROR_NO_SPACE when there are too many, ERROR_EXISTS when an alias would not be alone.
.global dns_record_add
dns_record_add:
    push    ebx
    push    eax
    push    edx
    push    ecx
    call    dns_record_same
    pop     ecx
    mov     ebx, eax                    # EBX: record
    pop     edx
    pop     eax
    jnc     1f
    call    dns_record_make
    jc      3f
    mov     ebx, eax
    call    dns_record_room
    mov     eax, ebx
    jc      2f
    call    dns_record_link
    mov     ecx, [ebx + ZONE_TTL]
1:  mov     eax, ebx
    call    dns_record_hold
    clc
    jmp     3f
2:  call    dns_record_free
    mov     eax, ERROR_EXISTS
    stc
3:  pop     ebx
    ret

# Makes room for a record that is to be entered: what its name can have one of only goes. An alias is alone (RFC 1034,
# 3.6.2).
# In: EBX record.
# Out: CF when it cannot be entered: it is an alias and its name has other records, or the other way round.
# Clobbers: EAX, ECX, EDX.
.global dns_record_room
dns_record_room:
    push    esi
    xor     esi, esi
1:  mov     eax, esi
    lea     edx, [ebx + ZONE_NAME]
    mov     ecx, DNS_ANY
    call    dns_record_next
    cmc
    jnc     3f
    mov     esi, eax
    mov     ecx, [ebx + ZONE_TYPE]
    cmp     ecx, [esi + ZONE_TYPE]
    je      2f
    cmp     ecx, DNS_CNAME
    je      4f
    cmp     dword ptr [esi + ZONE_TYPE], DNS_CNAME
    jne     1b
4:  stc
3:  pop     esi
    ret
2:  cmp     ecx, DNS_CNAME
    je      .Ldns_record_room_drop
    cmp     ecx, DNS_SOA
    jne     1b
.Ldns_record_room_drop:
    call    dns_record_drop
    xor     esi, esi
    jmp     1b

# Gives all records of a record's name and type the same TTL: a set is kept or forgotten as a whole (RFC 2181, 5.2).
# In: EAX record in the list, ECX TTL in seconds.
# Clobbers: EAX, EDX.
.global dns_record_hold
dns_record_hold:
    push    ebx
    push    ecx
    mov     ebx, eax
    xor     eax, eax
1:  lea     edx, [ebx + ZONE_NAME]
    mov     ecx, [ebx + ZONE_TYPE]
    call    dns_record_next
    jc      2f
    mov     ecx, [esp]
    mov     [eax + ZONE_TTL], ecx
    jmp     1b
2:  pop     ecx
    pop     ebx
    ret

# Finds the record with the same name, type and data.
# In: EAX name, EDX type, ESI data, EDI bytes of it.
# Out: EAX record; CF when there is none.
# Clobbers: ECX, EDX.
.global dns_record_same
dns_record_same:
    push    ebx
    push    eax                         # [esp + 4]: name
    push    edx                         # [esp]: type
    xor     ebx, ebx
1:  mov     eax, ebx
    mov     edx, [esp + 4]
    mov     ecx, [esp]
    call    dns_record_next
    jc      2f
    mov     ebx, eax
    cmp     [ebx + ZONE_BYTES], edi
    jne     1b
    mov     eax, [ebx + ZONE_DATA]
    mov     edx, esi
    mov     ecx, edi
    call    mem_compare
    jne     1b
    mov     eax, ebx
    clc
2:  lea     esp, [esp + 8]
    pop     ebx
    ret

# Makes a record that is not in the list, if there is room for it there.
# In: EAX name, EDX type, ECX TTL in seconds, ESI data, EDI bytes of it.
# Out: EAX record; CF and EAX error: ERROR_NO_SPACE when there are too many.
.global dns_record_make
dns_record_make:
    push    ebx
    push    ebp
    push    eax                         # [esp + 8]: name
    push    edx                         # [esp + 4]: type
    push    ecx                         # [esp]: TTL
    call    dns_name_length
    mov     ebp, eax                    # EBP: bytes of the name
    lea     eax, [eax + edi + ZONE_NAME]
    mov     ecx, [dns_record_bytes]
    add     ecx, eax
    cmp     ecx, BYTES_MAXIMUM
    ja      .Ldns_record_make_full
    cmp     dword ptr [dns_record_count], RECORDS_MAXIMUM
    jae     .Ldns_record_make_full
    push    ecx
    call    malloc
    pop     ecx
    jc      .Ldns_record_make_done
    mov     [dns_record_bytes], ecx
    inc     dword ptr [dns_record_count]
    mov     ebx, eax
    mov     eax, [esp + 4]
    mov     [ebx + ZONE_TYPE], eax
    mov     eax, [esp]
    mov     [ebx + ZONE_TTL], eax
    mov     [ebx + ZONE_BYTES], edi
    mov     dword ptr [ebx + ZONE_CLASS], DNS_IN
    lea     eax, [ebx + ZONE_NAME]
    mov     edx, [esp + 8]
    mov     ecx, ebp
    call    mem_copy
    lea     eax, [ebx + ebp + ZONE_NAME]
    mov     [ebx + ZONE_DATA], eax
    mov     edx, esi
    mov     ecx, edi
    call    mem_copy
    mov     eax, ebx
    clc
    jmp     .Ldns_record_make_done
.Ldns_record_make_full:
    mov     eax, ERROR_NO_SPACE
    stc
.Ldns_record_make_done:
    lea     esp, [esp + 12]
    pop     ebp
    pop     ebx
    ret

# Puts a record at the end of the list. dns_mutex is held.
# In: EAX record.
# Out: CF clear.
# Clobbers: EDX.
.global dns_record_link
dns_record_link:
    mov     edx, [dns_last]
    test    edx, edx
    jnz     1f
    mov     edx, offset dns_records     # ZONE_NEXT is 0, so the head looks like a record
1:  mov     [edx + ZONE_NEXT], eax
    mov     [dns_last], eax
    clc
    ret

# Frees a record that is not in the list.
# In: EAX record.
.global dns_record_free
dns_record_free:
    push    eax
    push    dword ptr [eax + ZONE_BYTES]
    add     eax, ZONE_NAME
    call    dns_name_length
    pop     edx
    lea     eax, [eax + edx + ZONE_NAME]
    sub     [dns_record_bytes], eax
    dec     dword ptr [dns_record_count]
    pop     eax
    jmp     mfree

# Removes one record. dns_mutex is held.
# In: EAX record.
.global dns_record_drop
dns_record_drop:
    mov     edx, offset dns_records
1:  cmp     [edx + ZONE_NEXT], eax
    je      2f
    mov     edx, [edx + ZONE_NEXT]
    jmp     1b
2:  cmp     [dns_last], eax
    jne     4f
    mov     ecx, edx
    cmp     ecx, offset dns_records
    jne     3f
    xor     ecx, ecx
3:  mov     [dns_last], ecx
4:  mov     ecx, [eax + ZONE_NEXT]
    mov     [edx + ZONE_NEXT], ecx
    jmp     dns_record_free

# Removes all that is at or below a name: a zone. dns_mutex is held.
# In: EAX name, ECX 1 when what has a lease stays, else 0.
# Out: EAX how many records went.
dns_record_remove:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    ecx
    mov     ebp, eax
    xor     edi, edi
    mov     esi, offset dns_records
.Ldns_record_remove_next:
    mov     ebx, [esi + ZONE_NEXT]
    test    ebx, ebx
    jz      .Ldns_record_remove_end
    cmp     dword ptr [ebx + ZONE_LEASE], 0
    je      1f
    cmp     dword ptr [esp], 0
    jne     2f
1:  lea     eax, [ebx + ZONE_NAME]
    mov     edx, ebp
    call    dns_name_below
    jc      2f
    inc     edi
    mov     eax, [ebx + ZONE_NEXT]
    mov     [esi + ZONE_NEXT], eax
    mov     eax, ebx
    call    dns_record_free
    jmp     .Ldns_record_remove_next
2:  mov     esi, ebx
    jmp     .Ldns_record_remove_next
.Ldns_record_remove_end:
    cmp     esi, offset dns_records
    jne     3f
    xor     esi, esi
3:  mov     [dns_last], esi
    mov     eax, edi
    pop     ecx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Removes all that is at or below a name, and notes that this machine makes it anew by itself. dns_mutex is held.
# In: EAX name, in a buffer of 256 bytes.
.global dns_record_remake
dns_record_remake:
    push    eax
    mov     edx, eax
    mov     eax, offset dns_made
    mov     ecx, 256
    call    mem_copy
    pop     eax
    mov     ecx, 1
    jmp     dns_record_remove

# Removes all that is at and below a name. May sleep.
# In: EAX text of the name.
# Out: CF and EAX error.
.global dns_zone_remove
dns_zone_remove:
    sub     esp, 256
    mov     edx, esp
    call    zone_parse
    mov     eax, ERROR_INVALID
    jc      1f
    mov     eax, offset dns_mutex
    call    mutex_lock
    mov     eax, esp
    call    dns_keep_forget
    mov     eax, esp
    xor     ecx, ecx
    call    dns_record_remove
    push    eax
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     ecx
    mov     eax, ERROR_NOT_FOUND
    cmp     ecx, 1                      # CF when there was none
1:  lea     esp, [esp + 256]
    ret

# Makes a name of text.
# In: EAX text, EDX buffer of DNS_NAME_MAXIMUM bytes.
# Out: EAX bytes of the name; CF when it is none.
.global zone_parse
zone_parse:
    push    edx
    push    eax
    call    string_length
    mov     ecx, eax
    pop     eax
    pop     edx
    jmp     dns_name_parse

# Finds the next record with a name.
# In: EAX record to begin after, 0 for the first; EDX name, ECX type or DNS_ANY.
# Out: EAX record; CF when there is none.
.global dns_record_next
dns_record_next:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    test    ebx, ebx
    jnz     1f
    mov     ebx, offset dns_records
1:  mov     ebx, [ebx + ZONE_NEXT]
    test    ebx, ebx
    jz      8f
    cmp     edi, DNS_ANY
    je      2f
    cmp     [ebx + ZONE_TYPE], edi
    jne     1b
2:  lea     eax, [ebx + ZONE_NAME]
    mov     edx, esi
    call    dns_name_equal
    jne     1b
    mov     eax, ebx
    clc
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether a name exists: has records, or has names below it that have (RFC 4592, 2.2.2).
# In: EAX name.
# Out: CF when it does not.
.global dns_name_exists
dns_name_exists:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [dns_records]
1:  test    ebx, ebx
    jz      8f
    lea     eax, [ebx + ZONE_NAME]
    mov     edx, esi
    call    dns_name_below
    jnc     9f
    mov     ebx, [ebx + ZONE_NEXT]
    jmp     1b
8:  stc
9:  pop     esi
    pop     ebx
    ret

# Finds the zone of a name: the longest name of an SOA record that it is at or below.
# In: EAX name.
# Out: EAX SOA record; CF when the name is in no zone of ours.
.global dns_zone_of
dns_zone_of:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, -1                     # labels in front of the best so far
    xor     ebp, ebp
    mov     ebx, [dns_records]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + ZONE_TYPE], DNS_SOA
    jne     2f
    mov     eax, esi
    lea     edx, [ebx + ZONE_NAME]
    call    dns_name_below
    jc      2f
    cmp     eax, edi
    jae     2f
    mov     edi, eax
    mov     ebp, ebx
2:  mov     ebx, [ebx + ZONE_NEXT]
    jmp     1b
3:  mov     eax, ebp
    cmp     eax, 1                      # CF when there is none
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether a record is told with a zone: it is the zone's, or is of the cut to a zone of ours right below it, which
# are that one's servers and the addresses that they have there (RFC 5936, 3.2 and 3.3).
# In: EAX record, EDX SOA record of the zone.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
.global dns_zone_has
dns_zone_has:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    lea     eax, [ebx + ZONE_NAME]
    call    dns_zone_of
    jc      .Ldns_zone_has_done
    cmp     eax, esi
    je      .Ldns_zone_has_done         # CF is clear
    lea     edi, [eax + ZONE_NAME]      # EDI: name of the zone that it is of
    movzx   ecx, byte ptr [edi]
    jecxz   .Ldns_zone_has_not
    lea     eax, [edi + ecx + 1]
    call    dns_zone_of
    jc      .Ldns_zone_has_done
    cmp     eax, esi
    jne     .Ldns_zone_has_not
    xor     esi, esi
    cmp     dword ptr [ebx + ZONE_TYPE], DNS_A
    je      1f
    cmp     dword ptr [ebx + ZONE_TYPE], DNS_AAAA
    je      1f
    cmp     dword ptr [ebx + ZONE_TYPE], DNS_NS
    jne     .Ldns_zone_has_not
    lea     eax, [ebx + ZONE_NAME]
    mov     edx, edi
    call    dns_name_equal
    je      .Ldns_zone_has_done         # CF is clear
.Ldns_zone_has_not:
    stc
.Ldns_zone_has_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
1:  mov     eax, esi
    mov     edx, edi
    mov     ecx, DNS_NS
    call    dns_record_next
    jc      .Ldns_zone_has_done
    mov     esi, eax
    mov     eax, [eax + ZONE_DATA]
    lea     edx, [ebx + ZONE_NAME]
    call    dns_name_equal
    jne     1b
    clc
    jmp     .Ldns_zone_has_done
