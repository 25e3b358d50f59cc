# The commands `cd` and `pwd`: the current directory (asm/kernel/place.s).

.include "macros.inc"
.include "errors.inc"
.include "context.inc"

.text

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
