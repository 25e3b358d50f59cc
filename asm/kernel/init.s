# Runs the init calls of all parts in the order of their levels. The linker sorts them (asm/kernel.ld): sections
# .initcall.1 to .initcall.9, so one walk through the table is enough. Interrupts are off for levels 1 to 3; from level
# 4 on they are on and init calls may sleep.

.include "macros.inc"

.text

# Calls the routines of INITCALL in order.
# Clobbers: all registers but EBP.
.global init_run
init_run:
    mov     ebx, offset kernel_initcalls
1:  cmp     ebx, offset kernel_initcalls_end
    jae     2f
    call    [ebx]
    add     ebx, 4
    jmp     1b
2:  ret

# The first call of level 4: tasks, clock and console are there.
init_interrupts_on:
    sti
    ret

# ".initcall.3z" sorts after all of level 3 and before level 4.
INITCALL 3z, init_interrupts_on
