# Service addresses whose lease is over. See holder.s and docs/protocols/cluster.md.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

CHECK_MS                = 20            # waits for somebody else who has the address
CHECKS                  = 2

# What is noted of a service.
CHECKED_RECORD          = 0             # its record, 0 when it is not checked
CHECKED_CONFLICTS       = 4             # SECONDARY_CONFLICTS of that at the beginning
CHECKED_SIZE            = 8

.bss
.balign 4
checked:                .space SERVICES * CHECKED_SIZE

.text

# This node stood still, or was too busy to say that it holds: asks whether somebody else holds by now what is lapsed,
# before anything is sent from it. It asks for all of that at once: one after the other, the lease of the first would be
# over again before the last is checked. The mutex is not held. May sleep.
.global lapsed_check
lapsed_check:
    push    esi
    push    edi
    push    ebp
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    holder_stamp
    mov     esi, offset services
    mov     edi, offset checked
.Llapsed_check_note:
    xor     eax, eax
    mov     ecx, [esi + SERVICE_RECORD]
    test    ecx, ecx
    jz      .Llapsed_check_noted
    call    secondary_lapsed
    jnc     .Llapsed_check_noted
    mov     eax, [ecx + SECONDARY_CONFLICTS]
    mov     [edi + CHECKED_CONFLICTS], eax
    mov     eax, ecx
.Llapsed_check_noted:
    mov     [edi + CHECKED_RECORD], eax
    add     edi, CHECKED_SIZE
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      .Llapsed_check_note
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     ebp, CHECKS
.Llapsed_check_ask:
    mov     esi, offset services
    mov     edi, offset checked
.Llapsed_check_ask_next:
    cmp     dword ptr [edi + CHECKED_RECORD], 0
    je      .Llapsed_check_asked
    mov     eax, [cluster_netif]
    mov     edx, [esi + SERVICE_ADDRESS]
    xor     ecx, ecx
    call    arp_request
.Llapsed_check_asked:
    add     edi, CHECKED_SIZE
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      .Llapsed_check_ask_next
    mov     eax, CHECK_MS
    call    task_sleep
    dec     ebp
    jnz     .Llapsed_check_ask
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     esi, offset services
    mov     edi, offset checked
.Llapsed_check_next:
    mov     eax, [edi + CHECKED_RECORD]
    test    eax, eax
    jz      .Llapsed_check_other
    cmp     [esi + SERVICE_RECORD], eax # the other may have been heard, or the address was removed
    jne     .Llapsed_check_other
    mov     ecx, [edi + CHECKED_CONFLICTS]
    cmp     [eax + SECONDARY_CONFLICTS], ecx
    jne     .Llapsed_check_taken
    call    holder_lend
    call    clock_ms
    mov     [hold_at], eax
    jmp     .Llapsed_check_other
.Llapsed_check_taken:
    call    holder_drop
.Llapsed_check_other:
    add     edi, CHECKED_SIZE
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      .Llapsed_check_next
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    pop     ebp
    pop     edi
    pop     esi
    ret
