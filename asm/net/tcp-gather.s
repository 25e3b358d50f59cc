# What TCP leaves to the card: to gather a segment from the headers and the ring in which its bytes lie, so that nobody
# copies them, and to cut several full segments out of one packet, so that they cost the way through TCP, IP and ARP
# once. The bytes of a retransmission are copied: only new ones, and those that end where the new ones do, are under way
# from a ring in the order of their sequence numbers (asm/net/store.s).

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

LENT_MINIMUM            = 256           # bytes below which copying is less work
SEVERAL_MAXIMUM         = 16000         # bytes of one packet; a piece of the 82540EM's has at most 16,288 (3.3.3)

.text

# Chooses whether the card gathers a segment.
# In: EBX block; the frame of tcp_emit.
# Out: EMIT_LENT. CF when there are several segments and the card, another one than a moment ago, does not cut them.
# Clobbers: EAX, ECX, EDX.
.global tcp_emit_lends
tcp_emit_lends:
    mov     dword ptr [ebp + EMIT_LENT], 0
    mov     ecx, [ebp + EMIT_LENGTH]
    cmp     ecx, [ebx + TCB_MSS]
    jb      8f
    mov     eax, [ebp + EMIT_NETIF]
    mov     ecx, [eax + NETIF_CAN]
    mov     edx, [ebx + TCB_REMOTE]     # what this machine sends to itself it reads itself
    call    ip_own
    jne     1f
    xor     ecx, ecx
1:  mov     [ebx + TCB_CAN], ecx
    mov     edx, [ebp + EMIT_LENGTH]
    cmp     edx, [ebx + TCB_MSS]
    ja      5f
    cmp     edx, LENT_MINIMUM
    jb      8f
    cmp     eax, [tap_netif]            # who listens sees whole packets
    je      8f
    test    ecx, NETIF_GATHERS
    jz      8f
    mov     eax, [ebp + EMIT_SEQUENCE]
    add     eax, edx
    cmp     eax, [ebx + TCB_SND_MAX]
    jne     8f
    mov     [ebp + EMIT_LENT], edx
8:  clc
    ret
5:  mov     [ebp + EMIT_LENT], edx
    test    ecx, NETIF_CUTS
    jnz     8b
    stc
    ret

# Says in a packet where the card finds the data, and in how many segments it is to send it.
# In: EBX block, ESI packet, in which nothing follows the headers; the frame of tcp_emit.
# Clobbers: EAX, ECX, EDX.
.global tcp_emit_lend
tcp_emit_lend:
    lea     eax, [ebx + TCB_TX]
    mov     edx, [ebp + EMIT_SEQUENCE]
    mov     ecx, [ebp + EMIT_LENGTH]
    call    ring_lend
    mov     eax, [ebp + EMIT_LENGTH]
    mov     ecx, [ebx + TCB_MSS]
    cmp     eax, ecx
    jbe     1f
    xor     edx, edx
    div     ecx
    dec     eax
    mov     [esi + PACKET_MORE], eax
    add     [count_tcp_sent], eax
    mov     [esi + PACKET_SEGMENT], ecx
1:  ret

# How many bytes of new data can go at once, where a full segment can.
# In: EBX block, ESI sequence number, EDI bytes that there are, EDX bytes of a full segment.
# Out: EDX bytes: of so many full segments.
# Clobbers: EAX.
.global tcp_several
tcp_several:
    test    dword ptr [ebx + TCB_CAN], NETIF_CUTS
    jz      .Ltcp_several_done
    cmp     esi, [ebx + TCB_SND_MAX]
    jne     .Ltcp_several_done
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY | TCB_F_LOSS | TCB_F_PROBE
    jnz     .Ltcp_several_done
    cmp     dword ptr [tap_netif], 0    # who listens sees whole packets
    jne     .Ltcp_several_done
    cmp     dword ptr [ebx + TCB_RECEIVED], 0   # their headers are alike: no SACK
    jne     .Ltcp_several_done
    mov     eax, edi
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    jz      1f
    dec     eax                         # the last one has it
1:  cmp     eax, [burst_room]
    jle     2f
    mov     eax, [burst_room]
2:  cmp     eax, [mark_room]
    jle     3f
    mov     eax, [mark_room]
3:  cmp     eax, SEVERAL_MAXIMUM
    jle     4f
    mov     eax, SEVERAL_MAXIMUM
4:  lea     edx, [edx + edx]
    cmp     eax, edx
    mov     edx, [ebx + TCB_MSS]
    jl      .Ltcp_several_done
    cmp     edx, LENT_MINIMUM
    jb      .Ltcp_several_done
    push    eax
    xor     edx, edx
    div     dword ptr [ebx + TCB_MSS]
    pop     eax
    sub     eax, edx                    # less what is left over
    mov     edx, eax
.Ltcp_several_done:
    ret
