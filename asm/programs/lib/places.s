# Where something is moved or copied to. A routine takes its arguments in EAX, EDX and ECX and keeps all other
# registers.

.include "program.inc"

.text

# Has something done with each path among the arguments but the last, which says where it is to go; says what went
# wrong, and ends the program. When the last is a directory, each goes into that under its name; when there are several,
# it has to be one.
# In: EAX address of the address of the first argument, EDX routine: EAX path, EDX new path, out EAX negated error code
# and EDX the path that it is about.
.global paths_to
paths_to:
    mov     esi, eax                    # ESI: address of the next argument
    mov     [places_routine], edx
    mov     edi, eax
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'         # an option that nobody knows
    je      misused
    cmp     dword ptr [eax + 4], 0
    je      misused
1:  add     edi, 4
    cmp     dword ptr [edi + 4], 0
    jne     1b
    mov     ebp, [edi]                  # EDI: address of the last one, EBP: where all goes
    mov     dword ptr [edi], 0
    SYSTEM  stat, ebp, "offset places_about"
    test    eax, eax
    jnz     .Lpaths_to_new
    cmp     dword ptr [places_about + STAT_KIND], NODE_DIRECTORY
    je      .Lpaths_to_next
    mov     eax, -ERROR_NOT_DIRECTORY
.Lpaths_to_new:
    mov     edx, ebp
    cmp     dword ptr [esi + 4], 0
    je      .Lpaths_to_run
    call    complain
    jmp     finish
.Lpaths_to_next:
    mov     eax, ebp
    call    path_set
    jc      .Lpaths_to_long
    mov     eax, [esi]
    call    path_name
    call    path_append
    jc      .Lpaths_to_long
    mov     edx, offset path
.Lpaths_to_run:
    mov     eax, [esi]
    call    [places_routine]
    test    eax, eax
    jns     .Lpaths_to_done
    call    complain
.Lpaths_to_done:
    add     esi, 4
    cmp     dword ptr [esi], 0
    jne     .Lpaths_to_next             # there are several, so EBP is a directory
    jmp     finish
.Lpaths_to_long:
    mov     edx, ebp
    call    complain
    jmp     .Lpaths_to_done

# The last name of a path.
# In: EAX path.
# Out: EAX name, with the slashes that may stand behind it.
path_name:
    mov     ecx, eax
1:  mov     dl, [ecx]
    test    dl, dl
    jz      3f
    inc     ecx
    cmp     dl, '/'
    jne     1b
    cmp     byte ptr [ecx], 0
    je      3f
    cmp     byte ptr [ecx], '/'
    je      1b
    mov     eax, ecx
    jmp     1b
3:  ret

.bss
.balign 4
places_routine: .space 4                # what paths_to has done
places_about:   .space STAT_SIZE
