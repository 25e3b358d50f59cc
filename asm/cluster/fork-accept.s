# `cloud fork accept [--erase]`: a person gives this machine up. For a minute another member may make it its twin: then
# all that runs here ends. A source that fails, or is none, changes nothing (docs/protocols/fork.md), unless files came.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"
.include "disk.inc"
.include "cluster.inc"
.include "names.inc"
.include "fork.inc"

ACCEPT_MS               = 60000
LOOK_MS                 = 200           # between looks at the keyboard
CONFIRM_MS              = 2000          # until the source has heard that this machine begins

.section .rodata
.balign 4
# By SEALED_* from SEALED_PAGE on. In: EDX value, ESI data, ECX bytes. Out: CF and EAX error.
accept_records:         .long accept_page, accept_zeros

.section .bss.kept, "aw", @nobits
.balign 4
accept_until:           .space 4        # clock_ms
accept_socket:          .space 4        # it listens; 0 from when nobody else can have this machine
accept_moves:           .space 4        # 1: the source moves,
accept_leaves:          .space 4        # 1: for that, or for a volume, this machine has left its cluster
accept_erases:          .space 4        # 1: what is on its volumes may be overwritten
accept_volume:          .space 4        # the one on which the source's will be, or 0
accept_wiped:           .space 4        # 1: what was on it is gone
.global accept_source
accept_source:          .space NAME_SIZE
accept_status:          .space STATUS_SIZE

.text

# Waits for a source. Does not return when this machine becomes its twin.
# In: EDX 1 when the files of this machine may be overwritten, else 0.
# Out: EAX status.
.global fork_accept
fork_accept:
    mov     [accept_erases], edx
    call    cloud_lock
    call    member_allowed
    call    cloud_unlock_keep
    jc      .Lfork_accept_failed
    mov     ecx, FORK_PORT
    call    accept_open
    jc      .Lfork_accept_failed
    mov     [accept_socket], eax
    mov     dword ptr [accept_leaves], 0
    mov     dword ptr [accept_wiped], 0
    PRINT   "For a minute, a member may make this machine its twin (cloud fork NODE), or move here (cloud\nmigrate NODE): all that runs here ends then.\n"
    cmp     dword ptr [accept_erases], 0
    je      1f
    PRINT   "What moves here or becomes a twin with a volume overwrites the one of this machine.\n"
1:  call    clock_ms
    add     eax, ACCEPT_MS
    mov     [accept_until], eax
.Lfork_accept_next:
    call    break_check
    jc      .Lfork_accept_over
    call    clock_ms
    sub     eax, [accept_until]
    jns     .Lfork_accept_over
    mov     eax, [accept_socket]
    mov     edx, LOOK_MS
    call    stream_accept
    jc      .Lfork_accept_next
    mov     [fork_socket], eax
    call    accept_knows
    jc      .Lfork_accept_stranger
    call    accept_source_heard         # returns when it was none
    push    eax
    call    frames_close
    call    land_end
    mov     eax, [fork_socket]
    call    stream_abort
    pop     eax
    cmp     dword ptr [accept_leaves], 0
    jne     .Lfork_accept_left
    PRINTF  "fork: a source has failed: %s; this machine goes on as it is\n", eax
    cmp     dword ptr [accept_socket], 0
    jne     .Lfork_accept_next
    jmp     .Lfork_accept_done
.Lfork_accept_left:
    PRINTF  "fork: a source has failed: %s; this machine starts again\n", eax
    call    power_restart
.Lfork_accept_stranger:
    mov     eax, [fork_socket]
    call    stream_abort
    jmp     .Lfork_accept_next
.Lfork_accept_over:
    call    accept_close
    PRINT   "fork: no member has made this machine its twin\n"
    jmp     .Lfork_accept_done
.Lfork_accept_failed:
    PRINTF  "fork: %s\n", eax
.Lfork_accept_done:
    mov     eax, 1
    ret

# Listens no more.
# Clobbers: EAX, ECX, EDX.
accept_close:
    xor     eax, eax
    xchg    eax, [accept_socket]
    jmp     stream_close

# Whether an address is a living member's: nobody else takes this machine's time.
# In: EDX address.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
accept_knows:
    push    edx
    call    cloud_lock
    pop     edx
    call    address_is_known
    jmp     cloud_unlock_keep

# The same, with the cluster's mutex held.
# Clobbers: ECX.
.global address_is_known
address_is_known:
    mov     ecx, [peer_first]
1:  stc
    jecxz   3f
    cmp     [ecx + PEER_ADDRESS], edx
    jne     2f
    cmp     dword ptr [ecx + PEER_VIEWED], 1
    je      3f                          # CF is clear
2:  mov     ecx, [ecx + PEER_NEXT]
    jmp     1b
3:  ret

# Listens.
# In: ECX port.
# Out: EAX socket; CF and EAX text.
.global accept_open
accept_open:
    push    ebx
    push    ecx
    call    stream_open
    pop     ecx
    jc      2f
    mov     ebx, eax
    xor     edx, edx
    call    stream_bind
    jc      1f
    mov     eax, ebx
    mov     edx, 1
    call    stream_listen
    jc      1f
    mov     eax, ebx
    jmp     3f
1:  push    eax
    mov     eax, ebx
    call    stream_close
    pop     eax
2:  call    error_text_failed
3:  pop     ebx
    ret

# Somebody has connected. Returns when this machine does not become its twin.
# Out: EAX text of why not.
accept_source_heard:
    push    ebx
    push    esi
    push    edi
    mov     esi, offset greeting_source
    mov     edi, GREETING_SIZE
    call    fork_receive
    jc      .Laccept_source_heard_done
    call    accept_greet
    jc      .Laccept_source_heard_done
    call    accept_description
    jc      .Laccept_source_heard_done
.Laccept_source_heard_next:
    call    sealed_receive
    jc      .Laccept_source_heard_done
    cmp     eax, SEALED_KEY
    jae     .Laccept_source_heard_frames
    cmp     dword ptr [frames_open], 0  # the net task takes pages meanwhile, and nobody beside it
    je      1f
    cmp     eax, SEALED_START
    jne     .Laccept_source_heard_wrong
1:  cmp     eax, SEALED_LAST
    je      .Laccept_source_heard_last
    cmp     eax, SEALED_PART
    je      .Laccept_source_heard_part
    cmp     eax, SEALED_BLOCK
    je      .Laccept_source_heard_block
    sub     eax, SEALED_PAGE
    cmp     eax, SEALED_START - SEALED_PAGE
    je      .Laccept_source_heard_start
    ja      .Laccept_source_heard_wrong
    call    [accept_records + eax*4]
    jnc     .Laccept_source_heard_next
    call    error_text_failed
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_frames:
    call    frames_record
    jnc     .Laccept_source_heard_next
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_part:
    mov     eax, edx
    and     eax, COPY_PAGE
    shr     edx, COPY_EIGHTHS
    shl     edx, 9                      # EIGHTH is 1 << 9
    call    land_part
    jnc     .Laccept_source_heard_next
    call    error_text_failed
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_block:
    call    accept_block
    jnc     .Laccept_source_heard_next
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_last:
    call    accept_last
    jnc     .Laccept_source_heard_next
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_start:
    mov     ebx, edx
    call    frames_close
    call    land_count
    cmp     eax, ebx
    jne     .Laccept_source_heard_wrong
    cmp     dword ptr [accept_volume], 1
    sbb     eax, eax
    inc     eax                         # EAX: 1 when there is one
    or      eax, [accept_moves]
    cmp     eax, [accept_leaves]
    jne     .Laccept_source_heard_wrong
    call    accept_begin
    jmp     .Laccept_source_heard_done
.Laccept_source_heard_wrong:
    LOAD_STRING eax, "it has said what makes no sense"
.Laccept_source_heard_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Answers the greeting of a member; nobody else gets an answer. Both sides make the keys at the same time.
# Out: CF and EAX text.
.global accept_greet
accept_greet:
    call    cloud_lock
    mov     eax, offset greeting_source
    call    greeting_member
    jc      1f
    lea     edx, [eax + PEER_NAME]
    mov     eax, offset accept_source
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, offset greeting_target
    call    greeting_make
    clc
1:  call    cloud_unlock_keep
    jc      9f
    mov     esi, offset greeting_target
    mov     edi, GREETING_SIZE
    call    fork_send
    jc      9f
    call    cloud_lock
    mov     eax, offset greeting_source
    xor     edx, edx
    call    seal_begin
    call    cloud_unlock_keep
9:  ret

# Hears what is to come, and answers whether it can be here.
# Out: CF and EAX text.
accept_description:
    call    sealed_receive
    jc      .Laccept_description_done
    cmp     eax, SEALED_DESCRIBE
    jne     .Laccept_description_wrong
    cmp     ecx, DESCRIBE_SIZE
    jne     .Laccept_description_wrong
    call    accept_judge
    push    edx
    mov     eax, SEALED_ANSWER
    xor     ecx, ecx
    call    sealed_send
    pop     edx
    jc      .Laccept_description_done
    test    edx, edx
    jz      .Laccept_description_good
    cmp     edx, ANSWER_APART
    je      .Laccept_description_good
    LOAD_STRING eax, "it is refused, and its console says why"
    stc
    ret
.Laccept_description_good:
    mov     eax, offset accept_source
    LOAD_STRING ecx, "sends itself"
    cmp     dword ptr [accept_moves], 0
    je      1f
    LOAD_STRING ecx, "moves here"
1:  PRINTF  "%s %s\n", eax, ecx
    clc
    ret
.Laccept_description_wrong:
    LOAD_STRING eax, "it has said what makes no sense"
    stc
.Laccept_description_done:
    ret

# Judges whether what is described can be here; if so, begins to take it.
# In: ESI description.
# Out: EDX ANSWER_*.
# Clobbers: EAX, EBX, ECX.
accept_judge:
    mov     ebx, ANSWER_IMAGE
    mov     eax, [running_checksum]
    cmp     [esi + DESCRIBE_IMAGE], eax
    jne     .Laccept_judge_done
    mov     ebx, ANSWER_MACHINE
    call    fork_machine_sum
    cmp     [esi + DESCRIBE_MACHINE], eax
    jne     .Laccept_judge_done
    mov     eax, [esi + DESCRIBE_DEVICES]
    call    machine_ends_below
    jc      .Laccept_judge_done
    mov     ebx, ANSWER_DRIVES
    call    drives_sum
    cmp     [esi + DESCRIBE_DRIVES], eax
    jne     .Laccept_judge_done
    mov     ebx, ANSWER_PROCESSOR
    call    machine_features
    not     ecx
    test    [esi + DESCRIBE_FEATURES], ecx
    jnz     .Laccept_judge_done
    not     edx
    test    [esi + DESCRIBE_FEATURES + 4], edx
    jnz     .Laccept_judge_done
    mov     ebx, ANSWER_DEVICES
    call    fork_hold
    jc      .Laccept_judge_done
    call    fork_release
    call    accept_judge_volume
    jc      .Laccept_judge_done
    mov     ebx, ANSWER_MEMORY
    push    esi
    add     esi, DESCRIBE_RANGES
    call    machine_has_ranges
    pop     esi
    jc      .Laccept_judge_done
    mov     eax, [esi + DESCRIBE_PAGES]
    add     eax, [esi + DESCRIBE_ZONE_PAGES]
    jc      .Laccept_judge_done
    cmp     eax, [pages_free]
    jae     .Laccept_judge_done
    mov     eax, [esi + DESCRIBE_ZONE]
    mov     edx, [esi + DESCRIBE_ZONE_PAGES]
    call    land_begin
    jc      .Laccept_judge_done
    mov     eax, [esi + DESCRIBE_MOVES]
    mov     [accept_moves], eax
    xor     ebx, ebx                    # ANSWER_YES
    or      eax, [accept_erases]
    jnz     .Laccept_judge_done
    mov     ebx, ANSWER_APART
.Laccept_judge_done:
    mov     edx, ebx
    ret

# Judges whether a volume that comes along can be here.
# In: ESI description.
# Out: accept_volume; CF and EBX ANSWER_* when not.
# Clobbers: EAX, ECX, EDX.
accept_judge_volume:
    mov     dword ptr [accept_volume], 0
    mov     eax, [esi + DESCRIBE_MOVES]
    or      eax, [accept_erases]
    jz      .Laccept_judge_volume_done # a twin with the files of this machine; CF is clear
    mov     eax, [esi + DESCRIBE_DRIVE]
    test    eax, eax
    jz      .Laccept_judge_volume_done # CF is clear
    mov     ebx, ANSWER_TABLES
    dec     eax
    cmp     eax, DISK_MAX
    jae     8f
    mov     ecx, [esi + DESCRIBE_VOLUME]
    inc     ecx
    cmp     ecx, DISK_PARTITIONS
    ja      8f
    imul    eax, eax, DISK_SIZE_OF
    imul    ecx, ecx, VOLUME_SIZE_OF
    lea     ecx, [eax + ecx + disk_table + DISK_VOLUME]
    cmp     dword ptr [eax + disk_table + DISK_KIND], DISK_HARD
    jne     8f
    cmp     dword ptr [ecx + VOLUME_SECTORS], 0
    je      8f
    mov     [accept_volume], ecx
    call    partitions_sum
    cmp     [esi + DESCRIBE_TABLES], eax
    jne     8f
    mov     ebx, ANSWER_KEEPS
    cmp     dword ptr [accept_erases], 1
    je      .Laccept_judge_volume_done # CF is clear
8:  stc
.Laccept_judge_volume_done:
    ret

# A block of the volume. With the first one what is on it goes: so this machine leaves its cluster then.
# In: EDX its number, ESI its content, ECX bytes.
# Out: CF and EAX text.
accept_block:
    push    ebx
    push    edi
    mov     edi, edx
    mov     ebx, [accept_volume]
    test    ebx, ebx
    jz      8f
    cmp     ecx, PAGE_SIZE
    jne     8f
    test    edi, edi                    # the first is not sent
    jz      8f
    mov     eax, [ebx + VOLUME_SECTORS]
    shr     eax, 3
    cmp     edi, eax
    jae     8f
    cmp     dword ptr [accept_wiped], 0
    jne     1f
    push    esi
    call    accept_wipe
    pop     esi
    jc      9f
1:  mov     eax, ebx
    lea     edx, [edi*8]
    mov     ecx, esi
    mov     esi, PAGE_SIZE / 512
    call    volume_write
    jnc     9f
    call    error_text_failed
    jmp     9f
8:  LOAD_STRING eax, "it has said what makes no sense"
    stc
9:  pop     edi
    pop     ebx
    ret

# Gives the files of a volume up.
# In: EBX volume.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
accept_wipe:
    cmp     dword ptr [accept_leaves], 0
    jne     1f
    call    accept_leave
1:  cmp     dword ptr [ebx + VOLUME_MOUNT], 0
    je      2f
    mov     eax, ebx
    mov     edx, 1
    call    umount_path
    jc      9f
2:  mov     eax, ebx
    call    volume_move_away
    jc      9f
    mov     dword ptr [accept_wiped], 1
    ret
9:  jmp     error_text_failed

# A page.
# In: EDX its number, ESI its content, ECX bytes.
# Out: CF and EAX error.
accept_page:
    mov     eax, ERROR_INVALID
    cmp     ecx, PAGE_SIZE
    stc
    jne     9f
    mov     eax, edx
    jmp     land_page
9:  ret

# Pages that are all zeros.
# In: EDX number of the first, ESI how many, ECX bytes of that.
# Out: CF and EAX error.
.global accept_zeros
accept_zeros:
    mov     eax, ERROR_INVALID
    cmp     ecx, 4
    stc
    jne     9f
    push    ebx
    push    edi
    mov     ebx, edx
    mov     edi, [esi]
    xor     esi, esi
1:  sub     edi, 1
    cmc
    jnc     2f                          # all
    mov     eax, ebx
    call    land_page
    inc     ebx                         # keeps CF
    jnc     1b
2:  pop     edi
    pop     ebx
9:  ret

# The next pass of a source that moves is the last: it stands still from then on, so that all that takes time is done
# now. A source that fails later leaves a machine that has to start again.
# Out: CF and EAX text.
accept_last:
    cmp     dword ptr [accept_moves], 1
    jne     8f
    cmp     dword ptr [accept_leaves], 0
    jne     1f
    call    accept_leave
1:  jmp     accept_taken
8:  LOAD_STRING eax, "it has said what makes no sense"
    stc
    ret

# From here on this machine is nobody's twin but the source's, or starts again.
accept_leave:
    call    accept_close
    mov     dword ptr [accept_leaves], 1
    call    cluster_leave
    xor     eax, eax
    jmp     file_sync

# Says that the source is heard.
# Out: CF and EAX text.
accept_taken:
    mov     eax, SEALED_TAKEN
    xor     edx, edx
    xor     ecx, ecx
    jmp     sealed_send

# All is here: this machine becomes the twin. Returns when that cannot be.
# Out: EAX text of why not.
# Clobbers: EDI too.
accept_begin:
    mov     eax, [accept_volume]
    test    eax, eax
    jz      1f
    call    volume_flush
    jc      error_text_failed
1:  cmp     dword ptr [accept_moves], 0
    jne     .Laccept_begin_hold
    call    accept_close                # another fork is refused, rather than taken by who hears nothing any more
    call    accept_taken
    jc      .Laccept_begin_failed
    mov     edi, CONFIRM_MS / TICK_MS
1:  mov     eax, [fork_socket]
    mov     edx, offset accept_status
    call    stream_status
    jc      2f
    cmp     dword ptr [accept_status + STATUS_STATE], TCP_CLOSED
    je      2f                          # the source has heard it, and ended the connection
    cmp     dword ptr [accept_status + STATUS_UNSENT], 0
    je      2f
    mov     eax, TICK_MS
    call    task_sleep
    dec     edi
    jnz     1b
2:  cmp     dword ptr [accept_leaves], 0
    jne     .Laccept_begin_hold
    call    cluster_leave
    xor     eax, eax
    call    file_sync
.Laccept_begin_hold:
    mov     eax, offset land_name
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    mem_copy
    xor     eax, eax
    cmp     byte ptr [node + NODE_NAME], 0
    setne   al
    mov     [land_chosen], eax
    call    fork_hold
    jnc     land
.Laccept_begin_failed:
    ret
