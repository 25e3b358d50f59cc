# Tests of who runs next, of timers, owners and tasks, that run inside a machine: link this object with those of asm/
# and type `tasktest`.

.include "macros.inc"
.include "selftest.inc"
.include "tasks.inc"

.text

SELFTEST tasktest, task_tests, "test tasks and timers"

NOTES_AND_TASKS

# Of the tasks that are ready one of the highest priority runs, those of equal priority in their turn; who is made ready
# with a higher priority runs when interrupts are on again.
test_order:
    mov     dword ptr [notes], 0
    INTERRUPTS_OFF
    mov     ebx, offset order
1:  movzx   edx, byte ptr [ebx]
    movzx   ecx, byte ptr [ebx + 1]
    mov     eax, offset note
    call    start_at
    add     ebx, 2
    cmp     ebx, offset order_end
    jb      1b
    call    task_yield
    mov     esi, [notes]
    INTERRUPTS_RESTORE
    SAME    esi, 0x4628                 # those above, and one beside us
    mov     eax, 30
    call    task_sleep
    SAME    dword ptr [notes], 0x46281375
    clc
    ret

# A task: waits for the first event, and notes its priority.
priority_noter:
    mov     eax, offset events
    mov     edx, -1
    call    event_wait
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_PRIORITY]
    jmp     note

# A task that waits gets another priority without becoming ready.
test_priority_waiting:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 0
    mov     eax, offset priority_noter
    xor     edx, edx
    call    start
    mov     ebx, eax
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [ebx + TASK_STATE], TASK_WAITING
    mov     eax, ebx
    mov     edx, 2
    call    task_set_priority
    SAME    dword ptr [ebx + TASK_STATE], TASK_WAITING
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0
    mov     eax, offset events
    call    event_signal
    SAME    dword ptr [ebx + TASK_STATE], TASK_READY
    SAME    dword ptr [ebx + TASK_EVENT], 0
    mov     ecx, [task_current]
    SAME    dword ptr [ecx + TASK_STATE], TASK_RUNNING
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 2
    mov     eax, [task_idle]
    SAME    dword ptr [eax + TASK_ID], 0
    SUCCEEDS task_may_sleep
    clc
    ret

TIMER   timer_a, note, 1
TIMER   timer_b, note, 2
TIMER   timer_c, note, 3

# Milliseconds are rounded up to ticks, and the tick that runs does not count.
test_timer_ticks:
    mov     dword ptr [notes], 0
    mov     ebx, offset durations
1:  INTERRUPTS_OFF
    mov     eax, offset timer_a
    mov     edx, [ebx]
    call    timer_set
    mov     esi, [timer_a + TIMER_DEADLINE]
    sub     esi, [clock_ticks]
    mov     eax, offset timer_a
    call    timer_cancel
    INTERRUPTS_RESTORE
    SAME    esi, [ebx + 4]
    SAME    dword ptr [timer_a + TIMER_SET], 0
    add     ebx, 8
    cmp     ebx, offset durations_end
    jb      1b
    clc
    ret

# The queue is in the order of the deadlines, also where the count of ticks begins anew, and both its links are right.
test_timer_queue:
    mov     dword ptr [notes], 0
    INTERRUPTS_OFF
    push    [clock_ticks]
    mov     dword ptr [clock_ticks], 0xFFFFFFFD
    mov     eax, offset timer_c         # beyond the last tick of all
    mov     edx, 6
    call    timer_set_ticks
    mov     eax, offset timer_a
    mov     edx, 1
    call    timer_set_ticks
    call    timers_idle
    mov     esi, eax
    mov     eax, offset timer_b
    mov     edx, 1                      # after one that is due at the same tick
    call    timer_set_ticks
    mov     ebx, [timer_a + TIMER_PREVIOUS] # the head
    mov     edi, [ebx + TIMER_NEXT]
    mov     ecx, offset timer_b
    cmp     [timer_a + TIMER_NEXT], ecx
    jne     1f
    cmp     dword ptr [timer_b + TIMER_PREVIOUS], offset timer_a
    jne     1f
    cmp     dword ptr [timer_b + TIMER_NEXT], offset timer_c
    jne     1f
    cmp     [timer_c + TIMER_PREVIOUS], ecx
    jne     1f
    cmp     dword ptr [timer_c + TIMER_DEADLINE], 3
    jne     1f
    mov     eax, offset timer_b
    call    timer_cancel
    cmp     dword ptr [timer_a + TIMER_NEXT], offset timer_c
    jne     1f
    cmp     dword ptr [timer_c + TIMER_PREVIOUS], offset timer_a
    jne     1f
    mov     dword ptr [notes], 5
    inc     dword ptr [clock_ticks]
    call    timers_run                  # the first only
1:  mov     eax, offset timer_a
    call    timer_cancel
    mov     eax, offset timer_c
    call    timer_cancel
    pop     [clock_ticks]
    INTERRUPTS_RESTORE
    SAME    esi, 1
    SAME    edi, offset timer_a
    SAME    dword ptr [notes], 0x51
    clc
    ret

# A task: opens a handle, and waits for the first event.
working_task:
    mov     edx, offset wait_type
    xor     ecx, ecx
    mov     eax, 2
    call    handle_open
    mov     eax, offset events
    mov     edx, -1
    call    event_wait
    mov     eax, 9
    jmp     note

HANDLE_TYPE wait_type, "waiting test", note

# What tasks have opened that work for one owner is there until the last of them leaves it.
test_owner:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 0
    mov     edi, [handles_open]
    mov     ecx, [task_current]
    mov     esi, [ecx + TASK_OWNER]     # ESI: whom we work for
    mov     eax, offset owner
    call    owner_join
    SAME    dword ptr [owner + OWNER_TASKS], 1
    call    owner_current
    SAME    eax, offset owner
    mov     eax, 1
    mov     edx, offset wait_type
    xor     ecx, ecx
    SUCCEEDS handle_open
    mov     eax, offset working_task
    xor     edx, edx
    LOAD_STRING ecx, "working"
    SUCCEEDS task_create_owned
    mov     ebx, eax
    SAME    dword ptr [ebx + TASK_OWN + OWNER_TASKS], 0
    SAME    dword ptr [owner + OWNER_TASKS], 2
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [ebx + TASK_OWNER], offset owner
    mov     eax, esi
    call    owner_join
    SAME    dword ptr [owner + OWNER_TASKS], 1
    mov     ecx, [task_current]
    SAME    [ecx + TASK_OWNER], esi
    mov     eax, [handles_open]
    sub     eax, edi
    SAME    eax, 2
    SAME    dword ptr [notes], 0
    mov     eax, offset owner
    call    owner_kill
    MUST    nz
    mov     eax, 20
    call    task_sleep
    mov     eax, offset owner
    call    owner_kill
    MUST    z
    SAME    dword ptr [notes], 0x21     # the youngest first, and it did not go on
    SAME    [handles_open], edi
    SAME    dword ptr [owner + OWNER_FIRST], 0
    clc
    ret

# A task: waits for the first event, and for it again.
sleeper:
    mov     eax, offset events
    mov     edx, -1
    call    event_wait
    jmp     sleeper

# All tasks of which a field has a value are killed, and no others; they are found by their numbers until they end.
test_kill_many:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 0
    mov     ebx, offset started
1:  mov     eax, offset sleeper
    xor     edx, edx
    call    start
    mov     [ebx], eax
    mov     dword ptr [eax + TASK_TURN], 0x1234
    add     ebx, 4
    cmp     ebx, offset started + 12
    jb      1b
    mov     eax, [started + 4]
    mov     dword ptr [eax + TASK_TURN], 0x1235
    mov     eax, [eax + TASK_ID]
    mov     esi, eax                    # ESI: number of the second
    SUCCEEDS task_lives
    SAME    eax, [started + 4]
    mov     eax, [started]
    mov     edi, [eax + TASK_ID]
    mov     eax, [task_current]
    push    [eax + TASK_SWITCHES]
    mov     eax, 20
    call    task_sleep
    mov     eax, [task_current]
    pop     edx
    inc     edx
    SAME    [eax + TASK_SWITCHES], edx
    mov     eax, 0x1234
    mov     edx, TASK_TURN
    call    tasks_kill
    mov     eax, 20
    call    task_sleep
    mov     eax, edi
    FAILS   task_lives
    mov     eax, esi
    SUCCEEDS task_lives
    mov     ebx, eax
    SAME    dword ptr [ebx + TASK_STATE], TASK_WAITING
    SAME    dword ptr [ebx + TASK_KILLED], 0
    mov     eax, esi
    SUCCEEDS task_kill
    SAME    dword ptr [ebx + TASK_KILLED], 1
    SAME    dword ptr [ebx + TASK_STATE], TASK_READY
    mov     eax, 20
    call    task_sleep
    mov     eax, esi
    FAILS   task_lives
    clc
    ret

# The list of tasks is in the order of their numbers; a new task has what it needs, and its name is cut.
test_task_record:
    mov     dword ptr [notes], 0
    mov     eax, offset sleeper
    xor     edx, edx
    LOAD_STRING ecx, "a name of more than twenty-three characters"
    SUCCEEDS task_new
    mov     ebx, eax
    SAME    dword ptr [ebx + TASK_STATE], TASK_NEW
    SAME    dword ptr [ebx + TASK_PRIORITY], PRIORITY_KERNEL
    SAME    dword ptr [ebx + TASK_BASE], PRIORITY_KERNEL
    SAME    dword ptr [ebx + TASK_OWN + OWNER_TASKS], 1
    SAME    dword ptr [ebx + TASK_ALL_NEXT], 0
    SAME    byte ptr [ebx + TASK_LABEL + TASK_NAME_SIZE - 1], 0
    SAME    byte ptr [ebx + TASK_LABEL + TASK_NAME_SIZE - 2], 'e'
    lea     eax, [ebx + TASK_OWN]
    SAME    [ebx + TASK_OWNER], eax
    call    account_pages
    SAME    eax, STACK_PAGES
    SAME    edx, STACK_PAGES
    mov     eax, [ebx + TASK_STACK_TOP]
    sub     eax, [ebx + TASK_STACK]
    SAME    eax, STACK_PAGES * 4096
    mov     ecx, [task_all]
1:  mov     edx, [ecx + TASK_ALL_NEXT]
    test    edx, edx
    jz      2f
    mov     eax, [ecx + TASK_ID]
    cmp     eax, [edx + TASK_ID]
    MUST    b
    mov     ecx, edx
    jmp     1b
2:  SAME    ecx, ebx
    INTERRUPTS_OFF
    mov     dword ptr [ebx + TASK_STATE], TASK_READY
    mov     eax, ebx
    call    ready_append
    INTERRUPTS_RESTORE
    mov     eax, [ebx + TASK_ID]
    mov     esi, eax
    call    task_kill                   # before it has ever run
    MUST    nc
    mov     eax, 20
    call    task_sleep
    mov     eax, esi
    FAILS   task_lives
    clc
    ret

# Processor time is counted for who has it, and a millisecond of it is the same for all.
test_time:
    mov     dword ptr [notes], 0
    call    task_cycles_per_ms
    mov     ebx, eax
    test    eax, eax
    MUST    nz
    mov     ecx, [task_current]
    mov     esi, [ecx + TASK_CYCLES]
    mov     edi, [clock_ticks]
1:  mov     eax, [clock_ticks]          # 50 ms without a wait
    sub     eax, edi
    cmp     eax, 5
    jb      1b
    call    task_cycles_per_ms
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_CYCLES]
    sub     eax, esi
    xor     edx, edx
    div     ebx
    cmp     eax, 30
    MUST    ae
    cmp     eax, 70
    MUST    be
    mov     ecx, [task_current]
    mov     esi, [ecx + TASK_CYCLES]
    mov     eax, 100
    call    task_sleep
    mov     ecx, [task_current]
    mov     eax, [ecx + TASK_CYCLES]
    sub     eax, esi
    xor     edx, edx
    div     ebx
    cmp     eax, 10
    MUST    b
    clc
    ret

.section .rodata
.balign 4
task_tests:
    CASE    "order", test_order
    CASE    "priority of who waits", test_priority_waiting
    CASE    "ticks of timers", test_timer_ticks
    CASE    "queue of timers", test_timer_queue
    CASE    "owner", test_owner
    CASE    "kill many", test_kill_many
    CASE    "task record", test_task_record
    CASE    "time", test_time
    .long   0
durations:                                  # milliseconds, ticks from now
    .long   0, 1, 1, 2, 10, 2, 11, 3, 20, 3, 1000, 101, 0xFFFFFFFF, 429496731
durations_end:
order:                                      # digits, priorities
    .byte   1, 5, 3, 5, 4, 12, 6, 9, 7, 4, 2, 9, 8, 8, 5, 0
order_end:

.data
.balign 4
owner:          .long 0, 0, owner_name, 0
STRING owner_name, "an owner"

.bss
.balign 4
events:         .space 4
started:        .space 12
