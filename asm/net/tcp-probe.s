# Loss probes (RFC 8985, 7): the last segment goes again when its acknowledgement is late, long before a timeout, so
# that the answer tells of losses at the end of what was sent.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

PROBE_ALONE_MS          = 200           # an acknowledgement of a single segment may be delayed so long
PROBE_GRAIN_MS          = 2
PROBE_NEVER             = TCB_F_RECOVERY | TCB_F_LOSS | TCB_F_PROBE | TCB_F_PROBED

.text

# Sets the deadline of a loss probe, if one is wanted: two round trips after the last segment, and what a lonely one's
# acknowledgement may be delayed, but no later than a timeout would come (RFC 8985, 7.2).
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global tcp_want_probe
tcp_want_probe:
    mov     ecx, [ebx + TCB_FLAGS]
    test    ecx, TCB_F_SACK
    jz      9f
    test    ecx, PROBE_NEVER
    jnz     9f
    cmp     dword ptr [ebx + TCB_SACKED], 0
    jne     9f
    mov     ecx, [ebx + TCB_SND_MAX]
    sub     ecx, [ebx + TCB_SND_UNA]
    jz      9f
    mov     eax, [ebx + TCB_SRTT]
    test    eax, eax
    jz      9f
    shr     eax, 2
    add     eax, PROBE_GRAIN_MS
    cmp     ecx, [ebx + TCB_MSS]
    ja      1f
    add     eax, PROBE_ALONE_MS
1:  cmp     eax, [ebx + TCB_RTO]
    jbe     2f
    mov     eax, [ebx + TCB_RTO]
2:  mov     edx, AT_PROBE
    jmp     tcp_set
9:  ret

# Sends a loss probe: new data, else the last segment once more (RFC 8985, 7.3).
# In: EBX block.
.global tcp_probe
tcp_probe:
    mov     eax, [ebx + TCB_SND_UNA]
    cmp     eax, [ebx + TCB_SND_MAX]
    je      .Ltcp_probe_done
    test    dword ptr [ebx + TCB_FLAGS], PROBE_NEVER
    jnz     .Ltcp_probe_done
    mov     dword ptr [burst], 0
    mov     eax, [ebx + TCB_SND_WND]
    add     eax, [ebx + TCB_SND_UNA]
    sub     eax, [ebx + TCB_SND_NXT]
    cmp     eax, [ebx + TCB_MSS]
    jl      1f
    mov     eax, [ebx + TCB_TX + RING_END]
    sub     eax, [ebx + TCB_SND_NXT]
    test    eax, eax
    jle     1f
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FORCE
    call    tcp_send_next
    jnc     3f
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_FORCE
1:  push    esi
    push    edi
    mov     edi, [ebx + TCB_SND_MAX]
    mov     esi, [ebx + TCB_LAST]
    mov     eax, esi
    sub     eax, [ebx + TCB_SND_UNA]
    jns     2f
    mov     esi, [ebx + TCB_SND_UNA]
2:  or      dword ptr [ebx + TCB_FLAGS], TCB_F_PROBED_AGAIN
    call    sack_resend
    pop     edi
    pop     esi
3:  or      dword ptr [ebx + TCB_FLAGS], TCB_F_PROBED
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_PROBE_END], eax
    jmp     tcp_set_retransmit
.Ltcp_probe_done:
    ret

# What an acknowledgement says of the loss probe (RFC 8985, 7.4): had it been lost what the probe carried again, the
# window is to shrink.
# In: EBX block, ESI bytes acknowledged, EAX 1 when SACK said something new; seg_twice.
# Clobbers: ECX, EDX.
.global tcp_probe_answered
tcp_probe_answered:
    mov     ecx, [ebx + TCB_FLAGS]
    test    ecx, TCB_F_PROBED
    jz      9f
    mov     edx, [seg_acknowledgement]
    sub     edx, [ebx + TCB_PROBE_END]
    js      9f
    test    ecx, TCB_F_PROBED_AGAIN
    jz      8f
    cmp     dword ptr [seg_twice], 0
    jne     8f                          # both came
    test    edx, edx
    jnz     7f
    mov     edx, esi
    or      edx, eax
    or      edx, [seg_length]
    jz      8f                          # so does this say
    ret
7:  push    eax
    call    tcp_reduce
    mov     eax, [ebx + TCB_SSTHRESH]
    mov     [ebx + TCB_CWND], eax
    pop     eax
8:  and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_PROBED | TCB_F_PROBED_AGAIN)
9:  ret
