# The plan of the cluster's upgrade, as the values have it: `upgrade` says what is done, and alone decides;
# `upgrade.failed` counts the failures of revisions. docs/protocols/upgrade.md, "The plan". All routines run with the
# cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

REFUSED                 = 2             # failures from which on a revision is refused
FAILED_MOST             = 6             # revisions whose failures are counted,
COUNTED_MOST            = 99            # up to so many

STRING value_upgrade, "upgrade"
STRING value_failed, "upgrade.failed"
STRING value_alone, "upgrade.alone"
STRING value_unsigned, "upgrade.unsigned"
STRING value_final, "upgrade.final"
STRING plan_yes, "yes"

.section .rodata
.balign 4
.global plan_states
plan_states:                            # by PLAN_RUN to PLAN_ABORT
    .long   plan_run, plan_pause, plan_stop, plan_done, plan_abort, 0
.global plan_phases
plan_phases:                            # by PHASE_NONE to PHASE_BACK
    .long   plan_none, plan_fetch, plan_go, plan_trial, plan_back, 0
STRING plan_run, "run"
STRING plan_pause, "pause"
STRING plan_stop, "stop"
STRING plan_done, "done"
STRING plan_abort, "abort"
STRING plan_none, "-"
STRING plan_fetch, "fetch"
STRING plan_go, "go"
STRING plan_trial, "trial"
STRING plan_back, "back"

.bss
.balign 4
.global plan
plan:                   .space PLAN_SIZE    # as the values have it
.global plan_next
plan_next:              .space PLAN_SIZE    # as it is to become
plan_from:              .space 4        # number of the values that `plan` was read from
plan_text:              .space VALUE_SIZE
failed_text:            .space VALUE_SIZE

.text

# Finds the text of a value.
# In: EAX name.
# Out: EAX text; CF when there is none.
# Clobbers: ECX, EDX.
.global value_text
value_text:
    mov     edx, offset values
    call    values_find
    jc      9f
    mov     dl, 0
    call    string_find
    inc     eax
    clc
9:  ret

# Reads the plan that the values have into `plan`.
# Out: CF when there is none, or one that nobody understands.
# Clobbers: EAX, ECX, EDX.
.global plan_read
plan_read:
    push    esi
    push    edi
    mov     edi, offset plan
    xor     eax, eax
    mov     ecx, PLAN_SIZE / 4
    rep stosd
    mov     eax, [values + VALUES_NUMBER]
    mov     [plan_from], eax
    mov     eax, offset value_upgrade
    call    value_text
    jc      .Lplan_read_none
    mov     esi, eax
    call    plan_number
    jc      .Lplan_read_none
    test    eax, eax
    jz      .Lplan_read_bad
    mov     [plan + PLAN_REVISION], eax
    mov     edi, offset plan_states
    call    plan_word
    jc      .Lplan_read_none
    mov     [plan + PLAN_STATE], eax
    call    plan_number
    jc      .Lplan_read_none
    mov     [plan + PLAN_EPOCH], eax
    mov     edi, offset plan + PLAN_TURN
    call    plan_id
    jc      .Lplan_read_none
    mov     edi, offset plan_phases
    call    plan_word
    jc      .Lplan_read_none
    mov     [plan + PLAN_PHASE], eax
    call    plan_number
    jc      .Lplan_read_none
    mov     [plan + PLAN_LEFT], eax
    cmp     byte ptr [esi], 0
    jne     .Lplan_read_bad
    mov     eax, [plan + PLAN_TURN]     # who has a turn has a phase, and the other way round
    or      eax, [plan + PLAN_TURN + 4]
    neg     eax
    sbb     eax, eax
    mov     ecx, [plan + PLAN_PHASE]
    neg     ecx
    sbb     ecx, ecx
    cmp     eax, ecx
    je      .Lplan_read_done            # CF is clear
.Lplan_read_bad:
    stc
.Lplan_read_none:
    mov     dword ptr [plan + PLAN_REVISION], 0
.Lplan_read_done:
    pop     edi
    pop     esi
    ret

# Reads over a blank, if there is one.
# In: ESI text.
# Out: ESI.
plan_blank:
    cmp     byte ptr [esi], ' '
    jne     1f
    inc     esi
1:  ret

# Reads a decimal number.
# In: ESI text.
# Out: EAX number, ESI after it and a blank; CF when there is none.
# Clobbers: ECX, EDX.
plan_number:
    mov     eax, esi
    call    parse_number
    jc      1f
    mov     esi, edx
    call    plan_blank
    clc
1:  ret

# Reads a word of a table.
# In: ESI text, EDI table of words, ended by 0.
# Out: EAX its index, ESI after it and a blank; CF when it is not in the table.
# Clobbers: ECX, EDX, EDI.
plan_word:
    push    ebx
    mov     ebx, edi
1:  mov     edx, [edi]
    test    edx, edx
    stc
    jz      9f
    mov     eax, esi
    call    string_prefix
    jne     2f
    cmp     byte ptr [eax], ' '
    je      3f
    cmp     byte ptr [eax], 0
    je      3f
2:  add     edi, 4
    jmp     1b
3:  mov     esi, eax
    call    plan_blank
    mov     eax, edi
    sub     eax, ebx
    shr     eax, 2
    clc
9:  pop     ebx
    ret

# Reads an id of 16 hexadecimal digits, or `-`.
# In: ESI text, EDI where to, 8 bytes of zeros.
# Out: ESI after it and a blank; CF when it is none.
# Clobbers: EAX, ECX, EDX, EDI.
plan_id:
    cmp     byte ptr [esi], '-'
    je      .Lplan_id_nobody
    mov     ecx, 8
    call    parse_hex_bytes
    jc      .Lplan_id_done
    jmp     .Lplan_id_end
.Lplan_id_nobody:
    inc     esi
.Lplan_id_end:
    cmp     byte ptr [esi], ' '
    stc
    jne     .Lplan_id_done
    inc     esi
    clc
.Lplan_id_done:
    ret

# Begins to change the plan to plan_next, if nobody changes the values meanwhile.
# Out: CF and EAX error.
.global plan_change
plan_change:
    push    ebx
    push    esi
    push    edi
    mov     ebx, offset plan_next
    mov     eax, [ebx + PLAN_STATE]
    CHECK   eax, be, PLAN_ABORT, "plan_change: a state that no plan has"
    mov     esi, [plan_states + eax*4]
    mov     eax, [ebx + PLAN_PHASE]
    CHECK   eax, be, PHASE_BACK, "plan_change: a phase that no plan has"
    mov     edi, [plan_phases + eax*4]
    mov     edx, offset plan_text
    mov     eax, [ebx + PLAN_TURN]
    or      eax, [ebx + PLAN_TURN + 4]
    jz      1f
    mov     eax, [ebx + PLAN_TURN]
    bswap   eax
    mov     ecx, [ebx + PLAN_TURN + 4]
    bswap   ecx
    SNPRINTF edx, VALUE_SIZE, "%u %s %u %08x%08x %s %u", [ebx+PLAN_REVISION], esi, [ebx+PLAN_EPOCH], eax, ecx, edi, [ebx+PLAN_LEFT]
    jmp     2f
1:  SNPRINTF edx, VALUE_SIZE, "%u %s %u - %s %u", [ebx+PLAN_REVISION], esi, [ebx+PLAN_EPOCH], edi, [ebx+PLAN_LEFT]
2:  mov     eax, offset value_upgrade
    mov     edx, offset plan_text
    mov     ecx, [plan_from]
    call    proposal_begin_from
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes plan_next the plan as it is.
# Clobbers: EAX, ECX, EDX.
.global plan_copy
plan_copy:
    mov     eax, offset plan_next
    mov     edx, offset plan
    mov     ecx, PLAN_SIZE
    jmp     mem_copy

# Says how often a revision has failed in this cluster.
# In: EAX revision.
# Out: EAX times.
# Clobbers: ECX, EDX.
.global plan_failures
plan_failures:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, offset value_failed
    call    value_text
    jc      .Lplan_failures_none
    mov     esi, eax
1:  call    failed_entry
    jc      .Lplan_failures_none
    cmp     ecx, ebx
    jne     1b
    jmp     .Lplan_failures_done
.Lplan_failures_none:
    xor     eax, eax
.Lplan_failures_done:
    pop     esi
    pop     ebx
    ret

# Reads an entry of upgrade.failed.
# In: ESI text.
# Out: ECX revision, EAX failures, ESI the next; CF when there is none.
# Clobbers: EDX.
failed_entry:
    mov     eax, esi
    call    parse_number
    jc      9f
    cmp     byte ptr [edx], ':'
    jne     8f
    push    eax
    lea     eax, [edx + 1]
    call    parse_number
    pop     ecx
    jc      9f
    cmp     eax, COUNTED_MOST           # so all entries have room
    jbe     1f
    mov     eax, COUNTED_MOST
1:  mov     esi, edx
    call    plan_blank
    clc
    ret
8:  stc
9:  ret

# Says which turn's failure was counted last.
# Out: EAX its epoch, 0 when none was.
# Clobbers: ECX, EDX.
.global plan_counted
plan_counted:
    mov     eax, offset value_failed
    call    value_text
    jc      8f
    mov     dl, '@'
    call    string_find
    jc      8f
    inc     eax
    call    parse_number
    jnc     9f
8:  xor     eax, eax
9:  ret

# Whether a revision is refused.
# In: EAX revision.
# Out: CF when it is, EAX failures.
# Clobbers: ECX, EDX.
.global plan_refused
plan_refused:
    call    plan_failures
    cmp     eax, REFUSED
    cmc
    ret

# Begins to change the count of a revision's failures, if nobody changes the values meanwhile.
# The turn goes with the count, so a leader that follows one which died does not count it again.
# In: EAX revision, EDX failures; 0: it is forgotten; ECX epoch of the turn that was counted last.
# Out: CF and EAX error.
.global plan_count
plan_count:
    FRAME   16
    # Locals: -4 revision, -8 failures, -12 entries that are kept, -16 epoch
    mov     [ebp - 16], ecx
    push    ebx
    push    esi
    push    edi
    mov     [ebp - 4], eax
    mov     [ebp - 8], edx
    mov     dword ptr [ebp - 12], 0
    mov     edi, offset failed_text
    mov     byte ptr [edi], 0
    test    edx, edx
    jz      .Lplan_count_others
    call    failed_put                  # the latest comes first, so the oldest goes when there are too many
.Lplan_count_others:
    mov     eax, offset value_failed
    call    value_text
    jc      .Lplan_count_made
    mov     esi, eax
.Lplan_count_next:
    call    failed_entry
    jc      .Lplan_count_made
    cmp     ecx, [ebp - 4]
    je      .Lplan_count_next
    cmp     dword ptr [ebp - 12], FAILED_MOST
    jae     .Lplan_count_made
    mov     edx, eax
    mov     eax, ecx
    call    failed_put
    jmp     .Lplan_count_next
.Lplan_count_made:
    cmp     dword ptr [ebp - 12], 0
    je      2f
    mov     ecx, offset failed_text + VALUE_SIZE
    sub     ecx, edi
    SNPRINTF edi, ecx, " @%u", [ebp-16]
2:  mov     eax, offset value_failed
    mov     edx, offset failed_text
    cmp     byte ptr [edx], 0
    jne     1f
    xor     edx, edx
1:  mov     ecx, [values + VALUES_NUMBER]
    call    proposal_begin_from
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Appends an entry to failed_text.
# In: EAX revision, EDX failures, EDI where to, EBP frame of plan_count.
# Out: EDI after it.
# Clobbers: EAX, ECX, EDX.
failed_put:
    mov     ecx, offset failed_text + VALUE_SIZE
    sub     ecx, edi
    CHECK   ecx, ae, 24, "failed_put: more entries than the text holds"
    cmp     dword ptr [ebp - 12], 0
    je      1f
    mov     byte ptr [edi], ' '
    inc     edi
    dec     ecx
1:  inc     dword ptr [ebp - 12]
    SNPRINTF edi, ecx, "%u:%u", eax, edx
    add     edi, eax
    ret

# Whether a cluster of one may confirm itself.
# Out: ZF when it may.
# Clobbers: EAX, ECX, EDX.
.global plan_alone
plan_alone:
    mov     eax, offset value_alone

# Whether a value is `yes`.
# In: EAX name.
# Out: ZF when it is.
# Clobbers: EAX, ECX, EDX.
plan_says:
    call    value_text
    jc      9f
    mov     edx, offset plan_yes
    jmp     string_compare
9:  test    esp, esp                    # ZF clear
    ret

# Whether kernels that nobody has signed may go through the cluster.
# Out: ZF when they may.
# Clobbers: EAX, ECX, EDX.
.global plan_unsigned
plan_unsigned:
    mov     eax, offset value_unsigned
    jmp     plan_says

# Which revision's formats all may write.
# Out: EAX revision, 0 when nothing is final.
# Clobbers: ECX, EDX.
.global plan_final
plan_final:
    mov     eax, offset value_final
    call    value_text
    jc      1f
    call    parse_number
    jnc     2f
1:  xor     eax, eax
2:  ret

# Begins to make a revision's formats final, if nobody changes the values meanwhile.
# In: EAX revision.
# Out: CF and EAX error.
.global plan_finalise
plan_finalise:
    mov     edx, offset plan_text
    SNPRINTF edx, VALUE_SIZE, "%u", eax
    mov     eax, offset value_final
    mov     ecx, [values + VALUES_NUMBER]
    jmp     proposal_begin_from
