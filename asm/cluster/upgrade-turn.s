# This node's part in the cluster's upgrade: it obeys the plan when it has the turn, and says how far it is
# (docs/protocols/upgrade.md, "The turn is a lease"). A task of its own looks at the plan, and leads where this node
# does (upgrade-lead.s); what takes long is done without the cluster's mutex.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "tasks.inc"
.include "net.inc"
.include "slots.inc"
.include "download.inc"
.include "cluster.inc"

LOOK_MS                 = 200           # how often the plan is looked at while one is under way,
IDLE_MS                 = 5000          # and otherwise; a change of the values wakes the task
READY_MS                = 10000         # a go is obeyed for so long after the first report that it answers
HANDED_MS               = 1000          # others may take so long to announce what was handed over
HANDED_LOOK_MS          = 50
TRIAL_MS                = 120000        # a trial that the cluster wants has so long from the kernel's start

# What is done without the mutex.
ACT_NOTHING             = 0
ACT_SLOTS               = 1             # look at the record of slots,
ACT_INSTALL             = 2             # see to it that the image is in a slot,
ACT_GO                  = 3             # begin the trial,
ACT_KEEP                = 4             # keep the kernel that is on trial,
ACT_FLOOR               = 5             # raise the floor

# The record of slots of the disk that this machine started from. In, EDI: SEEN_SIZE bytes. Out: CF when there is none.
HOOK upgrade_slots, hook_none
# Puts the revision EAX on trial. Out: CF and EAX REASON_* or SLOT_RESULT_FAILED.
HOOK upgrade_try, hook_none
# Keeps the kernel that is on trial. Out: CF when the record could not be written.
HOOK upgrade_keep, hook_none
# Raises the floor to the revision EAX. Out: CF.
HOOK upgrade_floor, hook_none
# The trial ends in EDX milliseconds.
HOOK upgrade_ends, hook_quiet

ON_HOOK slots_written, upgrade_slots_changed

.section .rodata
.balign 4
turn_acts:                              # by ACT_*
    .long   0, turn_slots, turn_install, turn_go, turn_keep, turn_floor

.bss
.balign 4
.global upgrade_event
upgrade_event:          .space 4
.global upgrade_begun
upgrade_begun:          .space 4        # 1: what the node remembers has been read
.global upgrade_drained
upgrade_drained:        .space 4        # 1: it holds no address, and takes none
.global upgrade_seen
upgrade_seen:           .space SEEN_SIZE    # the record of slots when it was looked at last
seen_known:             .space 4        # 1: it was; 2: and there is none
ready_stamp:            .space 8        # task_time of the first report that this node is ready
trial_shortened:        .space 4        # 1: the trial has the time that the cluster gives

.text

# The task.
.global upgrade_task
upgrade_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Lupgrade_task_loop:
    call    cloud_lock
    call    clock_ms
    mov     ebx, eax
    mov     edi, IDLE_MS
    xor     esi, esi                    # ESI: ACT_*
    cmp     dword ptr [upgrade_begun], 0
    je      .Lupgrade_task_unlock
    call    plan_read
    jc      1f
    mov     edi, LOOK_MS
1:  call    turn_look
    mov     esi, eax
    call    lead_look
    call    final_look
.Lupgrade_task_unlock:
    call    cloud_unlock
    test    esi, esi
    jz      .Lupgrade_task_wait
    call    [turn_acts + esi*4]
    jmp     .Lupgrade_task_loop
.Lupgrade_task_wait:
    mov     eax, offset upgrade_event
    mov     edx, edi
    call    event_wait
    jmp     .Lupgrade_task_loop

# Looks at the plan: which state this node is in, and what it has to do. The mutex is held, the plan has been read.
# In: EBX now.
# Out: EAX ACT_*.
# Clobbers: ECX, EDX.
turn_look:
    push    esi
    push    edi
    mov     eax, ACT_SLOTS
    cmp     dword ptr [seen_known], 0
    je      .Lturn_look_done
    movzx   edi, word ptr [report_own + REPORT_STATE]   # EDI: state and reason before
    call    turn_is_mine
    sete    al
    movzx   esi, al                     # ESI: 1 when this node has the turn
    cmp     byte ptr [boot_info + bi_trial], 0
    je      .Lturn_look_good
    call    turn_on_trial
    jmp     .Lturn_look_said
.Lturn_look_good:
    cmp     byte ptr [report_own + REPORT_STATE], UPGRADE_TRIAL
    jne     .Lturn_look_whose
    mov     eax, UPGRADE_CONFIRMED      # a person has, or this task
    call    turn_state
    mov     dword ptr [upgrade_drained], 0
    mov     dword ptr [seen_known], 0
.Lturn_look_whose:
    test    esi, esi
    jz      .Lturn_look_other
    call    turn_mine
    jmp     .Lturn_look_said
.Lturn_look_other:
    call    turn_others
.Lturn_look_said:
    cmp     [report_own + REPORT_STATE], di
    je      .Lturn_look_done
    push    eax
    call    report_changed
    pop     eax
.Lturn_look_done:
    pop     edi
    pop     esi
    ret

# Whether this node has the turn.
# Out: ZF when it has.
# Clobbers: EAX, ECX, EDX.
turn_is_mine:
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_NONE
    je      8f
    mov     eax, offset plan + PLAN_TURN
    mov     edx, offset node + NODE_ID
    jmp     session_same                # ids have the size of sessions
8:  test    esp, esp                    # ZF clear
    ret

# Gives this node a state.
# In: EAX UPGRADE_*, with the reason of a failure in AH.
# Clobbers: ECX.
turn_state:
    CHECK   al, b, UPGRADE_STATES, "turn_state: no state of a node"
    mov     [report_own + REPORT_STATE], ax
    ret

# This node runs a kernel on trial.
# In: ESI 1 when it has the turn.
# Out: EAX ACT_*.
# Clobbers: ECX, EDX.
turn_on_trial:
    mov     eax, UPGRADE_TRIAL
    call    turn_state
    mov     eax, [boot_info + bi_revision]
    cmp     eax, [plan + PLAN_REVISION]
    jne     .Lturn_on_trial_alone
    test    esi, esi
    jz      .Lturn_on_trial_alone
    mov     eax, [plan + PLAN_EPOCH]
    mov     [report_own + REPORT_EPOCH], eax
    mov     dword ptr [upgrade_drained], 1
    cmp     dword ptr [trial_shortened], 0
    jne     .Lturn_on_trial_shortened
    mov     dword ptr [trial_shortened], 1
    mov     edx, TRIAL_MS
    sub     edx, ebx                    # the clock began with the kernel
    ja      1f
    mov     edx, 1
1:  call    [upgrade_ends]
.Lturn_on_trial_shortened:
    mov     eax, ACT_KEEP
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lturn_on_trial_nothing
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_BACK
    je      .Lturn_on_trial_done
    jmp     .Lturn_on_trial_nothing
.Lturn_on_trial_alone:
    xor     eax, eax
    mov     [report_own + REPORT_EPOCH], eax
    mov     [upgrade_drained], eax
.Lturn_on_trial_nothing:
    xor     eax, eax
.Lturn_on_trial_done:
    ret

# This node has the turn, and runs a good kernel.
# In: EBX now.
# Out: EAX ACT_*.
# Clobbers: ECX, EDX.
turn_mine:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lturn_mine_nothing
    mov     eax, [plan + PLAN_EPOCH]
    cmp     eax, [report_own + REPORT_EPOCH]
    jne     .Lturn_mine_new
    movzx   eax, byte ptr [report_own + REPORT_STATE]
    cmp     eax, UPGRADE_FETCHING
    je      .Lturn_mine_install
    cmp     eax, UPGRADE_READY
    jne     .Lturn_mine_nothing
    call    turn_is_late
    mov     eax, UPGRADE_IDLE           # the leader takes the turn back
    jc      .Lturn_mine_free
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_GO
    jne     .Lturn_mine_nothing
    mov     eax, ACT_GO
    ret
.Lturn_mine_new:
    mov     [report_own + REPORT_EPOCH], eax
    mov     eax, UPGRADE_CONFIRMED
    mov     ecx, [plan + PLAN_REVISION]
    cmp     [boot_info + bi_revision], ecx
    jae     .Lturn_mine_free
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_FETCH
    je      .Lturn_mine_fetch
    mov     eax, UPGRADE_IDLE
    cmp     [upgrade_seen + SEEN_RESULT_REVISION], ecx
    jne     .Lturn_mine_free            # it never came to the trial
    cmp     dword ptr [upgrade_seen + SEEN_RESULT], SLOT_RESULT_FAILED
    jb      .Lturn_mine_free
    mov     eax, UPGRADE_FAILED
    mov     ah, [upgrade_seen + SEEN_RESULT]
.Lturn_mine_free:
    call    turn_state
    mov     dword ptr [upgrade_drained], 0
.Lturn_mine_nothing:
    xor     eax, eax
    ret
.Lturn_mine_fetch:
    mov     eax, UPGRADE_FETCHING
    call    turn_state
.Lturn_mine_install:
    mov     eax, ACT_INSTALL
    ret

# Another node has the turn, or nobody.
# Out: EAX ACT_*.
# Clobbers: ECX, EDX.
turn_others:
    xor     eax, eax
    mov     [report_own + REPORT_EPOCH], eax
    mov     [upgrade_drained], eax
    call    plan_final
    mov     ecx, [boot_info + bi_revision]
    cmp     ecx, eax
    jb      .Lturn_others_behind
    cmp     eax, [upgrade_seen + SEEN_FLOOR]
    jbe     .Lturn_others_floor
    cmp     dword ptr [seen_known], 1
    jne     .Lturn_others_floor
    mov     eax, ACT_FLOOR
    ret
.Lturn_others_floor:
    movzx   eax, word ptr [report_own + REPORT_STATE]
    cmp     al, UPGRADE_FAILED
    jne     .Lturn_others_idle
    cmp     dword ptr [plan + PLAN_STATE], PLAN_DONE    # nobody needs to know any more
    jae     .Lturn_others_idle
    cmp     dword ptr [plan + PLAN_STATE], PLAN_RUN     # a person resumes: it is tried again,
    jne     .Lturn_others_nothing
    cmp     ah, REASON_SPACE            # but where it cannot be
    je      .Lturn_others_nothing
.Lturn_others_idle:
    xor     eax, eax
    call    turn_state
.Lturn_others_nothing:
    xor     eax, eax
    ret
.Lturn_others_behind:
    mov     eax, UPGRADE_FAILED | REASON_FORMAT << 8
    call    turn_state
    xor     eax, eax
    ret

# Whether the time is over in which a go is obeyed.
# Out: CF when so.
# Clobbers: EAX, ECX, EDX.
turn_is_late:
    push    ebx
    push    esi
    mov     eax, 1
    cmp     byte ptr [task_has_tsc], 0
    je      1f
    call    task_cycles_per_ms
1:  mov     ecx, READY_MS
    mul     ecx
    add     eax, [ready_stamp]
    adc     edx, [ready_stamp + 4]
    mov     ebx, eax
    mov     esi, edx
    call    task_time
    cmp     ebx, eax
    sbb     esi, edx
    pop     esi
    pop     ebx
    ret

# Reads the record of slots again, and takes it into the report. The mutex is not held. May sleep.
.global turn_slots
turn_slots:
    push    edi
    sub     esp, SEEN_SIZE
    mov     edi, esp
    call    [upgrade_slots]
    mov     eax, 1
    adc     eax, 0
    push    eax
    call    cloud_lock
    pop     eax
    mov     [seen_known], eax
    cmp     eax, 2
    je      1f
    mov     eax, offset upgrade_seen
    mov     edx, edi
    mov     ecx, SEEN_SIZE
    call    mem_copy
    call    turn_tell_slots
    jmp     2f
1:  mov     byte ptr [report_own + REPORT_SLOT], 0xFF
2:  call    report_changed
    call    cloud_unlock
    add     esp, SEEN_SIZE
    pop     edi
    ret

# Takes the record of slots into the report. The mutex is held, the plan has been read.
# Clobbers: EAX, ECX, EDX.
turn_tell_slots:
    push    ebx
    mov     ebx, offset upgrade_seen
    mov     al, [ebx + SEEN_RUNNING]
    mov     [report_own + REPORT_SLOT], al
    mov     eax, [ebx + SEEN_REVISIONS]
    mov     [report_own + REPORT_REVISIONS], eax
    mov     eax, [ebx + SEEN_REVISIONS + 4]
    mov     [report_own + REPORT_REVISIONS + 4], eax
    mov     eax, [ebx + SEEN_FLOOR]
    mov     [report_own + REPORT_FLOOR], eax
    mov     eax, [ebx + SEEN_RESULT_REVISION]
    mov     [report_own + REPORT_TRIAL], eax
    xor     eax, eax
    mov     [report_own + REPORT_HAVE], eax
    mov     eax, [plan + PLAN_REVISION]
    call    turn_slot_of
    jc      9f
    mov     ecx, [ebx + SEEN_BYTES + eax*4]
    mov     [report_own + REPORT_HAVE], ecx
    shl     eax, 4
    lea     edx, [ebx + SEEN_DIGESTS + eax]
    mov     eax, offset report_own + REPORT_DIGEST
    mov     ecx, 16
    call    mem_copy
9:  pop     ebx
    ret

# The record of slots may have changed: it is looked at again.
# Clobbers: EAX, ECX, EDX.
upgrade_slots_changed:
    mov     dword ptr [seen_known], 0
    mov     eax, offset upgrade_event
    jmp     event_signal

# Which slot has a revision.
# In: EAX revision, not 0.
# Out: EAX slot; CF when none has.
# Clobbers: ECX.
turn_slot_of:
    mov     ecx, eax
    xor     eax, eax
    cmp     [upgrade_seen + SEEN_REVISIONS], ecx
    je      1f
    inc     eax
    cmp     [upgrade_seen + SEEN_REVISIONS + 4], ecx
    je      1f
    stc
1:  ret

# Sees to it that the target is in a slot, then hands over the addresses: this node is ready. The mutex is not held. May
# sleep.
turn_install:
    push    ebx
    mov     ebx, [plan + PLAN_EPOCH]
    call    turn_slots
    call    cloud_lock
    mov     eax, REASON_SPACE
    cmp     dword ptr [seen_known], 1
    jne     .Lturn_install_failed
    mov     eax, [plan + PLAN_REVISION]
    call    turn_slot_of
    jnc     1f
    call    turn_download
    jc      .Lturn_install_failed
    mov     eax, [plan + PLAN_REVISION]
    call    turn_slot_of
1:  mov     edx, eax
    mov     eax, REASON_SOURCE
    jc      .Lturn_install_failed
    call    turn_proven
    mov     eax, REASON_UNPROVEN
    jc      .Lturn_install_failed
    call    plan_read
    cmp     ebx, [plan + PLAN_EPOCH]    # the turn may have been taken back meanwhile
    jne     .Lturn_install_unlock
    call    holder_leave
    mov     dword ptr [upgrade_drained], 1
    call    cloud_unlock
    call    turn_handed
    call    cloud_lock
    cmp     ebx, [report_own + REPORT_EPOCH]
    jne     .Lturn_install_unlock
    call    task_time
    mov     [ready_stamp], eax
    mov     [ready_stamp + 4], edx
    mov     eax, UPGRADE_READY
    jmp     .Lturn_install_state
.Lturn_install_failed:
    mov     ah, al
    mov     al, UPGRADE_FAILED
.Lturn_install_state:
    call    turn_state
    call    report_changed
.Lturn_install_unlock:
    call    cloud_unlock
    pop     ebx
    ret

# Loads the plan's target from those members that have it. The mutex is held, but not meanwhile. May sleep, for minutes.
# Out: CF and EAX REASON_*.
# Clobbers: ECX, EDX.
turn_download:
    push    esi
    call    plan_unsigned
    mov     ecx, FETCH_UNSIGNED
    je      2f
    xor     ecx, ecx
2:  push    ecx
    push    dword ptr [plan + PLAN_REVISION]
    call    cloud_unlock
    pop     eax
    pop     ecx
    xor     esi, esi
    call    download_fetch
    pushfd
    push    eax
    jc      1f
    call    turn_slots
1:  call    cloud_lock
    pop     eax
    popfd
    pop     esi
    ret

# Whether a slot's image may go through the cluster: somebody whom this node trusts has signed it, or a person wants
# none of that. The mutex is held.
# In: EDX slot.
# Out: CF when it may not.
# Clobbers: EAX, ECX, EDX.
turn_proven:
    shl     edx, 4
    add     edx, offset upgrade_seen + SEEN_DIGESTS
    mov     eax, [edx]
    or      eax, [edx + 4]
    or      eax, [edx + 8]
    or      eax, [edx + 12]
    jnz     9f                          # CF is clear
    call    plan_unsigned
    clc
    je      9f
    stc
9:  ret

# Waits until others have announced the addresses that were handed over, or for a second. The mutex is not held.
turn_handed:
    push    ebx
    mov     ebx, HANDED_MS / HANDED_LOOK_MS
1:  mov     eax, HANDED_LOOK_MS
    call    task_sleep
    call    cloud_lock
    call    turn_all_held
    call    cloud_unlock_keep
    je      2f
    dec     ebx
    jnz     1b
2:  pop     ebx
    ret

# Whether others hold all service addresses, or there is nobody.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX.
turn_all_held:
    push    esi
    cmp     dword ptr [peer_alive], 0
    je      9f
    call    clock_ms
    mov     esi, offset services
1:  cmp     dword ptr [esi + SERVICE_ADDRESS], 0
    je      2f
    mov     ecx, eax
    sub     ecx, [esi + SERVICE_HEARD]
    cmp     ecx, SERVICE_SILENCE_MS
    jae     8f
    push    eax
    mov     eax, offset node + NODE_ID
    lea     edx, [esi + SERVICE_HOLDER]
    call    session_same                # ids have the size of sessions
    pop     eax
    je      8f
2:  add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    cmp     eax, eax
    jmp     9f
8:  test    esp, esp                    # ZF clear
9:  pop     esi
    ret

# Begins the trial: the record says so, then the machine restarts. The mutex is not held. May not return.
turn_go:
    mov     eax, [plan + PLAN_REVISION]
    call    [upgrade_try]
    jnc     1f
    push    eax
    call    cloud_lock
    pop     eax
    mov     ah, al
    mov     al, UPGRADE_FAILED
    call    turn_state
    mov     dword ptr [upgrade_drained], 0
    call    report_changed
    jmp     cloud_unlock
1:  PRINTF  "cluster: restarting with revision %u, on trial\n", [plan+PLAN_REVISION]
    jmp     power_restart               # it says bye, and hands over once more

# Keeps the kernel that is on trial. The mutex is not held. May sleep.
turn_keep:
    call    [upgrade_keep]
    jnc     1f
    mov     eax, HANDED_MS              # it is tried again until the trial's time is over
    jmp     task_sleep
1:  jmp     turn_slots

# Raises the floor of the disk to what all may write. The mutex is not held. May sleep.
turn_floor:
    call    plan_final
    call    [upgrade_floor]
    jnc     1f
    mov     eax, IDLE_MS
    jmp     task_sleep
1:  jmp     turn_slots
