# Time: the PIT ticks 100 times a second; the RTC says once, at boot, what date it is.

.include "macros.inc"
.include "tasks.inc"

# 8254 (data sheet 231164): channel 0, mode 2 (rate generator), low byte then high byte.
PIT_CHANNEL0        = 0x40
PIT_COMMAND         = 0x43
PIT_MODE2           = 0x34
PIT_LATCH           = 0x00
PIT_HZ              = 1193182
PIT_DIVISOR         = (PIT_HZ + TICK_HZ / 2) / TICK_HZ
PIC_MASTER          = 0x20
PIC_READ_IRR        = 0x0A

.text

# Sets the timer to its rate and the clock to the time of the RTC.
clock_init:
    mov     al, PIT_MODE2
    out     PIT_COMMAND, al
    mov     al, PIT_DIVISOR & 0xFF
    out     PIT_CHANNEL0, al
    mov     al, PIT_DIVISOR >> 8
    out     PIT_CHANNEL0, al
    call    rtc_read
    mov     [clock_boot_seconds], eax
    xor     eax, eax
    mov     edx, offset clock_tick
    xor     ecx, ecx
    jmp     irq_register

INITCALL 2, clock_init

# Handler of IRQ 0.
clock_tick:
    inc     dword ptr [clock_ticks]
    call    serial_tick
    jmp     task_tick

# Time since boot.
# Out: EAX milliseconds since boot, in steps of a tick; wraps after 49 days, so compare differences.
# Clobbers: EAX only.
.global clock_ms
clock_ms:
    imul    eax, [clock_ticks], TICK_MS
    ret

# A finer clock for measuring: reads the PIT's counter.
# Out: EAX microseconds since boot; wraps after 71 minutes, so compare differences.
.global clock_us
clock_us:
    push    ebx
    INTERRUPTS_OFF
    mov     al, PIT_LATCH
    out     PIT_COMMAND, al
    in      al, PIT_CHANNEL0
    mov     ah, al
    in      al, PIT_CHANNEL0
    xchg    al, ah
    movzx   ecx, ax                     # counts down from PIT_DIVISOR to 1
    mov     ebx, [clock_ticks]
    mov     al, PIC_READ_IRR            # a tick that has happened but is not counted yet
    out     PIC_MASTER, al
    in      al, PIC_MASTER
    INTERRUPTS_RESTORE
    test    al, 1
    jz      1f
    cmp     ecx, PIT_DIVISOR / 2        # read before the wrap: the tick came between the two
    jb      1f
    inc     ebx
1:  mov     eax, PIT_DIVISOR
    sub     eax, ecx
    jns     2f
    xor     eax, eax
2:  mov     ecx, 1000000
    mul     ecx
    mov     ecx, PIT_HZ
    div     ecx
    imul    ebx, ebx, TICK_MS * 1000
    add     eax, ebx
    pop     ebx
    ret

# Time of day.
# Out: EAX seconds since 2000-01-01 00:00:00.
.global clock_seconds
clock_seconds:
    mov     eax, [clock_ticks]
    xor     edx, edx
    mov     ecx, TICK_HZ
    div     ecx
    add     eax, [clock_boot_seconds]
    ret

.bss
.balign 4
.global clock_ticks
clock_ticks:        .space 4                # timer interrupts since boot
clock_boot_seconds: .space 4                # what the RTC said at boot
