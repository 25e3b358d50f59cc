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
STAGE_WHOLE         = 16                    # 1: it is a list, not one command
STAGE_STATUS        = 20                    # when it has ended
STAGE_CONTEXT       = 24
STAGE_TEXT          = STAGE_CONTEXT + CONTEXT_SIZE
STAGE_SIZE          = STAGE_TEXT + LINE_BYTES

READ_BYTES          = 4096                  # of what $(...) prints, at once

.text

# Runs a pipeline. May sleep.
# In: ESI text, EDI its end.
# Out: EAX status of its last command.
.global pipeline_run
pipeline_run:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 stream that the next command reads, or 0; -8 stages, the latest first; -12 STAGE_WHOLE of the next
    mov     dword ptr [ebp - 4], 0
    mov     dword ptr [ebp - 8], 0
    mov     dword ptr [ebp - 12], 0
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

# Runs a list in a task of its own, and takes what it prints. May sleep.
# In: ESI text, ECX its end.
# Out: EAX what it printed, without line ends at its end, with a NUL, for the caller to free; ECX its status; CF and EAX
# error.
.global substitute
substitute:
    FRAME   24
    push    ebx
    push    esi
    push    edi
    # Locals: -4, -8, -12 as in pipeline_run; -16 buffer, -20 bytes in it, -24 room for so many
    xor     eax, eax
    mov     [ebp - 4], eax
    mov     [ebp - 8], eax
    mov     [ebp - 20], eax
    mov     dword ptr [ebp - 12], 1
    mov     dword ptr [ebp - 24], READ_BYTES
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    push    ecx
    mov     eax, READ_BYTES + 1
    call    malloc_filled
    pop     ecx
    jc      .Lsubstitute_done
    mov     [ebp - 16], eax
    call    stage_start
    jc      .Lsubstitute_free
.Lsubstitute_read:
    mov     edi, [ebp - 16]
    add     edi, [ebp - 20]
    mov     ecx, [ebp - 24]
    sub     ecx, [ebp - 20]
    cmp     ecx, READ_BYTES
    jbe     1f
    mov     ecx, READ_BYTES
1:  mov     eax, [ebp - 4]
    call    stream_read
    jc      .Lsubstitute_end
    cmp     eax, 1
    jb      .Lsubstitute_whole
    call    substitute_take
    jnc     .Lsubstitute_read
    jmp     .Lsubstitute_end
.Lsubstitute_whole:
    clc
.Lsubstitute_end:
    pushfd
    push    eax
    mov     eax, [ebp - 4]
    call    stream_release
    mov     ebx, [ebp - 8]
    call    stage_await
    push    [ebx + STAGE_STATUS]
    mov     eax, ebx
    call    mfree
    pop     ecx
    pop     eax
    popfd
    jc      .Lsubstitute_free
    mov     eax, [ebp - 16]
    mov     edx, [ebp - 20]
2:  mov     byte ptr [eax + edx], 0
    sub     edx, 1
    jb      3f
    cmp     byte ptr [eax + edx], 10
    je      2b
3:  clc
.Lsubstitute_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
.Lsubstitute_free:
    push    eax
    mov     eax, [ebp - 16]
    call    mfree
    pop     eax
    stc
    jmp     .Lsubstitute_done

# Takes bytes that were read, but NULs, and makes room for more.
# In: EAX bytes, EDI where they are; EBP frame of substitute.
# Out: CF and EAX error without memory.
# Clobbers: ECX, EDX, ESI, EDI.
substitute_take:
    mov     ecx, eax
    mov     esi, edi
1:  lodsb
    test    al, al
    jz      2f
    stosb
2:  loop    1b
    sub     edi, [ebp - 16]
    mov     [ebp - 20], edi
    mov     eax, [ebp - 24]
    sub     eax, edi
    cmp     eax, READ_BYTES / 4
    jae     3f                          # CF is clear
    mov     eax, [ebp - 24]
    lea     eax, [eax*2 + 1]
    call    malloc_filled
    jc      3f
    mov     esi, eax
    mov     edx, [ebp - 16]
    mov     ecx, edi
    call    mem_copy
    mov     eax, esi
    xchg    eax, [ebp - 16]
    call    mfree
    shl     dword ptr [ebp - 24], 1
    clc
3:  ret

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
    mov     eax, [ebp - 12]
    mov     [edi + STAGE_WHOLE], eax
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
    cmp     dword ptr [ebx + STAGE_WHOLE], 0
    jne     .Lstage_task_whole
    call    string_length
    lea     edi, [esi + eax]
    call    command_run
    jmp     .Lstage_task_ended
.Lstage_task_whole:
    call    shell_run
.Lstage_task_ended:
    mov     [ebx + STAGE_STATUS], eax
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
    mov     eax, [esi + CONTEXT_ERRORS]
    mov     [edi + CONTEXT_ERRORS], eax
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
