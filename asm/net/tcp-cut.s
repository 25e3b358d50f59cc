# How what is sent is cut into segments: where full ones lie, and PSH where a window ends several of them, so that
# whoever gathers segments before it looks at them passes them on. The end of what the program has sent is pushed in
# any case (RFC 9293, 3.9.1.2), see tcp_emit.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

.text

# Notes a segment of new data.
# In: EBX block, ESI its first sequence number, EDX bytes of data, EDI the sequence number after the last, which is
# beyond SND.MAX.
# Clobbers: EAX only.
.global tcp_cut_new
tcp_cut_new:
    mov     [ebx + TCB_SND_MAX], edi
    mov     eax, esi
    xchg    eax, [ebx + TCB_LAST]
    add     eax, [ebx + TCB_MSS]
    cmp     eax, esi
    je      1f
    mov     [ebx + TCB_WHOLE], esi      # the one before was no full one
    mov     [ebx + TCB_PAIRS], esi
1:  cmp     edx, [ebx + TCB_MSS]
    jbe     2f
    lea     eax, [esi + edx]            # several
    sub     eax, [ebx + TCB_MSS]
    mov     [ebx + TCB_LAST], eax
2:  inc     dword ptr [burst]
    cmp     dword ptr [ebx + TCB_UNSENT_LIMIT], 0
    je      stamp_left
    pushad                              # less is unsent
    call    tcp_wake
    popad
    jmp     stamp_left

# Says whether a segment ends a pair of full ones, counted from what the last acknowledgement let go: a receiver
# acknowledges every second segment (RFC 9293, 3.8.6.3), and the odd one will be followed by the other half of its pair.
# In: EBX block, EAX sequence number after the segment.
# Out: ZF when it does.
# Clobbers: EAX only.
.global tcp_paired
tcp_paired:
    push    ecx
    push    edx
    mov     ecx, [ebx + TCB_MSS]
    add     ecx, ecx
    sub     eax, [ebx + TCB_PAIRS]
    cdq
    idiv    ecx
    test    edx, edx
    pop     edx
    pop     ecx
    ret

# Has the end of several segments that go again pushed, if it ends a pair.
# In: EBX block, EAX start and ESI end of the segment, EDI end of the hole, ECX flags.
# Out: ECX flags.
# Clobbers: nothing else.
.global tcp_push_again
tcp_push_again:
    cmp     eax, [burst_end]
    jne     1f
    cmp     esi, edi
    jne     1f
    push    eax
    mov     eax, esi
    call    tcp_paired
    pop     eax
    jne     1f
    or      ecx, TCP_PSH
1:  ret
