# Removes files.

.include "program.inc"

DESCRIPTION "[-r] PATH...", "remove files"
DETAIL "rm -r takes directories too, with all that is in them."

.text

# Takes -r, and paths.
.global _start
_start:
    mov     edx, offset remove
    lea     eax, [esp + 8]
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     word ptr [ecx], '-' + ('r' << 8)
    jne     each_path
    cmp     byte ptr [ecx + 2], 0
    jne     each_path
    add     eax, 4
    mov     edx, offset remove_tree
    jmp     each_path

# Removes a file.
# In: EAX path.
# Out: EAX negated error code.
remove:
    push    ebx
    SYSTEM  unlink, eax
    pop     ebx
    ret

# Removes a file, or a directory with all that is in it.
# In: EAX path.
# Out: EAX negated error code.
remove_tree:
    call    path_set
    jc      1f
    call    remove_path
1:  ret

# Removes what is at the path, a directory with all that is in it.
# Out: EAX negated error code.
remove_path:
    push    ebx
    push    esi
    SYSTEM  unlink, "offset path"
    cmp     eax, -ERROR_IS_DIRECTORY
    jne     .Lremove_path_done
    mov     esi, [path_length]
.Lremove_path_next:
    SYSTEM  directory_open, "offset path" # anew for each, since the first entry is always another one
    test    eax, eax
    js      .Lremove_path_done
    push    eax
    SYSTEM  directory_read, eax, "offset about"
    pop     ebx
    push    eax
    SYSTEM  close, ebx
    pop     eax
    test    eax, eax
    js      .Lremove_path_empty
    mov     eax, offset about + STAT_NAME
    call    path_append
    jc      .Lremove_path_cut
    call    remove_path
.Lremove_path_cut:
    push    eax
    mov     eax, esi
    call    path_cut
    pop     eax
    test    eax, eax
    jns     .Lremove_path_next
    jmp     .Lremove_path_done
.Lremove_path_empty:
    cmp     eax, -ERROR_NOT_FOUND
    jne     .Lremove_path_done
    SYSTEM  directory_remove, "offset path"
.Lremove_path_done:
    pop     esi
    pop     ebx
    ret

.bss
.balign 4
about:          .space STAT_SIZE
