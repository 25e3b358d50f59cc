# Runs a program with words of its input as arguments, as often as it takes.

.include "program.inc"
.include "options.inc"
.include "room.inc"

DESCRIPTION "[-0r] [-n MOST] [-I TEXT] [PROGRAM [ARGUMENT...]]", "run a program with words of the input", GROUP_SYSTEM
DETAIL "Adds the words of its input to the arguments, as many as a program can have, and runs the program again for the"
DETAIL "rest; without one echo. Quotes and \\ keep blanks in a word; -0 has words end with NULs. -n says how many words at"
DETAIL "most, -I {} runs the program for each line, which takes the place of {}; -r runs nothing for an empty input."

TEXT_MOST       = 128 << 10             # bytes of the words of one run
WORDS_MOST      = 16384

NO_HANDLE       = 31                    # none that is open

STATUS_ENDED    = 124                   # the program ended with 255, and so does this
STATUS_FAILED   = 123                   # with another status but 0
STATUS_UNRUN    = 126
STATUS_NONE     = 127

.text

# Takes options, a program and its arguments.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    cmp     dword ptr [eax], 0
    jne     1f
    mov     eax, offset no_program
1:  mov     [program], eax
    mov     eax, offset texts
    call    room_make
    mov     eax, offset arguments
    call    room_make
    mov     eax, [most_text]
    mov     dword ptr [most], WORDS_MOST
    test    eax, eax
    jz      2f
    call    number_of
    jc      misused
    test    eax, eax
    jz      misused
    cmp     eax, WORDS_MOST
    ja      2f
    mov     [most], eax
2:  xor     eax, eax
    call    input_open
    cmp     dword ptr [replaced], 0
    jne     .Llines
    call    begin_words
.Lword:
    call    take_word
    jc      .Lend
    call    add_argument
    inc     dword ptr [words]
    mov     eax, [words]
    cmp     eax, [most]
    jae     .Lfull
    mov     eax, [texts + ROOM_NEXT]
    sub     eax, [texts + ROOM_START]
    cmp     eax, TEXT_MOST
    jb      .Lword
.Lfull:
    call    run
    call    begin_words
    jmp     .Lword
.Lend:
    cmp     dword ptr [words], 0
    jne     .Llast
    mov     eax, [runs]
    or      eax, [no_empty]
    jnz     finish
.Llast:
    call    run
    jmp     finish

# With -I: the program for each line.
.Llines:
    call    forget
    call    take_word
    jc      finish
    mov     esi, [program]
    mov     ebx, eax                    # EBX: line
3:  mov     eax, [esi]
    test    eax, eax
    jz      4f
    mov     edx, ebx
    call    put_replaced
    call    add_argument
    add     esi, 4
    jmp     3b
4:  call    run
    jmp     .Llines

# Begins the arguments with those that are given.
begin_words:
    push    esi
    call    forget
    mov     esi, [program]
1:  mov     eax, [esi]
    test    eax, eax
    jz      2f
    call    add_argument
    add     esi, 4
    jmp     1b
2:  pop     esi
    ret

# Forgets all arguments and words.
forget:
    push    [texts + ROOM_START]
    pop     [texts + ROOM_NEXT]
    push    [arguments + ROOM_START]
    pop     [arguments + ROOM_NEXT]
    mov     dword ptr [words], 0
    ret

# Adds an argument.
# In: EAX text.
# Clobbers: EDX.
add_argument:
    push    eax
    mov     eax, offset arguments
    mov     edx, 4
    call    room_take
    pop     [eax]
    ret

# Adds a byte to the text that is made.
# In: AL.
# Clobbers: EDX.
put_text:
    push    eax
    mov     eax, offset texts
    mov     edx, 1
    call    room_take
    pop     edx
    mov     [eax], dl
    mov     eax, edx
    ret

# Takes a word of the input; with -I a line.
# Out: EAX word; CF when there is none.
# Clobbers: ECX, EDX.
take_word:
    push    ebx
    push    edi
    push    [texts + ROOM_NEXT]
    xor     ebx, ebx                    # EBX: 1 when a word has begun
    xor     edi, edi                    # EDI: the quote that is open, or 0
.Ltake_word_next:
    call    input_byte
    jc      .Ltake_word_last
    movzx   eax, al
    cmp     dword ptr [nuls], 0
    jne     .Ltake_word_nul
    test    edi, edi
    jnz     .Ltake_word_quoted
    cmp     al, 10
    je      .Ltake_word_ends
    cmp     al, 0x27                    # apostrophe
    je      .Ltake_word_quote
    cmp     al, 0x22                    # '"'
    je      .Ltake_word_quote
    cmp     al, 0x5C                    # '\'
    je      .Ltake_word_escaped
    cmp     al, ' '
    je      .Ltake_word_blank
    cmp     al, 9
    jne     .Ltake_word_put
.Ltake_word_blank:
    cmp     dword ptr [replaced], 0
    je      .Ltake_word_ends
    test    ebx, ebx
    jz      .Ltake_word_next
.Ltake_word_put:
    mov     ebx, 1
    call    put_text
    jmp     .Ltake_word_next
.Ltake_word_nul:
    test    al, al
    jnz     .Ltake_word_put
    jmp     .Ltake_word_done
.Ltake_word_escaped:
    call    input_byte
    jnc     .Ltake_word_put
    jmp     .Ltake_word_last
.Ltake_word_quoted:
    cmp     al, 10
    je      .Ltake_word_open
    cmp     eax, edi
    jne     .Ltake_word_put
    xor     edi, edi
    jmp     .Ltake_word_next
.Ltake_word_quote:
    mov     edi, eax
    mov     ebx, 1
    jmp     .Ltake_word_next
.Ltake_word_ends:
    test    ebx, ebx
    jz      .Ltake_word_next
.Ltake_word_done:
    xor     eax, eax
    call    put_text
    clc
    jmp     .Ltake_word_return
.Ltake_word_last:
    test    edi, edi
    jnz     .Ltake_word_open
    test    ebx, ebx
    jnz     .Ltake_word_done
    stc
.Ltake_word_return:
    pop     eax
    pop     edi
    pop     ebx
    ret
.Ltake_word_open:
    mov     eax, 2
    mov     edx, offset text_quote
    call    put_to
    SYSTEM  exit, 1

# Makes an argument: the text of -I is replaced.
# In: EAX argument, EDX what takes its place.
# Out: EAX the argument that is made.
# Clobbers: ECX, EDX.
put_replaced:
    push    ebx
    push    esi
    push    edi
    push    [texts + ROOM_NEXT]
    mov     esi, eax
    mov     ebx, edx
.Lput_replaced_next:
    mov     edi, [replaced]
    xor     ecx, ecx
1:  mov     al, [edi + ecx]
    test    al, al
    jz      .Lput_replaced_here
    cmp     al, [esi + ecx]
    jne     .Lput_replaced_byte
    inc     ecx
    jmp     1b
.Lput_replaced_here:
    jecxz   .Lput_replaced_byte         # nothing is in no place
    add     esi, ecx
    mov     edi, ebx
2:  mov     al, [edi]
    test    al, al
    jz      .Lput_replaced_next
    call    put_text
    inc     edi
    jmp     2b
.Lput_replaced_byte:
    lodsb
    call    put_text
    test    al, al
    jnz     .Lput_replaced_next
    pop     eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Runs the program, and waits for its end. Its status decides about this one's.
# Clobbers: EAX, ECX, EDX.
run:
    push    ebx
    push    esi
    inc     dword ptr [runs]
    xor     eax, eax
    call    add_argument
    mov     eax, [arguments + ROOM_START]
    mov     eax, [eax]
    call    program_path
    mov     ecx, [arguments + ROOM_START]
    SYSTEM  spawn, eax, ecx, 0, "offset streams"
    test    eax, eax
    js      .Lrun_failed
    SYSTEM  wait, eax, -1
    test    eax, eax
    jz      .Lrun_done
    cmp     eax, 255
    mov     ecx, STATUS_ENDED
    je      .Lrun_end
    mov     dword ptr [output_status], STATUS_FAILED
.Lrun_done:
    pop     esi
    pop     ebx
    ret
.Lrun_failed:
    mov     ecx, STATUS_NONE
    cmp     eax, -ERROR_NOT_FOUND
    je      1f
    mov     ecx, STATUS_UNRUN
1:  push    ecx
    mov     edx, [arguments + ROOM_START]
    mov     edx, [edx]
    call    complain
    pop     ecx
.Lrun_end:
    mov     [output_status], ecx
    jmp     finish

.section .rodata
.balign 4
no_program:     .long text_echo, 0
streams:        .long NO_HANDLE, 1, 2
options:
    OPTION  '0', OPTION_SET, nuls
    OPTION  'r', OPTION_SET, no_empty
    OPTION  'n', OPTION_VALUE, most_text
    OPTION  'I', OPTION_VALUE, replaced
    .byte   0
text_echo:      .asciz "echo"
text_quote:     .asciz "xargs: a quote is not closed; -0 takes quotes as they are\n"

.bss
.balign 4
program:        .space 4                # address of its name's address
nuls:           .space 4                # 1: -0
no_empty:       .space 4                # 1: -r
most_text:      .space 4
most:           .space 4                # words of a run
replaced:       .space 4                # text of -I, or 0
words:          .space 4                # that were added
runs:           .space 4
texts:          .space ROOM_SIZE
arguments:      .space ROOM_SIZE        # their addresses
