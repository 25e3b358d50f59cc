# Removes files.

.include "program.inc"

DESCRIPTION "[-rf] PATH...", "remove files"
DETAIL "rm -r takes directories too, with all that is in them; rm -f says nothing of what is not there."

.text

# Takes -r and -f, and paths.
.global _start
_start:
    mov     edx, offset remove
    lea     eax, [esp + 4]
.Loption:
    add     eax, 4
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     each_path
.Lletter:
    inc     ecx
    cmp     byte ptr [ecx], 0
    je      .Loption
    cmp     byte ptr [ecx], 'f'
    je      .Lforce
    cmp     byte ptr [ecx], 'r'
    jne     misused
    mov     edx, offset remove_tree
    jmp     .Lletter
.Lforce:
    mov     dword ptr [forgives], 1
    jmp     .Lletter

# Removes a file.
# In: EAX path.
# Out: EAX negated error code.
remove:
    push    ebx
    SYSTEM  unlink, eax
    pop     ebx

# Forgives that something is not there, if that was asked for.
# In: EAX negated error code.
# Out: EAX.
forgive:
    cmp     eax, -ERROR_NOT_FOUND
    jne     1f
    cmp     dword ptr [forgives], 0
    je      1f
    xor     eax, eax
1:  ret

# Removes a file, or a directory with all that is in it.
# In: EAX path.
# Out: EAX negated error code.
remove_tree:
    call    path_set
    jc      1f
    call    remove_path
    jmp     forgive
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
forgives:       .space 4                # 1: -f
