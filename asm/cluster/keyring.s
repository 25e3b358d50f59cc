# The keys beside the one that counts, in the persistent object `cluster_keyring`: the next one, which a member has been
# given and which counts as soon as anybody uses it, and those that were replaced, which tell who was away (away.s). How
# a member is given a key is in rotate.s; see docs/protocols/cluster-key.md. All routines run with the cluster's mutex
# held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

.bss
.balign 4
.global keyring
keyring:                .space KEYRING_SIZE
has_next:               .space 4        # 1: there is a next key, which is not the one that counts
has_replaced:           .space REPLACED * 4 # 1: there is this one that was replaced
key_next:               .space HMAC_SIZE    # their keys of packets
.global key_replaced
key_replaced:           .space REPLACED * HMAC_SIZE

.text

# Takes over what the node's disk holds. May sleep.
.global keyring_load
keyring_load:
    push    edi
    mov     eax, offset kept_keyring
    call    keep_load
    jc      9f
    cmp     eax, KEYRING_SIZE_1
    jb      8f
    mov     ecx, KEYRING_SIZE
    sub     ecx, eax
    jbe     1f
    push    edi                         # what it lacks is zero
    add     edi, eax
    xor     eax, eax
    rep stosb
    pop     edi
1:    cmp     dword ptr [edi + KEYRING_MAGIC], KEYRING_MAGIC_VALUE
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
    xor     ecx, ecx
1:  mov     [has_replaced + ecx*4], eax
    inc     ecx
    cmp     ecx, REPLACED
    jb      1b
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
    push    esi
    xor     esi, esi
2:  mov     eax, esi
    shl     eax, 5                      # KEY_SIZE
    add     eax, offset keyring + KEYRING_REPLACED
    mov     edx, esi
    shl     edx, 6                      # HMAC_SIZE
    add     edx, offset key_replaced
    call    keyring_derive
    mov     [has_replaced + esi*4], eax
    inc     esi
    cmp     esi, REPLACED
    jb      2b
    pop     esi
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
    call    away_over
    cmp     dword ptr [keyring + KEYRING_SERIAL], 0
    jne     keyring_changed
    ret

# A packet's code was not made with the cluster's key: with the next one, which counts from now on, or one that was
# replaced? May sleep.
# In: EAX packet, its code in code_given; ECX bytes, EDX sender's address, which the packet names.
# Out: CF clear when the packet's code is right after all.
.global keyring_check
keyring_check:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, ecx
    mov     edi, edx
    cmp     dword ptr [has_next], 0
    je      .Lkeyring_check_replaced
    mov     edx, offset key_next
    call    trust_coded
    jne     .Lkeyring_check_replaced
    call    rotate_forget               # another gives it
    call    keyring_turn
    clc
    jmp     .Lkeyring_check_done
.Lkeyring_check_replaced:
    xor     ebp, ebp
.Lkeyring_check_next:
    cmp     dword ptr [has_replaced + ebp*4], 0
    je      .Lkeyring_check_other
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, ebp
    shl     edx, 6                      # HMAC_SIZE
    add     edx, offset key_replaced
    call    trust_coded
    je      .Lkeyring_check_away
.Lkeyring_check_other:
    inc     ebp
    cmp     ebp, REPLACED
    jb      .Lkeyring_check_next
    call    away_foreign
    stc
    jmp     .Lkeyring_check_done
.Lkeyring_check_away:
    mov     eax, ebp
    call    away_heard
    stc
.Lkeyring_check_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The next key counts from now on. It stays in the keyring: should the power fail before cluster_node is on disk, the
# node has it there. May sleep.
.global keyring_turn
keyring_turn:
    CHECK   "dword ptr [has_next]", e, 1, "keyring_turn: there is no next key"
    CHECK_HELD cluster_mutex, "keyring_turn: cluster_mutex is not held"
    push    ebx
    mov     ebx, offset keyring + KEYRING_REPLACED + (REPLACED - 1) * KEY_SIZE
1:  mov     eax, ebx                    # the one that was replaced first is forgotten
    lea     edx, [ebx - KEY_SIZE]
    mov     ecx, KEY_SIZE
    call    mem_copy
    sub     ebx, KEY_SIZE
    cmp     ebx, offset keyring + KEYRING_REPLACED
    ja      1b
    mov     eax, ebx
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_copy
    pop     ebx
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
