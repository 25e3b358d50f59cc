# Services that are parts of the kernel, such as the network: tasks that work for one owner. A part is run by starting
# its main task, and has ended when all tasks of its owner have, and with them what they had opened.

.include "macros.inc"
.include "service.inc"

YIELDS              = 8                     # how often tasks that end are let run before it is waited for them

.text

# Starts the parts of the kernel that are services (level 9).
parts_start:
    push    ebx
    mov     ebx, offset kernel_parts
1:  cmp     ebx, offset kernel_parts_end
    jae     2f
    mov     eax, [ebx + PART_NAME]
    xor     edx, edx
    call    service_begin
    add     ebx, PART_SIZE
    jmp     1b
2:  pop     ebx
    ret

INITCALL 9z, parts_start

# Finds a part.
# In: EAX name.
# Out: EAX part; CF and 0 when there is none.
.global part_find
part_find:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset kernel_parts
1:  cmp     ebx, offset kernel_parts_end
    cmc
    mov     eax, 0
    jc      2f
    mov     eax, esi
    mov     edx, [ebx + PART_NAME]
    call    string_compare
    mov     eax, ebx
    je      2f                              # CF is clear
    add     ebx, PART_SIZE
    jmp     1b
2:  pop     esi
    pop     ebx
    ret

# Runs a part until its main task has ended or it is to stop; all its tasks have ended then. Another part may take its
# place meanwhile. May sleep.
# In: EBX service.
# Out: EAX status: 0 when it was stopped.
.global part_run
part_run:
    push    esi
    push    edi
    mov     esi, [ebx + SERVICE_PART]
    mov     eax, [esi + PART_MAIN]
    xor     edx, edx
    call    part_begin
    jc      .Lpart_run_failed
.Lpart_run_watch:
    INTERRUPTS_OFF                      # what is looked at does not change before the wait
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    jne     .Lpart_run_over
    mov     eax, edi
    call    task_lives
    jc      .Lpart_run_over
    cmp     dword ptr [ebx + SERVICE_SUCCESSOR], 0
    jne     .Lpart_run_succeed
    lea     eax, [ebx + SERVICE_EVENTS]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    INTERRUPTS_RESTORE
    jmp     .Lpart_run_watch
.Lpart_run_succeed:
    INTERRUPTS_RESTORE
    call    part_succeed
    jnc     .Lpart_run_watch
    jmp     .Lpart_run_failed
.Lpart_run_over:
    INTERRUPTS_RESTORE
    LOAD_STRING edx, "it was stopped"
    cmp     dword ptr [ebx + SERVICE_SUCCESSOR], 0
    je      .Lpart_run_end
    call    part_settle
.Lpart_run_end:
    mov     ecx, 1
    call    part_end
    xor     eax, eax
    cmp     dword ptr [ebx + SERVICE_STOP], 0
    sete    al
    jmp     .Lpart_run_done
.Lpart_run_failed:
    mov     eax, 1
.Lpart_run_done:
    pop     edi
    pop     esi
    ret

# Starts the main task of a part.
# In: EBX service, ESI part, EAX routine of the task, EDX what it is given in EAX.
# Out: EDI the task's id; CF and EAX error.
.global part_begin
part_begin:
    mov     ecx, [esi + PART_TASK]
    call    task_new
    jc      1f
    mov     edi, [eax + TASK_ID]
    INTERRUPTS_OFF                      # it may end as soon as it is ready
    mov     dword ptr [eax + TASK_STATE], TASK_READY
    call    ready_append
    INTERRUPTS_RESTORE
    mov     dword ptr [ebx + SERVICE_EVENTS], offset task_ended
    lea     eax, [ebx + SERVICE_EVENT]
    mov     [ebx + SERVICE_EVENTS + 4], eax
    clc
1:  ret

# Ends all tasks of a part. May sleep.
# In: ESI part, EDI id of its main task, ECX 1: it is left and reset, 0: another one goes on with its state.
.global part_end
part_end:
    push    ecx
    push    YIELDS                          # [esp]
    mov     eax, [esi + PART_LEAVE]
    and     eax, eax
    jz      .Lpart_end_kill
    jecxz   .Lpart_end_kill
    call    eax
.Lpart_end_kill:
    mov     eax, edi                        # it may not have joined yet
    call    task_kill
    jnc     .Lpart_end_wait
    mov     eax, [esi + PART_OWNER]
    call    owner_kill
    jz      .Lpart_end_reset
.Lpart_end_wait:
    dec     dword ptr [esp]
    js      1f
    call    task_yield                      # most end as soon as they run
    jmp     .Lpart_end_kill
1:  mov     eax, END_MS
    call    task_sleep
    jmp     .Lpart_end_kill
.Lpart_end_reset:
    pop     ecx
    pop     ecx
    mov     eax, [esi + PART_RESET]
    test    eax, eax
    jz      1f
    jecxz   1f
    call    eax
1:  ret
