# The network as a service: its tasks, and how it ends so that nothing is left of it but cards that nobody asks. The
# routines of the cards and what the user set stay; addresses, neighbours, groups, sockets and connections go.

.include "macros.inc"
.include "handle.inc"
.include "net.inc"
.include "tcp.inc"
.include "part.inc"

LEAVING_MS              = 20

.data
.balign 4
network_owner:      .long 0, 0, network_name, 0
STRING network_name, "network"

SERVICE_PART network, network_owner, "net", network_task, network_leave, network_reset, "kernel network\nrestart always\n"

.text

# The main task: starts those that find addresses, and then serves the cards. Without an interface there is only
# loopback, which needs it too.
network_task:
    mov     eax, offset network_owner
    call    owner_join
    call    net_watch
    mov     eax, offset address_task
    LOAD_STRING ecx, "address"
    call    network_each
    jmp     net_task

# Starts a task for each interface, for the owner of the running one.
# In: EAX its routine, which is given the interface; ECX its name.
.global network_each
network_each:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, ecx
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      2f
    mov     eax, esi
    mov     edx, ebx
    mov     ecx, edi
    call    task_create_owned
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Closes all sockets, whoever has them, while segments can still be sent: connections are reset.
network_leave:
    push    ebx
    xor     ebx, ebx
.Lnetwork_leave_next:
    mov     eax, ebx
    call    handle_describe
    jc      .Lnetwork_leave_done
    inc     ebx
    test    eax, eax
    jz      .Lnetwork_leave_next
    cmp     edx, offset stream_type
    je      .Lnetwork_leave_stream
    cmp     edx, offset socket_type
    jne     .Lnetwork_leave_next
    call    handle_close
    jmp     .Lnetwork_leave_next
.Lnetwork_leave_stream:
    call    stream_abort
    jmp     .Lnetwork_leave_next
.Lnetwork_leave_done:
    mov     eax, LEAVING_MS             # for what the net task has to say of groups that were left
    call    task_sleep
    pop     ebx
    ret

# Forgets what the tasks have left: connections that nobody has, addresses, neighbours, groups.
network_reset:
    push    ebx
    call    tcp_lock
1:  mov     ebx, [tcp_blocks]
    test    ebx, ebx
    jz      2f
    xor     eax, eax
    call    tcp_end
    jmp     1b
2:  mov     eax, offset tcp_mutex
    call    mutex_unlock
    mov     ebx, [net_interfaces]
3:  test    ebx, ebx
    jz      4f
    call    address_clear
    call    igmp_forget
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     3b
4:  pop     ebx
    ret
