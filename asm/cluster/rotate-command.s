# `cloud key rotate` and `cloud expel`: how the cluster's key is replaced while the cluster runs.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

ROTATE_MS               = 10000         # somebody that lives and has not taken the key after this does not
STEADY_MS               = 1000          # members that are the same for so long are those that there are
STEP_MS                 = 20            # between two steps
SAYS                    = 3             # how often all are told that the new key counts

.bss
.balign 4
    # signalled when a member has the key
.global rotate_event
rotate_event:           .space 4

.section .rodata
    # as what the history names the change
.global key_cluster
key_cluster:            .asciz "cluster.key"

.text

# Whether this node can replace the key now.
# Out: CF and ESI why not.
rotate_possible:
    LOAD_STRING esi, "An open cluster has no key (cloud key new NAME)"
    cmp     dword ptr [trust_open], 0
    jne     8f
    LOAD_STRING esi, "this node is no member now"
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     8f
    cmp     dword ptr [cluster_pings], 0
    je      8f
    LOAD_STRING esi, "this node is giving a new key already"
    cmp     dword ptr [rotating], 1
    je      8f
    clc
    ret
8:  stc
    ret

# Replaces the key, for all members that live but one.
# In: EAX name or address of who is put out, or 0.
# Out: EAX status.
.global cloud_rotate
cloud_rotate:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    cloud_lock
    call    rotate_possible
    jc      .Lcloud_rotate_refused
    mov     edi, [view_digest]
    call    cloud_unlock
    mov     eax, STEADY_MS
    call    task_sleep
    call    cloud_lock
    call    rotate_possible
    jc      .Lcloud_rotate_refused
    LOAD_STRING esi, "members come or go just now; try again"
    cmp     edi, [view_digest]
    jne     .Lcloud_rotate_refused
    call    cloud_rotate_counts
    jc      .Lcloud_rotate_refused
    mov     edx, edi
.Lcloud_rotate_begin:
    call    rotate_begin
    call    cloud_unlock
    call    clock_ms
    mov     edi, eax
.Lcloud_rotate_step:
    call    cloud_lock
    call    rotate_step
    test    eax, eax
    jz      .Lcloud_rotate_use
    mov     esi, edx
    call    clock_ms
    sub     eax, edi
    cmp     eax, ROTATE_MS
    jae     .Lcloud_rotate_late
    call    cloud_unlock
    mov     eax, offset rotate_event
    mov     edx, STEP_MS
    call    event_wait
    jmp     .Lcloud_rotate_step
.Lcloud_rotate_late:
    call    rotate_forget
    test    esi, esi
    jz      .Lcloud_rotate_unwritten
    lea     eax, [esi + PEER_NAME]
    PRINTF  "cluster: %s lives, and does not take a new key: nothing has changed\n", eax
    jmp     .Lcloud_rotate_failed
.Lcloud_rotate_unwritten:
    LOAD_STRING esi, "the new key cannot be written to the disk: nothing has changed"
.Lcloud_rotate_refused:
    PRINTF  "cluster: %s\n", esi
.Lcloud_rotate_failed:
    call    cloud_unlock
    mov     ebx, 1
    jmp     .Lcloud_rotate_done
.Lcloud_rotate_use:
    call    rotate_use
    call    cloud_unlock
    mov     esi, SAYS
.Lcloud_rotate_say:
    call    cloud_lock
    call    rotate_say
    call    cloud_unlock
    mov     eax, STEP_MS
    call    task_sleep
    dec     esi
    jnz     .Lcloud_rotate_say
    call    node_flush                  # the prompt says that the key is on the disk
    call    keep_flush
    mov     eax, offset trust_name
    PRINTF  "The cluster %s has a new key.\n", eax
    xor     ebx, ebx
.Lcloud_rotate_done:
    mov     eax, ebx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds who is to be left out, and whether enough are here: no other part of the cluster may replace the key as well.
# In: EBX name or address, or 0.
# Out: EDI the id, or 0; CF and ESI why not.
# Clobbers: EAX, ECX, EDX.
cloud_rotate_counts:
    xor     edi, edi
    test    ebx, ebx
    jz      .Lcloud_rotate_counts_counts
    mov     eax, ebx
    call    peer_named_only
    test    eax, eax
    jnz     .Lcloud_rotate_counts_out
    mov     esi, edx
    test    edx, edx
    jnz     .Lcloud_rotate_counts_not
    mov     eax, ebx
    call    peer_named_any
    LOAD_STRING esi, "no other node of this name or address is known"
    test    eax, eax
    jz      .Lcloud_rotate_counts_not
.Lcloud_rotate_counts_out:
    lea     edi, [eax + PEER_ID]
.Lcloud_rotate_counts_counts:
    mov     eax, edi                    # no other part of the cluster may replace the key as well
    call    voters_here_more
    LOAD_STRING esi, "most of the members that agreed last are not here (cloud get)"
    test    eax, eax
    jle     .Lcloud_rotate_counts_not
    clc
    ret
.Lcloud_rotate_counts_not:
    stc
    ret
