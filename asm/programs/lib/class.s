# Classes of characters, such as [:alpha:], as the locale POSIX has them.

.intel_syntax noprefix

KIND_LOWER      = 1
KIND_UPPER      = 2
KIND_DIGIT      = 4
KIND_BLANK      = 8
KIND_SPACE      = 16
KIND_PUNCT      = 32
KIND_CONTROL    = 64
KIND_HEX        = 128
KIND_ROOM       = 256                   # the blank itself

.text

# Finds a class by its name.
# In: EAX text that begins with "[:".
# Out: EAX after it, EDX kinds; CF when it is none, and EAX as it was.
# Clobbers: ECX.
.global class_take
class_take:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset classes
.Lclass_take_next:
    movzx   edx, word ptr [ebx]
    add     ebx, 2
    cmp     edx, 1
    jb      .Lclass_take_done
    xor     ecx, ecx
1:  mov     al, [ebx + ecx]
    test    al, al
    jz      2f
    cmp     al, [esi + ecx + 2]
    jne     3f
    inc     ecx
    jmp     1b
2:  cmp     word ptr [esi + ecx + 2], ':' + (']' << 8)
    je      .Lclass_take_found
3:  inc     ebx
    cmp     byte ptr [ebx - 1], 0
    jne     3b
    jmp     .Lclass_take_next
.Lclass_take_found:
    lea     esi, [esi + ecx + 4]        # CF is clear
.Lclass_take_done:
    mov     eax, esi
    pop     esi
    pop     ebx
    ret

# Whether a class has a byte.
# In: AL byte, EDX kinds.
# Out: ZF when not.
# Clobbers: ECX, EAX.
.global class_has
class_has:
    call    kinds_of
    test    ecx, edx
    ret

# The kinds of a byte.
# In: AL.
# Out: ECX KIND_*.
# Clobbers: AH.
kinds_of:
    mov     ecx, KIND_CONTROL
    cmp     al, 127
    je      .Lkinds_of_done
    ja      .Lkinds_of_none
    cmp     al, ' '
    jae     1f
    mov     ah, al
    sub     ah, 9
    cmp     ah, 5
    jae     .Lkinds_of_done
    or      ecx, KIND_SPACE
    cmp     al, 9
    jne     .Lkinds_of_done
    or      ecx, KIND_BLANK
    ret
1:  mov     ecx, KIND_SPACE | KIND_BLANK | KIND_ROOM
    je      .Lkinds_of_done
    mov     ah, al
    sub     ah, '0'
    mov     ecx, KIND_DIGIT | KIND_HEX
    cmp     ah, 10
    jb      .Lkinds_of_done
    mov     ah, al
    or      ah, 0x20
    sub     ah, 'a'
    mov     ecx, KIND_PUNCT
    cmp     ah, 26
    jae     .Lkinds_of_done
    mov     ecx, KIND_UPPER
    test    al, 0x20
    jz      2f
    mov     ecx, KIND_LOWER
2:  cmp     ah, 6
    jae     .Lkinds_of_done
    or      ecx, KIND_HEX
.Lkinds_of_done:
    ret
.Lkinds_of_none:
    xor     ecx, ecx
    ret

.macro CLASS kinds:req, name:req
    .word   \kinds
    .asciz  "\name"
.endm

.section .rodata
classes:
    CLASS   KIND_LOWER | KIND_UPPER, "alpha"
    CLASS   KIND_DIGIT, "digit"
    CLASS   KIND_LOWER | KIND_UPPER | KIND_DIGIT, "alnum"
    CLASS   KIND_LOWER, "lower"
    CLASS   KIND_UPPER, "upper"
    CLASS   KIND_SPACE, "space"
    CLASS   KIND_BLANK, "blank"
    CLASS   KIND_PUNCT, "punct"
    CLASS   KIND_LOWER | KIND_UPPER | KIND_DIGIT | KIND_PUNCT, "graph"
    CLASS   KIND_LOWER | KIND_UPPER | KIND_DIGIT | KIND_PUNCT | KIND_ROOM, "print"
    CLASS   KIND_CONTROL, "cntrl"
    CLASS   KIND_HEX, "xdigit"
    .word   0
