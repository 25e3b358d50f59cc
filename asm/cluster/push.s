# Modules that a host pushes into this node, by packets of the cluster: docs/protocols/push.md. The content comes in
# pieces into memory, then a task has asm/services/pushed.s do the rest, without the cluster's mutex. Routines are
# called with that mutex held, but for the task.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "memory.inc"
.include "net.inc"
.include "cluster.inc"
.include "pushed.inc"

SILENT_MS               = 10000         # without a new piece: what came is given up
RECENT                  = 256           # a request names one of so many latest packets of this node

# States.
PUSH_IDLE               = 0
PUSH_RECEIVES           = 1
PUSH_WORKS              = 2
PUSH_DONE               = 3
PUSH_FAILED             = 4

# What is asked for.
ASK_STATE               = 0
ASK_BEGIN               = 1
ASK_PIECE               = 2
ASK_UNDO                = 3

.section .bss.kept, "aw", @nobits       # a push outlives the service: it may replace that
.balign 4
push_state:             .space 4        # PUSH_*
push_asked:             .space CLOUD_SIZE   # header of the packet that asked for it
push_verb:              .space 4        # ASK_BEGIN or ASK_UNDO
push_name:              .space NAME_SIZE
push_record:            .space PUSH_SIZE    # for pushed_push
push_pages:             .space 4        # of its content; 0: none
push_received:          .space 4        # bytes that came, in order
push_from:              .space 4        # address of whoever asked
push_event:             .space 4        # signalled when a piece came, or it was given up for another
push_task_runs:         .space 4        # 1: the task waits for the content, or works
push_away:              .space 4        # microseconds
push_reason:            .space CLOUD_REASON_SIZE

.text

# Whether what a push says is well formed.
# In: EBX packet of KIND_PUSH, ESI bytes.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
.global push_is_whole
push_is_whole:
    mov     ecx, esi
    sub     ecx, CLOUD_PUSH_SIZE
    jb      .Lpush_is_whole_done
    cmp     ecx, CLOUD_PIECE_MAXIMUM
    ja      .Lpush_is_whole_bad
    test    ecx, 3
    jnz     .Lpush_is_whole_bad
    mov     eax, [ebx + CLOUD_PUSH_VERB]
    cmp     eax, ASK_UNDO
    ja      .Lpush_is_whole_bad
    cmp     eax, ASK_PIECE
    je      .Lpush_is_whole_piece
    test    ecx, ecx
    jnz     .Lpush_is_whole_bad
    cmp     eax, ASK_STATE
    je      .Lpush_is_whole_done    # CF is clear
    lea     eax, [ebx + CLOUD_PUSH_NAME]
    call    pushed_name_is_good
    jc      .Lpush_is_whole_done
    cmp     dword ptr [ebx + CLOUD_PUSH_VERB], ASK_UNDO
    je      .Lpush_is_whole_done    # CF is clear
    cmp     dword ptr [ebx + CLOUD_PUSH_KEEP], 1
    ja      .Lpush_is_whole_bad
    mov     eax, [ebx + CLOUD_PUSH_NUMBER]
    dec     eax
    cmp     eax, PUSHED_BYTES_MAXIMUM
    cmc
    ret
.Lpush_is_whole_piece:
    test    ecx, ecx
    jz      .Lpush_is_whole_bad
    test    dword ptr [ebx + CLOUD_PUSH_NUMBER], 3
    jz      .Lpush_is_whole_done    # CF is clear
.Lpush_is_whole_bad:
    stc
.Lpush_is_whole_done:
    ret

# Takes in a push. Its sender has proved that it speaks now. May sleep.
# In: EBX packet, EDI sender's address, ESI bytes.
# Clobbers: EAX, ECX, EDX.
.global push_heard
push_heard:
    mov     eax, [ebx + CLOUD_PUSH_VERB]
    cmp     eax, ASK_PIECE
    je      .Lpush_heard_piece
    cmp     eax, ASK_STATE
    je      push_answer
    call    push_is_same
    je      push_answer                 # the answer was lost
    cmp     dword ptr [push_state], PUSH_WORKS
    je      push_answer                 # of what goes on
    call    outside_is_new
    jc      9f
    call    push_begin
    jmp     push_answer
.Lpush_heard_piece:
    call    push_piece
    jmp     push_answer
9:  ret

# Whether a packet is of the push that was asked for last.
# In: EBX packet.
# Out: ZF when it is.
# Clobbers: EAX, ECX, EDX.
push_is_same:
    cmp     dword ptr [push_state], PUSH_IDLE
    je      8f
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, offset push_asked + CLOUD_SESSION
    call    session_same
    jne     9f
    mov     eax, [ebx + CLOUD_REQUEST]
    cmp     eax, [push_asked + CLOUD_REQUEST]
    jne     9f
    lea     eax, [ebx + CLOUD_PUSH_SHA256]
    mov     edx, offset push_record + PUSH_SHA256
    mov     ecx, SHA256_BYTES
    jmp     mem_compare
8:  test    esp, esp                    # ZF is clear
9:  ret

# Begins what is asked for.
# In: EBX packet, EDI sender's address.
# Clobbers: EAX, ECX, EDX.
push_begin:
    call    push_give_up
    mov     eax, offset push_asked
    mov     edx, ebx
    mov     ecx, CLOUD_SIZE
    call    mem_copy
    mov     eax, offset push_name
    lea     edx, [ebx + CLOUD_PUSH_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     eax, offset push_record + PUSH_SHA256
    lea     edx, [ebx + CLOUD_PUSH_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_copy
    mov     [push_from], edi
    mov     dword ptr [push_record + PUSH_NAME], offset push_name
    mov     eax, [ebx + CLOUD_PUSH_KEEP]
    mov     [push_record + PUSH_FLAGS], eax
    mov     dword ptr [push_away], 0
    mov     byte ptr [push_reason], 0
    mov     eax, [ebx + CLOUD_PUSH_VERB]
    mov     [push_verb], eax
    LOAD_STRING edx, "an open cluster takes no modules: everybody has its key"
    cmp     dword ptr [trust_open], 0
    jne     push_fail
    mov     dword ptr [push_state], PUSH_WORKS
    cmp     eax, ASK_UNDO
    je      .Lpush_begin_task
    mov     dword ptr [push_state], PUSH_RECEIVES
    mov     eax, [ebx + CLOUD_PUSH_NUMBER]
    mov     [push_record + PUSH_BYTES], eax
    add     eax, PAGE_SIZE - 1
    shr     eax, 12
    push    eax
    call    page_alloc
    pop     edx
    jc      .Lpush_begin_full
    mov     [push_pages], edx
    mov     [push_record + PUSH_CONTENT], eax
.Lpush_begin_task:
    cmp     dword ptr [push_task_runs], 0
    jne     1f
    mov     eax, offset push_task
    xor     edx, edx
    LOAD_STRING ecx, "push"
    call    task_create
    jc      .Lpush_begin_full
    mov     dword ptr [push_task_runs], 1
1:  mov     eax, offset push_event
    jmp     event_signal
.Lpush_begin_full:
    LOAD_STRING edx, "there is no memory for it"

# A push has failed: what came of it is given up.
# In: EDX why.
# Clobbers: EAX, ECX, EDX.
push_fail:
    mov     eax, offset push_reason
    mov     ecx, CLOUD_REASON_SIZE
    call    string_copy
    call    push_give_up
    mov     dword ptr [push_state], PUSH_FAILED
    ret

# Gives back the memory of what came.
# Clobbers: EAX, ECX, EDX.
push_give_up:
    mov     dword ptr [push_state], PUSH_IDLE
    mov     dword ptr [push_received], 0
    xor     edx, edx
    xchg    edx, [push_pages]
    test    edx, edx
    jz      1f
    mov     eax, [push_record + PUSH_CONTENT]
    jmp     page_free
1:  ret

# Takes in a piece, if it is the next one.
# In: EBX packet, ESI bytes.
# Clobbers: EAX, ECX, EDX.
push_piece:
    cmp     dword ptr [push_state], PUSH_RECEIVES
    jne     9f
    call    push_is_same
    jne     9f
    mov     eax, [push_received]
    cmp     eax, [ebx + CLOUD_PUSH_NUMBER]
    jne     9f
    mov     ecx, [push_record + PUSH_BYTES]
    sub     ecx, eax                    # bytes that are left
    CHECK   eax, b, "[push_record+PUSH_BYTES]", "push_piece: more came than was announced"
    lea     edx, [esi - CLOUD_PUSH_SIZE]
    cmp     edx, ecx
    jb      1f
    mov     edx, ecx                    # zeros fill the last one
1:  add     [push_received], edx
    mov     ecx, edx
    add     eax, [push_record + PUSH_CONTENT]
    lea     edx, [ebx + CLOUD_PUSH_PIECE]
    call    mem_copy
    mov     eax, [push_received]
    cmp     eax, [push_record + PUSH_BYTES]
    jne     2f
    mov     dword ptr [push_state], PUSH_WORKS
2:  mov     eax, offset push_event
    jmp     event_signal
9:  ret

# Says how far the push has come, and what was pushed before. May sleep.
# In: EBX packet that asks, EDI its sender's address.
# Clobbers: EAX, ECX, EDX.
push_answer:
    mov     eax, KIND_PUSHED
    call    packet_answer
    mov     eax, [push_state]
    mov     [cluster_out + CLOUD_PUSH_STATE], eax
    mov     eax, [push_received]
    mov     [cluster_out + CLOUD_PUSH_RECEIVED], eax
    mov     eax, [push_record + PUSH_SHA256]
    mov     [cluster_out + CLOUD_PUSH_ABOUT], eax
    mov     eax, [push_record + PUSH_SHA256 + 4]
    mov     [cluster_out + CLOUD_PUSH_ABOUT + 4], eax
    mov     eax, [running_checksum]
    mov     [cluster_out + CLOUD_PUSH_CHECKSUM], eax
    mov     eax, [push_away]
    mov     [cluster_out + CLOUD_PUSH_AWAY], eax
    mov     eax, offset cluster_out + CLOUD_PUSH_REASON
    mov     edx, offset push_reason
    mov     ecx, CLOUD_REASON_SIZE
    call    mem_copy
    call    push_list
    mov     edx, edi
    jmp     packet_send_to

# Adds what was pushed before to cluster_out.
# Out: ECX bytes of the packet.
# Clobbers: EAX, EDX.
push_list:
    push    esi
    push    edi
    mov     esi, offset pushed_state + PUSHED_ENTRIES
    mov     edi, offset cluster_out + CLOUD_PUSHED_ENTRIES
    INTERRUPTS_OFF                      # a push changes it without the cluster's mutex
    mov     edx, [pushed_state + PUSHED_COUNT]
.Lpush_list_next:
    sub     edx, 1
    jb      .Lpush_list_done
    push    esi
    mov     ecx, PUSHED_NAME_BYTES / 4
    rep movsd
    pop     esi
    mov     eax, [esi + DESIRED_SHA256]
    stosd
    mov     eax, [esi + DESIRED_BYTES]
    stosd
    mov     eax, [esi + DESIRED_REVISION]
    stosd
    mov     eax, [esi + DESIRED_CHECKSUM]
    stosd
    mov     eax, [esi + DESIRED_SINCE]
    stosd
    cmp     dword ptr [esi + DESIRED_BEFORE_BYTES], 1
    cmc
    sbb     eax, eax                    # -1: there was one
    and     eax, 2
    mov     ecx, [esi + DESIRED_FLAGS]
    and     ecx, PUSHED_KEPT
    or      eax, ecx
    mov     ecx, [esi + DESIRED_FLAGS]
    and     ecx, PUSHED_PROGRAM
    lea     eax, [eax + ecx * 2]        # 4: it is a program
    stosd
    add     esi, DESIRED_SIZE
    jmp     .Lpush_list_next
.Lpush_list_done:
    INTERRUPTS_RESTORE
    mov     ecx, edi
    sub     ecx, offset cluster_out
    pop     edi
    pop     esi
    ret

# The task of a push: waits for the content, and has it do its work.
push_task:
    call    task_hold                   # the content is its own while it works
.Lpush_task_wait:
    mov     eax, offset push_event
    mov     edx, SILENT_MS
    call    event_wait
    sbb     ebx, ebx                    # EBX: -1 when nothing came
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, [push_state]
    cmp     eax, PUSH_WORKS
    je      .Lpush_task_work
    cmp     eax, PUSH_RECEIVES
    jne     .Lpush_task_end
    test    ebx, ebx
    jz      .Lpush_task_again
    LOAD_STRING edx, "the rest did not come for ten seconds"
    call    push_fail
    jmp     .Lpush_task_end
.Lpush_task_again:
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    jmp     .Lpush_task_wait
.Lpush_task_work:
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    call    push_work                   # EDX: why it failed, or 0
    push    edx
    mov     eax, offset cluster_mutex
    call    mutex_lock
    pop     edx
    test    edx, edx
    jnz     1f
    call    push_give_up
    mov     dword ptr [push_state], PUSH_DONE
    jmp     2f
1:  call    push_fail
2:  mov     ebx, offset push_asked
    mov     edi, [push_from]
    call    push_answer
.Lpush_task_end:
    mov     dword ptr [push_task_runs], 0
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    jmp     task_unhold

# Does what was asked for. Nobody else changes push_record meanwhile. May sleep.
# Out: EDX why it failed, or 0.
# Clobbers: EAX, ECX.
push_work:
    mov     eax, [push_verb]
    cmp     eax, ASK_UNDO
    je      .Lpush_work_undo
    mov     eax, offset push_record
    call    pushed_push
    jmp     .Lpush_work_end
.Lpush_work_undo:
    mov     eax, offset push_name
    call    pushed_undo
.Lpush_work_end:
    jc      .Lpush_work_done
    mov     eax, [part_away_us]
    mov     [push_away], eax
    xor     edx, edx
.Lpush_work_done:
    ret
