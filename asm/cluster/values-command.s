# `cloud set` and `cloud get`: the values that the cluster keeps together.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

WAIT_MS                 = 6000          # longer than a proposal takes

.text

# Gives a name a value for the whole cluster, or takes it away, and says why if that does not count. The mutex is not
# held. May sleep, seconds.
# In: EAX name, EDX value or 0.
# Out: EAX status.
.global values_put
values_put:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    cloud_lock
    mov     eax, ebx
    mov     edx, esi
    call    proposal_begin
    sbb     esi, esi
    call    cloud_unlock_keep
    test    esi, esi
    jnz     .Lvalues_put_refused
    mov     eax, offset proposal_event
    mov     edx, WAIT_MS
    call    event_wait
    cmp     dword ptr [proposal_result], 1
    jne     .Lvalues_put_few
    call    keep_flush                  # the prompt says that it is on this disk too
    xor     eax, eax
    jmp     .Lvalues_put_done
.Lvalues_put_refused:
    call    error_text
    PRINTF  "cluster: %s cannot be changed: %s\n", ebx, eax
    jmp     .Lvalues_put_failed
.Lvalues_put_few:
    PRINTF  "cluster: %s is not changed, or not yet: of the %u members that agreed last %u answer\n", ebx, [proposal_asked], [proposal_answers]
.Lvalues_put_failed:
    mov     eax, 1
.Lvalues_put_done:
    pop     esi
    pop     ebx
    ret

# Gives a name a value: cloud set NAME VALUE. Without a value it takes the name away.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_set
cloud_set:
    push    ebx
    push    esi
    dec     eax
    cmp     eax, 1
    ja      .Lcloud_set_usage
    mov     ebx, [edx]
    mov     esi, 0
    jb      1f
    mov     esi, [edx + 4]
1:  call    cloud_lock
    mov     eax, ebx
    mov     edx, esi
    call    names_value_good
    sbb     ecx, ecx
    call    cloud_unlock_keep
    jecxz   3f
    PRINTF  "cluster: %s: expected %s\n", ebx, eax
    mov     eax, 1
    jmp     .Lcloud_set_done
3:  mov     eax, ebx
    mov     edx, esi
    call    values_put
    test    eax, eax
    jnz     .Lcloud_set_done
    LOAD_STRING ecx, "is set"
    test    esi, esi
    jnz     2f
    LOAD_STRING ecx, "is gone"
2:  PRINTF  "%s %s.\n", ebx, ecx
    jmp     .Lcloud_set_done
.Lcloud_set_usage:
    mov     eax, CLOUD_MISUSED
.Lcloud_set_done:
    pop     esi
    pop     ebx
    ret

# Shows the value of a name: cloud get NAME. Without a name it shows all, and who agrees on the next.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_get
cloud_get:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    cmp     ebx, 1
    ja      .Lcloud_get_usage
    call    cloud_lock
    test    ebx, ebx
    jz      .Lcloud_get_all
    mov     eax, [esi]
    mov     edx, offset values
    call    values_find
    jc      .Lcloud_get_unknown
    mov     dl, 0
    call    string_find
    inc     eax
    PRINTF  "%s\n", eax
    jmp     .Lcloud_get_good
.Lcloud_get_all:
    mov     esi, offset values + VALUES_TEXT
    mov     edi, esi
    add     edi, [values + VALUES_RECORD + RECORD_BYTES]
.Lcloud_get_value:
    cmp     esi, edi
    jae     .Lcloud_get_voters
    cmp     byte ptr [esi], 0
    je      .Lcloud_get_voters
    PRINTF  "%s ", esi
    mov     eax, esi
    mov     dl, 0
    call    string_find
    inc     eax
    PRINTF  "%s\n", eax
    call    values_skip
    jmp     .Lcloud_get_value
.Lcloud_get_voters:
    cmp     dword ptr [values + VALUES_NUMBER], 0
    jne     .Lcloud_get_agreed
    PRINT   "Nothing has been set (cloud set NAME VALUE).\n"
    jmp     .Lcloud_get_good
.Lcloud_get_agreed:
    mov     ecx, [values + VALUES_VOTERS + REGION_VOTERS]
    PRINTF  "change %u; the next is agreed on by a majority of %u members:", [values+VALUES_NUMBER], ecx
    mov     esi, offset values + VALUES_VOTERS + REGION_IDS
    mov     edi, ecx
.Lcloud_get_voter:
    sub     edi, 1
    jb      .Lcloud_get_end
    call    voter_print
    add     esi, NODE_ID_SIZE
    jmp     .Lcloud_get_voter
.Lcloud_get_end:
    PRINT   "\n"
.Lcloud_get_good:
    call    cloud_unlock
    xor     eax, eax
    jmp     .Lcloud_get_done
.Lcloud_get_unknown:
    call    cloud_unlock
    mov     eax, [esi]
    PRINTF  "cluster: there is no value %s\n", eax
    jmp     .Lcloud_get_failed
.Lcloud_get_usage:
    mov     eax, CLOUD_MISUSED
    jmp     .Lcloud_get_done
.Lcloud_get_failed:
    mov     eax, 1
.Lcloud_get_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints a member by its name, or by its id when it is not known.
# In: ESI id.
# Clobbers: EAX, ECX, EDX.
.global voter_print
voter_print:
    mov     eax, esi
    mov     edx, offset node + NODE_ID
    call    session_same                # ids have the size of sessions
    mov     ecx, offset hostname
    je      1f
    call    peer_known
    lea     ecx, [eax + PEER_NAME]
    jc      2f
1:  PRINTF  " %s", ecx
    ret
2:  mov     eax, [esi]
    bswap   eax
    mov     edx, [esi + 4]
    bswap   edx
    PRINTF  " %08x%08x", eax, edx
    ret
