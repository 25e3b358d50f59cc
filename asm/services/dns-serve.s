# What the DNS server does with each message: its signature is checked, the operation done, the answer signed.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "dns.inc"

.text

# Answers a message in place. May sleep.
# In: EBX answer structure with ANSWER_PEER, ESI message, ECX its bytes, EDX bytes that fit there, EDI 1 when it came by
# TCP.
# Out: EAX bytes of the answer, 0 when none is due, ANSWER_FORWARD when it is not ours to answer, ANSWER_TRANSFER: then
# EDX is a block of memory with messages, each after its length, and an empty one (asm/services/dns-transfer.s).
.global dns_serve
dns_serve:
    push    esi
    push    ebp
    mov     ebp, edx
    push    ecx
    mov     eax, offset dns_mutex
    call    mutex_lock
    pop     ecx
    mov     [ebx + ANSWER_BASE], esi
    mov     [ebx + ANSWER_TCP], edi
    mov     dword ptr [ebx + ANSWER_RESERVE], 0
    mov     dword ptr [ebx + SIGN_STATE], SIGN_NONE
    cmp     ecx, DNS_HEADER_SIZE
    jb      .Ldns_serve_answer
    test    byte ptr [esi + DNS_FLAGS], DNS_RESPONSE
    jnz     .Ldns_serve_answer
    call    dns_lease_end
    call    tsig_take
    test    edx, edx
    jnz     .Ldns_serve_code
    mov     al, [esi + DNS_FLAGS]
    and     al, DNS_OPCODE
    cmp     al, DNS_UPDATE
    jne     .Ldns_serve_answer
    call    dns_update
    call    dns_serve_code
    test    edx, edx
    jnz     .Ldns_serve_sign
    call    dns_lease_tell
    jmp     .Ldns_serve_sign
.Ldns_serve_code:
    call    dns_serve_code
    jmp     .Ldns_serve_sign
.Ldns_serve_answer:
    mov     edx, ebp
    call    dns_answer
    xor     edx, edx
    cmp     eax, ANSWER_TRANSFER
    je      .Ldns_serve_transfer
    cmp     eax, ANSWER_FORWARD
    jne     .Ldns_serve_sign
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_NONE
    je      .Ldns_serve_done
    mov     edx, DNS_REFUSED            # nobody else has the key
.Ldns_serve_refuse:
    call    dns_answer_code
.Ldns_serve_sign:
    test    eax, eax
    jz      .Ldns_serve_done
    call    tsig_sign
    jmp     .Ldns_serve_done
.Ldns_serve_transfer:
    call    dns_transfer
    mov     edx, DNS_SERVER_FAILURE
    jc      .Ldns_serve_refuse
    mov     edx, eax
    mov     eax, ANSWER_TRANSFER
.Ldns_serve_done:
    push    eax
    push    edx
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     edx
    pop     eax
    pop     ebp
    pop     esi
    ret

# Makes a message an answer that is nothing but a code.
# In: ESI message, EDX code.
# Out: EAX bytes.
dns_serve_code:
    and     byte ptr [esi + DNS_FLAGS], DNS_OPCODE | DNS_RECURSE
    or      byte ptr [esi + DNS_FLAGS], DNS_RESPONSE
    mov     [esi + DNS_FLAGS + 1], dl
    xor     eax, eax
    mov     [esi + DNS_QUESTIONS], eax
    mov     [esi + DNS_AUTHORITIES], eax
    mov     eax, DNS_HEADER_SIZE
    ret
