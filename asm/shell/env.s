# Variables: names with values, for commands and daemons to look up. The command `set` shows and changes them.

.include "macros.inc"
.include "errors.inc"

# A variable; name and value follow it, NUL terminated.
VARIABLE_NEXT       = 0
VARIABLE_VALUE      = 4                     # address
VARIABLE_NAME       = 8

.text

# Value of a variable.
# In: EAX name.
# Out: EAX value, valid until the variable changes; CF and EAX error when there is no such variable.
.global env_get
env_get:
    call    env_find
    jc      1f
    mov     eax, [eax + VARIABLE_VALUE]
    ret
1:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# Looks for a variable.
# In: EAX name.
# Out: EAX variable, EDX where the link to it stands; CF when there is none.
env_find:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, offset env_first
1:  mov     eax, [esi]
    test    eax, eax
    jz      2f
    add     eax, VARIABLE_NAME
    mov     edx, ebx
    call    string_compare
    je      3f
    mov     esi, [esi]
    jmp     1b
2:  stc
    jmp     4f
3:  mov     eax, [esi]
    mov     edx, esi
    clc
4:  pop     esi
    pop     ebx
    ret

# The variable after another one, for those that go through all; when others change meanwhile, some may be left out.
# In: EAX variable, 0 for the first.
# Out: EAX variable, EDX its name, ECX its value; CF when there are no more.
.global env_next
env_next:
    test    eax, eax
    jz      1f
    mov     eax, [eax + VARIABLE_NEXT]
    jmp     3f
1:  mov     eax, [env_first]
3:  lea     edx, [eax + VARIABLE_NAME]
    cmp     eax, 1
    jc      2f
    mov     ecx, [eax + VARIABLE_VALUE]
2:  ret

# Sets a variable.
# In: EAX name, EDX value; both are copied.
# Out: CF and EAX error without memory.
.global env_set
env_set:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    call    string_length
    mov     ebx, eax
    mov     eax, edi
    call    string_length
    lea     ebp, [eax + 1]
    lea     eax, [ebx + ebp + VARIABLE_NAME + 1]
    call    malloc
    jc      .Lenv_set_done
    push    eax
    lea     eax, [eax + VARIABLE_NAME]
    mov     edx, esi
    lea     ecx, [ebx + 1]
    call    string_copy
    mov     edx, [esp]
    lea     eax, [edx + ebx + VARIABLE_NAME + 1]
    mov     [edx + VARIABLE_VALUE], eax
    mov     edx, edi
    mov     ecx, ebp
    call    string_copy
    mov     eax, esi
    call    env_unset
    pop     eax
    INTERRUPTS_OFF
    mov     edx, offset env_first       # at the end
1:  cmp     dword ptr [edx], 0
    je      2f
    mov     edx, [edx]
    jmp     1b
2:  mov     [edx], eax
    INTERRUPTS_RESTORE
    mov     eax, offset env_event
    call    event_broadcast
    clc
.Lenv_set_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Removes a variable.
# In: EAX name.
# Out: CF and EAX error when there is none.
.global env_unset
env_unset:
    INTERRUPTS_OFF
    call    env_find
    jc      1f
    mov     ecx, [eax + VARIABLE_NEXT]
    mov     [edx], ecx
    call    mfree
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
    mov     eax, ERROR_NOT_FOUND
    stc
    ret

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
    mov     ebx, [env_first]
.Lcommand_set_next:
    xor     eax, eax
    test    ebx, ebx
    jz      .Lcommand_set_done
    lea     eax, [ebx + VARIABLE_NAME]
    PRINTF  "%s=%s\n", eax, [ebx+VARIABLE_VALUE]
    mov     ebx, [ebx + VARIABLE_NEXT]
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

.bss
.balign 4
env_first: .space 4
.global env_event
env_event: .space 4                         # broadcast when a variable was set
