# Where the words of a command are: their text in pieces that stay where they are, their addresses in a list. Both grow,
# so that there may be as many words as there is memory for.

.include "macros.inc"
.include "shell.inc"

PIECE_TEXT          = 4                     # after the address of the piece before
PIECE_BYTES         = 2048                  # at least; malloc adds little to it
WORDS_FIRST         = 30                    # so many addresses at first

.text

# Makes a WORDS record without words.
# Out: EAX record; CF and EAX error without memory.
.global words_open
words_open:
    push    ebx
    mov     eax, WORDS_SIZE
    call    malloc
    jc      2f
    mov     ebx, eax
    mov     eax, (WORDS_FIRST + 1) * 4
    call    malloc
    jc      1f
    mov     [ebx + WORDS_ADDRESSES], eax
    mov     dword ptr [ebx + WORDS_ROOM], WORDS_FIRST
    xor     edx, edx
    call    words_piece
    jc      1f
    mov     eax, ebx
    pop     ebx
    ret
1:  push    eax
    mov     eax, ebx
    call    words_close
    pop     eax
    stc
2:  pop     ebx
    ret

# Gives a WORDS record back, with all words.
# In: EAX record.
.global words_close
words_close:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, [ebx + WORDS_PIECE]
1:  mov     eax, esi
    test    eax, eax
    jz      2f
    mov     esi, [eax]
    call    mfree
    jmp     1b
2:  mov     eax, [ebx + WORDS_ADDRESSES]
    test    eax, eax
    jz      3f
    call    mfree
3:  mov     eax, ebx
    call    mfree
    pop     esi
    pop     ebx
    ret

# Begins a piece of the text.
# In: EBX WORDS record, EDX bytes that must find room in it.
# Out: WORDS_NEXT; CF and EAX error without memory.
# Clobbers: EAX, ECX, EDX only.
.global words_piece
words_piece:
    push    esi
    mov     esi, edx
    cmp     esi, PIECE_BYTES
    jae     1f
    mov     esi, PIECE_BYTES
1:  lea     eax, [esi + PIECE_TEXT]
    call    malloc_filled
    jc      2f
    mov     ecx, [ebx + WORDS_PIECE]
    mov     [eax], ecx
    mov     [ebx + WORDS_PIECE], eax
    add     eax, PIECE_TEXT
    mov     [ebx + WORDS_NEXT], eax
    add     eax, esi
    mov     [ebx + WORDS_END], eax
    clc
2:  pop     esi
    ret

# Has the word that is being read go on in another piece.
# In: EBX WORDS record, EDI where the word goes on.
# Out: EDI there; CF and EAX error without memory.
# Clobbers: EAX, ECX, EDX only.
.global words_move
words_move:
    push    edi
    sub     edi, [ebx + WORDS_BEGIN]    # EDI: bytes that it has
    lea     edx, [edi*2]
    call    words_piece
    jc      1f
    mov     eax, [ebx + WORDS_NEXT]
    mov     edx, [ebx + WORDS_BEGIN]
    mov     [ebx + WORDS_BEGIN], eax
    mov     ecx, edi
    call    mem_copy
    add     edi, [ebx + WORDS_BEGIN]
    add     esp, 4
    clc
    ret
1:  pop     edi
    ret

# Adds an argument.
# In: EAX word, EBX WORDS record.
# Out: CF and EAX error without memory.
.global words_add
words_add:
    push    esi
    push    edi
    mov     esi, eax
    mov     ecx, [ebx + WORDS_COUNT]
    cmp     ecx, [ebx + WORDS_ROOM]
    jb      1f
    lea     eax, [ecx*8 + 4]            # for twice as many
    call    malloc_filled
    jc      2f
    mov     edi, eax
    mov     edx, [ebx + WORDS_ADDRESSES]
    mov     ecx, [ebx + WORDS_COUNT]
    shl     ecx, 2
    call    mem_copy
    mov     eax, edi
    xchg    eax, [ebx + WORDS_ADDRESSES]
    call    mfree
    shl     dword ptr [ebx + WORDS_ROOM], 1
    mov     ecx, [ebx + WORDS_COUNT]
1:  mov     edx, [ebx + WORDS_ADDRESSES]
    mov     [edx + ecx*4], esi
    inc     dword ptr [ebx + WORDS_COUNT]
    clc
2:  pop     edi
    pop     esi
    ret

# How many bytes words have, one after the other.
# In: EAX argc, EDX argv.
# Out: EAX bytes, with their NULs.
.global words_bytes
words_bytes:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     ebx, edx
    xor     edi, edi
1:  mov     eax, [ebx]
    call    string_length
    lea     edi, [edi + eax + 1]
    add     ebx, 4
    dec     esi
    jnz     1b
    mov     eax, edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Copies words, one after the other.
# In: EAX argc, EDX argv, EDI where they go.
# Out: EDI after them.
.global words_copy
words_copy:
    push    ebx
    push    esi
    mov     ebx, edx
    mov     ecx, eax
1:  mov     esi, [ebx]
2:  lodsb
    stosb
    test    al, al
    jnz     2b
    add     ebx, 4
    dec     ecx
    jnz     1b
    pop     esi
    pop     ebx
    ret
