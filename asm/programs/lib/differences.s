# Finds the fewest lines in which two files differ: E. Myers, "An O(ND) difference algorithm and its variations", in the
# form that needs memory for the lines only. Where that takes too long, not the fewest are found.

.include "program.inc"
.include "differences.inc"

TURNS_LEAST     = 256                   # of a search, before another way is taken

# Locals of compare, below EBP: the lines from BEGIN up to END of the first and the second file.
FIRST_BEGIN     = -4
FIRST_END       = -8
SECOND_BEGIN    = -12
SECOND_END      = -16
COMPARE_SIZE    = 16

.text

# Marks the lines in which two files differ.
# In: EAX and EDX FILE records, with FILE_KINDS and FILE_CHANGED, the marks being 0; ECX how far marks may be moved into
# what is equal at the beginning and at the end of both.
.global differences_find
differences_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     [first], eax
    mov     [second], edx
    mov     [horizon], ecx
    mov     ecx, [eax + FILE_KINDS + ROOM_START]
    mov     [first_kinds], ecx
    mov     ecx, [edx + FILE_KINDS + ROOM_START]
    mov     [second_kinds], ecx
    mov     esi, [eax + FILE_COUNT]
    mov     edi, [edx + FILE_COUNT]
    lea     ebx, [esi + edi + 3]        # EBX: diagonals
    mov     dword ptr [turns_most], 1
    mov     ecx, ebx
1:  shl     dword ptr [turns_most], 1
    shr     ecx, 2
    jnz     1b
    cmp     dword ptr [turns_most], TURNS_LEAST
    jae     2f
    mov     dword ptr [turns_most], TURNS_LEAST
2:  mov     eax, offset diagonals
    call    room_make
    mov     eax, offset diagonals
    lea     edx, [ebx*8]
    call    room_take
    lea     eax, [eax + edi*4 + 4]
    mov     [forward], eax
    lea     eax, [eax + ebx*4]
    mov     [backward], eax
    push    esi
    push    edi
    call    same_ends
    pop     edi
    pop     esi
    xor     eax, eax
    xor     edx, edx
    call    compare
    mov     eax, [first]
    mov     edx, [second]
    call    shift
    mov     eax, [second]
    mov     edx, [first]
    call    shift
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Counts the lines that are equal at the beginning and at the end of both files, without those at each end into which
# marks may be moved.
# In: ESI and EDI lines of both.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
same_ends:
    mov     ebx, [first_kinds]
    mov     edx, [second_kinds]
    xor     ecx, ecx
1:  cmp     ecx, esi
    jae     2f
    cmp     ecx, edi
    jae     2f
    mov     eax, [ebx + ecx*4]
    cmp     eax, [edx + ecx*4]
    jne     2f
    inc     ecx
    jmp     1b
2:  mov     eax, ecx
    sub     eax, [horizon]
    jae     3f
    xor     eax, eax
3:  mov     [same_begin], eax
    xor     eax, eax                    # EAX: at the end
.Lsame_ends_last:
    cmp     esi, ecx
    jbe     .Lsame_ends_done
    cmp     edi, ecx
    jbe     .Lsame_ends_done
    dec     esi
    dec     edi
    push    eax
    mov     eax, [ebx + esi*4]
    cmp     eax, [edx + edi*4]
    pop     eax
    jne     .Lsame_ends_done
    inc     eax
    jmp     .Lsame_ends_last
.Lsame_ends_done:
    sub     eax, [horizon]
    jae     4f
    xor     eax, eax
4:  mov     [same_end], eax
    ret

# Marks the lines in which parts of the files differ.
# In: EAX up to ESI first part, EDX up to EDI second.
# Clobbers: all registers but EBP.
compare:
    push    ebp
    mov     ebp, esp
    sub     esp, COMPARE_SIZE
    mov     ebx, [first_kinds]
1:  cmp     eax, esi                    # what is equal at the beginning
    jae     2f
    cmp     edx, edi
    jae     2f
    mov     ecx, [ebx + eax*4]
    push    ebx
    mov     ebx, [second_kinds]
    cmp     ecx, [ebx + edx*4]
    pop     ebx
    jne     2f
    inc     eax
    inc     edx
    jmp     1b
2:  cmp     eax, esi                    # and at the end
    jae     .Lcompare_first_over
    cmp     edx, edi
    jae     .Lcompare_second_over
    mov     ecx, [ebx + esi*4 - 4]
    push    ebx
    mov     ebx, [second_kinds]
    cmp     ecx, [ebx + edi*4 - 4]
    pop     ebx
    jne     3f
    dec     esi
    dec     edi
    jmp     2b
3:  mov     [ebp + FIRST_BEGIN], eax
    mov     [ebp + FIRST_END], esi
    mov     [ebp + SECOND_BEGIN], edx
    mov     [ebp + SECOND_END], edi
    call    middle
    push    eax
    push    edx
    mov     esi, eax
    mov     edi, edx
    mov     eax, [ebp + FIRST_BEGIN]
    mov     edx, [ebp + SECOND_BEGIN]
    call    compare
    pop     edx
    pop     eax
    mov     esi, [ebp + FIRST_END]
    mov     edi, [ebp + SECOND_END]
    call    compare
    jmp     .Lcompare_done
.Lcompare_first_over:
    mov     ecx, edi
    sub     ecx, edx
    mov     edi, [second]
    mov     edi, [edi + FILE_CHANGED]
    add     edi, edx
    jmp     .Lcompare_mark
.Lcompare_second_over:
    mov     ecx, esi
    sub     ecx, eax
    mov     edi, [first]
    mov     edi, [edi + FILE_CHANGED]
    add     edi, eax
.Lcompare_mark:
    mov     al, 1
    rep stosb
.Lcompare_done:
    leave
    ret

# Finds a place through which a shortest way leads: from both ends, by as many steps.
# In: EBP locals of compare.
# Out: EAX line of the first file, EDX of the second.
# Clobbers: all registers but EBP.
middle:
    mov     eax, [ebp + FIRST_BEGIN]
    mov     ecx, [ebp + FIRST_END]
    mov     edx, eax
    sub     edx, [ebp + SECOND_END]
    mov     [lowest], edx
    mov     edx, ecx
    sub     edx, [ebp + SECOND_BEGIN]
    mov     [highest], edx
    mov     edx, eax
    sub     edx, [ebp + SECOND_BEGIN]
    mov     [forward_low], edx
    mov     [forward_high], edx
    mov     ebx, [forward]
    mov     [ebx + edx*4], eax
    mov     eax, ecx
    sub     eax, [ebp + SECOND_END]
    mov     [backward_low], eax
    mov     [backward_high], eax
    mov     ebx, [backward]
    mov     [ebx + eax*4], ecx
    xor     eax, edx
    and     eax, 1
    mov     [odd], eax
    push    [turns_most]
    pop     [turns]
.Lmiddle_next:
    mov     ebx, [forward]
    mov     esi, offset forward_low
    or      eax, -1
    call    widen
    mov     ecx, [forward_high]         # ECX: diagonal
.Lmiddle_forward:
    cmp     ecx, [forward_low]
    jl      .Lmiddle_forward_done
    call    step_forward
    jnc     .Lmiddle_done
    sub     ecx, 2
    jmp     .Lmiddle_forward
.Lmiddle_forward_done:
    mov     ebx, [backward]
    mov     esi, offset backward_low
    mov     eax, 0x7FFFFFFF
    call    widen
    mov     ecx, [backward_high]
.Lmiddle_backward:
    cmp     ecx, [backward_low]
    jl      .Lmiddle_backward_done
    call    step_backward
    jnc     .Lmiddle_done
    sub     ecx, 2
    jmp     .Lmiddle_backward
.Lmiddle_backward_done:
    dec     dword ptr [turns]
    jnz     .Lmiddle_next
    call    furthest
.Lmiddle_done:
    ret

# Goes to one diagonal more at each side, or to one less where that is the last.
# In: EBX diagonals, ESI address of the lowest and the highest, EAX what stands beyond them.
# Clobbers: ECX.
widen:
    mov     ecx, [esi]
    cmp     ecx, [lowest]
    jg      1f
    inc     dword ptr [esi]
    jmp     2f
1:  dec     ecx
    mov     [esi], ecx
    mov     [ebx + ecx*4 - 4], eax
2:  mov     ecx, [esi + 4]
    cmp     ecx, [highest]
    jl      3f
    dec     dword ptr [esi + 4]
    ret
3:  inc     ecx
    mov     [esi + 4], ecx
    mov     [ebx + ecx*4 + 4], eax
    ret

# Goes on from the beginning on a diagonal, as far as lines are equal.
# In: ECX diagonal.
# Out: EAX and EDX lines where it meets the way from the end; CF when it does not.
# Clobbers: EBX, ESI, EDI.
step_forward:
    mov     ebx, [forward]
    mov     eax, [ebx + ecx*4 + 4]
    mov     edx, [ebx + ecx*4 - 4]
    cmp     edx, eax
    jl      1f
    lea     eax, [edx + 1]
1:  mov     edx, eax
    sub     edx, ecx                    # EDX: line of the second
    mov     esi, [first_kinds]
    mov     edi, [second_kinds]
2:  cmp     eax, [ebp + FIRST_END]
    jge     3f
    cmp     edx, [ebp + SECOND_END]
    jge     3f
    mov     ebx, [esi + eax*4]
    cmp     ebx, [edi + edx*4]
    jne     3f
    inc     eax
    inc     edx
    jmp     2b
3:  mov     ebx, [forward]
    mov     [ebx + ecx*4], eax
    cmp     dword ptr [odd], 1
    jb      4f
    cmp     ecx, [backward_low]
    jl      .Lstep_forward_apart
    cmp     ecx, [backward_high]
    jg      .Lstep_forward_apart
    mov     ebx, [backward]
    cmp     [ebx + ecx*4], eax
    jg      .Lstep_forward_apart
    clc
4:  ret
.Lstep_forward_apart:
    stc
    ret

# Goes back from the end on a diagonal, as far as lines are equal.
# In: ECX diagonal.
# Out: EAX and EDX lines where it meets the way from the beginning; CF when it does not.
# Clobbers: EBX, ESI, EDI.
step_backward:
    mov     ebx, [backward]
    mov     eax, [ebx + ecx*4 - 4]
    mov     edx, [ebx + ecx*4 + 4]
    cmp     eax, edx
    jl      1f
    lea     eax, [edx - 1]
1:  mov     edx, eax
    sub     edx, ecx
    mov     esi, [first_kinds]
    mov     edi, [second_kinds]
2:  cmp     eax, [ebp + FIRST_BEGIN]
    jle     3f
    cmp     edx, [ebp + SECOND_BEGIN]
    jle     3f
    mov     ebx, [esi + eax*4 - 4]
    cmp     ebx, [edi + edx*4 - 4]
    jne     3f
    dec     eax
    dec     edx
    jmp     2b
3:  mov     ebx, [backward]
    mov     [ebx + ecx*4], eax
    cmp     dword ptr [odd], 0
    jne     .Lstep_backward_apart
    cmp     ecx, [forward_low]
    jl      .Lstep_backward_apart
    cmp     ecx, [forward_high]
    jg      .Lstep_backward_apart
    mov     ebx, [forward]
    cmp     eax, [ebx + ecx*4]
    jg      .Lstep_backward_apart
    clc
    ret
.Lstep_backward_apart:
    stc
    ret

# Takes the way that came furthest, when the search took too long.
# In: EBP locals of compare.
# Out: EAX and EDX lines.
# Clobbers: EBX, ECX, ESI, EDI.
furthest:
    mov     dword ptr [best_sum], -1
    mov     ebx, [forward]
    mov     ecx, [forward_high]
1:  mov     eax, [ebx + ecx*4]
    cmp     eax, [ebp + FIRST_END]
    jle     2f
    mov     eax, [ebp + FIRST_END]
2:  mov     edx, eax
    sub     edx, ecx
    cmp     edx, [ebp + SECOND_END]
    jle     3f
    mov     edx, [ebp + SECOND_END]
    lea     eax, [edx + ecx]
3:  lea     esi, [eax + edx]
    cmp     esi, [best_sum]
    jle     4f
    mov     [best_sum], esi
    mov     [best_first], eax
    mov     [best_second], edx
4:  sub     ecx, 2
    cmp     ecx, [forward_low]
    jge     1b
    mov     eax, [best_first]
    mov     edx, [best_second]
    ret

# Moves what is marked to where marks of one file stand beside those of the other, or else as far down as it goes: equal
# lines at both its ends leave a choice.
# In: EAX FILE record whose marks are moved, EDX the other one.
# Clobbers: all registers but EBP.
shift:
    push    ebp
    mov     ecx, [eax + FILE_COUNT]
    sub     ecx, [same_end]
    mov     [shift_end], ecx
    mov     ebx, [eax + FILE_CHANGED]   # EBX: marks, EBP: those of the other
    mov     ebp, [edx + FILE_CHANGED]
    mov     edx, [eax + FILE_KINDS + ROOM_START]
    xor     esi, esi                    # ESI: line, EDI: of the other
    xor     edi, edi
.Lshift_next:
    cmp     esi, [shift_end]
    jae     .Lshift_done
    cmp     byte ptr [ebx + esi], 0
    jne     .Lshift_run
1:  inc     edi
    cmp     byte ptr [ebp + edi - 1], 0
    jne     1b
    inc     esi
    jmp     .Lshift_next
.Lshift_run:
    mov     ecx, esi                    # ECX: where the run begins, ESI: its end
2:  inc     esi
    cmp     byte ptr [ebx + esi], 0
    jne     2b
3:  cmp     byte ptr [ebp + edi], 0
    je      .Lshift_again
    inc     edi
    jmp     3b
.Lshift_again:
    mov     eax, esi
    sub     eax, ecx
    push    eax                         # how long it is
    call    shift_up
    call    shift_down
    pop     eax
    add     eax, ecx
    cmp     eax, esi
    jne     .Lshift_again               # it met others
.Lshift_back:
    cmp     [shift_beside], esi
    jae     .Lshift_next
    dec     ecx
    mov     byte ptr [ebx + ecx], 1
    dec     esi
    mov     byte ptr [ebx + esi], 0
4:  dec     edi
    cmp     byte ptr [ebp + edi], 0
    jne     4b
    jmp     .Lshift_back
.Lshift_done:
    pop     ebp
    ret

# Moves a run up as far as it goes.
# In: registers of shift.
# Out: ECX, ESI, EDI; shift_beside.
# Clobbers: EAX.
shift_up:
    cmp     ecx, [same_begin]
    jbe     3f
    mov     eax, [edx + ecx*4 - 4]
    cmp     eax, [edx + esi*4 - 4]
    jne     3f
    dec     ecx
    mov     byte ptr [ebx + ecx], 1
    dec     esi
    mov     byte ptr [ebx + esi], 0
1:  cmp     byte ptr [ebx + ecx - 1], 0
    je      2f
    dec     ecx
    jmp     1b
2:  dec     edi
    cmp     byte ptr [ebp + edi], 0
    jne     2b
    jmp     shift_up
3:  mov     eax, esi
    cmp     byte ptr [ebp + edi - 1], 0
    jne     4f
    mov     eax, [shift_end]
4:  mov     [shift_beside], eax
    ret

# Moves a run down as far as it goes.
# In: registers of shift.
# Out: ECX, ESI, EDI; shift_beside, the last place beside a run of the other.
# Clobbers: EAX.
shift_down:
    cmp     esi, [shift_end]
    je      4f
    mov     eax, [edx + ecx*4]
    cmp     eax, [edx + esi*4]
    jne     4f
    mov     byte ptr [ebx + ecx], 0
    inc     ecx
    mov     byte ptr [ebx + esi], 1
1:  inc     esi
    cmp     byte ptr [ebx + esi], 0
    jne     1b
2:  inc     edi
    cmp     byte ptr [ebp + edi], 0
    je      shift_down
    mov     [shift_beside], esi
    jmp     2b
4:  ret

.bss
.balign 4
first:          .space 4
second:         .space 4
first_kinds:    .space 4
second_kinds:   .space 4
forward:        .space 4                # lines that were come to on each diagonal, address of that of diagonal 0
backward:       .space 4
lowest:         .space 4                # diagonals that there are
highest:        .space 4
forward_low:    .space 4
forward_high:   .space 4
backward_low:   .space 4
backward_high:  .space 4
odd:            .space 4                # 1: the ways meet on a step forward
turns_most:     .space 4
turns:          .space 4
best_sum:       .space 4
best_first:     .space 4
best_second:    .space 4
horizon:        .space 4
same_begin:     .space 4                # equal lines that no mark is moved to
same_end:       .space 4
shift_end:      .space 4
shift_beside:   .space 4
diagonals:      .space ROOM_SIZE
