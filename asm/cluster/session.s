# Which sessions of others are believed, and which of their packets are new. A session that is not known is believed
# when a packet of it names this node's own session, which nobody could know before this boot; after that its packets
# are believed once each. See docs/protocols/cluster.md.
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

# Whether a packet was made after this node's boot by who says so: it names this node's session, as what it answers or
# in an entry of a view.
# In: EAX packet, EDX bytes.
# Out: ZF when it was.
.global session_proven
session_proven:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    lea     edi, [eax + edx]
    lea     eax, [ebx + CLOUD_ECHO]
    mov     edx, offset trust_session
    call    session_same
    je      .Lsession_proven_done
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VIEW
    jne     .Lsession_proven_done
    lea     esi, [ebx + CLOUD_ENTRIES]
.Lsession_proven_next:
    cmp     esi, edi
    jae     .Lsession_proven_not
    lea     eax, [esi + ENTRY_SESSION]
    mov     edx, offset trust_session
    call    session_same
    je      .Lsession_proven_done
    add     esi, ENTRY_SIZE
    jmp     .Lsession_proven_next
.Lsession_proven_not:
    test    esp, esp                    # ZF clear
.Lsession_proven_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a packet of a session that is known is new. What is too late to tell counts as old.
# In: EAX peer, EDX packet.
# Out: CF when it is not; it has been counted.
.global session_window
session_window:
    push    ebx
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
    mov     dword ptr [eax + PEER_KEYED], KEYED_NOT
    mov     edx, [eax + PEER_SESSION]
    or      edx, [eax + PEER_SESSION + 4]
    jz      9f                          # it is new here
    mov     ecx, [retired_next]
    mov     edx, [eax + PEER_SESSION]
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

# Whether a session that is proven is one of an earlier boot of a member that lives: a recording, of which this node has
# heard nothing when it was said. Its age says so, which grows with each boot, but for machines without a disk. A node
# whose disk was exchanged for an older copy is believed when it has been told its age, or its earlier boot is known to
# be over.
# In: EAX packet.
# Out: CF when it is.
# Clobbers: ECX, EDX only.
.global session_outlived
session_outlived:
    push    ebx
    mov     ebx, eax
    test    byte ptr [ebx + CLOUD_FLAGS], FLAG_DISKLESS
    jnz     9f                          # CF is clear
    add     eax, CLOUD_NODE
    call    peer_known
    cmc
    jnc     9f
    cmp     dword ptr [eax + PEER_VIEWED], 1
    cmc
    jnc     9f
    call    peer_age
    cmp     [ebx + CLOUD_AGE], ecx
9:  mov     eax, ebx
    pop     ebx
    ret

# Takes over a session that is proven. The one before is over, unless the age of this one is lower: that might be a
# recording, and then who has been away is still to be believed.
# In: EAX peer, EDX packet.
.global session_accept
session_accept:
    call    peer_age
    cmp     [edx + CLOUD_AGE], ecx
    jb      1f
    push    edx
    call    session_retire
    pop     edx
1:  mov     dword ptr [eax + PEER_KEYED], KEYED_NOT
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
