# Poly1305 (RFC 8439, 2.5): the code by which whoever knows a key that is used once proves a message. Numbers are
# dwords, the lowest first. Neither jumps nor addresses depend on what is secret.

.include "macros.inc"
.include "crypto.inc"

# The frame. The key's clamped half is R; FIVES are 5/4 of it, which is a whole number but for the lowest dword, whose
# two lowest bits are counted by themselves.
R                       = 0             # 4 dwords
FIVES                   = 16            # 4 dwords
SUM                     = 32            # 5 dwords: what the blocks so far come to
TERM                    = 52            # 5 dwords: the sum with a block
PRODUCTS                = 72            # 4 numbers of 64 bits
LAST                    = 104           # 16 bytes: a block that is not full
FRAME_SIZE              = 120

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
    POLY1305_ROW 0, R, FIVES + 12, FIVES + 8, FIVES + 4, FIVES
    POLY1305_ROW 1, R + 4, R, FIVES + 12, FIVES + 8, FIVES + 4
    POLY1305_ROW 2, R + 8, R + 4, R, FIVES + 12, FIVES + 8
    POLY1305_ROW 3, R + 12, R + 8, R + 4, R, FIVES + 12
    mov     ecx, [ebp + R]
    and     ecx, 3
    imul    ecx, [ebp + TERM + 16]
    add     ecx, [ebp + PRODUCTS + 28]  # from 2^128 on
    mov     edx, ecx
    shr     edx, 2
    lea     edx, [edx + edx*4]
    and     ecx, 3
    add     edx, [ebp + PRODUCTS]
    mov     [ebp + SUM], edx
.irp row, 1, 2, 3
    mov     edx, [ebp + PRODUCTS + \row * 8 - 4]
    adc     edx, 0                      # no carry: it is far below 2^32
    add     edx, [ebp + PRODUCTS + \row * 8]
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

# The tag of a message.
# In: EAX where POLY1305_BYTES go; EDX key, POLY1305_KEY_BYTES; ESI message, ECX its bytes.
.global poly1305
poly1305:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    edx
    push    eax
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    push    ecx
    call    poly1305_key
    pop     edi                         # EDI: bytes left
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
    mov     edi, ebp                    # nothing of it stays on the stack
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    lea     esp, [ebp + FRAME_SIZE + 8]
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
    mov     [ebp + R + ecx*4], eax
    mov     dword ptr [ebp + SUM + ecx*4], 0
    shr     eax, 2
    lea     eax, [eax + eax*4]
    mov     [ebp + FIVES + ecx*4], eax
    inc     ecx
    cmp     ecx, 4
    jb      1b
    ret

# Brings SUM below 2^130 - 5, and adds the other half of the key.
# In: EBP frame, above it where the tag goes, and the key.
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
    mov     edi, [ebp + FRAME_SIZE]
    mov     edx, [ebp + FRAME_SIZE + 4]
    mov     eax, [ebp + SUM]
    add     eax, [edx + 16]
    mov     [edi], eax
.irp dword, 1, 2, 3
    mov     eax, [ebp + SUM + \dword * 4]
    adc     eax, [edx + 16 + \dword * 4]
    mov     [edi + \dword * 4], eax
.endr
    ret
