# Decoding of an instruction for the debugger (Intel SDM volume 2A, chapter 2): the format is here, all else comes from
# the table that is made from the one of the tools.

.include "macros.inc"
.include "instruction.inc"

ESCAPE              = 0x0F                  # to the other maps of opcodes
ESCAPE_38           = 0x38
ESCAPE_3A           = 0x3A
SEGMENTS            = 6                     # prefixes that are segments
PREFIX_COUNT        = 11
REGISTER_SIB        = 4                     # of ModRM.rm: a SIB byte; of its index: none
REGISTER_NONE       = 5                     # without displacement by ModRM.mod: a 32-bit one in place of the base
ADDRESS16_NONE      = 6

.text

# Decodes the instruction at an address, as 32-bit code.
# In: EAX address.
# Out: EAX its DECODED_* record; CF when it is none, or not all of it is mapped.
.global instruction_decode
instruction_decode:
    push    ebx
    push    esi
    push    edi
    mov     edx, eax
    mov     ebx, offset decoded
    mov     edi, ebx
    mov     ecx, DECODED_SIZE / 4
    xor     eax, eax
    rep stosd
    mov     [ebx + DECODED_ADDRESS], edx
    call    bytes_fetch
    lea     esi, [ebx + DECODED_BYTES]
    mov     [ebx + DECODED_START], esi
    cmp     byte ptr [esi], 0x9B        # FWAIT, and an x87 instruction: one line
    jne     1f
    mov     al, [esi + 1]
    and     al, 0xF8
    cmp     al, 0xD8
    jne     1f
    inc     esi
    call    decode_at
    jnc     2f
    lea     esi, [ebx + DECODED_BYTES]
1:  call    decode_at
2:  mov     eax, ebx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Copies the bytes of an instruction that are mapped.
# In: EBX record.
# Clobbers: ESI, EDI.
bytes_fetch:
    mov     esi, [ebx + DECODED_ADDRESS]
    lea     edi, [ebx + DECODED_BYTES]
1:  mov     eax, esi
    call    address_is_mapped
    jc      2f
    movsb
    inc     dword ptr [ebx + DECODED_COUNT]
    cmp     dword ptr [ebx + DECODED_COUNT], INSTRUCTION_BYTES
    jb      1b
2:  ret

# Decodes.
# In: EBX record, ESI the first byte.
# Out: CF when it is no instruction.
# Clobbers: ESI, EDI.
decode_at:
    mov     [ebx + DECODED_START], esi
    mov     dword ptr [ebx + DECODED_SEGMENT], -1
    mov     dword ptr [ebx + DECODED_BASE], -1
    mov     dword ptr [ebx + DECODED_INDEX], -1
    mov     dword ptr [ebx + DECODED_MEMORY], 0
    call    prefixes_read
    jc      .Ldecode_at_done
    mov     [ebx + DECODED_OPCODE], esi
    xor     edx, edx                    # EDX: map * 256
    xor     eax, eax
    lodsb
    cmp     al, ESCAPE
    jne     .Ldecode_at_map
    mov     dh, 1
    lodsb
    cmp     al, ESCAPE_38
    je      .Ldecode_at_third
    cmp     al, ESCAPE_3A
    jne     .Ldecode_at_map
    inc     dh
.Ldecode_at_third:
    inc     dh
    lodsb
.Ldecode_at_map:
    mov     [ebx + DECODED_CODE], eax
    or      eax, edx
    movzx   edi, word ptr [instruction_maps + eax*2]
    cmp     edi, MAP_NONE
    je      .Ldecode_at_none
    imul    edi, edi, FORM_SIZE
    add     edi, offset instruction_forms
    movzx   eax, byte ptr [esi]
    mov     [ebx + DECODED_MODRM], eax
.Ldecode_at_form:
    call    form_fits
    je      .Ldecode_at_fits
    test    byte ptr [edi + FORM_MATCH], FORM_LAST
    lea     edi, [edi + FORM_SIZE]
    jz      .Ldecode_at_form
.Ldecode_at_none:
    stc
    ret
.Ldecode_at_fits:
    mov     [ebx + DECODED_FORM], edi
    mov     al, [edi + FORM_MATCH]
    test    al, FORM_MODRM
    jz      .Ldecode_at_values
    inc     esi
    test    al, FORM_REGISTER
    jnz     .Ldecode_at_values
    cmp     byte ptr [ebx + DECODED_MODRM], 0xC0
    jae     .Ldecode_at_values
    mov     dword ptr [ebx + DECODED_MEMORY], 1
    call    address_read
.Ldecode_at_values:
    call    values_read
    lea     eax, [ebx + DECODED_BYTES]
    sub     esi, eax
    mov     [ebx + DECODED_LENGTH], esi
    cmp     [ebx + DECODED_COUNT], esi
.Ldecode_at_done:
    ret

# Reads the prefixes.
# In: EBX record, ESI the first byte.
# Out: ESI the first byte after them; CF when there are too many.
# Clobbers: EDI.
prefixes_read:
    lodsb
    mov     edi, offset prefix_bytes
    mov     ecx, PREFIX_COUNT
    repne scasb
    jne     2f
    sub     edi, offset prefix_bytes + 1    # EDI: its number among them
    cmp     edi, SEGMENTS
    jae     1f
    mov     [ebx + DECODED_SEGMENT], edi
    mov     edi, SEGMENTS - 1
1:  dec     esi
    mov     [ebx + DECODED_LAST + (edi - SEGMENTS + 1)*4], esi
    inc     esi
    lea     eax, [ebx + DECODED_BYTES + INSTRUCTION_BYTES]
    cmp     esi, eax
    jb      prefixes_read
    stc
    ret
2:  dec     esi
    xor     edx, edx
    mov     eax, 32
    cmp     edx, [ebx + DECODED_LAST + PREFIX_ADDRESS*4]
    jz      3f
    mov     al, 16
3:  mov     [ebx + DECODED_WIDTH], eax
    mov     al, 32
    cmp     edx, [ebx + DECODED_LAST + PREFIX_DATA*4]
    jz      4f
    mov     al, 16
    inc     edx
4:  mov     [ebx + DECODED_OPERAND], eax
    mov     eax, [ebx + DECODED_LAST + PREFIX_REP*4]
    mov     ecx, [ebx + DECODED_LAST + PREFIX_REPNE*4]
    mov     edi, eax
    or      edi, ecx
    jz      .Lprefixes_read_class
    cmp     ecx, eax                    # the later counts
    mov     edx, 2
    jb      .Lprefixes_read_class
    inc     edx
.Lprefixes_read_class:
    mov     [ebx + DECODED_CLASS], edx
    clc
    ret

# Whether a form is the one.
# In: EBX record, EDI form.
# Out: ZF set when it is.
# Clobbers: EAX, ECX, EDX.
form_fits:
    movzx   edx, byte ptr [edi + FORM_MATCH]
    mov     ecx, [ebx + DECODED_CLASS]
    mov     eax, edx
    shr     eax, cl
    not     eax
    test    al, 1
    jnz     1f
    test    dl, FORM_MODRM
    jz      1f
    mov     al, [ebx + DECODED_MODRM]
    and     al, [edi + FORM_MASK]
    cmp     al, [edi + FORM_VALUE]
    jne     1f
    test    dl, FORM_MEMORY
    jz      1f
    cmp     byte ptr [ebx + DECODED_MODRM], 0xC0
    jae     2f
    xor     eax, eax
1:  ret
2:  test    esp, esp                    # ZF clear
    ret

# Reads a number.
# In: ESI its first byte, ECX how many bytes: 0, 1, 2 or 4.
# Out: EAX the number, sign-extended; ESI after it.
# Clobbers: EAX only.
number_read:
    add     esi, ecx
    cmp     ecx, 2
    je      1f
    ja      2f
    jecxz   3f
    movsx   eax, byte ptr [esi - 1]
    ret
1:  movsx   eax, word ptr [esi - 2]
    ret
2:  mov     eax, [esi - 4]
    ret
3:  xor     eax, eax
    ret

# Reads ModRM's address.
# In: EBX record, ESI the byte after ModRM.
# Out: ESI after the address.
# Clobbers: EAX, ECX, EDX.
address_read:
    mov     edx, [ebx + DECODED_MODRM]
    mov     eax, edx
    and     eax, 7                      # EAX: r/m
    shr     edx, 6                      # EDX: mod
    cmp     dword ptr [ebx + DECODED_WIDTH], 16
    je      .Laddress_read_short
    mov     ecx, [widths_32 + edx*4]
    cmp     eax, REGISTER_SIB
    jne     .Laddress_read_base
    inc     dword ptr [ebx + DECODED_SIB]
    movzx   eax, byte ptr [esi]
    inc     esi
    push    eax
    push    eax
    shr     eax, 6
    mov     [ebx + DECODED_SHIFT], eax
    pop     eax
    shr     eax, 3
    and     eax, 7
    cmp     eax, REGISTER_SIB
    je      .Laddress_read_no_index
    mov     [ebx + DECODED_INDEX], eax
.Laddress_read_no_index:
    pop     eax
    and     eax, 7
.Laddress_read_base:
    mov     [ebx + DECODED_BASE], eax
    test    edx, edx
    jnz     .Laddress_read_offset
    cmp     eax, REGISTER_NONE
    jne     .Laddress_read_offset
    mov     ecx, 4
.Laddress_read_bare:
    mov     dword ptr [ebx + DECODED_BASE], -1
.Laddress_read_offset:
    mov     [ebx + DECODED_OFFSET_BYTES], ecx
    call    number_read
    mov     [ebx + DECODED_OFFSET], eax
    ret
.Laddress_read_short:
    mov     ecx, edx                    # mod says the bytes
    push    edx
    movsx   edx, byte ptr [address_bases + eax]
    mov     [ebx + DECODED_BASE], edx
    movsx   edx, byte ptr [address_indices + eax]
    mov     [ebx + DECODED_INDEX], edx
    pop     edx
    test    edx, edx
    jnz     .Laddress_read_offset
    cmp     eax, ADDRESS16_NONE
    jne     .Laddress_read_offset
    mov     ecx, 2
    jmp     .Laddress_read_bare

# Reads what lies after the address.
# In: EBX record, ESI the byte after the address.
# Out: ESI after the instruction.
# Clobbers: EAX, ECX, EDX, EDI.
values_read:
    mov     edi, FORM_OPERANDS
    xor     edx, edx                    # EDX: immediates
.Lvalues_read_next:
    mov     eax, [ebx + DECODED_FORM]
    movzx   eax, byte ptr [eax + edi]
    call    operand_find
    jc      .Lvalues_read_done
    mov     ecx, [ebx + DECODED_OPERAND]
    cmp     byte ptr [eax + OPERAND_BITS], 1
    je      .Lvalues_read_bytes
    movzx   ecx, byte ptr [eax + OPERAND_BITS]
.Lvalues_read_bytes:
    shr     ecx, 3
    push    edx
    movzx   edx, byte ptr [eax + OPERAND_SIGNED]
    mov     al, [eax + OPERAND_FIELD]
    cmp     al, FIELD_IMMEDIATE
    je      .Lvalues_read_immediate
    cmp     al, FIELD_RELATIVE
    je      .Lvalues_read_relative
    cmp     al, FIELD_FAR
    je      .Lvalues_read_far
    cmp     al, FIELD_MOFFS
    je      .Lvalues_read_moffs
    pop     edx
.Lvalues_read_on:
    inc     edi
    cmp     edi, FORM_OPERANDS + 3
    jb      .Lvalues_read_next
.Lvalues_read_done:
    ret
.Lvalues_read_immediate:
    call    number_read
    test    edx, edx
    jnz     .Lvalues_read_signed
    call    number_unsigned
.Lvalues_read_signed:
    pop     edx
    mov     [ebx + DECODED_VALUE + edx*4], eax
    inc     edx
    jmp     .Lvalues_read_on
.Lvalues_read_relative:
    call    number_read
    mov     [ebx + DECODED_VALUE], eax
    pop     edx
    jmp     .Lvalues_read_on
.Lvalues_read_far:
    call    number_read
    call    number_unsigned
    mov     [ebx + DECODED_VALUE], eax
    movzx   eax, word ptr [esi]
    add     esi, 2
    mov     [ebx + DECODED_SECOND], eax
    pop     edx
    jmp     .Lvalues_read_on
.Lvalues_read_moffs:
    mov     ecx, [ebx + DECODED_WIDTH]
    shr     ecx, 3
    mov     [ebx + DECODED_OFFSET_BYTES], ecx
    call    number_read
    call    number_unsigned
    mov     [ebx + DECODED_OFFSET], eax
    pop     edx
    jmp     .Lvalues_read_on

# Takes the sign away that number_read has given a number.
# In: EAX number, ECX its bytes.
# Out: EAX.
# Clobbers: EAX only.
number_unsigned:
    cmp     ecx, 2
    ja      2f
    je      1f
    movzx   eax, al
    ret
1:  movzx   eax, ax
2:  ret

# The record of an operand.
# In: EAX its number from 1, or 0.
# Out: EAX address; CF for 0.
# Clobbers: EAX only.
.global operand_find
operand_find:
    sub     eax, 1
    jc      1f
    imul    eax, eax, OPERAND_SIZE
    add     eax, offset instruction_operands    # no carry: both are small
1:  ret

.section .rodata
.global prefix_bytes
prefix_bytes:       .byte 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3
address_bases:      .byte 3, 3, 5, 5, 6, 7, 5, 3    # of 16-bit addresses, by r/m
address_indices:    .byte 6, 7, 6, 7, -1, -1, -1, -1
.balign 4
widths_32:          .long 0, 1, 4, 0                # bytes of displacement, by mod

.bss
.balign 4
decoded:            .space DECODED_SIZE
