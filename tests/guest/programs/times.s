# Tests of the clocks, of what ACPI says, and of keys out of bytes, that run inside a machine: link this object with
# those of asm/ and type `timetest`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "memory.inc"
.include "tasks.inc"

DAY                 = 86400
TABLE_BYTES         = 4                     # of a table of ACPI
TABLE_HEADER        = 36
FADT_DSDT           = 40

.text

SELFTEST timetest, time_tests, "test clocks and ACPI"

# Reads the time stamp counter.
# Out: EDX:EAX.
stamp:
    rdtsc
    ret

# Measures how often the time stamp counter counts in a millisecond.
# Out: EAX.
stamps_per_ms:
    mov     ecx, [clock_ticks]
1:  cmp     ecx, [clock_ticks]
    je      1b
    add     ecx, 11
    rdtsc
    push    eax
2:  cmp     ecx, [clock_ticks]
    jne     2b
    rdtsc
    pop     ecx
    sub     eax, ecx
    xor     edx, edx
    mov     ecx, 100
    div     ecx
    ret

# However long the machine sleeps, and whatever wakes it, no clock loses time: held against the time stamp counter.
test_long_sleeps:
    call    stamps_per_ms
    mov     edi, eax
    mov     ebx, offset sleeps
1:  call    stamp
    push    eax
    push    edx
    call    clock_us
    push    eax
    call    clock_ms
    push    eax
    mov     eax, [ebx]
    call    task_sleep
    call    clock_ms
    pop     esi
    sub     eax, esi
    mov     esi, eax                    # ESI: milliseconds by the ticks
    call    clock_us
    pop     ecx
    sub     eax, ecx
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     [by_counter], eax
    call    stamp
    pop     ecx
    pop     [passed]
    sub     eax, [passed]
    sbb     edx, ecx
    div     edi
    mov     [passed], eax               # milliseconds by the stamps
    sub     eax, [ebx]
    cmp     eax, 2 * TICK_MS + 2
    MUST    be
    mov     eax, [passed]
    add     eax, TICK_MS + 2
    sub     eax, esi
    cmp     eax, 2 * TICK_MS + 4
    MUST    be
    mov     eax, [passed]
    add     eax, TICK_MS
    sub     eax, [by_counter]
    cmp     eax, 2 * TICK_MS
    MUST    be
    add     ebx, 4
    cmp     ebx, offset sleeps_end
    jb      1b
    clc
    ret

# The finer clock never goes back, also while a tick waits to be counted, and goes as fast as the ticks.
test_fine_clock:
    call    clock_us
    mov     ebx, eax
    mov     edi, [clock_ticks]
    mov     esi, eax
1:  call    clock_us
    mov     ecx, eax
    sub     ecx, esi
    MUST    ns
    cmp     ecx, 200
    MUST    b
    mov     esi, eax
    mov     eax, [clock_ticks]
    sub     eax, edi
    cmp     eax, 6
    jb      1b
    sub     esi, ebx
    sub     esi, 5 * TICK_MS * 1000
    cmp     esi, TICK_MS * 1000 + 200
    MUST    be
    mov     ebx, 3
2:  mov     edi, [clock_ticks]
3:  cmp     edi, [clock_ticks]
    je      3b
    cli
    call    clock_us
    mov     esi, eax
    mov     edi, 2000
4:  call    clock_us                    # past the next tick, which has to wait
    mov     ecx, eax
    sub     ecx, esi
    js      8f
    cmp     ecx, 200
    jae     8f
    mov     esi, eax
    dec     edi
    jnz     4b
    sti
    dec     ebx
    jnz     2b
    clc
    ret
8:  sti
    stc
    ret

# The clock of protocols is where the ticks are, however long the machine has been up.
test_fine_uptime:
    mov     ebx, offset uptimes
1:  cli
    push    [clock_ticks]
    mov     edi, [ebx]
    mov     [clock_ticks], edi
    call    clock_fine
    mov     esi, eax
    call    clock_ms
    sub     esi, eax
    pop     [clock_ticks]
    sti
    cmp     esi, 2 * TICK_MS            # the next tick may wait
    MUST    b
    add     ebx, 4
    cmp     ebx, offset uptimes_end
    jb      1b
    call    clock_fine
    mov     esi, eax
    call    clock_ms
    sub     esi, eax
    cmp     esi, 2 * TICK_MS
    MUST    b
    clc
    ret

# Where there is no time stamp counter, time is counted in milliseconds, in both halves of the number, and the clock of
# protocols goes on as finely as before.
test_no_stamps:
    cli
    mov     byte ptr [task_has_tsc], 0
    mov     edx, -1
    call    task_time
    mov     esi, eax
    mov     edi, edx
    call    clock_ms
    sub     esi, eax                    # ESI: 0
    mov     ebx, -1
1:  call    clock_fine                  # past the next tick, which has to wait
    mov     ecx, eax
    call    clock_us
    xor     edx, edx
    push    ecx
    mov     ecx, 1000
    div     ecx
    pop     ecx
    sub     eax, ecx
    cmp     eax, 1                      # it may have become a millisecond later since
    ja      2f
    cmp     ecx, ebx
    je      1b
    mov     ebx, ecx
    call    clock_ms
    add     eax, TICK_MS
    cmp     ebx, eax
    jb      1b
    clc
2:  mov     byte ptr [task_has_tsc], 1
    sti
    MUST    nc
    SAME    esi, 0
    SAME    edi, 0
    clc
    ret

# Date and time to the millisecond agree with the seconds, and with the milliseconds since boot.
test_date:
    mov     ebx, 40
1:  INTERRUPTS_OFF
    call    clock_date
    push    edx
    push    eax
    call    clock_seconds
    mov     esi, eax
    mov     edi, edx
    pop     eax
    pop     edx
    INTERRUPTS_RESTORE
    cmp     edx, 1000
    MUST    b
    cmp     edi, 1000
    MUST    b
    sub     eax, esi
    imul    eax, eax, 1000
    add     eax, edx
    sub     eax, edi                    # what has passed of the tick
    cmp     eax, TICK_MS
    MUST    b
    call    clock_date
    imul    eax, eax, 1000
    add     eax, edx
    push    eax
    call    clock_us
    mov     esi, eax
    mov     eax, ebx
    call    task_sleep
    call    clock_us
    sub     esi, eax
    neg     esi
    call    clock_date
    imul    eax, eax, 1000
    add     eax, edx
    pop     edx
    sub     eax, edx
    imul    eax, eax, 1000
    sub     eax, esi
    add     eax, 2000
    cmp     eax, 4000
    MUST    be
    sub     ebx, 3
    jns     1b
    clc
    ret

# The clock is set forward and back by seconds and milliseconds; what would leave its years is refused.
test_step:
    mov     ebx, offset steps
1:  call    now
    mov     esi, eax
    mov     eax, [ebx]
    mov     edx, [ebx + 4]
    SUCCEEDS clock_step
    SAME    eax, 0
    call    now
    sub     eax, esi
    mov     ecx, [ebx]
    imul    ecx, ecx, 1000
    add     ecx, [ebx + 4]
    sub     eax, ecx
    cmp     eax, 2 * TICK_MS
    MUST    be
    add     ebx, 8
    cmp     ebx, offset steps_end
    jb      1b
    mov     ebx, offset wrong_steps
2:  call    now
    mov     esi, eax
    mov     eax, [ebx]
    mov     edx, [ebx + 4]
    FAILS   clock_step
    SAME    eax, ERROR_INVALID
    call    now
    sub     eax, esi
    cmp     eax, 2 * TICK_MS
    MUST    be
    add     ebx, 8
    cmp     ebx, offset wrong_steps_end
    jb      2b
    clc
    ret

# The time of day in milliseconds, modulo 2^32.
# Out: EAX.
now:
    call    clock_seconds
    imul    eax, eax, 1000
    add     eax, edx
    ret

# What an AML table says of switching off.
test_soft_off:
    mov     ebx, offset tables
1:  mov     edi, offset dsdt
    mov     ecx, 128
    xor     eax, eax
    rep stosb
    mov     esi, [ebx]
    movzx   ecx, byte ptr [esi]
    inc     esi
    mov     edi, offset dsdt + TABLE_HEADER
    lea     eax, [ecx + TABLE_HEADER]
    mov     [dsdt + TABLE_BYTES], eax
    rep movsb
    mov     eax, offset dsdt - KERNEL_SPACE
    mov     [fadt + FADT_DSDT], eax
    mov     eax, offset fadt
    call    acpi_soft_off
    sbb     ecx, ecx
    SAME    ecx, [ebx + 8]
    SAME    eax, [ebx + 4]
    add     ebx, 12
    cmp     ebx, offset tables_end
    jb      1b
    call    acpi_find                   # the machine's own
    MUST    nc
    SAME    dword ptr [eax], 0x50434146 # "FACP"
    clc
    ret

.section .rodata
.balign 4
time_tests:
    CASE    "long sleeps", test_long_sleeps
    CASE    "fine clock", test_fine_clock
    CASE    "fine clock after days", test_fine_uptime
    CASE    "no time stamps", test_no_stamps
    CASE    "date", test_date
    CASE    "steps of the clock", test_step
    CASE    "soft off", test_soft_off
    .long   0
sleeps:                                     # milliseconds
    .long   1, 10, 49, 50, 51, 60, 100, 999, 1090, 1100, 1110, 1500, 2345, 3333, 5555
sleeps_end:
uptimes:                                    # ticks: seconds, an hour, days, weeks
    .long   1000, 360000, 16777217, 214748364, 429496729
uptimes_end:
steps:                                      # seconds, milliseconds
    .long   10, 0, -10, 0, 0, 700, 0, 700, 0, -700, 0, -700, 1, 999, -2, 1, DAY, -999, -DAY, 999
    .long   0x60000000, 0, 0x30000000, 0, -0x30000000, 0, -0x60000000, 0    # beyond what a sign leaves room for
steps_end:
wrong_steps:
    .long   0, 1000, 0, -1000, 0x80000000, 0, -2000000000, 999
wrong_steps_end:
# Table, answer, -1 when it is an error.
tables:
    .long   aml_words, 0x3C003400, 0
    .long   aml_root, 0x34002400, 0
    .long   aml_long, 0x20003C00, 0
    .long   aml_short, 0x24002000, 0
    .long   aml_late, 0x3C003400, 0
    .long   aml_not_package, ERROR_NOT_SUPPORTED, -1
    .long   aml_not_name, ERROR_NOT_SUPPORTED, -1
    .long   aml_other, ERROR_NOT_SUPPORTED, -1
    .long   aml_end, ERROR_NOT_SUPPORTED, -1
    .long   aml_empty, ERROR_NOT_SUPPORTED, -1
tables_end:

# Bytes of a table, counted.
.macro AML label:req, bytes:vararg
\label:
    .byte   .Lend\@ - \label - 1
    .byte   \bytes
.Lend\@:
.endm

    AML aml_words, 0x10, 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0A, 0x05, 0x0A, 0x07, 0, 0, 0
    AML aml_root, 0x08, 0x5C, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x01, 0x0A, 0x05, 0x00, 0x00
    AML aml_long, 0x08, '_', 'S', '5', '_', 0x12, 0x47, 0x00, 0x04, 0x0A, 0x07, 0x00, 0x00, 0x00
    AML aml_short, 0x08, '_', 'S', '5', '_', 0x12, 0x04, 0x02, 0x00, 0x01, 0, 0, 0
    AML aml_late, '_', 'S', '5', '_', 1, 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0A, 0x05, 0x0A, 0x07
    AML aml_not_package, 0x08, '_', 'S', '5', '_', 0x11, 0x06, 0x02, 0x0A, 0x05, 0x0A, 0x07, 0, 0, 0
    AML aml_not_name, 0x09, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0A, 0x05, 0x0A, 0x07, 0, 0, 0
    AML aml_other, 0x08, '_', 'S', '4', '_', 0x12, 0x06, 0x02, 0x0A, 0x05, 0x0A, 0x07, 0, 0, 0
    AML aml_end, 0, 0, 0, 0, 0, 0, 0, 0x08, '_', 'S', '5', '_', 0x12
    AML aml_empty, 0

.bss
.balign 4
fadt:           .space 128
dsdt:           .space 256
passed:         .space 4
by_counter:     .space 4
