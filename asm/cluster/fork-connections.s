# The connections of a source that becomes several at once (fork-several.s): each target has one, and a step is done
# with one after the other, all within the same time. Whoever fails, or is late, is left out, and the others go on.

.include "macros.inc"
.include "fork.inc"

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
    # address of SEVERAL_*
.global several
several:                .space 4
    # connections,
.global several_count
several_count:          .space 4
    # and those of them that take part still
.global several_living
several_living:         .space 4

.text

# Whether any target takes part still.
# Out: CF and EAX text when none does.
.global several_any
several_any:
    LOAD_STRING eax, "no member takes it: type `cloud fork accept` at some"
    cmp     dword ptr [several_living], 1
    ret

# Whether the target that was found is not one of those that there is a connection to.
# Out: CF and EAX text when it is.
# Clobbers: EBX, ECX, EDX.
.global several_new
several_new:
    xor     ebx, ebx
1:  cmp     ebx, [several_count]
    je      2f                          # CF is clear
    call    several_address
    add     eax, offset fork_session
    sub     eax, offset connection
    mov     edx, offset fork_session
    call    session_same
    lea     ebx, [ebx + 1]
    jne     1b
    LOAD_STRING eax, "it is named twice"
    stc
2:  ret

# Ends the connection at hand.
# Out: CF is clear.
.global several_abort
several_abort:
    mov     eax, [fork_socket]
    call    stream_abort
    clc
    ret

# Limits how long all targets have for a step.
# In: EAX milliseconds.
.global several_hurry
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
.global several_each
several_each:
    mov     ecx, SEVERAL_STEP_MS

# The same.
# In: ECX milliseconds too, which all have for it.
.global several_each_within
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
.global several_store
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
    add     eax, [several]              # SEVERAL_CONNECTIONS
    ret
