# Tests of what tasks wait with, that run inside a machine: link this object with those of asm/ and type `waittest`.

.include "macros.inc"
.include "selftest.inc"
.include "tasks.inc"

OWN_PRIORITY        = PRIORITY_KERNEL       # of the shell, which runs the tests

.text

SELFTEST waittest, wait_tests, "test what tasks wait with"

NOTES_AND_TASKS

# Of several events that are set the first is taken, and that only.
test_any_set:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 1
    mov     dword ptr [events + 4], 1
    mov     dword ptr [events + 8], 1
    mov     ebx, 1
1:  mov     eax, offset three_events
    mov     edx, -1
    mov     ecx, 3
    SUCCEEDS event_wait_any
    inc     eax
    SAME    eax, ebx
    mov     ecx, 3                      # how many are left
    sub     ecx, ebx
    mov     eax, [events]
    add     eax, [events + 4]
    add     eax, [events + 8]
    SAME    eax, ecx
    inc     ebx
    cmp     ebx, 3
    jbe     1b
    call    clock_ms
    mov     ebx, eax
    mov     eax, offset three_events
    xor     edx, edx
    mov     ecx, 3
    FAILS   event_wait_any
    call    clock_ms
    SAME    eax, ebx
    mov     eax, offset three_events
    mov     edx, 30
    mov     ecx, 3
    FAILS   event_wait_any
    call    clock_ms
    sub     eax, ebx
    cmp     eax, 30
    MUST    ae
    cmp     eax, 60
    MUST    be
    mov     ecx, [task_current]
    SAME    dword ptr [ecx + TASK_EVENT_COUNT], 0
    clc
    ret

# A task: waits for one of two events, and notes the second digit of its argument and which it was.
waiter_any:
    mov     ebx, eax
    mov     eax, offset three_events
    mov     edx, -1
    mov     ecx, 2
    call    event_wait_any
    lea     eax, [eax + ebx]
    jmp     note

# A task: waits for the first event, and notes its argument.
waiter:
    mov     ebx, eax
    mov     eax, offset events
    mov     edx, -1
    call    event_wait
    mov     eax, ebx
    jmp     note

# Who waits longest is woken first, whether it waits for one event or for several; a signal wakes one, and those that
# find nobody are kept as one; a broadcast wakes all, and is not kept.
test_turns:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 0
    mov     dword ptr [events + 4], 0
    mov     eax, offset waiter
    mov     edx, 1
    call    start
    mov     eax, offset waiter_any
    mov     edx, 2
    call    start
    mov     eax, offset waiter
    mov     edx, 5
    call    start
    mov     eax, offset waiter_any
    mov     edx, 6
    call    start
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0
    mov     eax, offset events
    call    event_signal
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 1
    mov     eax, offset events + 4      # nobody waits for this alone: the first of several
    call    event_signal
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0x13
    SAME    dword ptr [events + 4], 0
    mov     eax, offset waiter
    mov     edx, 8
    call    start
    mov     eax, 20
    call    task_sleep
    mov     eax, offset events
    call    event_broadcast
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0x13568
    SAME    dword ptr [events], 0
    mov     eax, offset events
    call    event_signal
    mov     eax, offset events
    call    event_signal
    SAME    dword ptr [events], 1
    mov     eax, offset events
    mov     edx, -1
    SUCCEEDS event_wait
    SAME    dword ptr [events], 0
    mov     eax, offset events
    xor     edx, edx
    FAILS   event_wait
    clc
    ret

# A wait for an event is over at its timeout, and that is told from an event at the last moment.
test_timeouts:
    mov     dword ptr [notes], 0
    mov     dword ptr [events], 0
    mov     edi, 10
1:  call    clock_ms
    mov     ebx, eax
    mov     eax, offset events
    mov     edx, edi
    FAILS   event_wait
    call    clock_ms
    sub     eax, ebx
    cmp     eax, edi
    MUST    ae
    lea     ecx, [edi + 2 * TICK_MS]
    cmp     eax, ecx
    MUST    be
    mov     ecx, [task_current]
    SAME    dword ptr [ecx + TASK_EVENT], 0
    SAME    dword ptr [ecx + TASK_TIMER + TIMER_SET], 0
    add     edi, 17
    cmp     edi, 100
    jb      1b
    mov     eax, offset event_sender    # its timer does not come after the event
    mov     edx, 30
    call    start
    mov     eax, offset events
    mov     edx, 60
    SUCCEEDS event_wait
    mov     ecx, [task_current]
    SAME    dword ptr [ecx + TASK_TIMER + TIMER_SET], 0
    call    clock_ms
    mov     ebx, eax
    mov     eax, offset events
    mov     edx, 90
    FAILS   event_wait
    call    clock_ms
    sub     eax, ebx
    cmp     eax, 90
    MUST    ae
    clc
    ret

# A task: signals the first event after so many milliseconds.
event_sender:
    call    task_sleep
    mov     eax, offset events
    jmp     event_signal

# A task: takes the mutex, sleeps with it, and notes its priority before and after it gives it back.
holder:
    mov     ebx, eax
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, ebx
    call    task_sleep
    mov     ebx, [task_current]
    mov     eax, [ebx + TASK_PRIORITY]
    call    note
    mov     eax, offset mutex
    call    mutex_unlock
    mov     eax, [ebx + TASK_PRIORITY]
    jmp     note

# A task: takes the mutex, notes its argument, and gives it back.
taker:
    mov     ebx, eax
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, ebx
    call    note
    mov     eax, offset mutex
    jmp     mutex_unlock

# Who holds a mutex has the priority of who waits for it until it gives it back, and no lower one than its own.
test_lent:
    mov     dword ptr [notes], 0
    mov     eax, offset holder
    mov     edx, 40
    mov     ecx, 3
    call    start_at
    mov     ebx, eax                    # EBX: the task
    mov     eax, 20
    call    task_sleep
    SAME    [mutex + MUTEX_OWNER], ebx
    SAME    dword ptr [mutex + MUTEX_AWAITED], 0
    SAME    dword ptr [ebx + TASK_PRIORITY], 3
    SAME    dword ptr [ebx + TASK_HOLDS], 1
    call    mutex_slot
    SAME    dword ptr [eax], offset mutex
    mov     eax, offset mutex
    call    mutex_lock
    mov     ecx, [task_current]
    SAME    [mutex + MUTEX_OWNER], ecx
    SAME    dword ptr [mutex + MUTEX_AWAITED], 1
    SAME    dword ptr [ecx + TASK_HOLDS], 1
    mov     eax, offset mutex
    call    mutex_unlock
    mov     ecx, [task_current]
    SAME    dword ptr [ecx + TASK_HOLDS], 0
    SAME    dword ptr [ecx + TASK_PRIORITY], OWN_PRIORITY
    SAME    dword ptr [mutex + MUTEX_OWNER], 0
    SAME    dword ptr [mutex + MUTEX_AWAITED], 0
    call    mutex_slot
    SAME    dword ptr [eax], 0
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], OWN_PRIORITY << 4 | 3
    mov     eax, offset holder
    mov     edx, 40
    mov     ecx, 12
    call    start_at
    mov     eax, 20
    call    task_sleep
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, offset mutex
    call    mutex_unlock
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], OWN_PRIORITY << 12 | 0x3CC
    clc
    ret

# Where the debugger finds the mutex.
# Out: EAX address.
mutex_slot:
    mov     eax, offset mutex
    and     eax, (MUTEX_SLOTS - 1) * 4
    add     eax, offset mutexes_held
    ret

# A mutex goes to those that wait for it in their turn, without being free in between.
test_handed:
    mov     dword ptr [notes], 0
    mov     eax, offset mutex
    call    mutex_lock
    mov     ebx, 1
1:  mov     eax, offset taker
    mov     edx, ebx
    call    start
    inc     ebx
    cmp     ebx, 4
    jbe     1b
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0
    mov     eax, offset mutex
    call    mutex_unlock
    mov     ecx, [mutex + MUTEX_OWNER]
    test    ecx, ecx
    MUST    nz
    SAME    dword ptr [ecx + TASK_HOLDS], 1
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [notes], 0x1234
    SAME    dword ptr [mutex + MUTEX_OWNER], 0
    SAME    dword ptr [mutex + MUTEX_AWAITED], 0
    call    mutex_slot
    SAME    dword ptr [eax], 0
    mov     eax, offset other_mutex     # two in one slot: the later is shown, and its end only clears it
    call    mutex_lock
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, offset other_mutex
    call    mutex_unlock
    call    mutex_slot
    SAME    dword ptr [eax], offset mutex
    mov     eax, offset mutex
    call    mutex_unlock
    call    mutex_slot
    SAME    dword ptr [eax], 0
    clc
    ret

# A semaphore's units: a wait that is over in vain takes none, and one that finds some does not wait.
test_units:
    mov     dword ptr [notes], 0
    mov     dword ptr [semaphore], 1
    call    clock_ms
    mov     ebx, eax
    mov     eax, offset semaphore
    mov     edx, 100
    SUCCEEDS semaphore_take
    call    clock_ms
    SAME    eax, ebx
    SAME    dword ptr [semaphore], 0
    mov     eax, offset semaphore
    xor     edx, edx
    FAILS   semaphore_take
    mov     eax, offset semaphore
    mov     edx, 20
    FAILS   semaphore_take
    call    clock_ms
    sub     eax, ebx
    cmp     eax, 20
    MUST    ae
    SAME    dword ptr [semaphore], 0
    mov     eax, offset semaphore_giver
    xor     edx, edx
    call    start
    mov     eax, offset semaphore
    mov     edx, -1
    SUCCEEDS semaphore_take
    mov     eax, 20
    call    task_sleep
    SAME    dword ptr [semaphore], 1
    clc
    ret

# A task: gives two units.
semaphore_giver:
    mov     eax, offset semaphore
    call    semaphore_give
    mov     eax, offset semaphore
    jmp     semaphore_give

# A task: has the console's lock for a while.
console_holder:
    call    console_lock
    sti
    mov     eax, 50
    call    task_sleep
    cli
    call    console_unlock
    sti
    mov     eax, 7
    jmp     note

# Who prints waits for another that prints, but not with interrupts off, whatever the other flags are.
test_console:
    mov     dword ptr [notes], 0
    mov     eax, offset console_holder
    xor     edx, edx
    call    start
    mov     eax, 20
    call    task_sleep
    cli
    mov     ebx, offset flags
1:  push    dword ptr [ebx]
    popfd
    call    console_lock
    call    console_unlock
    add     ebx, 4
    cmp     ebx, offset flags_end
    jb      1b
    mov     esi, [notes]
    sti
    call    console_lock
    mov     edi, [notes]
    call    console_unlock
    sti
    SAME    esi, 0
    SAME    edi, 7
    clc
    ret

.section .rodata
.balign 4
wait_tests:
    CASE    "any of several that are set", test_any_set
    CASE    "turns", test_turns
    CASE    "timeouts", test_timeouts
    CASE    "lent priority", test_lent
    CASE    "handed mutex", test_handed
    CASE    "units", test_units
    CASE    "the console", test_console
    .long   0
flags:                                      # with interrupts off; those of arithmetic one by one, all, and none
    .long   2, 3, 6, 0x12, 0x42, 0x82, 0x802, 0x8D7
flags_end:
three_events:
    .long   events, events + 4, events + 8

.bss
.balign 4
events:         .space 12
semaphore:      .space SEMAPHORE_SIZE
.balign 4096
mutex:          .space MUTEX_SIZE
.balign 1024
    .space  1024 * 3
other_mutex:    .space MUTEX_SIZE           # in the same slot as the first
