# SHA-256 (FIPS 180-4, section 6.2). A digest is made piece by piece: begin, add as often as needed, end. The routines
# keep all that they know in the caller's SHA256 record and on the stack, so any number of digests may be made at
# once.

.include "macros.inc"
.include "crypto.inc"

SCHEDULE                = 64 * 4        # bytes of the message schedule
VARIABLES               = 8 * 4         # a to h

.text

# Words 16 on of the message schedule: one, from those before it.
# In: EDI word 16 + index of the loop.
# Clobbers: EAX, ECX, EDX.
.macro SHA256_EXPAND index:req
    mov     eax, [edi + (\index - 15)*4]
    mov     edx, eax
    ror     edx, 18 - 7
    xor     edx, eax
    ror     edx, 7
    shr     eax, 3
    xor     eax, edx                    # sigma 0
    mov     edx, [edi + (\index - 2)*4]
    mov     ecx, edx
    ror     ecx, 19 - 17
    xor     ecx, edx
    ror     ecx, 17
    shr     edx, 10
    xor     edx, ecx                    # sigma 1
    add     eax, [edi + (\index - 16)*4]
    add     eax, [edi + (\index - 7)*4]
    add     eax, edx
    mov     [edi + \index*4], eax
.endm

# One round. The first arguments say which of the eight words behind the message schedule is b, d, ... now: they move by
# one each round, so after eight rounds all are where they were. The others are the registers: a, e, three to work with,
# and b xor c; afterwards the next a is in \ru, e in \rt, and b xor c in \rv.
# In: EBP 4 times the number of rounds before this pass through the loop.
.macro SHA256_ROUND index:req, b:req, d:req, f:req, g:req, h:req, ra:req, re:req, rt:req, ru:req, rv:req, rx:req
    mov     \rt, \re
    ror     \rt, 25 - 11
    xor     \rt, \re
    ror     \rt, 11 - 6
    xor     \rt, \re
    ror     \rt, 6                      # Sigma 1 (e)
    mov     \ru, [esp + SCHEDULE + \f*4]
    xor     \ru, [esp + SCHEDULE + \g*4]
    and     \ru, \re
    xor     \ru, [esp + SCHEDULE + \g*4]
    add     \rt, \ru                    # Ch(e, f, g)
    add     \rt, [esp + SCHEDULE + \h*4]
    add     \rt, [sha256_constants + ebp + (\index)*4]
    add     \rt, [esp + ebp + (\index)*4]
    mov     \ru, \ra
    ror     \ru, 22 - 13
    xor     \ru, \ra
    ror     \ru, 13 - 2
    xor     \ru, \ra
    ror     \ru, 2                      # Sigma 0 (a)
    mov     \rv, \ra
    xor     \rv, [esp + SCHEDULE + \b*4]
    and     \rx, \rv
    xor     \rx, [esp + SCHEDULE + \b*4] # Maj(a, b, c)
    add     \ru, \rx
    add     \ru, \rt
    add     \rt, [esp + SCHEDULE + \d*4]
    mov     [esp + SCHEDULE + \h*4], \ru
    mov     [esp + SCHEDULE + \d*4], \rt
.endm

# Two rounds, after which the registers are what they were.
.macro SHA256_ROUNDS index:req, a:req, b:req, c:req, d:req, e:req, f:req, g:req, h:req
    SHA256_ROUND \index, \b, \d, \f, \g, \h, eax, ecx, edx, ebx, esi, edi
    SHA256_ROUND \index + 1, \a, \c, \e, \f, \g, ebx, edx, ecx, eax, edi, esi
.endm

# Takes in one block.
# In: EAX state, 8 words; EDX block, SHA256_BLOCK bytes.
.global sha256_block
sha256_block:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    eax
    sub     esp, SCHEDULE + VARIABLES
    mov     ebp, eax
    mov     esi, edx
    mov     edi, esp
    mov     ecx, 16
1:  lodsd
    bswap   eax
    stosd
    dec     ecx
    jnz     1b
    mov     ebx, 48 / 4
2:  SHA256_EXPAND 0
    SHA256_EXPAND 1
    SHA256_EXPAND 2
    SHA256_EXPAND 3
    add     edi, 4 * 4
    dec     ebx
    jnz     2b

    mov     esi, ebp                    # EDI is at the variables, which follow the schedule
    mov     ecx, 8
    rep movsd
    mov     eax, [ebp]
    mov     ecx, [ebp + 4*4]
    mov     edi, [ebp + 1*4]
    xor     edi, [ebp + 2*4]
    xor     ebp, ebp
.Lsha256_block_rounds:
    SHA256_ROUNDS 0, 0, 1, 2, 3, 4, 5, 6, 7
    SHA256_ROUNDS 2, 6, 7, 0, 1, 2, 3, 4, 5
    SHA256_ROUNDS 4, 4, 5, 6, 7, 0, 1, 2, 3
    SHA256_ROUNDS 6, 2, 3, 4, 5, 6, 7, 0, 1
    add     ebp, 8 * 4
    cmp     ebp, SCHEDULE
    jb      .Lsha256_block_rounds

    mov     ebp, [esp + SCHEDULE + VARIABLES]
    mov     ecx, 8
3:  mov     eax, [esp + SCHEDULE + ecx*4 - 4]
    add     [ebp + ecx*4 - 4], eax
    dec     ecx
    jnz     3b
    add     esp, SCHEDULE + VARIABLES + 4
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins a digest.
# In: EAX SHA256 record.
.global sha256_begin
sha256_begin:
    push    esi
    push    edi
    mov     dword ptr [eax + SHA256_COUNT], 0
    mov     esi, offset sha256_initial
    mov     edi, eax
    mov     ecx, 8
    rep movsd
    pop     edi
    pop     esi
    ret

# Adds bytes to a digest; less than 4 GiB in all.
# In: EAX SHA256 record, EDX bytes, ECX how many.
.global sha256_add
sha256_add:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     esi, edx
    mov     ebp, ecx
.Lsha256_add_next:
    test    ebp, ebp
    jz      .Lsha256_add_done
    mov     eax, [ebx + SHA256_COUNT]
    and     eax, SHA256_BLOCK - 1
    jnz     .Lsha256_add_piece
    cmp     ebp, SHA256_BLOCK
    jb      .Lsha256_add_piece
    mov     eax, ebx                    # a whole block is not copied
    mov     edx, esi
    call    sha256_block
    add     dword ptr [ebx + SHA256_COUNT], SHA256_BLOCK
    add     esi, SHA256_BLOCK
    sub     ebp, SHA256_BLOCK
    jmp     .Lsha256_add_next
.Lsha256_add_piece:
    lea     edi, [ebx + SHA256_BUFFER + eax]
    mov     ecx, SHA256_BLOCK
    sub     ecx, eax
    cmp     ecx, ebp
    jbe     .Lsha256_add_fits
    mov     ecx, ebp
.Lsha256_add_fits:
    add     [ebx + SHA256_COUNT], ecx
    sub     ebp, ecx
    rep movsb
    test    dword ptr [ebx + SHA256_COUNT], SHA256_BLOCK - 1
    jnz     .Lsha256_add_next
    mov     eax, ebx
    lea     edx, [ebx + SHA256_BUFFER]
    call    sha256_block
    jmp     .Lsha256_add_next
.Lsha256_add_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends a digest. The record must be begun again before its next use.
# In: EAX SHA256 record, EDX where the digest goes, SHA256_BYTES.
.global sha256_end
sha256_end:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [ebx + SHA256_COUNT]
    and     eax, SHA256_BLOCK - 1
    lea     edi, [ebx + SHA256_BUFFER + eax]
    mov     byte ptr [edi], 0x80
    inc     edi
    mov     ecx, SHA256_BLOCK - 1
    sub     ecx, eax
    cmp     ecx, 8                      # the length takes the last eight bytes of a block
    jae     1f
    xor     eax, eax
    rep stosb
    mov     eax, ebx
    lea     edx, [ebx + SHA256_BUFFER]
    call    sha256_block
    lea     edi, [ebx + SHA256_BUFFER]
    mov     ecx, SHA256_BLOCK
1:  sub     ecx, 4
    xor     eax, eax
    rep stosb
    mov     eax, [ebx + SHA256_COUNT]
    shl     eax, 3                      # in bits
    bswap   eax
    mov     [edi], eax
    mov     eax, [ebx + SHA256_COUNT]
    shr     eax, 32 - 3
    bswap   eax
    mov     [edi - 4], eax
    mov     eax, ebx
    lea     edx, [ebx + SHA256_BUFFER]
    call    sha256_block
    xor     ecx, ecx
2:  mov     eax, [ebx + ecx*4]
    bswap   eax
    mov     [esi + ecx*4], eax
    inc     ecx
    cmp     ecx, 8
    jb      2b
    pop     edi
    pop     esi
    pop     ebx
    ret

# The digest of one piece.
# In: EAX where the digest goes, EDX bytes, ECX how many.
.global sha256
sha256:
    push    ebx
    sub     esp, SHA256_SIZE
    mov     ebx, eax
    push    ecx
    push    edx
    lea     eax, [esp + 8]
    call    sha256_begin
    pop     edx
    pop     ecx
    mov     eax, esp
    call    sha256_add
    mov     eax, esp
    mov     edx, ebx
    call    sha256_end
    add     esp, SHA256_SIZE
    pop     ebx
    ret

.section .rodata
.balign 4
# The first 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3), and of the cube roots of
# the first 64 (4.2.2).
sha256_initial:
    .long   0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19
sha256_constants:
    .long   0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5
    .long   0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174
    .long   0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA
    .long   0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967
    .long   0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85
    .long   0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070
    .long   0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3
    .long   0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2
