# Names and directories on whatever is mounted: the second half of file.inc. An open directory is a position in its
# list, which holds its meaning while others change it.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "disk.inc"
.include "fs.inc"
.include "file.inc"

HANDLE_TYPE directory_type, "directory", directory_destroy

LIST_MOUNT      = 0                     # handle of mount_open; 0: a list without one
LIST_ID         = 4                     # without a mount: 0 for the mount points, 1 for the kernel's programs
LIST_POSITION   = 8                     # 8 bytes
LIST_SIZE       = 16

.text

# Says what a path names. May sleep.
# In: ESI path, EDI NODE record.
# Out: CF and EAX error.
.global file_stat
file_stat:
    push    ebx
    call    path_is_root
    jne     1f
    call    directory_root
    pop     ebx
    ret
1:  mov     eax, esi
    call    mount_find
    jc      3f
    mov     ecx, edi
    mov     ebx, FS_FIND
    call    mount_call
    jmp     4f
3:  call    bundled_stat
4:  jc      9f
    call    path_wants_directory
    jnc     9f
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    je      9f                          # CF is clear
    mov     eax, ERROR_NOT_DIRECTORY
    stc
9:  pop     ebx
    ret

# Whether a path can only be a directory's: it ends with a slash, or with a part that is . or .. alone.
# In: ESI path.
# Out: CF when so.
# Clobbers: EAX only.
.global path_wants_directory
path_wants_directory:
    push    edx
    mov     eax, esi
1:  inc     eax
    cmp     byte ptr [eax - 1], 0
    jne     1b
    dec     eax
    lea     edx, [eax - 2]              # no more dots than two
.Lpath_wants_dot:
    cmp     eax, esi
    je      .Lpath_wants_alone
    cmp     byte ptr [eax - 1], '/'
    stc
    je      .Lpath_wants_done
    dec     eax
    cmp     byte ptr [eax], '.'
    clc
    jne     .Lpath_wants_done
    cmp     eax, edx
    jae     .Lpath_wants_dot
    clc
    jmp     .Lpath_wants_done
.Lpath_wants_alone:
    cmp     byte ptr [eax], 1           # dots alone, or nothing
    cmc
.Lpath_wants_done:
    pop     edx
    ret

# Whether what a path names is a directory. May sleep.
# In: ESI path.
# Out: CF and EAX = ERROR_NOT_DIRECTORY, or another error.
path_must_be_directory:
    FRAME   NODE_SIZE_OF
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    jc      1f
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    je      1f                          # CF is clear
    mov     eax, ERROR_NOT_DIRECTORY
    stc
1:  pop     edi
    ENDFRAME
    ret

# Whether a path is / alone.
# In: ESI path.
# Out: ZF when so.
# Clobbers: EAX only.
path_is_root:
    mov     eax, esi
    call    path_complete
    cmp     word ptr [eax], 0x002F      # "/"
    ret

# Fills in what / is.
# In: EDI NODE record.
# Out: CF clear.
.global directory_root
directory_root:
    push    edi
    mov     ecx, NODE_SIZE_OF / 4
    xor     eax, eax
    rep stosd
    pop     edi
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    mov     dword ptr [edi + NODE_CLASS], 0x746F6F72 # "root"
    clc
    ret

# Calls a routine that changes something named by a path.
# In: ESI path, EBX = FS_* routine that takes EDX path in the mount.
# Out: CF and EAX error.
path_change:
    push    ebp
    mov     eax, esi
    call    mount_find
    jc      2f
    call    mount_enter
    jc      9f
    call    mount_writable
    jc      1f
    call    mount_routine
1:  call    mount_leave
9:  pop     ebp
    ret
2:  mov     ecx, FILE_WRITE
    call    bundled_refuse
    jmp     9b

# Makes a directory. May sleep.
# In: ESI path.
# Out: CF and EAX error.
.global directory_make
directory_make:
    push    ebx
    mov     ebx, FS_MKDIR
    call    path_change
    pop     ebx
    ret

# Removes an empty directory. May sleep.
# In: ESI path.
# Out: CF and EAX error.
.global directory_remove
directory_remove:
    push    ebx
    mov     ebx, FS_RMDIR
    call    path_change
    pop     ebx
    ret

# Takes a name away, and the file with it when nobody has it open. May sleep.
# In: ESI path.
# Out: CF and EAX error.
.global file_unlink
file_unlink:
    call    path_wants_directory
    jc      1f
    push    ebx
    mov     ebx, FS_UNLINK
    call    path_change
    pop     ebx
    ret
1:  call    path_must_be_directory
    jc      2f
    mov     eax, ERROR_IS_DIRECTORY
    stc
2:  ret

# Gives something another name, which it replaces. Both are on one mount. May sleep.
# In: ESI path, EDI new path.
# Out: CF and EAX error: ERROR_NOT_SUPPORTED when the mounts differ; ERROR_BUSY when it is a mount itself.
.global file_rename
file_rename:
    push    ebx
    push    ebp
    call    path_wants_directory
    jc      .Lfile_rename_directory
    xchg    esi, edi
    call    path_wants_directory
    xchg    esi, edi
    jnc     .Lfile_rename_find
.Lfile_rename_directory:
    call    path_must_be_directory      # what gets such a name has to be one, too
    jc      9f
.Lfile_rename_find:
    mov     eax, edi
    call    mount_find
    jc      .Lfile_rename_to_bundled
    push    edx
    mov     ebx, eax
    mov     eax, esi
    call    mount_find
    pop     ecx
    jc      .Lfile_rename_bundled
    cmp     eax, ebx
    jne     .Lfile_rename_apart
    mov     eax, ebx
    call    mount_enter
    jc      9f
    call    mount_writable
    jc      1f
    mov     ebx, FS_RENAME
    call    mount_routine
1:  call    mount_leave
9:  pop     ebp
    pop     ebx
    ret
.Lfile_rename_apart:
    cmp     byte ptr [edx], 0           # the mount itself
    mov     eax, ERROR_BUSY
    je      2f
    mov     eax, ERROR_NOT_SUPPORTED
2:  stc
    jmp     9b
.Lfile_rename_to_bundled:
    push    esi
    mov     esi, edi
    jmp     3f
.Lfile_rename_bundled:
    push    esi
3:  mov     ecx, FILE_WRITE
    call    bundled_refuse
    pop     esi
    jmp     9b

# Opens a directory. May sleep.
# In: ESI path.
# Out: EAX handle; CF and EAX error.
.global directory_open
directory_open:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    edi
    mov     eax, LIST_SIZE
    call    malloc
    jc      .Ldirectory_open_done
    mov     edi, eax
    call    path_is_root
    je      .Ldirectory_open_handle
    mov     eax, esi
    call    mount_find
    jc      .Ldirectory_open_bundled
    push    edx
    xor     edx, edx
    call    mount_open
    pop     edx
    jc      .Ldirectory_open_free
    mov     [edi + LIST_MOUNT], eax
    lea     ecx, [ebp - NODE_SIZE_OF]
    mov     ebx, FS_FIND
    call    mount_call
    jc      .Ldirectory_open_close
    mov     eax, [ebp - NODE_SIZE_OF + NODE_ID]
    mov     [edi + LIST_ID], eax
    mov     eax, ERROR_NOT_DIRECTORY
    cmp     dword ptr [ebp - NODE_SIZE_OF + NODE_KIND], NODE_DIRECTORY
    jne     .Ldirectory_open_close
    jmp     .Ldirectory_open_handle
.Ldirectory_open_bundled:
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    call    bundled_stat
    mov     edx, [edi + NODE_KIND]
    pop     edi
    jc      .Ldirectory_open_free
    inc     dword ptr [edi + LIST_ID]
    mov     eax, ERROR_NOT_DIRECTORY
    cmp     edx, NODE_DIRECTORY
    jne     .Ldirectory_open_free
.Ldirectory_open_handle:
    mov     eax, edi
    mov     edx, offset directory_type
    xor     ecx, ecx
    call    handle_open
    jnc     .Ldirectory_open_done
    cmp     dword ptr [edi + LIST_MOUNT], 0
    je      .Ldirectory_open_free
.Ldirectory_open_close:
    push    eax
    mov     eax, [edi + LIST_MOUNT]
    call    mount_close
    pop     eax
.Ldirectory_open_free:
    push    eax
    mov     eax, edi
    call    mfree
    pop     eax
    stc
.Ldirectory_open_done:
    pop     edi
    pop     ebx
    ENDFRAME
    ret

# Destructor of open directories.
# In: EAX LIST record.
directory_destroy:
    push    eax
    mov     eax, [eax + LIST_MOUNT]
    test    eax, eax
    jz      1f
    call    mount_close
1:  pop     eax
    jmp     mfree

# Reads the next entry. May sleep.
# In: EAX handle, EDI NODE record.
# Out: CF and EAX error: ERROR_NOT_FOUND after the last.
.global directory_read
directory_read:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     edx, offset directory_type
    call    handle_hold
    jc      9f
    mov     esi, eax                    # ESI: LIST record
    mov     ecx, edi
    lea     edi, [esi + LIST_POSITION]
    mov     eax, [esi + LIST_MOUNT]
    test    eax, eax
    jz      1f
    mov     edx, [esi + LIST_ID]
    mov     ebx, FS_NEXT
    call    mount_call
    jmp     2f
1:  cmp     [esi + LIST_ID], eax
    jne     3f
    call    directory_mounts
    jmp     2f
3:  call    bundled_next
2:  push    eax
    pushfd
    mov     eax, ebp
    call    handle_release
    popfd
    pop     eax
9:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The next mount point.
# In: EDI address of an index in the table of mounts, ECX NODE record.
# Out: the index is moved; CF and ERROR_NOT_FOUND after the last.
directory_mounts:
    push    edi
    mov     edx, edi
    mov     edi, ecx
1:  mov     eax, [edx]
    cmp     eax, MOUNT_MAX
    jae     2f
    inc     dword ptr [edx]
    imul    ebx, eax, MOUNT_SIZE_OF
    add     ebx, offset mount_table
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      1b
    call    directory_root
    lea     eax, [edi + NODE_NAME]
    lea     edx, [ebx + MOUNT_PATH + 1]
    mov     ecx, MOUNT_PATH_BYTES
    call    string_copy
    lea     eax, [edi + NODE_CLASS]
    mov     edx, [ebx + MOUNT_VOLUME]
    add     edx, VOLUME_NAME
    mov     ecx, 8
    call    string_copy
    pop     edi
    clc
    ret
2:  pop     edi
    mov     eax, ERROR_NOT_FOUND
    stc
    ret

# The mount of an open directory.
# In: EAX handle.
# Out: EAX handle of mount_open, 0 when it has none.
# Clobbers: EAX, EDX only.
.global directory_mount
directory_mount:
    mov     edx, offset directory_type
    call    handle_find
    jc      1f
    mov     eax, [eax + LIST_MOUNT]
    ret
1:  xor     eax, eax
    ret

# Closes a directory.
# In: EAX handle.
# Out: CF and EAX = ERROR_STALE.
.global directory_close
directory_close:
    mov     edx, offset directory_type
    jmp     handle_close
