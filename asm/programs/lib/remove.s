# Removes files, and directories with all that is in them. A routine takes its argument in EAX and keeps all registers
# but EAX, ECX and EDX.

.include "program.inc"

.text

# Removes a file, or a directory with all that is in it.
# In: EAX path.
# Out: EAX negated error code, EDX the path that it is about.
.global remove_tree
remove_tree:
    mov     edx, eax
    call    path_set
    jc      1f
    call    remove_path
    mov     edx, offset path
1:  ret

# Removes what is at the path, a directory with all that is in it.
# Out: EAX negated error code; then the path is of what could not be removed.
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
    SYSTEM  directory_read, eax, "offset remove_about"
    pop     ebx
    push    eax
    SYSTEM  close, ebx
    pop     eax
    test    eax, eax
    js      .Lremove_path_empty
    mov     eax, offset remove_about + STAT_NAME
    call    path_append
    jc      .Lremove_path_done
    call    remove_path
    test    eax, eax
    js      .Lremove_path_done
    mov     eax, esi
    call    path_cut
    jmp     .Lremove_path_next
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
remove_about:   .space STAT_SIZE
