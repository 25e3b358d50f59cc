# Paths: what is done to each of several, and all that is below one. A routine takes its arguments in EAX, EDX and ECX
# and keeps all other registers.

.include "program.inc"

.text

# Has a system call done with each path among the arguments, says what went wrong, and ends the program. What begins
# with - is an option that nobody knows, and never made or removed as a file.
# In: EAX address of the address of the first argument, EDX routine: EAX path, out EAX negated error code and EDX the
# path that it is about.
.global each_path
each_path:
    mov     esi, eax
    mov     ebp, edx
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
3:  cmp     byte ptr [ecx], '-'
    je      misused
    add     eax, 4
    mov     ecx, [eax]
    test    ecx, ecx
    jnz     3b
1:  mov     eax, [esi]
    call    ebp
    test    eax, eax
    jns     2f
    call    complain
2:  add     esi, 4
    cmp     dword ptr [esi], 0
    jne     1b
    jmp     finish

# The path of a program: one that is named without a slash came with the system.
# In: EAX name or path.
# Out: EAX path, valid until the next one.
# Clobbers: EAX, ECX, EDX.
.global program_path
program_path:
    mov     ecx, eax
1:  cmp     byte ptr [ecx], '/'
    je      2f
    inc     ecx
    cmp     byte ptr [ecx - 1], 0
    jne     1b
    push    eax
    mov     eax, offset text_bin
    call    path_set
    pop     eax
    call    path_append
    mov     eax, offset path
2:  ret

# Begins a path.
# In: EAX what it is at first.
# Out: CF and EAX negated error code when it is too long.
.global path_set
path_set:
    mov     dword ptr [path_length], 0
    jmp     path_join

# Appends a name to the path.
# In: EAX name.
# Out: CF and EAX negated error code when it gets too long.
.global path_append
path_append:
    mov     ecx, [path_length]
    jecxz   1f
    cmp     byte ptr [path + ecx - 1], '/'
    je      path_join
1:  mov     byte ptr [path + ecx], '/'
    inc     ecx
    mov     [path_length], ecx

# Appends text to the path.
# In: EAX text.
# Out: CF and EAX negated error code when it gets too long.
path_join:
    mov     ecx, [path_length]
1:  mov     dl, [eax]
    mov     [path + ecx], dl
    test    dl, dl
    jz      2f
    inc     eax
    inc     ecx
    cmp     ecx, PATH_BYTES - 1
    jb      1b
    mov     eax, -ERROR_TOO_LONG
    stc
    ret
2:  mov     [path_length], ecx
    ret                                 # CF is clear

# Makes the path shorter.
# In: EAX its length.
.global path_cut
path_cut:
    mov     [path_length], eax
    mov     byte ptr [path + eax], 0
    ret

# Visits all that is below the path, a directory before what is in it. Says what cannot be read.
# In: EAX routine: path and the STAT record in EAX are of what is visited. It keeps EBX, ESI, EDI and EBP.
.global walk
walk:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    sub     esp, STAT_SIZE
    mov     esi, [path_length]          # ESI: length of this directory's path
    SYSTEM  directory_open, "offset path"
    test    eax, eax
    js      .Lwalk_failed
    mov     edi, eax                    # EDI: handle
.Lwalk_next:
    mov     ecx, esp
    SYSTEM  directory_read, edi, ecx
    test    eax, eax
    js      .Lwalk_end
    lea     eax, [esp + STAT_NAME]
    call    path_append
    jc      .Lwalk_long
    mov     eax, esp
    call    ebp
    cmp     dword ptr [esp + STAT_KIND], NODE_DIRECTORY
    jne     .Lwalk_back
    mov     eax, ebp
    call    walk
.Lwalk_back:
    mov     eax, esi
    call    path_cut
    jmp     .Lwalk_next
.Lwalk_long:
    mov     edx, eax
    mov     eax, esi
    call    path_cut
    mov     eax, edx
    mov     edx, offset path
    call    complain
    jmp     .Lwalk_next
.Lwalk_end:
    cmp     eax, -ERROR_NOT_FOUND
    je      .Lwalk_close
    mov     edx, offset path
    call    complain
.Lwalk_close:
    SYSTEM  close, edi
    jmp     .Lwalk_done
.Lwalk_failed:
    mov     edx, offset path
    call    complain
.Lwalk_done:
    add     esp, STAT_SIZE
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

.section .rodata
text_bin:       .asciz "/bin"

.bss
.balign 4
.global path_length
path_length:    .space 4
.global path
path:           .space PATH_BYTES
