# Services: each has a task that starts its program, keeps what the program prints, and starts it again when it has
# failed, after a pause that doubles from time to time.

.include "macros.inc"
.include "errors.inc"
.include "service.inc"
.include "log.inc"

PAUSE_FIRST_MS      = 1000
PAUSE_LAST_MS       = 64000
PIECE_BYTES         = 256

.text

# Starts a service; nothing happens when it runs. May sleep.
# In: EAX service.
# Out: CF and EAX error.
.global service_start
service_start:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [ebx + SERVICE_TASK], 0
    jne     1f
    mov     dword ptr [ebx + SERVICE_STOP], 0
    mov     dword ptr [ebx + SERVICE_FOLLOWS], 0
    mov     dword ptr [ebx + SERVICE_EVENT], 0
    mov     dword ptr [ebx + SERVICE_RESTARTS], 0
    mov     dword ptr [ebx + SERVICE_TASK], 1
    mov     dword ptr [ebx + SERVICE_STATE], SERVICE_RUNNING
    mov     eax, offset service_task
    mov     edx, ebx
    lea     ecx, [ebx + SERVICE_LABEL]
    call    task_create
    jnc     1f
    mov     dword ptr [ebx + SERVICE_TASK], 0
    mov     dword ptr [ebx + SERVICE_STATE], SERVICE_STOPPED
    stc
1:  pop     ebx
    ret

# Stops a service, and returns when it has ended. May sleep.
# In: EAX service.
.global service_stop
service_stop:
    push    ebx
    mov     ebx, eax
    INTERRUPTS_OFF
1:  cmp     dword ptr [ebx + SERVICE_TASK], 0
    je      3f
    mov     dword ptr [ebx + SERVICE_STOP], 1
    mov     eax, [ebx + SERVICE_PROCESS]
    test    eax, eax
    jz      2f
    call    process_kill
2:  lea     eax, [ebx + SERVICE_EVENT]
    call    event_signal
    lea     eax, [ebx + SERVICE_ENDED]
    mov     edx, 100                    # its program may just be starting
    call    event_wait
    jmp     1b
3:  INTERRUPTS_RESTORE
    pop     ebx
    ret

# The task of a service.
# In: EAX service.
service_task:
    mov     ebx, eax
    call    task_hold                   # ended by service_stop only
    mov     esi, [generation_count]
    mov     edi, PAUSE_FIRST_MS
.Lservice_task_run:
    mov     dword ptr [ebx + SERVICE_STATE], SERVICE_RUNNING
    LOAD_STRING edx, "started"
    mov     ecx, LOG_INFO
    call    service_note
    mov     eax, offset service_run
    cmp     dword ptr [ebx + SERVICE_PART], 0
    je      .Lservice_task_program
    mov     eax, offset part_run
.Lservice_task_program:
    push    esi
    call    eax
    pop     esi
    mov     [ebx + SERVICE_STATUS], eax
    call    service_note_end
    mov     eax, [ebx + SERVICE_STATUS]
    mov     ecx, SERVICE_STOPPED
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    jne     .Lservice_task_end
    mov     ecx, SERVICE_DONE
    cmp     dword ptr [ebx + SERVICE_POLICY], RESTART_NEVER
    je      .Lservice_task_end
    cmp     dword ptr [ebx + SERVICE_POLICY], RESTART_ALWAYS
    je      .Lservice_task_again
    test    eax, eax
    jz      .Lservice_task_end
.Lservice_task_again:
    cmp     esi, [generation_count]     # this machine has become another one since: that is no failure
    je      1f
    mov     esi, [generation_count]
    mov     edi, PAUSE_FIRST_MS
1:  mov     dword ptr [ebx + SERVICE_STATE], SERVICE_WAITING
    lea     eax, [ebx + SERVICE_EVENT]
    mov     edx, edi
    call    event_wait
    mov     ecx, SERVICE_STOPPED
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    jne     .Lservice_task_end
    inc     dword ptr [ebx + SERVICE_RESTARTS]
    cmp     edi, PAUSE_LAST_MS
    jae     .Lservice_task_run
    shl     edi, 1
    jmp     .Lservice_task_run
.Lservice_task_end:
    mov     [ebx + SERVICE_STATE], ecx
    call    task_unhold
    mov     dword ptr [ebx + SERVICE_TASK], 0
    lea     eax, [ebx + SERVICE_ENDED]
    jmp     event_broadcast

# Writes a line about a service to the log.
# In: EBX service, EDX text, ECX LOG_*.
.global service_note
service_note:
    lea     eax, [ebx + SERVICE_LABEL]
    jmp     log_write

# Says in the log how a service's program has ended.
# In: EBX service.
service_note_end:
    FRAME   32
    cmp     dword ptr [ebx + SERVICE_FILL], 0
    je      1f
    call    service_line_end            # a line without its end
1:  LOAD_STRING edx, "stopped"
    mov     ecx, LOG_INFO
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    jne     2f
    lea     edx, [ebp - 32]
    SNPRINTF edx, 32, "ended with status %u", [ebx+SERVICE_STATUS]
    mov     ecx, LOG_INFO
    cmp     dword ptr [ebx + SERVICE_STATUS], 0
    je      2f
    mov     ecx, LOG_WARNING
2:  call    service_note
    ENDFRAME
    ret

# Writes the line that a service has printed to the log, as an error or a warning when it says so.
# In: EBX service.
# Clobbers: EAX, ECX, EDX.
service_line_end:
    push    esi
    xor     ecx, ecx
    xchg    ecx, [ebx + SERVICE_FILL]
    lea     esi, [ebx + SERVICE_TEXT]
    mov     byte ptr [esi + ecx], 0
    mov     eax, esi
    LOAD_STRING edx, "error"
    call    string_prefix
    mov     ecx, LOG_ERROR
    je      1f
    mov     eax, esi
    LOAD_STRING edx, "warning"
    call    string_prefix
    mov     ecx, LOG_WARNING
    je      1f
    mov     ecx, LOG_INFO
1:  mov     edx, esi
    call    service_note
    pop     esi
    ret

# Runs a service's program once, to its end, and keeps what it prints. May sleep.
# In: EBX service.
# Out: EAX exit status.
# Clobbers: ESI too.
service_run:
    push    edi
    push    ebp
    mov     ebp, esp
    sub     esp, SPAWN_SIZE + PATH_BYTES + PIECE_BYTES
    mov     edi, esp                    # EDI: record for process_spawn
    call    pipe_make
    jc      .Lservice_run_failed
    mov     esi, eax                    # ESI: the end that is read
    inc     dword ptr [edx + STREAM_REFS]
    mov     dword ptr [edi + SPAWN_STREAMS], 0
    mov     [edi + SPAWN_STREAMS + 4], edx
    mov     [edi + SPAWN_STREAMS + 8], edx
    mov     [edi + SPAWN_SERVICE], ebx
    push    esi
    lea     esi, [ebx + SERVICE_LINE]
    call    service_arguments
    pop     esi
    jc      .Lservice_run_unread
    mov     eax, edi
    call    process_spawn
    jc      .Lservice_run_close
    mov     [ebx + SERVICE_PROCESS], eax
    lea     edi, [ebp - PIECE_BYTES]
.Lservice_run_read:
    mov     eax, esi
    mov     ecx, PIECE_BYTES
    call    stream_read
    jc      .Lservice_run_end
    test    eax, eax
    jz      .Lservice_run_end
    mov     edx, edi
    mov     ecx, eax
    call    service_keep
    call    log_pace
    jmp     .Lservice_run_read
.Lservice_run_end:
    mov     eax, esi
    call    stream_release
    INTERRUPTS_OFF
.Lservice_run_wait:
    mov     esi, [ebx + SERVICE_PROCESS]    # another one, if it was replaced
    cmp     dword ptr [esi + PROCESS_ENDED], 0
    jne     .Lservice_run_ended
    lea     eax, [esi + PROCESS_EVENT]
    or      edx, -1
    call    event_wait
    jmp     .Lservice_run_wait
.Lservice_run_ended:
    mov     dword ptr [ebx + SERVICE_PROCESS], 0
    INTERRUPTS_RESTORE
    push    [esi + PROCESS_STATUS]
    mov     eax, esi
    call    process_release
    pop     eax
    jmp     .Lservice_run_done
.Lservice_run_unread:
    push    eax
    mov     eax, [edi + SPAWN_STREAMS + 4]
    call    stream_release
    mov     eax, [edi + SPAWN_STREAMS + 8]
    call    stream_release
    pop     eax
.Lservice_run_close:
    push    eax
    mov     eax, esi
    call    stream_release
    pop     eax
.Lservice_run_failed:
    call    error_text
    lea     edx, [ebp - PIECE_BYTES]
    lea     ecx, [ebx + SERVICE_LINE]
    push    edx
    SNPRINTF edx, PIECE_BYTES, "cannot start %s: %s\n", ecx, eax
    pop     edx
    mov     ecx, eax
    call    service_keep
    mov     eax, 126
.Lservice_run_done:
    mov     esp, ebp
    pop     ebp
    pop     edi
    ret

# Makes the block of arguments of a service's line: its words, each ended by NUL; and the path of its program.
# In: ESI line, EDI SPAWN_* record to complete, before room for a path.
# Out: CF and EAX error.
.global service_arguments
service_arguments:
    push    esi
    mov     eax, ARGUMENTS_BYTES
    call    malloc
    jc      .Lservice_arguments_done
    mov     [edi + SPAWN_ARGUMENTS], eax
    push    edi
    mov     edi, eax
    xor     ecx, ecx                    # ECX: words
.Lservice_arguments_blank:
    lodsb
    test    al, al
    jz      .Lservice_arguments_end
    cmp     al, ' '
    jbe     .Lservice_arguments_blank
    inc     ecx
.Lservice_arguments_byte:
    stosb
    lodsb
    cmp     al, ' '
    ja      .Lservice_arguments_byte
    mov     byte ptr [edi], 0
    inc     edi
    test    al, al
    jnz     .Lservice_arguments_blank
.Lservice_arguments_end:
    mov     eax, edi
    pop     edi
    sub     eax, [edi + SPAWN_ARGUMENTS]
    mov     [edi + SPAWN_BYTES], eax
    mov     [edi + SPAWN_ARGUMENT_COUNT], ecx
    mov     dword ptr [edi + SPAWN_ENVIRONMENT_COUNT], 0
    lea     edx, [edi + SPAWN_SIZE]
    mov     [edi + SPAWN_PATH], edx
    mov     eax, [edi + SPAWN_ARGUMENTS]
    call    program_path
    mov     eax, ERROR_TOO_LONG
    jnc     .Lservice_arguments_done
    mov     eax, [edi + SPAWN_ARGUMENTS]
    call    mfree
    mov     eax, ERROR_TOO_LONG
    stc
.Lservice_arguments_done:
    pop     esi
    ret

# Keeps what a service has printed.
# In: EBX service, EDX bytes, ECX how many.
# Clobbers: EAX, ECX, EDX.
service_keep:
    push    esi
    mov     esi, edx
    INTERRUPTS_OFF
1:  jecxz   4f
    lodsb
    mov     edx, [ebx + SERVICE_LOG_END]
    and     edx, SERVICE_LOG_BYTES - 1
    mov     [ebx + SERVICE_LOG + edx], al
    inc     dword ptr [ebx + SERVICE_LOG_END]
    mov     edx, [ebx + SERVICE_FILL]
    cmp     al, 10
    je      2f
    mov     [ebx + SERVICE_TEXT + edx], al
    inc     edx
    mov     [ebx + SERVICE_FILL], edx
    cmp     edx, SERVICE_TEXT_BYTES - 1
    jb      3f
2:  push    ecx
    call    service_line_end
    pop     ecx
3:  dec     ecx
    jmp     1b
4:  INTERRUPTS_RESTORE
    pop     esi
    ret
