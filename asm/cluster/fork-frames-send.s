# The source's half of a fork to several at once (docs/protocols/fork.md): pages go in frames that all targets hear, a
# window of them at a time, and what has not come goes again. The targets' half is fork-frames-take.s.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "fork.inc"

ROUNDS                  = 3             # a window is sent this often before whoever lacks still some of it is left out

.section .rodata
frames_station:         .byte   0x01, 0x00, 0x5E, 0x7F, 0x51, 0x52  # of IP_CLUSTER_GROUP: each member's card lets it in

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
frames_sent:            .space 4        # number of the next frame,
window_base:            .space 4        # and of the window's first
window_round:           .space 4
window_lacks:           .space 4        # frames that anyone lacks, a bit each,
window_lacking:         .space 4        # and how many targets do

.text

# Sends the pages.
# Out: CF and EAX text when nobody takes them any more.
.global several_pages
several_pages:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     dword ptr [frames_sent], 0
    mov     dword ptr [window_base], 0
    mov     ebx, [fork_list]
    mov     ebp, [fork_listed]
    lea     ebp, [ebx + ebp*4]          # EBP: the end of the list
1:  cmp     ebx, ebp
    jae     3f
    call    fork_stopped
    jc      4f
    mov     edx, [ebx]
    test    edx, edx
    js      2f                          # COPY_ZEROS
    add     ebx, 4
    inc     dword ptr [fork_sent]
    call    several_page
    jnc     1b
    jmp     4f
2:  call    several_zeros
    jnc     1b
    jmp     4f
3:  call    several_window
4:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sends a page: as few eighths in each frame as fit.
# In: EDX entry of the list.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI, EDI.
several_page:
    push    ebx
    push    ebp
    mov     ebp, edx
    shr     ebp, COPY_EIGHTHS           # EBP: which eighths are to come
    and     edx, COPY_PAGE
    push    edx
    mov     esi, [fork_table]
    mov     esi, [esi + edx*4]          # ESI: the next eighth,
    mov     ebx, 1 << COPY_EIGHTHS      # EBX: and its bit in an entry
.Lseveral_page_frame:
    call    several_slot
    mov     eax, [esp]
    mov     [edi + FRAME_ENTRY], eax
    mov     edx, edi                    # EDX: frame
    add     edi, FRAME_DATA
    mov     eax, FRAME_EIGHTHS
.Lseveral_page_eighth:
    shr     ebp, 1
    jnc     1f
    or      [edx + FRAME_ENTRY], ebx
    mov     ecx, EIGHTH / 4
    rep movsd
    dec     eax
    jmp     2f
1:  add     esi, EIGHTH
2:  add     ebx, ebx
    test    ebp, ebp
    jz      3f
    test    eax, eax
    jnz     .Lseveral_page_eighth
3:  mov     ecx, edi
    sub     ecx, edx
    sub     ecx, FRAME_DATA
    call    several_send
    jc      .Lseveral_page_done
    test    ebp, ebp
    jnz     .Lseveral_page_frame
.Lseveral_page_done:
    pop     edx
    pop     ebp
    pop     ebx
    ret

# Sends that pages in a row are all zeros.
# In: EBX the first of them in the list, EBP the list's end.
# Out: EBX the next of the list; CF and EAX text.
# Clobbers: ECX, EDX, EDI.
several_zeros:
    call    several_slot
    mov     ecx, [ebx]
    mov     [edi + FRAME_ENTRY], ecx
    xor     eax, eax
1:  inc     eax
    inc     ecx
    add     ebx, 4
    cmp     ebx, ebp
    jae     2f
    cmp     eax, FRAME_ZEROS_MAXIMUM
    je      2f
    cmp     [ebx], ecx
    je      1b
2:  mov     [edi + FRAME_DATA], eax
    mov     dword ptr [edi + FRAME_DATA + 4], 0
    mov     ecx, FRAME_ZEROS

# Sends the next frame, and after the last of a window sees that all targets have it.
# In: ECX bytes of its data; they and the entry are in its place.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, EDI.
several_send:
    push    esi
    call    several_slot
    lea     eax, [ecx + FRAME_DATA + POLY1305_BYTES]
    mov     [edi - 4], eax
    mov     dword ptr [edi + FRAME_MAGIC], FRAME_MAGIC_VALUE
    mov     dword ptr [edi + FRAME_VERSION], FRAME_VERSION_VALUE
    mov     eax, [frames_secret + SECRET_TRANSFER]
    mov     [edi + FRAME_TRANSFER], eax
    mov     eax, [frames_secret + SECRET_TRANSFER + 4]
    mov     [edi + FRAME_TRANSFER + 4], eax
    mov     edx, [frames_sent]
    mov     [edi + FRAME_NUMBER], edx
    mov     eax, offset frames_secret + SECRET_KEY
    lea     esi, [edi + FRAME_ENTRY]
    add     ecx, FRAME_DATA - FRAME_ENTRY
    call    chacha20_poly1305_seal
    call    several_cast
    inc     dword ptr [frames_sent]
    mov     eax, [frames_sent]
    sub     eax, [window_base]
    cmp     eax, FRAMES_WINDOW
    pop     esi
    je      several_window
    clc
    ret

# Where the next frame is made.
# Out: EDI address; how many bytes it has is before it.
# Clobbers: EAX.
several_slot:
    mov     eax, [frames_sent]
    sub     eax, [window_base]

# Where a frame of the window is.
# In: EAX its place in the window.
# Out: EDI.
# Clobbers: EAX.
several_place:
    imul    eax, eax, SEVERAL_FRAME_SIZE
    mov     edi, [several]
    lea     edi, [edi + eax + SEVERAL_FRAMES + 4]
    ret

# Sends a frame to all targets, or not: it may be lost in any case.
# In: EDI frame.
# Clobbers: EAX, ECX, EDX.
several_cast:
    push    ebx
    mov     eax, [edi - 4]
    call    packet_alloc_filled
    jc      1f
    mov     ebx, eax
    mov     eax, [cluster_netif]
    mov     [ebx + PACKET_NETIF], eax
    mov     eax, [ebx + PACKET_DATA]
    mov     edx, edi
    mov     ecx, [edi - 4]
    call    mem_copy
    mov     eax, ebx
    mov     edx, offset frames_station
    mov     ecx, ETHER_TYPE_FRAMES
    call    ether_send
1:  pop     ebx
    ret

# Sees that all targets have the window, and begins the next one. What several lack is sent to all again; what one
# does, or lacks still, over its connection.
# Out: CF and EAX text when none takes part any more.
# Clobbers: ECX, EDX, EDI.
several_window:
    mov     dword ptr [window_round], 0
.Lseveral_window_ask:
    xor     eax, eax
    mov     [window_lacks], eax
    mov     [window_lacking], eax
    mov     eax, offset several_ask
    call    several_each
    jc      .Lseveral_window_done
    mov     eax, offset several_told
    call    several_each
    jc      .Lseveral_window_done
    cmp     dword ptr [window_lacks], 0
    je      .Lseveral_window_next
    inc     dword ptr [window_round]
    cmp     dword ptr [window_round], 1
    jne     1f
    cmp     dword ptr [window_lacking], 1
    je      1f
    mov     ecx, [window_lacks]
    call    several_cast_again
    jmp     .Lseveral_window_ask
1:  mov     eax, offset several_mend
    call    several_each
    jnc     .Lseveral_window_ask
    ret
.Lseveral_window_next:
    mov     eax, [frames_sent]
    mov     [window_base], eax
.Lseveral_window_done:
    ret

# Asks a target what it lacks, unless it lacks nothing.
# Out: CF and EAX text.
several_ask:
    call    several_asked
    je      1f
    LOAD_STRING eax, "it does not take what is sent to it"
    cmp     dword ptr [window_round], ROUNDS
    cmc
    jc      1f
    mov     eax, SEALED_WINDOW
    mov     edx, [frames_sent]
    xor     ecx, ecx
    jmp     sealed_send
1:  ret

# Whether a target is to be asked.
# Out: ZF, and CF clear, when not.
several_asked:
    cmp     dword ptr [window_round], 0
    jne     1f
    mov     dword ptr [fork_lacks], -1  # nobody knows yet
1:  cmp     dword ptr [fork_lacks], 0
    ret

# Hears what it lacks.
# Out: CF and EAX text.
several_told:
    call    several_asked
    je      9f
    call    sealed_receive
    jc      9f
    cmp     eax, SEALED_LACKS
    jne     8f
    mov     eax, 1
    mov     ecx, [frames_sent]
    sub     ecx, [window_base]
    shl     eax, cl
    dec     eax
    and     edx, eax
    mov     [fork_lacks], edx
    or      [window_lacks], edx
    cmp     edx, 1
    cmc
    adc     dword ptr [window_lacking], 0
    clc
    ret
8:  LOAD_STRING eax, "it has said what makes no sense"
    stc
9:  ret

# Sends frames of the window to all once more.
# In: ECX a bit for each.
# Clobbers: EAX, ECX, EDX, EDI.
several_cast_again:
    jecxz   1f
    bsf     eax, ecx
    btr     ecx, eax
    push    ecx
    call    several_place
    call    several_cast
    pop     ecx
    jmp     several_cast_again
1:  ret

# Sends a target what it lacks.
# Out: CF and EAX text.
several_mend:
    mov     eax, SEVERAL_STEP_MS        # the one before may have taken all of it
    call    several_hurry
    mov     ecx, [fork_lacks]
1:  test    ecx, ecx
    jz      2f                          # CF is clear
    bsf     eax, ecx
    btr     ecx, eax
    push    ecx
    call    several_place
    mov     esi, edi
    mov     ecx, [edi - 4]
    mov     eax, SEALED_FRAME
    xor     edx, edx
    call    sealed_send
    pop     ecx
    jnc     1b
2:  ret
