# Expressions of $((...)): whole numbers of 32 bits with a sign, and C's operators, as POSIX has them.

.include "macros.inc"
.include "tasks.inc"
.include "shell.inc"

# What is known while an expression is read; EBX is its address, ESI the text, EDI its end.
READING_STACK       = 0                     # where it is given up to
READING_PASSED      = 4                     # parts around this whose value does not count
READING_DEPTH       = 8
READING_SIZE        = 12

DEPTH_MOST          = 40                    # parentheses and signs within each other
NAME_BYTES          = 64                    # of a variable, with the NUL
VALUE_BYTES         = 16

# An operator: its signs, how strongly it binds, and the routine.
OPERATOR_LEVEL      = 2
OPERATOR_ROUTINE    = 4
OPERATOR_SIZE       = 8
LEVEL_LEAST         = 1
LEVEL_OR            = 1
LEVEL_AND           = 2

.text

# The value of an expression.
# In: ESI text, EDI its end, where a ) stands.
# Out: EAX value; CF and EAX message.
# Clobbers: ECX, EDX.
.global arithmetic
arithmetic:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, READING_SIZE
    mov     ebx, esp
    mov     [ebx + READING_STACK], esp
    xor     eax, eax
    mov     [ebx + READING_PASSED], eax
    mov     [ebx + READING_DEPTH], eax
    call    skip_blanks
    cmp     esi, edi
    je      1f                          # nothing is 0
    call    read_choice
    LOAD_STRING edx, "an operator of $((...)) is missing or unknown"
    cmp     esi, edi
    je      1f
    mov     eax, edx
    jmp     arithmetic_wrong
1:  clc
.Larithmetic_done:
    lea     esp, [esp + READING_SIZE]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gives an expression up.
# In: EAX message.
arithmetic_wrong:
    mov     esp, [ebx + READING_STACK]
    stc
    jmp     .Larithmetic_done

# Skips blanks.
# Out: ESI.
skip_blanks:
    cmp     byte ptr [esi], ' '
    je      1f
    cmp     byte ptr [esi], 9
    jne     2f
1:  inc     esi
    jmp     skip_blanks
2:  ret

# Reads A ? B : C, or what binds more.
# Out: EAX value, ESI.
# Clobbers: ECX, EDX, EBP.
read_choice:
    inc     dword ptr [ebx + READING_DEPTH]
    cmp     dword ptr [ebx + READING_DEPTH], DEPTH_MOST
    LOAD_STRING eax, "$((...)) has too many parentheses"
    ja      arithmetic_wrong
    mov     ecx, LEVEL_LEAST
    call    read_operation
    cmp     byte ptr [esi], '?'
    jne     .Lread_choice_done
    inc     esi
    push    eax
    cmp     eax, 1
    sbb     edx, edx                    # EDX: -1 when B is passed over
    push    edx
    sub     [ebx + READING_PASSED], edx
    call    read_choice
    pop     edx
    add     [ebx + READING_PASSED], edx
    mov     ecx, eax
    cmp     byte ptr [esi], ':'
    LOAD_STRING eax, "$((A ? B : C)) wants its :"
    jne     arithmetic_wrong
    inc     esi
    not     edx
    push    ecx
    push    edx
    sub     [ebx + READING_PASSED], edx
    call    read_choice
    pop     edx
    add     [ebx + READING_PASSED], edx
    pop     ecx
    pop     edx
    test    edx, edx
    jz      .Lread_choice_done
    mov     eax, ecx
.Lread_choice_done:
    dec     dword ptr [ebx + READING_DEPTH]
    ret

# Reads operands with operators between them, which bind as strongly as is said or more.
# In: ECX level.
# Out: EAX value, ESI after it and blanks.
# Clobbers: ECX, EDX, EBP.
read_operation:
    push    ecx
    call    read_operand
.Lread_operation_next:
    call    skip_blanks
    call    find_operator
    jc      .Lread_operation_done
    movzx   ecx, byte ptr [edx + OPERATOR_LEVEL]
    cmp     ecx, [esp]
    jb      .Lread_operation_done
    inc     esi
    cmp     byte ptr [edx + 1], 1
    sbb     esi, -1                     # past its second sign, if it has one
    push    eax
    push    edx
    xor     ebp, ebp                    # EBP: 1 when the second operand is passed over
    cmp     ecx, LEVEL_AND
    ja      2f
    je      1f
    test    eax, eax                    # of ||
    setnz   al
    jmp     3f
1:  test    eax, eax
    setz    al
3:  movzx   ebp, al
2:  push    ebp
    add     [ebx + READING_PASSED], ebp
    inc     ecx
    call    read_operation
    pop     ebp
    sub     [ebx + READING_PASSED], ebp
    pop     edx
    mov     ecx, eax
    pop     eax
    call    [edx + OPERATOR_ROUTINE]
    jmp     .Lread_operation_next
.Lread_operation_done:
    pop     ecx
    ret

# Looks for an operator.
# In: ESI text.
# Out: EDX its record; CF when there is none.
# Clobbers: ECX.
find_operator:
    mov     edx, offset operators
1:  mov     cl, [edx]
    cmp     cl, 1
    jb      3f
    cmp     cl, [esi]
    jne     2f
    mov     cl, [edx + 1]
    test    cl, cl
    jz      3f                          # CF is clear
    cmp     cl, [esi + 1]
    je      3f
2:  add     edx, OPERATOR_SIZE
    jmp     1b
3:  ret

# Reads an operand: a number, a variable, one in parentheses, one after a sign.
# Out: EAX value, ESI.
# Clobbers: ECX, EDX, EBP.
read_operand:
    call    skip_blanks
    movzx   eax, byte ptr [esi]
    inc     esi
    mov     edx, offset signs
1:  cmp     byte ptr [edx], 0
    je      2f
    cmp     [edx], al
    lea     edx, [edx + 5]
    jne     1b
    inc     dword ptr [ebx + READING_DEPTH]
    cmp     dword ptr [ebx + READING_DEPTH], DEPTH_MOST
    LOAD_STRING eax, "$((...)) has too many signs"
    ja      arithmetic_wrong
    push    [edx - 4]
    call    read_operand
    dec     dword ptr [ebx + READING_DEPTH]
    ret                                 # to the routine of the sign
2:  cmp     al, '('
    je      .Lread_operand_within
    mov     dl, al
    sub     dl, '0'
    cmp     dl, 10
    jb      read_number_here
    cmp     al, '$'
    jne     .Lread_operand_name
    cmp     byte ptr [esi], '('
    je      .Lread_operand_printed
    cmp     byte ptr [esi], '{'
    je      .Lread_operand_brace
    inc     esi
.Lread_operand_name:
    dec     esi
    call    read_name
    jmp     variable_number
.Lread_operand_brace:
    inc     esi
    call    read_name
    cmp     byte ptr [esi], '}'
    jne     operand_missing
    inc     esi
    jmp     variable_number
.Lread_operand_printed:
    inc     esi
    cmp     byte ptr [esi], '('         # $((A)) is ((A))
    jne     printed_number
.Lread_operand_within:
    call    read_choice
    cmp     byte ptr [esi], ')'
    jne     1f
    cmp     esi, edi
    jae     1f
    inc     esi
    ret
1:  LOAD_STRING eax, "a ) of $((...)) is missing"
    jmp     arithmetic_wrong

# There is no operand where one belongs.
operand_missing:
    LOAD_STRING eax, "a number or a variable of $((...)) is missing"
    jmp     arithmetic_wrong

# Reads a name.
# In: ESI text.
# Out: ESI after it, EDX name, ECX its bytes.
# Clobbers: EAX.
read_name:
    mov     edx, esi
    xor     ecx, ecx
    mov     al, [esi]
    cmp     al, '?'
    je      3f
    cmp     al, 0x23                    # '#'
    je      3f
1:  mov     al, [esi]
    call    name_character
    jc      2f
    inc     esi
    inc     ecx
    jmp     1b
2:  jecxz   operand_missing
    ret
3:  inc     esi
    inc     ecx
    ret

# Reads a number, whose first digit is before ESI.
# Out: EAX number, ESI.
# Clobbers: ECX, EDX, EBP.
read_number_here:
    dec     esi

# Reads a number: 10, 0x1f, 017.
# In: ESI text.
# Out: EAX number, ESI.
# Clobbers: ECX, EDX, EBP.
read_number:
    mov     ebp, 10                     # EBP: base
    cmp     byte ptr [esi], '0'
    jne     1f
    mov     ebp, 8
    mov     al, [esi + 1]
    or      al, 0x20
    cmp     al, 'x'
    jne     1f
    mov     ebp, 16
    add     esi, 2
1:  xor     eax, eax
.Lread_number_digit:
    movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 10
    jb      2f
    or      ecx, 0x20
    sub     ecx, 'a' - '0' - 10
    cmp     ecx, 10
    jb      .Lread_number_done
    cmp     ecx, 36
    jae     .Lread_number_done
2:  cmp     ecx, ebp
    jae     .Lread_number_wrong
    inc     esi
    mul     ebp
    jc      .Lread_number_large
    add     eax, ecx
    jnc     .Lread_number_digit
.Lread_number_large:
    LOAD_STRING eax, "a number of $((...)) has more than 32 bits"
    jmp     arithmetic_wrong
.Lread_number_done:
    cmp     ebp, 10
    jne     3f
    cmp     eax, 1 << 31
    ja      .Lread_number_large
3:  ret
.Lread_number_wrong:
    LOAD_STRING eax, "$((...)) has something that is no number"
    jmp     arithmetic_wrong

# The value of a variable, which is a number, or empty, which is 0.
# In: EDX name, ECX its bytes.
# Out: EAX number.
# Clobbers: ECX, EDX, EBP.
variable_number:
    push    esi
    sub     esp, NAME_BYTES + VALUE_BYTES
    lea     esi, [esp + VALUE_BYTES]
    lea     eax, [ecx + 1]
    cmp     eax, NAME_BYTES
    ja      operand_missing
    mov     ecx, eax
    mov     eax, esi
    call    string_copy
    INTERRUPTS_OFF                      # others may change it
    mov     eax, esi
    call    variable_value
    mov     edx, eax
    lea     eax, [esp + 4]
    mov     ecx, VALUE_BYTES
    call    string_copy
    INTERRUPTS_RESTORE
    mov     esi, esp
    call    text_number
    add     esp, NAME_BYTES + VALUE_BYTES
    pop     esi
    ret

# The number that commands print. May sleep.
# In: ESI text after $(.
# Out: EAX number, ESI after its ).
# Clobbers: ECX, EDX, EBP.
printed_number:
    mov     edx, esi
    call    substitution_skip
    jc      arithmetic_wrong
    push    esi
    lea     ecx, [esi - 1]
    mov     esi, edx
    call    substitute
    jc      1f
    sub     esp, VALUE_BYTES
    mov     esi, eax
    mov     edx, eax
    mov     eax, esp
    mov     ecx, VALUE_BYTES
    call    string_copy
    mov     eax, esi
    call    mfree
    mov     esi, esp
    call    text_number
    add     esp, VALUE_BYTES
    pop     esi
    ret
1:  call    error_text
    jmp     arithmetic_wrong

# The number that a text is; an empty one is 0.
# In: ESI text, with a NUL.
# Out: EAX number.
# Clobbers: ECX, EDX, EBP, ESI.
text_number:
    call    skip_blanks
    xor     eax, eax
    cmp     byte ptr [esi], 0
    je      3f
    cmp     byte ptr [esi], '-'
    pushfd
    jne     1f
    inc     esi
1:  mov     al, [esi]
    sub     al, '0'
    cmp     al, 10
    jae     .Lread_number_wrong
    call    read_number
    popfd
    jne     2f
    neg     eax
2:  call    skip_blanks
    cmp     byte ptr [esi], 0
    jne     .Lread_number_wrong
3:  ret

# Changes the sign.
# In: EAX.
# Out: EAX.
sign_minus:
    neg     eax

# Leaves a number as it is.
# In: EAX.
# Out: EAX.
sign_plus:
    ret

# Makes 1 of 0, and 0 of all else.
# In: EAX.
# Out: EAX.
sign_not:
    cmp     eax, 1
    sbb     eax, eax
    neg     eax
    ret

# Changes all bits.
# In: EAX.
# Out: EAX.
sign_bits:
    not     eax
    ret

# Whether one of two is not 0.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_or:
    or      eax, ecx
    jmp     operate_truth

# Whether both are not 0.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_and:
    test    ecx, ecx
    jnz     operate_truth
    xor     eax, eax

# Makes 1 of all but 0.
# In: EAX.
# Out: EAX.
operate_truth:
    neg     eax
    sbb     eax, eax
    neg     eax
    ret

# The bits that one of two has.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_bits_or:
    or      eax, ecx
    ret

# The bits that only one of two has.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_bits_xor:
    xor     eax, ecx
    ret

# The bits that both have.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_bits_and:
    and     eax, ecx
    ret

# Whether both are equal.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_equal:
    sub     eax, ecx
    jmp     sign_not

# Whether they are not.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_unequal:
    sub     eax, ecx
    jmp     operate_truth

# Whether the first is less.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_less:
    cmp     eax, ecx
    setl    al
    jmp     operate_byte

# Whether the first is greater.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_greater:
    cmp     eax, ecx
    setg    al
    jmp     operate_byte

# Whether the first is not greater.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_at_most:
    cmp     eax, ecx
    setle   al
    jmp     operate_byte

# Whether the first is not less.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_at_least:
    cmp     eax, ecx
    setge   al

# Makes a number of AL.
# In: EAX.
# Out: EAX.
operate_byte:
    movzx   eax, al
    ret

# Shifts left.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_left:
    shl     eax, cl
    ret

# Shifts right, with the sign.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_right:
    sar     eax, cl
    ret

# Adds.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_add:
    add     eax, ecx
    ret

# Subtracts.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_subtract:
    sub     eax, ecx
    ret

# Multiplies.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_multiply:
    imul    eax, ecx
    ret

# Divides.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_divide:
    call    divide
    ret

# The rest of a division.
# In: EAX and ECX operands.
# Out: EAX.
# Clobbers: ECX, EDX.
operate_rest:
    call    divide
    mov     eax, edx
    ret

# Divides.
# In: EAX and ECX numbers.
# Out: EAX quotient, EDX rest.
divide:
    xor     edx, edx
    cmp     ecx, -1
    je      1f                          # the lowest number has no contrary, which DIV would not forgive
    test    ecx, ecx
    jz      2f
    cdq
    idiv    ecx
    ret
1:  neg     eax
    ret
2:  cmp     dword ptr [ebx + READING_PASSED], 0
    jne     3f
    LOAD_STRING eax, "$((...)) divides by 0"
    jmp     arithmetic_wrong
3:  ret

.macro OPERATOR first:req, second:req, level:req, routine:req
    .byte   \first, \second, \level, 0
    .long   \routine
.endm

.macro SIGN sign:req, routine:req
    .byte   \sign
    .long   \routine
.endm

.section .rodata
.balign 4
operators:                              # those of two signs first
    OPERATOR 0x7C, 0x7C, LEVEL_OR, operate_or
    OPERATOR 0x26, 0x26, LEVEL_AND, operate_and
    OPERATOR 0x3D, 0x3D, 6, operate_equal
    OPERATOR 0x21, 0x3D, 6, operate_unequal
    OPERATOR 0x3C, 0x3D, 7, operate_at_most
    OPERATOR 0x3E, 0x3D, 7, operate_at_least
    OPERATOR 0x3C, 0x3C, 8, operate_left
    OPERATOR 0x3E, 0x3E, 8, operate_right
    OPERATOR 0x7C, 0, 3, operate_bits_or
    OPERATOR 0x5E, 0, 4, operate_bits_xor
    OPERATOR 0x26, 0, 5, operate_bits_and
    OPERATOR 0x3C, 0, 7, operate_less
    OPERATOR 0x3E, 0, 7, operate_greater
    OPERATOR 0x2B, 0, 9, operate_add
    OPERATOR 0x2D, 0, 9, operate_subtract
    OPERATOR 0x2A, 0, 10, operate_multiply
    OPERATOR 0x2F, 0, 10, operate_divide
    OPERATOR 0x25, 0, 10, operate_rest
    .byte   0
signs:
    SIGN    0x2D, sign_minus
    SIGN    0x2B, sign_plus
    SIGN    0x21, sign_not
    SIGN    0x7E, sign_bits
    .byte   0
