# Text: digits, numbers, and whether a text holds another. A routine takes its arguments in EAX, EDX and ECX and keeps
# all other registers.

.intel_syntax noprefix

.text

# Writes the digits of a number.
# In: EAX number, EDX address behind the last digit, CL base, at most 16.
# Out: EAX address of the first digit.
.global text_digits
text_digits:
    push    ebx
    push    esi
    movzx   ebx, cl
    mov     esi, edx
1:  xor     edx, edx
    div     ebx
    add     dl, '0'
    cmp     dl, '9'
    jbe     2f
    add     dl, 'a' - '0' - 10
2:  dec     esi
    mov     [esi], dl
    test    eax, eax
    jnz     1b
    mov     eax, esi
    pop     esi
    pop     ebx
    ret

# Whether a text holds another.
# In: EAX text, EDX what is looked for.
# Out: CF when it does not.
.global text_holds
text_holds:
    push    esi
    mov     esi, eax
1:  xor     ecx, ecx
2:  mov     al, [edx + ecx]
    test    al, al                      # CF is clear
    jz      3f
    cmp     al, [esi + ecx]
    lea     ecx, [ecx + 1]
    je      2b
    cmp     byte ptr [esi], 1           # CF at the end
    lea     esi, [esi + 1]
    jnc     1b
3:  pop     esi
    ret

# Reads a decimal number.
# In: EAX string.
# Out: EAX number; CF when the string is not one, or needs more than 32 bits.
# Clobbers: EAX only.
.global number_of
number_of:
    push    ecx
    push    edx
    push    esi
    mov     esi, eax
    xor     eax, eax
    xor     ecx, ecx
    cmp     byte ptr [esi], 1           # CF when there is nothing
    jc      2f
1:  mov     cl, [esi]
    test    cl, cl
    jz      2f
    sub     cl, '0'
    cmp     cl, 10
    cmc
    jc      2f
    mov     edx, 10
    mul     edx
    jc      2f
    add     eax, ecx
    jc      2f
    inc     esi
    jmp     1b
2:  pop     esi
    pop     edx
    pop     ecx
    ret
