# What was changed on a mounted volume is put on stable storage some seconds later, by a task that sleeps as long as
# nothing changes.

.include "macros.inc"
.include "tasks.inc"

SYNC_MS = 4500                          # and what a commit itself takes: within 5 seconds

TIMER sync_timer, event_signal, sync_event

INITCALL 7, sync_start

.bss
.balign 4
sync_event:     .skip 4

.text

# Starts the task.
sync_start:
    mov     eax, offset sync_task
    xor     edx, edx
    LOAD_STRING ecx, "sync"
    call    task_create
    ASSERT  nc, "no memory for the task that writes changes"
    ret

# Waits until there is something to write, and writes it, for ever.
sync_task:
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_STAYS], 1
1:  mov     eax, offset sync_event
    mov     edx, -1
    call    event_wait
    xor     eax, eax
    call    file_sync                   # what fails is said by the file system
    jmp     1b

# Has all volumes synchronised some seconds from now, or when that is due already.
# Out: CF clear.
.global sync_later
sync_later:
    cmp     dword ptr [sync_timer + TIMER_SET], 0
    jne     1f
    mov     eax, offset sync_timer
    mov     edx, SYNC_MS
    call    timer_set
1:  clc
    ret
