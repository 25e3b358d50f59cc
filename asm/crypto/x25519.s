# X25519 (RFC 7748): what two who know only each other's public number can compute, and nobody else. Numbers modulo
# p = 2^255 - 19 are kept as 8 dwords, anything below 2^256; 2^256 is 38. Neither jumps nor addresses depend on a
# secret.

.include "macros.inc"
.include "crypto.inc"

LIMBS                   = X25519_BYTES / 4
WRAP                    = 38            # 2^256 modulo p
FOLD                    = 19            # 2^255 modulo p
TOP_BIT                 = 254           # the highest that a scalar has
A24                     = 121665        # (486662 - 2) / 4
# p - 2 has ones in bits 0 to 254, but for these.
INVERSE_ZERO_1          = 4
INVERSE_ZERO_2          = 2

# Numbers in the frame.
X1 = 0
X2 = 1
Z2 = 2
X3 = 3
Z3 = 4
AA = 5
BB = 6
CC = 7
DD = 8
EE = 9
KK = 10                                 # A24
SLOTS                   = 11
FRAME_SCALAR            = SLOTS * X25519_BYTES
FRAME_SIZE              = FRAME_SCALAR + X25519_BYTES

.section .rodata
.balign 4
# The public number of the scalar that is given with it.
.global x25519_base
x25519_base:            .long 9, 0, 0, 0, 0, 0, 0, 0
operations:             .long field_add, field_subtract, field_multiply
ADD = 0
SUB = 1
MUL = 2
# A step of the ladder, as in RFC 7748, section 5: operation, where to, of what.
.macro STEP operation:req, to:req, first:req, second:req
    .byte   \operation, \to, \first, \second
.endm
ladder:
    STEP    ADD, AA, X2, Z2
    STEP    SUB, BB, X2, Z2
    STEP    ADD, CC, X3, Z3
    STEP    SUB, DD, X3, Z3
    STEP    MUL, DD, DD, AA             # DA
    STEP    MUL, CC, CC, BB             # CB
    STEP    MUL, AA, AA, AA
    STEP    MUL, BB, BB, BB
    STEP    SUB, EE, AA, BB
    STEP    MUL, X2, AA, BB
    STEP    MUL, Z2, KK, EE
    STEP    ADD, Z2, Z2, AA
    STEP    MUL, Z2, Z2, EE
    STEP    ADD, X3, DD, CC
    STEP    MUL, X3, X3, X3
    STEP    SUB, Z3, DD, CC
    STEP    MUL, Z3, Z3, Z3
    STEP    MUL, Z3, Z3, X1
ladder_end:
square:
    STEP    MUL, AA, AA, AA
square_end:
times:
    STEP    MUL, AA, AA, Z2
times_end:
quotient:
    STEP    MUL, X2, X2, AA
quotient_end:

.text

# Multiplies a public number by a scalar.
# In: EAX where the product goes, EDX scalar, ECX public number; X25519_BYTES each.
# Out: ZF when the product is 0: then the other's number was none that a scalar gives.
.global x25519
x25519:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    push    eax
    push    ecx
    mov     edi, ebp
    mov     esi, edx
    xor     eax, eax
    mov     ecx, FRAME_SCALAR / 4
    rep stosd
    mov     ecx, LIMBS
    rep movsd
    and     byte ptr [ebp + FRAME_SCALAR], 0xF8
    and     byte ptr [ebp + FRAME_SCALAR + 31], 0x7F
    or      byte ptr [ebp + FRAME_SCALAR + 31], 0x40
    pop     esi
    mov     edi, ebp                    # X1
    mov     ecx, LIMBS
    rep movsd
    and     byte ptr [ebp + 31], 0x7F
    mov     esi, ebp
    lea     edi, [ebp + X3 * X25519_BYTES]
    mov     ecx, LIMBS
    rep movsd
    inc     dword ptr [ebp + X2 * X25519_BYTES]
    inc     dword ptr [ebp + Z3 * X25519_BYTES]
    mov     dword ptr [ebp + KK * X25519_BYTES], A24

    mov     ebx, TOP_BIT
    xor     esi, esi                    # ESI: mask of the bit before, all ones or 0
.Lx25519_bit:
    bt      [ebp + FRAME_SCALAR], ebx
    sbb     edi, edi
    xor     esi, edi
    call    x25519_swap
    mov     esi, edi
    push    ebx
    push    esi
    mov     esi, offset ladder
    mov     edi, offset ladder_end
    call    x25519_run
    pop     esi
    pop     ebx
    dec     ebx
    jns     .Lx25519_bit
    call    x25519_swap

    call    x25519_invert
    mov     esi, offset quotient
    mov     edi, offset quotient_end
    call    x25519_run

    call    x25519_reduce
    pop     edi
    xor     edx, edx
    mov     ecx, LIMBS
1:  lodsd
    or      edx, eax
    stosd
    loop    1b
    mov     edi, ebp                    # nothing of it stays on the stack
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    test    edx, edx
    lea     esp, [ebp + FRAME_SIZE]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# AA = Z2^(p - 2).
# In: EBP frame.
# Clobbers: all but EBP.
x25519_invert:
    lea     edi, [ebp + AA * X25519_BYTES]  # AA = Z2^(p - 2)
    xor     eax, eax
    mov     ecx, LIMBS
    rep stosd
    inc     dword ptr [ebp + AA * X25519_BYTES]
    mov     ebx, TOP_BIT
.Lx25519_invert_inverse:
    push    ebx
    mov     esi, offset square
    mov     edi, offset square_end
    call    x25519_run
    pop     ebx
    cmp     ebx, INVERSE_ZERO_1
    je      .Lx25519_invert_zero
    cmp     ebx, INVERSE_ZERO_2
    je      .Lx25519_invert_zero
    push    ebx
    mov     esi, offset times
    mov     edi, offset times_end
    call    x25519_run
    pop     ebx
.Lx25519_invert_zero:
    dec     ebx
    jns     .Lx25519_invert_inverse
    ret

# Brings X2 below p.
# In: EBP frame.
# Out: ESI its address.
# Clobbers: EAX, ECX, EDX, EDI.
x25519_reduce:
    lea     esi, [ebp + X2 * X25519_BYTES]
    call    field_fold                  # below 2^255 + 19,
    call    field_fold                  # below 2^255,
    lea     edi, [ebp + X1 * X25519_BYTES]
    push    edi
    push    esi
    mov     ecx, LIMBS
    rep movsd
    pop     esi
    pop     edi
    add     dword ptr [edi], FOLD       # and below p: whoever is not reaches 2^255 with this
.irp limb, 1, 2, 3, 4, 5, 6, 7
    adc     dword ptr [edi + \limb * 4], 0
.endr
    mov     eax, [edi + (LIMBS - 1) * 4]
    and     eax, 0x80000000
    or      [esi + (LIMBS - 1) * 4], eax
    call    field_fold
    and     dword ptr [esi + (LIMBS - 1) * 4], 0x7FFFFFFF
    ret

# Swaps X2 with X3, and Z2 with Z3, or does not.
# In: EBP frame, ESI all ones to swap, else 0.
# Clobbers: EAX, ECX, EDX.
x25519_swap:
    mov     ecx, 2 * LIMBS
1:  mov     eax, [ebp + X2 * X25519_BYTES + ecx*4 - 4]
    mov     edx, [ebp + X3 * X25519_BYTES + ecx*4 - 4]
    xor     edx, eax
    and     edx, esi
    xor     eax, edx
    xor     [ebp + X3 * X25519_BYTES + ecx*4 - 4], edx
    mov     [ebp + X2 * X25519_BYTES + ecx*4 - 4], eax
    dec     ecx
    jnz     1b
    ret

# Runs steps.
# In: EBP frame, ESI, EDI the first and the end of them.
# Clobbers: all but EBP.
x25519_run:
    push    edi
    push    esi
    movzx   ecx, byte ptr [esi]
    movzx   edi, byte ptr [esi + 1]
    movzx   ebx, byte ptr [esi + 3]
    movzx   esi, byte ptr [esi + 2]
    shl     edi, 5                      # X25519_BYTES
    shl     esi, 5
    shl     ebx, 5
    add     edi, ebp
    add     esi, ebp
    add     ebx, ebp
    call    [operations + ecx*4]
    pop     esi
    pop     edi
    add     esi, 4
    cmp     esi, edi
    jb      x25519_run
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

# In: EDI where the product goes, ESI, EBX numbers.
# Clobbers: EAX, ECX, EDX, ESI.
field_multiply:
    push    edi
    sub     esp, 2 * X25519_BYTES
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
    mov     edi, [esp + 2 * X25519_BYTES]
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7   # ECX is 0
    mov     eax, WRAP
    mul     dword ptr [esi + X25519_BYTES + \limb * 4]
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
    lea     esp, [esp + 2 * X25519_BYTES]   # the carry stays
    pop     edi
    jmp     field_carry

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
