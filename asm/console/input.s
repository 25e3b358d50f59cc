# The queues of keys, one for each console. The keyboard puts keys into that of the console that is shown, the serial
# line into that of console 1; whoever reads the console takes them out.

.include "macros.inc"
.include "keys.inc"
.include "tasks.inc"
.include "console.inc"

.text

# Adds a key; a full queue drops it. Ctrl-C drops what was typed ahead of it, F12 begins the debugger. Callable from an
# interrupt handler.
# In: EAX key, EDX console; interrupts off.
.global input_put
input_put:
    cmp     eax, KEY_F12
    je      .Linput_put_debug
    push    eax
    push    edx
    call    generator_arrived
    pop     edx
    pop     eax
    push    ebx
    mov     ebx, edx
    CHECK_MASKED "input_put: interrupts are on"
    cmp     eax, KEY_CTRL_C
    jne     .Linput_put_store
    mov     byte ptr [ebx + CONSOLE_BREAK], 1
    mov     ecx, [ebx + CONSOLE_HEAD]
    mov     [ebx + CONSOLE_TAIL], ecx
    push    eax
    lea     eax, [ebx + CONSOLE_BREAKS]
    call    event_broadcast
    pop     eax
.Linput_put_store:
    mov     ecx, [ebx + CONSOLE_HEAD]
    mov     edx, ecx
    sub     edx, [ebx + CONSOLE_TAIL]
    CHECK   edx, be, INPUT_KEYS, "input_put: more keys than the queue holds"
    cmp     edx, INPUT_KEYS
    jae     .Linput_put_signal
    and     ecx, INPUT_KEYS - 1
    mov     [ebx + CONSOLE_RING + ecx*2], ax
    inc     dword ptr [ebx + CONSOLE_HEAD]
.Linput_put_signal:
    lea     eax, [ebx + CONSOLE_KEYS]
    pop     ebx
    jmp     event_signal
.Linput_put_debug:
    cmp     dword ptr [debug_active], 0
    jne     .Linput_put_done
    int3                                # the debugger
.Linput_put_done:
    ret

# Counts what the queue of console 1 still takes.
# Out: EAX how many keys fit into the queue.
# Clobbers: EAX only.
.global input_room
input_room:
    mov     eax, [console_first + CONSOLE_TAIL]
    sub     eax, [console_first + CONSOLE_HEAD]
    add     eax, INPUT_KEYS
    ret

# Takes a key if there is one.
# Out: EAX key; CF when there is none.
.global key_poll
key_poll:
    INTERRUPTS_OFF
    call    console_own
    mov     edx, eax
    mov     ecx, [edx + CONSOLE_TAIL]
    cmp     ecx, [edx + CONSOLE_HEAD]
    je      1f
    and     ecx, INPUT_KEYS - 1
    movzx   eax, word ptr [edx + CONSOLE_RING + ecx*2]
    inc     dword ptr [edx + CONSOLE_TAIL]
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret

# Waits for a key. May sleep.
# Out: EAX key.
.global key_read
key_read:
    call    key_poll
    jnc     1f
    call    console_own
    add     eax, CONSOLE_KEYS
    mov     edx, -1
    call    event_wait
    jmp     key_read
1:  ret

# Waits for a key, until the running task is to end. May sleep.
# Out: EAX key; CF when it is to end.
.global key_take
key_take:
    call    key_poll
    jnc     1f
    mov     ecx, [task_current]
    mov     dword ptr [ecx + TASK_GIVES_WAY], 1
    call    console_own
    add     eax, CONSOLE_KEYS
    mov     edx, -1
    call    event_wait
    mov     ecx, [task_current]
    mov     dword ptr [ecx + TASK_GIVES_WAY], 0
    jnc     key_take
1:  ret

# For commands that run long: whether they are to end, because Ctrl-C was typed since they began, their job is ended, or
# nobody reads what they print.
# Out: CF when so.
# Clobbers: nothing.
.global break_check
break_check:
    call    redirect_broken
    jc      3f
    push    eax
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    test    eax, eax
    jz      1f
    mov     eax, [eax + CONTEXT_JOB]
    test    eax, eax
    jz      1f
    cmp     dword ptr [eax + JOB_BREAK], 1
    jmp     2f
1:  call    console_own
    cmp     byte ptr [eax + CONSOLE_BREAK], 1
2:  cmc
    pop     eax
3:  ret

# The event that is broadcast when break_check begins to say so.
# Out: EAX address.
# Clobbers: EAX only.
.global break_source
break_source:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    test    eax, eax
    jz      1f
    mov     eax, [eax + CONTEXT_JOB]
    test    eax, eax
    jz      1f
    add     eax, JOB_BROKEN
    ret
1:  call    console_own
    add     eax, CONSOLE_BREAKS
    ret

# Forgets a Ctrl-C that was typed before, unless it is for others than the running task.
# Clobbers: nothing.
.global break_clear
break_clear:
    push    eax
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    test    eax, eax
    jz      1f
    cmp     dword ptr [eax + CONTEXT_JOB], 0
    jne     2f
1:  call    console_own
    mov     byte ptr [eax + CONSOLE_BREAK], 0
2:  pop     eax
    ret

# After a command: a Ctrl-C that it did not read goes out of the queue.
.global break_take
break_take:
    call    break_check
    jnc     2f
1:  call    key_poll
    jc      2f
    cmp     eax, KEY_CTRL_C
    jne     1b
2:  jmp     break_clear
