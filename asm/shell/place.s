# The current directory of a task that runs commands, or of a program, and paths that do not begin with /.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "shell.inc"

.text

# Gives a program that is started the current directory of who starts it.
# In: EBX process.
# Clobbers: EAX, ECX, EDX.
.global place_inherit
place_inherit:
    mov     eax, [task_current]
    mov     ecx, [eax + TASK_PROCESS]
    lea     edx, [ecx + PROCESS_PLACE]
    test    ecx, ecx
    jnz     1f
    mov     ecx, [eax + TASK_CONTEXT]
    lea     edx, [ecx + CONTEXT_PLACE]
    test    ecx, ecx
    jnz     1f
    LOAD_STRING edx, "/"
1:  lea     eax, [ebx + PROCESS_PLACE]
    mov     ecx, PLACE_BYTES
    jmp     string_copy

# Makes a path complete: puts the current directory before one that does not begin with /, takes . and .. out. Tasks
# that have no directory get the path as it is.
# In: EAX path.
# Out: EAX path, valid until the same task has completed two others.
# Clobbers: EAX only.
.global path_complete
path_complete:
    push    ebx
    push    ecx
    push    edx
    push    esi
    push    edi
    mov     esi, eax
    cmp     byte ptr [esi], 0
    je      .Lpath_complete_done
    call    path_is_plain
    je      .Lpath_complete_done
    mov     ebx, [task_current]
    mov     ecx, [ebx + TASK_PROCESS]
    test    ecx, ecx
    jnz     .Lpath_complete_program
    mov     ebx, [ebx + TASK_CONTEXT]
    test    ebx, ebx
    jz      .Lpath_complete_done
    xor     dword ptr [ebx + CONTEXT_TURN], RESOLVED_BYTES
    mov     edi, [ebx + CONTEXT_TURN]
    lea     edi, [ebx + CONTEXT_RESOLVED + edi]
    add     ebx, CONTEXT_PLACE
    jmp     .Lpath_complete_from
.Lpath_complete_program:
    xor     dword ptr [ebx + TASK_TURN], RESOLVED_BYTES
    mov     edi, [ebx + TASK_TURN]
    add     edi, [ebx + TASK_BUFFER]
    add     edi, RESOLVED_AT
    lea     ebx, [ecx + PROCESS_PLACE]
.Lpath_complete_from:                   # EBX: the current directory
    mov     edx, edi                    # EDX: the new path, EDI: its end
    cmp     byte ptr [esi], '/'
    je      .Lpath_complete_component
    push    esi
    mov     esi, ebx
    call    path_append_components
    pop     esi
.Lpath_complete_component:
    call    path_append_components
    jc      .Lpath_complete_done        # too long: as it is, there is no such thing
    mov     esi, edx
    cmp     edi, edx
    jne     .Lpath_complete_end
    mov     byte ptr [edi], '/'
    inc     edi
.Lpath_complete_end:
    mov     byte ptr [edi], 0
.Lpath_complete_done:
    mov     eax, esi
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    pop     ebx
    ret

# Whether a path begins with / and has no component that begins with a dot.
# In: ESI path.
# Out: ZF set when so.
# Clobbers: EAX only.
path_is_plain:
    cmp     byte ptr [esi], '/'
    jne     2f
    mov     eax, esi
1:  inc     eax
    cmp     byte ptr [eax - 1], 0
    je      2f
    cmp     word ptr [eax - 1], 0x2E2F  # "/."
    jne     1b
    test    esp, esp                    # ZF clear
2:  ret

# Appends the components of a path to another one; .. takes one away.
# In: ESI path, EDX the other one, EDI its end.
# Out: EDI; CF when it gets too long.
# Clobbers: EAX, ECX, ESI.
path_append_components:
    push    ebx
.Lpath_append_next:
    cmp     byte ptr [esi], 0
    je      .Lpath_append_done          # CF is clear
    cmp     byte ptr [esi], '/'
    jne     .Lpath_append_component
    inc     esi
    jmp     .Lpath_append_next
.Lpath_append_component:
    xor     ecx, ecx                    # ECX: its length
.Lpath_append_length:
    mov     al, [esi + ecx]
    test    al, al
    jz      .Lpath_append_known
    cmp     al, '/'
    je      .Lpath_append_known
    inc     ecx
    jmp     .Lpath_append_length
.Lpath_append_known:
    cmp     byte ptr [esi], '.'
    jne     .Lpath_append_copy
    cmp     ecx, 1
    je      .Lpath_append_skip
    cmp     ecx, 2
    jne     .Lpath_append_copy
    cmp     byte ptr [esi + 1], '.'
    jne     .Lpath_append_copy
.Lpath_append_back:
    cmp     edi, edx
    jbe     .Lpath_append_skip          # above / is /
    dec     edi
    cmp     byte ptr [edi], '/'
    jne     .Lpath_append_back
.Lpath_append_skip:
    add     esi, ecx
    jmp     .Lpath_append_next
.Lpath_append_copy:
    lea     eax, [edi + ecx + 3]
    lea     ebx, [edx + RESOLVED_BYTES]
    cmp     ebx, eax
    jb      .Lpath_append_done
    mov     byte ptr [edi], '/'
    inc     edi
    rep movsb
    jmp     .Lpath_append_next
.Lpath_append_done:
    pop     ebx
    ret

# Shell command: changes the current directory.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_cd:
    push    ebx
    push    esi
    LOAD_STRING esi, "/"
    cmp     eax, 2
    jb      1f
    mov     esi, [edx + 4]
    je      1f
    call    command_misused
    jmp     3f
1:  call    directory_open
    jc      2f
    call    directory_close
    mov     eax, esi
    call    path_complete
    mov     edx, eax
    call    string_length
    cmp     eax, PLACE_BYTES
    mov     eax, ERROR_TOO_LONG
    jae     2f
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    lea     eax, [ebx + CONTEXT_PLACE]
    mov     ecx, PLACE_BYTES
    INTERRUPTS_OFF                      # the prompt shows it
    call    string_copy
    INTERRUPTS_RESTORE
    xor     eax, eax
    jmp     3f
2:  call    path_complain
3:  pop     esi
    pop     ebx
    ret

# Shell command: prints the current directory.
# Out: EAX status 0.
command_pwd:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    add     eax, CONTEXT_PLACE
    PRINTF  "%s\n", eax
    xor     eax, eax
    ret

SHELL_COMMAND "cd", command_cd, "[PATH]", "change the current directory, to / without a path", GROUP_FILES
SHELL_COMMAND "pwd", command_pwd, "", "print the current directory", GROUP_FILES
