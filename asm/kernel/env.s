# Variables: names with values, for commands and daemons to look up. The command `set` (asm/shell/set.s) shows and
# changes them.

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

.bss
.balign 4
env_first: .space 4
.global env_event
env_event: .space 4                         # broadcast when a variable was set
