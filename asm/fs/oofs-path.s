# OOFS, paths: from names to objects, and lists of directories. Called through class_fs_oofs with the mount locked. In
# all other routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"

STRING reason_member, "an entry of a directory leads to an object that is not in it:"
STRING reason_class, "the class directory leads to an object of another class:"

POSITION_CLASSES = 1 << 31              # in a position of the root directory: it is in the class directory

.text

# Splits the next name off a path.
# In: ESI path.
# Out: EAX its first byte, EDX its length, 0 at the end of the path; ESI after it, and after slashes.
# Clobbers: EAX, EDX, ESI only.
oofs_path_part:
    cmp     byte ptr [esi], '/'
    jne     .Loofs_path_part_begin
    inc     esi
    jmp     oofs_path_part
.Loofs_path_part_begin:
    mov     eax, esi
.Loofs_path_part_letter:
    cmp     byte ptr [esi], 0
    je      .Loofs_path_part_end
    cmp     byte ptr [esi], '/'
    je      .Loofs_path_part_end
    inc     esi
    jmp     .Loofs_path_part_letter
.Loofs_path_part_end:
    mov     edx, esi
    sub     edx, eax
.Loofs_path_part_slash:
    cmp     byte ptr [esi], '/'
    jne     .Loofs_path_part_done
    inc     esi
    jmp     .Loofs_path_part_slash
.Loofs_path_part_done:
    ret

# Finds what a path names.
# In: EDX path in the volume.
# Out: OOFS_WORK, its directory in OOFS_DIRECTORY; CF and EAX error.
.global oofs_resolve
oofs_resolve:
    push    esi
    mov     esi, edx
    mov     eax, OBJECT_ROOT_ID
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_need
    jc      9f
1:  call    oofs_path_part
    test    edx, edx
    jz      9f                          # CF is clear
    call    oofs_step
    jnc     1b
9:  pop     esi
    ret

# Finds the directory of a path and takes its last name.
# In: EDX path in the volume.
# Out: OOFS_DIRECTORY, OOFS_NAME; CF and EAX error: ERROR_INVALID when it cannot be a name.
.global oofs_resolve_parent
oofs_resolve_parent:
    push    esi
    push    edi
    mov     esi, edx
    mov     eax, OBJECT_ROOT_ID
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_need
    jc      .Loofs_resolve_parent_done
.Loofs_resolve_parent_part:
    call    oofs_path_part
    test    edx, edx
    jz      .Loofs_resolve_parent_invalid
    cmp     byte ptr [esi], 0
    je      .Loofs_resolve_parent_last
    call    oofs_step
    jnc     .Loofs_resolve_parent_part
    jmp     .Loofs_resolve_parent_done
.Loofs_resolve_parent_last:
    mov     esi, eax
    mov     edi, edx
    mov     eax, ERROR_TOO_LONG
    cmp     edi, ENTRY_NAME_MAX
    ja      .Loofs_resolve_parent_failed
    mov     eax, esi
    call    oofs_name_check
    jc      .Loofs_resolve_parent_invalid
    mov     eax, esi
    mov     edx, edi
    call    oofs_name_take
    call    oofs_enter
    jmp     .Loofs_resolve_parent_done
.Loofs_resolve_parent_invalid:
    mov     eax, ERROR_INVALID
.Loofs_resolve_parent_failed:
    stc
.Loofs_resolve_parent_done:
    pop     edi
    pop     esi
    ret

# Makes what was found the directory in which is looked next.
# Out: OOFS_DIRECTORY; CF and EAX = ERROR_NOT_DIRECTORY.
oofs_enter:
    push    esi
    lea     esi, [ebx + OOFS_WORK]
    call    oofs_is_directory
    mov     eax, ERROR_NOT_DIRECTORY
    stc
    jne     1f
    lea     eax, [ebx + OOFS_DIRECTORY]
    mov     edx, esi
    mov     ecx, WORK_SIZE_OF
    call    mem_copy
    clc
1:  pop     esi
    ret

# Goes on from OOFS_WORK to what a name is in it.
# In: EAX name, EDX its length.
# Out: OOFS_WORK, OOFS_DIRECTORY; CF and EAX error.
oofs_step:
    push    eax
    push    edx
    call    oofs_enter
    pop     edx
    pop     ecx
    jc      9f
    mov     eax, ERROR_NOT_FOUND
    cmp     edx, ENTRY_NAME_MAX
    ja      8f
    mov     eax, ecx
    call    oofs_name_take
    call    oofs_lookup
    jnc     9f
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     9f
    cmp     dword ptr [ebx + OOFS_DIRECTORY + OBJECT_ID], OBJECT_ROOT_ID
    jne     8f
    jmp     oofs_class_find             # after the files of the root come the persistent objects
8:  stc
9:  ret

# Finds OOFS_NAME in OOFS_DIRECTORY.
# Out: OOFS_WORK; CF and EAX error.
.global oofs_lookup
oofs_lookup:
    push    ebp
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_find
    pop     ebp
    jc      1f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_member
1:  ret

# Reads the record of an object that OOFS_DIRECTORY names.
# In: EAX id, EDX WORK record.
# Out: CF and EAX error.
.global oofs_member
oofs_member:
    push    edx
    call    oofs_object_need
    pop     edx
    jc      1f
    mov     eax, [edx + OBJECT_PARENT]
    cmp     eax, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    je      1f                          # CF is clear
    mov     edx, [edx + OBJECT_ID]
    mov     eax, offset reason_member
    call    oofs_damaged
1:  ret

# Finds the persistent object whose class is OOFS_NAME.
# Out: OOFS_WORK, OOFS_DIRECTORY the class directory; CF and EAX error.
.global oofs_class_find
oofs_class_find:
    mov     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    lea     edx, [ebx + OOFS_DIRECTORY]
    call    oofs_object_need
    jc      1f
    call    oofs_lookup
    jc      1f
    lea     eax, [ebx + OOFS_WORK + OBJECT_CLASS]
    lea     edx, [ebx + OOFS_NAME]
    call    string_compare
    je      1f                          # CF is clear
    mov     eax, offset reason_class
    mov     edx, [ebx + OOFS_WORK + OBJECT_ID]
    call    oofs_damaged
1:  ret

# FS_FIND.
# In: EAX mount, EDX path, ECX = NODE record to fill in.
# Out: CF and EAX error.
.global oofs_find
oofs_find:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     byte ptr [ebx + OOFS_NAME], 0
    call    oofs_resolve
    jc      8f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_node_fill
    clc
    jmp     9f
8:  call    oofs_complain
9:  pop     edi
    pop     ebx
    ret

# FS_STAT.
# In: EAX mount, EDX id, ECX = NODE record to fill in. Its name is empty.
# Out: CF and EAX error.
.global oofs_stat
oofs_stat:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     byte ptr [ebx + OOFS_NAME], 0
    mov     eax, edx
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      8f
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_node_fill
    clc
    jmp     9f
8:  call    oofs_complain
9:  pop     edi
    pop     ebx
    ret

# Fills in a NODE record.
# In: EDX object record, EDI = NODE record. Its name is OOFS_NAME.
.global oofs_node_fill
oofs_node_fill:
    push    esi
    mov     esi, edx
    mov     eax, [esi + OBJECT_ID]
    mov     [edi + NODE_ID], eax
    mov     eax, [esi + OBJECT_BYTES]
    mov     [edi + NODE_BYTES], eax
    mov     eax, [esi + OBJECT_BYTES + 4]
    mov     [edi + NODE_BYTES + 4], eax
    mov     eax, [esi + OBJECT_MODIFIED]
    mov     [edi + NODE_MODIFIED], eax
    lea     eax, [edi + NODE_CLASS]
    lea     edx, [esi + OBJECT_CLASS]
    mov     ecx, OBJECT_CLASS_BYTES
    call    string_copy
    lea     eax, [edi + NODE_NAME]
    lea     edx, [ebx + OOFS_NAME]
    mov     ecx, 256
    call    string_copy
    mov     dword ptr [edi + NODE_VERSION], 0
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    call    oofs_is_directory
    je      1f
    mov     dword ptr [edi + NODE_KIND], NODE_FILE
    call    oofs_is_file
    je      1f
    mov     dword ptr [edi + NODE_KIND], NODE_OBJECT
    mov     eax, [esi + OBJECT_COUNT]
    mov     [edi + NODE_VERSION], eax
1:  pop     esi
    ret

# FS_NEXT.
# In: EAX mount, EDX id of a directory, ECX = NODE record, EDI address of the position.
# Out: CF and EAX error: ERROR_NOT_FOUND after the last.
.global oofs_next
oofs_next:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 count of the position, -8 hash, -12 NODE record
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 12], ecx
    mov     esi, edi                    # ESI: position
    mov     eax, [esi]
    mov     ecx, [esi + 4]
    mov     [ebp - 8], eax
    mov     [ebp - 4], ecx
    test    ecx, ecx
    jns     .Loofs_next_directory
.Loofs_next_class:
    and     dword ptr [ebp - 4], ~POSITION_CLASSES
    mov     edx, [ebx + OOFS_STATE + STATE_CLASSES]
.Loofs_next_directory:
    mov     eax, edx
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_next_failed
    call    oofs_enter
    jc      .Loofs_next_failed
    push    ebp
    lea     edi, [ebp - 8]
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_next
    pop     ebp
    jnc     .Loofs_next_found
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_next_failed
    cmp     dword ptr [ebx + OOFS_DIRECTORY + OBJECT_ID], OBJECT_ROOT_ID
    mov     eax, ERROR_NOT_FOUND
    jne     .Loofs_next_failed
    mov     dword ptr [ebp - 8], 0
    mov     dword ptr [ebp - 4], 0
    jmp     .Loofs_next_class
.Loofs_next_found:
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_member
    jc      .Loofs_next_failed
    mov     eax, [ebp - 8]
    mov     [esi], eax
    mov     eax, [ebp - 4]
    mov     edx, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    cmp     edx, [ebx + OOFS_STATE + STATE_CLASSES]
    jne     .Loofs_next_position
    or      eax, POSITION_CLASSES
.Loofs_next_position:
    mov     [esi + 4], eax
    mov     edi, [ebp - 12]
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_node_fill
    clc
    jmp     .Loofs_next_done
.Loofs_next_failed:
    call    oofs_complain
.Loofs_next_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
