# Commands for file systems: mount, umount.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "file.inc"

.section .rodata
mount_help:
    .ascii  "mount              lists what is mounted\n"
    .ascii  "mount hda0 /net    mounts the file system of a partition at a path\n"
    .ascii  "mount -r hda0 /net       only to be read\n"
    .ascii  "mount -t oofs hda0 /net  when it is of this type\n"
    .ascii  "mount --accept-older hda0 /net   when both copies of the newest commit record are\n"
    .asciz  "                   damaged: goes back to the state before\n"
umount_help:
    .ascii  "umount /net        unless somebody uses it; umount hda0 does the same with what is mounted from hda0\n"
    .asciz  "umount -f /net     takes it away from those who use it; the cluster goes on in memory only\n"

SHELL_COMMAND "mount", mount_command, "[[-r] [-t TYPE] [--accept-older] PARTITION PATH]", "mount a file system, or list what is mounted", GROUP_FILES, mount_help
SHELL_COMMAND "umount", umount_command, "[-f] PATH|PARTITION", "unmount a file system", GROUP_FILES, umount_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
mount_command:
    push    ebx
    push    esi
    push    edi
    push    ebp
    lea     esi, [edx + 4]              # ESI: arguments, EDI: MOUNT_* flags, EBX: type or 0
    xor     edi, edi
    xor     ebx, ebx
    cmp     eax, 1
    je      .Lmount_command_list
.Lmount_command_option:
    mov     ebp, [esi]
    test    ebp, ebp
    jz      .Lmount_command_usage
    cmp     byte ptr [ebp], '-'
    jne     .Lmount_command_mount
    add     esi, 4
    mov     eax, ebp
    LOAD_STRING edx, "-r"
    call    string_compare
    mov     ecx, MOUNT_READ_ONLY
    je      .Lmount_command_flag
    mov     eax, ebp
    LOAD_STRING edx, "--accept-older"
    call    string_compare
    mov     ecx, MOUNT_OLDER
    je      .Lmount_command_flag
    mov     eax, ebp
    LOAD_STRING edx, "-t"
    call    string_compare
    jne     .Lmount_command_usage
    mov     ebx, [esi]
    add     esi, 4
    test    ebx, ebx
    jnz     .Lmount_command_option
    jmp     .Lmount_command_usage
.Lmount_command_flag:
    or      edi, ecx
    jmp     .Lmount_command_option
.Lmount_command_mount:
    cmp     dword ptr [esi + 4], 0
    je      .Lmount_command_usage
    cmp     dword ptr [esi + 8], 0
    jne     .Lmount_command_usage
    test    ebx, ebx
    jz      .Lmount_command_known
    mov     eax, ebx
    call    fs_class_find
    jc      .Lmount_command_unknown
    call    mount_is_type
    jc      .Lmount_command_failed_mount
.Lmount_command_known:
    mov     eax, [esi]
    mov     edx, [esi + 4]
    mov     ecx, edi
    call    mount_volume_as
    jc      .Lmount_command_failed_mount
    xor     eax, eax
    jmp     .Lmount_command_done
.Lmount_command_unknown:
    PRINTF  "There is no file system type %s.\n", ebx
    jmp     .Lmount_command_failed
.Lmount_command_failed_mount:
    call    error_text
    PRINTF  "Cannot mount %s at %s: %s\n", [esi], [esi+4], eax
    jmp     .Lmount_command_failed
.Lmount_command_list:
    call    mount_list
    jmp     .Lmount_command_done
.Lmount_command_usage:
    LOAD_STRING eax, "mount"
    call    command_find
    call    command_usage
.Lmount_command_failed:
    mov     eax, 1
.Lmount_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Lists the mounts.
# Out: EAX status 0.
# Clobbers: EBX, ECX, EDX, ESI.
mount_list:
    mov     ebx, offset mount_table
    xor     esi, esi
.Lmount_list_next:
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      .Lmount_list_free
    inc     esi
    mov     eax, [ebx + MOUNT_VOLUME]
    add     eax, VOLUME_NAME
    lea     edx, [ebx + MOUNT_PATH]
    mov     ecx, [ebx + MOUNT_CLASS]
    PRINTF  "%s on %s, %s: ", eax, edx, [ecx+FS_NAME]
    mov     eax, [ebx + MOUNT_HANDLE]
    push    ebx
    mov     ebx, FS_STATUS
    call    mount_call
    pop     ebx
.Lmount_list_free:
    add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lmount_list_next
    xor     eax, eax
    test    esi, esi
    jnz     .Lmount_list_done
    PRINT   "Nothing is mounted.\n"
.Lmount_list_done:
    ret

# Whether a volume holds a file system of a class.
# In: ESI address of the volume's name, EAX class.
# Out: CF and EAX error when not.
mount_is_type:
    push    eax
    mov     eax, [esi]
    call    volume_find
    pop     edx
    jc      1f
    call    [edx + FS_PROBE]
1:  ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
umount_command:
    push    ebx
    push    esi
    push    edi
    mov     edi, edx
    mov     ebx, eax
    mov     esi, [edi + ebx*4 - 4]      # ESI: path, the last word
    xor     edx, edx
    cmp     ebx, 2
    je      .Lumount_command_run
    cmp     ebx, 3
    jne     .Lumount_command_usage
    mov     eax, [edi + 4]
    LOAD_STRING edx, "-f"
    call    string_compare
    jne     .Lumount_command_usage
    mov     edx, 1
.Lumount_command_run:
    mov     eax, esi
    call    umount_path
    mov     ecx, eax
    mov     eax, 0
    jnc     .Lumount_command_done
    cmp     ecx, ERROR_BUSY
    jne     .Lumount_command_other
    test    edx, edx
    jz      .Lumount_command_below
    PRINTF  "Cannot unmount %s: %s uses it. umount -f takes it away.\n", esi, edx
    jmp     .Lumount_command_failed
.Lumount_command_below:
    PRINTF  "Cannot unmount %s: something is mounted below it.\n", esi
    jmp     .Lumount_command_failed
.Lumount_command_other:
    mov     eax, ecx
    call    error_text
    PRINTF  "Cannot unmount %s: %s\n", esi, eax
    jmp     .Lumount_command_failed
.Lumount_command_usage:
    PRINT   "usage: umount [-f] PATH|PARTITION\n"
.Lumount_command_failed:
    mov     eax, 1
.Lumount_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints what a volume holds and where it is mounted, for partinfo.
# In: EAX volume.
.global volume_describe
volume_describe:
    push    ebx
    mov     ebx, eax
    call    fs_class_probe
    jc      1f
    PRINTF  "  holds     %s, %s\n", edx, [eax+FS_NAME]
    jmp     2f
1:  call    error_text
    PRINTF  "  holds     no file system that is known (%s)\n", eax
2:  mov     eax, [ebx + VOLUME_MOUNT]
    test    eax, eax
    jz      3f
    add     eax, MOUNT_PATH
    PRINTF  "  mounted   at %s\n", eax
3:  pop     ebx
    ret
