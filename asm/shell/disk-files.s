# Commands for file systems: mount, umount, ls, cat.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "fs.inc"

.section .rodata
mount_help:
    .ascii  "mount              lists what is mounted\n"
    .asciz  "mount hda0 /net    mounts the file system of a partition at a path\n"
umount_help:
    .ascii  "umount /net        unless somebody uses it\n"
    .asciz  "umount -f /net     takes it away from those who use it; the cluster goes on in memory only\n"
ls_help:
    .ascii  "ls lists the mount points, ls PATH what is at a path: class, bytes, name.\n"
    .asciz  "Persistent objects have the name of their class.\n"
cat_help:
    .asciz  "Shows what an object holds: text as it is, anything else in hexadecimal.\n"

SHELL_COMMAND "mount", mount_command, "[PARTITION PATH]", "mount a file system, or list what is mounted", GROUP_FILES, mount_help
SHELL_COMMAND "umount", umount_command, "[-f] PATH", "unmount a file system", GROUP_FILES, umount_help
SHELL_COMMAND "ls", ls_command, "[PATH]", "list mount points or objects", GROUP_FILES, ls_help
SHELL_COMMAND "cat", cat_command, "PATH", "show an object's content", GROUP_FILES, cat_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
mount_command:
    push    ebx
    push    esi
    mov     esi, edx
    cmp     eax, 1
    je      .Lmount_command_list
    cmp     eax, 3
    jne     .Lmount_command_usage
    mov     eax, [esi + 4]
    mov     edx, [esi + 8]
    call    mount_volume
    jc      .Lmount_command_failed_mount
    xor     eax, eax
    jmp     .Lmount_command_done
.Lmount_command_failed_mount:
    call    error_text
    PRINTF  "Cannot mount %s at %s: %s\n", [esi+4], [esi+8], eax
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
    PRINT   "usage: mount [PARTITION PATH]\n"
.Lmount_command_failed:
    mov     eax, 1
.Lmount_command_done:
    pop     esi
    pop     ebx
    ret

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
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    mov     ecx, eax
    LOAD_STRING eax, "/"
    cmp     ecx, 1
    je      .Lls_command_path
    mov     eax, [edx + 4]
    cmp     ecx, 2
    je      .Lls_command_path
    PRINT   "usage: ls [PATH]\n"
    jmp     .Lls_command_failed
.Lls_command_path:
    push    eax
    LOAD_STRING edx, "/"
    call    string_compare
    pop     eax
    je      .Lls_command_mounts
    mov     edx, edi
    call    path_find
    jc      .Lls_command_failed
    mov     esi, eax                    # ESI: mount
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    je      .Lls_command_directory
    mov     eax, edi
    call    ls_line
    jmp     .Lls_command_good
.Lls_command_directory:
    mov     eax, esi
    mov     edx, [edi + NODE_ID]
    xor     esi, esi                    # ESI: position from here on
    push    edx
    push    eax
    call    break_clear
.Lls_command_next:
    call    break_check
    jc      .Lls_command_aborted
    mov     eax, [esp]
    mov     edx, [esp + 4]
    mov     ecx, edi
    mov     ebx, FS_NEXT
    call    mount_call
    jc      .Lls_command_last
    mov     esi, eax
    mov     eax, edi
    call    ls_line
    jmp     .Lls_command_next
.Lls_command_aborted:
    mov     eax, ERROR_ABORTED
.Lls_command_last:
    add     esp, 8
    cmp     eax, ERROR_NOT_FOUND
    je      .Lls_command_good
    call    error_text
    PRINTF  "The list ends here: %s\n", eax
    jmp     .Lls_command_failed
.Lls_command_mounts:
    mov     ebx, offset mount_table     # /: where something is mounted
.Lls_command_mount:
    cmp     dword ptr [ebx + MOUNT_CLASS], 0
    je      .Lls_command_next_mount
    lea     eax, [ebx + MOUNT_PATH]
    mov     edx, [ebx + MOUNT_VOLUME]
    add     edx, VOLUME_NAME
    PRINTF  "%-16s %s\n", eax, edx
.Lls_command_next_mount:
    add     ebx, MOUNT_SIZE_OF
    cmp     ebx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      .Lls_command_mount
.Lls_command_good:
    xor     eax, eax
    jmp     .Lls_command_done
.Lls_command_failed:
    mov     eax, 1
.Lls_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Prints the line of an object.
# In: EAX = NODE record.
ls_line:
    push    ebx
    mov     ebx, eax
    lea     eax, [ebx + NODE_CLASS]
    PRINTF  "%-20s ", eax
    mov     eax, [ebx + NODE_BYTES]
    mov     edx, [ebx + NODE_BYTES + 4]
    test    edx, edx
    jnz     1f
    PRINTF  "%10u", eax
    jmp     2f
1:  shrd    eax, edx, 20                # beyond 4 GiB in MiB
    PRINTF  "%8uMi", eax
2:  lea     eax, [ebx + NODE_NAME]
    PRINTF  "  %s", eax
    cmp     dword ptr [ebx + NODE_KIND], NODE_DIRECTORY
    jne     3f
    PRINT   "/"
3:  PRINT   "\n"
    pop     ebx
    ret

# Finds an object by its full path, and says so when it cannot.
# In: EAX path, EDX = NODE record to fill in.
# Out: EAX mount; CF.
path_find:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    call    mount_find
    jc      8f
    push    eax
    mov     ecx, edi
    mov     ebx, FS_FIND
    call    mount_call
    pop     edx
    jc      8f
    mov     eax, edx
    jmp     9f
8:  call    error_text
    PRINTF  "%s: %s\n", esi, eax
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
cat_command:
    FRAME   NODE_SIZE_OF + 8
    push    ebx
    push    esi
    push    edi
    # Locals: the NODE record; -4 below it the mount, -8 whether it is shown as text
    cmp     eax, 2
    je      .Lcat_command_path
    PRINT   "usage: cat PATH\n"
    jmp     .Lcat_command_failed
.Lcat_command_path:
    mov     eax, [edx + 4]
    lea     edx, [ebp - NODE_SIZE_OF]
    call    path_find
    jc      .Lcat_command_failed
    mov     [ebp - NODE_SIZE_OF - 4], eax
    cmp     dword ptr [ebp - NODE_SIZE_OF + NODE_KIND], NODE_DIRECTORY
    jne     .Lcat_command_file
    PRINT   "That is a directory: see ls.\n"
    jmp     .Lcat_command_failed
.Lcat_command_file:
    mov     eax, 1
    call    page_alloc
    jnc     .Lcat_command_block
    call    error_text
    PRINTF  "%s\n", eax
    jmp     .Lcat_command_failed
.Lcat_command_block:
    call    break_clear
    mov     edi, eax                    # EDI: block
    xor     esi, esi                    # ESI: its index
.Lcat_command_next:
    mov     eax, [ebp - NODE_SIZE_OF - 4]
    mov     edx, [ebp - NODE_SIZE_OF + NODE_ID]
    mov     ecx, edi
    mov     ebx, FS_READ
    call    mount_call
    jc      .Lcat_command_failed_read
    test    eax, eax
    jz      .Lcat_command_end
    mov     ebx, eax
    test    esi, esi
    jnz     .Lcat_command_known
    mov     eax, edi
    mov     edx, ebx
    call    cat_is_text
    mov     [ebp - NODE_SIZE_OF - 8], eax
.Lcat_command_known:
    mov     eax, edi
    mov     edx, ebx
    mov     ecx, esi
    shl     ecx, 12
    mov     ebx, offset cat_hex
    cmp     dword ptr [ebp - NODE_SIZE_OF - 8], 0
    je      .Lcat_command_show
    mov     ebx, offset cat_text
.Lcat_command_show:
    call    ebx
    call    break_check
    jc      .Lcat_command_end
    inc     esi
    jmp     .Lcat_command_next
.Lcat_command_failed_read:
    call    error_text
    PRINTF  "Cannot read on: %s\n", eax
    mov     eax, edi
    mov     edx, 1
    call    page_free
.Lcat_command_failed:
    mov     eax, 1
    jmp     .Lcat_command_done
.Lcat_command_end:
    mov     eax, edi
    mov     edx, 1
    call    page_free
    xor     eax, eax
.Lcat_command_done:
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
# In: EAX bytes, EDX number; at the end of an object the line is ended.
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
    cmp     byte ptr [esi - 1], 10
    je      2f
    PRINT   "\n"
2:  pop     esi
    pop     ebx
    ret

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
