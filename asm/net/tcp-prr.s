# Proportional rate reduction (RFC 6937): how fast the window shrinks in fast recovery to what it is to be.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

.text

# How much may be sent in recovery: as much as arrives, less while more is on its way than is to be (RFC 6937, 3.1).
# In: EBX block, EAX bytes on their way, EDX bytes that are lost and were not sent again, ESI bytes that SND.UNA has
# moved by; rack_new.
# Out: TCB_CWND.
# Clobbers: EAX, ECX, EDX, EDI.
.global prr_update
prr_update:
    mov     ecx, [rack_new]
    test    ecx, ecx
    jz      .Lprr_update_done
    add     [ebx + TCB_PRR_DELIVERED], ecx
    push    eax
    mov     edi, [ebx + TCB_SSTHRESH]
    sub     edi, eax
    jb      3f
    mov     eax, [ebx + TCB_PRR_DELIVERED]
    sub     eax, [ebx + TCB_PRR_OUT]
    cmp     eax, ecx
    jge     1f
    mov     eax, ecx
1:  test    esi, esi                    # as in slow start while all goes well
    jz      2f
    cmp     edx, [ebx + TCB_LOST]
    ja      2f
    add     eax, [ebx + TCB_MSS]
2:  cmp     eax, edi
    jle     .Lprr_update_lost
    mov     eax, edi
    jmp     .Lprr_update_lost
3:  push    edx
    mov     eax, [ebx + TCB_PRR_DELIVERED]
    mul     dword ptr [ebx + TCB_SSTHRESH]
    mov     ecx, [ebx + TCB_PRR_FLIGHT]
    add     eax, ecx
    adc     edx, 0
    sub     eax, 1
    sbb     edx, 0
    cmp     edx, ecx
    jae     4f                          # cannot be: more has arrived than was sent
    div     ecx
    sub     eax, [ebx + TCB_PRR_OUT]
    jns     .Lprr_update_bounded
4:  xor     eax, eax
.Lprr_update_bounded:
    pop     edx
.Lprr_update_lost:
    mov     [ebx + TCB_LOST], edx
    pop     ecx
    cmp     dword ptr [ebx + TCB_PRR_OUT], 0    # the first repetition goes at once
    jne     .Lprr_update_set
    cmp     eax, [ebx + TCB_MSS]
    jge     .Lprr_update_set
    mov     eax, [ebx + TCB_MSS]
.Lprr_update_set:
    add     eax, ecx
    mov     [ebx + TCB_CWND], eax
.Lprr_update_done:
    ret
