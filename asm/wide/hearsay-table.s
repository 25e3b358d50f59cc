# The table of clusters that are heard of. Places are shared out: while there are free ones each link's word gets one,
# then only the word of a link that takes up less than its share, and for it a link that takes up more gives one up. So
# no link that invents clusters has others forgotten within their links' share. All routines run with the cluster's
# mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"
.include "hearsay.inc"

NEWER_MS                = 1000          # news that are no newer than that are the same ones by another way

.bss
.balign 4
places:                 .space LINKS * 4        # that each link takes up, as far_find has counted them

.text

# A link is gone, and what it has said.
# In: EBX its place.
# Clobbers: EAX, ECX, EDX.
.global hearsay_forget
hearsay_forget:
    push    edi
    call    link_index
    mov     edi, offset fars
1:  mov     cl, [edi + FAR_BY]
    mov     dl, cl
    and     cl, FAR_BY_MASK
    cmp     cl, al
    je      2f
    cmp     byte ptr [edi + FAR_HOPS], 0
    je      3f
    shr     dl, FAR_PLACE_SHIFT
    cmp     dl, al
    jne     3f
2:  mov     byte ptr [edi + FAR_NAME], 0
3:  add     edi, FAR_SIZE
    cmp     edi, offset fars + FARS * FAR_SIZE
    jb      1b
    pop     edi
    ret

# Whether an entry is of a cluster that was heard lately.
# In: EDI entry or free place.
# Out: EAX its age; CF when not.
# Clobbers: ECX.
.global far_lives
far_lives:
    cmp     byte ptr [edi + FAR_NAME], 1
    jb      9f
    call    clock_ms
    sub     eax, [edi + FAR_HEARD]
    mov     ecx, FAR_MS
    cmp     ecx, eax
9:  ret

# Finds the place of a cluster.
# In: ESI entry.
# Out: EDI place; CF when it is a free one, EDI 0 when there is none: then places has been counted.
# Clobbers: EAX, ECX, EDX.
far_find:
    push    0                           # [esp]: a free one
    mov     edi, offset places
    xor     eax, eax
    mov     ecx, LINKS
    rep stosd
    mov     edi, offset fars
1:  call    far_lives
    jnc     2f
    cmp     dword ptr [esp], 0
    jne     4f
    mov     [esp], edi
    jmp     4f
2:  lea     eax, [edi + FAR_ID]
    lea     edx, [esi + FAR_ID]
    call    session_same                # ids have the size of sessions
    jne     3f
    pop     eax
    clc
    ret
3:  call    far_place
    jc      4f
    inc     dword ptr [places + eax*4]
4:  add     edi, FAR_SIZE
    cmp     edi, offset fars + FARS * FAR_SIZE
    jb      1b
    pop     edi
    stc
    ret

# Which link takes a place up.
# In: EDI entry.
# Out: EAX its index; CF when it is of a linked cluster, which takes its own.
far_place:
    movzx   eax, byte ptr [edi + FAR_BY]
    shr     eax, FAR_PLACE_SHIFT
    cmp     byte ptr [edi + FAR_HOPS], 1
    ret

# Finds room in the full table.
# In: EBX link that speaks, ESI entry; places has been counted.
# Out: EDI place of one that has to go; CF when none has to.
# Clobbers: EAX, ECX, EDX.
far_room:
    push    ebp
    xor     eax, eax                    # EAX: links
    xor     ecx, ecx
    xor     edx, edx                    # EDX: index of the one that takes up most
    mov     edi, offset links
1:  cmp     byte ptr [edi + LINK_NAME], 1
    sbb     eax, -1
    mov     ebp, [places + ecx*4]
    cmp     [places + edx*4], ebp
    jae     2f
    mov     edx, ecx
2:  add     edi, LINK_SIZE
    inc     ecx
    cmp     ecx, LINKS
    jb      1b
    mov     edi, edx
    mov     ecx, eax
    mov     eax, FARS
    xor     edx, edx
    div     ecx
    mov     ebp, eax                    # EBP: share, of which the most takes up more
    cmp     byte ptr [esi + FAR_HOPS], 0
    je      3f                          # a linked cluster is heard, whatever others say
    call    link_index
    cmp     [places + eax*4], ebp
    cmc
    jc      .Lfar_room_done
    cmp     ebp, [places + edi*4]
    cmc
    jc      .Lfar_room_done
3:  mov     edx, edi
    call    far_oldest
.Lfar_room_done:
    pop     ebp
    ret

# Finds the entry of a link that was heard before all others.
# In: EDX index of the link.
# Out: EDI entry; CF when it takes up no place.
# Clobbers: EAX, ECX.
far_oldest:
    push    ebx
    push    ebp
    xor     ebx, ebx                    # EBX: that entry, EBP: its age
    xor     ebp, ebp
    mov     edi, offset fars
1:  call    far_place
    jc      2f
    cmp     eax, edx
    jne     2f
    call    far_lives
    cmp     eax, ebp
    jb      2f
    mov     ebp, eax
    mov     ebx, edi
2:  add     edi, FAR_SIZE
    cmp     edi, offset fars + FARS * FAR_SIZE
    jb      1b
    mov     edi, ebx
    cmp     edi, 1
    pop     ebp
    pop     ebx
    ret

# Takes over what was said, if it is newer than what is known. Who is linked, and not silent, is heard itself.
# In: EBX link that says it, ESI entry: FAR_ID to FAR_HOPS.
# Clobbers: EAX, ECX, EDX.
.global far_take
far_take:
    push    edi
    call    link_index
    mov     [esi + FAR_BY], al
    shl     al, FAR_PLACE_SHIFT
    or      [esi + FAR_BY], al
    call    far_find
    jc      .Lfar_take_new
    mov     eax, [esi + FAR_HEARD]
    sub     eax, [edi + FAR_HEARD]
    cmp     byte ptr [esi + FAR_HOPS], 0
    je      1f
    cmp     eax, NEWER_MS
    jle     .Lfar_take_done
    call    far_place
    jc      2f
    shl     al, FAR_PLACE_SHIFT         # the place stays the first one's
    and     byte ptr [esi + FAR_BY], FAR_BY_MASK
    or      [esi + FAR_BY], al
    jmp     1f
2:  push    ebx
    movzx   ebx, byte ptr [edi + FAR_BY]
    and     ebx, FAR_BY_MASK
    imul    ebx, ebx, LINK_SIZE
    add     ebx, offset links           # that cluster's own
    call    link_lives
    pop     ebx
    jnc     .Lfar_take_done
1:  lea     eax, [esi + FAR_NAME]
    lea     edx, [edi + FAR_NAME]
    mov     ecx, FAR_SAYS
    call    mem_compare
    mov     eax, [edi + FAR_DUE]
    je      .Lfar_take_copy
    jmp     .Lfar_take_news
.Lfar_take_new:
    test    edi, edi
    jnz     .Lfar_take_news
    call    far_room
    jc      .Lfar_take_done
.Lfar_take_news:
    or      eax, -1                     # all are told
    mov     [fars_due], eax
.Lfar_take_copy:
    mov     [esi + FAR_DUE], ax
    mov     eax, edi
    mov     edx, esi
    mov     ecx, FAR_SIZE
    call    mem_copy
.Lfar_take_done:
    pop     edi
    ret
