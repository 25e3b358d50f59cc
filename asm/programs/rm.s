# Removes files.

.include "program.inc"

DESCRIPTION "[-rf] PATH...", "remove files"
DETAIL "rm -r takes directories too, with all that is in them; rm -f says nothing of what is not there."

.text

# Takes -r and -f, and paths.
.global _start
_start:
    mov     edx, offset remove
    lea     eax, [esp + 4]
.Loption:
    add     eax, 4
    mov     ecx, [eax]
    test    ecx, ecx
    jz      misused
    cmp     byte ptr [ecx], '-'
    jne     each_path
.Lletter:
    inc     ecx
    cmp     byte ptr [ecx], 0
    je      .Loption
    cmp     byte ptr [ecx], 'f'
    je      .Lforce
    cmp     byte ptr [ecx], 'r'
    jne     misused
    mov     edx, offset remove_all
    jmp     .Lletter
.Lforce:
    mov     dword ptr [forgives], 1
    jmp     .Lletter

# Removes a file.
# In: EAX path.
# Out: EAX negated error code, EDX path.
remove:
    push    ebx
    mov     edx, eax
    SYSTEM  unlink, eax
    pop     ebx
    jmp     forgive

# Removes a file, or a directory with all that is in it.
# In: EAX path.
# Out: EAX negated error code, EDX the path that it is about.
remove_all:
    call    remove_tree

# Forgives that something is not there, if that was asked for.
# In: EAX negated error code.
# Out: EAX.
forgive:
    cmp     eax, -ERROR_NOT_FOUND
    jne     1f
    cmp     dword ptr [forgives], 0
    je      1f
    xor     eax, eax
1:  ret

.bss
.balign 4
forgives:       .space 4                # 1: -f
