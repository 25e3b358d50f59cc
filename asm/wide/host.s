# Links whose place is a name: while such a link is not reached, the DNS is asked for it again, so a door that has moved
# is found. A forged answer costs hellos to where it says: codes decide who is there. A task asks, as that takes
# seconds: it is none of the daemon's, which do not end.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

HOST_AGAIN_MS           = 30000         # after a question, whatever came of it
FIRST_GROUP             = 224           # first byte of addresses that are of no host

STRING host_name, "cloud host"

.text

# Reads a host's name out of a text.
# In: ESI text, EAX where it goes, HOST_SIZE bytes, DL sign that ends it, as the text's end does.
# Out: ESI at that sign, EAX 0; CF when it is empty or too long.
# Clobbers: ECX, EDX.
.global host_read
host_read:
    mov     ecx, HOST_SIZE
1:  mov     dh, [esi]
    cmp     dh, dl
    je      2f
    test    dh, dh
    jz      2f
    mov     [eax], dh
    inc     eax
    inc     esi
    dec     ecx
    jnz     1b
    stc
    ret
2:  mov     byte ptr [eax], 0
    xor     eax, eax
    cmp     ecx, HOST_SIZE
    cmc
    ret

# Takes over the host that a link's value names. The mutex is held.
# In: EBX link; link_host.
# Out: CF when its addresses stay, as it is the same.
# Clobbers: EAX, ECX, EDX.
.global host_given
host_given:
    lea     eax, [ebx + LINK_HOST]
    mov     edx, offset link_host
    call    string_compare
    jne     1f
    cmp     byte ptr [ebx + LINK_HOST], 1
    cmc
    ret
1:  lea     eax, [ebx + LINK_HOST]
    mov     edx, offset link_host
    mov     ecx, HOST_SIZE
    call    string_copy
    xor     eax, eax
    mov     [ebx + LINK_ASKED_HOST], eax
    mov     [ebx + LINK_FOUND], eax
    ret

# Has LINK_GIVEN be the next address of a link's host, which is asked for when that is due. The mutex is held.
# In: EBX link.
# Clobbers: EAX, ECX.
.global host_turn
host_turn:
    cmp     byte ptr [ebx + LINK_HOST], 0
    je      .Lhost_turn_done
    call    clock_ms
    or      eax, 1                      # never 0
    mov     ecx, eax
    sub     ecx, [ebx + LINK_ASKED_HOST]
    cmp     dword ptr [ebx + LINK_ASKED_HOST], 0
    je      1f
    cmp     ecx, HOST_AGAIN_MS
    jb      2f
1:  mov     [ebx + LINK_ASKED_HOST], eax
    push    edx
    mov     eax, offset host_task
    mov     edx, ebx
    mov     ecx, offset host_name
    call    task_create
    pop     edx
2:  mov     eax, [ebx + LINK_FOUND_AT]
    inc     eax
    cmp     eax, HOST_ADDRESSES
    jae     3f
    cmp     dword ptr [ebx + LINK_FOUND + eax*4], 0
    jne     4f
3:  xor     eax, eax
4:  mov     [ebx + LINK_FOUND_AT], eax
    mov     eax, [ebx + LINK_FOUND + eax*4]
    mov     [ebx + LINK_GIVEN], eax
.Lhost_turn_done:
    ret

# The task: asks for a link's host. All links that name it get what comes of it, if anything does.
# In: EAX link.
host_task:
    sub     esp, HOST_SIZE + 4 * HOST_ADDRESSES
    mov     ebx, eax
    mov     edi, esp
    lea     esi, [edi + HOST_SIZE]
    call    cloud_lock
    mov     eax, edi
    lea     edx, [ebx + LINK_HOST]
    mov     ecx, HOST_SIZE
    call    string_copy
    call    cloud_unlock
    mov     eax, edi
    call    host_find
    jc      .Lhost_task_end
    call    cloud_lock
    mov     ebx, offset links
1:  lea     eax, [ebx + LINK_HOST]
    mov     edx, edi
    call    string_compare
    jne     2f
    lea     eax, [ebx + LINK_FOUND]
    mov     edx, esi
    mov     ecx, 4 * HOST_ADDRESSES
    call    mem_copy
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    call    cloud_unlock
.Lhost_task_end:
    add     esp, HOST_SIZE + 4 * HOST_ADDRESSES
    ret

# Finds the addresses of a host. The mutex is not held. May sleep, seconds.
# In: EAX name, or address as text; ESI where the addresses go, HOST_ADDRESSES dwords.
# Out: the addresses, then zeros; CF when it has none, and EAX error.
# Clobbers: EAX, ECX, EDX.
.global host_find
host_find:
    push    eax
    mov     eax, esi
    xor     edx, edx
    mov     ecx, 4 * HOST_ADDRESSES
    call    mem_set
    pop     eax
    mov     edx, esi
    mov     ecx, HOST_ADDRESSES
    call    resolve
    jc      9f
    push    esi
    push    edi
    mov     edi, esi
    lea     ecx, [esi + 4 * HOST_ADDRESSES]
.Lhost_find_next:
    lodsd
    lea     edx, [eax - 1]
    cmp     dl, FIRST_GROUP - 1
    jae     1f                          # no host's
    stosd
1:  cmp     esi, ecx
    jb      .Lhost_find_next
    xor     eax, eax
.Lhost_find_fill:
    cmp     edi, ecx
    je      2f
    stosd
    jmp     .Lhost_find_fill
2:  pop     edi
    pop     esi
    cmp     dword ptr [esi], 1
    mov     eax, ERROR_NOT_FOUND
9:  ret
