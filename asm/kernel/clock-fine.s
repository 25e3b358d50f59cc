# The clock of protocols: milliseconds, which clock_us would give too, by seven accesses to ports that take some
# microseconds each on a PC. So it is asked once a millisecond at most: until the next one begins, the processor's time
# stamp counter says that it has not. Whoever has none reads the ports each time.

.include "macros.inc"
.include "tasks.inc"
.include "clock.inc"

.text

# Time since boot, finer than a tick.
# Out: EAX milliseconds since boot, EDX microseconds, of the same millisecond; they wrap after 49 days and after 71
#      minutes, so compare differences. A counter that runs slower than on the average since boot may have them late,
#      never beyond the tick.
# Clobbers: ECX.
.global clock_fine
clock_fine:
    push    ebx
    push    esi
    INTERRUPTS_OFF
    cmp     byte ptr [task_has_tsc], 0
    je      .Lclock_fine_read
    rdtsc
    sub     eax, [fine_stamp]
    cmp     eax, [fine_cycles]
    jae     .Lclock_fine_read
    mov     ecx, [clock_ticks]
    cmp     ecx, [fine_ticks]
    jne     .Lclock_fine_read
    mul     dword ptr [fine_left]
    div     dword ptr [fine_cycles]
    add     eax, [fine_us]
    mov     edx, eax
    mov     eax, [fine_ms]
    jmp     .Lclock_fine_done
.Lclock_fine_read:
    call    task_time
    mov     esi, eax                    # ESI: before what it stands for, so that it ends too early rather than too late
    call    clock_us
    mov     ecx, [clock_ticks]
    mov     [fine_us], eax
    mov     [fine_ticks], ecx
    imul    edx, ecx, TICK_MS * 1000
    sub     eax, edx                    # microseconds since the tick
    imul    ebx, ecx, TICK_MS
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    add     ebx, eax
    sub     ecx, edx                    # ECX: microseconds to the next millisecond
    mov     [fine_ms], ebx
    mov     [fine_left], ecx
    push    ecx
    call    task_cycles_per_ms
    pop     ecx
    mul     ecx
    mov     ecx, 1000
    div     ecx
    mov     [fine_cycles], eax
    mov     [fine_stamp], esi
    mov     eax, ebx
    mov     edx, [fine_us]
.Lclock_fine_done:
    INTERRUPTS_RESTORE
    pop     esi
    pop     ebx
    ret

# What was read last was another counter.
# Clobbers: nothing.
.global fine_landed
fine_landed:
    mov     dword ptr [fine_cycles], 0
    ret

.bss
.balign 4
fine_ms:            .space 4                # the millisecond that was read last
fine_us:            .space 4                # microseconds when it was read
fine_left:          .space 4                # and those to the next millisecond
fine_ticks:         .space 4                # the tick that it is in
fine_stamp:         .space 4                # time stamp when it was read, lower half
fine_cycles:        .space 4                # for so many cycles from there on it is the same one
