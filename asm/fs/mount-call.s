# Mounts in use: the routines of a file system, called with the mount locked, and persistent objects.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "disk.inc"
.include "fs.inc"

# Out: EAX handle of mount_open of the volume that this node keeps what it has to know on, 0: there is none.
HOOK volume_of_node, volume_none

.text

# The volume on which this node keeps what it has to know: that of its cluster.
# Out: EAX handle of mount_open, for object_load and object_save; 0: there is none.
# Clobbers: EAX only.
.global volume_kept
volume_kept:
    jmp     [volume_of_node]

# A node without a cluster keeps nothing.
# Out: EAX 0.
# Clobbers: EAX only.
volume_none:
    xor     eax, eax
    ret

# Names the class of a mount's file system.
# In: EAX mount.
# Out: EAX text such as class_fs_oofs; CF and ERROR_STALE.
.global mount_class
mount_class:
    INTERRUPTS_OFF
    call    mount_record
    jc      1f
    mov     eax, [eax + MOUNT_CLASS]
    test    eax, eax
    jz      2f
    mov     eax, [eax + FS_NAME]
    INTERRUPTS_RESTORE
    clc
    ret
2:  mov     eax, ERROR_STALE
1:  INTERRUPTS_RESTORE
    stc
    ret

# Loads a persistent object whose class has version 0. May sleep.
# In: EAX mount, EDX class name, ECX buffer; ESI bytes of the buffer.
# Out: EAX bytes of the object on disk. If these are fewer than the buffer has, the rest is zero; if more, they are left
# out. CF and EAX: ERROR_NOT_FOUND when there is none, ERROR_NEWER, ERROR_STALE, ERROR_CORRUPT, ERROR_IO.
.global object_load
object_load:
    push    edi
    xor     edi, edi
    call    object_load_version
    pop     edi
    ret

# Loads a persistent object. The caller converts what an older version of its class has saved; one of a newer version is
# not given to him. May sleep.
# In: as object_load, and EDI version of the class that the caller knows.
# Out: as object_load, and EDX version with which the object was saved.
.global object_load_version
object_load_version:
    push    ebx
    mov     ebx, FS_LOAD
    call    mount_call
    pop     ebx
    ret

# Saves a persistent object whose class has version 0: replaces the one of this class as a whole, or creates it. When it
# returns without CF, the object is on stable storage; when power is cut before, the old one is still there. May sleep.
# In: as object_load; at least 1 byte.
# Out: CF and EAX on failure: ERROR_NO_SPACE, ERROR_IO, ERROR_READ_ONLY, ERROR_NEWER.
.global object_save
object_save:
    push    edi
    xor     edi, edi
    call    object_save_version
    pop     edi
    ret

# As object_save, with a version of the class. An object of a newer version is not overwritten.
# In: as object_save, and EDI version.
.global object_save_version
object_save_version:
    push    ebx
    mov     ebx, FS_SAVE
    call    mount_call
    pop     ebx
    ret

# Calls a routine of a mount's file system with the mount locked.
# In: EBX = FS_* routine; EAX mount, and EDX, ECX, ESI, EDI as that takes them.
# Out: as that; CF and ERROR_STALE when it is unmounted, ERROR_NOT_SUPPORTED when its class has no such routine.
.global mount_call
mount_call:
    push    ebp
    call    mount_enter
    jc      9f
    call    mount_routine
    call    mount_leave
9:  pop     ebp
    ret

# Calls a routine of the file system of a mount that is locked.
# In: EBX = FS_* routine; EBP mount record, and EDX, ECX, ESI, EDI as the routine takes them.
# Out: as that; CF and ERROR_NOT_SUPPORTED when its class has no such routine.
.global mount_routine
mount_routine:
    mov     eax, [ebp + MOUNT_CLASS]
    cmp     dword ptr [eax + ebx], 0
    je      1f
    push    [eax + ebx]
    mov     eax, ebp
    ret                                 # to the routine
1:  mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# Locks a mount. Others who use it wait until mount_leave. May sleep.
# In: EAX handle of the mount.
# Out: EBP mount record; CF and EAX = ERROR_STALE when it is unmounted.
# Clobbers: EAX and EBP only.
.global mount_enter
mount_enter:
    push    ecx
    push    edx
    push    eax
    call    mount_record
    jc      8f
    mov     ebp, eax                    # the table stays, so its mutex may be waited for
    add     eax, MOUNT_MUTEX
    call    mutex_lock
    mov     eax, [esp]
    call    mount_record                # unmounted while we waited
    jnc     9f
    call    mount_leave
8:  mov     eax, ERROR_STALE
    stc
9:  lea     esp, [esp + 4]
    pop     edx
    pop     ecx
    ret

# Ends mount_enter. Keeps all registers and the flags.
# In: EBP mount record.
.global mount_leave
mount_leave:
    pushfd
    pushad
    lea     eax, [ebp + MOUNT_MUTEX]
    call    mutex_unlock
    popad
    popfd
    ret

# Describes a mount. May sleep.
# In: EAX handle of the mount, EDI ABOUT_* record.
# Out: CF and EAX error: ERROR_NOT_SUPPORTED where nobody counts what is free.
.global mount_about
mount_about:
    push    ebx
    push    ebp
    call    mount_enter
    jc      2f
    mov     ebx, FS_SPACE
    call    mount_routine
    jc      1f
    mov     [edi + ABOUT_BLOCKS], eax
    mov     [edi + ABOUT_FREE], edx
    lea     eax, [edi + ABOUT_NAME]
    mov     edx, [ebp + MOUNT_VOLUME]
    add     edx, VOLUME_NAME
    mov     ecx, ABOUT_NAME_BYTES
    call    string_copy
    lea     eax, [edi + ABOUT_PATH]
    lea     edx, [ebp + MOUNT_PATH]
    mov     ecx, MOUNT_PATH_BYTES
    call    string_copy
    clc
1:  call    mount_leave
2:  pop     ebp
    pop     ebx
    ret

