# Jobs: pipelines that run beside the shell of a console, started with & at their end. And the commands about them.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "console.inc"

.text

# Starts a job. May sleep.
# In: ESI text, EDI its end.
# Out: EAX status.
.global job_start
job_start:
    push    ebx
    push    esi
    push    edi
    mov     ecx, edi
    sub     ecx, esi
    cmp     ecx, LINE_BYTES
    mov     eax, ERROR_TOO_LONG
    jae     .Ljob_start_failed
    push    ecx
    mov     eax, JOB_SIZE
    call    malloc
    pop     ecx
    jc      .Ljob_start_failed
    mov     ebx, eax
    lea     edi, [ebx + JOB_TEXT]
    rep movsb
1:  dec     edi                         # without the blanks before the &
    cmp     byte ptr [edi], ' '
    mov     byte ptr [edi + 1], 0
    je      1b
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    lea     edx, [ebx + JOB_CONTEXT]
    call    context_copy
    mov     [ebx + JOB_CONTEXT + CONTEXT_JOB], ebx
    mov     dword ptr [ebx + JOB_CONTEXT + CONTEXT_ERRORS], 0   # it may outlive who takes them
    call    console_own
    lea     edx, [eax + CONSOLE_JOBS]   # the number after the highest
    xor     ecx, ecx
.Ljob_start_last:
    mov     eax, [edx]
    test    eax, eax
    jz      .Ljob_start_number
    mov     ecx, [eax + JOB_NUMBER]
    lea     edx, [eax + JOB_NEXT]
    jmp     .Ljob_start_last
.Ljob_start_number:
    inc     ecx
    mov     [ebx + JOB_NUMBER], ecx
    mov     [edx], ebx
    push    edx
    mov     eax, offset job_task
    mov     edx, ebx
    LOAD_STRING ecx, "job"
    call    task_new
    pop     edx
    jc      .Ljob_start_free
    mov     ecx, [eax + TASK_ID]
    mov     [ebx + JOB_TASK], ecx
    PRINTF  "[%u] task %u\n", [ebx+JOB_NUMBER], ecx
    INTERRUPTS_OFF
    mov     dword ptr [eax + TASK_STATE], TASK_READY
    call    ready_append
    INTERRUPTS_RESTORE
    xor     eax, eax
    jmp     .Ljob_start_done
.Ljob_start_free:
    mov     dword ptr [edx], 0
    push    eax
    lea     eax, [ebx + JOB_CONTEXT]
    call    context_drop
    mov     eax, ebx
    call    mfree
    pop     eax
.Ljob_start_failed:
    call    error_text
    call    shell_say
    mov     eax, 1
.Ljob_start_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# The task of a job.
# In: EAX job.
job_task:
    mov     ebx, eax
    call    task_hold                   # ended through its job only
    mov     edx, [task_current]
    lea     ecx, [ebx + JOB_CONTEXT]
    mov     [edx + TASK_CONTEXT], ecx
    lea     esi, [ebx + JOB_TEXT]
    mov     eax, esi
    call    string_length
    lea     edi, [esi + eax]
    call    pipeline_run
    mov     [ebx + JOB_STATUS], eax
    lea     eax, [ebx + JOB_CONTEXT]
    call    context_drop
    mov     ecx, [task_current]
    mov     dword ptr [ecx + TASK_CONTEXT], 0
    call    task_unhold
    mov     dword ptr [ebx + JOB_ENDED], 1
    lea     eax, [ebx + JOB_EVENT]
    jmp     event_broadcast

# Says which jobs have ended, unless somebody waited for them, and forgets them.
.global jobs_report
jobs_report:
    push    ebx
    push    esi
    call    console_own
    lea     esi, [eax + CONSOLE_JOBS]
1:  mov     ebx, [esi]
    test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + JOB_ENDED], 0
    jne     2f
    lea     esi, [ebx + JOB_NEXT]
    jmp     1b
2:  cmp     dword ptr [ebx + JOB_ENDED], 1
    jne     4f
    lea     eax, [ebx + JOB_TEXT]
    PRINTF  "[%u] ended with status %u: %s\n", [ebx+JOB_NUMBER], [ebx+JOB_STATUS], eax
4:  mov     eax, [ebx + JOB_NEXT]
    mov     [esi], eax
    mov     eax, ebx
    call    mfree
    jmp     1b
3:  pop     esi
    pop     ebx
    ret

# Shell command: lists the jobs.
# Out: EAX status 0.
command_jobs:
    push    ebx
    call    console_own
    mov     ebx, [eax + CONSOLE_JOBS]
1:  test    ebx, ebx
    jz      3f
    LOAD_STRING ecx, "running"
    cmp     dword ptr [ebx + JOB_ENDED], 0
    je      2f
    LOAD_STRING ecx, "ended  "
2:  lea     eax, [ebx + JOB_TEXT]
    PRINTF  "[%u] %s  task %u  %s\n", [ebx+JOB_NUMBER], ecx, [ebx+JOB_TASK], eax
    mov     ebx, [ebx + JOB_NEXT]
    jmp     1b
3:  xor     eax, eax
    pop     ebx
    ret

# Finds a job by its number, with or without a %; without a text the latest.
# In: EAX text or 0.
# Out: EAX job; CF when there is none.
job_named:
    test    eax, eax
    jz      .Ljob_named_number
    cmp     byte ptr [eax], '%'
    jne     .Ljob_named_parse
    inc     eax
.Ljob_named_parse:
    call    parse_number
    jc      .Ljob_named_done
    cmp     byte ptr [edx], 1
    cmc
    jc      .Ljob_named_done
.Ljob_named_number:
    mov     edx, eax                    # EDX: number, 0 for the latest
    call    console_own
    mov     ecx, [eax + CONSOLE_JOBS]
    xor     eax, eax
.Ljob_named_look:
    jecxz   .Ljob_named_looked
    test    edx, edx
    jz      .Ljob_named_take
    cmp     [ecx + JOB_NUMBER], edx
    jne     .Ljob_named_next
.Ljob_named_take:
    mov     eax, ecx
.Ljob_named_next:
    mov     ecx, [ecx + JOB_NEXT]
    jmp     .Ljob_named_look
.Ljob_named_looked:
    cmp     eax, 1                      # CF when it is 0
.Ljob_named_done:
    ret

# Ends a job: its programs are ended, its commands stop.
# In: EAX text, as job_named takes it.
# Out: CF when there is none.
.global job_kill
job_kill:
    call    job_named
    jc      1f
    mov     dword ptr [eax + JOB_BREAK], 1
    add     eax, JOB_BROKEN
    call    event_broadcast
    clc
1:  ret

# Waits for the end of a job; Ctrl-C ends it. May sleep.
# In: EAX text, as job_named takes it.
# Out: EAX its status; CF when there is none.
.global job_await
job_await:
    push    ebx
    push    esi
    mov     esi, eax
    call    job_named
    jc      .Ljob_await_done
    mov     ebx, eax
    call    break_source
    push    eax
    lea     eax, [ebx + JOB_EVENT]
    push    eax
    INTERRUPTS_OFF
.Ljob_await_look:
    cmp     dword ptr [ebx + JOB_ENDED], 0
    jne     .Ljob_await_ended
    call    break_check
    jnc     .Ljob_await_wait
    mov     eax, esi
    call    job_kill
.Ljob_await_wait:
    lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     .Ljob_await_look
.Ljob_await_ended:
    INTERRUPTS_RESTORE
    add     esp, 8
    mov     eax, [ebx + JOB_STATUS]
    mov     dword ptr [ebx + JOB_ENDED], 2
    clc
.Ljob_await_done:
    pop     esi
    pop     ebx
    ret

# Waits until no job of this console runs, or Ctrl-C is typed, which leaves them running. May sleep.
# Out: EAX status 0.
.global jobs_await
jobs_await:
    call    break_source
    push    eax
    push    0                           # the event of a job
    INTERRUPTS_OFF
.Ljobs_await_look:
    call    break_check
    jc      .Ljobs_await_over
    call    console_own
    mov     eax, [eax + CONSOLE_JOBS]
.Ljobs_await_job:
    test    eax, eax
    jz      .Ljobs_await_over
    cmp     dword ptr [eax + JOB_ENDED], 0
    je      .Ljobs_await_runs
    mov     eax, [eax + JOB_NEXT]
    jmp     .Ljobs_await_job
.Ljobs_await_runs:
    add     eax, JOB_EVENT
    mov     [esp + 4], eax
    lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     .Ljobs_await_look
.Ljobs_await_over:
    INTERRUPTS_RESTORE
    add     esp, 8
    xor     eax, eax
    ret

# Shell command: waits for a job.
# In: EAX argc, EDX argv.
# Out: EAX status of the job.
command_fg:
    cmp     eax, 2
    ja      command_misused
    push    ebx
    mov     ebx, edx
    mov     eax, [ebx + 4]              # 0 when there is no argument
    call    job_await
    jnc     1f
    PRINT   "fg: there is no such job; jobs lists them\n"
    mov     eax, 1
1:  pop     ebx
    ret

SHELL_COMMAND "jobs", command_jobs, "", "list what runs beside the shell", GROUP_SHELL
SHELL_COMMAND "fg", command_fg, "[JOB]", "wait for a job, which Ctrl-C then ends", GROUP_SHELL, fg_text

.section .rodata
fg_text:
    .ascii  "A pipeline with & at its end runs beside the shell, without input. fg waits for the latest job,\n"
    .asciz  "fg 2 for job 2; kill %2 ends it.\n"
