# The volume of a kernel that becomes two: where the target's person has given the one there up, the twin gets a copy
# of it, with the files that are open (docs/protocols/fork.md, "Its volume"). What is sent is what a move sends
# (migrate.s); here it is decided whether it goes along, and for how long whoever writes waits.

.include "macros.inc"
.include "fs.inc"
.include "fork.inc"

STILL_MS                = 2000          # for the last blocks, while nobody writes
VOLUME_SPARE            = 64            # pages that may come while a volume is sent, beside those of its map

.section .bss.kept, "aw", @nobits
.balign 4
    # the volume that may go along, or 0
.global fork_volume
fork_volume:            .space 4
volume_bar:             .space 4        # text of why none can, or 0
volume_rounds:          .space 4        # how many there were, 0: none went along
still_us:               .space 4        # clock_us when writes began to wait; then how long they did,
still_blocks:           .space 4        # and how many blocks were sent meanwhile

.text

# Finds the volume that may go along: of a move, the one that does.
# Out: fork_volume; fork_spare.
# Clobbers: EAX, ECX, EDX.
.global fork_volume_choose
fork_volume_choose:
    push    ebx
    xor     eax, eax
    mov     [volume_bar], eax
    mov     [fork_spare], eax
    mov     ebx, [watch_volume]
    cmp     [fork_moves], eax
    jne     9f
    call    volume_move_find
    jnc     1f
    mov     [volume_bar], eax
    xor     ebx, ebx
1:  test    ebx, ebx
    jz      9f
    mov     ebx, [ebx + MOUNT_VOLUME]
    mov     eax, ebx
    call    volume_move_room
    add     eax, VOLUME_SPARE
    mov     [fork_spare], eax
9:  mov     [fork_volume], ebx
    pop     ebx
    ret

# Sends the volume, if the target takes it, but for what is written until fork_volume_last. May sleep.
# Out: CF and EAX text.
.global fork_volume_send
fork_volume_send:
    xor     eax, eax
    mov     [volume_rounds], eax
    mov     [migrate_sent], eax
    cmp     dword ptr [fork_answered], ANSWER_APART
    je      .Lfork_volume_send_done     # CF is clear
    mov     eax, [volume_bar]
    cmp     eax, 1                      # 0: there is none
    cmc
    jc      .Lfork_volume_send_done
    cmp     dword ptr [fork_volume], 0
    je      .Lfork_volume_send_done
    call    volume_move_begin
    jc      .Lfork_volume_send_done
    mov     eax, [watch_volume]
    cmp     eax, [fork_volume]
    LOAD_STRING eax, "its volume was unmounted"
    stc
    jne     .Lfork_volume_send_done
1:  xor     eax, eax
    call    migrate_blocks
    jc      .Lfork_volume_send_done
    inc     dword ptr [volume_rounds]
    cmp     dword ptr [volume_rounds], ROUNDS
    jae     .Lfork_volume_send_done     # CF is clear
    cmp     eax, LAST_BLOCKS
    ja      1b
    clc
.Lfork_volume_send_done:
    ret

# Has whoever writes wait, until fork_volume_over or volume_move_end, and sends what was written. May sleep.
# Out: CF and EAX text.
.global fork_volume_last
fork_volume_last:
    cmp     dword ptr [watch_volume], 0
    je      9f                          # CF is clear
    xor     eax, eax
    call    migrate_blocks              # those of the last commit, before anybody waits for them
    jc      9f
    call    clock_us
    mov     [still_us], eax
    call    clock_ms
    add     eax, STILL_MS
    or      eax, 1                      # never 0: at any time
    push    eax
    call    volume_move_still
    pop     edx
    jc      9f
    mov     eax, edx
    mov     [fork_until], eax
    call    migrate_blocks
    mov     dword ptr [fork_until], 0   # keeps CF, as what follows
    mov     [still_blocks], eax
9:  ret

# The pass is over: all write on, here.
# Clobbers: EAX, ECX, EDX.
.global fork_volume_over
fork_volume_over:
    cmp     dword ptr [watch_volume], 0
    je      9f
    call    volume_move_end
    call    clock_us
    sub     eax, [still_us]
    mov     [still_us], eax
9:  ret

# Says what was sent of a volume.
# Clobbers: EAX, ECX, EDX.
.global fork_volume_tell
fork_volume_tell:
    mov     ecx, [volume_rounds]
    jecxz   9f
    PRINTF  "its volume went along: %u blocks sent in %u rounds, the last %u in %u us in which nobody wrote\n", [migrate_sent], ecx, [still_blocks], [still_us]
9:  ret

# The twin has landed: its volume has all the files, so it may be mounted again, and all write on.
# Clobbers: EAX, ECX, EDX.
.global fork_volume_landed
fork_volume_landed:
    cmp     dword ptr [watch_volume], 0
    je      9f
    call    volume_move_here
    jnc     volume_move_end
    call    error_text
    PRINTF  "fork: the volume that came cannot be used after the next boot: %s\n", eax
    jmp     volume_move_end
9:  ret
