# Ends of records (MSG_EOR, as other systems call it): bytes of two records never share a segment, also when they are
# sent again. The other side sees nothing but where segments end.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

.text

# Forgets the marks that were acknowledged, before their numbers come round again.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
tcp_mark_prune:
    mov     eax, [ebx + TCB_MARKS]
    test    eax, eax
    jz      9f
    mov     eax, [ebx + TCB_MARKS + 4]
    sub     eax, [ebx + TCB_SND_UNA]
    test    eax, eax
    jg      9f
    dec     dword ptr [ebx + TCB_MARKS]
    mov     ecx, [ebx + TCB_MARKS]
    push    esi
    push    edi
    lea     edi, [ebx + TCB_MARKS + 4]
    lea     esi, [edi + 4]
    rep movsd
    pop     edi
    pop     esi
    jmp     tcp_mark_prune
9:  ret

# Marks the end of what the program has sent so far.
# In: EBX block.
# Out: CF and EAX error.
.global tcp_mark
tcp_mark:
    call    tcp_mark_prune
    mov     ecx, [ebx + TCB_MARKS]
    mov     eax, [ebx + TCB_TX + RING_END]
    cmp     eax, [ebx + TCB_SND_UNA]
    je      1f                          # nothing waits; CF is clear
    jecxz   2f
    cmp     [ebx + TCB_MARKS + ecx*4], eax
    je      1f
    cmp     ecx, MARKS
    jae     3f
2:  mov     [ebx + TCB_MARKS + 4 + ecx*4], eax
    inc     dword ptr [ebx + TCB_MARKS]
    CHECK   "dword ptr [ebx+TCB_MARKS]", be, MARKS, "tcp_mark: more marks than the table holds"
    clc
1:  ret
3:  mov     eax, ERROR_TABLE_FULL
    stc
    ret

# Says how far a segment may reach.
# In: EBX block, ESI sequence number that it begins with.
# Out: EAX bytes to the next mark; many when there is none.
# Clobbers: ECX, EDX.
.global tcp_mark_next
tcp_mark_next:
    call    tcp_mark_prune
    xor     ecx, ecx
1:  cmp     ecx, [ebx + TCB_MARKS]
    jae     2f
    mov     eax, [ebx + TCB_MARKS + 4 + ecx*4]
    inc     ecx
    sub     eax, esi
    test    eax, eax
    jle     1b
    ret
2:  mov     eax, 0x7FFFFFFF
    ret
