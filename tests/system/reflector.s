# For tests of ways out of the emulator: sends back all that comes, to TCP and UDP port 7 (RFC 862), and by the command
# `reflect` over a connection that the node opens itself. Linked into a test's kernel only.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

ECHO_PORT               = 7
BACKLOG                 = 8
PIECE_BYTES             = 65536

STRING reflect_help, "Connects to ADDRESS PORT and sends back all that comes.\n"

SHELL_COMMAND "reflect", command_reflect, "ADDRESS PORT", "send back what comes", GROUP_NETWORK, reflect_help

.text

# Starts both servers (level 9).
reflector_start:
    mov     eax, offset echo_udp_task
    xor     edx, edx
    LOAD_STRING ecx, "echo udp"
    call    task_create
    jc      9f
    mov     eax, offset echo_tcp_task
    xor     edx, edx
    LOAD_STRING ecx, "echo tcp"
    jmp     task_create
9:  ret
INITCALL 9, reflector_start

# Takes calls, each of which gets a task of its own.
echo_tcp_task:
    call    stream_open
    jc      9f
    mov     ebx, eax
    xor     edx, edx
    mov     ecx, ECHO_PORT
    call    stream_bind
    jc      9f
    mov     eax, ebx
    mov     edx, BACKLOG
    call    stream_listen
    jc      9f
1:  mov     eax, ebx
    mov     edx, -1
    call    stream_accept
    jc      9f
    mov     edx, eax
    mov     eax, offset reflect
    LOAD_STRING ecx, "echo"
    call    task_create
    jmp     1b
9:  ret

# Sends back all that comes over a connection, and ends it when the other side has.
# In: EAX handle.
# Out: EAX bytes.
reflect:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    xor     ebp, ebp
    mov     eax, PIECE_BYTES / 4096
    call    page_alloc
    jc      3f
    mov     esi, eax
1:  mov     eax, ebx
    mov     edx, -1
    xor     ecx, ecx
    mov     edi, PIECE_BYTES
    call    stream_receive
    jc      2f
    test    eax, eax
    jz      2f
    mov     edi, eax
    add     ebp, eax
    mov     eax, ebx
    mov     edx, -1
    call    stream_send
    jnc     1b
2:  mov     eax, esi
    mov     edx, PIECE_BYTES / 4096
    call    page_free
3:  mov     eax, ebx
    call    stream_close
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sends every datagram back where it came from.
echo_udp_task:
    mov     eax, ECHO_PORT
    call    udp_open
    jc      9f
    mov     ebx, eax
    mov     eax, 1
    call    page_alloc
    jc      9f
    mov     esi, eax
1:  mov     eax, ebx
    mov     edx, -1
    mov     edi, 4096
    call    udp_receive
    jc      9f
    mov     edi, eax
    mov     eax, ebx
    call    udp_send
    jmp     1b
9:  ret

# Shell command. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_reflect:
    push    ebx
    push    esi
    push    edi
    cmp     eax, 3
    jne     8f
    mov     esi, edx
    mov     eax, [esi + 4]
    call    parse_address
    jc      8f
    push    eax
    mov     eax, [esi + 8]
    call    parse_number
    pop     edx
    jc      8f
    mov     esi, edx
    mov     edi, eax
    call    stream_open
    jc      8f
    mov     ebx, eax
    mov     edx, esi
    mov     ecx, edi
    mov     edi, 10000
    call    stream_connect
    jc      7f
    mov     eax, ebx
    call    reflect
    PRINTF  "reflected %u bytes\n", eax
    xor     eax, eax
    jmp     9f
7:  mov     esi, eax
    mov     eax, ebx
    call    stream_close
    PRINTF  "not connected: %u\n", esi
8:  mov     eax, 1
9:  pop     edi
    pop     esi
    pop     ebx
    ret
