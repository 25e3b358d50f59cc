# Ed25519 (RFC 8032, 5.1.7): whether a signature of public data is right. Nothing here is a secret, so jumps and
# addresses depend on all of it. docs/formats/signature.md says by which rule, and why: S < L, the key is a point in its
# only encoding and not of small order, and [S]B - [k]A is encoded as the R of the signature, byte for byte.

.include "macros.inc"
.include "crypto.inc"
.include "field25519.inc"
.include "ed25519.inc"

# Numbers of this frame alone.
SCALAR = 23
KEY_TABLE = 24                          # of the key, negated
TABLE_POINTS            = 8             # 1, 3, ... 15 times a point
BASE_TABLE = KEY_TABLE + 4 * TABLE_POINTS
SLOTS = BASE_TABLE + 4 * TABLE_POINTS
# The digits of k and S: one for each bit, 0 or odd, so that few of them are not 0.
DIGIT_BITS              = 4
DIGITS                  = 253           # L has as many bits
DIGITS_BYTES            = 256
FRAME_KEY_DIGITS        = SLOTS * FIELD_BYTES
FRAME_BASE_DIGITS       = FRAME_KEY_DIGITS + DIGITS_BYTES
FRAME_SIGNATURE         = FRAME_BASE_DIGITS + DIGITS_BYTES
FRAME_KEY               = FRAME_SIGNATURE + 4
FRAME_SIZE              = FRAME_KEY + 4
# Before the table of the base point is made, this is there.
FRAME_RECORD            = BASE_TABLE * FIELD_BYTES
FRAME_DIGEST            = FRAME_RECORD + SHA512_SIZE
DIGEST_BITS             = SHA512_BYTES * 8

.section .rodata
.balign 4
.global ed25519_constants
ed25519_constants:                      # of ONE, CURVE, ROOT
    .long   1, 0, 0, 0, 0, 0, 0, 0
    .long   0x135978A3, 0x75EB4DCA, 0x4141D8AB, 0x00700A4D, 0x7779E898, 0x8CC74079, 0x2B6FFE73, 0x52036CEE
    .long   0x4A0EA0B0, 0xC4EE1B27, 0xAD2FE478, 0x2F431806, 0x3DFBD7A7, 0x2B4D0099, 0x4FC1DF0B, 0x2B832480
.global ed25519_base
ed25519_base:                           # X and Y of B
    .long   0x8F25D51A, 0xC9562D60, 0x9525A7B2, 0x692CC760, 0xFDD6DC5C, 0xC0A4E231, 0xCD6E53FE, 0x216936D3
    .long   0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666
.global ed25519_order
ed25519_order:                          # L
    .long   0x5CF5D3ED, 0x5812631A, 0xA2F79CD6, 0x14DEF9DE, 0, 0, 0, 0x10000000

# Of Y: x^2 = u / v (RFC 8032, 5.1.3), u in H and v in G.
decode:
    STEP    MUL, A, Y, Y
    STEP    SUB, H, A, ONE
    STEP    MUL, A, A, CURVE
    STEP    ADD, G, A, ONE
    STEP    MUL, F, G, G
    STEP    MUL, F, F, G
    STEP    MUL, E, F, F
    STEP    MUL, E, E, G
    STEP    MUL, FIELD_BASE, E, H       # u v^7
    STEPS_END
decode_root:
    STEP    MUL, X, FIELD_POWER, F
    STEP    MUL, X, X, H
    STEP    MUL, A, X, X
    STEP    MUL, A, A, G                # u or -u, if there is a root
    STEP    SUB, T, A, H
    STEP    ADD, CURVE, CURVE, CURVE
    STEPS_END
decode_other:
    STEP    MUL, X, X, ROOT
    STEP    ADD, T, A, H
    STEPS_END
negate:
    STEP    SUB, T, ONE, ONE
    STEP    SUB, X, T, X
    STEPS_END

# The point 0.
.global ed25519_zero_point
ed25519_zero_point:
    STEP    SUB, X, ONE, ONE
    STEP    ADD, Y, X, ONE
# The rest of a point of which X and Y are there.
.global ed25519_rest
ed25519_rest:
    STEP    SUB, T, ONE, ONE
    STEP    ADD, Z, T, ONE
    STEP    ADD, E, T, X
    STEP    ADD, H, T, Y
    STEPS_END
# Makes of the point what is added.
ed25519_prepared:
    STEP    MUL, T, E, H
    STEP    SUB, LESS, Y, X
    STEP    ADD, MORE, Y, X
    STEP    MUL, WAY, T, CURVE
    STEP    ADD, DOUBLE, Z, Z
    STEPS_END
# RFC 8032, 5.1.4; a sum of any two points of the curve.
ed25519_add_point:
    STEP    MUL, T, E, H
    STEP    SUB, A, Y, X
    STEP    MUL, A, A, LESS
    STEP    ADD, B, Y, X
    STEP    MUL, B, B, MORE
    STEP    MUL, C, T, WAY
    STEP    MUL, D, Z, DOUBLE
    STEP    SUB, E, B, A
    STEP    SUB, F, D, C
    STEP    ADD, G, D, C
    STEP    ADD, H, B, A
    STEP    MUL, X, E, F
    STEP    MUL, Y, G, H
    STEP    MUL, Z, F, G
    STEPS_END
.global ed25519_double_point
ed25519_double_point:
    STEP    MUL, A, X, X
    STEP    MUL, B, Y, Y
    STEP    MUL, C, Z, Z
    STEP    ADD, C, C, C
    STEP    ADD, H, A, B
    STEP    ADD, E, X, Y
    STEP    MUL, E, E, E
    STEP    SUB, E, E, H
    STEP    SUB, G, B, A
    STEP    SUB, F, C, G
    STEP    MUL, X, E, F
    STEP    MUL, Y, G, H
    STEP    MUL, Z, F, G
    STEPS_END
quotients:
    STEP    MUL, X, X, FIELD_POWER
    STEP    MUL, Y, Y, FIELD_POWER
    STEPS_END

.text

# Verifies a signature.
# In: EAX signature, ED25519_BYTES; EDX public key, ED25519_KEY_BYTES; ESI message, ECX its bytes.
# Out: CF when it is not right.
.global ed25519_verify
ed25519_verify:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    mov     [ebp + FRAME_SIGNATURE], eax
    mov     [ebp + FRAME_KEY], edx
    push    ecx
    push    esi
    mov     esi, offset ed25519_constants
    lea     edi, [ebp + ONE * FIELD_BYTES]
    mov     ecx, 3 * LIMBS
    rep movsd
    lea     edi, [ebp + FRAME_KEY_DIGITS]
    xor     eax, eax
    mov     ecx, 2 * DIGITS_BYTES / 4
    rep stosd
    pop     esi
    pop     ecx
    call    ed25519_challenge
    lea     edi, [ebp + FRAME_KEY_DIGITS]
    call    ed25519_digits
    mov     esi, [ebp + FRAME_SIGNATURE]
    add     esi, FIELD_BYTES
    lea     edi, [ebp + SCALAR * FIELD_BYTES]
    mov     ecx, LIMBS
    rep movsd
    call    ed25519_below_order
    jnc     .Led25519_verify_wrong
    lea     edi, [ebp + FRAME_BASE_DIGITS]
    call    ed25519_digits
    call    ed25519_decode
    jc      .Led25519_verify_wrong
    mov     eax, KEY_TABLE * FIELD_BYTES
    call    ed25519_table
    jz      .Led25519_verify_wrong
    mov     esi, offset ed25519_base
    lea     edi, [ebp + X * FIELD_BYTES]
    mov     ecx, 2 * LIMBS
    rep movsd
    mov     eax, BASE_TABLE * FIELD_BYTES
    call    ed25519_table
    call    ed25519_sum
    call    ed25519_encode
    mov     edi, [ebp + FRAME_SIGNATURE]
    mov     ecx, LIMBS
    repe cmpsd
    je      .Led25519_verify_done       # CF is clear
.Led25519_verify_wrong:
    stc
.Led25519_verify_done:
    lea     esp, [ebp + FRAME_SIZE]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# SCALAR = SHA-512 of R, the key and the message, modulo L.
# In: EBP frame, ESI message, ECX its bytes.
# Clobbers: EBX, EDI.
ed25519_challenge:
    push    ecx
    lea     eax, [ebp + FRAME_RECORD]
    call    sha512_begin
    lea     eax, [ebp + FRAME_RECORD]
    mov     edx, [ebp + FRAME_SIGNATURE]
    mov     ecx, FIELD_BYTES
    call    sha512_add
    lea     eax, [ebp + FRAME_RECORD]
    mov     edx, [ebp + FRAME_KEY]
    mov     ecx, ED25519_KEY_BYTES
    call    sha512_add
    pop     ecx
    lea     eax, [ebp + FRAME_RECORD]
    mov     edx, esi
    call    sha512_add
    lea     eax, [ebp + FRAME_RECORD]
    lea     edx, [ebp + FRAME_DIGEST]
    call    sha512_end
    lea     edi, [ebp + SCALAR * FIELD_BYTES]
    xor     eax, eax
    mov     ecx, LIMBS
    rep stosd
    mov     ebx, DIGEST_BITS - 1
1:  bt      [ebp + FRAME_DIGEST], ebx
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    rcl     dword ptr [ebp + SCALAR * FIELD_BYTES + \limb * 4], 1
.endr
    call    ed25519_below_order
    jc      2f
    call    ed25519_less_order
2:  dec     ebx
    jns     1b
    ret

# Compares SCALAR with L.
# In: EBP frame.
# Out: CF when it is less.
# Clobbers: EAX, EDX.
ed25519_below_order:
    call    ed25519_less_order
    sbb     edx, edx
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [ed25519_order + \limb * 4]
    .if \limb
    adc     [ebp + SCALAR * FIELD_BYTES + \limb * 4], eax
    .else
    add     [ebp + SCALAR * FIELD_BYTES], eax
    .endif
.endr
    add     edx, edx                    # CF as after the subtraction
    ret

# Subtracts L from SCALAR.
# In: EBP frame.
# Out: CF when it was less.
# Clobbers: EAX.
ed25519_less_order:
    mov     eax, [ed25519_order]
    sub     [ebp + SCALAR * FIELD_BYTES], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [ed25519_order + \limb * 4]
    sbb     [ebp + SCALAR * FIELD_BYTES + \limb * 4], eax
.endr
    ret

# Writes SCALAR as digits: a digit is odd and has DIGIT_BITS bits, and those that follow it are 0.
# In: EBP frame, EDI digits, all 0.
# Clobbers: EBX.
ed25519_digits:
    xor     ebx, ebx
1:  bt      [ebp + SCALAR * FIELD_BYTES], ebx
    jnc     2f
    mov     ecx, ebx
    mov     eax, ebx
    shr     eax, 3
    and     ecx, 7
    mov     eax, [ebp + SCALAR * FIELD_BYTES + eax] # it may reach into what follows: those bits are cut off
    shr     eax, cl
    and     eax, (1 << DIGIT_BITS) - 1
    mov     [edi + ebx], al
    add     ebx, DIGIT_BITS - 1
2:  inc     ebx
    cmp     ebx, DIGITS
    jb      1b
    ret

# X and Y of the negative of the key.
# In: EBP frame.
# Out: CF when it is no point, or not in its only encoding; of 0 the sign is not looked at, as it is of small order.
# Clobbers: all but EBP.
ed25519_decode:
    mov     esi, [ebp + FRAME_KEY]
    lea     edi, [ebp + Y * FIELD_BYTES]
    mov     ecx, LIMBS
    rep movsd
    and     byte ptr [edi - 1], 0x7F
    lea     esi, [ebp + Y * FIELD_BYTES]
    call    field_reduce
    mov     edx, [ebp + FRAME_KEY]
    mov     eax, [edx]
    cmp     eax, [esi]                  # where p was taken off, the lowest dword is another
    jne     .Led25519_decode_none
    mov     esi, offset decode
    call    field_run
    call    field_power
    mov     esi, offset decode_root
    call    field_run
    call    ed25519_zero
    jz      .Led25519_decode_root
    mov     esi, offset decode_other
    call    field_run
    call    ed25519_zero
    jnz     .Led25519_decode_none
.Led25519_decode_root:
    lea     esi, [ebp + X * FIELD_BYTES]
    call    field_reduce
    mov     edx, [ebp + FRAME_KEY]
    mov     al, [edx + FIELD_BYTES - 1]
    shr     al, 7
    xor     al, [esi]
    test    al, 1
    jnz     .Led25519_decode_done                          # CF is clear
    mov     esi, offset negate
    call    field_run
    clc
    ret
.Led25519_decode_none:
    stc
.Led25519_decode_done:
    ret

# Whether T is 0.
# In: EBP frame.
# Out: ZF when it is.
# Clobbers: EAX, ESI.
ed25519_zero:
    lea     esi, [ebp + T * FIELD_BYTES]

# Whether a number is 0.
# In: ESI number.
# Out: ZF when it is.
# Clobbers: EAX.
ed25519_is_zero:
    call    field_reduce
    xor     eax, eax
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    or      eax, [esi + \limb * 4]
.endr
    ret

# Makes the table of a point P, whose X and Y are there.
# In: EBP frame, EAX the table in it.
# Out: ZF when the point is of small order: 16P is 0.
# Clobbers: all but EBP.
ed25519_table:
    lea     edi, [ebp + eax]
    push    edi
    push    edi
    mov     esi, offset ed25519_rest
    call    ed25519_prepare
    pop     edi
    call    ed25519_keep
    push    edi
    mov     esi, offset ed25519_double_point
    call    ed25519_prepare
    lea     edi, [ebp + STEP_POINT * FIELD_BYTES]
    call    ed25519_keep
    mov     esi, [esp + 4]              # P is added to 2P, then 2P to each
    call    ed25519_add
    mov     ecx, TABLE_POINTS - 1
    jmp     2f
1:  push    ecx
    lea     esi, [ebp + STEP_POINT * FIELD_BYTES]
    call    ed25519_add
    pop     ecx
2:  mov     edi, [esp]
    push    ecx
    mov     esi, offset ed25519_prepared
    push    edi
    call    field_run
    pop     edi
    call    ed25519_keep
    pop     ecx
    mov     [esp], edi
    loop    1b
    pop     edi
    pop     esi
    call    ed25519_add
    lea     esi, [ebp + X * FIELD_BYTES]
    jmp     ed25519_is_zero

# Runs steps, and makes of the point what is added.
# In: EBP frame, ESI steps.
# Clobbers: all but EBP.
.global ed25519_prepare
ed25519_prepare:
    call    field_run
    mov     esi, offset ed25519_prepared
    jmp     field_run

# Keeps what is added.
# In: EBP frame, EDI where.
# Out: EDI behind it.
# Clobbers: ESI.
.global ed25519_keep
ed25519_keep:
    lea     esi, [ebp + LESS * FIELD_BYTES]
    mov     ecx, POINT_BYTES / 4
    rep movsd
    ret

# Adds to the point.
# In: EBP frame, ESI what is added.
# Clobbers: all but EBP.
.global ed25519_add
ed25519_add:
    lea     edi, [ebp + LESS * FIELD_BYTES]
    mov     ecx, POINT_BYTES / 4
    rep movsd
    mov     esi, offset ed25519_add_point
    jmp     field_run

# Adds up [S]B - [k]A: for each bit twice the sum, and what the digits say.
# In: EBP frame.
# Clobbers: all but EBP.
ed25519_sum:
    mov     esi, offset ed25519_zero_point
    call    field_run
    mov     ebx, DIGITS - 1
1:  push    ebx
    mov     esi, offset ed25519_double_point
    call    field_run
    mov     ebx, [esp]
    movzx   eax, byte ptr [ebp + FRAME_KEY_DIGITS + ebx]
    lea     esi, [ebp + KEY_TABLE * FIELD_BYTES]
    call    ed25519_add_digit
    pop     ebx
    push    ebx
    movzx   eax, byte ptr [ebp + FRAME_BASE_DIGITS + ebx]
    lea     esi, [ebp + BASE_TABLE * FIELD_BYTES]
    call    ed25519_add_digit
    pop     ebx
    dec     ebx
    jns     1b
    ret

# Adds what a digit says.
# In: EBP frame, EAX digit, ESI table.
# Clobbers: all but EBP.
ed25519_add_digit:
    shr     eax, 1
    jnc     1f                          # what is not odd is 0
    shl     eax, FIELD_SHIFT + 2
    add     esi, eax
    jmp     ed25519_add
1:  ret

# The encoding of the point, in Y.
# In: EBP frame.
# Out: ESI encoding.
# Clobbers: all but EBP.
.global ed25519_encode
ed25519_encode:
    call    field_invert
    mov     esi, offset quotients
    call    field_run
    lea     esi, [ebp + X * FIELD_BYTES]
    call    field_reduce
    lea     esi, [ebp + Y * FIELD_BYTES]
    call    field_reduce
    mov     eax, [ebp + X * FIELD_BYTES]
    shl     eax, 31
    or      [ebp + Y * FIELD_BYTES + FIELD_BYTES - 4], eax
    ret
