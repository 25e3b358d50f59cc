# The signature of a kernel that this machine has: a slot's, or that of the running one on the drive that it was started
# from.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "disk.inc"
.include "slots.inc"
.include "signature.inc"

SECTOR_BYTES            = 512
SECTOR_SHIFT            = 9

.text

# Reads it. May sleep.
# In: EAX revision, EDI SIGNATURE_PAGES of memory.
# Out: EAX bytes; CF when there is none.
# Clobbers: ECX, EDX.
.global kernel_signature
kernel_signature:
    FRAME   SLOTTED_SIZE
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax                    # EBX: revision
    mov     esi, edi                    # ESI: memory
    lea     edi, [ebp - SLOTTED_SIZE]
    call    slot_find
    jc      .Lkernel_signature_drive
    cmp     dword ptr [edi + SLOTTED_SIGNATURE_BYTES], 1
    jb      .Lkernel_signature_done
    mov     eax, [edi + SLOTTED_VOLUME]
    mov     edx, [edi + SLOTTED_SIGNATURE]
    mov     ecx, esi
    mov     esi, [edi + SLOTTED_SIGNATURE_BYTES]
    add     esi, SECTOR_BYTES - 1
    shr     esi, SECTOR_SHIFT
    call    volume_read
    jc      .Lkernel_signature_done
    mov     eax, [slots_changes]        # it is another one's by now
    cmp     eax, [edi + SLOTTED_CHANGES]
    stc
    jne     .Lkernel_signature_done
    mov     eax, [edi + SLOTTED_SIGNATURE_BYTES]
    clc
    jmp     .Lkernel_signature_done
.Lkernel_signature_drive:
    cmp     ebx, [boot_info + bi_revision]
    stc
    jne     .Lkernel_signature_done
    mov     ecx, esi
    call    boot_source_find
    jc      .Lkernel_signature_done
    lea     eax, [eax + DISK_NAME]
    xchg    ebx, esi
    call    signature_of_drive
    jc      .Lkernel_signature_done
    cmp     [ebx + SIGNATURE_REVISION], esi
    je      .Lkernel_signature_done     # CF is clear
    stc
.Lkernel_signature_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
