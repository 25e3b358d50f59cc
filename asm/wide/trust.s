# Which linked clusters this one trusts for upgrades: the value `upgrade.from` has their identities, 16 hexadecimal
# digits each, as `cloud link list` shows them. A name alone is not trusted: it may be another cluster's by and by.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

IDENTITY                = 16            # digits

# Locals of trust_set, relative to EBP.
SET_IDENTITY            = -20           # text
SET_TEXT                = SET_IDENTITY - VALUE_SIZE
SET_LOCALS              = -SET_TEXT

STRING value_from, "upgrade.from"
STRING trust_what, "upgrade"

.text

# Writes the identity of a link.
# In: EBX link, EDI IDENTITY + 1 bytes.
# Clobbers: EAX, ECX, EDX.
trust_identity:
    mov     eax, [ebx + LINK_PUBLIC]
    bswap   eax
    mov     edx, [ebx + LINK_PUBLIC + 4]
    bswap   edx
    SNPRINTF edi, IDENTITY + 1, "%08x%08x", eax, edx
    ret

# Whether a link is trusted for upgrades. The mutex is held.
# In: EBX link.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
.global link_trusted
link_trusted:
    push    esi
    push    edi
    sub     esp, IDENTITY + 4
    mov     edi, esp
    call    trust_identity
    mov     eax, offset value_from
    call    value_text
    jc      2f
1:  mov     esi, eax
    mov     edx, edi
    call    string_prefix
    je      2f                          # CF is clear
    mov     eax, esi
    mov     dl, ' '
    call    string_find
    inc     eax                         # CF stays
    jnc     1b
2:  lea     esp, [esp + IDENTITY + 4]
    pop     edi
    pop     esi
    ret

# Says that a linked cluster is trusted for upgrades, or that it is not. The mutex is not held. May sleep, seconds.
# In: ESI name of the link, EDX 1 or 0.
# Out: EAX status.
# Clobbers: EBX, ECX, EDX, EDI.
trust_set:
    push    edx
    FRAME   SET_LOCALS
    call    cloud_lock
    mov     eax, esi
    call    link_named
    jc      .Ltrust_set_none
    push    esi
    lea     edi, [ebp + SET_IDENTITY]
    call    trust_identity
    lea     edi, [ebp + SET_TEXT]
    mov     eax, offset value_from
    call    value_text
    jc      .Ltrust_set_end
    mov     esi, eax
.Ltrust_set_word:                       # the others stay
    mov     eax, esi
    lea     edx, [ebp + SET_IDENTITY]
    call    string_prefix
    jne     1f
    mov     esi, eax
    cmp     byte ptr [esi], ' '
    jne     1f
    inc     esi
1:  lodsb
    test    al, al
    jz      .Ltrust_set_end
    stosb
    cmp     al, ' '
    jne     1b
    jmp     .Ltrust_set_word
.Ltrust_set_end:
    call    cloud_unlock
    pop     esi
    lea     eax, [ebp + SET_TEXT]
    cmp     edi, eax
    je      2f
    cmp     byte ptr [edi - 1], ' '
    jne     2f
    dec     edi
2:  mov     byte ptr [edi], 0
    cmp     dword ptr [ebp + 4], 0
    je      .Ltrust_set_put
    lea     ecx, [ebp + SET_TEXT + VALUE_SIZE - IDENTITY - 2]
    cmp     edi, ecx
    ja      .Ltrust_set_full
    cmp     edi, eax
    je      3f
    mov     byte ptr [edi], ' '
    inc     edi
3:  mov     eax, edi
    lea     edx, [ebp + SET_IDENTITY]
    mov     ecx, IDENTITY + 1
    call    string_copy
.Ltrust_set_put:
    lea     edx, [ebp + SET_TEXT]
    cmp     byte ptr [edx], 0
    jne     4f
    xor     edx, edx
4:  mov     eax, offset value_from
    call    values_put
    jmp     .Ltrust_set_done
.Ltrust_set_none:
    call    cloud_unlock
    PRINTF  "cluster: there is no link %s (cloud link list)\n", esi
    jmp     .Ltrust_set_failed
.Ltrust_set_full:
    PRINT   "cluster: no more clusters can be trusted: cloud link distrust NAME\n"
.Ltrust_set_failed:
    mov     eax, 1
.Ltrust_set_done:
    ENDFRAME
    pop     edx
    ret

# Trusts a linked cluster for upgrades: cloud link trust NAME upgrade.
# In: ESI words.
# Out: EAX status.
.global link_trust
link_trust:
    mov     eax, [esi + 8]
    mov     edx, offset trust_what
    call    string_compare
    mov     eax, CLOUD_MISUSED
    jne     9f
    mov     esi, [esi + 4]
    mov     edx, 1
    call    trust_set
    test    eax, eax
    jnz     9f
    PRINTF  "What %s publishes comes here by itself, if a key that is trusted here has signed it.\n", esi
9:  ret

# Trusts a linked cluster no more: cloud link distrust NAME.
# In: ESI words.
# Out: EAX status.
.global link_distrust
link_distrust:
    mov     esi, [esi + 4]

# A link is to be removed: whoever is linked so later is another one.
# In: ESI its name.
# Out: EAX status.
.global trust_end
trust_end:
    xor     edx, edx
    jmp     trust_set
