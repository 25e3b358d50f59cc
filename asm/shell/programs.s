# Programs from the shell: a word that is no command may be the name of one. And the commands about them.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"

.text

# Runs a program, and waits for its end; Ctrl-C ends it. With & as the last word it runs on beside the shell, without
# input. May sleep.
# In: EAX argc, EDX argv.
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
    xor     edi, edi                    # EDI: 1 when it is not waited for
    mov     eax, [ebx + esi*4 - 4]
    cmp     word ptr [eax], '&'
    jne     .Lprogram_run_path
    inc     edi
    dec     esi
    jz      .Lprogram_run_none
.Lprogram_run_path:
    push    edi
    mov     eax, [ebx]
    lea     edx, [ebp - PATH_BYTES]
    call    program_path
    pop     edi
    jc      .Lprogram_run_none
    lea     eax, [ebp - PATH_BYTES]
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_PATH], eax
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ARGUMENT_COUNT], esi
    mov     dword ptr [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ENVIRONMENT_COUNT], 0
    mov     eax, ARGUMENTS_BYTES
    call    malloc
    jc      .Lprogram_run_failed
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ARGUMENTS], eax
    push    edi
    mov     edi, eax
.Lprogram_run_word:
    mov     eax, edi                    # a line of the shell fits
    mov     edx, [ebx]
    mov     ecx, PATH_BYTES * 2
    call    string_copy
    lea     edi, [edi + eax + 1]
    add     ebx, 4
    dec     esi
    jnz     .Lprogram_run_word
    mov     eax, edi
    sub     eax, [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_ARGUMENTS]
    mov     [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_BYTES], eax
    pop     edi
    lea     edx, [ebp - SPAWN_SIZE - PATH_BYTES + SPAWN_STREAMS]
    mov     eax, offset console_stream
    add     dword ptr [eax + STREAM_REFS], 3
    mov     [edx], eax
    mov     [edx + 4], eax
    mov     [edx + 8], eax
    test    edi, edi
    jz      .Lprogram_run_spawn
    dec     dword ptr [eax + STREAM_REFS]
    mov     dword ptr [edx], 0
.Lprogram_run_spawn:
    lea     eax, [ebp - SPAWN_SIZE - PATH_BYTES]
    call    process_spawn
    jc      .Lprogram_run_failed
    test    edi, edi
    jnz     .Lprogram_run_behind
    call    program_await
    jmp     .Lprogram_run_good
.Lprogram_run_behind:
    call    process_release
    xor     eax, eax
.Lprogram_run_good:
    clc
    jmp     .Lprogram_run_done
.Lprogram_run_failed:
    cmp     eax, ERROR_NOT_FOUND
    je      .Lprogram_run_none
    cmp     eax, ERROR_NOT_MOUNTED
    je      .Lprogram_run_none
    call    error_text
    lea     edx, [ebp - PATH_BYTES]
    PRINTF  "%s: %s\n", edx, eax
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

# Waits for a process, and gives it up. Ctrl-C ends it. May sleep.
# In: EAX process.
# Out: EAX exit status.
program_await:
    push    ebx
    mov     ebx, eax
    lea     eax, [ebx + PROCESS_EVENT]
    push    offset break_event
    push    eax
    mov     dword ptr [break_event], 0
    INTERRUPTS_OFF
1:  cmp     dword ptr [ebx + PROCESS_ENDED], 0
    jne     3f
    call    break_check
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
    mov     eax, ebx
    call    process_release
    pop     eax
    pop     ebx
    ret

# Where a program of this name is: a path as it is, any other name in /bin.
# In: EAX name, EDX buffer of PATH_BYTES.
# Out: CF when it is too long.
program_path:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    string_length
    cmp     eax, PATH_BYTES - 8
    cmc
    jc      2f
    mov     eax, ebx
    mov     dl, '/'
    call    string_find
    jnc     1f
    SNPRINTF esi, PATH_BYTES, "/bin/%s", ebx
    clc
    jmp     2f
1:  mov     eax, esi
    mov     edx, ebx
    mov     ecx, PATH_BYTES
    call    string_copy
    clc
2:  pop     esi
    pop     ebx
    ret

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
    .asciz  "Ctrl-C ends it; with & as the last word it runs beside the shell.\n"
