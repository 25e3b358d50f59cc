# OOFS, counting blocks: whether an operation finds room, and what a commit sets free. In all routines EBX = OOFS record
# (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

.text

# Counts the bits of a dword.
# In: EAX.
# Out: EAX.
# Clobbers: EAX only.
.global oofs_bits_count
oofs_bits_count:
    push    edx
    mov     edx, eax
    shr     edx, 1
    and     edx, 0x55555555
    sub     eax, edx
    mov     edx, eax
    shr     edx, 2
    and     eax, 0x33333333
    and     edx, 0x33333333
    add     eax, edx
    mov     edx, eax
    shr     edx, 4
    add     eax, edx
    and     eax, 0x0F0F0F0F
    imul    eax, eax, 0x01010101
    shr     eax, 24
    pop     edx
    ret

# Blocks that a full map has, its nodes too.
# Out: EAX.
# Clobbers: EAX, ECX, EDX only.
oofs_map_blocks:
    push    esi
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_regions_of
    mov     esi, 1
1:  cmp     eax, 1
    jbe     2f
    add     esi, eax
    add     eax, TREE_FANOUT - 1
    xor     edx, edx
    mov     ecx, TREE_FANOUT
    div     ecx
    jmp     1b
2:  mov     eax, esi
    pop     esi
    ret

# To be called when an operation has looked at everything, before it changes something: looks whether there is room,
# and makes a commit first when that helps.
# In: EAX blocks that it needs at most, the map aside; EDX OOFS_NEED_*, 0 when it may take all.
# Out: CF and EAX = ERROR_READ_ONLY, ERROR_NO_SPACE, or the commit's.
.global oofs_begin
oofs_begin:
    push    esi
    mov     esi, eax
    test    edx, edx
    jz      .Loofs_begin_look
    push    edx
    call    oofs_map_blocks
    pop     edx
    add     esi, edx
    add     esi, eax
.Loofs_begin_look:
    call    oofs_writable
    jc      .Loofs_begin_done
    mov     eax, [ebx + CACHE_COUNT]   # memory for changes runs low
    shr     eax, 2
    cmp     [ebx + CACHE_PINNED_COUNT], eax
    ja      .Loofs_begin_commit
    cmp     [ebx + OOFS_STATE + STATE_FREE], esi
    jae     .Loofs_begin_room
.Loofs_begin_commit:
    call    oofs_commit
    jc      .Loofs_begin_done
    call    oofs_roots_again
    cmp     [ebx + OOFS_STATE + STATE_FREE], esi
    mov     eax, ERROR_NO_SPACE
    jb      .Loofs_begin_done                          # CF is set
.Loofs_begin_room:
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED
    jnz     .Loofs_begin_good
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED
    call    sync_later
.Loofs_begin_good:
    clc
.Loofs_begin_done:
    pop     esi
    ret

# Counts the blocks that the next commit sets free: those that only the last one had.
# Out: EAX number; CF and EAX error.
.global oofs_gained
oofs_gained:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 region, -8 sum
    mov     dword ptr [ebp - 4], -1
    mov     dword ptr [ebp - 8], 0
.Loofs_gained_region:
    inc     dword ptr [ebp - 4]
    mov     eax, [ebx + OOFS_COMMITTED + STATE_BLOCKS]
    call    oofs_regions_of
    mov     ecx, [ebp - 4]
    cmp     ecx, eax
    jae     .Loofs_gained_good
    bt      [ebx + OOFS_REGIONS], ecx
    jnc     .Loofs_gained_region
    call    oofs_held_others            # ESI: page with what the snapshots hold
    mov     eax, ecx
    call    oofs_held
    jc      .Loofs_gained_done
    mov     edi, eax                    # EDI: held by the last commit too
    call    oofs_map_read
    jc      .Loofs_gained_done
    mov     ecx, OOFS_BLOCK_BYTES / 4
    mov     edx, eax                    # EDX: the map now
.Loofs_gained_dword:
    mov     eax, [esi + ecx*4 - 4]
    test    edx, edx
    jz      .Loofs_gained_count
    or      eax, [edx + ecx*4 - 4]
.Loofs_gained_count:
    not     eax
    and     eax, [edi + ecx*4 - 4]
    jz      .Loofs_gained_next
    call    oofs_bits_count
    add     [ebp - 8], eax
.Loofs_gained_next:
    dec     ecx
    jnz     .Loofs_gained_dword
    jmp     .Loofs_gained_region
.Loofs_gained_good:
    mov     eax, [ebp - 8]
    clc
.Loofs_gained_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# What the snapshots hold of a region, in the page of the window, which is closed.
# In: ECX region.
# Out: ESI page.
# Clobbers: EAX, EDX, ESI only.
oofs_held_others:
    push    ecx
    push    edi
    push    ebp
    mov     ebp, ecx
    mov     dword ptr [ebx + OOFS_WINDOW_REGION], -1
    mov     eax, [ebx + OOFS_WINDOW]
    call    oofs_block_zero
    mov     esi, eax
    xor     edi, edi
1:  mov     eax, [ebx + OOFS_SNAPSHOTS]
    movzx   eax, word ptr [eax + LIST_COUNT]
    cmp     edi, eax
    jae     2f
    call    oofs_held_snapshot
    inc     edi
    jmp     1b
2:  pop     ebp
    pop     edi
    pop     ecx
    ret

# Counts used and free blocks anew, as they are after the next commit.
# Out: CF and EAX error.
.global oofs_count
oofs_count:
    FRAME   12
    push    esi
    push    edi
    # Locals: -4 region, -8 used, -12 blocks that some map has
    xor     eax, eax
    mov     [ebp - 4], eax
    mov     [ebp - 8], eax
    mov     [ebp - 12], eax
.Loofs_count_region:
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_regions_of
    mov     ecx, [ebp - 4]
    cmp     ecx, eax
    jae     .Loofs_count_good
    call    oofs_held_others
    call    oofs_map_read
    jc      .Loofs_count_done
    mov     edi, eax                    # EDI: the map now, or 0
    xor     ecx, ecx
.Loofs_count_dword:
    mov     edx, [esi + ecx*4]
    test    edi, edi
    jz      .Loofs_count_other
    mov     eax, [edi + ecx*4]
    or      edx, eax
    call    oofs_bits_count
    add     [ebp - 8], eax
.Loofs_count_other:
    mov     eax, edx
    test    eax, eax
    jz      .Loofs_count_next
    call    oofs_valid_bits
    call    oofs_bits_count
    add     [ebp - 12], eax
.Loofs_count_next:
    inc     ecx
    cmp     ecx, OOFS_BLOCK_BYTES / 4
    jb      .Loofs_count_dword
    inc     dword ptr [ebp - 4]
    jmp     .Loofs_count_region
.Loofs_count_good:
    mov     eax, [ebp - 8]
    mov     [ebx + OOFS_STATE + STATE_USED], eax
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, [ebp - 12]
    mov     [ebx + OOFS_STATE + STATE_FREE], eax
    clc
.Loofs_count_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Takes bits after the end of the volume away: snapshots of a larger one may have them.
# In: EAX dword ECX of the region in the frame of oofs_count.
# Out: EAX.
# Clobbers: EAX only.
oofs_valid_bits:
    push    ecx
    push    edx
    mov     edx, [ebp - 4]
    shl     edx, OOFS_REGION_SHIFT
    shl     ecx, 5
    add     edx, ecx                    # first block of the dword
    mov     ecx, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     ecx, edx
    ja      1f
    xor     eax, eax
    jmp     2f
1:  cmp     ecx, 32
    jae     2f
    mov     edx, 1
    shl     edx, cl
    dec     edx
    and     eax, edx
2:  pop     edx
    pop     ecx
    ret
