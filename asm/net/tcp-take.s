# TCP's receiver: data that came in order or early, what is told of it by SACK (RFC 2018, 2883), and the window that is
# offered (RFC 9293, 3.8.6).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

DELAY_MS                = 40            # of an acknowledgement (RFC 9293, 3.8.6.3: at most 500)

.text

# Takes the data of the segment in seg_*, which lies in the window.
# In: EBX block.
.global tcp_take
tcp_take:
    CHECK_HELD tcp_mutex, "tcp_take: tcp_mutex is not held"
    CHECK_ORDER [ebx+TCB_RCV_NXT], [seg_sequence], "tcp_take: data that came before"
    push    esi
    push    edi
    push    ebp
    mov     esi, [seg_sequence]
    mov     edi, esi
    add     edi, [seg_length]           # ESI to EDI: the data
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_DEAF
    jz      1f
    mov     edx, [ebx + TCB_RX_LIMIT]   # nobody has to read it, and it must not close the window
    shr     edx, 1
    mov     ecx, [ebx + TCB_RCV_NXT]
    mov     eax, ecx
    sub     eax, [ebx + TCB_RX + RING_START]
    cmp     eax, edx
    jbe     1f
    mov     [ebx + TCB_RX + RING_START], ecx
1:  lea     eax, [ebx + TCB_RX]
    mov     edx, edi
    call    ring_reserve
    jc      .Ltcp_take_refused
    lea     eax, [ebx + TCB_RX]
    mov     edx, esi
    mov     ecx, [seg_length]
    push    esi
    mov     esi, [seg_data]
    call    ring_put
    pop     esi
    mov     eax, edi
    sub     eax, [ebx + TCB_RX + RING_END]
    test    eax, eax
    jle     2f
    mov     [ebx + TCB_RX + RING_END], edi
2:  cmp     esi, [ebx + TCB_RCV_NXT]
    je      .Ltcp_take_in_order
    COUNT   tcp_early
    call    tcp_island
.Ltcp_take_now:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    jmp     .Ltcp_take_done
.Ltcp_take_in_order:
    mov     ebp, [ebx + TCB_RECEIVED]   # islands before
    call    tcp_join
    call    tcp_wake
    test    ebp, ebp
    jnz     .Ltcp_take_now              # RFC 5681, 4.2: at once when a gap is filled
    sub     dword ptr [ebx + TCB_QUICK], 1
    jns     .Ltcp_take_now
    mov     dword ptr [ebx + TCB_QUICK], 0
    inc     dword ptr [ebx + TCB_UNACKED]
    cmp     dword ptr [ebx + TCB_UNACKED], 2
    jae     .Ltcp_take_now
    call    tcp_owe_soon
    jmp     .Ltcp_take_done
.Ltcp_take_refused:
    or      dword ptr [ebx + TCB_FLAGS], TCB_F_ACK_NOW
    mov     dword ptr [seg_length], 0
    and     dword ptr [seg_flags], ~TCP_FIN
.Ltcp_take_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Sends an acknowledgement soon, unless something that is sent before says it.
# In: EBX block.
.global tcp_owe_soon
tcp_owe_soon:
    cmp     dword ptr [ebx + AT_ACKNOWLEDGE], 0
    jne     1f
    mov     eax, DELAY_MS
    mov     edx, AT_ACKNOWLEDGE
    jmp     tcp_set
1:  ret

# Notes which part of the data came before in an island: the lowest such part, unless something is noted already.
# In: EBX block, ESI to EDI the data, EDX island.
# Clobbers: EAX.
tcp_note_twice:
    push    ecx
    push    ebp
    mov     eax, [edx + RANGE_START]    # EAX to ECX: what both have
    mov     ebp, esi
    sub     ebp, eax
    js      1f
    mov     eax, esi
1:  mov     ecx, [edx + RANGE_END]
    mov     ebp, edi
    sub     ebp, ecx
    jns     2f
    mov     ecx, edi
2:  mov     ebp, ecx
    sub     ebp, eax
    test    ebp, ebp
    jle     4f
    mov     ebp, [ebx + TCB_DUPLICATE + RANGE_START]
    cmp     ebp, [ebx + TCB_DUPLICATE + RANGE_END]
    je      3f
    sub     ebp, eax
    test    ebp, ebp
    jle     4f
3:  mov     [ebx + TCB_DUPLICATE + RANGE_START], eax
    mov     [ebx + TCB_DUPLICATE + RANGE_END], ecx
    COUNT   tcp_twice
4:  pop     ebp
    pop     ecx
    ret

# Takes an island out of the list.
# In: EBX block, EDX island, ECX how many there are from it on, itself included.
# Clobbers: EAX.
tcp_drop_island:
    CHECK   ecx, be, [ebx+TCB_RECEIVED], "tcp_drop_island: there are not so many islands"
    push    ecx
    push    esi
    push    edi
    mov     edi, edx
    lea     esi, [edx + RANGE_SIZE]
    dec     ecx
    add     ecx, ecx
    rep     movsd
    dec     dword ptr [ebx + TCB_RECEIVED]
    pop     edi
    pop     esi
    pop     ecx
    ret

# Data in order: moves RCV.NXT past it, and past the islands that it reaches.
# In: EBX block, ESI to EDI the data.
tcp_join:
    CHECK_ORDER [ebx+TCB_RCV_NXT], edi, "tcp_join: RCV.NXT goes back"
    mov     [ebx + TCB_RCV_NXT], edi
.Ltcp_join_again:
    mov     ecx, [ebx + TCB_RECEIVED]
    lea     edx, [ebx + TCB_RECEIVED + 4]
.Ltcp_join_next:
    jecxz   .Ltcp_join_done
    mov     eax, [edx + RANGE_START]
    sub     eax, [ebx + TCB_RCV_NXT]
    test    eax, eax
    jle     1f
    add     edx, RANGE_SIZE
    dec     ecx
    jmp     .Ltcp_join_next
1:  call    tcp_note_twice
    mov     eax, [edx + RANGE_END]
    push    eax
    sub     eax, [ebx + TCB_RCV_NXT]
    test    eax, eax
    pop     eax
    jle     2f
    mov     [ebx + TCB_RCV_NXT], eax
2:  call    tcp_drop_island
    jmp     .Ltcp_join_again            # it may reach one that stood before it
.Ltcp_join_done:
    ret

# Data that came early: a new island, which takes in those that it touches, first in the list.
# In: EBX block, ESI to EDI the data.
tcp_island:
    push    esi
    push    edi
    push    ebp
    push    esi                         # [esp + 4]: start, [esp]: end of what the island becomes
    push    edi
    mov     ecx, [ebx + TCB_RECEIVED]
    lea     edx, [ebx + TCB_RECEIVED + 4]
.Ltcp_island_next:
    jecxz   .Ltcp_island_enter
    mov     eax, [edx + RANGE_START]
    sub     eax, edi
    test    eax, eax
    jg      .Ltcp_island_apart
    mov     eax, esi
    sub     eax, [edx + RANGE_END]
    test    eax, eax
    jg      .Ltcp_island_apart
    call    tcp_note_twice
    mov     eax, [edx + RANGE_START]
    mov     ebp, eax
    sub     ebp, [esp + 4]
    jns     1f
    mov     [esp + 4], eax
1:  mov     eax, [edx + RANGE_END]
    mov     ebp, eax
    sub     ebp, [esp]
    test    ebp, ebp
    jle     2f
    mov     [esp], eax
2:  call    tcp_drop_island
    dec     ecx
    jmp     .Ltcp_island_next
.Ltcp_island_apart:
    add     edx, RANGE_SIZE
    dec     ecx
    jmp     .Ltcp_island_next
.Ltcp_island_enter:
    mov     ecx, [ebx + TCB_RECEIVED]
    cmp     ecx, RANGES_RECEIVED
    jb      3f
    dec     ecx                         # the oldest is forgotten, as RFC 2018 allows
    dec     dword ptr [ebx + TCB_RECEIVED]
3:  inc     dword ptr [ebx + TCB_RECEIVED]
    add     ecx, ecx
    lea     edx, [ebx + TCB_RECEIVED + 4]
4:  test    ecx, ecx
    jz      .Ltcp_island_place
    mov     eax, [edx + ecx*4 - 4]
    mov     [edx + ecx*4 + 4], eax
    dec     ecx
    jmp     4b
.Ltcp_island_place:
    pop     dword ptr [edx + RANGE_END]
    pop     dword ptr [edx + RANGE_START]
    CHECK   "dword ptr [ebx+TCB_RECEIVED]", be, RANGES_RECEIVED, "tcp_island: more islands than the table holds"
    CHECK_ORDER [ebx+TCB_RCV_NXT], [edx+RANGE_START], "tcp_island: an island that is in order"
    CHECK_ORDER [edx+RANGE_START], [edx+RANGE_END], "tcp_island: an island ends before it begins"
    pop     ebp
    pop     edi
    pop     esi
    ret

# The window that is offered: never less than was offered before, and none rather than a silly one.
# In: EBX block.
# Out: EAX bytes.
# Clobbers: ECX, EDX.
.global tcp_window
tcp_window:
    mov     eax, [ebx + TCB_RX_LIMIT]
    mov     edx, [ebx + TCB_RCV_NXT]
    sub     edx, [ebx + TCB_RX + RING_START]
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED
    jz      1f
    dec     edx                         # the FIN takes no room
1:  sub     eax, edx
    jns     2f
    xor     eax, eax
2:  mov     edx, [ebx + TCB_RX_LIMIT]
    shr     edx, 2
    cmp     eax, edx
    jae     3f
    cmp     eax, [ebx + TCB_MSS]
    jae     3f
    xor     eax, eax
3:  mov     edx, [ebx + TCB_RCV_ADV]
    sub     edx, [ebx + TCB_RCV_NXT]
    jns     4f
    xor     edx, edx
4:  cmp     eax, edx
    jae     .Ltcp_window_done
    mov     eax, edx
.Ltcp_window_done:
    ret

# The program has read: tells the other side when that opens the window by much.
# In: EBX block.
.global tcp_opened
tcp_opened:
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      .Ltcp_opened_done
    cmp     dword ptr [ebx + TCB_STATE], TCP_FIN_WAIT_2
    ja      .Ltcp_opened_done
    test    dword ptr [ebx + TCB_FLAGS], TCB_F_FIN_RECEIVED
    jnz     .Ltcp_opened_done
    call    tcp_window
    mov     ecx, [ebx + TCB_RCV_SCALE]
    mov     edx, 0xFFFF                 # more cannot be told
    shl     edx, cl
    cmp     eax, edx
    jbe     1f
    mov     eax, edx
1:  mov     edx, [ebx + TCB_RCV_ADV]
    sub     edx, [ebx + TCB_RCV_NXT]
    sub     eax, edx                    # EAX: by how much it opens
    mov     ecx, [ebx + TCB_MSS]
    add     ecx, ecx
    cmp     eax, ecx
    jb      .Ltcp_opened_done
    mov     ecx, [ebx + TCB_RX_LIMIT]
    shr     ecx, 2
    cmp     eax, ecx
    jae     tcp_owe
    shr     ecx, 1
    cmp     edx, ecx
    jb      tcp_owe
.Ltcp_opened_done:
    ret
