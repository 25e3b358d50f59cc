# What the delegate serves by TCP, at the address from which it speaks: whois and the door. Each has a task. Who has
# been the delegate keeps them, asleep: the daemon ends when one of its tasks does.

.include "macros.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"
.include "cluster.inc"
.include "wide.inc"

BACKLOG                 = 4
AGAIN_MS                = 1000          # until a port is tried again

# What a service says of itself.
SERVE_PORT              = 0
SERVE_GUARD             = 4
SERVE_NAME              = 8             # of its task

# How it is.
SERVED_BY               = 0             # its SERVE_*
SERVED_RUNNING          = 4             # 1: there is the task
SERVED_EVENT            = 8             # this node has become the delegate
SERVED_LISTENING        = 12            # the listener, 0 while there is none
SERVED_SIZE             = 16

.data
.balign 4
served:
    .long   whois_serves, 0, 0, 0
    .long   door_serves, 0, 0, 0
SERVED_END              = .

.text

# This node is the delegate: it serves. Where a task has no room, that is not served.
# Clobbers: EAX, ECX, EDX.
.global serve_begin
serve_begin:
    push    ebx
    mov     ebx, offset served
1:  lea     eax, [ebx + SERVED_EVENT]
    cmp     dword ptr [ebx + SERVED_RUNNING], 0
    jne     2f
    mov     eax, offset serve_task
    mov     edx, ebx
    mov     ecx, [ebx + SERVED_BY]
    mov     ecx, [ecx + SERVE_NAME]
    call    task_create
    jc      3f
    inc     dword ptr [ebx + SERVED_RUNNING]
    jmp     3f
2:  call    event_signal
3:  add     ebx, SERVED_SIZE
    cmp     ebx, offset SERVED_END
    jb      1b
    pop     ebx
    ret

# It is the delegate no longer.
# Clobbers: EAX, ECX, EDX.
.global serve_end
serve_end:
    push    ebx
    mov     ebx, offset served
1:  xor     eax, eax
    xchg    eax, [ebx + SERVED_LISTENING]
    test    eax, eax
    jz      2f
    call    stream_close
2:  add     ebx, SERVED_SIZE
    cmp     ebx, offset SERVED_END
    jb      1b
    pop     ebx
    jmp     connections_end

# The task: serves while this node is the delegate.
# In: EAX service.
serve_task:
    mov     edi, eax
    mov     eax, offset cluster_owner
    call    owner_join
.Lserve_task_next:
    cmp     dword ptr [wide_address], 0
    jne     1f
    lea     eax, [edi + SERVED_EVENT]
    or      edx, -1
    call    event_wait
    jmp     .Lserve_task_next
1:  call    stream_open
    jc      3f
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    mov     edx, [wide_address]
    mov     ecx, [edi + SERVED_BY]
    mov     ecx, [ecx + SERVE_PORT]
    call    stream_bind
    jc      2f
    mov     eax, ebx
    mov     edx, BACKLOG
    call    stream_listen
    jc      2f
    mov     [edi + SERVED_LISTENING], ebx
    mov     eax, ebx
    mov     ebx, [edi + SERVED_BY]
    mov     ebx, [ebx + SERVE_GUARD]
    push    edi
    call    guard_serve
    pop     edi
    jmp     .Lserve_task_next
2:  mov     eax, ebx
    call    stream_close
3:  mov     eax, AGAIN_MS
    call    task_sleep
    jmp     .Lserve_task_next
