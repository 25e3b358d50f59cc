# What clusters say of others: each tells those that it is linked with what it has heard of the rest. So all know of
# each other that links lead to (docs/protocols/wide-area.md, "Hearsay"). It is shown, and decides nothing. All routines
# run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"
.include "hearsay.inc"

HOPS                    = 15            # that news go at most
PACE_MS                 = 250           # between two packets to a link
REPEAT_MS               = 240000        # a link is told all so often

.bss
.balign 4
.global fars
fars:                   .space FARS * FAR_SIZE
fars_sessions:          .space LINKS * SESSION_SIZE     # in which each link was told all,
fars_all:               .space LINKS * 4                # at this clock_ms,
fars_last:              .space LINKS * 4                # and of the last packet to it
.global fars_due
fars_due:               .space 4        # bit n: FAR_DUE of an entry may have it
FARS_BYTES              = . - fars

.text

# This node becomes the delegate: nothing is known.
# Clobbers: EAX, ECX, EDX.
.global hearsay_begin
hearsay_begin:
    mov     eax, offset fars
    xor     edx, edx
    mov     ecx, FARS_BYTES
    jmp     mem_set

# Takes a summary in, and notes what others are to be told of it. May sleep.
# In: EBX link, ESI packet.
.global hearsay_summary
hearsay_summary:
    call    summary_take
    cmp     byte ptr [ebx + LINK_TOLD], 1
    jb      9f
    push    esi
    sub     esp, FAR_SIZE
    mov     esi, esp
    lea     eax, [esi + FAR_ID]
    lea     edx, [ebx + LINK_ID]
    mov     ecx, WIDE_ID_SIZE
    call    mem_copy
    lea     eax, [esi + FAR_NAME]
    lea     edx, [ebx + LINK_TOLD]
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     eax, [ebx + LINK_TOLD_REVISION]
    mov     [esi + FAR_REVISION], eax
    mov     ax, [ebx + LINK_TOLD_MEMBERS]
    mov     [esi + FAR_MEMBERS], ax
    mov     ax, [ebx + LINK_TOLD_BUSY]
    mov     [esi + FAR_BUSY], ax
    call    clock_ms
    mov     [esi + FAR_HEARD], eax
    mov     dword ptr [esi + FAR_HOPS], 0
    call    far_take
    add     esp, FAR_SIZE
    pop     esi
9:  ret

# A link says what it has heard of others.
# In: EBX link, ESI packet.
# Clobbers: EAX, ECX, EDX.
.global hearsay_take
hearsay_take:
    push    esi
    push    edi
    mov     edi, [esi + WIDE_FARS]
    lea     eax, [edi - 1]
    cmp     eax, WIDE_FARS_MAXIMUM
    jae     .Lhearsay_take_done
    imul    eax, edi, FAR_SIZE
    add     eax, WIDE_FAR
    cmp     eax, [wide_bytes]
    jne     .Lhearsay_take_done
    add     esi, WIDE_FAR
.Lhearsay_take_next:
    lea     eax, [esi + FAR_ID]
    mov     edx, offset wide_id
    call    session_same                # ids have the size of sessions
    je      .Lhearsay_take_skip
    lea     eax, [esi + FAR_NAME]
    call    name_is_good
    jc      .Lhearsay_take_skip
    cmp     dword ptr [esi + FAR_HEARD], FAR_MS
    ja      .Lhearsay_take_skip
    cmp     byte ptr [esi + FAR_HOPS], HOPS
    jae     .Lhearsay_take_skip
    call    clock_ms
    sub     eax, [esi + FAR_HEARD]
    mov     [esi + FAR_HEARD], eax
    inc     byte ptr [esi + FAR_HOPS]
    call    far_take
.Lhearsay_take_skip:
    add     esi, FAR_SIZE
    dec     edi
    jnz     .Lhearsay_take_next
.Lhearsay_take_done:
    pop     edi
    pop     esi
    ret

# The index of a link.
# In: EBX link.
# Out: EAX.
# Clobbers: ECX, EDX.
.global link_index
link_index:
    call    relay_endpoint
    rol     eax, 8
    dec     eax
    ret

# Tells links what they have not heard yet. May sleep.
# In: EDI now.
# Clobbers: EAX, EBX, ECX, EDX.
.global hearsay_look
hearsay_look:
    push    ebp
    mov     ebx, offset links
    xor     ebp, ebp                    # EBP: its index
1:  call    link_lives                  # not in a free place
    jc      2f
    cmp     dword ptr [ebx + LINK_ADDRESS], 0
    je      2f
    mov     eax, edi
    sub     eax, [fars_last + ebp*4]
    cmp     eax, PACE_MS
    jb      2f
    call    hearsay_again
    btr     [fars_due], ebp
    jnc     2f
    call    hearsay_tell
2:  add     ebx, LINK_SIZE
    inc     ebp
    cmp     ebp, LINKS
    jb      1b
    pop     ebp
    ret

# A link is to be told all when it has another delegate, and from time to time.
# In: EBX link, EBP its index, EDI now.
# Clobbers: EAX, ECX, EDX.
hearsay_again:
    lea     eax, [fars_sessions + ebp*8]
    lea     edx, [ebx + LINK_SESSION]
    call    session_same
    jne     1f
    mov     eax, edi
    sub     eax, [fars_all + ebp*4]
    cmp     eax, REPEAT_MS
    jb      9f
1:  mov     [fars_all + ebp*4], edi
    lea     eax, [fars_sessions + ebp*8]
    lea     edx, [ebx + LINK_SESSION]
    mov     ecx, SESSION_SIZE
    call    mem_copy
    bts     [fars_due], ebp
    mov     edx, offset fars
2:  bts     word ptr [edx + FAR_DUE], bp
    add     edx, FAR_SIZE
    cmp     edx, offset fars + FARS * FAR_SIZE
    jb      2b
9:  ret

# Tells a link what is due, as much as a packet holds: not of itself, and nothing that it has said. May sleep.
# In: EBX link, EBP its index, EDI now.
# Clobbers: EAX, ECX, EDX.
hearsay_tell:
    push    esi
    push    edi
    mov     al, WIDE_HEARSAY
    call    wide_build
    mov     esi, offset wide_out + WIDE_FAR
    mov     edi, offset fars
.Lhearsay_tell_next:
    btr     word ptr [edi + FAR_DUE], bp
    jnc     .Lhearsay_tell_skip
    call    far_lives
    jc      .Lhearsay_tell_skip
    push    eax
    lea     eax, [edi + FAR_ID]
    lea     edx, [ebx + LINK_ID]
    call    session_same
    pop     ecx                         # ECX: age
    je      .Lhearsay_tell_skip
    mov     al, [edi + FAR_BY]
    and     eax, FAR_BY_MASK
    cmp     eax, ebp
    je      .Lhearsay_tell_skip
    push    ecx
    mov     eax, esi
    mov     edx, edi
    mov     ecx, FAR_SIZE
    call    mem_copy
    pop     [esi + FAR_HEARD]
    and     dword ptr [esi + FAR_HOPS], 0xFF
    add     esi, FAR_SIZE
    inc     dword ptr [wide_out + WIDE_FARS]
    cmp     dword ptr [wide_out + WIDE_FARS], WIDE_FARS_MAXIMUM
    jne     .Lhearsay_tell_skip
    bts     [fars_due], ebp             # the rest comes later
    jmp     .Lhearsay_tell_full
.Lhearsay_tell_skip:
    add     edi, FAR_SIZE
    cmp     edi, offset fars + FARS * FAR_SIZE
    jb      .Lhearsay_tell_next
.Lhearsay_tell_full:
    mov     ecx, esi
    sub     ecx, offset wide_out
    pop     edi
    pop     esi
    cmp     dword ptr [wide_out + WIDE_FARS], 0
    je      9f
    mov     [fars_last + ebp*4], edi
    jmp     wide_send_link
9:  ret

# Shows those that are not linked, and who says so.
# Clobbers: EAX, EBX, ECX, EDX.
.global hearsay_show
hearsay_show:
    push    edi
    mov     edi, offset fars
.Lhearsay_show_next:
    call    far_lives
    jc      2f
    cmp     byte ptr [edi + FAR_HOPS], 0
    je      2f
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    movzx   ebx, byte ptr [edi + FAR_BY]
    and     ebx, FAR_BY_MASK
    imul    ebx, ebx, LINK_SIZE
    add     ebx, offset links + LINK_NAME
    movzx   ecx, byte ptr [edi + FAR_HOPS]
    inc     ecx
    push    eax
    push    ebx
    push    ecx
    movzx   ebx, word ptr [edi + FAR_BUSY]
    movzx   ecx, word ptr [edi + FAR_MEMBERS]
    lea     eax, [edi + FAR_NAME]
    PRINTF  "%-15s %7u %4u %5u ", eax, ecx, ebx, [edi+FAR_REVISION]
    pop     ecx
    pop     ebx
    pop     eax
    PRINTF  "%u links away, says %s, heard %u s ago\n", ecx, ebx, eax
2:  add     edi, FAR_SIZE
    cmp     edi, offset fars + FARS * FAR_SIZE
    jb      .Lhearsay_show_next
    pop     edi
    ret
