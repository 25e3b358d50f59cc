# What programs print: text and numbers, to output or errors. A routine takes its arguments in EAX, EDX and ECX and
# keeps all other registers, as in the kernel.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Writes bytes to a handle, all of them.
# In: EAX handle, EDX bytes, ECX how many.
# Out: CF and EAX negated error code when not all were taken.
.global write_all
write_all:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, ecx
1:  test    esi, esi
    jz      2f
    mov     ecx, edx
    mov     edx, esi
    mov     eax, CALL_write
    int     0x80
    test    eax, eax
    stc
    jle     3f
    mov     edx, ecx
    add     edx, eax
    sub     esi, eax
    jmp     1b
2:  clc
3:  pop     esi
    pop     ebx
    ret

# Writes a string to output. When nobody takes it, such as at the end of a pipe, the program ends with status 1.
# In: EAX string.
.global put
put:
    mov     edx, eax
    mov     eax, 1
    call    put_to
    jc      1f
    ret
1:  SYSTEM  exit, 1

# Writes a string to a handle.
# In: EAX handle, EDX string.
.global put_to
put_to:
    xor     ecx, ecx
1:  cmp     byte ptr [edx + ecx], 0
    je      write_all
    inc     ecx
    jmp     1b

# Writes a number in decimal to output.
# In: EAX number.
.global put_number
put_number:
    push    ebx
    sub     esp, 16
    lea     ecx, [esp + 15]
    mov     byte ptr [ecx], 0
    mov     ebx, 10
1:  xor     edx, edx
    div     ebx
    add     dl, '0'
    dec     ecx
    mov     [ecx], dl
    test    eax, eax
    jnz     1b
    mov     eax, ecx
    call    put
    add     esp, 16
    pop     ebx
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

# Says on errors what went wrong, and ends the program.
# In: EAX negated error code, EDX what it was about.
.global fail
fail:
    mov     esi, eax
    mov     eax, 2
    call    put_to
    mov     eax, 2
    mov     edx, offset text_failed
    call    put_to
    mov     eax, esi
    neg     eax
    call    put_number
    mov     eax, offset text_end
    call    put
    SYSTEM  exit, 1

.section .rodata
text_failed:    .asciz ": error "
text_end:       .asciz "\n"
