# Signatures of kernels as the command `kernel` asks for them: that of a drive, which lies after its boot image, and one
# in a file, of the kernels that a disk has.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "disk.inc"
.include "cpu.inc"
.include "bootrecord.inc"
.include "slots.inc"
.include "crypto.inc"
.include "signature.inc"

CHUNK_PAGES             = CHUNK_BYTES / PAGE_SIZE
SECTOR_SHIFT            = 9

.text

# Proves the kernel of a drive by the signature there. May sleep.
# In: EAX name of the drive, EDX kernel in memory, ECX its sectors of 512 bytes.
# Out: EDX signature, SIGNATURE_PAGES that the caller gives back; CF and EAX text.
.global kernel_signed
kernel_signed:
    push    ebx
    push    esi
    push    edi
    mov     esi, edx
    mov     edi, ecx
    shl     edi, SECTOR_SHIFT
    push    eax
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    pop     edx
    jc      .Lkernel_signed_error
    mov     ebx, eax                    # EBX: signature
    push    edx
    call    kernel_keys_recall
    pop     edx
    jc      .Lkernel_signed_free
    mov     eax, edx
    call    signature_of_drive
    jc      .Lkernel_signed_free
    mov     edx, eax
    mov     eax, ebx
    mov     ecx, edi
    call    signature_check
    mov     edx, ebx
    jnc     .Lkernel_signed_done
.Lkernel_signed_free:
    push    eax
    mov     eax, ebx
    mov     edx, SIGNATURE_PAGES
    call    page_free
    pop     eax
    stc
    jmp     .Lkernel_signed_done
.Lkernel_signed_error:
    call    error_text
    stc
.Lkernel_signed_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says who signed a slot's kernel, in its line of `kernel list`; nothing when nobody did. May sleep.
# In: EBX volume, slots_record; EDI slot.
# Clobbers: EAX, ECX, EDX, ESI.
.global kernel_told
kernel_told:
    push    edi
    mov     esi, edi
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Lkernel_told_done
    mov     edi, eax
    call    slot_signature
    jc      .Lkernel_told_free
    call    kernel_trusted
    jc      1f
    lea     eax, [edi + SIGNATURE_PRODUCT]
    PRINTF  ", signed for %s", eax
    jmp     .Lkernel_told_free
1:  PRINT   ", signed by nobody whom this kernel trusts"
.Lkernel_told_free:
    mov     eax, edi
    mov     edx, SIGNATURE_PAGES
    call    page_free
.Lkernel_told_done:
    pop     edi
    ret

# Proves a signature by the keys that this kernel trusts by now. May sleep.
# In: EDI signature, EAX its bytes.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
kernel_trusted:
    push    eax
    call    kernel_keys_recall
    pop     edx
    jc      1f
    mov     eax, edi
    jmp     signature_prove
1:  ret

# Proves the kernels of a disk by the signatures that lie after them. May sleep.
# In: EBX volume, slots_record.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
kernel_verify_own:
    FRAME   8
    # Locals: -4 chunk, -8 status
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Lkernel_verify_own_done
    mov     edi, eax
    mov     eax, CHUNK_PAGES
    call    page_alloc
    jc      .Lkernel_verify_own_free
    mov     [ebp - 4], eax
    mov     dword ptr [ebp - 8], 0
    xor     esi, esi                    # ESI: slot
.Lkernel_verify_own_slot:
    cmp     dword ptr [slots_record + sr_places + esi*8 + 4], 0
    je      .Lkernel_verify_own_next
    call    slot_signature
    jc      .Lkernel_verify_own_unsigned
    call    kernel_trusted
    jc      .Lkernel_verify_own_wrong
    mov     edx, [ebp - 4]
    call    kernel_verify_slot
    LOAD_STRING eax, "it is not the kernel that was signed"
    jc      .Lkernel_verify_own_wrong
    lea     eax, [edi + SIGNATURE_PRODUCT]
    PRINTF  "%u  is %s revision %u, for revision %u and later\n", esi, eax, [edi+SIGNATURE_REVISION], [edi+SIGNATURE_FLOOR]
    jmp     .Lkernel_verify_own_next
.Lkernel_verify_own_unsigned:
    LOAD_STRING eax, "it is not signed"
.Lkernel_verify_own_wrong:
    PRINTF  "kernel: %u: %s\n", esi, eax
    mov     dword ptr [ebp - 8], 1
.Lkernel_verify_own_next:
    inc     esi
    cmp     esi, 2
    jb      .Lkernel_verify_own_slot
    mov     eax, [ebp - 4]
    mov     edx, CHUNK_PAGES
    call    page_free
    mov     eax, [ebp - 8]
    clc
.Lkernel_verify_own_free:
    pushfd
    push    eax
    mov     eax, edi
    mov     edx, SIGNATURE_PAGES
    call    page_free
    pop     eax
    popfd
.Lkernel_verify_own_done:
    ENDFRAME
    ret

# Says which kernels of a disk are what the signature in a file is of. May sleep.
# In: EBX volume, slots_record; ESI path, 0: each slot has its own.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
.global kernel_verify
kernel_verify:
    test    esi, esi
    jz      kernel_verify_own
    FRAME   12
    # Locals: -4 signature, -8 chunk, -12 status
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Lkernel_verify_done
    mov     [ebp - 4], eax
    mov     eax, CHUNK_PAGES
    call    page_alloc
    jc      .Lkernel_verify_free
    mov     [ebp - 8], eax
    mov     edi, [ebp - 4]
    call    signature_of_file
    jc      .Lkernel_verify_unread
    call    kernel_trusted
    jc      .Lkernel_verify_wrong
    lea     eax, [edi + SIGNATURE_PRODUCT]
    PRINTF  "%s revision %u, for revision %u and later\n", eax, [edi+SIGNATURE_REVISION], [edi+SIGNATURE_FLOOR]
    mov     dword ptr [ebp - 12], 1
    xor     esi, esi                    # ESI: slot
1:  mov     edx, [ebp - 8]
    call    kernel_verify_slot
    jc      .Lkernel_verify_next
    PRINTF  "%u  is this kernel\n", esi
    mov     dword ptr [ebp - 12], 0
.Lkernel_verify_next:
    inc     esi
    cmp     esi, 2
    jb      1b
    cmp     dword ptr [ebp - 12], 0
    je      .Lkernel_verify_end
    PRINT   "kernel: no kernel of the disk is the one that was signed\n"
    jmp     .Lkernel_verify_end
.Lkernel_verify_unread:
    call    path_complain
    mov     [ebp - 12], eax
    jmp     .Lkernel_verify_end
.Lkernel_verify_wrong:
    PRINTF  "kernel: %s: %s\n", esi, eax
    mov     dword ptr [ebp - 12], 1
.Lkernel_verify_end:
    mov     eax, [ebp - 8]
    mov     edx, CHUNK_PAGES
    call    page_free
    mov     eax, [ebp - 12]
    clc
.Lkernel_verify_free:
    pushfd
    push    eax
    mov     eax, [ebp - 4]
    mov     edx, SIGNATURE_PAGES
    call    page_free
    pop     eax
    popfd
.Lkernel_verify_done:
    ENDFRAME
    ret

# Compares a kernel with its signature, chunk by chunk. May sleep.
# In: EBX volume, slots_record; ESI slot, EDI signature, EDX CHUNK_PAGES.
# Out: CF when it is another one, or cannot be read.
kernel_verify_slot:
    FRAME   8
    # Locals: -4 chunk, -8 sectors that are left
    push    esi
    push    edi
    mov     [ebp - 4], edx
    mov     edx, [slots_record + sr_places + esi*8]
    mov     ecx, [edi + SIGNATURE_IMAGE_BYTES]
    shr     ecx, SECTOR_SHIFT
    mov     [ebp - 8], ecx
    cmp     [slots_record + sr_places + esi*8 + 4], ecx # 0: it is empty
    jb      .Lkernel_verify_slot_done
    xor     esi, esi                    # ESI: number of the chunk
.Lkernel_verify_slot_next:
    push    esi
    mov     esi, CHUNK_BYTES >> SECTOR_SHIFT
    cmp     esi, [ebp - 8]
    jbe     1f
    mov     esi, [ebp - 8]
1:  sub     [ebp - 8], esi
    push    edx
    mov     eax, ebx
    mov     ecx, [ebp - 4]
    call    volume_read
    pop     edx
    lea     edx, [edx + esi]
    pop     esi
    jc      .Lkernel_verify_slot_done
    push    edx
    mov     eax, edi
    mov     edx, esi
    mov     ecx, [ebp - 4]
    call    signature_chunk
    pop     edx
    jc      .Lkernel_verify_slot_done
    inc     esi
    cmp     dword ptr [ebp - 8], 0
    jne     .Lkernel_verify_slot_next   # CF is clear at the end
.Lkernel_verify_slot_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Reads a signature from a file. May sleep.
# In: ESI path, EDI SIGNATURE_PAGES.
# Out: EAX bytes; CF and EAX error.
signature_of_file:
    push    ebx
    push    edi
    mov     ecx, FILE_READ
    call    file_open
    jc      2f
    mov     ebx, eax
    push    edi
1:  mov     eax, ebx                    # to the end, or more than any signature has
    mov     ecx, SIGNATURE_BYTES_MAX + 1
    add     ecx, [esp]
    sub     ecx, edi
    jz      3f
    call    file_read
    jc      3f
    add     edi, eax
    test    eax, eax
    jnz     1b
3:  pop     edx
    pushfd
    sub     edi, edx
    push    eax
    mov     eax, ebx
    call    file_close
    pop     eax
    popfd
    jc      2f
    mov     eax, edi
2:  pop     edi
    pop     ebx
    ret

# Takes over the list of keys in a file, and keeps it with what the node keeps. May sleep.
# In: ESI path.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
.global kernel_trust
kernel_trust:
    push    ebx
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Lkernel_trust_done
    mov     edi, eax                    # EDI: list
    call    signature_of_file
    jc      .Lkernel_trust_unread
    mov     ebx, eax                    # EBX: its bytes
    call    kernel_keys_recall
    jc      .Lkernel_trust_wrong
    mov     eax, edi
    mov     edx, ebx
    call    keys_take
    jc      .Lkernel_trust_wrong
    PRINTF  "This kernel trusts the keys of list %u now: %u.\n", [edi+KEYS_SEQUENCE], [edi+KEYS_COUNT]
    mov     ecx, edi
    mov     esi, ebx
    call    kernel_keys_keep
    mov     ebx, 0
    jnc     .Lkernel_trust_free
    cmp     eax, ERROR_NO_DEVICE
    je      .Lkernel_trust_lost
    call    error_text
    PRINTF  "kernel: they could not be kept: %s\n", eax
    jmp     .Lkernel_trust_failed
.Lkernel_trust_lost:
    PRINT   "kernel: they are forgotten at the next start, as this node keeps nothing\n"
    jmp     .Lkernel_trust_failed
.Lkernel_trust_unread:
    call    path_complain
    jmp     .Lkernel_trust_failed
.Lkernel_trust_wrong:
    PRINTF  "kernel: %s: %s\n", esi, eax
.Lkernel_trust_failed:
    mov     ebx, 1
.Lkernel_trust_free:
    mov     eax, edi
    mov     edx, SIGNATURE_PAGES
    call    page_free
    mov     eax, ebx
    clc
.Lkernel_trust_done:
    pop     ebx
    ret

