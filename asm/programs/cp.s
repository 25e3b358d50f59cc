# Copies files, and directories with all that is in them.

.include "program.inc"

DESCRIPTION "[-r] PATH... NEW", "copy files"
DETAIL "When NEW is a directory, copies go into it. One is called NEW.part until it is whole. cp -r copies"
DETAIL "directories too, with all that is in them; into one that is there already goes what it lacks."

LIST_BYTES      = 16 << 20              # room for what is to be copied; pages are made when they are written to
LIST_IS_OVER    = 0xFF                  # in place of a kind

.text

# Takes -r, paths and the new one.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset copy
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     paths_to
    cmp     word ptr [ecx + 1], 'r'     # and the NUL
    jne     misused
    add     eax, 4
    mov     edx, offset copy_tree
    jmp     paths_to

# Copies a file, or a directory with all that is in it. What that is, is listed before the first copy is made: the
# copies may go below it. What goes wrong below it is said at once.
# In: EAX path, EDX path of the copy.
# Out: EAX negated error code.
copy_tree:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    SYSTEM  stat, esi, "offset about"
    test    eax, eax
    js      .Lcopy_tree_done
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    je      .Lcopy_tree_directory
    mov     eax, esi
    mov     edx, edi
    call    copy
    jmp     .Lcopy_tree_done
.Lcopy_tree_directory:
    xor     ecx, ecx                    # the copy's may be in `path`, which is needed now
1:  mov     al, [edi + ecx]
    mov     [target + ecx], al
    inc     ecx
    cmp     ecx, PATH_BYTES
    mov     ebx, -ERROR_TOO_LONG
    je      .Lcopy_tree_error
    test    al, al
    jnz     1b
    dec     ecx
    mov     [target_length], ecx
    mov     eax, esi
    call    path_set
    mov     ebx, eax
    jc      .Lcopy_tree_error
    mov     eax, [path_length]
    cmp     byte ptr [path + eax - 1], '/'
    jne     2f
    dec     eax
2:  mov     [source_length], eax
    mov     dword ptr [list_end], offset list
    mov     eax, offset note
    call    walk
    mov     eax, [list_end]
    mov     byte ptr [eax], LIST_IS_OVER
    call    make_directory
    mov     ebx, eax
    test    eax, eax
    js      .Lcopy_tree_error
    mov     esi, offset list
.Lcopy_tree_next:
    mov     bl, [esi]                   # BL: kind
    cmp     bl, LIST_IS_OVER
    je      .Lcopy_tree_whole
    inc     esi                         # ESI: path below both, which begins with a slash
    mov     eax, [source_length]
    call    path_cut
    lea     eax, [esi + 1]
    call    path_append                 # it was as long before
    mov     edi, [target_length]
    mov     eax, -ERROR_TOO_LONG
3:  cmp     edi, PATH_BYTES - 1
    ja      .Lcopy_tree_failed
    mov     cl, [esi]
    mov     [target + edi], cl
    inc     esi
    inc     edi
    test    cl, cl
    jnz     3b
    cmp     bl, NODE_DIRECTORY
    jne     .Lcopy_tree_file
    call    make_directory
    jmp     .Lcopy_tree_made
.Lcopy_tree_file:
    mov     eax, offset path
    mov     edx, offset target
    call    copy
.Lcopy_tree_made:
    test    eax, eax
    jns     .Lcopy_tree_next
.Lcopy_tree_failed:
    mov     ebx, eax
    mov     edx, offset path
    mov     ecx, offset target
    call    complain_place
    cmp     ebx, -ERROR_NO_SPACE        # nor for the others
    je      .Lcopy_tree_whole
4:  cmp     byte ptr [esi - 1], 0       # to the end of a path that is too long
    je      .Lcopy_tree_next
    inc     esi
    jmp     4b
.Lcopy_tree_whole:
    xor     ebx, ebx
.Lcopy_tree_error:
    mov     eax, ebx
.Lcopy_tree_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Lists what `walk` visits: its kind, and its path below the directory that is copied.
# In: EAX STAT record.
note:
    push    esi
    push    edi
    mov     edi, [list_end]
    cmp     edi, offset list + LIST_BYTES - PATH_BYTES - 2
    ja      2f
    mov     al, [eax + STAT_KIND]
    stosb
    mov     esi, [source_length]
    add     esi, offset path
1:  lodsb
    stosb
    test    al, al
    jnz     1b
    mov     [list_end], edi
    jmp     3f
2:  mov     eax, -ERROR_NO_MEMORY
    mov     edx, offset path
    call    complain
3:  pop     edi
    pop     esi
    ret

# Makes the directory `target`, if it is not there.
# Out: EAX negated error code.
make_directory:
    push    ebx
    push    esi
    SYSTEM  directory_make, "offset target"
    cmp     eax, -ERROR_EXISTS
    jne     1f
    mov     esi, eax
    SYSTEM  stat, "offset target", "offset about"
    test    eax, eax
    js      1f
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    mov     eax, 0
    je      1f
    mov     eax, esi
1:  pop     esi
    pop     ebx
    ret

# Copies it. The copy has another name until it is whole: what was there before stays until then, and may be what is
# copied, by another spelling.
# In: EAX path, EDX path of the copy.
# Out: EAX negated error code.
copy:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    call    same_text
    mov     eax, -ERROR_EXISTS
    je      .Lcopy_done
    mov     eax, ebp
    call    part_name
    jc      .Lcopy_done
    SYSTEM  open, esi, FILE_READ
    test    eax, eax
    js      .Lcopy_done
    mov     esi, eax                    # ESI: handle of the file, EDI: of the copy
    SYSTEM  open, "offset part", OPEN_NEW
    test    eax, eax
    js      .Lcopy_done
    mov     edi, eax
.Lcopy_next:
    SYSTEM  read, esi, "offset input_buffer", INPUT_BYTES
    test    eax, eax
    js      .Lcopy_failed
    jz      .Lcopy_whole
    mov     ecx, eax
    mov     edx, offset input_buffer
    mov     eax, edi
    call    write_all
    jnc     .Lcopy_next
    test    eax, eax
    js      .Lcopy_failed
    mov     eax, -ERROR_NO_SPACE        # nothing more was taken
.Lcopy_failed:
    push    eax
    SYSTEM  close, edi
    pop     eax
.Lcopy_remove:
    push    eax
    SYSTEM  unlink, "offset part"
    pop     eax
.Lcopy_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lcopy_whole:
    SYSTEM  close, esi                  # not every file system renames what is open
    SYSTEM  close, edi
    SYSTEM  rename, "offset part", ebp
    test    eax, eax
    jns     .Lcopy_done
    jmp     .Lcopy_remove

# Whether two strings are equal.
# In: EAX and EDX strings.
# Out: ZF set when they are.
same_text:
    mov     cl, [eax]
    cmp     cl, [edx]
    jne     1f
    inc     eax
    inc     edx
    test    cl, cl
    jnz     same_text
1:  ret

.bss
.balign 4
about:          .space STAT_SIZE
source_length:  .space 4                # of the path that is copied, without a slash at its end
target_length:  .space 4                # of that of the copy
list_end:       .space 4
target:         .space PATH_BYTES
list:           .space LIST_BYTES       # of what is below the path: kind, path with NUL
