# The words of a command: quotes, variables, redirections, wildcards. docs/shell.md has the rules as a user sees them.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "tasks.inc"
.include "shell.inc"

# What the word that is being read is for.
WANTED_WORD         = 0
WANTED_INPUT        = 1
WANTED_OUTPUT       = 2

# Locals of words_read, below EBP.
READ_LIMIT          = -4                    # where the text of the command ends
READ_WANTED         = -8                    # WANTED_*
READ_QUOTED         = -12                   # 1: it had quotes, so it may be empty
READ_MARKED         = -16                   # 1: it has wildcards
READ_QUOTE          = -20                   # 1: within "..."
READ_SIZE           = 20

VALUE_BYTES         = LINE_BYTES            # of a variable, as no line has more

.text

# Looks for the next operator of a line, and checks the quotes before it.
# In: ESI line.
# Out: ESI the operator or the end, EAX OPERATOR_*, EDX 1 when there is a command before it; CF and EAX message.
# Clobbers: ECX too.
.global words_scan
words_scan:
    xor     edx, edx                    # EDX: 1 behind anything but blanks
    mov     ecx, 1                      # ECX: 1 at the beginning of a word
.Lwords_scan_next:
    movzx   eax, byte ptr [esi]
    test    al, al
    jz      .Lwords_scan_end
    cmp     al, ' '
    je      .Lwords_scan_blank
    cmp     al, 9
    je      .Lwords_scan_blank
    cmp     al, ';'
    je      .Lwords_scan_sequence
    cmp     al, 10
    je      .Lwords_scan_sequence
    cmp     al, '|'
    je      .Lwords_scan_pipe
    cmp     al, '&'
    je      .Lwords_scan_ampersand
    cmp     al, 0x23                    # '#'
    je      .Lwords_scan_comment
.Lwords_scan_word:
    mov     edx, 1
    xor     ecx, ecx
    inc     esi
    cmp     word ptr [esi - 1], '$' + ('(' << 8)
    je      .Lwords_scan_substitution
    cmp     al, 0x5C                    # '\'
    je      .Lwords_scan_escaped
    cmp     al, 0x22                    # '"'
    je      .Lwords_scan_quoted
    cmp     al, 0x27                    # apostrophe
    jne     .Lwords_scan_next
.Lwords_scan_quoted:
    call    words_quoted
    jnc     .Lwords_scan_next
    ret
.Lwords_scan_escaped:
    cmp     byte ptr [esi], 0
    je      .Lwords_scan_next
    inc     esi
    jmp     .Lwords_scan_next
.Lwords_scan_blank:
    mov     ecx, 1
    inc     esi
    jmp     .Lwords_scan_next
.Lwords_scan_comment:
    test    ecx, ecx
    jz      .Lwords_scan_word
.Lwords_scan_line:                      # up to the end of its line
    inc     esi
    cmp     byte ptr [esi], 10
    je      .Lwords_scan_sequence
    cmp     byte ptr [esi], 0
    jne     .Lwords_scan_line
.Lwords_scan_end:
    mov     eax, OPERATOR_END
    ret
.Lwords_scan_sequence:
    mov     eax, OPERATOR_SEQUENCE
    ret
.Lwords_scan_pipe:
    mov     eax, OPERATOR_PIPE
    jmp     .Lwords_scan_double
.Lwords_scan_ampersand:
    mov     eax, OPERATOR_BACKGROUND
.Lwords_scan_double:
    mov     cl, [esi]
    cmp     [esi + 1], cl
    clc
    jne     .Lwords_scan_done
    inc     eax                         # || and &&
.Lwords_scan_done:
    clc
    ret
.Lwords_scan_substitution:
    inc     esi
    call    substitution_skip
    jnc     .Lwords_scan_next
    ret

# Passes over what is in quotes.
# In: ESI after the quote, AL the quote.
# Out: ESI after the other one; CF and EAX text when there is none.
# Clobbers: EAX.
words_quoted:
.Lwords_quoted_next:
    mov     ah, [esi]
    test    ah, ah
    jz      .Lwords_quoted_open
    inc     esi
    cmp     ah, al
    je      .Lwords_quoted_done         # CF is clear
    cmp     al, 0x22
    jne     .Lwords_quoted_next
    cmp     word ptr [esi - 1], '$' + ('(' << 8)
    je      .Lwords_quoted_within
    cmp     ah, 0x5C
    jne     .Lwords_quoted_next
    cmp     byte ptr [esi], 0
    je      .Lwords_quoted_open
    inc     esi
    jmp     .Lwords_quoted_next
.Lwords_quoted_within:
    inc     esi
    call    substitution_skip
    jc      .Lwords_quoted_done
    mov     al, 0x22
    jmp     .Lwords_quoted_next
.Lwords_quoted_open:
    LOAD_STRING eax, "a quote is not closed"
    stc
    ret
.Lwords_quoted_done:
    ret

# Reads the words of a command: makes all expansions. May sleep.
# In: EAX WORDS record, ESI text, EDI its end.
# Out: CF and EAX message.
.global words_read
words_read:
    FRAME   READ_SIZE
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     [ebp + READ_LIMIT], edi
    xor     eax, eax
    mov     [ebx + WORDS_COUNT], eax
    mov     [ebx + WORDS_INPUT], eax
    mov     [ebx + WORDS_OUTPUT], eax
    mov     [ebx + WORDS_STATUS], eax
    mov     [ebp + READ_WANTED], eax
    mov     [ebp + READ_QUOTE], eax
    mov     edi, [ebx + WORDS_NEXT]
.Lwords_read_word:
    mov     [ebx + WORDS_BEGIN], edi
    mov     dword ptr [ebp + READ_QUOTED], 0
    mov     dword ptr [ebp + READ_MARKED], 0
.Lwords_read_blank:
    cmp     esi, [ebp + READ_LIMIT]
    jae     .Lwords_read_last
    cmp     byte ptr [esi], ' '
    je      .Lwords_read_skip
    cmp     byte ptr [esi], 9
    je      .Lwords_read_skip
    cmp     byte ptr [esi], 0x23        # '#'
    je      .Lwords_read_last
.Lwords_read_next:
    cmp     esi, [ebp + READ_LIMIT]
    jae     .Lwords_read_ended
    lodsb
    mov     ecx, offset words_signs
.Lwords_read_sign:
    cmp     byte ptr [ecx], 0
    je      .Lwords_read_plain
    cmp     al, [ecx]
    lea     ecx, [ecx + 5]
    jne     .Lwords_read_sign
    call    [ecx - 4]
    jmp     .Lwords_read_done_sign
.Lwords_read_plain:
    call    words_put
.Lwords_read_done_sign:
    jc      .Lwords_read_done
    test    eax, eax
    jz      .Lwords_read_next
.Lwords_read_ended:
    call    words_end
    jc      .Lwords_read_done
    jmp     .Lwords_read_word
.Lwords_read_skip:
    inc     esi
    jmp     .Lwords_read_blank
.Lwords_read_last:
    mov     ecx, [ebx + WORDS_COUNT]
    mov     edx, [ebx + WORDS_ADDRESSES]
    mov     dword ptr [edx + ecx*4], 0
    cmp     dword ptr [ebp + READ_WANTED], WANTED_WORD
    jne     .Lwords_read_unnamed
    test    ecx, ecx
    jnz     .Lwords_read_good
    mov     eax, [ebx + WORDS_INPUT]
    or      eax, [ebx + WORDS_OUTPUT]
    jz      .Lwords_read_good
.Lwords_read_unnamed:
    LOAD_STRING eax, "a command and a path belong to < and >"
    stc
    jmp     .Lwords_read_done
.Lwords_read_good:
    clc
.Lwords_read_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# The routines for signs: ESI is after the sign, EDI where the word goes on, EBP the locals of words_read, EBX the WORDS
# record. They return EAX 1 when the word ends; CF and EAX message.

# Puts a byte of a word; there is room for its NUL, then. May sleep.
# In: AL.
# Out: EAX 0; CF and EAX message.
words_put:
    lea     ecx, [edi + 2]
    cmp     ecx, [ebx + WORDS_END]
    ja      1f
    stosb
    xor     eax, eax
    ret
1:  push    edx
    push    eax
    call    words_move
    pop     ecx
    pop     edx
    jc      words_no_memory
    mov     eax, ecx
    jmp     words_put

# There is no memory for more words.
# In: EAX error.
# Out: CF and EAX message.
.global words_no_memory
words_no_memory:
    LOAD_STRING eax, "there is no memory for so many words"
    stc
    ret

# Blanks: the word ends.
words_blank:
    mov     eax, 1
    clc
    ret

# < ends the word before, and says what the next one is for.
words_less:
    mov     ecx, WANTED_INPUT
    jmp     1f
# So do > and >>.
words_greater:
    mov     dword ptr [ebx + WORDS_OUTPUT_FLAGS], FILE_WRITE | FILE_CREATE | FILE_TRUNCATE
    mov     ecx, WANTED_OUTPUT
    cmp     esi, [ebp + READ_LIMIT]
    jae     1f
    cmp     byte ptr [esi], '>'
    jne     1f
    inc     esi
    mov     dword ptr [ebx + WORDS_OUTPUT_FLAGS], FILE_WRITE | FILE_CREATE | FILE_APPEND
1:  push    ecx
    call    words_end
    pop     ecx
    jc      2f
    cmp     dword ptr [ebp + READ_WANTED], WANTED_WORD
    jne     3f
    mov     [ebp + READ_WANTED], ecx
    mov     [ebx + WORDS_BEGIN], edi
    mov     dword ptr [ebp + READ_QUOTED], 0
    mov     eax, 1                      # the word that ends now is empty
    clc
2:  ret
3:  LOAD_STRING eax, "a command and a path belong to < and >"
    stc
    ret

# \ takes the next character as it is.
words_escape:
    cmp     esi, [ebp + READ_LIMIT]
    jae     1f
    lodsb
    call    words_put
    ret
1:  mov     al, 0x5C
    jmp     words_put

# '...' takes everything as it is.
words_apostrophe:
    mov     dword ptr [ebp + READ_QUOTED], 1
1:  lodsb
    cmp     al, 0x27
    je      2f
    call    words_put
    jnc     1b
    ret
2:  xor     eax, eax
    ret

# "..." takes all but $ and \ as it is.
words_quote:
    mov     dword ptr [ebp + READ_QUOTED], 1
    mov     dword ptr [ebp + READ_QUOTE], 1
.Lwords_quote_next:
    lodsb
    cmp     al, 0x22
    je      .Lwords_quote_end
    cmp     al, '$'
    je      .Lwords_quote_variable
    cmp     al, 0x5C
    jne     .Lwords_quote_put
    cmp     byte ptr [esi], '$'
    je      .Lwords_quote_escaped
    cmp     byte ptr [esi], 0x22
    je      .Lwords_quote_escaped
    cmp     byte ptr [esi], 0x5C
    jne     .Lwords_quote_put
.Lwords_quote_escaped:
    lodsb
.Lwords_quote_put:
    call    words_put
    jnc     .Lwords_quote_next
    ret
.Lwords_quote_variable:
    call    words_variable
    jnc     .Lwords_quote_next
    ret
.Lwords_quote_end:
    mov     dword ptr [ebp + READ_QUOTE], 0
    xor     eax, eax
    ret

# The wildcard *.
words_many:
    mov     al, MARK_MANY
    jmp     1f
# The wildcard ?.
words_one:
    mov     al, MARK_ONE
    jmp     1f
# The wildcard [; alone it is the name of a command.
words_set:
    cmp     edi, [ebx + WORDS_BEGIN]
    jne     2f
    cmp     esi, [ebp + READ_LIMIT]
    mov     al, '['
    jae     words_put
    cmp     byte ptr [esi], ' '
    je      words_put
2:  mov     al, MARK_SET
1:  mov     dword ptr [ebp + READ_MARKED], 1
    jmp     words_put

# $NAME, ${NAME}, $?, $#, $0 to $9, $(...), $((...)): the value goes into the word; outside of quotes its blanks
# separate words. A $ before anything else is itself.
words_variable:
    cmp     byte ptr [esi], '('
    je      words_substitution          # the line has been scanned: it is whole
    push    edx
    xor     ecx, ecx                    # ECX: 1 within braces
    mov     edx, esi                    # EDX: the name
    cmp     byte ptr [esi], '{'
    jne     .Lwords_variable_name
    inc     ecx
    inc     edx
    inc     esi
.Lwords_variable_name:
    cmp     esi, [ebp + READ_LIMIT]
    jae     .Lwords_variable_named
    mov     al, [esi]
    test    ecx, ecx
    jnz     .Lwords_variable_brace
    call    name_character
    jc      .Lwords_variable_named
    inc     esi
    cmp     al, '9'                     # a digit at the beginning stands alone
    ja      .Lwords_variable_name
    lea     eax, [edx + 1]
    cmp     esi, eax
    jne     .Lwords_variable_name
    jmp     .Lwords_variable_named
.Lwords_variable_brace:
    cmp     al, '}'
    je      .Lwords_variable_named
    inc     esi
    jmp     .Lwords_variable_name
.Lwords_variable_named:
    mov     eax, esi
    sub     eax, edx                    # EAX: bytes of the name
    jnz     .Lwords_variable_value
    cmp     esi, [ebp + READ_LIMIT]
    jae     .Lwords_variable_itself
    cmp     byte ptr [esi], '?'
    je      .Lwords_variable_special
    cmp     byte ptr [esi], 0x23        # '#'
    jne     .Lwords_variable_itself
.Lwords_variable_special:
    inc     esi
    inc     eax
.Lwords_variable_value:
    cmp     esi, [ebp + READ_LIMIT]
    jae     .Lwords_variable_look
    add     esi, ecx                    # past the brace
.Lwords_variable_look:
    call    variable_put
    pop     edx
    ret
.Lwords_variable_itself:
    mov     al, '$'
    call    words_put
    pop     edx
    ret

# Whether a character may stand in the name of a variable without braces.
# In: AL.
# Out: CF when not.
# Clobbers: nothing.
.global name_character
name_character:
    cmp     al, '_'
    je      2f
    cmp     al, '0'
    jb      2f                          # CF is set
    cmp     al, '9'
    jbe     1f
    push    eax
    or      al, 0x20
    cmp     al, 'a'
    jb      3f
    cmp     al, 'z' + 1
    cmc
3:  pop     eax
2:  ret
1:  clc
    ret

# Puts the value of a variable into the word.
# In: EDX name, EAX its bytes; EBX, EDI, EBP as words_read has them.
# Out: EAX 0; CF and EAX message.
variable_put:
    FRAME   VALUE_BYTES
    push    esi
    lea     ecx, [eax + 1]
    cmp     ecx, VALUE_BYTES
    ja      .Lvariable_put_none         # no variable has such a long name
    lea     esi, [ebp - VALUE_BYTES]
    mov     eax, esi
    call    string_copy
    INTERRUPTS_OFF                      # others may change it
    mov     eax, esi
    call    variable_value
    mov     edx, eax
    mov     eax, esi
    mov     ecx, VALUE_BYTES
    call    string_copy
    INTERRUPTS_RESTORE
    push    ebp
    mov     ebp, [ebp]                  # the locals of words_read
    call    value_put
    pop     ebp
    jmp     .Lvariable_put_done
.Lvariable_put_none:
    xor     eax, eax
.Lvariable_put_done:
    pop     esi
    ENDFRAME
    ret

# Puts a value into the word. Outside of quotes its blanks and line ends separate words. May sleep.
# In: ESI value; EBX, EDI, EBP as words_read has them.
# Out: EAX 0; CF and EAX message.
# Clobbers: ECX, ESI.
.global value_put
value_put:
    lodsb
    test    al, al
    jz      4f
    cmp     dword ptr [ebp + READ_QUOTE], 0
    jne     1f
    cmp     al, ' '
    je      2f
    cmp     al, 9
    je      2f
    cmp     al, 10
    je      2f
1:  call    words_put
    jnc     value_put
    ret
2:  push    edx
    call    words_end
    pop     edx
    jc      3f
    mov     [ebx + WORDS_BEGIN], edi
    mov     dword ptr [ebp + READ_QUOTED], 0
    mov     dword ptr [ebp + READ_MARKED], 0
    jmp     value_put
4:  xor     eax, eax
3:  ret

# The value of a variable, or of what the running task's context knows. Interrupts off.
# In: EAX name, in at least 12 bytes, which a number replaces.
# Out: EAX value, "" when there is none.
.global variable_value
variable_value:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    cmp     byte ptr [eax + 1], 0
    jne     .Lvariable_value_named
    movzx   ecx, byte ptr [eax]
    mov     edx, [ebx + CONTEXT_STATUS]
    cmp     cl, '?'
    je      .Lvariable_value_number
    mov     ebx, [ebx + CONTEXT_SCRIPT]
    xor     edx, edx
    cmp     cl, 0x23                    # '#'
    jne     .Lvariable_value_digit
    test    ebx, ebx
    jz      .Lvariable_value_number
    mov     edx, [ebx + SCRIPT_COUNT]
    dec     edx
.Lvariable_value_number:
    SNPRINTF esi, 12, "%u", edx
    mov     eax, esi
    jmp     .Lvariable_value_done
.Lvariable_value_digit:
    sub     ecx, '0'
    jb      .Lvariable_value_named
    cmp     ecx, 9
    ja      .Lvariable_value_named
    test    ebx, ebx
    jz      .Lvariable_value_none
    cmp     ecx, [ebx + SCRIPT_COUNT]
    jae     .Lvariable_value_none
    lea     edx, [ebx + SCRIPT_WORDS]
.Lvariable_value_word:
    sub     ecx, 1
    jb      .Lvariable_value_found
.Lvariable_value_skip:
    inc     edx
    cmp     byte ptr [edx - 1], 0
    jne     .Lvariable_value_skip
    jmp     .Lvariable_value_word
.Lvariable_value_found:
    mov     eax, edx
    jmp     .Lvariable_value_done
.Lvariable_value_named:
    mov     eax, esi
    call    env_get
    jnc     .Lvariable_value_done
.Lvariable_value_none:
    mov     eax, offset value_none
.Lvariable_value_done:
    pop     esi
    pop     ebx
    ret

# Ends a word, if there is one: it becomes an argument, or several if it has wildcards, or the path of a redirection.
# May sleep.
# In: EBX, EDI, EBP as words_read has them.
# Out: CF and EAX message.
words_end:
    cmp     edi, [ebx + WORDS_BEGIN]
    jne     1f
    cmp     dword ptr [ebp + READ_QUOTED], 0
    je      3f                          # CF is clear: there is none
    cmp     edi, [ebx + WORDS_END]
    jb      1f
    call    words_move
    jc      words_no_memory
1:  mov     eax, [ebx + WORDS_BEGIN]
    mov     byte ptr [edi], 0           # words_put leaves room for it
    inc     edi
    mov     ecx, [ebp + READ_WANTED]
    cmp     ecx, WANTED_WORD
    jne     2f
    cmp     dword ptr [ebp + READ_MARKED], 0
    jne     glob_expand
    call    words_add
    jc      words_no_memory
    ret
2:  mov     dword ptr [ebp + READ_WANTED], WANTED_WORD
    mov     [ebx + WORDS_INPUT + ecx*4 - 4], eax
    call    glob_literal
3:  ret

.macro SIGN character:req, routine:req
    .byte   \character
    .long   \routine
.endm

.section .rodata
value_none:
    .asciz  ""
words_signs:
    SIGN    0x20, words_blank
    SIGN    9, words_blank
    SIGN    0x3C, words_less
    SIGN    0x3E, words_greater
    SIGN    0x5C, words_escape
    SIGN    0x27, words_apostrophe
    SIGN    0x22, words_quote
    SIGN    0x24, words_variable
    SIGN    0x2A, words_many
    SIGN    0x3F, words_one
    SIGN    0x5B, words_set
    .byte   0
