# Sectors of a volume in its cache, for file systems whose structures lie at fixed places: a block of the cache is a
# page of the volume, and only the sectors of it that have changed are written. sectors_flush is the barrier: all that
# was changed before it is on stable storage when it returns. A write that fails when nobody waits for it is reported by
# the next sectors_flush. The volume's sectors have 512 bytes. In all routines EBX = cache (block-cache.inc); it is
# kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "block-cache.inc"

.text

# Makes a cache of sectors.
# In: EAX pages; CACHE_VOLUME is set.
# Out: CF and EAX = ERROR_NO_MEMORY; cache_destroy gives back what there is then.
.global sectors_create
sectors_create:
    mov     edx, offset sectors_write
    jmp     cache_create

# Brings a sector into memory. May sleep.
# In: EAX sector of the volume.
# Out: EAX its 512 bytes, which stay there until the next call; CF and EAX error.
# Clobbers: EAX only.
.global sector_get
sector_get:
    push    ecx
    push    edx
    push    esi
    push    edi
    mov     edi, eax                    # EDI: sector
    mov     ecx, eax
    shr     ecx, 3
    mov     esi, [ebx + CACHE_LAST]
    test    esi, esi
    jz      .Lsector_get_search
    cmp     [esi + BLOCK_INDEX], ecx
    jne     .Lsector_get_search
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_VALID
    jnz     .Lsector_get_found
.Lsector_get_search:
    xor     eax, eax
    xor     edx, edx
    call    cache_find
    mov     esi, eax
    jnz     .Lsector_get_found
    call    sectors_read
    jc      .Lsector_get_done
    mov     esi, eax
.Lsector_get_found:
    mov     [ebx + CACHE_LAST], esi
    mov     eax, edi
    and     eax, CACHE_BLOCK_SECTORS - 1
    shl     eax, 9
    add     eax, [esi + BLOCK_DATA]     # CF is clear
.Lsector_get_done:
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    ret

# Reads a page of the volume, or what it has of it.
# In: ECX page; it is not in memory.
# Out: EAX entry; CF and EAX error.
sectors_read:
    push    esi
    push    edi
    lea     edx, [ecx*8]                # EDX: first sector
    mov     eax, [ebx + CACHE_VOLUME]
    mov     edi, [eax + VOLUME_SECTORS]
    sub     edi, edx
    mov     eax, ERROR_CORRUPT
    jbe     .Lsectors_read_failed
    cmp     edi, CACHE_BLOCK_SECTORS
    jb      1f
    mov     edi, CACHE_BLOCK_SECTORS
1:  xor     eax, eax
    xor     edx, edx
    call    cache_take
    jc      .Lsectors_read_done
    mov     [eax + BLOCK_PLACE], ecx
    push    eax
    lea     edx, [ecx*8]
    mov     ecx, [eax + BLOCK_DATA]
    mov     eax, [ebx + CACHE_VOLUME]
    mov     esi, edi
    call    volume_read
    pop     esi
    jc      .Lsectors_read_forget
    mov     eax, esi
    jmp     .Lsectors_read_done
.Lsectors_read_forget:
    xchg    eax, esi
    call    cache_unhash
    mov     eax, esi
.Lsectors_read_failed:
    stc
.Lsectors_read_done:
    pop     edi
    pop     esi
    ret

# Notes that the sector that sector_get has brought last is changed.
# In: EAX that sector.
# Clobbers: EAX only.
.global sector_dirty
sector_dirty:
    push    edx
    mov     edx, [ebx + CACHE_LAST]
.ifdef CHECKS
    push    eax
    shr     eax, 3
    CHECK   [edx+BLOCK_INDEX], e, eax, "sector_dirty: another sector was brought since"
    pop     eax
.endif
    and     eax, CACHE_BLOCK_SECTORS - 1
    bts     [edx + BLOCK_SECTORS], eax
    or      dword ptr [edx + BLOCK_FLAGS], BLOCK_DIRTY
    pop     edx
    ret

# Writes what is changed of a page, in one piece (CACHE_WRITER). What cannot be written is given up, because the drive
# has tried often enough, and reported by the next sectors_flush: who changed it may have gone.
# In: EAX entry.
# Out: CF is clear.
# Clobbers: EAX, ECX, EDX only.
sectors_write:
    push    esi
    push    edi
    mov     edi, eax
    mov     ecx, [edi + BLOCK_SECTORS]
    CHECK   ecx, ne, 0, "sectors_write: no sector has changed"
    CHECK   ecx, b, 1<<CACHE_BLOCK_SECTORS, "sectors_write: a sector beyond the page"
    bsf     edx, ecx                    # EDX: first of them, ESI: how many up to the last
    bsr     esi, ecx
    sub     esi, edx
    inc     esi
    mov     ecx, edx
    shl     ecx, 9
    add     ecx, [edi + BLOCK_DATA]
    mov     eax, [edi + BLOCK_PLACE]
    lea     edx, [eax*8 + edx]
    mov     eax, [ebx + CACHE_VOLUME]
    call    volume_write
    jc      1f
    mov     eax, edi
    call    cache_clean
    jmp     2f
1:  mov     [ebx + CACHE_FAILED], eax
    mov     eax, edi
    call    cache_unhash
2:  pop     edi
    pop     esi
    clc
    ret

# Puts all that was changed on stable storage, in the order of the disk. May sleep.
# Out: CF and EAX when this, or a write since the last time, has failed.
.global sectors_flush
sectors_flush:
    push    esi
.Lsectors_flush_next:
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     ecx, [ebx + CACHE_COUNT]
    xor     eax, eax                    # EAX: changed page with the lowest number
.Lsectors_flush_entry:
    test    dword ptr [esi + BLOCK_FLAGS], BLOCK_DIRTY
    jz      .Lsectors_flush_other
    test    eax, eax
    jz      .Lsectors_flush_lower
    mov     edx, [esi + BLOCK_PLACE]
    cmp     edx, [eax + BLOCK_PLACE]
    jae     .Lsectors_flush_other
.Lsectors_flush_lower:
    mov     eax, esi
.Lsectors_flush_other:
    add     esi, BLOCK_SIZE_OF
    dec     ecx
    jnz     .Lsectors_flush_entry
    test    eax, eax
    jz      .Lsectors_flush_drive
    call    sectors_write
    jmp     .Lsectors_flush_next
.Lsectors_flush_drive:
    xor     esi, esi
    xchg    esi, [ebx + CACHE_FAILED]
    mov     eax, [ebx + CACHE_VOLUME]
    call    volume_flush
    jc      .Lsectors_flush_done
    mov     eax, esi
    neg     esi                         # CF unless it is zero
.Lsectors_flush_done:
    pop     esi
    ret
