# The resolver (RFC 1034, 5; RFC 1035, 7): names to addresses, for all of the system. It asks the name server that the
# user set (`set dns.server ADDRESS`) or that DHCP named, and for NAME.local everybody on the link (RFC 6762, 5.1). An
# answer counts only when it comes from whom was asked, to the port and with the number and the question that were sent,
# all of which a stranger must guess (RFC 5452). What is learnt is kept as long as it says, and that there is no such
# name for a while (RFC 2308).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dns.inc"
.include "names.inc"

TRIES                   = 4             # waits of 1, 2, 4, 4 s
WAIT_FIRST_MS           = 1000
WAIT_LAST_MS            = 4000
PORTS                   = 8             # ports that are tried
PORT_FIRST              = 1024          # RFC 5452, 9.2: all that are nobody's
TTL_MAXIMUM             = 86400         # seconds
TTL_NEGATIVE            = 60
ALIASES                 = 8             # CNAMEs that are followed

HOOK known_names, hook_none                 # EAX text -> ECX address, or CF
HOOK known_domain, hook_none                # EAX name -> ECX server that has it, 0: there is no such name; or CF

.text

STRING name_local, ".local"
STRING name_localhost, "localhost"
STRING name_server, "dns.server"

# Finds the addresses of a name; text that is an address stands for itself. May sleep.
# In: EAX text, NUL terminated, EDX where the addresses go, ECX how many fit.
# Out: EAX how many were found; CF and EAX error: ERROR_NOT_FOUND when there is no such name or it has no address,
# ERROR_NO_ROUTE when there is nobody to ask, ERROR_TIMEOUT when nobody answers.
.global resolve
resolve:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax                    # ESI: text
    mov     edi, edx
    mov     ebp, ecx
    call    parse_address
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    mov     [edi], eax
    mov     eax, 1
    jmp     .Lresolve_good
1:  mov     eax, ASK_SIZE
    call    malloc
    jc      .Lresolve_done
    mov     ebx, eax                    # EBX: question
    call    resolve_own
    jnc     .Lresolve_found
    mov     eax, esi
    call    string_length
    mov     ecx, eax
    mov     eax, esi
    lea     edx, [ebx + ASK_NAME]
    call    dns_name_parse
    mov     eax, ERROR_INVALID
    jc      .Lresolve_failed
    call    resolve_numeric
    mov     eax, ERROR_INVALID
    jc      .Lresolve_failed
    call    names_find
    jnc     .Lresolve_known
    call    resolve_server
    jc      .Lresolve_failed
    call    resolve_ask
    jnc     2f
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lresolve_failed
    mov     dword ptr [ebx + ASK_COUNT], 0
    mov     dword ptr [ebx + ASK_TTL], TTL_NEGATIVE
2:  call    names_enter
.Lresolve_known:
    mov     eax, ERROR_NOT_FOUND
    cmp     dword ptr [ebx + ASK_COUNT], 0
    je      .Lresolve_failed
.Lresolve_found:
    mov     ecx, [ebx + ASK_COUNT]
    cmp     ecx, ebp
    jbe     3f
    mov     ecx, ebp
3:  push    ecx
    lea     esi, [ebx + ASK_ADDRESSES]
    rep movsd
    mov     eax, ebx
    call    mfree
    pop     eax
.Lresolve_good:
    clc
    jmp     .Lresolve_done
.Lresolve_failed:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    stc
.Lresolve_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether the last label of a name is a number, which means that somebody misspelt an address (RFC 3696, 2).
# In: EBX question with the name.
# Out: CF when it is.
# Clobbers: EAX, ECX, EDX.
resolve_numeric:
    lea     edx, [ebx + ASK_NAME]
1:  mov     ecx, edx                    # ECX: the last label
    movzx   eax, byte ptr [edx]
    lea     edx, [edx + eax + 1]
    cmp     byte ptr [edx], 0
    jne     1b
    movzx   edx, byte ptr [ecx]
2:  movzx   eax, byte ptr [ecx + edx]
    sub     eax, '0'
    cmp     eax, 9
    ja      3f                          # CF is clear
    dec     edx
    jnz     2b
    stc
3:  ret

# Reads an address or a name of text in which other things follow, such as a URL. May sleep.
# In: EAX text.
# Out: EAX address, EDX first character after it; CF and EAX error.
.global resolve_text
resolve_text:
    push    ebx
    push    esi
    push    edi
    sub     esp, 256
    mov     esi, eax
    mov     edi, esp
    mov     ecx, 255
1:  mov     al, [esi]                   # up to a sign that is in no name
    cmp     al, ':'
    je      2f
    cmp     al, '/'
    je      2f
    cmp     al, ' '
    jbe     2f
    stosb
    inc     esi
    dec     ecx
    jnz     1b
2:  mov     byte ptr [edi], 0
    mov     eax, esp
    push    0
    mov     edx, esp
    mov     ecx, 1
    call    resolve
    pop     edx
    jc      3f
    mov     eax, edx
    mov     edx, esi
3:  lea     esp, [esp + 256]
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the names that need nobody: localhost, this machine's own, and those that the cluster knows. May sleep.
# In: ESI text, EBX question.
# Out: its address in the question; CF when it is another name.
# Clobbers: EAX, ECX, EDX.
resolve_own:
    mov     eax, esi
    mov     edx, offset name_localhost
    call    string_compare
    mov     ecx, 0x0100007F
    je      1f
    mov     eax, esi
    mov     edx, offset hostname
    call    string_compare
    jne     2f
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      8f
    mov     ecx, [eax + NETIF_ADDRESS]
    test    ecx, ecx
    jz      8f
    jmp     1f
2:  mov     eax, esi
    call    [known_names]
    jc      8f
1:  mov     [ebx + ASK_ADDRESSES], ecx
    mov     dword ptr [ebx + ASK_COUNT], 1
    clc
    ret
8:  stc
    ret

# Chooses whom to ask.
# In: EBX question, ESI text.
# Out: CF and ERROR_NO_ROUTE when there is nobody, ERROR_NOT_FOUND when there is no such name.
# Clobbers: EAX, ECX, EDX.
resolve_server:
    mov     dword ptr [ebx + ASK_PORT], MDNS_PORT
    mov     eax, esi
    call    string_length
    sub     eax, 6
    jbe     1f
    add     eax, esi
    mov     edx, offset name_local
    call    string_compare
    mov     eax, MDNS_GROUP
    je      .Lresolve_server_chosen
1:  mov     dword ptr [ebx + ASK_PORT], DNS_PORT
    lea     eax, [ebx + ASK_NAME]
    call    [known_domain]
    jc      2f
    mov     eax, ERROR_NOT_FOUND
    stc
    jecxz   9f
    mov     eax, ecx
    jmp     .Lresolve_server_chosen
2:  call    dns_server
    jc      9f
.Lresolve_server_chosen:
    mov     [ebx + ASK_SERVER], eax
    clc
9:  ret

# The name server that the user set, or that DHCP named.
# Out: EAX address; CF and ERROR_NO_ROUTE when there is none.
.global dns_server
dns_server:
    mov     eax, offset name_server
    call    env_get
    jc      1f
    call    parse_address
    jnc     9f
1:  mov     ecx, [net_interfaces]
2:  test    ecx, ecx
    jz      8f
    mov     eax, [ecx + NETIF_DNS]
    test    eax, eax                    # clears CF
    jnz     9f
    mov     ecx, [ecx + NETIF_NEXT]
    jmp     2b
8:  mov     eax, ERROR_NO_ROUTE
    stc
9:  ret

# Opens a socket for one question, at a port that nobody can guess. May sleep.
# Out: EAX socket; CF and EAX error.
# Clobbers: ECX, EDX.
.global dns_socket
dns_socket:
    push    ebx
    mov     ebx, PORTS
1:  call    secret_number
    movzx   eax, ax
    cmp     eax, PORT_FIRST
    jb      1b
    call    udp_open
    jnc     2f
    dec     ebx
    jnz     1b
    stc
2:  pop     ebx
    ret

# Asks until somebody answers.
# In: EBX question.
# Out: the addresses in it; CF and EAX error.
resolve_ask:
    push    esi
    push    edi
    push    ebp
    push    TRIES                       # [esp]
    call    dns_socket
    jc      .Lresolve_ask_done
    mov     [ebx + ASK_SOCKET], eax
    mov     dword ptr [ebx + ASK_NEAR], 0
    mov     ebp, WAIT_FIRST_MS          # EBP: milliseconds to wait
.Lresolve_ask_send:
    call    secret_number
    movzx   eax, ax
    mov     [ebx + ASK_ID], eax
    call    resolve_send
    jc      .Lresolve_ask_close
    call    clock_ms
    mov     esi, eax                    # ESI: when it was asked
.Lresolve_ask_wait:
    call    clock_ms
    sub     eax, esi
    mov     edx, ebp
    sub     edx, eax
    test    edx, edx
    jle     .Lresolve_ask_again
    push    esi
    mov     eax, [ebx + ASK_SOCKET]
    lea     esi, [ebx + ASK_MESSAGE]
    mov     edi, DNS_UDP_MAXIMUM
    call    udp_receive
    pop     esi
    jnc     3f
    cmp     eax, ERROR_TIMEOUT
    je      .Lresolve_ask_again
    cmp     eax, ERROR_REFUSED          # nobody is there now; somebody may be when we ask again
    jne     .Lresolve_ask_close
    mov     eax, WAIT_FIRST_MS
    call    task_sleep
    jmp     .Lresolve_ask_again
3:  call    resolve_check
    jc      .Lresolve_ask_strange
    call    resolve_read
    jmp     .Lresolve_ask_close
.Lresolve_ask_strange:
    cmp     dword ptr [ebx + ASK_NEAR], DNS_NEAR_MAXIMUM
    jb      .Lresolve_ask_wait
    mov     eax, ERROR_NAME_SERVER
    stc
    jmp     .Lresolve_ask_close
.Lresolve_ask_again:
    shl     ebp, 1
    cmp     ebp, WAIT_LAST_MS
    jbe     4f
    mov     ebp, WAIT_LAST_MS
4:  dec     dword ptr [esp]
    jnz     .Lresolve_ask_send
    mov     eax, ERROR_TIMEOUT
    stc
.Lresolve_ask_close:
    pushfd
    push    eax
    mov     eax, [ebx + ASK_SOCKET]
    call    udp_close
    pop     eax
    popfd
.Lresolve_ask_done:
    pop     edx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Sends the question.
# In: EBX question.
# Out: CF and EAX error.
# Clobbers: ESI, EDI.
resolve_send:
    COUNT   dns_asked
    lea     edi, [ebx + ASK_MESSAGE]
    mov     eax, [ebx + ASK_ID]
    mov     [edi + DNS_ID], ax
    mov     word ptr [edi + DNS_FLAGS], DNS_RECURSE
    mov     dword ptr [edi + DNS_QUESTIONS], 0x00000100
    mov     dword ptr [edi + DNS_AUTHORITIES], 0
    add     edi, DNS_HEADER_SIZE
    lea     eax, [ebx + ASK_NAME]
    mov     esi, eax
    call    dns_name_length
    mov     ecx, eax
    rep movsb
    mov     dword ptr [edi], (DNS_A << 8) | (DNS_IN << 24)
    add     edi, 4
    lea     esi, [ebx + ASK_MESSAGE]
    sub     edi, esi
    mov     eax, [ebx + ASK_SOCKET]
    mov     edx, [ebx + ASK_SERVER]
    mov     ecx, [ebx + ASK_PORT]
    jmp     udp_send

# Says whether a datagram is the answer that is waited for.
# In: EBX question with the message, EAX its bytes, EDX and ECX address and port that it came from.
# Out: EBP bytes of it and ESI after its question when it is; CF when it is not, and EBP and ESI are as they were.
resolve_check:
    push    esi
    push    ebp
    mov     ebp, eax
    cmp     ecx, [ebx + ASK_PORT]
    jne     .Lresolve_check_stray
    mov     eax, [ebx + ASK_SERVER]
    cmp     eax, edx
    je      1f
    cmp     al, 224                     # a group was asked: whoever answers is heard
    jb      .Lresolve_check_stray
1:  cmp     ebp, DNS_HEADER_SIZE
    jb      .Lresolve_check_malformed
    lea     esi, [ebx + ASK_MESSAGE]
    mov     eax, [ebx + ASK_ID]
    cmp     [esi + DNS_ID], ax
    jne     .Lresolve_check_near
    mov     al, [esi + DNS_FLAGS]
    and     al, DNS_RESPONSE | DNS_OPCODE
    cmp     al, DNS_RESPONSE
    jne     .Lresolve_check_stray
    mov     eax, esi
    add     esi, DNS_HEADER_SIZE
    cmp     word ptr [eax + DNS_QUESTIONS], 0x0100
    jne     .Lresolve_check_malformed
    push    edi
    mov     edx, ebp
    lea     edi, [ebx + ASK_OWNER]
    call    dns_name_read
    pop     edi
    jc      .Lresolve_check_malformed
    lea     eax, [ebx + ASK_OWNER]
    lea     edx, [ebx + ASK_NAME]
    call    dns_name_equal
    jne     .Lresolve_check_stray
    lea     eax, [esi + 4]
    sub     eax, ebp
    lea     edx, [ebx + ASK_MESSAGE]
    cmp     eax, edx
    ja      .Lresolve_check_malformed
    cmp     dword ptr [esi], (DNS_A << 8) | (DNS_IN << 24)
    jne     .Lresolve_check_stray
    add     esi, 4
    COUNT   dns_answered
    add     esp, 8
    clc
    ret
.Lresolve_check_malformed:
    COUNT   dns_malformed
    jmp     .Lresolve_check_no
.Lresolve_check_near:
    inc     dword ptr [ebx + ASK_NEAR]
.Lresolve_check_stray:
    COUNT   dns_stray
.Lresolve_check_no:
    pop     ebp
    pop     esi
    stc
    ret

# Takes the addresses out of an answer. An alias leads to another name, whose records may stand anywhere in the answer.
# In: EBX question with the message, EBP its bytes, ESI after its question.
# Out: CF and EAX error.
# Clobbers: ESI, EDI, EBP.
resolve_read:
    mov     dword ptr [ebx + ASK_COUNT], 0
    mov     dword ptr [ebx + ASK_TTL], TTL_MAXIMUM
    mov     al, [ebx + ASK_MESSAGE + DNS_FLAGS + 1]
    and     al, DNS_RCODE
    cmp     al, DNS_NO_NAME
    mov     ecx, ERROR_NOT_FOUND
    je      .Lresolve_read_failed
    test    al, al
    mov     ecx, ERROR_NAME_SERVER
    jnz     .Lresolve_read_failed
    push    esi
    lea     esi, [ebx + ASK_NAME]
    lea     edi, [ebx + ASK_ALIAS]
    mov     ecx, 256 / 4
    rep movsd
    pop     esi
    push    esi                         # [esp + 4]: the first record
    push    ALIASES                     # [esp]: aliases that are still followed
.Lresolve_read_round:
    mov     esi, [esp + 4]
    movzx   ecx, word ptr [ebx + ASK_MESSAGE + DNS_ANSWERS]
    xchg    cl, ch
.Lresolve_read_record:
    test    ecx, ecx
    jz      .Lresolve_read_end
    push    ecx
    call    resolve_record
    pop     ecx
    jc      .Lresolve_read_malformed
    jnz     .Lresolve_read_alias
    dec     ecx
    jmp     .Lresolve_read_record
.Lresolve_read_alias:
    dec     dword ptr [esp]
    jnz     .Lresolve_read_round
.Lresolve_read_malformed:
    add     esp, 8
    COUNT   dns_malformed
    mov     ecx, ERROR_NAME_SERVER
    jmp     .Lresolve_read_failed
.Lresolve_read_end:
    add     esp, 8
    mov     ecx, ERROR_NOT_FOUND        # the name has records, but no address
    cmp     dword ptr [ebx + ASK_COUNT], 0
    je      .Lresolve_read_failed
    clc
    ret
.Lresolve_read_failed:
    mov     eax, ecx
    stc
    ret

# Takes what one record of an answer says.
# In: EBX question with the message, EBP its bytes, ESI the record.
# Out: ESI after it; ZF clear when it was an alias of the name that is looked for, which then is another; CF when it is
# malformed.
# Clobbers: EAX, ECX, EDX, EDI.
resolve_record:
    lea     eax, [ebx + ASK_MESSAGE]
    mov     edx, ebp
    lea     edi, [ebx + ASK_OWNER]
    call    dns_name_read
    jc      .Lresolve_record_done
    lea     ecx, [ebx + ASK_MESSAGE]
    add     ecx, ebp                    # ECX: after the message
    lea     eax, [esi + RECORD_DATA]
    cmp     ecx, eax
    jb      .Lresolve_record_done
    movzx   edx, word ptr [esi + RECORD_LENGTH]
    xchg    dl, dh
    add     edx, eax
    cmp     ecx, edx
    jb      .Lresolve_record_done
    push    edx                         # after the record
    lea     eax, [ebx + ASK_OWNER]
    lea     edx, [ebx + ASK_ALIAS]
    call    dns_name_equal
    jne     .Lresolve_record_other
    cmp     word ptr [esi + RECORD_TYPE], DNS_CNAME << 8
    je      .Lresolve_record_alias
    cmp     word ptr [esi + RECORD_TYPE], DNS_A << 8
    jne     .Lresolve_record_other
    cmp     word ptr [esi + RECORD_LENGTH], 4 << 8
    jne     .Lresolve_record_other
    call    resolve_ttl
    mov     ecx, [ebx + ASK_COUNT]
    cmp     ecx, RESOLVE_MAXIMUM
    jae     .Lresolve_record_other
    mov     eax, [esi + RECORD_DATA]
    mov     [ebx + ASK_ADDRESSES + ecx*4], eax
    inc     dword ptr [ebx + ASK_COUNT]
.Lresolve_record_other:
    pop     esi
    cmp     eax, eax                    # ZF set, CF clear
.Lresolve_record_done:
    ret
.Lresolve_record_alias:
    call    resolve_ttl
    add     esi, RECORD_DATA
    lea     eax, [ebx + ASK_MESSAGE]
    mov     edx, ebp
    lea     edi, [ebx + ASK_ALIAS]
    call    dns_name_read
    pop     esi
    jc      .Lresolve_record_done
    test    esp, esp                    # ZF and CF clear
    ret

# Takes note of the time that a record holds.
# In: EBX question, ESI record after its name.
# Clobbers: EAX.
resolve_ttl:
    mov     eax, [esi + RECORD_TTL]
    bswap   eax
    test    eax, eax
    jns     1f
    xor     eax, eax                    # RFC 2181 section 8
1:  cmp     eax, [ebx + ASK_TTL]
    jae     9f
    mov     [ebx + ASK_TTL], eax
9:  ret
