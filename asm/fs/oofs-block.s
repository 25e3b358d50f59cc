# OOFS, ground floor: blocks with checksums, and which of them are free. What is free is not on the disk: it is what no
# object refers to, found out when the volume is mounted. A block that the last commit refers to is never written; that
# is the whole secret of why a power cut loses nothing. In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "oofs.inc"

STRING reason_block_range, "a pointer leads outside the volume, to block"
STRING reason_block_sum, "the checksum is wrong of block"
STRING reason_block_twice, "two pointers lead to block"

.text

# Notes what is damaged.
# In: EAX text, EDX number that ends it.
# Out: EAX = ERROR_CORRUPT, CF set.
.global oofs_damaged
oofs_damaged:
    mov     [ebx + OOFS_REASON], eax
    mov     [ebx + OOFS_WHERE], edx
    mov     eax, ERROR_CORRUPT
    stc
    ret

# Says what was noted, if the error is that.
# In: EAX error code.
# Out: as it was, CF set.
.global oofs_complain
oofs_complain:
    cmp     eax, ERROR_CORRUPT
    jne     1f
    push    eax
    mov     eax, [ebx + OOFS_VOLUME]
    add     eax, VOLUME_NAME
    PRINTF  "oofs: %s is damaged: %s %u\n", eax, [ebx+OOFS_REASON], [ebx+OOFS_WHERE]
    pop     eax
1:  stc
    ret

# Reads a block and proves it.
# In: EAX block, EDX buffer, ECX its checksum.
# Out: CF and EAX on failure.
.global oofs_block_read
oofs_block_read:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     ebp, ecx
    call    oofs_block_check
    jc      9f
    mov     eax, esi
    mov     edx, edi
    call    oofs_block_load
    jc      9f
    mov     eax, edi
    mov     edx, OOFS_BLOCK_BYTES
    call    crc32
    cmp     eax, ebp
    je      9f                          # CF is clear
    mov     eax, offset reason_block_sum
    mov     edx, esi
    call    oofs_damaged
9:  pop     ebp
    pop     edi
    pop     esi
    ret

# Checks that a block can hold something that is pointed to.
# In: EAX block.
# Out: CF and EAX when it cannot.
oofs_block_check:
    cmp     eax, OOFS_FIRST_BLOCK
    jb      1f
    cmp     eax, [ebx + OOFS_BLOCKS]
    cmc
    jnc     2f
1:  mov     edx, eax
    mov     eax, offset reason_block_range
    call    oofs_damaged
2:  ret

# Reads a block as it is.
# In: EAX block, EDX buffer.
# Out: CF and EAX on failure.
oofs_block_load:
    push    esi
    mov     ecx, edx
    lea     edx, [eax*8]                # OOFS_BLOCK_SECTORS
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_read
    pop     esi
    ret

# Writes a block.
# In: EAX block, EDX buffer.
# Out: EAX its checksum; CF and EAX on failure.
.global oofs_block_write
oofs_block_write:
    push    esi
    push    edi
    mov     edi, edx
    mov     ecx, edx
    lea     edx, [eax*8]                # OOFS_BLOCK_SECTORS
    mov     eax, [ebx + OOFS_VOLUME]
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_write
    jc      9f
    mov     eax, edi
    mov     edx, OOFS_BLOCK_BYTES
    call    crc32
    clc
9:  pop     edi
    pop     esi
    ret

# Takes the memory for the maps of a volume and marks what is never free: the blocks before OOFS_FIRST_BLOCK and the
# bits behind the last block.
# Out: CF and EAX = ERROR_NO_MEMORY.
.global oofs_map_create
oofs_map_create:
    push    esi
    mov     eax, [ebx + OOFS_BLOCKS]
    add     eax, 31
    shr     eax, 5
    mov     [ebx + OOFS_MAP_DWORDS], eax
    add     eax, 1023
    shr     eax, 10
    mov     [ebx + OOFS_MAP_PAGES], eax
    xor     esi, esi
1:  mov     eax, [ebx + OOFS_MAP_PAGES]
    call    page_alloc
    jc      9f
    mov     [ebx + OOFS_MAP + esi*4], eax
    inc     esi
    cmp     esi, 3
    jb      1b
    mov     esi, [ebx + OOFS_MAP]
    mov     eax, [ebx + OOFS_BLOCKS]
    mov     edx, [ebx + OOFS_MAP_DWORDS]
    shl     edx, 5
2:  cmp     eax, edx
    jae     3f
    bts     [esi], eax
    inc     eax
    jmp     2b
3:  or      dword ptr [esi], (1 << OOFS_FIRST_BLOCK) - 1
    mov     dword ptr [ebx + OOFS_USED], OOFS_FIRST_BLOCK
    mov     eax, [ebx + OOFS_BLOCKS]
    sub     eax, OOFS_FIRST_BLOCK
    mov     [ebx + OOFS_FREE], eax
    clc
9:  pop     esi
    ret

# Gives the maps' memory back.
.global oofs_map_destroy
oofs_map_destroy:
    push    esi
    xor     esi, esi
1:  xor     eax, eax
    xchg    eax, [ebx + OOFS_MAP + esi*4]
    test    eax, eax
    jz      2f
    mov     edx, [ebx + OOFS_MAP_PAGES]
    call    page_free
2:  inc     esi
    cmp     esi, 3
    jb      1b
    pop     esi
    ret

# Marks a block as in use that the volume's last commit refers to.
# In: EAX block.
# Out: CF and EAX when that cannot be.
.global oofs_block_mark
oofs_block_mark:
    push    esi
    mov     esi, eax
    call    oofs_block_check
    jc      9f
    mov     ecx, [ebx + OOFS_MAP]
    bts     [ecx], esi
    jc      8f
    inc     dword ptr [ebx + OOFS_USED]
    dec     dword ptr [ebx + OOFS_FREE]
    clc
    jmp     9f
8:  mov     eax, offset reason_block_twice
    mov     edx, esi
    call    oofs_damaged
9:  pop     esi
    ret

# Allocates a block.
# Out: EAX block; CF and EAX = ERROR_NO_SPACE.
.global oofs_block_allocate
oofs_block_allocate:
    push    esi
    push    edi
    mov     eax, [ebx + OOFS_FREE]
    cmp     eax, [ebx + OOFS_RESERVED]
    jbe     .Loofs_block_allocate_full
    mov     edi, [ebx + OOFS_MAP]
    mov     ecx, [ebx + OOFS_CURSOR]
    mov     esi, [ebx + OOFS_MAP_DWORDS]
    lea     edx, [esi + 1]              # dwords to look at: all, and the first again
.Loofs_block_allocate_next:
    cmp     ecx, esi
    jb      .Loofs_block_allocate_search
    xor     ecx, ecx
.Loofs_block_allocate_search:
    mov     eax, [edi + ecx*4]
    not     eax
    bsf     eax, eax
    jnz     .Loofs_block_allocate_found
    inc     ecx
    dec     edx
    jnz     .Loofs_block_allocate_next
    jmp     .Loofs_block_allocate_full
.Loofs_block_allocate_found:
    mov     [ebx + OOFS_CURSOR], ecx
    shl     ecx, 5
    add     eax, ecx
    bts     [edi], eax
    mov     edi, [ebx + OOFS_MAP_FRESH]
    bts     [edi], eax
    dec     dword ptr [ebx + OOFS_FREE]
    inc     dword ptr [ebx + OOFS_USED]
    clc
    jmp     .Loofs_block_allocate_done
.Loofs_block_allocate_full:
    mov     eax, ERROR_NO_SPACE
    stc
.Loofs_block_allocate_done:
    pop     edi
    pop     esi
    ret

# Gives a block back: at once when it is fresh, else when the next commit is on stable storage.
# In: EAX block.
# Out: CF clear.
.global oofs_block_release
oofs_block_release:
    dec     dword ptr [ebx + OOFS_USED]
    mov     ecx, [ebx + OOFS_MAP_FRESH]
    btr     [ecx], eax
    jc      1f
    mov     ecx, [ebx + OOFS_MAP_FREED]
    bts     [ecx], eax
    inc     dword ptr [ebx + OOFS_FREED]
    clc
    ret
1:  mov     ecx, [ebx + OOFS_MAP]
    btr     [ecx], eax
    inc     dword ptr [ebx + OOFS_FREE]
    clc
    ret

# Whether a block was allocated since the last commit, so that it may be written again.
# In: EAX block.
# Out: CF when so.
.global oofs_block_fresh
oofs_block_fresh:
    mov     ecx, [ebx + OOFS_MAP_FRESH]
    bt      [ecx], eax
    ret

# The maps after a commit: what was given back is free now.
.global oofs_map_commit
oofs_map_commit:
    mov     edx, OOFS_MAP_FREED
    call    oofs_map_clear
    mov     eax, [ebx + OOFS_FREED]
    add     [ebx + OOFS_FREE], eax
    mov     dword ptr [ebx + OOFS_FREED], 0
    ret

# The maps as they were at the last commit: what was allocated since is free again, what was given back is not.
.global oofs_map_abort
oofs_map_abort:
    mov     edx, OOFS_MAP_FRESH
    call    oofs_map_clear
    add     [ebx + OOFS_FREE], eax
    mov     dword ptr [ebx + OOFS_FREED], 0
    ret

# Takes the bits of one map out of the map of blocks in use, and clears both maps of changes.
# In: EDX = OOFS_MAP_FRESH or OOFS_MAP_FREED.
# Out: EAX number of these bits.
oofs_map_clear:
    push    esi
    push    edi
    push    ebp
    mov     esi, [ebx + edx]            # ESI: bits to take out
    mov     edi, [ebx + OOFS_MAP]
    mov     ecx, [ebx + OOFS_MAP_DWORDS]
    xor     eax, eax
1:  mov     edx, [esi + ecx*4 - 4]
    test    edx, edx
    jz      3f
    mov     ebp, edx
    not     ebp
    and     [edi + ecx*4 - 4], ebp
2:  inc     eax
    lea     ebp, [edx - 1]              # takes the lowest bit away
    and     edx, ebp
    jnz     2b
3:  dec     ecx
    jnz     1b
    push    eax
    mov     esi, [ebx + OOFS_MAP_FRESH]
    mov     ebp, [ebx + OOFS_MAP_FREED]
    mov     ecx, [ebx + OOFS_MAP_DWORDS]
    xor     eax, eax
    mov     edi, esi
    rep stosd
    mov     ecx, [ebx + OOFS_MAP_DWORDS]
    mov     edi, ebp
    rep stosd
    pop     eax
    pop     ebp
    pop     edi
    pop     esi
    ret
