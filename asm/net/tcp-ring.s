# Rings of bytes that TCP sends from and receives into. A byte lies at its sequence number modulo the capacity, so a
# segment that comes early is put where it belongs at once, and a retransmission is read where it always was. Memory
# grows with what a connection really holds, up to a bound that all of them share.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

TCP_MEMORY_MAXIMUM      = 8 << 20       # bytes of all rings together, or
QUARTER_LOG             = 12 - 2        # a quarter of the memory, by its pages

.text

# Makes a ring reach so far: with more memory, or with other memory when the card still reads in the one there is what
# would be overwritten. Few connections that take all they can get leave a quarter to the others, which is for rings of
# RING_MINIMUM, so that those go on. May sleep for memory.
# In: EAX ring, EDX sequence number after the last byte that it has to hold.
# Out: CF and ERROR_NO_MEMORY.
.global ring_reserve
ring_reserve:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    sub     edx, [ebx + RING_START]
    mov     esi, RING_MINIMUM           # ESI: new capacity
    cmp     edx, [ebx + RING_CAPACITY]
    ja      1f
    call    ring_is_read
    jnc     .Lring_reserve_good
    mov     esi, [ebx + RING_CAPACITY]
1:  cmp     esi, edx
    jae     2f
    add     esi, esi
    jmp     1b
2:  mov     ecx, [pages_low_end]
    shl     ecx, QUARTER_LOG
    cmp     ecx, TCP_MEMORY_MAXIMUM
    jbe     3f
    mov     ecx, TCP_MEMORY_MAXIMUM
3:  mov     eax, esi
    sub     eax, [ebx + RING_CAPACITY]
    jz      4f
    cmp     esi, RING_MINIMUM
    je      4f
    mov     edx, ecx
    shr     edx, 2
    sub     ecx, edx
4:  add     eax, [store_bytes]
    cmp     eax, ecx
    ja      .Lring_reserve_failed
    mov     eax, esi
    call    store_make
    jc      .Lring_reserve_failed
    mov     edi, eax
    mov     ecx, [ebx + RING_CAPACITY]
    jecxz   .Lring_reserve_swap
    mov     edx, [ebx + RING_START]     # all that the old one may hold, islands too
.Lring_reserve_piece:
    push    ecx
    lea     eax, [esi - 1]
    and     eax, edx
    add     eax, edi                    # EAX: where the byte goes
    push    edx
    mov     ecx, [ebx + RING_CAPACITY]
    dec     ecx
    and     edx, ecx
    sub     ecx, edx
    inc     ecx                         # ECX: bytes up to the old ring's end
    add     edx, [ebx + RING_DATA]
    cmp     ecx, [esp + 4]
    jbe     .Lring_reserve_copy
    mov     ecx, [esp + 4]
.Lring_reserve_copy:
    push    ecx                         # the new ring is larger by whole powers: a piece that ends at the old one's
    call    mem_copy                    # end does not wrap in it
    pop     eax
    pop     edx
    pop     ecx
    add     edx, eax
    sub     ecx, eax
    jnz     .Lring_reserve_piece
    mov     eax, [ebx + RING_DATA]
    call    store_free
.Lring_reserve_swap:
    mov     [ebx + RING_DATA], edi
    mov     [ebx + RING_CAPACITY], esi
.ifdef CHECKS
    lea     eax, [esi - 1]
    CHECK   eax, z, esi, "ring_reserve: the capacity is no power of two"
.endif
.Lring_reserve_good:
    clc
    jmp     .Lring_reserve_done
.Lring_reserve_failed:
    COUNT   tcp_memory
    mov     eax, ERROR_NO_MEMORY
    stc
.Lring_reserve_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whether the card still reads what bytes up to there would overwrite.
# In: EBX ring, EDX bytes from its start on, at most its capacity.
# Out: CF when it does.
# Clobbers: EAX, ECX.
ring_is_read:
    mov     eax, [ebx + RING_DATA]
    test    eax, eax
    jz      2f
    call    store_oldest
    jz      2f                          # CF is clear
    call    1f
    jnc     2f
    mov     eax, [ebx + RING_DATA]
    push    edx
    call    store_settle
    pop     edx
    mov     eax, [ebx + RING_DATA]
    call    store_oldest
    jz      2f
1:  mov     ecx, [ebx + RING_START]
    add     ecx, edx
    sub     ecx, eax                    # ECX: from the oldest byte that is read to the last that is written
    cmp     [ebx + RING_CAPACITY], ecx
2:  ret

# Has a packet be sent from where its bytes lie.
# In: EAX ring, EDX sequence number, ECX bytes, ESI packet, in which nothing follows the headers.
.global ring_lend
ring_lend:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, ecx
    add     [esi + PACKET_LENGTH], ecx
    mov     [esi + PACKET_SEQUENCE], edx
    CHECK_ORDER [ebx+RING_START], edx, "ring_lend: bytes that were given up"
    call    ring_piece
    mov     [esi + PACKET_PIECES], eax
    mov     [esi + PACKET_PIECES + 4], ecx
    add     edi, ecx
    sub     ebp, ecx
    jz      1f
    call    ring_piece
    mov     [esi + PACKET_PIECES + 8], eax
    mov     [esi + PACKET_PIECES + 12], ecx
1:  mov     eax, esi
    mov     edx, [ebx + RING_DATA]
    call    store_lend
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Copies bytes out of a ring.
# In: EAX ring, EDX sequence number, ECX bytes, ESI where they go.
.global ring_get
ring_get:
    stc
    jmp     ring_copy

# Puts bytes into a ring that reaches far enough.
# In: EAX ring, EDX sequence number, ECX bytes, ESI where they are.
.global ring_put
ring_put:
    clc

# Copies bytes between a ring and other memory.
# In: as ring_put; CF set for out of the ring.
ring_copy:
    push    ebx
    push    esi
    push    edi
    push    ebp
    pushfd
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, ecx
1:  test    ebp, ebp
    jz      3f
.ifdef CHECKS
    lea     eax, [edi + ebp]
    sub     eax, [ebx + RING_START]
    CHECK   eax, be, [ebx+RING_CAPACITY], "ring_copy: bytes that the ring does not hold"
.endif
    call    ring_piece
    mov     edx, esi
    test    byte ptr [esp], 1           # the saved CF
    jz      2f
    xchg    eax, edx
2:  push    ecx
    call    mem_copy
    pop     ecx
    add     esi, ecx
    add     edi, ecx
    sub     ebp, ecx
    jmp     1b
3:  popfd
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The piece of a ring that lies in a row.
# In: EBX ring, EDI sequence number, EBP bytes that are wanted, not 0.
# Out: EAX address, ECX bytes, at most EBP.
# Clobbers: EAX, ECX only.
ring_piece:
    mov     ecx, [ebx + RING_CAPACITY]
    lea     eax, [ecx - 1]
    and     eax, edi
    sub     ecx, eax
    add     eax, [ebx + RING_DATA]
    cmp     ecx, ebp
    jbe     1f
    mov     ecx, ebp
1:  ret

# Gives a ring's memory back.
# In: EAX ring.
.global ring_free
ring_free:
    xor     edx, edx
    mov     [eax + RING_CAPACITY], edx
    xchg    edx, [eax + RING_DATA]
    test    edx, edx
    jz      1f
    mov     eax, edx
    jmp     store_free
1:  ret
