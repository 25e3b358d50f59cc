# Copying between kernel and program. A program's pointer is never used without this: it may lie in the kernel, point
# nowhere, or lose its memory while it is used. What faults on the way is given its page, or ends the copy.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"

.text

# Copies from the running thread's program. May sleep.
# In: EAX destination in the kernel, EDX address in the program, ECX bytes.
# Out: CF and EAX error when not all of it is the program's.
.global copy_from_program
copy_from_program:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     eax, edx
    jmp     copy_checked

# Says whether the running thread's program may have bytes put somewhere: looks at the first and the last of them, so
# for at most a page. May sleep.
# In: EDX address in the program, ECX bytes.
# Out: CF and EAX error when not all of it is the program's to write to.
# Clobbers: EAX only.
.global copy_would_go
copy_would_go:
    push    edx
    push    ecx
    clc
    jecxz   4f
    push    0
1:  mov     eax, esp
    push    edx
    push    ecx
    mov     ecx, 1
    call    copy_from_program
    pop     ecx
    pop     edx
    jc      3f
    mov     eax, edx
    push    edx
    push    ecx
    lea     edx, [esp + 8]
    mov     ecx, 1
    call    copy_to_program
    pop     ecx
    pop     edx
    jc      3f
    lea     edx, [edx + ecx - 1]        # the last; then it itself
    cmp     ecx, 1
    mov     ecx, 1
    jne     1b
3:  pop     ecx
4:  pop     ecx
    pop     edx
    ret

# Copies into the running thread's program. May sleep.
# In: EAX address in the program, EDX source in the kernel, ECX bytes.
# Out: CF and EAX error when not all of it is the program's to write to.
.global copy_to_program
copy_to_program:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
copy_checked:
    add     eax, ecx
    jc      1f
    cmp     eax, KERNEL_SPACE
    ja      1f
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_FIXUP], offset copy_failed
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    mov     dword ptr [eax + TASK_FIXUP], 0
    pop     edi
    pop     esi
    clc
    ret
1:  mov     eax, ERROR_ADDRESS
    stc
    jmp     2f

# Where a copy goes on that cannot be completed: fails for it. The fault has cleared TASK_FIXUP.
# Out: CF and EAX error.
copy_failed:
    mov     eax, ERROR_ADDRESS
    stc
2:  pop     edi
    pop     esi
    ret

# Copies a string from the running thread's program. May sleep.
# In: EAX destination in the kernel, EDX address in the program, ECX bytes of room, at least 1.
# Out: EAX address after the NUL in the destination; CF and EAX error when it is not all the program's, or does not fit
# with its NUL.
.global copy_string
copy_string:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     edx, [task_current]
    mov     dword ptr [edx + TASK_FIXUP], offset copy_failed
1:  cmp     esi, KERNEL_SPACE
    jae     3f
    mov     al, [esi]
    inc     esi
    stosb
    test    al, al
    jz      2f
    dec     ecx
    jnz     1b
    mov     eax, ERROR_TOO_LONG
    jmp     4f
2:  mov     dword ptr [edx + TASK_FIXUP], 0
    mov     eax, edi
    pop     edi
    pop     esi
    clc
    ret
3:  mov     eax, ERROR_ADDRESS
4:  mov     dword ptr [edx + TASK_FIXUP], 0
    pop     edi
    pop     esi
    stc
    ret

# What a page fault of the kernel is about: an access of this file's routines is given its page, or made to fail.
# In: EBX registers (cpu.inc), interrupts off.
# Out: CF when the kernel had no business there.
.global copy_fault
copy_fault:
    mov     eax, [task_current]
    xor     ecx, ecx
    xchg    ecx, [eax + TASK_FIXUP]
    jecxz   2f
    mov     eax, cr2
    cmp     eax, KERNEL_SPACE
    jae     2f
    mov     edx, [ebx + REGS_ERROR]
    push    ecx
    sti
    call    space_fault
    cli
    pop     ecx
    jc      1f
    mov     eax, [task_current]
    mov     [eax + TASK_FIXUP], ecx
    clc
    ret
1:  mov     [ebx + REGS_EIP], ecx
    clc
    ret
2:  stc
    ret
