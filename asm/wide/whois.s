# Whois (RFC 3912): what this cluster tells of itself to anybody who asks, in whatever words. The delegate serves it, at
# the address from which it speaks. Who has been the delegate keeps the task, asleep: the daemon ends when one of its
# tasks does.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "tcp.inc"
.include "guard.inc"
.include "cluster.inc"
.include "wide.inc"

WHOIS_PORT              = 43
WHOIS_CLIENTS           = 4
WHOIS_OF_ONE            = 2             # of these of one address
WHOIS_BACKLOG           = 4
WHOIS_MS                = 5000          # for a question, and for its answer to be taken
AGAIN_MS                = 1000          # until the port is tried again
CLIENT_TEXT             = CLIENT_FIRST  # question, then answer
TEXT_BYTES              = 256
WHOIS_SIZE              = CLIENT_TEXT + TEXT_BYTES

GUARD   whois_guard, WHOIS_CLIENTS, WHOIS_OF_ONE, WHOIS_SIZE, whois_client, "whois client"

STRING whois_name, "whois"

.bss
.balign 4
whois_running:          .space 4        # 1: there is the task
whois_event:            .space 4        # this node has become the delegate
whois_listening:        .space 4        # the listener, 0 while there is none

.text

# This node is the delegate: it serves. Where a task has no room, nothing is served.
# Clobbers: EAX, ECX, EDX.
.global whois_begin
whois_begin:
    mov     eax, 1
    xchg    eax, [whois_running]
    test    eax, eax
    mov     eax, offset whois_event
    jnz     event_signal
    mov     eax, offset whois_task
    xor     edx, edx
    mov     ecx, offset whois_name
    call    task_create
    jnc     9f
    mov     dword ptr [whois_running], 0
9:  ret

# It is the delegate no longer.
# Clobbers: EAX, ECX, EDX.
.global whois_end
whois_end:
    xor     eax, eax
    xchg    eax, [whois_listening]
    test    eax, eax
    jnz     stream_close
    ret

# The task: serves while this node is the delegate.
whois_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Lwhois_task_next:
    cmp     dword ptr [wide_address], 0
    jne     1f
    mov     eax, offset whois_event
    or      edx, -1
    call    event_wait
    jmp     .Lwhois_task_next
1:  call    stream_open
    jc      3f
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    mov     edx, [wide_address]
    mov     ecx, WHOIS_PORT
    call    stream_bind
    jc      2f
    mov     eax, ebx
    mov     edx, WHOIS_BACKLOG
    call    stream_listen
    jc      2f
    mov     [whois_listening], ebx
    mov     eax, ebx
    mov     ebx, offset whois_guard
    call    guard_serve
    jmp     .Lwhois_task_next
2:  mov     eax, ebx
    call    stream_close
3:  mov     eax, AGAIN_MS
    call    task_sleep
    jmp     .Lwhois_task_next

# Serves one client: one line comes, and one answer goes.
# In: EAX client.
whois_client:
    mov     ebx, eax
    lea     esi, [ebx + CLIENT_TEXT]
    mov     edi, TEXT_BYTES
1:  mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, WHOIS_MS
    call    guard_left
    jc      .Lwhois_client_end
    mov     eax, [ebx + CLIENT_HANDLE]
    xor     ecx, ecx
    call    stream_receive
    jc      .Lwhois_client_end
    add     esi, eax
    sub     edi, eax
    jz      .Lwhois_client_end          # longer than any name
    test    eax, eax
    jz      .Lwhois_client_end
    cmp     byte ptr [esi - 1], '\n'
    jne     1b
    call    cloud_lock
    call    whois_write
    call    cloud_unlock
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, WHOIS_MS
    call    stream_send
.Lwhois_client_end:
    jmp     guard_done

# Writes the answer.
# In: EBX client.
# Out: ESI answer, EDI its bytes.
# Clobbers: EAX, ECX, EDX.
whois_write:
    lea     esi, [ebx + CLIENT_TEXT]
    mov     eax, offset trust_name
    mov     edx, [view_members]         # the others
    inc     edx
    SNPRINTF esi, TEXT_BYTES, "cluster: %s\r\nrevision: %u\r\nmembers: %u\r\n", eax, [boot_info+bi_revision], edx
    mov     edi, eax
    call    public_door
    test    eax, eax
    jz      9f
    LOAD_STRING edx, "not reached"
    jecxz   1f
    LOAD_STRING edx, "reached"
1:  lea     ecx, [esi + edi]
    SNPRINTF ecx, TEXT_BYTES / 2, "address: %I, %s by other clusters\r\n", eax, edx
    add     edi, eax
9:  ret
