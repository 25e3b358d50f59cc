# `cloud reboot all`: every node of the cluster reboots, one after the other, so that it lives on. The next one is asked
# when the last one is a member again; this node goes last.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

BACK_MS                 = 60000         # a node that has rebooted is a member again within this time
LOOK_MS                 = 100

.bss
.balign 4
last_id:                .space NODE_ID_SIZE # of the node that was asked last
last_session:           .space SESSION_SIZE # that it had then

.text

# Finds the member that lives and has the next id after last_id, and makes it the last one.
# Out: EAX peer, or 0.
reboot_next:
    push    ebx
    call    cloud_lock
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    lea     eax, [ebx + PEER_ID]
    mov     edx, offset last_id
    call    node_id_compare
    ja      4f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
4:  mov     eax, offset last_id
    lea     edx, [ebx + PEER_ID]
    mov     ecx, NODE_ID_SIZE
    call    mem_copy
    mov     eax, offset last_session
    lea     edx, [ebx + PEER_SESSION]
    mov     ecx, SESSION_SIZE
    call    mem_copy
3:  call    cloud_unlock
    mov     eax, ebx
    pop     ebx
    ret

# Whether the node that was asked last has booted since, and is a member again.
# Out: ZF when it is.
reboot_is_back:
    push    ebx
    call    cloud_lock
    mov     eax, offset last_id
    call    peer_known
    mov     ebx, eax
    jc      8f
    cmp     dword ptr [ebx + PEER_VIEWED], 1
    jne     8f
    lea     eax, [ebx + PEER_SESSION]
    mov     edx, offset last_session
    call    session_same
    je      8f
    xor     ebx, ebx
8:  call    cloud_unlock
    test    ebx, ebx
    pop     ebx
    ret

# Has all nodes reboot. May sleep, minutes.
# Out: EAX status, when one did not reboot, or did not come back; else it does not return.
.global cloud_reboot_all
cloud_reboot_all:
    push    ebx
    push    esi
    xor     eax, eax
    mov     [last_id], eax
    mov     [last_id + 4], eax
.Lcloud_reboot_all_next:
    call    reboot_next
    mov     ebx, eax
    test    ebx, ebx
    jz      .Lcloud_reboot_all_here
    call    reboot_told
    test    eax, eax
    jnz     .Lcloud_reboot_all_done
    call    clock_ms
    lea     esi, [eax + BACK_MS]
.Lcloud_reboot_all_look:
    call    reboot_is_back
    je      .Lcloud_reboot_all_back
    mov     eax, LOOK_MS
    call    task_sleep
    call    clock_ms
    sub     eax, esi
    js      .Lcloud_reboot_all_look
    add     ebx, PEER_NAME
    PRINTF  "cluster: %s does not come back; the others stay as they are\n", ebx
    xor     eax, eax
    inc     eax
    jmp     .Lcloud_reboot_all_done
.Lcloud_reboot_all_back:
    add     ebx, PEER_NAME
    PRINTF  "%s is back\n", ebx
    jmp     .Lcloud_reboot_all_next
.Lcloud_reboot_all_here:
    PRINT   "now this node\n"
    call    power_restart
.Lcloud_reboot_all_done:
    pop     esi
    pop     ebx
    ret
