# The cluster's packets: built, sent and checked. What does not pass every check is counted and dropped; see
# docs/protocols/cluster.md for the layout.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"
.include "names.inc"

LINK_LOCAL              = 0xFEA9        # 169.254, as it lies in an address

.bss
.balign 4
.global cluster_socket
cluster_socket:         .space 4
.global cluster_out
cluster_out:            .space CLOUD_MAXIMUM    # packet that is being built; guarded by the cluster's mutex

.text

# Sends a packet of this kind to the group. May sleep.
# In: EAX KIND_*.
# Out: CF and EAX error.
.global packet_send
packet_send:
    call    packet_build
    mov     edx, CLUSTER_GROUP
    mov     ecx, CLOUD_SIZE

# Signs and sends what packet_build built. Who has left says nothing more, and who comes back nothing before its hello:
# it would seem to be back.
# In: EDX address, ECX bytes.
# Out: CF and EAX error.
.global packet_send_to
packet_send_to:
    cmp     dword ptr [cluster_pings], 0
    je      packet_refuse
    cmp     dword ptr [hello_due], 0
    jne     packet_refuse
    mov     eax, offset trust_key

# Signs with another key than the cluster's, and sends.
# In: EAX HMAC record, EDX address, ECX bytes.
# Out: CF and EAX error.
.global packet_send_with
packet_send_with:
    push    eax                         # a copy of this node says nothing before it has become another one
    mov     eax, [generation_count]
    cmp     eax, [generation_known]
    pop     eax
    jne     packet_refuse
    CHECK   ecx, ae, CLOUD_SIZE, "packet_send_with: a packet shorter than any"
    push    esi
    push    edi
    mov     esi, [cluster_netif]
    cmp     dword ptr [esi + NETIF_ADDRESS], 0
    je      8f
    COUNT   cloud_sent
    mov     edi, ecx
    push    edx
    mov     edx, eax
    mov     eax, offset cluster_out
    call    trust_sign
    pop     edx
    mov     esi, offset cluster_out
    mov     eax, [cluster_socket]
    mov     ecx, CLUSTER_PORT
    call    udp_send
    jmp     9f
8:  mov     eax, ERROR_NO_ROUTE
    stc
9:  pop     edi
    pop     esi
    ret

packet_refuse:
    mov     eax, ERROR_NO_ROUTE
    stc
    ret

# Builds the answer to what a packet asks: it names the question, and who has asked.
# In: EAX KIND_*, EBX packet.
# Out: EDX cluster_out.
# Clobbers: EAX, ECX.
.global packet_answer
packet_answer:
    call    packet_build
    mov     edx, offset cluster_out
    mov     eax, [ebx + CLOUD_REQUEST]
    mov     [edx + CLOUD_REQUEST], eax
    mov     eax, [ebx + CLOUD_NODE]
    mov     [edx + CLOUD_TARGET], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [edx + CLOUD_TARGET + 4], eax
    jmp     session_reply

# Fills cluster_out, up to where a view has its entries, with what this node is.
# In: EAX KIND_*.
.global packet_build
packet_build:
    push    edi
    mov     edx, eax
    mov     edi, offset cluster_out
    xor     eax, eax
    mov     ecx, CLOUD_OFFER / 4
    rep stosd
    mov     edi, offset cluster_out
    mov     dword ptr [edi + CLOUD_MAGIC], CLOUD_MAGIC_VALUE
    mov     byte ptr [edi + CLOUD_VERSION], CLOUD_VERSION_VALUE
    mov     [edi + CLOUD_KIND], dl
    mov     eax, [cluster_state]
    mov     [edi + CLOUD_STATE], al
    cmp     dword ptr [node_mount], 0
    jne     .Lpacket_build_disk
    mov     byte ptr [edi + CLOUD_FLAGS], FLAG_DISKLESS
.Lpacket_build_disk:
    cmp     dword ptr [node_alone], 0
    je      .Lpacket_build_era
    or      byte ptr [edi + CLOUD_FLAGS], FLAG_ALONE
.Lpacket_build_era:
    mov     eax, [node_busy]
    shl     eax, 7                      # FLAG_BUSY
    or      [edi + CLOUD_FLAGS], al
    mov     eax, [node + NODE_ERA]
    mov     [edi + CLOUD_ERA], eax
    mov     eax, [node + NODE_AGE]
    mov     [edi + CLOUD_AGE], eax
    mov     eax, [boot_info + bi_revision]
    mov     [edi + CLOUD_REVISION], eax
    mov     eax, [node + NODE_ID]
    mov     [edi + CLOUD_NODE], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [edi + CLOUD_NODE + 4], eax
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lpacket_build_named
    mov     eax, [node + NODE_FOUNDER]
    mov     [edi + CLOUD_FOUNDER], eax
    mov     eax, [node + NODE_FOUNDER + 4]
    mov     [edi + CLOUD_FOUNDER + 4], eax
.Lpacket_build_named:
    lea     eax, [edi + CLOUD_NAME]
    mov     edx, offset hostname
    mov     ecx, NAME_SIZE
    call    string_copy
    call    stranger_echo
    mov     eax, [values + VALUES_NUMBER]
    mov     [edi + CLOUD_VALUES], eax
    mov     eax, [values + VALUES_DIGEST]
    mov     [edi + CLOUD_VALUES_DIGEST], eax
    mov     eax, [history + HISTORY_COUNT]
    mov     [edi + CLOUD_HISTORY], eax
    mov     eax, [history + HISTORY_DIGEST]
    mov     [edi + CLOUD_HISTORY_DIGEST], eax
    mov     eax, offset kept_values
    call    keep_is_kept
    jne     .Lpacket_build_values
    or      byte ptr [edi + CLOUD_FLAGS], FLAG_VALUES_KEPT
.Lpacket_build_values:
    mov     eax, offset kept_history
    call    keep_is_kept
    jne     .Lpacket_build_history
    or      byte ptr [edi + CLOUD_FLAGS], FLAG_HISTORY_KEPT
.Lpacket_build_history:
    pop     edi
    ret

# Decides whether a datagram is a packet of our cluster: in form, then by its code. What invitations are for, and
# what gives a new key, is done here. May sleep.
# In: EAX packet, EDX sender's address, ECX its port; ESI bytes.
# Out: CF when it is not, or needs no more; it has been counted.
.global packet_check
packet_check:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edi, edx
    COUNT   cloud_received
    cmp     ecx, CLUSTER_PORT
    jne     .Lpacket_check_foreign
    cmp     esi, CLOUD_SIZE
    jb      .Lpacket_check_malformed
    cmp     dword ptr [ebx + CLOUD_MAGIC], CLOUD_MAGIC_VALUE
    jne     .Lpacket_check_foreign
    cmp     byte ptr [ebx + CLOUD_VERSION], CLOUD_VERSION_VALUE
    jne     .Lpacket_check_foreign
    mov     eax, edi
    call    ip_is_unicast
    jne     .Lpacket_check_malformed
    call    packet_is_near
    jne     .Lpacket_check_foreign
    call    packet_is_whole
    jc      .Lpacket_check_malformed
    call    packet_makes_sense
    jc      .Lpacket_check_malformed
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    sub     eax, KIND_JOIN
    cmp     eax, KIND_WELCOME - KIND_JOIN
    jbe     .Lpacket_check_invitation
    cmp     eax, KIND_VIEW - KIND_JOIN
    jne     .Lpacket_check_trust
    call    view_is_spare
    je      .Lpacket_check_spare
.Lpacket_check_trust:
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, edi
    call    trust_check
    jc      .Lpacket_check_done
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    sub     eax, KIND_OFFER_KEY
    cmp     eax, KIND_OUTDATED - KIND_OFFER_KEY
    ja      .Lpacket_check_good
    call    rotate_heard                # it goes no further either
    stc
    jmp     .Lpacket_check_done
.Lpacket_check_good:
    clc
    jmp     .Lpacket_check_done
.Lpacket_check_invitation:
    call    invite_heard                # its key is not the cluster's: it goes no further
    stc
    jmp     .Lpacket_check_done
.Lpacket_check_spare:
    COUNT   cloud_spared
    stc
    jmp     .Lpacket_check_done
.Lpacket_check_foreign:
    COUNT   cloud_foreign
    stc
    jmp     .Lpacket_check_done
.Lpacket_check_malformed:
    COUNT   cloud_malformed
    stc
.Lpacket_check_done:
    pop     edi
    pop     ebx
    ret

# Whether a sender is of this LAN: who has no lease yet, or no longer, is.
# In: EDI its address.
# Out: ZF set when so.
# Clobbers: EAX, ECX.
packet_is_near:
    cmp     di, LINK_LOCAL
    je      1f
    mov     ecx, [cluster_netif]
    mov     eax, [ecx + NETIF_ADDRESS]
    cmp     ax, LINK_LOCAL
    je      1f
    xor     eax, edi
    test    eax, [ecx + NETIF_MASK]
1:  ret

# Whether a packet has the size of its kind, and what its kind has is well formed.
# In: EBX packet, ESI bytes.
# Out: CF when not.
packet_is_whole:
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_LAST
    ja      .Lpacket_is_whole_not
    cmp     eax, KIND_VIEW
    je      .Lpacket_is_whole_view
    cmp     eax, KIND_HOLD
    je      .Lpacket_is_whole_hold
    cmp     eax, KIND_VALUES
    je      .Lpacket_is_whole_values
    cmp     eax, KIND_PROMISE
    je      .Lpacket_is_whole_promise
    cmp     eax, KIND_OFFER
    je      .Lpacket_is_whole_offer
    cmp     eax, KIND_EVENTS
    je      .Lpacket_is_whole_events
    cmp     eax, KIND_HISTORY
    je      .Lpacket_is_whole_history
    cmp     eax, KIND_PUSH
    je      .Lpacket_is_whole_push
    movzx   edx, word ptr [kind_sizes + eax*2]
    cmp     esi, edx                    # KIND 0 has no size
    jne     .Lpacket_is_whole_not
    cmp     eax, KIND_CHANGE
    jb      .Lpacket_is_whole_yes
    je      .Lpacket_is_whole_change
    call    report_is_whole
    jc      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_change:
    call    change_is_whole
    jc      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_hold:
    test    esi, 3
    jnz     .Lpacket_is_whole_not
    cmp     esi, CLOUD_HELD + 4
    jb      .Lpacket_is_whole_not
    cmp     esi, CLOUD_HELD_MAXIMUM
    ja      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_values:
    lea     eax, [ebx + CLOUD_REGION]
    lea     ecx, [esi - CLOUD_REGION]
    call    values_valid
    jc      .Lpacket_is_whole_not
    cmp     eax, [ebx + CLOUD_VALUES_DIGEST]
    jne     .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_promise:
    cmp     esi, CLOUD_OFFER            # who has not voted has nothing to offer
    jb      .Lpacket_is_whole_not
    jne     .Lpacket_is_whole_offer
    cmp     dword ptr [ebx + CLOUD_BEFORE], 0
    jne     .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_offer:
    lea     eax, [ebx + CLOUD_OFFER]
    mov     ecx, esi
    sub     ecx, CLOUD_OFFER
    jb      .Lpacket_is_whole_not
    call    values_valid
    jc      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_history:
    cmp     esi, CLOUD_BUCKETS + HISTORY_BUCKETS * 4
    jne     .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_events:
    lea     eax, [ebx + CLOUD_EVENTS]
    lea     ecx, [esi - CLOUD_EVENTS]
    call    events_valid
    jc      .Lpacket_is_whole_not
    cmp     eax, CLOUD_EVENTS_MAXIMUM
    ja      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_push:
    call    push_is_whole
    jc      .Lpacket_is_whole_not
    jmp     .Lpacket_is_whole_yes
.Lpacket_is_whole_view:
    call    view_check
    jc      .Lpacket_is_whole_not
.Lpacket_is_whole_yes:
    clc
    ret
.Lpacket_is_whole_not:
    stc
    ret

# Whether what every packet says is possible: state, founder, era, age, node and name.
# In: EBX packet.
# Out: CF when not.
packet_makes_sense:
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    movzx   edx, byte ptr [kind_states + eax]
    movzx   ecx, byte ptr [ebx + CLOUD_STATE]
    cmp     ecx, STATE_MEMBER
    ja      .Lpacket_makes_sense_not
    bt      edx, ecx
    jnc     .Lpacket_makes_sense_not
    mov     eax, [ebx + CLOUD_FOUNDER]
    or      eax, [ebx + CLOUD_FOUNDER + 4]
    cmp     ecx, STATE_MEMBER           # a member has a founder and an era, a joiner no founder
    je      .Lpacket_makes_sense_member
    test    eax, eax
    jnz     .Lpacket_makes_sense_not
    jmp     .Lpacket_makes_sense_era
.Lpacket_makes_sense_member:
    test    eax, eax
    jz      .Lpacket_makes_sense_not
    cmp     dword ptr [ebx + CLOUD_ERA], 0
    je      .Lpacket_makes_sense_not
.Lpacket_makes_sense_era:
    cmp     dword ptr [ebx + CLOUD_ERA], ERA_MAXIMUM
    ja      .Lpacket_makes_sense_not
    cmp     dword ptr [ebx + CLOUD_AGE], 0
    je      .Lpacket_makes_sense_not
    mov     eax, [ebx + CLOUD_NODE]
    or      eax, [ebx + CLOUD_NODE + 4]
    jz      .Lpacket_makes_sense_not
    lea     eax, [ebx + CLOUD_NAME]
    jmp     name_is_good
.Lpacket_makes_sense_not:
    stc
    ret

# Whether a name is printable, without blanks, and terminated.
# In: EAX name.
# Out: CF when it is not.
# Clobbers: ECX.
.global name_is_good
name_is_good:
    xor     ecx, ecx
1:  mov     dl, [eax + ecx]
    test    dl, dl
    jz      2f                          # CF is clear
    sub     dl, 0x21
    cmp     dl, 0x7E - 0x21
    ja      3f
    inc     ecx
    cmp     ecx, NAME_SIZE
    jb      1b
3:  stc
2:  ret

# Whether the part of a view that other kinds do not have is right.
# In: EBX packet, ESI bytes.
# Out: CF when it is not.
view_check:
    push    esi
    push    edi
    cmp     esi, CLOUD_ENTRIES
    jb      .Lview_check_bad
    cmp     esi, CLOUD_MAXIMUM
    ja      .Lview_check_bad
    cmp     dword ptr [ebx + CLOUD_MEMBERS], 0
    je      .Lview_check_bad
    lea     edi, [ebx + esi]
    lea     esi, [ebx + CLOUD_ENTRIES]
.Lview_check_next:
    cmp     esi, edi
    je      .Lview_check_done           # CF is clear
    lea     eax, [esi + ENTRY_SIZE]
    cmp     eax, edi
    ja      .Lview_check_bad
    mov     eax, [esi + ENTRY_ID]
    or      eax, [esi + ENTRY_ID + 4]
    jz      .Lview_check_bad
    movzx   eax, byte ptr [esi + ENTRY_STATE]
    dec     eax
    cmp     eax, STATE_NAMED - 1
    ja      .Lview_check_bad
    je      .Lview_check_aged           # whose age need not be known
    cmp     dword ptr [esi + ENTRY_AGE], 0
    je      .Lview_check_bad
.Lview_check_aged:
    mov     eax, [esi + ENTRY_ADDRESS]
    call    ip_is_unicast
    jne     .Lview_check_bad
    lea     eax, [esi + ENTRY_NAME]
    call    name_is_good
    jc      .Lview_check_bad
    add     esi, ENTRY_SIZE
    jmp     .Lview_check_next
.Lview_check_bad:
    stc
.Lview_check_done:
    pop     edi
    pop     esi
    ret

.section .rodata
# By kind: size in bytes, and bits of the states in which it may be sent.
JOINING                 = 1 << STATE_JOINING
MEMBER                  = 1 << STATE_MEMBER
kind_sizes:             .word 0, CLOUD_SIZE, 0, CLOUD_SIZE, CLOUD_SIZE
    .word   CLOUD_REQUEST_SIZE, CLOUD_REQUEST_SIZE, CLOUD_SIZE
    .word   0, CLOUD_REQUEST_SIZE, CLOUD_REQUEST_SIZE, 0, CLOUD_REQUEST_SIZE
    .word   CLOUD_JOIN_SIZE, CLOUD_WELCOME_SIZE, 0, 0
    .word   CLOUD_REQUEST_SIZE, 0, 0, CLOUD_REQUEST_SIZE
    .word   CLOUD_OFFER_KEY_SIZE, CLOUD_OFFER_KEY_SIZE, CLOUD_GIVE_SIZE, CLOUD_HAVE_SIZE, CLOUD_SIZE, CLOUD_SIZE
    .word   CLOUD_CHANGE_SIZE, CLOUD_REQUEST_SIZE, CLOUD_UPGRADE_SIZE, CLOUD_WITNESS_SIZE
    .word   0, 0                        # nodes take no KIND_PUSHED
kind_states:            .byte 0, JOINING | MEMBER, MEMBER, MEMBER, JOINING | MEMBER
    .byte   JOINING | MEMBER, JOINING | MEMBER, MEMBER
    .byte   MEMBER, MEMBER, JOINING | MEMBER, MEMBER, MEMBER
    .byte   JOINING | MEMBER, JOINING | MEMBER, MEMBER, MEMBER
    .byte   MEMBER, MEMBER, MEMBER, MEMBER
    .byte   MEMBER, MEMBER, MEMBER, MEMBER, MEMBER, MEMBER
    .byte   JOINING, MEMBER, MEMBER, MEMBER, JOINING, 0
