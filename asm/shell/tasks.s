# Commands about tasks and what they own: ps, top, kill, handles.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "cpu.inc"

TOP_MS              = 1000                  # what `top` measures
ROW_BYTES           = 128
STACK_STEP          = 256                   # bytes of a stack that are looked at without an interrupt

.text

# Shell command: lists the tasks.
# Out: EAX status 0.
command_ps:
    PRINT   "id  state     cpu ms  switches   stack     KiB  at most  name\n"
    mov     eax, offset ps_row
    call    tasks_each
    xor     eax, eax
    ret

# For tasks_each: the row of a task.
# In: EAX too: how deep its stack ever was.
ps_row:
    push    esi
    push    edi
    push    ebp
    mov     ebp, edi
    push    eax
    call    task_cycles_per_ms
    mov     ecx, eax
    mov     eax, [ebx + TASK_CYCLES]    # milliseconds, as if it had never run for more than 49 days
    mov     edx, [ebx + TASK_CYCLES + 4]
    cmp     edx, ecx
    jae     .Lps_row_overflow
    div     ecx
    jmp     .Lps_row_time
.Lps_row_overflow:
    or      eax, -1
.Lps_row_time:
    mov     esi, eax
    mov     ecx, [ebx + TASK_STATE]
    mov     edi, [state_names + ecx*4]
    cmp     ebx, [task_idle]
    jne     .Lps_row_state
    mov     edi, offset state_idle      # always there, never in the queue
.Lps_row_state:
    pop     ecx
    SNPRINTF ebp, ROW_BYTES, "%2u  %-8s %7u  %8u  %6u", [ebx+TASK_ID], edi, esi, [ebx+TASK_SWITCHES], ecx
    lea     edi, [ebp + eax]
    neg     eax
    lea     esi, [eax + ROW_BYTES]
    mov     eax, [ebx + TASK_OWNER]
    call    account_pages
    shl     eax, 2                      # KiB
    shl     edx, 2
    lea     ecx, [ebx + TASK_LABEL]
    mov     ebp, [ebx + TASK_PROCESS]
    test    ebp, ebp
    jz      1f
    add     ebp, PROCESS_NODE
    cmp     byte ptr [ebp], 0
    jne     2f
1:  SNPRINTF edi, esi, "  %6u   %6u  %s\n", eax, edx, ecx
    jmp     3f
2:  SNPRINTF edi, esi, "  %6u   %6u  %s, from %s\n", eax, edx, ecx, ebp
3:
    pop     ebp
    pop     edi
    pop     esi
    ret

# How deep a task's stack ever was: the memory below is still zero. It is looked at in steps, as interrupts are off
# meanwhile, and the task may end between them.
# In: EAX id.
# Out: EAX bytes, 0 when there is no such task.
# Clobbers: EDX only.
task_stack_used:
    push    ebx
    push    ecx
    push    esi
    mov     ebx, eax
    mov     ecx, PAGE_SIZE + 4          # after the guard page and the mark
1:  INTERRUPTS_OFF
    mov     eax, ebx
    call    task_find
    mov     edx, 0
    jc      4f
    mov     esi, [eax + TASK_STACK]
    add     esi, ecx
    lea     edx, [esi + STACK_STEP]
    mov     eax, [eax + TASK_STACK_TOP]
2:  cmp     esi, eax
    jae     3f
    cmp     dword ptr [esi], 0
    jne     3f
    add     esi, 4
    cmp     esi, edx
    jb      2b
    INTERRUPTS_RESTORE
    add     ecx, STACK_STEP
    jmp     1b
3:  mov     edx, eax
    sub     edx, esi
4:  INTERRUPTS_RESTORE
    mov     eax, edx
    pop     esi
    pop     ecx
    pop     ebx
    ret

# Shell command: measures for a second which tasks have the processor, and lists them with their share in per mille.
# Out: EAX status.
command_top:
    call    task_cycles_per_ms          # brings the running task up to date
    mov     eax, offset top_sample
    call    tasks_each
    mov     eax, TOP_MS
    call    task_sleep
    call    task_cycles_per_ms
    mov     dword ptr [top_cycles], 0
    mov     dword ptr [top_cycles + 4], 0
    mov     eax, offset top_sum
    call    tasks_each
    PRINT   "id  of 1000  name\n"
    mov     eax, offset top_row
    call    tasks_each
    xor     eax, eax
    ret

# Calls a routine for each task in the order of their ids, with interrupts off, and prints what it leaves in a buffer.
# Tasks may come and go meanwhile.
# In: EAX routine: EBX task, EDI buffer of ROW_BYTES, empty; it may clobber EAX, ECX, EDX. ps_row gets EAX too.
tasks_each:
    FRAME   ROW_BYTES
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    or      edx, -1                     # id of the last one
.Ltasks_each_next:
    INTERRUPTS_OFF
    mov     ecx, 0x7FFFFFFF             # ECX: lowest id above it
    mov     eax, [task_all]
.Ltasks_each_look:
    test    eax, eax
    jz      .Ltasks_each_looked
    cmp     [eax + TASK_ID], edx
    jle     .Ltasks_each_other
    cmp     [eax + TASK_ID], ecx
    jge     .Ltasks_each_other
    mov     ecx, [eax + TASK_ID]
    mov     ebx, eax
.Ltasks_each_other:
    mov     eax, [eax + TASK_ALL_NEXT]
    jmp     .Ltasks_each_look
.Ltasks_each_looked:
    cmp     ecx, 0x7FFFFFFF
    je      .Ltasks_each_end
    cmp     esi, offset ps_row
    jne     .Ltasks_each_row
    INTERRUPTS_RESTORE
    mov     eax, ecx
    call    task_stack_used
    mov     edi, eax
    mov     eax, ecx
    INTERRUPTS_OFF
    call    task_find
    jc      .Ltasks_each_gone
    mov     ebx, eax
    mov     eax, edi
.Ltasks_each_row:
    push    ecx
    lea     edi, [ebp - ROW_BYTES]
    mov     byte ptr [edi], 0
    call    esi
    pop     ecx
    INTERRUPTS_RESTORE
    mov     eax, edi
    call    print
    mov     edx, ecx
    jmp     .Ltasks_each_next
.Ltasks_each_gone:
    INTERRUPTS_RESTORE
    mov     edx, ecx
    jmp     .Ltasks_each_next
.Ltasks_each_end:
    INTERRUPTS_RESTORE
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# For tasks_each: remembers a task's time.
top_sample:
    mov     eax, [ebx + TASK_CYCLES]
    mov     edx, [ebx + TASK_CYCLES + 4]
    mov     [ebx + TASK_SAMPLE], eax
    mov     [ebx + TASK_SAMPLE + 4], edx
    ret

# For tasks_each: keeps what a task has had since, and adds it up.
top_sum:
    mov     eax, [ebx + TASK_CYCLES]
    mov     edx, [ebx + TASK_CYCLES + 4]
    sub     eax, [ebx + TASK_SAMPLE]
    sbb     edx, [ebx + TASK_SAMPLE + 4]
    mov     [ebx + TASK_SAMPLE], eax
    mov     [ebx + TASK_SAMPLE + 4], edx
    add     [top_cycles], eax
    adc     [top_cycles + 4], edx
    ret

# For tasks_each: prints a task's row.
top_row:
    mov     eax, [top_cycles]           # a thousandth of the sum, which has to fit into 32 bits
    mov     edx, [top_cycles + 4]
    mov     ecx, 1000
    div     ecx
    mov     ecx, eax
    test    ecx, ecx
    jz      1f
    mov     eax, [ebx + TASK_SAMPLE]
    mov     edx, [ebx + TASK_SAMPLE + 4]
    cmp     edx, ecx
    jae     1f
    div     ecx
    lea     edx, [ebx + TASK_LABEL]
    mov     ecx, eax
    SNPRINTF edi, ROW_BYTES, "%2u  %7u  %s\n", [ebx+TASK_ID], ecx, edx
1:  ret

# Shell command: ends tasks.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_kill:
    push    ebx
    push    esi
    push    edi
    lea     ebx, [edx + 4]
    xor     edi, edi                    # EDI: status
    cmp     eax, 2
    jb      .Lcommand_kill_usage
.Lcommand_kill_next:
    mov     eax, [ebx]
    test    eax, eax
    jz      .Lcommand_kill_done
    cmp     byte ptr [eax], '%'
    je      .Lcommand_kill_job
    call    task_named
    jc      .Lcommand_kill_failed
    call    task_kill
    jnc     .Lcommand_kill_killed
    jmp     .Lcommand_kill_failed
.Lcommand_kill_job:
    call    job_kill
    jnc     .Lcommand_kill_killed
    PRINTF  "kill: there is no job %s\n", [ebx]
    mov     edi, 1
    jmp     .Lcommand_kill_killed
.Lcommand_kill_failed:
    mov     edi, 1
    cmp     eax, ERROR_NOT_PERMITTED
    je      .Lcommand_kill_refused
    PRINTF  "kill: there is no task %s\n", [ebx]
    jmp     .Lcommand_kill_killed
.Lcommand_kill_refused:
    PRINTF  "kill: %s is the task that would do it, or one that nothing would start again\n", [ebx]
.Lcommand_kill_killed:
    add     ebx, 4
    jmp     .Lcommand_kill_next
.Lcommand_kill_usage:
    PRINT   "usage: kill TASK|%JOB...\n"
    mov     edi, 1
.Lcommand_kill_done:
    mov     eax, edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command: gives a task a priority.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_nice:
    push    ebx
    push    esi
    mov     ebx, edx
    cmp     eax, 3
    jne     .Lcommand_nice_usage
    mov     eax, [ebx + 4]
    call    parse_number
    jc      .Lcommand_nice_usage
    cmp     eax, PRIORITY_MAXIMUM
    ja      .Lcommand_nice_usage
    mov     esi, eax
    mov     eax, [ebx + 8]
    call    task_named
    jc      .Lcommand_nice_none
    INTERRUPTS_OFF
    call    task_find
    jc      .Lcommand_nice_gone
    cmp     eax, [task_idle]
    je      .Lcommand_nice_gone
    mov     [eax + TASK_BASE], esi
    mov     edx, esi
    call    task_set_priority
    INTERRUPTS_RESTORE
    xor     eax, eax
    jmp     .Lcommand_nice_done
.Lcommand_nice_gone:
    INTERRUPTS_RESTORE
.Lcommand_nice_none:
    PRINTF  "nice: there is no task %s\n", [ebx+8]
    mov     eax, 1
    jmp     .Lcommand_nice_done
.Lcommand_nice_usage:
    PRINT   "usage: nice PRIORITY TASK\n"
    mov     eax, 2
.Lcommand_nice_done:
    pop     esi
    pop     ebx
    ret

# Shell command: waits until a task or all jobs have ended, or Ctrl-C is typed.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_wait:
    push    ebx
    mov     ebx, edx
    cmp     eax, 2
    ja      .Lcommand_wait_usage
    jb      .Lcommand_wait_jobs
    mov     eax, [ebx + 4]
    cmp     byte ptr [eax], '%'
    je      .Lcommand_wait_job
    call    task_named
    jc      .Lcommand_wait_none
    mov     edx, [task_current]
    cmp     eax, [edx + TASK_ID]
    je      .Lcommand_wait_self
    mov     ebx, eax
    call    break_source
    push    eax
    push    offset task_ended
    INTERRUPTS_OFF
.Lcommand_wait_look:
    call    break_check
    jc      .Lcommand_wait_over
    mov     eax, ebx
    call    task_find
    jc      .Lcommand_wait_over
    lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     .Lcommand_wait_look
.Lcommand_wait_over:
    INTERRUPTS_RESTORE
    add     esp, 8
    xor     eax, eax
    pop     ebx
    ret
.Lcommand_wait_jobs:
    pop     ebx
    jmp     jobs_await
.Lcommand_wait_job:
    call    job_await
    jnc     .Lcommand_wait_done
.Lcommand_wait_none:
    PRINTF  "wait: there is no task %s\n", [ebx+4]
    mov     eax, 1
.Lcommand_wait_done:
    pop     ebx
    ret
.Lcommand_wait_self:
    PRINTF  "wait: %s is the one that would do it\n", [ebx+4]
    mov     eax, 1
    pop     ebx
    ret
.Lcommand_wait_usage:
    PRINT   "usage: wait [TASK|%JOB]\n"
    mov     eax, 2
    pop     ebx
    ret

# Finds a task. Interrupts are off.
# In: EAX id.
# Out: EAX task; CF when there is none.
# Clobbers: EAX, EDX only.
task_find:
    mov     edx, [task_all]
1:  cmp     edx, 1
    jc      2f
    cmp     [edx + TASK_ID], eax
    je      2f
    mov     edx, [edx + TASK_ALL_NEXT]
    jmp     1b
2:  mov     eax, edx
    ret

# Finds a task by what a person calls it: its number, or its name.
# In: EAX text.
# Out: EAX id; CF and ERROR_NOT_FOUND when it is neither a number nor the name of a task.
task_named:
    push    ebx
    push    esi
    mov     esi, eax
    call    parse_number
    jc      .Ltask_named_name
    cmp     byte ptr [edx], 0
    je      .Ltask_named_good
.Ltask_named_name:
    INTERRUPTS_OFF
    mov     ebx, [task_all]
.Ltask_named_task:
    test    ebx, ebx
    jz      .Ltask_named_none
    lea     eax, [ebx + TASK_LABEL]
    mov     edx, esi
    call    string_compare
    je      .Ltask_named_found
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jmp     .Ltask_named_task
.Ltask_named_none:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     .Ltask_named_done
.Ltask_named_found:
    mov     eax, [ebx + TASK_ID]
    INTERRUPTS_RESTORE
.Ltask_named_good:
    clc
.Ltask_named_done:
    pop     esi
    pop     ebx
    ret

# Shell command: lists the open handles.
# Out: EAX status 0.
command_handles:
    push    ebx
    push    esi
    FRAME   TASK_NAME_SIZE
    PRINT   "handle    type          owner\n"
    xor     ebx, ebx
.Lcommand_handles_next:
    INTERRUPTS_OFF                      # the owner's name may go away with a task
    mov     eax, ebx
    call    handle_describe
    jc      .Lcommand_handles_end
    test    eax, eax
    jz      .Lcommand_handles_closed
    push    eax
    mov     esi, [edx + TYPE_NAME]
    lea     eax, [ebp - TASK_NAME_SIZE]
    mov     edx, [ecx + OWNER_NAME]
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    pop     eax
    INTERRUPTS_RESTORE
    lea     edx, [ebp - TASK_NAME_SIZE]
    PRINTF  "%08x  %-12s  %s\n", eax, esi, edx
    inc     ebx
    jmp     .Lcommand_handles_next
.Lcommand_handles_closed:
    INTERRUPTS_RESTORE
    inc     ebx
    jmp     .Lcommand_handles_next
.Lcommand_handles_end:
    INTERRUPTS_RESTORE
    ENDFRAME
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

SHELL_COMMAND "ps", command_ps, "", "list the tasks", GROUP_SYSTEM, ps_text
SHELL_COMMAND "top", command_top, "", "measure for a second which tasks run", GROUP_SYSTEM
SHELL_COMMAND "kill", command_kill, "TASK|%JOB...", "end tasks, named by number or name, or jobs", GROUP_SYSTEM, kill_text
SHELL_COMMAND "nice", command_nice, "PRIORITY TASK", "give a task a priority", GROUP_SYSTEM, nice_text
SHELL_COMMAND "wait", command_wait, "[TASK|%JOB]", "wait until a task, a job or all jobs have ended", GROUP_SYSTEM
SHELL_COMMAND "handles", command_handles, "", "list what is open, and whose it is", GROUP_DEBUG

.section .rodata
kill_text:
    .ascii  "A task ends when it waits and holds no lock; what it opened is closed. One of the kernel's\n"
    .ascii  "that never waits is ended after a second, when it holds no lock.\n"
    .asciz  "ps lists the tasks.\n"
nice_text:
    .ascii  "0 is the lowest, 15 the highest. The kernel's tasks begin with 8, programs with 6. A task runs only when\n"
    .asciz  "none of a higher priority is ready.\n"
ps_text:
    .ascii  "Stack is the most that the task has ever used of its stack, in bytes. KiB is the memory of whom it\n"
    .asciz  "works for, and the most that was; mem owners has all of them.\n"
.balign 4
state_names:                            # in the order of TASK_READY, ...
    .long   state_ready, state_running, state_waiting, state_dead, state_new
STRING state_idle, "idle"
STRING state_ready, "ready"
STRING state_running, "running"
STRING state_waiting, "waiting"
STRING state_dead, "dead"
STRING state_new, "new"

.bss
.balign 4
top_cycles:         .space 8                # of all tasks, in the second that was measured
