# Replacing the program of a service by a newer one while both run: `service replace`. The new one is loaded and asked
# to take the state (asm/process/handover.s) while the old one waits with all that it has; one of the two is ended.
# Parts of the kernel are replaced in another way (asm/services/replace-part.s).

.include "macros.inc"
.include "errors.inc"
.include "service.inc"
.include "log.inc"

GIVE_MS             = 5000                  # the old program's time to give its state,
TAKE_MS             = 5000                  # the new one's to say that it works with it,
TRIAL_MS            = 1000                  # and how long it has to live then

# Locals of service_replace, below EBP.
LOCAL_UNTIL         = 4                     # HAND_* that is waited for
LOCAL_OLD           = 8                     # the old process
LOCAL_FILE          = 12                    # the new program's path
LOCAL_SPAWN         = LOCAL_FILE + PATH_BYTES + SPAWN_SIZE  # record for process_spawn, then room for a path
LOCAL_LINE          = LOCAL_SPAWN + SERVICE_LINE_BYTES
LOCAL_SIZE          = LOCAL_LINE
REASON_BYTES        = 80

.bss
.global replace_reason
replace_reason:     .space REASON_BYTES     # why a program was not replaced, the last time

.text

# Replaces a service's program. May sleep.
# In: EAX name, EDX the new program.
# Out: CF when the old one is left; of a program replace_reason says why then.
.global service_replace
service_replace:
    push    ebx
    push    esi
    push    edi
    FRAME   LOCAL_SIZE
    mov     [ebp - LOCAL_FILE], edx
    call    service_known
    jc      .Lservice_replace_done
    mov     ebx, eax
    call    task_hold                   # what it begins it ends
    cmp     dword ptr [ebx + SERVICE_PART], 0
    jne     .Lservice_replace_part
    call    replace_line
    jc      .Lservice_replace_refused
    call    replace_begin
    jc      .Lservice_replace_refused
    lea     eax, [ebp - LOCAL_SPAWN]
    call    process_spawn
    jc      .Lservice_replace_not_loaded
    mov     edi, eax                    # EDI: the new process
    call    replace_try
    jc      .Lservice_replace_drop
    mov     eax, [ebp - LOCAL_OLD]
    call    process_kill
    mov     eax, [ebp - LOCAL_OLD]
    call    process_release             # the use that service_run had: it has the new one's now
    lea     eax, [ebx + SERVICE_LINE]
    lea     edx, [ebp - LOCAL_LINE]
    mov     ecx, SERVICE_LINE_BYTES
    call    string_copy
    LOAD_STRING edx, "replaced"
    mov     ecx, LOG_INFO
    call    service_note
    lea     eax, [ebx + SERVICE_LABEL]
    lea     edx, [ebx + SERVICE_LINE]
    PRINTF  "%s is %s now\n", eax, edx
    clc
    jmp     .Lservice_replace_over
.Lservice_replace_not_loaded:
    call    error_text
    mov     edx, eax
    jmp     .Lservice_replace_say
.Lservice_replace_drop:
    push    edx
    call    replace_drop
    pop     edx
    test    edx, edx
    jnz     .Lservice_replace_say
    lea     edx, [ebp - LOCAL_LINE]     # nobody needs the line any more
    push    edx
    SNPRINTF edx, SERVICE_LINE_BYTES, "the new program has ended with status %u", eax
    pop     edx
.Lservice_replace_say:
    call    replace_note
    call    replace_say
    stc
.Lservice_replace_over:
    pushfd
    call    replace_end
    mov     eax, [ebp - LOCAL_OLD]
    call    process_release
    popfd
    jmp     .Lservice_replace_unhold
.Lservice_replace_part:
    mov     edx, [ebp - LOCAL_FILE]
    call    service_replace_part
    jmp     .Lservice_replace_unhold
.Lservice_replace_refused:
    call    replace_note
    lea     ecx, [ebx + SERVICE_LABEL]
    PRINTF  "service %s: %s\n", ecx, edx
    stc
.Lservice_replace_unhold:
    pushfd
    call    task_unhold
    popfd
.Lservice_replace_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the line of a service with another program: the arguments stay.
# In: EBX service, EBP frame.
# Out: CF and EDX what is wrong.
# Clobbers: ESI, EDI too.
replace_line:
    mov     edi, [ebp - LOCAL_FILE]     # EDI: program; a name alone is one of /bin
    mov     eax, edi
    mov     dl, '/'
    call    string_find
    jc      1f
    mov     eax, edi
    call    path_complete
    mov     edi, eax
1:  lea     esi, [ebx + SERVICE_LINE - 1]   # ESI: what follows the old one's
2:  inc     esi
    cmp     byte ptr [esi], ' '
    je      2b
3:  cmp     byte ptr [esi], ' '
    jbe     4f
    inc     esi
    jmp     3b
4:  mov     eax, edi
    call    string_length
    mov     ecx, eax
    mov     eax, esi
    call    string_length
    add     eax, ecx
    LOAD_STRING edx, "the name of the new program is too long"
    cmp     eax, SERVICE_LINE_BYTES
    cmc
    jc      .Lreplace_line_done
    lea     ecx, [ebp - LOCAL_LINE]
    SNPRINTF ecx, SERVICE_LINE_BYTES, "%s%s", edi, esi
    clc
.Lreplace_line_done:
    ret

# Begins a replacement: makes the record for the new process, which gets the old one's input and output.
# In: EBX service, EBP frame.
# Out: LOCAL_OLD, which is used; CF and EDX what is wrong.
# Clobbers: ESI, EDI too.
replace_begin:
    lea     esi, [ebp - LOCAL_LINE]
    lea     edi, [ebp - LOCAL_SPAWN]
    call    service_arguments
    jc      .Lreplace_begin_error
    mov     [edi + SPAWN_SERVICE], ebx
    INTERRUPTS_OFF
    LOAD_STRING edx, "it is being replaced already"
    cmp     dword ptr [ebx + SERVICE_HAND], HAND_NONE
    jne     .Lreplace_begin_refused
    LOAD_STRING edx, "it does not run"
    mov     esi, [ebx + SERVICE_PROCESS]
    test    esi, esi
    jz      .Lreplace_begin_refused
    cmp     dword ptr [esi + PROCESS_ENDED], 0
    jne     .Lreplace_begin_refused
    mov     [ebp - LOCAL_OLD], esi
    inc     dword ptr [esi + PROCESS_REFS]
    mov     dword ptr [ebx + SERVICE_HAND], HAND_LOADING
    xor     ecx, ecx
1:  mov     eax, [esi + PROCESS_STREAMS + ecx*4]
    mov     [edi + SPAWN_STREAMS + ecx*4], eax
    test    eax, eax
    jz      2f
    inc     dword ptr [eax + STREAM_REFS]
2:  inc     ecx
    cmp     ecx, 3
    jb      1b
    INTERRUPTS_RESTORE
    clc
    ret
.Lreplace_begin_refused:
    INTERRUPTS_RESTORE
    push    edx
    mov     eax, [edi + SPAWN_ARGUMENTS]
    call    mfree
    pop     edx
    stc
    ret
.Lreplace_begin_error:
    call    error_text
    mov     edx, eax
    stc
    ret

# Has the new process take over, step by step. May sleep.
# In: EBX service, EDI new process, EBP frame.
# Out: CF when it has failed: EDX what is wrong, or 0 when it has ended. Otherwise it is the service's process.
replace_try:
    push    ebx
    push    esi
    mov     esi, ebx
    mov     ebx, offset replace_look
    mov     dword ptr [esi + SERVICE_HAND], HAND_WANTED
    call    watch_changed
    mov     dword ptr [ebp - LOCAL_UNTIL], HAND_GIVEN
    mov     edx, GIVE_MS
    call    watch_wait
    LOAD_STRING edx, "its program does not give its state"
    jc      .Lreplace_try_done
    call    replace_check
    jc      .Lreplace_try_done
    call    clock_us
    mov     [part_away_us], eax
    mov     dword ptr [ebp - LOCAL_UNTIL], HAND_READY
    mov     edx, TAKE_MS
    call    watch_wait
    LOAD_STRING edx, "the new program does not take the state"
    jc      .Lreplace_try_done
    call    replace_check
    jc      .Lreplace_try_done
    call    clock_us
    sub     eax, [part_away_us]
    mov     [part_away_us], eax
    mov     dword ptr [ebp - LOCAL_UNTIL], HAND_OVER
    mov     edx, TRIAL_MS
    call    watch_wait
    INTERRUPTS_OFF
    call    replace_check
    jc      .Lreplace_try_ended
    LOAD_STRING edx, "the old program has ended"
    mov     ecx, [ebp - LOCAL_OLD]
    cmp     [esi + SERVICE_PROCESS], ecx
    jne     .Lreplace_try_ended
    mov     [esi + SERVICE_PROCESS], edi
    mov     [esi + SERVICE_GIVER], edi  # it has taken a state, so it gives one
    mov     dword ptr [ecx + PROCESS_SERVICE], 0
    INTERRUPTS_RESTORE
    clc
    jmp     .Lreplace_try_done
.Lreplace_try_ended:
    INTERRUPTS_RESTORE
    stc
.Lreplace_try_done:
    pop     esi
    pop     ebx
    ret

# Whether a replacement has come so far as it is waited for, or cannot come any farther; for watch_wait.
# In: ESI service, EDI new process, EBP frame.
# Out: EAX 1 or 0.
# Clobbers: EDX.
replace_look:
    call    replace_check
    mov     eax, 1
    jc      1f
    mov     edx, [esi + SERVICE_HAND]
    cmp     edx, [ebp - LOCAL_UNTIL]
    jae     1f
    dec     eax
1:  ret

# Whether a replacement can go on.
# In: ESI service, EDI new process.
# Out: CF when not: EDX what is wrong, or 0 when the new process has ended.
# Clobbers: EDX only.
replace_check:
    xor     edx, edx
    cmp     edx, [edi + PROCESS_ENDED]  # CF: it is 1
    jc      1f
    LOAD_STRING edx, "it was stopped"
    cmp     dword ptr [esi + SERVICE_STOP], 1
    cmc
1:  ret

# Ends the new process, which has failed, and waits for its end. May sleep.
# In: EDI process.
# Out: EAX its status.
replace_drop:
    mov     dword ptr [edi + PROCESS_SERVICE], 0
    mov     eax, edi
    call    process_kill
    INTERRUPTS_OFF
1:  cmp     dword ptr [edi + PROCESS_ENDED], 0
    jne     2f
    lea     eax, [edi + PROCESS_EVENT]
    or      edx, -1
    call    event_wait
    jmp     1b
2:  INTERRUPTS_RESTORE
    push    [edi + PROCESS_STATUS]
    mov     eax, edi
    call    process_release
    pop     eax
    ret

# Ends a replacement: the old process goes on, if it is there.
# In: EBX service.
replace_end:
    INTERRUPTS_OFF
    mov     dword ptr [ebx + SERVICE_HAND], HAND_NONE
    inc     dword ptr [ebx + SERVICE_TURN]
    call    watch_changed
    xor     eax, eax
    xchg    eax, [ebx + SERVICE_BLOCK]
    INTERRUPTS_RESTORE
    test    eax, eax
    jnz     mfree
    ret

# Keeps the reason for whoever has asked.
# In: EDX reason.
# Clobbers: EAX, ECX.
replace_note:
    push    edx
    mov     eax, offset replace_reason
    mov     ecx, REASON_BYTES
    call    string_copy
    pop     edx
    ret

# Says why a program was not replaced, on the console and in the log.
# In: EBX service, EDX reason.
.global replace_say
replace_say:
    FRAME   REASON_BYTES
    lea     ecx, [ebx + SERVICE_LABEL]
    PRINTF  "service %s: %s; the old one goes on\n", ecx, edx
    lea     ecx, [ebp - REASON_BYTES]
    push    ecx
    SNPRINTF ecx, REASON_BYTES, "not replaced: %s", edx
    pop     edx
    mov     ecx, LOG_WARNING
    call    service_note
    ENDFRAME
    ret
