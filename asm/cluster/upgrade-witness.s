# Members watch the node that runs a new kernel on trial: they ask its web server for a page, as a stranger would, and
# tell the leader what came of it (kind 30 of docs/protocols/cluster.md). A node does not say of itself that it works,
# unless it is alone. docs/protocols/upgrade.md, "Trial and confirmation".

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"

HTTP_PORT               = 80
CONNECT_MS              = 1000
ANSWER_MS               = 1000
ANSWER_BYTES            = 16            # `HTTP/1.1 200 ` and more
LOOK_MS                 = 500           # how often it is looked whether the node is there yet
REST_MS                 = 30000         # a change of the values wakes the task

.section .rodata
witness_request:        .ascii  "GET /status HTTP/1.0\r\n\r\n"
WITNESS_REQUEST         = . - witness_request
STRING witness_good, " 200 "

.bss
.balign 4
.global witness_event
witness_event:          .space 4
watched:                .space 8        # session of the node that is watched, 0 when none is
watched_epoch:          .space 4
watched_id:             .space 8

.text

# The task.
.global witness_task
witness_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Lwitness_task_loop:
    call    cloud_lock
    call    witness_look
    call    cloud_unlock_keep
    test    eax, eax
    jz      .Lwitness_task_wait
    call    witness_ask
    sbb     esi, esi                    # ESI: -1 when it did not answer
    mov     edi, eax
    call    cloud_lock
    call    witness_tell
    call    cloud_unlock
    mov     edx, WITNESS_MS
.Lwitness_task_wait:
    mov     eax, offset witness_event
    call    event_wait
    jmp     .Lwitness_task_loop

# Finds whom to watch. The mutex is held.
# Out: EAX its address, 0 when there is nobody; EDX milliseconds until that is to be looked at again.
# Clobbers: ECX.
witness_look:
    push    ebx
    mov     edx, REST_MS
    call    plan_read
    mov     edx, REST_MS
    jc      .Lwitness_look_nobody
    mov     eax, [plan + PLAN_PHASE]
    cmp     eax, PHASE_GO
    jb      .Lwitness_look_nobody
    cmp     eax, PHASE_BACK
    je      .Lwitness_look_nobody
    mov     edx, offset node + NODE_ID
    mov     eax, offset plan + PLAN_TURN
    call    session_same                # ids have the size of sessions
    je      .Lwitness_look_self
    call    peer_known
    mov     edx, LOOK_MS
    jc      .Lwitness_look_nobody
    mov     ebx, eax
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      .Lwitness_look_nobody
    mov     eax, [ebx + PEER_REVISION]
    cmp     eax, [plan + PLAN_REVISION]
    jne     .Lwitness_look_nobody
    mov     eax, [ebx + PEER_SESSION]
    mov     [watched], eax
    mov     eax, [ebx + PEER_SESSION + 4]
    mov     [watched + 4], eax
    mov     eax, [ebx + PEER_ADDRESS]
    jmp     .Lwitness_look_watch
.Lwitness_look_self:
    mov     edx, LOOK_MS
    cmp     dword ptr [peer_alive], 0
    jne     .Lwitness_look_nobody
    cmp     byte ptr [boot_info + bi_trial], 0
    je      .Lwitness_look_nobody
    mov     eax, [trust_session]
    mov     [watched], eax
    mov     eax, [trust_session + 4]
    mov     [watched + 4], eax
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_ADDRESS]
.Lwitness_look_watch:
    mov     ecx, [plan + PLAN_EPOCH]
    mov     [watched_epoch], ecx
    mov     ecx, [plan + PLAN_TURN]
    mov     [watched_id], ecx
    mov     ecx, [plan + PLAN_TURN + 4]
    mov     [watched_id + 4], ecx
    jmp     .Lwitness_look_done
.Lwitness_look_nobody:
    xor     eax, eax
.Lwitness_look_done:
    pop     ebx
    ret

# Asks a machine for its status. The mutex is not held. May sleep, two seconds.
# In: EAX address.
# Out: EAX milliseconds that it took; CF when it did not answer with 200.
witness_ask:
    FRAME   ANSWER_BYTES + 4
    # Locals: -4 when it began, -4 - ANSWER_BYTES the beginning of the answer
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    call    clock_ms
    mov     [ebp - 4], eax
    call    stream_open
    jc      .Lwitness_ask_done
    mov     ebx, eax                    # EBX: socket
    mov     edx, edi
    mov     ecx, HTTP_PORT
    mov     edi, CONNECT_MS
    call    stream_connect
    jc      .Lwitness_ask_close
    mov     eax, ebx
    mov     edx, ANSWER_MS
    mov     esi, offset witness_request
    mov     edi, WITNESS_REQUEST
    call    stream_send
    jc      .Lwitness_ask_close
    mov     eax, ebx
    mov     edx, ANSWER_MS
    xor     ecx, ecx
    lea     esi, [ebp - 4 - ANSWER_BYTES]
    mov     edi, ANSWER_BYTES
    call    stream_receive
    jc      .Lwitness_ask_close
    cmp     eax, 13                     # `HTTP/1.1 200 `
    jb      .Lwitness_ask_close
    lea     eax, [esi + 8]
    mov     edx, offset witness_good
    call    string_prefix
    je      .Lwitness_ask_close         # CF is clear
    stc
.Lwitness_ask_close:
    pushfd
    mov     eax, ebx
    call    stream_abort                # the rest of the page is nothing to us
    call    clock_ms
    sub     eax, [ebp - 4]
    popfd
.Lwitness_ask_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Tells the leader what came of a check. The mutex is held. May sleep.
# In: ESI 0 when the node answered, EDI milliseconds that it took.
# Clobbers: EAX, ECX, EDX.
witness_tell:
    push    ebx
    lea     ebx, [esi + WITNESS_ANSWERED]   # EBX: bits
    call    witness_is_member
    jne     1f
    or      ebx, WITNESS_MEMBER
1:  cmp     dword ptr [leader + SERVICE_RECORD], 0
    jne     .Lwitness_tell_self
    mov     eax, offset leader + SERVICE_HOLDER
    call    peer_known
    jc      .Lwitness_tell_done
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lwitness_tell_done
    push    eax
    mov     eax, KIND_WITNESS
    call    packet_build
    mov     eax, [esp]
    call    session_answer
    mov     edx, offset cluster_out
    mov     eax, [watched_id]
    mov     [edx + CLOUD_WITNESSED], eax
    mov     eax, [watched_id + 4]
    mov     [edx + CLOUD_WITNESSED + 4], eax
    mov     eax, [watched]
    mov     [edx + CLOUD_WITNESSED + 8], eax
    mov     eax, [watched + 4]
    mov     [edx + CLOUD_WITNESSED + 12], eax
    mov     eax, [watched_epoch]
    mov     [edx + CLOUD_WITNESS_EPOCH], eax
    mov     [edx + CLOUD_WITNESS_BITS], ebx
    mov     [edx + CLOUD_WITNESS_MS], edi
    pop     eax
    mov     edx, [eax + PEER_ADDRESS]
    mov     ecx, CLOUD_WITNESS_SIZE
    call    packet_send_to
    jmp     .Lwitness_tell_done
.Lwitness_tell_self:
    mov     eax, offset report_own
    mov     ecx, [watched_epoch]
    mov     edx, ebx
    call    witness_count
.Lwitness_tell_done:
    pop     ebx
    ret

# Whether the node that is watched is a member, in the session in which it was asked.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX.
witness_is_member:
    mov     eax, offset watched_id
    mov     edx, offset node + NODE_ID
    call    session_same                # ids have the size of sessions
    je      9f
    call    peer_known
    jc      8f
    cmp     dword ptr [eax + PEER_VIEWED], 1
    jne     9f
    add     eax, PEER_SESSION
    mov     edx, offset watched
    jmp     session_same
8:  test    esp, esp                    # ZF clear
9:  ret

# A member has checked the node on trial. The mutex is held.
# In: EAX packet.
.global witness_heard
witness_heard:
    push    ebx
    push    esi
    mov     ebx, eax
    cmp     dword ptr [leader + SERVICE_RECORD], 0
    je      .Lwitness_heard_done
    call    plan_read
    jc      .Lwitness_heard_done
    lea     eax, [ebx + CLOUD_WITNESSED]
    mov     edx, offset plan + PLAN_TURN
    call    session_same                # ids have the size of sessions
    jne     .Lwitness_heard_done
    mov     ecx, [ebx + CLOUD_WITNESS_EPOCH]
    cmp     ecx, [plan + PLAN_EPOCH]
    jne     .Lwitness_heard_done
    call    peer_known
    jc      .Lwitness_heard_done
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_WITNESSED + 8]
    call    session_same                # of an earlier boot it says nothing
    jne     .Lwitness_heard_done
    lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset plan + PLAN_TURN
    call    session_same
    je      .Lwitness_heard_done                          # nobody speaks for himself
    call    peer_known
    jc      .Lwitness_heard_done
    add     eax, PEER_REPORT
    mov     ecx, [plan + PLAN_EPOCH]
    mov     edx, [ebx + CLOUD_WITNESS_BITS]
    call    witness_count
.Lwitness_heard_done:
    pop     esi
    pop     ebx
    ret

# Counts a check: those in a row that were good.
# In: EAX REPORT_* of who checked, ECX epoch, EDX bits.
# Clobbers: EAX, ECX, EDX.
witness_count:
    push    ebx
    mov     ebx, eax
    cmp     [ebx + REPORT_WITNESS], ecx
    je      1f
    mov     [ebx + REPORT_WITNESS], ecx
    mov     dword ptr [ebx + REPORT_CHECKS], 0
1:  call    clock_ms
    cmp     edx, WITNESS_ANSWERED | WITNESS_MEMBER
    je      2f
    mov     dword ptr [ebx + REPORT_CHECKS], 0
    jmp     3f
2:  mov     ecx, eax                    # one that comes too soon after the last counts for nothing
    sub     ecx, [ebx + REPORT_CHECKED]
    cmp     ecx, WITNESS_MS / 2
    jb      9f
    inc     dword ptr [ebx + REPORT_CHECKS]
3:  mov     [ebx + REPORT_CHECKED], eax
    mov     eax, offset upgrade_event
    call    event_signal
9:  pop     ebx
    ret
