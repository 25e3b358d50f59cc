# OOFS, content of files: read, write, truncate. Called through class_fs_oofs with the mount locked. In all other
# routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

PIECE_BLOCKS    = 32                    # a longer write is done in pieces; each is one operation
STEP_BLOCKS     = 128                   # blocks that one step of freeing takes
RECORD_BLOCKS   = 24                    # what an operation changes at most in tables and directories

.text

# FS_READ_AT.
# In: EAX mount, EDX id, ECX buffer; ESI bytes, EDI address of the offset.
# Out: EAX bytes; CF and EAX error.
.global oofs_read_at
oofs_read_at:
    FRAME   8
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    push    [edi + 4]
    push    [edi]
    mov     edi, ecx
    mov     eax, edx
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    pop     eax
    pop     edx
    jc      .Loofs_read_at_error
    push    esi
    lea     esi, [ebx + OOFS_WORK]
    push    eax
    push    edx
    call    oofs_is_directory
    pop     edx
    pop     eax
    pop     esi
    mov     ecx, ERROR_IS_DIRECTORY
    je      .Loofs_read_at_refused
    call    oofs_content_read
    jnc     .Loofs_read_at_done
    jmp     .Loofs_read_at_failed
.Loofs_read_at_refused:
    mov     eax, ecx
    jmp     .Loofs_read_at_failed
.Loofs_read_at_error:
    mov     eax, ERROR_STALE            # it went away
.Loofs_read_at_failed:
    call    oofs_complain
.Loofs_read_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Reads content of OOFS_WORK.
# In: EDX:EAX offset, EDI buffer, ESI bytes.
# Out: EAX bytes read; CF and EAX error.
.global oofs_content_read
oofs_content_read:
    FRAME   12
    push    esi
    push    edi
    # Locals: -8 offset, -12 bytes read
    mov     [ebp - 8], eax
    mov     [ebp - 4], edx
    mov     dword ptr [ebp - 12], 0
    mov     ecx, [ebx + OOFS_WORK + OBJECT_BYTES]
    sub     ecx, eax
    mov     eax, [ebx + OOFS_WORK + OBJECT_BYTES + 4]
    sbb     eax, edx
    jb      .Loofs_content_read_end
    jnz     .Loofs_content_read_block   # 4 GiB and more are left
    cmp     esi, ecx
    jbe     .Loofs_content_read_block
    mov     esi, ecx
.Loofs_content_read_block:
    test    esi, esi
    jz      .Loofs_content_read_end
    mov     ecx, [ebp - 8]
    mov     edx, [ebp - 4]
    shrd    ecx, edx, OOFS_BLOCK_SHIFT
    push    edi
    lea     edi, [ebx + OOFS_WORK + WORK_TREE]
    call    oofs_tree_read
    pop     edi
    jc      .Loofs_content_read_done
    mov     edx, [ebp - 8]
    and     edx, OOFS_BLOCK_BYTES - 1
    mov     ecx, OOFS_BLOCK_BYTES
    sub     ecx, edx
    cmp     ecx, esi
    jbe     .Loofs_content_read_part
    mov     ecx, esi
.Loofs_content_read_part:
    add     [ebp - 8], ecx
    adc     dword ptr [ebp - 4], 0
    add     [ebp - 12], ecx
    sub     esi, ecx
    test    eax, eax
    jz      .Loofs_content_read_hole
    add     edx, eax
    mov     eax, edi
    add     edi, ecx
    call    mem_copy
    jmp     .Loofs_content_read_block
.Loofs_content_read_hole:
    rep stosb
    jmp     .Loofs_content_read_block
.Loofs_content_read_end:
    mov     eax, [ebp - 12]
    clc
.Loofs_content_read_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# FS_WRITE_AT.
# In: EAX mount, EDX id, ECX bytes; ESI how many, EDI address of the offset.
# Out: EAX bytes that were written; CF and EAX error when none could be.
.global oofs_write_at
oofs_write_at:
    FRAME   20
    push    ebx
    push    esi
    push    edi
    # Locals: -8 offset, -12 bytes written, -16 id, -20 bytes of this piece
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 16], edx
    mov     eax, [edi]
    mov     [ebp - 8], eax
    mov     eax, [edi + 4]
    mov     [ebp - 4], eax
    mov     dword ptr [ebp - 12], 0
    mov     edi, ecx                    # EDI: bytes
    mov     eax, esi
    xor     edx, edx
    add     eax, [ebp - 8]
    adc     edx, [ebp - 4]
    jc      .Loofs_write_at_invalid
    call    oofs_size_check
    jc      .Loofs_write_at_failed
.Loofs_write_at_piece:
    mov     eax, [ebp - 8]
    and     eax, PIECE_BLOCKS * OOFS_BLOCK_BYTES - 1
    mov     ecx, PIECE_BLOCKS * OOFS_BLOCK_BYTES
    sub     ecx, eax
    cmp     ecx, esi
    jbe     .Loofs_write_at_write
    mov     ecx, esi
.Loofs_write_at_write:
    mov     [ebp - 20], ecx
    mov     eax, [ebp - 16]
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_write_at_part
    push    esi
    lea     esi, [ebx + OOFS_WORK]
    call    oofs_is_file
    pop     esi
    mov     eax, ERROR_WRONG_CLASS
    stc
    jne     .Loofs_write_at_part
    mov     eax, RECORD_BLOCKS          # nothing written sets the time alone
    test    esi, esi
    jz      1f
    mov     eax, PIECE_BLOCKS + 1 + 8 + RECORD_BLOCKS
1:  mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_write_at_part
    call    oofs_piece_write
    jc      .Loofs_write_at_lost
    mov     ecx, [ebp - 20]
    add     edi, ecx
    add     [ebp - 12], ecx
    add     [ebp - 8], ecx
    adc     dword ptr [ebp - 4], 0
    sub     esi, ecx
    jnz     .Loofs_write_at_piece
.Loofs_write_at_good:
    mov     eax, [ebp - 12]
    clc
    jmp     .Loofs_write_at_done
.Loofs_write_at_part:
    cmp     dword ptr [ebp - 12], 0     # a part was written
    jne     .Loofs_write_at_good
    jmp     .Loofs_write_at_failed
.Loofs_write_at_lost:
    call    oofs_give_up
    jmp     .Loofs_write_at_done
.Loofs_write_at_invalid:
    mov     eax, ERROR_INVALID
.Loofs_write_at_failed:
    call    oofs_complain
.Loofs_write_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Whether a file can have a size.
# In: EDX:EAX size.
# Out: CF and EAX = ERROR_INVALID when not.
oofs_size_check:
    cmp     edx, OBJECT_BYTES_HIGH
    jb      2f
    ja      1f
    cmp     eax, -OOFS_BLOCK_BYTES
    jbe     2f
1:  mov     eax, ERROR_INVALID
    stc
    ret
2:  clc
    ret

# Writes a piece to OOFS_WORK, and puts its record.
# In: EDI bytes; EBP frame of oofs_write_at: -8 offset, -20 how many.
# Out: CF and EAX error.
oofs_piece_write:
    push    esi
    push    edi
    push    [ebp - 20]                  # [ESP + 8] bytes left
    push    [ebp - 4]
    push    [ebp - 8]                   # [ESP] where
    mov     esi, edi
    lea     edi, [ebx + OOFS_WORK + WORK_TREE]
    mov     eax, [esp]
    mov     edx, [esp + 4]
    add     eax, [esp + 8]
    adc     edx, 0
    cmp     [ebx + OOFS_WORK + OBJECT_BYTES + 4], edx
    ja      .Loofs_piece_write_block
    jb      .Loofs_piece_write_longer
    cmp     [ebx + OOFS_WORK + OBJECT_BYTES], eax
    jae     .Loofs_piece_write_block
.Loofs_piece_write_longer:
    cmp     dword ptr [esp + 8], 0      # nothing written makes nothing longer
    je      .Loofs_piece_write_block
    mov     [ebx + OOFS_WORK + OBJECT_BYTES], eax
    mov     [ebx + OOFS_WORK + OBJECT_BYTES + 4], edx
    call    oofs_blocks_of
    call    oofs_tree_resize
    jc      .Loofs_piece_write_done
.Loofs_piece_write_block:
    cmp     dword ptr [esp + 8], 0
    je      .Loofs_piece_write_put
    mov     ecx, [esp]
    mov     edx, [esp + 4]
    shrd    ecx, edx, OOFS_BLOCK_SHIFT
    test    dword ptr [esp], OOFS_BLOCK_BYTES - 1
    jnz     .Loofs_piece_write_touch
    cmp     dword ptr [esp + 8], OOFS_BLOCK_BYTES
    jb      .Loofs_piece_write_touch
    call    oofs_tree_replace
    jmp     .Loofs_piece_write_copy
.Loofs_piece_write_touch:
    call    oofs_tree_touch
.Loofs_piece_write_copy:
    jc      .Loofs_piece_write_done
    mov     edx, [esp]
    and     edx, OOFS_BLOCK_BYTES - 1
    add     eax, edx
    mov     ecx, OOFS_BLOCK_BYTES
    sub     ecx, edx
    cmp     ecx, [esp + 8]
    jbe     .Loofs_piece_write_part
    mov     ecx, [esp + 8]
.Loofs_piece_write_part:
    mov     edx, esi
    add     esi, ecx
    sub     [esp + 8], ecx
    add     [esp], ecx
    adc     dword ptr [esp + 4], 0
    call    mem_copy
    jmp     .Loofs_piece_write_block
.Loofs_piece_write_put:
    call    oofs_work_changed
.Loofs_piece_write_done:
    lea     esp, [esp + 12]
    pop     edi
    pop     esi
    ret

# Puts the record of OOFS_WORK, whose content was changed now.
# Out: CF and EAX error.
.global oofs_work_changed
oofs_work_changed:
    call    oofs_now
    mov     [ebx + OOFS_WORK + OBJECT_MODIFIED], eax
    mov     dword ptr [ebx + OOFS_WORK + OBJECT_MODIFIED + 4], 0
    lea     edx, [ebx + OOFS_WORK]
    jmp     oofs_object_put

# FS_TRUNCATE.
# In: EAX mount, EDX id; ESI:ECX size.
# Out: CF and EAX error.
.global oofs_truncate
oofs_truncate:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -8 size, -12 id
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 8], ecx
    mov     [ebp - 4], esi
    mov     [ebp - 12], edx
    lea     edi, [ebx + OOFS_WORK + WORK_TREE]
    mov     eax, ecx
    mov     edx, esi
    call    oofs_size_check
    jc      .Loofs_truncate_failed
.Loofs_truncate_step:
    mov     eax, [ebp - 12]
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_truncate_failed
    lea     esi, [ebx + OOFS_WORK]
    call    oofs_is_file
    mov     eax, ERROR_WRONG_CLASS
    jne     .Loofs_truncate_failed
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 4]
    cmp     edx, [esi + OBJECT_BYTES + 4]
    ja      .Loofs_truncate_longer
    jb      .Loofs_truncate_shorter
    cmp     eax, [esi + OBJECT_BYTES]
    ja      .Loofs_truncate_longer
    je      .Loofs_truncate_done        # CF is clear
.Loofs_truncate_shorter:
    mov     eax, RECORD_BLOCKS - 4
    mov     edx, OOFS_NEED_LESS
    call    oofs_begin
    jc      .Loofs_truncate_failed
    call    oofs_shorten
    jnc     .Loofs_truncate_step
    jmp     .Loofs_truncate_lost
.Loofs_truncate_longer:
    mov     eax, RECORD_BLOCKS
    mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_truncate_failed
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 4]
    mov     [esi + OBJECT_BYTES], eax
    mov     [esi + OBJECT_BYTES + 4], edx
    call    oofs_blocks_of
    call    oofs_tree_resize
    jc      .Loofs_truncate_lost
    call    oofs_work_changed
    jnc     .Loofs_truncate_done
.Loofs_truncate_lost:
    call    oofs_give_up
    jmp     .Loofs_truncate_done
.Loofs_truncate_failed:
    call    oofs_complain
.Loofs_truncate_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Makes OOFS_WORK shorter, one step towards a size.
# In: EDI its tree, EBP frame of oofs_truncate: -8 size.
# Out: CF and EAX error.
oofs_shorten:
    push    esi
    mov     dword ptr [ebx + OOFS_BUDGET], STEP_BLOCKS
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 4]
    call    oofs_blocks_of
    mov     esi, eax                    # ESI: blocks in the end
    call    oofs_tree_resize
    jc      .Loofs_shorten_done
    cmp     eax, esi
    jbe     .Loofs_shorten_reached
    mov     edx, eax
    shl     eax, OOFS_BLOCK_SHIFT
    shr     edx, 32 - OOFS_BLOCK_SHIFT
    jmp     .Loofs_shorten_put
.Loofs_shorten_reached:
    test    dword ptr [ebp - 8], OOFS_BLOCK_BYTES - 1
    jz      .Loofs_shorten_size
    lea     ecx, [esi - 1]              # zeros to the end of the last block
    call    oofs_tree_pointer
    jc      .Loofs_shorten_done
    test    eax, eax
    jz      .Loofs_shorten_size
    lea     ecx, [esi - 1]
    call    oofs_tree_touch
    jc      .Loofs_shorten_done
    mov     edx, [ebp - 8]
    and     edx, OOFS_BLOCK_BYTES - 1
    mov     ecx, OOFS_BLOCK_BYTES
    sub     ecx, edx
    add     eax, edx
    xor     edx, edx
    call    mem_set
.Loofs_shorten_size:
    mov     eax, [ebp - 8]
    mov     edx, [ebp - 4]
.Loofs_shorten_put:
    mov     [ebx + OOFS_WORK + OBJECT_BYTES], eax
    mov     [ebx + OOFS_WORK + OBJECT_BYTES + 4], edx
    call    oofs_work_changed
.Loofs_shorten_done:
    pop     esi
    ret

# FS_SYNC.
# In: EAX mount.
# Out: CF and EAX error. After a failure, what was done before may be lost: whoever asks must hear of it.
.global oofs_sync
oofs_sync:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, ERROR_READ_ONLY
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_FAILED
    stc
    jnz     1f
    call    oofs_commit
1:  pop     ebx
    ret
