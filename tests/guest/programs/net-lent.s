# Tests of what the card reads in TCP's rings, for net.s: what is written, given up or given back meanwhile.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

.data
.balign 4
lent_ring:              .space RING_SIZE
lent_packets:           .space 3 * 4

.text

# Makes a packet that is sent from lent_ring.
# In: EDX sequence number, ECX bytes, EDI where its address goes.
# Out: ESI packet, EDI after it.
lend:
    push    ecx
    push    edx
    mov     eax, 40
    call    packet_alloc
    mov     esi, eax
    stosd
    mov     eax, [net_interfaces]
    mov     [esi + PACKET_NETIF], eax
    pop     edx
    pop     ecx
    mov     eax, offset lent_ring
    jmp     ring_lend

# A ring of 2048 bytes from 1000 on, filled. EBX: it. EBP: store_bytes before it.
lent_begin:
    mov     ebp, [store_bytes]
    mov     ebx, offset lent_ring
    mov     dword ptr [ebx + RING_START], 1000
    mov     eax, ebx
    mov     edx, 1000 + 2048
    call    ring_reserve
    mov     edi, [ebx + RING_DATA]
    mov     eax, 0x55AA1234
    mov     ecx, 2048 / 4
    rep     stosd
    mov     edi, offset lent_packets
    ret

.global test_lent
test_lent:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    lent_begin
    mov     edx, 1900
    mov     ecx, 700
    call    lend
    cmp     dword ptr [esi + PACKET_LENGTH], 740
    jne     .Ltest_lent_done
    mov     edi, [ebx + RING_DATA]
    lea     eax, [edi + 1900]
    cmp     [esi + PACKET_PIECES], eax  # to the ring's end, and on from its beginning
    jne     .Ltest_lent_done
    cmp     dword ptr [esi + PACKET_PIECES + 4], 148
    jne     .Ltest_lent_done
    cmp     [esi + PACKET_PIECES + 8], edi
    jne     .Ltest_lent_done
    cmp     dword ptr [esi + PACKET_PIECES + 12], 552
    jne     .Ltest_lent_done
    mov     dword ptr [ebx + RING_START], 2000  # acknowledged: what is written up to 3948 lies before the packet
    mov     eax, ebx
    mov     edx, 1900 + 2048
    call    ring_reserve
    cmp     [ebx + RING_DATA], edi
    jne     .Ltest_lent_done
    mov     eax, ebx
    mov     edx, 1900 + 2048 + 1
    call    ring_reserve
    mov     edx, [ebx + RING_DATA]
    cmp     edx, edi
    je      .Ltest_lent_wrong
    cmp     dword ptr [ebx + RING_CAPACITY], 2048
    jne     .Ltest_lent_done
    cmp     dword ptr [edx + 2500 - 2048], 0x55AA1234
    jne     .Ltest_lent_done
    cmp     dword ptr [edi + 1900], 0x55AA1234  # the card's bytes are there still
    jne     .Ltest_lent_done
    lea     eax, [ebp + 2 * 2048]
    cmp     [store_bytes], eax
    jne     .Ltest_lent_done
    mov     eax, esi
    call    packet_free
    lea     eax, [ebp + 2048]
    cmp     [store_bytes], eax
    jne     .Ltest_lent_done
    mov     eax, ebx
    call    ring_free
    cmp     [store_bytes], ebp
    jmp     .Ltest_lent_done
.Ltest_lent_wrong:
    test    esp, esp                    # ZF clear
.Ltest_lent_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

.global test_order
test_order:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    lent_begin
    mov     edx, 1100
1:  push    edx
    mov     ecx, 100
    call    lend
    pop     edx
    add     edx, 100
    cmp     edx, 1400
    jb      1b
    mov     eax, [lent_packets + 4]     # in the middle
    call    packet_free
    mov     eax, [ebx + RING_DATA]
    call    store_oldest
    cmp     eax, 1100
    jne     .Ltest_order_done
    mov     eax, [lent_packets]
    call    packet_free
    mov     eax, [ebx + RING_DATA]
    call    store_oldest
    cmp     eax, 1300
    jne     .Ltest_order_done
    mov     edx, 1400
    mov     ecx, 100
    mov     edi, offset lent_packets
    call    lend
    mov     eax, ebx
    call    ring_free
    lea     eax, [ebp + 2048]
    cmp     [store_bytes], eax
    jne     .Ltest_order_done
    mov     eax, [lent_packets]         # the last one first
    call    packet_free
    lea     eax, [ebp + 2048]
    cmp     [store_bytes], eax
    jne     .Ltest_order_done
    mov     eax, [lent_packets + 8]
    call    packet_free
    cmp     [store_bytes], ebp
.Ltest_order_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
