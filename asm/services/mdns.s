# Multicast DNS (RFC 6762): a machine has the name NAME.local, NAME being what it is called, and tells of its HTTP
# service (RFC 6763), so that others on the link find it without a server. One task for each interface: it asks whether
# anybody has the names, takes others if so, announces them, and answers (mdns-message.s). Strangers from other links
# are passed over, and what goes to the group goes once a second at most.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "part.inc"
.include "mdns.inc"

TTL_ALL                 = 255           # section 11: of all that is sent, whoever it goes to
PROBE_MS                = 250           # section 8.1: before the first probe at the most, and between them
ANNOUNCE_MS             = 1000          # section 8.3
CONFLICTS               = 15            # section 8.1: after so many
CONFLICT_MS             = 5000          # it waits
SUFFIXES                = 10000
RETRY_MS                = 1000
# Type ANY, class IN with the bit that asks for an answer to the asker alone, as they lie in a message.
PROBE_QUESTION          = (DNS_ANY << 8) | (0x80 << 16) | (DNS_IN << 24)

.data
.balign 4
mdns_owner:             .long 0, 0, mdns_name, 0
mdns_never:             .long 0         # an event that nobody signals
STRING mdns_name, "mdns"

SERVICE_PART mdns, mdns_owner, "names", mdns_begin_all, 0, mdns_reset, "kernel mdns\nneed network\nrestart always\n"

.text

# The service: a task for each interface. It lasts until it is stopped.
mdns_begin_all:
    mov     eax, offset mdns_owner
    call    owner_join
    mov     eax, offset mdns_task
    mov     ecx, offset mdns_name
    call    network_each
1:  mov     eax, offset mdns_never
    or      edx, -1
    call    event_wait
    jmp     1b

# Gives the memory of the tasks back: the part that follows may want another one.
mdns_reset:
    push    ebx
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      3f
    xor     eax, eax
    xchg    eax, [ebx + NETIF_NAMES]
    test    eax, eax
    jz      2f
    call    mfree
2:  mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
3:  pop     ebx
    ret

# Has names on an interface.
# In: EAX interface, which never goes.
mdns_task:
    mov     esi, eax
    mov     eax, MDNS_SIZE
    call    malloc
    jc      .Lmdns_task_end
    mov     ebx, eax
    mov     [esi + NETIF_NAMES], ebx
.Lmdns_task_open:
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, MDNS_SIZE
    call    mem_set
    mov     [ebx + MDNS_NETIF], esi
    mov     eax, MDNS_PORT
    mov     edx, esi
    call    udp_open_on
    jc      .Lmdns_task_again
    mov     [ebx + MDNS_SOCKET], eax
    mov     edx, TTL_ALL
    call    udp_set_ttl
    mov     eax, [ebx + MDNS_SOCKET]
    mov     edx, MDNS_GROUP
    call    udp_join
    lea     eax, [esi + NETIF_RENAMED]
    call    net_changes
.Lmdns_task_next:
    call    mdns_look
    call    mdns_left
    mov     edx, eax
    mov     eax, [ebx + MDNS_SOCKET]
    mov     ecx, [ebx + MDNS_NETIF]
    add     ecx, NETIF_RENAMED
    call    udp_wait
    call    mdns_look
    call    mdns_left
    test    eax, eax
    jnz     2f
    call    mdns_step
2:  mov     eax, [ebx + MDNS_SOCKET]
    xor     edx, edx
    lea     esi, [ebx + MDNS_MESSAGE]
    mov     edi, MDNS_MESSAGE_BYTES
    call    udp_receive
    jc      3f
    call    mdns_message
    jmp     .Lmdns_task_next
3:  cmp     eax, ERROR_TIMEOUT
    je      .Lmdns_task_next
    cmp     eax, ERROR_STALE            # the network has failed, and will be back
    je      .Lmdns_task_again
    mov     eax, RETRY_MS
    call    task_sleep
    jmp     .Lmdns_task_next
.Lmdns_task_again:
    mov     eax, RETRY_MS
    call    task_sleep
    mov     esi, [ebx + MDNS_NETIF]
    jmp     .Lmdns_task_open
.Lmdns_task_end:
    ret

# How long the next step has time.
# In: EBX block.
# Out: EAX milliseconds, -1 when there is none.
# Clobbers: ECX, EDX.
mdns_left:
    mov     ecx, [ebx + MDNS_STATE]
    CHECK   ecx, be, MDNS_HELD, "mdns_left: there is no such state"
    mov     eax, -1
    cmp     ecx, MDNS_SILENT
    je      1f
    cmp     ecx, MDNS_HELD
    je      1f
    call    clock_ms
    mov     ecx, [ebx + MDNS_DUE]
    sub     ecx, eax
    test    ecx, ecx
    mov     eax, ecx
    jg      1f
    xor     eax, eax
1:  ret

# Has the next step done after a time.
# In: EBX block, EAX milliseconds.
# Clobbers: EAX, ECX, EDX.
.global mdns_later
mdns_later:
    push    eax
    call    clock_ms
    pop     ecx
    add     eax, ecx
    mov     [ebx + MDNS_DUE], eax
    ret

# Begins to ask whether anybody has the names, after a time that machines which start together do not share.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
mdns_probe_soon:
    mov     dword ptr [ebx + MDNS_STATE], MDNS_PROBE
    mov     eax, [ebx + MDNS_NETIF]
    mov     edx, PROBE_MS
    call    random_below
    jmp     mdns_later

# Looks whether the machine is called as before, and the interface has the address as before.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_look:
    mov     edi, [ebx + MDNS_NETIF]
    xor     esi, esi                    # ESI: address
    test    dword ptr [edi + NETIF_FLAGS], NETIF_LINK
    jz      1f
    mov     esi, [edi + NETIF_ADDRESS]
1:  lea     eax, [ebx + MDNS_CALLED]
    mov     edx, offset hostname
    call    string_compare
    jne     .Lmdns_look_renamed
    cmp     esi, [ebx + MDNS_ADDRESS]
    jne     .Lmdns_look_moved
    ret
.Lmdns_look_renamed:
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCED
    jb      .Lmdns_look_called
    push    esi
    xor     ecx, ecx                    # section 10.1: forget what is in this
    call    mdns_announce
    pop     esi
.Lmdns_look_called:
    lea     eax, [ebx + MDNS_CALLED]
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    mov     dword ptr [ebx + MDNS_SUFFIX], 0
    mov     dword ptr [ebx + MDNS_CONFLICTS], 0
.Lmdns_look_moved:
    mov     [ebx + MDNS_ADDRESS], esi
    mov     dword ptr [ebx + MDNS_STATE], MDNS_SILENT
    test    esi, esi
    jz      .Lmdns_look_done
    call    mdns_names
    jnc     mdns_probe_soon
.Lmdns_look_done:
    ret

# Makes the names of what the machine is called.
# In: EBX block.
# Out: CF when that is no name.
# Clobbers: EAX, ECX, EDX, ESI.
mdns_names:
    sub     esp, 96                     # text, a suffix at 64, a label at 80
    mov     esi, esp
    mov     byte ptr [esi + 64], 0
    mov     ecx, [ebx + MDNS_SUFFIX]
    jecxz   1f
    lea     eax, [esi + 64]
    SNPRINTF eax, 16, "-%u", ecx
1:  lea     edx, [ebx + MDNS_CALLED]
    lea     ecx, [esi + 64]
    SNPRINTF esi, 64, "%s%s.local", edx, ecx
    mov     ecx, eax
    mov     eax, esi
    lea     edx, [ebx + MDNS_HOST]
    call    dns_name_parse
    jc      4f
    xor     ecx, ecx                    # the name of a service is one label (RFC 6763, 4.1.1)
2:  mov     al, [ebx + MDNS_CALLED + ecx]
    cmp     al, '.'
    jne     3f
    mov     al, '-'
3:  mov     [esi + 80 + ecx], al
    inc     ecx
    cmp     ecx, HOSTNAME_SIZE
    jb      2b
    lea     edx, [esi + 80]
    lea     ecx, [esi + 64]
    SNPRINTF esi, 64, "%s%s._http._tcp.local", edx, ecx
    mov     ecx, eax
    mov     eax, esi
    lea     edx, [ebx + MDNS_INSTANCE]
    call    dns_name_parse
4:  lea     esp, [esp + 96]             # keeps CF
    ret

# Does what is due: a question whether anybody has the names, or an announcement.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_step:
    CHECK   "dword ptr [ebx+MDNS_STATE]", b, MDNS_HELD, "mdns_step: nothing is due in this state"
    inc     dword ptr [ebx + MDNS_STATE]
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCE
    ja      1f
    xor     eax, eax
    call    mdns_begin
    mov     eax, MDNS_HOST
    call    mdns_put_probe
    mov     eax, MDNS_INSTANCE
    call    mdns_put_probe
    mov     eax, MDNS_UNIQUE
    mov     edx, DNS_AUTHORITIES
    mov     ecx, -1
    xor     esi, esi
    call    mdns_put_records
    call    mdns_send_group
    mov     eax, PROBE_MS
    jmp     mdns_later
1:  cmp     dword ptr [ebx + MDNS_STATE], MDNS_HELD
    je      2f
    cmp     dword ptr [ebx + MDNS_SUFFIX], 0
    je      2f
    lea     eax, [ebx + MDNS_HOST]
    lea     edx, [ebx + MDNS_TARGET]
    call    dns_name_text
    lea     eax, [ebx + MDNS_CALLED]
    lea     edx, [ebx + MDNS_TARGET]
    PRINTF  "mdns: %s.local is another machine's; this one is %s\n", eax, edx
2:  mov     ecx, -1
    call    mdns_announce
    mov     eax, ANNOUNCE_MS
    jmp     mdns_later

# Writes a question of a probe.
# In: EBX block, EAX name.
# Clobbers: EAX, ECX, EDX.
mdns_put_probe:
    call    mdns_put_name
    inc     byte ptr [ebx + MDNS_ANSWER + DNS_QUESTIONS + 1]
    mov     eax, PROBE_QUESTION

# Writes type and class of a question.
# In: EBX block, EAX both as they lie in a message.
# Clobbers: ECX.
.global mdns_put_question
mdns_put_question:
    mov     ecx, [ebx + MDNS_PUT]
    mov     [ecx], eax
    add     dword ptr [ebx + MDNS_PUT], 4
    ret

# Tells the group of all records.
# In: EBX block, ECX the longest TTL.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_announce:
    push    ecx
    mov     eax, MDNS_RESPONSE
    call    mdns_begin
    pop     ecx
    mov     eax, MDNS_ALL
    push    eax
    mov     edx, DNS_ANSWERS
    mov     esi, 0x80
    call    mdns_put_records
    pop     eax
    call    mdns_note
    # fall through

# Sends the message to the group.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
mdns_send_group:
    mov     edx, MDNS_GROUP
    mov     ecx, MDNS_PORT

# Sends the message.
# In: EBX block, EDX address, ECX port.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global mdns_send
mdns_send:
    lea     esi, [ebx + MDNS_ANSWER]
    mov     edi, [ebx + MDNS_PUT]
    sub     edi, esi
    mov     eax, [ebx + MDNS_SOCKET]
    jmp     udp_send

# Notes that the group is told of records.
# In: EBX block, EAX set of them.
# Clobbers: EAX, ECX, EDX.
.global mdns_note
mdns_note:
    push    eax
    call    clock_ms
    or      eax, 1                      # 0: never
    pop     edx
    xor     ecx, ecx
1:  shr     edx, 1
    jnc     2f
    mov     [ebx + MDNS_SAID + ecx*4], eax
2:  inc     ecx
    cmp     ecx, MDNS_RECORDS
    jb      1b
    ret

# Another machine has a name. One that was held is asked for anew, so that whoever has it says so; one that was asked
# for gets another suffix.
# In: EBX block.
# Clobbers: EAX, ECX, EDX, ESI.
.global mdns_conflict
mdns_conflict:
    COUNT   mdns_conflicts
    cmp     dword ptr [ebx + MDNS_STATE], MDNS_ANNOUNCE
    ja      mdns_probe_soon
    mov     eax, [ebx + MDNS_SUFFIX]
    inc     eax
    cmp     eax, SUFFIXES
    jae     1f
    cmp     eax, 2
    jae     2f
1:  mov     eax, 2
2:  mov     [ebx + MDNS_SUFFIX], eax
    call    mdns_names
    call    mdns_probe_soon
    inc     dword ptr [ebx + MDNS_CONFLICTS]
    cmp     dword ptr [ebx + MDNS_CONFLICTS], CONFLICTS
    jb      3f
    mov     eax, CONFLICT_MS
    call    mdns_later
3:  ret
