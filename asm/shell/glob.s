# Wildcards: a word becomes the paths that fit it, sorted; when none does, it stays as it was typed.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "shell.inc"

GLOB_BYTES          = 1024                  # a path
GLOB_DEPTH          = 6                     # components with wildcards: the stack has room for so many

.text

# Adds the paths that fit a word to the arguments, else the word itself. May sleep.
# In: EAX word, EBX WORDS record, EDI where its text goes on.
# Out: EDI; CF and EAX message.
.global glob_expand
glob_expand:
    push    esi
    push    ebp
    mov     esi, eax
    mov     ebp, [ebx + WORDS_COUNT]    # EBP: where the paths begin
    mov     [ebx + WORDS_NEXT], edi
    mov     dword ptr [ebx + WORDS_DEPTH], 0
    mov     eax, GLOB_BYTES
    call    malloc
    jc      .Lglob_expand_literal
    mov     [ebx + WORDS_PATH], eax
    push    esi
    xor     ecx, ecx
    call    glob_walk
    pop     esi
    pushfd
    push    eax
    mov     eax, [ebx + WORDS_PATH]
    call    mfree
    pop     eax
    popfd
    jc      .Lglob_expand_done
    mov     edi, [ebx + WORDS_NEXT]
    cmp     ebp, [ebx + WORDS_COUNT]
    je      .Lglob_expand_literal
    call    glob_sort
    clc
    jmp     .Lglob_expand_done
.Lglob_expand_literal:
    mov     eax, esi
    call    glob_literal
    mov     eax, esi
    call    words_add
    jnc     .Lglob_expand_done
    call    words_no_memory
.Lglob_expand_done:
    pop     ebp
    pop     esi
    ret

# Makes wildcards the characters that were typed.
# In: EAX word.
# Out: CF clear.
# Clobbers: ECX only.
.global glob_literal
glob_literal:
    push    eax
1:  movzx   ecx, byte ptr [eax]
    jecxz   3f
    cmp     ecx, MARK_SET
    ja      2f
    mov     cl, [glob_signs + ecx - 1]
    mov     [eax], cl
2:  inc     eax
    jmp     1b
3:  clc
    pop     eax
    ret

# Adds all paths that begin with what WORDS_PATH holds and go on with what fits a pattern. May sleep.
# In: ESI pattern, ECX bytes of the path, EBX WORDS record.
# Out: CF and EAX message.
# Clobbers: ESI too.
glob_walk:
    FRAME   NODE_SIZE_OF + 16
    push    edi
    # Locals: the NODE record; below it -4 handle, -8 bytes of the path, -12 end of the component, -16 its beginning
.Lglob_walk_component:
    mov     edi, [ebx + WORDS_PATH]
    cmp     ecx, GLOB_BYTES - 2
    jae     .Lglob_walk_long
    mov     al, [esi]
    test    al, al
    jz      .Lglob_walk_whole           # it ended with /
    cmp     al, '/'
    jne     .Lglob_walk_look
    mov     [edi + ecx], al
    inc     ecx
    inc     esi
    jmp     .Lglob_walk_component
.Lglob_walk_look:
    call    glob_component
    test    ah, ah
    jnz     .Lglob_walk_wild
.Lglob_walk_copy:
    cmp     ecx, GLOB_BYTES - 2
    jae     .Lglob_walk_long
    lodsb
    mov     [edi + ecx], al
    inc     ecx
    cmp     esi, edx
    jb      .Lglob_walk_copy
    cmp     byte ptr [esi], 0
    jne     .Lglob_walk_component
.Lglob_walk_whole:
    call    glob_whole
    jmp     .Lglob_walk_done
.Lglob_walk_wild:
    mov     [ebp - NODE_SIZE_OF - 8], ecx
    mov     [ebp - NODE_SIZE_OF - 12], edx
    mov     [ebp - NODE_SIZE_OF - 16], esi
    LOAD_STRING eax, "too many directories with wildcards"
    cmp     dword ptr [ebx + WORDS_DEPTH], GLOB_DEPTH
    cmc
    jc      .Lglob_walk_done
    inc     dword ptr [ebx + WORDS_DEPTH]
    mov     byte ptr [edi + ecx], 0
    mov     esi, edi
    test    ecx, ecx
    jnz     .Lglob_walk_open
    LOAD_STRING esi, "."
.Lglob_walk_open:
    call    directory_open
    jc      .Lglob_walk_nothing
    mov     [ebp - NODE_SIZE_OF - 4], eax
.Lglob_walk_next:
    call    break_check
    LOAD_STRING eax, "interrupted"
    jc      .Lglob_walk_close
    mov     eax, [ebp - NODE_SIZE_OF - 4]
    lea     edi, [ebp - NODE_SIZE_OF]
    call    directory_read
    jc      .Lglob_walk_read
    call    glob_fits
    jc      .Lglob_walk_next
    call    glob_append
    mov     esi, [ebp - NODE_SIZE_OF - 12]
    cmp     byte ptr [esi], 0
    jne     .Lglob_walk_deeper
    call    glob_add
    jmp     .Lglob_walk_added
.Lglob_walk_deeper:
    cmp     dword ptr [ebp - NODE_SIZE_OF + NODE_KIND], NODE_DIRECTORY
    jne     .Lglob_walk_next
    call    glob_walk
.Lglob_walk_added:
    jnc     .Lglob_walk_next
    jmp     .Lglob_walk_close
.Lglob_walk_read:
    clc                                 # what cannot be read fits nothing
.Lglob_walk_close:
    pushfd
    push    eax
    mov     eax, [ebp - NODE_SIZE_OF - 4]
    call    directory_close
    pop     eax
    popfd
    jc      .Lglob_walk_done
.Lglob_walk_nothing:
    dec     dword ptr [ebx + WORDS_DEPTH]
    clc
    jmp     .Lglob_walk_done
.Lglob_walk_long:
    LOAD_STRING eax, "a path is too long"
    stc
.Lglob_walk_done:
    pop     edi
    ENDFRAME
    ret

# Finds the end of a component.
# In: ESI where it begins.
# Out: EDX its end, AH 1 when it has wildcards.
# Clobbers: AL.
glob_component:
    mov     edx, esi                    # EDX: end of the component
    xor     ah, ah                      # AH: 1 when it has wildcards
.Lglob_component_character:
    mov     al, [edx]
    test    al, al
    jz      .Lglob_component_done
    cmp     al, '/'
    je      .Lglob_component_done
    cmp     al, MARK_SET
    ja      .Lglob_component_plain
    mov     ah, 1
.Lglob_component_plain:
    inc     edx
    jmp     .Lglob_component_character
.Lglob_component_done:
    ret

# Adds the path, if there is such a file.
# In: EBX words, EBP frame of glob_walk, EDI path, ECX its bytes.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI, EDI.
glob_whole:
    mov     byte ptr [edi + ecx], 0
    mov     esi, edi
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    cmc
    jnc     .Lglob_whole_done            # there is none
    call    glob_add
.Lglob_whole_done:
    ret

# Puts the name that was read at the end of the path.
# In: EBX words, EBP frame of glob_walk.
# Out: ECX bytes of the path.
# Clobbers: EAX, EDX.
glob_append:
    mov     eax, [ebx + WORDS_PATH]
    mov     ecx, [ebp - NODE_SIZE_OF - 8]
    mov     byte ptr [eax + ecx], 0
    add     eax, ecx
    neg     ecx
    add     ecx, GLOB_BYTES - 2
    lea     edx, [ebp - NODE_SIZE_OF + NODE_NAME]
    call    string_copy
    mov     ecx, eax
    add     ecx, [ebp - NODE_SIZE_OF - 8]
    ret

# Whether the name that was read fits the component; such with a dot before them are meant only when that is said.
# In: EBX words, EBP frame of glob_walk.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX, ESI.
glob_fits:
    mov     esi, [ebp - NODE_SIZE_OF - 16]
    mov     ecx, [ebp - NODE_SIZE_OF - 12]
    lea     edx, [ebp - NODE_SIZE_OF + NODE_NAME]
    cmp     byte ptr [edx], '.'
    jne     .Lglob_fits_match
    cmp     byte ptr [esi], '.'         # such names are meant only when that is said
    jne     .Lglob_fits_not
.Lglob_fits_match:
    call    glob_match
    jc      .Lglob_fits_not
    clc
    ret
.Lglob_fits_not:
    stc
    ret

# Adds the path to the arguments.
# In: EBX WORDS record.
# Out: CF and EAX message.
glob_add:
    push    esi
    mov     eax, [ebx + WORDS_PATH]
    call    string_length
    lea     esi, [eax + 1]              # ESI: bytes, with the NUL
    mov     ecx, [ebx + WORDS_END]
    sub     ecx, [ebx + WORDS_NEXT]
    cmp     ecx, esi
    jae     1f
    mov     edx, esi
    call    words_piece
    jc      2f
1:  mov     eax, [ebx + WORDS_NEXT]
    add     [ebx + WORDS_NEXT], esi
    mov     edx, [ebx + WORDS_PATH]
    mov     ecx, esi
    push    eax
    call    mem_copy
    pop     eax
    call    words_add
    jc      2f
    pop     esi
    ret
2:  pop     esi
    jmp     words_no_memory

# Sorts the arguments: first those that are far from each other, then nearer ones (Shell's way).
# In: EBX WORDS record, EBP number of the first to be sorted.
glob_sort:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 the gap, -8 the number of the first
    mov     eax, [ebp]
    mov     [ebp - 8], eax
    mov     edx, [ebx + WORDS_COUNT]
    sub     edx, eax
    xor     eax, eax
1:  lea     eax, [eax + eax*2 + 1]      # 1, 4, 13, ...
    cmp     eax, edx
    jb      1b
.Lglob_sort_gap:
    xor     edx, edx
    mov     ecx, 3
    div     ecx
    mov     [ebp - 4], eax
    test    eax, eax
    jz      .Lglob_sort_done
    mov     esi, [ebp - 8]
    add     esi, eax                    # ESI: the one that is put where it belongs, among those before it
.Lglob_sort_next:
    cmp     esi, [ebx + WORDS_COUNT]
    jae     .Lglob_sort_gap
    mov     edi, esi
.Lglob_sort_sink:
    mov     edx, [ebx + WORDS_ADDRESSES]
    lea     ecx, [edx + edi*4]
    mov     eax, edi
    sub     eax, [ebp - 4]
    cmp     eax, [ebp - 8]
    jl      .Lglob_sort_sunk
    lea     edx, [edx + eax*4]
    push    eax
    push    ecx
    push    edx
    mov     eax, [ecx]
    mov     edx, [edx]
    call    string_compare
    pop     edx
    pop     ecx
    pop     eax
    jae     .Lglob_sort_sunk
    mov     edi, eax
    mov     eax, [ecx]
    xchg    eax, [edx]
    mov     [ecx], eax
    jmp     .Lglob_sort_sink
.Lglob_sort_sunk:
    inc     esi
    mov     eax, [ebp - 4]
    jmp     .Lglob_sort_next
.Lglob_sort_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Whether a name fits a pattern.
# In: ESI pattern, ECX its end, EDX name.
# Out: CF when not.
# Clobbers: ESI too.
glob_match:
    push    ebx
    push    edi
    push    ebp
    mov     edi, edx
    xor     ebp, ebp                    # EBP: pattern behind the last *, EBX: the name where that began
.Lglob_match_next:
    cmp     esi, ecx
    jae     .Lglob_match_end
    mov     al, [esi]
    cmp     al, MARK_MANY
    je      .Lglob_match_many
    mov     ah, [edi]
    test    ah, ah
    jz      .Lglob_match_fail
    cmp     al, MARK_ONE
    je      .Lglob_match_both
    cmp     al, MARK_SET
    je      .Lglob_match_set
    cmp     al, ah
    jne     .Lglob_match_again
.Lglob_match_both:
    inc     esi
    inc     edi
    jmp     .Lglob_match_next
.Lglob_match_many:
    inc     esi
    mov     ebp, esi
    mov     ebx, edi
    jmp     .Lglob_match_next
.Lglob_match_set:
    call    glob_set
    jnc     .Lglob_match_both
    jmp     .Lglob_match_again
.Lglob_match_end:
    cmp     byte ptr [edi], 0
    je      .Lglob_match_done           # CF is clear
.Lglob_match_again:
    test    ebp, ebp
    jz      .Lglob_match_fail
    cmp     byte ptr [ebx], 0
    je      .Lglob_match_fail
    inc     ebx                         # * takes one more
    mov     esi, ebp
    mov     edi, ebx
    jmp     .Lglob_match_next
.Lglob_match_fail:
    stc
.Lglob_match_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Whether a character is in a set: [abc], [a-z], [!a-z]. Without its ] it is a [.
# In: ESI its mark, ECX end of the pattern, AH character.
# Out: ESI its ]; CF when not.
# Clobbers: AL, EDX.
glob_set:
    push    ebx
    push    edi
    lea     edi, [esi + 1]
    xor     ebx, ebx                    # BL: 1 when it is in the list, BH: 1 when it should not be
    cmp     edi, ecx
    jae     .Lglob_set_open
    cmp     byte ptr [edi], '!'
    jne     .Lglob_set_first
    mov     bh, 1
    inc     edi
.Lglob_set_first:
    mov     edx, edi                    # a ] at the beginning is in the set
.Lglob_set_next:
    cmp     edi, ecx
    jae     .Lglob_set_open
    mov     al, [edi]
    cmp     al, ']'
    jne     .Lglob_set_member
    cmp     edi, edx
    jne     .Lglob_set_end
.Lglob_set_member:
    inc     edi
    cmp     ah, al
    jb      .Lglob_set_next_range
    je      .Lglob_set_in
    lea     edx, [edi + 1]
    cmp     edx, ecx
    jae     .Lglob_set_not
    cmp     byte ptr [edi], '-'
    jne     .Lglob_set_not
    cmp     byte ptr [edi + 1], ']'
    je      .Lglob_set_not
    cmp     ah, [edi + 1]
    lea     edi, [edi + 2]
    ja      .Lglob_set_not
.Lglob_set_in:
    mov     bl, 1
.Lglob_set_not:
    xor     edx, edx
    jmp     .Lglob_set_next
.Lglob_set_next_range:
    xor     edx, edx
    cmp     edi, ecx
    jae     .Lglob_set_open
    cmp     byte ptr [edi], '-'
    jne     .Lglob_set_next
    cmp     byte ptr [edi + 1], ']'
    je      .Lglob_set_next
    lea     edi, [edi + 2]              # a range that begins above it
    jmp     .Lglob_set_next
.Lglob_set_end:
    mov     esi, edi
    cmp     bl, bh
    jne     .Lglob_set_good
    stc
    jmp     .Lglob_set_done
.Lglob_set_open:
    cmp     ah, '['
    je      .Lglob_set_done             # CF is clear
    stc
    jmp     .Lglob_set_done
.Lglob_set_good:
    clc
.Lglob_set_done:
    pop     edi
    pop     ebx
    ret

.section .rodata
glob_signs:
    .ascii  "*?["                           # in the order of MARK_MANY, ...
