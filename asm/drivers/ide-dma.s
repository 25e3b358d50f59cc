# Bus masters of IDE channels: they move what a DMA command reads or writes, as a table of physical regions says, while
# the task that waits for the interrupt sleeps. ata.s and atapi.s choose between this and PIO for each command.
# Source: Programming Interface for Bus Master IDE Controller (SFF-8038i) 1.0; ATA/ATAPI-6 clause 9.7 (DMA protocol).

.include "macros.inc"
.include "memory.inc"
.include "pci.inc"
.include "disk.inc"
.include "ide.inc"
.include "pages.inc"

# Registers relative to CHANNEL_MASTER.
MASTER_COMMAND          = 0
MASTER_STATUS           = 2
MASTER_TABLE            = 4             # u32, physical

MASTER_START            = 1             # command
MASTER_TO_MEMORY        = 8
MASTER_ACTIVE           = 1             # status
MASTER_ERROR            = 2             # written as 1, this and the next are cleared
MASTER_INTERRUPT        = 4
MASTER_CAPABLE          = 0x60          # the firmware's notes, kept

# An entry of the table: u32 physical address, even; u16 bytes, 0 for 64 KiB; u16 END in the last one.
REGION_BYTES            = 8
REGION_END              = 0x80000000
REGION_LIMIT            = 0x10000       # an entry does not cross a multiple of this
REGIONS                 = 4096 / REGION_BYTES

PCI_IDE_MASTER          = 0x80          # programming interface: the controller has bus masters
MASTER_BAR              = 4 * PCI_BAR_SIZE_OF
MASTER_PORTS            = 8             # of each channel

.text

# Finds a channel's bus master, and makes its table.
# In: EAX channel, EDX PCI device, ECX channel 0 or 1 of it.
# Out: CHANNEL_MASTER and CHANNEL_TABLE, 0 where there is none.
.global ide_dma_find
ide_dma_find:
    push    ebx
    push    esi
    mov     ebx, eax
    test    byte ptr [edx + PCI_INTERFACE], PCI_IDE_MASTER
    jz      9f
    cmp     dword ptr [edx + PCI_BARS + MASTER_BAR + PCI_BAR_TYPE], PCI_BAR_IO
    jne     9f
    mov     esi, [edx + PCI_BARS + MASTER_BAR + PCI_BAR_BASE]
    lea     esi, [esi + ecx*MASTER_PORTS]
    mov     eax, edx
    mov     edx, PCI_COMMAND_IO | PCI_COMMAND_MASTER
    call    pci_enable
    mov     eax, 1
    mov     edx, PAGES_DRIVERS
    call    page_alloc_for
    jc      9f
    mov     [ebx + CHANNEL_TABLE], eax
    mov     [ebx + CHANNEL_MASTER], esi
9:  pop     esi
    pop     ebx
    ret

# Makes a channel's bus master ready for a transfer: call it before the command is given to the drive.
# In: EAX channel, EDX buffer, ECX bytes, even, at most 64 KiB times the table's entries; ESI 0 reads from the drive,
# 1 writes to it.
# Out: CF when this buffer cannot be reached so.
# Locks: the caller holds the channel.
.global ide_dma_prepare
ide_dma_prepare:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    cmp     dword ptr [ebx + CHANNEL_MASTER], 0
    je      .Lide_dma_prepare_not
    test    dl, 1
    jnz     .Lide_dma_prepare_not
    VIRT_TO_PHYS edx                    # EDX: address; only the direct map has all pages of a buffer in a row
    lea     eax, [edx + ecx]
    cmp     edx, DIRECT_BYTES
    jae     .Lide_dma_prepare_not
    cmp     eax, DIRECT_BYTES
    ja      .Lide_dma_prepare_not
    mov     edi, [ebx + CHANNEL_TABLE]
.Lide_dma_prepare_region:
    mov     [edi], edx
    movzx   eax, dx
    sub     eax, REGION_LIMIT
    neg     eax                         # EAX: bytes up to the next multiple
    cmp     eax, ecx
    jbe     1f
    mov     eax, ecx
1:  add     edx, eax
    sub     ecx, eax
    movzx   eax, ax                     # 64 KiB are 0
    mov     [edi + 4], eax
    add     edi, REGION_BYTES
    test    ecx, ecx
    jnz     .Lide_dma_prepare_region
    or      dword ptr [edi - REGION_BYTES + 4], REGION_END
    mov     edx, [ebx + CHANNEL_MASTER]
    add     edx, MASTER_TABLE
    mov     eax, [ebx + CHANNEL_TABLE]
    VIRT_TO_PHYS eax
    out     dx, eax
    sub     edx, MASTER_TABLE - MASTER_STATUS
    in      al, dx
    or      al, MASTER_ERROR | MASTER_INTERRUPT
    out     dx, al
    sub     edx, MASTER_STATUS
    mov     al, MASTER_TO_MEMORY
    test    esi, esi
    jz      2f
    xor     al, al
2:  out     dx, al
    clc
    jmp     .Lide_dma_prepare_done
.Lide_dma_prepare_not:
    stc
.Lide_dma_prepare_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Moves the data of a DMA command that was given to the drive, and waits until it has ended. May sleep.
# In: EAX channel.
# Out: CF on failure; the channel remembers status and error.
# Locks: the caller holds the channel.
.global ide_dma_transfer
ide_dma_transfer:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edx, [ebx + CHANNEL_MASTER]
    in      al, dx
    or      al, MASTER_START
    out     dx, al
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    call    ide_wait
    mov     esi, eax                    # ESI: the drive's status
    sbb     edi, edi                    # EDI: -1 when there was no answer
    mov     edx, [ebx + CHANNEL_MASTER]
    add     edx, MASTER_STATUS
    in      al, dx
    movzx   ecx, al                     # ECX: the bus master's status while it was on
    sub     edx, MASTER_STATUS
    in      al, dx
    and     al, ~MASTER_START
    out     dx, al
    add     edx, MASTER_STATUS
    mov     al, cl
    or      al, MASTER_ERROR | MASTER_INTERRUPT
    out     dx, al
    mov     eax, ebx
    mov     edx, esi
    test    edi, edi
    jnz     .Lide_dma_transfer_silent
    push    ecx
    call    ide_check                   # what the drive says tells more than what the bus master says
    pop     ecx
    jc      .Lide_dma_transfer_done
    test    cl, MASTER_ERROR | MASTER_ACTIVE
    jz      .Lide_dma_transfer_done     # CF is clear
    mov     [ebx + CHANNEL_STATUS], ecx
    mov     dword ptr [ebx + CHANNEL_ERROR], IDE_DMA_ERROR
    stc
    jmp     .Lide_dma_transfer_done
.Lide_dma_transfer_silent:
    call    ide_no_answer
.Lide_dma_transfer_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# After a command by DMA has failed: whether DMA may be the reason. If so the drive does without from now on, and the
# console says it. A sector that cannot be read is no reason.
# In: EAX disk.
.global ide_dma_doubt
ide_dma_doubt:
    test    dword ptr [eax + DISK_FLAGS], DISK_DMA
    jz      9f
    mov     edx, [eax + DISK_CHANNEL]
    mov     edx, [edx + CHANNEL_ERROR]
    cmp     edx, IDE_NO_ANSWER
    jae     1f
    cmp     dword ptr [eax + DISK_KIND], DISK_HARD # a CD's error register says other things
    jne     9f
    test    dl, IDE_ERROR_ICRC | IDE_ERROR_ABRT
    jz      9f
1:  and     dword ptr [eax + DISK_FLAGS], ~DISK_DMA
    add     eax, DISK_NAME
    PRINTF  "%s: DMA fails; the drive does without\n", eax
9:  ret
