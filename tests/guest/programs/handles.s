# Tests of handles, of what tasks own and wait for, of timers, and of the end of tasks, that run inside a machine: link
# this object with those of asm/ and type `handletest`. Prints a line for each test, `ok NAME` or `FAIL NAME`, and at
# the end `handletest: N passed, M failed`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "tasks.inc"

.text

SELFTEST handletest, handle_tests, "test handles and tasks"

HANDLE_TYPE test_type, "test", test_destroy
HANDLE_TYPE test_other_type, "other test", test_destroy

# Destructor: adds the object to what was destroyed.
test_destroy:
    shl     dword ptr [destroyed], 4
    or      [destroyed], eax
    ret

# Opens a test's handle.
# In: EAX object. Out: EAX handle, CF.
test_open:
    mov     edx, offset test_type
    xor     ecx, ecx
    jmp     handle_open

# A handle names its object until it is closed, by its type only, and never the one that comes after.
test_handles:
    mov     dword ptr [destroyed], 0
    mov     eax, 5
    stc
    call    test_open
    jc      9f
    mov     ebx, eax
    mov     edx, offset test_type
    stc
    call    handle_find
    jc      9f
    cmp     eax, 5
    jne     8f
    mov     eax, ebx
    mov     edx, offset test_other_type
    clc
    call    handle_find
    jnc     8f
    cmp     eax, ERROR_STALE
    jne     8f
    mov     eax, ebx
    mov     edx, offset test_other_type
    clc
    call    handle_close
    jnc     8f
    cmp     dword ptr [destroyed], 0
    jne     8f
    mov     eax, offset test_type
    mov     edx, 5
    stc
    call    handle_search
    jc      9f
    cmp     eax, ebx
    jne     8f
    mov     ecx, [task_current]
    cmp     edx, [ecx + TASK_OWNER]
    jne     8f
    mov     eax, ebx
    mov     edx, offset test_type
    stc
    call    handle_close
    jc      9f
    cmp     dword ptr [destroyed], 5
    jne     8f
    mov     eax, 6
    stc
    call    test_open
    jc      9f
    mov     esi, eax
    cmp     eax, ebx
    je      8f
    mov     eax, ebx
    mov     edx, offset test_type
    clc
    call    handle_find
    jnc     8f
    mov     eax, ebx
    xor     edx, edx
    clc
    call    handle_close
    jnc     8f
    mov     eax, esi
    xor     edx, edx
    call    handle_close
    cmp     dword ptr [destroyed], 0x56
    jne     8f
    lea     eax, [esi + 0x2000]         # that of the next generation, which is not open yet
    xor     edx, edx
    clc
    call    handle_close
    jnc     8f
    cmp     eax, ERROR_STALE
    jne     8f
    cmp     dword ptr [destroyed], 0x56
    jne     8f
    xor     eax, eax                    # never a handle, nor is what no table reaches
    mov     edx, offset test_type
    clc
    call    handle_find
    jnc     8f
    or      eax, -1
    mov     edx, offset test_type
    clc
    call    handle_find
    jnc     8f
    clc
    ret
8:  stc
9:  ret

# What is held stays when its handle is closed, until the last one lets go; for all others it is gone at once.
test_handle_hold:
    mov     dword ptr [destroyed], 0
    mov     eax, 7
    stc
    call    test_open
    jc      9f
    mov     ebx, eax
    mov     edx, offset test_type
    stc
    call    handle_hold
    jc      9f
    mov     eax, ebx
    mov     edx, offset test_type
    stc
    call    handle_hold
    jc      9f
    cmp     eax, 7
    jne     8f
    mov     eax, ebx
    xor     edx, edx
    stc
    call    handle_close
    jc      9f
    mov     eax, ebx
    mov     edx, offset test_type
    clc
    call    handle_hold
    jnc     8f
    mov     eax, ebx
    call    handle_release
    cmp     dword ptr [destroyed], 0
    jne     8f
    mov     eax, 1                      # the entry is not given out again before that
    stc
    call    test_open
    jc      9f
    xor     eax, ebx
    test    eax, 0x1FFF
    jz      8f
    xor     eax, ebx
    xor     edx, edx
    call    handle_close
    mov     dword ptr [destroyed], 0
    mov     eax, ebx
    call    handle_release
    cmp     dword ptr [destroyed], 7
    jne     8f
    mov     ecx, [task_current]
    cmp     dword ptr [ecx + TASK_HOLDS], 0
    jne     8f
    clc
    ret
8:  stc
9:  ret

# A task: opens three handles and owns a block of memory, and ends, or waits for what never comes when EAX is set.
test_owning_task:
    mov     ebx, eax
    mov     esi, 1
1:  mov     eax, esi
    call    test_open
    inc     esi
    cmp     esi, 3
    jbe     1b
    mov     eax, 5000
    call    malloc
    call    memory_own
    mov     dword ptr [running], 1
    test    ebx, ebx
    jz      3f
    cmp     ebx, 2
    jne     2f
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, 200
    call    task_sleep
    mov     eax, offset mutex
    call    mutex_unlock
2:  mov     eax, offset event
    mov     edx, -1
    call    event_wait
    mov     dword ptr [running], 2      # nobody should come here
3:  ret

# The handles of a task are closed when it ends, the youngest first, and its memory goes back.
test_task_owns:
    mov     dword ptr [destroyed], 0
    mov     edi, [handles_open]
    call    heap_stats
    mov     esi, ecx                    # ESI: blocks in use
    mov     eax, offset test_owning_task
    xor     edx, edx
    LOAD_STRING ecx, "owner"
    stc
    call    task_create
    jc      9f
    mov     eax, 50
    call    task_sleep
    cmp     dword ptr [destroyed], 0x321
    jne     8f
    cmp     [handles_open], edi
    jne     8f
    call    heap_stats
    cmp     ecx, esi
    jne     8f
    clc
    ret
8:  stc
9:  ret

# Task_kill ends a task that never waits, after a second, but not while it holds a mutex.
test_overdue:
    mov     dword ptr [running], 0
    mov     eax, offset test_busy_task
    xor     edx, edx
    LOAD_STRING ecx, "busy"
    stc
    call    task_create
    jc      9f
    mov     ebx, [eax + TASK_ID]
    mov     eax, 50
    call    task_sleep
    cmp     dword ptr [running], 1
    jne     8f
    mov     eax, ebx
    call    task_kill
    mov     eax, 1500
    call    task_sleep
    mov     eax, ebx                    # it has the mutex
    stc
    call    task_lives
    jc      9f
    mov     dword ptr [running], 2
    mov     eax, 100
    call    task_sleep
    mov     eax, ebx
    clc
    call    task_lives
    jnc     8f
    cmp     dword ptr [mutex], 0
    jne     8f
    clc
    ret
8:  stc
9:  ret

# Holds the mutex until it may not run on with it, and never waits.
test_busy_task:
    mov     eax, offset mutex
    call    mutex_lock
    mov     dword ptr [running], 1
1:  cmp     dword ptr [running], 2
    jne     1b
    mov     eax, offset mutex
    call    mutex_unlock
2:  jmp     2b

# Task_kill ends a task that waits, and one that holds a mutex when it has given that back; what they own is closed.
test_kill:
    mov     edi, [handles_open]
    call    heap_stats
    mov     esi, ecx
    mov     dword ptr [event], 0
    mov     ebx, 1                      # EBX: 1, then 2: what the task does
1:  mov     dword ptr [destroyed], 0
    mov     eax, offset test_owning_task
    mov     edx, ebx
    LOAD_STRING ecx, "victim"
    stc
    call    task_create
    jc      9f
    push    [eax + TASK_ID]
    mov     eax, 50
    call    task_sleep
    pop     eax
    cmp     dword ptr [running], 1
    jne     8f
    push    eax
    call    task_kill
    pop     eax
    jc      9f
    push    eax
    mov     eax, 50
    call    task_sleep
    cmp     ebx, 2
    jne     2f
    cmp     dword ptr [destroyed], 0    # it sleeps with the mutex
    pop     eax
    jne     8f
    push    eax
    call    task_kill                   # twice does no harm
    mov     eax, 200
    call    task_sleep
2:  pop     eax
    call    task_kill                   # it is gone
    jnc     8f
    cmp     eax, ERROR_NOT_FOUND
    jne     8f
    cmp     dword ptr [destroyed], 0x321
    jne     8f
    cmp     dword ptr [running], 1
    jne     8f
    cmp     dword ptr [mutex], 0
    jne     8f
    cmp     [handles_open], edi
    jne     8f
    call    heap_stats
    cmp     ecx, esi
    jne     8f
    inc     ebx
    cmp     ebx, 2
    jbe     1b
    mov     ecx, [task_current]         # nobody kills the running task or the idle one
    mov     eax, [ecx + TASK_ID]
    clc
    call    task_kill
    jnc     8f
    cmp     eax, ERROR_NOT_PERMITTED
    jne     8f
    xor     eax, eax
    clc
    call    task_kill
    jnc     8f
    cmp     eax, ERROR_NOT_PERMITTED
    jne     8f
    clc
    ret
8:  stc
9:  ret

TIMER   first_timer, test_note, 1
TIMER   second_timer, test_note, 2
TIMER   third_timer, test_note, 3
TIMER   fourth_timer, test_note, 4
TIMER   again_timer, test_again, 5

# Routine of timers: notes its argument.
test_note:
    shl     dword ptr [destroyed], 4
    or      [destroyed], eax
    ret

# Routine of a timer that sets itself again, twice.
test_again:
    call    test_note
    cmp     dword ptr [destroyed], 0x555
    je      1f
    mov     eax, offset again_timer
    mov     edx, 1
    jmp     timer_set_ticks
1:  ret

# Timers come in the order of their deadlines, those of one tick in the order in which they were set; one that is
# cancelled does not come, one that is set anew comes once.
test_timers:
    mov     dword ptr [destroyed], 0
    INTERRUPTS_OFF
    mov     eax, offset first_timer
    mov     edx, 60
    call    timer_set
    mov     eax, offset second_timer
    mov     edx, 200
    call    timer_set
    mov     eax, offset third_timer
    mov     edx, 20
    call    timer_set
    mov     eax, offset fourth_timer
    mov     edx, 40
    call    timer_set
    mov     eax, offset second_timer
    mov     edx, 20
    call    timer_set
    mov     eax, offset fourth_timer
    call    timer_cancel
    mov     eax, offset fourth_timer
    call    timer_cancel
    INTERRUPTS_RESTORE
    mov     eax, 300
    call    task_sleep
    cmp     dword ptr [destroyed], 0x321
    jne     8f
    mov     dword ptr [destroyed], 0
    mov     eax, 5
    call    test_again
    mov     eax, 50
    call    task_sleep
    cmp     dword ptr [destroyed], 0x555
    jne     8f
    clc
    ret
8:  stc
    ret

# Both clocks go on while the machine is idle, and a sleep ends on its tick, however long it is.
test_clocks:
    mov     edi, 5
1:  call    clock_ms
    mov     ebx, eax
    call    clock_us
    mov     esi, eax
    imul    eax, edi, 37
    call    task_sleep
    call    clock_us
    sub     eax, esi
    mov     esi, eax
    call    clock_ms
    sub     eax, ebx
    imul    ecx, edi, 37
    sub     eax, ecx
    jc      8f
    cmp     eax, 2 * TICK_MS
    ja      8f
    imul    ecx, ecx, 1000              # microseconds that it should have slept
    sub     esi, ecx
    jc      8f
    cmp     esi, 2 * TICK_MS * 1000
    ja      8f
    inc     edi
    cmp     edi, 30
    jb      1b
    clc
    ret
8:  stc
    ret

# A task: signals the event that its argument is, after a while.
test_signaller:
    push    eax
    mov     eax, 30
    call    task_sleep
    pop     eax
    jmp     event_signal

# A task may wait for several events: it is told which came, and only that is used up.
test_wait_any:
    mov     dword ptr [event], 0
    mov     dword ptr [other_event], 0
    mov     eax, offset other_event
    call    event_signal
    mov     eax, offset both_events     # set before
    mov     edx, -1
    mov     ecx, 2
    stc
    call    event_wait_any
    jc      9f
    cmp     eax, 1
    jne     8f
    mov     eax, offset both_events     # used up
    mov     edx, 30
    mov     ecx, 2
    clc
    call    event_wait_any
    jnc     8f
    xor     ebx, ebx
1:  mov     edx, [both_events + ebx*4]  # signalled while it waits
    mov     eax, offset test_signaller
    LOAD_STRING ecx, "signaller"
    stc
    call    task_create
    jc      9f
    mov     eax, offset both_events
    mov     edx, -1
    mov     ecx, 2
    stc
    call    event_wait_any
    jc      9f
    cmp     eax, ebx
    jne     8f
    mov     eax, [event]
    or      eax, [other_event]
    jnz     8f
    inc     ebx
    cmp     ebx, 2
    jb      1b
    clc
    ret
8:  stc
9:  ret

# A task: takes a unit, counts, and gives none back.
test_taker:
    mov     eax, offset semaphore
    mov     edx, -1
    call    semaphore_take
    inc     dword ptr [running]
    ret

# A semaphore lets as many through as it has units; each unit that is given wakes one.
test_semaphore:
    mov     dword ptr [semaphore], 2
    mov     dword ptr [running], 0
    mov     ebx, 4
1:  mov     eax, offset test_taker
    xor     edx, edx
    LOAD_STRING ecx, "taker"
    stc
    call    task_create
    jc      9f
    dec     ebx
    jnz     1b
    mov     ebx, 2
2:  mov     eax, 30
    call    task_sleep
    cmp     [running], ebx
    jne     8f
    mov     eax, offset semaphore
    call    semaphore_give
    inc     ebx
    cmp     ebx, 5
    jb      2b
    mov     eax, offset semaphore       # the last unit found nobody
    xor     edx, edx
    stc
    call    semaphore_take
    jc      9f
    mov     eax, offset semaphore
    mov     edx, 20
    clc
    call    semaphore_take
    jnc     8f
    clc
    ret
8:  stc
9:  ret

.section .rodata
.balign 4
handle_tests:
    CASE    "handles", test_handles
    CASE    "held handles", test_handle_hold
    CASE    "what a task owns", test_task_owns
    CASE    "kill", test_kill
    CASE    "overdue", test_overdue
    CASE    "timers", test_timers
    CASE    "clocks", test_clocks
    CASE    "wait for any", test_wait_any
    CASE    "semaphores", test_semaphore
    .long   0
both_events:
    .long   event, other_event

.bss
.balign 4
mutex:          .space MUTEX_SIZE
event:          .space 4
other_event:    .space 4
semaphore:      .space SEMAPHORE_SIZE
running:        .space 4                    # what the task has come to
destroyed:      .space 4                    # objects, the last in the lowest four bits
