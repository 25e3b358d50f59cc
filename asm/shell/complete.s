# Completion: the key Tab goes on with the word before the cursor as far as only one command, program, path or variable
# fits, and lists them when several do.

.include "macros.inc"
.include "fs.inc"
.include "shell.inc"

LIST_COLUMNS            = 76
LIST_WIDTH              = 19

# Words that a command follows, a bit for each.
LEADS_LIST              = 1 << KEYWORD_IF | 1 << KEYWORD_WHILE | 1 << KEYWORD_UNTIL
LEADS_BRANCH            = 1 << KEYWORD_THEN | 1 << KEYWORD_ELSE | 1 << KEYWORD_ELIF | 1 << KEYWORD_DO

# What is being completed.
COMPLETE_WORD           = 0                 # the part that names begin with
COMPLETE_BYTES          = 4
COMPLETE_VISIT          = 8                 # routine for each name that fits: EAX name, EDX what follows it
COMPLETE_COUNT          = 12                # names that fit
COMPLETE_COMMON         = 16                # bytes that they have in common
COMPLETE_AFTER          = 20                # what follows a name that is the only one: a blank, / or nothing
COMPLETE_COLUMN         = 24                # of the list
COMPLETE_SOURCE         = 28                # routine that offers names
COMPLETE_FOLDER         = 32                # path of the directory, NUL terminated
COMPLETE_NAME           = COMPLETE_FOLDER + LINE_BYTES
COMPLETE_NAME_BYTES     = 256
COMPLETE_SIZE           = COMPLETE_NAME + COMPLETE_NAME_BYTES

ON_HOOK completion, complete_line

.text

# Completes the word before the cursor; prints a list when nothing can be added. May sleep.
# In: EAX line, EDX characters before the cursor, ECX buffer of COMPLETE_NAME_BYTES.
# Out: the buffer holds what is to be typed, maybe nothing.
complete_line:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    lea     edi, [eax + edx]            # EDI: cursor
    mov     ebp, ecx
    mov     byte ptr [ebp], 0
    mov     eax, COMPLETE_SIZE
    call    malloc
    jc      .Lcomplete_line_done
    mov     ebx, eax
    call    complete_word
    mov     dword ptr [ebx + COMPLETE_VISIT], offset complete_count
    call    [ebx + COMPLETE_SOURCE]
    cmp     dword ptr [ebx + COMPLETE_COUNT], 0
    je      .Lcomplete_line_free
    mov     ecx, [ebx + COMPLETE_COMMON]
    mov     edx, [ebx + COMPLETE_BYTES]
    sub     ecx, edx
    lea     esi, [ebx + COMPLETE_NAME + edx]
    mov     edi, ebp
    cmp     dword ptr [ebx + COMPLETE_COUNT], 1
    je      .Lcomplete_line_only
    test    ecx, ecx
    jz      .Lcomplete_line_list
    rep movsb
    mov     byte ptr [edi], 0
    jmp     .Lcomplete_line_free
.Lcomplete_line_only:
    rep movsb
    mov     eax, [ebx + COMPLETE_AFTER]
    mov     [edi], ax
    jmp     .Lcomplete_line_free
.Lcomplete_line_list:
    mov     dword ptr [ebx + COMPLETE_VISIT], offset complete_print
    call    [ebx + COMPLETE_SOURCE]
    PRINT   "\n"
.Lcomplete_line_free:
    mov     eax, ebx
    call    mfree
.Lcomplete_line_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the word before the cursor, and what it is.
# In: ESI line, EDI cursor, EBX record to fill in.
# Clobbers: ESI, EDI too.
complete_word:
    mov     edx, edi                    # EDX: its beginning
1:  cmp     edx, esi
    jbe     2f
    mov     al, [edx - 1]
    call    complete_separates
    je      2f
    dec     edx
    jmp     1b
2:  mov     [ebx + COMPLETE_WORD], edx
    sub     edi, edx
    mov     [ebx + COMPLETE_BYTES], edi
    mov     ecx, edi
    push    edx                         # is there a / in it?
    lea     edi, [edx + ecx]
3:  cmp     edi, edx
    jbe     4f
    cmp     byte ptr [edi - 1], '/'
    je      complete_is_path
    dec     edi
    jmp     3b
4:  pop     edx
    jmp     complete_kind

# The word has a /: what is before it is the directory.
# In: [ESP] the word, EDI the name in it, EBX record.
complete_is_path:
    pop     edx
    mov     eax, [ebx + COMPLETE_BYTES]
    add     eax, edx
    sub     eax, edi
    mov     [ebx + COMPLETE_WORD], edi
    mov     [ebx + COMPLETE_BYTES], eax
    mov     dword ptr [ebx + COMPLETE_SOURCE], offset complete_paths
    mov     ecx, edi
    sub     ecx, edx
    lea     edi, [ebx + COMPLETE_FOLDER]
    mov     esi, edx
    rep movsb
    ret

# What a word without a / is: a command at the beginning, after an operator, then and the like, a variable after $ and
# as the argument of set and unset, a command as that of help, else a name in the current directory.
# In: ESI line, EDX word, EBX record.
complete_kind:
    mov     dword ptr [ebx + COMPLETE_SOURCE], offset complete_variables
    cmp     byte ptr [edx], '$'
    jne     .Lcomplete_kind_before
    cmp     dword ptr [ebx + COMPLETE_BYTES], 0
    je      .Lcomplete_kind_before
    inc     dword ptr [ebx + COMPLETE_WORD]
    dec     dword ptr [ebx + COMPLETE_BYTES]
    ret
.Lcomplete_kind_before:
    mov     edi, edx                    # EDI: end of what is before
.Lcomplete_kind_blank:
    cmp     edi, esi
    jbe     .Lcomplete_kind_command
    cmp     byte ptr [edi - 1], ' '
    jne     .Lcomplete_kind_sign
    dec     edi
    jmp     .Lcomplete_kind_blank
.Lcomplete_kind_sign:
    mov     al, [edi - 1]
    cmp     al, ';'
    je      .Lcomplete_kind_command
    cmp     al, '|'
    je      .Lcomplete_kind_command
    cmp     al, '&'
    je      .Lcomplete_kind_command
    call    complete_leads
    jc      .Lcomplete_kind_command
    mov     eax, esi
    LOAD_STRING edx, "set "
    call    string_prefix
    je      .Lcomplete_kind_done
    mov     eax, esi
    LOAD_STRING edx, "unset "
    call    string_prefix
    je      .Lcomplete_kind_done
    mov     eax, esi
    LOAD_STRING edx, "help "
    call    string_prefix
    je      .Lcomplete_kind_command
    mov     byte ptr [ebx + COMPLETE_FOLDER], '.'
    mov     dword ptr [ebx + COMPLETE_SOURCE], offset complete_paths
    ret
.Lcomplete_kind_command:
    mov     dword ptr [ebx + COMPLETE_SOURCE], offset complete_commands
.Lcomplete_kind_done:
    ret

# Whether the word before is one that a command follows, such as then.
# In: ESI line, EDI the word's end.
# Out: CF when so.
complete_leads:
    push    esi
    mov     ecx, esi
    mov     esi, edi
1:  cmp     esi, ecx
    jbe     2f
    cmp     byte ptr [esi - 1], ' '
    je      2f
    dec     esi
    jmp     1b
2:  call    keyword_find
    mov     edx, LEADS_LIST | LEADS_BRANCH
    bt      edx, eax
    pop     esi
    ret

# Whether a character ends the word before it.
# In: AL.
# Out: ZF set when it does.
# Clobbers: ECX only.
complete_separates:
    mov     ecx, offset complete_separators
1:  cmp     al, [ecx]
    je      2f
    inc     ecx
    cmp     byte ptr [ecx - 1], 0
    jne     1b
    test    esp, esp                    # ZF clear
2:  ret

# Takes a name, if it begins with the word.
# In: EAX name, EDX what follows it, EBX record.
complete_offer:
    push    esi
    push    edi
    mov     esi, [ebx + COMPLETE_WORD]
    mov     edi, eax
    mov     ecx, [ebx + COMPLETE_BYTES]
    jecxz   1f
    repe cmpsb
    jne     2f
1:  call    [ebx + COMPLETE_VISIT]
2:  pop     edi
    pop     esi
    ret

# Counts a name, and keeps what all have in common.
# In: EAX name, EDX what follows it, EBX record.
# Clobbers: ESI, EDI too.
complete_count:
    mov     [ebx + COMPLETE_AFTER], edx
    lea     edi, [ebx + COMPLETE_NAME]
    inc     dword ptr [ebx + COMPLETE_COUNT]
    cmp     dword ptr [ebx + COMPLETE_COUNT], 1
    jne     1f
    mov     edx, eax
    mov     eax, edi
    mov     ecx, COMPLETE_NAME_BYTES - 2
    call    string_copy
    mov     [ebx + COMPLETE_COMMON], eax
    ret
1:  mov     esi, eax
    xor     ecx, ecx
2:  cmp     ecx, [ebx + COMPLETE_COMMON]
    jae     3f
    mov     al, [esi + ecx]
    cmp     al, [edi + ecx]
    jne     3f
    inc     ecx
    jmp     2b
3:  mov     [ebx + COMPLETE_COMMON], ecx
    ret

# Prints a name in its column.
# In: EAX name, EDX what follows it, EBX record.
complete_print:
    PRINTF  "%-18s ", eax
    add     dword ptr [ebx + COMPLETE_COLUMN], LIST_WIDTH
    cmp     dword ptr [ebx + COMPLETE_COLUMN], LIST_COLUMNS
    jb      1f
    mov     dword ptr [ebx + COMPLETE_COLUMN], 0
    PRINT   "\n"
1:  ret

# Offers all commands and programs.
# In: EBX record.
complete_commands:
    push    esi
    mov     esi, offset kernel_shellcmds
1:  cmp     esi, offset kernel_shellcmds_end
    jae     2f
    mov     eax, [esi + COMMAND_NAME]
    mov     edx, ' '
    call    complete_offer
    add     esi, COMMAND_SIZE
    jmp     1b
2:  call    complete_programs
    pop     esi
    ret

# Offers the programs that came with the kernel and have no command of the same name.
# In: EBX record.
complete_programs:
    push    esi
    push    edi
    xor     esi, esi
1:  mov     eax, esi
    call    program_name
    jc      2f
    inc     esi
    mov     edi, eax
    call    command_find
    jnc     1b
    mov     eax, edi
    mov     edx, ' '
    call    complete_offer
    jmp     1b
2:  pop     edi
    pop     esi
    ret

# Offers all variables.
# In: EBX record.
complete_variables:
    push    esi
    xor     esi, esi
1:  mov     eax, esi
    call    env_next
    jc      2f
    mov     esi, eax
    mov     eax, edx
    mov     edx, ' '
    call    complete_offer
    jmp     1b
2:  pop     esi
    ret

# Offers what is in the directory. May sleep.
# In: EBX record.
complete_paths:
    FRAME   NODE_SIZE_OF
    push    esi
    push    edi
    lea     esi, [ebx + COMPLETE_FOLDER]
    call    directory_open
    jc      3f
    mov     esi, eax
    lea     edi, [ebp - NODE_SIZE_OF]
1:  mov     eax, esi
    call    directory_read
    jc      2f
    mov     edx, ' '
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    lea     eax, [edi + NODE_NAME]
    jne     4f
    mov     edx, '/'
4:  call    complete_offer
    jmp     1b
2:  mov     eax, esi
    call    directory_close
3:  pop     edi
    pop     esi
    ENDFRAME
    ret

.section .rodata
complete_separators:
    .asciz  " \t;|&<>\"'="
