# A TCP segment that came: the checks of its form, its options, and the connection that it belongs to. What it says lies
# in the seg_* words below while it is worked on; tcp_mutex guards them.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

.bss
.balign 4
.global seg_source
seg_source:             .space 4        # addresses
.global seg_destination
seg_destination:        .space 4
.global seg_source_port
seg_source_port:        .space 4
.global seg_destination_port
seg_destination_port:   .space 4
.global seg_sequence
seg_sequence:           .space 4
.global seg_acknowledgement
seg_acknowledgement:    .space 4
.global seg_length
seg_length:             .space 4        # bytes of data
.global seg_flags
seg_flags:              .space 4
.global seg_window
seg_window:             .space 4        # not scaled
.global seg_data
seg_data:               .space 4        # address
seg_options:                            # from here on: what the options said, zero if they did not
.global seg_mss
seg_mss:                .space 4
.global seg_scale
seg_scale:              .space 4
.global seg_scaled
seg_scaled:             .space 4        # there was a window scale
.global seg_sack_ok
seg_sack_ok:            .space 4
.global seg_stamped
seg_stamped:            .space 4        # there were timestamps
.global seg_stamp
seg_stamp:              .space 4
.global seg_echo
seg_echo:               .space 4
.global seg_sacks
seg_sacks:              .space 4        # address of the blocks
.global seg_sack_count
seg_sack_count:         .space 4
seg_options_end:

.text

# Handler of protocol 6, see asm/net/ip.s.
# In: EAX interface, EDX IP header, ESI TCP header, ECX bytes from there.
.global tcp_receive
tcp_receive:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, ecx
    COUNT   tcp_received
    cmp     ecx, TCP_HEADER_SIZE
    jb      .Ltcp_receive_malformed
    movzx   eax, byte ptr [esi + TCP_OFFSET]
    shr     eax, 4
    shl     eax, 2                      # EAX: header bytes
    cmp     eax, TCP_HEADER_SIZE
    jb      .Ltcp_receive_malformed
    cmp     eax, ecx
    ja      .Ltcp_receive_malformed
    cmp     dword ptr [ip_summed], 0
    jne     .Ltcp_receive_summed
    push    eax
    mov     eax, [edi + IP_SOURCE]
    mov     edx, [edi + IP_DESTINATION]
    call    checksum_pseudo_tcp
    mov     edx, esi
    mov     ecx, ebp
    call    checksum_add
    call    checksum_fold
    test    eax, eax
    pop     eax
    jnz     .Ltcp_receive_checksum
.Ltcp_receive_summed:
    mov     edx, [edi + IP_DESTINATION] # RFC 9293, 3.9.2.3: only from one machine to one machine
    cmp     dl, 224
    jae     .Ltcp_receive_group
    push    eax
    mov     eax, ebx
    call    ip_own
    pop     eax
    je      .Ltcp_receive_ours
    cmp     dl, 127
    jne     .Ltcp_receive_group
.Ltcp_receive_ours:
    push    eax
    call    tcp_lock
    pop     eax
    call    segment_read
    lea     ecx, [eax - TCP_HEADER_SIZE]
    call    segment_options
    call    tcp_input
    mov     eax, offset tcp_mutex
    call    mutex_unlock
    jmp     .Ltcp_receive_done
.Ltcp_receive_group:
    COUNT   tcp_group
    jmp     .Ltcp_receive_done
.Ltcp_receive_checksum:
    COUNT   tcp_checksum
    jmp     .Ltcp_receive_done
.Ltcp_receive_malformed:
    COUNT   tcp_malformed
.Ltcp_receive_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Takes a segment apart.
# In: EDI IP header, ESI TCP header, EAX bytes of it, EBP bytes from there. The mutex is held.
# Out: seg_*.
# Clobbers: ECX, EDX.
segment_read:
    mov     ecx, ebp
    sub     ecx, eax
    mov     [seg_length], ecx
    lea     edx, [esi + eax]
    mov     [seg_data], edx
    mov     edx, [edi + IP_SOURCE]
    mov     [seg_source], edx
    mov     edx, [edi + IP_DESTINATION]
    mov     [seg_destination], edx
    movzx   edx, word ptr [esi + TCP_SOURCE]
    xchg    dl, dh
    mov     [seg_source_port], edx
    movzx   edx, word ptr [esi + TCP_DESTINATION]
    xchg    dl, dh
    mov     [seg_destination_port], edx
    mov     edx, [esi + TCP_SEQUENCE]
    bswap   edx
    mov     [seg_sequence], edx
    mov     edx, [esi + TCP_ACKNOWLEDGEMENT]
    bswap   edx
    mov     [seg_acknowledgement], edx
    movzx   edx, word ptr [esi + TCP_WINDOW]
    xchg    dl, dh
    mov     [seg_window], edx
    movzx   edx, byte ptr [esi + TCP_FLAGS]
    mov     [seg_flags], edx
    ret

# Reads the options. One whose length lies ends them; what has come before it counts (RFC 9293, 3.1).
# In: ESI TCP header, ECX bytes of options.
segment_options:
    push    esi
    push    edi
    push    ecx
    mov     edi, offset seg_options
    mov     ecx, (seg_options_end - seg_options) / 4
    xor     eax, eax
    rep     stosd
    pop     ecx
    add     esi, TCP_HEADER_SIZE
    lea     edi, [esi + ecx]            # EDI: their end
    cmp     ecx, 12                     # what most segments have: timestamps as RFC 7323, appendix A, lays them out
    jne     .Lsegment_options_next
    cmp     dword ptr [esi], TCP_OPTION_NOP * 0x101 | (TCP_OPTION_TIMESTAMP << 16) | (10 << 24)
    jne     .Lsegment_options_next
    add     esi, 2
    call    option_timestamp
    jmp     .Lsegment_options_done
.Lsegment_options_next:
    cmp     esi, edi
    jae     .Lsegment_options_done
    movzx   eax, byte ptr [esi]
    cmp     eax, TCP_OPTION_END
    je      .Lsegment_options_done
    cmp     eax, TCP_OPTION_NOP
    jne     1f
    inc     esi
    jmp     .Lsegment_options_next
1:  lea     edx, [esi + 2]
    cmp     edx, edi
    ja      .Lsegment_options_bad
    movzx   ecx, byte ptr [esi + 1]     # ECX: length
    cmp     ecx, 2
    jb      .Lsegment_options_bad
    lea     edx, [esi + ecx]
    cmp     edx, edi
    ja      .Lsegment_options_bad
    mov     edx, offset segment_known
2:  cmp     byte ptr [edx], 0
    je      4f
    cmp     [edx], al
    jne     3f
    cmp     byte ptr [edx + 1], 0       # 0: any
    je      .Lsegment_options_call
    cmp     [edx + 1], cl
    je      .Lsegment_options_call
    jmp     .Lsegment_options_bad
3:  add     edx, 8
    jmp     2b
.Lsegment_options_call:
    push    ecx
    call    [edx + 4]
    pop     ecx
4:  add     esi, ecx
    jmp     .Lsegment_options_next
.Lsegment_options_bad:
    COUNT   tcp_options
.Lsegment_options_done:
    pop     edi
    pop     esi
    ret

.pushsection .data
.balign 4
# Kind, length or 0, routine. In: ESI option, ECX its length. Clobbers: EAX, ECX, EDX.
segment_known:
    .byte   TCP_OPTION_MSS, 4, 0, 0
    .long   option_mss
    .byte   TCP_OPTION_SCALE, 3, 0, 0
    .long   option_scale
    .byte   TCP_OPTION_SACK_OK, 2, 0, 0
    .long   option_sack_ok
    .byte   TCP_OPTION_SACK, 0, 0, 0
    .long   option_sack
    .byte   TCP_OPTION_TIMESTAMP, 10, 0, 0
    .long   option_timestamp
    .long   0
.popsection

option_mss:
    movzx   eax, word ptr [esi + 2]
    xchg    al, ah
    mov     [seg_mss], eax
    ret

option_scale:
    movzx   eax, byte ptr [esi + 2]
    cmp     eax, TCP_SCALE_MAXIMUM
    jbe     1f
    mov     eax, TCP_SCALE_MAXIMUM
1:  mov     [seg_scale], eax
    mov     dword ptr [seg_scaled], 1
    ret

option_sack_ok:
    mov     dword ptr [seg_sack_ok], 1
    ret

option_sack:
    sub     ecx, 2
    test    ecx, 7
    jnz     1f
    shr     ecx, 3
    mov     [seg_sack_count], ecx
    lea     eax, [esi + 2]
    mov     [seg_sacks], eax
1:  ret

# Takes note of timestamps.
# In: ESI option.
# Clobbers: EAX.
option_timestamp:
    mov     dword ptr [seg_stamped], 1
    mov     eax, [esi + 2]
    bswap   eax
    mov     [seg_stamp], eax
    mov     eax, [esi + 6]
    bswap   eax
    mov     [seg_echo], eax
    ret
