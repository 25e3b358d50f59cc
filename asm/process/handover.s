# The state of a service on its way from the program that runs to the one that takes its place: the system calls of
# both. asm/services/replace.s sees to it that one of the two is left. Whoever waits here looks at SERVICE_HAND, and
# nothing is kept about him, so he may be ended at any time.

.include "macros.inc"
.include "errors.inc"
.include "service.inc"

STREAMS_OWN         = 3                     # input, output and errors stay as each process has them

.text

# Whether a process is to give its state.
# In: EAX process.
# Out: EAX 1 or 0.
# Clobbers: ECX, EDX.
.global state_wanted
state_wanted:
    mov     ecx, [eax + PROCESS_SERVICE]
    jecxz   1f
    cmp     [ecx + SERVICE_PROCESS], eax
    jne     1f
    mov     [ecx + SERVICE_GIVER], eax
    xor     eax, eax
    cmp     dword ptr [ecx + SERVICE_HAND], HAND_WANTED
    sete    al
    ret
1:  xor     eax, eax
    ret

# The same, for watch_wait.
# In: EDI process.
# Out: EAX 1 or 0.
state_wanted_look:
    mov     eax, edi
    jmp     state_wanted

# System call: waits until the state of the service is wanted.
# In: EAX milliseconds.
.global call_state_wanted
call_state_wanted:
    mov     edi, ebx
    mov     edx, eax
    mov     ebx, offset state_wanted_look
    call    watch_wait
    jnc     1f
    xor     eax, eax
1:  ret

# System call: gives the state, and waits until the replacement has failed.
# In: EAX version, EDX address, ECX bytes.
.global call_state_give
call_state_give:
    push    eax                         # [esp + 8]: version
    push    ecx                         # [esp + 4]: bytes
    push    edx                         # [esp]: address
    mov     eax, ebx
    call    state_wanted
    test    eax, eax
    mov     eax, ERROR_NOT_FOUND
    jz      .Lcall_state_give_refused
    mov     eax, ERROR_TOO_LONG
    cmp     dword ptr [esp + 4], STATE_BYTES
    ja      .Lcall_state_give_refused
    call    task_hold                   # the block is nobody's yet
    mov     eax, [esp + 4]
    add     eax, 4                      # there may be no bytes
    call    malloc
    jc      .Lcall_state_give_failed
    mov     edi, eax
    mov     edx, [esp]
    mov     ecx, [esp + 4]
    call    copy_from_program
    jc      .Lcall_state_give_free
    INTERRUPTS_OFF
    mov     eax, ebx
    call    state_wanted
    mov     esi, [ebx + PROCESS_SERVICE]
    test    eax, eax
    jz      .Lcall_state_give_late
    mov     [esi + SERVICE_BLOCK], edi
    mov     eax, [esp + 4 + 4]          # above the flags
    mov     [esi + SERVICE_BLOCK_BYTES], eax
    mov     eax, [esp + 4 + 8]
    mov     [esi + SERVICE_BLOCK_VERSION], eax
    mov     dword ptr [esi + SERVICE_HAND], HAND_GIVEN
    mov     edi, [esi + SERVICE_TURN]
    call    watch_changed
    INTERRUPTS_RESTORE
    call    task_unhold
    add     esp, 12
    mov     ebx, offset state_over_look
    or      edx, -1
    call    watch_wait
    xor     eax, eax
    ret
.Lcall_state_give_late:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_NOT_FOUND
.Lcall_state_give_free:
    push    eax
    mov     eax, edi
    call    mfree
    pop     eax
.Lcall_state_give_failed:
    call    task_unhold
.Lcall_state_give_refused:
    add     esp, 12
    stc
    ret

# Whether a replacement is over, for watch_wait.
# In: ESI service, EDI its SERVICE_TURN.
# Out: EAX 1 or 0.
.global state_over_look
state_over_look:
    xor     eax, eax
    cmp     [esi + SERVICE_TURN], edi
    setne   al
    ret

# Whether a process is to take over.
# In: EBX process.
# Out: ESI its service; CF when it is not.
# Clobbers: ESI only.
state_successor:
    mov     esi, [ebx + PROCESS_SERVICE]
    cmp     esi, 1
    jc      1f
    cmp     dword ptr [esi + SERVICE_HAND], HAND_LOADING
    jc      1f
    cmp     [esi + SERVICE_PROCESS], ebx
    stc
    je      1f
    clc
1:  ret

# Whether the state is there to be taken, or nobody will give it any more; for watch_wait.
# In: EDI process.
# Out: EAX 1 or 0.
# Clobbers: ECX.
state_given_look:
    mov     ecx, [edi + PROCESS_SERVICE]
    xor     eax, eax
    jecxz   1f
    cmp     dword ptr [ecx + SERVICE_HAND], HAND_GIVEN
    jae     1f
    ret
1:  inc     eax
    ret

# System call: takes the state, and the handles that the old program has open.
# In: EAX address, EDX bytes of room, ECX address for the version.
.global call_state_take
call_state_take:
    push    ecx                         # [esp + 8]: where the version goes
    push    edx                         # [esp + 4]: room
    push    eax                         # [esp]: address
    call    state_successor
    mov     eax, ERROR_NOT_FOUND
    jc      .Lcall_state_take_refused
    push    ebx
    mov     edi, ebx
    mov     ebx, offset state_given_look
    or      edx, -1
    call    watch_wait
    pop     ebx
    call    task_hold                   # the block is this task's from now on
    INTERRUPTS_OFF
    call    state_successor
    mov     eax, ERROR_NOT_FOUND
    jc      .Lcall_state_take_none
    cmp     dword ptr [esi + SERVICE_HAND], HAND_GIVEN
    jne     .Lcall_state_take_none
    mov     ecx, [esi + SERVICE_BLOCK_BYTES]
    mov     eax, ERROR_TOO_LONG
    cmp     ecx, [esp + 4 + 4]          # above the flags
    ja      .Lcall_state_take_none
    mov     dword ptr [esi + SERVICE_HAND], HAND_TAKEN
    xor     edi, edi
    xchg    edi, [esi + SERVICE_BLOCK]
    call    streams_share
    call    watch_changed
    INTERRUPTS_RESTORE
    mov     eax, [esp]
    mov     edx, edi
    mov     ecx, [esi + SERVICE_BLOCK_BYTES]
    call    copy_to_program
    jc      .Lcall_state_take_free
    mov     eax, [esp + 8]
    lea     edx, [esi + SERVICE_BLOCK_VERSION]
    mov     ecx, 4
    call    copy_to_program
    jc      .Lcall_state_take_free
    mov     eax, [esi + SERVICE_BLOCK_BYTES]
.Lcall_state_take_free:
    pushfd
    push    eax
    mov     eax, edi
    call    mfree
    call    task_unhold
    pop     eax
    popfd
    lea     esp, [esp + 12]
    ret
.Lcall_state_take_none:
    INTERRUPTS_RESTORE
    call    task_unhold
.Lcall_state_take_refused:
    add     esp, 12
    stc
    ret

# Gives a process what the one before it has open, but input, output and errors. What it has opened itself stays.
# In: EBX process, ESI its service; interrupts off.
# Clobbers: EAX, ECX, EDX.
streams_share:
    mov     edx, [esi + SERVICE_PROCESS]
    test    edx, edx
    jz      3f
    mov     ecx, STREAMS_OWN
1:  mov     eax, [edx + PROCESS_STREAMS + ecx*4]
    test    eax, eax
    jz      2f
    cmp     dword ptr [ebx + PROCESS_STREAMS + ecx*4], 0
    jne     2f
    inc     dword ptr [eax + STREAM_REFS]
    mov     [ebx + PROCESS_STREAMS + ecx*4], eax
2:  inc     ecx
    cmp     ecx, STREAMS
    jb      1b
3:  ret

# System call: says that the process has taken over.
.global call_state_ready
call_state_ready:
    INTERRUPTS_OFF
    call    state_successor
    jc      1f
    cmp     dword ptr [esi + SERVICE_HAND], HAND_TAKEN
    jne     1f
    mov     dword ptr [esi + SERVICE_HAND], HAND_READY
    call    watch_changed
1:  INTERRUPTS_RESTORE
    xor     eax, eax
    ret
