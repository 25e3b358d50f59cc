# How an idle machine sleeps for longer than the PIT can count: the PIT is silent, the RTC wakes the machine once a
# second, and the power management timer of ACPI, which runs at three times the PIT's rate, says how many ticks have
# passed. Where one of the two is missing, the PIT's longest count is all there is.

.include "macros.inc"
.include "tasks.inc"
.include "clock.inc"

FADT_TIMER          = 76                    # u32 port of the power management timer
FADT_TIMER_BYTES    = 91                    # u8
RTC_STATUS_B        = 0x0B
RTC_STATUS_C        = 0x0C                  # reading it ends the interrupt
RTC_UPDATE_ENDED    = 0x10                  # status B: interrupts once a second
TIMER_MASK          = 0xFFFFFF              # it may have 24 bits: 4.6 s
TIMER_PER_COUNT     = 3
TIMER_PER_TICK      = PIT_DIVISOR * TIMER_PER_COUNT
SECONDS_SEEN        = 2                     # interrupts of the RTC after which it is trusted to wake the machine
PIT_STOP            = 0x30                  # mode 0 of channel 0, which begins with a count that is not given

.text

# Looks for the timer, and has the RTC interrupt once a second.
clock_sleep_init:
    call    acpi_find
    jc      9f
    cmp     byte ptr [eax + FADT_TIMER_BYTES], 4
    jne     9f
    mov     eax, [eax + FADT_TIMER]
    test    eax, eax
    jz      9f
    mov     [timer_port], eax
    mov     al, RTC_STATUS_B
    call    cmos_read
    or      al, RTC_UPDATE_ENDED
    mov     ah, RTC_STATUS_B
    call    cmos_write
    mov     al, RTC_STATUS_C
    call    cmos_read
    mov     eax, RTC_IRQ
    mov     edx, offset clock_second
    xor     ecx, ecx
    jmp     irq_register
9:  ret

INITCALL 4, clock_sleep_init

# Handler of the RTC.
clock_second:
    mov     al, RTC_STATUS_C
    call    cmos_read
    inc     dword ptr [seconds_seen]
    ret

# Lets the PIT be silent, if nothing is due before the RTC wakes the machine. Called by the idle task, interrupts off.
# In: EAX ticks until the first timer is due.
# Out: CF when the machine must not sleep so long.
# Clobbers: EAX, ECX, EDX.
.global clock_sleep
clock_sleep:
    cmp     eax, SLEEP_TICKS
    jl      .Lclock_sleep_awake
    cmp     dword ptr [clock_count_ticks], SLEEPING
    je      .Lclock_sleep_done              # CF is clear
    cmp     dword ptr [seconds_seen], SECONDS_SEEN
    jb      .Lclock_sleep_not
    mov     eax, 1                          # the counter shall say how much of one tick is left
    call    clock_wake
    call    clock_left
    jc      .Lclock_sleep_done              # a tick has just begun
    mov     edx, PIT_DIVISOR
    sub     edx, eax
    jns     1f
    xor     edx, edx
1:  imul    edx, edx, TIMER_PER_COUNT
    mov     [timer_passed], edx
    mov     al, PIT_STOP
    out     PIT_COMMAND, al
    mov     edx, [timer_port]
    in      eax, dx
    mov     [timer_began], eax
    mov     dword ptr [clock_count_ticks], SLEEPING
    clc
    jmp     .Lclock_sleep_done
.Lclock_sleep_awake:
    cmp     dword ptr [clock_count_ticks], SLEEPING
    jne     .Lclock_sleep_not
    call    clock_awake
.Lclock_sleep_not:
    stc
.Lclock_sleep_done:
    ret

# Counts the ticks that have passed while the PIT was silent. Interrupts off.
# Out: EDX what has passed of the tick that runs, in counts of the timer.
# Clobbers: EAX, ECX, EDX.
.global clock_slept
clock_slept:
    mov     edx, [timer_port]
    in      eax, dx
    mov     ecx, eax
    sub     eax, [timer_began]
    mov     [timer_began], ecx
    and     eax, TIMER_MASK
    add     eax, [timer_passed]
    xor     edx, edx
    mov     ecx, TIMER_PER_TICK
    div     ecx
    add     [clock_ticks], eax
    mov     [timer_passed], edx
    ret

# Has the PIT tick again. Interrupts off.
# Clobbers: EAX, ECX, EDX.
.global clock_awake
clock_awake:
    call    clock_slept
    mov     eax, edx
    xor     edx, edx
    mov     ecx, TIMER_PER_COUNT
    div     ecx
    mov     edx, eax
    mov     eax, PIT_DIVISOR
    sub     eax, edx
    cmp     eax, COUNT_MINIMUM
    jae     1f
    mov     eax, COUNT_MINIMUM
1:  mov     edx, 1
    call    clock_load
    mov     al, PIC_READ_IRR
    out     PIC_MASTER, al
    in      al, PIC_MASTER
    and     al, 1
    mov     [clock_risen], al               # its output has risen from what it is in mode 0: that is no tick
    ret

.bss
.balign 4
    # of the power management timer
.global timer_port
timer_port:         .space 4
timer_began:        .space 4                # what it said when ticks were counted last
timer_passed:       .space 4                # counts of it that had passed of the tick that ran then
seconds_seen:       .space 4                # interrupts of the RTC
