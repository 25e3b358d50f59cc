# OOFS, operations on names: create, mkdir, unlink, rmdir, rename, and freeing what has no name any more. Each is one
# operation of the format. Called through class_fs_oofs with the mount locked. In all other routines EBX = OOFS record
# (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

STRING reason_orphan, "this is in the list of orphans, and is none: object"
STRING reason_parents, "the parents never reach the root directory: object"

STEP_BLOCKS     = 128                   # blocks that one step of freeing takes
RECORD_BLOCKS   = 24                    # what an operation changes at most in tables and directories
RECORD_BLOCKS_LESS = 20

.text

# FS_CREATE.
# In: EAX mount, EDX path, ECX = NODE record to fill in.
# Out: CF and EAX error.
.global oofs_create_file
oofs_create_file:
    push    ebx
    push    esi
    push    edi
    mov     edi, ecx
    mov     esi, offset oofs_class_file
    mov     ebx, [eax + MOUNT_DATA]
    call    oofs_make
    jc      1f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_node_fill
    clc
1:  pop     edi
    pop     esi
    pop     ebx
    ret

# FS_MKDIR.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global oofs_mkdir
oofs_mkdir:
    push    ebx
    push    esi
    mov     esi, offset oofs_class_directory
    mov     ebx, [eax + MOUNT_DATA]
    call    oofs_make
    pop     esi
    pop     ebx
    ret

# Makes a file or directory.
# In: EDX path, ESI class.
# Out: OOFS_WORK; CF and EAX error.
oofs_make:
    push    ebp
    call    oofs_resolve_parent
    jc      .Loofs_make_failed
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_find
    mov     edx, ERROR_EXISTS
    jnc     .Loofs_make_exists
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_make_failed
    call    oofs_name_divisions
    jc      .Loofs_make_failed
    lea     eax, [eax + eax*4 + RECORD_BLOCKS]
    mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_make_failed
    call    oofs_make_named
    jnc     .Loofs_make_done
    call    oofs_give_up
    jmp     .Loofs_make_done
.Loofs_make_exists:
    mov     eax, edx
.Loofs_make_failed:
    call    oofs_complain
.Loofs_make_done:
    pop     ebp
    ret

# Makes an object of a class and gives it OOFS_NAME in a directory.
# In: ESI class, EBP directory.
# Out: OOFS_WORK; CF and EAX error.
.global oofs_make_named
oofs_make_named:
    mov     eax, [ebp + OBJECT_ID]
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_new
    jc      1f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_put
    jc      1f
    mov     eax, [ebx + OOFS_WORK + OBJECT_ID]
    call    oofs_name_insert
1:  ret

# FS_UNLINK.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global oofs_unlink
oofs_unlink:
    push    ebx
    push    esi
    mov     ebx, [eax + MOUNT_DATA]
    call    oofs_entry_find
    jc      8f
    call    oofs_is_directory
    mov     eax, ERROR_IS_DIRECTORY
    je      8f
    call    oofs_remove
    jmp     9f
8:  call    oofs_complain
9:  pop     esi
    pop     ebx
    ret

# FS_RMDIR.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global oofs_rmdir
oofs_rmdir:
    push    ebx
    push    esi
    mov     ebx, [eax + MOUNT_DATA]
    call    oofs_entry_find
    jc      8f
    call    oofs_is_directory
    mov     eax, ERROR_NOT_DIRECTORY
    jne     8f
    cmp     dword ptr [esi + OBJECT_COUNT], 0
    mov     eax, ERROR_NOT_EMPTY
    jne     8f
    call    oofs_remove
    jmp     9f
8:  call    oofs_complain
9:  pop     esi
    pop     ebx
    ret

# Finds an object by the name that a directory has for it. A persistent object is found too, by its class in the root.
# In: EDX path.
# Out: ESI = OOFS_WORK, its directory in OOFS_DIRECTORY, OOFS_NAME; CF and EAX error.
oofs_entry_find:
    push    edx
    call    oofs_resolve_parent
    pop     edx
    jc      1f
    call    oofs_resolve                # the same names again: this finds classes too
    lea     esi, [ebx + OOFS_WORK]
1:  ret

# Takes the name of OOFS_WORK out of OOFS_DIRECTORY, and frees it.
# Out: CF and EAX error.
oofs_remove:
    push    ebp
    mov     eax, RECORD_BLOCKS_LESS
    mov     edx, OOFS_NEED_LESS
    call    oofs_begin
    jc      .Loofs_remove_done
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_remove
    jc      .Loofs_remove_lost
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_drop
    jc      .Loofs_remove_lost
    call    oofs_free_orphans
    jmp     .Loofs_remove_done
.Loofs_remove_lost:
    call    oofs_give_up
.Loofs_remove_done:
    pop     ebp
    ret

# Frees an object whose name is gone, or makes it an orphan when it is open, or when that would take long.
# In: EDX WORK record.
# Out: CF and EAX error.
oofs_drop:
    push    ebp
    mov     ebp, edx
    mov     eax, [ebx + OOFS_MOUNT]
    test    eax, eax
    jz      1f
    mov     edx, [ebp + OBJECT_ID]
    call    file_is_open
    jc      2f
1:  call    oofs_free
    jc      9f
    test    eax, eax
    jz      9f                          # CF is clear
2:  mov     dword ptr [ebp + OBJECT_PARENT], 0
    mov     dword ptr [ebp + OBJECT_COUNT], 0
    mov     eax, [ebx + OOFS_STATE + STATE_ORPHAN]
    mov     [ebp + OBJECT_NEXT_ORPHAN], eax
    mov     eax, [ebp + OBJECT_ID]
    mov     [ebx + OOFS_STATE + STATE_ORPHAN], eax
    mov     edx, ebp
    call    oofs_object_put
9:  pop     ebp
    ret

# Frees an object, or a part of its content.
# In: EBP WORK record.
# Out: EAX 0 when it is gone, else the record has the size that is left; CF and EAX error.
oofs_free:
    push    edi
    lea     edi, [ebp + WORK_TREE]
    mov     dword ptr [ebx + OOFS_BUDGET], STEP_BLOCKS
    xor     eax, eax
    call    oofs_tree_resize
    jc      9f
    test    eax, eax
    jnz     1f
    mov     eax, [ebp + OBJECT_ID]
    call    oofs_slot_free
    jc      9f
    xor     eax, eax
    jmp     9f
1:  mov     edx, eax
    shl     eax, OOFS_BLOCK_SHIFT
    shr     edx, 32 - OOFS_BLOCK_SHIFT
    mov     [ebp + OBJECT_BYTES], eax
    mov     [ebp + OBJECT_BYTES + 4], edx
    mov     eax, 1                      # CF is clear after this
    test    eax, eax
9:  pop     edi
    ret

# Goes on with freeing what has no name any more. It stops at what is open, and when snapshots hold all space.
# Out: CF and EAX error.
.global oofs_free_orphans
oofs_free_orphans:
    push    esi
    push    ebp
    lea     ebp, [ebx + OOFS_THIRD]
.Loofs_free_orphans_next:
    mov     esi, [ebx + OOFS_STATE + STATE_ORPHAN]
    test    esi, esi
    jz      .Loofs_free_orphans_done    # CF is clear
    mov     edx, esi
    mov     eax, [ebx + OOFS_MOUNT]
    test    eax, eax
    jz      .Loofs_free_orphans_closed
    call    file_is_open
    jc      .Loofs_free_orphans_stop
.Loofs_free_orphans_closed:
    mov     eax, esi
    mov     edx, ebp
    call    oofs_object_need
    jc      .Loofs_free_orphans_damaged
    cmp     dword ptr [ebp + OBJECT_PARENT], 0
    jne     .Loofs_free_orphans_wrong
    cmp     esi, OBJECT_ROOT_ID
    je      .Loofs_free_orphans_wrong
    cmp     esi, [ebx + OOFS_STATE + STATE_CLASSES]
    je      .Loofs_free_orphans_wrong
    mov     eax, RECORD_BLOCKS_LESS
    mov     edx, OOFS_NEED_LESS
    call    oofs_begin
    jnc     .Loofs_free_orphans_free
    cmp     eax, ERROR_NO_SPACE
    je      .Loofs_free_orphans_stop
    stc
    jmp     .Loofs_free_orphans_done
.Loofs_free_orphans_free:
    push    [ebp + OBJECT_NEXT_ORPHAN]
    call    oofs_free
    pop     edx
    jc      .Loofs_free_orphans_lost
    test    eax, eax
    jnz     .Loofs_free_orphans_rest
    mov     [ebx + OOFS_STATE + STATE_ORPHAN], edx
    jmp     .Loofs_free_orphans_next
.Loofs_free_orphans_rest:
    mov     edx, ebp
    call    oofs_object_put
    jnc     .Loofs_free_orphans_next
.Loofs_free_orphans_lost:
    call    oofs_give_up
    jmp     .Loofs_free_orphans_done
.Loofs_free_orphans_wrong:
    mov     eax, offset reason_orphan
    mov     edx, esi
    call    oofs_damaged
.Loofs_free_orphans_damaged:
    call    oofs_complain
    jmp     .Loofs_free_orphans_done
.Loofs_free_orphans_stop:
    clc
.Loofs_free_orphans_done:
    pop     ebp
    pop     esi
    ret

# FS_CLOSED.
# In: EAX mount, EDX id.
# Out: CF and EAX error.
.global oofs_closed
oofs_closed:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    test    dword ptr [ebx + OOFS_FLAGS], OOFS_IS_READ_ONLY | OOFS_IS_FAILED
    jnz     1f
    call    oofs_free_orphans
1:  pop     ebx
    clc
    ret

# FS_RENAME.
# In: EAX mount, EDX path, ECX new path.
# Out: CF and EAX error.
.global oofs_rename
oofs_rename:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 new path, -8 path, -12 id that is replaced or 0, -16 directory of the source
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 4], ecx
    mov     [ebp - 8], edx
    call    oofs_entry_find             # what moves: OOFS_SECOND
    jc      .Loofs_rename_failed
    mov     eax, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    mov     [ebp - 16], eax
    cmp     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    mov     eax, ERROR_WRONG_CLASS
    je      .Loofs_rename_failed
    lea     eax, [ebx + OOFS_SECOND]
    mov     edx, esi
    mov     ecx, WORK_SIZE_OF
    call    mem_copy
    lea     esi, [ebx + OOFS_SECOND]
    mov     edx, [ebp - 4]
    call    oofs_resolve_parent
    jc      .Loofs_rename_failed
    call    oofs_is_directory
    jne     .Loofs_rename_look
    call    oofs_not_below
    jc      .Loofs_rename_failed
.Loofs_rename_look:
    mov     dword ptr [ebp - 12], 0
    call    oofs_lookup                 # what is replaced: OOFS_WORK
    jc      .Loofs_rename_new
    mov     eax, [ebx + OOFS_WORK + OBJECT_ID]
    cmp     eax, [esi + OBJECT_ID]
    je      .Loofs_rename_done          # it has that name: CF is clear
    mov     [ebp - 12], eax
    call    oofs_replaceable
    jc      .Loofs_rename_failed
    xor     eax, eax
    jmp     .Loofs_rename_begin
.Loofs_rename_new:
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_rename_failed
    push    ebp
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_divisions
    pop     ebp
    jc      .Loofs_rename_failed
.Loofs_rename_begin:
    lea     eax, [eax + eax*4 + 2 * RECORD_BLOCKS]
    mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_rename_failed
    call    oofs_rename_change
    jc      .Loofs_rename_lost
    call    oofs_free_orphans
    jmp     .Loofs_rename_done
.Loofs_rename_lost:
    call    oofs_give_up
    jmp     .Loofs_rename_done
.Loofs_rename_failed:
    call    oofs_complain
.Loofs_rename_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Does what rename has decided.
# In: EBP frame of oofs_rename; OOFS_DIRECTORY and OOFS_NAME of the new name.
# Out: CF and EAX error.
oofs_rename_change:
    push    esi
    push    edi
    mov     esi, ebp                    # ESI: frame
    mov     edi, [ebx + OOFS_SECOND + OBJECT_ID]
    lea     ebp, [ebx + OOFS_DIRECTORY]
    mov     eax, [ebp + OBJECT_ID]
    push    eax                         # [ESP] the new directory
    mov     eax, edi
    cmp     dword ptr [esi - 12], 0
    jne     .Loofs_rename_change_replace
    call    oofs_name_insert
    jc      .Loofs_rename_change_done
    jmp     .Loofs_rename_change_source
.Loofs_rename_change_replace:
    call    oofs_name_replace
    jc      .Loofs_rename_change_done
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_drop
    jc      .Loofs_rename_change_done
.Loofs_rename_change_source:
    mov     eax, [esi - 16]
    mov     edx, ebp
    call    oofs_object_need            # anew: it may be the same directory
    jc      .Loofs_rename_change_done
    mov     edx, [esi - 8]
    call    oofs_last_name
    call    oofs_name_remove
    jc      .Loofs_rename_change_done
    mov     eax, edi
    lea     edx, [ebx + OOFS_SECOND]
    call    oofs_object_need
    jc      .Loofs_rename_change_done
    mov     eax, [esp]
    mov     [ebx + OOFS_SECOND + OBJECT_PARENT], eax
    lea     edx, [ebx + OOFS_SECOND]
    call    oofs_object_put
.Loofs_rename_change_done:
    pop     edx
    mov     ebp, esi
    pop     edi
    pop     esi
    ret

# Takes the last name of a path that was resolved.
# In: EDX path.
# Out: OOFS_NAME.
oofs_last_name:
    push    esi
    mov     esi, edx
    xor     edx, edx
.Loofs_last_name_next:
    cmp     byte ptr [esi], 0           # EAX: first byte, EDX: length of the last name so far
    je      .Loofs_last_name_end
    cmp     byte ptr [esi], '/'
    je      .Loofs_last_name_slash
    mov     eax, esi
.Loofs_last_name_letter:
    inc     esi
    mov     cl, [esi]
    test    cl, cl
    jz      .Loofs_last_name_part
    cmp     cl, '/'
    jne     .Loofs_last_name_letter
.Loofs_last_name_part:
    mov     edx, esi
    sub     edx, eax
    jmp     .Loofs_last_name_next
.Loofs_last_name_slash:
    inc     esi
    jmp     .Loofs_last_name_next
.Loofs_last_name_end:
    pop     esi
    jmp     oofs_name_take

# Whether OOFS_SECOND may replace OOFS_WORK.
# Out: CF and EAX error when not.
oofs_replaceable:
    push    esi
    push    edi
    lea     esi, [ebx + OOFS_SECOND]
    call    oofs_is_directory
    sete    al
    movzx   edi, al                     # EDI: 1 when a directory moves
    lea     esi, [ebx + OOFS_WORK]
    call    oofs_is_directory
    je      1f
    mov     eax, ERROR_NOT_DIRECTORY
    cmp     edi, 1
    je      8f
    clc
    jmp     9f
1:  mov     eax, ERROR_IS_DIRECTORY
    cmp     edi, 1
    jne     8f
    mov     eax, ERROR_NOT_EMPTY
    cmp     dword ptr [esi + OBJECT_COUNT], 0
    je      9f                          # CF is clear
8:  stc
9:  pop     edi
    pop     esi
    ret

# Checks that OOFS_SECOND, a directory, is not moved into itself or below.
# Out: CF and EAX error.
oofs_not_below:
    push    esi
    push    edi
    mov     esi, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    mov     edi, [ebx + OOFS_STATE + STATE_OBJECTS]
1:  cmp     esi, [ebx + OOFS_SECOND + OBJECT_ID]
    mov     eax, ERROR_INVALID
    je      8f
    dec     edi
    js      2f
    mov     eax, esi
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_object_need
    jc      9f
    mov     esi, [ebx + OOFS_THIRD + OBJECT_PARENT]
    test    esi, esi
    jnz     1b
    jmp     9f                          # CF is clear
2:  mov     eax, offset reason_parents
    mov     edx, esi
    call    oofs_damaged
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    ret
