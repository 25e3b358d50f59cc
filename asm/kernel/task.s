# Tasks: threads of the kernel, each with its own stack above a guard page; those of programs go into ring 3 from there.
# Create, end, sleep; who runs is decided in schedule.s, the waiting for events is in event.s.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "pages.inc"
.include "memory.inc"
.include "tasks.inc"

HOOK on_thread_end, hook_quiet
HOOK on_thread_halt, 0                      # EBX thread; does not return

.text

# Guards the stack of the first task, which is the boot, and creates the idle task.
tasks_init:
    mov     eax, offset task_boot
    call    stack_guard
    mov     eax, offset idle
    xor     edx, edx
    LOAD_STRING ecx, "idle"
    call    task_new
    ASSERT  nc, "no memory for the idle task"
    inc     dword ptr [task_last_id]    # the boot's
    mov     [task_idle], eax
    jmp     schedule_init

INITCALL 3, tasks_init

# What runs when nothing else does: halts until the next interrupt, without a tick before the first timer is due. The
# interrupt's way out switches to a task that it woke.
idle:
    cli
    call    clock_idle
    sti
    hlt
    jmp     idle

# Creates a task.
# In: EAX entry (called with EAX argument; returning ends the task), EDX argument, ECX name (copied).
# Out: EAX task; CF and EAX error without memory.
.global task_create
task_create:
    call    task_new
    jc      1f
    push    eax
    INTERRUPTS_OFF
    mov     dword ptr [eax + TASK_STATE], TASK_READY
    call    ready_append
    INTERRUPTS_RESTORE
    pop     eax
    clc
1:  ret

# As task_create, for one who works for the same owner as the running task.
.global task_create_owned
task_create_owned:
    call    task_new
    jc      1f
    push    eax
    INTERRUPTS_OFF
    mov     edx, eax
    call    owner_current
    dec     dword ptr [edx + TASK_OWN + OWNER_TASKS]
    inc     dword ptr [eax + OWNER_TASKS]
    mov     [edx + TASK_OWNER], eax
    mov     dword ptr [edx + TASK_STATE], TASK_READY
    mov     eax, edx
    call    ready_append
    INTERRUPTS_RESTORE
    pop     eax
    clc
1:  ret

# As task_create, but the task is not made ready.
.global task_new
task_new:
    CHECK   eax, ne, 0, "task_new: a task without an entry"
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    mov     eax, TASK_SIZE
    call    malloc
    jc      .Ltask_new_failed
    mov     ebx, eax
    mov     eax, STACK_PAGES
    mov     edx, PAGES_STACKS
    call    page_alloc_for
    jc      .Ltask_new_no_stack
    mov     [ebx + TASK_STACK], eax
    lea     edx, [eax + STACK_PAGES * PAGE_SIZE]
    mov     [ebx + TASK_STACK_TOP], edx
    call    page_protect
    jc      .Ltask_new_no_guard
    lea     eax, [ebx + TASK_LABEL]
    mov     edx, ebp
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    mov     eax, [ebx + TASK_STACK_TOP]
    sub     eax, 32
    mov     dword ptr [eax + 16], offset task_start
    mov     [eax + 20], esi             # entry
    mov     [eax + 24], edi             # argument; below: EBX, ESI, EDI, EBP as schedule saves them
    mov     [ebx + TASK_ESP], eax
    mov     dword ptr [ebx + TASK_STATE], TASK_NEW
    mov     dword ptr [ebx + TASK_PRIORITY], PRIORITY_KERNEL
    mov     dword ptr [ebx + TASK_BASE], PRIORITY_KERNEL
    mov     dword ptr [ebx + TASK_DIRECTORY], offset page_directory - KERNEL_SPACE
    mov     eax, ebx
    call    stack_guard
    lea     eax, [ebx + TASK_OWN]
    mov     [ebx + TASK_OWNER], eax
    inc     dword ptr [eax + OWNER_TASKS]
    lea     edx, [ebx + TASK_LABEL]
    mov     [eax + OWNER_NAME], edx
    mov     ecx, eax
    mov     eax, [ebx + TASK_STACK]
    mov     edx, STACK_PAGES
    call    page_charge
    INTERRUPTS_OFF
    inc     dword ptr [task_last_id]
    mov     eax, [task_last_id]
    mov     [ebx + TASK_ID], eax
    mov     eax, offset task_all - TASK_ALL_NEXT # at the end, so that the list is in order of age
.Ltask_new_last:
    mov     edx, [eax + TASK_ALL_NEXT]
    test    edx, edx
    jz      .Ltask_new_append
    mov     eax, edx
    jmp     .Ltask_new_last
.Ltask_new_append:
    mov     [eax + TASK_ALL_NEXT], ebx
    INTERRUPTS_RESTORE
    mov     eax, ebx
    clc
    jmp     .Ltask_new_done
.Ltask_new_no_guard:
    mov     eax, [ebx + TASK_STACK]
    mov     edx, STACK_PAGES
    call    page_free
.Ltask_new_no_stack:
    mov     eax, ebx
    call    mfree
    mov     eax, ERROR_NO_MEMORY
.Ltask_new_failed:
    stc
.Ltask_new_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Where a new task begins: schedule returns here.
task_start:
    call    task_reap
    pop     ecx
    pop     eax
    xor     ebp, ebp
    sti
    call    ecx
    call    task_exit

# Ends the running task: closes the handles of its owner if it was the last to work for that. Its memory is freed by the
# task that runs next. Panics when the task holds a mutex or a handle.
.global task_exit
task_exit:
    sti
    mov     ebx, [task_current]
    cmp     dword ptr [ebx + TASK_HALT], HALT_ASKED
    je      .Ltask_exit_halt
    mov     dword ptr [ebx + TASK_KILLED], 2
    cmp     dword ptr [ebx + TASK_HOLDS], 0
    ASSERT  e, "a task ends that holds a mutex or a handle"
    xor     eax, eax
    call    owner_join
    cmp     dword ptr [ebx + TASK_PROCESS], 0
    je      3f
    call    [on_thread_end]
3:  cli
    mov     eax, offset task_all - TASK_ALL_NEXT
1:  mov     edx, [eax + TASK_ALL_NEXT]
    CHECK   edx, ne, 0, "task_exit: the task is in no list"
    cmp     edx, ebx
    je      2f
    mov     eax, edx
    jmp     1b
2:  mov     edx, [ebx + TASK_ALL_NEXT]
    mov     [eax + TASK_ALL_NEXT], edx
    cmp     [task_hush], ebx
    jne     4f
    mov     dword ptr [task_hush], 0
4:
    mov     dword ptr [ebx + TASK_STATE], TASK_DEAD
    mov     [task_dead], ebx
    mov     eax, offset task_ended
    call    event_broadcast
    call    schedule                    # does not return
.Ltask_exit_halt:
    jmp     [on_thread_halt]

# Frees the task that ended last, after the switch away from it. Interrupts are off.
.global task_reap
task_reap:
    xor     eax, eax
    xchg    eax, [task_dead]
    test    eax, eax
    jz      1f
    CHECK   "dword ptr [eax+TASK_STATE]", e, TASK_DEAD, "task_reap: the task lives"
    CHECK   "dword ptr [eax+TASK_OWN+OWNER_FIRST]", e, 0, "task_reap: the task has handles"
    cmp     eax, offset task_boot       # not from the heap
    je      1f
    push    eax
    push    [eax + TASK_STACK]
    mov     eax, [esp]
    call    page_unprotect
    pop     eax
    mov     edx, STACK_PAGES
    call    page_free
    mov     eax, [esp]
    add     eax, TASK_OWN
    call    account_end
    pop     eax
    call    mfree
1:  ret

# Ends the running task, which was killed and is not heard of since: no critical section is cut short, as interrupts
# come in none, and nothing that others wait for, as it holds nothing. A thread ends on its way back into its program.
# In: EAX task. Interrupts are off, and their controllers wait for nothing.
.global task_overdue
task_overdue:
    mov     edx, [clock_ticks]
    sub     edx, [eax + TASK_PATIENCE]
    js      1f
    mov     edx, [eax + TASK_HOLDS]
    or      edx, [eax + TASK_PROCESS]
    jz      task_exit
1:  ret

# Lets the running task work for another owner, such as that of a service: what it opens from now on is that owner's.
# The handles of the old owner are closed when nobody works for it any more. May sleep.
# In: EAX owner, or 0 for none, when the task ends.
.global owner_join
owner_join:
    mov     ecx, [task_current]
    test    eax, eax
    jz      1f
    INTERRUPTS_OFF
    inc     dword ptr [eax + OWNER_TASKS]
    xchg    eax, [ecx + TASK_OWNER]
    dec     dword ptr [eax + OWNER_TASKS]
    INTERRUPTS_RESTORE
    jmp     2f
1:  mov     eax, [ecx + TASK_OWNER]     # stays its owner while the destructors run
    dec     dword ptr [eax + OWNER_TASKS]
2:  cmp     dword ptr [eax + OWNER_TASKS], 0
    jne     3f
    cmp     eax, offset owner_system
    jne     owner_close
3:  ret

# Finds the owner that the running task works for.
# Out: EAX owner.
# Clobbers: EAX only.
.global owner_current
owner_current:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_OWNER]
    test    eax, eax
    jnz     1f
    mov     eax, offset owner_system    # before there are tasks
1:  ret

# Counts one more mutex or handle that the running task holds.
# Clobbers: EDX only.
.global task_hold
task_hold:
    mov     edx, [task_current]
    inc     dword ptr [edx + TASK_HOLDS]
    ret

# Counts one less.
# Clobbers: EDX only.
.global task_unhold
task_unhold:
    mov     edx, [task_current]
    CHECK   "dword ptr [edx+TASK_HOLDS]", ne, 0, "task_unhold: the task holds nothing"
    dec     dword ptr [edx + TASK_HOLDS]
    ret

# Ends another task: at once when it waits and holds nothing, else when it waits next while it holds nothing. One that
# does not wait for a second is ended by the next interrupt while it holds nothing. What it owns is given back by its
# own hand. A wait with TASK_GIVES_WAY ends as if its time were over.
# In: EAX id.
# Out: CF and EAX: ERROR_NOT_FOUND, ERROR_NOT_PERMITTED for the idle task, the running one, and those that stay.
.global task_kill
task_kill:
    push    ebx
    INTERRUPTS_OFF
    call    task_lives
    jc      .Ltask_kill_none
    mov     ebx, eax
    cmp     ebx, [task_current]
    je      .Ltask_kill_refused
    cmp     ebx, [task_idle]
    je      .Ltask_kill_refused
    cmp     dword ptr [ebx + TASK_STAYS], 0
    jne     .Ltask_kill_refused
    and     dword ptr [ebx + TASK_HALT], ~HALT_ASKED    # it is to end
    cmp     dword ptr [ebx + TASK_KILLED], 0
    jne     .Ltask_kill_good
    mov     eax, [clock_ticks]
    add     eax, KILL_TICKS
    mov     [ebx + TASK_PATIENCE], eax
    mov     dword ptr [ebx + TASK_KILLED], 1
    cmp     dword ptr [ebx + TASK_STATE], TASK_WAITING
    jne     .Ltask_kill_good
    cmp     dword ptr [ebx + TASK_GIVES_WAY], 0
    jne     .Ltask_kill_wake
    cmp     dword ptr [ebx + TASK_HOLDS], 0
    jne     .Ltask_kill_good
.Ltask_kill_wake:
    mov     eax, ebx
    call    task_wake
.Ltask_kill_good:
    INTERRUPTS_RESTORE
    clc
    jmp     .Ltask_kill_done
.Ltask_kill_refused:
    mov     eax, ERROR_NOT_PERMITTED
    jmp     .Ltask_kill_failed
.Ltask_kill_none:
    mov     eax, ERROR_NOT_FOUND
.Ltask_kill_failed:
    INTERRUPTS_RESTORE
    stc
.Ltask_kill_done:
    pop     ebx
    ret

# Whether a task lives.
# In: EAX id.
# Out: EAX task; CF when there is none.
# Clobbers: EAX, ECX only.
.global task_lives
task_lives:
    INTERRUPTS_OFF
    mov     ecx, [task_all]
1:  jecxz   2f
    cmp     [ecx + TASK_ID], eax
    je      3f
    mov     ecx, [ecx + TASK_ALL_NEXT]
    jmp     1b
2:  INTERRUPTS_RESTORE
    stc
    ret
3:  INTERRUPTS_RESTORE
    mov     eax, ecx
    clc
    ret

# Ends all tasks of which a field has a value, as task_kill does.
# In: EAX value, EDX where a task's record has the field.
.global tasks_kill
tasks_kill:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    INTERRUPTS_OFF
    mov     ebx, [task_all]
1:  test    ebx, ebx
    jz      3f
    cmp     [ebx + edi], esi
    jne     2f
    mov     eax, [ebx + TASK_ID]
    call    task_kill
2:  mov     ebx, [ebx + TASK_ALL_NEXT]
    jmp     1b
3:  INTERRUPTS_RESTORE
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends all tasks that work for an owner.
# In: EAX owner.
# Out: ZF when none works for it any more.
.global owner_kill
owner_kill:
    push    eax
    mov     edx, TASK_OWNER
    call    tasks_kill
    pop     eax
    cmp     dword ptr [eax + OWNER_TASKS], 0
    ret

# Lets the others run.
.global task_yield
task_yield:
    INTERRUPTS_OFF
    call    schedule
    INTERRUPTS_RESTORE
    ret

# Sleeps.
# In: EAX milliseconds; at least so long, in steps of a tick.
.global task_sleep
task_sleep:
    xor     edx, edx
    xchg    eax, edx                    # no event, EDX milliseconds
    INTERRUPTS_OFF
    call    task_wait
    INTERRUPTS_RESTORE
    ret

# Whether the running code may sleep.
# Out: CF when the running code must not sleep: before there are tasks, or in the idle task. Clobbers no register.
.global task_may_sleep
task_may_sleep:
    cmp     dword ptr [task_idle], 0
    je      1f
    push    eax
    mov     eax, [task_current]
    cmp     eax, [task_idle]
    pop     eax
    je      1f
    clc
    ret
1:  stc
    ret

# Makes the running task wait.
# In: EAX address of what it waits for (0: only for time), EDX timeout in milliseconds or -1; interrupts off.
# Out: CF when the time is over and nothing came.
.global task_wait
task_wait:
    push    ebx
    call    task_may_sleep
    ASSERT  nc, "wait where there is no task to wait"
    mov     ebx, [task_current]
    cmp     dword ptr [ebx + TASK_KILLED], 1
    je      .Ltask_wait_killed
.Ltask_wait_begin:
    CHECK_MASKED "task_wait: interrupts are on"
    CHECK   "dword ptr [ebx+TASK_STATE]", e, TASK_RUNNING, "task_wait: the task does not run"
    mov     [ebx + TASK_EVENT], eax
    mov     dword ptr [ebx + TASK_WOKEN], 0
    cmp     edx, -1
    je      1f
    lea     eax, [ebx + TASK_TIMER]
    mov     dword ptr [eax + TIMER_ROUTINE], offset task_wake
    mov     [eax + TIMER_ARGUMENT], ebx
    call    timer_set
1:  mov     dword ptr [ebx + TASK_STATE], TASK_WAITING
    inc     dword ptr [task_waits]
    mov     eax, [task_waits]
    mov     [ebx + TASK_WAIT], eax
    mov     ecx, 1
    call    event_list
    mov     eax, ebx
    call    list_append
    call    schedule
    cmp     dword ptr [ebx + TASK_WOKEN], 1 # CF when it is 0
    jc      .Ltask_wait_nothing
.Ltask_wait_done:
    pop     ebx
    ret
.Ltask_wait_nothing:
    cmp     dword ptr [ebx + TASK_KILLED], 1
    stc
    jne     .Ltask_wait_done
    cmp     dword ptr [ebx + TASK_HOLDS], 0
    stc
    jne     .Ltask_wait_done
    jmp     .Ltask_wait_exit
.Ltask_wait_killed:
    cmp     dword ptr [ebx + TASK_HOLDS], 0
    je      .Ltask_wait_exit
    cmp     dword ptr [ebx + TASK_GIVES_WAY], 1
    jb      .Ltask_wait_begin
    stc
    jmp     .Ltask_wait_done
.Ltask_wait_exit:
    mov     dword ptr [ebx + TASK_EVENT_COUNT], 0   # its waits from now on are for other things
    pop     ebx
    jmp     task_exit                   # in its own context, which may sleep

# Makes a waiting task ready.
# In: EAX task; interrupts off.
.global task_wake
task_wake:
    CHECK_MASKED "task_wake: interrupts are on"
    CHECK   "dword ptr [eax+TASK_STATE]", e, TASK_WAITING, "task_wake: the task does not wait"
    push    ebx
    mov     ebx, eax
    add     eax, TASK_TIMER
    call    timer_cancel
    mov     ecx, -1
    call    event_list
    mov     eax, ebx
    call    list_remove
    mov     dword ptr [ebx + TASK_STATE], TASK_READY
    mov     dword ptr [ebx + TASK_EVENT], 0
    mov     dword ptr [ebx + TASK_EVENT_COUNT], 0
    mov     byte ptr [task_reschedule], 1
    mov     eax, ebx
    pop     ebx
    jmp     ready_append

.data
.balign 4
.global task_boot
task_boot:                                  # the first task: the boot
    .org    task_boot + TASK_STATE
    .long   TASK_RUNNING
    .org    task_boot + TASK_ID
    .long   1
    .org    task_boot + TASK_STACK
    .long   boot_stack
    .org    task_boot + TASK_STACK_TOP
    .long   boot_stack_end
    .org    task_boot + TASK_OWNER
    .long   owner_system
    .org    task_boot + TASK_PRIORITY
    .long   PRIORITY_KERNEL
    .org    task_boot + TASK_BASE
    .long   PRIORITY_KERNEL
    .org    task_boot + TASK_DIRECTORY
    .long   page_directory - KERNEL_SPACE
    .org    task_boot + TASK_LABEL
    .asciz  "init"
    .org    task_boot + TASK_SIZE
.balign 4
.global task_all
task_all:           .long task_boot         # all tasks that live, oldest first
task_last_id:       .long -1                # the idle task, which is made first, is 0

.bss
.balign 4
.global task_idle
task_idle:          .space 4
task_waits:         .space 4                # how often a task has begun to wait
.global task_dead
task_dead:          .space 4                # ended, memory not freed yet
.global task_ended
task_ended:         .space 4                # broadcast when a task has ended
