# Gives files and directories another name. To another mount they are copied, and removed when the copy is on stable
# storage.

.include "program.inc"

DESCRIPTION "PATH... NEW", "rename files or directories"
DETAIL "mv A B gives A the name B; what had that name is replaced. When B is a directory, A goes into it, and so may"
DETAIL "several: mv A1 A2 B. To another mount A is copied, and removed when its copy is safe."

.text

# Takes paths and the new one.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset move
    jmp     paths_to

# Moves it.
# In: EAX path, EDX new path.
# Out: EAX negated error code, EDX the path that it is about.
move:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    SYSTEM  rename, esi, edi
    cmp     eax, -ERROR_NOT_SUPPORTED   # they are on different mounts
    je      .Lmove_across
    test    eax, eax
    jns     .Lmove_done
    call    blame
    jmp     .Lmove_done
.Lmove_across:
    call    may_move
    js      .Lmove_done
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    je      .Lmove_directory
    mov     dword ptr [copy_syncs], 1
    mov     eax, esi
    mov     edx, edi
    call    copy_file
    test    eax, eax
    js      .Lmove_done
    mov     edx, edi
    SYSTEM  sync, -1
    test    eax, eax
    js      .Lmove_done
    mov     edx, esi
    SYSTEM  unlink, esi
    jmp     .Lmove_done
.Lmove_directory:
    call    move_directory
.Lmove_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Which path it is about that one could not become the other.
# In: EAX negated error code, ESI path, EDI new path.
# Out: EDX.
# Clobbers: EBX, ECX only.
blame:
    push    eax
    mov     edx, esi
    cmp     eax, -ERROR_BUSY            # something has it open, or is mounted there
    je      1f
    SYSTEM  stat, esi, "offset about"
    test    eax, eax
    js      1f
    SYSTEM  volume, esi, "offset about" # the kernel's own programs are on no mount
    cmp     eax, -ERROR_NOT_MOUNTED
    je      1f
    mov     edx, edi
1:  pop     eax
    ret

# Whether something can go to another mount: both must be what one takes the other's place of, and the first be removed
# in the end.
# In: ESI path, EDI new path.
# Out: SF set, EAX negated error code and EDX the path that it is about when not; `about` is of the first.
# Clobbers: EBX, ECX.
may_move:
    mov     edx, edi
    SYSTEM  stat, edi, "offset about"
    mov     ebx, [about + STAT_KIND]
    test    eax, eax
    jns     1f
    cmp     eax, -ERROR_NOT_FOUND
    jne     .Lmay_move_done
    or      ebx, -1
1:  mov     [new_kind], ebx
    mov     edx, esi
    SYSTEM  stat, esi, "offset about"
    test    eax, eax
    js      .Lmay_move_done
    mov     eax, -ERROR_NOT_SUPPORTED
    cmp     dword ptr [about + STAT_KIND], NODE_OBJECT  # its class would be lost
    je      .Lmay_move_done
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    je      .Lmay_move_directory
    SYSTEM  open, esi, FILE_READ | FILE_WRITE
    test    eax, eax
    js      .Lmay_move_done
    SYSTEM  close, eax
    mov     edx, edi
    mov     eax, -ERROR_IS_DIRECTORY
    cmp     dword ptr [new_kind], NODE_DIRECTORY
    je      .Lmay_move_done
    xor     eax, eax
    ret
.Lmay_move_directory:
    SYSTEM  unlink, esi                 # no directory is removed by that, and it says whether it may be
    cmp     eax, -ERROR_IS_DIRECTORY
    jne     .Lmay_move_done
    mov     edx, edi
    mov     eax, -ERROR_NOT_DIRECTORY
    cmp     dword ptr [new_kind], NODE_FILE
    je      .Lmay_move_done
    cmp     dword ptr [new_kind], NODE_OBJECT
    je      .Lmay_move_done
    cmp     dword ptr [new_kind], NODE_DIRECTORY
    je      is_empty
    xor     eax, eax
.Lmay_move_done:
    test    eax, eax
    ret

# Whether a directory is empty.
# In: EDI path.
# Out: SF set and EAX negated error code when not.
# Clobbers: EBX, ECX.
is_empty:
    SYSTEM  directory_open, edi
    test    eax, eax
    js      1f
    SYSTEM  directory_read, eax, "offset entry"
    push    eax
    SYSTEM  close, ebx
    pop     eax
    cmp     eax, -ERROR_NOT_FOUND
    je      2f
    test    eax, eax
    js      1f
    mov     eax, -ERROR_NOT_EMPTY
1:  test    eax, eax
    ret
2:  xor     eax, eax
    ret

# Moves a directory to another mount: the copy has its name when all is in it and on stable storage.
# In: ESI path, EDI new path.
# Out: EAX negated error code, EDX the path that it is about.
# Clobbers: EBX, ECX.
move_directory:
    push    dword ptr [output_status]
    mov     eax, edi                    # it may be in `path`, which is needed now
    mov     edi, offset new_path
    xor     ecx, ecx
1:  mov     dl, [eax + ecx]
    mov     [edi + ecx], dl
    inc     ecx
    test    dl, dl
    jnz     1b
    mov     eax, edi
    call    part_directory
    mov     edx, edi
    jc      .Lmove_directory_done
    xor     ecx, ecx
2:  mov     dl, [part + ecx]            # files in it are parts for a time, too
    mov     [aside + ecx], dl
    inc     ecx
    test    dl, dl
    jnz     2b
    mov     dword ptr [output_status], 0
    mov     eax, esi
    mov     edx, offset aside
    call    copy_tree
    test    eax, eax
    js      .Lmove_directory_undo
    mov     edx, esi
    mov     eax, -ERROR_ABORTED         # why was said
    cmp     dword ptr [output_status], 0
    jne     .Lmove_directory_undo
    mov     edx, edi
    SYSTEM  sync, -1
    test    eax, eax
    js      .Lmove_directory_undo
    SYSTEM  rename, "offset aside", edi
    test    eax, eax
    js      .Lmove_directory_undo
    SYSTEM  sync, -1
    test    eax, eax
    js      .Lmove_directory_done
    mov     eax, esi
    call    remove_tree
    jmp     .Lmove_directory_done
.Lmove_directory_undo:
    push    eax
    push    edx
    mov     eax, offset aside
    call    remove_tree
    pop     edx
    pop     eax
.Lmove_directory_done:
    pop     ecx
    or      [output_status], ecx
    ret

.bss
.balign 4
new_kind:       .space 4                # NODE_* of what is at the new path, -1: nothing
about:          .space STAT_SIZE
entry:          .space STAT_SIZE
new_path:       .space PATH_BYTES
aside:          .space PATH_BYTES + 16
