# A module with a part that is to take the place of the kernel's log while it runs. Tests define HOW: 0 works, 1 does
# not take the state, 2 faults with it, 3 faults half a second later, 4 ends at once, 5 is a part of another name, 6
# lacks something.

.include "macros.inc"
.include "part.inc"

.data
.balign 4
next_owner:     .long 0, 0, next_name, 0
next_kept:      .long 0
STRING next_name, "log"

.if HOW == 5
SERVICE_PART other, next_owner, "log-next", next_main, 0, 0, "kernel log\n", taker=next_take
.else
SERVICE_PART log, next_owner, "log-next", next_main, 0, 0, "kernel log\n", taker=next_take
.endif

.text

# Takes what the kernel's log gives.
# In: EAX address of how many bytes are in the file, EDX 4, ECX version 1.
# Out: CF when it is something else.
next_take:
    cmp     ecx, 1
    jne     1f
    cmp     edx, 4
    jne     1f
    mov     eax, [eax]
    mov     [next_kept], eax
.if HOW == 2
    mov     [HOW], eax
.endif
.if HOW != 1
    clc
    ret
.endif
1:  stc
    ret

# Writes the log to the volume ten times a second.
next_main:
    mov     eax, offset next_owner
    call    owner_join
    PRINTF  "log-next: %u bytes are kept\n", [next_kept]
.if HOW == 3
    mov     eax, 500
    call    task_sleep
    mov     [HOW], eax
.endif
.if HOW == 4
    ret
.endif
.if HOW == 6
    call    log_nothing
.endif
1:  mov     eax, 100
    call    task_sleep
    call    log_flush
    jmp     1b
