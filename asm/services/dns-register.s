# This machine's name in another server's zone (`dns register SERVER ZONE KEY`): its address is entered by UPDATE (RFC
# 2136), signed with a key of `dns key`, whenever the address or the name has changed, and from time to time. The answer
# counts only when it is signed too.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "names.inc"
.include "dns.inc"

TEXT_BYTES              = 256
LOOK_MS                 = 2000          # how often is looked whether something has changed
AGAIN_MS                = 600000        # after an update that was made
RETRY_MS                = 60000         # after one that was not
TRIES                   = 3
FIRST_MS                = 1000          # so long is waited for an answer at first, then twice as long each time
RECORD_SECONDS          = 300

OUTCOME_NONE            = -1            # nothing was tried yet
OUTCOME_SILENT          = -2
OUTCOME_FORGED          = -3            # the answer was not signed with the key
OUTCOME_UNKNOWN         = -4            # no such server
OUTCOME_KEY             = -5            # no such key

.bss
.balign 4
register_on:            .space 4        # 1: the task is to work
register_task:          .space 4        # 1: there is a task
register_outcome:       .space 4        # code of the last answer, or OUTCOME_*
register_address:       .space 4        # what was entered last
register_at:            .space 4        # clock_ms of the next update when nothing changes
register_id:            .space 4
register_to:            .space 4
register_socket:        .space 4
register_failure:       .space 4        # what it is when no good answer comes
register_server:        .space TEXT_BYTES
register_zone:          .space TEXT_BYTES       # as on the wire
register_key:           .space TEXT_BYTES       # as on the wire
register_name:          .space TEXT_BYTES       # as on the wire: what is entered
register_before:        .space TEXT_BYTES       # what was entered last
register_text:          .space TEXT_BYTES
register_sign:          .space ANSWER_SIZE
register_message:       .space DNS_UDP_MAXIMUM

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
    mov     edx, offset register_zone
    call    zone_parse
    jc      .Ldns_register_wrong
    mov     eax, [esi + 8]
    mov     edx, offset register_key
    call    zone_parse
    jc      .Ldns_register_wrong
    mov     eax, offset register_server
    mov     edx, [esi]
    mov     ecx, TEXT_BYTES
    call    string_copy
    mov     dword ptr [register_outcome], OUTCOME_NONE
    mov     dword ptr [register_address], 0
    mov     dword ptr [register_on], 1
    xor     eax, eax
    xor     edx, edx
    cmp     dword ptr [register_task], 0
    jne     .Ldns_register_done
    mov     eax, offset register_main
    LOAD_STRING ecx, "dns register"
    call    task_create
    mov     edx, 0
    jc      .Ldns_register_done
    mov     dword ptr [register_task], 1
    clc
.Ldns_register_done:
    ret
.Ldns_register_off:
    xor     eax, eax
    xor     edx, edx
    xchg    eax, [register_on]
    cmp     eax, 1                      # CF when it was off
    mov     eax, ERROR_NOT_FOUND
    ret
.Ldns_register_wrong:
    mov     eax, ERROR_INVALID
    xor     edx, edx
    stc
    ret

# Says how far it is, if it is on.
.global dns_register_show
dns_register_show:
    cmp     dword ptr [register_on], 0
    je      9f
    push    ebx
    mov     eax, offset register_name
    mov     edx, offset register_text
    call    dns_name_text
    mov     ebx, [register_outcome]
    mov     edx, offset register_outcomes
1:  mov     eax, [edx + 4]
    cmp     [edx], ebx
    je      2f
    add     edx, 8
    cmp     dword ptr [edx], 0
    jne     1b
    LOAD_STRING eax, "entered"
    test    ebx, ebx
    jz      2f
    LOAD_STRING eax, "refused by the server"
2:  mov     edx, offset register_text
    mov     ecx, offset register_server
    PRINTF  "register %s at %s: %s\n", edx, ecx, eax
    pop     ebx
9:  ret

.pushsection .rodata
.balign 4
register_outcomes:
    .long   OUTCOME_NONE, text_none, OUTCOME_SILENT, text_silent, OUTCOME_FORGED, text_forged
    .long   OUTCOME_UNKNOWN, text_unknown, OUTCOME_KEY, text_key, 0
.popsection
STRING text_none, "not yet"
STRING text_silent, "no answer"
STRING text_forged, "the answer is not signed with the key"
STRING text_unknown, "no such server"
STRING text_key, "no such key"

# The task: looks whether something has to be said, until it is switched off.
register_main:
    cmp     dword ptr [register_on], 0
    je      .Lregister_main_end
    call    register_due
    jc      .Lregister_main_wait
    call    register_update
    mov     [register_outcome], eax
    mov     ebx, AGAIN_MS
    test    eax, eax
    jz      1f
    mov     ebx, RETRY_MS
1:  call    clock_ms
    add     eax, ebx
    mov     [register_at], eax
.Lregister_main_wait:
    mov     eax, LOOK_MS
    call    task_sleep
    jmp     register_main
.Lregister_main_end:
    mov     dword ptr [register_task], 0
    ret

# Looks whether an update is due: the address or the name is new, or the time has come.
# Out: CF when none is; register_name, register_address.
# Clobbers: ESI, EDI.
register_due:
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      .Lregister_due_none
    mov     edi, [eax + NETIF_ADDRESS]
    test    edi, edi
    jz      .Lregister_due_none
    mov     eax, offset register_zone
    mov     edx, offset register_text
    call    dns_name_text
    mov     eax, offset register_text
    mov     ecx, offset hostname
    mov     edx, offset register_message
    SNPRINTF edx, TEXT_BYTES, "%s.%s", ecx, eax
    mov     eax, offset register_message
    mov     edx, offset register_name
    call    zone_parse
    jc      .Lregister_due_done         # a name that the DNS cannot have
    mov     eax, offset register_name
    mov     edx, offset register_before
    call    dns_name_equal
    jne     1f
    cmp     edi, [register_address]
    jne     1f
    call    clock_ms
    sub     eax, [register_at]
    js      .Lregister_due_none
1:  mov     [register_address], edi
    mov     esi, offset register_name
    mov     edi, offset register_before
    mov     ecx, TEXT_BYTES / 4
    rep movsd
    clc
    ret
.Lregister_due_none:
    stc
.Lregister_due_done:
    ret

# Sends the update, and again, until it is answered.
# Out: EAX code, or OUTCOME_*.
# Clobbers: EBX, ESI, EDI, EBP.
register_update:
    mov     eax, offset register_server
    call    resolve_text
    mov     ecx, OUTCOME_UNKNOWN
    jc      .Lregister_update_done
    mov     [register_to], eax
    xor     eax, eax
    call    udp_open
    mov     ecx, OUTCOME_SILENT
    jc      .Lregister_update_done
    mov     [register_socket], eax
    call    register_compose            # EDI: bytes
    mov     ebp, OUTCOME_KEY
    jc      .Lregister_update_close
    mov     dword ptr [register_failure], OUTCOME_SILENT
    push    FIRST_MS << (TRIES - 1)     # [esp]: the longest wait
    mov     esi, FIRST_MS
.Lregister_update_send:
    push    esi
    push    edi
    mov     eax, [register_socket]
    mov     edx, [register_to]
    mov     ecx, DNS_PORT
    mov     esi, offset register_message
    call    udp_send
    call    clock_ms
    mov     ebp, [esp + 4]
    add     ebp, eax                    # EBP: until when is waited
.Lregister_update_wait:
    call    clock_ms
    mov     edx, ebp
    sub     edx, eax
    test    edx, edx
    jle     .Lregister_update_silent
    mov     eax, [register_socket]
    sub     esp, DNS_UDP_MAXIMUM        # the question must stay: it may go again
    mov     esi, esp
    mov     edi, DNS_UDP_MAXIMUM
    call    udp_receive
    jc      1f
    call    register_answer
1:  lea     esp, [esp + DNS_UDP_MAXIMUM]
    jc      .Lregister_update_wait
    mov     ebp, eax
    lea     esp, [esp + 12]
    jmp     .Lregister_update_close
.Lregister_update_silent:
    pop     edi
    pop     esi
    mov     ebp, [register_failure]
    add     esi, esi
    cmp     esi, [esp]
    jbe     .Lregister_update_send
    pop     eax
.Lregister_update_close:
    mov     eax, [register_socket]
    call    udp_close
    mov     ecx, ebp
.Lregister_update_done:
    mov     eax, ecx
    ret

# Writes the update: all addresses of the name are removed, and this one is entered.
# Out: EDI bytes in register_message; CF when the key is not known.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
register_compose:
    mov     edi, offset register_message
    call    secret_number
    movzx   eax, ax
    mov     [register_id], eax
    or      eax, DNS_UPDATE << 16
    stosd
    mov     eax, 0x0100                 # one zone, no prerequisites
    stosd
    mov     eax, 0x0200                 # two changes
    stosd
    mov     esi, offset register_zone
    call    dns_name_put
    mov     eax, (DNS_SOA << 8) | (DNS_IN << 24)
    stosd
    mov     esi, offset register_name
    call    dns_name_put
    mov     eax, (DNS_A << 8) | (DNS_ANY << 24)
    stosd
    xor     eax, eax
    stosd
    stosw
    mov     esi, offset register_name
    call    dns_name_put
    mov     eax, (DNS_A << 8) | (DNS_IN << 24)
    stosd
    mov     eax, RECORD_SECONDS
    bswap   eax
    stosd
    mov     ax, 4 << 8
    stosw
    mov     eax, [register_address]
    stosd
    sub     edi, offset register_message
    mov     ebx, offset register_sign
    mov     eax, offset dns_mutex
    call    mutex_lock
    push    edi
    mov     eax, offset register_key
    call    tsig_ask
    pop     edi
    jc      1f
    mov     esi, offset register_message
    mov     eax, edi
    call    tsig_sign
    mov     edi, eax
    clc
1:  pushfd
    mov     eax, offset dns_mutex
    call    mutex_unlock
    popfd
    ret

# Looks at what may be the answer.
# In: ESI message, EAX its bytes, EDX and ECX address and port of its sender.
# Out: EAX code; CF when it is not about this update, or not signed as it must be: a good one may follow.
# Clobbers: EBX, ECX, EDX, ESI, EDI.
register_answer:
    cmp     edx, [register_to]
    jne     .Lregister_answer_other
    cmp     ecx, DNS_PORT
    jne     .Lregister_answer_other
    cmp     eax, DNS_HEADER_SIZE
    jb      .Lregister_answer_other
    movzx   ecx, word ptr [esi + DNS_ID]
    cmp     ecx, [register_id]
    jne     .Lregister_answer_other
    mov     cl, [esi + DNS_FLAGS]
    and     cl, DNS_RESPONSE | DNS_OPCODE
    cmp     cl, DNS_RESPONSE | DNS_UPDATE
    jne     .Lregister_answer_other
    mov     ebx, offset register_sign
    mov     [ebx + ANSWER_BASE], esi
    push    eax
    mov     eax, offset dns_mutex
    call    mutex_lock
    pop     ecx
    call    tsig_take
    push    edx
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     edx
    test    edx, edx
    jnz     .Lregister_answer_forged
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    jne     .Lregister_answer_forged
    lea     eax, [ebx + SIGN_NAME]
    mov     edx, offset register_key
    call    dns_name_equal
    jne     .Lregister_answer_forged
    movzx   eax, byte ptr [esi + DNS_FLAGS + 1]
    and     eax, DNS_RCODE              # CF is clear
    ret
.Lregister_answer_forged:
    mov     dword ptr [register_failure], OUTCOME_FORGED
.Lregister_answer_other:
    stc
    ret
