# Reset and power off.

.include "macros.inc"
.include "errors.inc"

RESET_CONTROL       = 0xCF9                 # PIIX and later: 2 arms a hard reset, 6 does it
KBC_COMMAND         = 0x64
KBC_INPUT_FULL      = 0x02
KBC_RESET           = 0xFE                  # pulses the processor's reset line

ACPI_WAIT           = 300                   # milliseconds for a transition
POWER_HOOKS         = 4

HOOK on_farewell, hook_quiet                # EAX 0: puts what was written on its volumes

.text

# Resets the machine: by the chip set, then by the keyboard controller, then by a triple fault. Never returns.
.global power_reset
power_reset:
    cli
    call    printer_flush
    mov     edx, RESET_CONTROL
    mov     al, 2
    out     dx, al
    mov     al, 6
    out     dx, al
    mov     ecx, 100000                 # the reset takes effect at once, where it does
1:  in      al, KBC_COMMAND
    test    al, KBC_INPUT_FULL
    loopnz  1b
    mov     al, KBC_RESET
    out     KBC_COMMAND, al
    mov     ecx, 100000
2:  in      al, KBC_COMMAND
    loop    2b
    lidt    [no_idt]
    int3

# Switches the machine off.
# Out: EAX error, if it is still on.
power_off:
    push    ebx
    push    esi
    call    acpi_find
    jc      9f
    mov     ebx, eax
    mov     eax, ebx
    call    acpi_enable
    mov     eax, ebx
    call    acpi_soft_off
    jc      9f
    mov     esi, eax                    # what PM1a and PM1b get
    INTERRUPTS_OFF
    call    printer_flush
    mov     ecx, esi
    mov     eax, ebx
    call    acpi_write_control
    INTERRUPTS_RESTORE
    mov     eax, ACPI_WAIT
    call    task_sleep
    mov     eax, ERROR_IO
9:  pop     esi
    pop     ebx
    ret

# Has a routine called before the machine stops in good order, such as to say good-bye to others.
# In: EAX routine; it may sleep, and finds all tasks running.
# Out: CF when there is no room for it.
.global power_hook
power_hook:
    mov     ecx, [power_hooks_used]
    cmp     ecx, POWER_HOOKS
    jae     1f
    mov     [power_hooks + ecx*4], eax
    inc     dword ptr [power_hooks_used]
    clc
    ret
1:  mov     eax, ERROR_TABLE_FULL
    stc
    ret

# Calls them, and has what was written and is not on its volume yet put there. What fails is said by the file systems.
power_farewell:
    push    ebx
    xor     ebx, ebx
1:  cmp     ebx, [power_hooks_used]
    jae     2f
    call    [power_hooks + ebx*4]
    inc     ebx
    jmp     1b
2:  xor     eax, eax
    call    [on_farewell]
    pop     ebx
    ret

# Restarts the machine in good order. Never returns. May sleep.
.global power_restart
power_restart:

# Shell command: restarts the machine. Never returns.
command_reboot:
    PRINT   "rebooting\n"
    call    power_farewell
    call    power_reset

# Switches the machine off in good order. May sleep.
# Out: EAX status 1 when the machine cannot be switched off.
.global power_shutdown
power_shutdown:

# Shell command: switches the machine off.
# Out: EAX status 1 when the machine cannot be switched off.
command_shutdown:
    PRINT   "switching off\n"
    call    power_farewell
    call    power_off
    call    error_text
    PRINTF  "shutdown: ACPI does not switch this machine off: %s\n", eax
    mov     eax, 1
    ret

SHELL_COMMAND "reboot", command_reboot, "", "reset the machine", GROUP_SYSTEM
SHELL_COMMAND "shutdown", command_shutdown, "", "switch the machine off", GROUP_SYSTEM

.section .rodata
no_idt:
    .word   0
    .long   0

.bss
.balign 4
power_hooks:        .space POWER_HOOKS * 4
power_hooks_used:   .space 4
