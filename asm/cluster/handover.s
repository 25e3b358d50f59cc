# The end of a kernel's move (docs/protocols/fork.md): the source stands still from its last pass on, and sends nothing
# but that. The target says READY when it has landed, and sends nothing before it hears GONE. The source alone decides:
# it is gone, or it goes on, and says the same ever after. So never two live, whatever is lost, late or said again.

.include "macros.inc"
.include "net.inc"
.include "crypto.inc"
.include "cluster.inc"
.include "fork.inc"

LEASE_MS                = 2000          # from the last pass on: so long the source waits for READY
AGAIN_MS                = 20            # a message is said again
SILENCE_MS              = 3000          # after so long a person is told
HANDS_ON_MS             = 3000          # the source hands on what neighbours send that have not heard of the move

.section .rodata
.balign 4
handovers:                              # MOVE_*, HANDOVER_*, routine
    .long   MOVE_STILL, HANDOVER_READY, handover_goes
    .long   MOVE_GONE, HANDOVER_READY, handover_gone
    .long   MOVE_HEARD, HANDOVER_READY, handover_gone
    .long   MOVE_GONE, HANDOVER_LIVE, handover_known
    .long   MOVE_WENT_ON, HANDOVER_READY, handover_void
    .long   MOVE_READY, HANDOVER_GONE, handover_lives
    .long   MOVE_READY, HANDOVER_ABORT, handover_ends
    .long   MOVE_LIVES, HANDOVER_GONE, handover_live
HANDOVER_ROW            = 12
HANDOVERS               = (. - handovers) / HANDOVER_ROW

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
    # HMAC record of this move's key
.global handover_key
handover_key:           .space HMAC_SIZE
    # MOVE_*
.global move_state
move_state:             .space 4
move_event:             .space 4        # it is another one
handover_tag:           .space SHA256_BYTES

ON_HOOK handover_heard, handover_take

.text

# A frame of the hand-over came in. Runs in the net task.
# In: EAX interface, EDX frame, ECX bytes after the Ethernet header.
handover_take:
    push    ebx
    push    esi
    cmp     dword ptr [move_state], MOVE_NONE
    je      .Lhandover_take_done
    cmp     ecx, HANDOVER_SIZE
    jb      .Lhandover_take_done
    lea     esi, [edx + ETHER_HEADER_SIZE]
    lea     eax, [edx + ETHER_SOURCE]
    call    gate_is_station
    jne     .Lhandover_take_done
    cmp     dword ptr [esi + HANDOVER_MAGIC], HANDOVER_MAGIC_VALUE
    jne     .Lhandover_take_done
    cmp     dword ptr [esi + HANDOVER_VERSION], HANDOVER_VERSION_VALUE
    jne     .Lhandover_take_done
    mov     eax, offset handover_tag
    mov     edx, offset handover_key
    mov     ecx, HANDOVER_TAG
    call    hmac_sha256
    mov     eax, offset handover_tag
    lea     edx, [esi + HANDOVER_TAG]
    mov     ecx, SHA256_BYTES
    call    mem_compare
    jne     .Lhandover_take_done
    mov     ebx, offset handovers
    mov     eax, [move_state]
    mov     edx, [esi + HANDOVER_KIND]
1:  cmp     [ebx], eax
    jne     2f
    cmp     [ebx + 4], edx
    jne     2f
    call    [ebx + 8]
    jmp     .Lhandover_take_done
2:  add     ebx, HANDOVER_ROW
    cmp     ebx, offset handovers + HANDOVERS * HANDOVER_ROW
    jb      1b
.Lhandover_take_done:
    pop     esi
    pop     ebx
    ret

# Source: the target has landed. From here on this machine sends nothing in its name, for ever.
handover_goes:
    mov     eax, MOVE_GONE
    mov     edx, GATE_HANDS_ON
    call    handover_decide
    jc      9f
    mov     eax, offset move_event
    call    event_signal
    jmp     handover_gone
9:  ret

# Decides what becomes of a source that stands still, if that is not decided yet.
# In: EAX MOVE_*, EDX GATE_*.
# Out: CF when it is.
handover_decide:
    INTERRUPTS_OFF
    cmp     dword ptr [move_state], MOVE_STILL
    jne     1f
    mov     [net_gate], edx
    mov     [move_state], eax
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    stc
    ret

# Source: says that it is gone.
handover_gone:
    mov     eax, HANDOVER_GONE
    jmp     handover_send

# Source: says that it goes on.
handover_void:
    mov     eax, HANDOVER_ABORT
    jmp     handover_send

# Target: it is the node.
handover_lives:
    mov     eax, MOVE_LIVES
    call    handover_turns

# Target: says that it lives, once its disk has the volume that came along.
.global handover_live
handover_live:
    mov     eax, HANDOVER_LIVE
    cmp     dword ptr [watch_volume], 0
    je      handover_send
    ret

# Target: it never will be.
handover_ends:
    mov     eax, MOVE_VOID
    jmp     handover_turns

# Source: the target knows that this machine is gone.
handover_known:
    mov     eax, MOVE_HEARD

# Tells who waits that the state is another one.
# In: EAX MOVE_*.
handover_turns:
    mov     [move_state], eax
    mov     eax, offset move_event
    jmp     event_signal

# Sends a message to the other machine.
# In: EAX HANDOVER_*.
handover_send:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, [cluster_netif]
    test    esi, esi
    jz      9f                          # a target's cluster begins anew: it is asked again
    mov     eax, HANDOVER_SIZE
    call    packet_alloc
    jc      9f
    mov     ebx, eax
    mov     [ebx + PACKET_NETIF], esi
    mov     esi, [ebx + PACKET_DATA]
    mov     dword ptr [esi + HANDOVER_MAGIC], HANDOVER_MAGIC_VALUE
    mov     dword ptr [esi + HANDOVER_VERSION], HANDOVER_VERSION_VALUE
    mov     [esi + HANDOVER_KIND], edi
    lea     eax, [esi + HANDOVER_TAG]
    mov     edx, offset handover_key
    mov     ecx, HANDOVER_TAG
    call    hmac_sha256
    mov     eax, ebx
    mov     edx, offset gate_station
    mov     ecx, ETHER_TYPE_HANDOVER
    call    ether_send
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Source: waits for READY, for as long as the lease lasts.
# In: EAX clock_ms of the last pass.
# Out: CF when this machine goes on.
.global handover_wait
handover_wait:
    push    ebx
    mov     ebx, eax
1:  cmp     dword ptr [move_state], MOVE_STILL
    jne     9f                          # CF is clear: it is more
    call    clock_ms
    mov     edx, ebx
    add     edx, LEASE_MS
    sub     edx, eax
    test    edx, edx
    jle     2f
    mov     eax, offset move_event
    call    event_wait
    jmp     1b
2:  call    handover_goes_on
9:  pop     ebx
    ret

# Source: goes on, if it is not gone.
# Out: CF when it goes on.
.global handover_goes_on
handover_goes_on:
    mov     eax, MOVE_WENT_ON
    mov     edx, GATE_OPEN
    call    handover_decide
    cmc
    ret

# Source: it is gone. Says so until the target knows, hands on what still comes, and starts the machine again: as one
# that nobody knows. Does not return. Ctrl-C is for a person who knows that there is no target.
.global handover_over
handover_over:
    mov     edx, AGAIN_MS
    mov     eax, offset move_event
    call    event_wait
    cmp     dword ptr [move_state], MOVE_HEARD
    je      1f
    call    handover_gone
    call    break_check
    jnc     handover_over
    jmp     2f
1:  mov     eax, [watch_volume]
    test    eax, eax
    jz      2f
    call    volume_move_away            # not before: until now the files may be nowhere else
    jnc     2f
    PRINT   "migrate: the volume here could not be marked: its files are elsewhere from now on\n"
2:  mov     eax, HANDS_ON_MS
    call    task_sleep

# Starts the machine again. Where a volume has moved nobody writes any more, also not what is left to be written.
.global handover_restart
handover_restart:
    cmp     dword ptr [watch_volume], 0
    je      power_restart
    PRINT   "rebooting\n"
    jmp     power_reset

# Target: it has landed. Says so until the source has decided.
# Out: CF when this machine is not to live: it starts again.
.global handover_ready
handover_ready:
    push    ebx
    mov     ebx, SILENCE_MS / AGAIN_MS
1:  mov     eax, HANDOVER_READY
    call    handover_send
    mov     edx, AGAIN_MS
    mov     eax, offset move_event
    call    event_wait
    cmp     dword ptr [move_state], MOVE_LIVES
    je      9f                          # CF is clear
    cmp     dword ptr [move_state], MOVE_VOID
    je      8f
    dec     ebx
    jnz     2f
    PRINT   "migrate: the source does not answer; where it is gone for good, Ctrl-C starts this machine again\n"
2:  call    break_check
    jnc     1b
8:  stc
9:  pop     ebx
    ret
