# Writes while a volume moves to another machine (docs/protocols/fork.md): which of its blocks are written is noted, then
# all writes wait, and once the volume has its place elsewhere, nothing is written here any more.

.include "macros.inc"
.include "tasks.inc"
.include "disk.inc"

.bss
.balign 4
    # the volume that moves, or 0
.global watch_volume
watch_volume:           .space 4
    # a bit for each 4 KiB of it that were written
.global watch_bits
watch_bits:             .space 4
    # WRITES_*
.global write_gate
write_gate:             .space 4
    # the task whose writes the gate lets through
.global write_keeper
write_keeper:           .space 4
    # how many writes are under way
.global writes_running
writes_running:         .space 4
write_event:            .space 4        # the gate is another one

.text

# Begins a write: waits while the gate says so. The task is not ended before write_leave.
# Out: CF when what is written is of no use any more: then there is no write_leave.
# Clobbers: no register.
.global write_enter
write_enter:
    push    eax
    push    edx
1:  mov     edx, [task_current]
    cmp     dword ptr [write_gate], WRITES_OPEN
    je      8f
    cmp     [write_keeper], edx
    je      8f
    cmp     dword ptr [write_gate], WRITES_LOST
    je      7f
    push    ecx
    mov     eax, offset write_event
    mov     edx, -1
    call    event_wait
    pop     ecx
    jmp     1b
7:  stc
    jmp     9f
8:  inc     dword ptr [writes_running]
    inc     dword ptr [edx + TASK_HOLDS]
    clc
9:  pop     edx
    pop     eax
    ret

# Ends a write, and notes it: after it, so that who took the note before has read what was there before.
# In: EBX volume, EDX its first sector, ESI sectors, at least 1.
# Clobbers: ECX; the flags are kept.
.global write_leave
write_leave:
    pushfd
    push    edx
    dec     dword ptr [writes_running]
    mov     ecx, [task_current]
    dec     dword ptr [ecx + TASK_HOLDS]
    cmp     [watch_volume], ebx
    jne     9f
    cmp     edx, [ebx + VOLUME_SECTORS]
    jae     9f                          # it was refused
    lea     ecx, [edx + esi - 1]
    shr     ecx, 3
    shr     edx, 3
    push    eax
    mov     eax, [watch_bits]
1:  bts     [eax], edx
    inc     edx
    cmp     edx, ecx
    jbe     1b
    pop     eax
9:  pop     edx
    popfd
    ret

# Opens or shuts the gate.
# In: EAX WRITES_*.
# Clobbers: EAX, ECX, EDX.
.global write_gate_set
write_gate_set:
    mov     [write_gate], eax
    mov     eax, [task_current]
    mov     [write_keeper], eax
    mov     eax, offset write_event
    jmp     event_broadcast
