# Poly1305 (RFC 8439, 2.5): the code by which whoever knows a key that is used once proves a message. Numbers are
# dwords, the lowest first. Neither jumps nor addresses depend on what is secret.

.include "macros.inc"
.include "crypto.inc"

# The frame, at a multiple of 16. The key's clamped half is R; FIVES are 5/4 of it, which is a whole number but for the
# lowest dword, whose two lowest bits are counted by themselves.
FIVES                   = 0             # 4 dwords, each 8 bytes after the one before it,
R                       = 32            # and so are the 4 of R
SHIFTED                 = 64            # FIVES and R again, 8 bytes on: any two in a row are at a multiple of 16
TERM                    = 144           # 5 dwords: the sum with a block
SUM                     = 164           # 5 dwords: what the blocks so far come to
LOW                     = 184           # the two lowest bits of R
END                     = 188           # of the blocks
PRODUCTS                = 192           # 4 numbers of 64 bits
LAST                    = 224           # 16 bytes: a block that is not full
FOR_TAG                 = 240           # where the tag goes
KEY                     = 244           # address of the key
CALLER                  = 248           # ESP
FRAME_SIZE              = 256

.section .rodata
.balign 4
poly1305_clamp:         .long 0x0FFFFFFF, 0x0FFFFFFC, 0x0FFFFFFC, 0x0FFFFFFC

.text

# Adds a product to EBX and ECX.
.macro POLY1305_ADD term:req, factor:req
    mov     eax, [ebp + TERM + \term * 4]
    mul     dword ptr [ebp + \factor]
    add     ebx, eax
    adc     ecx, edx
.endm

# A dword of TERM times R, with what it carries; it stays below 2^64, as R and FIVES are below 2^29.
.macro POLY1305_ROW row:req, f0:req, f1:req, f2:req, f3:req, f4:req
    xor     ebx, ebx
    xor     ecx, ecx
    POLY1305_ADD 0, \f0
    POLY1305_ADD 1, \f1
    POLY1305_ADD 2, \f2
    POLY1305_ADD 3, \f3
    POLY1305_ADD 4, \f4
    mov     [ebp + PRODUCTS + \row * 8], ebx
    mov     [ebp + PRODUCTS + \row * 8 + 4], ecx
.endm

# SUM = TERM * R modulo 2^130 - 5, as far as it fits 131 bits.
# In: EBP frame.
# Clobbers: EAX, EBX, ECX, EDX.
poly1305_multiply:
    POLY1305_ROW 0, R, FIVES + 24, FIVES + 16, FIVES + 8, FIVES
    POLY1305_ROW 1, R + 8, R, FIVES + 24, FIVES + 16, FIVES + 8
    POLY1305_ROW 2, R + 16, R + 8, R, FIVES + 24, FIVES + 16
    POLY1305_ROW 3, R + 24, R + 16, R + 8, R, FIVES + 24
    mov     ecx, [ebp + TERM + 16]
    imul    ecx, [ebp + LOW]
    add     ecx, [ebp + PRODUCTS + 28]  # from 2^128 on
    mov     edx, ecx
    shr     edx, 2
    lea     edx, [edx + edx*4]
    and     ecx, 3
    add     edx, [ebp + PRODUCTS]
    mov     [ebp + SUM], edx
.irp row, 1, 2, 3
    mov     edx, [ebp + PRODUCTS + \row * 8 - 4]
    adc     edx, [ebp + PRODUCTS + \row * 8]
    mov     [ebp + SUM + \row * 4], edx
.endr
    adc     ecx, 0
    mov     [ebp + SUM + 16], ecx
    ret

# Takes in a block.
# In: EBP frame, ESI 16 bytes, EDX 1, or 0 for the last one that is not full.
# Clobbers: EAX, EBX, ECX, EDX.
poly1305_take:
    mov     eax, [ebp + SUM]
    add     eax, [esi]
    mov     [ebp + TERM], eax
.irp dword, 1, 2, 3
    mov     eax, [ebp + SUM + \dword * 4]
    adc     eax, [esi + \dword * 4]
    mov     [ebp + TERM + \dword * 4], eax
.endr
    adc     edx, [ebp + SUM + 16]
    mov     [ebp + TERM + 16], edx
    jmp     poly1305_multiply

# Adds the products of a dword of TERM in XMM6 to XMM0, rows 0 and 1, and XMM1, rows 2 and 3.
.macro POLY1305_COLUMN factors:req
    movdqa  xmm7, xmm6
    pmuludq xmm6, [ebp + \factors]
    pmuludq xmm7, [ebp + \factors + 16]
    paddq   xmm0, xmm6
    paddq   xmm1, xmm7
.endm

# Takes in full blocks, with the XMM registers at hand.
# In: EBP frame, ESI blocks, ECX their bytes, not 0.
# Out: ESI behind them.
# Clobbers: EAX, EBX, ECX, EDX, EDI.
poly1305_vectors:
    add     ecx, esi
    mov     [ebp + END], ecx
    mov     eax, [ebp + SUM]
    mov     ebx, [ebp + SUM + 4]
    mov     edx, [ebp + SUM + 8]
    mov     edi, [ebp + SUM + 12]
    mov     ecx, [ebp + SUM + 16]
.Lpoly1305_vectors_next:
    add     eax, [esi]
    mov     [ebp + TERM], eax
    adc     ebx, [esi + 4]
    mov     [ebp + TERM + 4], ebx
    adc     edx, [esi + 8]
    mov     [ebp + TERM + 8], edx
    adc     edi, [esi + 12]
    mov     [ebp + TERM + 12], edi
    adc     ecx, 1
    movd    xmm6, ecx                   # the lower half of pairs is multiplied
    pshufd  xmm6, xmm6, 0x44
    movdqa  xmm0, xmm6
    pmuludq xmm0, [ebp + FIVES]
    movdqa  xmm1, xmm6
    pmuludq xmm1, [ebp + FIVES + 16]
    movdqa  xmm2, [ebp + TERM]
    pshufd  xmm6, xmm2, 0x00
    POLY1305_COLUMN R
    pshufd  xmm6, xmm2, 0x55
    POLY1305_COLUMN SHIFTED + 32
    pshufd  xmm6, xmm2, 0xAA
    POLY1305_COLUMN FIVES + 16
    pshufd  xmm6, xmm2, 0xFF
    POLY1305_COLUMN SHIFTED + 16
    movdqa  [ebp + PRODUCTS], xmm0
    movdqa  [ebp + PRODUCTS + 16], xmm1
    imul    ecx, [ebp + LOW]
    add     ecx, [ebp + PRODUCTS + 28]  # from 2^128 on
    mov     eax, ecx
    shr     eax, 2
    lea     eax, [eax + eax*4]
    and     ecx, 3
    add     eax, [ebp + PRODUCTS]
    mov     ebx, [ebp + PRODUCTS + 4]
    adc     ebx, [ebp + PRODUCTS + 8]
    mov     edx, [ebp + PRODUCTS + 12]
    adc     edx, [ebp + PRODUCTS + 16]
    mov     edi, [ebp + PRODUCTS + 20]
    adc     edi, [ebp + PRODUCTS + 24]
    adc     ecx, 0
    add     esi, 16
    cmp     esi, [ebp + END]
    jne     .Lpoly1305_vectors_next
    mov     [ebp + SUM], eax
    mov     [ebp + SUM + 4], ebx
    mov     [ebp + SUM + 8], edx
    mov     [ebp + SUM + 12], edi
    mov     [ebp + SUM + 16], ecx
    ret

# The tag of a message.
# In: EAX where POLY1305_BYTES go; EDX key, POLY1305_KEY_BYTES; ESI message, ECX its bytes.
.global poly1305
poly1305:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, esp
    sub     esp, FRAME_SIZE
    and     esp, -16
    mov     ebp, esp
    mov     [ebp + CALLER], ebx
    mov     [ebp + KEY], edx
    mov     [ebp + FOR_TAG], eax
    mov     edi, ecx                    # EDI: bytes left
    call    poly1305_key
    cmp     dword ptr [vectors], 0
    je      1f
    mov     ecx, edi
    and     ecx, -16
    and     edi, 15
    push    edi
    mov     edi, offset poly1305_vectors
    call    vectors_call
    pop     edi
1:  sub     edi, 16
    jb      2f
    mov     edx, 1
    call    poly1305_take
    add     esi, 16
    jmp     1b
2:  add     edi, 16
    jz      3f
    mov     ecx, edi
    xor     eax, eax
    mov     [ebp + LAST], eax
    mov     [ebp + LAST + 4], eax
    mov     [ebp + LAST + 8], eax
    mov     [ebp + LAST + 12], eax
    lea     edi, [ebp + LAST]
    rep movsb
    mov     byte ptr [edi], 1
    lea     esi, [ebp + LAST]
    xor     edx, edx
    call    poly1305_take
3:  call    poly1305_end
    mov     ebx, [ebp + CALLER]
    mov     edi, ebp                    # nothing of it stays on the stack
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    mov     esp, ebx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the half of the key that is multiplied by.
# In: EBP frame, EDX key.
# Clobbers: EAX, ECX.
poly1305_key:
    xor     ecx, ecx
    mov     [ebp + SUM + 16], ecx
1:  mov     eax, [edx + ecx*4]
    and     eax, [poly1305_clamp + ecx*4]
    mov     [ebp + R + ecx*8], eax
    mov     [ebp + SHIFTED + 40 + ecx*8], eax
    mov     dword ptr [ebp + SUM + ecx*4], 0
    shr     eax, 2
    lea     eax, [eax + eax*4]
    mov     [ebp + FIVES + ecx*8], eax
    mov     [ebp + SHIFTED + 8 + ecx*8], eax
    inc     ecx
    cmp     ecx, 4
    jb      1b
    mov     eax, [ebp + R]
    and     eax, 3
    mov     [ebp + LOW], eax
    ret

# Brings SUM below 2^130 - 5, and adds the other half of the key.
# In: EBP frame.
# Clobbers: EAX, ECX, EDX, EDI.
poly1305_end:
    mov     eax, [ebp + SUM]
    add     eax, 5
.irp dword, 1, 2, 3
    mov     eax, [ebp + SUM + \dword * 4]
    adc     eax, 0
.endr
    mov     eax, [ebp + SUM + 16]
    adc     eax, 0
    shr     eax, 2                      # how often 2^130 - 5 is in it
    lea     eax, [eax + eax*4]
    add     [ebp + SUM], eax
.irp dword, 1, 2, 3
    adc     dword ptr [ebp + SUM + \dword * 4], 0
.endr
    mov     edi, [ebp + FOR_TAG]
    mov     edx, [ebp + KEY]
    mov     eax, [ebp + SUM]
    add     eax, [edx + 16]
    mov     [edi], eax
.irp dword, 1, 2, 3
    mov     eax, [ebp + SUM + \dword * 4]
    adc     eax, [edx + 16 + \dword * 4]
    mov     [edi + \dword * 4], eax
.endr
    ret
