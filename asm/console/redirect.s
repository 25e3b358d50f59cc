# Redirection: what a command of the shell prints goes to a stream instead of the console. What it says about its own
# mistakes does not. A task's redirections lie on each other; the latest counts.

.include "macros.inc"
.include "cpu.inc"
.include "errors.inc"
.include "process.inc"
.include "context.inc"

BUFFER_BYTES    = 8192
PIECE_BYTES     = 4096                  # that a stream takes at once

# A redirection.
REDIRECT_BELOW  = 0                     # the one that counts again when this one ends
REDIRECT_STREAM = 4
REDIRECT_FILL   = 8
REDIRECT_ERROR  = 12                    # the first
REDIRECT_BUFFER = 16
REDIRECT_SIZE   = REDIRECT_BUFFER + BUFFER_BYTES
REDIRECT_MUTEX  = REDIRECT_SIZE         # of what is said about mistakes: held from redirect_suspend to redirect_resume
ERRORS_SIZE     = REDIRECT_MUTEX + MUTEX_SIZE

.bss
.balign 4
redirect_active:    .skip 4             # record during a print that goes to it
redirect_forbidden: .skip 4             # 1: everything goes to the console

HOOK redirect_streams, redirect_refused, redirect_refused # of asm/process/stream.s
STREAMS_WRITE       = 0                 # EAX stream, ESI bytes, ECX how many -> EAX how many; CF and EAX error
STREAMS_RELEASE     = 4                 # EAX stream

.text

# There are no streams.
# Out: CF and EAX error.
redirect_refused:
    mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# Sends the output of the running task, which has a context, to a stream from here on.
# In: EAX stream, which is given back by redirect_close.
# Out: CF and EAX error without memory; the stream stays the caller's then.
.global redirect_open
redirect_open:
    push    ebx
    mov     ebx, eax
    mov     eax, REDIRECT_SIZE
    call    malloc
    jc      1f
    mov     [eax + REDIRECT_STREAM], ebx
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    mov     ecx, [edx + CONTEXT_OUTPUT]
    mov     [eax + REDIRECT_BELOW], ecx
    mov     [edx + CONTEXT_OUTPUT], eax
    clc
1:  pop     ebx
    ret

# Ends it: what is left goes to the stream, which is given back. May sleep.
# Out: CF and EAX the first error.
.global redirect_close
redirect_close:
    push    ebx
    call    redirect_record
    mov     ebx, eax
    call    redirect_flush
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    mov     ecx, [ebx + REDIRECT_BELOW]
    mov     [edx + CONTEXT_OUTPUT], ecx
    mov     eax, [ebx + REDIRECT_STREAM]
    call    [redirect_streams + STREAMS_RELEASE]
    push    [ebx + REDIRECT_ERROR]
    mov     eax, ebx
    call    mfree
    pop     eax
    pop     ebx
    cmp     eax, 1
    cmc
    ret

# Sends what the running task, which has a context, and those that it starts say about their mistakes to a stream, which
# else goes to the console.
# In: EAX stream, which is given back by redirect_errors_close.
# Out: CF and EAX error without memory; the stream stays the caller's then.
.global redirect_errors_open
redirect_errors_open:
    push    eax
    mov     eax, ERRORS_SIZE
    call    malloc
    pop     ecx
    jc      1f
    mov     [eax + REDIRECT_STREAM], ecx
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    mov     [edx + CONTEXT_ERRORS], eax
1:  ret

# Ends it. Whatever the task has started has ended. May sleep.
.global redirect_errors_close
redirect_errors_close:
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    xor     eax, eax
    xchg    eax, [edx + CONTEXT_ERRORS]
    push    eax
    mov     eax, [eax + REDIRECT_STREAM]
    call    [redirect_streams + STREAMS_RELEASE]
    pop     eax
    jmp     mfree

# The stream that a program's errors go to.
# Out: EAX stream; CF when it is the console.
# Clobbers: EAX only.
.global redirect_errors
redirect_errors:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    mov     eax, [eax + CONTEXT_ERRORS]
    cmp     eax, 1
    jc      1f
    mov     eax, [eax + REDIRECT_STREAM]
1:  ret

# The redirection of the running task.
# Out: EAX record; ZF set when there is none.
# Clobbers: EAX only.
redirect_record:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    test    eax, eax
    jz      1f
    mov     eax, [eax + CONTEXT_OUTPUT]
    test    eax, eax
1:  ret

# The stream that the running task's output goes to, for programs, which write to it themselves; all that was printed is
# in it. May sleep.
# Out: EAX stream; CF when the output is not redirected.
.global redirect_stream
redirect_stream:
    call    redirect_record
    stc
    jz      1f
    push    eax
    call    redirect_flush
    pop     eax
    mov     eax, [eax + REDIRECT_STREAM]
    clc
1:  ret

# Whether what the running task prints reaches nobody any more.
# Out: CF when so.
# Clobbers: nothing.
.global redirect_broken
redirect_broken:
    push    eax
    call    redirect_record
    jz      1f                          # CF is clear
    cmp     dword ptr [eax + REDIRECT_ERROR], 1
    cmc
1:  pop     eax
    ret

# Writes what has gathered. May sleep.
# In: EAX record of the running task.
redirect_flush:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    xor     eax, eax                    # what is said meanwhile is for the console
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    xchg    eax, [edx + CONTEXT_OUTPUT]
    push    eax
    lea     esi, [ebx + REDIRECT_BUFFER]
    xor     edi, edi
    xchg    edi, [ebx + REDIRECT_FILL]  # EDI: bytes left
.Lredirect_flush_piece:
    cmp     dword ptr [ebx + REDIRECT_ERROR], 0
    jne     .Lredirect_flush_done
    mov     ecx, edi
    jecxz   .Lredirect_flush_done
    cmp     ecx, PIECE_BYTES
    jbe     .Lredirect_flush_write
    mov     ecx, PIECE_BYTES
.Lredirect_flush_write:
    push    esi
    mov     eax, [ebx + REDIRECT_STREAM]
    call    [redirect_streams + STREAMS_WRITE]
    pop     esi
    jc      .Lredirect_flush_failed
    add     esi, eax
    sub     edi, eax
    test    eax, eax
    jnz     .Lredirect_flush_piece
    mov     eax, ERROR_NO_SPACE
.Lredirect_flush_failed:
    mov     [ebx + REDIRECT_ERROR], eax
.Lredirect_flush_done:
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    pop     dword ptr [edx + CONTEXT_OUTPUT]
    pop     edi
    pop     esi
    pop     ebx
    ret

# Before a print: makes room, if the output of the running task goes to a stream. May sleep, unless interrupts are off.
# Out: ZF clear when so, and interrupts are off.
# Clobbers: EAX, ECX, EDX only.
.global redirect_begin
redirect_begin:
    call    redirect_record
    jz      2f
    cmp     dword ptr [redirect_forbidden], 1
    je      2f
    pushfd
    pop     ecx
    test    ecx, EFLAGS_IF              # else it may be the handler of an interrupt
    jz      1f
    cmp     dword ptr [eax + REDIRECT_FILL], BUFFER_BYTES / 2
    jb      1f
    push    eax
    call    redirect_flush
    pop     eax
1:  cli
    mov     [redirect_active], eax
    test    esp, esp
2:  ret

# After a print.
# Out: ZF clear when it went to a stream.
# Clobbers: EAX only.
.global redirect_end
redirect_end:
    xor     eax, eax
    xchg    eax, [redirect_active]
    test    eax, eax
    ret

# Takes a character, if the print goes to a stream. Interrupts off.
# In: AL.
# Out: ZF clear when so.
# Clobbers: ECX, EDX only.
.global redirect_put
redirect_put:
    mov     edx, [redirect_active]
    test    edx, edx
    jz      1f
    mov     ecx, [edx + REDIRECT_FILL]
    cmp     ecx, BUFFER_BYTES
    jae     2f
    mov     [edx + REDIRECT_BUFFER + ecx], al
    inc     dword ptr [edx + REDIRECT_FILL]
    test    esp, esp
1:  ret
2:  mov     dword ptr [edx + REDIRECT_ERROR], ERROR_TOO_LONG # one print was longer than the buffer
    test    esp, esp
    ret

# Prints what follows on the console, or where mistakes are to be said, whatever was redirected, until redirect_resume.
# Out: EAX what redirect_resume takes.
# Clobbers: EAX only.
.global redirect_suspend
redirect_suspend:
    push    edx
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    xor     eax, eax
    test    edx, edx
    jz      1f
    cmp     dword ptr [edx + CONTEXT_ERRORS], 0
    jne     2f
    xchg    eax, [edx + CONTEXT_OUTPUT]
1:  pop     edx
    ret
2:  push    ecx
    call    redirect_turn
    pop     ecx
    pop     edx
    ret

# Prints what follows where mistakes are to be said. What was printed before to the same stream is in it by then.
# In: EDX context.
# Out: EAX what redirect_resume takes.
# Clobbers: ECX.
redirect_turn:
    mov     eax, [edx + CONTEXT_OUTPUT]
    mov     ecx, [edx + CONTEXT_ERRORS]
    cmp     eax, ecx
    je      2f                          # it does so already
    push    eax
    push    edx
    test    eax, eax
    jz      1f
    mov     ecx, [ecx + REDIRECT_STREAM]
    cmp     ecx, [eax + REDIRECT_STREAM]
    jne     1f
    call    redirect_flush
    mov     edx, [esp]
1:  mov     eax, [edx + CONTEXT_ERRORS]
    add     eax, REDIRECT_MUTEX
    call    mutex_lock
    pop     edx
    pop     eax
    mov     ecx, [edx + CONTEXT_ERRORS]
    mov     [edx + CONTEXT_OUTPUT], ecx
2:  ret

# Ends redirect_suspend.
# In: EAX.
# Clobbers: EDX only.
.global redirect_resume
redirect_resume:
    mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    test    edx, edx
    jz      1f
    cmp     dword ptr [edx + CONTEXT_ERRORS], 0
    jne     2f
    mov     [edx + CONTEXT_OUTPUT], eax
1:  ret
2:  cmp     eax, [edx + CONTEXT_ERRORS]
    je      1b                          # redirect_suspend was called within another
    push    ecx
    push    eax
    push    edx
    mov     eax, [edx + CONTEXT_ERRORS]
    call    redirect_flush
    mov     edx, [esp]
    mov     eax, [edx + CONTEXT_ERRORS]
    add     eax, REDIRECT_MUTEX
    call    mutex_unlock
    pop     edx
    pop     [edx + CONTEXT_OUTPUT]
    mov     eax, [edx + CONTEXT_OUTPUT]
    pop     ecx
    ret

# Everything goes to the console from now on: panic. Interrupts off.
# Clobbers: nothing.
.global redirect_forbid
redirect_forbid:
    mov     dword ptr [redirect_forbidden], 1
    mov     dword ptr [redirect_active], 0
    ret
