# Time: the timer interrupt and its count of ticks, the real-time clock, waiting. INT 1Ah AH=00h-07h; AH=B1h is
# pci-bios.s.

.include "firmware.inc"

.intel_syntax noprefix
.code16

TICKS_PER_DAY           = 0x1800B0      # at 1193182 / 65536 Hz
PIT_HZ                  = 1193182
PIT_CHANNEL0_RATE       = 0x34          # channel 0, low then high byte, mode 2
PIT_CHANNEL1_RATE       = 0x54          # channel 1, low byte, mode 2
REFRESH_COUNT           = 18            # 15 us between refreshes, as seen in bit 4 of port 61h
CLOCK_A_RATE            = 0x26          # 32.768 kHz oscillator, periodic interrupt 1024 Hz
PERIOD_US               = 976
MASK_CLOCK              = 0x01          # IRQ 8 in the slave's mask

.text

# Reads a register of the CMOS. NMI stays enabled.
# In: AL register.
# Out: AL value.
# Clobbers: nothing.
.global cmos_read
cmos_read:
    out     CMOS_INDEX, al
    in      al, CMOS_DATA
    ret

# Writes a register of the CMOS. NMI stays enabled.
# In: AL register, AH value.
# Clobbers: nothing.
cmos_write:
    out     CMOS_INDEX, al
    xchg    al, ah
    out     CMOS_DATA, al
    xchg    al, ah
    ret

# Starts timer and clock, sets the count of ticks to the time of day.
# In: DS = BDA.
# Clobbers: EAX, EBX, ECX, EDX.
.global clock_init
clock_init:
    mov     al, PIT_CHANNEL0_RATE
    out     PIT_CONTROL, al
    xor     al, al                      # 0 counts as 65536
    out     PIT_CHANNEL0, al
    out     PIT_CHANNEL0, al
    mov     al, PIT_CHANNEL1_RATE
    out     PIT_CONTROL, al
    mov     al, REFRESH_COUNT
    out     PIT_CHANNEL1, al
    mov     ax, CMOS_A | CLOCK_A_RATE << 8
    call    cmos_write
    mov     ax, CMOS_B | CMOS_B_24H << 8
    call    cmos_write
    mov     al, CMOS_C                  # takes old requests back
    call    cmos_read
    call    clock_time
    movzx   eax, ch                     # BCD to seconds of the day
    call    1f
    imul    ebx, eax, 60
    mov     al, cl
    call    1f
    add     ebx, eax
    imul    ebx, ebx, 60
    mov     al, dh
    call    1f
    add     eax, ebx
    mov     ecx, PIT_HZ
    mul     ecx
    shrd    eax, edx, 16
    mov     [BDA_TICKS], eax
    ret
1:  movzx   eax, al                     # BCD to binary: AAM 16 splits the digits, AAD 10 joins them
    aam     16
    aad     10
    ret

# Time of day, never one that is half updated: two equal readings are one.
# Out: CH hours, CL minutes, DH seconds, BCD.
# Clobbers: EAX, BX.
clock_time:
    call    1f
2:  mov     bx, cx
    rol     ebx, 16
    mov     bx, dx
    push    ebx
    call    1f
    pop     ebx
    cmp     dx, bx
    jne     2b
    rol     ebx, 16
    cmp     cx, bx
    jne     2b
    ret
1:  mov     al, CMOS_SECONDS
    call    cmos_read
    mov     dh, al
    mov     al, CMOS_MINUTES
    call    cmos_read
    mov     cl, al
    mov     al, CMOS_HOURS
    call    cmos_read
    mov     ch, al
    ret

# IRQ 0, 18.2 times a second.
.global irq_timer
irq_timer:
    push    ds
    push    eax
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     eax, [BDA_TICKS]
    inc     eax
    cmp     eax, TICKS_PER_DAY
    jb      1f
    xor     eax, eax
    inc     byte ptr [BDA_MIDNIGHT]
1:  mov     [BDA_TICKS], eax
    call    floppy_tick
    int     0x1C
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    pop     eax
    pop     ds
    iret

# IRQ 8: the periodic interrupt counts a wait down, the alarm becomes INT 4Ah.
.global irq_clock
irq_clock:
    push    ds
    push    ax
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     al, CMOS_C
    call    cmos_read
    mov     ah, al
    test    ah, CMOS_B_PERIODIC
    jz      2f
    test    byte ptr [BDA_WAIT_ACTIVE], 1
    jz      2f
    sub     dword ptr [BDA_WAIT_US], PERIOD_US
    jnc     2f
    push    ax
    push    bx
    push    ds
    call    wait_off
    lds     bx, [BDA_WAIT_POINTER]
    or      byte ptr [bx], 0x80
    pop     ds
    pop     bx
    pop     ax
2:  test    ah, CMOS_B_ALARM
    jz      3f
    int     0x4A
3:  mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    out     PIC1_COMMAND, al
    pop     ax
    pop     ds
    iret

# Ends the periodic interrupt.
# In: DS = BDA.
# Clobbers: AX.
wait_off:
    and     byte ptr [BDA_WAIT_ACTIVE], 0xFE
    mov     al, CMOS_B
    call    cmos_read
    mov     ah, al
    and     ah, ~CMOS_B_PERIODIC
    mov     al, CMOS_B
    jmp     cmos_write

# Starts a wait that sets bit 7 of a byte at its end.
# In: CX:DX microseconds, ES:BX byte that gets bit 7 then.
# Out: CF when a wait is running.
# Clobbers: AX.
wait_start:
    test    byte ptr [BDA_WAIT_ACTIVE], 1
    stc
    jnz     1f
    mov     [BDA_WAIT_POINTER], bx
    mov     [BDA_WAIT_POINTER + 2], es
    mov     [BDA_WAIT_US], dx
    mov     [BDA_WAIT_US + 2], cx
    mov     byte ptr [BDA_WAIT_ACTIVE], 1
    in      al, PIC2_DATA
    and     al, ~MASK_CLOCK
    out     PIC2_DATA, al
    mov     al, CMOS_B
    call    cmos_read
    mov     ah, al
    or      ah, CMOS_B_PERIODIC
    mov     al, CMOS_B
    call    cmos_write
    clc
1:  ret

# INT 15h AH=83h: AL=0 starts a wait that only sets a flag (CX:DX us, ES:BX), AL=1 ends it.
.global system_event_wait
system_event_wait:
    test    al, al
    jnz     1f
    call    wait_start
    jc      2f
    jmp     service_ok
1:  call    wait_off
    jmp     service_ok
2:  mov     byte ptr [bp + F_AH], 0x83
    jmp     service_carry

# INT 15h AH=86h: waits CX:DX microseconds.
.global system_wait
system_wait:
    push    ds
    pop     es
    mov     bx, BDA_WAIT_ACTIVE
    call    wait_start
    jc      2b
1:  sti
    hlt
    cli
    test    byte ptr [BDA_WAIT_ACTIVE], 0x80
    jz      1b
    mov     byte ptr [BDA_WAIT_ACTIVE], 0
    jmp     service_ok

# INT 1Ah AH=00h.
# Out: CX:DX ticks since midnight, AL midnights since the last call.
time_get_ticks:
    xor     al, al
    xchg    al, [BDA_MIDNIGHT]
    mov     [bp + F_AL], al
    mov     ax, [BDA_TICKS]
    mov     [bp + F_DX], ax
    mov     ax, [BDA_TICKS + 2]
    mov     [bp + F_CX], ax
    jmp     service_ok

# INT 1Ah AH=01h.
# In: CX:DX ticks since midnight.
time_set_ticks:
    mov     [BDA_TICKS], dx
    mov     [BDA_TICKS + 2], cx
    mov     byte ptr [BDA_MIDNIGHT], 0
    jmp     service_ok

# INT 1Ah AH=02h.
# Out: CH hours, CL minutes, DH seconds (BCD), DL 0: no daylight saving.
time_get_clock:
    call    clock_time
    xor     dl, dl
    jmp     time_answer

# INT 1Ah AH=04h.
# Out: CH century, CL year, DH month, DL day (BCD).
time_get_date:
    call    1f
2:  mov     bx, cx
    mov     si, dx
    call    1f
    cmp     cx, bx                      # two equal readings are one that was not half updated
    jne     2b
    cmp     dx, si
    jne     2b
time_answer:
    mov     [bp + F_CX], cx
    mov     [bp + F_DX], dx
    mov     byte ptr [bp + F_AL], ch
    jmp     service_ok
1:  mov     al, CMOS_DAY
    call    cmos_read
    mov     dl, al
    mov     al, CMOS_MONTH
    call    cmos_read
    mov     dh, al
    mov     al, CMOS_YEAR
    call    cmos_read
    mov     cl, al
    mov     al, CMOS_CENTURY
    call    cmos_read
    mov     ch, al
    ret

# INT 1Ah AH=03h: sets the time.
# In: CH hours, CL minutes, DH seconds, in BCD.
time_set_clock:
    call    clock_stop
    mov     ah, dh
    mov     al, CMOS_SECONDS
    call    cmos_write
    mov     ah, cl
    mov     al, CMOS_MINUTES
    call    cmos_write
    mov     ah, ch
    mov     al, CMOS_HOURS
    jmp     clock_go

# INT 1Ah AH=05h: sets the date.
# In: CH century, CL year, DH month, DL day, in BCD.
time_set_date:
    call    clock_stop
    mov     ah, dl
    mov     al, CMOS_DAY
    call    cmos_write
    mov     ah, dh
    mov     al, CMOS_MONTH
    call    cmos_write
    mov     ah, cl
    mov     al, CMOS_YEAR
    call    cmos_write
    mov     ah, ch
    mov     al, CMOS_CENTURY
clock_go:
    call    cmos_write
    mov     ah, bl                      # register B as it was
    and     ah, ~CMOS_B_SET
    mov     al, CMOS_B
    call    cmos_write
    jmp     service_ok

# The clock may be set now.
# Out: BL register B.
# Clobbers: AX.
clock_stop:
    mov     al, CMOS_B
    call    cmos_read
    mov     bl, al
    mov     ah, al
    or      ah, CMOS_B_SET
    mov     al, CMOS_B
    jmp     cmos_write

# INT 1Ah AH=06h.
# In: CH, CL, DH time of the alarm (BCD); INT 4Ah is called then. CF when one is set already.
time_set_alarm:
    mov     al, CMOS_B
    call    cmos_read
    mov     bl, al
    test    al, CMOS_B_ALARM
    jnz     service_carry
    mov     ah, dh
    mov     al, CMOS_SECONDS_ALARM
    call    cmos_write
    mov     ah, cl
    mov     al, CMOS_MINUTES_ALARM
    call    cmos_write
    mov     ah, ch
    mov     al, CMOS_HOURS_ALARM
    call    cmos_write
    in      al, PIC2_DATA
    and     al, ~MASK_CLOCK
    out     PIC2_DATA, al
    mov     ah, bl
    or      ah, CMOS_B_ALARM
    jmp     1f

# INT 1Ah AH=07h: no alarm.
time_clear_alarm:
    mov     al, CMOS_B
    call    cmos_read
    mov     ah, al
    and     ah, ~CMOS_B_ALARM
1:  mov     al, CMOS_B
    call    cmos_write
    jmp     service_ok

.data
.global time_functions
time_functions:
    .word   service_carry, 9
    FUNCTION 0x00, time_get_ticks
    FUNCTION 0x01, time_set_ticks
    FUNCTION 0x02, time_get_clock
    FUNCTION 0x03, time_set_clock
    FUNCTION 0x04, time_get_date
    FUNCTION 0x05, time_set_date
    FUNCTION 0x06, time_set_alarm
    FUNCTION 0x07, time_clear_alarm
    FUNCTION 0xB1, pci_bios
