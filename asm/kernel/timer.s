# The timer queue: everything that is to happen at some time, in the order of the deadlines. Tasks' sleeps and timeouts
# are in it; drivers and protocols put timers of their own there. The clock (clock.s) asks for the first deadline, and
# lets an idle machine sleep until then.

.include "macros.inc"
.include "tasks.inc"
.include "timer.inc"

.text

# Sets a timer, or sets it anew. Callable from an interrupt handler.
# In: EAX timer with routine and argument, EDX milliseconds; it is due after at least so long.
.global timer_set
timer_set:
    push    ebx
    mov     ebx, eax
    mov     eax, edx
    xor     edx, edx
    mov     ecx, TICK_MS
    add     eax, TICK_MS - 1
    adc     edx, 0
    div     ecx
    inc     eax                         # the tick that runs now counts for nothing
    mov     edx, eax
    mov     eax, ebx
    pop     ebx

# Sets a timer by ticks.
# In: EAX timer, EDX ticks from now: 1 is the next tick.
.global timer_set_ticks
timer_set_ticks:
    CHECK   edx, ns, edx, "timer_set_ticks: the deadline lies in the past"
    CHECK   "dword ptr [eax+TIMER_ROUTINE]", ne, 0, "timer_set_ticks: a timer without a routine"
    push    ebx
    INTERRUPTS_OFF
    push    edx
    call    timer_cancel
    pop     edx
    add     edx, [clock_ticks]
    mov     [eax + TIMER_DEADLINE], edx
    mov     dword ptr [eax + TIMER_SET], 1
    mov     ebx, offset timer_first - TIMER_NEXT    # the head looks like a timer
    jmp     2f
1:  mov     ebx, ecx
2:  mov     ecx, [ebx + TIMER_NEXT]     # after all that are due no later
    jecxz   3f
    push    edx
    sub     edx, [ecx + TIMER_DEADLINE]
    pop     edx
    jns     1b
3:  mov     [ebx + TIMER_NEXT], eax
    mov     [eax + TIMER_PREVIOUS], ebx
    mov     [eax + TIMER_NEXT], ecx
    jecxz   4f
    mov     [ecx + TIMER_PREVIOUS], eax
4:  INTERRUPTS_RESTORE
    pop     ebx
    ret

# Takes a timer out of the queue; nothing happens when it is not in it. Callable from an interrupt handler.
# In: EAX timer.
# Clobbers: ECX, EDX only.
.global timer_cancel
timer_cancel:
    INTERRUPTS_OFF
    cmp     dword ptr [eax + TIMER_SET], 0
    je      1f
    mov     dword ptr [eax + TIMER_SET], 0
    mov     ecx, [eax + TIMER_NEXT]
    mov     edx, [eax + TIMER_PREVIOUS]
    CHECK   [edx+TIMER_NEXT], e, eax, "timer_cancel: the timer before does not lead to it"
    mov     [edx + TIMER_NEXT], ecx
    jecxz   1f
    CHECK   [ecx+TIMER_PREVIOUS], e, eax, "timer_cancel: the timer after does not lead to it"
    mov     [ecx + TIMER_PREVIOUS], edx
1:  INTERRUPTS_RESTORE
    ret

# Calls the routines of all timers that are due. Called at each tick, interrupts off.
.global timers_run
timers_run:
    CHECK_MASKED "timers_run: interrupts are on"
    push    ebx
1:  mov     ebx, [timer_first]
    test    ebx, ebx
    jz      2f
    mov     eax, [clock_ticks]
    sub     eax, [ebx + TIMER_DEADLINE]
    js      2f
    mov     eax, ebx
    CHECK   "dword ptr [eax+TIMER_SET]", ne, 0, "timers_run: the queue has a timer that is not set"
    call    timer_cancel
    mov     eax, [ebx + TIMER_ARGUMENT]
    call    [ebx + TIMER_ROUTINE]
    jmp     1b
2:  pop     ebx
    ret

# How long nothing is due. Interrupts are off.
# Out: EAX ticks until the first deadline; 7FFFFFFFh when no timer is set.
# Clobbers: EAX, EDX only.
.global timers_idle
timers_idle:
    CHECK_MASKED "timers_idle: interrupts are on"
    mov     eax, 0x7FFFFFFF
    mov     edx, [timer_first]
    test    edx, edx
    jz      1f
    mov     eax, [edx + TIMER_DEADLINE]
    sub     eax, [clock_ticks]
1:  ret

.bss
.balign 4
timer_first:        .space 4
