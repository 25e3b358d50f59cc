# The ladder of X25519 with XMM registers: two numbers at a time, as its turns have them. A pair is ten times 16 bytes:
# limb after limb, of one number in the lower and of the other in the upper 8. Limb k counts 2^ceil(25.5 k), so limbs
# have 26 and 25 bits in turn, and one or two more where a sum has not been carried. Comments say (lower, upper).

.include "macros.inc"
.include "crypto.inc"

PAIR_LIMBS              = 10
PAIR                    = PAIR_LIMBS * 16
CENTRE                  = PAIR / 2      # what points to a pair points there: its limbs are no more than 127 bytes away

# The frame, at a multiple of 16.
S0                      = 0 * PAIR
S1                      = 1 * PAIR
S2                      = 2 * PAIR
S3                      = 3 * PAIR
S4                      = 4 * PAIR
BASE                    = 5 * PAIR      # (1, X1)
TWICE                   = 6 * PAIR      # the first factor's odd limbs, twice
NINETEEN                = 7 * PAIR      # the second factor's, 19 times: what wraps, as 2^255 is 19
SWAP                    = 8 * PAIR      # 16 bytes of ones to swap, or of zeros
CALLER                  = SWAP + 16     # ESP
FRAME_SIZE              = SWAP + 32

TOP_BIT                 = 254

.section .rodata
.balign 16
ladder_masks:
.rept PAIR_LIMBS / 2
    .long   0x3FFFFFF, 0, 0x3FFFFFF, 0, 0x1FFFFFF, 0, 0x1FFFFFF, 0
.endr
ladder_shifts:
.rept PAIR_LIMBS / 2
    .long   26, 0, 26, 0, 25, 0, 25, 0
.endr
# 2p, so that no limb of a difference is below 0.
ladder_bias:
    .long   0x7FFFFDA, 0, 0x7FFFFDA, 0, 0x3FFFFFE, 0, 0x3FFFFFE, 0
.rept PAIR_LIMBS / 2 - 1
    .long   0x7FFFFFE, 0, 0x7FFFFFE, 0, 0x3FFFFFE, 0, 0x3FFFFFE, 0
.endr
ladder_nineteen:        .long 19, 0, 19, 0
ladder_a24:             .long 121665, 0, 121665, 0      # (486662 - 2) / 4
ladder_places:          .byte 0, 26, 51, 77, 102, 128, 153, 179, 204, 230

.text

# All turns of the ladder.
# In: EAX X1, EDX scalar, ECX where X2 goes, and Z2 after it: X25519_BYTES each.
# Clobbers: EAX, ECX, EDX.
.global x25519_ladder
x25519_ladder:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    ecx                         # [CALLER] + 4
    push    edx                         # [CALLER]
    mov     ebx, esp
    sub     esp, FRAME_SIZE
    and     esp, -16
    mov     ebp, esp
    mov     [ebp + CALLER], ebx
    mov     esi, eax
    mov     edi, ebp
    xor     eax, eax
    mov     ecx, SWAP / 4
    rep stosd
    inc     dword ptr [ebp + S4]        # (X2, Z2) = (1, 0)
    inc     dword ptr [ebp + S0 + 8]    # (X3, Z3) = (X1, 1)
    inc     dword ptr [ebp + BASE]
    xor     edi, edi
1:  movzx   ecx, byte ptr [ladder_places + edi]
    mov     edx, ecx
    shr     edx, 3
    and     ecx, 7
    mov     eax, [esi + edx]
    shr     eax, cl
    mov     ecx, edi
    shl     ecx, 4
    and     eax, [ladder_masks + ecx]
    mov     [ebp + S0 + ecx], eax
    mov     [ebp + BASE + ecx + 8], eax
    inc     edi
    cmp     edi, PAIR_LIMBS
    jb      1b
    xor     esi, esi                    # ESI: the bit before, all ones or 0
    mov     ebx, TOP_BIT
.Lx25519_ladder_bit:
    mov     edx, [ebp + CALLER]
    mov     edx, [edx]
    bt      [edx], ebx
    sbb     eax, eax
    xor     esi, eax
.irp part, 0, 4, 8, 12
    mov     [ebp + SWAP + \part], esi
.endr
    mov     esi, eax
    push    ebx
    push    esi
    mov     edi, offset ladder_turn
    mov     ecx, 1
    call    vectors_call
    pop     esi
    pop     ebx
    dec     ebx
    jns     .Lx25519_ladder_bit         # the lowest bits of a scalar are 0: nothing is left to swap
    mov     edx, [ebp + CALLER]
    mov     edi, [edx + 4]
    lea     esi, [ebp + S4]
    call    ladder_limbs
    add     esi, 8
    add     edi, X25519_BYTES
    call    ladder_limbs
    mov     ebx, [ebp + CALLER]
    mov     edi, ebp                    # nothing of it stays on the stack
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    lea     esp, [ebx + 8]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes dwords of limbs.
# In: ESI one of a pair, EDI where X25519_BYTES go.
# Clobbers: EAX, EBX, ECX, EDX.
ladder_limbs:
    push    edi
    xor     eax, eax
    mov     ecx, X25519_BYTES / 4
    rep stosd
    pop     edi
    xor     ebx, ebx
1:  movzx   ecx, byte ptr [ladder_places + ebx]
    push    ecx
    mov     eax, ebx
    shl     eax, 4
    mov     eax, [esi + eax]
    xor     edx, edx
    shld    edx, eax, cl                # by the lower 5 bits of CL, as SHL
    shl     eax, cl
    pop     ecx
    shr     ecx, 5
    add     [edi + ecx*4], eax
    adc     edx, 0                      # of the last limb there is nothing above
    inc     ebx
    cmp     ebx, PAIR_LIMBS
    je      2f
    add     [edi + ecx*4 + 4], edx
    jmp     1b
2:  ret

# A turn, as in RFC 7748, section 5. Runs with interrupts off.
# In: EBP frame: (X2, Z2) in S4, (X3, Z3) in S0.
# Out: the same.
# Clobbers: all registers but EBP.
ladder_turn:
    xor     eax, eax
    movdqa  xmm7, [ebp + SWAP]
.Lladder_turn_sums:
    movdqa  xmm0, [ebp + eax + S4]
    movdqa  xmm1, [ebp + eax + S0]
    movdqa  xmm2, xmm0
    punpcklqdq xmm0, xmm1               # (X2, X3),
    punpckhqdq xmm2, xmm1               # (Z2, Z3),
    pshufd  xmm1, xmm0, 0x4E            # the other way round where the bit says so
    pxor    xmm1, xmm0
    pand    xmm1, xmm7
    pxor    xmm0, xmm1
    pshufd  xmm1, xmm2, 0x4E
    pxor    xmm1, xmm2
    pand    xmm1, xmm7
    pxor    xmm2, xmm1
    movdqa  xmm1, xmm0
    paddq   xmm1, xmm2                  # (A, C)
    paddq   xmm0, [ladder_bias + eax]
    psubq   xmm0, xmm2                  # (B, D)
    movdqa  [ebp + eax + S0], xmm1
    punpcklqdq xmm1, xmm0
    movdqa  [ebp + eax + S2], xmm1      # (A, B)
    pshufd  xmm0, xmm0, 0x4E
    movdqa  [ebp + eax + S1], xmm0      # (D, B)
    add     eax, 16
    cmp     eax, PAIR
    jb      .Lladder_turn_sums
    mov     eax, S0 + (S1 << 16)
    mov     ecx, S3
    call    ladder_multiply             # (DA, CB)
    mov     eax, S2 + (S2 << 16)
    mov     ecx, S4
    call    ladder_multiply             # (AA, BB)
    xor     eax, eax
    movdqa  xmm7, [ladder_a24]
    pxor    xmm6, xmm6                  # what is carried
.Lladder_turn_factors:
    movdqa  xmm0, [ebp + eax + S3]
    pshufd  xmm1, xmm0, 0x4E
    movdqa  xmm2, xmm0
    paddq   xmm2, xmm1
    paddq   xmm0, [ladder_bias + eax]
    psubq   xmm0, xmm1
    punpcklqdq xmm2, xmm0
    movdqa  [ebp + eax + S0], xmm2      # (DA + CB, DA - CB)
    movdqa  xmm0, [ebp + eax + S4]
    pshufd  xmm1, xmm0, 0x4E
    movdqa  xmm2, xmm0
    paddq   xmm2, [ladder_bias + eax]
    psubq   xmm2, xmm1                  # (E, ...)
    movdqa  xmm3, xmm0
    punpcklqdq xmm3, xmm2
    movdqa  [ebp + eax + S1], xmm3      # (AA, E)
    pmuludq xmm2, xmm7
    paddq   xmm2, xmm6
    movdqa  xmm6, xmm2
    psrlq   xmm6, [ladder_shifts + eax]
    pand    xmm2, [ladder_masks + eax]
    paddq   xmm2, xmm0
    punpcklqdq xmm1, xmm2
    movdqa  [ebp + eax + S2], xmm1      # (BB, AA + a24 E)
    add     eax, 16
    cmp     eax, PAIR
    jb      .Lladder_turn_factors
    pmuludq xmm6, [ladder_nineteen]
    pxor    xmm0, xmm0
    punpcklqdq xmm0, xmm6
    paddq   xmm0, [ebp + S2]
    movdqa  [ebp + S2], xmm0
    mov     eax, S0 + (S0 << 16)
    mov     ecx, S3
    call    ladder_multiply             # (X3, (DA - CB)^2)
    mov     eax, S1 + (S2 << 16)
    mov     ecx, S4
    call    ladder_multiply             # (X2, Z2)
    mov     eax, S3 + (BASE << 16)
    mov     ecx, S0                     # (X3, Z3)

# A product of a limb of the first factor with one of the second, as a part of limb k of the product.
.macro LADDER_TERM k:req, i:req
    .if \i > \k
    ladder_other = \k + PAIR_LIMBS - \i
    .else
    ladder_other = \k - \i
    .endif
    .if \i & ladder_other & 1
    movdqa  xmm0, [ebx + \i * 16 - CENTRE]
    .else
    movdqa  xmm0, [esi + \i * 16 - CENTRE]
    .endif
    .if \i > \k
    pmuludq xmm0, [edx + ladder_other * 16 - CENTRE]
    .else
    pmuludq xmm0, [edi + ladder_other * 16 - CENTRE]
    .endif
    paddq   xmm1, xmm0
.endm

# Multiplies two pairs.
# In: EBP frame; AX where the first is in it, and the upper half of EAX where the second; ECX where the product goes,
# which is neither.
# Clobbers: all registers but EBP.
ladder_multiply:
    movzx   esi, ax
    shr     eax, 16
    lea     esi, [ebp + esi + CENTRE]
    lea     edi, [ebp + eax + CENTRE]
    lea     ecx, [ebp + ecx + CENTRE]
    lea     ebx, [ebp + TWICE + CENTRE]
    lea     edx, [ebp + NINETEEN + CENTRE]
    movdqa  xmm5, [ladder_nineteen]
    movdqa  xmm6, [ladder_masks]
    movdqa  xmm7, [ladder_masks + 16]
.irp limb, 1, 2, 3, 4, 5, 6, 7, 8, 9
    movdqa  xmm0, [edi + \limb * 16 - CENTRE]
    pmuludq xmm0, xmm5
    movdqa  [edx + \limb * 16 - CENTRE], xmm0
.endr
.irp limb, 1, 3, 5, 7, 9
    movdqa  xmm0, [esi + \limb * 16 - CENTRE]
    paddq   xmm0, xmm0
    movdqa  [ebx + \limb * 16 - CENTRE], xmm0
.endr
    pxor    xmm1, xmm1                  # what is carried, and then the limb
.irp k, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
    LADDER_TERM \k, 0
    LADDER_TERM \k, 1
    LADDER_TERM \k, 2
    LADDER_TERM \k, 3
    LADDER_TERM \k, 4
    LADDER_TERM \k, 5
    LADDER_TERM \k, 6
    LADDER_TERM \k, 7
    LADDER_TERM \k, 8
    LADDER_TERM \k, 9
    movdqa  xmm2, xmm1
    .if \k & 1
    pand    xmm2, xmm7
    psrlq   xmm1, 25
    .else
    pand    xmm2, xmm6
    psrlq   xmm1, 26
    .endif
    movdqa  [ecx + \k * 16 - CENTRE], xmm2
.endr
    movdqa  xmm0, xmm1                  # 19 times: 16, 2 and 1
    psllq   xmm0, 4
    movdqa  xmm2, xmm1
    paddq   xmm2, xmm2
    paddq   xmm1, xmm2
    paddq   xmm1, xmm0
    paddq   xmm1, [ecx - CENTRE]
    movdqa  xmm2, xmm1
    pand    xmm2, xmm6
    movdqa  [ecx - CENTRE], xmm2
    psrlq   xmm1, 26
    paddq   xmm1, [ecx + 16 - CENTRE]
    movdqa  [ecx + 16 - CENTRE], xmm1
    ret
