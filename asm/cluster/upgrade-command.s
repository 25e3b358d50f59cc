# `cloud upgrade` and `cloud finalise`: what a person sees of the cluster's upgrade, and may do about it. Each changes
# the plan as a whole, from what was read; if others change it meanwhile, it is looked at again.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"

# Loads a kernel into the slot that does not run, and says what is wrong. In: EAX URL. Out: EAX status. May sleep.
HOOK upgrade_load, upgrade_load_none
# Shows what linked clusters say of kernels. In: the mutex is held.
HOOK upgrade_others, hook_quiet

WAIT_MS                 = 6000          # longer than a proposal takes
TRIES                   = 4             # where others change the values meanwhile
AGAIN_MS                = 300
REFUSAL_BYTES           = 128

STRING upgrade_status_word, "status"
STRING upgrade_start_word, "start"
STRING upgrade_pause_word, "pause"
STRING upgrade_resume_word, "resume"
STRING upgrade_abort_word, "abort"
STRING upgrade_allow_word, "allow"

.section .rodata
.balign 4
# Word, words in all, routine. In: the mutex is held, the plan has been read, plan_next is its copy; ESI the words. Out:
# CF and EAX text of a refusal; the routine begins a proposal itself when it returns with EAX 0, else plan_next becomes
# the plan.
upgrade_verbs:
    .long   upgrade_start_word, 1, upgrade_start_own
    .long   upgrade_pause_word, 1, upgrade_pause
    .long   upgrade_resume_word, 1, upgrade_resume
    .long   upgrade_abort_word, 1, upgrade_abort
    .long   upgrade_allow_word, 2, upgrade_allow
    .long   0, 1, upgrade_start
upgrade_state_names:                    # by UPGRADE_*
    .long   upgrade_idle, upgrade_fetching, upgrade_ready, upgrade_trial, upgrade_confirmed, upgrade_failed
upgrade_reasons:                        # by reason
    .long   reason_none, reason_none, reason_lost, reason_panic, reason_late, reason_ended, reason_hung, reason_format
    .long   reason_space, reason_source, reason_unproven
STRING upgrade_idle, "idle"
STRING upgrade_fetching, "fetching"
STRING upgrade_ready, "ready"
STRING upgrade_trial, "trial"
STRING upgrade_confirmed, "confirmed"
STRING upgrade_failed, "failed"
STRING reason_none, "nobody knows why"
STRING reason_lost, "its trial was not confirmed"
STRING reason_panic, "it panicked"
STRING reason_late, "its trial was not confirmed in time"
STRING reason_ended, "a person ended its trial"
STRING reason_hung, "it hung"
STRING reason_format, "it does not know the formats that are final"
STRING reason_space, "no slot of its disk can hold the image"
STRING reason_source, "no source gave it the image: kernel install"
STRING reason_unproven, "no key that it trusts has signed the image"

.bss
.balign 4
upgrade_text:           .space REFUSAL_BYTES

.text

# Shows the upgrade of the cluster, or acts on it: cloud upgrade.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_upgrade
cloud_upgrade:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    test    edi, edi
    jz      .Lcloud_upgrade_show
    cmp     edi, 1
    jne     .Lcloud_upgrade_act
    mov     eax, [esi]
    mov     edx, offset upgrade_status_word
    call    string_compare
    je      .Lcloud_upgrade_show
.Lcloud_upgrade_act:
    mov     ebx, offset upgrade_verbs
.Lcloud_upgrade_verb:
    mov     edx, [ebx]
    test    edx, edx
    jz      .Lcloud_upgrade_found
    mov     eax, [esi]
    call    string_compare
    je      .Lcloud_upgrade_found
    add     ebx, 12
    jmp     .Lcloud_upgrade_verb
.Lcloud_upgrade_found:
    mov     eax, CLOUD_MISUSED
    cmp     edi, [ebx + 4]
    jne     .Lcloud_upgrade_done
    cmp     dword ptr [ebx + 8], offset upgrade_start
    jne     .Lcloud_upgrade_agree
    mov     eax, [esi]
    mov     dl, ':'                     # a URL: this machine loads it, and is the first source
    call    string_find
    jc      .Lcloud_upgrade_agree
    mov     eax, [esi]
    call    [upgrade_load]
    test    eax, eax
    jnz     .Lcloud_upgrade_done
    call    turn_slots
    mov     ebx, offset upgrade_verbs   # and so it starts
.Lcloud_upgrade_agree:
    mov     eax, [ebx + 8]
    call    upgrade_agree
    jmp     .Lcloud_upgrade_done
.Lcloud_upgrade_show:
    call    upgrade_show
    xor     eax, eax
.Lcloud_upgrade_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Nobody loads kernels here.
# Out: EAX status.
upgrade_load_none:
    mov     eax, 1
    ret

# Lets all write what the running revision writes: cloud finalise.
# Out: EAX status.
.global cloud_finalise
cloud_finalise:
    mov     eax, offset upgrade_final

# Has a change agreed on, and says why not. The mutex is not held. May sleep, seconds.
# In: EAX routine, as in upgrade_verbs; ESI the words.
# Out: EAX status.
.global upgrade_agree
upgrade_agree:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edi, TRIES
.Lupgrade_agree_try:
    call    cloud_lock
    call    plan_read
    call    plan_copy
    call    ebx
    jc      .Lupgrade_agree_refused
    test    eax, eax
    jz      1f
    call    plan_change
    jmp     2f
1:  test    edx, edx                    # the routine's proposal: EDX 1 when it was refused
    jz      2f
    mov     eax, ecx
    stc
2:  sbb     edx, edx
    call    cloud_unlock_keep
    test    edx, edx
    jnz     .Lupgrade_agree_error
    mov     eax, offset proposal_event
    mov     edx, WAIT_MS
    call    event_wait
    cmp     dword ptr [proposal_result], 1
    je      .Lupgrade_agree_good
    dec     edi
    jnz     .Lupgrade_agree_try
    PRINTF  "cluster: the plan is not changed, or not yet: of the %u members that agreed last %u answer\n", [proposal_asked], [proposal_answers]
    jmp     .Lupgrade_agree_failed
.Lupgrade_agree_error:
    cmp     eax, ERROR_BUSY
    jne     .Lupgrade_agree_text
    dec     edi
    jz      .Lupgrade_agree_text
    mov     eax, AGAIN_MS
    call    task_sleep
    jmp     .Lupgrade_agree_try
.Lupgrade_agree_text:
    call    error_text
    PRINTF  "cluster: the plan cannot be changed: %s\n", eax
    jmp     .Lupgrade_agree_failed
.Lupgrade_agree_refused:
    call    cloud_unlock_keep
    PRINTF  "cluster: %s\n", eax
.Lupgrade_agree_failed:
    xor     eax, eax
    inc     eax
    jmp     .Lupgrade_agree_done
.Lupgrade_agree_good:
    call    keep_flush                  # the prompt says that it is on this disk too
    xor     eax, eax
.Lupgrade_agree_done:
    pop     edi
    pop     ebx
    ret

# Begins an upgrade to the kernel in this machine's other slot: cloud upgrade start.
# Out: CF and EAX text, else EAX 1.
upgrade_start_own:
    mov     eax, [upgrade_seen + SEEN_REVISIONS]
    cmp     eax, [upgrade_seen + SEEN_REVISIONS + 4]
    jae     1f
    mov     eax, [upgrade_seen + SEEN_REVISIONS + 4]
1:  cmp     eax, [boot_info + bi_revision]
    ja      upgrade_begin
    LOAD_STRING eax, "this machine has no later kernel in a slot (kernel install)"
    stc
    ret

# Begins an upgrade: cloud upgrade REVISION.
# In: ESI the words.
# Out: CF and EAX text, else EAX 1.
upgrade_start:
    mov     eax, [esi]
    call    parse_number
    jc      8f
    cmp     byte ptr [edx], 0
    jne     8f
    test    eax, eax
    jnz     upgrade_begin
8:  mov     ecx, [esi]
    mov     eax, offset upgrade_text
    SNPRINTF eax, REFUSAL_BYTES, "there is no cloud upgrade %s; help cloud", ecx
    mov     eax, offset upgrade_text
    stc
    ret

# Makes the plan for a revision.
# In: EAX revision.
# Out: CF and EAX text, else EAX 1.
# Clobbers: ECX, EDX.
.global upgrade_begin
upgrade_begin:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      .Lupgrade_begin_free
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_NONE
    jne     .Lupgrade_begin_busy
    cmp     dword ptr [plan + PLAN_STATE], PLAN_PAUSE
    jbe     .Lupgrade_begin_busy
.Lupgrade_begin_free:
    call    plan_refused
    jc      .Lupgrade_begin_refused
    mov     [plan_next + PLAN_REVISION], ebx
    call    upgrade_left
    LOAD_STRING eax, "no member runs a lower revision that it could leave"
    cmp     ecx, 1
    jc      .Lupgrade_begin_done
    mov     [plan_next + PLAN_LEFT], ecx
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_RUN
    mov     eax, 1
    clc
    jmp     .Lupgrade_begin_done
.Lupgrade_begin_busy:
    mov     eax, offset upgrade_text
    SNPRINTF eax, REFUSAL_BYTES, "the upgrade to revision %u is under way: cloud upgrade abort ends it", [plan+PLAN_REVISION]
    jmp     .Lupgrade_begin_text
.Lupgrade_begin_refused:
    mov     ecx, eax
    mov     eax, offset upgrade_text
    SNPRINTF eax, REFUSAL_BYTES, "revision %u has failed %u times: cloud upgrade allow %u lets it be tried again", ebx, ecx, ebx
.Lupgrade_begin_text:
    mov     eax, offset upgrade_text
    stc
.Lupgrade_begin_done:
    pop     ebx
    ret

# How many members run a lower revision than that of plan_next, and can take it.
# Out: ECX how many.
# Clobbers: EAX, EDX.
upgrade_left:
    push    edi
    push    esi
    call    lead_next
    pop     esi
    pop     edi
    ret

# Has it stop after the node whose turn it is: cloud upgrade pause.
# Out: CF and EAX text, else EAX 1.
upgrade_pause:
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      upgrade_nothing
    cmp     dword ptr [plan + PLAN_STATE], PLAN_RUN
    jne     upgrade_nothing
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_PAUSE
    mov     eax, 1
    clc
    ret

# No upgrade is under way.
# Out: CF and EAX text.
upgrade_nothing:
    LOAD_STRING eax, "no upgrade is under way: cloud upgrade shows what there is"
    stc
    ret

# Has it go on after a pause or a failure: cloud upgrade resume.
# Out: CF and EAX text, else EAX 1.
upgrade_resume:
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      upgrade_nothing
    mov     eax, [plan + PLAN_STATE]
    cmp     eax, PLAN_PAUSE
    jb      upgrade_nothing
    cmp     eax, PLAN_STOP
    ja      upgrade_nothing
    mov     eax, [plan + PLAN_REVISION]
    call    plan_refused
    jc      1f
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_RUN
    mov     eax, 1
    clc
    ret
1:  mov     ecx, [plan + PLAN_REVISION]
    mov     edx, offset upgrade_text
    SNPRINTF edx, REFUSAL_BYTES, "revision %u has failed %u times: cloud upgrade allow %u lets it be tried again", ecx, eax, ecx
    mov     eax, offset upgrade_text
    stc
    ret

# Ends it; what was done stays, and whoever has the turn goes on: cloud upgrade abort.
# Out: CF and EAX text, else EAX 1.
upgrade_abort:
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      upgrade_nothing
    cmp     dword ptr [plan + PLAN_STATE], PLAN_STOP
    ja      upgrade_nothing
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_ABORT
    mov     eax, 1
    clc
    ret

# Lets a refused revision be tried again: cloud upgrade allow REVISION.
# In: ESI the words.
# Out: CF and EAX text, else EAX 0, and EDX, ECX of the proposal.
upgrade_allow:
    mov     eax, [esi + 4]
    call    parse_number
    jc      8f
    cmp     byte ptr [edx], 0
    jne     8f
    push    eax
    call    plan_failures
    test    eax, eax
    pop     eax
    jz      8f
    push    eax
    call    plan_counted
    mov     ecx, eax
    pop     eax
    xor     edx, edx
    call    plan_count
    jmp     upgrade_proposed
8:  mov     ecx, [esi + 4]
    mov     eax, offset upgrade_text
    SNPRINTF eax, REFUSAL_BYTES, "no revision %s has failed in this cluster", ecx
    mov     eax, offset upgrade_text
    stc
    ret

# A routine has begun a proposal of its own.
# In: CF and EAX error.
# Out: EAX 0, EDX 1 when it was refused, with ECX the error; CF is clear.
upgrade_proposed:
    mov     ecx, eax
    sbb     edx, edx
    neg     edx
    xor     eax, eax
    ret

# Makes what the running revision writes final: cloud finalise.
# Out: as upgrade_allow.
upgrade_final:
    LOAD_STRING eax, "an upgrade is under way"
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_NONE
    jne     .Lupgrade_final_not
    LOAD_STRING eax, "this kernel is on trial"
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     .Lupgrade_final_not
    call    final_odd
    jc      .Lupgrade_final_other
    mov     eax, [boot_info + bi_revision]
    call    plan_finalise
    jmp     upgrade_proposed
.Lupgrade_final_other:
    mov     eax, [ecx + PEER_REVISION]
    add     ecx, PEER_NAME
    mov     edx, offset upgrade_text
    SNPRINTF edx, REFUSAL_BYTES, "%s runs revision %u: all members must run one", ecx, eax
    mov     eax, offset upgrade_text
.Lupgrade_final_not:
    stc
    ret

# Prints the plan, who leads, and how far each member is. The mutex is not held.
upgrade_show:
    push    ebx
    push    esi
    call    cloud_lock
    call    plan_read
    jc      .Lupgrade_show_none
    mov     eax, [plan + PLAN_STATE]
    mov     eax, [plan_states + eax*4]
    PRINTF  "upgrade to revision %u: %s, %u to go, turn %u", [plan+PLAN_REVISION], eax, [plan+PLAN_LEFT], [plan+PLAN_EPOCH]
    mov     eax, [plan + PLAN_PHASE]
    cmp     eax, PHASE_NONE
    je      1f
    mov     ebx, [plan_phases + eax*4]
    PRINT   " of"
    mov     esi, offset plan + PLAN_TURN
    call    voter_print
    PRINTF  ", %s", ebx
1:  PRINT   "\n"
    cmp     dword ptr [leader + SERVICE_ADDRESS], 0
    je      .Lupgrade_show_failures
    PRINT   "led by"
    mov     esi, offset leader + SERVICE_HOLDER
    call    voter_print
    PRINT   "\n"
    jmp     .Lupgrade_show_failures
.Lupgrade_show_none:
    PRINT   "No upgrade has been planned (cloud upgrade REVISION).\n"
.Lupgrade_show_failures:
    call    upgrade_show_refused
    PRINT   "NODE                   REV STATE     DOWNLOADS SERVED\n"
    mov     esi, offset report_own
    mov     eax, esi
    call    report_told
    mov     eax, offset hostname
    mov     edx, [boot_info + bi_revision]
    call    upgrade_row
    mov     ebx, [peer_first]
2:  test    ebx, ebx
    jz      .Lupgrade_show_end
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      3f
    lea     esi, [ebx + PEER_REPORT]
    lea     eax, [ebx + PEER_NAME]
    mov     edx, [ebx + PEER_REVISION]
    mov     cx, [esi + REPORT_TOLD]
    call    upgrade_row
3:  mov     ebx, [ebx + PEER_NEXT]
    jmp     2b
.Lupgrade_show_end:
    call    [upgrade_others]
    call    cloud_unlock
    pop     esi
    pop     ebx
    ret

# Prints the row of a member.
# In: EAX its name, EDX revision, CX as of report_told, ESI report.
# Clobbers: EAX, ECX, EDX.
upgrade_row:
    push    ebx
    push    edi
    push    ecx
    movzx   ebx, ch
    and     ecx, 15
    cmp     ecx, UPGRADE_STATES         # a view of another one may say anything
    jb      1f
    xor     ecx, ecx
1:  mov     edi, [upgrade_state_names + ecx*4]
    PRINTF  "%-15s %10u %-9s %9u %6u", eax, edx, edi, ebx, [esi+REPORT_SERVED]
    pop     eax
    shr     al, 4
    movzx   eax, al
    jz      2f                          # a kernel that does not say it
    cmp     eax, REASON_LAST
    ja      2f
    mov     eax, [upgrade_reasons + eax*4]
    PRINTF  " %s", eax
2:  PRINT   "\n"
    pop     edi
    pop     ebx
    ret

# Says which revision of the plan has failed.
# Clobbers: EAX, ECX, EDX.
upgrade_show_refused:
    mov     eax, [plan + PLAN_REVISION]
    test    eax, eax
    jz      9f
    call    plan_failures
    test    eax, eax
    jz      9f
    PRINTF  "revision %u has failed %u times (cloud upgrade allow %u)\n", [plan+PLAN_REVISION], eax, [plan+PLAN_REVISION]
9:  ret
