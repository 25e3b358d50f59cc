# The way between real mode and 32-bit protected mode. Work above 1 MiB is done in short visits to protected mode with
# interrupts off, because neither unreal mode nor INT 15h AH=87h survives every BIOS's disk services.

.include "loader.inc"

.intel_syntax noprefix
.code16

CR0_PE                  = 1

.text

# Calls a 32-bit routine with flat segments.
# In: BX address of the routine; EAX, ECX, EDX, ESI, EDI are passed to it.
# Out: EAX, ECX, EDX, ESI, EDI and CF as the routine left them; interrupts on.
# Clobbers: EBX, EBP.
.global protected_call
protected_call:
    cli
    lgdt    [gdt_pointer]
    movzx   ebx, bx
    mov     ebp, cr0
    or      bp, CR0_PE
    mov     cr0, ebp
    ljmp    CODE32, offset protected_enter
.code32

# In protected mode: calls the routine and goes back.
# In: EBX routine.
protected_enter:
    mov     ebp, DATA32
    mov     ds, ebp
    mov     es, ebp
    mov     ss, ebp
    movzx   esp, sp                     # segment 0: the offset is the address
    call    ebx
    ljmp    CODE16, offset protected_leave
.code16

# Switches protection off.
protected_leave:
    mov     bp, DATA16                  # segments of 64 KiB, as real mode wants them in the descriptor caches
    mov     ds, bp
    mov     es, bp
    mov     ss, bp
    mov     ebp, cr0
    dec     bp                          # PE is bit 0 and set; DEC leaves CF alone
    mov     cr0, ebp
    ljmp    0, offset protected_left

# Real mode again: returns to the caller of the way here.
protected_left:
    mov     bp, 0
    mov     ds, bp
    mov     es, bp
    mov     ss, bp
    sti
    ret

# Leaves for the kernel.
# In: EAX its entry point; does not return The kernel gets: CS = CODE32, the others DATA32, flat; interrupts off; EBX
# boot info, ESP 7C00h; paging off.
.global kernel_enter
kernel_enter:
    cli
    cld
    lgdt    [gdt_pointer]
    mov     ebp, cr0
    or      bp, CR0_PE
    mov     cr0, ebp
    ljmp    CODE32, offset kernel_entered
.code32

# In protected mode: starts the kernel.
kernel_entered:
    mov     ebp, DATA32
    mov     ds, ebp
    mov     es, ebp
    mov     fs, ebp
    mov     gs, ebp
    mov     ss, ebp
    mov     esp, STACK_TOP
    mov     ebx, BOOT_INFO_ADDRESS
    jmp     eax

.data
.balign 8
gdt:            .quad 0
    .quad   0x00CF9B000000FFFF                  # CODE32: base 0, limit 4 GiB, accessed
    .quad   0x00CF93000000FFFF                  # DATA32
    .quad   0x00009B000000FFFF                  # CODE16: base 0, limit 64 KiB
    .quad   0x000093000000FFFF                  # DATA16
gdt_end:
    .word   0
gdt_pointer:    .word gdt_end - gdt - 1
    .long   gdt
