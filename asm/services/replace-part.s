# Replacing a part of the kernel by a newer one while it runs: `service replace` with a module (asm/process/module.s)
# that has a part of the same name. The service's own task ends the tasks of the old part, takes its state, and starts
# the new one with it on trial: when that does not take the state, ends or faults, the old part goes on.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "service.inc"
.include "module.inc"
.include "log.inc"

TRIAL_MS            = 1000                  # how long a new part has to live
LOOK_MS             = 1000                  # how often it is looked whether the service still runs
REASON_BYTES        = 160
NO_VECTOR           = -1

ON_HOOK on_exception, part_fault
ON_HOOK on_unload, parts_used

.text

# Replaces the part of a service, and says what has become of it. May sleep.
# In: EBX service, EDX path of a module.
# Out: CF when the old one is left.
.global service_replace_part
service_replace_part:
    push    esi
    mov     esi, edx                    # ESI: path
    cmp     dword ptr [ebx + SERVICE_STATE], SERVICE_RUNNING
    jne     .Lservice_replace_part_refused
    call    part_try
    jc      .Lservice_replace_part_say
    lea     eax, [ebx + SERVICE_LABEL]
    PRINTF  "%s is %s now\n", eax, esi
    clc
    jmp     .Lservice_replace_part_done
.Lservice_replace_part_refused:
    lea     ecx, [ebx + SERVICE_LABEL]
    PRINTF  "service %s: it does not run\n", ecx
    jmp     .Lservice_replace_part_left
.Lservice_replace_part_say:
    call    replace_say
.Lservice_replace_part_left:
    stc
.Lservice_replace_part_done:
    pop     esi
    ret

# Has the part of a module take the place of a service's. May sleep.
# In: EBX service, EDX path of the module.
# Out: CF and EDX why the old part is left.
.global part_try
part_try:
    push    esi
    push    edi
    mov     esi, edx
    mov     eax, offset part_mutex
    call    mutex_lock
    mov     eax, esi
    call    module_load
    jc      .Lpart_try_not_loaded
    mov     edi, eax                    # EDI: module
    mov     edx, esi
    call    part_use
    jnc     .Lpart_try_done
    push    edx
    lea     eax, [edi + MODULE_LABEL]
    call    module_unload               # one with init calls and no end of its own stays
    pop     edx
    stc
    jmp     .Lpart_try_done
.Lpart_try_not_loaded:
    mov     edi, edx
    call    error_text
    mov     edx, eax
    test    edi, edi
    stc
    jz      .Lpart_try_done
    mov     ecx, offset module_missing_name
    mov     eax, offset part_reason
    SNPRINTF eax, REASON_BYTES, "%s: %s", edx, ecx
    mov     edx, offset part_reason
    stc
.Lpart_try_done:
    jmp     part_unlock

# The same of a module that is loaded already, because it was replaced before. May sleep.
# In: EBX service, EAX module, EDX its path.
# Out: CF and EDX why the old part is left.
.global part_again
part_again:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     eax, offset part_mutex
    call    mutex_lock
    mov     edx, esi
    call    part_use

# In: the flags and EDX of an answer; ESI and EDI on the stack.
part_unlock:
    pushfd
    push    edx
    mov     eax, offset part_mutex
    call    mutex_unlock
    pop     edx
    popfd
    pop     edi
    pop     esi
    ret

# Has a part of the kernel's own take the place of a service's. May sleep.
# In: EBX service, EDX part.
# Out: CF and EDX why the old part is left.
.global part_back
part_back:
    push    esi
    push    edi
    mov     esi, edx
    mov     eax, offset part_mutex
    call    mutex_lock
    mov     eax, ebx
    mov     edx, esi
    call    part_offer
    jc      part_unlock
    mov     eax, [esi + PART_NAME]
    lea     edx, [ebx + SERVICE_LINE]
    SNPRINTF edx, SERVICE_LINE_BYTES, "kernel %s", eax
    call    part_replaced
    jmp     part_unlock

# Offers the part of a module. The mutex is held. May sleep.
# In: EBX service, EDI module, EDX its path.
# Out: CF and EDX why the old part is left.
part_use:
    push    esi
    push    ebp
    mov     ebp, edx                    # EBP: path
    mov     eax, edi
    mov     edx, [ebx + SERVICE_PART]
    mov     edx, [edx + PART_NAME]
    call    module_part
    LOAD_STRING edx, "the module has no part of this name"
    jc      .Lpart_use_done
    mov     esi, eax                    # ESI: the new part
    mov     eax, ebx
    mov     edx, esi
    call    part_offer
    jc      .Lpart_use_done
    mov     eax, [esi + PART_NAME]
    lea     edx, [ebx + SERVICE_LINE]
    SNPRINTF edx, SERVICE_LINE_BYTES, "kernel %s by %s", eax, ebp
    call    part_replaced
.Lpart_use_done:
    pop     ebp
    pop     esi
    ret

# Notes in the log that a part was replaced.
# In: EBX service.
# Out: CF clear.
part_replaced:
    LOAD_STRING edx, "replaced"
    mov     ecx, LOG_INFO
    call    service_note
    clc
    ret

# Offers a part to the task of a service, and waits for what becomes of it. May sleep.
# In: EAX service, EDX part.
# Out: CF and EDX why the old part is left.
part_offer:
    push    ebx
    push    esi
    push    edi
    push    edx
    mov     esi, eax
    mov     edi, [esi + SERVICE_TURN]
    mov     [esi + SERVICE_SUCCESSOR], edx
    lea     eax, [esi + SERVICE_EVENT]
    call    event_signal
    mov     ebx, offset state_over_look
1:  mov     edx, LOOK_MS
    call    watch_wait
    jnc     2f
    cmp     dword ptr [esi + SERVICE_STATE], SERVICE_RUNNING
    je      1b
    mov     dword ptr [esi + SERVICE_SUCCESSOR], 0
    LOAD_STRING edx, "it does not run"
    jmp     3f
2:  mov     edx, [esi + SERVICE_REASON]
3:  pop     eax
    cmp     [esi + SERVICE_PART], eax
    je      4f                          # CF is clear
    stc
4:  pop     edi
    pop     esi
    pop     ebx
    ret

# Has a part take the place of the one that runs, or that one go on. May sleep.
# In: EBX service with SERVICE_SUCCESSOR, ESI its part, EDI id of the main task.
# Out: ESI part that runs, EDI id of its main task; CF when none could be started.
.global part_succeed
part_succeed:
    push    ebp
    mov     ebp, esi                    # EBP: the old part
    mov     dword ptr [part_vector], NO_VECTOR
    call    clock_us
    mov     [part_away_us], eax
    call    part_leaves
    call    part_end
    mov     dword ptr [ebx + SERVICE_REASON], 0
    mov     dword ptr [ebx + SERVICE_BLOCK], 0
    mov     eax, [ebp + PART_GIVE]
    test    eax, eax
    jz      .Lpart_succeed_begin
    call    eax
    mov     [ebx + SERVICE_BLOCK], eax
    mov     [ebx + SERVICE_BLOCK_BYTES], edx
    mov     eax, [ebp + PART_VERSION]
    mov     [ebx + SERVICE_BLOCK_VERSION], eax
.Lpart_succeed_begin:
    mov     esi, [ebx + SERVICE_SUCCESSOR]
    mov     eax, offset part_take_over
    mov     edx, ebx
    call    part_begin
    LOAD_STRING edx, "there is no memory for the new part"
    jc      .Lpart_succeed_back
    call    clock_us
    sub     eax, [part_away_us]
    mov     [part_away_us], eax
    call    clock_ms
    add     eax, TRIAL_MS
    push    eax                         # [esp]: when the trial is over
.Lpart_succeed_trial:
    mov     eax, END_MS
    call    task_sleep
    LOAD_STRING edx, "it was stopped"
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    jne     .Lpart_succeed_drop
    mov     eax, edi
    call    task_lives
    jc      .Lpart_succeed_ended
    call    clock_ms
    sub     eax, [esp]
    js      .Lpart_succeed_trial
    pop     eax
    mov     [ebx + SERVICE_PART], esi
    xor     edx, edx
    call    part_settle
    clc
    jmp     .Lpart_succeed_done
.Lpart_succeed_ended:
    call    part_why
.Lpart_succeed_drop:
    pop     eax
    push    edx
    call    part_leaves
    call    part_end
    pop     edx
.Lpart_succeed_back:
    mov     esi, ebp
    push    edx
    mov     eax, [esi + PART_MAIN]
    xor     edx, edx
    call    part_begin
    pop     edx
    pushfd
    call    part_settle
    popfd
.Lpart_succeed_done:
    pop     ebp
    ret

# Whether tasks that end leave their state behind: not when the one that follows has it.
# In: EBP the old part.
# Out: ECX for part_end.
# Clobbers: ECX only.
part_leaves:
    xor     ecx, ecx
    cmp     dword ptr [ebp + PART_GIVE], 1
    adc     ecx, ecx
    ret

# Says why a new part has ended.
# In: EBX service.
# Out: EDX reason.
# Clobbers: EAX, ECX.
part_why:
    mov     eax, [part_vector]
    cmp     eax, NO_VECTOR
    je      1f
    call    exception_name
    mov     edx, offset part_reason
    SNPRINTF edx, REASON_BYTES, "the new part has faulted: %s", eax
    ret
1:  mov     edx, [ebx + SERVICE_REASON]
    test    edx, edx
    jnz     2f
    LOAD_STRING edx, "the new part has ended"
2:  ret

# Ends the replacement of a part.
# In: EBX service, EDX why it has failed, or 0.
# Clobbers: EAX, ECX, EDX.
.global part_settle
part_settle:
    mov     [ebx + SERVICE_REASON], edx
    xor     eax, eax
    mov     [part_trial], eax
    mov     [ebx + SERVICE_SUCCESSOR], eax
    mov     [ebx + SERVICE_BLOCK], eax  # the state is the old part's own
    inc     dword ptr [ebx + SERVICE_TURN]
    jmp     watch_changed

# The main task of a part on trial: takes the state, and goes on as the part's own.
# In: EAX service.
part_take_over:
    mov     ebx, eax
    mov     eax, [task_current]
    mov     [part_trial], eax
    mov     esi, [ebx + SERVICE_SUCCESSOR]
    mov     edi, [esi + PART_TAKE]
    test    edi, edi
    jz      1f
    mov     eax, [ebx + SERVICE_BLOCK]
    test    eax, eax
    jz      1f
    mov     edx, [ebx + SERVICE_BLOCK_BYTES]
    mov     ecx, [ebx + SERVICE_BLOCK_VERSION]
    call    edi
    jc      2f
1:  xor     eax, eax
    jmp     [esi + PART_MAIN]
2:  LOAD_STRING edx, "the new part does not take the state"
    mov     [ebx + SERVICE_REASON], edx
    ret

# Takes an exception of a part on trial: its task ends, if it holds nothing and no critical section is cut short.
# In: EBX registers of the exception; interrupts are off.
# Out: CF when it is none of such a part.
# Clobbers: EAX only.
part_fault:
    mov     eax, [part_trial]
    cmp     eax, 1
    jc      1f
    cmp     eax, [task_current]
    jne     2f
    cmp     dword ptr [eax + TASK_HOLDS], 0
    jne     2f
    test    dword ptr [ebx + REGS_EFLAGS], EFLAGS_IF
    jz      2f
    mov     eax, [ebx + REGS_VECTOR]
    mov     [part_vector], eax
    mov     dword ptr [ebx + REGS_EIP], offset task_exit
    clc
    ret
2:  stc
1:  ret

# Whether a service runs by a part, or is about to.
# In: EAX first of the parts, EDX their end.
# Out: CF when so.
# Clobbers: ECX only.
parts_used:
    mov     ecx, [service_records]
.Lparts_used_service:
    jecxz   .Lparts_used_not
    cmp     dword ptr [ecx + SERVICE_TASK], 0
    je      .Lparts_used_next
    cmp     [ecx + SERVICE_PART], edx
    jae     .Lparts_used_successor
    cmp     eax, [ecx + SERVICE_PART]
    jbe     .Lparts_used_so
.Lparts_used_successor:
    cmp     [ecx + SERVICE_SUCCESSOR], edx
    jae     .Lparts_used_next
    cmp     eax, [ecx + SERVICE_SUCCESSOR]
    jbe     .Lparts_used_so
.Lparts_used_next:
    mov     ecx, [ecx + SERVICE_NEXT]
    jmp     .Lparts_used_service
.Lparts_used_so:
    stc
    ret
.Lparts_used_not:
    clc
    ret

.bss
.balign 4
part_mutex:         .space MUTEX_SIZE       # held while a part is replaced
.global part_away_us
part_away_us:       .space 4                # for how long the service had no task when it was replaced last
part_trial:         .space 4                # the task of a part on trial, or 0
part_vector:        .space 4                # of the exception that has ended it, or NO_VECTOR
part_reason:        .space REASON_BYTES
