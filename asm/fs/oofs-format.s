# OOFS, making an empty volume.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

.text

# Makes an empty OOFS. A power cut meanwhile leaves a volume that is not one. May sleep.
# In: EAX volume, not mounted.
# Out: CF and EAX on failure.
.global oofs_format
oofs_format:
    push    ebx
    push    esi
    mov     esi, eax
    mov     edx, [esi + VOLUME_SECTORS]
    shr     edx, 3
    cmp     edx, OOFS_BLOCKS_MIN
    mov     eax, ERROR_NO_SPACE
    jb      .Loofs_format_done          # CF is set
    mov     eax, esi
    call    oofs_create
    jc      .Loofs_format_done
    mov     edx, [esi + VOLUME_SECTORS]
    shr     edx, 3
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], edx
    call    oofs_cache_create
    jc      .Loofs_format_free
    call    oofs_id_make
    mov     eax, offset oofs_fixed_erase
    call    oofs_fixed_each
    jc      .Loofs_format_free
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_flush
    jc      .Loofs_format_free
    call    oofs_state_empty
    mov     eax, offset oofs_fixed_mark
    call    oofs_fixed_each
    jc      .Loofs_format_free
    call    oofs_top_make               # the root directory
    jc      .Loofs_format_free
    call    oofs_top_make               # the class directory
    jc      .Loofs_format_free
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FIRST | OOFS_IS_CHANGED
    call    oofs_commit
    jc      .Loofs_format_free
    or      dword ptr [ebx + OOFS_FLAGS], OOFS_IS_CHANGED
    call    oofs_commit
    jc      .Loofs_format_free
    call    oofs_super_write
.Loofs_format_free:
    push    eax
    pushfd
    call    oofs_destroy
    popfd
    pop     eax
.Loofs_format_done:
    pop     esi
    pop     ebx
    ret

# The state before the first commit, without anything.
.global oofs_state_empty
oofs_state_empty:
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    sub     eax, OOFS_FIRST_BLOCK + OOFS_LAST_BLOCKS
    mov     [ebx + OOFS_STATE + STATE_FREE], eax
    mov     dword ptr [ebx + OOFS_STATE + STATE_SLOTS], OBJECT_PER_BLOCK
    mov     dword ptr [ebx + OOFS_STATE + STATE_FIRST_FREE], 1
    mov     dword ptr [ebx + OOFS_STATE + STATE_CLASSES], OBJECT_ROOT_ID + 1
    call    oofs_take_trees
    jmp     oofs_adopt

# Calls a routine for each block that has a fixed use.
# In: EAX routine: EAX block, CF and EAX error.
# Out: CF and EAX error.
.global oofs_fixed_each
oofs_fixed_each:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, 4
1:  lea     eax, [esi - 2]              # 0, 1, 2, and the last two
    cmp     esi, 2
    jae     2f
    lea     eax, [esi - OOFS_LAST_BLOCKS]
    add     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
2:  call    edi
    jc      3f
    dec     esi
    jns     1b
    clc
3:  pop     edi
    pop     esi
    ret

# Overwrites a block with zeros.
# In: EAX block.
# Out: CF and EAX error.
oofs_fixed_erase:
    push    eax
    mov     eax, [ebx + OOFS_SCRATCH]
    call    oofs_block_zero
    mov     edx, eax
    pop     eax
    jmp     oofs_block_write

# Marks a block as used.
# In: EAX block.
# Out: CF and EAX error.
.global oofs_fixed_mark
oofs_fixed_mark:
    mov     edx, 1
    jmp     oofs_mark

# Makes a directory without a name.
# Out: CF and EAX error.
.global oofs_top_make
oofs_top_make:
    push    esi
    xor     eax, eax
    lea     edx, [ebx + OOFS_WORK]
    mov     esi, offset oofs_class_directory
    call    oofs_object_new
    jc      1f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_put
1:  pop     esi
    ret

# Makes the id of a volume, of the time.
.global oofs_id_make
oofs_id_make:
    call    clock_seconds
    mov     [ebx + OOFS_ID], eax
    call    clock_us
    mov     [ebx + OOFS_ID + 4], eax
    lea     eax, [ebx + OOFS_ID]
    mov     edx, 8
    call    crc32
    or      eax, 1                      # it is never 0
    mov     [ebx + OOFS_ID + 4], eax
    ret
