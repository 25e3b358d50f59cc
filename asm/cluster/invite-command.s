# `cloud invite` and `cloud join`: how a machine gets the key of a cluster.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

JOIN_TRIES              = 10
JOIN_TRY_MS             = 500           # wait for the answer to each

.text

# Draws a code and shows it.
# Out: EAX status.
.global cloud_invite
cloud_invite:
    call    cloud_lock
    cmp     dword ptr [trust_open], 0
    jne     1f
    call    invite_draw
    mov     eax, offset invite_text
    PRINTF  "Within ten minutes, one machine can join here: cloud join %s\n", eax
    call    cloud_unlock
    xor     eax, eax
    ret
1:  call    cloud_unlock
    PRINT   "An open cluster has no key to give: whoever is on this network is in it (cloud key new NAME).\n"
    mov     eax, 1
    ret

# Joins the cluster in which a code was drawn.
# In: EAX code.
# Out: EAX status.
.global cloud_join
cloud_join:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, JOIN_TRIES
    cmp     dword ptr [cluster_pings], 0
    je      .Lcloud_join_silent
.Lcloud_join_try:
    call    cloud_lock
    mov     eax, ebx
    call    invite_ask
    sbb     ebx, ebx
    call    cloud_unlock
    test    ebx, ebx
    jnz     .Lcloud_join_bad
    mov     eax, offset invite_event
    mov     edx, JOIN_TRY_MS
    call    event_wait
    jnc     .Lcloud_join_answered
    dec     esi
    jnz     .Lcloud_join_try
    call    invite_forget
    PRINT   "cluster: nobody who has given this code in the last ten minutes answers, or it was used before\n"
    jmp     .Lcloud_join_failed
.Lcloud_join_silent:
    PRINT   "cluster: this node is stopped, and asks nobody (cloud start)\n"
    jmp     .Lcloud_join_failed
.Lcloud_join_bad:
    PRINT   "cluster: expected a code of 16 characters, as `cloud invite` shows it\n"
.Lcloud_join_failed:
    mov     eax, 1
    jmp     .Lcloud_join_done
.Lcloud_join_answered:
    call    node_flush                  # the prompt says that the key is on the disk
    mov     eax, offset invite_name
    PRINTF  "This node has the key of the cluster %s now.\n", eax
    xor     eax, eax
.Lcloud_join_done:
    pop     esi
    pop     ebx
    ret
