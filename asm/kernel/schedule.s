# The scheduler: of the tasks that are ready, one of the highest priority runs; those of equal priority go round, a tick
# each. A task that becomes ready runs at once when its priority is higher than the running one's. Switching takes the
# task's page directory and kernel stack along.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"

STACK_CANARY        = 0x57A6E0D5            # at the lower end of each kernel stack, above its guard page

.text

# Called at each tick: lets the next ready task run. Interrupts off.
.global task_tick
task_tick:
    cmp     dword ptr [task_ready + LIST_FIRST], 0
    je      1f
    mov     byte ptr [task_reschedule], 1
1:  ret

# Begins to count time.
.global schedule_init
schedule_init:
    push    ebx
    mov     eax, 1
    cpuid
    pop     ebx
    test    edx, CPUID_TSC
    setnz   byte ptr [task_has_tsc]

# Counts time from now on.
# Clobbers: EAX, EDX.
.global schedule_begin
schedule_begin:
    call    task_time
    mov     [task_since], eax
    mov     [task_since + 4], edx
    mov     [rate_since], eax
    mov     [rate_since + 4], edx
    ret

# Marks the lower end of a new stack, so that what runs over it is found out.
# In: EAX task.
# Clobbers: EDX only.
.global stack_guard
stack_guard:
    mov     edx, [eax + TASK_STACK]
    mov     dword ptr [edx + PAGE_SIZE], STACK_CANARY
    ret

# Gives the processor to the next ready task, or to the idle task. A task that is still running goes after those of its
# priority. Panics when it has overwritten the end of its stack.
# In: interrupts off. Returns when the calling task runs again.
.global schedule
schedule:
    CHECK_MASKED "schedule: interrupts are on"
    mov     byte ptr [task_reschedule], 0
    mov     eax, [task_current]
    cmp     dword ptr [eax + TASK_STATE], TASK_RUNNING
    jne     .Lschedule_other
    call    task_hushed
    jc      .Lschedule_aside
    mov     edx, [task_ready + LIST_FIRST]
    test    edx, edx
    je      .Lschedule_done             # nobody else
    cmp     eax, [task_idle]
    je      .Lschedule_idle_over
    mov     ecx, [eax + TASK_PRIORITY]
    cmp     [edx + TASK_PRIORITY], ecx
    jl      .Lschedule_done
.Lschedule_aside:
    mov     dword ptr [eax + TASK_STATE], TASK_READY
    call    ready_append
    jmp     .Lschedule_other
.Lschedule_idle_over:
    mov     dword ptr [eax + TASK_STATE], TASK_READY
.Lschedule_other:
    mov     eax, [task_ready + LIST_FIRST]
1:  test    eax, eax
    jz      .Lschedule_idle
    call    task_hushed
    jnc     2f
    mov     eax, [eax + TASK_NEXT]
    jmp     1b
2:  push    eax
    mov     edx, offset task_ready
    call    list_remove
    pop     eax
    CHECK   "dword ptr [eax+TASK_STATE]", e, TASK_READY, "schedule: a task in the ready queue is not ready"
    jmp     .Lschedule_run
.Lschedule_idle:
    mov     eax, [task_idle]
.Lschedule_run:
    mov     dword ptr [eax + TASK_STATE], TASK_RUNNING
    inc     dword ptr [eax + TASK_SWITCHES]
    mov     ecx, eax
    call    task_account
    mov     eax, [task_current]
    cmp     eax, ecx
    je      .Lschedule_done
    mov     edx, [eax + TASK_STACK]
    cmp     dword ptr [edx + PAGE_SIZE], STACK_CANARY
    ASSERT  e, "the task has overwritten the end of its stack"
    mov     [task_current], ecx
    mov     edx, [ecx + TASK_STACK_TOP]
    mov     [tss_main + TSS_ESP0], edx
    mov     edx, [ecx + TASK_DIRECTORY]
    cmp     edx, [eax + TASK_DIRECTORY]
    je      .Lschedule_switch
    mov     cr3, edx
.Lschedule_switch:
    cmp     dword ptr [fpu_task], 0     # nobody has used it since boot
    je      .Lschedule_stack
    mov     edx, cr0
    or      edx, CR0_TS
    mov     cr0, edx
.Lschedule_stack:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     [eax + TASK_ESP], esp
    mov     esp, [ecx + TASK_ESP]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    cmp     dword ptr [task_dead], 0
    je      .Lschedule_done
    jmp     task_reap
.Lschedule_done:
    ret

# Whether a task stands still because another one wants that: it works for a person or is a program's, and holds
# nothing that others may wait for.
# In: EAX task.
# Out: CF when it does.
# Clobbers: EDX.
task_hushed:
    mov     edx, [task_hush]
    test    edx, edx
    jz      1f                          # CF is clear
    cmp     edx, eax
    je      1f
    cmp     dword ptr [eax + TASK_HOLDS], 0
    jne     1f
    mov     edx, [eax + TASK_CONTEXT]
    or      edx, [eax + TASK_PROCESS]
    neg     edx
    ret
1:  clc
    ret

# Puts a task among the ready ones: after all of its priority. Interrupts off.
# In: EAX task.
# Clobbers: ECX, EDX only.
.global ready_append
ready_append:
    CHECK_MASKED "ready_append: interrupts are on"
    CHECK   "dword ptr [eax+TASK_STATE]", e, TASK_READY, "ready_append: the task is not ready"
    CHECK   "dword ptr [eax+TASK_PRIORITY]", be, PRIORITY_MAXIMUM, "ready_append: there is no such priority"
    push    ebx
    mov     edx, [eax + TASK_PRIORITY]
    mov     ecx, [task_ready + LIST_LAST]
1:  test    ecx, ecx
    jz      2f
    cmp     [ecx + TASK_PRIORITY], edx
    jge     2f
    mov     ecx, [ecx + TASK_PREVIOUS]
    jmp     1b
2:  mov     [eax + TASK_PREVIOUS], ecx
    mov     edx, offset task_ready + LIST_FIRST
    test    ecx, ecx
    jz      3f
    lea     edx, [ecx + TASK_NEXT]
3:  mov     ebx, [edx]
    mov     [edx], eax
    mov     [eax + TASK_NEXT], ebx
    mov     edx, offset task_ready + LIST_LAST
    test    ebx, ebx
    jz      4f
    lea     edx, [ebx + TASK_PREVIOUS]
4:  mov     [edx], eax
    pop     ebx
    ret

# Gives a task another priority for now. Callable with interrupts off.
# In: EAX task, EDX priority.
# Clobbers: EAX, ECX, EDX.
.global task_set_priority
task_set_priority:
    INTERRUPTS_OFF
    CHECK   edx, be, PRIORITY_MAXIMUM, "task_set_priority: there is no such priority"
    mov     [eax + TASK_PRIORITY], edx
    mov     byte ptr [task_reschedule], 1
    cmp     dword ptr [eax + TASK_STATE], TASK_READY
    jne     1f
    cmp     eax, [task_idle]
    je      1f
    push    eax
    mov     edx, offset task_ready
    call    list_remove
    pop     eax
    call    ready_append
1:  INTERRUPTS_RESTORE
    ret

# Adds the time since the last switch to the running task. Interrupts off.
# Clobbers: EAX, EDX.
.global task_account
task_account:
    push    ebx
    push    esi
    call    task_time
    mov     ebx, eax
    mov     esi, edx
    xchg    [task_since], eax
    xchg    [task_since + 4], edx
    sub     ebx, eax
    sbb     esi, edx
    mov     eax, [task_current]
    add     [eax + TASK_CYCLES], ebx
    adc     [eax + TASK_CYCLES + 4], esi
    pop     esi
    pop     ebx
    ret

# Reads the finest clock that the processor has.
# Out: EDX:EAX time stamp: cycles, or milliseconds without a TSC.
.global task_time
task_time:
    cmp     byte ptr [task_has_tsc], 0
    je      1f
    rdtsc
    ret
1:  call    clock_ms
    xor     edx, edx
    ret

# Appends a task to a list.
# In: EAX task, EDX list.
.global list_append
list_append:
    mov     ecx, [edx + LIST_LAST]
    CHECK   ecx, ne, eax, "list_append: the task is in the list already"
    mov     dword ptr [eax + TASK_NEXT], 0
    mov     [eax + TASK_PREVIOUS], ecx
    mov     [edx + LIST_LAST], eax
    test    ecx, ecx
    jz      1f
    mov     [ecx + TASK_NEXT], eax
    ret
1:  mov     [edx + LIST_FIRST], eax
    ret

# Takes a task out of its list.
# In: EAX task, EDX list.
.global list_remove
list_remove:
    push    ebx
    mov     ebx, [eax + TASK_PREVIOUS]
    mov     ecx, [eax + TASK_NEXT]
    test    ebx, ebx
    jz      1f
    CHECK   [ebx+TASK_NEXT], e, eax, "list_remove: the task before does not lead to it"
    mov     [ebx + TASK_NEXT], ecx
    jmp     2f
1:  mov     [edx + LIST_FIRST], ecx
2:  test    ecx, ecx
    jz      3f
    CHECK   [ecx+TASK_PREVIOUS], e, eax, "list_remove: the task after does not lead to it"
    mov     [ecx + TASK_PREVIOUS], ebx
    pop     ebx
    ret
3:  mov     [edx + LIST_LAST], ebx
    pop     ebx
    ret

.data
.balign 4
.global task_current
task_current:       .long task_boot         # the running task

.bss
.balign 4
task_ready:         .space LIST_SIZE        # highest priority first
.global task_since
task_since:         .space 8                # time stamp of the last switch
.global task_has_tsc
task_has_tsc:       .space 1
    # the task on whose account programs and who runs commands stand still, or 0; it sets that, and its end clears it
.global task_hush
task_hush:              .space 4
.global task_reschedule
task_reschedule:    .space 1                # 1: switch at the end of the interrupt
