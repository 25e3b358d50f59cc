# State TIME-WAIT: how it begins, and what a SYN may do to it.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

.text

# State TIME-WAIT, from the start.
# In: EBX block.
.global tcp_linger
tcp_linger:
    mov     dword ptr [ebx + AT_RETRANSMIT], 0
    mov     dword ptr [ebx + AT_KEEP_ALIVE], 0
    cmp     dword ptr [ebx + TCB_STATE], TCP_TIME_WAIT
    je      1f
    lea     eax, [ebx + TCB_TX]
    call    ring_free
    cmp     dword ptr [ebx + TCB_HANDLE], 0
    jne     2f
    lea     eax, [ebx + TCB_RX]         # nobody will read it
    call    ring_free
2:  mov     eax, TCP_TIME_WAIT
    call    tcp_move
1:  mov     eax, 2 * TCP_MSL_MS
    mov     edx, AT_END
    jmp     tcp_set

# Says whether a SYN may open a connection anew that is in TIME-WAIT here: one with a timestamp that is younger than all
# of the old connection, or as old with a number beyond it, or after a connection that had none (RFC 9293, 3.10.7.4;
# RFC 6191, 2). Every other SYN is challenged. Whoever means it answers that with a reset, and may come again.
# In: EBX block.
# Out: CF when it may not.
.global tcp_reopens
tcp_reopens:
    mov     eax, [seg_flags]
    and     eax, TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN
    cmp     eax, TCP_SYN
    jne     8f
    cmp     dword ptr [seg_stamped], 0
    je      8f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      9f
    mov     eax, [seg_stamp]
    sub     eax, [ebx + TCB_TS_RECENT]
    test    eax, eax
    jg      9f
    jl      8f
    mov     eax, [seg_sequence]
    sub     eax, [ebx + TCB_RCV_NXT]
    js      8f
9:  clc
    ret
8:  stc
    ret
