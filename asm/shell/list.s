# Lists: pipelines with ; && || & or line ends between them, and the words that if, while and for are made of
# (compound.s). A list is read once to see whether it is whole, with nothing run, and then again to be run.

.include "macros.inc"
.include "errors.inc"
.include "shell.inc"

# Locals of list_run, below EBP.
LIST_SKIP           = -4                    # 1: nothing of it is run
LIST_PASS           = -8                    # 1: the next pipeline is passed over, because of && or ||
LIST_OPERATOR       = -12                   # the one before
LIST_COUNT          = -16                   # pipelines so far
LIST_START          = -20                   # of the pipeline
LIST_PARTS          = -24                   # of it so far
LIST_FOUND          = -28                   # the operator after it
LIST_SIZE           = 28

.text

# Whether a text is a whole list, before anything of it is run.
# In: ESI text; the running task has a context.
# Out: CF and EAX message; that is list_open when more lines could make it whole.
.global list_check
list_check:
    push    ebx
    push    esi
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    mov     edx, 1
    call    list_whole
    pop     esi
    pop     ebx
    ret

# Prepares a text for a further line, where it is not whole without one and has room for it.
# In: EAX text, in LIST_BYTES; the running task has a context.
# Out: ESI where the line goes, LINE_BYTES; CF when the text is to be run as it is.
.global list_extend
list_extend:
    push    ebx
    mov     ebx, eax
    mov     esi, eax
    call    list_check
    jnc     2f
    cmp     eax, offset list_open
    jne     2f
    mov     eax, ebx
    call    string_length
    cmp     eax, LIST_BYTES - LINE_BYTES
    jae     2f
    lea     esi, [ebx + eax + 1]
    mov     byte ptr [esi - 1], 10
    clc
    jmp     3f
2:  stc
3:  pop     ebx
    ret

# Runs a list, or reads it only, up to the end of the text. May sleep.
# In: ESI text, EBX context, EDX 1 when nothing is run.
# Out: CF and EAX message.
.global list_whole
list_whole:
    call    list_run
    jc      1f
    cmp     eax, 1                          # CF at the end
    cmc
    jnc     1f
    mov     eax, offset list_misplaced
1:  ret

# Runs a list up to the end of the text, or to a word that belongs to the command around it. May sleep.
# In: ESI text, EBX context, EDX 1 when nothing is run.
# Out: EAX that word, KEYWORD_*, or 0 at the end; ESI after it; CF and EAX message.
.global list_run
list_run:
    FRAME   LIST_SIZE
    push    edi
    call    list_begin
.Llist_run_next:
    call    list_blanks
    call    keyword_find
    test    eax, eax
    jz      .Llist_run_pipeline
    cmp     eax, KEYWORD_OPENS
    ja      .Llist_run_closed
    add     esi, ecx
    call    list_passes
    call    compound_run
    jc      .Llist_run_done
    inc     dword ptr [ebp + LIST_COUNT]
    call    words_scan
    jc      .Llist_run_done
    test    edx, edx
    mov     ecx, offset list_alone
    jnz     .Llist_run_wrong
    cmp     eax, OPERATOR_PIPE
    je      .Llist_run_wrong
    cmp     eax, OPERATOR_BACKGROUND
    je      .Llist_run_wrong
    mov     [ebp + LIST_FOUND], eax
    jmp     .Llist_run_after
.Llist_run_closed:
    cmp     dword ptr [ebp + LIST_COUNT], 0
    je      .Llist_run_nothing
    call    list_joins
    je      .Llist_run_nothing
    add     esi, ecx
    clc
    jmp     .Llist_run_done
.Llist_run_pipeline:
    mov     [ebp + LIST_START], esi
    mov     dword ptr [ebp + LIST_PARTS], 0
.Llist_run_part:
    call    words_scan
    jc      .Llist_run_done
    mov     [ebp + LIST_FOUND], eax
    test    edx, edx
    jz      .Llist_run_empty
    inc     dword ptr [ebp + LIST_PARTS]
    cmp     eax, OPERATOR_PIPE
    jne     .Llist_run_scanned
    inc     esi
    call    list_blanks
    call    keyword_find
    test    eax, eax
    jz      .Llist_run_part
    mov     ecx, offset list_alone
    jmp     .Llist_run_wrong
.Llist_run_empty:
    cmp     dword ptr [ebp + LIST_PARTS], 0
    jne     .Llist_run_missing
    cmp     eax, OPERATOR_SEQUENCE          # an empty line and an empty end are fine,
    ja      .Llist_run_missing
    call    list_joins                      # but not after && and ||
    je      .Llist_run_missing
    jmp     .Llist_run_after
.Llist_run_scanned:
    inc     dword ptr [ebp + LIST_COUNT]
    call    list_passes
    jnz     .Llist_run_after
    call    list_runs

.Llist_run_after:
    mov     dword ptr [ebp + LIST_PASS], 0
    mov     eax, [ebp + LIST_FOUND]
    mov     [ebp + LIST_OPERATOR], eax
    test    eax, eax
    jz      .Llist_run_done                 # CF is clear
    inc     esi
    call    list_joins
    jne     .Llist_run_next
    call    list_skip
    jmp     .Llist_run_next
.Llist_run_nothing:
    mov     ecx, offset list_empty
    jmp     .Llist_run_wrong
.Llist_run_missing:
    mov     ecx, offset list_missing
.Llist_run_wrong:
    mov     eax, ecx
    stc
.Llist_run_done:
    pop     edi
    ENDFRAME
    ret

# Runs the pipeline that has been passed over.
# In: EBX context, EBP frame of list_run, ESI its end.
# Clobbers: EAX, ECX, EDX, EDI.
list_runs:
    mov     edi, esi
    mov     esi, [ebp + LIST_START]
    call    list_pipeline
    mov     esi, edi
    ret

# Begins a list.
# In: EBP frame, EDX 1 when its commands are passed over.
# Clobbers: EAX.
list_begin:
    xor     eax, eax
    mov     [ebp + LIST_SKIP], edx
    mov     [ebp + LIST_PASS], eax
    mov     [ebp + LIST_COUNT], eax
    mov     dword ptr [ebp + LIST_OPERATOR], OPERATOR_END
    ret

# Decides whether what follows && or || is passed over.
# In: EBX context, EBP frame, ESI at the operator's end, EAX operator.
# Out: ESI after it.
# Clobbers: ECX.
list_skip:
    inc     esi
    xor     ecx, ecx                        # ECX: 1 when what follows is passed over
    cmp     [ebx + CONTEXT_STATUS], ecx
    setne   cl
    cmp     eax, OPERATOR_AND
    je      .Llist_skip_joined
    xor     ecx, 1
.Llist_skip_joined:
    mov     [ebp + LIST_PASS], ecx
    ret

# Whether the operator before wants a command after it.
# In: EBP locals of list_run.
# Out: ZF when so.
# Clobbers: nothing.
list_joins:
    cmp     dword ptr [ebp + LIST_OPERATOR], OPERATOR_AND
    je      1f
    cmp     dword ptr [ebp + LIST_OPERATOR], OPERATOR_OR
1:  ret

# Whether the next pipeline of list_run is passed over.
# In: EBX context, EBP locals of list_run.
# Out: EDX 1 and ZF clear when it is, else EDX 0 and ZF set.
# Clobbers: nothing else.
list_passes:
    mov     edx, [ebp + LIST_SKIP]
    or      edx, [ebp + LIST_PASS]
    or      edx, [ebx + CONTEXT_EXIT]
    or      edx, [ebx + CONTEXT_LEAVE]
    jz      1f
    mov     edx, 1
    test    edx, edx
1:  ret

# Runs a pipeline of a list. May sleep.
# In: ESI text, EDI its end, EBX context, EBP locals of list_run.
# Out: CONTEXT_STATUS, and CONTEXT_LEAVE after Ctrl-C.
list_pipeline:
    cmp     dword ptr [ebp + LIST_FOUND], OPERATOR_BACKGROUND
    jne     1f
    call    job_start
    jmp     2f
1:  call    pipeline_run
2:  mov     [ebx + CONTEXT_STATUS], eax
    call    break_check
    jnc     3f
    mov     dword ptr [ebx + CONTEXT_STATUS], STATUS_BREAK
    mov     dword ptr [ebx + CONTEXT_LEAVE], LEAVE_ALL
3:  ret

# Skips blanks, which do not end a command.
# In: ESI text.
# Out: ESI.
# Clobbers: nothing else.
.global list_blanks
list_blanks:
    cmp     byte ptr [esi], ' '
    je      1f
    cmp     byte ptr [esi], 9
    jne     2f
1:  inc     esi
    jmp     list_blanks
2:  ret

# Looks which of the words that make up commands of commands stands here.
# In: ESI text.
# Out: EAX KEYWORD_*, 0 when it is none of them; ECX its bytes.
# Clobbers: EDX.
.global keyword_find
keyword_find:
    push    esi
    push    edi
    mov     edx, esi
    mov     edi, offset list_keywords
.Lkeyword_find_next:
    movzx   eax, byte ptr [edi]
    test    eax, eax
    jz      .Lkeyword_find_done
    movzx   ecx, byte ptr [edi + 1]
    add     edi, 2
    push    edi
    push    ecx
    mov     esi, edx
    repe cmpsb
    pop     ecx
    pop     edi
    lea     edi, [edi + ecx]
    jne     .Lkeyword_find_next
    push    eax
    push    ecx
    push    edi
    mov     al, [esi]
    mov     edi, offset list_ends
    mov     ecx, offset list_ends_after - list_ends
    repne scasb
    pop     edi
    pop     ecx
    pop     eax
    jne     .Lkeyword_find_next             # a longer word
.Lkeyword_find_done:
    pop     edi
    pop     esi
    ret

.macro KEYWORD number:req, text:req
    .byte   \number, .Lkeyword_end\@ - .Lkeyword\@
.Lkeyword\@:
    .ascii  "\text"
.Lkeyword_end\@:
.endm

.section .rodata
list_keywords:
    KEYWORD KEYWORD_IF, "if"
    KEYWORD KEYWORD_WHILE, "while"
    KEYWORD KEYWORD_UNTIL, "until"
    KEYWORD KEYWORD_FOR, "for"
    KEYWORD KEYWORD_THEN, "then"
    KEYWORD KEYWORD_ELSE, "else"
    KEYWORD KEYWORD_ELIF, "elif"
    KEYWORD KEYWORD_FI, "fi"
    KEYWORD KEYWORD_DO, "do"
    KEYWORD KEYWORD_DONE, "done"
    .byte   0
list_ends:
    .ascii  "\0 \t\n;|&<>"
list_ends_after:
list_missing:
    .asciz  "a command is missing before or after | && || &"
list_empty:
    .asciz  "a command is missing before then, elif, else, fi, do or done"
list_alone:
    .asciz  "only ; && and || join if, while, until and for to other commands"
.global list_misplaced
list_misplaced:
    .asciz  "then, else, elif, fi, do or done stands where it does not belong"
.global list_open
list_open:
    .asciz  "if wants then and fi; while, until and for want do and done"
