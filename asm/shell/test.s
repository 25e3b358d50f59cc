# test: compares words and numbers, and looks what a path names.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"

STATUS_WRONG        = 2                     # of a test that is none

# What comes out of a comparison.
TEST_BELOW          = 1
TEST_EQUAL          = 2
TEST_ABOVE          = 4
TEST_RELATION_BYTES = 6                     # of a row of test_relations

.text

# Shell command: status 0 where what is said is so, 1 where not. Called as [ it ends with ].
# In: EAX argc, EDX argv.
# Out: EAX status.
command_test:
    push    ebx
    push    esi
    push    edi
    lea     ebx, [edx + 4]                  # EBX: the words, ESI: how many
    lea     esi, [eax - 1]
    xor     edi, edi                        # EDI: 1 when the contrary is asked for
    mov     ecx, [edx]
    cmp     byte ptr [ecx], '['
    jne     .Lcommand_test_not
    sub     esi, 1
    jb      .Lcommand_test_misused
    mov     ecx, [ebx + esi*4]
    cmp     word ptr [ecx], ']'
    jne     .Lcommand_test_misused
.Lcommand_test_not:
    cmp     esi, 2
    jb      .Lcommand_test_words
    mov     ecx, [ebx]
    cmp     word ptr [ecx], '!'
    jne     .Lcommand_test_words
    xor     edi, 1
    add     ebx, 4
    dec     esi
    jmp     .Lcommand_test_not
.Lcommand_test_words:
    cmp     esi, 3
    ja      .Lcommand_test_misused
    call    [test_forms + esi*4]
    jc      .Lcommand_test_wrong
    xor     eax, edi
    xor     eax, 1
    jmp     .Lcommand_test_done
.Lcommand_test_misused:
    call    test_none
.Lcommand_test_wrong:
    call    shell_say
    mov     eax, STATUS_WRONG
.Lcommand_test_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# The forms, by the number of words. EBX: the words. They return EAX 1 where it is so, else 0; CF and EAX message.

test_nothing:
    xor     eax, eax
    ret

# Whether a word is not empty.
test_word:
    mov     ecx, [ebx]
    xor     eax, eax
    cmp     [ecx], al
    setne   al
    clc
    ret

# A letter and what it looks at.
test_letter:
    mov     ecx, [ebx]
    cmp     byte ptr [ecx], '-'
    jne     test_none
    cmp     byte ptr [ecx + 1], 0
    je      test_none
    cmp     byte ptr [ecx + 2], 0
    jne     test_none
    movzx   ecx, byte ptr [ecx + 1]
    add     ebx, 4
    cmp     ecx, 'n'
    je      test_word
    cmp     ecx, 'z'
    jne     test_path
    call    test_word
    xor     eax, 1
    ret

# The sentence where there is no such form.
test_none:
    LOAD_STRING eax, "test: write WORD = WORD, NUMBER -lt NUMBER, -f PATH or the like; `help test` lists all"
    stc
    ret

# What a path names. May sleep.
# In: ECX letter, EBX where the path is.
test_path:
    FRAME   NODE_SIZE_OF
    push    esi
    push    edi
    push    ecx
    mov     esi, [ebx]
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    setnc   al
    pop     ecx
    movzx   eax, al                         # EAX: 1 when it names anything
    mov     edx, [edi + NODE_KIND]
    cmp     ecx, 'e'
    je      .Ltest_path_done
    cmp     ecx, 'd'
    je      .Ltest_path_directory
    cmp     ecx, 'f'
    je      .Ltest_path_file
    cmp     ecx, 's'
    stc
    jne     .Ltest_path_none
    mov     edx, [edi + NODE_BYTES]
    or      edx, [edi + NODE_BYTES + 4]
    setnz   dl
    and     al, dl
    jmp     .Ltest_path_done
.Ltest_path_directory:
    cmp     edx, NODE_DIRECTORY
    sete    dl
    and     al, dl
    jmp     .Ltest_path_done
.Ltest_path_file:
    cmp     edx, NODE_DIRECTORY
    setne   dl
    and     al, dl
.Ltest_path_done:
    clc
.Ltest_path_none:
    pop     edi
    pop     esi
    ENDFRAME
    jc      test_none
    ret

# Two words and how they are to be to each other.
test_relation:
    push    esi
    push    edi
    mov     edi, offset test_relations
.Ltest_relation_next:
    lea     eax, [edi + 2]
    cmp     byte ptr [eax], 0
    je      .Ltest_relation_none
    mov     edx, [ebx + 4]
    call    string_compare
    je      .Ltest_relation_found
    add     edi, TEST_RELATION_BYTES
    jmp     .Ltest_relation_next
.Ltest_relation_none:
    call    test_none
    jmp     .Ltest_relation_done
.Ltest_relation_found:
    mov     eax, [ebx]
    mov     edx, [ebx + 8]
    cmp     byte ptr [edi], 0
    jne     .Ltest_relation_numbers
    call    string_compare
    jmp     .Ltest_relation_compared
.Ltest_relation_numbers:
    call    test_number
    jc      .Ltest_relation_done
    mov     esi, eax
    push    ecx
    mov     eax, [ebx + 8]
    call    test_number
    pop     edx
    jc      .Ltest_relation_done
    cmp     edx, ecx                        # one that is negative is less,
    jne     .Ltest_relation_compared
    cmp     esi, eax                        # and two are in their order, too
.Ltest_relation_compared:
    mov     eax, TEST_ABOVE
    ja      .Ltest_relation_outcome
    mov     eax, TEST_BELOW
    jb      .Ltest_relation_outcome
    mov     eax, TEST_EQUAL
.Ltest_relation_outcome:
    test    [edi + 1], al
    setnz   al
    movzx   eax, al
    clc
.Ltest_relation_done:
    pop     edi
    pop     esi
    ret

# A number that is a whole word.
# In: EAX word.
# Out: EAX number, ECX 0 when it is less than 0, else 1; CF and EAX message.
# Clobbers: EDX.
test_number:
    cmp     byte ptr [eax], '-'
    jne     1f
    inc     eax
    call    1f
    jc      3f
    neg     eax
    cmp     eax, 1
    sbb     ecx, ecx
    neg     ecx                             # -0 is 0
    clc
    ret
1:  call    parse_number
    jc      2f
    mov     ecx, 1
    cmp     byte ptr [edx], 0
    je      3f                              # CF is clear
2:  LOAD_STRING eax, "test: the numbers are whole"
    stc
3:  ret

SHELL_COMMAND "test", command_test, "[!] [WORD...]", "compare words and numbers, look for files", GROUP_SHELL, test_text
SHELL_COMMAND "[", command_test, "[!] [WORD...] ]", "the same as test", GROUP_SHELL, test_text

# Whether it is of numbers, what may come out of a comparison, and how it is written.
.macro RELATION numbers:req, outcomes:req, text:req
.Lrelation\@:
    .byte   \numbers, \outcomes
    .asciz  "\text"
    .space  TEST_RELATION_BYTES - (. - .Lrelation\@)
.endm
.section .rodata
test_forms:
    .long   test_nothing, test_word, test_letter, test_relation
test_relations:
    RELATION 0, TEST_EQUAL, "="
    RELATION 0, TEST_BELOW | TEST_ABOVE, "!="
    RELATION 1, TEST_EQUAL, "-eq"
    RELATION 1, TEST_BELOW | TEST_ABOVE, "-ne"
    RELATION 1, TEST_BELOW, "-lt"
    RELATION 1, TEST_BELOW | TEST_EQUAL, "-le"
    RELATION 1, TEST_ABOVE, "-gt"
    RELATION 1, TEST_ABOVE | TEST_EQUAL, "-ge"
    .space  TEST_RELATION_BYTES
test_text:
    .ascii  "WORD, -n WORD        the word is not empty      -z WORD   it is\n"
    .ascii  "WORD = WORD          they are the same          WORD != WORD\n"
    .ascii  "NUMBER -lt NUMBER    it is less; -le -eq -ne -ge -gt: less or equal, equal, not equal, ...\n"
    .ascii  "-e PATH              there is such a file or directory\n"
    .ascii  "-f PATH, -d PATH     it is a file, a directory  -s PATH   it has contents\n"
    .asciz  "! before it asks for the contrary.\n"
