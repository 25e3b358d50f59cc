# Loads a kernel from a linked cluster, in pieces over the link, by whatever way that has: for download-source.s, it is
# a source like any other, of which each byte is proven. One at a time.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

ASK_MS                  = 1000          # it is asked again after so long,
TRIES                   = 10            # so often in all
STATUS_GOOD             = 200
STATUS_LAST             = 999           # a status has three digits
RELAYED_MS              = 400           # between two packets that ask by a relay, which passes 64 a second on

ON_HOOK link_ask, pull_begin
ON_HOOK link_read, pull_read

.bss
.balign 4
pull_link:              .space 4        # link that is asked
pull_kernel:            .space 4        # revision
pull_part:              .space 4        # WIDE_PART
pull_offset:            .space 4        # of the next piece
pull_whole:             .space 4        # bytes, as it says
pull_status:            .space 4        # its last; 0: none yet
pull_at:                .space 4        # where pieces go, 0: nowhere
pull_room:              .space 4        # bytes there, which are all asked for
pull_missing:           .space 4        # bit for each piece that is to come
pull_event:             .space 4        # there is nothing more to wait for

.text

# Asks a link how long a kernel or its signature is. The mutex is not held. May sleep.
# In: EAX endpoint of the link, ECX 0 signature, 1 kernel, EDX first byte that is wanted, ESI revision.
# Out: EAX status, ECX bytes of the whole; CF and EAX error when it does not answer.
# Clobbers: EDX.
pull_begin:
    push    eax
    push    ecx
    push    edx
    call    cloud_lock
    pop     [pull_offset]
    pop     [pull_part]
    pop     edx
    mov     [pull_kernel], esi
    xor     eax, eax
    mov     [pull_missing], eax
    mov     [pull_status], eax
    call    relay_of
    mov     [pull_link], eax
    call    cloud_unlock_keep
    mov     eax, ERROR_NOT_FOUND
    jc      9f
    call    pull_ask
    jc      9f
    mov     eax, [pull_status]
    mov     ecx, [pull_whole]
9:  ret

# Asks until all that is missing has come, or the link says that it does not come. The mutex is not held. May sleep.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
pull_ask:
    push    ebx
    push    esi
    mov     esi, TRIES
.Lpull_ask_again:
    call    cloud_lock
    mov     dword ptr [pull_event], 0
    mov     ebx, [pull_link]
    cmp     dword ptr [wide_address], 1
    jb      .Lpull_ask_unlock
    call    link_lives
    jc      .Lpull_ask_unlock
    mov     al, WIDE_FETCH
    call    wide_build
    mov     eax, [pull_kernel]
    mov     [wide_out + WIDE_KERNEL], eax
    mov     eax, [pull_part]
    mov     [wide_out + WIDE_PART], eax
    mov     eax, [pull_offset]
    mov     [wide_out + WIDE_OFFSET], eax
    mov     eax, [pull_missing]
    mov     [wide_out + WIDE_WANTED], eax
    mov     ecx, WIDE_FETCH_SIZE
    call    wide_send_link
    clc
.Lpull_ask_unlock:
    call    cloud_unlock_keep
    mov     eax, ERROR_NOT_FOUND
    jc      .Lpull_ask_done
    mov     eax, offset pull_event
    mov     edx, ASK_MS
    call    event_wait
    cmp     dword ptr [pull_missing], 0
    jne     1f
    cmp     dword ptr [pull_status], 1
    jae     .Lpull_ask_done             # CF is clear
1:  dec     esi
    jnz     .Lpull_ask_again
    mov     eax, ERROR_TIMEOUT
    stc
.Lpull_ask_done:
    pop     esi
    pop     ebx
    ret

# Reads on. The mutex is not held. May sleep.
# In: ESI memory, EAX its size.
# Out: EAX bytes, 0 at the end; CF and EAX error.
# Clobbers: ECX, EDX.
pull_read:
    push    eax
    call    cloud_lock
    pop     eax
    call    pull_place
    call    cloud_unlock
    test    eax, eax
    jz      .Lpull_read_done            # CF is clear
    call    pull_ask
    pushfd
    push    eax
    call    cloud_lock
    xor     eax, eax
    mov     [pull_at], eax              # what comes late has no place
    mov     [pull_missing], eax
    call    cloud_unlock
    pop     eax
    popfd
    jc      .Lpull_read_done
    xor     eax, eax
    cmp     dword ptr [pull_status], STATUS_GOOD
    clc
    jne     .Lpull_read_done
    mov     ecx, [pull_link]
    cmp     byte ptr [ecx + LINK_ADDRESS], 0
    jne     .Lpull_read_came
    mov     eax, RELAYED_MS
    call    task_sleep
.Lpull_read_came:
    mov     eax, [pull_room]
    add     [pull_offset], eax
    clc
.Lpull_read_done:
    ret

# Says where the next pieces go. The mutex is held.
# In: ESI memory, EAX its size.
# Out: EAX bytes that are wanted, 0 at the end.
# Clobbers: ECX, EDX.
pull_place:
    mov     ecx, [pull_whole]
    sub     ecx, [pull_offset]
    ja      1f
    xor     ecx, ecx
1:  cmp     ecx, eax
    jbe     2f
    mov     ecx, eax
2:  mov     eax, WIDE_PIECES * WIDE_PIECE_BYTES
    cmp     ecx, eax
    jbe     3f
    mov     ecx, eax
3:  mov     [pull_room], ecx
    mov     [pull_at], esi
    mov     edx, ecx
    add     ecx, WIDE_PIECE_BYTES - 1
    shr     ecx, 10                     # of WIDE_PIECE_BYTES each
    xor     eax, eax
    bts     eax, ecx
    dec     eax
    mov     [pull_missing], eax
    mov     eax, edx
    ret

# A link sends a piece, or says why not. The mutex is held.
# In: EBX link, ESI packet.
.global pull_heard
pull_heard:
    push    edi
    cmp     ebx, [pull_link]
    jne     .Lpull_heard_done
    mov     eax, [esi + WIDE_KERNEL]
    cmp     eax, [pull_kernel]
    jne     .Lpull_heard_done
    mov     eax, [esi + WIDE_PART]
    cmp     eax, [pull_part]
    jne     .Lpull_heard_done
    mov     eax, [esi + WIDE_STATUS]
    mov     edx, [esi + WIDE_WHOLE]
    cmp     eax, STATUS_GOOD
    jne     .Lpull_heard_refused
    cmp     dword ptr [pull_status], 0
    je      .Lpull_heard_first
    cmp     edx, [pull_whole]
    jne     .Lpull_heard_done
    cmp     dword ptr [pull_at], 0
    je      .Lpull_heard_done
    mov     edi, [esi + WIDE_OFFSET]
    sub     edi, [pull_offset]          # EDI: its place
    test    edi, WIDE_PIECE_BYTES - 1
    jnz     .Lpull_heard_done
    mov     ecx, [pull_room]
    sub     ecx, edi
    jbe     .Lpull_heard_done
    cmp     ecx, WIDE_PIECE_BYTES
    jbe     1f
    mov     ecx, WIDE_PIECE_BYTES
1:  mov     eax, [wide_bytes]
    sub     eax, WIDE_PIECE_HEAD
    cmp     eax, ecx
    jne     .Lpull_heard_done
    mov     eax, edi
    shr     eax, 10                     # of WIDE_PIECE_BYTES each
    btr     [pull_missing], eax
    jnc     .Lpull_heard_done
    mov     eax, [pull_at]
    add     eax, edi
    lea     edx, [esi + WIDE_PIECE_HEAD]
    call    mem_copy
    cmp     dword ptr [pull_missing], 0
    jne     .Lpull_heard_done
    jmp     .Lpull_heard_signal
.Lpull_heard_refused:
    dec     eax
    cmp     eax, STATUS_LAST
    jae     .Lpull_heard_done
    inc     eax
.Lpull_heard_first:
    mov     [pull_status], eax
    mov     [pull_whole], edx
    mov     dword ptr [pull_missing], 0
.Lpull_heard_signal:
    mov     eax, offset pull_event
    call    event_signal
.Lpull_heard_done:
    pop     edi
    ret
