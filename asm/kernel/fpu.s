# The FPU is for programs; the kernel uses its XMM registers alone (asm/crypto/vectors.s). Its state changes hands when
# another thread first uses it (exception 7, while CR0.TS is set), so that switching tasks costs nothing more.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"

.text

# Gives the FPU to the running thread. Interrupts are off.
# Out: CF and EAX error without memory for its state.
.global fpu_use
fpu_use:
    push    ebx
    mov     ebx, [task_current]
    clts
    mov     eax, [fpu_task]
    cmp     eax, ebx
    je      3f
    test    eax, eax
    jz      1f
    mov     eax, [eax + TASK_FPU]
    fnsave  [eax]
1:  mov     dword ptr [fpu_task], 0
    mov     eax, [ebx + TASK_FPU]
    test    eax, eax
    jnz     2f
    mov     eax, FPU_BYTES
    call    malloc
    jc      4f
    mov     [ebx + TASK_FPU], eax
    mov     [fpu_task], ebx
    fninit
    jmp     3f
2:  mov     [fpu_task], ebx
    frstor  [eax]
3:  pop     ebx
    clc
    ret
4:  mov     ecx, cr0                    # others must not find what is left in it
    or      ecx, CR0_TS
    mov     cr0, ecx
    pop     ebx
    stc
    ret

# Puts aside what is in the FPU, as its thread's. Interrupts are off.
# Clobbers: EAX, ECX.
.global fpu_aside
fpu_aside:
    xor     eax, eax
    xchg    eax, [fpu_task]
    test    eax, eax
    jz      1f
    clts
    mov     eax, [eax + TASK_FPU]
    fnsave  [eax]

# Whose state is in the FPU is not known any more: nobody's.
# Clobbers: ECX only.
.global fpu_landed
fpu_landed:
    mov     ecx, cr0
    or      ecx, CR0_TS
    mov     cr0, ecx
1:  ret

# Takes the FPU from the running thread, which ends.
# Clobbers: EAX, ECX, EDX.
.global fpu_forget
fpu_forget:
    INTERRUPTS_OFF
    mov     ecx, [task_current]
    cmp     [fpu_task], ecx
    jne     1f
    mov     dword ptr [fpu_task], 0
    mov     eax, cr0
    or      eax, CR0_TS
    mov     cr0, eax
1:  xor     eax, eax
    xchg    eax, [ecx + TASK_FPU]
    INTERRUPTS_RESTORE
    test    eax, eax
    jz      2f
    call    mfree
2:  ret

.bss
.balign 4
.global fpu_task
fpu_task:           .space 4                # whose state is in it; 0: nobody's
