# A command over SSH: `ssh HOST COMMAND`. It runs in a task of its own, between two pipes; what it says about its own
# mistakes goes with its output. The shell is above this layer, and hangs what runs a command on a hook.

.include "macros.inc"
.include "errors.inc"
.include "context.inc"
.include "ssh.inc"

TEXT_MOST               = 4096          # bytes of a command
CHUNK                   = 4096          # a page: what a stream takes at once
WAKE_MS                 = 1000
NO_STATUS               = -2            # yet

# Runs a command. In: EAX text, or 0: the lines of what is read; EDX stream that is read, ECX stream that is written,
# both given back; ESI JOB. Out: EAX status.
HOOK ssh_command, ssh_command_none

.text

# There is no shell.
# In: EDX, ECX streams.
# Out: EAX status.
ssh_command_none:
    push    ecx
    mov     eax, edx
    call    stream_release
    pop     eax
    call    stream_release
    mov     eax, 127
    ret

# The client wants a command to run.
# In: EBX channel, ESI the command as a string, EDI the end.
# Out: CF when it cannot be.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_command_start
ssh_command_start:
    call    ssh_take_string
    jc      1f
    cmp     ecx, TEXT_MOST
    cmc
    jc      1f
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    stc
    jnz     1f
    mov     esi, eax
    push    ecx
    lea     eax, [ecx + 1]
    call    malloc
    pop     ecx
    jc      1f
    mov     edi, eax
    mov     edx, eax
    rep movsb
    mov     byte ptr [edi], 0
    mov     eax, edx
    jmp     ssh_command_make
1:  ret

# The client wants a shell and has no terminal: what it sends is a script.
# In: EBX channel.
# Out: CF when it cannot be.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_script_start
ssh_script_start:
    xor     eax, eax

# Makes what a command needs.
# In: EBX channel, EAX its text, from malloc, or 0.
# Out: CF when it cannot be.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_command_make:
    mov     [ebx + CHANNEL_TEXT], eax
    mov     eax, JOB_SIZE
    call    malloc
    jc      .Lssh_command_make_text
    mov     edi, eax
    call    pipe_make
    jc      .Lssh_command_make_job
    mov     [ebx + CHANNEL_READS], eax
    mov     [ebx + CHANNEL_INPUT], edx
    call    pipe_make
    jc      .Lssh_command_make_pipe
    mov     [ebx + CHANNEL_OUTPUT], eax
    mov     [ebx + CHANNEL_WRITES], edx
    mov     dword ptr [ebx + CHANNEL_STATUS], NO_STATUS
    mov     [ebx + CHANNEL_JOB], edi
    mov     dword ptr [ebx + CHANNEL_START], offset ssh_command_go
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    clc
    ret
.Lssh_command_make_pipe:
    mov     eax, [ebx + CHANNEL_READS]
    call    stream_release
    mov     eax, [ebx + CHANNEL_INPUT]
    call    stream_release
.Lssh_command_make_job:
    mov     eax, edi
    call    mfree
.Lssh_command_make_text:
    call    ssh_command_forget
    stc
    ret

# Gives the command's text back.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_command_forget:
    xor     eax, eax
    xchg    eax, [ebx + CHANNEL_TEXT]
    test    eax, eax
    jnz     mfree
    ret

# Starts the tasks of a command. Each gives back what is its own, also when one of the others could not be started.
# In: EBX channel.
# Out: CF when that cannot be; the connection is over then.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_command_go:
    mov     dword ptr [ebx + CHANNEL_TASKS], 3
    mov     esi, offset ssh_command_tasks
1:  mov     eax, [esi]
    test    eax, eax
    jz      .Lssh_command_go_done       # CF is clear
    mov     edx, ebx
    mov     ecx, [esi + 4]
    call    task_create
    jc      2f
    add     esi, 8
    jmp     1b
2:  call    ssh_channel_ended
    cmp     esi, offset ssh_command_tasks
    jne     3f
    call    ssh_command_unrun
3:  mov     eax, offset ssh_command_tasks_end
    sub     eax, esi
    shr     eax, 3
    cmp     eax, 2
    jb      4f
    push    eax
    call    ssh_command_unsent
    pop     eax
4:  push    eax
    call    ssh_command_unfed
    pop     eax
    sub     [ebx + CHANNEL_TASKS], eax
    stc
.Lssh_command_go_done:
    ret

# What a command's task gives back, which could not be started: its streams, and a status.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_command_unrun:
    mov     eax, [ebx + CHANNEL_READS]
    call    stream_release
    mov     eax, [ebx + CHANNEL_WRITES]
    call    stream_release
    mov     dword ptr [ebx + CHANNEL_STATUS], 1
    jmp     ssh_command_forget

# The task that runs the command.
# In: EAX channel.
ssh_command_task:
    mov     ebx, eax
    call    task_hold                   # ended through its job only
    mov     eax, [ebx + CHANNEL_TEXT]
    mov     edx, [ebx + CHANNEL_READS]
    mov     ecx, [ebx + CHANNEL_WRITES]
    mov     esi, [ebx + CHANNEL_JOB]
    call    [ssh_command]
    and     eax, 0xFF
    mov     [ebx + CHANNEL_STATUS], eax
    call    ssh_command_forget
    lea     eax, [ebx + CHANNEL_EVENT]
    call    event_broadcast
    jmp     ssh_channel_done

# Sends what the command writes, and then its status.
# In: EAX channel.
ssh_command_sender:
    mov     ebx, eax
    call    task_hold
    sub     esp, CHUNK
1:  mov     eax, [ebx + CHANNEL_OUTPUT]
    mov     edi, esp
    mov     ecx, CHUNK
    call    stream_read
    jc      2f
    test    eax, eax
    jz      2f
    mov     esi, esp
    mov     edi, eax
    call    ssh_channel_write
    jnc     1b
    call    ssh_channel_break
2:  add     esp, CHUNK
    mov     eax, [ebx + CHANNEL_OUTPUT]
    call    stream_release              # what still writes finds that nobody reads
.Lssh_command_sender_wait:
    INTERRUPTS_OFF
    mov     eax, [ebx + CHANNEL_STATUS]
    cmp     eax, NO_STATUS
    jne     3f
    lea     eax, [ebx + CHANNEL_EVENT]
    mov     edx, WAKE_MS
    call    event_wait
    INTERRUPTS_RESTORE
    jmp     .Lssh_command_sender_wait
3:  INTERRUPTS_RESTORE
    call    ssh_channel_end
    call    ssh_command_jobless
    jmp     ssh_channel_done

# Gives the job back.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_command_jobless:
    xor     eax, eax
    INTERRUPTS_OFF                      # whoever would break it does not come in between
    xchg    eax, [ebx + CHANNEL_JOB]
    INTERRUPTS_RESTORE
    jmp     mfree

# What the sender gives back, which could not be started: it waits for the command, which nobody reads any more.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_command_unsent:
    call    ssh_channel_break
    mov     eax, [ebx + CHANNEL_OUTPUT]
    call    stream_release
1:  cmp     dword ptr [ebx + CHANNEL_STATUS], NO_STATUS
    jne     ssh_command_jobless
    mov     eax, WAKE_MS
    call    task_sleep
    jmp     1b

# Brings the command what the client sends.
# In: EAX channel.
ssh_command_feeder:
    mov     ebx, eax
    call    task_hold
    sub     esp, CHUNK
.Lssh_command_feeder_next:
    mov     edi, esp
    mov     ecx, CHUNK
    call    ssh_channel_read
    jc      2f
    test    eax, eax
    jz      2f
    mov     esi, esp
    mov     edi, eax
1:  mov     eax, [ebx + CHANNEL_INPUT]
    mov     ecx, edi
    call    stream_write
    jc      .Lssh_command_feeder_next   # nobody reads it; the client goes on
    add     esi, eax
    sub     edi, eax
    jnz     1b
    jmp     .Lssh_command_feeder_next
2:  add     esp, CHUNK
    call    ssh_command_unfed
    jmp     ssh_channel_done

# What the feeder gives back.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_command_unfed:
    mov     eax, [ebx + CHANNEL_INPUT]
    jmp     stream_release

.section .rodata
.balign 4
ssh_command_tasks:
    .long   ssh_command_task, ssh_command_name, ssh_command_sender, ssh_sender_name
    .long   ssh_command_feeder, ssh_feeder_name
ssh_command_tasks_end:
    .long   0
STRING ssh_command_name, "ssh command"
STRING ssh_sender_name, "ssh out"
STRING ssh_feeder_name, "ssh in"
