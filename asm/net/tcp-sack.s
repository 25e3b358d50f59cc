# Selective acknowledgement as the sender sees it: which ranges the other side has (RFC 2018), how many bytes are on
# their way, and what is sent next in fast recovery. Which bytes are lost is known to tcp-rack.s.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

DUPLICATES              = 3             # DupThresh

.bss
.balign 4
.global seg_twice
seg_twice:              .space 4        # 1: the segment tells of something that came twice (RFC 2883)

.text

# Takes the blocks of the segment in seg_*.
# In: EBX block.
# Out: EAX 1 when they said something new, else 0.
.global sack_update
sack_update:
    push    esi
    push    edi
    push    ebp
    xor     ebp, ebp
    mov     [seg_twice], ebp
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_SACK
    jz      .Lsack_update_done
    mov     esi, [seg_sacks]
    mov     edi, [seg_sack_count]
.Lsack_update_next:
    test    edi, edi
    jz      .Lsack_update_done
    mov     eax, [esi + RANGE_START]
    bswap   eax
    mov     edx, [esi + RANGE_END]
    bswap   edx
    add     esi, RANGE_SIZE
    dec     edi
    mov     ecx, edx
    sub     ecx, eax
    test    ecx, ecx
    jle     .Lsack_update_next
    mov     ecx, eax
    sub     ecx, [seg_acknowledgement]
    js      .Lsack_update_twice
    jz      .Lsack_update_next
    mov     ecx, eax
    sub     ecx, [ebx + TCB_SND_UNA]
    test    ecx, ecx
    jle     .Lsack_update_next
    mov     ecx, edx
    sub     ecx, [ebx + TCB_SND_MAX]
    test    ecx, ecx
    jg      .Lsack_update_next          # never sent
    call    sack_whole
    jge     .Lsack_update_next
    push    eax
    push    edx
    call    sack_deliver
    pop     edx
    pop     eax
    call    sack_insert
    or      ebp, eax
    jmp     .Lsack_update_next
.Lsack_update_twice:
    mov     dword ptr [seg_twice], 1
    call    undo_twice
    call    rack_twice
    jmp     .Lsack_update_next
.Lsack_update_done:
    mov     eax, ebp
    pop     ebp
    pop     edi
    pop     esi
    ret

# Leaves of a range what are whole segments, as far as it is known where these begin: nobody who has got part of one
# says so honestly, and what is taken for missing costs a segment, but ranges of single bytes would fill the table.
# In: EBX block, EAX start, EDX end.
# Out: EAX, EDX; the flags compare them: greater or equal when nothing is left.
# Clobbers: ECX.
sack_whole:
    mov     ecx, [ebx + TCB_SND_UNA]    # the acknowledgement has to be at the beginning of one
    call    sack_within
    jnz     4f
    mov     ecx, eax
    call    sack_within
    jz      1f
    sub     eax, ecx
    add     eax, [ebx + TCB_MSS]
1:  cmp     edx, [ebx + TCB_SND_MAX]
    je      4f
    cmp     edx, [ebx + TCB_TX + RING_END]
    je      4f
    mov     ecx, edx
    call    sack_within
    sub     edx, ecx
4:  mov     ecx, eax
    sub     ecx, edx
    cmp     ecx, 0
    ret

# How far a sequence number lies in a segment.
# In: EBX block, ECX sequence number.
# Out: ECX bytes, 0 also where nobody knows; ZF when it is 0.
sack_within:
    sub     ecx, [ebx + TCB_WHOLE]
    jns     1f
    xor     ecx, ecx
1:  push    eax
    push    edx
    mov     eax, ecx
    xor     edx, edx
    div     dword ptr [ebx + TCB_MSS]
    mov     ecx, edx
    test    ecx, ecx
    pop     edx
    pop     eax
    ret

# Enters a range.
# In: EBX block, EAX start, EDX end.
# Out: EAX 1 when it was not known wholly.
sack_insert:
    CHECK_ORDER eax, edx, "sack_insert: a range ends before it begins"
    push    esi
    push    edi
    lea     esi, [ebx + TCB_SACKED + 4]
    mov     ecx, [ebx + TCB_SACKED]
.Lsack_insert_find:
    jecxz   .Lsack_insert_new
    mov     edi, [esi + RANGE_END]
    sub     edi, eax
    jns     .Lsack_insert_here
    add     esi, RANGE_SIZE
    dec     ecx
    jmp     .Lsack_insert_find
.Lsack_insert_here:
    mov     edi, [esi + RANGE_START]
    sub     edi, edx
    test    edi, edi
    jg      .Lsack_insert_new
    mov     edi, eax                    # inside what is known?
    sub     edi, [esi + RANGE_START]
    js      1f
    mov     edi, edx
    sub     edi, [esi + RANGE_END]
    test    edi, edi
    jle     .Lsack_insert_known
1:  mov     edi, eax
    sub     edi, [esi + RANGE_START]
    jns     2f
    mov     [esi + RANGE_START], eax
2:  mov     edi, edx
    sub     edi, [esi + RANGE_END]
    test    edi, edi
    jle     .Lsack_insert_changed
    mov     [esi + RANGE_END], edx
.Lsack_insert_merge:
    cmp     ecx, 2                      # the ranges after it that it reaches now
    jb      .Lsack_insert_changed
    mov     eax, [esi + RANGE_SIZE + RANGE_START]
    sub     eax, [esi + RANGE_END]
    test    eax, eax
    jg      .Lsack_insert_changed
    mov     eax, [esi + RANGE_SIZE + RANGE_END]
    mov     edx, eax
    sub     edx, [esi + RANGE_END]
    test    edx, edx
    jle     3f
    mov     [esi + RANGE_END], eax
3:  push    ecx
    push    esi
    sub     ecx, 2
    add     ecx, ecx                    # dwords after the one that goes
    lea     edi, [esi + RANGE_SIZE]
    lea     esi, [esi + 2 * RANGE_SIZE]
    rep     movsd
    pop     esi
    pop     ecx
    dec     ecx
    dec     dword ptr [ebx + TCB_SACKED]
    jmp     .Lsack_insert_merge
.Lsack_insert_new:
    cmp     dword ptr [ebx + TCB_SACKED], RANGES_SACKED
    jae     .Lsack_insert_known
    inc     dword ptr [ebx + TCB_SACKED]
    push    eax
    push    edx
    mov     eax, ecx
    add     eax, eax                    # dwords to move up
4:  test    eax, eax
    jz      .Lsack_insert_place
    mov     edx, [esi + eax*4 - 4]
    mov     [esi + eax*4 + 4], edx
    dec     eax
    jmp     4b
.Lsack_insert_place:
    pop     edx
    pop     eax
    mov     [esi + RANGE_START], eax
    mov     [esi + RANGE_END], edx
.Lsack_insert_changed:
.ifdef CHECKS
    call    sack_check
.endif
    mov     eax, 1
    jmp     .Lsack_insert_done
.Lsack_insert_known:
    xor     eax, eax
.Lsack_insert_done:
    pop     edi
    pop     esi
    ret

.ifdef CHECKS
# Holds the table of ranges against what it promises: ascending, apart, and of bytes that were sent.
# In: EBX block.
# Clobbers: EAX, ECX.
sack_check:
    push    esi
    mov     ecx, [ebx + TCB_SACKED]
    CHECK   ecx, be, RANGES_SACKED, "sack_check: more ranges than the table holds"
    mov     eax, [ebx + TCB_SND_UNA]
    lea     esi, [ebx + TCB_SACKED + 4]
1:  jecxz   2f
    CHECK_ORDER eax, [esi+RANGE_START], "sack_check: ranges are not ascending"
    CHECK_ORDER [esi+RANGE_START], [esi+RANGE_END], "sack_check: a range ends before it begins"
    mov     eax, [esi + RANGE_END]
    add     esi, RANGE_SIZE
    dec     ecx
    jmp     1b
2:  CHECK_ORDER eax, [ebx+TCB_SND_MAX], "sack_check: a range that was never sent"
    pop     esi
    ret
.endif

# Tells tcp-rack.s which bytes of a range arrive now: those that were not reported.
# In: EBX block, EAX first sequence number, EDX the one after the last.
# Clobbers: EAX, ECX, EDX.
.global sack_deliver
sack_deliver:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
1:  mov     eax, esi
    call    sack_hole
    mov     ecx, eax
    sub     ecx, edi
    jns     3f
    mov     ecx, edx
    sub     ecx, edi
    test    ecx, ecx
    jle     2f
    mov     edx, edi
2:  mov     esi, edx
    call    rack_delivered
    cmp     esi, edi
    jne     1b
3:  pop     edi
    pop     esi
    ret

# Drops the ranges that are acknowledged.
# In: EBX block with SND.UNA.
.global sack_trim
sack_trim:
    push    esi
    push    edi
1:  cmp     dword ptr [ebx + TCB_SACKED], 0
    je      3f
    mov     eax, [ebx + TCB_SACKED + 4 + RANGE_END]
    sub     eax, [ebx + TCB_SND_UNA]
    test    eax, eax
    jg      2f
    dec     dword ptr [ebx + TCB_SACKED]
    mov     ecx, [ebx + TCB_SACKED]
    add     ecx, ecx
    lea     edi, [ebx + TCB_SACKED + 4]
    lea     esi, [edi + RANGE_SIZE]
    rep     movsd
    jmp     1b
2:  mov     eax, [ebx + TCB_SACKED + 4 + RANGE_START]
    sub     eax, [ebx + TCB_SND_UNA]
    jns     3f
    mov     eax, [ebx + TCB_SND_UNA]
    mov     [ebx + TCB_SACKED + 4 + RANGE_START], eax
3:
.ifdef CHECKS
    call    sack_check
.endif
    pop     edi
    pop     esi
    ret

# Finds where the other side misses bytes from a sequence number on.
# In: EBX block, EAX sequence number.
# Out: EAX the first byte at or after it that is not reported, EDX where that hole ends: the next range, or SND.MAX.
# Clobbers: ECX.
.global sack_hole
sack_hole:
    push    esi
    lea     esi, [ebx + TCB_SACKED + 4]
    mov     ecx, [ebx + TCB_SACKED]
1:  jecxz   3f
    mov     edx, eax
    sub     edx, [esi + RANGE_END]
    jns     2f                          # wholly before it
    mov     edx, [esi + RANGE_START]
    push    edx
    sub     edx, eax
    test    edx, edx
    pop     edx
    jg      4f
    mov     eax, [esi + RANGE_END]
2:  add     esi, RANGE_SIZE
    dec     ecx
    jmp     1b
3:  mov     edx, [ebx + TCB_SND_MAX]
4:  pop     esi
    ret

# Says whether so much is reported that it is no matter of order: three ranges, or more than two segments (RFC 6675, 4).
# In: EBX block.
# Out: CF when it is less.
# Clobbers: ECX, EDX.
.global sack_many
sack_many:
    push    esi
    push    edi
    mov     ecx, [ebx + TCB_SACKED]
    cmp     ecx, DUPLICATES             # CF when fewer
    jae     3f
    xor     edi, edi                    # bytes
    lea     esi, [ebx + TCB_SACKED + 4]
1:  jecxz   2f
    add     edi, [esi + RANGE_END]
    sub     edi, [esi + RANGE_START]
    add     esi, RANGE_SIZE
    dec     ecx
    jmp     1b
2:  mov     edx, [ebx + TCB_MSS]
    lea     edx, [edx + edx + 1]
    cmp     edi, edx                    # CF when fewer
3:  pop     edi
    pop     esi
    ret

# Finds bytes that the other side misses, and that were sent together.
# In: EBX block, EAX sequence number to look from.
# Out: EAX first and EDX after the last, not above EAX when there are none.
# Clobbers: ECX.
sack_piece:
    call    sack_hole
    push    edx
    call    rack_find
    jc      1f
    mov     ecx, [edx + RUN_END]
    mov     edx, ecx
    sub     ecx, [esp]
    test    ecx, ecx
    jg      1f
    mov     [esp], edx
1:  pop     edx
    ret

# How many bytes are on their way.
# In: EBX block.
# Out: EAX bytes, EDX those that are lost and were not sent again.
# Clobbers: ECX.
.global sack_pipe
sack_pipe:
    push    esi
    push    edi
    push    ebp
    xor     ebp, ebp
    push    ebp
    mov     esi, [ebx + TCB_SND_UNA]
1:  mov     eax, esi
    call    sack_piece
    mov     esi, edx
    mov     edi, edx
    sub     edi, eax                    # EDI: how many
    test    edi, edi
    jle     3f
    call    rack_lost
    jnc     2f
    add     ebp, edi
    jmp     1b
2:  add     [esp], edi
    jmp     1b
3:  mov     eax, ebp
    pop     edx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Sends what fast recovery with SACK allows: what is lost, from the start, then new data.
# In: EBX block in recovery.
.global sack_recover
sack_recover:
    push    esi
    push    edi
.Lsack_recover_next:
    call    sack_pipe
    mov     ecx, [ebx + TCB_CWND]
    sub     ecx, eax
    test    edx, edx
    jz      .Lsack_recover_new
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_DOUBTED
    jnz     .Lsack_recover_new          # new data first: its answer says whether the timeout was needed (RFC 5682, 2b)
    push    ecx
    mov     edi, [ebx + TCB_SND_UNA]
1:  mov     eax, edi
    call    sack_piece
    mov     esi, eax
    mov     edi, edx
    call    rack_lost
    jc      1b                          # one of them is
    pop     ecx
    mov     eax, edi
    sub     eax, esi
    cmp     eax, [ebx + TCB_MSS]        # a short one needs less room (RFC 6937 counts bytes)
    jbe     2f
    mov     eax, [ebx + TCB_MSS]
2:  cmp     ecx, eax
    jl      .Lsack_recover_done
    call    sack_resend
    jmp     .Lsack_recover_next
.Lsack_recover_new:
    cmp     ecx, [ebx + TCB_MSS]
    jl      .Lsack_recover_done
    call    tcp_send_next
    jnc     .Lsack_recover_next
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_DOUBTED
    jz      .Lsack_recover_done
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_DOUBTED     # there is none
    jmp     .Lsack_recover_next
.Lsack_recover_done:
    pop     edi
    pop     esi
    ret

# Sends a segment of a hole once more.
# In: EBX block, ESI start and EDI end of the hole.
.global sack_resend
sack_resend:
    call    tcp_mark_next
    mov     edx, edi
    sub     edx, esi
    cmp     edx, eax
    jbe     4f
    mov     edx, eax
4:  cmp     edx, [ebx + TCB_MSS]
    jbe     1f
    mov     edx, [ebx + TCB_MSS]
1:  mov     eax, [ebx + TCB_TX + RING_END]  # the FIN is no byte of the ring
    sub     eax, esi
    mov     ecx, TCP_ACK
    cmp     edx, eax
    jbe     2f
    mov     edx, eax
    or      ecx, TCP_FIN
2:  mov     eax, esi
    lea     esi, [esi + edx]
    call    tcp_push_again
    mov     [burst_end], esi
    test    ecx, TCP_FIN
    jz      3f
    inc     esi
3:  push    eax
    push    ecx
    push    edx
    sub     [ebx + TCB_LOST], edx
    add     [ebx + TCB_UNDO_BYTES], edx
    mov     edx, esi
    call    rack_sent
    pop     edx
    pop     ecx
    pop     eax
    COUNT   tcp_retransmitted
    and     dword ptr [ebx + TCB_FLAGS], ~TCB_F_TIMED
    call    tcp_emit
    jmp     tcp_set_retransmit
