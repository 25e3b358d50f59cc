# SHA-512 (FIPS 180-4, section 6.4), as sha256.s makes its digests: begin, add as often as needed, end. All that the
# routines know is in the caller's SHA512 record and on the stack. A number of 64 bits is two dwords, the lower first.

.include "macros.inc"
.include "crypto.inc"

ROUNDS                  = 80
SCHEDULE                = ROUNDS * 8    # bytes of the message schedule
STATE                   = 8 * 8         # bytes of a to h
# The variables are a window that moves down by one each round: the new a is written below the old one, and what was d
# becomes e where it stands. In it, from ESI on:
VARIABLES               = ROUNDS * 8 + STATE
A                       = 0
B                       = 8
C                       = 16
D                       = 24
E                       = 32
F                       = 40
G                       = 48
H                       = 56

.text

# The exclusive or of three rotations of a variable, the last of them the smallest: by \third, by \second more than
# that, and by \first more again.
.macro SHA512_SIGMA variable:req, low:req, high:req, temporary:req, first:req, second:req, third:req
    mov     \low, [esi + \variable]
    mov     \high, [esi + \variable + 4]
.irp count, \first, \second
    mov     \temporary, \low
    shrd    \low, \high, \count
    shrd    \high, \temporary, \count
    xor     \low, [esi + \variable]
    xor     \high, [esi + \variable + 4]
.endr
    mov     \temporary, \low
    shrd    \low, \high, \third
    shrd    \high, \temporary, \third
.endm

# Adds ECX and EBX to EAX and EDX.
.macro SHA512_ADD
    add     eax, ecx
    adc     edx, ebx
.endm

# Half of Maj(a, b, c).
.macro SHA512_MAJORITY half:req, register:req
    mov     \register, [esi + B + \half]
    mov     ebp, \register
    or      \register, [esi + C + \half]
    and     ebp, [esi + C + \half]
    and     \register, [esi + A + \half]
    or      \register, ebp
.endm

# Takes in one block.
# In: EAX state, 8 numbers; EDX block, SHA512_BLOCK bytes.
sha512_block:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    eax
    sub     esp, SCHEDULE + VARIABLES
    mov     esi, edx
    mov     edi, esp
    mov     ecx, 16
1:  lodsd
    bswap   eax
    mov     [edi + 4], eax
    lodsd
    bswap   eax
    mov     [edi], eax
    add     edi, 8
    dec     ecx
    jnz     1b
    call    sha512_expand
    lea     edi, [esp + SCHEDULE + ROUNDS * 8]
    mov     esi, [esp + SCHEDULE + VARIABLES]
    mov     ecx, STATE / 4
    rep movsd
    lea     esi, [esp + SCHEDULE + ROUNDS * 8]
    xor     edi, edi
.Lsha512_block_round:
    SHA512_SIGMA E, eax, edx, ecx, 23, 4, 14    # by 14, 18 and 41
    add     eax, [esi + H]
    adc     edx, [esi + H + 4]
    add     eax, [sha512_constants + edi]
    adc     edx, [sha512_constants + edi + 4]
    add     eax, [esp + edi]
    adc     edx, [esp + edi + 4]
    mov     ecx, [esi + F]
    mov     ebx, [esi + F + 4]
    xor     ecx, [esi + G]
    xor     ebx, [esi + G + 4]
    and     ecx, [esi + E]
    and     ebx, [esi + E + 4]
    xor     ecx, [esi + G]
    xor     ebx, [esi + G + 4]          # Ch(e, f, g)
    SHA512_ADD
    add     [esi + D], eax
    adc     [esi + D + 4], edx
    SHA512_SIGMA A, ecx, ebx, ebp, 5, 6, 28     # by 28, 34 and 39
    SHA512_ADD
    SHA512_MAJORITY 0, ecx
    SHA512_MAJORITY 4, ebx
    SHA512_ADD
    sub     esi, 8
    mov     [esi], eax
    mov     [esi + 4], edx
    add     edi, 8
    cmp     edi, SCHEDULE
    jb      .Lsha512_block_round

    mov     edi, [esp + SCHEDULE + VARIABLES]
    mov     ecx, STATE / 8
2:  mov     eax, [esi + ecx*8 - 8]
    mov     edx, [esi + ecx*8 - 4]
    add     [edi + ecx*8 - 8], eax
    adc     [edi + ecx*8 - 4], edx
    dec     ecx
    jnz     2b
    add     esp, SCHEDULE + VARIABLES + 4
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes numbers 16 on of the message schedule from those before them.
# In: EDI where number 16 goes.
# Clobbers: all but EBP.
sha512_expand:
    push    ebp
    mov     ebp, ROUNDS - 16
.Lsha512_expand_next:
    mov     eax, [edi - 15*8]
    mov     edx, [edi - 15*8 + 4]
    mov     ecx, eax
    shrd    ecx, edx, 7
    mov     ebx, edx
    shrd    ebx, eax, 7
    shr     edx, 7
    xor     eax, ecx
    xor     ebx, [edi - 15*8 + 4]
    mov     esi, eax
    shrd    eax, ebx, 1
    shrd    ebx, esi, 1
    xor     eax, ecx
    xor     ebx, edx                    # sigma 0: rotations by 1 and 8, shift by 7
    add     eax, [edi - 16*8]
    adc     ebx, [edi - 16*8 + 4]
    add     eax, [edi - 7*8]
    adc     ebx, [edi - 7*8 + 4]
    mov     [edi], eax
    mov     [edi + 4], ebx
    mov     eax, [edi - 2*8]
    mov     edx, [edi - 2*8 + 4]
    mov     ecx, edx                    # by 42: the halves change places
    shrd    ecx, eax, 42 - 32
    mov     ebx, eax
    shrd    ebx, edx, 42 - 32
    xor     ecx, eax
    xor     ebx, edx
    mov     esi, ecx
    shrd    ecx, ebx, 19
    shrd    ebx, esi, 19
    shrd    eax, edx, 6
    shr     edx, 6
    xor     eax, ecx
    xor     edx, ebx                    # sigma 1: rotations by 19 and 61, shift by 6
    add     [edi], eax
    adc     [edi + 4], edx
    add     edi, 8
    dec     ebp
    jnz     .Lsha512_expand_next
    pop     ebp
    ret

# Begins a digest.
# In: EAX SHA512 record.
.global sha512_begin
sha512_begin:
    push    esi
    push    edi
    mov     dword ptr [eax + SHA512_COUNT], 0
    mov     esi, offset sha512_initial
    mov     edi, eax
    mov     ecx, STATE / 4
    rep movsd
    pop     edi
    pop     esi
    ret

# Adds bytes to a digest; less than 4 GiB in all.
# In: EAX SHA512 record, EDX bytes, ECX how many.
.global sha512_add
sha512_add:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    mov     ebp, ecx
.Lsha512_add_next:
    test    ebp, ebp
    jz      .Lsha512_add_done
    mov     eax, [ebx + SHA512_COUNT]
    and     eax, SHA512_BLOCK - 1
    jnz     .Lsha512_add_piece
    cmp     ebp, SHA512_BLOCK
    jb      .Lsha512_add_piece
    mov     eax, ebx                    # a whole block is not copied
    mov     edx, esi
    call    sha512_block
    add     dword ptr [ebx + SHA512_COUNT], SHA512_BLOCK
    add     esi, SHA512_BLOCK
    sub     ebp, SHA512_BLOCK
    jmp     .Lsha512_add_next
.Lsha512_add_piece:
    lea     edi, [ebx + SHA512_BUFFER + eax]
    mov     ecx, SHA512_BLOCK
    sub     ecx, eax
    cmp     ecx, ebp
    jbe     .Lsha512_add_fits
    mov     ecx, ebp
.Lsha512_add_fits:
    add     [ebx + SHA512_COUNT], ecx
    sub     ebp, ecx
    rep movsb
    test    dword ptr [ebx + SHA512_COUNT], SHA512_BLOCK - 1
    jnz     .Lsha512_add_next
    mov     eax, ebx
    lea     edx, [ebx + SHA512_BUFFER]
    call    sha512_block
    jmp     .Lsha512_add_next
.Lsha512_add_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends a digest. The record must be begun again before its next use.
# In: EAX SHA512 record, EDX where the digest goes, SHA512_BYTES.
.global sha512_end
sha512_end:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    push    edx
    mov     edx, [ebx + SHA512_COUNT]
    and     edx, SHA512_BLOCK - 1
    lea     edi, [ebx + SHA512_BUFFER + edx]
    mov     byte ptr [edi], 0x80
    inc     edi
    xor     eax, eax
    mov     ecx, SHA512_BLOCK - 1
    sub     ecx, edx
    cmp     ecx, 16                     # the length takes the last 16 bytes of a block
    jae     1f
    rep stosb
    mov     eax, ebx
    lea     edx, [ebx + SHA512_BUFFER]
    call    sha512_block
    lea     edi, [ebx + SHA512_BUFFER]
    mov     ecx, SHA512_BLOCK
    xor     eax, eax
1:  sub     ecx, 8
    rep stosb
    mov     eax, [ebx + SHA512_COUNT]
    mov     edx, eax
    shr     eax, 32 - 3                 # in bits
    bswap   eax
    stosd
    lea     eax, [edx * 8]
    bswap   eax
    stosd
    mov     eax, ebx
    lea     edx, [ebx + SHA512_BUFFER]
    call    sha512_block
    pop     edi
    mov     ecx, STATE / 8
2:  mov     eax, [ebx + 4]
    bswap   eax
    stosd
    mov     eax, [ebx]
    bswap   eax
    stosd
    add     ebx, 8
    dec     ecx
    jnz     2b
    pop     edi
    pop     esi
    pop     ebx
    ret

# The digest of one piece.
# In: EAX where the digest goes, EDX bytes, ECX how many.
.global sha512
sha512:
    push    ebx
    sub     esp, SHA512_SIZE
    mov     ebx, eax
    push    ecx
    push    edx
    lea     eax, [esp + 8]
    call    sha512_begin
    pop     edx
    pop     ecx
    mov     eax, esp
    call    sha512_add
    mov     eax, esp
    mov     edx, ebx
    call    sha512_end
    add     esp, SHA512_SIZE
    pop     ebx
    ret

.section .rodata
.balign 4
# The first 64 bits of the fractional parts of the square roots of the first 8 primes (5.3.5), and of the cube roots of
# the first 80 (4.2.3).
sha512_initial:
    .quad   0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1
    .quad   0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179
sha512_constants:
    .quad   0x428A2F98D728AE22, 0x7137449123EF65CD, 0xB5C0FBCFEC4D3B2F, 0xE9B5DBA58189DBBC
    .quad   0x3956C25BF348B538, 0x59F111F1B605D019, 0x923F82A4AF194F9B, 0xAB1C5ED5DA6D8118
    .quad   0xD807AA98A3030242, 0x12835B0145706FBE, 0x243185BE4EE4B28C, 0x550C7DC3D5FFB4E2
    .quad   0x72BE5D74F27B896F, 0x80DEB1FE3B1696B1, 0x9BDC06A725C71235, 0xC19BF174CF692694
    .quad   0xE49B69C19EF14AD2, 0xEFBE4786384F25E3, 0x0FC19DC68B8CD5B5, 0x240CA1CC77AC9C65
    .quad   0x2DE92C6F592B0275, 0x4A7484AA6EA6E483, 0x5CB0A9DCBD41FBD4, 0x76F988DA831153B5
    .quad   0x983E5152EE66DFAB, 0xA831C66D2DB43210, 0xB00327C898FB213F, 0xBF597FC7BEEF0EE4
    .quad   0xC6E00BF33DA88FC2, 0xD5A79147930AA725, 0x06CA6351E003826F, 0x142929670A0E6E70
    .quad   0x27B70A8546D22FFC, 0x2E1B21385C26C926, 0x4D2C6DFC5AC42AED, 0x53380D139D95B3DF
    .quad   0x650A73548BAF63DE, 0x766A0ABB3C77B2A8, 0x81C2C92E47EDAEE6, 0x92722C851482353B
    .quad   0xA2BFE8A14CF10364, 0xA81A664BBC423001, 0xC24B8B70D0F89791, 0xC76C51A30654BE30
    .quad   0xD192E819D6EF5218, 0xD69906245565A910, 0xF40E35855771202A, 0x106AA07032BBD1B8
    .quad   0x19A4C116B8D2D0C8, 0x1E376C085141AB53, 0x2748774CDF8EEB99, 0x34B0BCB5E19B48A8
    .quad   0x391C0CB3C5C95A63, 0x4ED8AA4AE3418ACB, 0x5B9CCA4F7763E373, 0x682E6FF3D6B2B8A3
    .quad   0x748F82EE5DEFB2FC, 0x78A5636F43172F60, 0x84C87814A1F0AB72, 0x8CC702081A6439EC
    .quad   0x90BEFFFA23631E28, 0xA4506CEBDE82BDE9, 0xBEF9A3F7B2C67915, 0xC67178F2E372532B
    .quad   0xCA273ECEEA26619C, 0xD186B8C721C0C207, 0xEADA7DD6CDE0EB1E, 0xF57D4F7FEE6ED178
    .quad   0x06F067AA72176FBA, 0x0A637DC5A2C898A6, 0x113F9804BEF90DAE, 0x1B710B35131C471B
    .quad   0x28DB77F523047D84, 0x32CAAB7B40C72493, 0x3C9EBE0A15C9BEBC, 0x431D67C49C100D4C
    .quad   0x4CC5D4BECB3E42B6, 0x597F299CFC657E2A, 0x5FCB6FAB3AD6FAEC, 0x6C44198C4A475817
