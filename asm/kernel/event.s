# Events and mutexes: what tasks wait with.

.include "macros.inc"
.include "tasks.inc"

.text

# Waits until an event is set, then clears it. Several tasks may wait; each signal wakes one. May sleep.
# In: EAX address of the event (a dword, 0 = clear), EDX timeout in milliseconds, or -1.
# Out: CF on timeout.
.global event_wait
event_wait:
    INTERRUPTS_OFF
    xor     ecx, ecx
    xchg    ecx, [eax]
    test    ecx, ecx
    jnz     2f
    test    edx, edx
    jz      1f
    call    task_wait
    jnc     2f
1:  INTERRUPTS_RESTORE
    stc
    ret
2:  INTERRUPTS_RESTORE
    clc
    ret

# Sets an event: the task that waits longest goes on, or the next to wait will not have to. Callable from an interrupt
# handler.
# In: EAX address of the event.
.global event_signal
event_signal:
    INTERRUPTS_OFF
    call    event_waiter
    jc      1f
    mov     dword ptr [eax + TASK_WOKEN], 1
    call    task_wake
    INTERRUPTS_RESTORE
    ret
1:  mov     dword ptr [eax], 1
    INTERRUPTS_RESTORE
    ret

# Wakes all that wait for an event, because it goes away: they look again what they waited for. Callable from an
# interrupt handler.
# In: EAX address of the event.
.global event_broadcast
event_broadcast:
    push    ebx
    mov     ebx, eax
    INTERRUPTS_OFF
1:  mov     eax, ebx
    call    event_waiter
    jc      2f
    mov     dword ptr [eax + TASK_WOKEN], 1
    call    task_wake
    jmp     1b
2:  INTERRUPTS_RESTORE
    pop     ebx
    ret

# Finds the task to wake.
# In: EAX address that tasks wait for; interrupts off.
# Out: EAX the task that waits longest; CF when there is none, and EAX as it was.
# Clobbers: EAX, EDX.
event_waiter:
    mov     edx, [task_waiting]
1:  test    edx, edx
    jz      2f
    cmp     [edx + TASK_EVENT], eax
    je      3f
    mov     edx, [edx + TASK_NEXT]
    jmp     1b
2:  stc
    ret
3:  mov     eax, edx
    clc
    ret

# Takes a mutex, waits while another task holds it. May sleep; not from an interrupt handler. Panics when the task holds
# it already.
# In: EAX address (MUTEX_SIZE bytes, zero = free).
.global mutex_lock
mutex_lock:
    INTERRUPTS_OFF
    mov     ecx, [task_current]
    cmp     dword ptr [eax + MUTEX_OWNER], 0
    jne     1f
    mov     [eax + MUTEX_OWNER], ecx
    inc     dword ptr [ecx + TASK_HOLDS]
    INTERRUPTS_RESTORE
    ret
1:  cmp     [eax + MUTEX_OWNER], ecx
    ASSERT  ne, "mutex_lock: the task holds this mutex already"
    mov     edx, -1
    call    task_wait                   # mutex_unlock makes us the owner
    INTERRUPTS_RESTORE
    ret

# Gives a mutex to the task that waits longest for it, or frees it. Panics when the task does not hold it.
# In: EAX address.
.global mutex_unlock
mutex_unlock:
    INTERRUPTS_OFF
    mov     ecx, [task_current]
    cmp     [eax + MUTEX_OWNER], ecx
    ASSERT  e, "mutex_unlock: the task does not hold this mutex"
    dec     dword ptr [ecx + TASK_HOLDS]
    mov     ecx, eax
    call    event_waiter
    jc      1f
    mov     [ecx + MUTEX_OWNER], eax
    inc     dword ptr [eax + TASK_HOLDS]
    mov     dword ptr [eax + TASK_WOKEN], 1
    call    task_wake
    INTERRUPTS_RESTORE
    ret
1:  mov     dword ptr [ecx + MUTEX_OWNER], 0
    INTERRUPTS_RESTORE
    ret
