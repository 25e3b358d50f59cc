# The prefixes of a decoded instruction as text: those that it does not show otherwise.

.include "macros.inc"
.include "instruction.inc"

SEGMENT_DS          = 3

.text

# Writes the prefixes that the text does not show otherwise, and a blank after each.
# In: EBX record, EDI end of the text.
# Out: EDI.
# Clobbers: EAX, ECX, EDX, ESI.
.global prefixes_put
prefixes_put:
    mov     esi, [ebx + DECODED_START]
1:  cmp     esi, [ebx + DECODED_OPCODE]
    jae     3f
    mov     al, [esi]
    call    prefix_text
    test    eax, eax
    jz      2f
    call    put_string
    mov     al, ' '
    stosb
2:  inc     esi
    jmp     1b
3:  ret

# The word for a prefix.
# In: EBX record, ESI the prefix, AL the same.
# Out: EAX word, or 0 when the text shows it.
# Clobbers: ECX, EDX.
prefix_text:
    xor     edx, edx
1:  cmp     al, [prefix_bytes + edx]
    lea     edx, [edx + 1]
    jne     1b
    mov     eax, edx
    sub     eax, 6                      # segments share a number
    jns     2f
    xor     eax, eax
2:  cmp     esi, [ebx + DECODED_LAST + eax*4]
    mov     ecx, [ebx + DECODED_FORM]
    jmp     [prefix_words + eax*4]      # ZF: it is the last of its kind; EDX: 1 for es, 2 for cs, ...

# The word for a segment.
# In: EBX record, ECX form, ZF and EDX as above.
# Out: EAX.
# Clobbers: ECX, EDX.
prefix_segment:
    jne     2f
    cmp     dword ptr [ebx + DECODED_SEGMENT], SEGMENT_DS
    jne     1f
    test    byte ptr [ecx + FORM_SHAPE], SHAPE_NO_TRACK
    LOAD_STRING eax, "notrack"
    jnz     3f
1:  push    edx
    mov     edx, 1 << FIELD_DESTINATION
    call    memory_uses
    pop     edx
    mov     eax, 0
    jnc     3f
2:  lea     eax, [CLASS_SREG*8 - 1 + edx]
    imul    eax, eax, REGISTER_BYTES
    add     eax, offset instruction_registers
3:  ret

# The word for prefix 66.
# In: EBX record, ECX form, ZF as above.
# Out: EAX.
prefix_data:
    LOAD_STRING eax, "data16"
    jne     2f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_SIZE
    jnz     1f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_SIZE_REGISTER
    jz      2f
    cmp     dword ptr [ebx + DECODED_MEMORY], 0
    jne     2f
1:  xor     eax, eax
2:  ret

# The word for prefix 67.
# In: EBX record, ECX form, ZF as above.
# Out: EAX.
# Clobbers: EDX.
prefix_address:
    LOAD_STRING eax, "addr16"
    jne     2f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_MOFFS
    jnz     2f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_ADDRESS
    jnz     1f
    push    eax
    xor     edx, edx
    call    memory_uses
    pop     eax
    jc      2f
1:  xor     eax, eax
2:  ret

# The word for prefix F0.
# Out: EAX.
prefix_lock:
    LOAD_STRING eax, "lock"
    ret

# The word for prefix F3.
# In: EBX record, ECX form, ZF as above.
# Out: EAX.
# Clobbers: EDX.
prefix_rep:
    mov     dl, 4
    call    prefix_is_own
    je      2f
    call    lock_elided
    LOAD_STRING eax, "xrelease"
    je      3f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_RELEASING
    jz      1f
    cmp     dword ptr [ebx + DECODED_MEMORY], 0
    jne     3f
1:  test    byte ptr [ecx + FORM_SHAPE], SHAPE_REP
    LOAD_STRING eax, "rep"
    jnz     3f
    LOAD_STRING eax, "repz"
    ret
2:  xor     eax, eax
3:  ret

# The word for prefix F2.
# In: EBX record, ECX form, ZF as above.
# Out: EAX.
# Clobbers: EDX.
prefix_repne:
    mov     dl, 8
    call    prefix_is_own
    je      1f
    call    lock_elided
    LOAD_STRING eax, "xacquire"
    je      2f
    test    byte ptr [ecx + FORM_SHAPE], SHAPE_BOUNDED
    LOAD_STRING eax, "bnd"
    jnz     2f
    LOAD_STRING eax, "repnz"
    ret
1:  xor     eax, eax
2:  ret

# Whether F2 or F3 belongs to the opcode.
# In: ECX form, DL bit of FORM_MATCH, ZF as above.
# Out: ZF set when so.
# Clobbers: EAX, EDX.
prefix_is_own:
    jne     1f
    mov     al, [ecx + FORM_MATCH]
    and     al, 15
    cmp     al, dl
1:  ret

# Whether F2 or F3 before this instruction elides its lock.
# In: EBX record, ECX form.
# Out: ZF set when so.
lock_elided:
    cmp     dword ptr [ebx + DECODED_MEMORY], 1
    jne     2f
    test    byte ptr [ecx + FORM_SHAPE], SHAPE_LOCKABLE
    jz      1f
    cmp     dword ptr [ebx + DECODED_LAST + PREFIX_LOCK*4], 0
    jne     3f
    test    byte ptr [ecx + FORM_PREFIXES], PREFIXES_ELIDED
    jnz     3f
1:  test    esp, esp                    # ZF clear
2:  ret
3:  cmp     eax, eax
    ret

# Whether an operand is in memory at an address that prefixes change.
# In: EBX record, EDX bits of FIELD_* that do not count.
# Out: CF when none is.
# Clobbers: EAX, ECX.
memory_uses:
    push    esi
    xor     esi, esi
1:  mov     eax, [ebx + DECODED_FORM]
    movzx   eax, byte ptr [eax + FORM_OPERANDS + esi]
    call    operand_find
    jc      2f
    movzx   ecx, byte ptr [eax + OPERAND_FIELD]
    bt      edx, ecx
    jc      2f
    call    in_memory
    clc
    je      3f
2:  inc     esi
    cmp     esi, 3
    jb      1b
    stc
3:  pop     esi
    ret

# Whether an operand is in memory.
# In: EAX operand, EBX record.
# Out: ZF set when it is.
# Clobbers: ECX.
.global in_memory
in_memory:
    cmp     byte ptr [eax + OPERAND_KIND], KIND_NONE
    je      1f
    cmp     byte ptr [eax + OPERAND_FIELD], FIELD_RM
    jne     2f
    cmp     dword ptr [ebx + DECODED_MEMORY], 1
    ret
1:  test    esp, esp                    # ZF clear
    ret
2:  cmp     eax, eax
    ret

.section .rodata
.balign 4
prefix_words:                               # in the order of PREFIX_SEGMENT, ...
    .long   prefix_segment, prefix_data, prefix_address, prefix_lock, prefix_repne, prefix_rep
