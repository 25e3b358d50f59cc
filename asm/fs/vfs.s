# Mounts: which volume stands at which path, and the routines with which the rest of the system reaches what is on it.
# File systems are classes: a record of routines with a name (FS_* in fs.inc); a new one is added to fs_classes. Others
# know a mount by a handle: the mount's own, which says nothing about who uses it, or one of mount_open, which makes it
# busy.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "disk.inc"
.include "fs.inc"

.section .rodata
.balign 4
fs_classes:     .long class_fs_boot, class_fs_oofs, class_fs_iso9660, class_fs_fat, 0

HANDLE_TYPE mount_type, "mount", mount_destroy
HANDLE_TYPE mount_use_type, "mount in use", mount_unused

.bss
.balign 4
.global mount_made
mount_made:     .skip 4                         # event: broadcast when something was mounted
mount_mutex:    .skip MUTEX_SIZE                # held while the table of mounts changes
.balign 4
.global mount_table
mount_table:    .skip MOUNT_MAX * MOUNT_SIZE_OF

# In: EAX handle of mount_open that the system has. Out: EAX name of the program that is behind it.
HOOK mount_user, mount_user_none

.text

# Nobody knows who has a mount open.
# Out: EAX name.
mount_user_none:
    LOAD_STRING eax, "the system"
    ret

# Finds a class of file systems by the name that mkfs takes.
# In: EAX name such as oofs.
# Out: EAX class; CF and EAX.
.global fs_class_find
fs_class_find:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset fs_classes
1:  mov     eax, [ebx]
    test    eax, eax
    jz      8f
    mov     eax, [eax + FS_TYPE]
    mov     edx, esi
    call    string_compare
    je      2f
    add     ebx, 4
    jmp     1b
2:  mov     eax, [ebx]
    clc
    jmp     9f
8:  mov     eax, ERROR_NOT_FOUND
    stc
9:  pop     esi
    pop     ebx
    ret

# Finds the class of the file system that a volume holds. May sleep.
# In: EAX volume.
# Out: EAX class, EDX text about it; CF and EAX when none knows it: ERROR_BLANK, ERROR_CORRUPT, ERROR_AWAY, or the
# drive's.
.global fs_class_probe
fs_class_probe:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset fs_classes
.Lfs_class_probe_next:
    mov     ecx, [ebx]
    jecxz   .Lfs_class_probe_none
    mov     eax, esi
    call    [ecx + FS_PROBE]
    jnc     .Lfs_class_probe_found
    cmp     eax, ERROR_CORRUPT          # any other one is the drive's, or says why
    stc
    jne     .Lfs_class_probe_done
    add     ebx, 4
    jmp     .Lfs_class_probe_next
.Lfs_class_probe_found:
    mov     edx, eax
    mov     eax, [ebx]
    clc
    jmp     .Lfs_class_probe_done
.Lfs_class_probe_none:
    mov     eax, esi
    call    volume_begins
    mov     eax, ERROR_CORRUPT
    jnz     1f
    mov     eax, ERROR_BLANK            # nobody has lost anything
1:  stc
.Lfs_class_probe_done:
    pop     esi
    pop     ebx
    ret

# Looks whether a volume begins with anything but zeros.
# In: EAX volume.
# Out: ZF when its first 4 KiB are zero, or cannot be read.
.global volume_begins
volume_begins:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, 1
    call    page_alloc
    mov     edi, eax
    jc      .Lvolume_begins_empty
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, edi
    mov     esi, FS_BLOCK_BYTES / 512
    cmp     esi, [ebx + VOLUME_SECTORS]
    jbe     .Lvolume_begins_read
    mov     esi, [ebx + VOLUME_SECTORS]
.Lvolume_begins_read:
    call    volume_read
    mov     ebx, edi
    mov     eax, 0
    jc      .Lvolume_begins_free
    mov     ecx, FS_BLOCK_BYTES / 4     # the page was zero
    repe scasd
    setne   al
.Lvolume_begins_free:
    push    eax
    mov     eax, ebx
    mov     edx, 1
    call    page_free
    pop     eax
    test    eax, eax
    jmp     .Lvolume_begins_done
.Lvolume_begins_empty:
    xor     eax, eax
.Lvolume_begins_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Keep others from mounting and unmounting, for those who change a partition table or make a file system: they check
# that the volume is not mounted, and write, under this lock. May sleep.
.global mounts_lock
mounts_lock:
    mov     eax, offset mount_mutex
    jmp     mutex_lock

# Gives the mutex of all mounts back.
.global mounts_unlock
mounts_unlock:
    mov     eax, offset mount_mutex
    jmp     mutex_unlock

# Checks the form of a path to mount at: begins with /, is not / alone, has no empty part and no / at the end, and is
# printable.
# In: EAX path.
# Out: CF and EAX when it cannot be a mount point.
mount_path_check:
    push    esi
    mov     esi, eax
    call    string_length
    cmp     eax, MOUNT_PATH_BYTES - 1
    mov     eax, ERROR_TOO_LONG
    ja      8f
    mov     eax, ERROR_INVALID
    cmp     byte ptr [esi], '/'
    jne     8f
1:  mov     dl, [esi + 1]
    cmp     dl, '/'
    je      8f
    cmp     dl, ' '
    jbe     8f
    cmp     dl, 0x7F
    je      8f
2:  inc     esi
    mov     dl, [esi]
    cmp     dl, '/'
    je      1b
    test    dl, dl
    jz      9f
    cmp     dl, ' '
    jbe     8f
    cmp     dl, 0x7F
    jne     2b
8:  stc
9:  pop     esi
    ret

# Mounts a volume. May sleep.
# In: EAX device name (hda0), EDX path.
# Out: EAX handle of the mount; CF and EAX on failure.
.global mount_volume
mount_volume:
    xor     ecx, ecx

# Mounts a volume in some way. May sleep.
# In: EAX device name (hda0), EDX path, ECX MOUNT_* flags.
# Out: EAX handle of the mount; CF and EAX on failure.
.global mount_volume_as
mount_volume_as:
    push    ebp
    mov     ebp, ecx
    call    mount_volume_flags
    pop     ebp
    ret

# Mounts a volume in some way. May sleep.
# In: EAX device name, EDX path, EBP MOUNT_* flags.
# Out: EAX handle of the mount; CF and EAX on failure.
mount_volume_flags:
    push    ebx
    push    esi
    push    edi
    mov     esi, edx                    # ESI: path
    push    eax
    call    mounts_lock
    mov     eax, esi
    call    mount_path_check
    pop     edx
    jc      .Lmount_volume_flags_failed
    mov     eax, edx
    call    volume_find
    jc      .Lmount_volume_flags_failed
    mov     edi, eax                    # EDI: volume
    cmp     dword ptr [edi + VOLUME_MOUNT], 0
    mov     eax, ERROR_BUSY
    jne     .Lmount_volume_flags_failed
    mov     eax, esi
    call    mount_at
    mov     eax, ERROR_MOUNTED
    jnc     .Lmount_volume_flags_failed
    mov     ebx, offset mount_table     # EBX: free slot
.Lmount_volume_flags_slot:
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      .Lmount_volume_flags_found
    add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lmount_volume_flags_slot
    mov     eax, ERROR_TABLE_FULL
    jmp     .Lmount_volume_flags_failed
.Lmount_volume_flags_found:
    CHECK_ENTRY ebx, mount_table, MOUNT_SIZE_OF, MOUNT_MAX, "mount_volume: no entry of the table"
    mov     eax, edi
    call    fs_class_probe
    jnc     .Lmount_volume_flags_class
    test    ebp, MOUNT_OLDER
    jz      .Lmount_volume_flags_failed
    mov     eax, offset class_fs_oofs   # its commit records say whether it is one
.Lmount_volume_flags_class:
    push    eax
    mov     [ebx + MOUNT_VOLUME], edi
    mov     [ebx + MOUNT_FLAGS], ebp
    mov     eax, [edi + VOLUME_DISK]
    test    dword ptr [eax + DISK_FLAGS], DISK_READ_ONLY
    jz      .Lmount_volume_flags_path
    or      dword ptr [ebx + MOUNT_FLAGS], MOUNT_READ_ONLY
.Lmount_volume_flags_path:
    lea     eax, [ebx + MOUNT_PATH]
    mov     edx, esi
    mov     ecx, MOUNT_PATH_BYTES
    call    string_copy
    pop     esi                         # ESI: class
    mov     eax, ebx
    mov     edx, offset mount_type
    mov     ecx, offset owner_system    # whoever mounts it, it stays until it is unmounted
    call    handle_open
    jc      .Lmount_volume_flags_failed
    mov     [ebx + MOUNT_HANDLE], eax
    mov     eax, ebx
    call    [esi + FS_MOUNT]
    jc      .Lmount_volume_flags_unmounted
    mov     [edi + VOLUME_MOUNT], ebx
    mov     [ebx + MOUNT_CLASS], esi    # from here on others find it
    mov     esi, [ebx + MOUNT_HANDLE]
    mov     eax, offset mount_made
    call    event_broadcast
    xor     edi, edi
    jmp     .Lmount_volume_flags_done
.Lmount_volume_flags_unmounted:
    push    eax
    mov     eax, [ebx + MOUNT_HANDLE]
    xor     edx, edx
    call    handle_close                # the class is not set, so the destructor has nothing to do
    pop     eax
.Lmount_volume_flags_failed:
    mov     esi, eax
    mov     edi, 1
.Lmount_volume_flags_done:
    call    mounts_unlock
    mov     eax, esi
    neg     edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends a mount. May sleep.
# In: EAX path, or the name of the volume (hda0), EDX 1 to take it away from those who use it: their handles are closed.
# Out: CF and EAX on failure: ERROR_NOT_MOUNTED; ERROR_BUSY when somebody uses it, and EDX is the user's name, or when
# something is mounted below it, and EDX is 0.
.global umount_path
umount_path:
    push    ebx
    push    esi
    push    edi
    push    edx
    mov     esi, eax
    call    mounts_lock
    mov     eax, esi
    call    volume_find
    jc      .Lumount_path_path
    mov     ebx, [eax + VOLUME_MOUNT]
    test    ebx, ebx
    jnz     .Lumount_path_below
.Lumount_path_path:
    mov     eax, esi
    call    mount_at
    jc      .Lumount_path_failed
    mov     ebx, eax
.Lumount_path_below:
    mov     edi, offset mount_table
.Lumount_path_mount:
    cmp     dword ptr [edi + MOUNT_CLASS], 0
    je      .Lumount_path_next
    lea     eax, [edi + MOUNT_PATH]
    lea     edx, [ebx + MOUNT_PATH]
    call    string_prefix
    jne     .Lumount_path_next
    cmp     byte ptr [eax], '/'         # it is itself, or another begins like it, when no slash follows
    mov     eax, ERROR_BUSY
    je      .Lumount_path_failed
.Lumount_path_next:
    add     edi, MOUNT_SIZE_OF
    cmp     edi, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lumount_path_mount
.Lumount_path_user:
    mov     eax, ebx
    call    mount_user_find
    jc      .Lumount_path_unused
    cmp     dword ptr [esp], 0
    je      .Lumount_path_busy
    xor     edx, edx
    call    handle_close
    jmp     .Lumount_path_user
.Lumount_path_busy:
    mov     edi, edx
    call    mounts_unlock
    mov     eax, ERROR_BUSY
    mov     edx, edi
    stc
    jmp     .Lumount_path_return
.Lumount_path_unused:
    mov     eax, [ebx + MOUNT_HANDLE]
    xor     edx, edx
    call    handle_close
    xor     esi, esi
    jmp     .Lumount_path_done
.Lumount_path_failed:
    mov     esi, eax
.Lumount_path_done:
    call    mounts_unlock
    mov     eax, esi
    xor     edx, edx
    neg     esi
.Lumount_path_return:
    pop     ecx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Names one who uses a mount.
# In: EAX handle of the mount.
# Out: EDX name; CF when nobody does.
.global mount_first_user
mount_first_user:
    call    mount_record
    jc      1f                          # it is unmounted

# The same for its record.
# In: EAX mount.
# Out: EAX handle of mount_open, EDX the user's name; CF when there is none.
mount_user_find:
    push    ebx
    mov     edx, eax
    mov     eax, offset mount_use_type
    call    handle_search
    jc      2f
    mov     ebx, eax
    cmp     edx, offset owner_system
    mov     edx, [edx + OWNER_NAME]
    jne     3f
    call    [mount_user]
    mov     edx, eax
3:  mov     eax, ebx
    clc
2:  pop     ebx
1:  ret

# Destructor of mounts: unmounts, when whoever is at work in it has finished. The mutex of all mounts is held.
# In: EAX mount.
mount_destroy:
    CHECK_HELD mount_mutex, "mount_destroy: mount_mutex is not held"
    push    ebx
    push    esi
    mov     ebx, eax
    add     eax, MOUNT_MUTEX
    call    mutex_lock
    xor     esi, esi
    xchg    esi, [ebx + MOUNT_CLASS]
    test    esi, esi
    jz      1f                          # it was never mounted
    mov     eax, ebx
    call    [esi + FS_UMOUNT]
    mov     edx, [ebx + MOUNT_VOLUME]
    mov     dword ptr [edx + VOLUME_MOUNT], 0
1:  mov     dword ptr [ebx + MOUNT_HANDLE], 0
    lea     eax, [ebx + MOUNT_MUTEX]
    call    mutex_unlock
    pop     esi
    pop     ebx
    ret

# Opens a mount for longer use: until the handle is closed, or its owner ends, it is unmounted by force only. May sleep.
# In: EAX mount, EDX owner (0: whoever the running task works for).
# Out: EAX handle, which all that takes a mount takes too; CF and EAX error.
.global mount_open
mount_open:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    mounts_lock                 # it is not unmounted meanwhile
    mov     eax, ebx
    call    mount_record
    jc      1f
    mov     ebx, eax
    mov     edx, offset mount_use_type
    mov     ecx, esi
    call    handle_open
1:  mov     ebx, eax
    sbb     esi, esi
    call    mounts_unlock
    mov     eax, ebx
    add     esi, esi
    pop     esi
    pop     ebx
    ret

# Ends mount_open.
# In: EAX handle.
# Out: CF and ERROR_STALE.
.global mount_close
mount_close:
    mov     edx, offset mount_use_type
    jmp     handle_close

# Destructor of what mount_open opened: the mount is busy as long as there is a handle.
# In: EAX mount.
mount_unused:
    ret

# The record that a handle of either kind names.
# In: EAX handle of a mount, or of mount_open.
# Out: EAX mount; CF and ERROR_STALE.
# Clobbers: EAX, EDX only.
.global mount_record
mount_record:
    push    eax
    mov     edx, offset mount_type
    call    handle_find
    pop     edx
    jnc     1f
    mov     eax, edx
    mov     edx, offset mount_use_type
    call    handle_find
1:  ret

# Finds the mount that stands at exactly this path.
# In: EAX path.
# Out: EAX mount; CF and ERROR_NOT_MOUNTED.
mount_at:
    CHECK_HELD mount_mutex, "mount_at: mount_mutex is not held"
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset mount_table
1:  cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      2f
    lea     eax, [ebx + MOUNT_PATH]
    mov     edx, esi
    call    string_compare
    je      3f
2:  add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      1b
    mov     eax, ERROR_NOT_MOUNTED
    stc
    jmp     9f
3:  mov     eax, ebx
    clc
9:  pop     esi
    pop     ebx
    ret

# Finds the mount that holds a path: the longest mount point that is the path or a beginning of it that ends before a /.
# In: EAX path.
# Out: EAX handle of the mount, EDX rest of the path without a leading /; CF and EAX = ERROR_NOT_MOUNTED.
.global mount_find
mount_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    path_complete
    mov     esi, eax
    xor     edi, edi                    # EDI: best mount, EBP: rest after it
    xor     ebp, ebp
    mov     ebx, offset mount_table
.Lmount_find_mount:
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      .Lmount_find_next
    mov     eax, esi
    lea     edx, [ebx + MOUNT_PATH]
    call    string_prefix
    jne     .Lmount_find_next
    cmp     byte ptr [eax], 0
    je      .Lmount_find_match
    cmp     byte ptr [eax], '/'
    jne     .Lmount_find_next
.Lmount_find_match:
    cmp     eax, ebp                    # what matches further is longer
    jbe     .Lmount_find_next
    mov     ebp, eax
    mov     edi, ebx
.Lmount_find_next:
    add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lmount_find_mount
    test    edi, edi
    jz      .Lmount_find_none
.Lmount_find_rest:
    cmp     byte ptr [ebp], '/'
    jne     .Lmount_find_found
    inc     ebp
    jmp     .Lmount_find_rest
.Lmount_find_found:
    mov     eax, [edi + MOUNT_HANDLE]
    mov     edx, ebp
    clc
    jmp     .Lmount_find_done
.Lmount_find_none:
    mov     eax, ERROR_NOT_MOUNTED
    stc
.Lmount_find_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
