# What commands say when they are called wrongly, or about a path.

.include "macros.inc"
.include "errors.inc"

.text

# Says how a command is called.
# In: EDX argv.
# Out: EAX = 1, the status.
.global command_misused
command_misused:
    call    redirect_suspend
    push    eax
    mov     eax, [edx]
    call    shell_find
    call    shell_usage
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
