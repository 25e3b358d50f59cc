# Times of what a connection sends (STREAM_STAMPS): when the last byte of each piece that the program sent left, and
# when it was acknowledged. They wait in the order in which it happened until the program takes them; of more than
# there is room for the youngest are not noted.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

ENDS                    = 16            # pieces that are not acknowledged
TIMES                   = 32            # that nobody took yet
TIME_SIZE               = STAMP_NOW     # of one of them: STAMP_KIND, STAMP_NUMBER, STAMP_TIME

STAMPS_FROM             = 0             # sequence number of the first byte that counts
STAMPS_LEFT             = 4             # how many of the pieces have left
STAMPS_ENDS             = 8             # how many pieces, and sequence numbers after them, ascending
STAMPS_TIMES            = STAMPS_ENDS + 4 + ENDS * 4    # how many times, and they
STAMPS_SIZE             = STAMPS_TIMES + 4 + TIMES * TIME_SIZE

.text

# Begins or ends noting times.
# In: EBX block, ECX 0 to end it.
# Out: CF and ERROR_NOT_CONNECTED, ERROR_NO_MEMORY.
.global stamp_option
stamp_option:
    mov     eax, ERROR_NOT_CONNECTED
    cmp     dword ptr [ebx + TCB_STATE], TCP_ESTABLISHED
    jb      2f
    jecxz   stamp_free
    cmp     dword ptr [ebx + TCB_STAMPS], 0
    jne     1f
    mov     eax, STAMPS_SIZE            # all 0
    call    malloc
    jc      2f
    mov     [ebx + TCB_STAMPS], eax
    mov     edx, [ebx + TCB_TX + RING_END]
    mov     [eax + STAMPS_FROM], edx
1:  clc
2:  ret

# Gives the memory back.
# In: EBX block.
# Out: CF clear.
.global stamp_free
stamp_free:
    xor     eax, eax
    xchg    eax, [ebx + TCB_STAMPS]
    test    eax, eax
    jz      1f
    call    mfree
1:  clc
    ret

# The program has sent a piece: it ends with the ring.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global stamp_taken
stamp_taken:
    mov     edx, [ebx + TCB_STAMPS]
    test    edx, edx
    jz      1f
    mov     ecx, [edx + STAMPS_ENDS]
    cmp     ecx, ENDS
    jae     1f
    mov     eax, [ebx + TCB_TX + RING_END]
    mov     [edx + STAMPS_ENDS + 4 + ecx*4], eax
    inc     dword ptr [edx + STAMPS_ENDS]
1:  ret

# SND.MAX has moved.
# In: EBX block.
# Clobbers: nothing.
.global stamp_left
stamp_left:
    cmp     dword ptr [ebx + TCB_STAMPS], 0
    je      3f
    pushad
    mov     edx, [ebx + TCB_STAMPS]
1:  mov     ecx, [edx + STAMPS_LEFT]
    cmp     ecx, [edx + STAMPS_ENDS]
    je      2f
    mov     eax, [edx + STAMPS_ENDS + 4 + ecx*4]
    mov     ecx, [ebx + TCB_SND_MAX]
    sub     ecx, eax
    js      2f
    inc     dword ptr [edx + STAMPS_LEFT]
    mov     ecx, STAMP_SENT
    call    stamp_note
    jmp     1b
2:  popad
3:  ret

# SND.UNA has moved.
# In: EBX block.
# Clobbers: EAX, ECX, EDX.
.global stamp_acknowledged
stamp_acknowledged:
    call    stamp_left                  # also what went out as a probe
    mov     edx, [ebx + TCB_STAMPS]
    test    edx, edx
    jz      2f
1:  cmp     dword ptr [edx + STAMPS_ENDS], 0
    je      2f
    mov     eax, [edx + STAMPS_ENDS + 4]
    mov     ecx, [ebx + TCB_SND_UNA]
    sub     ecx, eax
    js      2f
    mov     ecx, STAMP_ACKNOWLEDGED
    call    stamp_note
    dec     dword ptr [edx + STAMPS_LEFT]
    dec     dword ptr [edx + STAMPS_ENDS]
    mov     ecx, [edx + STAMPS_ENDS]
    lea     eax, [edx + STAMPS_ENDS + 4]
    call    stamp_shift
    jmp     1b
2:  ret

# Takes the first of some dwords out.
# In: EAX them, ECX how many there are after that.
# Clobbers: EAX, ECX.
stamp_shift:
    push    1
    jmp     1f

# Takes the first of some times out.
# In: EAX them, ECX dwords that there are after that.
# Clobbers: EAX, ECX.
stamp_shift_time:
    push    TIME_SIZE / 4
1:  xchg    esi, [esp]
    push    edi
    mov     edi, eax
    lea     esi, [eax + esi*4]
    rep movsd
    pop     edi
    pop     esi
    ret

# Notes a time.
# In: EBX block, EDX its STAMPS_*, EAX sequence number after the byte, ECX STAMP_*.
# Clobbers: EAX, ECX.
stamp_note:
    push    edx
    cmp     dword ptr [edx + STAMPS_TIMES], TIMES
    jae     1f
    sub     eax, [edx + STAMPS_FROM]
    push    eax
    imul    eax, [edx + STAMPS_TIMES], TIME_SIZE
    inc     dword ptr [edx + STAMPS_TIMES]
    lea     edx, [edx + STAMPS_TIMES + 4 + eax]
    pop     [edx + STAMP_NUMBER]
    mov     [edx + STAMP_KIND], ecx
    mov     eax, [tcp_time]
    mov     [edx + STAMP_TIME], eax
    call    tcp_wake
1:  pop     edx
    ret

# Says whether a time waits to be taken.
# In: EBX block.
# Out: ZF when none does.
# Clobbers: EAX.
.global stamp_told
stamp_told:
    mov     eax, [ebx + TCB_STAMPS]
    test    eax, eax
    jz      1f
    cmp     dword ptr [eax + STAMPS_TIMES], 0
1:  ret

# Takes the oldest time. May sleep for the lock.
# In: EAX socket, EDX record STAMP_*.
# Out: CF and ERROR_STALE, or ERROR_NOT_FOUND when there is none.
.global stream_stamp
stream_stamp:
    push    ebx
    call    stream_enter
    jc      2f
    call    stamp_told
    jz      1f
    push    esi
    push    edi
    lea     esi, [eax + STAMPS_TIMES + 4]
    mov     edi, edx
    mov     ecx, TIME_SIZE / 4
    rep movsd
    mov     ecx, [tcp_time]
    mov     [edi], ecx                  # STAMP_NOW
    pop     edi
    pop     esi
    dec     dword ptr [eax + STAMPS_TIMES]
    imul    ecx, [eax + STAMPS_TIMES], TIME_SIZE / 4
    add     eax, STAMPS_TIMES + 4
    call    stamp_shift_time
    clc
    jmp     stream_leave
1:  mov     eax, ERROR_NOT_FOUND
    stc
    jmp     stream_leave
2:  pop     ebx
    ret
