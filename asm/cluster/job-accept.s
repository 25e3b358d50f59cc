# The target of `cloud job move` (docs/protocols/job.md): each member of a cluster with a key takes programs of the
# others. Somebody who connects has a task, one at a time. From READY on, DONE alone starts the program, and the last
# try of each source is remembered, so that it can ask what became of it.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"
.include "fork.inc"
.include "job.inc"

SOURCES                 = 64            # that have ever moved something here since the boot
BUSY_LOOK_MS            = 100           # between looks at what is under way here,
BUSY_LOOKS              = 50            # and how many, before a source is sent away

TRY_NODE                = 0             # the source
TRY_TOKEN               = NODE_ID_SIZE  # its nonce
TRY_LIVES               = TRY_TOKEN + NONCE_SIZE    # 1: the program has begun here
TRY_SIZE                = TRY_LIVES + 4

.section .rodata
.balign 4
# By JOB_* from JOB_REGION on. In: EBX process, EDX value, ESI data, ECX bytes. Out: CF and EAX JOB_NOT_*.
job_records:            .long arrive_region, arrive_page, arrive_handle, arrive_thread

.bss
.balign 4
job_socket:             .space 4        # it listens

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
tries:                  .space SOURCES * TRY_SIZE
tries_known:            .space 4

.text

# Listens for programs, and takes one. Of two nodes that move programs to each other at one moment the one with the
# lower id goes on: it breaks the other's connection off. The cluster's mutex is held.
# Clobbers: EAX, ECX, EDX.
.global job_look
job_look:
    push    ebx
    call    member_allowed
    jc      .Ljob_look_done
    mov     eax, [job_socket]
    test    eax, eax
    jnz     .Ljob_look_open
    mov     ecx, JOB_PORT
    call    accept_open
    jc      .Ljob_look_done
    mov     [job_socket], eax
.Ljob_look_open:
    mov     eax, [fork_busy]
    test    eax, eax
    jz      .Ljob_look_free
    call    task_lives
    jc      .Ljob_look_free
    cmp     dword ptr [job_greets], 0
    je      .Ljob_look_done             # whoever waits, waits
    mov     eax, offset node + NODE_ID
    mov     edx, offset job_node
    call    node_id_compare
    jb      .Ljob_look_next
    jmp     .Ljob_look_done
.Ljob_look_free:
    mov     dword ptr [job_greets], 0
.Ljob_look_next:
    mov     eax, [job_socket]
    xor     edx, edx
    call    stream_accept
    jc      .Ljob_look_done
    mov     ebx, eax
    cmp     dword ptr [job_greets], 0
    je      1f
    cmp     edx, [fork_address]
    je      .Ljob_look_stranger
1:  call    address_is_known
    jc      .Ljob_look_stranger
    mov     eax, offset job_task
    mov     edx, ebx
    LOAD_STRING ecx, "cloud job"
    call    task_create
    jnc     .Ljob_look_done
.Ljob_look_stranger:
    mov     eax, ebx
    call    stream_abort
.Ljob_look_done:
    pop     ebx
    ret

# The task of whoever has connected.
# In: EAX socket.
job_task:
    mov     ebx, eax
    call    task_hold
    mov     edi, BUSY_LOOKS
2:  call    fork_begin
    jnc     3f
    mov     eax, BUSY_LOOK_MS
    call    task_sleep
    dec     edi
    jnz     2b
    jmp     1f
3:  mov     [fork_socket], ebx
    call    job_hear
    mov     dword ptr [fork_busy], 0
    mov     eax, ebx
    jc      1f
    call    stream_close                # what was said last still goes out
    jmp     task_unhold
1:  mov     eax, ebx
    call    stream_abort
    jmp     task_unhold

# Hears a source.
# Out: CF when the connection is to be broken off.
# Clobbers: all but EBX.
job_hear:
    push    ebx
    mov     esi, offset greeting_source
    mov     edi, GREETING_SIZE
    call    fork_receive
    jc      .Ljob_hear_done
    call    accept_greet
    jc      .Ljob_hear_done
    call    sealed_receive
    jc      .Ljob_hear_done
    cmp     eax, JOB_ASK
    je      .Ljob_hear_asked
    cmp     eax, JOB_DESCRIBE
    stc
    jne     .Ljob_hear_done
    xor     edi, edi                    # EDI: why it cannot be
    call    process_arrive
    jc      .Ljob_hear_bad
.Ljob_hear_next:
    call    sealed_receive
    jc      .Ljob_hear_broken
    cmp     eax, JOB_READY
    je      .Ljob_hear_all
    test    edi, edi
    jnz     .Ljob_hear_next             # it hears of it when it has said all
    sub     eax, JOB_REGION
    cmp     eax, JOB_THREAD - JOB_REGION
    mov     ebp, JOB_NOT_SENSE
    ja      .Ljob_hear_senseless
    call    [job_records + eax*4]
    jnc     .Ljob_hear_next
    mov     ebp, eax
.Ljob_hear_senseless:
    call    process_undo
    mov     eax, ebp
.Ljob_hear_bad:
    xor     ebx, ebx
    mov     edi, eax
    jmp     .Ljob_hear_next
.Ljob_hear_all:
    call    job_decide
    jmp     .Ljob_hear_done
.Ljob_hear_broken:
    test    ebx, ebx
    jz      1f
    call    process_undo
1:  stc
    jmp     .Ljob_hear_done
.Ljob_hear_asked:
    cmp     ecx, NONCE_SIZE
    stc
    jne     .Ljob_hear_done
    call    job_tell
.Ljob_hear_done:
    pop     ebx
    ret

# All has been said: the program begins here if the source says that it does not go on there.
# In: EBX process or 0, EDI why it cannot be, or 0.
# Out: CF when the connection is to be broken off.
job_decide:
    test    edi, edi
    jnz     .Ljob_decide_no
    mov     edi, JOB_NOT_SENSE
    cmp     dword ptr [ebx + PROCESS_THREADS], 0
    je      .Ljob_decide_undo
    call    try_begin
    mov     edi, JOB_NOT_MORE
    jc      .Ljob_decide_undo
    mov     ebp, eax                    # EBP: the try
    mov     eax, JOB_READY
    xor     edx, edx
    xor     ecx, ecx
    call    sealed_send
    jc      .Ljob_decide_late
    call    sealed_receive
    jc      .Ljob_decide_late
    cmp     eax, JOB_DONE
    jne     .Ljob_decide_late
    mov     dword ptr [ebp + TRY_LIVES], 1
    call    job_begin
    mov     eax, JOB_LIVE
    xor     edx, edx
    xor     ecx, ecx
    jmp     sealed_send
.Ljob_decide_late:
    call    process_undo
    mov     eax, JOB_GAVE_UP
    xor     edx, edx
    xor     ecx, ecx
    jmp     sealed_send
.Ljob_decide_undo:
    call    process_undo
.Ljob_decide_no:
    mov     eax, JOB_READY
    mov     edx, edi
    xor     ecx, ecx
    jmp     sealed_send

# The program begins.
# In: EBX process.
job_begin:
    lea     eax, [ebx + PROCESS_NODE]
    mov     edx, offset accept_source
    mov     ecx, PROCESS_NODE_BYTES
    call    string_copy
    lea     eax, [ebx + PROCESS_LABEL]
    mov     edx, offset accept_source
    PRINTF  "%s goes on here, from %s\n", eax, edx
    mov     eax, ebx
    call    process_resume
    mov     eax, ebx
    jmp     process_release

# Remembers a try, in the place of its source's last one: a source begins another one only when it knows of that.
# Out: EAX try; CF when there is no place.
# Clobbers: ECX, EDX.
try_begin:
    push    esi
    push    edi
    call    try_find
    jnc     1f
    cmp     dword ptr [tries_known], SOURCES
    cmc
    jc      2f
    inc     dword ptr [tries_known]
1:  mov     edi, eax
    push    eax
    mov     esi, offset greeting_source + GREETING_NODE
    mov     ecx, (NODE_ID_SIZE + NONCE_SIZE) / 4
    rep movsd
    mov     dword ptr [edi], 0          # TRY_LIVES
    pop     eax
    clc
2:  pop     edi
    pop     esi
    ret

# Finds the last try of the source that has greeted.
# Out: EAX try; CF when it has none, EAX is where the next one goes.
# Clobbers: ECX, EDX.
try_find:
    mov     eax, offset tries
    mov     ecx, [tries_known]
1:  sub     ecx, 1
    jb      2f
    mov     edx, [eax + TRY_NODE]
    cmp     edx, [greeting_source + GREETING_NODE]
    jne     3f
    mov     edx, [eax + TRY_NODE + 4]
    cmp     edx, [greeting_source + GREETING_NODE + 4]
    je      2f                          # CF is clear
3:  add     eax, TRY_SIZE
    jmp     1b
2:  ret

# Says what became of a try. What is not remembered has never begun here, since this machine's boot.
# In: ESI token.
# Out: CF when the connection is to be broken off.
job_tell:
    mov     edi, JOB_GAVE_UP
    call    try_find
    jc      1f
    cmp     dword ptr [eax + TRY_LIVES], 1
    jne     1f
    add     eax, TRY_TOKEN
    mov     edx, esi
    mov     ecx, NONCE_SIZE
    call    mem_compare
    jne     1f
    mov     edi, JOB_LIVE
1:  mov     eax, edi
    xor     edx, edx
    xor     ecx, ecx
    jmp     sealed_send
