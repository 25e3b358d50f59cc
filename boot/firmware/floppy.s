# Diskettes: drives 0 and 1 of the controller at 3F0h, a sector a command, by DMA. The status is polled; the interrupt
# only leaves the mark that others wait for. Sources: Intel 82077AA data sheet (290166); IBM PC/AT Technical Reference,
# BIOS.
#
# CMOS register 10 names the drives; the data rate of a new diskette is found by trying. The caller's cylinder, head and
# sector go to the controller as they are, so every format works that it reads. A request beyond its track goes on with
# the other side, then with the next cylinder, as SeaBIOS' do in QEMU; on a diskette with one side it ends with its
# track. The controller is left configured for implied seeks, locked, as QEMU's begins: drivers of programs need it that
# never seek, which nobody notices there.

.include "firmware.inc"

.intel_syntax noprefix
.code16

DOR                     = 0x3F2         # bits 0-1 drive, 2 no reset, 3 DMA and interrupts, 4-7 motors
DOR_RUN                 = 0x0C
MAIN_STATUS             = 0x3F4
MAIN_REQUEST            = 0x80
MAIN_TO_CPU             = 0x40
FIFO                    = 0x3F5
DIGITAL_INPUT           = 0x3F7         # bit 7: the diskette has changed
DATA_RATE               = 0x3F7
DMA_ADDRESS             = 0x04          # channel 2
DMA_COUNT               = 0x05
DMA_MASK                = 0x0A
DMA_MODE                = 0x0B
DMA_FLIP_FLOP           = 0x0C
DMA_PAGE                = 0x81
DMA_CHANNEL             = 2
DMA_TO_MEMORY           = 0x46
DMA_FROM_MEMORY         = 0x4A
DMA_VERIFY              = 0x42

COMMAND_SPECIFY         = 0x03
COMMAND_CONFIGURE       = 0x13
COMMAND_LOCK            = 0x94
COMMAND_RECALIBRATE     = 0x07
COMMAND_SENSE           = 0x08
COMMAND_READ_ID         = 0x4A
COMMAND_SEEK            = 0x0F
COMMAND_READ            = 0xE6          # with MT, MFM, SK
COMMAND_WRITE           = 0xC5
COMMAND_FORMAT          = 0x4D
STEP_AND_UNLOAD         = 0xDF          # 3 ms a step at 500 kb/s
HEAD_LOAD_DMA           = 0x02
IMPLIED_SEEKS_NO_FIFO   = 0x60
ST0_FAILED              = 0xC0
ST0_SEEK_END            = 0x20
GAP                     = 0x1B
LEAST_TRACK_SECTORS     = 8             # of 160 and 320 KB
SIZE_512                = 2
NO_DATA_LENGTH          = 0xFF
MOTOR_TICKS             = 37            # two seconds
POLLS                   = 0x100000
INTERRUPT_MARK          = 0x80          # in BDA_FLOPPY_SEEK
MEDIA_KNOWN             = 0x10          # in BDA_MEDIA; bits 6-7 are the rate
RATE_SHIFT              = 6

DISK_MARK_NOT_FOUND     = 0x02
DISK_WRITE_PROTECTED    = 0x03
DISK_NOT_FOUND          = 0x04
DISK_CHANGED            = 0x06
DISK_OVERRUN            = 0x08
DISK_BOUNDARY           = 0x09
DISK_CRC                = 0x10
DISK_CONTROLLER         = 0x20
DISK_SEEK               = 0x40
DISK_TIMEOUT            = 0x80

.text

# Takes the controller out of its reset.
# In: DS = BDA.
# Clobbers: AX, CX, DX, SI.
.global floppy_reset
floppy_reset:
    mov     dx, DOR
    mov     al, DOR_RUN & ~4
    out     dx, al
    mov     byte ptr [BDA_FLOPPY_SEEK], 0
    mov     al, DOR_RUN
    out     dx, al
    mov     byte ptr [BDA_MOTORS], 0
    mov     cx, 4
1:  call    floppy_sense                # the drives report that they are ready
    loop    1b
    mov     si, offset setup_commands
1:  lods    al, cs:[si]
    call    floppy_put
    cmp     si, offset setup_commands_end
    jb      1b
    jmp     floppy_get                  # the answer of LOCK

# IRQ 6: leaves its mark.
.global irq_floppy
irq_floppy:
    push    ax
    push    ds
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    or      byte ptr [BDA_FLOPPY_SEEK], INTERRUPT_MARK
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    pop     ds
    pop     ax
    iret

# Sends a byte of a command.
# In: AL.
# Out: CF on timeout.
# Clobbers: AH, DX.
floppy_put:
    mov     ah, MAIN_REQUEST
    call    floppy_wait
    jc      1f
    inc     dx
    out     dx, al
1:  ret

# Takes a byte of a result.
# Out: AL, or CF on timeout.
# Clobbers: AH, DX.
floppy_get:
    mov     ah, MAIN_REQUEST | MAIN_TO_CPU
    call    floppy_wait
    jc      1f
    inc     dx
    in      al, dx
1:  ret

# Waits for a state of the controller.
# In: AH bits 6 and 7 of the main status as they shall be.
# Out: DX port of the main status; CF on timeout.
# Clobbers: AH.
floppy_wait:
    push    ecx
    push    bx
    mov     bl, al
    mov     dx, MAIN_STATUS
    mov     ecx, POLLS
1:  in      al, dx
    and     al, MAIN_REQUEST | MAIN_TO_CPU
    cmp     al, ah
    je      2f                          # CF is clear
    dec     ecx
    jnz     1b
    stc
2:  mov     al, bl
    pop     bx
    pop     ecx
    ret

# Asks what the last interrupt was about.
# Out: AL ST0, AH cylinder; CF on timeout.
# Clobbers: DX.
floppy_sense:
    mov     al, COMMAND_SENSE
    call    floppy_put
    jc      1f
    call    floppy_get
    jc      1f
    push    ax
    cmp     al, 0x80                    # nothing to tell, and no second byte
    je      2f
    call    floppy_get
    mov     dl, al
    pop     ax
    mov     ah, dl
    ret
2:  pop     ax
    clc
1:  ret

# Moves the head.
# In: STATE:SI drive, AL cylinder (0: recalibrates), AH head.
# Out: CF when it does not arrive.
# Clobbers: AX, CX, DX.
floppy_seek:
    mov     cx, ax
    mov     al, COMMAND_SEEK
    test    cl, cl
    jnz     1f
    mov     al, COMMAND_RECALIBRATE
1:  call    floppy_put
    jc      9f
    mov     al, ch
    shl     al, 2
    IN_STATE or al, [si + DRIVE_PORT]
    call    floppy_put
    test    cl, cl
    jz      2f
    mov     al, cl
    call    floppy_put
2:  push    ecx
    mov     ecx, POLLS
    mov     dx, MAIN_STATUS
.Lfloppy_seek_moving:
    in      al, dx
    test    al, 0x0F
    jz      3f
    dec     ecx
    jnz     .Lfloppy_seek_moving
3:  pop     ecx
    call    floppy_sense
    jc      9f
    and     al, ST0_FAILED | ST0_SEEK_END
    cmp     al, ST0_SEEK_END
    je      9f                          # CF is clear
    stc
9:  ret

# Starts the motor, and finds out the diskette's rate when it is new.
# In: STATE:SI drive, DS = BDA.
# Out: AH status, CF set when it is not 0.
# Clobbers: AX, BX, CX, DX.
floppy_ready:
    mov     byte ptr [BDA_MOTOR_COUNT], 0xFF
    IN_STATE mov cl, [si + DRIVE_PORT]
    mov     al, 0x10
    shl     al, cl
    or      al, cl
    or      al, DOR_RUN
    mov     dx, DOR
    out     dx, al
    mov     al, 1
    shl     al, cl
    or      [BDA_MOTORS], al
    movzx   bx, cl
    mov     dx, DIGITAL_INPUT
    in      al, dx
    test    al, 0x80
    jnz     .Lfloppy_ready_changed
    mov     al, [bx + BDA_MEDIA]
    test    al, MEDIA_KNOWN
    jz      .Lfloppy_ready_changed
    shr     al, RATE_SHIFT
    mov     dx, DATA_RATE
    out     dx, al
.Lfloppy_ready_good:
    xor     ah, ah
    ret
.Lfloppy_ready_changed:
    mov     byte ptr [bx + BDA_MEDIA], 0
    mov     ax, 1                       # the change line wants a step
    call    floppy_seek
    xor     ax, ax
    call    floppy_seek
    mov     ah, DISK_TIMEOUT
    jc      .Lfloppy_ready_done
    mov     dx, DIGITAL_INPUT
    in      al, dx
    test    al, 0x80
    mov     ah, DISK_TIMEOUT            # still: there is no diskette
    jnz     .Lfloppy_ready_failed
    IN_STATE movzx di, byte ptr [si + DRIVE_SELECT]
    shl     di, 2
    mov     cx, 4
.Lfloppy_ready_rate:
    mov     al, cs:[di + rates - 4]
    inc     di
    cmp     al, 0xFF
    je      .Lfloppy_ready_failed
    mov     dx, DATA_RATE
    out     dx, al
    push    ax
    push    cx
    push    di
    mov     al, COMMAND_READ_ID
    call    floppy_put
    IN_STATE mov al, [si + DRIVE_PORT]
    call    floppy_put
    call    floppy_result
    pop     di
    pop     cx
    pop     ax
    jc      .Lfloppy_ready_done
    test    byte ptr [BDA_FLOPPY_RESULT], ST0_FAILED
    mov     ah, DISK_MARK_NOT_FOUND
    jz      .Lfloppy_ready_found
    loop    .Lfloppy_ready_rate
    jmp     .Lfloppy_ready_failed
.Lfloppy_ready_found:
    shl     al, RATE_SHIFT
    or      al, MEDIA_KNOWN | 7
    mov     [bx + BDA_MEDIA], al
    jmp     .Lfloppy_ready_good
.Lfloppy_ready_failed:
    stc
.Lfloppy_ready_done:
    ret

# Takes the seven bytes of a result to the BDA.
# In: DS = BDA.
# Out: CF and AH status on timeout.
# Clobbers: AX, CX, DX, DI.
floppy_result:
    mov     di, BDA_FLOPPY_RESULT
    mov     cx, 7
1:  call    floppy_get
    jc      2f
    mov     [di], al
    inc     di
    loop    1b
    clc
    ret
2:  mov     ah, DISK_TIMEOUT
    ret

# Programs the DMA channel.
# In: ES:DI buffer, CX bytes, AL mode.
# Out: CF when the buffer crosses a boundary of 64 KiB.
# Clobbers: EAX, DX.
floppy_dma:
    push    ebx
    push    ax
    movzx   ebx, di
    mov     eax, es
    movzx   eax, ax
    shl     eax, 4
    add     ebx, eax                    # physical address
    mov     ax, bx
    dec     cx
    add     ax, cx
    inc     cx
    pop     ax
    jc      1f
    push    ax
    mov     al, 4 | DMA_CHANNEL
    out     DMA_MASK, al
    out     DMA_FLIP_FLOP, al
    pop     ax
    out     DMA_MODE, al
    mov     al, bl
    out     DMA_ADDRESS, al
    mov     al, bh
    out     DMA_ADDRESS, al
    shr     ebx, 16
    mov     al, bl
    out     DMA_PAGE, al
    dec     cx
    mov     al, cl
    out     DMA_COUNT, al
    mov     al, ch
    out     DMA_COUNT, al
    inc     cx
    mov     al, DMA_CHANNEL
    out     DMA_MASK, al
    clc
1:  pop     ebx
    ret

# INT 13h AH=02h, 03h, 04h of a diskette.
# In: STATE:SI drive, STATE:[STATE_REQUEST_KIND], STATE:[STATE_REQUEST_COUNT]; CH cylinder, CL sector, DH head, ES:DI
# buffer.
# Out: AH status, STATE:[STATE_REQUEST_DONE].
# Clobbers: all but DS, BP, FS, GS.
.global floppy_transfer
floppy_transfer:
    IN_STATE mov word ptr [STATE_REQUEST_DONE], 0
    IN_STATE mov [STATE_FLOPPY_ADDRESS], cx
    IN_STATE mov [STATE_FLOPPY_HEAD], dh
    call    interrupts_as_caller
    push    di
    call    floppy_ready
    pop     di
    jc      .Lfloppy_transfer_end
    mov     ax, di                      # keep the offset small: segments advance from sector to sector
    shr     ax, 4
    mov     bx, es
    add     ax, bx
    mov     es, ax
    and     di, 15
    push    di
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS + 1]
    IN_STATE mov ah, [STATE_FLOPPY_HEAD]
    call    floppy_seek
    pop     di
    mov     ah, DISK_SEEK
    jc      .Lfloppy_transfer_end
.Lfloppy_transfer_next:
    IN_STATE movzx bx, byte ptr [STATE_REQUEST_KIND]
    mov     al, cs:[bx + dma_modes]
    mov     cx, 512
    call    floppy_dma
    mov     ah, DISK_BOUNDARY
    jc      .Lfloppy_transfer_end
    push    di
    call    floppy_sector
    jnc     1f
    call    floppy_next_track
1:  pop     di
    jc      .Lfloppy_transfer_end
    test    ah, ah
    jnz     .Lfloppy_transfer_next
    mov     ax, es
    add     ax, 512 / 16
    mov     es, ax
    IN_STATE inc byte ptr [STATE_FLOPPY_ADDRESS]
    IN_STATE inc word ptr [STATE_REQUEST_DONE]
    IN_STATE mov ax, [STATE_REQUEST_DONE]
    IN_STATE cmp ax, [STATE_REQUEST_COUNT]
    jb      .Lfloppy_transfer_next
    xor     ah, ah
.Lfloppy_transfer_end:
    mov     byte ptr [BDA_MOTOR_COUNT], MOTOR_TICKS
    ret

# A sector was not found. Where a track ended within the request, the next one goes on: the other side, and then the
# next cylinder. How long a track is, the diskette says, not the drive.
# In: STATE:SI drive, STATE:[STATE_FLOPPY_*], STATE:[STATE_REQUEST_DONE], AH status.
# Out: CF and AH status when it is an error; else the address is that of the next track's first sector, and AH not 0.
# Clobbers: AX, CX, DX.
floppy_next_track:
    cmp     ah, DISK_NOT_FOUND
    jne     .Lfloppy_next_track_error
    IN_STATE cmp byte ptr [STATE_FLOPPY_ADDRESS], LEAST_TRACK_SECTORS
    jbe     .Lfloppy_next_track_error
    IN_STATE cmp word ptr [STATE_REQUEST_DONE], 0
    je      .Lfloppy_next_track_error   # there is no such sector
    IN_STATE mov byte ptr [STATE_FLOPPY_ADDRESS], 1
    IN_STATE xor byte ptr [STATE_FLOPPY_HEAD], 1
    jnz     1f                          # CF is clear, and AH not 0
    IN_STATE inc byte ptr [STATE_FLOPPY_ADDRESS + 1]
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS + 1]
    mov     ah, 0
    call    floppy_seek
    mov     ah, DISK_SEEK
1:  ret
.Lfloppy_next_track_error:
    stc
    ret

# Reads, writes or verifies one sector.
# In: STATE:SI drive, STATE:[STATE_FLOPPY_*], the DMA channel.
# Out: AH status, CF set when it is not 0.
# Clobbers: AX, BX, CX, DX, DI.
floppy_sector:
    mov     al, COMMAND_READ
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_WRITE
    jne     1f
    mov     al, COMMAND_WRITE
1:  call    floppy_put
    mov     ah, DISK_TIMEOUT
    jc      .Lfloppy_sector_end
    call    floppy_unit
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS + 1]
    call    floppy_put
    IN_STATE mov al, [STATE_FLOPPY_HEAD]
    call    floppy_put
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS]
    call    floppy_put
    mov     al, SIZE_512
    call    floppy_put
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS] # the last sector of this command
    call    floppy_put
    mov     al, GAP
    call    floppy_put
    mov     al, NO_DATA_LENGTH
    call    floppy_put
.Lfloppy_sector_result:
    call    floppy_result
    jc      .Lfloppy_sector_end
    xor     ah, ah
    test    byte ptr [BDA_FLOPPY_RESULT], ST0_FAILED
    jz      .Lfloppy_sector_end
    mov     al, [BDA_FLOPPY_RESULT + 1]
    mov     bx, offset errors
2:  mov     ah, cs:[bx + 1]
    test    al, cs:[bx]
    jnz     3f
    add     bx, 2
    cmp     bx, offset errors_end
    jb      2b
3:  stc
.Lfloppy_sector_end:
    ret

# Sends head and drive as commands have them.
# In: STATE:SI drive.
# Clobbers: AX, DX.
floppy_unit:
    IN_STATE mov al, [STATE_FLOPPY_HEAD]
    shl     al, 2
    IN_STATE or al, [si + DRIVE_PORT]
    jmp     floppy_put

# INT 13h AH=05h of a diskette: formats a track.
# In: STATE:SI drive, AL sectors, CH cylinder, DH head, ES:BX marks.
# Out: AH status.
# Clobbers: all but DS, BP, FS, GS.
.global floppy_format
floppy_format:
    IN_STATE mov [STATE_FLOPPY_ADDRESS], cx
    IN_STATE mov [STATE_FLOPPY_HEAD], dh
    IN_STATE mov [STATE_REQUEST_COUNT], al
    mov     di, bx
    push    di
    call    floppy_ready
    jc      1f
    IN_STATE mov al, [STATE_FLOPPY_ADDRESS + 1]
    IN_STATE mov ah, [STATE_FLOPPY_HEAD]
    call    floppy_seek
    mov     ah, DISK_SEEK
1:  pop     di
    jc      9f
    IN_STATE mov cl, [STATE_REQUEST_COUNT]
    mov     ch, 0
    shl     cx, 2                       # FORMAT_BYTES
    mov     al, DMA_FROM_MEMORY
    call    floppy_dma
    mov     ah, DISK_BOUNDARY
    jc      9f
    mov     al, COMMAND_FORMAT
    call    floppy_put
    call    floppy_unit
    mov     al, SIZE_512
    call    floppy_put
    IN_STATE mov al, [STATE_REQUEST_COUNT]
    call    floppy_put
    mov     al, GAP
    call    floppy_put
    mov     al, 0xF6
    call    floppy_put
    call    .Lfloppy_sector_result
9:  mov     byte ptr [BDA_MOTOR_COUNT], MOTOR_TICKS
    ret

# INT 13h AH=00h of a diskette.
# Out: AH status.
# Clobbers: AX, CX, DX, SI.
.global floppy_restart
floppy_restart:
    call    floppy_reset
    xor     ah, ah
    ret

# INT 13h AH=16h of a diskette: has it been changed?
# In: STATE:SI drive.
# Out: AH status.
# Clobbers: AX, CX, DX.
.global floppy_change
floppy_change:
    IN_STATE mov cl, [si + DRIVE_PORT]
    mov     al, 0x10
    shl     al, cl
    or      al, cl
    or      al, DOR_RUN
    mov     dx, DOR
    out     dx, al
    mov     byte ptr [BDA_MOTOR_COUNT], MOTOR_TICKS
    mov     dx, DIGITAL_INPUT
    in      al, dx
    xor     ah, ah
    test    al, 0x80
    jz      1f
    mov     ah, DISK_CHANGED
1:  ret

# The timer's interrupt: stops motors that nobody needs any more.
# In: DS = BDA.
# Clobbers: nothing.
.global floppy_tick
floppy_tick:
    cmp     byte ptr [BDA_MOTOR_COUNT], 0
    je      1f
    dec     byte ptr [BDA_MOTOR_COUNT]
    jnz     1f
    push    ax
    push    dx
    mov     dx, DOR
    mov     al, DOR_RUN
    out     dx, al
    mov     byte ptr [BDA_MOTORS], 0
    pop     dx
    pop     ax
1:  ret

.data
# What the controller is told after a reset. Drivers of programs' own may never seek: they were written where the
# controller does so by itself. A locked configuration outlives their resets.
setup_commands:
    .byte   COMMAND_SPECIFY, STEP_AND_UNLOAD, HEAD_LOAD_DMA
    .byte   COMMAND_CONFIGURE, 0, IMPLIED_SEEKS_NO_FIFO, 0, COMMAND_LOCK
setup_commands_end:
# Rates that each kind tries, FFh at the end: 0 500 kb/s, 1 300, 2 250, 3 1000.
rates:
    .byte   2, 0xFF, 0xFF, 0xFF
    .byte   0, 1, 2, 0xFF
    .byte   2, 0xFF, 0xFF, 0xFF
    .byte   0, 2, 0xFF, 0xFF
    .byte   3, 0, 2, 0xFF
# DMA modes by REQUEST_*.
dma_modes:
    .byte   DMA_TO_MEMORY, DMA_FROM_MEMORY, DMA_VERIFY
# Bits of ST1 and what INT 13h calls them; the last stands for all others.
errors:
    .byte   0x02, DISK_WRITE_PROTECTED
    .byte   0x01, DISK_MARK_NOT_FOUND
    .byte   0x04, DISK_NOT_FOUND
    .byte   0x10, DISK_OVERRUN
    .byte   0x20, DISK_CRC
    .byte   0xFF, DISK_CONTROLLER
errors_end:
