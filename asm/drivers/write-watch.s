# Writes while a volume moves to another machine (docs/protocols/fork.md): which of its blocks are written is noted,
# then all who write wait, for ever where the kernel is gone.

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
    # how many writes are under way
.global writes_running
writes_running:         .space 4
write_keeper:           .space 4        # the one task that may write, 0: all may
write_event:            .space 4        # it is another one

.text

# Begins a write: waits until this task may write. It is not ended before write_leave. Keeps all registers.
.global write_enter
write_enter:
    push    eax
    push    edx
    push    ecx
1:  mov     ecx, [task_current]
    mov     eax, [write_keeper]
    test    eax, eax
    jz      2f
    cmp     eax, ecx
    je      2f
    mov     eax, offset write_event
    mov     edx, -1
    call    event_wait
    jmp     1b
2:  inc     dword ptr [writes_running]
    inc     dword ptr [ecx + TASK_HOLDS]
    pop     ecx
    pop     edx
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
    lea     ecx, [edx + esi - 1]
    cmp     ecx, [ebx + VOLUME_SECTORS]
    jae     9f                          # it was refused
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

# Has no other task begin a write from here on, or all that wait for that go on. The task is not ended meanwhile.
# In: EAX the running task, or 0.
# Clobbers: EAX, ECX, EDX.
.global write_keep
write_keep:
    mov     ecx, [task_current]
    xchg    eax, [write_keeper]
    cmp     eax, [write_keeper]
    je      9f
    inc     dword ptr [ecx + TASK_HOLDS]
    test    eax, eax
    jz      9f                          # it is the keeper now
    sub     dword ptr [ecx + TASK_HOLDS], 2
    mov     eax, offset write_event
    jmp     event_broadcast
9:  ret
