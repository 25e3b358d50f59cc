# Network cards, as far as they are alike: finding them, their memory, registers and interrupt, their interface, the
# groups they are to hear. What a card does with frames is its driver's business (e1000.s, rtl8139.s, virtio-net.s).

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "net.inc"
.include "card.inc"
.include "pages.inc"

.text

# Takes every card of a driver into use (level 6).
# In: EAX what the driver says, CARDS_*.
.global card_find
card_find:
    push    ebx
    push    esi
    mov     ebx, eax
    xor     esi, esi
1:  mov     eax, [ebx + CARDS_ID]
    mov     edx, esi
    call    pci_find
    jc      2f
    mov     edx, ebx
    call    card_attach
    inc     esi
    jmp     1b
2:  pop     esi
    pop     ebx
    clc
    ret

# Opens a card and registers its interface. A card that cannot be used is reported and left alone.
# In: EAX PCI device, EDX what its driver says.
card_attach:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax                    # EBP: PCI device
    mov     esi, edx                    # ESI: what the driver says
    mov     ecx, [esi + CARDS_BAR]
    mov     edx, [ebp + ecx + PCI_BAR_TYPE]
    cmp     edx, [esi + CARDS_BAR_TYPE]
    jne     .Lcard_attach_unusable
    cmp     byte ptr [ebp + PCI_IRQ], 15
    ja      .Lcard_attach_unusable
    or      edx, PCI_COMMAND_MASTER     # PCI_BAR_IO and PCI_BAR_MEMORY are the bits of the command as well
    mov     eax, ebp
    call    pci_enable
    mov     eax, [esi + CARDS_BYTES]
    add     eax, NETIF_SIZE
    call    malloc
    jc      .Lcard_attach_failed
    mov     ebx, eax                    # EBX: interface
    lea     edi, [ebx + NETIF_SIZE]     # EDI: card
    call    card_fill
    mov     eax, [esi + CARDS_PAGES]
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      .Lcard_attach_no_pages
    mov     [edi + CARD_MEMORY], eax
    mov     ecx, [esi + CARDS_BAR]
    mov     eax, [ebp + ecx + PCI_BAR_BASE]
    cmp     dword ptr [esi + CARDS_BAR_TYPE], PCI_BAR_IO
    je      .Lcard_attach_ports         # CF is clear
    mov     edx, [esi + CARDS_REGISTERS]
    call    physical_map
.Lcard_attach_ports:
    mov     [edi + CARD_MMIO], eax      # keeps CF
    mov     ecx, esi
    mov     esi, eax                    # ESI: registers
    jc      .Lcard_attach_closed
    call    [ecx + CARDS_OPEN]
    jc      .Lcard_attach_closed
    mov     eax, [ebx + NETIF_IRQ]
    mov     ecx, [edi + CARD_KIND]
    mov     edx, [ecx + CARDS_INTERRUPT]
    mov     ecx, ebx
    call    irq_register
    mov     esi, [edi + CARD_KIND]      # keeps CF
    jc      .Lcard_attach_failed        # the card has begun with its memory, so it stays with it
    mov     eax, ebx
    call    net_register
    mov     eax, ebx
    call    [ebx + NETIF_FILTER]
    call    card_link
    push    esi
    mov     ecx, esi
    mov     esi, [edi + CARD_MMIO]
    call    [ecx + CARDS_START]
    pop     esi
    lea     eax, [ebx + NETIF_NAME]
    lea     edx, [ebx + NETIF_MAC]
    PRINTF  "%s: %s, %M, IRQ %u\n", eax, [esi+CARDS_NAME], edx, [ebx+NETIF_IRQ]
    jmp     .Lcard_attach_done
.Lcard_attach_unusable:
    PRINTF  "%s: the firmware gave it no address range or interrupt; not used.\n", [esi+CARDS_NAME]
    jmp     .Lcard_attach_done
.Lcard_attach_closed:
    mov     esi, [edi + CARD_KIND]
    push    eax
    mov     eax, [edi + CARD_MEMORY]
    mov     edx, [esi + CARDS_PAGES]
    call    page_free
    pop     eax
.Lcard_attach_no_pages:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
.Lcard_attach_failed:
    call    error_text
    PRINTF  "%s: %s; not used.\n", [esi+CARDS_NAME], eax
.Lcard_attach_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Fills in an interface and its card.
# In: EBX interface, EDI card, ESI what the driver says, EBP PCI device.
# Clobbers: EAX.
card_fill:
    mov     [edi + CARD_KIND], esi
    mov     [ebx + NETIF_DRIVER], edi
    mov     eax, [esi + CARDS_TRANSMIT]
    mov     [ebx + NETIF_TRANSMIT], eax
    mov     eax, [esi + CARDS_POLL]
    mov     [ebx + NETIF_POLL], eax
    mov     eax, [esi + CARDS_FILTER]
    mov     [ebx + NETIF_FILTER], eax
    mov     dword ptr [ebx + NETIF_STATION], offset card_station
    mov     dword ptr [ebx + NETIF_REOPEN], offset card_reopen
    mov     [edi + CARD_PCI], ebp
    movzx   eax, byte ptr [ebp + PCI_IRQ]
    mov     [ebx + NETIF_IRQ], eax
    ret

# Has all cards touch no memory any more: this machine's memory becomes another's. Interrupts are off.
# Clobbers: EAX, ECX, EDX, ESI.
cards_close:
    mov     eax, offset card_close
    jmp     cards_each

# Has one touch none.
# In: EDI card, ECX its kind.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
card_close:
    mov     esi, [edi + CARD_MMIO]
    jmp     [ecx + CARDS_CLOSE]

ON_HOOK fork_close, cards_close

# Leaves the memory that cards read and write out of a move: card_reopen has it zeroed.
# Clobbers: EAX, ECX, EDX.
cards_apart:
    mov     eax, offset card_apart
    jmp     cards_each

# Leaves one's out.
# In: EDI card, ECX its kind.
# Clobbers: EAX, EDX.
card_apart:
    mov     eax, [edi + CARD_MEMORY]
    mov     edx, [ecx + CARDS_PAGES]
    jmp     fork_leave_out

ON_HOOK fork_apart, cards_apart

# Calls a routine for each card.
# In: EAX routine, which takes EDI card, ECX its kind.
# Clobbers: EAX, ECX, and what it does but for EBX and EDI.
cards_each:
    push    ebx
    push    edi
    mov     ebx, [net_interfaces]
1:  test    ebx, ebx
    jz      2f
    mov     edi, [ebx + NETIF_DRIVER]
    mov     ecx, [edi + CARD_KIND]
    push    eax
    call    eax
    pop     eax
    mov     ebx, [ebx + NETIF_NEXT]
    jmp     1b
2:  pop     edi
    pop     ebx
    ret

# NETIF_STATION.
card_station:
    push    esi
    push    edi
    mov     edi, [eax + NETIF_DRIVER]
    mov     esi, [edi + CARD_MMIO]
    mov     ecx, [edi + CARD_KIND]
    call    [ecx + CARDS_STATION]
    pop     edi
    pop     esi
    ret

# NETIF_REOPEN. The net task leaves the card alone meanwhile, and nobody sends.
card_reopen:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, [ebx + NETIF_DRIVER]
    mov     ebp, [edi + CARD_PCI]
    mov     esi, [edi + CARD_KIND]
    call    [esi + CARDS_DROP]
    push    edi
    mov     ecx, [esi + CARDS_PAGES]
    shl     ecx, 12 - 2
    mov     edi, [edi + CARD_MEMORY]
    xor     eax, eax
    rep stosd
    pop     edi
    mov     ecx, esi
    mov     esi, [edi + CARD_MMIO]
    call    [ecx + CARDS_OPEN]
    jc      .Lcard_reopen_done
    mov     eax, ebx
    call    [ebx + NETIF_FILTER]
    call    card_link
    mov     ecx, [edi + CARD_KIND]
    call    [ecx + CARDS_START]
    clc
.Lcard_reopen_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the link status and tells the address task. A link that changes may be that of another card: then this machine
# is another one, and its host says so.
# In: EBX interface.
.global card_link
card_link:
    push    esi
    push    edi
    call    generation_look
    mov     edi, [ebx + NETIF_DRIVER]
    mov     dword ptr [edi + CARD_LINK_CHANGED], 0
    mov     esi, [edi + CARD_MMIO]
    mov     ecx, [edi + CARD_KIND]
    call    [ecx + CARDS_LINK]
    pop     edi
    pop     esi
    mov     eax, ebx
    jmp     address_link

# The MAC addresses of the groups that an interface is to hear (RFC 1112, 6.4), for a card's NETIF_FILTER: one for each
# index from CARD_GROUPS - 1 down to 0, some of them more than once. 224.0.0.1, which every host hears, is among them.
# In: EBX interface, ECX index.
# Out: EAX the first four bytes, EDX the last two.
# Clobbers: nothing else.
.global card_group
card_group:
    mov     edx, IP_ALL_HOSTS
    cmp     ecx, GROUPS_MAXIMUM
    jae     1f
    imul    eax, ecx, GROUP_SIZE
    mov     eax, [ebx + eax + NETIF_GROUPS + GROUP_ADDRESS]
    test    eax, eax
    jz      1f                          # the entry is free
    mov     edx, eax
1:  movzx   eax, dh                     # 01:00:5E and the lower 23 bits of the group
    and     eax, 0x7F
    shl     eax, 24
    or      eax, 0x005E0001
    shr     edx, 16
    ret
