# Members of one name: one of them takes another, NAME-2 or a higher number, until its next boot. Nobody tells it to:
# each sees by the view whether it has the stronger claim, and the weaker the claim the sooner it gives way. So one has
# done so before the other would (docs/protocols/cluster.md, "Names"). All routines run with the cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"
.include "names.inc"

LOOK_MS                 = 250
FIRM_MS                 = 3000          # a claim is firm when this node has had the name in its cluster for so long
MOST_RENAMES            = 8             # of a name that a boot or a person gave: members who lie do not go on for ever
MOST_NUMBERS            = 64            # that are tried
SUFFIX_SIZE             = 8             # `-65535`

.section .rodata
.balign 4
# After how long a node gives way, by its claim: 1 when an elder node has the name, and 2 when it is firm.
yields_ms:              .long 3000, 500, -1, 10000

.bss
.balign 4
claim_life:             .space 4        # era and founder, added up, of the cluster in which the name is claimed,
claim_since:            .space 4        # clock_ms from which it is,
claim_firm:             .space 4        # 1: for long,
claim_name:             .space HOSTNAME_SIZE
namesake_id:            .space NODE_ID_SIZE # of the eldest other member that has the name, or zeros;
namesake_since:         .space 4        # clock_ms when it was seen,
namesake_firm:          .space 4        # claim_firm then
own_rank:               .space ENTRY_AGE + 4    # this node's id and age, as in an entry
looked_at:              .space 4
renames:                .space 4
name_before:            .space HOSTNAME_SIZE    # the name that was given up,
name_instead:           .space HOSTNAME_SIZE    # and the one in its place

.section .bss.kept, "aw", @nobits
.balign 4
.global name_moved
name_moved:             .space 4        # 1: this kernel has moved here, and its name is as firm as it was

.text

# Looks whether another member has this node's name. May sleep.
# In: EAX now.
# Out: EAX milliseconds until the next look.
.global namesake_look
namesake_look:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Lnamesake_look_nobody
    call    agreement_speaks
    jne     .Lnamesake_look_nobody
    call    claim_look
    mov     eax, esi
    sub     eax, [looked_at]
    cmp     eax, LOOK_MS
    jb      .Lnamesake_look_done
    mov     [looked_at], esi
    call    namesake_find
    test    edi, edi
    jz      .Lnamesake_look_nobody
    lea     eax, [edi + PEER_ID]
    mov     edx, offset namesake_id
    call    session_same                # ids have the size of sessions
    je      1f
    mov     eax, [edi + PEER_ID]
    mov     [namesake_id], eax
    mov     eax, [edi + PEER_ID + 4]
    mov     [namesake_id + 4], eax
    mov     [namesake_since], esi
    mov     eax, [claim_firm]
    mov     [namesake_firm], eax
1:  mov     ecx, [namesake_firm]
    cmp     ebp, 1
    cmc
    adc     ecx, ecx
    mov     eax, esi
    sub     eax, [namesake_since]
    cmp     eax, [yields_ms + ecx*4]
    jb      .Lnamesake_look_done
    call    namesake_yield
    jmp     .Lnamesake_look_done
.Lnamesake_look_nobody:
    xor     eax, eax
    mov     [namesake_id], eax
    mov     [namesake_id + 4], eax
.Lnamesake_look_done:
    mov     eax, LOOK_MS
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks since when this node has its name in its cluster.
# In: ESI now.
# Clobbers: EAX, ECX, EDX.
claim_look:
    mov     ecx, [node + NODE_ERA]
    add     ecx, [node + NODE_FOUNDER]
    add     ecx, [node + NODE_FOUNDER + 4]
    mov     eax, offset hostname
    mov     edx, offset claim_name
    call    string_compare
    jne     .Lclaim_look_renamed
    cmp     ecx, [claim_life]
    jne     .Lclaim_look_anew
    mov     eax, esi
    sub     eax, [claim_since]
    cmp     eax, FIRM_MS
    jb      9f
    mov     dword ptr [claim_firm], 1
9:  ret
.Lclaim_look_renamed:
    mov     eax, offset hostname
    mov     edx, offset name_instead
    call    string_compare
    je      .Lclaim_look_anew
    mov     dword ptr [renames], 0      # a boot, the network or a person has given it
.Lclaim_look_anew:
    mov     [claim_life], ecx
    mov     [claim_since], esi
    xor     eax, eax
    mov     [namesake_id], eax
    mov     [namesake_id + 4], eax
    xchg    eax, [name_moved]
    mov     [claim_firm], eax
    mov     eax, offset claim_name
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    jmp     string_copy

# Finds the eldest other member that has this node's name.
# Out: EDI peer, or 0; EBP how many of them are elder than this node.
# Clobbers: EAX, EBX, ECX, EDX.
namesake_find:
    mov     eax, [node + NODE_ID]
    mov     [own_rank + ENTRY_ID], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [own_rank + ENTRY_ID + 4], eax
    mov     eax, [node + NODE_AGE]
    mov     [own_rank + ENTRY_AGE], eax
    xor     edi, edi
    xor     ebp, ebp
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      9f
    mov     eax, offset hostname
    call    peer_is_called
    jne     3f
    lea     eax, [ebx + PEER_ID]
    mov     edx, offset own_rank
    call    entry_is_elder
    adc     ebp, 0
    test    edi, edi
    jz      2f
    lea     eax, [ebx + PEER_ID]
    lea     edx, [edi + PEER_ID]
    call    entry_is_elder
    jnc     3f
2:  mov     edi, ebx
3:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
9:  ret

# Whether a peer is a member of this name.
# In: EBX peer, EAX name.
# Out: ZF when it is.
# Clobbers: EAX, EDX.
peer_is_called:
    cmp     dword ptr [ebx + PEER_VIEWED], 1
    jne     9f
    lea     edx, [ebx + PEER_NAME]
    call    string_compare
9:  ret

# Which of two nodes is the elder: by their ages, else the one with the lower id.
# In: EAX, EDX entries, or PEER_ID of peers.
# Out: CF when it is the one at EAX.
# Clobbers: ECX.
entry_is_elder:
    mov     ecx, [edx + ENTRY_AGE]
    cmp     ecx, [eax + ENTRY_AGE]
    je      node_id_compare
    ret

# Takes another name: that of before with the first number that is free, from this node's place among those who have
# the name on, so that they take different ones at once. May sleep.
# In: EDI who has it too, EBP how many of them are elder.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EBP.
namesake_yield:
    cmp     dword ptr [renames], MOST_RENAMES
    ja      .Lnamesake_yield_done
    je      .Lnamesake_yield_not
    mov     eax, offset hostname
    mov     edx, offset name_instead
    call    string_compare
    je      1f
    mov     eax, offset name_before
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
1:  mov     esi, MOST_NUMBERS
    cmp     ebp, 1
    adc     ebp, 0                      # the first is NAME-2
.Lnamesake_yield_number:
    inc     ebp
    dec     esi
    js      .Lnamesake_yield_not
    call    name_write
    mov     ebx, [peer_first]
2:  test    ebx, ebx
    jz      3f
    mov     eax, offset name_instead
    call    peer_is_called
    je      .Lnamesake_yield_number
    mov     ebx, [ebx + PEER_NEXT]
    jmp     2b
3:  mov     eax, offset name_instead
    call    hostname_set
    jc      .Lnamesake_yield_not        # what is left of a long name may be none
    inc     dword ptr [renames]
    mov     eax, offset claim_name
    mov     edx, offset hostname
    PRINTF  "cluster: the member at %I is called %s too; this node is %s until its next boot\n", [edi+PEER_ADDRESS], eax, edx
    call    name_remember               # nothing of it is saved
    call    history_note_renamed
    jmp     coordinator_report_now
.Lnamesake_yield_not:
    mov     dword ptr [renames], MOST_RENAMES + 1
    mov     eax, offset hostname
    PRINTF  "cluster: the member at %I is called %s too; this node keeps the name (hostname NAME)\n", [edi+PEER_ADDRESS], eax
.Lnamesake_yield_done:
    ret

# Writes the name of before with a number. What has no room of the name is left out, and signs that would be at its end.
# In: EBP number, EDI passed through.
# Out: name_instead.
# Clobbers: EAX, EBX, ECX, EDX.
name_write:
    sub     esp, SUFFIX_SIZE
    mov     ebx, esp
    SNPRINTF ebx, SUFFIX_SIZE, "-%u", ebp
    mov     ecx, HOSTNAME_SIZE
    sub     ecx, eax
    mov     eax, offset name_instead
    mov     edx, offset name_before
    call    string_copy
1:  lea     edx, [name_instead + eax]
    dec     eax
    jz      2f
    cmp     byte ptr [edx - 1], '-'
    je      1b
    cmp     byte ptr [edx - 1], '.'
    je      1b
2:  mov     eax, edx
    mov     edx, ebx
    mov     ecx, SUFFIX_SIZE
    call    string_copy
    add     esp, SUFFIX_SIZE
    ret

# Whether a name that this machine is given anew is the one that it gave up.
# In: EAX name.
# Out: ZF when it is.
# Clobbers: EAX, EDX.
.global namesake_gave_up
namesake_gave_up:
    mov     edx, offset name_before
    call    string_compare
    jne     9f
    mov     eax, offset hostname
    mov     edx, offset name_instead
    call    string_compare
9:  ret
