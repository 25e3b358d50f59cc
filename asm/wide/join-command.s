# `cloud link join`: asks the other cluster until it answers, at each address of its name, by UDP and then by TCP too,
# or by a relay; and makes the link a value.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

JOIN_TRIES              = 24
JOIN_TRY_MS             = 500           # wait for the answer to each
JOIN_DIAL               = 16            # tries that are left when TCP is tried too

.global link_nowhere
STRING link_nowhere, "0.0.0.0"          # no place, in a value

.bss
.balign 4
join_host:              .space HOST_SIZE            # what a person has typed: an address, or a name,
join_code:              .space INVITE_CODE_BYTES
.balign 4
join_places:            .space 4 * HOST_ADDRESSES   # which has these, or the relay's endpoint; then zeros

.text

# Links with the cluster at ADDRESS[:PORT], HOST[:PORT] or NAME@RELAY, in which CODE was drawn.
# In: ESI words.
# Out: EAX status.
.global link_joined
link_joined:
    call    join_read
    jc      .Llink_joined_place
    test    edi, edi
    jnz     .Llink_joined_ask
    push    esi
    mov     eax, offset join_host
    mov     esi, offset join_places
    call    host_find
    pop     esi
    jc      .Llink_joined_unknown
.Llink_joined_ask:
    call    cloud_lock
    call    delegate_here
    jc      .Llink_joined_unlock
    test    edi, edi
    jz      1f
    mov     eax, edi
    call    link_named
    jc      .Llink_joined_unlinked
    call    relay_can
    jc      .Llink_joined_unlinked
    call    relay_endpoint
    mov     edi, offset join_places
    stosd
    xor     eax, eax
    mov     [edi], eax
    mov     ebx, eax
1:  mov     eax, [esi + 8]
    mov     edx, offset join_code
    call    invite_parse
    jc      .Llink_joined_code
    mov     eax, offset meet_code
    mov     edx, offset join_code
    mov     ecx, INVITE_CODE_BYTES
    call    mem_compare
    jne     2f
    cmp     dword ptr [meet_invited], 0
    jne     .Llink_joined_own
2:  mov     eax, offset meet_code
    mov     edx, offset join_code
    mov     ecx, INVITE_CODE_BYTES
    call    mem_copy
    call    meet_derive
    mov     dword ptr [meet_event], 0
    mov     dword ptr [meet_joining], 1
    mov     eax, offset wide_event
    call    event_signal
    call    cloud_unlock
    jmp     link_tried
.Llink_joined_unlinked:
    PRINTF  "cluster: no cluster %s is linked with this one and heard: it cannot relay (cloud link list)\n", edi
    jmp     .Llink_joined_unlock
.Llink_joined_own:
    PRINT   "cluster: this cluster drew the code itself: type it in the other one\n"
    jmp     .Llink_joined_unlock
.Llink_joined_code:
    PRINT   "cluster: expected a code of 16 characters, as `cloud link invite` shows it\n"
.Llink_joined_unlock:
    call    cloud_unlock
    mov     eax, 1
    ret
.Llink_joined_unknown:
    call    error_text
    mov     edx, offset join_host
    PRINTF  "cluster: no address of %s was found: %s\n", edx, eax
    mov     eax, 1
    ret
.Llink_joined_place:
    PRINT   "cluster: expected the other cluster's address, ADDRESS:PORT, or NAME@RELAY, as `cloud link invite` shows it\n"
    mov     eax, 1
    ret

# Reads whom to link with.
# In: ESI words.
# Out: EDI 0, join_host and EBX port; or EDI the relay's name, and meet_addressee; CF when it is neither.
# Clobbers: EAX, ECX, EDX.
join_read:
    mov     eax, [esi + 4]
    mov     dl, '@'
    call    string_find
    jnc     .Ljoin_read_relay
    push    esi
    mov     esi, [esi + 4]
    mov     eax, offset join_host
    mov     dl, ':'
    call    host_read
    mov     eax, esi
    pop     esi
    jc      .Ljoin_read_done
    xor     edi, edi
    mov     ebx, WIDE_PORT
    cmp     byte ptr [eax], 0
    je      .Ljoin_read_done                          # CF is clear
    inc     eax
    call    parse_number
    jc      .Ljoin_read_done
    mov     ebx, eax
    dec     eax
    cmp     eax, 0xFFFF
    jae     .Ljoin_read_bad
    cmp     byte ptr [edx], 1           # something follows
    cmc
    ret
.Ljoin_read_relay:
    lea     edi, [eax + 1]
    mov     edx, [esi + 4]
    mov     ecx, edi
    sub     ecx, edx                    # ECX: bytes of the name before it, with a NUL
    lea     eax, [ecx - 2]
    cmp     eax, NAME_SIZE - 2
    ja      .Ljoin_read_bad
    mov     eax, offset meet_addressee
    call    string_copy
    clc
    ret
.Ljoin_read_bad:
    stc
.Ljoin_read_done:
    ret

# Asks until the other cluster answers, and makes the link a value. The mutex is not held.
# In: join_host, join_places; EBX port, 0 by a relay.
# Out: EAX status.
link_tried:
    mov     esi, JOIN_TRIES
    mov     edi, offset join_places     # EDI: the next one
.Llink_tried_again:
    call    join_ask
    mov     eax, offset meet_event
    mov     edx, JOIN_TRY_MS
    call    event_wait
    jnc     .Llink_tried_answered
    dec     esi
    jnz     .Llink_tried_again
    mov     dword ptr [meet_joining], 0
    test    ebx, ebx
    jz      .Llink_tried_relayed
    mov     edi, offset join_host
    PRINTF  "cluster: nobody who drew this code in the last ten minutes answers at %s:%u, or it was used before\n", edi, ebx
    jmp     .Llink_tried_failed
.Llink_tried_relayed:
    mov     eax, offset meet_addressee
    PRINTF  "cluster: no cluster %s that drew this code in the last ten minutes answers by the relay\n", eax
.Llink_tried_failed:
    mov     eax, 1
    ret
.Llink_tried_answered:
    mov     eax, offset meet_name
    mov     edx, offset meet_public
    mov     ecx, offset join_host
    test    ebx, ebx
    jnz     1f
    mov     ecx, offset link_nowhere    # by whom is found again
1:  call    link_put
    test    eax, eax
    jnz     2f
    mov     ecx, offset meet_name
    PRINTF  "This cluster is linked with the cluster %s.\n", ecx
2:  ret

# Asks once, at one place: by UDP, and by TCP as well when that was in vain for a while. May sleep.
# In: EBX port, ESI tries that are left, EDI place.
# Out: EDI next place.
# Clobbers: EAX, ECX, EDX, EBP.
join_ask:
    call    cloud_lock
    mov     edx, [edi]
    mov     ebp, ebx
    call    meet_ask
    mov     edx, [edi]
    or      ebp, WIDE_BY_TCP
    cmp     esi, JOIN_DIAL
    jae     1f
    call    meet_ask                    # once there is such a connection
1:  call    join_next
    cmp     esi, JOIN_DIAL
    jne     3f
    test    ebx, ebx
    jz      3f
    mov     edi, offset join_places
2:  mov     eax, [edi]
    mov     edx, ebx
    call    dial_first
    call    join_next
    jne     2b
3:  jmp     cloud_unlock

# Goes to the next place of the one to join, after the last one to the first.
# In: EDI place.
# Out: EDI place; ZF when it is the first.
join_next:
    add     edi, 4
    cmp     edi, offset join_places + 4 * HOST_ADDRESSES
    jae     1f
    cmp     dword ptr [edi], 0
    jne     2f
1:  mov     edi, offset join_places
2:  cmp     edi, offset join_places
    ret
