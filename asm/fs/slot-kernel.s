# The kernels in a disk's two slots, each with its signature (docs/formats/boot-record.md): one is written as a whole,
# and found by its revision, for whoever serves it.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "tasks.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"
.include "crypto.inc"
.include "signature.inc"

SECTOR_BYTES            = 512
SECTOR_SHIFT            = 9
ALIGNMENT_SECTORS       = SIGNATURE_ALIGNMENT >> SECTOR_SHIFT
COPY_SECTORS            = 64            # in one request

# Locals of slots_put, relative to EBP.
PUT_KERNEL              = -4
PUT_SECTORS             = -8
PUT_SIGNATURE           = -12           # 0: none
PUT_SIGNATURE_SECTORS   = -16
PUT_SLOT                = -20
PUT_DIGEST              = PUT_SLOT - SHA512_BYTES
PUT_LOCALS              = -PUT_DIGEST

.text

# The disk that this machine was started from. May sleep.
# Out: EAX its name; CF and EAX = ERROR_NO_DEVICE when it was started from something else, or the disk is gone.
.global slot_disk
slot_disk:
    push    ebx
    cmp     byte ptr [boot_info + bi_media], BOOT_MEDIA_DISK
    jne     1f
    mov     eax, 1                      # a sector of a CD has room in a page
    call    page_alloc
    jc      2f
    mov     ebx, eax
    mov     ecx, eax
    call    boot_source_find
    xchg    eax, ebx
    pushfd
    mov     edx, 1
    call    page_free
    popfd
    jc      1f
    lea     eax, [ebx + DISK_NAME]
    jmp     2f
1:  mov     eax, ERROR_NO_DEVICE
    stc
2:  pop     ebx
    ret

# Reads the record of the disk that this machine was started from. May sleep.
# Out: EBX volume, slots_record; CF and EAX error.
# Clobbers: ESI too.
# Locks: slots_mutex is held.
.global slots_boot
slots_boot:
    call    slot_disk
    jnc     slots_read
    ret

# Where the signature of a kernel lies: after it, at the next multiple of 2048 bytes from the beginning of the disk.
# In: EDX first sector of the kernel, ESI its sectors.
# Out: EDX first sector of the signature.
# Clobbers: nothing else.
slot_signature_sector:
    lea     edx, [edx + esi + ALIGNMENT_SECTORS - 1]
    and     edx, -ALIGNMENT_SECTORS
    ret

# Where a slot ends.
# In: ECX slot.
# Out: EAX the first sector that is not its own.
# Clobbers: EAX only.
slot_end:
    mov     eax, SLOT_RECORD_LBA
    test    ecx, ecx
    jnz     1f
    mov     eax, SLOT_SECOND_LBA
1:  ret

# Whether a kernel fits into a slot, with its signature.
# In: ECX slot, ESI sectors, EDX bytes of the signature, 0 for none; slots_record.
# Out: CF and EAX error when it does not.
# Clobbers: EDX.
.global slots_fits
slots_fits:
    push    edi
    mov     edi, edx
    mov     edx, [slots_record + sr_places + ecx*8]
    lea     eax, [edx + esi]
    test    edi, edi
    jz      1f
    call    slot_signature_sector
    lea     edi, [edi + SECTOR_BYTES - 1]
    shr     edi, SECTOR_SHIFT
    lea     eax, [edx + edi]
1:  mov     edx, eax
    call    slot_end
    cmp     eax, edx
    mov     eax, ERROR_NO_SPACE
    pop     edi
    ret

# Writes a kernel and its signature into the slot that is not good. Nothing but the record's next write makes it count:
# that is the caller's, who may put it on trial first. May sleep.
# In: EBX volume, slots_record; EDI kernel, ESI its sectors, EDX signature in whole sectors of memory, 0 for none.
# Out: ECX slot; CF and EAX error.
# Clobbers: ESI, EDI too.
# Locks: slots_mutex is held.
.global slots_put
slots_put:
    FRAME   PUT_LOCALS
    mov     [ebp + PUT_KERNEL], edi
    mov     [ebp + PUT_SECTORS], esi
    mov     [ebp + PUT_SIGNATURE], edx
    test    edx, edx
    jz      1f
    mov     edx, [edx + SIGNATURE_SIZE]
1:  lea     eax, [edx + SECTOR_BYTES - 1]
    shr     eax, SECTOR_SHIFT
    mov     [ebp + PUT_SIGNATURE_SECTORS], eax
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    mov     [ebp + PUT_SLOT], ecx
    call    slots_fits
    jc      .Lslots_put_done
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     dword ptr [slots_record + sr_tries], 0
    mov     dword ptr [slots_record + sr_places + ecx*8 + 4], 0
    call    slots_content
    call    slots_write                 # nobody takes it while it is written
    jc      .Lslots_put_done
    mov     ecx, [ebp + PUT_SLOT]
    mov     edx, [slots_record + sr_places + ecx*8]
    mov     edi, [ebp + PUT_KERNEL]
    mov     esi, [ebp + PUT_SECTORS]
    call    slots_copy
    jc      .Lslots_put_done
    call    slots_put_signature
    jc      .Lslots_put_done
    mov     eax, ebx
    call    volume_flush
    jc      .Lslots_put_done
    call    slots_put_digest
    mov     ecx, [ebp + PUT_SLOT]
    mov     eax, [ebp + PUT_SECTORS]
    mov     [slots_record + sr_places + ecx*8 + 4], eax
    call    slots_content
    mov     edx, [ebp + PUT_KERNEL]
    mov     edx, [edx + ki_revision]
    mov     [eax], edx
    lea     edi, [eax + SLOT_CONTENT_DIGEST]
    lea     esi, [ebp + PUT_DIGEST]
    mov     ecx, SLOT_DIGEST_BYTES / 4
    rep movsd
    mov     ecx, [ebp + PUT_SLOT]
    clc
.Lslots_put_done:
    ENDFRAME
    ret

# Makes the digest by which a slot's kernel is known. One that nobody has proven has none.
# In: the frame of slots_put.
# Out: PUT_DIGEST.
# Clobbers: EAX, ECX, EDX, EDI.
slots_put_digest:
    lea     edi, [ebp + PUT_DIGEST]
    mov     ecx, SHA512_BYTES / 4
    xor     eax, eax
    rep stosd
    cmp     [ebp + PUT_SIGNATURE], eax
    je      1f
    lea     eax, [ebp + PUT_DIGEST]
    mov     edx, [ebp + PUT_KERNEL]
    mov     ecx, [ebp + PUT_SECTORS]
    shl     ecx, SECTOR_SHIFT
    call    sha512
1:  ret

# As slots_put, and the kernel is on trial at the next start.
# In: as slots_put.
# Out: as slots_put.
# Clobbers: ESI, EDI too.
# Locks: slots_mutex is held.
.global slots_put_trial
slots_put_trial:
    call    slots_put
    jc      1f
    mov     [slots_record + sr_trial], ecx
    mov     dword ptr [slots_record + sr_tries], 1
    push    ecx
    call    slots_write
    pop     ecx
1:  ret

# Writes the signature of a kernel that was written, or takes away that of the one before. May sleep.
# In: EBX volume; the frame of slots_put.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
slots_put_signature:
    mov     ecx, [ebp + PUT_SLOT]
    mov     edx, [slots_record + sr_places + ecx*8]
    mov     esi, [ebp + PUT_SECTORS]
    call    slot_signature_sector
    mov     edi, [ebp + PUT_SIGNATURE]
    mov     esi, [ebp + PUT_SIGNATURE_SECTORS]
    test    edi, edi
    jnz     slots_copy
    call    slot_end
    cmp     edx, eax                    # no room, so there is none
    jae     1f                          # CF is clear
    mov     edi, offset slots_sector
    xor     eax, eax
    mov     ecx, SECTOR_BYTES / 4
    rep stosd
    mov     edi, offset slots_sector
    mov     esi, 1
    jmp     slots_copy
1:  ret

# Writes sectors. May sleep.
# In: EBX volume, EDX first sector, EDI memory, ESI sectors, at least 1.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
slots_copy:
    push    ebp
    mov     ebp, esi
1:  mov     esi, ebp
    cmp     esi, COPY_SECTORS
    jbe     2f
    mov     esi, COPY_SECTORS
2:  mov     eax, ebx
    mov     ecx, edi
    push    edx
    call    volume_write
    pop     edx
    jc      3f
    add     edx, esi
    mov     eax, esi
    shl     eax, SECTOR_SHIFT
    add     edi, eax
    sub     ebp, esi
    jnz     1b
3:  pop     ebp
    ret

# Finds the kernel of a revision in a slot of the disk that was started, the good one first. May sleep.
# In: EAX revision, EDI record SLOTTED_* to be filled in.
# Out: CF and EAX error: ERROR_NOT_FOUND when there is none.
# Locks: slots_mutex while it looks.
.global slot_find
slot_find:
    push    ebx
    push    esi
    push    ebp
    mov     ebp, eax
    mov     eax, offset slots_mutex
    call    mutex_lock
    call    slots_boot
    jc      .Lslot_find_unlock
    mov     ecx, [slots_record + sr_good]
    call    slot_match
    jnc     .Lslot_find_unlock
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    call    slot_match
.Lslot_find_unlock:
    pushfd
    push    eax
    mov     eax, offset slots_mutex
    call    mutex_unlock
    pop     eax
    popfd
    pop     ebp
    pop     esi
    pop     ebx
    ret

# Reads the signature that lies after a slot's kernel. May sleep.
# In: EBX volume, slots_record; ESI slot, EDI SIGNATURE_PAGES.
# Out: EAX bytes; CF when there is none, or it cannot be read.
# Locks: slots_mutex is held.
.global slot_signature
slot_signature:
    push    esi
    push    edi
    push    ebp
    sub     esp, SLOTTED_SIZE
    mov     ecx, esi
    imul    eax, esi, SLOT_CONTENT_BYTES
    mov     ebp, [slots_record + sr_contents + eax]
    mov     edi, esp
    call    slot_match
    jc      1f
    mov     esi, [edi + SLOTTED_SIGNATURE_BYTES]
    cmp     esi, 1
    jb      1f
    lea     esi, [esi + SECTOR_BYTES - 1]
    shr     esi, SECTOR_SHIFT
    mov     edx, [edi + SLOTTED_SIGNATURE]
    mov     ecx, [esp + SLOTTED_SIZE + 4]   # the caller's EDI
    mov     eax, ebx
    call    volume_read
    jc      1f
    mov     eax, [edi + SLOTTED_SIGNATURE_BYTES]
1:  lea     esp, [esp + SLOTTED_SIZE]
    pop     ebp
    pop     edi
    pop     esi
    ret

# Describes a slot's kernel, if it is of a revision. May sleep.
# In: EBX volume, slots_record; ECX slot, EBP revision, EDI record.
# Out: CF and EAX error.
# Clobbers: ESI too.
slot_match:
    cmp     dword ptr [slots_record + sr_places + ecx*8 + 4], 0
    je      .Lslot_match_none
    imul    eax, ecx, SLOT_CONTENT_BYTES
    cmp     [slots_record + sr_contents + eax], ebp
    jne     .Lslot_match_none
    mov     edx, [slots_record + sr_places + ecx*8]
    mov     [edi + SLOTTED_VOLUME], ebx
    mov     [edi + SLOTTED_SECTOR], edx
    mov     eax, [slots_changes]
    mov     [edi + SLOTTED_CHANGES], eax
    mov     ecx, offset slots_sector
    call    slots_sector_read
    jc      .Lslot_match_done
    cmp     dword ptr [slots_sector + ki_magic], KERNEL_MAGIC_LOW
    jne     .Lslot_match_none
    mov     eax, [slots_sector + ki_bytes]
    test    eax, SECTOR_BYTES - 1
    jnz     .Lslot_match_none
    lea     ecx, [eax - 1]              # so that 0 is too large
    cmp     ecx, SLOT_RECORD_LBA << SECTOR_SHIFT
    jae     .Lslot_match_none
    mov     [edi + SLOTTED_BYTES], eax
    mov     esi, [slots_sector + ki_checksum]
    mov     [edi + SLOTTED_CHECKSUM], esi
    mov     esi, eax
    shr     esi, SECTOR_SHIFT
    mov     edx, [edi + SLOTTED_SECTOR]
    call    slot_signature_sector
    mov     [edi + SLOTTED_SIGNATURE], edx
    mov     dword ptr [edi + SLOTTED_SIGNATURE_BYTES], 0
    mov     ecx, offset slots_sector
    call    slots_sector_read
    jc      .Lslot_match_unsigned
    cmp     dword ptr [slots_sector], SIGNATURE_MAGIC
    jne     .Lslot_match_unsigned
    cmp     [slots_sector + SIGNATURE_REVISION], ebp
    jne     .Lslot_match_unsigned
    mov     eax, [slots_sector + SIGNATURE_IMAGE_BYTES]
    cmp     eax, [edi + SLOTTED_BYTES]
    jne     .Lslot_match_unsigned
    mov     eax, [slots_sector + SIGNATURE_SIZE]
    lea     ecx, [eax - SIGNATURE_BYTES_MIN]
    cmp     ecx, SIGNATURE_BYTES_MAX - SIGNATURE_BYTES_MIN
    ja      .Lslot_match_unsigned
    mov     [edi + SLOTTED_SIGNATURE_BYTES], eax
.Lslot_match_unsigned:
    clc
    ret
.Lslot_match_none:
    mov     eax, ERROR_NOT_FOUND
    stc
.Lslot_match_done:
    ret

# Proves a kernel image that is in memory: its header and checksum.
# In: EAX image, EDX bytes that there are of it.
# Out: CF and EAX text when something is wrong.
.global kernel_prove
kernel_prove:
    push    esi
    mov     esi, eax
    LOAD_STRING eax, "the kernel image has no valid header"
    cmp     edx, ki_size
    jb      .Lkernel_prove_done
    cmp     dword ptr [esi + ki_magic], KERNEL_MAGIC_LOW
    jne     .Lkernel_prove_bad
    cmp     dword ptr [esi + ki_magic + 4], KERNEL_MAGIC_HIGH
    jne     .Lkernel_prove_bad
    mov     ecx, [esi + ki_bytes]
    cmp     ecx, ki_size
    jb      .Lkernel_prove_done
    cmp     edx, ecx
    jb      .Lkernel_prove_done
    xor     eax, eax
    xchg    eax, [esi + ki_checksum]    # the checksum counts its own field as zero
    push    eax
    mov     eax, esi
    mov     edx, ecx
    call    crc32
    pop     [esi + ki_checksum]
    mov     edx, eax
    LOAD_STRING eax, "the checksum of the kernel image is wrong"
    cmp     edx, [esi + ki_checksum]
    je      .Lkernel_prove_done         # CF is clear
.Lkernel_prove_bad:
    stc
.Lkernel_prove_done:
    pop     esi
    ret
