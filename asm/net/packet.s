# Packets on their way out: one block of memory that holds the payload and room for the headers in front of it. Whoever
# is given a packet to send owns it and frees it, also on failure. Who wants to keep one that he gives away holds it
# first; he finds it with the headers that were put in front of it. What TCP sends may lie elsewhere (asm/net/store.s),
# where the card gathers it.

.include "macros.inc"
.include "net.inc"

.text

# Makes a packet. May sleep.
# In: EAX bytes of payload, at most IP_LENGTH_MAXIMUM.
# Out: EAX packet, PACKET_DATA at its zeroed payload; CF when there is no memory or it is too long.
.global packet_alloc
packet_alloc:
    mov     edx, -1
    jmp     packet_make

# Makes a packet of which the caller fills all of the payload but its first bytes. May sleep.
# In: EAX bytes of payload, at most IP_LENGTH_MAXIMUM.
# Out: EAX packet, PACKET_DATA at its payload, of which the first PACKET_ZEROS bytes are zero; CF when there is no
# memory or it is too long.
.global packet_alloc_filled
packet_alloc_filled:
    mov     edx, PACKET_PAYLOAD + PACKET_ZEROS

# Makes a packet.
# In: EAX bytes of payload, EDX bytes that are zeroed.
# Out: as packet_alloc.
packet_make:
    push    ebx
    push    edi
    cmp     eax, IP_LENGTH_MAXIMUM
    ja      .Lpacket_make_failed
    mov     ebx, eax
    mov     edi, edx
    add     eax, PACKET_PAYLOAD + ETHER_MINIMUM
    call    malloc_filled
    jc      .Lpacket_make_failed
    cmp     ecx, edi
    jbe     1f
    mov     ecx, edi
1:  mov     edx, eax
    mov     edi, eax
    shr     ecx, 2
    xor     eax, eax
    rep stosd
    mov     eax, edx
    mov     [eax + PACKET_LENGTH], ebx
    add     edx, PACKET_PAYLOAD
    mov     [eax + PACKET_DATA], edx
    clc
    jmp     .Lpacket_make_done
.Lpacket_make_failed:
    COUNT   packet_memory
    mov     eax, 1                      # ERROR_NO_MEMORY
    stc
.Lpacket_make_done:
    pop     edi
    pop     ebx
    ret

# Makes room for a header.
# In: EAX packet, EDX bytes.
# Out: EDX the header's first byte.
.global packet_prepend
packet_prepend:
    add     [eax + PACKET_LENGTH], edx
    neg     edx
    add     edx, [eax + PACKET_DATA]
    mov     [eax + PACKET_DATA], edx
    ret

# Has a packet live until one more packet_free.
# In: EAX packet.
.global packet_hold
packet_hold:
    inc     dword ptr [eax + PACKET_HOLDERS]    # one instruction, hence safe against other tasks
    ret

# Adds up what a card would have added up for us.
# In: EAX packet, PACKET_DATA at its TCP or UDP header.
# Clobbers: EAX, ECX, EDX.
.global packet_sum
packet_sum:
    cmp     dword ptr [eax + PACKET_SUM], 0
    je      9f
    push    ebx
    mov     ebx, eax
    mov     edx, [ebx + PACKET_DATA]
    mov     ecx, [ebx + PACKET_LENGTH]
    xor     eax, eax
    call    checksum_add                # with the sum of the pseudo header, which lies in it
    call    checksum_fold
    test    eax, eax
    jnz     1f
    dec     eax                         # the same sum; 0 would say that UDP has none (RFC 768)
1:  mov     edx, [ebx + PACKET_DATA]
    xor     ecx, ecx
    xchg    ecx, [ebx + PACKET_SUM]
    mov     [edx + ecx], ax
    pop     ebx
9:  ret

# Gives a packet back; the last one to do so frees it.
# In: EAX packet.
.global packet_free
packet_free:
    sub     dword ptr [eax + PACKET_HOLDERS], 1
    jnc     9f
    cmp     dword ptr [eax + PACKET_STORE], 0
    je      mfree
    push    eax
    call    store_return
    pop     eax
    jmp     mfree
9:  ret
