# Spreads the network's delays and choices. RFC 2131, 2236 and 3927 ask for random numbers so that machines which boot
# at the same moment do not act in step; they need not be secret. The state comes from the MAC address, and each use
# stirs in the clock, so a run in the emulator repeats exactly.

.include "macros.inc"
.include "net.inc"

.text

# Where the generators of an interface start: a number made of its MAC address alone.
# In: EAX interface.
# Out: EAX number, not 0.
.global random_seed
random_seed:
    mov     ecx, eax
    mov     eax, [ecx + NETIF_MAC]
    imul    eax, eax, 0x9E3779B1
    movzx   edx, word ptr [ecx + NETIF_MAC + 4]
    add     eax, edx
    imul    eax, eax, 0x85EBCA6B
    mov     edx, eax
    shr     edx, 15
    xor     eax, edx
    imul    eax, eax, 0xC2B2AE35
    or      eax, 1                      # the state of an xorshift generator must not be 0
    ret

# Steps the generator (xorshift32, Marsaglia 2003).
# In: EAX address of its state.
# Out: EAX number, not 0.
.global random_next
random_next:
    mov     ecx, eax
    mov     eax, [ecx]
    mov     edx, eax
    shl     edx, 13
    xor     eax, edx
    mov     edx, eax
    shr     edx, 17
    xor     eax, edx
    mov     edx, eax
    shl     edx, 5
    xor     eax, edx
    mov     [ecx], eax
    ret

# A number for a delay. Stirs in the clock: two machines whose generators coincide part here.
# In: EAX interface, EDX limit (1 or more).
# Out: EAX 0 to limit - 1.
.global random_below
random_below:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    clock_ms
    imul    eax, eax, 0x9E3779B1
    xor     eax, [ebx + NETIF_RANDOM]
    or      eax, 1
    mov     [ebx + NETIF_RANDOM], eax
    lea     eax, [ebx + NETIF_RANDOM]
    call    random_next
    xor     edx, edx
    div     esi
    mov     eax, edx
    pop     esi
    pop     ebx
    ret
