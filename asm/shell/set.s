# The commands `set` and `unset`: variables (asm/kernel/env.s) as a person sees them.

.include "macros.inc"
.include "errors.inc"

.text

# Set [NAME [=] [VALUE]].
command_set:
    push    ebx
    push    esi
    mov     esi, edx
    mov     ebx, eax
    cmp     eax, 1
    je      .Lcommand_set_list
    cmp     eax, 4
    jb      .Lcommand_set_words
    ja      .Lcommand_set_usage
    mov     eax, [esi + 8]              # NAME = VALUE
    cmp     word ptr [eax], '='
    jne     .Lcommand_set_usage
    mov     edx, [esi + 12]
    jmp     .Lcommand_set_set
.Lcommand_set_words:
    mov     eax, [esi + 4]              # NAME=VALUE in one word
    mov     dl, '='
    call    string_find
    jc      .Lcommand_set_value
    cmp     ebx, 3
    je      .Lcommand_set_usage
    mov     byte ptr [eax], 0
    lea     edx, [eax + 1]
    jmp     .Lcommand_set_set
.Lcommand_set_value:
    cmp     ebx, 3
    jne     .Lcommand_set_unset
    mov     edx, [esi + 8]
    cmp     word ptr [edx], '='         # NAME =, an empty value
    je      .Lcommand_set_unset
.Lcommand_set_set:
    mov     eax, [esi + 4]
    cmp     byte ptr [eax], 0
    je      .Lcommand_set_usage
    cmp     byte ptr [edx], 0
    je      .Lcommand_set_unset
    mov     ebx, edx
    call    variable_name
    jc      .Lcommand_set_wrong
    mov     edx, ebx
    call    env_set
    jc      .Lcommand_set_failed
    xor     eax, eax
    jmp     .Lcommand_set_done
.Lcommand_set_wrong:
    PRINTF  "set: %s is no name for a variable\n", eax
    mov     eax, 1
    jmp     .Lcommand_set_done
.Lcommand_set_unset:
    mov     eax, [esi + 4]
    call    env_unset
    jnc     .Lcommand_set_removed
    mov     eax, [esi + 4]
    PRINTF  "set: there is no variable %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_set_done
.Lcommand_set_removed:
    xor     eax, eax
    jmp     .Lcommand_set_done
.Lcommand_set_list:
    xor     ebx, ebx
.Lcommand_set_next:
    mov     eax, ebx
    call    env_next
    mov     ebx, eax
    mov     eax, 0
    jc      .Lcommand_set_done
    PRINTF  "%s=%s\n", edx, ecx
    jmp     .Lcommand_set_next
.Lcommand_set_failed:
    call    error_text
    PRINTF  "set: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_set_done
.Lcommand_set_usage:
    PRINT   "usage: set [NAME [VALUE]]\n"
    mov     eax, 2
.Lcommand_set_done:
    pop     esi
    pop     ebx
    ret

# Whether a variable may have a name: one that ${NAME} takes, and that /net/settings gives back, where a line may be a
# comment or a rule of the filter instead.
# In: EAX name.
# Out: CF when not.
# Clobbers: ECX, EDX.
variable_name:
    LOAD_STRING edx, "filter"
    push    eax
    call    string_compare
    pop     eax
    je      8f
    cmp     byte ptr [eax], '0'
    jb      1f
    cmp     byte ptr [eax], '9'
    jbe     8f                          # these are the script's words
1:  mov     ecx, eax
    push    eax
2:  mov     al, [ecx]
    inc     ecx
    cmp     al, 1
    cmc
    jnc     4f                          # the end
    cmp     al, '.'
    je      2b
    cmp     al, '-'
    je      2b
    call    name_character
    jnc     2b
    stc
4:  pop     eax
    ret
8:  stc
    ret

# Shell command: removes variables.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_unset:
    cmp     eax, 2
    jne     command_misused
    push    ebx
    mov     ebx, edx
    mov     eax, [ebx + 4]
    call    env_unset
    mov     eax, 0
    jnc     1f
    mov     eax, [ebx + 4]
    PRINTF  "unset: there is no variable %s\n", eax
    mov     eax, 1
1:  pop     ebx
    ret

SHELL_COMMAND "unset", command_unset, "NAME", "remove a variable", GROUP_SHELL
SHELL_COMMAND "set", command_set, "[NAME [VALUE]]", "list or change variables", GROUP_SHELL, set_text

.section .rodata
set_text:
    .ascii  "Without arguments lists all variables. With a name and a value sets the variable\n"
    .asciz  "(NAME=VALUE and NAME = VALUE do too); with a name alone or an empty value removes it.\n"
