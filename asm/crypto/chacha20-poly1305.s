# chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305): how SSH encrypts and proves a packet. A key is
# two of ChaCha20's, the second of which hides the length of each packet alone. The nonce is the packet's number, 64
# bits from the highest on; the code's key is block 0, and the packet is encrypted from block 1 on.

.include "macros.inc"
.include "crypto.inc"

LENGTH_BYTES            = 4             # of a packet, in front of it
LENGTH_KEY              = CHACHA20_KEY_BYTES    # within a key

# The frame.
STATE                   = 0
BLOCK                   = CHACHA20_SIZE # block 0, whose first half is the code's key
TAG                     = BLOCK + CHACHA20_BLOCK
FRAME_SIZE              = TAG + POLY1305_BYTES

.text

# Begins a packet: its state, at block 1, and the key of its code.
# In: EBP frame, EAX key, EDX number.
# Clobbers: EAX, ECX, EDX.
packet_begin:
    push    edx
    mov     edx, eax
    lea     eax, [ebp + STATE]
    call    chacha20_begin
    pop     edx
    bswap   edx
    mov     [ebp + STATE + CHACHA20_SIZE - 4], edx
    lea     eax, [ebp + STATE]
    lea     edx, [ebp + BLOCK]
    jmp     chacha20_block

# Decrypts the length of a packet, or encrypts it.
# In: EAX key, EDX number, ESI length, LENGTH_BYTES.
# Out: EAX the other.
# Clobbers: ECX, EDX.
.global chacha20_poly1305_length
chacha20_poly1305_length:
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    add     eax, LENGTH_KEY
    call    packet_begin
    mov     eax, [ebp + BLOCK]
    xor     eax, [esi]
    push    eax
    call    packet_wipe
    pop     eax
    add     esp, FRAME_SIZE
    pop     ebp
    ret

# Encrypts a packet where it is, and appends its code.
# In: EAX key, CHACHA20_POLY1305_KEY_BYTES; EDX number; ESI packet from its length on, ECX its bytes, behind which
# POLY1305_BYTES are free.
# Clobbers: EAX, ECX, EDX.
.global chacha20_poly1305_seal
chacha20_poly1305_seal:
    push    ebx
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    mov     edi, ecx
    mov     ebx, eax
    push    edx
    call    chacha20_poly1305_length
    mov     [esi], eax
    pop     edx
    mov     eax, ebx
    call    packet_begin
    push    esi
    add     esi, LENGTH_BYTES
    lea     ecx, [edi - LENGTH_BYTES]
    lea     eax, [ebp + STATE]
    call    chacha20_xor
    pop     esi
    lea     eax, [esi + edi]
    lea     edx, [ebp + BLOCK]
    mov     ecx, edi
    call    poly1305
    call    packet_wipe
    add     esp, FRAME_SIZE
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Proves a packet, and then decrypts it where it is, but for its length.
# In: EAX key, CHACHA20_POLY1305_KEY_BYTES; EDX number; ESI packet from its length on, ECX its bytes, behind which its
# code is.
# Out: CF when it is another's: it stays as it is.
# Clobbers: EAX, ECX, EDX.
.global chacha20_poly1305_open
chacha20_poly1305_open:
    push    edi
    push    ebp
    sub     esp, FRAME_SIZE
    mov     ebp, esp
    mov     edi, ecx
    call    packet_begin
    lea     eax, [ebp + TAG]
    lea     edx, [ebp + BLOCK]
    mov     ecx, edi
    call    poly1305
    lea     eax, [ebp + TAG]
    lea     edx, [esi + edi]
    mov     ecx, POLY1305_BYTES
    call    secret_compare
    stc
    jne     1f
    push    esi
    add     esi, LENGTH_BYTES
    lea     ecx, [edi - LENGTH_BYTES]
    lea     eax, [ebp + STATE]
    call    chacha20_xor
    pop     esi
    clc
1:  pushfd
    call    packet_wipe
    popfd
    lea     esp, [esp + FRAME_SIZE]
    pop     ebp
    pop     edi
    ret

# Takes away what the frame knows.
# In: EBP frame.
# Clobbers: EAX, ECX.
packet_wipe:
    push    edi
    mov     edi, ebp
    xor     eax, eax
    mov     ecx, FRAME_SIZE / 4
    rep stosd
    pop     edi
    ret
