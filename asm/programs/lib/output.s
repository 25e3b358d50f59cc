# Output through a buffer, and how a program ends that has used it. A routine takes its arguments in EAX, EDX and ECX
# and keeps all other registers.

.include "program.inc"

OUTPUT_BYTES    = 4096                  # what a call writes at once
DIGITS          = 16

.text

# Adds a byte to the output.
# In: AL.
# Clobbers: nothing.
.global out_byte
out_byte:
    push    edx
    mov     edx, [output_count]
    mov     [output_buffer + edx], al
    inc     edx
    mov     [output_count], edx
    cmp     edx, OUTPUT_BYTES
    pop     edx
    jae     out_flush
    ret

# Adds a string.
# In: EAX string.
.global out_text
out_text:
    mov     edx, eax
1:  mov     al, [edx]
    test    al, al
    jz      2f
    call    out_byte
    inc     edx
    jmp     1b
2:  ret

# Adds a string, and blanks up to a width.
# In: EAX string, EDX characters.
.global out_column
out_column:
    push    ebx
    lea     ebx, [eax + edx]
1:  cmp     byte ptr [eax], 0
    je      2f
    push    eax
    mov     al, [eax]
    call    out_byte
    pop     eax
    inc     eax
    jmp     1b
2:  cmp     eax, ebx
    jae     3f
    push    eax
    mov     al, ' '
    call    out_byte
    pop     eax
    inc     eax
    jmp     2b
3:  pop     ebx
    ret

# Adds bytes.
# In: EAX bytes, EDX how many.
.global out_bytes
out_bytes:
    mov     ecx, eax
1:  sub     edx, 1
    jb      2f
    mov     al, [ecx]
    call    out_byte
    inc     ecx
    jmp     1b
2:  ret

# Adds a number in decimal, with blanks before it up to a width.
# In: EAX number, EDX characters.
.global out_number
out_number:
    mov     ecx, (' ' << 8) + 10

# Adds a number.
# In: EAX number, EDX characters, CL base, CH what stands before it up to so many.
out_digits:
    push    ebx
    push    esi
    push    edi
    sub     esp, DIGITS
    mov     ebx, ecx
    lea     edi, [esp + DIGITS]
    mov     esi, edi
    sub     esi, edx                    # ESI: where the width begins
    mov     edx, edi
    call    text_digits
1:  cmp     eax, esi
    jbe     2f
    dec     eax
    mov     [eax], bh
    jmp     1b
2:  mov     edx, edi
    sub     edx, eax
    call    out_bytes
    add     esp, DIGITS
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds bytes in hexadecimal and as characters, 16 in a row.
# In: EAX bytes, EDX how many, ECX offset of the first in its file.
.global out_rows
out_rows:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx                    # EDI: bytes left
    mov     ebx, ecx
.Lout_rows_row:
    mov     eax, ebx
    mov     edx, 8
    call    out_hex
    mov     al, ' '
    call    out_byte
    xor     ecx, ecx
.Lout_rows_byte:
    mov     eax, offset text_no_byte
    cmp     ecx, edi
    jae     .Lout_rows_blank
    mov     al, ' '
    call    out_byte
    movzx   eax, byte ptr [esi + ecx]
    mov     edx, 2
    push    ecx
    call    out_hex
    pop     ecx
    jmp     .Lout_rows_next
.Lout_rows_blank:
    call    out_text
.Lout_rows_next:
    inc     ecx
    cmp     ecx, 16
    jb      .Lout_rows_byte
    mov     eax, offset text_bar_left
    call    out_text
    xor     ecx, ecx
.Lout_rows_character:
    mov     al, [esi + ecx]
    cmp     al, ' '
    jb      .Lout_rows_dot
    cmp     al, 0x7E
    jbe     .Lout_rows_show
.Lout_rows_dot:
    mov     al, '.'
.Lout_rows_show:
    call    out_byte
    inc     ecx
    cmp     ecx, 16
    jae     .Lout_rows_end
    cmp     ecx, edi
    jb      .Lout_rows_character
.Lout_rows_end:
    mov     eax, offset text_bar_right
    call    out_text
    add     esi, 16
    add     ebx, 16
    sub     edi, 16
    ja      .Lout_rows_row
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds a number in hexadecimal with all its digits.
# In: EAX number, EDX digits.
out_hex:
    mov     ecx, ('0' << 8) + 16
    jmp     out_digits

# Writes what was added. When it cannot be written, the program ends with status 1; it says why, unless nobody reads
# its output any more.
# Clobbers: nothing.
.global out_flush
out_flush:
    push    eax
    push    ecx
    push    edx
    mov     eax, 1
    mov     edx, offset output_buffer
    xor     ecx, ecx
    xchg    ecx, [output_count]
    call    write_all
    jc      1f
    pop     edx
    pop     ecx
    pop     eax
    ret
1:  cmp     eax, -ERROR_BROKEN_PIPE
    mov     edx, offset text_output
    jne     fail
    SYSTEM  exit, 1

# Says on errors what went wrong; the program's status is 1 then.
# In: EAX negated error code, EDX what it was about.
.global complain
complain:
    call    out_flush
    mov     dword ptr [output_status], 1
    jmp     say_error

# Ends the program, when all has been written.
.global finish
finish:
    call    out_flush
    SYSTEM  exit, [output_status]

# Ends the program because its arguments are wrong. The shell says how it is called.
.global misused
misused:
    SYSTEM  exit, MISUSED

.section .rodata
text_output:    .asciz "output"
text_no_byte:   .asciz "   "
text_bar_left:  .asciz "  |"
text_bar_right: .asciz "|\n"

.bss
.balign 4
output_count:   .space 4                # bytes in the buffer
.global output_status
output_status:  .space 4                # with which the program will end
output_buffer:  .space OUTPUT_BYTES
