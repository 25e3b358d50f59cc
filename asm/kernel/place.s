# The current directory of a task that runs commands, or of a program, and paths that do not begin with /.

.include "macros.inc"
.include "errors.inc"
.include "process.inc"
.include "context.inc"

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
