# Commands that are sent from elsewhere (asm/services/ssh-command.s): a task runs them as the shell would, between two
# streams.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "shell.inc"

ON_HOOK ssh_command, remote_run

.text

# Runs a command, or the lines of a stream, in the running task. May sleep.
# In: EAX text, or 0; EDX stream that is read, ECX stream that is written, which are given back; ESI JOB, all zeros, by
# which it can be ended.
# Out: EAX status.
remote_run:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, eax
    mov     ebp, ecx
    lea     ebx, [esi + JOB_CONTEXT]
    mov     [ebx + CONTEXT_JOB], esi
    mov     [ebx + CONTEXT_INPUT], edx
    mov     word ptr [ebx + CONTEXT_PLACE], 0x002F  # "/"
    mov     eax, [task_current]
    mov     [eax + TASK_CONTEXT], ebx
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      1f
    mov     dword ptr [ebx + CONTEXT_PLACE], 0x74656E2F # "/net", where what is written stays
1:  mov     eax, ebp
    call    redirect_open
    jc      .Lremote_run_memory
    inc     dword ptr [ebp + STREAM_REFS]
    mov     eax, ebp
    call    redirect_errors_open
    jc      .Lremote_run_close
    mov     eax, edi
    test    eax, eax
    jz      .Lremote_run_lines
    call    shell_run
    jmp     2f
.Lremote_run_lines:
    call    remote_lines
2:  mov     esi, eax
    call    redirect_errors_close
    call    redirect_close
.Lremote_run_end:
    mov     eax, [ebx + CONTEXT_INPUT]
    call    stream_release
    mov     eax, ebx
    call    context_drop
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_CONTEXT], 0
    mov     eax, esi
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lremote_run_close:
    call    redirect_close
.Lremote_run_memory:
    mov     eax, ebp                    # of redirect_open, or of what would be said
    call    stream_release
    mov     esi, 1
    jmp     .Lremote_run_end

# Runs the lines of what is read, to its end or `exit`. May sleep.
# In: EBX context.
# Out: EAX status of the last one.
# Clobbers: ECX, EDX, ESI, EDI, EBP.
remote_lines:
    mov     eax, LIST_BYTES
    call    malloc
    jc      .Lremote_lines_none
    mov     ebp, eax                    # EBP: lines that belong together
.Lremote_lines_next:
    mov     esi, ebp
.Lremote_lines_line:
    mov     edi, esi                    # ESI: where the line begins
.Lremote_lines_byte:
    mov     eax, [ebx + CONTEXT_INPUT]
    mov     ecx, 1
    call    stream_read
    jc      .Lremote_lines_last
    test    eax, eax
    jz      .Lremote_lines_last
    cmp     byte ptr [edi], 10
    je      .Lremote_lines_end
    inc     edi
    mov     ecx, edi
    sub     ecx, esi
    cmp     ecx, LINE_BYTES
    jb      .Lremote_lines_byte
    LOAD_STRING eax, "a line is longer than 511 characters"
    call    shell_say
    mov     dword ptr [ebx + CONTEXT_STATUS], 2
    jmp     .Lremote_lines_free
.Lremote_lines_end:
    mov     byte ptr [edi], 0
    mov     eax, ebp
    call    list_extend
    jnc     .Lremote_lines_line
    mov     eax, ebp
    call    shell_run
    call    break_check
    jc      .Lremote_lines_free
    cmp     dword ptr [ebx + CONTEXT_EXIT], 0
    je      .Lremote_lines_next
    jmp     .Lremote_lines_free
.Lremote_lines_last:
    mov     byte ptr [edi], 0           # a line without its end
    cmp     edi, ebp
    je      .Lremote_lines_free
    mov     eax, ebp
    call    shell_run
.Lremote_lines_free:
    mov     eax, ebp
    call    mfree
    mov     eax, [ebx + CONTEXT_STATUS]
    ret
.Lremote_lines_none:
    mov     eax, 1
    ret
