# Ed25519 (RFC 8032, 5.1.5 and 5.1.6): public keys, and signatures, which need no random number. Neither jumps nor
# addresses depend on the private key, nor on what is made of it.

.include "macros.inc"
.include "crypto.inc"
.include "field25519.inc"
.include "ed25519.inc"

# Numbers of this frame alone.
NEUTRAL = 23                            # 4: the point 0, as it is added; STEP_POINT is the base point
SECRET = 27                             # a, which the private key stands for
NONCE = 28                              # r
CHALLENGE = 29                          # k
RESULT = 30
MASKED = 31                             # the order, or 0
SLOTS = 32
DIGEST                  = SLOTS * FIELD_BYTES
PREFIX                  = DIGEST + FIELD_BYTES  # of SHA-512 of the private key, its other half
HEAD                    = DIGEST + SHA512_BYTES # R and the public key: what k is made of, with the message
RECORD                  = HEAD + 2 * FIELD_BYTES
FRAME_SIZE              = RECORD + SHA512_SIZE
SCALAR_BITS             = 255
DIGEST_BITS             = SHA512_BYTES * 8

.text

# Computes the public key of a private one.
# In: EAX where ED25519_KEY_BYTES go; EDX private key, ED25519_SEED_BYTES.
.global ed25519_public
ed25519_public:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    push    eax
    call    sign_begin
    mov     edx, SECRET * FIELD_BYTES
    call    sign_multiply
    pop     edi
    mov     ecx, LIMBS
    rep movsd
    jmp     sign_end

# Signs a message.
# In: EAX where ED25519_BYTES go; EDX private key, ED25519_SEED_BYTES, and behind it its public key; ESI message, ECX
# its bytes.
.global ed25519_sign
ed25519_sign:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    push    eax
    push    edx
    push    esi
    push    ecx
    call    sign_begin
    lea     edx, [ebp + PREFIX]         # r = SHA-512(prefix, message)
    mov     eax, FIELD_BYTES
    mov     esi, [esp + 4]
    mov     ecx, [esp]
    lea     edi, [ebp + NONCE * FIELD_BYTES]
    call    sign_digest
    mov     edx, NONCE * FIELD_BYTES
    call    sign_multiply
    mov     edi, [esp + 12]             # R
    mov     ecx, LIMBS
    rep movsd
    lea     edi, [ebp + HEAD]
    mov     esi, [esp + 12]
    mov     ecx, LIMBS
    rep movsd
    mov     esi, [esp + 8]
    add     esi, ED25519_SEED_BYTES
    mov     ecx, LIMBS
    rep movsd
    lea     edx, [ebp + HEAD]           # k = SHA-512(R, A, message)
    mov     eax, 2 * FIELD_BYTES
    pop     ecx
    pop     esi
    lea     edi, [ebp + CHALLENGE * FIELD_BYTES]
    call    sign_digest
    call    sign_combine
    pop     eax
    pop     edi
    add     edi, FIELD_BYTES
    lea     esi, [ebp + RESULT * FIELD_BYTES]
    mov     ecx, LIMBS
    rep movsd

# The end of both: nothing stays on the stack.
# In: EBP frame, which lies at ESP, and below it what is returned to.
sign_end:
    mov     edi, ebp
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    lea     esp, [ebp + FRAME_SIZE]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Fills the frame: constants, the base point and 0 as they are added, SECRET and PREFIX of a private key.
# In: EBP frame, EDX private key.
# Clobbers: all but EBP.
sign_begin:
    lea     eax, [ebp + DIGEST]
    mov     ecx, ED25519_SEED_BYTES
    call    sha512
    and     byte ptr [ebp + DIGEST], 0xF8
    and     byte ptr [ebp + DIGEST + 31], 0x7F
    or      byte ptr [ebp + DIGEST + 31], 0x40
    lea     esi, [ebp + DIGEST]
    lea     edi, [ebp + SECRET * FIELD_BYTES]
    mov     ecx, LIMBS
    rep movsd
    mov     esi, offset ed25519_constants
    lea     edi, [ebp + ONE * FIELD_BYTES]
    mov     ecx, ED25519_CONSTANTS * LIMBS
    rep movsd
    mov     esi, offset sign_twice
    call    field_run
    mov     esi, offset ed25519_zero_point
    call    ed25519_prepare
    lea     edi, [ebp + NEUTRAL * FIELD_BYTES]
    call    ed25519_keep
    mov     esi, offset ed25519_base
    lea     edi, [ebp + X * FIELD_BYTES]
    mov     ecx, 2 * LIMBS
    rep movsd
    mov     esi, offset ed25519_rest
    call    ed25519_prepare
    lea     edi, [ebp + STEP_POINT * FIELD_BYTES]
    jmp     ed25519_keep

# Multiplies the base point: for each bit twice the sum, and the base point or 0 added.
# In: EBP frame, EDX the scalar's place in it.
# Out: ESI encoding of the product.
# Clobbers: all but EBP.
sign_multiply:
    push    edx
    mov     esi, offset ed25519_zero_point
    call    field_run
    push    SCALAR_BITS - 1
1:  mov     esi, offset ed25519_double_point
    call    field_run
    mov     edx, [esp + 4]
    mov     ecx, [esp]
    add     edx, ebp
    bt      [edx], ecx
    sbb     edx, edx                    # EDX: all ones when the bit is 1
    xor     ecx, ecx
2:  mov     eax, [ebp + STEP_POINT * FIELD_BYTES + ecx*4]
    xor     eax, [ebp + NEUTRAL * FIELD_BYTES + ecx*4]
    and     eax, edx
    xor     eax, [ebp + NEUTRAL * FIELD_BYTES + ecx*4]
    mov     [ebp + LESS * FIELD_BYTES + ecx*4], eax
    inc     ecx
    cmp     ecx, POINT_BYTES / 4
    jb      2b
    lea     esi, [ebp + LESS * FIELD_BYTES]
    call    ed25519_add
    dec     dword ptr [esp]
    jns     1b
    add     esp, 8
    jmp     ed25519_encode

# SHA-512 of two pieces, modulo the order.
# In: EBP frame, EDX first piece, EAX its bytes, ESI second piece, ECX its bytes, EDI where the number goes.
# Clobbers: all but EBP.
sign_digest:
    push    ecx
    push    eax
    push    edx
    lea     eax, [ebp + RECORD]
    call    sha512_begin
    pop     edx
    pop     ecx
    lea     eax, [ebp + RECORD]
    call    sha512_add
    pop     ecx
    lea     eax, [ebp + RECORD]
    mov     edx, esi
    call    sha512_add
    lea     eax, [ebp + RECORD]
    lea     edx, [ebp + HEAD]           # neither piece is needed any more
    call    sha512_end
    lea     esi, [ebp + HEAD]
    mov     ebx, DIGEST_BITS - 1

# Reduces a number modulo the order.
# In: EBP frame, ESI number, EBX its highest bit, EDI where the rest goes.
# Clobbers: EAX, EBX, ECX, EDX.
sign_reduce:
    xor     eax, eax
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    mov     [edi + \limb * 4], eax
.endr
1:  bt      [esi], ebx
.irp limb, 0, 1, 2, 3, 4, 5, 6, 7
    rcl     dword ptr [edi + \limb * 4], 1
.endr
    call    sign_less_order
    dec     ebx
    jns     1b
    ret

# Takes the order off a number below twice as much, if it is not less.
# In: EBP frame, EDI number.
# Clobbers: EAX, ECX, EDX.
sign_less_order:
    mov     eax, [ed25519_order]
    sub     [edi], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [ed25519_order + \limb * 4]
    sbb     [edi + \limb * 4], eax
.endr
    sbb     edx, edx                    # EDX: all ones when it was less
    xor     ecx, ecx
1:  mov     eax, [ed25519_order + ecx*4]
    and     eax, edx
    mov     [ebp + MASKED * FIELD_BYTES + ecx*4], eax
    inc     ecx
    cmp     ecx, LIMBS
    jb      1b
    lea     edx, [ebp + MASKED * FIELD_BYTES]

# Adds a number.
# In: EDI number, EDX what is added to it.
# Clobbers: EAX.
sign_add:
    mov     eax, [edx]
    add     [edi], eax
.irp limb, 1, 2, 3, 4, 5, 6, 7
    mov     eax, [edx + \limb * 4]
    adc     [edi + \limb * 4], eax
.endr
    ret

# RESULT = NONCE + CHALLENGE * SECRET, modulo the order. CHALLENGE is no secret.
# In: EBP frame.
# Clobbers: all but EBP.
sign_combine:
    lea     esi, [ebp + SECRET * FIELD_BYTES]
    lea     edi, [ebp + HEAD]
    mov     ebx, SCALAR_BITS
    call    sign_reduce
    lea     edi, [ebp + RESULT * FIELD_BYTES]
    xor     eax, eax
    mov     ecx, LIMBS
    rep stosd
    lea     edi, [ebp + RESULT * FIELD_BYTES]
    mov     ebx, SCALAR_BITS
1:  mov     edx, edi
    call    sign_add
    call    sign_less_order
    bt      [ebp + CHALLENGE * FIELD_BYTES], ebx
    jnc     2f
    lea     edx, [ebp + HEAD]
    call    sign_add
    call    sign_less_order
2:  dec     ebx
    jns     1b
    lea     edx, [ebp + NONCE * FIELD_BYTES]
    call    sign_add
    jmp     sign_less_order

.section .rodata
# d of the curve becomes 2d.
sign_twice:
    STEP    ADD, CURVE, CURVE, CURVE
    STEPS_END
