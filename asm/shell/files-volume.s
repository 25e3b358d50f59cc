# Commands for whole volumes: snapshot, fsck, scrub.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "file.inc"

.section .rodata
snapshot_help:
    .ascii  "snapshot create /net NAME    keeps the volume as it is now; it takes no room at first\n"
    .ascii  "snapshot list /net           lists what is kept\n"
    .ascii  "snapshot restore /net NAME   makes the volume what it was; what it is now is lost\n"
    .ascii  "snapshot remove /net NAME    gives back what only it had\n"
    .asciz  "hda0 in place of /net names what is mounted from it.\n"
fsck_help:
    .ascii  "fsck /net reads all that a mounted volume and its snapshots have, and compares\n"
    .ascii  "what must agree. Each problem is a line with object, path and offset.\n"
    .asciz  "fsck hda0 does so with what is mounted from hda0.\n"
scrub_help:
    .ascii  "scrub /net reads all that a mounted volume and its snapshots have; scrub hda0\n"
    .asciz  "what is mounted from hda0.\n"

.balign 4
snapshot_verbs:
    .long   verb_create, SNAPSHOT_CREATE, verb_restore, SNAPSHOT_RESTORE
    .long   verb_remove, SNAPSHOT_REMOVE, verb_list, SNAPSHOT_LIST, 0

STRING verb_create, "create"
STRING verb_restore, "restore"
STRING verb_remove, "remove"
STRING verb_list, "list"

SHELL_COMMAND "snapshot", snapshot_command, "create|list|restore|remove PATH|PARTITION [NAME]", "keep states of a volume", GROUP_FILES, snapshot_help
SHELL_COMMAND "fsck", fsck_command, "PATH|PARTITION", "check a mounted volume", GROUP_FILES, fsck_help
SHELL_COMMAND "scrub", scrub_command, "PATH|PARTITION", "read all of a mounted volume", GROUP_FILES, scrub_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
snapshot_command:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, edx
    lea     ecx, [eax - 3]              # 3 or 4 words
    cmp     ecx, 1
    ja      .Lsnapshot_command_misused
    mov     edi, offset snapshot_verbs
.Lsnapshot_command_verb:
    mov     edx, [edi]
    test    edx, edx
    jz      .Lsnapshot_command_misused
    mov     eax, [ebp + 4]
    call    string_compare
    je      .Lsnapshot_command_known
    add     edi, 8
    jmp     .Lsnapshot_command_verb
.Lsnapshot_command_known:
    mov     edi, [edi + 4]              # EDI: SNAPSHOT_*
    cmp     dword ptr [ebp + 12], 0     # all but list take a name
    sete    al
    cmp     edi, SNAPSHOT_LIST
    sete    cl
    cmp     al, cl
    jne     .Lsnapshot_command_misused
    mov     esi, [ebp + 8]
    mov     eax, esi
    call    mount_named
    jc      .Lsnapshot_command_failed
    cmp     edi, SNAPSHOT_RESTORE
    jne     .Lsnapshot_command_call
    push    eax
    call    mount_first_user
    pop     eax
    jc      .Lsnapshot_command_call
    PRINTF  "%s: %s uses it; end that first\n", esi, edx
    mov     eax, edx
    LOAD_STRING edx, "cloud"
    call    string_compare
    jne     .Lsnapshot_command_used
    PRINT   "cloud is the cluster: service stop cluster, and service start cluster when the snapshot is restored\n"
.Lsnapshot_command_used:
    mov     eax, 1
    jmp     .Lsnapshot_command_done
.Lsnapshot_command_call:
    mov     edx, [ebp + 12]
    mov     ecx, edi
    mov     ebx, FS_SNAPSHOT
    call    mount_call
    mov     ecx, eax
    mov     eax, 0
    jnc     .Lsnapshot_command_done
    mov     eax, ecx
    cmp     eax, ERROR_NOT_FOUND        # the snapshot, and not the volume
    je      .Lsnapshot_command_name
    cmp     eax, ERROR_EXISTS
    jne     .Lsnapshot_command_failed
.Lsnapshot_command_name:
    mov     ecx, [ebp + 12]
    jecxz   .Lsnapshot_command_failed
    mov     esi, ecx
.Lsnapshot_command_failed:
    call    path_complain
    jmp     .Lsnapshot_command_done
.Lsnapshot_command_misused:
    mov     edx, ebp
    call    command_misused
.Lsnapshot_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
fsck_command:
    mov     ecx, CHECK_ALL
    jmp     check_command

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
scrub_command:
    mov     ecx, CHECK_CONTENT

# Checks a volume.
# In: EAX argc, EDX argv, ECX CHECK_*.
# Out: EAX status.
check_command:
    cmp     eax, 2
    jne     command_misused
    push    ebx
    push    esi
    mov     esi, [edx + 4]
    push    ecx
    call    break_clear
    mov     eax, esi
    call    mount_named
    pop     edx
    jc      .Lcheck_command_failed
    mov     ebx, FS_CHECK
    call    mount_call
    jc      .Lcheck_command_failed
    test    eax, eax
    jnz     .Lcheck_command_problems
    PRINTF  "%s: no problem was found\n", esi
    jmp     .Lcheck_command_done
.Lcheck_command_problems:
    PRINTF  "%s: %u problems\n", esi, eax
    mov     eax, 1
    jmp     .Lcheck_command_done
.Lcheck_command_failed:
    call    path_complain
.Lcheck_command_done:
    pop     esi
    pop     ebx
    ret

# Finds a mount by the name of its volume, or by a path that it holds. The name of a volume that is not mounted is no
# path: it would be one below the current directory, and another volume would be taken.
# In: EAX name such as hda0, or path.
# Out: EAX handle of the mount; CF and EAX = ERROR_NOT_MOUNTED.
mount_named:
    push    eax
    call    volume_find
    pop     edx
    jc      1f
    mov     ecx, [eax + VOLUME_MOUNT]
    mov     eax, ERROR_NOT_MOUNTED
    cmp     ecx, 1                      # CF when there is none
    jc      2f
    mov     eax, [ecx + MOUNT_HANDLE]
    ret
1:  mov     eax, edx
    jmp     mount_find
2:  ret
