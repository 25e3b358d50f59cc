# The `netstat` command: sockets and the counts of asm/net/counters.s.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

STRING netstat_help, "Shows sockets, and how often each thing happened; what never happened is left out unless -a is given.\n"

SHELL_COMMAND "netstat", command_netstat, "[-a]", "show sockets and counts of the network", GROUP_NETWORK, netstat_help

# Names of states, in the order of tcp.inc (RFC 9293, 3.3.2).
.macro STATE_NAME text:req
    .pushsection .rodata.str, "a", @progbits
.Lstate\@: .asciz "\text"
    .popsection
    .long   .Lstate\@
.endm

.data
.balign 4
state_names:
    STATE_NAME "CLOSED"
    STATE_NAME "LISTEN"
    STATE_NAME "SYN-SENT"
    STATE_NAME "SYN-RECEIVED"
    STATE_NAME "ESTABLISHED"
    STATE_NAME "CLOSE-WAIT"
    STATE_NAME "FIN-WAIT-1"
    STATE_NAME "FIN-WAIT-2"
    STATE_NAME "CLOSING"
    STATE_NAME "LAST-ACK"
    STATE_NAME "TIME-WAIT"

.text

# Shell command: shows sockets and counters.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_netstat:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi                    # 1: all counts
    cmp     eax, 2
    jb      .Lcommand_netstat_sockets
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-a"
    call    string_compare
    jne     .Lcommand_netstat_usage
    inc     edi
.Lcommand_netstat_sockets:
    mov     ebx, [udp_sockets]
.Lcommand_netstat_socket:
    test    ebx, ebx
    jz      .Lcommand_netstat_streams
    PRINTF  "udp port %u: %u datagrams wait, %u dropped\n", [ebx+SOCKET_PORT], [ebx+SOCKET_COUNT], [ebx+SOCKET_DROPS]
    mov     ebx, [ebx + SOCKET_NEXT]
    jmp     .Lcommand_netstat_socket
.Lcommand_netstat_streams:
    mov     eax, offset tcp_mutex       # so that no connection goes while it is shown
    call    mutex_lock
    mov     ebx, [tcp_blocks]
.Lcommand_netstat_stream:
    test    ebx, ebx
    jz      .Lcommand_netstat_counters
    mov     eax, [ebx + TCB_STATE]
    mov     eax, [state_names + eax*4]
    PRINTF  "tcp %I:%u %I:%u %s\n", [ebx+TCB_LOCAL], [ebx+TCB_LOCAL_PORT], [ebx+TCB_REMOTE], [ebx+TCB_REMOTE_PORT], eax
    mov     ebx, [ebx + TCB_NEXT]
    jmp     .Lcommand_netstat_stream
.Lcommand_netstat_counters:
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    mov     esi, offset net_counters
.Lcommand_netstat_counter:
    mov     eax, [esi]
    mov     edx, eax
    or      edx, edi
    jz      .Lcommand_netstat_next
    PRINTF  "%10u  %s\n", eax, [esi+4]
.Lcommand_netstat_next:
    add     esi, 8
    cmp     esi, offset net_counters_end
    jb      .Lcommand_netstat_counter
    xor     eax, eax
    jmp     .Lcommand_netstat_done
.Lcommand_netstat_usage:
    PRINT   "usage: netstat [-a]\n"
    mov     eax, 1
.Lcommand_netstat_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
