# What the cluster's upgrade does with the two kernels of the disk that this machine was started from: the hooks of
# asm/cluster/upgrade-turn.s. They wait for whoever changes the record just now.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "slots.inc"
.include "upgrade.inc"

ON_HOOK upgrade_slots, upgrade_slots_read
ON_HOOK upgrade_try, upgrade_slots_try
ON_HOOK upgrade_keep, upgrade_slots_keep
ON_HOOK upgrade_floor, upgrade_slots_raise
ON_HOOK upgrade_ends, slots_trial_ends
ON_HOOK upgrade_load, upgrade_slots_load

STRING upgrade_slots_kernel, "kernel"
STRING upgrade_slots_install, "install"

.text

# Takes the record, and the mutex that guards it. May sleep.
# Out: EBX volume, slots_record; CF when there is none.
# Clobbers: ESI, EDI too.
upgrade_slots_enter:
    mov     eax, offset slots_mutex
    call    mutex_lock
    jmp     slots_boot

# Gives the mutex back.
# Clobbers: EAX, ECX, EDX, but not the flags.
upgrade_slots_leave:
    pushfd
    mov     eax, offset slots_mutex
    call    mutex_unlock
    popfd
    ret

# Says what the record has. May sleep.
# In: EDI SEEN_SIZE bytes.
# Out: CF when there is no record.
upgrade_slots_read:
    push    ebx
    push    esi
    push    edi
    call    upgrade_slots_enter
    mov     edi, [esp]
    jc      .Lupgrade_slots_read_done
    call    slots_running
    mov     [edi + SEEN_RUNNING], eax
    mov     eax, [slots_record + sr_floor]
    mov     [edi + SEEN_FLOOR], eax
    mov     eax, [slots_record + sr_result]
    mov     [edi + SEEN_RESULT], eax
    mov     eax, [slots_record + sr_result_revision]
    mov     [edi + SEEN_RESULT_REVISION], eax
    xor     ecx, ecx                    # ECX: slot
1:  imul    esi, ecx, SLOT_CONTENT_BYTES
    add     esi, offset slots_record + sr_contents
    mov     edx, [slots_record + sr_places + ecx*8 + 4]
    cmp     edx, 1                      # an empty slot has no revision
    sbb     eax, eax
    not     eax
    and     eax, [esi]
    mov     [edi + SEEN_REVISIONS + ecx*4], eax
    shl     edx, 9
    mov     [edi + SEEN_BYTES + ecx*4], edx
    imul    edx, ecx, 16
    push    ecx
    lea     eax, [edi + SEEN_DIGESTS + edx]
    lea     edx, [esi + 8]
    mov     ecx, 16
    call    mem_copy
    pop     ecx
    inc     ecx
    cmp     ecx, 2
    jb      1b
    clc
.Lupgrade_slots_read_done:
    call    upgrade_slots_leave
    pop     edi
    pop     esi
    pop     ebx
    ret

# Puts the kernel of a revision on trial, which is in the slot that does not run. May sleep.
# In: EAX revision.
# Out: CF and EAX SLOT_RESULT_FAILED or REASON_SOURCE.
upgrade_slots_try:
    push    ebx
    push    esi
    push    edi
    push    eax
    call    upgrade_slots_enter
    pop     eax
    mov     edx, SLOT_RESULT_FAILED
    jc      .Lupgrade_slots_try_done
    mov     esi, eax                    # ESI: revision
    call    slots_allowed
    mov     edx, SLOT_RESULT_FAILED
    jc      .Lupgrade_slots_try_done
    mov     edx, REASON_SOURCE
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    cmp     dword ptr [slots_record + sr_places + ecx*8 + 4], 1
    jb      .Lupgrade_slots_try_done
    imul    eax, ecx, SLOT_CONTENT_BYTES
    cmp     [slots_record + sr_contents + eax], esi
    stc
    jne     .Lupgrade_slots_try_done
    mov     [slots_record + sr_trial], ecx
    mov     dword ptr [slots_record + sr_tries], 1
    call    slots_write
    mov     edx, SLOT_RESULT_FAILED
.Lupgrade_slots_try_done:
    push    edx
    call    upgrade_slots_leave
    pop     eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Loads a kernel as `kernel install` does. May sleep, for minutes.
# In: EAX URL.
# Out: EAX status.
upgrade_slots_load:
    push    0
    push    eax
    push    offset upgrade_slots_install
    push    offset upgrade_slots_kernel
    mov     eax, 3
    mov     edx, esp
    call    command_kernel
    lea     esp, [esp + 16]
    ret

# Makes the running kernel, which is on trial, the good one. May sleep.
# Out: CF when the record does not say so.
upgrade_slots_keep:
    push    ebx
    push    esi
    push    edi
    call    upgrade_slots_enter
    jc      1f
    call    slots_confirm
    jc      1f
    neg     eax                         # CF when the status is not 0
1:  call    upgrade_slots_leave
    pop     edi
    pop     esi
    pop     ebx
    ret

# Raises the floor of the disk; it never falls. May sleep.
# In: EAX revision.
# Out: CF when it could not be written.
upgrade_slots_raise:
    push    ebx
    push    esi
    push    edi
    push    eax
    call    upgrade_slots_enter
    pop     eax
    jc      1f
    cmp     eax, [slots_record + sr_floor]
    jbe     2f
    mov     [slots_record + sr_floor], eax
    call    slots_write
    jmp     1f
2:  clc
1:  call    upgrade_slots_leave
    pop     edi
    pop     esi
    pop     ebx
    ret
