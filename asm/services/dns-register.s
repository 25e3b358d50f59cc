# What this machine keeps in zones of other servers: its own name (`dns register SERVER ZONE KEY`), and the cluster's
# domain while it speaks for that (asm/wide/parent.s). One task looks what is to be there, has it entered
# (asm/services/dns-enter.s) by leases that it renews, and taken out when it is to be there no longer.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "names.inc"
.include "dns.inc"

TEXT_BYTES              = 256
LOOK_MS                 = 2000          # how often is looked whether something has changed
RENEW_MS                = 500 * REGISTER_SECONDS        # after it was entered
RENEW_LEAST_MS          = 15000         # whatever lease the server gives
PAUSE_MS                = 15000         # after a failure, then twice as long each time,
PAUSE_LONGEST_MS        = 480000        # up to this
GIVE_UP_MS              = 600000        # so long after it was entered it is tried to take it out

.bss
.balign 4
register_task:          .space 4        # 1: there is a task
register_on:            .space 4        # 1: this machine's own name is to be entered
register_own:           .space REGISTER_SIZE
register_cluster:       .space REGISTER_SIZE
register_wish:          .space REGISTER_SIZE    # what is to be there
register_text:          .space TEXT_BYTES

HOOK dns_parent, parent_none            # what is to be entered of the cluster, as wish_own says it

.pushsection .rodata
.balign 4
register_outcomes:
    .long   OUTCOME_NONE, text_none, OUTCOME_SILENT, text_silent, OUTCOME_FORGED, text_forged
    .long   OUTCOME_UNKNOWN, text_unknown, OUTCOME_KEY, text_key, OUTCOME_TIME, text_time
    .long   OUTCOME_UNPROVEN, text_unproven, OUTCOME_WORDS, text_words, OUTCOME_DOMAIN, text_domain
    .long   OUTCOME_ADDRESS, text_address, OUTCOME_NAME, text_name, OUTCOME_OTHER, text_other
    .long   DNS_REFUSED, text_refused, DNS_NOT_AUTHORITATIVE, text_zone, DNS_NOT_IN_ZONE, text_zone, 0
.popsection
STRING text_none, "not yet"
STRING text_silent, "no answer"
STRING text_forged, "the answer is not signed with the key"
STRING text_unknown, "no such server"
STRING text_key, "no such key (dns key NAME SECRET)"
STRING text_time, "its clock differs, and is not what it says"
STRING text_unproven, "waits until a linked cluster has reached this one (cloud public)"
STRING text_words, "dns.parent is to be \"SERVER ZONE KEY\", and may end with \"addresses\""
STRING text_domain, "dns.domain is to be below its zone"
STRING text_address, "needs an address that one member has (cloud address add ADDRESS)"
STRING text_name, "this machine's name is none that the DNS can have (hostname NAME)"
STRING text_other, "another member sees to it"
STRING text_refused, "refused by the server"
STRING text_zone, "not a zone of the server"

.text

# A word of the `dns` command: has this machine registered, or no longer. May sleep.
# In: ESI words, EDI how many.
# Out: CF and EAX error, EDX 0.
.global dns_register
dns_register:
    mov     eax, [esi]
    LOAD_STRING edx, "off"
    call    string_compare
    je      .Ldns_register_off
    cmp     edi, 3
    jne     .Ldns_register_wrong
    mov     eax, [esi + 4]
    mov     edx, offset register_own + REGISTER_ZONE
    call    zone_parse
    jc      .Ldns_register_wrong
    mov     eax, [esi + 8]
    mov     edx, offset register_own + REGISTER_KEY
    call    zone_parse
    jc      .Ldns_register_wrong
    mov     eax, offset register_own + REGISTER_SERVER
    mov     edx, [esi]
    mov     ecx, TEXT_BYTES
    call    string_copy
    xor     eax, eax                    # so that it is another wish
    mov     [register_own + REGISTER_NAME], al
    mov     [register_own + REGISTER_ENTERED], eax
    mov     dword ptr [register_on], 1
    call    dns_register_wake
    mov     edx, 0
    ret
.Ldns_register_off:
    xor     eax, eax
    xor     edx, edx
    mov     [register_own + REGISTER_OUTCOME], eax
    xchg    eax, [register_on]
    cmp     eax, 1                      # CF when it was off
    mov     eax, ERROR_NOT_FOUND
    ret
.Ldns_register_wrong:
    mov     eax, ERROR_INVALID
    xor     edx, edx
    stc
    ret

# There may be something to enter.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global dns_register_wake
dns_register_wake:
    mov     eax, 1
    xchg    eax, [register_task]
    xor     eax, 1
    jz      9f
    mov     eax, offset register_main
    xor     edx, edx
    LOAD_STRING ecx, "dns register"
    call    task_create
    jnc     9f
    mov     dword ptr [register_task], 0
9:  ret

# Says how far all is, one line each.
.global dns_register_show
dns_register_show:
    mov     eax, offset register_own
    call    register_show
    jmp     dns_parent_show

# Says how far what the cluster registers is.
.global dns_parent_show
dns_parent_show:
    mov     eax, offset register_cluster

# Says how far something is, if there is anything to say.
# In: EAX block.
# Clobbers: EAX, ECX, EDX.
register_show:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, [ebx + REGISTER_OUTCOME]
    mov     eax, esi
    or      eax, [ebx + REGISTER_ENTERED]
    jz      .Lregister_show_done
    PRINT   "register"
    cmp     byte ptr [ebx + REGISTER_NAME], 0
    je      .Lregister_show_outcome     # it has not come so far
    lea     eax, [ebx + REGISTER_NAME]
    mov     edx, offset register_text
    call    dns_name_text
    mov     edx, offset register_text
    lea     ecx, [ebx + REGISTER_SERVER]
    PRINTF  " %s at %s", edx, ecx
.Lregister_show_outcome:
    PRINT   ":"
    test    esi, esi
    jz      .Lregister_show_entered
    mov     edx, offset register_outcomes
1:  mov     eax, [edx + 4]
    cmp     [edx], esi
    je      2f
    add     edx, 8
    cmp     dword ptr [edx], 0
    jne     1b
    PRINTF  " failed with code %u", esi
    jmp     3f
2:  PRINTF  " %s", eax
3:  cmp     dword ptr [ebx + REGISTER_ENTERED], 0
    je      .Lregister_show_end
    PRINT   ";"
.Lregister_show_entered:
    call    clock_ms
    sub     eax, [ebx + REGISTER_DONE]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    PRINTF  " entered %u s ago, %I, ", eax, [ebx+REGISTER_SAID]
    mov     eax, [ebx + REGISTER_LEASE]
    test    eax, eax
    jz      4f
    PRINTF  "for %u s", eax
    jmp     .Lregister_show_end
4:  PRINT   "until it is taken out"
.Lregister_show_end:
    PRINT   "\n"
.Lregister_show_done:
    pop     esi
    pop     ebx
    ret

# The task: looks whether something has to be said, until nothing is there, nor is to be.
register_main:
    mov     ebx, offset register_own
    mov     eax, offset wish_own
    call    register_look
    mov     ebx, offset register_cluster
    mov     eax, [dns_parent]
    call    register_look
    mov     eax, [register_own + REGISTER_OUTCOME]
    or      eax, [register_own + REGISTER_ENTERED]
    or      eax, [register_cluster + REGISTER_OUTCOME]
    or      eax, [register_cluster + REGISTER_ENTERED]
    jz      .Lregister_main_end
    mov     eax, LOOK_MS
    call    task_sleep
    jmp     register_main
.Lregister_main_end:
    mov     dword ptr [register_task], 0
    ret

# Without a cluster that has a parent.
# Out: EAX WISH_NONE, ECX 0.
parent_none:
    xor     eax, eax
    xor     ecx, ecx
    ret

# What is to be entered of this machine itself.
# In: EDI block, zeros from REGISTER_NEAR on; EBX the one that is kept.
# Out: EAX WISH_*; the block's REGISTER_NEAR and those after it with WISH_GOOD, else ECX outcome that is told, 0: none.
# Clobbers: EDX, ESI, EDI.
wish_own:
    xor     ecx, ecx
    cmp     [register_on], ecx
    je      .Lwish_own_none
    push    edi
    lea     esi, [ebx + REGISTER_KIND]
    add     edi, REGISTER_KIND
    mov     ecx, (REGISTER_NAME - REGISTER_KIND) / 4
    rep movsd
    pop     edi
    lea     eax, [edi + REGISTER_ZONE]
    mov     edx, offset register_text
    call    dns_name_text
    mov     eax, offset register_text
    mov     ecx, offset hostname
    sub     esp, TEXT_BYTES
    mov     edx, esp
    SNPRINTF edx, TEXT_BYTES, "%s.%s", ecx, eax
    mov     eax, esp
    lea     edx, [edi + REGISTER_NAME]
    call    zone_parse
    lea     esp, [esp + TEXT_BYTES]
    mov     ecx, OUTCOME_NAME
    jc      .Lwish_own_none
    mov     eax, [net_interfaces]
    mov     ecx, OUTCOME_NONE
    test    eax, eax
    jz      .Lwish_own_none
    mov     eax, [eax + NETIF_ADDRESS]
    test    eax, eax
    jz      .Lwish_own_none
    mov     [edi + REGISTER_NEAR], eax
    mov     [edi + REGISTER_FAR], eax
    mov     eax, WISH_GOOD
    ret
.Lwish_own_none:
    xor     eax, eax                    # WISH_NONE
    ret

# Looks whether something is due, and does it. May sleep, seconds.
# In: EBX block, EAX routine that says what is to be there.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
register_look:
    push    eax
    mov     edi, offset register_wish
    mov     ecx, REGISTER_SIZE / 4
    xor     eax, eax
    rep stosd
    pop     eax
    mov     edi, offset register_wish
    call    eax
    cmp     eax, WISH_GOOD
    je      .Lregister_look_good
    mov     [ebx + REGISTER_OUTCOME], ecx
    cmp     eax, WISH_OTHER
    jne     register_drop
    mov     dword ptr [ebx + REGISTER_ENTERED], 0
    mov     byte ptr [ebx + REGISTER_NAME], 0   # who comes back looks anew
    ret
.Lregister_look_good:
    mov     eax, [register_wish + REGISTER_NEAR]
    mov     [ebx + REGISTER_NEAR], eax
    mov     eax, [register_wish + REGISTER_FAR]
    mov     [ebx + REGISTER_FAR], eax
    lea     eax, [ebx + REGISTER_KIND]
    mov     edx, offset register_wish + REGISTER_KIND
    mov     ecx, REGISTER_SIZE - REGISTER_KIND
    call    mem_compare
    je      register_renew
    cmp     dword ptr [ebx + REGISTER_ENTERED], 0
    je      1f
    call    register_remove             # once: what is left of it ends with its lease
1:  lea     edi, [ebx + REGISTER_KIND]
    mov     esi, offset register_wish + REGISTER_KIND
    mov     ecx, (REGISTER_SIZE - REGISTER_KIND) / 4
    rep movsd
    xor     eax, eax
    mov     [ebx + REGISTER_ENTERED], eax
    mov     [ebx + REGISTER_AHEAD], eax
    mov     [ebx + REGISTER_SAID], eax
    mov     [ebx + REGISTER_TO], eax
    dec     eax
    mov     [ebx + REGISTER_OUTCOME], eax       # OUTCOME_NONE
    call    clock_ms
    mov     [ebx + REGISTER_DUE], eax
    mov     dword ptr [ebx + REGISTER_PAUSE], PAUSE_MS

# Enters what is to be there, if it is time for that, or there is another address. May sleep, seconds.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
register_renew:
    call    register_is_due
    jnc     1f
    cmp     dword ptr [ebx + REGISTER_TO], 0
    je      .Lregister_renew_done
    jmp     .Lregister_renew_told
1:  lea     eax, [ebx + REGISTER_SERVER]
    call    resolve_text
    mov     ecx, OUTCOME_UNKNOWN
    jc      .Lregister_renew_failed
    cmp     byte ptr [edx], 0
    jne     .Lregister_renew_failed     # something follows the name
    mov     [ebx + REGISTER_TO], eax
.Lregister_renew_told:
    call    register_choose             # EDI: address
    test    edi, edi
    jz      .Lregister_renew_unproven
    mov     esi, ENTER_IN
    cmp     edi, [ebx + REGISTER_SAID]
    jne     .Lregister_renew_enter
    call    register_is_due
    jc      .Lregister_renew_done
    cmp     dword ptr [ebx + REGISTER_OUTCOME], 0
    jne     .Lregister_renew_enter
    mov     esi, ENTER_AGAIN            # the zone does not change by that
.Lregister_renew_enter:
    mov     [ebx + REGISTER_SAID], edi
    mov     eax, esi
    call    register_enter              # EAX: outcome
    mov     [ebx + REGISTER_OUTCOME], eax
    mov     ecx, eax
    test    eax, eax
    jnz     .Lregister_renew_failed
    mov     dword ptr [ebx + REGISTER_ENTERED], 1
    mov     dword ptr [ebx + REGISTER_PAUSE], PAUSE_MS
    mov     ecx, [ebx + REGISTER_LEASE]
    imul    ecx, ecx, 500
    lea     eax, [ecx - 1]
    cmp     eax, RENEW_MS
    jb      2f
    mov     ecx, RENEW_MS               # half of the lease that is asked for, or no lease
2:  cmp     ecx, RENEW_LEAST_MS
    jae     3f
    mov     ecx, RENEW_LEAST_MS
3:  call    clock_ms
    mov     [ebx + REGISTER_DONE], eax
    add     eax, ecx
    mov     [ebx + REGISTER_DUE], eax
.Lregister_renew_done:
    ret
.Lregister_renew_unproven:
    mov     dword ptr [ebx + REGISTER_OUTCOME], OUTCOME_UNPROVEN
    cmp     dword ptr [ebx + REGISTER_ENTERED], 0
    je      .Lregister_renew_done
    call    clock_ms                    # a moment without a proof is no reason to be gone
    sub     eax, [ebx + REGISTER_DONE]
    cmp     eax, 1000 * REGISTER_SECONDS
    jb      .Lregister_renew_done
    jmp     register_drop
.Lregister_renew_failed:
    mov     [ebx + REGISTER_OUTCOME], ecx

# Waits for longer after each failure.
# In: EBX block.
# Clobbers: EAX, ECX.
register_fail:
    call    clock_ms
    mov     ecx, [ebx + REGISTER_PAUSE]
    add     eax, ecx
    mov     [ebx + REGISTER_DUE], eax
    add     ecx, ecx
    cmp     ecx, PAUSE_LONGEST_MS
    ja      1f
    mov     [ebx + REGISTER_PAUSE], ecx
1:  ret

# Whether the next try is due.
# In: EBX block.
# Out: CF when it is not.
# Clobbers: EAX.
register_is_due:
    call    clock_ms
    sub     eax, [ebx + REGISTER_DUE]
    add     eax, eax                    # the sign
    ret

# Chooses what the server is told: what it reaches on its own link, or else what was proven.
# In: EBX block.
# Out: EDI address, or 0.
# Clobbers: EAX, EDX.
register_choose:
    mov     eax, [ebx + REGISTER_TO]
    xor     edx, edx
    call    route_find
    mov     edi, [ebx + REGISTER_FAR]
    jc      1f
    cmp     edx, [ebx + REGISTER_TO]
    jne     1f
    mov     edi, [ebx + REGISTER_NEAR]
1:  ret

# Takes out what was entered, if anything was, and it is time for that. May sleep, seconds.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
register_drop:
    cmp     dword ptr [ebx + REGISTER_ENTERED], 0
    je      8f
    call    clock_ms
    sub     eax, [ebx + REGISTER_DONE]
    cmp     eax, GIVE_UP_MS
    ja      7f
    cmp     dword ptr [ebx + REGISTER_PAUSE], PAUSE_MS
    je      1f                          # the first try
    call    register_is_due
    jc      9f
1:  call    register_remove
    test    eax, eax
    jnz     register_fail
7:  mov     dword ptr [ebx + REGISTER_ENTERED], 0
8:  mov     byte ptr [ebx + REGISTER_NAME], 0
9:  ret

# Takes out what was entered. May sleep, seconds.
# In: EBX block.
# Out: EAX outcome.
# Clobbers: ECX, EDX, ESI, EDI, EBP.
register_remove:
    mov     eax, ENTER_OUT
    jmp     register_enter
