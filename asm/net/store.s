# Memory that packets are sent from where it lies: that of TCP's rings. A packet has the headers only and says where the
# card finds the rest, so the memory stays, and the bytes in it stay what they are, until the card has read them. So a
# store knows the packets that are under way from it, in the order of their sequence numbers: what is acknowledged may
# be overwritten when the oldest of them begins behind it, and who gives the memory up leaves it to the last of them.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

# In front of a store.
STORE_FIRST             = -16           # packets, linked by PACKET_LENT; 0: none
STORE_LAST              = -12
STORE_BYTES             = -8
STORE_GONE              = -4            # 1: it goes with its last packet
STORE_SIZE              = 16

.bss
.balign 4
.global store_bytes
store_bytes:            .space 4        # bytes of all stores

.text

# Makes a store. May sleep for memory.
# In: EAX bytes.
# Out: EAX its memory, zeroed; CF when there is none.
.global store_make
store_make:
    push    eax
    add     eax, STORE_SIZE
    call    malloc
    pop     edx
    jc      9f
    add     eax, STORE_SIZE
    mov     [eax + STORE_BYTES], edx
    add     [store_bytes], edx          # one instruction, hence safe against other tasks; CF is clear
9:  ret

# Gives a store back, at once or when the card has read what is under way.
# In: EAX store.
.global store_free
store_free:
    push    eax
    call    store_oldest
    pop     eax
    jz      store_drop
    push    eax
    call    store_settle
    pop     eax
    INTERRUPTS_OFF
    cmp     dword ptr [eax + STORE_FIRST], 0
    je      1f
    mov     dword ptr [eax + STORE_GONE], 1
    INTERRUPTS_RESTORE
    ret
1:  INTERRUPTS_RESTORE
store_drop:
    mov     edx, [eax + STORE_BYTES]
    CHECK   edx, be, [store_bytes], "store_drop: more bytes go back than were taken"
    CHECK   "dword ptr [eax+STORE_FIRST]", e, 0, "store_drop: packets lie in the store"
    sub     [store_bytes], edx
    sub     eax, STORE_SIZE
    jmp     mfree

# Says where the oldest packet that is under way begins.
# In: EAX store.
# Out: EAX its sequence number; ZF when there is none.
# Clobbers: ECX.
.global store_oldest
store_oldest:
    cmp     dword ptr [eax + STORE_FIRST], 0
    je      2f
    INTERRUPTS_OFF
    mov     ecx, [eax + STORE_FIRST]
    jecxz   1f
    mov     eax, [ecx + PACKET_SEQUENCE]
1:  INTERRUPTS_RESTORE
    test    ecx, ecx
2:  ret

# Has the card give up what it has read: it says so only when it is asked.
# In: EAX store.
.global store_settle
store_settle:
    xor     edx, edx
    INTERRUPTS_OFF
    mov     ecx, [eax + STORE_FIRST]
    jecxz   1f
    mov     eax, [ecx + PACKET_NETIF]
    mov     edx, [eax + NETIF_RECLAIM]
1:  INTERRUPTS_RESTORE
    test    edx, edx
    jz      2f
    jmp     edx
2:  ret

# Notes a packet that is sent from a store. Those of one store come in the order of their sequence numbers.
# In: EAX packet with PACKET_SEQUENCE, EDX store.
# Clobbers: ECX.
.global store_lend
store_lend:
    CHECK   "dword ptr [edx+STORE_GONE]", e, 0, "store_lend: the store is given up"
    mov     [eax + PACKET_STORE], edx
    INTERRUPTS_OFF
    mov     ecx, eax
    xchg    ecx, [edx + STORE_LAST]
    jecxz   1f
    CHECK_ORDER [ecx+PACKET_SEQUENCE], [eax+PACKET_SEQUENCE], "store_lend: packets are not in the order of their bytes"
    mov     [ecx + PACKET_LENT], eax
    jmp     2f
1:  mov     [edx + STORE_FIRST], eax
2:  INTERRUPTS_RESTORE
    ret

# A packet is gone that was sent from a store. Callable with interrupts off.
# In: EAX packet.
# Clobbers: EAX, ECX, EDX.
.global store_return
store_return:
    push    ebx
    mov     edx, [eax + PACKET_STORE]
    INTERRUPTS_OFF
    xor     ecx, ecx                    # ECX: the packet before it
    mov     ebx, [edx + STORE_FIRST]
1:  cmp     ebx, eax                    # nearly always the first
    je      2f
    mov     ecx, ebx
    mov     ebx, [ebx + PACKET_LENT]
    CHECK   ebx, ne, 0, "store_return: the store has not lent to the packet"
    jmp     1b
2:  mov     ebx, [eax + PACKET_LENT]
    test    ebx, ebx
    jnz     3f
    mov     [edx + STORE_LAST], ecx
3:  jecxz   4f
    mov     [ecx + PACKET_LENT], ebx
    jmp     .Lstore_return_linked
4:  mov     [edx + STORE_FIRST], ebx
.Lstore_return_linked:
    xor     ecx, ecx
    cmp     [edx + STORE_FIRST], ecx
    jne     .Lstore_return_counted
    mov     ecx, [edx + STORE_GONE]     # to be seen together with that: nobody lends once it is set
.Lstore_return_counted:
    INTERRUPTS_RESTORE
    pop     ebx
    mov     eax, edx
    test    ecx, ecx
    jnz     store_drop
    ret
