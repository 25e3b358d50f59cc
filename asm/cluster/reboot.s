# A request to reboot from one node to another, and its answer. The target obeys who has the cluster's key, unless its
# user has set the variable cloud.reboot to no; in an open cluster only where it is yes; and only a request that names
# its id, era and age exactly. The variable is kept with the node.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

TRIES                   = 3
TRY_MS                  = 700           # wait for the answer to each

.bss
.balign 4
request_number:         .space 4        # of the last request of this node
request_result:         .space 4        # RESULT_*
request_event:          .space 4
request_target:         .space NODE_ID_SIZE

.section .rodata
nothing:                .byte 0

.text

# Gives the variable the value that the node has kept.
.global reboot_recall
reboot_recall:
    cmp     byte ptr [node + NODE_REBOOT], 0
    je      9f
    LOAD_STRING eax, "cloud.reboot"
    mov     edx, offset node + NODE_REBOOT
    jmp     env_set
9:  ret

# Looks whether the user changed the variable, and keeps it. May sleep.
.global reboot_check
reboot_check:
    push    ebx
    LOAD_STRING eax, "cloud.reboot"
    call    env_get
    mov     ebx, eax
    jnc     1f
    mov     ebx, offset nothing
1:  mov     eax, ebx
    call    string_length
    cmp     eax, NODE_REBOOT_SIZE
    jae     9f                          # neither yes nor no
    mov     eax, ebx
    mov     edx, offset node + NODE_REBOOT
    call    string_compare
    je      9f
    push    edi
    mov     edi, offset node + NODE_REBOOT
    xor     eax, eax
    stosd
    stosd
    pop     edi
    mov     eax, offset node + NODE_REBOOT
    mov     edx, ebx
    mov     ecx, NODE_REBOOT_SIZE
    call    string_copy
    pop     ebx
    jmp     node_save
9:  pop     ebx
    ret

# Asks a peer to reboot. The mutex is not held. May sleep, two seconds.
# In: EAX peer (peers whose table entry is reused meanwhile only make the request miss).
# Out: EAX RESULT_*.
.global reboot_request
reboot_request:
    push    ebx
    push    esi
    mov     ebx, eax
    inc     dword ptr [request_number]
    mov     dword ptr [request_result], RESULT_NONE
    mov     dword ptr [request_event], 0
    mov     esi, TRIES
.Lreboot_request_try:
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, KIND_REBOOT
    call    packet_build
    mov     edx, offset cluster_out
    mov     eax, [request_number]
    mov     [edx + CLOUD_REQUEST], eax
    mov     eax, [ebx + PEER_ID]
    mov     [edx + CLOUD_TARGET], eax
    mov     [request_target], eax
    mov     eax, [ebx + PEER_ID + 4]
    mov     [edx + CLOUD_TARGET + 4], eax
    mov     [request_target + 4], eax
    mov     eax, [ebx + PEER_ERA]
    mov     [edx + CLOUD_TARGET_ERA], eax
    mov     eax, [ebx + PEER_AGE]
    mov     [edx + CLOUD_TARGET_AGE], eax
    mov     eax, ebx
    call    session_answer
    mov     edx, [ebx + PEER_ADDRESS]
    mov     ecx, CLOUD_REQUEST_SIZE
    call    packet_send_to
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, offset request_event
    mov     edx, TRY_MS
    call    event_wait
    jnc     .Lreboot_request_answered
    dec     esi
    jnz     .Lreboot_request_try
.Lreboot_request_answered:
    mov     eax, [request_result]
    pop     esi
    pop     ebx
    ret

# Takes in an answer. The mutex is held.
# In: EAX packet.
.global reboot_answered
reboot_answered:
    mov     ecx, [eax + CLOUD_REQUEST]
    cmp     ecx, [request_number]
    jne     9f
    mov     ecx, [eax + CLOUD_NODE]
    cmp     ecx, [request_target]
    jne     9f
    mov     ecx, [eax + CLOUD_NODE + 4]
    cmp     ecx, [request_target + 4]
    jne     9f
    push    eax
    add     eax, CLOUD_TARGET
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    pop     eax
    jne     9f
    mov     ecx, [eax + CLOUD_RESULT]
    cmp     ecx, RESULT_STALE
    ja      9f
    mov     [request_result], ecx
    mov     eax, offset request_event
    jmp     event_signal
9:  ret

# Decides about a request, answers, and reboots if it is allowed. The mutex is held.
# In: EAX packet, EDX sender's address. May not return.
.global reboot_requested
reboot_requested:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    add     eax, CLOUD_TARGET
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    jne     .Lreboot_requested_done     # for somebody else
    COUNT   cloud_reboots
    mov     esi, RESULT_REFUSED
    LOAD_STRING eax, "cloud.reboot"
    call    env_get
    jc      .Lreboot_requested_unsaid
    push    eax
    LOAD_STRING edx, "yes"
    call    string_compare
    pop     eax
    je      .Lreboot_requested_allowed
    LOAD_STRING edx, "no"
    call    string_compare
    je      .Lreboot_requested_answer
.Lreboot_requested_unsaid:
    cmp     dword ptr [trust_open], 0   # who has the key may; in an open cluster that is anybody
    jne     .Lreboot_requested_answer
.Lreboot_requested_allowed:
    mov     esi, RESULT_STALE
    mov     eax, [ebx + CLOUD_TARGET_ERA]
    cmp     eax, [node + NODE_ERA]
    jne     .Lreboot_requested_answer
    mov     eax, [ebx + CLOUD_TARGET_AGE]
    cmp     eax, [node + NODE_AGE]
    jne     .Lreboot_requested_answer
    mov     esi, RESULT_REBOOTING
.Lreboot_requested_answer:
    mov     eax, KIND_REBOOT_ANSWER
    call    packet_answer
    mov     [edx + CLOUD_RESULT], esi
    mov     edx, edi
    mov     ecx, CLOUD_REQUEST_SIZE
    call    packet_send_to
    lea     eax, [ebx + CLOUD_NAME]
    cmp     esi, RESULT_REBOOTING
    je      .Lreboot_requested_rebooting
    PRINTF  "cluster: refused to reboot for %s %I\n", eax, edi
    jmp     .Lreboot_requested_done
.Lreboot_requested_rebooting:
    PRINTF  "cluster: rebooting, as %s %I asked\n", eax, edi
    mov     eax, offset cluster_mutex   # power_restart has cluster_leave called
    call    mutex_unlock
    call    power_restart
.Lreboot_requested_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
