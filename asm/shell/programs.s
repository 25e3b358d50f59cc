# Programs from the shell: a word that is no command may be the name of one. And the commands about them.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "process.inc"
.include "console.inc"

.text

# Runs a program, or the script of this path, and waits for its end; Ctrl-C ends it. In a job it gets no input but what
# is redirected. May sleep.
# In: EAX argc, EDX argv; the running task has a context.
# Out: EAX its exit status; CF when there is no such program.
.global program_run
program_run:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, esp
    sub     esp, SPAWN_SIZE + PATH_BYTES
    mov     ebx, edx
    mov     esi, eax                    # ESI: words
    mov     eax, [ebx]
    lea     edx, [ebp - PATH_BYTES]
    call    program_path
    jc      .Lprogram_run_none
    push    esi
    lea     esi, [ebp - PATH_BYTES]
    call    script_is
    pop     esi
    jc      .Lprogram_run_program
    mov     eax, esi
    mov     edx, ebx
    lea     ecx, [ebp - PATH_BYTES]
    call    script_run
    jmp     .Lprogram_run_good
.Lprogram_run_program:
    call    program_describe
    jc      .Lprogram_run_failed
    lea     eax, [ebp - SPAWN_SIZE - PATH_BYTES]
    call    process_spawn
    jc      .Lprogram_run_failed
    call    program_await
    cmp     eax, MISUSED
    jne     .Lprogram_run_good
    lea     edx, [ebp - PATH_BYTES]
    call    program_misused
.Lprogram_run_good:
    clc
    jmp     .Lprogram_run_done
.Lprogram_run_failed:
    cmp     eax, ERROR_NOT_FOUND
    je      .Lprogram_run_none
    cmp     eax, ERROR_NOT_MOUNTED
    je      .Lprogram_run_none
    mov     ecx, eax
    call    error_text
    mov     edx, eax
    call    redirect_suspend
    push    eax
    lea     eax, [ebp - PATH_BYTES]
    cmp     ecx, ERROR_TOO_LONG
    jne     1f
    PRINTF  "%s: its arguments have more than %u KiB; give them in parts\n", eax, ARGUMENTS_MOST >> 10
    jmp     2f
1:  PRINTF  "%s: %s\n", eax, edx
2:  pop     eax
    call    redirect_resume
    mov     eax, 126
    jmp     .Lprogram_run_good
.Lprogram_run_none:
    stc
.Lprogram_run_done:
    mov     esp, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Fills in how a program is started.
# In: EBP frame of program_run with its path, EBX argv, ESI argc.
# Out: CF and EAX error without memory.
# Clobbers: EBX, ECX, EDX, EDI.
program_describe:
    lea     eax, [ebp - PATH_BYTES]
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_PATH], eax
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ARGUMENT_COUNT], esi
    mov     dword ptr [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ENVIRONMENT_COUNT], 0
    mov     dword ptr [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_SERVICE], 0
    mov     eax, esi
    mov     edx, ebx
    call    words_bytes
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_BYTES], eax
    call    malloc_filled
    jc      .Lprogram_describe_not
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ARGUMENTS], eax
    mov     edi, eax
    mov     eax, esi
    mov     edx, ebx
    call    words_copy
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    mov     eax, [ebx + CONTEXT_INPUT]
    test    eax, eax
    jnz     .Lprogram_describe_input
    cmp     dword ptr [ebx + CONTEXT_JOB], 0
    jne     .Lprogram_describe_no_input
    mov     eax, offset console_stream
.Lprogram_describe_input:
    inc     dword ptr [eax + STREAM_REFS]
.Lprogram_describe_no_input:
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_STREAMS], eax
    call    redirect_stream
    jnc     .Lprogram_describe_output
    mov     eax, offset console_stream
.Lprogram_describe_output:
    inc     dword ptr [eax + STREAM_REFS]
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_STREAMS + 4], eax
    call    redirect_errors
    jnc     .Lprogram_describe_errors
    mov     eax, offset console_stream
.Lprogram_describe_errors:
    inc     dword ptr [eax + STREAM_REFS]
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_STREAMS + 8], eax
    clc
    ret
.Lprogram_describe_not:
    stc
    ret

# Says how a program that came with the kernel is called, if it has told; others say that themselves.
# In: EAX its status, EDX its path.
# Out: EAX the same status.
program_misused:
    push    ebx
    push    eax
    mov     ebx, edx
    mov     eax, edx
    LOAD_STRING edx, "/bin/"
    call    string_prefix
    jne     1f
    lea     eax, [ebx + 5]
    call    command_find
    jc      1f
    mov     edx, eax
    call    redirect_suspend
    push    eax
    mov     eax, edx
    call    command_usage
    pop     eax
    call    redirect_resume
1:  pop     eax
    pop     ebx
    ret

# Waits for a process, and gives it up. Ctrl-C ends it; to who takes keys one by one it is a key, and only the next one
# ends that too, when it has not taken the first. May sleep.
# In: EAX process.
# Out: EAX exit status.
program_await:
    push    ebx
    mov     ebx, eax
    call    break_source
    push    eax
    lea     eax, [ebx + PROCESS_EVENT]
    push    eax
    INTERRUPTS_OFF
1:  cmp     dword ptr [ebx + PROCESS_ENDED], 0
    jne     3f
    call    break_check
    jnc     2f
    call    break_passed
    jnc     2f
    mov     eax, ebx
    call    process_kill
2:  lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     1b
3:  INTERRUPTS_RESTORE
    add     esp, 8
    push    [ebx + PROCESS_STATUS]
    cmp     dword ptr [esp], STATUS_MOVED
    jne     4f
    cmp     byte ptr [ebx + PROCESS_NODE], 0
    je      4f                          # it says 143 itself
    call    redirect_suspend
    push    eax
    lea     edx, [ebx + PROCESS_LABEL]
    lea     ecx, [ebx + PROCESS_NODE]
    PRINTF  "%s moved to %s\n", edx, ecx
    pop     eax
    call    redirect_resume
4:  mov     eax, ebx
    call    process_release
    pop     eax
    pop     ebx
    ret

# Leaves a Ctrl-C to the process that takes the console's keys, or ends that process when it has not taken the one
# before. Interrupts are off.
# Out: CF when nobody is to take it.
break_passed:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    cmp     dword ptr [eax + CONTEXT_JOB], 1
    cmc
    jc      2f                          # it is not this Ctrl-C that ends a job
    call    console_own
    cmp     dword ptr [eax + CONSOLE_TAKER], 1
    jc      2f
    mov     ecx, 1
    xchg    ecx, [eax + CONSOLE_UNTAKEN]
    jecxz   1f
    mov     eax, [eax + CONSOLE_TAKER]
    call    process_kill
    stc
    ret
1:  call    break_clear
    clc
2:  ret

# Shell command: lists the programs that came with the kernel.
# Out: EAX status 0.
command_programs:
    push    ebx
    xor     ebx, ebx
1:  mov     eax, ebx
    call    program_name
    jc      2f
    PRINTF  "%7u  /bin/%s\n", edx, eax
    inc     ebx
    jmp     1b
2:  xor     eax, eax
    pop     ebx
    ret

SHELL_COMMAND "programs", command_programs, "", "list the programs that came with the kernel", GROUP_SYSTEM, programs_text

.section .rodata
programs_text:
    .ascii  "A program runs when its name is typed: one of /bin by its name alone, any other by its path.\n"
    .asciz  "Ctrl-C ends it; with & at the end of the line it runs beside the shell.\n"
