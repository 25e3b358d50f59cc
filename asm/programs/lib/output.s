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
    push    esi
    push    edi
    mov     esi, eax
.Lout_bytes_piece:
    mov     edi, [output_count]
    test    edi, edi
    jnz     .Lout_bytes_room
    cmp     edx, OUTPUT_BYTES           # so many go out as they are
    jb      .Lout_bytes_room
    mov     eax, esi
    call    out_write
    jmp     .Lout_bytes_done
.Lout_bytes_room:
    mov     ecx, OUTPUT_BYTES
    sub     ecx, edi
    cmp     ecx, edx
    jbe     1f
    mov     ecx, edx
1:  sub     edx, ecx
    add     [output_count], ecx
    add     edi, offset output_buffer
    mov     eax, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, eax
    and     ecx, 3
    rep movsb
    cmp     dword ptr [output_count], OUTPUT_BYTES
    jb      .Lout_bytes_done
    call    out_flush
    test    edx, edx
    jnz     .Lout_bytes_piece
.Lout_bytes_done:
    pop     edi
    pop     esi
    ret

# Adds a number in decimal, with blanks before it up to a width.
# In: EAX number, EDX characters.
.global out_number
out_number:
    push    esi
    push    edi
    sub     esp, DIGITS
    lea     edi, [esp + DIGITS]
    mov     esi, edi
    sub     esi, edx                    # ESI: where the width begins
    mov     edx, edi
    mov     cl, 10
    call    text_digits
1:  cmp     eax, esi
    jbe     2f
    dec     eax
    mov     byte ptr [eax], ' '
    jmp     1b
2:  mov     edx, edi
    sub     edx, eax
    call    out_bytes
    add     esp, DIGITS
    pop     edi
    pop     esi
    ret

# Gives room for bytes in one piece, after what was added. Whoever has put them there adds them to output_count.
# In: EAX bytes, at most OUTPUT_BYTES.
# Out: EAX where they go.
.global out_room
out_room:
    add     eax, [output_count]
    cmp     eax, OUTPUT_BYTES
    jbe     1f
    call    out_flush
1:  mov     eax, [output_count]
    add     eax, offset output_buffer
    ret

# Writes what was added. When it cannot be written, the program ends with status 1; it says why, unless nobody reads
# its output any more.
# Clobbers: nothing.
.global out_flush
out_flush:
    push    eax
    push    ecx
    push    edx
    mov     eax, offset output_buffer
    xor     edx, edx
    xchg    edx, [output_count]
    call    out_write
    pop     edx
    pop     ecx
    pop     eax
    ret

# Writes bytes past the buffer, which is empty. When they cannot be written, the program ends as with out_flush.
# In: EAX bytes, EDX how many.
out_write:
    mov     ecx, edx
    mov     edx, eax
    mov     eax, 1
    call    write_all
    jc      1f
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

.bss
.balign 4
.global output_count
output_count:   .space 4                # bytes in the buffer
.global output_status
output_status:  .space 4                # with which the program will end
.global output_buffer
output_buffer:  .space OUTPUT_BYTES
