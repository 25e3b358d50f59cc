# Exceptions of programs: a page that is made when it is used, the FPU when it is first used, and anything else ends the
# process with a sentence that says what happened, and where.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "process.inc"

VECTOR_FPU          = 7
VECTOR_PAGE_FAULT   = 14
FAULT_WRITE         = 2

ON_HOOK on_program_exception, program_exception

.text

# An exception in ring 3. Returns when the program may go on. May sleep.
# In: EBX registers (cpu.inc) and above them the program's ESP and SS; interrupts off.
# Clobbers: all registers.
program_exception:
    mov     ecx, [ebx + REGS_VECTOR]
    mov     esi, cr2
    cmp     ecx, VECTOR_PAGE_FAULT
    je      1f
    cmp     ecx, VECTOR_FPU
    jne     2f
    call    fpu_use
    jc      3f
    ret
1:  sti
    mov     eax, esi
    mov     edx, [ebx + REGS_ERROR]
    call    space_fault
    jc      3f
    ret
2:  xor     eax, eax
3:  sti
    mov     edi, eax
    call    program_report
    mov     eax, [ebx + REGS_VECTOR]
    add     eax, STATUS_FAULT
    jmp     process_exit

# Says why a program is ended.
# In: EBX registers, ESI address of a page fault, EDI error code, 0 for none.
program_report:
    push    ebp
    push    edi
    mov     ebp, [task_current]
    mov     eax, [ebx + REGS_VECTOR]
    call    exception_name
    mov     edi, eax
    sub     esp, 64
    mov     byte ptr [esp], 0
    cmp     dword ptr [ebx + REGS_VECTOR], VECTOR_PAGE_FAULT
    jne     2f
    LOAD_STRING eax, "read"
    test    dword ptr [ebx + REGS_ERROR], FAULT_WRITE
    jz      1f
    LOAD_STRING eax, "write"
1:  mov     edx, esp
    SNPRINTF edx, 64, ", %s at %08x", eax, esi
2:  mov     ecx, esp
    mov     edx, [ebp + TASK_PROCESS]
    add     edx, PROCESS_LABEL
    PRINTF  "%s (task %u) has ended: %s%s, eip %08x", edx, [ebp+TASK_ID], edi, ecx, [ebx+REGS_EIP]
    mov     eax, [ebx + REGS_EIP]
    call    program_line
    jc      3f
    PRINTF  ", %s:%u", eax, edx
3:  add     esp, 64
    pop     eax
    test    eax, eax
    jz      4f
    cmp     eax, ERROR_ADDRESS          # that has been said
    je      4f
    call    error_text
    PRINTF  ": %s", eax
4:  PRINT   "\n"
    pop     ebp
    ret
