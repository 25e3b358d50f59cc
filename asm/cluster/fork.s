# `cloud fork NODE|any [--name NAME]`: this kernel goes on, and becomes a second one on another machine, which gives
# itself up for that (docs/protocols/fork.md). The twin returns from fork_pass too, into fork_arrived. Several at once
# are in asm/cluster/fork-several.s.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"
.include "fork.inc"

CONNECT_MS              = 5000
QUIET_MS                = 200           # the twin's cards are being taken into use
STATUS_TWIN             = 2             # of `cloud fork` at the twin; at the source it is 0, or 1 when there is none

STRING fork_name_word, "--name"
STRING fork_erase_word, "--erase"

.section .rodata
.balign 4
answer_texts:
    .long   0, answer_image, answer_machine, answer_memory, answer_devices, answer_tables, answer_keeps
    .long   answer_processor, 0, answer_drives
ANSWERS                 = (. - answer_texts) / 4
STRING answer_image, "its kernel is another one"
STRING answer_machine, "it is another kind of machine: devices must be the same"
STRING answer_drives, "it has other drives: as many as this machine, of the same sizes, must be at the same places"
STRING answer_memory, "it has too little free memory, or not all that this machine has"
STRING answer_devices, "one of its disks cannot be taken over"
STRING answer_tables, "it has not the same partitions as this machine, for its volume (fdisk)"
STRING answer_processor, "its processor lacks what this machine's has"
STRING answer_keeps, "it keeps its files: type `cloud fork accept --erase` there"

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
.global fork_busy
fork_busy:              .space 4        # id of the task that is at it here, or 0
.global fork_address
fork_address:           .space 4        # of the target
    # what the twin is to be called, empty: as any copy would be
fork_name:              .space HOSTNAME_SIZE
.global fork_asked
fork_asked:             .space NODE_ID_SIZE     # `any`, `all`: the members up to this id have been asked
fork_origin:            .space HOSTNAME_SIZE
    # ANSWER_* of the target
.global fork_answered
fork_answered:          .space 4
.global fork_ms
fork_ms:                .space 4        # clock_ms when it began
.global fork_pause_us
fork_pause_us:          .space 4
.global fork_sent
fork_sent:              .space 4        # pages that were sent
.global description
description:            .space DESCRIBE_SIZE

.text

# Makes a twin of this kernel, or gives this machine up to be one.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status, or CLOUD_MISUSED.
.global cloud_fork
cloud_fork:
    push    esi
    mov     esi, edx
    call    fork_words
    pop     esi
    jnc     fork_alone
    mov     eax, CLOUD_MISUSED
    ret

# Does what one task at a time does.
# In: EAX routine, which takes EAX and EDX; ECX the first of these, EDX the second.
# Out: EAX status.
.global fork_alone
fork_alone:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, ecx
    mov     edi, edx
    call    fork_begin
    jc      1f
    mov     eax, esi
    mov     edx, edi
    call    ebx
    mov     dword ptr [fork_busy], 0
    jmp     2f
1:  PRINT   "fork: another one, or the move of a program, is under way here\n"
    mov     eax, 1
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Lets the running task alone have what asm/cluster/fork-seal.s holds, until it sets fork_busy to 0.
# Out: CF when another one has it.
# Clobbers: EAX, ECX, EDX.
.global fork_begin
fork_begin:
    mov     eax, [fork_busy]
    test    eax, eax
    jz      1f
    call    task_lives
    cmc
    jc      2f
    call    frames_close
    call    land_end
    call    volume_move_end
    mov     dword ptr [fork_until], 0
1:  mov     eax, [task_current]
    mov     eax, [eax + TASK_ID]
    mov     [fork_busy], eax
    clc
2:  ret

# Reads the words after `cloud fork`.
# In: EAX how many, ESI their addresses.
# Out: EAX routine; ECX, EDX what it takes: fork_to the target and the address of the name for the twin, or 0;
# fork_accept whether the volume is given up too, in EDX; fork_several ESI and how many; CF when they make no sense.
fork_words:
    push    ebx
    push    edi
    mov     edi, eax                    # EDI: how many
    xor     ebx, ebx                    # EBX: what EDX is to be
    test    edi, edi
    jz      .Lfork_words_wrong
    mov     eax, [esi]
    mov     edx, offset name_accept
    call    string_compare
    je      .Lfork_words_accept
    cmp     edi, 1
    je      .Lfork_words_one
    mov     eax, [esi + 4]
    mov     edx, offset fork_name_word
    call    string_compare
    jne     .Lfork_words_several
    cmp     edi, 3
    jne     .Lfork_words_wrong
    mov     ebx, [esi + 8]
    jmp     .Lfork_words_to
.Lfork_words_one:
    mov     eax, [esi]
    mov     edx, offset name_all
    call    string_compare
    je      .Lfork_words_several
.Lfork_words_to:
    mov     eax, offset fork_to
    jmp     .Lfork_words_good
.Lfork_words_several:
    cmp     edi, TWINS_MAX
    ja      .Lfork_words_wrong
    mov     ecx, edi
1:  mov     eax, [esi + ecx*4 - 4]
    cmp     byte ptr [eax], '-'         # an option that there is not
    je      .Lfork_words_wrong
    loop    1b
    mov     eax, offset fork_several
    mov     ecx, esi
    mov     edx, edi
    clc
    jmp     .Lfork_words_done
.Lfork_words_accept:
    mov     eax, offset fork_accept
    cmp     edi, 1
    je      .Lfork_words_good
    cmp     edi, 2
    jne     .Lfork_words_wrong
    mov     eax, [esi + 4]
    mov     edx, offset fork_erase_word
    call    string_compare
    jne     .Lfork_words_wrong
    mov     eax, offset fork_accept
    inc     ebx
.Lfork_words_good:
    mov     ecx, [esi]
    mov     edx, ebx
    clc
    jmp     .Lfork_words_done
.Lfork_words_wrong:
    stc
.Lfork_words_done:
    pop     edi
    pop     ebx
    ret

# Whether this node may fork at all. The cluster's mutex is held.
# Out: CF and EAX text when not.
fork_allowed:
    call    member_allowed
    jc      1f
    LOAD_STRING eax, "this machine has memory above 768 MiB, which has no place in a copy yet"
    mov     ecx, [pages_low_end]
    cmp     ecx, [pages_end]            # CF when there is some
1:  ret

# Whether this node may give another one what runs here. The cluster's mutex is held.
# Out: CF and EAX text when not.
.global member_allowed
member_allowed:
    LOAD_STRING eax, "an open cluster cannot tell its machines from others (cloud key new NAME)"
    cmp     dword ptr [trust_open], 0
    jne     1f
    LOAD_STRING eax, "this node is no member of the cluster now"
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     1f
    cmp     dword ptr [cluster_pings], 0
    je      1f                          # it was, until `cloud stop`
    LOAD_STRING eax, "this kernel is on trial"
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     1f
    LOAD_STRING eax, "the loader, an older one, left too little of the kernel's image"
    cmp     dword ptr [running_checksum], 0
    je      1f
    clc
    ret
1:  stc
    ret

# Becomes two.
# In: EAX name or address of the target, or `any`, EDX address of the name for the twin, or 0.
# Out: EAX status.
fork_to:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     dword ptr [fork_moves], 0
    call    fork_called
    jc      .Lfork_to_failed
    call    clock_ms
    mov     [fork_ms], eax
    call    fork_found
    jc      .Lfork_to_failed
    call    fork_volume_send
    jc      .Lfork_to_broken
    call    fork_divide
    jc      .Lfork_to_broken
    test    eax, eax
    jnz     .Lfork_to_twin
    call    fork_give
    jc      .Lfork_to_broken
    call    fork_ended
    call    fork_volume_tell
    call    clock_ms
    sub     eax, [fork_ms]
    mov     ecx, offset fork_target
    PRINTF  "%s is the twin: %u pages sent, %u us of pause, %u ms in all\n", ecx, [fork_sent], [fork_pause_us], eax
    xor     eax, eax
    jmp     .Lfork_to_done
.Lfork_to_twin:
    call    fork_arrived
    jmp     .Lfork_to_done
.Lfork_to_broken:
    push    eax
    call    fork_ended
    call    volume_move_end
    pop     eax
.Lfork_to_failed:
    PRINTF  "fork: %s: %s; this kernel goes on alone\n", ebx, eax
    mov     eax, 1
.Lfork_to_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Keeps what the twin is to be called.
# In: EDX address of its name, or 0.
# Out: CF and EAX text when nobody can be called so.
.global fork_called
fork_called:
    push    esi
    mov     byte ptr [fork_name], 0
    mov     esi, edx
    test    edx, edx
    jz      9f                          # CF is clear
    mov     eax, esi
    call    hostname_good
    LOAD_STRING eax, "a name has at most 15 letters and digits, a letter at least, and - and . between; `any` is none"
    jc      9f
    mov     eax, esi
    mov     edx, offset hostname
    call    string_compare
    je      8f
    call    cloud_lock
    mov     eax, esi
    call    peer_named
    call    cloud_unlock_keep
    test    eax, eax
    jnz     8f
    mov     eax, offset fork_name
    mov     edx, esi
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    clc
    jmp     9f
8:  LOAD_STRING eax, "a member has the name already that the twin is to have"
    stc
9:  pop     esi
    ret

# Finds a target, and agrees with it.
# In: EBX its name or address, or `any`.
# Out: CF and EAX text: then nothing is taken.
.global fork_found
fork_found:
    push    esi
    push    edi
    xor     eax, eax
    mov     [fork_sent], eax
    mov     [fork_asked], eax
    mov     [fork_asked + 4], eax
    mov     eax, ebx
    mov     edx, offset name_any
    call    string_compare
    setz    al
    movzx   edi, al                     # EDI: 1 when another one may do as well
.Lfork_found_next:
    call    fork_stopped                # members that do not answer may take seconds each
    jc      .Lfork_found_done
    mov     eax, ebx
    mov     edx, edi
    call    fork_choose
    jc      .Lfork_found_done
    xor     esi, esi                    # ESI: 1 once it has been given up
    mov     ecx, FORK_PORT
    call    fork_connect
    jc      .Lfork_found_not
    inc     esi
    call    fork_agree
    jnc     .Lfork_found_done
    push    eax
    call    fork_ended
    pop     eax
.Lfork_found_not:
    cmp     edi, 1
    jb      .Lfork_found_done
    test    esi, esi
    jz      .Lfork_found_next
    mov     ecx, offset fork_target
    PRINTF  "fork: %s: %s\n", ecx, eax
    jmp     .Lfork_found_next
.Lfork_found_done:
    pop     edi
    pop     esi
    ret

# Gives back what a try has taken.
.global fork_ended
fork_ended:
    mov     eax, [fork_socket]
    call    stream_abort
    jmp     fork_zone_give

# The twin begins.
# Out: EAX status, by which a script knows which of the two it is.
.global fork_arrived
fork_arrived:
    call    fork_release
    call    fork_volume_landed
    mov     eax, QUIET_MS
    call    task_sleep
    call    fork_ended
    mov     eax, offset fork_name
    cmp     byte ptr [eax], 0
    jne     1f
    mov     eax, offset land_name
1:  mov     edx, offset fork_origin
    PRINTF  "I am %s, forked from %s\n", eax, edx
    mov     eax, STATUS_TWIN
    ret

# Remembers the target, and makes the greeting for it. The cluster's mutex is held.
# In: EBX peer.
# Out: CF is clear.
# Clobbers: EAX, ECX, EDX.
.global fork_note
fork_note:
    mov     eax, [ebx + PEER_ADDRESS]
    mov     [fork_address], eax
    mov     eax, offset fork_session
    lea     edx, [ebx + PEER_SESSION]
    mov     ecx, SESSION_SIZE
    call    mem_copy
    mov     eax, offset fork_target
    lea     edx, [ebx + PEER_NAME]
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, offset fork_origin
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    mov     eax, offset greeting_source
    call    greeting_make
    clc
    ret

# Finds a member by its name or address that has this kernel. The cluster's mutex is held.
# In: EAX name or address.
# Out: EBX peer; CF and EAX text.
# Clobbers: EAX, ECX, EDX.
.global member_choose
member_choose:
    call    peer_named_only
    mov     ebx, eax
    mov     eax, edx
    test    edx, edx
    jnz     8f
    LOAD_STRING eax, "no other member has this name or address"
    test    ebx, ebx
    jz      8f
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      8f
    LOAD_STRING eax, "its kernel is of another revision"
    mov     ecx, [boot_info + bi_revision]
    cmp     [ebx + PEER_REVISION], ecx
    je      9f                          # CF is clear
8:  stc
9:  ret

# Finds the target. May sleep.
# In: EAX its name or address; EDX 1 when it is the next member of all.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
.global fork_choose
fork_choose:
    push    ebx
    push    edx
    mov     ebx, eax
    call    cloud_lock
    call    fork_allowed
    pop     edx
    jc      9f
    mov     eax, ebx
    test    edx, edx
    jnz     1f
    call    member_choose
    jc      9f
    jmp     2f
1:  call    fork_choose_next
    LOAD_STRING eax, "no member of this revision takes it: type `cloud fork accept` at one"
    jc      9f
2:  call    fork_note
9:  call    cloud_unlock_keep
    pop     ebx
    ret

# Finds the member of this revision that comes after those that were asked, by id. The cluster's mutex is held.
# Out: EBX peer; CF when there is no more.
# Clobbers: EAX, ECX, EDX.
fork_choose_next:
    mov     ebx, [peer_first]
1:  cmp     ebx, 1
    jb      9f                          # CF is set
    cmp     dword ptr [ebx + PEER_VIEWED], 0
    je      2f
    mov     ecx, [boot_info + bi_revision]
    cmp     [ebx + PEER_REVISION], ecx
    jne     2f
    mov     eax, offset fork_asked
    lea     edx, [ebx + PEER_ID]
    call    node_id_compare
    jb      3f
2:  mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
3:  mov     eax, [ebx + PEER_ID]
    mov     [fork_asked], eax
    mov     eax, [ebx + PEER_ID + 4]
    mov     [fork_asked + 4], eax
    clc
9:  ret

# Connects to the target.
# In: ECX port.
# Out: CF and EAX text: then there is no socket.
.global fork_connect
fork_connect:
    push    edi
    push    ecx
    call    stream_open
    jc      1f
    mov     [fork_socket], eax
    mov     edx, CONNECT_MS
    call    fork_patience
    mov     edi, edx
    mov     eax, [fork_socket]
    mov     edx, [fork_address]
    mov     ecx, [esp]
    call    stream_connect
    jnc     9f
    push    eax
    mov     eax, [fork_socket]
    call    stream_abort
    pop     eax
    cmp     eax, ERROR_REFUSED
    je      2f
1:  call    error_text_failed
    jmp     9f
2:  LOAD_STRING eax, "it has to be given up first: type `cloud fork accept` there"
    cmp     dword ptr [esp], FORK_PORT
    je      3f
    LOAD_STRING eax, "its cluster service takes no programs now; try again"
3:  stc
9:  pop     ecx
    pop     edi
    ret

# Greets, describes what is to come, and hears whether the target takes it.
# Out: CF and EAX text.
fork_agree:
    push    esi
    push    edi
    call    fork_greet
    jc      .Lfork_agree_done
    call    fork_volume_choose
    call    fork_describe
    jc      .Lfork_agree_done
    call    fork_tell
    jc      .Lfork_agree_done
    call    fork_answer
.Lfork_agree_done:
    pop     edi
    pop     esi
    ret

# Tells the target what is to come.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI.
.global fork_tell
fork_tell:
    mov     esi, offset description
    mov     eax, SEALED_DESCRIBE
    xor     edx, edx
    mov     ecx, DESCRIBE_SIZE
    jmp     sealed_send

# Greets the target over fork_socket, and makes the keys. May sleep.
# Out: CF and EAX text when another one answers, or none.
# Clobbers: ECX, EDX, ESI, EDI.
.global fork_greet
fork_greet:
    call    fork_hail
    jc      .Lfork_greet_done

# Hears its greeting, and makes the keys; otherwise as fork_greet.
.global fork_greeted
fork_greeted:
    mov     esi, offset greeting_target
    mov     edi, GREETING_SIZE
    call    fork_receive
    jnc     1f
    LOAD_STRING eax, "it does not greet: it is busy with another one, or does not know this node; try again"
    jmp     .Lfork_greet_done           # CF is set
1:  call    cloud_lock
    mov     eax, offset greeting_target
    call    greeting_member
    jc      .Lfork_greet_locked
    add     eax, PEER_SESSION
    mov     edx, offset fork_session
    call    session_same
    jne     .Lfork_greet_other
    mov     eax, offset greeting_target
    mov     edx, 1
    call    seal_begin
    jmp     .Lfork_greet_locked
.Lfork_greet_other:
    LOAD_STRING eax, "another member has answered"
    stc
.Lfork_greet_locked:
    call    cloud_unlock_keep
.Lfork_greet_done:
    ret

# Greets the target. May sleep.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI, EDI.
.global fork_hail
fork_hail:
    mov     esi, offset greeting_source
    mov     edi, GREETING_SIZE
    jmp     fork_send

# Hears the target's answer.
# Out: CF and EAX text.
.global fork_answer
fork_answer:
    push    esi
    call    sealed_receive
    jc      9f
    cmp     eax, SEALED_ANSWER
    mov     eax, ERROR_INVALID
    jne     8f
    cmp     edx, ANSWERS
    jae     8f
    mov     [fork_answered], edx
    mov     eax, [answer_texts + edx*4]
    cmp     eax, 1                      # 0: yes
    cmc
    jmp     9f
8:  call    error_text_failed
9:  pop     esi
    ret

# Takes the zone, and describes what is to come.
# Out: CF and EAX text.
.global fork_describe
fork_describe:
    call    fork_count
    mov     [description + DESCRIBE_PAGES], eax
    call    fork_zone_take
    jc      .Lfork_describe_full
    mov     eax, [fork_zone]
    mov     [description + DESCRIBE_ZONE], eax
    mov     eax, [fork_zone_pages]
    mov     [description + DESCRIBE_ZONE_PAGES], eax
    mov     eax, [running_checksum]
    mov     [description + DESCRIBE_IMAGE], eax
    mov     eax, [fork_moves]
    mov     [description + DESCRIBE_MOVES], eax
    mov     ecx, [fork_volume]
    call    migrate_describe
    call    fork_machine_sum
    mov     [description + DESCRIBE_MACHINE], eax
    call    drives_sum
    mov     [description + DESCRIBE_DRIVES], eax
    call    pci_memory_lowest
    mov     [description + DESCRIBE_DEVICES], eax
    call    machine_features
    mov     [description + DESCRIBE_FEATURES], ecx
    mov     [description + DESCRIBE_FEATURES + 4], edx
    mov     edi, offset description + DESCRIBE_RANGES
    call    machine_ranges
    jc      1f
    ret
1:  LOAD_STRING eax, "the memory of this machine is in too many parts"
    stc
    ret
.Lfork_describe_full:
    LOAD_STRING eax, "there is not as much free memory here as is in use, in a row"
    stc
    ret

# Becomes two.
# Out: EAX 0, or 1 in the twin; CF and EAX text.
.global fork_divide
fork_divide:
    push    ebx
    xor     eax, eax
    call    file_sync                   # the twin has as little as possible that it cannot write
    call    fork_volume_last
    jc      9f
    call    fork_hold
    jc      9f
    call    clock_us
    mov     [fork_pause_us], eax
    mov     eax, offset hostname_next
    mov     edx, offset fork_name
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    call    fork_pass
    sbb     ebx, ebx
    test    eax, eax
    jnz     9f                          # CF is clear
    mov     byte ptr [hostname_next], 0
    call    clock_us
    sub     eax, [fork_pause_us]
    mov     [fork_pause_us], eax
    call    fork_release
    call    fork_volume_over
    LOAD_STRING eax, "it has taken too much memory meanwhile; try again"
    add     ebx, ebx                    # CF as fork_pass left it
    jc      9f
    xor     eax, eax
9:  pop     ebx
    ret

# Sends all that was put aside, and has the twin begin.
# Out: CF and EAX text.
fork_give:
    push    esi
    call    fork_give_listed
    jc      9f
    call    fork_start
    jc      9f
    call    fork_taken
9:  pop     esi
    ret

# Hears that the target begins.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI.
.global fork_taken
fork_taken:
    call    sealed_receive
    jc      1f
    cmp     eax, SEALED_TAKEN
    je      2f                          # CF is clear
1:  LOAD_STRING eax, "it was told to begin, and has not said that it does: look at `cloud`"
    stc
2:  ret

# Has the target begin.
# Out: CF and EAX text.
.global fork_start
fork_start:
    mov     eax, SEALED_START
    mov     edx, [fork_known]
    xor     ecx, ecx
    jmp     sealed_send

# Sends what was put aside last.
# Out: CF and EAX text.
.global fork_give_listed
fork_give_listed:
    push    ebx
    push    esi
    push    ebp
    mov     ebx, [fork_list]
    mov     ebp, [fork_listed]
    lea     ebp, [ebx + ebp*4]          # EBP: the end of the list
.Lfork_give_next:
    cmp     ebx, ebp
    jae     .Lfork_give_done            # CF is clear
    call    fork_stopped
    jc      .Lfork_give_done
    mov     edx, [ebx]
    btr     edx, 31                     # COPY_ZEROS
    jc      .Lfork_give_zeros
    add     ebx, 4
    inc     dword ptr [fork_sent]
    call    fork_give_page
    jnc     .Lfork_give_next
    jmp     .Lfork_give_done
.Lfork_give_zeros:
    call    fork_give_zeros
    jnc     .Lfork_give_next
.Lfork_give_done:
    pop     ebp
    pop     esi
    pop     ebx
    ret

# Whether Ctrl-C was typed at the command that forks or moves.
# Out: EAX text for that; CF when so.
.global fork_stopped
fork_stopped:
    LOAD_STRING eax, "Ctrl-C was typed"
    jmp     break_check

# Sends what the target has otherwise of a page: in pieces, if that is not all of it.
# In: EDX entry of the list.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI.
fork_give_page:
    push    ebx
    push    edi
    mov     ebx, edx
    and     edx, COPY_PAGE
    shr     ebx, COPY_EIGHTHS           # EBX: which eighths are to come,
    mov     esi, [fork_table]
    mov     esi, [esi + edx*4]          # ESI: of the copy
    mov     eax, SEALED_PAGE
    mov     ecx, PAGE_SIZE
    cmp     ebx, COPY_ALL >> COPY_EIGHTHS
    je      .Lfork_give_page_all
    mov     edi, edx                    # EDI: page and eighth
.Lfork_give_page_next:
    xor     ecx, ecx
1:  shr     ebx, 1
    jnc     2f
    add     ecx, EIGHTH
    jmp     1b
2:  jecxz   3f
    push    ecx
    mov     eax, SEALED_PART
    mov     edx, edi
    call    sealed_send
    pop     ecx
    jc      .Lfork_give_page_done
    add     esi, ecx
    shl     ecx, COPY_EIGHTHS - 9       # EIGHTH is 1 << 9
    add     edi, ecx
3:  add     esi, EIGHTH
    add     edi, 1 << COPY_EIGHTHS
    test    ebx, ebx
    jnz     .Lfork_give_page_next       # else CF is clear
    jmp     .Lfork_give_page_done
.Lfork_give_page_all:
    call    sealed_send
.Lfork_give_page_done:
    pop     edi
    pop     ebx
    ret

# Sends that pages in a row are all zeros.
# In: EBX the first of them in the list, EBP the list's end, EDX its number.
# Out: EBX the next of the list; CF and EAX text.
# Clobbers: ECX, EDX, ESI.
fork_give_zeros:
    mov     ecx, [ebx]
    xor     eax, eax
1:  inc     eax
    inc     ecx
    add     ebx, 4
    cmp     ebx, ebp
    jae     2f
    cmp     [ebx], ecx
    je      1b
2:  push    eax
    mov     esi, esp
    mov     eax, SEALED_ZEROS
    mov     ecx, 4
    call    sealed_send
    lea     esp, [esp + 4]              # keeps CF
    ret
