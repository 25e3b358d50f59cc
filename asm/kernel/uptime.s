# How long something has lasted, for people.

.include "macros.inc"
.include "tasks.inc"

.text

# Prints the time since boot.
# Clobbers: EAX, ECX, EDX.
.global uptime_print
uptime_print:
    mov     eax, [clock_ticks]
    xor     edx, edx
    mov     ecx, TICK_HZ
    div     ecx

# Prints how long something has lasted.
# In: EAX seconds.
# Clobbers: EAX, ECX, EDX.
.global duration_print
duration_print:
    push    ebx
    push    esi
    xor     edx, edx
    mov     ecx, 60
    div     ecx
    mov     ebx, edx                    # seconds
    xor     edx, edx
    div     ecx
    mov     esi, edx                    # minutes
    xor     edx, edx
    mov     ecx, 24
    div     ecx
    PRINTF  "%u days %02u:%02u:%02u", eax, edx, esi, ebx
    pop     esi
    pop     ebx
    ret
