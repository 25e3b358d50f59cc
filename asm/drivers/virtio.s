# The transport of virtio devices: finds their registers, agrees on features, and moves chains of buffers through split
# virtqueues. What the buffers mean is the business of the devices' drivers (virtio-blk.s, virtio-net.s).
# Source: Virtual I/O Device (VIRTIO) 1.1, legacy interface: 2.6.2 (layout), 2.6.13 (supplying buffers), 2.6.14
# (receiving used buffers), 3.1.1 (initialisation), 4.1.4.8 (registers).
#
# The legacy interface is what every transitional device has, on QEMU's and other hypervisors' PCs by default; devices
# that are only modern have other PCI ids, and are not found.

.include "macros.inc"
.include "errors.inc"
.include "memory.inc"
.include "pci.inc"
.include "virtio.inc"
.include "pages.inc"

VIRTQ_LARGEST           = 1024          # descriptors; the largest ring is 32768, of which nobody needs so many
PAGE_BYTES              = 4096

.text

# Resets a device and agrees with it on features. Queues follow (virtio_queue), then virtio_ready.
# In: EAX PCI device, EDX features that the driver knows, ECX VIRTIO record to fill.
# Out: CF and EAX on failure: it has no ports or no interrupt.
.global virtio_open
virtio_open:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     ebx, ecx
    mov     eax, ERROR_NOT_SUPPORTED
    cmp     dword ptr [esi + PCI_BARS + PCI_BAR_TYPE], PCI_BAR_IO
    jne     .Lvirtio_open_failed
    movzx   ecx, byte ptr [esi + PCI_IRQ]
    cmp     ecx, 15
    ja      .Lvirtio_open_failed
    mov     [ebx + VIRTIO_IRQ], ecx
    mov     eax, [esi + PCI_BARS + PCI_BAR_BASE]
    mov     [ebx + VIRTIO_PORT], eax
    mov     eax, esi
    mov     edx, PCI_COMMAND_IO | PCI_COMMAND_MASTER
    call    pci_enable
    mov     eax, ebx
    call    virtio_reset
    mov     eax, ebx
    mov     edx, VIRTIO_SEEN
    call    virtio_status
    mov     eax, ebx
    mov     edx, VIRTIO_SEEN | VIRTIO_DRIVER
    call    virtio_status
    mov     edx, [ebx + VIRTIO_PORT]
    in      eax, dx                     # VIRTIO_REG_OFFERED
    and     eax, edi
    mov     [ebx + VIRTIO_FEATURES], eax
    add     edx, VIRTIO_REG_ACCEPTED
    out     dx, eax
    clc
    jmp     .Lvirtio_open_done
.Lvirtio_open_failed:
    stc
.Lvirtio_open_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Resets the device: it forgets its queues and touches no memory any more.
# In: EAX VIRTIO record.
# Clobbers: EAX, ECX, EDX.
.global virtio_reset
virtio_reset:
    xor     edx, edx

# Writes the device's status register.
# In: EAX VIRTIO record, EDX status.
virtio_status:
    mov     ecx, edx
    mov     edx, [eax + VIRTIO_PORT]
    add     edx, VIRTIO_REG_STATUS
    mov     eax, ecx
    out     dx, al
    ret

# Lets the device begin. Its queues are there.
# In: EAX VIRTIO record.
.global virtio_ready
virtio_ready:
    mov     edx, VIRTIO_SEEN | VIRTIO_DRIVER | VIRTIO_DRIVER_OK
    jmp     virtio_status

# Reads and clears the causes of an interrupt; for interrupt handlers.
# In: EAX VIRTIO record.
# Out: EAX VIRTIO_INTERRUPT_*, 0 when it was another device's.
.global virtio_interrupt
virtio_interrupt:
    mov     edx, [eax + VIRTIO_PORT]
    add     edx, VIRTIO_REG_INTERRUPT
    xor     eax, eax
    in      al, dx
    ret

# Reads a dword of the device's own registers.
# In: EAX VIRTIO record, EDX offset.
# Out: EAX.
.global virtio_config
virtio_config:
    mov     eax, [eax + VIRTIO_PORT]
    lea     edx, [eax + edx + VIRTIO_REG_CONFIG]
    in      eax, dx
    ret

# Makes a queue, or makes one again that a reset of the device has taken: then its memory is used again, and what was
# in it is forgotten.
# In: EAX VIRTIO record, EDX index of the queue, ECX QUEUE record: zeros, or a queue of this device.
# Out: CF and EAX on failure: ERROR_NOT_FOUND when the device has no such queue.
.global virtio_queue
virtio_queue:
    push    ebx
    push    esi
    push    edi
    mov     ebx, ecx
    mov     eax, [eax + VIRTIO_PORT]
    mov     [ebx + VIRTQ_PORT], eax
    mov     [ebx + VIRTQ_INDEX], edx
    mov     ecx, edx
    lea     edx, [eax + VIRTIO_REG_SELECT]
    mov     eax, ecx
    out     dx, ax
    sub     edx, VIRTIO_REG_SELECT - VIRTIO_REG_SIZE
    xor     eax, eax
    in      ax, dx
    mov     esi, eax                    # ESI: descriptors
    mov     eax, ERROR_NOT_FOUND
    test    esi, esi
    jz      .Lvirtio_queue_failed
    lea     ecx, [esi - 1]
    test    ecx, esi
    jnz     .Lvirtio_queue_odd
    cmp     esi, VIRTQ_LARGEST
    ja      .Lvirtio_queue_odd
    cmp     dword ptr [ebx + VIRTQ_DESCRIPTORS], 0
    jne     .Lvirtio_queue_again
    call    virtio_queue_memory
    jc      .Lvirtio_queue_done
    jmp     .Lvirtio_queue_link
.Lvirtio_queue_again:
    cmp     esi, [ebx + VIRTQ_SIZE]     # a device does not change this
    jne     .Lvirtio_queue_odd
    mov     eax, [ebx + VIRTQ_DESCRIPTORS]
    xor     edx, edx
    mov     ecx, [ebx + VIRTQ_PAGES]
    shl     ecx, 12
    call    mem_set
.Lvirtio_queue_link:
    mov     dword ptr [ebx + VIRTQ_TAKEN], 0
    mov     dword ptr [ebx + VIRTQ_FREE], 0
    mov     [ebx + VIRTQ_ROOM], esi
    mov     edx, [ebx + VIRTQ_DESCRIPTORS]
    xor     ecx, ecx
1:  inc     ecx
    mov     [edx + RING_NEXT], cx
    add     edx, RING_SIZE_OF
    cmp     ecx, esi
    jb      1b
    mov     edx, [ebx + VIRTQ_PORT]
    add     edx, VIRTIO_REG_ADDRESS
    mov     eax, [ebx + VIRTQ_DESCRIPTORS]
    VIRT_TO_PHYS eax
    shr     eax, 12
    out     dx, eax
    clc
    jmp     .Lvirtio_queue_done
.Lvirtio_queue_odd:
    mov     eax, ERROR_NOT_SUPPORTED
.Lvirtio_queue_failed:
    stc
.Lvirtio_queue_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gets the memory of a queue.
# In: EBX queue, ESI descriptors.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, EDI.
virtio_queue_memory:
    mov     [ebx + VIRTQ_SIZE], esi
    # Descriptors and available ring (2.6.2), rounded up to whole pages; then the used ring.
    imul    eax, esi, RING_SIZE_OF + 2
    add     eax, 6 + PAGE_BYTES - 1
    and     eax, ~(PAGE_BYTES - 1)
    mov     edi, eax                    # EDI: offset of the used ring
    lea     eax, [eax + esi*8 + 6 + PAGE_BYTES - 1]
    shr     eax, 12
    mov     [ebx + VIRTQ_PAGES], eax
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      .Lvirtio_queue_memory_not
    mov     [ebx + VIRTQ_DESCRIPTORS], eax
    add     edi, eax
    mov     [ebx + VIRTQ_USED], edi
    mov     ecx, esi
    shl     ecx, 4
    add     ecx, eax
    mov     [ebx + VIRTQ_AVAILABLE], ecx
    lea     eax, [esi*4]
    call    malloc
    jc      .Lvirtio_queue_memory_back
    mov     [ebx + VIRTQ_COOKIES], eax
    clc
    ret
.Lvirtio_queue_memory_back:
    push    eax
    mov     eax, [ebx + VIRTQ_DESCRIPTORS]
    mov     edx, [ebx + VIRTQ_PAGES]
    call    page_free
    mov     dword ptr [ebx + VIRTQ_DESCRIPTORS], 0
    pop     eax
.Lvirtio_queue_memory_not:
    stc
    ret

# Gives the memory of a queue back that the device does not use any more, or never has.
# In: EAX QUEUE record, zeros if it was never made; afterwards it is so.
.global virtio_queue_free
virtio_queue_free:
    push    ebx
    mov     ebx, eax
    xor     eax, eax
    xchg    eax, [ebx + VIRTQ_DESCRIPTORS]
    test    eax, eax
    jz      9f
    mov     edx, [ebx + VIRTQ_PAGES]
    call    page_free
    mov     eax, [ebx + VIRTQ_COOKIES]
    call    mfree
9:  pop     ebx
    ret

# Asks the device for no interrupts when it gives chains of a queue back.
# In: EAX queue.
.global virtio_quiet
virtio_quiet:
    mov     eax, [eax + VIRTQ_AVAILABLE]
    mov     word ptr [eax], 1           # VIRTQ_AVAIL_F_NO_INTERRUPT
    ret

# Offers a chain of buffers to the device; virtio_kick then tells it. What the device reads comes before what it writes.
# The buffers are the device's until virtio_take gives the chain back.
# In: EAX queue, EDX array of SEGMENT records, ECX their number, at least 1; ESI cookie that virtio_take is to return.
# Out: CF when there are not so many free descriptors.
# Locks: interrupts are off meanwhile.
.global virtio_put
virtio_put:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    INTERRUPTS_OFF
    cmp     ecx, [ebx + VIRTQ_ROOM]
    ja      .Lvirtio_put_full
    sub     [ebx + VIRTQ_ROOM], ecx
    mov     edi, [ebx + VIRTQ_FREE]     # EDI: head
    mov     eax, [ebx + VIRTQ_COOKIES]
    mov     [eax + edi*4], esi
    mov     ebp, edi                    # EBP: descriptor
.Lvirtio_put_segment:
    shl     ebp, 4
    add     ebp, [ebx + VIRTQ_DESCRIPTORS]
    mov     eax, [edx + SEGMENT_ADDRESS]
    VIRT_TO_PHYS eax
    mov     [ebp + RING_ADDRESS], eax
    mov     dword ptr [ebp + RING_ADDRESS + 4], 0
    mov     eax, [edx + SEGMENT_BYTES]
    mov     [ebp + RING_BYTES], eax
    mov     eax, [edx + SEGMENT_FLAGS]
    cmp     ecx, 1
    je      1f
    or      eax, RING_HAS_NEXT
1:  mov     [ebp + RING_FLAGS], ax
    movzx   ebp, word ptr [ebp + RING_NEXT]
    add     edx, SEGMENT_SIZE_OF
    dec     ecx
    jnz     .Lvirtio_put_segment
    mov     [ebx + VIRTQ_FREE], ebp
    # The entry first, then the index: an x86 processor's stores are seen in their order.
    mov     edx, [ebx + VIRTQ_AVAILABLE]
    movzx   eax, word ptr [edx + 2]
    mov     ecx, [ebx + VIRTQ_SIZE]
    dec     ecx
    and     ecx, eax
    mov     [edx + ecx*2 + 4], di
    inc     eax
    mov     [edx + 2], ax
    INTERRUPTS_RESTORE
    clc
    jmp     .Lvirtio_put_done
.Lvirtio_put_full:
    INTERRUPTS_RESTORE
    stc
.Lvirtio_put_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Tells the device that a queue has chains for it, unless it has said that it looks by itself.
# In: EAX queue.
.global virtio_kick
virtio_kick:
    mov     edx, [eax + VIRTQ_USED]
    lock or dword ptr [esp], 0          # the index is seen before the flag is read
    test    byte ptr [edx], 1           # VIRTQ_USED_F_NO_NOTIFY
    jnz     1f
    mov     edx, [eax + VIRTQ_PORT]
    add     edx, VIRTIO_REG_NOTIFY
    mov     eax, [eax + VIRTQ_INDEX]
    out     dx, ax
1:  ret

# Takes the next chain back that the device is done with. Callable from an interrupt handler.
# In: EAX queue.
# Out: EAX cookie, EDX bytes that the device has written; CF when there is none.
# Locks: interrupts are off meanwhile.
.global virtio_take
virtio_take:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    INTERRUPTS_OFF
    mov     esi, [ebx + VIRTQ_USED]
    mov     eax, [ebx + VIRTQ_TAKEN]
    cmp     ax, [esi + 2]
    je      .Lvirtio_take_none
    mov     ecx, [ebx + VIRTQ_SIZE]
    dec     ecx
    and     ecx, eax
    inc     eax
    movzx   eax, ax
    mov     [ebx + VIRTQ_TAKEN], eax
    mov     edi, [esi + ecx*8 + 4]      # EDI: head
    mov     edx, [esi + ecx*8 + 8]      # EDX: bytes
    cmp     edi, [ebx + VIRTQ_SIZE]
    ASSERT  b, "a virtio device gave back a descriptor that does not exist"
    # The chain goes to the front of the free ones.
    mov     esi, edi
.Lvirtio_take_descriptor:
    inc     dword ptr [ebx + VIRTQ_ROOM]
    shl     esi, 4
    add     esi, [ebx + VIRTQ_DESCRIPTORS]
    test    byte ptr [esi + RING_FLAGS], RING_HAS_NEXT
    movzx   ecx, word ptr [esi + RING_NEXT]
    jz      .Lvirtio_take_end
    mov     esi, ecx
    jmp     .Lvirtio_take_descriptor
.Lvirtio_take_end:
    mov     eax, [ebx + VIRTQ_FREE]
    mov     [esi + RING_NEXT], ax
    mov     [ebx + VIRTQ_FREE], edi
    mov     eax, [ebx + VIRTQ_COOKIES]
    mov     eax, [eax + edi*4]
    INTERRUPTS_RESTORE
    clc
    jmp     .Lvirtio_take_done
.Lvirtio_take_none:
    INTERRUPTS_RESTORE
    stc
.Lvirtio_take_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
