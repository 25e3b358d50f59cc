# The active side of a connection: addresses, a port, and the first SYN.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

.text

# Opens a connection: sends the SYN.
# In: EBX block in CLOSED, EDX address, ECX port. tcp_mutex is held.
# Out: CF and EAX error.
.global tcp_open
tcp_open:
    push    esi
    mov     eax, ERROR_INVALID
    cmp     ecx, 0xFFFF
    ja      .Ltcp_open_failed
    test    ecx, ecx
    jz      .Ltcp_open_failed
    mov     eax, edx
    cmp     al, 127
    je      1f
    call    ip_is_unicast
    mov     eax, ERROR_INVALID
    jne     .Ltcp_open_failed
1:  push    edx
    push    ecx
    mov     eax, edx
    call    ip_route
    pop     ecx
    pop     edx
    jc      .Ltcp_open_done
    cmp     dword ptr [eax + NETIF_ADDRESS], 0
    je      .Ltcp_open_no_route
    mov     [ebx + TCB_REMOTE], edx
    mov     [ebx + TCB_REMOTE_PORT], ecx
    mov     edx, [ebx + TCB_LOCAL]
    call    ip_held                     # a further address that it was bound to stays
    je      3f
    mov     edx, [eax + NETIF_ADDRESS]
    mov     [ebx + TCB_LOCAL], edx
3:  mov     ecx, [ebx + TCB_LOCAL_PORT]
    test    ecx, ecx
    jnz     2f
    call    tcp_choose_port
    jc      .Ltcp_open_forget
2:  mov     eax, [ebx + TCB_REMOTE]
    mov     edx, [ebx + TCB_REMOTE_PORT]
    mov     ecx, [ebx + TCB_LOCAL_PORT]
    mov     esi, [ebx + TCB_LOCAL]
    call    tcp_find
    test    eax, eax
    mov     eax, ERROR_PORT_IN_USE
    jnz     .Ltcp_open_forget
    call    tcp_enter
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACTIVE | TCB_F_SCALE | TCB_F_TIMESTAMPS | TCB_F_SACK
    mov     dword ptr [ebx + TCB_TRIES], 0
    call    secret_sequence
    call    tcp_begin
    mov     dword ptr [ebx + TCB_STATE], TCP_SYN_SENT
    COUNT   tcp_opened
    mov     eax, [ebx + TCB_ISS]
    xor     edx, edx
    mov     ecx, TCP_SYN
    call    tcp_emit
    call    tcp_set_retransmit
    clc
    jmp     .Ltcp_open_done
.Ltcp_open_no_route:
    mov     eax, ERROR_NO_ROUTE
    jmp     .Ltcp_open_failed
.Ltcp_open_forget:
    mov     dword ptr [ebx + TCB_REMOTE_PORT], 0
    mov     dword ptr [ebx + TCB_REMOTE], 0
.Ltcp_open_failed:
    stc
.Ltcp_open_done:
    pop     esi
    ret
