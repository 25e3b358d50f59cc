# What programs print: text and numbers, to output or errors. A routine takes its arguments in EAX, EDX and ECX and
# keeps all other registers, as in the kernel.

.intel_syntax noprefix
.include "system-calls.inc"
.include "errors.inc"

TEXT_BYTES      = 4096                  # what a call writes at once
ERROR_BYTES     = 64

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
.Lwrite_all_next:
    test    esi, esi
    jz      .Lwrite_all_done            # CF is clear
    mov     ecx, edx
    mov     edx, esi
    mov     eax, CALL_write
    int     0x80
    test    eax, eax
    js      .Lwrite_all_failed
    jz      .Lwrite_all_full
    mov     edx, ecx
    add     edx, eax
    sub     esi, eax
    jmp     .Lwrite_all_next
.Lwrite_all_full:
    mov     eax, -ERROR_NO_SPACE        # nothing more is taken
.Lwrite_all_failed:
    stc
.Lwrite_all_done:
    pop     esi
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
    sub     esp, 16
    lea     edx, [esp + 15]
    mov     byte ptr [edx], 0
    mov     cl, 10
    call    text_digits
    call    put
    add     esp, 16
    ret

# Adds a string to what text_end or text_write writes in one piece, so that nobody else's comes between. What does not
# fit is written before.
# In: EAX handle, EDX string.
.global text_add
text_add:
    push    esi
    mov     esi, edx
1:  mov     edx, [text_bytes]
    mov     cl, [esi]
    test    cl, cl
    jz      2f
    inc     esi
    mov     [text_buffer + edx], cl
    inc     edx
    mov     [text_bytes], edx
    cmp     edx, TEXT_BYTES
    jb      1b
    push    eax
    call    text_write
    pop     eax
    jmp     1b
2:  pop     esi
    ret

# Adds a number in decimal to what text_end writes.
# In: EAX handle, EDX number.
.global text_add_number
text_add_number:
    push    eax
    sub     esp, 16
    mov     eax, edx
    lea     edx, [esp + 15]
    mov     byte ptr [edx], 0
    mov     cl, 10
    call    text_digits
    mov     edx, eax
    mov     eax, [esp + 16]
    call    text_add
    add     esp, 20
    ret

# Ends the row, and writes what was added.
# In: EAX handle.
# Out: CF and EAX negated error code when not all was taken.
.global text_end
text_end:
    push    eax
    mov     edx, offset text_row_end
    call    text_add
    pop     eax

# Writes what was added.
# In: EAX handle.
# Out: CF and EAX negated error code when not all was taken.
.global text_write
text_write:
    mov     edx, offset text_buffer
    xor     ecx, ecx
    xchg    ecx, [text_bytes]
    jmp     write_all

# Says on errors what went wrong, in the kernel's words, and ends the program.
# In: EAX negated error code, EDX what it was about.
.global fail
fail:
    call    say_error
    SYSTEM  exit, 1

# Says on errors what went wrong, in the kernel's words.
# In: EAX negated error code, EDX what it was about.
.global say_error
say_error:
    push    ebx
    neg     eax
    mov     ebx, eax
    mov     dword ptr [text_bytes], 0
    mov     eax, 2
    call    text_add
    mov     eax, 2
    mov     edx, offset text_colon
    call    text_add
    SYSTEM  error_text, ebx, "offset text_error", ERROR_BYTES
    mov     eax, 2
    mov     edx, offset text_error
    call    text_add
    mov     eax, 2
    call    text_end
    pop     ebx
    ret

.section .rodata
text_colon:     .asciz ": "
text_row_end:   .asciz "\n"

.bss
.balign 4
text_bytes:     .space 4                # in the buffer
text_buffer:    .space TEXT_BYTES
text_error:     .space ERROR_BYTES
