# What an update changes in a zone (RFC 2136, 3.4.2 and 3.6), one record after the other; asm/services/dns-update.s has
# checked all of them. All routines run with dns_mutex held.

.include "macros.inc"
.include "dns.inc"

.bss
.balign 4
    # 1: the zone has changed
.global update_changed
update_changed:         .space 4
    # seconds after which what an update enters goes; 0: it stays
.global update_lease
update_lease:           .space 4
    # 1: by a serial of the update's own
.global update_serial
update_serial:          .space 4

.text

# Makes one change (RFC 2136, 3.4.2).
# In: EBX answer structure, EBP record, which is entered or freed.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global update_apply
update_apply:
    mov     esi, [ebp + ZONE_DATA]
    mov     edi, [ebp + ZONE_BYTES]
    cmp     dword ptr [ebp + ZONE_CLASS], DNS_ANY
    je      update_drop_all
    lea     eax, [ebp + ZONE_NAME]
    mov     edx, [ebp + ZONE_TYPE]
    call    dns_record_same
    jc      .Lupdate_apply_unknown
    cmp     dword ptr [ebp + ZONE_CLASS], DNS_IN
    jne     .Lupdate_apply_one
    call    update_hold                 # it is there: the lease and the TTL may be new
    mov     ecx, [ebp + ZONE_TTL]
    cmp     ecx, [eax + ZONE_TTL]
    je      .Lupdate_apply_free
    call    dns_record_hold
    mov     dword ptr [update_changed], 1
.Lupdate_apply_free:
    mov     eax, ebp
    jmp     dns_record_free
.Lupdate_apply_unknown:
    cmp     dword ptr [ebp + ZONE_CLASS], DNS_IN
    jne     .Lupdate_apply_free
    cmp     dword ptr [ebp + ZONE_TYPE], DNS_SOA
    je      .Lupdate_apply_soa
    push    ebx
    mov     ebx, ebp
    call    dns_record_room
    pop     ebx
    jc      .Lupdate_apply_free
.Lupdate_apply_enter:
    mov     dword ptr [update_changed], 1
    mov     eax, ebp
    call    update_hold
    call    dns_record_link
    mov     ecx, [ebp + ZONE_TTL]
    jmp     dns_record_hold
.Lupdate_apply_soa:
    mov     edi, [ebx + ANSWER_ZONE]
    lea     eax, [ebp + ZONE_NAME]
    lea     edx, [edi + ZONE_NAME]
    call    dns_name_equal
    jne     .Lupdate_apply_free
    mov     eax, edi
    call    dns_serial
    push    dword ptr [eax]
    mov     eax, ebp
    call    dns_serial
    mov     edx, [eax]
    pop     eax
    bswap   edx
    bswap   eax
    sub     edx, eax
    cmp     edx, 0                      # by serial arithmetic (RFC 1982)
    jle     .Lupdate_apply_free
    mov     eax, edi
    call    dns_record_drop
    mov     [ebx + ANSWER_ZONE], ebp
    mov     dword ptr [update_serial], 1
    jmp     .Lupdate_apply_enter
.Lupdate_apply_one:
    push    eax
    mov     edi, eax
    call    update_vital
    pop     edx
    jnc     .Lupdate_apply_remove
    cmp     dword ptr [edx + ZONE_TYPE], DNS_SOA
    je      .Lupdate_apply_free
    push    edx                         # of the zone's own servers one must stay
    xor     eax, eax
    lea     edx, [edi + ZONE_NAME]
    mov     ecx, DNS_NS
    call    dns_record_next
    lea     edx, [edi + ZONE_NAME]
    mov     ecx, DNS_NS
    call    dns_record_next
    pop     edx
    jc      .Lupdate_apply_free
.Lupdate_apply_remove:
    mov     eax, edx
    call    dns_record_drop
    mov     dword ptr [update_changed], 1
    jmp     .Lupdate_apply_free

# Gives a record the update's lease, or none, as what its zone cannot be without.
# In: EBX answer structure, EAX record.
# Clobbers: ECX, EDX.
update_hold:
    push    edi
    push    eax
    mov     edi, eax
    call    update_vital
    mov     ecx, 0
    jc      1f
    mov     ecx, [update_lease]
1:  pop     eax
    pop     edi
    jmp     dns_lease_give

# Removes all records of a name and a type, or of a name, but those that must stay.
# In: EBX state, EBP the record that says so; it is given up.
update_drop_all:
    xor     esi, esi                    # ESI: the last that stays
3:  mov     eax, esi
    lea     edx, [ebp + ZONE_NAME]
    mov     ecx, [ebp + ZONE_TYPE]
    call    dns_record_next
    jc      5f
    mov     edi, eax
    call    update_vital
    jc      4f
    mov     eax, edi
    call    dns_record_drop
    mov     dword ptr [update_changed], 1
    jmp     3b
4:  mov     esi, edi
    jmp     3b
5:  mov     eax, ebp
    jmp     dns_record_free

# Says whether a record is one that its zone cannot be without: SOA, or one of its own servers.
# In: EBX answer structure, EDI record.
# Out: CF when it is.
# Clobbers: EAX, ECX, EDX.
update_vital:
    cmp     dword ptr [edi + ZONE_TYPE], DNS_SOA
    je      1f
    cmp     dword ptr [edi + ZONE_TYPE], DNS_NS
    jne     2f
1:  mov     eax, [ebx + ANSWER_ZONE]
    add     eax, ZONE_NAME
    lea     edx, [edi + ZONE_NAME]
    call    dns_name_equal
    stc
    je      3f
2:  clc
3:  ret

# Gives the zone its next serial, if it has changed and the update brought none (RFC 2136, 3.6).
# In: EBX answer structure.
# Clobbers: EAX, ECX, EDX.
.global update_count
update_count:
    cmp     dword ptr [update_changed], 0
    je      2f
    cmp     dword ptr [update_serial], 0
    jne     2f
    mov     eax, [ebx + ANSWER_ZONE]

# Gives a zone its next serial.
# In: EAX SOA record.
# Clobbers: EAX, ECX, EDX.
.global dns_serial_next
dns_serial_next:
    call    dns_serial
    mov     edx, [eax]
    bswap   edx
    inc     edx
    jnz     1f
    inc     edx
1:  bswap   edx
    mov     [eax], edx
2:  ret

# Finds the serial of an SOA record: it follows two names.
# In: EAX record.
# Out: EAX where it is.
# Clobbers: ECX, EDX.
dns_serial:
    push    dword ptr [eax + ZONE_DATA]
    mov     eax, [esp]
    call    dns_name_length
    add     [esp], eax
    mov     eax, [esp]
    call    dns_name_length
    pop     edx
    add     eax, edx
    ret
