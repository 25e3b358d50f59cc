# The options of a segment that TCP sends: its window scale and segment size, timestamps (RFC 7323), and what has come
# early (RFC 2018). A segment that its data fill has no room for the last; what is to be told then goes by itself.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

.text

# Writes the options of a segment.
# In: EBX block, EDI where they go; the frame of tcp_emit.
# Out: EDI after them, a multiple of four further.
.global tcp_write_options
tcp_write_options:
    test    dword ptr [ebp + EMIT_FLAGS], TCP_SYN
    jz      .Ltcp_write_options_plain
    mov     eax, [ebx + TCB_MSS_LIMIT]  # what we can take, whatever we may send
    mov     word ptr [edi], TCP_OPTION_MSS | (4 << 8)
    xchg    al, ah
    mov     [edi + 2], ax
    add     edi, 4
    mov     edx, [ebx + TCB_FLAGS]
    test    edx, TCB_F_SCALE
    jz      1f
    mov     dword ptr [edi], TCP_OPTION_NOP | (TCP_OPTION_SCALE << 8) | (3 << 16)
    mov     al, [ebx + TCB_SCALE]
    mov     [edi + 3], al
    add     edi, 4
1:  test    edx, TCB_F_SACK
    jz      2f
    mov     word ptr [edi], TCP_OPTION_SACK_OK | (2 << 8)
    add     edi, 2
2:  test    edx, TCB_F_TIMESTAMPS
    jz      3f
    call    tcp_write_timestamps
3:  lea     eax, [ebp + EMIT_OPTIONS]   # TCP_OPTION_END to a multiple of four
    mov     ecx, eax
    sub     ecx, edi
    and     ecx, 3
    xor     eax, eax
    rep     stosb
4:  ret
.Ltcp_write_options_plain:
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_TIMESTAMPS
    jz      .Ltcp_write_options_sack
    mov     word ptr [edi], TCP_OPTION_NOP | (TCP_OPTION_NOP << 8)
    add     edi, 2
    call    tcp_write_timestamps
.Ltcp_write_options_sack:
    test    dword ptr [ebp + EMIT_FLAGS], TCP_RST   # which has timestamps too (RFC 7323, 3.2), and nothing else
    jnz     4b
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jnz     tcp_write_sack
    ret

# Writes the SACK option: a range that came twice, then the islands, the youngest first, as many as there is room for.
# In: EBX block, EDI where it goes; the frame of tcp_emit.
# Out: EDI after it.
tcp_write_sack:
    push    esi
    lea     ecx, [ebp + EMIT_OPTIONS + TCP_OPTIONS_MAXIMUM - 4]
    sub     ecx, edi
    mov     eax, [ebx + TCB_MSS]        # in the frame, too: a full segment leaves none
    sub     eax, [ebp + EMIT_LENGTH]
    sub     eax, 4
    js      .Ltcp_write_sack_nothing
    cmp     ecx, eax
    jbe     .Ltcp_write_sack_room
    mov     ecx, eax
.Ltcp_write_sack_room:
    shr     ecx, 3                      # ECX: ranges that there is room for
    jz      .Ltcp_write_sack_nothing
    lea     edx, [edi + 2]              # EDX: the option itself
    mov     dword ptr [edi], TCP_OPTION_NOP | (TCP_OPTION_NOP << 8) | (TCP_OPTION_SACK << 16) | (2 << 24)
    add     edi, 4
    lea     esi, [ebx + TCB_DUPLICATE]
    mov     eax, [esi + RANGE_START]
    cmp     eax, [esi + RANGE_END]
    je      1f
    call    tcp_write_range
    mov     dword ptr [ebx + TCB_DUPLICATE + RANGE_START], 0
    mov     dword ptr [ebx + TCB_DUPLICATE + RANGE_END], 0
1:  lea     esi, [ebx + TCB_RECEIVED + 4]
    mov     eax, [ebx + TCB_RECEIVED]
2:  test    eax, eax
    jz      3f
    jecxz   3f
    push    eax
    call    tcp_write_range
    pop     eax
    dec     eax
    jmp     2b
3:  cmp     byte ptr [edx + 1], 2
    jne     4f
    sub     edi, 4                      # nothing to say
4:  pop     esi
    ret
.Ltcp_write_sack_nothing:
    pop     esi
    ret

# Writes one range of the SACK option.
# In: EDI where it goes, ESI range, EDX option, ECX ranges that there is room for.
# Out: EDI and ESI after it, ECX one less.
# Clobbers: EAX.
tcp_write_range:
    lodsd
    bswap   eax
    stosd
    lodsd
    bswap   eax
    stosd
    add     byte ptr [edx + 1], 8
    dec     ecx
    ret

# Writes the timestamps.
# In: EBX block, EDI where they go.
# Out: EDI after them.
# Clobbers: EAX only.
tcp_write_timestamps:
    mov     word ptr [edi], TCP_OPTION_TIMESTAMP | (10 << 8)
    mov     eax, [tcp_time]
    add     eax, [ebx + TCB_TS_OFFSET]
    bswap   eax
    mov     [edi + 2], eax
    mov     eax, [ebx + TCB_TS_RECENT]
    bswap   eax
    mov     [edi + 6], eax
    add     edi, 10
    ret
