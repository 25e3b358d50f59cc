# OOFS, a partition that has become smaller: the volume fits when nothing is in what was cut off. In all routines EBX =
# OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.text

# Brings a volume to the size of its partition, or says why that cannot be.
# Out: CF and EAX error.
.global oofs_fit
oofs_fit:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 blocks of the partition, -8 last block in use
    mov     eax, [ebx + OOFS_VOLUME]
    mov     eax, [eax + VOLUME_SECTORS]
    shr     eax, 3
    mov     [ebp - 4], eax
    mov     dword ptr [ebp - 8], 0
    lea     edi, [ebx + OOFS_MAP]
    mov     edx, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_last_used
    jc      .Loofs_fit_done
    xor     esi, esi
.Loofs_fit_snapshot:
    mov     eax, [ebx + OOFS_SNAPSHOTS]
    movzx   ecx, word ptr [eax + LIST_COUNT]
    cmp     esi, ecx
    jae     .Loofs_fit_look
    mov     edx, esi
    shl     edx, 8
    push    [eax + edx + LIST_ENTRIES + SNAPSHOT_STATE + STATE_BLOCKS]
    mov     eax, esi
    call    oofs_snapshot_map
    lea     edi, [ebx + OOFS_OTHER_MAP]
    pop     edx
    call    oofs_last_used
    jc      .Loofs_fit_done
    inc     esi
    jmp     .Loofs_fit_snapshot
.Loofs_fit_look:
    mov     eax, [ebp - 4]
    cmp     eax, OOFS_BLOCKS_MIN
    jb      .Loofs_fit_small
    sub     eax, OOFS_LAST_BLOCKS
    cmp     [ebp - 8], eax
    jae     .Loofs_fit_small
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY
    jnz     .Loofs_fit_done             # CF is clear
    call    oofs_shrink
    jmp     .Loofs_fit_done
.Loofs_fit_small:
    mov     edx, [ebx + OOFS_VOLUME]
    mov     ecx, [ebp - 8]
    lea     ecx, [ecx + 1 + OOFS_LAST_BLOCKS]
    cmp     ecx, OOFS_BLOCKS_MIN
    jae     .Loofs_fit_used
    PRINTF  "oofs: %s: the partition has %u blocks; make it at least %u sectors long, the least for a volume\n", edx, [ebp-4], OOFS_BLOCKS_MIN*8
    jmp     .Loofs_fit_refuse
.Loofs_fit_used:
    shl     ecx, 3
    PRINTF  "oofs: %s: the partition has %u blocks, but the volume has %u, and its block %u is in use; make the partition at least %u sectors long\n", edx, [ebp-4], [ebx+OOFS_STATE+STATE_BLOCKS], [ebp-8], ecx
.Loofs_fit_refuse:
    mov     eax, ERROR_OUT_OF_RANGE
    stc
.Loofs_fit_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Looks for the last block that a map has, from the new place of the commit records on; the old one does not count.
# In: EDI map, EDX blocks of its state; EBP frame of oofs_fit.
# Out: [EBP - 8] is raised; CF and EAX error.
oofs_last_used:
    push    esi
    lea     esi, [edx - OOFS_LAST_BLOCKS]
.Loofs_last_used_block:
    dec     esi
    mov     eax, [ebp - 4]
    sub     eax, OOFS_LAST_BLOCKS
    cmp     esi, eax
    jl      .Loofs_last_used_good
    mov     ecx, esi
    shr     ecx, OOFS_REGION_SHIFT
    call    oofs_tree_read
    jc      .Loofs_last_used_done
    test    eax, eax
    jz      .Loofs_last_used_region
    mov     ecx, esi
    and     ecx, OOFS_REGION_BLOCKS - 1
    bt      [eax], ecx
    jnc     .Loofs_last_used_block
    cmp     esi, [ebp - 8]
    jbe     .Loofs_last_used_good
    mov     [ebp - 8], esi
    jmp     .Loofs_last_used_good
.Loofs_last_used_region:
    and     esi, ~(OOFS_REGION_BLOCKS - 1)
    jmp     .Loofs_last_used_block
.Loofs_last_used_good:
    clc
.Loofs_last_used_done:
    pop     esi
    ret

# Makes the volume as large as its partition.
# In: EBP frame of oofs_fit.
# Out: CF and EAX error.
oofs_shrink:
    push    esi
    mov     eax, [ebx + OOFS_SCRATCH]
    call    oofs_block_zero
    mov     esi, [ebp - 4]
    lea     eax, [esi - 2]
    mov     edx, [ebx + OOFS_SCRATCH]
    call    oofs_block_write
    jc      9f
    lea     eax, [esi - 1]
    mov     edx, [ebx + OOFS_SCRATCH]
    call    oofs_block_write
    jc      9f
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      9f
    mov     eax, 8
    xor     edx, edx
    call    oofs_begin
    jc      9f
    mov     eax, esi
    call    oofs_map_resize
    jc      9f
    call    oofs_commit
    jc      9f
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED
    call    oofs_commit                 # so that no record has the old size
    jc      9f
    call    oofs_super_write
9:  pop     esi
    ret
