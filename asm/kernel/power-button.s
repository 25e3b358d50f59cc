# The power button: pressed, the machine says good-bye and switches itself off, as after `shutdown`. ACPI calls it a
# fixed event: a bit of the PM1 registers and the system control interrupt (ACPI specification 6.4, 4.8.3.1 and
# 4.8.4.1).
#
# All other events are off: what they mean only the program in the DSDT could tell, which is not run.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "fork.inc"

FADT_SCI_INTERRUPT  = 46                    # u16
FADT_PM1A_EVENT     = 56                    # u32   status registers, then as many bytes of enable registers
FADT_PM1B_EVENT     = 60
FADT_GPE0           = 80                    # u32   general-purpose events, likewise
FADT_GPE1           = 84
FADT_PM1_EVENT_BYTES = 88                   # u8    of both halves together
FADT_GPE0_BYTES     = 92                    # u8
FADT_GPE1_BYTES     = 93

EVENT_POWER_BUTTON  = 1 << 8
IRQ_LAST            = 15
BUTTON_LINE         = BUTTON_PORTS - 4

.bss
.balign 4
button_event:       .space 4                # signalled by the interrupt
    # PM1a's and PM1b's event registers, 0 for none; the line of the system control interrupt
.global button_ports
button_ports:       .space BUTTON_PORTS

.text

# Starts the task that waits for the button (level 9).
button_start:
    mov     eax, offset button_task
    xor     edx, edx
    LOAD_STRING ecx, "power button"
    jmp     task_create
INITCALL 9, button_start

# The task. Ends at once on a machine without ACPI.
button_task:
    push    ebx
    push    esi
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_STAYS], 1
    call    acpi_find
    jc      .Lbutton_task_done
    mov     ebx, eax
    cmp     dword ptr [ebx + FADT_PM1A_EVENT], 0
    je      .Lbutton_task_done
    movzx   esi, word ptr [ebx + FADT_SCI_INTERRUPT]
    cmp     esi, IRQ_LAST
    ja      .Lbutton_task_done
    mov     eax, [ebx + FADT_PM1A_EVENT]
    mov     [button_ports], eax
    mov     eax, [ebx + FADT_PM1B_EVENT]
    mov     [button_ports + 4], eax
    mov     [button_ports + BUTTON_LINE], esi
    mov     eax, ebx
    call    acpi_enable
    mov     edx, [ebx + FADT_GPE0]
    movzx   ecx, byte ptr [ebx + FADT_GPE0_BYTES]
    call    button_silence
    mov     edx, [ebx + FADT_GPE1]
    movzx   ecx, byte ptr [ebx + FADT_GPE1_BYTES]
    call    button_silence
    mov     eax, esi
    mov     edx, offset button_interrupt
    xor     ecx, ecx
    call    irq_register
    jc      .Lbutton_task_done
    mov     edx, [ebx + FADT_PM1A_EVENT]
    call    button_arm
    mov     edx, [ebx + FADT_PM1B_EVENT]
    test    edx, edx
    jz      1f
    call    button_arm
1:  mov     eax, offset button_event
    mov     edx, -1
    call    event_wait
    PRINT   "power button\n"
    call    power_shutdown
    jmp     1b
.Lbutton_task_done:
    pop     esi
    pop     ebx
    ret

# Switches general-purpose events off.
# In: EDX ports, 0 for none; ECX bytes, the second half of which enables.
button_silence:
    test    edx, edx
    jz      2f
    shr     ecx, 1
    jz      2f
    add     edx, ecx
    xor     eax, eax
1:  out     dx, al
    inc     edx
    dec     ecx
    jnz     1b
2:  ret

# Lets the button, and nothing else, interrupt.
# In: EDX PM1 event registers, EBX FADT.
button_arm:
    mov     eax, 0xFFFF                 # what happened before counts no more
    out     dx, ax
    movzx   ecx, byte ptr [ebx + FADT_PM1_EVENT_BYTES]
    shr     ecx, 1
    add     edx, ecx
    mov     eax, EVENT_POWER_BUTTON
    out     dx, ax
    ret

# The system control interrupt. Other devices may share its line.
button_interrupt:
    mov     edx, [button_ports]
    call    button_pressed
    mov     edx, [button_ports + 4]
    test    edx, edx
    jz      9f

# Looks whether the button was pressed, and clears that.
# In: EDX PM1 event registers.
button_pressed:
    in      ax, dx
    test    eax, EVENT_POWER_BUTTON
    jz      9f
    mov     eax, EVENT_POWER_BUTTON
    out     dx, ax
    mov     eax, offset button_event
    jmp     event_signal
9:  ret
