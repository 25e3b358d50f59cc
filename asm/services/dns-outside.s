# What those outside hear of the cluster's own zone: its addresses are of a net behind a gateway, so they get the one at
# which the cluster is known to be reached. dns_mutex is held.

.include "macros.inc"
.include "dns.inc"

.bss
.balign 4
    # where the cluster is reached from outside; 0: all are told what the zone has
.global dns_outside
dns_outside:            .space 4
outside_record:         .space ZONE_NAME

.text

# Chooses what an asker is told in a record's place. Of several addresses of a name only the first counts.
# In: EBX answer structure, EAX record.
# Out: EAX record, or one that looks like it; CF when there is nothing to be told.
# Clobbers: ECX.
.global outside_view
outside_view:
    cmp     dword ptr [eax + ZONE_TYPE], DNS_A
    jne     .Loutside_view_same
    call    outside_asks
    jc      .Loutside_view_same
    mov     ecx, [eax + ZONE_DATA]
    mov     ecx, [ecx]
    call    outside_private
    jne     .Loutside_view_same
    push    edx
    push    eax
    add     eax, ZONE_NAME
    mov     edx, offset dns_made
    call    dns_name_below
    jc      .Loutside_view_other
    mov     edx, [esp]
    add     edx, ZONE_NAME
    xor     eax, eax
    mov     ecx, DNS_A
    call    dns_record_next
    pop     ecx
    pop     edx
    cmp     eax, ecx
    stc
    jne     9f
    mov     ecx, [eax + ZONE_TTL]
    mov     eax, offset outside_record
    mov     [eax + ZONE_TTL], ecx
    mov     dword ptr [eax + ZONE_TYPE], DNS_A
    mov     dword ptr [eax + ZONE_BYTES], 4
    mov     dword ptr [eax + ZONE_DATA], offset dns_outside
    clc
9:  ret
.Loutside_view_other:
    pop     eax
    pop     edx
.Loutside_view_same:
    clc
    ret

# Whether somebody outside asks, and is told another address.
# In: EBX answer structure.
# Out: CF when not.
# Clobbers: ECX.
.global outside_asks
outside_asks:
    cmp     dword ptr [dns_outside], 1
    jb      9f
    mov     ecx, [ebx + ANSWER_PEER]
    call    outside_private
    clc
    jne     9f
    stc
9:  ret

# Whether an address is one of a net of its own (RFC 1918, RFC 3927, RFC 6598), or of this machine.
# In: ECX address.
# Out: ZF when it is.
# Clobbers: ECX.
.global outside_private
outside_private:
    cmp     cl, 10
    je      9f
    cmp     cl, 127
    je      9f
    cmp     cx, 192 | (168 << 8)
    je      9f
    cmp     cx, 169 | (254 << 8)
    je      9f
    and     ch, 0xF0
    cmp     cx, 172 | (16 << 8)
    je      9f
    and     ch, 0xC0
    cmp     cx, 100 | (64 << 8)
9:  ret
