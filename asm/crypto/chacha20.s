# ChaCha20 (RFC 8439, 2.3 and 2.4), by its state of 16 words: the constants, the key, and a counter and a nonce of the
# caller's, who so decides how many bits each of them has. Neither jumps nor addresses depend on what is secret.

.include "macros.inc"
.include "crypto.inc"

DOUBLE_ROUNDS           = 10

.section .rodata
.balign 4
chacha20_constants:     .ascii "expand 32-byte k"

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
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
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
