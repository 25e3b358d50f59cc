# The threads of a process stop, each where it holds nothing of the kernel's, and go on later as if nothing had been.
# A thread that stops is brought to where a kill would end it, and stands there instead: what its kernel stack has is
# its registers in the program alone. A system call that it waited in begins anew.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"

HALT_MS             = 1000                  # for all threads of a process to stop
CALL_BYTES          = 2                     # of INT 80h

ON_HOOK on_thread_halt, thread_halt

.text

# A thread of a process that halts has come to where it would end. Does not return.
# In: EBX task.
thread_halt:
    mov     eax, [ebx + TASK_STACK_TOP]
    lea     esp, [eax - PROGRAM_FRAME]
    mov     dword ptr [ebx + TASK_KILLED], 0
    mov     dword ptr [ebx + TASK_FIXUP], 0
    xor     eax, eax
    xchg    eax, [ebx + TASK_CALL]
    test    eax, eax
    jz      1f
    sub     dword ptr [esp + SEGMENTS_SIZE + REGS_EIP], CALL_BYTES
1:  call    stream_drop

# The running thread stands until its process goes on. Does not return.
# In: EBX task; ESP its segments and registers in the program, at the top of its stack.
.global thread_stand
thread_stand:
    cli
    mov     esi, [ebx + TASK_PROCESS]
1:  mov     dword ptr [ebx + TASK_HALT], HALT_STANDS
    mov     ecx, [esi + PROCESS_HALTED]
    jecxz   2f
    and     ecx, HALTED_HELD            # whoever holds something is not ended
    mov     [ebx + TASK_HOLDS], ecx
    lea     eax, [esi + PROCESS_HALTED]
    or      edx, -1
    call    task_wait
    jmp     1b
2:  mov     [ebx + TASK_HOLDS], ecx
    mov     [ebx + TASK_HALT], ecx
    jmp     program_return

# Has all threads of a process stop, so that somebody may go through what it has. May sleep.
# In: EAX process.
# Out: CF and ERROR_BUSY when one does not: then all go on.
.global process_halt
process_halt:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, HALT_MS / TICK_MS
    mov     dword ptr [ebx + PROCESS_HALTED], HALTED_HELD
1:  call    threads_halt
    jecxz   2f
    mov     eax, TICK_MS
    call    task_sleep
    dec     esi
    jnz     1b
    mov     eax, ebx
    call    process_resume
    mov     eax, ERROR_BUSY
    stc
2:  pop     esi
    pop     ebx
    ret

# Lets the threads of a process go on.
# In: EAX process.
# Clobbers: EAX, ECX, EDX.
.global process_resume
process_resume:
    xor     edx, edx
    jmp     1f

# Lets a process that halts be killed: nobody goes through what it has any more.
# In: EAX process.
# Clobbers: EAX, ECX, EDX.
.global process_loosen
process_loosen:
    mov     edx, HALTED_LOOSE
1:  mov     [eax + PROCESS_HALTED], edx
    add     eax, PROCESS_HALTED
    jmp     event_broadcast

# Asks those threads of a process to stop that have not been asked, but for one that waits for a key, which would hear
# of it, and one that has not been in the program yet.
# In: EBX process.
# Out: ECX how many threads do not stand; CF is clear.
# Clobbers: EAX, EDX.
.global threads_halt
threads_halt:
    push    esi
    push    edi
    xor     edi, edi
    INTERRUPTS_OFF
    mov     esi, [task_all]
.Lthreads_halt_task:
    test    esi, esi
    jz      .Lthreads_halt_done
    cmp     [esi + TASK_PROCESS], ebx
    jne     .Lthreads_halt_next
    mov     eax, [esi + TASK_KILLED]
    mov     edx, [esi + TASK_HALT]
    shl     eax, 8
    lea     ecx, [eax + edx]            # one that stands, and is killed, goes when it may
    cmp     ecx, HALT_STANDS
    je      .Lthreads_halt_next
    inc     edi
    or      eax, edx
    or      eax, [esi + TASK_GIVES_WAY]
    jnz     .Lthreads_halt_next
    mov     edx, [esi + TASK_STACK_TOP]
    cmp     [edx - 4], eax
    je      .Lthreads_halt_next
    mov     eax, [esi + TASK_ID]
    call    task_kill
    jc      .Lthreads_halt_next
    mov     dword ptr [esi + TASK_HALT], HALT_ASKED
.Lthreads_halt_next:
    mov     esi, [esi + TASK_ALL_NEXT]
    jmp     .Lthreads_halt_task
.Lthreads_halt_done:
    INTERRUPTS_RESTORE
    mov     ecx, edi
    pop     edi
    pop     esi
    clc
    ret
