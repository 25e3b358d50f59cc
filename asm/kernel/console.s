# The console: what is printed appears on the screen and on COM1, the same text on both. A print is one piece: nothing
# of another task comes between. While a line is being edited (line.s), a print of another task takes the line away,
# prints, and shows the line again below.

.include "macros.inc"

SERIAL_RESERVE      = 4096                  # a task that prints waits while the serial ring has less room than this

.text

# Sets up both consoles.
.global console_init
console_init:
    call    serial_init
    jmp     vga_init

# Begins a piece of output; interrupts are off from here on. Not from a task that is between console_begin and
# console_end.
.global console_begin
console_begin:
    call    redirect_begin
    jnz     1f                          # the shell sends this task's output to a file
    call    console_pace
    cli
    jmp     line_hide
1:  ret

# Ends it. The caller restores the interrupt flag.
.global console_end
console_end:
    call    redirect_end
    jnz     1f
    call    line_show
    jmp     vga_show_cursor
1:  ret

# A task that prints faster than the line takes it sleeps here, so that the ring does not fill up and interrupts need
# not stay off while bytes are sent by hand.
console_pace:
    pushfd
    pop     eax
    test    eax, 0x200
    jz      2f
    call    task_may_sleep
    jc      2f
1:  call    serial_room
    cmp     eax, SERIAL_RESERVE
    jae     2f
    mov     eax, 10
    call    task_sleep
    jmp     1b
2:  ret

# Shows one character on both.
# In: AL; interrupts off.
.global console_put
console_put:
    call    redirect_put
    jnz     1f
    push    eax
    call    vga_put
    pop     eax
    cmp     al, 10
    jne     serial_put
    mov     al, 13
    call    serial_put
    mov     al, 10
    jmp     serial_put
1:  ret

# Clears the screens; the cursor goes to the upper left corner. Preserves all registers and the flags.
.global console_clear
console_clear:
    pushfd
    pushad
    call    console_begin
    call    console_blank
    call    console_end
    popad
    popfd
    ret

# The same for those who are between console_begin and console_end. Interrupts off.
.global console_blank
console_blank:
    call    vga_clear
    LOAD_STRING eax, "\033[2J\033[H"
    jmp     serial_text

# Moves the cursor, for those who draw a whole screen. Interrupts off.
# In: EAX row, EDX column, from 0.
.global console_move
console_move:
    FRAME   16
    push    eax
    push    edx
    call    vga_move
    pop     edx
    pop     eax
    inc     eax
    inc     edx
    lea     ecx, [ebp - 16]
    SNPRINTF ecx, 16, "\033[%u;%uH", eax, edx
    lea     eax, [ebp - 16]
    call    serial_text
    ENDFRAME
    ret

# Blanks the rest of the row; the cursor stays. Interrupts off.
.global console_clear_line_end
console_clear_line_end:
    call    vga_clear_line_end
    LOAD_STRING eax, "\033[K"
    jmp     serial_text

# Sets the colours of what is printed next on the screen.
# In: AL background << 4 | foreground.
# Out: AL what it was.
.global console_color
console_color:
    xchg    [vga_attribute], al
    ret

# Puts all waiting output out and goes over to output by hand, for panic. Interrupts off.
.global console_panic
console_panic:
    call    redirect_forbid
    call    serial_flush
    call    line_abandon
    mov     al, 0x4F                    # white on red
    call    console_color
    call    vga_at_start
    je      1f
    mov     al, 10
    call    console_put
1:  ret

# Waits until all output is on the wire: before power off and reset. Interrupts off.
.global console_flush
console_flush:
    jmp     serial_flush

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
    call    console_begin
1:  lodsb
    test    al, al
    jz      2f
    call    console_put
    jmp     1b
2:  call    console_end
    popad
    popfd
    ret     4

# Prints a character.
# In: AL. Preserves all registers and the flags.
.global print_char
print_char:
    pushfd
    pushad
    call    console_begin
    mov     al, [esp + 28]
    call    console_put
    call    console_end
    popad
    popfd
    ret
