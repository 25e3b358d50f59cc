# A decoded instruction as text, in Intel's syntax, as `qure objdump -d -M intel` writes it. SSE's comparisons show
# their predicate as a number.

.include "macros.inc"
.include "instruction.inc"

SEGMENT_DS          = 3
MNEMONIC_WIDTH      = 6                     # at least, with its prefixes
SIB_NONE            = 4                     # the base that needs a SIB byte

.text

# Writes an instruction.
# In: EAX its DECODED_* record, EDX buffer of INSTRUCTION_TEXT_BYTES.
# Out: DECODED_TARGET.
.global instruction_text
instruction_text:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, edx
    mov     ebp, edx                    # EBP: where the text begins
    call    prefixes_put
    call    name_put
    add     ebp, MNEMONIC_WIDTH
    xor     esi, esi                    # ESI: number of the operand, from 0
    push    0                           # immediates
1:  mov     eax, [ebx + DECODED_FORM]
    movzx   eax, byte ptr [eax + FORM_OPERANDS + esi]
    call    operand_find
    jc      4f
    mov     edx, eax
    mov     al, ','
    test    esi, esi
    jnz     3f
    mov     al, ' '
2:  cmp     edi, ebp
    jae     3f
    stosb
    jmp     2b
3:  stosb
    mov     ecx, [esp]
    call    operand_put
    mov     [esp], ecx
    inc     esi
    cmp     esi, 3
    jb      1b
4:  pop     ecx
    mov     byte ptr [edi], 0
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Appends a string.
# In: EAX string, EDI end of the text.
# Out: EDI.
# Clobbers: EAX only.
.global put_string
put_string:
    push    esi
    mov     esi, eax
1:  lodsb
    test    al, al
    jz      2f
    stosb
    jmp     1b
2:  pop     esi
    ret

# Appends a number in hexadecimal.
# In: EAX number, EDI end of the text.
# Out: EDI.
# Clobbers: EAX only.
put_hex:
    SNPRINTF edi, 16, "0x%x", eax
    add     edi, eax
    ret

# Appends the name of a register.
# In: EAX number, EDX class, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, EDX.
put_register:
    lea     eax, [eax + edx*8]
    imul    eax, eax, REGISTER_BYTES
    add     eax, offset instruction_registers
    jmp     put_string

# Writes the mnemonic.
# In: EBX record, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX, EDX.
name_put:
    mov     ecx, [ebx + DECODED_FORM]
    movzx   eax, word ptr [ecx + FORM_NAME]
    add     eax, offset instruction_names
    mov     cl, [ecx + FORM_SHAPE]      # CL: SHAPE_*
    mov     edx, [ebx + DECODED_WIDTH]
    test    cl, SHAPE_SIZED
    jz      1f
    mov     edx, [ebx + DECODED_OPERAND]
1:  test    cl, SHAPE_NAME16
    jz      .Lname_put_name
    cmp     edx, 16
    jne     .Lname_put_name
2:  inc     eax
    cmp     byte ptr [eax - 1], 0
    jne     2b
.Lname_put_name:
    lea     edx, [ebx + DECODED_BYTES]
    cmp     [ebx + DECODED_START], edx
    je      3f
    cmp     word ptr [eax], 0x6E66      # "fn" after FWAIT
    jne     3f
    mov     byte ptr [edi], 'f'
    inc     edi
    add     eax, 2
3:  call    put_string
    cmp     dword ptr [ebx + DECODED_OPERAND], 16
    mov     al, 'w'
    je      .Lname_put_size
    mov     al, 'd'
    and     cl, ~SHAPE_SUFFIX
.Lname_put_size:
    test    cl, SHAPE_SUFFIX | SHAPE_DESCRIPTOR
    jz      4f
    stosb
4:  ret

# Writes an operand.
# In: EBX record, EDX operand, ECX immediates before it, EDI end of the text.
# Out: ECX, EDI.
# Clobbers: EAX, EDX.
operand_put:
    movzx   eax, byte ptr [edx + OPERAND_FIELD]
    cmp     al, FIELD_IMMEDIATE
    je      .Loperand_put_immediate
    cmp     al, FIELD_RELATIVE
    je      .Loperand_put_relative
    cmp     al, FIELD_FAR
    je      .Loperand_put_far
    push    ecx
    mov     eax, edx
    call    in_memory
    je      .Loperand_put_memory
    cmp     byte ptr [edx + OPERAND_CLASS], CLASS_NONE
    je      .Loperand_put_digit
    call    register_put
    pop     ecx
    ret
.Loperand_put_memory:
    call    memory_put
    pop     ecx
    ret
.Loperand_put_digit:
    mov     al, [edx + OPERAND_FIXED]
    add     al, '0'
    stosb
    pop     ecx
    ret
.Loperand_put_immediate:
    mov     eax, [ebx + DECODED_VALUE + ecx*4]
    inc     ecx
    cmp     byte ptr [edx + OPERAND_SIGNED], 0
    je      put_hex
    cmp     dword ptr [ebx + DECODED_OPERAND], 16
    jne     put_hex
    movzx   eax, ax
    jmp     put_hex
.Loperand_put_relative:
    mov     eax, [ebx + DECODED_ADDRESS]
    add     eax, [ebx + DECODED_LENGTH]
    add     eax, [ebx + DECODED_VALUE]
    cmp     byte ptr [edx + OPERAND_BITS], 1
    jne     .Loperand_put_target
    cmp     dword ptr [ebx + DECODED_OPERAND], 16
    jne     .Loperand_put_target
    movzx   eax, ax
.Loperand_put_target:
    mov     [ebx + DECODED_TARGET], eax
    jmp     put_hex
.Loperand_put_far:
    mov     eax, [ebx + DECODED_SECOND]
    call    put_hex
    mov     al, ':'
    stosb
    mov     eax, [ebx + DECODED_VALUE]
    jmp     put_hex

# Writes a register.
# In: EBX record, EDX operand, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX, EDX.
register_put:
    mov     eax, [ebx + DECODED_MODRM]
    mov     cl, [edx + OPERAND_FIELD]
    cmp     cl, FIELD_RM
    je      2f
    cmp     cl, FIELD_REG
    jne     1f
    shr     eax, 3
    jmp     2f
1:  movzx   eax, byte ptr [edx + OPERAND_FIXED]
    cmp     cl, FIELD_OPCODE
    jne     2f
    mov     eax, [ebx + DECODED_CODE]
    mov     ecx, [ebx + DECODED_FORM]
    test    byte ptr [ecx + FORM_MATCH], FORM_MODRM
    jz      2f
    mov     eax, [ebx + DECODED_MODRM]
2:  and     eax, 7
    movzx   ecx, byte ptr [edx + OPERAND_FIELD]
    movzx   edx, byte ptr [edx + OPERAND_CLASS]
    cmp     edx, CLASS_SIZED
    jne     3f
    mov     edx, CLASS_R32
    cmp     dword ptr [ebx + DECODED_OPERAND], 16
    jne     put_register
    mov     edx, CLASS_R16
3:  cmp     edx, CLASS_ST
    jne     put_register
    cmp     ecx, FIELD_FIXED
    jne     put_register
    mov     ax, 0x7473                  # "st": the top, which the opcode says
    stosw
    ret

# Writes an operand in memory.
# In: EBX record, EDX operand, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX, EDX.
memory_put:
    push    esi
    movzx   esi, byte ptr [edx + OPERAND_FIELD]     # ESI: FIELD_*
    cmp     esi, FIELD_MOFFS
    je      .Lmemory_put_segment
    call    size_put
.Lmemory_put_segment:
    mov     eax, [ebx + DECODED_SEGMENT]
    cmp     esi, FIELD_DESTINATION
    je      .Lmemory_put_extra
    cmp     esi, FIELD_SOURCE
    je      .Lmemory_put_always
    cmp     esi, FIELD_TABLE
    je      .Lmemory_put_always
    mov     ecx, [ebx + DECODED_FORM]
    test    byte ptr [ecx + FORM_SHAPE], SHAPE_NO_TRACK
    jz      .Lmemory_put_known
    cmp     eax, SEGMENT_DS
    jne     .Lmemory_put_known
    or      eax, -1
.Lmemory_put_known:
    cmp     esi, FIELD_MOFFS
    je      .Lmemory_put_absolute
    mov     ecx, [ebx + DECODED_BASE]
    and     ecx, [ebx + DECODED_INDEX]
    cmp     ecx, -1
    jne     .Lmemory_put_brackets
    cmp     dword ptr [ebx + DECODED_SIB], 0
    jne     .Lmemory_put_brackets
.Lmemory_put_absolute:
    call    override_put
    mov     eax, [ebx + DECODED_OFFSET]
    cmp     dword ptr [ebx + DECODED_WIDTH], 16
    jne     .Lmemory_put_number
    movzx   eax, ax
.Lmemory_put_number:
    mov     [ebx + DECODED_TARGET], eax
    call    put_hex
    jmp     .Lmemory_put_done
.Lmemory_put_extra:
    xor     eax, eax
.Lmemory_put_always:
    call    override_put
    jmp     .Lmemory_put_open
.Lmemory_put_brackets:
    test    eax, eax
    js      .Lmemory_put_open
    call    override_put
.Lmemory_put_open:
    mov     al, '['
    stosb
    call    address_put
    mov     al, ']'
    stosb
.Lmemory_put_done:
    pop     esi
    ret

# Writes the name of a segment, and a colon.
# In: EAX its number, negative for DS; EDI end of the text.
# Out: EDI.
# Clobbers: EAX, EDX.
override_put:
    test    eax, eax
    jns     1f
    mov     eax, SEGMENT_DS
1:  mov     edx, CLASS_SREG
    call    put_register
    mov     al, ':'
    stosb
    ret

# Writes the size of an operand in memory, if it has one.
# In: EBX record, EDX operand, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX.
size_put:
    mov     ecx, [ebx + DECODED_OPERAND]
    movzx   eax, byte ptr [edx + OPERAND_BITS]
    cmp     eax, 1
    je      1f
    mov     ecx, eax
1:  mov     al, [edx + OPERAND_KIND]
    cmp     al, KIND_LINE
    jbe     3f
    cmp     al, KIND_PAIR
    ja      4f
    mov     eax, 64
    je      2f
    mov     al, 48
2:  cmp     ecx, 16
    mov     ecx, 32
    je      3f
    mov     ecx, eax
3:  jecxz   4f
    shr     ecx, 4
    mov     eax, [size_words + ecx*4]
    jmp     put_string
4:  ret

# Writes the registers and the displacement of an address.
# In: EBX record, ESI FIELD_*, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX, EDX.
address_put:
    mov     ecx, CLASS_R32              # ECX: class of the registers
    cmp     dword ptr [ebx + DECODED_WIDTH], 16
    jne     .Laddress_put_field
    mov     ecx, CLASS_R16
.Laddress_put_field:
    mov     edx, ecx
    cmp     esi, FIELD_RM
    je      .Laddress_put_modrm
    movzx   eax, byte ptr [implicit_bases - FIELD_DESTINATION + esi]
    jmp     put_register
.Laddress_put_modrm:
    mov     eax, [ebx + DECODED_BASE]
    test    eax, eax
    js      .Laddress_put_index
    call    put_register
.Laddress_put_index:
    mov     edx, ecx
    mov     eax, [ebx + DECODED_INDEX]
    test    eax, eax
    jns     .Laddress_put_plus
    cmp     dword ptr [ebx + DECODED_SIB], 0
    je      .Laddress_put_offset
    cmp     dword ptr [ebx + DECODED_BASE], SIB_NONE
    jne     .Laddress_put_plus
    cmp     dword ptr [ebx + DECODED_SHIFT], 0
    je      .Laddress_put_offset
.Laddress_put_plus:
    cmp     dword ptr [ebx + DECODED_BASE], 0
    jl      .Laddress_put_name
    mov     byte ptr [edi], '+'
    inc     edi
.Laddress_put_name:
    test    eax, eax
    js      .Laddress_put_none
    call    put_register
    jmp     .Laddress_put_scale
.Laddress_put_none:
    LOAD_STRING eax, "eiz"
    call    put_string
.Laddress_put_scale:
    cmp     dword ptr [ebx + DECODED_WIDTH], 16
    je      .Laddress_put_offset
    mov     al, '*'
    stosb
    mov     ecx, [ebx + DECODED_SHIFT]
    mov     al, 1
    shl     al, cl
    add     al, '0'
    stosb
.Laddress_put_offset:
    cmp     dword ptr [ebx + DECODED_OFFSET_BYTES], 0
    je      .Laddress_put_done
    mov     eax, [ebx + DECODED_OFFSET]
    mov     byte ptr [edi], '+'
    test    eax, eax
    jns     .Laddress_put_number
    mov     byte ptr [edi], '-'
    neg     eax
.Laddress_put_number:
    inc     edi
    jmp     put_hex
.Laddress_put_done:
    ret

.section .rodata
implicit_bases:     .byte 7, 6, 3           # of FIELD_DESTINATION, FIELD_SOURCE, FIELD_TABLE
.balign 4
size_words:                                 # by bits / 16
    .long   size_byte, size_word, size_dword, size_fword, size_qword, size_tbyte, 0, 0, size_xmmword
STRING size_byte, "BYTE PTR "
STRING size_word, "WORD PTR "
STRING size_dword, "DWORD PTR "
STRING size_fword, "FWORD PTR "
STRING size_qword, "QWORD PTR "
STRING size_tbyte, "TBYTE PTR "
STRING size_xmmword, "XMMWORD PTR "
