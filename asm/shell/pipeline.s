# Pipelines: commands joined by |. All but the last run in tasks of their own, the last one in the task that asks.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "shell.inc"

# A command of a pipeline that has a task.
STAGE_NEXT          = 0
STAGE_ENDED         = 4                     # 1: it has
STAGE_EVENT         = 8                     # broadcast then
STAGE_OUTPUT        = 12                    # stream that it writes
STAGE_CONTEXT       = 16
STAGE_TEXT          = STAGE_CONTEXT + CONTEXT_SIZE
STAGE_SIZE          = STAGE_TEXT + LINE_BYTES

.text

# Runs a pipeline. May sleep.
# In: ESI text, EDI its end.
# Out: EAX status of its last command.
.global pipeline_run
pipeline_run:
    FRAME   8
    push    ebx
    push    esi
    push    edi
    # Locals: -4 stream that the next command reads, or 0; -8 stages, the latest first
    mov     dword ptr [ebp - 4], 0
    mov     dword ptr [ebp - 8], 0
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
.Lpipeline_run_next:
    push    esi
    call    words_scan
    mov     ecx, esi
    pop     esi                         # ESI: command, ECX: its end
    cmp     ecx, edi
    jae     .Lpipeline_run_last
    push    ecx
    call    stage_start
    pop     ecx
    jc      .Lpipeline_run_failed
    lea     esi, [ecx + 1]
    jmp     .Lpipeline_run_next
.Lpipeline_run_failed:
    call    error_text
    call    shell_say
    mov     eax, 1
    jmp     .Lpipeline_run_release
.Lpipeline_run_last:
    mov     eax, [ebp - 4]
    test    eax, eax
    jz      .Lpipeline_run_command
    push    [ebx + CONTEXT_INPUT]
    mov     [ebx + CONTEXT_INPUT], eax
    call    command_run
    pop     [ebx + CONTEXT_INPUT]
    jmp     .Lpipeline_run_release
.Lpipeline_run_command:
    call    command_run
.Lpipeline_run_release:
    mov     esi, eax
    mov     eax, [ebp - 4]              # who still writes into it finds that nobody reads
    test    eax, eax
    jz      .Lpipeline_run_wait
    call    stream_release
.Lpipeline_run_wait:
    mov     ebx, [ebp - 8]
    test    ebx, ebx
    jz      .Lpipeline_run_done
    call    stage_await
    mov     eax, [ebx + STAGE_NEXT]
    mov     [ebp - 8], eax
    mov     eax, ebx
    call    mfree
    jmp     .Lpipeline_run_wait
.Lpipeline_run_done:
    mov     eax, esi
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Starts a command that writes into a pipe. May sleep.
# In: ESI text, ECX its end, EBX context, EBP frame of pipeline_run.
# Out: the stage is in the list of the frame, which has the pipe's other end; CF and EAX error.
stage_start:
    push    esi
    push    edi
    sub     ecx, esi
    cmp     ecx, LINE_BYTES
    mov     eax, ERROR_TOO_LONG
    cmc
    jc      .Lstage_start_done
    push    ecx
    mov     eax, STAGE_SIZE
    call    malloc
    pop     ecx
    jc      .Lstage_start_done
    lea     edi, [eax + STAGE_TEXT]
    rep movsb
    mov     edi, eax
    mov     eax, ebx
    lea     edx, [edi + STAGE_CONTEXT]
    call    context_copy
    call    pipe_make
    jc      .Lstage_start_free
    mov     [edi + STAGE_OUTPUT], edx
    xchg    eax, [ebp - 4]
    test    eax, eax
    jz      .Lstage_start_task          # the first reads what the pipeline reads
    mov     [edi + STAGE_CONTEXT + CONTEXT_INPUT], eax
    jmp     .Lstage_start_create
.Lstage_start_task:
    mov     eax, [ebx + CONTEXT_INPUT]
    mov     [edi + STAGE_CONTEXT + CONTEXT_INPUT], eax
    test    eax, eax
    jz      .Lstage_start_create
    inc     dword ptr [eax + STREAM_REFS]
.Lstage_start_create:
    mov     eax, offset stage_task
    mov     edx, edi
    LOAD_STRING ecx, "command"
    call    task_create
    jc      .Lstage_start_streams
    mov     eax, [ebp - 8]
    mov     [edi + STAGE_NEXT], eax
    mov     [ebp - 8], edi
    clc
    jmp     .Lstage_start_done
.Lstage_start_streams:
    push    eax
    mov     eax, [edi + STAGE_OUTPUT]
    call    stream_release
    mov     eax, [edi + STAGE_CONTEXT + CONTEXT_INPUT]
    test    eax, eax
    jz      .Lstage_start_unused
    call    stream_release
.Lstage_start_unused:
    pop     eax
.Lstage_start_free:
    push    eax
    lea     eax, [edi + STAGE_CONTEXT]
    call    context_drop
    mov     eax, edi
    call    mfree
    pop     eax
    stc
.Lstage_start_done:
    pop     edi
    pop     esi
    ret

# The task of a stage.
# In: EAX stage.
stage_task:
    mov     ebx, eax
    call    task_hold                   # ended by Ctrl-C or its job only: others wait for it
    mov     edx, [task_current]
    lea     ecx, [ebx + STAGE_CONTEXT]
    mov     [edx + TASK_CONTEXT], ecx
    mov     eax, [ebx + STAGE_OUTPUT]
    call    redirect_open
    jc      2f
    lea     esi, [ebx + STAGE_TEXT]
    mov     eax, esi
    call    string_length
    lea     edi, [esi + eax]
    call    command_run
    call    redirect_close
    jmp     3f
2:  mov     eax, [ebx + STAGE_OUTPUT]
    call    stream_release
3:  mov     eax, [ebx + STAGE_CONTEXT + CONTEXT_INPUT]
    test    eax, eax
    jz      4f
    call    stream_release
4:  lea     eax, [ebx + STAGE_CONTEXT]
    call    context_drop
    mov     ecx, [task_current]
    mov     dword ptr [ecx + TASK_CONTEXT], 0
    call    task_unhold
    mov     dword ptr [ebx + STAGE_ENDED], 1
    lea     eax, [ebx + STAGE_EVENT]
    jmp     event_broadcast

# Waits for the end of a stage. May sleep.
# In: EBX stage.
stage_await:
    INTERRUPTS_OFF
1:  cmp     dword ptr [ebx + STAGE_ENDED], 0
    jne     2f
    lea     eax, [ebx + STAGE_EVENT]
    or      edx, -1
    call    event_wait
    jmp     1b
2:  INTERRUPTS_RESTORE
    ret

# Copies what a command inherits: directory, words of the script, status, job.
# In: EAX context, EDX context to fill in, which is empty.
.global context_copy
context_copy:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     eax, [esi + CONTEXT_JOB]
    mov     [edi + CONTEXT_JOB], eax
    mov     eax, [esi + CONTEXT_STATUS]
    mov     [edi + CONTEXT_STATUS], eax
    mov     eax, [esi + CONTEXT_DEPTH]
    mov     [edi + CONTEXT_DEPTH], eax
    mov     eax, [esi + CONTEXT_CONSOLE]
    mov     [edi + CONTEXT_CONSOLE], eax
    mov     eax, [esi + CONTEXT_SCRIPT]
    mov     [edi + CONTEXT_SCRIPT], eax
    test    eax, eax
    jz      1f
    inc     dword ptr [eax + SCRIPT_REFS]
1:  lea     eax, [edi + CONTEXT_PLACE]
    lea     edx, [esi + CONTEXT_PLACE]
    mov     ecx, PLACE_BYTES
    call    string_copy
    pop     edi
    pop     esi
    ret

# Gives back what context_copy took.
# In: EAX context.
.global context_drop
context_drop:
    xor     ecx, ecx
    xchg    ecx, [eax + CONTEXT_SCRIPT]
    jecxz   1f
    dec     dword ptr [ecx + SCRIPT_REFS]
    jnz     1f
    mov     eax, ecx
    jmp     mfree
1:  ret
