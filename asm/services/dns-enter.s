# Enters an address in a zone of another server, or takes it out: by UPDATE (RFC 2136) with a lease (RFC 9664), signed
# with a key of `dns key` (RFC 8945). Only an answer that is signed with it too counts. A server that says by one that
# its clock differs is asked again with its time.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "dns.inc"

TRIES                   = 3
MESSAGE_MOST            = DNS_UDP_MAXIMUM - 336         # a signature with the longest name of a key has room behind it
FIRST_MS                = 1000          # so long is waited for an answer at first, then twice as long each time

.bss
.balign 4
enter_id:               .space 4
enter_socket:           .space 4
enter_in:               .space 4        # ENTER_*
enter_failure:          .space 4        # what it is when no good answer comes
enter_sign:             .space ANSWER_SIZE
enter_message:          .space DNS_UDP_MAXIMUM

.pushsection .rodata
.balign 4
    # of each REGISTER_*: labels before the name, type, until a null; the server's name is the second one's
enter_kinds:            .long   enter_host, enter_below, enter_serves
enter_host:             .long   enter_none, DNS_A, 0
enter_below:            .long   enter_none, DNS_A, enter_any, DNS_A, 0
enter_serves:           .long   enter_none, DNS_NS, enter_server, DNS_A, 0
enter_none:             .byte   0
enter_any:              .asciz  "\001*"
enter_server:           .asciz  "\002ns"
.popsection

.text

# Sends the update, and again, until it is answered.
# In: EBX block of REGISTER_*, with address of the server and what it is told; EAX ENTER_*.
# Out: EAX code, or OUTCOME_*; REGISTER_LEASE, REGISTER_AHEAD.
# Clobbers: ECX, EDX, ESI, EDI, EBP.
.global register_enter
register_enter:
    mov     [enter_in], eax
    xor     eax, eax
    call    udp_open
    mov     ecx, OUTCOME_SILENT
    jc      .Lregister_enter_done
    mov     [enter_socket], eax
    call    enter_once
    cmp     ebp, OUTCOME_TIME
    jne     1f
    call    enter_once                  # with the server's time
1:  mov     eax, [enter_socket]
    call    udp_close
    mov     ecx, ebp
.Lregister_enter_done:
    mov     eax, ecx
    ret

# Makes the update and sends it.
# In: EBX block.
# Out: EBP outcome.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
enter_once:
    call    enter_compose
    call    enter_sign_it               # EDI: bytes
    mov     ebp, OUTCOME_KEY
    jc      .Lenter_once_done
    mov     dword ptr [enter_failure], OUTCOME_SILENT
    mov     esi, FIRST_MS
.Lenter_once_send:
    push    esi
    push    edi
    mov     eax, [enter_socket]
    mov     edx, [ebx + REGISTER_TO]
    mov     ecx, DNS_PORT
    mov     esi, offset enter_message
    call    udp_send
    call    clock_ms
    mov     ebp, [esp + 4]
    add     ebp, eax                    # EBP: until when is waited
.Lenter_once_wait:
    call    clock_ms
    mov     edx, ebp
    sub     edx, eax
    test    edx, edx
    jle     .Lenter_once_silent
    mov     eax, [enter_socket]
    sub     esp, DNS_UDP_MAXIMUM        # the question must stay: it may go again
    mov     esi, esp
    mov     edi, DNS_UDP_MAXIMUM
    call    udp_receive
    jc      1f
    call    enter_answer
1:  lea     esp, [esp + DNS_UDP_MAXIMUM]
    jc      .Lenter_once_wait
    mov     ebp, eax
    pop     edi
    pop     esi
    ret
.Lenter_once_silent:
    pop     edi
    pop     esi
    mov     ebp, [enter_failure]
    add     esi, esi
    cmp     esi, FIRST_MS << (TRIES - 1)
    jbe     .Lenter_once_send
.Lenter_once_done:
    ret

# Writes the update.
# In: EBX block.
# Out: EDI bytes in enter_message.
# Clobbers: EAX, ECX, EDX, ESI, EBP.
enter_compose:
    mov     edi, offset enter_message
    call    secret_number
    movzx   eax, ax
    mov     [enter_id], eax
    or      eax, DNS_UPDATE << 16
    stosd
    mov     eax, 0x0100                 # one zone, no prerequisites
    stosd
    mov     eax, 0x01000000             # as many changes as there will be, the lease
    stosd
    lea     esi, [ebx + REGISTER_ZONE]
    call    dns_name_put
    mov     eax, (DNS_SOA << 8) | (DNS_IN << 24)
    stosd
    mov     ecx, [ebx + REGISTER_KIND]
    mov     ebp, [enter_kinds + ecx*4]
1:  cmp     dword ptr [enter_in], ENTER_AGAIN
    je      2f
    call    enter_clear
    cmp     dword ptr [enter_in], ENTER_OUT
    je      3f
2:  call    enter_record
3:  add     ebp, 8
    cmp     dword ptr [ebp], 0
    jne     1b
    mov     ecx, REGISTER_SECONDS
    call    dns_lease_put
    sub     edi, offset enter_message
    CHECK   edi, be, MESSAGE_MOST, "enter_compose: no room for a signature"
    ret

# Signs the update.
# In: EBX block, EDI bytes in enter_message.
# Out: EDI bytes; CF when the key is not known.
# Clobbers: EAX, ECX, EDX, ESI.
enter_sign_it:
    push    ebx
    mov     esi, ebx
    mov     ebx, offset enter_sign
    mov     eax, [esi + REGISTER_AHEAD]
    mov     [ebx + SIGN_AHEAD], eax
    mov     eax, offset dns_mutex
    call    mutex_lock
    push    edi
    lea     eax, [esi + REGISTER_KEY]
    call    tsig_ask
    pop     edi
    jc      1f
    mov     esi, offset enter_message
    mov     eax, edi
    call    tsig_sign
    mov     edi, eax
    clc
1:  pushfd
    mov     eax, offset dns_mutex
    call    mutex_unlock
    popfd
    pop     ebx
    ret

# Writes a change that removes all records of a name and type (RFC 2136, 2.5.2).
# In: EBX block, EBP row of enter_kinds, EDI where it goes.
# Out: EDI.
# Clobbers: EAX, ECX, EDX, ESI.
enter_clear:
    call    enter_name
    mov     ecx, DNS_ANY << 24
    call    enter_head
    xor     eax, eax
    stosd
    stosw
    ret

# Writes a change that enters the record: the address, or the name that has it.
# In: as enter_clear.
# Out: EDI.
# Clobbers: EAX, ECX, EDX, ESI.
enter_record:
    call    enter_name
    mov     ecx, DNS_IN << 24
    call    enter_head
    mov     eax, REGISTER_TTL
    bswap   eax
    stosd
    mov     ax, 4 << 8
    stosw
    mov     eax, [ebx + REGISTER_SAID]
    cmp     dword ptr [ebp + 4], DNS_NS
    je      1f
    stosd
    ret
1:  push    edi
    push    ebp
    add     ebp, 8                      # the next row's name
    call    enter_name
    pop     ebp
    pop     edx
    mov     eax, edi
    sub     eax, edx
    xchg    al, ah
    mov     [edx - 2], ax
    ret

# Writes a name with its type and class.
# In: EBX block, EBP row, ECX class, as on the wire in the upper half; EDI where it goes.
# Out: EDI.
# Clobbers: EAX.
enter_head:
    mov     eax, [ebp + 4]
    shl     eax, 8
    or      eax, ecx
    stosd
    inc     byte ptr [enter_message + DNS_AUTHORITIES + 1]
    ret

# Writes a name: that which is registered, behind the row's labels.
# In: EBX block, EBP row, EDI where it goes.
# Out: EDI.
# Clobbers: EAX, ECX, EDX, ESI.
enter_name:
    mov     esi, [ebp]
    call    dns_name_put
    dec     edi                         # the root comes later
    lea     esi, [ebx + REGISTER_NAME]
    jmp     dns_name_put

# Looks at what may be the answer.
# In: EBX block, ESI message, EAX its bytes, EDX and ECX address and port of its sender.
# Out: EAX code, or OUTCOME_TIME when the server's clock differs, REGISTER_AHEAD; CF when it is not about this update,
# or not signed as it must be: a good one may follow.
# Clobbers: ECX, EDX, ESI, EDI.
enter_answer:
    cmp     edx, [ebx + REGISTER_TO]
    jne     .Lenter_answer_other
    cmp     ecx, DNS_PORT
    jne     .Lenter_answer_other
    cmp     eax, DNS_HEADER_SIZE
    jb      .Lenter_answer_other
    movzx   ecx, word ptr [esi + DNS_ID]
    cmp     ecx, [enter_id]
    jne     .Lenter_answer_other
    mov     cl, [esi + DNS_FLAGS]
    and     cl, DNS_RESPONSE | DNS_OPCODE
    cmp     cl, DNS_RESPONSE | DNS_UPDATE
    jne     .Lenter_answer_other
    mov     ecx, eax
    call    enter_check
    jc      .Lenter_answer_forged
    cmp     dword ptr [enter_sign + SIGN_SAID], DNS_BAD_TIME
    je      .Lenter_answer_time
    call    dns_lease_find
    mov     [ebx + REGISTER_LEASE], eax
    movzx   eax, byte ptr [esi + DNS_FLAGS + 1]
    and     eax, DNS_RCODE              # CF is clear
    ret
.Lenter_answer_time:
    call    tsig_now
    mov     ecx, [enter_sign + SIGN_THEIRS]
    sub     ecx, eax
    mov     [ebx + REGISTER_AHEAD], ecx
    mov     eax, OUTCOME_TIME
    clc
    ret
.Lenter_answer_forged:
    mov     dword ptr [enter_failure], OUTCOME_FORGED
.Lenter_answer_other:
    stc
    ret

# Whether an answer is signed with the key, and takes the signature off.
# In: EBX block, ESI message, ECX its bytes.
# Out: ECX bytes; CF when it is not.
# Clobbers: EAX, EDX.
enter_check:
    push    ebx
    push    ebp
    mov     ebp, ebx
    mov     ebx, offset enter_sign
    mov     [ebx + ANSWER_BASE], esi
    push    ecx
    mov     eax, offset dns_mutex
    call    mutex_lock
    pop     ecx
    call    tsig_take
    push    ecx
    push    edx
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     edx
    pop     ecx
    cmp     edx, 1
    cmc
    jc      9f
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    stc
    jne     9f
    push    ecx
    lea     eax, [ebx + SIGN_NAME]
    lea     edx, [ebp + REGISTER_KEY]
    call    dns_name_equal
    pop     ecx
    je      9f                          # CF is clear
    stc
9:  pop     ebp
    pop     ebx
    ret
