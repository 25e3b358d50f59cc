# Commands for file systems: mount, umount, ls, cat.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"
.include "file.inc"

.bss
cat_last:       .skip 1                 # the last character of a text

.section .rodata
mount_help:
    .ascii  "mount              lists what is mounted\n"
    .ascii  "mount hda0 /net    mounts the file system of a partition at a path\n"
    .ascii  "mount -r hda0 /net       only to be read\n"
    .ascii  "mount -t oofs hda0 /net  when it is of this type\n"
    .ascii  "mount --accept-older hda0 /net   when both copies of the newest commit record are\n"
    .asciz  "                   damaged: goes back to the state before\n"
umount_help:
    .ascii  "umount /net        unless somebody uses it\n"
    .asciz  "umount -f /net     takes it away from those who use it; the cluster goes on in memory only\n"
ls_help:
    .ascii  "ls lists the current directory, in / the mount points, ls PATH what is at a path: class, bytes, name.\n"
    .asciz  "Persistent objects have the name of their class.\n"
cat_help:
    .asciz  "Shows what objects hold: text as it is, anything else in hexadecimal. Without a path copies its input.\n"

SHELL_COMMAND "mount", mount_command, "[[-r] [-t TYPE] [--accept-older] PARTITION PATH]", "mount a file system, or list what is mounted", GROUP_FILES, mount_help
SHELL_COMMAND "umount", umount_command, "[-f] PATH", "unmount a file system", GROUP_FILES, umount_help
SHELL_COMMAND "ls", ls_command, "[PATH...]", "list mount points or objects", GROUP_FILES, ls_help
SHELL_COMMAND "cat", cat_command, "[PATH...]", "show an object's content", GROUP_FILES, cat_help

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
.Lmount_command_failed_mount:
    call    error_text
    PRINTF  "Cannot mount %s at %s: %s\n", [esi], [esi+4], eax
    jmp     .Lmount_command_failed
.Lmount_command_list:
    mov     ebx, offset mount_table
    xor     esi, esi
.Lmount_command_next:
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      .Lmount_command_free
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
.Lmount_command_free:
    add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lmount_command_next
    xor     eax, eax
    test    esi, esi
    jnz     .Lmount_command_done
    PRINT   "Nothing is mounted.\n"
    jmp     .Lmount_command_done
.Lmount_command_usage:
    LOAD_STRING eax, "mount"
    call    shell_find
    call    shell_usage
.Lmount_command_failed:
    mov     eax, 1
.Lmount_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a volume holds a file system of a type.
# In: ESI address of the volume's name, EBX type.
# Out: CF and EAX error when not.
mount_is_type:
    mov     eax, ebx
    call    fs_class_find
    jc      1f
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
    PRINT   "usage: umount [-f] PATH\n"
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

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
ls_command:
    add     edx, 4
    mov     ecx, offset ls_path
    jmp     each_input

# Lists what is at a path.
# In: ESI path or 0, EDI 1 when its name goes before its list.
# Out: EAX status.
ls_path:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    edi
    mov     ebx, edi
    lea     edi, [ebp - NODE_SIZE_OF]
    test    esi, esi
    jnz     .Lls_path_path
    LOAD_STRING esi, "."
.Lls_path_path:
    call    directory_open
    jc      .Lls_path_file
    xchg    ebx, eax
    test    eax, eax
    jz      .Lls_path_begin
    PRINTF  "%s:\n", esi
.Lls_path_begin:
    call    break_clear
.Lls_path_next:
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Lls_path_last
    mov     eax, ebx
    call    directory_read
    jc      .Lls_path_last
    call    ls_line
    jmp     .Lls_path_next
.Lls_path_last:
    push    eax
    mov     eax, ebx
    call    directory_close
    pop     eax
    cmp     eax, ERROR_NOT_FOUND
    je      .Lls_path_good
    call    error_text
    PRINTF  "The list ends here: %s\n", eax
    mov     eax, 1
    jmp     .Lls_path_done
.Lls_path_file:
    cmp     eax, ERROR_NOT_DIRECTORY
    jne     .Lls_path_failed
    call    file_stat
    jc      .Lls_path_failed
    call    ls_line
.Lls_path_good:
    xor     eax, eax
    jmp     .Lls_path_done
.Lls_path_failed:
    call    path_complain
.Lls_path_done:
    pop     edi
    pop     ebx
    ENDFRAME
    ret

# Prints the line of an object.
# In: EDI = NODE record.
ls_line:
    lea     eax, [edi + NODE_CLASS]
    PRINTF  "%-20s ", eax
    mov     eax, [edi + NODE_BYTES]
    mov     edx, [edi + NODE_BYTES + 4]
    test    edx, edx
    jnz     1f
    PRINTF  "%10u", eax
    jmp     2f
1:  shrd    eax, edx, 20                # beyond 4 GiB in MiB
    PRINTF  "%8uMi", eax
2:  lea     eax, [edi + NODE_NAME]
    PRINTF  "  %s", eax
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    jne     3f
    PRINT   "/"
3:  PRINT   "\n"
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
cat_command:
    add     edx, 4
    mov     ecx, offset cat_path
    jmp     each_input

# Copies the command's input to its output.
# Out: EAX status.
cat_input:
    xor     esi, esi
    call    reader_open
    jc      2f
1:  call    reader_byte
    jc      reader_close
    call    print_char
    jmp     1b
2:  ret

# Shows a file.
# In: ESI path or 0.
# Out: EAX status.
cat_path:
    test    esi, esi
    jz      cat_input
    FRAME   4
    push    ebx
    push    esi
    push    edi
    # Local: whether it is shown as text
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lcat_path_failed
    mov     ebx, eax                    # EBX: handle
    mov     eax, 1
    call    page_alloc
    jc      .Lcat_path_close
    mov     edi, eax                    # EDI: block
    call    break_clear
    push    0                           # [ESP] offset
.Lcat_path_next:
    call    break_check
    jc      .Lcat_path_end
    mov     eax, ebx
    mov     ecx, FS_BLOCK_BYTES
    call    file_read
    jc      .Lcat_path_end
    test    eax, eax
    jz      .Lcat_path_end           # CF is clear
    cmp     dword ptr [esp], 0
    jne     .Lcat_path_known
    push    eax
    mov     edx, eax
    mov     eax, edi
    call    cat_is_text
    mov     [ebp - 4], eax
    pop     eax
.Lcat_path_known:
    mov     ecx, [esp]
    add     [esp], eax
    mov     edx, eax
    mov     eax, edi
    push    offset .Lcat_path_next
    cmp     dword ptr [ebp - 4], 0
    je      cat_hex
    jmp     cat_text
.Lcat_path_end:
    pop     ecx
    push    eax
    pushfd
    mov     eax, edi
    mov     edx, 1
    call    page_free
    cmp     dword ptr [ebp - 4], 1
    jne     .Lcat_path_freed
    call    cat_line_end
.Lcat_path_freed:
    popfd
    pop     eax
.Lcat_path_close:
    push    eax
    pushfd
    mov     eax, ebx
    call    file_close
    popfd
    pop     eax
    mov     ecx, eax
    mov     eax, 0
    jnc     .Lcat_path_done
    mov     eax, ecx
.Lcat_path_failed:
    call    path_complain
.Lcat_path_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Whether the beginning of an object is text: printable ASCII, blanks, line ends, or bytes of UTF-8.
# In: EAX bytes, EDX number, at least 1.
# Out: EAX = 1 or 0.
cat_is_text:
    push    esi
    mov     esi, eax
1:  lodsb
    cmp     al, 0x7F
    je      3f
    cmp     al, ' '
    jae     2f
    cmp     al, 9
    jb      3f
    cmp     al, 13
    ja      3f
2:  dec     edx
    jnz     1b
    mov     eax, 1
    pop     esi
    ret
3:  xor     eax, eax
    pop     esi
    ret

# Prints text.
# In: EAX bytes, EDX number.
cat_text:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, edx
    xor     eax, eax
1:  lodsb
    call    print_char
    dec     ebx
    jnz     1b
    mov     [cat_last], al
    pop     esi
    pop     ebx
    ret

# Ends the line of a text that does not end with one.
cat_line_end:
    cmp     byte ptr [cat_last], 10
    je      1f
    PRINT   "\n"
1:  ret

# Prints bytes in hexadecimal and as characters.
# In: EAX bytes, EDX number, ECX offset of the first in the object.
.global cat_hex
cat_hex:
    FRAME   20
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx                    # EDI: bytes left
    mov     ebx, ecx
.Lcat_hex_row:
    PRINTF  "%08x ", ebx
    xor     ecx, ecx
.Lcat_hex_byte:
    cmp     ecx, edi
    jae     .Lcat_hex_blank
    movzx   eax, byte ptr [esi + ecx]
    PRINTF  " %02x", eax
    cmp     al, ' '
    jb      .Lcat_hex_dot
    cmp     al, 0x7E
    jbe     .Lcat_hex_store
.Lcat_hex_dot:
    mov     al, '.'
    jmp     .Lcat_hex_store
.Lcat_hex_blank:
    PRINT   "   "
    mov     al, 0
.Lcat_hex_store:
    mov     [ebp - 20 + ecx], al
    inc     ecx
    cmp     ecx, 16
    jb      .Lcat_hex_byte
    mov     byte ptr [ebp - 20 + 16], 0
    lea     eax, [ebp - 20]
    PRINTF  "  |%s|\n", eax
    add     esi, 16
    add     ebx, 16
    sub     edi, 16
    ja      .Lcat_hex_row
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
