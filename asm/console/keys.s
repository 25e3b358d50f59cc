# Keys out of the bytes that a terminal sends: it says arrows and the like as escape sequences. Each line that a
# terminal is at has a decoder.

.include "macros.inc"
.include "keys.inc"
.include "console.inc"

.text

# Decodes one byte: a state machine over ESC [ parameters final, ESC O final. Interrupts off.
# In: AL, EDX decoder.
.global keys_decode
keys_decode:
    push    ebx
    mov     ebx, edx
    movzx   eax, al
    mov     ecx, [ebx + DECODE_STATE]
    call    [decode_states + ecx*4]
    pop     ebx
    ret

# Takes an ESC with nothing after it for the key Escape. Interrupts off.
# In: EDX decoder.
.global keys_pause
keys_pause:
    push    ebx
    mov     ebx, edx
    cmp     dword ptr [ebx + DECODE_STATE], 1
    jne     1f
    mov     dword ptr [ebx + DECODE_STATE], 0
    mov     eax, KEY_ESCAPE
    call    decode_key
1:  pop     ebx
    ret

# Puts a key into the queue of the decoder's console. F12, which begins the debugger, is for console 1 only.
# In: EBX decoder, EAX key.
decode_key:
    mov     edx, [ebx + DECODE_CONSOLE]
    cmp     eax, KEY_F12
    jne     input_put
    cmp     edx, offset console_first
    je      input_put
    ret

# A byte that is in no sequence.
# In: EAX byte, EBX DECODE_* record.
decode_ground:
    xor     ecx, ecx
    xchg    ecx, [ebx + DECODE_AFTER_CR]
    cmp     al, 27
    je      decode_begin
    cmp     al, 13
    jne     1f
    mov     dword ptr [ebx + DECODE_AFTER_CR], 1
    mov     eax, KEY_ENTER
    jmp     decode_key
1:  cmp     al, 10
    jne     2f
    test    ecx, ecx                    # CR LF is one Enter
    jnz     decode_nothing
    jmp     decode_key
2:  cmp     al, 127
    jne     decode_key
    mov     eax, KEY_BACKSPACE
    jmp     decode_key

decode_begin:
    mov     dword ptr [ebx + DECODE_STATE], 1
decode_nothing:
    ret

# The byte after ESC.
# In: EAX byte, EBX DECODE_* record.
decode_escape:
    cmp     al, '['
    je      1f
    cmp     al, 'O'
    je      1f
    mov     dword ptr [ebx + DECODE_STATE], 0
    push    eax                         # not a sequence: Escape, then this
    mov     eax, KEY_ESCAPE
    call    decode_key
    pop     eax
    jmp     decode_ground
1:  mov     dword ptr [ebx + DECODE_STATE], 2
    xor     ecx, ecx
    mov     [ebx + DECODE_PARAMETER], ecx
    mov     [ebx + DECODE_SECOND], ecx
    mov     [ebx + DECODE_SEPARATORS], ecx
    ret

# A byte after ESC [ or ESC O.
# In: EAX byte, EBX DECODE_* record.
decode_sequence:
    cmp     al, '0'
    jb      .Ldecode_sequence_ignored
    cmp     al, '9'
    ja      .Ldecode_sequence_not_digit
    mov     edx, [ebx + DECODE_SEPARATORS]
    cmp     edx, 1
    ja      .Ldecode_sequence_ignored   # a third parameter
    imul    ecx, [ebx + DECODE_PARAMETER + edx*4], 10
    lea     ecx, [ecx + eax - '0']
    mov     [ebx + DECODE_PARAMETER + edx*4], ecx
    ret
.Ldecode_sequence_not_digit:
    cmp     al, ';'
    jne     .Ldecode_sequence_other
    inc     dword ptr [ebx + DECODE_SEPARATORS]
    ret
.Ldecode_sequence_other:
    cmp     al, 0x40
    jae     .Ldecode_sequence_final
.Ldecode_sequence_ignored:
    ret                                 # intermediate bytes
.Ldecode_sequence_final:
    mov     dword ptr [ebx + DECODE_STATE], 0
    cmp     al, 'R'                     # the place of the cursor, or the key F3
    jne     .Ldecode_sequence_code
    cmp     dword ptr [ebx + DECODE_SEPARATORS], 1
    jne     .Ldecode_sequence_code
    cmp     dword ptr [ebx + DECODE_CONSOLE], offset console_first
    jne     .Ldecode_sequence_code
    push    eax
    mov     eax, [ebx + DECODE_PARAMETER]
    mov     edx, [ebx + DECODE_SECOND]
    call    terminal_answer
    pop     eax
    jnc     decode_nothing
.Ldecode_sequence_code:
    mov     ecx, [ebx + DECODE_PARAMETER]
    shl     ecx, 8
    cmp     al, '~'                     # only here the parameter says which key
    je      .Ldecode_sequence_key
    xor     ecx, ecx
.Ldecode_sequence_key:
    or      eax, ecx
    mov     edx, offset escape_keys
.Ldecode_sequence_next:
    movzx   ecx, word ptr [edx]
    test    ecx, ecx
    jz      decode_nothing
    add     edx, 4
    cmp     eax, ecx
    jne     .Ldecode_sequence_next
    movzx   eax, word ptr [edx - 2]
    jmp     decode_key

.section .rodata
.balign 4
decode_states:
    .long   decode_ground, decode_escape, decode_sequence

# What ends a sequence -> key: final byte, or parameter << 8 | '~' (xterm, VT220, Linux console).
.macro ESCAPE_KEY code, key
    .word   \code, \key
.endm
escape_keys:
    ESCAPE_KEY 'A', KEY_UP
    ESCAPE_KEY 'B', KEY_DOWN
    ESCAPE_KEY 'C', KEY_RIGHT
    ESCAPE_KEY 'D', KEY_LEFT
    ESCAPE_KEY 'H', KEY_HOME
    ESCAPE_KEY 'F', KEY_END
    ESCAPE_KEY 'P', KEY_F1
    ESCAPE_KEY 'Q', KEY_F1+1
    ESCAPE_KEY 'R', KEY_F1+2
    ESCAPE_KEY 'S', KEY_F1+3
    ESCAPE_KEY 0x017E, KEY_HOME
    ESCAPE_KEY 0x027E, KEY_INSERT
    ESCAPE_KEY 0x037E, KEY_DELETE
    ESCAPE_KEY 0x047E, KEY_END
    ESCAPE_KEY 0x057E, KEY_PAGE_UP
    ESCAPE_KEY 0x067E, KEY_PAGE_DOWN
    ESCAPE_KEY 0x0B7E, KEY_F1
    ESCAPE_KEY 0x0C7E, KEY_F1+1
    ESCAPE_KEY 0x0D7E, KEY_F1+2
    ESCAPE_KEY 0x0E7E, KEY_F1+3
    ESCAPE_KEY 0x0F7E, KEY_F1+4
    ESCAPE_KEY 0x117E, KEY_F1+5
    ESCAPE_KEY 0x127E, KEY_F1+6
    ESCAPE_KEY 0x137E, KEY_F1+7
    ESCAPE_KEY 0x147E, KEY_F1+8
    ESCAPE_KEY 0x157E, KEY_F1+9
    ESCAPE_KEY 0x177E, KEY_F1+10
    ESCAPE_KEY 0x187E, KEY_F12
    .word   0
