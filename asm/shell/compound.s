# Commands of commands: if, while, until and for, and what leaves them. What they are made of are lists (list.s).

.include "macros.inc"
.include "errors.inc"
.include "shell.inc"

# Locals of compound_run, below EBP. The last ones are those of for.
COMPOUND_SKIP       = -4                    # 1: nothing of it is run
COMPOUND_DONE       = -8                    # 1: a branch of an if was taken
COMPOUND_STATUS     = -12                   # of a loop
COMPOUND_START      = -16                   # the text to which a loop returns
COMPOUND_RUNS       = -20                   # 1: the turn of the loop is run
COMPOUND_KIND       = -24                   # KEYWORD_*
COMPOUND_BEGIN      = -28                   # routine that begins a turn of the loop
FOR_WORDS           = -32                   # WORDS record, or 0
FOR_NEXT            = -36                   # the word whose turn it is
FOR_LIMIT           = -40                   # where the words end
FOR_NAME            = -72
FOR_NAME_BYTES      = 32
COMPOUND_SIZE       = 72

.text

# Runs a command of commands. May sleep.
# In: EAX KEYWORD_* that it begins with, ESI text after it, EBX context, EDX 1 when nothing of it is run.
# Out: ESI after its last word; CF and EAX message.
.global compound_run
compound_run:
    cmp     dword ptr [ebx + CONTEXT_NESTED], NESTED_MAXIMUM
    jae     1f
    FRAME   COMPOUND_SIZE
    push    edi
    inc     dword ptr [ebx + CONTEXT_NESTED]
    mov     [ebp + COMPOUND_SKIP], edx
    mov     [ebp + COMPOUND_KIND], eax
    xor     ecx, ecx
    mov     [ebp + COMPOUND_DONE], ecx
    mov     [ebp + COMPOUND_STATUS], ecx
    mov     [ebp + FOR_WORDS], ecx
    call    [compound_kinds + eax*4 - 4 * KEYWORD_IF]
    dec     dword ptr [ebx + CONTEXT_NESTED]
    pop     edi
    ENDFRAME
    ret
1:  LOAD_STRING eax, "more than 16 of if, while, until and for within each other"
    stc
    ret

# The kinds: ESI is after the first word, EBX the context, EBP the locals. They return ESI after the last one; CF and
# EAX message. They may change EDI.

compound_if:
    mov     edx, [ebp + COMPOUND_SKIP]
    or      edx, [ebp + COMPOUND_DONE]
    mov     ecx, KEYWORD_THEN
    call    compound_part
    jc      .Lcompound_if_end
    mov     edx, [ebp + COMPOUND_SKIP]
    or      edx, [ebp + COMPOUND_DONE]
    jnz     .Lcompound_if_branch
    cmp     dword ptr [ebx + CONTEXT_STATUS], 0
    setne   dl
    sete    [ebp + COMPOUND_DONE]
.Lcompound_if_branch:
    xor     ecx, ecx
    call    compound_part
    jc      .Lcompound_if_end
    cmp     eax, KEYWORD_ELIF
    je      compound_if
    cmp     eax, KEYWORD_ELSE
    jne     .Lcompound_if_closed
    mov     edx, [ebp + COMPOUND_SKIP]
    or      edx, [ebp + COMPOUND_DONE]
    mov     dword ptr [ebp + COMPOUND_DONE], 1
    mov     ecx, KEYWORD_FI
    call    compound_part
    jc      .Lcompound_if_end
.Lcompound_if_closed:
    cmp     eax, KEYWORD_FI
    jne     compound_wrong
    cmp     dword ptr [ebp + COMPOUND_DONE], 0
    jne     .Lcompound_if_end
    mov     ecx, 0
    call    compound_status
.Lcompound_if_end:
    ret

compound_while:
    mov     dword ptr [ebp + COMPOUND_BEGIN], offset while_begin
    jmp     compound_loop

compound_for:
    mov     dword ptr [ebp + COMPOUND_BEGIN], offset for_begin
    call    for_head
    jc      1f
    call    for_words
    jc      1f
    call    compound_loop
1:  pushfd
    push    eax
    mov     eax, [ebp + FOR_WORDS]
    test    eax, eax
    jz      2f
    call    words_close
2:  pop     eax
    popfd
    ret

# Runs a loop, turn by turn. May sleep.
# In: ESI text with which each turn begins, COMPOUND_BEGIN.
# Out: ESI after done; CF and EAX message.
compound_loop:
    mov     [ebp + COMPOUND_START], esi
    inc     dword ptr [ebx + CONTEXT_LOOPS]
1:  mov     esi, [ebp + COMPOUND_START]
    call    [ebp + COMPOUND_BEGIN]
    jc      2f
    mov     [ebp + COMPOUND_RUNS], ecx
    call    compound_turn
    jc      2f
    jz      1b
    mov     ecx, [ebp + COMPOUND_STATUS]
    call    compound_status
2:  dec     dword ptr [ebx + CONTEXT_LOOPS]
    ret

# Begins a turn of while or until: runs the list that decides. May sleep.
# In: ESI text after the first word.
# Out: ESI after do, ECX 1 when the turn is run; CF and EAX message.
while_begin:
    mov     edx, [ebp + COMPOUND_SKIP]
    mov     ecx, KEYWORD_DO
    call    compound_part
    jc      1f
    xor     ecx, ecx
    cmp     [ebp + COMPOUND_SKIP], ecx
    jne     1f                              # CF is clear: it is not below
    cmp     [ebx + CONTEXT_STATUS], ecx
    sete    cl
    cmp     dword ptr [ebp + COMPOUND_KIND], KEYWORD_UNTIL
    clc
    jne     1f
    xor     cl, 1
1:  ret

# Runs the body of a loop, if its turn is run.
# In: ESI text after do.
# Out: ZF set when another turn may follow, ESI after done; CF and EAX message.
compound_turn:
    mov     edx, [ebp + COMPOUND_RUNS]
    xor     edx, 1
    mov     ecx, KEYWORD_DONE
    call    compound_part
    jc      3f
    mov     ecx, [ebx + CONTEXT_LEAVE]
    cmp     dword ptr [ebp + COMPOUND_SKIP], 0
    jne     2f
    cmp     ecx, LEAVE_ALL
    je      2f
    mov     dword ptr [ebx + CONTEXT_LEAVE], 0
    cmp     dword ptr [ebp + COMPOUND_RUNS], 0
    je      2f
    mov     eax, [ebx + CONTEXT_STATUS]
    mov     [ebp + COMPOUND_STATUS], eax
    cmp     ecx, LEAVE_BREAK
    je      2f
    cmp     dword ptr [ebx + CONTEXT_EXIT], 0
    jne     2f
    xor     eax, eax                        # ZF set, CF clear
    ret
2:  or      eax, 1                          # ZF clear, CF clear
3:  ret

# Runs a list that belongs to the command.
# In: EDX 1 when nothing is run, ECX KEYWORD_* that has to end it, 0 for any.
# Out: EAX KEYWORD_* that ends it, ESI after it; CF and EAX message.
compound_part:
    push    ecx
    call    list_run
    pop     ecx
    jc      1f
    test    eax, eax
    jz      compound_wrong
    jecxz   1f                              # CF is clear
    cmp     eax, ecx
    jne     compound_wrong
1:  ret

# The word that ends a list does not belong there.
# In: EAX KEYWORD_*, 0 at the end of the text.
# Out: CF and EAX message.
compound_wrong:
    test    eax, eax
    mov     eax, offset list_open
    jz      1f
    mov     eax, offset list_misplaced
1:  stc
    ret

# Ends the command with a status, where it was run and is not left.
# In: ECX status.
# Out: CF clear.
compound_status:
    mov     edx, [ebp + COMPOUND_SKIP]
    or      edx, [ebx + CONTEXT_EXIT]
    or      edx, [ebx + CONTEXT_LEAVE]
    jnz     1f
    mov     [ebx + CONTEXT_STATUS], ecx
1:  clc
    ret

# Reads NAME in WORDS; do.
# In: ESI text after for.
# Out: ESI after do, EDI the words, FOR_NAME, FOR_LIMIT; CF and EAX message.
for_head:
    call    list_blanks
    mov     edx, esi
.Lfor_head_name:
    mov     al, [esi]
    call    name_character
    jc      .Lfor_head_named
    inc     esi
    jmp     .Lfor_head_name
.Lfor_head_named:
    mov     ecx, esi
    sub     ecx, edx
    jz      .Lfor_head_wrong
    cmp     byte ptr [edx], '9'
    jbe     .Lfor_head_wrong                # these are the script's words
    inc     ecx
    cmp     ecx, FOR_NAME_BYTES
    ja      .Lfor_head_wrong
    lea     eax, [ebp + FOR_NAME]
    call    string_copy
    call    list_blanks
    cmp     word ptr [esi], 0x6E69          # "in"
    jne     .Lfor_head_wrong
    mov     al, [esi + 2]
    cmp     al, ' '
    je      .Lfor_head_in
    cmp     al, 9
    je      .Lfor_head_in
    cmp     al, 10
    je      .Lfor_head_in
    cmp     al, ';'
    jne     .Lfor_head_wrong
.Lfor_head_in:
    add     esi, 2
    mov     edi, esi
    call    words_scan
    jc      .Lfor_head_done
    mov     [ebp + FOR_LIMIT], esi
    cmp     eax, OPERATOR_SEQUENCE
    ja      .Lfor_head_wrong
.Lfor_head_skip:
    call    list_blanks
    mov     al, [esi]
    inc     esi
    cmp     al, 10
    je      .Lfor_head_skip
    cmp     al, ';'
    je      .Lfor_head_skip
    dec     esi
    test    al, al
    mov     eax, 0
    jz      compound_wrong
    call    keyword_find
    cmp     eax, KEYWORD_DO
    jne     .Lfor_head_wrong
    add     esi, ecx
    ret
.Lfor_head_wrong:
    LOAD_STRING eax, "for is written: for NAME in WORD...; do ...; done"
    stc
.Lfor_head_done:
    ret

# Makes the words of for, where it is run. May sleep.
# In: EDI text of the words, FOR_LIMIT its end.
# Out: FOR_WORDS, FOR_NEXT; CF and EAX message.
for_words:
    mov     dword ptr [ebp + FOR_NEXT], 0
    cmp     dword ptr [ebp + COMPOUND_SKIP], 0
    jne     2f                              # CF is clear: it is not below
    call    words_open
    jc      1f
    mov     [ebp + FOR_WORDS], eax
    push    esi
    mov     esi, edi
    mov     edi, [ebp + FOR_LIMIT]
    push    eax
    call    words_read
    pop     edx
    pop     esi
    jc      2f
    mov     ecx, [edx + WORDS_INPUT]
    or      ecx, [edx + WORDS_OUTPUT]
    jz      2f
    LOAD_STRING eax, "a command belongs to < and >"
    stc
    ret
1:  call    error_text
    stc
2:  ret

# Begins a turn of for: sets the variable to the next word.
# Out: ECX 1, 0 when there are no more words or there is no memory; CF clear.
for_begin:
    xor     ecx, ecx
    mov     edx, [ebp + FOR_WORDS]
    test    edx, edx
    jz      1f
    mov     eax, [ebp + FOR_NEXT]
    cmp     eax, [edx + WORDS_COUNT]
    jae     1f
    inc     dword ptr [ebp + FOR_NEXT]
    mov     edx, [edx + WORDS_ADDRESSES]
    mov     edx, [edx + eax*4]
    lea     eax, [ebp + FOR_NAME]
    call    env_set
    mov     ecx, 1
    jnc     1f
    call    error_text
    call    shell_say
    mov     dword ptr [ebp + COMPOUND_STATUS], 1
    xor     ecx, ecx
1:  ret

# Shell command: leaves the loop.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_break:
    mov     ecx, LEAVE_BREAK
    jmp     1f

# Shell command: leaves this turn of the loop.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_continue:
    mov     ecx, LEAVE_CONTINUE
1:  mov     edx, [task_current]
    mov     edx, [edx + TASK_CONTEXT]
    cmp     dword ptr [edx + CONTEXT_LOOPS], 0
    je      2f
    mov     [edx + CONTEXT_LEAVE], ecx
    xor     eax, eax
    ret
2:  LOAD_STRING eax, "there is no loop to leave"
    call    shell_say
    mov     eax, 1
    ret

SHELL_COMMAND "if", command_misused, "LIST; then LIST; [elif LIST; then LIST;] [else LIST;] fi", "run commands where others succeed", GROUP_SHELL, if_text
SHELL_COMMAND "while", command_misused, "LIST; do LIST; done", "run commands as long as others succeed", GROUP_SHELL, loop_text
SHELL_COMMAND "until", command_misused, "LIST; do LIST; done", "run commands until others succeed", GROUP_SHELL, loop_text
SHELL_COMMAND "for", command_misused, "NAME in [WORD...]; do LIST; done", "run commands for each word", GROUP_SHELL, for_text
SHELL_COMMAND "break", command_break, "", "leave while, until or for", GROUP_SHELL
SHELL_COMMAND "continue", command_continue, "", "go on with the next turn of while, until or for", GROUP_SHELL

.section .rodata
compound_kinds:
    .long   compound_if, compound_while, compound_while, compound_for
if_text:
    .ascii  "A LIST is commands with ; && || & between them; `test` compares. In place of a ; the line may end, and what\n"
    .asciz  "belongs to it follows on further lines.\n"
loop_text:
    .asciz  "`break` leaves the loop, `continue` goes on with its next turn. Ctrl-C ends it.\n"
for_text:
    .asciz  "$NAME is each word in turn: `for f in *.txt; do wc $f; done`. `break` leaves it.\n"
