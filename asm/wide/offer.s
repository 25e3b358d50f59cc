# What a cluster tells of kernels to those that it is linked with: it publishes the revision that it runs once all of it
# runs it, and one that failed here is told. Whoever is linked may load what is published, in pieces over the link, from
# the memory of the delegate. docs/protocols/wide-area.md, "Kernels". All routines but offer_settle run with the
# cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "signature.inc"
.include "running.inc"
.include "wide.inc"

SETTLED_MS              = 60000         # members are the same ones, in the same sessions, for so long
ABSENT_MS               = 600000        # a member that went is waited for so long
SEAT_SILENT_MS          = 10000         # one that asks for nothing for so long gives way to another,
SEAT_MS                 = 120000        # and so does one that has been loading for so long
PIECES_MAXIMUM          = 128           # pieces that go in a second
STATUS_GOOD             = 200           # as HTTP has them (RFC 9110, 15)
STATUS_NONE             = 404
STATUS_BUSY             = 503

.bss
.balign 4
offer_signature:        .space 4        # SIGNATURE_PAGES of memory with that of the running kernel, 0: none
offer_bytes:            .space 4        # of it
offer_tried:            .space 4        # 1: it was looked for
offer_served:           .space SERVED_SIZE      # the image is served as the build made it
offer_members:          .space 4        # sum of all members' sessions,
offer_since:            .space 4        # clock_ms since it is so
seat_link:              .space 4        # link that loads, 0: none
seat_since:             .space 4        # clock_ms of its first packet,
seat_heard:             .space 4        # and of its last
pieces_sent:            .space 4        # since
pieces_since:           .space 4        # this clock_ms

.text

# This node becomes the delegate.
# Clobbers: EAX.
.global offer_begin
offer_begin:
    call    clock_ms
    mov     [offer_since], eax
    xor     eax, eax
    mov     [offer_tried], eax
    mov     [seat_link], eax
    ret

# Notes since when the members are those that they are.
# In: EDI now.
# Clobbers: EAX, EDX.
.global offer_look
offer_look:
    mov     eax, [trust_session]
    add     eax, [trust_session + 4]
    mov     edx, [peer_first]
1:  test    edx, edx
    jz      3f
    cmp     dword ptr [edx + PEER_VIEWED], 0
    je      2f
    add     eax, [edx + PEER_SESSION]
    add     eax, [edx + PEER_SESSION + 4]
2:  mov     edx, [edx + PEER_NEXT]
    jmp     1b
3:  cmp     eax, [offer_members]
    je      9f
    mov     [offer_members], eax
    mov     [offer_since], edi
9:  ret

# Reads the signature of the running kernel once this node is the delegate, and gives its memory back when it is that no
# longer. The mutex is not held. May sleep.
.global offer_settle
offer_settle:
    cmp     dword ptr [wide_address], 0
    je      offer_end
    mov     eax, 1
    xchg    eax, [offer_tried]
    test    eax, eax
    jnz     .Loffer_settle_known
    push    ebx
    push    edi
    call    offer_end
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Loffer_settle_done
    mov     edi, eax
    mov     eax, [boot_info + bi_revision]
    call    kernel_signature
    jc      .Loffer_settle_free
    mov     ebx, eax                    # EBX: its bytes
    call    kernel_keys_recall
    jc      .Loffer_settle_free
    mov     eax, edi
    mov     edx, ebx
    call    signature_prove
    jc      .Loffer_settle_free
    call    running_bytes
    jc      .Loffer_settle_free
    cmp     [edi + SIGNATURE_IMAGE_BYTES], eax
    jne     .Loffer_settle_free
    mov     eax, [running_checksum]
    mov     [offer_served + SERVED_CHECKSUM], eax
    call    cloud_lock
    mov     [offer_bytes], ebx
    mov     [offer_signature], edi
    call    cloud_unlock
    jmp     .Loffer_settle_done
.Loffer_settle_free:
    mov     eax, edi
    mov     edx, SIGNATURE_PAGES
    call    page_free
.Loffer_settle_done:
    pop     edi
    pop     ebx
.Loffer_settle_known:
    ret

# Gives the memory of the signature back. The mutex is not held.
# Clobbers: EAX, ECX, EDX.
offer_end:
    call    cloud_lock
    xor     eax, eax
    xchg    eax, [offer_signature]
    call    cloud_unlock_keep
    test    eax, eax
    jz      9f
    mov     edx, SIGNATURE_PAGES
    call    page_free
9:  ret

# Whether this cluster publishes the revision that this node runs: it runs on all members, and has for a while.
# Out: EAX 0 when it does, else text: why not; the plan has been read.
# Clobbers: ECX, EDX.
.global offer_why
offer_why:
    call    plan_read
    LOAD_STRING eax, "this kernel is on trial"
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     9f
    call    final_odd
    LOAD_STRING eax, "its members run different revisions"
    jc      9f
    LOAD_STRING eax, "an upgrade is under way, or came to no good end"
    mov     ecx, [plan + PLAN_REVISION]
    jecxz   1f
    cmp     dword ptr [plan + PLAN_STATE], PLAN_DONE
    jne     9f
    cmp     ecx, [boot_info + bi_revision]
    ja      9f
1:  call    offer_whole
    LOAD_STRING eax, "a member went less than ten minutes ago"
    jc      9f
    call    clock_ms
    sub     eax, [offer_since]
    cmp     eax, SETTLED_MS
    LOAD_STRING eax, "less than a minute ago a member came or restarted, or this one began to speak for it"
    jb      9f
    LOAD_STRING eax, "no key that it trusts has signed its kernel"
    cmp     dword ptr [offer_signature], 0
    je      9f
    xor     eax, eax
9:  ret

# Whether all members are here that were lately.
# Out: CF when one is not.
# Clobbers: EAX, EDX.
offer_whole:
    call    clock_ms
    mov     edx, [peer_first]
1:  test    edx, edx
    jz      9f                          # CF is clear
    cmp     dword ptr [edx + PEER_VIEWED], 0
    jne     2f
    push    eax
    sub     eax, [edx + PEER_SEEN]
    cmp     eax, ABSENT_MS
    pop     eax
    jb      9f
2:  mov     edx, [edx + PEER_NEXT]
    jmp     1b
9:  ret

# What the summary says of kernels.
# Out: EAX its dword from WIDE_NEWS on.
# Clobbers: ECX, EDX.
.global offer_news
offer_news:
    call    offer_why
    test    eax, eax
    jnz     .Loffer_news_failed
    call    offer_loads
    shl     eax, 16
    call    offer_taken
    sbb     ah, ah                      # 1 while one loads
    inc     ah
    mov     al, NEWS_PUBLISHED
    ret
.Loffer_news_failed:
    mov     eax, [plan + PLAN_REVISION]
    sub     eax, [boot_info + bi_revision]
    jbe     .Loffer_news_nothing
    cmp     eax, 1 << 24
    jae     .Loffer_news_nothing
    push    eax
    mov     eax, [plan + PLAN_REVISION]
    call    plan_failures
    mov     ecx, eax
    pop     eax
    jecxz   .Loffer_news_nothing
    shl     eax, 8
    mov     al, NEWS_FAILED
    ret
.Loffer_news_nothing:
    xor     eax, eax
    ret

# How many linked clusters have loaded what this one publishes.
# Out: EAX how many.
# Clobbers: ECX, EDX.
.global offer_loads
offer_loads:
    xor     eax, eax
    mov     ecx, [boot_info + bi_revision]
    mov     edx, offset links
1:  cmp     [edx + LINK_LOADED], ecx
    jne     2f
    cmp     byte ptr [edx + LINK_NAME], 1   # CF in a free place
    sbb     eax, -1
2:  add     edx, LINK_SIZE
    cmp     edx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# Whether somebody loads.
# Out: CF when nobody does.
# Clobbers: ECX, EDX.
offer_taken:
    cmp     dword ptr [seat_link], 1
    jb      9f
    push    eax
    call    clock_ms
    sub     eax, [seat_heard]
    cmp     eax, SEAT_SILENT_MS
    cmc
    pop     eax
9:  ret

# Takes the seat of the one that loads.
# In: EBX link.
# Out: CF when another one has it.
# Clobbers: EAX, ECX, EDX.
offer_seat:
    call    clock_ms
    cmp     [seat_link], ebx
    je      2f
    call    offer_taken
    jc      1f
    mov     ecx, eax
    sub     ecx, [seat_since]
    cmp     ecx, SEAT_MS
    jb      9f
1:  mov     [seat_link], ebx
    mov     [seat_since], eax
2:  mov     [seat_heard], eax
    clc
9:  ret

# A link wants pieces of the kernel that is published. May sleep.
# In: EBX link, ESI packet.
.global offer_asked
offer_asked:
    call    link_there
    jne     .Loffer_asked_done
    push    edi
    push    ebp
    mov     edi, [esi + WIDE_OFFSET]
    mov     ebp, STATUS_NONE
    call    offer_why
    test    eax, eax
    jnz     .Loffer_asked_say
    mov     eax, [esi + WIDE_KERNEL]
    cmp     eax, [boot_info + bi_revision]
    jne     .Loffer_asked_say
    mov     ebp, STATUS_BUSY
    call    offer_seat
    jc      .Loffer_asked_say
    mov     ebp, STATUS_GOOD
    cmp     byte ptr [esi + WIDE_WANTED], 0
    je      .Loffer_asked_say
    call    offer_pieces
    jmp     .Loffer_asked_end
.Loffer_asked_say:
    call    offer_piece
    mov     ecx, WIDE_PIECE_HEAD
    call    wide_send_link
.Loffer_asked_end:
    pop     ebp
    pop     edi
.Loffer_asked_done:
    ret

# Begins a packet with a piece.
# In: EBX link, ESI its packet, EDI offset, EBP status.
# Out: EAX bytes of the whole.
# Clobbers: ECX, EDX.
offer_piece:
    mov     al, WIDE_PIECE
    call    wide_build
    mov     eax, [esi + WIDE_KERNEL]
    mov     [wide_out + WIDE_KERNEL], eax
    mov     eax, [esi + WIDE_PART]
    mov     [wide_out + WIDE_PART], eax
    mov     [wide_out + WIDE_OFFSET], edi
    mov     [wide_out + WIDE_STATUS], ebp
    test    eax, eax
    mov     eax, [offer_bytes]
    jz      1f
    call    running_bytes
1:  mov     [wide_out + WIDE_WHOLE], eax
    ret

# Sends the pieces that a link wants. May sleep.
# In: EBX link, ESI its packet, EDI offset of the first, EBP status.
# Clobbers: EAX, ECX, EDX, EDI.
offer_pieces:
    push    dword ptr [esi + WIDE_WANTED]
1:  shr     byte ptr [esp], 1
    jnc     2f
    mov     edx, offset pieces_sent
    mov     ecx, PIECES_MAXIMUM
    call    wide_meter
    jc      3f
    call    offer_piece
    sub     eax, edi
    jbe     3f                          # there is no such piece
    mov     ecx, WIDE_PIECE_BYTES
    cmp     eax, ecx
    ja      4f
    mov     ecx, eax
    call    offer_last
4:  call    offer_fill
    add     ecx, WIDE_PIECE_HEAD
    call    wide_send_link
2:  add     edi, WIDE_PIECE_BYTES
    jc      3f
    cmp     byte ptr [esp], 0
    jne     1b
3:  pop     eax
    ret

# The last piece goes: of the image it counts, and the seat is free.
# In: EBX link, ESI its packet.
# Clobbers: EAX.
offer_last:
    cmp     dword ptr [esi + WIDE_PART], 0
    je      9f
    mov     eax, [boot_info + bi_revision]
    mov     [ebx + LINK_LOADED], eax
    mov     dword ptr [seat_link], 0
9:  ret

# Puts the bytes of a piece into the packet.
# In: ESI the packet that asks for it, EDI offset, ECX bytes, within the whole.
# Clobbers: EAX, EDX.
offer_fill:
    push    ecx
    cmp     dword ptr [esi + WIDE_PART], 0
    jne     1f
    mov     eax, offset wide_out + WIDE_PIECE_HEAD
    mov     edx, [offer_signature]
    add     edx, edi
    call    mem_copy
    pop     ecx
    ret
1:  push    edi
    mov     eax, edi
    mov     edi, offset wide_out + WIDE_PIECE_HEAD
    mov     edx, offset offer_served
    call    running_read
    pop     edi
    pop     ecx
    ret
