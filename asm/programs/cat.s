# Shows files, or copies input to output.

.include "program.inc"

DESCRIPTION "[PATH...]", "show an object's content"
DETAIL "Shows what objects hold: text as it is, at the console anything else in hexadecimal. Without a path copies its input."

.text

# Takes paths.
.global _start
_start:
    SYSTEM  handle_kind, 1
    cmp     eax, HANDLE_CONSOLE
    sete    [is_console]
    lea     eax, [esp + 8]
    mov     edx, offset show
    call    each_input
    jmp     finish

# Shows one file.
# In: EAX path or 0.
show:
    push    ebx
    push    esi
    push    edi
    movzx   esi, byte ptr [is_console]  # ESI: 1 when somebody looks at it
    cmp     eax, 1
    sbb     edx, edx
    inc     edx
    and     esi, edx
    call    input_open
    jc      .Lshow_done
    call    input_fill
    jc      .Lshow_close
    xor     edi, edi                    # EDI: offset in the file
    test    esi, esi
    jz      .Lshow_text
    mov     edx, eax
    call    is_text
    jnc     .Lshow_text
.Lshow_row:
    mov     ecx, edi
    add     edi, eax
    mov     edx, eax
    mov     eax, offset input_buffer
    call    out_rows
    call    input_fill
    jnc     .Lshow_row
    jmp     .Lshow_close
.Lshow_text:
    mov     edx, eax
    mov     bl, [input_buffer + eax - 1] # BL: the last character
    mov     eax, offset input_buffer
    call    out_bytes
    call    input_fill
    jnc     .Lshow_text
    test    esi, esi
    jz      .Lshow_close
    mov     al, 10
    cmp     bl, al
    je      .Lshow_close
    call    out_byte
.Lshow_close:
    call    input_close
.Lshow_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether the beginning of a file is text: printable ASCII, blanks, line ends, or bytes of UTF-8.
# In: EDX bytes in the buffer, at least 1.
# Out: CF when it is not.
# Clobbers: CL, EDX only.
is_text:
    mov     cl, [input_buffer + edx - 1]
    cmp     cl, 0x7F
    je      2f
    cmp     cl, ' '
    jae     1f
    cmp     cl, 9
    jb      3f
    cmp     cl, 14
    cmc
    jc      3f
1:  dec     edx
    jnz     is_text
    clc
    ret
2:  stc
3:  ret

.bss
is_console:     .space 1                # 1 when output goes there
