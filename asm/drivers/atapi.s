# ATAPI drives (CD, DVD): packet commands, sectors by DMA where that is possible, all else by PIO. READ(10), READ
# CAPACITY and REQUEST SENSE are all that a boot medium needs. A medium may change at any time: the drive says so by a
# unit attention, and its capacity is asked for again.
# Source: ATA/ATAPI-6 clause 9.8 (PACKET protocol); SCSI MMC-3 and SPC-2 (commands, sense data).

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "ide.inc"

ATAPI_READ10 = 0x28
ATAPI_CAPACITY = 0x25
ATAPI_SENSE = 0x03
ATAPI_CHUNK = 16                        # sectors for each command: 32 KiB
ATAPI_ATTEMPTS = 8
ATAPI_READY_WAIT_MS = 500               # between attempts while a drive spins up
ATAPI_SECTOR_BYTES = 2048
ATAPI_SENSE_BYTES = 18

SENSE_NOT_READY = 2
SENSE_UNIT_ATTENTION = 6
SENSE_CODE_NO_MEDIUM = 0x3A
SENSE_CODE_BECOMING_READY = 0x04

# Locals of a command, relative to EBP of its routine: packet of 16 bytes, sense data.
ATAPI_PACKET = -16
ATAPI_LOCALS = 16

.section .rodata
.balign 4
atapi_driver:   .long atapi_read, atapi_write, atapi_flush, ide_place

atapi_sense_keys:
    .long   sense_none, sense_recovered, sense_not_ready, sense_medium, sense_hardware, sense_request, sense_attention
    .long   sense_protected, sense_blank, sense_vendor, sense_copy, sense_aborted, sense_other, sense_other, sense_other
    .long   sense_other

STRING sense_none, "no reason given"
STRING sense_recovered, "recovered error"
STRING sense_not_ready, "drive is not ready"
STRING sense_medium, "medium error"
STRING sense_hardware, "hardware error"
STRING sense_request, "illegal request"
STRING sense_attention, "medium changed or drive was reset"
STRING sense_protected, "write protected"
STRING sense_blank, "blank medium"
STRING sense_vendor, "vendor's own reason"
STRING sense_copy, "copy aborted"
STRING sense_aborted, "command aborted"
STRING sense_other, "unknown reason"

.text

# Fills in a drive from its IDENTIFY PACKET data.
# In: EAX disk, EDX the 512 bytes.
.global atapi_setup
atapi_setup:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     dword ptr [ebx + DISK_FLAGS], DISK_REMOVABLE | DISK_READ_ONLY
    mov     al, [esi]
    and     al, 3                       # word 0, bits 0-1: packet size
    cmp     al, 1
    jne     1f
    or      dword ptr [ebx + DISK_FLAGS], DISK_PACKET16
1:  mov     dword ptr [ebx + DISK_KIND], DISK_CD
    mov     dword ptr [ebx + DISK_SECTOR_BYTES], ATAPI_SECTOR_BYTES
    mov     dword ptr [ebx + DISK_DRIVER], offset atapi_driver
    mov     eax, ebx
    mov     edx, esi
    call    ide_dma_offer
    mov     eax, ebx
    mov     edx, esi
    call    ata_strings
    pop     esi
    pop     ebx
    ret

# Asks for the capacity of the medium, and keeps it in the disk: DISK_SECTORS is 0 without a medium. May sleep.
# In: EAX disk.
# Out: CF and EAX on failure.
# Locks: takes the channel.
.global atapi_refresh
atapi_refresh:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_lock
    mov     eax, ebx
    call    atapi_capacity
    mov     esi, eax
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_unlock
    mov     eax, esi
    neg     esi
    pop     esi
    pop     ebx
    ret

# As atapi_refresh; the caller holds the channel.
# Out: EAX error code, 0 on success.
atapi_capacity:
    FRAME   ATAPI_LOCALS + 8
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, 4                      # after a change of medium the first commands are refused
.Latapi_capacity_try:
    lea     eax, [ebp + ATAPI_PACKET]
    mov     edx, ATAPI_CAPACITY
    call    atapi_clear
    mov     eax, ebx
    lea     edx, [ebp + ATAPI_PACKET]
    lea     ecx, [ebp - ATAPI_LOCALS - 8]
    mov     esi, 8
    call    atapi_packet
    jc      .Latapi_capacity_failed
    cmp     eax, 8
    jne     .Latapi_capacity_unknown
    mov     eax, [ebp - ATAPI_LOCALS - 8] # last sector
    mov     edx, [ebp - ATAPI_LOCALS - 4] # bytes
    bswap   eax
    bswap   edx
    cmp     edx, ATAPI_SECTOR_BYTES
    jne     .Latapi_capacity_unknown
    add     eax, 1
    jc      .Latapi_capacity_unknown
    jmp     .Latapi_capacity_good
.Latapi_capacity_failed:
    mov     eax, ebx
    call    atapi_sense
    cmp     ah, SENSE_UNIT_ATTENTION
    jne     .Latapi_capacity_sense
    dec     edi
    jnz     .Latapi_capacity_try
.Latapi_capacity_unknown:
    xor     eax, eax
    call    .Latapi_capacity_set
    mov     eax, ERROR_IO
    jmp     .Latapi_capacity_done
.Latapi_capacity_good:
    call    .Latapi_capacity_set
    xor     eax, eax
    jmp     .Latapi_capacity_done
.Latapi_capacity_sense:
    mov     esi, eax
    xor     eax, eax
    call    .Latapi_capacity_set
    mov     eax, ERROR_IO
    and     esi, 0xFFFF
    shr     esi, 8
    cmp     esi, SENSE_NOT_READY
    jne     .Latapi_capacity_done
    mov     eax, ERROR_NO_MEDIUM
.Latapi_capacity_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
.Latapi_capacity_set:
    mov     [ebx + DISK_SECTORS], eax
    mov     [ebx + DISK_VOLUME + VOLUME_SECTORS], eax
    ret

# Driver routine: reads sectors of 2048 bytes. See DRIVER_READ in disk.inc. Locks: takes the channel.
atapi_read:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    # Locals: -4 sector, -8 buffer, -12 sectors left, -16 sectors of this command
    mov     [ebp - 4], edx
    mov     [ebp - 8], ecx
    mov     [ebp - 12], esi
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_lock
1:  mov     esi, [ebp - 12]
    xor     eax, eax
    test    esi, esi
    jz      9f
    cmp     esi, ATAPI_CHUNK
    jbe     2f
    mov     esi, ATAPI_CHUNK
2:  mov     [ebp - 16], esi
    mov     eax, ebx
    mov     edx, [ebp - 4]
    mov     ecx, [ebp - 8]
    call    atapi_persist
    test    eax, eax
    jnz     9f
    mov     eax, [ebp - 16]
    add     [ebp - 4], eax
    sub     [ebp - 12], eax
    shl     eax, 11
    add     [ebp - 8], eax
    jmp     1b
9:  mov     edi, eax
    mov     eax, [ebx + DISK_CHANNEL]
    add     eax, CHANNEL_MUTEX
    call    mutex_unlock
    mov     eax, edi
    neg     edi                         # CF unless there was no error
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Driver routines that a CD does not have.
# Out: CF and EAX for writing; flushing succeeds.
atapi_write:
    mov     eax, ERROR_READ_ONLY
    stc
    ret
atapi_flush:
    xor     eax, eax
    ret

# Reads up to ATAPI_CHUNK sectors, again after what passes: a unit attention, a drive that spins up, an error.
# In: EAX disk, EDX sector, ECX buffer; ESI sectors.
# Out: EAX error code, 0 on success.
atapi_persist:
    FRAME   ATAPI_LOCALS + 12
    push    ebx
    push    edi
    mov     ebx, eax
    # Locals: the packet; -20 sector, -24 buffer, -28 attempts left
    mov     [ebp - ATAPI_LOCALS - 4], edx
    mov     [ebp - ATAPI_LOCALS - 8], ecx
    mov     dword ptr [ebp - ATAPI_LOCALS - 12], ATAPI_ATTEMPTS
.Latapi_persist_try:
    lea     eax, [ebp + ATAPI_PACKET]
    mov     edx, ATAPI_READ10
    call    atapi_clear
    mov     eax, [ebp - ATAPI_LOCALS - 4]
    bswap   eax
    mov     [ebp + ATAPI_PACKET + 2], eax
    mov     eax, esi
    mov     [ebp + ATAPI_PACKET + 8], al
    mov     eax, ebx
    lea     edx, [ebp + ATAPI_PACKET]
    mov     ecx, [ebp - ATAPI_LOCALS - 8]
    push    esi
    shl     esi, 11
    call    atapi_packet
    pop     esi
    jc      .Latapi_persist_failed
    mov     edx, esi
    shl     edx, 11
    cmp     eax, edx
    mov     eax, 0
    je      .Latapi_persist_done
    xor     edi, edi                    # fewer bytes than were asked for
    jmp     .Latapi_persist_error
.Latapi_persist_failed:
    mov     eax, ebx
    call    ide_dma_doubt
    mov     eax, ebx
    call    atapi_sense                 # AH key, AL code
    movzx   edi, ax
    cmp     ah, SENSE_UNIT_ATTENTION
    je      .Latapi_persist_again
    cmp     ah, SENSE_NOT_READY
    jne     .Latapi_persist_error
    cmp     al, SENSE_CODE_NO_MEDIUM
    je      .Latapi_persist_no_medium
    mov     eax, ATAPI_READY_WAIT_MS
    call    task_sleep
    jmp     .Latapi_persist_again
.Latapi_persist_no_medium:
    mov     dword ptr [ebx + DISK_SECTORS], 0
    mov     dword ptr [ebx + DISK_VOLUME + VOLUME_SECTORS], 0
    mov     eax, ERROR_NO_MEDIUM
    jmp     .Latapi_persist_done
.Latapi_persist_error:
    mov     eax, [ebx + DISK_CHANNEL]   # an error, or no answer at all
    cmp     dword ptr [eax + CHANNEL_ERROR], IDE_NO_ANSWER
    jne     .Latapi_persist_again
    call    ide_reset
.Latapi_persist_again:
    inc     dword ptr [ebx + DISK_RETRIES]
    dec     dword ptr [ebp - ATAPI_LOCALS - 12]
    jnz     .Latapi_persist_try
    inc     dword ptr [ebx + DISK_FAILURES]
    mov     ecx, edi
    shr     ecx, 8
    and     ecx, 15
    mov     ecx, [atapi_sense_keys + ecx*4]
    and     edi, 0xFF
    lea     eax, [ebx + DISK_NAME]
    PRINTF  "%s: cannot read %u sectors from %u: %s (code %02x)\n", eax, esi, [ebp-ATAPI_LOCALS-4], ecx, edi
    mov     eax, ERROR_IO
.Latapi_persist_done:
    pop     edi
    pop     ebx
    ENDFRAME
    ret

# Clears a packet and sets its operation code.
# In: EAX packet of 16 bytes, EDX code.
atapi_clear:
    mov     [eax], edx
    xor     edx, edx
    mov     [eax + 4], edx
    mov     [eax + 8], edx
    mov     [eax + 12], edx
    ret

# Asks why the last command failed.
# In: EAX disk.
# Out: EAX sense key << 8 | additional sense code, 0 if it does not say.
atapi_sense:
    FRAME   ATAPI_LOCALS + 20
    push    ebx
    push    esi
    mov     ebx, eax
    lea     eax, [ebp + ATAPI_PACKET]
    mov     edx, ATAPI_SENSE
    call    atapi_clear
    mov     byte ptr [ebp + ATAPI_PACKET + 4], ATAPI_SENSE_BYTES
    mov     eax, ebx
    lea     edx, [ebp + ATAPI_PACKET]
    lea     ecx, [ebp - ATAPI_LOCALS - 20]
    mov     esi, ATAPI_SENSE_BYTES
    call    atapi_packet
    jc      1f
    cmp     eax, 14
    jb      1f
    mov     ah, [ebp - ATAPI_LOCALS - 20 + 2]
    mov     al, [ebp - ATAPI_LOCALS - 20 + 12]
    and     eax, 0x0FFF
    jmp     2f
1:  xor     eax, eax
2:  pop     esi
    pop     ebx
    ENDFRAME
    ret

# Gets the bus master ready for a packet that reads sectors.
# In: EBX channel, EDX disk; ESI bytes, EDI buffer.
# Out: EAX 1 when the data can come by DMA, else 0.
atapi_dma:
    test    dword ptr [edx + DISK_FLAGS], DISK_DMA
    jz      1f
    test    esi, ATAPI_SECTOR_BYTES - 1 # parts of sectors, and no data, are for PIO
    jnz     1f
    test    esi, esi
    jz      1f
    mov     eax, ebx
    mov     edx, edi
    mov     ecx, esi
    push    esi
    xor     esi, esi
    call    ide_dma_prepare
    pop     esi
    mov     eax, 1
    jnc     2f
1:  xor     eax, eax
2:  ret

# Sends a packet and takes its data: whole sectors by DMA if the drive and the buffer allow it, all else by PIO. What
# the drive offers by PIO beyond the buffer is read and dropped. May sleep.
# In: EAX disk, EDX packet, ECX buffer; ESI bytes of the buffer, even, 0-65534.
# Out: EAX bytes taken; CF when the drive reports a failure (REQUEST SENSE tells) or does not answer.
# Locks: the caller holds the channel.
atapi_packet:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 packet, -8 bytes taken, -12 words that the drive offers now, -16 is 1 with DMA
    mov     edi, ecx
    mov     [ebp - 4], edx
    mov     dword ptr [ebp - 8], 0
    push    eax
    mov     edx, IDE_DEVICE_PACKET
    call    ide_select
    pop     ecx
    mov     ebx, eax
    jc      .Latapi_packet_done
    push    ecx
    mov     edx, ecx
    call    atapi_dma
    mov     [ebp - 16], eax
    call    atapi_announce
    pop     ecx
    mov     edx, eax
    mov     eax, ebx
    jc      .Latapi_packet_no_answer
    push    ecx
    call    ide_check
    pop     ecx
    jc      .Latapi_packet_done
    test    dl, IDE_STATUS_DRQ
    jz      .Latapi_packet_no_answer
    # Old drives raise an interrupt when they want the packet: take it back.
    push    edx
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_STATUS
    in      al, dx
    pop     edx
    mov     dword ptr [ebx + CHANNEL_EVENT], 0
    mov     edx, 6                      # words of a packet
    test    dword ptr [ecx + DISK_FLAGS], DISK_PACKET16
    jz      .Latapi_packet_send
    mov     edx, 8
.Latapi_packet_send:
    push    esi
    mov     esi, [ebp - 4]
    mov     ecx, edx
    mov     edx, [ebx + CHANNEL_BASE]
    rep outsw
    pop     esi
    cmp     dword ptr [ebp - 16], 0
    je      .Latapi_packet_next
    mov     eax, ebx
    call    ide_dma_transfer
    jc      .Latapi_packet_done
    mov     eax, esi
    jmp     .Latapi_packet_done         # CF is clear

.Latapi_packet_next:
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    call    ide_wait
    mov     edx, eax
    mov     eax, ebx
    jc      .Latapi_packet_no_answer
    call    ide_check
    jc      .Latapi_packet_done
    test    dl, IDE_STATUS_DRQ
    jz      .Latapi_packet_end          # done
    call    atapi_take
    jc      .Latapi_packet_no_answer
    jmp     .Latapi_packet_next
.Latapi_packet_end:
    mov     eax, [ebp - 8]
    clc
    jmp     .Latapi_packet_done
.Latapi_packet_no_answer:
    mov     eax, ebx
    movzx   edx, dl
    call    ide_no_answer
.Latapi_packet_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Says that a packet comes, and waits until the drive wants it.
# In: EBX channel, AL 1 by DMA, ESI most bytes at a time.
# Out: EAX and CF as ide_poll gives them.
# Clobbers: ECX, EDX.
atapi_announce:
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_FEATURES
    out     dx, al                      # bit 0: by DMA
    add     edx, IDE_LBA_MID - IDE_FEATURES
    mov     eax, esi
    out     dx, al                      # most bytes at a time
    inc     edx
    mov     al, ah
    out     dx, al
    mov     eax, ebx
    mov     edx, ATA_PACKET
    call    ide_command
    mov     eax, ebx
    mov     edx, IDE_COMMAND_MS
    jmp     ide_poll

# Takes the words that the drive offers, as far as there is room for them.
# In: EBX channel, EBP frame of atapi_packet, ESI bytes of room, EDI where they go.
# Out: ESI and EDI after them; CF when it offers none.
# Clobbers: EAX, ECX, EDX.
atapi_take:
    mov     edx, [ebx + CHANNEL_BASE]
    add     edx, IDE_LBA_MID
    in      al, dx
    mov     cl, al
    inc     edx
    in      al, dx
    mov     ch, al
    movzx   ecx, cx
    inc     ecx
    shr     ecx, 1
    jz      .Latapi_take_not            # data, but none
    mov     [ebp - 12], ecx
    mov     eax, esi
    shr     eax, 1                      # words that still fit
    cmp     ecx, eax
    jbe     .Latapi_take_fits
    mov     ecx, eax
.Latapi_take_fits:
    sub     [ebp - 12], ecx
    lea     eax, [ecx + ecx]
    sub     esi, eax
    add     [ebp - 8], eax
    mov     edx, [ebx + CHANNEL_BASE]
    rep insw
    mov     ecx, [ebp - 12]
    jecxz   .Latapi_take_done
.Latapi_take_discard:
    in      ax, dx
    loop    .Latapi_take_discard
.Latapi_take_done:
    clc
    ret
.Latapi_take_not:
    stc
    ret
