# Files: handles with a position, on whatever is mounted. See file.inc for the whole interface; directory.s has names
# and directories. While a file is open its file system keeps the content, even when the name goes.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "fs.inc"
.include "file.inc"

HANDLE_TYPE file_type, "file", file_destroy

# An open file.
OPEN_NEXT       = 0                     # in the list of all
OPEN_MOUNT      = 4                     # handle of mount_open
OPEN_RECORD     = 8                     # the mount record
OPEN_ID         = 12                    # of the object
OPEN_FLAGS      = 16                    # FILE_*
OPEN_MUTEX      = 20                    # held while the position is used
OPEN_POSITION   = OPEN_MUTEX + MUTEX_SIZE   # u64
OPEN_SIZE       = OPEN_POSITION + 8

FILE_SLASH      = 1 << 31               # of the path can only be a directory's

.bss
.balign 4
file_first:     .skip 4                 # all open files

ON_HOOK on_farewell, file_sync

.text

# Opens a file. May sleep.
# In: ESI path, ECX FILE_* flags.
# Out: EAX handle; CF and EAX error: ERROR_NOT_FOUND, ERROR_EXISTS, ERROR_IS_DIRECTORY, ERROR_READ_ONLY ...
.global file_open
file_open:
    FRAME   NODE_SIZE_OF + 8
    push    ebx
    push    esi
    push    edi
    # Locals: the NODE record; below it -4 flags, -8 rest of the path
    call    path_wants_directory
    jnc     .Lfile_open_flags
    or      ecx, FILE_SLASH
.Lfile_open_flags:
    mov     [ebp - NODE_SIZE_OF - 4], ecx
    mov     eax, OPEN_SIZE
    call    malloc
    jc      .Lfile_open_done
    mov     edi, eax                    # EDI: open file
    mov     eax, esi
    call    mount_find
    jc      .Lfile_open_bundled
    mov     [ebp - NODE_SIZE_OF - 8], edx
    xor     edx, edx
    call    mount_open
    jc      .Lfile_open_free
    mov     [edi + OPEN_MOUNT], eax
    mov     ecx, [ebp - NODE_SIZE_OF - 4]
    mov     [edi + OPEN_FLAGS], ecx
    push    ebp
    lea     ecx, [ebp - NODE_SIZE_OF]
    mov     esi, [ebp - NODE_SIZE_OF - 8]
    call    mount_enter
    jc      .Lfile_open_left
    call    file_lookup                 # opened under the mount's lock: nobody unlinks it meanwhile
    jc      .Lfile_open_leave
    mov     [edi + OPEN_ID], eax
    mov     [edi + OPEN_RECORD], ebp
    mov     eax, [file_first]
    mov     [edi + OPEN_NEXT], eax
    mov     [file_first], edi
.Lfile_open_leave:
    call    mount_leave
.Lfile_open_left:
    pop     ebp
    jc      .Lfile_open_close
    mov     eax, edi
    mov     edx, offset file_type
    xor     ecx, ecx
    call    handle_open
    jnc     .Lfile_open_done
    push    eax
    mov     eax, edi
    call    file_destroy
    pop     eax
    jmp     .Lfile_open_failed
.Lfile_open_bundled:
    mov     ecx, [ebp - NODE_SIZE_OF - 4]
    call    bundled_refuse
    jmp     .Lfile_open_free
.Lfile_open_close:
    push    eax
    mov     eax, [edi + OPEN_MOUNT]
    call    mount_close
    pop     eax
.Lfile_open_free:
    push    eax
    mov     eax, edi
    call    mfree
    pop     eax
.Lfile_open_failed:
    stc
.Lfile_open_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Finds what a path names, or makes it, as the flags say.
# In: EBP mount record, locked; ESI path in it, ECX NODE record, EDI open file with its flags.
# Out: EAX id; CF and EAX error.
file_lookup:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [edi + OPEN_FLAGS]
    mov     edi, ecx
    test    bl, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE | FILE_APPEND
    jz      .Lfile_lookup_find
    call    mount_writable
    jc      .Lfile_lookup_done
.Lfile_lookup_find:
    push    ebx
    mov     edx, esi
    mov     ebx, FS_FIND
    call    mount_routine
    pop     ebx
    jnc     .Lfile_lookup_found
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lfile_lookup_failed
    test    bl, FILE_CREATE
    jz      .Lfile_lookup_failed
    test    ebx, FILE_SLASH
    mov     eax, ERROR_IS_DIRECTORY
    jnz     .Lfile_lookup_failed
    mov     edx, esi
    mov     ecx, edi
    mov     ebx, FS_CREATE
    call    mount_routine
    jc      .Lfile_lookup_done
    jmp     .Lfile_lookup_id
.Lfile_lookup_found:
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    mov     eax, ERROR_IS_DIRECTORY
    je      .Lfile_lookup_failed
    test    ebx, FILE_SLASH
    mov     eax, ERROR_NOT_DIRECTORY
    jnz     .Lfile_lookup_failed
    test    bl, FILE_EXCLUSIVE
    mov     eax, ERROR_EXISTS
    jnz     .Lfile_lookup_failed
    test    bl, FILE_WRITE | FILE_TRUNCATE | FILE_APPEND
    jz      .Lfile_lookup_id
    cmp     dword ptr [edi + NODE_KIND], NODE_OBJECT
    mov     eax, ERROR_WRONG_CLASS      # that is saved as a whole
    je      .Lfile_lookup_failed
    test    bl, FILE_TRUNCATE
    jz      .Lfile_lookup_id
    mov     edx, [edi + NODE_ID]
    xor     ecx, ecx
    xor     esi, esi
    mov     ebx, FS_TRUNCATE
    call    mount_routine
    jc      .Lfile_lookup_done
.Lfile_lookup_id:
    mov     eax, [edi + NODE_ID]
    clc
    jmp     .Lfile_lookup_done
.Lfile_lookup_failed:
    stc
.Lfile_lookup_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a mount may be changed.
# In: EBP mount record.
# Out: CF and EAX = ERROR_READ_ONLY when not.
# Clobbers: EAX only.
.global mount_writable
mount_writable:
    test    dword ptr [ebp + MOUNT_FLAGS], MOUNT_READ_ONLY
    jz      1f
    mov     eax, ERROR_READ_ONLY
    stc
1:  ret

# Destructor of files: gives up what file_open took. When this was the last that has the object open, the file system
# hears of it.
# In: EAX open file.
file_destroy:
    push    ebx
    push    esi
    push    ebp
    mov     esi, eax
    mov     eax, [esi + OPEN_MOUNT]
    call    mount_enter
    pushfd
    call    file_unlist
    popfd
    jc      2f                          # it was unmounted: nobody is left to hear
    mov     eax, ebp
    mov     edx, [esi + OPEN_ID]
    call    file_is_open
    jc      3f
    mov     ebx, FS_CLOSED
    call    mount_routine
3:  call    mount_leave
2:  mov     eax, [esi + OPEN_MOUNT]
    call    mount_close
    mov     eax, esi
    pop     ebp
    pop     esi
    pop     ebx
    jmp     mfree

# Takes an open file out of the list.
# In: ESI open file, which is in it.
# Clobbers: EAX, EDX only.
file_unlist:
    mov     edx, offset file_first
1:  mov     eax, [edx]
    cmp     eax, esi
    je      2f
    lea     edx, [eax + OPEN_NEXT]
    jmp     1b
2:  mov     eax, [esi + OPEN_NEXT]
    mov     [edx], eax
    ret

# Whether anybody has an object open. The mount is locked.
# In: EAX mount record, EDX id.
# Out: CF when so.
# Clobbers: ECX only.
.global file_is_open
file_is_open:
    mov     ecx, [file_first]
1:  jecxz   3f
    cmp     [ecx + OPEN_RECORD], eax
    jne     2f
    cmp     [ecx + OPEN_ID], edx
    je      4f
2:  mov     ecx, [ecx + OPEN_NEXT]
    jmp     1b
4:  stc
    ret
3:  clc
    ret

# Begins to use an open file: it stays, and nobody else moves its position.
# In: EAX handle, EDX FILE_READ or FILE_WRITE that it must be open for, or 0.
# Out: EBX open file; CF and EAX error.
# Clobbers: EAX, EBX, EDX only.
file_use:
    push    ecx
    push    edx
    push    eax
    mov     edx, offset file_type
    call    handle_hold
    jc      9f
    mov     ebx, eax
    mov     edx, [esp + 4]
    and     edx, [ebx + OPEN_FLAGS]
    cmp     edx, [esp + 4]
    jne     1f
    add     eax, OPEN_MUTEX
    call    mutex_lock
    clc
    jmp     9f
1:  mov     eax, [esp]
    call    handle_release
    mov     eax, ERROR_NOT_PERMITTED
    stc
9:  lea     esp, [esp + 4]
    pop     edx
    pop     ecx
    ret

# Ends file_use. Keeps all registers and the flags.
# In: EBX open file, EDX handle.
file_unuse:
    pushfd
    pushad
    lea     eax, [ebx + OPEN_MUTEX]
    call    mutex_unlock
    mov     eax, [esp + 20]             # EDX
    call    handle_release
    popad
    popfd
    ret

# Reads from the position on, and moves it. May sleep.
# In: EAX handle, EDI buffer, ECX bytes.
# Out: EAX bytes that were read, 0 at the end; CF and EAX error.
.global file_read
file_read:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     esi, ecx
    mov     edx, FILE_READ
    call    file_use
    jc      9f
    push    ebp
    mov     ecx, edi
    mov     edi, FS_READ_AT
    call    file_transfer
    pop     edx
    call    file_unuse
9:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes from the position on, and moves it. May sleep.
# In: EAX handle, ESI bytes, ECX how many.
# Out: EAX bytes that were written; fewer than asked for only when the volume became full on the way. CF and EAX error.
.global file_write
file_write:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    push    eax
    mov     edi, ecx
    mov     edx, FILE_WRITE
    call    file_use
    jc      .Lfile_write_done
    test    dword ptr [ebx + OPEN_FLAGS], FILE_APPEND
    jz      .Lfile_write_transfer
    lea     ecx, [ebp - NODE_SIZE_OF]
    mov     eax, FS_STAT
    call    open_call
    jc      .Lfile_write_end
    mov     eax, [ebp - NODE_SIZE_OF + NODE_BYTES]
    mov     [ebx + OPEN_POSITION], eax
    mov     eax, [ebp - NODE_SIZE_OF + NODE_BYTES + 4]
    mov     [ebx + OPEN_POSITION + 4], eax
.Lfile_write_transfer:
    mov     ecx, esi
    mov     esi, edi
    mov     edi, FS_WRITE_AT
    call    file_transfer
.Lfile_write_end:
    mov     edx, [esp]
    call    file_unuse
.Lfile_write_done:
    pop     edx
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Has the file system of an open file do something with it. May sleep.
# In: EBX open file, EAX = FS_*, other registers as the operation has them.
# Out: EAX what the operation gives; CF and EAX error.
open_call:
    push    ebx
    push    dword ptr [ebx + OPEN_MOUNT]
    mov     edx, [ebx + OPEN_ID]
    mov     ebx, eax
    pop     eax
    call    mount_call
    pop     ebx
    ret

# Reads or writes at the position, and moves it.
# In: EBX open file, EDI = FS_READ_AT or FS_WRITE_AT; ECX buffer, ESI bytes.
# Out: EAX bytes; CF and EAX error.
file_transfer:
    push    edi
    mov     eax, edi
    lea     edi, [ebx + OPEN_POSITION]
    call    open_call
    jc      1f
    add     [edi], eax
    adc     dword ptr [edi + 4], 0
1:  pop     edi
    ret

# Moves the position. May sleep.
# In: EAX handle, ECX:EDX offset, with a sign; EBX SEEK_*: what it counts from.
# Out: EDX:EAX position; CF and EAX error: ERROR_INVALID when it would be negative.
.global file_seek
file_seek:
    FRAME   NODE_SIZE_OF + 16
    push    ebx
    push    esi
    push    edi
    # Locals: the NODE record; below it -8 offset, -12 handle, -16 SEEK_*
    mov     [ebp - NODE_SIZE_OF - 8], edx
    mov     [ebp - NODE_SIZE_OF - 4], ecx
    mov     [ebp - NODE_SIZE_OF - 12], eax
    mov     [ebp - NODE_SIZE_OF - 16], ebx
    xor     edx, edx
    call    file_use
    jc      .Lfile_seek_done
    xor     esi, esi                    # EDI:ESI: what it counts from
    xor     edi, edi
    mov     eax, [ebp - NODE_SIZE_OF - 16]
    cmp     eax, SEEK_POSITION
    jb      .Lfile_seek_from
    ja      .Lfile_seek_end
    mov     esi, [ebx + OPEN_POSITION]
    mov     edi, [ebx + OPEN_POSITION + 4]
    jmp     .Lfile_seek_from
.Lfile_seek_end:
    lea     ecx, [ebp - NODE_SIZE_OF]
    mov     eax, FS_STAT
    call    open_call
    jc      .Lfile_seek_unuse
    mov     esi, [ebp - NODE_SIZE_OF + NODE_BYTES]
    mov     edi, [ebp - NODE_SIZE_OF + NODE_BYTES + 4]
.Lfile_seek_from:
    mov     eax, ERROR_INVALID
    add     esi, [ebp - NODE_SIZE_OF - 8]
    adc     edi, [ebp - NODE_SIZE_OF - 4]
    js      .Lfile_seek_invalid
    mov     [ebx + OPEN_POSITION], esi
    mov     [ebx + OPEN_POSITION + 4], edi
    mov     eax, esi
    clc
    jmp     .Lfile_seek_unuse
.Lfile_seek_invalid:
    stc
.Lfile_seek_unuse:
    mov     edx, [ebp - NODE_SIZE_OF - 12]
    call    file_unuse
    mov     edx, edi
.Lfile_seek_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Makes a file shorter or longer; what is added reads as zeros. May sleep.
# In: EAX handle, ECX:EDX size.
# Out: CF and EAX error.
.global file_truncate
file_truncate:
    push    ebx
    push    esi
    push    edi
    push    eax
    mov     esi, ecx
    mov     edi, edx
    mov     edx, FILE_WRITE
    call    file_use
    jc      9f
    mov     ecx, edi
    mov     eax, FS_TRUNCATE
    call    open_call
    mov     edx, [esp]
    call    file_unuse
9:  pop     edx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says what an open file is. Its name is empty. May sleep.
# In: EAX handle, EDI NODE record.
# Out: CF and EAX error.
.global file_stat_handle
file_stat_handle:
    push    ebx
    push    eax
    xor     edx, edx
    call    file_use
    jc      9f
    mov     ecx, edi
    mov     eax, FS_STAT
    call    open_call
    mov     edx, [esp]
    call    file_unuse
9:  pop     edx
    pop     ebx
    ret

# Puts what was done on stable storage: on the file's volume, or on all. May sleep.
# In: EAX handle, or 0.
# Out: CF and EAX error; of several volumes the first one's.
.global file_sync
file_sync:
    push    ebx
    push    esi
    push    edi
    test    eax, eax
    jz      .Lfile_sync_all
    push    eax
    xor     edx, edx
    call    file_use
    pop     edx
    jc      .Lfile_sync_done
    push    edx
    mov     eax, FS_SYNC
    call    open_call
    pop     edx
    call    file_unuse
    jmp     .Lfile_sync_done
.Lfile_sync_all:
    xor     edi, edi                    # EDI: the first error
    mov     esi, offset mount_table
.Lfile_sync_mount:
    cmp     dword ptr [esi + MOUNT_CLASS], 0
    je      .Lfile_sync_next
    mov     eax, [esi + MOUNT_HANDLE]
    mov     ebx, FS_SYNC
    call    mount_call
    jnc     .Lfile_sync_next
    cmp     eax, ERROR_NOT_SUPPORTED    # a file system that is only read
    je      .Lfile_sync_next
    test    edi, edi
    jnz     .Lfile_sync_next
    mov     edi, eax
.Lfile_sync_next:
    add     esi, MOUNT_SIZE_OF
    cmp     esi, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lfile_sync_mount
    mov     eax, edi
    neg     edi
.Lfile_sync_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# The mount of an open file.
# In: EAX handle.
# Out: EAX handle of mount_open, 0 when it is no file's.
# Clobbers: EAX, EDX only.
.global file_mount
file_mount:
    mov     edx, offset file_type
    call    handle_find
    jc      1f
    mov     eax, [eax + OPEN_MOUNT]
    ret
1:  xor     eax, eax
    ret

# Closes a file. May sleep.
# In: EAX handle.
# Out: CF and EAX = ERROR_STALE.
.global file_close
file_close:
    mov     edx, offset file_type
    jmp     handle_close
