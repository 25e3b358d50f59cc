# Text by format, as printf (asm/kernel/print.s) and snprintf do it. One engine writes characters to a sink; the console
# and a buffer are the two sinks.
#
#   %[-][0][width]X   X: s string (address 0 prints as "(null)"), c character, d signed, u unsigned, x hexadecimal,
#                     I IPv4 address (u32 as it lies in the packet), M MAC address (pointer to 6 bytes), % the sign
#                     itself
#
# `-` aligns left, `0` pads numbers with zeros, width is a number of at most 255.

.include "macros.inc"

# Locals of the engine, relative to EBP.
FORMAT_SINK     = -4            # routine: AL character, EDX context; may clobber EAX, ECX, EDX
FORMAT_CONTEXT  = -8
FORMAT_WIDTH    = -12
FORMAT_LEFT     = -16           # 1: aligned left
FORMAT_PAD      = -20           # ' ' or '0'
FORMAT_DIGITS   = -64           # room for one converted argument
FORMAT_LOCALS   = 64

# Context of the buffer sink.
BUFFER_NEXT     = 0             # where the next character goes
BUFFER_LEFT     = 4             # characters that still fit, the NUL not counted

.text

# Formats into a buffer; the text is cut to fit and always terminated.
# In: on the stack buffer, size (at least 1), format, arguments; the caller removes them.
# Out: EAX number of characters stored, the NUL not counted. Preserves the other registers.
.global snprintf
snprintf:
    push    ebp
    mov     ebp, esp
    push    ebx
    push    ecx
    push    edx
    push    esi
    mov     eax, [ebp + 12]
    dec     eax
    push    eax                         # BUFFER_LEFT
    push    [ebp + 8]                   # BUFFER_NEXT
    mov     esi, [ebp + 16]
    lea     ebx, [ebp + 20]
    mov     eax, offset buffer_put
    mov     edx, esp
    call    format
    pop     eax
    mov     byte ptr [eax], 0
    sub     eax, [ebp + 8]
    pop     ecx
    pop     esi
    pop     edx
    pop     ecx
    pop     ebx
    pop     ebp
    ret

# Sink: stores AL in the buffer of the context in EDX while there is room.
buffer_put:
    cmp     dword ptr [edx + BUFFER_LEFT], 0
    je      1f
    dec     dword ptr [edx + BUFFER_LEFT]
    mov     ecx, [edx + BUFFER_NEXT]
    mov     [ecx], al
    inc     dword ptr [edx + BUFFER_NEXT]
1:  ret

# The engine.
# In: EAX sink, EDX its context, ESI format, EBX address of the first argument.
# Clobbers: ESI, EBX too.
.global format
format:
    FRAME   FORMAT_LOCALS
    push    edi
    mov     [ebp + FORMAT_SINK], eax
    mov     [ebp + FORMAT_CONTEXT], edx
format_next:
    lodsb
    test    al, al
    jz      format_done
    cmp     al, '%'
    je      format_directive
    call    format_emit
    jmp     format_next
format_done:
    pop     edi
    ENDFRAME
    ret

format_directive:
    xor     eax, eax
    mov     [ebp + FORMAT_WIDTH], eax
    mov     [ebp + FORMAT_LEFT], eax
    mov     dword ptr [ebp + FORMAT_PAD], ' '
    cmp     byte ptr [esi], '-'
    jne     .Lformat_directive_zero
    inc     esi
    mov     byte ptr [ebp + FORMAT_LEFT], 1
.Lformat_directive_zero:
    cmp     byte ptr [esi], '0'
    jne     .Lformat_directive_width
    inc     esi
    mov     byte ptr [ebp + FORMAT_PAD], '0'
.Lformat_directive_width:
    movzx   eax, byte ptr [esi]
    sub     eax, '0'
    cmp     eax, 9
    ja      .Lformat_directive_conversion
    inc     esi
    imul    ecx, [ebp + FORMAT_WIDTH], 10
    add     eax, ecx
    mov     [ebp + FORMAT_WIDTH], eax
    jmp     .Lformat_directive_width
.Lformat_directive_conversion:
    lodsb
    mov     edx, offset format_conversions
.Lformat_directive_search:
    cmp     byte ptr [edx], 0
    je      .Lformat_directive_unknown
    cmp     al, [edx]
    je      .Lformat_directive_found
    add     edx, 5
    jmp     .Lformat_directive_search
.Lformat_directive_unknown:
    test    al, al                      # unknown: print it as it stands
    jz      format_done
    push    eax
    mov     al, '%'
    call    format_emit
    pop     eax
    call    format_emit
    jmp     format_next
.Lformat_directive_found:
    jmp     [edx + 1]

# %%: a percent sign.
format_percent:
    call    format_emit
    jmp     format_next

# %c: one character.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_character:
    mov     eax, [ebx]
    add     ebx, 4
    mov     [ebp + FORMAT_DIGITS], al
    lea     edi, [ebp + FORMAT_DIGITS]
    mov     ecx, 1
    jmp     format_field

# %s: a string.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_string:
    mov     edi, [ebx]
    add     ebx, 4
    mov     byte ptr [ebp + FORMAT_PAD], ' '
    test    edi, edi
    jnz     1f
    mov     edi, offset format_null
1:  mov     eax, edi
    call    string_length
    mov     ecx, eax
    jmp     format_field

# %d: a signed number.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_signed:
    mov     eax, [ebx]
    add     ebx, 4
    lea     edi, [ebp + FORMAT_DIGITS + 40]
    test    eax, eax
    jns     1f
    neg     eax
    mov     ecx, 10
    call    format_digits
    cmp     byte ptr [ebp + FORMAT_PAD], '0'
    jne     2f
    push    ecx                         # the sign goes before the zeros
    mov     al, '-'
    call    format_emit
    pop     ecx
    cmp     dword ptr [ebp + FORMAT_WIDTH], 0
    je      format_field
    dec     dword ptr [ebp + FORMAT_WIDTH]
    jmp     format_field
2:  dec     edi
    inc     ecx
    mov     byte ptr [edi], '-'
    jmp     format_field
1:  mov     ecx, 10
    call    format_digits
    jmp     format_field

# %u: a number without sign.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_unsigned:
    mov     ecx, 10
    jmp     1f

# %x: a number in hexadecimal digits.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_hexadecimal:
    mov     ecx, 16
1:  mov     eax, [ebx]
    add     ebx, 4
    lea     edi, [ebp + FORMAT_DIGITS + 40]
    call    format_digits
    jmp     format_field

# %I: an IPv4 address as it lies in a packet.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_ipv4:
    mov     eax, [ebx]
    add     ebx, 4
    bswap   eax
    lea     edi, [ebp + FORMAT_DIGITS + 40]
    push    esi
    mov     esi, 4
1:  push    eax
    movzx   eax, al
    mov     ecx, 10
    call    format_digits
    pop     eax
    shr     eax, 8
    dec     esi
    jz      2f
    dec     edi
    mov     byte ptr [edi], '.'
    jmp     1b
2:  pop     esi
    jmp     format_to_end

# %M: a MAC address; the argument points to it.
# In: EBX arguments, EBP frame.
# Out: EBX next argument.
format_mac:
    mov     edx, [ebx]
    add     ebx, 4
    lea     edi, [ebp + FORMAT_DIGITS + 40]
    mov     ecx, 5
1:  mov     al, [edx + ecx]
    call    format_nibble
    mov     al, [edx + ecx]
    shr     al, 4
    call    format_nibble
    dec     ecx
    js      format_to_end
    dec     edi
    mov     byte ptr [edi], ':'
    jmp     1b

# The field lies from EDI to the end of the digits' room.
format_to_end:
    mov     byte ptr [ebp + FORMAT_PAD], ' '
    lea     ecx, [ebp + FORMAT_DIGITS + 40]
    sub     ecx, edi

# Writes ECX characters at EDI, padded to the width.
format_field:
    mov     eax, [ebp + FORMAT_WIDTH]
    sub     eax, ecx
    jns     1f
    xor     eax, eax
1:  cmp     byte ptr [ebp + FORMAT_LEFT], 0
    je      2f
    mov     byte ptr [ebp + FORMAT_PAD], ' '
    push    eax
    call    format_characters
    pop     eax
    call    format_padding
    jmp     format_next
2:  push    ecx
    call    format_padding
    pop     ecx
    call    format_characters
    jmp     format_next

# Emits EAX times the padding character.
format_padding:
    push    eax
1:  dec     dword ptr [esp]
    js      2f
    mov     al, [ebp + FORMAT_PAD]
    call    format_emit
    jmp     1b
2:  pop     eax
    ret

# Emits ECX characters from EDI.
format_characters:
    push    ecx
1:  dec     dword ptr [esp]
    js      2f
    mov     al, [edi]
    inc     edi
    call    format_emit
    jmp     1b
2:  pop     eax
    ret

# Emits AL.
# Clobbers: EAX, ECX, EDX.
format_emit:
    mov     edx, [ebp + FORMAT_CONTEXT]
    jmp     [ebp + FORMAT_SINK]

# Stores one hexadecimal digit before EDI.
# In: AL lower nibble.
# Out: EDI.
# Clobbers: EAX.
format_nibble:
    and     eax, 15
    mov     al, [format_alphabet + eax]
    dec     edi
    mov     [edi], al
    ret

# Converts a number; the digits end before EDI.
# In: EAX value, ECX base, EDI.
# Out: EDI first digit, ECX their number.
# Clobbers: EAX, EDX.
format_digits:
    push    edi
1:  xor     edx, edx
    div     ecx
    mov     dl, [format_alphabet + edx]
    dec     edi
    mov     [edi], dl
    test    eax, eax
    jnz     1b
    pop     ecx
    sub     ecx, edi
    ret

.section .rodata
format_alphabet:
    .ascii  "0123456789abcdef"
format_null:
    .asciz  "(null)"

.macro CONVERSION letter:req, routine:req
    .ascii  "\letter"
    .long   \routine
.endm
format_conversions:
    CONVERSION "s", format_string
    CONVERSION "c", format_character
    CONVERSION "d", format_signed
    CONVERSION "u", format_unsigned
    CONVERSION "x", format_hexadecimal
    CONVERSION "I", format_ipv4
    CONVERSION "M", format_mac
    CONVERSION "%", format_percent
    .byte   0
