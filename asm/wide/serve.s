# What the delegate serves by TCP, at the address from which it speaks: whois and the door. Each has a task. Who has
# been the delegate keeps them, asleep: the daemon ends when one of its tasks does.

.include "macros.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"
.include "cluster.inc"
.include "wide.inc"

WHOIS_PORT              = 43
BACKLOG                 = 4
AGAIN_MS                = 1000          # until a port is tried again

# A service.
SERVED_PORT             = 0
SERVED_GUARD            = 4
SERVED_NAME             = 8             # of its task
SERVED_RUNNING          = 12            # 1: there is the task
SERVED_EVENT            = 16            # this node has become the delegate
SERVED_LISTENING        = 20            # the listener, 0 while there is none
SERVED_SIZE             = 24

STRING whois_name, "whois"
STRING door_name, "cloud door by TCP"

.data
.balign 4
served:
    .long   WHOIS_PORT, whois_guard, whois_name, 0, 0, 0
    .long   WIDE_PORT, connection_guard, door_name, 0, 0, 0
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
    mov     ecx, [ebx + SERVED_NAME]
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
    mov     ecx, [edi + SERVED_PORT]
    call    stream_bind
    jc      2f
    mov     eax, ebx
    mov     edx, BACKLOG
    call    stream_listen
    jc      2f
    mov     [edi + SERVED_LISTENING], ebx
    mov     eax, ebx
    mov     ebx, [edi + SERVED_GUARD]
    push    edi
    call    guard_serve
    pop     edi
    jmp     .Lserve_task_next
2:  mov     eax, ebx
    call    stream_close
3:  mov     eax, AGAIN_MS
    call    task_sleep
    jmp     .Lserve_task_next
