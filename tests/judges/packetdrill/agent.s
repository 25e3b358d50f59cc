# The guest's side of outside judges of TCP: executes socket calls that come in datagrams, each in a task of its own, so
# that one may block while others go on. It is linked into a test's kernel only (tests/judges/packetdrill/README.md).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

AGENT_PORT              = 9999

# A request: dwords. A reply: the id, 1 when the call failed, then EAX, EDX, ECX, and what stream_status says.
REQUEST_ID              = 0
REQUEST_CALL            = 4
REQUEST_ARGUMENTS       = 8             # four
REQUEST_BYTES           = 24
REPLY_ID                = 0
REPLY_FAILED            = 4
REPLY_EAX               = 8
REPLY_EDX               = 12
REPLY_ECX               = 16
REPLY_STATUS            = 20
REPLY_BYTES             = REPLY_STATUS + STATUS_SIZE

# A call that is executed.
WORK_REQUEST            = 0
WORK_ADDRESS            = REQUEST_BYTES # who asked
WORK_PORT               = WORK_ADDRESS + 4
WORK_REPLY              = WORK_PORT + 4
WORK_SIZE               = WORK_REPLY + REPLY_BYTES

CONTENT_BYTES           = 1 << 20

.bss
.balign 4
agent_socket:           .space 4
agent_content:          .space 4        # bytes that are sent, and where those that come are put: nobody looks at them
agent_request:          .space REQUEST_BYTES

.text

# Starts the agent (level 9).
agent_start:
    mov     eax, offset agent_task
    xor     edx, edx
    LOAD_STRING ecx, "agent"
    jmp     task_create
INITCALL 9, agent_start

# Takes requests.
agent_task:
    mov     eax, CONTENT_BYTES / 4096
    call    page_alloc
    jc      9f
    mov     [agent_content], eax
    mov     eax, AGENT_PORT
    call    udp_open
    jc      9f
    mov     [agent_socket], eax
1:  mov     eax, [agent_socket]
    mov     edx, -1
    mov     esi, offset agent_request
    mov     edi, REQUEST_BYTES
    call    udp_receive
    jc      9f
    cmp     eax, REQUEST_BYTES
    jne     1b
    push    edx
    push    ecx
    mov     eax, WORK_SIZE
    call    malloc
    pop     ecx
    pop     edx
    jc      1b
    mov     ebx, eax
    mov     [ebx + WORK_ADDRESS], edx
    mov     [ebx + WORK_PORT], ecx
    mov     edx, offset agent_request
    mov     ecx, REQUEST_BYTES
    call    mem_copy
    mov     eax, offset agent_work
    mov     edx, ebx
    LOAD_STRING ecx, "agent call"
    call    task_create
    jmp     1b
9:  ret

# Executes one call and answers.
# In: EAX work.
agent_work:
    mov     ebx, eax
    mov     eax, offset owner_system    # what it opens outlives this task
    call    owner_join
    mov     eax, [ebx + REQUEST_CALL]
    cmp     eax, (agent_calls_end - agent_calls) / 4
    jae     2f
    mov     ebp, [agent_calls + eax*4]
    mov     eax, [ebx + REQUEST_ARGUMENTS]
    mov     edx, [ebx + REQUEST_ARGUMENTS + 4]
    mov     ecx, [ebx + REQUEST_ARGUMENTS + 8]
    mov     edi, [ebx + REQUEST_ARGUMENTS + 12]
    mov     esi, [agent_content]
    push    ebx
    call    ebp
    pop     ebx
    mov     [ebx + WORK_REPLY + REPLY_EAX], eax
    mov     [ebx + WORK_REPLY + REPLY_EDX], edx
    mov     [ebx + WORK_REPLY + REPLY_ECX], ecx
    sbb     eax, eax
    neg     eax
    mov     [ebx + WORK_REPLY + REPLY_FAILED], eax
    mov     eax, [ebx + REQUEST_ID]
    mov     [ebx + WORK_REPLY + REPLY_ID], eax
    mov     eax, [agent_socket]
    mov     edx, [ebx + WORK_ADDRESS]
    mov     ecx, [ebx + WORK_PORT]
    lea     esi, [ebx + WORK_REPLY]
    mov     edi, REPLY_BYTES
    call    udp_send
2:  mov     eax, ebx
    jmp     mfree

.data
.balign 4
agent_calls:
    .long   stream_open, stream_bind, stream_listen, stream_accept, stream_connect, stream_send, stream_receive
    .long   stream_shutdown, stream_close, stream_option, agent_status, stream_abort, agent_send_from
    .long   agent_receive_into, agent_stamp, agent_wait
agent_calls_end:

.text
# In: EAX socket, EBX work.
agent_status:
    lea     edx, [ebx + WORK_REPLY + REPLY_STATUS]
    jmp     stream_status

# Sends from an address, as a program's system call does.
# In: EAX socket, EDX timeout, ECX address, EDI bytes, at most CONTENT_BYTES; ESI content.
agent_send_from:
    push    eax
    push    edx
    mov     eax, esi
    mov     edx, ecx
    mov     ecx, edi
    call    copy_from_program
    pop     edx
    pop     ecx
    jc      1f
    mov     eax, ecx
    jmp     stream_send
1:  ret

# Receives to an address, as a program's system call does.
# In: EAX socket, EDX timeout, ECX address, EDI bytes, at most CONTENT_BYTES; ESI content.
agent_receive_into:
    push    ecx
    push    eax
    push    edx
    mov     edx, ecx
    mov     ecx, edi
    call    copy_would_go
    pop     edx
    pop     ecx
    jc      1f
    mov     eax, ecx
    xor     ecx, ecx
    call    stream_receive
    jc      1f
    pop     edx
    push    eax
    xchg    eax, edx
    mov     ecx, edx
    mov     edx, esi
    call    copy_to_program
    pop     edx
    jc      2f
    mov     eax, edx
    ret
1:  pop     ecx
2:  ret

# In: EAX socket, EBX work.
agent_stamp:
    lea     edx, [ebx + WORK_REPLY + REPLY_STATUS]
    jmp     stream_stamp

# Waits for one socket.
# In: EAX socket, EDX timeout, ECX what is wanted, EBX work.
# Out: EAX 1, EDX what it has got; CF and EAX error.
agent_wait:
    lea     esi, [ebx + WORK_REPLY + REPLY_STATUS]
    mov     [esi + WAIT_HANDLE], eax
    mov     [esi + WAIT_WANTED], ecx
    mov     eax, esi
    mov     ecx, 1
    push    esi
    call    stream_wait
    pop     esi
    mov     edx, [esi + WAIT_GOT]
    ret
