# ChaCha20 (RFC 8439, 2.3 and 2.4), by its state of 16 words: the constants, the key, and a counter and a nonce of the
# caller's, who so decides how many bits each of them has. Neither jumps nor addresses depend on what is secret.

.include "macros.inc"
.include "crypto.inc"

DOUBLE_ROUNDS           = 10

.section .rodata
.balign 4
chacha20_constants:     .ascii "expand 32-byte k"
.balign 16
# What PSHUFB moves to rotate four dwords to the left by 16 bits, and by 8.
chacha20_left_16:       .byte 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13
chacha20_left_8:        .byte 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14

.text

# A quarter round of four words of the state at EDI.
.macro CHACHA20_QUARTER a:req, b:req, c:req, d:req
    mov     eax, [edi + \a * 4]
    mov     ebx, [edi + \b * 4]
    mov     ecx, [edi + \c * 4]
    mov     edx, [edi + \d * 4]
    add     eax, ebx
    xor     edx, eax
    rol     edx, 16
    add     ecx, edx
    xor     ebx, ecx
    rol     ebx, 12
    add     eax, ebx
    xor     edx, eax
    rol     edx, 8
    add     ecx, edx
    xor     ebx, ecx
    rol     ebx, 7
    mov     [edi + \a * 4], eax
    mov     [edi + \b * 4], ebx
    mov     [edi + \c * 4], ecx
    mov     [edi + \d * 4], edx
.endm

# Rotates four dwords to the left.
.macro CHACHA20_ROTATE register:req, bits:req
    movdqa  xmm4, \register
    pslld   \register, \bits
    psrld   xmm4, 32 - \bits
    por     \register, xmm4
.endm

# Four quarter rounds at once: of the rows of the state, XMM0 to XMM3.
.macro CHACHA20_ROWS
    paddd   xmm0, xmm1
    pxor    xmm3, xmm0
    pshufb  xmm3, [chacha20_left_16]
    paddd   xmm2, xmm3
    pxor    xmm1, xmm2
    CHACHA20_ROTATE xmm1, 12
    paddd   xmm0, xmm1
    pxor    xmm3, xmm0
    pshufb  xmm3, [chacha20_left_8]
    paddd   xmm2, xmm3
    pxor    xmm1, xmm2
    CHACHA20_ROTATE xmm1, 7
.endm

# Makes a state whose counter and nonce are 0.
# In: EAX state, CHACHA20_SIZE bytes; EDX key, CHACHA20_KEY_BYTES.
# Clobbers: EAX, ECX, EDX.
.global chacha20_begin
chacha20_begin:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, offset chacha20_constants
    mov     ecx, 4
    rep movsd
    mov     esi, edx
    mov     ecx, CHACHA20_KEY_BYTES / 4
    rep movsd
    xor     eax, eax
    mov     ecx, 4
    rep stosd
    pop     edi
    pop     esi
    ret

# Makes one block of the key stream, and counts it.
# In: EAX state, EDX where CHACHA20_BLOCK bytes go.
# Clobbers: EAX, ECX, EDX.
.global chacha20_block
chacha20_block:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    cmp     dword ptr [vectors], 0
    jne     .Lchacha20_block_vectors
    push    esi
    mov     ecx, CHACHA20_SIZE / 4
    rep movsd
    mov     edi, edx
    pop     esi
    mov     ebp, DOUBLE_ROUNDS
.Lchacha20_block_rounds:
    CHACHA20_QUARTER 0, 4, 8, 12
    CHACHA20_QUARTER 1, 5, 9, 13
    CHACHA20_QUARTER 2, 6, 10, 14
    CHACHA20_QUARTER 3, 7, 11, 15
    CHACHA20_QUARTER 0, 5, 10, 15
    CHACHA20_QUARTER 1, 6, 11, 12
    CHACHA20_QUARTER 2, 7, 8, 13
    CHACHA20_QUARTER 3, 4, 9, 14
    dec     ebp
    jnz     .Lchacha20_block_rounds
    mov     ecx, CHACHA20_SIZE / 4
1:  mov     eax, [esi + ecx*4 - 4]
    add     [edi + ecx*4 - 4], eax
    dec     ecx
    jnz     1b
    inc     dword ptr [esi + CHACHA20_COUNTER]
    jmp     .Lchacha20_block_done
.Lchacha20_block_vectors:               # what zeros are encrypted to
    mov     ebx, esi
    mov     esi, edi
    xor     eax, eax
    mov     ecx, CHACHA20_BLOCK / 4
    rep stosd
    mov     ecx, CHACHA20_BLOCK
    mov     edi, offset chacha20_vectors
    call    vectors_call
.Lchacha20_block_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Encrypts or decrypts blocks where they are, and counts them, with the XMM registers at hand.
# In: EBX state, ESI blocks, ECX their bytes, not 0.
# Out: ESI behind them.
# Clobbers: EAX, ECX.
chacha20_vectors:
    add     ecx, esi
    movdqu  xmm5, [ebx]
    movdqu  xmm6, [ebx + 16]
    movdqu  xmm7, [ebx + 32]
.Lchacha20_vectors_next:
    movdqa  xmm0, xmm5
    movdqa  xmm1, xmm6
    movdqa  xmm2, xmm7
    movdqu  xmm3, [ebx + CHACHA20_COUNTER]
    mov     eax, DOUBLE_ROUNDS
1:  CHACHA20_ROWS
    pshufd  xmm1, xmm1, 0x39            # each row turns, so that diagonals are columns,
    pshufd  xmm2, xmm2, 0x4E
    pshufd  xmm3, xmm3, 0x93
    CHACHA20_ROWS
    pshufd  xmm1, xmm1, 0x93            # and back
    pshufd  xmm2, xmm2, 0x4E
    pshufd  xmm3, xmm3, 0x39
    dec     eax
    jnz     1b
    movdqu  xmm4, [ebx + CHACHA20_COUNTER]
    paddd   xmm0, xmm5
    paddd   xmm1, xmm6
    paddd   xmm2, xmm7
    paddd   xmm3, xmm4
.irp row, 0, 1, 2, 3
    movdqu  xmm4, [esi + \row * 16]
    pxor    xmm4, xmm\row
    movdqu  [esi + \row * 16], xmm4
.endr
    inc     dword ptr [ebx + CHACHA20_COUNTER]
    add     esi, CHACHA20_BLOCK
    cmp     esi, ecx
    jne     .Lchacha20_vectors_next
    ret

# Encrypts or decrypts bytes where they are.
# In: EAX state, ESI bytes, ECX how many.
# Clobbers: EAX, ECX, EDX.
.global chacha20_xor
chacha20_xor:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, CHACHA20_BLOCK
    mov     ebx, eax
    mov     ebp, ecx
    cmp     dword ptr [vectors], 0
    je      .Lchacha20_xor_next
    and     ecx, -CHACHA20_BLOCK
    and     ebp, CHACHA20_BLOCK - 1
    mov     edi, offset chacha20_vectors
    call    vectors_call
.Lchacha20_xor_next:
    test    ebp, ebp
    jz      .Lchacha20_xor_done
    mov     eax, ebx
    mov     edx, esp
    call    chacha20_block
    mov     edi, esp
    mov     ecx, CHACHA20_BLOCK
    cmp     ecx, ebp
    jbe     1f
    mov     ecx, ebp
1:  sub     ebp, ecx
    mov     edx, ecx
    shr     ecx, 2
    jz      3f
2:  mov     eax, [edi]
    xor     [esi], eax
    add     edi, 4
    add     esi, 4
    dec     ecx
    jnz     2b
3:  and     edx, 3
    jz      .Lchacha20_xor_next
4:  mov     al, [edi]
    xor     [esi], al
    inc     edi
    inc     esi
    dec     edx
    jnz     4b
    jmp     .Lchacha20_xor_next
.Lchacha20_xor_done:
    mov     edi, esp                    # nothing of it stays on the stack
    xor     eax, eax
    mov     ecx, CHACHA20_BLOCK / 4
    rep stosd
    add     esp, CHACHA20_BLOCK
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
