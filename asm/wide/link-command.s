# `cloud link`: which clusters this one is linked with, and how it is linked with one more.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

STATE_BYTES             = 4 + NAME_SIZE
PLACE_BYTES             = HOST_SIZE + 8 # of a host and a port, with blanks before them
GATEWAY_LOOKS           = 12            # for what the gateway answers,
GATEWAY_MS              = 250           # with this pause after each

STRING action_link, "link"
ON_HOOK cloud_more, action_link, cloud_link, -1     # it looks at its arguments itself
STRING link_list, "list"
STRING link_invite, "invite"
STRING link_join, "join"
STRING link_remove, "remove"
STRING link_trust_word, "trust"
STRING link_distrust_word, "distrust"

.section .rodata
.balign 4
# Word after `cloud link`, words in all, routine. In: ESI addresses of the words. Out: EAX status.
link_actions:
    .long   link_list, 1, link_listed
    .long   link_invite, 1, link_invited
    .long   link_join, 3, link_joined
    .long   link_remove, 2, link_removed
    .long   link_trust_word, 3, link_trust
    .long   link_distrust_word, 2, link_distrust
    .long   0

.text

# Does what the words after `cloud link` say.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
cloud_link:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    mov     edi, offset link_actions
    test    ebx, ebx
    jz      2f
1:  mov     eax, CLOUD_MISUSED
    cmp     dword ptr [edi], 0
    je      3f
    mov     eax, [esi]
    mov     edx, [edi]
    call    string_compare
    lea     edi, [edi + 12]
    jne     1b
    lea     edi, [edi - 12]
    mov     eax, CLOUD_MISUSED
    cmp     ebx, [edi + 4]
    jne     3f
2:  call    [edi + 8]
3:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks whether this node speaks for a cluster that can be linked, and says if it does not. The mutex is held.
# Out: CF when it does not.
# Clobbers: EAX, ECX, EDX.
.global delegate_here
delegate_here:
    push    esi
    cmp     dword ptr [trust_open], 0
    jne     .Ldelegate_here_open
    call    delegate_service
    jc      .Ldelegate_here_none
    cmp     dword ptr [esi + SERVICE_RECORD], 1
    jae     .Ldelegate_here_is
    PRINT   "cluster: this is for the member that speaks to other clusters:"
    lea     esi, [esi + SERVICE_HOLDER]
    call    voter_print
    PRINT   "\n"
    jmp     .Ldelegate_here_not
.Ldelegate_here_open:
    PRINT   "cluster: an open cluster has nothing by which others could know it (cloud key new NAME)\n"
    jmp     .Ldelegate_here_not
.Ldelegate_here_none:
    PRINT   "cluster: one member has to speak to other clusters, from an address of its own: cloud address add ADDRESS\n"
    jmp     .Ldelegate_here_not
.Ldelegate_here_is:
    cmp     dword ptr [links_stale], 1
    clc
    jne     .Ldelegate_here_done
    call    links_configure
    clc
    jmp     .Ldelegate_here_done
.Ldelegate_here_not:
    stc
.Ldelegate_here_done:
    pop     esi
    ret

# Makes a link a value of the cluster, unless another cluster has that name. The mutex is not held. May sleep, seconds.
# In: EAX name, EDX public number, ECX address or host as text, EBX port.
# Out: EAX status.
.global link_put
link_put:
    push    esi
    push    edi
    push    ebp
    sub     esp, NAME_SIZE + VALUE_SIZE
    mov     ebp, esp                    # EBP: name of the value; after it its text
    mov     esi, edx
    SNPRINTF ebp, NAME_SIZE, "link.%s", eax
    push    ecx
    lea     edi, [ebp + NAME_SIZE]
1:  mov     eax, [esi]
    bswap   eax
    SNPRINTF edi, 9, "%08x", eax
    add     esi, 4
    add     edi, 8
    lea     eax, [ebp + NAME_SIZE + 2 * X25519_BYTES]
    cmp     edi, eax
    jb      1b
    pop     ecx
    SNPRINTF edi, PLACE_BYTES, " %s %u", ecx, ebx
    call    cloud_lock
    mov     eax, ebp
    mov     edx, offset values
    call    values_find
    jc      2f
    mov     dl, 0
    call    string_find
    inc     eax
    lea     edx, [ebp + NAME_SIZE]
    mov     ecx, 2 * X25519_BYTES
    call    mem_compare
    jne     3f
2:  call    cloud_unlock
    mov     eax, ebp
    lea     edx, [ebp + NAME_SIZE]
    call    values_put
    jmp     4f
3:  call    cloud_unlock
    lea     eax, [ebp + 5]
    PRINTF  "cluster: there is a link %s with another cluster already: cloud link remove %s\n", eax, eax
    mov     eax, 1
4:  add     esp, NAME_SIZE + VALUE_SIZE
    pop     ebp
    pop     edi
    pop     esi
    ret

# Shows the links.
# Out: EAX status.
link_listed:
    call    cloud_lock
    call    links_configure             # what has just been linked is not in the table yet
    mov     esi, offset values + VALUES_TEXT
    call    link_next
    jc      .Llink_listed_none
    PRINT   "LINK            IDENTITY         ADDRESS                STATE\n"
1:  mov     eax, [link_public]
    bswap   eax
    mov     edx, [link_public + 4]
    bswap   edx
    PRINTF  "%-15s %08x%08x ", edi, eax, edx
    mov     eax, offset link_public
    call    link_known
    jc      .Llink_listed_unusable
    call    link_state
    call    link_trusted
    jc      2f
    PRINT   ", trusted for upgrades"
2:  PRINT   "\n"
    call    link_next
    jnc     1b
    jmp     .Llink_listed_done
.Llink_listed_none:
    PRINT   "This cluster is linked with no other (cloud link invite, cloud link join ADDRESS CODE).\n"
.Llink_listed_done:
    call    cloud_unlock
    xor     eax, eax
    ret
.Llink_listed_unusable:
    PRINT   "-                      is no other cluster, or one too many"
    jmp     2b

# Prints where a link is, and when it was heard.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
.global link_state
link_state:
    push    edi
    sub     esp, STATE_BYTES
    mov     edi, esp
    mov     edx, [ebx + LINK_ADDRESS]
    call    relay_of
    jc      .Llink_state_address
    lea     eax, [eax + LINK_NAME]
    SNPRINTF edi, STATE_BYTES, "by %s", eax
    jmp     .Llink_state_place
.Llink_state_address:
    mov     eax, [ebx + LINK_ADDRESS]
    mov     edx, [ebx + LINK_PORT]
    test    eax, eax
    jnz     1f
    mov     edx, [ebx + LINK_GIVEN_PORT]
    lea     eax, [ebx + LINK_HOST]
    cmp     byte ptr [eax], 0
    jne     .Llink_state_host
    mov     eax, [ebx + LINK_GIVEN]
1:  cmp     edx, WIDE_BY_TCP
    jae     .Llink_state_tcp
    SNPRINTF edi, STATE_BYTES, "%I:%u", eax, edx
    jmp     .Llink_state_place
.Llink_state_tcp:
    SNPRINTF edi, STATE_BYTES, "by TCP %I", eax
    jmp     .Llink_state_place
.Llink_state_host:
    SNPRINTF edi, STATE_BYTES, "%s:%u", eax, edx
.Llink_state_place:
    PRINTF  "%-22s ", edi
    cmp     dword ptr [wide_address], 0
    jne     2f
    PRINT   "its delegate knows"
    jmp     .Llink_state_done
2:  cmp     dword ptr [ebx + LINK_HEARD], 0
    jne     3f
    PRINT   "never heard"
    jmp     .Llink_state_done
3:  call    clock_ms
    sub     eax, [ebx + LINK_SEEN]
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     edx, eax
    call    link_lives
    LOAD_STRING ecx, "heard"
    jnc     4f
    LOAD_STRING ecx, "silent, heard"
4:  PRINTF  "%s %u s ago", ecx, edx
.Llink_state_done:
    add     esp, STATE_BYTES
    pop     edi
    ret

# Draws a code and shows it.
# Out: EAX status.
link_invited:
    sub     esp, INVITE_TEXT_SIZE
    mov     edi, esp
    call    cloud_lock
    call    delegate_here
    jc      3f
    call    meet_draw
    mov     eax, offset meet_code
    mov     edx, edi
    call    invite_write
    call    cloud_unlock
    call    door_await
    test    eax, eax
    jz      1f
    PRINTF  "Within ten minutes, one cluster can link: cloud link join %I:%u %s\n", eax, edx, edi
    jecxz   2f
    PRINT   "The address is what the gateway says; others may see another one.\n"
    jmp     2f
1:  PRINTF  "Within ten minutes, one cluster can link: cloud link join ADDRESS %s\n", edi
    PRINT   "ADDRESS is this cluster's as others see it; the gateway has to lead UDP port 20819 here, or TCP.\n"
2:  call    relays_offered
    xor     eax, eax
    jmp     4f
3:  call    cloud_unlock
    mov     eax, 1
4:  add     esp, INVITE_TEXT_SIZE
    ret

# Says by whom a cluster could link that does not reach this one.
# In: EDI code as text.
# Clobbers: EAX, EBX, ECX, EDX.
relays_offered:
    mov     ebx, offset links
1:  call    relay_can
    jc      2f
    lea     eax, [ebx + LINK_NAME]
    mov     edx, offset trust_name
    PRINTF  "If it is linked with %s: cloud link join %s@%s %s\n", eax, edx, eax, edi
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# Where another cluster may reach the door: what links say, or else what the gateway does, which may take a moment. The
# mutex is not held. May sleep.
# Out: EAX address, or 0, EDX port; ECX 1 when only the gateway says so.
door_await:
    push    ebx
    mov     ebx, GATEWAY_LOOKS
1:  call    cloud_lock
    call    public_door
    xor     ecx, ecx
    test    eax, eax
    jnz     2f
    mov     eax, [router_address]
    mov     ecx, 1
    cmp     dword ptr [router_granted], 0
    jne     2f
    xor     eax, eax
2:  call    cloud_unlock_keep
    test    eax, eax
    jnz     3f
    mov     eax, GATEWAY_MS
    call    task_sleep
    xor     eax, eax
    dec     ebx
    jnz     1b
3:  pop     ebx
    ret

# Takes a link away.
# In: ESI words.
# Out: EAX status.
link_removed:
    sub     esp, NAME_SIZE
    mov     edi, esp
    mov     ebx, [esi + 4]
    SNPRINTF edi, NAME_SIZE, "link.%s", ebx
    call    cloud_lock
    mov     eax, edi
    mov     edx, offset values
    call    values_find
    sbb     esi, esi
    call    cloud_unlock
    test    esi, esi
    jnz     1f
    call    link_untrusted
    jnz     2f
    mov     eax, edi
    xor     edx, edx
    call    values_put
    test    eax, eax
    jnz     2f
    PRINTF  "The link %s is gone.\n", ebx
    jmp     2f
1:  PRINTF  "cluster: there is no link %s (cloud link list)\n", ebx
    mov     eax, 1
2:  add     esp, NAME_SIZE
    ret

# A link is to go: whichever cluster is linked by that name later is not trusted for that.
# In: EBX its name.
# Out: EAX status; ZF when it is 0.
# Clobbers: ECX, EDX.
link_untrusted:
    push    ebx
    push    esi
    push    edi
    mov     esi, ebx
    call    cloud_lock
    mov     eax, esi
    call    link_named
    jc      1f
    call    link_trusted
1:  sbb     edi, edi
    call    cloud_unlock
    xor     eax, eax
    inc     edi                         # ZF when it is not trusted
    jz      2f
    call    trust_end
2:  test    eax, eax
    pop     edi
    pop     esi
    pop     ebx
    ret
