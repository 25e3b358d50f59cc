# Contents of FAT files: writing, truncating, and making all of it durable. EBX = FAT record where FS_* routines do not
# say otherwise.

.include "macros.inc"
.include "errors.inc"
.include "date.inc"
.include "fs.inc"
.include "fat.inc"

INFO_LEAD               = 0             # FSInfo (FAT32): "RRaA", at 484 "rrAa", at 488 free clusters, at 492 a hint
INFO_LEAD_VALUE         = 0x41615252
INFO_MAGIC              = 484
INFO_MAGIC_VALUE        = 0x61417272
INFO_FREE               = 488

.text

# Writes bytes, or zeros, to a chain.
# In: EAX first cluster, EDX offset, ECX bytes; ESI their address, or 0 for zeros.
# Out: EAX bytes that were written; CF and ECX error when not all were.
.global fat_store
fat_store:
    FRAME   16
    push    esi
    push    edi
    # Locals: -4 first cluster, -8 offset, -12 bytes left, -16 bytes written
    mov     [ebp - 4], eax
    mov     [ebp - 8], edx
    mov     [ebp - 12], ecx
    mov     dword ptr [ebp - 16], 0
.Lfat_store_next:
    cmp     dword ptr [ebp - 12], 0
    je      .Lfat_store_good
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    fat_reach
    jc      .Lfat_store_failed
    mov     edi, eax                    # EDI: sector
    call    sector_get
    jc      .Lfat_store_failed
    mov     edx, [ebp - 8]
    and     edx, 511
    mov     ecx, 512
    sub     ecx, edx
    cmp     ecx, [ebp - 12]
    jbe     .Lfat_store_part
    mov     ecx, [ebp - 12]
.Lfat_store_part:
    sub     [ebp - 12], ecx
    add     [ebp - 8], ecx
    add     [ebp - 16], ecx
    add     eax, edx
    test    esi, esi
    jz      .Lfat_store_zeros
    mov     edx, esi
    add     esi, ecx
    call    mem_copy
    jmp     .Lfat_store_changed
.Lfat_store_zeros:
    xor     edx, edx
    call    mem_set
.Lfat_store_changed:
    mov     eax, edi
    call    sector_dirty
    jmp     .Lfat_store_next
.Lfat_store_failed:
    mov     ecx, eax
    mov     eax, [ebp - 16]
    stc
    jmp     .Lfat_store_done
.Lfat_store_good:
    mov     eax, [ebp - 16]
    clc
.Lfat_store_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Ends a chain after so many bytes.
# In: EAX first cluster, EDX bytes.
# Out: EAX first cluster, 0 when no bytes are left; CF and EAX error.
fat_cut:
    push    esi
    push    edi
    mov     esi, eax
    test    edx, edx
    jz      .Lfat_cut_all
    dec     edx                         # the cluster with the last byte ends the chain
    call    fat_place
    jc      .Lfat_cut_done
    mov     edi, [ebx + FAT_AT_CLUSTER]
    mov     eax, edi
    call    fat_next
    jc      .Lfat_cut_done
    cmp     eax, FAT_END
    je      .Lfat_cut_good
    push    eax
    mov     eax, edi
    mov     edx, FAT_END
    call    fat_set
    pop     edx
    jc      .Lfat_cut_done
    mov     eax, edx
    call    fat_release
    jc      .Lfat_cut_done
.Lfat_cut_good:
    mov     eax, esi
    clc
    jmp     .Lfat_cut_done
.Lfat_cut_all:
    call    fat_release
    jc      .Lfat_cut_done
    xor     eax, eax
.Lfat_cut_done:
    pop     edi
    pop     esi
    ret

# Gives an entry a size and a first cluster, and the time that it is.
# In: EAX id, EDX bytes, ECX first cluster.
# Out: CF and EAX error.
fat_entry_update:
    push    esi
    mov     esi, eax
    call    fat_entry_at
    jc      1f
    mov     [eax + DIR_BYTES], edx
    mov     [eax + DIR_CLUSTER_LOW], cx
    cmp     dword ptr [ebx + FAT_BITS], 32
    jne     2f
    shr     ecx, 16
    mov     [eax + DIR_CLUSTER_HIGH], cx
2:  or      byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_ARCHIVE
    call    fat_now
    mov     [eax + DIR_TIME], edx       # time and date
    mov     eax, esi
    shr     eax, 4
    call    sector_dirty
    call    sync_later
1:  pop     esi
    ret

# The time that it is, as entries have it.
# Out: EDX date << 16 | time.
# Clobbers: ECX, EDX.
.global fat_now
fat_now:
    FRAME   DATE_SIZE
    push    eax
    call    clock_seconds
    lea     edx, [ebp - DATE_SIZE]
    call    date_from_seconds
    mov     edx, [ebp - DATE_SIZE + DATE_YEAR]
    sub     edx, 1980
    shl     edx, 4
    or      edx, [ebp - DATE_SIZE + DATE_MONTH]
    shl     edx, 5
    or      edx, [ebp - DATE_SIZE + DATE_DAY]
    shl     edx, 5
    or      edx, [ebp - DATE_SIZE + DATE_HOUR]
    shl     edx, 6
    or      edx, [ebp - DATE_SIZE + DATE_MINUTE]
    shl     edx, 5
    mov     ecx, [ebp - DATE_SIZE + DATE_SECOND]
    shr     ecx, 1
    or      edx, ecx
    pop     eax
    ENDFRAME
    ret

# FS_WRITE_AT.
# In: EAX mount, EDX id, ECX buffer; ESI bytes, EDI address of the offset.
# Out: EAX bytes; CF and EAX error.
.global fat_write_at
fat_write_at:
    FRAME   28
    push    ebx
    push    esi
    push    edi
    # Locals: -4 id, -8 first cluster, -12 size, -16 buffer, -20 offset, -24 bytes written, -28 error
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 4], edx
    mov     [ebp - 16], ecx
    mov     eax, ERROR_NO_SPACE         # no file has 4 GiB
    cmp     dword ptr [edi + 4], 0
    jne     .Lfat_write_at_failed
    mov     edi, [edi]
    mov     [ebp - 20], edi
    add     edi, esi
    jc      .Lfat_write_at_failed
    mov     eax, edx
    call    fat_writable
    jc      .Lfat_write_at_done
    mov     [ebp - 8], ecx
    mov     [ebp - 12], edx
    xor     eax, eax
    test    esi, esi
    jz      .Lfat_write_at_done         # CF is clear
    mov     [ebp - 24], eax
    mov     [ebp - 28], eax
    cmp     dword ptr [ebp - 8], 0
    jne     .Lfat_write_at_gap
    call    fat_allocate
    jc      .Lfat_write_at_done
    mov     [ebp - 8], eax
.Lfat_write_at_gap:
    mov     ecx, [ebp - 20]
    mov     edx, [ebp - 12]
    sub     ecx, edx
    jbe     .Lfat_write_at_bytes
    push    esi
    xor     esi, esi                    # what nobody has written is zeros
    mov     eax, [ebp - 8]
    call    fat_store
    pop     esi
    jc      .Lfat_write_at_stopped
.Lfat_write_at_bytes:
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 20]
    mov     ecx, esi
    mov     esi, [ebp - 16]
    call    fat_store
    mov     [ebp - 24], eax
    jnc     .Lfat_write_at_entry
.Lfat_write_at_stopped:
    mov     [ebp - 28], ecx
.Lfat_write_at_entry:
    mov     edx, [ebp - 12]
    mov     eax, [ebp - 24]
    test    eax, eax
    jz      .Lfat_write_at_size
    add     eax, [ebp - 20]
    cmp     edx, eax
    jae     .Lfat_write_at_size
    mov     edx, eax
.Lfat_write_at_size:
    mov     [ebp - 12], edx
    mov     eax, [ebp - 8]
    cmp     dword ptr [ebp - 28], 0
    je      .Lfat_write_at_update
    call    fat_cut                     # clusters that were taken for more go back
    jc      .Lfat_write_at_done
.Lfat_write_at_update:
    mov     ecx, eax
    mov     edx, [ebp - 12]
    mov     eax, [ebp - 4]
    call    fat_entry_update
    jc      .Lfat_write_at_done
    mov     eax, [ebp - 24]
    test    eax, eax
    jnz     .Lfat_write_at_done         # CF is clear
    mov     eax, [ebp - 28]
.Lfat_write_at_failed:
    stc
.Lfat_write_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Whether an object is a file that may be written.
# In: EAX id.
# Out: ECX first cluster, EDX bytes; CF and EAX error.
# Clobbers: EAX, ECX, EDX.
fat_writable:
    cmp     eax, FAT_ID_ROOT
    je      1f
    call    fat_entry_at
    jc      9f
    test    byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jnz     1f
    test    byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_READ_ONLY
    jnz     2f
    mov     edx, [eax + DIR_BYTES]
    call    fat_entry_cluster
    mov     ecx, eax
    test    edx, edx
    jz      9f                          # CF is clear
    cmp     ecx, 2
    jae     8f
    mov     eax, ERROR_CORRUPT          # bytes, but no chain
    stc
    ret
8:  clc
    ret
1:  mov     eax, ERROR_IS_DIRECTORY
    stc
    ret
2:  mov     eax, ERROR_READ_ONLY
    stc
9:  ret

# FS_TRUNCATE.
# In: EAX mount, EDX id; ESI:ECX size.
# Out: CF and EAX error.
.global fat_truncate
fat_truncate:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 id, -8 first cluster, -12 size that it has
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx                    # EDI: size that it gets
    mov     [ebp - 4], edx
    mov     eax, ERROR_NO_SPACE
    test    esi, esi
    jnz     .Lfat_truncate_failed
    mov     eax, edx
    call    fat_writable
    jc      .Lfat_truncate_done
    mov     [ebp - 8], ecx
    mov     [ebp - 12], edx
    cmp     edi, edx
    ja      .Lfat_truncate_longer
    mov     eax, ecx
    mov     edx, edi
    call    fat_cut
    jc      .Lfat_truncate_done
    mov     [ebp - 8], eax
.Lfat_truncate_update:
    mov     eax, [ebp - 4]
    mov     edx, edi
    mov     ecx, [ebp - 8]
    call    fat_entry_update
    jmp     .Lfat_truncate_done
.Lfat_truncate_longer:
    cmp     dword ptr [ebp - 8], 0
    jne     .Lfat_truncate_fill
    xor     eax, eax
    call    fat_allocate
    jc      .Lfat_truncate_done
    mov     [ebp - 8], eax
.Lfat_truncate_fill:
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 12]
    mov     ecx, edi
    sub     ecx, edx
    xor     esi, esi
    call    fat_store
    jnc     .Lfat_truncate_update
    mov     esi, ecx                    # it keeps the size that it had; what it was given goes back
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 12]
    call    fat_cut
    mov     eax, esi
.Lfat_truncate_failed:
    stc
.Lfat_truncate_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Finds FSInfo of FAT32, if it is what it should be.
# Out: EAX its address, EDX its sector; CF when there is none.
# Clobbers: EAX, EDX only.
.global fat_info
fat_info:
    cmp     dword ptr [ebx + FAT_BITS], 32
    jne     8f
    xor     eax, eax
    call    sector_get
    jc      8f
    movzx   edx, word ptr [eax + BPB_INFO_SECTOR]
    test    edx, edx
    jz      8f
    cmp     edx, [ebx + FAT_FIRST]
    jae     8f
    mov     eax, edx
    call    sector_get
    jc      8f
    cmp     dword ptr [eax + INFO_LEAD], INFO_LEAD_VALUE
    jne     8f
    cmp     dword ptr [eax + INFO_MAGIC], INFO_MAGIC_VALUE
    jne     8f
    add     eax, INFO_FREE
    clc
    ret
8:  stc
    ret

# FS_SYNC.
# In: EAX mount.
# Out: CF and EAX when something could not be written: then the mount is only to be read.
.global fat_sync
fat_sync:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [eax + MOUNT_DATA]
    test    dword ptr [esi + MOUNT_FLAGS], MOUNT_READ_ONLY
    jnz     2f
    call    fat_info
    jc      1f
    mov     ecx, [ebx + FAT_FREE]
    cmp     [eax], ecx
    je      1f
    mov     [eax], ecx
    mov     eax, edx
    call    sector_dirty
1:  call    sectors_flush
    jnc     2f
    or      dword ptr [esi + MOUNT_FLAGS], MOUNT_READ_ONLY
    push    eax
    call    error_text
    lea     edx, [esi + MOUNT_PATH]
    PRINTF  "%s: changes could not be written: %s; it is read only now\n", edx, eax
    pop     eax
    stc
2:  pop     esi
    pop     ebx
    ret
