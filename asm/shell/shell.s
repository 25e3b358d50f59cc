# The shell: a task that reads lines at the console and runs commands. Commands are declared with SHELL_COMMAND wherever
# their code is; the linker collects them. A line is a list (list.s).

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "process.inc"
.include "console.inc"
.include "shell.inc"

ON_HOOK on_console, shell_begin

.text

# Starts the task of the shell of console 1.
shell_start:
    mov     eax, offset console_first
    call    shell_begin
    ASSERT  nc, "no memory for the shell"
    ret

# Starts the task of a console's shell. Callable from an interrupt handler.
# In: EAX console.
# Out: CF and EAX error without memory.
shell_begin:
    mov     edx, eax
    mov     [eax + CONSOLE_CONTEXT + CONTEXT_CONSOLE], eax
    mov     word ptr [eax + CONSOLE_CONTEXT + CONTEXT_PLACE], 0x002F # "/"
    mov     eax, offset shell_task
    LOAD_STRING ecx, "shell"
    jmp     task_create

# ".initcall.9z" sorts after all of level 9: the prompt comes when the system is up.
INITCALL 9z, shell_start

# The shell: reads a line, runs it, for ever.
# In: EAX console.
shell_task:
    mov     ecx, [task_current]
    add     eax, CONSOLE_CONTEXT
    mov     [ecx + TASK_CONTEXT], eax
1:  call    shell_loop
    call    console_hang_up
    jmp     1b

# Reads lines and runs them until `exit`. May sleep.
.global shell_loop
shell_loop:
    push    ebx
    push    esi
    mov     eax, LIST_BYTES
    call    malloc
    jc      .Lshell_loop_done
    mov     ebx, eax
    mov     ecx, [task_current]
    mov     ecx, [ecx + TASK_CONTEXT]
    mov     dword ptr [ecx + CONTEXT_EXIT], 0
.Lshell_loop_next:
    call    jobs_report
    call    history_load
    mov     esi, ebx                        # ESI: where the line goes
    mov     ecx, offset shell_prompt
.Lshell_loop_line:
    mov     eax, esi
    mov     edx, LINE_BYTES
    call    line_read_history
    jc      .Lshell_loop_next
    mov     eax, esi
    call    history_enter
    mov     eax, ebx
    call    list_extend
    mov     ecx, offset shell_more
    jnc     .Lshell_loop_line
    call    break_clear
    mov     eax, ebx
    call    shell_run
    call    break_take
    mov     ecx, [task_current]
    mov     ecx, [ecx + TASK_CONTEXT]
    xor     eax, eax
    xchg    eax, [ecx + CONTEXT_EXIT]
    test    eax, eax
    jz      .Lshell_loop_next
    mov     eax, ebx
    call    mfree
.Lshell_loop_done:
    pop     esi
    pop     ebx
    ret

# The prompt of the console in place.
# In: EAX buffer, EDX its size.
# Out: EAX characters.
shell_prompt:
    push    ebx
    mov     ecx, offset hostname
    mov     ebx, [console_placed]
    add     ebx, CONSOLE_CONTEXT + CONTEXT_PLACE
    SNPRINTF eax, edx, "%s:%s> ", ecx, ebx
    pop     ebx
    ret

# The prompt for a line that belongs to the one before.
# In: EAX buffer, EDX its size.
# Out: EAX characters.
shell_more:
    SNPRINTF eax, edx, "> "
    ret

# Runs a line, or lines that belong together. May sleep.
# In: EAX text; the running task has a context.
# Out: EAX the status of the last command; 127 when there is no such command, 2 when the text is wrong.
.global shell_run
shell_run:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    call    list_check
    jc      1f
    push    [ebx + CONTEXT_LOOPS]           # of the caller: no business of a script's
    mov     dword ptr [ebx + CONTEXT_LOOPS], 0
    xor     edx, edx
    call    list_whole
    pop     [ebx + CONTEXT_LOOPS]
    mov     dword ptr [ebx + CONTEXT_LEAVE], 0
    jnc     2f
1:  call    shell_say
    mov     dword ptr [ebx + CONTEXT_STATUS], 2
2:  mov     eax, [ebx + CONTEXT_STATUS]
    pop     esi
    pop     ebx
    ret

# Says a sentence on the console, also when the output is redirected.
# In: EAX text.
.global shell_say
shell_say:
    mov     edx, eax
    call    redirect_suspend
    push    eax
    PRINTF  "%s\n", edx
    pop     eax
    jmp     redirect_resume

# Runs a command. May sleep.
# In: ESI text, EDI its end.
# Out: EAX status.
.global command_run
command_run:
    push    ebx
    push    esi
    push    edi
    call    words_open
    jc      .Lcommand_run_memory
    mov     ebx, eax
    call    words_read
    jc      .Lcommand_run_wrong
    cmp     dword ptr [ebx + WORDS_COUNT], 0
    mov     eax, [ebx + WORDS_STATUS]
    je      .Lcommand_run_free          # a variable that is empty, or $(...)
    mov     edi, [task_current]
    mov     edi, [edi + TASK_CONTEXT]
    push    [edi + CONTEXT_INPUT]
    mov     esi, [ebx + WORDS_INPUT]
    test    esi, esi
    jz      .Lcommand_run_output
    mov     ecx, FILE_READ
    call    file_stream
    jc      .Lcommand_run_failed
    mov     [edi + CONTEXT_INPUT], eax
.Lcommand_run_output:
    mov     esi, [ebx + WORDS_OUTPUT]
    test    esi, esi
    jz      .Lcommand_run_call
    mov     ecx, [ebx + WORDS_OUTPUT_FLAGS]
    call    file_stream
    jc      .Lcommand_run_failed
    push    eax
    call    redirect_open
    pop     edx
    jc      .Lcommand_run_release
.Lcommand_run_call:
    mov     eax, [ebx + WORDS_COUNT]
    mov     edx, [ebx + WORDS_ADDRESSES]
    call    command_call
    test    esi, esi
    jz      .Lcommand_run_input
    push    eax
    call    redirect_close
    pop     edx
    xchg    eax, edx
    jnc     .Lcommand_run_input
    mov     eax, edx
    call    path_complain
.Lcommand_run_input:
    pop     edx
    xchg    edx, [edi + CONTEXT_INPUT]
    cmp     edx, [edi + CONTEXT_INPUT]
    je      .Lcommand_run_free
    push    eax
    mov     eax, edx
    call    stream_release
    pop     eax
.Lcommand_run_free:
    push    eax
    mov     eax, ebx
    call    words_close
    pop     eax
.Lcommand_run_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lcommand_run_release:
    push    eax
    mov     eax, edx
    call    stream_release
    pop     eax
.Lcommand_run_failed:
    call    path_complain
    jmp     .Lcommand_run_input
.Lcommand_run_wrong:
    call    shell_say
    mov     eax, 2
    jmp     .Lcommand_run_free
.Lcommand_run_memory:
    call    error_text
    call    shell_say
    mov     eax, 1
    jmp     .Lcommand_run_done

# Calls a command or program by its name. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_call:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [esi]
    call    command_find
    jc      2f
    mov     ecx, eax
    mov     edx, [ecx + COMMAND_USAGE]
    cmp     byte ptr [edx], 0           # it takes no arguments,
    jne     1f
    cmp     ebx, 1                      # and got some
    ja      3f
1:  mov     ecx, [ecx + COMMAND_HANDLER]
    jecxz   2f
    mov     eax, ebx
    mov     edx, esi
    call    ecx
    jmp     4f
2:  mov     eax, ebx
    mov     edx, esi
    call    program_run
    jnc     4f
    call    redirect_suspend
    push    eax
    mov     eax, [esi]
    PRINTF  "%s: unknown command; help lists the commands\n", eax
    pop     eax
    call    redirect_resume
    mov     eax, 127
    jmp     4f
3:  mov     edx, esi
    call    command_misused
    mov     eax, 2
4:  pop     esi
    pop     ebx
    ret
