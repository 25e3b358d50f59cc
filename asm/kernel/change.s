# Whoever wants to know at once that a link came or went, or that an address or the machine's name changed, leaves an
# event here.

.include "macros.inc"
.include "errors.inc"

WATCHERS                = 20            # one for each interface that machines have, and others

.bss
.balign 4
watchers:               .space WATCHERS * 4     # addresses of events

.text

# Has an event signalled at each change of a link or of an address: NETIF_FLAGS and NETIF_ADDRESS say what it is now.
# In: EAX event, which stays where it is for ever.
# Out: CF and ERROR_TABLE_FULL.
.global net_changes
net_changes:
    mov     edx, offset watchers
    INTERRUPTS_OFF
1:  cmp     [edx], eax                  # asked before
    je      2f
    cmp     dword ptr [edx], 0
    je      2f
    add     edx, 4
    cmp     edx, offset watchers + WATCHERS * 4
    jb      1b
    INTERRUPTS_RESTORE
    mov     eax, ERROR_TABLE_FULL
    stc
    ret
2:  mov     [edx], eax
    INTERRUPTS_RESTORE
    clc
    ret

# Tells all who want to know. Callable with interrupts off.
# Clobbers: nothing but the flags.
.global net_changed
net_changed:
    pushad
    mov     esi, offset watchers
1:  mov     eax, [esi]
    test    eax, eax
    jz      2f
    call    event_signal
2:  add     esi, 4
    cmp     esi, offset watchers + WATCHERS * 4
    jb      1b
    popad
    ret
