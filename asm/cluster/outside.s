# Changes that somebody asks for who is no member and will not be one, as the observer of a host (src/cloud) is. It has
# no vote and cannot propose: whoever sends what only members send has a place in the view and in the ring. So it asks a
# member, which proposes the change as its own and answers what became of it. A service address that is to be moved is
# asked for at its holder. See docs/protocols/cluster-values.md, "Asked for from outside".
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

RECENT                  = 256           # whoever asks names one of so many latest packets of this node

# What became of a change.
CHANGE_COUNTS           = 0
CHANGE_REFUSED          = 1             # it is not in order
CHANGE_FULL             = 2             # there is no room for it
CHANGE_BUSY             = 3             # this node proposes something else
CHANGE_OTHER            = 4             # the values are not those that the asker knows
CHANGE_FEW              = 5             # no majority has answered
CHANGE_WAITS            = 255           # nothing yet

.bss
.balign 4
.global outside_since
outside_since:          .space 4        # this node's packets up to this one prove nothing to outside_heard any more
outside_asked:          .space CLOUD_SIZE   # header of the packet that asked last; zeros: none has
outside_from:           .space 4        # its sender's address
outside_result:         .space 4        # CHANGE_*
outside_counts:         .space 4        # CLOUD_ANSWERS

.text

# Whether what a change says is well formed.
# In: EBX packet of KIND_CHANGE.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
.global change_is_whole
change_is_whole:
    cmp     dword ptr [ebx + CLOUD_REMOVES], 1
    ja      8f
    cmp     byte ptr [ebx + CLOUD_VALUE_NAME], 0
    je      8f
    lea     eax, [ebx + CLOUD_VALUE_NAME]
    call    name_is_good
    jc      9f
    push    esi
    push    edi
    lea     esi, [ebx + CLOUD_VALUE]
    lea     edi, [ebx + CLOUD_CHANGE_SIZE]
    mov     edx, VALUE_SIZE
    mov     cl, 0x20
    call    values_word
    pop     edi
    pop     esi
    ret
8:  stc
9:  ret

# Takes in a packet of a node that joins, has proved that it speaks now, and may be an observer. May sleep.
# In: EBX packet, EDI sender's address, ESI bytes.
# Out: ZF when it was about a change, a service address that is to be moved, or a module.
.global outside_heard
outside_heard:
    movzx   eax, byte ptr [ebx + CLOUD_KIND]
    cmp     eax, KIND_MOVE
    je      .Loutside_heard_ours
    cmp     eax, KIND_PUSH
    je      .Loutside_heard_ours
    cmp     eax, KIND_CHANGE
    jne     .Loutside_heard_done
.Loutside_heard_ours:
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Loutside_heard_over
    cmp     eax, KIND_MOVE
    je      .Loutside_heard_move
    cmp     eax, KIND_PUSH
    je      .Loutside_heard_push
    call    outside_is_repeated
    je      .Loutside_heard_again
    call    outside_is_new
    jc      .Loutside_heard_over
    call    outside_propose
    jmp     .Loutside_heard_over
.Loutside_heard_again:
    call    outside_answer
    jmp     .Loutside_heard_over
.Loutside_heard_push:
    call    push_heard
    jmp     .Loutside_heard_over
.Loutside_heard_move:
    call    outside_is_new
    jc      .Loutside_heard_over
    mov     eax, ebx
    call    holder_asked
.Loutside_heard_over:
    cmp     eax, eax
.Loutside_heard_done:
    ret

# Whether this was asked last, too: the answer may have been lost.
# In: EBX packet.
# Out: ZF when it was.
# Clobbers: EAX, ECX, EDX.
outside_is_repeated:
    lea     eax, [ebx + CLOUD_SESSION]
    mov     edx, offset outside_asked + CLOUD_SESSION
    call    session_same
    jne     9f
    mov     eax, [ebx + CLOUD_REQUEST]
    cmp     eax, [outside_asked + CLOUD_REQUEST]
9:  ret

# Whether nobody can have recorded a packet that counted, nor kept one back for long: it names one of this node's latest
# packets, and a later one than what counted last.
# In: EBX packet.
# Out: CF when not; it has been counted.
# Clobbers: EAX, ECX.
.global outside_is_new
outside_is_new:
    mov     ecx, [ebx + CLOUD_ECHO_NUMBER]
    mov     eax, [trust_sequence]
    cmp     ecx, [outside_since]
    jbe     8f
    sub     eax, ecx
    cmp     eax, RECENT
    jae     8f
    mov     eax, [trust_sequence]
    mov     [outside_since], eax
    clc
    ret
8:  COUNT   cloud_replayed
    stc
    ret

# Proposes what is asked for, if its asker knows the values that it changes. May sleep.
# In: EBX packet, EDI sender's address.
outside_propose:
    push    esi
    mov     eax, CHANGE_BUSY
    cmp     dword ptr [outside_result], CHANGE_WAITS
    je      .Loutside_propose_done      # whoever asks now will ask again
    mov     eax, offset outside_asked
    mov     edx, ebx
    mov     ecx, CLOUD_SIZE
    call    mem_copy
    mov     [outside_from], edi
    mov     dword ptr [outside_counts], 0
    mov     dword ptr [outside_result], CHANGE_OTHER
    mov     eax, [ebx + CLOUD_VALUES]
    cmp     eax, [values + VALUES_NUMBER]
    jne     .Loutside_propose_answer
    mov     eax, [ebx + CLOUD_VALUES_DIGEST]
    cmp     eax, [values + VALUES_DIGEST]
    jne     .Loutside_propose_answer
    mov     dword ptr [outside_result], CHANGE_WAITS
    lea     eax, [ebx + CLOUD_VALUE_NAME]
    xor     edx, edx
    cmp     [ebx + CLOUD_REMOVES], edx
    jne     1f
    lea     edx, [ebx + CLOUD_VALUE]
1:  call    proposal_begin              # what counts already has been answered when this returns
    jnc     .Loutside_propose_done
    mov     esi, CHANGE_BUSY
    cmp     eax, ERROR_BUSY
    je      2f
    mov     esi, CHANGE_FULL
    cmp     eax, ERROR_NO_SPACE
    je      2f
    mov     esi, CHANGE_REFUSED
2:  mov     [outside_result], esi
.Loutside_propose_answer:
    call    outside_answer
.Loutside_propose_done:
    pop     esi
    ret

# A proposal of this node is over: if it was somebody's from outside, that hears what became of it. May sleep.
# In: EBX what, as in proposal_result.
# Clobbers: EAX, ECX, EDX.
.global outside_ended
outside_ended:
    cmp     dword ptr [outside_result], CHANGE_WAITS
    jne     .Loutside_answer_done
    mov     eax, [proposal_asked]
    shl     eax, 16
    mov     ax, [proposal_answers]
    mov     [outside_counts], eax
    xor     eax, eax                    # CHANGE_COUNTS
    cmp     ebx, 1
    je      1f
    mov     eax, CHANGE_FEW
1:  mov     [outside_result], eax

# Says what became of what was asked for last, if that is known. May sleep.
# Clobbers: EAX, ECX, EDX.
outside_answer:
    cmp     dword ptr [outside_result], CHANGE_WAITS
    je      .Loutside_answer_done
    push    ebx
    mov     ebx, offset outside_asked
    mov     eax, KIND_CHANGED
    call    packet_answer
    mov     eax, [outside_result]
    mov     [edx + CLOUD_RESULT], eax
    mov     eax, [outside_counts]
    mov     [edx + CLOUD_ANSWERS], eax
    mov     edx, [outside_from]
    mov     ecx, CLOUD_REQUEST_SIZE
    call    packet_send_to
    pop     ebx
.Loutside_answer_done:
    ret
