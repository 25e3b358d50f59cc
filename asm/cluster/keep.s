# Objects that the cluster keeps beside cluster_node: its values, its history, the eras in which the node has lived. A
# task of its own writes those that have changed, without the cluster's mutex, so that a slow disk never makes the node
# look dead. What is on stable storage the packets say (FLAG_VALUES_KEPT, FLAG_HISTORY_KEPT).

.include "macros.inc"
.include "errors.inc"
.include "cluster.inc"
.include "history.inc"

GATHER_MS               = 50            # changes of so long become one write
AGAIN_MS                = 5000          # what failed is tried again after this,
READ_TRIES              = 12            # reading so often: each failure is said by the file system
SETTLE_MS               = 10            # how often it is looked whether a write has ended

# An object: kept_LABEL, its class, where it is, where its digest is, and what takes it over.
.macro KEPT label:req, class:req, live:req, size:req, digest:req, recall:req
    .pushsection .rodata.str, "a", @progbits
.Lclass\@: .asciz "\class"
    .popsection
    .bss
    .balign 4
.global kept_\label
kept_\label:            .space KEPT_SIZE
copy_\label:            .space \size
    .section .rodata
    .balign 4
    .long   kept_\label, .Lclass\@, \live, copy_\label, \size, \digest, \recall
.endm

.section .rodata
.balign 4
kept_first:
KEPT values, "cluster_values", values, VALUES_SIZE, VALUES_DIGEST, values_load
KEPT vote, "cluster_vote", vote, VOTE_SIZE, VOTE_SERIAL, vote_load  # after the values, which it is about
KEPT history, "cluster_history", history, HISTORY_SIZE, HISTORY_DIGEST, history_recall
KEPT keyring, "cluster_keyring", keyring, KEYRING_SIZE, KEYRING_SERIAL, keyring_recall
KEPT lived, "node_history", lived, LIVED_SIZE, LIVED_MAGIC, lived_load
kept_end:
KEEP_ROW                = 4 + KEPT_ROW

.bss
.balign 4
keep_event:             .space 4        # wakes the task

.text

# Begins: nothing is on disk yet. The mutex is held.
.global keep_begin
keep_begin:
    push    esi
    push    edi
    mov     esi, offset kept_first
1:  lodsd
    mov     edi, eax
    mov     ecx, KEPT_ROW / 4
    rep movsd
    cmp     esi, offset kept_end
    jb      1b
    pop     edi
    pop     esi
    ret

# Reads an object into the task's buffer. One that is there and cannot be read is no lost one: what failed may have been
# the reading alone, so it is not written either until keep_again has read it, or the node boots again. The mutex is
# held. May sleep.
# In: EAX KEPT.
# Out: EDI buffer, EAX bytes on disk; CF when there is none.
.global keep_load
keep_load:
    push    ebx
    mov     ebx, eax
    mov     edi, [ebx + KEPT_COPY]
    cmp     dword ptr [ebx + KEPT_UNREAD], UNREAD_ANEW
    je      .Lkeep_load_read
    mov     eax, [node_mount]
    test    eax, eax
    stc
    jz      .Lkeep_load_done
    call    keep_read
    jc      .Lkeep_load_failed
.Lkeep_load_read:
    xor     eax, eax
    mov     [ebx + KEPT_UNREAD], eax
    mov     [ebx + KEPT_FAILED], eax
    mov     eax, [ebx + KEPT_READ]
    cmp     eax, 1                      # CF when it is 0
    jmp     .Lkeep_load_done
.Lkeep_load_failed:
    call    error_text
    mov     edx, [ebx + KEPT_NAME]
    PRINTF  "cluster: %s cannot be read: %s; it stays as it is, and is tried again\n", edx, eax
    mov     dword ptr [ebx + KEPT_UNREAD], READ_TRIES
    mov     dword ptr [ebx + KEPT_FAILED], 1
    call    clock_ms
    mov     [ebx + KEPT_ASKED], eax
    mov     eax, offset keep_event
    call    event_signal
    stc
.Lkeep_load_done:
    pop     ebx
    ret

# Reads an object into its buffer. May sleep.
# In: EBX KEPT, EAX mount.
# Out: KEPT_READ; CF and EAX error when that failed.
# Clobbers: ECX, EDX.
keep_read:
    push    esi
    mov     edx, [ebx + KEPT_NAME]
    mov     ecx, [ebx + KEPT_COPY]
    mov     esi, [ebx + KEPT_CAPACITY]
    call    object_load
    jnc     1f
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     9f
    xor     eax, eax
1:  mov     [ebx + KEPT_READ], eax      # CF is clear
9:  pop     esi
    ret

# Tries to read an object that could not be read, if it is time. The mutex is not held. May sleep.
# In: EBX KEPT.
# Out: CF while it is not read.
keep_again:
    cmp     dword ptr [ebx + KEPT_UNREAD], 0
    je      .Lkeep_again_done           # CF is clear
    cmp     dword ptr [ebx + KEPT_UNREAD], UNREAD_GIVEN_UP
    je      .Lkeep_again_unread
    call    clock_ms
    mov     edx, eax
    sub     eax, [ebx + KEPT_ASKED]
    cmp     eax, AGAIN_MS
    jb      .Lkeep_again_done           # CF is set
    mov     [ebx + KEPT_ASKED], edx
    mov     eax, [node_mount]
    test    eax, eax                    # diskless by now: CF is clear, and nothing will be written
    jz      .Lkeep_again_done
    call    keep_read
    jc      .Lkeep_again_failed
    mov     eax, offset cluster_mutex
    call    mutex_lock
    cmp     dword ptr [ebx + KEPT_UNREAD], 0
    je      .Lkeep_again_forgotten
    mov     dword ptr [ebx + KEPT_UNREAD], UNREAD_ANEW
    call    [ebx + KEPT_RECALL]
.Lkeep_again_forgotten:
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    clc
    jmp     .Lkeep_again_done
.Lkeep_again_failed:
    dec     dword ptr [ebx + KEPT_UNREAD]
.Lkeep_again_unread:
    stc
.Lkeep_again_done:
    ret

# The node belongs to another cluster from now on: what could not be read of the one before need not be.
# Clobbers: EAX.
.global keep_forget
keep_forget:
    xor     eax, eax
    mov     [kept_values + KEPT_UNREAD], eax
    mov     [kept_vote + KEPT_UNREAD], eax
    mov     [kept_history + KEPT_UNREAD], eax
    ret

# Takes over what keep_load read.
# In: EAX KEPT, EDI buffer, ECX bytes.
# Clobbers: EAX, ECX, EDX.
.global keep_take
keep_take:
    CHECK   ecx, be, [eax+KEPT_CAPACITY], "keep_take: an object larger than its room"
    push    eax
    mov     eax, [eax + KEPT_LIVE]
    mov     edx, edi
    call    mem_copy
    pop     eax

# What keep_load read is what is in memory: it need not be written.
# In: EAX KEPT.
# Clobbers: ECX, EDX.
.global keep_loaded
keep_loaded:
    mov     ecx, [eax + KEPT_LIVE]
    add     ecx, [eax + KEPT_DIGEST]
    mov     ecx, [ecx]
    mov     [eax + KEPT_ON_DISK], ecx
    mov     ecx, [eax + KEPT_CHANGES]
    mov     [eax + KEPT_WRITTEN], ecx
    ret

# Has an object written, soon. The mutex is held.
# In: EAX KEPT, EDX bytes of it from now on.
# Clobbers: EAX.
.global keep_changed
keep_changed:
    CHECK   edx, be, [eax+KEPT_CAPACITY], "keep_changed: an object larger than its room"
    mov     [eax + KEPT_BYTES], edx
    inc     dword ptr [eax + KEPT_CHANGES]
    mov     eax, offset keep_event
    jmp     event_signal

# Has all objects written again that have changed since they were read: the disk was away. The mutex is held.
# Clobbers: EAX, ECX.
.global keep_anew
keep_anew:
    mov     ecx, offset kept_first
1:  mov     eax, [ecx]
    cmp     dword ptr [eax + KEPT_CHANGES], 0
    je      2f
    inc     dword ptr [eax + KEPT_CHANGES]
2:  mov     dword ptr [eax + KEPT_FAILED], 0
    add     ecx, KEEP_ROW
    cmp     ecx, offset kept_end
    jb      1b
    mov     eax, offset keep_event
    jmp     event_signal

# Whether what is in memory is on the node's disk, and not empty. The mutex is held.
# In: EAX KEPT.
# Out: ZF when it is.
# Clobbers: ECX.
.global keep_is_kept
keep_is_kept:
    cmp     dword ptr [node_mount], 0
    je      8f
    mov     ecx, [eax + KEPT_LIVE]
    add     ecx, [eax + KEPT_DIGEST]
    mov     ecx, [ecx]
    test    ecx, ecx                    # there is nothing to keep
    jz      8f
    cmp     ecx, [eax + KEPT_ON_DISK]
    jne     9f
    mov     ecx, [eax + KEPT_CHANGES]   # values of another number may be the same texts
    cmp     ecx, [eax + KEPT_WRITTEN]
9:  ret
8:  test    esp, esp                    # ZF clear
    ret

# The task that writes.
.global keep_task
keep_task:
    mov     edi, -1                     # EDI: milliseconds to wait
.Lkeep_task_wait:
    mov     eax, offset keep_event
    mov     edx, edi
    call    event_wait
    mov     eax, GATHER_MS
    call    task_sleep
    mov     edi, -1
    mov     esi, offset kept_first
.Lkeep_task_next:
    mov     ebx, [esi]
    call    keep_again
    jc      .Lkeep_task_failed
    call    keep_write
    jnc     .Lkeep_task_written
.Lkeep_task_failed:
    mov     edi, AGAIN_MS
.Lkeep_task_written:
    add     esi, KEEP_ROW
    cmp     esi, offset kept_end
    jb      .Lkeep_task_next
    jmp     .Lkeep_task_wait

# Writes an object if it has changed. The mutex is not held. May sleep.
# In: EBX KEPT.
# Out: CF when that failed.
keep_write:
    push    esi
    push    edi
    push    ebp
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     ebp, [ebx + KEPT_CHANGES]
    cmp     ebp, [ebx + KEPT_WRITTEN]
    je      .Lkeep_write_nothing
    cmp     dword ptr [node_mount], 0
    je      .Lkeep_write_nothing
    cmp     ebx, offset kept_vote       # a vote replaces one about values that are on disk
    jne     1f
    mov     eax, [kept_values + KEPT_CHANGES]
    cmp     eax, [kept_values + KEPT_WRITTEN]
    jne     .Lkeep_write_nothing
1:  mov     eax, [ebx + KEPT_COPY]
    mov     edx, [ebx + KEPT_LIVE]
    mov     ecx, [ebx + KEPT_BYTES]
    call    mem_copy
    mov     esi, [ebx + KEPT_BYTES]
    mov     edi, [node_mount]
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, edi
    mov     edx, [ebx + KEPT_NAME]
    mov     ecx, [ebx + KEPT_COPY]
    call    object_save
    sbb     edi, edi
    push    eax
    mov     eax, offset cluster_mutex
    call    mutex_lock
    pop     eax
    test    edi, edi
    jnz     .Lkeep_write_failed
    mov     [ebx + KEPT_FAILED], edi
    mov     [ebx + KEPT_WRITTEN], ebp
    mov     eax, [ebx + KEPT_COPY]
    add     eax, [ebx + KEPT_DIGEST]
    mov     eax, [eax]
    mov     [ebx + KEPT_ON_DISK], eax
    call    vote_kept
    clc
    jmp     .Lkeep_write_unlock
.Lkeep_write_failed:
    cmp     dword ptr [ebx + KEPT_FAILED], 0
    jne     .Lkeep_write_said
    mov     dword ptr [ebx + KEPT_FAILED], 1
    mov     ecx, [generation_count]
    cmp     ecx, [generation_known]
    jne     .Lkeep_write_said           # a twin: the disk was its source's
    call    error_text
    mov     edx, [ebx + KEPT_NAME]
    PRINTF  "cluster: %s cannot be saved: %s\n", edx, eax
.Lkeep_write_said:
    stc
    jmp     .Lkeep_write_unlock
.Lkeep_write_nothing:                   # CF is clear: never is more written than has changed
.Lkeep_write_unlock:
    pushfd
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    popfd
    pop     ebp
    pop     edi
    pop     esi
    ret

# Waits until all objects are on disk, or cannot be. The mutex is not held.
.global keep_flush
keep_flush:
    push    ebx
    push    esi
1:  mov     eax, offset cluster_mutex
    call    mutex_lock
    xor     esi, esi
    mov     ebx, offset kept_first
2:  mov     eax, [ebx]
    mov     ecx, [eax + KEPT_CHANGES]
    cmp     ecx, [eax + KEPT_WRITTEN]
    je      3f
    cmp     dword ptr [eax + KEPT_FAILED], 0
    jne     3f
    cmp     eax, offset kept_vote       # a vote waits for values that cannot be
    jne     .Lkeep_flush_wait
    cmp     dword ptr [kept_values + KEPT_FAILED], 0
    jne     3f
.Lkeep_flush_wait:
    mov     esi, [node_mount]
3:  add     ebx, KEEP_ROW
    cmp     ebx, offset kept_end
    jb      2b
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, SETTLE_MS
    test    esi, esi
    jz      4f
    call    task_sleep
    jmp     1b
4:  pop     esi
    pop     ebx
    ret
