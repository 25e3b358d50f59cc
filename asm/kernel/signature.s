# Who made a kernel: the signature that stands beside an image (docs/formats/signature.md), and the keys that this
# kernel trusts, which the build put into it. Every field of a signature is hostile until the signature is proved.

.include "macros.inc"
.include "crypto.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "signature.inc"

SECTOR_BYTES            = 512

.data
.balign 4
keys_trusted:           .long kernel_keys # how many, then the keys
keys_sequence:          .long 0         # of the list that they are of; 0: they are the image's

.bss
.balign 4
keys_followed:          .space 4 + KEYS_MAX * ED25519_KEY_BYTES

.text

# Proves that a key which this kernel trusts made a signature.
# In: EAX signature, EDX its bytes.
# Out: CF and EAX text.
.global signature_prove
signature_prove:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    call    signature_shape
    jc      .Lsignature_prove_done
    call    signature_trusted
    LOAD_STRING eax, "no key that this kernel trusts made its signature"
    jc      .Lsignature_prove_done
    lea     eax, [ebx + edi - ED25519_BYTES]
    lea     edx, [ebx + SIGNATURE_KEY]
    mov     esi, ebx
    lea     ecx, [edi - ED25519_BYTES]
    call    ed25519_verify
    LOAD_STRING eax, "its signature is wrong"
.Lsignature_prove_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks at the fields of a signature.
# In: EBX signature, EDI its bytes.
# Out: CF and EAX text.
signature_shape:
    LOAD_STRING eax, "its signature is damaged, or of another format"
    cmp     edi, SIGNATURE_BYTES_MIN
    jb      .Lsignature_shape_done
    cmp     dword ptr [ebx], SIGNATURE_MAGIC
    jne     .Lsignature_shape_bad
    cmp     dword ptr [ebx + SIGNATURE_VERSION], SIGNATURE_VERSION_VALUE
    jne     .Lsignature_shape_bad
    cmp     [ebx + SIGNATURE_SIZE], edi
    jne     .Lsignature_shape_bad
    mov     edx, [ebx + SIGNATURE_IMAGE_BYTES]
    test    edx, SECTOR_BYTES - 1
    jnz     .Lsignature_shape_bad
    dec     edx                         # so that 0 is too large
    cmp     edx, SIGNED_BYTES_MAX
    jae     .Lsignature_shape_bad
    shr     edx, CHUNK_SHIFT
    inc     edx                         # EDX: chunks
    shl     edx, 6                      # SHA512_BYTES
    add     edx, SIGNATURE_HASHES + ED25519_BYTES
    cmp     edx, edi
    jne     .Lsignature_shape_bad
    cmp     dword ptr [ebx + SIGNATURE_CHUNK_BYTES], CHUNK_BYTES
    jne     .Lsignature_shape_bad
    push    edi                         # no ranges, and zeros after them
    push    eax
    xor     eax, eax
    lea     edi, [ebx + SIGNATURE_RANGES]
    mov     ecx, (SIGNATURE_PRODUCT - SIGNATURE_RANGES) / 4
    repe scasd
    pop     eax
    pop     edi
    jne     .Lsignature_shape_bad
    mov     edx, [ebx + SIGNATURE_REVISION]
    cmp     edx, [ebx + SIGNATURE_FLOOR]
    jb      .Lsignature_shape_done
    mov     dx, [ebx + SIGNATURE_WIRE]
    cmp     dx, [ebx + SIGNATURE_WIRE_OLDEST]
    jb      .Lsignature_shape_done
    mov     dx, [ebx + SIGNATURE_DISK]
    cmp     dx, [ebx + SIGNATURE_DISK_OLDEST]
    ret
.Lsignature_shape_bad:
    stc
.Lsignature_shape_done:
    ret

# Looks for the signer among the keys that this kernel trusts.
# In: EBX signature.
# Out: CF when it is none of them.
signature_trusted:
    push    ebx
    push    esi
    push    edi
    lea     edi, [ebx + SIGNATURE_KEY]
    mov     ebx, [keys_trusted]
    mov     edx, [ebx]
    add     ebx, 4
1:  sub     edx, 1
    jb      2f
    mov     eax, ebx
    add     ebx, ED25519_KEY_BYTES
    push    edi
    mov     esi, eax
    mov     ecx, ED25519_KEY_BYTES / 4
    repe cmpsd
    pop     edi
    jne     1b                          # CF is clear when they are equal
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Takes over a list of keys, if a key that this kernel trusts has signed it.
# In: EAX list, EDX its bytes.
# Out: CF and EAX text.
.global keys_take
keys_take:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    call    keys_shape
    jc      .Lkeys_take_done
    call    signature_trusted
    LOAD_STRING eax, "no key that this kernel trusts made its signature"
    jc      .Lkeys_take_done
    lea     eax, [ebx + edi - ED25519_BYTES]
    lea     edx, [ebx + SIGNATURE_KEY]
    mov     esi, ebx
    lea     ecx, [edi - ED25519_BYTES]
    call    ed25519_verify
    LOAD_STRING eax, "its signature is wrong"
    jc      .Lkeys_take_done
    call    keys_follow
.Lkeys_take_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes over a list that this node has taken over before, and kept: who signed it may be trusted no more.
# In: EAX list, EDX its bytes.
# Out: CF and EAX text.
.global keys_recall
keys_recall:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edi, edx
    call    keys_shape
    jc      1f
    call    keys_follow
1:  pop     edi
    pop     ebx
    ret

# Looks at the fields of a list.
# In: EBX list, EDI its bytes.
# Out: CF and EAX text.
keys_shape:
    LOAD_STRING eax, "it is no list of keys, or of another format"
    cmp     edi, KEYS_FIRST + ED25519_KEY_BYTES + ED25519_BYTES
    jb      .Lkeys_shape_done
    cmp     dword ptr [ebx], KEYS_MAGIC
    jne     .Lkeys_shape_bad
    cmp     dword ptr [ebx + SIGNATURE_VERSION], KEYS_VERSION
    jne     .Lkeys_shape_bad
    cmp     [ebx + SIGNATURE_SIZE], edi
    jne     .Lkeys_shape_bad
    mov     edx, [ebx + KEYS_COUNT]
    cmp     edx, KEYS_MAX
    ja      .Lkeys_shape_bad
    shl     edx, 5                      # ED25519_KEY_BYTES
    add     edx, KEYS_FIRST + ED25519_BYTES
    cmp     edx, edi
    jne     .Lkeys_shape_bad
    push    edi
    push    eax
    xor     eax, eax
    lea     edi, [ebx + KEYS_ZERO]
    mov     ecx, (SIGNATURE_PRODUCT - KEYS_ZERO) / 4
    repe scasd
    pop     eax
    pop     edi
    jne     .Lkeys_shape_bad
    call    signature_product
    jc      .Lkeys_shape_done
    LOAD_STRING eax, "this kernel has a list of that number or a higher one"
    mov     edx, [keys_sequence]
    cmp     edx, [ebx + KEYS_SEQUENCE]
    cmc
    ret
.Lkeys_shape_bad:
    stc
.Lkeys_shape_done:
    ret

# The keys of a list are those that this kernel trusts.
# In: EBX list, right.
# Out: CF clear.
keys_follow:
    push    esi
    push    edi
    mov     ecx, [ebx + KEYS_COUNT]
    mov     edi, offset keys_followed
    mov     eax, ecx
    stosd
    shl     ecx, 3                      # ED25519_KEY_BYTES / 4
    lea     esi, [ebx + KEYS_FIRST]
    rep movsd
    mov     eax, [ebx + KEYS_SEQUENCE]
    mov     [keys_sequence], eax
    mov     dword ptr [keys_trusted], offset keys_followed
    clc
    pop     edi
    pop     esi
    ret

# Whether a signature or a list of keys is for this product.
# In: EBX signature or list.
# Out: CF and EAX text.
signature_product:
    push    esi
    push    edi
    LOAD_STRING eax, "it is of another product"
    lea     esi, [ebx + SIGNATURE_PRODUCT]
    mov     edi, offset kernel_product
    mov     ecx, PRODUCT_BYTES / 4
    repe cmpsd
    je      1f                          # CF is clear
    stc
1:  pop     edi
    pop     esi
    ret

# Whether this kernel may give way to one that is signed: product, floor, and no lower revision.
# In: EBX signature, proved.
# Out: CF and EAX text.
.global signature_fits
signature_fits:
    call    signature_product
    jc      1f
    mov     ecx, [boot_info + bi_revision]
    LOAD_STRING eax, "only a kernel of a higher revision than this one may install it"
    cmp     ecx, [ebx + SIGNATURE_FLOOR]
    jb      1f
    LOAD_STRING eax, "it is of a lower revision than this kernel"
    cmp     [ebx + SIGNATURE_REVISION], ecx
1:  ret

# Whether a chunk of an image is what was signed.
# In: EAX signature, proved; EDX number of the chunk, below signature_chunks; ECX chunk.
# Out: CF when it is not.
.global signature_chunk
signature_chunk:
    push    ebx
    push    esi
    push    edi
    sub     esp, SHA512_BYTES
    mov     ebx, edx
    shl     ebx, 6                      # SHA512_BYTES
    lea     edi, [eax + ebx + SIGNATURE_HASHES]
    mov     ebx, edx
    shl     ebx, CHUNK_SHIFT
    sub     ebx, [eax + SIGNATURE_IMAGE_BYTES]
    neg     ebx                         # EBX: bytes from the chunk on
    cmp     ebx, CHUNK_BYTES
    jbe     1f
    mov     ebx, CHUNK_BYTES
1:  mov     edx, ecx
    mov     eax, esp
    mov     ecx, ebx
    call    sha512
    mov     esi, esp
    mov     ecx, SHA512_BYTES / 4
    repe cmpsd
    lea     esp, [esp + SHA512_BYTES]
    je      2f                          # CF is clear
    stc
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# How many chunks an image has.
# In: EAX signature, proved.
# Out: EAX chunks, at least 1.
# Clobbers: EAX only.
signature_chunks:
    mov     eax, [eax + SIGNATURE_IMAGE_BYTES]
    dec     eax
    shr     eax, CHUNK_SHIFT
    inc     eax
    ret

# Proves an image that is in memory: signed by a key that this kernel trusts, and one that it may give way to.
# In: EAX signature, EDX its bytes, ESI image, ECX its bytes.
# Out: CF and EAX text.
.global signature_check
signature_check:
    push    ebx
    push    ecx
    push    edi
    mov     ebx, eax
    call    signature_prove
    jc      .Lsignature_check_done
    call    signature_fits
    jc      .Lsignature_check_done
    mov     ecx, [esp + 4]
    cmp     [ebx + SIGNATURE_IMAGE_BYTES], ecx
    jne     .Lsignature_check_other
    xor     edi, edi                    # EDI: chunk
1:  mov     eax, ebx
    mov     edx, edi
    mov     ecx, edi
    shl     ecx, CHUNK_SHIFT
    add     ecx, esi
    call    signature_chunk
    jc      .Lsignature_check_other
    inc     edi
    mov     eax, ebx
    call    signature_chunks
    cmp     edi, eax
    jb      1b
    mov     eax, [esi + ki_revision]
    cmp     eax, [ebx + SIGNATURE_REVISION]
    je      .Lsignature_check_done
.Lsignature_check_other:
    LOAD_STRING eax, "it is not the kernel that was signed"
    stc
.Lsignature_check_done:
    pop     edi
    pop     ecx
    pop     ebx
    ret
