# `cloud fork NODE NODE...|all`: several twins at once (docs/protocols/fork.md). Each target has a connection of its own
# (fork-connections.s); the pages of the one copy go to all in the same frames (fork-frames-send.s).

.include "macros.inc"
.include "tcp.inc"
.include "fork.inc"

FIND_MS                 = 1000          # each target has this long to be connected to,
LAST_STEP_MS            = 10000         # and all for the last step, which cannot be taken back

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
several_wanted:         .space 4        # words
several_twins:          .space 4        # targets that have begun

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
    mov     edx, offset name_all
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
    jmp     several_any

# Connects to the target that was found, and greets it.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
several_connect:
    push    ebx
    push    esi
    push    edi
    call    several_new
    jc      .Lseveral_connect_done
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
