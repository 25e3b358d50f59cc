# What ICMP errors mean for TCP (RFC 9293, 3.9.2.2; RFC 5927): a connection that is being made ends by a hard one, one
# that is made does not; a smaller path MTU (RFC 1191) makes its segments smaller.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

MTU_MINIMUM             = 576           # a smaller one is not believed: its use would be to make us slow

.pushsection .rodata
.balign 4
# Errors by the code of "unreachable": 0 means that it is only noted (RFC 1122, 4.2.3.9).
unreachable_errors:
    .long   0, 0, ERROR_REFUSED, ERROR_REFUSED, 0, 0, 0, 0, 0, ERROR_REFUSED, ERROR_REFUSED, 0, 0, ERROR_REFUSED
unreachable_errors_end:
.popsection

.text

# An ICMP error about a segment of ours came. Runs in the net task.
# In: EAX ICMP message, EDX quoted IP header, ECX the first eight bytes of the quoted segment.
.global tcp_icmp
tcp_icmp:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, eax                    # EDI: message
    mov     ebp, ecx                    # EBP: segment
    push    edx
    call    tcp_lock
    pop     edx
    mov     esi, [edx + IP_SOURCE]
    mov     eax, [edx + IP_DESTINATION]
    movzx   ecx, word ptr [ebp + TCP_SOURCE]
    xchg    cl, ch
    movzx   edx, word ptr [ebp + TCP_DESTINATION]
    xchg    dl, dh
    call    tcp_find
    mov     ebx, eax
    test    eax, eax
    jz      .Ltcp_icmp_stray
    mov     eax, [ebp + TCP_SEQUENCE]   # RFC 5927, 4: of something that is on its way
    bswap   eax
    mov     edx, eax
    sub     edx, [ebx + TCB_SND_UNA]
    js      .Ltcp_icmp_stray
    sub     eax, [ebx + TCB_SND_MAX]
    jns     .Ltcp_icmp_stray
    cmp     byte ptr [edi + ICMP_TYPE], ICMP_TIME_EXCEEDED
    mov     eax, ERROR_UNREACHABLE
    je      .Ltcp_icmp_opening
    movzx   ecx, byte ptr [edi + ICMP_CODE]
    cmp     ecx, 4
    je      .Ltcp_icmp_mtu
    cmp     ecx, (unreachable_errors_end - unreachable_errors) / 4
    jae     .Ltcp_icmp_done
    mov     eax, [unreachable_errors + ecx*4]
    test    eax, eax
    jz      .Ltcp_icmp_done
.Ltcp_icmp_opening:
    cmp     dword ptr [ebx + TCB_STATE], TCP_SYN_SENT
    jne     .Ltcp_icmp_done
    call    tcp_end
    jmp     .Ltcp_icmp_done
.Ltcp_icmp_mtu:
    movzx   eax, word ptr [edi + ICMP_MTU]
    xchg    al, ah
    cmp     eax, MTU_MINIMUM
    jae     1f
    mov     eax, MTU_MINIMUM
1:  sub     eax, IP_HEADER_SIZE + TCP_HEADER_SIZE
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      2f
    sub     eax, 12
2:  cmp     eax, [ebx + TCB_MSS]
    jae     .Ltcp_icmp_done
    mov     [ebx + TCB_MSS], eax
    mov     eax, [ebx + TCB_SND_MAX]
    mov     [ebx + TCB_WHOLE], eax
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      .Ltcp_icmp_done
    COUNT   tcp_shrunk
    mov     eax, [ebx + TCB_SND_UNA]    # what was too large goes again at once, in smaller pieces
    mov     [ebx + TCB_SND_NXT], eax
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_FORCE
    and     dword ptr [ebx + TCB_FLAGS], ~(TCB_F_TIMED | TCB_F_RECOVERY | TCB_F_LOSS | TCB_F_DOUBTED)
    call    tcp_output
    jmp     .Ltcp_icmp_done
.Ltcp_icmp_stray:
    COUNT   tcp_strays
.Ltcp_icmp_done:
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
