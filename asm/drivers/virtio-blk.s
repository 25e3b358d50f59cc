# Virtio disks (1AF4:1001): vda, vdb, ... in the order in which PCI lists them. One request at a time; the task that
# waits for it sleeps. A request that fails is repeated, one that gets no answer after a reset of the device; what still
# fails is reported and counted, as ata.s does.
# Source: Virtual I/O Device (VIRTIO) 1.1, 5.2, legacy interface.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "pci.inc"
.include "disk.inc"
.include "virtio.inc"

VBLK_ATTEMPTS           = 3
VBLK_CHUNK              = 2048          # sectors for each request: 1 MiB
VBLK_SLICE_MS           = 1000          # after so long without an interrupt the queue is looked at
VBLK_SLICES             = 30            # then the device is given up
VBLK_SERIAL_BYTES       = 20

# Features (5.2.3).
VBLK_F_READ_ONLY        = 1 << 5
VBLK_F_BLOCK_SIZE       = 1 << 6
VBLK_F_FLUSH            = 1 << 9
VBLK_FEATURES           = VBLK_F_READ_ONLY | VBLK_F_BLOCK_SIZE | VBLK_F_FLUSH

# The device's own registers (5.2.4).
VBLK_CAPACITY           = 0             # u64   sectors of 512 bytes
VBLK_BLOCK_BYTES        = 20            # u32   what the disk itself takes for a sector

# Requests and their status (5.2.6).
VBLK_IN                 = 0
VBLK_OUT                = 1
VBLK_FLUSH              = 4
VBLK_GET_ID             = 8
VBLK_OK                 = 0
VBLK_UNSUPPORTED        = 2
VBLK_SILENT             = 0xFF          # ours: there was no answer

# A device; DISK_CHANNEL leads here.
VBLK_DEVICE             = 0             # VIRTIO record
VBLK_PCI                = VIRTIO_SIZE_OF
VBLK_QUEUE              = VBLK_PCI + 4
VBLK_MUTEX              = VBLK_QUEUE + VIRTQ_SIZE_OF    # held for the length of a transfer
VBLK_EVENT              = VBLK_MUTEX + MUTEX_SIZE       # the device has interrupted
VBLK_LOST               = VBLK_EVENT + 4                # u32   interrupts that did not come
VBLK_SEGMENTS           = VBLK_LOST + 4                 # of the request: header, data, status
VBLK_HEADER             = VBLK_SEGMENTS + 3 * SEGMENT_SIZE_OF   # u32 type, u32 0, u64 sector
VBLK_STATUS             = VBLK_HEADER + 16              # u8
VBLK_SIZE_OF            = VBLK_STATUS + 4

.section .rodata
.balign 4
virtio_blk_driver: .long virtio_blk_read, virtio_blk_write, virtio_blk_flush, virtio_blk_place

STRING virtio_blk_model, "virtio disk"

.text

INITCALL 5, virtio_blk_init

# Takes every virtio disk into use. Runs once, at boot.
virtio_blk_init:
    push    ebx
    push    esi
    xor     esi, esi
1:  mov     eax, VIRTIO_ID_BLOCK
    mov     edx, esi
    call    pci_find
    jc      2f
    imul    ebx, esi, DISK_SIZE_OF
    add     ebx, offset disk_table + DISK_IDE_MAX * DISK_SIZE_OF
    mov     edx, ebx
    call    virtio_blk_attach
    inc     esi
    cmp     esi, DISK_VIRTIO_MAX
    jb      1b
2:  pop     esi
    pop     ebx
    clc
    ret

# Takes a disk into service. One that cannot be used is reported and left alone.
# In: EAX PCI device, EDX slot of disk_table.
virtio_blk_attach:
    push    ebx
    push    esi
    mov     ebx, edx                    # EBX: disk
    push    eax
    mov     eax, ebx
    call    disk_name
    mov     eax, VBLK_SIZE_OF
    call    malloc
    pop     edx
    jc      .Lvirtio_blk_attach_failed
    mov     esi, eax                    # ESI: device
    mov     [esi + VBLK_PCI], edx
    mov     [ebx + DISK_CHANNEL], esi
    mov     eax, esi
    call    virtio_blk_open
    jc      .Lvirtio_blk_attach_failed
    test    dword ptr [esi + VBLK_DEVICE + VIRTIO_FEATURES], VBLK_F_BLOCK_SIZE
    jz      .Lvirtio_blk_attach_sectors
    lea     eax, [esi + VBLK_DEVICE]
    mov     edx, VBLK_BLOCK_BYTES
    call    virtio_config
    cmp     eax, 512
    ja      .Lvirtio_blk_attach_large
.Lvirtio_blk_attach_sectors:
    mov     eax, [esi + VBLK_DEVICE + VIRTIO_IRQ]
    mov     edx, offset virtio_blk_interrupt
    mov     ecx, esi
    call    irq_register                # without it the queue is looked at: slow
    mov     dword ptr [ebx + DISK_KIND], DISK_HARD
    mov     dword ptr [ebx + DISK_DRIVER], offset virtio_blk_driver
    mov     dword ptr [ebx + DISK_SECTOR_BYTES], 512
    mov     dword ptr [ebx + DISK_BLOCK], VBLK_CHUNK
    mov     eax, [esi + VBLK_DEVICE + VIRTIO_FEATURES]
    test    eax, VBLK_F_READ_ONLY
    jz      1f
    or      dword ptr [ebx + DISK_FLAGS], DISK_READ_ONLY
1:  test    eax, VBLK_F_FLUSH
    jnz     2f
    or      dword ptr [ebx + DISK_FLAGS], DISK_NO_FLUSH
2:  lea     eax, [esi + VBLK_DEVICE]
    mov     edx, VBLK_CAPACITY + 4
    call    virtio_config
    test    eax, eax
    mov     eax, -1                     # 2 TiB are what 32 bits reach
    jnz     3f
    lea     eax, [esi + VBLK_DEVICE]
    mov     edx, VBLK_CAPACITY
    call    virtio_config
3:  mov     [ebx + DISK_SECTORS], eax
    lea     eax, [ebx + DISK_MODEL]
    mov     edx, offset virtio_blk_model
    mov     ecx, 44
    call    string_copy
    # The serial number ends with a NUL if it is shorter than its field; the buffer has room for one more.
    mov     eax, ebx
    mov     edx, VBLK_GET_ID
    lea     ecx, [ebx + DISK_SERIAL]
    push    edi
    mov     edi, VBLK_SERIAL_BYTES
    push    esi
    xor     esi, esi
    call    virtio_blk_request
    pop     esi
    pop     edi
    mov     eax, ebx
    call    disk_ready
    jmp     .Lvirtio_blk_attach_done
.Lvirtio_blk_attach_large:
    mov     edx, ebx
    call    disk_large
    jmp     .Lvirtio_blk_attach_done
.Lvirtio_blk_attach_failed:
    call    error_text
    lea     edx, [ebx + DISK_NAME]
    PRINTF  "%s: virtio disk not used: %s\n", edx, eax
.Lvirtio_blk_attach_done:
    pop     esi
    pop     ebx
    ret

# Begins with a device, or anew after it fell silent.
# In: EAX device.
# Out: CF and EAX on failure.
virtio_blk_open:
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + VBLK_PCI]
    mov     edx, VBLK_FEATURES
    lea     ecx, [ebx + VBLK_DEVICE]
    call    virtio_open
    jc      9f
    lea     eax, [ebx + VBLK_DEVICE]
    xor     edx, edx
    lea     ecx, [ebx + VBLK_QUEUE]
    call    virtio_queue
    jc      9f
    lea     eax, [ebx + VBLK_DEVICE]
    call    virtio_ready
    clc
9:  pop     ebx
    ret

# Calls a routine for each device.
# In: EAX routine, which takes EAX device, and may clobber EAX, ECX, EDX.
# Out: CF is clear.
virtio_blk_each:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset disk_table + DISK_IDE_MAX * DISK_SIZE_OF
1:  cmp     dword ptr [ebx + DISK_KIND], DISK_NONE
    je      2f
    mov     eax, [ebx + DISK_CHANNEL]
    call    esi
2:  add     ebx, DISK_SIZE_OF
    cmp     ebx, offset disk_table + DISK_MAX * DISK_SIZE_OF
    jb      1b
    clc
    pop     esi
    pop     ebx
    ret

# A kernel becomes two (docs/protocols/fork.md): no device is in the middle of something, or all may go on. May sleep.
# In: EAX 1 or 0.
# Out: CF is clear.
virtio_blk_still:
    test    eax, eax
    mov     eax, offset virtio_blk_lock
    jnz     virtio_blk_each
    mov     eax, offset virtio_blk_unlock
    jmp     virtio_blk_each

# Has nobody else begin with a device. May sleep.
# In: EAX device.
virtio_blk_lock:
    add     eax, VBLK_MUTEX
    jmp     mutex_lock

# Ends that.
# In: EAX device.
virtio_blk_unlock:
    add     eax, VBLK_MUTEX
    jmp     mutex_unlock

# This machine's memory becomes another's: no device touches it any more.
virtio_blk_close:
    mov     eax, offset virtio_reset    # VBLK_DEVICE is at its beginning
    jmp     virtio_blk_each

# It is that other one: the devices begin as after a reset, with the queues that this kernel has. One that does not is
# silent, and so given up by the next request.
virtio_blk_landed:
    mov     eax, offset virtio_blk_open
    jmp     virtio_blk_each

ON_HOOK fork_still, virtio_blk_still
ON_HOOK fork_close, virtio_blk_close
ON_HOOK fork_landed, virtio_blk_landed

# Interrupt handler.
# In: EAX device.
virtio_blk_interrupt:
    push    eax
    call    virtio_interrupt            # VBLK_DEVICE is at its beginning
    test    al, VIRTIO_INTERRUPT_QUEUE
    pop     eax
    jz      1f
    add     eax, VBLK_EVENT
    jmp     event_signal
1:  ret

# Driver routines: see DRIVER_* in disk.inc. The caller has checked the range. May sleep.
virtio_blk_read:
    push    edi
    mov     edi, VBLK_IN
    call    virtio_blk_transfer
    pop     edi
    ret

virtio_blk_write:
    push    edi
    mov     edi, VBLK_OUT
    call    virtio_blk_transfer
    pop     edi
    ret

# Reads or writes any number of sectors.
# In: EAX disk, EDX first sector, ECX buffer; ESI sectors, EDI = VBLK_IN or VBLK_OUT.
# Out: CF and EAX on failure.
# Locks: takes the device.
virtio_blk_transfer:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 first sector, -8 buffer, -12 sectors of this request, -16 attempts left
    mov     ebx, eax
    mov     [ebp - 4], edx
    mov     [ebp - 8], ecx
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, VBLK_MUTEX
    call    mutex_lock
    mov     eax, ERROR_NO_DEVICE
    cmp     dword ptr [disk_detached], 0
    je      .Lvirtio_blk_transfer_more
    mov     esi, eax
    jmp     .Lvirtio_blk_transfer_done
.Lvirtio_blk_transfer_more:
    test    esi, esi
    jz      .Lvirtio_blk_transfer_good
    mov     eax, esi
    cmp     eax, VBLK_CHUNK
    jbe     .Lvirtio_blk_transfer_chunk
    mov     eax, VBLK_CHUNK
.Lvirtio_blk_transfer_chunk:
    mov     [ebp - 12], eax
    mov     dword ptr [ebp - 16], VBLK_ATTEMPTS
.Lvirtio_blk_transfer_attempt:
    push    esi
    push    edi
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, [ebp - 8]
    mov     esi, [ebp - 4]
    mov     edi, [ebp - 12]
    shl     edi, 9
    call    virtio_blk_request
    pop     edi
    pop     esi
    jc      .Lvirtio_blk_transfer_again
    mov     eax, [ebp - 12]
    add     [ebp - 4], eax
    sub     esi, eax
    shl     eax, 9
    add     [ebp - 8], eax
    jmp     .Lvirtio_blk_transfer_more
.Lvirtio_blk_transfer_again:
    dec     dword ptr [ebp - 16]
    jz      .Lvirtio_blk_transfer_failed
    inc     dword ptr [ebx + DISK_RETRIES]
    jmp     .Lvirtio_blk_transfer_attempt
.Lvirtio_blk_transfer_failed:
    inc     dword ptr [ebx + DISK_FAILURES]
    lea     eax, [ebx + DISK_NAME]
    LOAD_STRING edx, "read"
    cmp     edi, VBLK_IN
    je      1f
    LOAD_STRING edx, "write"
1:  PRINTF  "%s: cannot %s %u sectors from %u: ", eax, edx, [ebp-12], [ebp-4]
    mov     eax, ebx
    call    virtio_blk_explain
    mov     esi, ERROR_IO
    jmp     .Lvirtio_blk_transfer_done
.Lvirtio_blk_transfer_good:
    xor     esi, esi
.Lvirtio_blk_transfer_done:
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, VBLK_MUTEX
    call    mutex_unlock
    mov     eax, esi
    neg     esi                         # CF unless it is zero
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Prints why the last request failed, to the end of the line.
# In: EAX disk.
virtio_blk_explain:
    mov     eax, [eax + DISK_CHANNEL]
    movzx   eax, byte ptr [eax + VBLK_STATUS]
    LOAD_STRING edx, "the device does not answer"
    cmp     eax, VBLK_SILENT
    je      1f
    LOAD_STRING edx, "the device refuses the request"
    cmp     eax, VBLK_UNSUPPORTED
    je      1f
    LOAD_STRING edx, "the device reports an error"
1:  PRINTF  "%s (status %u)\n", edx, eax
    ret

# Puts everything that the device has taken on stable storage. May sleep.
# In: EAX disk.
# Out: CF and EAX on failure.
# Locks: takes the device.
virtio_blk_flush:
    test    dword ptr [eax + DISK_FLAGS], DISK_NO_FLUSH
    jnz     .Lvirtio_blk_flush_none
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, VBLK_MUTEX
    call    mutex_lock
    mov     esi, ERROR_NO_DEVICE
    cmp     dword ptr [disk_detached], 0
    jne     .Lvirtio_blk_flush_done
    mov     eax, ebx
    mov     edx, VBLK_FLUSH
    xor     esi, esi
    xor     edi, edi
    call    virtio_blk_request
    mov     esi, 0
    jnc     .Lvirtio_blk_flush_done
    # Not repeated: a device may forget which sectors failed, and would report the second flush as done.
    inc     dword ptr [ebx + DISK_FAILURES]
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s: cannot flush the write cache: ", eax
    mov     eax, ebx
    call    virtio_blk_explain
    mov     esi, ERROR_IO
.Lvirtio_blk_flush_done:
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, VBLK_MUTEX
    call    mutex_unlock
    mov     eax, esi
    neg     esi
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lvirtio_blk_flush_none:
    xor     eax, eax
    ret

# DRIVER_PLACE.
virtio_blk_place:
    push    ebx
    mov     ebx, [eax + DISK_CHANNEL]
    PRINTF  "virtio at ports %x, IRQ %d", [ebx+VBLK_DEVICE+VIRTIO_PORT], [ebx+VBLK_DEVICE+VIRTIO_IRQ]
    mov     eax, [ebx + VBLK_LOST]
    pop     ebx
    ret

# Does one request. May sleep.
# In: EAX disk, EDX VBLK_* type, ECX buffer; ESI first sector, EDI bytes of the buffer, 0 for none.
# Out: CF when it failed; VBLK_STATUS says how.
# Locks: the caller holds the device.
virtio_blk_request:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + DISK_CHANNEL]
    mov     [ebx + VBLK_HEADER], edx
    mov     dword ptr [ebx + VBLK_HEADER + 4], 0
    mov     [ebx + VBLK_HEADER + 8], esi
    mov     dword ptr [ebx + VBLK_HEADER + 12], 0
    mov     byte ptr [ebx + VBLK_STATUS], VBLK_SILENT
    lea     esi, [ebx + VBLK_SEGMENTS]  # ESI: segment
    lea     eax, [ebx + VBLK_HEADER]
    mov     [esi + SEGMENT_ADDRESS], eax
    mov     dword ptr [esi + SEGMENT_BYTES], 16
    mov     dword ptr [esi + SEGMENT_FLAGS], 0
    add     esi, SEGMENT_SIZE_OF
    test    edi, edi
    jz      .Lvirtio_blk_request_status
    mov     [esi + SEGMENT_ADDRESS], ecx
    mov     [esi + SEGMENT_BYTES], edi
    mov     dword ptr [esi + SEGMENT_FLAGS], 0
    cmp     edx, VBLK_OUT
    je      1f
    mov     dword ptr [esi + SEGMENT_FLAGS], SEGMENT_DEVICE_WRITES
1:  add     esi, SEGMENT_SIZE_OF
.Lvirtio_blk_request_status:
    lea     eax, [ebx + VBLK_STATUS]
    mov     [esi + SEGMENT_ADDRESS], eax
    mov     dword ptr [esi + SEGMENT_BYTES], 1
    mov     dword ptr [esi + SEGMENT_FLAGS], SEGMENT_DEVICE_WRITES
    mov     ecx, 2
    test    edi, edi
    jz      2f
    inc     ecx
2:  mov     dword ptr [ebx + VBLK_EVENT], 0
    lea     eax, [ebx + VBLK_QUEUE]
    lea     edx, [ebx + VBLK_SEGMENTS]
    call    virtio_put
    jc      .Lvirtio_blk_request_failed # the device could not be opened anew
    lea     eax, [ebx + VBLK_QUEUE]
    call    virtio_kick
    mov     edi, VBLK_SLICES            # EDI: slices left
.Lvirtio_blk_request_wait:
    lea     eax, [ebx + VBLK_EVENT]
    mov     edx, VBLK_SLICE_MS
    call    event_wait
    sbb     esi, esi                    # ESI: -1 when no interrupt came
    lea     eax, [ebx + VBLK_QUEUE]
    call    virtio_take
    jnc     .Lvirtio_blk_request_answered
    test    esi, esi
    jz      .Lvirtio_blk_request_wait   # the interrupt of an answer that was taken without it
    dec     edi
    jnz     .Lvirtio_blk_request_wait
    mov     eax, ebx                    # it must not touch the buffers any more
    call    virtio_blk_open
    jmp     .Lvirtio_blk_request_failed
.Lvirtio_blk_request_answered:
    sub     [ebx + VBLK_LOST], esi
    cmp     byte ptr [ebx + VBLK_STATUS], VBLK_OK
    je      .Lvirtio_blk_request_done   # CF is clear
.Lvirtio_blk_request_failed:
    stc
.Lvirtio_blk_request_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
