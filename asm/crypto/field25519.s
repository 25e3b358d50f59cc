# Numbers modulo p = 2^255 - 19: what X25519 and Ed25519 compute with. They are kept as 8 dwords, anything below 2^256;
# 2^256 is 38. Neither jumps nor addresses depend on a number.

.include "macros.inc"
.include "field25519.inc"

WRAP                    = 38            # 2^256 modulo p
FOLD                    = 19            # 2^255 modulo p

.section .rodata
.balign 4
operations:             .long field_add, field_subtract, field_multiply, field_square

# FIELD_POWER = FIELD_BASE^(2^252 - 3), which is (p - 5) / 8. Comments say which power each result is.
power:
    STEP    SQR, FIELD_WORK, FIELD_BASE, 1
    STEP    SQR, FIELD_POWER, FIELD_WORK, 2
    STEP    MUL, FIELD_POWER, FIELD_POWER, FIELD_BASE   # 9
    STEP    MUL, FIELD_WORK, FIELD_WORK, FIELD_POWER    # 11
    STEP    SQR, FIELD_WORK, FIELD_WORK, 1
    STEP    MUL, FIELD_POWER, FIELD_WORK, FIELD_POWER   # 2^5 - 1
    STEP    SQR, FIELD_WORK, FIELD_POWER, 5
    STEP    MUL, FIELD_POWER, FIELD_WORK, FIELD_POWER   # 2^10 - 1
    STEP    SQR, FIELD_WORK, FIELD_POWER, 10
    STEP    MUL, FIELD_KEPT, FIELD_WORK, FIELD_POWER    # 2^20 - 1
    STEP    SQR, FIELD_WORK, FIELD_KEPT, 20
    STEP    MUL, FIELD_KEPT, FIELD_WORK, FIELD_KEPT     # 2^40 - 1
    STEP    SQR, FIELD_KEPT, FIELD_KEPT, 10
    STEP    MUL, FIELD_KEPT, FIELD_KEPT, FIELD_POWER    # 2^50 - 1
    STEP    SQR, FIELD_WORK, FIELD_KEPT, 50
    STEP    MUL, FIELD_POWER, FIELD_WORK, FIELD_KEPT    # 2^100 - 1
    STEP    SQR, FIELD_WORK, FIELD_POWER, 100
    STEP    MUL, FIELD_POWER, FIELD_WORK, FIELD_POWER   # 2^200 - 1
    STEP    SQR, FIELD_POWER, FIELD_POWER, 50
    STEP    MUL, FIELD_POWER, FIELD_POWER, FIELD_KEPT   # 2^250 - 1
    STEP    SQR, FIELD_POWER, FIELD_POWER, 2
    STEP    MUL, FIELD_POWER, FIELD_POWER, FIELD_BASE   # 2^252 - 3
    STEPS_END
# The power of p - 2 = 8 * (2^252 - 3) + 3, from that of 2^252 - 3.
inverse:
    STEP    SQR, FIELD_POWER, FIELD_POWER, 3
    STEP    SQR, FIELD_WORK, FIELD_BASE, 1
    STEP    MUL, FIELD_WORK, FIELD_WORK, FIELD_BASE
    STEP    MUL, FIELD_POWER, FIELD_POWER, FIELD_WORK
    STEPS_END

.text

# FIELD_POWER = 1 / FIELD_BASE; 0 if that is 0.
# In: EBP frame.
# Clobbers: all but EBP.
.global field_invert
field_invert:
    call    field_power
    mov     esi, offset inverse
    jmp     field_run

# FIELD_POWER = FIELD_BASE^((p - 5) / 8).
# In: EBP frame.
# Clobbers: all but EBP.
.global field_power
field_power:
    mov     esi, offset power

# Runs steps.
# In: EBP frame, ESI the first of them.
# Clobbers: all but EBP.
.global field_run
field_run:
    movzx   ecx, byte ptr [esi]
    cmp     ecx, SQR
    ja      1f
    push    esi
    movzx   edi, byte ptr [esi + 1]
    movzx   ebx, byte ptr [esi + 3]
    movzx   esi, byte ptr [esi + 2]
    shl     edi, FIELD_SHIFT
    shl     esi, FIELD_SHIFT
    shl     ebx, FIELD_SHIFT
    add     edi, ebp
    add     esi, ebp
    add     ebx, ebp
    call    [operations + ecx*4]
    pop     esi
    add     esi, 4
    jmp     field_run
1:  ret

# Brings a number below p.
# In: ESI number.
# Clobbers: EAX.
.global field_reduce
field_reduce:
    call    field_fold                  # below 2^255 + 19,
    call    field_fold                  # below 2^255,
    push    ebx                         # and below p: whoever is not reaches 2^255 with 19 more
    mov     ebx, [esi]
    add     ebx, FOLD
.irp limb, 1, 2, 3, 4, 5, 6, 7
    mov     ebx, [esi + \limb * 4]
    adc     ebx, 0
.endr
    and     ebx, 0x80000000
    or      [esi + (LIMBS - 1) * 4], ebx
    pop     ebx
    call    field_fold
    and     dword ptr [esi + (LIMBS - 1) * 4], 0x7FFFFFFF
    ret

# Takes bit 255 off a number, and adds what it is worth.
# In: ESI number.
# Clobbers: EAX.
field_fold:
    mov     eax, [esi + (LIMBS - 1) * 4]
    btr     dword ptr [esi + (LIMBS - 1) * 4], 31
    sbb     eax, eax
    and     eax, FOLD
    add     [esi], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    adc     dword ptr [esi + \limb * 4], 0
.endr
    ret

# Combines ESI and EBX into EDI: the lowest dwords by one instruction, the others by one that knows the carry.
.macro FIELD_COMBINE lowest:req, others:req
    mov     eax, [esi]
    \lowest eax, [ebx]
    mov     [edi], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [esi + \limb * 4]
    \others eax, [ebx + \limb * 4]
    mov     [edi + \limb * 4], eax
.endr
.endm

# Brings what CF says of the highest dword back into EDI, by the same instructions.
.macro FIELD_WRAP lowest:req, others:req
    sbb     eax, eax
    and     eax, WRAP
    \lowest [edi], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    \others dword ptr [edi + \limb * 4], 0
.endr
.endm

# Adds two numbers.
# In: EDI where the sum goes, ESI, EBX numbers.
# Clobbers: EAX.
field_add:
    FIELD_COMBINE add, adc
    call    field_carry                 # twice: what is added may carry once more, and then is small

# Adds what a carry out of the highest dword is worth.
# In: EDI number, CF.
# Out: CF.
# Clobbers: EAX.
field_carry:
    FIELD_WRAP add, adc
    ret

# Subtracts EBX from ESI.
# In: EDI where the difference goes, ESI, EBX numbers.
# Clobbers: EAX.
field_subtract:
    FIELD_COMBINE sub, sbb
    call    field_borrow

# Subtracts what a borrow from above the highest dword is worth.
# In: EDI number, CF.
# Out: CF.
# Clobbers: EAX.
field_borrow:
    FIELD_WRAP sub, sbb
    ret

# Multiplies two numbers.
# In: EDI where the product goes, ESI, EBX numbers.
# Clobbers: EAX, ECX, EDX, ESI.
field_multiply:
    push    edi
    sub     esp, 2 * FIELD_BYTES
    mov     edi, esp
    xor     eax, eax
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    mov     [edi + \limb * 4], eax
.endr
    mov     ecx, LIMBS
.Lfield_multiply_row:
    push    ecx
    xor     ecx, ecx
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [esi]
    mul     dword ptr [ebx + \limb * 4]
    add     eax, ecx
    adc     edx, 0
    add     [edi + \limb * 4], eax
    adc     edx, 0
    mov     ecx, edx
.endr
    mov     [edi + LIMBS * 4], ecx
    pop     ecx
    add     esi, 4
    add     edi, 4
    dec     ecx
    jnz     .Lfield_multiply_row
    mov     esi, esp
    mov     edi, [esp + 2 * FIELD_BYTES]
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7   # ECX is 0
    mov     eax, WRAP
    mul     dword ptr [esi + FIELD_BYTES + \limb * 4]
    add     eax, ecx
    adc     edx, 0
    add     eax, [esi + \limb * 4]
    adc     edx, 0
    mov     [edi + \limb * 4], eax
    mov     ecx, edx
.endr
    imul    ecx, ecx, WRAP
    add     [edi], ecx
.irp limb, 1, 2, 3, 4, 5, 6, 7
    adc     dword ptr [edi + \limb * 4], 0
.endr
    lea     esp, [esp + 2 * FIELD_BYTES]   # the carry stays
    pop     edi
    jmp     field_carry

# Squares a number again and again.
# In: EDI where the last square goes, ESI number, EBX address in the frame: how often, times FIELD_BYTES; EBP frame.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
field_square:
    sub     ebx, ebp
    shr     ebx, FIELD_SHIFT
1:  push    ebx
    mov     ebx, esi
    call    field_multiply
    pop     ebx
    mov     esi, edi
    dec     ebx
    jnz     1b
    ret
