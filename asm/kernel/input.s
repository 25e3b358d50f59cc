# The queue of keys. Keyboard and serial line put keys in, whoever reads the console takes them out.

.include "macros.inc"
.include "keys.inc"
.include "tasks.inc"
.include "shell.inc"

INPUT_KEYS          = 1024                  # a power of two; scripts are typed faster than commands run

.text

# Adds a key; a full queue drops it. Ctrl-C drops what was typed ahead of it, F12 begins the debugger. Callable from an
# interrupt handler.
# In: EAX key; interrupts off.
.global input_put
input_put:
    cmp     eax, KEY_F12
    je      .Linput_put_debug
    cmp     eax, KEY_CTRL_C
    jne     .Linput_put_store
    mov     byte ptr [input_break], 1
    mov     ecx, [input_head]
    mov     [input_tail], ecx
    push    eax
    mov     eax, offset break_event
    call    event_broadcast
    pop     eax
.Linput_put_store:
    mov     ecx, [input_head]
    mov     edx, ecx
    sub     edx, [input_tail]
    cmp     edx, INPUT_KEYS
    jae     .Linput_put_signal
    and     ecx, INPUT_KEYS - 1
    mov     [input_ring + ecx*2], ax
    inc     dword ptr [input_head]
.Linput_put_signal:
    mov     eax, offset input_event
    jmp     event_signal
.Linput_put_debug:
    cmp     dword ptr [debug_active], 0
    jne     .Linput_put_done
    int3                                # the debugger
.Linput_put_done:
    ret

# Counts what the queue still takes.
# Out: EAX how many keys fit into the queue.
# Clobbers: EAX only.
.global input_room
input_room:
    mov     eax, [input_tail]
    sub     eax, [input_head]
    add     eax, INPUT_KEYS
    ret

# Takes a key if there is one.
# Out: EAX key; CF when there is none.
.global key_poll
key_poll:
    INTERRUPTS_OFF
    mov     ecx, [input_tail]
    cmp     ecx, [input_head]
    je      1f
    mov     edx, ecx
    and     edx, INPUT_KEYS - 1
    movzx   eax, word ptr [input_ring + edx*2]
    inc     dword ptr [input_tail]
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
    mov     eax, offset input_event
    mov     edx, -1
    call    event_wait
    jmp     key_read
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
1:  cmp     byte ptr [input_break], 1
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
1:  mov     eax, offset break_event
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
1:  mov     byte ptr [input_break], 0
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

.bss
.balign 4
input_event:    .space 4                    # signalled when a key comes
break_event:    .space 4                    # broadcast at Ctrl-C
input_head:     .space 4                    # keys ever put in
input_tail:     .space 4                    # keys ever taken out
input_break:    .space 1
.balign 2
input_ring:     .space INPUT_KEYS * 2
