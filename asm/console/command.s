# The commands that are linked into the kernel, whoever has them: finding one by its name, and what they say when they
# are called wrongly, or about a path.

.include "macros.inc"
.include "errors.inc"

HOOK commands_first, hook_none              # those of modules by which a service runs, as command_find
HOOK commands_more, hook_none               # those of other modules

.text

# Says how a command is called.
# In: EDX argv.
# Out: EAX = 1, the status.
.global command_misused
command_misused:
    call    redirect_suspend
    push    eax
    mov     eax, [edx]
    call    command_find
    call    command_usage
    pop     eax
    call    redirect_resume
    mov     eax, 1
    ret

# Says what is wrong with a path; nothing when the command stopped because nobody reads its output any more.
# In: ESI path, EAX error.
# Out: EAX = 1, the status.
.global path_complain
path_complain:
    cmp     eax, ERROR_ABORTED
    jne     1f
    call    redirect_broken
    jc      2f
1:  mov     edx, eax
    call    redirect_suspend
    push    eax
    mov     eax, edx
    call    error_text
    PRINTF  "%s: %s\n", esi, eax
    pop     eax
    call    redirect_resume
2:  mov     eax, 1
    ret

# Prints how a command is called.
# In: EAX its record.
.global command_usage
command_usage:
    push    ebx
    mov     ebx, eax
    PRINTF  "usage: %s", [ebx+COMMAND_NAME]
    mov     eax, [ebx + COMMAND_USAGE]
    cmp     byte ptr [eax], 0
    je      1f
    PRINTF  " %s", eax
1:  PRINT   "\n"
    pop     ebx
    ret

# Finds a command.
# In: EAX name.
# Out: EAX its record (COMMAND_*); CF when there is none.
.global command_find
command_find:
    push    ebx
    push    esi
    mov     ebx, eax
    call    [commands_first]
    jnc     4f
    mov     esi, offset kernel_shellcmds
1:  cmp     esi, offset kernel_shellcmds_end
    jae     2f
    mov     eax, [esi + COMMAND_NAME]
    mov     edx, ebx
    call    string_compare
    je      3f
    add     esi, COMMAND_SIZE
    jmp     1b
2:  mov     eax, ebx
    call    [commands_more]
    jmp     4f
3:  mov     eax, esi
    clc
4:  pop     esi
    pop     ebx
    ret
