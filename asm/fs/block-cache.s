# A write-back cache of the sectors of a volume, of bounded size: what file systems without a cache of their own stand
# on. Changed sectors go to the drive when their block is needed for another one, and with cache_flush, which is the
# barrier: all that was changed before it is on stable storage when it returns, and nothing that is changed after it is
# written earlier. A write that fails when nobody waits for it is reported by the next cache_flush. The volume's sectors
# have 512 bytes. Whoever uses a cache sees to it that one task does at a time.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "block-cache.inc"

.text

# Makes a cache.
# In: EAX volume, EDX blocks of 4 KiB that it holds, 2 to 256.
# Out: EAX cache; CF and EAX error.
.global cache_open
cache_open:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    shl     edx, 4                      # BLOCK_SIZE_OF
    lea     eax, [edx + CACHE_SIZE_OF]
    call    malloc
    jc      .Lcache_open_done
    mov     ebx, eax
    mov     [ebx + CACHE_VOLUME], esi
    mov     [ebx + CACHE_COUNT], edi
    add     eax, CACHE_SIZE_OF
    mov     [ebx + CACHE_ENTRIES], eax
    mov     eax, edi
    call    page_alloc
    jc      .Lcache_open_free
    mov     [ebx + CACHE_PAGES], eax
    mov     edx, [ebx + CACHE_ENTRIES]
1:  mov     dword ptr [edx + BLOCK_NUMBER], BLOCK_NONE
    mov     [edx + BLOCK_DATA], eax
    add     eax, 4096
    add     edx, BLOCK_SIZE_OF
    dec     edi
    jnz     1b
    mov     eax, ebx
    clc
    jmp     .Lcache_open_done
.Lcache_open_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    stc
.Lcache_open_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gives a cache back. What was not flushed is lost.
# In: EAX cache.
.global cache_close
cache_close:
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + CACHE_PAGES]
    mov     edx, [ebx + CACHE_COUNT]
    call    page_free
    mov     eax, ebx
    call    mfree
    pop     ebx
    ret

# Brings a sector into memory. May sleep.
# In: EAX cache, EDX sector of the volume.
# Out: EAX its 512 bytes, which stay there until the next call; CF and EAX error.
# Clobbers: EAX only.
.global cache_sector
cache_sector:
    push    ebx
    push    ecx
    push    edx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx                    # EDI: sector
    shr     edx, 3
    inc     dword ptr [ebx + CACHE_CLOCK]
    mov     esi, [ebx + CACHE_LAST]
    test    esi, esi
    jz      .Lcache_sector_search
    cmp     [esi + BLOCK_NUMBER], edx
    je      .Lcache_sector_found
.Lcache_sector_search:
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     ecx, [ebx + CACHE_COUNT]
    mov     eax, esi                    # EAX: the one that has not been used for longest
.Lcache_sector_entry:
    cmp     [esi + BLOCK_NUMBER], edx
    je      .Lcache_sector_found
    push    edx
    mov     edx, [esi + BLOCK_USED]
    cmp     edx, [eax + BLOCK_USED]
    pop     edx
    jae     .Lcache_sector_next
    mov     eax, esi
.Lcache_sector_next:
    add     esi, BLOCK_SIZE_OF
    dec     ecx
    jnz     .Lcache_sector_entry
    mov     esi, eax
    call    cache_write
    jnc     .Lcache_sector_read
    mov     [ebx + CACHE_FAILED], eax   # who changed it may have gone: the next flush says it
.Lcache_sector_read:
    mov     dword ptr [esi + BLOCK_NUMBER], BLOCK_NONE
    mov     dword ptr [esi + BLOCK_DIRTY], 0
    push    edx
    shl     edx, 3
    mov     eax, [ebx + CACHE_VOLUME]
    mov     ecx, [eax + VOLUME_SECTORS]
    sub     ecx, edx
    jbe     .Lcache_sector_beyond
    push    esi
    cmp     ecx, CACHE_BLOCK_SECTORS
    jb      1f
    mov     ecx, CACHE_BLOCK_SECTORS
1:  push    ecx
    mov     ecx, [esi + BLOCK_DATA]
    pop     esi
    call    volume_read
    pop     esi
    pop     edx
    jc      .Lcache_sector_done
    mov     [esi + BLOCK_NUMBER], edx
.Lcache_sector_found:
    mov     [ebx + CACHE_LAST], esi
    mov     eax, [ebx + CACHE_CLOCK]
    mov     [esi + BLOCK_USED], eax
    mov     eax, edi
    and     eax, CACHE_BLOCK_SECTORS - 1
    shl     eax, 9
    add     eax, [esi + BLOCK_DATA]
    clc
    jmp     .Lcache_sector_done
.Lcache_sector_beyond:
    pop     edx
    mov     eax, ERROR_CORRUPT
    stc
.Lcache_sector_done:
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    pop     ebx
    ret

# Notes that the sector that cache_sector has brought last is changed.
# In: EAX cache, EDX that sector.
# Clobbers: EAX only.
.global cache_dirty
cache_dirty:
    mov     eax, [eax + CACHE_LAST]
    push    edx
    and     edx, CACHE_BLOCK_SECTORS - 1
    bts     [eax + BLOCK_DIRTY], edx
    pop     edx
    ret

# Writes what is changed of a block, in one piece.
# In: EBX cache, ESI entry.
# Out: CF and EAX error; the sectors stay changed then.
# Clobbers: EAX, ECX only.
cache_write:
    mov     ecx, [esi + BLOCK_DIRTY]
    test    ecx, ecx
    jz      9f                          # CF is clear
    push    edx
    push    esi
    bsf     edx, ecx                    # EDX: first of them, ECX: last of them
    bsr     ecx, ecx
    mov     eax, [esi + BLOCK_NUMBER]
    lea     eax, [eax*8 + edx]
    push    esi
    push    eax
    mov     eax, edx
    shl     eax, 9
    add     eax, [esi + BLOCK_DATA]
    mov     esi, ecx
    sub     esi, edx
    inc     esi
    mov     ecx, eax
    pop     edx
    mov     eax, [ebx + CACHE_VOLUME]
    call    volume_write
    pop     esi
    jc      8f
    mov     dword ptr [esi + BLOCK_DIRTY], 0
8:  pop     esi
    pop     edx
9:  ret

# Puts all that was changed on stable storage, in the order of the disk. May sleep.
# In: EAX cache.
# Out: CF and EAX when this, or a write since the last time, has failed.
.global cache_flush
cache_flush:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    xor     edi, edi                    # EDI: error
    xchg    edi, [ebx + CACHE_FAILED]
.Lcache_flush_next:
    mov     esi, [ebx + CACHE_ENTRIES]
    mov     ecx, [ebx + CACHE_COUNT]
    xor     edx, edx                    # EDX: changed block with the lowest number
.Lcache_flush_entry:
    cmp     dword ptr [esi + BLOCK_DIRTY], 0
    je      .Lcache_flush_other
    test    edx, edx
    jz      .Lcache_flush_lower
    mov     eax, [esi + BLOCK_NUMBER]
    cmp     eax, [edx + BLOCK_NUMBER]
    jae     .Lcache_flush_other
.Lcache_flush_lower:
    mov     edx, esi
.Lcache_flush_other:
    add     esi, BLOCK_SIZE_OF
    dec     ecx
    jnz     .Lcache_flush_entry
    test    edx, edx
    jz      .Lcache_flush_drive
    mov     esi, edx
    call    cache_write
    jnc     .Lcache_flush_next
    mov     edi, eax                    # it is given up: the drive has tried often enough
    mov     dword ptr [esi + BLOCK_DIRTY], 0
    mov     dword ptr [esi + BLOCK_NUMBER], BLOCK_NONE
    jmp     .Lcache_flush_next
.Lcache_flush_drive:
    mov     eax, [ebx + CACHE_VOLUME]
    call    volume_flush
    jc      .Lcache_flush_done
    mov     eax, edi
    neg     edi
.Lcache_flush_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
