# What everybody prints with. Where the text goes is the console's business (asm/console), which hangs itself on the
# hook here: the kernel knows no device, and says nothing where there is no console.

.include "macros.inc"
.include "printer.inc"

HOOK printer, hook_quiet, hook_quiet, hook_quiet, hook_quiet, hook_quiet, hook_quiet

.text

# Sets the printer up: the first thing after the tables of the processor.
# Clobbers: EBX, ESI, EDI too.
.global printer_init
printer_init:
    jmp     [printer + PRINTER_INIT]

# Puts all waiting output out and goes over to output by hand, for panic. Interrupts off.
.global printer_panic
printer_panic:
    jmp     [printer + PRINTER_PANIC]

# Waits until all output is on the wire: before power off and reset. Interrupts off.
.global printer_flush
printer_flush:
    jmp     [printer + PRINTER_FLUSH]

# Prints a string.
# In: EAX string. Preserves all registers and the flags.
.global print
print:
    push    eax
    call    print_pushed
    ret

# As print, with the string on the stack, which is removed.
.global print_pushed
print_pushed:
    pushfd
    pushad
    mov     esi, [esp + 40]             # 8 registers, flags, return address
    call    [printer + PRINTER_BEGIN]
1:  lodsb
    test    al, al
    jz      2f
    call    [print_put]
    jmp     1b
2:  call    [printer + PRINTER_END]
    popad
    popfd
    ret     4

# Prints a character.
# In: AL. Preserves all registers and the flags.
.global print_char
print_char:
    pushfd
    pushad
    call    [printer + PRINTER_BEGIN]
    mov     al, [esp + 28]
    call    [print_put]
    call    [printer + PRINTER_END]
    popad
    popfd
    ret

# Prints by a format on the console, in one piece: no other task's text comes between.
# In: on the stack format, arguments (dwords); the caller removes them. Preserves all registers and the flags.
.global printf
printf:
    pushfd
    pushad
    mov     esi, [esp + 40]             # 8 registers, flags, return address
    lea     ebx, [esp + 44]
    call    [printer + PRINTER_BEGIN]
    mov     eax, [print_put]
    call    format
    call    [printer + PRINTER_END]
    popad
    popfd
    ret

# Gives a character to the printer.
# In: AL.
.global print_put_plain
print_put_plain:
    jmp     [printer + PRINTER_PUT]

.data
.balign 4
.global print_put
print_put:          .long print_put_plain   # where each character goes
