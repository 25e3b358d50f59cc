# Views that say nothing new. A coordinator's views go to the whole group, while a cluster forms many in a row, and most
# of them say nothing to most who get them. The code of a packet costs a hundred times as much as a look at what it
# says: so such a view is dropped before its code is made. Nothing follows from it, whoever has sent it.
#
# What nobody has looked at more closely was not entered as heard either, and could be sent again by others later, when
# it would say something new. So what its code begins with is kept until the coordinator is heard again, or has another
# session: the one before is not believed any more (session.s). A coordinator that died, or gave the role up, may be
# silent for long, so there is room for what was dropped of several.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

CODES                   = 32            # views that are dropped in a row
SPARERS                 = 4             # coordinators of which something is kept
AHEAD                   = 1024          # numbers: a forged one further on would be waited for too long

# What was dropped of a coordinator.
SPARED_SESSION          = 0             # SESSION_SIZE bytes
SPARED_LAST             = 8             # the highest number
SPARED_COUNT            = 12            # 0: the place is free
SPARED_CODES            = 16            # CODES dwords: what their codes begin with
SPARED_SIZE             = SPARED_CODES + CODES * 4

.bss
.balign 4
spared:                 .space SPARERS * SPARED_SIZE

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
    sub     ecx, [ebp + PEER_SEQUENCE]
    jbe     .Lview_is_known_not
    cmp     ecx, AHEAD
    ja      .Lview_is_known_not
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
    mov     ax, [ebx + CLOUD_TOLD]      # upgrades are in no digest
    cmp     ax, [ebp + PEER_REPORT + REPORT_TOLD]
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
    call    spared_place
    jne     .Lview_is_known_not
    mov     eax, [ecx + SPARED_COUNT]
    cmp     eax, CODES
    jae     .Lview_is_known_not
    mov     edx, [ebx + CLOUD_CODE]
    mov     [ecx + eax*4 + SPARED_CODES], edx
    inc     dword ptr [ecx + SPARED_COUNT]
    CHECK   "dword ptr [ecx+SPARED_COUNT]", be, CODES, "view_is_known: more codes than are kept"
    mov     eax, [ebx + CLOUD_SEQUENCE]
    cmp     eax, [ecx + SPARED_LAST]
    jbe     .Lview_is_known_noted
    mov     [ecx + SPARED_LAST], eax
.Lview_is_known_noted:
    cmp     eax, eax
    pop     ebp
    ret
.Lview_is_known_not:
    test    esp, esp                    # ZF clear
    pop     ebp
    ret

# Whether a view's entries are members whose upgrade is as was told last, or nodes that shall prove themselves.
# In: EBX packet, ESI its bytes.
# Out: ZF when they are.
# Clobbers: EAX, ECX, EDX.
view_is_of_members:
    push    edi
    lea     edi, [ebx + CLOUD_ENTRIES]
.Lview_is_of_members_next:
    lea     edx, [ebx + esi]
    cmp     edi, edx
    jae     .Lview_is_of_members_all
    cmp     byte ptr [edi + ENTRY_STATE], STATE_NAMED
    je      1f
    cmp     byte ptr [edi + ENTRY_STATE], STATE_MEMBER
    jne     9f
    mov     eax, edi
    call    peer_known
    jc      .Lview_is_of_members_unknown
    mov     cx, [edi + ENTRY_UPGRADE]
    cmp     cx, [eax + PEER_REPORT + REPORT_TOLD]
    jne     9f
1:  add     edi, ENTRY_SIZE
    jmp     .Lview_is_of_members_next
.Lview_is_of_members_all:
    cmp     eax, eax
    jmp     9f
.Lview_is_of_members_unknown:
    test    esp, esp                    # ZF clear
9:  pop     edi
    ret

# Finds the place of a coordinator, or a free one for it.
# In: EDX its session.
# Out: ECX place; ZF when there is one.
# Clobbers: EAX.
spared_place:
    push    ebx
    push    esi
    xor     ebx, ebx                    # EBX: a free place
    mov     esi, offset spared
.Lspared_place_next:
    cmp     dword ptr [esi + SPARED_COUNT], 0
    jne     1f
    mov     ebx, esi
    jmp     2f
1:  lea     eax, [esi + SPARED_SESSION]
    call    session_same
    je      .Lspared_place_found
2:  add     esi, SPARED_SIZE
    cmp     esi, offset spared + SPARERS * SPARED_SIZE
    jb      .Lspared_place_next
    test    ebx, ebx
    jz      .Lspared_place_none
    mov     esi, ebx
    mov     eax, [edx]
    mov     [esi + SPARED_SESSION], eax
    mov     eax, [edx + 4]
    mov     [esi + SPARED_SESSION + 4], eax
    mov     dword ptr [esi + SPARED_LAST], 0
    cmp     eax, eax
.Lspared_place_found:
    mov     ecx, esi
    pop     esi
    pop     ebx
    ret
.Lspared_place_none:
    test    esp, esp                    # ZF clear
    jmp     .Lspared_place_found

# A session is over, and nothing that was said in it is believed any more: what was dropped of it need not be known.
# In: EAX peer that had it.
# Clobbers: ECX, EDX.
.global spare_forget
spare_forget:
    push    esi
    add     eax, PEER_SESSION
    mov     esi, offset spared
1:  lea     edx, [esi + SPARED_SESSION]
    call    session_same
    jne     2f
    mov     dword ptr [esi + SPARED_COUNT], 0
2:  add     esi, SPARED_SIZE
    cmp     esi, offset spared + SPARERS * SPARED_SIZE
    jb      1b
    sub     eax, PEER_SESSION
    pop     esi
    ret

# Whether a packet of a session that is known is new: session_window, and none that was dropped as a spare one.
# In: EAX peer, EDX packet; code_given its code.
# Out: CF when it is not; it has been counted. Keeps EAX, EDX.
# Clobbers: ECX.
.global spare_window
spare_window:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    xor     ebx, ebx                    # EBX: place of its sender
    mov     esi, offset spared
.Lspare_window_next:
    mov     ecx, [esi + SPARED_COUNT]
    jecxz   .Lspare_window_other
    mov     eax, [code_given]
1:  cmp     eax, [esi + ecx*4 + SPARED_CODES - 4]
    je      .Lspare_window_heard
    dec     ecx
    jnz     1b
    lea     eax, [esi + SPARED_SESSION]
    add     edx, CLOUD_SESSION
    call    session_same
    lea     edx, [edx - CLOUD_SESSION]
    jne     .Lspare_window_other
    mov     ebx, esi
.Lspare_window_other:
    add     esi, SPARED_SIZE
    cmp     esi, offset spared + SPARERS * SPARED_SIZE
    jb      .Lspare_window_next
    mov     eax, edi
    call    session_window
    jc      .Lspare_window_done
    test    ebx, ebx                    # clears CF
    jz      .Lspare_window_done
    mov     ecx, [edx + CLOUD_SEQUENCE]
    cmp     [ebx + SPARED_LAST], ecx
    jae     .Lspare_window_done         # CF is clear
    mov     dword ptr [eax + PEER_WINDOW], -1   # those that were dropped count as heard
    mov     dword ptr [ebx + SPARED_COUNT], 0
    clc
.Lspare_window_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lspare_window_heard:
    mov     eax, edi
    COUNT   cloud_replayed
    stc
    jmp     .Lspare_window_done
