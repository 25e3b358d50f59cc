# Time: the PIT ticks 100 times a second; the RTC says once, at boot, what date it is. While nothing runs, an interrupt
# of the PIT stands for several ticks, as many as its counter can hold: up to 5. For longer sleeps see clock-sleep.s.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "clock.inc"
.include "date.inc"

TICKS_MAXIMUM       = 0xFFFF / PIT_DIVISOR  # that one interrupt can stand for

.text

# Sets the timer to its rate and the clock to the time of the RTC.
clock_init:
    mov     eax, PIT_DIVISOR
    mov     edx, 1
    call    clock_load
    call    rtc_read
    mov     [clock_boot_seconds], eax
    xor     eax, eax
    mov     edx, offset clock_tick
    xor     ecx, ecx
    jmp     irq_register

INITCALL 2, clock_init

# Has the PIT interrupt again and again. Interrupts off.
# In: EAX PIT counts from one interrupt to the next, EDX how many ticks each stands for.
# Clobbers: EAX only.
.global clock_load
clock_load:
    mov     [clock_count], eax
    mov     [clock_count_ticks], edx
    push    eax
    mov     al, PIT_MODE2
    out     PIT_COMMAND, al
    pop     eax
    out     PIT_CHANNEL0, al
    mov     al, ah
    out     PIT_CHANNEL0, al
    ret

# Handler of IRQ 0: a tick begins now, unless the PIT has only been set anew.
clock_tick:
    mov     edx, [clock_count_ticks]
    cmp     edx, SLEEPING               # some PITs interrupt once more when they are stopped
    je      clock_awake
    xor     eax, eax
    xchg    al, [clock_risen]
    test    al, al
    jnz     2f
    add     [clock_ticks], edx
    call    timers_run
    call    task_tick
    mov     edx, 1
    cmp     byte ptr [task_reschedule], 0
    jne     1f
    mov     eax, [task_current]
    cmp     eax, [task_idle]
    jne     1f
    call    clock_silence
    mov     edx, eax
1:  imul    eax, edx, PIT_DIVISOR
    cmp     eax, [clock_count]          # goes on by itself
    jne     clock_load
2:  ret

# The twin of a kernel that became two: goes on from the time of that, at its own rate, which is measured anew.
# Interrupts off.
# Clobbers: EAX, ECX, EDX.
.global clock_landed
clock_landed:
    mov     byte ptr [clock_risen], 0
    mov     eax, PIT_DIVISOR
    mov     edx, 1
    call    clock_load
    call    schedule_begin
    call    rate_landed
    jmp     fine_landed

# How many ticks the next interrupt of the PIT may stand for while the machine is idle. Interrupts off.
# Out: EAX ticks, 1 to TICKS_MAXIMUM.
# Clobbers: EAX, EDX only.
clock_silence:
    call    timers_idle
    cmp     eax, TICKS_MAXIMUM
    jle     1f
    mov     eax, TICKS_MAXIMUM
1:  cmp     eax, 1
    jge     2f
    mov     eax, 1
2:  ret

# Counts the ticks that have passed while the machine was idle, at the beginning of any interrupt but IRQ 0, and lets
# the ticks go on one by one. Interrupts off.
# Clobbers: EAX, ECX, EDX.
.global clock_wake
clock_wake:
    cmp     dword ptr [clock_count_ticks], SLEEPING
    je      clock_awake
    mov     eax, 1

# Changes the number of ticks of the next interrupt; the tick that runs now keeps its end. Interrupts off.
# In: EAX ticks, up to TICKS_MAXIMUM.
clock_change:
    push    ebx
    push    esi
    mov     esi, eax
    call    clock_left
    jc      .Lclock_change_done
    dec     eax
    xor     edx, edx
    mov     ecx, PIT_DIVISOR
    div     ecx                         # EAX: whole ticks that are left after this one
    inc     edx                         # EDX: what is left of this one
    mov     ecx, [clock_count_ticks]
    sub     ecx, eax
    dec     ecx
    js      .Lclock_change_done         # the counter is not what was set
    add     [clock_ticks], ecx
    cmp     edx, COUNT_MINIMUM
    jae     .Lclock_change_load
    mov     edx, COUNT_MINIMUM
.Lclock_change_load:
    lea     eax, [esi - 1]
    imul    eax, eax, PIT_DIVISOR
    add     eax, edx
    mov     edx, esi
    call    clock_load
.Lclock_change_done:
    pop     esi
    pop     ebx
    ret

# What is left of the PIT's count. Interrupts off.
# Out: EAX counts; CF when IRQ 0 waits, and will count all ticks, or says only that the PIT was set anew.
# Clobbers: EAX, ECX.
.global clock_left
clock_left:
    mov     al, PIT_LATCH
    out     PIT_COMMAND, al
    in      al, PIT_CHANNEL0
    mov     cl, al
    in      al, PIT_CHANNEL0
    mov     ch, al
    mov     al, PIC_READ_IRR
    out     PIC_MASTER, al
    in      al, PIC_MASTER
    shr     al, 1                       # CF
    movzx   eax, cx
    ret

# Lets the PIT be silent until the first timer is due, or as long as it can. Called by the idle task before it halts,
# interrupts off.
.global clock_idle
clock_idle:
    call    timers_idle
    call    clock_sleep
    jc      1f
    ret
1:  call    clock_silence
    cmp     eax, [clock_count_ticks]
    jne     clock_change
    ret

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
    xor     al, [clock_risen]           # what waits then is none
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
# Out: EAX seconds since 2000-01-01 00:00:00, EDX milliseconds of the next, in steps of a tick.
.global clock_seconds
clock_seconds:
    xor     ecx, ecx
# In: ECX milliseconds since the tick.
.Lclock_seconds_since:
    push    ecx
    mov     eax, [clock_ticks]
    xor     edx, edx
    mov     ecx, TICK_HZ
    div     ecx
    imul    edx, edx, TICK_MS
    pop     ecx
    add     edx, ecx
    add     eax, [clock_boot_seconds]
    add     edx, [clock_boot_ms]
1:  cmp     edx, 1000
    jb      2f
    sub     edx, 1000
    inc     eax
    jmp     1b
2:  ret

# Time of day, finer than a tick.
# Out: EAX seconds since 2000-01-01 00:00:00, EDX milliseconds of the next.
.global clock_date
clock_date:
    INTERRUPTS_OFF
    call    clock_us
    imul    edx, [clock_ticks], TICK_MS * 1000
    sub     eax, edx                    # microseconds since the tick
    cmp     eax, TICKS_MAXIMUM * TICK_MS * 1000
    jbe     1f
    xor     eax, eax                    # the two were read across a tick
1:  xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     ecx, eax
    call    .Lclock_seconds_since
    INTERRUPTS_RESTORE
    ret

# Sets the time of day forward or back. The real-time clock keeps its own.
# In: EAX seconds, EDX milliseconds from -999 to 999.
# Out: CF and ERROR_INVALID when it would leave the years 2000 to 2105, or would have been before them at boot.
.global clock_step
clock_step:
    push    ebx
    INTERRUPTS_OFF
    mov     ebx, eax
    lea     eax, [edx + 999]
    cmp     eax, 2 * 999
    ja      .Lclock_step_invalid
    add     edx, [clock_boot_ms]
    jns     1f
    add     edx, 1000
    dec     ebx
1:  cmp     edx, 1000
    jb      2f
    sub     edx, 1000
    inc     ebx
2:  push    edx
    call    clock_seconds
    pop     edx
    mov     ecx, ebx
    shr     ecx, 31                     # ECX: 1 when it goes back, and a sum must not stay below 0
    add     eax, ebx                    # where the clock would be
    sbb     ecx, 0
    jnz     .Lclock_step_invalid
    cmp     eax, DATE_SECONDS_MOST
    ja      .Lclock_step_invalid
    mov     ecx, ebx
    shr     ecx, 31
    add     ebx, [clock_boot_seconds]
    sbb     ecx, 0
    jnz     .Lclock_step_invalid
    mov     [clock_boot_seconds], ebx
    mov     [clock_boot_ms], edx
    INTERRUPTS_RESTORE
    xor     eax, eax                    # CF is clear
    pop     ebx
    ret
.Lclock_step_invalid:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_INVALID
    stc
    pop     ebx
    ret

.bss
.balign 4
.global clock_ticks
clock_ticks:        .space 4                # timer interrupts since boot
clock_boot_seconds: .space 4                # what the RTC said at boot, and what was stepped since
clock_boot_ms:      .space 4                # and milliseconds
clock_count:        .space 4                # PIT counts from one interrupt to the next
.global clock_count_ticks
clock_count_ticks:  .space 4                # ticks that each stands for
.global clock_risen
clock_risen:        .space 1                # 1: the interrupt that waits is no tick
