# Commands that change files and directories: touch, mkdir, rmdir, rm, mv, cp, sync.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"

PATH_BYTES      = 1024
COPY_BYTES      = 16384
RM_DEPTH        = 24                    # the stack has room for so many directories below each other

.section .rodata
rm_help:
    .asciz  "rm -r takes directories too, with all that is in them.\n"
mv_help:
    .ascii  "mv A B gives A the name B; what had that name is replaced. When B is a directory,\n"
    .asciz  "A goes into it. Both are on one mount.\n"

SHELL_COMMAND "touch", touch_command, "PATH...", "make empty files", GROUP_FILES
SHELL_COMMAND "mkdir", mkdir_command, "PATH...", "make directories", GROUP_FILES
SHELL_COMMAND "rmdir", rmdir_command, "PATH...", "remove empty directories", GROUP_FILES
SHELL_COMMAND "rm", rm_command, "[-r] PATH...", "remove files", GROUP_FILES, rm_help
SHELL_COMMAND "mv", mv_command, "PATH NEW", "rename a file or directory", GROUP_FILES, mv_help
SHELL_COMMAND "cp", cp_command, "PATH NEW", "copy a file", GROUP_FILES
SHELL_COMMAND "truncate", truncate_command, "PATH BYTES", "make a file shorter or longer", GROUP_FILES
SHELL_COMMAND "sync", sync_command, "", "put all changes on stable storage", GROUP_FILES

.text

# Says how a command is called.
# In: EDX argv.
# Out: EAX = 1, the status.
.global command_misused
command_misused:
    call    redirect_suspend
    push    eax
    mov     eax, [edx]
    call    shell_find
    call    shell_usage
    pop     eax
    call    redirect_resume
    mov     eax, 1
    ret

# Says what is wrong with a path; nothing when the command stopped because nobody reads its output any more.
# In: ESI path, EAX error.
# Out: EAX = 1, the status.
.global path_complain
path_complain:
    cmp     eax, ERROR_ABORTED
    jne     1f
    call    redirect_broken
    jc      2f
1:  mov     edx, eax
    call    redirect_suspend
    push    eax
    mov     eax, edx
    call    error_text
    PRINTF  "%s: %s\n", esi, eax
    pop     eax
    call    redirect_resume
2:  mov     eax, 1
    ret

# Calls a routine for each argument, and says what went wrong.
# In: EAX argc, EDX argv, ECX routine: ESI path, CF and EAX error.
# Out: EAX status.
each_path:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi
    cmp     eax, 2
    jb      3f
    lea     ebx, [edx + 4]
1:  mov     esi, [ebx]
    test    esi, esi
    jz      4f
    push    ecx
    call    ecx
    jnc     2f
    mov     edi, 1
    call    path_complain
2:  pop     ecx
    add     ebx, 4
    jmp     1b
3:  call    command_misused
    mov     edi, eax
4:  mov     eax, edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
mkdir_command:
    mov     ecx, offset directory_make
    jmp     each_path

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
rmdir_command:
    mov     ecx, offset directory_remove
    jmp     each_path

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
touch_command:
    mov     ecx, offset touch_path
    jmp     each_path

# Makes an empty file, or sets the time of one that is there by writing nothing to it.
# In: ESI path.
# Out: CF and EAX error.
touch_path:
    push    ebx
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_APPEND
    call    file_open
    jc      9f
    mov     ebx, eax
    xor     ecx, ecx
    call    file_write
    push    eax
    pushfd
    mov     eax, ebx
    call    file_close
    popfd
    pop     eax
9:  pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
rm_command:
    mov     ecx, offset file_unlink
    cmp     eax, 2
    jb      each_path
    push    eax
    push    edx
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-r"
    call    string_compare
    pop     edx
    pop     eax
    mov     ecx, offset file_unlink
    jne     each_path
    mov     ecx, [edx]                  # the name goes to where -r stood
    mov     [edx + 4], ecx
    add     edx, 4
    dec     eax
    mov     ecx, offset rm_tree
    jmp     each_path

# Removes a file, or a directory with all that is in it.
# In: ESI path.
# Out: CF and EAX error.
rm_tree:
    push    esi
    push    edi
    call    file_unlink
    jnc     9f
    cmp     eax, ERROR_IS_DIRECTORY
    stc
    jne     9f
    mov     eax, PATH_BYTES
    call    malloc
    jc      9f
    mov     edi, eax
    mov     edx, esi
    mov     ecx, PATH_BYTES
    call    string_copy
    mov     esi, edi
    mov     ecx, RM_DEPTH
    call    rm_directory
    push    eax
    pushfd
    mov     eax, edi
    call    mfree
    popfd
    pop     eax
9:  pop     edi
    pop     esi
    ret

# Removes a directory with all that is in it.
# In: ESI path, in PATH_BYTES of memory that serve for the paths below it; ECX directories that may be below it.
# Out: CF and EAX error.
rm_directory:
    FRAME   NODE_SIZE_OF + 4
    push    ebx
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    mov     [edi - 4], ecx
    cmp     ecx, 1
    mov     eax, ERROR_TOO_LONG
    jb      .Lrm_directory_done         # CF is set
.Lrm_directory_next:
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Lrm_directory_done
    call    directory_open              # anew for each, since the first entry is always another one
    jc      .Lrm_directory_done
    mov     ebx, eax
    call    directory_read
    push    eax
    pushfd
    mov     eax, ebx
    call    directory_close
    popfd
    pop     eax
    jc      .Lrm_directory_empty
    mov     eax, esi
    call    string_length
    mov     ebx, eax                    # EBX: length of this directory's path
    lea     edx, [edi + NODE_NAME]
    call    path_append
    jc      .Lrm_directory_done
    call    file_unlink
    jnc     .Lrm_directory_removed
    cmp     eax, ERROR_IS_DIRECTORY
    stc
    jne     .Lrm_directory_done
    mov     ecx, [edi - 4]
    dec     ecx
    call    rm_directory
    jc      .Lrm_directory_done
.Lrm_directory_removed:
    mov     byte ptr [esi + ebx], 0
    jmp     .Lrm_directory_next
.Lrm_directory_empty:
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     .Lrm_directory_done
    call    directory_remove
.Lrm_directory_done:
    pop     edi
    pop     ebx
    ENDFRAME
    ret

# Appends a name to a path.
# In: ESI path in PATH_BYTES of memory, EDX name.
# Out: CF and EAX = ERROR_TOO_LONG.
.global path_append
path_append:
    push    ebx
    push    edi
    mov     edi, edx
    mov     eax, esi
    call    string_length
    mov     ebx, eax
    mov     eax, edi
    call    string_length
    add     eax, ebx
    cmp     eax, PATH_BYTES - 2
    mov     eax, ERROR_TOO_LONG
    cmc
    jc      1f
    test    ebx, ebx
    jz      2f
    cmp     byte ptr [esi + ebx - 1], '/'
    je      3f
2:  mov     byte ptr [esi + ebx], '/'
    inc     ebx
3:  lea     eax, [esi + ebx]
    mov     edx, edi
    mov     ecx, PATH_BYTES
    sub     ecx, ebx
    call    string_copy
    clc
1:  pop     edi
    pop     ebx
    ret

# Makes the path to which something is moved or copied: when the new path is a directory, a name in it.
# In: ESI path, EDI new path.
# Out: EAX path in memory from malloc; CF and EAX error.
path_target:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    mov     eax, PATH_BYTES
    call    malloc
    jc      .Lpath_target_done
    mov     ebx, eax
    mov     edx, edi
    mov     ecx, PATH_BYTES
    call    string_copy
    push    esi
    mov     esi, ebx
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    pop     edx
    jc      .Lpath_target_good          # there is nothing yet
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    jne     .Lpath_target_good
    mov     ecx, edx                    # the last part of the path
.Lpath_target_name:
    mov     al, [ecx]
    inc     ecx
    test    al, al
    jz      .Lpath_target_append
    cmp     al, '/'
    jne     .Lpath_target_name
    mov     edx, ecx
    jmp     .Lpath_target_name
.Lpath_target_append:
    mov     esi, ebx
    call    path_append
    jnc     .Lpath_target_good
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    stc
    jmp     .Lpath_target_done
.Lpath_target_good:
    mov     eax, ebx
    clc
.Lpath_target_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
mv_command:
    mov     ecx, offset file_rename
    jmp     two_paths

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
cp_command:
    mov     ecx, offset copy_file
    jmp     two_paths

# Calls a routine with a path and where it is to go, and says what went wrong.
# In: EAX argc, EDX argv, ECX routine: ESI path, EDI new path, CF and EAX error.
# Out: EAX status.
two_paths:
    cmp     eax, 3
    jne     command_misused
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, ecx
    mov     esi, [edx + 4]
    mov     edi, [edx + 8]
    call    path_target
    jc      1f
    mov     edi, eax
    call    ebp
    sbb     ebx, ebx
    push    eax
    mov     eax, edi
    call    mfree
    pop     eax
    add     ebx, ebx
    jc      1f
    xor     eax, eax
    jmp     2f
1:  call    path_complain
2:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Copies a file. A copy that fails is removed.
# In: ESI path, EDI new path.
# Out: CF and EAX error.
copy_file:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 source, -8 copy, -12 buffer
    mov     eax, COPY_BYTES
    call    malloc
    jc      .Lcopy_file_done
    mov     [ebp - 12], eax
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lcopy_file_free
    mov     [ebp - 4], eax
    xchg    esi, edi                    # ESI: new path
    mov     eax, edi
    mov     edx, esi
    call    string_compare
    mov     eax, ERROR_EXISTS
    je      .Lcopy_file_same
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE
    call    file_open
    jc      .Lcopy_file_close
    mov     [ebp - 8], eax
.Lcopy_file_next:
    mov     eax, [ebp - 4]
    mov     edi, [ebp - 12]
    mov     ecx, COPY_BYTES
    call    file_read
    jc      .Lcopy_file_failed
    test    eax, eax
    jz      .Lcopy_file_end
    push    esi
    mov     ecx, eax
    mov     ebx, eax
    mov     esi, edi
    mov     eax, [ebp - 8]
    call    file_write
    pop     esi
    jc      .Lcopy_file_failed
    cmp     eax, ebx
    mov     eax, ERROR_NO_SPACE
    jne     .Lcopy_file_failed
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Lcopy_file_failed
    jmp     .Lcopy_file_next
.Lcopy_file_end:
    mov     eax, [ebp - 8]
    call    file_close
    xor     eax, eax
    jmp     .Lcopy_file_close
.Lcopy_file_failed:
    push    eax
    mov     eax, [ebp - 8]
    call    file_close
    call    file_unlink
    pop     eax
.Lcopy_file_same:
    stc
.Lcopy_file_close:
    push    eax
    pushfd
    mov     eax, [ebp - 4]
    call    file_close
    popfd
    pop     eax
.Lcopy_file_free:
    push    eax
    pushfd
    mov     eax, [ebp - 12]
    call    mfree
    popfd
    pop     eax
.Lcopy_file_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
sync_command:
    xor     eax, eax
    call    file_sync
    jc      1f
    xor     eax, eax
    ret
1:  push    esi
    LOAD_STRING esi, "sync"
    call    path_complain
    pop     esi
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
truncate_command:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    cmp     eax, 3
    jne     .Ltruncate_command_misused
    mov     esi, [edx + 4]
    push    edx
    mov     eax, [edx + 8]
    call    parse_number
    mov     ecx, edx
    pop     edx
    jc      .Ltruncate_command_misused
    cmp     byte ptr [ecx], 0
    jne     .Ltruncate_command_misused
    mov     edi, eax
    mov     ecx, FILE_WRITE
    call    file_open
    jc      .Ltruncate_command_failed
    mov     ebx, eax
    mov     edx, edi
    xor     ecx, ecx
    call    file_truncate
    jc      .Ltruncate_command_close
    mov     eax, ebx
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat_handle
    jc      .Ltruncate_command_close
    PRINTF  "%s has %u bytes now.\n", esi, [edi+NODE_BYTES]
.Ltruncate_command_close:
    push    eax
    pushfd
    mov     eax, ebx
    call    file_close
    popfd
    pop     eax
    mov     ecx, 0
    jc      .Ltruncate_command_failed
    mov     eax, ecx
    jmp     .Ltruncate_command_done
.Ltruncate_command_misused:
    call    command_misused
    jmp     .Ltruncate_command_done
.Ltruncate_command_failed:
    call    path_complain
.Ltruncate_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
