# The programs that came with the kernel as a directory: /bin, where no mount holds that path. They are listed here and
# run by image.s; nobody reads them as files.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"

.text

# Says what a path names that no mount holds.
# In: ESI path, EDI NODE record.
# Out: CF and EAX error: ERROR_NOT_MOUNTED outside of /bin, ERROR_NOT_FOUND in it.
# Clobbers: EAX, ECX, EDX.
.global bundled_stat
bundled_stat:
    push    ebx
    mov     eax, esi
    call    path_complete
    LOAD_STRING edx, "/bin"
    call    string_prefix
    jne     .Lbundled_stat_elsewhere
    mov     ebx, eax                    # EBX: what follows
    cmp     byte ptr [ebx], 0
    je      .Lbundled_stat_all
    cmp     byte ptr [ebx], '/'
    jne     .Lbundled_stat_elsewhere
    inc     ebx
    cmp     byte ptr [ebx], 0
    je      .Lbundled_stat_all
    push    edi
    mov     ecx, edi
    push    0
    mov     edi, esp                    # EDI: index
1:  call    bundled_next
    jc      2f
    lea     eax, [ecx + NODE_NAME]
    mov     edx, ebx
    call    string_compare
    jne     1b                          # CF is clear when they are equal
2:  pop     edx
    pop     edi
    jmp     .Lbundled_stat_done
.Lbundled_stat_all:
    call    directory_root
    jmp     .Lbundled_stat_done
.Lbundled_stat_elsewhere:
    mov     eax, ERROR_NOT_MOUNTED
    stc
.Lbundled_stat_done:
    pop     ebx
    ret

# Why what a path names cannot be opened as a file, or be changed, where no mount holds it.
# In: ESI path, ECX FILE_* with which it is opened, or FILE_WRITE.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global bundled_refuse
bundled_refuse:
    mov     eax, esi
    push    ecx
    call    path_complete
    LOAD_STRING edx, "/bin/"
    call    string_prefix
    pop     ecx
    mov     eax, ERROR_NOT_MOUNTED
    jne     1f
    mov     eax, ERROR_READ_ONLY
    test    ecx, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE | FILE_APPEND
    jnz     1f
    call    program_find
    mov     eax, ERROR_NOT_SUPPORTED
    jnc     1f
    mov     eax, ERROR_NOT_FOUND
1:  stc
    ret

# The next program.
# In: EDI address of an index, ECX NODE record.
# Out: the index is moved; CF and ERROR_NOT_FOUND after the last.
# Clobbers: EAX, EDX.
.global bundled_next
bundled_next:
    push    ebx
    push    ecx
    push    edi
    mov     ebx, ecx
    mov     eax, [edi]
    call    program_name
    jc      1f
    inc     dword ptr [edi]
    push    edx
    push    eax
    mov     edi, ebx
    call    directory_root
    mov     dword ptr [ebx + NODE_KIND], NODE_FILE
    mov     dword ptr [ebx + NODE_CLASS], 0x656C6966 # "file"
    lea     eax, [ebx + NODE_NAME]
    pop     edx
    mov     ecx, 256
    call    string_copy
    pop     [ebx + NODE_BYTES]
    clc
    jmp     2f
1:  mov     eax, ERROR_NOT_FOUND
    stc
2:  pop     edi
    pop     ecx
    pop     ebx
    ret
