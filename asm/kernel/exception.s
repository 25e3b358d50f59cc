# Exceptions of the processor. Those of a program are its own affair (program-fault.s). The kernel raises none on
# purpose, but for pages that a program's memory lacks while the kernel copies from or to it; any other ends a part of
# the kernel that is on trial (asm/services/replace-part.s), or else in the panic screen. The double fault has a task of
# its own, because its usual cause is a stack that ran into its guard page.

.include "macros.inc"
.include "cpu.inc"
.include "debug.inc"

VECTOR_DOUBLE_FAULT = 8
VECTOR_PAGE_FAULT   = 14

HOOK on_stop, hook_quiet                    # the debugger, EBX registers
HOOK on_program_exception, exception_unowned
HOOK on_exception, hook_none                # CF: nobody takes it

.text

# An exception of a program, where there are no programs.
exception_unowned:
    LOAD_STRING eax, "an exception in ring 3, where nothing runs"
    call    panic

# All vectors but the interrupt lines come here; the stack is as cpu.inc says from REGS_VECTOR on.
.global exception_entry
exception_entry:
    pushad
    cld
    cmp     dword ptr [esp + REGS_VECTOR], VECTOR_NMI
    jne     exception_judge
    mov     eax, [esp + REGS_EFLAGS]
    call    trial_tick
    jnc     exception_return
exception_judge:
    test    byte ptr [esp + REGS_CS], 3
    jz      1f
    SEGMENTS_SAVE
    lea     ebx, [esp + SEGMENTS_SIZE]
    cmp     dword ptr [ebx + REGS_VECTOR], VECTOR_NMI
    je      3f
    call    [on_program_exception]
    cli
    jmp     program_return
3:  call    [on_stop]                   # whatever runs: it is meant for the kernel
    jmp     program_return
1:  mov     ebx, esp
    mov     eax, [ebx + REGS_VECTOR]
    cmp     eax, VECTOR_PAGE_FAULT
    je      2f
    dec     eax
    cmp     eax, VECTOR_BREAKPOINT - 1
    ja      exception_panic
    add     dword ptr [ebx + REGS_ESP], REGS_SIZE - REGS_VECTOR
    call    [on_stop]
    jmp     exception_return
2:  call    copy_fault
    jc      exception_panic
exception_return:
    popad
    add     esp, 8
    iretd
exception_panic:
    mov     ebx, esp
    call    [on_exception]
    jnc     exception_return
    add     dword ptr [ebx + REGS_ESP], REGS_SIZE - REGS_VECTOR # as it was before the exception
    xor     eax, eax
    jmp     panic_report

# The double fault task. The processor left the state of what was running in the TSS of the kernel's tasks; the error
# code is always 0, as it is in what is shown.
.global double_fault
double_fault:
    cli
    mov     edx, offset tss_main
    mov     ebx, offset fault_registers
    mov     eax, [edx + TSS_EAX]
    mov     [ebx + REGS_EAX], eax
    mov     eax, [edx + TSS_EAX + 4]
    mov     [ebx + REGS_ECX], eax
    mov     eax, [edx + TSS_EAX + 8]
    mov     [ebx + REGS_EDX], eax
    mov     eax, [edx + TSS_EAX + 12]
    mov     [ebx + REGS_EBX], eax
    mov     eax, [edx + TSS_ESP]
    mov     [ebx + REGS_ESP], eax
    mov     eax, [edx + TSS_EBP]
    mov     [ebx + REGS_EBP], eax
    mov     eax, [edx + TSS_EBP + 4]
    mov     [ebx + REGS_ESI], eax
    mov     eax, [edx + TSS_EBP + 8]
    mov     [ebx + REGS_EDI], eax
    mov     eax, [edx + TSS_EIP]
    mov     [ebx + REGS_EIP], eax
    mov     eax, [edx + TSS_EFLAGS]
    mov     [ebx + REGS_EFLAGS], eax
    mov     eax, [edx + TSS_ES + 4]
    mov     [ebx + REGS_CS], eax
    mov     dword ptr [ebx + REGS_VECTOR], VECTOR_DOUBLE_FAULT
    xor     eax, eax
    jmp     panic_report

# Names an exception.
# In: EAX vector.
# Out: EAX its name.
# Clobbers: EAX only.
.global exception_name
exception_name:
    cmp     eax, 20
    jb      1f
    mov     eax, 20
1:  mov     eax, [exception_names + eax*4]
    ret

.macro EXCEPTION text:req
    .pushsection .rodata.str, "a", @progbits
.Lexception\@: .asciz "\text"
    .popsection
    .long   .Lexception\@
.endm

.section .rodata
.balign 4
exception_names:
    EXCEPTION "divide error"
    EXCEPTION "debug exception"
    EXCEPTION "non-maskable interrupt"
    EXCEPTION "breakpoint"
    EXCEPTION "overflow"
    EXCEPTION "bound range exceeded"
    EXCEPTION "invalid opcode"
    EXCEPTION "device not available"
    EXCEPTION "double fault"
    EXCEPTION "coprocessor segment overrun"
    EXCEPTION "invalid TSS"
    EXCEPTION "segment not present"
    EXCEPTION "stack segment fault"
    EXCEPTION "general protection fault"
    EXCEPTION "page fault"
    EXCEPTION "exception 15"
    EXCEPTION "x87 error"
    EXCEPTION "alignment check"
    EXCEPTION "machine check"
    EXCEPTION "SIMD error"
    EXCEPTION "unexpected interrupt"

.bss
.balign 4
fault_registers: .space REGS_SIZE + 4
