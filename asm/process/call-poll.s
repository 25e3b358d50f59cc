# The system call that waits for several handles of a program at once: sockets and both ends of pipes.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "tcp.inc"

POLL_COUNT_MAXIMUM  = 64
HANDLE_STATE        = -1                    # "somebody wants the state of this service"

.text

# System call: waits until one of several handles can do what is wanted of it.
# In: EAX entries, EDX how many, ECX milliseconds.
.global call_poll
call_poll:
    cmp     edx, POLL_COUNT_MAXIMUM
    ja      .Lcall_poll_invalid
    push    eax
    push    ecx
    mov     edi, edx
    imul    ecx, edx, WAIT_SIZE
    mov     edx, eax
    mov     esi, [ebp + TASK_BUFFER]
    mov     eax, esi
    call    copy_from_program
    pop     edx
    jc      .Lcall_poll_done
    mov     ebp, ebx
    mov     ebx, offset poll_look
    call    watch_wait                  # EAX is a number, or ERROR_TIMEOUT
    mov     ebx, eax
    jnc     1f
    xor     ebx, ebx
1:  mov     eax, [esp]
    mov     edx, esi
    imul    ecx, edi, WAIT_SIZE
    call    copy_to_program
    jc      .Lcall_poll_done
    mov     eax, ebx
.Lcall_poll_done:
    pop     edx
    ret
.Lcall_poll_invalid:
    mov     eax, ERROR_INVALID
    stc
    ret

# Looks at the handles of a program, for watch_wait.
# In: ESI entries, EDI how many, EBP process.
# Out: EAX how many have something in WAIT_GOT.
poll_look:
    push    esi
    push    edi
    push    0
.Lpoll_look_next:
    test    edi, edi
    jz      .Lpoll_look_done
    call    poll_look_one
    mov     eax, [esi + WAIT_WANTED]
    and     eax, POLL_READABLE | POLL_WRITABLE | POLL_STAMPED
    or      eax, POLL_ERROR | POLL_HANGUP
    and     eax, edx
    mov     [esi + WAIT_GOT], eax
    jz      1f
    inc     dword ptr [esp]
1:  add     esi, WAIT_SIZE
    dec     edi
    jmp     .Lpoll_look_next
.Lpoll_look_done:
    pop     eax
    pop     edi
    pop     esi
    ret

# Says what a handle of a program can do now.
# In: ESI entry, EBP process.
# Out: EDX POLL_*.
# Clobbers: EAX, ECX.
poll_look_one:
    mov     eax, [esi + WAIT_HANDLE]
    cmp     eax, HANDLE_STATE
    je      .Lpoll_look_one_state
    mov     edx, POLL_ERROR
    cmp     eax, STREAMS
    jae     .Lpoll_look_one_done
    INTERRUPTS_OFF                      # a pipe goes with its stream, and that when another thread runs
    mov     eax, [ebp + PROCESS_STREAMS + eax*4]
    test    eax, eax
    jz      .Lpoll_look_one_restore
    mov     ecx, [eax + STREAM_KIND]
    mov     edx, POLL_WRITABLE
    cmp     ecx, STREAM_CONSOLE
    je      .Lpoll_look_one_restore
    cmp     ecx, STREAM_SOCKET
    jae     .Lpoll_look_one_socket
    mov     edx, POLL_READABLE | POLL_WRITABLE
    cmp     ecx, STREAM_PIPE_IN
    je      .Lpoll_look_one_pipe
    cmp     ecx, STREAM_PIPE_OUT
    jne     .Lpoll_look_one_restore
.Lpoll_look_one_pipe:
    call    pipe_look
    mov     edx, eax
.Lpoll_look_one_restore:
    INTERRUPTS_RESTORE
.Lpoll_look_one_done:
    ret
.Lpoll_look_one_socket:
    mov     eax, [eax + STREAM_OBJECT]
    INTERRUPTS_RESTORE
    push    esi
    push    0                           # WAIT_GOT
    push    POLL_READABLE | POLL_WRITABLE | POLL_STAMPED
    push    eax
    mov     esi, esp
    call    stream_look
    pop     eax
    pop     ecx
    pop     edx
    pop     esi
    ret
.Lpoll_look_one_state:
    mov     eax, ebp
    call    state_wanted
    mov     edx, eax                    # 1 is POLL_READABLE
    ret
