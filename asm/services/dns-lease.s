# Leases of records (RFC 9664): an update may say for how many seconds what it enters is to be there. Who goes without a
# word is forgotten then; who goes on renews what is his.

.include "macros.inc"
.include "dns.inc"

LEASE_LEAST             = 30            # seconds
LEASE_MOST              = 86400

.bss
.balign 4
lease_next:             .space 4        # clock_ms at which the next record goes, 0: none does

.text

# Finds the lease that a message names, in an OPT record among its additional ones.
# In: ESI message, ECX its bytes, without a signature.
# Out: EAX seconds, LEASE_LEAST to LEASE_MOST; 0: none is named.
# Clobbers: ECX, EDX.
.global dns_lease_find
dns_lease_find:
    push    esi
    push    edi
    push    ebx
    lea     edx, [esi + ecx]            # EDX: after the message
    lea     edi, [esi + DNS_HEADER_SIZE]
    movzx   ebx, word ptr [esi + DNS_QUESTIONS]
    xchg    bl, bh                      # EBX: questions
.Ldns_lease_find_question:
    sub     ebx, 1
    jb      .Ldns_lease_find_record
    call    dns_name_skip
    jc      .Ldns_lease_find_none
    add     edi, 4
    jmp     .Ldns_lease_find_question
.Ldns_lease_find_record:
    call    dns_name_skip
    jc      .Ldns_lease_find_none       # all were looked at, or it is malformed
    lea     esi, [edi + RECORD_DATA]
    cmp     esi, edx
    ja      .Ldns_lease_find_none
    movzx   ecx, word ptr [edi + RECORD_LENGTH]
    xchg    cl, ch
    lea     ebx, [esi + ecx]
    cmp     ebx, edx
    ja      .Ldns_lease_find_none
    cmp     word ptr [edi + RECORD_TYPE], DNS_OPT << 8
    mov     edi, ebx
    jne     .Ldns_lease_find_record
.Ldns_lease_find_option:
    lea     eax, [esi + 8]
    cmp     eax, edi
    ja      .Ldns_lease_find_none
    movzx   ecx, word ptr [esi + 2]
    xchg    cl, ch
    cmp     word ptr [esi], DNS_LEASE << 8
    je      .Ldns_lease_find_here
    lea     esi, [esi + ecx + 4]
    jmp     .Ldns_lease_find_option
.Ldns_lease_find_here:
    cmp     ecx, 4                      # another one may follow, of keys
    jb      .Ldns_lease_find_none
    mov     eax, [esi + 4]
    bswap   eax
    mov     ecx, LEASE_LEAST
    cmp     eax, ecx
    jb      1f
    mov     ecx, LEASE_MOST
    cmp     eax, ecx
    jbe     2f
1:  mov     eax, ecx
2:  pop     ebx
    pop     edi
    pop     esi
    ret
.Ldns_lease_find_none:
    xor     eax, eax
    jmp     2b

# Gives a record a lease, or none. dns_mutex is held.
# In: EAX record, ECX seconds, 0: it stays.
# Clobbers: ECX.
.global dns_lease_give
dns_lease_give:
    mov     dword ptr [eax + ZONE_LEASE], 0
    jecxz   9f
    push    edx
    push    eax
    imul    ecx, ecx, 1000
    call    clock_ms
    add     ecx, eax
    or      ecx, 1                      # never 0
    pop     eax
    mov     [eax + ZONE_LEASE], ecx
    call    lease_is_next
    pop     edx
9:  ret

# Takes away what was not renewed. dns_mutex is held.
# Clobbers: EAX, EDX.
.global dns_lease_end
dns_lease_end:
    cmp     dword ptr [lease_next], 0
    je      1f
    call    clock_ms
    sub     eax, [lease_next]
    jns     .Ldns_lease_end_due
1:  ret
.Ldns_lease_end_due:
    push    ecx
    push    ebx
    mov     dword ptr [lease_next], 0
    mov     ebx, [dns_records]
.Ldns_lease_end_record:
    test    ebx, ebx
    jz      .Ldns_lease_end_done
    mov     ecx, [ebx + ZONE_LEASE]
    jecxz   .Ldns_lease_end_next
    call    clock_ms
    sub     eax, ecx
    jns     .Ldns_lease_end_over
    call    lease_is_next
.Ldns_lease_end_next:
    mov     ebx, [ebx + ZONE_NEXT]
    jmp     .Ldns_lease_end_record
.Ldns_lease_end_over:
    lea     eax, [ebx + ZONE_NAME]
    call    dns_zone_of
    jc      2f
    call    dns_serial_next
2:  mov     eax, ebx
    mov     ebx, [ebx + ZONE_NEXT]
    call    dns_record_drop
    jmp     .Ldns_lease_end_record
.Ldns_lease_end_done:
    pop     ebx
    pop     ecx
    ret

# Notes when the next record goes.
# In: ECX clock_ms at which one does.
# Clobbers: EDX.
lease_is_next:
    cmp     dword ptr [lease_next], 0
    je      1f
    mov     edx, ecx
    sub     edx, [lease_next]
    jns     2f
1:  mov     [lease_next], ecx
2:  ret

# Adds the lease to the answer to an update.
# In: ESI message, EAX its bytes.
# Out: EAX bytes.
# Clobbers: ECX, EDX.
.global dns_lease_tell
dns_lease_tell:
    mov     ecx, [update_lease]
    jecxz   9f
    push    edi
    mov     byte ptr [esi + DNS_ADDITIONALS + 1], 1
    lea     edi, [esi + eax]
    call    dns_lease_put
    mov     eax, edi
    sub     eax, esi
    pop     edi
9:  ret

# Writes an OPT record that names a lease.
# In: EDI where it goes, ECX seconds.
# Out: EDI after it.
# Clobbers: EAX.
.global dns_lease_put
dns_lease_put:
    xor     eax, eax
    stosb                               # the root
    mov     eax, (DNS_OPT << 8) | ((DNS_UDP_MAXIMUM >> 8) << 16) | ((DNS_UDP_MAXIMUM & 255) << 24)
    stosd
    xor     eax, eax
    stosd
    mov     eax, (8 << 8) | (DNS_LEASE << 24)
    stosd
    mov     ax, 4 << 8
    stosw
    mov     eax, ecx
    bswap   eax
    stosd
    ret
