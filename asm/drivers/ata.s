# ATA disks: reading, writing and flushing by DMA, or by PIO where that is not possible; the task that waits for the
# interrupt sleeps. A command that fails is repeated after a soft reset; what still fails is reported with the sector
# and the drive's reason, and counted.
# Source: ATA/ATAPI-6 (INCITS 361) clauses 8 (commands), 9.5 to 9.7 (PIO and DMA protocols).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "ide.inc"

ATA_ATTEMPTS = 3
ATA_CHUNK = 128                         # sectors for each command

# A transfer of one command, passed by address.
REQUEST_DISK = 0
REQUEST_LBA = 4
REQUEST_BUFFER = 8
REQUEST_SECTORS = 12
REQUEST_WRITE = 16                      # 0 read, 1 write
REQUEST_DMA = 20                        # 1: by DMA
REQUEST_SIZE_OF = 24

.section .rodata
.balign 4
.global ata_driver
ata_driver:     .long ata_read, ata_write, ata_flush, ide_place

ata_commands:                           # [48 bit][multiple][write]
    .byte   0x20, 0x30, 0xC4, 0xC5, 0x24, 0x34, 0x29, 0x39
ata_dma_commands:                       # [48 bit][write]
    .byte   0xC8, 0xCA, 0x25, 0x35

.balign 4
ata_reasons:                            # bits of the error register, the most telling first
    .long   0x40, ata_reason_data
    .long   0x80, ata_reason_cable
    .long   0x10, ata_reason_range
    .long   0x01, ata_reason_mark
    .long   0x02, ata_reason_medium
    .long   0x04, ata_reason_refused
    .long   0, ata_reason_fault

STRING ata_reason_data, "the data cannot be recovered"
STRING ata_reason_cable, "transfer error on the cable"
STRING ata_reason_range, "the drive does not find that sector"
STRING ata_reason_mark, "the drive does not find the address mark"
STRING ata_reason_medium, "no medium"
STRING ata_reason_refused, "the drive refuses the command"
STRING ata_reason_fault, "device fault"
STRING ata_reason_silent, "the drive does not answer"
STRING ata_reason_dma, "the controller did not move all of it"

.text

# Gives a disk the settings back that a reset takes: sectors for each interrupt. May sleep.
# In: EAX disk (any slot).
# Locks: the caller holds the channel.
.global ata_restore
ata_restore:
    cmp     dword ptr [eax + DISK_DRIVER], offset ata_driver
    jne     9f
    cmp     dword ptr [eax + DISK_BLOCK], 1
    jbe     9f
    push    ebx
    mov     ebx, eax
    mov     edx, ATA_SET_MULTIPLE
    mov     ecx, [ebx + DISK_BLOCK]
    push    esi
    mov     esi, IDE_COMMAND_MS
    call    ata_command
    pop     esi
    jnc     1f
    mov     dword ptr [ebx + DISK_BLOCK], 1
1:  pop     ebx
9:  ret

# Runs a command without data. May sleep.
# In: EAX disk, EDX command, ECX sector count register; ESI milliseconds to wait.
# Out: CF on failure.
# Locks: the caller holds the channel.
ata_command:
    push    ebx
    push    edi
    mov     edi, edx
    push    ecx
    mov     edx, IDE_DEVICE_LBA
    call    ide_select
    pop     ecx
    mov     ebx, eax
    jc      9f
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_COUNT
    mov     al, cl
    out     dx, al
    mov     eax, ebx
    mov     edx, edi
    call    ide_command
    mov     eax, ebx
    mov     edx, esi
    call    ide_wait
    mov     edx, eax
    mov     eax, ebx
    jc      8f
    call    ide_check
    jmp     9f
8:  call    ide_no_answer
9:  pop     edi
    pop     ebx
    ret

# Driver routines: see DRIVER_* in disk.inc. The caller has checked the range. May sleep.
ata_read:
    push    edi
    xor     edi, edi
    call    ata_transfer
    pop     edi
    ret

ata_write:
    push    edi
    mov     edi, 1
    call    ata_transfer
    pop     edi
    ret

# Reads or writes any number of sectors.
# In: EAX disk, EDX = LBA, ECX buffer; ESI sectors, EDI = 0 read, 1 write.
# Out: CF and EAX on failure.
# Locks: takes the channel.
ata_transfer:
    FRAME   REQUEST_SIZE_OF
    push    ebx
    push    esi
    push    edi
    lea     ebx, [ebp - REQUEST_SIZE_OF]
    mov     [ebx + REQUEST_DISK], eax
    mov     [ebx + REQUEST_LBA], edx
    mov     [ebx + REQUEST_BUFFER], ecx
    mov     [ebx + REQUEST_WRITE], edi
    mov     eax, [eax + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_lock
    mov     edi, ERROR_NO_DEVICE
    cmp     dword ptr [disk_detached], 0
    jne     .Lata_transfer_done
    jmp     .Lata_transfer_more
.Lata_transfer_chunk:
    mov     eax, esi
    cmp     eax, ATA_CHUNK
    jbe     .Lata_transfer_whole
    mov     eax, ATA_CHUNK
.Lata_transfer_whole:
    mov     [ebx + REQUEST_SECTORS], eax
    mov     eax, ebx
    call    ata_persist
    jc      .Lata_transfer_failed
    mov     eax, [ebx + REQUEST_SECTORS]
    add     [ebx + REQUEST_LBA], eax
    sub     esi, eax
    shl     eax, 9
    add     [ebx + REQUEST_BUFFER], eax
.Lata_transfer_more:
    test    esi, esi
    jnz     .Lata_transfer_chunk
    xor     edi, edi
    jmp     .Lata_transfer_done
.Lata_transfer_failed:
    mov     edi, ERROR_IO
.Lata_transfer_done:
    mov     eax, [ebx + REQUEST_DISK]
    mov     eax, [eax + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_unlock
    mov     eax, edi
    neg     edi                         # CF unless it is zero
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Runs one command, if need be several times with a reset between, and reports if it cannot be done.
# In: EAX request.
# Out: CF on failure.
ata_persist:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, [ebx + REQUEST_DISK]
    mov     edi, ATA_ATTEMPTS
1:  mov     eax, ebx
    call    ata_run
    jnc     9f
    dec     edi
    jz      2f
    inc     dword ptr [esi + DISK_RETRIES]
    mov     eax, esi
    call    ide_dma_doubt
    mov     eax, [esi + DISK_CHANNEL]
    push    dword ptr [eax + CHANNEL_STATUS]
    push    dword ptr [eax + CHANNEL_ERROR]
    push    eax
    call    ide_reset
    pop     eax
    pop     dword ptr [eax + CHANNEL_ERROR] # the reset may have left others
    pop     dword ptr [eax + CHANNEL_STATUS]
    jmp     1b
2:  inc     dword ptr [esi + DISK_FAILURES]
    lea     eax, [esi + DISK_NAME]
    LOAD_STRING edx, "read"
    cmp     dword ptr [ebx + REQUEST_WRITE], 0
    je      3f
    LOAD_STRING edx, "write"
3:  PRINTF  "%s: cannot %s %u sectors from %u: ", eax, edx, [ebx+REQUEST_SECTORS], [ebx+REQUEST_LBA]
    mov     eax, esi
    call    ata_explain
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Prints why the last command failed, to the end of the line.
# In: EAX disk.
ata_explain:
    push    ebx
    mov     ebx, [eax + DISK_CHANNEL]
    mov     eax, [ebx + CHANNEL_ERROR]
    mov     edx, offset ata_reason_silent
    cmp     eax, IDE_NO_ANSWER
    je      3f
    mov     edx, offset ata_reason_dma
    cmp     eax, IDE_DMA_ERROR
    je      3f
    mov     ecx, offset ata_reasons - 8
1:  add     ecx, 8
    mov     edx, [ecx]
    test    edx, edx
    jz      2f
    test    eax, edx
    jz      1b
2:  mov     edx, [ecx + 4]
3:  PRINTF  "%s (status %02x, error %02x)\n", edx, [ebx+CHANNEL_STATUS], eax
    pop     ebx
    ret

# Runs one read or write command, by DMA if the drive and the buffer allow it.
# In: EAX request.
# Out: CF on failure; the channel remembers status and error.
ata_run:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     dword ptr [ebx + REQUEST_DMA], 0
    mov     eax, [ebx + REQUEST_DISK]
    test    dword ptr [eax + DISK_FLAGS], DISK_DMA
    jz      1f
    mov     eax, [eax + DISK_CHANNEL]
    mov     edx, [ebx + REQUEST_BUFFER]
    mov     ecx, [ebx + REQUEST_SECTORS]
    shl     ecx, 9
    mov     esi, [ebx + REQUEST_WRITE]
    call    ide_dma_prepare
    jc      1f
    inc     dword ptr [ebx + REQUEST_DMA]
    mov     eax, ebx
    call    ata_issue
    jc      2f
    call    ide_dma_transfer
    jmp     2f
1:  mov     eax, ebx
    call    ata_run_pio
2:  pop     esi
    pop     ebx
    ret

# As ata_run, by PIO.
ata_run_pio:
    FRAME   8
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # ESI: request
    # Locals: -4 sectors left, -8 sectors of this block
    mov     eax, [esi + REQUEST_SECTORS]
    mov     [ebp - 4], eax
    mov     edi, [esi + REQUEST_BUFFER]
    mov     eax, esi
    call    ata_issue
    mov     ebx, eax                    # EBX: channel
    jc      .Lata_run_done
    cmp     dword ptr [esi + REQUEST_WRITE], 0
    je      .Lata_run_next_block
    # The first block of a write is asked for without an interrupt.
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    call    ide_poll
    jmp     .Lata_run_ready
.Lata_run_next_block:
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    call    ide_wait
.Lata_run_ready:
    mov     edx, eax
    mov     eax, ebx
    jc      .Lata_run_timeout
    call    ide_check
    jc      .Lata_run_done
    mov     ecx, [ebp - 4]
    jecxz   .Lata_run_written           # a write is done when its last block has been taken
    test    dl, IDE_STATUS_DRQ
    jz      .Lata_run_timeout
    mov     eax, [esi + REQUEST_DISK]
    mov     eax, [eax + DISK_BLOCK]
    cmp     eax, ecx
    jbe     .Lata_run_last_block
    mov     eax, ecx
.Lata_run_last_block:
    sub     [ebp - 4], eax
    mov     ecx, eax
    shl     ecx, 8                      # words
    mov     edx, [ebx + CHANNEL_BASE]
    cmp     dword ptr [esi + REQUEST_WRITE], 0
    jne     .Lata_run_write
    rep insw
    cmp     dword ptr [ebp - 4], 0
    jne     .Lata_run_next_block
    jmp     .Lata_run_written
.Lata_run_write:
    push    esi
    mov     esi, edi
    rep outsw
    mov     edi, esi
    pop     esi
    jmp     .Lata_run_next_block
.Lata_run_written:
    clc
    jmp     .Lata_run_done
.Lata_run_timeout:
    call    ide_no_answer
.Lata_run_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Sets the task file and starts the command.
# In: EAX request.
# Out: EAX channel; CF when the drive stays busy.
ata_issue:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, [esi + REQUEST_DISK]
    xor     ecx, ecx                    # ECX: 1 when 28 bits are not enough
    mov     eax, [esi + REQUEST_LBA]
    add     eax, [esi + REQUEST_SECTORS]
    jc      .Lata_issue_large
    cmp     eax, 1 << 28
    jbe     .Lata_issue_sized
.Lata_issue_large:
    inc     ecx
.Lata_issue_sized:
    mov     edx, IDE_DEVICE_LBA
    test    ecx, ecx
    jnz     .Lata_issue_device
    mov     eax, [esi + REQUEST_LBA]
    shr     eax, 24
    or      edx, eax
.Lata_issue_device:
    mov     eax, edi
    push    ecx
    call    ide_select
    pop     ecx
    mov     ebx, eax
    jc      .Lata_issue_done
    test    ecx, ecx
    jz      .Lata_issue_low
    mov     edx, [ebx + CHANNEL_BASE]   # the upper halves go first into the same registers
    add     edx, IDE_COUNT
    mov     al, [esi + REQUEST_SECTORS + 1]
    out     dx, al
    inc     edx
    mov     al, [esi + REQUEST_LBA + 3]
    out     dx, al
    inc     edx
    xor     al, al
    out     dx, al
    inc     edx
    out     dx, al
.Lata_issue_low:
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_COUNT
    mov     al, [esi + REQUEST_SECTORS]
    out     dx, al
    inc     edx
    mov     al, [esi + REQUEST_LBA]
    out     dx, al
    inc     edx
    mov     al, [esi + REQUEST_LBA + 1]
    out     dx, al
    inc     edx
    mov     al, [esi + REQUEST_LBA + 2]
    out     dx, al
    cmp     dword ptr [esi + REQUEST_DMA], 0
    jne     .Lata_issue_dma
    shl     ecx, 2
    cmp     dword ptr [edi + DISK_BLOCK], 1
    jbe     .Lata_issue_single
    or      ecx, 2
.Lata_issue_single:
    or      ecx, [esi + REQUEST_WRITE]
    movzx   edx, byte ptr [ata_commands + ecx]
    jmp     .Lata_issue_command
.Lata_issue_dma:
    add     ecx, ecx
    or      ecx, [esi + REQUEST_WRITE]
    movzx   edx, byte ptr [ata_dma_commands + ecx]
.Lata_issue_command:
    mov     eax, ebx
    call    ide_command
    mov     eax, ebx
    clc
.Lata_issue_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Puts everything that the drive has taken on stable storage. May sleep.
# In: EAX disk.
# Out: CF and EAX on failure.
# Locks: takes the channel.
ata_flush:
    test    dword ptr [eax + DISK_FLAGS], DISK_NO_FLUSH
    jnz     .Lata_flush_none
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_lock
    mov     edi, ERROR_NO_DEVICE
    cmp     dword ptr [disk_detached], 0
    jne     .Lata_flush_done
    mov     edx, ATA_FLUSH_CACHE
    test    dword ptr [ebx + DISK_FLAGS], DISK_FLUSH_EXT
    jz      .Lata_flush_command
    mov     edx, ATA_FLUSH_CACHE_EXT
.Lata_flush_command:
    mov     eax, ebx
    xor     ecx, ecx
    mov     esi, IDE_FLUSH_MS
    call    ata_command
    mov     edi, 0
    jnc     .Lata_flush_done
    # Not repeated: a drive may forget which sectors failed, and would report the second flush as done.
    inc     dword ptr [ebx + DISK_FAILURES]
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s: cannot flush the write cache: ", eax
    mov     eax, ebx
    call    ata_explain
    mov     edi, ERROR_IO
.Lata_flush_done:
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_unlock
    mov     eax, edi
    neg     edi
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lata_flush_none:
    xor     eax, eax
    ret
