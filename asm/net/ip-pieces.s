# Fragments of IPv4 packets, put together (RFC 791 section 3.2, RFC 815) under limits: so many packets at once, so many
# from one sender, so many bytes and pieces; what is not whole after half a minute is given up. Pieces that overlap, or
# that contradict each other, take all of their packet with them, as nobody sends such in good faith (RFC 1858, RFC 5722
# section 3 for IPv6); one that came twice is passed over.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

WHOLES                  = 16            # packets that are put together at once
WHOLES_OF_ONE           = 4             # and of one sender
PIECES                  = 64            # of one packet
BYTES_MAXIMUM           = 256 * 1024    # that all pieces hold together
LIFETIME_MS             = 30000         # RFC 1122 section 3.3.2 has 60 to 120 s; RFC 8900 section 3.2.3 says why less
MORE_FRAGMENTS          = 0x2000        # in IP_FRAGMENT as a number

# A packet that is being put together.
WHOLE_PIECES            = 0             # the first piece by offset; 0 while the entry is free
WHOLE_NETIF             = 4
WHOLE_SOURCE            = 8
WHOLE_DESTINATION       = 12
WHOLE_KEY               = 16            # identification, protocol << 16
WHOLE_DEADLINE          = 20            # clock_ms
WHOLE_COUNT             = 24            # pieces
WHOLE_BYTES             = 28            # of data that came
WHOLE_LENGTH            = 32            # of data in all, -1 while the last piece is missing
WHOLE_HIGHEST           = 36            # where the highest piece ends
WHOLE_SIZE              = 40

# A piece: the frame and header that it came with, then its data.
PIECE_NEXT              = 0
PIECE_OFFSET            = 4
PIECE_BYTES             = 8             # of data
PIECE_HEADER            = 12            # of the IP header
PIECE_FRAME             = 16            # the Ethernet header, the IP header, the data

.bss
.balign 4
wholes:                 .space WHOLES * WHOLE_SIZE
pieces_bytes:           .space 4        # memory that pieces hold

# Locals of piece_receive, relative to EBP.
RECEIVE_KEY             = -4
RECEIVE_OFFSET          = -8
RECEIVE_BYTES           = -12
RECEIVE_HEADER          = -16
RECEIVE_FRAME           = -20
RECEIVE_LOCALS          = 20

.text

# A fragment for this machine came. Runs in the net task.
# In: EAX interface, EDX IP header, which is checked, ECX bytes of the packet, ESI frame or 0.
.global piece_receive
piece_receive:
    push    ebx
    push    esi
    push    edi
    FRAME   RECEIVE_LOCALS
    COUNT   ip_fragments
    mov     ebx, eax                    # EBX: interface, later the whole
    mov     edi, edx                    # EDI: IP header
    mov     [ebp + RECEIVE_FRAME], esi
    movzx   eax, byte ptr [edi + IP_VERSION]
    and     eax, 15
    shl     eax, 2
    mov     [ebp + RECEIVE_HEADER], eax
    sub     ecx, eax
    mov     [ebp + RECEIVE_BYTES], ecx
    movzx   edx, word ptr [edi + IP_FRAGMENT]
    xchg    dl, dh
    mov     esi, edx                    # ESI: flags and offset
    and     edx, 0x1FFF
    shl     edx, 3
    mov     [ebp + RECEIVE_OFFSET], edx
    test    ecx, ecx
    jz      .Lpiece_receive_malformed
    add     edx, ecx                    # longer than any packet: "ping of death"
    add     edx, eax
    cmp     edx, IP_LENGTH_MAXIMUM
    ja      .Lpiece_receive_malformed
    test    esi, MORE_FRAGMENTS
    jz      1f
    test    ecx, 7
    jnz     .Lpiece_receive_malformed
1:  movzx   eax, byte ptr [edi + IP_PROTOCOL]
    shl     eax, 16
    mov     ax, [edi + IP_IDENTIFICATION]
    or      eax, 1 << 24                # 0 marks a free entry
    mov     [ebp + RECEIVE_KEY], eax
    call    whole_find
    jc      .Lpiece_receive_full
    mov     eax, [ebp + RECEIVE_OFFSET] # the end is where the last piece says
    add     eax, [ebp + RECEIVE_BYTES]
    test    esi, MORE_FRAGMENTS
    jnz     .Lpiece_receive_middle
    cmp     dword ptr [ebx + WHOLE_LENGTH], -1
    je      2f
    cmp     [ebx + WHOLE_LENGTH], eax
    jne     .Lpiece_receive_overlap
2:  mov     [ebx + WHOLE_LENGTH], eax
    cmp     eax, [ebx + WHOLE_HIGHEST]  # others that came lie beyond it
    jb      .Lpiece_receive_overlap
.Lpiece_receive_middle:
    cmp     eax, [ebx + WHOLE_LENGTH]   # -1 is beyond all
    ja      .Lpiece_receive_overlap
    cmp     eax, [ebx + WHOLE_HIGHEST]
    jbe     3f
    mov     [ebx + WHOLE_HIGHEST], eax
3:  call    piece_enter
    jc      .Lpiece_receive_done
    mov     eax, [ebx + WHOLE_BYTES]
    cmp     eax, [ebx + WHOLE_LENGTH]
    jne     .Lpiece_receive_done
    call    whole_deliver
    jmp     .Lpiece_receive_done
.Lpiece_receive_overlap:
    COUNT   ip_overlaps
    call    whole_drop
    jmp     .Lpiece_receive_done
.Lpiece_receive_malformed:
    COUNT   ip_malformed
    jmp     .Lpiece_receive_done
.Lpiece_receive_full:
    COUNT   ip_pieces_full
.Lpiece_receive_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the whole that a piece belongs to, or begins one.
# In: EBX interface, EDI IP header; the frame of piece_receive.
# Out: EBX whole; CF when there is no room for another.
# Clobbers: EAX, ECX, EDX.
whole_find:
    push    esi
    xor     esi, esi                    # ESI: a free entry
    xor     edx, edx                    # EDX: wholes of this sender
    mov     ecx, offset wholes
.Lwhole_find_next:
    cmp     dword ptr [ecx + WHOLE_KEY], 0
    jne     1f
    mov     esi, ecx
    jmp     2f
1:  mov     eax, [edi + IP_SOURCE]
    cmp     [ecx + WHOLE_SOURCE], eax
    jne     2f
    inc     edx
    mov     eax, [ebp + RECEIVE_KEY]
    cmp     [ecx + WHOLE_KEY], eax
    jne     2f
    mov     eax, [edi + IP_DESTINATION]
    cmp     [ecx + WHOLE_DESTINATION], eax
    jne     2f
    cmp     [ecx + WHOLE_NETIF], ebx
    je      .Lwhole_find_found
2:  add     ecx, WHOLE_SIZE
    cmp     ecx, offset wholes + WHOLES * WHOLE_SIZE
    jb      .Lwhole_find_next
    test    esi, esi
    jz      .Lwhole_find_none
    cmp     edx, WHOLES_OF_ONE
    jae     .Lwhole_find_none
    mov     ecx, esi
    mov     [ecx + WHOLE_NETIF], ebx
    mov     eax, [edi + IP_SOURCE]
    mov     [ecx + WHOLE_SOURCE], eax
    mov     eax, [edi + IP_DESTINATION]
    mov     [ecx + WHOLE_DESTINATION], eax
    mov     eax, [ebp + RECEIVE_KEY]
    mov     [ecx + WHOLE_KEY], eax
    xor     eax, eax
    mov     [ecx + WHOLE_PIECES], eax
    mov     [ecx + WHOLE_COUNT], eax
    mov     [ecx + WHOLE_BYTES], eax
    mov     [ecx + WHOLE_HIGHEST], eax
    dec     eax
    mov     [ecx + WHOLE_LENGTH], eax
    call    clock_ms                    # clobbers EAX only
    add     eax, LIFETIME_MS
    mov     [ecx + WHOLE_DEADLINE], eax
    push    ecx
    call    net_watch
    pop     ecx
.Lwhole_find_found:
    CHECK_ENTRY ecx, wholes, WHOLE_SIZE, WHOLES, "whole_find: no entry of the table"
    mov     ebx, ecx
    clc
    jmp     .Lwhole_find_done
.Lwhole_find_none:
    stc
.Lwhole_find_done:
    pop     esi
    ret

# Puts a piece in its place.
# In: EBX whole, EDI IP header; the frame of piece_receive.
# Out: CF when it was not taken; then the whole may be gone.
# Clobbers: EAX, ECX, EDX, ESI.
piece_enter:
    mov     eax, [ebp + RECEIVE_OFFSET]
    mov     ecx, eax
    add     ecx, [ebp + RECEIVE_BYTES]  # ECX: after it
    mov     esi, ebx                    # the first field links, as PIECE_NEXT does
.Lpiece_enter_next:
    mov     edx, [esi + PIECE_NEXT]
    test    edx, edx
    jz      .Lpiece_enter_here
    cmp     ecx, [edx + PIECE_OFFSET]
    jbe     .Lpiece_enter_here
    push    ecx
    mov     ecx, [edx + PIECE_OFFSET]
    add     ecx, [edx + PIECE_BYTES]
    cmp     eax, ecx
    pop     ecx
    jae     1f
    cmp     eax, [edx + PIECE_OFFSET]   # the same again?
    jne     .Lpiece_enter_overlap
    mov     ecx, [ebp + RECEIVE_BYTES]
    cmp     ecx, [edx + PIECE_BYTES]
    jne     .Lpiece_enter_overlap
    COUNT   ip_pieces_twice
    stc
    ret
1:  mov     esi, edx
    jmp     .Lpiece_enter_next
.Lpiece_enter_here:
    cmp     dword ptr [ebx + WHOLE_COUNT], PIECES
    jae     .Lpiece_enter_full
    mov     eax, [ebp + RECEIVE_HEADER]
    add     eax, [ebp + RECEIVE_BYTES]
    add     eax, PIECE_FRAME + ETHER_HEADER_SIZE
    mov     ecx, eax
    add     ecx, [pieces_bytes]
    cmp     ecx, BYTES_MAXIMUM
    ja      .Lpiece_enter_full
    call    malloc
    jc      .Lpiece_enter_full
    mov     edx, [esi + PIECE_NEXT]
    mov     [eax + PIECE_NEXT], edx
    mov     [esi + PIECE_NEXT], eax
    mov     esi, eax                    # ESI: the new piece
    mov     eax, [ebp + RECEIVE_OFFSET]
    mov     [esi + PIECE_OFFSET], eax
    mov     ecx, [ebp + RECEIVE_HEADER]
    mov     [esi + PIECE_HEADER], ecx
    mov     eax, [ebp + RECEIVE_BYTES]
    mov     [esi + PIECE_BYTES], eax
    add     [ebx + WHOLE_BYTES], eax
    inc     dword ptr [ebx + WHOLE_COUNT]
    CHECK   "dword ptr [ebx+WHOLE_COUNT]", be, PIECES, "piece_enter: more pieces than a packet may have"
    add     ecx, eax
    lea     eax, [ecx + PIECE_FRAME + ETHER_HEADER_SIZE]
    add     [pieces_bytes], eax
    CHECK   "dword ptr [pieces_bytes]", be, BYTES_MAXIMUM, "piece_enter: more memory than pieces may hold"
    push    ecx
    mov     edx, [ebp + RECEIVE_FRAME]
    test    edx, edx                    # from this machine itself: no frame, and the zeros stay
    jz      2f
    lea     eax, [esi + PIECE_FRAME]
    mov     ecx, ETHER_HEADER_SIZE
    call    mem_copy
2:  lea     eax, [esi + PIECE_FRAME + ETHER_HEADER_SIZE]
    mov     edx, edi
    pop     ecx
    call    mem_copy
    clc
    ret
.Lpiece_enter_full:
    COUNT   ip_pieces_full
    jmp     .Lpiece_enter_drop
.Lpiece_enter_overlap:
    COUNT   ip_overlaps
.Lpiece_enter_drop:
    call    whole_drop
    stc
    ret

# Frees a whole and its pieces.
# In: EBX whole.
# Clobbers: EAX, ECX, EDX.
whole_drop:
    mov     edx, [ebx + WHOLE_PIECES]
1:  test    edx, edx
    jz      2f
    mov     eax, [edx + PIECE_HEADER]
    add     eax, [edx + PIECE_BYTES]
    add     eax, PIECE_FRAME + ETHER_HEADER_SIZE
    CHECK   eax, be, [pieces_bytes], "whole_drop: more memory goes than pieces hold"
    sub     [pieces_bytes], eax
    push    dword ptr [edx + PIECE_NEXT]
    mov     eax, edx
    call    mfree
    pop     edx
    jmp     1b
2:  mov     dword ptr [ebx + WHOLE_PIECES], 0
    mov     dword ptr [ebx + WHOLE_KEY], 0
    ret

# Hands a packet on whose pieces are all there: with the header of the first, as if it had come so.
# In: EBX whole.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
whole_deliver:
    mov     esi, [ebx + WHOLE_PIECES]   # the first; there is no hole, as the bytes are as many as the length says
    mov     ecx, [esi + PIECE_HEADER]
    add     ecx, [ebx + WHOLE_LENGTH]
    cmp     ecx, IP_LENGTH_MAXIMUM      # the first header may be longer than that of the last piece
    ja      .Lwhole_deliver_drop
    push    ecx
    lea     eax, [ecx + ETHER_HEADER_SIZE]
    call    malloc
    pop     ecx
    jc      .Lwhole_deliver_drop
    COUNT   ip_joined
    push    ebp
    push    eax                         # [esp + 4]: frame
    push    ecx                         # [esp]: bytes of the packet
    mov     edi, eax
    lea     edx, [esi + PIECE_FRAME]
    mov     ecx, [esi + PIECE_HEADER]
    add     ecx, ETHER_HEADER_SIZE
    add     edi, ecx                    # EDI: where data goes
    call    mem_copy
1:  mov     ecx, [esi + PIECE_BYTES]
    mov     edx, [esi + PIECE_HEADER]
    lea     edx, [esi + edx + PIECE_FRAME + ETHER_HEADER_SIZE]
    mov     eax, edi
    add     edi, ecx
    call    mem_copy
    mov     esi, [esi + PIECE_NEXT]
    test    esi, esi
    jnz     1b
.ifdef CHECKS
    mov     eax, edi
    sub     eax, [esp + 4]
    sub     eax, ETHER_HEADER_SIZE
    CHECK   eax, e, [esp], "whole_deliver: the pieces have a hole"
.endif
    mov     esi, [esp + 4]
    lea     edi, [esi + ETHER_HEADER_SIZE]
    mov     eax, [esp]
    xchg    al, ah
    mov     [edi + IP_LENGTH], ax
    mov     word ptr [edi + IP_FRAGMENT], 0
    mov     word ptr [edi + IP_CHECKSUM], 0
    movzx   ecx, byte ptr [edi + IP_VERSION]
    and     ecx, 15
    shl     ecx, 2
    mov     edx, edi
    call    checksum
    mov     [edi + IP_CHECKSUM], ax
    push    dword ptr [ebx + WHOLE_NETIF]
    call    whole_drop
    pop     eax
    mov     edx, edi
    pop     ecx
    cmp     word ptr [esi + ETHER_TYPE], 0      # came from this machine itself
    jne     2f
    xor     esi, esi
2:  call    ip_input
    pop     eax
    pop     ebp
    jmp     mfree
.Lwhole_deliver_drop:
    COUNT   ip_pieces_full
    jmp     whole_drop

# Gives up what did not become whole in time; who sent the first piece is told. Called by the net task.
# Out: EAX milliseconds until it is needed again, or -1.
.global piece_poll
piece_poll:
    push    ebx
    push    esi
    mov     esi, -1
    mov     ebx, offset wholes
.Lpiece_poll_next:
    cmp     dword ptr [ebx + WHOLE_KEY], 0
    je      .Lpiece_poll_skip
    call    clock_ms
    mov     edx, [ebx + WHOLE_DEADLINE]
    sub     edx, eax
    test    edx, edx
    jg      1f
    COUNT   ip_pieces_late
    mov     edx, [ebx + WHOLE_PIECES]
    test    edx, edx
    jz      2f
    cmp     dword ptr [edx + PIECE_OFFSET], 0   # RFC 792: without the first nothing is said
    jne     2f
    mov     eax, [ebx + WHOLE_NETIF]
    add     edx, PIECE_FRAME + ETHER_HEADER_SIZE
    mov     ecx, ICMP_PIECES_EXCEEDED
    call    icmp_report
2:  call    whole_drop
    jmp     .Lpiece_poll_skip
1:  cmp     edx, esi
    jae     .Lpiece_poll_skip
    mov     esi, edx
.Lpiece_poll_skip:
    add     ebx, WHOLE_SIZE
    cmp     ebx, offset wholes + WHOLES * WHOLE_SIZE
    jb      .Lpiece_poll_next
    mov     eax, esi
    pop     esi
    pop     ebx
    ret
