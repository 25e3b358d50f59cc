# The programs that came with the kernel, an archive that the build links into it, and the directory that they make:
# /bin, where no mount holds that path. They are run from the archive; nobody reads them as files. Those that were
# pushed (asm/services/pushed-program.s) are there too, in the place of the archive's of their names.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"

# The archive (src/build/programs.ts): u32 number, then for each program u32 offset of its name, u32 offset of its file,
# u32 bytes; offsets count from the archive's beginning.
ARCHIVE_COUNT       = 0
ARCHIVE_ENTRIES     = 4
ENTRY_NAME          = 0
ENTRY_FILE          = 4
ENTRY_BYTES         = 8
ENTRY_SIZE          = 12

HOOK programs_pushed, hook_none         # EAX index from 0 -> EAX name, EDX bytes of a program, CF after the last

.text

# Finds a program in the archive.
# In: ESI path; one that does not begin with / counts from the current directory.
# Out: EAX address of its file, EDX bytes; CF when there is none.
.global program_find
program_find:
    push    ebx
    push    edi
    mov     eax, esi
    call    path_complete
    LOAD_STRING edx, "/bin/"
    call    string_prefix
    stc
    jne     3f
    mov     edi, eax
    mov     eax, offset kernel_programs
    cmp     eax, offset kernel_programs_end
    cmc
    jc      3f
    mov     ebx, eax
    mov     ecx, [ebx + ARCHIVE_COUNT]
    add     ebx, ARCHIVE_ENTRIES
1:  sub     ecx, 1
    jc      3f
    mov     eax, [ebx + ENTRY_NAME]
    add     eax, offset kernel_programs
    mov     edx, edi
    push    ecx
    call    string_compare
    pop     ecx
    je      2f
    add     ebx, ENTRY_SIZE
    jmp     1b
2:  mov     eax, [ebx + ENTRY_FILE]
    add     eax, offset kernel_programs
    mov     edx, [ebx + ENTRY_BYTES]
    clc
3:  pop     edi
    pop     ebx
    ret

# Names the programs of /bin one by one: those of the archive, then those that were pushed and are not in it.
# In: EAX index from 0.
# Out: EAX name, EDX bytes of its file; CF after the last.
.global program_name
program_name:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # ESI: how many are to be passed
    call    archive_name
    jc      .Lprogram_name_pushed
    mov     edi, eax
    mov     ebx, edx                    # EBX: its bytes in the archive
    call    program_other
    mov     eax, edi
    jnc     .Lprogram_name_done         # CF is clear
    mov     edx, ebx
    clc
    jmp     .Lprogram_name_done
.Lprogram_name_pushed:
    sub     esi, eax
    or      ebx, -1                     # EBX: index of a pushed one
1:  inc     ebx
    mov     eax, ebx
    call    [programs_pushed]
    jc      .Lprogram_name_done
    mov     edi, eax
    push    edx
    call    archive_has
    pop     edx
    jnc     1b
    sub     esi, 1
    jnc     1b
    mov     eax, edi
    clc
.Lprogram_name_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Names the programs of the archive one by one.
# In: EAX index from 0.
# Out: EAX name, EDX bytes of its file; CF after the last: EAX is their number.
# Clobbers: ECX.
archive_name:
    mov     edx, offset kernel_programs
    xor     ecx, ecx
    cmp     edx, offset kernel_programs_end
    jae     1f
    mov     ecx, [edx + ARCHIVE_COUNT]
    cmp     eax, ecx
    jae     1f
    imul    eax, eax, ENTRY_SIZE
    lea     ecx, [edx + eax + ARCHIVE_ENTRIES]
    mov     eax, [ecx + ENTRY_NAME]
    add     eax, edx
    mov     edx, [ecx + ENTRY_BYTES]
    clc
    ret
1:  mov     eax, ecx
    stc
    ret

# Whether the archive has a program.
# In: EDI name.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
archive_has:
    push    ebx
    xor     ebx, ebx
1:  mov     eax, ebx
    call    archive_name
    jc      2f
    inc     ebx
    mov     edx, edi
    call    string_compare
    jne     1b                          # CF is clear when they are equal
2:  pop     ebx
    ret

# Whether a program was pushed.
# In: EDI name.
# Out: EDX bytes of its file; CF when not.
# Clobbers: EAX, ECX.
program_other:
    push    esi
    xor     esi, esi
1:  mov     eax, esi
    call    [programs_pushed]
    jc      2f
    inc     esi
    push    edx
    mov     edx, edi
    call    string_compare
    pop     edx
    jne     1b                          # CF is clear when they are equal
2:  pop     esi
    ret

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
    LOAD_STRING edx, "/bin"
    call    string_prefix
    pop     ecx
    jne     .Lbundled_refuse_elsewhere
    mov     edx, eax                    # EDX: what follows
    cmp     byte ptr [edx], 0
    je      .Lbundled_refuse_inside
    cmp     byte ptr [edx], '/'
    jne     .Lbundled_refuse_elsewhere
    inc     edx
.Lbundled_refuse_inside:
    mov     eax, ERROR_READ_ONLY
    test    ecx, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE | FILE_APPEND
    jnz     1f
    mov     eax, ERROR_IS_DIRECTORY
    cmp     byte ptr [edx], 0
    je      1f
    push    edi
    mov     edi, edx
    call    archive_has
    jnc     2f
    call    program_other
2:  pop     edi
    mov     eax, ERROR_NOT_SUPPORTED
    jnc     1f
    mov     eax, ERROR_NOT_FOUND
    jmp     1f
.Lbundled_refuse_elsewhere:
    mov     eax, ERROR_NOT_MOUNTED
1:  stc
    ret

# The next program of /bin.
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
