# A command that registers handlers of interrupts until no more are taken: link this object with those of asm/ and type
# `irqfill`.

.include "macros.inc"

LINE    = 5                             # that nobody has
BEYOND  = 16                            # the first line that there is not

.text

# Shell command: says how many handlers were taken, and with which error the next one, and one of no line, was not.
# Out: EAX status 0.
command_irqfill:
    push    ebx
    xor     ebx, ebx
1:  mov     eax, LINE
    mov     edx, offset irqfill_handler
    xor     ecx, ecx
    call    irq_register
    jc      2f
    inc     ebx
    jmp     1b
2:  PRINTF  "%u taken, error %u\n", ebx, eax
    mov     eax, BEYOND
    mov     edx, offset irqfill_handler
    xor     ecx, ecx
    call    irq_register
    sbb     edx, edx
    and     eax, edx
    PRINTF  "line %u: error %u\n", BEYOND, eax
    xor     eax, eax
    pop     ebx
    ret

irqfill_handler:
    ret

SHELL_COMMAND "irqfill", command_irqfill, "", "register handlers of interrupts until none is taken", GROUP_DEBUG
