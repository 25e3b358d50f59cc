# Regular expressions, basic and extended (POSIX.1, chapter 9), with GNU's \+ \? \| of basic ones. An expression is
# compiled to a list of parts; a match is looked for by trying, the longest first. What takes too long is given up.

.include "program.inc"
.include "regex.inc"

# Kinds of parts.
NODES_END       = 0
NODES_BYTE      = 1
NODES_ANY       = 2
NODES_SET       = 3
NODES_BEGIN     = 4
NODES_LAST      = 5
NODES_OPEN      = 6
NODES_CLOSE     = 7
NODES_BACK      = 8                     # what a group fitted
NODES_BRANCH    = 9                     # the parts after it, or those at NODE_VALUE
NODES_JUMP      = 10                    # to the end of the alternatives

# What a sign of an expression means.
SIGN_PLAIN      = 0
SIGN_OPEN       = 1
SIGN_CLOSE      = 2
SIGN_OR         = 3
SIGN_BRACE      = 4
SIGN_PLUS       = 5
SIGN_MAYBE      = 6
SIGN_STAR       = 7
SIGN_ANY        = 8
SIGN_SET        = 9
SIGN_BEGIN      = 10
SIGN_LAST       = 11
SIGN_BACK       = 12

# An open group while it is compiled; the first is the whole.
LEVEL_NODE      = 0                     # its NODES_OPEN
LEVEL_BRANCH    = 4                     # the latest alternative
LEVEL_JUMPS     = 8                     # latest NODES_JUMP, whose value is the one before it
LEVEL_SIZE      = 12

REPEAT_MOST     = 255                   # in braces
STEPS_MOST      = 1 << 23               # that a search may take
STACK_MOST      = 900 << 10             # bytes of the stack that it may use
GROUPS_BYTES    = REGEX_GROUPS * 8

.text

# Compiles an expression.
# In: EAX REGEX record, all zero but for REGEX_FLAGS; EDX expression, ECX its bytes.
# Out: CF and EAX what is wrong.
.global regex_compile
regex_compile:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    lea     ecx, [edx + ecx]
    mov     [pattern_end], ecx
    lea     edi, [eax + REGEX_PARTS]    # EDI: next part
    mov     ebp, offset levels          # EBP: group
    mov     [compile_stack], esp
    mov     dword ptr [ebp + LEVEL_NODE], 0
    call    begin_branches
.Lregex_compile_next:
    cmp     esi, [pattern_end]
    jae     .Lregex_compile_end
    lea     eax, [ebx + REGEX_PARTS + (REGEX_NODES - 4) * NODE_SIZE]
    cmp     edi, eax
    mov     eax, offset text_many
    jae     compile_wrong
    call    take_sign
    movzx   ecx, ah
    call    [sign_routines + ecx*4]
    jmp     .Lregex_compile_next
.Lregex_compile_end:
    cmp     ebp, offset levels
    mov     eax, offset text_open
    jne     compile_wrong
    call    end_branches
    mov     eax, NODES_END
    call    add_node
    clc
.Lregex_compile_done:
    mov     esp, [compile_stack]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends the compilation.
# In: EAX what is wrong.
compile_wrong:
    stc
    jmp     .Lregex_compile_done

# Takes a sign of an expression.
# In: ESI expression, EBX REGEX record.
# Out: AL byte, AH SIGN_*; ESI.
# Clobbers: ECX, EDX.
take_sign:
    xor     eax, eax
    lodsb
    mov     edx, [ebx + REGEX_FLAGS]
    and     edx, REGEX_EXTENDED
    cmp     al, 0x5C                    # '\'
    je      1f
    mov     ecx, offset signs
    call    look_sign
    test    ah, ah
    jnz     2f
    test    edx, edx
    jz      2f
    mov     ecx, offset signs_either
    jmp     look_sign
1:  cmp     esi, [pattern_end]
    jae     .Ltake_sign_missing
    lodsb
    mov     ecx, offset signs_bytes
    call    look_sign
    test    ah, ah
    jnz     3f
    test    edx, edx
    jnz     2f
    mov     ecx, offset signs_either
    jmp     look_sign
3:  cmp     ah, SIGN_BACK
    je      2f
    mov     al, ah
    xor     ah, ah
2:  ret
.Ltake_sign_missing:
    mov     eax, offset text_backslash
    jmp     compile_wrong

# Looks for a sign in a list.
# In: AL, ECX list.
# Out: AH what is beside it there, 0 when it is not there.
# Clobbers: ECX.
look_sign:
    cmp     byte ptr [ecx], 0
    je      2f
    cmp     [ecx], al
    je      1f
    add     ecx, 2
    jmp     look_sign
1:  mov     ah, [ecx + 1]
2:  ret

# Adds a part, that is there once.
# In: EAX NODES_*, EDI where it goes.
# Out: EDX the part; EDI.
add_node:
    mov     edx, edi
    mov     [edx + NODE_KIND], eax
    mov     dword ptr [edx + NODE_LEAST], 1
    mov     dword ptr [edx + NODE_MOST], 1
    add     edi, NODE_SIZE
    ret

# Begins the alternatives of a group.
# In: EBP level.
begin_branches:
    mov     dword ptr [ebp + LEVEL_JUMPS], 0

# Begins an alternative.
# In: EBP level.
begin_branch:
    mov     eax, NODES_BRANCH
    call    add_node
    mov     [ebp + LEVEL_BRANCH], edx
    mov     dword ptr [last_part], 0
    ret

# Has the alternatives of a group end here.
# In: EBP level.
# Clobbers: EAX, ECX.
end_branches:
    mov     ecx, [ebp + LEVEL_JUMPS]
1:  jecxz   2f
    mov     eax, edi
    xchg    eax, [ecx + NODE_VALUE]
    mov     ecx, eax
    jmp     1b
2:  ret

# A byte that stands for itself.
# In: AL.
sign_plain:
    test    dword ptr [ebx + REGEX_FLAGS], REGEX_ANY_CASE
    jz      1f
    mov     cl, al
    or      cl, 0x20
    sub     cl, 'a'
    cmp     cl, 26
    jae     1f
    push    eax
    call    new_set
    pop     eax
    movzx   eax, al
    call    set_add
    xor     eax, eax
    jmp     add_part_set
1:  movzx   ecx, al
    mov     eax, NODES_BYTE
    call    add_node
    mov     [edx + NODE_VALUE], ecx
    mov     [last_part], edx
    ret

# Adds the part of the set.
# In: set_being.
add_part_set:
    mov     eax, NODES_SET
    call    add_node
    mov     ecx, [set_being]
    mov     [edx + NODE_VALUE], ecx
    mov     [last_part], edx
    ret

# Any byte.
sign_any:
    mov     eax, NODES_ANY
    call    add_node
    mov     [last_part], edx
    ret

# ^ is the beginning where an alternative begins, and in extended ones anywhere.
sign_begin:
    test    dword ptr [ebx + REGEX_FLAGS], REGEX_EXTENDED
    jnz     1f
    lea     ecx, [edi - NODE_SIZE]
    cmp     ecx, [ebp + LEVEL_BRANCH]
    jne     sign_plain
1:  mov     dword ptr [last_part], 0
    mov     eax, NODES_BEGIN
    jmp     add_node

# $ is the end where an alternative ends, and in extended ones anywhere.
sign_last:
    test    dword ptr [ebx + REGEX_FLAGS], REGEX_EXTENDED
    jnz     1f
    mov     ecx, [pattern_end]
    sub     ecx, esi
    jz      1f
    cmp     ecx, 1
    je      sign_plain
    cmp     byte ptr [esi], 0x5C
    jne     sign_plain
    cmp     byte ptr [esi + 1], ')'
    je      1f
    cmp     byte ptr [esi + 1], '|'
    jne     sign_plain
1:  mov     dword ptr [last_part], 0
    mov     eax, NODES_LAST
    jmp     add_node

# Begins a group.
sign_open:
    mov     ecx, [ebx + REGEX_COUNT]
    inc     ecx
    cmp     ecx, REGEX_GROUPS
    mov     eax, offset text_groups
    jae     compile_wrong
    mov     [ebx + REGEX_COUNT], ecx
    mov     eax, NODES_OPEN
    call    add_node
    mov     [edx + NODE_VALUE], ecx
    add     ebp, LEVEL_SIZE
    mov     [ebp + LEVEL_NODE], edx
    jmp     begin_branches

# Ends a group.
sign_close:
    cmp     ebp, offset levels
    mov     eax, offset text_closed
    je      compile_wrong
    call    end_branches
    mov     eax, NODES_CLOSE
    call    add_node
    mov     ecx, [ebp + LEVEL_NODE]
    mov     [edx + NODE_PARTNER], ecx
    mov     [ecx + NODE_PARTNER], edx
    mov     eax, [ecx + NODE_VALUE]
    mov     [edx + NODE_VALUE], eax
    mov     [last_part], ecx
    sub     ebp, LEVEL_SIZE
    ret

# Another alternative.
sign_or:
    or      dword ptr [ebx + REGEX_FLAGS], REGEX_BRANCHES
    mov     eax, NODES_JUMP
    call    add_node
    mov     eax, edx
    xchg    eax, [ebp + LEVEL_JUMPS]
    mov     [edx + NODE_VALUE], eax
    mov     eax, [ebp + LEVEL_BRANCH]
    mov     [eax + NODE_VALUE], edi
    jmp     begin_branch

# What a group has fitted.
# In: AL digit.
sign_back:
    movzx   ecx, al
    sub     ecx, '0'
    cmp     ecx, [ebx + REGEX_COUNT]
    mov     eax, offset text_back
    ja      compile_wrong
    mov     eax, NODES_BACK
    call    add_node
    mov     [edx + NODE_VALUE], ecx
    mov     [last_part], edx
    ret

# * after nothing is itself.
sign_star:
    mov     edx, [last_part]
    test    edx, edx
    jz      sign_plain
    xor     eax, eax
    or      ecx, -1
    jmp     repeat

# +, one or more.
sign_plus:
    mov     edx, [last_part]
    test    edx, edx
    jz      sign_plain
    mov     eax, 1
    or      ecx, -1
    jmp     repeat

# ?, one or none.
sign_maybe:
    mov     edx, [last_part]
    test    edx, edx
    jz      sign_plain
    xor     eax, eax
    mov     ecx, 1

# Has the last part repeated.
# In: EAX at least, ECX at most, EDX part.
repeat:
    cmp     dword ptr [edx + NODE_MOST], 1
    jne     1f                          # of ** and the like the widest
    mov     [edx + NODE_LEAST], eax
    mov     [edx + NODE_MOST], ecx
    ret
1:  test    eax, eax
    jnz     2f
    mov     [edx + NODE_LEAST], eax
2:  or      dword ptr [edx + NODE_MOST], -1
    ret

# {3}, {3,}, {3,5}: how often.
sign_brace:
    mov     edx, [last_part]
    test    edx, edx
    jz      sign_plain
    push    edx
    call    take_count
    mov     ecx, eax
    cmp     byte ptr [esi], ','
    jne     1f
    inc     esi
    or      ecx, -1
    mov     dl, [esi]
    sub     dl, '0'
    cmp     dl, 10
    jae     1f
    push    eax
    call    take_count
    mov     ecx, eax
    pop     eax
    cmp     ecx, eax
    jb      .Lsign_brace_wrong
1:  test    dword ptr [ebx + REGEX_FLAGS], REGEX_EXTENDED
    jnz     2f
    lea     edx, [esi + 1]
    cmp     edx, [pattern_end]
    jae     .Lsign_brace_wrong
    cmp     byte ptr [esi], 0x5C
    jne     .Lsign_brace_wrong
    inc     esi
2:  cmp     esi, [pattern_end]
    jae     .Lsign_brace_wrong
    cmp     byte ptr [esi], '}'
    jne     .Lsign_brace_wrong
    inc     esi
    pop     edx
    jmp     repeat
.Lsign_brace_wrong:
    mov     eax, offset text_brace
    jmp     compile_wrong

# Takes a number in braces.
# In: ESI expression.
# Out: EAX, ESI.
# Clobbers: EDX.
take_count:
    xor     eax, eax
1:  cmp     esi, [pattern_end]
    jae     2f
    movzx   edx, byte ptr [esi]
    sub     edx, '0'
    cmp     edx, 10
    jae     2f
    inc     esi
    imul    eax, eax, 10
    add     eax, edx
    cmp     eax, REPEAT_MOST
    jbe     1b
    mov     eax, offset text_brace
    jmp     compile_wrong
2:  ret

# Begins a set.
# Out: set_being.
# Clobbers: EAX.
new_set:
    mov     eax, [ebx + REGEX_USED_SETS]
    cmp     eax, REGEX_SETS
    jae     1f
    inc     dword ptr [ebx + REGEX_USED_SETS]
    shl     eax, 5
    lea     eax, [ebx + REGEX_SET + eax]
    mov     [set_being], eax
    ret
1:  mov     eax, offset text_many
    jmp     compile_wrong

# Adds a byte to the set, a letter in either case where that counts for the same.
# In: EAX byte.
# Clobbers: ECX, EDX.
set_add:
    mov     ecx, [set_being]
    bts     [ecx], eax
    test    dword ptr [ebx + REGEX_FLAGS], REGEX_ANY_CASE
    jz      1f
    mov     edx, eax
    or      edx, 0x20
    sub     edx, 'a'
    cmp     edx, 26
    jae     1f
    mov     edx, eax
    xor     edx, 0x20
    bts     [ecx], edx
1:  ret

# [...]: a set of bytes.
sign_set:
    call    new_set
    mov     dword ptr [set_others], 0
    call    set_byte
    cmp     al, '^'
    jne     1f
    mov     dword ptr [set_others], 1
    call    set_byte
1:  jmp     .Lsign_set_first            # a ] at the beginning is itself
.Lsign_set_next:
    call    set_byte
    cmp     al, ']'
    je      .Lsign_set_end
.Lsign_set_first:
    cmp     al, '['
    jne     2f
    cmp     byte ptr [esi], ':'
    jne     2f
    call    set_class
    jmp     .Lsign_set_next
2:  call    set_escape
    movzx   eax, al
    mov     [range_last], eax
    mov     edx, [pattern_end]
    sub     edx, esi
    cmp     edx, 2
    jb      3f
    cmp     byte ptr [esi], '-'
    jne     3f
    cmp     byte ptr [esi + 1], ']'
    je      3f
    inc     esi
    push    eax
    call    set_byte
    call    set_escape
    movzx   ecx, al
    pop     eax
    mov     [range_last], ecx
    cmp     eax, ecx
    ja      .Lsign_set_range
3:  call    set_add
    inc     eax
    cmp     eax, [range_last]
    jbe     3b
    jmp     .Lsign_set_next
.Lsign_set_range:
    mov     eax, offset text_range
    jmp     compile_wrong
.Lsign_set_end:
    cmp     dword ptr [set_others], 0
    je      add_part_set
    mov     ecx, 8
    mov     edx, [set_being]
4:  not     dword ptr [edx + ecx*4 - 4]
    loop    4b
    jmp     add_part_set

# The next byte within brackets.
# In: ESI expression.
# Out: AL, ESI.
set_byte:
    cmp     esi, [pattern_end]
    jae     1f
    lodsb
    ret
1:  mov     eax, offset text_set
    jmp     compile_wrong

# Takes \n and \t within brackets, where other backslashes are themselves.
# In: AL byte before ESI.
# Out: AL, ESI.
set_escape:
    cmp     al, 0x5C
    jne     2f
    cmp     byte ptr [esi], 'n'
    jne     1f
    inc     esi
    mov     al, 10
    ret
1:  cmp     byte ptr [esi], 't'
    jne     2f
    inc     esi
    mov     al, 9
2:  ret

# Adds a class to the set.
# In: ESI after its [.
# Out: ESI.
set_class:
    lea     eax, [esi - 1]
    call    class_take
    mov     ecx, offset text_class
    xchg    eax, ecx
    jc      compile_wrong
    mov     esi, ecx
    xor     eax, eax
1:  push    edx
    push    eax
    call    class_has
    pop     eax
    jz      2f
    call    set_add
2:  pop     edx
    inc     al
    jnz     1b
    ret

# Looks for a match.
# In: EAX REGEX record, EDX text, ECX its end, and regex_from, where the match may begin.
# Out: regex_starts and regex_ends, 0 for a group that fits nothing; CF when there is no match. The program ends when
# that takes too long.
# Clobbers: EAX, ECX, EDX.
.global regex_search
regex_search:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     [text_begin], edx
    mov     [text_end], ecx
    mov     dword ptr [steps], STEPS_MOST
    lea     eax, [esp - STACK_MOST]
    mov     [stack_end], eax
    mov     edi, [regex_from]
    lea     esi, [ebx + REGEX_PARTS]
.Lregex_search_next:
    cmp     dword ptr [esi + NODE_VALUE], 0
    jne     .Lregex_search_try          # alternatives
    cmp     dword ptr [esi + NODE_SIZE + NODE_KIND], NODES_BYTE
    jne     .Lregex_search_try
    cmp     dword ptr [esi + NODE_SIZE + NODE_LEAST], 0
    je      .Lregex_search_try
    mov     al, [esi + NODE_SIZE + NODE_VALUE]
    mov     ecx, [text_end]             # on to the first byte that may begin it
    sub     ecx, edi
    jz      .Lregex_search_none
    repne scasb
    jne     .Lregex_search_none
    dec     edi
.Lregex_search_try:
    push    edi
    push    esi
    mov     edi, offset groups          # nothing fits yet
    mov     ecx, GROUPS_BYTES / 4
    xor     eax, eax
    rep stosd
    mov     [best_end], eax
    pop     esi
    pop     edi
    mov     [groups], edi
    push    esi
    push    edi
    call    match
    pop     edi
    pop     esi
    jnc     .Lregex_search_found
    cmp     dword ptr [best_end], 0
    jne     .Lregex_search_found
    cmp     dword ptr [steps], 0
    jl      .Lregex_search_long
    call    skip_start
    inc     edi
    cmp     edi, [text_end]
    ja      .Lregex_search_none
    cmp     dword ptr [esi + NODE_VALUE], 0
    jne     .Lregex_search_next
    cmp     dword ptr [esi + NODE_SIZE + NODE_KIND], NODES_BEGIN
    jne     .Lregex_search_next
.Lregex_search_none:
    stc
    jmp     .Lregex_search_done
.Lregex_search_found:
    clc
.Lregex_search_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lregex_search_long:
    mov     eax, offset text_long
    jmp     give_up

# Skips places where an expression cannot begin that does not fit here: one that begins with as many bytes of a kind as
# there are has tried all ends of these.
# In: ESI first part, EDI place.
# Out: EDI.
# Clobbers: EAX, EDX.
skip_start:
    cmp     dword ptr [esi + NODE_VALUE], 0
    jne     2f
    cmp     dword ptr [esi + NODE_SIZE + NODE_MOST], -1
    jne     2f
    mov     eax, [esi + NODE_SIZE + NODE_KIND]
    dec     eax
    cmp     eax, NODES_SET - NODES_BYTE
    ja      2f
    add     esi, NODE_SIZE
1:  call    fits
    lea     edi, [edi + 1]
    jnc     1b
    dec     edi
    sub     esi, NODE_SIZE
2:  ret

# Ends the program.
# In: EAX what is wrong.
give_up:
    push    eax
    call    out_flush
    mov     eax, 2
    mov     edx, [esp]
    call    put_to
    SYSTEM  exit, 1

# Whether parts fit from a place on, as far as the end of the expression.
# In: ESI part, EDI place.
# Out: CF when they do not.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
match:
    cmp     esp, [stack_end]
    jb      1f
    dec     dword ptr [steps]
    js      2f
    mov     eax, [esi + NODE_KIND]
    jmp     [match_routines + eax*4]
1:  mov     dword ptr [steps], -1
2:  stc
    ret

# Goes on with the next part.
match_next:
    add     esi, NODE_SIZE
    mov     eax, [esi + NODE_KIND]
    jmp     [match_routines + eax*4]

# The end: what groups fit is noted. Where there are alternatives, others may fit more.
match_end:
    cmp     edi, [best_end]
    jbe     2f
    mov     [best_end], edi
    mov     [groups + 4], edi
    push    esi
    push    edi
    mov     esi, offset groups
    mov     edi, offset regex_starts
    mov     ecx, GROUPS_BYTES / 4
    rep movsd
    pop     edi
    pop     esi
    test    dword ptr [ebx + REGEX_FLAGS], REGEX_BRANCHES
    jz      1f
    cmp     edi, [text_end]
    jne     2f
1:  clc
    ret
2:  stc
    ret

# A byte, any byte, one of a set: as many as fit, and then fewer.
match_byte:
    cmp     dword ptr [esi + NODE_MOST], 1
    jne     .Lmatch_byte_several
    cmp     dword ptr [esi + NODE_LEAST], 1
    jne     .Lmatch_byte_several
    call    fits
    jc      .Lmatch_byte_done
    inc     edi
    jmp     match_next
.Lmatch_byte_several:
    push    ebp
    mov     ebp, edi
    mov     ecx, [esi + NODE_MOST]
    jecxz   3f
2:  call    fits
    jc      3f
    inc     edi
    dec     ecx
    jnz     2b
3:  add     ebp, [esi + NODE_LEAST]     # EBP: as few as may be
.Lmatch_byte_fewer:
    cmp     edi, ebp
    jb      .Lmatch_byte_back
    push    esi
    push    edi
    add     esi, NODE_SIZE
    call    match
    pop     edi
    pop     esi
    jnc     .Lmatch_byte_back
    dec     edi
    cmp     dword ptr [steps], 0
    jge     .Lmatch_byte_fewer
    stc
.Lmatch_byte_back:
    pop     ebp
.Lmatch_byte_done:
    ret

# Whether a part fits a byte.
# In: ESI part, EDI place.
# Out: CF when not.
# Clobbers: EAX, EDX.
fits:
    cmp     edi, [text_end]
    cmc
    jc      2f
    mov     al, [edi]
    cmp     dword ptr [esi + NODE_KIND], NODES_BYTE
    jne     1f
    cmp     al, [esi + NODE_VALUE]
    je      2f                          # CF is clear
    stc
    ret
1:  cmp     dword ptr [esi + NODE_KIND], NODES_ANY
    je      2f
    movzx   eax, al
    mov     edx, [esi + NODE_VALUE]
    bt      [edx], eax
    cmc
2:  ret

# The beginning of the text.
match_begin:
    cmp     edi, [text_begin]
    je      match_next
    stc
    ret

# Its end.
match_last:
    cmp     edi, [text_end]
    je      match_next
    stc
    ret

# Alternatives.
match_branch:
    cmp     dword ptr [esi + NODE_VALUE], 0
    je      match_next
    push    esi
    push    edi
    add     esi, NODE_SIZE
    call    match
    pop     edi
    pop     esi
    jnc     1f
    mov     esi, [esi + NODE_VALUE]
    jmp     match
1:  ret

# The end of one of them.
match_jump:
    mov     esi, [esi + NODE_VALUE]
    jmp     match

# What a group fits, again.
match_back:
    mov     ecx, [esi + NODE_VALUE]
    mov     eax, [groups + ecx*8]
    mov     ecx, [groups + ecx*8 + 4]
    cmp     ecx, 1
    jb      1f                          # it fits nothing
    sub     ecx, eax
    mov     edx, [text_end]
    sub     edx, edi
    cmp     edx, ecx
    jb      1f
    push    esi
    mov     esi, eax
    cmp     ecx, ecx
    repe cmpsb
    pop     esi
    stc
    jne     1f
    jmp     match_next
1:  ret

# A group, from outside.
match_open:
    mov     ecx, [esi + NODE_VALUE]
    push    ecx
    push    [groups + ecx*8]
    push    [groups + ecx*8 + 4]
    push    [turns + ecx*4]
    xor     eax, eax
    mov     [groups + ecx*8 + 4], eax
    mov     [turns + ecx*4], eax
    call    match_turn
    jc      1f
    lea     esp, [esp + 16]
    ret
1:  pop     eax
    pop     edx
    pop     edi
    pop     ecx
    mov     [turns + ecx*4], eax
    mov     [groups + ecx*8 + 4], edx
    mov     [groups + ecx*8], edi
    stc
    ret

# One more turn of a group, or what is after it.
# In: ESI its beginning, EDI place.
match_turn:
    mov     ecx, [esi + NODE_VALUE]
    mov     eax, [turns + ecx*4]
    cmp     eax, [esi + NODE_MOST]
    jae     1f
    push    [groups + ecx*8]
    push    esi
    push    edi
    mov     [groups + ecx*8], edi
    inc     dword ptr [turns + ecx*4]
    add     esi, NODE_SIZE
    call    match
    pop     edi
    pop     esi
    pop     eax
    jnc     2f
    mov     ecx, [esi + NODE_VALUE]
    dec     dword ptr [turns + ecx*4]
    mov     [groups + ecx*8], eax
1:  mov     eax, [turns + ecx*4]
    cmp     eax, [esi + NODE_LEAST]
    jb      2f
    mov     esi, [esi + NODE_PARTNER]
    add     esi, NODE_SIZE
    jmp     match
2:  ret

# The end of a group.
match_close:
    mov     ecx, [esi + NODE_VALUE]
    mov     edx, [esi + NODE_PARTNER]
    cmp     edi, [groups + ecx*8]
    jne     1f
    mov     eax, [turns + ecx*4]        # a turn that fits nothing is one too many
    cmp     [edx + NODE_LEAST], eax
    jae     1f
    cmp     dword ptr [edx + NODE_MOST], 1
    je      1f
    stc
    ret
1:  push    ecx
    push    [groups + ecx*8 + 4]
    mov     [groups + ecx*8 + 4], edi
    mov     esi, edx
    call    match_turn
    pop     eax
    pop     ecx
    jnc     2f
    mov     [groups + ecx*8 + 4], eax
    stc
2:  ret

.section .rodata
.balign 4
sign_routines:                          # in the order of SIGN_*
    .long   sign_plain, sign_open, sign_close, sign_or, sign_brace, sign_plus, sign_maybe, sign_star, sign_any
    .long   sign_set, sign_begin, sign_last, sign_back
match_routines:                         # in the order of NODES_*
    .long   match_end, match_byte, match_byte, match_byte, match_begin, match_last, match_open, match_close, match_back
    .long   match_branch, match_jump
signs:                                  # bytes that mean something without a backslash
    .byte   '*', SIGN_STAR, '.', SIGN_ANY, '[', SIGN_SET, '^', SIGN_BEGIN, '$', SIGN_LAST, 0
signs_either:                           # those that do with or without one
    .byte   '(', SIGN_OPEN, ')', SIGN_CLOSE, '|', SIGN_OR, '{', SIGN_BRACE, '+', SIGN_PLUS, '?', SIGN_MAYBE
    .byte   0
signs_bytes:                            # after a backslash
    .byte   'n', 10, 't', 9, '1', SIGN_BACK, '2', SIGN_BACK, '3', SIGN_BACK, '4', SIGN_BACK, '5', SIGN_BACK
    .byte   '6', SIGN_BACK, '7', SIGN_BACK, '8', SIGN_BACK, '9', SIGN_BACK
    .byte   0
text_many:      .asciz "the expression has too many parts"
text_open:      .asciz "a group of the expression is not closed"
text_closed:    .asciz "the expression closes a group that is not open"
text_backslash: .asciz "the expression ends with a backslash"
text_groups:    .asciz "the expression has more than 9 groups"
text_back:      .asciz "the expression refers to a group that it does not have"
text_brace:     .asciz "braces of the expression want a number up to 255, as in {3}, {3,} or {3,5}"
text_set:       .asciz "[ of the expression is not closed"
text_range:     .asciz "a range of the expression ends before it begins"
text_class:     .asciz "the expression has a class that nobody knows"
text_long:      .asciz "the expression takes too long here\n"

.bss
.balign 4
pattern_end:    .space 4
compile_stack:  .space 4
last_part:      .space 4                # which * repeats, or 0
set_being:      .space 4
set_others:     .space 4                # 1: all bytes but those of the set
range_last:     .space 4
levels:         .space (REGEX_GROUPS + 1) * LEVEL_SIZE
text_begin:     .space 4
text_end:       .space 4
steps:          .space 4                # that are left
stack_end:      .space 4
best_end:       .space 4                # of the longest match so far, or 0
turns:          .space REGEX_GROUPS * 4 # of the groups
groups:         .space REGEX_GROUPS * 8 # first byte and end of what they fit
.global regex_from
regex_from:     .space 4
.global regex_starts
regex_starts:   .space REGEX_GROUPS * 8 # the same of the match
