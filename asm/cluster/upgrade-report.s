# What nodes report of the cluster's upgrade (kind 29 of docs/protocols/cluster.md): told to the leader and to the
# coordinator, noted with each peer, and read by whoever leads, serves images or shows it. Guarded by the cluster's
# mutex.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"

BEAT_MS                 = 400           # a node that is not idle reports so often,
REST_MS                 = 60000         # another one so often
PROMPT_MS               = 50            # and both after a change

.bss
.balign 4
.global report_own
report_own:             .space REPORT_SIZE  # this node's
.global report_at
report_at:              .space 4        # clock_ms of the next

.text

# Whether a packet about the upgrade is well formed.
# In: EBX packet, EAX kind.
# Out: CF when not.
# Clobbers: EAX.
.global report_is_whole
report_is_whole:
    cmp     eax, KIND_UPGRADE
    jb      8f
    ja      1f
    cmp     byte ptr [ebx + CLOUD_REPORT + REPORT_STATE], UPGRADE_STATES
    jae     9f
    cmp     byte ptr [ebx + CLOUD_REPORT + REPORT_REASON], REASON_LAST
    ja      9f
    mov     al, [ebx + CLOUD_REPORT + REPORT_SLOT]
    inc     al
    cmp     al, 2
    ja      9f
8:  clc
    ret
1:  cmp     dword ptr [ebx + CLOUD_WITNESS_BITS], WITNESS_ANSWERED | WITNESS_MEMBER
    ja      9f
    clc
    ret
9:  stc
    ret

# A member says how far it is. May sleep.
# In: EAX packet.
.global report_heard
report_heard:
    push    ebx
    push    esi
    mov     esi, eax
    lea     eax, [esi + CLOUD_NODE]
    call    peer_known
    jc      .Lreport_heard_done
    mov     ebx, eax
    lea     eax, [ebx + PEER_REPORT]
    lea     edx, [esi + CLOUD_REPORT]
    mov     ecx, REPORT_BYTES
    call    mem_copy
    call    clock_ms
    test    eax, eax
    jnz     1f
    inc     eax
1:  mov     [ebx + PEER_REPORT + REPORT_HEARD], eax
    mov     eax, [esi + CLOUD_VALUES]
    mov     [ebx + PEER_REPORT + REPORT_VALUES], eax
    xor     eax, eax
    test    byte ptr [esi + CLOUD_FLAGS], FLAG_VALUES_KEPT
    setnz   al
    mov     [ebx + PEER_REPORT + REPORT_KEPT], eax
    mov     eax, [esi + CLOUD_SESSION]
    mov     [ebx + PEER_REPORT + REPORT_SESSION], eax
    mov     eax, [esi + CLOUD_SESSION + 4]
    mov     [ebx + PEER_REPORT + REPORT_SESSION + 4], eax
    lea     eax, [esi + CLOUD_REPORT]
    call    report_told
    cmp     [ebx + PEER_REPORT + REPORT_TOLD], cx
    je      2f
    mov     [ebx + PEER_REPORT + REPORT_TOLD], cx
    mov     dword ptr [ebx + PEER_TELL], 1  # the coordinator tells the others
    mov     dword ptr [peer_changed], 1
2:  mov     eax, offset upgrade_event
    call    event_signal
.Lreport_heard_done:
    pop     esi
    pop     ebx
    ret

# What views say of a node's upgrade.
# In: EAX report.
# Out: CL state and reason << 4, CH downloads; the rest of ECX is 0.
.global report_told
report_told:
    movzx   ecx, byte ptr [eax + REPORT_REASON]
    shl     ecx, 4
    or      cl, [eax + REPORT_STATE]
    mov     ch, [eax + REPORT_DOWNLOADS]
    ret

# This node's report has changed: it is told soon.
# Clobbers: EAX, ECX, EDX.
.global report_changed
report_changed:
    call    clock_ms
    add     eax, PROMPT_MS
    mov     [report_at], eax
    mov     dword ptr [peer_changed], 1 # who coordinates tells it with its next view
    mov     eax, offset cable_event     # the daemon's task tells it
    call    event_signal
    mov     eax, offset upgrade_event
    jmp     event_signal

# Tells this node's report when it is time. May sleep.
# In: EAX now.
# Out: EAX milliseconds until the next.
.global report_timers
report_timers:
    push    ebx
    mov     ebx, eax
    mov     ecx, REST_MS
    cmp     byte ptr [report_own + REPORT_STATE], UPGRADE_IDLE
    je      1f
    mov     ecx, BEAT_MS
1:  mov     eax, [report_at]
    sub     eax, ebx
    cmp     eax, ecx                    # it may have rested until now
    jg      2f
    test    eax, eax
    jg      9f
2:  lea     eax, [ebx + ecx]
    mov     [report_at], eax
    push    ecx
    mov     eax, offset coordinator_id
    call    report_tell
    mov     eax, offset leader + SERVICE_HOLDER
    mov     edx, offset coordinator_id
    call    session_same                # ids have the size of sessions
    je      3f
    call    report_tell
3:  pop     eax
9:  pop     ebx
    ret

# Tells this node's report to another member.
# In: EAX its id, or nobody's.
# Clobbers: EAX, ECX, EDX.
report_tell:
    call    peer_known
    jc      9f
    cmp     dword ptr [eax + PEER_VIEWED], 0
    je      9f
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    push    ebx
    mov     ebx, eax
    mov     eax, KIND_UPGRADE
    call    packet_build
    mov     eax, ebx
    call    session_answer
    mov     eax, offset cluster_out + CLOUD_REPORT
    mov     edx, offset report_own
    mov     ecx, REPORT_BYTES
    call    mem_copy
    mov     edx, [ebx + PEER_ADDRESS]
    mov     ecx, CLOUD_UPGRADE_SIZE
    call    packet_send_to
    pop     ebx
9:  ret

# Finds what is known of a member, this node or another.
# In: EAX number, 0 is this node.
# Out: EAX REPORT_* record, EDX revision that runs, ECX address; CF after the last. The record is valid while the
# cluster's mutex is held.
.global report_of
report_of:
    test    eax, eax
    jz      3f
    push    ebx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    stc
    jz      2f
    sub     eax, [ebx + PEER_VIEWED]
    jz      4f
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
4:  cmp     dword ptr [ebx + PEER_VIEWED], 1
    lea     eax, [ebx + PEER_REPORT]
    mov     edx, [ebx + PEER_REVISION]
    mov     ecx, [ebx + PEER_ADDRESS]
2:  pop     ebx
    ret
3:  mov     ecx, [cluster_netif]
    mov     ecx, [ecx + NETIF_ADDRESS]
    mov     edx, [boot_info + bi_revision]
    mov     eax, offset report_own
    ret                                 # CF is clear

# Whether a member has a revision whole: it runs it, or has it in a slot.
# In: EAX REPORT_* record, EDX revision that runs, ECX revision.
# Out: ZF when it has.
.global report_has
report_has:
    cmp     edx, ecx
    je      9f
    cmp     [eax + REPORT_REVISIONS], ecx
    je      9f
    cmp     [eax + REPORT_REVISIONS + 4], ecx
9:  ret
