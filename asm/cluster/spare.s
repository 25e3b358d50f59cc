# Views that say nothing new. A coordinator's views go to the whole group, while a cluster forms many in a row, and most
# of them say nothing to most who get them. The code of a packet costs a hundred times as much as a look at what it
# says: so such a view is dropped before its code is made. Nothing follows from it, whoever has sent it.
#
# What nobody has looked at more closely was not entered as heard either, and could be sent again by others later, when
# it would say something new. So what its code begins with is kept until the coordinator is heard again.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

CODES                   = 32            # views that are dropped in a row

.bss
.balign 4
spared:                 .space CODES * 4    # what their codes begin with
spared_count:           .space 4
spared_last:            .space 4        # the highest number among them
spared_session:         .space SESSION_SIZE # of their sender

.text

# Whether a view says nothing new to this node.
# In: EBX packet, right in form; ESI its bytes, EDI its sender's address.
# Out: ZF when it says nothing.
# Clobbers: EAX, ECX, EDX.
.global view_is_spare
view_is_spare:
    cmp     dword ptr [coordinator_self], 0 # who coordinates has to hear who else does
    jne     .Lview_is_spare_not
    call    view_is_about_others
    jne     .Lview_is_spare_not
    lea     eax, [ebx + CLOUD_NODE]
    call    peer_known
    jc      .Lview_is_spare_stranger
    push    eax
    add     eax, PEER_SESSION
    lea     edx, [ebx + CLOUD_SESSION]
    call    session_same
    pop     eax
    je      view_is_known
.Lview_is_spare_stranger:
    mov     eax, ebx
    mov     edx, edi
    jmp     stranger_is_asked           # until it has shown that it speaks now nothing is taken over from it
.Lview_is_spare_not:
    test    esp, esp                    # ZF clear
    ret

# Whether a view neither answers this node nor has an entry about it.
# In: EBX packet, ESI its bytes.
# Out: ZF when that is so.
# Clobbers: EAX, ECX, EDX.
view_is_about_others:
    push    edi
    mov     eax, ebx
    call    session_answered
    je      .Lview_is_about_others_not
    mov     edx, offset trust_session
    lea     edi, [ebx + CLOUD_ENTRIES]
.Lview_is_about_others_next:
    mov     eax, edi
    sub     eax, ebx
    cmp     eax, esi
    jae     .Lview_is_about_others_so
    lea     eax, [edi + ENTRY_SESSION]
    call    session_same
    je      .Lview_is_about_others_not
    mov     eax, [edi + ENTRY_ID]
    cmp     eax, [node + NODE_ID]
    jne     .Lview_is_about_others_other
    mov     eax, [edi + ENTRY_ID + 4]
    cmp     eax, [node + NODE_ID + 4]
    je      .Lview_is_about_others_not
.Lview_is_about_others_other:
    add     edi, ENTRY_SIZE
    jmp     .Lview_is_about_others_next
.Lview_is_about_others_not:
    test    esp, esp                    # ZF clear
    pop     edi
    ret
.Lview_is_about_others_so:
    cmp     eax, eax
    pop     edi
    ret

# Whether all is known that a view says whose sender is believed: it comes from the coordinator, one of whose views was
# this node's just now, and its digests are, too. If so it is noted.
# In: EAX peer; else as view_is_spare.
view_is_known:
    push    ebp
    mov     ebp, eax
    mov     ecx, [ebx + CLOUD_SEQUENCE] # one that is late is the window's matter
    cmp     ecx, [ebp + PEER_SEQUENCE]
    jbe     .Lview_is_known_not
    cmp     dword ptr [spared_count], CODES
    jae     .Lview_is_known_not
    mov     eax, ebx
    call    cluster_same
    jne     .Lview_is_known_not
    mov     eax, ebx
    mov     edx, edi
    call    coordinator_is_fresh
    jne     .Lview_is_known_not
    test    byte ptr [ebx + CLOUD_FLAGS], FLAG_ROLL
    jnz     .Lview_is_known_not
    cmp     dword ptr [trust_confirmed], 0
    je      .Lview_is_known_not
    mov     eax, [view_members]
    inc     eax
    cmp     eax, [ebx + CLOUD_MEMBERS]
    jne     .Lview_is_known_not
    call    view_is_of_members
    jne     .Lview_is_known_not
    call    view_own_digest
    cmp     eax, [ebx + CLOUD_DIGEST]
    jne     .Lview_is_known_not
    push    esi                         # cluster_out has what this node says of values and history
    push    edi
    lea     esi, [ebx + CLOUD_VALUES]
    mov     edi, offset cluster_out + CLOUD_VALUES
    mov     ecx, (CLOUD_SIZE - CLOUD_VALUES) / 4
    repe cmpsd
    pop     edi
    pop     esi
    jne     .Lview_is_known_not
    test    byte ptr [ebx + CLOUD_FLAGS], FLAG_HISTORY_KEPT
    jz      .Lview_is_known_session
    mov     eax, [history + HISTORY_DIGEST]
    cmp     eax, [history_confirmed]
    jne     .Lview_is_known_not
.Lview_is_known_session:
    lea     edx, [ebx + CLOUD_SESSION]
    call    spared_begin
    jne     .Lview_is_known_not
    mov     ecx, [spared_count]
    mov     eax, [ebx + CLOUD_CODE]
    mov     [spared + ecx*4], eax
    inc     dword ptr [spared_count]
    mov     eax, [ebx + CLOUD_SEQUENCE]
    cmp     eax, [spared_last]
    jbe     .Lview_is_known_noted
    mov     [spared_last], eax
.Lview_is_known_noted:
    cmp     eax, eax
    pop     ebp
    ret
.Lview_is_known_not:
    test    esp, esp                    # ZF clear
    pop     ebp
    ret

# Whether a view's entries are members, or nodes that shall prove themselves.
# In: EBX packet, ESI its bytes.
# Out: ZF when they are.
# Clobbers: EAX, ECX, EDX.
view_is_of_members:
    lea     ecx, [ebx + CLOUD_ENTRIES]
    lea     edx, [ebx + esi]
1:  cmp     ecx, edx
    jae     2f
    cmp     byte ptr [ecx + ENTRY_STATE], STATE_MEMBER
    je      3f
    cmp     byte ptr [ecx + ENTRY_STATE], STATE_NAMED
    jne     9f
3:  add     ecx, ENTRY_SIZE
    jmp     1b
2:  cmp     eax, eax
9:  ret

# Makes room for what is noted of a sender. As long as something is noted of another, there is none.
# In: EDX session.
# Out: ZF when there is.
# Clobbers: EAX, ECX.
spared_begin:
    mov     eax, offset spared_session
    cmp     dword ptr [spared_count], 0
    jne     session_same
    mov     ecx, [edx]
    mov     [eax], ecx
    mov     ecx, [edx + 4]
    mov     [eax + 4], ecx
    mov     dword ptr [spared_last], 0
    cmp     eax, eax
    ret

# Whether a packet of a session that is known is new: session_window, and none that was dropped as a spare one.
# In: EAX peer, EDX packet; code_given its code.
# Out: CF when it is not; it has been counted. Keeps EAX, EDX.
# Clobbers: ECX.
.global spare_window
spare_window:
    mov     ecx, [spared_count]
    jecxz   .Lspare_window_new
    push    eax
    mov     eax, [code_given]
1:  cmp     eax, [spared + ecx*4 - 4]
    je      2f
    dec     ecx
    jnz     1b
    mov     eax, offset spared_session
    add     edx, CLOUD_SESSION
    call    session_same
    lea     edx, [edx - CLOUD_SESSION]
    pop     eax
    jne     .Lspare_window_new
    mov     ecx, [edx + CLOUD_SEQUENCE]
    cmp     ecx, [spared_last]
    jbe     .Lspare_window_new
    call    session_window
    jc      9f
    mov     dword ptr [eax + PEER_WINDOW], -1   # those that were dropped count as heard
    mov     dword ptr [spared_count], 0
    clc
9:  ret
2:  pop     eax
    COUNT   cloud_replayed
    stc
    ret
.Lspare_window_new:
    jmp     session_window
