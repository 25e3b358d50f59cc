# The `netstat` command: UDP sockets and the counts of asm/net/counters.s.

.include "macros.inc"
.include "net.inc"

STRING netstat_help, "Shows UDP sockets, and how often each thing happened; what never happened is left out unless -a is given.\n"

SHELL_COMMAND "netstat", command_netstat, "[-a]", "show sockets and counts of the network", GROUP_NETWORK, netstat_help

    .text

# In: EAX argc, EDX argv. Out: EAX status.
command_netstat:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi                    # 1: all counts
    cmp     eax, 2
    jb      1f
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-a"
    call    string_compare
    jne     8f
    inc     edi
1:  mov     ebx, [udp_sockets]
2:  test    ebx, ebx
    jz      3f
    PRINTF  "udp port %u: %u datagrams wait, %u dropped\n",[ebx+SOCKET_PORT],[ebx+SOCKET_COUNT],[ebx+SOCKET_DROPS]
    mov     ebx, [ebx + SOCKET_NEXT]
    jmp     2b
3:  mov     esi, offset net_counters
4:  mov     eax, [esi]
    mov     edx, eax
    or      edx, edi
    jz      5f
    PRINTF  "%10u  %s\n",eax,[esi+4]
5:  add     esi, 8
    cmp     esi, offset net_counters_end
    jb      4b
    xor     eax, eax
    jmp     9f
8:  PRINT   "usage: netstat [-a]\n"
    mov     eax, 1
9:  pop     edi
    pop     esi
    pop     ebx
    ret
