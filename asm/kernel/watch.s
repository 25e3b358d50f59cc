# Waiting for any of several things at once, whatever they are: sockets, pipes. Who waits looks at all of them, and
# looks again whenever one in the system has changed. Nothing is kept about him, so he may be ended at any time.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"

.bss
.balign 4
watch_event:        .space 4                # broadcast at a change
watch_changes:      .space 4                # counts those that somebody looked out for
watch_asked:        .space 4                # 1: somebody has looked since the last of them

.text

# Says that something has changed that tasks may wait for. Callable from an interrupt handler.
# Clobbers: EAX, ECX, EDX.
.global watch_changed
watch_changed:
    xor     eax, eax
    xchg    eax, [watch_asked]
    test    eax, eax
    jz      1f
    inc     dword ptr [watch_changes]
    mov     eax, offset watch_event
    jmp     event_broadcast
1:  ret

# Waits until a routine finds something. May sleep.
# In: EBX the routine, which is given ESI, EDI and EBP, keeps them and EBX, and gives EAX: how many it found; EDX
# timeout in ms, 0 for a look, -1 for as long as it takes.
# Out: EAX how many; CF and ERROR_TIMEOUT when there are none.
.global watch_wait
watch_wait:
    push    edx                         # [esp + 4]: timeout
    call    clock_ms
    push    eax                         # [esp]: when it began
.Lwatch_wait_look:
    push    [watch_changes]             # before the look, and before it is asked for
    mov     dword ptr [watch_asked], 1
    call    ebx
    pop     ecx
    test    eax, eax                    # clears CF
    jnz     .Lwatch_wait_done
    mov     edx, [esp + 4]
    cmp     edx, -1
    je      .Lwatch_wait_sleep
    push    ecx
    call    clock_ms
    pop     ecx
    sub     eax, [esp]
    mov     edx, [esp + 4]
    sub     edx, eax
    jbe     .Lwatch_wait_late
.Lwatch_wait_sleep:
    INTERRUPTS_OFF
    cmp     ecx, [watch_changes]
    jne     .Lwatch_wait_changed
    mov     eax, offset watch_event
    call    event_wait
.Lwatch_wait_changed:
    INTERRUPTS_RESTORE
    jmp     .Lwatch_wait_look
.Lwatch_wait_late:
    mov     eax, ERROR_TIMEOUT
    stc
.Lwatch_wait_done:
    lea     esp, [esp + 8]
    ret
