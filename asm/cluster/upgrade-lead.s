# What the leader of the cluster's upgrade does (docs/protocols/upgrade.md, "The turn is a lease"): it gives the turn to
# one node after the other, says go, has the new kernel kept, and stops at the first failure. Each step is a change of
# the plan from the values that were read, so a leader that is late changes nothing. All routines run with the cluster's
# mutex held.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"

FETCH_SILENT_MS         = 10000         # whoever fetches and is silent for so long has its turn taken back,
FETCH_MS                = 120000        # and so has whoever fetches for so long
TRIAL_SILENT_MS         = 150000        # silence after go is a failure: a trial is surely over by then
SESSION_MS              = 20000         # a node on trial is a member for so long, in one session
WITNESS_FRESH_MS        = 8000          # an older check says nothing
BETWEEN_MS              = 5000          # from one node to the next
ABSENT_MS               = 600000        # a node that went is waited for so long at the end

.section .rodata
.balign 4
lead_phases:                            # what is done about the turn, by PHASE_*
    .long   lead_give, lead_fetching, lead_going, lead_trying, lead_keeping

.bss
.balign 4
lead_plan:              .space PLAN_SIZE    # as it was when it was looked at last
lead_since:             .space 4        # clock_ms from which this node knows it so
lead_pause:             .space 4        # 1: the next turn is given at lead_at
lead_at:                .space 4        # clock_ms
lead_session:           .space 8        # in which the node on trial is a member,
lead_session_at:        .space 4        # clock_ms from which on

.text

# Leads, if this node does. The plan has been read.
# In: EBX now.
# Clobbers: EAX, ECX, EDX.
.global lead_look
lead_look:
    push    esi
    push    edi
    cmp     dword ptr [leader + SERVICE_RECORD], 0
    je      .Llead_look_not
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      .Llead_look_not
    mov     eax, offset lead_plan
    mov     edx, offset plan
    mov     ecx, PLAN_SIZE
    call    mem_compare
    je      .Llead_look_known
    mov     eax, offset lead_plan
    mov     edx, offset plan
    mov     ecx, PLAN_SIZE
    call    mem_copy
    mov     [lead_since], ebx
.Llead_look_known:
    call    plan_copy
    xor     esi, esi
    mov     eax, [plan + PLAN_PHASE]
    cmp     eax, PHASE_NONE
    je      1f
    call    lead_node
    mov     eax, [plan + PLAN_PHASE]
1:  mov     dword ptr [proposal_quiet], 1
    call    [lead_phases + eax*4]
    mov     dword ptr [proposal_quiet], 0
    jmp     .Llead_look_done
.Llead_look_not:
    xor     eax, eax                    # who leads again knows nothing of before
    mov     [lead_plan], eax
    mov     [lead_pause], eax
    mov     [lead_session_at], eax
.Llead_look_done:
    pop     edi
    pop     esi
    ret

# Finds the node whose turn it is, and what it has said of this turn.
# Out: ESI its report; EDI its peer, 0 for this node, -1 when nobody knows it; ECX its state, -1 when it has said none.
# Clobbers: EAX, EDX.
lead_node:
    mov     esi, offset report_own
    xor     edi, edi
    mov     eax, offset plan + PLAN_TURN
    mov     edx, offset node + NODE_ID
    call    session_same                # ids have the size of sessions
    je      1f
    or      ecx, -1
    mov     edi, ecx
    mov     eax, offset plan + PLAN_TURN
    call    peer_known
    jc      2f
    mov     edi, eax
    lea     esi, [eax + PEER_REPORT]
1:  or      ecx, -1
    mov     eax, [esi + REPORT_EPOCH]
    cmp     eax, [plan + PLAN_EPOCH]
    jne     2f
    movzx   ecx, byte ptr [esi + REPORT_STATE]
2:  ret

# How long the node whose turn it is has been silent.
# In: EBX now, ESI, EDI as of lead_node.
# Out: EAX milliseconds, not more than the plan has been known so.
# Clobbers: EDX.
lead_silence:
    mov     eax, ebx
    sub     eax, [lead_since]
    cmp     edi, -1
    je      2f
    test    edi, edi
    jz      1f
    mov     edx, ebx
    sub     edx, [esi + REPORT_HEARD]
    cmp     edx, eax
    jae     2f
    mov     eax, edx
    ret
1:  xor     eax, eax
2:  ret

# Nobody has the turn: the next one gets it, when the plan is to go on.
# In: EBX now.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
lead_give:
    cmp     dword ptr [plan + PLAN_STATE], PLAN_RUN
    jne     .Llead_give_not
    cmp     dword ptr [lead_pause], 0
    je      .Llead_give_now
    mov     eax, [lead_at]
    sub     eax, ebx
    jns     .Llead_give_not
.Llead_give_now:
    mov     eax, [plan + PLAN_REVISION]
    call    plan_refused
    jc      .Llead_give_refused
    call    lead_next
    mov     [plan_next + PLAN_LEFT], ecx
    test    edi, edi
    jz      .Llead_give_end
    inc     dword ptr [plan_next + PLAN_EPOCH]
    mov     eax, [edi]
    mov     [plan_next + PLAN_TURN], eax
    mov     eax, [edi + 4]
    mov     [plan_next + PLAN_TURN + 4], eax
    mov     dword ptr [plan_next + PLAN_PHASE], PHASE_FETCH
    jmp     plan_change
.Llead_give_end:
    call    lead_waits
    jc      .Llead_give_not
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_DONE
    jmp     plan_change
.Llead_give_refused:
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_STOP
    jmp     plan_change
.Llead_give_not:
    ret

# Finds who is next: the member with the lowest id that runs a lower revision and can take the target; this node last.
# In: plan_next its revision.
# Out: EDI its id, 0 when there is none; ECX how many are still to go, those apart that cannot.
# Clobbers: EAX, EDX, ESI.
.global lead_next
lead_next:
    push    ebp
    xor     edi, edi
    xor     ecx, ecx
    mov     ebp, [plan_next + PLAN_REVISION]
    mov     esi, [peer_first]
1:  test    esi, esi
    jz      4f
    cmp     dword ptr [esi + PEER_VIEWED], 0
    je      3f
    cmp     [esi + PEER_REVISION], ebp
    jae     3f
    lea     eax, [esi + PEER_REPORT]
    call    lead_passes
    je      3f
    inc     ecx
    test    edi, edi
    jnz     3f
    lea     edi, [esi + PEER_ID]
3:  mov     esi, [esi + PEER_NEXT]
    jmp     1b
4:  cmp     [boot_info + bi_revision], ebp
    jae     5f
    mov     eax, offset report_own
    call    lead_passes
    je      5f
    inc     ecx
    test    edi, edi
    jnz     5f
    mov     edi, offset node + NODE_ID
5:  pop     ebp
    ret

# Whether a node is passed over: its disk cannot hold the image.
# In: EAX report.
# Out: ZF when it is.
lead_passes:
    cmp     word ptr [eax + REPORT_STATE], UPGRADE_FAILED | REASON_SPACE << 8
    ret

# Whether the end waits for a node with a lower revision that went a while ago.
# In: EBX now.
# Out: CF when it does.
# Clobbers: EAX, EDX.
lead_waits:
    mov     edx, [peer_first]
1:  test    edx, edx
    jz      9f                          # CF is clear
    cmp     dword ptr [edx + PEER_VIEWED], 0
    jne     2f
    mov     eax, [edx + PEER_REVISION]
    cmp     eax, [plan + PLAN_REVISION]
    jae     2f
    mov     eax, ebx
    sub     eax, [edx + PEER_SEEN]
    cmp     eax, ABSENT_MS
    jb      9f                          # CF is set
2:  mov     edx, [edx + PEER_NEXT]
    jmp     1b
9:  ret

# The node whose turn it is fetches: it may go once it is ready. A turn that comes to nothing is no failure.
# In: EBX now; ESI, EDI, ECX as of lead_node.
# Clobbers: EAX, ECX, EDX.
lead_fetching:
    cmp     ecx, UPGRADE_READY
    je      .Llead_fetching_go
    cmp     ecx, UPGRADE_CONFIRMED
    je      lead_free
    cmp     ecx, UPGRADE_FAILED
    je      .Llead_fetching_failed
    cmp     ecx, UPGRADE_IDLE
    je      lead_free
    cmp     edi, -1
    je      lead_free
    test    edi, edi
    jz      .Llead_fetching_time
    cmp     dword ptr [edi + PEER_VIEWED], 0
    je      lead_free                   # it died, or left
.Llead_fetching_time:
    call    lead_silence
    cmp     eax, FETCH_SILENT_MS
    jae     lead_free
    mov     eax, ebx
    sub     eax, [lead_since]
    cmp     eax, FETCH_MS
    jae     lead_free
    ret
.Llead_fetching_go:
    mov     dword ptr [plan_next + PLAN_PHASE], PHASE_GO
    jmp     plan_change
.Llead_fetching_failed:
    movzx   eax, byte ptr [esi + REPORT_REASON]
    cmp     eax, REASON_SPACE
    je      .Llead_fetching_passed
    cmp     eax, REASON_FORMAT
    jb      lead_fail
    jmp     lead_stop                   # the revision has not failed: it was not tried
.Llead_fetching_passed:
    mov     eax, offset hostname
    test    edi, edi
    jz      1f
    lea     eax, [edi + PEER_NAME]
1:  PRINTF  "cluster: %s is passed over: its disk cannot hold revision %u\n", eax, [plan+PLAN_REVISION]

# The turn is over, well or without a failure.
# In: EBX now, plan_next.
# Clobbers: EAX, ECX, EDX.
lead_free:
    mov     dword ptr [lead_pause], 1
    lea     eax, [ebx + BETWEEN_MS]
    mov     [lead_at], eax

# Takes the turn from whoever has it.
# In: plan_next.
# Clobbers: EAX, ECX, EDX.
lead_take:
    push    esi
    push    edi
    call    lead_next
    mov     [plan_next + PLAN_LEFT], ecx
    pop     edi
    pop     esi
    xor     eax, eax
    mov     [plan_next + PLAN_TURN], eax
    mov     [plan_next + PLAN_TURN + 4], eax
    mov     dword ptr [plan_next + PLAN_PHASE], PHASE_NONE
    jmp     plan_change

# A trial has failed: counts that once, then stops.
# In: plan_next.
# Clobbers: EAX, ECX, EDX.
lead_fail:
    call    plan_counted
    cmp     eax, [plan + PLAN_EPOCH]
    je      lead_stop
    mov     eax, [plan + PLAN_REVISION]
    call    plan_failures
    lea     edx, [eax + 1]
    mov     eax, [plan + PLAN_REVISION]
    mov     ecx, [plan + PLAN_EPOCH]
    jmp     plan_count

# No other node starts until a person says so.
# In: plan_next.
# Clobbers: EAX, ECX, EDX.
lead_stop:
    cmp     dword ptr [plan_next + PLAN_STATE], PLAN_ABORT
    je      lead_take
    mov     dword ptr [plan_next + PLAN_STATE], PLAN_STOP
    jmp     lead_take

# The node whose turn it is was told to go.
# In: EBX now; ESI, EDI, ECX as of lead_node.
# Clobbers: EAX, ECX, EDX.
lead_going:
    mov     dword ptr [lead_session_at], 0
    cmp     ecx, UPGRADE_IDLE           # it was too late for that, or never came to the trial
    je      lead_free
    cmp     ecx, UPGRADE_TRIAL
    jne     lead_tried
    mov     dword ptr [plan_next + PLAN_PHASE], PHASE_TRIAL
    jmp     plan_change

# What ends a trial.
# In: EBX now; ESI, EDI, ECX as of lead_node.
# Clobbers: EAX, ECX, EDX.
lead_tried:
    cmp     ecx, UPGRADE_CONFIRMED
    je      lead_free
    cmp     ecx, UPGRADE_FAILED
    je      lead_fail
lead_keeping:
    cmp     ecx, UPGRADE_CONFIRMED
    je      lead_free
    cmp     ecx, UPGRADE_FAILED
    je      lead_fail
    call    lead_silence
    cmp     eax, TRIAL_SILENT_MS
    jae     lead_fail
    ret

# The node whose turn it is runs the new kernel: others say that it works, or it returns.
# In: EBX now; ESI, EDI, ECX as of lead_node.
# Clobbers: EAX, ECX, EDX.
lead_trying:
    cmp     ecx, UPGRADE_TRIAL
    jne     lead_tried
    call    lead_stays
    jc      lead_keeping
    call    lead_writes
    jne     .Llead_trying_waits
    call    lead_answers
    jc      .Llead_trying_waits
    mov     dword ptr [plan_next + PLAN_PHASE], PHASE_BACK
    jmp     plan_change
.Llead_trying_waits:
    or      ecx, -1
    jmp     lead_keeping

# Whether the node has been a member in one session for long enough.
# In: EBX now; ESI, EDI as of lead_node.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
lead_stays:
    mov     edx, offset trust_session
    test    edi, edi
    jz      1f
    lea     edx, [edi + PEER_SESSION]
    cmp     dword ptr [edi + PEER_VIEWED], 0
    je      2f
1:  mov     eax, offset lead_session
    call    session_same
    jne     2f
    cmp     dword ptr [lead_session_at], 0
    je      2f
    mov     eax, ebx
    sub     eax, [lead_session_at]
    cmp     eax, SESSION_MS
    mov     ecx, UPGRADE_TRIAL
    ret
2:  mov     [lead_session_at], ebx
    mov     eax, [edx]
    mov     [lead_session], eax
    mov     eax, [edx + 4]
    mov     [lead_session + 4], eax
    mov     ecx, UPGRADE_TRIAL
    stc
    ret

# Whether the node's disk has taken what was agreed on since it started.
# In: ESI, EDI as of lead_node.
# Out: ZF when it has.
# Clobbers: EAX, EDX.
lead_writes:
    test    edi, edi
    jz      1f
    mov     eax, [esi + REPORT_VALUES]
    cmp     eax, [values + VALUES_NUMBER]
    jne     9f
    cmp     dword ptr [esi + REPORT_KEPT], 1
    ret
1:  mov     eax, offset kept_values
    jmp     keep_is_kept
9:  ret

# Whether a majority of the other members has had answers of the node; in a cluster of one the node itself, if that is
# wanted.
# In: EBX now, EDI as of lead_node.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
lead_answers:
    push    esi
    push    ebp
    xor     ebp, ebp                    # EBP: twice those who had, less those who were asked
    mov     eax, offset report_own
    test    edi, edi
    jz      .Llead_answers_others
    call    lead_counts
.Llead_answers_others:
    mov     esi, [peer_first]
.Llead_answers_next:
    test    esi, esi
    jz      .Llead_answers_alone
    cmp     esi, edi
    je      .Llead_answers_skip
    cmp     dword ptr [esi + PEER_VIEWED], 0
    je      .Llead_answers_skip
    lea     eax, [esi + PEER_REPORT]
    call    lead_counts
.Llead_answers_skip:
    mov     esi, [esi + PEER_NEXT]
    jmp     .Llead_answers_next
.Llead_answers_alone:
    test    edi, edi
    jnz     .Llead_answers_count
    cmp     dword ptr [peer_alive], 0
    jne     .Llead_answers_count
    call    plan_alone
    jne     .Llead_answers_count
    mov     eax, offset report_own
    call    lead_counts
.Llead_answers_count:
    cmp     ebp, 1
    setl    al
    cmp     al, 1                       # CF when it was not less
    cmc
    pop     ebp
    pop     esi
    ret

# Counts what one member has had of answers.
# In: EAX its report, EBX now, EBP.
# Out: EBP.
# Clobbers: EAX, ECX.
lead_counts:
    dec     ebp
    mov     ecx, [eax + REPORT_WITNESS]
    cmp     ecx, [plan + PLAN_EPOCH]
    jne     9f
    cmp     dword ptr [eax + REPORT_CHECKS], WITNESS_CHECKS
    jb      9f
    mov     ecx, ebx
    sub     ecx, [eax + REPORT_CHECKED]
    cmp     ecx, WITNESS_FRESH_MS
    jae     9f
    add     ebp, 2
9:  ret
