# The keys beside the one that counts, in the persistent object `cluster_keyring`: the next one, which a member has been
# given and which counts as soon as anybody uses it, and the previous one, which tells who was away. How a member is
# given a key is in rotate.s; see docs/protocols/cluster.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

.bss
.balign 4
.global keyring
keyring:                .space KEYRING_SIZE
has_next:               .space 4        # 1: there is a next key, which is not the one that counts,
has_previous:           .space 4        # and a previous one
key_next:               .space HMAC_SIZE    # their keys of packets
.global key_previous
key_previous:           .space HMAC_SIZE

.text

# Takes over what the node's disk holds. May sleep.
.global keyring_load
keyring_load:
    push    edi
    mov     eax, offset kept_keyring
    call    keep_load
    jc      9f
    cmp     eax, KEYRING_SIZE
    jb      8f
    cmp     dword ptr [edi + KEYRING_MAGIC], KEYRING_MAGIC_VALUE
    jne     8f
    cmp     dword ptr [edi + KEYRING_VERSION], KEYRING_VERSION_VALUE
    jne     8f
    mov     byte ptr [edi + KEYRING_NEXT - 1], 0    # a name ends, whatever the disk says
    mov     eax, offset kept_keyring
    mov     ecx, KEYRING_SIZE
    call    keep_take
    jmp     9f
8:  PRINT   "cluster: the object cluster_keyring on the disk is damaged; a new key that this node was given is lost\n"
9:  pop     edi
    ret

# As keyring_load, while the cluster runs: what has changed meanwhile counts.
.global keyring_recall
keyring_recall:
    mov     eax, [kept_keyring + KEPT_CHANGES]
    cmp     eax, [kept_keyring + KEPT_WRITTEN]
    jne     1f
    call    keyring_load
1:  mov     dword ptr [kept_keyring + KEPT_UNREAD], 0

# The cluster's key, or one beside it, is another: what follows from them is made anew.
.global keyring_ready
keyring_ready:
    push    ebx
    xor     eax, eax
    mov     [has_next], eax
    mov     [has_previous], eax
    cmp     [trust_open], eax
    jne     9f
    mov     eax, offset keyring + KEYRING_CLUSTER
    mov     edx, offset trust_name
    call    string_compare              # those of another cluster count for nothing
    jne     9f
    mov     eax, offset keyring + KEYRING_NEXT
    mov     edx, offset key_next
    call    keyring_derive
    mov     [has_next], eax
    mov     eax, offset keyring + KEYRING_PREVIOUS
    mov     edx, offset key_previous
    call    keyring_derive
    mov     [has_previous], eax
9:  pop     ebx
    ret

# Makes the key of packets of a key that there is, and that is not the cluster's.
# In: EAX key, EDX HMAC record.
# Out: EAX 1, or 0 when it is none.
# Clobbers: EBX too.
keyring_derive:
    mov     ebx, eax
    push    edx
    xor     edx, edx
    mov     ecx, KEY_SIZE / 4
1:  or      edx, [ebx + ecx*4 - 4]
    loop    1b
    test    edx, edx
    pop     edx
    mov     eax, 0
    jz      9f
    push    edx
    mov     eax, ebx
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_compare
    pop     edx
    mov     eax, 0
    je      9f
    mov     eax, ebx
    call    trust_derive
    mov     eax, 1
9:  ret

# Keeps a key that is to count as soon as somebody uses it. It is on disk when keyring_kept says so.
# In: EAX key.
.global keyring_expect
keyring_expect:
    push    eax
    mov     dword ptr [keyring + KEYRING_MAGIC], KEYRING_MAGIC_VALUE
    mov     dword ptr [keyring + KEYRING_VERSION], KEYRING_VERSION_VALUE
    mov     eax, offset keyring + KEYRING_CLUSTER
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset keyring + KEYRING_NEXT
    mov     ecx, KEY_SIZE
    call    mem_copy
    call    keyring_ready

# The keyring has changed: it is to be written.
keyring_changed:
    inc     dword ptr [keyring + KEYRING_SERIAL]
    mov     eax, offset kept_keyring
    mov     edx, KEYRING_SIZE
    jmp     keep_changed

# Whether the keyring is on the node's disk, or there is none to keep it on.
# Out: ZF when it is.
.global keyring_kept
keyring_kept:
    cmp     dword ptr [node_mount], 0
    je      9f
    mov     eax, offset kept_keyring
    call    keep_is_kept
9:  ret

# The node is to have another cluster's key: nothing of this one's counts.
.global keyring_forget
keyring_forget:
    push    edi
    mov     edi, offset keyring + KEYRING_CLUSTER
    xor     eax, eax
    mov     ecx, (KEYRING_SIZE - KEYRING_CLUSTER) / 4
    rep stosd
    pop     edi
    call    rotate_forget
    mov     dword ptr [outdated], 0
    cmp     dword ptr [keyring + KEYRING_SERIAL], 0
    jne     keyring_changed
    ret

# A packet's code was not made with the cluster's key: with the next one, which counts from now on, or the previous one?
# May sleep.
# In: EAX packet, its code in code_given; ECX bytes, EDX sender's address.
# Out: CF clear when the packet's code is right after all.
.global keyring_check
keyring_check:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, ecx
    mov     edi, edx
    cmp     dword ptr [has_next], 0
    je      1f
    mov     edx, offset key_next
    call    trust_coded
    jne     1f
    call    rotate_forget               # another gives it
    call    keyring_turn
    clc
    jmp     9f
1:  cmp     dword ptr [has_previous], 0
    je      2f
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, offset key_previous
    call    trust_coded
    jne     2f
    call    rotate_outdated
2:  stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# The next key counts from now on. It stays in the keyring: should the power fail before cluster_node is on disk, the
# node has it there. May sleep.
.global keyring_turn
keyring_turn:
    mov     eax, offset keyring + KEYRING_PREVIOUS
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_copy
    call    keyring_changed
    mov     eax, offset key_parsed
    mov     edx, offset keyring + KEYRING_NEXT
    mov     ecx, KEY_SIZE
    call    mem_copy
    mov     eax, offset trust_name
    call    trust_adopt
    call    node_save
    call    invite_close
    jmp     rotate_turned
