# HMAC-SHA-256 (RFC 2104, FIPS 198-1). A key is prepared once; each message then costs two blocks beyond its own.

.include "macros.inc"
.include "crypto.inc"

INNER_PAD               = 0x36363636
OUTER_PAD               = 0x5C5C5C5C

.text

# Prepares a key.
# In: EAX HMAC record to fill, EDX key, ECX its bytes.
.global hmac_key
hmac_key:
    push    ebx
    push    esi
    push    edi
    sub     esp, SHA256_BLOCK + SHA256_SIZE
    mov     ebx, eax
    mov     esi, edx
    mov     edi, esp
    push    ecx
    xor     eax, eax
    mov     ecx, SHA256_BLOCK / 4
    rep stosd
    pop     ecx
    mov     edi, esp
    cmp     ecx, SHA256_BLOCK
    ja      1f
    rep movsb
    jmp     2f
1:  mov     eax, esp                    # a longer key is replaced by its digest
    mov     edx, esi
    call    sha256
2:  lea     edi, [ebx + HMAC_INNER]
    mov     edx, INNER_PAD
    mov     eax, esp
    call    hmac_pad
    lea     edi, [ebx + HMAC_OUTER]
    mov     edx, INNER_PAD ^ OUTER_PAD  # what takes the first pad off again
    mov     eax, esp
    call    hmac_pad
    mov     edi, esp                    # nothing of the key stays on the stack
    xor     eax, eax
    mov     ecx, (SHA256_BLOCK + SHA256_SIZE) / 4
    rep stosd
    add     esp, SHA256_BLOCK + SHA256_SIZE
    pop     edi
    pop     esi
    pop     ebx
    ret

# Pads a key in place, and makes the state after this block.
# In: EAX key, SHA256_BLOCK bytes; EDX pad, EDI where the state goes.
hmac_pad:
    push    ebx
    mov     ebx, eax
    mov     ecx, SHA256_BLOCK / 4
1:  xor     [ebx + ecx*4 - 4], edx
    dec     ecx
    jnz     1b
    sub     esp, SHA256_SIZE
    mov     eax, esp
    call    sha256_begin
    mov     eax, esp
    mov     edx, ebx
    call    sha256_block
    push    esi
    lea     esi, [esp + 4]
    mov     ecx, SHA256_BYTES / 4
    rep movsd
    pop     esi
    add     esp, SHA256_SIZE
    pop     ebx
    ret

# The code of a message.
# In: EAX where it goes, SHA256_BYTES; EDX HMAC record, ESI message, ECX its bytes.
.global hmac_sha256
hmac_sha256:
    push    ebx
    push    ebp
    sub     esp, SHA256_SIZE
    mov     ebx, eax
    mov     ebp, edx
    push    ecx
    lea     eax, [esp + 4]
    call    hmac_begin
    pop     ecx
    mov     eax, esp
    mov     edx, esi
    call    sha256_add
    mov     eax, ebx
    mov     edx, ebp
    mov     ecx, esp
    call    hmac_end
    add     esp, SHA256_SIZE
    pop     ebp
    pop     ebx
    ret

# Begins the code of a message that comes in pieces: `sha256_add` takes each.
# In: EAX SHA256 record, EDX HMAC record, or the state to begin with.
.global hmac_begin
hmac_begin:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     ecx, SHA256_BYTES / 4
    rep movsd
    mov     dword ptr [eax + SHA256_COUNT], SHA256_BLOCK
    pop     edi
    pop     esi
    ret

# Ends it.
# In: EAX where the code goes, SHA256_BYTES; EDX HMAC record, ECX SHA256 record.
.global hmac_end
hmac_end:
    push    ebx
    push    esi
    push    edi
    sub     esp, SHA256_BYTES
    mov     ebx, eax
    mov     esi, edx
    mov     edi, ecx
    mov     eax, edi
    mov     edx, esp
    call    sha256_end
    mov     eax, edi
    lea     edx, [esi + HMAC_OUTER]
    call    hmac_begin
    mov     eax, edi
    mov     edx, esp
    mov     ecx, SHA256_BYTES
    call    sha256_add
    mov     eax, edi
    mov     edx, ebx
    call    sha256_end
    add     esp, SHA256_BYTES
    pop     edi
    pop     esi
    pop     ebx
    ret

# Compares what must not be told byte by byte: takes the same time wherever the two differ.
# In: EAX, EDX blocks, ECX bytes, at least 1.
# Out: ZF when they are equal.
.global secret_compare
secret_compare:
    push    ebx
    push    esi
    xor     ebx, ebx
    mov     esi, eax
1:  mov     al, [esi + ecx - 1]
    xor     al, [edx + ecx - 1]
    or      bl, al
    dec     ecx
    jnz     1b
    test    bl, bl
    pop     esi
    pop     ebx
    ret
