# `cloud migrate NODE|any`: this kernel moves to another machine, which gives itself up for that (fork-accept.s), with
# its connections and addresses; this machine starts again (docs/protocols/fork.md). The transfer is the one of a fork,
# in rounds, so that it stands still for the last of them alone; the hand-over is in handover.s.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"
.include "disk.inc"
.include "cluster.inc"
.include "names.inc"
.include "fork.inc"

LOUD_ROUNDS             = 3             # after so many, programs stand still: what they change is never sent in time
LAST_PAGES              = 40            # a round of so few is the one before the last, when LAST_BLOCKS were no more

.section .bss.kept, "aw", @nobits
.balign 4
migrate_rounds:         .space 4
still_ms:               .space 4        # clock_ms of the last pass
.global migrate_sent
migrate_sent:           .space 4        # blocks of the volume

.text

# Moves.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status, or CLOUD_MISUSED.
.global cloud_migrate
cloud_migrate:
    mov     ecx, [edx]
    xor     edx, edx
    cmp     eax, 1
    mov     eax, offset migrate_to
    je      fork_alone
    mov     eax, CLOUD_MISUSED
    ret

# Moves to a machine.
# In: EAX name or address of the target, or `any`.
# Out: EAX status.
migrate_to:
    push    ebx
    mov     ebx, eax
    mov     dword ptr [migrate_sent], 0
    call    volume_move_begin
    jc      .Lmigrate_to_failed
    mov     dword ptr [fork_moves], 1
    call    clock_ms
    mov     [fork_ms], eax
    call    fork_found
    jc      .Lmigrate_to_not
    call    migrate_all
    jc      .Lmigrate_to_broken
    call    migrate_last
    jc      .Lmigrate_to_broken
    test    eax, eax
    jnz     .Lmigrate_to_arrived
    call    clock_us
    sub     eax, [fork_pause_us]
    mov     [fork_pause_us], eax
    call    clock_ms
    sub     eax, [fork_ms]
    mov     ecx, offset fork_target
    mov     edx, [migrate_rounds]
    PRINTF  "moved to %s: %u pages sent in %u rounds, %u us without a network, %u ms in all\n", ecx, [fork_sent], edx, [fork_pause_us], eax
    call    handover_over
.Lmigrate_to_arrived:
    call    migrate_arrived
    xor     eax, eax
    jmp     .Lmigrate_to_done
.Lmigrate_to_broken:
    mov     dword ptr [task_hush], 0
    push    eax
    call    fork_ended
    pop     eax
.Lmigrate_to_not:
    push    eax
    call    volume_move_end
    pop     eax
.Lmigrate_to_failed:
    PRINTF  "migrate: %s: %s; this kernel goes on here\n", ebx, eax
    mov     eax, 1
.Lmigrate_to_done:
    mov     dword ptr [fork_moves], 0
    pop     ebx
    ret

# Describes the volume that goes along.
# In: ECX volume, or 0.
# Out: the fields of `description`.
# Clobbers: EAX, ECX, EDX.
.global migrate_describe
migrate_describe:
    xor     eax, eax
    mov     [description + DESCRIBE_DRIVE], eax
    mov     [description + DESCRIBE_VOLUME], eax
    mov     [description + DESCRIBE_TABLES], eax
    jecxz   1f
    mov     eax, [ecx + VOLUME_INDEX]
    mov     [description + DESCRIBE_VOLUME], eax
    mov     eax, [ecx + VOLUME_DISK]
    sub     eax, offset disk_table
    xor     edx, edx
    mov     ecx, DISK_SIZE_OF
    div     ecx
    inc     eax
    mov     [description + DESCRIBE_DRIVE], eax
    call    partitions_sum
    mov     [description + DESCRIBE_TABLES], eax
1:  ret

# Sends the blocks of the volume that were written since they were sent last.
# In: EAX clock_ms at which that is to be done, 0: at any time.
# Out: EAX how many; CF and EAX text.
.global migrate_blocks
migrate_blocks:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    xor     ebx, ebx
    xor     edi, edi
    mov     eax, [watch_volume]
    test    eax, eax
    jz      .Lmigrate_blocks_none
1:  mov     eax, ebx
    call    volume_move_next
    jc      .Lmigrate_blocks_none
    mov     ebx, eax
    call    fork_stopped                # a volume may take minutes
    jc      .Lmigrate_blocks_done
    mov     edx, ebx
    mov     eax, SEALED_BLOCK
    mov     ecx, PAGE_SIZE
    call    sealed_send
    jc      .Lmigrate_blocks_done
    inc     ebx
    inc     edi
    inc     dword ptr [migrate_sent]
    test    ebp, ebp
    jz      1b
    call    clock_ms
    sub     eax, ebp
    js      1b
    LOAD_STRING eax, "its volume is written faster than it can be sent; try again"
    stc
    jmp     .Lmigrate_blocks_done
.Lmigrate_blocks_none:
    cmp     eax, 1                      # 0: there is none
    cmc
    jc      .Lmigrate_blocks_done
    mov     eax, edi
    clc
.Lmigrate_blocks_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Sends all there is, and what becomes different meanwhile, until that is little.
# Out: CF and EAX text.
migrate_all:
    push    esi
    mov     dword ptr [migrate_rounds], 1
1:  xor     eax, eax
    call    migrate_blocks
    jc      .Lmigrate_all_done
    mov     esi, eax
    call    fork_round
    LOAD_STRING eax, "it takes too much memory meanwhile; try again"
    jc      .Lmigrate_all_done
    call    fork_give_listed
    jc      .Lmigrate_all_done
    mov     eax, [migrate_rounds]
    inc     dword ptr [migrate_rounds]
    cmp     eax, ROUNDS
    jae     2f
    cmp     dword ptr [fork_listed], LAST_PAGES
    ja      3f
    cmp     esi, LAST_BLOCKS
    jbe     2f
3:  cmp     eax, LOUD_ROUNDS
    jb      1b
    call    migrate_hush
    jmp     1b
2:  call    migrate_hush
    mov     eax, SEALED_LAST
    xor     edx, edx
    xor     ecx, ecx
    call    sealed_send
    jc      .Lmigrate_all_done
    call    sealed_receive
    jc      .Lmigrate_all_done
    cmp     eax, SEALED_TAKEN
    LOAD_STRING eax, "it has said what makes no sense"
    stc
    jne     .Lmigrate_all_done
    call    fork_round                  # what has changed while the target left
    LOAD_STRING eax, "it takes too much memory meanwhile; try again"
    jc      .Lmigrate_all_done
    call    fork_give_listed
.Lmigrate_all_done:
    pop     esi
    ret

# Has programs, and who runs commands, stand still until the move is over.
# Clobbers: EAX.
migrate_hush:
    mov     eax, [task_current]
    mov     [task_hush], eax
    ret

# Stands still, and has the target begin.
# Out: EAX 0: this machine is gone, 1: this is the target, landed; CF and EAX text: it goes on.
migrate_last:
    push    ebx
    xor     eax, eax
    call    file_sync
    call    migrate_station
    jc      .Lmigrate_last_done
    call    volume_move_still
    jc      .Lmigrate_last_done
    xor     eax, eax
    call    migrate_blocks
    jc      .Lmigrate_last_done
    mov     eax, [fork_socket]
    mov     edx, STREAM_NODELAY
    mov     ecx, 1
    call    stream_option
    call    fork_hold
    jc      .Lmigrate_last_done
    mov     eax, offset hostname_next
    mov     edx, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    call    clock_us
    mov     [fork_pause_us], eax
    call    clock_ms
    mov     [still_ms], eax
    INTERRUPTS_OFF
    mov     dword ptr [net_gate], GATE_TRANSFER
    mov     dword ptr [move_state], MOVE_STILL
    call    fork_pass
    sbb     ebx, ebx
    test    eax, eax
    jnz     .Lmigrate_last_landed
    INTERRUPTS_RESTORE
    mov     byte ptr [hostname_next], 0
    call    fork_release
    LOAD_STRING eax, "it has taken too much memory meanwhile; try again"
    add     ebx, ebx                    # CF as fork_pass left it
    jc      .Lmigrate_last_failed
    call    fork_give_listed
    jc      .Lmigrate_last_failed
    call    fork_start
    jc      .Lmigrate_last_failed
    mov     eax, [still_ms]
    call    handover_wait
    jc      .Lmigrate_last_silent
.Lmigrate_last_gone:
    xor     eax, eax
    jmp     .Lmigrate_last_done
.Lmigrate_last_failed:
    push    eax
    call    handover_goes_on
    pop     eax
    jnc     .Lmigrate_last_gone
    jmp     .Lmigrate_last_done
.Lmigrate_last_silent:
    LOAD_STRING eax, "it has not come up in time, and starts again"
    stc
    jmp     .Lmigrate_last_done
.Lmigrate_last_landed:
    mov     dword ptr [net_gate], GATE_SHUT
    mov     dword ptr [move_state], MOVE_READY
    mov     edx, [cluster_netif]        # the card that the kernel had
    mov     eax, [edx + NETIF_MAC]
    mov     [gate_station], eax
    mov     ax, [edx + NETIF_MAC + 4]
    mov     [gate_station + 4], ax
    INTERRUPTS_RESTORE
    mov     eax, 1
    clc
.Lmigrate_last_done:
    pop     ebx
    ret

# Notes the card of the target.
# Out: CF and EAX text when it is not known.
migrate_station:
    mov     dword ptr [gate_port], (FORK_PORT & 0xFF) << 8 | FORK_PORT >> 8
    mov     eax, [fork_address]
    mov     edx, [cluster_netif]
    call    arp_station
    mov     [gate_station], eax
    mov     [gate_station + 4], dx
    jnc     9f
    LOAD_STRING eax, "it is not on the same network"
9:  ret

# This is the target: it takes its cards into use, and becomes the node once the source is gone.
migrate_arrived:
    call    fork_release
    call    net_moved
    call    fork_ended
    call    handover_ready
    jc      .Lmigrate_arrived_void
    call    migrate_volume
    mov     dword ptr [task_hush], 0
    mov     dword ptr [net_gate], GATE_OPEN
    call    net_announce
    call    tcp_hurry
    mov     dword ptr [fork_moves], 0
    mov     dword ptr [name_moved], 1
    call    cluster_leave               # the node of the source's card is gone; the one of this card joins
    INTERRUPTS_OFF
    call    generation_landed
    INTERRUPTS_RESTORE
    call    net_announce
    mov     eax, offset hostname
    mov     edx, offset fork_target
    PRINTF  "I am %s, moved to the machine that was %s\n", eax, edx
    ret
.Lmigrate_arrived_void:
    PRINT   "migrate: the source goes on, or nobody waits for it; this machine starts again\n"
    jmp     handover_restart

# The source is gone: the files are here from now on, and it may know.
# Clobbers: EAX, ECX, EDX.
migrate_volume:
    cmp     dword ptr [watch_volume], 0
    je      9f
    call    volume_move_here
    jnc     1f
    call    error_text
    PRINTF  "migrate: the volume that came cannot be used after the next boot: %s; the source's has its files\n", eax
    ret
1:  call    volume_move_end
    call    handover_live
9:  ret
