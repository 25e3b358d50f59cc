# `cloud fork NODE NODE...|all`: several twins at once (docs/protocols/fork.md). Each target has a connection of its
# own; the pages of the one copy go to all in the same frames. Whoever fails, or is late, is left out, and the others
# go on.

.include "macros.inc"
.include "errors.inc"
.include "crypto.inc"
.include "net.inc"
.include "tcp.inc"
.include "cluster.inc"
.include "fork.inc"

FIND_MS                 = 1000          # each target has this long to be connected to,
STEP_MS                 = 2500          # and all for a step: less than they wait for the next one
LAST_STEP_MS            = 10000         # and for the last, which cannot be taken back
ROUNDS                  = 3             # a window is sent this often before whoever lacks still some of it is left out
SLOT_BYTES              = 4 + FRAME_MAXIMUM     # bytes of a frame, and the frame
SLOTS                   = TWINS_MAX * CONNECTION_SIZE
SEVERAL_SIZE            = SLOTS + FRAMES_WINDOW * SLOT_BYTES

STRING several_all_word, "all"

.section .rodata
several_station:        .byte   0x01, 0x00, 0x5E, 0x7F, 0x51, 0x52  # of IP_CLUSTER_GROUP: each member's card lets it in

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
several:                .space 4        # address of the connections, and of the window's frames after them
several_wanted:         .space 4        # words
several_count:          .space 4        # connections,
several_living:         .space 4        # those of them that take part still,
several_twins:          .space 4        # and those that have begun
frames_sent:            .space 4        # number of the next frame,
window_base:            .space 4        # and of the window's first
window_round:           .space 4
window_lacks:           .space 4        # frames that anyone lacks, a bit each,
window_lacking:         .space 4        # and how many targets do

.text

# Becomes several.
# In: EAX addresses of names or addresses of targets, or of `all`; EDX how many.
# Out: EAX status.
.global fork_several
fork_several:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     [several_wanted], edx
    xor     edx, edx
    call    fork_called
    call    several_begin
    jc      .Lfork_several_failed
    call    several_find
    jc      .Lfork_several_broken
    call    fork_describe
    jc      .Lfork_several_broken
    call    fork_divide                 # the targets make their keys meanwhile
    jc      .Lfork_several_broken
    test    eax, eax
    jnz     .Lfork_several_twin
    call    several_give
    jc      .Lfork_several_broken
    call    several_end
    call    clock_ms
    sub     eax, [fork_ms]
    mov     ecx, [several_twins]
    PRINTF  "twins: %u, %u pages sent, %u us of pause, %u ms in all\n", ecx, [fork_sent], [fork_pause_us], eax
    mov     eax, [several_twins]
    cmp     eax, [several_wanted]       # `all` is one word
    sbb     eax, eax
    neg     eax
    jmp     .Lfork_several_done
.Lfork_several_twin:
    call    fork_arrived
    push    eax
    call    several_end
    pop     eax
    jmp     .Lfork_several_done
.Lfork_several_broken:
    push    eax
    call    several_end
    pop     eax
.Lfork_several_failed:
    PRINTF  "fork: %s; this kernel goes on alone\n", eax
    mov     eax, 1
.Lfork_several_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins.
# Out: CF and EAX text.
several_begin:
    xor     eax, eax
    mov     [fork_moves], eax
    mov     [fork_volume], eax          # files go to one twin only
    mov     [fork_spare], eax
    mov     [fork_sent], eax
    mov     [fork_asked], eax
    mov     [fork_asked + 4], eax
    mov     [several_count], eax
    mov     [several_living], eax
    mov     [several_twins], eax
    mov     [frames_sent], eax
    mov     [window_base], eax
    call    clock_ms
    mov     [fork_ms], eax
    cmp     dword ptr [several], 0      # of one whose task was ended
    jne     1f
    mov     eax, SEVERAL_SIZE
    call    malloc
    jc      error_text_failed
    mov     [several], eax
1:  clc
    ret

# Gives all back that was taken.
# Clobbers: EAX, ECX, EDX.
several_end:
    mov     eax, offset several_abort
    call    several_each
    mov     dword ptr [several_count], 0
    xor     eax, eax
    xchg    eax, [several]
    call    mfree
    call    frames_close
    jmp     fork_zone_give

# Greets the targets.
# In: ESI addresses of their names, EDI how many.
# Out: CF and EAX text when there is none.
several_find:
    push    esi
    push    edi
    mov     eax, [esi]
    mov     edx, offset several_all_word
    call    string_compare
    je      .Lseveral_find_all
1:  mov     eax, [esi]
    xor     edx, edx
    call    fork_choose
    jc      2f
    call    several_connect
    jnc     3f
2:  mov     ecx, [esi]
    PRINTF  "fork: %s: %s\n", ecx, eax
3:  add     esi, 4
    dec     edi
    jnz     1b
    jmp     .Lseveral_find_done
.Lseveral_find_all:
    mov     edx, 1
    call    fork_choose
    jc      .Lseveral_find_done
    call    several_connect             # whoever was not given up is passed over
    cmp     dword ptr [several_count], TWINS_MAX
    jb      .Lseveral_find_all
.Lseveral_find_done:
    mov     dword ptr [fork_until], 0
    pop     edi
    pop     esi

# Whether any target takes part still.
# Out: CF and EAX text when none does.
several_any:
    LOAD_STRING eax, "no member takes it: type `cloud fork accept` at some"
    cmp     dword ptr [several_living], 1
    ret

# Connects to the target that was found, and greets it.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
several_connect:
    push    ebx
    push    esi
    push    edi
    mov     eax, FIND_MS
    call    several_hurry
    mov     ecx, FORK_PORT
    call    fork_connect
    jc      .Lseveral_connect_done
    mov     eax, [fork_socket]
    mov     edx, STREAM_NODELAY         # what is said last is answered, and not only acknowledged
    mov     ecx, 1
    call    stream_option
    call    fork_hail
    jc      .Lseveral_connect_failed
    mov     dword ptr [fork_takes_part], 1
    mov     ebx, [several_count]
    call    several_store
    inc     dword ptr [several_count]
    inc     dword ptr [several_living]
    jmp     .Lseveral_connect_done      # CF is clear
.Lseveral_connect_failed:
    push    eax
    call    several_abort
    pop     eax
    stc
.Lseveral_connect_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends the connection at hand.
# Out: CF is clear.
several_abort:
    mov     eax, [fork_socket]
    call    stream_abort
    clc
    ret

# Limits how long all targets have for a step.
# In: EAX milliseconds.
several_hurry:
    push    eax
    call    clock_ms
    add     [esp], eax
    pop     dword ptr [fork_until]
    ret

# Does a step with each target that takes part; those with which it fails do so no more.
# In: EAX routine that has the connection at hand; it says by CF and EAX text that it has failed.
# Out: CF and EAX text when none takes part any more.
# Clobbers: ECX, EDX.
several_each:
    mov     ecx, STEP_MS

# The same.
# In: ECX milliseconds too, which all have for it.
several_each_within:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     eax, ecx
    call    several_hurry
    xor     ebx, ebx
1:  cmp     ebx, [several_count]
    jae     4f
    call    several_load
    cmp     dword ptr [fork_takes_part], 0
    je      3f
    call    ebp
    jnc     2f
    mov     ecx, offset fork_target
    PRINTF  "fork: %s: %s\n", ecx, eax
    mov     dword ptr [fork_takes_part], 0
    dec     dword ptr [several_living]
    call    several_abort
2:  call    several_store
3:  inc     ebx
    jmp     1b
4:  mov     dword ptr [fork_until], 0
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    jmp     several_any

# Brings a connection to hand.
# In: EBX its number.
# Clobbers: EAX, ECX, EDX.
several_load:
    call    several_address
    mov     edx, eax
    mov     eax, offset connection
    jmp     mem_copy

# Puts it back.
# In: EBX its number.
# Clobbers: EAX, ECX, EDX.
several_store:
    call    several_address
    mov     edx, offset connection
    jmp     mem_copy

# Where a connection is kept.
# In: EBX its number.
# Out: EAX address, ECX bytes.
several_address:
    mov     ecx, CONNECTION_SIZE
    mov     eax, ebx
    imul    eax, ecx
    add     eax, [several]
    ret

# Sends all that was put aside, and has the twins begin.
# Out: CF and EAX text when there is none.
several_give:
    mov     eax, offset several_agree
    call    several_each
    jc      9f
    mov     eax, offset fork_answer
    call    several_each
    jc      9f
    mov     eax, offset frames_secret
    mov     edx, FRAMES_SECRET
    call    generator_fill
    mov     eax, offset several_key
    call    several_each
    jc      9f
    call    several_pages
    jc      9f
    mov     eax, offset fork_start
    call    several_each
    jc      9f
    mov     eax, offset several_taken
    mov     ecx, LAST_STEP_MS
    call    several_each_within
9:  ret

# Hears a target's greeting, and tells it what is to come.
# Out: CF and EAX text.
several_agree:
    call    fork_greeted
    jnc     fork_tell
    ret

# Gives a target what all have.
# Out: CF and EAX text.
several_key:
    mov     esi, offset frames_secret
    mov     eax, SEALED_KEY
    mov     ecx, FRAMES_SECRET
    jmp     sealed_send

# Hears that a target begins.
# Out: CF and EAX text.
several_taken:
    call    fork_taken
    jc      9f
    mov     eax, offset fork_target
    PRINTF  "%s is a twin\n", eax
    inc     dword ptr [several_twins]
    clc
9:  ret

# Sends the pages.
# Out: CF and EAX text when nobody takes them any more.
several_pages:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, [fork_list]
    mov     ebp, [fork_listed]
    lea     ebp, [ebx + ebp*4]          # EBP: the end of the list
1:  cmp     ebx, ebp
    jae     3f
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
    imul    eax, eax, SLOT_BYTES
    mov     edi, [several]
    lea     edi, [edi + eax + SLOTS + 4]
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
    mov     edx, offset several_station
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
    mov     eax, STEP_MS                # the one before may have taken all of it
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
