# OOFS, persistent objects by class: see object_load and object_save in docs/kernel.md. Called through class_fs_oofs
# with the mount locked.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

RECORD_BLOCKS   = 24                    # what an operation changes at most in tables and directories

.text

# FS_LOAD.
# In: EAX mount, EDX class name, ECX buffer; ESI bytes, EDI version of the class that the caller knows.
# Out: EAX bytes, EDX version; CF and EAX error: see object_load.
.global oofs_load
oofs_load:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    push    ecx
    call    oofs_class_take
    jc      .Loofs_load_failed
    call    oofs_class_find
    jc      .Loofs_load_failed
    cmp     edi, [ebx + OOFS_WORK + OBJECT_COUNT]
    jb      .Loofs_load_newer
    mov     edi, [esp]
    xor     eax, eax
    xor     edx, edx
    call    oofs_content_read
    jc      .Loofs_load_failed
    add     edi, eax                    # what the object does not have is zero
    mov     ecx, esi
    sub     ecx, eax
    xor     eax, eax
    rep stosb
    mov     eax, [ebx + OOFS_WORK + OBJECT_BYTES]
    cmp     dword ptr [ebx + OOFS_WORK + OBJECT_BYTES + 4], 0
    je      .Loofs_load_good
    mov     eax, -1
.Loofs_load_good:
    mov     edx, [ebx + OOFS_WORK + OBJECT_COUNT]
    clc
    jmp     .Loofs_load_done
.Loofs_load_newer:
    call    oofs_newer
    jmp     .Loofs_load_done
.Loofs_load_failed:
    call    oofs_complain
.Loofs_load_done:
    pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says that an object has a newer version of its class than is known.
# In: OOFS_WORK, EDI version that is known.
# Out: EAX = ERROR_NEWER, CF set.
oofs_newer:
    lea     eax, [ebx + OOFS_WORK + OBJECT_CLASS]
    mov     edx, [ebx + OOFS_VOLUME]
    PRINTF  "oofs: %s: the object %s has version %u of its class, and only version %u is known. It is left as it is: use a newer system, or remove it.\n", edx, eax, [ebx+OOFS_WORK+OBJECT_COUNT], edi
    mov     eax, ERROR_NEWER
    stc
    ret

# Takes a class name, which the format does not use itself.
# In: EDX name.
# Out: OOFS_NAME; CF and EAX = ERROR_INVALID.
oofs_class_take:
    push    esi
    mov     esi, edx
    mov     eax, edx
    call    string_length
    test    eax, eax
    jz      .Loofs_class_take_bad
    cmp     eax, OBJECT_CLASS_BYTES
    jae     .Loofs_class_take_bad
    mov     edx, eax
.Loofs_class_take_letter:
    mov     cl, [esi + eax - 1]
    cmp     cl, ' '
    jbe     .Loofs_class_take_bad
    cmp     cl, 0x7E
    ja      .Loofs_class_take_bad
    dec     eax
    jnz     .Loofs_class_take_letter
    mov     eax, esi
    call    oofs_name_take
    mov     edx, offset oofs_class_directory
    call    .Loofs_class_take_compare
    je      .Loofs_class_take_bad
    mov     edx, offset oofs_class_file
    call    .Loofs_class_take_compare
    je      .Loofs_class_take_bad
    mov     edx, offset oofs_class_table
    call    .Loofs_class_take_compare
    je      .Loofs_class_take_bad
    clc
    jmp     .Loofs_class_take_done
.Loofs_class_take_compare:
    mov     eax, esi
    jmp     string_compare
.Loofs_class_take_bad:
    mov     eax, ERROR_INVALID
    stc
.Loofs_class_take_done:
    pop     esi
    ret

# FS_SAVE.
# In: EAX mount, EDX class name, ECX buffer; ESI bytes, EDI version of the class.
# Out: CF and EAX error: see object_save.
.global oofs_save
oofs_save:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 buffer, -8 blocks, -12 1 when the object is there
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 4], ecx
    mov     dword ptr [ebp - 12], 0
    lea     eax, [esi + OOFS_BLOCK_BYTES - 1]
    shr     eax, OOFS_BLOCK_SHIFT
    mov     [ebp - 8], eax
    call    oofs_class_take
    jc      .Loofs_save_failed
    call    oofs_class_find
    jnc     .Loofs_save_found
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_save_failed
    push    ebp
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_divisions
    pop     ebp
    jc      .Loofs_save_failed
    lea     eax, [eax + eax*4]
    jmp     .Loofs_save_begin
.Loofs_save_found:
    cmp     edi, [ebx + OOFS_WORK + OBJECT_COUNT]
    jb      .Loofs_save_newer
    inc     dword ptr [ebp - 12]
    xor     eax, eax
.Loofs_save_begin:
    mov     edx, [ebp - 8]              # and a node for 510
    add     eax, edx
    shr     edx, 8
    lea     eax, [eax + edx + RECORD_BLOCKS + 4]
    mov     edx, OOFS_NEED_SPACE
    call    oofs_begin
    jc      .Loofs_save_failed
    call    oofs_save_change
    jnc     .Loofs_save_commit
    call    oofs_give_up
    jmp     .Loofs_save_done
.Loofs_save_commit:
    call    oofs_commit
    jmp     .Loofs_save_done
.Loofs_save_newer:
    call    oofs_newer
    jmp     .Loofs_save_done
.Loofs_save_failed:
    call    oofs_complain
.Loofs_save_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Replaces the content of OOFS_WORK, or makes the object.
# In: EBP frame of oofs_save, ESI bytes, EDI version.
# Out: CF and EAX error.
oofs_save_change:
    push    esi
    push    edi
    cmp     dword ptr [ebp - 12], 0
    jne     .Loofs_save_change_old
    push    esi
    push    ebp
    lea     esi, [ebx + OOFS_NAME]
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_make_named
    pop     ebp
    pop     esi
    jc      .Loofs_save_change_done
.Loofs_save_change_old:
    mov     [ebx + OOFS_WORK + OBJECT_COUNT], edi
    mov     [ebx + OOFS_WORK + OBJECT_BYTES], esi
    mov     dword ptr [ebx + OOFS_WORK + OBJECT_BYTES + 4], 0
    lea     edi, [ebx + OOFS_WORK + WORK_TREE]
    mov     dword ptr [ebx + OOFS_BUDGET], 0x7FFFFFFF
    xor     eax, eax                    # all blocks anew
    call    oofs_tree_resize
    jc      .Loofs_save_change_done
    mov     eax, [ebp - 8]
    call    oofs_tree_resize
    jc      .Loofs_save_change_done
    xor     ecx, ecx
.Loofs_save_change_block:
    cmp     ecx, [ebp - 8]
    jae     .Loofs_save_change_put
    push    ecx
    call    oofs_tree_replace
    mov     ecx, [esp]
    jc      .Loofs_save_change_failed
    mov     edx, ecx
    shl     edx, OOFS_BLOCK_SHIFT
    add     edx, [ebp - 4]
    mov     ecx, OOFS_BLOCK_BYTES
    cmp     esi, ecx
    jae     .Loofs_save_change_copy
    push    edx
    call    oofs_block_zero             # the last one
    pop     edx
    mov     ecx, esi
.Loofs_save_change_copy:
    sub     esi, ecx
    call    mem_copy
    pop     ecx
    inc     ecx
    jmp     .Loofs_save_change_block
.Loofs_save_change_put:
    call    oofs_work_changed
    jmp     .Loofs_save_change_done
.Loofs_save_change_failed:
    pop     ecx
.Loofs_save_change_done:
    pop     edi
    pop     esi
    ret
