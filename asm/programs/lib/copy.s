# Copies files, and directories with all that is in them. A routine takes its arguments in EAX and EDX and keeps all
# registers but EAX, ECX and EDX.

.include "program.inc"

LIST_BYTES      = 16 << 20              # room for what is to be copied; pages are made when they are written to
LIST_IS_OVER    = 0xFF                  # in place of a kind

.text

# Copies a file. The copy is another one until it is whole: what was there before stays until then, and may be what is
# copied, by another spelling.
# In: EAX path, EDX path of the copy.
# Out: EAX negated error code, EDX the path that it is about.
.global copy_file
copy_file:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    mov     [copy_from], eax
    call    same_text
    mov     edx, esi
    mov     eax, -ERROR_EXISTS
    je      .Lcopy_file_done
    SYSTEM  open, esi, FILE_READ
    test    eax, eax
    js      .Lcopy_file_done
    mov     edi, eax                    # EDI: handle of the file, ESI: of the copy
    mov     eax, ebp
    call    part_open
    mov     edx, ebp
    jc      .Lcopy_file_close
    mov     esi, eax
.Lcopy_file_next:
    SYSTEM  read, edi, "offset input_buffer", INPUT_BYTES
    mov     edx, [copy_from]
    test    eax, eax
    js      .Lcopy_file_failed
    jz      .Lcopy_file_whole
    mov     ecx, eax
    mov     edx, offset input_buffer
    mov     eax, esi
    call    write_all
    jnc     .Lcopy_file_next
    mov     edx, ebp
.Lcopy_file_failed:
    push    eax
    SYSTEM  close, esi
    pop     eax
    call    part_remove
.Lcopy_file_close:
    push    eax
    SYSTEM  close, edi
    pop     eax
.Lcopy_file_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lcopy_file_whole:
    mov     edx, ebp
    cmp     dword ptr [copy_syncs], 0
    je      1f
    SYSTEM  sync, esi
    test    eax, eax
    js      .Lcopy_file_failed
1:  SYSTEM  close, edi                  # not every file system renames what is open
    SYSTEM  close, esi
    mov     eax, ebp
    call    part_place
    mov     edx, ebp
    jmp     .Lcopy_file_done

# Copies a file, or a directory with all that is in it. What that is, is listed before the first copy is made: the
# copies may go below it. What goes wrong below it is said at once.
# In: EAX path, EDX path of the copy.
# Out: EAX negated error code, EDX the path that it is about.
.global copy_tree
copy_tree:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    mov     edx, esi
    SYSTEM  stat, esi, "offset copy_about"
    test    eax, eax
    js      .Lcopy_tree_done
    cmp     dword ptr [copy_about + STAT_KIND], NODE_DIRECTORY
    je      .Lcopy_tree_directory
    mov     eax, esi
    mov     edx, edi
    call    copy_file
    jmp     .Lcopy_tree_done
.Lcopy_tree_directory:
    xor     ecx, ecx                    # the copy's may be in `path`, which is needed now
    mov     edx, edi
    mov     eax, -ERROR_TOO_LONG
1:  mov     bl, [edi + ecx]
    mov     [target + ecx], bl
    inc     ecx
    cmp     ecx, PATH_BYTES
    je      .Lcopy_tree_done
    test    bl, bl
    jnz     1b
    dec     ecx
    mov     [target_length], ecx
    mov     eax, esi
    call    path_set
    mov     edx, esi
    jc      .Lcopy_tree_done
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
    mov     edx, offset target
    test    eax, eax
    js      .Lcopy_tree_done
    call    copy_listed
    xor     eax, eax
.Lcopy_tree_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Copies what is listed, from below `path` to below `target`. What goes wrong is said; the rest is copied all the same,
# unless there is no space left.
# Clobbers: EBX, ESI, EDI.
copy_listed:
    mov     esi, offset list
.Lcopy_listed_next:
    mov     bl, [esi]                   # BL: kind
    cmp     bl, LIST_IS_OVER
    je      .Lcopy_listed_done
    inc     esi                         # ESI: path below both, which begins with a slash
    mov     eax, [source_length]
    call    path_cut
    lea     eax, [esi + 1]
    call    path_append                 # it was as long before
    mov     edi, [target_length]
    mov     edx, offset target
    mov     eax, -ERROR_TOO_LONG
1:  cmp     edi, PATH_BYTES - 1
    ja      .Lcopy_listed_failed
    mov     cl, [esi]
    mov     [target + edi], cl
    inc     esi
    inc     edi
    test    cl, cl
    jnz     1b
    cmp     bl, NODE_DIRECTORY
    jne     .Lcopy_listed_file
    call    make_directory
    mov     edx, offset target
    jmp     .Lcopy_listed_made
.Lcopy_listed_file:
    mov     eax, offset path
    mov     edx, offset target
    call    copy_file
.Lcopy_listed_made:
    test    eax, eax
    jns     .Lcopy_listed_next
.Lcopy_listed_failed:
    mov     edi, eax
    mov     byte ptr [target + PATH_BYTES - 1], 0   # of one that is too long
    call    complain
    cmp     edi, -ERROR_NO_SPACE        # nor for the others
    je      .Lcopy_listed_done
2:  cmp     byte ptr [esi - 1], 0       # to the end of a path that is too long
    je      .Lcopy_listed_next
    inc     esi
    jmp     2b
.Lcopy_listed_done:
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
    SYSTEM  stat, "offset target", "offset copy_about"
    test    eax, eax
    js      1f
    cmp     dword ptr [copy_about + STAT_KIND], NODE_DIRECTORY
    mov     eax, 0
    je      1f
    mov     eax, esi
1:  pop     esi
    pop     ebx
    ret

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
.global copy_syncs
copy_syncs:     .space 4                # 1: a copy is on stable storage before it has its name
copy_from:      .space 4                # path of the file that is copied
copy_about:     .space STAT_SIZE
source_length:  .space 4                # of the path that is copied, without a slash at its end
target_length:  .space 4                # of that of the copy
list_end:       .space 4
target:         .space PATH_BYTES
list:           .space LIST_BYTES       # of what is below the path: kind, path with NUL
