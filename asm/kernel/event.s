# Events, mutexes and semaphores: what tasks wait with.

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

# Waits until one of several events is set, then clears that one. May sleep.
# In: EAX address of the events' addresses, EDX timeout in milliseconds or -1, ECX number of events, at least 1.
# Out: EAX index of the event; CF on timeout. Of several that are set it is the first.
.global event_wait_any
event_wait_any:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # ESI: addresses
    mov     edi, ecx                    # EDI: number
    CHECK   edi, ne, 0, "event_wait_any: nothing to wait for"
    INTERRUPTS_OFF
    call    event_any
    jnc     .Levent_wait_any_good
    test    edx, edx
    jz      .Levent_wait_any_late
    mov     ebx, [task_current]
    mov     [ebx + TASK_EVENTS], esi
    mov     [ebx + TASK_EVENT_COUNT], edi
    mov     eax, esi                    # nobody signals this address
    call    task_wait
    mov     dword ptr [ebx + TASK_EVENT_COUNT], 0
    jc      .Levent_wait_any_late
    mov     edx, [ebx + TASK_CAME]
    xor     eax, eax
.Levent_wait_any_index:
    cmp     [esi + eax*4], edx
    je      .Levent_wait_any_good
    inc     eax
    CHECK   eax, b, edi, "event_wait_any: what came was not waited for"
    jmp     .Levent_wait_any_index
.Levent_wait_any_good:
    INTERRUPTS_RESTORE
    clc
    jmp     .Levent_wait_any_done
.Levent_wait_any_late:
    INTERRUPTS_RESTORE
    stc
.Levent_wait_any_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes the first event of several that is set.
# In: ESI address of their addresses, EDI number; interrupts off.
# Out: EAX index; CF when none is set.
# Clobbers: EAX, ECX only.
event_any:
    CHECK_MASKED "event_any: interrupts are on"
    push    edx
    xor     eax, eax
1:  mov     ecx, [esi + eax*4]
    xor     edx, edx
    xchg    edx, [ecx]
    test    edx, edx
    jnz     2f
    inc     eax
    cmp     eax, edi
    jb      1b
    stc
2:  pop     edx
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

# Finds the task to wake: among those that wait for one event, and where that may be, among those that wait for several
# at once. Such a one is told for which of them.
# In: EAX address that tasks wait for; interrupts off.
# Out: EAX the task that waits longest; CF when there is none, and EAX as it was.
# Clobbers: EAX, EDX.
event_waiter:
    CHECK_MASKED "event_waiter: interrupts are on"
    lea     edx, [eax + eax]
    and     edx, (EVENT_SLOTS - 1) * LIST_SIZE
    mov     edx, [task_waiting + edx + LIST_FIRST]
1:  test    edx, edx
    jz      2f
    cmp     [edx + TASK_EVENT], eax
    je      2f
    mov     edx, [edx + TASK_NEXT]
    jmp     1b
2:  push    ecx
    mov     ecx, eax
    and     ecx, (EVENT_SLOTS - 1) * 4
    cmp     dword ptr [events_awaited + ecx], 0
    je      3f
    call    event_waiter_any
3:  pop     ecx
    cmp     edx, 1                      # CF when it is 0
    jc      4f
    mov     eax, edx
4:  ret

# Looks for a task that waits for one of several events, this one among them.
# In: EAX address that tasks wait for, EDX a task that waits for it alone, or 0; interrupts off.
# Out: EDX the task that waits longest, or 0.
# Clobbers: ECX.
event_waiter_any:
    push    ebx
    push    esi
    mov     esi, [task_waiting_any + LIST_FIRST]
.Levent_waiter_any_task:
    test    esi, esi
    jz      .Levent_waiter_any_done
    mov     ebx, [esi + TASK_EVENTS]
    mov     ecx, [esi + TASK_EVENT_COUNT]
    CHECK   ecx, ne, 0, "event_waiter_any: a task waits for none of several"
.Levent_waiter_any_event:
    cmp     [ebx + ecx*4 - 4], eax
    je      .Levent_waiter_any_found
    dec     ecx
    jnz     .Levent_waiter_any_event
    mov     esi, [esi + TASK_NEXT]
    jmp     .Levent_waiter_any_task
.Levent_waiter_any_found:
    test    edx, edx
    jz      .Levent_waiter_any_older
    mov     ecx, [edx + TASK_WAIT]
    sub     ecx, [esi + TASK_WAIT]
    test    ecx, ecx
    js      .Levent_waiter_any_done
.Levent_waiter_any_older:
    mov     [esi + TASK_CAME], eax
    mov     edx, esi
.Levent_waiter_any_done:
    pop     esi
    pop     ebx
    ret

# The list in which a task waits; of several events it is counted that somebody waits for them. Between the beginning
# and the end of a wait they stay the same.
# In: EBX task, ECX 1 when its wait begins, -1 when it ends; interrupts off.
# Out: EDX list.
# Clobbers: EAX, ECX.
.global event_list
event_list:
    mov     edx, [ebx + TASK_EVENT]
    add     edx, edx
    and     edx, (EVENT_SLOTS - 1) * LIST_SIZE
    add     edx, offset task_waiting
    cmp     dword ptr [ebx + TASK_EVENT_COUNT], 0
    je      2f
    push    esi
    push    edi
    mov     esi, [ebx + TASK_EVENTS]
    mov     edi, [ebx + TASK_EVENT_COUNT]
1:  lodsd
    and     eax, (EVENT_SLOTS - 1) * 4
    add     [events_awaited + eax], ecx
    CHECK   "dword ptr [events_awaited+eax]", ge, 0, "event_list: more waits end than began"
    dec     edi
    jnz     1b
    pop     edi
    pop     esi
    mov     edx, offset task_waiting_any
2:  ret

# Takes a mutex, waits while another task holds it, which has at least our priority until it gives one back. May sleep;
# not from an interrupt handler. Panics when the task holds it already.
# In: EAX address (MUTEX_SIZE bytes, zero = free).
.global mutex_lock
mutex_lock:
    INTERRUPTS_OFF
    mov     ecx, [task_current]
    cmp     dword ptr [eax + MUTEX_OWNER], 0
    jne     1f
    mov     [eax + MUTEX_OWNER], ecx
    inc     dword ptr [ecx + TASK_HOLDS]
    mov     ecx, eax
    and     ecx, (MUTEX_SLOTS - 1) * 4  # for the debugger: of two in the same slot it shows the later
    mov     [mutexes_held + ecx], eax
    INTERRUPTS_RESTORE
    ret
1:  cmp     [eax + MUTEX_OWNER], ecx
    ASSERT  ne, "mutex_lock: the task holds this mutex already"
    mov     edx, [ecx + TASK_PRIORITY]
    mov     ecx, [eax + MUTEX_OWNER]
    cmp     [ecx + TASK_PRIORITY], edx  # its owner runs in our place
    jge     2f
    push    eax
    mov     eax, ecx
    call    task_set_priority
    pop     eax
2:  mov     dword ptr [eax + MUTEX_AWAITED], 1
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
    CHECK   "dword ptr [ecx+TASK_HOLDS]", ne, 0, "mutex_unlock: the task counts nothing that it holds"
    dec     dword ptr [ecx + TASK_HOLDS]
    mov     edx, [ecx + TASK_BASE]
    CHECK   edx, be, [ecx+TASK_PRIORITY], "mutex_unlock: the task had less than its own priority"
    mov     [ecx + TASK_PRIORITY], edx  # what it borrowed while others waited goes back
    mov     ecx, eax
    cmp     dword ptr [ecx + MUTEX_AWAITED], 0
    je      1f
    call    event_waiter
    jc      3f
    mov     [ecx + MUTEX_OWNER], eax
    inc     dword ptr [eax + TASK_HOLDS]
    mov     dword ptr [eax + TASK_WOKEN], 1
    call    task_wake
    INTERRUPTS_RESTORE
    ret
3:  mov     dword ptr [ecx + MUTEX_AWAITED], 0
1:  mov     dword ptr [ecx + MUTEX_OWNER], 0
    mov     edx, ecx
    and     edx, (MUTEX_SLOTS - 1) * 4
    cmp     [mutexes_held + edx], ecx
    jne     2f
    mov     dword ptr [mutexes_held + edx], 0
2:  INTERRUPTS_RESTORE
    ret

# Takes a unit of a semaphore, waits while there is none. May sleep.
# In: EAX address (SEMAPHORE_SIZE bytes: how many units there are at first), EDX timeout in milliseconds or -1.
# Out: CF on timeout.
.global semaphore_take
semaphore_take:
    INTERRUPTS_OFF
    cmp     dword ptr [eax + SEMAPHORE_UNITS], 0
    je      1f
    dec     dword ptr [eax + SEMAPHORE_UNITS]
    INTERRUPTS_RESTORE
    clc
    ret
1:  test    edx, edx
    jz      2f
    call    task_wait                   # semaphore_give hands its unit over
    jc      2f
    INTERRUPTS_RESTORE
    clc
    ret
2:  INTERRUPTS_RESTORE
    stc
    ret

# Gives a unit: to the task that waits longest, else to the semaphore. Callable from an interrupt handler.
# In: EAX address.
.global semaphore_give
semaphore_give:
    INTERRUPTS_OFF
    call    event_waiter
    jc      1f
    mov     dword ptr [eax + TASK_WOKEN], 1
    call    task_wake
    INTERRUPTS_RESTORE
    ret
1:  inc     dword ptr [eax + SEMAPHORE_UNITS]
    INTERRUPTS_RESTORE
    ret

.bss
.balign 4
.global mutexes_held
mutexes_held:       .space MUTEX_SLOTS * 4  # mutexes that are held, each at its address modulo the size
task_waiting:       .space EVENT_SLOTS * LIST_SIZE  # tasks that wait, by the address that they wait for
task_waiting_any:   .space LIST_SIZE        # those that wait for several events
events_awaited:     .space EVENT_SLOTS * 4  # how many of these do so for one at an address, modulo the size
