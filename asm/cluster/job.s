# `cloud job move PROGRAM NODE`: a program that runs here goes on at another member (docs/protocols/job.md). It stands
# here while it is said what it is made of. Once DONE has been sent, the target alone knows where it runs: it goes on
# here only when the target has said that it does not there.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"
.include "fork.inc"
.include "job.inc"

ASK_MS                  = 1000          # between questions to a target that has not answered

STRING job_move_word, "move"

.section .rodata
.balign 4
# By JOB_NOT_*.
job_nots:
    .long   0, job_not_image, job_not_memory, job_not_file, job_not_port, job_not_more, job_not_sense
    .long   job_not_processor
STRING job_not_image, "its kernel is another one"
STRING job_not_memory, "it has too little free memory"
STRING job_not_more, "it has as many programs, or sources of them, as it can have"
STRING job_not_sense, "it has not understood what it was told"
STRING job_not_processor, "its processor lacks what this machine's has"
STRING job_not_file, "is not at that member, or is shorter there than where the program is in it"
STRING job_not_port, "is in use there"

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
job_waits:              .space 4        # process for which DONE was sent, and of which no more is known; it has one use
job_token:              .space NONCE_SIZE   # of that try,
.global job_node
job_node:               .space NODE_ID_SIZE # its target,
job_name:               .space NAME_SIZE    # and that one's name
job_ms:                 .space 4        # clock_ms when it began
    # 1: it connects and greets, and has given nothing yet
.global job_greets
job_greets:             .space 4
job_text:               .space RESOLVED_BYTES + 64

.text

# Has a program go on at another member.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status, or CLOUD_MISUSED.
.global cloud_job
cloud_job:
    push    ebx
    push    esi
    mov     esi, edx
    cmp     eax, 3
    jne     .Lcloud_job_misused
    mov     eax, [esi]
    mov     edx, offset job_move_word
    call    string_compare
    jne     .Lcloud_job_misused
    LOAD_STRING eax, "another move, or a fork, is under way here; try again"
    call    fork_begin
    jc      .Lcloud_job_failed
    mov     eax, [esi + 4]
    mov     edx, [esi + 8]
    call    job_move
    mov     dword ptr [fork_busy], 0
    jc      .Lcloud_job_failed
    mov     ecx, offset job_name
    call    clock_ms
    sub     eax, [job_ms]
    PRINTF  "%s goes on at %s: %u pages sent, %u ms in all\n", [esi+4], ecx, [leave_pages], eax
    xor     eax, eax
    jmp     .Lcloud_job_done
.Lcloud_job_failed:
    PRINTF  "job: %s: %s\n", [esi+4], eax
    mov     eax, 1
    jmp     .Lcloud_job_done
.Lcloud_job_misused:
    mov     eax, CLOUD_MISUSED
.Lcloud_job_done:
    pop     esi
    pop     ebx
    ret

# Moves a program, or asks what became of it.
# In: EAX name of it, or id of a thread; EDX name or address of the target.
# Out: CF and EAX text when it does not run there.
job_move:
    push    ebx
    push    esi
    push    edi
    mov     esi, edx
    call    job_find
    jc      .Ljob_move_done
    mov     ebx, eax
    call    clock_ms
    mov     [job_ms], eax
    call    job_settle
    jc      .Ljob_move_over
    cmp     [job_waits], ebx
    je      .Ljob_move_ask
    mov     eax, esi
    call    job_choose
    jc      .Ljob_move_over
    call    job_meet
    jc      .Ljob_move_over
    call    job_give
    jnc     .Ljob_move_closed
    cmp     [job_waits], ebx
    stc
    jne     .Ljob_move_closed
    mov     eax, [fork_socket]
    call    stream_abort
.Ljob_move_ask:
    call    job_ask
    jmp     .Ljob_move_over
.Ljob_move_closed:
    pushfd
    push    eax
    mov     eax, [fork_socket]
    call    stream_abort
    pop     eax
    popfd
.Ljob_move_over:
    pushfd
    push    eax
    mov     eax, ebx
    call    process_release
    pop     eax
    popfd
.Ljob_move_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a program.
# In: EAX its name, or id of a thread.
# Out: EAX process, with one use for the caller; CF and EAX text.
job_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    xor     edi, edi                    # EDI: what was found
    call    parse_number
    sbb     ebp, ebp
    or      ebp, eax                    # EBP: the id; -1: none
    INTERRUPTS_OFF
    mov     ebx, [task_all]
.Ljob_find_task:
    test    ebx, ebx
    jz      .Ljob_find_looked
    mov     ecx, [ebx + TASK_PROCESS]
    jecxz   .Ljob_find_other
    cmp     ecx, edi
    je      .Ljob_find_other
    cmp     [ebx + TASK_ID], ebp
    je      .Ljob_find_this
    lea     eax, [ecx + PROCESS_LABEL]
    mov     edx, esi
    push    ecx
    call    string_compare
    pop     ecx
    jne     .Ljob_find_other
    test    edi, edi
    jnz     .Ljob_find_several
    mov     edi, ecx
.Ljob_find_other:
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jmp     .Ljob_find_task
.Ljob_find_this:
    mov     edi, ecx
.Ljob_find_looked:
    LOAD_STRING eax, "no program of this name, or with a thread of this id, runs here (ps)"
    test    edi, edi
    jz      .Ljob_find_none
    mov     eax, edi
    inc     dword ptr [eax + PROCESS_REFS]
    INTERRUPTS_RESTORE
    clc
    jmp     .Ljob_find_done
.Ljob_find_several:
    LOAD_STRING eax, "several programs have this name: give the id of a thread (ps)"
.Ljob_find_none:
    INTERRUPTS_RESTORE
    stc
.Ljob_find_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a move of which nobody knows how it ended leaves place for another one.
# In: EBX process that is to be moved.
# Out: CF and EAX text when that is of another process, which is there still.
job_settle:
    mov     eax, [job_waits]
    test    eax, eax
    jz      9f                          # CF is clear
    cmp     dword ptr [eax + PROCESS_ENDED], 0
    jne     job_forget
    cmp     eax, ebx
    je      9f
    add     eax, PROCESS_LABEL
    mov     ecx, offset job_name
    mov     edx, offset job_text
    SNPRINTF edx, RESOLVED_BYTES, "first %s, which stands here until %s says whether it runs there: cloud job move %s %s, or kill it", eax, ecx, eax, ecx
    mov     eax, edx
    stc
9:  ret

# Forgets the process of which nothing was known.
# Out: CF is clear.
job_forget:
    xor     eax, eax
    xchg    eax, [job_waits]
    test    eax, eax
    jz      1f
    call    process_release
1:  clc
    ret

# Finds the target.
# In: EAX its name or address.
# Out: CF and EAX text.
job_choose:
    push    ebx
    mov     ebx, eax
    call    cloud_lock
    call    member_allowed
    jc      .Ljob_choose_done
    mov     eax, ebx
    call    member_choose
    jc      .Ljob_choose_done
    mov     eax, [ebx + PEER_ID]
    mov     edx, [ebx + PEER_ID + 4]
    mov     [job_node], eax
    mov     [job_node + 4], edx
    mov     eax, offset job_name
    lea     edx, [ebx + PEER_NAME]
    mov     ecx, NAME_SIZE
    call    string_copy
    call    fork_note
.Ljob_choose_done:
    call    cloud_unlock_keep
    pop     ebx
    ret

# Connects to the target, and greets.
# Out: CF and EAX text: then there is no socket.
job_meet:
    mov     dword ptr [job_greets], 1
    mov     ecx, JOB_PORT
    call    fork_connect
    jc      2f
    call    fork_greet
    jnc     2f
    push    eax
    mov     eax, [fork_socket]
    call    stream_abort
    mov     eax, ERROR_RESET
    call    error_text
    pop     edx
    cmp     eax, edx
    mov     eax, edx
    jne     1f
    LOAD_STRING eax, "it has broken off, as it does while it moves a program to here; try again"
1:  stc
2:  mov     dword ptr [job_greets], 0
    ret

# Gives the program to the target, with which it has greeted.
# In: EBX process.
# Out: CF and EAX text when it does not run there. With job_waits nobody knows; else it goes on here.
job_give:
    push    esi
    mov     eax, ebx
    call    process_halt
    LOAD_STRING eax, "a thread of it does not stop: it waits for the console, or has not begun"
    jc      .Ljob_give_done
    call    job_stands
    jc      .Ljob_give_back
    mov     eax, offset sealed_send
    call    process_leave
    jc      .Ljob_give_back
    mov     eax, JOB_READY
    xor     edx, edx
    xor     ecx, ecx
    call    sealed_send
    jc      .Ljob_give_back
    call    sealed_receive
    jc      .Ljob_give_back
    cmp     eax, JOB_READY
    jne     .Ljob_give_senseless
    test    edx, edx
    jnz     .Ljob_give_refused
    call    job_stands
    jc      .Ljob_give_back
    inc     dword ptr [ebx + PROCESS_REFS]  # from here on the target alone knows
    mov     [job_waits], ebx
    mov     eax, offset job_token
    mov     edx, offset greeting_source + GREETING_NONCE
    mov     ecx, NONCE_SIZE
    call    mem_copy
    mov     eax, ebx
    call    process_loosen
    mov     eax, JOB_DONE
    xor     edx, edx
    xor     ecx, ecx
    call    sealed_send
    jc      .Ljob_give_done
    call    sealed_receive
    jc      .Ljob_give_done
    call    job_outcome
    jmp     .Ljob_give_done
.Ljob_give_refused:
    call    job_refusal
    jmp     .Ljob_give_back
.Ljob_give_senseless:
    mov     eax, offset job_not_sense
.Ljob_give_back:
    push    eax
    mov     eax, ebx
    call    process_resume
    pop     eax
    stc
.Ljob_give_done:
    pop     esi
    ret

# Whether all threads stand still: one that was killed meanwhile does not.
# In: EBX process.
# Out: CF and EAX text when not.
job_stands:
    call    threads_halt
    cmp     ecx, 1
    cmc
    LOAD_STRING eax, "it is being ended"
    jc      1f
    cmp     dword ptr [ebx + PROCESS_THREADS], 1
1:  ret

# Acts on what the target has said.
# In: EBX process in job_waits, EAX kind of its record.
# Out: CF and EAX text when it does not run there.
job_outcome:
    cmp     eax, JOB_LIVE
    je      1f
    cmp     eax, JOB_GAVE_UP
    mov     eax, offset job_not_sense
    stc
    jne     9f
    mov     eax, ebx
    call    process_resume
    call    job_forget
    LOAD_STRING eax, "the target has given it up; it goes on here"
    stc
9:  ret
1:  lea     eax, [ebx + PROCESS_NODE]
    mov     edx, offset job_name
    mov     ecx, PROCESS_NODE_BYTES
    call    string_copy
    mov     dword ptr [ebx + PROCESS_STATUS], STATUS_MOVED
    mov     eax, ebx
    call    process_kill
    jmp     job_forget

# Says why the target refuses.
# In: EBX process, EDX value of its record.
# Out: EAX text.
job_refusal:
    push    esi
    movzx   eax, dl
    shr     edx, JOB_HANDLE_SHIFT
    cmp     eax, JOB_NOTS
    jae     .Ljob_refusal_senseless
    mov     eax, [job_nots + eax*4]
    mov     esi, offset job_text
    cmp     edx, STREAMS
    jae     .Ljob_refusal_senseless
    mov     edx, [ebx + PROCESS_STREAMS + edx*4]
    cmp     eax, offset job_not_file
    je      .Ljob_refusal_file
    cmp     eax, offset job_not_port
    jne     .Ljob_refusal_done
    SNPRINTF esi, RESOLVED_BYTES, "a port of it %s", eax
    jmp     .Ljob_refusal_made
.Ljob_refusal_file:
    LOAD_STRING ecx, "a file"
    test    edx, edx
    jz      .Ljob_refusal_named
    cmp     dword ptr [edx + STREAM_PATH], 0
    je      .Ljob_refusal_named
    mov     ecx, [edx + STREAM_PATH]
.Ljob_refusal_named:
    SNPRINTF esi, RESOLVED_BYTES + 64, "%s %s", ecx, eax
.Ljob_refusal_made:
    mov     eax, esi
    jmp     .Ljob_refusal_done
.Ljob_refusal_senseless:
    mov     eax, offset job_not_sense
.Ljob_refusal_done:
    pop     esi
    ret

# Asks the target what became of a program until it says so.
# In: EBX process in job_waits.
# Out: CF and EAX text when it does not run there, or that is still not known.
job_ask:
    mov     ecx, offset job_name
    PRINTF  "%s has not said whether it runs there: it stands here, and is asked for until Ctrl-C\n", ecx
.Ljob_ask_next:
    call    break_check
    jc      .Ljob_ask_stopped
    cmp     dword ptr [ebx + PROCESS_ENDED], 0
    jne     .Ljob_ask_ended
    call    job_answer
    jnc     job_outcome
    mov     eax, ASK_MS
    call    task_sleep
    jmp     .Ljob_ask_next
.Ljob_ask_ended:
    call    job_forget
    LOAD_STRING eax, "it was ended here; whether it runs there is not known"
    stc
    ret
.Ljob_ask_stopped:
    LOAD_STRING eax, "it stands here until that is known: move it again, or kill it"
    stc
    ret

# Asks once. May sleep.
# Out: EAX kind of the answer; CF when there is none.
job_answer:
    push    ebx
    push    esi
    push    edi
    call    cloud_lock
    mov     eax, offset job_node
    call    peer_known
    jc      1f
    mov     ebx, eax
    cmp     dword ptr [ebx + PEER_VIEWED], 1
    jb      1f
    call    fork_note
1:  call    cloud_unlock_keep
    jc      .Ljob_answer_done
    mov     ecx, JOB_PORT
    call    fork_connect
    jc      .Ljob_answer_done
    call    fork_greet
    jc      .Ljob_answer_closed
    mov     esi, offset job_token
    mov     eax, JOB_ASK
    xor     edx, edx
    mov     ecx, NONCE_SIZE
    call    sealed_send
    jc      .Ljob_answer_closed
    call    sealed_receive
.Ljob_answer_closed:
    pushfd
    push    eax
    mov     eax, [fork_socket]
    call    stream_abort
    pop     eax
    popfd
.Ljob_answer_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
