# IDE channels: finds the controllers and the drives on them, delivers their interrupts, waits for drives and resets
# them. What the commands mean is in ata.s (disks) and atapi.s (CDs). Drives are named by position: primary master is
# hda. Source: ATA/ATAPI-6 (INCITS 361) clauses 7 and 9; PCI IDE Controller Specification 1.0 (compatibility and native
# mode).

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "pci.inc"
.include "disk.inc"
.include "ide.inc"

PCI_CLASS_IDE = 0x0101
IDE_SLICE_MS = 1000                     # after so long without an interrupt the status register is looked at

.if MUTEX_SIZE > CHANNEL_MASTER - CHANNEL_MUTEX
.error "a mutex does not fit into the channel record"
.endif

.section .rodata
.balign 4
ide_legacy:                             # base, control, IRQ of the two channels in compatibility mode
    .long   0x1F0, 0x3F6, 14
    .long   0x170, 0x376, 15

.bss
.balign 16
.global ide_channels
ide_channels:   .skip CHANNEL_MAX * CHANNEL_SIZE_OF
.global ide_count
ide_count:      .skip 4                 # channels in use
ide_identity:   .skip 512               # IDENTIFY data of the drive that is being probed

.text

INITCALL 5, ide_init

# Finds controllers, channels and drives, and reads the partition tables. Runs once, at boot.
ide_init:
    push    ebx
    push    esi
    push    edi
    xor     esi, esi                    # ESI: index of the controller
1:  mov     eax, PCI_CLASS_IDE
    mov     edx, esi
    call    pci_find_class
    jc      9f
    mov     ebx, eax
    mov     edx, PCI_COMMAND_IO
    call    pci_enable
    xor     edi, edi                    # EDI: channel of the controller
2:  mov     eax, ebx
    mov     edx, edi
    call    ide_add_channel
    inc     edi
    cmp     edi, 2
    jb      2b
    inc     esi
    jmp     1b
9:  pop     edi
    pop     esi
    pop     ebx
    clc
    ret

# Adds a channel of a controller, if it is not known yet, and probes its drives.
# In: EAX = PCI device, EDX channel 0 or 1.
ide_add_channel:
    FRAME   4
    push    ebx
    push    esi
    push    edi
    # Local: -4 channel of the controller
    mov     esi, eax
    mov     [ebp - 4], edx
    mov     eax, [ide_count]
    cmp     eax, CHANNEL_MAX
    jae     .Lide_add_channel_done
    mov     ebx, eax
    shl     ebx, 6
    add     ebx, offset ide_channels    # EBX: record of the new channel
    call    ide_ports
    jc      .Lide_add_channel_done
    mov     [ebx + CHANNEL_BASE], eax
    mov     [ebx + CHANNEL_CONTROL], edx
    mov     [ebx + CHANNEL_IRQ], ecx
    mov     edi, offset ide_channels    # a second controller in compatibility mode has the same ports
.Lide_add_channel_same:
    cmp     edi, ebx
    je      .Lide_add_channel_unique
    cmp     [edi + CHANNEL_BASE], eax
    je      .Lide_add_channel_done
    add     edi, CHANNEL_SIZE_OF
    jmp     .Lide_add_channel_same
.Lide_add_channel_unique:
    mov     eax, [ide_count]
    inc     dword ptr [ide_count]
    imul    edi, eax, 2 * DISK_SIZE_OF
    add     edi, offset disk_table
    mov     [ebx + CHANNEL_FIRST_DISK], edi
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, [ebp - 4]
    call    ide_dma_find
    mov     eax, IDE_CONTROL_NIEN       # probing polls
    mov     edx, [ebx + CHANNEL_CONTROL]
    out     dx, al
    mov     eax, ebx
    xor     edx, edx
    call    ide_probe
    mov     eax, ebx
    mov     edx, 1
    call    ide_probe
    mov     eax, [edi + DISK_KIND]
    or      eax, [edi + DISK_SIZE_OF + DISK_KIND]
    jz      .Lide_add_channel_done
    mov     eax, [ebx + CHANNEL_IRQ]
    mov     edx, offset ide_interrupt
    mov     ecx, ebx
    call    irq_register
    jnc     .Lide_add_channel_registered
    PRINT   "ide: no room for an interrupt handler; the drives will be slow\n"
.Lide_add_channel_registered:
    mov     edx, [ebx + CHANNEL_BASE]   # take back what probing has raised
    add     edx, IDE_STATUS
    in      al, dx
    xor     eax, eax
    mov     edx, [ebx + CHANNEL_CONTROL]
    out     dx, al
    mov     dword ptr [ebx + CHANNEL_EVENT], 0
    mov     eax, edi
    call    disk_ready
    lea     eax, [edi + DISK_SIZE_OF]
    call    disk_ready
.Lide_add_channel_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Where the registers of a channel are.
# In: ESI PCI device, EDX channel of it.
# Out: EAX and EDX ports, ECX interrupt line; CF when the firmware gave it none that can be used.
# Clobbers: EDI.
ide_ports:
    lea     ecx, [edx + edx]            # bit 0 of the interface: channel 0 is in native mode; bit 2: channel 1
    movzx   eax, byte ptr [esi + PCI_INTERFACE]
    bt      eax, ecx
    jc      .Lide_ports_native
    lea     eax, [edx + edx*2]
    lea     edi, [ide_legacy + eax*4]
    mov     eax, [edi]
    mov     edx, [edi + 4]
    mov     ecx, [edi + 8]
    jmp     .Lide_ports_done
.Lide_ports_native:
    imul    edx, edx, 2 * PCI_BAR_SIZE_OF # native: two ranges for each channel
    lea     edi, [esi + edx + PCI_BARS]
    mov     eax, [edi + PCI_BAR_BASE]
    mov     edx, [edi + PCI_BAR_SIZE_OF + PCI_BAR_BASE]
    add     edx, 2
    movzx   ecx, byte ptr [esi + PCI_IRQ]
    cmp     dword ptr [edi + PCI_BAR_TYPE], PCI_BAR_IO
    jne     .Lide_ports_not
    cmp     dword ptr [edi + PCI_BAR_SIZE_OF + PCI_BAR_TYPE], PCI_BAR_IO
    jne     .Lide_ports_not
    cmp     ecx, 15
    ja      .Lide_ports_not
.Lide_ports_done:
    clc
    ret
.Lide_ports_not:
    stc
    ret

# Interrupt handler.
# In: EAX channel.
ide_interrupt:
    mov     edx, [eax + CHANNEL_BASE]
    add     edx, IDE_STATUS
    push    eax
    in      al, dx                      # acknowledges
    pop     eax
    add     eax, CHANNEL_EVENT
    jmp     event_signal

# Looks whether there is a drive, and which. Polls; the channel's interrupts are off.
# In: EAX channel, EDX unit.
# Out: its slot in disk_table is filled in, or keeps DISK_NONE.
ide_probe:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    imul    edi, esi, DISK_SIZE_OF
    add     edi, [ebx + CHANNEL_FIRST_DISK] # EDI: slot
    mov     [edi + DISK_CHANNEL], ebx
    mov     [edi + DISK_UNIT], esi
    mov     eax, edi
    call    disk_name

    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_DEVICE
    mov     eax, esi
    shl     eax, 4
    or      al, IDE_DEVICE_PACKET
    out     dx, al
    mov     eax, ebx
    call    ide_delay
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
    cmp     al, 0xFF                    # nobody drives the bus
    je      .Lide_probe_done
    mov     eax, ebx
    mov     edx, 3000
    call    ide_poll
    jc      .Lide_probe_done
    # Registers that hold what is written to them: somebody is there, if only the other drive.
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_COUNT
    mov     al, 0x55
    out     dx, al
    inc     edx
    mov     al, 0xAA
    out     dx, al
    dec     edx
    in      al, dx
    cmp     al, 0x55
    jne     .Lide_probe_done
    inc     edx
    in      al, dx
    cmp     al, 0xAA
    jne     .Lide_probe_done

    mov     eax, ebx
    mov     edx, ATA_IDENTIFY
    call    ide_identify
    jc      .Lide_probe_packet
    mov     eax, edi
    mov     edx, offset ide_identity
    call    ata_setup
    jmp     .Lide_probe_done
.Lide_probe_packet:
    mov     edx, [ebx + CHANNEL_BASE]   # a packet device refuses, and leaves its signature
    add     edx, IDE_LBA_MID
    in      al, dx
    mov     ah, al
    inc     edx
    in      al, dx
    cmp     ax, 0x14EB
    jne     .Lide_probe_done
    mov     eax, ebx
    mov     edx, ATA_IDENTIFY_PACKET
    call    ide_identify
    jc      .Lide_probe_done
    mov     eax, edi
    mov     edx, offset ide_identity
    call    atapi_setup
.Lide_probe_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the IDENTIFY data of the selected drive into ide_identity, polling.
# In: EAX channel, EDX command.
# Out: CF when there is no drive or it refuses.
ide_identify:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     eax, edx
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_COMMAND
    out     dx, al
    mov     eax, ebx
    call    ide_delay
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
    test    al, al                      # the other drive answers for one that is not there: with zero
    jz      8f
    mov     eax, ebx
    mov     edx, 3000
    call    ide_poll
    jc      8f
    test    al, IDE_STATUS_ERR | IDE_STATUS_DF
    jnz     8f
    test    al, IDE_STATUS_DRQ
    jz      8f
    mov     edi, offset ide_identity
    mov     edx, [ebx + CHANNEL_BASE]
    mov     ecx, 256
    rep insw
    clc
    jmp     9f
8:  stc
9:  pop     edi
    pop     ebx
    ret

# Waits the 400 ns that a drive has to put up its status after a command or a change of drives.
# In: EAX channel.
ide_delay:
    mov     edx, [eax + CHANNEL_CONTROL]
    in      al, dx                      # each access takes 100 ns or more
    in      al, dx
    in      al, dx
    in      al, dx
    ret

# Waits until the channel is not busy, without its interrupt. May sleep.
# In: EAX channel, EDX milliseconds.
# Out: EAX status; CF when it is still busy or nobody is there.
.global ide_poll
ide_poll:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, 1000                   # mostly it takes microseconds
.Lide_poll_spin:
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
    test    al, IDE_STATUS_BSY
    jz      .Lide_poll_idle
    cmp     al, 0xFF
    je      .Lide_poll_failed
    dec     edi
    jnz     .Lide_poll_spin
    call    clock_ms
    mov     edi, eax
.Lide_poll_sleep:
    mov     eax, 1
    call    task_sleep
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
    test    al, IDE_STATUS_BSY
    jz      .Lide_poll_idle
    call    clock_ms
    sub     eax, edi
    cmp     eax, esi
    jb      .Lide_poll_sleep
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
.Lide_poll_failed:
    movzx   eax, al
    stc
    jmp     .Lide_poll_done
.Lide_poll_idle:
    movzx   eax, al                     # CF is clear from `test`
    clc
.Lide_poll_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Waits for the channel's interrupt and until it is not busy. An interrupt that does not come is noticed by the status
# register, counted, and does no harm but delay. May sleep.
# In: EAX channel, EDX milliseconds.
# Out: EAX status; CF on timeout.
.global ide_wait
ide_wait:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
.Lide_wait_slice:
    lea     eax, [ebx + CHANNEL_EVENT]
    mov     edx, IDE_SLICE_MS
    call    event_wait
    jnc     .Lide_wait_idle
    mov     edx, [ebx + CHANNEL_CONTROL]
    in      al, dx
    test    al, IDE_STATUS_BSY
    jnz     .Lide_wait_busy
    inc     dword ptr [ebx + CHANNEL_LOST]
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_STATUS
    in      al, dx                      # acknowledge in its place
.Lide_wait_idle:
    mov     eax, ebx
    mov     edx, esi
    call    ide_poll
    jmp     .Lide_wait_done
.Lide_wait_busy:
    cmp     al, 0xFF
    je      .Lide_wait_gone
    sub     esi, IDE_SLICE_MS
    ja      .Lide_wait_slice
.Lide_wait_gone:
    movzx   eax, al
    stc
.Lide_wait_done:
    pop     esi
    pop     ebx
    ret

# Selects a drive and waits until it takes commands. May sleep.
# In: EAX disk, EDX device register without the unit bit.
# Out: EAX channel; CF when it stays busy.
.global ide_select
ide_select:
    push    ebx
    push    esi
    mov     ebx, [eax + DISK_CHANNEL]
    mov     esi, [eax + DISK_UNIT]
    shl     esi, 4
    or      esi, edx                    # ESI: device register
    mov     eax, ebx                    # the other drive may still be at work
    mov     edx, IDE_COMMAND_MS
    call    ide_poll
    jc      8f
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_DEVICE
    mov     eax, esi
    out     dx, al
    mov     eax, ebx
    call    ide_delay
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    call    ide_poll
    jc      8f
    test    al, IDE_STATUS_DRQ          # stuck in a transfer that nobody finished
    jnz     8f
    mov     dword ptr [ebx + CHANNEL_EVENT], 0
    mov     eax, ebx
    clc
    jmp     9f
8:  movzx   edx, al
    mov     eax, ebx
    mov     [ebx + CHANNEL_STATUS], edx
    mov     dword ptr [ebx + CHANNEL_ERROR], IDE_NO_ANSWER
    stc
9:  pop     esi
    pop     ebx
    ret

# Writes the command register.
# In: EAX channel, EDX command.
.global ide_command
ide_command:
    push    eax
    mov     ecx, edx
    mov     edx, [eax + CHANNEL_BASE]
    add     edx, IDE_COMMAND
    mov     al, cl
    out     dx, al
    pop     eax
    jmp     ide_delay

# Looks at a status: whether the command failed. Remembers why in the channel.
# In: EAX channel, EDX status.
# Out: CF when it failed.
.global ide_check
ide_check:
    test    dl, IDE_STATUS_ERR | IDE_STATUS_DF
    jnz     1f
    clc
    ret
1:  mov     [eax + CHANNEL_STATUS], edx
    mov     ecx, eax
    mov     edx, [eax + CHANNEL_BASE]
    add     edx, IDE_ERROR
    in      al, dx
    movzx   eax, al
    mov     [ecx + CHANNEL_ERROR], eax
    stc
    ret

# Notes that a command got no answer in time.
# In: EAX channel, EDX status.
# Out: CF set.
.global ide_no_answer
ide_no_answer:
    mov     [eax + CHANNEL_STATUS], edx
    mov     dword ptr [eax + CHANNEL_ERROR], IDE_NO_ANSWER
    stc
    ret

# DRIVER_PLACE of drives on a channel.
.global ide_place
ide_place:
    push    ebx
    mov     ebx, [eax + DISK_CHANNEL]
    LOAD_STRING edx, "master"
    cmp     dword ptr [eax + DISK_UNIT], 0
    je      1f
    LOAD_STRING edx, "slave"
1:  PRINTF  "ports %x and %x, IRQ %d, %s", [ebx+CHANNEL_BASE], [ebx+CHANNEL_CONTROL], [ebx+CHANNEL_IRQ], edx
    mov     eax, [ebx + CHANNEL_LOST]
    pop     ebx
    ret

# Resets both drives of a channel and gives the disks their settings back. May sleep for long.
# In: EAX channel.
# Locks: the caller holds the channel.
.global ide_reset
ide_reset:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     edx, [ebx + CHANNEL_CONTROL]
    mov     al, IDE_CONTROL_SRST | IDE_CONTROL_NIEN
    out     dx, al
    mov     eax, 1
    call    task_sleep
    mov     edx, [ebx + CHANNEL_CONTROL]
    mov     al, IDE_CONTROL_NIEN
    out     dx, al
    mov     eax, 5
    call    task_sleep
    mov     eax, ebx
    mov     edx, 31000                  # clause 9.2: a drive may take 31 s
    call    ide_poll
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_STATUS
    in      al, dx
    xor     eax, eax
    mov     edx, [ebx + CHANNEL_CONTROL]
    out     dx, al
    mov     dword ptr [ebx + CHANNEL_EVENT], 0
    mov     esi, [ebx + CHANNEL_FIRST_DISK]
    mov     eax, esi
    call    ata_restore
    lea     eax, [esi + DISK_SIZE_OF]
    call    ata_restore
    pop     esi
    pop     ebx
    ret
