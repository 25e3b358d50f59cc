# How fast the time stamp counter runs. It is measured against the PIT over and over, for when the processor stood still
# the counter went on and ticks were lost: under a hypervisor that does other things, in system management mode, stopped
# by a debugger. A measurement in which that happened says too much, and is not believed.

.include "macros.inc"
.include "tasks.inc"
.include "clock.inc"

MEASURE_TICKS       = TICK_HZ / 10          # a measurement takes at least so long
SLACK_SHIFT         = 3                     # one that exceeds the last by more than an eighth is not believed,
REFUSALS            = 8                     # unless so many in a row do: then the counter is faster now

.text

# What a millisecond is in the unit of TASK_CYCLES; brings the running task's time up to date.
# Out: EAX, at least 1.
.global task_cycles_per_ms
task_cycles_per_ms:
    INTERRUPTS_OFF
    call    task_account
    cmp     dword ptr [rate], 0
    je      1f
    mov     eax, [clock_ticks]
    sub     eax, [rate_ticks]
    cmp     eax, MEASURE_TICKS
    jb      2f
1:  call    rate_measure
2:  mov     eax, [rate]
    test    eax, eax
    jnz     3f
    mov     eax, [rate_first]
3:  INTERRUPTS_RESTORE
    ret

# Begins anew, with another counter. Interrupts off.
# Clobbers: EAX, ECX, EDX.
.global rate_landed
rate_landed:
    xor     eax, eax
    mov     [rate], eax
    mov     [rate_refused], eax
    mov     eax, [clock_ticks]
    mov     [rate_ticks], eax
    call    clock_us
    mov     [rate_us], eax
    ret

# Ends a measurement, if it has taken long enough, and begins the next. Interrupts off.
# Out: rate; rate_first, until there is one.
# Clobbers: EAX, ECX, EDX.
rate_measure:
    push    ebx
    push    esi
    push    edi
    call    clock_us
    mov     ebx, eax
    mov     ecx, eax
    sub     ecx, [rate_us]              # ECX: microseconds
    mov     esi, [task_since]
    mov     edi, [task_since + 4]
    mov     eax, esi
    mov     edx, edi
    sub     eax, [rate_since]
    sbb     edx, [rate_since + 4]
    call    rate_divide
    cmp     ecx, MEASURE_TICKS * TICK_MS * 1000
    jae     1f
    mov     [rate_first], eax           # not for long enough yet, but better than nothing
    jmp     9f
1:  mov     [rate_us], ebx
    mov     [rate_since], esi
    mov     [rate_since + 4], edi
    mov     ecx, [clock_ticks]
    mov     [rate_ticks], ecx
    mov     ecx, [rate]
    mov     edx, ecx
    shr     edx, SLACK_SHIFT
    add     edx, ecx
    jz      2f
    cmp     eax, edx
    jbe     2f
    inc     dword ptr [rate_refused]
    cmp     dword ptr [rate_refused], REFUSALS
    jb      9f
2:  mov     [rate], eax
    mov     dword ptr [rate_refused], 0
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Divides cycles by time.
# In: EDX:EAX cycles, ECX microseconds that they took.
# Out: EAX cycles in a millisecond, 1 to 0xFFFFFFFF; ECX as it was.
# Clobbers: EDX.
rate_divide:
    push    ecx
    jmp     2f
1:  shrd    eax, edx, 1
    shr     edx
    shr     ecx
2:  test    edx, edx
    jnz     1b
    mov     edx, 1000
    mul     edx
    cmp     edx, ecx
    jae     8f
    div     ecx
    cmp     eax, 1
    adc     eax, 0
    jmp     9f
8:  or      eax, -1
9:  pop     ecx
    ret

.bss
.balign 4
rate:                  .space 4                # cycles in a millisecond, 0 before the first measurement
rate_first:         .space 4                # what it is until then
rate_us:            .space 4                # clock_us, time stamp and ticks when the measurement at hand began
.global rate_since
rate_since:         .space 8
rate_ticks:         .space 4
rate_refused:       .space 4                # how many in a row were not believed
