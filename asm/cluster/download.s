# From whom a node of the cluster loads a kernel: from its other members.

.include "macros.inc"
.include "tasks.inc"
.include "cluster.inc"

ON_HOOK download_source, download_member

.text

# Names a member that may have a kernel.
# In: ECX its number, from 0 on.
# Out: EAX address; CF when there are no more.
# Clobbers: ECX, EDX.
# Locks: cluster_mutex.
download_member:
    push    ebx
    push    ecx
    mov     eax, offset cluster_mutex
    call    mutex_lock
    pop     ecx
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      4f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    sub     ecx, 1
    jb      3f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  mov     ebx, [ebx + PEER_ADDRESS]
4:  mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, ebx
    cmp     eax, 1                      # CF when it is 0
    pop     ebx
    ret
