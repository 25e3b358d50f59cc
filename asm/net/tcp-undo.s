# What a retransmission did that was not needed is undone: the window is again what it was. Three things tell of it: the
# first acknowledgement after it answers what was sent before it (Eifel, RFC 3522), something sent only once arrives
# after a timeout (F-RTO, RFC 5682), or the other side has got twice whatever was sent again (RFC 3708).

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

LONG_AGO                = 1 << 30       # orders of runs

.text

# A loss: notes what the window is, and reduces it.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global undo_begin
undo_begin:
    mov     eax, [ebx + TCB_CWND]
    mov     [ebx + TCB_UNDO_CWND], eax
    mov     eax, [ebx + TCB_SSTHRESH]
    mov     [ebx + TCB_UNDO_SSTHRESH], eax
    mov     eax, [ebx + TCB_CUBIC_MAX]
    mov     [ebx + TCB_UNDO_MAX], eax
    mov     eax, [ebx + TCB_SND_UNA]
    mov     [ebx + TCB_UNDO_FROM], eax
    mov     eax, [tcp_time]
    mov     [ebx + TCB_UNDO_AT], eax
    xor     eax, eax
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_PROBED_AGAIN
    jz      1f
    mov     eax, [ebx + TCB_MSS]        # what the loss probe repeated may come twice, too
1:  mov     [ebx + TCB_UNDO_BYTES], eax
    jmp     tcp_reduce

# Looks whether an acknowledgement tells that the retransmission was not needed.
# In: EBX block, ESI bytes that SND.UNA has moved by; the segment in seg_*, rack_original.
# Clobbers: EAX.
.global undo_look
undo_look:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_RECOVERY | TCB_F_LOSS
    jz      9f
    cmp     dword ptr [ebx + TCB_UNDO_CWND], 0
    je      9f
    test    esi, esi
    jz      1f
    cmp     dword ptr [seg_stamped], 0
    je      1f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      1f
    mov     eax, [seg_echo]
    sub     eax, [ebx + TCB_TS_OFFSET]
    sub     eax, [ebx + TCB_UNDO_AT]
    js      undo
1:  test    dword ptr [ebx + TCB_FLAGS], TCB_F_DOUBTED
    jz      9f
    cmp     dword ptr [rack_original], 0
    jne     undo
    test    esi, esi
    jnz     9f
    mov     eax, [ebx + TCB_SND_MAX]
    cmp     eax, [ebx + TCB_RECOVER]
    je      9f
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_DOUBTED     # new data came, and what is missing did not (RFC 5682, 3a)
9:  ret

# The other side has got a range twice.
# In: EBX block, EAX start, EDX end.
# Clobbers: EAX, ECX, EDX.
.global undo_twice
undo_twice:
    cmp     dword ptr [ebx + TCB_UNDO_CWND], 0
    je      9f
    cmp     dword ptr [ebx + TCB_UNDO_BYTES], 0
    je      9f                          # nothing was sent again
    mov     ecx, edx
    sub     ecx, [ebx + TCB_UNDO_FROM]
    test    ecx, ecx
    jle     9f                          # that was before
    sub     edx, eax
    sub     [ebx + TCB_UNDO_BYTES], edx
    jle     undo
9:  ret

# Undoes what the retransmission did (RFC 4015, without its caution: the window was open before).
# In: EBX block.
# Clobbers: EAX.
undo:
    COUNT   tcp_undone
    mov     eax, [ebx + TCB_UNDO_SSTHRESH]
    cmp     eax, [ebx + TCB_SSTHRESH]
    jbe     1f
    mov     [ebx + TCB_SSTHRESH], eax
1:  mov     eax, [ebx + TCB_UNDO_MAX]
    mov     [ebx + TCB_CUBIC_MAX], eax
    xor     eax, eax
    mov     [ebx + TCB_CUBIC_START], eax
    mov     [ebx + TCB_DUPLICATES], eax
    xchg    eax, [ebx + TCB_UNDO_CWND]
    cmp     eax, [ebx + TCB_CWND]
    jbe     2f
    mov     [ebx + TCB_CWND], eax
2:  mov     eax, [ebx + TCB_SENT_ORDER] # nothing is lost for certain
    sub     eax, LONG_AGO
    mov     [ebx + TCB_RACK_LOST_ORDER], eax
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_RECOVERY | TCB_F_LOSS | TCB_F_DOUBTED)
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_SND_NXT], eax
    cmp     eax, [ebx + TCB_TX + RING_END]
    je      3f
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN
    jz      3f
    sub     eax, [ebx + TCB_TX + RING_END]
    test    eax, eax
    jle     3f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_SENT
3:  ret
