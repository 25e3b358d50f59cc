# How changes of cluster_node come to the disk while the node goes on: a task of its own writes them, without the
# cluster's mutex, so that a slow disk never makes the node look dead. Era and age count from when they are on stable
# storage: until then the node says, and is, what it was. All routines but node_flush run with the mutex held.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "cluster.inc"

SETTLE_MS               = 10            # how often it is looked whether a write has ended

.bss
.balign 4
.global node_record
node_record:            .space NODE_SIZE    # what is being written, or was written last
record_busy:            .space 4        # 1: it is being written, and belongs to the task that does
record_written:         .space 4        # 1: that has ended,
record_error:           .space 4        # well if this is 0
record_event:           .space 4        # wakes the task
record_again:           .space 4        # 1: the node changed meanwhile
record_enters:          .space 4        # 1: the record has an era, founder or company that the node has not yet
record_then:            .space 4        # what is called when it is on disk, or 0
age_wanted:             .space 4        # the cluster knows that this boot is at least the so manieth, or 0
.global node_alone
node_alone:             .space 4        # 1: the era was founded alone; on disk is still what node_before holds
node_before:            .space NODE_NAME - NODE_ERA # era, age, age of the era, founder

.text

# The task that writes.
.global record_task
record_task:
    mov     eax, offset record_event
    mov     edx, -1
    call    event_wait
    mov     eax, [node_mount]
    LOAD_STRING edx, "cluster_node"
    mov     ecx, offset node_record
    mov     esi, NODE_SIZE
    call    object_save
    jc      1f
    xor     eax, eax
1:  mov     [record_error], eax
    mov     dword ptr [record_written], 1
    jmp     record_task

# Era to founder as they are on disk.
# Out: EDX where.
record_kept:
    mov     edx, offset node_before
    cmp     dword ptr [node_alone], 0
    jne     9f
    mov     edx, offset node + NODE_ERA
9:  ret

# Begins a record: the node as it is.
# In: EDX era to founder. No record is being written.
record_begin:
    CHECK   "dword ptr [record_busy]", e, 0, "record_begin: the record is being written"
    push    edx
    mov     eax, offset node_record
    mov     edx, offset node
    mov     ecx, NODE_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset node_record + NODE_ERA
    mov     ecx, NODE_NAME - NODE_ERA
    call    mem_copy
    mov     eax, [node + NODE_AGE]      # boots count, whatever the era
    cmp     eax, [age_wanted]
    jae     9f
    mov     eax, [age_wanted]
9:  mov     [node_record + NODE_AGE], eax
    mov     dword ptr [record_again], 0
    mov     dword ptr [record_then], 0
    ret

# Has the record written.
# Out: CF when that goes on; clear when the node is diskless.
record_write:
    cmp     dword ptr [node_mount], 0
    je      9f
    mov     dword ptr [record_busy], 1
    mov     eax, offset record_event
    call    event_signal
    stc
9:  ret

# The node is what the record says.
record_apply:
    mov     eax, offset node + NODE_ERA
    mov     edx, offset node_record + NODE_ERA
    mov     ecx, NODE_NAME - NODE_ERA
    call    mem_copy
    mov     eax, [node_record + NODE_COMPANY]
    mov     [node + NODE_COMPANY], eax
    mov     dword ptr [node_alone], 0
    mov     dword ptr [record_enters], 0
    ret

# Has the node written as it is, soon.
.global node_save
node_save:
    mov     dword ptr [record_again], 1
    mov     eax, [record_busy]
    or      eax, [record_enters]
    jnz     9f
    call    record_kept
    call    record_begin
    jmp     record_write
9:  ret

# Looks whether a write has ended, and goes on with what waited for it. When the write failed, the node goes on without
# a disk and says so. May sleep.
# Out: CF while one goes on.
.global node_saved
node_saved:
    cmp     dword ptr [record_busy], 0
    je      .Lnode_saved_done
    cmp     dword ptr [record_written], 0
    stc
    je      .Lnode_saved_done
    mov     dword ptr [record_written], 0
    mov     dword ptr [record_busy], 0
    mov     eax, [record_error]
    test    eax, eax
    jz      .Lnode_saved_aged
    call    error_text
    mov     [node_problem], eax
    xor     eax, eax
    xchg    eax, [node_mount]
    call    mount_close                 # may be closed already
    mov     eax, [generation_count]
    cmp     eax, [generation_known]
    jne     .Lnode_saved_aged           # a twin: the disk was its source's
    mov     eax, [node_problem]
    PRINTF  "cluster: cluster_node cannot be saved: %s; it is in memory only\n", eax
.Lnode_saved_aged:
    mov     eax, [node_record + NODE_AGE]
    mov     [node + NODE_AGE], eax
    xor     eax, eax
    xchg    eax, [record_then]
    test    eax, eax
    jz      .Lnode_saved_packet
    call    eax
.Lnode_saved_packet:
    call    cluster_receive_kept
    cmp     dword ptr [record_busy], 0
    jne     node_saved
    cmp     dword ptr [record_enters], 0
    je      .Lnode_saved_entered
    call    cluster_receive_forget
    call    record_apply                # who led us there is gone: the era counts all the same
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lnode_saved_entered
    call    view_disband
.Lnode_saved_entered:
    cmp     dword ptr [record_again], 0
    je      .Lnode_saved_done           # CF clear
    call    node_save
    jmp     node_saved
.Lnode_saved_done:
    ret

# Waits until nothing is left to write.
# Out: CF when the node is diskless.
.global node_settle
node_settle:
    call    node_saved
    mov     eax, SETTLE_MS
    jnc     1f
    call    task_sleep
    jmp     node_settle
1:  cmp     dword ptr [node_mount], 1   # CF when it is 0
    ret

# Waits until nothing is left to write. The mutex is not held.
.global node_flush
node_flush:
    push    ebx
1:  mov     eax, offset cluster_mutex
    call    mutex_lock
    call    node_saved
    sbb     ebx, ebx
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, SETTLE_MS
    test    ebx, ebx
    jz      2f
    call    task_sleep
    jmp     1b
2:  pop     ebx
    ret

# Whether era and founder are the given ones.
# In: EBX era, ESI founder's id, EDX era to founder.
# Out: ZF when they are.
# Clobbers: EAX.
record_names:
    cmp     ebx, [edx]
    jne     9f
    mov     eax, [esi]
    cmp     eax, [edx + NODE_FOUNDER - NODE_ERA]
    jne     9f
    mov     eax, [esi + 4]
    cmp     eax, [edx + NODE_FOUNDER + 4 - NODE_ERA]
9:  ret

# Makes the node one of a cluster: at once when that cluster's name is on disk already (the node was a member before it
# rebooted, or has asked before), or when there is no disk. An era that was founded alone is given up.
# In: EAX era, EDX founder's id, ECX what is called when the name is on disk, or 0: a packet that leads there is kept.
# Out: CF when the node is not one yet.
.global node_enter
node_enter:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    cmp     dword ptr [record_busy], 0
    stc
    jne     .Lnode_enter_done
    cmp     dword ptr [record_enters], 0
    je      .Lnode_enter_kept
    mov     edx, offset node_record + NODE_ERA
    call    record_names
    stc
    jne     .Lnode_enter_done
    jmp     .Lnode_enter_apply
.Lnode_enter_kept:
    call    record_kept
    call    record_names
    jne     .Lnode_enter_other
    call    node_undo_alone
    jmp     .Lnode_enter_entered
.Lnode_enter_other:
    call    record_begin
    mov     eax, [esi]
    mov     [node_record + NODE_FOUNDER], eax
    mov     eax, [esi + 4]
    mov     [node_record + NODE_FOUNDER + 4], eax
    mov     eax, esi
    mov     edx, offset node + NODE_ID
    call    session_same                # whoever else founded it is company
    setne   al
    movzx   eax, al
    mov     [node_record + NODE_COMPANY], eax
    cmp     ebx, [node_record + NODE_ERA]
    je      1f
    mov     [node_record + NODE_ERA], ebx
    mov     eax, [node_record + NODE_AGE]
    mov     [node_record + NODE_ERA_AGE], eax
1:  mov     dword ptr [record_enters], 1
    mov     [record_then], edi
    call    record_write
    jc      .Lnode_enter_done
.Lnode_enter_apply:
    call    record_apply
.Lnode_enter_entered:
    clc
.Lnode_enter_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# There is another member: the era counts, and the node has had company in it. Asked again until that is on disk.
.global node_company
node_company:
    mov     eax, [node + NODE_COMPANY]
    xor     eax, 1
    or      eax, [node_alone]
    jz      9f
    mov     eax, [record_busy]
    or      eax, [record_enters]
    jnz     9f
    mov     edx, offset node + NODE_ERA
    call    record_begin
    mov     dword ptr [node_record + NODE_COMPANY], 1
    mov     dword ptr [record_enters], 1
    mov     dword ptr [record_then], offset record_apply
    call    record_write
    jnc     record_apply
9:  ret

# The cluster remembers that this node has booted more often than its disk does: the disk is an older copy. The age goes
# on above that. A diskless node's age is 1 at each boot.
# In: EAX age.
.global node_older
node_older:
    cmp     dword ptr [node_mount], 0
    je      9f
    cmp     eax, [node_spoken]
    jbe     9f                          # that was this boot itself
    inc     eax
    cmp     eax, [node + NODE_AGE]
    jbe     9f
    cmp     eax, [age_wanted]
    jbe     9f
    mov     [age_wanted], eax
    PRINTF  "cluster: this disk is an older copy: the cluster knows later boots, and this node goes on at age %u\n", eax
    jmp     node_save
9:  ret

# This node's session ends, and its boot does not: what others remember of its age is no earlier boot's.
# Clobbers: EAX.
.global node_session_ends
node_session_ends:
    cmp     dword ptr [trust_sequence], 0
    je      9f                          # nobody has heard of it
    mov     eax, [node + NODE_AGE]
    mov     [node_spoken], eax
9:  ret

# Founds an era that may be none: this node had company in the last one, and finds nobody now. It cannot know whether
# the others still live there, so the era is not on its disk until somebody joins.
# In: EAX era.
.global node_found_alone
node_found_alone:
    push    eax
    mov     eax, offset node_before
    mov     edx, offset node + NODE_ERA
    mov     ecx, NODE_NAME - NODE_ERA
    call    mem_copy
    pop     eax
    mov     dword ptr [node_alone], 1
    mov     edx, offset node + NODE_ID

# Gives the cluster that this node is in another name, in memory.
# In: EAX era, EDX founder's id.
.global node_rename
node_rename:
    cmp     eax, [node + NODE_ERA]
    je      1f
    mov     [node + NODE_ERA], eax
    mov     eax, [node + NODE_AGE]
    mov     [node + NODE_ERA_AGE], eax
1:  mov     eax, [edx]
    mov     [node + NODE_FOUNDER], eax
    mov     eax, [edx + 4]
    mov     [node + NODE_FOUNDER + 4], eax
    ret

# The era that is on disk.
# Out: EAX era.
# Clobbers: EDX.
.global node_era_kept
node_era_kept:
    call    record_kept
    mov     eax, [edx]
    ret

# A disk is taken into use (cloud init). Where its era is later than the one to which this node would go back from the
# one that it has founded alone, it goes back to that: no era on a disk ever falls.
# In: ECX era, EAX age at which the node came to it.
# Clobbers: nothing.
.global node_alone_above
node_alone_above:
    cmp     dword ptr [node_alone], 0
    je      9f
    cmp     ecx, [node_before]
    jbe     9f
    mov     [node_before], ecx
    mov     [node_before + NODE_ERA_AGE - NODE_ERA], eax
9:  ret

# An era that was founded alone was none: this node is again what its disk says.
.global node_undo_alone
node_undo_alone:
    cmp     dword ptr [node_alone], 0
    je      9f
    mov     dword ptr [node_alone], 0
    mov     eax, [node + NODE_AGE]      # boots count
    mov     [node_before + NODE_AGE - NODE_ERA], eax
    mov     eax, offset node + NODE_ERA
    mov     edx, offset node_before
    mov     ecx, NODE_NAME - NODE_ERA
    jmp     mem_copy
9:  ret
