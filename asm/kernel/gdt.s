# Segments: everything is flat; two for the kernel, two for programs. Two task state segments: one that all tasks share,
# in which the processor finds the running task's kernel stack when a program is interrupted, and one for the double
# fault handler, which must not depend on the stack that may be the cause.

.include "macros.inc"
.include "cpu.inc"

FAULT_STACK_BYTES = 8192

.text

# Loads GDT, segment registers and the task register, and prepares the double fault task.
# Clobbers: EBX too.
.global gdt_init
gdt_init:
    mov     eax, offset tss_main
    mov     edx, offset gdt + SELECTOR_TSS
    call    gdt_set_base
    mov     eax, offset tss_fault
    mov     edx, offset gdt + SELECTOR_FAULT
    call    gdt_set_base
    lgdt    [gdt_register]
    mov     eax, SELECTOR_DATA
    mov     ds, eax
    mov     es, eax
    mov     fs, eax
    mov     gs, eax
    mov     ss, eax
    push    SELECTOR_CODE
    push    offset 1f
    retf
1:  mov     dword ptr [tss_main + TSS_SS0], SELECTOR_DATA
    mov     dword ptr [tss_main + TSS_ESP0], offset boot_stack_end
    mov     word ptr [tss_main + TSS_IO_MAP], TSS_SIZE
    mov     ebx, offset tss_fault
    mov     dword ptr [ebx + TSS_EIP], offset double_fault
    mov     dword ptr [ebx + TSS_EFLAGS], 2
    mov     dword ptr [ebx + TSS_ESP], offset fault_stack_end
    mov     dword ptr [ebx + TSS_ESP0], offset fault_stack_end
    mov     dword ptr [ebx + TSS_SS0], SELECTOR_DATA
    mov     eax, SELECTOR_DATA
    mov     [ebx + TSS_ES], eax
    mov     dword ptr [ebx + TSS_ES + 4], SELECTOR_CODE
    mov     [ebx + TSS_ES + 8], eax
    mov     [ebx + TSS_ES + 12], eax
    mov     [ebx + TSS_ES + 16], eax
    mov     [ebx + TSS_ES + 20], eax
    mov     word ptr [ebx + TSS_IO_MAP], TSS_SIZE
    mov     eax, SELECTOR_TSS
    ltr     ax
    ret

# Fills the base of a descriptor.
# In: EAX base, EDX descriptor.
gdt_set_base:
    mov     [edx + 2], ax
    shr     eax, 16
    mov     [edx + 4], al
    mov     [edx + 7], ah
    ret

# Tells the double fault task which page directory to use.
# In: EAX value for CR3.
.global gdt_set_cr3
gdt_set_cr3:
    mov     [tss_fault + TSS_CR3], eax
    mov     [tss_main + TSS_CR3], eax
    ret

.data
.balign 8
gdt:
    .quad   0
    .quad   0x00CF9B000000FFFF              # 08 code: base 0, limit 4 GiB, readable
    .quad   0x00CF93000000FFFF              # 10 data: base 0, limit 4 GiB, writable
    .quad   0x0000890000000000 + TSS_SIZE - 1   # 18 available 32-bit TSS
    .quad   0x0000890000000000 + TSS_SIZE - 1   # 20
    .quad   0x00CFFB000000FFFF              # 28 code of programs, ring 3
    .quad   0x00CFF3000000FFFF              # 30 data of programs
gdt_register:
    .word   gdt_register - gdt - 1
    .long   gdt

.bss
.balign 16
.global tss_main
tss_main:           .space 112
tss_fault:          .space 112
fault_stack:        .space FAULT_STACK_BYTES
fault_stack_end:
