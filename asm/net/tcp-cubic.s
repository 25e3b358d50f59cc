# How much may be on its way: slow start, and beyond it CUBIC (RFC 9438). Everything is in bytes, and times are in ticks
# of 10 ms: W(t) = C (t - K)^3 + W_max with C = 0.4 segments a cubic second is MSS (t - K)^3 / 2,500,000 bytes.

.include "macros.inc"
.include "net.inc"
.include "tasks.inc"
.include "tcp.inc"

SLOW_START_MOST         = 10            # segments for each acknowledgement at most: the first window may double at once
CUBIC_SCALE             = 2500000       # ticks cubed over C
CUBIC_TICKS             = 1600          # more ticks from K count as so many: their cube fits into 32 bits
WINDOW_MAXIMUM          = 1 << 24

.text

# Lets the congestion window grow, unless it was not used up.
# In: EBX block, ESI bytes acknowledged, EDI bytes that were on their way.
.global tcp_grow
tcp_grow:
    mov     eax, [ebx + TCB_CWND]
    mov     edx, edi
    add     edx, [ebx + TCB_MSS]
    add     edx, [ebx + TCB_MSS]
    cmp     edx, eax
    jae     1f
    lea     edx, [edi + edi]            # slow start goes on while half of it is in use
    cmp     edx, eax
    jb      .Ltcp_grow_done
    cmp     eax, [ebx + TCB_SSTHRESH]
    jae     .Ltcp_grow_done
1:  cmp     eax, [ebx + TCB_SSTHRESH]
    jae     3f
    mov     edx, [ebx + TCB_MSS]
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_LOSS
    jnz     2f
    imul    edx, edx, SLOW_START_MOST
2:  cmp     edx, esi
    jbe     4f
    mov     edx, esi
    jmp     4f
3:  call    cubic_growth
    mov     eax, [ebx + TCB_CWND]
4:  add     eax, edx
    cmp     eax, WINDOW_MAXIMUM
    ja      .Ltcp_grow_done
    mov     [ebx + TCB_CWND], eax
.Ltcp_grow_done:
    ret

# How many bytes an acknowledgement adds in congestion avoidance (RFC 9438, 4.2 to 4.5).
# In: EBX block, ESI bytes acknowledged.
# Out: EDX bytes.
# Clobbers: EAX, ECX.
cubic_growth:
    push    edi
    mov     eax, [ebx + TCB_CUBIC_START]
    test    eax, eax
    jnz     .Lcubic_growth_begun
    call    cubic_begin
.Lcubic_growth_begun:
    mov     eax, [ebx + TCB_SRTT]       # the window that is right in a round trip's time
    shr     eax, 3
    add     eax, [tcp_time]
    sub     eax, [ebx + TCB_CUBIC_START]
    xor     edx, edx
    mov     ecx, TICK_MS
    div     ecx
    sub     eax, [ebx + TCB_CUBIC_K]
    cdq
    mov     edi, edx                    # EDI: -1 while it is below W_max
    xor     eax, edx
    sub     eax, edx
    cmp     eax, CUBIC_TICKS
    jbe     1f
    mov     eax, CUBIC_TICKS
1:  mov     ecx, eax
    mul     ecx
    mul     ecx
    mul     dword ptr [ebx + TCB_MSS]
    mov     ecx, CUBIC_SCALE
    div     ecx
    xor     eax, edi
    sub     eax, edi
    add     eax, [ebx + TCB_CUBIC_MAX]
    mov     ecx, [ebx + TCB_CWND]
    sub     eax, ecx                    # EAX: how far it is to go in this round trip, between 0 and half of it
    jns     2f
    xor     eax, eax
2:  mov     edx, ecx
    shr     edx, 1
    cmp     eax, edx
    jbe     3f
    mov     eax, edx
3:  mul     esi
    div     ecx
    mov     edi, eax                    # EDI: CUBIC's part of it for these bytes
    mov     eax, [ebx + TCB_MSS]        # Reno's: a segment in a round trip, or 9/17 of one while it makes good the loss
    mul     esi
    div     ecx
    mov     ecx, [ebx + TCB_CUBIC_RENO]
    cmp     ecx, [ebx + TCB_CUBIC_MAX]
    jae     4f
    lea     eax, [eax + eax*8]
    xor     edx, edx
    push    ecx
    mov     ecx, 17
    div     ecx
    pop     ecx
4:  add     ecx, eax
    mov     [ebx + TCB_CUBIC_RENO], ecx
    mov     edx, edi
    sub     ecx, [ebx + TCB_CWND]
    cmp     ecx, edx
    jle     .Lcubic_growth_done
    mov     edx, ecx                    # whichever is more
.Lcubic_growth_done:
    pop     edi
    ret

# Begins to grow after a loss: K^3 = (W_max - cwnd) / C.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
cubic_begin:
    mov     eax, [tcp_time]
    cmp     eax, 1
    adc     eax, 0
    mov     [ebx + TCB_CUBIC_START], eax
    mov     ecx, [ebx + TCB_CWND]
    mov     [ebx + TCB_CUBIC_RENO], ecx
    mov     eax, [ebx + TCB_CUBIC_MAX]
    sub     eax, ecx
    ja      1f
    mov     [ebx + TCB_CUBIC_MAX], ecx
    xor     eax, eax
1:  mov     ecx, CUBIC_SCALE            # K^3 = (W_max - cwnd) / C
    mul     ecx
    mov     ecx, [ebx + TCB_MSS]
    cmp     edx, ecx
    jb      2f
    mov     eax, CUBIC_TICKS
    jmp     3f
2:  div     ecx
    call    cube_root
3:  mov     [ebx + TCB_CUBIC_K], eax
    ret

# Takes a cube root.
# In: EAX number.
# Out: EAX the whole part of its cube root.
# Clobbers: ECX, EDX.
cube_root:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    xor     ecx, ecx                    # the root
    mov     edi, 1024                   # the bit that is tried
1:  lea     ebp, [ecx + edi]
    mov     eax, ebp
    mul     eax
    mul     ebp
    test    edx, edx
    jnz     2f
    cmp     eax, esi
    ja      2f
    mov     ecx, ebp
2:  shr     edi, 1
    jnz     1b
    mov     eax, ecx
    pop     ebp
    pop     edi
    pop     esi
    ret

# A loss: the slow start threshold becomes 0.7 of the congestion window (RFC 9438, 4.6 and 4.7), which is no wider than
# what was sent of late has used.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global tcp_reduce
tcp_reduce:
    mov     dword ptr [ebx + TCB_CUBIC_START], 0
    mov     eax, [ebx + TCB_CWND]
    xor     edx, edx
    mov     ecx, 20
    div     ecx                         # a twentieth
    imul    edx, eax, 20
    cmp     edx, [ebx + TCB_CUBIC_MAX]
    jae     1f
    imul    edx, eax, 17                # less than last time: room for others
1:  mov     [ebx + TCB_CUBIC_MAX], edx
    imul    eax, eax, 14
    mov     edx, [ebx + TCB_MSS]
    add     edx, edx
    cmp     eax, edx
    jae     2f
    mov     eax, edx
2:  mov     [ebx + TCB_SSTHRESH], eax
    ret

# Forgets the congestion window of a connection that has sent nothing for longer than a retransmission would have taken:
# nobody knows what the network takes now (RFC 5681, 4.1).
# In: EBX block.
# Clobbers: EAX.
.global tcp_rested
tcp_rested:
    mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    jne     9f
    mov     eax, [tcp_time]
    sub     eax, [ebx + TCB_SENT_AT]
    cmp     eax, [ebx + TCB_RTO]
    jbe     9f
    call    tcp_first_window
    cmp     eax, [ebx + TCB_CWND]
    jae     9f
    mov     [ebx + TCB_CWND], eax
    mov     dword ptr [ebx + TCB_CUBIC_START], 0
9:  ret
