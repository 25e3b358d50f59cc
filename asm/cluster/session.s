# Which sessions of others are believed, and which of their packets are new. A session that is not known is believed
# when a packet of it names this node's own session, which nobody could know before this boot, and a number of it that
# was not given to a packet before its node was heard last; after that its packets are believed once each. So what a
# node has said in another boot shows nothing. See docs/protocols/cluster.md.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

WINDOW                  = 32            # packets that may come late
RETIRED                 = 256           # past sessions of others that are remembered; a power of 2

.bss
.balign 4
retired:                .space RETIRED * SESSION_SIZE
retired_next:           .space 4        # offset of the place for the next one,
retired_end:            .space 4        # and behind the last that was ever taken

.text

# Whether two sessions are the same.
# In: EAX, EDX sessions.
# Out: ZF when they are.
# Clobbers: ECX only.
.global session_same
session_same:
    mov     ecx, [eax]
    cmp     ecx, [edx]
    jne     9f
    mov     ecx, [eax + 4]
    cmp     ecx, [edx + 4]
9:  ret

# Whether a packet answers this node: names its session.
# In: EAX packet.
# Out: ZF when it does.
# Clobbers: ECX.
.global session_answered
session_answered:
    mov     ecx, [eax + CLOUD_ECHO]
    cmp     ecx, [trust_session]        # which begins with no 0
    ret

# Has the packet that is being built answer a node, if it is known.
# In: EAX id.
# Clobbers: EAX, ECX.
.global session_answer_node
session_answer_node:
    call    peer_known
    jnc     session_answer
    ret

# Has the packet that is being built answer a peer.
# In: EAX peer.
# Clobbers: ECX only.
.global session_answer
session_answer:
    push    eax
    mov     ecx, [eax + PEER_SEQUENCE]
    mov     eax, [eax + PEER_SESSION]
    call    session_echo
    pop     eax
    ret

# Has the packet that is being built answer another one.
# In: EBX packet.
# Clobbers: EAX, ECX only.
.global session_reply
session_reply:
    mov     eax, [ebx + CLOUD_SESSION]
    mov     ecx, [ebx + CLOUD_SEQUENCE]

# Has the packet that is being built name a session, and the highest number of it that was heard.
# In: EAX the session's first half, ECX number.
# Clobbers: nothing.
.global session_echo
session_echo:
    mov     [cluster_out + CLOUD_ECHO], eax
    mov     [cluster_out + CLOUD_ECHO_NUMBER], ecx
    ret

# Whether a packet was made after its sender's last sign of life: as what it answers, or in an entry of a view, it names
# this node's session, and a number of it that was given to a packet since then.
# In: EAX packet, EDX bytes.
# Out: ZF when it was.
.global session_proven
session_proven:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    lea     edi, [eax + edx]
    add     eax, CLOUD_NODE
    call    peer_known
    mov     esi, 0
    jc      1f
    mov     esi, [eax + PEER_SINCE]
1:  mov     eax, ebx
    call    session_answered
    jne     2f
    mov     eax, [ebx + CLOUD_ECHO_NUMBER]
    call    session_since
    je      .Lsession_proven_done
2:  cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    jne     .Lsession_proven_done
    add     ebx, CLOUD_ENTRIES
.Lsession_proven_next:
    cmp     ebx, edi
    jae     .Lsession_proven_not
    lea     eax, [ebx + ENTRY_SESSION]
    mov     edx, offset trust_session
    call    session_same
    jne     3f
    mov     eax, [ebx + ENTRY_SEQUENCE]
    call    session_since
    je      .Lsession_proven_done
3:  add     ebx, ENTRY_SIZE
    jmp     .Lsession_proven_next
.Lsession_proven_not:
    test    esp, esp                    # ZF clear
.Lsession_proven_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a number was given to a packet of this node since another.
# In: EAX number, ESI the other.
# Out: ZF when it was.
# Clobbers: nothing.
session_since:
    cmp     eax, esi
    jbe     8f
    cmp     eax, [trust_sequence]
    ja      8f                          # it is still to come
    cmp     eax, eax
    ret
8:  test    esp, esp                    # ZF clear
    ret

# Whether a packet of a session that is known is new. What is too late to tell counts as old.
# In: EAX peer, EDX packet.
# Out: CF when it is not; it has been counted.
.global session_window
session_window:
    push    ebx
    CHECK_HELD cluster_mutex, "session_window: cluster_mutex is not held"
    mov     ebx, [edx + CLOUD_SEQUENCE]
    mov     ecx, ebx
    sub     ecx, [eax + PEER_SEQUENCE]
    jbe     2f
    mov     [eax + PEER_SEQUENCE], ebx
    cmp     ecx, WINDOW
    jb      1f
    mov     dword ptr [eax + PEER_WINDOW], 1
    clc
    jmp     9f
1:  shl     dword ptr [eax + PEER_WINDOW], cl
    or      dword ptr [eax + PEER_WINDOW], 1
    clc
    jmp     9f
2:  neg     ecx
    cmp     ecx, WINDOW
    jae     8f
    bts     dword ptr [eax + PEER_WINDOW], ecx
    jnc     9f
8:  COUNT   cloud_replayed
    stc
9:  pop     ebx
    ret

# Remembers the session that a peer has had: it has another now, and what was recorded of the old one may still name
# this node's session. A new key is not for the new one: nobody knows whose that is.
# In: EAX peer.
# Clobbers: ECX, EDX only.
.global session_retire
session_retire:
    xor     edx, edx
    mov     [eax + PEER_KEYED], edx     # KEYED_NOT
    mov     [eax + PEER_ENTITLED], edx  # ENTITLED_NOT
    mov     [eax + PEER_SEALED], edx
    mov     edx, [eax + PEER_SESSION]
    or      edx, [eax + PEER_SESSION + 4]
    jz      9f                          # it is new here
    call    spare_forget
    mov     ecx, [retired_next]
    mov     edx, [eax + PEER_SESSION]
    CHECK   ecx, b, RETIRED*SESSION_SIZE, "session_retire: a place beyond the table"
    mov     [retired + ecx], edx
    mov     edx, [eax + PEER_SESSION + 4]
    mov     [retired + ecx + 4], edx
    add     ecx, SESSION_SIZE
    cmp     ecx, [retired_end]
    jbe     1f
    mov     [retired_end], ecx
1:  and     ecx, RETIRED * SESSION_SIZE - 1
    mov     [retired_next], ecx
9:  ret

# Whether a session was that of a peer which has another now.
# In: EDX session.
# Out: ZF when it was.
# Clobbers: EAX, ECX.
.global session_retired
session_retired:
    mov     ecx, [retired_end]
    mov     eax, [edx]
1:  sub     ecx, SESSION_SIZE
    jb      9f                          # ZF is clear
    cmp     eax, [retired + ecx]
    jne     1b
    mov     eax, [edx + 4]
    cmp     eax, [retired + ecx + 4]
    mov     eax, [edx]
    jne     1b
9:  ret

# Takes over a session that is proven. The one before is over.
# In: EAX peer, EDX packet.
.global session_accept
session_accept:
    push    edx
    call    session_retire
    pop     edx
    call    peer_outlived
    mov     ecx, [edx + CLOUD_SESSION]
    mov     [eax + PEER_SESSION], ecx
    mov     ecx, [edx + CLOUD_SESSION + 4]
    mov     [eax + PEER_SESSION + 4], ecx
    mov     dword ptr [eax + PEER_PROVEN], 1
    mov     ecx, [edx + CLOUD_SEQUENCE]
    mov     [eax + PEER_SEQUENCE], ecx
    mov     dword ptr [eax + PEER_WINDOW], -1   # what was said before is too late, as it may be older than our boot
    ret

# This node counts its packets from 1 again.
# Clobbers: ECX only.
.global session_recount
session_recount:
    mov     ecx, [peer_first]
1:  jecxz   9f
    mov     dword ptr [ecx + PEER_SINCE], 0
    mov     ecx, [ecx + PEER_NEXT]
    jmp     1b
9:  mov     [trust_sequence], ecx
    mov     [outside_since], ecx
    ret

# The node takes another key: what was heard under the one before counts for nothing, as whoever has that may have said
# it in anybody's name. All show anew that they speak now, to the session that this node draws. Nor are ages known any
# more: the boots of those that it hears again have not ended.
# Clobbers: EAX, ECX, EDX.
.global session_forget
session_forget:
    xor     ecx, ecx
    mov     [retired_next], ecx
    mov     [retired_end], ecx
    mov     eax, [peer_first]
1:  test    eax, eax
    jz      9f
    call    spare_forget
    xor     ecx, ecx
    mov     [eax + PEER_SESSION], ecx
    mov     [eax + PEER_SESSION + 4], ecx
    mov     [eax + PEER_SEQUENCE], ecx
    mov     [eax + PEER_WINDOW], ecx
    mov     [eax + PEER_AGE], ecx
    mov     [eax + PEER_KNOWN], ecx
    mov     eax, [eax + PEER_NEXT]
    jmp     1b
9:  ret
