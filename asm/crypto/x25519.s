# X25519 (RFC 7748): what two who know only each other's public number can compute, and nobody else. Neither
# jumps nor addresses depend on a secret.

.include "macros.inc"
.include "crypto.inc"
.include "field25519.inc"

TOP_BIT                 = 254           # the highest that a scalar has
A24                     = 121665        # (486662 - 2) / 4

# Numbers in the frame.
X1 = 0
X2 = 1
Z2 = FIELD_BASE
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
# A turn of the ladder, as in RFC 7748, section 5.
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
    STEPS_END
quotient:
    STEP    MUL, X2, X2, FIELD_POWER
    STEPS_END

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
    mov     ebx, esi                    # EBX: public number
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

    cmp     dword ptr [vectors], 0
    je      .Lx25519_plain
    cmp     ebx, offset x25519_base     # at boot nobody waits for it, but who runs an emulator, which has XMM in memory
    je      .Lx25519_plain
    mov     eax, ebp                    # X1
    lea     edx, [ebp + FRAME_SCALAR]
    lea     ecx, [ebp + X2 * X25519_BYTES]
    call    x25519_ladder
    jmp     .Lx25519_divide
.Lx25519_plain:
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
    call    field_run
    pop     esi
    pop     ebx
    dec     ebx
    jns     .Lx25519_bit
    call    x25519_swap

.Lx25519_divide:
    call    field_invert                # of Z2
    mov     esi, offset quotient
    call    field_run
    lea     esi, [ebp + X2 * X25519_BYTES]
    call    field_reduce
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
