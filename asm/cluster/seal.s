# What encloses a new key for one member: a key that the giver and the member share, and nobody else can make. See
# docs/protocols/cluster-key.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"

BLOCK_TAG               = 0             # which block is the key of the tag; those behind it encipher

.section .rodata
label:                  .ascii  "QuRe cluster key"
LABEL_SIZE              = . - label

.bss
.balign 4
shared:                 .space X25519_BYTES
shared_key:             .space HMAC_SIZE
shared_message:         .space LABEL_SIZE + NONCE_SIZE + 2 * X25519_BYTES + 4   # with the number of the block
    # what was made last
.global seal_block_made
seal_block_made:        .space SHA256_BYTES

.text

# What only who has a key can make of a nonce and an id.
# In: EAX key, EDX id, ECX nonce.
# Out: seal_block_made.
.global seal_prove
seal_prove:
    push    esi
    push    edx
    push    ecx
    mov     edx, eax
    mov     eax, offset shared_key
    mov     ecx, KEY_SIZE
    call    hmac_key
    pop     edx
    mov     eax, offset shared_message
    mov     ecx, NONCE_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset shared_message + NONCE_SIZE
    mov     ecx, NODE_ID_SIZE
    call    mem_copy
    mov     eax, offset seal_block_made
    mov     edx, offset shared_key
    mov     esi, offset shared_message
    mov     ecx, NONCE_SIZE + NODE_ID_SIZE
    call    hmac_sha256
    pop     esi
    ret

# Makes the key that this node shares with another for one rotation.
# In: EAX public number of who gives, EDX that of who is given, ECX the other's of the two; on the stack, removed here:
# nonce.
# Out: shared_key; ZF when there is none.
.global seal_share
seal_share:
    push    ebx
    mov     ebx, ecx
    push    edx
    push    eax
    mov     eax, offset shared_message
    mov     edx, offset label
    mov     ecx, LABEL_SIZE
    call    mem_copy
    mov     eax, offset shared_message + LABEL_SIZE
    mov     edx, [esp + 16]
    mov     ecx, NONCE_SIZE
    call    mem_copy
    pop     edx
    mov     eax, offset shared_message + LABEL_SIZE + NONCE_SIZE
    mov     ecx, X25519_BYTES
    call    mem_copy
    pop     edx
    mov     eax, offset shared_message + LABEL_SIZE + NONCE_SIZE + X25519_BYTES
    mov     ecx, X25519_BYTES
    call    mem_copy
    mov     eax, offset shared
    mov     edx, ebx
    call    trust_agree
    jz      9f
    mov     eax, offset shared_key
    mov     edx, offset shared
    mov     ecx, X25519_BYTES
    call    hmac_key
    mov     eax, offset shared
    xor     edx, edx
    mov     ecx, X25519_BYTES
    call    mem_set
    test    esp, esp                    # ZF clear
9:  pop     ebx
    ret     4

# A block that only the two can make.
# In: EAX its number.
# Out: seal_block_made.
seal_block:
    push    esi
    mov     [shared_message + LABEL_SIZE + NONCE_SIZE + 2 * X25519_BYTES], eax
    mov     eax, offset seal_block_made
    mov     edx, offset shared_key
    mov     esi, offset shared_message
    mov     ecx, LABEL_SIZE + NONCE_SIZE + 2 * X25519_BYTES + 4
    call    hmac_sha256
    pop     esi
    ret

# Enciphers what is given, or deciphers it.
# In: EAX packet.
.global seal_encipher
seal_encipher:
    push    ebx
    push    edi
    lea     edi, [eax + CLOUD_GIVEN]
    mov     ebx, BLOCK_TAG + 1
1:  mov     eax, ebx
    call    seal_block
    xor     ecx, ecx
2:  mov     eax, [seal_block_made + ecx]
    xor     [edi + ecx], eax
    add     ecx, 4
    cmp     ecx, SHA256_BYTES
    jb      2b
    add     edi, ecx
    inc     ebx
    cmp     ebx, BLOCK_TAG + GIVEN_SIZE / SHA256_BYTES
    jbe     1b
    pop     edi
    pop     ebx
    ret

# The tag of what is given, enciphered.
# In: EAX packet.
# Out: seal_block_made.
.global seal_tag
seal_tag:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     eax, BLOCK_TAG
    call    seal_block
    sub     esp, HMAC_SIZE
    mov     eax, esp
    mov     edx, offset seal_block_made
    mov     ecx, SHA256_BYTES
    call    hmac_key
    mov     eax, offset seal_block_made
    mov     edx, esp
    lea     esi, [ebx + CLOUD_NONCE]
    mov     ecx, CLOUD_TAG - CLOUD_NONCE
    call    hmac_sha256
    add     esp, HMAC_SIZE
    pop     esi
    pop     ebx
    ret
