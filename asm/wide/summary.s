# What a cluster says of itself to those that it is linked with: a summary every ten seconds, the list of its members
# when one asks. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

ASK_MS                  = 2000          # how often details are asked for
AGAIN_MS                = 3000          # from one summary to the next, when the first may be lost

.text

# A summary is due at once.
# In: EBX link.
# Clobbers: EAX, ECX.
.global summary_due
summary_due:
    call    clock_ms
    sub     eax, WIDE_RELAYED_REST_MS
    mov     [ebx + LINK_SENT], eax
    mov     dword ptr [ebx + LINK_STOOD], 1
    ret

# A summary may have been lost: another one is due, unless one went just now, whatever a link says all the time.
# In: EBX link.
# Clobbers: EAX, ECX.
.global summary_again
summary_again:
    call    clock_ms
    sub     eax, [ebx + LINK_SENT]
    cmp     eax, AGAIN_MS
    jae     summary_due
    ret

# Sends a link this cluster's summary. May sleep.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
.global summary_send
summary_send:
    call    summary_digest
    push    eax
    mov     al, WIDE_SUMMARY
    call    wide_build
    pop     eax
    mov     [wide_out + WIDE_DIGEST], eax
    mov     [ebx + LINK_SAID], eax
    mov     eax, offset wide_out + WIDE_NAME
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, [boot_info + bi_revision]
    mov     [wide_out + WIDE_REVISION], eax
    mov     eax, [node_busy]
    mov     [wide_out + WIDE_BUSY], eax
    mov     dword ptr [wide_out + WIDE_MEMBERS], 1
    mov     edx, [peer_first]
1:  test    edx, edx
    jz      3f
    cmp     dword ptr [edx + PEER_VIEWED], 0
    je      2f
    inc     dword ptr [wide_out + WIDE_MEMBERS]
    test    byte ptr [edx + PEER_FLAGS], FLAG_BUSY
    jz      2f
    inc     dword ptr [wide_out + WIDE_BUSY]
2:  mov     edx, [edx + PEER_NEXT]
    jmp     1b
3:  call    public_door
    mov     [wide_out + WIDE_DOOR], eax
    mov     [wide_out + WIDE_DOOR_PORT], edx
    mov     [wide_out + WIDE_DOOR_CALLED], ecx
    call    offer_news
    mov     [wide_out + WIDE_NEWS], eax
    mov     ecx, WIDE_SUMMARY_SIZE
    jmp     wide_send_link

# The digest of this cluster's list.
# Out: EAX digest, not 0.
# Clobbers: ECX, EDX.
.global summary_digest
summary_digest:
    call    view_own_digest
    cmp     eax, 1
    adc     eax, 0
    ret

# Takes a summary in. May sleep.
# In: EBX link, ESI packet.
.global summary_take
summary_take:
    lea     eax, [esi + WIDE_NAME]
    call    name_is_good
    jnc     1f
    ret
1:  lea     eax, [ebx + LINK_TOLD]
    lea     edx, [esi + WIDE_NAME]
    mov     ecx, LINK_TOLD_BYTES
    call    mem_copy
    call    link_probe

# Asks for the list of a link's members when it is another one than is known, and the time has come. May sleep.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
.global details_look
details_look:
    mov     eax, [ebx + LINK_LISTED_ABOUT]
    cmp     eax, [ebx + LINK_LISTED]
    je      1f
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [ebx + LINK_ASKED]
    cmp     ecx, ASK_MS
    jae     2f
1:  ret
2:  mov     [ebx + LINK_ASKED], eax
    xor     eax, eax
    mov     [ebx + LINK_COUNT], eax
    mov     [ebx + LINK_LISTED], eax    # it may change back before the other one comes

# Asks for the next members. May sleep.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
details_ask:
    mov     al, WIDE_ASK
    call    wide_build
    mov     eax, [ebx + LINK_LISTED_ABOUT]
    mov     [ebx + LINK_ABOUT], eax
    mov     [wide_out + WIDE_ABOUT], eax
    mov     eax, [ebx + LINK_COUNT]
    mov     [wide_out + WIDE_FIRST], eax
    mov     ecx, WIDE_WISH_SIZE
    jmp     wide_send_link

# A link asks for members of this cluster. Who asks for a list that is another one now gets a summary. May sleep.
# In: EBX link, ESI packet.
.global details_asked
details_asked:
    call    link_asks
    jne     .Ldetails_asked_done
    call    summary_digest
    cmp     eax, [esi + WIDE_ABOUT]
    jne     summary_send
    push    edi
    push    ebp
    push    eax
    mov     al, WIDE_DETAILS
    call    wide_build
    pop     [wide_out + WIDE_ABOUT]
    mov     ebp, [esi + WIDE_FIRST]     # EBP: members that are still to be passed over
    mov     [wide_out + WIDE_FIRST], ebp
    mov     edi, offset wide_out + WIDE_ENTRIES
    mov     eax, offset node + NODE_ID
    mov     edx, offset hostname
    mov     ecx, [node_busy]
    push    [boot_info + bi_revision]
    call    details_put
    push    esi
    mov     esi, [peer_first]
1:  test    esi, esi
    jz      3f
    cmp     dword ptr [esi + PEER_VIEWED], 0
    je      2f
    lea     eax, [esi + PEER_ID]
    lea     edx, [esi + PEER_NAME]
    xor     ecx, ecx
    test    byte ptr [esi + PEER_FLAGS], FLAG_BUSY
    setnz   cl
    push    [esi + PEER_REVISION]
    call    details_put
2:  mov     esi, [esi + PEER_NEXT]
    jmp     1b
3:  pop     esi
    mov     ecx, edi
    sub     ecx, offset wide_out
    pop     ebp
    pop     edi
    cmp     dword ptr [wide_out + WIDE_COUNT], 0
    jne     wide_send_link
.Ldetails_asked_done:
    ret

# Puts a member into the packet, if it is one of those that were asked for, and there is room.
# In: EAX id, EDX name, ECX 1 when it is busy; on the stack, removed here: its kernel's revision. EBP members that are
# still to be passed over, EDI where its entry goes.
# Out: EBP, EDI.
# Clobbers: EAX, ECX, EDX.
details_put:
    sub     ebp, 1
    jnc     8f
    xor     ebp, ebp
    cmp     dword ptr [wide_out + WIDE_COUNT], WIDE_ENTRIES_MAXIMUM
    jae     8f
    inc     dword ptr [wide_out + WIDE_COUNT]
    CHECK   edi, be, "offset wide_out + WIDE_MAXIMUM - MEMBER_SIZE", "details_put: more members than the packet holds"
    mov     [edi + MEMBER_BUSY], ecx
    mov     ecx, [eax]
    mov     [edi + MEMBER_ID], ecx
    mov     ecx, [eax + 4]
    mov     [edi + MEMBER_ID + 4], ecx
    mov     ecx, [esp + 4]
    mov     [edi + MEMBER_REVISION], ecx
    lea     eax, [edi + MEMBER_NAME]
    mov     ecx, NAME_SIZE
    call    string_copy
    add     edi, MEMBER_SIZE
8:  ret     4

# A link tells of its members. May sleep.
# In: EBX link, ESI packet.
.global details_take
details_take:
    push    edi
    mov     ecx, [esi + WIDE_COUNT]
    cmp     ecx, WIDE_ENTRIES_MAXIMUM
    ja      .Ldetails_take_done
    imul    eax, ecx, MEMBER_SIZE
    add     eax, WIDE_ENTRIES
    cmp     eax, [wide_bytes]
    jne     .Ldetails_take_done
    mov     eax, [esi + WIDE_FIRST]
    cmp     eax, [ebx + LINK_COUNT]
    jne     .Ldetails_take_done         # not what was asked for
    mov     eax, [esi + WIDE_ABOUT]
    cmp     eax, [ebx + LINK_ABOUT]
    jne     .Ldetails_take_done
    push    esi
    add     esi, WIDE_ENTRIES
    mov     edi, ecx
1:  lea     eax, [esi + MEMBER_NAME]
    call    name_is_good
    jc      2f
    mov     eax, [ebx + LINK_COUNT]
    cmp     eax, LINK_MEMBERS_MAXIMUM
    jae     2f
    inc     dword ptr [ebx + LINK_COUNT]
    imul    eax, eax, MEMBER_SIZE
    lea     eax, [ebx + eax + LINK_MEMBERS]
    mov     edx, esi
    mov     ecx, MEMBER_SIZE
    call    mem_copy
    add     esi, MEMBER_SIZE
    dec     edi
    jnz     1b
2:  pop     esi
    mov     eax, [ebx + LINK_COUNT]
    cmp     eax, LINK_MEMBERS_MAXIMUM
    jae     .Ldetails_take_whole
    cmp     eax, [ebx + LINK_TOLD_MEMBERS]
    jae     .Ldetails_take_whole
    test    edi, edi
    jnz     .Ldetails_take_done         # a name is none: it is asked again, later
    mov     eax, [ebx + LINK_ABOUT]
    cmp     eax, [ebx + LINK_LISTED_ABOUT]
    jne     .Ldetails_take_done         # and so is a list that is another one by now
    pop     edi
    jmp     details_ask
.Ldetails_take_whole:
    mov     eax, [ebx + LINK_ABOUT]
    mov     [ebx + LINK_LISTED], eax
.Ldetails_take_done:
    pop     edi
    ret
