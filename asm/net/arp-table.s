# The cache of neighbours as a whole: emptied when an interface gets another address, and shown by the `arp` command.

.include "macros.inc"
.include "net.inc"
.include "arp.inc"

.text

# Forgets the neighbours of an interface, as its address changes.
# In: EAX interface.
.global arp_flush
arp_flush:
    mov     ecx, offset arp_cache
1:  INTERRUPTS_OFF
    cmp     dword ptr [ecx + ENTRY_STATE], STATE_RESOLVED # pending ones end by themselves
    jb      2f
    cmp     [ecx + ENTRY_NETIF], eax
    jne     2f
    mov     dword ptr [ecx + ENTRY_STATE], STATE_FREE
2:  INTERRUPTS_RESTORE
    add     ecx, ENTRY_SIZE
    cmp     ecx, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      1b
    ret

# Prints the cache for the `arp` command.
.global arp_print
arp_print:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi
    mov     esi, offset arp_cache
1:  cmp     dword ptr [esi + ENTRY_STATE], STATE_FREE
    je      3f
    inc     edi
    mov     edx, [esi + ENTRY_NETIF]
    lea     edx, [edx + NETIF_NAME]
    cmp     dword ptr [esi + ENTRY_STATE], STATE_RESOLVED
    jb      2f
    call    clock_ms
    sub     eax, [esi + ENTRY_TIME]
    mov     ecx, 1000
    push    edx
    xor     edx, edx
    div     ecx
    pop     edx
    lea     ecx, [esi + ENTRY_MAC]
    PRINTF  "%I is at %M on %s, confirmed %u s ago\n", [esi+ENTRY_ADDRESS], ecx, edx, eax
    jmp     3f
2:  PRINTF  "%I does not answer yet on %s, %u requests, %u packets wait\n", [esi+ENTRY_ADDRESS], edx, [esi+ENTRY_TRIES], [esi+ENTRY_QUEUED]
3:  add     esi, ENTRY_SIZE
    cmp     esi, offset arp_cache + ENTRIES * ENTRY_SIZE
    jb      1b
    test    edi, edi
    jnz     4f
    PRINT   "No neighbour is known.\n"
4:  pop     edi
    pop     esi
    pop     ebx
    ret
