# The guard of services by TCP: how much of one that anybody may have, in one place for all of them. A service has some
# seats, one address at most a part of them. When no seat is free, a connection gives way that waits for its client: of
# the address with the most seats, the one that has waited longest. So nobody holds all by doing nothing. One that works
# gives way only to an address that has two seats fewer. How long a client may take for a request, whatever it sends,
# and how often an address may try a password is here too.

.include "macros.inc"
.include "errors.inc"
.include "log.inc"
.include "net.inc"
.include "tcp.inc"
.include "guard.inc"

FREED_MS                = 1000          # so long a connection that gives way has for its end
SLICE_MS                = 100           # of a wait that ends when the connection does
SOURCES                 = 64            # addresses whose tries are remembered
TRY_FIRST_MS            = 1000          # from the first try to the next, and twice that from each to the one after it
TRY_DOUBLES             = 8             # at most: 256 s
FORGET_MS               = 600000        # without a try
PACE_MS                 = 500           # what an exchange of keys costs its address
PACE_ALL_MS             = 250           # and what it costs all of them
PACE_FREE               = 16            # that do not wait, after a time without any
PACE_MOST               = 32            # that are counted: so much an address pays at most for those that gave up

# An address that tried a password, or exchanged keys.
SOURCE_ADDRESS          = 0             # 0: free
SOURCE_TRIES            = 4             # since one was right
SOURCE_NEXT             = 8             # clock_ms of the next that is looked at
SOURCE_PACED            = 12            # clock_ms at which its exchanges of keys are paid for
SOURCE_SIZE             = 16

LINE_BYTES              = 80

.bss
.balign 4
guard_sources:          .space SOURCES * SOURCE_SIZE
guard_paced:            .space 4        # clock_ms at which the exchanges of keys of all addresses are paid for
guard_own:              .space 4        # while a seat is chosen: how many the new connection's address has

.text

# Serves a listener: takes its connections, and gives each its seat. Returns when the listener is gone. May sleep.
# In: EAX listener, EBX guard.
# Clobbers: all but EBX.
.global guard_serve
guard_serve:
    mov     ebp, eax
.Lguard_serve_next:
    mov     eax, ebp
    mov     edx, -1
    call    stream_accept
    jnc     1f
    cmp     eax, ERROR_STALE
    je      .Lguard_serve_end
    mov     eax, SLICE_MS               # out of memory: it may be back soon
    call    task_sleep
    jmp     .Lguard_serve_next
1:  mov     esi, eax
    call    guard_enter
    jc      .Lguard_serve_refuse
    call    guard_client
    jmp     .Lguard_serve_next
.Lguard_serve_refuse:
    mov     edi, [ebx + GUARD_REFUSAL_BYTES]
    mov     eax, esi
    test    edi, edi
    jz      2f
    push    esi
    mov     esi, [ebx + GUARD_REFUSAL]
    xor     edx, edx
    call    stream_send
    pop     eax
    call    stream_close
    jmp     .Lguard_serve_next
2:  call    stream_abort
    jmp     .Lguard_serve_next
.Lguard_serve_end:
    ret

# Ends all connections of a port, whoever serves them. May sleep.
# In: EDX port.
.global guard_end
guard_end:
    push    ebx
    push    esi
    sub     esp, STATUS_SIZE
    mov     esi, edx
    xor     ebx, ebx                    # EBX: index of a handle
.Lguard_end_next:
    mov     eax, ebx
    call    handle_describe
    jc      .Lguard_end_done
    inc     ebx
    test    eax, eax
    jz      .Lguard_end_next
    cmp     edx, offset stream_type
    jne     .Lguard_end_next
    push    eax
    lea     edx, [esp + 4]
    call    stream_status
    pop     eax
    jc      .Lguard_end_next
    cmp     [esp + STATUS_LOCAL_PORT], esi
    jne     .Lguard_end_next
    call    stream_abort
    jmp     .Lguard_end_next
.Lguard_end_done:
    add     esp, STATUS_SIZE
    pop     esi
    pop     ebx
    ret

# Starts what serves a client.
# In: EAX seat, EBX guard.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
guard_client:
    mov     esi, eax
    mov     eax, [ebx + GUARD_BYTES]
    test    eax, eax
    jz      1f
    call    malloc
    jc      2f
    mov     edi, eax
    mov     [edi + CLIENT_SEAT], esi
    mov     edx, [esi + SEAT_HANDLE]
    mov     [edi + CLIENT_HANDLE], edx
    mov     edx, [esi + SEAT_ADDRESS]
    mov     [edi + CLIENT_ADDRESS], edx
    mov     eax, [ebx + GUARD_CLIENT]
    mov     edx, edi
    mov     ecx, [ebx + GUARD_NAME]
    call    task_create
    jnc     3f
    mov     eax, edi
    call    mfree
    jmp     2f
1:  mov     eax, esi
    call    [ebx + GUARD_CLIENT]
    jnc     3f
2:  mov     eax, [esi + SEAT_HANDLE]
    call    stream_abort
    mov     eax, esi
    call    guard_leave
3:  ret

# The end of a client that has memory: closes its connection and gives all back. Jumped to by its task.
# In: EBX client.
.global guard_done
guard_done:
    mov     eax, [ebx + CLIENT_HANDLE]
    call    stream_close
    push    dword ptr [ebx + CLIENT_SEAT]
    mov     eax, ebx
    call    mfree
    pop     eax

# Gives a seat back. The connection is closed before.
# In: EAX seat.
.global guard_leave
guard_leave:
    mov     dword ptr [eax + SEAT_HANDLE], 0
    mov     eax, [eax + SEAT_GUARD]
    add     eax, GUARD_FREED
    jmp     event_signal

# Finds a seat for a connection, which another may have to give up for it. May sleep.
# In: EAX connection, EBX guard, EDX address.
# Out: EAX seat, in phase SEAT_WAITS; CF when there is none.
# Clobbers: ECX, EDX.
guard_enter:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    push    dword ptr [ebx + GUARD_SEATS]       # [esp]: how often is still tried
.Lguard_enter_again:
    INTERRUPTS_OFF
    mov     eax, edi
    call    guard_count
    cmp     ecx, [ebx + GUARD_SOURCE]
    jae     .Lguard_enter_full
    call    guard_free
    jnc     .Lguard_enter_found
.Lguard_enter_full:
    call    guard_choose
    jc      .Lguard_enter_none
    mov     edx, [eax + SEAT_PHASE]
    mov     dword ptr [eax + SEAT_PHASE], SEAT_LEAVES
    mov     eax, [eax + SEAT_HANDLE]
    INTERRUPTS_RESTORE
    cmp     edx, SEAT_WORKS
    je      1f
    mov     edx, 3                      # in good order: who waits hears the end
    call    stream_shutdown
    jmp     .Lguard_enter_wait
1:  call    stream_abort
.Lguard_enter_wait:
    lea     eax, [ebx + GUARD_FREED]
    mov     edx, FREED_MS
    call    event_wait
    dec     dword ptr [esp]
    jnz     .Lguard_enter_again
    jmp     .Lguard_enter_no
.Lguard_enter_none:
    mov     eax, edi
    call    guard_count
    INTERRUPTS_RESTORE
    cmp     edx, 0                      # somebody is leaving
    jne     .Lguard_enter_wait
.Lguard_enter_no:
    stc
    jmp     .Lguard_enter_done
.Lguard_enter_found:
    mov     [eax + SEAT_HANDLE], esi
    mov     [eax + SEAT_ADDRESS], edi
    mov     [eax + SEAT_GUARD], ebx
    mov     dword ptr [eax + SEAT_PHASE], SEAT_WAITS
    mov     edx, eax
    call    clock_ms
    mov     [edx + SEAT_SINCE], eax
    mov     eax, edx
    INTERRUPTS_RESTORE
    clc
.Lguard_enter_done:
    pop     edx
    pop     edi
    pop     esi
    ret

# Counts the seats of an address, but for those that have given way. Interrupts off.
# In: EAX address, EBX guard.
# Out: ECX how many; EDX how many of anybody have given way.
guard_count:
    push    esi
    push    edi
    lea     esi, [ebx + GUARD_TABLE]
    mov     edi, [ebx + GUARD_SEATS]
    xor     ecx, ecx
    xor     edx, edx
1:  cmp     dword ptr [esi + SEAT_HANDLE], 0
    je      3f
    cmp     dword ptr [esi + SEAT_PHASE], SEAT_LEAVES
    jne     2f
    inc     edx
    jmp     3f
2:  cmp     eax, [esi + SEAT_ADDRESS]
    jne     3f
    inc     ecx
3:  add     esi, SEAT_SIZE
    dec     edi
    jnz     1b
    pop     edi
    pop     esi
    ret

# Finds a free seat. Interrupts off.
# In: EBX guard.
# Out: EAX seat; CF when there is none.
# Clobbers: EDX.
guard_free:
    lea     eax, [ebx + GUARD_TABLE]
    mov     edx, [ebx + GUARD_SEATS]
1:  cmp     dword ptr [eax + SEAT_HANDLE], 0
    je      2f                          # CF is clear
    add     eax, SEAT_SIZE
    dec     edx
    jnz     1b
    stc
2:  ret

# Chooses who gives way to another connection of an address. Interrupts off.
# In: EBX guard, EDI address.
# Out: EAX seat; CF when nobody does.
# Clobbers: ECX, EDX.
guard_choose:
    push    esi
    push    ebp
    mov     eax, edi
    call    guard_count
    mov     [guard_own], ecx
    push    0                           # [esp + 4]: how much the best one should give way
    push    0                           # [esp]: how long it has been in its phase
    call    clock_ms
    mov     ebp, eax
    mov     edx, [ebx + GUARD_SEATS]
    lea     esi, [ebx + GUARD_TABLE]
    xor     eax, eax                    # EAX: the best
.Lguard_choose_next:
    cmp     dword ptr [esi + SEAT_HANDLE], 0
    je      .Lguard_choose_skip
    push    eax
    push    edx
    call    guard_weigh                 # ECX
    pop     edx
    pop     eax
    test    ecx, ecx
    jz      .Lguard_choose_skip
    cmp     ecx, [esp + 4]
    jb      .Lguard_choose_skip
    push    ebp
    sub     ebp, [esi + SEAT_SINCE]
    cmp     ecx, [esp + 8]
    ja      1f
    cmp     ebp, [esp + 4]
    jb      2f
1:  mov     [esp + 8], ecx
    mov     [esp + 4], ebp
    mov     eax, esi
2:  pop     ebp
.Lguard_choose_skip:
    add     esi, SEAT_SIZE
    dec     edx
    jnz     .Lguard_choose_next
    add     esp, 8
    pop     ebp
    pop     esi
    cmp     eax, 1                      # CF when there is none
    ret

# Says how much a seat should give way.
# In: EBX guard, ESI seat, EDI address of the new connection, guard_own.
# Out: ECX seats of its address twice, and 1 when it waits; 0: not at all.
# Clobbers: EAX, EDX.
guard_weigh:
    mov     eax, [esi + SEAT_ADDRESS]
    call    guard_count
    mov     edx, [guard_own]
    cmp     dword ptr [esi + SEAT_PHASE], SEAT_WORKS
    ja      8f
    je      1f
    cmp     eax, edi                    # one that waits gives way to its own address, or when that has not too many
    je      2f
    cmp     edx, [ebx + GUARD_SOURCE]
    jae     8f
2:  lea     ecx, [ecx + ecx + 1]
    ret
1:  add     edx, 2
    cmp     ecx, edx
    jb      8f
    add     ecx, ecx
    ret
8:  xor     ecx, ecx
    ret

# Begins a phase of a seat, unless it has given way.
# In: EAX seat, EDX phase.
# Clobbers: EAX, ECX.
.global guard_phase
guard_phase:
    mov     ecx, eax
    call    clock_ms
    INTERRUPTS_OFF
    mov     [ecx + SEAT_SINCE], eax
    cmp     dword ptr [ecx + SEAT_PHASE], SEAT_LEAVES
    je      1f
    mov     [ecx + SEAT_PHASE], edx
1:  INTERRUPTS_RESTORE
    ret

# What is left of the time for a phase, whatever the client has sent in it.
# In: EAX seat, EDX ms that it may last.
# Out: EDX ms that are left; CF when there are none.
# Clobbers: EAX, ECX.
.global guard_left
guard_left:
    mov     ecx, eax
    call    clock_ms
    sub     eax, [ecx + SEAT_SINCE]
    sub     edx, eax
    jb      1f
    cmp     edx, 1
1:  ret

# Says when a password of an address may be looked at, and counts it as a wrong one until guard_right. Tries of one
# address are looked at one after the other, over whichever connections they come.
# In: EDX address, ECX ms that whoever tries can wait.
# Out: EAX ms to wait; CF when these are more, and the try is not counted.
# Clobbers: ECX, EDX.
.global guard_try
guard_try:
    push    ebx
    push    esi
    push    edi
    mov     edi, ecx
    INTERRUPTS_OFF
    call    guard_source                # EBX: its entry, EAX: clock_ms
    mov     esi, eax
    mov     eax, [ebx + SOURCE_NEXT]
    sub     eax, esi
    jns     1f
    xor     eax, eax                    # EAX: ms to wait
1:  cmp     edi, eax
    jb      .Lguard_try_no
    mov     ecx, [ebx + SOURCE_TRIES]
    inc     dword ptr [ebx + SOURCE_TRIES]
    cmp     ecx, TRY_DOUBLES
    jbe     2f
    mov     ecx, TRY_DOUBLES
2:  mov     edx, TRY_FIRST_MS
    shl     edx, cl
    add     edx, esi
    add     edx, eax
    mov     [ebx + SOURCE_NEXT], edx
    INTERRUPTS_RESTORE
    clc
    jmp     .Lguard_try_done
.Lguard_try_no:
    INTERRUPTS_RESTORE
    stc
.Lguard_try_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says when keys may be exchanged with an address that nobody is known at yet, and counts it. It takes much of the
# processor, and anybody may ask for it.
# In: EDX address.
# Out: EAX ms to wait.
# Clobbers: ECX, EDX.
.global guard_pace
guard_pace:
    push    ebx
    push    esi
    INTERRUPTS_OFF
    call    guard_source
    mov     esi, eax                    # ESI: clock_ms
    add     ebx, SOURCE_PACED
    mov     edx, PACE_MS
    call    guard_pay
    push    eax
    mov     ebx, offset guard_paced
    mov     edx, PACE_ALL_MS
    call    guard_pay
    pop     edx
    INTERRUPTS_RESTORE
    cmp     eax, edx
    jae     1f
    mov     eax, edx
1:  pop     esi
    pop     ebx
    ret

# Counts an exchange of keys. Interrupts off.
# In: EBX where the time is at which those before are paid for, ESI clock_ms, EDX ms that this one costs.
# Out: EAX ms to wait.
# Clobbers: ECX, EDX.
guard_pay:
    imul    ecx, edx, PACE_MOST
    mov     eax, [ebx]
    sub     eax, esi
    jns     1f
    xor     eax, eax                    # EAX: ms that are to be paid for
1:  cmp     eax, ecx
    jbe     2f
    mov     eax, ecx
2:  lea     ecx, [eax + edx]
    add     ecx, esi
    mov     [ebx], ecx
    imul    edx, edx, PACE_FREE
    sub     eax, edx
    jae     3f
    xor     eax, eax
3:  ret

# Finds the entry of an address, or makes one in place of that which was tried longest ago. Interrupts off.
# In: EDX address.
# Out: EBX entry, EAX clock_ms.
# Clobbers: ECX, EDX.
guard_source:
    push    edi
    push    edx
    call    clock_ms
    pop     edx
    mov     edi, offset guard_sources   # EDI: the best to be replaced
    mov     ebx, edi
    mov     ecx, SOURCES
.Lguard_source_next:
    cmp     edx, [ebx + SOURCE_ADDRESS]
    je      .Lguard_source_known
    cmp     dword ptr [edi + SOURCE_ADDRESS], 0
    je      2f
    cmp     dword ptr [ebx + SOURCE_ADDRESS], 0
    je      1f
    push    eax
    mov     eax, [ebx + SOURCE_NEXT]
    sub     eax, [edi + SOURCE_NEXT]
    pop     eax
    jns     2f
1:  mov     edi, ebx
2:  add     ebx, SOURCE_SIZE
    dec     ecx
    jnz     .Lguard_source_next
    mov     ebx, edi
.Lguard_source_anew:
    mov     [ebx + SOURCE_ADDRESS], edx
    mov     [ebx + SOURCE_NEXT], eax
    mov     [ebx + SOURCE_PACED], eax
    mov     dword ptr [ebx + SOURCE_TRIES], 0
    pop     edi
    ret
.Lguard_source_known:
    mov     ecx, eax
    sub     ecx, [ebx + SOURCE_NEXT]
    cmp     ecx, FORGET_MS
    jge     .Lguard_source_anew
    pop     edi
    ret

# A password was right: its address begins anew.
# In: EDX address.
# Clobbers: EAX, ECX, EDX.
.global guard_right
guard_right:
    push    ebx
    INTERRUPTS_OFF
    call    guard_source
    mov     dword ptr [ebx + SOURCE_ADDRESS], 0
    sub     dword ptr [guard_paced], PACE_ALL_MS        # its exchange of keys was no stranger's
    INTERRUPTS_RESTORE
    pop     ebx
    ret

# A password was wrong: says so in the log.
# In: EAX name of the service, EDX address.
# Clobbers: EAX, ECX, EDX.
.global guard_wrong
guard_wrong:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, LINE_BYTES
    mov     edi, esp
    mov     esi, eax
    mov     ebp, edx
    INTERRUPTS_OFF
    call    guard_source
    mov     ecx, [ebx + SOURCE_TRIES]
    mov     edx, [ebx + SOURCE_NEXT]
    INTERRUPTS_RESTORE
    sub     edx, eax
    jns     1f
    xor     edx, edx
1:  push    ecx
    mov     eax, edx
    xor     edx, edx
    add     eax, 999
    mov     ecx, 1000
    div     ecx
    pop     ecx
    SNPRINTF edi, LINE_BYTES, "wrong password from %I, %u so far; the next one in %u s", ebp, ecx, eax
    mov     eax, esi
    mov     edx, edi
    mov     ecx, LOG_WARNING
    call    log_write
    add     esp, LINE_BYTES
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Waits, as long as the connection has not given way. May sleep.
# In: EAX seat, EDX ms.
# Out: CF when it has.
# Clobbers: EAX, ECX, EDX.
.global guard_wait
guard_wait:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
1:  cmp     dword ptr [esi + SEAT_PHASE], SEAT_LEAVES
    je      8f
    mov     eax, SLICE_MS
    cmp     edi, eax
    jae     2f
    mov     eax, edi
2:  sub     edi, eax
    test    eax, eax
    jz      9f                          # CF is clear
    call    task_sleep
    jmp     1b
8:  stc
9:  pop     edi
    pop     esi
    ret
