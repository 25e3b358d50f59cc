# OOFS, the sectors at fixed places: superblock and commit records, what is valid of them, and which is the current
# state. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.text

# Reads the first sector of a block.
# In: EAX block, EDX room for 512 bytes.
# Out: CF and EAX error.
.global oofs_sector_read
oofs_sector_read:
    push    esi
    mov     ecx, edx
    lea     edx, [eax*8]
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, 1
    call    volume_read
    pop     esi
    ret

# Checks the checksum of a sector.
# In: EAX sector.
# Out: ZF when it is right.
# Clobbers: EAX, ECX, EDX only.
.global oofs_sector_check
oofs_sector_check:
    push    esi
    mov     esi, eax
    push    [esi + SECTOR_CHECKSUM]
    mov     dword ptr [esi + SECTOR_CHECKSUM], 0
    mov     edx, 512
    call    crc32
    pop     edx
    mov     [esi + SECTOR_CHECKSUM], edx
    cmp     eax, edx
    pop     esi
    ret

# The version that a superblock has.
# In: EAX sector.
# Out: EAX version, 0 when it is not a valid superblock.
.global oofs_super_version
oofs_super_version:
    push    esi
    mov     esi, eax
    cmp     dword ptr [esi + SUPER_MAGIC], OOFS_MAGIC
    jne     1f
    cmp     dword ptr [esi + SUPER_MAGIC + 4], OOFS_MAGIC_SUPER
    jne     1f
    cmp     dword ptr [esi + SUPER_BLOCK_BYTES], OOFS_BLOCK_BYTES
    jne     1f
    call    oofs_sector_check
    jne     1f
    mov     eax, [esi + SUPER_VERSION]
    pop     esi
    ret
1:  xor     eax, eax
    pop     esi
    ret

# Whether some bytes are all zero.
# In: EAX address, EDX bytes, a multiple of 4.
# Out: ZF when so.
# Clobbers: ECX only.
.global oofs_is_zero
oofs_is_zero:
    CHECK   edx, z, 3, "oofs_is_zero: no whole dwords"
    push    eax
    push    edi
    mov     edi, eax
    mov     ecx, edx
    shr     ecx, 2
    xor     eax, eax
    repe scasd
    pop     edi
    pop     eax
    ret

# Checks a superblock of version 2.
# In: EAX sector.
# Out: CF when it is not valid.
.global oofs_super_check
oofs_super_check:
    push    esi
    mov     esi, eax
    call    oofs_super_version
    cmp     eax, OOFS_VERSION
    jne     1f
    lea     eax, [esi + SUPER_USED_BYTES]
    mov     edx, 512 - SUPER_USED_BYTES
    call    oofs_is_zero
    jne     1f
    mov     eax, [esi + SUPER_BLOCKS]
    sub     eax, OOFS_BLOCKS_MIN
    cmp     eax, OOFS_BLOCKS_MAX - OOFS_BLOCKS_MIN
    ja      1f
    mov     eax, [esi + SUPER_ID]
    or      eax, [esi + SUPER_ID + 4]
    jz      1f
    pop     esi
    clc
    ret
1:  pop     esi
    stc
    ret

# Checks a commit record.
# In: EAX sector, EDX parity of its place.
# Out: CF when it is not valid there.
oofs_record_valid:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     dword ptr [esi], OOFS_MAGIC
    jne     .Loofs_record_valid_bad
    cmp     dword ptr [esi + 4], OOFS_MAGIC_COMMIT
    jne     .Loofs_record_valid_bad
    cmp     dword ptr [esi + COMMIT_VERSION], OOFS_VERSION
    jne     .Loofs_record_valid_bad
    call    oofs_sector_check
    jne     .Loofs_record_valid_bad
    mov     eax, [esi + COMMIT_ID]
    or      eax, [esi + COMMIT_ID + 4]
    jz      .Loofs_record_valid_bad
    cmp     dword ptr [esi + COMMIT_FLAGS], 1
    ja      .Loofs_record_valid_bad
    cmp     dword ptr [esi + COMMIT_FLAGS + 4], 0
    jne     .Loofs_record_valid_bad
    lea     eax, [esi + COMMIT_USED_BYTES]
    mov     edx, 512 - COMMIT_USED_BYTES
    call    oofs_is_zero
    jne     .Loofs_record_valid_bad
    mov     eax, [esi + COMMIT_STATE + STATE_SEQUENCE]
    xor     eax, edi
    test    al, 1
    jnz     .Loofs_record_valid_bad
    lea     eax, [esi + COMMIT_STATE]
    call    oofs_state_check
    pop     edi
    pop     esi
    ret
.Loofs_record_valid_bad:
    stc
    pop     edi
    pop     esi
    ret

# Checks a state.
# In: EAX state.
# Out: CF when a rule is broken.
.global oofs_state_check
oofs_state_check:
    push    esi
    push    edi
    mov     esi, eax
    mov     eax, [esi + STATE_SEQUENCE]
    or      eax, [esi + STATE_SEQUENCE + 4]
    jz      .Loofs_state_check_bad
    mov     edi, [esi + STATE_BLOCKS]   # EDI: blocks
    lea     eax, [edi - OOFS_BLOCKS_MIN]
    cmp     eax, OOFS_BLOCKS_MAX - OOFS_BLOCKS_MIN
    ja      .Loofs_state_check_bad
    mov     ecx, [esi + STATE_SLOTS]
    test    ecx, OBJECT_PER_BLOCK - 1
    jnz     .Loofs_state_check_bad
    lea     eax, [ecx - OBJECT_PER_BLOCK]
    cmp     eax, (1 << 31) - OBJECT_PER_BLOCK
    ja      .Loofs_state_check_bad
    mov     eax, ecx
    shr     eax, OOFS_BLOCK_SHIFT - OBJECT_SHIFT
    cmp     eax, edi                    # a walk over more than there can be would take for ever
    ja      .Loofs_state_check_bad
    cmp     [esi + STATE_OBJECTS], ecx
    jae     .Loofs_state_check_bad
    cmp     [esi + STATE_ORPHAN], ecx
    jae     .Loofs_state_check_bad
    cmp     [esi + STATE_CLASSES], ecx
    jae     .Loofs_state_check_bad
    cmp     dword ptr [esi + STATE_CLASSES], OBJECT_ROOT_ID
    jbe     .Loofs_state_check_bad
    cmp     dword ptr [esi + STATE_FIRST_FREE], 1
    jb      .Loofs_state_check_bad
    mov     eax, [esi + STATE_USED]
    add     eax, [esi + STATE_FREE]
    jc      .Loofs_state_check_bad
    cmp     eax, edi
    ja      .Loofs_state_check_bad
    mov     eax, [esi + STATE_TABLE]
    call    oofs_state_pointer
    jc      .Loofs_state_check_bad
    mov     eax, [esi + STATE_TABLE2]
    call    oofs_state_pointer
    jc      .Loofs_state_check_bad
    mov     eax, [esi + STATE_MAP]
    call    oofs_state_pointer
    jc      .Loofs_state_check_bad
    mov     eax, [esi + STATE_SNAPSHOTS]
    test    eax, eax
    jnz     .Loofs_state_check_list
    or      eax, [esi + STATE_SNAPSHOTS + POINTER_CHECKSUM]
    or      eax, [esi + STATE_SNAPSHOTS2]
    or      eax, [esi + STATE_SNAPSHOTS2 + POINTER_CHECKSUM]
    jnz     .Loofs_state_check_bad
    jmp     .Loofs_state_check_zero
.Loofs_state_check_list:
    call    oofs_state_pointer
    jc      .Loofs_state_check_bad
    mov     eax, [esi + STATE_SNAPSHOTS2]
    call    oofs_state_pointer
    jc      .Loofs_state_check_bad
.Loofs_state_check_zero:
    lea     eax, [esi + STATE_ZERO]
    mov     edx, STATE_SIZE_OF - STATE_ZERO
    call    oofs_is_zero
    jne     .Loofs_state_check_bad
    clc
    jmp     .Loofs_state_check_done
.Loofs_state_check_bad:
    stc
.Loofs_state_check_done:
    pop     edi
    pop     esi
    ret

# Whether a state may point to a block.
# In: EAX block, EDI blocks of the volume.
# Out: CF when not.
# Clobbers: EDX only.
oofs_state_pointer:
    cmp     eax, OOFS_FIRST_BLOCK
    jb      1f
    lea     edx, [edi - OOFS_LAST_BLOCKS]
    cmp     eax, edx
    cmc
1:  ret

# Writes the superblock.
# Out: CF and EAX error.
.global oofs_super_write
oofs_super_write:
    push    edi
    lea     edi, [ebx + OOFS_SECTOR]
    mov     eax, edi
    xor     edx, edx
    mov     ecx, 512
    call    mem_set
    mov     dword ptr [edi + SUPER_MAGIC], OOFS_MAGIC
    mov     dword ptr [edi + SUPER_MAGIC + 4], OOFS_MAGIC_SUPER
    mov     dword ptr [edi + SUPER_VERSION], OOFS_VERSION
    mov     dword ptr [edi + SUPER_BLOCK_BYTES], OOFS_BLOCK_BYTES
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    mov     [edi + SUPER_BLOCKS], eax
    mov     eax, [ebx + OOFS_ID]
    mov     [edi + SUPER_ID], eax
    mov     eax, [ebx + OOFS_ID + 4]
    mov     [edi + SUPER_ID + 4], eax
    call    oofs_sector_seal
    xor     eax, eax
    call    oofs_sector_write
    jc      1f
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
1:  pop     edi
    ret

# The block in which a copy of a commit record stands.
# In: EAX number: bit 0 copy, bit 1 parity. OOFS_STATE has the blocks of the volume.
# Out: EAX block.
# Clobbers: EDX only.
.global oofs_copy_block
oofs_copy_block:
    mov     edx, eax
    shr     eax, 1                      # EAX: parity
    and     edx, 1
    jnz     1f
    inc     eax
    ret
1:  sub     eax, OOFS_LAST_BLOCKS
    add     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    ret

# Reads a copy of a commit record into its quarter of OOFS_SCRATCH. One that is not valid, or of another volume, gets
# the version 0.
# In: EAX number: bit 0 copy, bit 1 parity.
.global oofs_copy_read
oofs_copy_read:
    push    esi
    push    edi
    mov     esi, eax
    call    oofs_copy_at
    mov     edi, eax
    mov     eax, esi
    call    oofs_copy_block
    mov     edx, edi
    call    oofs_sector_read
    jc      1f
    mov     eax, edi
    mov     edx, esi
    shr     edx, 1
    call    oofs_record_valid
    jc      1f
    mov     eax, [ebx + OOFS_ID]
    or      eax, [ebx + OOFS_ID + 4]
    jz      2f                          # the id is not known yet
    mov     eax, [ebx + OOFS_ID]
    cmp     [edi + COMMIT_ID], eax
    jne     1f
    mov     eax, [ebx + OOFS_ID + 4]
    cmp     [edi + COMMIT_ID + 4], eax
    je      2f
1:  mov     dword ptr [edi + COMMIT_VERSION], 0
2:  pop     edi
    pop     esi
    ret

# Where a copy of a commit record is in memory.
# In: EAX number.
# Out: EAX address in OOFS_SCRATCH.
# Clobbers: EAX only.
.global oofs_copy_at
oofs_copy_at:
    CHECK   eax, be, 3, "oofs_copy_at: there is no such copy"
    shl     eax, 9
    add     eax, [ebx + OOFS_SCRATCH]
    ret

# The valid copy with the highest sequence number.
# In: EAX numbers to look at, a bit for each.
# Out: EAX address, 0 when none is valid.
.global oofs_copy_newest
oofs_copy_newest:
    push    esi
    push    edi
    mov     esi, eax
    xor     edi, edi                    # EDI: the best
    xor     ecx, ecx
.Loofs_copy_newest_next:
    shr     esi, 1
    jnc     .Loofs_copy_newest_skip
    mov     eax, ecx
    call    oofs_copy_at
    cmp     dword ptr [eax + COMMIT_VERSION], 0
    je      .Loofs_copy_newest_skip
    test    edi, edi
    jz      .Loofs_copy_newest_take
    mov     edx, [edi + COMMIT_STATE + STATE_SEQUENCE]
    cmp     edx, [eax + COMMIT_STATE + STATE_SEQUENCE]
    mov     edx, [edi + COMMIT_STATE + STATE_SEQUENCE + 4]
    sbb     edx, [eax + COMMIT_STATE + STATE_SEQUENCE + 4]
    jae     .Loofs_copy_newest_skip
.Loofs_copy_newest_take:
    mov     edi, eax
.Loofs_copy_newest_skip:
    inc     ecx
    cmp     ecx, 4
    jb      .Loofs_copy_newest_next
    mov     eax, edi
    pop     edi
    pop     esi
    ret
