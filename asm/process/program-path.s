# Where the program of a name is: the folders of the variable PATH.

.include "macros.inc"
.include "fs.inc"
.include "process.inc"
.include "context.inc"

.text

# Where a program of this name is: a path as it is, any other name in the first folder of the variable PATH that has it.
# Without that variable there is only /bin. May sleep.
# In: EAX name, EDX buffer of PATH_BYTES.
# Out: CF when it is too long.
.global program_path
program_path:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    call    string_length
    cmp     eax, PATH_BYTES - 8
    cmc
    jc      2f
    mov     eax, ebx
    mov     dl, '/'
    call    string_find
    jnc     1f
    call    program_search
    jmp     2f
1:  mov     eax, esi
    mov     edx, ebx
    mov     ecx, PATH_BYTES
    call    string_copy
    clc
2:  pop     esi
    pop     ebx
    ret

# Looks for a program in the folders of PATH. May sleep.
# In: EBX name, ESI buffer of PATH_BYTES.
# Out: the buffer has the path, that of the last folder when no folder has it; CF when it is too long.
program_search:
    FRAME   LINE_BYTES + NODE_SIZE_OF
    push    edi
    LOAD_STRING eax, "PATH"
    INTERRUPTS_OFF                      # others may change it
    call    env_get
    jnc     1f
    LOAD_STRING eax, "/bin"
1:  mov     edx, eax
    lea     eax, [ebp - LINE_BYTES]
    mov     ecx, LINE_BYTES
    call    string_copy
    INTERRUPTS_RESTORE
    lea     edi, [ebp - LINE_BYTES]     # EDI: folder
.Lprogram_search_next:
    xor     ecx, ecx
2:  mov     al, [edi + ecx]             # ECX: bytes of it
    test    al, al
    jz      3f
    cmp     al, ':'
    je      3f
    inc     ecx
    jmp     2b
3:  push    eax                         # what ends it
    mov     byte ptr [edi + ecx], 0
    push    ecx
    LOAD_STRING eax, "."
    jecxz   4f                          # an empty one is the current one
    mov     eax, edi
4:  call    program_beside
    pop     ecx
    lea     edi, [edi + ecx + 1]
    jc      .Lprogram_search_long
    push    edi
    lea     edi, [ebp - LINE_BYTES - NODE_SIZE_OF]
    call    file_stat
    pop     edi
    jc      .Lprogram_search_long
    cmp     dword ptr [ebp - LINE_BYTES - NODE_SIZE_OF + NODE_KIND], NODE_FILE
    jne     .Lprogram_search_long
    pop     eax
    clc
    jmp     .Lprogram_search_done
.Lprogram_search_long:
    pop     eax
    test    al, al
    jnz     .Lprogram_search_next
.Lprogram_search_done:
    pop     edi
    ENDFRAME
    ret

# Makes the path of a program in a folder.
# In: EAX folder, EBX name, ESI buffer of PATH_BYTES.
# Out: CF when it is too long.
program_beside:
    push    eax
    call    string_length
    mov     ecx, eax
    mov     eax, ebx
    call    string_length
    lea     eax, [eax + ecx + 2]
    cmp     eax, PATH_BYTES
    pop     eax
    ja      1f
    SNPRINTF esi, PATH_BYTES, "%s/%s", eax, ebx
    clc
    ret
1:  stc
    ret
